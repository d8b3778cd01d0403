-- Types that only one database has, and how they are kept there.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

database.only("postgresql", function()
  it("an ARRAY of a type that is text here is a list", function()
    local types = corm.dialects.postgresql
    local engine = database.engine()
    local t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("a", corm.ARRAY(types.INET)), corm.Column("r", corm.ARRAY(types.INT4RANGE, { dimensions = 2 })))
    t:create(engine)
    engine:begin(function(connection)
      connection:execute(corm.insert(t), {
        { id = 1, a = { "10.0.0.1", corm.null, "::1" }, r = { { "[1,5)", "empty" } } },
        { id = 2, a = {}, r = corm.null },
      })
      local rows = connection:execute(corm.select(t):order_by(t.c.id)):all()
      assert.same({ "10.0.0.1", corm.null, "::1" }, rows[1].a)
      assert.same({ { "[1,5)", "empty" } }, rows[1].r)
      assert.equal(0, #rows[2].a)
      assert.is_nil(rows[2].r)
      local odd = corm.text("SELECT '[0:1]={10.0.0.1,10.0.0.2}'::inet[] AS a"):columns(t.c.a)
      assert.same({ "10.0.0.1", "10.0.0.2" }, connection:execute(odd):scalar())
    end)
    engine:dispose()
    database.clean()
  end)

  it("compares what is something else inside by its name", function()
    local engine = database.engine()
    local t = corm.Table("t", corm.MetaData(), corm.Column("x", corm.dialects.postgresql.REGCLASS))
    t:create(engine)
    engine:begin(function(connection)
      connection:execute(corm.insert(t), { { x = "pg_class" }, { x = "pg_type" } })
      assert.equal("pg_type", connection:scalar(corm.select(t.c.x):where(t.c.x:eq "pg_type")))
    end)
    engine:dispose()
    database.clean()
  end)
end)

database.only("mariadb", function()
  it("a TIMESTAMP may be NULL, also where the server would make it NOT NULL by itself", function()
    local engine = database.engine()
    local t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("a", corm.TIMESTAMP), corm.Column("b", corm.dialects.mysql.TIMESTAMP { fsp = 3 }))
    engine:begin(function(connection)
      connection:exec_driver_sql "SET SESSION explicit_defaults_for_timestamp = OFF"
      t:create(connection)
    end)
    local columns = corm.inspect(engine):get_columns "t"
    assert.same({ true, true }, { columns[2].nullable, columns[3].nullable })
    assert.same({ nil, nil }, { columns[2].default, columns[3].default })
    engine:dispose()
    database.clean()
  end)
end)

database.only("sqlite", function()
  describe("SQLite's storage", function()
    local engine, path

    before_each(function()
      local url
      url, path = database.url()
      engine = corm.create_engine(url)
    end)

    after_each(function()
      engine:dispose()
      database.clean()
    end)

    local function stored(type, ...)
      local t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }),
        corm.Column("x", type))
      t:create(engine)
      local given, back = { ... }, {}
      engine:begin(function(connection)
        for i, value in ipairs(given) do connection:execute(corm.insert(t), { id = i, x = value }) end
        for value in connection:execute(corm.select(t.c.x):order_by(t.c.id)):scalars() do back[#back + 1] = value end
      end)
      local answer = database.shell(path, "SELECT x, typeof(x) FROM t ORDER BY id;")
      t:drop(engine)
      return answer, back
    end

    it("is ISO text with microseconds for dates and times", function()
      assert.equal("2026-11-28|text", (stored(corm.Date, corm.date(2026, 11, 28))))
      assert.equal("2026-11-28 10:20:30.000000|text\n0001-01-01 00:00:00.000001|text",
        (stored(corm.DateTime, corm.datetime(2026, 11, 28, 10, 20, 30), corm.datetime(1, 1, 1, 0, 0, 0, 1))))
      assert.equal("10:20:30.000000|text", (stored(corm.Time, corm.time(10, 20, 30))))
      assert.equal("1970-01-02 00:00:00.000005|text",
        (stored(corm.Interval, corm.timedelta { days = 1, microseconds = 5 })))
    end)

    it("is 0 and 1 for booleans, hex digits for a Uuid", function()
      assert.equal("1|integer\n0|integer", (stored(corm.Boolean, true, false)))
      assert.equal("12345678123412341234123456789012|text",
        (stored(corm.Uuid, corm.uuid "12345678-1234-1234-1234-123456789012")))
      local text, back = stored(corm.UUID, corm.uuid "12345678-1234-1234-1234-123456789012")
      assert.equal("12345678-1234-1234-1234-123456789012|text", text)
      assert.equal("12345678-1234-1234-1234-123456789012", tostring(back[1]))
    end)

    it("is a number for decimals, as long as no digit is lost", function()
      assert.equal("1.5|real\n2|integer", (stored(corm.Numeric(10, 2), corm.decimal "1.50", corm.decimal "2.00")))
      raises("DataError", "would lose digits", stored, corm.Numeric, corm.decimal "1.2345678901234567")
    end)

    it("has other formats of dates", function()
      local types = corm.dialects.sqlite
      local text, back = stored(types.DATE { storage_format = "%(month)02d/%(day)02d/%(year)04d" },
        corm.date(2026, 11, 5), "0001-02-03")
      assert.equal("11/05/2026|text\n02/03/0001|text", text)
      assert.equal(corm.date(2026, 11, 5), back[1])
      assert.equal(corm.date(1, 2, 3), back[2])
      text, back = stored(types.DATETIME {
        storage_format = "%(year)04d%(month)02d%(day)02d%(hour)02d%(minute)02d%(second)02d",
      }, corm.datetime(2026, 11, 5, 1, 2, 3))
      assert.equal("20261105010203|text", text)
      assert.equal(corm.datetime(2026, 11, 5, 1, 2, 3), back[1])
      text, back = stored(types.TIME {
        storage_format = "%(hour)02d-%(minute)02d-%(second)02d-%(microsecond)06d", regexp = "(%d+)-(%d+)-(%d+)-(%d+)",
      }, corm.time(1, 2, 3, 4))
      assert.equal("01-02-03-000004|text", text)
      assert.equal(corm.time(1, 2, 3, 4), back[1])
    end)

    it("refuses what is none of the format", function()
      local t = corm.Table("t", corm.MetaData(), corm.Column("x", corm.dialects.sqlite.DATE {
        storage_format = "%(year)04d/%(month)02d/%(day)02d",
      }))
      t:create(engine)
      database.shell(path, "INSERT INTO t VALUES ('2026-11-05');")
      engine:begin(function(connection)
        raises("DataError", "no date of this format", connection.scalar, connection, corm.select(t.c.x))
      end)
    end)
  end)
end)
