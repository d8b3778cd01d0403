-- NULL of SQL and null of JSON: which of the two is stored, and how they are told apart.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Column, JSON = corm.Column, corm.JSON

describe("a null of JSON", function()
  local engine, conn, t, Doc

  before_each(function()
    engine = database.engine()
    local Base = corm.declarative_base()
    Doc = Base:model("Doc", {
      __tablename__ = "doc",
      id = Column(corm.Integer, { primary_key = true }),
      plain = Column(JSON),
      strict = Column(JSON { none_as_null = false }),
    })
    t = Doc.__table__
    Base.metadata:create_all(engine)
    conn = engine:connect()
  end)

  -- "sql", "json" or the text.
  local function stored(id)
    local row = conn:exec_driver_sql("SELECT plain, strict FROM doc WHERE id = " .. id):one()
    local nulls = conn:exec_driver_sql("SELECT plain IS NULL AS p, strict IS NULL AS s FROM doc WHERE id = " .. id)
    nulls = nulls:one()
    local function kind(value, is_null)
      if is_null == 1 or is_null == true then return "sql" end
      return (value == nil or value == "null") and "json" or "text"
    end
    return kind(row.plain, nulls.p) .. " " .. kind(row.strict, nulls.s)
  end

  it("is stored where it is said", function()
    conn:execute(corm.insert(t), { id = 1, plain = JSON.NULL, strict = JSON.NULL })
    conn:execute(corm.insert(t), { id = 2, plain = corm.null, strict = corm.null })
    conn:execute(corm.insert(t):values { id = 3, plain = JSON.NULL, strict = { 1 } })
    assert.equal("json json", stored(1))
    assert.equal("sql json", stored(2))
    assert.equal("json text", stored(3))
    assert.is_nil(conn:execute(corm.select(t.c.plain):where(t.c.id:eq(1))):scalar())
  end)

  it("is stored of an attribute", function()
    local session = corm.sessionmaker { bind = engine } ()
    session:add_all {
      Doc { id = 1, plain = JSON.NULL, strict = corm.null }, Doc { id = 2, plain = { 1 }, strict = { 1 } },
    }
    session:commit()
    assert.equal("json json", stored(1))
    conn:rollback()
    local two = session:get(Doc, 2)
    two.plain, two.strict = nil, nil
    assert.is_nil(two.strict)
    session:commit()
    assert.equal("sql json", stored(2))
    assert.is_nil(session:get(Doc, 2).strict)
  end)

  it("stands inside a table, too, and is compared with", function()
    conn:execute(corm.insert(t), { id = 1, plain = { a = JSON.NULL, b = 1 } })
    assert.equal(corm.null, conn:scalar(corm.select(t.c.plain)).a)
    local text = t.c.plain.a:eq(JSON.NULL):compile()
    assert.equal("doc.plain[:plain_1] = :param_1", text.string)
    if database.name == "sqlite" then
      assert.equal(1, conn:scalar(corm.select(t.c.id):where(t.c.plain.a:eq(JSON.NULL))))
      assert.is_nil(conn:scalar(corm.select(t.c.id):where(t.c.plain.b:eq(JSON.NULL))))
    end
  end)

  it("has a text, and belongs to JSON", function()
    assert.equal("null", tostring(JSON.NULL))
    assert.is_true(JSON.none_as_null)
    assert.is_false(JSON { none_as_null = false }.none_as_null)
    assert.is_nil(corm.Integer.NULL)
    raises("ArgumentError", "none_as_null must be a boolean", JSON, { none_as_null = 1 })
    raises("DataError", "is not an integer", function() conn:execute(corm.insert(t), { id = JSON.NULL }) end)
  end)
end)
