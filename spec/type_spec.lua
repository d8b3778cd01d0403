local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local function spelled(type, dialect)
  return type:compile { dialect = dialect }
end

describe("a type", function()
  it("stands for itself, called without and with arguments, or with a table", function()
    assert.equal("VARCHAR", tostring(corm.String))
    assert.equal("VARCHAR", tostring(corm.String()))
    assert.equal("VARCHAR(50)", tostring(corm.String(50)))
    assert.equal("VARCHAR(50)", tostring(corm.String { length = 50 }))
    assert.equal(50, corm.String(50).length)
    assert.is_nil(corm.String.length)
  end)

  it("has a name in SQL for every kind", function()
    local names = {
      Integer = "INTEGER", SmallInteger = "SMALLINT", BigInteger = "BIGINT", String = "VARCHAR", Text = "TEXT",
      Unicode = "VARCHAR", UnicodeText = "TEXT", Boolean = "BOOLEAN", Numeric = "NUMERIC", Float = "FLOAT",
      Double = "DOUBLE", Date = "DATE", Time = "TIME", DateTime = "DATETIME", Interval = "DATETIME",
      LargeBinary = "BLOB", JSON = "JSON", Uuid = "CHAR(32)",
    }
    for name, sql in pairs(names) do
      assert.equal(corm[name], corm.types[name])
      assert.equal(sql, tostring(corm[name]), name)
    end
  end)

  it("keeps what it was given", function()
    local number = corm.Numeric(10, 2, { asdecimal = false })
    assert.same({ 10, 2, false }, { number.precision, number.scale, number.asdecimal })
    assert.is_true(corm.Numeric.asdecimal)
    assert.is_false(corm.Float.asdecimal)
    assert.equal("NUMERIC(10, 2)", tostring(number))
    assert.equal("NUMERIC(10)", tostring(corm.Numeric(10)))
    assert.is_true(corm.DateTime { timezone = true }.timezone)
    assert.is_true(corm.DateTime(true).timezone)
    assert.is_false(corm.DateTime.timezone)
    assert.equal("binary", corm.String(5, "binary").collation)
  end)

  it("is not changed by being called again", function()
    local short = corm.String(5)
    local long = short(500)
    assert.same({ 5, 500 }, { short.length, long.length })
  end)

  it("lists an Enum's values", function()
    local mood = corm.Enum("sad", "happy", "so-so", { name = "mood" })
    assert.same({ "sad", "happy", "so-so" }, mood.enums)
    assert.equal("mood", mood.name)
    assert.equal("VARCHAR(5)", tostring(mood))
    collectgarbage()
    assert.same({ "sad", "happy", "so-so" }, mood.enums)
  end)

  it("has an Enum's options", function()
    local mood = corm.Enum("a", "b", { name = "mood", schema = "s", native_enum = false, create_type = false })
    assert.same({ "mood", "s", false }, { mood.name, mood.schema, mood.native_enum })
    assert.is_true(corm.Enum("a").native_enum)
    assert.equal("s.mood", corm.Enum("a", { name = "mood", schema = "s" }):compile { dialect = "postgresql" })
    raises("ArgumentError", "native_enum", corm.Enum, "a", { native_enum = "no" })
    raises("IdentifierError", "schema", corm.Enum, "a", { schema = "" })
  end)

  it("shows a UUID as text when that was asked for", function()
    local text = "00112233-4455-6677-8899-aabbccddeeff"
    local Thing = corm.declarative_base():model("Thing", {
      __tablename__ = "thing",
      id = corm.Column(corm.Integer, { primary_key = true }),
      u = corm.Column(corm.Uuid { as_uuid = false }),
    })
    assert.is_false(Thing.__table__.c.u.type.as_uuid)
    assert.is_true(corm.Uuid.as_uuid)
    assert.equal(text, Thing { u = text:upper() }.u)
    local engine = database.engine()
    Thing.metadata:create_all(engine)
    local session = corm.Session { bind = engine }
    session:add(Thing { id = 1, u = corm.uuid(text) })
    session:commit()
    assert.equal(text, session:get(Thing, 1).u)
    assert.equal(text, session:execute(corm.select(Thing.u)):first().u)
    assert.equal(text, session:scalar(corm.select(Thing.u):where(Thing.u:eq(text))))
    session:close()
    engine:dispose()
    database.clean()
  end)

  it("makes a default what a value would be", function()
    local cases = {
      { corm.Numeric(5, 2), 1.5, "1.50" }, { corm.Numeric(5, 2), "2.25", "2.25" }, { corm.Interval,
        corm.timedelta { days = 1 }, "1 day, 0:00:00" }, { corm.Uuid, "00112233-4455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899-aabbccddeeff" }, { corm.LargeBinary, "bytes", "bytes" },
    }
    for _, case in ipairs(cases) do
      local t = corm.Table("t", corm.MetaData(), corm.Column("v", case[1], { default = case[2] }))
      local engine = database.engine()
      t:create(engine)
      engine:begin(function(connection)
        connection:execute(t:insert())
        assert.equal(case[3], tostring(connection:execute(corm.select(t.c.v)):scalar()))
      end)
      engine:dispose()
    end
    local t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer), corm.Column("v", corm.JSON,
      { default = { a = { 1, 2 } } }))
    local engine = database.engine()
    t:create(engine)
    engine:begin(function(connection)
      connection:execute(t:insert():values { id = 1 })
      assert.equal(2, connection:execute(corm.select(t.c.v)):scalar().a[2])
    end)
    engine:dispose()
    database.clean()
    raises("DataError", "default of column 'v'", corm.Column, "v", corm.Numeric(5, 2), { default = "1.005" })
  end)

  it("has the names of each database's manual in corm.dialects", function()
    local dialects = corm.dialects
    assert.equal("BYTEA", dialects.postgresql.BYTEA:compile { dialect = "postgresql" })
    assert.equal(corm.UUID, dialects.postgresql.UUID)
    assert.equal("DATETIME", dialects.sqlite.DATETIME:compile { dialect = "sqlite" })
    assert.equal(dialects.mysql, dialects.mariadb)
    assert.equal("JSONB", dialects.postgresql.JSONB:compile { dialect = "postgresql" })
    assert.equal("JSON", dialects.postgresql.JSONB:compile { dialect = "sqlite" })
  end)

  it("is spelled by the dialect", function()
    assert.equal("VARCHAR(20)", spelled(corm.String(20), "sqlite"))
    assert.equal("DATETIME", spelled(corm.DateTime, "sqlite"))
  end)

  it("refuses what it does not take", function()
    raises("ArgumentError", "length", corm.String, "50")
    raises("ArgumentError", "length", corm.String, -1)
    raises("ArgumentError", "length", corm.String, 2.5)
    raises("ArgumentError", "too many arguments", corm.Integer, 5)
    raises("ArgumentError", "timezone", corm.DateTime, { timezone = "yes" })
    raises("ArgumentError", "at least one value", corm.Enum)
    raises("ArgumentError", "value 2 must be a string", corm.Enum, "a", 5)
    raises("ArgumentError", "given twice", corm.Enum, "a", "a")
    raises("ArgumentError", "NUL", corm.Enum, "a\0b")
    raises("ArgumentError", "scale 5 is larger", corm.Numeric, 2, 5)
    raises("IdentifierError", "collation", corm.String, 5, "a\0b")
  end)

  it("names the nearest option, member and dialect", function()
    assert.equal("did you mean 'length'?", raises("ArgumentError", "lenght", corm.String, { lenght = 5 }).hint)
    assert.equal("did you mean 'precision'?",
      raises("ArgumentError", "precison", function() return corm.Numeric.precison end).hint)
    assert.equal("did you mean 'sqlite'?",
      raises("ArgumentError", "sqlit", function() corm.Integer:compile { dialect = "sqlit" } end).hint)
  end)

  it("has nil for what only other types have", function()
    for _, member in ipairs { "length", "precision", "collation", "name", "item_type", "dimensions", "impl", "NULL" } do
      assert.is_nil(corm.Integer[member])
    end
    assert.is_not_nil(corm.JSON.NULL)
    assert.equal("INTEGER", tostring(corm.TypeDecorator({ impl = corm.Integer }).impl))
  end)

  it("is refused by name, with the nearest", function()
    assert.equal("did you mean 'Integer'?", raises("ArgumentError", "Intger", corm.cast, corm.literal(1),
      "Intger").hint)
  end)

  it("cannot be set", function()
    raises("ArgumentError", "length", function() corm.String.length = 5 end)
  end)
end)
