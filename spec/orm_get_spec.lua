-- Session:get and get_one.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("U18 get", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add(m.User { name = "a", age = 7, addresses = { m.Address { email = "x" } } })
    session:add_all { m.Item { order_no = 1, line = 2, text = "i" } }
    session:commit()
    session:expunge_all()
  end)
  after_each(function() w:close() end)

  -- Behind the session's back, in its transaction.
  local function change(text)
    session:execute(corm.text(text))
  end

  it("answers from memory, else by one statement, and nil where there is no row", function()
    local user
    local sent = w:statements(function() user = session:get(m.User, 1) end)
    assert.equal(1, #sent)
    sent = w:statements(function()
      assert.equal(user, session:get(m.User, 1))
      assert.equal(user, session:get_one(m.User, { id = 1 }))
    end)
    assert.same({}, sent)
    assert.is_nil(session:get(m.User, 99))
    assert.is_nil(session:get(m.User, nil))
    assert.is_nil(session:get(m.User, corm.null))
    raises("NoResultFound", "no row was found", session.get_one, session, m.User, 99)
  end)

  it("reads an expired object again, and gives nil when its row is gone", function()
    local user = session:get(m.User, 1)
    session:expire(user)
    change("UPDATE " .. world.user .. " SET age = 8")
    local sent = w:statements(function() assert.equal(user, session:get(m.User, 1)) end)
    assert.equal(1, #sent)
    assert.equal(8, user.age)
    session:expire(user)
    change "DELETE FROM address"
    change("DELETE FROM " .. world.user)
    assert.is_nil(session:get(m.User, 1))
    assert.is_false(session:contains(user))
    raises("NoResultFound", "no row was found", session.get_one, session, m.User, 1)
  end)

  it("takes composite keys by order and by name, and refuses others", function()
    local item = session:get(m.Item, { 1, 2 })
    assert.equal(item, session:get(m.Item, { line = 2, order_no = 1 }))
    raises("InvalidRequestError", "has 2 columns (order_no, line), but 1 value was given", session.get, session,
      m.Item, 1)
    raises("InvalidRequestError", "but 3 values were given", session.get, session, m.Item, { 1, 2, 3 })
    raises("InvalidRequestError", "'text' is no primary-key attribute", session.get, session, m.Item,
      { order_no = 1, text = 2 })
    raises("ArgumentError", "a primary key expected", session.get, session, m.Item)
    raises("UnmappedError", "a mapped class expected", session.get, session, {}, 1)
  end)

  it("overwrites what is loaded when it is told to", function()
    local user = session:get(m.User, 1)
    assert.equal("x", user.addresses[1].email)
    change("UPDATE " .. world.user .. " SET age = 10")
    change "UPDATE address SET user_id = NULL"
    session:get(m.User, 1)
    assert.same({ 7, 1 }, { user.age, #user.addresses })
    assert.equal(user, session:get(m.User, 1, { populate_existing = true }))
    assert.same({ 10, 0 }, { user.age, #user.addresses })
    change("UPDATE " .. world.user .. " SET age = 11")
    session:get(m.User, 1, { execution_options = { populate_existing = true } })
    assert.equal(11, user.age)
    raises("ArgumentError", "unknown option 'populate'", session.get, session, m.User, 1,
      { execution_options = { populate = true } })
  end)

  it("takes loader options for the row that it reads", function()
    local sent = w:statements(function()
      assert.equal(1, #session:get(m.User, 1, { options = { corm.joinedload(m.User.addresses) } }).addresses)
    end)
    assert.equal(1, #sent)
    raises("ArgumentError", "does not belong", session.get, session, m.Item, { 1, 2 },
      { options = { corm.joinedload(m.User.addresses) } })
  end)

  it("flushes first only where it has to ask the database", function()
    session:get(m.User, 1).name = "b"
    local sent = w:statements(function() session:get(m.User, 1) end)
    assert.same({}, sent)
    sent = w:statements(function() session:get(m.User, 2) end)
    assert.equal(2, #sent)
    assert.equal("UPDATE", sent[1]:sub(1, 6))
  end)
end)
