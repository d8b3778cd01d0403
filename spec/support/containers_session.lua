-- What happens to sets, from the other side of relationships and to the session in spec/containers_spec.lua.
local containers = require "spec.support.containers"
local drawn = require "spec.support.drawn"

local expect = containers.expect
local MANY, KINDS = containers.MANY, containers.KINDS
local pick, position_in, sorted_ids = containers.pick, containers.position_in, containers.sorted_ids

local steps = {}

-- Sets ----------------------------------------------------------------------------------------------------------------

local function tag_of(self, n)
  if n % 4 == 0 then
    local tag = self:make_tag(self:name(n // 4))
    self.session:add(tag)
    return tag
  end
  return self.objects.tag[pick(sorted_ids(self.state.tag), n // 4)]
end

local function on_tags(fn)
  return function(self, a, b, c)
    local box = self:pick_box(a)
    local view = self:read_tags(box)
    self:expect_new()
    local function mark(tag, is_in) self.state.tagged[box .. ":" .. tag.id] = is_in or nil end
    fn(self, view, mark, b, c, box)
    self:read_tags(box)
  end
end

local sets = {}

function sets.add(self, view, mark, b)
  local tag = tag_of(self, b)
  view:add(tag)
  mark(tag, true)
end
function sets.discard(self, view, mark, b)
  local tag = tag_of(self, b)
  expect(view:contains(tag) == (position_in(self:tags_of_list(view), tag) ~= nil), "contains is wrong")
  view:discard(tag)
  mark(tag, false)
end
function sets.remove(self, view, mark, b)
  local list = self:tags_of_list(view)
  if #list == 0 then return end
  local tag = pick(list, b)
  view:remove(tag)
  mark(tag, false)
end
function sets.pop(self, view, mark)
  if #self:tags_of_list(view) > 0 then mark(view:pop(), false) end
end
function sets.update(self, view, mark, b, c)
  local first, second = tag_of(self, b), tag_of(self, c)
  view:update { first, second, first }
  mark(first, true)
  mark(second, true)
end
function sets.assign(self, view, mark, b, c, box)
  local list, new = self:tags_of_list(view), {}
  for i, tag in ipairs(list) do
    if (b + i) % 3 > 0 then new[#new + 1] = tag end
    mark(tag, (b + i) % 3 > 0)
  end
  new[#new + 1] = tag_of(self, c)
  mark(new[#new], true)
  new[#new + 1] = new[1]
  self.objects.box[box].tags = new
end
function sets.clear(self, view, mark)
  for _, tag in ipairs(self:tags_of_list(view)) do mark(tag, false) end
  view:clear()
end
sets["name add"] = function(self, view, mark, b, _, box)
  local proxy, name = self.objects.box[box].tag_names, self:name(b)
  local there
  for tag in view do there = there or tag.name == name end
  expect(proxy:contains(name) == (there or false), "contains is wrong")
  proxy:add(name)
  expect(#self.made == (there and 0 or 1), "add made %d objects", #self.made)
  if not there then mark(self.made[1], true) end
end
sets["name remove"] = function(self, view, mark, b, _, box)
  local list = self:tags_of_list(view)
  if #list == 0 then return end
  local name = pick(list, b).name
  self.objects.box[box].tag_names:remove(name)
  for _, tag in ipairs(list) do
    if tag.name == name then
      if view:contains(tag) then goto continue end
      mark(tag, false)
    end
    ::continue::
  end
end

function containers.run.tags_of_list(_, view)
  local list = {}
  for tag in view do list[#list + 1] = tag end
  table.sort(list, function(x, y) return x.id < y.id end)
  return list
end

for name, fn in pairs(sets) do steps["tag " .. name] = on_tags(fn) end

-- From the other side.
steps["tag boxes"] = function(self, a, b)
  local box, tag = self:pick_box(a), pick(sorted_ids(self.state.tag), b)
  local key, object = box .. ":" .. tag, self.objects.box[box]
  if b % 3 == 0 then self:read_boxes(tag) end
  if self.state.tagged[key] then
    self.objects.tag[tag].boxes:remove(object)
    self.state.tagged[key] = nil
  else
    self.objects.tag[tag].boxes:append(object)
    self.state.tagged[key] = true
  end
end

-- The other side, and what is appended without looking ----------------------------------------------------------------

function steps.refer(self, a, b, c)
  local kind = pick(KINDS, a)
  local ids = sorted_ids(self.state[kind])
  if #ids == 0 then return end
  local id, box = pick(ids, b), c % 4 > 0 and self:pick_box(c // 4) or false
  local child = self.state[kind][id]
  if MANY[kind] == "slots" or MANY[kind] == "cards" then
    if box and box ~= child.box and self:has_name(kind, box, child.name) then return end
  end
  local object = self:know(kind, id)
  -- It is no orphan as long as nobody knows that it had a parent.
  if not box then expect(object.box == self.objects.box[child.box], "%s %d has another box", kind, id) end
  object.box = box and self.objects.box[box] or nil
  self:put(kind, object, box)
end
steps["refer again"] = steps.refer

steps["refer new"] = function(self, a, b, c)
  local kind, box, name = pick(KINDS, a), self:pick_box(b), self:name(c)
  if self:has_name(kind, box, name) then return end
  local object = self:make(kind, name)
  object.box = self.objects.box[box]
  self.session:add(object)
  self:put(kind, object, box)
end

steps["append blindly"] = function(self, a, b, c)
  local kind, box = pick(KINDS, a), self:pick_box(b)
  local object = self:take(kind, c, box)
  if self:has_name(kind, box, object.name) then
    if not self.session:contains(object) then self.state[kind][object.id] = nil end
    return
  end
  self.objects.box[box][MANY[kind]]:append(object)
  self:put(kind, object, box)
end

-- The session ---------------------------------------------------------------------------------------------------------

function steps.look(self, a) self:look(self:pick_box(a)) end

function steps.flush(self)
  self.session:flush()
  self:forget_strays()
  self:check_rows()
end

-- Children without a box that no session has are no rows.
function containers.run:forget_strays()
  for _, kind in ipairs(KINDS) do
    for _, id in ipairs(sorted_ids(self.state[kind])) do
      if not self.session:contains(self.objects[kind][id]) then
        expect(not self.state[kind][id].box, "%s %d is not in the session", kind, id)
        self.state[kind][id] = nil
      end
    end
  end
  for _, id in ipairs(sorted_ids(self.state.tag)) do
    if not self.session:contains(self.objects.tag[id]) then self.state.tag[id] = nil end
  end
end

function steps.commit(self)
  steps.flush(self)
  self.session:commit()
  self.committed, self.saved = drawn.copy(self.state), {}
end

function steps.rollback(self)
  self.session:rollback()
  self.state, self.saved = drawn.copy(self.committed), {}
  self:find_again()
end

function steps.nest(self)
  steps.flush(self)
  table.insert(self.saved, { state = drawn.copy(self.state), txn = self.session:begin_nested() })
end

steps["end nested"] = function(self, a)
  local last = table.remove(self.saved)
  if not last then return end
  if a % 2 == 0 then
    steps.flush(self)
    last.txn:commit()
  else
    last.txn:rollback()
    self.state = last.state
    self:find_again()
  end
end

function steps.expire(self, a)
  steps.flush(self)
  if a % 2 == 0 then
    self.session:expire_all()
  else
    self.session:expire(self.objects.box[self:pick_box(a // 2)])
  end
end

function steps.refresh(self, a)
  steps.flush(self)
  self.session:refresh(self.objects.box[self:pick_box(a)])
end

function steps.reopen(self)
  steps.commit(self)
  self.session:close()
  self:open()
  self:find_again()
end

function steps.collect() collectgarbage() end

-- One of the next statements will fail.
function steps.fail(self, a) self.armed = a % 6 + 1 end

steps["delete child"] = function(self, a, b)
  local kind = pick(KINDS, a)
  steps.flush(self)
  local ids = sorted_ids(self.state[kind])
  if #ids == 0 then return end
  local id = pick(ids, b)
  self.session:delete(self.objects[kind][id])
  self.state[kind][id] = nil
  steps.flush(self)
end

steps["delete box"] = function(self, a)
  steps.flush(self)
  local ids = sorted_ids(self.state.boxes)
  if #ids < 2 then return end
  local box = pick(ids, a)
  self.session:delete(self.objects.box[box])
  self.state.boxes[box] = nil
  for _, kind in ipairs(KINDS) do
    for _, id in ipairs(self:children(kind, box)) do self:put(kind, self.objects[kind][id], false) end
  end
  for _, tag in ipairs(self:tags_of(box)) do self.state.tagged[box .. ":" .. tag] = nil end
  steps.flush(self)
end

steps["new box"] = function(self, a, b, c)
  local id, tag = self:new_id(), tag_of(self, c)
  local leaf, part = self:take("leaf", a, id), self:take("part", b, id)
  local slot, card = self:make("slot", self:name(a)), self:make("card", self:name(b))
  self.objects.box[id] = self.m.box {
    id = id, leaves = { leaf }, parts = { part }, slots = { [slot.name] = slot }, cards = { [card.name] = card },
    tags = { tag, tag },
  }
  self.session:add(self.objects.box[id])
  self.state.boxes[id] = true
  for kind, object in pairs { leaf = leaf, part = part, slot = slot, card = card } do self:put(kind, object, id) end
  self.state.tagged[id .. ":" .. tag.id] = true
  expect(part.position == 1, "the part of the new box %d has the position %s", id, part.position)
end

return steps
