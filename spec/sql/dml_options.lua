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
  },
}
