local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select = corm.select

describe("session:explain", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add(m.User { name = "a", addresses = { m.Address { email = "x" } } })
    session:commit()
    w.sent = {}
  end)
  after_each(function() w:close() end)

  local word = database.name == "sqlite" and "EXPLAIN QUERY PLAN " or "EXPLAIN "

  -- Explains, and sends the statement with the same text behind the word, and nothing else.
  local function explained(statement, parameters)
    w.sent = {}
    local plan = session:explain(statement, parameters)
    assert.equal(1, #w.sent)
    local asked = w.sent[1]
    assert.equal(1, asked.sql:find(word, 1, true))
    assert.is_true(#plan > 0)
    assert.is_true(#tostring(plan) > 0)
    return plan, asked
  end

  it("asks the database how it would go about a query for objects", function()
    local statement = select(m.User):where(m.User.name:eq "a")
    local plan, asked = explained(statement)
    assert.same({ "a" }, asked.parameters)
    w.sent = {}
    assert.equal(1, #session:scalars(statement):all())
    assert.equal(word .. w.sent[1].sql, asked.sql)
    assert.is_truthy(tostring(plan):find("user", 1, true))
  end)

  it("shows what eager loading joins", function()
    local statement = select(m.User):options(corm.joinedload(m.User.addresses))
    local plan = explained(statement)
    assert.is_truthy(tostring(plan):find("address", 1, true))
  end)

  it("takes a Query, columns, text, parameters and statements that write, which are not executed", function()
    explained(session:query(m.User):where(m.User.id:eq(1)))
    explained(select(m.User.name):where(m.User.name:eq(corm.bindparam "n")), { n = "a" })
    explained(corm.text("SELECT name FROM " .. w.user .. " WHERE name = :n"), { n = "a" })
    explained(corm.update(m.User):where(m.User.id:eq(1)):values { name = "b" })
    explained(corm.delete(m.User):where(m.User.id:eq(4711)))
    assert.equal("a", session:scalar(select(m.User.name)))
    assert.equal("1", w:list "SELECT count(*) FROM \"user\"")
  end)

  it("gives the database's own rows by column", function()
    local plan = session:explain(select(m.User))
    local column = ({ sqlite = "detail", postgresql = "QUERY PLAN", mariadb = "table" })[database.name]
    local found = false
    for _, name in ipairs(plan.columns) do found = found or name == column end
    assert.is_true(found, column)
    assert.is_truthy(plan[1][column]:find("user", 1, true))
  end)

  it("shows joins as a tree or table, a line a step", function()
    local statement = select(m.User, m.Address):join(m.Address, m.Address.user_id:eq(m.User.id))
    local lines = {}
    for line in tostring(explained(statement)):gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.is_true(#lines >= 2)
  end)

  it("executes the statement where what it takes is asked for", function()
    local statement = select(m.User):where(m.User.name:eq(corm.bindparam "n"))
    local columns = select(m.User.name):where(m.User.id:gt(0))
    local analyzed = { analyze = true }
    if database.name == "sqlite" then
      raises("CompileError", "sqlite has no EXPLAIN ANALYZE; without `analyze` it tells its plan", session.explain,
        session, statement, { n = "a" }, analyzed)
      raises("CompileError", "sqlite has no EXPLAIN ANALYZE", session.explain, session, columns, nil, analyzed)
      assert.equal(0, #w.sent)
      return
    end
    local told = database.name == "postgresql" and "actual time" or "r_rows"
    local before = database.name == "postgresql" and "EXPLAIN ANALYZE SELECT" or "ANALYZE SELECT"
    for _, each in ipairs { statement, session:query(m.User):where(m.User.name:eq(corm.bindparam "n")),
      select(m.User.name):where(m.User.name:eq(corm.bindparam "n")),
      corm.text("SELECT name FROM " .. w.user .. " WHERE name = :n") } do
      w.sent = {}
      local plan = session:explain(each, { n = "a" }, analyzed)
      assert.equal(1, #w.sent)
      assert.equal(1, w.sent[1].sql:find(before, 1, true))
      assert.is_truthy(tostring(plan):find(told, 1, true))
    end
    -- The transaction goes on as after a query.
    session:add(m.User { name = "b" })
    session:flush()
    session:explain(columns, nil, analyzed)
    session:rollback()
    assert.equal(1, session:query(m.User):count())
  end)

  it("executes nothing that writes", function()
    local statements = { corm.update(m.User):where(m.User.id:eq(1)):values { name = "b" },
      corm.delete(m.User):where(m.User.id:eq(1)), corm.insert(m.User):values { name = "b" } }
    if database.name == "postgresql" then
      local gone = corm.delete(m.User.__table__, { all = true }):returning(m.User.__table__.c.id):cte "gone"
      statements[#statements + 1] = select(gone.c.id)
      statements[#statements + 1] = select(m.User):where(m.User.id:in_(select(gone.c.id)))
    end
    for _, statement in ipairs(statements) do
      raises("InvalidRequestError", "explain: `analyze` executes the statement, and this one writes", session.explain,
        session, statement, nil, { analyze = true })
    end
    assert.equal(0, #w.sent)
    raises("ArgumentError", "analyse", session.explain, session, select(m.User), nil, { analyse = true })
    raises("ArgumentError", "analyze", session.explain, session, select(m.User), nil, { analyze = 1 })
  end)

  it("does not flush, and leaves the session as it was", function()
    session:add(m.User { name = "b" })
    explained(select(m.User))
    assert.equal(1, #session.new)
  end)

  it("refuses what is no statement", function()
    raises("ArgumentError", "session:plan()", session.explain, session)
    raises("ArgumentError", "a statement expected, got string", session.explain, session, "SELECT 1")
    raises("ArgumentError", "methods are called with a colon", session.explain, {}, select(m.User))
    raises("InvalidRequestError", "A value is required", session.explain, session,
      select(m.User):where(m.User.name:eq(corm.bindparam "n")))
    assert.equal(1, session:query(m.User):count())
  end)
end)
