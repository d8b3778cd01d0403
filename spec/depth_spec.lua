-- Depth: whatever a loop can build ends in a result or in an error that says so, in a process whose C stack is small.
local database = require "spec.support.database"

local program = assert(os.getenv "CORM_PROGRAM", "CORM_PROGRAM names the program under test")
-- The smallest frame of C has 16 bytes; one for each of 8000 levels, a fifth of the depth, does not fit 128 kB.
-- Instrumented code has larger frames and takes longer: there a share of the work is enough (CORM_TEST_SHARE). What
-- asks a database needs a larger stack for the database's own code.
local sanitized = os.getenv "ASAN_OPTIONS"
local share = tonumber(os.getenv "CORM_TEST_SHARE") or 1
local depth = math.tointeger((sanitized and 100000 or 40000) * share // 1)
local stack, stack_of_database = sanitized and 256 or 128, 256

local function run(script, kilobytes, url)
  local pipe = assert(io.popen(("ulimit -s %d; %s spec/depth/%s %d '%s' 2>&1; echo status $?")
    :format(kilobytes, program, script, depth, url or "")))
  local text = pipe:read "a"
  pipe:close()
  return text
end

describe("with a small C stack", function()
  after_each(database.clean)

  database.only("sqlite", function()
    it("expressions and statements of any depth end in a result or an error that says so", function()
      assert.equal("status 0\n", run("chains.lua", stack))
    end)

    it("so do options, what relationships are ordered by, and queries", function()
      assert.equal("status 0\n", run("objects.lua", stack_of_database, (database.url())))
    end)
  end)

  it("a statement that is too deep for the database is the database's error", function()
    assert.equal("status 0\n", run("execute.lua", stack_of_database, (database.url())))
  end)
end)
