-- Random graphs of objects under random operations, beside a plain Lua model of what the objects and the database must
-- hold. A run is a list of steps { operation, numbers }, and an operation makes its choices by its numbers alone, so
-- that a run can be repeated, and steps left out of it until only those remain that matter.
--
-- graph.operation(name, weight, fn) adds one: fn(g) does something to g.session and the same to the model, or returns
-- false where it cannot. The model's objects are tables { kind, id, state, ... }: "live" in the session, "doomed" when
-- the next flush deletes them, "gone" when it has, "out" of the session after a rollback; `saved` when they have a row.
local corm = require "corm"
local graph_check = require "spec.support.graph_check"
local graph_models = require "spec.support.graph_models"

local graph = { operations = {}, names = {} }

function graph.operation(name, weight, fn)
  assert(not graph.operations[name], name)
  graph.operations[name] = { name = name, weight = weight, run = fn }
  table.insert(graph.names, name)
end

-- The world of a run --------------------------------------------------------------------------------------------------

local world = setmetatable({}, { __index = graph_check })
world.__index = world

local kinds = graph_models.kinds
graph.kinds, graph.models = kinds, graph_models.make

function graph.expect(ok, message, ...)
  if not ok then error(message:format(...), 0) end
end

local function is_a(kind, wanted)
  return kind == wanted or kind and is_a(kinds[kind].base, wanted)
end

-- What each of an object's own attributes is in the model.
local function each_reference(o) return pairs(kinds[o.kind].references) end

function graph.open(engine, m)
  return setmetatable({
    engine = engine, m = m, session = corm.Session { bind = engine }, objects = {}, real = {}, nested = {}, last_id = 0,
    committed = {}, numbers = {}, at = 0,
  }, world)
end

function world:number()
  self.at = self.at % #self.numbers + 1
  return self.numbers[self.at]
end

function world:pick(list)
  if #list == 0 then return nil end
  return list[self:number() % #list + 1]
end

function world:maybe(list)
  if self:number() % 4 == 0 then return nil end
  return self:pick(list)
end

-- The live objects of a kind (nil: of all), in order of creation.
function world:live(kind, saved)
  local list = {}
  for _, o in ipairs(self.objects) do
    if o.state == "live" and (not kind or is_a(o.kind, kind)) and (not saved or o.saved) then list[#list + 1] = o end
  end
  return list
end

function world:new_id()
  self.last_id = self.last_id + 1
  return self.last_id
end

-- What of the model stands for nothing of corm's yet.
function world:enter(kind, fields)
  local o = { kind = kind, state = "live" }
  for key in pairs(kinds[kind].sets) do o[key] = {} end
  for key, value in pairs(fields) do o[key] = value end
  o.id = o.id or self:new_id()
  table.insert(self.objects, o)
  return o
end

-- A new object of the model and of corm; `fields` are the model's.
function world:make(kind, fields)
  local o = self:enter(kind, fields)
  local given = { id = o.id }
  for key, value in pairs(fields) do
    if kinds[kind].references[key] then
      given[key] = self.real[value]
    elseif kinds[kind].sets[key] then
      given[key] = {}
      for _, other in ipairs(self:live(kinds[kind].sets[key].kind)) do
        if value[other] then table.insert(given[key], self.real[other]) end
      end
    else
      given[key] = value
    end
  end
  self.real[o] = self.m[kind](given)
  return o
end

-- The primary key of a flushed object.
function world.key(_, o)
  local key = { id = o.id }
  local within = kinds[o.kind].within
  while within do
    o = o[within]
    key[within .. "_id"] = o.id
    within = kinds[o.kind].within
  end
  return key
end

function world:get(o)
  return self.session:get(self.m[o.kind], self:key(o))
end

-- An object that only says that it is about o's row, and these fields of it.
function world:copy(o, fields)
  local given = self:key(o)
  for key, value in pairs(fields) do given[key] = value end
  return self.m[o.kind](given)
end

-- What the objects that have `key` = o are.
function world:holders(o, key, kind)
  local list = {}
  for _, other in ipairs(self:live(kind)) do
    if other[key] == o then list[#list + 1] = other end
  end
  return list
end

-- The model's side of a flush.
function world:flushed()
  for _, o in ipairs(self.objects) do
    local parent = kinds[o.kind].orphan
    local orphan = parent and o.state == "live" and not (o[parent] and o[parent].state == "live")
    if o.state == "doomed" or orphan then
      o.state = o.saved and "gone" or "out"
      for key in pairs(kinds[o.kind].sets) do o[key] = {} end
    end
  end
  for _, o in ipairs(self.objects) do
    if o.state == "live" then
      o.saved = true
      for key in each_reference(o) do
        if o[key] and o[key].state ~= "live" then o[key] = nil end
      end
      for key in pairs(kinds[o.kind].sets) do
        for other in pairs(o[key]) do
          if other.state ~= "live" then o[key][other] = nil end
        end
      end
    end
  end
  -- Orphans of what is gone went with it, which may be found only now.
  for _, o in ipairs(self.objects) do
    local parent = kinds[o.kind].orphan
    if o.state == "live" and parent and not o[parent] then o.state = "gone" end
  end
end

function world:flush()
  self.session:flush()
  self:flushed()
end

local function copy_of(set)
  local copy = {}
  for other in pairs(set) do copy[other] = true end
  return copy
end

-- What a savepoint or a commit keeps of the model.
function world:snapshot()
  local kept = {}
  for _, o in ipairs(self:live()) do
    local copy = { id = o.id, name = o.name }
    for _, key in ipairs(kinds[o.kind].fields) do copy[key] = o[key] end
    for key in each_reference(o) do copy[key] = o[key] or false end
    for key in pairs(kinds[o.kind].sets) do copy[key] = copy_of(o[key]) end
    kept[o] = copy
  end
  return kept
end

function world:restore(kept)
  for _, o in ipairs(self.objects) do
    local copy = kept[o]
    if copy then
      o.state, o.saved, o.id, o.name = "live", true, copy.id, copy.name
      for _, key in ipairs(kinds[o.kind].fields) do o[key] = copy[key] end
      for key in each_reference(o) do o[key] = copy[key] or nil end
      for key in pairs(kinds[o.kind].sets) do o[key] = copy_of(copy[key]) end
    elseif o.state ~= "out" then
      o.state, o.saved = "out", false
      local there = self.real[o] and not o.read_anew and corm.inspect(self.real[o]).persistent
      graph.expect(not there, "%s %d is still persistent", o.kind, o.id)
    end
  end
  for _, o in ipairs(self:live()) do
    self.real[o] = self.real[o] or self:get(o)
    -- Only an object that has left the session did what is undone now.
    if o.read_anew then self.session:expire(self.real[o]) end
  end
end

-- What is committed is what a rollback of everything leads back to.
function world:commit()
  self.session:commit()
  self:flushed()
  self.committed, self.nested = self:snapshot(), {}
  local kept = {}
  for _, o in ipairs(self.objects) do
    if o.state == "live" then kept[#kept + 1] = o else self.real[o] = nil end
  end
  self.objects = kept
end

function world:rollback()
  self.session:rollback()
  self:restore(self.committed)
  self.nested = {}
end

-- Runs ----------------------------------------------------------------------------------------------------------------

-- The random steps of a run.
function graph.steps(random, n)
  local bag, steps = {}, {}
  for _, name in ipairs(graph.names) do
    for _ = 1, graph.operations[name].weight do bag[#bag + 1] = name end
  end
  for i = 1, n do
    local numbers = {}
    for j = 1, 6 do numbers[j] = random(1 << 20) end
    steps[i] = { name = bag[random(#bag)], numbers = numbers }
  end
  return steps
end

-- Runs the steps in an empty world; nil, or what went wrong and after which step.
function graph.run(open, steps)
  local g, close = open()
  local last = 0
  local ok, err = pcall(function()
    for i, step in ipairs(steps) do
      last = i
      g.numbers, g.at = step.numbers, 0
      graph.operations[step.name].run(g)
    end
    last = #steps
    g:check()
    g:commit()
    local conn = g.engine:connect()
    g:check_rows(conn)
    conn:close()
  end)
  pcall(g.session.close, g.session)
  close()
  if not ok then return tostring(err), last end
end

-- The shortest list of steps that still fails, by leaving out ever smaller parts.
function graph.shrink(open, steps)
  local size = #steps // 2
  while size >= 1 do
    local at, removed = 1, false
    while at <= #steps do
      local shorter = table.move(steps, 1, at - 1, 1, {})
      table.move(steps, at + size, #steps, at, shorter)
      if graph.run(open, shorter) then
        steps, removed = shorter, true
      else
        at = at + size
      end
    end
    if size == 1 and not removed then break end
    size = removed and math.min(size, #steps) or size // 2
    if size > #steps // 2 then size = math.max(#steps // 2, 1) end
  end
  return steps, graph.run(open, steps)
end

-- As Lua that returns them: CORM_TEST_GRAPH=FILE runs such a file.
function graph.show(steps)
  local lines = { "return {" }
  for _, step in ipairs(steps) do
    lines[#lines + 1] = ("  { name = %q, numbers = { %s } },"):format(step.name, table.concat(step.numbers, ", "))
  end
  lines[#lines + 1] = "}"
  return table.concat(lines, "\n")
end

-- An assignment to what is expired does not ask the database what was there, so that a list in memory may still hold
-- the object, as in SQLAlchemy: who wants both sides in step reads first.
function world:read(o, key)
  return self.real[o][key]
end

-- Assigns another object, or none.
function world:refer(o, key, other)
  o[key] = other
  self:read(o, key)
  self.real[o][key] = other and self.real[other]
end

-- Nobody's favourite any more: nothing lets go of that by itself.
function world:free(o)
  for _, person in ipairs(self:live "person") do
    if person.favourite == o then
      person.favourite = nil
      self.real[person].favourite = nil
    end
  end
end

-- A flush has failed: the innermost transaction is over.
function world:failed()
  local last = table.remove(self.nested)
  if last then
    last.txn:rollback()
    self:restore(last.kept)
  else
    self:rollback()
  end
end

return graph
