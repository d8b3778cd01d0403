-- Windows and what stands behind aggregates.
local function sum(c, s) return c.func.sum(s.author.c.age) end
local function count(c, s) return c.func.count(s.author.c.id) end

return {
  { id = "X07",
    { "over nothing", function(c) return c.func.row_number():over() end, "row_number() OVER ()" },
    { "order_by one column", function(c, s) return c.func.row_number():over { order_by = s.author.c.age } end,
      "row_number() OVER (ORDER BY author.age)" },
    { "partition_by and order_by lists",
      function(c, s)
        return c.func.row_number():over {
          partition_by = s.author.c.name, order_by = { s.author.c.age:desc(), s.author.c.id },
        }
      end, "row_number() OVER (PARTITION BY author.name ORDER BY author.age DESC, author.id)" },
    { "partition_by a list", function(c, s)
        return sum(c, s):over { partition_by = { s.author.c.name, s.author.c.active } }
      end, "sum(author.age) OVER (PARTITION BY author.name, author.active)" },
    { "partition_by an expression",
      function(c, s)
        return c.func.max(s.author.c.age):over {
          partition_by = c.case({ s.author.c.age:gt(5), 1 }, { else_ = 0 }),
        }
      end,
      "max(author.age) OVER (PARTITION BY CASE WHEN (author.age > :age_1) THEN :param_1 ELSE :param_2 END)" },
    { "order_by nulls_last",
      function(c, s)
        return c.func.first_value(s.author.c.name):over { order_by = s.author.c.age:desc():nulls_last() }
      end, "first_value(author.name) OVER (ORDER BY author.age DESC NULLS LAST)", mysql = false },
    { "arguments of a window function",
      function(c, s) return c.func.lag(s.author.c.age, 1, 0):over { order_by = s.author.c.id } end,
      "lag(author.age, :lag_1, :lag_2) OVER (ORDER BY author.id)", { lag_1 = 1, lag_2 = 0 } },
    { "rows around", function(c, s) return sum(c, s):over { order_by = s.author.c.id, rows = { -5, 10 } } end,
      "sum(author.age) OVER (ORDER BY author.id ROWS BETWEEN :param_1 PRECEDING AND :param_2 FOLLOWING)",
      { param_1 = 5, param_2 = 10 } },
    { "rows from the first", function(c, s)
        return sum(c, s):over { order_by = s.author.c.id, rows = { c.null, 0 } }
      end, "sum(author.age) OVER (ORDER BY author.id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)", {} },
    { "rows to the last", function(c, s)
        return sum(c, s):over { order_by = s.author.c.id, rows = { 0, c.null } }
      end, "sum(author.age) OVER (ORDER BY author.id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)" },
    { "all rows", function(c, s) return sum(c, s):over { rows = { c.null, c.null } } end,
      "sum(author.age) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)" },
    { "rows behind", function(c, s) return sum(c, s):over { order_by = s.author.c.id, rows = { 1, 3 } } end,
      "sum(author.age) OVER (ORDER BY author.id ROWS BETWEEN :param_1 FOLLOWING AND :param_2 FOLLOWING)" },
    { "rows before", function(c, s) return sum(c, s):over { order_by = s.author.c.id, rows = { -3, -1 } } end,
      "sum(author.age) OVER (ORDER BY author.id ROWS BETWEEN :param_1 PRECEDING AND :param_2 PRECEDING)" },
    { "range_", function(c, s) return sum(c, s):over { order_by = s.author.c.age, range_ = { -1, 1 } } end,
      "sum(author.age) OVER (ORDER BY author.age RANGE BETWEEN :param_1 PRECEDING AND :param_2 FOLLOWING)" },
    { "groups", function(c, s) return sum(c, s):over { order_by = s.author.c.age, groups = { -1, 0 } } end,
      "sum(author.age) OVER (ORDER BY author.age GROUPS BETWEEN :param_1 PRECEDING AND CURRENT ROW)", mysql = false },
    { "exclude", function(c, s)
        return sum(c, s):over { order_by = s.author.c.age, rows = { -1, 1 }, exclude = "CURRENT ROW" }
      end,
      "sum(author.age) OVER (ORDER BY author.age ROWS BETWEEN :param_1 PRECEDING AND :param_2 FOLLOWING "
        .. "EXCLUDE CURRENT ROW)", mysql = false },
    { "exclude ties", function(c, s)
        return sum(c, s):over { order_by = s.author.c.age, range_ = { c.null, c.null }, exclude = "TIES" }
      end,
      "sum(author.age) OVER (ORDER BY author.age RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING "
        .. "EXCLUDE TIES)", mysql = false },
    { "FrameClause", function(c, s)
        local kind = c.FrameClauseType
        return sum(c, s):over {
          order_by = s.author.c.born,
          range_ = c.FrameClause(c.timedelta { days = 7 }, nil, kind.PRECEDING, kind.CURRENT),
        }
      end,
      "sum(author.age) OVER (ORDER BY author.born RANGE BETWEEN :param_1 PRECEDING AND CURRENT ROW)" },
    { "FrameClause of expressions", function(c, s)
        local kind = c.FrameClauseType
        return sum(c, s):over {
          order_by = s.author.c.id,
          rows = c.FrameClause(nil, c.literal_column("1 + 1"), kind.UNBOUNDED, kind.FOLLOWING),
        }
      end,
      "sum(author.age) OVER (ORDER BY author.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 + 1 FOLLOWING)" },
    { "arithmetic", function(c, s) return sum(c, s):over() + 1 end, "sum(author.age) OVER () + :param_1" },
    { "compared", function(c, s) return sum(c, s):over():gt(5) end, "sum(author.age) OVER () > :param_1" },
    { "an aggregate of an aggregate", function(c, s)
        return c.func.sum(count(c, s)):over { order_by = s.author.c.name }
      end, "sum(count(author.id)) OVER (ORDER BY author.name)" },
    { "selected", function(c, s)
        return c.select(c.func.rank():over { order_by = s.author.c.age }, s.author.c.name)
      end, "SELECT rank() OVER (ORDER BY author.age) AS anon_1, author.name FROM author" },
    { "selected with a label", function(c, s)
        local place = c.func.rank():over { order_by = s.author.c.age }:label("place")
        return c.select(place):order_by(place)
      end, "SELECT rank() OVER (ORDER BY author.age) AS place FROM author ORDER BY place" },
    { "in order_by", function(c, s)
        return c.select(s.author.c.id):order_by(c.func.rank():over { order_by = s.author.c.age })
      end, "SELECT author.id FROM author ORDER BY rank() OVER (ORDER BY author.age)" },
    { "over a label", function(c, s)
        local age = s.author.c.age:label("l")
        return c.select(age, c.func.row_number():over { order_by = age })
      end, "SELECT author.age AS l, row_number() OVER (ORDER BY author.age) AS anon_1 FROM author" },
    { "the function", function(c, s) return c.over(count(c, s), { order_by = s.author.c.id }) end,
      "count(author.id) OVER (ORDER BY author.id)" },
    { "of DISTINCT", function(c, s) return c.func.sum(s.author.c.age:distinct()):over() end,
      "sum(DISTINCT author.age) OVER ()" },
    { "cast", function(c, s) return sum(c, s):over():cast(c.String(10)) end,
      "CAST(sum(author.age) OVER () AS VARCHAR(10))", mysql = "CAST(sum(author.age) OVER () AS CHAR(10))" },
  },
  { id = "X08",
    { "filter", function(c, s) return count(c, s):filter(s.author.c.age:gt(5)) end,
      "count(author.id) FILTER (WHERE author.age > :age_1)", { age_1 = 5 }, mysql = false },
    { "filter with several conditions", function(c, s)
        return count(c, s):filter(s.author.c.age:gt(5), s.author.c.name:eq("x"))
      end, "count(author.id) FILTER (WHERE author.age > :age_1 AND author.name = :name_1)", mysql = false },
    { "filter twice", function(c, s)
        return count(c, s):filter(s.author.c.age:gt(5)):filter(s.author.c.id:eq(3))
      end, "count(author.id) FILTER (WHERE author.age > :age_1 AND author.id = :id_1)", mysql = false },
    { "filter by nothing", function(c, s) return count(c, s):filter() end, "count(author.id)" },
    { "filter by or_", function(c, s)
        return count(c, s):filter(c.or_(s.author.c.age:gt(5), s.author.c.id:eq(1)))
      end, "count(author.id) FILTER (WHERE author.age > :age_1 OR author.id = :id_1)", mysql = false },
    { "filter by a boolean column", function(c, s) return count(c, s):filter(s.author.c.active) end,
      "count(author.id) FILTER (WHERE author.active)", mysql = false },
    { "filter and over", function(c, s)
        return count(c, s):filter(s.author.c.age:gt(5)):over { partition_by = s.author.c.name }
      end, "count(author.id) FILTER (WHERE author.age > :age_1) OVER (PARTITION BY author.name)", mysql = false },
    { "filter in arithmetic", function(c, s) return count(c, s):filter(s.author.c.age:gt(5)) + 1 end,
      "(count(author.id) FILTER (WHERE author.age > :age_1)) + :param_1", mysql = false },
    { "filter compared", function(c, s) return count(c, s):filter(s.author.c.age:gt(5)):eq(3) end,
      "count(author.id) FILTER (WHERE author.age > :age_1) = :param_1", mysql = false },
    { "filter selected", function(c, s) return c.select(count(c, s):filter(s.author.c.age:gt(5))) end,
      "SELECT count(author.id) FILTER (WHERE author.age > :age_1) AS anon_1 FROM author", mysql = false },
    { "funcfilter", function(c, s) return c.funcfilter(count(c, s), s.author.c.id:gt(1)) end,
      "count(author.id) FILTER (WHERE author.id > :id_1)", mysql = false },
    { "within_group", function(c, s) return c.func.percentile_cont(0.5):within_group(s.author.c.age) end,
      "percentile_cont(:percentile_cont_1) WITHIN GROUP (ORDER BY author.age)", { percentile_cont_1 = 0.5 },
      sqlite = false, mysql = false },
    { "within_group with several columns", function(c, s)
        return c.func.rank(5, 6):within_group(s.author.c.age:desc(), s.author.c.id)
      end, "rank(:rank_1, :rank_2) WITHIN GROUP (ORDER BY author.age DESC, author.id)", sqlite = false, mysql = false },
    { "within_group and over", function(c, s)
        return c.func.percentile_disc(0.5):within_group(s.author.c.age):over { partition_by = s.author.c.name }
      end,
      "percentile_disc(:percentile_disc_1) WITHIN GROUP (ORDER BY author.age) OVER (PARTITION BY author.name)",
      sqlite = false, mysql = false,
      mariadb = "percentile_disc(:percentile_disc_1) WITHIN GROUP (ORDER BY author.age) "
        .. "OVER (PARTITION BY author.name)" },
    { "within_group and filter", function(c, s)
        return c.func.mode():within_group(s.author.c.age):filter(s.author.c.id:gt(3))
      end, "mode() WITHIN GROUP (ORDER BY author.age) FILTER (WHERE author.id > :id_1)",
      sqlite = false, mysql = false },
    { "filter and within_group", function(c, s)
        return c.func.mode():filter(s.author.c.id:gt(3)):within_group(s.author.c.age)
      end, "mode() WITHIN GROUP (ORDER BY author.age) FILTER (WHERE author.id > :id_1)",
      sqlite = false, mysql = false },
    { "within_group takes the type of its order", function(c, s)
        return c.func.mode():within_group(s.author.c.name) .. "x"
      end, "mode() WITHIN GROUP (ORDER BY author.name) || :param_1", sqlite = false, mysql = false },
    { "the function within_group", function(c, s) return c.within_group(c.func.mode(), s.author.c.id) end,
      "mode() WITHIN GROUP (ORDER BY author.id)", sqlite = false, mysql = false },
    { "aggregate_order_by", function(c, s)
        return c.func.array_agg(s.author.c.name):aggregate_order_by(s.author.c.age:desc(), s.author.c.id)
      end, "array_agg(author.name ORDER BY author.age DESC, author.id)" },
    { "aggregate_order_by and filter", function(c, s)
        return c.aggregate_order_by(c.func.array_agg(s.author.c.name), s.author.c.id):filter(s.author.c.age:gt(1))
      end, "array_agg(author.name ORDER BY author.id) FILTER (WHERE author.age > :age_1)", mysql = false },
    { "aggregate_strings", function(c, s) return c.func.aggregate_strings(s.author.c.name, ", ") end,
      "aggregate_strings(author.name, :aggregate_strings_1)", { aggregate_strings_1 = ", " },
      sqlite = "group_concat(author.name, :aggregate_strings_1)",
      postgresql = "string_agg(author.name, :aggregate_strings_1)",
      mysql = "group_concat(author.name SEPARATOR :aggregate_strings_1)" },
    { "aggregate_strings in order", function(c, s)
        return c.func.aggregate_strings(s.author.c.name, ","):aggregate_order_by(s.author.c.id)
      end, "aggregate_strings(author.name, :aggregate_strings_1 ORDER BY author.id)",
      sqlite = "group_concat(author.name, :aggregate_strings_1 ORDER BY author.id)",
      postgresql = "string_agg(author.name, :aggregate_strings_1 ORDER BY author.id)",
      mysql = "group_concat(author.name ORDER BY author.id SEPARATOR :aggregate_strings_1)" },
    { "PostgreSQL's aggregate_order_by", function(c, s)
        local ordered = c.dialects.postgresql.aggregate_order_by
        return c.func.string_agg(s.author.c.name, ordered(",", s.author.c.age:desc()))
      end, "string_agg(author.name, :param_1 ORDER BY author.age DESC)" },
    { "grouping_sets", function(c, s)
        return c.func.grouping_sets(c.tuple_(s.author.c.name, s.author.c.age), s.author.c.id)
      end, "GROUPING SETS((author.name, author.age), author.id)", sqlite = false, mysql = false },
    { "grouping_sets with the whole", function(c, s)
        return c.func.grouping_sets(s.author.c.name, c.tuple_())
      end, "GROUPING SETS(author.name, ())", sqlite = false, mysql = false },
    { "cube", function(c, s) return c.func.cube(s.author.c.name, s.author.c.age) end,
      "CUBE(author.name, author.age)", sqlite = false, mysql = false },
    { "rollup", function(c, s)
        return c.select(s.author.c.name, c.func.count()):group_by(c.func.rollup(s.author.c.name, s.author.c.age))
      end,
      "SELECT author.name, count(*) AS count_1 FROM author GROUP BY ROLLUP(author.name, author.age)", sqlite = false,
      mysql = "SELECT author.name, count(*) AS count_1 FROM author GROUP BY author.name, author.age WITH ROLLUP" },
  },
}
