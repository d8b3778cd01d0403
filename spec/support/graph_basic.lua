-- Operations of the random graph (spec/support/graph.lua) on people, their items and notes, and tags; transactions,
-- expiry, merge of what was made by hand.
local corm = require "corm"
local graph = require "spec.support.graph"
local expect = graph.expect

local function some_tags(g)
  local tags = {}
  for _, tag in ipairs(g:live "tag") do
    if g:number() % 3 == 0 then tags[tag] = true end
  end
  return tags
end

graph.operation("add a person", 4, function(g)
  local o = g:make("person", { name = "p" .. g:number() % 10, boss = g:maybe(g:live "person") })
  g.session:add(g.real[o])
end)

graph.operation("add an item", 6, function(g)
  local o = g:make("item", { name = "i" .. g:number() % 10, owner = g:maybe(g:live "person"), tags = some_tags(g) })
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
  g:refer(item, "owner", g:maybe(g:live "person"))
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
  g:refer(note, "person", person)
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
  local person, boss = g:pick(g:live "person"), g:maybe(g:live "person")
  if not person or (boss and boss.id >= person.id) then return false end
  g:refer(person, "boss", boss)
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
  item.name, item.owner, item.tags = "m" .. g:number() % 10, g:maybe(g:live "person"), some_tags(g)
  local copy = g:copy(item, { name = item.name, tags = {} })
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
    copies[i] = g:copy(person, { name = person.name })
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
    local merged = g.session:merge(g:copy(o, { name = o.name }))
    expect(merged == g.real[o], "merge gave another object for %s %d", o.kind, o.id)
  elseif not o then
    local new = g:make("item", { name = "m" })
    g.real[new] = g.session:merge(g.m.item { id = new.id, name = "m" })
    expect(corm.inspect(g.real[new]).pending, "merge did not add item %d", new.id)
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
  g.real[o] = g:get(o)
  o.read_anew = true
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
