-- What the expressions of a copied table speak of: its own columns, no longer those of the table it was copied from.
local corm = require "corm"
local database = require "spec.support.database"

local Column, Integer, String, func = corm.Column, corm.Integer, corm.String, corm.func

describe("to_metadata", function()
  local old, copy, x, y

  before_each(function()
    x, y = Column("x", Integer, { primary_key = true, autoincrement = false }), Column("y", Integer, { key = "ykey" })
    old = corm.Table("t", corm.MetaData(), x, y,
      Column("twice", Integer, corm.Computed(corm.case({ x:gt(3), x + y },
        { else_ = func.coalesce(y, 0):cast(Integer) }))),
      Column("name", String(10), { server_default = func.upper("a") }))
    old:append_constraint(corm.CheckConstraint(corm.and_(x:gt(5), y:between(1, 7), (-y):lt(x)), { name = "ck" }))
    copy = old:to_metadata(corm.MetaData(), { schema = "s" })
  end)

  -- The tables that a condition selects from.
  local function froms(expression)
    return (tostring(corm.select(1):where(expression)):match("FROM (.-)%s+WHERE"):gsub("%s+$", ""))
  end

  it("copies a computed column's expression", function()
    assert.equal("t", froms(old.c.twice.computed.sqltext:gt(0)))
    assert.equal("s.t", froms(copy.c.twice.computed.sqltext:gt(0)))
    local new = copy.c
    assert.is_true(copy.c.twice.computed.sqltext:compare(
      corm.case({ new.x:gt(3), new.x + new.ykey }, { else_ = func.coalesce(new.ykey, 0):cast(Integer) })))
    assert.equal(old.c.twice.computed.persisted, copy.c.twice.computed.persisted)
  end)

  it("copies a CHECK", function()
    local function check_of(t)
      for constraint in t.constraints do
        if constraint.name == "ck" then return constraint end
      end
    end
    assert.equal("t", froms(check_of(old).sqltext))
    assert.equal("s.t", froms(check_of(copy).sqltext))
  end)

  it("copies a column's own CHECK", function()
    local n = Column("n", Integer)
    local t = corm.Table("u", corm.MetaData(), n, Column("m", Integer, corm.CheckConstraint(n:gt(1))))
    local made = t:to_metadata(corm.MetaData(), { name = "v" })
    local found
    for constraint in made.constraints do found = constraint.sqltext or found end
    assert.equal("v", froms(found))
  end)

  it("copies the expressions and the conditions of an index", function()
    corm.Index("ix", func.lower(old.c.name), old.c.x, (old.c.x + 1):desc(),
      { postgresql_where = old.c.ykey:gt(1), sqlite_where = old.c.ykey:gt(2) })
    local made = old:to_metadata(corm.MetaData(), { schema = "s" })
    local index
    for each in made.indexes do index = each end
    local list = index.expressions
    assert.equal(3, #list)
    assert.equal("s.t", froms(list[1]:eq("a")))
    assert.equal(made.c.x, list[2])
    assert.equal("s.t", froms(corm.literal_column("1"):eq(list[1])))
    assert.equal("CREATE INDEX ix ON s.t (lower(name), x, (x + 1) DESC) WHERE y > 1",
      (tostring(corm.CreateIndex(index):compile { dialect = "postgresql" }):gsub("%s+", " ")))
  end)

  it("copies a server default", function()
    local t = corm.Table("u", corm.MetaData(), Column("a", Integer))
    t:append_column(Column("b", Integer, { server_default = (t.c.a + 1):cast(Integer) }))
    local made = t:to_metadata(corm.MetaData(), { name = "v" })
    assert.equal("u", froms(t.c.b.server_default:gt(1)))
    assert.equal("v", froms(made.c.b.server_default:gt(1)))
  end)

  it("copies the columns of an EXCLUDE", function()
    local t = corm.Table("u", corm.MetaData(), Column("a", Integer), Column("b", Integer))
    t:append_constraint(corm.dialects.postgresql.ExcludeConstraint({ t.c.a, "=" }, { t.c.b + 1, "&&" },
      { where = t.c.a:gt(1), name = "ex" }))
    local made = t:to_metadata(corm.MetaData())
    t = nil -- luacheck: ignore 311
    collectgarbage()
    assert.is_truthy(tostring(corm.CreateTable(made):compile { dialect = "postgresql" }):gsub("%s+", " "):find(
      "CONSTRAINT ex EXCLUDE USING gist (a WITH =, (b + 1) WITH &&) WHERE (a > 1)", 1, true))
  end)

  it("leaves text and the columns of other tables as they are", function()
    local other = corm.Table("o", corm.MetaData(), Column("a", Integer))
    local t = corm.Table("u", corm.MetaData(), Column("a", Integer),
      Column("b", Integer, corm.Computed("a + 1")), Column("c", Integer, corm.Computed(other.c.a + 1)))
    local made = t:to_metadata(corm.MetaData(), { name = "v" })
    assert.equal("a + 1", tostring(made.c.b.computed.sqltext))
    assert.equal("o", froms(made.c.c.computed.sqltext:gt(1)))
  end)

  it("makes what the database takes", function()
    local url = database.url()
    local engine = corm.create_engine(url)
    local metadata = corm.MetaData()
    local made = old:to_metadata(metadata, { name = "made", schema = corm.BLANK_SCHEMA })
    metadata:create_all(engine)
    engine:begin(function(connection)
      connection:execute(made:insert():values { x = 6, ykey = 2 })
      local query = corm.select(made.c.twice, made.c.name):where(made.c.twice.computed.sqltext:eq(8))
      assert.same({ 8, "A" }, { connection:execute(query):one():unpack() })
    end)
    assert.has_error(function()
      engine:begin(function(connection) connection:execute(made:insert():values { x = 1, ykey = 2 }) end)
    end)
    engine:dispose()
    database.clean()
  end)
end)
