-- Joins: chains, aliases, subqueries and joins on either side, and which FROM a join continues.
-- A table that refers to itself and to author.
local function node(c, s)
  return c.Table("node", s.metadata,
    c.Column("id", c.Integer, { primary_key = true }),
    c.Column("parent_id", c.Integer, c.ForeignKey("node.id")),
    c.Column("author_id", c.Integer, c.ForeignKey("author.id")),
    { keep_existing = true })
end

-- A table that refers to author twice.
local function two(c, s)
  return c.Table("two", s.metadata,
    c.Column("id", c.Integer, { primary_key = true }),
    c.Column("w_id", c.Integer, c.ForeignKey("author.id")),
    c.Column("e_id", c.Integer, c.ForeignKey("author.id")),
    { keep_existing = true })
end

return {
  { id = "X02",
    { "a table joined to itself by an alias", function(c, s)
      local n = node(c, s)
      local p = n:alias("p")
      return c.select(n.c.id, p.c.id:label("parent")):join(p, n.c.parent_id:eq(p.c.id))
    end, "SELECT node.id, p.id AS parent FROM node JOIN node AS p ON node.parent_id = p.id",
      mysql = "SELECT node.id, p.id AS parent FROM node INNER JOIN node AS p ON node.parent_id = p.id" },
    { "a chain continues the join", function(c, s)
      local n = node(c, s)
      return c.select(s.author.c.id):join(s.book):join(n, n.c.author_id:eq(s.author.c.id))
    end, "SELECT author.id FROM author JOIN book ON author.id = book.author_id JOIN node ON node.author_id "
        .. "= author.id",
      mysql = "SELECT author.id FROM author INNER JOIN book ON author.id = book.author_id INNER JOIN "
        .. "node ON node.author_id = author.id" },
    { "a chain by foreign keys", function(c, s) return c.select(s.author.c.id):join(s.book):join(node(c, s)) end,
      "SELECT author.id FROM author JOIN book ON author.id = book.author_id JOIN node ON author.id = "
        .. "node.author_id",
      mysql = "SELECT author.id FROM author INNER JOIN book ON author.id = book.author_id INNER JOIN "
        .. "node ON author.id = node.author_id" },
    { "join_from with an ON clause", function(c, s)
      return c.select(s.book.c.title):join_from(s.author, s.book, s.book.c.year:eq(s.author.c.age))
    end, "SELECT book.title FROM author JOIN book ON book.year = author.age",
      mysql = "SELECT book.title FROM author INNER JOIN book ON book.year = author.age" },
    { "join_from isouter", function(c, s)
      return c.select(s.book.c.title):join_from(s.author, s.book, nil, { isouter = true })
    end, "SELECT book.title FROM author LEFT OUTER JOIN book ON author.id = book.author_id" },
    { "join_from full", function(c, s)
      return c.select(s.book.c.title):join_from(s.author, s.book, nil, { full = true })
    end, "SELECT book.title FROM author FULL OUTER JOIN book ON author.id = book.author_id", nil, mysql = false },
    { "a subquery that is grouped", function(c, s)
      local b = s.book.c
      local q = c.select(b.author_id, c.func.count(b.id):label("n")):group_by(b.author_id):subquery("q")
      return c.select(s.author.c.name, q.c.n):join(q, q.c.author_id:eq(s.author.c.id))
    end, "SELECT author.name, q.n FROM author JOIN (SELECT book.author_id AS author_id, count(book.id) AS n "
        .. "FROM book GROUP BY book.author_id) AS q ON q.author_id = author.id",
      mysql = "SELECT author.name, q.n FROM author INNER JOIN (SELECT book.author_id AS author_id, "
        .. "count(book.id) AS n FROM book GROUP BY book.author_id) AS q ON q.author_id = author.id" },
    { "a subquery by the foreign key of its column", function(c, s)
      return c.select(s.author.c.name):join(c.select(s.book.c.author_id):subquery("q"))
    end, "SELECT author.name FROM author JOIN (SELECT book.author_id AS author_id FROM book) AS q ON "
        .. "author.id = q.author_id",
      mysql = "SELECT author.name FROM author INNER JOIN (SELECT book.author_id AS author_id FROM book) "
        .. "AS q ON author.id = q.author_id" },
    { "a join on the right side stands in parentheses", function(c, s)
      local n = node(c, s)
      local right = s.book:join(n, n.c.author_id:eq(s.book.c.author_id))
      return c.select(s.author.c.id):join(right, s.book.c.author_id:eq(s.author.c.id))
    end, "SELECT author.id FROM author JOIN (book JOIN node ON node.author_id = book.author_id) ON "
        .. "book.author_id = author.id",
      mysql = "SELECT author.id FROM author INNER JOIN (book INNER JOIN node ON node.author_id = "
        .. "book.author_id) ON book.author_id = author.id" },
    { "table:join of a join", function(c, s)
      local n = node(c, s)
      local right = s.book:join(n, n.c.author_id:eq(s.book.c.author_id))
      return c.select(s.author.c.id):select_from(s.author:join(right, s.book.c.author_id:eq(s.author.c.id)))
    end, "SELECT author.id FROM author JOIN (book JOIN node ON node.author_id = book.author_id) ON "
        .. "book.author_id = author.id",
      mysql = "SELECT author.id FROM author INNER JOIN (book INNER JOIN node ON node.author_id = "
        .. "book.author_id) ON book.author_id = author.id" },
    { "of several FROMs the one the ON clause speaks of is joined", function(c, s)
      return c.select(s.author.c.id, s.order.c.id):join(s.book, s.book.c.author_id:eq(s.author.c.id))
    end, 'SELECT author.id, "order".id AS id_1 FROM author JOIN book ON book.author_id = author.id, "order"',
      mysql = "SELECT author.id, `order`.id AS id_1 FROM author INNER JOIN book ON book.author_id = "
        .. "author.id, `order`" },
    { "of several FROMs the one with a foreign key is joined", function(c, s)
      return c.select(s.author.c.id, two(c, s).c.id):join(s.book)
    end, "SELECT author.id, two.id AS id_1 FROM author JOIN book ON author.id = book.author_id, two",
      mysql = "SELECT author.id, two.id AS id_1 FROM author INNER JOIN book ON author.id = "
        .. "book.author_id, two" },
    { "select_from several", function(c, s)
      return c.select(c.func.count()):select_from(s.author, s.order)
    end, 'SELECT count(*) AS count_1 FROM author, "order"',
      mysql = "SELECT count(*) AS count_1 FROM author, `order`" },
    { "an ON clause of two conditions", function(c, s)
      local b = s.book.c
      return c.select(s.author.c.id):join(s.book, c.and_(b.author_id:eq(s.author.c.id), b.year:gt(1900)))
    end, "SELECT author.id FROM author JOIN book ON book.author_id = author.id AND book.year > :year_1",
      mysql = "SELECT author.id FROM author INNER JOIN book ON book.author_id = author.id AND book.year "
        .. "> :year_1" },
    { "one of two foreign keys is said", function(c, s)
      local t = two(c, s)
      return c.select(s.author.c.id):join(t, t.c.e_id:eq(s.author.c.id))
    end, "SELECT author.id FROM author JOIN two ON two.e_id = author.id",
      mysql = "SELECT author.id FROM author INNER JOIN two ON two.e_id = author.id" },
    { "select_from says the left side", function(c, s)
      return c.select(s.book.c.title):select_from(s.author):join(s.book)
    end, "SELECT book.title FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT book.title FROM author INNER JOIN book ON author.id = book.author_id" },
    { "join_from beside a FROM", function(c, s)
      return c.select(s.order.c.id):select_from(s.order):join_from(s.author, s.book)
    end, 'SELECT "order".id FROM "order", author JOIN book ON author.id = book.author_id',
      mysql = "SELECT `order`.id FROM `order`, author INNER JOIN book ON author.id = book.author_id" },
  },
}
