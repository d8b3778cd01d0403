-- What the Inspector tells of a MariaDB or MySQL database that somebody else made.
local corm = require "corm"
local database = require "spec.support.database"
local inspected = require "spec.support.inspected"

database.only("mariadb", function()
  describe("The Inspector of MariaDB", function()
    local engine, name

    database.each(before_each, after_each, function(made, its_name)
      engine, name = made, its_name
      inspected.execute(engine, "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    end)

    local function execute(...) inspected.execute(engine, ...) end

    local function told(...) return inspected.told(engine, ...) end

    local function columns(table_, expected, ...)
      assert.same(inspected.columns(expected), told("get_columns", table_, ...))
    end

    describe("tells of tables:", function()
      it("of every kind, by name", function()
        execute("CREATE TABLE a (x int)", "CREATE TABLE b (x int) WITH SYSTEM VERSIONING",
          "CREATE TABLE c (x int) PARTITION BY HASH (x) PARTITIONS 2", "CREATE VIEW v AS SELECT 1 AS one",
          "CREATE SEQUENCE q")
        assert.same({ "a", "b", "c" }, told "get_table_names")
        assert.same({ "v" }, told "get_view_names")
        assert.same({ "q" }, told "get_sequence_names")
        assert.same({}, told "get_materialized_view_names")
        assert.is_false(told("has_table", "q"))
        assert.equal(name, corm.inspect(engine).default_schema_name)
      end)

      it("of another database", function()
        local _, other = database.url()
        execute(("CREATE TABLE %s.t (a int PRIMARY KEY CHECK (a > 1))"):format(other), "CREATE TABLE u (x int)")
        assert.same({ "u" }, told "get_table_names")
        assert.same({ "t" }, told("get_table_names", other))
        assert.is_true(told("has_schema", other))
        columns("t", { { name = "a", type = "INTEGER(11)", nullable = false } }, other)
        assert.same({ constrained_columns = { "a" } }, told("get_pk_constraint", "t", other))
        assert.same({ { sqltext = "`a` > 1" } }, told("get_check_constraints", "t", other))
      end)

      it("with names of all kinds", function()
        local names = { "a`b'c", "a b%s", [[back\slash]], "UPPER", "ünï", "select", "a\"b" }
        for _, each in ipairs(names) do
          local quoted = "`" .. each:gsub("`", "``") .. "`"
          execute(("CREATE TABLE %s (%s int PRIMARY KEY, j json)"):format(quoted, quoted))
          assert.same({ constrained_columns = { each } }, told("get_pk_constraint", each))
          assert.same({ [each] = "INTEGER(11)", j = "JSON" }, inspected.types(engine, each, "mariadb"))
          assert.is_false(told("has_table", each .. "x"))
        end
        assert.equal(#names, #told "get_table_names")
      end)

      it("that differ in case", function()
        local connection <close> = engine:connect()
        if connection:exec_driver_sql("SELECT @@lower_case_table_names"):scalar() ~= 0 then
          return pending "tables are the same in upper case here"
        end
        execute("CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 1))", "CREATE TABLE T (b int PRIMARY KEY, KEY k (b))",
          "CREATE TABLE `ä` (c json)", "CREATE TABLE a (d json)")
        for table_, column in pairs { t = "a", T = "b", ["ä"] = "c", a = "d" } do
          local got = told("get_columns", table_)
          assert.same({ 1, column }, { #got, got[1].name })
        end
        assert.same({}, told("get_indexes", "t"))
        assert.same({}, told("get_check_constraints", "T"))
      end)

      it("the text of a view", function()
        execute("CREATE TABLE t (a int NOT NULL)", "CREATE VIEW v AS SELECT a FROM t WHERE a > 1")
        assert.matches("^select .*`a` AS `a` from .*`t` where .*`a` > 1$", told("get_view_definition", "v"))
        columns("v", { { name = "a", type = "INTEGER(11)", nullable = false } })
      end)

      it("comments", function()
        execute [[CREATE TABLE t (a int COMMENT '50% ''\\') COMMENT = 'it''s \\']]
        assert.same({ text = [[it's \]] }, told("get_table_comment", "t"))
        columns("t", { { name = "a", type = "INTEGER(11)", comment = [[50% '\]] } })
        execute "CREATE VIEW v AS SELECT 1 AS one"
        assert.same({}, told("get_table_comment", "v"))
      end)

      it("options", function()
        execute("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY) ENGINE = InnoDB AUTO_INCREMENT = 7",
          "CREATE TABLE u (a char(3)) ENGINE = MyISAM ROW_FORMAT = FIXED MAX_ROWS = 9 CHARSET latin1"
          .. " COLLATE latin1_bin COMMENT 'c'")
        assert.same({ mysql_engine = "InnoDB", mysql_charset = "utf8mb4", mysql_collate = "utf8mb4_general_ci" },
          told("get_table_options", "t"))
        assert.same({
          mysql_engine = "MyISAM", mysql_charset = "latin1", mysql_collate = "latin1_bin", mysql_comment = "c",
          mysql_row_format = "FIXED", mysql_max_rows = "9",
        }, told("get_table_options", "u"))
      end)
    end)

    describe("tells of types:", function()
      local function types(expected)
        local list = {}
        for text in pairs(expected) do list[#list + 1] = ("`%s` %s"):format(text, text) end
        execute("CREATE TABLE t (" .. table.concat(list, ", ") .. ")")
        assert.same(expected, inspected.types(engine, "t", "mariadb"))
      end

      it("integers", function()
        types {
          ["tinyint(1)"] = "TINYINT(1)", boolean = "TINYINT(1)", ["smallint unsigned"] = "SMALLINT(5) UNSIGNED",
          ["mediumint(5) zerofill"] = "MEDIUMINT(5) UNSIGNED ZEROFILL", int = "INTEGER(11)", bigint = "BIGINT(20)",
          year = "YEAR(4)", bit = "BIT(1)", ["bit(8)"] = "BIT(8)",
        }
      end)

      it("other numbers", function()
        types {
          decimal = "DECIMAL(10, 0)", ["decimal(7,2) unsigned"] = "DECIMAL(7, 2) UNSIGNED", float = "FLOAT",
          ["float unsigned"] = "FLOAT UNSIGNED", ["float(7,3)"] = "FLOAT(7, 3)", double = "DOUBLE",
          ["double(9,1)"] = "DOUBLE(9, 1)", real = "DOUBLE",
        }
      end)

      it("text", function()
        types {
          ["varchar(20)"] = "VARCHAR(20)", ["char(3)"] = "CHAR(3)", text = "TEXT", tinytext = "TINYTEXT",
          mediumtext = "MEDIUMTEXT", longtext = "LONGTEXT",
        }
      end)

      it("text with a character set or collation of its own", function()
        types {
          ["varchar(20) charset latin1"] = "VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
          ["varchar(9) collate utf8mb4_bin"] = "VARCHAR(9) COLLATE utf8mb4_bin",
          ["text charset ascii collate ascii_bin"] = "TEXT CHARACTER SET ascii COLLATE ascii_bin",
        }
      end)

      it("bytes", function()
        types {
          ["binary(3)"] = "BINARY(3)", ["varbinary(20)"] = "VARBINARY(20)", blob = "BLOB", tinyblob = "TINYBLOB",
          mediumblob = "MEDIUMBLOB", longblob = "LONGBLOB",
        }
      end)

      it("dates and times", function()
        types {
          date = "DATE", time = "TIME", ["time(3)"] = "TIME(3)", datetime = "DATETIME", ["datetime(6)"] = "DATETIME(6)",
          ["timestamp(2) null"] = "TIMESTAMP(2)", ["timestamp null"] = "TIMESTAMP",
        }
      end)

      it("enumerations", function()
        execute [[CREATE TABLE t (e enum('a', 'it''s', 'x,y)', 'b\\c', 'new
line', '') DEFAULT 'a', s set('p', 'q''') CHARACTER SET latin1 COLLATE latin1_bin)]]
        local got = corm.inspect(engine):get_columns "t"
        assert.same({ "a", "it's", "x,y)", [[b\c]], "new\nline", "" }, got[1].type.enums)
        assert.equal([[SET('p','q''') CHARACTER SET latin1 COLLATE latin1_bin]],
          inspected.shown(got[2].type, "mariadb"))
      end)

      it("what corm has no name for", function() types { geometry = "NULL", inet6 = "NULL" } end)

      it("JSON, which is text with a condition", function()
        execute [[CREATE TABLE t (a json, b longtext, c varchar(99) CHECK (json_valid(c)),
          d longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, CONSTRAINT mine CHECK (json_valid(d)))]]
        assert.same({ a = "JSON", b = "LONGTEXT", c = "VARCHAR(99)", d = "LONGTEXT COLLATE utf8mb4_bin" },
          inspected.types(engine, "t", "mariadb"))
        assert.same({ { sqltext = "json_valid(`c`)" }, { name = "mine", sqltext = "json_valid(`d`)" } },
          told("get_check_constraints", "t"))
      end)
    end)

    describe("tells of columns:", function()
      it("defaults", function()
        execute [[CREATE TABLE t (a int DEFAULT 5, b varchar(9) DEFAULT 'it''s \\ %', c char(36) DEFAULT (uuid()),
          d int DEFAULT (1 + 2), e int DEFAULT NULL, f decimal(5,2) NOT NULL DEFAULT -1.5, g bit(2) DEFAULT b'10')]]
        columns("t", {
          { name = "a", type = "INTEGER(11)", default = "5" },
          { name = "b", type = "VARCHAR(9)", default = [['it''s \\ %']] },
          { name = "c", type = "CHAR(36)", default = "uuid()" },
          { name = "d", type = "INTEGER(11)", default = "(1 + 2)" },
          { name = "e", type = "INTEGER(11)" },
          { name = "f", type = "DECIMAL(5, 2)", default = "-1.50", nullable = false },
          { name = "g", type = "BIT(2)", default = "b'10'" },
        })
      end)

      it("what becomes of them on an update", function()
        execute [[CREATE TABLE t (a timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
          ON UPDATE CURRENT_TIMESTAMP(6), b datetime ON UPDATE CURRENT_TIMESTAMP, c datetime DEFAULT now())]]
        columns("t", {
          { name = "a", type = "TIMESTAMP(6)", nullable = false,
            default = "current_timestamp(6) ON UPDATE current_timestamp(6)" },
          { name = "b", type = "DATETIME", default = "NULL ON UPDATE current_timestamp()" },
          { name = "c", type = "DATETIME", default = "current_timestamp()" },
        })
      end)

      it("numbers that the server makes", function()
        execute "CREATE TABLE t (a int, id bigint unsigned AUTO_INCREMENT PRIMARY KEY)"
        columns("t", {
          { name = "a", type = "INTEGER(11)" },
          { name = "id", type = "BIGINT(20) UNSIGNED", nullable = false, autoincrement = true },
        })
      end)

      it("generated ones", function()
        execute [[CREATE TABLE t (a int, b int AS ((a + 1) * 2) STORED, c varchar(9) AS (concat(a, ')')) VIRTUAL)]]
        columns("t", {
          { name = "a", type = "INTEGER(11)" },
          { name = "b", type = "INTEGER(11)", computed = { sqltext = "(`a` + 1) * 2", persisted = true } },
          { name = "c", type = "VARCHAR(9)", computed = { sqltext = "concat(`a`,')')", persisted = false } },
        })
      end)
    end)

    it("takes the period of a versioned table for columns as all are", function()
      execute [[CREATE TABLE t (a int, b timestamp(6) GENERATED ALWAYS AS ROW START,
        c timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (b, c)) WITH SYSTEM VERSIONING]]
      columns("t", {
        { name = "a", type = "INTEGER(11)" },
        { name = "b", type = "TIMESTAMP(6)", nullable = false },
        { name = "c", type = "TIMESTAMP(6)", nullable = false },
      })
    end)

    describe("tells of constraints:", function()
      it("primary keys in their order", function()
        execute("CREATE TABLE t (a int, b int, CONSTRAINT ignored PRIMARY KEY (b, a))", "CREATE TABLE u (a int)")
        assert.same({ constrained_columns = { "b", "a" } }, told("get_pk_constraint", "t"))
        assert.same({ constrained_columns = {} }, told("get_pk_constraint", "u"))
      end)

      it("foreign keys", function()
        execute("CREATE TABLE u (a int, b int, UNIQUE (a, b), KEY (b, a))",
          [[CREATE TABLE t (x int, y int, CONSTRAINT k FOREIGN KEY (y, x) REFERENCES u (b, a) ON DELETE CASCADE
            ON UPDATE SET NULL, FOREIGN KEY (x) REFERENCES u (a) ON DELETE RESTRICT ON UPDATE NO ACTION)]])
        assert.same({
          { name = "k", constrained_columns = { "y", "x" }, referred_table = "u", referred_columns = { "b", "a" },
            options = { ondelete = "CASCADE", onupdate = "SET NULL" } },
          { name = "t_ibfk_1", constrained_columns = { "x" }, referred_table = "u", referred_columns = { "a" },
            options = {} },
        }, told("get_foreign_keys", "t"))
      end)

      it("foreign keys into other databases and out of them", function()
        local _, other = database.url()
        execute(("CREATE TABLE %s.u (a int PRIMARY KEY, b int REFERENCES u (a))"):format(other),
          ("CREATE TABLE t (a int PRIMARY KEY REFERENCES %s.u (a))"):format(other),
          ("ALTER TABLE %s.u ADD FOREIGN KEY (a) REFERENCES %s.t (a)"):format(other, name))
        local function referred(...)
          local list = {}
          for i, key in ipairs(told("get_foreign_keys", ...)) do
            list[i] = (key.referred_schema or "-") .. "." .. key.referred_table
          end
          return table.concat(list, " ")
        end
        assert.equal(other .. ".u", referred "t")
        assert.equal(other .. ".u", referred("t", name))
        assert.equal(other .. ".u -.t", referred("u", other))
        execute(("ALTER TABLE %s.u DROP FOREIGN KEY u_ibfk_2"):format(other), "DROP TABLE t")
      end)

      it("unique ones, which are indexes", function()
        execute "CREATE TABLE t (a int UNIQUE, b int, UNIQUE KEY u (b, a), KEY k (b))"
        assert.same({
          { name = "a", column_names = { "a" }, duplicates_index = "a" },
          { name = "u", column_names = { "b", "a" }, duplicates_index = "u" },
        }, told("get_unique_constraints", "t"))
      end)

      it("conditions", function()
        execute [[CREATE TABLE t (a int CHECK (a > 1), b varchar(9), CONSTRAINT c CHECK (a < 9 AND b <> '('),
          CHECK (b LIKE '5%'))]]
        assert.same({
          { sqltext = "`a` > 1" },
          { name = "c", sqltext = "`a` < 9 and `b` <> '('" },
          { name = "CONSTRAINT_1", sqltext = "`b` like '5%'" },
        }, told("get_check_constraints", "t"))
      end)
    end)

    describe("tells of indexes:", function()
      local function indexes(expected) assert.same(expected, told("get_indexes", "t")) end

      it("but for primary keys, with those of unique constraints and foreign keys", function()
        execute("CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE, b int, FOREIGN KEY (b) REFERENCES t (id))",
          "CREATE UNIQUE INDEX i ON t (b, a)")
        indexes {
          { name = "a", column_names = { "a" }, unique = true },
          { name = "i", column_names = { "b", "a" }, unique = true },
        }
        execute "CREATE TABLE u (x int, CONSTRAINT k FOREIGN KEY (x) REFERENCES t (id))"
        assert.same({ { name = "k", column_names = { "x" }, unique = false } }, told("get_indexes", "u"))
      end)

      it("of prefixes and texts", function()
        execute "CREATE TABLE t (a varchar(99), b text, c int, KEY i (b(20), c, a(5)), FULLTEXT KEY f (b))"
        indexes {
          { name = "f", column_names = { "b" }, unique = false, dialect_options = { mysql_prefix = "FULLTEXT" } },
          { name = "i", column_names = { "b", "c", "a" }, unique = false,
            dialect_options = { mysql_length = { a = 5, b = 20 } } },
        }
      end)

      it("of places", function()
        execute "CREATE TABLE t (g geometry NOT NULL, SPATIAL KEY s (g))"
        indexes {
          { name = "s", column_names = { "g" }, unique = false, dialect_options = { mysql_prefix = "SPATIAL" } },
        }
      end)

      it("with the order of their columns", function()
        local connection <close> = engine:connect()
        local major, minor = connection:exec_driver_sql("SELECT VERSION()"):scalar():match "^(%d+)%.(%d+)"
        if tonumber(major) == 10 and tonumber(minor) < 8 then return pending "MariaDB 10.8 has it" end
        execute "CREATE TABLE t (a int, b int, KEY i (a DESC, b))"
        indexes { { name = "i", column_names = { "a", "b" }, unique = false, column_sorting = { a = { "desc" } } } }
      end)
    end)

    it("asks one question about many tables", function()
      for i = 1, 30 do execute(("CREATE TABLE t%d (id int PRIMARY KEY, c%d int)"):format(i, i)) end
      local sent = 0
      corm.event.listen(engine, "before_cursor_execute", function() sent = sent + 1 end)
      local found = told "get_multi_columns"
      for i = 1, 30 do assert.equal("c" .. i, found["t" .. i][2].name) end
      assert.equal(2, sent) -- which tables, and their columns
    end)
  end)
end)
