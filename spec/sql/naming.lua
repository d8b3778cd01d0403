-- Names by conventions, and how long ones are cut.
-- A table "t" by a naming convention, and "p" beside it.
local function N(c, convention, ...)
  local m = c.MetaData { naming_convention = convention }
  c.Table("p", m, c.Column("id", c.Integer, { primary_key = true }), c.Column("x", c.Integer))
  return c.CreateTable(c.Table("t", m, ...))
end

return {
  { id = "S14",
    { "pk and table_name", function(c)
      return N(c, { pk = "pk_%(table_name)s" }, c.Column("a", c.Integer, { primary_key = true }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, CONSTRAINT pk_t PRIMARY KEY (a))",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, CONSTRAINT pk_t PRIMARY KEY (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, CONSTRAINT pk_t PRIMARY KEY (a))" },
    { "uq and column_0_name", function(c)
      return N(c, { uq = "uq_%(table_name)s_%(column_0_name)s" }, c.Column("a", c.Integer, { unique = true }))
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT uq_t_a UNIQUE (a))" },
    { "column_0_N_name", function(c)
      return N(c, { uq = "uq_%(column_0_N_name)s" }, c.Column("a", c.Integer), c.Column("b", c.Integer),
        c.UniqueConstraint("a", "b"))
    end, "CREATE TABLE t (a INTEGER, b INTEGER, CONSTRAINT uq_a_b UNIQUE (a, b))" },
    { "column_0N_name", function(c)
      return N(c, { uq = "uq_%(column_0N_name)s" }, c.Column("a", c.Integer), c.Column("b", c.Integer),
        c.UniqueConstraint("a", "b"))
    end, "CREATE TABLE t (a INTEGER, b INTEGER, CONSTRAINT uq_ab UNIQUE (a, b))" },
    { "column_1_name", function(c)
      return N(c, { uq = "uq_%(column_1_name)s" }, c.Column("a", c.Integer), c.Column("b", c.Integer),
        c.UniqueConstraint("a", "b"))
    end, "CREATE TABLE t (a INTEGER, b INTEGER, CONSTRAINT uq_b UNIQUE (a, b))" },
    { "column_0_label", function(c)
      return N(c, { uq = "uq_%(column_0_label)s" }, c.Column("a", c.Integer, { unique = true }))
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT uq_t_a UNIQUE (a))" },
    { "column_0_N_label", function(c)
      return N(c, { pk = "pk_%(column_0_N_label)s" }, c.Column("a", c.Integer, { primary_key = true }),
        c.Column("b", c.Integer, { primary_key = true }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, CONSTRAINT pk_t_a_t_b PRIMARY KEY (a, b))" },
    { "column_0_key", function(c)
      return N(c, { uq = "uq_%(column_0_key)s" }, c.Column("a", c.Integer, { key = "k", unique = true }))
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT uq_k UNIQUE (a))" },
    { "fk and what it refers to", function(c)
      return N(c,
        { fk = "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s_%(referred_column_0_name)s" },
        c.Column("a", c.Integer, c.ForeignKey("p.id")))
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT fk_t_a_p_id FOREIGN KEY(a) REFERENCES p (id))" },
    { "the name of a column behind a key", function(c)
      local m = c.MetaData { naming_convention = { fk = "fk_%(table_name)s_%(referred_column_0_name)s" } }
      c.Table("p", m, c.Column("real", c.Integer, { key = "k", primary_key = true }))
      return c.CreateTable(c.Table("t", m, c.Column("a", c.Integer, c.ForeignKey("p.k"))))
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT fk_t_real FOREIGN KEY(a) REFERENCES p (real))",
      mysql = "CREATE TABLE t (a INTEGER, CONSTRAINT fk_t_real FOREIGN KEY(a) REFERENCES p (`real`))" },
    { "the name of a column that comes later", function(c)
      local m = c.MetaData { naming_convention = { fk = "fk_%(table_name)s_%(referred_column_0_name)s" } }
      local t = c.Table("t", m, c.Column("a", c.Integer, c.ForeignKey("p.k")))
      c.Table("p", m, c.Column("x", c.Integer, { key = "k", primary_key = true }))
      return c.CreateTable(t)
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT fk_t_x FOREIGN KEY(a) REFERENCES p (x))" },
    { "a composite fk", function(c)
      return N(c, { fk = "fk_%(column_0_N_name)s_%(referred_column_0_N_name)s" }, c.Column("a", c.Integer),
        c.Column("b", c.Integer), c.ForeignKeyConstraint({ "a", "b" }, { "p.id", "p.x" }))
    end, "CREATE TABLE t (a INTEGER, b INTEGER, CONSTRAINT fk_a_b_id_x FOREIGN KEY(a, b) REFERENCES p (id, x))" },
    { "ck and constraint_name", function(c)
      return N(c, { ck = "ck_%(table_name)s_%(constraint_name)s" }, c.Column("a", c.Integer),
        c.CheckConstraint("a > 5", { name = "pos" }))
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT ck_t_pos CHECK (a > 5))" },
    { "conv", function(c)
      return N(c, { ck = "ck_%(table_name)s_%(constraint_name)s" }, c.Column("a", c.Integer),
        c.CheckConstraint("a > 5", { name = c.conv("pos") }))
    end, "CREATE TABLE t (a INTEGER, CONSTRAINT pos CHECK (a > 5))" },
    { "a name that was given", function(c)
      return N(c, { uq = "uq_%(table_name)s", pk = "pk_%(table_name)s" }, c.Column("a", c.Integer),
        c.UniqueConstraint("a", { name = "mine" }), c.PrimaryKeyConstraint("a", { name = "own" }))
    end, "CREATE TABLE t (a INTEGER NOT NULL, CONSTRAINT own PRIMARY KEY (a), CONSTRAINT mine UNIQUE (a))",
      postgresql = "CREATE TABLE t (a SERIAL NOT NULL, CONSTRAINT own PRIMARY KEY (a), CONSTRAINT mine UNIQUE (a))",
      mysql = "CREATE TABLE t (a INTEGER NOT NULL AUTO_INCREMENT, CONSTRAINT own PRIMARY KEY (a), CONSTRAINT "
        .. "mine UNIQUE (a))" },
    { "a type's check", function(c)
      return N(c, { ck = "ck_%(table_name)s_%(constraint_name)s" }, c.Column("a", c.Enum("x", "y", { name = "e",
        create_constraint = true, native_enum = false })))
    end, "CREATE TABLE t (a VARCHAR(1), CONSTRAINT ck_t_e CHECK (a IN ('x', 'y')))" },
    { "a name that is cut", function(c)
      return c.CreateTable(c.Table("a_table_with_a_name_that_is_very_long_indeed_for_a_table",
        c.MetaData({ naming_convention = { uq = "uq_%(table_name)s_%(column_0_name)s" } }),
        c.Column("and_a_column_with_a_long_name", c.Integer, { unique = true })))
    end, "CREATE TABLE a_table_with_a_name_that_is_very_long_indeed_for_a_table "
        .. "(and_a_column_with_a_long_name INTEGER, CONSTRAINT "
        .. "uq_a_table_with_a_name_that_is_very_long_indeed_for_a_table_and_a_column_with_a_long_name UNIQUE "
        .. "(and_a_column_with_a_long_name))",
      postgresql = "CREATE TABLE a_table_with_a_name_that_is_very_long_indeed_for_a_table "
        .. "(and_a_column_with_a_long_name INTEGER, CONSTRAINT "
        .. "uq_a_table_with_a_name_that_is_very_long_indeed_for_a_t_3580 UNIQUE "
        .. "(and_a_column_with_a_long_name))",
      mysql = "CREATE TABLE a_table_with_a_name_that_is_very_long_indeed_for_a_table "
        .. "(and_a_column_with_a_long_name INTEGER, CONSTRAINT "
        .. "uq_a_table_with_a_name_that_is_very_long_indeed_for_a_ta_3580 UNIQUE "
        .. "(and_a_column_with_a_long_name))" },
    { "an index by ix", function(c)
      local t = c.Table("t", c.MetaData({ naming_convention = { ix = "ix_%(table_name)s_%(column_0_N_name)s" } }),
        c.Column("a", c.Integer), c.Column("b", c.Integer))
      return c.CreateIndex(c.Index(nil, t.c.a, t.c.b))
    end, "CREATE INDEX ix_t_a_b ON t (a, b)" },
    { "an index of an expression by its first column", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("x", c.Integer), c.Column("y", c.Integer))
      return c.CreateIndex(c.Index(nil, c.func.lower(t.c.y + t.c.x), t.c.x))
    end, "CREATE INDEX ix_t_y ON t (lower(y + x), x)",
      mysql = "CREATE INDEX ix_t_y ON t ((lower(y + x)), x)" },
    { "an index of an expression by ix", function(c)
      local t = c.Table("t", c.MetaData { naming_convention = { ix = "ix_%(column_0_N_name)s" } },
        c.Column("x", c.Integer), c.Column("y", c.Integer))
      return c.CreateIndex(c.Index(nil, c.func.lower(t.c.y + t.c.x), t.c.x))
    end, "CREATE INDEX ix_y_x ON t (lower(y + x), x)",
      mysql = "CREATE INDEX ix_y_x ON t ((lower(y + x)), x)" },
    { "an index in a schema", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("a", c.Integer, { index = true }), { schema = "s" })
      return c.CreateIndex(t.indexes[1])
    end, "CREATE INDEX ix_s_t_a ON s.t (a)",
      sqlite = "CREATE INDEX s.ix_s_t_a ON t (a)" },
    { "an index whose name is cut", function(c)
      local t = c.Table("a_table_with_a_name_that_is_very_long_indeed_for_a_table", c.MetaData(),
        c.Column("and_a_column_with_a_long_name", c.Integer, { index = true }))
      return c.CreateIndex(t.indexes[1])
    end, "CREATE INDEX "
        .. "ix_a_table_with_a_name_that_is_very_long_indeed_for_a_table_and_a_column_with_a_long_name ON "
        .. "a_table_with_a_name_that_is_very_long_indeed_for_a_table (and_a_column_with_a_long_name)",
      postgresql = "CREATE INDEX ix_a_table_with_a_name_that_is_very_long_indeed_for_a_t_a125 ON "
        .. "a_table_with_a_name_that_is_very_long_indeed_for_a_table (and_a_column_with_a_long_name)",
      mysql = "CREATE INDEX ix_a_table_with_a_name_that_is_very_long_indeed_for_a_ta_a125 ON "
        .. "a_table_with_a_name_that_is_very_long_indeed_for_a_table (and_a_column_with_a_long_name)" },
    { "DropConstraint of a made name", function(c)
      local t = c.Table("t", c.MetaData({ naming_convention = { uq = "uq_%(table_name)s_%(column_0_name)s" } }),
        c.Column("a", c.Integer))
      local k = c.UniqueConstraint("a")
      t:append_constraint(k)
      return c.DropConstraint(k)
    end, "ALTER TABLE t DROP CONSTRAINT uq_t_a",
      sqlite = false,
      mysql = "ALTER TABLE t DROP INDEX uq_t_a" },
  },
}
