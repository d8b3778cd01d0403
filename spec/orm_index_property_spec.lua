-- Items of JSON and ARRAY attributes as attributes of their own.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, JSON = corm.Column, corm.Integer, corm.JSON
local select, index_property = corm.select, corm.index_property

describe("M38 index_property", function()
  local w, session, Shirt

  before_each(function()
    local Base = corm.declarative_base()
    Shirt = Base:model("Shirt", {
      __tablename__ = "shirt", id = Column(Integer, { primary_key = true }),
      data = Column(JSON),
      tracked = Column(corm.MutableDict:as_mutable(JSON)),
      sizes = Column(JSON),
      color = index_property("data", "color", { as = "string", default = "white" }),
      count = index_property("tracked", "count", { as = "integer" }),
      second = index_property("sizes", 2, { as = "integer" }),
      maker = index_property("data", "maker"),
    })
    w = world.open { Base = Base }
    session = w:session()
  end)
  after_each(function() w:close() end)

  local function stored(column)
    local text = w:rows("SELECT " .. column .. " FROM shirt ORDER BY id")
    return (text:gsub("%s", ""))
  end

  it("reads and writes an item", function()
    local shirt = Shirt { color = "red", count = 3 }
    session:add(shirt)
    session:commit()
    assert.same({ color = "red" }, shirt.data)
    assert.equal(3, shirt.tracked.count)
    shirt.color = "blue"
    shirt.count = 4
    session:commit()
    assert.equal('{"color":"blue"}', stored "data")
    assert.equal('{"count":4}', stored "tracked")
    assert.equal("blue", shirt.color)
    assert.equal(4, shirt.count)
  end)

  it("leaves the table that was read as it is, and the other items there", function()
    session:add(Shirt { data = { color = "red", maker = { name = "x" } } })
    session:commit()
    local shirt = session:scalars(select(Shirt)):one()
    local before = shirt.data
    shirt.color = "blue"
    assert.equal("red", before.color)
    assert.equal("x", shirt.maker.name)
    assert.is_true(session:is_modified(shirt))
    shirt.color = nil
    assert.is_nil(shirt.data.color)
    session:commit()
    assert.equal('{"maker":{"name":"x"}}', stored "data")
  end)

  it("gives the default where there is no item, no table, or null", function()
    for _, shirt in ipairs { Shirt {}, Shirt { data = {} }, Shirt { data = corm.null }, Shirt { maker = "x" } } do
      assert.equal("white", shirt.color)
      assert.is_nil(shirt.second)
    end
  end)

  it("finds a place from 1 on, in Lua and in SQL", function()
    session:add_all { Shirt { sizes = { 1, 2, 3 } }, Shirt { sizes = { 4 } } }
    session:commit()
    local shirt = session:scalars(select(Shirt):where(Shirt.second:eq(2))):one()
    assert.equal(2, shirt.second)
    shirt.second = 7
    session:commit()
    assert.equal("[1,7,3]", (stored("sizes"):match "^%b[]"))
    assert.equal(7, session:scalar(select(Shirt.second):where(Shirt.second:is_not(nil))))
  end)

  it("is compared and ordered as what it is said to be", function()
    session:add_all { Shirt { color = "b", count = 10 }, Shirt { color = "a", count = 9 }, Shirt {} }
    session:commit()
    local found = {}
    for color in session:scalars(select(Shirt.color):where(Shirt.count:gt(1)):order_by(Shirt.count)) do
      found[#found + 1] = color
    end
    assert.same({ "a", "b" }, found)
    assert.equal(10, session:query(Shirt):filter_by { color = "b" }:one().count)
    local other = corm.aliased(Shirt)
    assert.equal(9, session:scalars(select(other):where(other.color:eq "a")):one().count)
  end)

  it("refuses what is no table, and what is no item", function()
    local shirt = Shirt { data = "text" }
    raises("ArgumentError", "Shirt.data: a table with an item color expected, got string", function()
      return shirt.color
    end)
    raises("ArgumentError", "a table with an item color expected", function() shirt.color = "red" end)
    raises("ArgumentError", "the name of an attribute expected", function() index_property(1, "x") end)
    for _, index in ipairs { 0, -1, 1.5, true } do
      raises("ArgumentError", "a name or a place from 1 on expected", function() index_property("data", index) end)
    end
    raises("ArgumentError", "as: string, integer, float or boolean expected, got 'text'",
      function() index_property("data", "x", { as = "text" }) end)
    raises("ArgumentError", "unknown option 'mutable'", function() index_property("data", "x", { mutable = true }) end)
  end)

  database.only("postgresql", function()
    it("is an item of an ARRAY", function()
      local Base = corm.declarative_base()
      local List = Base:model("List", {
        __tablename__ = "list", id = Column(Integer, { primary_key = true }), items = Column(corm.ARRAY(Integer)),
        first = index_property("items", 1), third = index_property("items", 3),
      })
      Base.metadata:create_all(w.engine)
      session:add_all { List { items = { 5, 6, 7 } }, List { items = { 8 } } }
      session:commit()
      local list = session:scalars(select(List):where(List.third:eq(7))):one()
      list.first = 1
      session:commit()
      assert.equal(1, session:scalar(select(List.first):where(List.third:is_not(nil))))
      assert.equal(6, list.items[2])
    end)
  end)
end)
