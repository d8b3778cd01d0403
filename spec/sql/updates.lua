-- UPDATE and DELETE that look at other tables.
local function by_author(c, s, values)
  return c.update(s.book):values(values):where(s.book.c.author_id:eq(s.author.c.id))
end

local where = " WHERE book.author_id = author.id"

-- A DELETE, of which SQLite has none that looks at other tables.
local function delete(name, build, using, rest, mariadb)
  return { name, build, "DELETE FROM book , " .. using .. rest, nil, sqlite = false,
    postgresql = "DELETE FROM book USING " .. using .. rest, mysql = "DELETE FROM book USING book, " .. using .. rest,
    mariadb = mariadb }
end

-- With columns that have an onupdate.
local function stamped(c)
  return c.Table("t", c.MetaData(), c.Column("id", c.Integer, { primary_key = true }), c.Column("n", c.Integer),
    c.Column("at", c.Integer, { onupdate = c.func.f() }), c.Column("v", c.Integer, { onupdate = 7 }))
end

return {
  { id = "X27",
    { "a correlated subquery as value", function(c, s)
      return c.update(s.book):values { title = c.select(s.author.c.name):where(s.author.c.id:eq(s.book.c.author_id)) }
    end, "UPDATE book SET title=(SELECT author.name FROM author WHERE author.id = book.author_id)" },
    { "a correlated EXISTS as condition", function(c, s)
      return c.update(s.book):values { title = "z" }:where(c.exists():where(s.author.c.id:eq(s.book.c.author_id)))
    end, "UPDATE book SET title=:title WHERE EXISTS (SELECT * FROM author WHERE author.id = book.author_id)",
      { title = "z" } },
    { "a value and a condition about one column", function(c, s)
      return c.update(s.book):values { title = "z" }:where(s.book.c.title:eq("q"))
    end, "UPDATE book SET title=:title WHERE book.title = :title_1", { title = "z", title_1 = "q" } },
    { "an expression of the column itself", function(c, s)
      return c.update(s.book):values { year = s.book.c.year + 1 }:where(s.book.c.id:eq(1))
    end, "UPDATE book SET year=(book.year + :year_1) WHERE book.id = :id_1", { year_1 = 1, id_1 = 1 } },
    { "a function and NULL", function(c, s)
      return c.update(s.book):values { title = c.func.lower(s.book.c.title), year = c.null() }:where(s.book.c.id:eq(1))
    end, "UPDATE book SET title=lower(book.title), year=NULL WHERE book.id = :id_1" },
    { "DELETE by a subquery", function(c, s)
      return c.delete(s.book):where(s.book.c.author_id:in_(c.select(s.author.c.id):where(s.author.c.age:gt(1))))
    end, "DELETE FROM book WHERE book.author_id IN (SELECT author.id FROM author WHERE author.age > :age_1)" },
    { "DELETE of all, and meant so", function(c, s) return c.delete(s.book, { all = true }) end, "DELETE FROM book" },
    { "parameters of one's own", function(c, s)
      return c.update(s.book):values { title = c.bindparam "new" }:where(s.book.c.id:eq(c.bindparam "which"))
    end, "UPDATE book SET title=:new WHERE book.id = :which", {} },
    { "onupdate beside a value", function(c)
      local t = stamped(c)
      return c.update(t):values { n = 1 }:where(t.c.id:eq(1))
    end, "UPDATE t SET n=:n, at=f(), v=:v WHERE t.id = :id_1", { n = 1, id_1 = 1 } },
    { "a value for what has an onupdate", function(c)
      local t = stamped(c)
      return c.update(t):values { v = 1, at = 2 }:where(t.c.id:eq(1))
    end, "UPDATE t SET at=:at, v=:v WHERE t.id = :id_1", { at = 2, v = 1, id_1 = 1 } },
    { "onupdate behind ordered values", function(c)
      local t = stamped(c)
      return c.update(t):ordered_values({ t.c.v, 1 }, { t.c.n, 2 }):where(t.c.id:eq(1))
    end, "UPDATE t SET v=:v, n=:n, at=f() WHERE t.id = :id_1" },
    { "a correlated subquery to compare with", function(c, s)
      local age = c.select(c.func.max(s.author.c.age)):where(s.author.c.id:eq(s.book.c.author_id)):scalar_subquery()
      return c.update(s.book):values { title = "x" }:where(s.book.c.year:eq(age))
    end, "UPDATE book SET title=:title WHERE book.year = (SELECT max(author.age) AS max_1 FROM author "
      .. "WHERE author.id = book.author_id)" },
    { "criteria by and by", function(c, s)
      return c.update(s.book):values { title = "x" }:where(s.book.c.id:eq(1)):values { year = 2 }
        :where(s.book.c.year:eq(3))
    end, "UPDATE book SET title=:title, year=:year WHERE book.id = :id_1 AND book.year = :year_1",
      { title = "x", year = 2, id_1 = 1, year_1 = 3 } },
    { "all columns as parameters", function(c, s) return c.update(s.book):where(s.book.c.id:eq(1)) end,
      "UPDATE book SET id=:id, author_id=:author_id, title=:title, year=:year WHERE book.id = :id_1" },
    { "a CASE as value", function(c, s)
      return c.update(s.book):values { title = c.case({ s.book.c.year:gt(1), "new" }, { else_ = "old" }) }
        :where(s.book.c.id:eq(1))
    end, "UPDATE book SET title=CASE WHEN (book.year > :year_1) THEN :param_1 ELSE :param_2 END "
      .. "WHERE book.id = :id_1" },
    { "text as value", function(c, s)
      return c.update(s.book):values { title = c.text "upper(title)" }:where(s.book.c.id:eq(1))
    end, "UPDATE book SET title=upper(title) WHERE book.id = :id_1" },
    { "DELETE by a correlated subquery", function(c, s)
      local age = c.select(c.func.min(s.author.c.age)):where(s.author.c.id:eq(s.book.c.author_id)):scalar_subquery()
      return c.delete(s.book):where(s.book.c.year:eq(age))
    end, "DELETE FROM book WHERE book.year = (SELECT min(author.age) AS min_1 FROM author "
      .. "WHERE author.id = book.author_id)" },
  },
  { id = "X28",
    { "values of another table", function(c, s) return by_author(c, s, { title = s.author.c.name }) end,
      "UPDATE book SET title=author.name FROM author" .. where,
      mysql = "UPDATE book, author SET book.title=author.name" .. where },
    { "a condition on another table", function(c, s)
      return by_author(c, s, { title = "z" }):where(s.author.c.age:gt(5))
    end, "UPDATE book SET title=:title FROM author" .. where .. " AND author.age > :age_1", { title = "z", age_1 = 5 },
      mysql = "UPDATE book, author SET book.title=:title" .. where .. " AND author.age > :age_1" },
    { "several other tables", function(c, s)
      return by_author(c, s, { title = s.author.c.name .. s.order.c.select }):where(s.order.c.id:eq(s.book.c.id))
    end, 'UPDATE book SET title=(author.name || "order"."select") FROM author, "order"' .. where
      .. ' AND "order".id = book.id',
      mysql = "UPDATE book, author, `order` SET book.title=(concat(author.name, `order`.`select`))" .. where
        .. " AND `order`.id = book.id" },
    { "a table that only the values name", function(c, s)
      return c.update(s.book):values { title = s.author.c.name }:where(s.book.c.id:eq(1))
    end, "UPDATE book SET title=author.name FROM author WHERE book.id = :id_1",
      mysql = "UPDATE book, author SET book.title=author.name WHERE book.id = :id_1" },
    { "an alias", function(c, s)
      local x = s.author:alias("x")
      return c.update(s.book):values { title = x.c.name }:where(s.book.c.author_id:eq(x.c.id))
    end, "UPDATE book SET title=x.name FROM author AS x WHERE book.author_id = x.id",
      mysql = "UPDATE book, author AS x SET book.title=x.name WHERE book.author_id = x.id" },
    { "the table itself under another name", function(c, s)
      local other = s.book:alias()
      return c.update(s.book):values { title = other.c.title }:where(s.book.c.id:eq(other.c.author_id))
    end, "UPDATE book SET title=book_1.title FROM book AS book_1 WHERE book.id = book_1.author_id",
      mysql = "UPDATE book, book AS book_1 SET book.title=book_1.title WHERE book.id = book_1.author_id" },
    { "a subquery", function(c, s)
      local old = c.select(s.author.c.id, s.author.c.name):where(s.author.c.age:gt(3)):subquery("s")
      return c.update(s.book):values { title = old.c.name }:where(s.book.c.author_id:eq(old.c.id))
    end, "UPDATE book SET title=s.name FROM (SELECT author.id AS id, author.name AS name FROM author "
      .. "WHERE author.age > :age_1) AS s WHERE book.author_id = s.id",
      mysql = "UPDATE book, (SELECT author.id AS id, author.name AS name FROM author WHERE author.age > :age_1) AS s "
        .. "SET book.title=s.name WHERE book.author_id = s.id" },
    { "ordered values", function(c, s)
      return c.update(s.book):ordered_values({ "year", s.author.c.age }, { "title", s.author.c.name })
        :where(s.book.c.author_id:eq(s.author.c.id))
    end, "UPDATE book SET year=author.age, title=author.name FROM author" .. where,
      mysql = "UPDATE book, author SET book.year=author.age, book.title=author.name" .. where },
    { "UPDATE with RETURNING", function(c, s)
      return by_author(c, s, { title = s.author.c.name }):returning(s.book.c.id)
    end, "UPDATE book SET title=author.name FROM author" .. where .. " RETURNING book.id",
      sqlite = "UPDATE book SET title=author.name FROM author" .. where .. " RETURNING id", mysql = false },
    { "no other table in a subquery's place", function(c, s)
      return c.update(s.book):values { title = "z" }:where(s.book.c.author_id:in_(c.select(s.author.c.id)))
    end, "UPDATE book SET title=:title WHERE book.author_id IN (SELECT author.id FROM author)" },
    delete("DELETE by another table", function(c, s)
      return c.delete(s.book):where(s.book.c.author_id:eq(s.author.c.id), s.author.c.age:gt(5))
    end, "author", where .. " AND author.age > :age_1"),
    delete("DELETE by several tables", function(c, s)
      return c.delete(s.book):where(s.book.c.author_id:eq(s.author.c.id), s.book.c.year:lt(s.author.c.age))
        :where(s.author:alias("x").c.id:eq(s.author.c.id))
    end, "author, author AS x", where .. " AND book.year < author.age AND x.id = author.id"),
    delete("DELETE by an alias", function(c, s)
      local x = s.author:alias("x")
      return c.delete(s.book):where(s.book.c.author_id:eq(x.c.id))
    end, "author AS x", " WHERE book.author_id = x.id"),
    delete("DELETE by the table itself", function(c, s)
      local other = s.book:alias()
      return c.delete(s.book):where(s.book.c.id:lt(other.c.id), s.book.c.title:eq(other.c.title))
    end, "book AS book_1", " WHERE book.id < book_1.id AND book.title = book_1.title"),
    { "DELETE with RETURNING", function(c, s)
      return c.delete(s.book):where(s.book.c.author_id:eq(s.author.c.id)):returning(s.book.c.id)
    end, "DELETE FROM book , author" .. where .. " RETURNING book.id", sqlite = false,
      postgresql = "DELETE FROM book USING author" .. where .. " RETURNING book.id", mysql = false },
    { "update with a CTE", function(c, s)
      local cc = c.select(s.author.c.id, s.author.c.name):cte "cc"
      return c.update(s.book):values { title = cc.c.name }:where(s.book.c.author_id:eq(cc.c.id))
    end, "WITH cc AS (SELECT author.id AS id, author.name AS name FROM author) "
        .. "UPDATE book SET title=cc.name FROM cc WHERE book.author_id = cc.id",
      mysql = "WITH cc AS (SELECT author.id AS id, author.name AS name FROM author) "
        .. "UPDATE book, cc SET book.title=cc.name WHERE book.author_id = cc.id", mariadb = false },
    { "update returning columns of both tables", function(c, s)
      return by_author(c, s, { title = s.author.c.name }):returning(s.book.c.id, s.author.c.name)
    end, "UPDATE book SET title=author.name FROM author WHERE book.author_id = author.id "
        .. "RETURNING book.id, author.name", sqlite = false, mysql = false },
    { "onupdate beside another table", function(c, s)
      local t = stamped(c)
      return c.update(t):values { n = s.author.c.age }:where(t.c.id:eq(s.author.c.id))
    end, "UPDATE t SET n=author.age, at=f(), v=:v FROM author WHERE t.id = author.id",
      mysql = "UPDATE t, author SET t.n=author.age, t.at=f(), t.v=:v WHERE t.id = author.id" },
    { "update of the columns of two tables", function(c, s)
      return by_author(c, s, { title = "x", [s.author.c.name] = "y" })
    end, "UPDATE book SET author.name=:author_name, book.title=:title FROM author WHERE book.author_id = author.id",
      { author_name = "y", title = "x" }, sqlite = false, postgresql = false,
      mysql = "UPDATE book, author SET author.name=:author_name, book.title=:title WHERE book.author_id = author.id" },
    { "update of columns of the same name", function(c, s)
      return by_author(c, s, { id = 1, [s.author.c.id] = 2 })
    end, "UPDATE book SET author.id=:author_id, book.id=:id FROM author WHERE book.author_id = author.id",
      { author_id = 2, id = 1 }, sqlite = false, postgresql = false,
      mysql = "UPDATE book, author SET author.id=:author_id, book.id=:id WHERE book.author_id = author.id" },
    { "update of an alias's columns, too", function(c, s)
      local w = s.author:alias "w"
      return c.update(s.book):values { [w.c.age] = s.book.c.year, [w.c.name] = "y" }
        :where(s.book.c.author_id:eq(w.c.id))
    end, "UPDATE book SET w.name=:w_name, w.age=book.year FROM author AS w WHERE book.author_id = w.id",
      { w_name = "y" }, sqlite = false, postgresql = false,
      mysql = "UPDATE book, author AS w SET w.name=:w_name, w.age=book.year WHERE book.author_id = w.id" },
    { "onupdate of another table", function(c, s)
      local t = stamped(c)
      return c.update(s.book):values { year = t.c.n, [t.c.n] = 1 }:where(s.book.c.id:eq(t.c.id))
    end, "UPDATE book SET t.n=:t_n, t.at=f(), t.v=:t_v, book.year=t.n FROM t WHERE book.id = t.id",
      { t_n = 1 }, sqlite = false, postgresql = false,
      mysql = "UPDATE book, t SET t.n=:t_n, t.at=f(), t.v=:t_v, book.year=t.n WHERE book.id = t.id" },
  },
}
