-- handle_error: an error of the database is told before it comes out; a listener may say that the connection is lost,
-- or give another error.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local event = corm.event
local text = corm.text

describe("handle_error", function()
  local engine, url
  before_each(function()
    url = database.url()
    engine = corm.create_engine(url, { poolclass = "QueuePool" })
    engine:begin(function(connection) connection:exec_driver_sql "CREATE TABLE t (id INTEGER PRIMARY KEY)" end)
  end)
  after_each(function()
    engine:dispose()
    database.clean()
  end)

  local function insert(connection, id)
    connection:execute(text "INSERT INTO t (id) VALUES (:id)", { id = id })
  end

  local function listen(fn, options)
    event.listen(engine, "handle_error", fn, options)
  end

  local function count()
    local connection <close> = engine:connect()
    return connection:scalar(text "SELECT count(*) FROM t")
  end

  it("tells what failed, where and how, once", function()
    local seen = {}
    listen(function(context) seen[#seen + 1] = context end)
    local connection <close> = engine:connect()
    insert(connection, 1)
    connection:commit()
    assert.equal(0, #seen)
    local err = raises("IntegrityError", "", insert, connection, 1)
    assert.equal(1, #seen)
    local context = seen[1]
    assert.equal(engine, context.engine)
    assert.equal(connection, context.connection)
    assert.is_truthy(context.statement:find("INSERT INTO t", 1, true))
    assert.is_truthy(context.parameters:find("1", 1, true))
    assert.equal("IntegrityError", context.original_exception.class)
    assert.equal(err.message, context.original_exception.message)
    assert.equal(err.statement, context.original_exception.statement)
    assert.equal(err.kind, context.original_exception.kind)
    assert.is_false(context.is_disconnect)
    assert.is_true(context.invalidate_pool_on_disconnect)
    connection:rollback()
    raises("ProgrammingError", "", connection.exec_driver_sql, connection, "SELEC 1")
    assert.equal(2, #seen)
  end)

  it("is told of the errors of flushes and queries, whose objects the errors keep", function()
    local Base = corm.declarative_base()
    local T = Base:model("T", { __tablename__ = "t", id = corm.Column(corm.Integer, { primary_key = true }) })
    local seen = {}
    local session <close> = corm.Session { bind = engine }
    session:add(T { id = 1 })
    session:commit()
    session:expunge_all()
    listen(function(context) seen[#seen + 1] = context.original_exception.class end)
    local object = T { id = 1 }
    session:add(object)
    local err = raises("IntegrityError", "", session.flush, session)
    assert.equal(object, err.object)
    session:rollback()
    assert.same({ "IntegrityError" }, seen)
    raises("ProgrammingError", "", session.execute, session, text "SELECT nothing_of_it FROM t")
    assert.equal(2, #seen)
    session:rollback()
    assert.equal(1, session:scalar(corm.select(corm.func.count(T.id))))
  end)

  it("may give another error: raised, or returned where that was said", function()
    local mine = { "of mine" }
    local function raising() error(mine) end
    local connection <close> = engine:connect()
    insert(connection, 1)
    listen(raising)
    local ok, err = pcall(insert, connection, 1)
    assert.is_false(ok)
    assert.equal(mine, err)
    event.remove(engine, "handle_error", raising)
    connection:rollback()
    insert(connection, 2)
    connection:commit()
    local function returning(context)
      return { was = context.original_exception.class }
    end
    listen(returning, { retval = true })
    ok, err = pcall(insert, connection, 2)
    assert.is_false(ok)
    assert.same({ was = "IntegrityError" }, err)
    connection:rollback()
    event.remove(engine, "handle_error", returning)
    listen(returning) -- what it returns does not count
    raises("IntegrityError", "", insert, connection, 2)
    connection:rollback()
    assert.equal(1, count())
  end)

  it("leaves the transaction what the database makes of it, also with another error", function()
    listen(function() error("mine", 0) end)
    local connection <close> = engine:connect()
    insert(connection, 1)
    local savepoint = connection:begin_nested()
    assert.is_false(pcall(insert, connection, 1))
    savepoint:rollback()
    insert(connection, 2)
    connection:commit()
    assert.equal(2, count())
  end)

  it("may say that the connection is lost: that one is replaced, and the idle ones unless spared", function()
    local spare, invalidated = false, 0
    listen(function(context)
      context.is_disconnect = true
      context.invalidate_pool_on_disconnect = not spare
    end)
    event.listen(engine, "invalidate", function() invalidated = invalidated + 1 end)
    for round = 1, 2 do
      spare = round == 2
      local opened = 0
      local function note() opened = opened + 1 end
      local first, second = engine:connect(), engine:connect()
      insert(first, 10 * round)
      first:commit()
      insert(second, 10 * round + 1)
      second:commit()
      second:close()
      event.listen(engine, "connect", note)
      local err = raises("IntegrityError", "", insert, first, 10 * round)
      assert.is_true(err.disconnected)
      assert.is_true(first.invalidated)
      assert.equal(round, invalidated)
      first:rollback()
      assert.equal(2 * round, first:scalar(text "SELECT count(*) FROM t"))
      local third <close> = engine:connect()
      third:close()
      assert.equal(spare and 1 or 2, opened) -- with the idle one, which `first` takes, or without
      first:close()
      event.remove(engine, "connect", note)
    end
  end)

  it("is not told of errors of what it executes itself", function()
    local calls = 0
    listen(function(context)
      calls = calls + 1
      assert.is_false(pcall(context.connection.exec_driver_sql, context.connection, "SELEC 1"))
    end)
    local connection <close> = engine:connect()
    raises("ProgrammingError", "", connection.exec_driver_sql, connection, "SELECT nothing")
    assert.equal(1, calls)
    connection:rollback()
    assert.equal(0, count())
  end)

  it("may close the connection that failed", function()
    listen(function(context) context.connection:close() end)
    local connection = engine:connect()
    insert(connection, 1)
    raises("IntegrityError", "", insert, connection, 1)
    assert.is_true(connection.closed)
    assert.equal(0, engine.pool:checkedout())
    assert.equal(0, count())
  end)

  it("is told of connections that cannot be opened", function()
    local other = corm.create_engine(database.name == "sqlite" and "sqlite:////no/such/folder/x.db"
      or corm.make_url(url):set { port = 1, host = "127.0.0.1" })
    local seen
    event.listen(other, "handle_error", function(context)
      seen = context
      return "mine"
    end, { retval = true })
    local ok, err = pcall(other.connect, other)
    assert.is_false(ok)
    assert.equal("mine", err)
    assert.equal(other, seen.engine)
    assert.is_nil(seen.connection)
    assert.is_nil(seen.statement)
    assert.equal("OperationalError", seen.original_exception.class)
    assert.equal(0, other.pool:checkedout())
    other:dispose()
  end)

  it("hears of siblings, shows hidden parameters to nobody, and refuses retval elsewhere", function()
    local hidden = corm.create_engine(url, { hide_parameters = true })
    local seen = {}
    event.listen(hidden, "handle_error", function(context) seen[#seen + 1] = context.parameters or "none" end)
    local connection <close> = hidden:execution_options({ isolation_level = "SERIALIZABLE" }):connect()
    insert(connection, 424242)
    raises("IntegrityError", "", insert, connection, 424242)
    connection:close()
    hidden:dispose()
    assert.equal(1, #seen)
    assert.is_nil(seen[1]:find("424242", 1, true))
    raises("ArgumentError", "retval is for before_execute", event.listen, engine, "commit", print, { retval = true })
  end)
end)
