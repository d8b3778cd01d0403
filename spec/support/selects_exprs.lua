-- Random expressions for plans (selects_plan). `g` is what a plan is drawn with: { random, lacks, tame, ids, queries }.
-- A scope says what an expression may name: its entries { id, columns, source }, and those of `outer`.
local data_of = require "spec.support.selects_data"
local ops = require "spec.support.selects_ops"

local exprs = {} -- `query` is there when selects_draw is

function exprs.pick(g, list) return list[g.random(#list)] end

function exprs.new_id(g, letter)
  g.ids = g.ids + 1
  return letter .. g.ids
end

exprs.types = { "int", "int", "int", "text", "text", "bool", "date" }

function exprs.some_types(g, n)
  local types = {}
  for i = 1, n do types[i] = exprs.pick(g, exprs.types) end
  return types
end

function exprs.columns_in(scope, type_)
  local found = {}
  for _, entry in ipairs(scope.entries) do
    for _, column in ipairs(entry.columns) do
      if column[2] == type_ then
        found[#found + 1] = { op = "column", type = type_, from = entry.id, name = column[1] }
      end
    end
  end
  return found
end

local pick, new_id, columns_in, some_types = exprs.pick, exprs.new_id, exprs.columns_in, exprs.some_types

local function value_leaf(g, type_) return { op = "value", type = type_, value = data_of.value(g.random, type_) } end

local function leaf(g, type_, scope)
  local from = scope
  if scope.outer and g.random(3) == 1 then from = scope.outer end
  if from.outer and g.random(4) == 1 then from = from.outer end
  local columns = columns_in(from, type_)
  if #columns == 0 then columns = columns_in(scope, type_) end
  if #columns > 0 and g.random(4) > 1 then return pick(g, columns) end
  return value_leaf(g, type_)
end

local function subquery(g, types, scope, options)
  g.queries = g.queries - 1
  return exprs.query(g, types, scope, options)
end

local special = {}

function special.scalar(g, type_, depth, scope)
  return { op = "scalar", type = type_, query = subquery(g, { type_ }, scope, { scalar = true, depth = depth }) }
end

function special.exists(g, _, depth, scope)
  local query = subquery(g, nil, scope, { depth = depth, derived = true })
  if query.distinct or query.kind == "set" then query.offset = nil end -- SQLite forgets DISTINCT there
  return { op = "exists", type = "bool", query = query, how = g.random(2) }
end

-- A row of several values where no join may keep one of them out.
local function is_for_rows(g, scope)
  return not g.lacks "rows_not_in" or (#scope.entries == 1 and not scope.outer)
end

local function operands(g, depth, scope)
  local args, n = {}, g.random(3) == 1 and is_for_rows(g, scope) and 2 or 1
  if g.tame then scope = setmetatable({ simple = true }, { __index = scope }) end
  if n > 1 and g.lacks "subqueries_in_rows" then
    for _, entry in ipairs(scope.entries) do
      if entry.source.kind ~= "table" then n = 1 end -- where one may stand behind a column
    end
  end
  local types = some_types(g, n)
  for i, type_ in ipairs(types) do args[i] = exprs.expr(g, type_, depth - 1, scope) end
  return args
end

function special.in_query(g, _, depth, scope)
  local args, types = operands(g, depth, scope), {}
  for i, arg in ipairs(args) do types[i] = arg.type end
  return { op = "in_query", type = "bool", args = args, negated = g.random(2) == 1,
    query = subquery(g, types, scope, { list = true, depth = depth }) }
end

function special.in_rows(g, _, depth, scope)
  local args, rows = operands(g, depth, scope), {}
  if #args == 1 and is_for_rows(g, scope) then args[2] = exprs.expr(g, "int", depth - 1, scope) end
  for i = 1, g.random(4) - 1 do
    rows[i] = {}
    for j, arg in ipairs(args) do rows[i][j] = data_of.value(g.random, arg.type) end
  end
  return { op = "in_rows", type = "bool", args = args, rows = rows, negated = g.random(2) == 1 }
end

-- any() and has(); what is inside names the target as it is, or its alias.
function special.related(g, _, depth, scope)
  local from = scope.entries[1] and pick(g, scope.entries)
  if not from or scope.grouped or from.source.kind ~= "table" or from.source.how ~= "class" then return nil end
  local relationship = pick(g, data_of.relationships[from.source.table])
  local expr = { op = "related", type = "bool", from = from.id, table = from.source.table, name = relationship.name,
    target = relationship.target, id = new_id(g, "r"), aliased = g.random(3) == 1 }
  if g.random(4) > 1 then
    local inner = { entries = {}, used = {}, outer = { entries = {}, used = {} }, simple = true }
    for _, entry in ipairs(scope.entries) do
      local name = not entry.source.aliased and entry.source.table
      local is_hidden = name == expr.target or (name == "item_tag" and relationship.through)
      if not is_hidden then table.insert(inner.outer.entries, entry) end
    end
    table.insert(inner.entries, { id = expr.id, columns = data_of.columns[expr.target], source = { kind = "values" } })
    expr.criterion = exprs.expr(g, "bool", math.min(depth - 1, 2), inner)
  end
  return expr
end

local CHOICES = { bool = { "exists", "in_query", "in_query", "in_rows", "related", "related", "scalar" } }

local function special_expr(g, type_, depth, scope)
  local name = pick(g, CHOICES[type_] or { "scalar" })
  if name ~= "in_rows" and name ~= "related" and g.queries <= 0 then return nil end
  return special[name](g, type_, depth, scope)
end

function exprs.expr(g, type_, depth, scope)
  if depth <= 0 or g.random(4) == 1 then
    if scope.aggregates and g.random(2) == 1 then return exprs.aggregate(g, type_, scope) or leaf(g, type_, scope) end
    return leaf(g, type_, scope)
  end
  if not scope.simple and g.random(4) == 1 then
    local expr = special_expr(g, type_, depth, scope)
    if expr then return expr end
  end
  local op = pick(g, ops.by_type[type_] or {})
  if not op then return leaf(g, type_, scope) end
  local args = {}
  for i, operand in ipairs(op.operands) do args[i] = exprs.expr(g, operand, depth - 1, scope) end
  return { op = "call", fn = op.name, type = type_, args = args }
end

-- -- aggregates and windows ------------------------------------------------------------------------------------------

local function argument(g, type_, scope)
  local columns = columns_in(scope, type_)
  if #columns == 0 then return nil end
  local arg = pick(g, columns)
  if g.random(3) > 1 then return arg end
  return { op = "call", fn = type_ .. " coalesce", type = type_, args = { arg, value_leaf(g, type_) } }
end

function exprs.aggregate(g, type_, scope, name)
  local inside = scope.aggregates
  if type_ == "bool" then return nil end
  local fn = name or pick(g, type_ == "int" and { "count", "count", "sum", "min", "max" } or { "min", "max" })
  local expr = { op = "agg", fn = fn, type = type_ }
  if fn == "count" then
    expr.arg = g.random(3) > 1 and argument(g, pick(g, exprs.types), inside) or nil
  else
    expr.arg = argument(g, fn == "avg" and "int" or type_, inside)
    if not expr.arg then return nil end
  end
  if expr.arg and fn ~= "avg" then expr.distinct = g.random(4) == 1 end
  if not g.lacks "filter_of_aggregates" and g.random(5) == 1 then
    expr.filter = exprs.expr(g, "bool", 1, { entries = inside.entries, used = {}, simple = true })
  end
  return expr
end

function exprs.random_nulls(g)
  if g.lacks "nulls_order" or g.random(3) > 1 then return nil end
  return g.random(2) == 1 and "first" or "last"
end

local WINDOWS = { "row_number", "rank", "dense_rank", "sum", "count", "max" }

-- row_number, and frames of rows, need rows of which no two are equal.
function exprs.window(g, scope)
  local ids, is_total = {}, true
  for _, entry in ipairs(scope.entries) do
    local source = entry.source
    if source.kind == "table" and data_of.keyed[source.table] then
      ids[#ids + 1] = { expr = { op = "column", type = "int", from = entry.id, name = "id" } }
    else
      is_total = false
    end
  end
  local expr = { op = "window", fn = pick(g, WINDOWS), type = "int", partition = {}, order = {} }
  if expr.fn == "row_number" and not is_total then expr.fn = "rank" end
  if expr.fn == "sum" or expr.fn == "max" or expr.fn == "count" then
    expr.arg = argument(g, "int", scope)
    if not expr.arg then expr.fn = "rank" end
  end
  for i = 1, g.random(3) - 1 do expr.partition[i] = leaf(g, pick(g, exprs.types), { entries = scope.entries }) end
  for i = 1, g.random(3) - 1 do
    local own = { entries = scope.entries, used = {}, simple = true }
    expr.order[i] = { expr = exprs.expr(g, pick(g, exprs.types), 1, own),
      desc = g.random(2) == 1, nulls = exprs.random_nulls(g) }
  end
  local needs_total = expr.fn == "row_number"
  if is_total and expr.arg and g.random(3) == 1 then expr.rows, needs_total = g.random(3) - 1, true end
  if needs_total then table.move(ids, 1, #ids, #expr.order + 1, expr.order) end
  if #expr.order == 0 and not expr.arg then
    expr.order[1] = { expr = leaf(g, "int", { entries = scope.entries }), desc = g.random(2) == 1 }
  end
  return expr
end

return exprs
