-- States of objects that are set by hand, and how objects leave sessions.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

local function state(object)
  local seen = corm.inspect(object)
  for _, name in ipairs { "transient", "pending", "persistent", "deleted", "detached" } do
    if seen[name] then return name end
  end
end

local w, m, session

local function open(options)
  w = world.open(options and world.models(options))
  m = w.m
  session = w:session()
  session:add(m.User { name = "a", age = 7, addresses = { m.Address { email = "x" }, m.Address { email = "y" } } })
  session:commit()
  session:expunge_all()
end

local function close()
  w:close()
end

describe("U21 make_transient", function()
  before_each(function() open() end)
  after_each(close)

  it("makes a new object of a persistent one, without SQL and cascade", function()
    local user = session:get(m.User, 1)
    local address = user.addresses[1]
    user.name = "b"
    local sent = w:statements(function() corm.make_transient(user) end)
    assert.same({}, sent)
    assert.same({ "transient", "persistent" }, { state(user), state(address) })
    assert.same({ 1, "b", 7 }, { user.id, user.name, user.age })
    assert.is_nil(corm.inspect(user).identity)
    assert.is_nil(corm.object_session(user))
    assert.is_false(session:contains(user))
    assert.equal(0, #session.dirty)
    session:rollback()
    user.id = nil
    corm.make_transient(address)
    user.addresses = {}
    session:add(user)
    session:commit()
    assert.equal("1|a,2|b", w:list 'SELECT id, name FROM "user" ORDER BY id')
  end)

  it("forgets what is expired", function()
    local user = session:get(m.User, 1)
    session:expire(user, { "age" })
    corm.make_transient(user)
    assert.same({ "a" }, { user.name, user.age })
    local other = session:get(m.User, 1)
    assert.are_not.equal(user, other)
    session:commit()
    corm.make_transient(other)
    assert.is_nil(other.name)
    assert.is_nil(other.id)
  end)

  it("brings deleted objects back, and pending ones out", function()
    local user = session:get(m.User, 1)
    session:delete(user)
    session:commit()
    assert.same({ "detached", true }, { state(user), corm.was_deleted(user) })
    local err = raises("InvalidRequestError", "has been deleted", session.add, session, user)
    assert.is_truthy(tostring(err):find("make_transient", 1, true))
    assert.equal("detached", state(user))
    corm.make_transient(user)
    assert.same({ "transient", false }, { state(user), corm.was_deleted(user) })
    session:add(user)
    session:commit()
    assert.equal("1|a", w:rows 'SELECT id, name FROM "user"')
    local pending = m.User { name = "p" }
    session:add(pending)
    corm.make_transient(pending)
    assert.same({ "transient", 0 }, { state(pending), #session.new })
  end)

  it("takes one out whose deletion is flushed and not committed", function()
    local user = session:get(m.User, 1)
    session:delete(user)
    session:flush()
    assert.equal("deleted", state(user))
    corm.make_transient(user)
    assert.equal("transient", state(user))
    session:rollback()
    assert.equal("transient", state(user))
    assert.equal("a", session:get(m.User, 1).name)
    assert.equal("1", w:rows 'SELECT count(*) FROM "user"')
  end)

  it("keeps what was queued for a list that is not loaded", function()
    local address = m.Address { email = "z" }
    local user = session:get(m.User, 1)
    address.user = user
    corm.make_transient(user)
    assert.equal(1, #user.addresses)
    assert.equal(address, user.addresses[1])
  end)

  it("is refused in the middle of a flush", function()
    local user = session:get(m.User, 1)
    local seen
    corm.event.listen(m.User, "before_update", function(_, _, object)
      local ok, err = pcall(corm.make_transient, object)
      seen = not ok and err.class
    end)
    user.name = "b"
    session:commit()
    assert.equal("IllegalStateChangeError", seen)
    assert.equal("b", w:rows 'SELECT name FROM "user"')
    raises("UnmappedError", "make_transient", corm.make_transient, {})
  end)
end)

describe("U21 make_transient_to_detached", function()
  before_each(function() open() end)
  after_each(close)

  it("makes an object that can be added without SQL and reads what it lacks", function()
    local user = m.User { id = 1, name = "known" }
    assert.equal(0, #user.addresses)
    corm.make_transient_to_detached(user)
    assert.equal("detached", state(user))
    assert.same({ 1 }, corm.inspect(user).identity)
    assert.is_false(corm.inspect(user).modified)
    raises("DetachedInstanceError", "User.age", function() return user.age end)
    local sent = w:statements(function()
      session:add(user)
      assert.equal("known", user.name)
      assert.equal(user, session:get(m.User, 1))
    end)
    assert.same({}, sent)
    assert.equal("persistent", state(user))
    assert.same({ 7, 2 }, { user.age, #user.addresses })
    user.name = "A"
    session:commit()
    assert.equal("A|7", w:rows 'SELECT name, age FROM "user"')
  end)

  it("goes together with load = false", function()
    local user = m.User { id = 1, name = "known" }
    corm.make_transient_to_detached(user)
    local sent = w:statements(function() assert.equal("known", session:merge(user, { load = false }).name) end)
    assert.same({}, sent)
  end)

  it("refuses what has no key or is not transient", function()
    raises("InvalidRequestError", "no complete primary key", corm.make_transient_to_detached, m.User { name = "n" })
    raises("InvalidRequestError", "no complete primary key", corm.make_transient_to_detached, m.Item { line = 1 })
    local user = session:get(m.User, 1)
    raises("InvalidRequestError", "User(id=1) is not transient", corm.make_transient_to_detached, user)
    assert.equal("persistent", state(user))
    raises("UnmappedError", "make_transient_to_detached", corm.make_transient_to_detached, 1)
  end)
end)

describe("U21 expunge, close, reset, invalidate", function()
  before_each(function() open { ["User.addresses"] = { cascade = "all" } } end)
  after_each(close)

  it("expunge goes along its cascade and no further", function()
    local user = session:get(m.User, 1)
    local x, y = user.addresses[1], user.addresses[2]
    x.city = m.City { name = "c" }
    local new = m.Address { email = "z" }
    user.addresses:append(new)
    session:expunge(user)
    assert.same({ "detached", "detached", "detached", "transient", "pending" },
      { state(user), state(x), state(y), state(new), state(x.city) })
    assert.same({ "a", 3 }, { user.name, #user.addresses })
    raises("InvalidRequestError", "is not present in this Session", session.expunge, session, user)
    session:commit()
    assert.equal("1|2", w:rows 'SELECT (SELECT count(*) FROM city), (SELECT count(*) FROM address)')
  end)

  it("what is expunged after its INSERT is new again when that was undone", function()
    for _, savepoint in ipairs { false, true } do
      local before = w:rows 'SELECT count(*) FROM "user"'
      local nested = savepoint and session:begin_nested()
      local user = m.User { name = "later", addresses = { m.Address { email = "of later" } } }
      session:add(user)
      session:flush()
      session:expunge(user)
      if nested then nested:rollback() else session:rollback() end
      session:add(user)
      assert.same({ "pending", "pending" }, { state(user), state(user.addresses[1]) })
      assert.is_nil(user.id)
      session:commit()
      assert.equal(tostring(before + 1), w:rows 'SELECT count(*) FROM "user"')
      assert.equal("1", w:rows(("SELECT count(*) FROM address WHERE user_id = %d"):format(user.id)))
    end
  end)

  it("what is expunged after its INSERT has a row when that was committed", function()
    local kept, old = m.User { name = "kept" }, session:get(m.User, 1)
    session:add(kept)
    session:flush()
    session:expunge(kept)
    session:expunge(old)
    session:commit()
    session:get(m.User, kept.id).name = "undone"
    session:flush()
    session:rollback()
    session:expunge_all()
    session:add_all { kept, old }
    assert.same({ "persistent", "persistent" }, { state(kept), state(old) })
    kept.name = "written"
    session:commit()
    assert.equal("written", w:rows(("SELECT name FROM \"user\" WHERE id = %d"):format(kept.id)))
  end)

  it("reset and close leave objects readable and the session usable", function()
    for _, method in ipairs { "reset", "close", "invalidate" } do
      local user = session:get(m.User, 1)
      assert(user.name)
      session:add(m.User { name = "never" })
      session[method](session)
      assert.same({ "detached", "a" }, { state(user), user.name })
      raises("DetachedInstanceError", "User.addresses", function() return user.addresses end)
      assert.is_false(session:in_transaction())
      assert.equal("a", session:get(m.User, 1).name)
    end
    assert.equal("1", w:rows 'SELECT count(*) FROM "user"')
  end)

  it("close is for good with close_resets_only = false, reset is not", function()
    local once = w:session { close_resets_only = false }
    local user = once:get(m.User, 1)
    once:reset()
    assert.equal("a", once:get(m.User, 1).name)
    once:close()
    assert.equal("a", user.name)
    for _, method in ipairs { "begin", "begin_nested", "commit", "connection" } do
      raises("InvalidRequestError", "closed for good", once[method], once)
    end
    raises("InvalidRequestError", "closed for good", once.add, once, user)
    raises("InvalidRequestError", "closed for good", once.get, once, m.User, 1)
    once:rollback()
    once:close()
    local block = w:session { close_resets_only = false }
    do
      local _ <close> = block
    end
    raises("InvalidRequestError", "closed for good", block.execute, block, corm.text "SELECT 1")
  end)

  it("invalidate does not use the connection again", function()
    local before = session:connection().invalidated
    local connection = session:connection()
    session:invalidate()
    assert.same({ false, true }, { before, connection.closed or connection.invalidated })
    assert.equal("a", session:get(m.User, 1).name)
  end)

  it("close_all_sessions closes each", function()
    local other = w:session()
    local a, b = session:get(m.User, 1), other:get(m.User, 1)
    corm.close_all_sessions()
    assert.same({ "detached", "detached" }, { state(a), state(b) })
    assert.same({ false, false }, { session:in_transaction(), other:in_transaction() })
  end)
end)

describe("U04 add and delete of many", function()
  before_each(function() open() end)
  after_each(close)

  it("delete_all deletes each, once", function()
    session:add_all { m.City { name = "b" }, m.City { name = "c" } }
    session:commit()
    local cities = session:query(m.City):all()
    cities[3] = cities[1]
    session:delete_all(cities)
    assert.equal(2, #session.deleted)
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM city")
    session:delete_all {}
  end)

  it("delete_all refuses all when one is wrong", function()
    local user = session:get(m.User, 1)
    raises("InvalidRequestError", "object 2 is not persistent", session.delete_all, session, { user, m.User {} })
    raises("UnmappedError", "got integer", session.delete_all, session, { user, 1 })
    raises("ArgumentError", "sequence of objects", session.delete_all, session, user)
    assert.equal(0, #session.deleted)
    session:commit()
    assert.equal("1", w:rows 'SELECT count(*) FROM "user"')
  end)

  it("add is idempotent and takes a deletion back", function()
    local user = session:get(m.User, 1)
    session:add(user)
    session:delete(user)
    session:add(user)
    assert.equal(0, #session.deleted)
    local new = m.User { name = "n" }
    session:add_all { new, new }
    assert.equal(1, #session.new)
    raises("InvalidRequestError", "is not persisted", session.delete, session, new)
    raises("InvalidRequestError", "is not persisted", session.delete, session, m.User {})
    session:commit()
    assert.equal("2", w:rows 'SELECT count(*) FROM "user"')
  end)
end)

describe("U02 identity map", function()
  before_each(function() open() end)
  after_each(close)

  it("shows the persistent objects, and the session all that it has", function()
    local user = session:get(m.User, 1)
    local x, y = user.addresses[1], user.addresses[2]
    local new = m.User { name = "n" }
    session:add(new)
    local map = session.identity_map
    assert.equal(3, #map)
    assert.same({ true, true, true }, { map:contains(user), map:contains(x), map:contains(y) })
    assert.is_false(map:contains(new))
    local seen = {}
    for object in session do seen[#seen + 1] = object end
    assert.equal(4, #seen)
    assert.equal(new, seen[1])
    seen = {}
    for object in session do
      seen[object] = true
      session:expunge(object)
    end
    assert.same({ true, true, true, true }, { seen[user], seen[x], seen[y], seen[new] })
    assert.equal(0, #session.identity_map)
  end)

  it("has one object for a key, as long as somebody holds it or it is changed", function()
    local user = session:get(m.User, 1)
    assert.equal(user, session:query(m.User):one())
    user = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.equal(0, #session.identity_map)
    session:get(m.User, 1).name = "kept"
    collectgarbage()
    collectgarbage()
    assert.equal(1, #session.identity_map)
    session:commit()
    assert.equal("kept", w:rows 'SELECT name FROM "user"')
  end)
end)

describe("U38 info and object_session", function()
  before_each(function() open() end)
  after_each(close)

  it("a session and its maker have a table for the script's own use", function()
    local Maker = corm.sessionmaker { bind = w.engine, info = { tenant = 5 } }
    local one, two = Maker(), Maker { info = { tenant = 6 } }
    assert.same({ 5, 6 }, { one.info.tenant, two.info.tenant })
    one.info.tenant = 7
    assert.equal(5, Maker().info.tenant)
    assert.equal(7, one.info.tenant)
    one:close()
    two:close()
    raises("ArgumentError", "info", Maker, { info = 1 })
  end)

  it("objects and classes, too", function()
    local user, other = m.User { name = "n" }, m.User { name = "o" }
    corm.inspect(user).info.seen = true
    session:add_all { user, other }
    session:commit()
    assert.is_true(corm.inspect(user).info.seen)
    assert.same({}, corm.inspect(other).info)
    corm.inspect(m.User).info.label = "people"
    assert.equal("people", corm.inspect(user).mapper.info.label)
    assert.is_nil(corm.inspect(m.City).info.label)
    raises("ArgumentError", "cannot be changed", function() corm.inspect(user).info = {} end)
  end)

  it("a table of an object goes with it", function()
    local weak = setmetatable({}, { __mode = "v" })
    do
      local user = m.User { name = "n" }
      local state_of_user = corm.inspect(user)
      state_of_user.info.self = user
      weak[1] = state_of_user.info
    end
    for _ = 1, 4 do collectgarbage() end
    assert.is_nil(weak[1])
  end)

  it("object_session follows the object", function()
    local user = m.User { name = "n" }
    assert.is_nil(corm.object_session(user))
    session:add(user)
    assert.equal(session, corm.object_session(user))
    session:commit()
    assert.equal(session, corm.object_session(user))
    session:expunge(user)
    assert.is_nil(corm.object_session(user))
    raises("UnmappedError", "got integer", corm.object_session, 5)
  end)
end)
