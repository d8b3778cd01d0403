-- What a random select gives, found in Lua. An env has a row for each FROM by its id, and sees those of the statements
-- around it. A query's rows are lists of values by position.
local corm = require "corm"
local data_of = require "spec.support.selects_data"
local ops = require "spec.support.selects_ops"
local plans = require "spec.support.selects_plan"

local null = corm.null
local selects_rows = {}
local MOST = 300 -- rows of a join
local GROUP, ALL = {}, {}
local value_of, rows_of

selects_rows.too_many = {}

local function serial(value)
  if value == null then return "-" end
  return type(value) .. ":" .. tostring(value)
end

function selects_rows.key(list)
  local parts = {}
  for i = 1, #list do parts[i] = serial(list[i]) end
  return table.concat(parts, "\0")
end
local key_of = selects_rows.key

local function child(env) return setmetatable({}, { __index = env }) end

local function with(env, id, row)
  local new = {}
  for key, value in pairs(env) do new[key] = value end
  new[id] = row
  return setmetatable(new, getmetatable(env))
end

local function values_of(run, exprs, env)
  local list = {}
  for i, expr in ipairs(exprs) do list[i] = value_of(run, expr, env) end
  return list
end

-- -- order -----------------------------------------------------------------------------------------------------------

-- Items: { desc, nulls }; a and b: lists of values.
local function before(run, items, a, b)
  for i, item in ipairs(items) do
    local x, y = a[i], b[i]
    if x ~= y then
      local first = item.nulls == "first" or (item.nulls == nil and run.nulls_small == not item.desc)
      if x == null then return first end
      if y == null then return not first end
      local order = ops.compare(x, y)
      if order ~= 0 then return (order < 0) == not item.desc end
    end
  end
  return nil
end

-- Sorts { keys, ... } by their keys, and keeps what is equal as it was.
local function sort(run, items, list)
  for i, entry in ipairs(list) do entry.at = i end
  table.sort(list, function(a, b)
    local result = before(run, items, a.keys, b.keys)
    if result == nil then return a.at < b.at end
    return result
  end)
end

-- -- expressions -----------------------------------------------------------------------------------------------------

local value = {}

function value.column(_, expr, env)
  local row = env[expr.from]
  if row == nil then error("no FROM " .. expr.from) end
  if row == null then return null end
  local found = row[expr.name]
  if found == nil then error("no column " .. expr.name) end
  return found
end

function value.entity(run, expr, env) return value.column(run, expr, env) end

function value.value(_, expr) return expr.value end

function value.call(run, expr, env)
  local args = values_of(run, expr.args, env)
  return ops.by_name[expr.fn].value(table.unpack(args))
end

local function aggregate(run, expr, envs)
  local list, seen = {}, {}
  for _, env in ipairs(envs) do
    if not expr.filter or value_of(run, expr.filter, env) == true then
      local arg = expr.arg and value_of(run, expr.arg, env)
      if expr.arg == nil then
        list[#list + 1] = true
      elseif arg ~= null and not (expr.distinct and seen[arg]) then
        seen[arg] = true
        list[#list + 1] = arg
      end
    end
  end
  return ops.aggregates[expr.fn].value(list)
end

function value.agg(run, expr, env) return aggregate(run, expr, env[GROUP]) end

local function partition_of(run, expr, envs)
  local partitions, order = {}, {}
  for _, env in ipairs(envs) do
    local name = key_of(values_of(run, expr.partition, env))
    if not partitions[name] then
      partitions[name] = {}
      order[#order + 1] = partitions[name]
    end
    local keys = {}
    for i, item in ipairs(expr.order) do keys[i] = value_of(run, item.expr, env) end
    table.insert(partitions[name], { env = env, keys = keys })
  end
  return order
end

-- The envs of list that a window's function sees at i.
local function frame(run, expr, list, i)
  local from, to = 1, i
  if expr.rows then
    from, to = i - expr.rows, i
  elseif #expr.order == 0 then
    to = #list
  else
    while list[to + 1] and before(run, expr.order, list[i].keys, list[to + 1].keys) == nil do to = to + 1 end
  end
  local envs = {}
  for at = math.max(from, 1), to do envs[#envs + 1] = list[at].env end
  return envs
end

local function windows(run, expr, envs)
  local found = {}
  for _, list in ipairs(partition_of(run, expr, envs)) do
    sort(run, expr.order, list)
    local rank, dense = 0, 0
    for i, entry in ipairs(list) do
      if i == 1 or before(run, expr.order, list[i - 1].keys, entry.keys) ~= nil then rank, dense = i, dense + 1 end
      if expr.fn == "row_number" then
        found[entry.env] = i
      elseif expr.fn == "rank" then
        found[entry.env] = rank
      elseif expr.fn == "dense_rank" then
        found[entry.env] = dense
      else
        found[entry.env] = aggregate(run, expr, frame(run, expr, list, i))
      end
    end
  end
  return found
end

function value.window(run, expr, env)
  local all = env[ALL]
  all.windows = all.windows or {}
  all.windows[expr] = all.windows[expr] or windows(run, expr, all)
  return all.windows[expr][env]
end

function value.scalar(run, expr, env)
  local rows = rows_of(run, expr.query, env)
  if #rows > 1 then error(selects_rows.too_many, 0) end
  if #rows == 0 then return null end
  return rows[1][1]
end

function value.exists(run, expr, env)
  return #rows_of(run, expr.query, env) > 0
end

function value.in_query(run, expr, env)
  local result = ops.is_in(values_of(run, expr.args, env), rows_of(run, expr.query, env))
  if expr.negated then return ops.not_(result) end
  return result
end

function value.in_rows(run, expr, env)
  local result = ops.is_in(values_of(run, expr.args, env), expr.rows)
  if expr.negated then return ops.not_(result) end
  return result
end

function value.related(run, expr, env)
  local from = env[expr.from]
  if from == null then return false end
  for _, row in ipairs(run.data[expr.target]) do
    if data_of.leads(run.data, plans.relationship(expr.table, expr.name), from, row)
      and (not expr.criterion or value_of(run, expr.criterion, with(env, expr.id, row)) == true) then
      return true
    end
  end
  return false
end

function value_of(run, expr, env) return value[expr.op](run, expr, env) end

-- -- FROM ------------------------------------------------------------------------------------------------------------

local function named(query, rows)
  local names, list = plans.names(query), {}
  for i, row in ipairs(rows) do
    list[i] = {}
    for j, name in ipairs(names) do list[i][name] = row[j] end
  end
  return list
end

local function recursive(run, cte)
  local found, seen = {}, {}
  local function add(row)
    local key = key_of { row.id, row.depth, row.total }
    if cte.union == "union" and seen[key] then return end
    seen[key] = true
    found[#found + 1] = row
  end
  for _, row in ipairs(run.data.node) do
    if cte.start and row.id == cte.start or not cte.start and row.parent_id == null then
      add { id = row.id, depth = 0, total = row.n }
    end
  end
  local at = 1
  while found[at] do
    local top = found[at]
    for _, row in ipairs(run.data.node) do
      if row.parent_id == top.id then
        local total = (row.n == null or top.total == null) and null or row.n + top.total
        add { id = row.id, depth = top.depth + 1, total = total }
      end
    end
    at = at + 1
  end
  return found
end

local function source_rows(run, source, env)
  if source.kind == "table" then return run.data[source.table] end
  if source.kind == "values" then
    local list = run.sources[source]
    if list then return list end
    list = {}
    run.sources[source] = list
    for i, row in ipairs(source.rows) do
      list[i] = {}
      for j, column in ipairs(source.columns) do list[i][column[1]] = row[j] end
    end
    return list
  end
  if source.kind == "lateral" then return named(source.query, rows_of(run, source.query, env)) end
  local holder = source.kind == "cte" and plans.cte(run.plan, source.cte) or source
  if not run.sources[holder] then
    run.sources[holder] = holder.recursive and recursive(run, holder)
      or named(holder.query, rows_of(run, holder.query, {}))
  end
  return run.sources[holder]
end

local function joined(run, entry, env, row, new, is_first)
  if is_first or entry.join == "cross" then return true end
  if entry.along then
    local from = env[entry.along.from]
    return from ~= null and data_of.leads(run.data, plans.relationship(entry.along.table, entry.along.name), from, row)
  end
  return value_of(run, entry.on, new) == true
end

local function join(run, entry, envs, is_first)
  local found, partners = {}, {}
  for _, env in ipairs(envs) do
    local count = #found
    for _, row in ipairs(source_rows(run, entry.source, env)) do
      local new = with(env, entry.id, row)
      if joined(run, entry, env, row, new, is_first) then
        found[#found + 1] = new
        partners[row] = true
      end
    end
    if not is_first and #found == count and (entry.join == "left" or entry.join == "full") then
      found[#found + 1] = with(env, entry.id, null)
    end
    if #found > MOST then error(selects_rows.too_many, 0) end
  end
  return found, partners
end

local function from_rows(run, query, env)
  local envs = { child(env) }
  for i, entry in ipairs(query.from) do
    local partners
    envs, partners = join(run, entry, envs, i == 1)
    if i > 1 and entry.join == "full" then
      for _, row in ipairs(source_rows(run, entry.source, env)) do
        if not partners[row] then
          local new = with(child(env), entry.id, row)
          for j = 1, i - 1 do new[query.from[j].id] = null end
          envs[#envs + 1] = new
        end
      end
    end
  end
  return envs
end

-- -- queries ---------------------------------------------------------------------------------------------------------

local function kept(run, condition, envs)
  if not condition then return envs end
  local list = {}
  for _, env in ipairs(envs) do
    if value_of(run, condition, env) == true then list[#list + 1] = env end
  end
  return list
end

local function groups(run, query, env, envs)
  local order, by_key = {}, {}
  local exprs = plans.group_exprs(query)
  for _, each in ipairs(envs) do
    local key = key_of(values_of(run, exprs, each))
    if not by_key[key] then
      by_key[key] = with(each, GROUP, {})
      order[#order + 1] = by_key[key]
    end
    table.insert(by_key[key][GROUP], each)
  end
  if #exprs == 0 and #order == 0 then order[1] = with(child(env), GROUP, {}) end
  return order
end

local function distinct(list)
  local seen, found = {}, {}
  for _, entry in ipairs(list) do
    local key = key_of(entry.row)
    if not seen[key] then found[#found + 1] = entry end
    seen[key] = true
  end
  return found
end

-- Orders and cuts { row, env }.
local function finish(run, query, list)
  if query.order then
    for _, entry in ipairs(list) do
      entry.keys = {}
      for i, item in ipairs(query.order) do
        entry.keys[i] = item.column and entry.row[item.column] or nil
        if not item.column then entry.keys[i] = value_of(run, item.expr, entry.env) end
        if item.column then entry.keys[i] = entry.row[item.column] end
      end
    end
    sort(run, query.order, list)
  end
  local rows = {}
  local first = (query.offset or 0) + 1
  for i = first, query.limit and math.min(#list, first + query.limit - 1) or #list do rows[#rows + 1] = list[i].row end
  return rows
end

local function of_select(run, query, env)
  local envs = kept(run, query.where, from_rows(run, query, env))
  if query.group then envs = kept(run, query.having, groups(run, query, env, envs)) end
  local list = {}
  for i, each in ipairs(envs) do
    each[ALL] = envs
    local row = {}
    for j, column in ipairs(query.columns) do row[j] = value_of(run, column.expr, each) end
    list[i] = { row = row, env = each }
  end
  if query.distinct then list = distinct(list) end
  return finish(run, query, list)
end

-- What n rows of the left and m of the right make of equal ones.
local counts = {
  union_all = function(n, m) return n + m end,
  union = function() return 1 end,
  intersect = function(n, m) return n > 0 and m > 0 and 1 or 0 end,
  except_ = function(n, m) return n > 0 and m == 0 and 1 or 0 end,
  intersect_all = math.min,
  except_all = function(n, m) return math.max(n - m, 0) end,
}

local function combined(op, left, right)
  local order, found = {}, {}
  for side, rows in ipairs { left, right } do
    for _, row in ipairs(rows) do
      local key = key_of(row)
      if not found[key] then
        found[key] = { row, 0, 0 }
        order[#order + 1] = found[key]
      end
      found[key][side + 1] = found[key][side + 1] + 1
    end
  end
  local rows = {}
  for _, entry in ipairs(order) do
    for _ = 1, counts[op](entry[2], entry[3]) do rows[#rows + 1] = entry[1] end
  end
  return rows
end

local function of_set(run, query, env)
  local rows = rows_of(run, query.parts[1], env)
  for i = 2, #query.parts do rows = combined(query.op, rows, rows_of(run, query.parts[i], env)) end
  local list = {}
  for i, row in ipairs(rows) do list[i] = { row = row } end
  return finish(run, query, list)
end

function rows_of(run, query, env)
  local cached = not query.correlated and run.queries[query]
  if cached then return cached end
  local rows = (query.kind == "set" and of_set or of_select)(run, query, env)
  run.queries[query] = rows
  return rows
end

-- The rows of a plan; nil where they are too many to look at.
function selects_rows.find(plan, data, nulls_small)
  local run = { plan = plan, data = data, nulls_small = nulls_small, sources = {}, queries = {} }
  local ok, rows = pcall(rows_of, run, plan.query, {})
  if ok then return rows end
  if rows ~= selects_rows.too_many then error(rows, 0) end
end

return selects_rows
