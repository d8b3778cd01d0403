-- Servers that are not there, do not want, or are asked for too much: each time the class that fits, in time, with the
-- pool healthy afterwards and the password nowhere.
local corm = require "corm"
local database = require "spec.support.database"

database.only("postgresql", "mariadb", function()
  local SECRET = "Se3ret-never-shown"

  -- The URL of the server under test with other parts.
  local function url_with(parts)
    local own = corm.make_url((database.url()))
    return corm.URL.create(own.drivername, {
      username = parts.username or own.username, password = parts.password or own.password,
      host = parts.host or own.host, port = parts.port or own.port, database = parts.database or own.database,
      query = parts.query,
    })
  end

  -- The error of connecting, and how many seconds it took.
  local function refused(url)
    local engine = corm.create_engine(url)
    local start = os.time()
    local ok, err = pcall(engine.connect, engine)
    assert.is_false(ok)
    assert.is_true(corm.is_error(err), tostring(err))
    assert.is_nil(tostring(err):find(SECRET, 1, true))
    assert.is_nil(tostring(engine):find(SECRET, 1, true))
    assert.equal(0, engine.pool:checkedout())
    return err, os.time() - start
  end

  local function works(engine)
    local connection <close> = engine:connect()
    return connection:scalar(corm.text "SELECT 1") == 1
  end

  describe("a server", function()
    after_each(database.clean)

    it("that is not there is an OperationalError", function()
      local err = refused(url_with { port = 1, password = SECRET })
      assert.is_true(err:is "OperationalError")
    end)

    it("whose name nobody knows is an OperationalError", function()
      local err = refused(url_with { host = "no-such-host.invalid", password = SECRET })
      assert.is_true(err:is "OperationalError")
    end)

    it("that says nothing is an OperationalError when the time is over", function()
      -- A listener that never accepts: the kernel does, and then nothing comes.
      local listener = assert(io.popen([[perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 5,]]
        .. [[ LocalAddr => "127.0.0.1") or die; $| = 1; print $s->sockport, " $$\n"; sleep 60' &]]))
      local port, pid = listener:read("n", "n")
      local err, seconds = refused(url_with {
        host = "127.0.0.1", port = port, password = SECRET, query = { connect_timeout = "2" },
      })
      os.execute("kill " .. pid)
      assert.is_true(err:is "OperationalError")
      assert.is_true(seconds <= 5)
    end)

    it("does not take a wrong password", function()
      local err = refused(url_with { password = SECRET })
      assert.equal("AuthError", err.class)
    end)

    database.only("postgresql", function()
      it("takes the right password by SCRAM, and no other", function()
        local url, name = database.url()
        database.shell(name, ("SET password_encryption = 'scram-sha-256'; DROP ROLE IF EXISTS salted; "
          .. "CREATE ROLE salted LOGIN PASSWORD '%s'; SET password_encryption = 'md5'"):format(SECRET))
        local own = corm.make_url(url)
        local engine = corm.create_engine(own:set { username = "salted", password = SECRET })
        assert.is_true(works(engine))
        engine:dispose()
        assert.equal("AuthError", refused(own:set({ username = "salted" }):render_as_string(false)).class)
        local kept = "SELECT rolpassword ^@ 'SCRAM-SHA-256' FROM pg_authid WHERE rolname = 'salted'"
        assert.equal("t", database.shell(name, kept))
      end)
    end)

    it("does not know the database", function()
      local err = refused(url_with { database = "no_such_database" })
      assert.is_true(err:is "DBAPIError")
      assert.is_truthy(tostring(err):find "no_such_database")
    end)

    it("has no place for another connection", function()
      local url, name = database.url()
      local few = {
        postgresql = ("DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN PASSWORD '%s' CONNECTION LIMIT 2"):format(SECRET),
        mariadb = ("CREATE OR REPLACE USER few@localhost IDENTIFIED BY '%s', few@127.0.0.1 IDENTIFIED BY '%s' "
          .. "WITH MAX_USER_CONNECTIONS 2"):format(SECRET, SECRET),
      }
      database.shell(name, few[database.name])
      local own = corm.make_url(url)
      local engine = corm.create_engine(corm.URL.create(own.drivername, {
        username = "few", password = SECRET, host = own.host, port = own.port,
        database = database.name == "postgresql" and name or nil,
      }))
      local a, b = engine:connect(), engine:connect()
      local ok, err = pcall(engine.connect, engine)
      assert.is_false(ok)
      assert.is_true(err:is "OperationalError", tostring(err))
      assert.is_nil(tostring(err):find(SECRET, 1, true))
      a:close()
      b:close()
      assert.is_true(works(engine))
      engine:dispose()
    end)
  end)

  describe("a statement", function()
    after_each(database.clean)

    it("with more parameters than the protocol has is refused, and the connection is good", function()
      local engine = database.engine()
      local numbers = {}
      for i = 1, 70000 do numbers[i] = { i, i } end
      local n = corm.tuple_(corm.literal_column "1", corm.literal_column "1")
      local connection <close> = engine:connect()
      local ok, err = pcall(connection.execute, connection, corm.select(corm.literal_column "1"):where(n:in_(numbers)))
      assert.is_false(ok)
      assert.is_true(err:is "DBAPIError" or err:is "CompileError", tostring(err))
      connection:rollback()
      assert.equal(1, connection:scalar(corm.select(corm.literal_column "1")))
    end)

    it("of a type that corm does not know gives the server's text", function()
      local sql = {
        postgresql = "SELECT '2001:db8::1'::inet AS net, 7 AS n, now() AS t, point(1, 2) AS p",
        mariadb = "SELECT CAST('2001:db8::1' AS INET6) AS net, 7 AS n, now() AS t, 1 AS p",
      }
      local engine = database.engine()
      local connection <close> = engine:connect()
      local row = connection:exec_driver_sql(sql[database.name]):one()
      assert.is_truthy(tostring(row.net):find("2001:db8::1", 1, true))
      assert.equal(7, row.n)
      assert.equal(os.date "!%Y", tostring(row.t):sub(1, 4))
      if database.name == "postgresql" then assert.equal("(1,2)", row.p) end
    end)
  end)
end)

-- A packet is limited on MariaDB only.
database.only("mariadb", function()
  it("a value larger than a packet is an error, and the pool is healthy", function()
    local engine = database.engine()
    local metadata = corm.MetaData()
    local note = corm.Table("note", metadata,
      corm.Column("id", corm.Integer, { primary_key = true }), corm.Column("body", corm.LargeBinary(100000000)))
    metadata:create_all(engine)
    local ok, err = pcall(engine.begin, engine, function(connection)
      connection:execute(corm.insert(note):values { body = ("x"):rep(80 * 1024 * 1024) })
    end)
    assert.is_false(ok)
    assert.is_true(err:is "DatabaseError", tostring(err))
    local connection <close> = engine:connect()
    assert.equal(0, connection:scalar(corm.select(corm.func.count()):select_from(note)))
  end)
end)
