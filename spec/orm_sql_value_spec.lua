-- SQL expressions as values of attributes.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, String, func, select = corm.Column, corm.Integer, corm.String, corm.func, corm.select

describe("U31 SQL expressions as values", function()
  local w, Item, session

  before_each(function()
    local Base = corm.declarative_base()
    Item = Base:model("Item", {
      __tablename__ = "item",
      id = Column(Integer, { primary_key = true }),
      n = Column(Integer),
      name = Column(String(20)),
      data = Column(corm.JSON),
    })
    w = world.open { Base = Base }
    session = w:session()
    session:add_all { Item { n = 1, name = "a" }, Item { n = 5, name = "b" } }
    session:commit()
  end)
  after_each(function() w:close() end)

  it("stand in the UPDATE and are read afterwards", function()
    local item = session:get(Item, 1)
    item.n = Item.n + 10
    assert.equal("item.n + :n_1", item.n:compile().string)
    local sent = w:statements(function() session:flush() end)
    assert.same({ "UPDATE item SET n=(item.n + ?) WHERE item.id = ?" }, sent)
    sent = w:statements(function() assert.equal(11, item.n) end)
    assert.equal(1, #sent)
    assert.equal(0, w:count(function() assert.equal("a", item.name) end))
    session:commit()
    assert.equal("11,5", w:list "SELECT n FROM item ORDER BY id")
  end)

  it("stand beside plain values, row by row", function()
    local first, second = session:get(Item, 1), session:get(Item, 2)
    first.n, first.name = Item.n * 2, "x"
    second.n, second.name = Item.n * 3, "y"
    session:commit()
    assert.equal("2:x,15:y", (w:list("SELECT n, name FROM item ORDER BY id"):gsub("[|\t]", ":")))
    assert.equal(15, second.n)
  end)

  it("stand in the INSERT", function()
    local item = Item { n = select(func.max(Item.n)):scalar_subquery() + 1, name = func.lower "ABC" }
    session:add(item)
    session:flush()
    assert.is_true(item.id > 2)
    assert.equal(6, item.n)
    assert.equal("abc", item.name)
    local other = Item { n = select(func.count()):select_from(Item), name = "c" }
    session:add(other)
    session:commit()
    assert.equal(3, other.n)
  end)

  it("set a value that has expired", function()
    local item = session:get(Item, 1)
    session:expire(item)
    item.n = Item.n + 1
    assert.equal(1, w:count(function() session:flush() end))
    assert.equal(2, item.n)
  end)

  it("can be replaced before they are written", function()
    local item = session:get(Item, 1)
    item.n = Item.n + 1
    item.n = 7
    session:commit()
    assert.equal(7, item.n)
    item.n = 8
    item.n = Item.n + 1
    session:commit()
    assert.equal(8, item.n)
    item.n = Item.n + 1
    assert.equal(8, corm.inspect(item).attrs.n.history.deleted[1])
    item.n = 8
    assert.same({}, w:statements(function() session:flush() end))
  end)

  it("are gone after a rollback", function()
    local item = session:get(Item, 1)
    item.n = Item.n + 1
    session:flush()
    session:rollback()
    assert.equal(1, item.n)
    item.n = Item.n + 1
    session:rollback()
    assert.equal(1, item.n)
    assert.is_false(session:is_modified(item))
  end)

  it("survive a failed flush as what the script said", function()
    local item = Item { id = 1, n = func.abs(-3), name = "dup" }
    session:add(item)
    raises("IntegrityError", "", session.flush, session)
    session:rollback()
    assert.equal("userdata", type(item.n))
    item.id = 9
    session:add(item)
    session:commit()
    assert.equal(3, item.n)
  end)

  it("keep their nodes alive", function()
    local item = session:get(Item, 1)
    item.n = Item.n + tonumber "41"
    for _ = 1, 5 do collectgarbage() end
    session:commit()
    assert.equal(42, item.n)
  end)

  it("count a version", function()
    local Base = corm.declarative_base()
    local V = Base:model("V", {
      __tablename__ = "v", __mapper_args__ = { version_id_col = "version" },
      id = Column(Integer, { primary_key = true }), n = Column(Integer), version = Column(Integer),
    })
    Base.metadata:create_all(w.engine)
    local v = V { n = 1 }
    session:add(v)
    session:commit()
    v.n = V.n + 1
    session:flush()
    assert.equal("2,2", ("%d,%d"):format(v.n, v.version))
  end)

  it("refuse what cannot be written", function()
    local item = session:get(Item, 1)
    raises("ArgumentError", "Item.id cannot be set to an SQL expression: it is part of the primary key", function()
      item.id = Item.n + 1
    end)
    raises("ArgumentError", "Item.id cannot be set to an SQL expression", Item, { id = func.abs(-3) })
    raises("ArgumentError", "", function() item.n = Item end)
    raises("ArgumentError", "Item.n", function() item.n = corm.update(Item) end)
    assert.equal(1, item.n)
    assert.same({}, w:statements(function() session:flush() end))
    item.n = corm.text "no such column"
    assert.is_false((pcall(session.flush, session)))
    session:rollback()
    assert.equal(1, item.n)
  end)
end)
