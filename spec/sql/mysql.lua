-- What MySQL and MariaDB spell in a way of their own, in groups by feature: { name, function(corm, schema) -> element,
-- MySQL's text, MariaDB's where it differs }; false: a CompileError. White space apart, SQLAlchemy's text unless a
-- comment says why not.
local function column(build)
  return function(c)
    local table = c.Table("t", c.MetaData(), build(c))
    return c.CreateTable(table)
  end
end

-- A column of a type: { name, function(corm) -> type, MySQL, MariaDB }.
local function typed(name, build, mysql, mariadb)
  local function text(spelled) return spelled and "CREATE TABLE t (x " .. spelled .. ")" end
  return { name, column(function(c) return c.Column("x", build(c)) end), text(mysql),
    mariadb ~= nil and text(mariadb) or nil }
end

-- The same with options of the column.
local function with(name, build, spelled, mariadb)
  return { name, column(build), "CREATE TABLE t (x " .. spelled .. ")",
    mariadb and "CREATE TABLE t (x " .. mariadb .. ")" }
end

local function cast(name, build, spelled)
  return { name, function(c, s) return c.cast(s.author.c.age, build(c)) end, spelled }
end

return {
  { id = "S02",
    typed("String with a collation", function(c) return c.String(5, { collation = "utf8mb4_bin" }) end,
      "VARCHAR(5) COLLATE utf8mb4_bin"),
    typed("a collation is a name", function(c) return c.Text { collation = "x, y int" } end, "TEXT COLLATE `x, y int`"),
    typed("Float with a precision", function(c) return c.Float(10) end, "FLOAT(10)"),
    typed("Enum", function(c) return c.Enum("a", "it's") end, "ENUM('a','it''s')"),
    typed("Enum with a backslash", function(c) return c.Enum([[a\]], "b") end, [[ENUM('a\\','b')]]),
    typed("Enum that is no type", function(c) return c.Enum("a", "bcd", { native_enum = false }) end, "VARCHAR(3)"),
  },
  { id = "S09",
    { "a generated key", column(function(c) return c.Column("id", c.BigInteger, { primary_key = true }) end),
      "CREATE TABLE t (id BIGINT NOT NULL AUTO_INCREMENT, PRIMARY KEY (id))" },
    { "a key that is not generated",
      column(function(c) return c.Column("id", c.Integer, { primary_key = true, autoincrement = false }) end),
      "CREATE TABLE t (id INTEGER NOT NULL, PRIMARY KEY (id))" },
  },
  { id = "S08",
    with("NOT NULL stands before the default",
      function(c) return c.Column("x", c.Integer, { nullable = false, server_default = "5" }) end,
      "INTEGER NOT NULL DEFAULT '5'"),
    with("a default with a backslash",
      function(c) return c.Column("x", c.String(5), { server_default = [[a'b\c]] }) end,
      [[VARCHAR(5) DEFAULT 'a''b\\c']]),
    -- MySQL takes no literal as the default of a TEXT column (error 1101).
    with("a default of Text", function(c) return c.Column("x", c.Text, { server_default = "a" }) end,
      "TEXT DEFAULT ('a')", "TEXT DEFAULT 'a'"),
    with("a default that is an expression",
      function(c) return c.Column("x", c.Integer, { server_default = c.text("1 + 1") }) end, "INTEGER DEFAULT (1 + 1)"),
    with("a default in parentheses",
      function(c) return c.Column("x", c.Integer, { server_default = c.text("(1 + 1)") }) end,
      "INTEGER DEFAULT (1 + 1)"),
    with("a default that is a number",
      function(c) return c.Column("x", c.Numeric(5, 2), { server_default = c.text("-1.50") }) end,
      "NUMERIC(5, 2) DEFAULT -1.50"),
    with("a default that is a constant",
      function(c) return c.Column("x", c.Boolean, { server_default = c.false_() }) end, "BOOL DEFAULT false"),
    with("now as a default", function(c) return c.Column("x", c.DateTime, { server_default = c.func.now() }) end,
      "DATETIME(6) DEFAULT (now())"),
    with("the present as a default",
      function(c) return c.Column("x", c.DateTime, { server_default = c.func.current_timestamp() }) end,
      "DATETIME(6) DEFAULT (CURRENT_TIMESTAMP)"),
    with("ON UPDATE in a default", function(c)
      return c.Column("x", c.DateTime,
        { server_default = c.text("CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)") })
    end, "DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"),
  },
  { id = "S12",
    { "a Boolean's check", column(function(c) return c.Column("x", c.Boolean { create_constraint = true }) end),
      "CREATE TABLE t (x BOOL, CHECK (x IN (0, 1)))" },
    { "an Enum needs no check", column(function(c) return c.Column("x", c.Enum("a", { create_constraint = true })) end),
      "CREATE TABLE t (x ENUM('a'))" },
    { "an Enum that is no type has one",
      column(function(c) return c.Column("x", c.Enum([[a\]], { create_constraint = true, native_enum = false })) end),
      [[CREATE TABLE t (x VARCHAR(2), CHECK (x IN ('a\\')))]] },
  },
  { id = "S11",
    { "a foreign key and names", function(c)
      local metadata = c.MetaData()
      c.Table("order", metadata, c.Column("id", c.Integer, { primary_key = true }), { schema = "Shop" })
      return c.CreateTable(c.Table("line", metadata,
        c.Column("order", c.Integer, c.ForeignKey("Shop.order.id", { ondelete = "CASCADE" })),
        c.UniqueConstraint("order", { name = "uq" })))
    end, "CREATE TABLE line (`order` INTEGER, CONSTRAINT uq UNIQUE (`order`), "
      .. "FOREIGN KEY(`order`) REFERENCES `Shop`.`order` (id) ON DELETE CASCADE)" },
  },
  { id = "S13",
    { "an index", function(c, s) return c.CreateIndex(c.Index("ix", s.author.c.name, s.author.c.age:desc())) end,
      "CREATE INDEX ix ON author (name, age DESC)" },
    { "an index of an expression",
      function(c, s) return c.CreateIndex(c.Index("ix", c.func.lower(s.author.c.name), s.author.c.age + 1)) end,
      "CREATE INDEX ix ON author ((lower(name)), (age + 1))" },
    { "a partial index is a whole one",
      function(c, s) return c.CreateIndex(c.Index("ix", s.author.c.age, { sqlite_where = s.author.c.age:gt(1) })) end,
      "CREATE INDEX ix ON author (age)" },
    { "DROP INDEX names the table", function(c, s) return c.DropIndex(c.Index("ix", s.author.c.name)) end,
      "DROP INDEX ix ON author" },
    { "an index in a schema", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("x", c.Integer), { schema = "s" })
      return c.DropIndex(c.Index("ix", t.c.x))
    end, "DROP INDEX ix ON s.t" },
  },
  { id = "S24",
    { "words that one of them reserves", function(c)
      return c.CreateTable(c.Table("rank", c.MetaData(), c.Column("offset", c.Integer), c.Column("portion", c.Integer)))
    end, "CREATE TABLE `rank` (offset INTEGER, portion INTEGER)",
      "CREATE TABLE rank (`offset` INTEGER, `portion` INTEGER)" },
    { "a backtick in a name", function(c)
      return c.CreateTable(c.Table("a`b", c.MetaData(), c.Column("x", c.Integer)))
    end, "CREATE TABLE `a``b` (x INTEGER)" },
  },
  { id = "X10",
    cast("cast to Unicode", function(c) return c.Unicode(7) end, "CAST(author.age AS CHAR(7))"),
    cast("cast to Numeric", function(c) return c.Numeric(8, 3) end, "CAST(author.age AS DECIMAL(8, 3))"),
    cast("cast to Numeric without a precision",
      function(c) return c.Numeric end, "CAST(author.age AS DECIMAL(65, 30))"),
    cast("nor to ARRAY, which is no type", function(c) return c.ARRAY(c.Integer) end, false),
  },
  { id = "X11",
    { ".. of a chain", function(_, s)
      local name = s.author.c.name
      return ((name + "a") + "b") .. ("c" .. name)
    end, "concat(author.name, :name_1, :param_1, :name_2, author.name)" },
    { ".. of sums", function(c, s) return c.cast(s.author.c.age + 1, c.String) .. (s.author.c.name + "x") end,
      "concat(CAST(author.age + :age_1 AS CHAR), author.name, :name_1)" },
  },
  { id = "X13",
    { "contains a chain", function(_, s) return s.author.c.name:contains(s.book.c.title .. "x") end,
      "author.name LIKE concat('%', (concat(book.title, :title_1)), '%')" },
  },
  { id = "X01",
    { "WHERE without FROM", function(c) return c.select(1):where(c.literal(1):eq(2)) end,
      "SELECT 1 FROM DUAL WHERE :param_1 = :param_2" },
  },
  { id = "X08",
    { "rollup", function(c, s) return c.func.rollup(s.author.c.id, s.author.c.age) end,
      "author.id, author.age WITH ROLLUP" },
  },
  { id = "X21",
    { "a backslash in raw text", function(c) return c.text([[SELECT 'it\'s :a', "\":b", :c]]) end,
      [[SELECT 'it\'s :a', "\":b", :c]] },
  },
  { id = "X29",
    { "the name of an alias has 255 characters",
      function(c, s) return c.select(s.author.c.id:label(("x"):rep(249))) end,
      "SELECT author.id AS " .. ("x"):rep(249) .. " FROM author" },
  },
}
