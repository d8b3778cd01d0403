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
  },
}
