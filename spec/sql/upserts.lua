-- What an INSERT does about rows that are there already.
local into = "INSERT INTO author (id, name) VALUES (:id, :name) "
local update, duplicate = into .. "ON CONFLICT (id) DO UPDATE SET ", into .. "ON DUPLICATE KEY UPDATE "

local function ada(c, s)
  return c.insert(s.author):values { id = 1, name = "x" }
end

-- Of PostgreSQL and the generic dialect only.
local function only(case)
  case.sqlite, case.mysql = false, false
  return case
end

return {
  { id = "X26",
    { "set_ from the row that was to be inserted", function(c, s)
      local stmt = ada(c, s)
      return stmt:on_conflict_do_update { index_elements = { "id" }, set_ = { name = stmt.excluded.name } }
    end, update .. "name = excluded.name", { id = 1, name = "x" }, mysql = duplicate .. "name = VALUES(name)" },
    { "set_ by a function of that row", function(c, s)
      return ada(c, s):on_conflict_do_update { index_elements = { s.author.c.id }, set_ = function(excluded)
        return { name = excluded.name, age = excluded.age + 1 }
      end }
    end, update .. "name = excluded.name, age = (excluded.age + :age_1)", { id = 1, name = "x", age_1 = 1 },
      mysql = duplicate .. "name = VALUES(name), age = (VALUES(age) + :age_1)" },
    { "set_ to values, in the order of the table", function(c, s)
      return ada(c, s):on_conflict_do_update { index_elements = { "id" }, set_ = { age = 5, name = "y" } }
    end, update .. "name = :param_1, age = :param_2", { id = 1, name = "x", param_1 = "y", param_2 = 5 },
      mysql = duplicate .. "name = :param_1, age = :param_2" },
    { "set_ to NULL", function(c, s)
      return ada(c, s):on_conflict_do_update { index_elements = { "id" }, set_ = { age = c.null } }
    end, update .. "age = :param_1", nil, mysql = duplicate .. "age = :param_1" },
    { "set_ to an expression of both rows", function(c, s)
      local stmt = ada(c, s)
      return stmt:on_conflict_do_update { index_elements = { "id" },
        set_ = { [s.author.c.age] = s.author.c.age + stmt.excluded.age } }
    end, update .. "age = (author.age + excluded.age)", nil, mysql = duplicate .. "age = (author.age + VALUES(age))" },
    { "set_ to a function", function(c, s)
      local stmt = ada(c, s)
      return stmt:on_conflict_do_update { index_elements = { "id" },
        set_ = { name = c.func.lower(stmt.excluded.name) } }
    end, update .. "name = lower(excluded.name)", nil, mysql = duplicate .. "name = lower(VALUES(name))" },
    { "set_ to a subquery", function(c, s)
      return ada(c, s):on_conflict_do_update { index_elements = { "id" },
        set_ = { age = c.select(c.func.max(s.book.c.year)) } }
    end, update .. "age = (SELECT max(book.year) AS max_1 FROM book)", nil,
      mysql = duplicate .. "age = (SELECT max(book.year) AS max_1 FROM book)" },
    { "set_ in an order of its own", function(c, s)
      return ada(c, s):on_conflict_do_update { index_elements = { "id" }, set_ = { { "age", 1 }, { "name", "z" } } }
    end, update .. "age = :param_1, name = :param_2", nil, mysql = duplicate .. "age = :param_1, name = :param_2" },
    { "where", function(c, s)
      local stmt = ada(c, s)
      return stmt:on_conflict_do_update { index_elements = { "id" }, set_ = { name = stmt.excluded.name },
        where = s.author.c.name:ne(stmt.excluded.name) }
    end, update .. "name = excluded.name WHERE author.name != excluded.name", nil, mysql = false },
    { "where with a parameter", function(c, s)
      return ada(c, s):on_conflict_do_update { index_elements = { "id" }, set_ = { name = "y" },
        where = s.author.c.age:gt(5) }
    end, update .. "name = :param_1 WHERE author.age > :age_1",
      { id = 1, name = "x", param_1 = "y", age_1 = 5 }, mysql = false },
    { "several elements", function(c, s)
      return ada(c, s):on_conflict_do_nothing { index_elements = { "id", s.author.c.name } }
    end, into .. "ON CONFLICT (id, name) DO NOTHING", nil, mysql = duplicate .. "id = author.id" },
    { "an expression as element", function(c, s)
      return ada(c, s):on_conflict_do_nothing { index_elements = { c.func.lower(s.author.c.name) } }
    end, into .. "ON CONFLICT (lower(name)) DO NOTHING", nil, mysql = duplicate .. "id = author.id" },
    { "a partial index", function(c, s)
      return ada(c, s):on_conflict_do_update { index_elements = { "name" }, index_where = s.author.c.age:gt(10),
        set_ = { name = "z" } }
    end, into .. "ON CONFLICT (name) WHERE age > 10 DO UPDATE SET name = :param_1", nil,
      postgresql = into .. "ON CONFLICT (name) WHERE age > :age_1 DO UPDATE SET name = :param_1", mysql = false },
    only { "a constraint by name", function(c, s)
      return ada(c, s):on_conflict_do_update { constraint = "pk_author", set_ = { name = "z" } }
    end, into .. "ON CONFLICT ON CONSTRAINT pk_author DO UPDATE SET name = :param_1" },
    only { "a constraint as an object", function(c, s)
      local unique = c.UniqueConstraint("name", { name = "Odd Name" })
      local t = c.Table("t", c.MetaData(), c.Column("id", c.Integer, { primary_key = true }),
        c.Column("name", c.String(5)), unique)
      return c.insert(t):values { id = 1, name = "x" }:on_conflict_do_nothing { constraint = unique }, s
    end, 'INSERT INTO t (id, name) VALUES (:id, :name) ON CONFLICT ON CONSTRAINT "Odd Name" DO NOTHING' },
    { "an index as constraint", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("id", c.Integer, { primary_key = true }), c.Column("a", c.Integer))
      local index = c.Index("i", t.c.a, { unique = true, postgresql_where = t.c.id:gt(5), sqlite_where = t.c.id:gt(6) })
      return c.insert(t):values { id = 1 }:on_conflict_do_nothing { constraint = index }
    end, "INSERT INTO t (id) VALUES (:id) ON CONFLICT (a) WHERE id > 5 DO NOTHING", nil,
      sqlite = "INSERT INTO t (id) VALUES (:id) ON CONFLICT (a) WHERE id > 6 DO NOTHING",
      postgresql = "INSERT INTO t (id) VALUES (:id) ON CONFLICT (a) WHERE id > :id_1 DO NOTHING",
      mysql = "INSERT INTO t (id) VALUES (:id) ON DUPLICATE KEY UPDATE id = t.id" },
    { "an index of an expression as constraint", function(c)
      local t = c.Table("t", c.MetaData(), c.Column("id", c.Integer, { primary_key = true }), c.Column("a", c.Integer))
      local index = c.Index("i", c.func.lower(t.c.a), { unique = true })
      return c.insert(t):values { id = 1 }:on_conflict_do_nothing { constraint = index }
    end, "INSERT INTO t (id) VALUES (:id) ON CONFLICT (lower(a)) DO NOTHING", nil,
      mysql = "INSERT INTO t (id) VALUES (:id) ON DUPLICATE KEY UPDATE id = t.id" },
    { "a primary key without a name as constraint", function(c, s)
      return ada(c, s):on_conflict_do_nothing { constraint = s.author.primary_key }
    end, into .. "ON CONFLICT (id) DO NOTHING", nil, mysql = duplicate .. "id = author.id" },
    { "do nothing", function(c, s) return ada(c, s):on_conflict_do_nothing() end, into .. "ON CONFLICT DO NOTHING", nil,
      mysql = duplicate .. "id = author.id" },
    { "do nothing about one index", function(c, s)
      return ada(c, s):on_conflict_do_nothing { index_elements = { "id" } }
    end, into .. "ON CONFLICT (id) DO NOTHING", nil, mysql = duplicate .. "id = author.id" },
    { "two clauses", function(c, s)
      return ada(c, s):on_conflict_do_nothing { index_elements = { "id" } }
        :on_conflict_do_update { index_elements = { "name" }, set_ = { age = 3 } }
    end, into .. "ON CONFLICT (id) DO NOTHING ON CONFLICT (name) DO UPDATE SET age = :param_1", nil,
      postgresql = false, mysql = false },
    { "several rows", function(c, s)
      return c.insert(s.author):values { { id = 1, name = "x" }, { id = 2, name = "y" } }:on_conflict_do_nothing()
    end, "INSERT INTO author (id, name) VALUES (:id_m0, :name_m0), (:id_m1, :name_m1) ON CONFLICT DO NOTHING",
      { id_m0 = 1, name_m0 = "x", id_m1 = 2, name_m1 = "y" },
      mysql = "INSERT INTO author (id, name) VALUES (:id_m0, :name_m0), (:id_m1, :name_m1) "
        .. "ON DUPLICATE KEY UPDATE id = author.id" },
    { "of a select", function(c, s)
      return c.insert(s.author):from_select({ "id", "name" }, c.select(s.book.c.id, s.book.c.title)
        :where(s.book.c.year:gt(1))):on_conflict_do_nothing()
    end, "INSERT INTO author (id, name) SELECT book.id, book.title FROM book WHERE book.year > :year_1 "
      .. "ON CONFLICT DO NOTHING", nil,
      mysql = "INSERT INTO author (id, name) SELECT book.id, book.title FROM book WHERE book.year > :year_1 "
        .. "ON DUPLICATE KEY UPDATE id = author.id" },
    { "with RETURNING", function(c, s)
      return ada(c, s):on_conflict_do_update { index_elements = { "id" }, set_ = { name = "z" } }
        :returning(s.author.c.name)
    end, update .. "name = :param_1 RETURNING author.name", nil, mysql = false,
      sqlite = update .. "name = :param_1 RETURNING name",
      mariadb = duplicate .. "name = :param_1 RETURNING author.name" },
    { "MySQL's form", function(c, s)
      local stmt = c.dialects.mysql.insert(s.author):values { id = 1, name = "x" }
      return stmt:on_duplicate_key_update { name = stmt.inserted.name, age = 5 }
    end, false, nil, sqlite = false, postgresql = false, mysql = duplicate .. "name = VALUES(name), age = :param_1" },
    { "MySQL's form in an order of its own", function(c, s)
      return ada(c, s):on_duplicate_key_update { { "age", s.author.c.age + 1 }, { "name", "z" } }
    end, false, nil, sqlite = false, postgresql = false,
      mysql = duplicate .. "age = (author.age + :age_1), name = :param_1" },
    { "a name that needs quotes", function(c, s)
      return c.insert(s.order):values { id = 1, total = 2 }:on_conflict_do_update { index_elements = { "id" },
        set_ = function(excluded) return { total = excluded.total } end }
    end, 'INSERT INTO "order" (id, "Total Sum") VALUES (:id, :total) ON CONFLICT (id) DO UPDATE '
      .. 'SET "Total Sum" = excluded."Total Sum"', nil,
      mysql = "INSERT INTO `order` (id, `Total Sum`) VALUES (:id, :total) ON DUPLICATE KEY UPDATE "
        .. "`Total Sum` = VALUES(`Total Sum`)" },
    { "PostgreSQL's insert", function(c, s)
      local stmt = c.dialects.postgresql.insert(s.author):values { id = 1, name = "x" }
      return stmt:on_conflict_do_update { index_elements = { "id" }, set_ = { name = stmt.excluded.name } }
    end, update .. "name = excluded.name", nil, mysql = duplicate .. "name = VALUES(name)" },
    { "SQLite's insert", function(c, s)
      return c.dialects.sqlite.insert(s.author):values { id = 1, name = "x" }:on_conflict_do_nothing()
    end, into .. "ON CONFLICT DO NOTHING", nil, mysql = duplicate .. "id = author.id" },
  },
}
