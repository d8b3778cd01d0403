-- Regular expressions and full text, executed.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local select, Column = corm.select, corm.Column

describe("regexp_match", function()
  local conn, t

  before_each(function()
    local engine = database.engine()
    local metadata = corm.MetaData()
    t = corm.Table("t", metadata, Column("id", corm.Integer, { primary_key = true }), Column("s", corm.String(50)),
      Column("p", corm.String(20)))
    metadata:create_all(engine)
    conn = engine:connect()
    conn:execute(corm.insert(t), {
      { id = 1, s = "apple", p = "^a" }, { id = 2, s = "Banana", p = "^b" }, { id = 3, s = "cherry", p = "r{2}y$" },
      { id = 4, s = corm.null, p = "x" },
    })
  end)

  local function ids(condition)
    local found = {}
    for row in conn:execute(select(t.c.id):where(condition):order_by(t.c.id)) do found[#found + 1] = row.id end
    return found
  end

  it("finds a pattern anywhere in the text", function()
    assert.same({ 1 }, ids(t.c.s:regexp_match "^a"))
    assert.same({ 1, 2 }, ids(t.c.s:regexp_match "a|p{3}"))
    assert.same({ 3 }, ids(t.c.s:regexp_match "r{2}"))
    assert.same({ 1, 3 }, ids(t.c.s:regexp_match "e" & t.c.id:gt(0)))
    assert.same({ 2 }, ids(t.c.s:regexp_match "an"))
  end)

  it("is negated, and unknown for NULL", function()
    assert.same({ 2, 3 }, ids(~t.c.s:regexp_match "^a"))
    assert.same({ 1 }, ids(corm.not_(corm.not_(t.c.s:regexp_match "^a"))))
  end)

  it("takes flags", function()
    assert.same({ 1, 2 }, ids(t.c.s:regexp_match("A", { flags = "i" })))
    assert.same({ 3 }, ids(~t.c.s:regexp_match("A", { flags = "i" })))
    assert.same({ 2 }, ids(t.c.s:regexp_match("^ban", { flags = "im" })))
  end)

  it("takes the pattern from a column", function()
    assert.same({ 1, 3 }, ids(t.c.s:regexp_match(t.c.p) & t.c.id:ne(2)))
  end)

  it("searches bytes to their end, over those that are 0", function()
    local metadata = corm.MetaData()
    local blob = corm.Table("blobs", metadata, Column("id", corm.Integer, { primary_key = true }),
      Column("b", corm.LargeBinary))
    metadata:create_all(conn)
    conn:execute(corm.insert(blob), {
      { id = 1, b = "a\0b" }, { id = 2, b = "\255\254x" }, { id = 3, b = "" }, { id = 4, b = "ab\0" },
      { id = 5, b = corm.null },
    })
    local function found(condition)
      return conn:scalars(select(blob.c.id):where(condition):order_by(blob.c.id)):all()
    end
    if database.name == "postgresql" then
      raises("CompileError", "func.encode(x, \"escape\")", found, blob.c.b:regexp_match "b$")
      assert.same({ 1 }, found(corm.func.encode(blob.c.b, "escape"):regexp_match "b$"))
    else
      assert.same({ 1 }, found(blob.c.b:regexp_match "b$"))
      assert.same({ 1, 4 }, found(blob.c.b:regexp_match "^a"))
      assert.same({ 2 }, found(blob.c.b:regexp_match "x"))
      assert.same({ 3 }, found(blob.c.b:regexp_match "^$"))
      assert.same({ 2, 3, 4 }, found(~blob.c.b:regexp_match "b$"))
    end
  end)

  it("refuses what is no pattern, and flags that are none", function()
    raises("ArgumentError", "a pattern expected, got integer", function() return t.c.s:regexp_match(5) end)
    raises("ArgumentError", "a pattern expected, got nil", function() return t.c.s:regexp_match(nil) end)
    for _, flags in ipairs { "i')", "z", "", "i i", "'" } do
      raises("ArgumentError", "flags are some of the letters",
        function() return t.c.s:regexp_match("a", { flags = flags }) end)
    end
    raises("ArgumentError", "holds a NUL", function() return t.c.s:regexp_match("a", { flags = "i\0" }) end)
    raises("ArgumentError", "flag", function() return t.c.s:regexp_match("a", { flag = "i" }) end)
    raises("ArgumentError", "a replacement expected", function() return t.c.s:regexp_replace("a", 5) end)
    assert.is_false(pcall(conn.execute, conn, select(t.c.id):where(t.c.s:regexp_match "(")))
  end)

  database.needs("regexp_replace", function()
    it("replaces, first or all", function()
      local function replaced(x) return conn:scalar(select(x):where(t.c.id:eq(2))) end
      assert.equal("Bonana", replaced(t.c.s:regexp_replace("^(.)a", "\\1o")))
      assert.equal("Bonana", replaced(t.c.s:regexp_replace("^BA", "Bo", { flags = "i" })))
    end)
  end)

  it("stays cheap and safe on SQLite", function()
    if database.name ~= "sqlite" then return end
    raises("OperationalError", "too large", ids, t.c.s:regexp_match "a{500}{500}")
    raises("OperationalError", "too large", ids, t.c.s:regexp_match(("a"):rep(20000)))
    raises("OperationalError", "flags are i and m", ids, t.c.s:regexp_match "(?x)a")
    raises("CompileError", "the flags i and m", ids, t.c.s:regexp_match("a", { flags = "g" }))
    raises("CompileError", "func.replace()", function() conn:execute(select(t.c.s:regexp_replace("a", "b"))) end)
    assert.same({ 2 }, ids(t.c.s:regexp_match "(?i)^b"))
  end)
end)

describe("match", function()
  local conn, t

  local function found(condition)
    local ids = {}
    for row in conn:execute(select(t.c.title):where(condition):order_by(t.c.title)) do ids[#ids + 1] = row.title end
    return ids
  end

  before_each(function()
    local engine = database.engine()
    t = corm.Table("doc", corm.MetaData(), Column("title", corm.String(50)), Column("body", corm.Text))
    conn = engine:connect()
    conn:exec_driver_sql(({
      sqlite = "CREATE VIRTUAL TABLE doc USING fts5(title, body)",
      postgresql = "CREATE TABLE doc (title VARCHAR(50), body TEXT)",
      mariadb = "CREATE TABLE doc (title VARCHAR(50), body TEXT, FULLTEXT (title), FULLTEXT (body), " ..
        "FULLTEXT (title, body)) ENGINE=MyISAM",
    })[database.name])
    conn:execute(corm.insert(t), {
      { title = "one", body = "the quick brown fox" }, { title = "two", body = "lazy dogs sleep" },
      { title = "three", body = "a brown bear" },
    })
  end)

  it("finds words", function()
    assert.same({ "one", "three" }, found(t.c.body:match "brown"))
    assert.same({ "two" }, found(t.c.body:match "lazy"))
    assert.same({ "three" }, found(t.c.body:match "brown" & t.c.title:ne "one"))
  end)

  if database.name ~= "sqlite" then -- MATCH of FTS5 has to be the query's own index
    it("is negated", function() assert.same({ "two" }, found(~t.c.body:match "brown")) end)
  end

  database.only("postgresql", function()
    it("takes a configuration", function()
      assert.same({ "two" }, found(t.c.body:match("dog", { postgresql_regconfig = "english" })))
      raises("ArgumentError", "text search configuration", function()
        return t.c.body:match("dog", { postgresql_regconfig = "a'b" })
      end)
    end)
  end)

  database.only("mariadb", function()
    it("takes modes and several columns", function()
      local match = corm.dialects.mysql.match
      assert.same({ "one" }, found(t.c.body:match "+brown +quick"))
      assert.same({ "three" }, found(match(t.c.title, t.c.body, { against = "+bear", in_boolean_mode = true })))
      assert.same({ "two" }, found(t.c.body:match("sleep", { mysql_natural_language = true })))
    end)
  end)

  it("matches several columns on MySQL only", function()
    local both = corm.dialects.mysql.match(t.c.title, t.c.body, { against = "x" })
    assert.equal("MATCH (doc.title, doc.body) AGAINST (:param_1)", both:compile { dialect = "mysql" }.string)
    for _, dialect in ipairs { "sqlite", "postgresql" } do
      raises("CompileError", "one column at a time", function() both:compile { dialect = dialect } end)
    end
  end)

  it("refuses modes that do not go together", function()
    local match = corm.dialects.mysql.match
    raises("ArgumentError", "boolean mode goes with neither", function()
      return match(t.c.body, { against = "x", in_boolean_mode = true, with_query_expansion = true })
    end)
    raises("ArgumentError", "'against'", function() return match(t.c.body, {}) end)
    raises("ArgumentError", "columns", function() return match { against = "x" } end)
  end)
end)
