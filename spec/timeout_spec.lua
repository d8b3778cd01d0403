-- statement_timeout: how long a statement of an engine, a connection or a session may take.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local slow = corm.text(database.name == "mariadb" and "SELECT sleep(20)" or "SELECT pg_sleep(20)")

describe("statement_timeout", function()
  local engine
  before_each(function() engine = database.engine { pool_size = 1, max_overflow = 0 } end)
  after_each(function()
    engine:dispose()
    database.clean()
  end)

  it("must be a number of milliseconds, where the database has it", function()
    for _, bad in ipairs { -1, 2 ^ 31 | 0, 1.5, "100" } do
      local ok, err = pcall(engine.execution_options, engine, { statement_timeout = bad })
      assert.is_false(ok)
      assert.equal("ArgumentError", err.class)
      assert.matches("statement_timeout", err.message)
    end
  end)

  database.only("sqlite", function()
    it("is nothing that SQLite has", function()
      raises("ArgumentError", "sqlite has no statement_timeout", engine.execution_options, engine,
        { statement_timeout = 100 })
    end)
  end)

  database.needs("statement_timeout", function()
    -- What the server thinks, in milliseconds.
    local function in_force(conn)
      if database.name == "mariadb" then
        return math.tointeger(conn:scalar(corm.text "SELECT CAST(@@max_statement_time * 1000 AS SIGNED)"))
      end
      local text = "SELECT CAST(setting AS integer) FROM pg_settings WHERE name = 'statement_timeout'"
      return conn:scalar(corm.text(text))
    end

    it("ends what takes longer, and the connection goes on after a rollback", function()
      local conn <close> = engine:execution_options { statement_timeout = 50 }:connect()
      for _ = 1, 2 do
        local err = raises("StatementTimeoutError", "", conn.execute, conn, slow)
        assert.is_false(err.disconnected)
        conn:rollback()
        assert.equal(1, conn:scalar(corm.text "SELECT 1"))
        assert.equal(50, in_force(conn))
        conn:commit()
      end
    end)

    it("holds for the connection that has it, and leaves nothing on the one that the pool keeps", function()
      local short = engine:execution_options { statement_timeout = 50 }
      for _ = 1, 2 do
        engine:begin(function(conn) assert.equal(0, in_force(conn)) end)
        short:begin(function(conn) assert.equal(50, in_force(conn)) end)
        assert.same({ statement_timeout = 50 }, short:get_execution_options())
      end
    end)

    it("is an option of create_engine, too", function()
      local other = database.engine { execution_options = { statement_timeout = 70 } }
      other:begin(function(conn) assert.equal(70, in_force(conn)) end)
      other:dispose()
    end)

    it("may change within a transaction, whatever becomes of that", function()
      local conn <close> = engine:connect()
      assert.equal(0, in_force(conn))
      conn:execution_options { statement_timeout = 60 }
      assert.equal(60, in_force(conn))
      conn:rollback()
      assert.equal(60, in_force(conn))
      local savepoint = conn:begin_nested()
      conn:execution_options { statement_timeout = 80 }
      assert.equal(80, in_force(conn))
      savepoint:rollback()
      assert.equal(80, in_force(conn))
      conn:execution_options { statement_timeout = 0 }
      conn:commit()
      assert.equal(0, in_force(conn))
    end)

    it("is a session's, too", function()
      local session <close> = corm.Session(engine, { execution_options = { statement_timeout = 50 } })
      raises("StatementTimeoutError", "", session.execute, session, slow)
      session:rollback()
      assert.equal(50, in_force(session:connection()))
    end)

    it("stands beside that of the URL", function()
      local other = corm.create_engine(tostring(database.url()) .. "?statement_timeout=4000")
      local conn <close> = other:connect()
      assert.equal(4000, in_force(conn))
      conn:execution_options { statement_timeout = 50 }
      assert.equal(50, in_force(conn))
      conn:execution_options { statement_timeout = 0 }
      assert.equal(4000, in_force(conn))
      conn:close()
      other:dispose()
    end)
  end)
end)
