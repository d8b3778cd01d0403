-- Statements made of what other statements say of themselves.

-- The key of `note` is a foreign key of the same name.
local function note(c, s)
  local t = s.metadata.tables.note
  return t or c.Table("note", s.metadata,
    c.Column("id", c.Integer, c.ForeignKey("author.id"), { primary_key = true }),
    c.Column("text", c.String(20)))
end

local function titles(c, s)
  return c.select(s.author.c.id, s.book.c.title):join_from(s.author, s.book)
end

return {
  { id = "X32",
    { "reduce_columns leaves out a key that is another's", function(c, s)
      local n = note(c, s)
      return c.select(s.author.c.id, s.author.c.name, n):join_from(s.author, n):reduce_columns()
    end, "SELECT author.id, author.name, note.text FROM author JOIN note ON author.id = note.id",
      mysql = "SELECT author.id, author.name, note.text FROM author INNER JOIN note ON author.id = note.id" },
    { "reduce_columns keeps what is referred to, wherever it stands", function(c, s)
      local n = note(c, s)
      return c.select(n, s.author.c.id, s.author.c.name):join_from(s.author, n):reduce_columns()
    end, "SELECT note.text, author.id, author.name FROM author JOIN note ON author.id = note.id",
      mysql = "SELECT note.text, author.id, author.name FROM author INNER JOIN note ON author.id = note.id" },
    { "reduce_columns keeps keys of other names", function(c, s)
      return c.select(s.author.c.id, s.book.c.author_id, s.book.c.title):join_from(s.author, s.book):reduce_columns()
    end, "SELECT author.id, book.author_id, book.title FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT author.id, book.author_id, book.title FROM author INNER JOIN book "
        .. "ON author.id = book.author_id" },
    { "reduce_columns of all names", function(c, s)
      return c.select(s.author.c.id, s.book.c.author_id, s.book.c.title):join_from(s.author, s.book)
        :reduce_columns(false)
    end, "SELECT author.id, book.title FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT author.id, book.title FROM author INNER JOIN book ON author.id = book.author_id" },
    { "reduce_columns by WHERE", function(c, s)
      return c.select(s.author.c.id, s.book.c.id, s.book.c.year):where(s.author.c.id:eq(s.book.c.id)):reduce_columns()
    end, "SELECT author.id, book.year FROM author, book WHERE author.id = book.id" },
    { "reduce_columns by WHERE, of all names", function(c, s)
      return c.select(s.author.c.age, s.book.c.year, s.book.c.title):where(s.author.c.age:eq(s.book.c.year))
        :reduce_columns(false)
    end, "SELECT author.age, book.title FROM author, book WHERE author.age = book.year" },
    { "reduce_columns sees through a subquery", function(c, s)
      local inner = c.select(note(c, s)):subquery("s")
      return c.select(s.author.c.id, s.author.c.name, inner.c.text, inner.c.id):reduce_columns()
    end, "SELECT author.id, author.name, s.text FROM author, "
      .. "(SELECT note.id AS id, note.text AS text FROM note) AS s" },
    { "reduce_columns of an alias", function(c, s)
      local z = s.author:alias("z")
      return c.select(s.author.c.id, z.c.id, z.c.name):where(s.author.c.id:eq(z.c.id)):reduce_columns()
    end, "SELECT author.id, z.name FROM author, author AS z WHERE author.id = z.id" },
    { "some of the selected columns", function(c, s)
      local stmt, kept = titles(c, s), {}
      for column in stmt.selected_columns do
        if column.name ~= "id" then table.insert(kept, column) end
      end
      return stmt:with_only_columns(table.unpack(kept))
    end, "SELECT book.title FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT book.title FROM author INNER JOIN book ON author.id = book.author_id" },
    { "an order by a selected column", function(c, s)
      local stmt = titles(c, s)
      return stmt:order_by(stmt.selected_columns.title)
    end, "SELECT author.id, book.title FROM author JOIN book ON author.id = book.author_id ORDER BY book.title",
      mysql = "SELECT author.id, book.title FROM author INNER JOIN book ON author.id = book.author_id "
        .. "ORDER BY book.title" },
    { "the FROMs of another select", function(c, s)
      return c.select(c.func.count()):select_from(table.unpack(titles(c, s):get_final_froms()))
    end, "SELECT count(*) AS count_1 FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT count(*) AS count_1 FROM author INNER JOIN book ON author.id = book.author_id" },
    { "FROMs that a condition brings", function(c, s)
      local froms = c.select(s.author.c.id):where(s.book.c.id:eq(s.author.c.id)):get_final_froms()
      return c.select(c.literal_column("1")):select_from(table.unpack(froms))
    end, "SELECT 1 FROM author, book" },
    { "the expressions of column_descriptions", function(c, s)
      local of, list = c.select(s.author.c.id, s.author.c.name:label("n"), c.func.count(s.book.c.id)), {}
      for i, description in ipairs(of.column_descriptions) do list[i] = description.expr end
      return c.select(table.unpack(list))
    end, "SELECT author.id, author.name AS n, count(book.id) AS count_1 FROM author, book" },
    { "the columns of a union", function(c, s)
      local both = c.union(c.select(s.author.c.id:label("k")), c.select(s.book.c.id))
      return both:order_by(both.selected_columns.k)
    end, "SELECT author.id AS k FROM author UNION SELECT book.id FROM book ORDER BY k" },
    { "the condition of another statement", function(c, s)
      local wanted = c.select(s.author.c.id):where(s.author.c.age:gt(1)).whereclause
      return c.delete(s.author):where(wanted)
    end, "DELETE FROM author WHERE author.age > :age_1", { age_1 = 1 } },
  },
}
