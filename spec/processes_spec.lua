-- Trouble that only several processes make: conflicts between transactions, and connections that are killed. What is in
-- the database afterwards is read by its own shell.
local corm = require "corm"
local database = require "spec.support.database"

local program = assert(os.getenv "CORM_PROGRAM", "CORM_PROGRAM names the program under test")

local PROCESSES, ACCOUNTS, BALANCE = 4, 10, 1000
-- A file has one writer at a time, and those who wait for it sleep.
local TRANSFERS = database.name == "sqlite" and 50 or 500
local KILLS = 200
-- So long that units of work come to their end between two kills, also where instrumented code opens connections.
local PAUSE = os.getenv "ASAN_OPTIONS" and 0.06 or 0.015

-- Starts a program of spec/trouble; its output is read later, so that several run at once. One that says more than a
-- pipe holds writes to a file.
local function start(output, script, ...)
  local words = { program, "spec/trouble/" .. script }
  for _, word in ipairs { ... } do words[#words + 1] = "'" .. word .. "'" end
  return assert(io.popen(table.concat(words, " ") .. output .. " 2>&1"))
end

local function finish(process)
  local text = process:read "a"
  local ok = process:close()
  assert(ok, text)
  return text
end

-- Makes tables of a key and a balance; returns their MetaData.
local function create(url, ...)
  local metadata = corm.MetaData()
  for _, name in ipairs { ... } do
    corm.Table(name, metadata,
      corm.Column("id", corm.Integer, { primary_key = true, autoincrement = false }),
      corm.Column("balance", corm.Integer, { server_default = "0" }))
  end
  local engine = corm.create_engine(url)
  metadata:create_all(engine)
  engine:dispose()
  return metadata
end

describe("transfers of several processes between the same accounts", function()
  after_each(database.clean)

  it("leave the sum as it was, each done once, conflicts tried again", function()
    local url, name = database.url()
    local account = create(url, "account").tables.account
    local rows = {}
    for id = 1, ACCOUNTS do rows[id] = { id = id, balance = BALANCE } end
    local engine = corm.create_engine(url)
    engine:begin(function(connection) connection:execute(corm.insert(account), rows) end)
    engine:dispose()

    local processes, done = {}, 0
    for i = 1, PROCESSES do processes[i] = start("", "transfer.lua", url, ACCOUNTS, TRANSFERS, i) end
    for _, process in ipairs(processes) do
      local text = finish(process)
      done = done + assert(tonumber(text:match "^(%d+)%s+%d+%s*$"), text)
    end
    assert.equal(PROCESSES * TRANSFERS, done)
    assert.equal(("%d|%d"):format(ACCOUNTS, ACCOUNTS * BALANCE),
      database.shell(name, "SELECT count(*), sum(balance) FROM account"))
    local moved = database.shell(name, ("SELECT count(*) FROM account WHERE balance <> %d"):format(BALANCE))
    assert.is_true(tonumber(moved) > 0)
  end)
end)

database.needs("sessions_to_kill", function()
  describe("a ledger outside, while connections are killed at random moments", function()
    after_each(database.clean)

    local OWN_ID = { postgresql = "SELECT pg_backend_pid()", mariadb = "SELECT connection_id()" }

    -- The numbers that a query gives, as keys, and how many there are.
    local function set_of(name, sql)
      local set, n = {}, 0
      for number in database.shell(name, sql):gmatch "%d+" do
        set[tonumber(number)] = true
        n = n + 1
      end
      return set, n
    end

    it("never contradicts the database", function()
      local url, name = database.url()
      create(url, "debit", "credit")
      local spared = database.shell(name, OWN_ID[database.name])
      local stop = database.path()
      local path = database.path()
      local writer = start(" >" .. path, "writer.lua", url, stop)
      local killer = start("", "killer.lua", url, KILLS, os.time(), spared, PAUSE)
      assert.equal(KILLS, tonumber(finish(killer)))
      assert(io.open(stop, "w")):close()

      finish(writer)
      local told, ledger = { acked = 0, lost = 0, unknown = 0 }, assert(io.open(path)):read "a"
      local debit, n = set_of(name, "SELECT id FROM debit")
      local credit, m = set_of(name, "SELECT id FROM credit")
      assert.equal(n, m)
      for word, digits in ledger:gmatch "(%a+)%s+(%d+)" do
        local number = tonumber(digits)
        told[word] = told[word] + 1
        assert.equal(debit[number], credit[number], ("half of unit %d"):format(number))
        if word == "acked" then assert.is_true(debit[number], ("unit %d was acknowledged"):format(number)) end
        if word == "lost" then assert.is_nil(debit[number], ("unit %d was said to be lost"):format(number)) end
      end
      assert.is_true(told.acked > KILLS)
      assert.is_true(told.lost + told.unknown > KILLS / 2)
    end)

    it("ends a flush of several pages wherever it is, and leaves a session that goes on", function()
      local url, name = database.url()
      local Base = corm.declarative_base()
      local Tag = Base:model("Tag", {
        __tablename__ = "tag",
        id = corm.Column(corm.Integer, { primary_key = true }),
        number = corm.Column(corm.Integer),
      })
      local engine = corm.create_engine(url)
      Base.metadata:create_all(engine)
      local session = corm.sessionmaker { bind = engine } ()
      local spared = database.shell(name, OWN_ID[database.name])
      local path = database.path()
      local killer = start(" >" .. path, "killer.lua", url, KILLS // 4, os.time(), spared, PAUSE)
      local failed, written, unknown = 0, 0, 0
      repeat
        for i = 1, 9000 do session:add(Tag { number = i }) end
        local ok, err = pcall(session.commit, session)
        if ok then
          written = written + 9000
        else
          failed = failed + 1
          -- A connection that ends while it is being opened is no DisconnectError, and has sent no statement.
          assert.is_true(err:is "DisconnectError" or err:is "OperationalError" and not err.statement, tostring(err))
          unknown = unknown + (err:is "CommitUnknownError" and 9000 or 0)
          session:rollback()
          assert.equal(0, #session.new)
        end
      until io.open(path):read "n"
      finish(killer)
      assert.is_true(failed > 0)
      engine:dispose() -- the last one that was killed may have been idle
      session:add(Tag { number = 0 })
      session:commit()
      local rows = tonumber(database.shell(name, "SELECT count(*) FROM tag")) - 1
      assert.equal(0, rows % 9000)
      assert.is_true(rows >= written and rows <= written + unknown, ("%d of %d"):format(rows, written))
      session:close()
      engine:dispose()
    end)
  end)
end)
