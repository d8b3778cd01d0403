-- Attributes that are more than a column of their name: deferred ones, those with a history to be loaded, and SQL
-- expressions, which are read with the row and never written.
local corm, load = ...
local orm = load "corm.orm"
load "corm.descriptor"
local native, info, fail, field = orm.native, orm.info, orm.fail, orm.field

local property = {}

local known = { deferred = "boolean", group = "string", raiseload = "boolean", active_history = "boolean" }
local known_of_expression = {
  deferred = "boolean", group = "string", raiseload = "boolean", expire_on_flush = "boolean",
  active_history = "!belongs to a column: an expression is never set",
}

local function check_deferred(where, options)
  if not options.deferred and (options.group or options.raiseload) then
    fail("ArgumentError", "%s: group and raiseload belong to a deferred column", where)
  end
  return options
end

local function make(where, value, options)
  if native.kind(value) ~= "Column" then
    fail("ArgumentError", "%s: a Column expected, got %s", where, native.kind(value))
  end
  return orm.marker("column_property", { column = value, options = check_deferred(where, options) })
end

-- What a function returns is looked at when it is called.
local function check_expression(where, value)
  if native.is_select(value) then
    fail("ArgumentError", "%s: a select is a value as select:scalar_subquery()", where)
  end
  if type(value) == "function" or native.is_select(value) == false then return end
  fail("ArgumentError", "%s: a Column, an SQL expression or a function that returns one expected, got %s", where,
    native.kind(value))
end

-- Columns behind the first one, and the options.
local function rest(first, ...)
  local values, options = { first, ... }, nil
  if type(values[#values]) == "table" then options = table.remove(values) end
  for _, value in ipairs(values) do
    if native.kind(value) ~= "Column" then
      fail("ArgumentError", "column_property: behind a Column more of them, or options, expected, got %s",
        native.kind(value))
    end
  end
  return options, values
end

-- column_property(Column [, options]): a column with options of its attribute.
-- column_property(Column, Column, ... [, options]): of a class over a join: columns that are one attribute.
-- column_property(expression [, options]): an attribute that the database computes. A function is called with the class
-- when classes are configured, or its attribute is asked for.
function corm.column_property(value, ...)
  local where = "column_property"
  if native.kind(value) == "Column" then
    local options, also = rest(...)
    local made = make(where, value, orm.check_options(where, options, known))
    made.also = also[1] and also
    return made
  end
  local options = ...
  check_expression(where, value)
  options = check_deferred(where, orm.check_options(where, options, known_of_expression))
  return orm.marker("expression", { expression = value, options = options, given = false })
end

-- query_expression([default]): an attribute that queries compute, by with_expression(Class.attribute, expression).
function corm.query_expression(default)
  if default ~= nil then check_expression("query_expression", default) end
  return orm.marker("expression", { expression = default, options = {}, given = true })
end

-- deferred(Column [, options]): is not read with its object; likewise an expression.
function corm.deferred(value, options)
  options = orm.check_options("deferred", options, {
    group = "string", raiseload = "boolean", active_history = "boolean",
  })
  local all = {
    deferred = true, group = field(options, "group"), raiseload = field(options, "raiseload"),
    active_history = field(options, "active_history"),
  }
  if native.kind(value) == "Column" then return make("deferred", value, all) end
  check_expression("deferred", value)
  return corm.column_property(value, all)
end

-- Expressions of classes ----------------------------------------------------------------------------------------------

-- Functions that were not called yet are in a list of the class, `uncalled`: { ci, key, declaration }.

-- Calls one function. It may fail, and is called again then, the next time.
local function resolve(item)
  local ci, key, declaration = item.ci, item.key, item.declaration
  if item.done or ci.descriptors[key] ~= declaration then return end
  if item.busy then fail("ArgumentError", "%s.%s is computed from itself", ci.name, key) end
  item.busy = true
  local ok, result = pcall(declaration.expression, ci.class)
  item.busy = false
  if not ok then error(result, 0) end
  native.set_expression(ci.mapper, key, result)
  item.done = true
end

-- The expressions of a class and those above it are known afterwards, or one of them, by its key. Without a key the one
-- that is being computed is left out: it may speak of an alias of its class.
function property.resolve(ci, key)
  while ci do
    for _, item in ipairs(ci.uncalled or {}) do
      if item.key == (key or item.key) and (key or not item.busy) then resolve(item) end
    end
    ci = info[ci.base]
  end
end

local function wait(ci, key, declaration)
  local item = { ci = ci, key = key, declaration = declaration, resolve = resolve }
  ci.uncalled = ci.uncalled or {}
  table.insert(ci.uncalled, item)
  table.insert(ci.registry.pending, item)
  native.touch(ci.registry.native)
end

orm.descriptor("expression", {
  late = true,
  declare = function(ci, key, declaration)
    if ci.aliased then fail("InvalidRequestError", "%s.%s: an alias of the class was made already", ci.name, key) end
    local keeps = field(declaration.options, "expire_on_flush") == false
    native.add_expression(ci.mapper, key, declaration.options, declaration.given, keeps)
    local expression = field(declaration, "expression")
    if type(expression) == "function" then
      wait(ci, key, declaration)
    elseif expression ~= nil then
      native.set_expression(ci.mapper, key, expression)
    end
  end,
  class = function(ci, key, _, entity, from)
    property.resolve(ci, key)
    return native.attribute(ci.mapper, key, from and entity or nil), true
  end,
})

return property
