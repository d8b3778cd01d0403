-- Items of JSON, executed: by key, position and path, read as what they are, whatever the key is.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local select, Column = corm.select, corm.Column

describe("an item of JSON", function()
  local conn, t

  before_each(function()
    local engine = database.engine()
    local metadata = corm.MetaData()
    t = corm.Table("t", metadata, Column("id", corm.Integer, { primary_key = true }), Column("data", corm.JSON))
    metadata:create_all(engine)
    conn = engine:connect()
  end)

  local function store(...)
    for i, data in ipairs { ... } do conn:execute(corm.insert(t), { id = i, data = data }) end
  end

  local function get(x) return conn:scalar(select(x)) end

  local function ids(condition)
    local found = {}
    for row in conn:execute(select(t.c.id):where(condition):order_by(t.c.id)) do found[#found + 1] = row.id end
    return found
  end

  it("is found by key, position and path", function()
    store { a = { 10, { b = "x" } }, n = 5 }
    assert.equal(5, get(t.c.data.n))
    assert.equal(10, get(t.c.data.a[0]))
    assert.equal("x", get(t.c.data:getitem { "a", 1, "b" }))
    assert.equal("x", get(t.c.data.a[1].b))
    assert.same({ b = "x" }, get(t.c.data:getitem { "a", -1 }))
    assert.equal(10, get(t.c.data.a[-2]))
    assert.is_nil(get(t.c.data.missing))
    assert.is_nil(get(t.c.data:getitem { "a", 7 }))
  end)

  it("is read as what it is asked for", function()
    store { s = "text", i = 12, f = 2.5, yes = true, no = false, none = corm.null, d = "12.34" }
    assert.equal("text", get(t.c.data.s:as_string()))
    assert.equal("12", get(t.c.data.i:as_string() .. ""))
    assert.equal(12, get(t.c.data.i:as_integer()))
    assert.equal(2.5, get(t.c.data.f:as_float()))
    assert.is_true(get(t.c.data.yes:as_boolean()))
    assert.is_false(get(t.c.data.no:as_boolean()))
    assert.equal("2.50", tostring(get(t.c.data.f:as_numeric(10, 2)) + corm.decimal "0.00"))
    assert.equal(2.5, get(t.c.data.f:as_numeric(10, 2, { asdecimal = false })))
    assert.equal("text", get(t.c.data.s:as_json()))
    assert.is_nil(get(t.c.data.none:as_string()))
    assert.is_nil(get(t.c.data.none:as_integer()))
    assert.is_nil(get(t.c.data.none:as_boolean()))
  end)

  it("is compared as that", function()
    store({ n = 1, s = "a", ok = true }, { n = 20, s = "b", ok = false }, { n = 3, s = "ab" })
    assert.same({ 2, 3 }, ids(t.c.data.n:as_integer():gt(1)))
    assert.same({ 1, 3 }, ids(t.c.data.s:as_string():like("a%")))
    assert.same({ 1, 2 }, ids(t.c.data.s:as_string():in_ { "a", "b" }))
    assert.same({ 1 }, ids(t.c.data.ok:as_boolean():eq(true)))
    assert.same({ 2 }, ids(t.c.data.ok:as_boolean():eq(false)))
    assert.same({ 3 }, ids(t.c.data.ok:as_boolean():eq(nil)))
    assert.same({ 1 }, ids(t.c.data.n:as_integer():in_ { 1 } & t.c.data.s:as_string():in_ { "a" }))
    assert.equal(24, get(corm.func.sum(t.c.data.n:as_integer())))
    assert.equal("b!", conn:scalar(select(t.c.data.s:as_string() .. "!"):where(t.c.id:eq(2))))
  end)

  it("has any key, and none of them is read as a path", function()
    local keys = {
      "plain", "with space", "a.b", "$", "$.a", "[0]", "*", "**", "'", "--", "a'; DROP TABLE t; --", "{a,b}", ",",
      "\\", "a\\b", '"', 'a"b', "\n", "ü", "", "NULL", "0", "last", "a[1]", "#-1", "%", "?", ":x", "::int",
    }
    -- MariaDB's paths cannot say those that begin with a minus.
    if database.name == "mariadb" then keys[10] = "a--" end
    local data = {}
    for i, key in ipairs(keys) do data[key] = i end
    store(data)
    for i, key in ipairs(keys) do
      assert.equal(i, get(t.c.data:getitem(key):as_integer()), "key " .. key)
      assert.equal(i, get(t.c.data:getitem { key }:as_integer()), "path " .. key)
    end
    assert.equal(1, get(corm.func.count(t.c.id)))
  end)

  it("refuses what is no key", function()
    raises("ArgumentError", "a key, a position, a path", function() return t.c.data:getitem(1.5) end)
    raises("ArgumentError", "a key, a position, a path", function() return t.c.data:getitem(true) end)
    raises("ArgumentError", "an argument is missing", function() return t.c.data:getitem() end)
    raises("ArgumentError", "a path is a list", function() return t.c.data:getitem { "a", 1.5 } end)
    raises("ArgumentError", "a path is a list", function() return t.c.data:getitem { a = 1 } end)
    raises("ArgumentError", "holds a NUL", function() return t.c.data["a\0b"] end)
    raises("ArgumentError", "only JSON and ARRAY have items, this is Integer", function() return t.c.id:getitem(1) end)
    raises("InvalidRequestError", "only works with a JSON index expression", function() return t.c.id:as_integer() end)
    raises("ArgumentError", "the precision and the scale", function() return t.c.data.a:as_numeric(1.5, 2) end)
    raises("ArgumentError", "the scale below it", function() return t.c.data.a:as_numeric(2, 5) end)
    raises("DataError", "no index of JSON", function()
      conn:execute(select(t.c.data:getitem(corm.bindparam "k")), { k = 1.5 })
    end)
  end)

  it("is shown with its key as a literal", function()
    local function literal(x, dialect) return x:compile({ dialect = dialect, literal_binds = true }).string end
    local path = t.c.data:getitem { "a", 0, "it's", 'q"\\', "null", "" }
    assert.equal([[t.data #> '{a, 0, "it''s", "q\"\\", "null", ""}']], literal(path, "postgresql"))
    assert.equal("t.data -> 'it''s'", literal(t.c.data["it's"], "postgresql"))
    assert.equal("t.data -> 2", literal(t.c.data[2], "postgresql"))
    assert.equal([[JSON_QUOTE(JSON_EXTRACT(t.data, '$."it''s"'))]], literal(t.c.data["it's"], "sqlite"))
    assert.equal([[JSON_EXTRACT(t.data, '$."a"[last-1]')]], literal(t.c.data:getitem { "a", -2 }, "mysql"))
    assert.equal([[JSON_QUOTE(JSON_EXTRACT(t.data, '$."a"[#-2]'))]], literal(t.c.data:getitem { "a", -2 }, "sqlite"))
  end)

  it("is found by a parameter and by another column", function()
    store { a = "first", b = "second" }
    local stmt = select(t.c.data:getitem(corm.bindparam "k"):as_string())
    assert.equal("first", conn:scalar(stmt, { k = "a" }))
    assert.equal("second", conn:scalar(stmt, { k = "b" }))
  end)
end)

database.only("mariadb", function()
  describe("an item of JSON on MariaDB", function()
    it("is refused where no path can say its key", function()
      local engine = database.engine()
      local t = corm.Table("t", corm.MetaData(), Column("data", corm.JSON))
      t.metadata:create_all(engine)
      raises("DataError", "begins with a minus", function() engine:connect():execute(select(t.c.data["-a"])) end)
    end)
  end)
end)

database.only("sqlite", function()
  describe("an item of JSON on SQLite", function()
    it("is refused where no path can say its key", function()
      local t = corm.Table("t", corm.MetaData(), Column("data", corm.JSON))
      local engine = database.engine()
      t.metadata:create_all(engine)
      raises("DataError", "no path to a key", function() engine:connect():execute(select(t.c.data['a".b'])) end)
    end)
  end)
end)

database.only("postgresql", function()
  describe("JSONB", function()
    local conn, t

    before_each(function()
      local engine = database.engine()
      local metadata = corm.MetaData()
      t = corm.Table("t", metadata, Column("id", corm.Integer, { primary_key = true }),
        Column("b", corm.dialects.postgresql.JSONB))
      metadata:create_all(engine)
      conn = engine:connect()
      conn:execute(corm.insert(t), { { id = 1, b = { a = 1, list = { 1, 2 } } }, { id = 2, b = { c = { d = "x" } } } })
    end)

    local function ids(condition)
      local found = {}
      for row in conn:execute(select(t.c.id):where(condition):order_by(t.c.id)) do found[#found + 1] = row.id end
      return found
    end

    it("has operators of its own", function()
      assert.same({ 1 }, ids(t.c.b:contains { a = 1 }))
      assert.same({ 2 }, ids(t.c.b:contained_by { c = { d = "x" }, e = 1 }))
      assert.same({ 1 }, ids(t.c.b:has_key "a"))
      assert.same({ 2 }, ids(~t.c.b:has_key "a"))
      assert.same({ 1 }, ids(t.c.b:has_all { "a", "list" }))
      assert.same({ 1, 2 }, ids(t.c.b:has_any { "a", "c" }))
      assert.same({ 2 }, ids(t.c.b:has_any(corm.dialects.postgresql.array { "c", "z" })))
      assert.same({ 2 }, ids(t.c.b.c:has_key "d"))
      assert.same({ 1 }, ids(t.c.b:path_exists "$.list[*] ? (@ > 1)"))
      assert.same({ 1 }, ids(t.c.b:path_match "$.a == 1"))
      assert.same({ 2 }, ids(t.c.b:getitem({ "c", "d" }):astext():eq "x"))
      assert.same({ 1 }, ids(t.c.b.a:eq(1)))
      assert.same({ 1 }, ids(t.c.b.list:eq { 1, 2 }))
    end)

    it("is joined and cut", function()
      local joined, cut = t.c.b .. { z = 9 }, t.c.b:delete_path { "list", "0" }
      local row = conn:execute(select(joined:label "joined", cut:label "cut"):where(t.c.id:eq(1))):one()
      assert.same({ a = 1, list = { 1, 2 }, z = 9 }, row.joined)
      assert.same({ a = 1, list = { 2 } }, row.cut)
    end)
  end)
end)
