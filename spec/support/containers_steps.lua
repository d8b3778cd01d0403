-- What happens to lists, dictionaries and proxies in spec/containers_spec.lua: each step does to corm and to plain Lua
-- the same.
local containers = require "spec.support.containers"

local expect, text = containers.expect, containers.text
local MANY, NAMES, KINDS = containers.MANY, containers.NAMES, containers.KINDS
local pick, position_in, sorted_ids = containers.pick, containers.position_in, containers.sorted_ids

local steps = {}
local function take_out(list, object) table.remove(list, assert(position_in(list, object))) end

-- Lists and dictionaries ----------------------------------------------------------------------------------------------

-- Whose position was numbered: `all`, or that of one object.
local function check_positions(box, list, before, numbered)
  for i, object in ipairs(list) do
    local wanted = before[object]
    if numbered == "all" or numbered == object then wanted = i end
    expect(object.position == wanted, "box %d: part %d has the position %s and not %s", box, object.id,
      object.position, wanted)
  end
end

-- fn(self, view, list, b, c, box) changes the collection and the list; what it returns see check_positions.
local function on_collection(kind, fn)
  return function(self, a, b, c)
    local box = self:pick_box(a)
    local list, view = self:read(kind, box)
    local had, before = table.move(list, 1, #list, 1, {}), {}
    if kind == "part" then
      for id in pairs(self.state.part) do
        local part = self.objects.part[id]
        before[part] = part.position
      end
    end
    self:expect_new()
    local numbered = fn(self, view, list, b, c, box)
    for _, object in ipairs(had) do
      if not position_in(list, object) then self:put(kind, object, false) end
    end
    for _, object in ipairs(list) do self:put(kind, object, box) end
    self:same_order(kind, box, list)
    if kind == "part" then check_positions(box, list, before, numbered) end
  end
end

local function listed(kind)
  local changes = {}
  function changes.append(self, view, list, b, _, box)
    local object = self:take(kind, b, box)
    local numbered = kind == "part" and object.position == nil and object
    view:append(object)
    table.insert(list, object)
    return numbered
  end
  function changes.insert(self, view, list, b, c, box)
    local object, position = self:take(kind, b, box), c % (#list + 1) + 1
    view:insert(position, object)
    table.insert(list, position, object)
    return "all"
  end
  function changes.remove(_, view, list, b)
    if #list == 0 then return end
    local object = pick(list, b)
    view:remove(object)
    take_out(list, object)
    return "all"
  end
  function changes.pop(_, view, list, b, c)
    if #list == 0 then return end
    local position = b % 2 == 0 and #list or c % #list + 1
    local object
    if b % 2 == 0 then
      object = view:pop()
    else
      object = view:pop(position)
    end
    expect(rawequal(object, table.remove(list, position)), "pop gave another object")
    return "all"
  end
  function changes.set(self, view, list, b, c, box)
    if #list == 0 then return end
    local position = c % #list + 1
    local object = self:take(kind, b, box)
    view[position] = object
    list[position] = object
    return object
  end
  function changes.unset(_, view, list, b)
    if #list == 0 then return end
    local position = b % #list + 1
    view[position] = nil
    table.remove(list, position)
    return "all"
  end
  function changes.extend(self, view, list, b, c, box)
    if kind == "part" then return changes.append(self, view, list, b, c, box) end
    local second, first = self:take(kind, b, box), self:make(kind, self:name(c))
    view:extend { first, second }
    table.insert(list, first)
    table.insert(list, second)
  end
  function changes.clear(_, view, list)
    view:clear()
    for i = #list, 1, -1 do list[i] = nil end
  end
  function changes.assign(self, _, list, b, c, box)
    local new = {}
    for i, object in ipairs(list) do
      if (b + i) % 3 > 0 then table.insert(new, c % 2 == 0 and 1 or #new + 1, object) end
    end
    table.insert(new, self:take(kind, c, box))
    self.objects.box[box][MANY[kind]] = new
    for i = #list, 1, -1 do list[i] = nil end
    table.move(new, 1, #new, 1, list)
    return "all"
  end
  function changes.sort(_, view, list, b)
    local function less(x, y)
      if b % 2 == 0 then return x.id < y.id end
      return x.id > y.id
    end
    view:sort(less)
    table.sort(list, less)
    return "all"
  end
  function changes.reverse(_, view, list)
    view:reverse()
    for i = 1, #list // 2 do list[i], list[#list + 1 - i] = list[#list + 1 - i], list[i] end
    return "all"
  end
  for name, fn in pairs(changes) do steps[kind .. " " .. name] = on_collection(kind, fn) end
end
listed "leaf"
listed "part"

local function last_named(list, name)
  local found
  for _, object in ipairs(list) do
    if object.name == name then found = object end
  end
  return found
end

-- The object stands under its name; another one that did goes.
local function put_named(list, object)
  local old = last_named(list, object.name)
  table.insert(list, object)
  if old then take_out(list, old) end
end

local function keyed(kind)
  local changes = {}
  function changes.put(self, view, list, b, c, box)
    local object = self:take(kind, b, box)
    if c % 2 == 0 then
      view:set(object)
    else
      view[object.name] = object
    end
    put_named(list, object)
  end
  function changes.unset(self, view, list, b)
    local name = self:name(b)
    local old = last_named(list, name)
    if b % 2 == 0 then
      expect(rawequal(view:pop(name), old), "pop gave another object")
    else
      view[name] = nil
    end
    if old then take_out(list, old) end
  end
  function changes.remove(_, view, list, b)
    if #list == 0 then return end
    local object = pick(list, b)
    view:remove(object)
    take_out(list, object)
  end
  function changes.update(self, view, list, b, c)
    local first, second = self:make(kind, "x"), self:make(kind, NAMES[c % 6 + 1])
    view:update { [first.name] = first, [second.name] = second }
    put_named(list, second)
    put_named(list, first)
    if b % 2 == 0 then
      view.x = nil
      take_out(list, first)
      self:put(kind, first, false)
    end
  end
  function changes.clear(_, view, list)
    view:clear()
    for i = #list, 1, -1 do list[i] = nil end
  end
  function changes.assign(self, _, list, b, c, box)
    local new, order = {}, {}
    for i, object in ipairs(list) do
      if (b + i) % 3 > 0 then new[object.name] = object end
    end
    local object = self:take(kind, c, box)
    new[object.name] = object
    self.objects.box[box][MANY[kind]] = new
    for i = #list, 1, -1 do list[i] = nil end
    for name in pairs(new) do table.insert(order, name) end
    table.sort(order)
    for i, name in ipairs(order) do list[i] = new[name] end
  end
  for name, fn in pairs(changes) do steps[kind .. " " .. name] = on_collection(kind, fn) end
end
keyed "slot"
keyed "card"

local function rename(self, a, b, c)
  local kind = pick(KINDS, a)
  local ids = sorted_ids(self.state[kind])
  if #ids == 0 then return end
  local child, name = self.state[kind][pick(ids, b)], self:name(c)
  if MANY[kind] ~= "leaves" and self:has_name(kind, child.box, name) then return end
  self.objects[kind][pick(ids, b)].name = name
  child.name = name
end
steps.rename, steps["rename again"] = rename, rename

-- Proxies -------------------------------------------------------------------------------------------------------------

local function shows(proxy, list, what)
  local values = {}
  for i, object in ipairs(list) do values[i] = object[what] end
  expect(text(proxy:values()) == text(values), "the proxy has %s and not %s", text(proxy:values()), text(values))
  expect(#proxy == #values, "#proxy is %d", #proxy)
end

local named = {}

function named.append(self, proxy, list, b)
  proxy:append(self:name(b))
  list[#list + 1] = self.made[1]
  return self.made[1]
end
function named.insert(self, proxy, list, b, c)
  local position = c % (#list + 1) + 1
  proxy:insert(position, self:name(b))
  table.insert(list, position, self.made[1])
  return "all"
end
function named.set(self, proxy, list, b, c)
  if #list == 0 then return end
  local object, name = pick(list, c), self:name(b)
  proxy[position_in(list, object)] = name
  self.state.part[object.id].name = name
end
function named.unset(_, proxy, list, b)
  if #list == 0 then return end
  local position = b % #list + 1
  proxy[position] = nil
  table.remove(list, position)
  return "all"
end
function named.remove(_, proxy, list, b)
  if #list == 0 then return end
  local name = pick(list, b).name
  local position = proxy:index(name)
  for i, object in ipairs(list) do
    if object.name == name then
      expect(position == i, "index gave %s and not %d", position, i)
      break
    end
  end
  if b % 2 == 0 then
    proxy:remove(name)
  else
    proxy:discard(name)
  end
  table.remove(list, position)
  return "all"
end
function named.pop(_, proxy, list, b)
  if #list == 0 then return end
  local position = b % #list + 1
  expect(proxy[position] == list[position].name, "the proxy has another value at %d", position)
  expect(proxy:pop(position) == table.remove(list, position).name, "pop gave another value")
  return "all"
end
function named.assign(self, _, list, b, c, box)
  local values, new = {}, {}
  for i, object in ipairs(list) do
    if (b + i) % 3 > 0 then table.insert(values, c % 2 == 0 and 1 or #values + 1, object.name) end
  end
  table.insert(values, self:name(c))
  self.objects.box[box].part_names = values
  local rest, made = table.move(list, 1, #list, 1, {}), 0
  for i, name in ipairs(values) do
    local kept
    for at, object in ipairs(rest) do
      if object.name == name then
        kept = table.remove(rest, at)
        break
      end
    end
    if not kept then made = made + 1 end
    new[i] = kept or self.made[made]
  end
  for i = #list, 1, -1 do list[i] = nil end
  table.move(new, 1, #new, 1, list)
  return "all"
end

for name, fn in pairs(named) do
  steps["names " .. name] = on_collection("part", function(self, _, list, b, c, box)
    local proxy = self.objects.box[box].part_names
    shows(proxy, list, "name")
    local numbered = fn(self, proxy, list, b, c, box)
    shows(proxy, list, "name")
    return numbered
  end)
end

local valued = {}

local function set_value(self, list, name, value)
  local object = last_named(list, name)
  if object then
    self.state.slot[object.id].value = value
  else
    list[#list + 1] = table.remove(self.made, 1)
  end
end

function valued.set(self, proxy, list, b, c)
  proxy[self:name(b)] = c
  set_value(self, list, self:name(b), c)
end
function valued.unset(self, proxy, list, b)
  local name = self:name(b)
  local old = last_named(list, name)
  if b % 2 == 0 then
    expect(proxy:pop(name) == (old and old.value), "pop gave another value")
  else
    proxy[name] = nil
  end
  if old then take_out(list, old) end
end
function valued.update(self, proxy, list, b, c)
  local values = { [self:name(b)] = c, [self:name(c)] = c + 1 }
  proxy:update(values)
  local names = {}
  for name in pairs(values) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do set_value(self, list, name, values[name]) end
end
function valued.setdefault(self, proxy, list, b, c)
  local old = last_named(list, self:name(b))
  expect(proxy:setdefault(self:name(b), c) == (old and old.value or c), "setdefault gave another value")
  if not old then set_value(self, list, self:name(b), c) end
end
function valued.assign(self, _, list, b, c, box)
  local values, names = { [self:name(b)] = c }, {}
  for i = #list, 1, -1 do
    if (b + i) % 3 > 0 then values[list[i].name] = c + i end
  end
  self.objects.box[box].slot_values = values
  for i = #list, 1, -1 do
    if not values[list[i].name] then table.remove(list, i) end
  end
  for name in pairs(values) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do set_value(self, list, name, values[name]) end
end

for name, fn in pairs(valued) do
  steps["values " .. name] = on_collection("slot", function(self, _, list, b, c, box)
    local proxy = self.objects.box[box].slot_values
    shows(proxy, list, "value")
    fn(self, proxy, list, b, c, box)
    shows(proxy, list, "value")
    for _, key in ipairs(NAMES) do
      local object = last_named(list, key)
      expect(proxy[key] == (object and object.value), "the proxy has %s at %s", proxy[key], key)
    end
  end)
end

return steps
