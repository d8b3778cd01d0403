-- Set operations.
local function parts(c, s)
  local a, b = s.author.c, s.book.c
  return c.select(a.id, a.name), c.select(b.id, b.title), c.select(b.author_id, b.title):where(b.year:gt(1990))
end

local first, second = "SELECT author.id, author.name FROM author", "SELECT book.id, book.title FROM book"
local third = "SELECT book.author_id, book.title FROM book WHERE book.year > :year_1"
local page = " LIMIT :param_1 OFFSET :param_2"

return {
  { id = "X06",
    { "union", function(c, s)
      local x, y = parts(c, s)
      return c.union(x, y)
    end, first .. " UNION " .. second },
    { "union of three", function(c, s) return c.union(parts(c, s)) end,
      first .. " UNION " .. second .. " UNION " .. third, { year_1 = 1990 } },
    { "union_all as a method", function(c, s)
      local x, y = parts(c, s)
      return x:union_all(y)
    end, first .. " UNION ALL " .. second },
    { "intersect", function(c, s)
      local x, y = parts(c, s)
      return c.intersect(x, y)
    end, first .. " INTERSECT " .. second },
    { "intersect_all", function(c, s)
      local x, y = parts(c, s)
      return x:intersect_all(y)
    end, first .. " INTERSECT ALL " .. second, sqlite = false },
    { "except_", function(c, s)
      local x, y = parts(c, s)
      return x:except_(y)
    end, first .. " EXCEPT " .. second },
    { "except_all", function(c, s)
      local x, y = parts(c, s)
      return c.except_all(x, y)
    end, first .. " EXCEPT ALL " .. second, sqlite = false },
    -- SQLite has no parentheses there, and SQLAlchemy writes them all the same.
    { "a union in another", function(c, s)
      local x, y, z = parts(c, s)
      return c.union(x, c.union_all(y, z))
    end, first .. " UNION (" .. second .. " UNION ALL " .. third .. ")",
      sqlite = first .. " UNION SELECT * FROM (" .. second .. " UNION ALL " .. third .. ")" },
    { "except_ of a union", function(c, s)
      local x, y, z = parts(c, s)
      return c.union(x, y):except_(z)
    end, "(" .. first .. " UNION " .. second .. ") EXCEPT " .. third,
      sqlite = "SELECT * FROM (" .. first .. " UNION " .. second .. ") EXCEPT " .. third },
    { "parts with an order and a limit", function(c, s)
      local x, y = parts(c, s)
      return c.union(x:limit(1), y:order_by(s.book.c.id))
    end, "(" .. first .. " LIMIT :param_1) UNION (" .. second .. " ORDER BY book.id)", { param_1 = 1 },
      sqlite = "SELECT * FROM (" .. first .. page .. ") UNION SELECT * FROM (" .. second .. " ORDER BY book.id)" },
    { "limit and offset of all", function(c, s)
      local x, y = parts(c, s)
      return c.union(x, y):limit(5):offset(2)
    end, first .. " UNION " .. second .. page, { param_1 = 5, param_2 = 2 },
      mysql = first .. " UNION " .. second .. " LIMIT :param_1, :param_2" },
    { "order_by a column of the first part", function(c, s)
      local x, y = parts(c, s)
      return c.union(x, y):order_by(s.author.c.id)
    end, first .. " UNION " .. second .. " ORDER BY id" },
    { "order_by a column of the second part", function(c, s)
      local x, y = parts(c, s)
      return c.union(x, y):order_by(s.book.c.title:desc())
    end, first .. " UNION " .. second .. " ORDER BY name DESC" },
    { "order_by a name", function(c, s)
      local x, y = parts(c, s)
      return c.union(x, y):order_by("name")
    end, first .. " UNION " .. second .. " ORDER BY name" },
    { "order_by a label", function(c, s)
      local _, y = parts(c, s)
      return c.union(c.select(s.author.c.id:label("x"), s.author.c.name), y):order_by("x")
    end, "SELECT author.id AS x, author.name FROM author UNION " .. second .. " ORDER BY x" },
    { "order_by what no part selects", function(c, s)
      local x, y = parts(c, s)
      return c.union(x, y):order_by(c.text("2"))
    end, first .. " UNION " .. second .. " ORDER BY 2" },
    { "as a subquery", function(c, s)
      local x, y = parts(c, s)
      return c.select(c.union(x, y):subquery())
    end, "SELECT anon_1.id, anon_1.name FROM (SELECT author.id AS id, author.name AS name FROM author "
      .. "UNION SELECT book.id AS id, book.title AS title FROM book) AS anon_1" },
    { "a column of a named subquery", function(c, s)
      local x, y = parts(c, s)
      return c.select(c.union(x, y):alias("u").c.name)
    end, "SELECT u.name FROM (SELECT author.id AS id, author.name AS name FROM author "
      .. "UNION SELECT book.id AS id, book.title AS title FROM book) AS u" },
    { "as a value", function(c, s)
      return c.select(c.union(c.select(s.author.c.id), c.select(s.book.c.id)):scalar_subquery())
    end, "SELECT (SELECT author.id FROM author UNION SELECT book.id FROM book) AS anon_1" },
    { "correlated", function(c, s)
      local a, b = s.author.c, s.book.c
      return c.select(a.id, c.union(c.select(b.id):where(b.author_id:eq(a.id)),
        c.select(b.year):where(b.id:eq(a.id))):scalar_subquery())
    end, "SELECT author.id, (SELECT book.id FROM book WHERE book.author_id = author.id "
      .. "UNION SELECT book.year FROM book WHERE book.id = author.id) AS anon_1 FROM author" },
    { "exists", function(c, s)
      return c.select(s.author.c.id):where(c.union(c.select(s.author.c.id), c.select(s.book.c.id)):exists())
    end, "SELECT author.id FROM author WHERE EXISTS (SELECT author.id FROM author UNION SELECT book.id FROM book)" },
    { "in_", function(c, s)
      return c.select(s.author.c.name):where(s.author.c.id:in_(c.union(c.select(s.book.c.id),
        c.select(s.book.c.author_id))))
    end, "SELECT author.name FROM author WHERE author.id IN "
      .. "(SELECT book.id FROM book UNION SELECT book.author_id FROM book)" },
    { "expressions are numbered on", function(c, s)
      return c.union(c.select(c.func.count(s.author.c.id)), c.select(c.func.count(s.book.c.id)))
    end, "SELECT count(author.id) AS count_1 FROM author UNION SELECT count(book.id) AS count_2 FROM book" },
    { "names twice", function(c, s)
      local a, b = s.author.c, s.book.c
      return c.union(c.select(a.id, b.id), c.select(b.id, a.id))
    end, "SELECT author.id, book.id AS id_1 FROM author, book UNION SELECT book.id, author.id AS id_2 "
      .. "FROM book, author" },
    { "binds of all parts", function(c, s)
      return c.union(c.select(s.author.c.id):where(s.author.c.age:gt(5)),
        c.select(s.book.c.id):where(s.book.c.year:gt(6), s.book.c.id:gt(7)))
    end, "SELECT author.id FROM author WHERE author.age > :age_1 UNION SELECT book.id FROM book "
      .. "WHERE book.year > :year_1 AND book.id > :id_1", { age_1 = 5, year_1 = 6, id_1 = 7 } },
    { "group_by", function(c, s)
      local x, y = parts(c, s)
      return c.union(x, y):group_by("name")
    end, first .. " UNION " .. second .. " GROUP BY name" },
    { "inserted", function(c, s)
      return c.insert(s.book):from_select({ "id", "title" }, c.union(parts(c, s)))
    end, "INSERT INTO book (id, title) " .. first .. " UNION " .. second .. " UNION " .. third },
  },
  { id = "X21",
    { "text with columns, as a subquery", function(c, s)
      return c.select(c.text("SELECT id, name FROM author WHERE id > :x")
        :columns(s.author.c.id, c.column("name", c.String)):subquery("t").c.name)
    end, "SELECT t.name FROM (SELECT id, name FROM author WHERE id > :x) AS t" },
    { "text with columns and parameters, as an alias", function(c)
      local t = c.text("SELECT :x AS v"):columns(c.column("v", c.Integer)):bindparams { x = 5 }:alias("t")
      return c.select(t.c.v + 1)
    end, "SELECT t.v + :v_1 AS anon_1 FROM (SELECT :x AS v) AS t", { x = 5, v_1 = 1 } },
    { "text with columns in a union", function(c, s)
      local x = parts(c, s)
      return c.union(c.text("SELECT 1 AS id, 'x' AS name"):columns(c.column("id", c.Integer), c.column("name")), x)
        :order_by("id")
    end, "SELECT 1 AS id, 'x' AS name UNION " .. first .. " ORDER BY id" },
  },
}
