-- The features that the whole ORM stands on, each by its id: what a script sees, what is sent, what the database has.
local corm = require "corm"
local raises = require "spec.support.raises"
local says = require("spec.support.database").says
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship = corm.relationship

local function key()
  return Column(Integer, { primary_key = true })
end

describe("M01 declarative mapping", function()
  it("maps a class to a new table, or to one that is there, under names of its own", function()
    local Base = corm.declarative_base()
    local Word = Base:model("Word", { __tablename__ = "word", id = key(), text = Column("txt", String(10)) })
    local w = world.open { Base = Base }
    local session = w:session()
    session:add(Word { text = "one" })
    session:commit()
    assert.equal("1|one", w:rows("SELECT id, txt FROM word"))
    local Other = corm.declarative_base()
    local again = Other:model("Again", { __table__ = Word.__table__, label = Word.__table__.c.txt })
    assert.equal("one", session:scalars(corm.select(again)):one().label)
    assert.equal("word", Word.__tablename__)
    w:close()
  end)

  it("wants a primary key and a table", function()
    local Base = corm.declarative_base()
    raises("ArgumentError", "primary key", Base.model, Base, "A", { __tablename__ = "a", x = Column(Integer) })
    raises("InvalidRequestError", "__tablename__", Base.model, Base, "B", { id = key() })
  end)
end)

describe("M06 late names", function()
  it("are resolved when all classes are there: names, and functions", function()
    local Base = corm.declarative_base()
    local A = Base:model("Author", { __tablename__ = "author", id = key(), books = relationship("Book") })
    Base:model("Book", { __tablename__ = "book", id = key(), author_id = Column(Integer, ForeignKey "author.id") })
    assert.equal(0, #A {}.books)
    local Second = corm.declarative_base()
    local target
    local B = Second:model("B", { __tablename__ = "b", id = key(), cs = relationship(function() return target end) })
    target = Second:model("C", { __tablename__ = "c", id = key(), b_id = Column(Integer, ForeignKey "b.id") })
    assert.equal(0, #B {}.cs)
  end)
end)

describe("M07 kinds of relationships", function()
  local Base

  before_each(function() Base = corm.declarative_base() end)

  it("follow from the foreign keys: one-to-many, many-to-one, one-to-one, many-to-many", function()
    local link = corm.Table("ab", Base.metadata, Column("a_id", Integer, ForeignKey "a.id", { primary_key = true }),
      Column("b_id", Integer, ForeignKey "b.id", { primary_key = true }))
    local A = Base:model("A", {
      __tablename__ = "a", id = key(), bs = relationship("B", { secondary = link }),
      cs = relationship "C", only = relationship("C", { uselist = false, viewonly = true }),
    })
    Base:model("B", { __tablename__ = "b", id = key() })
    local C = Base:model("C", {
      __tablename__ = "c", id = key(), a_id = Column(Integer, ForeignKey "a.id"), a = relationship "A",
    })
    local of = corm.inspect(A).relationships
    assert.equal("MANYTOMANY", of.bs.direction)
    assert.equal("ONETOMANY", of.cs.direction)
    assert.is_false(of.only.uselist)
    assert.equal("MANYTOONE", corm.inspect(C).relationships.a.direction)
  end)
end)

describe("M08 a class that refers to itself", function()
  it("goes both ways, and is written parents first", function()
    local w = world.open()
    local session, Node = w:session(), w.m.Node
    local root = Node { name = "root", children = { Node { name = "a", children = { Node { name = "b" } } } } }
    session:add(root)
    session:commit()
    assert.equal("root||a|1|b|2", (w:rows("SELECT name, parent_id FROM node ORDER BY id"):gsub("\n", "|")))
    session:expunge_all()
    local b = session:query(Node):where(Node.name:eq "b"):one()
    assert.equal("root", b.parent.parent.name)
    assert.is_nil(b.parent.parent.parent)
    w:close()
  end)

  it("may have a key of several columns", function()
    local Base = corm.declarative_base()
    local Part = Base:model("Part", {
      __tablename__ = "part", series = Column(Integer, { primary_key = true }),
      no = Column(Integer, { primary_key = true }),
      up_series = Column(Integer), up_no = Column(Integer),
      corm.ForeignKeyConstraint({ "up_series", "up_no" }, { "part.series", "part.no" }),
      parts = relationship("Part", { back_populates = "whole", order_by = "Part.no" }),
    })
    Part.whole = relationship("Part", { back_populates = "parts", remote_side = { Part.series, Part.no } })
    local w = world.open { Base = Base }
    local session = w:session()
    session:add(Part { series = 1, no = 1, parts = { Part { series = 1, no = 2 }, Part { series = 2, no = 1 } } })
    session:commit()
    local whole = session:get(Part, { 1, 1 })
    assert.equal(2, #whole.parts)
    assert.is_true(rawequal(whole, session:get(Part, { 2, 1 }).whole))
    w:close()
  end)
end)

describe("M10 an association object", function()
  it("carries values of its own, and goes with its parent", function()
    local Base = corm.declarative_base()
    local Order = Base:model("Order", {
      __tablename__ = "orders", id = key(),
      lines = relationship("Line", { back_populates = "order", cascade = "all, delete-orphan" }),
    })
    local Item = Base:model("Item", { __tablename__ = "item", id = key(), name = Column(String(10)) })
    local Line = Base:model("Line", {
      __tablename__ = "line", order_id = Column(Integer, ForeignKey "orders.id", { primary_key = true }),
      item_id = Column(Integer, ForeignKey "item.id", { primary_key = true }), amount = Column(Integer),
      order = relationship("Order", { back_populates = "lines" }), item = relationship "Item",
    })
    local w = world.open { Base = Base }
    local session = w:session()
    local order = Order { lines = { Line { item = Item { name = "pen" }, amount = 3 } } }
    session:add(order)
    session:commit()
    assert.equal("1|1|3", w:rows("SELECT order_id, item_id, amount FROM line"))
    assert.equal("pen", order.lines[1].item.name)
    session:delete(order)
    session:commit()
    assert.equal("0|1", w:rows("SELECT (SELECT count(*) FROM line), (SELECT count(*) FROM item)"))
    w:close()
  end)
end)

describe("M14 order_by and viewonly", function()
  it("order what is loaded, and write nothing", function()
    local Base = corm.declarative_base()
    local Parent = Base:model("Parent", {
      __tablename__ = "parent", id = key(),
      named = relationship("Child", { viewonly = true, order_by = "Child.name" }),
    })
    local Child = Base:model("Child", {
      __tablename__ = "child", id = key(), name = Column(String(5)),
      parent_id = Column(Integer, ForeignKey "parent.id"),
    })
    local w = world.open { Base = Base }
    local session = w:session()
    local parent = Parent {}
    session:add(parent)
    session:flush()
    session:add_all { Child { name = "y", parent_id = parent.id }, Child { name = "x", parent_id = parent.id } }
    session:commit()
    assert.equal("x", parent.named[1].name)
    local stranger = Child { name = "z" }
    session:add(stranger)
    parent.named:append(stranger)
    session:commit()
    assert.equal("x|1,y|1,z|", w:list("SELECT name, parent_id FROM child ORDER BY name"))
    w:close()
  end)
end)

describe("the session", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add_all {
      m.User { name = "a", addresses = { m.Address { email = "x" }, m.Address { email = "y" } } },
      m.User { name = "b" },
    }
    session:commit()
    w:statements()
  end)
  after_each(function() w:close() end)

  describe("U03 states", function()
    it("go from transient to detached", function()
      local city = m.City { name = "c" }
      local state = corm.inspect(city)
      assert.is_true(state.transient)
      session:add(city)
      assert.is_true(state.pending)
      assert.is_true(session.new:contains(city))
      session:flush()
      assert.is_true(state.persistent)
      session:delete(city)
      assert.is_true(session.deleted:contains(city))
      session:flush()
      assert.is_true(state.deleted)
      session:commit()
      assert.is_true(state.detached)
      assert.is_true(state.was_deleted)
    end)
  end)

  describe("U06 an UPDATE", function()
    it("has what changed only, and is not sent when all was set back", function()
      local user = session:get(m.User, 1)
      user.name, user.age = "A", 5
      user.name = "a"
      assert.is_truthy(w:statements(function() session:flush() end)[1]:match "SET age=")
      user.age = 6
      user.age = 5
      assert.same({}, w:statements(function() session:flush() end))
    end)
  end)

  describe("U07 generated keys", function()
    it("are on every object after the flush, by few statements", function()
      local cities = {}
      for i = 1, 100 do cities[i] = m.City { name = "c" .. i } end
      session:add_all(cities)
      assert.is_true(w:count(function() session:flush() end) <= 8)
      for i, city in ipairs(cities) do assert.equal(i, city.id) end
    end)
  end)

  describe("U08 the order of a flush", function()
    it("goes by foreign keys, then as objects were added; deletes go the other way", function()
      local address = m.Address { email = "z", city = m.City { name = "c" }, user = m.User { name = "n" } }
      session:add(address)
      local order = {}
      for _, statement in ipairs(w:statements(function() session:flush() end)) do
        order[statement:match "INTO [\"`]?(%w+)"] = #order + 1
        order[#order + 1] = statement
      end
      assert.is_true(order.user < order.address and order.city < order.address)
      local user = address.user
      session:delete(user)
      session:delete(address)
      local deletes = w:statements(function() session:flush() end)
      assert.is_truthy(deletes[#deletes - 1]:match "DELETE FROM address")
      assert.is_truthy(deletes[#deletes]:match "DELETE FROM [\"`]?user")
    end)
  end)

  describe("U10 foreign keys", function()
    it("follow the objects", function()
      local a, b = session:get(m.User, 1), session:get(m.User, 2)
      b.addresses:append(a.addresses[1])
      a.addresses[1].user = nil
      session:commit()
      assert.equal("1|2,2|", w:list("SELECT id, user_id FROM address ORDER BY id"))
    end)
  end)

  describe("U11 autoflush", function()
    it("comes before a query, not in no_autoflush, and says so when it fails", function()
      session:add(m.City { name = "c" })
      assert.equal(1, session:query(m.City):count())
      session:add(m.City { name = "d" })
      session:no_autoflush(function() assert.equal(1, session:query(m.City):count()) end)
      session:add(m.City { name = "c" })
      local query = session:query(m.City)
      raises("IntegrityError", "raised as a result of autoflush", query.count, query)
      session:rollback()
    end)
  end)

  describe("U12 expiry at commit", function()
    it("loads again at the first access, one SELECT an object", function()
      local user = session:get(m.User, 1)
      session:commit()
      w:sql("UPDATE " .. (world.user == "user" and '"user"' or world.user) .. " SET age = 9 WHERE id = 1;")
      assert.equal(1, w:count(function()
        assert.equal(9, user.age)
        assert.equal("a", user.name)
      end))
    end)
  end)

  describe("U13 rollback", function()
    it("takes back what was done in memory", function()
      local user, city = session:get(m.User, 1), m.City { name = "c" }
      user.name = "A"
      session:add(city)
      session:delete(session:get(m.User, 2))
      session:flush()
      session:rollback()
      assert.equal("a", user.name)
      assert.is_true(corm.inspect(city).transient)
      assert.is_nil(city.id)
      assert.equal("b", session:get(m.User, 2).name)
    end)
  end)

  describe("U14 a failed flush", function()
    it("wants a rollback before anything else, and says why", function()
      session:add_all { m.City { name = "c" }, m.City { name = "c" } }
      raises("IntegrityError", says.unique, session.flush, session)
      local err = raises("PendingRollbackError", "Original exception was", session.get, session, m.User, 2)
      assert.is_truthy(err.message:find(says.unique, 1, true))
      session:rollback()
      assert.equal("b", session:get(m.User, 2).name)
    end)
  end)

  describe("U15 transactions", function()
    it("begin by themselves, and a block commits or rolls back", function()
      assert.is_false(session:in_transaction())
      session:get(m.User, 1)
      assert.is_true(session:in_transaction())
      session:commit()
      session:begin(function() session:add(m.City { name = "kept" }) end)
      raises("ArgumentError", "", session.begin, session, function()
        session:add(m.City { name = "lost" })
        session:flush()
        m.City { nam = "x" }
      end)
      assert.equal("kept", w:list("SELECT name FROM city"))
    end)
  end)

  describe("U16 nested transactions", function()
    it("take back their own part", function()
      session:add(m.City { name = "outer" })
      local nested = session:begin_nested()
      session:add(m.City { name = "inner" })
      nested:rollback()
      session:commit()
      assert.equal("outer", w:list("SELECT name FROM city"))
    end)
  end)

  describe("U39 a hook in a flush", function()
    it("cannot flush, commit or close", function()
      local errors = {}
      local function hook()
        for _, name in ipairs { "flush", "commit", "rollback" } do
          local ok, err = pcall(session[name], session)
          errors[#errors + 1] = tostring(ok) .. " " .. err.class
        end
      end
      corm.event.listen(session, "before_flush", hook)
      session:add(m.City { name = "c" })
      session:commit()
      assert.equal(3, #errors)
      for _, text in ipairs(errors) do assert.is_truthy(text:match "^false I") end
      assert.equal("c", w:list("SELECT name FROM city"))
    end)
  end)
end)

it("every feature that is not left out has specs", function()
  assert.same({}, require("spec.support.orm_ids").missing())
end)
