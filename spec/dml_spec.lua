local corm = require "corm"
local new_schema = require "spec.support.schema"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

describe("insert, update, delete", function()
  local s, b
  before_each(function()
    s = new_schema()
    b = s.book.c
  end)

  it("are not changed by their methods", function()
    local insert, update, delete = corm.insert(s.book), corm.update(s.book), corm.delete(s.book)
    local before = { sql.of(insert), sql.of(update), sql.of(delete) }
    local _ = { insert:values { title = "x" }, insert:returning(b.id), update:values { title = "x" },
      update:where(b.id:eq(1)),
      delete:where(b.id:eq(1)), delete:returning(b.id), insert:from_select({ "title" }, corm.select(s.author.c.name)) }
    assert.same(before, { sql.of(insert), sql.of(update), sql.of(delete) })
  end)

  it("copy the values that they are given", function()
    local row = { title = "x" .. tostring(1), year = 5 }
    local stmt = corm.insert(s.book):values(row)
    row.title = "z"
    for _ = 1, 3 do collectgarbage() end
    assert.same({ title = "x1", year = 5 }, stmt:compile().params)
  end)

  it("keep expressions and JSON values alive", function()
    local t = corm.Table("t", corm.MetaData(), corm.Column("a", corm.JSON), corm.Column("b", corm.JSON),
      corm.Column("c", corm.Integer))
    local stmt = corm.insert(t):values { a = { k = { 1, 2 } }, b = "text", c = corm.func.f(corm.func.g(1)) }
    for _ = 1, 3 do collectgarbage() end
    assert.equal("INSERT INTO t (a, b, c) VALUES (:a, :b, f(g(:g_1)))", sql.of(stmt))
    assert.equal(1, stmt:compile().params.g_1)
  end)

  it("refuse columns that are not there, with the nearest", function()
    local err = raises("CompileError", "unconsumed column names: titel",
      function() corm.insert(s.book):values { titel = 1 } end)
    assert.equal("did you mean 'title'?", err.hint)
    raises("CompileError", "unconsumed", function() corm.update(s.book):values { nothing = 1 } end)
    raises("CompileError", "not in table 'book'", function() corm.insert(s.book):values { [s.author.c.id] = 1 } end)
    raises("CompileError", "unconsumed", function() corm.insert(s.book):from_select({ "x" },
      corm.select(s.author.c.id)) end)
  end)

  it("refuse values that are none", function()
    raises("ArgumentError", "values of 'book.title'", function() corm.insert(s.book):values { title = print } end)
    raises("ArgumentError", "values of 'book.title'", function() corm.update(s.book):values { title = {} } end)
    raises("ArgumentError", "one table expected", function() corm.insert(s.book):values("x") end)
    raises("ArgumentError", "several arguments", function() corm.insert(s.book):values({ 1 }, { 2 }) end)
    raises("ArgumentError", "at position 5", function() corm.insert(s.book):values { 1, 2, 3, 4, 5 } end)
    raises("ArgumentError", "as key", function() corm.insert(s.book):values { [true] = 5 } end)
    raises("ArgumentError", "one row of values", function() corm.update(s.book):values { { title = 1 } } end)
    raises("ArgumentError", "row 2 must be a table", function() corm.insert(s.book):values { { title = "a" }, 5 } end)
  end)

  it("want the same columns in all rows", function()
    raises("CompileError", "row 2 lacks a value for column 'book.year'", function()
      corm.insert(s.book):values { { title = "a", year = 1 }, { title = "b" } }
    end)
    raises("CompileError", "row 3 has a value for column 'book.year'", function()
      corm.insert(s.book):values { { title = "a" }, { title = "b" }, { title = "b", year = 1 } }
    end)
  end)

  it("want a table", function()
    raises("ArgumentError", "insert", corm.insert, 5)
    raises("ArgumentError", "a table or a mapped class", corm.insert, s.book:alias())
    raises("ArgumentError", "update", corm.update, "book")
    raises("ArgumentError", "a select", function() corm.insert(s.book):from_select({ "id" }, s.author) end)
    raises("ArgumentError", "alll", corm.update, s.book, { alll = true })
    raises("ArgumentError", "given twice", function() corm.update(s.book):ordered_values({ "year", 1 }, { b.year,
      2 }) end)
    raises("ArgumentError", "column, value", function() corm.update(s.book):ordered_values({ "year" }) end)
  end)

  it("use the client's defaults", function()
    local calls = 0
    local t = corm.Table("t", corm.MetaData(),
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("a", corm.Integer, { default = 5, onupdate = 6 }),
      corm.Column("b", corm.String(9), { default = function() calls = calls + 1 return "b" .. calls end }),
      corm.Column("c", corm.Integer, { default = corm.literal(1) + 2 }),
      corm.Column("d", corm.Integer, { server_default = "9" }))
    local engine = database.engine()
    t.metadata:create_all(engine)
    engine:begin(function(conn)
      conn:execute(corm.insert(t):values { id = 1 })
      conn:execute(corm.insert(t), { { id = 2 }, { id = 3, b = "own" } })
      conn:execute(corm.insert(t):values { id = 4, a = corm.null, d = corm.null })
      conn:execute(corm.update(t):values { d = 1 }:where(t.c.id:eq(3)))
      local rows = {}
      for row in conn:execute(corm.select(t):order_by(t.c.id)) do rows[#rows + 1] = { row:unpack() } end
      assert.same({ 1, 5, "b1", 3, 9 }, rows[1])
      assert.same({ 2, 5, "b2", 3, 9 }, rows[2])
      assert.same({ 3, 6, "own", 3, 1 }, rows[3])
      assert.same({ 4, nil, "b3", 3, nil }, rows[4])
    end)
    engine:dispose()
  end)

  it("run with everything that they return", function()
    local engine = database.engine()
    s.metadata:create_all(engine)
    engine:begin(function(conn)
      local result = conn:execute(corm.insert(s.book):values { { title = "a", year = 1 }, { title = "b", year = 2 } })
      assert.equal(2, result.rowcount)
      local row = conn:execute(corm.insert(s.book):values { title = "c" }:returning(b.id, b.title)):one()
      assert.same({ 3, "c" }, { row.id, row.title })
      local update = corm.update(s.book):values { year = b.year + 10 }:where(b.id:eq(1))
      if database.lacks "returning_of_update" then
        raises("CompileError", "no RETURNING", conn.execute, conn, update:returning(b.year))
      else
        assert.equal(11, conn:execute(update:returning(b.year)):one().year)
      end
      assert.equal(1, conn:execute(corm.delete(s.book):filter_by { title = "b" }).rowcount)
      assert.equal(2, conn:execute(corm.select(corm.func.count()):select_from(s.book)):scalar())
      conn:execute(corm.insert(s.book):from_select({ "title" }, corm.select(b.title)))
      assert.equal(4, conn:execute(corm.select(corm.func.count()):select_from(s.book)):scalar())
    end)
    engine:dispose()
  end)

  it("are refused without criteria when executed, unless they say all", function()
    local engine = database.engine()
    s.metadata:create_all(engine)
    engine:begin(function(conn)
      conn:execute(corm.insert(s.book):values { title = "a" })
      local id = ({}).id -- never set: the filter is empty
      raises("ArgumentError", "all = true", function() conn:execute(corm.delete(s.book):filter_by { id = id }) end)
      raises("ArgumentError", "all = true", function() conn:execute(corm.update(s.book):values { title = "z" }) end)
      assert.equal("DELETE FROM book", sql.of(corm.delete(s.book)))
      assert.equal(1, conn:execute(corm.update(s.book, { all = true }):values { title = "z" }).rowcount)
      assert.equal(1, conn:execute(corm.delete(s.book, { all = true })).rowcount)
    end)
    engine:dispose()
  end)

  it("take a select's rows with defaults or without, and expressions back", function()
    local t = corm.Table("t", corm.MetaData(),
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("a", corm.Integer, { default = 5 }),
      corm.Column("n", corm.Integer))
    local engine = database.engine()
    s.metadata:create_all(engine)
    t.metadata:create_all(engine)
    engine:begin(function(conn)
      conn:execute(corm.insert(s.book), { { id = 1, title = "a", year = 10 }, { id = 2, title = "b", year = 20 } })
      conn:execute(corm.insert(t):from_select({ t.c.n, "id" }, corm.select(b.year, b.id):where(b.id:eq(1)):distinct()))
      conn:execute(corm.insert(t):from_select({ "id", "n" }, corm.select(b.id, b.year):where(b.id:eq(2)),
        { include_defaults = false }))
      local rows = conn:execute(corm.select(t.c.a, t.c.n):order_by(t.c.id)):all()
      assert.same({ 5, 10 }, { rows[1]:unpack() })
      assert.same({ nil, 20 }, { rows[2]:unpack() })
      local row = conn:execute(corm.insert(t):values { id = 3, n = 1 }:returning((t.c.n + 1):label "more", t.c.a)):one()
      assert.same({ 2, 5 }, { row.more, row.a })
      assert.equal(1, conn:execute(corm.insert(t):inline():values { id = 4 }).rowcount)
      local gone = corm.delete(t):where(t.c.id:lt(3)):returning(t.c.id, (t.c.n * 2):label "twice")
      local twice = {}
      for deleted in conn:execute(gone) do twice[deleted.id] = deleted.twice end
      assert.same({ 20, 40 }, twice)
      local never = conn:execute(corm.delete(t):where(t.c.id:in_ {}):returning(t.c.id))
      assert.is_true(never.returns_rows)
      assert.same({}, never:all())
    end)
    engine:dispose()
  end)

  it("return the rows of many parameters in their order where that is asked for", function()
    local server = database.dialect == "postgresql"
    local t = corm.Table("t", corm.MetaData(),
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("n", corm.Integer),
      corm.Column("said", corm.Text, { server_default = corm.text(server and "current_query()" or "'x'") }))
    local engine = database.engine()
    t.metadata:create_all(engine)
    engine:begin(function(conn)
      local sets = {}
      for i = 1, 300 do sets[i] = { n = i * 7919 % 1009 } end
      local some = corm.insert(t):returning(t.c.n, t.c.said)
      assert.equal(300, #conn:execute(some, sets):all())
      local ordered = corm.insert(t):returning(t.c.n, t.c.said, { sort_by_parameter_order = true })
      local rows = conn:execute(ordered, sets):all()
      assert.equal(300, #rows)
      for i, row in ipairs(rows) do
        assert.equal(sets[i].n, row.n)
        if server then assert.is_nil(row.said:find("unnest", 1, true)) end
      end
      if server then assert.truthy(conn:execute(some, sets):all()[1].said:find("unnest", 1, true)) end
      raises("ArgumentError", "options", corm.delete(t).returning, corm.delete(t), t.c.id,
        { sort_by_parameter_order = true })
      raises("ArgumentError", "sort_by", corm.insert(t).returning, corm.insert(t), t.c.id, { sort_by = true })
    end)
    t.metadata:drop_all(engine)
    engine:dispose()
  end)

  it("return more than room was made for at first, in the order of the parameters too", function()
    local items = {}
    for i = 1, 100 do items[i] = i end
    items[101] = { sort_by_parameter_order = true }
    local stmt = corm.insert(s.book):values { title = "a" }:returning(table.unpack(items))
    assert.truthy(stmt:compile({ dialect = "postgresql" }).string:find("RETURNING 1, 2, 3, .*, 99, 100$"))
  end)

  it("fire what an update fires for each row that is executed", function()
    local calls = 0
    local t = corm.Table("t", corm.MetaData(),
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("n", corm.Integer),
      corm.Column("at", corm.Integer, { onupdate = function() calls = calls + 1 return calls end }))
    local engine = database.engine()
    t.metadata:create_all(engine)
    engine:begin(function(conn)
      conn:execute(corm.insert(t), { { id = 1, n = 1 }, { id = 2, n = 2 } })
      local stmt = corm.update(t):values { n = corm.bindparam "new" }:where(t.c.id:eq(corm.bindparam "which"))
      conn:execute(stmt, { { new = 10, which = 1 }, { new = 20, which = 2 } })
      local rows = conn:execute(corm.select(t.c.n, t.c.at):order_by(t.c.id)):all()
      assert.same({ 10, 1 }, { rows[1]:unpack() })
      assert.same({ 20, 2 }, { rows[2]:unpack() })
      raises("CompileError", "bindparam() name 'n' is reserved", conn.execute, conn,
        corm.update(t):values { n = 1 }:where(t.c.id:eq(corm.bindparam "n")), { { n = 1 } })
    end)
    engine:dispose()
  end)

  it("give no value to what the database computes", function()
    local t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("twice", corm.Integer, corm.Computed("id * 2")))
    raises("CompileError", "'t.twice' is computed", function() corm.insert(t):values { twice = 1 } end)
    raises("CompileError", "'t.twice' is computed", function() corm.update(t):values { twice = 1 } end)
  end)

  it("refuse options that from_select has not, and inline() of others", function()
    raises("ArgumentError", "include_default", function()
      corm.insert(s.book):from_select({ "title" }, corm.select(s.author.c.name), { include_default = false })
    end)
    raises("ArgumentError", "inline", function() corm.insert(s.book).inline(corm.update(s.book)) end)
  end)
end)
