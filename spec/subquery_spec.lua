-- Subqueries, correlation, EXISTS, LATERAL and joins, on rows; and what is refused before anything is sent.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local func, select, exists = corm.func, corm.select, corm.exists

-- Rows as text, in order.
local function rows(connection, stmt)
  local all = {}
  for row in connection:execute(stmt) do
    local values = table.pack(row:unpack())
    for i = 1, values.n do values[i] = tostring(values[i]) end
    all[#all + 1] = table.concat(values, " ")
  end
  return all
end

describe("subqueries and joins", function()
  local connection, author, book, shelf, a, b, engine

  before_each(function()
    local metadata = corm.MetaData()
    author = corm.Table("author", metadata,
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("name", corm.String(20)),
      corm.Column("mentor_id", corm.Integer, corm.ForeignKey("author.id")))
    book = corm.Table("book", metadata,
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("author_id", corm.Integer, corm.ForeignKey("author.id")),
      corm.Column("editor_id", corm.Integer),
      corm.Column("year", corm.Integer))
    shelf = corm.Table("shelf", metadata,
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("book_id", corm.Integer, corm.ForeignKey("book.id")))
    a, b = author.c, book.c
    engine = database.engine()
    metadata:create_all(engine)
    connection = engine:connect()
    connection:execute(corm.insert(author):values {
      { id = 1, name = "ann", mentor_id = corm.null }, { id = 2, name = "bob", mentor_id = 1 },
      { id = 3, name = "cid", mentor_id = 1 } })
    connection:execute(corm.insert(book):values {
      { id = 1, author_id = 1, year = 1990 }, { id = 2, author_id = 1, year = 2000 },
      { id = 3, author_id = 2, year = 2010 } })
    connection:execute(corm.insert(shelf):values { { id = 1, book_id = 2 } })
  end)

  after_each(function()
    connection:close()
    engine:dispose()
  end)

  it("join a table to itself by an alias", function()
    local mentor = author:alias("mentor")
    assert.same({ "bob ann", "cid ann" }, rows(connection,
      select(a.name, mentor.c.name):join(mentor, a.mentor_id:eq(mentor.c.id)):order_by(a.id)))
  end)

  it("join chains, outer and inner", function()
    assert.same({ "ann 1990 nil", "ann 2000 1", "bob 2010 nil", "cid nil nil" }, rows(connection,
      select(a.name, b.year, shelf.c.id):select_from(author):outerjoin(book):outerjoin(shelf):order_by(a.id, b.id)))
    assert.same({ "ann" }, rows(connection, select(a.name):join(book):join(shelf)))
  end)

  it("keep the rows of both sides", function()
    local alone = corm.insert(book):values { id = 4, year = 2020 }
    connection:execute(alone)
    local both = { "ann 1990", "ann 2000", "bob 2010", "cid nil", "nil 2020" }
    local full = select(a.name, b.year):join(book, nil, { full = true })
    if database.lacks "full_joins" then
      raises("CompileError", "has no FULL OUTER JOIN (of 'book')", function() connection:execute(full) end)
    else
      local found = rows(connection, full)
      table.sort(found)
      assert.same(both, found)
    end
    local others = select(corm.null(), b.year):where(corm.not_(exists():where(a.id:eq(b.author_id))))
    local found = rows(connection, select(a.name, b.year):outerjoin(book):union_all(others))
    table.sort(found)
    assert.same(both, found)
  end)

  it("join a subquery by the foreign key of its column", function()
    local q = select(b.author_id, func.count(b.id):label("n")):group_by(b.author_id):subquery("q")
    assert.same({ "ann 2", "bob 1", "cid nil" },
      rows(connection, select(a.name, q.c.n):outerjoin(q):order_by(a.id)))
  end)

  it("select from a subquery of a subquery", function()
    local last = select(b.author_id, b.year):order_by(b.year:desc()):limit(2):subquery("last")
    local n = select(func.count():label("n"), func.min(last.c.year):label("y")):subquery()
    assert.same({ "2 2000" }, rows(connection, select(n.c.n, n.c.y)))
  end)

  it("are values in columns, conditions and orders", function()
    local n = select(func.count(b.id)):where(b.author_id:eq(a.id)):scalar_subquery()
    assert.same({ "cid 0", "bob 1", "ann 2" },
      rows(connection, select(a.name, n:label("n")):order_by(n)))
    assert.same({ "ann" }, rows(connection, select(a.name):where(n:gt(1))))
  end)

  it("refer to the statement around them", function()
    local has = exists():where(b.author_id:eq(a.id))
    assert.same({ "ann", "bob" }, rows(connection, select(a.name):where(has):order_by(a.id)))
    assert.same({ "cid" }, rows(connection, select(a.name):where(~has)))
    local shelved = exists():select_from(book:join(shelf)):where(b.author_id:eq(a.id))
    assert.same({ "ann" }, rows(connection, select(a.name):where(shelved)))
    local other = author:alias("other")
    assert.same({ "ann" }, rows(connection,
      select(a.name):where(exists():select_from(other):where(other.c.mentor_id:eq(a.id)):correlate(author))))
  end)

  it("refer over two levels when that is said", function()
    local s = shelf.c
    local inner = exists():where(s.book_id:eq(b.id), b.author_id:eq(a.id)):correlate_except(shelf)
    assert.same({ "ann" }, rows(connection, select(a.name):where(exists():where(b.author_id:eq(a.id), inner))))
  end)

  it("keep inside what correlate_except names", function()
    local y = select(func.max(b.year)):where(b.author_id:eq(a.id)):scalar_subquery()
    assert.same({ "2000", "2010", "nil" },
      rows(connection, select(y:correlate_except(book)):select_from(author):order_by(a.id)))
  end)

  it("are in UPDATE and DELETE", function()
    local last = select(func.max(b.year)):where(b.author_id:eq(a.id)):scalar_subquery()
    connection:execute(corm.update(author):values { mentor_id = corm.null }:where(last:gt(2005)))
    assert.same({ "2" }, rows(connection,
      select(func.count()):select_from(author):where(a.mentor_id:is_(nil))))
    connection:execute(corm.delete(author):where(~exists():where(b.author_id:eq(a.id))))
    assert.same({ "ann", "bob" }, rows(connection, select(a.name):order_by(a.id)))
  end)

  it("see what stands beside them with LATERAL", function()
    local last = select(b.year):where(b.author_id:eq(a.id)):order_by(b.year:desc()):limit(1):lateral("last")
    local stmt = select(a.name, last.c.year):join(last, last.c.year:gt(0)):order_by(a.id)
    if database.lacks "lateral" then
      raises("CompileError", "has no LATERAL; select one value by a correlated scalar_subquery",
      function() connection:execute(stmt) end)
    else
      assert.same({ "ann 2000", "bob 2010" }, rows(connection, stmt))
    end
  end)

  it("are refused when nothing would be left in FROM", function()
    local stmt = select(a.id, b.id):where(exists(select(b.id):where(b.author_id:eq(a.id))))
    raises("InvalidRequestError", "specify correlate(<tables>)",
      function() connection:execute(stmt) end)
  end)

  it("are refused where two columns have the same label, and one of them is wanted", function()
    for _, twice in ipairs {
      select(b.id:label "x", b.year:label "x"), select(b.id, b.author_id:label "id"),
      select(func.max(b.id):label "x", func.min(b.id):label "x"),
    } do
      raises("InvalidRequestError", "give each a label of its own",
        function() connection:execute(select(twice:subquery())) end)
      raises("InvalidRequestError", "give each a label of its own",
        function() connection:execute(select(twice:cte "c")) end)
    end
  end)

  it("are no FROM without subquery()", function()
    for _, method in ipairs { "select_from", "join", "correlate", "correlate_except" } do
      raises("ArgumentError", "a select becomes a FROM clause by :subquery()",
      function() select(a.id)[method](select(a.id), select(b.id)) end)
    end
  end)

  it("hand on nothing that is no select", function()
    raises("ArgumentError", "an exists() or a scalar subquery expected",
      function() (a.id + 1):correlate(book) end)
    raises("ArgumentError", "lateral: a name expected",
      function() select(a.id):lateral(1) end)
  end)

  it("joins are refused where no foreign key says how", function()
    raises("NoForeignKeysError", "'author' and 'shelf'",
      function() return select(a.id):join(shelf) end)
    local twice = corm.Table("twice", author.metadata,
      corm.Column("x", corm.Integer, corm.ForeignKey("author.id")),
      corm.Column("y", corm.Integer, corm.ForeignKey("author.id")))
    raises("AmbiguousForeignKeysError", "specify the 'onclause'",
      function() return select(a.id):join(twice) end)
    local other = author:alias("other")
    raises("InvalidRequestError", "multiple FROMS which can join to 'book'",
      function() return select(a.id, other.c.id):join(book) end)
    raises("InvalidRequestError", "Can't determine which FROM clause to join from",
      function() return select(corm.literal(1)):join(book) end)
  end)
end)
