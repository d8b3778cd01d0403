local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

-- What the servers do when something goes wrong.
local servers = {
  postgresql = {
    url = os.getenv "CORM_TEST_URL",
    pid = "SELECT pg_backend_pid()",
    kill = "SELECT pg_terminate_backend(%d)",
  },
  mariadb = {
    url = os.getenv "CORM_TEST_URL",
    pid = "SELECT CONNECTION_ID()",
    kill = "KILL %d",
  },
}

local prefix = ("trouble_%x_"):format(os.time() % 0x100000)

local function spec(name, server)
  local engine, killer, Base, Account, table_name
  local url = server.url

  before_each(function()
    table_name = prefix .. "account"
    Base = corm.declarative_base()
    Account = Base:model("Account", {
      __tablename__ = table_name,
      id = corm.Column(corm.Integer, { primary_key = true }),
      name = corm.Column(corm.String(20), { unique = true }),
      balance = corm.Column(corm.Integer, { nullable = false }),
    })
    engine = corm.create_engine(url)
    killer = corm.create_engine(url, { isolation_level = "AUTOCOMMIT" })
    Base.metadata:drop_all(engine)
    Base.metadata:create_all(engine)
    engine:begin(function(conn)
      conn:execute(corm.insert(Account.__table__), {
        { name = "ann", balance = 100 }, { name = "bob", balance = 100 },
      })
    end)
  end)
  after_each(function()
    collectgarbage()
    engine:dispose()
    Base.metadata:drop_all(killer)
    killer:dispose()
  end)

  local function kill(pid)
    local conn <close> = killer:connect()
    conn:exec_driver_sql(server.kill:format(pid))
    local clock = os.clock()
    while os.clock() - clock < 0.02 do end -- the server needs a moment to hang up
  end

  local function pid_of(conn)
    return conn:exec_driver_sql(server.pid):scalar()
  end

  local function update(conn, id, by)
    conn:execute(corm.text("UPDATE " .. table_name .. " SET balance = balance + :by WHERE id = :id"),
      { id = id, by = by })
  end

  -- The connection is lost when COMMIT is on its way.
  local function die_in_commit(conn)
    local pid = pid_of(conn)
    if name == "mariadb" then return kill(pid) end -- its client finds out by sending
    conn:exec_driver_sql [[CREATE FUNCTION pg_temp.wait() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_sleep(5); RETURN NULL; END']]
    conn:exec_driver_sql("CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON " .. table_name ..
      " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.wait()")
    update(conn, 2, 0)
    local psql = ("env -u LD_PRELOAD psql -qtc '%s' '%s'"):format(server.kill:format(pid), url)
    os.execute(("(sleep 0.3; %s) >/dev/null 2>&1 &"):format(psql))
  end

  local function balance(id)
    local conn <close> = killer:connect()
    return conn:scalar(corm.text("SELECT balance FROM " .. table_name .. " WHERE id = :id"), { id = id })
  end

  local function update_elsewhere(id, by)
    local conn <close> = killer:connect()
    update(conn, id, by)
  end

  describe(name, function()
    it("says what the server says", function()
      local conn <close> = engine:connect()
      local insert = corm.insert(Account.__table__)
      local err = raises("IntegrityError", "", conn.execute, conn, insert, { id = 3, name = "ann", balance = 0 })
      assert.is_truthy(err.sqlstate:match "^23%d%d%d$")
      assert.is_truthy(err.detail:find("ann", 1, true))
      assert.is_truthy(tostring(err):find(err.detail, 1, true))
      assert.is_nil(err.message:find("ann", 1, true))
      assert.equal("none", err.outcome)
      assert.is_false(err.disconnected)
      local silent = corm.create_engine(url, { hide_parameters = true })
      local other <close> = silent:connect()
      err = raises("IntegrityError", "", other.execute, other, insert, { id = 3, name = "ann", balance = 0 })
      assert.is_nil(err.detail)
      assert.is_nil(tostring(err):find("ann", 1, true))
    end)

    it("replaces all idle connections after one has turned out to be dead", function()
      local conns, pids = {}, {}
      for i = 1, 4 do
        conns[i] = engine:connect()
        pids[i] = pid_of(conns[i])
      end
      for i = 1, 4 do conns[i]:close() end
      for i = 1, 4 do kill(pids[i]) end
      local failures = 0
      for _ = 1, 4 do
        local conn <close> = engine:connect()
        local ok, err = pcall(conn.exec_driver_sql, conn, "SELECT 1")
        if not ok then
          failures = failures + 1
          assert.equal("DisconnectError", err.class)
          assert.is_true(err.disconnected)
          assert.equal("none", err.outcome)
        end
      end
      assert.equal(1, failures)
    end)

    it("has no dead connections where it asks before", function()
      local careful = corm.create_engine(url, { pool_pre_ping = true })
      local a, b = careful:connect(), careful:connect()
      local pids = { pid_of(a), pid_of(b) }
      a:close()
      b:close()
      for _, pid in ipairs(pids) do kill(pid) end
      for _ = 1, 3 do
        local conn <close> = careful:connect()
        assert.equal(1, conn:exec_driver_sql("SELECT 1"):scalar())
      end
      careful:dispose()
    end)

    it("wants a rollback after a lost connection, and goes on with another one", function()
      local conn <close> = engine:connect()
      update(conn, 1, -10)
      kill(pid_of(conn))
      local err = raises("DisconnectError", "", update, conn, 2, 10)
      assert.equal("none", err.outcome)
      assert.is_true(conn.invalidated)
      raises("PendingRollbackError", "DisconnectError", update, conn, 2, 10)
      local pending = raises("PendingRollbackError", "DisconnectError", conn.commit, conn)
      assert.equal("DisconnectError", pending.cause.class)
      assert.equal(err.message, pending.cause.message)
      assert.is_truthy(pending.cause.statement:find("UPDATE", 1, true))
      conn:rollback()
      update(conn, 1, 1)
      assert.is_false(conn.invalidated)
      conn:commit()
      assert.equal(101, balance(1))
      assert.equal(100, balance(2))
    end)

    describe("a session whose connection is lost", function()
      -- A session that has loaded ann and is about to change her balance.
      local function start()
        local session = corm.Session(engine)
        local ann = session:get(Account, 1)
        assert.equal(100, ann.balance)
        ann.balance = 150
        return session, ann
      end

      -- Asks for a rollback whatever is tried, and works after it, with everything read anew.
      local function recovers(session, ann)
        raises("PendingRollbackError", "DisconnectError", session.execute, session, corm.text "SELECT 1")
        local err = raises("PendingRollbackError", "DisconnectError", session.commit, session)
        assert.equal("DisconnectError", err.cause.class)
        assert.is_true(err.cause.disconnected)
        update_elsewhere(1, 7)
        session:rollback()
        assert.is_true(corm.inspect(ann).persistent)
        assert.equal(107, ann.balance)
        ann.balance = ann.balance + 1
        session:commit()
        assert.equal(108, balance(1))
        assert.is_true(rawequal(ann, session:get(Account, 1)))
        session:close()
      end

      it("in a query, goes on after a rollback", function()
        local session, ann = start()
        kill(pid_of(session:connection()))
        local err = raises("DisconnectError", "", session.execute, session, corm.text "SELECT 1")
        assert.is_true(err.disconnected)
        recovers(session, ann)
      end)

      it("in a flush, goes on after a rollback, and what was new is the script's again", function()
        local session, ann = start()
        local new = Account { name = "new", balance = 1 }
        session:add(new)
        kill(pid_of(session:connection()))
        raises("DisconnectError", "", session.flush, session)
        recovers(session, ann)
        assert.is_true(corm.inspect(new).transient)
        session = corm.Session(engine)
        session:add(new)
        session:commit()
        assert.equal(1, balance(new.id))
        session:close()
      end)

      it("in the flush of a commit, too", function()
        local session, ann = start()
        kill(pid_of(session:connection()))
        local err = raises("DisconnectError", "", session.commit, session)
        assert.equal("none", err.outcome)
        recovers(session, ann)
      end)

      it("while it loads, goes on after a rollback", function()
        local session, ann = start()
        session:commit()
        assert.equal(150, ann.balance)
        kill(pid_of(session:connection()))
        session:expire(ann)
        raises("DisconnectError", "", function() return ann.balance end)
        session:rollback()
        assert.equal(150, ann.balance)
        session:close()
      end)

      it("before it has done anything, finds another one where it asks before", function()
        local careful = corm.create_engine(url, { pool_pre_ping = true })
        local session = corm.Session(careful)
        local ann = session:get(Account, 1)
        local pid = pid_of(session:connection())
        session:commit()
        kill(pid)
        assert.equal(100, ann.balance)
        session:close()
        careful:dispose()
      end)
    end)

    it("does not know what became of a COMMIT without an answer, and sends nothing again", function()
      local session = corm.Session(engine)
      local ann = session:get(Account, 1)
      ann.balance = 0
      session:flush()
      die_in_commit(session:connection())
      local sent = 0
      corm.event.listen(engine, "before_cursor_execute", function() sent = sent + 1 end)
      local err = raises("CommitUnknownError", "", session.commit, session)
      assert.equal("unknown", err.outcome)
      assert.is_true(err.disconnected)
      assert.is_false(err.retryable)
      err = raises("PendingRollbackError", "nobody knows with what result", session.get, session, Account, 2)
      assert.equal("CommitUnknownError", err.cause.class)
      raises("PendingRollbackError", "call session:rollback()", session.commit, session)
      assert.equal(0, sent)
      session:rollback()
      assert.equal(100, ann.balance) -- read again
      session:close()
    end)

    it("leaves a session usable after a flush that failed, in a savepoint too", function()
      local session <close> = corm.Session(engine)
      session:add(Account { name = "cid", balance = 1 })
      session:flush()
      local nested = session:begin_nested()
      session:add(Account { name = "ann", balance = 1 })
      raises("IntegrityError", "", session.flush, session)
      nested:rollback()
      assert.equal(3, session:scalar(corm.select(corm.func.count()):select_from(Account)))
      session:commit()
      session:add(Account { name = "bob", balance = 1 })
      raises("IntegrityError", "", session.flush, session)
      raises("PendingRollbackError", "", session.get, session, Account, 1)
      session:rollback()
      assert.equal("ann", session:get(Account, 1).name)
    end)

    it("begins as it is told", function()
      local strict = engine:execution_options { isolation_level = "SERIALIZABLE" }
      local conn <close> = strict:connect()
      assert.equal("SERIALIZABLE", conn:get_isolation_level())
      update(conn, 1, 0)
      conn:rollback()
      local plain <close> = engine:connect()
      assert.equal(plain.default_isolation_level, plain:get_isolation_level())
      plain:exec_driver_sql("SELECT 1")
      assert.equal(plain.default_isolation_level, plain:get_isolation_level())
      local reports <close> = engine:execution_options { read_only = true }:connect()
      raises("ReadOnlyError", "", update, reports, 1, 1)
      reports:rollback()
      raises("ArgumentError", "AUTOCOMMIT, READ UNCOMMITTED, READ COMMITTED, REPEATABLE READ, SERIALIZABLE",
        engine.execution_options, engine, { isolation_level = "SNAPSHOT" })
    end)

    it("commits each statement with AUTOCOMMIT", function()
      local conn <close> = engine:execution_options { isolation_level = "AUTOCOMMIT" }:connect()
      update(conn, 1, 5)
      conn:rollback()
      assert.equal(105, balance(1))
      kill(pid_of(conn))
      local err = raises("DisconnectError", "", update, conn, 1, 5)
      assert.equal("unknown", err.outcome)
    end)

    it("streams, and answers other questions meanwhile", function()
      engine:begin(function(conn)
        for i = 3, 60 do update(conn, i, 0) end
        local rows = {}
        for i = 3, 60 do rows[#rows + 1] = { id = i, name = "n" .. i, balance = i } end
        conn:execute(corm.insert(Account.__table__), rows)
      end)
      local conn <close> = engine:connect()
      local stmt = corm.text("SELECT id FROM " .. table_name .. " ORDER BY id")
      local n = 0
      for row in conn:execute(stmt:execution_options { stream_results = true }) do
        n = n + 1
        assert.equal(n, row.id)
        if n % 20 == 0 then
          assert.equal(60, conn:scalar(corm.text("SELECT count(*) FROM " .. table_name)))
        end
      end
      assert.equal(60, n)
      local left = conn:execution_options { stream_results = true }:execute(stmt)
      assert.equal(1, left:first().id) -- the rest is not read
      assert.equal(60, conn:scalar(corm.text("SELECT count(*) FROM " .. table_name)))
    end)

    it("tries serialization failures again", function()
      if name ~= "postgresql" then return end -- InnoDB locks where PostgreSQL fails
      local strict = engine:execution_options { isolation_level = "REPEATABLE READ" }
      local session <close> = corm.Session(strict)
      local tries = 0
      session:run_transaction(function(s)
        tries = tries + 1
        local ann = s:get(Account, 1)
        if tries < 3 then
          engine:begin(function(conn) update(conn, 1, 10) end)
        end
        ann.balance = ann.balance + 1
      end, { base_delay = 0.001 })
      assert.equal(3, tries)
      assert.equal(121, balance(1))
      local err = raises("SerializationError", "", session.run_transaction, session, function(s)
        local ann = s:get(Account, 1)
        engine:begin(function(conn) update(conn, 1, 10) end)
        ann.balance = 0
      end, { max_retries = 1, base_delay = 0.001 })
      assert.is_true(err.retryable)
      assert.equal("40001", err.sqlstate)
      assert.equal(141, balance(1))
    end)

    it("finds deadlocks, which run_transaction gets out of", function()
      local script = ([[
        local corm = require "corm"
        local engine = corm.create_engine(%q)
        local update = corm.text("UPDATE %s SET balance = balance + :by WHERE id = :id")
        engine:run_transaction(function(conn)
          conn:execute(update, { id = 2, by = -1 })
          print "locked"
          io.stdout:flush()
          conn:execute(update, { id = 1, by = 1 })
        end, { max_retries = 10, base_delay = 0.01 })
        print "done"
      ]]):format(url, table_name)
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write(("package.cpath = %q\n"):format(package.cpath), script)
      file:close()
      local tries, child = 0, nil
      engine:run_transaction(function(conn)
        tries = tries + 1
        update(conn, 1, -5)
        if not child then
          child = assert(io.popen("lua5.4 " .. path .. " 2>&1"))
          assert.equal("locked", child:read())
        end
        update(conn, 2, 5)
      end, { max_retries = 10, base_delay = 0.01 })
      local said = child:read "a"
      child:close()
      os.remove(path)
      assert.is_truthy(said:find("done", 1, true), said)
      -- Each has tried twice at most in the end, one of them surely.
      assert.is_true(tries > 1 or said:find("locked", 1, true) ~= nil, "there was no deadlock")
      assert.equal(96, balance(1))
      assert.equal(104, balance(2))
    end)
  end)
end

database.needs("sessions_to_kill", function()
  describe("trouble with", function() spec(database.name, servers[database.name]) end)
end)

-- PostgreSQL accepts nothing in a transaction after an error.
database.only("postgresql", function()
  describe("a failed transaction", function()
    local url = servers.postgresql.url

    -- Fails when it runs; what cannot even be prepared would do, too.
    local function fail(conn)
      raises("DataError", "", conn.exec_driver_sql, conn, "SELECT 1 / ($1::INTEGER - 1)", { 1 })
    end

    it("answers without the server, until it is rolled back", function()
      local engine = corm.create_engine(url)
      local conn <close> = engine:connect()
      fail(conn)
      local sent = 0
      corm.event.listen(engine, "before_cursor_execute", function() sent = sent + 1 end)
      raises("PendingRollbackError", "(DataError)", conn.exec_driver_sql, conn, "SELECT 1")
      raises("PendingRollbackError", "(DataError)", conn.begin_nested, conn)
      assert.equal(0, sent)
      conn:rollback()
      conn:exec_driver_sql("SELECT 1")
      local nested = conn:begin_nested()
      fail(conn)
      raises("PendingRollbackError", "(DataError)", nested.commit, nested)
      nested:rollback()
      assert.equal(3, conn:exec_driver_sql("SELECT 3"):scalar())
      fail(conn)
      raises("PendingRollbackError", "it was rolled back", conn.commit, conn)
      assert.is_false(conn:in_transaction())
      assert.equal(4, conn:exec_driver_sql("SELECT 4"):scalar())
      conn:close()
      engine:dispose()
    end)
  end)
end)
