-- Statements with as many parameters as a database takes, of every kind of value, and with one too many.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

describe("very many parameters", function()
  local connection, t

  before_each(function()
    local metadata = corm.MetaData()
    t = corm.Table("t", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("name", corm.String(50)), corm.Column("price", corm.Float), corm.Column("day", corm.Date),
      corm.Column("data", corm.LargeBinary), corm.Column("ok", corm.Boolean))
    connection = database.engine():connect()
    metadata:create_all(connection)
    connection:execute(corm.insert(t):values {
      { id = 1, name = "it's", price = 1.5, day = corm.date(2026, 11, 28), data = "\0\255x", ok = true },
      { id = 20000, name = "ü", price = 0.1, day = corm.date(1999, 1, 1), data = "", ok = false },
    })
    connection:commit()
  end)
  after_each(function()
    connection:rollback()
    connection:close()
    database.clean()
  end)

  -- IN of n values around one that is there.
  local function among(column, n, make)
    local list = {}
    for i = 1, n do list[i] = make(i) end
    return corm.select(t.c.id):where(column:in_(list)):order_by(t.c.id)
  end

  local function ids(stmt)
    return table.concat(connection:scalars(stmt):all(), " ")
  end

  for _, n in ipairs { 7000, 7001, 7600, 20000 } do
    it("find what is there: " .. n, function()
      assert.equal(n == 20000 and "1 20000" or "1", ids(among(t.c.id, n, function(i) return i end)))
      assert.equal("1", ids(among(t.c.name, n, function(i) return i == n and "it's" or "x" .. i end)))
      assert.equal("1 20000", ids(among(t.c.price, n, function(i) return i == n and 0.1 or i + 0.5 end)))
      assert.equal("1", ids(among(t.c.day, n, function(i)
        return i == n and corm.date(2026, 11, 28) or corm.date(1900 + i % 90, 2, 3)
      end)))
      assert.equal("1", ids(among(t.c.data, n, function(i) return i == n and "\0\255x" or "\1" .. i end)))
      assert.equal("1 20000", ids(corm.select(t.c.id):where(t.c.ok:in_ { true, false },
        t.c.id:in_(corm.select(t.c.id)))))
    end)
  end

  it("give whole rows, again and again", function()
    local stmt = among(t.c.id, 8000, function(i) return i end):with_only_columns(t)
    for _ = 1, 3 do
      local row = connection:execute(stmt):one()
      assert.equal("it's", row.name)
      assert.equal(1.5, row.price)
      assert.equal(corm.date(2026, 11, 28), row.day)
      assert.equal("\0\255x", row.data)
      assert.is_true(row.ok)
    end
  end)

  describe("C15 beyond the database's limit", function()
    for _, n in ipairs { 28000, 32766, 40000, 60000, 65535, 70000, 300000 } do
      it("are one parameter: " .. n, function()
        assert.equal("1 20000", ids(among(t.c.id, n, function(i) return i end)))
        assert.equal("1 20000", ids(among(t.c.id, n, function(i) return i end):where(t.c.id:gt(0)):limit(10):offset(0)))
        local others = {}
        for i = 1, n do others[i] = i + 1 end
        assert.equal("1", ids(corm.select(t.c.id):where(t.c.id:not_in(others))))
      end)
    end

    local n = 70000

    local function refused(text, statement)
      local err = raises("CompileError", text, ids, statement)
      assert.is_truthy(err.message:find("parameters that " .. connection.engine.dialect.name, 1, true), err.message)
    end

    local hostile = { "it's", "a\\", "\\'", "x' OR 1=1 --", "?", ":id", "$1", "%s", "ü", '"', "\n\t" }

    it("keep values of every kind what they are", function()
      for i, text in ipairs(hostile) do connection:execute(corm.insert(t):values { id = 100 + i, name = text }) end
      for i, text in ipairs(hostile) do
        local list = {}
        for k = 1, n do list[k] = "x" .. k end
        list[n // 2] = text
        local among_new = corm.select(t.c.name):where(t.c.name:in_(list), t.c.id:between(100, 200))
        local found = connection:scalars(among_new):all()
        assert.same({ text }, found, "value " .. i)
      end
    end)

    it("keep numbers, days and bytes", function()
      assert.equal("1 20000", ids(among(t.c.price, n, function(i) return i == n and 0.1 or i + 0.5 end)))
      assert.equal("1", ids(among(t.c.day, n, function(i)
        return i == n and corm.date(2026, 11, 28) or corm.date(1900 + i % 90, 2, 3)
      end)))
    end)

    it("keep values of every type", function()
      local metadata, columns = corm.MetaData(), { corm.Column("id", corm.Integer, { primary_key = true }) }
      local key = corm.uuid4()
      local types = {
        at = { corm.DateTime, corm.datetime(2026, 11, 28, 10, 0, 1, 5), corm.datetime(1999, 1, 1) },
        time = { corm.Time, corm.time(10, 2, 3, 7), corm.time(1, 1, 1) },
        price = { corm.Numeric(12, 3), corm.decimal "12345.678", corm.decimal "1.5" },
        key = { corm.Uuid, key, corm.uuid4() },
        ok = { corm.Boolean, true, false },
        big = { corm.BigInteger, 9007199254740993, 5 },
        mood = { corm.Enum("sad", "glad", { name = "mood" }), "glad", "sad" },
      }
      local row = { id = 1 }
      for name, case in pairs(types) do
        columns[#columns + 1] = corm.Column(name, case[1])
        row[name] = case[2]
      end
      local many = corm.Table("many", metadata, table.unpack(columns))
      metadata:create_all(connection)
      connection:execute(corm.insert(many):values(row))
      for name, case in pairs(types) do
        local list = {}
        for i = 1, n do list[i] = case[3] end
        local statement = corm.select(many.c.id)
        assert.is_nil(connection:scalar(statement:where(many.c[name]:in_(list))), name)
        list[n // 2] = case[2]
        assert.equal(1, connection:scalar(statement:where(many.c[name]:in_(list))), name)
      end
    end)

    it("are refused where JSON has no such values, and the connection goes on", function()
      refused("(binary ones, intervals)", among(t.c.data, n, function(i) return i == n and "\0\255x" or "\1" .. i end))
      assert.equal("1", ids(corm.select(t.c.id):where(t.c.id:lt(5))))
    end)

    it("send no value in the text", function()
      local sent
      corm.event.listen(connection.engine, "before_cursor_execute", function(_, _, statement) sent = statement end)
      ids(among(t.c.name, n, function(i) return "secret" .. i end))
      assert.is_nil(sent:find("secret", 1, true))
      assert.is_true(#sent < 400)
    end)

    it("are counted over all lists, tuples too", function()
      local a, b, pairs_ = {}, {}, {}
      for i = 1, 40000 do
        a[i], b[i] = i, i + 1
      end
      for i = 1, 40000 do pairs_[i] = { i, "it's" } end
      assert.equal("20000", ids(corm.select(t.c.id):where(t.c.id:in_(a), t.c.id:in_(b))))
      refused("80000 values behind IN is more than the", corm.select(t.c.id)
        :where(corm.tuple_(t.c.id, t.c.name):in_(pairs_)))
    end)

    it("are the same in a list that is given at execution", function()
      local list = {}
      for i = 1, n do list[i] = i end
      local statement = corm.select(t.c.id):where(t.c.id:in_(corm.bindparam("list", { expanding = true })))
        :order_by(t.c.id)
      assert.same({ 1, 20000 }, connection:scalars(statement, { list = list }):all())
      assert.same({ 1 }, connection:scalars(statement, { list = { 1 } }):all())
    end)

    it("are one parameter in UPDATE and DELETE", function()
      local list = {}
      for i = 1, n do list[i] = i end
      assert.equal(2, connection:execute(corm.update(t):values { name = "it's" }:where(t.c.id:in_(list))).rowcount)
      assert.equal(2, connection:execute(corm.delete(t):where(t.c.id:in_(list))).rowcount)
    end)

    it("are shown as parameters", function()
      local text = tostring(among(t.c.id, n, function(i) return i end))
      assert.is_truthy(text:find(":id_1_70000)", 1, true))
    end)
  end)
end)
