-- Tables and their columns in DDL: keys, defaults, sequences, schemas, comments, quoting.
local function T(c, ...)
  return c.CreateTable(c.Table("t", c.MetaData(), ...))
end

-- With a table "p" beside it.
local function P(c, ...)
  local m = c.MetaData()
  c.Table("p", m, c.Column("id", c.Integer, { primary_key = true }), c.Column("x", c.Integer),
    c.Column("Y", c.Integer, { key = "y" }))
  return c.CreateTable(c.Table("t", m, ...))
end

return {
  { id = "S01",
    { "a column, its key and its name", function(c)
      return T(c, c.Column("Full Name", c.Integer, { key = "full" }), c.Index("i", "full"))
    end, 'CREATE TABLE t ("Full Name" INTEGER)',
      mysql = "CREATE TABLE t (`Full Name` INTEGER)" },
    { "keys stand for names in constraints", function(c)
      return T(c, c.Column("a b", c.Integer, { key = "k" }), c.Column("b", c.Integer), c.UniqueConstraint("k", "b",
        { name = "u" }))
    end, 'CREATE TABLE t ("a b" INTEGER, b INTEGER, CONSTRAINT u UNIQUE ("a b", b))',
      mysql = "CREATE TABLE t (`a b` INTEGER, b INTEGER, CONSTRAINT u UNIQUE (`a b`, b))" },
    { "a table that is extended", function(c)
      local m = c.MetaData()
      c.Table("t", m, c.Column("a", c.Integer))
      return c.CreateTable(c.Table("t", m, c.Column("b", c.Integer), { extend_existing = true }))
    end, "CREATE TABLE t (a INTEGER, b INTEGER)" },
    { "a table that is kept", function(c)
      local m = c.MetaData()
      c.Table("t", m, c.Column("a", c.Integer))
      return c.CreateTable(c.Table("t", m, c.Column("b", c.Integer), { keep_existing = true }))
    end, "CREATE TABLE t (a INTEGER)" },
  },
  { id = "S06",
    { "a default of the client is no DEFAULT", function(c)
      return T(c, c.Column("a", c.Integer, { default = 5 }), c.Column("b", c.String(3), { default = "x" }))
    end, "CREATE TABLE t (a INTEGER, b VARCHAR(3))" },
    { "an onupdate is nothing in DDL", function(c) return T(c, c.Column("a", c.Integer, { onupdate = 5 })) end,
      "CREATE TABLE t (a INTEGER)" },
  },
  { id = "S07",
    { "an expression as default is no DEFAULT", function(c)
      return T(c, c.Column("a", c.DateTime, { default = c.func.now() }))
    end, "CREATE TABLE t (a DATETIME)",
      postgresql = "CREATE TABLE t (a TIMESTAMP WITHOUT TIME ZONE)",
      mysql = "CREATE TABLE t (a DATETIME(6))" },
    { "an expression as onupdate", function(c)
      return T(c, c.Column("a", c.Integer, { onupdate = c.func.length("abc") }))
    end, "CREATE TABLE t (a INTEGER)" },
  },
  { id = "S08",
    { "a string is a literal", function(c) return T(c, c.Column("a", c.String(5), { server_default = "it's" })) end,
      "CREATE TABLE t (a VARCHAR(5) DEFAULT 'it''s')" },
    { "text stands as it is", function(c)
      return T(c, c.Column("a", c.Integer, { server_default = c.text("5") }))
    end, "CREATE TABLE t (a INTEGER DEFAULT 5)" },
    { "text with operators", function(c)
      return T(c, c.Column("a", c.Integer, { server_default = c.text("5 + 1") }))
    end, "CREATE TABLE t (a INTEGER DEFAULT 5 + 1)",
      sqlite = "CREATE TABLE t (a INTEGER DEFAULT (5 + 1))",
      mysql = "CREATE TABLE t (a INTEGER DEFAULT (5 + 1))" },
    { "a function", function(c) return T(c, c.Column("a", c.Integer, { server_default = c.func.abs(-5) })) end,
      "CREATE TABLE t (a INTEGER DEFAULT abs(-5))",
      sqlite = "CREATE TABLE t (a INTEGER DEFAULT (abs(-5)))",
      mysql = "CREATE TABLE t (a INTEGER DEFAULT (abs(-5)))" },
    { "a constant", function(c)
      return T(c, c.Column("a", c.Boolean, { server_default = c.true_() }), c.Column("b", c.Boolean,
        { server_default = c.false_() }))
    end, "CREATE TABLE t (a BOOLEAN DEFAULT true, b BOOLEAN DEFAULT false)",
      sqlite = "CREATE TABLE t (a BOOLEAN DEFAULT 1, b BOOLEAN DEFAULT 0)",
      mysql = "CREATE TABLE t (a BOOL DEFAULT true, b BOOL DEFAULT false)" },
    { "by other means", function(c)
      return T(c, c.Column("a", c.Integer, { server_default = c.FetchedValue() }))
    end, "CREATE TABLE t (a INTEGER)" },
    { "with NOT NULL", function(c)
      return T(c, c.Column("a", c.Integer, { server_default = "7", nullable = false }))
    end, "CREATE TABLE t (a INTEGER DEFAULT '7' NOT NULL)",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL DEFAULT '7')" },
  },
  { id = "S09",
    { "a single integer key", function(c) return T(c, c.Column("a", c.Integer, { primary_key = true })) end,
      "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "a big one", function(c) return T(c, c.Column("a", c.BigInteger, { primary_key = true })) end,
      "CREATE TABLE t (a BIGINT NOT NULL, PRIMARY KEY (a))",
      sqlite = "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      postgresql = "CREATE TABLE t (a BIGSERIAL NOT NULL, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a BIGINT NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "a small one", function(c) return T(c, c.Column("a", c.SmallInteger, { primary_key = true })) end,
      "CREATE TABLE t (a SMALLINT NOT NULL, PRIMARY KEY (a))",
      sqlite = "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      postgresql = "CREATE TABLE t (a SMALLSERIAL NOT NULL, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a SMALLINT NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "a key of text", function(c) return T(c, c.Column("a", c.String(5), { primary_key = true })) end,
      "CREATE TABLE t (a VARCHAR(5) NOT NULL, PRIMARY KEY (a))" },
    { "switched off", function(c)
      return T(c, c.Column("a", c.Integer, { primary_key = true, autoincrement = false }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))" },
    { "a composite key", function(c)
      return T(c, c.Column("a", c.Integer, { primary_key = true }), c.Column("b", c.Integer, { primary_key = true }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b))" },
    { "one of a composite key, which then comes first", function(c)
      return T(c, c.Column("a", c.Integer, { primary_key = true }), c.Column("b", c.Integer, { primary_key = true,
        autoincrement = true }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (b, a))",
      sqlite = false,
      postgresql = "CREATE TABLE t (a INTEGER NOT NULL, b SERIAL NOT NULL, PRIMARY KEY (b, a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (b, a))" },
    { "a key that is a foreign key", function(c)
      return P(c, c.Column("a", c.Integer, c.ForeignKey("p.id"), { primary_key = true }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a), FOREIGN KEY(a) REFERENCES p (id))" },
    { '"ignore_fk"', function(c)
      return P(c, c.Column("a", c.Integer, c.ForeignKey("p.id"), { primary_key = true, autoincrement = "ignore_fk" }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a), FOREIGN KEY(a) REFERENCES p (id))",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, PRIMARY KEY (a), FOREIGN KEY(a) REFERENCES p (id))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a), FOREIGN KEY(a) REFERENCES p "
        .. "(id))" },
    { "SQLite's keyword", function(c)
      return T(c, c.Column("a", c.Integer, { primary_key = true }), { sqlite_autoincrement = true })
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      sqlite = "CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT)",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "a key with a default", function(c)
      return T(c, c.Column("a", c.Integer, { primary_key = true, default = 5 }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))" },
    { "a key with a server default", function(c)
      return T(c, c.Column("a", c.Integer, { primary_key = true, server_default = "5" }))
    end, "CREATE TABLE t (a INTEGER DEFAULT '5' NOT NULL, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL DEFAULT '5', PRIMARY KEY (a))" },
  },
  { id = "S10",
    { "Identity", function(c) return T(c, c.Column("a", c.Integer, c.Identity(), { primary_key = true })) end,
      "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      postgresql = "CREATE TABLE t (a INTEGER GENERATED BY DEFAULT AS IDENTITY, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "Identity with its numbers", function(c)
      return T(c, c.Column("a", c.Integer, c.Identity({ always = true, start = 5, increment = 2, minvalue = 1,
        maxvalue = 99, cycle = true, cache = 3 }), { primary_key = true }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      postgresql = "CREATE TABLE t (a INTEGER GENERATED ALWAYS AS IDENTITY (INCREMENT BY 2 START WITH 5 MINVALUE 1 "
        .. "MAXVALUE 99 CACHE 3 CYCLE), PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "Identity without bounds", function(c)
      return T(c, c.Column("a", c.Integer, c.Identity({ nominvalue = true, nomaxvalue = true, cycle = false }),
        { primary_key = true }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      postgresql = "CREATE TABLE t (a INTEGER GENERATED BY DEFAULT AS IDENTITY (NO MINVALUE NO MAXVALUE NO CYCLE), "
        .. "PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "Identity beside the key", function(c)
      return T(c, c.Column("a", c.Integer, { primary_key = true }), c.Column("b", c.Integer, c.Identity()))
    end, "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a))",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, b INTEGER GENERATED BY DEFAULT AS IDENTITY, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, b INTEGER NOT NULL, PRIMARY KEY (a))" },
    { "Identity that may be null", function(c)
      return T(c, c.Column("a", c.Integer, c.Identity(), { nullable = true }))
    end, "CREATE TABLE t (a INTEGER)",
      postgresql = "CREATE TABLE t (a INTEGER GENERATED BY DEFAULT AS IDENTITY NULL)" },
    { "CREATE SEQUENCE", function(c)
      return c.CreateSequence(c.Sequence("s", { start = 3, increment = 2, minvalue = 1, maxvalue = 99,
        cycle = true, cache = 5 }))
    end, "CREATE SEQUENCE s INCREMENT BY 2 START WITH 3 MINVALUE 1 MAXVALUE 99 CACHE 5 CYCLE",
      sqlite = false,
      mysql = false,
      mariadb = "CREATE SEQUENCE s INCREMENT BY 2 START WITH 3 MINVALUE 1 MAXVALUE 99 CACHE 5 CYCLE" },
    { "a sequence without bounds", function(c)
      return c.CreateSequence(c.Sequence("s", { start = 1, nominvalue = true, nomaxvalue = true }))
    end, "CREATE SEQUENCE s START WITH 1 NO MINVALUE NO MAXVALUE",
      sqlite = false,
      mysql = false,
      mariadb = "CREATE SEQUENCE s START WITH 1 NO MINVALUE NO MAXVALUE" },
    { "a sequence in a schema, of a type", function(c)
      return c.CreateSequence(c.Sequence("S", { start = 1, schema = "x", data_type = c.BigInteger }),
        { if_not_exists = true })
    end, 'CREATE SEQUENCE IF NOT EXISTS x."S" START WITH 1',
      sqlite = false,
      postgresql = 'CREATE SEQUENCE IF NOT EXISTS x."S" AS BIGINT START WITH 1',
      mysql = false,
      mariadb = "CREATE SEQUENCE IF NOT EXISTS x.`S` START WITH 1" },
    { "a sequence that does not cycle", function(c)
      return c.CreateSequence(c.Sequence("s", { start = 1, cycle = false }))
    end, "CREATE SEQUENCE s START WITH 1 NO CYCLE",
      sqlite = false,
      mysql = false,
      mariadb = "CREATE SEQUENCE s START WITH 1 NOCYCLE" },
    { "DROP SEQUENCE", function(c) return c.DropSequence(c.Sequence("s")) end, "DROP SEQUENCE s",
      sqlite = false,
      mysql = false,
      mariadb = "DROP SEQUENCE s" },
    { "the next value", function(c) return c.select(c.Sequence("s"):next_value()) end, false,
      postgresql = "SELECT nextval('s') AS next_value_1",
      mariadb = "SELECT nextval(s) AS next_value_1" },
    { "the next value in a schema", function(c)
      return c.select(c.Sequence("S", { schema = "x y" }):next_value():label("n"))
    end, false,
      postgresql = [[SELECT nextval('"x y"."S"') AS n]],
      mariadb = "SELECT nextval(`x y`.`S`) AS n" },
    { "the next value by func", function(c) return c.select(c.func.next_value(c.Sequence("s"))) end, false,
      postgresql = "SELECT nextval('s') AS next_value_1",
      mariadb = "SELECT nextval(s) AS next_value_1" },
    { "a sequence of a key", function(c)
      return T(c, c.Column("a", c.Integer, c.Sequence("s"), { primary_key = true }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "an optional sequence of a key", function(c)
      return T(c, c.Column("a", c.Integer, c.Sequence("s", { optional = true }), { primary_key = true }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "Computed", function(c)
      return T(c, c.Column("a", c.Integer), c.Column("b", c.Integer, c.Computed("a * 2")))
    end, "CREATE TABLE t (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2))",
      postgresql = "CREATE TABLE t (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED)" },
    { "Computed and stored", function(c)
      return T(c, c.Column("a", c.Integer), c.Column("b", c.Integer, c.Computed("a * 2", { persisted = true })))
    end, "CREATE TABLE t (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED)" },
    { "Computed and virtual", function(c)
      return T(c, c.Column("a", c.Integer), c.Column("b", c.Integer, c.Computed("a * 2", { persisted = false })))
    end, "CREATE TABLE t (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) VIRTUAL)",
      postgresql = false },
  },
  { id = "S15",
    { "a table in a schema", function(c)
      return c.CreateTable(c.Table("t", c.MetaData(), c.Column("a", c.Integer), { schema = "s" }))
    end, "CREATE TABLE s.t (a INTEGER)" },
    { "the schema of the metadata", function(c)
      return c.CreateTable(c.Table("t", c.MetaData({ schema = "Some Schema" }), c.Column("a", c.Integer)))
    end, 'CREATE TABLE "Some Schema".t (a INTEGER)',
      mysql = "CREATE TABLE `Some Schema`.t (a INTEGER)" },
    { "BLANK_SCHEMA", function(c)
      return c.CreateTable(c.Table("t", c.MetaData({ schema = "s" }), c.Column("a", c.Integer),
        { schema = c.BLANK_SCHEMA }))
    end, "CREATE TABLE t (a INTEGER)" },
    { "an index in a schema", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("a", c.Integer), { schema = "s" })
      return c.CreateIndex(c.Index("i", t.c.a))
    end, "CREATE INDEX i ON s.t (a)",
      sqlite = "CREATE INDEX s.i ON t (a)" },
    { "DROP TABLE in a schema", function(c)
      return c.DropTable(c.Table("t", c.MetaData(), c.Column("a", c.Integer), { schema = "s" }), { if_exists = true })
    end, "DROP TABLE IF EXISTS s.t" },
    { "CREATE SCHEMA", function(c) return c.CreateSchema("Main One", { if_not_exists = true }) end,
      'CREATE SCHEMA IF NOT EXISTS "Main One"',
      sqlite = false,
      mysql = "CREATE SCHEMA IF NOT EXISTS `Main One`" },
    { "DROP SCHEMA", function(c) return c.DropSchema("s", { cascade = true }) end, "DROP SCHEMA s CASCADE",
      sqlite = false },
  },
  { id = "S16",
    { "comments of a table and its columns", function(c)
      return T(c, c.Column("a", c.Integer, { comment = "it's a" }), { comment = "a table" })
    end, "CREATE TABLE t (a INTEGER)",
      mysql = "CREATE TABLE t (a INTEGER COMMENT 'it''s a')COMMENT='a table'" },
    { "SetTableComment", function(c)
      return c.SetTableComment(c.Table("t", c.MetaData(), c.Column("a", c.Integer), { comment = "it's" }))
    end, "COMMENT ON TABLE t IS 'it''s'",
      sqlite = false,
      mysql = "ALTER TABLE t COMMENT 'it''s'" },
    { "DropTableComment", function(c)
      return c.DropTableComment(c.Table("t", c.MetaData(), c.Column("a", c.Integer)))
    end, "COMMENT ON TABLE t IS NULL",
      sqlite = false,
      mysql = "ALTER TABLE t COMMENT ''" },
    { "SetColumnComment", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("a", c.Integer, { comment = "x", nullable = false }))
      return c.SetColumnComment(t.c.a)
    end, "COMMENT ON COLUMN t.a IS 'x'",
      sqlite = false,
      mysql = "ALTER TABLE t CHANGE a a INTEGER NOT NULL COMMENT 'x'" },
    { "DropColumnComment", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("a", c.Integer))
      return c.DropColumnComment(t.c.a)
    end, "COMMENT ON COLUMN t.a IS NULL",
      sqlite = false,
      mysql = "ALTER TABLE t CHANGE a a INTEGER" },
    { "engine and character set", function(c)
      return T(c, c.Column("a", c.Integer), { mysql_engine = "InnoDB", mysql_charset = "utf8mb4",
        mysql_collate = "utf8mb4_bin" })
    end, "CREATE TABLE t (a INTEGER)",
      mysql = "CREATE TABLE t (a INTEGER)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_bin" },
    { "partitions of MySQL", function(c)
      return T(c, c.Column("a", c.Integer), { mysql_partition_by = "HASH(a)", mysql_partitions = 4 })
    end, "CREATE TABLE t (a INTEGER)",
      mysql = "CREATE TABLE t (a INTEGER)PARTITION BY HASH(a) PARTITIONS 4" },
    { "options whose words have blanks", function(c)
      return T(c, c.Column("a", c.Integer), { mysql_default_character_set = "utf8mb4",
        mysql_row_format = "COMPRESSED", mysql_key_block_size = "1024" })
    end, "CREATE TABLE t (a INTEGER)",
      mysql = "CREATE TABLE t (a INTEGER)DEFAULT CHARACTER SET utf8mb4 KEY_BLOCK_SIZE=1024 ROW_FORMAT=COMPRESSED" },
    { "STRICT and WITHOUT ROWID", function(c)
      return T(c, c.Column("a", c.Integer, { primary_key = true }), { sqlite_strict = true,
        sqlite_with_rowid = false })
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      sqlite = "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a)) WITHOUT ROWID, STRICT",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "partitions of PostgreSQL", function(c)
      return T(c, c.Column("a", c.Integer), { postgresql_partition_by = "LIST (a)" })
    end, "CREATE TABLE t (a INTEGER)",
      postgresql = "CREATE TABLE t (a INTEGER) PARTITION BY LIST (a)" },
    { "inheritance and what else PostgreSQL has", function(c)
      return T(c, c.Column("a", c.Integer), { postgresql_inherits = { "p", "Q" }, postgresql_with_oids = false,
        postgresql_on_commit = "PRESERVE ROWS", postgresql_tablespace = "fast" })
    end, "CREATE TABLE t (a INTEGER)",
      postgresql = 'CREATE TABLE t (a INTEGER) INHERITS (p, "Q") WITHOUT OIDS ON COMMIT PRESERVE ROWS '
        .. 'TABLESPACE fast' },
    { "prefixes", function(c) return T(c, c.Column("a", c.Integer), { prefixes = { "TEMPORARY" } }) end,
      "CREATE TEMPORARY TABLE t (a INTEGER)" },
  },
  { id = "S24",
    { "reserved words", function(c)
      return c.CreateTable(c.Table("order", c.MetaData(), c.Column("select", c.Integer), c.Column("plain",
        c.Integer)))
    end, 'CREATE TABLE "order" ("select" INTEGER, plain INTEGER)',
      mysql = "CREATE TABLE `order` (`select` INTEGER, plain INTEGER)" },
    { "words that only some reserve", function(c)
      return c.CreateTable(c.Table("t", c.MetaData(), c.Column("offset", c.Integer), c.Column("pragma", c.Integer),
        c.Column("window", c.Integer), c.Column("rows", c.Integer)))
    end, 'CREATE TABLE t ("offset" INTEGER, pragma INTEGER, window INTEGER, rows INTEGER)',
      sqlite = 'CREATE TABLE t ("offset" INTEGER, "pragma" INTEGER, window INTEGER, rows INTEGER)',
      postgresql = 'CREATE TABLE t ("offset" INTEGER, pragma INTEGER, "window" INTEGER, rows INTEGER)',
      mysql = "CREATE TABLE t (offset INTEGER, pragma INTEGER, `window` INTEGER, `rows` INTEGER)",
      mariadb = "CREATE TABLE t (`offset` INTEGER, pragma INTEGER, `window` INTEGER, `rows` INTEGER)" },
    { "upper case", function(c)
      return c.CreateTable(c.Table("T", c.MetaData(), c.Column("Mixed", c.Integer), c.Column("lower_1", c.Integer)))
    end, 'CREATE TABLE "T" ("Mixed" INTEGER, lower_1 INTEGER)',
      mysql = "CREATE TABLE `T` (`Mixed` INTEGER, lower_1 INTEGER)" },
    { "spaces and signs", function(c)
      return T(c, c.Column("a b", c.Integer), c.Column("c-d", c.Integer), c.Column("e.f", c.Integer))
    end, 'CREATE TABLE t ("a b" INTEGER, "c-d" INTEGER, "e.f" INTEGER)',
      mysql = "CREATE TABLE t (`a b` INTEGER, `c-d` INTEGER, `e.f` INTEGER)" },
    { "digits in front", function(c)
      return T(c, c.Column("1st", c.Integer), c.Column("_x", c.Integer), c.Column("x$", c.Integer))
    end, 'CREATE TABLE t ("1st" INTEGER, _x INTEGER, x$ INTEGER)',
      mysql = "CREATE TABLE t (`1st` INTEGER, _x INTEGER, x$ INTEGER)" },
    { "quotes inside", function(c) return T(c, c.Column('a"b', c.Integer), c.Column("c`d", c.Integer)) end,
      'CREATE TABLE t ("a""b" INTEGER, "c`d" INTEGER)',
      mysql = 'CREATE TABLE t (`a"b` INTEGER, `c``d` INTEGER)' },
    { "always quoted", function(c) return T(c, c.Column("a", c.Integer, { quote = true }), { quote = true }) end,
      'CREATE TABLE "t" ("a" INTEGER)',
      mysql = "CREATE TABLE `t` (`a` INTEGER)" },
    { "a quoted_name", function(c)
      return c.CreateTable(c.Table(c.quoted_name("t", true), c.MetaData(),
        c.Column(c.quoted_name("a", true), c.Integer), c.Column(c.quoted_name("B", false), c.Integer),
        c.Column(c.quoted_name("c"), c.Integer)))
    end, 'CREATE TABLE "t" ("a" INTEGER, B INTEGER, c INTEGER)',
      mysql = "CREATE TABLE `t` (`a` INTEGER, B INTEGER, c INTEGER)" },
    { "never quoted", function(c) return T(c, c.Column("Mixed", c.Integer, { quote = false })) end,
      "CREATE TABLE t (Mixed INTEGER)" },
    { "the same in a select", function(c)
      return c.select(c.Table("t", c.MetaData(), c.Column("a", c.Integer, { quote = true }), c.Column("Order",
        c.Integer)))
    end, 'SELECT t."a", t."Order" FROM t',
      mysql = "SELECT t.`a`, t.`Order` FROM t" },
  },
}
