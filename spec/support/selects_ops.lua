-- What random selects are made of besides columns: operators and functions, each with how corm makes it and what it is
-- worth in Lua. Values are as in selects_data; NULL is corm.null.
local corm = require "corm"

local null, func = corm.null, corm.func
local selects_ops = { by_type = {}, by_name = {}, aggregates = {} }

local function strict(fn)
  return function(a, b, c)
    if a == null or b == null or c == null then return null end
    return fn(a, b, c)
  end
end

local function not_(a)
  if a == null then return null end
  return not a
end

local function and_(...)
  local result = true
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if value == false then return false end
    if value == null then result = null end
  end
  return result
end

local function or_(...)
  local result = false
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if value == true then return true end
    if value == null then result = null end
  end
  return result
end

-- -1, 0 or 1 for values of one type that are not NULL.
function selects_ops.compare(a, b)
  if type(a) == "boolean" then a, b = a and 1 or 0, b and 1 or 0 end
  return a < b and -1 or (a > b and 1 or 0)
end
local compare = selects_ops.compare

local equal = strict(function(a, b) return a == b end)

-- Whether a list of values is in one of lists, by the rules of IN.
function selects_ops.is_in(list, lists)
  local found = {}
  for i, other in ipairs(lists) do
    local same = {}
    for j = 1, #list do same[j] = equal(list[j], other[j]) end
    found[i] = and_(table.unpack(same))
    if found[i] == true then return true end
  end
  return or_(table.unpack(found))
end
selects_ops.not_ = not_

local function like(text, pattern)
  pattern = pattern:gsub("_", "."):gsub("%%", ".*")
  return text:find("^" .. pattern .. "$") ~= nil
end

local function define(name, type_, operands, build, value, weight)
  local op = { name = name, operands = operands, build = build, value = value }
  selects_ops.by_name[name] = op
  local list = selects_ops.by_type[type_] or {}
  selects_ops.by_type[type_] = list
  for _ = 1, weight or 1 do list[#list + 1] = op end
end

define("+", "int", { "int", "int" }, function(a, b) return a + b end, strict(function(a, b) return a + b end))
define("-", "int", { "int", "int" }, function(a, b) return a - b end, strict(function(a, b) return a - b end))
define("*", "int", { "int", "int" }, function(a, b) return a * b end, strict(function(a, b) return a * b end))
define("neg", "int", { "int" }, function(a) return -a end, strict(function(a) return -a end))
define("length", "int", { "text" }, function(a) return func.char_length(a) end, strict(function(a) return #a end))
define("month", "int", { "date" }, function(a) return corm.extract("month", a) end,
  strict(function(a) return math.tointeger(a:sub(6, 7)) end))
define("..", "text", { "text", "text" }, function(a, b) return a .. b end, strict(function(a, b) return a .. b end))
define("upper", "text", { "text" }, function(a) return func.lower(a) end, strict(string.lower))

local comparisons = {
  eq = function(c) return c == 0 end, ne = function(c) return c ~= 0 end, lt = function(c) return c < 0 end,
  le = function(c) return c <= 0 end, gt = function(c) return c > 0 end, ge = function(c) return c >= 0 end,
}
local names = { "eq", "ne", "lt", "le", "gt", "ge" }

for _, type_ in ipairs { "int", "text", "bool", "date" } do
  local both, three = { type_, type_ }, { type_, type_, type_ }
  define(type_ .. " coalesce", type_, both, function(a, b) return func.coalesce(a, b) end,
    function(a, b) if a == null then return b end return a end)
  define(type_ .. " case", type_, { "bool", type_, type_ },
    function(c, a, b) return corm.case({ c, a }, { else_ = b }) end,
    function(c, a, b) if c == true then return a end return b end)
  define(type_ .. " case of", type_, { "int", "int", type_ },
    function(v, w, a) return corm.case({ w, a }, { value = v }) end,
    function(v, w, a) if equal(v, w) == true then return a end return null end)
  if type_ ~= "bool" then
    for _, name in ipairs(names) do
      local holds = comparisons[name]
      define(type_ .. " " .. name, "bool", both, function(a, b) return a[name](a, b) end,
        strict(function(a, b) return holds(compare(a, b)) end))
    end
    define(type_ .. " between", "bool", three, function(a, b, c) return a:between(b, c) end, function(a, b, c)
      return and_(strict(function(x, y) return compare(x, y) >= 0 end)(a, b),
        strict(function(x, y) return compare(x, y) <= 0 end)(a, c))
    end)
  end
  define(type_ .. " is distinct", "bool", both, function(a, b) return a:is_distinct_from(b) end,
    function(a, b) return a ~= b end)
  define(type_ .. " is not distinct", "bool", both, function(a, b) return a:is_not_distinct_from(b) end,
    function(a, b) return a == b end)
  define(type_ .. " is null", "bool", { type_ }, function(a) return a:is_(nil) end, function(a) return a == null end)
  define(type_ .. " is not null", "bool", { type_ }, function(a) return a:is_not(nil) end,
    function(a) return a ~= null end)
  define(type_ .. " in", "bool", three, function(a, ...) return a:in_ { ... } end,
    function(a, b, c) return or_(equal(a, b), equal(a, c)) end)
  define(type_ .. " not in", "bool", three, function(a, ...) return a:not_in { ... } end,
    function(a, b, c) return not_(or_(equal(a, b), equal(a, c))) end)
end
define("and", "bool", { "bool", "bool" }, function(a, b) return corm.and_(a, b) end, and_, 6)
define("or", "bool", { "bool", "bool" }, function(a, b) return corm.or_(a, b) end, or_, 6)
define("not", "bool", { "bool" }, function(a) return corm.not_(a) end, not_, 6)
define("and of three", "bool", { "bool", "bool", "bool" }, function(...) return corm.and_(...) end, and_)
for _, pattern in ipairs { "a%", "%b", "_", "%b%", "a_" } do
  define("like " .. pattern, "bool", { "text" }, function(a) return a:like(pattern) end,
    strict(function(a) return like(a, pattern) end))
  define("not like " .. pattern, "bool", { "text" }, function(a) return a:not_like(pattern) end,
    strict(function(a) return not like(a, pattern) end))
end

-- -- aggregates: of the list of values that are not NULL -------------------------------------------------------------

local function sum(list)
  if #list == 0 then return null end
  local total = 0
  for _, value in ipairs(list) do total = total + value end
  return total
end

local function extreme(sign)
  return function(list)
    if #list == 0 then return null end
    local best = list[1]
    for _, value in ipairs(list) do
      if compare(value, best) == sign then best = value end
    end
    return best
  end
end

selects_ops.aggregates = {
  count = {
    build = function(a) return a and func.count(a) or func.count() end,
    value = function(list) return #list end,
  },
  sum = { build = function(a) return func.sum(a) end, value = sum },
  min = { build = function(a) return func.min(a) end, value = extreme(-1) },
  max = { build = function(a) return func.max(a) end, value = extreme(1) },
  avg = { build = function(a) return func.avg(a, { type_ = corm.Float }) end, value = function(list)
    return #list == 0 and null or sum(list) / #list
  end },
}

return selects_ops
