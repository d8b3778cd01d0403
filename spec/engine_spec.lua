local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

-- What fn writes to standard error: the program is run anew, since a script cannot look at its own.
local function stderr_of(code)
  local cpath = package.cpath:gsub("'", "'\\''")
  local path = database.path()
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  local pipe = assert(io.popen("LUA_CPATH='" .. cpath .. "' lua5.4 " .. path .. " 2>&1 >/dev/null"))
  local text = pipe:read("a")
  pipe:close()
  return text
end

describe("create_engine", function()
  after_each(database.clean)

  it("makes engines that work", function()
    local url, path = database.url()
    local engine = corm.create_engine(url)
    assert.equal(database.name, engine.name)
    assert.equal(database.name, engine.dialect.name)
    local conn <close> = engine:connect()
    conn:exec_driver_sql("CREATE TABLE t (x INTEGER)")
    conn:commit()
    assert.equal("t", database.tables(path))
  end)

  database.only("sqlite", function()
    it("opens nothing before it is used", function()
      local url, path = database.url()
      local engine = corm.create_engine(url)
      assert.is_nil(io.open(path))
      engine:connect():close()
      assert.is_true(io.open(path):close())
    end)
  end)

  it("tells what it is", function()
    local engine = corm.create_engine("sqlite://")
    assert.equal("sqlite", engine.name)
    assert.equal("sqlite", engine.dialect.name)
    assert.equal("sqlite", engine.driver)
    assert.equal(corm.make_url("sqlite://"), engine.url)
    assert.equal("Engine(sqlite://)", tostring(engine))
    assert.equal(engine.url, corm.create_engine(engine.url).url)
    raises("ArgumentError", "did you mean 'connect'?", function() return engine.conect end)
    raises("ArgumentError", "only echo can be set", function() engine.name = "x" end)
  end)

  it("refuses what it does not know, with the nearest name", function()
    raises("ArgumentError", "did you mean 'sqlite'?", corm.create_engine, "sqlit://")
    raises("ArgumentError", "unknown driver 'nothing'", corm.create_engine, "sqlite+nothing://")
    raises("ArgumentError", "did you mean 'echo'?", corm.create_engine, "sqlite://", { ecko = true })
    raises("ArgumentError", "did you mean 'mode'?", corm.create_engine, "sqlite:///x.db?mod=ro")
    raises("ArgumentError", "'echo' must be a boolean", corm.create_engine, "sqlite://", { echo = 1 })
    raises("ArgumentError", "'pool_size' must be an integer, got string", corm.create_engine, "sqlite://",
      { pool_size = "5" })
    raises("ArgumentError", "'query_cache_size' must be from 0", corm.create_engine, "sqlite://",
      { query_cache_size = -1 })
    raises("ArgumentError", "did you mean 'timeout'?", corm.create_engine, "sqlite://",
      { connect_args = { timeot = 1 } })
    raises("ArgumentError", "number of seconds", corm.create_engine, "sqlite://", { connect_args = { timeout = "1" } })
    raises("ArgumentError", "options have names", corm.create_engine, "sqlite://", { true })
    raises("ArgumentError", "a table of options expected, got boolean", corm.create_engine, "sqlite://", true)
    raises("ArgumentError", "as text or URL, got nil", corm.create_engine)
  end)

  database.only("sqlite", function()
    it("refuses files that cannot be opened when they are", function()
      raises("OperationalError", "unable to open", function()
        return corm.create_engine("sqlite:////nonexistent/dir/x.db"):connect():exec_driver_sql("SELECT 1")
      end)
      local path = database.path()
      local file = assert(io.open(path, "w"))
      file:write(("not a database "):rep(100))
      file:close()
      raises("CorruptError", "not a database", function()
        return corm.create_engine("sqlite:///" .. path):connect():exec_driver_sql("SELECT * FROM sqlite_master")
      end)
    end)

    it("keeps as much of the file as the URL says", function()
      local function kilobytes(query)
        local e = corm.create_engine("sqlite:///" .. database.path() .. query)
        local size = e:connect():exec_driver_sql("PRAGMA cache_size"):scalar()
        e:dispose()
        return -size
      end
      assert.equal(2000, kilobytes "") -- SQLite's own
      assert.equal(20000, kilobytes "?cache_size=20000")
      assert.equal(0, kilobytes "?cache_size=0")
      for _, wrong in ipairs { "", "1.5", "-1", "many", "99999999999999999999" } do
        raises("ArgumentError", "'cache_size' is a number of kilobytes", kilobytes, "?cache_size=" .. wrong)
      end
    end)

    describe("that reads from its file again and again", function()
      local path

      -- 4,000 rows of 1,000 bytes, each with a page of its own among four.
      before_each(function()
        path = database.path()
        local c = corm.create_engine("sqlite:///" .. path):connect()
        c:exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        c:exec_driver_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) "
          .. "INSERT INTO t SELECT i, hex(zeroblob(500)) FROM n")
        c:commit()
        c:close()
      end)

      local function size_after(query, work)
        local e = corm.create_engine("sqlite:///" .. path .. query)
        local c = e:connect()
        work(c)
        local size = c:exec_driver_sql("PRAGMA cache_size"):scalar()
        e:dispose()
        return size
      end

      local function get(c, n)
        for i = 1, n do
          local row = c:exec_driver_sql("SELECT length(v) FROM t WHERE id = ?", { 1 + i * 1597 % 4000 }):scalar()
          assert.equal(1000, row)
        end
      end

      it("keeps more of it", function()
        assert.equal(-4000, size_after("", function(c) get(c, 140) end))
        assert.equal(-8000, size_after("", function(c) get(c, 4000) end))
      end)

      it("keeps what the URL says", function()
        assert.equal(-1000, size_after("?cache_size=1000", function(c) get(c, 4000) end))
      end)

      it("keeps what the script said", function()
        assert.equal(-300, size_after("", function(c)
          c:exec_driver_sql("PRAGMA cache_size = -300")
          get(c, 4000)
        end))
      end)

      it("keeps no more of a table that is read whole", function()
        assert.equal(-2000, size_after("", function(c)
          for _ = 1, 150 do c:exec_driver_sql("SELECT sum(length(v)) FROM t"):scalar() end
        end))
      end)

      it("keeps no more for statements that find what they look for", function()
        assert.equal(-2000, size_after("", function(c)
          for _ = 1, 1000 do get(c, 1) end
        end))
      end)
    end)

    it("opens read-only when the URL says so", function()
      local url, path = database.url()
      database.shell(path, "CREATE TABLE t (x INTEGER)")
      local conn <close> = corm.create_engine(url .. "?mode=ro"):connect()
      assert.equal(0, conn:exec_driver_sql("SELECT count(*) FROM t"):scalar())
      raises("ReadOnlyError", "readonly", conn.exec_driver_sql, conn, "INSERT INTO t VALUES (1)")
    end)

    it("waits for a lock as long as it is told", function()
      local url = database.url()
      local engine = corm.create_engine(url, { connect_args = { timeout = 0.05 } })
      local first <close> = engine:connect()
      local second <close> = engine:connect()
      first:exec_driver_sql("CREATE TABLE t (x INTEGER)")
      local err = raises("LockTimeoutError", "locked", second.exec_driver_sql, second, "CREATE TABLE u (x INTEGER)")
      assert.is_true(err.retryable)
      first:commit()
      second:rollback()
      second:exec_driver_sql("CREATE TABLE u (x INTEGER)")
    end)
  end)
end)

describe("engine:begin", function()
  local engine, path

  before_each(function()
    local url
    url, path = database.url()
    engine = corm.create_engine(url)
    engine:begin(function(conn) conn:exec_driver_sql("CREATE TABLE t (x INTEGER)") end)
  end)
  after_each(database.clean)

  it("commits when the function returns, and passes its results on", function()
    local a, b, c = engine:begin(function(conn)
      conn:exec_driver_sql("INSERT INTO t VALUES (1)")
      return 1, nil, conn
    end)
    assert.equal(1, a)
    assert.is_nil(b)
    assert.is_true(c.closed)
    assert.equal("1", database.shell(path, "SELECT * FROM t"))
  end)

  it("rolls back and raises the same error when it fails", function()
    local thrown = {}
    local kept
    local ok, err = pcall(engine.begin, engine, function(conn)
      kept = conn
      conn:exec_driver_sql("INSERT INTO t VALUES (1)")
      error(thrown)
    end)
    assert.is_false(ok)
    assert.is_true(rawequal(thrown, err))
    assert.is_true(kept.closed)
    assert.equal("", database.shell(path, "SELECT * FROM t"))
  end)

  it("gives a to-be-closed connection without a function", function()
    do
      local conn <close> = engine:begin()
      conn:exec_driver_sql("INSERT INTO t VALUES (1)")
    end
    pcall(function()
      local conn <close> = engine:begin()
      conn:exec_driver_sql("INSERT INTO t VALUES (2)")
      error("no")
    end)
    assert.equal("1", database.shell(path, "SELECT * FROM t"))
  end)

  it("may yield, and ends with a coroutine that is closed, or fails", function()
    local thread = coroutine.wrap(function()
      return engine:begin(function(conn)
        conn:exec_driver_sql(("INSERT INTO t VALUES (%s)"):format(database.mark(1)), { coroutine.yield("ready") })
        return "done"
      end)
    end)
    assert.equal("ready", thread())
    assert.equal("done", thread(7))
    local closed = coroutine.create(function()
      engine:begin(function(conn)
        conn:exec_driver_sql("INSERT INTO t VALUES (8)")
        coroutine.yield()
      end)
    end)
    coroutine.resume(closed)
    assert.is_true(coroutine.close(closed))
    local failed = coroutine.create(function()
      engine:begin(function(conn)
        conn:exec_driver_sql("INSERT INTO t VALUES (9)")
        error("no")
      end)
    end)
    coroutine.resume(failed)
    assert.equal("7", database.shell(path, "SELECT * FROM t; CREATE TABLE free (x INTEGER)"))
  end)

  it("refuses what is no function", function()
    raises("ArgumentError", "a function expected, got string", engine.begin, engine, "x")
    raises("ArgumentError", "call it as x:begin(...)", engine.begin)
  end)
end)

describe("engine events", function()
  local engine, conn, log

  before_each(function()
    engine = database.engine()
    conn = engine:connect()
    conn:exec_driver_sql("CREATE TABLE t (x INTEGER)")
    log = {}
  end)

  it("tell each statement before and after it is sent", function()
    local function note(name)
      return function(c, cursor, statement, parameters, context, executemany)
        assert.is_true(rawequal(conn, c))
        assert.is_nil(cursor)
        assert.is_nil(context)
        log[#log + 1] = { name, statement, parameters, executemany }
      end
    end
    corm.event.listen(engine, "before_cursor_execute", note "before")
    corm.event.listen(engine, "after_cursor_execute", note "after")
    local insert = corm.text("INSERT INTO t VALUES (:x)")
    conn:execute(insert, { x = 1 })
    conn:execute(insert, { { x = 2 }, { x = corm.null } })
    local sent = ("INSERT INTO t VALUES (%s)"):format(database.mark(1))
    assert.same({
      { "before", sent, { 1 }, false },
      { "after", sent, { 1 }, false },
      { "before", sent, { { 2 }, { corm.null } }, true },
      { "after", sent, { { 2 }, { corm.null } }, true },
    }, log)
  end)

  it("give statement and parameters to before_execute, the result to after_execute", function()
    local statement = corm.text("SELECT :x")
    corm.event.listen(engine, "before_execute", function(c, element, multiparams, params, options)
      log = { c, element, multiparams, params, options }
    end)
    local result
    corm.event.listen(engine, "after_execute", function(_, _, _, _, _, r) result = r end)
    local returned = conn:execute(statement, { x = 1 })
    assert.is_true(rawequal(conn, log[1]))
    assert.is_true(rawequal(statement, log[2]))
    assert.same({ {}, { x = 1 }, {} }, { log[3], log[4], log[5] })
    assert.is_true(rawequal(returned, result))
  end)

  it("may replace the statement where retval says so", function()
    corm.event.listen(engine, "before_execute", function(_, _, multiparams, params)
      return corm.text("SELECT :x + 1"), multiparams, params
    end, { retval = true })
    assert.equal(3, conn:scalar(corm.text("SELECT :x"), { x = 2 }))
  end)

  it("stop the statement with the listener's own error", function()
    local thrown = { "stop" }
    local function stop() error(thrown) end
    corm.event.listen(engine, "before_cursor_execute", stop)
    local ok, err = pcall(conn.exec_driver_sql, conn, "INSERT INTO t VALUES (1)")
    assert.is_false(ok)
    assert.is_true(rawequal(thrown, err))
    corm.event.remove(engine, "before_cursor_execute", stop)
    assert.equal(0, conn:exec_driver_sql("SELECT count(*) FROM t"):scalar())
  end)

  it("let nil and false through as errors too", function()
    for _, value in ipairs { false, 0 } do
      local function fail() if value == 0 then error(nil) else error(value) end end
      corm.event.listen(engine, "after_cursor_execute", fail)
      local ok, err = pcall(conn.exec_driver_sql, conn, "SELECT 1")
      assert.is_false(ok)
      if value == 0 then assert.is_nil(err) else assert.is_false(err) end
      corm.event.remove(engine, "after_cursor_execute", fail)
    end
  end)

  it("may execute, listen and close in a listener", function()
    local depth = 0
    corm.event.listen(engine, "before_cursor_execute", function(c)
      depth = depth + 1
      if depth == 1 then assert.equal(5, c:exec_driver_sql("SELECT 5"):scalar()) end
      depth = depth - 1
    end)
    assert.equal(1, conn:exec_driver_sql("SELECT 1"):scalar())
    corm.event.listen(engine, "before_cursor_execute", function(c) c:close() end)
    raises("ResourceClosedError", "closed", conn.exec_driver_sql, conn, "SELECT 1")
  end)

  it("cannot yield out of the core", function()
    corm.event.listen(engine, "before_cursor_execute", function() coroutine.yield() end)
    local thread = coroutine.create(function() conn:exec_driver_sql("SELECT 1") end)
    local ok, err = coroutine.resume(thread)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("yield", 1, true))
  end)

  it("are checked", function()
    raises("InvalidRequestError", "did you mean 'before_execute'?", corm.event.listen, engine, "before_exec", print)
    raises("ArgumentError", "a function expected", corm.event.listen, engine, "before_execute", {})
    raises("ArgumentError", "did you mean 'retval'?", corm.event.listen, engine, "before_execute", print,
      { retvall = true })
    raises("ArgumentError", "retval is for before_execute", corm.event.listen, engine, "after_execute", print,
      { retval = true })
    raises("InvalidRequestError", "has no events", corm.event.listen, 5, "before_execute", print)
    raises("InvalidRequestError", "does not listen", corm.event.remove, engine, "before_execute", print)
    corm.event.listen(engine, "before_execute", print)
    assert.is_true(corm.event.contains(engine, "before_execute", print))
    corm.event.remove(engine, "before_execute", print)
    assert.is_false(corm.event.contains(engine, "before_execute", print))
  end)
end)

describe("echo", function()
  after_each(database.clean)

  it("shows statements, parameters and transactions on standard error", function()
    local text = stderr_of [[
      local corm = require "corm"
      local engine = corm.create_engine("sqlite://", { echo = true })
      engine:begin(function(conn)
        conn:exec_driver_sql("CREATE TABLE t (x INTEGER)")
        conn:exec_driver_sql("INSERT INTO t VALUES (?)", { "it's" })
      end)
      engine.echo = false
      engine:connect():exec_driver_sql("SELECT 'silent'")
    ]]
    local at = 1
    for _, part in ipairs { "BEGIN (implicit)", "CREATE TABLE t (x INTEGER)", "INSERT INTO t VALUES (?)", "('it''s')",
      "COMMIT" } do
      local first, last = text:find("INFO corm.engine.Engine [^\n]*" .. part:gsub("%p", "%%%0"), at)
      assert.is_truthy(first, part .. " is not in:\n" .. text)
      at = last
    end
    assert.is_nil(text:find("silent", 1, true))
  end)

  it("tells how long each took, how many rows it was, and which line of the script it came from", function()
    local text = stderr_of [[
      local corm = require "corm"
      local engine = corm.create_engine("sqlite://", { echo = true })
      local conn = engine:connect()
      conn:exec_driver_sql("CREATE TABLE t (x INTEGER)")
      conn:exec_driver_sql("INSERT INTO t VALUES (1), (2)")
      for _ in conn:exec_driver_sql("SELECT x FROM t") do end
      conn:exec_driver_sql("SELECT x FROM t WHERE x = 7")
      conn:exec_driver_sql("DELETE FROM t WHERE x = 1")
    ]]
    local outcomes = {}
    for outcome in text:gmatch "INFO corm.engine.Engine (%[took [^\n]*)\n" do outcomes[#outcomes + 1] = outcome end
    assert.equal(5, #outcomes)
    for i, pattern in ipairs { "^%[took 0%.%d+s%] at .*:4$", "s, 2 rows%] at .*:5$", "s%] at .*:6$",
      "s, 0 rows%] at .*:7$", "s, 1 row%] at .*:8$" } do
      assert.is_truthy(outcomes[i]:find(pattern), outcomes[i])
    end
    assert.is_truthy(text:find("INFO corm.engine.Engine [2 rows read]\n", 1, true))
  end)
end)
