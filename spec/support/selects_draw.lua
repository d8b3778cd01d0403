-- Random plans (selects_plan): where their rows come from, and the queries.
local data_of = require "spec.support.selects_data"
local exprs = require "spec.support.selects_exprs"
local plans = require "spec.support.selects_plan"

local null = require "corm".null
local pick, new_id, columns_in, some_types = exprs.pick, exprs.new_id, exprs.columns_in, exprs.some_types
local selects_draw = {}
local DEEPEST = 3 -- queries in queries, which databases do not count alike

-- -- FROM ------------------------------------------------------------------------------------------------------------

-- A scope: the entries whose columns an expression may name, that of the statement around, which names stand in FROM as
-- they are.
local function is_used(scope, name)
  if scope.below and scope.below[name] then return true end
  while scope do
    if scope.used[name] then return true end
    scope = scope.outer
  end
  return false
end

-- It stands there as it is; then nothing around that comes later may.
local function use(scope, name)
  scope.used[name] = true
  while scope.outer do
    scope = scope.outer
    scope.below = scope.below or {}
    scope.below[name] = true
  end
end

local function new_scope(outer) return { entries = {}, used = {}, outer = outer } end

local function add_entry(scope, entry, columns)
  table.insert(scope.entries, { id = entry.id, columns = columns, source = entry.source })
  return entry
end

local function columns_of(query)
  local columns = {}
  for i, name in ipairs(plans.names(query)) do columns[i] = { name, plans.types(query)[i] } end
  return columns
end

local function table_source(g, scope, name)
  local source = { kind = "table", table = name, how = "core" }
  local by_class = g.style == "orm" or g.style == "mixed" and g.random(2) == 1
  if data_of.classes[name] and by_class then source.how = "class" end
  source.aliased = is_used(scope, name) or g.random(3) == 1
  source.named = g.random(2) == 1
  if not source.aliased then use(scope, name) end
  return source, data_of.columns[name]
end

local function values_source(g)
  local source = { kind = "values", columns = {}, rows = {} }
  for i, type_ in ipairs(some_types(g, g.random(3))) do source.columns[i] = { new_id(g, "v"), type_ } end
  for i = 1, g.random(3) do
    source.rows[i] = {}
    for j, column in ipairs(source.columns) do
      -- A column of nothing but NULL has no type on MariaDB.
      source.rows[i][j] = i > 1 and g.random(4) == 1 and null or data_of.value(g.random, column[2])
    end
  end
  return source, source.columns
end

local function cte_source(g, scope)
  local cte = pick(g, g.ctes)
  local source = { kind = "cte", cte = cte.id, aliased = is_used(scope, cte.id) or g.random(4) == 1 }
  if not source.aliased then use(scope, cte.id) end
  return source, cte.recursive and { { "id", "int" }, { "depth", "int" }, { "total", "int" } } or columns_of(cte.query)
end

local function is_lateral(g, scope) return not g.lacks "lateral" and #scope.entries > 0 and g.random(6) == 1 end

local function random_source(g, scope)
  local choice = g.tame and scope.outer and 12 or g.random(12)
  if choice <= 2 and g.queries > 0 then
    if is_lateral(g, scope) then
      local query = exprs.query(g, nil, scope, { derived = true })
      return { kind = "lateral", query = query }, columns_of(query)
    end
    local query = exprs.query(g, nil, nil, { derived = true })
    return { kind = "query", query = query, named = g.random(2) == 1 }, columns_of(query)
  end
  if choice == 3 then return values_source(g) end
  if (choice == 4 or choice == 5) and #g.ctes > 0 then return cte_source(g, scope) end
  return table_source(g, scope, data_of.tables[g.random(#data_of.tables)])
end

-- A join along a relationship of a class that is there, if there is one.
local function relationship_join(g, scope)
  local from = pick(g, scope.entries)
  if from.source.kind ~= "table" or from.source.how ~= "class" then return nil end
  local relationship = pick(g, data_of.relationships[from.source.table])
  local name = relationship.target
  local source = { kind = "table", table = name, how = "class", named = g.random(2) == 1 }
  source.aliased = is_used(scope, name) or g.random(2) == 1
  if not source.aliased then use(scope, name) end
  local along = { from = from.id, table = from.source.table, name = relationship.name, how = g.random(3) }
  return add_entry(scope, { id = new_id(g, "f"), source = source, along = along }, data_of.columns[name])
end

-- An equality of a column there and one of the columns here.
local function equality(g, scope, columns)
  local wanted = {}
  for _, column in ipairs(columns) do
    if column.type ~= "bool" then
      for _, other in ipairs(columns_in(scope, column.type)) do
        if other.from ~= column.from then wanted[#wanted + 1] = { column, other } end
      end
    end
  end
  if #wanted == 0 then return nil end
  local both = pick(g, wanted)
  if g.random(2) == 1 then both = { both[2], both[1] } end
  return { op = "call", fn = both[1].type .. " eq", type = "bool", args = both }
end

-- The condition of a join of two tables that says none: their foreign key.
local function key_between(left, right)
  if left.source.kind ~= "table" or right.source.kind ~= "table" then return nil end
  local key = (data_of.keys[left.source.table] or {})[right.source.table]
  return key and { op = "call", fn = "int eq", type = "bool", args = {
    { op = "column", type = "int", from = left.id, name = key[1] },
    { op = "column", type = "int", from = right.id, name = key[2] },
  } }
end

local function explicit_join(g, scope)
  local entry = { id = new_id(g, "f") }
  local columns
  entry.source, columns = random_source(g, scope)
  add_entry(scope, entry, columns)
  local key = #scope.entries == 2 and key_between(scope.entries[1], entry)
  if key and g.random(2) == 1 then
    entry.on, entry.plain, entry.unsaid = key, true, true
    return entry
  end
  local own = {}
  for i, column in ipairs(columns) do
    own[i] = { op = "column", type = column[2], from = entry.id, name = column[1] }
  end
  entry.on = equality(g, scope, own)
  if entry.source.kind == "lateral" or not entry.on then
    entry.on = { op = "value", type = "bool", value = true }
  elseif g.random(3) == 1 and not (g.tame and scope.outer) then
    entry.on, entry.plain = { op = "call", fn = pick(g, { "and", "or" }), type = "bool",
      args = { entry.on, exprs.expr(g, "bool", 2, scope) } }, false
  else
    entry.plain = true
  end
  return entry
end

local JOINS = { "inner", "inner", "left", "left", "full" }

local function random_from(g, scope)
  local source, columns = random_source(g, scope)
  local from = { add_entry(scope, { id = new_id(g, "f"), source = source }, columns) }
  for _ = 1, g.random(3) - 1 do
    local entry = g.random(2) == 1 and relationship_join(g, scope) or explicit_join(g, scope)
    entry.join = pick(g, JOINS)
    -- SQLite 3.40 loses rows where a constant ON stands before.
    local is_full = scope.top and #from == 1 and entry.plain and entry.source.kind ~= "lateral"
    if entry.join == "full" and not (is_full and not g.lacks "full_joins") then entry.join = "left" end
    if g.tame and entry.source.kind ~= "table" then entry.join = "inner" end
    from[#from + 1] = entry
  end
  if g.random(6) == 1 then
    local cross, of_cross = random_source(g, scope)
    from[#from + 1] = add_entry(scope, { id = new_id(g, "f"), source = cross, join = "cross" }, of_cross)
  end
  return from
end

-- -- queries ---------------------------------------------------------------------------------------------------------

-- What stands in ORDER BY as a number is the place of a column, where it is no parameter; on MariaDB even then.
local function is_number(expr) return expr.op == "value" or (expr.op == "call" and expr.fn == "neg") end

local function add_column(g, query, expr, options, seen)
  local column = { expr = expr }
  local is_column = expr.op == "column" and plans.is_own(query, expr.from)
  if not is_column and (options.derived or query.distinct or g.tame) or g.random(3) == 1 then
    column.label = new_id(g, "l")
  end
  if expr.op == "entity" then column.label = nil end
  if is_number(expr) then column.label = column.label or new_id(g, "l") end
  if is_column and seen[expr.from .. "." .. expr.name] then column.label = new_id(g, "l") end -- that has no name
  if is_column and not column.label then seen[expr.from .. "." .. expr.name] = true end
  table.insert(query.columns, column)
end

local function grouped_scope(g, query, scope)
  local keys = { entries = {}, used = scope.used, outer = scope.outer, grouped = true, top = scope.top,
    simple = scope.simple or g.tame,
    aggregates = { entries = scope.entries } }
  for _ = 1, g.random(3) - 1 do
    local columns = columns_in(scope, pick(g, exprs.types))
    local key = columns[1] and pick(g, columns)
    if key then
      table.insert(query.group, { expr = key })
      table.insert(keys.entries, { id = key.from, columns = { { key.name, key.type } }, source = { kind = "key" } })
    end
  end
  return keys
end

local function add_columns(g, query, scope, types, options, own)
  local seen = {}
  for _, type_ in ipairs(types) do
    local choice, expr = g.random(10), nil
    if query.group then
      expr = g.random(2) == 1 and exprs.aggregate(g, type_, scope) or nil
      if options.top and choice == 1 and not query.distinct then
        expr = exprs.aggregate(g, "real", scope, "avg")
      end
    elseif choice == 1 and type_ == "int" and options.windows then
      expr = exprs.window(g, own)
    elseif choice <= 3 and options.top and not query.distinct then
      local entry = pick(g, scope.entries)
      if entry.source.kind == "table" and entry.source.how == "class" then
        expr = { op = "entity", type = "int", from = entry.id, name = "id" }
      end
    end
    add_column(g, query, expr or exprs.expr(g, type_, g.random(3) - 1, scope), options, seen)
  end
end

-- A key that is a label of the select.
local function group_by_label(g, query)
  for i, column in ipairs(query.columns) do
    local expr = column.expr
    if column.label and expr.op == "call" and g.random(2) == 1 then
      local plain = true
      for _, arg in ipairs(expr.args) do
        plain = plain and (arg.op == "column" and plans.is_own(query, arg.from) or arg.op == "value")
      end
      if plain then table.insert(query.group, { column = i }) end
    end
  end
end

local function order_item(g, query, scope)
  local item = { desc = g.random(2) == 1, nulls = exprs.random_nulls(g), how = g.random(3) }
  item.column = g.random(#query.columns)
  if query.kind == "select" and not query.distinct and g.random(3) == 1 then
    local within = scope
    if not scope.top then
      within = { entries = scope.entries, used = scope.used, aggregates = scope.aggregates, simple = true,
        outer = not (g.tame or g.lacks "outer_order") and scope.outer or nil }
    end
    local expr = exprs.expr(g, pick(g, exprs.types), 2, within)
    if not is_number(expr) then item.column, item.expr = nil, expr end
  end
  return item
end

-- Makes the order one of rows, but for equal ones.
local function complete(g, query)
  local there = {}
  for _, item in ipairs(query.order) do
    if item.column then there[item.column] = true end
  end
  for i in ipairs(plans.types(query)) do
    if not there[i] then table.insert(query.order, { column = i, how = g.random(3) }) end
  end
end

local function add_order(g, query, scope, options)
  local types = plans.types(query)
  local may_be = not (options.list and g.lacks "limit_in_in")
  local is_limited = options.cut or (may_be and g.random(options.top and 3 or 5) == 1)
  if not is_limited and not (options.top and g.random(2) == 1) then return end
  for _, type_ in ipairs(types) do
    if type_ == "real" then return end
  end
  query.order = {}
  for i = 1, g.random(3) - 1 do
    query.order[i] = order_item(g, query.kind == "set" and { kind = "set", columns = types } or query, scope)
  end
  if is_limited or g.random(2) == 1 then complete(g, query) end
  if is_limited then
    query.limit = options.cut and 1 or (g.random(5) > 1 and g.random(5) - 1 or nil)
    local no_offset = query.distinct and g.lacks "offset_of_distinct"
    if not no_offset and (g.random(2) == 1 or not query.limit) then query.offset = g.random(3) end
  end
  if #query.order == 0 then query.order = nil end
end

local SETS = { "union", "union", "union_all", "union_all", "intersect", "except_", "intersect_all", "except_all" }

local function set_query(g, types, outer, options)
  local query = { kind = "set", op = pick(g, SETS), parts = {}, correlated = outer ~= nil }
  if g.lacks "set_operations_all" and query.op:find "t_all$" then query.op = "union_all" end
  local of_parts = { derived = true, list = options.list, depth = options.depth, part = true }
  for i = 1, g.random(4) == 1 and 3 or 2 do
    g.queries = g.queries - 1
    query.parts[i] = exprs.query(g, types, outer, of_parts)
  end
  add_order(g, query, nil, options)
  return query
end

local function all_tables(query)
  for _, entry in ipairs(query.from) do
    if entry.source.kind ~= "table" then return false end
  end
  return true
end

local function add_having(g, query, inner)
  if g.random(2) == 1 and not (g.tame and #query.group == 0) then
    local within = inner
    if g.lacks "outer_having" then
      within = { entries = {}, used = inner.used, aggregates = inner.aggregates, grouped = true, simple = true }
    end
    query.having = exprs.expr(g, "bool", 2, within)
  end
end

local function select_query(g, types, outer, options)
  local query = { kind = "select", columns = {}, correlated = outer ~= nil, correlate = g.random(3) }
  local scope = new_scope(outer)
  scope.top, scope.simple = options.top, g.tame
  query.from = random_from(g, scope)
  scope.simple = g.tame and not (options.top and all_tables(query))
  query.explicit = g.random(3) > 1
  if g.random(3) > 1 then query.where = exprs.expr(g, "bool", g.random(4) - 1, scope) end
  local may_group = not (g.tame and options.list)
  if may_group and (g.random(4) == 1 or (options.scalar and g.random(2) == 1)) then query.group = {} end
  if g.random(5) == 1 then query.distinct = true end
  local inner = query.group and grouped_scope(g, query, scope) or scope
  if options.scalar and query.group and g.random(2) == 1 then query.group, inner.entries = {}, {} end
  local within = { derived = options.derived or options.scalar or options.list, top = options.top,
    windows = not query.distinct and not (g.tame and outer) }
  add_columns(g, query, inner, types, within, scope)
  if query.group then
    group_by_label(g, query)
    add_having(g, query, inner)
    if #query.group == 0 and not plans.has_aggregate(query) then query.group, query.having, inner = nil, nil, scope end
  end
  local is_one = options.scalar and not (query.group and #query.group == 0)
  add_order(g, query, inner, { top = options.top, list = options.list, cut = is_one })
  return query
end

function exprs.query(g, types, outer, options)
  types = types or some_types(g, g.random(3))
  g.depth = g.depth + 1
  local left, is_deep = g.queries, g.depth > (g.tame and 2 or DEEPEST)
  if is_deep then g.queries = 0 end
  local is_set = g.queries > 0 and not options.scalar and not (g.tame and outer) and g.random(5) == 1
  local query = (is_set and set_query or select_query)(g, types, outer, options)
  if is_deep then g.queries = left end
  g.depth = g.depth - 1
  return query
end

local function random_cte(g)
  local cte = { id = new_id(g, "c") }
  if g.random(3) == 1 then
    cte.recursive, cte.union = true, g.random(2) == 1 and "union" or "union_all"
    if g.random(2) == 1 then cte.start = g.random(3) end
  else
    g.queries = g.queries - 1
    cte.query = exprs.query(g, nil, nil, { derived = true })
  end
  return cte
end

-- lacks(name): what the database has not. `tame`: it loses its way, or its rows, in queries in queries in queries.
function selects_draw.random(random, lacks, tame)
  local g = { random = random, lacks = lacks, tame = tame, ids = 0, depth = 0, queries = random(6) - 1, ctes = {} }
  g.style = ({ "core", "orm", "mixed" })[random(3)]
  for _ = 1, random(3) == 1 and random(2) or 0 do g.ctes[#g.ctes + 1] = random_cte(g) end
  local plan = { query = exprs.query(g, nil, nil, { top = true }), ctes = g.ctes }
  plan.literal = random(8) == 1
  return plan
end

return selects_draw
