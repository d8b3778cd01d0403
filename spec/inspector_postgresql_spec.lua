-- What the Inspector tells of a PostgreSQL database that somebody else made.
local corm = require "corm"
local database = require "spec.support.database"
local inspected = require "spec.support.inspected"

database.only("postgresql", function()
  describe("The Inspector of PostgreSQL", function()
    local engine

    database.each(before_each, after_each, function(made) engine = made end)

    local function execute(...) inspected.execute(engine, ...) end

    local function told(...) return inspected.told(engine, ...) end

    local function columns(name, expected, ...)
      assert.same(inspected.columns(expected), told("get_columns", name, ...))
    end

    describe("tells of tables:", function()
      it("of every kind, by name", function()
        execute("CREATE TABLE plain (a int)", "CREATE TABLE parted (a int) PARTITION BY RANGE (a)",
          "CREATE TABLE part PARTITION OF parted FOR VALUES FROM (1) TO (9)", "CREATE VIEW v AS SELECT 1 AS one",
          "CREATE MATERIALIZED VIEW m AS SELECT 2 AS two", "CREATE SCHEMA s", "CREATE TABLE s.elsewhere (a int)")
        assert.same({ "part", "parted", "plain" }, told "get_table_names")
        assert.same({ "v" }, told "get_view_names")
        assert.same({ "m" }, told "get_materialized_view_names")
        assert.same({ "elsewhere" }, told("get_table_names", { schema = "s" }))
        assert.same({ "information_schema", "public", "s" }, told "get_schema_names")
        assert.equal("public", corm.inspect(engine).default_schema_name)
      end)

      it("on the search path", function()
        execute("CREATE SCHEMA s", "CREATE TABLE s.t (a int)", "CREATE TABLE s.u (a int)", "CREATE TABLE u (b text)")
        engine:begin(function(connection)
          connection:exec_driver_sql "SET LOCAL search_path = s, public"
          local inspector = corm.inspect(connection)
          assert.same({ "t", "u" }, inspector:get_table_names())
          assert.equal("a", inspector:get_columns("u")[1].name)
          assert.equal("s", inspector.default_schema_name)
        end)
      end)

      it("temporary ones apart", function()
        execute "CREATE TABLE t (a int)"
        engine:begin(function(connection)
          connection:exec_driver_sql "CREATE TEMPORARY TABLE mine (a int) ON COMMIT DROP"
          local inspector = corm.inspect(connection)
          assert.same({ "t" }, inspector:get_table_names())
          assert.same({ "mine" }, inspector:get_temp_table_names())
          assert.is_true(inspector:has_table "mine")
        end)
      end)

      it("with names of all kinds", function()
        for _, name in ipairs { [[a"b'c]], "a b%s", [[back\slash]], "UPPER", "ünï", "select" } do
          local quoted = '"' .. name:gsub('"', '""') .. '"'
          execute(("CREATE TABLE %s (%s int PRIMARY KEY)"):format(quoted, quoted))
          assert.same({ name .. "_pkey", { name } }, {
            told("get_pk_constraint", name).name, told("get_pk_constraint", name).constrained_columns,
          })
          assert.same({ "INTEGER" }, { inspected.types(engine, name, "postgresql")[name] })
          assert.is_false(corm.inspect(engine):has_table(name .. "x"))
        end
        assert.equal(6, #told "get_table_names")
      end)

      it("the text of a view", function()
        execute("CREATE TABLE t (a int)", "CREATE VIEW v AS SELECT a FROM t WHERE a > 1",
          "CREATE MATERIALIZED VIEW m AS SELECT 2 AS two")
        assert.matches("^ SELECT .-a\n   FROM t\n  WHERE .*a > 1", told("get_view_definition", "v"))
        assert.equal(" SELECT 2 AS two;", told("get_view_definition", "m"))
        columns("v", { { name = "a", type = "INTEGER" } })
        columns("m", { { name = "two", type = "INTEGER" } })
      end)

      it("sequences", function()
        execute("CREATE TABLE t (id serial)", "CREATE SEQUENCE q", "CREATE SCHEMA s", "CREATE SEQUENCE s.r")
        assert.same({ "q", "t_id_seq" }, told "get_sequence_names")
        assert.same({ "r" }, told("get_sequence_names", "s"))
      end)

      it("comments", function()
        execute("CREATE TABLE t (a int)", "COMMENT ON TABLE t IS 'it''s'", "COMMENT ON COLUMN t.a IS '50%'",
          "CREATE TABLE u (a int)")
        assert.same({ text = "it's" }, told("get_table_comment", "t"))
        assert.same({}, told("get_table_comment", "u"))
        columns("t", { { name = "a", type = "INTEGER", comment = "50%" } })
      end)

      it("how they are parted", function()
        execute("CREATE TABLE t (a int, b int) PARTITION BY LIST (b)", "CREATE TABLE u (a int)")
        assert.same({ postgresql_partition_by = "LIST (b)" }, told("get_table_options", "t"))
        assert.same({}, told("get_table_options", "u"))
      end)
    end)

    describe("tells of types:", function()
      local function types(expected)
        local list = {}
        for text in pairs(expected) do list[#list + 1] = ('"%s" %s'):format(text:gsub('"', '""'), text) end
        execute("CREATE TABLE t (" .. table.concat(list, ", ") .. ")")
        assert.same(expected, inspected.types(engine, "t", "postgresql"))
      end

      it("numbers, booleans and bits", function()
        types {
          smallint = "SMALLINT", integer = "INTEGER", bigint = "BIGINT", real = "REAL", money = "MONEY", oid = "OID",
          ["double precision"] = "DOUBLE PRECISION", numeric = "NUMERIC", ["numeric(5)"] = "NUMERIC(5, 0)",
          ["numeric(10,2)"] = "NUMERIC(10, 2)", boolean = "BOOLEAN", bit = "BIT(1)", ["bit(3)"] = "BIT(3)",
          ["bit varying"] = "BIT VARYING", ["bit varying(9)"] = "BIT VARYING(9)",
        }
      end)

      it("text and bytes", function()
        types {
          ["varchar(20)"] = "VARCHAR(20)", varchar = "VARCHAR", ["char(3)"] = "CHAR(3)", text = "TEXT", bpchar = "TEXT",
          name = "VARCHAR", bytea = "BYTEA", ['text COLLATE "C"'] = 'TEXT COLLATE "C"',
          ['varchar(5) COLLATE "POSIX"'] = 'VARCHAR(5) COLLATE "POSIX"',
        }
      end)

      it("dates, times and intervals", function()
        types {
          date = "DATE", time = "TIME WITHOUT TIME ZONE", ["time(2)"] = "TIME(2) WITHOUT TIME ZONE",
          timetz = "TIME WITH TIME ZONE", timestamp = "TIMESTAMP WITHOUT TIME ZONE",
          ["timestamp(3) with time zone"] = "TIMESTAMP(3) WITH TIME ZONE", interval = "INTERVAL",
          ["interval(3)"] = "INTERVAL (3)", ["interval year to month"] = "INTERVAL YEAR TO MONTH",
          ["interval day to second(4)"] = "INTERVAL DAY TO SECOND (4)",
        }
      end)

      it("those that only PostgreSQL has", function()
        types {
          json = "JSON", jsonb = "JSONB", jsonpath = "JSONPATH", uuid = "UUID", inet = "INET", cidr = "CIDR",
          macaddr = "MACADDR", macaddr8 = "MACADDR8", int4range = "INT4RANGE", tstzrange = "TSTZRANGE",
          tsvector = "TSVECTOR", tsquery = "TSQUERY", regclass = "REGCLASS", regconfig = "REGCONFIG",
        }
      end)

      it("arrays", function()
        types {
          ["integer[]"] = "INTEGER[]", ["varchar(7)[][]"] = "VARCHAR(7)[]", ['text[] COLLATE "C"'] = "TEXT[]",
          ["timestamptz(1)[]"] = "TIMESTAMP(1) WITH TIME ZONE[]", ["numeric(5,1)[]"] = "NUMERIC(5, 1)[]",
        }
      end)

      it("what corm has no name for", function()
        execute("CREATE TYPE pair AS (a int, b int)", "CREATE TYPE floats AS RANGE (subtype = float8)",
          "CREATE TYPE nothing AS ENUM ()")
        types {
          xml = "NULL", ["point[]"] = "NULL", int2vector = "NULL", oidvector = "NULL", pair = "NULL",
          ["pair[]"] = "NULL", floats = "NULL", nothing = "NULL",
        }
      end)

      it("enumerations", function()
        execute("CREATE SCHEMA s", "CREATE TYPE mood AS ENUM ('sad', 'it''s \"ok\"')",
          "CREATE TYPE s.mood AS ENUM ('x')",
          [[CREATE TYPE "Odd ""name" AS ENUM ('y')]],
          [[CREATE TABLE t (a mood, b s.mood, c "Odd ""name", d mood[] DEFAULT '{sad}')]])
        local got = corm.inspect(engine):get_columns "t"
        assert.same({ "sad", 'it\'s "ok"' }, got[1].type.enums)
        assert.same({ "mood", nil, "s", "Odd \"name" },
          { got[1].type.name, got[1].type.schema, got[2].type.schema, got[3].type.name })
        assert.same({ "x" }, got[2].type.enums)
        assert.same({ "mood", "'{sad}'::mood[]" }, { got[4].type.item_type.name, got[4].default })
        assert.same({
          { name = 'Odd "name', schema = "public", visible = true, labels = { "y" } },
          { name = "mood", schema = "public", visible = true, labels = { "sad", 'it\'s "ok"' } },
        }, told "get_enums")
        local far = { name = "mood", schema = "s", visible = false, labels = { "x" } }
        assert.same({ far }, told("get_enums", "s"))
        assert.equal(3, #told("get_enums", "*"))
      end)

      it("domains, which are what they are made of", function()
        execute("CREATE DOMAIN positive AS integer DEFAULT 7 NOT NULL CHECK (VALUE > 0)", "CREATE SCHEMA s",
          "CREATE DOMAIN s.deep AS positive", "CREATE DOMAIN words AS varchar(9)[]",
          "CREATE TABLE t (a positive, b s.deep DEFAULT 9, c words, d positive[])")
        columns("t", {
          { name = "a", type = "INTEGER", default = "7", nullable = false },
          { name = "b", type = "INTEGER", default = "9", nullable = false },
          { name = "c", type = "VARCHAR(9)[]" },
          { name = "d", type = "INTEGER[]" },
        })
      end)
    end)

    describe("tells of columns:", function()
      it("defaults", function()
        execute [[CREATE TABLE t (a int DEFAULT 5, b varchar(9) DEFAULT 'it''s \ %', c timestamp DEFAULT now(),
          d int DEFAULT 1 + 2, e text DEFAULT NULL, f bool NOT NULL DEFAULT true)]]
        columns("t", {
          { name = "a", type = "INTEGER", default = "5" },
          { name = "b", type = "VARCHAR(9)", default = [['it''s \ %'::character varying]] },
          { name = "c", type = "TIMESTAMP WITHOUT TIME ZONE", default = "now()" },
          { name = "d", type = "INTEGER", default = "(1 + 2)" },
          { name = "e", type = "TEXT" },
          { name = "f", type = "BOOLEAN", default = "true", nullable = false },
        })
      end)

      it("serial ones", function()
        execute("CREATE TABLE t (id bigserial)", "CREATE SCHEMA s", "CREATE TABLE s.t (id serial)")
        columns("t", {
          { name = "id", type = "BIGINT", default = "nextval('t_id_seq'::regclass)", nullable = false,
            autoincrement = true },
        })
        columns("t", {
          { name = "id", type = "INTEGER", default = "nextval('s.t_id_seq'::regclass)", nullable = false,
            autoincrement = true },
        }, "s")
      end)

      it("identities", function()
        execute [[CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 2 CACHE 3 CYCLE),
          b smallint GENERATED BY DEFAULT AS IDENTITY)]]
        columns("t", {
          { name = "a", type = "INTEGER", nullable = false, autoincrement = true, identity = {
            always = true, start = 5, increment = 2, minvalue = 1, maxvalue = 2147483647, cache = 3, cycle = true,
          } },
          { name = "b", type = "SMALLINT", nullable = false, autoincrement = true, identity = {
            always = false, start = 1, increment = 1, minvalue = 1, maxvalue = 32767, cache = 1, cycle = false,
          } },
        })
      end)

      it("generated ones", function()
        execute "CREATE TABLE t (a int, b int GENERATED ALWAYS AS ((a + 1) * 2) STORED)"
        columns("t", {
          { name = "a", type = "INTEGER" },
          { name = "b", type = "INTEGER", computed = { sqltext = "(a + 1) * 2", persisted = true } },
        })
      end)

      it("that came later, with a value for the rows that there were", function()
        execute("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)", "ALTER TABLE t ADD b int[] DEFAULT '{1,2}'")
        columns("t", {
          { name = "a", type = "INTEGER" },
          { name = "b", type = "INTEGER[]", default = "'{1,2}'::integer[]" },
        })
      end)

      it("without those that are gone", function()
        execute("CREATE TABLE t (a int, b int, c int UNIQUE)", "ALTER TABLE t DROP COLUMN a")
        columns("t", { { name = "b", type = "INTEGER" }, { name = "c", type = "INTEGER" } })
        assert.same({ { name = "t_c_key", column_names = { "c" } } }, told("get_unique_constraints", "t"))
      end)
    end)

    describe("tells of constraints:", function()
      it("primary keys in their order", function()
        execute("CREATE TABLE t (a int, b int, CONSTRAINT the_key PRIMARY KEY (b, a))",
          "COMMENT ON CONSTRAINT the_key ON t IS 'two'", "CREATE TABLE u (a int)")
        assert.same({ name = "the_key", constrained_columns = { "b", "a" }, comment = "two" },
          told("get_pk_constraint", "t"))
        assert.same({ constrained_columns = {} }, told("get_pk_constraint", "u"))
      end)

      it("foreign keys", function()
        execute("CREATE TABLE u (a int, b int, UNIQUE (a, b), UNIQUE (a))",
          [[CREATE TABLE t (x int, y int REFERENCES u (a), CONSTRAINT k FOREIGN KEY (y, x) REFERENCES u (b, a)
            MATCH FULL ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED)]],
          "COMMENT ON CONSTRAINT k ON t IS 'of both'")
        assert.same({
          { name = "k", constrained_columns = { "y", "x" }, referred_table = "u", referred_columns = { "b", "a" },
            comment = "of both", options = {
              match = "FULL", ondelete = "CASCADE", onupdate = "SET NULL", deferrable = true, initially = "DEFERRED",
            } },
          { name = "t_y_fkey", constrained_columns = { "y" }, referred_table = "u", referred_columns = { "a" },
            options = {} },
        }, told("get_foreign_keys", "t"))
      end)

      it("foreign keys into other schemas and out of them", function()
        execute("CREATE SCHEMA s", "CREATE TABLE s.u (a int PRIMARY KEY, b int REFERENCES s.u)",
          "CREATE TABLE t (a int PRIMARY KEY REFERENCES s.u)", "ALTER TABLE s.u ADD FOREIGN KEY (a) REFERENCES t")
        local function referred(...)
          local list = {}
          for i, key in ipairs(told("get_foreign_keys", ...)) do
            list[i] = (key.referred_schema or "-") .. "." .. key.referred_table
          end
          return table.concat(list, " ")
        end
        assert.equal("s.u", referred "t")
        assert.equal("s.u", referred("t", "public"))
        assert.equal("-.t s.u", referred("u", "s"))
      end)

      it("a foreign key into a partitioned table once", function()
        execute("CREATE TABLE u (a int PRIMARY KEY) PARTITION BY LIST (a)",
          "CREATE TABLE u1 PARTITION OF u FOR VALUES IN (1)", "CREATE TABLE u2 PARTITION OF u FOR VALUES IN (2)",
          "CREATE TABLE t (x int REFERENCES u)")
        assert.same({ {
          name = "t_x_fkey", constrained_columns = { "x" }, referred_table = "u", referred_columns = { "a" },
          options = {},
        } }, told("get_foreign_keys", "t"))
      end)

      it("unique ones", function()
        execute("CREATE TABLE t (a int UNIQUE, b int, CONSTRAINT u UNIQUE (b, a) DEFERRABLE)",
          "COMMENT ON CONSTRAINT u ON t IS 'c'")
        assert.same({
          { name = "t_a_key", column_names = { "a" } },
          { name = "u", column_names = { "b", "a" }, comment = "c", deferrable = true },
        }, told("get_unique_constraints", "t"))
      end)

      it("conditions", function()
        execute([[CREATE TABLE t (a int CHECK (a > 1), b text,
            CONSTRAINT c CHECK (((a < 9 AND b <> '(') OR b LIKE '5%')),
            CONSTRAINT d CHECK (CASE WHEN a > 1 THEN b = 'x' ELSE true END))]],
          "COMMENT ON CONSTRAINT c ON t IS 'it'")
        local checks = told("get_check_constraints", "t")
        assert.same({
          { name = "c", sqltext = "a < 9 AND b <> '('::text OR b ~~ '5%'::text", comment = "it" },
          { name = "d", sqltext = checks[2].sqltext },
          { name = "t_a_check", sqltext = "a > 1" },
        }, checks)
        assert.equal("CASE WHEN a > 1 THEN b = 'x'::text ELSE true END", (checks[2].sqltext:gsub("%s+", " ")))
      end)
    end)

    describe("tells of indexes:", function()
      local function indexes(expected) assert.same(expected, told("get_indexes", "t")) end

      it("with the order of their columns", function()
        execute("CREATE TABLE t (a int PRIMARY KEY, b int, c int)", "CREATE INDEX i ON t (c, b)",
          "CREATE UNIQUE INDEX j ON t (a DESC, b NULLS FIRST, c DESC NULLS LAST)")
        indexes {
          { name = "i", column_names = { "c", "b" }, unique = false },
          { name = "j", column_names = { "a", "b", "c" }, unique = true,
            column_sorting = { a = { "desc" }, b = { "nulls_first" }, c = { "desc", "nulls_last" } } },
        }
      end)

      it("of expressions", function()
        execute("CREATE TABLE t (a text, b int)", "CREATE INDEX i ON t (lower(a) DESC, b, (b + 1))")
        indexes { {
          name = "i", column_names = { corm.null, "b", corm.null }, unique = false,
          expressions = { "lower(a)", "b", "(b + 1)" }, column_sorting = { ["lower(a)"] = { "desc" } },
        } }
      end)

      it("partial ones, other methods, storage and classes of operators", function()
        execute("CREATE TABLE t (a text, b int, j jsonb)", "CREATE INDEX i ON t (b) WHERE b > 5 AND a IS NOT NULL",
          "CREATE INDEX j ON t USING hash (a) WITH (fillfactor = 70)",
          "CREATE INDEX k ON t USING gin (j jsonb_path_ops)",
          "CREATE INDEX l ON t (a text_pattern_ops)")
        indexes {
          { name = "i", column_names = { "b" }, unique = false,
            dialect_options = { postgresql_where = "b > 5 AND a IS NOT NULL" } },
          { name = "j", column_names = { "a" }, unique = false,
            dialect_options = { postgresql_using = "hash", postgresql_with = { fillfactor = "70" } } },
          { name = "k", column_names = { "j" }, unique = false,
            dialect_options = { postgresql_using = "gin", postgresql_ops = { j = "jsonb_path_ops" } } },
          { name = "l", column_names = { "a" }, unique = false,
            dialect_options = { postgresql_ops = { a = "text_pattern_ops" } } },
        }
      end)

      it("with columns that are only stored", function()
        execute("CREATE TABLE t (a int, b int, c text)", "CREATE UNIQUE INDEX i ON t (b) INCLUDE (c, a)")
        indexes { {
          name = "i", column_names = { "b" }, unique = true, include_columns = { "c", "a" },
          dialect_options = { postgresql_include = { "c", "a" } },
        } }
      end)

      it("behind constraints, but for primary keys", function()
        execute [[CREATE TABLE t (id int PRIMARY KEY, a int, r int4range, CONSTRAINT u UNIQUE (a),
          EXCLUDE USING gist (r WITH &&))]]
        indexes {
          { name = "t_r_excl", column_names = { "r" }, unique = false, duplicates_constraint = "t_r_excl",
            dialect_options = { postgresql_using = "gist" } },
          { name = "u", column_names = { "a" }, unique = true, duplicates_constraint = "u" },
        }
      end)

      it("with NULLs that are not distinct", function()
        local connection <close> = engine:connect()
        if tonumber(connection:exec_driver_sql("SHOW server_version_num"):scalar()) < 150000 then
          return pending "PostgreSQL 15 has them"
        end
        execute("CREATE TABLE t (a int, b int, CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a))",
          "CREATE UNIQUE INDEX i ON t (b) NULLS NOT DISTINCT")
        local option = { postgresql_nulls_not_distinct = true }
        indexes {
          { name = "i", column_names = { "b" }, unique = true, dialect_options = option },
          { name = "u", column_names = { "a" }, unique = true, dialect_options = option, duplicates_constraint = "u" },
        }
        assert.same({ { name = "u", column_names = { "a" }, dialect_options = option } },
          told("get_unique_constraints", "t"))
      end)
    end)

    it("asks one question about many tables", function()
      execute "CREATE SCHEMA s"
      for i = 1, 30 do execute(("CREATE TABLE s.t%d (id int PRIMARY KEY, c%d int)"):format(i, i)) end
      local sent = 0
      corm.event.listen(engine, "before_cursor_execute", function() sent = sent + 1 end)
      local found = told("get_multi_columns", { schema = "s" })
      for i = 1, 30 do assert.equal("c" .. i, found["s.t" .. i][2].name) end
      assert.equal(2, sent) -- which tables, and their columns
    end)
  end)
end)
