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

  it("are refused beyond the database's limit, and the connection goes on", function()
    local ok, err = pcall(ids, among(t.c.id, 300000, function(i) return i end))
    assert.is_false(ok)
    assert.is_truthy(corm.is_error(err, "DBAPIError") or corm.is_error(err, "CompileError"), tostring(err))
    connection:rollback()
    assert.equal("1", ids(corm.select(t.c.id):where(t.c.id:lt(5))))
  end)
end)
