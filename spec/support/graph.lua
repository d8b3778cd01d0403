-- Random graphs of objects under random operations, beside a plain Lua model of what the objects and the database must
-- hold. A run is a list of steps { operation, numbers }, and an operation makes its choices by its numbers alone, so
-- that a run can be repeated, and steps left out of it until only those remain that matter.
--
-- graph.operation(name, weight, fn) adds one: fn(g) does something to g.session and the same to the model, or returns
-- false where it cannot. The model's objects are tables { kind, id, state, ... }: "live" in the session, "doomed" when
-- the next flush deletes them, "gone" when it has, "out" of the session after a rollback; `saved` when they have a row.
local corm = require "corm"
local graph_models = require "spec.support.graph_models"

local graph = { operations = {}, names = {} }

function graph.operation(name, weight, fn)
  assert(not graph.operations[name], name)
  graph.operations[name] = { name = name, weight = weight, run = fn }
  table.insert(graph.names, name)
end

-- The world of a run --------------------------------------------------------------------------------------------------

local world = {}
world.__index = world

local kinds = graph_models.kinds
graph.kinds, graph.models = kinds, graph_models.make

local function is_a(o, kind)
  return not kind or o.kind == kind or kinds[o.kind].base == kind
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

-- The live objects of a kind (nil: of all), in order of creation.
function world:live(kind, saved)
  local list = {}
  for _, o in ipairs(self.objects) do
    if o.state == "live" and is_a(o, kind) and (not saved or o.saved) then list[#list + 1] = o end
  end
  return list
end

-- A new object of the model and of corm; `fields` are the model's.
function world:make(kind, fields)
  self.last_id = self.last_id + 1
  local o = { kind = kind, id = self.last_id, state = "live", tags = kind == "item" and {} or nil }
  local given = { id = o.id }
  for key, value in pairs(fields) do
    o[key] = value
    if kinds[kind].references[key] ~= nil then
      given[key] = self.real[value]
    elseif key == "tags" then
      given.tags = {}
      for _, tag in ipairs(self:live "tag") do
        if value[tag] then table.insert(given.tags, self.real[tag]) end
      end
    else
      given[key] = value
    end
  end
  self.real[o] = self.m[kind](given)
  table.insert(self.objects, o)
  return o
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
      o.tags = o.tags and {}
    end
  end
  for _, o in ipairs(self.objects) do
    if o.state == "live" then
      o.saved = true
      for key in each_reference(o) do
        if o[key] and o[key].state ~= "live" then o[key] = nil end
      end
      for tag in pairs(o.tags or {}) do
        if tag.state ~= "live" then o.tags[tag] = nil end
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

-- What a savepoint or a commit keeps of the model.
function world:snapshot()
  local kept = {}
  for _, o in ipairs(self:live()) do
    local copy = { id = o.id, name = o.name }
    for _, key in ipairs(kinds[o.kind].fields) do copy[key] = o[key] end
    for key in each_reference(o) do copy[key] = o[key] or false end
    if o.tags then
      copy.tags = {}
      for tag in pairs(o.tags) do copy.tags[tag] = true end
    end
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
      if copy.tags then
        o.tags = {}
        for tag in pairs(copy.tags) do o.tags[tag] = true end
      end
    elseif o.state ~= "out" then
      o.state, o.saved = "out", false
    end
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

-- Checks --------------------------------------------------------------------------------------------------------------

local function show(o)
  return o and ("%s %d"):format(o.kind, o.id) or "nil"
end

local function expect(ok, message, ...)
  if not ok then error(message:format(...), 0) end
end

local function same_set(g, o, key, expected)
  local collection, wanted, n = g.real[o][key], {}, 0
  for _, other in ipairs(expected) do wanted[g.real[other]] = other end
  for _, object in ipairs(collection) do
    n = n + 1
    expect(wanted[object], "%s.%s holds %s too often or wrongly", show(o), key, tostring(object))
    wanted[object] = nil
  end
  for _, other in pairs(wanted) do expect(false, "%s.%s lacks %s (it has %d)", show(o), key, show(other), n) end
end

local function same_order(g, o, pages)
  table.sort(pages, function(a, b) return a.position < b.position end)
  for i, page in ipairs(pages) do
    expect(g.real[o].pages[i] == g.real[page], "%s.pages[%d] is not %s", show(o), i, show(page))
  end
end

local function same_words(g, o, labels)
  local n = 0
  for word, label in pairs(g.real[o].labels) do
    n = n + 1
    expect(label.word == word, "%s.labels[%s] says %s", show(o), word, tostring(label.word))
  end
  expect(n == #labels and #g.real[o].labels == n, "%s has %d labels instead of %d", show(o), n, #labels)
  for _, label in ipairs(labels) do
    expect(g.real[o].labels[label.word] == g.real[label], "%s.labels[%s] is not %s", show(o), label.word, show(label))
  end
end

-- What an object holds in memory, or reads when it is asked.
function world:check_object(o)
  local object = self.real[o]
  expect(corm.inspect(object).session == self.session, "%s is in no session", show(o))
  expect(object.id == o.id, "%s has the id %s", show(o), tostring(object.id))
  expect(object.name == o.name, "%s.name is %s instead of %s", show(o), tostring(object.name), tostring(o.name))
  for _, key in ipairs(kinds[o.kind].fields) do
    expect(object[key] == o[key], "%s.%s is %s instead of %s", show(o), key, tostring(object[key]), tostring(o[key]))
  end
  for key in each_reference(o) do
    expect(object[key] == (o[key] and self.real[o[key]] or nil), "%s.%s is not %s", show(o), key, show(o[key]))
  end
  for key, list in pairs(kinds[o.kind].lists) do
    local expected = self:holders(o, list[1], list[2])
    if key == "labels" then
      same_words(self, o, expected)
    else
      same_set(self, o, key, expected)
    end
    if key == "pages" then same_order(self, o, expected) end
  end
  if o.kind == "tag" then
    local items = {}
    for _, item in ipairs(self:live "item") do
      if item.tags[o] then items[#items + 1] = item end
    end
    same_set(self, o, "items", items)
  elseif o.kind == "item" then
    local tags = {}
    for _, tag in ipairs(self:live "tag") do
      if o.tags[tag] then tags[#tags + 1] = tag end
    end
    same_set(self, o, "tags", tags)
  end
end

local function lines_of(rows)
  local lines = {}
  for _, row in ipairs(rows) do
    local parts = table.pack(row:unpack())
    for i = 1, parts.n do parts[i] = tostring(parts[i]) end
    lines[#lines + 1] = table.concat(parts, "|")
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

function world:expected_rows(kind)
  local lines = {}
  for _, o in ipairs(self:live(kind)) do
    if o.kind == kind then
      local parts = { tostring(o.id), tostring(o.name) }
      for _, key in ipairs(kinds[kind].fields) do parts[#parts + 1] = tostring(o[key]) end
      for i = 2, #kinds[kind].rows do
        local other = o[kinds[kind].rows[i]]
        parts[#parts + 1] = tostring(other and other.id)
      end
      lines[#lines + 1] = table.concat(parts, "|")
    end
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

-- What the database holds, asked by `conn`, which may be the session's own connection or another one.
function world:check_rows(conn)
  local function ask(sql) return lines_of(conn:execute(corm.text(sql)):all()) end
  for kind, of in pairs(kinds) do
    local got, expected = ask(of.rows[1]), self:expected_rows(kind)
    expect(got == expected, "rows of %s:\n%s\ninstead of:\n%s", kind, got, expected)
  end
  local pairs_of = {}
  for _, item in ipairs(self:live "item") do
    for tag in pairs(item.tags) do pairs_of[#pairs_of + 1] = ("%d|%d"):format(item.id, tag.id) end
  end
  table.sort(pairs_of)
  local got, expected = ask "SELECT item_id, tag_id FROM item_tag", table.concat(pairs_of, "\n")
  expect(got == expected, "rows of item_tag:\n%s\ninstead of:\n%s", got, expected)
end

function world:check()
  self:flush()
  self:check_rows(self.session:connection())
  for _, o in ipairs(self:live()) do self:check_object(o) end
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

-- Operations ----------------------------------------------------------------------------------------------------------

local function some_tags(g)
  local tags = {}
  for _, tag in ipairs(g:live "tag") do
    if g:number() % 3 == 0 then tags[tag] = true end
  end
  return tags
end

local function maybe(g, list)
  if g:number() % 4 == 0 then return nil end
  return g:pick(list)
end

graph.operation("add a person", 4, function(g)
  local o = g:make("person", { name = "p" .. g:number() % 10, boss = maybe(g, g:live "person") })
  g.session:add(g.real[o])
end)

graph.operation("add an item", 6, function(g)
  local o = g:make("item", { name = "i" .. g:number() % 10, owner = maybe(g, g:live "person"), tags = some_tags(g) })
  g.session:add(g.real[o])
end)

graph.operation("add a note", 4, function(g)
  local person = g:pick(g:live "person")
  if not person then return false end
  local o = g:make("note", { name = "n" .. g:number() % 10, person = person })
  g.session:add(g.real[o])
end)

graph.operation("add a tag", 3, function(g)
  local o = g:make("tag", { name = "t" .. g.last_id + 1 })
  g.session:add(g.real[o])
end)

graph.operation("rename", 6, function(g)
  local o = g:pick(g:live())
  if not o or o.kind == "tag" then return false end
  o.name = g:number() % 5 > 0 and "r" .. g:number() % 10 or nil
  g.real[o].name = o.name
end)

graph.operation("give an item to somebody", 6, function(g)
  local item = g:pick(g:live "item")
  if not item then return false end
  item.owner = maybe(g, g:live "person")
  g:read(item, "owner")
  g.real[item].owner = item.owner and g.real[item.owner]
end)

graph.operation("append an item", 4, function(g)
  local item, person = g:pick(g:live "item"), g:pick(g:live "person")
  if not item or not person or item.owner == person then return false end
  item.owner = person
  g:read(item, "owner")
  g.real[person].items:append(g.real[item])
end)

graph.operation("remove an item", 3, function(g)
  local item = g:pick(g:live "item")
  if not item or not item.owner or item.owner.state ~= "live" then return false end
  g.real[item.owner].items:remove(g.real[item])
  item.owner = nil
end)

graph.operation("move a note", 3, function(g)
  local note, person = g:pick(g:live "note"), g:pick(g:live "person")
  if not note or not person then return false end
  note.person = person
  g:read(note, "person")
  g.real[note].person = g.real[person]
end)

graph.operation("orphan a note", 2, function(g)
  local note = g:pick(g:live "note")
  if not note or not note.person or note.person.state ~= "live" then return false end
  g.real[note.person].notes:remove(g.real[note])
  note.person = nil
  g:flush()
end)

-- Nobody is above somebody older, so that there are no circles.
graph.operation("choose a boss", 4, function(g)
  local person, boss = g:pick(g:live "person"), maybe(g, g:live "person")
  if not person or (boss and boss.id >= person.id) then return false end
  person.boss = boss
  g:read(person, "boss")
  g.real[person].boss = boss and g.real[boss]
end)

graph.operation("tag an item", 5, function(g)
  local item, tag = g:pick(g:live "item"), g:pick(g:live "tag")
  if not item or not tag then return false end
  if item.tags[tag] then
    g.real[item].tags:remove(g.real[tag])
    item.tags[tag] = nil
  else
    item.tags[tag] = true
    if g:number() % 2 == 0 then
      g.real[item].tags:append(g.real[tag])
    else
      g.real[tag].items:append(g.real[item])
    end
  end
end)

-- A copy that somebody else made, with its owner and tags; the merge flushes first.
graph.operation("merge an item", 3, function(g)
  local item = g:pick(g:live "item")
  if not item then return false end
  g:flush()
  item.name, item.owner, item.tags = "m" .. g:number() % 10, maybe(g, g:live "person"), some_tags(g)
  local copy = g.m.item { id = item.id, name = item.name, tags = {} }
  copy.owner = item.owner and g.m.person { id = item.owner.id }
  for _, tag in ipairs(g:live "tag") do
    if item.tags[tag] then copy.tags:append(g.m.tag { id = tag.id }) end
  end
  expect(g.session:merge(copy) == g.real[item], "merge made another object of item %d", item.id)
end)

graph.operation("merge people", 2, function(g)
  local people, copies = g:live "person", {}
  g:flush()
  for i, person in ipairs(people) do
    person.name = "m" .. g:number() % 10
    copies[i] = g.m.person { id = person.id, name = person.name }
  end
  for i, merged in ipairs(g.session:merge_all(copies)) do
    expect(merged == g.real[people[i]], "merge_all made another object of person %d", people[i].id)
  end
end)

graph.operation("delete", 3, function(g)
  g:flush()
  for _ = 0, g:number() % 2 do
    local o = g:pick(g:live())
    -- A page that goes by itself leaves a gap in the numbers of the others.
    if not o or o.kind == "page" then break end
    g:free(o)
    g.session:delete(g.real[o])
    o.state = "doomed"
  end
  g:flush()
end)

graph.operation("flush", 3, function(g) g:flush() end)
graph.operation("check", 4, function(g) g:check() end)
graph.operation("commit", 3, function(g) g:commit() end)
graph.operation("rollback", 2, function(g) g:rollback() end)

graph.operation("look at an object", 6, function(g)
  for _, o in ipairs(g.objects) do
    if o.state == "doomed" then
      g:flush() -- until then lists hold it
      break
    end
  end
  local o = g:pick(g:live())
  if o then g:check_object(o) end
end)

graph.operation("begin nested", 3, function(g)
  if #g.nested > 3 then return false end
  local txn = g.session:begin_nested()
  g:flushed()
  table.insert(g.nested, { txn = txn, kept = g:snapshot() })
end)

graph.operation("commit nested", 2, function(g)
  local last = table.remove(g.nested)
  if not last then return false end
  last.txn:commit()
  g:flushed()
end)

graph.operation("roll nested back", 2, function(g)
  local last = table.remove(g.nested)
  if not last then return false end
  last.txn:rollback()
  g:restore(last.kept)
end)

graph.operation("expire", 3, function(g)
  g:flush()
  local o = g:pick(g:live())
  if o and g:number() % 3 > 0 then
    g.session:expire(g.real[o])
  else
    g.session:expire_all()
  end
end)

graph.operation("refresh", 2, function(g)
  g:flush()
  local o = g:pick(g:live())
  if o then g.session:refresh(g.real[o]) end
end)

-- A copy from elsewhere says some of what an object is; or it is new here.
graph.operation("merge", 3, function(g)
  g:flush()
  local o = g:number() % 4 > 0 and g:pick(g:live(nil, true))
  if o and o.kind ~= "tag" then
    o.name = "m" .. g:number() % 10
    local merged = g.session:merge(g.m[o.kind] { id = o.id, name = o.name })
    expect(merged == g.real[o], "merge gave another object for %s", show(o))
  elseif not o then
    local new = g:make("item", { name = "m" })
    g.real[new] = g.session:merge(g.m.item { id = new.id, name = "m" })
    expect(corm.inspect(g.real[new]).pending, "merge did not add %s", show(new))
  else
    return false
  end
end)

-- What nobody holds may be collected, and is read again.
graph.operation("forget", 2, function(g)
  g:flush()
  local o = g:pick(g:live())
  if not o then return false end
  g.real[o] = nil
  collectgarbage()
  g.real[o] = g.session:get(g.m[o.kind], o.id)
end)

graph.operation("fail", 2, function(g)
  g:flush()
  local tag = g:pick(g:live("tag", true))
  if not tag then return false end
  local o = g:make("tag", { name = tag.name })
  g.session:add(g.real[o])
  local ok, err = pcall(g.session.flush, g.session)
  expect(not ok and err.class == "IntegrityError", "a flush did not fail as it should: %s", tostring(err))
  g:failed()
end)

return graph
