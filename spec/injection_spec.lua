-- Attacks by text that comes from elsewhere: values stay values, and what would become SQL is refused or quoted whole.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

local evil = {
  "'; DROP TABLE canary;--", '"; DROP TABLE canary;--', "`; DROP TABLE canary;--", "\\'; DROP TABLE canary;--", "$$",
    "/*", "*/",
  "?", "?1", "$1", ":x", ":name_1", "%s", "%(x)s", "--", ";", "''", "\\", "\n", "1 OR 1=1",
}

describe("injection:", function()
  local engine, conn, t
  before_each(function()
    engine = database.engine()
    t = corm.Table("t", corm.MetaData(),
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("name", corm.String(100)),
      corm.Column("data", corm.LargeBinary))
    t.metadata:create_all(engine)
    conn = engine:connect()
    conn:execute(corm.text "create table canary (id integer)")
    conn:execute(corm.text "insert into canary values (1)")
  end)
  after_each(function()
    assert.equal(1, conn:execute(corm.text "select count(*) from canary"):scalar())
    conn:close()
    engine:dispose()
  end)

  it("values come back byte for byte (A1)", function()
    for i, value in ipairs(evil) do
      conn:execute(corm.insert(t):values { id = i, name = value, data = value })
      local row = conn:execute(corm.select(t):where(t.c.name:eq(value))):one()
      assert.same({ i, value, value }, { row.id, row.name, row.data })
      assert.equal(1, conn:execute(corm.select(corm.func.count()):where(t.c.name:in_ { value })):scalar())
      assert.equal(value, conn:execute(corm.text("select :v"), { v = value }):scalar())
      assert.equal(value, conn:execute(corm.select(corm.literal(value))):scalar())
      assert.equal(value, conn:execute(corm.select(corm.func.coalesce(value, "x"))):scalar())
    end
  end)

  it("values shown as literals are escaped (A1)", function()
    for _, value in ipairs(evil) do
      local shown = corm.select(corm.literal(value)):compile({ dialect = database.name, literal_binds = true }).string
      assert.equal(value, conn:execute(corm.text(shown)):scalar())
    end
  end)

  it("strings in order_by and group_by name selected columns only (A2, A3, A4)", function()
    local stmt = corm.select(t.c.id, t.c.name:label("n"))
    for _, text in ipairs { "name; drop table canary", "(case when 1 then 1 end)", "id desc", "n, id", "t.id", '"id"',
      "1", "", "id--" } do
      raises("ArgumentError", "no label or column", function() stmt:order_by(text) end)
      raises("ArgumentError", "no label or column", function() stmt:group_by(text) end)
    end
    local odd = corm.select(t.c.id:label('a"."b; drop')):order_by('a"."b; drop')
    assert.equal('SELECT t.id AS "a"".""b; drop" FROM t ORDER BY "a"".""b; drop"', sql.of(odd))
  end)

  it("limit and offset take whole numbers only (A5)", function()
    local stmt = corm.select(t.c.id)
    for _, bad in ipairs { "1; delete from t", "1 union select 1", "5", -1, 2.5, 0 / 0, 2 ^ 63, math.huge, true, {} } do
      raises("ArgumentError", "a whole number", function() stmt:limit(bad) end)
      raises("ArgumentError", "a whole number", function() stmt:offset(bad) end)
    end
    assert.same({ param_1 = 5 }, stmt:limit(5.0):compile().params)
  end)

  it("labels and aliases are quoted whole (A6)", function()
    local name = 'a" from x--'
    assert.equal('SELECT t.id AS "a"" from x--" FROM t', sql.of(corm.select(t.c.id:label(name))))
    assert.equal('SELECT "a"" from x--".id FROM t AS "a"" from x--"', sql.of(corm.select(t:alias(name).c.id)))
    assert.equal('SELECT "a"" from x--".id FROM (SELECT t.id AS id FROM t) AS "a"" from x--"',
      sql.of(corm.select(corm.select(t.c.id):subquery(name).c.id)))
    t:alias(name)
    conn:execute(corm.insert(t):values { id = 7 })
    assert.equal(7, conn:execute(corm.select(t.c.id:label(name))):one()[name])
  end)

  it("labels and aliases with control characters are refused (A7)", function()
    for _, bad in ipairs { "a\nb", "a\0b", "a\27b", "\r", "" } do
      raises("IdentifierError", "label", function() t.c.id:label(bad) end)
      raises("IdentifierError", "alias", function() t:alias(bad) end)
      raises("IdentifierError", "alias", function() corm.select(t.c.id):subquery(bad) end)
    end
  end)

  it("cast takes types, not text (A9)", function()
    raises("ArgumentError", "type", corm.cast, t.c.id, "integer) from canary--")
    raises("ArgumentError", "type", function() t.c.id:cast("x::text) from ..") end)
  end)

  it("operators from data are refused (A10)", function()
    for _, bad in ipairs { ") or (", "or 1=1 or 'a'", "= 1; drop table canary; --", "--", "/*", "", '"', "a\nb",
      "a\0b" } do
      raises("ArgumentError", "is no operator", function() t.c.id:op(bad) end)
      raises("ArgumentError", "is no operator", function() t.c.id:bool_op(bad) end)
    end
    raises("ArgumentError", "unknown field", corm.extract, "year from now()); --", t.c.id)
  end)

  it("a table where a scalar belongs is refused (A11)", function()
    local input = { ["!="] = "" }
    raises("ArgumentError", "operators are methods", function() t.c.name:eq(input) end)
    raises("ArgumentError", "operators are methods", function() corm.select(t):filter_by { name = input } end)
    raises("ArgumentError", "operators are methods", function() corm.insert(t):values { name = input } end)
    raises("ArgumentError", "sequence", function() t.c.name:in_(input) end)
  end)

  it("an empty filter selects, but does not delete or update (A12)", function()
    local missing = ({}).id
    assert.equal("SELECT t.id FROM t", sql.of(corm.select(t.c.id):filter_by { id = missing }))
    raises("ArgumentError", "all = true", function() conn:execute(corm.delete(t):filter_by { id = missing }) end)
    raises("ArgumentError", "expected", function() corm.delete(t):where(missing) end)
  end)

  it("collations are identifiers (A13)", function()
    assert.equal('t.name COLLATE "nocase; drop"', sql.of(t.c.name:collate("nocase; drop")))
    raises("IdentifierError", "collation", function() t.c.name:collate("x\0y") end)
  end)

  it("a value in the select or GROUP BY list is bound (A15)", function()
    local stmt = corm.select(corm.literal("x'); drop table canary--")):group_by(corm.literal("y"))
    assert.equal("SELECT :param_1 AS anon_1 GROUP BY :param_2", sql.of(stmt))
    raises("ArgumentError", "corm.text", corm.select, "x'; drop")
    assert.equal("SELECT 5 FROM t", sql.of(corm.select(5):select_from(t)))
  end)

  it("a negative number after a minus makes no comment (A16)", function()
    local shown = (t.c.id - corm.literal(-1)):compile({ literal_binds = true }).string
    assert.is_nil(shown:find("--", 1, true))
    shown = (-corm.literal(-1)):compile({ literal_binds = true }).string
    assert.is_nil(shown:find("--", 1, true))
    assert.equal(1, conn:execute(corm.select(-corm.literal(-1))):scalar())
  end)

  it("markers inside values, quotes and comments are no markers (A18)", function()
    local name = database.name == "mariadb" and "`:a`" or '":a"'
    local stmt = corm.text(("select :a, :b, ':a' /* :a */ -- :a\n , %s from (select 'q' as %s) as t")
      :format(name, name))
    assert.same({ ":b", "2", ":a", "q" }, { conn:execute(stmt, { a = ":b", b = "2" }):one():unpack() })
  end)

  it("identifiers are quoted exactly or refused (A19)", function()
    for _, name in ipairs { 'q"q', "a.b", "a b", "select", "MiXed", "1st", "ü", ("x"):rep(60),
      "'; drop table canary; --", "sqlite" } do
      local metadata = corm.MetaData()
      local odd = corm.Table(name, metadata, corm.Column("id", corm.Integer, { primary_key = true }),
        corm.Column(name, corm.String(100)),
        corm.Index("ix " .. name, name))
      metadata:create_all(conn)
      conn:execute(corm.insert(odd):values { id = 1, [odd.c[name]] = name })
      assert.equal(name, conn:execute(corm.select(odd.c[name]):where(odd.c[name]:eq(name))):scalar())
      local alias = odd:alias(name .. "2")
      assert.equal(1, conn:execute(corm.select(alias.c.id):where(alias.c[name]:eq(name))):scalar())
      metadata:drop_all(conn)
    end
    for _, bad in ipairs { "", "a\0b", "a\nb", ("x"):rep(300), "\xff", "\xe5\x5c" } do
      raises("IdentifierError", "column", corm.Column, bad, corm.Integer)
      raises("IdentifierError", "table", corm.Table, bad, corm.MetaData())
      raises("IdentifierError", "index", corm.Index, bad, "a")
      raises("IdentifierError", "function", function() return corm.func[bad] end)
      raises("IdentifierError", "bindparam", corm.bindparam, bad)
    end
  end)

  it("function names are quoted when they are odd (A19)", function()
    local text = sql.of(corm.func["f(1); drop"](1))
    assert.equal('"f(1); drop"(', text:match("^[^:]+"))
    assert.is_truthy(text:match("%(:[%w_]+%)$"))
  end)

  it("broken UTF-8 is refused as text and kept as bytes (A20)", function()
    for _, bytes in ipairs { "\xc0'", "\xe5\x5c'", "\xff", "a\xed\xa0\x80" } do
      raises("DataError", "UTF-8", function() conn:execute(corm.insert(t):values { name = bytes }) end)
      conn:execute(corm.insert(t):values { data = bytes })
      assert.equal(bytes, conn:execute(corm.select(t.c.data):order_by(t.c.id:desc()):limit(1)):scalar())
      raises("ArgumentError", "UTF-8", corm.text, "select '" .. bytes)
    end
  end)

  it("server defaults, checks and enum values are quoted (A23)", function()
    local metadata = corm.MetaData()
    local x = corm.Column("x", corm.String(100), { server_default = "a'); drop table canary; --" })
    corm.Table("u", metadata, corm.Column("id", corm.Integer, { primary_key = true }), x,
      corm.Column("e", corm.Enum("it's", "'); drop table canary; --", { create_constraint = true })),
      corm.CheckConstraint(x:ne("'); drop table canary; --")))
    metadata:create_all(conn)
    conn:execute(corm.insert(metadata.tables.u):values { id = 1 })
    assert.equal("a'); drop table canary; --", conn:execute(corm.select(x)):scalar())
  end)
end)
