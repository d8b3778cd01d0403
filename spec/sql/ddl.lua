-- DDL elements beside the CREATE of tables and indexes: conditions, the script's own SQL, views, copies.
local function T(c, ...)
  return c.CreateTable(c.Table("t", c.MetaData(), ...))
end

local function I(c)
  return c.Table("t", c.MetaData(), c.Column("a", c.Integer), c.Column("b", c.String(50)))
end

return {
  { id = "S17",
    { "CREATE TABLE IF NOT EXISTS", function(c) return c.CreateTable(I(c), { if_not_exists = true }) end,
      "CREATE TABLE IF NOT EXISTS t (a INTEGER, b VARCHAR(50))" },
    { "DROP TABLE IF EXISTS", function(c) return c.DropTable(I(c), { if_exists = true }) end,
      "DROP TABLE IF EXISTS t" },
  },
  { id = "S19",
    { "DDL", function(c) return c.DDL("ALTER TABLE t SET (fillfactor = 70)") end,
      "ALTER TABLE t SET (fillfactor = 70)" },
    { "DDL with a percent sign", function(c) return c.DDL("SELECT 5 %% 2") end, "SELECT 5 % 2" },
    { "DDL with a context", function(c) return c.DDL("DROP USER %(who)s", { context = { who = "ann" } }) end,
      "DROP USER ann" },
    { "a check for one database", function(c)
      local k = c.CheckConstraint("a > 5", { name = "ck" })
      k:ddl_if({ dialect = "postgresql" })
      return T(c, c.Column("a", c.Integer), k)
    end, "CREATE TABLE t (a INTEGER)",
      postgresql = "CREATE TABLE t (a INTEGER, CONSTRAINT ck CHECK (a > 5))" },
    { "a unique constraint for two", function(c)
      local k = c.UniqueConstraint("a", { name = "uq" })
      k:ddl_if({ dialect = { "sqlite", "mariadb" } })
      return T(c, c.Column("a", c.Integer), k)
    end, "CREATE TABLE t (a INTEGER)",
      sqlite = "CREATE TABLE t (a INTEGER, CONSTRAINT uq UNIQUE (a))",
      mariadb = "CREATE TABLE t (a INTEGER, CONSTRAINT uq UNIQUE (a))" },
  },
  { id = "S22",
    { "CreateView", function(c) return c.CreateView(c.select(I(c).c.a), "v") end,
      "CREATE VIEW v AS SELECT t.a FROM t" },
    { "CREATE OR REPLACE VIEW", function(c) return c.CreateView(c.select(I(c).c.a), "v", { or_replace = true }) end,
      "CREATE OR REPLACE VIEW v AS SELECT t.a FROM t",
      sqlite = false },
    { "a temporary view", function(c)
      local t = I(c)
      return c.CreateView(c.select(t.c.a):where(t.c.a:gt(5)), "v", { temporary = true })
    end, "CREATE TEMPORARY VIEW v AS SELECT t.a FROM t WHERE t.a > 5",
      mysql = false },
    { "a materialized view", function(c)
      return c.CreateView(c.select(I(c).c.a), "v", { materialized = true, schema = "s" })
    end, "CREATE MATERIALIZED VIEW s.v AS SELECT t.a FROM t",
      sqlite = false,
      mysql = false },
    { "DropView", function(c) return c.DropView("v", { if_exists = true }) end, "DROP VIEW IF EXISTS v" },
    { "DROP MATERIALIZED VIEW", function(c) return c.DropView("v", { materialized = true }) end,
      "DROP MATERIALIZED VIEW v",
      sqlite = false,
      mysql = false },
    { "CreateTableAs", function(c)
      local t = I(c)
      return c.CreateTableAs(c.select(t.c.a, t.c.b:label("x")):where(t.c.b:eq("it's")), "n", { if_not_exists = true })
    end, "CREATE TABLE IF NOT EXISTS n AS SELECT t.a, t.b AS x FROM t WHERE t.b = 'it''s'" },
    { "select:into", function(c) return c.select(I(c).c.a):into("n", { temporary = true }) end,
      "CREATE TEMPORARY TABLE n AS SELECT t.a FROM t" },
  },
  { id = "S23",
    { "to_metadata", function(c)
      local m = c.MetaData()
      return c.CreateTable(c.Table("t", c.MetaData(), c.Column("a", c.Integer, { primary_key = true }),
        c.Column("b", c.Integer, { unique = true }), c.CheckConstraint("b > 5", { name = "ck" })):to_metadata(m))
    end, "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER, PRIMARY KEY (a), UNIQUE (b), CONSTRAINT ck CHECK (b > 5))",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, b INTEGER, PRIMARY KEY (a), UNIQUE (b), CONSTRAINT ck CHECK (b "
        .. "> 5))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, b INTEGER, PRIMARY KEY (a), UNIQUE (b), "
        .. "CONSTRAINT ck CHECK (b > 5))" },
    { "to_metadata into a schema", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("id", c.Integer, { primary_key = true }), c.Column("up",
        c.Integer, c.ForeignKey("t.id", { name = "fk", ondelete = "CASCADE" })))
      return c.CreateTable(t:to_metadata(c.MetaData(), { schema = "s" }))
    end, "CREATE TABLE s.t (id INTEGER NOT NULL, up INTEGER, PRIMARY KEY (id), CONSTRAINT fk FOREIGN "
        .. "KEY(up) REFERENCES s.t (id) ON DELETE CASCADE)",
      sqlite = "CREATE TABLE s.t (id INTEGER NOT NULL, up INTEGER, PRIMARY KEY (id), CONSTRAINT fk FOREIGN "
        .. "KEY(up) REFERENCES t (id) ON DELETE CASCADE)",
      postgresql = "CREATE TABLE s.t (id SERIAL NOT NULL, up INTEGER, PRIMARY KEY (id), CONSTRAINT fk FOREIGN KEY(up) "
        .. "REFERENCES s.t (id) ON DELETE CASCADE)",
      mysql = "CREATE TABLE s.t (id INTEGER NOT NULL AUTO_INCREMENT, up INTEGER, PRIMARY KEY (id), CONSTRAINT fk "
        .. "FOREIGN KEY(up) REFERENCES s.t (id) ON DELETE CASCADE)" },
    { "to_metadata and a key's options", function(c)
      local m, other = c.MetaData(), c.MetaData()
      c.Table("p", m, c.Column("real_id", c.Integer, { key = "k" })):to_metadata(other)
      local t = c.Table("t", m, c.Column("a", c.Integer,
        c.ForeignKey("p.real_id", { link_to_name = true, postgresql_not_valid = true })))
      return c.CreateTable(t:to_metadata(other))
    end, "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (real_id))",
      postgresql = "CREATE TABLE t (a INTEGER, FOREIGN KEY(a) REFERENCES p (real_id) NOT VALID)" },
    { "to_metadata and a constraint's options", function(c)
      local m, other = c.MetaData(), c.MetaData()
      c.Table("p", m, c.Column("id", c.Integer)):to_metadata(other)
      local t = c.Table("t", m, c.Column("a", c.Integer), c.ForeignKeyConstraint({ "a" }, { "p.id" },
        { name = "fk", match = "FULL", postgresql_not_valid = true }))
      return c.CreateTable(t:to_metadata(other))
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT fk FOREIGN KEY(a) REFERENCES p (id) MATCH FULL)",
      postgresql = "CREATE TABLE t (a INTEGER, CONSTRAINT fk FOREIGN KEY(a) REFERENCES p (id) MATCH FULL NOT VALID)",
      mysql = false },
    { "to_metadata by another name", function(c)
      return c.CreateTable(I(c):to_metadata(c.MetaData(), { name = "copy" }))
    end, "CREATE TABLE copy (a INTEGER, b VARCHAR(50))" },
  },
  { id = "S27",
    { "a table", function(c) return c.CreateTable(I(c)) end, "CREATE TABLE t (a INTEGER, b VARCHAR(50))" },
    { "DROP TABLE", function(c) return c.DropTable(I(c)) end, "DROP TABLE t" },
    { "DROP INDEX", function(c)
      local t = I(c)
      return c.DropIndex(c.Index("i", t.c.a))
    end, "DROP INDEX i",
      mysql = "DROP INDEX i ON t" },
    { "SetConstraintComment", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("a", c.Integer))
      local k = c.UniqueConstraint("a", { name = "uq", comment = "it's" })
      t:append_constraint(k)
      return c.SetConstraintComment(k)
    end, false,
      postgresql = "COMMENT ON CONSTRAINT uq ON t IS 'it''s'" },
  },
}
