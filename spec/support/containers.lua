-- Random operations on collections of each shape and their proxies, beside plain Lua. A plan is a list of operations,
-- { op, a, b, c }: which one, and three numbers that choose among what there is then. The model knows of each child
-- whose it is; the order in a list is that of the list read before the operation, which plain Lua repeats.
local corm = require "corm"
local drawn = require "spec.support.drawn"
local models = require "spec.support.containers_models"

local containers = {}

local NAMES = { "a", "b", "c", "d", "e", "f" }

local function expect(ok, message, ...)
  if not ok then error({ said = message:format(...) }, 0) end
end

-- The state -----------------------------------------------------------------------------------------------------------

-- state.boxes: ids of boxes as a set; state[kind][id] = { box, name, value }: the children that are or will be rows;
-- state.tagged["box:tag"]. Objects are apart: objects[kind][id].
local run = {}
run.__index = run

local KINDS = { "leaf", "part", "slot", "card" }
local MANY = { leaf = "leaves", part = "parts", slot = "slots", card = "cards" }
local OWNED = { part = true, slot = true } -- those without a box are deleted

local function sorted_ids(set)
  local ids = {}
  for id in pairs(set) do ids[#ids + 1] = id end
  table.sort(ids)
  return ids
end

local function text(list)
  local parts = {}
  for i, each in ipairs(list) do parts[i] = tostring(each) end
  return table.concat(parts, " ")
end

function run:new_id()
  self.last = self.last + 1
  return self.last
end

function run.name(_, n) return NAMES[n % #NAMES + 1] end

function run:children(kind, box)
  local ids = {}
  for id, child in pairs(self.state[kind]) do
    if child.box == box then ids[#ids + 1] = id end
  end
  table.sort(ids)
  return ids
end

-- A new child that is in no box yet.
function run:make(kind, name)
  local id = self:new_id()
  local object = self.m[kind] { id = id, name = name, value = kind == "slot" and id or nil }
  self.objects[kind][id] = object
  self.state[kind][id] = { box = false, name = name, value = id }
  return object
end

-- A child from elsewhere: new, without a box, or of another one.
function run:take(kind, n, box)
  local others = {}
  for _, id in ipairs(sorted_ids(self.state[kind])) do
    local child = self.state[kind][id]
    if child.box ~= box and not (OWNED[kind] and not child.box) then others[#others + 1] = id end
  end
  if n % 3 == 0 or #others == 0 then return self:make(kind, self:name(n // 3)) end
  return self:know(kind, others[n // 3 % #others + 1])
end

-- The child, of whom it is known whose it was. Nobody can tell whose it is no more otherwise; where a load flushes
-- first, the rows say it.
function run:know(kind, id)
  local object, box = self.objects[kind][id], self.state[kind][id].box
  if not self.autoflush then expect(object.box == self.objects.box[box], "%s %d has another box", kind, id) end
  return object
end

-- The model learns that a child is in the box, or in none.
function run:put(kind, object, box)
  local id = object.id
  if box == false and OWNED[kind] then
    self.state[kind][id] = nil
  else
    self.state[kind][id].box = box
  end
end

local function pick(list, n) return list[n % #list + 1] end
function run:pick_box(n) return pick(sorted_ids(self.state.boxes), n) end

local function position_in(list, object)
  for i, each in ipairs(list) do
    if rawequal(each, object) then return i end
  end
end

-- Names are those of one child in a dictionary, so that it is clear which one is meant.
function run:has_name(kind, box, name)
  for _, child in pairs(self.state[kind]) do
    if child.box == box and child.name == name then return true end
  end
  return false
end

function run:make_tag(name)
  local id = self:new_id()
  self.objects.tag[id] = self.m.tag { id = id, name = name }
  self.state.tag[id] = { name = name }
  return self.objects.tag[id]
end

local current -- the run whose proxies make objects

-- Before a step: what proxies make stands in self.made.
function run:expect_new()
  current, self.made = self, {}
end

-- For the creators of proxies.
function containers.fresh(kind, name, value)
  local object
  if kind == "tag" then
    object = current:make_tag(name)
  else
    object = current:make(kind, name)
    if value then
      object.value = value
      current.state[kind][object.id].value = value
    end
  end
  table.insert(current.made, object)
  return object
end

-- Comparing -----------------------------------------------------------------------------------------------------------

local function ids_of(list)
  local ids = {}
  for i, object in ipairs(list) do ids[i] = object.id end
  return ids
end

-- The collection as a list, which must be what the model says.
function run:read(kind, box)
  local view, list = self.objects.box[box][MANY[kind]], {}
  for object in view do list[#list + 1] = object end
  local ids = ids_of(list)
  local shown = text(ids)
  table.sort(ids)
  local wanted = self:children(kind, box)
  expect(text(ids) == text(wanted), "box %d has the %s %s and not %s", box, MANY[kind], shown, text(wanted))
  expect(#view == #list, "box %d: #%s is %d, not %d", box, MANY[kind], #view, #list)
  for _, object in ipairs(list) do
    expect(view:contains(object), "box %d: %s do not contain %d", box, MANY[kind], object.id)
    expect(object.box == self.objects.box[box], "%s %d has another box than %d", kind, object.id, box)
    expect(object.name == self.state[kind][object.id].name, "%s %d is called %s", kind, object.id, object.name)
  end
  return list, view
end

function run:same_order(kind, box, list)
  local now = self:read(kind, box)
  expect(text(ids_of(now)) == text(ids_of(list)), "box %d: %s are %s and not %s", box, MANY[kind], text(ids_of(now)),
    text(ids_of(list)))
end

-- A dictionary by its names: the last of two with one name counts.
function run:check_names(kind, box)
  local list, view = self:read(kind, box)
  local by_name, keys = {}, {}
  for _, object in ipairs(list) do
    if not by_name[object.name] then keys[#keys + 1] = object.name end
    by_name[object.name] = object
  end
  expect(text(view:keys()) == text(keys), "box %d: keys of %s are %s and not %s", box, MANY[kind], text(view:keys()),
    text(keys))
  for _, name in ipairs(NAMES) do
    expect(rawequal(view[name], by_name[name]), "box %d: %s.%s is another object", box, MANY[kind], name)
    expect(view:has_key(name) == (by_name[name] ~= nil), "box %d: %s:has_key(%s)", box, MANY[kind], name)
  end
  local n = 0
  for key, object in pairs(view) do
    n = n + 1
    expect(by_name[key] == object, "box %d: pairs(%s) at %s", box, MANY[kind], key)
  end
  expect(n == #keys, "box %d: pairs(%s) has %d", box, MANY[kind], n)
end

function run:tags_of(box)
  local ids = {}
  for _, id in ipairs(sorted_ids(self.state.tag)) do
    if self.state.tagged[box .. ":" .. id] then ids[#ids + 1] = id end
  end
  return ids
end

function run:read_tags(box)
  local view, ids = self.objects.box[box].tags, {}
  for tag in view do ids[#ids + 1] = tag.id end
  table.sort(ids)
  expect(text(ids) == text(self:tags_of(box)), "box %d has the tags %s and not %s", box, text(ids),
    text(self:tags_of(box)))
  expect(#view == #ids, "box %d: #tags is %d", box, #view)
  return view
end

function run:read_boxes(tag)
  local ids, wanted = {}, {}
  for _, box in ipairs(self.objects.tag[tag].boxes) do ids[#ids + 1] = box.id end
  for _, box in ipairs(sorted_ids(self.state.boxes)) do
    if self.state.tagged[box .. ":" .. tag] then wanted[#wanted + 1] = box end
  end
  table.sort(ids)
  expect(text(ids) == text(wanted), "tag %d has the boxes %s and not %s", tag, text(ids), text(wanted))
end

function run:look(box)
  for _, kind in ipairs(KINDS) do self:read(kind, box) end
  self:check_names("slot", box)
  self:check_names("card", box)
  self:read_tags(box)
end

-- What the database has, of all that was flushed.
function run:check_rows()
  for _, kind in ipairs(KINDS) do
    local class, found = self.m[kind].__table__, {}
    local columns = { class.c.id, class.c.box_id, class.c.name, class.c[kind == "part" and "position" or "value"] }
    for row in self.session:execute(corm.select(table.unpack(columns)):order_by(class.c.id)) do
      found[row[1]] = row
    end
    for _, id in ipairs(sorted_ids(self.state[kind])) do
      local child, row = self.state[kind][id], found[id]
      expect(row, "no row of %s %d", kind, id)
      expect((row[2] or false) == child.box, "the row of %s %d has the box %s and not %s", kind, id, row[2], child.box)
      expect(row[3] == child.name, "the row of %s %d has the name %s", kind, id, row[3])
      if kind == "slot" then expect(row[4] == child.value, "slot %d has the value %s", id, row[4]) end
      if kind == "part" then
        local there = self.objects.part[id].position
        expect(row[4] == there, "part %d has the position %s, its row %s", id, there, row[4])
      end
      found[id] = nil
    end
    expect(not next(found), "a row of %s %s is left", kind, next(found))
  end
  local pairs_of, wanted = {}, sorted_ids(self.state.tagged)
  local link = self.m.box_tag
  for row in self.session:execute(corm.select(link.c.box_id, link.c.tag_id)) do
    pairs_of[#pairs_of + 1] = row[1] .. ":" .. row[2]
  end
  table.sort(pairs_of)
  expect(text(pairs_of) == text(wanted), "the rows of box_tag are %s and not %s", text(pairs_of), text(wanted))
end

containers.pick, containers.position_in = pick, position_in
containers.run, containers.KINDS, containers.MANY, containers.NAMES = run, KINDS, MANY, NAMES
containers.expect, containers.ids_of, containers.text, containers.sorted_ids = expect, ids_of, text, sorted_ids

-- Running -------------------------------------------------------------------------------------------------------------

local function start(engine, m)
  local self = setmetatable({ m = m, engine = engine, last = 100, saved = {} }, run)
  self.state = { boxes = {}, leaf = {}, part = {}, slot = {}, card = {}, tag = {}, tagged = {} }
  self.objects = { box = {}, leaf = {}, part = {}, slot = {}, card = {}, tag = {} }
  return self
end

function run:open()
  self.session = corm.Session { bind = self.engine, autoflush = self.autoflush }
end

-- Objects of another session, or after a rollback.
function run:find_again()
  local objects = { box = {}, leaf = {}, part = {}, slot = {}, card = {}, tag = {} }
  for id in pairs(self.state.boxes) do objects.box[id] = assert(self.session:get(self.m.box, id)) end
  for _, kind in ipairs { "leaf", "part", "slot", "card", "tag" } do
    for _, id in ipairs(sorted_ids(self.state[kind])) do
      objects[kind][id] = self.session:get(self.m[kind], id)
      expect(objects[kind][id], "%s %d is gone", kind, id)
    end
  end
  self.objects = objects
end

function containers.plan(random, operations)
  local plan = { autoflush = random(3) > 1 }
  for i = 1, 5 + random(25) do
    plan[i] = { operations[random(#operations)], random(1000), random(1000), random(1000) }
  end
  return plan
end

local function begin(self)
  for id = 1, 3 do
    self.objects.box[id] = self.m.box { id = id }
    self.state.boxes[id] = true
    self.session:add(self.objects.box[id])
  end
  for id = 1, 3 do
    self.objects.tag[id] = self.m.tag { id = id, name = NAMES[id] }
    self.state.tag[id] = { name = NAMES[id] }
    self.session:add(self.objects.tag[id])
  end
  for n = 1, 8 do
    local kind = KINDS[n % 4 + 1]
    local object = self:make(kind, NAMES[n % 6 + 1])
    if kind == "part" then object.position = n end
    object.box = self.objects.box[n % 2 + 1]
    self:put(kind, object, n % 2 + 1)
    self.session:add(object)
  end
  self.session:commit()
  self.committed = drawn.copy(self.state)
end

-- One step. Where a statement was to fail, and did, a rollback brings back what was committed.
local function take_step(self, steps, step)
  if not self.armed then return steps[step[1]](self, step[2], step[3], step[4]) end
  local ok, err = pcall(steps[step[1]], self, step[2], step[3], step[4])
  if ok then return end
  if self.armed then error(err, 0) end
  expect(tostring(type(err) == "table" and err.message or err):find("out of order", 1, true), "%s",
    type(err) == "table" and err.said or err)
  steps.rollback(self)
end

-- What is wrong, or nil.
function containers.try(engine, m, plan, steps)
  local self = start(engine, m)
  self.autoflush = plan.autoflush
  self:open()
  local at
  local function fail()
    self.armed = self.armed and self.armed - 1
    if self.armed ~= 0 then return end
    self.armed = nil
    error "the database is out of order"
  end
  corm.event.listen(engine, "before_cursor_execute", fail)
  local ok, err = xpcall(function()
    begin(self)
    for i, step in ipairs(plan) do
      at = i
      take_step(self, steps, step)
    end
    at, self.armed = "end", nil
    steps.commit(self)
    for box in pairs(self.state.boxes) do self:look(box) end
  end, function(e) return type(e) == "table" and e.said or debug.traceback(tostring(e), 2) end)
  corm.event.remove(engine, "before_cursor_execute", fail)
  pcall(self.session.rollback, self.session)
  self.session:close()
  models.empty(engine, m)
  if not ok then return ("step %s: %s"):format(at, err) end
end

return containers
