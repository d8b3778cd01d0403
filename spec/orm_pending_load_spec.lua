-- Relationships of objects that have no row, or no session, loaded by the keys that they were given.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("load_on_pending and enable_relationship_loading:", function()
  local w, m, session

  local function open(options)
    w = world.open(world.models(options))
    m = w.m
    session = w:session()
    session:add(m.User { id = 1, name = "u1", addresses = { m.Address { id = 1, email = "e1" },
      m.Address { id = 2, email = "e2" } } })
    session:add(m.User { id = 2, name = "u2" })
    session:commit()
    session:expunge_all()
  end
  before_each(function() open { ["Address.user"] = { load_on_pending = true } } end)
  after_each(function() w:close() end)

  it("a new object in a session loads what the class says, once, without a flush", function()
    local address = m.Address { email = "n", user_id = 1 }
    assert.is_nil(m.Address { user_id = 1 }.user)
    session:add(address)
    local sent = w:statements(function()
      assert.equal("u1", address.user.name)
      assert.equal(1, address.user.id)
    end)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("^SELECT"))
    assert.is_true(session.new:contains(address))
    assert.is_nil(address.city)
    assert.is_true(corm.inspect(m.Address).relationships.user.load_on_pending)
    assert.is_false(corm.inspect(m.Address).relationships.city.load_on_pending)
  end)

  it("what is found in memory, and a key that is NULL or not said, ask nobody", function()
    local user = session:get(m.User, 1)
    local address, without = m.Address { email = "n", user_id = 1 }, m.Address {}
    local null = m.Address { user_id = corm.null }
    session:add_all { address, without, null }
    assert.equal(0, w:count(function()
      assert.is_true(rawequal(user, address.user))
      assert.is_nil(without.user)
      assert.is_nil(null.user)
    end))
    session:expunge(without)
    session:expunge(null)
    address = m.Address { email = "n", user_id = 77 }
    session:add(address)
    assert.is_nil(address.user)
    session:expunge(address)
  end)

  it("what was found is not what was said: the key that is set then is written", function()
    local moved = m.Address { id = 8, email = "n", user_id = 1 }
    local assigned = m.Address { id = 9, email = "n", user_id = 1 }
    session:add_all { moved, assigned }
    assert.equal("u1", moved.user.name)
    assert.equal("u1", assigned.user.name)
    moved.user_id = 2
    assigned.user = session:get(m.User, 2)
    session:commit()
    assert.equal("8|2\n9|2", w:rows("SELECT id, user_id FROM address WHERE id > 7 ORDER BY id"))
    assert.equal("u2", moved.user.name)
  end)

  it("what was found stays a found one after a rollback, and is written again", function()
    local address = m.Address { id = 8, email = "n", user_id = 1 }
    session:add(address)
    assert.equal("u1", address.user.name)
    session:flush()
    session:rollback()
    session:add(address)
    session:commit()
    assert.equal("8|1", w:rows("SELECT id, user_id FROM address WHERE id > 7"))
    assert.equal("u1", address.user.name)
  end)

  it("an object outside of a session loads by one that says so, and is not added", function()
    local address = m.Address { id = 7, email = "n", user_id = 1 }
    session:enable_relationship_loading(address)
    assert.equal(1, w:count(function() assert.equal("u1", address.user.name) end))
    assert.is_true(rawequal(session, corm.object_session(address)))
    assert.is_false(session:contains(address))
    assert.is_true(corm.inspect(address).transient)
    session:commit()
    assert.equal("2", w:rows("SELECT count(*) FROM address"))

    local user = m.User { id = 1 }
    session:enable_relationship_loading(user)
    assert.equal(2, #user.addresses)
    assert.equal("e2", user.addresses[2].email)
    assert.is_false(session:contains(user))
    local unknown = m.User { id = 5 }
    session:enable_relationship_loading(unknown)
    assert.equal(0, #unknown.addresses)
    session:add(address)
    session:commit()
    assert.equal("3", w:rows("SELECT count(*) FROM address WHERE user_id = 1"))
  end)

  it("a detached object does, too", function()
    local user = session:get(m.User, 1)
    session:expunge(user)
    raises("DetachedInstanceError", "not bound to a Session", function() return user.addresses end)
    session:enable_relationship_loading(user)
    assert.equal(2, #user.addresses)
    assert.is_false(session:contains(user))
  end)

  it("is refused for what is no object, or another session's", function()
    local other = w:session()
    local user = other:get(m.User, 1)
    raises("InvalidRequestError", "attached to another session", session.enable_relationship_loading, session, user)
    local new = m.User { id = 1 }
    other:enable_relationship_loading(new)
    raises("InvalidRequestError", "attached to another session", session.enable_relationship_loading, session, new)
    raises("UnmappedError", "enable_relationship_loading", session.enable_relationship_loading, session, 5)
    raises("UnmappedError", "enable_relationship_loading", session.enable_relationship_loading, session)
    raises("ArgumentError", "load_on_pending", corm.relationship, "User", { load_on_pending = 1 })
    other:close()
  end)

  it("nothing is loaded by a session that is gone", function()
    local address = m.Address { email = "n", user_id = 1 }
    do
      local other <close> = w:session()
      other:enable_relationship_loading(address)
    end
    collectgarbage()
    collectgarbage()
    local found = address.user
    assert.is_true(found == nil or found.name == "u1")
  end)

  it("says so where the class loads nothing by itself", function()
    w:close()
    open { ["Address.user"] = { load_on_pending = true, lazy = "raise" },
      ["User.addresses"] = { lazy = "noload", load_on_pending = true } }
    local address, user = m.Address { email = "n", user_id = 1 }, m.User { id = 1, name = "x" }
    session:add_all { address, user }
    raises("InvalidRequestError", "'Address.user' is not available due to lazy='raise'",
      function() return address.user end)
    assert.equal(0, #user.addresses)
  end)

  it("goes with criteria of do_orm_execute", function()
    local seen = {}
    corm.event.listen(session, "do_orm_execute", function(state)
      if state.is_relationship_load then
        seen[#seen + 1] = state.lazy_loaded_from.pending
        state.statement = state.statement:options(corm.with_loader_criteria(m.User, m.User.name:ne "u1"))
      end
    end)
    local address = m.Address { email = "n", user_id = 1 }
    session:add(address)
    assert.is_nil(address.user)
    assert.same({ true }, seen)
  end)
end)
