-- What DDL makes, on each database: sequences, computed columns, comments, views, schemas, and what events add.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Column, Integer, String, select = corm.Column, corm.Integer, corm.String, corm.select

local function id()
  return Column("id", Integer, { primary_key = true })
end

describe("objects of a schema", function()
  local engine, metadata, name

  database.each(before_each, after_each, function(...)
    engine, name = ...
    metadata = corm.MetaData()
  end)

  local function execute(statement)
    return engine:begin(function(connection) return connection:execute(statement) end)
  end

  local function rows(statement)
    return engine:begin(function(connection)
      local list = {}
      for row in connection:execute(statement) do list[#list + 1] = { row:unpack() } end
      return list
    end)
  end

  it("have keys by Identity, which is a key as others where there is no such thing", function()
    local t = corm.Table("t", metadata, Column("id", Integer, corm.Identity { start = 5 }, { primary_key = true }),
      Column("n", Integer))
    metadata:create_all(engine)
    execute(t:insert():values { n = 7 })
    execute(t:insert():values { n = 8 })
    local list = rows(select(t.c.id):order_by(t.c.n))
    assert.equal(list[1][1] + 1, list[2][1])
    if database.name == "postgresql" then assert.same({ { 5 }, { 6 } }, list) end
  end)

  it("compute columns, which are read back and never written", function()
    local Base = corm.declarative_base()
    local Square = Base:model("Square", { __tablename__ = "square", id = id(), side = Column(Integer),
      area = Column(Integer, corm.Computed("side * side", { persisted = true })) })
    Base.metadata:create_all(engine)
    local session = corm.Session { bind = engine }
    local square = Square { side = 3 }
    session:add(square)
    session:flush()
    assert.equal(9, square.area)
    square.side = 4
    session:commit()
    assert.equal(16, square.area)
    assert.equal("4|16", database.shell(name, "SELECT side, area FROM square"))
    session:close()
  end)

  it("bear the names of a convention, cut where they are too long", function()
    metadata = corm.MetaData { naming_convention = { ix = "ix_%(table_name)s_%(column_0_N_name)s",
      uq = "uq_%(table_name)s_%(column_0_name)s", shout = function(_, t) return t.name:upper() end,
      ck = "ck_%(shout)s_%(constraint_name)s" } }
    local t = corm.Table("t", metadata, id(), Column("a", Integer, { unique = true }), Column("b", Integer),
      corm.Index(nil, "a", "b"), corm.CheckConstraint("b > 5", { name = "pos" }))
    local long = corm.Table(("long_"):rep(10), metadata, id(), Column(("name_"):rep(10), Integer, { index = true }))
    metadata:create_all(engine)
    assert.is_truthy((" " .. database.indexes(name) .. " "):find(" ix_t_a_b ", 1, true))
    if database.name ~= "sqlite" then assert.is_truthy(database.indexes(name):find "ix_long_[%w_]*_%x%x%x%x") end
    raises("IntegrityError", database.name == "sqlite" and "t.a" or "uq_t_a", function()
      execute(t:insert():values { { a = 1, b = 6 }, { a = 1, b = 7 } })
    end)
    raises("IntegrityError", "ck_T_pos", function() execute(t:insert():values { a = 1, b = 2 }) end)
    assert.equal("ck_T_pos", t.constraints[2].name)
    metadata:drop_all(engine, { tables = { long } })
  end)

  it("run what events add, before and after", function()
    local t = corm.Table("t", metadata, id())
    local told = {}
    local function note(what)
      return function(target, connection, options)
        assert.is_true(connection:execute(select(corm.literal(1))):scalar() == 1)
        told[#told + 1] = what .. " " .. tostring(target) .. (options.checkfirst == nil and "" or " checked")
      end
    end
    for _, event in ipairs { "before_create", "after_create", "before_drop", "after_drop" } do
      corm.event.listen(t, event, note(event))
      corm.event.listen(metadata, event, note(event))
    end
    local insert = corm.DDL "INSERT INTO %(table)s (id) VALUES (7)"
    corm.event.listen(t, "after_create", insert)
    corm.event.listen(t, "after_create", corm.DDL("no SQL"):execute_if { dialect = "oracle" })
    corm.event.listen(t, "after_create", corm.DDL("no SQL"):execute_if { callable_ = function(_, target, bind, how)
      return target ~= t or bind == nil or how.dialect ~= engine.name
    end })
    assert.is_true(corm.event.contains(t, "after_create", insert))
    metadata:create_all(engine)
    assert.same({ { 7 } }, rows(select(t)))
    metadata:drop_all(engine)
    assert.same({ "before_create MetaData()", "before_create t", "after_create t", "after_create MetaData()",
      "before_drop MetaData()", "before_drop t", "after_drop t", "after_drop MetaData()" }, told)
    corm.event.remove(t, "after_create", insert)
    metadata:create_all(engine)
    assert.same({}, rows(select(t)))
  end)

  it("are not made when an event fails", function()
    local t = corm.Table("t", metadata, id())
    corm.event.listen(t, "before_create", function() error("stop", 0) end)
    local ok, err = pcall(metadata.create_all, metadata, engine)
    assert.is_false(ok)
    assert.equal("stop", err)
    assert.equal("", database.tables(name))
  end)

  it("are views and tables made of a select", function()
    local t = corm.Table("t", metadata, id(), Column("n", String(20)))
    metadata:create_all(engine)
    execute(t:insert():values { { id = 1, n = "it's" }, { id = 2, n = "b" } })
    local view = corm.CreateView(select(t.c.id, t.c.n:label("word")):where(t.c.n:eq("it's")), "v")
    execute(view)
    assert.same({ { 1, "it's" } }, rows(select(view.table)))
    assert.same({ { "it's" } }, rows(select(view.table.c.word)))
    execute(corm.DropView(view))
    execute(corm.DropView(view, { if_exists = true }))
    local made = corm.CreateTableAs(select(t.c.id):where(t.c.id:gt(1)), "n", { metadata = metadata })
    execute(made)
    assert.same({ { 2 } }, rows(select(made.table.c.id)))
    assert.equal(metadata.tables.n, made.table)
    execute(corm.DropTable(made.table, { if_exists = true }))
    local into = select(t.c.n):into("m")
    execute(into)
    assert.same({ { 2 } }, rows(select(corm.func.count()):select_from(into.table)))
  end)

  it("are copied into another MetaData", function()
    local other = corm.MetaData()
    corm.Table("p", metadata, id()):to_metadata(other)
    local to_p = corm.ForeignKey("p.id", { ondelete = "CASCADE", info = { note = "x" } })
    corm.Table("t", metadata, id(), Column("p_id", to_p, { index = true }),
      corm.CheckConstraint("p_id > 0", { name = "ck" })):to_metadata(other)
    local key = other.tables.t.c.p_id.foreign_keys[1]
    assert.same({ { note = "x" }, "CASCADE" }, { key.info, key.ondelete })
    assert.is_false(rawequal(key.info, metadata.tables.t.c.p_id.foreign_keys[1].info))
    other:create_all(engine)
    assert.equal("p t", database.tables(name))
    assert.is_truthy(database.indexes(name):find("ix_t_p_id", 1, true))
    raises("IntegrityError", "", function() execute(other.tables.t:insert():values { id = 1, p_id = 5 }) end)
    raises("IntegrityError", "", function() execute(other.tables.t:insert():values { id = 2, p_id = 0 }) end)
  end)

  it("are shown and not made by a mock engine", function()
    corm.Table("t", metadata, id(), Column("n", String(5), { index = true }), { comment = "x" })
    local shown = {}
    local mock = corm.create_mock_engine("postgresql://", function(element)
      shown[#shown + 1] = tostring(element):gsub("%s+", " "):match "^%s*(.-)%s*$"
    end)
    metadata:create_all(mock)
    metadata:drop_all(mock)
    assert.same({ "CREATE TABLE t ( id SERIAL NOT NULL, n VARCHAR(5), PRIMARY KEY (id) )",
      "CREATE INDEX ix_t_n ON t (n)", "COMMENT ON TABLE t IS 'x'", "DROP TABLE t" }, shown)
    raises("ArgumentError", "a function expected", corm.create_mock_engine, "sqlite://")
  end)

  it("are sorted, and keys of a cycle stand apart", function()
    local a = corm.Table("a", metadata, id(), Column("b_id", corm.ForeignKey("b.id", { name = "a_b" })))
    local b = corm.Table("b", metadata, id(), Column("a_id", corm.ForeignKey("a.id")))
    local c = corm.Table("c", metadata, id(), Column("d_id", corm.ForeignKey("d.id")), Column("up",
      corm.ForeignKey("c.id")))
    local d = corm.Table("d", metadata, id())
    assert.same({ d, c }, corm.sort_tables { c, d })
    local list = corm.sort_tables_and_constraints { a, b, c, d }
    assert.same({ d, c, a, b }, { list[1][1], list[2][1], list[3][1], list[4][1] })
    assert.equal(2, #list[2][2])
    assert.equal(0, #list[3][2])
    assert.is_nil(list[5][1])
    assert.equal("a_b", list[5][2][1].name)
    local shown = {}
    metadata:create_all(corm.create_mock_engine("postgresql://", function(element)
      shown[#shown + 1] = tostring(element):match "a_b"
    end), { tables = { a, b } })
    assert.same({ "a_b" }, shown)
    raises("ArgumentError", "a list of tables expected", corm.sort_tables, { 5 })
    raises("ArgumentError", "a list of tables expected", corm.sort_tables, 5)
    raises("ArgumentError", "a list of tables expected", corm.sort_tables)
  end)

  database.needs("sequences", function()
    it("draw numbers from sequences", function()
      local own = corm.Sequence("own", { start = 10, increment = 5, metadata = metadata })
      local t = corm.Table("t", metadata, Column("id", Integer, corm.Sequence("of_t", { start = 7 }),
        { primary_key = true }), Column("n", Integer))
      metadata:create_all(engine)
      metadata:create_all(engine)
      execute(t:insert():values { n = 1 })
      engine:begin(function(connection)
        assert.equal(8, connection:execute(t:insert():values { n = 2 }).inserted_primary_key[1])
      end)
      assert.same({ { 7, 1 }, { 8, 2 } }, rows(select(t):order_by(t.c.id)))
      assert.same({ { 10 } }, rows(select(own:next_value())))
      assert.same({ { 15 } }, rows(select(corm.func.next_value(own))))
      metadata:drop_all(engine)
      raises("ProgrammingError", "own", rows, select(own:next_value()))
    end)
  end)

  database.needs("comments", function()
    it("keep comments", function()
      local t = corm.Table("t", metadata, id(), Column("a", Integer, { comment = "it's a" }), { comment = "a table" })
      metadata:create_all(engine)
      local asked = {
        postgresql = "SELECT obj_description('t'::regclass), col_description('t'::regclass, 2)",
        mariadb = "SELECT table_comment, column_comment FROM information_schema.tables JOIN information_schema.columns "
          .. "USING (table_schema, table_name) WHERE table_schema = database() AND column_name = 'a'",
      }
      assert.equal("a table|it's a", database.shell(name, asked[database.name]))
      execute(corm.DropTableComment(t))
      execute(corm.DropColumnComment(t.c.a))
      assert.equal("|", database.shell(name, asked[database.name]))
    end)
  end)

  database.only("postgresql", function()
    it("lie in schemas", function()
      local t = corm.Table("t", metadata, id(), { schema = "Other One" })
      execute(corm.CreateSchema("Other One"))
      execute(corm.CreateSchema("Other One", { if_not_exists = true }))
      metadata:create_all(engine)
      execute(t:insert():values { id = 3 })
      assert.equal("3", database.shell(name, 'SELECT id FROM "Other One".t'))
      execute(corm.DropSchema("Other One", { cascade = true }))
      raises("ProgrammingError", "", rows, select(t))
    end)

    it("exclude rows that overlap", function()
      local span = Column("span", corm.dialects.postgresql.INT4RANGE)
      local t = corm.Table("t", metadata, id(), span,
        corm.dialects.postgresql.ExcludeConstraint({ span, "&&" }, { name = "no_overlap" }))
      metadata:create_all(engine)
      execute(t:insert():values { span = "[1,5)" })
      raises("IntegrityError", "no_overlap", function() execute(t:insert():values { span = "[4,6)" }) end)
      execute(corm.DropConstraint(t.constraints[2]))
      execute(t:insert():values { span = "[4,6)" })
    end)
  end)

  database.needs("expression_indexes", function()
    it("index what an expression makes, downwards, and only once", function()
      local t = corm.Table("t", metadata, id(), Column("n", Integer), Column("m", Integer))
      corm.Index("i", (t.c.n + t.c.m):desc(), corm.func.abs(t.c.m):asc(), { unique = true })
      metadata:create_all(engine)
      execute(t:insert():values { { n = 1, m = 5 }, { n = 2, m = 5 } })
      raises("IntegrityError", "", execute, t:insert():values { n = 11, m = -5 })
      assert.same({ { 2 } }, rows(select(corm.func.count()):select_from(t)))
    end)
  end)

  database.only("sqlite", function()
    it("lie in attached files", function()
      local t = corm.Table("t", metadata, id(), Column("n", Integer, { index = true }), { schema = "other" })
      local connection = engine:connect()
      connection:exec_driver_sql(("ATTACH '%s' AS other"):format(database.path()))
      connection:commit()
      metadata:create_all(connection)
      connection:execute(t:insert():values { n = 4 })
      assert.equal(4, connection:scalar(select(t.c.n)))
      local count = "SELECT count(*) FROM other.sqlite_master WHERE type = 'index'"
      assert.equal(1, connection:exec_driver_sql(count):scalar())
      connection:close()
      assert.equal("", database.tables(name))
    end)

    it("say what happens on a conflict", function()
      local t = corm.Table("t", metadata, Column("a", Integer, { primary_key = true,
        sqlite_on_conflict_primary_key = "REPLACE" }), Column("b", Integer, { unique = true,
        sqlite_on_conflict_unique = "IGNORE" }))
      metadata:create_all(engine)
      execute(t:insert():values { { a = 1, b = 1 }, { a = 1, b = 2 }, { a = 2, b = 2 } })
      assert.same({ { 1, 2 } }, rows(select(t)))
    end)
  end)
end)

describe("what is wrong with schema objects", function()
  it("is said before anything is sent", function()
    local m = corm.MetaData()
    raises("ArgumentError", "did you mean 'mysql_engine'", corm.Table, "t", m, id(), { mysql_engin = "InnoDB" })
    raises("ArgumentError", "must be a plain word", corm.Table, "t", m, id(), { mysql_engine = "InnoDB; DROP" })
    raises("ArgumentError", "must be a boolean", corm.Table, "t", m, id(), { postgresql_with_oids = "yes" })
    raises("ArgumentError", "ROLLBACK, ABORT", corm.UniqueConstraint, "a", { sqlite_on_conflict = "EXPLODE" })
    raises("ArgumentError", "a list of words", corm.Table, "t", m, id(), { prefixes = { "TEMPORARY; DROP" } })
    raises("ArgumentError", "unexpected match", corm.ForeignKey, "t.a", { match = "SOME" })
    raises("ArgumentError", "increment must not be 0", corm.Sequence, "s", { increment = 0 })
    raises("ArgumentError", "given and denied", corm.Identity, { minvalue = 1, nominvalue = true })
    raises("ArgumentError", "no default and no Identity", Column, "a", Integer, corm.Computed "1", { default = 1 })
    raises("ArgumentError", "needs its quotes", Column, "a b", Integer, { quote = false })
    raises("ArgumentError", "did you mean 'table_name'", corm.MetaData,
      { naming_convention = { uq = "%(table_nam)s" } })
    raises("ArgumentError", "did you mean 'uq'", corm.MetaData, { naming_convention = { uk = "x" } })
    raises("InvalidRequestError", "needs constraints with a name", corm.Table, "t",
      corm.MetaData { naming_convention = { ck = "%(constraint_name)s" } }, id(), corm.CheckConstraint("id > 5"))
    raises("InvalidRequestError", "did you mean 'after_create'", corm.event.listen, m, "after_creat", print)
    raises("ArgumentError", "a select expected", corm.CreateView, 5, "v")
    raises("ArgumentError", "belongs to no table", corm.AddConstraint, corm.UniqueConstraint("a"))
    raises("ArgumentError", "exclude each other", corm.Table, "t", m, id(),
      { keep_existing = true, extend_existing = true })
    raises("ArgumentError", "no DDL", function() select(corm.literal(1)):execute_if { dialect = "sqlite" } end)
  end)
end)
