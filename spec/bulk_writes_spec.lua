-- Random INSERT, UPDATE and DELETE of classes in a session do to rows and objects what plain Lua says
-- (spec/support/writes.lua). CORM_TEST_SEED repeats a run; CORM_TEST_WRITES says how many steps there are;
-- CORM_TEST_SHARE has the share of a usual run.
local corm = require "corm"
local database = require "spec.support.database"
local drawn = require "spec.support.drawn"
local models = require "spec.support.writes_models"
local plans = require "spec.support.writes_plan"
local writes = require "spec.support.writes_more"

local total = drawn.count("CORM_TEST_WRITES", 3000)
local seed = drawn.seed()
local LENGTH = 30

-- What the random ones have found.
describe("[U28] a statement that writes, in a session", function()
  local m, engine, session

  setup(function()
    m = models.make()
    engine = database.engine()
    m.Base.metadata:create_all(engine)
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)
  before_each(function()
    session = corm.Session { bind = engine, autoflush = false, expire_on_commit = false }
    session:add_all { m.note { id = 1, n = 1, m = 1 }, m.note { id = 2, n = 2, m = 2 }, m.note { id = 3, n = 3 } }
    session:flush()
  end)
  after_each(function() session:close() end)

  local function stored(name)
    local list = {}
    for value in session:scalars(corm.select(m.note[name]):order_by(m.note.id)) do list[#list + 1] = tostring(value) end
    return table.concat(list, " ")
  end

  it("returns columns of all rows of an INSERT, whatever names they have", function()
    local result = session:execute(corm.insert(m.note):returning(m.note.id, m.note.n),
      { { id = 11, n = 1 }, { id = 12 }, { id = 13, n = 3 } })
    assert.equal(3, session:query(m.note):where(m.note.id:gt(10)):count())
    local got = {}
    for row in result do got[#got + 1] = row[1] .. "=" .. tostring(row[2]) end
    assert.equal("11=1 12=nil 13=3", table.concat(got, " "))
  end)

  it("keeps to the options of a query, and so does its count", function()
    local function query()
      return session:query(m.note):options(corm.with_loader_criteria(m.note, m.note.n:gt(1)))
    end
    assert.equal(2, query():count())
    assert.equal(2, query():update({ m = 9 }, { all = true }))
    assert.equal("1 9 9", stored "m")
    assert.equal(1, query():where(m.note.n:lt(3)):delete())
    assert.equal("1 3", stored "n")
  end)

  it("leaves changes that were not flushed to the objects that it returns", function()
    database.needs("returning_of_update", function()
      local note = session:get(m.note, 1)
      note.s, note.n = "mine", 50
      session:scalars(corm.update(m.note):where(m.note.id:eq(1)):values { n = 7, m = 7 }:returning(m.note)):all()
      assert.same({ "mine", 50, 7 }, { note.s, note.n, note.m })
      note.n = 1
      session:flush()
      assert.equal("1 2 3", stored "n")
    end)
  end)

  it("moves and takes objects of classes below out of lists that are of these", function()
    local note = session:get(m.note, 1)
    session:add_all { m.book { id = 1, note_id = 1 }, m.book { id = 2, note_id = 1 } }
    session:flush()
    assert.equal(2, #note.books)
    session:execute(corm.delete(m.item):where(m.item.id:eq(1)))
    assert.equal(1, #note.books)
    session:execute(corm.update(m.item):where(m.item.id:eq(2)):values { note_id = 2 })
    assert.equal(0, #note.books)
  end)

  it("leaves changes to objects of which it cannot be evaluated whether they are deleted", function()
    local note = session:get(m.note, 3)
    session:expire(note)
    note.s = "mine"
    session:execute(corm.delete(m.note):where(m.note.n:eq(2)):execution_options { synchronize_session = "evaluate" })
    assert.equal("mine", note.s)
    session:flush()
    assert.equal("null mine", stored "s")
  end)

  it("is forgotten with its savepoint, when it inserts or updates", function()
    local insert = corm.insert(m.note)
    local transaction = session:begin_nested()
    session:upsert(m.note { id = 1, s = "new" }, { "id" })
    local note = session:get(m.note, 1)
    session:scalars(insert:on_conflict_do_update { index_elements = { "id" }, set_ = { n = insert.excluded.num } }
      :returning(m.note):execution_options { populate_existing = true }, { { id = 2, n = 20 } }):all()
    local second = session:get(m.note, 2)
    local third = session:scalars(insert:returning(m.note), { { id = 13, n = 3 } }):one()
    assert.same({ "new", 20, 3 }, { note.s, second.n, third.n })
    transaction:rollback()
    assert.same({ nil, 2 }, { note.s, second.n })
    assert.is_nil(session:get(m.note, 13))
  end)

  it("lets what its rows have not, and what was read later, be read again", function()
    session:execute(corm.update(m.note, { all = true }):values { big = "old" })
    local note = session:get(m.note, 1)
    assert.equal("old", note.big)
    local row = { id = 1, code = "x", big = "new" }
    local insert = corm.insert(m.note)
    session:execute(insert:on_conflict_do_update { index_elements = { "id" }, set_ = { big = insert.excluded.big } }
      :returning(m.note):execution_options { populate_existing = true }, { row })
    assert.equal("new", note.big)
    session:upsert(m.note { id = 1, big = "newer" }, { "id" })
    assert.equal("newer", note.big)
    session:execute(corm.update(m.note.__table__, { all = true }):values { big = "newest" }
      :execution_options { synchronize_session = false })
    assert.equal("newer", note.big)
    session:scalars(corm.select(m.note):execution_options { populate_existing = true }):all()
    assert.equal("newest", note.big)
    database.needs("returning_of_update", function()
      session:scalars(corm.update(m.note, { all = true }):values { big = "last" }:returning(m.note)):all()
      assert.equal("last", note.big)
    end)
  end)

  it("leaves objects of several tables alone when told so, in an UPDATE by key, too", function()
    session:add(m.chief { id = 1, n = 1, level = 1 })
    session:flush()
    local chief = session:get(m.chief, 1)
    assert.same({ 1, 1 }, { chief.n, chief.level })
    session:execute(corm.update(m.chief):execution_options { synchronize_session = false },
      { { id = 1, n = 2, level = 2 } })
    assert.same({ 1, 1 }, { chief.n, chief.level })
    session:execute(corm.update(m.chief), { { id = 1, n = 3, level = 3 } })
    assert.same({ 3, 3 }, { chief.n, chief.level })
  end)

  it("is what later changes of a changed attribute are compared with", function()
    local first, second, third = session:get(m.note, 1), session:get(m.note, 2), session:get(m.note, 3)
    first.n, second.n, third.n = 10, 20, 30
    session:execute(corm.update(m.note):where(m.note.id:eq(1)):values { n = 5 })
    session:execute(corm.update(m.note), { { id = 2, n = 6 } })
    session:execute(corm.update(m.note.__table__):where(m.note.__table__.c.note_id:eq(3)):values { num = 7 })
    session:execute(corm.update(m.note):where(m.note.n:eq(5)):values { m = 8 })
    assert.equal(8, first.m)
    first.n, second.n, third.n = 1, 2, 3
    session:flush()
    assert.equal("1 2 3", stored "n")
  end)
end)

describe("random statements that write, in a session", function()
  local m, engine

  setup(function()
    m = models.make()
    engine = database.engine()
    m.Base.metadata:create_all(engine)
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)

  it(("[U28] do what their model does (seed %d)"):format(seed), function()
    local random = drawn.numbers(seed)
    for _ = 1, math.max(1, total // LENGTH) do
      local data = models.data(random)
      local function run(plan) return writes.run_plan(engine, m, data, plan, drawn.numbers) end
      drawn.check(seed, plans.make(random, LENGTH), run, plans.smaller)
    end
  end)

  -- A step that the model knows nothing of.
  function writes.steps.forgotten(self)
    self.session:execute(corm.update(self.m.shape, { all = true }):values { s = "renamed" })
  end

  it("are compared with their model, and a difference is shown by the few steps that lead to it", function()
    local random = drawn.numbers(1)
    local data = models.data(random)
    local function run(plan) return writes.run_plan(engine, m, data, plan, drawn.numbers) end
    local plan = plans.make(random, LENGTH)
    table.insert(plan, LENGTH // 2, { op = "forgotten" })
    local err = run(plan)
    assert.is_truthy(err:find("renamed", 1, true), err)
    plan, err = drawn.shrink(run, plan, err, plans.smaller)
    assert.equal("forgotten", plan[1].op, drawn.show(plan))
    assert.equal(1, #plan)
    assert.is_truthy(err:find("renamed", 1, true), err)
    assert.same(plan, assert(load("return " .. drawn.show(plan)))())
  end)
end)
