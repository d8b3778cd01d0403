-- Mapping, by feature: classes, names of classes, kinds of relationships, trees, association objects, orders.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local function key() return Column(Integer, { primary_key = true }) end

local w, session

local function open(m)
  w = world.open(m)
  session = w:session()
  return session
end

describe("M01 declarative classes", function()
  it("have a table of their own, and the attributes of its columns", function()
    local Base = corm.declarative_base()
    local User = Base:model("User", { __tablename__ = "user", id = key(), name = Column(String(20)) })
    open { Base = Base, User = User }
    session:add(User { name = "ann" })
    session:commit()
    assert.equal("1|ann", w:list 'SELECT id, name FROM "user"')
    assert.is_true(rawequal(Base.metadata.tables.user, User.__table__))
    assert.equal("user", User.__tablename__)
    w:close()
  end)

  it("take a Table that is there", function()
    local Base = corm.declarative_base()
    local as_table = corm.Table("t", Base.metadata, Column("a", Integer, { primary_key = true }),
      Column("b", String(20)))
    local T = Base:model("T", { __table__ = as_table, text = as_table.c.b })
    open { Base = Base, T = T }
    session:add(T { a = 5, text = "x" })
    session:commit()
    assert.equal("5|x", w:list "SELECT a, b FROM t")
    w:close()
  end)

  it("need a primary key, a table and a name of their own", function()
    local Base = corm.declarative_base()
    raises("ArgumentError", "T", Base.model, Base, "T", { __tablename__ = "t", a = Column(Integer) })
    raises("InvalidRequestError", "class U has no __tablename__ and no __table__", Base.model, Base, "U",
      { id = key() })
    Base:model("V", { __tablename__ = "v", id = key() })
    raises("InvalidRequestError", "a class with the name 'V' is mapped already", Base.model, Base, "V",
      { __tablename__ = "w", id = key() })
    assert.same({ "v" }, (function()
      local names = {}
      for name in pairs(Base.metadata.tables) do names[#names + 1] = name end
      return names
    end)()) -- what was refused has left no table
  end)

  it("share a registry by generate_base", function()
    local registry = corm.registry()
    local One, Two = registry:generate_base(), registry:generate_base()
    One:model("A", { __tablename__ = "a", id = key(), bs = relationship("B") })
    Two:model("B", { __tablename__ = "b", id = key(), a_id = Column(ForeignKey("a.id")) })
    corm.configure_mappers()
  end)
end)

describe("M06 names of classes", function()
  it("may stand before their classes, in a circle", function()
    local Base = corm.declarative_base()
    local A = Base:model("A", { __tablename__ = "a", id = key(), bs = relationship("B", { back_populates = "a" }) })
    local B = Base:model("B", {
      __tablename__ = "b", id = key(), a_id = Column(ForeignKey("a.id")),
      a = relationship("A", { back_populates = "bs" }),
    })
    local a = A { bs = { B {} } }
    assert.is_true(rawequal(a, a.bs[1].a))
  end)

  it("may be functions, and name columns", function()
    local Base = corm.declarative_base()
    local B
    local A = Base:model("A", {
      __tablename__ = "a", id = key(),
      bs = relationship(function() return B end, { order_by = "B.id", foreign_keys = function() return B.a_id end }),
    })
    B = Base:model("B", { __tablename__ = "b", id = key(), a_id = Column(ForeignKey("a.id")) })
    assert.equal(1, #A { bs = { B {} } }.bs)
  end)

  it("that are unknown are told the nearest, when the class is used or configured", function()
    local Base = corm.declarative_base()
    local Order = Base:model("Order", { __tablename__ = "o", id = key(), items = relationship("Itme") })
    Base:model("Item", { __tablename__ = "item", id = key(), o_id = Column(ForeignKey("o.id")) })
    for _ = 1, 2 do
      raises("InvalidRequestError", "relationship Order.items: there is no class named 'Itme'; did you mean 'Item'?",
        Order, {})
    end
    raises("InvalidRequestError", "there is no class named 'Itme'", corm.configure_mappers)
    Base:model("Itme", { __tablename__ = "itme", id = key(), o_id = Column(ForeignKey("o.id")) })
    assert.equal(0, #Order {}.items)
  end)
end)

describe("M07 kinds of relationships", function()
  it("are found by the foreign key", function()
    local m = world.models()
    open(m)
    local function direction(class, name)
      local property = corm.inspect(class).relationships[name]
      return property.direction, property.uselist
    end
    assert.same({ "ONETOMANY", true }, { direction(m.User, "addresses") })
    assert.same({ "MANYTOONE", false }, { direction(m.Address, "user") })
    assert.same({ "MANYTOMANY", true }, { direction(m.Address, "tags") })
    w:close()
  end)

  it("may be one to one", function()
    local Base = corm.declarative_base()
    local A = Base:model("A", {
      __tablename__ = "a", id = key(), b = relationship("B", { uselist = false, back_populates = "a" }),
    })
    local B = Base:model("B", {
      __tablename__ = "b", id = key(), a_id = Column(ForeignKey("a.id")),
      a = relationship("A", { back_populates = "b" }),
    })
    open { Base = Base, A = A, B = B }
    local a = A { id = 1, b = B { id = 2 } }
    session:add(a)
    session:commit()
    a.b = B { id = 3 }
    session:commit()
    assert.equal("2|,3|1", w:list "SELECT id, a_id FROM b ORDER BY id")
    assert.equal(3, a.b.id)
    for _, looked_at in ipairs { "neither", "a", "b", "both" } do
      session:refresh(a)
      local b = a.b
      if looked_at == "neither" or looked_at == "b" then session:expire(a) end
      if looked_at == "b" or looked_at == "both" then assert.equal(a, b.a) end
      session:delete(a)
      session:commit()
      assert.equal("2|,3|", w:list "SELECT id, a_id FROM b ORDER BY id")
      assert.is_nil(b.a)
      a = A { id = 1, b = b }
      session:add(a)
      session:commit()
    end
    -- Who comes from the other side takes the place as well, whether it was looked at or not.
    for id = 4, 5 do
      local before = session:get_one(B, id - 1)
      if id == 5 then session:expire(a) end
      session:add(B { id = id, a = a })
      session:commit()
      assert.is_nil(before.a)
      assert.equal(id, a.b.id)
    end
    assert.equal("2|,3|,4|,5|1", w:list "SELECT id, a_id FROM b ORDER BY id")
    w:close()
  end)

  it("that are ambiguous say what solves it", function()
    local Base = corm.declarative_base()
    Base:model("A", { __tablename__ = "a", id = key() })
    local B = Base:model("B", {
      __tablename__ = "b", id = key(), one_id = Column(ForeignKey("a.id")), two_id = Column(ForeignKey("a.id")),
      one = relationship("A"),
    })
    raises("AmbiguousForeignKeysError", "foreign_keys", B, {})
    Base = corm.declarative_base()
    Base:model("A", { __tablename__ = "a", id = key() })
    local C = Base:model("C", { __tablename__ = "c", id = key(), one = relationship("A") })
    raises("NoForeignKeysError", "C.one", C, {})
  end)
end)

describe("M08 classes that refer to themselves", function()
  before_each(function()
    local Base = corm.declarative_base()
    local m = { Base = Base }
    m.Part = Base:model("Part", {
      __tablename__ = "part",
      store = Column(Integer, { primary_key = true, autoincrement = false }),
      id = Column(Integer, { primary_key = true, autoincrement = false }),
      up_store = Column(Integer), up_id = Column(Integer),
      parts = relationship("Part", { back_populates = "whole", order_by = "Part.id" }),
      whole = relationship("Part", { back_populates = "parts", remote_side = { "Part.store", "Part.id" } }),
      corm.ForeignKeyConstraint({ "up_store", "up_id" }, { "part.store", "part.id" }),
    })
    open(m)
  end)
  after_each(function() w:close() end)

  it("go both ways, also by keys of several columns", function()
    local Part = w.m.Part
    session:add(Part { store = 1, id = 1, parts = { Part { store = 1, id = 2 }, Part { store = 2, id = 1 } } })
    session:commit()
    assert.equal("1|1||,1|2|1|1,2|1|1|1", w:list "SELECT store, id, up_store, up_id FROM part ORDER BY store, id")
    local leaf = session:get(Part, { 2, 1 })
    assert.equal(1, leaf.whole.id)
    assert.equal(2, #leaf.whole.parts)
    leaf.whole = session:get(Part, { 1, 2 })
    session:commit()
    assert.equal("2|1|1|2", w:list "SELECT store, id, up_store, up_id FROM part WHERE store = 2")
    session:delete(session:get(Part, { 1, 2 }))
    session:commit()
    assert.is_nil(leaf.whole)
  end)
end)

describe("M10 association objects", function()
  it("are classes over the table between", function()
    local Base = corm.declarative_base()
    local m = { Base = Base }
    m.Order = Base:model("Order", {
      __tablename__ = "orders", id = key(),
      lines = relationship("Line", { back_populates = "order", cascade = "all, delete-orphan" }),
    })
    m.Item = Base:model("Item", {
      __tablename__ = "item", id = key(), name = Column(String(20)),
      lines = relationship("Line", { back_populates = "item" }),
    })
    m.Line = Base:model("Line", {
      __tablename__ = "line",
      order_id = Column(ForeignKey("orders.id"), { primary_key = true }),
      item_id = Column(ForeignKey("item.id"), { primary_key = true }),
      amount = Column(Integer),
      order = relationship("Order", { back_populates = "lines" }),
      item = relationship("Item", { back_populates = "lines" }),
    })
    open(m)
    local tea = m.Item { id = 1, name = "tea" }
    local order = m.Order { id = 1, lines = { m.Line { item = tea, amount = 3 } } }
    session:add(order)
    session:commit()
    assert.equal("1|1|3", w:list "SELECT order_id, item_id, amount FROM line")
    session:expunge_all()
    w:statements()
    order = session:scalars(select(m.Order)
      :options(corm.selectinload(m.Order.lines):joinedload(m.Line.item))):one()
    assert.equal(2, w:count())
    assert.equal("tea", order.lines[1].item.name)
    order.lines:clear()
    session:commit()
    assert.equal("", w:list "SELECT * FROM line")
    w:close()
  end)
end)

describe("M14 order_by and viewonly", function()
  it("give an order, and are not written", function()
    local Base = corm.declarative_base()
    local m = { Base = Base }
    m.A = Base:model("A", {
      __tablename__ = "a", id = key(),
      bs = relationship("B", { order_by = function() return { m.B.rank:desc(), "B.id" } end, back_populates = "a" }),
      seen = relationship("B", { viewonly = true, order_by = "B.id" }),
    })
    m.B = Base:model("B", {
      __tablename__ = "b", id = key(), rank = Column(Integer), a_id = Column(ForeignKey("a.id")),
      a = relationship("A", { back_populates = "bs" }),
    })
    open(m)
    local a = m.A { id = 1, bs = { m.B { id = 1, rank = 1 }, m.B { id = 2, rank = 3 }, m.B { id = 3, rank = 3 } } }
    session:add(a)
    session:commit()
    local function ids(list)
      local found = {}
      for _, b in ipairs(list) do found[#found + 1] = b.id end
      return table.concat(found, " ")
    end
    assert.equal("2 3 1", ids(a.bs))
    assert.equal("1 2 3", ids(a.seen))
    a.seen:append(m.B { id = 4 })
    session:commit()
    assert.equal("1,2,3", w:list "SELECT id FROM b WHERE a_id = 1 ORDER BY id")
    w:close()
  end)
end)
