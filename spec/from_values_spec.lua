-- Rows that a statement brings along, and samples of tables.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Integer, String, column = corm.Integer, corm.String, corm.column

describe("values", function()
  local connection

  before_each(function() connection = database.engine():connect() end)
  after_each(function()
    connection:rollback()
    connection:close()
    database.clean()
  end)

  local function prices()
    return corm.values(column("id", Integer), column("name", String(20)), column("day", corm.Date),
      column("price", corm.Numeric(6, 2)), { name = "v" })
      :data {
        { 1, "ink", corm.date(2026, 1, 2), corm.decimal "1.50" },
        { 2, "it's", corm.date(2026, 3, 4), corm.decimal "20.25" },
        { 3, "pen", corm.null, corm.null },
      }
  end

  it("are a table with types", function()
    local v = prices()
    local row = connection:execute(corm.select(v):where(v.c.id:eq(2))):one()
    assert.equal("it's", row.name)
    assert.equal(corm.date(2026, 3, 4), row.day)
    assert.equal(corm.decimal "20.25", row.price)
    assert.equal(3, connection:scalar(corm.select(corm.func.count()):select_from(v)))
    assert.is_nil(connection:execute(corm.select(v.c.day):where(v.c.id:eq(3))):scalar())
  end)

  it("are joined, more rows than one at a time, and bound in their places", function()
    local v = corm.values(column("n", Integer), { name = "v" }):data { { 1 }, { 2 } }:data { { 5 } }
    local w = v:alias("w")
    local stmt = corm.select(v.c.n, w.c.n):join_from(v, w, v.c.n:lt(w.c.n)):where(w.c.n:gt(1), v.c.n:ne(2))
      :order_by(v.c.n, w.c.n)
    local found = {}
    for row in connection:execute(stmt) do found[#found + 1] = row[1] .. "<" .. row[2] end
    assert.equal("1<2 1<5", table.concat(found, " "))
  end)

  it("choose rows of a table", function()
    local metadata = corm.MetaData()
    local t = corm.Table("t", metadata, corm.Column("id", Integer, { primary_key = true }))
    metadata:create_all(connection)
    connection:execute(corm.insert(t):values { { id = 1 }, { id = 2 }, { id = 7 } })
    local v = corm.values(column("id", Integer), { name = "v" }):data { { 7 }, { 2 }, { 9 } }
    assert.same({ 2, 7 }, connection:scalars(corm.select(t.c.id):where(t.c.id:in_(corm.select(v.c.id)))
      :order_by(t.c.id)):all())
  end)

  it("are named in WITH, and twice read", function()
    local x = prices():cte("x")
    local row = connection:execute(corm.select(x):where(x.c.id:eq(2))):one()
    assert.equal("it's", row.name)
    assert.equal(corm.date(2026, 3, 4), row.day)
    assert.equal(corm.decimal "20.25", row.price)
    local y = x:alias("y")
    local stmt = corm.select(x.c.name, y.c.name):join_from(x, y, x.c.id:lt(y.c.id)):where(y.c.id:lt(3))
    assert.same({ "ink", "it's" }, { connection:execute(stmt):one():unpack() })
    assert.equal(4, #x.c)
    raises("ArgumentError", "did you mean 'price'?", function() return x.c.prise end)
  end)

  it("bind in their places, whatever names them first", function()
    local a = corm.values(column("n", Integer)):data { { 1 }, { 2 }, { 3 } }:cte("a")
    local b = corm.select((a.c.n * 10):label("n")):where(a.c.n:gt(1)):cte("b")
    local stmt = corm.select(b.c.n + 5):where(b.c.n:lt(30), b.c.n:in_(corm.select(a.c.n * 10))):order_by(b.c.n)
    assert.same({ 25 }, connection:scalars(stmt):all())
  end)

  it("are a list for IN", function()
    local function numbers(...)
      local data = {}
      for i, n in ipairs { ... } do data[i] = { n } end
      return corm.values(column("n", Integer)):data(data)
    end
    local v = numbers(1, 2, 3, 4):cte("v")
    local function those(condition)
      return connection:scalars(corm.select(v.c.n):where(condition):order_by(v.c.n)):all()
    end
    assert.same({ 2, 4 }, those(v.c.n:in_(numbers(2, 4, 9):scalar_values())))
    assert.same({ 1, 3 }, those(v.c.n:not_in(numbers(2, 4, 9))))
    local rows = corm.values(column("n", Integer), column("m", Integer)):data { { 2, 4 }, { 3, 7 } }
    assert.same({ 2 }, those(corm.tuple_(v.c.n, v.c.n * 2):in_(rows:scalar_values())))
    assert.equal(7, connection:scalar(corm.select(numbers(7):scalar_values())))
  end)

  it("see what stands beside them with LATERAL", function()
    local t = prices()
    local l = corm.values(column("x", Integer), { name = "l" }):data { { t.c.id }, { t.c.id * 10 } }:lateral()
    local stmt = corm.select(l.c.x):select_from(t):join(l, corm.true_()):order_by(l.c.x)
    if database.lacks "lateral" then
      raises("CompileError", "has no LATERAL", function() connection:execute(stmt) end)
    else
      assert.same({ 1, 2, 3, 10, 20, 30 }, connection:scalars(stmt):all())
    end
  end)

  it("are refused as values, CTEs and laterals where they do not fit", function()
    local v, one = prices(), corm.values(column("n", Integer)):data { { 1 } }
    local id = v.c.id
    raises("ArgumentError", "in_: values of 4 columns beside 1", function() return id:in_(v) end)
    raises("ArgumentError", "in_: values of 4 columns beside 1", function() return id:in_(v:scalar_values()) end)
    raises("ArgumentError", "in_: values of 1 column beside 2", function() return corm.tuple_(id, id):in_(one) end)
    raises("ArgumentError", "where one value is needed", function() return id:eq(v:scalar_values()) end)
    raises("ArgumentError", "where one value is needed", function() return corm.func.abs(v:scalar_values()) end)
    raises("ArgumentError", "scalar_values: called on a CTE", function() return one:cte():scalar_values() end)
    raises("ArgumentError", "data: called on a CTE", function() return one:cte():data { { 2 } } end)
    raises("ArgumentError", "only a CTE that is a select", function() return one:cte():union(corm.select(id)) end)
    raises("ArgumentError", "LATERAL cannot stand in WITH", function() return one:lateral():cte() end)
    raises("ArgumentError", "did you mean 'nesting'?", function() return one:cte { nestin = true } end)
    raises("ArgumentError", "a name expected", function() return one:lateral(7) end)
    raises("IdentifierError", "", function() return one:lateral("") end)
    raises("ArgumentError", "cte: called on", function() return v:alias("b"):cte():alias("c"):cte() end)
    raises("CompileError", "values() has no rows", function()
      connection:execute(corm.select(corm.values(column("n", Integer)):cte()))
    end)
  end)

  it("are many", function()
    local data = {}
    for i = 1, 2000 do data[i] = { i } end
    local v = corm.values(column("n", Integer), { name = "v", literal_binds = true }):data(data)
    if database.name == "sqlite" then -- 500 parts are its limit
      raises("ProgrammingError", "too many terms", function() connection:execute(corm.select(v)) end)
      v = corm.values(column("n", Integer), { name = "v" }):data { table.unpack(data, 1, 400) }
      assert.equal(80200, connection:scalar(corm.select(corm.func.sum(v.c.n))))
    else
      assert.equal(2001000, math.tointeger(tonumber(tostring(connection:scalar(corm.select(corm.func.sum(v.c.n)))))))
    end
  end)

  it("are refused when they do not fit", function()
    local v = corm.values("a", column("b", Integer), { name = "v" })
    raises("ArgumentError", "at least one column", corm.values)
    raises("ArgumentError", "row 2 must be a list of 2 values", function() return v:data { { 1, 2 }, { 1 } } end)
    raises("ArgumentError", "a list of rows", function() return v:data {} end)
    raises("ArgumentError", "row 1, column 'b' of values", function() return v:data { { 1, print } } end)
    raises("DataError", "'x' is not an integer", function()
      connection:execute(corm.select(v:data { { 1, "x" } }))
    end)
    raises("CompileError", "values() has no rows", function() connection:execute(corm.select(v)) end)
    raises("ArgumentError", "did you mean 'name'", function() return corm.values("a", { nam = "v" }) end)
    raises("IdentifierError", "", function() return corm.values("a", { name = "" }) end)
  end)
end)

describe("tablesample", function()
  it("gives a part of the rows where the database can", function()
    local connection = database.engine():connect()
    local metadata = corm.MetaData()
    local t = corm.Table("t", metadata, corm.Column("id", Integer, { primary_key = true }))
    metadata:create_all(connection)
    connection:execute(corm.insert(t):values { { id = 1 }, { id = 2 } })
    local function count(percent)
      local sample = corm.tablesample(t, corm.func.bernoulli(percent), { name = "s", seed = 3 })
      return connection:scalar(corm.select(corm.func.count()):select_from(sample))
    end
    if database.lacks "samples" then
      raises("CompileError", "has no TABLESAMPLE", count, 100)
    else
      assert.equal(2, count(100))
      assert.equal(0, count(0))
    end
    raises("ArgumentError", "a table expected", corm.tablesample, corm.select(t):subquery(), 5)
    raises("ArgumentError", "SQL expression expected", corm.tablesample, t, "5; drop")
    connection:rollback()
    connection:close()
    database.clean()
  end)
end)
