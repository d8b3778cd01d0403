local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local ARRAY, Column, Integer = corm.ARRAY, corm.Column, corm.Integer

local function model(type)
  return corm.declarative_base():model("Item", {
    __tablename__ = "item",
    id = Column(Integer, { primary_key = true }),
    tags = Column(type),
  })
end

describe("the type ARRAY", function()
  it("has the type of its items, and dimensions", function()
    local type = ARRAY(corm.Date, { dimensions = 2 })
    assert.equal("DATE", tostring(type.item_type))
    assert.equal(2, type.dimensions)
    assert.is_nil(ARRAY(Integer).dimensions)
    assert.equal("ARRAY(VARCHAR(5))", tostring(ARRAY(corm.String(5))))
    assert.equal("INTEGER[]", ARRAY(Integer):compile { dialect = "postgresql" })
    assert.equal("VARCHAR(5)[][]", ARRAY(corm.String(5), { dimensions = 2 }):compile { dialect = "postgresql" })
  end)

  it("keeps its item's type alive", function()
    local type = ARRAY(corm.Numeric(7, 3))
    collectgarbage()
    collectgarbage()
    assert.equal("NUMERIC(7, 3)", tostring(type.item_type))
  end)

  it("is refused by databases without arrays, which are told of JSON", function()
    for _, dialect in ipairs { "sqlite", "mysql", "mariadb", "default" } do
      raises("CompileError", "JSON", function() ARRAY(Integer):compile { dialect = dialect } end)
    end
  end)

  it("is not made of nothing, of arrays, or of what is no type", function()
    raises("ArgumentError", "the type of its items", ARRAY)
    raises("ArgumentError", "dimensions = 2", ARRAY, ARRAY(Integer))
    raises("ArgumentError", "NullType", ARRAY, corm.NullType)
    raises("ArgumentError", "dimensions", ARRAY, Integer, { dimensions = 0 })
    raises("ArgumentError", "dimensions", ARRAY, Integer, { dimensions = 7 })
    raises("ArgumentError", "a type such as", ARRAY, 5)
    raises("ArgumentError", "ARRAY(corm.Integer)", Column, "a", ARRAY)
  end)
end)

describe("the value of an array", function()
  it("is a list of what the item type gives", function()
    local day = corm.date(2026, 11, 22)
    local cases = {
      { Integer, { 1, 2.0, corm.null }, { 1, 2, corm.null } },
      { corm.Date, { day, "2026-01-02", { year = 2024, month = 2, day = 29 } },
        { day, corm.date(2026, 1, 2), corm.date(2024, 2, 29) } },
      { corm.Numeric, { "1.50", 2 }, { corm.decimal "1.50", corm.decimal(2) } },
      { corm.LargeBinary, { "a\0b", "" }, { "a\0b", "" } },
      { corm.Boolean, { true, 0 }, { true, false } },
      { corm.Interval, { corm.timedelta { microseconds = -1 } }, { corm.timedelta { microseconds = -1 } } },
      { corm.Float, { 1, 1 / 0 }, { 1.0, 1 / 0 } },
      { corm.Enum("a", "b"), { "b", "a" }, { "b", "a" } },
      { corm.Uuid, { "00112233-4455-6677-8899-aabbccddeeff" },
        { corm.uuid "00112233-4455-6677-8899-aabbccddeeff" } },
      { corm.String, {}, {} },
    }
    for _, case in ipairs(cases) do
      local tags = model(ARRAY(case[1])) { tags = case[2] }.tags
      assert.equal(#case[3], #tags, tostring(case[1]))
      for i, item in ipairs(case[3]) do
        assert.equal(item, tags[i], tostring(case[1]))
        assert.equal(math.type(item), math.type(tags[i]))
      end
    end
  end)

  it("holds JSON documents", function()
    local tags = model(ARRAY(corm.JSON)) { tags = { { a = { 1, 2 } }, "x", corm.null, { 5 } } }.tags
    assert.equal(2, tags[1].a[2])
    assert.same({ "x", corm.null, 5 }, { tags[2], tags[3], tags[4][1] })
  end)

  it("nests as deep as it has dimensions; without a number, as deep as it was given", function()
    local Matrix = model(ARRAY(Integer, { dimensions = 2 }))
    assert.equal(4, Matrix { tags = { { 1, 2 }, { 3, 4 } } }.tags[2][2])
    assert.equal(2, model(ARRAY(Integer)) { tags = { { { 1 }, { 2 } } } }.tags[1][2][1])
    assert.equal(0, #Matrix { tags = {} }.tags)
    raises("DataError", "Item.tags[1]: a table expected, since the array has 2 dimensions, got integer", Matrix,
      { tags = { 1 } })
    raises("DataError", "Item.tags[1][1]: a table is no item", Matrix, { tags = { { { 1 } } } })
    raises("DataError", "Item.tags[2]: a table expected", Matrix, { tags = { { 1 }, corm.null } })
  end)

  it("is a copy, as a JSON document is, and the same table each time", function()
    local given = { 1, 2 }
    local item = model(ARRAY(Integer)) { tags = given }
    given[1] = 100
    item.tags[2] = 200
    assert.same({ 1, 200 }, { item.tags[1], item.tags[2] })
    item.tags = { 5 }
    assert.equal(5, item.tags[1])
    item.tags = nil
    assert.is_nil(item.tags)
  end)

  it("is refused with its place when it is none", function()
    local Item = model(ARRAY(Integer))
    local function refused(message, tags) raises("DataError", message, Item, { tags = tags }) end
    refused("Item.tags[2]: 'x' is not an integer", { 1, "x" })
    refused("Item.tags[1][2]: 1.5 is not an integer", { { 1, 1.5 } })
    refused("Item.tags: an array with holes cannot be stored (say corm.null for NULL)", { 1, nil, 3 })
    refused("Item.tags: an array has positions from 1 as keys", { a = 1 })
    refused("Item.tags: an array has positions from 1 as keys", { [0] = 1 })
    refused("Item.tags: an array is a table of its items, got string", "{1,2}")
    refused("Item.tags[2]: the tables of a dimension have the same size: 1, not 2", { { 1 }, { 1, 2 } })
    refused("Item.tags[1]: an empty table inside an array", { {} })
    refused("Item.tags[1]: a function is no value for Integer", { print })
    local deep = { 1 }
    for _ = 1, 6 do deep = { deep } end
    refused("at most 6 dimensions", deep)
    local endless = {}
    endless[1] = endless
    refused("at most 6 dimensions", endless)
    raises("DataError", "Item.tags[1]: 'abc' has 3 characters", model(ARRAY(corm.String(2))), { tags = { "abc" } })
  end)

  it("is a parameter of statements", function()
    local t = corm.Table("t", corm.MetaData(), Column("v", ARRAY(corm.Date)))
    local compiled = t.c.v:eq({ "2026-11-22", corm.null }):compile()
    assert.equal("t.v = :v_1", compiled.string)
    assert.equal(corm.date(2026, 11, 22), compiled.params.v_1[1])
    assert.equal(corm.null, compiled.params.v_1[2])
    raises("DataError", "[1]", function() return t.c.v:eq { "no date" } end)
  end)
end)

database.needs("arrays", function()
  describe("an array in the database", function()
    local engine, url, name, Item

    before_each(function()
      url, name = database.url()
      engine = corm.create_engine(url)
      Item = model(ARRAY(corm.Numeric(6, 2)))
      Item.metadata:create_all(engine)
    end)

    after_each(function()
      engine:dispose()
      database.clean()
    end)

    it("is written, found, changed and read", function()
      local session = corm.Session { bind = engine }
      session:add_all { Item { tags = { "1.50", corm.null } }, Item { tags = {} }, Item {} }
      session:commit()
      local seen = database.shell(name, "SELECT coalesce(tags::text, 'none') FROM item ORDER BY id;")
      assert.equal("{1.50,NULL}\n{}\nnone", seen)
      local found = session:scalars(corm.select(Item):where(Item.tags:eq { "1.50", corm.null })):one()
      assert.equal(1, found.id)
      found.tags = { 2 }
      session:commit()
      assert.equal(corm.decimal "2.00", session:get(Item, 1).tags[1])
      local contained = corm.select(Item.id):where(Item.tags:op("@>", { is_comparison = true }) { 2 })
      assert.same({ 1 }, session:scalars(contained):all())
      session:close()
    end)

    it("is an error naming the column when an item is malformed", function()
      database.shell(name, "INSERT INTO item VALUES (1, '{NaN}');")
      local connection = engine:connect()
      local row = connection:execute(corm.select(Item.__table__)):first()
      assert.equal(1, row.id)
      local err = raises("DataError", "column 'tags': the stored item NaN", function() return row.tags end)
      assert.equal("tags", err.column)
      connection:close()
    end)
  end)
end)
