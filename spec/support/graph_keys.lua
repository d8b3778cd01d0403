-- Operations of the random graph (spec/support/graph.lua) for keys that change and go on to those that refer to them,
-- and for the states of objects: made new by hand, taken from a cache, overtaken by another connection.
local corm = require "corm"
local graph = require "spec.support.graph"
local expect = graph.expect

-- Keys ---------------------------------------------------------------------------------------------------------------

graph.operation("add a city", 3, function(g)
  g.session:add(g.real[g:make("city", { name = "c" .. g:number() % 10 })])
end)

graph.operation("add a street", 4, function(g)
  g.session:add(g.real[g:make("street", { name = "s" .. g:number() % 10, city = g:maybe(g:live "city") })])
end)

graph.operation("add a house", 5, function(g)
  local street = g:pick(g:live "street")
  if not street then return false end
  g.session:add(g.real[g:make("house", { name = "h" .. g:number() % 10, street = street })])
end)

graph.operation("add a room", 4, function(g)
  g.session:add(g.real[g:make("room", { name = "r" .. g:number() % 10, house = g:maybe(g:live "house") })])
end)

graph.operation("add a closet", 5, function(g)
  local house = g:pick(g:live "house")
  if not house then return false end
  g.session:add(g.real[g:make("closet", { name = "k" .. g:number() % 10, house = house })])
end)

graph.operation("add a node", 5, function(g)
  local cities = {}
  for _, city in ipairs(g:live "city") do
    if g:number() % 3 == 0 then cities[city] = true end
  end
  local o = g:make("node", { name = "n" .. g:number() % 10, parent = g:maybe(g:live "node"), cities = cities })
  g.session:add(g.real[o])
end)

-- To the other side's list or to the reference itself.
local function put(g, o, key, list, other)
  if other and g:number() % 2 == 0 then
    o[key] = other
    g:read(o, key)
    g.real[other][list]:append(g.real[o])
  else
    g:refer(o, key, other)
  end
end

graph.operation("put a street into a city", 3, function(g)
  local street, city = g:pick(g:live "street"), g:maybe(g:live "city")
  if not street or street.city == city then return false end
  put(g, street, "city", "streets", city)
end)

graph.operation("put a house into a street", 3, function(g)
  local house, street = g:pick(g:live "house"), g:pick(g:live "street")
  if not house or house.street == street then return false end
  put(g, house, "street", "houses", street)
end)

graph.operation("put a room into a house", 3, function(g)
  local room, house = g:pick(g:live "room"), g:maybe(g:live "house")
  if not room or room.house == house then return false end
  put(g, room, "house", "rooms", house)
end)

graph.operation("put a closet into a house", 3, function(g)
  local closet, house = g:pick(g:live "closet"), g:pick(g:live "house")
  if not closet or house == closet.house then return false end
  put(g, closet, "house", "closets", house)
end)

local function is_above(node, other)
  return other and (node == other or is_above(node, other.parent))
end

graph.operation("hang a node elsewhere", 3, function(g)
  local node, parent = g:pick(g:live "node"), g:maybe(g:live "node")
  if not node or node.parent == parent or is_above(node, parent) then return false end
  put(g, node, "parent", "children", parent)
end)

graph.operation("take a node to a city", 3, function(g)
  local node, city = g:pick(g:live "node"), g:pick(g:live "city")
  if not node or not city then return false end
  if node.cities[city] then
    g.real[node].cities:remove(g.real[city])
    node.cities[city] = nil
  else
    g.real[city].nodes:append(g.real[node])
    node.cities[city] = true
  end
end)

local CHANGE = { "note", "city", "street", "house", "room", "closet", "node" }

graph.operation("change a key", 6, function(g)
  local o = g:pick(g:live(g:pick(CHANGE)))
  if not o then return false end
  o.id = g:new_id()
  g.real[o].id = o.id
end)

graph.operation("exchange keys", 3, function(g)
  g:flush()
  local list = g:live(g:pick { "city", "street", "house", "room", "closet", "node" })
  local a, b = g:pick(list), g:pick(list)
  if not a or a == b then return false end
  -- Their rows in the secondary table would be each other's, which only the database can refuse.
  for city in pairs(a.cities or {}) do
    if b.cities[city] then return false end
  end
  a.id, b.id = b.id, a.id
  g.real[a].id, g.real[b].id = a.id, b.id
end)

-- States -------------------------------------------------------------------------------------------------------------

-- A copy of a row: the object is made new and gets another key, and the row is read again into another object.
graph.operation("make an object new", 4, function(g)
  g:flush()
  g.session:expire_all()
  local o = g:pick(g:live(g:pick { "person", "item", "note", "doc", "city", "street", "house", "room", "closet",
    "node" }))
  if not o then return false end
  local object, kind = g.real[o], graph.kinds[o.kind]
  local fields = { name = object.name }
  for _, key in ipairs(kind.fields) do fields[key] = object[key] end
  for key in pairs(kind.references) do fields[key] = o[key] end
  corm.make_transient(object)
  expect(corm.inspect(object).transient, "%s is not transient", o.kind)
  local new = g:enter(o.kind, fields)
  object.id = new.id
  g.real[new], g.real[o] = object, nil
  g.session:add(object)
  g:flush()
  g.real[o] = g:get(o)
  o.read_anew = true
end)

graph.operation("bring a note back", 3, function(g)
  g:flush()
  local o = g:pick(g:live "note")
  if not o then return false end
  local object = g.real[o]
  expect(object.name == o.name and object.person, "%s has not what it should have", tostring(object))
  g.session:delete(object)
  o.state = "doomed"
  g:flush()
  corm.make_transient(object)
  g.real[o], o.read_anew = nil, true
  local new = g:enter("note", { id = o.id, name = o.name, person = o.person })
  g.real[new] = object
  g.session:add(object)
  g:flush()
  g.session:expire_all()
end)

-- What another session knows, with some of what hangs on it.
local function cached(g)
  local cache, objects = corm.Session { bind = g.engine }, {}
  for _, o in ipairs(g:live()) do
    if g:number() % 3 == 0 then
      local object = cache:get(g.m[o.kind], g:key(o))
      for key in pairs(graph.kinds[o.kind].references) do
        local _ = g:number() % 2 == 0 and object[key]
      end
      for _, lists in ipairs { graph.kinds[o.kind].lists, graph.kinds[o.kind].sets, graph.kinds[o.kind].back } do
        for key in pairs(lists) do
          local _ = g:number() % 2 == 0 and #object[key]
        end
      end
      objects[#objects + 1] = { o, object }
    end
  end
  cache:close()
  return objects
end

-- What is from the cache counts, also against what was changed here.
graph.operation("take from a cache", 4, function(g)
  g:commit()
  local objects, fresh = cached(g), g:number() % 2 == 0
  if fresh then
    g.session:close()
    g.session = corm.Session { bind = g.engine }
    g.nested, g.real = {}, {}
  end
  for _, pair in ipairs(objects) do
    local o, object = pair[1], pair[2]
    if not fresh and g:number() % 3 == 0 and o.kind ~= "tag" then g.real[o].name = "changed" end
    local merged = g.session:merge(object, { load = false })
    expect(fresh or merged == g.real[o], "merge without loading made another object of %s %d", o.kind, o.id)
    g.real[o] = merged
  end
  for _, o in ipairs(g:live()) do g.real[o] = g.real[o] or g:get(o) end
end)

-- Another connection does something to the row of an object, which is away meanwhile and knows its value of `key`.
local function behind(g, o, key, sql, values)
  local object = g.real[o]
  local _ = object[key]
  g.session:expunge(object)
  g:commit()
  g.engine:begin(function(conn) conn:execute(corm.text(sql), values) end)
  g.session:add(object)
  return object
end

local function expect_stale(g, what)
  local ok, err = pcall(g.session.flush, g.session)
  expect(not ok and err.class == "StaleDataError", what, tostring(err))
end

-- Another connection writes a row of which an object knows an older version.
graph.operation("be overtaken", 3, function(g)
  g:commit()
  local doc = g:pick(g:live "doc")
  if not doc then return false end
  local name = "o" .. g:number() % 10
  local object = behind(g, doc, "version", "UPDATE doc SET version = version + 1, name = :name WHERE id = :id",
    { name = name, id = doc.id })
  doc.name = name
  g.committed[doc].name = name
  if g:number() % 3 == 0 and #g:holders(doc, "doc") + #g:holders(doc, "answers") == 0 then
    g.session:delete(object)
  else
    object.name = "too late"
  end
  expect_stale(g, "a flush that was overtaken did not fail: %s")
  g:failed()
end)

-- Another connection deletes a row that an object changes.
graph.operation("lose a row", 2, function(g)
  g:commit()
  local note = g:pick(g:live "note")
  if not note then return false end
  local object = behind(g, note, "name", "DELETE FROM note WHERE id = :id", { id = note.id })
  object.name = "lost"
  expect_stale(g, "a row that was lost was changed: %s")
  g.session:expunge(object)
  g.committed[note] = nil
  g:failed()
end)
