-- Statements with as many parameters as a database takes, of every kind of value, and with one too many.
local corm = require "corm"
local database = require "spec.support.database"

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
      it("are literals: " .. n, function()
        assert.equal("1 20000", ids(among(t.c.id, n, function(i) return i end)))
        assert.equal("1 20000", ids(among(t.c.id, n, function(i) return i end):where(t.c.id:gt(0)):limit(10):offset(0)))
        local others = {}
        for i = 1, n do others[i] = i + 1 end
        assert.equal("1", ids(corm.select(t.c.id):where(t.c.id:not_in(others))))
      end)
    end

    local n = 70000
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
      assert.equal("1", ids(among(t.c.data, n, function(i) return i == n and "\0\255x" or "\1" .. i end)))
    end)

    it("are counted over all lists, tuples too", function()
      local a, b, pairs_ = {}, {}, {}
      for i = 1, 40000 do
        a[i], b[i] = i, i + 1
      end
      -- PostgreSQL compares tuples one by one, by recursion: 15,000 are beyond its stack.
      for i = 1, database.name == "postgresql" and 5000 or 40000 do pairs_[i] = { i, "it's" } end
      assert.equal("20000", ids(corm.select(t.c.id):where(t.c.id:in_(a), t.c.id:in_(b))))
      assert.equal("1", ids(corm.select(t.c.id):where(corm.tuple_(t.c.id, t.c.name):in_(pairs_))))
    end)

    it("are the same in a list that is given at execution", function()
      local list = {}
      for i = 1, n do list[i] = i end
      local statement = corm.select(t.c.id):where(t.c.id:in_(corm.bindparam("list", { expanding = true })))
        :order_by(t.c.id)
      assert.same({ 1, 20000 }, connection:scalars(statement, { list = list }):all())
      assert.same({ 1 }, connection:scalars(statement, { list = { 1 } }):all())
    end)

    it("are literals in UPDATE and DELETE", function()
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
