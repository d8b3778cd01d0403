-- Makes corm's statement of a random plan (selects_plan).
local corm = require "corm"
local data_of = require "spec.support.selects_data"
local ops = require "spec.support.selects_ops"
local plans = require "spec.support.selects_plan"

local func = corm.func
local types = data_of.types
local selects_build = {}
local expr_of, query_of

-- b: { m, plan, entities = what each FROM is by its id, ctes }.
local function column_of(b, id, name)
  local entity = b.entities[id]
  return entity.is_class and entity.it[name] or entity.it.c[name]
end

local function is_own(query, id)
  for _, entry in ipairs(query.from) do
    if entry.id == id then return true end
  end
  return false
end

-- The FROMs of other statements that a select's own expressions name.
local function outer_ids(query)
  local found, seen = {}, {}
  local look
  local function note(id, inside)
    if not is_own(query, id) and not inside[id] and not seen[id] then
      seen[id] = true
      found[#found + 1] = id
    end
  end
  local function each(list, inside)
    for _, part in ipairs(list) do look(part, inside) end
  end
  function look(expr, inside)
    if expr.from then note(expr.from, inside) end
    each(expr.args or {}, inside)
    for _, key in ipairs { "arg", "filter" } do
      if expr[key] then look(expr[key], inside) end
    end
    if expr.criterion then look(expr.criterion, setmetatable({ [expr.id] = true }, { __index = inside })) end
  end
  for _, column in ipairs(query.columns) do look(column.expr, {}) end
  if query.where then look(query.where, {}) end
  if query.having then look(query.having, {}) end
  for _, item in ipairs(query.order or {}) do
    if item.expr then look(item.expr, {}) end
  end
  for _, entry in ipairs(query.from) do
    if entry.on then look(entry.on, {}) end
  end
  return found
end

-- -- FROM ------------------------------------------------------------------------------------------------------------

local source = {}

function source.table(b, id, s)
  if s.how == "class" then
    local class = b.m[s.table]
    if s.aliased then class = corm.aliased(class, s.named and { name = id } or nil) end
    return { it = class, is_class = true }
  end
  local table_ = b.m.table[s.table]
  return { it = s.aliased and table_:alias(s.named and id or nil) or table_ }
end

function source.query(b, id, s)
  return { it = query_of(b, s.query, nil):subquery(s.named and id or nil) }
end

function source.lateral(b, id, s, enclosing)
  return { it = query_of(b, s.query, enclosing):lateral(id) }
end

function source.values(_, id, s)
  local columns, rows = {}, {}
  for i, column in ipairs(s.columns) do columns[i] = corm.column(column[1], types[column[2]]) end
  for i, row in ipairs(s.rows) do
    rows[i] = {}
    for j, column in ipairs(s.columns) do rows[i][j] = data_of.to_corm(row[j], column[2]) end
  end
  columns[#columns + 1] = { name = id }
  return { it = corm.values(table.unpack(columns)):data(rows) }
end

local function recursive(b, cte)
  local node = b.m.table.node
  local start = cte.start and node.c.id:eq(cte.start) or node.c.parent_id:is_(nil)
  local top = corm.select(node.c.id, corm.literal(0, corm.Integer):label "depth", node.c.n:label "total"):where(start)
    :cte(cte.id, { recursive = true })
  local below = corm.select(node.c.id, top.c.depth + 1, node.c.n + top.c.total):join(top, node.c.parent_id:eq(top.c.id))
  return top[cte.union](top, below)
end

function source.cte(b, id, s)
  local cte = plans.cte(b.plan, s.cte)
  b.ctes[s.cte] = b.ctes[s.cte] or cte.recursive and recursive(b, cte) or query_of(b, cte.query, nil):cte(cte.id)
  local it = b.ctes[s.cte]
  return { it = s.aliased and it:alias(id) or it }
end

local function join(b, stmt, query, i)
  local entry = query.from[i]
  local it = b.entities[entry.id].it
  if entry.join == "cross" then return stmt:select_from(it) end
  local method = entry.join == "inner" and "join" or "outerjoin"
  local on
  if entry.along then
    local attribute = b.entities[entry.along.from].it[entry.along.name]
    if entry.along.how == 1 then
      return stmt[method](stmt, entry.source.aliased and attribute:of_type(it) or attribute)
    end
    on = attribute
  elseif not entry.unsaid then
    on = expr_of(b, entry.on, query)
  end
  local args = { it, on }
  if entry.join == "full" then args[#args + 1] = { full = true } end
  if i == 2 and not query.explicit then
    return stmt[method .. "_from"](stmt, b.entities[query.from[1].id].it, table.unpack(args))
  end
  return stmt[method](stmt, table.unpack(args))
end

local function from_of(b, stmt, query)
  local root = query.from[1]
  local is_implied = not query.explicit and query.from[2] ~= nil and query.from[2].join ~= "cross"
    and not (query.from[2].along and query.from[2].along.how == 1)
  for _, column in ipairs(query.columns) do
    if #query.from == 1 and not query.explicit and column.expr.from == root.id and column.expr.op ~= "related" then
      is_implied = true
    end
  end
  if not is_implied then stmt = stmt:select_from(b.entities[root.id].it) end
  for i = 2, #query.from do stmt = join(b, stmt, query, i) end
  return stmt
end

-- -- expressions -----------------------------------------------------------------------------------------------------

local build = {}

function build.column(b, expr) return column_of(b, expr.from, expr.name) end

function build.entity(b, expr, _, in_columns)
  return in_columns and b.entities[expr.from].it or column_of(b, expr.from, expr.name)
end

function build.value(_, expr)
  return corm.literal(data_of.to_corm(expr.value, expr.type), types[expr.type])
end

local function list_of(b, exprs, query)
  local list = {}
  for i, expr in ipairs(exprs) do list[i] = expr_of(b, expr, query) end
  return list
end

function build.call(b, expr, query)
  local args = list_of(b, expr.args, query)
  for i = 2, #args do
    local arg = expr.args[i]
    if arg.op == "value" and arg.type ~= "bool" then args[i] = data_of.to_corm(arg.value, arg.type) end
  end
  return ops.by_name[expr.fn].build(table.unpack(args))
end

function build.agg(b, expr, query)
  local arg = expr.arg and expr_of(b, expr.arg, query)
  if expr.distinct then arg = arg:distinct() end
  local made = ops.aggregates[expr.fn].build(arg)
  return expr.filter and made:filter(expr_of(b, expr.filter, query)) or made
end

local function in_order(x, item)
  if item.desc then
    x = type(x) == "string" and corm.desc(x) or x:desc()
  elseif type(x) ~= "string" and item.nulls == nil and item.how == 2 then
    x = x:asc()
  end
  return item.nulls and corm["nulls_" .. item.nulls](x) or x
end

function build.window(b, expr, query)
  local made = expr.arg and build.agg(b, expr, query) or func[expr.fn] { type_ = corm.Integer }
  local over = {}
  if #expr.partition > 0 then over.partition_by = list_of(b, expr.partition, query) end
  for i, item in ipairs(expr.order) do
    over.order_by = over.order_by or {}
    over.order_by[i] = in_order(expr_of(b, item.expr, query), item)
  end
  if expr.rows then over.rows = { -expr.rows, 0 } end
  return made:over(over)
end

function build.scalar(b, expr, query) return query_of(b, expr.query, query):scalar_subquery() end

function build.exists(b, expr, query)
  local inner = query_of(b, expr.query, query)
  return expr.how == 1 and corm.exists(inner) or inner:exists()
end

local function left_of_in(b, expr, query)
  local args = list_of(b, expr.args, query)
  return #args > 1 and corm.tuple_(table.unpack(args)) or args[1]
end

function build.in_query(b, expr, query)
  local left = left_of_in(b, expr, query)
  return left[expr.negated and "not_in" or "in_"](left, query_of(b, expr.query, query))
end

function build.in_rows(b, expr, query)
  local left, rows = left_of_in(b, expr, query), {}
  for i, row in ipairs(expr.rows) do
    rows[i] = {}
    for j, value in ipairs(row) do rows[i][j] = data_of.to_corm(value, expr.args[j].type) end
    if #expr.args == 1 then rows[i] = rows[i][1] end
  end
  return left[expr.negated and "not_in" or "in_"](left, rows)
end

function build.related(b, expr, query)
  local attribute = b.entities[expr.from].it[expr.name]
  local target = b.m[expr.target]
  if expr.aliased then
    target = corm.aliased(target)
    attribute = attribute:of_type(target)
  end
  b.entities[expr.id] = { it = target, is_class = true }
  local criterion = expr.criterion and expr_of(b, expr.criterion, query)
  local method = plans.relationship(expr.table, expr.name).many and "any" or "has"
  return attribute[method](attribute, criterion)
end

function expr_of(b, expr, query, in_columns) return build[expr.op](b, expr, query, in_columns) end

-- -- queries ---------------------------------------------------------------------------------------------------------

local function correlated(b, stmt, query, enclosing)
  if not enclosing then return stmt end
  local ids, is_near = outer_ids(query), true
  local entities = {}
  for i, id in ipairs(ids) do
    is_near = is_near and is_own(enclosing, id)
    entities[i] = b.entities[id].it
  end
  if query.correlate == 3 then
    local own = {}
    for i, entry in ipairs(query.from) do own[i] = b.entities[entry.id].it end
    return stmt:correlate_except(table.unpack(own))
  end
  if query.correlate == 2 or not is_near then
    if #ids == 0 then return stmt:correlate(nil) end
    return stmt:correlate(table.unpack(entities))
  end
  return stmt
end

-- The string that an item of the order may be, where only one column has the name.
local function string_of(names, query, i)
  if query.kind == "select" and not query.columns[i].label then
    local expr = query.columns[i].expr
    if expr.op ~= "column" then return nil end
    for j, other in ipairs(query.columns) do
      local is_same = j ~= i and (other.label or other.expr.name) == expr.name
      if is_same or other.expr.op == "entity" then return nil end
    end
    for j, name in ipairs(names) do
      if j ~= i and name == names[i] then return nil end
    end
  end
  return names[i]
end

local function ordered(b, stmt, query, items)
  local names = plans.names(query)
  local order = {}
  for i, item in ipairs(query.order or {}) do
    local x
    if item.column then
      x = (query.kind == "set" or item.how == 1) and string_of(names, query, item.column) or items[item.column]
    else
      x = expr_of(b, item.expr, query)
    end
    order[i] = in_order(x, item)
  end
  if #order > 0 then stmt = stmt:order_by(table.unpack(order)) end
  if query.limit then stmt = stmt:limit(query.limit) end
  if query.offset then stmt = stmt:offset(query.offset) end
  return stmt
end

local function select_of(b, query, enclosing)
  local is_whole = query.group and #query.group == 0
  assert(not is_whole or plans.has_aggregate(query), "no aggregate, and no key")
  assert(not (query.limit or query.offset) or plans.is_total(query), "which rows are left is not said")
  for _, entry in ipairs(query.from) do
    b.entities[entry.id] = source[entry.source.kind](b, entry.id, entry.source, query)
  end
  local items, order_items = {}, {}
  for i, column in ipairs(query.columns) do
    local item = expr_of(b, column.expr, query, true)
    if column.label then item = item:label(column.label) end
    items[i] = item
    order_items[i] = column.expr.op == "entity" and expr_of(b, column.expr, query) or item
  end
  local stmt = from_of(b, corm.select(table.unpack(items)), query)
  stmt = correlated(b, stmt, query, enclosing)
  if query.where then stmt = stmt:where(expr_of(b, query.where, query)) end
  if query.group then
    local keys = {}
    for i, item in ipairs(query.group) do
      keys[i] = item.expr and expr_of(b, item.expr, query) or query.columns[item.column].label
    end
    if #keys > 0 then stmt = stmt:group_by(table.unpack(keys)) end
    if query.having then stmt = stmt:having(expr_of(b, query.having, query)) end
  end
  if query.distinct then stmt = stmt:distinct() end
  return ordered(b, stmt, query, order_items)
end

local function set_of(b, query, enclosing)
  local parts = {}
  for i, part in ipairs(query.parts) do parts[i] = query_of(b, part, enclosing) end
  local stmt
  if #parts == 2 then
    stmt = parts[1][query.op](parts[1], parts[2])
  else
    stmt = corm[query.op](table.unpack(parts))
  end
  return ordered(b, stmt, query)
end

-- enclosing: the select around, of whose FROMs it may speak.
function query_of(b, query, enclosing)
  return (query.kind == "set" and set_of or select_of)(b, query, enclosing)
end

function selects_build.statement(m, plan)
  return query_of({ m = m, plan = plan, entities = {}, ctes = {} }, plan.query, nil)
end

return selects_build
