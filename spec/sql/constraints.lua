-- Constraints and indexes, in CREATE TABLE and by themselves.
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

local function I(c)
  return c.Table("t", c.MetaData(), c.Column("a", c.Integer), c.Column("b", c.String(50)))
end

return {
  { id = "S11",
    { "a foreign key", function(c) return P(c, c.Column("a", c.Integer, c.ForeignKey("p.id"))) end,
      "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (id))" },
    { "a named one", function(c) return P(c, c.Column("a", c.Integer, c.ForeignKey("p.id", { name = "fk" }))) end,
      "CREATE TABLE t (a INTEGER, CONSTRAINT fk FOREIGN KEY(a) REFERENCES p (id))" },
    { "actions", function(c)
      return P(c, c.Column("a", c.Integer, c.ForeignKey("p.id", { ondelete = "SET NULL", onupdate = "CASCADE" })))
    end, "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (id) ON DELETE SET NULL ON UPDATE CASCADE)" },
    { "deferrable", function(c)
      return P(c, c.Column("a", c.Integer, c.ForeignKey("p.id", { deferrable = true, initially = "DEFERRED" })))
    end, "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)" },
    { "not deferrable", function(c)
      return P(c, c.Column("a", c.Integer, c.ForeignKey("p.id", { deferrable = false })))
    end, "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (id) NOT DEFERRABLE)" },
    { "MATCH", function(c) return P(c, c.Column("a", c.Integer, c.ForeignKey("p.id", { match = "FULL" }))) end,
      "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (id) MATCH FULL)",
      mysql = false },
    { "a composite one", function(c)
      return P(c, c.Column("a", c.Integer), c.Column("b", c.Integer), c.ForeignKeyConstraint({ "a", "b" },
        { "p.id", "p.x" }, { name = "fk", ondelete = "CASCADE" }))
    end, "CREATE TABLE t (a INTEGER, b INTEGER, CONSTRAINT fk FOREIGN KEY(a, b) REFERENCES p (id, x) ON "
        .. "DELETE CASCADE)" },
    { "link_to_name", function(c)
      return P(c, c.Column("a", c.Integer, c.ForeignKey("p.Y", { link_to_name = true })))
    end, 'CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p ("Y"))',
      mysql = "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (`Y`))" },
    { "a target by its key", function(c) return P(c, c.Column("a", c.Integer, c.ForeignKey("p.y"))) end,
      'CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p ("Y"))',
      mysql = "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (`Y`))" },
    { "without a type of its own", function(c) return P(c, c.Column("a", c.ForeignKey("p.id"))) end,
      "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (id))" },
    { "to the table itself", function(c)
      return T(c, c.Column("id", c.Integer, { primary_key = true }), c.Column("up", c.Integer, c.ForeignKey("t.id")))
    end, "CREATE TABLE t (id INTEGER NOT NULL, up INTEGER, PRIMARY KEY (id), FOREIGN KEY(up) REFERENCES t (id))",
      postgresql = "CREATE TABLE t (id SERIAL NOT NULL, up INTEGER, PRIMARY KEY (id), FOREIGN KEY(up) REFERENCES t "
        .. "(id))",
      mysql = "CREATE TABLE t (id INTEGER NOT NULL AUTO_INCREMENT, up INTEGER, PRIMARY KEY (id), FOREIGN KEY(up) "
        .. "REFERENCES t (id))" },
    { "not validated yet", function(c)
      return P(c, c.Column("a", c.Integer), c.ForeignKeyConstraint({ "a" }, { "p.id" },
        { postgresql_not_valid = true }))
    end, "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (id))",
      postgresql = "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (id) NOT VALID)" },
  },
  { id = "S12",
    { "UNIQUE of a column", function(c) return T(c, c.Column("a", c.Integer, { unique = true })) end,
      "CREATE TABLE t (a INTEGER, UNIQUE (a))" },
    { "UNIQUE of two", function(c)
      return T(c, c.Column("a", c.Integer), c.Column("b", c.Integer), c.UniqueConstraint("a", "b", { name = "uq" }))
    end, "CREATE TABLE t (a INTEGER, b INTEGER, CONSTRAINT uq UNIQUE (a, b))" },
    { "a deferrable UNIQUE", function(c)
      return T(c, c.Column("a", c.Integer), c.UniqueConstraint("a", { deferrable = true, initially = "DEFERRED" }))
    end, "CREATE TABLE t (a INTEGER, UNIQUE (a) DEFERRABLE INITIALLY DEFERRED)" },
    { "NULLs that are not distinct", function(c)
      return T(c, c.Column("a", c.Integer), c.UniqueConstraint("a", { name = "uq",
        postgresql_nulls_not_distinct = true }))
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT uq UNIQUE (a))",
      postgresql = "CREATE TABLE t (a INTEGER, CONSTRAINT uq UNIQUE NULLS NOT DISTINCT (a))" },
    { "a named primary key", function(c)
      return T(c, c.Column("a", c.Integer), c.Column("b", c.Integer), c.PrimaryKeyConstraint("b", "a",
        { name = "pk" }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, CONSTRAINT pk PRIMARY KEY (b, a))" },
    { "CHECK of text", function(c)
      return T(c, c.Column("a", c.Integer), c.CheckConstraint("a > 5", { name = "ck" }))
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT ck CHECK (a > 5))" },
    { "CHECK of an expression", function(c)
      local x = c.Column("a", c.Integer)
      return T(c, x, c.CheckConstraint(x:between(1, 5)))
    end, "CREATE TABLE t (a INTEGER, CHECK (a BETWEEN 1 AND 5))" },
    { "CHECK inside a column", function(c)
      return T(c, c.Column("a", c.Integer, c.CheckConstraint("a > 5", { name = "ck" }), { nullable = false }))
    end, "CREATE TABLE t (a INTEGER NOT NULL CONSTRAINT ck CHECK (a > 5))" },
    { "a primary key with USING", function(c)
      return T(c, c.Column("a", c.Integer), c.PrimaryKeyConstraint("a", { name = "pk", mysql_using = "btree" }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, CONSTRAINT pk PRIMARY KEY (a))",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, CONSTRAINT pk PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, CONSTRAINT pk PRIMARY KEY (a) USING btree)" },
    { "all of them, in their order", function(c)
      return P(c, c.Column("a", c.Integer, c.ForeignKey("p.id"), { unique = true }), c.Column("b", c.Integer),
        c.UniqueConstraint("a", "b"), c.CheckConstraint("a > 5"))
    end, "CREATE TABLE t (a INTEGER, b INTEGER, UNIQUE (a, b), CHECK (a > 5), UNIQUE (a), FOREIGN KEY(a) "
        .. "REFERENCES p (id))" },
  },
  { id = "S18",
    { "AddConstraint", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("a", c.Integer))
      local k = c.UniqueConstraint("a", { name = "uq" })
      t:append_constraint(k)
      return c.AddConstraint(k)
    end, "ALTER TABLE t ADD CONSTRAINT uq UNIQUE (a)",
      sqlite = false },
    { "AddConstraint of a check", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("a", c.Integer))
      local k = c.CheckConstraint("a > 5", { name = "ck" })
      t:append_constraint(k)
      return c.AddConstraint(k)
    end, "ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 5)",
      sqlite = false },
    { "DropConstraint of a unique one", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("a", c.Integer))
      local k = c.UniqueConstraint("a", { name = "uq" })
      t:append_constraint(k)
      return c.DropConstraint(k)
    end, "ALTER TABLE t DROP CONSTRAINT uq",
      sqlite = false,
      mysql = "ALTER TABLE t DROP INDEX uq" },
    { "DropConstraint of a check", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("a", c.Integer))
      local k = c.CheckConstraint("a > 5", { name = "ck" })
      t:append_constraint(k)
      return c.DropConstraint(k, { cascade = true })
    end, "ALTER TABLE t DROP CONSTRAINT ck CASCADE",
      sqlite = false,
      mysql = "ALTER TABLE t DROP CHECK ck",
      mariadb = "ALTER TABLE t DROP CONSTRAINT ck" },
    { "use_alter leaves the key out", function(c)
      return P(c, c.Column("a", c.Integer, c.ForeignKey("p.id", { use_alter = true, name = "fk" })))
    end, "CREATE TABLE t (a INTEGER)",
      sqlite = "CREATE TABLE t (a INTEGER, CONSTRAINT fk FOREIGN KEY(a) REFERENCES p (id))" },
  },
  { id = "S26",
    { "of a primary key", function(c)
      return T(c, c.Column("a", c.Integer, { primary_key = true, sqlite_on_conflict_primary_key = "FAIL" }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      sqlite = "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a) ON CONFLICT FAIL)",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
    { "of NOT NULL", function(c)
      return T(c, c.Column("a", c.Integer, { nullable = false, sqlite_on_conflict_not_null = "IGNORE" }))
    end, "CREATE TABLE t (a INTEGER NOT NULL)",
      sqlite = "CREATE TABLE t (a INTEGER NOT NULL ON CONFLICT IGNORE)" },
    { "of UNIQUE in a column", function(c)
      return T(c, c.Column("a", c.Integer, { unique = true, sqlite_on_conflict_unique = "REPLACE" }))
    end, "CREATE TABLE t (a INTEGER, UNIQUE (a))",
      sqlite = "CREATE TABLE t (a INTEGER, UNIQUE (a) ON CONFLICT REPLACE)" },
    { "of constraints", function(c)
      return T(c, c.Column("a", c.Integer), c.Column("b", c.Integer), c.UniqueConstraint("a", "b",
        { sqlite_on_conflict = "ABORT" }), c.CheckConstraint("a > 5", { sqlite_on_conflict = "ROLLBACK" }))
    end, "CREATE TABLE t (a INTEGER, b INTEGER, UNIQUE (a, b), CHECK (a > 5))",
      sqlite = "CREATE TABLE t (a INTEGER, b INTEGER, UNIQUE (a, b) ON CONFLICT ABORT, CHECK (a > 5) ON CONFLICT "
        .. "ROLLBACK)" },
    { "with AUTOINCREMENT", function(c)
      return T(c, c.Column("a", c.Integer, { primary_key = true, sqlite_on_conflict_primary_key = "FAIL" }),
        { sqlite_autoincrement = true })
    end, "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a))",
      sqlite = "CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY ON CONFLICT FAIL AUTOINCREMENT)",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, PRIMARY KEY (a))" },
  },
  { id = "S13",
    { "an index of a column", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a))
    end, "CREATE INDEX i ON t (a)" },
    { "of two, unique", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a, t.c.b, { unique = true }))
    end, "CREATE UNIQUE INDEX i ON t (a, b)" },
    { "a name that is made", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("a", c.Integer, { index = true }))
      return c.CreateIndex(t.indexes[1])
    end, "CREATE INDEX ix_t_a ON t (a)" },
    { "DESC", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a:desc(), t.c.b:asc()))
    end, "CREATE INDEX i ON t (a DESC, b ASC)" },
    { "NULLs first and last", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a:desc():nulls_last()))
    end, "CREATE INDEX i ON t (a DESC NULLS LAST)",
      mysql = false },
    { "a function", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", c.func.lower(t.c.b)))
    end, "CREATE INDEX i ON t (lower(b))",
      mysql = "CREATE INDEX i ON t ((lower(b)))" },
    { "an operator", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a + 5))
    end, "CREATE INDEX i ON t (a + 5)",
      postgresql = "CREATE INDEX i ON t ((a + 5))",
      mysql = "CREATE INDEX i ON t ((a + 5))" },
    { "the order of an operator behind its parentheses", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", (t.c.a + 5):desc(), t.c.b))
    end, "CREATE INDEX i ON t (a + 5 DESC, b)",
      postgresql = "CREATE INDEX i ON t ((a + 5) DESC, b)",
      mysql = "CREATE INDEX i ON t ((a + 5) DESC, b)" },
    { "both orders of an operator", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", (t.c.a + 5):desc():nulls_last()))
    end, "CREATE INDEX i ON t (a + 5 DESC NULLS LAST)",
      postgresql = "CREATE INDEX i ON t ((a + 5) DESC NULLS LAST)",
      mysql = false },
    { "the order of a function", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", c.func.lower(t.c.b):desc()))
    end, "CREATE INDEX i ON t (lower(b) DESC)",
      mysql = "CREATE INDEX i ON t ((lower(b)) DESC)" },
    { "partial", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a, { sqlite_where = t.c.a:gt(5), postgresql_where = t.c.a:lt(7) }))
    end, "CREATE INDEX i ON t (a)",
      sqlite = "CREATE INDEX i ON t (a) WHERE a > 5",
      postgresql = "CREATE INDEX i ON t (a) WHERE a < 7" },
    { "USING", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a, { postgresql_using = "GIN", mysql_using = "hash" }))
    end, "CREATE INDEX i ON t (a)",
      postgresql = "CREATE INDEX i ON t USING gin (a)",
      mysql = "CREATE INDEX i ON t (a) USING hash" },
    { "operator classes", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a, t.c.b, { postgresql_ops = { b = "text_pattern_ops" } }))
    end, "CREATE INDEX i ON t (a, b)",
      postgresql = "CREATE INDEX i ON t (a, b text_pattern_ops)" },
    { "INCLUDE", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a, { postgresql_include = { "b" } }))
    end, "CREATE INDEX i ON t (a)",
      postgresql = "CREATE INDEX i ON t (a) INCLUDE (b)" },
    { "WITH and TABLESPACE", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a, { postgresql_with = { fillfactor = 50 },
        postgresql_tablespace = "Fast" }))
    end, "CREATE INDEX i ON t (a)",
      postgresql = 'CREATE INDEX i ON t (a) WITH (fillfactor = 50) TABLESPACE "Fast"' },
    { "CONCURRENTLY", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a, { postgresql_concurrently = true }))
    end, "CREATE INDEX i ON t (a)",
      postgresql = "CREATE INDEX CONCURRENTLY i ON t (a)" },
    { "dropped CONCURRENTLY", function(c)
      local t = I(c)
      return c.DropIndex(c.Index("i", t.c.a, { postgresql_concurrently = true }))
    end, "DROP INDEX i",
      postgresql = "DROP INDEX CONCURRENTLY i",
      mysql = "DROP INDEX i ON t" },
    { "a length", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a, t.c.b, { mysql_length = 5 }))
    end, "CREATE INDEX i ON t (a, b)",
      mysql = "CREATE INDEX i ON t (a(5), b(5))" },
    { "a length by column", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a, t.c.b, { mysql_length = { b = 5 } }))
    end, "CREATE INDEX i ON t (a, b)",
      mysql = "CREATE INDEX i ON t (a, b(5))" },
    { "a prefix and a parser", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.b, { mysql_prefix = "FULLTEXT", mysql_with_parser = "ngram" }))
    end, "CREATE INDEX i ON t (b)",
      mysql = "CREATE FULLTEXT INDEX i ON t (b) WITH PARSER ngram" },
    { "IF NOT EXISTS", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a), { if_not_exists = true })
    end, "CREATE INDEX IF NOT EXISTS i ON t (a)" },
    { "DROP INDEX IF EXISTS", function(c)
      local t = I(c)
      return c.DropIndex(c.Index("i", t.c.a), { if_exists = true })
    end, "DROP INDEX IF EXISTS i",
      mysql = "DROP INDEX IF EXISTS i ON t" },
    { "NULLs of a unique index", function(c)
      local t = I(c)
      return c.CreateIndex(c.Index("i", t.c.a, { unique = true, postgresql_nulls_not_distinct = true }))
    end, "CREATE UNIQUE INDEX i ON t (a)",
      postgresql = "CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT" },
  },
}
