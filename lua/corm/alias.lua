-- What stands for a class, or for some of its columns, in a statement: aliased, Bundle, with_parent.
local corm, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local property = load "corm.property"
local native, info, fail = orm.native, orm.info, orm.fail

-- Bundle("name", column or Bundle, ... [, { single_entity }]): columns that are one value of a row, found by their
-- names in it.
function corm.Bundle(name, ...)
  if type(name) ~= "string" then fail("ArgumentError", "Bundle: a name expected, got %s", native.kind(name)) end
  local columns, options = table.pack(...), nil
  local last = columns[columns.n]
  if type(last) == "table" and getmetatable(last) == nil then
    options, columns.n = last, columns.n - 1
  end
  options = orm.check_options("Bundle", options, { single_entity = "boolean" })
  local node, keys = native.bundle(name, options.single_entity or false, table.unpack(columns, 1, columns.n))
  local c = {}
  for i, key in ipairs(keys) do c[key] = columns[i] end
  local fields = { c = c, columns = c, name = name, single_entity = options.single_entity or false }
  -- The same under another name.
  function fields.label(_, label)
    columns[columns.n + 1] = options
    return corm.Bundle(label, table.unpack(columns, 1, columns.n + 1))
  end
  return setmetatable({}, {
    __name = "Bundle",
    __metatable = "corm.Bundle",
    __corm_node = node,
    __tostring = function() return "<Bundle " .. name .. ">" end,
    __newindex = function() return fail("ArgumentError", "a Bundle cannot be changed") end,
    __index = function(_, key)
      local value = fields[key]
      if value == nil then native.unknown("member", "Bundle", tostring(key), orm.sorted_keys(fields)) end
      return value
    end,
  })
end

-- with_parent(object, Class.relation)
corm.with_parent = native.with_parent

local alias = {}
local FROM, CLASS = {}, {} -- of an alias

-- The class of an alias, and what it selects from.
function alias.parts(value) return rawget(value, CLASS), rawget(value, FROM) end

-- aliased(User [, subquery] [, { name = "u" }]): the class once more, under another name in SQL, or as a subquery.
function corm.aliased(class, subquery, options)
  local ci = type(class) == "table" and info[class]
  if not ci or not ci.mapper then
    fail("ArgumentError", "aliased: a mapped class expected, got %s", native.kind(class))
  end
  if subquery ~= nil and type(subquery) ~= "userdata" then subquery, options = nil, subquery end
  options = orm.check_options("aliased", options, { name = "string", flat = "boolean" })
  property.resolve(ci)
  ci.aliased = true
  local from
  if subquery == nil then
    from = native.alias(ci.mapper, options.name)
  else
    if native.kind(subquery) ~= "FROM clause" then
      fail("ArgumentError", "aliased: a subquery expected, got %s", native.kind(subquery))
    end
    from = subquery
  end
  local made = { [CLASS] = class, [FROM] = from }
  local entity = native.entity(ci.mapper, from, made, options.name)
  return setmetatable(made, {
    __name = ci.name,
    __metatable = "corm.alias",
    __corm_node = entity,
    __tostring = function() return "<alias of class " .. ci.name .. ">" end,
    __newindex = function() return fail("ArgumentError", "an alias of %s cannot be changed", ci.name) end,
    __call = function() return fail("ArgumentError", "an alias of %s has no objects; call the class", ci.name) end,
    __index = function(self, key)
      local value, keep = descriptors.class_value(ci, key, self, entity, from)
      if keep then rawset(self, key, value) end
      return value
    end,
  })
end

return alias
