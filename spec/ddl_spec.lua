local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

local Column, Integer, String = corm.Column, corm.Integer, corm.String

local function create(...)
  local t = corm.Table("t", corm.MetaData(), ...)
  return sql.of(corm.CreateTable(t)), sql.of(corm.CreateTable(t), "sqlite")
end

describe("CREATE TABLE", function()
  it("has columns, NULL rules and the primary key", function()
    local generic, sqlite = create(Column("id", Integer, { primary_key = true }), Column("name", String(50),
      { nullable = false }),
      Column("age", corm.SmallInteger))
    local text = "CREATE TABLE t (id INTEGER NOT NULL, name VARCHAR(50) NOT NULL, age SMALLINT, PRIMARY KEY (id))"
    assert.equal(text, generic)
    assert.equal(text, sqlite)
  end)

  it("leaves out what every table has by itself", function()
    local t = corm.Table("t", corm.MetaData(), Column("id", Integer, { primary_key = true }),
      Column("xmin", Integer, { system = true }))
    assert.equal("CREATE TABLE t (id INTEGER NOT NULL, PRIMARY KEY (id))", sql.of(corm.CreateTable(t)))
    assert.equal("CREATE TABLE t (id INTEGER NOT NULL, PRIMARY KEY (id))",
      sql.of(corm.CreateTable(t:to_metadata(corm.MetaData()))))
    assert.equal("SELECT t.id, t.xmin FROM t", sql.of(corm.select(t)))
  end)

  it("has a composite primary key, and a named one", function()
    assert.equal("CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b))",
      (create(Column("a", Integer, { primary_key = true }), Column("b", Integer, { primary_key = true }))))
    assert.equal("CREATE TABLE t (a INTEGER NOT NULL, CONSTRAINT pk PRIMARY KEY (a))",
      (create(Column("a", Integer), corm.PrimaryKeyConstraint("a", { name = "pk" }))))
  end)

  it("has SQLite's own forms", function()
    local _, sqlite = create(Column("id", Integer, { primary_key = true }), { sqlite_autoincrement = true })
    assert.equal("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT)", sqlite)
    _, sqlite = create(Column("id", Integer, { primary_key = true }), { sqlite_strict = true,
      sqlite_with_rowid = false })
    assert.equal("CREATE TABLE t (id INTEGER NOT NULL, PRIMARY KEY (id)) WITHOUT ROWID, STRICT", sqlite)
  end)

  it("has unique, check and foreign key constraints in the order of writing", function()
    local metadata = corm.MetaData()
    corm.Table("p", metadata, Column("id", Integer, { primary_key = true }))
    local t = corm.Table("t", metadata,
      Column("id", Integer, { primary_key = true }),
      Column("p_id", Integer, corm.ForeignKey("p.id", { name = "fk_p", ondelete = "set null", onupdate = "CASCADE",
        deferrable = true, initially = "deferred" })),
      Column("name", String, { unique = true }),
      corm.UniqueConstraint("p_id", "name", { name = "uq" }),
      corm.CheckConstraint("id > 0", { name = "ck" }))
    assert.equal("CREATE TABLE t (id INTEGER NOT NULL, p_id INTEGER, name VARCHAR, PRIMARY KEY (id), "
      .. "CONSTRAINT uq UNIQUE (p_id, name), CONSTRAINT ck CHECK (id > 0), "
      .. "CONSTRAINT fk_p FOREIGN KEY(p_id) REFERENCES p (id) ON DELETE SET NULL ON UPDATE CASCADE "
      .. "DEFERRABLE INITIALLY DEFERRED, UNIQUE (name))",
      sql.of(corm.CreateTable(t)))
  end)

  it("has checks made of expressions, without binds and without the table", function()
    local a, b = Column("a", Integer), Column("b", String)
    local generic = create(a, b, corm.CheckConstraint(a:gt(5)), corm.CheckConstraint(b:in_ { "x'y", "z" }))
    assert.equal("CREATE TABLE t (a INTEGER, b VARCHAR, CHECK (a > 5), CHECK (b IN ('x''y', 'z')))", generic)
  end)

  it("has the checks of Boolean and Enum where they are asked for", function()
    local generic, sqlite = create(Column("b", corm.Boolean), Column("c", corm.Boolean { create_constraint = true,
      name = "cb" }),
      Column("e", corm.Enum("x", "it's", { create_constraint = true, name = "ce" })))
    assert.equal("CREATE TABLE t (b BOOLEAN, c BOOLEAN, e VARCHAR(4), CONSTRAINT cb CHECK (c IN (0, 1)), "
      .. "CONSTRAINT ce CHECK (e IN ('x', 'it''s')))", sqlite)
    -- The generic dialect has real booleans.
    assert.equal("CREATE TABLE t (b BOOLEAN, c BOOLEAN, e VARCHAR(4), CONSTRAINT ce CHECK (e IN ('x', 'it''s')))",
      generic)
  end)

  it("has server defaults, quoted or as they are", function()
    local generic, sqlite = create(Column("a", String, { server_default = "it's" }),
      Column("b", Integer, { server_default = corm.text "5 + 1" }), Column("c", corm.DateTime,
        { server_default = corm.func.now() }))
    assert.equal("CREATE TABLE t (a VARCHAR DEFAULT 'it''s', b INTEGER DEFAULT 5 + 1, c DATETIME DEFAULT now())",
      generic)
    assert.is_truthy(sqlite:find("b INTEGER DEFAULT (5 + 1)", 1, true))
  end)

  it("leaves out what the database provides by other means", function()
    local generic = create(Column("a", Integer, { server_default = corm.FetchedValue(),
      server_onupdate = corm.FetchedValue() }))
    assert.equal("CREATE TABLE t (a INTEGER)", generic)
    raises("ArgumentError", "FetchedValue()", Column, "a", Integer, { server_onupdate = "now" })
  end)

  it("quotes the names that need it, and no others", function()
    local metadata = corm.MetaData()
    local t = corm.Table("Order", metadata, Column("select", Integer), Column("a b", Integer), Column('q"q', Integer),
      Column("plain_1", Integer), Column("1st", Integer))
    assert.equal('CREATE TABLE "Order" ("select" INTEGER, "a b" INTEGER, "q""q" INTEGER, '
      .. 'plain_1 INTEGER, "1st" INTEGER)',
      sql.of(corm.CreateTable(t)))
  end)

  it("needs the table that gives a foreign key's column its type", function()
    local t = corm.Table("t", corm.MetaData(), Column("p", corm.ForeignKey("nowhere.id")))
    raises("NoReferencedTableError", "nowhere", function() return corm.CreateTable(t):compile() end)
    assert.is_truthy(tostring(corm.CreateTable(t)):find("^<NoReferencedTableError: "))
  end)
end)

describe("CREATE INDEX and the DROPs", function()
  local t
  before_each(function()
    t = corm.Table("t", corm.MetaData(), Column("a", Integer), Column("b", String, { index = true, unique = true }))
  end)

  it("show plain, unique, functional and partial indexes", function()
    assert.equal("CREATE UNIQUE INDEX ix_t_b ON t (b)", sql.of(corm.CreateIndex(t.indexes[1])))
    local index = corm.Index("ix", t.c.a:desc(), corm.func.lower(t.c.b), { sqlite_where = t.c.a:gt(5) })
    assert.equal("CREATE INDEX ix ON t (a DESC, lower(b)) WHERE a > 5", sql.of(corm.CreateIndex(index), "sqlite"))
    assert.equal("CREATE INDEX ix ON t (a DESC, lower(b))", sql.of(corm.CreateIndex(index)))
  end)

  it("show drops", function()
    assert.equal("DROP TABLE t", sql.of(corm.DropTable(t)))
    assert.equal("DROP INDEX ix_t_b", sql.of(corm.DropIndex(t.indexes[1])))
  end)

  it("refuse what is no table, and an index without one", function()
    raises("ArgumentError", "CreateTable", corm.CreateTable, 5)
    raises("ArgumentError", "a table expected", corm.CreateTable, t:alias())
    raises("ArgumentError", "belongs to no table", corm.CreateIndex, corm.Index("i", "a"))
    raises("ArgumentError", "no method 'where'", function() corm.CreateTable(t):where(t.c.a:eq(1)) end)
  end)
end)

describe("DDL on a database", function()
  after_each(database.clean)

  it("is executed like any statement", function()
    local url, path = database.url()
    local engine = corm.create_engine(url)
    local t = corm.Table("t", corm.MetaData(), Column("a", Integer, { primary_key = true }), Column("b", String(3)))
    local index = corm.Index("ix", t.c.b)
    engine:begin(function(conn)
      conn:execute(corm.CreateTable(t))
      conn:execute(corm.CreateIndex(index))
    end)
    assert.equal("", database.shell(path, "insert into t (b) values ('abc')"))
    assert.equal("1|abc", database.shell(path, "select a, b from t"))
    assert.equal("ix", database.indexes(path))
    engine:begin(function(conn) conn:execute(corm.DropTable(t)) end)
    assert.equal("", database.tables(path))
    engine:dispose()
  end)
end)
