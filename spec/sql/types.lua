-- General types: their names in CREATE TABLE and in CAST on each database. Where MySQL's differ from SQLAlchemy's, or a
-- text has been made to fit the server, docs/deviations.md says why.
local function column(build)
  return function(c) return c.CreateTable(c.Table("t", c.MetaData(), build(c))) end
end

-- A column of a type: the generic spelling and those that differ.
local function typed(name, build, generic, others)
  local case = { name, column(function(c) return c.Column("x", build(c)) end) }
  local function text(spelled) return spelled and "CREATE TABLE t (x " .. spelled .. ")" end
  case[3] = text(generic)
  for dialect, spelled in pairs(others or {}) do case[dialect] = text(spelled) end
  return case
end

-- CAST(author.name AS ...); an empty text: there is no cast.
local function cast(name, build, generic, others)
  local case = { name, function(c, s) return c.cast(s.author.c.name, build(c)) end }
  local function text(spelled)
    if spelled == "" then return "author.name" end
    return spelled and "CAST(author.name AS " .. spelled .. ")"
  end
  case[3] = text(generic)
  for dialect, spelled in pairs(others or {}) do case[dialect] = text(spelled) end
  return case
end

local function mood(c, options) return c.Enum("sad", "it's", options or { name = "mood" }) end

return {
  { id = "S02",
    typed("Integer", function(c) return c.Integer end, "INTEGER"),
    typed("SmallInteger", function(c) return c.SmallInteger end, "SMALLINT"),
    typed("BigInteger", function(c) return c.BigInteger end, "BIGINT"),
    typed("String", function(c) return c.String(50) end, "VARCHAR(50)"),
    typed("String without a length", function(c) return c.String end, "VARCHAR", { mysql = false }),
    typed("String with a collation", function(c) return c.String(5, { collation = "utf8_bin" }) end,
      'VARCHAR(5) COLLATE "utf8_bin"', { mysql = "VARCHAR(5) COLLATE utf8_bin" }),
    typed("Unicode", function(c) return c.Unicode(50) end, "VARCHAR(50)"),
    typed("Text", function(c) return c.Text end, "TEXT"),
    typed("Text with a length", function(c) return c.Text(70000) end, "TEXT(70000)", { postgresql = "TEXT" }),
    typed("UnicodeText", function(c) return c.UnicodeText end, "TEXT"),
    typed("Boolean", function(c) return c.Boolean end, "BOOLEAN", { mysql = "BOOL" }),
    typed("Boolean with a check", function(c) return c.Boolean { create_constraint = true, name = "b" } end,
      "BOOLEAN",
      { sqlite = "BOOLEAN, CONSTRAINT b CHECK (x IN (0, 1))", mysql = "BOOL, CONSTRAINT b CHECK (x IN (0, 1))" }),
    typed("Numeric", function(c) return c.Numeric end, "NUMERIC", { mysql = "NUMERIC(65, 30)" }),
    typed("Numeric with a precision", function(c) return c.Numeric(10) end, "NUMERIC(10)"),
    typed("Numeric with a scale", function(c) return c.Numeric(10, 2) end, "NUMERIC(10, 2)"),
    typed("Float", function(c) return c.Float end, "FLOAT", { mysql = "DOUBLE" }),
    typed("Float with a precision", function(c) return c.Float(20) end, "FLOAT",
      { postgresql = "FLOAT(20)", mysql = "FLOAT(20)" }),
    typed("Double", function(c) return c.Double end, "DOUBLE", { postgresql = "DOUBLE PRECISION" }),
    typed("Date", function(c) return c.Date end, "DATE"),
    typed("Time", function(c) return c.Time end, "TIME",
      { postgresql = "TIME WITHOUT TIME ZONE", mysql = "TIME(6)" }),
    typed("Time with a zone", function(c) return c.Time { timezone = true } end, "TIME",
      { postgresql = "TIME WITH TIME ZONE", mysql = "TIME(6)" }),
    typed("DateTime", function(c) return c.DateTime end, "DATETIME",
      { postgresql = "TIMESTAMP WITHOUT TIME ZONE", mysql = "DATETIME(6)" }),
    typed("DateTime with a zone", function(c) return c.DateTime { timezone = true } end, "DATETIME",
      { postgresql = "TIMESTAMP WITH TIME ZONE", mysql = "DATETIME(6)" }),
    typed("Interval", function(c) return c.Interval end, "DATETIME",
      { postgresql = "INTERVAL", mysql = "DATETIME(6)" }),
    typed("Interval with a precision", function(c) return c.Interval { second_precision = 3 } end, "DATETIME",
      { postgresql = "INTERVAL(3)", mysql = "DATETIME(6)" }),
    typed("LargeBinary", function(c) return c.LargeBinary end, "BLOB", { postgresql = "BYTEA" }),
    typed("LargeBinary with a length", function(c) return c.LargeBinary(70000) end, "BLOB",
      { postgresql = "BYTEA", mysql = "BLOB(70000)" }),
    typed("Enum", function(c) return mood(c) end, "VARCHAR(4)",
      { postgresql = "mood", mysql = "ENUM('sad','it''s')" }),
    typed("Enum that is no type", function(c) return mood(c, { name = "mood", native_enum = false }) end, "VARCHAR(4)"),
    typed("Enum with a length", function(c) return mood(c, { native_enum = false, length = 20 }) end, "VARCHAR(20)"),
    typed("Enum with a check",
      function(c) return mood(c, { name = "mood", native_enum = false, create_constraint = true }) end,
      "VARCHAR(4), CONSTRAINT mood CHECK (x IN ('sad', 'it''s'))"),
    typed("Enum of a list", function(c) return c.Enum({ "a", "bc" }, { native_enum = false }) end, "VARCHAR(2)"),
    typed("Enum of a table's names",
      function(c) return c.Enum({ GREEN = 2, RED = 1 }, { name = "color" }) end, "VARCHAR(5)",
      { postgresql = "color", mysql = "ENUM('GREEN','RED')" }),
    typed("JSON", function(c) return c.JSON end, "JSON"),
    typed("Uuid", function(c) return c.Uuid end, "CHAR(32)",
      { postgresql = "UUID", mysql = "CHAR(32)", mariadb = "UUID" }),
    typed("Uuid that is no type", function(c) return c.Uuid { native_uuid = false } end, "CHAR(32)"),
    typed("ARRAY", function(c) return c.ARRAY(c.Integer) end, false, { postgresql = "INTEGER[]" }),
    typed("ARRAY of two dimensions", function(c) return c.ARRAY(c.String(5), { dimensions = 2 }) end, false,
      { postgresql = "VARCHAR(5)[][]" }),
    typed("PickleType", function(c) return c.PickleType end, "BLOB", { postgresql = "BYTEA" }),
    cast("CAST to Integer", function(c) return c.Integer end, "INTEGER", { mysql = "SIGNED INTEGER" }),
    cast("CAST to String", function(c) return c.String(5) end, "VARCHAR(5)", { mysql = "CHAR(5)" }),
    cast("CAST to Text", function(c) return c.Text end, "TEXT", { mysql = "CHAR" }),
    cast("CAST to Boolean", function(c) return c.Boolean end, "BOOLEAN", { mysql = "" }),
    cast("CAST to Numeric", function(c) return c.Numeric(10, 2) end, "NUMERIC(10, 2)", { mysql = "DECIMAL(10, 2)" }),
    cast("CAST to Float", function(c) return c.Float end, "FLOAT", { mysql = "" }),
    cast("CAST to Date", function(c) return c.Date end, "DATE"),
    cast("CAST to DateTime", function(c) return c.DateTime end, "DATETIME",
      { postgresql = "TIMESTAMP WITHOUT TIME ZONE", mysql = "DATETIME(6)" }),
    cast("CAST to LargeBinary", function(c) return c.LargeBinary end, "BLOB",
      { postgresql = "BYTEA", mysql = "BINARY" }),
    cast("CAST to JSON", function(c) return c.JSON end, "JSON"),
    cast("CAST to Interval", function(c) return c.Interval end, "DATETIME",
      { postgresql = "INTERVAL", mysql = "DATETIME(6)" }),
    cast("CAST to an Enum", function(c) return mood(c) end, "VARCHAR(4)", { postgresql = "mood", mysql = "" }),
    cast("CAST to Uuid", function(c) return c.Uuid end, "CHAR(32)", { postgresql = "UUID", mysql = "" }),
    { "a type that flows through operators",
      function(c, s) return s.author.c.name .. c.cast(s.author.c.age, c.Text) end,
      "author.name || CAST(author.age AS TEXT)", mysql = "concat(author.name, CAST(author.age AS CHAR))" },
    { "type_coerce writes nothing", function(c, s) return c.type_coerce(s.author.c.age, c.String):eq("x") end,
      "author.age = :param_1", { param_1 = "x" } },
  },
  { id = "S05",
    typed("SQLite's dates in its own form", function(c) return c.dialects.sqlite.DATE end, "DATE"),
    typed("a date of digits alone is no number", function(c)
      return c.dialects.sqlite.DATE { storage_format = "%(year)04d%(month)02d%(day)02d" }
    end, "DATE_CHAR", { postgresql = false, mysql = false }),
    typed("a date with other separators", function(c)
      return c.dialects.sqlite.DATE { storage_format = "%(month)02d/%(day)02d/%(year)04d" }
    end, "DATE", { postgresql = false, mysql = false }),
    typed("a datetime of digits alone", function(c)
      return c.dialects.sqlite.DATETIME {
        storage_format = "%(year)04d%(month)02d%(day)02d%(hour)02d%(minute)02d%(second)02d",
      }
    end, "DATETIME_CHAR", { postgresql = false, mysql = false }),
    typed("a time of digits alone", function(c)
      return c.dialects.sqlite.TIME { storage_format = "%(hour)02d%(minute)02d%(second)02d" }
    end, "TIME_CHAR", { postgresql = false, mysql = false }),
    typed("a format of SQLite's for SQLite alone", function(c)
      return c.DateTime:with_variant(c.dialects.sqlite.DATETIME {
        storage_format = "%(year)04d/%(month)02d/%(day)02d %(hour)02d:%(minute)02d:%(second)02d",
      }, "sqlite")
    end, "DATETIME", { postgresql = "TIMESTAMP WITHOUT TIME ZONE", mysql = "DATETIME(6)" }),
  },
}
