-- Values that a type does not take: refused with the column's name before anything is sent, on every database, by
-- whatever way they come.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local function mood() return corm.Enum("sad", "glad", { name = "mood" }) end

-- type, a value that it takes, values that it refuses with a part of the message.
local cases = {
  { "Integer", corm.Integer, 5, { 3.5, "is not an integer" }, { "12", "is not an integer" }, { true, "is not" } },
  { "SmallInteger", corm.SmallInteger, -32768, { 32768, "out of the range" }, { 1e300, "out of the range" } },
  { "BigInteger", corm.BigInteger, math.mininteger, { 2.0 ^ 63, "out of the range" } },
  { "String", corm.String(3), "äöü", { "abcd", "takes at most 3" }, { 5, "is not a string" }, { "a\0", "NUL" },
    { "\xff", "UTF-8" } },
  { "Text", corm.Text, ("x"):rep(1000), { "\xc3\x28", "UTF-8" } },
  { "Boolean", corm.Boolean, true, { 2, "is not a boolean" }, { "true", "is not a boolean" } },
  { "Numeric", corm.Numeric(5, 2), corm.decimal "999.99", { corm.decimal "1000", "before the point" },
    { "0.001", "after the point" }, { "x", "is not a decimal" } },
  { "Float", corm.Float, 0.25, { "0.25", "is not a number" }, { 0 / 0, "not a number" } },
  { "Date", corm.Date, corm.date(2026, 11, 28), { "2026-02-30", "is not a date" }, { 5, "is not a date" } },
  { "Time", corm.Time, corm.time(23, 59, 59, 999999), { "24:00:00", "is not a time" } },
  { "DateTime", corm.DateTime, corm.datetime(2026, 11, 28, 1, 2, 3), { "2026-11-28 25:00", "is not a datetime" },
    { "2026-11-28 10:00:00+02:00", "has no timezone" } },
  { "Interval", corm.Interval, corm.timedelta { hours = 25 }, { 5, "is not an interval" } },
  { "LargeBinary", corm.LargeBinary, "\0\255", { 5, "is not a string of bytes" } },
  { "Enum", mood(), "sad", { "angry", "is not among the values" }, { 1, "is not a string" } },
  { "Uuid", corm.Uuid, corm.uuid "12345678-1234-1234-1234-123456789012", { "12345", "is not a UUID" } },
  { "TIMESTAMP", corm.TIMESTAMP, corm.datetime(2026, 11, 28), { true, "is not a datetime" } },
  { "CHAR", corm.CHAR(2), "ab", { "abc", "CHAR(2) takes at most 2" } },
}

describe("a wrong value", function()
  local engine

  database.each(before_each, after_each, function(made) engine = made end)

  for _, case in ipairs(cases) do
    local name, type, good = table.unpack(case, 1, 3)
    it("of " .. name .. " is refused", function()
      local Base = corm.declarative_base()
      local Thing = Base:model("Thing", {
        __tablename__ = "thing", id = corm.Column(corm.Integer, { primary_key = true }), x = corm.Column(type),
      })
      Base.metadata:create_all(engine)
      local t, sent = Thing.__table__, 0
      corm.event.listen(engine, "before_cursor_execute", function() sent = sent + 1 end)
      local connection = engine:connect()
      for i = 4, #case do
        local bad, message = table.unpack(case[i])
        raises("DataError", "column thing.x", connection.execute, connection, corm.insert(t):values { x = bad })
        raises("DataError", message, connection.execute, connection, corm.insert(t), { { x = good }, { x = bad } })
        raises("DataError", "Thing.x", Thing, { x = bad })
        local thing = Thing { x = good }
        raises("DataError", message, function() thing.x = bad end)
      end
      assert.equal(0, sent)
      connection:execute(corm.insert(t), { { x = good }, { x = corm.null } })
      local values = connection:execute(corm.select(t.c.x):order_by(t.c.id)):scalars():all()
      assert.same(good, values[1])
      assert.equal(corm.null, values[2])
      connection:close()
    end)
  end
end)

describe("an option of a type", function()
  local engine, name

  before_each(function()
    local url
    url, name = database.url()
    engine = corm.create_engine(url)
  end)

  after_each(function()
    engine:dispose()
    database.clean()
  end)

  -- Writes the values and returns what came back, and what the shell shows.
  local function round(type, ...)
    local metadata = corm.MetaData()
    local t = corm.Table("t", metadata, corm.Column("id", corm.Integer, { primary_key = true }), corm.Column("x", type))
    metadata:create_all(engine)
    local given, back = { ... }, nil
    engine:begin(function(connection)
      for i, value in ipairs(given) do connection:execute(corm.insert(t), { id = i, x = value }) end
      back = connection:execute(corm.select(t.c.x):order_by(t.c.id)):scalars():all()
    end)
    local shown = database.shell(name, "SELECT x FROM t ORDER BY id;")
    metadata:drop_all(engine)
    return back, shown
  end

  it("validate_strings = false lets other values of an Enum pass in, and refuses them when they are read", function()
    local type = corm.Enum("a", "b", { native_enum = false, length = 5, validate_strings = false })
    raises("DataError", "cannot be read as Enum", round, type, "other")
  end)

  it("native_uuid = false stores 32 hex digits", function()
    local id = corm.uuid "12345678-1234-1234-1234-1234567890ab"
    local back, shown = round(corm.Uuid { native_uuid = false }, id)
    assert.equal(id, back[1])
    assert.equal("123456781234123412341234567890ab", shown)
  end)

  it("asdecimal and decimal_return_scale decide what comes back", function()
    local back = round(corm.Float { asdecimal = true, decimal_return_scale = 3 }, 0.125)
    assert.equal("0.125", tostring(back[1]))
    back = round(corm.Float { asdecimal = true, decimal_return_scale = 2 }, 2.5)
    assert.equal("2.50", tostring(back[1]))
    back = round(corm.Numeric(10, 2, { asdecimal = false }), 2.5)
    assert.equal(2.5, back[1])
  end)

  it("as_uuid = false gives text", function()
    local back = round(corm.Uuid { as_uuid = false }, "12345678-1234-1234-1234-1234567890ab")
    assert.equal("12345678-1234-1234-1234-1234567890ab", back[1])
  end)

  it("second_precision rounds on PostgreSQL alone", function()
    local type = corm.Interval { second_precision = 0 }
    local back = round(type, corm.timedelta { seconds = 5 })
    assert.equal(corm.timedelta { seconds = 5 }, back[1])
  end)
end)
