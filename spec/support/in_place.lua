-- Random changes inside of values, beside the same changes of plain tables. A plan is a list of { op, a, b, c }: which
-- one, and three numbers that choose among what there is then.
local corm = require "corm"
local drawn = require "spec.support.drawn"
local Column, Integer, JSON = corm.Column, corm.Integer, corm.JSON

local in_place = {}

local Point = corm.MutableComposite { "x", "y" }

function in_place.models()
  local Base = corm.declarative_base()
  return Base, Base:model("Doc", {
    __tablename__ = "doc",
    id = Column(Integer, { primary_key = true }),
    plain = Column(JSON),
    fields = Column(corm.MutableDict:as_mutable(JSON)),
    steps = Column(corm.MutableList:as_mutable(JSON)),
    tags = Column(corm.MutableSet:as_mutable(JSON)),
    tree = Column(corm.MutableJSON:as_mutable(JSON)),
    x = Column(Integer),
    y = Column(Integer),
    place = corm.composite(Point, "x", "y"),
  })
end

local WRAPPED = { fields = corm.MutableDict, steps = corm.MutableList, tags = corm.MutableSet, tree = corm.MutableJSON }
local COLUMNS = { "plain", "fields", "steps", "tags", "tree" }
local KEYS = { "a", "b", "c", "append" } -- the last one is the name of a method of lists

-- Comparing -----------------------------------------------------------------------------------------------------------

local function expect(ok, message, ...)
  if not ok then error({ said = message:format(...) }, 0) end
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b and math.type(a) == math.type(b) end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local function show(value) return drawn.show(value) end

-- A value in memory as a plain table, by what loops over it see.
local function seen(value)
  if type(value) ~= "table" then return value end
  local copy, n = {}, 0
  for key, part in pairs(value) do copy[key], n = seen(part), n + 1 end
  for i, part in ipairs(value) do expect(same(seen(part), copy[i]), "ipairs gives another value at %d", i) end
  expect(#value == #copy, "# is %d and not %d", #value, #copy)
  return copy
end

local run = {}
run.__index = run

function run:check(id)
  local doc, wanted = self.docs[id], self.state[id]
  for _, name in ipairs(COLUMNS) do
    local class = WRAPPED[name]
    local value = seen(doc[name])
    expect(same(value, wanted[name]), "doc %d.%s is %s and not %s", id, name, show(value), show(wanted[name]))
    if class and value ~= nil then
      expect(same(class.to_table(doc[name]), value), "to_table of doc %d.%s gives something else", id, name)
      expect(rawequal(doc[name], doc[name]), "doc %d.%s is two values", id, name)
    end
  end
  expect(doc.x == wanted.x and doc.y == wanted.y, "doc %d is at %s, %s", id, doc.x, doc.y)
  if wanted.x or wanted.y then
    expect(doc.place.x == wanted.x and doc.place.y == wanted.y, "doc %d has the place %s", id, doc.place)
  end
end

function run:check_rows()
  local columns, table_of = {}, self.Doc.__table__
  for i, name in ipairs { "id", "x", "y", table.unpack(COLUMNS) } do columns[i] = table_of.c[name] end
  local n = 0
  for row in self.session:execute(corm.select(table.unpack(columns))) do
    local wanted = self.state[row[1]]
    n = n + 1
    expect(wanted, "a row %d is left", row[1])
    expect(row[2] == wanted.x and row[3] == wanted.y, "the row of doc %d is at %s, %s", row[1], row[2], row[3])
    for i, name in ipairs(COLUMNS) do
      expect(same(row[3 + i], wanted[name]), "the row of doc %d.%s has %s and not %s", row[1], name, show(row[3 + i]),
        show(wanted[name]))
    end
  end
  for _ in pairs(self.state) do n = n - 1 end
  expect(n == 0, "%d rows are missing", -n)
end

-- Drawing values ------------------------------------------------------------------------------------------------------

local function scalar(n)
  local kind, rest = n % 6, n // 6
  if kind == 0 then return "s" .. rest % 5 end
  if kind == 1 then return rest % 7 end
  if kind == 2 then return rest % 7 + 0.5 end
  if kind == 3 then return rest % 2 == 0 end
  if kind == 4 then return "\u{e4}\"\\/" .. rest % 3 end
  return -rest
end

local function deep(n, depth)
  if n % 3 == 0 or depth > 2 then return scalar(n // 3) end
  local value = {}
  for i = 1, n // 3 % 3 + 1 do
    local key = n % 3 == 1 and i or KEYS[(n + i) % #KEYS + 1]
    value[key] = deep(n // (5 + i), depth + 1)
  end
  return value
end

local function pick(list, n) return list[n % #list + 1] end

local function keys_of(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

-- Steps ---------------------------------------------------------------------------------------------------------------

local steps = {}

function run:pick(n)
  return pick(keys_of(self.state), n)
end

-- What is assigned is copied: a change of the table given changes nothing.
local function assign(name, make)
  steps["assign " .. name] = function(self, a, b)
    local id = self:pick(a)
    if b % 7 == 0 then
      self.docs[id][name], self.state[id][name] = nil, nil
      return
    end
    local given = make(b)
    self.state[id][name] = drawn.copy(given)
    self.docs[id][name] = given
    given[1], given.a = nil, nil
    if b % 5 == 0 then -- and to another object, which would share the value itself
      local other, value = self:pick(b), self.docs[id][name]
      self.docs[other][name] = WRAPPED[name] and WRAPPED[name].to_table(value) or value
      self.state[other][name] = drawn.copy(self.state[id][name])
    end
  end
end
local function named(n) return { a = scalar(n), b = scalar(n + 1), [pick(KEYS, n)] = deep(n, 1) } end
local function listed(n) return { scalar(n), deep(n + 1, 1), scalar(n + 2) } end
assign("plain", named)
assign("fields", named)
assign("steps", listed)
assign("tags", function(n) return { "t" .. n % 4, "u" .. n % 3 } end)
assign("tree", function(n) return n % 2 == 0 and named(n) or listed(n) end)

function steps.flag(self, a, b)
  local id = self:pick(a)
  local value = self.docs[id].plain
  if not value then return end
  value.a, self.state[id].plain.a = b, b
  corm.flag_modified(self.docs[id], "plain")
end

-- fn(value, plain, b, c) does to both the same.
local function on(name, fn)
  return function(self, a, b, c)
    local id = self:pick(a)
    local value = self.docs[id][name]
    if value == nil then return end
    fn(value, self.state[id][name], b, c, self)
  end
end

local dict = corm.MutableDict
steps["dict set"] = on("fields", function(value, plain, b, c)
  value[pick(KEYS, b)], plain[pick(KEYS, b)] = deep(c, 1), deep(c, 1)
end)
steps["dict unset"] = on("fields", function(value, plain, b)
  value[pick(KEYS, b)], plain[pick(KEYS, b)] = nil, nil
end)
steps["dict update"] = on("fields", function(value, plain, b, c)
  dict.update(value, { a = scalar(b), [pick(KEYS, c)] = scalar(c) })
  plain.a = scalar(b)
  plain[pick(KEYS, c)] = scalar(c)
end)
steps["dict pop"] = on("fields", function(value, plain, b)
  local key = pick(KEYS, b)
  expect(same(seen(dict.pop(value, key, "none")), plain[key] == nil and "none" or plain[key]), "pop gave another value")
  plain[key] = nil
end)
steps["dict setdefault"] = on("fields", function(value, plain, b, c)
  local key = pick(KEYS, b)
  if plain[key] == nil then plain[key] = scalar(c) end
  expect(same(seen(dict.setdefault(value, key, scalar(c))), plain[key]), "setdefault gave another value")
end)
steps["dict clear"] = on("fields", function(value, plain)
  dict.clear(value)
  for key in pairs(plain) do plain[key] = nil end
end)

local function list_steps(kind, find)
  local function step(name, fn)
    steps[kind .. " " .. name] = on(kind == "list" and "steps" or "tree", function(value, plain, b, c, self)
      value, plain = find(value, plain, b)
      if value then fn(value, plain, b // 3, c, self) end
    end)
  end
  step("append", function(value, plain, _, c)
    corm[kind == "list" and "MutableList" or "MutableJSON"].to_table(value)
    table.insert(value, deep(c, 1))
    table.insert(plain, deep(c, 1))
  end)
  step("insert", function(value, plain, b, c)
    local at = b % (#plain + 1) + 1
    table.insert(value, at, deep(c, 1))
    table.insert(plain, at, deep(c, 1))
  end)
  step("remove", function(value, plain, b)
    if #plain == 0 then return end
    local at = b % #plain + 1
    expect(same(seen(table.remove(value, at)), table.remove(plain, at)), "remove gave another value")
  end)
  step("set", function(value, plain, b, c)
    if #plain == 0 then return end
    local at = b % #plain + 1
    value[at], plain[at] = deep(c, 1), deep(c, 1)
  end)
  step("sort", function(value, plain, b)
    local function less(x, y)
      if b % 2 == 0 then return show(seen(x)) < show(seen(y)) end
      return show(seen(x)) > show(seen(y))
    end
    table.sort(value, less)
    table.sort(plain, less)
  end)
end
list_steps("list", function(value, plain) return value, plain end)

steps["list methods"] = on("steps", function(value, plain, b, c)
  value:append(scalar(b))
  value:extend { scalar(c), deep(b, 1) }
  value:reverse()
  table.move({ scalar(b), scalar(c), deep(b, 1) }, 1, 3, #plain + 1, plain)
  for i = 1, #plain // 2 do plain[i], plain[#plain + 1 - i] = plain[#plain + 1 - i], plain[i] end
  expect(value:contains(scalar(b)), "contains is wrong")
  expect(same(seen(value:pop()), table.remove(plain)), "pop gave another value")
  value:insert(1, "first")
  value:remove "first"
end)
steps["list clear"] = on("steps", function(value, plain)
  value:clear()
  for i = #plain, 1, -1 do plain[i] = nil end
end)

steps["set add"] = on("tags", function(value, plain, b)
  local tag = "t" .. b % 5
  local there
  for _, each in ipairs(plain) do there = there or each == tag end
  expect(value:contains(tag) == (there or false), "contains is wrong")
  value:add(tag)
  if not there then table.insert(plain, tag) end
end)
steps["set discard"] = on("tags", function(value, plain, b)
  value:discard("t" .. b % 5)
  for i = #plain, 1, -1 do
    if plain[i] == "t" .. b % 5 then table.remove(plain, i) end
  end
end)

-- In a tree: the table that numbers lead to. `is_list`: one of that kind.
local function descend(value, plain, n, is_list)
  local best_value, best
  local function look(v, p)
    local empty = next(p) == nil
    if not empty and (p[1] ~= nil) == is_list and (not best or n % 3 > 0) then best_value, best = v, p end
    for _, key in ipairs(keys_of(p)) do
      n = n // 2 + 1
      if type(p[key]) == "table" then look(v[key], p[key]) end
    end
  end
  look(value, plain)
  return best_value, best
end
list_steps("tree list", function(value, plain, b) return descend(value, plain, b, true) end)
steps["tree set"] = on("tree", function(value, plain, b, c)
  value, plain = descend(value, plain, b, false)
  if not value then return end
  value[pick(KEYS, c)], plain[pick(KEYS, c)] = deep(b, 1), deep(b, 1)
end)
steps["tree unset"] = on("tree", function(value, plain, b, c)
  value, plain = descend(value, plain, b, false)
  if not value then return end
  value[pick(KEYS, c)], plain[pick(KEYS, c)] = nil, nil
end)
-- A part of it once more, which is a copy, and one of another object.
steps["tree copy"] = on("tree", function(value, plain, b, c, self)
  local to, into = descend(value, plain, b, false)
  local from, source = descend(value, plain, c, true)
  if not to or not from then return end
  local moved -- a part of this very table is not copied, so that table.sort and its like can move it
  for _, part in pairs(into) do moved = moved or part == source end
  to.copied, into.copied = moved and corm.MutableJSON.to_table(from) or from, drawn.copy(source)
  local other = self:pick(c)
  if self.state[other].fields then
    self.docs[other].fields.copied = from
    self.state[other].fields.copied = drawn.copy(source)
  end
end)

function steps.move(self, a, b, c)
  local id = self:pick(a)
  local doc, state = self.docs[id], self.state[id]
  if c % 4 == 0 or not doc.place then
    doc.place = Point(b, c)
    state.x, state.y = b, c
  elseif c % 4 == 1 then
    doc.place.x = b
    state.x = b
  elseif c % 4 == 2 then
    doc.y = b
    state.y = b
  else
    doc.place = nil
    state.x, state.y = nil, nil
  end
end

function steps.flush(self)
  self.session:flush()
  self:check_rows()
end

function steps.commit(self)
  steps.flush(self)
  self.session:commit()
  self.committed = drawn.copy(self.state)
end

function run:find_again()
  self.docs = {}
  for id in pairs(self.state) do
    self.docs[id] = self.session:get(self.Doc, id)
    expect(self.docs[id], "doc %d is gone", id)
  end
end

function steps.rollback(self)
  self.session:rollback()
  self.state = drawn.copy(self.committed)
  self:find_again()
end

-- A change within a savepoint and its end.
function steps.nest(self, a, b, c)
  steps.flush(self)
  local before = drawn.copy(self.state)
  local txn = self.session:begin_nested()
  steps["tree set"](self, a, b, c)
  steps["dict set"](self, b, a, c)
  steps.move(self, a, c, b)
  if c % 2 == 0 then self.session:flush() end
  if b % 2 == 0 then
    txn:commit()
  else
    txn:rollback()
    self.state = before
  end
end

function steps.expire(self, a)
  steps.flush(self)
  self.session:expire(self.docs[self:pick(a)])
end

function steps.refresh(self, a)
  steps.flush(self)
  self.session:refresh(self.docs[self:pick(a)])
end

function steps.reopen(self)
  steps.commit(self)
  self.session:close()
  self.session = corm.Session { bind = self.engine }
  self:find_again()
end

function steps.merge(self, a)
  steps.flush(self)
  local id = self:pick(a)
  local other = corm.Session { bind = self.engine }
  local given = self.Doc { id = id, fields = { a = "merged" }, tree = { merged = { 1, { b = 2 } } } }
  other:close()
  self.session:merge(given)
  self.state[id].fields, self.state[id].tree = { a = "merged" }, { merged = { 1, { b = 2 } } }
end

steps["new"] = function(self, a, b)
  local id = self.last + 1
  self.last = id
  local values = { fields = named(a), steps = listed(b), tags = { "t1" }, tree = named(b), plain = { a = 1 } }
  values.x, values.y = a, b
  self.state[id] = drawn.copy(values)
  values.id = id
  self.docs[id] = self.Doc(values)
  self.session:add(self.docs[id])
end

function steps.collect() collectgarbage() end
function steps.check(self, a) self:check(self:pick(a)) end
steps["check again"] = steps.check

in_place.operations = {}
for name in pairs(steps) do table.insert(in_place.operations, name) end
table.sort(in_place.operations)

-- Running -------------------------------------------------------------------------------------------------------------

function in_place.plan(random)
  local plan = {}
  for i = 1, 5 + random(25) do
    plan[i] = { in_place.operations[random(#in_place.operations)], random(1000), random(1000), random(1000) }
  end
  return plan
end

-- What is wrong, or nil.
function in_place.try(engine, Doc, plan)
  local self = setmetatable({ engine = engine, Doc = Doc, last = 0, docs = {}, state = {} }, run)
  self.session = corm.Session { bind = engine }
  local at
  local ok, err = xpcall(function()
    for n = 1, 2 do steps.new(self, n * 7, n * 11) end
    steps.commit(self)
    for i, step in ipairs(plan) do
      at = i
      steps[step[1]](self, step[2], step[3], step[4])
    end
    at = "end"
    for id in pairs(self.state) do self:check(id) end
    steps.commit(self)
    for id in pairs(self.state) do self:check(id) end
  end, function(e) return type(e) == "table" and e.said or debug.traceback(tostring(e), 2) end)
  pcall(self.session.rollback, self.session)
  self.session:close()
  engine:begin(function(connection) connection:execute(corm.delete(Doc.__table__, { all = true })) end)
  if not ok then return ("step %s: %s"):format(at, err) end
end

return in_place
