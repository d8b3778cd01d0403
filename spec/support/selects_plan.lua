-- Plans of selects, and what they say. A plan: { query, ctes = { { id, query } or { id, recursive, start, union } } }.
-- A query is a select { kind = "select", from, columns = { { expr, label } }, where, group, having, order, limit,
-- offset, distinct, correlated } or { kind = "set", op, parts, order, limit, offset }. In `from` each entry has an id,
-- a source, and after the first how it is joined: { join, on } or { join, along }, which is a relationship.
local data_of = require "spec.support.selects_data"

local selects_plan = {}

function selects_plan.relationship(table_, name)
  for _, relationship in ipairs(data_of.relationships[table_]) do
    if relationship.name == name then return relationship end
  end
end

function selects_plan.cte(plan, id)
  for _, cte in ipairs(plan.ctes) do
    if cte.id == id then return cte end
  end
end

-- The names that a query's columns have where it stands in FROM: a second `n` is `n_1`.
function selects_plan.names(query)
  while query.kind == "set" do query = query.parts[1] end
  local names, seen = {}, {}
  for i, column in ipairs(query.columns) do
    local name = column.label or column.expr.name or "?" .. i
    names[i] = seen[name] and name .. "_" .. seen[name] or name
    seen[name] = (seen[name] or 0) + 1
  end
  return names
end

function selects_plan.types(query)
  while query.kind == "set" do query = query.parts[1] end
  local types = {}
  for i, column in ipairs(query.columns) do types[i] = column.expr.type end
  return types
end

-- True where all columns are ordered by: rows that may change places are equal.
function selects_plan.is_total(query)
  local there = {}
  for _, item in ipairs(query.order or {}) do
    if item.column then there[item.column] = true end
  end
  for i in ipairs(selects_plan.types(query)) do
    if not there[i] then return false end
  end
  return true
end

function selects_plan.group_exprs(query)
  local exprs = {}
  for i, item in ipairs(query.group) do exprs[i] = item.expr or query.columns[item.column].expr end
  return exprs
end

-- True when the select has the FROM of that id itself.
function selects_plan.is_own(query, id)
  for _, entry in ipairs(query.from) do
    if entry.id == id then return true end
  end
  return false
end

-- Without a key it is an aggregate among the columns that makes one row of all.
function selects_plan.has_aggregate(query)
  local found = false
  local function look(expr)
    found = found or expr.op == "agg"
    for _, arg in ipairs(expr.args or {}) do look(arg) end
  end
  for _, column in ipairs(query.columns) do look(column.expr) end
  return found
end

return selects_plan
