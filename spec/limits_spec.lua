-- What a type cannot hold is refused before anything is sent, alike on every database; what is found in a database
-- and is not of the column's type is an error that names the column, and the other columns are read.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Column, Integer = corm.Column, corm.Integer
local NaN, infinity = 0 / 0, 1 / 0

local function model(type)
  return corm.declarative_base():model("Thing", {
    __tablename__ = "thing",
    id = Column(Integer, { primary_key = true }),
    v = Column(type),
    w = Column(Integer),
  })
end

describe("a value that its type cannot hold", function()
  local refused = {
    { "SmallInteger", corm.SmallInteger, 32768, "range of SmallInteger" },
    { "SmallInteger", corm.SmallInteger, -32769, "range of SmallInteger" },
    { "Integer", corm.Integer, 1.5, "is not an integer" },
    { "Integer", corm.Integer, "12", "is not an integer" },
    { "Integer", corm.Integer, 2.0 ^ 63, "64-bit" },
    { "Float", corm.Float, NaN, "cannot be stored" },
    { "Float", corm.Float, "1.5", "is not a number" },
    { "Numeric", corm.Numeric, infinity, "no decimal form" },
    { "Numeric", corm.Numeric, "1,5", "is not a decimal number" },
    { "Numeric(5, 2)", corm.Numeric(5, 2), "1.005", "has 3 digits after the point, Numeric(5, 2) takes at most 2" },
    { "Numeric(5, 2)", corm.Numeric(5, 2), 1234, "has 4 digits before the point, Numeric(5, 2) takes at most 3" },
    { "Numeric(5, 2)", corm.Numeric(5, 2), 999.999, "has 4 digits before the point" },
    { "Numeric(3)", corm.Numeric(3), "1.5", "has 1 digit after the point, Numeric(3, 0) takes at most 0" },
    { "Numeric(2, 2)", corm.Numeric(2, 2), "1", "has 1 digit before the point" },
    { "String(3)", corm.String(3), "abcd", "has 4 characters" },
    { "Text", corm.Text, "a\0b", "has a NUL at byte 2" },
    { "Text", corm.Text, "\xff", "is not valid UTF-8" },
    { "Text", corm.Text, "\xed\xa0\x80", "is not valid UTF-8" },
    { "Text", corm.Text, 5, "is not a string" },
    { "Boolean", corm.Boolean, 2, "is not a boolean" },
    { "Date", corm.Date, "0000-01-01", "is not a date" },
    { "Date", corm.Date, "10000-01-01", "is not a date" },
    { "Date", corm.Date, "2025-02-29", "is not a date" },
    { "Time", corm.Time, "24:00:00", "is not a time" },
    { "DateTime", corm.DateTime, "9999-12-31 23:59:60", "is not a datetime" },
    { "DateTime", corm.DateTime, "2026-01-01 00:00:00+02:00", "offset from UTC" },
    { "DateTime(timezone)", corm.DateTime { timezone = true }, "0001-01-01 00:00:00+02:00", "is not a datetime" },
    { "Interval", corm.Interval, 5, "is not an interval" },
    { "Enum", corm.Enum("a", "b"), "A", "did you mean 'a'?" },
    { "Uuid", corm.Uuid, "x", "is not a UUID" },
  }

  for _, case in ipairs(refused) do
    it(("is refused: %s of %s"):format(tostring(case[3]):gsub("%c", "?"), case[1]), function()
      raises("DataError", "Thing.v: ", model(case[2]), { v = case[3] })
      raises("DataError", case[4], model(case[2]), { v = case[3] })
    end)
  end

  it("is refused as a parameter of a statement, with its column, and nothing is sent", function()
    local engine = database.engine()
    local sent = 0
    corm.event.listen(engine, "before_cursor_execute", function() sent = sent + 1 end)
    for _, case in ipairs(refused) do
      local t = model(case[2]).__table__
      local connection = engine:connect()
      local err = raises("DataError", case[4]:match "^did" and "" or case[4], connection.execute, connection,
        t:insert():values { id = 1, v = case[3] })
      assert.equal("v", err.column)
      assert.equal("thing", err.table)
      raises("DataError", "column thing.v", connection.execute, connection, t:insert(),
        { { id = 1, v = corm.null }, { id = 2, v = case[3] } })
      raises("DataError", "column thing.v", connection.execute, connection,
        t:update():where(t.c.id:eq(1)):values { v = case[3] })
      connection:close()
    end
    assert.equal(0, sent)
    engine:dispose()
  end)
end)

describe("a number for Numeric(p, s)", function()
  it("is rounded when it is a float", function()
    local Thing = model(corm.Numeric(5, 2))
    assert.equal("0.30", tostring(Thing { v = 0.1 + 0.2 }.v))
    assert.equal("1.00", tostring(Thing { v = 1.005 }.v))
    assert.equal("-0.12", tostring(Thing { v = -0.125 }.v))
  end)

  it("keeps zeros that need no room", function()
    local Thing = model(corm.Numeric(3, 2))
    assert.equal(corm.decimal "1.5", Thing { v = "1.5000" }.v)
    assert.equal(corm.decimal "0", Thing { v = 0 }.v)
    assert.equal(corm.decimal "0.5", model(corm.Numeric(2, 2)) { v = "0.50" }.v)
  end)

  it("may be anything in a comparison", function()
    local engine = database.engine()
    local t = model(corm.Numeric(5, 2)).__table__
    t:create(engine)
    engine:begin(function(connection)
      connection:execute(t:insert(), { { id = 1, v = "1.00" }, { id = 2, v = "1.01" } })
      local above = corm.select(t.c.id):where(t.c.v:gt "1.005")
      assert.same({ 2 }, connection:execute(above):scalars():all())
      assert.same({ 1, 2 }, connection:execute(corm.select(t.c.id):where(t.c.v:lt(123456))):scalars():all())
    end)
    t:drop(engine)
    engine:dispose()
    database.clean()
  end)
end)

describe("the database's own limits", function()
  local engine

  database.each(before_each, after_each, function(made) engine = made end)

  local function store(type, value)
    local t = model(type).__table__
    local connection = engine:connect()
    local ok, result = pcall(function()
      t:create(connection)
      connection:execute(t:insert():values { id = 1, v = value })
      return connection:execute(corm.select(t.c.v)):scalar()
    end)
    connection:rollback()
    t:drop(engine, { checkfirst = true })
    connection:close()
    if not ok then error(result, 0) end
    return result
  end

  it("are kept for Integer: 64 bits on SQLite, 32 on servers", function()
    assert.equal(2147483647, store(Integer, 2147483647))
    assert.equal(-2147483648, store(Integer, -2147483648))
    if database.name == "sqlite" then
      assert.equal(math.maxinteger, store(Integer, math.maxinteger))
    else
      local err = raises("DataError", "range", function() store(Integer, 2147483648) end)
      assert.equal("v", err.column)
      raises("DataError", "range", function() store(Integer, -2147483649) end)
    end
    assert.equal(math.maxinteger, store(corm.BigInteger, math.maxinteger))
    assert.equal(math.mininteger, store(corm.BigInteger, math.mininteger))
  end)

  it("are kept for floats", function()
    assert.equal(5e-324, store(corm.Float, 5e-324))
    assert.equal(1.7976931348623157e308, store(corm.Float, 1.7976931348623157e308))
    if database.name == "mariadb" then
      raises("DataError", "infinit", function() store(corm.Float, infinity) end)
    else
      assert.equal(-infinity, store(corm.Float, -infinity))
    end
  end)

  it("are kept for decimals", function()
    assert.equal("123456789012345", tostring(store(corm.Numeric, "123456789012345")))
    local long = "1234567890123456.5"
    if database.name == "sqlite" then
      raises("DataError", "SQLite keeps 15", function() store(corm.Numeric, long) end)
    else
      assert.equal(long, tostring(store(corm.Numeric, long)))
    end
  end)

  it("are kept for intervals", function()
    local long = corm.timedelta { days = 4000000 }
    if database.name == "postgresql" then
      assert.equal(long, store(corm.Interval, long))
    else
      raises("DataError", "interval is out of range", function() store(corm.Interval, long) end)
    end
  end)
end)

-- Found, but not of the type: declared type in the database, literal, corm's type.
local dirty = {
  sqlite = {
    { "TEXT", "'x'", corm.Integer }, { "REAL", "1.5", corm.Integer }, { "INTEGER", "5", corm.Boolean },
    { "TEXT", "'zzz'", corm.Uuid }, { "TEXT", "'c'", corm.Enum("a", "b") }, { "TEXT", "'2025-02-29'", corm.Date },
    { "TEXT", "'24:00:00'", corm.Time }, { "TEXT", "'yesterday'", corm.DateTime }, { "TEXT", "'1,5'", corm.Numeric },
    { "BLOB", "X'00'", corm.Float }, { "TEXT", "'1 day'", corm.Interval },
  },
  postgresql = {
    { "text", "'x'", corm.Integer }, { "float8", "1.5", corm.Integer }, { "int", "5", corm.Boolean },
    { "text", "'zzz'", corm.Uuid }, { "text", "'c'", corm.Enum("a", "b") }, { "date", "'infinity'", corm.Date },
    { "date", "'0044-03-15 BC'", corm.Date }, { "timestamp", "'-infinity'", corm.DateTime },
    { "timestamp", "'10000-01-01'", corm.DateTime }, { "numeric", "'NaN'", corm.Numeric },
    { "numeric", "'Infinity'", corm.Numeric }, { "time", "'24:00:00'", corm.Time },
    { "interval", "'1 month'", corm.Interval }, { "int", "5", corm.ARRAY(corm.Integer) },
    { "date[]", "'{infinity}'", corm.ARRAY(corm.Date) },
  },
  mariadb = {
    { "text", "'x'", corm.Integer }, { "double", "1.5", corm.Integer }, { "int", "5", corm.Boolean },
    { "text", "'zzz'", corm.Uuid }, { "varchar(9)", "'c'", corm.Enum("a", "b") }, { "date", "'0000-00-00'", corm.Date },
    { "datetime", "'2026-00-10'", corm.DateTime }, { "time", "'838:59:59'", corm.Time },
    { "time", "'-01:00:00'", corm.Time }, { "bigint unsigned", "18446744073709551615", corm.BigInteger },
    { "text", "'1,5'", corm.Numeric },
  },
}

describe("a stored value that is not of its column's type", function()
  local engine, name

  database.each(before_each, after_each, function(...) engine, name = ... end)

  for _, case in ipairs(dirty[database.name]) do
    it(("is an error with its name: %s %s as %s"):format(case[1], case[2], tostring(case[3])), function()
      local lax = database.name == "mariadb" and "SET @before = @@sql_mode, SESSION sql_mode = '';" or ""
      local restore = database.name == "mariadb" and "SET SESSION sql_mode = @before;" or ""
      assert.equal("", database.shell(name, lax .. ([[CREATE TABLE thing (id INTEGER PRIMARY KEY, v %s, w INTEGER);
        INSERT INTO thing VALUES (1, %s, 7);]]):format(case[1], case[2]) .. restore))
      local Thing = model(case[3])
      local connection = engine:connect()
      local row = connection:execute(corm.select(Thing.__table__)):first()
      assert.equal(7, row.w)
      local err = raises("DataError", "'v'", function() return row.v end)
      assert.equal("v", err.column)
      connection:close()
      local session = corm.Session { bind = engine }
      err = raises("DataError", "v", function() return session:get(Thing, 1).v end)
      assert.equal("v", err.column)
      session:close()
    end)
  end
end)
