-- Lives the life of a plan of spec/support/mappings_draw.lua in a session, and beside it in plain tables, and says
-- where they differ: in memory, and in what other sessions read.
local corm = require "corm"
local database = require "spec.support.database"
local draw = require "spec.support.mappings_draw"
local models = require "spec.support.mappings_models"

local mappings = {}

local function to_lua(value)
  if type(value) == "table" and value.year then return corm.date(value.year, value.month, value.day) end
  return value
end

local function show_value(value)
  if value == nil or value == corm.null then return "nil" end
  if type(value) == "table" and value.year then return ("%d-%02d-%02d"):format(value.year, value.month, value.day) end
  if math.type(value) == "float" then return ("%.2f"):format(value) end
  return tostring(value)
end

-- What an object should say: its class, values, references and lists, as one text.
local function expected(life, o)
  local plan, state = life.plan, life.state
  local object = state[o]
  local parts = { "C" .. object.class }
  for _, at in ipairs(draw.fields(plan, object.class)) do
    parts[#parts + 1] = at[1] .. "=" .. show_value(object.values[at[1]])
  end
  local function add_list(name, list)
    table.sort(list)
    parts[#parts + 1] = name .. "={" .. table.concat(list, ",") .. "}"
  end
  for c, class in ipairs(plan.classes) do
    if class.owner and draw.is_a(plan, object.class, c) then parts[#parts + 1] = "own=" .. object.owner end
    if class.owner and draw.is_a(plan, object.class, class.owner) then
      local list = {}
      for other, that in pairs(state) do
        if that.owner == o and draw.is_a(plan, that.class, c) then list[#list + 1] = other end
      end
      add_list("p" .. c, list)
    end
  end
  for r, relation in ipairs(plan.relations) do
    if relation.front and draw.is_a(plan, object.class, relation.from) then
      parts[#parts + 1] = ("r%d=%s"):format(r, tostring(object.refs[r]))
    end
    if relation.back and draw.is_a(plan, object.class, relation.to) then
      local list = {}
      for other, that in pairs(state) do
        if that.refs[r] == o then list[#list + 1] = other end
      end
      add_list("b" .. r, list)
    end
  end
  for r, many in ipairs(plan.many) do
    local left, right = {}, {}
    for pair in pairs(life.pairs[r]) do
      if pair // 1000 == o then left[#left + 1] = pair % 1000 end
      if pair % 1000 == o then right[#right + 1] = pair // 1000 end
    end
    if draw.is_a(plan, object.class, many.left) then add_list("m" .. r, left) end
    if many.back and draw.is_a(plan, object.class, many.right) then add_list("n" .. r, right) end
  end
  return table.concat(parts, " ")
end

local function tags(list, ordered)
  local found = {}
  for i, object in ipairs(list) do found[i] = object.tag end
  for i = 2, ordered and #found or 0 do
    if found[i] > found[i - 1] then return "out of order: " .. table.concat(found, ",") end
  end
  table.sort(found)
  return "{" .. table.concat(found, ",") .. "}"
end

-- The same of an object; what was read anew is in order.
local function said(plan, object, anew)
  local name = corm.inspect(object).mapper.class_.__name__
  local class = math.tointeger(tonumber(name:sub(2)))
  local parts = { name }
  for _, at in ipairs(draw.fields(plan, class)) do parts[#parts + 1] = at[1] .. "=" .. show_value(object[at[1]]) end
  for c, that in ipairs(plan.classes) do
    if that.owner and draw.is_a(plan, class, c) then parts[#parts + 1] = "own=" .. object.own.tag end
    if that.owner and draw.is_a(plan, class, that.owner) then
      parts[#parts + 1] = ("p%d=%s"):format(c, tags(object["p" .. c]))
    end
  end
  for r, relation in ipairs(plan.relations) do
    if relation.front and draw.is_a(plan, class, relation.from) then
      local other = object["r" .. r]
      parts[#parts + 1] = ("r%d=%s"):format(r, tostring(other and other.tag))
    end
    if relation.back and draw.is_a(plan, class, relation.to) then
      local back = object["b" .. r]
      if relation.back == "one" then back = { back } end
      parts[#parts + 1] = ("b%d=%s"):format(r, tags(back, anew and relation.ordered))
    end
  end
  for r, many in ipairs(plan.many) do
    if draw.is_a(plan, class, many.left) then parts[#parts + 1] = ("m%d=%s"):format(r, tags(object["m" .. r])) end
    if many.back and draw.is_a(plan, class, many.right) then
      parts[#parts + 1] = ("n%d=%s"):format(r, tags(object["n" .. r]))
    end
  end
  return table.concat(parts, " ")
end

-- -- what happens: each gives the plain tables the same -- ----------------------------------------------------------

-- One that another object has for itself leaves that.
local function attach(life, o, r, other)
  for _, that in pairs(other and life.plan.relations[r].back == "one" and life.state or {}) do
    if that.refs[r] == other then that.refs[r] = nil end
  end
  life.state[o].refs[r] = other
end

-- Those that are deleted with an object.
local function closure(life, o, all)
  all[o] = true
  for other, that in pairs(life.state) do
    if that.owner == o and not all[other] then closure(life, other, all) end
    for r, relation in ipairs(life.plan.relations) do
      if that.refs[r] == o and relation.cascade and not all[other] then closure(life, other, all) end
    end
  end
  return all
end

local function bury(life, all)
  for o in pairs(all) do
    life.state[o], life.live[o] = nil, nil
    for _, that in pairs(life.state) do
      for r in pairs(that.refs) do
        if that.refs[r] == o then that.refs[r] = nil end
      end
    end
    for r in ipairs(life.plan.many) do
      for pair in pairs(life.pairs[r]) do
        if pair % 1000 == o or pair // 1000 == o then life.pairs[r][pair] = nil end
      end
    end
  end
end

-- Who is referred to by what cannot let go is not deleted.
local function are_held(life, all)
  for other, that in pairs(life.state) do
    for r, relation in ipairs(life.plan.relations) do
      if not all[other] and all[that.refs[r] or 0] and not relation.back then return true end
    end
  end
  for r, many in ipairs(life.plan.many) do
    for pair in pairs(life.pairs[r]) do
      if all[pair % 1000] and not many.back then return true end
    end
  end
  return false
end

-- Rows go in a circle only where some of them are updated afterwards. Nobody is displaced who would be deleted for it.
local function may_refer(life, o, r, other)
  local relation = life.plan.relations[r]
  for held, that in pairs(relation.back == "one" and relation.cascade == "all, delete-orphan" and life.state or {}) do
    if held ~= o and that.refs[r] == other then return false end
  end
  return life.state[other] and (life.plan.posts or other < o)
end

local steps = {}

function steps.new(life, o)
  local plan, state, object = life.plan, life.state, life.plan.objects[o]
  if not object or (object.owner and not state[object.owner]) then return end
  local values, plain = models.key(plan, object.class, o), {}
  values.tag = o
  for _, at in ipairs(draw.fields(plan, object.class)) do
    local name, field = table.unpack(at)
    values[name] = to_lua(object.values[name])
    plain[name] = object.values[name]
    if plain[name] == nil then plain[name] = field.default end
  end
  state[o] = { class = object.class, values = plain, refs = {}, owner = object.owner }
  values.own = object.owner and life.live[object.owner]
  for r, other in pairs(object.refs) do
    if plan.relations[r] and plan.relations[r].front and may_refer(life, o, r, other) then
      values["r" .. r] = life.live[other]
      attach(life, o, r, other)
    end
  end
  life.live[o] = life.m[object.class](values)
  life.session:add(life.live[o])
end

-- A plan that was made smaller may have lost what a step is about.
local function has_field(life, o, name)
  for _, at in ipairs(draw.fields(life.plan, life.state[o].class)) do
    if at[1] == name then return true end
  end
end

function steps.set(life, o, name, value)
  if not life.state[o] or not has_field(life, o, name) then return end
  life.live[o][name] = to_lua(value)
  life.state[o].values[name] = value
end

-- Those who leave a list whose members belong to it go, with what goes with them. False: they cannot.
local function orphans(life, r, objects)
  local all = {}
  if life.plan.relations[r].cascade == "all, delete-orphan" then
    for _, o in ipairs(objects) do closure(life, o, all) end
  end
  if are_held(life, all) then return false end
  life.session:flush()
  return all
end

function steps.refer(life, o, r, other)
  local relation = life.plan.relations[r]
  if not life.state[o] or not relation or not relation.front then return end
  if other and not may_refer(life, o, r, other) then return end
  local all = {}
  if relation.cascade == "all, delete-orphan" and not other then
    all = life.state[o].refs[r] and orphans(life, r, { o })
    if not all then return end
  end
  local _ = life.live[o]["r" .. r] -- whose list it leaves is known for what is in memory only
  life.live[o]["r" .. r] = other and life.live[other] or nil
  attach(life, o, r, other)
  if next(all) then
    life.session:flush()
    bury(life, all)
  end
end

function steps.hold(life, o, r, held)
  local relation, state = life.plan.relations[r], life.state
  if not relation or not state[o] or not state[held] or not may_refer(life, held, r, o) then return end
  local holder, object = life.live[o], life.live[held]
  local _ = relation.front and object["r" .. r]
  if state[held].refs[r] ~= o then
    -- Without the other side it is not seen that one leaves where it was.
    if not relation.front and state[held].refs[r] then return end
    if relation.back == "list" then holder["b" .. r]:append(object) else holder["b" .. r] = object end
    attach(life, held, r, o)
    return
  end
  local all = orphans(life, r, { held })
  if not all then return end
  if relation.back == "list" then holder["b" .. r]:remove(object) else holder["b" .. r] = nil end
  state[held].refs[r] = nil
  life.session:flush()
  bury(life, all)
end

function steps.assign(life, o, r, objects)
  local state = life.state
  if not life.plan.relations[r] or not state[o] then return end
  local wanted, list, gone = {}, {}, {}
  for _, other in ipairs(objects) do
    local stays = state[other] and not life.plan.relations[r].front and (state[other].refs[r] or o) ~= o
    if state[other] and not stays and not wanted[other] and may_refer(life, other, r, o) then
      wanted[other] = true
      list[#list + 1] = life.live[other]
      local _ = life.plan.relations[r].front and life.live[other]["r" .. r]
    end
  end
  for other, that in pairs(state) do
    if that.refs[r] == o and not wanted[other] then gone[#gone + 1] = other end
  end
  local all = orphans(life, r, gone)
  for other in pairs(wanted) do
    if all and all[other] then all = false end -- it would go with one that leaves
  end
  if not all or all[o] then return end
  life.live[o]["b" .. r] = list
  for _, other in ipairs(gone) do state[other].refs[r] = nil end
  for other in pairs(wanted) do state[other].refs[r] = o end
  life.session:flush()
  bury(life, all)
end

function steps.merge(life, o, name, value)
  if not life.state[o] or not has_field(life, o, name) or value == nil then return end
  life.session:flush()
  local object, copy = life.live[o], {}
  for _, part in ipairs(models.parts(life.plan, life.state[o].class)) do copy[part] = object[part] end
  copy[name] = to_lua(value)
  if life.session:merge(life.m[life.state[o].class](copy)) ~= object then error "merged into another object" end
  life.state[o].values[name] = value
end

function steps.bulk(life, class, name, value, from)
  local m, state = life.m, life.state
  for o, object in pairs(state) do
    if o >= from and draw.is_a(life.plan, object.class, class) then
      if not has_field(life, o, name) then return end
      object.values[name] = value
    end
  end
  life.session:execute(corm.update(m[class]):values { [name] = to_lua(value) }:where(m[class].tag:ge(from)))
end

function steps.link(life, r, left, right, by_back)
  local state, live = life.state, life.live
  if not life.plan.many[r] or not state[left] or not state[right] then return end
  local pair = left * 1000 + right
  local list, object = live[left]["m" .. r], live[right]
  if by_back then list, object = live[right]["n" .. r], live[left] end
  if life.pairs[r][pair] then
    list:remove(object)
    life.pairs[r][pair] = nil
  else
    list:append(object)
    life.pairs[r][pair] = true
  end
end

function steps.delete(life, o)
  if not life.state[o] then return end
  local all = closure(life, o, {})
  if are_held(life, all) then return end
  life.session:flush() -- what is new is not deleted
  life.session:delete(life.live[o])
  life.session:flush()
  bury(life, all)
end

function steps.expire(life, o)
  if not life.state[o] then return end
  life.session:flush()
  life.session:expire(life.live[o])
end

-- Rows of an association are written by the side that changes.
local function can_tell_all(plan, class)
  for _, many in ipairs(plan.many) do
    if not many.back and draw.is_a(plan, class, many.right) then return false end
  end
  return true
end

function steps.rename(life, o, number)
  local object = life.state[o]
  if not object or life.plan.classes[draw.root(life.plan, object.class)].key ~= "text" then return end
  if not life.plan.passes and not can_tell_all(life.plan, object.class) then return end
  if database.name == "mariadb" then return end -- which passes on nothing within a table, and defers nothing
  life.live[o].code = ("n%d of %d"):format(number, o)
end

function steps.refresh(life, o)
  if not life.state[o] then return end
  life.session:flush()
  life.session:refresh(life.live[o])
end

-- Out of the session and back, with those that go along.
function steps.leave(life, o)
  if not life.state[o] then return end
  life.session:flush()
  life.session:expunge(life.live[o])
  for _, object in pairs(life.live) do life.session:add(object) end
end

-- All into another session.
function steps.move(life)
  life.session:commit()
  life.session:close()
  life.session = corm.Session(life.engine)
  for _, object in pairs(life.live) do life.session:add(object) end
end

-- -- reading -------------------------------------------------------------------------------------------------------

local function option_for(life, name, how)
  local plan, m = life.plan, life.m
  local kind, r = name:match "^(%a)(%d+)$"
  r = math.tointeger(tonumber(r))
  local relation, many = plan.relations[r], plan.many[r]
  if kind == "b" and not relation.back then return nil end
  local class = kind == "r" and relation.from or kind == "b" and relation.to or many.left
  return corm[how .. "load"](m[class][name]), class
end

local function statement(life, reading)
  local plan, m = life.plan, life.m
  local class = m[reading.class]
  local entity = reading.how == 2 and corm.with_polymorphic(class, "*") or class
  local stmt, options = corm.select(entity), {}
  for _, at in ipairs(reading.options) do
    local option, of = option_for(life, at[1], at[2])
    if option and (draw.is_a(plan, reading.class, of) or (reading.how ~= 2 and draw.is_a(plan, of, reading.class))) and
      (entity == class) then
      options[#options + 1] = option
    end
  end
  if reading.where then stmt = stmt:where(entity[reading.where[1]]:eq(to_lua(reading.where[2]))) end
  if reading.beside then
    local r, back, name, value, how = table.unpack(reading.beside, 1, 5)
    local other = m[back and plan.relations[r].from or plan.relations[r].to]
    local link = entity[(back and "b" or "r") .. r]
    if how == 1 then
      local test = back and link.any or link.has
      stmt = stmt:where(test(link, other[name]:eq(to_lua(value))))
    else
      local alias = corm.aliased(other)
      stmt = stmt:join(link:of_type(alias)):where(alias[name]:eq(to_lua(value)))
    end
  end
  if reading.how == 3 then
    local below = {}
    for c in ipairs(plan.classes) do
      if c ~= reading.class and draw.is_a(plan, c, reading.class) then below[#below + 1] = m[c] end
    end
    if #below > 0 then options[#options + 1] = corm.selectin_polymorphic(class, below) end
  end
  return stmt:options(table.unpack(options))
end

local function is_like(value, wanted)
  return value ~= nil and show_value(value) == show_value(wanted)
end

-- Whether the plan's condition holds of the object.
local function is_meant(life, reading, o)
  local state = life.state
  if reading.where then return is_like(state[o].values[reading.where[1]], reading.where[2]) end
  if not reading.beside then return true end
  local r, back, name, value = table.unpack(reading.beside, 1, 4)
  if not back then
    local other = state[state[o].refs[r] or 0]
    return other ~= nil and is_like(other.values[name], value)
  end
  for _, that in pairs(state) do
    if that.refs[r] == o and is_like(that.values[name], value) then return true end
  end
  return false
end

-- Executes what is read in a session: says what is wrong with the objects that come.
local function compare_all(life, reading, session, anew)
  local plan, state = life.plan, life.state
  local found, held = {}, session:scalars(statement(life, reading)):unique():all()
  for _, object in ipairs(held) do
    found[object.tag] = said(plan, object, anew)
    if not anew and object ~= life.live[object.tag] then return "another object for " .. object.tag end
  end
  for o, object in pairs(state) do
    if draw.is_a(plan, object.class, reading.class) and is_meant(life, reading, o) then
      local wanted = expected(life, o)
      if found[o] ~= wanted then
        return ("C%d, read: %s\n  and not %s"):format(reading.class, tostring(found[o]), wanted)
      end
      found[o] = nil
    end
  end
  local o = next(found)
  return o and ("C%d, read: there should be no %d: %s"):format(reading.class, o, found[o])
end

local function compare_anew(life, reading)
  local session <close> = corm.Session(life.engine)
  return compare_all(life, reading, session, true)
end

-- In the middle of changes, which are flushed by it.
function steps.query(life, reading)
  local err = compare_all(life, reading, life.session, false)
  if err then error(err, 0) end
end

local function compare_live(life)
  for o, object in pairs(life.live) do
    local is, wanted = said(life.plan, object), expected(life, o)
    if is ~= wanted then return ("in memory: %s\n  and not %s"):format(is, wanted) end
  end
end

local function keep(life)
  local kept = { state = {}, pairs = {}, live = {} }
  for o, object in pairs(life.state) do
    local values, refs = {}, {}
    for name, value in pairs(object.values) do values[name] = value end
    for r, other in pairs(object.refs) do refs[r] = other end
    kept.state[o] = { class = object.class, values = values, refs = refs, owner = object.owner }
    kept.live[o] = life.live[o]
  end
  for r, set in ipairs(life.pairs) do
    kept.pairs[r] = {}
    for pair in pairs(set) do kept.pairs[r][pair] = true end
  end
  return kept
end

-- A flush that the database refuses: a tag that is there already.
local function fail(life)
  local o = next(life.state)
  local class = o and life.state[o].class
  if not o or life.state[o].owner then return end
  local values = models.key(life.plan, class, 900)
  values.tag = o
  for _, at in ipairs(draw.fields(life.plan, class)) do values[at[1]] = to_lua(life.state[o].values[at[1]]) end
  life.session:add(life.m[class](values))
  local fine, err = pcall(life.session.flush, life.session)
  assert(not fine and corm.is_error(err, "IntegrityError"), tostring(err))
end

-- Most rounds are committed; some are rolled back, by a savepoint or as a whole.
local function live_round(life, round)
  local kept = keep(life)
  local savepoint = round.ends == 5 and life.session:begin_nested()
  for _, step in ipairs(round) do steps[step[1]](life, table.unpack(step, 2, 5)) end
  if round.live then
    life.session:flush() -- defaults are there then
    local err = compare_live(life)
    if err then return err end
  end
  if round.ends > 3 then
    if round.live and not savepoint then fail(life) end
    if savepoint then
      life.session:flush()
      savepoint:rollback()
      life.session:commit()
    else
      life.session:rollback()
    end
    life.state, life.pairs, life.live = kept.state, kept.pairs, kept.live
  elseif round.ends == 3 then
    life.session:flush()
    life.session:commit()
  else
    life.session:commit()
  end
  for _, reading in ipairs(round.reads) do
    local err = compare_anew(life, reading)
    if err then return err end
  end
  return round.looks and compare_live(life) or nil
end

-- nil, or what is wrong.
function mappings.try(engine, plan)
  local ok, err = pcall(function()
    local m = models.make(plan)
    m.Base.metadata:create_all(engine)
    local life = { plan = plan, m = m, engine = engine, live = {}, state = {}, pairs = {} }
    for r in ipairs(plan.many) do life.pairs[r] = {} end
    life.session = corm.Session(engine)
    local wrong
    local fine, failure = pcall(function()
      for _, round in ipairs(plan.rounds) do
        wrong = wrong or live_round(life, round)
      end
    end)
    life.session:close()
    m.Base.metadata:drop_all(engine)
    return wrong or (not fine and tostring(failure)) or nil
  end)
  return err and tostring(err) or (not ok and "failed") or nil
end

return mappings
