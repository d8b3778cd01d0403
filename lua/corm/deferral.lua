-- Classes that wait for their tables: what is said of them is read when they are declared, and prepare() maps them.
-- automap.lua makes declarations for such classes; DeferredReflection is the mixin for those of a script.
local corm, load = ...
local orm = load "corm.orm"
local declaration, declarative = load "corm.declaration", load "corm.declarative"
local autoload = orm.later "corm.autoload"
local native, info, fail = orm.native, orm.info, orm.fail

local deferral = {}

-- The order of declarations; a class comes after those that it inherits from.
local count = 0

-- Classes that wait ---------------------------------------------------------------------------------------------------

local function refuse(ci, key)
  return fail("UnmappedError", "%s%s: the class is mapped by %s, which has not been called yet", ci.name,
    key and "." .. tostring(key) or "", ci.waits)
end

-- What a base of the class has.
local function inherited(ci, key)
  local base = ci.base
  while base do
    local value = rawget(base, key)
    if value ~= nil then return value end
    base = info[base].base
  end
end

-- A function or plain value; columns by the name of their attribute.
local function member(ci, key)
  local value = ci.parts.columns[key]
  if value ~= nil then return value end
  value = ci.parts.members[key]
  if value ~= nil and not orm.marker_kind(value) then return value end
  return inherited(ci, key)
end

local function read(ci, key)
  if key == "__name__" then return ci.shown or ci.name end
  if key == "__tablename__" then return ci.table and ci.table.name end
  if key == "__table__" then return ci.table end
  if key == "registry" then return ci.registry end
  if key == "metadata" then return ci.registry.metadata end
  if key == "model" then return ci.model end
  if key == "prepare" and not ci.automap_of then return deferral.prepare end
  local value = member(ci, key)
  if value == nil then return refuse(ci, key) end
  return value
end

-- The nearest class above that has a table and waits as well.
local function waiting_owner(ci)
  local above = info[ci.base]
  while above and not above.mapper do
    if above.table then return above end
    above = info[above.base]
  end
end

-- A column of a class without a table of its own stands in that of the class above, which does not map it.
local function lend(ci, key, column)
  local owner = waiting_owner(ci)
  if not owner then return end
  native.set_column_name(column, key)
  if owner.table.c[column.key] == nil then owner.table:append_column(column) end
  owner.parts.lent = owner.parts.lent or {}
  owner.parts.lent[column] = true
end

local function add_column(ci, key)
  local column = ci.parts.columns[key]
  if not ci.table then return lend(ci, key, column) end
  native.set_column_name(column, key)
  ci.table:append_column(column)
  ci.parts.made[2][column] = key
end

-- Class.key = value, before the class is there.
local function write(ci, key, value)
  if type(key) ~= "string" then fail("ArgumentError", "%s: members have names, got a %s", ci.name, type(key)) end
  if key == "__init__" or key == "__tostring" then
    ci.parts.special[key] = value
  elseif string.sub(key, 1, 2) == "__" then
    fail("ArgumentError", "%s.%s is said where the class is declared", ci.name, key)
  elseif ci.parts.columns[key] ~= nil then
    fail("ArgumentError", "%s has an attribute '%s' already", ci.name, key)
  else
    declaration.set_member(ci.parts, key, value)
    if ci.parts.columns[key] then add_column(ci, key) end
  end
end

local function new_meta(ci)
  return {
    __name = ci.name,
    __metatable = "corm.class",
    __corm_kind = string.format("class %s, which %s is to map", ci.name, ci.waits),
    __tostring = function() return "<class " .. ci.name .. ">" end,
    __index = function(_, key) return read(ci, key) end,
    __newindex = function(_, key, value) write(ci, key, value) end,
    __call = function() return refuse(ci) end,
  }
end

local function wait(ci)
  local class = ci.class
  info[class] = ci
  ci.meta = new_meta(ci)
  setmetatable(class, ci.meta)
  ci.registry.waiting[ci.name] = ci
  return class
end

-- Makes the Table of what is declared.
local function make_table(ci)
  local special = ci.parts.special
  if special.__table__ == nil and special.__tablename__ == nil then
    for _, key in ipairs(orm.sorted_keys(ci.parts.columns)) do lend(ci, key, ci.parts.columns[key]) end
    return
  end
  if special.__table__ ~= nil and native.kind(special.__table__) ~= "Table" then return end
  local as_table, keys = declaration.make_table(ci.name, ci.base, ci.parts)
  ci.table, ci.parts.made = as_table, { as_table, keys }
end

local function new(base, name, body, parts, waits)
  count = count + 1
  return {
    name = name, base = base, registry = info[base].registry, parts = parts, source = body, waits = waits,
    order = count, class = {}, events = {}, mixins = declaration.mixins(name, body), model = base.model,
  }
end

-- Base:model of a class that `owner` maps: a base of automap, an abstract class, or the mixin itself.
function deferral.declare(base, name, body, parts, owner)
  local automap = info[owner] and info[owner].automap
  local called = info[owner] and info[owner].name or "DeferredReflection"
  local ci = new(base, name, body, parts, called .. (automap and ":prepare()" or ":prepare(engine)"))
  ci.automap_of = automap and owner
  local has_table = parts.special.__table__ ~= nil or parts.special.__tablename__ ~= nil
  if not has_table and not declaration.parent(base) and not waiting_owner(ci) then
    fail("InvalidRequestError", "class %s has no __tablename__ and no __table__", name)
  end
  local metadata = ci.registry.metadata
  local there = declaration.find_table(metadata, parts)
  local ok, problem = pcall(make_table, ci)
  if ok then return wait(ci) end
  local made = declaration.find_table(metadata, parts)
  if made and not there then metadata:remove(made) end
  return error(problem, 0)
end

-- A class over a Table that nobody has declared; deferral.map maps it. `shown` is its name without a module's.
function deferral.over(base, name, shown, as_table)
  local body = { __table__ = as_table }
  local ci = new(base, name, body, declaration.read(name, base, body), info[base].name .. ":prepare()")
  ci.shown, ci.automap_of, ci.table = shown, base, as_table
  ci.parts.made = { as_table, {} }
  return ci, wait(ci)
end

-- Mapping them --------------------------------------------------------------------------------------------------------

-- Whether prepare() of this mixin, base or class is about the class.
local function concerns(ci, owner)
  local at = ci
  while at do
    if at.class == owner or orm.is_in(at.mixins or {}, owner) then return true end
    at = info[at.base]
  end
  return false
end

-- Those that wait for it in these registries, in the order of their declaration.
function deferral.waiting(owner, registries)
  local list = {}
  for _, registry in pairs(registries) do
    for _, ci in next, registry.waiting do
      if concerns(ci, owner) then list[#list + 1] = ci end
    end
  end
  table.sort(list, function(a, b) return a.order < b.order end)
  return list
end

-- What declarative.lua changes of the parts is changed of these.
local function copy_parts(parts)
  local copied = {}
  for name, part in next, parts do
    copied[name] = part
    if name ~= "made" and name ~= "lent" then
      copied[name] = {}
      for key, value in next, part do copied[name][key] = value end
    end
  end
  return copied
end

-- Makes the class of one that waits. What fails leaves it waiting.
function deferral.map(ci)
  local above = info[ci.base]
  if above.waits then
    fail("InvalidRequestError", "class %s inherits from %s, which %s is to map first", ci.name, above.name, above.waits)
  end
  local class, waiting = ci.class, ci.registry.waiting
  local parts, again = copy_parts(ci.parts), new_meta(ci)
  ci.meta.__metatable = nil
  setmetatable(class, nil)
  local ok, problem = pcall(declarative.define, ci.base, ci.name, ci.source, parts, class, ci)
  if ok or info[class] ~= ci then -- or interrupted at its end
    waiting[ci.name] = nil
    return ok or error(problem, 0)
  end
  ci.meta = again
  setmetatable(class, again)
  error(problem, 0)
end

-- A class that is not to be mapped after all.
function deferral.forget(ci)
  ci.registry.waiting[ci.name], info[ci.class] = nil, nil
end

-- DeferredReflection --------------------------------------------------------------------------------------------------

-- The tables that the database is to tell of: those of the classes, and of what stands between them. Names of the
-- latter come by themselves.
local function tables_of(list)
  local tables, names = {}, {}
  local function add(as_table)
    if not tables[as_table] then tables[#tables + 1], tables[as_table] = as_table, true end
  end
  for _, ci in ipairs(list) do
    if ci.table then add(ci.table) end
    for _, key in ipairs(orm.sorted_keys(ci.parts.members)) do
      local value = ci.parts.members[key]
      local secondary = orm.marker_kind(value) == "relationship" and value.options.secondary
      if native.kind(secondary) == "Table" then add(secondary) end
      if type(secondary) == "string" then names[#names + 1] = { secondary, ci.registry.metadata } end
    end
  end
  return tables, names
end

local function make_secondary(name, metadata, bind)
  if metadata.tables[name] then return end
  local schema, plain = string.match(name, "^(.*)%.([^.]*)$")
  corm.Table(plain or name, metadata, { schema = schema, autoload_with = bind })
end

-- Maps the classes that wait for this mixin, abstract class or class, over tables that the bind tells of.
function deferral.prepare(owner, bind)
  local registries = info[info]
  if info[owner] then registries = { info[owner].registry } end
  local list = deferral.waiting(owner, registries)
  local name = info[owner] and info[owner].name or "DeferredReflection"
  local tables, secondaries = tables_of(list)
  autoload.extend(tables, bind, name .. ":prepare")
  for _, secondary in ipairs(secondaries) do make_secondary(secondary[1], secondary[2], bind) end
  for _, ci in ipairs(list) do deferral.map(ci) end
end

corm.DeferredReflection = setmetatable(orm.DeferredReflection, {
  __name = "corm.DeferredReflection",
  __tostring = function() return "DeferredReflection" end,
  __index = function(_, key)
    if key == "prepare" then return deferral.prepare end
    return native.unknown("member", "DeferredReflection", tostring(key), { "prepare" })
  end,
})

return deferral
