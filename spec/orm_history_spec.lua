-- What counts as changed: histories, and what scripts say about them.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("U05 change tracking", function()
  local w, m, session, user

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add(m.User { name = "a", age = 3, addresses = { m.Address { email = "x" } } })
    session:commit()
    user = session:get(m.User, 1)
  end)
  after_each(function() w:close() end)

  it("get_history gives what was added, what stayed and what left", function()
    local history = corm.get_history(user, "name")
    assert.same({ added = {}, unchanged = { "a" }, deleted = {}, has_changes = false }, history)
    user.name = "b"
    assert.same({ added = { "b" }, unchanged = {}, deleted = { "a" }, has_changes = true },
      corm.get_history(user, "name"))
    local address = user.addresses[1]
    user.addresses:append(m.Address { email = "y" })
    history = corm.get_history(user, "addresses")
    assert.equal("y", history.added[1].email)
    assert.is_true(rawequal(address, history.unchanged[1]))
    raises("UnmappedError", "get_history: an object of a mapped class expected, got table", corm.get_history, {}, "x")
    raises("ArgumentError", "User has no mapped attribute 'nme'", corm.get_history, user, "nme")
  end)

  it("get_history tells that a reference is to nothing, but not where nobody has said so", function()
    local function history(object)
      local h = corm.get_history(object, "user")
      return { h.added[1] or 0, h.unchanged[1] or 0, h.deleted[1] or 0, h.has_changes }
    end
    local null = corm.null
    local address = session:get(m.Address, 1)
    assert.same({ 0, 0, 0, false }, history(address))
    address.user = nil
    assert.same({ null, 0, 0, true }, history(address))
    session:flush()
    assert.same({ 0, null, 0, false }, history(address))
    address.user = user
    assert.same({ user, 0, null, true }, history(address))
    session:flush()
    address.user = nil
    assert.same({ null, 0, user, true }, history(address))
    local new = m.Address {}
    assert.is_nil(new.user)
    assert.same({ 0, 0, 0, false }, history(new))
    new.user = nil
    assert.same({ null, 0, 0, true }, history(new))
  end)

  it("is_modified may leave collections aside", function()
    assert.is_false(session:is_modified(user))
    user.addresses:append(m.Address { email = "y" })
    assert.is_true(session:is_modified(user))
    assert.is_false(session:is_modified(user, { include_collections = false }))
    user.age = 4
    assert.is_true(session:is_modified(user, { include_collections = false }))
    raises("ArgumentError", "unknown option 'include_colections'", session.is_modified, session, user,
      { include_colections = true })
  end)

  it("is_modified is true of a new object that has something", function()
    local new = m.User {}
    assert.is_false(session:is_modified(new))
    session:add(new)
    new.addresses:append(m.Address { email = "y" })
    assert.is_true(session:is_modified(new))
    assert.is_false(session:is_modified(new, { include_collections = false }))
    new.name = "n"
    assert.is_true(session:is_modified(new, { include_collections = false }))
    session:flush()
    assert.is_false(session:is_modified(new))
  end)

  it("flag_modified has a value written that was changed in place", function()
    assert.equal("a", user.name)
    corm.flag_modified(user, "name")
    assert.is_true(session:is_modified(user))
    assert.same({ added = { "a" }, unchanged = {}, deleted = {}, has_changes = true }, corm.get_history(user, "name"))
    local sent = w:statements(function() session:flush() end)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("SET name=?", 1, true))
    assert.is_false(session:is_modified(user))
  end)

  it("flag_modified of a key or a version keeps what the row is found by", function()
    assert.equal(1, user.id)
    corm.flag_modified(user, "id")
    session:commit()
    assert.equal("1", w:list("SELECT id FROM " .. world.user))
    assert.is_true(rawequal(user, session:get(m.User, 1)))
  end)

  it("flag_modified refuses what is not in memory", function()
    session:expire(user)
    raises("InvalidRequestError", "Can't flag attribute 'User.name' modified; it's not present in the object state",
      corm.flag_modified, user, "name")
    raises("ArgumentError", "'nam'", corm.flag_modified, user, "nam")
    raises("ArgumentError", "User.addresses is a relationship", corm.flag_modified, user, "addresses")
    raises("ArgumentError", "the name of an attribute expected, got nil", corm.flag_modified, user)
    raises("UnmappedError", "flag_modified: an object of a mapped class expected, got table", corm.flag_modified, {},
      "x")
    local new = m.User { name = "n" }
    corm.flag_modified(new, "name")
    session:rollback()
    assert.equal("a", user.name)
  end)

  it("flag_dirty shows the object to the hooks of a flush", function()
    local seen
    corm.event.listen(session, "before_flush", function()
      seen = corm.inspect(user).modified and session.dirty:contains(user)
    end)
    session:begin_nested()
    corm.flag_dirty(user)
    assert.is_false(session:is_modified(user))
    assert.same({}, w:statements(function() session:flush() end))
    assert.is_true(seen)
    assert.equal(0, #session.dirty)
    session:commit()
    corm.flag_dirty(user)
    session:expire(user)
    assert.equal(0, #session.dirty)
    corm.flag_dirty(m.User { name = "x" })
    raises("UnmappedError", "flag_dirty: an object of a mapped class expected, got string", corm.flag_dirty, "x")
  end)

  it("set_committed_value sets what counts as loaded", function()
    corm.set_committed_value(user, "name", "loaded")
    assert.equal("loaded", user.name)
    assert.is_false(session:is_modified(user))
    user.name = "b"
    corm.set_committed_value(user, "name", "c")
    assert.is_false(session:is_modified(user))
    local address = m.Address { email = "z" }
    corm.set_committed_value(user, "addresses", { address })
    assert.equal(0, w:count(function() assert.equal(1, #user.addresses) end))
    assert.is_true(rawequal(address, user.addresses[1]))
    assert.is_false(session:contains(address))
    assert.is_false(session:is_modified(user))
    corm.set_committed_value(address, "user", user)
    assert.is_true(rawequal(user, address.user))
    corm.set_committed_value(address, "user", nil)
    assert.is_nil(address.user)
    corm.set_committed_value(user, "addresses", {})
    assert.equal(0, #user.addresses)
    assert.same({}, w:statements(function() session:flush() end))
  end)

  it("set_committed_value refuses values of other kinds", function()
    raises("DataError", "User.age", corm.set_committed_value, user, "age", "old")
    raises("ArgumentError", "User.addresses: a list of objects expected, got string", corm.set_committed_value, user,
      "addresses", "x")
    raises("ArgumentError", "User.addresses: an object of Address expected, got User", corm.set_committed_value, user,
      "addresses", { user })
    raises("ArgumentError", "'nam'", corm.set_committed_value, user, "nam", 1)
    assert.equal(3, user.age)
    assert.equal(1, #user.addresses)
  end)
end)
