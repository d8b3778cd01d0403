-- VALUES and TABLESAMPLE in FROM.
local plain = "(VALUES (:param_1, :param_2), (:param_3, :param_4)) AS v (id, name)"
local rows = "(VALUES ROW(:param_1, :param_2), ROW(:param_3, :param_4)) AS v (id, name)"
local selects = "(SELECT :param_1 AS id, :param_2 AS name UNION ALL SELECT :param_3, :param_4) AS v"

local function pairs_of(c, options)
  return c.values(c.column("id", c.Integer), c.column("name", c.String), options or { name = "v" })
end

-- SQLite and MariaDB name no columns behind an alias: selects say the same.
local function values(name, build, text, params)
  return { name, build, text:format(plain), params, sqlite = text:format(selects), mysql = text:format(rows),
    mariadb = text:format(selects) }
end

-- As a CTE or a value rows have no names of their own, but MariaDB loses parameters in VALUES.
local bare = "VALUES (:param_1, :param_2), (:param_3, :param_4)"
local bare_rows = "VALUES ROW(:param_1, :param_2), ROW(:param_3, :param_4)"

local bare_selects = "SELECT :param_1 AS column1, :param_2 AS column2 UNION ALL SELECT :param_3, :param_4"

local function everywhere(name, build, text, params)
  return { name, build, text:format(bare), params, mysql = text:format(bare_rows):gsub(" JOIN ", " INNER JOIN "),
    mariadb = text:format(bare_selects):gsub(" JOIN ", " INNER JOIN ") }
end

local function two(c) return pairs_of(c):data { { 1, "a" }, { 2, "b" } } end

local function ids(c) return c.values(c.column("id", c.Integer)):data { { 1 }, { 2 } } end

local function sampled(case)
  case.sqlite, case.mysql = false, false
  return case
end

return {
  { id = "X19",
    values("rows of values", function(c) return c.select(pairs_of(c):data { { 1, "a" }, { 2, "b" } }) end,
      "SELECT v.id, v.name FROM %s", { param_1 = 1, param_2 = "a", param_3 = 2, param_4 = "b" }),
    values("a column of them", function(c)
      local v = pairs_of(c):data { { 1, "a" }, { 2, "b" } }
      return c.select(v.c.name):where(v.c.id:gt(1))
    end, "SELECT v.name FROM %s WHERE v.id > :id_1"),
    values("data is added", function(c)
      return c.select(pairs_of(c):data { { 1, "a" } }:data { { 2, "b" } })
    end, "SELECT v.id, v.name FROM %s"),
    values("in a subquery", function(c, s)
      local v = pairs_of(c):data { { 1, "a" }, { 2, "b" } }
      return c.select(s.author.c.id):where(s.author.c.id:in_(c.select(v.c.id)))
    end, "SELECT author.id FROM author WHERE author.id IN (SELECT v.id FROM %s)"),
    { "joined", function(c, s)
      local v = pairs_of(c):data { { 1, "a" }, { 2, "b" } }
      return c.select(v.c.name):select_from(s.author):join(v, v.c.id:eq(s.author.c.id))
    end, "SELECT v.name FROM author JOIN " .. plain .. " ON v.id = author.id", nil,
      sqlite = "SELECT v.name FROM author JOIN " .. selects .. " ON v.id = author.id",
      mysql = "SELECT v.name FROM author INNER JOIN " .. rows .. " ON v.id = author.id",
      mariadb = "SELECT v.name FROM author INNER JOIN " .. selects .. " ON v.id = author.id" },
    { "written out", function(c)
      return c.select(pairs_of(c, { name = "v", literal_binds = true }):data { { 1, "it's" } })
    end, "SELECT v.id, v.name FROM (VALUES (1, 'it''s')) AS v (id, name)", {},
      sqlite = "SELECT v.id, v.name FROM (SELECT 1 AS id, 'it''s' AS name) AS v",
      mysql = "SELECT v.id, v.name FROM (VALUES ROW(1, 'it''s')) AS v (id, name)",
      mariadb = "SELECT v.id, v.name FROM (SELECT 1 AS id, 'it''s' AS name) AS v" },
    { "expressions", function(c)
      return c.select(c.values(c.column("id", c.Integer), { name = "v" }):data { { c.func.abs(-1) } })
    end, "SELECT v.id FROM (VALUES (abs(:abs_1))) AS v (id)", { abs_1 = -1 },
      sqlite = "SELECT v.id FROM (SELECT abs(:abs_1) AS id) AS v",
      mysql = "SELECT v.id FROM (VALUES ROW(abs(:abs_1))) AS v (id)",
      mariadb = "SELECT v.id FROM (SELECT abs(:abs_1) AS id) AS v" },
    { "names that need quotes", function(c)
      return c.select(c.values(c.column("Id", c.Integer), { name = "My V" }):data { { 1 } })
    end, 'SELECT "My V"."Id" FROM (VALUES (:param_1)) AS "My V" ("Id")', nil,
      sqlite = 'SELECT "My V"."Id" FROM (SELECT :param_1 AS "Id") AS "My V"',
      mysql = "SELECT `My V`.`Id` FROM (VALUES ROW(:param_1)) AS `My V` (`Id`)",
      mariadb = "SELECT `My V`.`Id` FROM (SELECT :param_1 AS `Id`) AS `My V`" },
    everywhere("as a CTE", function(c)
      local v = two(c):cte("x")
      return c.select(v.c.name):where(v.c.id:gt(1))
    end, "WITH x(id, name) AS (%s) SELECT x.name FROM x WHERE x.id > :id_1",
      { param_1 = 1, param_2 = "a", param_3 = 2, param_4 = "b", id_1 = 1 }),
    everywhere("as a CTE without a name", function(c) return c.select(two(c):cte()) end,
      "WITH anon_1(id, name) AS (%s) SELECT anon_1.id, anon_1.name FROM anon_1"),
    everywhere("as a CTE beside its alias", function(c)
      local x = two(c):cte("x")
      local y = x:alias("y")
      return c.select(x.c.id, y.c.name):join_from(x, y, x.c.id:lt(y.c.id))
    end, "WITH x(id, name) AS (%s) SELECT x.id, y.name FROM x JOIN x AS y ON x.id < y.id"),
    everywhere("as a CTE that is materialized", function(c)
      return c.select(two(c):cte("x"):prefix_with(c.text("MATERIALIZED")).c.id)
    end, "WITH x(id, name) AS MATERIALIZED (%s) SELECT x.id FROM x"),
    everywhere("as a CTE, of which another is made", function(c)
      local x = two(c):cte("x")
      return c.select(c.select(x):where(x.c.id:gt(1)):cte("y").c.name)
    end, "WITH x(id, name) AS (%s), y AS (SELECT x.id AS id, x.name AS name FROM x WHERE x.id > :id_1) "
      .. "SELECT y.name FROM y"),
    everywhere("as a CTE of the select that names it", function(c)
      return c.select(c.select(two(c):cte("x", { nesting = true }).c.id):subquery("s").c.id)
    end, "SELECT s.id FROM (WITH x(id, name) AS (%s) SELECT x.id AS id FROM x) AS s"),
    everywhere("beside a tuple", function(c, s)
      return c.select(s.author.c.id):where(c.tuple_(s.author.c.id, s.author.c.name):in_(two(c):scalar_values()))
    end, "SELECT author.id FROM author WHERE (author.id, author.name) IN (%s)"),
    { "as a value", function(c, s)
      return c.select(s.author.c.id):where(s.author.c.id:in_(ids(c):scalar_values()))
    end, "SELECT author.id FROM author WHERE author.id IN (VALUES (:param_1), (:param_2))",
      { param_1 = 1, param_2 = 2 },
      mysql = "SELECT author.id FROM author WHERE author.id IN (VALUES ROW(:param_1), ROW(:param_2))",
      mariadb = "SELECT author.id FROM author "
        .. "WHERE author.id IN (SELECT :param_1 AS column1 UNION ALL SELECT :param_2)" },
    { "in IN as they are", function(c, s)
      return c.select(s.author.c.id):where(s.author.c.id:not_in(ids(c)))
    end, "SELECT author.id FROM author WHERE (author.id NOT IN (VALUES (:param_1), (:param_2)))", nil,
      mysql = "SELECT author.id FROM author WHERE (author.id NOT IN (VALUES ROW(:param_1), ROW(:param_2)))",
      mariadb = "SELECT author.id FROM author "
        .. "WHERE (author.id NOT IN (SELECT :param_1 AS column1 UNION ALL SELECT :param_2))" },
    { "LATERAL, of the columns beside", function(c, s)
      local a = s.author.c
      local v = c.values(c.column("x", c.Integer), { name = "l" }):data { { a.id }, { a.age + 1 } }:lateral()
      return c.select(a.name, v.c.x):join(v, c.true_())
    end, "SELECT author.name, l.x FROM author "
      .. "JOIN LATERAL (VALUES (author.id), (author.age + :age_1)) AS l (x) ON true",
      { age_1 = 1 }, sqlite = false, mariadb = false,
      mysql = "SELECT author.name, l.x FROM author INNER JOIN "
        .. "LATERAL (VALUES ROW(author.id), ROW(author.age + :age_1)) AS l (x) ON true = 1" },
    { "LATERAL under another name, given rows afterwards", function(c)
      return c.select(c.lateral(ids(c), "m"):data { { 3 } })
    end, "SELECT m.id FROM LATERAL (VALUES (:param_1), (:param_2), (:param_3)) AS m (id)",
      { param_1 = 1, param_2 = 2, param_3 = 3 }, sqlite = false, mariadb = false,
      mysql = "SELECT m.id FROM LATERAL (VALUES ROW(:param_1), ROW(:param_2), ROW(:param_3)) AS m (id)" },
    sampled { "a sample by a function, repeatable", function(c, s)
      return c.select(c.tablesample(s.author, c.func.bernoulli(10), { name = "s", seed = c.func.random() }).c.id)
    end, "SELECT s.id FROM author AS s TABLESAMPLE bernoulli(:bernoulli_1) REPEATABLE (random())",
      { bernoulli_1 = 10 } },
    sampled { "a sample of a percentage", function(c, s)
      return c.select(c.tablesample(s.author, 5).c.id)
    end, "SELECT author_1.id FROM author AS author_1 TABLESAMPLE system(:system_1)", { system_1 = 5 } },
    sampled { "a sample of an alias's table", function(c, s)
      return c.select(c.tablesample(s.author:alias("z"), 5, { name = "s", seed = c.text("42") }).c.id)
    end, "SELECT s.id FROM author AS s TABLESAMPLE system(:system_1) REPEATABLE (42)" },
  },
}
