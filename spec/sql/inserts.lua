-- INSERT with all kinds of values, and what RETURNING brings back.
local into = "INSERT INTO book (title) VALUES (:title)"

-- Each kind of default.
local function filled(c)
  return c.Table("t", c.MetaData(), c.Column("id", c.Integer, { primary_key = true }),
    c.Column("a", c.Integer, { default = 5 }),
    c.Column("b", c.String(9), { default = function() return "x" end }),
    c.Column("c", c.Integer, { default = c.literal(1) + 2 }),
    c.Column("d", c.Integer, { server_default = "9" }),
    c.Column("e", c.Integer, { key = "ee" }))
end

-- A case whose statement stays as it is on PostgreSQL, but for the key that is asked for.
local function keyed(name, build, text, params, key)
  return { name, build, text, params, postgresql = text .. " RETURNING " .. (key or "book.id") }
end

-- A RETURNING: `rest` with the table's name, `bare` without.
local function returning(name, build, text, rest, bare, mariadb)
  local whole = text .. " RETURNING " .. rest
  if mariadb == nil then mariadb = whole end
  return { name, build, whole, nil, sqlite = text .. " RETURNING " .. bare, mysql = false, mariadb = mariadb }
end

local function one(c, s) return c.insert(s.book):values { title = "a" } end

return {
  { id = "X24",
    { "all columns, with defaults", function(c) return c.insert(filled(c)) end,
      "INSERT INTO t (id, a, b, c, d, e) VALUES (:id, :a, :b, :c, :d, :ee)", {} },
    keyed("a row of defaults", function(c) return c.insert(filled(c)):values {} end,
      "INSERT INTO t (a, b, c) VALUES (:a, :b, (:param_1 + :param_2))", nil, "t.id"),
    keyed("a value for what has a default", function(c) return c.insert(filled(c)):values { c = 1, a = 2, d = 3 } end,
      "INSERT INTO t (a, b, c, d) VALUES (:a, :b, :c, :d)", nil, "t.id"),
    { "a column by its key", function(c) return c.insert(filled(c)):values { ee = 5, id = 1 } end,
      "INSERT INTO t (id, a, b, c, e) VALUES (:id, :a, :b, (:param_1 + :param_2), :ee)" },
    { "several rows with defaults", function(c) return c.insert(filled(c)):values { { id = 1 }, { id = 2 } } end,
      "INSERT INTO t (id, a, b, c) VALUES (:id_m0, :a_m0, :b_m0, (:param_1 + :param_2)), "
        .. "(:id_m1, :a_m1, :b_m1, (:param_1 + :param_2))" },
    { "several rows with expressions", function(c, s)
      return c.insert(s.book):values { { title = c.func.lower "X", year = 1 }, { title = "b", year = c.func.f(2) } }
    end, "INSERT INTO book (title, year) VALUES (lower(:lower_1), :year_m0), (:title_m1, f(:f_1))",
      { lower_1 = "X", year_m0 = 1, title_m1 = "b", f_1 = 2 } },
    { "several rows by position", function(c, s) return c.insert(s.book):values { { 1, 2 }, { 3, 4 } } end,
      "INSERT INTO book (id, author_id) VALUES (:id_m0, :author_id_m0), (:id_m1, :author_id_m1)",
      { id_m0 = 1, author_id_m0 = 2, id_m1 = 3, author_id_m1 = 4 } },
    { "from select of another select's columns", function(c, s)
      local sq = c.select(s.author.c.name):where(s.author.c.age:gt(5)):subquery "s"
      return c.insert(s.book):from_select({ "title" }, c.select(sq.c.name))
    end, "INSERT INTO book (title) SELECT s.name FROM (SELECT author.name AS name FROM author "
      .. "WHERE author.age > :age_1) AS s", { age_1 = 5 } },
    keyed("parameters of one's own", function(c, s)
      return c.insert(s.book):values { title = c.bindparam "name", year = c.bindparam "age" }
    end, "INSERT INTO book (title, year) VALUES (:name, :age)", {}),
    keyed("a parameter of one's own in a function", function(c, s)
      return c.insert(s.book):values { title = c.func.lower(c.bindparam "name") }
    end, "INSERT INTO book (title) VALUES (lower(:name))"),
    { "from select with defaults", function(c, s) return c.insert(filled(c)):from_select({ "id" },
      c.select(s.book.c.id)) end,
      "INSERT INTO t (id, a, b, c) SELECT book.id, :a, :b, (:param_1 + :param_2) FROM book" },
    { "from select without defaults", function(c, s)
      return c.insert(filled(c)):from_select({ "id", "ee" }, c.select(s.book.c.id, s.book.c.year),
        { include_defaults = false })
    end, "INSERT INTO t (id, e) SELECT book.id, book.year FROM book", {} },
    { "from select, columns in the order given", function(c, s)
      return c.insert(s.book):from_select({ s.book.c.year, "id" }, c.select(s.author.c.age, s.author.c.id))
    end, "INSERT INTO book (year, id) SELECT author.age, author.id FROM author" },
    { "from a union", function(c, s)
      return c.insert(s.author):from_select({ "name" }, c.select(s.book.c.title):union(c.select(s.author.c.name)))
    end, "INSERT INTO author (name) SELECT book.title FROM book UNION SELECT author.name FROM author" },
    { "inline: the key is not asked for", function(c, s) return one(c, s):inline() end, into, { title = "a" } },
    { "a key that is given is not asked for", function(c, s)
      return c.insert(s.book):values { id = 1, title = "a" }
    end, "INSERT INTO book (id, title) VALUES (:id, :title)" },
  },
  { id = "X25",
    returning("of several rows", function(c, s)
      return c.insert(s.book):values { { title = "a" }, { title = "b" } }:returning(s.book.c.id, s.book.c.title)
    end, "INSERT INTO book (title) VALUES (:title_m0), (:title_m1)", "book.id, book.title", "id, title"),
    returning("an expression with a label, a function", function(c, s)
      return one(c, s):returning((s.book.c.year + 1):label "n", c.func.lower(s.book.c.title))
    end, into, "book.year + :year_1 AS n, lower(book.title) AS lower_1",
      "year + :year_1 AS n, lower(title) AS lower_1"),
    returning("the whole table", function(c, s) return one(c, s):returning(s.book) end, into,
      "book.id, book.author_id, book.title, book.year", "id, author_id, title, year"),
    returning("of INSERT from a select", function(c, s)
      return c.insert(s.book):from_select({ "title" }, c.select(s.author.c.name)):returning(s.book.c.id)
    end, "INSERT INTO book (title) SELECT author.name FROM author", "book.id", "id"),
    returning("a value", function(c, s) return one(c, s):returning(c.literal(5):label "five", s.book.c.id) end, into,
      ":param_1 AS five, book.id", ":param_1 AS five, id"),
    returning("a subquery", function(c, s)
      return one(c, s):returning(c.select(c.func.max(s.author.c.id)):scalar_subquery():label "m")
    end, into, "(SELECT max(author.id) AS max_1 FROM author) AS m",
      "(SELECT max(author.id) AS max_1 FROM author) AS m"),
    returning("a subquery about the row", function(c, s)
      return c.update(s.book):values { title = "a" }:where(s.book.c.id:eq(1)):returning(c.select(s.author.c.name)
        :where(s.author.c.id:eq(s.book.c.author_id)):scalar_subquery():label "m")
    end, "UPDATE book SET title=:title WHERE book.id = :id_1",
      "(SELECT author.name FROM author WHERE author.id = book.author_id) AS m",
      "(SELECT author.name FROM author WHERE author.id = book.author_id) AS m", false),
    returning("a CASE of UPDATE", function(c, s)
      return c.update(s.book):values { year = 1 }:where(s.book.c.id:eq(1))
        :returning(c.case({ s.book.c.year:gt(1), "new" }, { else_ = "old" }))
    end, "UPDATE book SET year=:year WHERE book.id = :id_1",
      "CASE WHEN (book.year > :year_1) THEN :param_1 ELSE :param_2 END AS anon_1",
      "CASE WHEN (year > :year_1) THEN :param_1 ELSE :param_2 END AS anon_1", false),
    returning("the whole table of UPDATE", function(c, s)
      return c.update(s.book):values { title = "a" }:where(s.book.c.id:eq(1)):returning(s.book)
    end, "UPDATE book SET title=:title WHERE book.id = :id_1", "book.id, book.author_id, book.title, book.year",
      "id, author_id, title, year", false),
    returning("by and by", function(c, s)
      return c.delete(s.book):where(s.book.c.id:eq(1)):returning(s.book.c.id):returning(s.book.c.year)
    end, "DELETE FROM book WHERE book.id = :id_1", "book.id, book.year", "id, year"),
    returning("a cast of DELETE", function(c, s)
      return c.delete(s.book):where(s.book.c.id:eq(1)):returning(c.cast(s.book.c.year, c.String(5)))
    end, "DELETE FROM book WHERE book.id = :id_1", "CAST(book.year AS VARCHAR(5)) AS year",
      "CAST(year AS VARCHAR(5)) AS year",
      "DELETE FROM book WHERE book.id = :id_1 RETURNING CAST(book.year AS CHAR(5)) AS year"),
    returning("columns by key", function(c)
      local t = filled(c)
      return c.insert(t):values { ee = 1 }:returning(t.c.ee, t.c.a)
    end, "INSERT INTO t (a, b, c, e) VALUES (:a, :b, (:param_1 + :param_2), :ee)", "t.e, t.a", "e, a"),
  },
}
