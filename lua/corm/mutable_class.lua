-- Classes of a script's own for values that tell of their changes: corm.Mutable.
local corm, load = ...
local orm = load "corm.orm"
local mutable = load "corm.mutable"
local native, fail = orm.native, orm.fail
local metas = mutable.metas

local function check_members(name, members)
  if members == nil then return {} end
  if type(members) ~= "table" or getmetatable(members) ~= nil then
    fail("ArgumentError", "Mutable: %s: a table of functions expected, got %s", name, native.kind(members))
  end
  for key, fn in next, members do
    if type(key) ~= "string" or type(fn) ~= "function" then
      fail("ArgumentError", "Mutable: %s: functions by name expected, got %s", name, native.kind(fn))
    end
  end
  return members
end

-- Lists and sets have methods, the class's own first; the names of a dictionary are the script's.
local function index_of(base, own)
  if not base.has_methods then return base.__index end
  return function(self, key)
    local method = own[key]
    if method ~= nil then return method end
    return base.__index(self, key)
  end
end

-- corm.Mutable("Settings", corm.MutableDict, { coerce = function(class, key, value) ... end, ... }): a class like the
-- one that is given, with functions of its own. What is assigned or stored, and is no value of the class, goes through
-- coerce first.
function corm.Mutable(name, like, members)
  local base = metas[like]
  if type(name) ~= "string" then fail("ArgumentError", "Mutable: a name expected, got %s", native.kind(name)) end
  if not base then
    fail("ArgumentError", "Mutable: %s: corm.MutableDict or its like expected, got %s", name, native.kind(like))
  end
  local class, meta, own = {}, {}, {}
  for key, value in next, base do meta[key] = value end
  for key, fn in next, like do class[key] = fn end
  for key, fn in next, check_members(name, members) do
    if key == "coerce" then
      meta.coerce = fn
    else
      class[key], own[key] = fn, fn
    end
  end
  meta.__name, meta.class, meta.own, meta.__index = name, class, class, index_of(base, own)
  meta.made = function(value, content)
    if base.made then base.made(value, content) end
    rawset(value, mutable.CLASS, class)
  end
  metas[class] = meta
  return setmetatable(class, mutable.class_meta)
end
