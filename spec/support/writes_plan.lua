-- Random plans of spec/support/writes.lua: what a session does, as tables that can be printed and made smaller.
local database = require "spec.support.database"
local drawn = require "spec.support.drawn"
local models = require "spec.support.writes_models"
local terms = require "spec.support.writes_terms"

local plans = {}

local SYNC = { "auto", "auto", "auto", "evaluate", "fetch", "fetch", "off" }

local function pick(random, list) return list[random(#list)] end
local function chance(random, n) return random(n) == 1 end

local function about(kind, unread)
  local columns = {}
  for _, name in ipairs(models.statement_columns(kind)) do
    if not (unread and unread[name]) then columns[#columns + 1] = name end
  end
  return { kind = kind, columns = columns, unread = unread or {} }
end

local function criteria(random, kind)
  local of = {}
  for _, each in ipairs(models.order) do
    if models.is_a(kind, each) and not models.kinds[kind].joined then of[#of + 1] = each end
  end
  if #of == 0 or not chance(random, 6) then return nil end
  local target = pick(random, of)
  local there = about(target)
  there.within = true
  return { kind = target, where = terms.condition(random, there, 2) }
end

local steps = {}

function steps.load(random)
  local kind = pick(random, models.order)
  local there = { kind = kind, columns = models.columns(kind), unread = {} }
  return { kind = kind, where = random(3) > 1 and terms.condition(random, there, 1) or nil,
    again = chance(random, 6) or nil }
end

function steps.change(random) return { which = random(50), column = random(30) } end
function steps.back(random) return { which = random(50) } end
function steps.expire(random) return { which = random(50), some = chance(random, 2) and random(30) or nil } end
function steps.links(random) return { which = random(50), relation = random(10) } end
function steps.doom(random) return { which = random(50) } end
function steps.flush() return {} end
function steps.begin() return {} end
steps["end"] = function(random) return { commit = chance(random, 2) } end
function steps.commit() return {} end
function steps.rollback() return {} end
function steps.check(random) return { seed = random(1000000) } end

function steps.add(random, plan)
  plan.number = plan.number + 1
  local kind = pick(random, models.order)
  return { kind = kind, values = models.new(random, kind, plan.number) }
end

-- What is set: columns with their terms, which read no column that is set beside them.
local function sets(random, kind, from)
  local names, chosen, set = {}, {}, {}
  for _, name in ipairs(models.statement_columns(kind)) do
    if not models.fixed[name] then names[#names + 1] = name end
  end
  for _ = 1, random(3) do
    local name = pick(random, names)
    chosen[name] = true
  end
  for _, name in ipairs(names) do
    if chosen[name] then
      local unread = database.name == "mariadb" and { touched = true, bumps = true } or {}
      for other in pairs(chosen) do unread[other] = other ~= name and database.name == "mariadb" or nil end
      local there = about(kind, unread)
      there.from = from
      set[#set + 1] = { name, terms.value(random, there, name) }
    end
  end
  return set
end

local function returns(random, lacking)
  if lacking or not chance(random, 3) then return nil end
  return pick(random, { "class", "columns" })
end

function steps.update(random)
  local kind = pick(random, models.order)
  local joined = models.kinds[kind].joined or kind == "person" or kind == "log"
  local from = models.relations[kind] and kind ~= "note" and not joined and chance(random, 6) or nil
  local step = { kind = kind, from = from, set = sets(random, kind, from), sync = pick(random, SYNC),
    where = random(5) > 1 and terms.condition(random, about(kind), 1) or nil, criteria = criteria(random, kind),
    query = not from and chance(random, 5) or nil, ordered = chance(random, 4) or nil }
  if not joined and not from and not step.query then
    step.returning = returns(random, database.lacks "returning_of_update")
  end
  return step
end

function steps.delete(random)
  local kind
  repeat kind = pick(random, models.order) until not models.kinds[kind].joined
  local step = { kind = kind, sync = pick(random, SYNC), where = terms.condition(random, about(kind), 1),
    criteria = criteria(random, kind), query = chance(random, 5) or nil }
  if kind ~= "person" and kind ~= "log" and not step.query then step.returning = returns(random) end
  return step
end

function steps.insert(random, plan)
  local kind = pick(random, models.order)
  local rows = {}
  local all = chance(random, 2)
  for i = 1, random(4) do
    plan.number = plan.number + 1
    rows[i] = models.new(random, kind, plan.number, all)
  end
  return { kind = kind, rows = rows, sorted = chance(random, 2), returning = returns(random),
    taken = chance(random, 8) and random(20) or nil, older = chance(random, 6) or nil }
end

function steps.insert_values(random, plan)
  plan.number = plan.number + 1
  local kind = pick(random, { "note", "shape", "circle", "log", "item" })
  return { kind = kind, values = models.new(random, kind, plan.number), returning = chance(random, 2) or nil }
end

function steps.update_many(random)
  local list = {}
  for i = 1, random(3) do list[i] = { wanted = random(6), given = random(6) } end
  return { kind = pick(random, { "note", "pair", "person", "item", "book", "shape", "log" }), list = list }
end

function steps.drop(random) return { which = random(3) } end

local function own_values(random, kind)
  local values = {}
  for _, name in ipairs(models.columns(kind)) do
    if not models.fixed[name] and chance(random, 3) then values[name] = { "lit", models.value(random, name) } end
  end
  return values
end

function steps.update_list(random)
  local kind = pick(random, models.order)
  local rows = {}
  for i = 1, random(4) do rows[i] = { which = random(20), values = own_values(random, kind) } end
  return { kind = kind, rows = rows, missing = chance(random, 10) or nil, older = chance(random, 6) or nil,
    sync = pick(random, SYNC) }
end

function steps.upsert(random, plan)
  local kind = pick(random, { "note", "note", "pair", "shape", "item", "book" })
  local rows, set = {}, {}
  for i = 1, random(3) do
    plan.number = plan.number + 1
    rows[i] = { which = random(3) > 1 and random(20) or nil, values = models.new(random, kind, plan.number, true) }
  end
  for _, name in ipairs(models.columns(kind)) do
    if not models.fixed[name] and chance(random, 3) then
      local type = models.types[name] or "int"
      set[#set + 1] = { name, type == "int" and chance(random, 2)
        and { "add", { "col", name }, { "lit", 1 } } or { "excluded", name } }
    end
  end
  return { kind = kind, rows = rows, set = #set > 0 and set or nil,
    by_code = kind == "note" and chance(random, 2) or nil, returning = chance(random, 2) or nil,
    populate = chance(random, 2) or nil }
end

function steps.upsert_one(random, plan)
  plan.number = plan.number + 1
  local kind = pick(random, { "note", "pair", "shape" })
  return { kind = kind, which = random(3) > 1 and random(20) or nil, values = models.new(random, kind, plan.number) }
end

local weights = { load = 5, change = 5, back = 1, expire = 2, links = 2, drop = 1, doom = 1, flush = 1, begin = 1,
  ["end"] = 1, commit = 1, rollback = 1, check = 3, add = 2, update = 9, delete = 4, insert = 3, insert_values = 1,
  update_many = 1, update_list = 3, upsert = 2, upsert_one = 1 }
local all = {}
for name, n in pairs(weights) do
  for _ = 1, n do all[#all + 1] = name end
end
table.sort(all)

function plans.make(random, length)
  local plan = { autoflush = random(3) > 1, expires = random(2) == 1, number = 100, { op = "load", kind = "note" } }
  for i = 2, length do
    local name = pick(random, all)
    plan[i] = steps[name](random, plan)
    plan[i].op = name
  end
  return plan
end

-- Smaller plans -------------------------------------------------------------------------------------------------------

local CONDITIONS = { ["and"] = { 2, 3 }, ["or"] = { 2, 3 }, ["not"] = { 2 } }

-- Each a function that gives a smaller plan.
function plans.smaller(plan)
  local found = {}
  local function with(change)
    found[#found + 1] = function()
      local new = drawn.copy(plan)
      change(new)
      return new
    end
  end
  for i = #plan, 1, -1 do with(function(new) table.remove(new, i) end) end
  for i, step in ipairs(plan) do
    for _, name in ipairs { "rows", "set" } do
      for k = 1, step[name] and #step[name] > 1 and #step[name] or 0 do
        with(function(new) table.remove(new[i][name], k) end)
      end
    end
    for _, name in ipairs { "criteria", "returning", "where", "from", "query", "older", "populate", "sorted",
      "taken", "ordered", "again" } do
      if step[name] then with(function(new) new[i][name] = nil end) end
    end
    for _, k in ipairs(step.where and CONDITIONS[step.where[1]] or {}) do
      with(function(new) new[i].where = new[i].where[k] end)
    end
    if step.where and step.where[3] and step.where[1] == "any" then with(function(new) new[i].where[3] = nil end) end
    for k, each in ipairs(step.op == "update" and step.set or {}) do
      if each[2][1] ~= "lit" then with(function(new) new[i].set[k][2] = { "lit", nil } end) end
    end
    for k, row in ipairs(step.rows or {}) do
      for name in pairs(row.values or {}) do
        if not models.fixed[name] then with(function(new) new[i].rows[k].values[name] = nil end) end
      end
    end
  end
  return found
end

return plans
