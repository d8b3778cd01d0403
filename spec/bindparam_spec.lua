-- Parameters by name: given ahead, given at execution, lists, literals, functions.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local select, bindparam, Column = corm.select, corm.bindparam, corm.Column

describe("bindparam", function()
  local engine, conn, t, Item

  before_each(function()
    engine = database.engine()
    local Base = corm.declarative_base()
    Item = Base:model("Item", {
      __tablename__ = "item",
      id = Column(corm.Integer, { primary_key = true }), n = Column(corm.Integer), s = Column(corm.String(20)),
    })
    t = Item.__table__
    Base.metadata:create_all(engine)
    conn = engine:connect()
    conn:execute(corm.insert(t),
      { { id = 1, n = 10, s = "a" }, { id = 2, n = 20, s = "b" }, { id = 3, n = 30, s = "c" } })
    conn:commit()
  end)

  local function ids(stmt, params)
    local found = {}
    for row in conn:execute(stmt:order_by(t.c.id), params) do found[#found + 1] = row.id end
    return found
  end

  local function where(condition) return select(t.c.id):where(condition) end

  it("takes its value at execution, and names itself when it gets none", function()
    local stmt = where(t.c.n:gt(bindparam "low"))
    assert.same({ 2, 3 }, ids(stmt, { low = 10 }))
    assert.same({}, ids(stmt, { low = 99 }))
    raises("InvalidRequestError", "A value is required for bind parameter 'low'", ids, stmt)
    assert.equal("did you mean 'low'?", raises("InvalidRequestError", "no bind parameter 'lov'", ids, stmt,
      { low = 1, lov = 1 }).hint)
  end)

  it("has a value until another one is given", function()
    local stmt = where(t.c.n:gt(bindparam("low", 20)))
    assert.same({ 3 }, ids(stmt))
    assert.same({ 1, 2, 3 }, ids(stmt, { low = 0 }))
    assert.same({ 3 }, ids(stmt))
    raises("InvalidRequestError", "is required", ids, where(t.c.n:gt(bindparam("low", 20, { required = true }))))
    assert.same({}, ids(where(t.c.n:gt(bindparam("low", { required = false })))))
  end)

  it("gets its value from params, in subqueries and unions, too", function()
    local stmt = select(t.c.id):where(t.c.n:gt(bindparam "low"), t.c.s:in_(bindparam "names"))
    local given = stmt:params { low = 10, names = { "b", "c" } }
    assert.same({ 2, 3 }, ids(given))
    assert.same({ 3 }, ids(given, { low = 20 }))
    assert.same({ 1 }, ids(given:params { low = 0 }, { names = { "a" } }))
    assert.same({ 3 }, ids(given:where(t.c.id:gt(2))))
    assert.equal(10, given:compile().params.low)
    raises("InvalidRequestError", "A value is required for bind parameter 'names'", ids, stmt, { low = 1 })
    local part = given:subquery()
    local count = select(corm.func.count()):select_from(part)
    assert.equal(2, conn:scalar(count))
    assert.equal(1, conn:scalar(count:params { low = 20 }))
    assert.equal(0, conn:scalar(count, { low = 30 }))
    assert.equal(2, conn:scalar(select(corm.func.count()):select_from(given:cte "part")))
    local one = select(t.c.id):where(t.c.n:eq(bindparam "n"))
    local union = corm.union_all(one, select(t.c.id + 10):where(t.c.n:eq(bindparam "m"))):params { n = 10, m = 20 }
    local found = conn:execute(union):scalars():all()
    table.sort(found)
    assert.same({ 1, 12 }, found)
    local both = select(t.c.id):where(corm.or_(t.c.n:eq(bindparam "x"), t.c.s:eq(bindparam "y"))):params {
      x = corm.null, y = "c" }
    assert.same({ 3 }, ids(both))
    assert.is_false(both:compare(both:params { y = "b" }))
    local text = corm.text("SELECT id FROM item WHERE s = :s ORDER BY id")
    assert.equal(2, conn:scalar(text:params { s = "b" }))
    assert.equal(3, conn:scalar(text:columns(t.c.id):params { s = "c" }))
    local day = corm.text("SELECT count(*) FROM item WHERE :d = :d"):bindparams(bindparam("d", { type_ = corm.Date }))
    assert.equal(3, conn:scalar(day:params { d = corm.date(2026, 1, 2) }))
    local session = corm.Session { bind = engine }
    assert.equal("b", session:scalars(select(Item):where(Item.n:eq(bindparam "n")):params { n = 20 }):one().s)
    session:close()
  end)

  it("gets its value from params of an INSERT, UPDATE or DELETE, too", function()
    local function rows()
      local found = {}
      for row in conn:execute(select(t):order_by(t.c.id)) do
        found[#found + 1] = row.id .. row.s .. tostring(row.n)
      end
      return table.concat(found, " ")
    end
    local insert = corm.insert(t):values { id = bindparam "id", n = bindparam "n", s = corm.func.upper(bindparam "s") }
    conn:execute(insert:params { id = 4, n = 40, s = "d" })
    conn:execute(insert:params { id = 4, n = 50 }:params { id = 5, s = "e" })
    conn:execute(insert:params { id = 4, n = 60, s = "f" }, { id = 6 })
    conn:execute(insert:params { n = 0, s = "x" }, { { id = 7 }, { id = 8, n = 80 } })
    assert.equal("1a10 2b20 3c30 4D40 5E50 6F60 7X0 8X80", rows())
    local m = bindparam "m"
    conn:execute(corm.insert(t):values { { id = 9, n = m, s = "i" }, { id = 10, n = m, s = "j" } }:params { m = 1 })
    local update = corm.update(t):where(t.c.n:gt(bindparam "low"), t.c.id:in_(bindparam "ids"))
      :values { s = bindparam "new" }
    conn:execute(update:params { low = 40, ids = { 4, 5, 6 }, new = "u" })
    local both = select(t.c.id):where(t.c.id:eq(bindparam "a")):union(select(t.c.id):where(t.c.id:eq(bindparam "b")))
    conn:execute(corm.delete(t):where(t.c.id:in_(select(both:subquery().c.id))):params { a = 1, b = 2 })
    conn:execute(corm.delete(t):where(t.c.id:in_(bindparam "ids"), corm.text "id < :most")
      :params { ids = { 7, 8 }, most = 9 })
    assert.equal("3c30 4D40 5u50 6u60 9i1 10j1", rows())
    local other = select(t.c.id + 100, corm.cast(bindparam "n", corm.Integer)):where(t.c.id:eq(bindparam "x"))
    conn:execute(corm.insert(t):from_select({ "id", "n" }, other):params { n = 7, x = 3 })
    assert.equal(7, conn:scalar(select(t.c.n):where(t.c.id:eq(103))))
    assert.is_true(insert:compare(insert))
    assert.is_false(insert:compare(insert:params { id = 4 }))
    assert.is_false(insert:params { id = 3 }:compare(insert:params { id = 4 }))
    assert.same({ low = 40, new = "u", ids_1 = 4 }, update:params { low = 40, ids = { 4 }, new = "u" }:compile().params)
  end)

  it("of an INSERT or UPDATE has the type of its column", function()
    local Upper = corm.TypeDecorator {
      impl = corm.String, cache_ok = true,
      process_bind_param = function(_, value) return value and value:upper() end,
    }
    local own = corm.Table("item", corm.MetaData(), Column("id", corm.Integer), Column("s", Upper))
    local insert = corm.insert(own):values { id = bindparam "id", s = bindparam "word" }
    conn:execute(insert:params { id = 4, word = "given" })
    conn:execute(corm.update(own):where(own.c.id:eq(bindparam "which")):values { s = bindparam "word" }
      :params { which = 1, word = "changed" })
    assert.equal("GIVEN CHANGED", conn:scalar(select(t.c.s):where(t.c.id:eq(4))) .. " "
      .. conn:scalar(select(t.c.s):where(t.c.id:eq(1))))
    raises("ArgumentError", "params: a value or an SQL expression expected", insert.params, insert, { id = {} })
  end)

  it("of an UPDATE or DELETE counts in memory as well", function()
    for _, synchronize in ipairs { "auto", "evaluate", "fetch" } do
      local session = corm.Session { bind = conn }
      local item, other = session:get(Item, 1), session:get(Item, 3)
      local stmt = corm.update(Item):where(Item.id:eq(bindparam("which", 3))):values { n = bindparam("n", 5) }
        :params { which = 1, n = 11 }:execution_options { synchronize_session = synchronize }
      session:execute(stmt)
      assert.same({ 11, 30 }, { item.n, other.n })
      session:execute(stmt, { n = 12 })
      assert.same({ 12, 30 }, { item.n, other.n })
      session:execute(corm.delete(Item):where(Item.n:gt(bindparam "least")):params { least = 29 }
        :execution_options { synchronize_session = synchronize })
      assert.is_nil(session:get(Item, 3))
      assert.equal(item, session:get(Item, 1))
      session:rollback()
      session:close()
    end
  end)

  it("in a subquery gets its value from the statement around it", function()
    local gone = select(t.c.id):where(t.c.n:lt(bindparam "most")):params { most = 0 }:subquery()
    local delete = corm.delete(t):where(t.c.id:in_(select(gone.c.id)))
    assert.equal(0, conn:execute(delete).rowcount)
    assert.equal(1, conn:execute(delete:params { most = 20 }).rowcount)
    assert.equal(2, conn:execute(delete:params { most = 31 }).rowcount)
  end)

  it("is refused by params where the statement has none of that name", function()
    local insert = corm.insert(t):values { id = bindparam "id", s = "x" }
    local wrong = raises("ArgumentError", "params: the statement has no parameter 'idd'", insert.params, insert,
      { idd = 1 })
    assert.equal("did you mean 'id'?", wrong.hint)
    raises("ArgumentError", "the statement has no parameter 's'", insert.params, insert, { s = 1 })
    raises("ArgumentError", "has no parameter 'n'", function() return corm.update(t):params { n = 1 } end)
    raises("ArgumentError", "a table of named values expected", function() return corm.delete(t):params(1) end)
    local stmt = select(t.c.id):where(t.c.n:gt(bindparam "low"), t.c.id:gt(0))
    local err = raises("ArgumentError", "params: the statement has no parameter 'lwo'", stmt.params, stmt, { lwo = 1 })
    assert.equal("did you mean 'low'?", err.hint)
    raises("ArgumentError", "the statement has no parameter 'id_1'", stmt.params, stmt, { id_1 = 1 })
    raises("ArgumentError", "params: a plain value expected for 'low', got an SQL expression", stmt.params, stmt,
      { low = t.c.n })
    raises("ArgumentError", "params: a table of named values expected, got integer", stmt.params, stmt, 5)
    raises("ArgumentError", "params: a table of named values expected", stmt.params, stmt, { 1 })
    raises("ArgumentError", "names expected as keys", stmt.params, stmt, { [true] = 1 })
    raises("ArgumentError", "bind parameter 'ids' is expanding: a list expected", function()
      return select(t.c.id):where(t.c.id:in_(bindparam "ids")):params { ids = 5 }
    end)
  end)

  it("stands in several places", function()
    assert.same({ 2 }, ids(where(t.c.n:eq(bindparam "x") & (t.c.id * 10):eq(bindparam "x")), { x = 20 }))
    assert.same({ 2 }, ids(where(t.c.n:eq(bindparam("x", 20)) & (t.c.id * 10):eq(bindparam("x", 20)))))
    raises("CompileError", "'x' has two different values", ids,
      where(t.c.n:eq(bindparam("x", 20)) & t.c.id:eq(bindparam("x", 2))))
  end)

  it("has a name of its own when it is unique", function()
    local ten, zero = bindparam("x", 10, { unique = true }), bindparam("x", 0, { unique = true })
    assert.same({ 1 }, ids(where(t.c.n:eq(ten + zero))))
    assert.same({ param_1 = 5 }, bindparam(nil, 5):compile().params)
  end)

  it("takes a list", function()
    local stmt = where(t.c.id:in_(bindparam("ids", { expanding = true })))
    assert.same({ 1, 3 }, ids(stmt, { ids = { 1, 3 } }))
    assert.same({ 2 }, ids(stmt, { ids = { 2 } }))
    assert.same({}, ids(stmt, { ids = {} }))
    assert.same({ 1, 2 }, ids(where(t.c.id:in_(bindparam "ids")), { ids = { 1, 2, 99 } }))
    assert.same({ 3 }, ids(where(t.c.id:not_in(bindparam "ids")), { ids = { 1, 2 } }))
    assert.same({ 1, 2, 3 }, ids(where(t.c.id:not_in(bindparam "ids")), { ids = {} }))
    assert.same({ 2, 3 }, ids(where(t.c.id:in_(bindparam("ids", { 2, 3 }, { expanding = true })))))
    assert.same({ 1 }, ids(where(t.c.id:in_(bindparam("ids", { 2, 3 }, { expanding = true }))), { ids = { 1 } }))
    assert.same({ 1, 2 },
      ids(where(t.c.id:in_(bindparam "ids") & t.c.n:lt(bindparam "n")), { ids = { 1, 2, 3 }, n = 30 }))
    raises("InvalidRequestError", "A value is required for bind parameter 'ids'", ids, stmt)
    raises("ArgumentError", "a list expected, got integer", ids, stmt, { ids = 5 })
    raises("ArgumentError", "is no value", ids, stmt, { ids = { print } })
    raises("DataError", "is not an integer", ids, stmt, { ids = { "x" } })
    raises("ArgumentError", "holds one value", function() return t.c.id:in_(bindparam("x", 5)) end)
  end)

  it("takes a list of tuples", function()
    local stmt = where(corm.tuple_(t.c.id, t.c.n):in_(bindparam "pairs"))
    assert.same({ 1, 3 }, ids(stmt, { pairs = { { 1, 10 }, { 3, 30 }, { 2, 99 } } }))
    assert.same({}, ids(stmt, { pairs = {} }))
    assert.same({ 2 },
      ids(where(corm.tuple_(t.c.id, t.c.n):in_(bindparam("pairs", { { 2, 20 } }, { expanding = true })))))
    raises("ArgumentError", "element 2 must be a list of 2 values", ids, stmt, { pairs = { { 1, 10 }, { 3 } } })
    raises("ArgumentError", "have 1 values each, not 2", function()
      return corm.tuple_(t.c.id, t.c.n):in_(bindparam("x", { 1 }, { expanding = true }))
    end)
  end)

  it("takes lists and literals in sessions, too", function()
    local session = corm.sessionmaker { bind = engine } ()
    local found = session:scalars(select(Item):where(Item.id:in_(bindparam "ids")):order_by(Item.id),
      { ids = { 3, 1 } }):all()
    assert.same({ 1, 3 }, { found[1].id, found[2].id })
    local one = session:scalars(select(Item):where(Item.n:eq(bindparam("n", { literal_execute = true }))), { n = 20 })
    assert.equal(2, one:one().id)
    raises("InvalidRequestError", "A value is required for bind parameter 'ids'", function()
      session:scalars(select(Item):where(Item.id:in_(bindparam "ids"))):all()
    end)
  end)

  it("cannot be of several texts at once", function()
    local stmt = corm.delete(t):where(t.c.id:in_(bindparam "ids"))
    raises("InvalidRequestError", "several sets of parameters",
      function() conn:execute(stmt, { { ids = { 1 } }, { ids = { 2 } } }) end)
    conn:execute(stmt, { ids = { 1, 2 } })
    assert.same({ 3 }, ids(select(t.c.id)))
  end)

  it("is sent as a literal", function()
    local sent = {}
    corm.event.listen(engine, "before_cursor_execute", function(_, _, statement) sent[#sent + 1] = statement end)
    local stmt = where(t.c.s:eq(bindparam("s", { literal_execute = true, type_ = corm.String })))
    assert.same({ 2 }, ids(stmt, { s = "b" }))
    assert.is_truthy(sent[1]:find("= 'b'", 1, true), sent[1])
    assert.same({}, ids(stmt, { s = "b' OR '1' = '1" }))
    assert.is_truthy(sent[2]:find("'b'' OR ''1'' = ''1'", 1, true), sent[2])
    assert.same({ 1, 2 }, ids(where(t.c.id:in_(bindparam("ids", { literal_execute = true }))), { ids = { 1, 2 } }))
    assert.is_truthy(sent[3]:find("IN (1, 2)", 1, true), sent[3])
    assert.same({ 1 }, ids(where(t.c.id:eq(bindparam("i", 1, { literal_execute = true })))))
    assert.equal("item.s = :s", (t.c.s:eq(bindparam("s", { literal_execute = true })):compile().string))
  end)

  it("asks a function each time", function()
    local n = 0
    local stmt = where(t.c.id:eq(bindparam("x", { callable_ = function() n = n + 1; return n end })))
    collectgarbage()
    assert.same({ 1 }, ids(stmt))
    assert.same({ 2 }, ids(stmt))
    assert.same({ 3 }, ids(stmt, { x = 3 }))
    assert.equal(2, n)
    assert.same({ 1, 2 }, ids(where(t.c.id:in_(bindparam("x", { callable_ = function() return { 1, 2 } end })))))
    local failing = where(t.c.id:eq(bindparam("x", { callable_ = function() error("no luck", 0) end })))
    local ok, err = pcall(ids, failing)
    assert.is_false(ok)
    assert.equal("no luck", err)
    local bad = bindparam("x", { callable_ = function() return {} end })
    raises("ArgumentError", "is no value", ids, where(t.c.id:eq(bad)))
  end)

  it("has errors of functions that pass as they are, and the connection works on", function()
    local problem = setmetatable({}, { __name = "Problem", __index = error, __tostring = error })
    local broken = corm.TypeDecorator { impl = corm.Integer, process_bind_param = function() error(problem) end }
    local stmt = where(t.c.n:in_(bindparam("list", { expanding = true, type_ = broken })))
    for _ = 1, 3 do
      local ok, err = pcall(ids, stmt, { list = { 1 } })
      assert.is_true(not ok and rawequal(problem, err))
      raises("ArgumentError", "a table is no value", ids,
        where(t.c.n:in_(bindparam("list", { expanding = true }))), { list = { problem } })
    end
    local waiting = where(t.c.id:eq(bindparam("x", { callable_ = coroutine.yield })))
    assert.is_false((coroutine.wrap(pcall)(ids, waiting)))
    -- A function that executes a statement of the same kind.
    local inner = where(t.c.n:in_(bindparam("list", { expanding = true })))
    local outer = where(t.c.id:in_(bindparam("found", { expanding = true,
      callable_ = function() return ids(inner, { list = { 10, 30 } }) end })))
    assert.same({ 1, 3 }, ids(outer))
  end)

  it("is a value to be stored, too", function()
    local n = 7
    local later = function() n = n + 1; return n end
    conn:execute(corm.insert(t):values {
      id = bindparam(nil, { callable_ = later }), n = bindparam("n", { callable_ = later }),
    })
    conn:execute(corm.update(t):where(t.c.id:eq(8)):values { s = bindparam("new", "x", { literal_execute = true }) })
    local row = conn:execute(select(t):where(t.c.id:eq(8))):one()
    assert.equal(9, row.n)
    assert.equal("x", row.s)
  end)

  it("refuses what contradicts itself, and names of others", function()
    raises("ArgumentError", "a name expected, got integer", bindparam, 5)
    raises("ArgumentError", "callable_ must be a function", bindparam, "x", { callable_ = 5 })
    raises("ArgumentError", "either a value or callable_", bindparam, "x", 5, { callable_ = print })
    raises("ArgumentError", "a plain value", bindparam, "x", t.c.id)
    raises("ArgumentError", "a type such as", bindparam, "x", { type_ = 5 })
    raises("ArgumentError", "a name, a value and options", bindparam, "x", 1, {}, {})
    assert.equal("did you mean 'expanding'?",
      raises("ArgumentError", "expandin", bindparam, "x", { expandin = true }).hint)
    raises("CompileError", "Bind parameter 'id_1' conflicts with unique bind parameter of the same name",
      ids, where(t.c.id:eq(bindparam "id_1") & t.c.id:eq(5)), { id_1 = 1 })
    raises("CompileError", "bindparam() name 'n' is reserved",
      function() conn:execute(corm.update(t):where(t.c.id:eq(bindparam "n")), { n = 5 }) end)
  end)
end)

describe("text", function()
  local conn

  before_each(function() conn = database.engine():connect() end)

  local function one(text, params) return conn:execute(text, params):one() end

  it("finds its parameters, and nothing else", function()
    local stmt = corm.text [[SELECT :a AS x, ':a' AS y, 'it''s :b' AS z /* :c */ -- :d
      WHERE :a = :e]]
    local row = one(stmt:bindparams(bindparam("a", { type_ = corm.Integer }), bindparam("e", { type_ = corm.Integer })),
      { a = 5, e = 5 })
    assert.equal(5, row.x)
    assert.equal(":a", row.y)
    assert.equal("it's :b", row.z)
    raises("InvalidRequestError", "A value is required for bind parameter 'e'", one, stmt, { a = 5 })
  end)

  it("has values ahead, types and lists", function()
    local stmt = corm.text "SELECT 1 AS n WHERE 2 IN :ids AND 3 = :n"
    stmt = stmt:bindparams(bindparam("ids", { expanding = true, type_ = corm.Integer }), { n = 3 })
    assert.equal(1, one(stmt, { ids = { 1, 2 } }).n)
    assert.is_nil(conn:execute(stmt, { ids = { 1 } }):first())
    assert.equal(1, one(stmt, { ids = { 2 }, n = 3 }).n)
    raises("InvalidRequestError", "'ids'", one, stmt)
  end)

  it("refuses values for parameters that it has not", function()
    local stmt = corm.text "SELECT ':a', b::c /* :d */ FROM t WHERE e = :e"
    for _, name in ipairs { "a", "c", "d", "b", "ee" } do
      raises("ArgumentError", "doesn't define a bound parameter named '" .. name .. "'",
        function() return stmt:bindparams { [name] = 1 } end)
    end
    raises("ArgumentError", "named 'x'", function() return stmt:bindparams(bindparam("x", 1)) end)
    raises("ArgumentError", "a bindparam() or a table", function() return stmt:bindparams(5) end)
    raises("ArgumentError", "a string expected", corm.text, 5)
    raises("ArgumentError", "holds a NUL", corm.text, "a\0b")
    assert.same({ e = 1 }, stmt:bindparams { e = 1 }:compile().params)
  end)

  it("has columns with names and types", function()
    local row = one(corm.text "SELECT '2026-01-02' AS d, 1 AS ok":columns(corm.column("d", corm.Date),
      corm.column("ok", corm.Boolean)))
    assert.equal(corm.date(2026, 1, 2), row.d)
    assert.is_true(row.ok)
  end)

  database.only("postgresql", function()
    it("leaves casts alone", function()
      assert.equal(5, one(corm.text "SELECT '5'::int AS n, :p::text AS t", { p = "x" }).n)
      assert.equal("a:b", one(corm.text [[SELECT 'a:b' AS x, '{"k": 1}'::jsonb \:\: text AS y]]).x)
    end)
  end)
end)
