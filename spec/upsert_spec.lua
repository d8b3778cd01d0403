-- Upserts: rows that are new, and rows that are there already.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Column = corm.Column
local metadata = corm.MetaData()
local word = corm.Table("word", metadata,
  Column("id", corm.Integer, { primary_key = true }),
  Column("text", corm.String(20), { nullable = false, unique = true }),
  Column("count", corm.Integer, { default = 1 }),
  Column("note", corm.String(20), { key = "remark" }))
local source = corm.Table("source", metadata,
  Column("id", corm.Integer, { primary_key = true }),
  Column("text", corm.String(20)))

describe("an upsert", function()
  local connection

  before_each(function()
    connection = database.engine():connect()
    metadata:create_all(connection)
    connection:execute(corm.insert(word):values { { text = "a", count = 5 }, { text = "b", count = 7 } })
    connection:commit()
  end)
  after_each(function()
    connection:rollback()
    connection:close()
    database.clean()
  end)

  -- "a5 b7"
  local function rows()
    local found = {}
    for row in connection:execute(corm.select(word.c.text, word.c.count):order_by(word.c.text)) do
      found[#found + 1] = row.text .. tostring(row.count)
    end
    return table.concat(found, " ")
  end

  local function counting(values)
    local stmt = values and corm.insert(word):values(values) or corm.insert(word)
    return stmt:on_conflict_do_update { index_elements = { "text" },
      set_ = { count = word.c.count + stmt.excluded.count } }
  end

  it("inserts what is new and updates what is there", function()
    connection:execute(counting { text = "a", count = 10 })
    connection:execute(counting { text = "c", count = 1 })
    assert.equal("a15 b7 c1", rows())
  end)

  it("sets values, expressions and NULL", function()
    local stmt = corm.insert(word):values { text = "a", count = 3 }
    connection:execute(stmt:on_conflict_do_update { index_elements = { word.c.text },
      set_ = { count = 100, remark = "seen" } })
    assert.equal("seen", connection:scalar(corm.select(word.c.remark):where(word.c.text:eq("a"))))
    connection:execute(stmt:on_conflict_do_update { index_elements = { "text" }, set_ = function(excluded)
      return { count = excluded.count * 2, remark = corm.null }
    end })
    assert.equal("a6 b7", rows())
    assert.is_nil(connection:scalar(corm.select(word.c.remark):where(word.c.text:eq("a"))))
  end)

  it("leaves rows that are there", function()
    connection:execute(corm.insert(word):values { { text = "a", count = 10 }, { text = "d", count = 4 } }
      :on_conflict_do_nothing())
    connection:execute(corm.insert(word):values { text = "b", count = 10 }
      :on_conflict_do_nothing { index_elements = { "text" } })
    assert.equal("a5 b7 d4", rows())
  end)

  it("does not hide other errors", function()
    raises("IntegrityError", "", function()
      connection:execute(corm.insert(word):values { text = corm.null, count = 1 }:on_conflict_do_nothing())
    end)
  end)

  it("tells the key of the row that was inserted or updated", function()
    local a = connection:scalar(corm.select(word.c.id):where(word.c.text:eq("a")))
    connection:execute(corm.insert(source):values { id = 50, text = "x" })
    connection:execute(corm.insert(source):values { text = "y" })
    local again = corm.insert(word):values { text = "a" }
    local function key(stmt)
      local found = connection:execute(stmt).inserted_primary_key
      return found and found.id
    end
    local there = database.name == "mariadb" and a or nil
    assert.equal(there, key(again:on_conflict_do_nothing()))
    assert.equal(there, key(again:on_conflict_do_nothing()))
    assert.equal(a, key(again:on_conflict_do_update { index_elements = { "text" }, set_ = { count = 5 } }))
    assert.equal(a, key(again:on_conflict_do_update { index_elements = { "text" }, set_ = { count = 6 } }))
    local new = key(corm.insert(word):values { text = "new" }:on_conflict_do_nothing())
    assert.equal("new", connection:scalar(corm.select(word.c.text):where(word.c.id:eq(new))))
    assert.equal(0, connection:execute(again:on_conflict_do_nothing()).rowcount - (there and 1 or 0))
    assert.equal(9, key(corm.insert(word):values { id = 9, text = "nine" }:on_conflict_do_nothing()))
    assert.equal(9, key(corm.insert(word):values { id = 9, text = "ten" }:on_conflict_do_nothing()))
  end)

  it("finds its columns by a unique index or a constraint without a name", function()
    local meta = corm.MetaData()
    local t = corm.Table("t", meta, Column("id", corm.Integer, { primary_key = true }), Column("a", corm.Integer),
      Column("b", corm.Integer), corm.UniqueConstraint("a", "b"))
    local where = t.c.a:gt(5)
    local partial = corm.Index("pa", t.c.b, { unique = true, sqlite_where = where, postgresql_where = where })
    if database.name ~= "mariadb" then
      meta:create_all(connection)
      local stmt = corm.insert(t):values { id = 1, a = 9, b = 2 }
      connection:execute(stmt:on_conflict_do_nothing { constraint = t.primary_key })
      connection:execute(stmt:values { id = 2 }:on_conflict_do_update { constraint = partial, set_ = { a = 10 } })
      local unnamed = t.constraints[2] or t.primary_key
      connection:execute(stmt:values { id = 3, a = 10 }
        :on_conflict_do_update { constraint = unnamed, set_ = { b = 7 } })
      assert.same({ 1, 10, 7 }, { connection:execute(corm.select(t)):one():unpack() })
    end
    local plain = corm.Index("plain", t.c.a)
    local stmt = corm.insert(t):values { id = 1 }
    raises("ArgumentError", "index 'plain' is not unique", stmt.on_conflict_do_nothing, stmt, { constraint = plain })
    raises("ArgumentError", "is not of table 'word', but of 't'", function()
      corm.insert(word):on_conflict_do_nothing { constraint = partial }
    end)
    raises("ArgumentError", "is not of table 'word', but of 't'", function()
      corm.insert(word):on_conflict_do_nothing { constraint = t.primary_key }
    end)
    raises("ArgumentError", "not both", stmt.on_conflict_do_nothing, stmt,
      { constraint = partial, index_elements = { "a" } })
  end)

  it("is the only place of the row that is to be inserted", function()
    local stmt = corm.insert(word):values { text = "a" }
    local other = corm.insert(source):values { text = "a" }
    assert.equal("excluded.count", tostring(stmt.excluded.count))
    raises("CompileError", "excluded.count stands outside an upsert", connection.execute, connection,
      corm.select(stmt.excluded.count))
    raises("CompileError", "excluded.count stands outside an upsert", connection.execute, connection,
      corm.update(word):values { count = stmt.excluded.count }:where(word.c.id:eq(1)))
    raises("CompileError", "outside an upsert", function()
      stmt:on_conflict_do_nothing():returning(stmt.excluded.id):compile { dialect = "postgresql" }
    end)
    raises("CompileError", "excluded.text is the row to be inserted into 'source'; this is an upsert of 'word'",
      connection.execute, connection,
      stmt:on_conflict_do_update { index_elements = { "text" }, set_ = { remark = other.excluded.text } })
  end)

  it("of a select without WHERE is refused where ON would be a join's", function()
    local function upsert(select)
      return corm.insert(word):from_select({ "text" }, select, { include_defaults = false }):on_conflict_do_nothing()
    end
    local all = corm.select(source.c.text)
    connection:execute(corm.insert(source):values { { text = "a" }, { text = "q" } })
    connection:execute(upsert(all:where(corm.true_())))
    connection:execute(upsert(all:order_by(source.c.text)))
    connection:execute(upsert(all:group_by(source.c.text)))
    connection:execute(upsert(all:limit(1)))
    connection:execute(upsert(corm.select(corm.literal("r"))))
    assert.equal("a5 b7 qnil rnil", rows())
    for _, select in ipairs { all, corm.union(all:where(corm.true_()), all), corm.select(all:subquery().c.text) } do
      if database.name == "sqlite" then
        raises("CompileError", "write select(...):where(corm.true_())", connection.execute, connection, upsert(select))
      else
        connection:execute(upsert(select))
      end
    end
  end)

  it("tells no key of a row that a prefix made it ignore", function()
    if database.name == "postgresql" then return end
    connection:execute(corm.insert(source):values { text = "y" })
    local stmt = corm.insert(word):values { text = "a" }:prefix_with(corm.text "OR IGNORE", { dialect = "sqlite" })
      :prefix_with(corm.text "IGNORE", { dialect = "mysql" })
    local result = connection:execute(stmt)
    assert.same({ 0, 0 }, { result.rowcount, result.lastrowid })
    assert.is_nil(result.inserted_primary_key)
  end)

  it("takes several rows", function()
    connection:execute(counting { { text = "a", count = 1 }, { text = "z", count = 2 }, { text = "b", count = 3 } })
    assert.equal("a6 b10 z2", rows())
  end)

  it("takes many sets of parameters", function()
    local sets = {}
    for i = 1, 3000 do sets[i] = { text = "w" .. i % 1500, count = 1 } end
    connection:execute(counting(), sets)
    assert.equal(1502, connection:scalar(corm.select(corm.func.count()):select_from(word)))
    assert.equal(2, connection:scalar(corm.select(word.c.count):where(word.c.text:eq("w77"))))
    connection:execute(corm.insert(word):on_conflict_do_nothing(), sets)
    assert.equal(1502, connection:scalar(corm.select(corm.func.count()):select_from(word)))
  end)

  it("takes the rows of a select", function()
    connection:execute(corm.insert(source):values { { id = 1, text = "a" }, { id = 2, text = "q" } })
    local new = corm.select(source.c.text, corm.literal(50)):where(source.c.id:gt(0))
    connection:execute(corm.insert(word):from_select({ "text", "count" }, new)
      :on_conflict_do_update { index_elements = { "text" }, set_ = function(e) return { count = e.count } end })
    assert.equal("a50 b7 q50", rows())
  end)

  it("gives back the rows where INSERT has RETURNING", function()
    local result = connection:execute(counting { text = "a", count = 1 }:returning(word.c.id, word.c.count))
    assert.same({ 1, 6 }, { result:one():unpack() })
  end)

  it("has conditions", function()
    local stmt = corm.insert(word):values { text = "a", count = 1 }
    local guarded = stmt:on_conflict_do_update { index_elements = { "text" }, set_ = { count = 1 },
      where = word.c.count:lt(stmt.excluded.count) }
    if database.lacks "conflict_conditions" then
      raises("CompileError", "say a condition in set_ by case()", function() connection:execute(guarded) end)
      local chosen = corm.case({ word.c.count:lt(stmt.excluded.count), stmt.excluded.count }, { else_ = word.c.count })
      connection:execute(stmt:on_conflict_do_update { index_elements = { "text" }, set_ = { count = chosen } })
    else
      connection:execute(guarded)
    end
    assert.equal("a5 b7", rows())
  end)

  it("finds partial indexes", function()
    if database.lacks "conflict_conditions" then return end
    local partial = corm.MetaData()
    local t = corm.Table("t", partial, Column("id", corm.Integer, { primary_key = true }), Column("n", corm.Integer),
      Column("kind", corm.String(5)))
    corm.Index("t_n", t.c.n, { unique = true, sqlite_where = t.c.kind:eq("x"), postgresql_where = t.c.kind:eq("x") })
    partial:create_all(connection)
    for i = 1, 2 do
      connection:execute(corm.insert(t):values { id = i, n = 1, kind = "x" }
        :on_conflict_do_update { index_elements = { "n" }, index_where = t.c.kind:eq("x"), set_ = { kind = "y" } })
    end
    local row = connection:execute(corm.select(t)):one()
    assert.same({ 1, 1, "y" }, { row:unpack() })
  end)

  it("is about a constraint by name", function()
    if not database.lacks "conflict_constraints" then
      connection:execute(corm.insert(word):values { id = 1, text = "k", count = 9 }
        :on_conflict_do_update { constraint = "word_pkey", set_ = { count = 9 } })
      assert.equal("a9 b7", rows())
    else
      raises("CompileError", "", function()
        connection:execute(corm.insert(word):values { text = "k" }:on_conflict_do_nothing { constraint = "word_pkey" })
      end)
    end
  end)

  it("is MySQL's own where the database is", function()
    local stmt = corm.dialects.mysql.insert(word):values { text = "a", count = 2 }
    stmt = stmt:on_duplicate_key_update { count = stmt.inserted.count + 40 }
    if database.name == "mariadb" then
      connection:execute(stmt)
      assert.equal("a42 b7", rows())
    else
      raises("CompileError", "use on_conflict_do_update", function() connection:execute(stmt) end)
    end
  end)

  it("of a model writes its attributes", function()
    local Base = corm.declarative_base { metadata = metadata }
    local Word = Base:model("Word", { __table__ = word })
    local session = corm.Session { bind = connection }
    session:execute(corm.insert(Word):values { text = "a", count = 3 }
      :on_conflict_do_update { index_elements = { "text" }, set_ = function(e) return { count = e.count } end })
    session:flush()
    assert.equal("a3 b7", rows())
    session:close()
  end)

  it("has its own defaults, and no onupdate", function()
    local t = corm.Table("stamped", corm.MetaData(), Column("id", corm.Integer, { primary_key = true }),
      Column("n", corm.Integer, { default = 10, onupdate = 20 }), Column("m", corm.Integer))
    t:create(connection)
    local stmt = corm.insert(t):values { id = 1, m = 1 }
      :on_conflict_do_update { index_elements = { "id" }, set_ = { m = 2 } }
    connection:execute(stmt)
    assert.same({ 1, 10, 1 }, { connection:execute(corm.select(t)):one():unpack() })
    connection:execute(stmt)
    assert.same({ 1, 10, 2 }, { connection:execute(corm.select(t)):one():unpack() })
  end)

  it("is refused by the wrong arguments", function()
    local stmt = corm.insert(word):values { text = "a" }
    local function update(options) return function() return stmt:on_conflict_do_update(options) end end
    raises("ArgumentError", "which rows conflict", update { set_ = { count = 1 } })
    raises("ArgumentError", "set_ must say", update { index_elements = { "id" } })
    raises("ArgumentError", "nothing is set", update { index_elements = { "id" }, set_ = {} })
    raises("ArgumentError", "did you mean 'text'?", update { index_elements = { "txt" }, set_ = { count = 1 } })
    raises("CompileError", "did you mean 'count'?", update { index_elements = { "id" }, set_ = { coutn = 1 } })
    raises("CompileError", "is not in table 'word'", update { index_elements = { "id" }, set_ = { [source.c.id] = 1 } })
    raises("ArgumentError", "not both", update { index_elements = { "id" }, constraint = "x", set_ = { count = 1 } })
    for _, wrong in ipairs { word, word.c.text, corm.CheckConstraint("1 = 1", { name = "one" }), 5 } do
      raises("ArgumentError", "unique constraint", update { constraint = wrong, set_ = { count = 1 } })
    end
    local other = corm.Table("other", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }))
    raises("ArgumentError", "'other.id' is not in table 'word'",
      update { index_elements = { other.c.id }, set_ = { count = 1 } })
    raises("ArgumentError", "belongs to index_elements", update { constraint = "x", index_where = word.c.id:gt(1),
      set_ = { count = 1 } })
    raises("ArgumentError", "did you mean 'set_'?", update { index_elements = { "id" }, set = { count = 1 } })
    raises("ArgumentError", "a table of column = value", update { index_elements = { "id" }, set_ = "count = 1" })
    raises("ArgumentError", "a condition expected", update { index_elements = { "id" }, set_ = { count = 1 },
      where = true })
    raises("ArgumentError", "a list of columns", update { index_elements = "id", set_ = { count = 1 } })
    raises("ArgumentError", "has no method", function() return corm.update(word):on_conflict_do_nothing() end)
    raises("ArgumentError", "'nothing'", function() return stmt.excluded.nothing end)
  end)
end)
