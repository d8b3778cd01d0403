local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

describe("the pool", function()
  local url

  before_each(function() url = database.url() end)
  after_each(database.clean)

  it("says its sizes, and again when they are used up", function()
    local engine = corm.create_engine(url, { pool_size = 1, max_overflow = 1, pool_timeout = 2.5 })
    assert.equal("Pool size: 1  Connections in pool: 0 Current Overflow: -1 Current Checked out connections: 0",
      engine.pool:status())
    local first, second = engine:connect(), engine:connect()
    assert.equal(2, engine.pool:checkedout())
    assert.equal(1, engine.pool:overflow())
    raises("TimeoutError", "QueuePool limit of size 1 overflow 1 reached, connection timed out, timeout 2.50",
      engine.connect, engine)
    first:close()
    engine:connect():close()
    second:close()
    assert.equal(1, engine.pool:size())
    assert.equal(1, engine.pool:checkedin())
    assert.equal(0, engine.pool:checkedout())
    assert.equal("QueuePool(0)", tostring(engine.pool))
    engine:dispose()
    assert.equal(0, engine.pool:checkedin())
  end)

  it("takes back what was dropped without being closed", function()
    local engine = corm.create_engine(url, { pool_size = 2, max_overflow = 0 })
    for _ = 1, 20 do engine:connect():exec_driver_sql("SELECT 1"):scalar() end
    assert.is_true(engine.pool:checkedout() <= 2)
    engine:dispose()
  end)

  it("serves sessions that were dropped, too", function()
    local engine = corm.create_engine(url, { pool_size = 1, max_overflow = 0 })
    for _ = 1, 5 do assert.equal(1, corm.Session(engine):scalar(corm.text "SELECT 1")) end
    collectgarbage()
    engine:dispose()
  end)

  it("is of the class that is asked for", function()
    local none = corm.create_engine(url, { poolclass = corm.NullPool })
    none:connect():close()
    assert.equal("NullPool", none.pool:status())
    assert.equal(0, none.pool:checkedin())
    local one = corm.create_engine(url, { poolclass = corm.AssertionPool })
    local conn = one:connect()
    raises("InvalidRequestError", "already checked out", one.connect, one)
    conn:close()
    one:connect():close()
    local static = corm.create_engine(url, { poolclass = "StaticPool" })
    local a <close> = static:connect()
    local b <close> = static:connect()
    a:exec_driver_sql("CREATE TABLE t (x INTEGER)")
    assert.equal(0, b:exec_driver_sql("SELECT count(*) FROM t"):scalar())
    assert.equal("StaticPool", static.pool:status())
    one:dispose()
  end)

  it("refuses what it cannot be", function()
    raises("ArgumentError", "did you mean 'NullPool'?", corm.create_engine, url, { poolclass = "NulPool" })
    raises("ArgumentError", "'max_overflow' must be from -1", corm.create_engine, url, { max_overflow = -2 })
    raises("ArgumentError", "pool_timeout must be a number of seconds", corm.create_engine, url, { pool_timeout = -1 })
    raises("ArgumentError", "'pool_recycle' must be", corm.create_engine, url, { pool_recycle = -2 })
    raises("ArgumentError", "'pool_reset_on_return' must be", corm.create_engine, url, { pool_reset_on_return = "no" })
    raises("ArgumentError", "'pool_pre_ping' must be a boolean", corm.create_engine, url, { pool_pre_ping = 1 })
    raises("ArgumentError", "did you mean 'status'?", function() return corm.create_engine(url).pool.statu end)
  end)

  it("takes every way of resetting", function()
    for _, reset in ipairs { "rollback", "commit", true, false, corm.null } do
      local engine = corm.create_engine(url, { pool_reset_on_return = reset })
      engine:connect():close()
      engine:dispose()
    end
  end)

  it("tells what becomes of its connections", function()
    local engine = corm.create_engine(url)
    local told, listeners = {}, {}
    for _, name in ipairs { "first_connect", "connect", "checkout", "reset", "checkin", "invalidate" } do
      listeners[name] = function(dbapi_connection, record, message)
        told[#told + 1] = name
        assert.is_nil(record)
        assert.is_nil(message)
        assert.is_function(dbapi_connection.execute)
      end
      corm.event.listen(engine, name, listeners[name])
    end
    local conn = engine:connect()
    conn:close()
    engine:connect():close()
    assert.same({ "first_connect", "connect", "checkout", "reset", "checkin", "checkout", "reset", "checkin" }, told)
    told = {}
    conn = engine:connect()
    conn:invalidate()
    assert.is_true(conn.invalidated)
    conn:close()
    assert.same({ "checkout", "invalidate", "reset", "checkin" }, told)
    for name, listener in pairs(listeners) do corm.event.remove(engine, name, listener) end
    told = {}
    engine:connect():close()
    assert.same({}, told)
    engine:dispose()
  end)

  it("lets a listener prepare what was opened, and only then", function()
    local engine = corm.create_engine(url)
    local kept
    corm.event.listen(engine, "connect", function(dbapi_connection)
      kept = dbapi_connection
      raises("ArgumentError", "SQL text expected", kept.execute, kept)
      kept:execute("CREATE TEMPORARY TABLE scratch (x INTEGER)")
    end)
    local conn <close> = engine:connect()
    assert.equal(0, conn:exec_driver_sql("SELECT count(*) FROM scratch"):scalar())
    raises("ResourceClosedError", "for the event only", kept.execute, kept, "SELECT 1")
  end)

  it("gives a listener's error to who wanted the connection", function()
    local engine = corm.create_engine(url)
    local thrown = {}
    local function refuse() error(thrown) end
    corm.event.listen(engine, "checkout", refuse)
    local ok, err = pcall(engine.connect, engine)
    assert.is_false(ok)
    assert.is_true(rawequal(thrown, err))
    assert.equal(0, engine.pool:checkedout())
    corm.event.remove(engine, "checkout", refuse)
    engine:connect():close()
    engine:dispose()
  end)
end)

describe("a connection that is invalidated", function()
  it("waits for rollback and comes back by itself", function()
    local engine = corm.create_engine((database.url()))
    local conn <close> = engine:connect()
    assert.is_false(conn.invalidated)
    conn:exec_driver_sql("SELECT 1")
    conn:invalidate()
    assert.is_true(conn.invalidated)
    assert.is_false(conn.closed)
    raises("PendingRollbackError", "call rollback()", conn.exec_driver_sql, conn, "SELECT 1")
    conn:rollback()
    assert.equal(2, conn:exec_driver_sql("SELECT 2"):scalar())
    assert.is_false(conn.invalidated)
    conn:close()
    raises("ResourceClosedError", "closed", conn.invalidate, conn)
    engine:dispose()
    database.clean()
  end)
end)
