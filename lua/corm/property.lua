-- Attributes that are more than a column of their name: deferred ones, and those with a history to be loaded.
local corm, load = ...
local orm = load "corm.orm"
local native, fail, field = orm.native, orm.fail, orm.field

local property = {}

local known = { deferred = "boolean", group = "string", raiseload = "boolean", active_history = "boolean" }

local function make(where, value, options)
  if native.kind(value) ~= "Column" then
    fail("ArgumentError", "%s: a Column expected, got %s", where, native.kind(value))
  end
  if not options.deferred and (options.group or options.raiseload) then
    fail("ArgumentError", "%s: group and raiseload belong to a deferred column", where)
  end
  return orm.marker("column_property", { column = value, options = options })
end

-- column_property(Column [, options]): a column with options of its attribute.
function corm.column_property(value, options)
  return make("column_property", value, orm.check_options("column_property", options, known))
end

-- deferred(Column [, options]): is not read with its object.
function corm.deferred(value, options)
  options = orm.check_options("deferred", options, {
    group = "string", raiseload = "boolean", active_history = "boolean",
  })
  return make("deferred", value, {
    deferred = true, group = field(options, "group"), raiseload = field(options, "raiseload"),
    active_history = field(options, "active_history"),
  })
end

-- The Column in a value, and its options; nil for other values.
function property.column(value)
  if orm.marker_kind(value) ~= "column_property" then return nil end
  return value.column, value.options
end

return property
