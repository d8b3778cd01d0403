-- How columns are called in results and in subqueries.
local style = { none = "LABEL_STYLE_NONE", table = "LABEL_STYLE_TABLENAME_PLUS_COL" }

local function styled(name, ...)
  local c = ...
  return c.select(select(2, ...)):set_label_style(c[style[name]])
end

return {
  { id = "X29",
    { "a column twice", function(c, s) return c.select(s.author.c.id, s.author.c.id, s.author.c.id) end,
      "SELECT author.id, author.id AS id__1, author.id AS id__2 FROM author" },
    { "two names, each twice",
      function(c, s) return c.select(s.author.c.id, s.author.c.id, s.book.c.id, s.book.c.id) end,
      "SELECT author.id, author.id AS id__1, book.id AS id_1, book.id AS id__2 FROM author, book" },
    { "labels are as they were said", function(c, s)
      return c.select(s.author.c.id:label "x", s.book.c.id:label "x")
    end, "SELECT author.id AS x, book.id AS x FROM author, book" },
    { "a column gives way to a label", function(c, s) return c.select(s.book.c.year:label "id", s.author.c.id) end,
      "SELECT book.year AS id, author.id AS id_1 FROM book, author" },
    { "functions are counted",
      function(c, s) return c.select(c.func.count(s.author.c.id), c.func.count(s.book.c.id)) end,
      "SELECT count(author.id) AS count_1, count(book.id) AS count_2 FROM author, book" },
    { "literal columns are left alone",
      function(c) return c.select(c.literal_column "1", c.literal_column "1", c.literal(1), c.null()) end,
      "SELECT 1, 1, :param_1 AS anon_1, NULL AS anon_2" },
    { "columns of no table are left alone", function(c) return c.select(c.column "x", c.column "x") end,
      "SELECT x, x" },
    { "aliases", function(c, s)
      return c.select(s.author:alias("x").c.id, s.author:alias().c.id, s.author:alias().c.name)
    end, "SELECT x.id, author_1.id AS id_1, author_2.name "
      .. "FROM author AS x, author AS author_1, author AS author_2" },
    { "by table and column", function(c, s)
      return styled("table", c, s.author.c.id, s.book.c.id, s.author.c.id, s.author.c.age + 1,
        s.author.c.name:label "n")
    end, "SELECT author.id AS author_id, book.id AS book_id, author.id AS author_id__1, "
      .. "author.age + :age_1 AS anon_1, author.name AS n FROM author, book" },
    { "by alias and column", function(c, s)
      return styled("table", c, s.author:alias("x").c.id, s.author:alias().c.id)
    end, "SELECT x.id AS x_id, author_1.id AS author_1_id FROM author AS x, author AS author_1" },
    { "by table and column, ordered", function(c, s)
      return styled("table", c, s.author.c.id, s.book.c.id):order_by(s.book.c.id, s.author.c.id:desc())
    end, "SELECT author.id AS author_id, book.id AS book_id FROM author, book ORDER BY book.id, author.id DESC" },
    { "plain", function(c, s)
      return styled("none", c, s.author.c.id, s.book.c.id, s.author.c.id, s.author.c.age + 1)
    end, "SELECT author.id, book.id, author.id, author.age + :age_1 AS anon_1 FROM author, book" },
    { "plain, a cast has the name of what it casts", function(c, s)
      return styled("none", c, s.author.c.age:cast(c.String), c.func.count())
    end, "SELECT CAST(author.age AS VARCHAR) AS age, count(*) AS count_1 FROM author",
      mysql = "SELECT CAST(author.age AS CHAR) AS age, count(*) AS count_1 FROM author" },
    { "plain is not plain inside", function(c, s)
      return c.select(styled("none", c, s.author.c.id, s.book.c.id):subquery "q")
    end, "SELECT q.id, q.id_1 FROM (SELECT author.id AS id, book.id AS id_1 FROM author, book) AS q" },
    { "the second of a name in a subquery", function(c, s)
      local q = c.select(s.author.c.id, s.book.c.id):subquery "q"
      return c.select(q.c.id_1):where(q.c[2]:eq(1))
    end, "SELECT q.id_1 FROM (SELECT author.id AS id, book.id AS id_1 FROM author, book) AS q WHERE q.id_1 = :id_1_1" },
    { "a subquery by table and column", function(c, s)
      local q = styled("table", c, s.author.c.id, s.book.c.id):subquery "q"
      return c.select(q.c.book_id):where(q.c.author_id:eq(1))
    end, "SELECT q.book_id FROM (SELECT author.id AS author_id, book.id AS book_id FROM author, book) AS q "
      .. "WHERE q.author_id = :author_id_1" },
    { "a function in a subquery", function(c, s)
      local q = c.select(c.func.count(s.author.c.id)):subquery "q"
      return c.select(q.c.count)
    end, "SELECT q.count_1 FROM (SELECT count(author.id) AS count_1 FROM author) AS q" },
    { "the default again", function(c, s)
      return styled("table", c, s.author.c.id, s.book.c.id):set_label_style(c.LABEL_STYLE_DEFAULT)
    end, "SELECT author.id, book.id AS id_1 FROM author, book" },
  },
}
