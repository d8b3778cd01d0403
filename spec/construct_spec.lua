-- SQL elements of the user's own, on rows; and functions that fail, yield, or return nonsense.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

local select = corm.select

local greatest = corm.construct("greatest", { base = "FunctionElement", type = corm.Integer })

corm.compiles(greatest, function(element, compiler)
  return ("greatest(%s)"):format(compiler:process(element.clauses))
end)

corm.compiles(greatest, "sqlite", function(element, compiler)
  return ("max(%s)"):format(compiler:process(element.clauses))
end)

-- A class whose function for all dialects is this.
local function written(fn, options)
  local class = corm.construct("element", options)
  corm.compiles(class, fn)
  return class
end

describe("elements of the user's own", function()
  local engine, connection, item, t

  before_each(function()
    local metadata = corm.MetaData()
    item = corm.Table("item", metadata,
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("name", corm.String(20)),
      corm.Column("price", corm.Integer))
    t = item.c
    engine = database.engine()
    metadata:create_all(engine)
    connection = engine:connect()
    connection:execute(corm.insert(item):values {
      { id = 1, name = "ink", price = 3 }, { id = 2, name = "pen", price = 9 }, { id = 3, name = "it's", price = 5 },
    })
  end)

  after_each(function()
    connection:close()
    engine:dispose()
    database.clean()
  end)

  it("are values in every place", function()
    local at_least_five = greatest(t.price, 5)
    assert.same({ 5, 9, 5 }, connection:scalars(select(at_least_five):order_by(t.id)):all())
    assert.same({ 2 }, connection:scalars(select(t.id):where(at_least_five:gt(5))):all())
    assert.equal(19, connection:scalar(select(corm.func.sum(greatest(greatest(t.price, 4), 5)) + 0)))
    assert.equal(8, connection:scalar(greatest(3, 8)))
    connection:execute(corm.update(item):where(t.id:eq(1)):values { price = greatest(t.price, 7) })
    assert.equal(7, connection:scalar(select(t.price):where(t.id:eq(1))))
  end)

  it("bind in the order of the text, whatever the function does", function()
    local turned = written(function(element, compiler)
      local one, two = compiler:process(element[1]), compiler:process(element[2])
      compiler:process("not in the text")
      return ("(CASE WHEN %s = %s AND %s = 'a\1b' THEN 1 ELSE %s END)"):gsub("a\1b", "ab")
        :format(two, two, compiler:process("ab"), one)
    end, { type = corm.Integer })
    assert.same({ 1, 40 }, { connection:scalar(select(turned(40, 2))),
      connection:scalar(select(turned(40, corm.null))) })
  end)

  it("are FROMs", function()
    local numbers = written(function(element, compiler)
      return ("(SELECT %s AS n UNION ALL SELECT %s)"):format(compiler:process(element.first + 0),
        compiler:process(corm.literal(element.second) + 0))
    end, { base = "FromClause", columns = { corm.column("n", corm.Integer) } })
    local from = numbers { first = corm.literal(3), second = 9 }
    assert.same({ 4, 10 }, connection:scalars(select(from.c.n + 1):order_by(from.c.n)):all())
    local named = from:alias("two")
    assert.same({ "ink", "pen" },
      connection:scalars(select(t.name):join(named, named.c.n:eq(t.price)):order_by(t.id)):all())
  end)

  it("are statements", function()
    local both = written(function(element, compiler)
      return compiler:process(element[1]) .. " UNION ALL " .. compiler:process(element[2])
    end, { base = "Executable" })
    local found = {}
    for row in connection:execute(both(select(t.id):where(t.id:eq(1)), select(t.id):where(t.id:eq(3)))) do
      found[#found + 1] = row.id
    end
    table.sort(found)
    assert.same({ 1, 3 }, found)
  end)

  it("are DDL, whose values are literals", function()
    local create_view = written(function(element, compiler)
      return ("CREATE VIEW %s AS %s"):format(compiler.preparer:quote(element.name), compiler:process(element.select))
    end, { base = "DDLElement" })
    connection:execute(create_view { name = "Dear Things", select = select(t.name):where(t.name:eq("it's")) })
    local view = corm.Table("Dear Things", corm.MetaData(), corm.Column("name", corm.String(20)))
    assert.same({ "it's" }, connection:scalars(select(view.c.name)):all())
    local drop_view = written(function(element, compiler)
      return "DROP VIEW " .. compiler.preparer:format_table(element[1])
    end, { base = "ExecutableDDLElement" })
    connection:execute(drop_view(view))
  end)

  it("go through the session", function()
    local Base = corm.declarative_base()
    local Item = Base:model("Item", {
      __tablename__ = "item",
      id = corm.Column(corm.Integer, { primary_key = true }),
      name = corm.Column(corm.String(20)),
      price = corm.Column(corm.Integer),
    })
    local session = corm.Session(connection)
    local found = session:scalars(select(Item):where(greatest(Item.price, 5):gt(5))):all()
    assert.same({ 1, "pen" }, { #found, found[1].name })
    session:close()
  end)

  it("fail with the error that their function raised", function()
    local reason = {}
    local broken = written(function() error(reason) end)
    local ok, err = pcall(function() return connection:execute(select(broken())) end)
    assert.is_false(ok)
    assert.equal(reason, err)
    assert.equal(3, connection:scalar(select(corm.func.count(t.id))))
    local other = written(function(_, compiler) return compiler:process(broken()) end)
    assert.equal(reason, _G.select(2, pcall(tostring, other())))
  end)

  it("may ask the database, and be compiled in a coroutine, but not yield", function()
    local asking = written(function()
      return tostring(connection:scalar(select(corm.func.max(t.price))))
    end, { type = corm.Integer })
    assert.equal(9, coroutine.wrap(function() return connection:scalar(select(asking())) end)())
    local yielding = written(function() coroutine.yield() return "1" end)
    local ok, err = coroutine.wrap(function() return pcall(connection.scalar, connection, select(yielding())) end)()
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("yield", 1, true))
  end)
end)

describe("an element of the user's own", function()
  local a = corm.column("a", corm.Integer)

  it("keeps what its function made", function()
    local lowered = written(function(element, compiler)
      return ("f(%s, %s)"):format(compiler:process(corm.func.lower(element[1])), compiler:process(("x"):rep(100)))
    end)
    local x = select(lowered("Y" .. tostring(1)))
    for _ = 1, 3 do
      assert.equal("SELECT f(lower(:lower_1), :param_1) AS anon_1", sql.of(x))
      assert.same({ lower_1 = "Y1", param_1 = ("x"):rep(100) }, x:compile().params)
      collectgarbage()
      collectgarbage()
    end
  end)

  it("is written once for each dialect, and anew by another function", function()
    local calls = 0
    local class = written(function() calls = calls + 1 return "one" end)
    local x = class()
    assert.same({ "one", "one", 1 }, { tostring(x), tostring(x), calls })
    assert.equal("one", x:compile { dialect = "sqlite" }.string)
    assert.equal(2, calls)
    corm.compiles(class, function() return "two" end)
    assert.equal("two", tostring(x))
    corm.compiles(class, "sqlite", function() return "three" end)
    assert.same({ "two", "three" }, { tostring(x), x:compile { dialect = "sqlite" }.string })
  end)

  it("gets a table of its own each time", function()
    local class = written(function(element)
      local text = element[1] .. element.name
      element[1] = "changed"
      return text
    end)
    local x = class("x")
    assert.same({ "xelement", "xelement" }, { tostring(x), x:compile { dialect = "mysql" }.string })
  end)

  it("nests deeply", function()
    local x = a
    for _ = 1, 20000 do x = greatest(x, 1) end
    assert.equal(20000, _G.select(2, tostring(x):gsub("greatest%(", "")))
    local many = {}
    for i = 1, 200 do many[i] = i end
    assert.equal(200, _G.select(2, tostring(greatest(table.unpack(many))):gsub(":greatest_", "")))
  end)

  it("is refused where no function is", function()
    local class = corm.construct("nowhere")
    raises("UnsupportedCompilationError", "nowhere cannot be written for the dialect 'default'",
      function() return tostring(class()) end)
    corm.compiles(class, "postgresql", function() return "here" end)
    assert.equal("here", class():compile { dialect = "postgresql" }.string)
    raises("UnsupportedCompilationError", "nowhere cannot be written for the dialect 'sqlite'; say how by "
      .. 'corm.compiles(nowhere, "sqlite", fn)', function() return class():compile { dialect = "sqlite" } end)
  end)

  it("has a function that returns text and takes care of its marks", function()
    local function returns(fn, ...)
      local x = written(fn)(...)
      return function() return tostring(x) end
    end
    raises("ArgumentError", "compiles(element): the function must return a string, got nil", returns(function() end))
    raises("ArgumentError", "must return a string, got table", returns(function() return {} end))
    raises("CompileError", "is empty", returns(function() return "" end))
    raises("CompileError", "holds a NUL", returns(function() return "a\0" end))
    raises("CompileError", "no UTF-8", returns(function() return "\xff" end))
    raises("CompileError", "was cut", returns(function() return "\1" end))
    raises("CompileError", "was cut", returns(function() return "\0011\2" end))
    raises("CompileError", "was cut", returns(function(_, c) return c:process(1):sub(1, -2) end))
    raises("ArgumentError", "process", returns(function(_, c) return c:process(print) end))
    raises("ArgumentError", "quote: a name", returns(function(_, c) return c:quote(5) end))
    raises("IdentifierError", "quote", returns(function(_, c) return c:quote("") end))
    raises("ArgumentError", "did you mean 'process'", returns(function(_, c) return c:proces(1) end))
    raises("ArgumentError", "process: compiler expected, got integer", returns(function(_, c) return c.process(1) end))
    local kept
    tostring(written(function(_, c) kept = c return "x" end)())
    raises("InvalidRequestError", "only there while the function runs", function() kept:process(1) end)
  end)

  it("is checked when its class is made", function()
    raises("ArgumentError", "construct: a name", function() corm.construct() end)
    raises("IdentifierError", "construct", function() corm.construct("") end)
    raises("ArgumentError", "did you mean 'FunctionElement'",
      function() corm.construct("x", { base = "FunctionElemnt" }) end)
    raises("ArgumentError", "unknown type 'Int' of construct", function() corm.construct("x", { type = "Int" }) end)
    raises("ArgumentError", "a FromClause has columns", function() corm.construct("x", { base = "FromClause" }) end)
    raises("ArgumentError", "a FromClause has columns", function() corm.construct("x", { columns = { "a" } }) end)
    raises("ArgumentError", "columns must be a list",
      function() corm.construct("x", { base = "FromClause", columns = "a" }) end)
    raises("ArgumentError", "the name of a column",
      function() corm.construct("x", { base = "FromClause", columns = { 5 } }) end)
    raises("ArgumentError", "compiles: construct expected", function() corm.compiles(a, function() end) end)
    raises("ArgumentError", "compiles: a function(element, compiler)", function() corm.compiles(greatest, "sqlite") end)
    raises("ArgumentError", "did you mean 'sqlite'", function() corm.compiles(greatest, "sqllite", print) end)
    raises("ArgumentError", "greatest: ", function() greatest({}) end)
    raises("ArgumentError", "has no member 'x' that can be set", function() greatest.x = 1 end)
  end)
end)
