-- do_connect: where a connection goes is said when it is opened, for passwords that live a short time and servers that
-- change.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local event = corm.event

describe("do_connect", function()
  local engine, url
  before_each(function() url = database.url() end)
  after_each(function()
    if engine then engine:dispose() end
    engine = nil
    database.clean()
  end)

  local function works()
    local connection <close> = engine:connect()
    return connection:scalar(corm.text "SELECT 1") == 1
  end

  it("is told of each physical connection before it is opened, and of none that the pool had", function()
    local told = {}
    engine = corm.create_engine(url, { poolclass = "QueuePool" })
    event.listen(engine, "do_connect", function(dialect, record, arguments, parameters)
      told[#told + 1] = { dialect.name, record, arguments, parameters.database }
    end)
    event.listen(engine, "connect", function() told[#told + 1] = "connect" end)
    assert.equal(0, #told)
    assert.is_true(works())
    assert.is_true(works())
    assert.same({ { engine.name, nil, nil, engine.url.database }, "connect" }, told)
    local one, two = engine:connect(), engine:connect()
    assert.equal(4, #told)
    one:close()
    two:close()
  end)

  it("shows the parts of the URL, each time anew", function()
    local seen = {}
    engine = corm.create_engine(url, { poolclass = "NullPool" })
    event.listen(engine, "do_connect", function(_, _, _, parameters)
      seen[#seen + 1] = parameters
    end)
    works()
    works()
    local parts = engine.url
    assert.same({ host = parts.host, port = parts.port, username = parts.username, password = parts.password,
      database = parts.database, query = parts.query }, seen[1])
    assert.same(seen[1], seen[2])
    assert.is_false(rawequal(seen[1], seen[2]))
  end)

  it("is heard by an engine with other options, and no more when it is removed", function()
    local n = 0
    engine = corm.create_engine(url, { poolclass = "NullPool" })
    local function listener() n = n + 1 end
    event.listen(engine, "do_connect", listener)
    local connection <close> = engine:execution_options({ isolation_level = "SERIALIZABLE" }):connect()
    assert.equal(1, connection:scalar(corm.text "SELECT 1"))
    connection:close()
    assert.equal(1, n)
    event.remove(engine, "do_connect", listener)
    assert.is_true(works())
    assert.equal(1, n)
  end)

  it("that fails opens nothing, and its error comes out as it is", function()
    engine = corm.create_engine(url, { poolclass = "QueuePool" })
    local fault, fails = {}, true
    event.listen(engine, "do_connect", function() if fails then error(fault) end end)
    local ok, err = pcall(engine.connect, engine)
    assert.is_false(ok)
    assert.equal(fault, err)
    assert.equal(0, engine.pool:checkedout())
    fails = false
    assert.is_true(works())
  end)

  it("refuses what is no part of a URL, or none of its kind, before anything is opened", function()
    local change, opened = nil, 0
    engine = corm.create_engine(url, { poolclass = "NullPool" })
    event.listen(engine, "do_connect", function(_, _, _, parameters) return change(parameters) end)
    event.listen(engine, "connect", function() opened = opened + 1 end)
    for _, case in ipairs {
      { "did you mean 'password'", function(parameters) parameters.passwort = "x" end },
      { "port", function(parameters) parameters.port = "5432" end },
      { "no port 70000", function(parameters) parameters.port = 70000 end },
      { "database", function(parameters) parameters.database = 5 end },
      { "query", function(parameters) parameters.query = "a=b" end },
      { "query", function(parameters) parameters.query = { a = 5 } end },
      { "option in the database URL", function(parameters) parameters.query = { no_such_option = "1" } end },
      { "returns", function() return {} end },
    } do
      change = case[2]
      raises("ArgumentError", case[1], engine.connect, engine)
    end
    assert.equal(0, opened)
    change = function() end
    assert.is_true(works())
  end)

  database.only("sqlite", function()
    it("may give another file, to each connection its own", function()
      local files = { database.path(), database.path() }
      engine = corm.create_engine("sqlite:///no/such/folder/x.db", { poolclass = "NullPool" })
      local at = 0
      event.listen(engine, "do_connect", function(_, _, _, parameters)
        at = at + 1
        parameters.database = files[at]
      end)
      for i = 1, 2 do
        engine:begin(function(connection) connection:exec_driver_sql("CREATE TABLE t" .. i .. " (x)") end)
      end
      for i, file in ipairs(files) do
        local other <const> = corm.create_engine("sqlite:///" .. file)
        assert.same({ "t" .. i }, corm.inspect(other):get_table_names())
        other:dispose()
      end
    end)

    it("may give options, which are those of a URL", function()
      local file = os.tmpname()
      engine = corm.create_engine(url, { poolclass = "NullPool" })
      event.listen(engine, "do_connect", function(_, _, _, parameters)
        parameters.database = "file:" .. file
        parameters.query = { mode = "ro", uri = "true" }
      end)
      raises("ReadOnlyError", "readonly", engine.begin, engine, function(connection)
        connection:exec_driver_sql "CREATE TABLE t (x)"
      end)
      os.remove(file)
    end)
  end)

  database.only("postgresql", "mariadb", function()
    it("may give a password that the URL does not have", function()
      local own = corm.make_url(url)
      engine = corm.create_engine(own:set { password = "expired-secret" }, { poolclass = "NullPool" })
      assert.is_false(pcall(works))
      local given
      event.listen(engine, "do_connect", function(_, _, _, parameters)
        given = parameters.password
        parameters.password = own.password
      end)
      assert.is_true(works())
      assert.equal("expired-secret", given)
      assert.equal("expired-secret", engine.url.password)
    end)

    it("never shows that password", function()
      engine = corm.create_engine(url)
      event.listen(engine, "do_connect", function(_, _, _, parameters) parameters.password = "fresh-and-wrong" end)
      local err = raises("AuthError", "", engine.connect, engine)
      assert.is_nil(tostring(err):find("fresh-and-wrong", 1, true))
      assert.is_nil(tostring(engine):find("fresh-and-wrong", 1, true))
    end)

    it("is asked again when a connection was lost", function()
      local n = 0
      engine = corm.create_engine(url, { pool_pre_ping = true })
      event.listen(engine, "do_connect", function() n = n + 1 end)
      assert.is_true(works())
      local connection = engine:connect()
      connection:invalidate()
      connection:close()
      assert.is_true(works())
      assert.equal(2, n)
    end)
  end)
end)
