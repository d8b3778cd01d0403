-- Expressions and statements that are as deep as a loop can make them, in a process of its own: spec/depth_spec.lua
-- gives it a small C stack. Argument: how deep. Prints a line for each outcome that is neither a result nor an error
-- that says what cannot be: none, when all is well.
local corm = require "corm"

local depth = math.tointeger(arg[1])
local nested = math.max(100, depth // 100)

local Column, Integer = corm.Column, corm.Integer
local t = corm.Table("t", corm.MetaData(),
  Column("id", Integer, { primary_key = true }),
  Column("name", corm.String(50)),
  Column("flag", corm.Boolean),
  Column("day", corm.Date),
  Column("data", corm.JSON))
local id, name, flag, day, data = t.c.id, t.c.name, t.c.flag, t.c.day, t.c.data
local func = corm.func

-- What each step puts around the expression so far.
local chains = {
  { "and_", id:eq(0), function(e, i) return corm.and_(e, id:eq(i)) end },
  { "or_", id:eq(0), function(e, i) return corm.or_(e, id:eq(i)) end },
  { "and_ within or_", id:eq(0), function(e, i) return i % 2 == 0 and (e | id:eq(i)) or (e & id:eq(i)) end },
  { "and_ of booleans", flag, function(e) return flag & e end },
  { "not_ of an operator", id:op("&")(1), function(e) return corm.not_(e) end },
  { "not_ of a function", func.f(id), function(e) return corm.not_(e) end },
  { "not_ of conditions", id:eq(0) & id:eq(1), function(e, i) return i % 2 == 0 and ~e or (e & flag) end },
  { "+ on the left", id, function(e) return e + 1 end },
  { "+ on the right", id, function(e) return 1 + e end },
  { "- on the right", id, function(e) return id - e end },
  { "/", id, function(e) return e / 2 end, },
  { "//", id, function(e) return e // 2 end },
  { "%", id, function(e) return id % e end },
  { "unary minus", id, function(e) return -e end },
  { "bitwise_xor", id, function(e) return e:bitwise_xor(1) end },
  { "op", id, function(e) return e:op("&")(1) end },
  { "..", name, function(e) return e .. "x" end },
  { ".. on the right", name, function(e) return "x" .. e end },
  { "like", name, function(e) return e:like("x") end },
  { "ilike", name, function(e) return name:ilike(e) end },
  { "contains", name, function(e) return name:contains(e) end },
  { "between", id, function(e) return e:between(0, 1) end },
  { "a bound of between", id, function(e) return id:between(0, e) end },
  { "in_", id, function(e) return e:in_ { 0, 1 } end },
  { "an element of in_", id, function(e) return id:in_ { e, 1 } end },
  { "not_in", id, function(e) return e:not_in { 0, 1 } end },
  { "is_distinct_from", id, function(e) return e:is_distinct_from(1) end },
  { "is_distinct_from on the right", id, function(e) return id:is_distinct_from(e) end },
  { "a function", id, function(e) return func.f(e) end },
  { "coalesce", id, function(e) return func.coalesce(e, 0) end },
  { "lower", name, function(e) return func.lower(e) end },
  { "the result of case", id, function(e) return corm.case({ flag, e }, { else_ = 0 }) end },
  { "the condition of case", flag, function(e) return corm.case({ e, flag }, { else_ = flag }) end },
  { "the else_ of case", id, function(e) return corm.case({ flag, 0 }, { else_ = e }) end },
  { "cast", id, function(e) return corm.cast(e, corm.Float) end },
  { "type_coerce", id + 1, function(e) return corm.type_coerce(e, corm.String) end },
  { "label", id, function(e, i) return e:label("x" .. i) end },
  { "extract", day, function(e) return corm.extract("year", e) end },
  { "tuple_", id, function(e) return corm.tuple_(e, 0) end },
  { "collate", name, function(e) return e:collate("x") end },
  { "distinct", id, function(e) return e:distinct() end },
  { "desc", id, function(e) return e:desc() end },
  { "a JSON index", data, function(e, i) return e:getitem(i % 2 == 0 and "k" or 1) end },
  { "regexp_match", name, function(e) return e:regexp_match("x") end },
  { "regexp_replace", name, function(e) return e:regexp_replace("x", "y") end },
  { "an argument of over", id, function(e) return func.sum(e):over() end },
  { "over's partition", id, function(e) return func.sum(id):over { partition_by = e } end },
  { "over's order", id, function(e) return func.sum(id):over { order_by = e } end },
  { "filter", id, function(e) return func.sum(e):filter(flag) end },
  { "filter's condition", flag, function(e) return func.max(flag):filter(e) end },
  { "within_group", id, function(e) return func.mode():within_group(e) end },
  { "aggregate_order_by", id, function(e) return func.array_agg(id):aggregate_order_by(e) end },
  { "nulls_last", id, function(e) return e:nulls_last() end },
}

-- The same for statements, which nest less deep.
local select = corm.select
local statements = {
  { "where", select(id), function(s, i) return s:where(id:eq(i)) end, depth },
  { "order_by", select(id), function(s) return s:order_by(id) end, 1000 },
  { "join", select(id), function(s, i) return s:join(t:alias("a" .. i), id:eq(i)) end, 1000 },
  { "a subquery in FROM", select(id), function(s) return select(s:subquery()) end },
  { "a subquery's column", select(id), function(s) return select(s:subquery().c.id) end, 50 },
  { "a scalar subquery", select(id), function(s) return select(s:scalar_subquery():label "id") end },
  { "exists", select(id), function(s) return select(id):where(corm.exists(s)) end },
  { "in_", select(id), function(s) return select(id):where(id:in_(s)) end },
  { "a cte of a cte", select(id), function(s, i) return select(s:cte("c" .. i)) end },
  { "many ctes", select(id), function(s, i) return s:where(id:in_(select(select(id):cte("c" .. i)))) end, 200 },
  { "union", select(id), function(s) return s:union(select(id)) end },
  { "union on the right", select(id), function(s) return select(id):union_all(s) end },
  { "a union in FROM", select(id), function(s) return select(s:union(s):subquery()) end, 12 },
  { "a subquery with a function", select(id), function(s) return select(func.f(s)) end },
}

local function report(...) print(table.concat({ ... }, ": ")) end

-- Calls fn; an error must be of one of the classes.
local function try(what, part, classes, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then return end
  for _, class in ipairs(classes) do
    if corm.is_error(err, class) then return end
  end
  report(what, part, tostring(err):sub(1, 300))
end

local function text(x, options) return #x:compile(options).string end
local compile_error = { "CompileError", "DataError" } -- that a literal does not fit its place is no matter here
local dialects = { "sqlite", "postgresql", "mysql", "mariadb" }

local function compile(what, x)
  for _, dialect in ipairs(dialects) do try(what, dialect, compile_error, text, x, { dialect = dialect }) end
  try(what, "literal_binds", compile_error, text, x, { literal_binds = true })
  try(what, "tostring", compile_error, tostring, x)
end

-- The passes over an expression that a statement makes.
local function places(what, e)
  local places_of = {
    columns = function() return select(e) end,
    where = function() return select(t):where(e):having(e):group_by(e):order_by(e) end,
    join = function() return select(t):join(t:alias(), e) end,
    subquery = function() return select(select(e:label("x")):subquery().c.x) end,
    exists = function() return corm.exists(select(t):where(e)) end,
    ["not"] = function() return corm.not_(e) end,
    values = function() return corm.insert(t):values { id = e } end,
    set = function() return corm.update(t):values { id = e }:where(e) end,
    delete = function() return corm.delete(t):where(e) end,
    limit = function() return select(t):limit(e) end,
    index = function() return corm.Index("i", e) end,
    check = function() return corm.CheckConstraint(e) end,
    default = function()
      return corm.insert(corm.Table("d", corm.MetaData(), Column("id", Integer), Column("x", Integer, { default = e })))
        :values { id = 1 }
    end,
    type = function() return e.type end,
    name = function() return e.name end,
  }
  for place, make in pairs(places_of) do
    try(what, place, { "CompileError", "ArgumentError" }, function() return tostring(make()) end)
  end
end

for _, chain in ipairs(chains) do
  local what, e, step = table.unpack(chain)
  -- A C frame for each of so many would not fit the stack either.
  for i = 1, depth // 5 do e = step(e, i) end
  compile(what, e)
  places(what, e)
  for i = depth // 5 + 1, depth do e = step(e, i) end
  try(what, "deepest", compile_error, tostring, e)
  e = nil -- luacheck: ignore
  collectgarbage()
end

for _, chain in ipairs(statements) do
  local what, s, step, n = table.unpack(chain)
  for i = 1, n or nested do s = step(s, i) end
  compile(what, s)
  try(what, "columns", compile_error, function()
    for _ in s:subquery().c do end
    return s:subquery().c[1]
  end)
  s = nil
  collectgarbage()
end

-- FROMs that join as many as one likes, on both sides.
local left, right = t, t
for i = 1, nested do
  left = left:join(t:alias("l" .. i), id:eq(i))
  right = t:alias("r" .. i):join(right, id:eq(i))
end
compile("joins", select(id):select_from(left))
compile("joins on the right", select(id):select_from(right))
compile("a join of joins", select(id):select_from(left:join(right, id:eq(1))))

-- What doubles with each level has no text.
local doubled = corm.literal_column(("x"):rep(100000), Integer)
for _ = 1, 60 do doubled = doubled + doubled end
local ok, err = pcall(doubled.compile, doubled)
if ok or not err:is "CompileError" then report("doubled", tostring(err):sub(1, 300)) end
doubled = nil -- luacheck: ignore

-- Lists.
local numbers, conditions = {}, {}
for i = 1, 3 * depth do numbers[i] = i end
for i = 1, depth do conditions[i] = id:eq(i) end
local selects = {}
for i = 1, nested * 10 do selects[i] = select(id):where(id:eq(i)) end
compile("union of many", corm.union_all(table.unpack(selects)))
local long_or = corm.or_(table.unpack(conditions))
compile("or_ of many", long_or)
for i = 1, 10 * depth do long_or = long_or | conditions[i % depth + 1] end
compile("or_ of a million", long_or)
compile("in_ of many", id:in_(numbers))
