-- What few INSERTs, UPDATEs and DELETEs say.
local by_id, into = " WHERE book.id = :id_1", " INTO book (title) VALUES (:title)"

local function one(c, s) return c.insert(s.book):values { title = "a" } end
local function update(c, s) return c.update(s.book):values { title = "a" } end

-- A case whose statement returns the key on PostgreSQL.
local function keyed(name, build, text, params, more)
  local case = { name, build, text, params, postgresql = text .. " RETURNING book.id" }
  for k, v in pairs(more or {}) do case[k] = v end
  return case
end

return {
  { id = "X24",
    keyed("a prefix for each dialect", function(c, s)
      return one(c, s):prefix_with(c.text "OR REPLACE", { dialect = "sqlite" })
        :prefix_with(c.text "IGNORE", { dialect = "mysql" })
    end, "INSERT" .. into, { title = "a" }, { sqlite = "INSERT OR REPLACE" .. into, mysql = "INSERT IGNORE" .. into }),
    keyed("MariaDB's own prefix", function(c, s)
      return one(c, s):prefix_with(c.text "HIGH_PRIORITY", { dialect = "mariadb" })
        :prefix_with(c.text "IGNORE", { dialect = "mysql" })
    end, "INSERT" .. into, nil, { mysql = "INSERT IGNORE" .. into, mariadb = "INSERT HIGH_PRIORITY" .. into }),
    { "prefixes of several rows", function(c, s)
      return c.insert(s.book):prefix_with(c.text "/* a */", c.text "/* b */")
        :values { { title = "a" }, { title = "b" } }
    end, "INSERT /* a */ /* b */ INTO book (title) VALUES (:title_m0), (:title_m1)",
      { title_m0 = "a", title_m1 = "b" } },
    { "a prefix of INSERT FROM SELECT", function(c, s)
      return c.insert(s.book):prefix_with(c.text "OR IGNORE"):from_select({ "title" }, c.select(s.author.c.name))
    end, "INSERT OR IGNORE INTO book (title) SELECT author.name FROM author" },
    keyed("a prefix before a row of defaults", function(c, s)
      return c.insert(s.book):prefix_with(c.text "OR IGNORE"):values {}
    end, "INSERT OR IGNORE INTO book DEFAULT VALUES", nil, { mysql = "INSERT OR IGNORE INTO book () VALUES ()" }),
    { "a parameter in the prefix of an INSERT of all columns", function(c, s)
      return c.insert(s.book):prefix_with(c.text "/* :x */")
    end, "INSERT /* :x */ INTO book (id, author_id, title, year) VALUES (:id, :author_id, :title, :year)", {} },
  },
  { id = "X27",
    { "a prefix of UPDATE", function(c, s)
      return update(c, s):prefix_with(c.text "OR IGNORE", { dialect = "sqlite" }):where(s.book.c.id:eq(1))
    end, "UPDATE book SET title=:title" .. by_id, { title = "a", id_1 = 1 },
      sqlite = "UPDATE OR IGNORE book SET title=:title" .. by_id },
    { "a prefix of an UPDATE that looks at another table", function(c, s)
      return c.update(s.book):prefix_with(c.text "LOW_PRIORITY", { dialect = "mysql" })
        :values { title = s.author.c.name }:where(s.book.c.author_id:eq(s.author.c.id))
    end, "UPDATE book SET title=author.name FROM author WHERE book.author_id = author.id", {},
      mysql = "UPDATE LOW_PRIORITY book, author SET book.title=author.name WHERE book.author_id = author.id" },
    { "a prefix of DELETE", function(c, s)
      return c.delete(s.book):prefix_with(c.text "QUICK"):where(s.book.c.id:eq(1))
    end, "DELETE QUICK FROM book" .. by_id },
    { "a prefix of a DELETE that looks at another table", function(c, s)
      return c.delete(s.book):prefix_with(c.text "QUICK"):where(s.book.c.author_id:eq(s.author.c.id))
    end, "DELETE QUICK FROM book , author WHERE book.author_id = author.id", nil, sqlite = false,
      postgresql = "DELETE QUICK FROM book USING author WHERE book.author_id = author.id",
      mysql = "DELETE QUICK FROM book USING book, author WHERE book.author_id = author.id" },
    { "a limit of UPDATE", function(c, s)
      return update(c, s):where(s.book.c.id:eq(1)):with_dialect_options { mysql_limit = 5 }
    end, "UPDATE book SET title=:title" .. by_id, { title = "a", id_1 = 1 },
      mysql = "UPDATE book SET title=:title" .. by_id .. " LIMIT 5" },
    { "a limit without criteria", function(c, s) return update(c, s):with_dialect_options { mysql_limit = 0 } end,
      "UPDATE book SET title=:title", nil, mysql = "UPDATE book SET title=:title LIMIT 0" },
    { "MariaDB's own limit of DELETE, the last one that was said", function(c, s)
      return c.delete(s.book):where(s.book.c.id:eq(1)):with_dialect_options { mysql_limit = 1, mariadb_limit = 2 }
        :with_dialect_options { mysql_limit = 3 }
    end, "DELETE FROM book" .. by_id, { id_1 = 1 }, mysql = "DELETE FROM book" .. by_id .. " LIMIT 3",
      mariadb = "DELETE FROM book" .. by_id .. " LIMIT 2" },
    { "a limit before RETURNING", function(c, s)
      return c.delete(s.book):where(s.book.c.id:eq(1)):with_dialect_options { mariadb_limit = 1 }:returning(s.book.c.id)
    end, "DELETE FROM book" .. by_id .. " RETURNING book.id", nil,
      sqlite = "DELETE FROM book" .. by_id .. " RETURNING id", mysql = false,
      mariadb = "DELETE FROM book" .. by_id .. " LIMIT 1 RETURNING book.id" },
    { "a limit of an UPDATE that looks at another table", function(c, s)
      return c.update(s.book):values { title = s.author.c.name }:where(s.book.c.author_id:eq(s.author.c.id))
        :with_dialect_options { mysql_limit = 5 }
    end, "UPDATE book SET title=author.name FROM author WHERE book.author_id = author.id", {}, mysql = false },
    { "UPDATE of an alias", function(c, s)
      local a = s.book:alias "a"
      return c.update(a):values { title = "x" }:where(a.c.id:eq(1))
    end, "UPDATE book AS a SET title=:title WHERE a.id = :id_1", { title = "x", id_1 = 1 } },
    { "UPDATE of an alias without a name, by its columns", function(c, s)
      local a = s.book:alias()
      return c.update(a):values { [a.c.year] = a.c.year + 1 }:where(a.c.id:eq(1))
    end, "UPDATE book AS book_1 SET year=(book_1.year + :year_1) WHERE book_1.id = :id_1", { year_1 = 1, id_1 = 1 } },
    { "UPDATE of an alias by the table itself in a subquery", function(c, s)
      local a = s.book:alias "a"
      local title = c.select(s.book.c.title):where(s.book.c.id:eq(a.c.author_id))
      return c.update(a, { all = true }):values { title = title }
    end, "UPDATE book AS a SET title=(SELECT book.title FROM book WHERE book.id = a.author_id)" },
    { "UPDATE of an alias with RETURNING", function(c, s)
      local a = s.book:alias "a"
      return c.update(a):values { title = "x" }:where(a.c.id:eq(1)):returning(a.c.id, a.c.title)
    end, "UPDATE book AS a SET title=:title WHERE a.id = :id_1 RETURNING a.id, a.title", nil,
      sqlite = "UPDATE book AS a SET title=:title WHERE a.id = :id_1 RETURNING id, title", mysql = false },
    { "defaults of an UPDATE of an alias", function(c, s)
      local a = s.book:alias "a"
      return c.update(a):values { year = a.c.year + 1 }:where(a.c.id:eq(1)):return_defaults()
    end, "UPDATE book AS a SET year=(a.year + :year_1) WHERE a.id = :id_1 RETURNING a.year", nil,
      sqlite = "UPDATE book AS a SET year=(a.year + :year_1) WHERE a.id = :id_1 RETURNING year",
      mysql = "UPDATE book AS a SET year=(a.year + :year_1) WHERE a.id = :id_1" },
    { "DELETE of an alias", function(c, s)
      local a = s.book:alias "a"
      return c.delete(a):where(a.c.id:eq(1))
    end, "DELETE FROM book AS a WHERE a.id = :id_1", { id_1 = 1 },
      mysql = "DELETE FROM a USING book AS a WHERE a.id = :id_1" },
    { "DELETE of an alias by a correlated subquery about the table", function(c, s)
      local a = s.book:alias()
      return c.delete(a):where(a.c.id:in_(c.select(s.book.c.author_id):where(s.book.c.year:lt(a.c.year))))
    end, "DELETE FROM book AS book_1 WHERE book_1.id IN "
        .. "(SELECT book.author_id FROM book WHERE book.year < book_1.year)", {},
      mysql = "DELETE FROM book_1 USING book AS book_1 WHERE book_1.id IN "
        .. "(SELECT book.author_id FROM book WHERE book.year < book_1.year)" },
  },
  { id = "X28",
    { "UPDATE of an alias by another table", function(c, s)
      local a = s.book:alias "a"
      return c.update(a):values { title = s.author.c.name }:where(a.c.author_id:eq(s.author.c.id))
    end, "UPDATE book AS a SET title=author.name FROM author WHERE a.author_id = author.id", {},
      mysql = "UPDATE book AS a, author SET a.title=author.name WHERE a.author_id = author.id" },
    { "UPDATE of an alias by the table itself", function(c, s)
      local a = s.book:alias "a"
      return c.update(a):values { title = s.book.c.title }:where(a.c.id:eq(s.book.c.author_id))
    end, "UPDATE book AS a SET title=book.title FROM book WHERE a.id = book.author_id", {},
      mysql = "UPDATE book AS a, book SET a.title=book.title WHERE a.id = book.author_id" },
    { "UPDATE of an alias and of the table itself", function(c, s)
      local a = s.book:alias "a"
      return c.update(a):values { [a.c.title] = "x", [s.book.c.year] = 5 }:where(a.c.id:eq(s.book.c.author_id))
    end, "UPDATE book AS a SET book.year=:book_year, a.title=:title FROM book WHERE a.id = book.author_id",
      { book_year = 5, title = "x" }, sqlite = false, postgresql = false,
      mysql = "UPDATE book AS a, book SET book.year=:book_year, a.title=:title WHERE a.id = book.author_id" },
    { "DELETE of an alias by another table", function(c, s)
      local a = s.book:alias "a"
      return c.delete(a):where(a.c.author_id:eq(s.author.c.id))
    end, "DELETE FROM book AS a , author WHERE a.author_id = author.id", {}, sqlite = false,
      postgresql = "DELETE FROM book AS a USING author WHERE a.author_id = author.id",
      mysql = "DELETE FROM a USING book AS a, author WHERE a.author_id = author.id" },
  },
}
