-- Handles in every wrong order: closed twice, finalized by hand, collected early, taken for something else.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local url

local function open()
  local engine = corm.create_engine(url)
  local conn = engine:connect()
  conn:exec_driver_sql("CREATE TEMPORARY TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20))")
  conn:exec_driver_sql("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
  local transaction = conn:get_transaction()
  local result = conn:exec_driver_sql("SELECT * FROM t")
  local scalars = result:scalars()
  local row = result:fetchone()
  return { engine = engine, conn = conn, transaction = transaction, result = result, scalars = scalars, row = row }
end

-- Every order of the names.
local function permutations(names, at, visit)
  at = at or 1
  if at > #names then return visit(names) end
  for i = at, #names do
    names[at], names[i] = names[i], names[at]
    permutations(names, at + 1, visit)
    names[at], names[i] = names[i], names[at]
  end
end

local function gc_of(object)
  return debug.getmetatable(object).__gc
end

describe("handles", function()
  before_each(function() url = database.name == "sqlite" and "sqlite://" or database.url() end)
  after_each(database.clean)

  it("are closed in every order", function()
    local names = { "engine", "conn", "transaction", "result", "scalars" }
    if database.name ~= "sqlite" then table.remove(names) end -- a connection for each order is dear there
    permutations(names, 1, function(order)
      local made = open()
      for _ = 1, 2 do
        for _, name in ipairs(order) do
          if name == "engine" then made.engine:dispose() else made[name]:close() end
        end
      end
      assert.equal("a", made.row.name)
      assert.is_true(made.conn.closed)
      assert.is_true(made.result.closed)
    end)
  end)

  it("are finalized by hand in every order, twice, and refuse work afterwards", function()
    permutations({ "engine", "conn", "result" }, 1, function(order)
      local made = open()
      for _ = 1, 2 do
        for _, name in ipairs(order) do gc_of(made[name])(made[name]) end
      end
      raises("ResourceClosedError", "finalized", function() made.engine:connect() end)
      raises("ResourceClosedError", "closed", made.conn.commit, made.conn)
      raises("ResourceClosedError", "closed", made.result.fetchone, made.result)
      raises("ResourceClosedError", "closed", made.scalars.all, made.scalars)
      made.conn:close()
      made.result:close()
      assert.equal("a", made.row.name)
    end)
  end)

  it("keep what they need alive", function()
    local function result()
      local conn = corm.create_engine(url):connect()
      return conn:exec_driver_sql("SELECT 1 AS a UNION ALL SELECT 2"):scalars()
    end
    local scalars = result()
    collectgarbage()
    collectgarbage()
    assert.same({ 1, 2 }, scalars:all())
  end)

  it("are collected: locks go with them", function()
    local shared, store = database.url()
    database.shell(store, "CREATE TABLE t (x INTEGER)")
    local function leave()
      local conn = corm.create_engine(shared):connect()
      conn:exec_driver_sql("INSERT INTO t VALUES (1)")
    end
    leave()
    collectgarbage()
    collectgarbage()
    assert.equal("0", database.shell(store, "CREATE TABLE free (x INTEGER); SELECT count(*) FROM t"))
  end)

  it("are not taken for each other", function()
    local made = open()
    local foreign = { nil, 1, "x", {}, print, io.stdout, corm.null, coroutine.create(print), made.engine, made.row }
    for i = 1, 10 do
      local value = foreign[i]
      raises("ArgumentError", "Connection:execute: Connection expected", made.conn.execute, value)
      raises("ArgumentError", "Result:all: Result expected", made.result.all, value)
      raises("ArgumentError", "Transaction:commit: Transaction expected", made.transaction.commit, value)
      for _, name in ipairs { "conn", "result" } do
        gc_of(made[name])(value)
        debug.getmetatable(made[name]).__close(value)
      end
    end
    assert.is_false(made.conn.closed)
    assert.is_false(made.result.closed)
    raises("ArgumentError", "Engine:connect: Engine expected", made.engine.connect, made.conn)
    gc_of(made.engine)(made.conn)
    gc_of(made.engine)()
    assert.equal(database.name, made.engine.name)
  end)

  it("are known by more than their metatable", function()
    local made = open()
    local metatable = debug.getmetatable(made.conn)
    local file = assert(io.tmpfile())
    local original = debug.getmetatable(file)
    debug.setmetatable(file, metatable)
    raises("ArgumentError", "", made.conn.execute, file)
    metatable.__gc(file)
    debug.setmetatable(file, original)
    file:close()
    debug.setmetatable(made.row, metatable)
    raises("ArgumentError", "", made.conn.commit, made.row)
    debug.setmetatable(made.row, nil)
    assert.is_false(made.conn.closed)
  end)

  it("hide their metatables", function()
    local made = open()
    for _, object in pairs(made) do assert.equal("string", type(getmetatable(object))) end
  end)

  it("come and go a thousand times without growing", function()
    local rounds = database.name == "sqlite" and 200 or 6 -- servers have room for a hundred at once
    local function use()
      for _ = 1, rounds do
        local made = open()
        made.conn:execute(corm.text("SELECT :x"), { x = 1 })
        pcall(made.conn.exec_driver_sql, made.conn, "nonsense")
      end
      collectgarbage()
      collectgarbage()
      return collectgarbage("count")
    end
    use()
    local before = use()
    for _ = 1, 3 do use() end
    assert.is_true(use() < before * 1.05 + 20)
  end)

  it("are resurrected without harm", function()
    local kept = {}
    do
      local made = open()
      setmetatable({}, { __gc = function() kept.made = made end })
    end
    collectgarbage()
    collectgarbage()
    pcall(kept.made.conn.exec_driver_sql, kept.made.conn, "SELECT 1")
    kept.made.result:close()
    kept.made.conn:close()
    kept.made = nil
    collectgarbage()
  end)

  it("end with their Lua state, in a hook as well", function()
    local path = database.path()
    local script = assert(io.open(path, "w"))
    script:write([[
      local corm = require "corm"
      local engine = corm.create_engine(arg[1])
      conn = engine:connect()
      result = conn:exec_driver_sql("SELECT 1")
      keep = setmetatable({}, { __gc = function() pcall(conn.exec_driver_sql, conn, "SELECT 2") end })
      corm.event.listen(engine, "before_cursor_execute", function() os.exit(7, true) end)
      conn:exec_driver_sql("SELECT 3")
    ]])
    script:close()
    local cpath = package.cpath:gsub("'", "'\\''")
    local _, how, code = os.execute("LUA_CPATH='" .. cpath .. "' lua5.4 " .. path .. " " .. url)
    assert.same({ "exit", 7 }, { how, code })
  end)

  it("do not cross into a forked shell's database", function()
    local shared, path = database.url()
    local conn <close> = corm.create_engine(shared):connect()
    conn:exec_driver_sql("CREATE TABLE t (x INTEGER)")
    conn:commit()
    assert.equal("0", database.shell(path, "SELECT count(*) FROM t"))
    conn:exec_driver_sql("INSERT INTO t VALUES (1)")
    assert.equal("0", database.shell(path, "SELECT count(*) FROM t"))
    conn:commit()
    assert.equal("1", database.shell(path, "SELECT count(*) FROM t"))
  end)
end)
