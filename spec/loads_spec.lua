-- Random queries with random loader options give what plain Lua finds in the same rows (spec/support/loads.lua).
-- CORM_TEST_SEED repeats a run; CORM_TEST_LOADS says how many queries there are.
local corm = require "corm"
local database = require "spec.support.database"
local drawn = require "spec.support.drawn"
local loads = require "spec.support.loads"
local models = require "spec.support.loads_models"

local total = drawn.count("CORM_TEST_LOADS", 600)
local seed = drawn.seed()
local OF_DATA = 50 -- queries of the same rows

-- What the random ones have found.
describe("a query with loader options", function()
  local m, engine, session

  setup(function()
    m = models.make()
    engine = database.engine()
    m.Base.metadata:create_all(engine)
    corm.Session { bind = engine }:begin(function(s)
      s:add_all {
        m.place { id = 1 },
        m.person { id = 1 }, m.manager { id = 2, boss_id = 1, office_id = 1 }, m.manager { id = 3, boss_id = 2 },
        m.engineer { id = 4, boss_id = 1, tools = { m.tool { id = 1 }, m.tool { id = 2 } } },
        m.vendor { region = 1, id = 2, name = "v", tools = { m.tool { id = 3 }, m.tool { id = 4 } } },
      }
    end)
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)
  before_each(function() session = corm.Session { bind = engine } end)
  after_each(function() session:close() end)

  local function silent(fn) return corm.assert_sql_count(session, 0, fn) end

  it("[L01] finds objects that are parents and targets of one load, with options for what is behind them", function()
    local Person, Manager = m.person, m.manager
    for _, how in ipairs { "joined", "selectin", "subquery" } do
      session:expunge_all()
      local option = corm.defaultload(Person.boss):options(
        corm.joinedload(Manager.office):options(corm[how .. "load"](m.place.companies)))
      local list = session:scalars(corm.select(Person):where(Person.id:ge(2)):order_by(Person.id):options(option)):all()
      assert.equal(1, list[1].boss.id, how)
      assert.equal(2, list[2].boss.id, how)
      assert.equal(1, list[3].boss.id, how)
    end
  end)

  it("[L06] loads a relationship of a class below its own by keys, where a subquery has none of them", function()
    local Person, Engineer = m.person, m.engineer
    local stmt = corm.select(Person):order_by(Person.id):options(corm.subqueryload(Engineer.tools))
    local list = session:scalars(stmt):all()
    silent(function() assert.equal(2, #list[4].tools) end)
  end)

  it("[L09] finds a reference by a key of several columns that load_only left out", function()
    local Tool = m.tool
    local list = session:scalars(corm.select(Tool):where(Tool.id:ge(3)):options(corm.load_only(Tool.name))):all()
    assert.equal("v", list[1].vendor.name)
    assert.equal(list[1].vendor, list[2].vendor)
  end)

  it("[L11] keeps what it said of its only object, when others are loaded that lead to that", function()
    local Person, Engineer = m.person, m.engineer
    local only = corm.lazyload(Engineer.tools:and_(m.tool.id:gt(1)))
    local engineer = session:scalars(corm.select(Person):where(Person.id:eq(4)):options(only)):one()
    session:scalars(corm.select(Person):where(Person.id:eq(1)):options(corm.selectinload(Person.staff))):all()
    assert.equal(1, #engineer.tools)
  end)

  it("[L11] remembers an option for the entity of which it was said, and not for others of its class", function()
    local Person, Engineer = m.person, m.engineer
    local Boss = corm.aliased(Person)
    local only = corm.lazyload(Person.staff:and_(Person.id:gt(10)))
    local stmt = corm.select(Person, Boss):join(Person.boss:of_type(Boss)):order_by(Person.id)
    local row = session:execute(stmt:options(only)):first()
    assert.equal(2, row[1].id)
    assert.equal(0, #row[1].staff)
    assert.equal(2, #row[2].staff)
    for _, joined in ipairs { stmt, stmt:limit(1) } do
      session:expunge_all()
      row = session:execute(joined:options(only, corm.joinedload(Person.tags))):unique():first()
      assert.equal(0, #row[1].staff)
    end
    session:expunge_all()
    row = session:execute(stmt:options(corm.lazyload(Boss.staff:of_type(Engineer):and_(Engineer.id:gt(10))))):first()
    assert.equal(1, #row[1].staff)
    assert.equal(0, #row[2].staff)
  end)

  describe("[L05] goes through what is loaded already", function()
    local Person, Manager, boss

    before_each(function()
      Person, Manager = m.person, m.manager
      boss = session:get(Person, 1)
      assert.equal(2, #boss.staff)
    end)

    local function again(...)
      return session:scalars(corm.select(Person):where(Person.id:eq(1)):options(...)):all()
    end

    it("to what is not", function()
      for _, how in ipairs { "selectin", "joined", "immediate", "subquery" } do
        session:expire_all()
        assert.equal(2, #boss.staff)
        again(corm.selectinload(Person.staff)
          :options(corm[how .. "load"](Person.badge), corm.selectinload(Manager.office)))
        silent(function()
          for _, person in ipairs(boss.staff) do assert.is_nil(person.badge, how) end
          assert.equal(1, boss.staff[2].office.id, how)
        end)
      end
    end)

    it("without another statement when nothing is missing", function()
      local option = corm.selectinload(Person.staff):options(corm.selectinload(Person.badge))
      corm.assert_sql_count(session, 3, function() again(option) end)
      corm.assert_sql_count(session, 1, function() again(option) end)
    end)

    it("and leaves it as it was changed", function()
      boss.staff:remove(boss.staff[1])
      session.autoflush = false
      again(corm.selectinload(Person.staff):options(corm.selectinload(Person.badge)))
      assert.equal(1, #boss.staff)
    end)
  end)
end)

describe("a random query with loader options", function()
  local m, engine

  setup(function()
    m = models.make()
    engine = database.engine()
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)

  local function fill(random)
    local data = models.data(random)
    m.Base.metadata:drop_all(engine)
    m.Base.metadata:create_all(engine)
    engine:begin(function(connection) models.write(connection, m, data) end)
    return data
  end

  it(("[L01] gives what the rows say (seed %d)"):format(seed), function()
    local random = drawn.numbers(seed)
    for _ = 1, math.max(1, total // OF_DATA) do
      local data = fill(random)
      local function run(plan) return loads.run(engine, m, data, plan, drawn.numbers) end
      for _ = 1, OF_DATA do
        drawn.check(seed, loads.plan(random), run, loads.smaller)
      end
    end
  end)
end)
