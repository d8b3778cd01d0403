local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local function line_here()
  return debug.getinfo(2, "l").currentline
end

describe("an error object", function()
  it("carries the class, the code and the place in the script", function()
    local line
    local ok, err = pcall(function()
      line = line_here() + 1
      return corm.date(2026, 2, 30)
    end)
    assert.is_false(ok)
    assert.equal("ArgumentError", err.class)
    assert.equal("corm-e1100", err.code)
    assert.equal(line, err.line)
    assert.is_truthy(err.source:find("error_spec.lua", 1, true))
    assert.is_truthy(err.traceback:find("error_spec.lua:" .. line, 1, true))
    assert.equal(err.source .. ":" .. line .. ": ArgumentError: " .. err.message, tostring(err))
  end)

  it("tells class and classes above it", function()
    local err = raises("ArgumentError", "", corm.date)
    assert.is_true(err:is("ArgumentError"))
    assert.is_true(err:is(corm.exc.Error))
    assert.is_false(err:is("DBAPIError"))
    assert.is_true(corm.is_error(err))
    assert.is_true(corm.is_error(err, "ArgumentError"))
    assert.is_false(corm.is_error(err, "IdentifierError"))
    raises("ArgumentError", "did you mean 'IntegrityError'?", err.is, err, "IntegrtyError")
    raises("ArgumentError", "did you mean 'IntegrityError'?", function() return corm.exc.IntegrityErro end)
    raises("ArgumentError", "cannot be changed", function() corm.exc.MyError = "MyError" end)
  end)

  it("never confuses others' values with errors", function()
    local foreign = { nil, "text", 1, {}, setmetatable({}, { __name = "Error" }), io.stdout, print, corm.null }
    for _, value in pairs(foreign) do assert.is_false(corm.is_error(value)) end
    assert.is_false(corm.is_error(nil))
    assert.is_true(corm.is_error("not enough memory", "MemoryError"))
    assert.is_false(corm.is_error("not enough memory", "DBAPIError"))
  end)

  it("has fields that are nil where they do not apply, and no others", function()
    local err = raises("ArgumentError", "", corm.date)
    for _, name in ipairs { "statement", "params", "orig", "native_code", "kind", "table", "column", "constraint",
      "entity", "hint", "cause" } do
      assert.is_nil(err[name], name)
    end
    assert.is_false(err.retryable)
    assert.is_false(err.disconnected)
    raises("ArgumentError", "did you mean 'message'?", function() return err.mesage end)
    raises("ArgumentError", "that can be set", function() err.message = "x" end)
    raises("ArgumentError", "call it as x:is(...)", err.is, "ArgumentError")
  end)

  it("describes what the database refused", function()
    local engine = database.engine()
    local conn = engine:connect()
    conn:exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20) UNIQUE)")
    conn:exec_driver_sql("INSERT INTO t VALUES (1, 'x')")
    local insert = ("INSERT INTO t VALUES (2, %s)"):format(database.mark(1))
    local err = raises("IntegrityError", database.says.unique, conn.exec_driver_sql, conn, insert, { "x" })
    assert.equal("unique", err.kind)
    assert.equal("t", err.table)
    assert.equal(not database.lacks "column_of_unique" and "name" or nil, err.column)
    assert.equal(({ sqlite = 2067, mariadb = 1062 })[database.name], err.native_code)
    assert.equal(insert, err.statement)
    assert.equal("{'x'}", err.params)
    assert.equal(err.message, err.orig)
    assert.is_true(err:is("DatabaseError"))
    local text = tostring(err)
    assert.is_truthy(text:find("IntegrityError: " .. err.message .. "\n", 1, true))
    assert.is_truthy(text:find(("\n[SQL: %s]\n[parameters: {'x'}]"):format(insert), 1, true))
  end)

  it("keeps parameters to itself when the engine hides them", function()
    local conn = database.engine { hide_parameters = true }:connect()
    conn:exec_driver_sql("CREATE TABLE t (name VARCHAR(20) UNIQUE)")
    conn:exec_driver_sql("INSERT INTO t VALUES ('secret')")
    local err = raises("IntegrityError", "", conn.exec_driver_sql, conn,
      ("INSERT INTO t VALUES (%s)"):format(database.mark(1)), { "secret" })
    assert.is_nil(err.params)
    assert.is_nil(tostring(err):find("secret", 1, true))
  end)

  it("survives its finalizer being called by hand", function()
    local err = raises("ArgumentError", "", corm.date)
    local gc = debug.getmetatable(err).__gc
    gc(err)
    gc(err)
    gc(io.stdout)
    gc()
    assert.equal("string", type(tostring(err)))
  end)
end)
