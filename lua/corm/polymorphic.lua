-- with_polymorphic: a class in a statement, with the columns of classes below it.
local corm, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local property = load "corm.property"
local native, info, fail = orm.native, orm.info, orm.fail

local function class_info(where, class)
  local ci = type(class) == "table" and info[class]
  if not ci or not ci.mapper then
    fail("ArgumentError", "%s: a mapped class expected, got %s", where, native.kind(class))
  end
  return ci
end

local function is_below(ci, base)
  while ci do
    if ci == base then return true end
    ci = info[ci.base]
  end
  return false
end

-- An entity of a class over `from`; `find(key)` answers first.
local function new_entity(ci, from, make, find)
  local entity = {}
  local node = make(entity)
  return setmetatable(entity, {
    __name = ci.name,
    __metatable = "corm.alias",
    __corm_node = node,
    __tostring = function() return "<polymorphic class " .. ci.name .. ">" end,
    __newindex = function() return fail("ArgumentError", "with_polymorphic(%s) cannot be changed", ci.name) end,
    __call = function()
      return fail("ArgumentError", "with_polymorphic(%s) has no objects; call the class", ci.name)
    end,
    __index = function(self, key)
      local value, keep = find(key), true
      if value == nil then value, keep = descriptors.class_value(ci, key, self, node, from) end
      if keep then rawset(self, key, value) end
      return value
    end,
  })
end

-- The infos of the classes that are loaded with the base, by name, and their mappers; "*": all below it.
local function choose(ci, classes)
  local chosen = {}
  if classes == "*" then
    for _, class in next, ci.registry.classes do
      local each = info[class]
      if each ~= ci and is_below(each, ci) then chosen[each.name] = each end
    end
    return chosen, nil
  end
  if type(classes) ~= "table" or info[classes] then
    fail("ArgumentError", "with_polymorphic: a list of classes or \"*\" expected, got %s", native.kind(classes))
  end
  local mappers = {}
  for i, class in ipairs(classes) do
    local each = class_info(string.format("with_polymorphic: classes[%d]", i), class)
    if not is_below(each, ci) then
      fail("ArgumentError", "with_polymorphic: %s does not inherit from %s", each.name, ci.name)
    end
    mappers[#mappers + 1] = each.mapper
    while each ~= ci do
      if each.mapper then chosen[each.name] = each end
      each = info[each.base]
    end
  end
  return chosen, mappers
end

-- What e.Manager is where the class is selected from a union, which has a column for each name.
local function below_union(each, from)
  local function find(key)
    local column = type(key) == "string" and native.attribute(each.mapper, key)
    if column and column.key then return from.c[column.key] end
  end
  return new_entity(each, from, function() return nil end, find)
end

-- A class that reads all classes below it from a union anyway: what is added are names for their columns.
local function of_union(ci, chosen)
  local from = native.alias(ci.mapper)
  return new_entity(ci, from, function(entity) return native.entity(ci.mapper, from, entity) end, function(key)
    return chosen[key] and below_union(chosen[key], from)
  end)
end

-- with_polymorphic(Employee, { Manager, Engineer } [, { aliased = true }]): the class with the columns of classes below
-- it; their own attributes are those of e.Manager, e.Engineer.
function corm.with_polymorphic(class, classes, options)
  local ci = class_info("with_polymorphic", class)
  options = orm.check_options("with_polymorphic", options, { aliased = "boolean", flat = "boolean" })
  local chosen, mappers = choose(ci, classes)
  property.resolve(ci)
  ci.aliased = true
  for _, each in next, chosen do
    property.resolve(each)
    each.aliased = true
  end
  if ci.united then return of_union(ci, chosen) end
  for _, each in next, chosen do
    if each.concrete then
      fail("ArgumentError", "with_polymorphic: %s is concrete and has no tables in common with %s; see ConcreteBase",
        each.name, ci.name)
    end
  end
  local from = native.polymorphic_from(ci.mapper, mappers, options.aliased or options.flat)
  return new_entity(ci, from, function(entity) return native.polymorphic_entity(ci.mapper, mappers, from, entity) end,
    function(key)
      local each = chosen[key]
      if not each then return nil end
      return new_entity(each, from, function(entity) return native.entity(each.mapper, from, entity) end,
        function() return nil end)
    end)
end
