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
