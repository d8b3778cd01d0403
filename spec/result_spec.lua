local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

describe("a result", function()
  local conn, t

  before_each(function()
    conn = database.engine():connect()
    t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("name", corm.String(20)), corm.Column("price", corm.Numeric(10, 2)), corm.Column("day", corm.Date))
    t.metadata:create_all(conn)
    conn:execute(corm.insert(t), {
      { id = 1, name = "a", price = corm.decimal "1.50", day = "2026-01-01" },
      { id = 2, name = "b", price = corm.decimal "2.50", day = corm.null },
      { id = 3, name = corm.null, price = corm.null, day = "2026-01-03" },
    })
  end)
  after_each(function() conn:close() end)

  local function fetch(...)
    return conn:execute(corm.select(...):order_by(t.c.id))
  end

  describe("gives rows", function()
    it("by name, position and column", function()
      local row = fetch(t):first()
      assert.equal(1, row.id)
      assert.equal("a", row[2])
      assert.equal(corm.decimal "1.50", row[t.c.price])
      assert.equal(corm.date(2026, 1, 1), row.day)
      assert.equal(4, #row)
      assert.is_nil(row[5])
    end)

    it("as values, tables and text", function()
      local row = fetch(t.c.id, t.c.name, t.c.day):all()[3]
      assert.same({ 3, nil, corm.date(2026, 1, 3) }, { row:unpack() })
      assert.equal(3, select("#", row:unpack()))
      local dict = row:_asdict()
      assert.is_true(rawequal(corm.null, dict.name))
      assert.equal(3, dict.id)
      assert.same({ "id", "name", "day" }, row:keys())
      assert.equal("(3, NULL, 2026-01-03)", tostring(row))
      assert.equal("('a',)", tostring(fetch(t.c.name):first()))
    end)

    it("in the order of their columns to pairs, up to the first NULL to ipairs", function()
      local seen = {}
      for name, value in pairs(fetch(t.c.name, t.c.id):all()[3]) do
        seen[#seen + 1] = name .. "=" .. tostring(value)
      end
      assert.same({ "name=null", "id=3" }, seen)
      local values = {}
      for i, value in ipairs(fetch(t.c.id, t.c.name):first()) do values[i] = value end
      assert.same({ 1, "a" }, values)
    end)

    it("equal by value", function()
      local rows = conn:exec_driver_sql("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 1, 'x' UNION ALL SELECT 2, 'x'"):all()
      assert.is_true(rows[1] == rows[2])
      assert.is_false(rows[1] == rows[3])
    end)

    it("that outlive everything", function()
      local row = fetch(t):first()
      conn:close()
      conn.engine:dispose()
      collectgarbage()
      assert.equal("a", row.name)
      assert.equal(corm.date(2026, 1, 1), row[t.c.day])
    end)

    it("with any number of columns", function()
      local items = {}
      for i = 1, 100 do items[i] = ("%d AS c%d, 'text %d' AS t%d"):format(i, i, i, i) end
      local row = conn:execute(corm.text("SELECT " .. table.concat(items, ", "))):one()
      assert.equal(200, #row)
      assert.equal(77, row.c77)
      assert.equal("text 100", row.t100)
    end)

    it("and refuses unknown and ambiguous names", function()
      local row = fetch(t):first()
      local err = raises("NoSuchColumnError", "did you mean 'name'?", function() return row.nmae end)
      assert.equal("nmae", err.column)
      raises("NoSuchColumnError", "no column [7]", function() return row[7] end)
      raises("NoSuchColumnError", "no column [0]", function() return row[0] end)
      raises("NoSuchColumnError", "no such column", function()
        return row[corm.Table("u", corm.MetaData(), corm.Column("id", corm.Integer)).c.id]
      end)
      raises("ArgumentError", "not by a boolean", function() return row[true] end)
      raises("ArgumentError", "that can be set", function() row.id = 5 end)
      local twice = conn:exec_driver_sql("SELECT 1 AS a, 2 AS a, 3 AS b"):one()
      raises("AmbiguousColumnError", "several columns of the row are called 'a'", function() return twice.a end)
      assert.same({ 1, 2, 3 }, { twice:unpack() })
      assert.equal(3, twice.b)
    end)

    it("with a value that does not fit, which fails alone", function()
      local function read()
        local stmt = corm.text "SELECT 'yesterday' AS day, 'a' AS name"
        return conn:execute(stmt:columns(corm.column("day", corm.Date), corm.column("name", corm.String)))
      end
      local row = read():first()
      assert.equal("a", row.name)
      local err = raises("DataError", "column 'day': the stored string 'yesterday'", function() return row.day end)
      assert.equal("day", err.column)
      assert.is_truthy(tostring(row):find("yesterday", 1, true))
      raises("DataError", "column 'day'", row.unpack, row)
      raises("DataError", "column 'day'", function() return read():scalars():all() end)
    end)

    it("whose columns may be called as methods are", function()
      local row = conn:execute(corm.select(corm.literal(5):label("unpack"), corm.literal(6):label("keys"))):one()
      assert.equal(5, row.unpack)
      assert.equal(6, row.keys)
      assert.equal(6, row:_asdict().keys)
    end)
  end)

  describe("is read", function()
    it("whole, one by one, in parts and by a loop", function()
      assert.equal(3, #fetch(t):all())
      local result = fetch(t.c.id)
      assert.equal(1, result:fetchone().id)
      assert.equal(2, result:fetchmany(1)[1].id)
      assert.equal(3, result:fetchall()[1].id)
      assert.is_nil(result:fetchone())
      assert.same({}, result:all())
      local ids = {}
      for row in fetch(t.c.id) do ids[#ids + 1] = row.id end
      assert.same({ 1, 2, 3 }, ids)
      local sizes = {}
      for part in fetch(t):partitions(2) do sizes[#sizes + 1] = #part end
      assert.same({ 2, 1 }, sizes)
      for part in fetch(t):partitions() do assert.equal(3, #part) end
    end)

    it("for its first row, or exactly one", function()
      assert.equal(1, fetch(t):first().id)
      assert.is_nil(conn:execute(corm.select(t):where(t.c.id:eq(9))):first())
      assert.is_nil(conn:execute(corm.select(t):where(t.c.id:eq(9))):one_or_none())
      assert.equal(2, conn:execute(corm.select(t):where(t.c.id:eq(2))):one().id)
      raises("NoResultFound", "no row", function() conn:execute(corm.select(t):where(t.c.id:eq(9))):one() end)
      raises("MultipleResultsFound", "exactly one", function() fetch(t):one() end)
      raises("MultipleResultsFound", "one or none", function() fetch(t):one_or_none() end)
    end)

    it("for one value", function()
      assert.equal(1, fetch(t.c.id, t.c.name):scalar())
      assert.equal("b", conn:execute(corm.select(t.c.name):where(t.c.id:eq(2))):scalar_one())
      assert.is_nil(conn:execute(corm.select(t.c.name):where(t.c.id:eq(3))):scalar_one())
      assert.is_nil(conn:execute(corm.select(t.c.name):where(t.c.id:eq(9))):scalar_one_or_none())
      raises("NoResultFound", "", function() conn:execute(corm.select(t.c.name):where(t.c.id:eq(9))):scalar_one() end)
      raises("MultipleResultsFound", "", function() fetch(t.c.id):scalar_one() end)
      assert.equal(3, conn:scalar(corm.select(corm.func.count()):select_from(t)))
      assert.equal(3, conn:scalar(corm.text("SELECT 1 + :x"), { x = 2 }))
    end)

    it("and closes after what takes a part of it", function()
      for _, method in ipairs { "first", "scalar", "close" } do
        local result = fetch(t)
        assert.is_false(result.closed)
        result[method](result)
        assert.is_true(result.closed)
        raises("ResourceClosedError", "closed", result.fetchone, result)
        result:close()
      end
    end)

    it("as values of one column, NULL as corm.null", function()
      assert.same({ 1, 2, 3 }, fetch(t.c.id):scalars():all())
      local names = fetch(t):scalars("name"):all()
      assert.same({ "a", "b" }, { names[1], names[2] })
      assert.is_true(rawequal(corm.null, names[3]))
      assert.equal(2, fetch(t):scalars(1):fetchmany(2)[2])
      local n = 0
      for name in fetch(t.c.name):scalars() do
        n = n + 1
        assert.is_truthy(name == "a" or name == "b" or rawequal(name, corm.null))
      end
      assert.equal(3, n)
      assert.equal("a", conn:scalars(corm.select(t.c.name):order_by(t.c.id)):first())
      assert.is_nil(conn:scalars(corm.select(t.c.name):where(t.c.id:eq(3))):one())
      raises("NoSuchColumnError", "no column 'nam'", function() fetch(t):scalars("nam") end)
      raises("NoSuchColumnError", "no column '9'", function() fetch(t):scalars(9) end)
    end)

    it("as tables by name", function()
      local all = fetch(t.c.id, t.c.name):mappings():all()
      assert.same({ id = 1, name = "a" }, all[1])
      assert.is_true(rawequal(corm.null, all[3].name))
      assert.same({ id = 1 }, fetch(t.c.id):mappings():first())
      assert.same({ day = corm.date(2026, 1, 1), id = 1 }, fetch(t):columns("day", "id"):mappings():first())
      assert.same({ id = 2 }, conn:execute(corm.text "SELECT 1 AS id, 2 AS id"):mappings():one())
      local ids = {}
      for row in fetch(t.c.id):mappings() do ids[#ids + 1] = row.id end
      assert.same({ 1, 2, 3 }, ids)
      local bad = corm.text("SELECT 'x' AS d UNION ALL SELECT '2026-01-01'"):columns(corm.column("d", corm.Date))
      local wrong = conn:execute(bad):mappings()
      local err = raises("DataError", "", wrong.fetchone, wrong)
      assert.equal("d", err.column)
      assert.same({ d = corm.date(2026, 1, 1) }, wrong:fetchone())
    end)

    it("with each column under its own name, where several have one", function()
      local twin = t:alias "twin"
      local function both()
        local pairs_of = corm.select(t.c.id, twin.c.id, t.c.name):join(twin, twin.c.id:eq(t.c.id + 1))
        return conn:execute(pairs_of:order_by(t.c.id))
      end
      assert.same({ "id", "id_1", "name" }, both():keys())
      assert.same({ id = 1, id_1 = 2, name = "a" }, both():mappings():first())
      local row = both():first()
      assert.same({ 1, 2 }, { row.id, row.id_1 })
      local seen = {}
      for name, value in pairs(row) do seen[name] = value end
      assert.same({ id = 1, id_1 = 2, name = "a" }, seen)
    end)

    it("without repetitions", function()
      local sql = corm.text("SELECT 1 AS a, 2 AS b UNION ALL SELECT 1, NULL UNION ALL SELECT 1, NULL " ..
        "UNION ALL SELECT 2, NULL")
      assert.equal(3, #conn:execute(sql):unique():all())
      assert.same({ 1, 2 }, conn:execute(sql):scalars():unique():all())
      assert.same({ 1, 2 }, conn:execute(sql):unique():scalars():all())
      assert.equal(3, #conn:execute(sql):mappings():unique():all())
      local same_day = corm.text("SELECT '2026-01-01' AS d UNION ALL SELECT '2026-01-01'")
      same_day = same_day:columns(corm.column("d", corm.Date))
      assert.equal(1, #conn:execute(same_day):scalars():unique():all())
      assert.equal(1, #fetch(t.c.id):scalars():unique(function() return "one" end):all())
      assert.equal(1, conn:execute(corm.text("SELECT 1 UNION ALL SELECT 1")):unique():scalar_one())
      raises("ArgumentError", "a function expected", function() fetch(t):unique(1) end)
    end)

    it("in other columns", function()
      local result = fetch(t):columns("name", 1)
      assert.same({ "name", "id" }, result:keys())
      local row = result:first()
      assert.same({ "a", 1 }, { row:unpack() })
      assert.equal(1, row.id)
      assert.equal("a", row[t.c.name])
      raises("NoSuchColumnError", "", function() return row.day end)
      assert.same({ "a", "b" }, { table.unpack(fetch(t):columns("id", "name"):columns(2):scalars():all(), 1, 2) })
      raises("NoSuchColumnError", "columns: the result has no column 'x'", function() fetch(t):columns("x") end)
      raises("ArgumentError", "at least one", function() fetch(t):columns() end)
    end)
  end)

  describe("of a statement that changes rows", function()
    it("counts them and has none", function()
      local result = conn:execute(corm.update(t):where(t.c.id:gt(1)):values { name = "x" })
      assert.equal(2, result.rowcount)
      assert.is_false(result.returns_rows)
      raises("ResourceClosedError", "does not return rows", result.all, result)
      raises("ResourceClosedError", "does not return rows", result.keys, result)
      raises("ResourceClosedError", "does not return rows", result.scalars, result)
      raises("InvalidRequestError", "single row", function() return result.inserted_primary_key end)
      assert.equal(-1, fetch(t).rowcount)
    end)

    it("gives what RETURNING asks for", function()
      local result = conn:execute(corm.insert(t):values { id = 4, name = "z" }:returning(t.c.id, t.c.name))
      local row = result:one()
      assert.same({ 4, "z" }, { row.id, row.name })
    end)
  end)

  it("streams while other statements run, and survives a commit", function()
    local result = fetch(t.c.id)
    assert.equal(1, result:fetchone().id)
    conn:execute(corm.update(t):where(t.c.id:eq(1)):values { name = "changed" })
    assert.equal(2, result:fetchone().id)
    conn:commit()
    assert.equal(3, result:fetchone().id)
    assert.is_nil(result:fetchone())
  end)

  it("refuses wrong sizes, and methods without an object", function()
    raises("ArgumentError", "a number of rows from 1 expected, got 0", function() fetch(t):fetchmany(0) end)
    raises("ArgumentError", "got 1.5", function() fetch(t):partitions(1.5) end)
    local result = fetch(t)
    raises("ArgumentError", "call it as x:all(...)", result.all)
    raises("ArgumentError", "did you mean 'scalars'?", function() return result.scalers end)
    raises("ArgumentError", "did you mean 'one_or_none'?", function() return result:scalars().one_or_nome end)
  end)
end)
