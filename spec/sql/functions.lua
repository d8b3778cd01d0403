-- Functions by any name, and functions in FROM; CASE, CAST and EXTRACT.
local function each(c, value) return c.func.json_each(value or "[1]") end

return {
  { id = "X09",
    { "no arguments", function(c) return c.func.f() end, "f()" },
    { "a known function in another case", function(c, s) return c.func.COUNT(s.author.c.id) end, "count(author.id)" },
    { "an unknown function keeps its case", function(c, s) return c.func.ST_Area(s.author.c.id) end,
      "ST_Area(author.id)" },
    { "the word that Lua keeps", function(c, s) return c.func.if_(s.author.c.age, 1) end, "if(author.age, :if_1)" },
    { "packages within packages", function(c, s) return c.func.pkg.sub.f(s.author.c.id) end, "pkg.sub.f(author.id)" },
    { "a package's function is not the known one", function(c) return c.func.pkg.current_date() end,
      "pkg.current_date()" },
    { "an odd name in a package", function(c) return c.func.pkg["x y"](1) end, 'pkg."x y"(:x_y_1)',
      mysql = "pkg.`x y`(:x_y_1)" },
    { "NULL", function(c) return c.func.f(c.null) end, "f(NULL)", {} },
    { "a select", function(c, s) return c.func.f(c.select(s.author.c.id)) end, "f((SELECT author.id FROM author))" },
    { "conditions", function(c, s)
        return c.func.f(s.author.c.id:gt(5), s.author.c.id:gt(1) & s.author.c.age:gt(1))
      end, "f(author.id > :id_1, author.id > :id_2 AND author.age > :age_1)" },
    { "type_", function(c) return c.func.f(1, { type_ = c.String }) .. "x" end,
      "f(:f_1) || :f_2", { f_1 = 1, f_2 = "x" },
      mysql = "concat(f(:f_1), :f_2)" },
    { "max has the type of its argument", function(c, s) return c.func.max(s.author.c.name) + "x" end,
      "max(author.name) || :max_1", mysql = "concat(max(author.name), :max_1)" },
    { "aggregate_strings is text", function(c, s) return c.func.aggregate_strings(s.author.c.age, ",") + "x" end,
      "aggregate_strings(author.age, :aggregate_strings_1) || :aggregate_strings_2",
      sqlite = "group_concat(author.age, :aggregate_strings_1) || :aggregate_strings_2",
      postgresql = "string_agg(author.age, :aggregate_strings_1) || :aggregate_strings_2",
      mysql = "concat(group_concat(author.age SEPARATOR :aggregate_strings_1), :aggregate_strings_2)" },
    { "functions without parentheses", function(c)
        local f = c.func
        return c.select(f.current_date(), f.current_time(), f.CURRENT_USER(), f.localtime(), f.session_user(), f.user())
      end,
      "SELECT CURRENT_DATE AS current_date_1, CURRENT_TIME AS current_time_1, CURRENT_USER AS current_user_1, "
        .. "LOCALTIME AS localtime_1, SESSION_USER AS session_user_1, USER AS user_1" },
    { "a precision", function(c) return c.func.current_timestamp(3) end, "CURRENT_TIMESTAMP(:current_timestamp_1)" },
    { "localtimestamp", function(c) return c.func.localtimestamp() end, "LOCALTIMESTAMP",
      sqlite = "DATETIME(CURRENT_TIMESTAMP, 'localtime')" },
    { "sysdate", function(c) return c.func.sysdate() end, "sysdate", mysql = "SYSDATE()" },
    { "random", function(c) return c.func.random() end, "random()", mysql = "rand()" },
    { "char_length", function(c, s) return c.func.char_length(s.author.c.name) end, "char_length(author.name)",
      sqlite = "length(author.name)" },
    { "concat", function(c, s) return c.func.concat(s.author.c.name, "x") end, "concat(author.name, :concat_1)" },
    { "a label takes its number first", function(c) return c.select(c.func.f(1), c.func.pkg.f(2)) end,
      "SELECT f(:f_2) AS f_1, pkg.f(:f_4) AS f_3", { f_2 = 1, f_4 = 2 } },
    { "in_", function(c, s) return c.func.f(s.author.c.id):in_ { 1, 2 } end, "f(author.id) IN (:f_1_1, :f_1_2)" },
    { "GenericFunction", function(c, s)
        c.GenericFunction { name = "ST_AsText", type = c.String, package = "geo", identifier = "as_text" }
        return c.func.geo.AS_TEXT(s.author.c.id) .. "x"
      end, "ST_AsText(author.id) || :ST_AsText_1", { ST_AsText_1 = "x" },
      mysql = "concat(ST_AsText(author.id), :ST_AsText_1)" },
    { "GenericFunction without a package", function(c, s)
        local as_utc = c.GenericFunction { name = "as_utc", type = c.DateTime }
        return c.select(as_utc(s.author.c.born), c.func.as_utc(1))
      end, "SELECT as_utc(author.born) AS as_utc_1, as_utc(:as_utc_3) AS as_utc_2 FROM author" },

    { "as_comparison", function(c, s)
        return c.select(s.author.c.id):where(c.func.instr(s.author.c.name, "x"):as_comparison(1, 2))
      end, "SELECT author.id FROM author WHERE instr(author.name, :instr_1)" },
    { "as_comparison, compared and negated", function(c, s)
        local found = c.func.instr(s.author.c.name, "x"):as_comparison(1, 2)
        return found:eq(1) | ~found
      end, "instr(author.name, :instr_1) = :param_1 OR NOT instr(author.name, :instr_1)" },

    { "in FROM", function(c) return c.select(c.column("x")):select_from(c.func.generate_series(1, 3)) end,
      "SELECT x FROM generate_series(:generate_series_1, :generate_series_2)" },
    { "table_valued", function(c, s) return c.select(each(c, s.author.c.name):table_valued("key", "value")) end,
      "SELECT anon_1.key, anon_1.value FROM json_each(author.name) AS anon_1",
      sqlite = 'SELECT anon_1."key", anon_1.value FROM json_each(author.name) AS anon_1',
      mysql = "SELECT anon_1.`key`, anon_1.value FROM json_each(author.name) AS anon_1" },
    { "a column of table_valued", function(c) return c.select(each(c):table_valued("value").c.value) end,
      "SELECT anon_1.value FROM json_each(:json_each_1) AS anon_1", { json_each_1 = "[1]" } },
    { "table_valued with a name", function(c)
        local j = each(c):table_valued("value", { name = "j" })
        return c.select(j.c.value):where(j.c.value:gt(1))
      end, "SELECT j.value FROM json_each(:json_each_1) AS j WHERE j.value > :value_1" },
    { "table_valued with types", function(c)
        local j = each(c):table_valued(c.column("value", c.String), { name = "j" })
        return c.select(j.c.value .. "x")
      end, "SELECT j.value || :value_1 AS anon_1 FROM json_each(:json_each_1) AS j",
      mysql = "SELECT concat(j.value, :value_1) AS anon_1 FROM json_each(:json_each_1) AS j" },
    { "beside the table whose column it takes", function(c, s)
        local j = each(c, s.author.c.name):table_valued("value", { joins_implicitly = true })
        return c.select(s.author.c.id, j.c.value)
      end, "SELECT author.id, anon_1.value FROM author, json_each(author.name) AS anon_1" },
    { "joined", function(c, s)
        local j = each(c, s.author.c.name):table_valued("value", { name = "j" })
        return c.select(s.author.c.id):join(j, j.c.value:eq(s.author.c.id))
      end, "SELECT author.id FROM author JOIN json_each(author.name) AS j ON j.value = author.id",
      mysql = "SELECT author.id FROM author INNER JOIN json_each(author.name) AS j ON j.value = author.id" },
    { "with_ordinality", function(c)
        return c.select(c.func.generate_series(1, 5):table_valued("n", { with_ordinality = "o" }):render_derived())
      end,
      "SELECT anon_1.n, anon_1.o FROM generate_series(:generate_series_1, :generate_series_2) "
        .. "WITH ORDINALITY AS anon_1(n, o)" },
    { "render_derived with a name", function(c)
        return c.select(c.func.unnest(1):table_valued("n", { name = "g" }):render_derived { name = "x" })
      end, "SELECT x.n FROM unnest(:unnest_1) AS x(n)" },
    { "render_derived with types", function(c)
        local rows = c.func.jsonb_to_recordset("[]")
          :table_valued(c.column("a", c.Integer), c.column("b", c.String(5)), { name = "r" })
        return c.select(rows:render_derived { with_types = true })
      end,
      "SELECT r.a, r.b FROM jsonb_to_recordset(:jsonb_to_recordset_1) AS r(a INTEGER, b VARCHAR(5))" },
    { "another alias", function(c) return c.select(each(c):table_valued("value"):alias("q")) end,
      "SELECT q.value FROM json_each(:json_each_1) AS q" },
    { "an odd column", function(c) return c.select(c.func.f(1):table_valued("Odd Name").c["Odd Name"]) end,
      'SELECT anon_1."Odd Name" FROM f(:f_1) AS anon_1', mysql = "SELECT anon_1.`Odd Name` FROM f(:f_1) AS anon_1" },
    { "names with quotes", function(c)
        return c.select(c.func['f"; --'](1):table_valued('a"b', { name = 'x"; --' }):render_derived())
      end, 'SELECT "x""; --"."a""b" FROM "f""; --"(:f_1) AS "x""; --"("a""b")',
      mysql = 'SELECT `x"; --`.`a"b` FROM `f"; --`(:f_1) AS `x"; --`(`a"b`)' },
    { "column_valued", function(c) return c.select(c.func.json_array_elements("[]"):column_valued("x")) end,
      "SELECT x FROM json_array_elements(:json_array_elements_1) AS x" },
    { "column_valued without a name", function(c) return c.select(c.func.unnest("[]"):column_valued()) end,
      "SELECT anon_1 FROM unnest(:unnest_1) AS anon_1" },
    { "column_valued in an expression", function(c) return c.select(c.func.unnest("[]"):column_valued("x") + 1) end,
      "SELECT x + :x_1 AS anon_1 FROM unnest(:unnest_1) AS x" },
    { "the column of an alias", function(c) return c.select(c.func.unnest("[]"):alias("x").column) end,
      "SELECT x FROM unnest(:unnest_1) AS x" },
    { "the column of table_valued",
      function(c) return c.select(each(c):table_valued("value", { name = "v" }).column) end,
      "SELECT v FROM json_each(:json_each_1) AS v" },
    { "scalar_table_valued", function(c) return c.select(c.func.jsonb_each("{}"):scalar_table_valued("value")) end,
      "SELECT (jsonb_each(:jsonb_each_1)).value" },
    { "scalar_table_valued with a type", function(c, s)
        return c.select(c.func.jsonb_each(s.author.c.name):scalar_table_valued("value", c.Integer) + 1)
      end, "SELECT (jsonb_each(author.name)).value + :value_1 AS anon_1 FROM author" },
  },
  { id = "X10",
    { "case of several conditions", function(c, s)
        return c.case({ s.author.c.age:gt(5), 1 }, { s.author.c.age:gt(3), 2 })
      end, "CASE WHEN (author.age > :age_1) THEN :param_1 WHEN (author.age > :age_2) THEN :param_2 END" },
    { "case of expressions", function(c, s)
        return c.case({ s.author.c.age:gt(5), s.author.c.id }, { else_ = s.author.c.age + 1 })
      end, "CASE WHEN (author.age > :age_1) THEN author.id ELSE author.age + :age_2 END" },
    { "case of values with else_", function(c, s)
        return c.case({ 1, "one" }, { 2, "two" }, { value = s.author.c.age, else_ = "many" })
      end, "CASE author.age WHEN :param_1 THEN :param_2 WHEN :param_3 THEN :param_4 ELSE :param_5 END",
      { param_1 = 1, param_2 = "one", param_3 = 2, param_4 = "two", param_5 = "many" } },
    { "case of a boolean column", function(c, s) return c.case({ s.author.c.active, 1 }, { else_ = 0 }) end,
      "CASE WHEN author.active THEN :param_1 ELSE :param_2 END" },
    { "case of and_", function(c, s) return c.case({ s.author.c.age:gt(5) & s.author.c.id:gt(1), 1 }) end,
      "CASE WHEN (author.age > :age_1 AND author.id > :id_1) THEN :param_1 END" },
    { "case of a case", function(c, s)
        return c.case({ s.author.c.age:gt(5), c.case({ s.author.c.id:gt(1), 1 }) })
      end, "CASE WHEN (author.age > :age_1) THEN CASE WHEN (author.id > :id_1) THEN :param_1 END END" },
    { "case with a select", function(c, s)
        return c.case({ s.author.c.age:gt(5), c.select(s.book.c.id):scalar_subquery() })
      end, "CASE WHEN (author.age > :age_1) THEN (SELECT book.id FROM book) END" },
    { "case with else_ NULL", function(c, s) return c.case({ s.author.c.age:gt(5), 1 }, { else_ = c.null() }) end,
      "CASE WHEN (author.age > :age_1) THEN :param_1 ELSE NULL END" },
    { "case in arithmetic", function(c, s) return c.case({ s.author.c.age:gt(5), 1 }) + 1 end,
      "CASE WHEN (author.age > :age_1) THEN :param_1 END + :param_2" },
    { "case selected", function(c, s) return c.select(c.case({ s.author.c.age:gt(5), 1 })) end,
      "SELECT CASE WHEN (author.age > :age_1) THEN :param_1 END AS anon_1 FROM author" },
    { "sum of a case", function(c, s) return c.func.sum(c.case({ s.author.c.age:gt(5), 1 }, { else_ = 0 })) end,
      "sum(CASE WHEN (author.age > :age_1) THEN :param_1 ELSE :param_2 END)" },
    { "cast to Numeric", function(c, s) return c.cast(s.author.c.age, c.Numeric(10, 2)) end,
      "CAST(author.age AS NUMERIC(10, 2))", mysql = "CAST(author.age AS DECIMAL(10, 2))" },
    { "cast of a value", function(c) return c.cast("5", c.Integer) end, "CAST(:param_1 AS INTEGER)", { param_1 = "5" },
      mysql = "CAST(:param_1 AS SIGNED INTEGER)" },
    { "cast of NULL", function(c) return c.cast(c.null, c.Integer) end, "CAST(NULL AS INTEGER)", {},
      mysql = "CAST(NULL AS SIGNED INTEGER)" },
    { "cast to Date", function(c, s) return c.cast(s.author.c.name, c.Date) end, "CAST(author.name AS DATE)" },
    { "cast selected", function(c, s) return c.select(c.cast(s.author.c.age, c.Text)) end,
      "SELECT CAST(author.age AS TEXT) AS age FROM author",
      mysql = "SELECT CAST(author.age AS CHAR) AS age FROM author" },
    { "try_cast", function(c, s) return c.try_cast(s.author.c.name, c.Integer) end,
      "TRY_CAST(author.name AS INTEGER)", sqlite = false, postgresql = false, mysql = false },
    { "type_coerce changes what the operator is", function(c, s)
        return c.type_coerce(s.author.c.age, c.String) + "x"
      end, "author.age || :param_1", mysql = "concat(author.age, :param_1)" },
    { "type_coerce of a value", function(c) return c.type_coerce("x", c.String) end, ":param_1", { param_1 = "x" } },
    { "type_coerce selected", function(c, s) return c.select(c.type_coerce(s.author.c.age, c.String)) end,
      "SELECT author.age AS age FROM author" },
    { "type_coerce of a sum", function(c, s) return c.type_coerce(s.author.c.age + 1, c.Integer) * 2 end,
      "(author.age + :age_1) * :param_1" },
    { "extract of an expression", function(c, s) return c.extract("month", s.author.c.born + 1):eq(5) end,
      "EXTRACT(month FROM author.born + :born_1) = :param_1",
      sqlite = "CAST(STRFTIME('%m', author.born + :born_1) AS INTEGER) = :param_1" },
    { "extract dow", function(c, s) return c.extract("dow", s.author.c.born) end, "EXTRACT(dow FROM author.born)",
      sqlite = "CAST(STRFTIME('%w', author.born) AS INTEGER)", mysql = false },
    { "extract epoch selected", function(c, s) return c.select(c.extract("epoch", s.author.c.born)) end,
      "SELECT EXTRACT(epoch FROM author.born) AS anon_1 FROM author",
      sqlite = "SELECT CAST(STRFTIME('%s', author.born) AS INTEGER) AS anon_1 FROM author", mysql = false },
    { "extract milliseconds", function(c, s) return c.extract("milliseconds", s.author.c.born) end,
      "EXTRACT(milliseconds FROM author.born)", sqlite = false, mysql = false },
    { "extract microseconds", function(c, s) return c.extract("microseconds", s.author.c.born) end,
      "EXTRACT(microseconds FROM author.born)", sqlite = false, mysql = "EXTRACT(microsecond FROM author.born)" },
    { "extract quarter", function(c, s) return c.extract("quarter", s.author.c.born) end,
      "EXTRACT(quarter FROM author.born)", sqlite = false },
    { "nullif inside coalesce", function(c, s) return c.func.coalesce(c.func.nullif(s.author.c.name, ""), "none") end,
      "coalesce(nullif(author.name, :nullif_1), :coalesce_1)", { nullif_1 = "", coalesce_1 = "none" } },
  },
}
