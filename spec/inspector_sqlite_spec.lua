-- S20 S21: what the Inspector finds in SQLite alone, where half of it stands in the text of CREATE TABLE.
local corm = require "corm"
local database = require "spec.support.database"

local null = corm.null

database.only("sqlite", function()
  describe("S21 the Inspector of SQLite", function()
    local connection, inspector

    before_each(function()
      connection = database.engine():connect()
      inspector = corm.inspect(connection)
    end)

    after_each(function()
      connection:close()
      database.clean()
    end)

    local function run(...)
      for _, sql in ipairs { ... } do connection:exec_driver_sql(sql) end
    end

    -- What is told of table t, after its CREATE.
    local function told(method, sql, ...)
      run(sql, ...)
      return inspector["get_" .. method](inspector, "t")
    end

    local function types(...)
      run("CREATE TABLE t (c" .. table.concat({ ... }, ", c") .. ")")
      local found = {}
      for i, column in ipairs(inspector:get_columns "t") do found[i] = tostring(column.type) end
      return found
    end

    it("knows types by their names", function()
      assert.same({ "INTEGER", "INTEGER", "BIGINT", "SMALLINT", "VARCHAR(20)", "NVARCHAR(3)", "DECIMAL(10, 2)",
        "NUMERIC", "BOOLEAN", "DATETIME", "TIMESTAMP", "DOUBLE PRECISION", "JSON", "BLOB" },
        types("1 INTEGER", "2 int", "3 BigInt", "4 SMALLINT", "5 varchar ( 20 )", "6 NVARCHAR(3)", "7 DECIMAL(10,2)",
          "8 NUMERIC", "9 BOOLEAN", "10 DATETIME", "11 TIMESTAMP", "12 double precision", "13 JSON", "14 BLOB"))
    end)

    it("gives other names the type of their affinity", function()
      assert.same({ "INTEGER", "TEXT", "TEXT", "REAL", "REAL", "NUMERIC", "INTEGER", "NULL", "NULL" },
        types("1 UNSIGNED BIG INT", "2 NATIVE CHARACTER(70)", "3 LONGTEXT", "4 FLOATING", "5 DOUBLES", "6 MONEY",
          "7 CHARINT", "8", "9 TINYBLOB"))
    end)

    it("knows collations", function()
      local columns = told("columns",
        "CREATE TABLE t (a TEXT COLLATE NOCASE, b VARCHAR(3) NOT NULL COLLATE [RTRIM], c INT)")
      assert.equal("NOCASE", columns[1].type.collation)
      assert.equal("RTRIM", columns[2].type.collation)
      assert.equal(3, columns[2].type.length)
    end)

    it("knows defaults, as they were written", function()
      local columns = told("columns", [[CREATE TABLE t (a DEFAULT 'it''s (x, y', b DEFAULT (1 + (2)), c DEFAULT -1.5,
        d DEFAULT CURRENT_TIMESTAMP, e DEFAULT NULL, f)]])
      local found = {}
      for i, column in ipairs(columns) do found[i] = column.default or "none" end
      assert.same({ "'it''s (x, y'", "1 + (2)", "-1.5", "CURRENT_TIMESTAMP", "NULL", "none" }, found)
    end)

    it("knows what is computed, and how", function()
      local columns = told("columns", [[CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a * (2 + 1)) STORED,
        c AS (a || ')') , d TEXT CONSTRAINT made AS (upper(a)) VIRTUAL NOT NULL)]])
      assert.is_nil(columns[1].computed)
      assert.same({ sqltext = "a * (2 + 1)", persisted = true }, columns[2].computed)
      assert.same({ sqltext = "a || ')'", persisted = false }, columns[3].computed)
      assert.same({ sqltext = "upper(a)", persisted = false }, columns[4].computed)
      assert.equal("INTEGER", tostring(columns[2].type))
      assert.is_false(columns[4].nullable)
    end)

    it("knows which columns may be NULL", function()
      local columns = told("columns", "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT NOT NULL, b INT NULL)")
      assert.same({ true, false, true }, { columns[1].nullable, columns[2].nullable, columns[3].nullable })
    end)

    it("knows which keys SQLite does not make by itself", function()
      run("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE u (id BIGINT PRIMARY KEY)",
        "CREATE TABLE v (id INTEGER PRIMARY KEY) WITHOUT ROWID")
      assert.is_nil(inspector:get_columns("t")[1].autoincrement)
      assert.is_false(inspector:get_columns("u")[1].autoincrement)
      assert.is_false(inspector:get_columns("v")[1].autoincrement)
      local reflected = corm.Table("u", corm.MetaData(), { autoload_with = connection })
      assert.matches("id BIGINT NOT NULL", tostring(corm.CreateTable(reflected)))
    end)

    it("knows primary keys, in their own order and by name", function()
      assert.same({ constrained_columns = { "b", "a" }, name = "the key" },
        told("pk_constraint", [[CREATE TABLE t (a INT, b INT, CONSTRAINT "the key" PRIMARY KEY (b, a DESC))]]))
    end)

    it("knows a primary key in a column", function()
      assert.same({ constrained_columns = { "a" }, name = "k", dialect_options = { sqlite_on_conflict = "FAIL" } },
        told("pk_constraint", "CREATE TABLE t (a INT CONSTRAINT k PRIMARY KEY ASC ON CONFLICT FAIL, b INT)"))
    end)

    it("says of a table without a key that it has none", function()
      assert.same({ constrained_columns = {} }, told("pk_constraint", "CREATE TABLE t (a INT)"))
    end)

    it("knows foreign keys with all that belongs to them", function()
      assert.same({
        { constrained_columns = { "e" }, referred_table = "p", referred_columns = { "c" }, options = {} },
        { name = "z", constrained_columns = { "f" }, referred_table = "q", referred_columns = { "g" },
          options = { ondelete = "RESTRICT", deferrable = false, match = "FULL" } },
        { name = "x", constrained_columns = { "a", "b" }, referred_table = "p", referred_columns = { "c", "d" },
          options = { ondelete = "CASCADE", onupdate = "SET NULL", deferrable = true, initially = "DEFERRED" } },
      }, told("foreign_keys", [[CREATE TABLE t (a INT, b INT, e INT REFERENCES p ( c ) ON UPDATE NO ACTION,
        f INT CONSTRAINT z REFERENCES q(g) MATCH FULL ON DELETE RESTRICT NOT DEFERRABLE,
        CONSTRAINT x FOREIGN KEY (a, b) REFERENCES "p" (c, d) ON DELETE CASCADE ON UPDATE SET NULL
          DEFERRABLE INITIALLY DEFERRED)]]))
    end)

    it("knows which column a foreign key means that names none", function()
      run "CREATE TABLE p (x INT, y INT, PRIMARY KEY (y))"
      assert.same({ { constrained_columns = { "a" }, referred_table = "p", referred_columns = { "y" }, options = {} } },
        told("foreign_keys", "CREATE TABLE t (a INT REFERENCES p)"))
    end)

    it("tells two foreign keys of the same columns apart", function()
      local keys = told("foreign_keys", [[CREATE TABLE t (a INT, CONSTRAINT one FOREIGN KEY (a) REFERENCES p (x),
        CONSTRAINT two FOREIGN KEY (a) REFERENCES q (x))]])
      assert.equal("one", keys[1].name)
      assert.equal("p", keys[1].referred_table)
      assert.equal("two", keys[2].name)
      assert.equal("q", keys[2].referred_table)
    end)

    it("knows UNIQUE constraints, which are no indexes", function()
      assert.same({ { column_names = { "a" }, name = "n" }, { column_names = { "b", "a" } },
        { column_names = { "b" }, dialect_options = { sqlite_on_conflict = "IGNORE" } } },
        told("unique_constraints", [[CREATE TABLE t (a INT CONSTRAINT n UNIQUE, b INT, UNIQUE (b, a),
          UNIQUE (B) ON CONFLICT IGNORE, PRIMARY KEY (a))]]))
      assert.same({}, inspector:get_indexes "t")
    end)

    it("knows indexes: unique, descending, partial", function()
      assert.same({
        { name = "one", column_names = { "a", "b" }, unique = false },
        { name = "two", column_names = { "b" }, unique = true, column_sorting = { b = { "desc" } },
          dialect_options = { sqlite_where = "a > 1 AND b = 'x WHERE y'" } },
      }, told("indexes", "CREATE TABLE t (a INT, b INT)", "CREATE INDEX one ON t (a, b)",
        "CREATE UNIQUE INDEX two ON t(b DESC) WHERE a > 1 AND b = 'x WHERE y'"))
    end)

    it("knows indexes of expressions, and of columns with another collation", function()
      assert.same({ { name = "i", unique = false, column_names = { null, "b", null },
        expressions = { "lower(a || ',')", "b", '"a" COLLATE NOCASE' },
        column_sorting = { ["lower(a || ',')"] = { "desc" } } } },
        told("indexes", "CREATE TABLE t (a TEXT, b INT)",
          [[CREATE INDEX i ON t (lower(a || ',') DESC, b ASC, "a" COLLATE NOCASE)]]))
    end)

    it("knows conditions, with commas, quotes, parentheses and comments in them", function()
      assert.same({ { name = "positive", sqltext = "b > 0 /* ) , */ AND (')' <> a)" },
        { sqltext = "a IN ('x', 'y -- z')" },
        { name = "last", sqltext = "length(a) < 3" } },
        told("check_constraints", [[CREATE TABLE t (a TEXT, -- CHECK (1), as a comment
          b INT CONSTRAINT positive CHECK (b > 0 /* ) , */ AND (')' <> a)),
          CHECK (a IN ('x', 'y -- z')), CONSTRAINT "last" CHECK(length(a) < 3))]]))
    end)

    it("takes quoted words for names", function()
      run [[CREATE TABLE t ("check" INT, [primary key] INT, `unique` INT, "a ""b""" TEXT DEFAULT "x", 'foreign' INT)]]
      local names = {}
      for i, column in ipairs(inspector:get_columns "t") do names[i] = column.name end
      assert.same({ "check", "primary key", "unique", 'a "b"', "foreign" }, names)
      assert.same({}, inspector:get_check_constraints "t")
      assert.same({}, inspector:get_unique_constraints "t")
    end)

    it("knows what a table is", function()
      run("CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)", "CREATE TABLE u (a INT PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE v (a INT)")
      assert.same({ sqlite_autoincrement = true }, inspector:get_table_options "t")
      assert.same({ sqlite_with_rowid = false }, inspector:get_table_options "u")
      assert.same({}, inspector:get_table_options "v")
      assert.same({ text = nil }, inspector:get_table_comment "v")
    end)

    it("reads what ALTER TABLE has added and renamed", function()
      run("CREATE TABLE old (a INT)", "ALTER TABLE old ADD COLUMN b TEXT DEFAULT 'x' CHECK (b <> ',')",
        "ALTER TABLE old RENAME TO t", "ALTER TABLE t RENAME COLUMN a TO c")
      assert.same({ { sqltext = "b <> ','" } }, inspector:get_check_constraints "t")
      assert.equal("c", inspector:get_columns("t")[1].name)
    end)

    it("finds virtual tables, without their hidden columns", function()
      run "CREATE VIRTUAL TABLE t USING fts5(title, body)"
      local columns = inspector:get_columns "t"
      assert.equal(2, #columns)
      assert.equal("body", columns[2].name)
      assert.is_true(inspector:has_table "t")
    end)

    it("finds temporary tables, which hide those of the file", function()
      run("CREATE TABLE t (a INT)", "CREATE TEMP TABLE t (b INT)", "CREATE TEMP VIEW w AS SELECT 1 AS x")
      assert.same({ "t" }, inspector:get_table_names())
      assert.same({ "t" }, inspector:get_temp_table_names())
      assert.same({ "w" }, inspector:get_temp_view_names())
      assert.equal("b", inspector:get_columns("t")[1].name)
      assert.equal("a", inspector:get_columns("t", { schema = "main" })[1].name)
      assert.equal("a", inspector:get_multi_columns({ schema = "main" })["main.t"][1].name)
    end)

    it("looks into attached databases", function()
      run("ATTACH ':memory:' AS [more \" data]")
      local schema = 'more " data'
      run([[CREATE TABLE "more "" data".t (a INTEGER PRIMARY KEY, b INT REFERENCES t)]],
        [[CREATE INDEX "more "" data".i ON t (b)]])
      assert.same({ "main", schema }, inspector:get_schema_names())
      assert.is_true(inspector:has_schema(schema))
      assert.same({ "t" }, inspector:get_table_names(schema))
      assert.same({}, inspector:get_table_names())
      assert.equal(schema, inspector:get_foreign_keys("t", schema)[1].referred_schema)
      assert.equal("i", inspector:get_indexes("t", { schema = schema })[1].name)
      assert.is_false(inspector:has_table "t")
    end)

    it("finds keys to tables that are not there", function()
      run("CREATE TABLE t (a INTEGER PRIMARY KEY, b INT REFERENCES gone (id))", "CREATE TABLE u (a INT REFERENCES t)")
      local metadata = corm.MetaData()
      metadata:reflect(connection)
      assert.equal(2, #metadata.tables)
      assert.equal("gone.id", metadata.tables.t.foreign_keys[1].target_fullname)
      assert.matches("JOIN t ON t.a = u.a", (tostring(metadata.tables.u:select():join(metadata.tables.t))))
    end)

    it("finds names whatever their case is", function()
      run "CREATE TABLE MixedCase (Id INTEGER PRIMARY KEY)"
      assert.is_true(inspector:has_table "mixedcase")
      assert.equal("Id", inspector:get_columns("MIXEDCASE")[1].name)
    end)

    it("knows views that are broken by their text", function()
      run("CREATE TABLE t (a INT)", "CREATE VIEW w AS SELECT a FROM t", "DROP TABLE t", "CREATE TABLE u (a INT)")
      assert.same({ "w" }, inspector:get_view_names())
      assert.equal("CREATE VIEW w AS SELECT a FROM t", inspector:get_view_definition "w")
      assert.is_not_nil(inspector:get_multi_columns().u)
    end)
  end)
end)
