-- Random queries with random loader options, beside what plain Lua finds in the same rows. A plan says the query:
-- { kind, where, order, limit, offset, alias, options = { { name, kind, how, from, options = { ... } }, ... }, before,
-- again, page }. Whatever a plan says about how to load, the objects must lead to what the rows say, the same row must
-- be the same object, and what was to be loaded with the query must be there without another statement.
local corm = require "corm"
local models = require "spec.support.loads_models"

local loads = {}

-- Plans --------------------------------------------------------------------------------------------------------------

local HOWS = { "selectin", "selectin", "selectin", "joined", "joined", "joined", "subquery", "subquery", "immediate",
  "lazy", "default", "no" }
local IN_ONE = { selectin = true, joined = true, subquery = true, immediate = true }

local function options_of(random, kind, depth)
  local options = {}
  local choices = models.relationships(kind, true)
  local taken = {}
  for _ = 1, random(depth > 2 and 2 or 3) - (depth > 1 and 1 or 0) do
    local choice = choices[random(#choices)]
    if not taken[choice.name] and depth < 4 then
      taken[choice.name] = true
      local target = models.find(choice.kind, choice.name)
      local option = { name = choice.name, kind = choice.kind, how = HOWS[random(#HOWS)], options = {} }
      if option.how ~= "no" then
        option.options = options_of(random, target.kind, depth + 1)
        if target.many and option.how ~= "default" and random(6) == 1 then option.from = random(5) end
        if random(8) == 1 then option.only = random(2) == 1 and "name" or "id" end
      end
      options[#options + 1] = option
    end
  end
  return options
end

local function where_of(random)
  local choice = random(6)
  if choice == 1 then return { column = "id", op = "le", value = random(8) } end
  if choice == 2 then return { column = "id", op = "gt", value = random(4) } end
  if choice == 3 then return { column = "name", op = "like", value = "%" .. random(4) } end
  if choice == 4 then return { related = random(100) } end
end

function loads.plan(random, before)
  local kind = models.order[random(#models.order)]
  if random(3) == 1 then kind = "person" end
  local plan = { kind = kind, where = where_of(random), options = options_of(random, kind, 1) }
  if random(3) > 1 then plan.order = random(2) == 1 and "asc" or "desc" end
  if plan.order and random(2) == 1 then
    plan.limit, plan.offset = random(6), random(3) == 1 and random(3) or nil
  end
  plan.alias = random(5) == 1
  plan.below = random(4) == 1
  if not before and random(3) == 1 then
    plan.before = loads.plan(random, true)
    plan.expired = random(3) == 1
    plan.again = random(3) == 1
  end
  if random(8) == 1 then plan.page = random(4) end
  plan.seed = random(1000000)
  return plan
end

-- Everything that may be left out of a plan, each a function that gives a smaller plan.
function loads.smaller(plan)
  local found = {}
  local function copy(value)
    if type(value) ~= "table" then return value end
    local new = {}
    for key, part in pairs(value) do new[key] = copy(part) end
    return new
  end
  local function without(path, key)
    found[#found + 1] = function()
      local new = copy(plan)
      local at = new
      for _, step in ipairs(path) do at = at[step] end
      if type(key) == "number" then table.remove(at, key) else at[key] = nil end
      return new
    end
  end
  local function down(path, part)
    for key, value in pairs(part) do
      local optional = type(key) == "number" or (key ~= "kind" and key ~= "name" and key ~= "how" and key ~= "options"
        and key ~= "seed" and key ~= "column" and key ~= "op" and key ~= "value" and key ~= "related")
      if optional and value then without(path, key) end
      if type(value) == "table" then
        local longer = { table.unpack(path) }
        longer[#longer + 1] = key
        down(longer, value)
      end
    end
  end
  down({}, plan)
  return found
end

function loads.show(value, indent)
  indent = indent or ""
  if type(value) ~= "table" then return ("%q"):format(value) end
  local keys, parts = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    local name = type(key) == "number" and "" or key .. " = "
    parts[#parts + 1] = name .. loads.show(value[key], indent .. "  ")
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- Queries ------------------------------------------------------------------------------------------------------------

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

local function loader(m, option, entity)
  local target = models.find(option.kind, option.name)
  local attribute = (entity or m[option.kind])[option.name]
  if option.from then attribute = attribute:and_(m[target.kind].id:ge(option.from)) end
  local built = corm[option.how .. "load"](attribute)
  if option.only then built = built:load_only(m[target.kind][option.only]) end
  local below = {}
  for i, sub in ipairs(option.options) do below[i] = loader(m, sub) end
  return #below > 0 and built:options(table.unpack(below)) or built
end

local function is_polymorphic(plan)
  return plan.below and (plan.kind == "person" or plan.kind == "item")
end

-- An alias has no attributes of the classes below.
local function options_in_use(plan)
  local used = {}
  for _, option in ipairs(plan.options) do
    if not plan.alias or is_polymorphic(plan) or models.is_a(plan.kind, option.kind) then used[#used + 1] = option end
  end
  return used
end

local function statement(m, plan)
  local class = m[plan.kind]
  local entity = class
  if is_polymorphic(plan) then
    entity = corm.with_polymorphic(class, "*", plan.alias and { aliased = true } or nil)
  elseif plan.alias then
    entity = corm.aliased(class)
  end
  local stmt = corm.select(entity)
  if plan.where then stmt = stmt:where(condition(plan, entity)) end
  if plan.order then
    stmt = stmt:order_by(entity.id[plan.order](entity.id))
    if plan.kind == "vendor" then stmt = stmt:order_by(entity.region) end
  end
  if plan.limit then stmt = stmt:limit(plan.limit) end
  if plan.offset then stmt = stmt:offset(plan.offset) end
  local options = {}
  for i, option in ipairs(options_in_use(plan)) do
    local own = models.is_a(plan.kind, option.kind) -- those of classes below have other names in a with_polymorphic
    options[i] = loader(m, option, entity ~= class and (own and entity or entity[m[option.kind].__name__]) or nil)
  end
  if #options > 0 then stmt = stmt:options(table.unpack(options)) end
  if plan.again then stmt = stmt:execution_options { populate_existing = true } end
  return stmt
end

local function has_lists(options)
  for _, option in ipairs(options) do
    if option.how == "joined" and models.find(option.kind, option.name).many or option.how == "subquery"
      or has_lists(option.options) then
      return true
    end
  end
  return false
end

-- The rows that a plan's query finds, in its order.
function loads.expect(data, plan)
  local found = models.rows(data, plan.kind, function(row) return matches(data, plan, row) end)
  if plan.order then
    table.sort(found, function(a, b)
      if a.id ~= b.id then return (a.id < b.id) == (plan.order == "asc") end
      return (a.region or 0) < (b.region or 0)
    end)
  end
  local first = (plan.offset or 0) + 1
  return table.move(found, first, plan.limit and math.min(#found, first + plan.limit - 1) or #found, 1, {})
end

-- Claims -------------------------------------------------------------------------------------------------------------

-- What the options say of each row's relationships: claims[row][name] = list of { option, rows, loaded, sure }; __paths:
-- how many lead to the row; __partial: some of them with a part of its columns.
local function chosen(option, all)
  if option.how == "no" then return {} end
  local kept = {}
  for _, row in ipairs(all) do
    if not option.from or row.id >= option.from then kept[#kept + 1] = row end
  end
  return kept
end

local function claim(claims, data, options, rows, certain, partial)
  local once = {}
  for _, row in ipairs(rows) do
    claims[row] = claims[row] or { __paths = 0 }
    if not once[row] then claims[row].__paths = claims[row].__paths + 1 end
    claims[row].__partial = claims[row].__partial or partial
    once[row] = true
  end
  for _, option in ipairs(options) do
    local target = models.find(option.kind, option.name)
    local at_once = certain and IN_ONE[option.how] or false
    local reached = {}
    for _, row in ipairs(rows) do
      if models.is_a(row.__kind, option.kind) then
        local found = chosen(option, target.find(data, row))
        claims[row][option.name] = claims[row][option.name] or {}
        table.insert(claims[row][option.name], { option = option, rows = found, loaded = at_once })
        table.move(found, 1, #found, #reached + 1, reached)
      end
    end
    if option.how ~= "no" then claim(claims, data, option.options, reached, at_once, option.only) end
  end
end

-- Which claims must hold: what a path leads to stays where it was found, unless another path gave a parent something
-- else and nobody holds it.
local function secure(claims, data, options, rows)
  for _, option in ipairs(options) do
    local reached = {}
    for _, row in ipairs(rows) do
      if models.is_a(row.__kind, option.kind) then
        for _, each in ipairs(claims[row][option.name]) do each.sure = each.sure or each.option == option end
        if IN_ONE[option.how] and claims[row].__paths == 1 then
          local found = chosen(option, models.find(option.kind, option.name).find(data, row))
          table.move(found, 1, #found, #reached + 1, reached)
        end
      end
    end
    secure(claims, data, option.options, reached)
  end
end

-- Checks -------------------------------------------------------------------------------------------------------------

local function name_of(row)
  return ("%s(%s%d)"):format(row.__kind, row.region and row.region .. "," or "", row.id)
end

local function names_of(list, order)
  local names = {}
  for i, row in ipairs(list) do names[i] = name_of(row) end
  if not order then table.sort(names) end
  return table.concat(names, " ")
end

local check = {}
check.__index = check

local function expect(ok, message, ...)
  if not ok then error(message:format(...), 0) end
end

-- The row of an object, which must always be the same object.
function check:row(object)
  local row = self.rows[object]
  if row then return row end
  local kind = object.__class__.__name__:lower()
  local key = object.id
  row = models.rows(self.data, kind, function(other)
    return other.__kind == kind and other.id == key and other.region == (kind == "vendor" and object.region or nil)
  end)[1]
  expect(row, "there is no row of %s %s", kind, key)
  expect(not self.objects[row], "%s is two objects", name_of(row))
  self.rows[object], self.objects[row] = row, object
  return row
end

function check:rows_of(objects)
  local list = {}
  for i, object in ipairs(objects) do list[i] = self:row(object) end
  return list
end

-- What a relationship leads to, as a list.
local function related_to(object, relationship, name)
  local value = object[name]
  if not relationship.many then return { value } end
  local list = {}
  for i, each in ipairs(value) do list[i] = each end
  return list
end

-- A relationship is what the rows say, or what one of the claims does.
function check:relationship(object, row, choice)
  local relationship = models.find(choice.kind, choice.name)
  local claims = self.claims[row] and self.claims[row][choice.name]
  local before = self.session.statement_count
  local targets = related_to(object, relationship, choice.name)
  if claims and self.fresh then
    local all_loaded = not self.claims[row].__partial -- the key of a reference may be deferred
    for _, each in ipairs(claims) do all_loaded = all_loaded and each.loaded and each.sure end
    expect(not all_loaded or self.session.statement_count == before, "%s.%s was to be loaded with the query",
      name_of(row), choice.name)
  end
  local got = names_of(self:rows_of(targets), relationship.order)
  local full = names_of(relationship.find(self.data, row), relationship.order)
  local certain = claims and self.fresh and self.claims[row].__paths == 1
  for _, each in ipairs(claims or {}) do certain = certain and each.sure end
  local allowed = { not certain and full or nil }
  for _, each in ipairs(claims or {}) do allowed[#allowed + 1] = names_of(each.rows, relationship.order) end
  for _, each in ipairs(allowed) do
    if each == got then return targets end
  end
  error(("%s.%s is [%s], not [%s]"):format(name_of(row), choice.name, got, table.concat(allowed, "] or [")), 0)
end

local function check_columns(object, row)
  local kind = row.__kind
  while kind do
    for _, list in ipairs { models.kinds[kind].columns, models.kinds[kind].deferred or {} } do
      for _, name in ipairs(list) do
        local value = object[name]
        expect(value == row[name], "%s.%s is %s, not %s", name_of(row), name, tostring(value), tostring(row[name]))
      end
    end
    kind = models.kinds[kind].base
  end
end

-- What the options say comes first, since looking at something else may load it; then all that can be reached.
function check:walk(objects)
  local seen, list = {}, {}
  local function meet(object)
    if not seen[object] then
      seen[object] = true
      list[#list + 1] = object
    end
  end
  for _, object in ipairs(objects) do meet(object) end
  local at = 1
  while at <= #list do
    local object = list[at]
    local row = self:row(object)
    for _, choice in ipairs(models.relationships(row.__kind)) do
      if self.claims[row] and self.claims[row][choice.name] then
        for _, target in ipairs(self:relationship(object, row, choice)) do meet(target) end
      end
    end
    at = at + 1
  end
  at = 1
  while at <= #list and at <= 40 do
    local object = list[at]
    local row = self:row(object)
    check_columns(object, row)
    for _, choice in ipairs(models.relationships(row.__kind)) do
      if self.random(2) == 1 then
        for _, target in ipairs(self:relationship(object, row, choice)) do meet(target) end
      end
    end
    at = at + 1
  end
end

local function fetch(session, stmt, plan)
  if not plan.page or has_lists(plan.options) then return session:scalars(stmt):unique():all() end
  local objects = {}
  for page in session:scalars(stmt:execution_options { yield_per = plan.page }):partitions() do
    table.move(page, 1, #page, #objects + 1, objects)
  end
  return objects
end

-- nil, or what is wrong.
function loads.run(engine, m, data, plan, numbers_from)
  local session = corm.Session { bind = engine }
  local ok, err = xpcall(function()
    local held = plan.before and fetch(session, statement(m, plan.before), plan.before)
    local c = setmetatable({ session = session, data = data, random = numbers_from(plan.seed), fresh = not plan.before,
      rows = {}, objects = {}, claims = {} }, check)
    if held then
      claim(c.claims, data, options_in_use(plan.before), loads.expect(data, plan.before), true)
      for _, object in ipairs(held) do
        if c.random(2) == 1 then
          for _, choice in ipairs(models.relationships(c:row(object).__kind)) do
            if c.random(3) == 1 then c:relationship(object, c:row(object), choice) end
          end
        end
      end
      if plan.expired then session:expire_all() end
    end
    local objects = fetch(session, statement(m, plan), plan)
    local expected = loads.expect(data, plan)
    local got = names_of(c:rows_of(objects), plan.order)
    expect(got == names_of(expected, plan.order), "the query gives [%s], not [%s]", got, names_of(expected, plan.order))
    claim(c.claims, data, options_in_use(plan), expected, true)
    secure(c.claims, data, options_in_use(plan), expected)
    c:walk(objects)
  end, function(e) return type(e) == "string" and e or debug.traceback(tostring(e)) end)
  session:close()
  return not ok and err or nil
end

-- A smaller plan that is wrong, too, and what is wrong with it.
function loads.shrink(run, plan, err)
  local again = true
  while again do
    again = false
    for _, smaller in ipairs(loads.smaller(plan)) do
      local new = smaller()
      local said = run(new)
      if said then
        plan, err, again = new, said, true
        break
      end
    end
  end
  return plan, err
end

return loads
