-- What PostgreSQL spells in a way of its own, in groups by feature: { name, function(corm, schema) -> element,
-- PostgreSQL's text }. White space apart, SQLAlchemy's text unless a comment says why not.
local function column(build)
  return function(c)
    local table = c.Table("t", c.MetaData(), build(c))
    return c.CreateTable(table)
  end
end

-- A column of a type.
local function typed(name, build, spelled)
  return { name, column(function(c) return c.Column("x", build(c)) end),
    "CREATE TABLE t (x " .. spelled .. ")" }
end

-- The same with options of the column.
local function with(name, build, spelled)
  return { name, column(build), "CREATE TABLE t (x " .. spelled .. ")" }
end

-- A primary key alone in its table.
local function key(name, build, spelled)
  return { name, column(build), "CREATE TABLE t (id " .. spelled .. ", PRIMARY KEY (id))" }
end

local function moods(c, options)
  return c.Enum("sad", "it's", options or {})
end

return {
  { id = "S02",
    typed("String with a collation", function(c) return c.String(5, { collation = "C" }) end,
      'VARCHAR(5) COLLATE "C"'),
    typed("Float with a precision", function(c) return c.Float(53) end, "FLOAT(53)"),
    typed("ARRAY of an Enum", function(c) return c.ARRAY(moods(c, { name = "mood" })) end, "mood[]"),
    typed("Enum of a name that needs quotes", function(c) return moods(c, { name = "Mood" }) end, '"Mood"'),
  },
  { id = "S09",
    key("a generated key", function(c) return c.Column("id", c.Integer, { primary_key = true }) end, "SERIAL NOT NULL"),
    key("a big one", function(c) return c.Column("id", c.BigInteger, { primary_key = true }) end, "BIGSERIAL NOT NULL"),
    key("a small one", function(c) return c.Column("id", c.SmallInteger, { primary_key = true }) end,
      "SMALLSERIAL NOT NULL"),
    key("a key that is not generated",
      function(c) return c.Column("id", c.Integer, { primary_key = true, autoincrement = false }) end,
      "INTEGER NOT NULL"),
    key("a key with a default",
      function(c) return c.Column("id", c.Integer, { primary_key = true, server_default = c.text("5") }) end,
      "INTEGER DEFAULT 5 NOT NULL"),
    key("a key of text", function(c) return c.Column("id", c.String(5), { primary_key = true }) end,
      "VARCHAR(5) NOT NULL"),
    { "a key that refers is not generated", function(c)
      local metadata = c.MetaData()
      c.Table("p", metadata, c.Column("id", c.Integer, { primary_key = true }))
      return c.CreateTable(c.Table("t", metadata,
        c.Column("id", c.Integer, c.ForeignKey("p.id"), { primary_key = true })))
    end, "CREATE TABLE t (id INTEGER NOT NULL, PRIMARY KEY (id), FOREIGN KEY(id) REFERENCES p (id))" },
  },
  { id = "S08",
    with("NOT NULL stands behind the default",
      function(c) return c.Column("x", c.Integer, { nullable = false, server_default = "5" }) end,
      "INTEGER DEFAULT '5' NOT NULL"),
    with("a default with a backslash",
      function(c) return c.Column("x", c.String(5), { server_default = [[a'b\c]] }) end,
      [[VARCHAR(5) DEFAULT 'a''b\c']]),
    with("a default that is an expression",
      function(c) return c.Column("x", c.Integer, { server_default = c.text("1 + 1") }) end, "INTEGER DEFAULT 1 + 1"),
    with("a default that is a constant",
      function(c) return c.Column("x", c.Boolean, { server_default = c.false_() }) end, "BOOLEAN DEFAULT false"),
    with("now as a default", function(c) return c.Column("x", c.DateTime, { server_default = c.func.now() }) end,
      "TIMESTAMP WITHOUT TIME ZONE DEFAULT now()"),
  },
  { id = "S11",
    { "a foreign key into a schema", function(c)
      local metadata = c.MetaData()
      c.Table("order", metadata, c.Column("id", c.Integer, { primary_key = true }), { schema = "Shop" })
      return c.CreateTable(c.Table("line", metadata,
        c.Column("order", c.Integer, c.ForeignKey("Shop.order.id", { ondelete = "CASCADE", deferrable = true,
          initially = "DEFERRED" })), c.UniqueConstraint("order", { name = "uq" })))
    end, 'CREATE TABLE line ("order" INTEGER, CONSTRAINT uq UNIQUE ("order"), '
      .. 'FOREIGN KEY("order") REFERENCES "Shop"."order" (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)' },
  },
  { id = "S12",
    { "checks", column(function(c)
      local x = c.Column("x", c.Integer)
      return x, c.CheckConstraint((x % 2):eq(0)), c.CheckConstraint("x <> 5", { name = "ck" })
    end), "CREATE TABLE t (x INTEGER, CHECK (x % 2 = 0), CONSTRAINT ck CHECK (x <> 5))" },
  },
  { id = "S13",
    { "an index", function(c, s) return c.CreateIndex(c.Index("ix", s.author.c.name, s.author.c.age:desc())) end,
      "CREATE INDEX ix ON author (name, age DESC)" },
    { "an index of expressions",
      function(c, s) return c.CreateIndex(c.Index("ix", c.func.lower(s.author.c.name), s.author.c.age + 1)) end,
      "CREATE INDEX ix ON author (lower(name), (age + 1))" },
    { "a partial index",
      function(c, s)
        return c.CreateIndex(c.Index("ix", s.author.c.age, { unique = true, postgresql_where = s.author.c.active }))
      end, "CREATE UNIQUE INDEX ix ON author (age) WHERE active" },
    { "the condition of another database",
      function(c, s) return c.CreateIndex(c.Index("ix", s.author.c.age, { sqlite_where = s.author.c.active })) end,
      "CREATE INDEX ix ON author (age)" },
    { "an index in a schema", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("x", c.Integer), { schema = "s" })
      return c.CreateIndex(c.Index("ix", t.c.x))
    end, "CREATE INDEX ix ON s.t (x)" },
    { "DROP INDEX names the schema", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("x", c.Integer), { schema = "s" })
      return c.DropIndex(c.Index("ix", t.c.x))
    end, "DROP INDEX s.ix" },
  },
  { id = "S24",
    { "reserved words", function(c)
      return c.CreateTable(c.Table("user", c.MetaData(), c.Column("window", c.Integer), c.Column("lateral", c.Integer),
        c.Column("name", c.Integer), c.Column("with$", c.Integer)))
    end, 'CREATE TABLE "user" ("window" INTEGER, "lateral" INTEGER, name INTEGER, with$ INTEGER)' },
  },
  { id = "X11",
    { "/ of floats", function(c, s) return s.author.c.age / c.cast(s.author.c.id, c.Float) end,
      "author.age / CAST(CAST(author.id AS FLOAT) AS FLOAT)" },
  },
  { id = "X10",
    { "cast", function(c, s) return c.cast(s.author.c.name, c.DateTime { timezone = true }) end,
      "CAST(author.name AS TIMESTAMP WITH TIME ZONE)" },
  },
  { id = "X09",
    { "substring", function(c, s) return c.func.substring(s.author.c.name, 2, 3) end,
      "SUBSTRING(author.name FROM :substring_1 FOR :substring_2)" },
    { "substring to the end", function(c, s) return c.func.substring(s.author.c.name, 2) end,
      "SUBSTRING(author.name FROM :substring_1)" },
  },
  { id = "X10",
    { "extract", function(c, s) return c.extract("isoyear", s.author.c.born) end,
      "EXTRACT(isoyear FROM author.born)" },
  },
  { id = "X24",
    { "INSERT of one row returns the key",
      function(c, s) return c.insert(s.author):values { name = "x" } end,
      "INSERT INTO author (name) VALUES (:name) RETURNING author.id" },
    { "but not a key that was given", function(c, s) return c.insert(s.author):values { id = 1, name = "x" } end,
      "INSERT INTO author (id, name) VALUES (:id, :name)" },
    { "a key that is an expression is returned",
      function(c, s) return c.insert(s.author):values { id = c.func.abs(-1) } end,
      "INSERT INTO author (id) VALUES (abs(:abs_1)) RETURNING author.id" },
    { "a key with a server default is returned", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("id", c.Uuid, { primary_key = true,
        server_default = c.text("gen_random_uuid()") }), c.Column("x", c.Integer))
      return c.insert(t):values { x = 1 }
    end, "INSERT INTO t (x) VALUES (:x) RETURNING t.id" },
    { "so is one with a default in SQL", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("id", c.Integer, { primary_key = true,
        default = c.func.random() }), c.Column("x", c.Integer))
      return c.insert(t):values { x = 1 }
    end, "INSERT INTO t (id, x) VALUES (random(), :x) RETURNING t.id" },
    { "several rows return nothing unasked",
      function(c, s) return c.insert(s.author):values { { age = 1 }, { age = 2 } } end,
      "INSERT INTO author (age) VALUES (:age_m0), (:age_m1)" },
    { "what was asked for is returned alone",
      function(c, s) return c.insert(s.author):values { age = 1 }:returning(s.author.c.age) end,
      "INSERT INTO author (age) VALUES (:age) RETURNING author.age" },
    { "rows of a SELECT return nothing unasked",
      function(c, s) return c.insert(s.author):from_select({ "age" }, c.select(s.book.c.year)) end,
      "INSERT INTO author (age) SELECT book.year FROM book" },
  },
  { id = "X25",
    { "UPDATE returning", function(c, s)
      return c.update(s.author):values { age = 1 }:where(s.author.c.id:eq(2)):returning(s.author.c.age)
    end,
      "UPDATE author SET age=:age WHERE author.id = :id_1 RETURNING author.age" },
  },
}
