-- Conditions and values of the random statements: made at random, as corm's expressions, and decided by plain Lua. A
-- term is a list: its name and its parts. Of conditions true, false or nil, which is NULL.
local corm = require "corm"
local models = require "spec.support.writes_models"
local func = corm.func

local terms = {}

local function type_of(name) return models.types[name] or "int" end

local function pick(random, list) return list[random(#list)] end

-- A column that a term may read; nil where there is none of the type.
local function column(random, about, type)
  local list = {}
  for _, name in ipairs(about.columns) do
    if type_of(name) == type then list[#list + 1] = name end
  end
  return #list > 0 and { "col", pick(random, list) } or nil
end

local function counted(random, about)
  local list = {}
  for _, relation in ipairs(models.relations[about.kind] or {}) do
    if relation.theirs and relation.name ~= "children" then list[#list + 1] = relation.name end
  end
  return #list > 0 and { "count", pick(random, list) } or nil
end

local function number(random, about, depth)
  local choice = random(depth > 1 and 4 or 9)
  local read = column(random, about, "int") or { "lit", 1 }
  if choice == 1 then return { "lit", random(6) } end
  if choice <= 3 then return read end
  if choice == 4 then return { pick(random, { "add", "sub", "mul" }), read, { "lit", random(3) } } end
  if choice == 5 then return { "add", read, number(random, about, depth + 1) } end
  if choice == 6 then return { "neg", read } end
  if choice == 7 then return { "abs", number(random, about, depth + 1) } end
  if choice == 8 then return { "coalesce", read, { "lit", random(6) } } end
  return counted(random, about) or read
end

-- What a column is set to. about: { kind, columns, unread = set, from = true where notes are among the FROMs }.
function terms.value(random, about, name)
  local type = type_of(name)
  local choice = random(10)
  if choice <= 4 then return { "lit", models.value(random, name) } end
  if about.from and choice <= 7 and (type == "int" or type == "text") then
    return { "of_note", type == "int" and pick(random, { "n", "m" }) or "s" }
  end
  if choice == 5 and (type == "int" or type == "text") then
    return { "case", terms.condition(random, about, 2), { "lit", models.value(random, name) },
      column(random, about, type) or { "lit" }, name }
  end
  if type == "int" then return number(random, about, 1) end
  local read = column(random, about, type)
  if not read or type == "data" then return { "lit", models.value(random, name) } end
  if type == "text" and choice == 6 then return { "replace", read } end
  if type == "text" and choice == 7 then return { "coalesce", read, { "lit", "a1" } } end
  return read
end

local function related(random, about, depth)
  local list = {}
  for _, relation in ipairs(models.relations[about.kind] or {}) do
    local may = relation.kind ~= about.kind or models.may_ask_itself
    if may and not about.unread[relation.own or "id"] then list[#list + 1] = relation end
  end
  if #list == 0 then return nil end
  local relation = pick(random, list)
  local there = { kind = relation.kind, columns = models.columns(relation.kind), unread = {}, within = true }
  local inner = random(3) > 1 and terms.condition(random, there, depth + 1) or nil
  return { relation.own and "has" or "any", relation.name, inner }
end

local function comparison(random, about)
  local name = pick(random, about.columns)
  local type = type_of(name)
  local order = pick(random, { "eq", "ne", "lt", "ge", "gt", "le" })
  if type == "data" or type == "flag" then
    if type == "flag" and random(2) == 1 then return { "cmp", "eq", { "col", name }, { "lit", random(2) == 1 } } end
    return { "null", { "col", name } }
  end
  if name == "kind" then return { "cmp", order:sub(1, 1) == "e" and "eq" or "ne", { "col", "kind" },
    { "lit", pick(random, { "person", "engineer", "chief", "item", "book", "film" }) } } end
  local right = { "lit", models.value(random, name) }
  if right[2] == nil then right = { "lit", type == "int" and 3 or nil } end
  if right[2] == nil then return { "null", { "col", name } } end
  if type == "int" then
    if random(3) == 1 then right = number(random, about, 1) end
    return { "cmp", order, random(3) == 1 and number(random, about, 1) or { "col", name }, right }
  end
  if type == "text" and random(4) == 1 then return { "like", { "col", name }, "%" .. random(2) } end
  if random(5) == 1 then return { "distinct", { "col", name }, right } end
  return { "cmp", order, { "col", name }, right }
end

function terms.condition(random, about, depth)
  local choice = random(depth > 2 and 7 or 14)
  if choice <= 3 then return comparison(random, about) end
  if choice == 4 then return { "null", column(random, about, "int") or { "col", about.columns[1] } } end
  if choice == 5 or choice == 6 then
    local list = {}
    for i = 1, random(4) - 1 do list[i] = random(6) end
    return { random(3) == 1 and "not_in" or "in", number(random, about, 2), list, random(6) == 1 }
  end
  if choice == 7 then return { "between", number(random, about, 2), random(3), random(3) + 3 } end
  if choice <= 9 then
    return { pick(random, { "and", "or" }), terms.condition(random, about, depth + 1),
      terms.condition(random, about, depth + 1) }
  end
  if choice == 10 then return { "not", terms.condition(random, about, depth + 1) } end
  if choice <= 12 and not about.within then
    return related(random, about, depth) or comparison(random, about)
  end
  return comparison(random, about)
end

-- As corm's expressions -----------------------------------------------------------------------------------------------

local sql = {}

local function express(term, m, kind, more)
  return sql[term[1]](term, m, kind, more)
end
terms.express = express

local function find(kind, name)
  for _, relation in ipairs(models.relations[kind]) do
    if relation.name == name then return relation end
  end
end

function sql.col(term, m, kind) return m[kind][term[2]] end
function sql.lit(term)
  if term[2] == nil then return corm.null end
  return term[2]
end
function sql.add(term, m, kind, more) return express(term[2], m, kind, more) + express(term[3], m, kind, more) end
function sql.sub(term, m, kind, more) return express(term[2], m, kind, more) - express(term[3], m, kind, more) end
function sql.mul(term, m, kind, more) return express(term[2], m, kind, more) * express(term[3], m, kind, more) end
function sql.neg(term, m, kind, more) return -express(term[2], m, kind, more) end
function sql.abs(term, m, kind, more) return func.abs(express(term[2], m, kind, more)) end
function sql.replace(term, m, kind, more) return func.replace(express(term[2], m, kind, more), "a", "c") end
function sql.coalesce(term, m, kind, more)
  return func.coalesce(express(term[2], m, kind, more), express(term[3], m, kind, more))
end
function sql.case(term, m, kind, more)
  local name = term[5] -- the column that is set, whose type a literal has
  local value = models.give(name, term[3][2])
  return corm.case({ express(term[2], m, kind, more), corm.cast(value, m[kind][name].type) },
    { else_ = express(term[4], m, kind, more) })
end
function sql.count(term, m, kind)
  local relation = find(kind, term[2])
  local there = m[relation.kind]
  local key = there[models.kinds[relation.kind].key[1]]
  return corm.select(func.count(key)):where(there[relation.theirs]:eq(m[kind].id)):scalar_subquery()
end
function sql.of_note(term, m) return m.note[term[2]] end
function sql.excluded(term, _, _, more) return more.excluded(term[2]) end
function sql.cmp(term, m, kind, more)
  local left, right = express(term[3], m, kind, more), express(term[4], m, kind, more)
  if type(left) == "number" then left = corm.literal(left) end
  return left[term[2]](left, right)
end
function sql.null(term, m, kind, more) return express(term[2], m, kind, more):is_(nil) end
function sql.like(term, m, kind, more) return express(term[2], m, kind, more):like(term[3]) end
function sql.distinct(term, m, kind, more)
  return express(term[2], m, kind, more):is_distinct_from(express(term[3], m, kind, more))
end
sql["in"] = function(term, m, kind, more)
  local list = { table.unpack(term[3]) }
  if term[4] then list[#list + 1] = corm.null end
  local left = express(term[2], m, kind, more)
  if type(left) == "number" then left = corm.literal(left) end
  return left[term[1] == "in" and "in_" or "not_in"](left, list)
end
sql.not_in = sql["in"]
function sql.between(term, m, kind, more)
  local left = express(term[2], m, kind, more)
  if type(left) == "number" then left = corm.literal(left) end
  return left:between(term[3], term[4])
end
sql["and"] = function(term, m, kind, more)
  return corm.and_(express(term[2], m, kind, more), express(term[3], m, kind, more))
end
sql["or"] = function(term, m, kind, more)
  return corm.or_(express(term[2], m, kind, more), express(term[3], m, kind, more))
end
sql["not"] = function(term, m, kind, more) return corm.not_(express(term[2], m, kind, more)) end
function sql.any(term, m, kind)
  local attribute = m[kind][term[2]]
  local inner = term[3] and express(term[3], m, find(kind, term[2]).kind)
  return attribute[term[1]](attribute, inner)
end
sql.has = sql.any

-- In Lua --------------------------------------------------------------------------------------------------------------

local lua = {}

-- more: { rows, note = the row of a FROM, excluded = the row of an upsert }.
local function decide(term, row, more)
  return lua[term[1]](term, row, more)
end
terms.decide = decide

local function arithmetic(fn)
  return function(term, row, more)
    local a, b = decide(term[2], row, more), decide(term[3], row, more)
    if a == nil or b == nil then return nil end
    return fn(a, b)
  end
end

function lua.col(term, row) return row[term[2]] end
function lua.lit(term) return term[2] end
lua.add = arithmetic(function(a, b) return a + b end)
lua.sub = arithmetic(function(a, b) return a - b end)
lua.mul = arithmetic(function(a, b) return a * b end)
function lua.neg(term, row, more)
  local value = decide(term[2], row, more)
  return value ~= nil and -value or nil
end
function lua.abs(term, row, more)
  local value = decide(term[2], row, more)
  return value ~= nil and math.abs(value) or nil
end
function lua.replace(term, row, more)
  local value = decide(term[2], row, more)
  return value ~= nil and (value:gsub("a", "c")) or nil
end
function lua.coalesce(term, row, more)
  local value = decide(term[2], row, more)
  if value == nil then return decide(term[3], row, more) end
  return value
end
function lua.case(term, row, more)
  return decide(decide(term[2], row, more) and term[3] or term[4], row, more)
end
function lua.count(term, row, more) return #models.related(more.rows, row, find(row.__kind, term[2])) end
function lua.of_note(term, _, more) return more.note[term[2]] end
function lua.excluded(term, _, more) return more.excluded[term[2]] end

local compare = {
  eq = function(a, b) return a == b end, ne = function(a, b) return a ~= b end, lt = function(a, b) return a < b end,
  le = function(a, b) return a <= b end, gt = function(a, b) return a > b end, ge = function(a, b) return a >= b end,
}

local function plain(value)
  return type(value) == "string" and value:match "^%d+%.%d+$" and tonumber(value) or value
end

function lua.cmp(term, row, more)
  local a, b = decide(term[3], row, more), decide(term[4], row, more)
  if a == nil or b == nil then return nil end
  return compare[term[2]](plain(a), plain(b))
end
function lua.null(term, row, more) return decide(term[2], row, more) == nil end
function lua.like(term, row, more)
  local value = decide(term[2], row, more)
  if value == nil then return nil end
  return value:sub(-1) == term[3]:sub(-1)
end
function lua.distinct(term, row, more)
  return plain(decide(term[2], row, more)) ~= plain(decide(term[3], row, more))
end
local function negation(value)
  if value == nil then return nil end
  return not value
end
lua["in"] = function(term, row, more)
  local value, found = decide(term[2], row, more), false
  if #term[3] == 0 and not term[4] then return term[1] == "not_in" end
  if value == nil then return nil end
  for _, each in ipairs(term[3]) do found = found or each == value end
  if not found and term[4] then return nil end
  return found == (term[1] == "in")
end
lua.not_in = lua["in"]
function lua.between(term, row, more)
  local value = decide(term[2], row, more)
  if value == nil then return nil end
  return value >= term[3] and value <= term[4]
end
lua["and"] = function(term, row, more)
  local a, b = decide(term[2], row, more), decide(term[3], row, more)
  if a == false or b == false then return false end
  if a == nil or b == nil then return nil end
  return true
end
lua["or"] = function(term, row, more)
  local a, b = decide(term[2], row, more), decide(term[3], row, more)
  if a or b then return true end
  if a == nil or b == nil then return nil end
  return false
end
lua["not"] = function(term, row, more) return negation(decide(term[2], row, more)) end
function lua.any(term, row, more)
  local relation
  local kind = row.__kind
  while not relation do
    relation = models.relations[kind] and find(kind, term[2])
    kind = models.kinds[kind].base
  end
  for _, other in ipairs(models.related(more.rows, row, relation)) do
    if not term[3] or decide(term[3], other, more) then return true end
  end
  return false
end
lua.has = lua.any

return terms
