-- The clauses of SELECT: conditions, order, limits, locks, hints.
local from_author = "SELECT author.id FROM author"

local function id(c, s) return c.select(s.author.c.id) end

-- A lock of the rows of two tables.
local function locked(options)
  return function(c, s)
    local given = {}
    for k, v in pairs(options) do given[k] = v end
    if given.of then given.of = given.of(s) end
    return c.select(s.author.c.id, s.book.c.title):join(s.book):with_for_update(given)
  end
end

local joined = "SELECT author.id, book.title FROM author JOIN book ON author.id = book.author_id"
local inner = "SELECT author.id, book.title FROM author INNER JOIN book ON author.id = book.author_id"

-- What each dialect writes behind the select; the generic one writes FOR UPDATE, SQLite nothing.
local function lock(name, options, postgresql, mysql, mariadb)
  return { name, locked(options), joined .. " FOR UPDATE", sqlite = joined, postgresql = joined .. postgresql,
    mysql = inner .. mysql, mariadb = inner .. (mariadb or mysql) }
end

local function tests(s) return s.author.c.age:gt(1), s.author.c.age:lt(5), s.author.c.id:eq(3) end
local x, y, z = "author.age > :age_1", "author.age < :age_2", "author.id = :id_1"

return {
  { id = "X01",
    { "the original stays as it was", function(c, s)
      local old = id(c, s)
      old:where(s.author.c.id:eq(1)):order_by(s.author.c.id):limit(1)
      return old
    end, from_author },
    { "with_only_columns keeps the rest", function(c, s)
      return id(c, s):where(s.author.c.age:gt(1)):order_by(s.author.c.age):with_only_columns(s.author.c.name)
    end, "SELECT author.name FROM author WHERE author.age > :age_1 ORDER BY author.age" },
    { "with_only_columns, and the FROM of where",
      function(c, s) return id(c, s):where(s.book.c.id:eq(1)):with_only_columns(s.author.c.name) end,
      "SELECT author.name FROM author, book WHERE book.id = :id_1" },
    { "add_columns of another table", function(c, s) return id(c, s):add_columns(s.book.c.title) end,
      "SELECT author.id, book.title FROM author, book" },
    { "chained having is AND", function(c, s)
      return c.select(s.author.c.age, c.func.count()):group_by(s.author.c.age):having(c.func.count():gt(1))
        :having(c.func.count():lt(9))
    end, "SELECT author.age, count(*) AS count_1 FROM author GROUP BY author.age "
      .. "HAVING count(*) > :count_2 AND count(*) < :count_3", { count_2 = 1, count_3 = 9 } },
    { "group_by of several", function(c, s)
      return c.select(s.author.c.age, s.author.c.name):group_by(s.author.c.age):group_by(s.author.c.name)
    end, "SELECT author.age, author.name FROM author GROUP BY author.age, author.name" },
    { "group_by(nil) resets",
      function(c, s) return c.select(s.author.c.age):group_by(s.author.c.age):group_by(nil) end,
      "SELECT author.age FROM author" },
    { "order_by goes on after a reset",
      function(c, s) return id(c, s):order_by(s.author.c.age):order_by(nil):order_by(s.author.c.id) end,
      from_author .. " ORDER BY author.id" },
    { "offset(nil) resets", function(c, s) return id(c, s):limit(1):offset(2):offset(nil) end,
      from_author .. " LIMIT :param_1", sqlite = from_author .. " LIMIT :param_1 OFFSET :param_2" },
    { "limit of an expression", function(c, s) return id(c, s):limit(c.func.length("abc")) end,
      from_author .. " LIMIT length(:length_1)", sqlite = from_author .. " LIMIT length(:length_1) OFFSET :param_1" },
    { "limit and offset by name",
      function(c, s) return id(c, s):limit(c.bindparam "n"):offset(c.bindparam "m") end,
      from_author .. " LIMIT :n OFFSET :m", {}, mysql = from_author .. " LIMIT :m, :n" },
    { "limit 0", function(c, s) return id(c, s):limit(0) end, from_author .. " LIMIT :param_1", { param_1 = 0 },
      sqlite = from_author .. " LIMIT :param_1 OFFSET :param_2" },
    { "where without conditions", function(c, s) return id(c, s):where() end, from_author },
    { "distinct in its place", function(c, s)
      return c.select(s.author.c.age):distinct():order_by(s.author.c.age):group_by(s.author.c.age)
    end, "SELECT DISTINCT author.age FROM author GROUP BY author.age ORDER BY author.age" },
    { "all clauses", function(c, s)
      return c.select(s.author.c.age, c.func.count():label "n"):select_from(s.author):outerjoin(s.book)
        :where(s.author.c.age:gt(1)):group_by(s.author.c.age):having(c.func.count():gt(1)):order_by(c.desc "n")
        :distinct()
    end, "SELECT DISTINCT author.age, count(*) AS n FROM author LEFT OUTER JOIN book ON author.id = book.author_id "
      .. "WHERE author.age > :age_1 GROUP BY author.age HAVING count(*) > :count_1 ORDER BY n DESC" },
    { "WHERE without FROM", function(c) return c.select(c.literal(1)):where(c.literal(1):eq(2)) end,
      "SELECT :param_1 AS anon_1 WHERE :param_2 = :param_3",
      mysql = "SELECT :param_1 AS anon_1 FROM DUAL WHERE :param_2 = :param_3" },
    { "DISTINCT ON", function(c, s) return id(c, s):distinct(s.author.c.age, s.author.c.name) end,
      "SELECT DISTINCT ON (author.age, author.name) author.id FROM author", sqlite = false, mysql = false },
    { "DISTINCT ON, one after the other",
      function(c, s) return id(c, s):distinct(s.author.c.age):distinct(s.author.c.name) end,
      "SELECT DISTINCT ON (author.age, author.name) author.id FROM author", sqlite = false, mysql = false },
    { "prefixes, of one database and of all", function(c, s)
      return id(c, s):prefix_with(c.text "SQL_NO_CACHE", { dialect = "mysql" }):prefix_with(c.text "/* all */")
        :distinct()
    end, "SELECT /* all */ DISTINCT author.id FROM author",
      mysql = "SELECT SQL_NO_CACHE /* all */ DISTINCT author.id FROM author" },
    { "hints of the statement come before suffixes, both last", function(c, s)
      return id(c, s):suffix_with(c.text "/* end */"):with_statement_hint(c.text "/* hint */"):order_by(s.author.c.id)
    end, from_author .. " ORDER BY author.id /* hint */ /* end */" },
    { "a hint of a table", function(c, s)
      return c.select(s.author.c.id):join(s.book):with_hint(s.book, c.text "USE INDEX (i)", "mysql")
    end, "SELECT author.id FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT author.id FROM author INNER JOIN book USE INDEX (i) ON author.id = book.author_id" },
    { "MariaDB takes MySQL's hints where it has none of its own", function(c, s)
      return c.select(s.author.c.id):join(s.book):with_hint(s.book, c.text "USE INDEX (i)", "mysql")
        :with_hint(s.author, c.text "USE INDEX (a)", "mariadb"):with_hint(s.author, c.text "USE INDEX (b)", "mysql")
    end, "SELECT author.id FROM author JOIN book ON author.id = book.author_id",
      mysql = "SELECT author.id FROM author USE INDEX (b) INNER JOIN book USE INDEX (i) ON author.id = book.author_id",
      mariadb = "SELECT author.id FROM author USE INDEX (a) INNER JOIN book USE INDEX (i) "
        .. "ON author.id = book.author_id" },
    { "the name of a table in its hint", function(c, s)
      local o = s.order:alias "o"
      return c.select(s.order.c.id, o.c.id):with_hint(s.order, c.text "/* %(name)s, %(name)s: 5 % */", "mysql")
        :with_hint(o, c.text "/* %(name)s */", "mysql")
    end, 'SELECT "order".id, o.id AS id_1 FROM "order", "order" AS o',
      mysql = "SELECT `order`.id, o.id AS id_1 FROM `order` /* `order`, `order`: 5 % */, `order` AS o /* o */" },
    { "a hint of an alias", function(c, s)
      local a = s.author:alias "a"
      return c.select(a.c.id):with_hint(a, c.text "USE INDEX (i)", "mariadb")
    end, "SELECT a.id FROM author AS a", mysql = "SELECT a.id FROM author AS a",
      mariadb = "SELECT a.id FROM author AS a USE INDEX (i)" },
    { "a hint for every database", function(c, s) return id(c, s):with_hint(s.author, c.text "ONLY") end,
      "SELECT author.id FROM author [ONLY]", sqlite = from_author, postgresql = "SELECT author.id FROM ONLY author",
      mysql = "SELECT author.id FROM author ONLY" },
  },
  { id = "X20",
    lock("FOR UPDATE", {}, " FOR UPDATE", " FOR UPDATE"),
    lock("nowait", { nowait = true }, " FOR UPDATE NOWAIT", " FOR UPDATE NOWAIT"),
    lock("skip_locked", { skip_locked = true }, " FOR UPDATE SKIP LOCKED", " FOR UPDATE SKIP LOCKED"),
    lock("read", { read = true }, " FOR SHARE", " LOCK IN SHARE MODE"),
    lock("read, nowait", { read = true, nowait = true }, " FOR SHARE NOWAIT", " FOR SHARE NOWAIT",
      " LOCK IN SHARE MODE NOWAIT"),
    lock("read, skip_locked", { read = true, skip_locked = true }, " FOR SHARE SKIP LOCKED", " FOR SHARE SKIP LOCKED",
      " LOCK IN SHARE MODE SKIP LOCKED"),
    lock("key_share", { key_share = true }, " FOR NO KEY UPDATE", " FOR UPDATE"),
    lock("key_share, read", { key_share = true, read = true }, " FOR KEY SHARE", " LOCK IN SHARE MODE"),
    lock("of a table", { of = function(s) return s.author end }, " FOR UPDATE OF author", " FOR UPDATE"),
    lock("of columns", { of = function(s) return { s.author.c.id, s.book.c.id } end },
      " FOR UPDATE OF author, book", " FOR UPDATE"),
    lock("of two columns of one table", { of = function(s) return { s.author.c.id, s.author.c.age } end },
      " FOR UPDATE OF author", " FOR UPDATE"),
    lock("all at once", { of = function(s) return { s.author, s.book } end, nowait = true, read = true },
      " FOR SHARE OF author, book NOWAIT", " FOR SHARE NOWAIT", " LOCK IN SHARE MODE NOWAIT"),
    { "of an alias, behind the limit", function(c, s)
      local a = s.author:alias "a"
      return c.select(a.c.id):limit(1):with_for_update { of = a }
    end, "SELECT a.id FROM author AS a LIMIT :param_1 FOR UPDATE",
      sqlite = "SELECT a.id FROM author AS a LIMIT :param_1 OFFSET :param_2",
      postgresql = "SELECT a.id FROM author AS a LIMIT :param_1 FOR UPDATE OF a" },
    { "in a subquery", function(c, s) return c.select(id(c, s):with_for_update():subquery().c.id) end,
      "SELECT anon_1.id FROM (SELECT author.id AS id FROM author FOR UPDATE) AS anon_1",
      sqlite = "SELECT anon_1.id FROM (SELECT author.id AS id FROM author) AS anon_1" },
  },
  { id = "X34",
    { "fetch", function(c, s) return id(c, s):fetch(5) end, from_author .. " FETCH FIRST :param_1 ROWS ONLY",
      { param_1 = 5 }, sqlite = false, mysql = false,
      postgresql = from_author .. " FETCH FIRST (:param_1) ROWS ONLY",
      mariadb = from_author .. " FETCH FIRST :param_1 ROWS ONLY" },
    { "fetch with ties", function(c, s) return id(c, s):order_by(s.author.c.id):fetch(5, { with_ties = true }) end,
      from_author .. " ORDER BY author.id FETCH FIRST :param_1 ROWS WITH TIES", sqlite = false, mysql = false,
      postgresql = from_author .. " ORDER BY author.id FETCH FIRST (:param_1) ROWS WITH TIES",
      mariadb = from_author .. " ORDER BY author.id FETCH FIRST :param_1 ROWS WITH TIES" },
    { "fetch a share", function(c, s) return id(c, s):fetch(5, { percent = true }) end,
      from_author .. " FETCH FIRST :param_1 PERCENT ROWS ONLY", sqlite = false, mysql = false, postgresql = false,
      mariadb = false },
    { "fetch from an offset on", function(c, s) return id(c, s):fetch(5):offset(2) end,
      from_author .. " OFFSET :param_1 ROWS FETCH FIRST :param_2 ROWS ONLY", { param_1 = 2, param_2 = 5 },
      sqlite = false, mysql = false,
      postgresql = from_author .. " OFFSET (:param_1) ROWS FETCH FIRST (:param_2) ROWS ONLY",
      mariadb = from_author .. " OFFSET :param_1 ROWS FETCH FIRST :param_2 ROWS ONLY" },
    { "fetch of an expression", function(c, s) return id(c, s):fetch(c.func.length "ab") end,
      from_author .. " FETCH FIRST length(:length_1) ROWS ONLY", sqlite = false, mysql = false,
      postgresql = from_author .. " FETCH FIRST (length(:length_1)) ROWS ONLY",
      mariadb = from_author .. " FETCH FIRST length(:length_1) ROWS ONLY" },
    { "limit instead of fetch", function(c, s) return id(c, s):fetch(5, { with_ties = true }):limit(3) end,
      from_author .. " LIMIT :param_1", { param_1 = 3 },
      sqlite = from_author .. " LIMIT :param_1 OFFSET :param_2" },
    { "fetch(nil) resets", function(c, s) return id(c, s):fetch(5):fetch(nil) end, from_author },
    { "slice", function(c, s) return id(c, s):slice(2, 7) end, from_author .. " LIMIT :param_1 OFFSET :param_2",
      { param_1 = 5, param_2 = 2 }, mysql = from_author .. " LIMIT :param_1, :param_2" },
    { "slice from 0", function(c, s) return id(c, s):slice(0, 7) end, from_author .. " LIMIT :param_1",
      { param_1 = 7 }, sqlite = from_author .. " LIMIT :param_1 OFFSET :param_2" },
    { "slice to the end", function(c, s) return id(c, s):slice(2, nil) end,
      from_author .. " LIMIT -1 OFFSET :param_1", { param_1 = 2 },
      sqlite = from_author .. " LIMIT :param_1 OFFSET :param_2",
      postgresql = from_author .. " LIMIT ALL OFFSET :param_1",
      mysql = from_author .. " LIMIT :param_1, 18446744073709551615" },
    { "slice of what has an offset", function(c, s) return id(c, s):offset(10):slice(2, 7) end,
      from_author .. " LIMIT :param_1 OFFSET :param_2", { param_1 = 5, param_2 = 12 },
      mysql = from_author .. " LIMIT :param_1, :param_2" },
    { "slice without a start keeps the offset", function(c, s) return id(c, s):offset(10):slice(nil, 7) end,
      from_author .. " LIMIT :param_1 OFFSET :param_2", { param_1 = 7, param_2 = 10 },
      mysql = from_author .. " LIMIT :param_1, :param_2" },
    { "slice instead of fetch", function(c, s) return id(c, s):fetch(3):slice(2, 7) end,
      from_author .. " LIMIT :param_1 OFFSET :param_2", { param_1 = 5, param_2 = 2 },
      mysql = from_author .. " LIMIT :param_1, :param_2" },
  },
  { id = "X15",
    { "asc, and desc before nulls_first",
      function(c, s) return id(c, s):order_by(s.author.c.id:asc(), s.author.c.age:desc():nulls_first()) end,
      from_author .. " ORDER BY author.id ASC, author.age DESC NULLS FIRST", mysql = false },
    { "a label is ordered by its name", function(c, s)
      local next_age = (s.author.c.age + 1):label "next"
      return c.select(next_age):order_by(next_age)
    end, "SELECT author.age + :age_1 AS next FROM author ORDER BY next" },
    { "and so downwards", function(c, s)
      local next_age = (s.author.c.age + 1):label "next"
      return c.select(next_age):order_by(next_age:desc())
    end, "SELECT author.age + :age_1 AS next FROM author ORDER BY next DESC" },
    { "not inside an expression", function(c, s)
      local next_age = (s.author.c.age + 1):label "next"
      return c.select(next_age):order_by(c.func.lower(next_age))
    end, "SELECT author.age + :age_1 AS next FROM author ORDER BY lower(author.age + :age_1)" },
    { "not where it is not selected",
      function(c, s) return id(c, s):order_by((s.author.c.age + 1):label "next") end,
      from_author .. " ORDER BY author.age + :age_1" },
    { "an equal expression is another one",
      function(c, s) return c.select((s.author.c.age + 1):label "n"):order_by(s.author.c.age + 1) end,
      "SELECT author.age + :age_1 AS n FROM author ORDER BY author.age + :age_2" },
    { "desc of a label's name",
      function(c, s) return c.select((s.author.c.age + 1):label "next"):order_by(c.desc "next") end,
      "SELECT author.age + :age_1 AS next FROM author ORDER BY next DESC" },
    { "nulls_last of that", function(c, s)
      return c.select((s.author.c.age + 1):label "next"):order_by(c.nulls_last(c.desc "next"))
    end, "SELECT author.age + :age_1 AS next FROM author ORDER BY next DESC NULLS LAST", mysql = false },
    { "desc of a column's name",
      function(c, s) return c.select(s.author.c.name, s.book.c.title):order_by(c.desc "title") end,
      "SELECT author.name, book.title FROM author, book ORDER BY book.title DESC" },
    { "a label that needs quotes",
      function(c, s) return c.select(s.author.c.id:label "Big One"):order_by "Big One" end,
      'SELECT author.id AS "Big One" FROM author ORDER BY "Big One"',
      mysql = "SELECT author.id AS `Big One` FROM author ORDER BY `Big One`" },
    { "a label is grouped by what it is", function(c, s)
      local next_age = (s.author.c.age + 1):label "next"
      return c.select(next_age):group_by(next_age)
    end, "SELECT author.age + :age_1 AS next FROM author GROUP BY author.age + :age_1" },
    { "or by its name", function(c, s) return c.select((s.author.c.age + 1):label "next"):group_by "next" end,
      "SELECT author.age + :age_1 AS next FROM author GROUP BY next" },
    { "a collation", function(c, s) return id(c, s):order_by(s.author.c.name:collate("de_DE"):desc()) end,
      from_author .. ' ORDER BY author.name COLLATE "de_DE" DESC',
      mysql = from_author .. " ORDER BY author.name COLLATE `de_DE` DESC" },
    { "a collation in a comparison", function(c, s) return id(c, s):where(s.author.c.name:collate("nocase"):eq "x") end,
      from_author .. " WHERE (author.name COLLATE nocase) = :param_1" },
    { "a label inside of a subquery", function(c, s)
      local next_age = (s.author.c.age + 1):label "next"
      return c.select(c.select(next_age):order_by(next_age):scalar_subquery())
    end, "SELECT (SELECT author.age + :age_1 AS next FROM author ORDER BY next) AS anon_1" },
  },
  { id = "X14",
    { "and_ in and_ is one", function(c, s)
      local a, b, d = tests(s)
      return c.and_(a, c.and_(b, d))
    end, x .. " AND " .. y .. " AND " .. z },
    { "or_ in or_ is one", function(c, s)
      local a, b, d = tests(s)
      return c.or_(a, c.or_(b, d))
    end, x .. " OR " .. y .. " OR " .. z },
    { "or_ in and_", function(c, s)
      local a, b, d = tests(s)
      return c.and_(a, c.or_(b, d))
    end, x .. " AND (" .. y .. " OR " .. z .. ")" },
    { "and_ in or_", function(c, s)
      local a, b, d = tests(s)
      return c.or_(a, c.and_(b, d))
    end, x .. " OR " .. y .. " AND " .. z },
    { "one or_ in and_", function(c, s)
      local a, b = tests(s)
      return c.and_(c.or_(a, b))
    end, x .. " OR " .. y },
    { "true adds nothing to and_", function(c, s) return c.and_(tests(s), c.true_()) end, x },
    { "false ends and_", function(c, s) return id(c, s):where((tests(s))):where(c.false_()) end,
      from_author .. " WHERE false", sqlite = from_author .. " WHERE 0 = 1",
      mysql = from_author .. " WHERE false = 1" },
    { "false, and the FROMs of what it stands beside", function(c, s)
      return id(c, s):where(s.book.c.author_id:eq(s.author.c.id), c.false_()):order_by(s.book.c.id)
    end, "SELECT author.id FROM author, book WHERE false ORDER BY book.id",
      sqlite = "SELECT author.id FROM author, book WHERE 0 = 1 ORDER BY book.id",
      mysql = "SELECT author.id FROM author, book WHERE false = 1 ORDER BY book.id" },
    { "what is added to false", function(c, s)
      return id(c, s):where(c.false_()):where(s.book.c.id:eq(1)):where((tests(s)))
    end, "SELECT author.id FROM author, book WHERE false", sqlite = "SELECT author.id FROM author, book WHERE 0 = 1",
      mysql = "SELECT author.id FROM author, book WHERE false = 1" },
    { "what is added to true", function(c, s) return id(c, s):where(c.true_()):where((tests(s))) end,
      from_author .. " WHERE " .. x },
    { "a subquery with false", function(c, s)
      return id(c, s):where(c.exists():where(s.book.c.author_id:eq(s.author.c.id), c.false_()))
    end, from_author .. " WHERE EXISTS (SELECT * FROM book WHERE false)",
      sqlite = from_author .. " WHERE EXISTS (SELECT * FROM book WHERE 0 = 1)",
      mysql = from_author .. " WHERE EXISTS (SELECT * FROM book WHERE false = 1)" },
    { "true ends or_", function(c, s) return id(c, s):where(c.or_(tests(s), c.true_())) end,
      from_author .. " WHERE true", sqlite = from_author .. " WHERE 1 = 1",
      mysql = from_author .. " WHERE true = 1" },
    { "false adds nothing to or_", function(c, s) return c.or_(tests(s), c.false_()) end, x },
    { "false twice", function(c, s) return id(c, s):where(c.or_(c.false_(), c.false_())) end,
      from_author .. " WHERE false", sqlite = from_author .. " WHERE 0 = 1",
      mysql = from_author .. " WHERE false = 1" },
    { "an empty and_ as a condition is none", function(c, s) return id(c, s):where(c.and_()) end, from_author },
    { "empty groups among others", function(c, s) return c.and_(tests(s), c.or_(), c.and_()) end, x },
    { "not_ of and_", function(c, s)
      local a, b = tests(s)
      return c.not_(c.and_(a, b))
    end, "NOT (" .. x .. " AND " .. y .. ")" },
    { "not_ twice", function(c, s)
      local a, b = tests(s)
      return c.not_(c.not_(c.or_(a, b)))
    end, "NOT (NOT (" .. x .. " OR " .. y .. "))" },
    { "not_ of true", function(c, s) return id(c, s):where(c.not_(c.true_())) end, from_author .. " WHERE false",
      sqlite = from_author .. " WHERE 0 = 1", mysql = from_author .. " WHERE false = 1" },
    { "and_ compared", function(c, s)
      local a, b, d = tests(s)
      return c.and_(a, b):eq(d)
    end, "(" .. x .. " AND " .. y .. ") = (" .. z .. ")" },
    { "where after or_ twice", function(c, s)
      local a, b, d = tests(s)
      return id(c, s):where(c.or_(a, b)):where(c.or_(b, d))
    end, from_author .. " WHERE (" .. x .. " OR " .. y .. ") AND (" .. y .. " OR " .. z .. ")" },
  },
}
