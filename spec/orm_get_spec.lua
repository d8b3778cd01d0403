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

  -- What a get prepares is kept for the next one of its class.
  describe("of a class that has been asked for before", function()
    it("knows what the class has got since", function()
      local Base = corm.declarative_base()
      local Animal = Base:model("Animal", {
        __tablename__ = "animal",
        __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "animal" },
        id = corm.Column(corm.Integer, { primary_key = true }),
        kind = corm.Column(corm.String(10)),
        keeper_id = corm.Column(corm.Integer, corm.ForeignKey("keeper.id")),
      })
      local Keeper = Base:model("Keeper", {
        __tablename__ = "keeper",
        id = corm.Column(corm.Integer, { primary_key = true }),
        name = corm.Column(corm.String(10)),
      })
      Base.metadata:create_all(w.engine)
      session:execute(corm.insert(Keeper.__table__):values { { id = 1, name = "k" } })
      session:execute(corm.insert(Animal.__table__):values {
        { id = 1, kind = "animal", keeper_id = 1 }, { id = 2, kind = "animal", keeper_id = 1 },
        { id = 3, kind = "dog", keeper_id = 1 }, { id = 4, kind = "dog", keeper_id = 1 } })
      assert.equal("animal", session:get(Animal, 1).kind)
      assert.equal("animal", session:get(Animal, 2).kind)
      local Dog = Animal:model("Dog", { __mapper_args__ = { polymorphic_identity = "dog" } })
      assert.equal(Dog, corm.inspect(session:get(Animal, 3)).class_)
      Animal.keeper = corm.relationship(Keeper, { lazy = "selectin" })
      session:expunge_all()
      for id = 3, 4 do
        local animal
        local sent = w:statements(function() animal = session:get(Animal, id) end)
        assert.equal(id == 3 and 2 or 1, #sent)
        assert.same({}, w:statements(function() assert.equal("k", animal.keeper.name) end))
      end
    end)

    it("serves several sessions, those inside of one another too", function()
      session:add_all { m.Tag { id = 1, name = "1" }, m.Tag { id = 2, name = "2" }, m.Tag { id = 3, name = "3" } }
      session:commit()
      session:close()
      local other, seen = w:session(), {}
      local function again(tag)
        seen[#seen + 1] = tag.id
        if tag.id < 3 then other:get(m.Tag, tag.id + 1) end
      end
      corm.event.listen(m.Tag, "load", again)
      assert.equal("1", session:get(m.Tag, 1).name)
      assert.same({ 1, 2, 3 }, seen)
      corm.event.remove(m.Tag, "load", again)
      other:close()
      session:expunge_all()
      local third = w:session()
      for id = 1, 3 do
        assert.equal(tostring(id), session:get(m.Tag, id).name)
        assert.equal(tostring(4 - id), third:get(m.Tag, 4 - id).name)
        assert.is_nil(third:get(m.Tag, 9))
      end
      assert.not_equal(session:get(m.Tag, 1), third:get(m.Tag, 1))
      third:close()
    end)

    it("goes on after one that failed, with rows of any size", function()
      session:add_all { m.Item { order_no = 2, line = 1, text = ("x"):rep(50) }, m.Item { order_no = 2, line = 2 } }
      session:commit()
      session:expunge_all()
      assert.equal("i", session:get(m.Item, { 1, 2 }).text)
      local function refuse() error "not now" end
      corm.event.listen(w.engine, "before_cursor_execute", refuse)
      local ok, err = pcall(session.get, session, m.Item, { 2, 1 })
      corm.event.remove(w.engine, "before_cursor_execute", refuse)
      assert.is_false(ok)
      assert.matches("not now", tostring(err))
      session:rollback()
      assert.equal(50, #session:get(m.Item, { 2, 1 }).text)
      local empty = session:get(m.Item, { 2, 2 })
      assert.same({ 2, 2 }, { empty.order_no, empty.line })
      assert.is_nil(empty.text)
    end)
  end)
end)
