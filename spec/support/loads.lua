-- Random queries with random loader options, beside what plain Lua finds in the same rows. A plan says the query (see
-- loads.plan); options = { { name, kind, how, from, only, deep, options = { ... } }, ... } is what is loaded with it.
-- Whatever a plan says about how to load, the objects must lead to what the rows say, the same row must be the same
-- object, and what was to be loaded with the query must be there without another statement.
local corm = require "corm"
local drawn = require "spec.support.drawn"
local models = require "spec.support.loads_models"
local query = require "spec.support.loads_query"

local loads = {}

-- Plans --------------------------------------------------------------------------------------------------------------

local HOWS = { "selectin", "selectin", "selectin", "joined", "joined", "joined", "subquery", "subquery", "immediate",
  "lazy", "default", "no", "raise" }
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
      local again = models.find(target.kind, choice.name)
      local recursive = again == target and choice.name ~= "mentor" -- whose key is in a table of its own
      if recursive and (option.how == "selectin" or option.how == "immediate") and random(2) == 1 then
        option.deep = ({ 1, 2, 3, -1 })[random(4)]
      elseif option.how ~= "no" and option.how ~= "raise" then
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

-- What stands beside the objects of a query, by a relationship of its class.
local function beside_of(random, kind)
  local choices = models.relationships(kind)
  local name = choices[random(#choices)].name
  local target = models.find(kind, name)
  local options = options_of(random, target.kind, 2)
  for _, option in ipairs(options) do option.own = models.is_a(target.kind, option.kind) end
  return { name = name, options = options }
end

-- A query of `kind` and what is special about it: `before` is another one that the session has sent, whose objects are
-- `expired` by then or overwritten (`again`); `page`: so many rows at a time; `one`: it is a get() of the row with that
-- number; `criteria`: of all rows of a kind; `hard`: the collector hardly rests.
function loads.plan(random, before)
  local kind = models.order[random(#models.order)]
  if random(3) == 1 then kind = "person" end
  local plan = { kind = kind, where = where_of(random), options = options_of(random, kind, 1) }
  if random(3) > 1 then plan.order = random(2) == 1 and "asc" or "desc" end
  if plan.order and random(2) == 1 then
    plan.limit, plan.offset = random(6), random(3) == 1 and random(3) or nil
  end
  plan.alias = random(5) == 1 or nil
  plan.below = random(4) == 1 or nil
  local special = random(12)
  if special == 1 then
    plan.pair = beside_of(random, kind)
  elseif special == 2 and not plan.limit then
    plan.contains = beside_of(random, kind)
  elseif special == 3 then
    plan.page = random(4)
  elseif special == 4 then
    plan.one = random(20)
  end
  if not before and random(3) == 1 then
    plan.before = loads.plan(random, true)
    plan.expired = random(3) == 1 or nil
    plan.again = random(3) == 1 or nil
  elseif not before and not plan.one and random(5) == 1 then
    plan.criteria = { kind = models.roots[random(#models.roots)], most = random(6) }
  end
  plan.hard = random(8) == 1 or nil
  plan.seed = random(1000000)
  return plan
end

local OPTIONAL = {}
for name in ("where order limit offset alias below pair contains page one before expired again criteria hard from only "
  .. "deep"):gmatch "%a+" do
  OPTIONAL[name] = true
end

-- Everything that may be left out of a plan, each a function that gives a smaller plan.
function loads.smaller(plan)
  local found = {}
  local function without(path, key)
    found[#found + 1] = function()
      local new = drawn.copy(plan)
      local at = new
      for _, step in ipairs(path) do at = at[step] end
      if type(key) == "number" then table.remove(at, key) else at[key] = nil end
      return new
    end
  end
  local function down(path, part)
    for key, value in pairs(part) do
      if type(key) == "number" or OPTIONAL[key] then without(path, key) end
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

-- Claims -------------------------------------------------------------------------------------------------------------

local function chosen(option, all)
  if option.how == "no" then return {} end
  local kept = {}
  for _, row in ipairs(all) do
    if not option.from or row.id >= option.from then kept[#kept + 1] = row end
  end
  return kept
end

local function leads_on(option)
  return option.how ~= "no" and option.how ~= "raise" and option.deep ~= 0
end

-- A recursive option goes on as itself; no chain of these rows is longer than 20.
local function next_options(option)
  if not option.deep then return option.options end
  local less = { __index = option, deep = (option.deep < 0 and 21 or option.deep) - 1 }
  less.same = option.same or option
  return { setmetatable(less, less) }
end

-- What the options say of each row's relationships: claims[row][name] = list of { option, rows, loaded, sure };
-- __paths: how many lead to the row; __partial: some of them with a part of its columns.
local function claim(claims, data, options, rows, certain, partial)
  for _, row in ipairs(rows) do
    claims[row] = claims[row] or { __paths = 0 }
    claims[row].__paths = claims[row].__paths + 1
    claims[row].__partial = claims[row].__partial or partial
  end
  for _, option in ipairs(options) do
    local target = models.find(option.kind, option.name)
    local at_once = certain and IN_ONE[option.how] or false
    local reached, is_reached = {}, {}
    for _, row in ipairs(rows) do
      if models.is_a(row.__kind, option.kind) then
        local found = chosen(option, target.find(data, row))
        claims[row][option.name] = claims[row][option.name] or {}
        table.insert(claims[row][option.name], { option = option, rows = found, loaded = at_once })
        for _, other in ipairs(found) do
          if not is_reached[other] then reached[#reached + 1] = other end
          is_reached[other] = true
        end
      end
    end
    if leads_on(option) then claim(claims, data, next_options(option), reached, at_once, option.only) end
  end
end

-- Which claims must hold: what a path leads to stays where it was found, unless another path gave a parent something
-- else and nobody holds it.
local function secure(claims, data, options, rows)
  for _, option in ipairs(options) do
    local reached = {}
    for _, row in ipairs(rows) do
      if models.is_a(row.__kind, option.kind) then
        for _, each in ipairs(claims[row][option.name]) do
          each.sure = each.sure or (each.option.same or each.option) == (option.same or option)
        end
        if IN_ONE[option.how] and claims[row].__paths == 1 then
          local found = chosen(option, models.find(option.kind, option.name).find(data, row))
          table.move(found, 1, #found, #reached + 1, reached)
        end
      end
    end
    if leads_on(option) then secure(claims, data, next_options(option), reached) end
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

-- Whether an access may send a statement: not where one of the claims says that it came with the query and nothing else
-- can be in its place.
function check:is_there(row, claims)
  if self.again or self.touched[row] then return false end -- what is overwritten is loaded again
  if self.claims[row].__partial then return false end -- the key of a reference may be deferred
  if self.plain then
    for _, each in ipairs(claims) do
      if each.loaded then return true end
    end
    return false
  end
  for _, each in ipairs(claims) do
    if not (self.fresh and each.loaded and each.sure) then return false end
  end
  return true
end

-- A relationship is what the rows say, or what one of the claims does.
function check:relationship(object, row, choice)
  local relationship = models.find(choice.kind, choice.name)
  local claims = self.claims[row] and self.claims[row][choice.name]
  local before = self.session.statement_count
  local certain = claims and self.fresh and self.claims[row].__paths == 1 and not self.touched[row]
  local raises
  for _, each in ipairs(claims or {}) do
    certain = certain and each.sure
    raises = raises or each.option.how == "raise"
  end
  if raises then
    local ok, err = pcall(related_to, object, relationship, choice.name)
    expect(not ok or not certain, "%s.%s was not to be read", name_of(row), choice.name)
    if not ok then
      expect(type(err) == "userdata" and err.class == "InvalidRequestError", "%s", err)
      return {}
    end
  end
  local targets = related_to(object, relationship, choice.name)
  expect(not claims or not self:is_there(row, claims) or self.session.statement_count == before,
    "%s.%s was to be loaded with the query", name_of(row), choice.name)
  local order = relationship.order
  for _, each in ipairs(claims or {}) do order = not each.option.contained and order end -- there it is the query's own
  local got = names_of(self:rows_of(targets), order)
  local allowed = { not certain and names_of(relationship.find(self.data, row), order) or nil }
  for _, each in ipairs(claims or {}) do allowed[#allowed + 1] = names_of(each.rows, order) end
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

-- What is said of an object later is as if nothing had been loaded.
function check:touch(object, row)
  self.touched[row] = true
  local choices = models.relationships(row.__kind)
  local how = self.random(3)
  if how == 1 then
    self.session:expire(object)
  elseif how == 2 then
    self.session:refresh(object)
  else
    self.session:expire(object, { choices[self.random(#choices)].name })
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
    if self.random(6) == 1 then self:touch(object, row) end
    check_columns(object, row)
    for _, choice in ipairs(models.relationships(row.__kind)) do
      if self.random(2) == 1 then
        for _, target in ipairs(self:relationship(object, row, choice)) do meet(target) end
      end
    end
    at = at + 1
  end
end

-- The objects of a plan's query, and what stands beside them.
local function fetch(session, m, plan, expected)
  if plan.one then
    local row = expected[plan.one]
    local options = query.loaders(m, plan, m[plan.kind])
    return { row and session:get(m[plan.kind], row.region and { row.region, row.id } or row.id, { options = options }) }
  end
  local stmt = query.statement(m, plan)
  local objects, others = {}, {}
  if plan.pair then
    for i, row in ipairs(session:execute(stmt):unique():all()) do objects[i], others[i] = row[1], row[2] end
  elseif plan.page and not query.has_lists(plan.options) then
    for page in session:scalars(stmt:execution_options { yield_per = plan.page }):partitions() do
      table.move(page, 1, #page, #objects + 1, objects)
    end
  else
    objects = session:scalars(stmt):unique():all()
  end
  return objects, others
end

-- Whether nothing in the options makes a relationship other than it is.
local function is_plain(options)
  for _, option in ipairs(options) do
    local other = option.from or option.only or option.deep or option.how == "no" or option.how == "raise"
    if other or not is_plain(option.options) then return false end
  end
  return true
end

local function is_plain_plan(plan)
  local beside = plan.pair or plan.contains
  return is_plain(plan.options) and (not beside or is_plain(beside.options)) and not plan.one
    and (not plan.before or is_plain_plan(plan.before))
end

local function once(rows)
  local list, seen = {}, {}
  for _, row in ipairs(rows) do
    if not seen[row] then list[#list + 1] = row end
    seen[row] = true
  end
  return list
end

-- What a plan's query has claimed.
function check:claim(plan, expected, others)
  local options = query.options(plan)
  claim(self.claims, self.data, options, once(expected), true)
  secure(self.claims, self.data, options, expected)
  if plan.pair then
    local own = {}
    for _, option in ipairs(plan.pair.options) do
      if option.own then own[#own + 1] = option end
    end
    claim(self.claims, self.data, own, once(others), true)
    secure(self.claims, self.data, own, others)
  elseif plan.contains then
    local kind = plan.kind
    while not models.kinds[kind].relationships[plan.contains.name] do kind = models.kinds[kind].base end
    local contained = {
      { name = plan.contains.name, kind = kind, how = "joined", contained = true, options = plan.contains.options },
    }
    claim(self.claims, self.data, contained, expected, true)
    secure(self.claims, self.data, contained, expected)
  end
end

-- Sends a plan's query; its objects must be those of the rows.
function check:send(m, plan)
  local expected, others = query.expect(self.data, plan)
  if plan.one then expected = models.rows(self.data, plan.kind) end
  local objects, beside = fetch(self.session, m, plan, expected)
  if plan.one then expected = { expected[plan.one] } end
  local order = plan.order or plan.one
  local got, wanted = names_of(self:rows_of(objects), order), names_of(expected, order)
  expect(got == wanted, "the query gives [%s], not [%s]", got, wanted)
  if plan.pair then
    got, wanted = names_of(self:rows_of(beside), order), names_of(others, order)
    expect(got == wanted, "beside them are [%s], not [%s]", got, wanted)
    table.move(beside, 1, #beside, #objects + 1, objects)
  end
  return objects, expected, others
end

-- nil, or what is wrong.
function loads.run(engine, m, data, plan, numbers_from)
  local session = corm.Session { bind = engine }
  local collector = plan.hard and collectgarbage("incremental", 20, 400)
  local ok, err = xpcall(function()
    local c = setmetatable({ session = session, data = query.visible(data, plan), random = numbers_from(plan.seed),
      fresh = not plan.before, plain = is_plain_plan(plan), again = plan.again, rows = {}, objects = {}, claims = {},
      touched = {} }, check)
    local held
    if plan.before then
      c.plain = false
      local expected, others
      held, expected, others = c:send(m, plan.before)
      c:claim(plan.before, expected, others)
      for _, object in ipairs(held) do
        local row = c:row(object)
        for _, choice in ipairs(models.relationships(row.__kind)) do
          if c.random(4) == 1 then c:relationship(object, row, choice) end
        end
      end
      if plan.expired then session:expire_all() end
      c.plain, c.claims = is_plain_plan(plan), is_plain_plan(plan) and {} or c.claims
    end
    local objects, expected, others = c:send(m, plan)
    c:claim(plan, expected, others)
    c:walk(objects)
  end, function(e) return type(e) == "string" and e or debug.traceback(tostring(e)) end)
  session:close()
  if collector then
    collectgarbage("incremental", 200, 100)
    collectgarbage(collector)
  end
  return not ok and err or nil
end

return loads
