-- What PostgreSQL spells in a way of its own: { name, function(corm, schema) -> element, PostgreSQL's text }. White
-- space apart, SQLAlchemy's text unless a comment says why not.
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
  typed("Integer", function(c) return c.Integer end, "INTEGER"),
  typed("SmallInteger", function(c) return c.SmallInteger end, "SMALLINT"),
  typed("BigInteger", function(c) return c.BigInteger end, "BIGINT"),
  typed("String", function(c) return c.String(50) end, "VARCHAR(50)"),
  typed("String without a length", function(c) return c.String end, "VARCHAR"),
  typed("Unicode", function(c) return c.Unicode(50) end, "VARCHAR(50)"),
  typed("String with a collation", function(c) return c.String(5, { collation = "C" }) end,
    'VARCHAR(5) COLLATE "C"'),
  typed("Text", function(c) return c.Text end, "TEXT"),
  -- SQLAlchemy writes TEXT(70000), which the server refuses.
  typed("Text with a length", function(c) return c.Text(70000) end, "TEXT"),
  typed("UnicodeText", function(c) return c.UnicodeText end, "TEXT"),
  typed("Boolean", function(c) return c.Boolean end, "BOOLEAN"),
  typed("Boolean needs no check", function(c) return c.Boolean { create_constraint = true, name = "b" } end, "BOOLEAN"),
  typed("Numeric", function(c) return c.Numeric end, "NUMERIC"),
  typed("Numeric with a precision", function(c) return c.Numeric(10) end, "NUMERIC(10)"),
  typed("Numeric with a scale", function(c) return c.Numeric(10, 2) end, "NUMERIC(10, 2)"),
  typed("Float", function(c) return c.Float end, "FLOAT"),
  typed("Float with a precision", function(c) return c.Float(53) end, "FLOAT(53)"),
  typed("Double", function(c) return c.Double end, "DOUBLE PRECISION"),
  typed("Date", function(c) return c.Date end, "DATE"),
  typed("Time", function(c) return c.Time end, "TIME WITHOUT TIME ZONE"),
  typed("DateTime", function(c) return c.DateTime end, "TIMESTAMP WITHOUT TIME ZONE"),
  typed("DateTime with a zone", function(c) return c.DateTime { timezone = true } end, "TIMESTAMP WITH TIME ZONE"),
  typed("Interval", function(c) return c.Interval end, "INTERVAL"),
  typed("LargeBinary", function(c) return c.LargeBinary end, "BYTEA"),
  typed("JSON", function(c) return c.JSON end, "JSON"),
  typed("Uuid", function(c) return c.Uuid end, "UUID"),
  typed("ARRAY", function(c) return c.ARRAY(c.Integer) end, "INTEGER[]"),
  typed("ARRAY of arrays", function(c) return c.ARRAY(c.String(5), { dimensions = 2 }) end, "VARCHAR(5)[][]"),
  typed("ARRAY of an Enum", function(c) return c.ARRAY(moods(c, { name = "mood" })) end, "mood[]"),
  typed("Enum", function(c) return moods(c, { name = "mood" }) end, "mood"),
  typed("Enum of a name that needs quotes", function(c) return moods(c, { name = "Mood" }) end, '"Mood"'),
  typed("a type of its own needs no check",
    function(c) return moods(c, { name = "mood", create_constraint = true }) end, "mood"),
  -- SQLAlchemy demands a name.
  typed("Enum without a name", function(c) return moods(c) end, "VARCHAR(4)"),
  typed("Enum that is no type", function(c)
    return moods(c, { name = "mood", native_enum = false, create_constraint = true })
  end, "VARCHAR(4), CONSTRAINT mood CHECK (x IN ('sad', 'it''s'))"),

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
  { "a key of two columns", function(c)
    return c.CreateTable(c.Table("t", c.MetaData(), c.Column("a", c.Integer, { primary_key = true }),
      c.Column("b", c.Integer, { primary_key = true })))
  end, "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b))" },
  { "one of two columns is generated when asked for", function(c)
    return c.CreateTable(c.Table("t", c.MetaData(), c.Column("a", c.Integer, { primary_key = true }),
      c.Column("b", c.Integer, { primary_key = true, autoincrement = true })))
  end, "CREATE TABLE t (a INTEGER NOT NULL, b SERIAL NOT NULL, PRIMARY KEY (b, a))" },

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
  { "a foreign key into a schema", function(c)
    local metadata = c.MetaData()
    c.Table("order", metadata, c.Column("id", c.Integer, { primary_key = true }), { schema = "Shop" })
    return c.CreateTable(c.Table("line", metadata,
      c.Column("order", c.Integer, c.ForeignKey("Shop.order.id", { ondelete = "CASCADE", deferrable = true,
        initially = "DEFERRED" })), c.UniqueConstraint("order", { name = "uq" })))
  end, 'CREATE TABLE line ("order" INTEGER, CONSTRAINT uq UNIQUE ("order"), '
    .. 'FOREIGN KEY("order") REFERENCES "Shop"."order" (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)' },
  { "checks", column(function(c)
    local x = c.Column("x", c.Integer)
    return x, c.CheckConstraint((x % 2):eq(0)), c.CheckConstraint("x <> 5", { name = "ck" })
  end), "CREATE TABLE t (x INTEGER, CHECK (x % 2 = 0), CONSTRAINT ck CHECK (x <> 5))" },

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
  { "reserved words", function(c)
    return c.CreateTable(c.Table("user", c.MetaData(), c.Column("window", c.Integer), c.Column("lateral", c.Integer),
      c.Column("name", c.Integer), c.Column("with$", c.Integer)))
  end, 'CREATE TABLE "user" ("window" INTEGER, "lateral" INTEGER, name INTEGER, with$ INTEGER)' },

  { "/", function(_, s) return s.author.c.age / 2 end, "author.age / CAST(:age_1 AS NUMERIC)" },
  { "/ of floats", function(c, s) return s.author.c.age / c.cast(s.author.c.id, c.Float) end,
    "author.age / CAST(CAST(author.id AS FLOAT) AS FLOAT)" },
  { "// of a number with a fraction", function(_, s) return s.author.c.age // s.author.c.score end,
    "FLOOR(author.age / author.score)" },
  { "bitwise_xor", function(_, s) return s.author.c.age:bitwise_xor(2) end, "author.age # :age_1" },
  { "ilike with escape", function(_, s) return s.author.c.name:ilike("a/%", { escape = "/" }) end,
    "author.name ILIKE :name_1 ESCAPE '/'" },
  { "escape is a backslash", function(_, s) return s.author.c.name:like("x", { escape = "\\" }) end,
    [[author.name LIKE :name_1 ESCAPE '\']] },
  { "tuple in_ nothing", function(c, s) return c.tuple_(s.author.c.id, s.author.c.age):in_ {} end,
    "(author.id, author.age) IN ((NULL, NULL)) AND (1 != 1)" },
  { "cast", function(c, s) return c.cast(s.author.c.name, c.DateTime { timezone = true }) end,
    "CAST(author.name AS TIMESTAMP WITH TIME ZONE)" },
  { "cast to an Enum", function(c, s) return c.cast(s.author.c.name, moods(c, { name = "mood" })) end,
    "CAST(author.name AS mood)" },
  { "substring", function(c, s) return c.func.substring(s.author.c.name, 2, 3) end,
    "SUBSTRING(author.name FROM :substring_1 FOR :substring_2)" },
  { "substring to the end", function(c, s) return c.func.substring(s.author.c.name, 2) end,
    "SUBSTRING(author.name FROM :substring_1)" },
  { "aggregate_strings", function(c, s) return c.func.aggregate_strings(s.author.c.name, ", ") end,
    "string_agg(author.name, :aggregate_strings_1)" },
  { "char_length", function(c, s) return c.func.char_length(s.author.c.name) end, "char_length(author.name)" },
  { "random", function(c) return c.func.random() end, "random()" },
  { "localtimestamp", function(c) return c.func.localtimestamp() end, "LOCALTIMESTAMP" },
  { "extract", function(c, s) return c.extract("isoyear", s.author.c.born) end,
    "EXTRACT(isoyear FROM author.born)" },

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
  { "UPDATE returning", function(c, s)
    return c.update(s.author):values { age = 1 }:where(s.author.c.id:eq(2)):returning(s.author.c.age)
  end,
    "UPDATE author SET age=:age WHERE author.id = :id_1 RETURNING author.age" },
}
