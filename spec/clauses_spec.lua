-- The clauses of SELECT on rows: limits, order, labels, locks; and what is refused before anything is sent.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local func, select, text = corm.func, corm.select, corm.text

describe("tostring", function()
  local t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }),
    corm.Column("list", corm.ARRAY(corm.Integer)), corm.Column("small", corm.dialects.mysql.TINYINT))

  it("shows what the generic dialect lacks as a database has it", function()
    local arrays = corm.Table("a", corm.MetaData(), corm.Column("list", corm.ARRAY(corm.Integer)))
    assert.is_truthy(tostring(corm.CreateTable(arrays)):find("list INTEGER[]", 1, true))
    assert.equal("t.list @> :list_1", tostring(t.c.list:contains { 1 }))
  end)

  it("never fails", function()
    assert.is_truthy(tostring(corm.CreateTable(t)):find "^<CompileError: ")
    local x, y = corm.select(t.c.id):cte("x"), corm.select(t.c.small):cte("x")
    assert.is_truthy(tostring(corm.select(x.c.id, y.c.small)):find "two different CTEs")
    assert.is_truthy(tostring(corm.select(t.c.id):union(corm.select(t))):find "^<CompileError: UNION")
  end)
end)

describe("the clauses of select", function()
  local engine, connection, metadata, t, u, User

  before_each(function()
    metadata = corm.MetaData()
    t = corm.Table("t", metadata,
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("kind", corm.String(10)),
      corm.Column("n", corm.Integer))
    u = corm.Table("u", metadata,
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("t_id", corm.Integer, corm.ForeignKey("t.id")))
    User = corm.declarative_base({ metadata = metadata }):model("User", { __table__ = t })
    engine = database.engine()
    metadata:create_all(engine)
    engine:begin(function(conn)
      conn:execute(corm.insert(t):values {
        { id = 1, kind = "a", n = 10 }, { id = 2, kind = "a", n = 20 }, { id = 3, kind = "b", n = 20 },
        { id = 4, kind = "b", n = corm.null }, { id = 5, kind = "c", n = 30 },
      })
      conn:execute(corm.insert(u):values { { id = 7, t_id = 1 }, { id = 8, t_id = 3 } })
    end)
    connection = engine:connect()
  end)

  after_each(function()
    connection:close()
    engine:dispose()
  end)

  local function ids(stmt) return connection:scalars(stmt):all() end

  local function by_id() return select(t.c.id):order_by(t.c.id) end

  it("group and order by what is selected, with the values in it", function()
    local half = t.c.n // 20
    local name = corm.case({ t.c.kind:in_ { "a", "b" }, "low" }, { else_ = corm.bindparam("other", "high") })
    local stmt = select(name:label("name"), half, func.count()):where(t.c.n:is_not(nil)):group_by(name, half)
    local rows = {}
    for row in connection:execute(stmt:order_by(name:desc(), half)) do
      rows[#rows + 1] = ("%s %d %d"):format(row:unpack())
    end
    assert.same({ "low 0 1", "low 1 2", "high 1 1" }, rows)
    local distinct = select(t.c.kind .. "!"):distinct()
    assert.same({ "a!", "b!", "c!" }, ids(distinct:order_by(distinct.selected_columns[1])))
    local sums = select(half:label("half"), func.count():label("n")):group_by(half):subquery()
    assert.equal(5, connection:scalar(select(func.sum(sums.c.n))))
  end)

  it("take rows from a position on, and so many", function()
    assert.same({ 3, 4, 5 }, ids(by_id():offset(2)))
    assert.same({ 3, 4 }, ids(by_id():slice(2, 4)))
    assert.same({ 4, 5 }, ids(by_id():offset(1):slice(2, nil)))
    assert.same({ 1, 2 }, ids(by_id():slice(nil, 2)))
    assert.same({}, ids(by_id():limit(0)))
    assert.same({ 2 }, connection:scalars(by_id():limit(corm.bindparam "n"):offset(corm.bindparam "m"),
      { n = 1, m = 1 }):all())
  end)

  it("fetch rows, with those that tie", function()
    database.needs("fetch_first", function()
      assert.same({ 1, 2 }, ids(by_id():fetch(2)))
      assert.same({ 3, 4 }, ids(by_id():fetch(2):offset(2)))
      local stmt = select(t.c.id):where(t.c.n:is_not(nil)):order_by(t.c.n)
      local tied = ids(stmt:fetch(2, { with_ties = true }))
      table.sort(tied)
      assert.same({ 1, 2, 3 }, tied)
    end)
  end)

  it("are distinct on columns", function()
    local stmt = select(t.c.id):distinct(t.c.kind):order_by(t.c.kind, t.c.id:desc())
    if database.lacks "distinct_on" then
      raises("CompileError", "DISTINCT ON; number the rows", function() connection:execute(stmt) end)
    else
      assert.same({ 2, 4, 5 }, ids(stmt))
    end
  end)

  it("order by labels, and NULL where it is asked for", function()
    local twice = (t.c.n * 2):label "twice"
    local stmt = select(t.c.id, twice):where(t.c.n:is_not(nil))
    assert.same({ 5, 2, 3, 1 }, ids(stmt:order_by(twice:desc(), t.c.id)))
    assert.same({ 5, 2, 3, 1 }, ids(stmt:order_by(corm.desc "twice", "id")))
    assert.same({ 20, 40, 60 }, ids(select(twice):where(t.c.n:is_not(nil)):group_by "twice":order_by "twice"))
    if database.lacks "nulls_order" then
      raises("CompileError", "is_(nil):desc()", function() ids(select(t.c.id):order_by(t.c.n:nulls_first())) end)
      assert.same({ 4, 1, 2, 3, 5 }, ids(select(t.c.id):order_by(t.c.n:is_(nil):desc(), t.c.n, t.c.id)))
    else
      assert.same({ 4, 1, 2, 3, 5 }, ids(select(t.c.id):order_by(t.c.n:nulls_first(), t.c.id)))
      assert.same({ 5, 2, 3, 1, 4 }, ids(select(t.c.id):order_by(t.c.n:desc():nulls_last(), t.c.id)))
    end
  end)

  it("carry prefixes, suffixes and hints to the database", function()
    local stmt = by_id():prefix_with(text "/* first */"):suffix_with(text "/* last */")
      :with_statement_hint(text "/* hint */"):limit(1)
    assert.same({ 1 }, ids(stmt))
    assert.same({ 1, 2, 3, 4, 5 }, ids(by_id():with_hint(t, text "ONLY", "postgresql")
      :with_hint(t, text "USE INDEX (PRIMARY)", "mariadb"):prefix_with(text "SQL_NO_CACHE", { dialect = "mariadb" })))
  end)

  it("find columns in rows by object, label and name", function()
    local stmt = select(t.c.id, u.c.id, t.c.n:label "count"):join(u):order_by(t.c.id)
    local row = connection:execute(stmt):first()
    assert.same({ 1, 7, 10 }, { row.id, row.id_1, row.count })
    assert.same({ 1, 7 }, { row[t.c.id], row[u.c.id] })
    row = connection:execute(stmt:set_label_style(corm.LABEL_STYLE_TABLENAME_PLUS_COL)):first()
    assert.same({ 1, 7, 10 }, { row.t_id, row.u_id, row.count })
    assert.same({ 1, 7 }, { row[t.c.id], row[u.c.id] })
    row = connection:execute(stmt:set_label_style(corm.LABEL_STYLE_NONE)):first()
    assert.same({ 1, 7 }, { row[t.c.id], row[u.c.id] })
    raises("AmbiguousColumnError", "'id'", function() return row.id end)
  end)

  it("reach both columns of one name in a subquery", function()
    local q = select(t.c.id, u.c.id, t.c.id):join(u):subquery "q"
    local keys = {}
    for column in q.c do keys[#keys + 1] = column.key end
    assert.same({ "id", "id_1", "id_2" }, keys)
    assert.same({ 7, 8 }, ids(select(q.c.id_1):order_by(q.c.id)))
    local row = connection:execute(select(q):where(q.c.id_1:eq(8))):first()
    assert.same({ 3, 8, 3 }, { row:unpack() })
  end)

  describe("lock rows", function()
    local other

    before_each(function() other = engine:connect() end)
    after_each(function() other:close() end)

    local function locked(fn)
      connection:begin()
      assert.equal(2, connection:scalar(select(t.c.id):where(t.c.id:eq(2)):with_for_update()))
      other:begin()
      fn(by_id():where(t.c.id:le(3)))
      other:rollback()
      connection:rollback()
    end

    it("so that another does not wait for them", function()
      database.needs("row_locks", function()
        locked(function(stmt)
          local err = raises("LockTimeoutError", "", function()
            other:scalars(stmt:with_for_update { nowait = true }):all()
          end)
          assert.is_true(err:is "OperationalError")
          other:rollback()
          other:begin()
          raises("LockTimeoutError", "", function()
            other:scalars(stmt:with_for_update { read = true, nowait = true }):all()
          end)
        end)
      end)
    end)

    it("so that another leaves them out", function()
      database.needs("row_locks", function()
        locked(function(stmt)
          assert.same({ 1, 3 }, other:scalars(stmt:with_for_update { skip_locked = true }):all())
        end)
      end)
    end)

    it("to be read by several", function()
      connection:begin()
      local stmt = by_id():limit(2):with_for_update { read = true }
      assert.same({ 1, 2 }, ids(stmt))
      if not database.lacks "row_locks" then assert.same({ 1, 2 }, other:scalars(stmt):all()) end
      connection:rollback()
    end)

    it("of the named tables", function()
      connection:begin()
      assert.same({ 1, 3 }, ids(by_id():join(u):with_for_update { of = t, nowait = true }))
      if database.name == "postgresql" then
        assert.same({ 7, 8 }, other:scalars(select(u.c.id):order_by(u.c.id):with_for_update { nowait = true }):all())
      end
      connection:rollback()
    end)

    it("of objects", function()
      local session <close> = corm.Session(engine)
      local user = session:query(User):where(User.id:eq(2)):with_for_update():one()
      assert.equal(20, user.n)
      assert.equal(user, session:scalars(select(User):where(User.id:eq(2)):with_for_update { of = User }):one())
      if not database.lacks "row_locks" then
        raises("LockTimeoutError", "", function()
          other:execute(select(t.c.id):where(t.c.id:eq(2)):with_for_update { nowait = true })
        end)
      end
      session:rollback()
      raises("InvalidRequestError", "locks", function() session:query(User):with_for_update():get(2) end)
    end)
  end)

  it("refuse what is no number of rows", function()
    for _, method in ipairs { "limit", "offset", "fetch" } do
      for _, bad in ipairs { -1, 2.5, 0 / 0, 2.0 ^ 63, math.huge, "1; drop", "1", true, {} } do
        raises("ArgumentError", method, function() local stmt = by_id() stmt[method](stmt, bad) end)
      end
    end
    raises("ArgumentError", "stops before it starts: 3, 1", function() by_id():slice(3, 1) end)
    raises("ArgumentError", "slice", function() by_id():slice(-1, 1) end)
    raises("ArgumentError", "positions are whole numbers", function() by_id():slice(func.length "a", 1) end)
    raises("ArgumentError", "too large", function() by_id():offset(math.maxinteger):slice(1, 2) end)
  end)

  it("refuse other wrong calls", function()
    local stmt = by_id()
    raises("ArgumentError", "exclude each other", stmt.with_for_update, stmt, { nowait = true, skip_locked = true })
    raises("ArgumentError", "'of' names tables", stmt.with_for_update, stmt, { of = "t" })
    raises("ArgumentError", "empty table", stmt.with_for_update, stmt, { of = {} })
    assert.equal("did you mean 'nowait'?",
      raises("ArgumentError", "nowiat", stmt.with_for_update, stmt, { nowiat = true }).hint)
    raises("ArgumentError", "corm.text", stmt.prefix_with, stmt, "*/ DROP TABLE t")
    raises("ArgumentError", "corm.text", stmt.suffix_with, stmt, t.c.id)
    raises("ArgumentError", "corm.text", stmt.with_hint, stmt, t, "x")
    raises("ArgumentError", "corm.text", stmt.with_statement_hint, stmt, "x")
    raises("ArgumentError", "expected", stmt.prefix_with, stmt)
    assert.equal("did you mean 'mysql'?",
      raises("ArgumentError", "mysq", stmt.prefix_with, stmt, text "x", { dialect = "mysq" }).hint)
    raises("ArgumentError", "style", stmt.set_label_style, stmt, "LABEL_STYLE")
    raises("ArgumentError", "style", stmt.set_label_style, stmt, 1)
    raises("ArgumentError", "no label or column", stmt.order_by, stmt, corm.desc "1; drop")
    raises("ArgumentError", "distinct", stmt.distinct, stmt, "id")
    raises("CompileError", "ONLY", function()
      stmt:with_hint(t, text "USE INDEX (i)"):compile { dialect = "postgresql" }
    end)
    local update = corm.update(t)
    raises("ArgumentError", "update has no method", update.with_for_update, update)
  end)

  it("tell what a select has", function()
    local stmt = select(t, u.c.id, func.count():label "n"):where(t.c.id:eq(1))
    local keys = {}
    for i, column in ipairs(stmt.selected_columns) do keys[i] = column.name end
    assert.same({ "id", "kind", "n", "id", "n" }, keys)
    assert.is_true(rawequal(t.c.id, stmt.selected_columns.id))
    assert.is_true(rawequal(u.c.id, stmt.exported_columns.id_1))
    assert.equal("t.id = :id_1", tostring(stmt.whereclause))
    assert.is_nil(select(t).whereclause)
    local froms = stmt:get_final_froms()
    assert.equal(2, #froms)
    assert.is_true(rawequal(t, froms[1]) and rawequal(u, froms[2]))
    assert.equal(1, #select(t.c.id):where(u.c.id:eq(1)).columns_clause_froms)
    assert.equal(2, #select(t.c.id):where(u.c.id:eq(1)).froms)
    local alias = corm.aliased(User)
    local described = select(User, alias, User.n, func.count(), text "x").column_descriptions
    assert.equal(4, #described)
    assert.same({ "User", false, "n", "count_1" },
      { described[1].name, described[1].aliased, described[3].name, described[4].name })
    assert.is_true(described[2].aliased)
    assert.is_true(described[1].entity == User and described[1].type == User and described[3].entity == User)
    assert.is_nil(described[4].entity)
    local session <close> = corm.Session(engine)
    assert.equal("User", session:query(User).column_descriptions[1].name)
    raises("ArgumentError", "insert has no field 'whereclause'", function() return corm.insert(t).whereclause end)
    assert.equal("t.id = :id_1", tostring(corm.delete(t):where(t.c.id:eq(1)).whereclause))
    local both = select(t.c.id, u.c.id):union(select(u.c.id, t.c.id))
    assert.equal(2, #both.selected_columns)
    assert.equal("id_1", both:subquery().c[2].key)
    raises("ArgumentError", "has no field 'froms'", function() return both.froms end)
  end)

  it("refuse to negate nothing, and to take no condition for all rows", function()
    raises("CompileError", "no condition", function() connection:execute(by_id():where(corm.not_(corm.and_()))) end)
    raises("ArgumentError", "all = true", function() connection:execute(corm.delete(t):where(corm.or_())) end)
    assert.same({ 1, 2, 3, 4, 5 }, ids(by_id():where(corm.and_(), corm.or_())))
  end)

  it("have no literal where there is none", function()
    local function literal(x, dialect) return x:compile({ dialect = dialect, literal_binds = true }).string end
    raises("CompileError", "'x' without a renderable value", literal, t.c.id:eq(corm.bindparam "x"))
    raises("DataError", "nan", literal, corm.literal(0 / 0))
    raises("DataError", "infinite", literal, corm.literal(math.huge), "mysql")
    raises("DataError", "NUL", literal, t.c.kind:eq "a\0b")
    raises("DataError", "not an integer", literal, t.c.id:eq "1; drop")
    local array = corm.literal({ 1, 2 }, corm.ARRAY(corm.Integer))
    raises("CompileError", "no SQL literal", literal, array, "sqlite")
    assert.equal("ARRAY[1, 2]::INTEGER[]", literal(array, "postgresql"))
    local stmt = t.c.id:in_ { 1, 2 }
    assert.equal(tostring(stmt), stmt:compile({ compile_kwargs = { render_postcompile = true } }).string)
    assert.equal(tostring(stmt), stmt:compile({ render_postcompile = true }).string)
  end)

  it("mean with literals what they mean with values", function()
    local tricky = { "it's", "a\\b", "\\'; -- ", '"', "%_", ":x", "é\n" }
    for _, value in ipairs(tricky) do
      local stmt = select(corm.literal(value, corm.String(20)))
      local sql = stmt:compile({ dialect = database.name, literal_binds = true }).string
      assert.equal(value, connection:scalar(text(sql)), sql)
    end
  end)
end)
