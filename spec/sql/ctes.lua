-- Common table expressions.
local with_c1 = "WITH c1 AS (SELECT author.id AS id, author.name AS name FROM author WHERE author.age > :age_1) "

local function c1(c, s)
  return c.select(s.author.c.id, s.author.c.name):where(s.author.c.age:gt(5)):cte("c1")
end

local function counted(c)
  local n = c.select(c.literal(1):label("n")):cte("n", { recursive = true })
  return n:union_all(c.select(n.c.n + 1):where(n.c.n:lt(10)))
end

local with_n = "WITH RECURSIVE n(n) AS (SELECT :param_1 AS n UNION ALL SELECT n.n + :n_1 AS anon_1 FROM n "
  .. "WHERE n.n < :n_2) "

local function gone(c, s)
  return c.delete(s.book):where(s.book.c.year:lt(1900)):returning(s.book.c.id, s.book.c.title):cte("gone")
end

local function nested(c, s)
  return c.select(s.author.c.id):where(s.author.c.age:gt(3)):cte("nst", { nesting = true })
end

local with_nst = "WITH nst AS (SELECT author.id AS id FROM author WHERE author.age > :age_1) "

return {
  { id = "X05",
    { "a select", function(c, s)
      local x = c1(c, s)
      return c.select(x.c.name):where(x.c.id:lt(3))
    end, with_c1 .. "SELECT c1.name FROM c1 WHERE c1.id < :id_1", { age_1 = 5, id_1 = 3 } },
    { "without a name", function(c, s)
      return c.select(c.select(s.author.c.id, s.author.c.name):cte().c.name)
    end, "WITH anon_1 AS (SELECT author.id AS id, author.name AS name FROM author) SELECT anon_1.name FROM anon_1" },
    { "a name that needs quotes", function(c, s) return c.select(c.select(s.author.c.id):cte("Odd Name").c.id) end,
      'WITH "Odd Name" AS (SELECT author.id AS id FROM author) SELECT "Odd Name".id FROM "Odd Name"',
      mysql = "WITH `Odd Name` AS (SELECT author.id AS id FROM author) SELECT `Odd Name`.id FROM `Odd Name`" },
    { "two", function(c, s)
      local x, y = c1(c, s), c.select(s.book.c.author_id, s.book.c.title):where(s.book.c.year:gt(1)):cte("c2")
      return c.select(x.c.name, y.c.title):join_from(x, y, x.c.id:eq(y.c.author_id))
    end, with_c1:sub(1, -2) .. ", c2 AS (SELECT book.author_id AS author_id, book.title AS title FROM book "
      .. "WHERE book.year > :year_1) SELECT c1.name, c2.title FROM c1 JOIN c2 ON c1.id = c2.author_id",
      mysql = with_c1:sub(1, -2) .. ", c2 AS (SELECT book.author_id AS author_id, book.title AS title FROM book "
        .. "WHERE book.year > :year_1) SELECT c1.name, c2.title FROM c1 INNER JOIN c2 ON c1.id = c2.author_id" },
    { "one of another", function(c, s)
      local x = c1(c, s)
      return c.select(c.select(x.c.id):where(x.c.id:gt(7)):cte("c2"))
    end, with_c1:sub(1, -2) .. ", c2 AS (SELECT c1.id AS id FROM c1 WHERE c1.id > :id_1) SELECT c2.id FROM c2" },
    { "twice, under other names", function(c, s)
      local x = c1(c, s)
      local p, q = x:alias("p"), x:alias("q")
      return c.select(p.c.id, q.c.id):join_from(p, q, p.c.id:eq(q.c.id))
    end, with_c1 .. "SELECT p.id, q.id AS id_1 FROM c1 AS p JOIN c1 AS q ON p.id = q.id",
      mysql = with_c1 .. "SELECT p.id, q.id AS id_1 FROM c1 AS p INNER JOIN c1 AS q ON p.id = q.id" },
    { "beside an alias of itself", function(c, s)
      local x = c1(c, s)
      local y = x:alias()
      return c.select(x.c.id, y.c.id):where(x.c.id:lt(y.c.id))
    end, with_c1 .. "SELECT c1.id, anon_1.id AS id_1 FROM c1, c1 AS anon_1 WHERE c1.id < anon_1.id" },
    { "recursive", function(c, s)
      local a = s.author.c
      local r = c.select(a.id, a.name):where(a.id:eq(1)):cte("r", { recursive = true })
      return c.select(r:union_all(c.select(a.id, a.name):join(r, a.age:eq(r.c.id))))
    end, "WITH RECURSIVE r(id, name) AS (SELECT author.id AS id, author.name AS name FROM author "
      .. "WHERE author.id = :id_1 UNION ALL SELECT author.id AS id, author.name AS name FROM author "
      .. "JOIN r ON author.age = r.id) SELECT r.id, r.name FROM r",
      mysql = "WITH RECURSIVE r(id, name) AS (SELECT author.id AS id, author.name AS name FROM author "
        .. "WHERE author.id = :id_1 UNION ALL SELECT author.id AS id, author.name AS name FROM author "
        .. "INNER JOIN r ON author.age = r.id) SELECT r.id, r.name FROM r" },
    { "a count", function(c) return c.select(c.func.sum(counted(c).c.n)) end,
      with_n .. "SELECT sum(n.n) AS sum_1 FROM n", { param_1 = 1, n_1 = 1, n_2 = 10 } },
    { "its parameters stand before the statement's", function(c)
      local n = counted(c)
      return c.select(n.c.n):where(n.c.n:gt(2)):limit(3)
    end, with_n .. "SELECT n.n FROM n WHERE n.n > :n_3 LIMIT :param_2", { param_1 = 1, n_1 = 1, n_2 = 10, n_3 = 2,
      param_2 = 3 },
      sqlite = with_n .. "SELECT n.n FROM n WHERE n.n > :n_3 LIMIT :param_2 OFFSET :param_3" },
    { "recursive by union", function(c, s)
      local x = c.select(s.author.c.id):cte("x", { recursive = true })
      return c.select(x:union(c.select(s.book.c.author_id):where(s.book.c.year:gt(3))))
    end, "WITH RECURSIVE x(id) AS (SELECT author.id AS id FROM author UNION SELECT book.author_id AS author_id "
      .. "FROM book WHERE book.year > :year_1) SELECT x.id FROM x" },
    { "of a union", function(c, s)
      return c.select(c.union(c.select(s.author.c.id), c.select(s.book.c.id)):cte("u"))
    end, "WITH u AS (SELECT author.id AS id FROM author UNION SELECT book.id AS id FROM book) SELECT u.id FROM u" },
    { "of text", function(c)
      return c.select(c.text("SELECT 1 AS one"):columns(c.column("one", c.Integer)):cte("t"))
    end, "WITH t AS (SELECT 1 AS one) SELECT t.one FROM t" },
    { "in IN", function(c, s)
      return c.select(s.author.c.id):where(s.author.c.id:in_(c.select(c1(c, s).c.id)))
    end, with_c1 .. "SELECT author.id FROM author WHERE author.id IN (SELECT c1.id FROM c1)" },
    { "in a scalar subquery", function(c, s)
      return c.select(s.author.c.id, c.select(c.func.count(c1(c, s).c.id)):scalar_subquery())
    end, with_c1 .. "SELECT author.id, (SELECT count(c1.id) AS count_1 FROM c1) AS anon_1 FROM author" },
    { "in EXISTS", function(c, s)
      local x = c1(c, s)
      return c.select(s.author.c.id):where(c.exists(c.select(x.c.id):where(x.c.id:eq(s.author.c.id))))
    end, with_c1 .. "SELECT author.id FROM author WHERE EXISTS (SELECT c1.id FROM c1 WHERE c1.id = author.id)" },
    { "in a subquery", function(c, s) return c.select(c.select(c1(c, s).c.id):subquery().c.id) end,
      with_c1 .. "SELECT anon_1.id FROM (SELECT c1.id AS id FROM c1) AS anon_1" },
    { "in a union", function(c, s)
      return c.union(c.select(c1(c, s).c.id), c.select(s.book.c.id)):order_by("id")
    end, with_c1 .. "SELECT c1.id FROM c1 UNION SELECT book.id FROM book ORDER BY id" },
    { "in a union in FROM", function(c, s)
      return c.select(c.union(c.select(c1(c, s).c.id), c.select(s.book.c.id)):subquery())
    end, with_c1 .. "SELECT anon_1.id FROM (SELECT c1.id AS id FROM c1 UNION SELECT book.id AS id FROM book) "
      .. "AS anon_1" },
    { "nesting, in a CTE", function(c, s)
      local x = nested(c, s)
      return c.select(c.select(x.c.id):where(x.c.id:gt(1)):cte("outer_c").c.id)
    end, "WITH outer_c AS (" .. with_nst .. "SELECT nst.id AS id FROM nst WHERE nst.id > :id_1) "
      .. "SELECT outer_c.id FROM outer_c", { age_1 = 3, id_1 = 1 } },
    { "nesting, in a subquery", function(c, s)
      local x = nested(c, s)
      return c.select(c.select(x.c.id):where(x.c.id:gt(1)):subquery("s").c.id)
    end, "SELECT s.id FROM (" .. with_nst .. "SELECT nst.id AS id FROM nst WHERE nst.id > :id_1) AS s" },
    { "nesting, in the second part of a union in FROM", function(c, s)
      return c.select(c.union(c.select(s.book.c.id), c.select(nested(c, s).c.id)):subquery("u").c.id)
    end, "SELECT u.id FROM (" .. with_nst .. "SELECT book.id AS id FROM book UNION SELECT nst.id AS id FROM nst) AS u",
      { age_1 = 3 } },
    { "nesting, in both parts of a union that is a value", function(c, s)
      local x = nested(c, s)
      return c.select(c.union(c.select(x.c.id), c.select(x.c.id):where(x.c.id:gt(1))):scalar_subquery())
    end, "SELECT (" .. with_nst .. "SELECT nst.id FROM nst UNION SELECT nst.id FROM nst WHERE nst.id > :id_1) "
      .. "AS anon_1" },
    { "nesting, in a union in EXISTS", function(c, s)
      return c.select(s.book.c.title):where(c.union(c.select(s.author.c.id), c.select(nested(c, s).c.id)):exists())
    end, "SELECT book.title FROM book WHERE EXISTS (" .. with_nst
      .. "SELECT author.id FROM author UNION SELECT nst.id FROM nst)" },
    { "nesting, in a part of a union at the top", function(c, s)
      return c.union(c.select(s.book.c.id), c.select(nested(c, s).c.id))
    end, with_nst .. "SELECT book.id FROM book UNION SELECT nst.id FROM nst" },
    { "nesting, in a union that is a part", function(c, s)
      return c.union(c.select(s.book.c.id), c.union_all(c.select(s.book.c.id), c.select(nested(c, s).c.id)))
    end, "SELECT book.id FROM book UNION (" .. with_nst .. "SELECT book.id FROM book UNION ALL SELECT nst.id FROM nst)",
      nil, sqlite = "SELECT book.id FROM book UNION SELECT * FROM (" .. with_nst
        .. "SELECT book.id FROM book UNION ALL SELECT nst.id FROM nst)",
      mariadb = with_nst
        .. "SELECT book.id FROM book UNION (SELECT book.id FROM book UNION ALL SELECT nst.id FROM nst)" },
    { "nesting, in a union that is a CTE", function(c, s)
      return c.select(c.union(c.select(s.book.c.id), c.select(nested(c, s).c.id)):cte("o"))
    end, "WITH o AS (" .. with_nst .. "SELECT book.id AS id FROM book UNION SELECT nst.id AS id FROM nst) "
      .. "SELECT o.id FROM o" },
    { "nesting, in a value of UPDATE", function(c, s)
      return c.update(s.book):values { year = c.select(nested(c, s).c.id):scalar_subquery() }
    end, "UPDATE book SET year=(" .. with_nst .. "SELECT nst.id FROM nst)" },
    { "nesting, in the select of an INSERT in WITH", function(c, s)
      local made = c.insert(s.author):from_select({ "id" }, c.select(nested(c, s).c.id)):returning(s.author.c.id)
      return c.select(made:cte("made").c.id)
    end, "WITH made AS (" .. with_nst .. "INSERT INTO author (id) SELECT nst.id AS id FROM nst RETURNING author.id) "
      .. "SELECT made.id FROM made", { age_1 = 3 }, sqlite = false, mysql = false },
    { "nesting at the top", function(c, s) return c.select(nested(c, s).c.id) end,
      with_nst .. "SELECT nst.id FROM nst" },
    { "materialized", function(c, s)
      return c.select(c.select(s.author.c.id):cte("c"):prefix_with(c.text("MATERIALIZED")).c.id)
    end, "WITH c AS MATERIALIZED (SELECT author.id AS id FROM author) SELECT c.id FROM c" },
    { "with words of one database", function(c, s)
      local x = c.select(s.author.c.id):cte("c"):prefix_with(c.text("NOT MATERIALIZED"), { dialect = "postgresql" })
      return c.select(x:suffix_with(c.text("CYCLE id RESTRICT"), { dialect = "mariadb" }).c.id)
    end, "WITH c AS (SELECT author.id AS id FROM author) SELECT c.id FROM c", nil,
      postgresql = "WITH c AS NOT MATERIALIZED (SELECT author.id AS id FROM author) SELECT c.id FROM c",
      mariadb = "WITH c AS (SELECT author.id AS id FROM author) CYCLE id RESTRICT SELECT c.id FROM c" },
    { "with words for two databases, and for all", function(c, s)
      local x = c.select(s.author.c.id):cte("c"):prefix_with(c.text("/* a */")):prefix_with(c.text("/* m */"),
        { dialect = "mysql" }):prefix_with(c.text("/* s */"), { dialect = "sqlite" })
      return c.select(x.c.id)
    end, "WITH c AS /* a */ (SELECT author.id AS id FROM author) SELECT c.id FROM c", nil,
      sqlite = "WITH c AS /* a */ /* s */ (SELECT author.id AS id FROM author) SELECT c.id FROM c",
      mysql = "WITH c AS /* a */ /* m */ (SELECT author.id AS id FROM author) SELECT c.id FROM c" },
    { "with a suffix", function(c, s)
      return c.select(c.select(s.author.c.id):cte("c"):suffix_with(c.text("SEARCH DEPTH FIRST BY id SET o")).c.id)
    end, "WITH c AS (SELECT author.id AS id FROM author) SEARCH DEPTH FIRST BY id SET o SELECT c.id FROM c" },
    { "before INSERT FROM SELECT", function(c, s)
      local x = c1(c, s)
      return c.insert(s.book):from_select({ "id", "title" }, c.select(x.c.id, x.c.name))
    end, with_c1 .. "INSERT INTO book (id, title) SELECT c1.id, c1.name FROM c1",
      mysql = "INSERT INTO book (id, title) " .. with_c1 .. "SELECT c1.id, c1.name FROM c1" },
    { "before UPDATE", function(c, s)
      return c.update(s.book):values { title = "x" }:where(s.book.c.author_id:in_(c.select(c1(c, s).c.id)))
    end, with_c1 .. "UPDATE book SET title=:title WHERE book.author_id IN (SELECT c1.id FROM c1)",
      { age_1 = 5, title = "x" }, mariadb = false },
    { "before DELETE", function(c, s)
      return c.delete(s.book):where(s.book.c.author_id:in_(c.select(c1(c, s).c.id)))
    end, with_c1 .. "DELETE FROM book WHERE book.author_id IN (SELECT c1.id FROM c1)", mariadb = false },
    { "DELETE in WITH", function(c, s) return c.select(gone(c, s).c.title) end,
      "WITH gone AS (DELETE FROM book WHERE book.year < :year_1 RETURNING book.id, book.title) "
      .. "SELECT gone.title FROM gone", { year_1 = 1900 }, sqlite = false, mysql = false },
    { "INSERT in WITH", function(c, s)
      local made = c.insert(s.author):values { name = "x" }:returning(s.author.c.id):cte("made")
      return c.insert(s.book):from_select({ "author_id" }, c.select(made.c.id))
    end, "WITH made AS (INSERT INTO author (name) VALUES (:param_1) RETURNING author.id) "
      .. "INSERT INTO book (author_id) SELECT made.id FROM made", { param_1 = "x" }, sqlite = false, mysql = false },
    { "UPDATE in WITH", function(c, s)
      local u = c.update(s.book):values { year = s.book.c.year + 1 }:returning(s.book.c.id, s.book.c.year):cte("u")
      return c.select(u)
    end, "WITH u AS (UPDATE book SET year=(book.year + :year_1) RETURNING book.id, book.year) "
      .. "SELECT u.id, u.year FROM u", { year_1 = 1 }, sqlite = false, mysql = false },
    { "add_cte", function(c, s)
      return c.select(s.author.c.id):add_cte(c.delete(s.book):where(s.book.c.year:lt(1900)):cte("gone"))
    end, "WITH gone AS (DELETE FROM book WHERE book.year < :year_1) SELECT author.id FROM author",
      sqlite = false, mysql = false },
    { "add_cte of a select, named once only", function(c, s)
      local x = c1(c, s)
      return c.select(x.c.id):add_cte(x)
    end, with_c1 .. "SELECT c1.id FROM c1" },
  },
}
