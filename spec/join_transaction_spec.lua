-- A session on a connection that is in a transaction already.
local corm = require "corm"
local says = require("spec.support.database").says
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("U17 join_transaction_mode", function()
  local w, m, conn, outer

  before_each(function()
    w = world.open()
    m = w.m
    conn = w.engine:connect()
    outer = conn:begin()
    conn:execute(corm.insert(m.City):values { name = "outer" })
  end)
  after_each(function()
    conn:close()
    w:close()
  end)

  -- What another connection sees, so what is committed.
  local function committed()
    return w:list("SELECT name FROM city ORDER BY name")
  end

  -- What the connection itself sees.
  local function seen()
    return table.concat(conn:scalars(corm.select(m.City.name):order_by(m.City.name)):all(), ",")
  end

  local function session_of(mode)
    return w:session { bind = conn, join_transaction_mode = mode }
  end

  local function add(session, name)
    session:add(m.City { name = name })
    session:flush()
  end

  for _, mode in ipairs { "rollback_only", "conditional_savepoint", false } do
    describe(tostring(mode or "without a word, in a transaction without savepoint"), function()
      local session
      before_each(function() session = session_of(mode or nil) end)

      it("commits nothing: the transaction's owner does", function()
        add(session, "a")
        session:commit()
        assert.is_false(session:in_transaction())
        assert.is_true(outer.is_active)
        assert.equal("", committed())
        add(session, "b")
        assert.same({}, w:statements(function() session:commit() end))
        assert.equal("a,b,outer", seen())
        outer:rollback()
        assert.equal("", committed())
      end)

      it("keeps what the owner commits", function()
        add(session, "a")
        session:commit()
        outer:commit()
        assert.equal("a,outer", committed())
      end)

      it("rolls the whole transaction back", function()
        add(session, "a")
        session:rollback()
        assert.is_false(outer.is_active)
        assert.is_false(conn:in_transaction())
        assert.equal("", committed())
      end)

      it("rolls the whole transaction back when a flush fails", function()
        local city = m.City { name = "outer" }
        session:add(city)
        raises("IntegrityError", says.unique, session.flush, session)
        raises("PendingRollbackError", "rolled back", session.scalars, session, corm.select(m.City))
        session:rollback()
        assert.is_false(outer.is_active)
        assert.is_false(session:contains(city))
        assert.equal("", committed())
      end)

      it("leaves the transaction alone when it is closed", function()
        add(session, "a")
        session:close()
        assert.is_true(outer.is_active)
        assert.equal("a,outer", seen())
      end)

      it("has savepoints of its own", function()
        add(session, "a")
        local nested = session:begin_nested()
        add(session, "b")
        nested:rollback()
        session:begin_nested(function() add(session, "c") end)
        session:commit()
        assert.is_true(outer.is_active)
        assert.equal("a,c,outer", seen())
      end)
    end)
  end

  for _, mode in ipairs { "create_savepoint", "conditional_savepoint" } do
    describe(mode .. ", in a savepoint", function()
      local session, savepoint
      before_each(function()
        savepoint = conn:begin_nested()
        session = session_of(mode)
      end)

      it("commits and rolls back its own savepoint", function()
        add(session, "a")
        session:commit()
        add(session, "b")
        session:rollback()
        add(session, "c")
        session:close()
        assert.is_true(savepoint.is_active)
        assert.equal("a,outer", seen())
        savepoint:rollback()
        assert.equal("outer", seen())
        assert.is_true(outer.is_active)
        outer:commit()
        assert.equal("outer", committed())
      end)

      it("undoes its own part when a flush fails", function()
        add(session, "a")
        session:commit()
        add(session, "b")
        session:add(m.City { name = "outer" })
        raises("IntegrityError", says.unique, session.flush, session)
        assert.equal("a,outer", seen())
        raises("PendingRollbackError", "rolled back", session.commit, session)
        session:rollback()
        add(session, "c")
        session:commit()
        assert.is_true(outer.is_active)
        outer:commit()
        assert.equal("a,c,outer", committed())
      end)
    end)
  end

  it("create_savepoint makes the fixture of a test: all that the program commits is taken back", function()
    local city
    do
      local session <close> = session_of "create_savepoint"
      city = m.City { name = "a" }
      session:add(city)
      session:commit()
      assert.equal("a", city.name)
      session:begin_nested(function() add(session, "b") end)
      session:rollback()
      assert.equal("a", session:scalars(corm.select(m.City):where(m.City.name:ne "outer")):one().name)
      session:commit()
    end
    assert.is_true(outer.is_active)
    assert.equal("a,outer", seen())
    outer:rollback()
    assert.equal("", committed())
  end)

  it("control_fully ends the transaction, or the savepoint, that it found", function()
    local session = session_of "control_fully"
    local savepoint = conn:begin_nested()
    add(session, "a")
    session:commit()
    assert.is_false(savepoint.is_active)
    assert.is_true(outer.is_active)
    savepoint = conn:begin_nested()
    add(session, "b")
    session:close()
    assert.is_false(savepoint.is_active)
    assert.equal("a,outer", seen())
    add(session, "c")
    session:commit()
    assert.is_false(outer.is_active)
    assert.equal("a,c,outer", committed())
  end)

  it("is no matter where no transaction is open: the session has its own", function()
    outer:rollback()
    for _, mode in ipairs { "rollback_only", "create_savepoint", "control_fully", "conditional_savepoint" } do
      local session = session_of(mode)
      add(session, mode)
      raises("InvalidRequestError", "already begun", conn.begin, conn)
      session:commit()
      assert.is_false(conn:in_transaction())
      add(session, "never " .. mode)
      session:close()
      assert.is_false(conn:in_transaction())
    end
    assert.equal("conditional_savepoint,control_fully,create_savepoint,rollback_only", committed())
  end)

  it("counts from the use of the connection on, not from begin()", function()
    outer:rollback()
    local session = session_of "rollback_only"
    session:begin()
    raises("InvalidRequestError", "already begun", conn.begin, conn)
    add(session, "a")
    session:commit()
    assert.equal("a", committed())
  end)

  it("leaves no work to nobody: when the owner has ended the transaction, the next one is the session's", function()
    local session = session_of "rollback_only"
    add(session, "a")
    outer:commit()
    assert.equal("a,outer", committed())
    add(session, "b")
    session:commit()
    assert.is_false(conn:in_transaction())
    assert.equal("a,b,outer", committed())
  end)

  it("says so when the savepoint that it made is gone", function()
    local session = session_of "create_savepoint"
    local city = m.City { name = "a" }
    session:add(city)
    session:flush()
    outer:rollback()
    session:rollback()
    assert.is_false(session:contains(city))
    outer = conn:begin()
    local savepoint = conn:begin_nested()
    add(session, "b")
    savepoint:rollback()
    raises("InvalidRequestError", "savepoint", session.commit, session)
    assert.is_false(session:in_transaction())
    assert.is_true(outer.is_active)
    assert.equal("", seen())
  end)

  it("wants to know of a transaction that failed before it commits", function()
    local session = session_of "rollback_only"
    session:add(m.City { name = "a" })
    session:flush()
    raises("IntegrityError", says.unique, conn.execute, conn, corm.insert(m.City):values { name = "outer" })
    if conn:in_transaction() and pcall(seen) then
      session:commit() -- SQLite and MariaDB go on
      assert.equal("a,outer", seen())
    else
      raises("PendingRollbackError", "failed", session.commit, session)
      session:rollback()
      assert.is_false(outer.is_active)
    end
  end)

  it("refuses other words", function()
    raises("ArgumentError", "join_transaction_mode 'savepoint'", session_of, "savepoint")
    raises("ArgumentError", "'create_savepoint'", session_of, "create_savepont")
    raises("ArgumentError", "must be a string", corm.Session, { bind = conn, join_transaction_mode = true })
    raises("ArgumentError", "join_transaction_mode", corm.sessionmaker { bind = conn, join_transaction_mode = "x" })
  end)
end)
