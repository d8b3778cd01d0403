-- Aliases, subqueries in FROM and as values, what they refer to outside, EXISTS and LATERAL.
local function node(c, s)
  return c.Table("node", s.metadata,
    c.Column("id", c.Integer, { primary_key = true }),
    c.Column("parent_id", c.Integer, c.ForeignKey("node.id")),
    c.Column("author_id", c.Integer, c.ForeignKey("author.id")),
    { keep_existing = true })
end

-- The last two books of an author.
local function lateral(c, s, name)
  local b = s.book.c
  return c.select(b.title, b.year):where(b.author_id:eq(s.author.c.id)):order_by(b.year:desc()):limit(2):lateral(name)
end

-- What a database without LATERAL refuses.
local function lacking(case)
  case.sqlite, case.mariadb = false, false
  return case
end

return {
  { id = "X03",
    { "an alias of an alias is one of its table", function(c, s)
      return c.select(s.author:alias("a"):alias("b").c.id)
    end, "SELECT b.id FROM author AS b" },
    { "an alias that needs quotes", function(c, s) return c.select(s.author:alias("The Author").c.id) end,
      'SELECT "The Author".id FROM author AS "The Author"',
      mysql = "SELECT `The Author`.id FROM author AS `The Author`" },
    { "an alias is all its columns", function(c, s) return c.select(s.author:alias("a")) end,
      "SELECT a.id, a.name, a.age, a.score, a.active, a.born FROM author AS a" },
    { "an anonymous alias keeps its name", function(c, s)
      local a = s.author:alias()
      return c.select(a.c.id, a.c.name):where(a.c.age:gt(1))
    end, "SELECT author_1.id, author_1.name FROM author AS author_1 WHERE author_1.age > :age_1" },
    { "a subquery of a subquery", function(c, s)
      local q = c.select(s.author.c.age:label("years")):subquery()
      return c.select(c.select(q.c.years):subquery().c.years)
    end, "SELECT anon_1.years FROM (SELECT anon_2.years AS years FROM (SELECT author.age AS years FROM "
        .. "author) AS anon_2) AS anon_1" },
    { "columns of one name in a subquery", function(c, s)
      return c.select(c.select(s.author.c.id, s.book.c.id):join(s.book):subquery())
    end, "SELECT anon_1.id, anon_1.id_1 FROM (SELECT author.id AS id, book.id AS id_1 FROM author JOIN book "
        .. "ON author.id = book.author_id) AS anon_1",
      mysql = "SELECT anon_1.id, anon_1.id_1 FROM (SELECT author.id AS id, book.id AS id_1 FROM author "
        .. "INNER JOIN book ON author.id = book.author_id) AS anon_1" },
    { "expressions in a subquery", function(c, s)
      return c.select(c.select(s.author.c.age + 1, c.func.count(s.author.c.id)):subquery("q"))
    end, "SELECT q.anon_1, q.count_1 FROM (SELECT author.age + :age_1 AS anon_1, count(author.id) AS "
        .. "count_1 FROM author) AS q" },
    { "two anonymous subqueries", function(c, s)
      local q, r = c.select(s.author.c.id):subquery(), c.select(s.book.c.id):subquery()
      return c.select(q.c.id, r.c.id):where(q.c.id:eq(r.c.id))
    end, "SELECT anon_1.id, anon_2.id AS id_1 FROM (SELECT author.id AS id FROM author) AS anon_1, (SELECT "
        .. "book.id AS id FROM book) AS anon_2 WHERE anon_1.id = anon_2.id" },
    { "a subquery with order and limit", function(c, s)
      local q = c.select(s.author.c.id):order_by(s.author.c.name):limit(3):subquery()
      return c.select(c.func.count()):select_from(q)
    end, "SELECT count(*) AS count_1 FROM (SELECT author.id AS id FROM author ORDER BY author.name LIMIT "
        .. ":param_1) AS anon_1",
      sqlite = "SELECT count(*) AS count_1 FROM (SELECT author.id AS id FROM author ORDER BY author.name "
        .. "LIMIT :param_1 OFFSET :param_2) AS anon_1" },
    { "a column with a key in a subquery", function(c, s)
      local q = c.select(s.order.c.total, s.order.c.select):subquery("q")
      return c.select(q.c.total)
    end, 'SELECT q."Total Sum" FROM (SELECT "order"."Total Sum" AS "Total Sum", "order"."select" AS '
        .. '"select" FROM "order") AS q',
      mysql = "SELECT q.`Total Sum` FROM (SELECT `order`.`Total Sum` AS `Total Sum`, `order`.`select` AS "
        .. "`select` FROM `order`) AS q" },
    { "binds inside and outside", function(c, s)
      local q = c.select(s.author.c.id):where(s.author.c.id:lt(9)):subquery()
      return c.select(q.c.id):where(q.c.id:gt(5))
    end, "SELECT anon_1.id FROM (SELECT author.id AS id FROM author WHERE author.id < :id_1) AS anon_1 "
        .. "WHERE anon_1.id > :id_2" },
    { "grouping what is grouped", function(c, s)
      local a = s.author.c
      local q = c.select(a.age, c.func.count(a.id):label("n")):group_by(a.age, a.active):subquery()
      return c.select(q.c.age, c.func.sum(q.c.n)):group_by(q.c.age)
    end, "SELECT anon_1.age, sum(anon_1.n) AS sum_1 FROM (SELECT author.age AS age, count(author.id) AS n "
        .. "FROM author GROUP BY author.age, author.active) AS anon_1 GROUP BY anon_1.age" },
    { "IN a select", function(c, s)
      return c.select(s.author.c.id):where(s.author.c.id:in_(c.select(s.book.c.author_id)))
    end, "SELECT author.id FROM author WHERE author.id IN (SELECT book.author_id FROM book)" },
    { "NOT IN a select", function(c, s)
      return c.select(s.author.c.id):where(s.author.c.id:not_in(
        c.select(s.book.c.author_id):where(s.book.c.year:gt(1900))))
    end, "SELECT author.id FROM author WHERE (author.id NOT IN (SELECT book.author_id FROM book WHERE "
        .. "book.year > :year_1))" },
    { "a scalar subquery in ORDER BY", function(c, s)
      local b = s.book.c
      local n = c.select(c.func.count(b.id)):where(b.author_id:eq(s.author.c.id)):scalar_subquery()
      return c.select(s.author.c.id):order_by(n:desc())
    end, "SELECT author.id FROM author ORDER BY (SELECT count(book.id) AS count_1 FROM book WHERE "
        .. "book.author_id = author.id) DESC" },
    { "arithmetic with a scalar subquery", function(c, s)
      local x = s.author:alias("x")
      return c.select(s.author.c.id):where(s.author.c.age:gt(c.select(c.func.avg(x.c.age)):scalar_subquery() + 1))
    end, "SELECT author.id FROM author WHERE author.age > (SELECT avg(x.age) AS avg_1 FROM author AS x) + "
        .. ":param_1" },
    { "a scalar subquery in HAVING", function(c, s)
      local b = s.book.c
      local n = c.select(c.func.count(s.author.c.id)):scalar_subquery()
      return c.select(b.author_id):group_by(b.author_id):having(c.func.count(b.id):gt(n))
    end, "SELECT book.author_id FROM book GROUP BY book.author_id HAVING count(book.id) > (SELECT "
        .. "count(author.id) AS count_1 FROM author)" },
    { "a scalar subquery in a function", function(c, s)
      return c.select(c.func.coalesce(c.select(c.func.max(s.book.c.year)):scalar_subquery(), 0))
    end, "SELECT coalesce((SELECT max(book.year) AS max_1 FROM book), :coalesce_2) AS coalesce_1" },
    { "a scalar subquery without a label", function(c, s)
      return c.select(s.author.c.id, c.select(c.func.max(s.book.c.year)):scalar_subquery())
    end, "SELECT author.id, (SELECT max(book.year) AS max_1 FROM book) AS anon_1 FROM author" },
    { "SET to a scalar subquery", function(c, s)
      local b = s.book.c
      return c.update(s.author):values {
        age = c.select(c.func.count(b.id)):where(b.author_id:eq(s.author.c.id)):scalar_subquery() }
    end, "UPDATE author SET age=(SELECT count(book.id) AS count_1 FROM book WHERE book.author_id = "
        .. "author.id)" },
  },
  { id = "X04",
    { "correlate names what is outside", function(c, s)
      local b = s.book.c
      local q = c.select(c.func.max(b.year)):select_from(s.book):where(b.author_id:eq(s.author.c.id))
      return c.select(s.author.c.id):where(s.author.c.age:eq(q:correlate(s.author):scalar_subquery()))
    end, "SELECT author.id FROM author WHERE author.age = (SELECT max(book.year) AS max_1 FROM book WHERE "
        .. "book.author_id = author.id)" },
    { "correlate(nil) refers to nothing outside", function(c, s)
      local q = c.select(c.func.max(s.author.c.age)):where(s.book.c.author_id:eq(s.author.c.id)):correlate(nil)
      return c.select(s.author.c.id):where(s.author.c.age:eq(q:scalar_subquery()))
    end, "SELECT author.id FROM author WHERE author.age = (SELECT max(author.age) AS max_1 FROM author, "
        .. "book WHERE book.author_id = author.id)" },
    { "correlate adds to what was said", function(c, s)
      local b = s.book.c
      return c.select(s.author.c.id, s.order.c.id):where(c.exists():select_from(s.book):where(
        b.author_id:eq(s.author.c.id), b.year:eq(s.order.c.total)):correlate(s.author):correlate(s.order))
    end, 'SELECT author.id, "order".id AS id_1 FROM author, "order" WHERE EXISTS (SELECT * FROM book WHERE '
        .. 'book.author_id = author.id AND book.year = "order"."Total Sum")',
      mysql = "SELECT author.id, `order`.id AS id_1 FROM author, `order` WHERE EXISTS (SELECT * FROM "
        .. "book WHERE book.author_id = author.id AND book.year = `order`.`Total Sum`)" },
    { "correlate leaves the others inside", function(c, s)
      local b = s.book.c
      return c.select(s.author.c.id, s.order.c.id):where(c.exists():where(
        b.author_id:eq(s.author.c.id), b.year:eq(s.order.c.total)):correlate(s.author))
    end, 'SELECT author.id, "order".id AS id_1 FROM author, "order" WHERE EXISTS (SELECT * FROM book, '
        .. '"order" WHERE book.author_id = author.id AND book.year = "order"."Total Sum")',
      mysql = "SELECT author.id, `order`.id AS id_1 FROM author, `order` WHERE EXISTS (SELECT * FROM "
        .. "book, `order` WHERE book.author_id = author.id AND book.year = `order`.`Total Sum`)" },
    { "correlate_except", function(c, s)
      local b = s.book.c
      return c.select(s.author.c.id, s.order.c.id):where(c.exists():where(
        b.author_id:eq(s.author.c.id), b.year:eq(s.order.c.total)):correlate_except(s.book))
    end, 'SELECT author.id, "order".id AS id_1 FROM author, "order" WHERE EXISTS (SELECT * FROM book WHERE '
        .. 'book.author_id = author.id AND book.year = "order"."Total Sum")',
      mysql = "SELECT author.id, `order`.id AS id_1 FROM author, `order` WHERE EXISTS (SELECT * FROM "
        .. "book WHERE book.author_id = author.id AND book.year = `order`.`Total Sum`)" },
    { "correlate_except two", function(c, s)
      local b = s.book.c
      return c.select(s.author.c.id, s.order.c.id):where(c.exists():where(
        b.author_id:eq(s.author.c.id), b.year:eq(s.order.c.total)):correlate_except(s.book, s.order))
    end, 'SELECT author.id, "order".id AS id_1 FROM author, "order" WHERE EXISTS (SELECT * FROM book, '
        .. '"order" WHERE book.author_id = author.id AND book.year = "order"."Total Sum")',
      mysql = "SELECT author.id, `order`.id AS id_1 FROM author, `order` WHERE EXISTS (SELECT * FROM "
        .. "book, `order` WHERE book.author_id = author.id AND book.year = `order`.`Total Sum`)" },
    { "correlate_except(nil) refers to all that is outside", function(c, s)
      return c.select(s.author.c.id, s.book.c.id):where(c.exists(
        c.select(s.book.c.id):where(s.book.c.author_id:eq(s.author.c.id)):correlate_except(nil)))
    end, "SELECT author.id, book.id AS id_1 FROM author, book WHERE EXISTS (SELECT book.id WHERE "
        .. "book.author_id = author.id)",
      mysql = "SELECT author.id, book.id AS id_1 FROM author, book WHERE EXISTS (SELECT book.id FROM "
        .. "DUAL WHERE book.author_id = author.id)" },
    { "correlate of a scalar subquery", function(c, s)
      local b = s.book.c
      local y = c.select(c.func.max(b.year)):where(b.author_id:eq(s.author.c.id)):scalar_subquery()
      return c.select(s.author.c.id, y:correlate(s.author):label("y"))
    end, "SELECT author.id, (SELECT max(book.year) AS max_1 FROM book WHERE book.author_id = author.id) AS "
        .. "y FROM author" },
    { "correlate_except of a scalar subquery", function(c, s)
      local b = s.book.c
      local y = c.select(c.func.max(b.year)):where(b.author_id:eq(s.author.c.id)):scalar_subquery()
      return c.select(s.author.c.id, y:correlate_except(s.book):label("y"))
    end, "SELECT author.id, (SELECT max(book.year) AS max_1 FROM book WHERE book.author_id = author.id) AS "
        .. "y FROM author" },
    { "by itself only to the nearest", function(c, s)
      local n, a, b = node(c, s), s.author.c, s.book.c
      return c.select(a.id):where(c.exists():where(b.author_id:eq(a.id),
        c.exists():where(n.c.author_id:eq(a.id), n.c.id:eq(b.id))))
    end, "SELECT author.id FROM author WHERE EXISTS (SELECT * FROM book WHERE book.author_id = author.id "
        .. "AND (EXISTS (SELECT * FROM node, author WHERE node.author_id = author.id AND node.id = book.id)))" },
    { "over two levels when it is said", function(c, s)
      local n, a, b = node(c, s), s.author.c, s.book.c
      return c.select(a.id):where(c.exists():where(b.author_id:eq(a.id),
        c.exists():where(n.c.author_id:eq(a.id), n.c.id:eq(b.id)):correlate(s.author, s.book)))
    end, "SELECT author.id FROM author WHERE EXISTS (SELECT * FROM book WHERE book.author_id = author.id "
        .. "AND (EXISTS (SELECT * FROM node WHERE node.author_id = author.id AND node.id = book.id)))" },
    { "a subquery in FROM inside a value", function(c, s)
      local q = c.select(s.book.c.year):where(s.book.c.author_id:eq(s.author.c.id)):correlate(s.author):subquery("q")
      return c.select(s.author.c.id):where(s.author.c.age:in_(c.select(q.c.year)))
    end, "SELECT author.id FROM author WHERE author.age IN (SELECT q.year FROM (SELECT book.year AS year "
        .. "FROM book WHERE book.author_id = author.id) AS q)" },
    { "a subquery in FROM does not see its neighbours", function(c, s)
      local q = c.select(s.book.c.year):where(s.book.c.author_id:eq(s.author.c.id)):correlate(s.author):subquery("q")
      return c.select(s.author.c.id, q.c.year)
    end, "SELECT author.id, q.year FROM author, (SELECT book.year AS year FROM book, author WHERE "
        .. "book.author_id = author.id) AS q" },
    { "exists of columns", function(c, s)
      return c.select(s.author.c.id):where(c.exists(s.book.c.id, s.book.c.title):where(
        s.book.c.author_id:eq(s.author.c.id)))
    end, "SELECT author.id FROM author WHERE EXISTS (SELECT book.id, book.title FROM book WHERE "
        .. "book.author_id = author.id)" },
    { "exists as a column", function(c, s)
      return c.select(s.author.c.id, c.exists():where(s.book.c.author_id:eq(s.author.c.id)):label("has"))
    end, "SELECT author.id, EXISTS (SELECT * FROM book WHERE book.author_id = author.id) AS has FROM author" },
    { "exists in OR", function(c, s)
      return c.select(s.author.c.id):where(c.or_(
        c.exists():where(s.book.c.author_id:eq(s.author.c.id)), s.author.c.age:gt(3)))
    end, "SELECT author.id FROM author WHERE (EXISTS (SELECT * FROM book WHERE book.author_id = author.id)) "
        .. "OR author.age > :age_1" },
    { "exists with select_from an alias", function(c, s)
      local x = s.author:alias("x")
      return c.select(s.author.c.id):where(c.exists():select_from(x):where(x.c.age:gt(s.author.c.age)))
    end, "SELECT author.id FROM author WHERE EXISTS (SELECT * FROM author AS x WHERE x.age > author.age)" },
    { "exists with select_from a join", function(c, s)
      local n, b = node(c, s), s.book.c
      return c.select(s.author.c.id):where(c.exists():select_from(s.book:join(n, n.c.id:eq(b.id))):where(
        b.author_id:eq(s.author.c.id)))
    end, "SELECT author.id FROM author WHERE EXISTS (SELECT * FROM book JOIN node ON node.id = book.id "
        .. "WHERE book.author_id = author.id)",
      mysql = "SELECT author.id FROM author WHERE EXISTS (SELECT * FROM book INNER JOIN node ON node.id "
        .. "= book.id WHERE book.author_id = author.id)" },
    { "exists in DELETE", function(c, s)
      return c.delete(s.author):where(~c.exists():where(s.book.c.author_id:eq(s.author.c.id)))
    end, "DELETE FROM author WHERE NOT (EXISTS (SELECT * FROM book WHERE book.author_id = author.id))" },
  },
  { id = "X19",
    lacking { "LATERAL beside a table", function(c, s)
      local l = lateral(c, s, "l")
      return c.select(s.author.c.name, l.c.title):select_from(s.author, l)
    end, "SELECT author.name, l.title FROM author, LATERAL (SELECT book.title AS title, book.year AS year "
        .. "FROM book WHERE book.author_id = author.id ORDER BY book.year DESC LIMIT :param_1) AS l" },
    lacking { "a join to LATERAL", function(c, s)
      local l = lateral(c, s, "l")
      return c.select(s.author.c.name):join(l, l.c.year:gt(s.author.c.age))
    end, "SELECT author.name FROM author JOIN LATERAL (SELECT book.title AS title, book.year AS year FROM "
        .. "book WHERE book.author_id = author.id ORDER BY book.year DESC LIMIT :param_1) AS l ON l.year > "
        .. "author.age",
      mysql = "SELECT author.name FROM author INNER JOIN LATERAL (SELECT book.title AS title, book.year "
        .. "AS year FROM book WHERE book.author_id = author.id ORDER BY book.year DESC LIMIT :param_1) AS l "
        .. "ON l.year > author.age" },
    lacking { "an anonymous LATERAL, outer", function(c, s)
      local l = lateral(c, s)
      return c.select(s.author.c.name, l.c.title):outerjoin(l, l.c.year:gt(0))
    end, "SELECT author.name, anon_1.title FROM author LEFT OUTER JOIN LATERAL (SELECT book.title AS title, "
        .. "book.year AS year FROM book WHERE book.author_id = author.id ORDER BY book.year DESC LIMIT "
        .. ":param_1) AS anon_1 ON anon_1.year > :year_1" },
    lacking { "c.lateral of an aggregate", function(c, s)
      local b = s.book.c
      local l = c.lateral(c.select(c.func.count(b.id):label("n")):where(b.author_id:eq(s.author.c.id)), "l")
      return c.select(s.author.c.name, l.c.n):join(l, l.c.n:gt(1))
    end, "SELECT author.name, l.n FROM author JOIN LATERAL (SELECT count(book.id) AS n FROM book WHERE "
        .. "book.author_id = author.id) AS l ON l.n > :n_1",
      mysql = "SELECT author.name, l.n FROM author INNER JOIN LATERAL (SELECT count(book.id) AS n FROM "
        .. "book WHERE book.author_id = author.id) AS l ON l.n > :n_1" },
    lacking { "LATERAL that selects from outside", function(c, s)
      local l = c.select((s.author.c.age + 1):label("n")):where(s.book.c.id:eq(1)):lateral("l")
      return c.select(s.author.c.name, l.c.n):select_from(s.author, l)
    end, "SELECT author.name, l.n FROM author, LATERAL (SELECT author.age + :age_1 AS n FROM book WHERE "
        .. "book.id = :id_1) AS l" },
  },
}
