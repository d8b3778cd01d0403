-- Attacks by values: they are bound, come back byte for byte, and never change the text. The rows are numbered as those
-- of the list of attacks: A1, A8, A15 ...
local canary = require "spec.support.canary"
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

local evil, select = canary.evil, corm.select

canary.describe("injection by values:", function(w)
  local conn, t
  before_each(function() conn, t = w.conn, w.t end)

  local function scalar(expression) return conn:execute(select(expression)):scalar() end

  it("A1 values come back byte for byte", function()
    for i, value in ipairs(evil) do
      conn:execute(corm.insert(t):values { id = i, name = value, data = value, doc = { [value] = value } })
      local row = conn:execute(select(t):where(t.c.id:eq(i), t.c.name:eq(value), t.c.data:eq(value))):one()
      assert.same({ value, value, value }, { row.name, row.data, row.doc[value] })
      assert.equal(1, conn:execute(select(corm.func.count()):where(t.c.name:in_ { value, "-" }, t.c.id:eq(i))):scalar())
      conn:execute(corm.update(t):where(t.c.name:eq(value)):values { name = value .. "2" })
      assert.equal(value .. "2", conn:execute(select(t.c.name):where(t.c.id:eq(i))):scalar())
      conn:execute(corm.delete(t):where(t.c.name:eq(value .. "2")))
      assert.equal(0, conn:execute(select(corm.func.count()):select_from(t)):scalar())
    end
  end)

  it("A1 in every kind of expression", function()
    for _, value in ipairs(evil) do
      assert.equal(value, scalar(corm.literal(value)))
      assert.equal(value, scalar(corm.func.coalesce(value, "x")))
      assert.equal(value, scalar(corm.case({ corm.literal(value):eq(value), value }, { else_ = "x" })))
      assert.equal(value .. value, scalar(corm.literal(value) .. value))
      assert.equal(value, scalar(corm.cast(value, corm.Text)))
      assert.equal(value, conn:execute(corm.text("select :v"), { v = value }):scalar())
      local parameter = corm.bindparam("v", nil, { type_ = corm.String })
      assert.equal(value, conn:execute(select(parameter), { v = value }):scalar())
    end
  end)

  it("A1 shown as literals they are escaped, as each database wants it", function()
    for _, value in ipairs(evil) do
      local shown = select(corm.literal(value)):compile({ dialect = database.name, literal_binds = true }).string
      assert.equal(value, conn:execute(corm.text(shown)):scalar())
    end
  end)

  it("A8 keys of JSON are bound as one element of the path", function()
    for i, key in ipairs(evil) do
      conn:execute(corm.insert(t):values { id = i, doc = { [key] = "here", other = { [key] = i } } })
      local row = select(t.c.id):where(t.c.id:eq(i))
      if database.name == "mariadb" and key:sub(1, 1) == "-" then
        raises("DataError", "begins with a minus", function() conn:execute(select(t.c.doc[key])) end)
      else
        assert.equal(i, conn:execute(row:where(t.c.doc[key]:as_string():eq("here"))):scalar(), key)
        assert.equal(i, conn:execute(row:where(t.c.doc:getitem { "other", key }:as_integer():eq(i))):scalar(), key)
        assert.is_nil(conn:execute(row:where(t.c.doc[key .. "x"]:as_string():eq("here"))):scalar())
      end
    end
    canary.same_text(function(key) return select(t.c.doc[key]:as_string()) end, "k", "a')) or 1=1--")
    raises("ArgumentError", "NUL", function() return t.c.doc["a\0b"] end)
  end)

  it("A15 a value in the select or GROUP BY list is bound", function()
    local stmt = select(corm.literal("x'); drop table canary--")):group_by(corm.literal("y"))
    assert.equal("SELECT :param_1 AS anon_1 GROUP BY :param_2", sql.of(stmt))
    raises("ArgumentError", "corm.text", select, "x'; drop")
    conn:execute(corm.insert(t):values { id = 1 })
    assert.equal("x'; drop", conn:execute(select(corm.literal("x'; drop"), t.c.id):select_from(t)):scalar())
  end)

  it("A16 a negative number behind a minus makes no comment", function()
    for _, x in ipairs { t.c.id - corm.literal(-1), -corm.literal(-1), corm.literal(0) - corm.literal(-1.5),
      -(-corm.literal(-1)) } do
      for _, dialect in ipairs { "sqlite", "postgresql", "mysql", "mariadb" } do
        local shown = x:compile({ literal_binds = true, dialect = dialect }).string
        assert.is_nil(shown:find("--", 1, true), shown)
      end
    end
    assert.equal(1, scalar(-corm.literal(-1)))
    assert.equal(3, scalar(corm.literal(2) - corm.literal(-1)))
    assert.equal("a -1 b", scalar(corm.literal("a ") .. corm.literal("-1") .. " b"))
  end)

  it("A17 a value that is longer than its column is refused before it is sent", function()
    raises("DataError", "has 201 characters", function()
      conn:execute(corm.insert(t):values { id = 1, name = ("x"):rep(201) })
    end)
    local long = ("'"):rep(1000000)
    assert.equal(#long, conn:execute(select(corm.func.length(corm.cast(long, corm.Text)))):scalar())
  end)

  it("A18 markers inside values, quotes and comments are no markers", function()
    local name = database.name == "mariadb" and "`:a`" or '":a"'
    local stmt = corm.text(("select :a, :b, ':a' /* :a */ -- :a\n , %s from (select 'q' as %s) as t")
      :format(name, name))
    assert.same({ ":b", "2", ":a", "q" }, { conn:execute(stmt, { a = ":b", b = "2" }):one():unpack() })
    stmt = corm.text "select :a, :b, :c"
    assert.same({ "?", "$1", ":a" }, { conn:execute(stmt, { a = "?", b = "$1", c = ":a" }):one():unpack() })
  end)

  it("A20 broken UTF-8 is refused as text and kept as bytes", function()
    local broken = { "\xc0'", "\xe5\x5c'", "\xff", "a\xed\xa0\x80", "\xbf\x5c'", "\xf8\x88", "'\xe2" }
    for i, bytes in ipairs(broken) do
      raises("DataError", "UTF-8", function() conn:execute(corm.insert(t):values { id = i, name = bytes }) end)
      raises("DataError", "UTF-8", function() conn:execute(select(t):where(t.c.name:eq(bytes))) end)
      raises("DataError", "UTF-8", function() conn:execute(select(corm.literal(bytes))) end)
      raises("DataError", "UTF-8", function() corm.literal(bytes, corm.NullType):compile { literal_binds = true } end)
      raises("DataError", "", function() conn:execute(select(t.c.doc[bytes])):all() end)
      raises("ArgumentError", "UTF-8", corm.text, "select '" .. bytes)
      conn:execute(corm.insert(t):values { id = i, data = bytes })
      assert.equal(bytes, conn:execute(select(t.c.data):where(t.c.id:eq(i))):scalar())
    end
    raises("DataError", "NUL", function() conn:execute(select(t):where(t.c.name:eq("a\0b"))) end)
  end)

  it("A21 settings that raw SQL changes neither change a value nor outlive the connection's use", function()
    local change = {
      sqlite = { "PRAGMA case_sensitive_like = 1" },
      postgresql = { "SET standard_conforming_strings = off", "SET backslash_quote = on" },
      mariadb = { "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'", "SET sql_mode = ''" },
    }
    local setting = {
      sqlite = "PRAGMA encoding", postgresql = "SHOW standard_conforming_strings", mariadb = "SELECT @@sql_mode",
    }
    local function ask() return tostring(conn:execute(corm.text(setting[database.name])):scalar()) end
    local before = ask()
    for _, statement in ipairs(change[database.name]) do
      conn:execute(corm.text(statement))
      for i, value in ipairs(evil) do
        conn:execute(corm.insert(t):values { id = i, name = value })
        assert.equal(value, conn:execute(select(t.c.name):where(t.c.name:eq(value), t.c.id:eq(i))):scalar())
      end
      conn:rollback()
      conn:close()
      conn = w.engine:connect()
      w.conn = conn
      assert.equal(before, ask())
    end
  end)

  it("A22 a text is searched for as it is, when it is told to be one", function()
    local texts = { "100%", "_", "a\\b", "[x]", "a/b", "%", "x_y%z\\", "''", "^", "!" }
    for i, text in ipairs(texts) do conn:execute(corm.insert(t):values { id = i, name = "<" .. text .. ">" }) end
    conn:execute(corm.insert(t):values { id = 99, name = "plain" })
    for i, text in ipairs(texts) do
      for method, affix in pairs { contains = text, startswith = "<" .. text, endswith = text .. ">" } do
        local condition = t.c.name[method](t.c.name, affix, { autoescape = true })
        local found = conn:execute(select(t.c.name):where(condition, t.c.id:eq(i))):scalar()
        assert.equal("<" .. text .. ">", found, method .. " " .. text)
        assert.is_nil(conn:execute(select(t.c.id):where(condition, t.c.id:eq(99))):scalar(), text)
      end
    end
    raises("ArgumentError", "must be one character", function() return t.c.name:like("x", { escape = "' OR" }) end)
    canary.same_text(function(v) return t.c.name:contains(v, { autoescape = true }) end, "a", "100%_/'")
  end)

  it("A24 a number that an integer column cannot hold is refused, not compared in another way", function()
    for _, value in ipairs { 1.5, 2.0 ^ 63, -2.0 ^ 70, "1", "1 OR 1=1", 0 / 0, 1 / 0 } do
      raises("DataError", "t.id", function() conn:execute(select(t):where(t.c.id:eq(value))):all() end)
      raises("DataError", "t.id", function() conn:execute(select(t):where(t.c.id:in_ { 1, value })):all() end)
      raises("DataError", "t.id", function()
        conn:execute(corm.update(t):where(t.c.id:lt(value)):values { name = "x" })
      end)
      raises("DataError", "t.id", function() conn:execute(corm.delete(t):where(t.c.id:ge(value))) end)
    end
    conn:execute(corm.insert(t):values { id = 7.0 })
    assert.equal(7, conn:execute(select(t.c.id):where(t.c.id:eq(7.0))):scalar())
  end)
end)
