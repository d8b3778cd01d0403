-- Classes that are mapped no more: registry:dispose() and clear_mappers().
local _, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local native, info, fail = orm.native, orm.info, orm.fail

local disposal = {}

-- What is known of a class is asked for everywhere: who does so afterwards learns why there is nothing.
local gone = setmetatable({}, { __mode = "k" })

getmetatable(info).__index = function(_, class)
  if gone[class] then descriptors.refuse_disposed(gone[class]) end
end

-- The class keeps its functions. What it had as a mapped one says why it is gone.
local function unmap(ci)
  local meta = ci.meta
  local function refuse() return descriptors.refuse_disposed(ci) end
  ci.disposed = true
  native.observe(ci.mapper, 0)
  info[ci.class], gone[ci.class] = nil, ci
  meta[1], meta.__corm_node = nil, nil
  meta.__index, meta.__newindex, meta.__call = refuse, refuse, refuse
end

local function dispose(registry)
  for _, class in next, registry.classes do unmap(info[class]) end
  registry.classes, registry.tables, registry.pending = {}, {}, {}
  registry.fresh, registry.waiting = {}, {}
  native.dispose(registry.native)
end

-- Adds those whose relationships lead to classes of the registry, and so on.
local function add_dependents(set, list, registries)
  for _, one in ipairs(list) do -- which grows
    for _, other in next, registries do
      if not set[other] and native.depends(other.native, one.native) then
        set[other] = true
        list[#list + 1] = other
      end
    end
  end
end

local function check_idle(list)
  for _, registry in ipairs(list) do
    if native.busy(registry.native) then
      fail("InvalidRequestError", "dispose: the registry's classes are being configured")
    end
  end
end

function disposal.dispose(registry, registries, options)
  options = orm.check_options("dispose", options, { cascade = "boolean" })
  local list, set = { registry }, { [registry] = true }
  add_dependents(set, list, registries)
  if #list > 1 and not options.cascade then
    fail("InvalidRequestError", "dispose: relationships of other registries lead to classes of this one; with "
      .. "cascade = true these are disposed as well")
  end
  check_idle(list)
  for _, each in ipairs(list) do dispose(each) end
end

function disposal.clear(registries)
  local list = {}
  for _, registry in next, registries do list[#list + 1] = registry end
  check_idle(list)
  for _, registry in ipairs(list) do dispose(registry) end
end

return disposal
