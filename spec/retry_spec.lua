local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

-- SQLite's own serialization failure: a transaction that has read wants to write after somebody else has written.
describe("run_transaction", function()
  local engine, other, Base, Note

  before_each(function()
    local url = "sqlite:///" .. database.path() .. "?journal_mode=wal"
    engine = corm.create_engine(url, { connect_args = { timeout = 0 } })
    other = corm.create_engine(url, { connect_args = { timeout = 0 } })
    Base = corm.declarative_base()
    Note = Base:model("Note", {
      __tablename__ = "note",
      id = corm.Column(corm.Integer, { primary_key = true }),
      text = corm.Column(corm.String),
    })
    Base.metadata:create_all(engine)
  end)
  after_each(function()
    engine:dispose()
    other:dispose()
    database.clean()
  end)

  local quick = { base_delay = 0 }

  local function count()
    local conn <close> = other:connect()
    return conn:exec_driver_sql("SELECT count(*) FROM note"):scalar()
  end

  -- A real one cannot happen in a block, which is locked for writing: two connections of our own make it.
  local function conflict()
    local reader <close> = engine:connect()
    reader:exec_driver_sql("SELECT count(*) FROM note"):all()
    other:begin(function(conn) conn:exec_driver_sql("INSERT INTO note (text) VALUES ('theirs')") end)
    reader:exec_driver_sql("INSERT INTO note (text) VALUES ('ours')")
  end

  -- The error object of a serialization failure.
  local failure
  before_each(function()
    failure = select(2, pcall(conflict))
    assert.equal("SerializationError", failure.class)
    assert.is_true(failure.retryable)
    assert.equal("none", failure.outcome)
    other:begin(function(conn) conn:exec_driver_sql("DELETE FROM note") end)
  end)

  it("gives what the function gives", function()
    local session <close> = corm.Session(engine)
    assert.same({ 1, session }, { session:run_transaction(function(s) return 1, s end) })
    assert.same({ 2, true }, { engine:run_transaction(function(conn) return 2, conn.closed == false end) })
    assert.is_false(session:in_transaction())
  end)

  it("runs the function again, with an empty session, after what may be tried again", function()
    local session <close> = corm.Session(engine)
    local tries, seen = 0, {}
    local note = session:run_transaction(function(s)
      tries = tries + 1
      seen[tries] = #s.new
      local made = Note { text = "try " .. tries }
      s:add(made)
      s:flush()
      if tries < 3 then error(failure, 0) end
      return made
    end, quick)
    assert.equal(3, tries)
    assert.same({ 0, 0, 0 }, seen)
    assert.equal("try 3", note.text)
    assert.equal(1, count())
  end)

  it("does the same for an engine", function()
    local tries = 0
    engine:run_transaction(function(conn)
      tries = tries + 1
      conn:exec_driver_sql("INSERT INTO note (text) VALUES ('x')")
      if tries < 2 then error(failure, 0) end
    end, quick)
    assert.equal(2, tries)
    assert.equal(1, count())
  end)

  it("gives up with the last error", function()
    local session <close> = corm.Session(engine)
    for _, retries in ipairs { 0, 2 } do
      local tries = 0
      local ok, err = pcall(session.run_transaction, session, function()
        tries = tries + 1
        error(failure, 0)
      end, { max_retries = retries, base_delay = 0 })
      assert.is_false(ok)
      assert.is_true(rawequal(failure, err))
      assert.equal(retries + 1, tries)
      assert.is_false(session:in_transaction())
    end
  end)

  it("does not try again what cannot help, and not what waited for a lock unless it is told to", function()
    local blocker <close> = other:connect()
    blocker:exec_driver_sql("INSERT INTO note (text) VALUES ('mine')")
    local tries
    local function write(conn)
      tries = tries + 1
      conn:exec_driver_sql("INSERT INTO note (text) VALUES ('x')")
    end
    local function run(options)
      tries = 0
      return select(2, pcall(engine.run_transaction, engine, write, options))
    end
    assert.equal("LockTimeoutError", run(quick).class)
    assert.equal(1, tries)
    corm.event.listen(engine, "begin", function()
      tries = tries + 1
      if tries == 2 then blocker:rollback() end
    end)
    assert.is_nil(run({ base_delay = 0, retry_lock_timeout = true }))
    blocker:rollback()
    for _, thrown in ipairs { "text", { "table" } } do
      local times = 0
      local ok, err = pcall(engine.run_transaction, engine, function()
        times = times + 1
        error(thrown, 0)
      end)
      assert.is_false(ok)
      assert.is_true(rawequal(thrown, err))
      assert.equal(1, times)
    end
  end)

  it("may yield in each try", function()
    local session <close> = corm.Session(engine)
    local thread = coroutine.wrap(function()
      local tries = 0
      return session:run_transaction(function(s)
        tries = tries + 1
        s:add(Note { text = coroutine.yield(tries) })
        s:flush()
        if tries < 3 then error(failure, 0) end
        return "done"
      end, quick)
    end)
    assert.equal(1, thread())
    assert.equal(2, thread "a")
    assert.equal(3, thread "b")
    assert.equal("done", thread "c")
    assert.equal(1, count())
  end)

  it("waits longer and longer", function()
    local clock = os.time()
    local tries = 0
    pcall(engine.run_transaction, engine, function()
      tries = tries + 1
      error(failure, 0)
    end, { max_retries = 20, base_delay = 0.001, max_delay = 0.002 })
    assert.equal(21, tries)
    assert.is_true(os.time() - clock <= 5)
  end)

  it("is not for what is under way", function()
    local session <close> = corm.Session(engine)
    session:add(Note { text = "before" })
    raises("InvalidRequestError", "changes that are not flushed", session.run_transaction, session, print)
    session:flush()
    raises("InvalidRequestError", "already begun", session.run_transaction, session, print)
    session:rollback()
    raises("ArgumentError", "a function expected, got nil", session.run_transaction, session)
    raises("ArgumentError", "did you mean 'max_retries'?", engine.run_transaction, engine, print, { max_retry = 1 })
    raises("ArgumentError", "must not be negative", engine.run_transaction, engine, print, { max_retries = -1 })
    raises("ArgumentError", "max_delay must be a number of seconds", engine.run_transaction, engine, print,
      { max_delay = "1" })
  end)
end)
