-- Selects.
local page = " LIMIT :param_1 OFFSET :param_2"

return {
  { id = "X01",
    { "columns", function(c, s) return c.select(s.author.c.id, s.author.c.name) end,
      "SELECT author.id, author.name FROM author" },
    { "a table", function(c, s) return c.select(s.book) end,
      "SELECT book.id, book.author_id, book.title, book.year FROM book" },
    { "numbers, * and NULL", function(c) return c.select(1, nil, "*") end, "SELECT 1, NULL AS anon_1, *" },
    { "table:select()", function(_, s) return s.book:select():where(s.book.c.id:eq(1)) end,
      "SELECT book.id, book.author_id, book.title, book.year FROM book WHERE book.id = :id_1", { id_1 = 1 } },
    { "chained where is AND", function(c, s)
      return c.select(s.author.c.id):where(s.author.c.age:gt(1)):where(s.author.c.age:lt(5), s.author.c.id:ne(3))
    end, "SELECT author.id FROM author WHERE author.age > :age_1 AND author.age < :age_2 AND author.id != :id_1" },
    { "where with OR", function(c, s)
      return c.select(s.author.c.id):where(c.or_(s.author.c.age:gt(1), s.author.c.id:eq(2))):where(s.author.c.id:ne(3))
    end, "SELECT author.id FROM author WHERE (author.age > :age_1 OR author.id = :id_1) AND author.id != :id_2" },
    { "a boolean column", function(c, s) return c.select(s.author.c.id):where(s.author.c.active) end,
      "SELECT author.id FROM author WHERE author.active",
      sqlite = "SELECT author.id FROM author WHERE author.active = 1",
      mysql = "SELECT author.id FROM author WHERE author.active = 1" },
    { "not a boolean column", function(c, s) return c.select(s.author.c.id):where(~s.author.c.active) end,
      "SELECT author.id FROM author WHERE NOT author.active",
      sqlite = "SELECT author.id FROM author WHERE author.active = 0",
      mysql = "SELECT author.id FROM author WHERE author.active = 0" },
    { "startswith in where", function(c, s) return c.select(s.author.c.id):where(s.author.c.name:startswith("a")) end,
      "SELECT author.id FROM author WHERE (author.name LIKE :name_1 || '%')",
      mysql = "SELECT author.id FROM author WHERE (author.name LIKE concat(:name_1, '%'))" },
    { "filter_by", function(c, s) return c.select(s.author.c.id):filter_by { name = "x", age = 3 } end,
      "SELECT author.id FROM author WHERE author.name = :name_1 AND author.age = :age_1", { name_1 = "x", age_1 = 3 } },
    { "filter_by NULL", function(c, s) return c.select(s.author.c.id):filter_by { name = c.null } end,
      "SELECT author.id FROM author WHERE author.name IS NULL" },
    { "filter_by after a join is about the target",
      function(c, s) return c.select(s.author.c.id):join(s.book):filter_by { title = "x" } end,
      "SELECT author.id FROM author JOIN book ON author.id = book.author_id WHERE book.title = :title_1",
      mysql = "SELECT author.id FROM author INNER JOIN book ON author.id = book.author_id "
        .. "WHERE book.title = :title_1" },
    { "order_by", function(c, s) return c.select(s.author.c.id):order_by(s.author.c.age:desc(), s.author.c.id) end,
      "SELECT author.id FROM author ORDER BY author.age DESC, author.id" },
    { "order_by a name", function(c, s) return c.select(s.author.c.id, s.author.c.age):order_by("age") end,
      "SELECT author.id, author.age FROM author ORDER BY author.age" },
    { "order_by a label's name",
      function(c, s) return c.select((s.author.c.age + 1):label("next")):order_by("next") end,
      "SELECT author.age + :age_1 AS next FROM author ORDER BY next" },
    { "order_by(nil) resets", function(c, s) return c.select(s.author.c.id):order_by(s.author.c.id):order_by(nil) end,
      "SELECT author.id FROM author" },
    { "group_by, having", function(c, s)
      return c.select(s.book.c.author_id, c.func.count(s.book.c.id)):group_by(s.book.c.author_id)
        :having(c.func.count(s.book.c.id):gt(2))
    end, "SELECT book.author_id, count(book.id) AS count_1 FROM book GROUP BY book.author_id "
      .. "HAVING count(book.id) > :count_2", { count_2 = 2 } },
    { "limit", function(c, s) return c.select(s.author.c.id):limit(5) end,
      "SELECT author.id FROM author LIMIT :param_1", { param_1 = 5 }, sqlite = "SELECT author.id FROM author" .. page },
    { "limit and offset", function(c, s) return c.select(s.author.c.id):limit(5):offset(10) end,
      "SELECT author.id FROM author" .. page, { param_1 = 5, param_2 = 10 },
      mysql = "SELECT author.id FROM author LIMIT :param_1, :param_2" },
    { "offset", function(c, s) return c.select(s.author.c.id):offset(10) end,
      "SELECT author.id FROM author LIMIT -1 OFFSET :param_1", { param_1 = 10 },
      sqlite = "SELECT author.id FROM author" .. page,
      mysql = "SELECT author.id FROM author LIMIT :param_1, 18446744073709551615",
      postgresql = "SELECT author.id FROM author LIMIT ALL OFFSET :param_1" },
    { "limit(nil) resets", function(c, s) return c.select(s.author.c.id):limit(5):limit(nil) end,
      "SELECT author.id FROM author" },
    { "distinct", function(c, s) return c.select(s.author.c.age):distinct() end,
      "SELECT DISTINCT author.age FROM author" },
  },
  { id = "X29",
    { "labels", function(c, s) return c.select(s.author.c.age:label("years")) end,
      "SELECT author.age AS years FROM author" },
    { "a label that needs quotes", function(c, s) return c.select(s.author.c.age:label("the Age")) end,
      'SELECT author.age AS "the Age" FROM author',
      mysql = "SELECT author.age AS `the Age` FROM author" },
    { "an anonymous label", function(c, s) return c.select((s.author.c.age + 1):label(nil)) end,
      "SELECT author.age + :age_1 AS anon_1 FROM author" },
    { "an expression gets one by itself", function(c, s) return c.select(s.author.c.age + 1) end,
      "SELECT author.age + :age_1 AS anon_1 FROM author" },
    { "two columns of one name", function(c, s) return c.select(s.author.c.id, s.book.c.id):join(s.book) end,
      "SELECT author.id, book.id AS id_1 FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT author.id, book.id AS id_1 FROM author INNER JOIN book ON author.id = book.author_id" },

  },
  { id = "X02",
    { "join by foreign key", function(c, s) return c.select(s.author.c.id):join(s.book) end,
      "SELECT author.id FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT author.id FROM author INNER JOIN book ON author.id = book.author_id" },
    { "join from the other side", function(c, s) return c.select(s.book.c.id):join(s.author) end,
      "SELECT book.id FROM book JOIN author ON author.id = book.author_id",
      mysql = "SELECT book.id FROM book INNER JOIN author ON author.id = book.author_id" },
    { "join with a condition",
      function(c, s) return c.select(s.author.c.id):join(s.book, s.book.c.year:eq(s.author.c.age)) end,
      "SELECT author.id FROM author JOIN book ON book.year = author.age",
      mysql = "SELECT author.id FROM author INNER JOIN book ON book.year = author.age" },
    { "join to what the columns name as well",
      function(c, s) return c.select(s.author.c.id, s.book.c.id):join(s.book, s.book.c.year:eq(s.author.c.age)) end,
      "SELECT author.id, book.id AS id_1 FROM author JOIN book ON book.year = author.age",
      mysql = "SELECT author.id, book.id AS id_1 FROM author INNER JOIN book ON book.year = author.age" },
    { "outerjoin", function(c, s) return c.select(s.author.c.id):outerjoin(s.book) end,
      "SELECT author.id FROM author LEFT OUTER JOIN book ON author.id = book.author_id" },
    { "join isouter", function(c, s) return c.select(s.author.c.id):join(s.book, { isouter = true }) end,
      "SELECT author.id FROM author LEFT OUTER JOIN book ON author.id = book.author_id" },
    { "join full", function(c, s) return c.select(s.author.c.id):join(s.book, nil, { full = true }) end,
      "SELECT author.id FROM author FULL OUTER JOIN book ON author.id = book.author_id", nil, mysql = false },
    { "join_from", function(c, s) return c.select(s.book.c.id):join_from(s.author, s.book) end,
      "SELECT book.id FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT book.id FROM author INNER JOIN book ON author.id = book.author_id" },
    { "select_from", function(c, s) return c.select(c.func.count()):select_from(s.author) end,
      "SELECT count(*) AS count_1 FROM author" },
    { "select_from a join", function(c, s) return c.select(s.author.c.id):select_from(s.author:join(s.book)) end,
      "SELECT author.id FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT author.id FROM author INNER JOIN book ON author.id = book.author_id" },
    { "table:outerjoin", function(c, s)
      return c.select(s.author.c.id):select_from(s.author:outerjoin(s.book, s.book.c.author_id:eq(s.author.c.id)))
    end, "SELECT author.id FROM author LEFT OUTER JOIN book ON book.author_id = author.id" },

  },
  { id = "X03",
    { "an alias", function(c, s)
      local a = s.author:alias("a")
      return c.select(a.c.id, s.author.c.id):where(a.c.age:gt(s.author.c.age))
    end, "SELECT a.id, author.id AS id_1 FROM author AS a, author WHERE a.age > author.age" },
    { "an anonymous alias", function(c, s)
      local a, b = s.author:alias(), s.author:alias()
      return c.select(a.c.id):join(b, a.c.age:eq(b.c.age))
    end, "SELECT author_1.id FROM author AS author_1 JOIN author AS author_2 ON author_1.age = author_2.age",
      mysql = "SELECT author_1.id FROM author AS author_1 INNER JOIN author AS author_2 ON author_1.age = "
        .. "author_2.age" },
    { "a subquery", function(c, s)
      local q = c.select(s.author.c.id, s.author.c.age:label("years")):subquery()
      return c.select(q.c.years):where(q.c.id:eq(1))
    end, "SELECT anon_1.years FROM (SELECT author.id AS id, author.age AS years FROM author) AS anon_1 "
      .. "WHERE anon_1.id = :id_1" },
    { "a named subquery", function(c, s)
      local q = c.select(s.book.c.author_id):subquery("q")
      return c.select(s.author.c.id):join(q, q.c.author_id:eq(s.author.c.id))
    end, "SELECT author.id FROM author JOIN (SELECT book.author_id AS author_id FROM book) AS q "
      .. "ON q.author_id = author.id",
      mysql = "SELECT author.id FROM author INNER JOIN (SELECT book.author_id AS author_id FROM book) AS q ON "
        .. "q.author_id = author.id" },
  },
  { id = "X04",
    { "a scalar subquery is correlated", function(c, s)
      local n = c.select(c.func.count(s.book.c.id)):where(s.book.c.author_id:eq(s.author.c.id)):scalar_subquery()
      return c.select(s.author.c.id, n:label("books"))
    end, "SELECT author.id, (SELECT count(book.id) AS count_1 FROM book WHERE book.author_id = author.id) AS books "
      .. "FROM author" },
    { "exists", function(c, s)
      return c.select(s.author.c.id):where(c.exists():where(s.book.c.author_id:eq(s.author.c.id)))
    end, "SELECT author.id FROM author WHERE EXISTS (SELECT * FROM book WHERE book.author_id = author.id)" },
    { "select:exists, negated", function(c, s)
      return c.select(s.author.c.id):where(~c.select(s.book.c.id):where(s.book.c.author_id:eq(s.author.c.id)):exists())
    end, "SELECT author.id FROM author "
        .. "WHERE NOT (EXISTS (SELECT book.id FROM book WHERE book.author_id = author.id))" },
  },
  { id = "X01",
    { "add_columns", function(c, s) return c.select(s.author.c.id):add_columns(s.author.c.age) end,
      "SELECT author.id, author.age FROM author" },
    { "with_only_columns", function(c, s) return c.select(s.author.c.id):with_only_columns(s.author.c.age) end,
      "SELECT author.age FROM author" },
  },
  { id = "X21",
    { "text in its places", function(c, s)
      return c.select(c.text("count(*)")):select_from(s.author):where(c.text("age > :n")):order_by(c.text("1"))
    end, "SELECT count(*) FROM author WHERE age > :n ORDER BY 1", {} },
  },
}
