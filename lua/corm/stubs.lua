-- corm.stubs(): what LuaLS needs to know of the mapped classes, as text; `corm stubs models.lua` prints it.
local corm, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail

-- By __visit_name__ of the general type, or of what a type of the script's own stores.
local types = {
  Integer = "integer", BigInteger = "integer", SmallInteger = "integer", Float = "number", Double = "number",
  Numeric = "corm.Decimal", String = "string", Text = "string", Unicode = "string", UnicodeText = "string",
  Enum = "string", LargeBinary = "string", Boolean = "boolean", Date = "corm.Date", DateTime = "corm.DateTime",
  Time = "corm.Time", Interval = "corm.Timedelta", Uuid = "corm.Uuid", JSON = "any", ARRAY = "any[]",
}

-- Names that a field may have as it is; others stand in brackets.
local function field(name)
  return string.find(name, "^[%a_][%w_]*$") and name or string.format("[%q]", name)
end

local function class_name(name)
  return (string.gsub(name, "[^%w_]", "_"))
end

local function type_of(class, key)
  local column_type = class[key].type
  if not column_type then return "any" end
  local has_general, general = pcall(column_type.as_generic, column_type)
  return types[(has_general and general or column_type).__visit_name__] or "any"
end

local function put(lines, text, ...)
  lines[#lines + 1] = select("#", ...) > 0 and string.format(text, ...) or text
end

local function put_class(lines, class)
  local name = class_name(info[class].name)
  local mapper = orm.info[class].mapper
  local columns, relations = native.names(mapper)
  local computed = native.expressions(mapper)
  local fields, attributes = {}, {}
  put(lines, "---@class %s: corm.Object", name)
  for _, key in ipairs(columns) do
    local lua_type = type_of(class, key)
    local optional = native.nullable(mapper, key) and lua_type ~= "any"
    put(lines, "---@field %s %s%s", field(key), lua_type, optional and "?" or "")
    if not computed[key] then put(fields, "---@field %s? %s", field(key), lua_type) end
    put(attributes, "---@field %s corm.Expression", field(key))
  end
  for _, key in ipairs(relations) do
    local _, uselist, target = native.relation_info(mapper, key)
    local other = class_name(info[target].name)
    put(lines, "---@field %s %s", field(key), uselist and "corm.Collection|" .. other .. "[]" or other .. "?")
    put(fields, "---@field %s? %s%s", field(key), other, uselist and "[]" or "")
    put(attributes, "---@field %s corm.Relationship", field(key))
  end
  put(lines, "")
  put(lines, "---What the constructor takes.")
  put(lines, "---@class %sFields", name)
  table.move(fields, 1, #fields, #lines + 1, lines)
  put(lines, "")
  put(lines, "---@class %sModel: corm.Model", name)
  put(lines, "---@overload fun(fields?: %sFields): %s", name, name)
  table.move(attributes, 1, #attributes, #lines + 1, lines)
  put(lines, "")
end

-- Adds a class, the classes of a Base, or what a plain table of them holds.
local function collect(classes, value, argument)
  if type(value) == "table" and info[value] and info[value].mapper then
    classes[#classes + 1] = value
  elseif native.kind(value) == "table" and type(value) == "table" and not getmetatable(value) then
    for _, item in next, value do collect(classes, item, argument) end
  else
    local ok, registry = pcall(function() return value.registry end)
    if not ok or type(registry) ~= "table" or type(registry.classes) ~= "table" then
      fail("UnmappedError", "stubs: a mapped class, a Base, or a table of them expected as argument %d, got %s",
        argument, native.kind(value))
    end
    for _, class in next, registry.classes do classes[#classes + 1] = class end
  end
end

-- The text of the stubs for the classes given, in order of their names.
function corm.stubs(...)
  local found, classes, seen = {}, {}, {}
  for i = 1, select("#", ...) do collect(found, (select(i, ...)), i) end
  for _, class in ipairs(found) do
    if not seen[class] then classes[#classes + 1] = class end
    seen[class] = true
  end
  table.sort(classes, function(a, b) return info[a].name < info[b].name end)
  for _, class in ipairs(classes) do info[class].registry:configure() end
  local lines = { "---@meta", "" }
  for _, class in ipairs(classes) do put_class(lines, class) end
  return table.concat(lines, "\n")
end
