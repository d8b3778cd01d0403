local corm = require "corm"
local new_schema = require "spec.support.schema"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

describe("a select", function()
  local s, a, b
  before_each(function()
    s = new_schema()
    a, b = s.author.c, s.book.c
  end)

  it("is not changed by its methods", function()
    local stmt = corm.select(a.id)
    local before = sql.of(stmt)
    local made = {
      stmt:where(a.age:gt(1)), stmt:order_by(a.id), stmt:group_by(a.id), stmt:having(a.id:gt(1)), stmt:limit(1),
      stmt:offset(1), stmt:distinct(), stmt:join(s.book), stmt:add_columns(a.age), stmt:select_from(s.book),
      stmt:filter_by { id = 1 }, stmt:execution_options { yield_per = 10 }, stmt:with_only_columns(a.age),
    }
    for _, other in ipairs(made) do assert.are_not.equal(stmt, other) end
    assert.equal(13, #made)
    assert.equal(before, sql.of(stmt))
  end)

  it("branches from any point", function()
    local stmt = corm.select(a.id):where(a.age:gt(1))
    local one, two = stmt:where(a.id:eq(1)), stmt:where(a.id:eq(2), a.age:lt(9))
    assert.equal("SELECT author.id FROM author WHERE author.age > :age_1", sql.of(stmt))
    assert.equal("SELECT author.id FROM author WHERE author.age > :age_1 AND author.id = :id_1", sql.of(one))
    assert.equal("SELECT author.id FROM author WHERE author.age > :age_1 AND author.id = :id_1 AND author.age < :age_2",
      sql.of(two))
  end)

  it("keeps alive what it is made of", function()
    local stmt
    do
      local t = new_schema()
      stmt = corm.select(t.author.c.id):join(t.book):where(t.book.c.title:eq("x" .. tostring(1)))
        :order_by(t.author.c.id)
      stmt = stmt:limit(3):where(corm.exists(t.order.c.total):where(t.order.c.total:gt(t.author.c.age)))
    end
    for _ = 1, 4 do collectgarbage() end
    assert.equal("SELECT author.id FROM author JOIN book ON author.id = book.author_id WHERE book.title = :title_1 "
      .. 'AND (EXISTS (SELECT "order"."Total Sum" FROM "order" WHERE "order"."Total Sum" > author.age)) '
      .. "ORDER BY author.id LIMIT :param_1", sql.of(stmt))
    assert.same({ title_1 = "x1", param_1 = 3 }, stmt:compile().params)
  end)

  it("grows by a loop", function()
    local stmt = corm.select(a.id)
    for i = 1, 1000 do stmt = stmt:where(a.age:ne(i)) end
    assert.equal(1000, select(2, sql.of(stmt):gsub("!=", "")))
    local many = {}
    for i = 1, 300 do many[i] = a.age:ne(i) end
    assert.equal(300, select(2, sql.of(corm.select(a.id):where(table.unpack(many))):gsub("!=", "")))
    local columns = corm.select(table.unpack(many))
    collectgarbage()
    assert.equal(300, select(2, sql.of(columns):gsub(" AS ", "")))
  end)

  it("without conditions stays as it is", function()
    local stmt = corm.select(a.id)
    assert.equal(sql.of(stmt), sql.of(stmt:where()))
    assert.equal(sql.of(stmt), sql.of(stmt:filter_by {}))
  end)

  it("refuses what is no condition", function()
    local stmt = corm.select(a.id)
    raises("ArgumentError", "write column:eq(value)", function() stmt:where(a.id == 5) end)
    raises("ArgumentError", "write column:eq(value)", function() stmt:having(a.id ~= 5) end)
    raises("ArgumentError", "write column:eq(value)", function() stmt:join(s.book, a.id == b.id) end)
    raises("ArgumentError", "corm.text", function() stmt:where("id = 5") end)
    raises("ArgumentError", "nil", function() stmt:where(nil) end)
    raises("ArgumentError", "expected", function() stmt:where { id = 5 } end)
    raises("ArgumentError", "a FROM clause", function() stmt:where(s.book) end)
  end)

  it("refuses what cannot be selected", function()
    raises("ArgumentError", "corm.text", corm.select, "name")
    raises("ArgumentError", "boolean", corm.select, a.id == 5)
    raises("ArgumentError", "expected", corm.select, {})
    raises("ArgumentError", "expected", corm.select, s.author:join(s.book))
    raises("ArgumentError", "expected", corm.select, print)
    raises("ArgumentError", "corm.text", function() corm.select(a.id):add_columns("x") end)
  end)

  it("filters by columns of the right FROM only", function()
    local err = raises("InvalidRequestError", "no column 'nmae'",
      function() corm.select(a.id):filter_by { nmae = 1 } end)
    assert.equal("did you mean 'name'?", err.hint)
    raises("InvalidRequestError", "no column 'title'", function() corm.select(a.id):filter_by { title = 1 } end)
    raises("ArgumentError", "names of columns", function() corm.select(a.id):filter_by { 5 } end)
    raises("ArgumentError", "a table of", function() corm.select(a.id):filter_by(5) end)
    raises("ArgumentError", "operators are methods", function()
      corm.select(a.id):filter_by { name = { ["!="] = "" } }
    end)
    raises("InvalidRequestError", "no entity", function() corm.select(1):filter_by { a = 1 } end)
  end)

  it("filters by an expression, an alias and a subquery", function()
    local x = s.author:alias("x")
    assert.equal("SELECT x.id FROM author AS x WHERE x.age = x.id",
      sql.of(corm.select(x.c.id):filter_by { age = x.c.id }))
    local q = corm.select(a.id):subquery("q")
    assert.equal("SELECT q.id FROM (SELECT author.id AS id FROM author) AS q WHERE q.id = :id_1",
      sql.of(corm.select(q.c.id):filter_by { id = 1 }))
  end)

  it("quotes a name where it is a word, whatever databases it was written for before", function()
    local t = corm.Table("plan", corm.MetaData(), corm.Column("query", corm.Integer),
      corm.Column("verbose", corm.Integer), corm.Column("rank", corm.Integer), corm.Column("Big", corm.Integer))
    local expected = {
      sqlite = 'SELECT "plan"."query", "plan".verbose, "plan".rank, "plan"."Big" FROM "plan" '
        .. 'WHERE "plan".rank = :rank_1',
      postgresql = 'SELECT plan.query, plan."verbose", plan.rank, plan."Big" FROM plan WHERE plan.rank = :rank_1',
      mysql = "SELECT plan.query, plan.verbose, plan.`rank`, plan.`Big` FROM plan WHERE plan.`rank` = :rank_1",
    }
    for _ = 1, 2 do
      for dialect, text in pairs(expected) do
        for _ = 1, 2 do assert.equal(text, sql.of(corm.select(t):where(t.c.rank:eq(1)), dialect)) end
      end
    end
  end)

  it("numbers any number of names", function()
    local conditions, texts = {}, {}
    for i = 1, 60 do
      local number = (i - 1) % 40 + 1
      conditions[i] = corm.column("c" .. number, corm.Integer):eq(i)
      texts[i] = ("c%d = :c%d_%d"):format(number, number, i > 40 and 2 or 1)
    end
    assert.equal("SELECT author.id FROM author, book WHERE " .. table.concat(texts, " AND "),
      sql.of(corm.select(a.id):select_from(s.author, s.book):where(table.unpack(conditions))))
    local same = {}
    for i = 1, 30 do same[i] = a.age:ne(i) end
    assert.is_truthy(sql.of(corm.select(a.id):where(table.unpack(same))):find("author.age != :age_30", 1, true))
  end)

  it("writes short conditions and long ones in their order", function()
    assert.equal("SELECT author.id FROM author WHERE author.id = :id_1 AND (author.name LIKE :name_1 || '%') AND "
      .. "(author.id NOT IN (:id_2_1, :id_2_2)) AND lower(author.name) LIKE lower(:name_2) AND "
      .. "author.name LIKE :name_3 ESCAPE '/' AND author.age < :age_1 AND "
      .. "(author.id = :id_3 OR (author.name LIKE '%' || :name_4) OR author.age > :age_2)",
      sql.of(corm.select(a.id):where(a.id:eq(1), a.name:startswith("x"), a.id:not_in { 1, 2 }, a.name:ilike("q"),
        a.name:like("a/%", { escape = "/" }), a.age:lt(2), corm.or_(a.id:eq(1), a.name:endswith("y"), a.age:gt(3))),
        "sqlite"))
  end)

  it("compiles on after errors", function()
    local plain, nameless = corm.select(a.id):where(a.id:eq(1)), corm.select(a.id, corm.Column(corm.Integer))
    for _ = 1, 50 do
      raises("ArgumentError", "none", function() plain:compile { dialect = "none" } end)
      raises("ArgumentError", "option 'x'", function() plain:compile { dialect = "sqlite", x = 1 } end)
      raises("CompileError", "without a name", function() nameless:compile { dialect = "sqlite" } end)
      assert.equal("SELECT author.id FROM author", sql.of(corm.select(a.id), "sqlite"))
    end
  end)

  it("joins only where a foreign key says how", function()
    raises("NoForeignKeysError", "order", function() corm.select(a.id):join(s.order) end)
    local metadata = corm.MetaData()
    local one = corm.Table("one", metadata, corm.Column("id", corm.Integer, { primary_key = true }))
    local two = corm.Table("two", metadata, corm.Column("x", corm.Integer, corm.ForeignKey("one.id")),
      corm.Column("y", corm.Integer, corm.ForeignKey("one.id")))
    raises("AmbiguousForeignKeysError", "two", function() corm.select(one):join(two) end)
    raises("AmbiguousForeignKeysError", "two", function() one:join(two) end)
    raises("ArgumentError", "expected", function() corm.select(a.id):join(5) end)
    raises("ArgumentError", ":subquery()", function() corm.select(a.id):join(corm.select(b.id)) end)
    raises("ArgumentError", "isoutr", function() corm.select(a.id):join(s.book, { isoutr = true }) end)
    raises("ArgumentError", "too many", function() corm.select(a.id):join(s.book, a.id:eq(b.id), 5) end)
  end)

  it("has columns as a subquery", function()
    local q = corm.select(a.id, a.name:label("n"), (a.age + 1)):subquery("q")
    assert.equal(3, #q.c)
    assert.equal("n", q.c[2].name)
    local keys = {}
    for column in q.c do keys[#keys + 1] = column.key end
    assert.same({ "id", "n", "anon_1" }, keys)
    assert.equal("did you mean 'id'?", raises("ArgumentError", "ip", function() return q.c.ip end).hint)
    assert.equal(q.c.id, q.c.id)
    assert.is_nil(q.c[4])
    raises("ArgumentError", "cannot be set", function() q.c.x = 1 end)
    assert.equal("q", q.name)
  end)

  it("tells two columns of a subquery of a subquery apart that are one of the table, by two aliases", function()
    local twin = s.author:alias "twin"
    local q = corm.select(a.id, twin.c.id):join(twin, twin.c.id:eq(a.age)):subquery "q"
    local outer = corm.select(q.c.id, q.c.id_1):subquery "outside"
    local text = sql.of(corm.select(outer.c.id, outer.c.id_1))
    assert.equal("outside.id, outside.id_1 FROM (SELECT q.id AS id, q.", text:match "^SELECT (.-)id_%d AS id_1 FROM")
    assert.equal(text:match "q%.(id_%d) AS id_1 FROM", text:match "twin%.id AS (id_%d) FROM")
    local x, y = corm.select(a.id):subquery "x", corm.select(a.id):subquery "y"
    local both = corm.select(x.c.id, y.c.id):join(y, corm.true_()):subquery "pair"
    assert.equal("SELECT pair.id, pair.id_1", sql.of(corm.select(both)):match "^(.-) FROM")
  end)

  it("takes a label's or a column's name in order_by, and no SQL", function()
    local stmt = corm.select(a.id, a.name:label("n"))
    assert.equal("SELECT author.id, author.name AS n FROM author ORDER BY n, author.id", sql.of(stmt:order_by("n",
      "id")))
    assert.equal("SELECT author.id, author.name AS n FROM author GROUP BY n", sql.of(stmt:group_by("n")))
    raises("ArgumentError", "no label or column", function() stmt:order_by("age") end)
  end)

  it("orders by the name of a label in either direction, whatever operator it holds", function()
    local either = corm.or_(a.id:gt(1), a.name:eq("x")):label "either"
    local stmt = corm.select(either):distinct()
    local text = "SELECT DISTINCT author.id > :id_1 OR author.name = :name_1 AS either FROM author ORDER BY either"
    assert.equal(text, sql.of(stmt:order_by(either)))
    assert.equal(text .. " DESC", sql.of(stmt:order_by(either:desc())))
    assert.equal(text .. " DESC", sql.of(stmt:order_by(corm.desc "either")))
    assert.equal(text .. " ASC NULLS LAST", sql.of(stmt:order_by(either:asc():nulls_last())))
  end)

  it("has options only that it knows", function()
    raises("ArgumentError", "a loader option", function() corm.select(a.id):options("x") end)
    assert.equal("did you mean 'yield_per'?",
      raises("ArgumentError", "yield_pr", function() corm.select(a.id):execution_options { yield_pr = 1 } end).hint)
  end)

  it("has no methods of other statements", function()
    raises("ArgumentError", "select has no method 'values'", function() corm.select(a.id):values {} end)
    raises("ArgumentError", "insert has no method 'order_by'", function() corm.insert(s.book):order_by(b.id) end)
    raises("ArgumentError", "with ':'", function() corm.select(a.id).where(a.id:eq(5)) end)
    assert.equal("did you mean 'where'?", raises("ArgumentError", "wher",
      function() return corm.select(a.id).wher end).hint)
  end)

  it("shows the compiled object", function()
    local compiled = corm.select(a.id):where(a.name:eq(corm.bindparam("n"))):limit(2):compile { dialect = "sqlite" }
    assert.equal(compiled.string, tostring(compiled))
    assert.same({ param_1 = 2, param_2 = 0 }, compiled.params)
    assert.is_truthy(compiled.statement)
    assert.equal("did you mean 'params'?", raises("ArgumentError", "parms", function() return compiled.parms end).hint)
    assert.equal(corm.null, corm.insert(s.book):values { title = corm.null }:compile().params.title)
  end)
end)

describe("text", function()
  it("has parameters that bindparams sets, without changing it", function()
    local stmt = corm.text("select :a, ':no', \\:no, b::int, :b")
    local bound = stmt:bindparams({ a = 1 }):bindparams(corm.bindparam("b", "x"))
    assert.same({}, stmt:compile().params)
    assert.same({ a = 1, b = "x" }, bound:compile().params)
    assert.same({ a = 2, b = "x" }, bound:bindparams({ a = 2 }):compile().params)
  end)

  it("has typed columns", function()
    local engine = database.engine()
    local conn = engine:connect()
    local stmt = corm.text("select '2026-11-22', 1"):columns(corm.column("d", corm.Date), corm.column("ok",
      corm.Boolean))
    local row = conn:execute(stmt):one()
    assert.equal(corm.date(2026, 11, 22), row.d)
    assert.is_true(row.ok)
    raises("InvalidRequestError", "3 columns where 1 were expected; columns() of a text names all", conn.execute, conn,
      corm.text("select 1, 2, 3"):columns(corm.column("one", corm.Integer)))
    conn:close()
  end)

  it("refuses bad arguments", function()
    raises("ArgumentError", "a string expected", corm.text, 5)
    raises("ArgumentError", "NUL", corm.text, "a\0b")
    raises("ArgumentError", "must be a value", function() corm.text(":a"):bindparams { a = print } end)
    raises("ArgumentError", "bindparam()", function() corm.text(":a"):bindparams(5) end)
    raises("ArgumentError", "columns expected", function() corm.text("x"):columns("id") end)
  end)

  it("must be said: plain strings are not executed", function()
    local conn = database.engine():connect()
    local err = raises("ObjectNotExecutableError", "select 1", function() conn:execute("select 1") end)
    assert.is_truthy(err.hint:find("corm.text", 1, true))
    raises("ObjectNotExecutableError", "table", function() conn:execute({}) end)
    raises("ObjectNotExecutableError", "Column", function() conn:execute(corm.Column("x", corm.Integer)) end)
    assert.equal(0, conn:execute(corm.func.length("")):scalar())
    conn:close()
  end)
end)

describe("corm.table", function()
  local item = corm.table("item", "id", corm.column("name", corm.String))
  after_each(database.clean)

  it("is a table of which only names are known", function()
    assert.equal("SELECT item.id, item.name \nFROM item \nWHERE item.name = :name_1",
      tostring(corm.select(item):where(item.c.name:eq "x")))
    assert.equal("INSERT INTO item (id, name) VALUES (:id, :name)", tostring(corm.insert(item)))
    assert.equal("SELECT s.item.id \nFROM s.item", tostring(corm.select(corm.table("item", "id", { schema = "s" }))))
    local connection <close> = database.engine():connect()
    connection:execute(corm.text "CREATE TABLE item (id INTEGER, name VARCHAR(20))")
    connection:execute(corm.insert(item), { { id = 1, name = "a" }, { id = 2, name = "b" } })
    connection:execute(corm.update(item):where(item.c.id:eq(2)):values { name = "c" })
    assert.same({ "a", "c" }, connection:scalars(corm.select(item.c.name):order_by(item.c.id)):all())
  end)

  it("refuses what is no column", function()
    raises("ArgumentError", "a name expected, got integer", corm.table, 5)
    raises("ArgumentError", "table 'x': the name of a column", corm.table, "x", corm.literal(5))
    raises("ArgumentError", "table 'x' already has a column with the key 'a'", corm.table, "x", "a", "a")
    raises("ArgumentError", "did you mean 'schema'?", corm.table, "x", "a", { scema = "s" })
  end)
end)
