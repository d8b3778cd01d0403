-- One statement with many rows of parameters, from which the database computes what is written: each row by its own.
local corm = require "corm"
local database = require "spec.support.database"
local Column, Integer, String = corm.Column, corm.Integer, corm.String
local select, bindparam, func = corm.select, corm.bindparam, corm.func

describe("S14 rows that are computed of their parameters", function()
  local engine, connection, town, note

  setup(function()
    engine = database.engine()
    local metadata = corm.MetaData()
    town = corm.Table("computed_town", metadata,
      Column("id", Integer, { primary_key = true }), Column("name", String(20)))
    note = corm.Table("computed_note", metadata,
      Column("id", Integer, { primary_key = true, autoincrement = false }), Column("text", String(40)),
      Column("n", Integer))
    metadata:create_all(engine)
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)
  before_each(function()
    connection = engine:connect()
    connection:execute(corm.insert(town), { { id = 1, name = "Rome" }, { id = 2, name = "Oslo" } })
  end)
  after_each(function()
    connection:rollback()
    connection:close()
  end)

  local function stored()
    local list = {}
    for row in connection:execute(select(note):order_by(note.c.id)) do
      list[#list + 1] = ("%d %s %s"):format(row.id, tostring(row.text), tostring(row.n))
    end
    return table.concat(list, ", ")
  end
  local function number(condition) return corm.case({ condition, 1 }, { else_ = 0 }) end
  local function town_of(name) return select(town.c.id):where(town.c.name:eq(bindparam(name))):scalar_subquery() end

  it("by a subquery that is one value", function()
    connection:execute(corm.insert(note):values { n = town_of "town" }, {
      { id = 1, text = "a", town = "Rome" }, { id = 2, text = "b", town = "Oslo" }, { id = 3, text = "c", town = "x" },
    })
    assert.are.equal("1 a 1, 2 b 2, 3 c nil", stored())
  end)

  it("by EXISTS", function()
    local there = corm.exists(select(town.c.id):where(town.c.name:eq(bindparam "town")))
    connection:execute(corm.insert(note):values { n = number(there) },
      { { id = 1, town = "Paris" }, { id = 2, town = "Oslo" }, { id = 3, town = "Paris" } })
    assert.are.equal("1 nil 0, 2 nil 1, 3 nil 0", stored())
  end)

  it("by a pattern", function()
    local given = bindparam("given", nil, { type_ = String(20) })
    local pattern = bindparam("pattern", nil, { type_ = String(20) })
    local matches = given:regexp_match(pattern)
    connection:execute(corm.insert(note):values { n = number(matches) }, {
      { id = 1, given = "ab", pattern = "^a" }, { id = 2, given = "bb", pattern = "^b" },
      { id = 3, given = "ab", pattern = "^b" },
    })
    assert.are.equal("1 nil 1, 2 nil 1, 3 nil 0", stored())
  end)

  it("by what days are compared with", function()
    local later = func.date("2020-06-01"):gt(bindparam("day", nil, { type_ = corm.Date }))
    connection:execute(corm.insert(note):values { n = number(later) }, {
      { id = 1, day = corm.date(2020, 1, 1) }, { id = 2, day = corm.date(2021, 1, 1) },
      { id = 3, day = corm.date(2019, 1, 1) },
    })
    assert.are.equal("1 nil 1, 2 nil 0, 3 nil 1", stored())
  end)

  it("by functions", function()
    connection:execute(corm.insert(note):values { text = func.lower(bindparam "name") },
      { { id = 1, name = "A" }, { id = 2, name = "B" } })
    assert.are.equal("1 a nil, 2 b nil", stored())
  end)

  it("in an upsert, where the rows are there", function()
    local rows = { { id = 1, n = 10 }, { id = 2, n = 20 }, { id = 3, n = 30 } }
    connection:execute(corm.insert(note), rows)
    local upsert = corm.insert(note)
    connection:execute(upsert:on_conflict_do_update {
      index_elements = { "id" }, set_ = { n = town_of "town", text = note.c.n + upsert.excluded.n },
    }, { { id = 1, n = 1, town = "Oslo" }, { id = 2, n = 2, town = "Rome" }, { id = 3, n = 3, town = "Oslo" } })
    assert.are.equal("1 11 2, 2 22 1, 3 33 2", stored())
  end)

  it("in UPDATE and DELETE", function()
    connection:execute(corm.insert(note), { { id = 1, n = 1 }, { id = 2, n = 2 }, { id = 3, n = 3 } })
    connection:execute(corm.update(note):where(note.c.id:eq(bindparam "which")):values { n = town_of "town" },
      { { which = 1, town = "Oslo" }, { which = 2, town = "Rome" }, { which = 3, town = "Oslo" } })
    assert.are.equal("1 nil 2, 2 nil 1, 3 nil 2", stored())
    connection:execute(corm.delete(note):where(note.c.id:eq(bindparam "which"), note.c.n:eq(town_of "town")),
      { { which = 1, town = "Oslo" }, { which = 2, town = "Oslo" }, { which = 3, town = "Oslo" } })
    assert.are.equal("2 nil 1", stored())
  end)

  it("by the type of a column, of objects", function()
    local Base = corm.declarative_base()
    local Low = corm.TypeDecorator {
      impl = String(20),
      bind_expression = function(_, value) return func.lower(value) end,
    }
    local Visit = Base:model("Visit", {
      __tablename__ = "computed_visit", id = Column(Integer, { primary_key = true }), town = Column(Low),
    })
    Base.metadata:create_all(engine)
    local session = corm.Session(connection)
    for _, name in ipairs { "Rome", "OSLO", "x" } do session:add(Visit { town = name }) end
    session:flush()
    local towns = {}
    for name in session:scalars(select(Visit.town):order_by(Visit.id)) do towns[#towns + 1] = name end
    assert.are.equal("rome oslo x", table.concat(towns, " "))
    session:close()
  end)
end)
