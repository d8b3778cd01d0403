-- Attacks by names, keys and options: quoted whole where they are names, refused where they would be SQL. The rows are
-- numbered as those of the list of attacks: A2, A3 ...
local canary = require "spec.support.canary"
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

local evil, select = canary.evil, corm.select

-- What an odd name looks like in each dialect.
local function quoted(name, dialect)
  local mark = (dialect == "mysql" or dialect == "mariadb") and "`" or '"'
  return mark .. name:gsub(mark, mark .. mark) .. mark
end

canary.describe("injection by names:", function(w)
  local conn, t
  before_each(function() conn, t = w.conn, w.t end)

  it("A2 order_by takes names of what is selected, no SQL", function()
    local stmt = select(t.c.id, t.c.name:label("n"))
    for _, text in ipairs { "name; drop table canary", "(case when 1 then 1 end)", "id desc", "n, id", "t.id", '"id"',
      "1", "", "id--", "id asc nulls last", "`id`", "n/**/", "(select 1)" } do
      raises("ArgumentError", "no label or column", function() stmt:order_by(text) end)
    end
    for _, text in ipairs(evil) do
      raises("ArgumentError", "no label or column", function() stmt:order_by(text) end)
    end
    assert.equal("SELECT t.id, t.name AS n FROM t ORDER BY n", sql.of(stmt:order_by("n")))
  end)

  it("A3 group_by likewise", function()
    local stmt = select(t.c.id, t.c.name:label("n"))
    for _, text in ipairs { "(case when 1 then 1 end)", "id, name", "t.id", "1" } do
      raises("ArgumentError", "no label or column", function() stmt:group_by(text) end)
    end
    for _, text in ipairs(evil) do
      raises("ArgumentError", "no label or column", function() stmt:group_by(text) end)
    end
    raises("ArgumentError", "got a string", function() stmt:having("1=1") end)
    raises("ArgumentError", "got a string", function() stmt:where("1=1") end)
  end)

  it("A4 a label with a dot or a quote that is ordered by is quoted whole", function()
    for _, name in ipairs { 'a"."b; drop', "a.b", "a`b", "a'b", "x; drop table canary; --" } do
      local stmt = select(t.c.id:label(name)):order_by(name)
      for _, dialect in ipairs { "sqlite", "postgresql", "mysql", "mariadb" } do
        local shown = quoted(name, dialect)
        assert.equal(("SELECT t.id AS %s FROM t ORDER BY %s"):format(shown, shown), sql.of(stmt, dialect))
      end
      conn:execute(stmt):all()
    end
  end)

  it("A5 limit and offset take whole numbers only, and bind them", function()
    local stmt = select(t.c.id)
    for _, bad in ipairs { "1; delete from t", "1 union select 1", "5", -1, 2.5, 0 / 0, 2 ^ 63, math.huge, true, {},
      print, math.mininteger } do
      raises("ArgumentError", "a whole number", function() stmt:limit(bad) end)
      raises("ArgumentError", "a whole number", function() stmt:offset(bad) end)
    end
    assert.same({ param_1 = 5 }, stmt:limit(5.0):compile().params)
    canary.same_text(function(n) return stmt:limit(n):offset(n) end, 0, math.maxinteger)
    raises("ArgumentError", "fetch", function() stmt:fetch("1; drop") end)
    raises("ArgumentError", "slice", function() stmt:slice("1", "2; drop") end)
  end)

  it("A6 labels and aliases are quoted whole", function()
    conn:execute(corm.insert(t):values { id = 7 })
    for _, name in ipairs { 'a" from x--', "a` from x--", "a' from x--", "a]b", "select", "a b", "ü", "$1", ":x", "?",
      "%s", "/*", "--", "x) as y, (" } do
      assert.equal(7, conn:execute(select(t.c.id:label(name))):one()[name], name)
      local alias = t:alias(name)
      assert.equal(7, conn:execute(select(alias.c.id):where(alias.c.id:eq(7))):scalar(), name)
      local sub = select(t.c.id:label(name)):subquery(name)
      assert.equal(7, conn:execute(select(sub.c[name]):where(sub.c[name]:eq(7))):scalar(), name)
      for _, dialect in ipairs { "sqlite", "postgresql", "mysql", "mariadb" } do
        local shown = sql.of(select(t.c.id:label(name)), dialect)
        assert.equal(("SELECT t.id AS %s FROM t"):format(quoted(name, dialect)), shown)
      end
    end
  end)

  it("A7 names with control characters are refused", function()
    for _, bad in ipairs { "a\nb", "a\0b", "a\27b", "\r", "", "\127", "a\tb" } do
      raises("IdentifierError", "label", function() return t.c.id:label(bad) end)
      raises("IdentifierError", "alias", function() return t:alias(bad) end)
      raises("IdentifierError", "alias", function() return select(t.c.id):subquery(bad) end)
      raises("IdentifierError", "bindparam", corm.bindparam, bad)
      raises("IdentifierError", "column", corm.column, bad)
    end
  end)

  it("A9 casts take types, no text", function()
    for _, text in ipairs { "integer) from canary--", "x::text) from ..", "Integer", "int" } do
      raises("ArgumentError", "type", corm.cast, t.c.id, text)
      raises("ArgumentError", "type", corm.type_coerce, t.c.id, text)
      raises("ArgumentError", "type", function() return t.c.id:cast(text) end)
      raises("ArgumentError", "", corm.func.f, 1, { type_ = text })
      raises("ArgumentError", "type", corm.literal, 1, text)
    end
  end)

  it("A10 operators and connectors from data are refused", function()
    for _, bad in ipairs { ") or (", "or 1=1 or 'a'", "= 1; drop table canary; --", "--", "/*", "*/", "", '"', "a\nb",
      "a\0b", "`", "\\", "ü", ("x"):rep(65) } do
      raises("ArgumentError", "is no operator", function() return t.c.id:op(bad) end)
      raises("ArgumentError", "is no operator", function() return t.c.id:bool_op(bad) end)
    end
    raises("ArgumentError", "unknown field", corm.extract, "year from now()); --", t.c.id)
    raises("InvalidRequestError", "no column", function() return select(t):filter_by { ["id = 1 or id"] = 1 } end)
    raises("InvalidRequestError", "no column", function() return select(t):filter_by { _connector = "or 1=1 or" } end)
  end)

  it("A11 a table where a scalar belongs is refused", function()
    local input = { ["!="] = "" }
    raises("ArgumentError", "operators are methods", function() return t.c.name:eq(input) end)
    raises("ArgumentError", "operators are methods", function() return select(t):filter_by { name = input } end)
    raises("ArgumentError", "operators are methods", function() return corm.insert(t):values { name = input } end)
    raises("ArgumentError", "operators are methods", function() return corm.update(t):values { name = { "x" } } end)
    raises("ArgumentError", "operators are methods", function() return t.c.name:like { "%" } end)
    raises("ArgumentError", "operators are methods", function() return t.c.id:between({}, {}) end)
    raises("ArgumentError", "sequence", function() return t.c.name:in_(input) end)
  end)

  it("A12 an empty filter selects, but does not delete or update", function()
    local missing = ({}).id
    assert.equal("SELECT t.id FROM t", sql.of(select(t.c.id):filter_by { id = missing }))
    raises("ArgumentError", "all = true", function() conn:execute(corm.delete(t):filter_by { id = missing }) end)
    raises("ArgumentError", "all = true", function() conn:execute(corm.update(t):values { name = "x" }) end)
    raises("ArgumentError", "all = true", function() conn:execute(corm.delete(t):where(corm.and_())) end)
    raises("ArgumentError", "expected", function() return corm.delete(t):where(missing) end)
    assert.equal("DELETE FROM t WHERE t.id IS NULL", sql.of(corm.delete(t):where(t.c.id:eq(missing))))
  end)

  it("A13 isolation levels, locks, collations and hints are closed lists, names, or text() of the program", function()
    raises("ArgumentError", "isolation_level", function()
      w.engine:execution_options { isolation_level = "SERIALIZABLE; drop table canary" }
    end)
    raises("ArgumentError", "names tables", function() select(t):with_for_update { of = "t; drop" } end)
    raises("ArgumentError", "must be a boolean", function() select(t):with_for_update { nowait = "; drop" } end)
    raises("ArgumentError", "", function() select(t):with_for_update { skip = true } end)
    assert.equal('t.name COLLATE "nocase; drop"', sql.of(t.c.name:collate("nocase; drop")))
    raises("IdentifierError", "collation", function() return t.c.name:collate("x\0y") end)
    raises("ArgumentError", "corm.text", function() select(t):with_hint(t, "use index (x); drop") end)
    raises("ArgumentError", "", function() return t.c.name:regexp_match("x", { flags = "i'; drop" }) end)
  end)

  it("A14 there is no comment made of a string", function()
    raises("ArgumentError", "corm.text", function() select(t):prefix_with("/* */ drop") end)
    raises("ArgumentError", "corm.text", function() select(t):suffix_with("-- x") end)
    raises("ArgumentError", "corm.text", function() select(t):with_statement_hint("*/ drop") end)
    for _, dialect in ipairs { "sqlite", "postgresql", "mysql", "mariadb" } do
      for _, name in ipairs { "*/ drop", "/*", "--" } do
        local text = sql.of(select(t.c.id:label(name)), dialect)
        assert.equal(quoted(name, dialect), text:match(" AS (.-) FROM"))
      end
    end
  end)

  it("A19 identifiers are quoted exactly or refused", function()
    for _, name in ipairs { 'q"q', "a.b", "a b", "select", "MiXed", "1st", "ü", ("x"):rep(60), "q`q", "q'q",
      "\u{202E}x", "'; drop table canary; --", "sqlite", "pg_x", "$1", "a;b", "a--b", "/*a", "%s", "?" } do
      local metadata = corm.MetaData()
      local odd = corm.Table(name, metadata, corm.Column("id", corm.Integer, { primary_key = true }),
        corm.Column(name, corm.String(100)),
        corm.Index("ix " .. name, name))
      metadata:create_all(conn)
      conn:execute(corm.insert(odd):values { id = 1, [odd.c[name]] = name })
      assert.equal(name, conn:execute(select(odd.c[name]):where(odd.c[name]:eq(name))):scalar())
      conn:execute(corm.update(odd):values { [odd.c[name]] = "x" }:where(odd.c[name]:eq(name)))
      local alias = odd:alias(name .. "2")
      assert.equal(1, conn:execute(select(alias.c.id):where(alias.c[name]:eq("x"))):scalar())
      metadata:drop_all(conn)
    end
    for _, bad in ipairs { "", "a\0b", "a\nb", ("x"):rep(300), "\xff", "\xe5\x5c" } do
      raises("IdentifierError", "column", corm.Column, bad, corm.Integer)
      raises("IdentifierError", "table", corm.Table, bad, corm.MetaData())
      raises("IdentifierError", "index", corm.Index, bad, "a")
      raises("IdentifierError", "function", function() return corm.func[bad] end)
      raises("IdentifierError", "bindparam", corm.bindparam, bad)
      raises("IdentifierError", "label", function() return t.c.id:label(bad) end)
    end
  end)

  it("A19 names that are longer than the database takes are refused or cut as SQLAlchemy cuts them", function()
    local long = ("y"):rep(64)
    local function create() corm.Table(long, corm.MetaData(), corm.Column("id", corm.Integer)):create(conn) end
    if database.name == "postgresql" then raises("IdentifierError", "63", create) else create() end
    if database.name ~= "postgresql" then conn:execute(corm.text("drop table " .. long)) end
    raises("IdentifierError", "table", corm.Table, ("y"):rep(256), corm.MetaData())
  end)

  it("A19 function names are quoted when they are odd", function()
    for _, name in ipairs { "f(1); drop", "a b", "x'y", "select 1 --" } do
      local text = sql.of(corm.func[name](1))
      assert.equal(quoted(name) .. "(", text:match("^[^:]+"))
      assert.is_truthy(text:match("%(:[%w_]+%)$"))
    end
  end)

  it("A23 server defaults, checks, comments and enum values are quoted", function()
    local nasty = "a'); drop table canary; --"
    local metadata = corm.MetaData()
    local x = corm.Column("x", corm.String(100), { server_default = nasty })
    corm.Table("u", metadata, corm.Column("id", corm.Integer, { primary_key = true }), x,
      corm.Column("e", corm.Enum("it's", "'); drop table canary; --", { create_constraint = true })),
      corm.CheckConstraint(x:ne("'); drop table canary; --")))
    metadata:create_all(conn)
    conn:execute(corm.insert(metadata.tables.u):values { id = 1, e = "'); drop table canary; --" })
    assert.equal(nasty, conn:execute(select(x)):scalar())
    raises("ArgumentError", "", corm.Column, "y", corm.Integer, { server_default = {} })
    raises("ArgumentError", "", corm.CheckConstraint)
    metadata:drop_all(conn)
  end)

  it("A25 a model takes the fields that it has, and nothing else", function()
    local User = corm.declarative_base():model("User", {
      __tablename__ = "user_of_a25",
      id = corm.Column(corm.Integer, { primary_key = true }),
      name = corm.Column(corm.String(50)),
    })
    for _, key in ipairs { "__index", "__gc", "__close", "_state", "metadata", "__class__", "__tablename__",
      "__table__", "__name", "__metatable", "admin", "id = 1", 'name"', "name--", "" } do
      raises("ArgumentError", "User", User, { [key] = "x" })
      raises("ArgumentError", "User", function() User {}[key] = "x" end)
    end
    raises("ArgumentError", "fields have names", User, { "x" })
    assert.is_nil(User(setmetatable({}, { __index = function() return "x" end })).name)
    raises("CompileError", "no such column", function() corm.insert(t):values { ["name) values (1); --"] = 1 } end)
    raises("CompileError", "no such column", function() corm.update(t):values { ["id = 1, name"] = 1 } end)
    raises("CompileError", "column", function() conn:execute(corm.insert(t), { { id = 1, ["x) --"] = 2 } }) end)
  end)
end)
