-- The query that a plan says (spec/support/loads.lua), and the rows that it is to find.
local corm = require "corm"
local models = require "spec.support.loads_models"

local loads_query = {}

-- The relationship by which a condition looks at others, if the class has one.
local function related(plan)
  local all = models.relationships(plan.kind)
  return all[plan.where.related % #all + 1]
end

local function condition(plan, entity)
  local where = plan.where
  if not where.related then return entity[where.column][where.op](entity[where.column], where.value) end
  local choice = related(plan)
  local attribute = entity[choice.name]
  return models.find(choice.kind, choice.name).many and attribute:any() or attribute:has()
end

local function matches(data, plan, row)
  local where = plan.where
  if not where then return true end
  if where.related then
    local choice = related(plan)
    return #models.find(choice.kind, choice.name).find(data, row) > 0
  end
  local value = row[where.column]
  if where.op == "le" then return value <= where.value end
  if where.op == "gt" then return value > where.value end
  return value:sub(-1) == where.value:sub(-1)
end

local function below(m, built, options)
  local list = {}
  for i, option in ipairs(options) do list[i] = loads_query.loader(m, option) end
  return #list > 0 and built:options(table.unpack(list)) or built
end

function loads_query.loader(m, option, entity)
  local target = models.find(option.kind, option.name)
  local attribute = (entity or m[option.kind])[option.name]
  if option.from then attribute = attribute:and_(m[target.kind].id:ge(option.from)) end
  local load = corm[option.how .. "load"]
  local built = option.deep and load(attribute, { recursion_depth = option.deep }) or load(attribute)
  if option.only then built = built:load_only(m[target.kind][option.only]) end
  return below(m, built, option.options)
end

local function is_polymorphic(plan)
  return plan.below and (plan.kind == "person" or plan.kind == "item")
end

-- An alias has no attributes of the classes below.
function loads_query.options(plan)
  local used = {}
  for _, option in ipairs(plan.options) do
    local contained = plan.contains and plan.contains.name == option.name -- what is said last holds
    local known = not plan.alias or is_polymorphic(plan) or models.is_a(plan.kind, option.kind)
    if known and not contained then used[#used + 1] = option end
  end
  return used
end

local function entity_of(m, plan)
  local class = m[plan.kind]
  if is_polymorphic(plan) then
    return corm.with_polymorphic(class, "*", plan.alias and { aliased = true } or nil)
  end
  return plan.alias and corm.aliased(class) or class
end

-- The loader options of a plan's query of the entity.
function loads_query.loaders(m, plan, entity)
  local options = {}
  for i, option in ipairs(loads_query.options(plan)) do
    local own = models.is_a(plan.kind, option.kind) -- those of classes below have other names in a with_polymorphic
    options[i] = loads_query.loader(m, option,
      entity ~= m[plan.kind] and (own and entity or entity[m[option.kind].__name__]) or nil)
  end
  return options
end

local function order_by(stmt, entity, kind, order)
  stmt = stmt:order_by(entity.id[order](entity.id))
  return kind == "vendor" and stmt:order_by(entity.region) or stmt
end

-- Selects the objects of a plan; with `pair` each of them beside each of those that a relationship leads to; with
-- `contains` joined to these, which it is to take from the rows.
function loads_query.statement(m, plan)
  local entity = entity_of(m, plan)
  local beside = plan.pair or plan.contains
  local other = beside and corm.aliased(m[models.find(plan.kind, beside.name).kind])
  local stmt = plan.pair and corm.select(entity, other) or corm.select(entity)
  local options = loads_query.loaders(m, plan, entity)
  if plan.pair then
    stmt = stmt:join(entity[beside.name]:of_type(other))
    for _, option in ipairs(beside.options) do
      if option.own then options[#options + 1] = loads_query.loader(m, option, other) end
    end
  elseif plan.contains then
    stmt = stmt:outerjoin(entity[beside.name]:of_type(other))
    options[#options + 1] = below(m, corm.contains_eager(entity[beside.name], { alias = other }), beside.options)
  end
  if plan.where then stmt = stmt:where(condition(plan, entity)) end
  if plan.order then
    stmt = order_by(stmt, entity, plan.kind, plan.order)
    if plan.pair then stmt = order_by(stmt, other, models.find(plan.kind, beside.name).kind, "asc") end
  end
  if plan.order and plan.limit then stmt = stmt:limit(plan.limit) end
  if plan.order and plan.offset then stmt = stmt:offset(plan.offset) end
  if plan.criteria then
    local class = m[plan.criteria.kind]
    options[#options + 1] = corm.with_loader_criteria(class, class.id:le(plan.criteria.most),
      { include_aliases = true })
  end
  if #options > 0 then stmt = stmt:options(table.unpack(options)) end
  if plan.again then stmt = stmt:execution_options { populate_existing = true } end
  return stmt
end

function loads_query.has_lists(options)
  for _, option in ipairs(options) do
    if option.how == "joined" and models.find(option.kind, option.name).many or option.how == "subquery"
      or loads_query.has_lists(option.options) then
      return true
    end
  end
  return false
end

local function before(a, b, order)
  if a.id ~= b.id then return (a.id < b.id) == (order == "asc") end
  return (a.region or 0) < (b.region or 0)
end

local function part(list, plan)
  if not plan.order then return list end
  local first = (plan.offset or 0) + 1
  return table.move(list, first, plan.limit and math.min(#list, first + plan.limit - 1) or #list, 1, {})
end

-- The rows that a plan's query finds, in its order; with `pair` those of the objects and, as a second list, those of
-- what stands beside them.
function loads_query.expect(data, plan)
  local found = models.rows(data, plan.kind, function(row) return matches(data, plan, row) end)
  if plan.order then table.sort(found, function(a, b) return before(a, b, plan.order) end) end
  if not plan.pair then return part(found, plan) end
  local roots, others = {}, {}
  for _, row in ipairs(found) do
    local list = models.find(plan.kind, plan.pair.name).find(data, row)
    table.sort(list, function(a, b) return before(a, b, "asc") end)
    for _, other in ipairs(list) do
      roots[#roots + 1], others[#others + 1] = row, other
    end
  end
  return part(roots, plan), part(others, plan)
end

-- The rows that the criteria of a plan leave.
function loads_query.visible(data, plan)
  if not plan.criteria then return data end
  local left = setmetatable({ rows = {} }, { __index = data })
  for _, row in ipairs(data.rows) do
    if not models.is_a(row.__kind, plan.criteria.kind) or row.id <= plan.criteria.most then
      left.rows[#left.rows + 1] = row
    end
  end
  return left
end

return loads_query
