-- Composites: several columns of an object as one value.
local corm, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local mutables = load "corm.mutable_composite"
local native, fail, field = orm.native, orm.fail, orm.field
local and_, not_, or_, false_ = corm.and_, corm.not_, corm.or_, corm.false_
local null = corm.null

-- composite(make, "x", "y", ... [, { values }]): make(x, y) makes the value that objects show, `values(value)` (else
-- its method `composite_values`) gives the columns' values back.
function corm.composite(make, ...)
  local names, n = { ... }, select("#", ...)
  local options
  if type(names[n]) == "table" then options, names[n] = names[n], nil end
  options = orm.check_options("composite", options, { values = "function" })
  local meta = type(make) == "table" and getmetatable(make)
  local parts = mutables.parts(make)
  if not parts and type(make) ~= "function" and not (type(meta) == "table" and meta.__call) then
    fail("ArgumentError", "composite: a function that makes the value expected, got %s", native.kind(make))
  end
  if parts and #parts.names ~= #names then
    fail("ArgumentError", "composite: its class has %d fields, and %d columns were named", #parts.names, #names)
  end
  if not names[1] then fail("ArgumentError", "composite: the names of the columns expected behind the function") end
  for _, name in ipairs(names) do
    if type(name) ~= "string" then
      fail("ArgumentError", "composite: the name of a column attribute expected, got %s", native.kind(name))
    end
  end
  return orm.marker("composite", { make = make, names = names, values = options.values })
end

-- The values of the columns, as table.pack gives them.
local function values_of(marker, where, value)
  local n = #marker.names
  if value == nil or value == null then return { n = n } end
  local get = field(marker, "values") or mutables.values(marker.make, value)
  if not get then
    local ok, method = pcall(function() return value.composite_values end)
    get = ok and method or nil
    if not ok and method == "not enough memory" then error(method, 0) end
  end
  if not get then
    fail("ArgumentError", "%s: a value of the composite expected, got %s: it has no method composite_values", where,
      native.kind(value))
  end
  local values = table.pack(get(value))
  if values.n ~= n then
    fail("ArgumentError", "%s: its value gives %d values for %d columns", where, values.n, n)
  end
  return values
end

local function is_null(values)
  for i = 1, values.n do
    if values[i] ~= nil then return false end
  end
  return true
end

-- The comparison of all columns with a value.
local function equals(marker, where, entity, value)
  local values, parts = values_of(marker, where, value), {}
  for i, name in ipairs(marker.names) do parts[i] = entity[name]:eq(values[i]) end
  return and_(table.unpack(parts))
end

local methods = {}

function methods:eq(value) return equals(self.marker, self.where, self.entity, value) end
function methods:ne(value) return not_(self:eq(value)) end

function methods:is_(value)
  if value ~= nil and value ~= null then fail("ArgumentError", "%s:is_: nil expected", self.where) end
  return self:eq(nil)
end

function methods:is_not(value)
  if value ~= nil and value ~= null then fail("ArgumentError", "%s:is_not: nil expected", self.where) end
  return not_(self:eq(nil))
end

function methods:in_(list)
  if type(list) ~= "table" then
    fail("ArgumentError", "%s:in_: a list of values expected, got %s", self.where, native.kind(list))
  end
  local parts = {}
  for i, value in ipairs(list) do parts[i] = self:eq(value) end
  if not parts[1] then return false_() end
  return or_(table.unpack(parts))
end

-- The columns as one value, NULL in all of them as nil.
local function make_of(marker)
  local n, make = #marker.names, marker.make
  return function(...)
    if is_null { n = n, ... } then return nil end
    return make(...)
  end
end

-- The composite of a class or an alias: it compares, and stands for its columns in a select.
local function new_comparator(ci, key, marker, entity)
  local where, columns = ci.name .. "." .. key, {}
  for i, name in ipairs(marker.names) do columns[i] = entity[name] end
  return setmetatable({ marker = marker, where = where, entity = entity }, {
    __name = "Composite",
    __metatable = "corm.composite",
    __corm_node = native.bundle(key, make_of(marker), table.unpack(columns)),
    __tostring = function() return where end,
    __newindex = function() return fail("ArgumentError", "%s cannot be changed", where) end,
    __index = function(_, name)
      local method = methods[name]
      if not method then native.unknown("method", where, tostring(name), orm.sorted_keys(methods)) end
      return method
    end,
  })
end

orm.descriptor("composite", {
  late = true,
  order = "column",
  declare = function(ci, key, marker)
    for _, name in ipairs(marker.names) do
      if not native.attribute(ci.mapper, name) then
        if descriptors.is_attribute(ci, name) then
          fail("ArgumentError", "%s.%s: composite: '%s' is no column", ci.name, key, name)
        end
        descriptors.unknown(ci, name)
      end
    end
  end,
  class = function(ci, key, marker, entity) return new_comparator(ci, key, marker, entity), true end,
  get = function(object, marker, key)
    local values = { n = #marker.names }
    for i, name in ipairs(marker.names) do values[i] = object[name] end
    if is_null(values) then return nil end
    local parts = mutables.parts(marker.make)
    if parts then return mutables.get(parts, object, key, marker.names, values) end
    return marker.make(table.unpack(values, 1, values.n))
  end,
  set = function(object, marker, key, value)
    local values = values_of(marker, native.class_of(object).__name__ .. "." .. key, value)
    for i, name in ipairs(marker.names) do object[name] = values[i] end
    local parts = mutables.parts(marker.make)
    if parts then mutables.show(parts, object, key, marker.names, value) end
  end,
  assign = function(ci, marker, key, value)
    local values, list = values_of(marker, ci.name .. "." .. key, value), {}
    for i, name in ipairs(marker.names) do
      local each = values[i]
      if each == nil then each = null end
      list[i] = { name, each }
    end
    return list
  end,
})
