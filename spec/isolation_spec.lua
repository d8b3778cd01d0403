local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

-- What holds on SQLite; trouble_spec.lua has the servers.
describe("isolation", function()
  local url

  before_each(function() url = "sqlite:///" .. database.path() end)
  after_each(database.clean)

  it("is the engine's, the connection's or the session's", function()
    local engine = corm.create_engine(url, { isolation_level = "read_uncommitted" })
    local conn <close> = engine:connect()
    assert.equal("READ UNCOMMITTED", conn:get_isolation_level())
    assert.equal("SERIALIZABLE", conn.default_isolation_level)
    assert.equal(1, conn:exec_driver_sql("SELECT read_uncommitted FROM pragma_read_uncommitted"):scalar())
    conn:rollback()
    assert.is_true(rawequal(conn, conn:execution_options { isolation_level = "SERIALIZABLE" }))
    assert.same({ isolation_level = "SERIALIZABLE" }, conn:get_execution_options())
    assert.equal(0, conn:exec_driver_sql("SELECT read_uncommitted FROM pragma_read_uncommitted"):scalar())
    local session <close> = corm.Session(engine, { execution_options = { isolation_level = "SERIALIZABLE" } })
    assert.equal("SERIALIZABLE", session:connection():get_isolation_level())
    session:rollback()
    local other = session:connection { execution_options = { isolation_level = "AUTOCOMMIT" } }
    assert.equal("AUTOCOMMIT", other:get_isolation_level())
    session:rollback()
    assert.equal("SERIALIZABLE", session:connection():get_isolation_level())
  end)

  it("is that of a second engine over the same pool", function()
    local engine = corm.create_engine(url)
    local sibling = engine:execution_options { isolation_level = "AUTOCOMMIT", stream_results = true }
    assert.same({ isolation_level = "AUTOCOMMIT", stream_results = true }, sibling:get_execution_options())
    assert.same({}, engine:get_execution_options())
    assert.equal(engine.url, sibling.url)
    local seen = 0
    corm.event.listen(engine, "before_cursor_execute", function() seen = seen + 1 end)
    local conn = sibling:connect()
    conn:exec_driver_sql("CREATE TABLE t (x)")
    assert.equal(1, seen)
    assert.equal(1, engine.pool:checkedout())
    assert.is_true(rawequal(sibling, conn.engine))
    conn:close()
    engine, sibling = nil, sibling -- the pool belongs to both
    collectgarbage()
    assert.is_nil(engine)
    conn = sibling:connect()
    conn:exec_driver_sql("INSERT INTO t VALUES (1)")
    assert.equal(2, seen)
    conn:close()
    assert.equal(1, sibling.pool:checkedin())
    sibling:dispose()
  end)

  it("can be none: each statement is committed", function()
    local engine = corm.create_engine(url, { isolation_level = "AUTOCOMMIT" })
    local reader = corm.create_engine(url)
    local conn <close> = engine:connect()
    conn:exec_driver_sql("CREATE TABLE t (x)")
    conn:exec_driver_sql("INSERT INTO t VALUES (1)")
    conn:rollback()
    local other <close> = reader:connect()
    assert.equal(1, other:exec_driver_sql("SELECT count(*) FROM t"):scalar())
    raises("InvalidRequestError", "begins none", conn.begin_nested, conn)
    conn:exec_driver_sql("BEGIN") -- by hand it can have one
    conn:exec_driver_sql("INSERT INTO t VALUES (2)")
    conn:rollback()
    assert.equal(1, conn:exec_driver_sql("SELECT count(*) FROM t"):scalar())
  end)

  it("cannot change under way", function()
    local engine = corm.create_engine(url)
    local conn <close> = engine:connect()
    conn:exec_driver_sql("SELECT 1")
    raises("InvalidRequestError", "may not be altered unless rollback() or commit()", conn.execution_options, conn,
      { isolation_level = "AUTOCOMMIT" })
    conn:commit()
    conn:execution_options { isolation_level = "AUTOCOMMIT" }
    local session <close> = corm.Session(engine)
    session:begin(function(s)
      s:connection { execution_options = { read_only = true } } -- nothing was sent yet
      s:scalar(corm.text "SELECT 1")
      raises("InvalidRequestError", "may not be altered", s.connection, s,
        { execution_options = { isolation_level = "AUTOCOMMIT" } })
    end)
  end)

  it("lists what there is", function()
    local text = "Valid isolation levels for 'sqlite' are AUTOCOMMIT, READ UNCOMMITTED, SERIALIZABLE"
    raises("ArgumentError", text, corm.create_engine, url, { isolation_level = "REPEATABLE READ" })
    local engine = corm.create_engine(url)
    raises("ArgumentError", "did you mean 'SERIALIZABLE'?", engine.execution_options, engine,
      { isolation_level = "SERIALISABLE" })
    raises("ArgumentError", "did you mean 'isolation_level'?", engine.execution_options, engine,
      { isolation_levl = "x" })
    raises("ArgumentError", "a table of options expected", engine.execution_options, engine)
    raises("ArgumentError", "needs an Engine", corm.Session, engine:connect(), { execution_options = {} })
    engine:dispose()
  end)

  it("may be read-only, and nothing of it stays", function()
    local engine = corm.create_engine(url)
    engine:begin(function(conn) conn:exec_driver_sql("CREATE TABLE t (x)") end)
    local reports = engine:execution_options { read_only = true }
    local conn = reports:connect()
    assert.equal(0, conn:exec_driver_sql("SELECT count(*) FROM t"):scalar())
    raises("ReadOnlyError", "readonly", conn.exec_driver_sql, conn, "INSERT INTO t VALUES (1)")
    conn:close()
    engine:begin(function(c) c:exec_driver_sql("INSERT INTO t VALUES (1)") end)
    local autocommit <close> = engine:execution_options { isolation_level = "AUTOCOMMIT" }:connect()
    autocommit:exec_driver_sql("INSERT INTO t VALUES (2)")
    assert.equal(2, autocommit:exec_driver_sql("SELECT count(*) FROM t"):scalar())
  end)
end)

describe("events of transactions", function()
  after_each(database.clean)

  it("are told in order, with the savepoint's name", function()
    local engine = corm.create_engine((database.url()))
    local told = {}
    local conn <close> = engine:connect()
    for _, name in ipairs { "begin", "commit", "rollback", "savepoint", "rollback_savepoint", "release_savepoint" } do
      corm.event.listen(engine, name, function(connection, savepoint)
        assert.is_true(rawequal(conn, connection))
        told[#told + 1] = savepoint and name .. " " .. savepoint or name
      end)
    end
    conn:exec_driver_sql("SELECT 1")
    conn:begin_nested():rollback()
    conn:begin_nested():commit()
    conn:commit()
    conn:commit()
    conn:exec_driver_sql("SELECT 1")
    conn:rollback()
    assert.same({ "begin", "savepoint corm_sp_1", "rollback_savepoint corm_sp_1", "savepoint corm_sp_1",
      "release_savepoint corm_sp_1", "commit", "begin", "rollback" }, told)
  end)

  it("may stop a commit, which is then still to be done", function()
    local engine = corm.create_engine((database.url()))
    local function stop() error({ "not yet" }) end
    corm.event.listen(engine, "commit", stop)
    local conn <close> = engine:connect()
    conn:exec_driver_sql("SELECT 1")
    local ok, err = pcall(conn.commit, conn)
    assert.is_false(ok)
    assert.same({ "not yet" }, err)
    assert.is_true(conn:in_transaction())
    corm.event.remove(engine, "commit", stop)
    conn:commit()
  end)
end)
