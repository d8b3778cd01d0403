-- Hybrids: one name for a computation on an object and for the same in SQL.
local corm, load = ...
local orm = load "corm.orm"
local native, fail, field = orm.native, orm.fail, orm.field

local function check_function(where, fn)
  if type(fn) ~= "function" then fail("ArgumentError", "%s: a function expected, got %s", where, native.kind(fn)) end
end

-- Runs fn(object) on an object and fn(Class) in queries; `expr` says the latter otherwise.
function corm.hybrid_property(fn, options)
  check_function("hybrid_property", fn)
  options = orm.check_options("hybrid_property", options, {
    expr = "function", fset = "function", update_expr = "function",
  })
  return orm.marker("hybrid", {
    fn = fn, expr = options.expr, fset = options.fset, update_expr = options.update_expr,
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

local function declare() end

orm.descriptor("hybrid", {
  declare = declare,
  class = function(_, _, marker, entity) return expression(marker)(entity), false end,
  get = function(object, marker) return marker.fn(object) end,
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
    if not update_expr then return { { expression(marker)(ci.class), value } } end
    local list = update_expr(ci.class, value)
    if type(list) ~= "table" then
      fail("ArgumentError", "%s.%s: update_expr returns a list of { column, value }, got %s", ci.name, key,
        native.kind(list))
    end
    return list
  end,
})

orm.descriptor("hybrid_method", {
  declare = declare,
  class = function(_, _, marker) return expression(marker), true end,
  get = function(_, marker) return marker.fn end,
})
