local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("cascades", function()
  local w, m, session

  local function open(options)
    w = world.open(world.models(options))
    m = w.m
    session = w:session()
  end
  after_each(function() w:close() end)

  local function counts()
    return w:rows('SELECT (SELECT count(*) FROM "user"), (SELECT count(*) FROM address), (SELECT count(*) FROM tag)')
  end

  -- A user with two addresses and a tag on each.
  local function plant()
    local u = m.User { name = "u", addresses = {
      m.Address { email = "x", tags = { m.Tag { name = "t1" } } },
      m.Address { email = "y", tags = { m.Tag { name = "t2" } } },
    } }
    session:add(u)
    session:commit()
    return u
  end

  describe("of save-update", function()
    it("bring what hangs on an object into the session, from either side of an append", function()
      open()
      plant()
      assert.equal("1|2|2", counts())
      local u = session:get(m.User, 1)
      local late = m.Address { email = "z" }
      u.addresses:append(late)
      assert.is_true(session:contains(late))
      u.addresses = { late }
      local chained = m.Address { email = "w", user = m.User { name = "v" } }
      session:add(chained)
      assert.is_true(session:contains(chained.user))
    end)

    it("do not come along a backref: an object is not added because it points to one that is", function()
      open()
      local u = plant()
      local stray = m.Address { email = "stray" }
      assert.equal(2, #u.addresses)
      stray.user = u
      assert.is_false(session:contains(stray))
      assert.is_true(u.addresses:contains(stray))
    end)

    it("can be left out", function()
      open { ["User.addresses"] = { cascade = "merge" } }
      local u = m.User { name = "u", addresses = { m.Address { email = "x" } } }
      session:add(u)
      assert.is_false(session:contains(u.addresses[1]))
    end)

    it("refuse objects of another session", function()
      open()
      local u = plant()
      local other = w:session()
      local foreign = m.Address { email = "f" }
      other:add(foreign)
      raises("InvalidRequestError", "attached to another session", function() u.addresses:append(foreign) end)
      assert.equal(2, #u.addresses)
      raises("InvalidRequestError", "attached to another session", function() foreign.user = u end)
      assert.is_nil(foreign.user)
    end)
  end)

  describe("of delete", function()
    it("are not there by default: children lose their parent", function()
      open()
      session:delete(plant())
      session:commit()
      assert.equal("0|2|2", counts())
      assert.equal("2", w:rows("SELECT count(*) FROM address WHERE user_id IS NULL"))
    end)

    it("delete children, loaded or not, and their association rows", function()
      open { ["User.addresses"] = { cascade = "all" } }
      plant()
      session:expunge_all()
      session:delete(session:get(m.User, 1))
      assert.equal(3, #session.deleted)
      session:commit()
      assert.equal("0|0|2", counts())
      assert.equal("0", w:rows("SELECT count(*) FROM address_tag"))
    end)

    it("reach through several levels", function()
      open { ["User.addresses"] = { cascade = "all" }, ["Address.tags"] = { cascade = "all" } }
      plant()
      session:expunge_all()
      session:delete(session:get(m.User, 1))
      session:commit()
      assert.equal("0|0|0", counts())
    end)

    it("leave children that were moved away before", function()
      open { ["User.addresses"] = { cascade = "all" } }
      local u = plant()
      local v = m.User { name = "v" }
      session:add(v)
      v.addresses:append(u.addresses[1])
      session:delete(u)
      session:commit()
      assert.equal("1|1|2", counts())
      assert.equal("x", v.addresses[1].email)
    end)

    it("of a pending child are no INSERT", function()
      open { ["User.addresses"] = { cascade = "all, delete-orphan" } }
      local u = plant()
      local pending = m.Address { email = "p" }
      u.addresses:append(pending)
      u.addresses:remove(pending)
      assert.is_false(session:contains(pending))
      session:commit()
      assert.equal("1|2|2", counts())
    end)

    it("are left to the database by passive_deletes", function()
      local Base = corm.declarative_base()
      local Parent = Base:model("Parent", {
        __tablename__ = "parent",
        id = corm.Column(corm.Integer, { primary_key = true }),
        children = corm.relationship("Child", { cascade = "all", passive_deletes = true }),
      })
      Base:model("Child", {
        __tablename__ = "child",
        id = corm.Column(corm.Integer, { primary_key = true }),
        parent_id = corm.Column(corm.Integer, corm.ForeignKey("parent.id", { ondelete = "CASCADE" })),
      })
      w = world.open({ Base = Base })
      session = w:session()
      w:sql("INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1), (2, 1)")
      local parent = session:get(Parent, 1)
      w:statements()
      session:delete(parent)
      session:flush()
      assert.same({ "DELETE FROM parent WHERE parent.id = ?" }, w:statements())
      session:commit()
      assert.equal("0", w:rows("SELECT count(*) FROM child"))
    end)
  end)

  describe("of delete-orphan", function()
    before_each(function() open { ["User.addresses"] = { cascade = "all, delete-orphan" } } end)

    it("delete a child that leaves its parent", function()
      local u = plant()
      u.addresses:remove(u.addresses[1])
      session:commit()
      assert.equal("1|1|2", counts())
      u.addresses = {}
      session:commit()
      assert.equal("1|0|2", counts())
    end)

    it("delete a child whose parent is set to nil, and the old ones when a list is replaced", function()
      local u = plant()
      local x = u.addresses[1]
      x.user = nil
      session:flush()
      assert.is_false(session:contains(x))
      u.addresses = { m.Address { email = "new" } }
      session:commit()
      assert.equal("new", w:rows("SELECT email FROM address"))
    end)

    it("leave a child alone that found another parent", function()
      local u = plant()
      local x = u.addresses[1]
      local v = m.User { name = "v", addresses = { x } }
      session:add(v)
      session:commit()
      assert.equal("2|2|2", counts())
      assert.equal("v", x.user.name)
    end)

    it("never insert a child without a parent that was in a collection once", function()
      local u = m.User { name = "n" }
      local x = m.Address { email = "x" }
      session:add(u)
      u.addresses:append(x)
      x.user = nil
      assert.is_false(session:contains(x))
      session:commit()
      assert.equal("1|0|0", counts())
    end)

    it("are undone by a rollback", function()
      local u = plant()
      u.addresses = {}
      session:flush()
      session:rollback()
      assert.equal(2, #u.addresses)
      session:commit()
      assert.equal("1|2|2", counts())
    end)
  end)

  it("of expunge take relatives along", function()
    open { ["User.addresses"] = { cascade = "all" } }
    local u = plant()
    local x = u.addresses[1]
    session:expunge(u)
    assert.is_false(session:contains(x))
    assert.equal("x", x.email)
    session:add(u)
    assert.is_true(session:contains(x))
  end)

  it("are named by words that exist", function()
    open()
    local err = raises("ArgumentError", "delet", function()
      local Base = corm.declarative_base()
      local A = Base:model("A", {
        __tablename__ = "a",
        id = corm.Column(corm.Integer, { primary_key = true }),
        b_id = corm.Column(corm.Integer, corm.ForeignKey("a.id")),
        others = corm.relationship("A", { cascade = "save-update, delet" }),
      })
      return A {}
    end)
    assert.is_truthy(err.message)
  end)
end)
