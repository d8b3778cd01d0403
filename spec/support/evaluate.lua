-- Random expressions, and what they are worth: a tree is built with corm's functions on one side, and evaluated in Lua
-- by the rules of SQLite on the other. A tree is { op, operand, ... } or a leaf: { "column", name, type } or
-- { "value", value, type }. Types: "int", "real", "text", "bool". In values NULL is corm.null.
local corm = require "corm"

local null = corm.null
local evaluate = {}

-- The rows that expressions are evaluated over, and their columns.
evaluate.columns = { i = "int", j = "int", x = "real", y = "real", s = "text", t = "text", p = "bool", q = "bool" }
evaluate.rows = {
  { id = 1, i = 3, j = -7, x = 1.5, y = -0.25, s = "abc", t = "B%d_", p = true, q = false },
  { id = 2, i = 0, j = 12, x = 0.0, y = 1e10, s = "", t = "xyz", p = false, q = true },
  { id = 3, i = null, j = 5, x = null, y = 2.0, s = null, t = "ABC", p = null, q = true },
  { id = 4, i = -1, j = null, x = -3.75, y = null, s = "aXb", t = null, p = true, q = null },
}

-- Raised where SQLite leaves the integers for floats, or a value grows beyond what the columns' types hold.
local OUT_OF_RANGE = {}
local LIMIT = 1 << 52

local function check_int(value)
  if value > LIMIT or value < -LIMIT then error(OUT_OF_RANGE, 0) end
  return value
end

local function check_real(value)
  if value ~= value or value > 1e200 or value < -1e200 then error(OUT_OF_RANGE, 0) end
  return value
end

-- fn, but NULL when an operand is NULL.
local function strict(fn)
  return function(a, b, c)
    if a == null or b == null or c == null then return null end
    return fn(a, b, c)
  end
end

local function truncate(value)
  return value < 0 and math.ceil(value) or math.floor(value)
end

-- Division of integers, towards zero.
local function quotient(a, b)
  if b == 0 then return null end
  local result = a // b
  if result < 0 and result * b ~= a then result = result + 1 end
  return result
end

local function not_(a)
  if a == null then return null end
  return not a
end

local function and_(a, b)
  if a == false or b == false then return false end
  if a == null or b == null then return null end
  return true
end

local function or_(a, b)
  return not_(and_(not_(a), not_(b)))
end

local function number(value)
  if type(value) == "boolean" then return value and 1 or 0 end
  return value
end

local function equal(a, b)
  return number(a) == number(b)
end

local function less(a, b)
  return number(a) < number(b)
end

local function between(a, low, high)
  local above = strict(function(l, r) return not less(l, r) end)
  return and_(above(a, low), above(high, a))
end

local function in_list(a, ...)
  local found = false
  for i = 1, select("#", ...) do
    local same = a == null and null or strict(equal)(a, (select(i, ...)))
    found = or_(found, same)
  end
  return found
end

-- LIKE without regard to the case of ASCII letters.
local function like(text, pattern)
  text, pattern = text:lower(), pattern:lower()
  local function match(at, from)
    while from <= #pattern do
      local char = pattern:sub(from, from)
      if char == "%" then
        for rest = at, #text + 1 do
          if match(rest, from + 1) then return true end
        end
        return false
      end
      if at > #text or (char ~= "_" and char ~= text:sub(at, at)) then return false end
      at, from = at + 1, from + 1
    end
    return at == #text + 1
  end
  return match(1, 1)
end

local function find(text, part)
  return text:lower():find(part:lower(), 1, true)
end

-- Operators: the type of the result, those of the operands, how corm makes it, what it is worth. `lazy` ones get
-- functions for their operands.
local func = corm.func
local kinds = { int = corm.Integer, real = corm.Float, text = corm.String(50), bool = corm.Boolean }
evaluate.kinds = kinds
local numeric = { "int", "real" }
local ops = {}

local function define(name, result, operands, build, value)
  ops[result] = ops[result] or {}
  local op = { name = name, operands = operands, build = build, value = value }
  table.insert(ops[result], op)
  ops[name] = op
end

for _, type_ in ipairs(numeric) do
  local check = type_ == "int" and check_int or check_real
  local both = { type_, type_ }
  local function arithmetic(name, build, value)
    define(type_ .. " " .. name, type_, both, build, strict(function(a, b) return check(value(a, b)) end))
  end
  arithmetic("+", function(a, b) return a + b end, function(a, b) return a + b end)
  arithmetic("-", function(a, b) return a - b end, function(a, b) return a - b end)
  arithmetic("*", function(a, b) return a * b end, function(a, b) return a * b end)
  define(type_ .. " neg", type_, { type_ }, function(a) return -a end, strict(function(a) return -a end))
  define(type_ .. " abs", type_, { type_ }, function(a) return func.abs(a, { type_ = kinds[type_] }) end,
    strict(math.abs))
  define(type_ .. " max", type_, both, function(a, b) return func.max(a, b) end,
    strict(function(a, b) return math.max(a, b) end))
end
define("int //", "int", { "int", "int" }, function(a, b) return a // b end, strict(quotient))
define("int %", "int", { "int", "int" }, function(a, b) return a % b end,
  strict(function(a, b) return b == 0 and null or math.fmod(a, b) end))
define("int &", "int", { "int", "int" }, function(a, b) return a:bitwise_and(b) end,
  strict(function(a, b) return a & b end))
define("int |", "int", { "int", "int" }, function(a, b) return a:bitwise_or(b) end,
  strict(function(a, b) return a | b end))
define("int ~", "int", { "int" }, function(a) return a:bitwise_not() end, strict(function(a) return ~a end))
define("/", "real", { "int", "int" }, function(a, b) return a / b end,
  strict(function(a, b) return b == 0 and null or check_real(a / b) end))
define("real /", "real", { "real", "real" }, function(a, b) return a / b end,
  strict(function(a, b) return b == 0 and null or check_real(a / b) end))
define("int + real", "real", { "int", "real" }, function(a, b) return a + b end,
  strict(function(a, b) return check_real(a + b) end))
define("cast to int", "int", { "real" }, function(a) return corm.cast(a, corm.Integer) end, strict(function(a)
  return check_int(math.tointeger(truncate(a)) or error(OUT_OF_RANGE, 0))
end))
define("cast to real", "real", { "int" }, function(a) return corm.cast(a, corm.types.REAL or corm.Float) end,
  strict(function(a) return a + 0.0 end))
define("cast to text", "text", { "int" }, function(a) return corm.cast(a, corm.Text) end,
  strict(function(a) return ("%d"):format(a) end))
define("length", "int", { "text" }, function(a) return func.length(a, { type_ = corm.Integer }) end,
  strict(function(a) return #a end))
define("..", "text", { "text", "text" }, function(a, b) return a .. b end, strict(function(a, b) return a .. b end))
define("upper", "text", { "text" }, function(a) return func.upper(a) end, strict(string.upper))
define("lower", "text", { "text" }, function(a) return func.lower(a) end, strict(string.lower))

-- What every type has.
for type_ in pairs { int = true, real = true, text = true, bool = true } do
  local both = { type_, type_ }
  define(type_ .. " coalesce", type_, both, function(a, b) return func.coalesce(a, b) end,
    function(a, b) if a == null then return b end return a end)
  define(type_ .. " case", type_, { "bool", type_, type_ },
    function(c, a, b) return corm.case({ c, a }, { else_ = b }) end,
    function(c, a, b) if c == true then return a end return b end)
  define(type_ .. " case of", type_, { "int", "int", type_ },
    function(v, w, a) return corm.case({ w, a }, { value = v }) end,
    function(v, w, a) if strict(equal)(v, w) == true then return a end return null end)
  define(type_ .. " nullif", type_, both, function(a, b) return func.nullif(a, b, { type_ = kinds[type_] }) end,
    function(a, b) if strict(equal)(a, b) == true then return null end return a end)
  define(type_ .. " =", "bool", both, function(a, b) return a:eq(b) end, strict(equal))
  define(type_ .. " !=", "bool", both, function(a, b) return a:ne(b) end,
    strict(function(a, b) return not equal(a, b) end))
  define(type_ .. " <", "bool", both, function(a, b) return a:lt(b) end, strict(less))
  define(type_ .. " <=", "bool", both, function(a, b) return a:le(b) end,
    strict(function(a, b) return not less(b, a) end))
  define(type_ .. " >", "bool", both, function(a, b) return a:gt(b) end, strict(function(a, b) return less(b, a) end))
  define(type_ .. " >=", "bool", both, function(a, b) return a:ge(b) end,
    strict(function(a, b) return not less(a, b) end))
  define(type_ .. " is distinct", "bool", both, function(a, b) return a:is_distinct_from(b) end,
    function(a, b) return not equal(a, b) end)
  define(type_ .. " is not distinct", "bool", both, function(a, b) return a:is_not_distinct_from(b) end, equal)
  define(type_ .. " is null", "bool", { type_ }, function(a) return a:is_(nil) end,
    function(a) return a == null end)
  define(type_ .. " is not null", "bool", { type_ }, function(a) return a:is_not(nil) end,
    function(a) return a ~= null end)
  define(type_ .. " between", "bool", { type_, type_, type_ }, function(a, b, c) return a:between(b, c) end, between)
  define(type_ .. " in", "bool", { type_, type_, type_ }, function(a, ...) return a:in_ { ... } end, in_list)
  define(type_ .. " not in", "bool", both, function(a, ...) return a:not_in { ... } end,
    function(...) return not_(in_list(...)) end)
end

for _, times in ipairs { 1, 2 } do -- the more often met, the more is shown of precedence
  define("and " .. times, "bool", { "bool", "bool" }, function(a, b) return corm.and_(a, b) end, and_)
  define("or " .. times, "bool", { "bool", "bool" }, function(a, b) return corm.or_(a, b) end, or_)
  define("not " .. times, "bool", { "bool" }, function(a) return corm.not_(a) end, not_)
end
define("and of three", "bool", { "bool", "bool", "bool" }, function(...) return corm.and_(...) end,
  function(a, b, c) return and_(and_(a, b), c) end)
define("like", "bool", { "text", "text" }, function(a, b) return a:like(b) end, strict(like))
define("not like", "bool", { "text", "text" }, function(a, b) return a:not_like(b) end,
  strict(function(a, b) return not like(a, b) end))
define("ilike", "bool", { "text", "text" }, function(a, b) return a:ilike(b) end, strict(like))

-- Of a part that is a text, whatever stands in it; of another kind the part is a pattern.
local function affix(name, value)
  define(name, "bool", { "text", "value" }, function(a, part) return a[name](a, part, { autoescape = true }) end,
    function(a, part) if a == null then return null end return value(a, part) end)
end
affix("contains", function(a, part) return find(a, part) ~= nil end)
affix("startswith", function(a, part) return find(a, part) == 1 end)
affix("endswith", function(a, part) return #part <= #a and a:sub(#a - #part + 1):lower() == part:lower() end)

-- -- making trees ---------------------------------------------------------------------------------------------------

local names = {}
for name, type_ in pairs(evaluate.columns) do
  names[type_] = names[type_] or {}
  table.insert(names[type_], name)
end
for _, list in pairs(names) do table.sort(list) end

local values = {
  int = { 0, 1, -1, 2, 7, 100, -3, 65536 },
  real = { 0.0, 0.5, -1.25, 3.0, 1e6 },
  text = { "", "a", "ABC", "%", "a_c", "x/y", "b%" },
  bool = { true, false },
}

local function pick(random, list)
  return list[random(#list)]
end

-- What is not the same, or an error, somewhere: division by zero, numbers that leave their type, names of functions.
local elsewhere = { "/", "//", "%%", "&", "|", "~", "%*", "max", "cast", "bool <", "bool >", "bool between" }

function evaluate.is_common(name)
  for _, part in ipairs(elsewhere) do
    if name:find(part) then return false end
  end
  return true
end

-- A tree of the type. `allowed(name)`: which operators may be in it; nil: all.
function evaluate.random(random, type_, depth, allowed)
  if type_ == "value" then return { "value", pick(random, values.text), "text" } end
  if depth == 0 or random(5) == 1 then
    if random(3) == 1 then return { "value", pick(random, values[type_]), type_ } end
    return { "column", pick(random, names[type_]), type_ }
  end
  local op
  repeat op = pick(random, ops[type_]) until not allowed or allowed(op.name)
  local tree = { op.name }
  for i, operand in ipairs(op.operands) do tree[i + 1] = evaluate.random(random, operand, depth - 1, allowed) end
  return tree
end

-- The tree as an expression of corm's over the table.
function evaluate.build(tree, table_)
  local op = ops[tree[1]]
  if tree[1] == "column" then return table_.c[tree[2]] end
  if tree[1] == "value" then return corm.literal(tree[2], kinds[tree[3]]) end
  local operands = {}
  for i, type_ in ipairs(op.operands) do
    local operand = tree[i + 1]
    local is_plain = operand[1] == "value" and (i > 1 and type_ ~= "bool" or type_ == "value")
    operands[i] = is_plain and operand[2] or evaluate.build(operand, table_)
  end
  return op.build(table.unpack(operands))
end

local value_of

-- a + (b + c) is written without its parentheses, and then a and b are added first: of floats that is another sum.
local function chain(tree, row)
  local name = tree[1]:match "([+*])"
  if not name or name ~= (tree[3][1]:match "([+*])") then return nil end
  local terms = {}
  local function collect(part)
    if part[1]:match "([+*])" ~= name then
      terms[#terms + 1] = part
    else
      collect(part[2])
      collect(part[3])
    end
  end
  collect(tree)
  local sum = value_of(terms[1], row)
  for i = 2, #terms do
    local term = value_of(terms[i], row)
    if sum ~= null then
      sum = term == null and null or (name == "+" and sum + term or sum * term)
      if sum ~= null then sum = (math.type(sum) == "integer" and check_int or check_real)(sum) end
    end
  end
  return sum
end

function value_of(tree, row)
  if tree[1] == "column" then return row[tree[2]] end
  if tree[1] == "value" then return tree[2] end
  local chained = chain(tree, row)
  if chained ~= nil then return chained end
  local a = value_of(tree[2], row)
  local b = tree[3] and value_of(tree[3], row)
  local c = tree[4] and value_of(tree[4], row)
  return ops[tree[1]].value(a, b, c)
end

-- What the tree is worth for the row; nil where it leaves the range that the types hold.
function evaluate.value(tree, row)
  local ok, value = pcall(value_of, tree, row)
  if ok then return value end
  if value ~= OUT_OF_RANGE then error(value, 0) end
  return nil
end

-- fn(subtree) for each part of the tree, the innermost first.
function evaluate.each(tree, fn)
  if tree[1] == "column" or tree[1] == "value" then return end
  for i = 2, #tree do evaluate.each(tree[i], fn) end
  fn(tree)
end

function evaluate.show(tree)
  if tree[1] == "column" then return tree[2] end
  if tree[1] == "value" then return ("%q"):format(tree[2]) end
  local parts = {}
  for i = 2, #tree do parts[#parts + 1] = evaluate.show(tree[i]) end
  return ("(%s %s)"):format(tree[1], table.concat(parts, " "))
end

return evaluate
