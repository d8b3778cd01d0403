local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("expiry", function()
  local w, m, session, u

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add(m.User { name = "a", age = 1, addresses = { m.Address { email = "x" } } })
    session:commit()
    u = session:get(m.User, 1)
    w:statements()
  end)
  after_each(function() w:close() end)

  it("comes with the commit: the next access is one statement for the whole object", function()
    assert.equal("a", u.name)
    session:commit()
    w:sql([[UPDATE "user" SET name = 'b', age = 2]])
    assert.equal(1, w:count(function()
      assert.equal("b", u.name)
      assert.equal(2, u.age)
      assert.equal(1, u.id)
    end))
  end)

  it("does not with expire_on_commit = false", function()
    session.expire_on_commit = false
    session:commit()
    assert.equal(0, w:count(function() assert.equal("a", u.name) end))
  end)

  it("of an object or of some attributes loses their changes", function()
    u.name, u.age = "z", 9
    session:expire(u, { "name" })
    assert.equal("a", u.name)
    assert.equal(9, u.age)
    session:expire(u)
    assert.equal(1, u.age)
    assert.equal(0, #session.dirty)
  end)

  it("of some attributes is told once, and does nothing where one of them does not exist", function()
    local told = {}
    corm.event.listen(m.User, "expire", function(_, names)
      table.sort(names)
      told[#told + 1] = table.concat(names, " ")
    end)
    session:expire(u, { "name", "addresses", "age" })
    assert.same({ "age name" }, told)
    u.name = "z"
    raises("InvalidRequestError", "User has no attribute 'nme'", session.expire, session, u, { "name", "nme" })
    assert.equal("z", u.name)
    assert.same({ "age name" }, told)
  end)

  it("of a relationship loads it again", function()
    assert.equal(1, #u.addresses)
    session:commit()
    w:sql("INSERT INTO address (email, user_id) VALUES ('y', 1)")
    assert.equal(2, #u.addresses)
    session:commit()
    session.expire_on_commit = false
    assert.equal(2, #u.addresses)
    session:commit()
    w:sql("DELETE FROM address WHERE email = 'y'")
    assert.equal(2, #u.addresses)
    session:expire(u, { "addresses" })
    assert.equal(1, #u.addresses)
  end)

  it("of all", function()
    assert.equal("x", u.addresses[1].email)
    session:expire_all()
    assert.equal(2, w:count(function()
      assert.equal("a", u.name)
      assert.equal("x", session:get(m.Address, 1).email)
    end))
  end)

  it("refuses objects that have no row here, and names that do not exist", function()
    raises("InvalidRequestError", "not persistent within this Session", session.expire, session, m.User { name = "n" })
    local pending = m.User { name = "n" }
    session:add(pending)
    raises("InvalidRequestError", "not persistent", session.expire, session, pending)
    raises("InvalidRequestError", "not persistent", session.refresh, session, pending)
    raises("InvalidRequestError", "not persistent", w:session().expire, w:session(), u)
    local err = raises("InvalidRequestError", "User has no attribute 'nam'", session.expire, session, u, { "nam" })
    assert.equal("did you mean 'name'?", err.hint)
    raises("ArgumentError", "a sequence of attribute names expected", session.expire, session, u, "name")
    raises("ArgumentError", "attribute names expected, got integer", session.expire, session, u, { 1 })
  end)

  describe("by refresh", function()
    it("loads now, in one statement, and loses changes", function()
      session:commit()
      w:sql([[UPDATE "user" SET name = 'b', age = 2]])
      assert.equal(1, w:count(function() session:refresh(u) end))
      assert.equal(0, w:count(function() assert.equal("b", u.name) end))
      u.age = 7
      session:refresh(u)
      assert.equal(2, u.age)
    end)

    it("of some attributes leaves the others", function()
      assert.equal("a", u.name)
      u.name = "mine"
      session:no_autoflush(function() session:refresh(u, { "age" }) end)
      assert.equal("mine", u.name)
    end)

    it("says when the row is gone", function()
      session:commit()
      w:sql("DELETE FROM address")
      w:sql('DELETE FROM "user"')
      raises("InvalidRequestError", "refresh", session.refresh, session, u)
      raises("ObjectDeletedError", "User", function() return u.age end)
    end)
  end)

  it("of a value that the flush computes loads it at the next access", function()
    local Base = corm.declarative_base()
    local Counter = Base:model("Counter", {
      __tablename__ = "counter",
      __mapper_args__ = { eager_defaults = false },
      id = corm.Column(corm.Integer, { primary_key = true }),
      n = corm.Column(corm.Integer, { server_default = "5" }),
    })
    session:commit()
    Base.metadata:create_all(w.engine)
    local c = Counter {}
    session:add(c)
    assert.equal(1, w:count(function() session:flush() end))
    assert.equal(1, w:count(function() assert.equal(5, c.n) end))
    assert.equal(0, w:count(function() assert.equal(5, c.n) end))
  end)
end)
