-- Operations of the random graph (spec/support/graph.lua) for inheritance, versions, collections by number and by key,
-- post_update, keys that change, row switches, bulk statements, loader options, objects that leave and come back.
local corm = require "corm"
local graph = require "spec.support.graph"
local expect, select = graph.expect, corm.select

local DOCS = { "doc", "memo", "letter", "draft", "reply" }

graph.operation("add a doc", 7, function(g)
  local kind = g:pick(DOCS)
  local fields = { name = "d" .. g:number() % 10, author = g:maybe(g:live "person") }
  for _, field in ipairs(graph.kinds[kind].fields) do fields[field] = "x" .. g:number() % 10 end
  if kind == "reply" then fields.answers = g:maybe(g:live "memo") end
  g.session:add(g.real[g:make(kind, fields)])
end)

graph.operation("write in a doc", 4, function(g)
  local o = g:pick(g:live "doc")
  if not o then return false end
  local field = g:pick(graph.kinds[o.kind].fields) or "name"
  o[field] = g:number() % 5 > 0 and "w" .. g:number() % 10 or nil
  g.real[o][field] = o[field]
end)

graph.operation("give a doc to somebody", 3, function(g)
  local doc = g:pick(g:live "doc")
  if not doc then return false end
  g:refer(doc, "author", g:maybe(g:live "person"))
end)

-- Nothing answers what is younger, so that there are no circles.
graph.operation("answer a memo", 3, function(g)
  local reply, memo = g:pick(g:live "reply"), g:maybe(g:live "memo")
  if not reply or memo and memo.id >= reply.id then return false end
  g:refer(reply, "answers", memo)
end)

-- Somebody else writes first, so that this flush fails.
graph.operation("come too late", 2, function(g)
  g:flush()
  local doc = g:pick(g:live("doc", true))
  if not doc then return false end
  local object = g.real[doc]
  local _ = object.version -- known from before
  g.session:connection():execute(corm.text "UPDATE doc SET version = version + 1 WHERE id = :id", { id = doc.id })
  object.name = "late " .. g:new_id()
  local ok, err = pcall(g.session.flush, g.session)
  expect(not ok and err.class == "StaleDataError", "a flush that came too late did not fail: %s", tostring(err))
  g:failed()
end)

-- Pages and labels ---------------------------------------------------------------------------------------------------

local function pages_of(g, doc)
  local pages = g:holders(doc, "doc", "page")
  table.sort(pages, function(a, b) return a.position < b.position end)
  return pages
end

local function number(pages)
  for i, page in ipairs(pages) do page.position = i - 1 end
end

graph.operation("add a page", 5, function(g)
  local doc = g:pick(g:live "doc")
  if not doc then return false end
  local pages = pages_of(g, doc)
  local page = g:make("page", { name = "p" .. g:number() % 10 })
  page.doc = doc
  local at = g:number() % (#pages + 1) + 1
  if at > #pages then
    g.real[doc].pages:append(g.real[page])
  else
    g.real[doc].pages:insert(at, g.real[page])
  end
  table.insert(pages, at, page)
  number(pages)
end)

graph.operation("take a page out", 2, function(g)
  local page = g:pick(g:live "page")
  if not page then return false end
  local pages = pages_of(g, page.doc)
  g.real[page.doc].pages:remove(g.real[page])
  for i, other in ipairs(pages) do
    if other == page then table.remove(pages, i) end
  end
  number(pages)
  page.doc = nil
  g:flush()
end)

local function labelled(g, doc, word)
  for _, label in ipairs(g:holders(doc, "doc", "label")) do
    if label.word == word then return label end
  end
end

graph.operation("put a label", 4, function(g)
  local doc = g:pick(g:live "doc")
  if not doc then return false end
  local word = "w" .. g:number() % 4
  local old = labelled(g, doc, word)
  local label = g:make("label", { name = "l" .. g:number() % 10, word = word })
  g.real[doc].labels:set(g.real[label])
  if old then old.doc = nil end
  label.doc = doc
  g:flush()
end)

graph.operation("write on a label", 2, function(g)
  local label, word = g:pick(g:live "label"), "w" .. g:number() % 4
  if not label or labelled(g, label.doc, word) then return false end
  label.word = word
  g.real[label].word = word
end)

graph.operation("take a label off", 2, function(g)
  local label = g:pick(g:live "label")
  if not label then return false end
  g.real[label.doc].labels[label.word] = nil
  label.doc = nil
  g:flush()
end)

-- Keys ---------------------------------------------------------------------------------------------------------------

graph.operation("choose a favourite", 4, function(g)
  local person = g:pick(g:live "person")
  if not person then return false end
  g:refer(person, "favourite", g:maybe(g:live "item"))
end)

-- A new object in the row of one that is deleted.
graph.operation("switch rows", 3, function(g)
  g:flush()
  local old = g:pick(g:live "note")
  if not old then return false end
  g.session:delete(g.real[old])
  local new = g:make("note", { id = old.id, name = "s" .. g:number() % 10, person = g:pick(g:live "person") })
  g.session:add(g.real[new])
  old.state = "doomed"
  g:flush()
end)

-- What hangs on it by a cascade is doomed with it, at once.
local function doom(g, o)
  o.state = "doomed"
  for _, list in pairs(graph.kinds[o.kind].lists) do
    for _, other in ipairs(g:holders(o, list[1], list[2])) do
      if graph.kinds[other.kind].orphan == list[1] then doom(g, other) end
    end
  end
end

graph.operation("delete at the next flush", 3, function(g)
  local o = g:pick(g:live(nil, true))
  if not o or o.kind == "page" then return false end
  g:flush() -- before what hangs on it is looked for
  if o.state ~= "live" then return false end
  g:free(o)
  g.session:delete(g.real[o])
  doom(g, o)
end)

-- Statements ---------------------------------------------------------------------------------------------------------

local SYNCHRONIZE = { "auto", "evaluate", "fetch" }
local BULK = { "person", "item", "note", "doc" }

graph.operation("update many", 3, function(g)
  g:flush()
  local kind, name = g:pick(BULK), "b" .. g:number() % 10
  local example = g:pick(g:live(kind))
  if not example or not example.name then return false end
  local class, old = g.m[kind], example.name
  g.session:execute(corm.update(class):where(class.name:eq(old)):values { name = name }
    :execution_options { synchronize_session = g:pick(SYNCHRONIZE) })
  for _, o in ipairs(g:live(kind)) do
    if o.name == old then o.name = name end
  end
end)

graph.operation("delete many", 2, function(g)
  g:flush()
  local example, note = g:pick(g:live "note"), g.m.note
  if not example or not example.name then return false end
  -- What is not known to be deleted stays in lists until it is looked at, as in SQLAlchemy.
  for _, o in ipairs(g:live "note") do
    local _ = g.real[o].name
  end
  g.session:execute(corm.delete(note):where(note.name:eq(example.name))
    :execution_options { synchronize_session = g:pick(SYNCHRONIZE) })
  for _, o in ipairs(g:live "note") do
    if o.name == example.name then o.state = "gone" end
  end
end)

graph.operation("insert many", 2, function(g)
  g:flush()
  local rows, made = {}, {}
  for i = 1, g:number() % 3 + 1 do
    made[i] = g:enter("person", { name = "m" .. g:number() % 10, saved = true, read_anew = true })
    rows[i] = { id = made[i].id, name = made[i].name }
  end
  g.session:execute(corm.insert(g.m.person), rows)
  for _, o in ipairs(made) do g.real[o] = g:get(o) end
end)

local LOADS = { "joinedload", "selectinload", "subqueryload", "immediateload", "lazyload", "defaultload" }

-- What a query gives is what the model has, with whatever it loads besides.
graph.operation("query", 5, function(g)
  local kind = g:pick { "person", "item", "doc", "memo" }
  local class, load = g.m[kind], corm[g:pick(LOADS)]
  local query = select(class):order_by(class.id)
  if kind == "person" then
    query = query:options(load(class[g:pick { "items", "notes", "reports", "boss", "favourite", "docs" }]))
  elseif kind == "item" then
    query = query:options(load(class[g:pick { "owner", "tags" }]), corm.load_only(class.id))
  else
    query = query:options(load(class[g:pick { "author", "pages", "labels" }]))
    if kind == "memo" then query = query:options(corm.undefer(class.text)) end
  end
  if g:number() % 3 == 0 then
    g:flush()
    query = query:execution_options { populate_existing = true }
  end
  local found = g.session:scalars(query):unique():all()
  local expected = g:live(kind)
  expect(#found == #expected, "the query found %d of kind %s instead of %d", #found, kind, #expected)
  local by_object = {}
  for _, object in ipairs(found) do by_object[object] = true end
  for _, o in ipairs(expected) do expect(by_object[g.real[o]], "the query did not find %s %d", o.kind, o.id) end
end)

-- Leaving and coming back --------------------------------------------------------------------------------------------

graph.operation("leave and come back", 3, function(g)
  g:flush()
  g.session:expire_all()
  local o = g:pick(g:live())
  if not o then return false end
  g.session:expunge(g.real[o])
  if o.kind ~= "tag" and g:number() % 2 == 0 then
    o.name = "away " .. g:number() % 10
    g.real[o].name = o.name
  end
  g.session:add(g.real[o])
end)

graph.operation("open another session", 2, function(g)
  g.session:close()
  g.session = corm.Session { bind = g.engine }
  g.real, g.nested = {}, {}
  g:restore(g.committed)
end)

graph.operation("expire an attribute", 2, function(g)
  g:flush()
  local o = g:pick(g:live())
  if not o then return false end
  local keys = { "name" }
  for key in pairs(graph.kinds[o.kind].references) do keys[#keys + 1] = key end
  for key in pairs(graph.kinds[o.kind].lists) do keys[#keys + 1] = key end
  table.sort(keys)
  local key = g:pick(keys)
  if g:number() % 2 == 0 then
    g.session:expire(g.real[o], { key })
  else
    g.session:refresh(g.real[o], { key })
  end
end)
