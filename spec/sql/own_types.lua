-- Types that are written as they are called, those of one database, and types of a script's own.
local types = require "spec.support.typed"
local typed, cast = types.in_table, types.in_cast

-- Of one database: the others refuse it, save the generic dialect, which shows all.
local function of_postgresql(name, build, spelled, generic)
  return typed(name, function(c) return build(c.dialects.postgresql, c) end, generic or spelled,
    { sqlite = false, postgresql = spelled, mysql = false })
end
local function of_mysql(name, build, spelled, generic)
  return typed(name, function(c) return build(c.dialects.mysql, c) end, generic or spelled,
    { sqlite = false, postgresql = false, mysql = spelled })
end
-- A name that all have, with MySQL's attributes, which the others leave out.
local function with_attributes(name, build, spelled, generic, postgresql)
  return typed(name, function(c) return build(c.dialects.mysql) end, generic,
    { postgresql = postgresql, mysql = spelled })
end

-- Types of a script's own.
local function lower(c)
  return c.TypeDecorator {
    impl = c.String(20),
    bind_expression = function(_, value) return c.func.lower(value) end,
    column_expression = function(_, x) return c.func.upper(x) end,
  }
end

local function cents(c)
  return c.TypeDecorator {
    impl = c.Integer,
    process_bind_param = function(_, value) return value and value.cents end,
    process_result_value = function(_, value) return value and { cents = value } end,
  }
end

local function point(c)
  return c.UserDefinedType {
    get_col_spec = function() return "GEOMETRY(POINT, 4326)" end,
    bind_expression = function(_, value) return c.func.ST_GeomFromText(value) end,
    column_expression = function(_, x) return c.func.ST_AsText(x) end,
  }
end

local function place(c, type)
  return c.Table("place", c.MetaData(), c.Column("id", c.Integer, { primary_key = true }), c.Column("x", type))
end

local function uuid_text(c)
  return c.TypeDecorator {
    impl = c.CHAR(32),
    load_dialect_impl = function(_, dialect)
      return dialect:type_descriptor(dialect.name == "postgresql" and c.UUID or c.CHAR(32))
    end,
  }
end

return {
  { id = "S03",
    typed("INTEGER, and INT, which is it", function(c) return c.INT end, "INTEGER"),
    typed("BIGINT", function(c) return c.BIGINT end, "BIGINT"),
    typed("VARCHAR", function(c) return c.VARCHAR(50) end, "VARCHAR(50)"),
    typed("VARCHAR without a length", function(c) return c.VARCHAR end, "VARCHAR", { mysql = false }),
    typed("VARCHAR with a collation", function(c) return c.VARCHAR(50, "utf8_bin") end,
      'VARCHAR(50) COLLATE "utf8_bin"', { mysql = "VARCHAR(50) COLLATE utf8_bin" }),
    typed("NVARCHAR", function(c) return c.NVARCHAR(50) end, "NVARCHAR(50)", { mysql = "NATIONAL VARCHAR(50)" }),
    typed("CHAR", function(c) return c.CHAR(5) end, "CHAR(5)"),
    typed("NCHAR", function(c) return c.NCHAR(5) end, "NCHAR(5)", { mysql = "NATIONAL CHAR(5)" }),
    typed("CLOB", function(c) return c.CLOB end, "CLOB"),
    typed("NUMERIC without a precision", function(c) return c.NUMERIC end, "NUMERIC"),
    typed("DECIMAL", function(c) return c.DECIMAL(10, 2) end, "DECIMAL(10, 2)"),
    typed("REAL", function(c) return c.REAL end, "REAL"),
    typed("FLOAT", function(c) return c.FLOAT(24) end, "FLOAT", { postgresql = "FLOAT(24)", mysql = "FLOAT(24)" }),
    typed("DOUBLE", function(c) return c.DOUBLE end, "DOUBLE"),
    typed("DOUBLE_PRECISION", function(c) return c.DOUBLE_PRECISION end, "DOUBLE PRECISION"),
    typed("TIME", function(c) return c.TIME end, "TIME", { postgresql = "TIME WITHOUT TIME ZONE" }),
    typed("DATETIME", function(c) return c.DATETIME end, "DATETIME"),
    typed("TIMESTAMP", function(c) return c.TIMESTAMP { timezone = true } end, "TIMESTAMP",
      { postgresql = "TIMESTAMP WITH TIME ZONE", mysql = "TIMESTAMP NULL" }),
    typed("BLOB", function(c) return c.BLOB(5) end, "BLOB", { mysql = "BLOB(5)" }),
    typed("BINARY", function(c) return c.BINARY(5) end, "BINARY(5)"),
    typed("VARBINARY without a length", function(c) return c.VARBINARY end, "VARBINARY", { mysql = false }),
    typed("BOOLEAN", function(c) return c.BOOLEAN end, "BOOLEAN", { mysql = "BOOL" }),
    typed("UUID", function(c) return c.UUID end, "UUID"),
    cast("CAST to BIGINT", function(c) return c.BIGINT end, "BIGINT", { mysql = "SIGNED INTEGER" }),
    cast("CAST to NVARCHAR", function(c) return c.NVARCHAR(5) end, "NVARCHAR(5)", { mysql = "CHAR(5)" }),
    cast("CAST to TIMESTAMP", function(c) return c.TIMESTAMP end, "TIMESTAMP",
      { postgresql = "TIMESTAMP WITHOUT TIME ZONE", mysql = "DATETIME" }),
    cast("CAST to DECIMAL", function(c) return c.DECIMAL end, "DECIMAL"),
    cast("CAST to REAL", function(c) return c.REAL end, "REAL", { mysql = "" }),
    cast("CAST to VARBINARY", function(c) return c.VARBINARY(5) end, "VARBINARY(5)", { mysql = "BINARY" }),

    of_postgresql("INET", function(p) return p.INET end, "INET"),
    of_postgresql("BIT", function(p) return p.BIT end, "BIT(1)", "BIT"),
    of_postgresql("BIT VARYING", function(p) return p.BIT(5, { varying = true }) end, "BIT VARYING(5)"),
    of_postgresql("BYTEA has no length", function(p) return p.BYTEA(5) end, "BYTEA"),
    of_postgresql("INTERVAL with fields", function(p) return p.INTERVAL { fields = "day to second", precision = 3 } end,
      "INTERVAL DAY TO SECOND (3)"),
    of_postgresql("a range", function(p) return p.TSTZRANGE end, "TSTZRANGE"),
    typed("an ARRAY of them", function(c) return c.ARRAY(c.dialects.postgresql.CIDR) end, false,
      { postgresql = "CIDR[]" }),
    typed("TIMESTAMP with a precision", function(c) return c.dialects.postgresql.TIMESTAMP(true, 3) end, "TIMESTAMP",
      { postgresql = "TIMESTAMP(3) WITH TIME ZONE", mysql = "TIMESTAMP(3) NULL" }),
    typed("JSONB is JSON elsewhere", function(c) return c.dialects.postgresql.JSONB end, "JSON",
      { postgresql = "JSONB" }),
    of_mysql("TINYINT", function(m) return m.TINYINT(1) end, "TINYINT(1)", "TINYINT"),
    of_mysql("MEDIUMINT with all its attributes",
      function(m) return m.MEDIUMINT(5, { unsigned = true, zerofill = true }) end,
      "MEDIUMINT(5) UNSIGNED ZEROFILL", "MEDIUMINT"),
    of_mysql("LONGTEXT", function(m) return m.LONGTEXT { charset = "utf8mb4", collation = "utf8mb4_bin" } end,
      "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", 'LONGTEXT COLLATE "utf8mb4_bin"'),
    of_mysql("MEDIUMBLOB", function(m) return m.MEDIUMBLOB end, "MEDIUMBLOB"),
    of_mysql("YEAR", function(m) return m.YEAR(4) end, "YEAR(4)", "YEAR"),
    of_mysql("SET", function(m) return m.SET("it's", "b", { charset = "latin1" }) end,
      "SET('it''s','b') CHARACTER SET latin1", "SET('it''s','b')"),
    with_attributes("BIGINT UNSIGNED", function(m) return m.BIGINT(20, { unsigned = true }) end,
      "BIGINT(20) UNSIGNED", "BIGINT"),
    with_attributes("DECIMAL ZEROFILL", function(m) return m.DECIMAL(10, 2, { zerofill = true }) end,
      "DECIMAL(10, 2) ZEROFILL", "DECIMAL(10, 2)"),
    with_attributes("FLOAT with a scale", function(m) return m.FLOAT(10, 3) end, "FLOAT(10, 3)", "FLOAT", "FLOAT(10)"),
    with_attributes("VARCHAR with a character set", function(m) return m.VARCHAR(50, { charset = "utf8mb4" }) end,
      "VARCHAR(50) CHARACTER SET utf8mb4", "VARCHAR(50)"),
    with_attributes("a binary collation", function(m) return m.CHAR(5, { binary = true }) end, "CHAR(5) BINARY",
      "CHAR(5)"),
    with_attributes("DATETIME with a fraction", function(m) return m.DATETIME { fsp = 3 } end, "DATETIME(3)",
      "DATETIME"),
    typed("an ENUM with a collation",
      function(c) return c.dialects.mysql.ENUM("a", "b", { charset = "utf8", collation = "utf8_bin" }) end,
      'VARCHAR(1) COLLATE "utf8_bin"', { mysql = "ENUM('a','b') CHARACTER SET utf8 COLLATE utf8_bin" }),
    cast("CAST to UNSIGNED", function(c) return c.dialects.mysql.TINYINT { unsigned = true } end, "TINYINT",
      { sqlite = false, postgresql = false, mysql = "UNSIGNED INTEGER" }),
    cast("CAST keeps a collation of MySQL's",
      function(c) return c.dialects.mysql.VARCHAR(50, { collation = "utf8mb4_bin" }) end,
      'VARCHAR(50) COLLATE "utf8mb4_bin"', { mysql = "CHAR(50) COLLATE utf8mb4_bin" }),
    cast("no CAST to BIT on MySQL", function(c) return c.dialects.mysql.BIT(8) end, "BIT(8)",
      { sqlite = false, postgresql = false, mysql = "" }),
  },
  { id = "S04",
    typed("a TypeDecorator is its impl", cents, "INTEGER"),
    typed("its arguments are the impl's", function(c) return lower(c)(30) end, "VARCHAR(30)"),
    typed("load_dialect_impl", uuid_text, "CHAR(32)", { postgresql = "UUID" }),
    typed("with_variant", function(c) return c.String(50):with_variant(c.dialects.mysql.LONGTEXT, "mysql") end,
      "VARCHAR(50)", { mysql = "LONGTEXT" }),
    typed("with_variant of several", function(c)
      return c.String(50):with_variant(c.Text, "mysql", "sqlite"):with_variant(c.dialects.postgresql.INET, "postgresql")
    end, "VARCHAR(50)", { sqlite = "TEXT", postgresql = "INET", mysql = "TEXT" }),
    typed("with_variant of MariaDB alone", function(c)
      return c.Uuid:with_variant(c.BINARY(16), "mariadb")
    end, "CHAR(32)", { postgresql = "UUID", mariadb = "BINARY(16)", mysql = "CHAR(32)" }),
    typed("UserDefinedType", point, "GEOMETRY(POINT, 4326)"),
    cast("CAST to a TypeDecorator", lower, "VARCHAR(20)", { mysql = "CHAR(20)" }),
    cast("CAST to a variant", function(c) return c.String(5):with_variant(c.Text, "postgresql") end, "VARCHAR(5)",
      { postgresql = "TEXT", mysql = "CHAR(5)" }),
    { "process_bind_param of a comparison",
      function(c) return place(c, cents(c)).c.x:gt { cents = 5 } end, "place.x > :x_1", { x_1 = 5 } },
    { "process_bind_param of arithmetic",
      function(c) return place(c, cents(c)).c.x + { cents = 5 } end, "place.x + :x_1", { x_1 = 5 } },
    { "process_bind_param of IN",
      function(c) return place(c, cents(c)).c.x:in_ { { cents = 1 }, { cents = 2 } } end,
      "place.x IN (:x_1_1, :x_1_2)", { x_1_1 = 1, x_1_2 = 2 } },
    { "process_literal_param", function(c)
      local t = c.TypeDecorator {
        impl = c.String(9),
        process_bind_param = function(_, value) return value:upper() end,
        process_literal_param = function(_, value) return "<" .. value .. ">" end,
      }
      local x = place(c, t)
      local text = c.insert(x):values { id = 1, x = "it's" }:compile { literal_binds = true }.string
      return c.and_(x.c.x:eq "a", c.text((x.c.x:eq "it's"):compile { literal_binds = true }.string),
        c.literal(text))
    end, "place.x = :x_1 AND place.x = '<it''s>' AND :param_1",
      { x_1 = "A", param_1 = "INSERT INTO place (id, x) VALUES (1, '<it''s>')" } },
    { "NULL is no value", function(c) return place(c, cents(c)).c.x:eq(nil) end, "place.x IS NULL" },
    { "coerce_compared_value", function(c)
      local t = c.TypeDecorator {
        impl = c.Integer,
        process_bind_param = function(_, value) return value * 100 end,
        coerce_compared_value = function(self, _, value) return math.type(value) == "float" and c.Float or self end,
      }
      local x = place(c, t).c.x
      return c.and_(x:eq(5), x:eq(2.5))
    end, "place.x = :x_1 AND place.x = :x_2", { x_1 = 500, x_2 = 2.5 } },
    { "a method of the type's own", function(c)
      local t = c.TypeDecorator {
        impl = c.Integer,
        comparator = { near = function(x, value, far) return x:between(value - far, value + far) end },
      }
      local p = place(c, t)
      return c.and_(p.c.x:near(5, 2), (p.c.x + 1):near(7, 0))
    end, "place.x BETWEEN :x_1 AND :x_2 AND place.x + :x_3 BETWEEN :param_1 AND :param_2",
      { x_1 = 3, x_2 = 7, x_3 = 1, param_1 = 7, param_2 = 7 } },
    { "bind_expression of a comparison", function(c) return place(c, lower(c)).c.x:eq("A") end,
      "place.x = lower(:x_1)", { x_1 = "A" } },
    { "bind_expression of IN", function(c) return place(c, lower(c)).c.x:in_ { "A", "B" } end,
      "place.x IN (lower(:x_1_1), lower(:x_1_2))" },
    { "bind_expression of VALUES", function(c) return c.insert(place(c, lower(c))):values { id = 1, x = "A" } end,
      "INSERT INTO place (id, x) VALUES (:id, lower(:x))" },
    { "bind_expression of SET",
      function(c)
        local t = place(c, lower(c))
        return c.update(t):values { x = "A" }:where(t.c.x:ne("B"))
      end, "UPDATE place SET x=lower(:x) WHERE place.x != lower(:x_1)" },
    { "bind_expression of parameters", function(c) return c.update(place(c, lower(c)), { all = true }) end,
      "UPDATE place SET id=:id, x=lower(:x)" },
    { "column_expression", function(c) return c.select(place(c, lower(c))) end,
      "SELECT place.id, upper(place.x) AS x FROM place" },
    { "column_expression of a label", function(c) return c.select(place(c, lower(c)).c.x:label("y")) end,
      "SELECT upper(place.x) AS y FROM place" },
    { "column_expression of a function that keeps the type",
      function(c) return c.select(c.func.max(place(c, lower(c)).c.x)) end,
      "SELECT upper(max(place.x)) AS max_1 FROM place" },
    { "column_expression only outermost", function(c)
      return c.select(c.select(place(c, lower(c)).c.x):subquery())
    end, "SELECT upper(anon_1.x) AS x FROM (SELECT place.x AS x FROM place) AS anon_1" },
    { "column_expression of each part of a union", function(c)
      local x = place(c, lower(c)).c.x
      return c.union(c.select(x), c.select(x))
    end, "SELECT upper(place.x) AS x FROM place UNION SELECT upper(place.x) AS x FROM place" },
    { "but not within a union that is a FROM", function(c)
      local x = place(c, lower(c)).c.x
      return c.select(c.union(c.select(x), c.select(x)):subquery())
    end, "SELECT upper(anon_1.x) AS x FROM "
      .. "(SELECT place.x AS x FROM place UNION SELECT place.x AS x FROM place) AS anon_1" },
    { "nor in WHERE, ORDER BY and a scalar subquery", function(c)
      local t = place(c, lower(c))
      return c.select(t.c.id):where(t.c.x:eq(c.select(t.c.x):correlate(nil):scalar_subquery())):order_by(t.c.x)
    end, "SELECT place.id FROM place WHERE place.x = (SELECT place.x FROM place) ORDER BY place.x" },
    { "column_expression of RETURNING", function(c)
      local t = place(c, lower(c))
      return c.insert(t):values { id = 1, x = "A" }:returning(t.c.x)
    end, "INSERT INTO place (id, x) VALUES (:id, lower(:x)) RETURNING upper(place.x) AS x",
      sqlite = "INSERT INTO place (id, x) VALUES (:id, lower(:x)) RETURNING upper(x) AS x", mysql = false,
      mariadb = "INSERT INTO place (id, x) VALUES (:id, lower(:x)) RETURNING upper(place.x) AS x" },
    { "both of a UserDefinedType", function(c)
      local t = place(c, point(c))
      return c.select(t.c.x):where(t.c.x:eq("POINT(1 2)"))
    end, "SELECT ST_AsText(place.x) AS x FROM place WHERE place.x = ST_GeomFromText(:x_1)", { x_1 = "POINT(1 2)" } },
    { "type_coerce to a type of one's own",
      function(c, s) return c.select(c.type_coerce(s.author.c.name, lower(c))) end,
      "SELECT upper(author.name) AS name FROM author" },
  },
}
