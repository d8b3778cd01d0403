-- Hybrids: one name for a computation on an object and for the same in SQL.
local corm, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local native, fail, field = orm.native, orm.fail, orm.field

local function check_function(where, fn)
  if type(fn) ~= "function" then fail("ArgumentError", "%s: a function expected, got %s", where, native.kind(fn)) end
end

-- Runs fn(object) on an object and fn(Class) in queries; `expr` says the latter otherwise, `comparator` how it is
-- compared.
function corm.hybrid_property(fn, options)
  check_function("hybrid_property", fn)
  options = orm.check_options("hybrid_property", options, {
    expr = "function", fset = "function", update_expr = "function", comparator = "function",
  })
  if options.expr and options.comparator then
    fail("ArgumentError", "hybrid_property: expr and comparator exclude each other: a comparator begins with its "
      .. "expression")
  end
  return orm.marker("hybrid", {
    fn = fn, expr = options.expr, fset = options.fset, update_expr = options.update_expr,
    comparator = options.comparator,
  })
end

function corm.hybrid_method(fn, options)
  check_function("hybrid_method", fn)
  options = orm.check_options("hybrid_method", options, { expr = "function" })
  return orm.marker("hybrid_method", { fn = fn, expr = options.expr })
end

local function expression(marker)
  return field(marker, "expr") or marker.fn
end

-- What Class.key is.
local function class_value(ci, key, marker, entity)
  local comparator = field(marker, "comparator")
  if not comparator then return native.named(expression(marker)(entity), key) end
  local methods = comparator(entity)
  if type(methods) ~= "table" or rawget(methods, 1) == nil then
    fail("ArgumentError", "%s.%s: comparator returns a table of methods with the expression at its first place",
      ci.name, key)
  end
  return descriptors.comparator(native.named(rawget(methods, 1), key), methods)
end

local function declare() end

orm.descriptor("hybrid", {
  portable = true,
  declare = declare,
  class = function(ci, key, marker, entity) return class_value(ci, key, marker, entity), false end,
  get = function(object, marker) return marker.fn(object) end,
  follows = true,
  set = function(object, marker, key, value)
    local fset = field(marker, "fset")
    if not fset then
      fail("ArgumentError", "%s.%s cannot be set: its hybrid has no fset", native.class_of(object).__name__, key)
    end
    fset(object, value)
  end,
  settable = function(_, marker) return field(marker, "fset") ~= nil end,
  assign = function(ci, marker, key, value)
    local update_expr = field(marker, "update_expr")
    if not update_expr then
      local comparator = field(marker, "comparator")
      local target = comparator and rawget(comparator(ci.class), 1) or expression(marker)(ci.class)
      return { { target, value } }
    end
    local list = update_expr(ci.class, value)
    if type(list) ~= "table" then
      fail("ArgumentError", "%s.%s: update_expr returns a list of { column, value }, got %s", ci.name, key,
        native.kind(list))
    end
    return list
  end,
})

orm.descriptor("hybrid_method", {
  portable = true,
  declare = declare,
  class = function(_, _, marker) return expression(marker), true end,
  get = function(_, marker) return marker.fn end,
  follows = true,
})
