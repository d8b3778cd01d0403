-- Depth: whatever a loop can build ends in a result or in an error that says so, in a process whose C stack is small.
local database = require "spec.support.database"

local program = assert(os.getenv "CORM_PROGRAM", "CORM_PROGRAM names the program under test")
-- A share of the work is enough where instrumented code makes it long: a C frame for each level shows all the same.
local depth = math.tointeger(100000 * (tonumber(os.getenv "CORM_TEST_SHARE") or 1) // 1)

local function run(script, url)
  local pipe = assert(io.popen(("ulimit -s 256; %s spec/depth/%s %d '%s' 2>&1; echo status $?")
    :format(program, script, depth, url or "")))
  local text = pipe:read "a"
  pipe:close()
  return text
end

describe("with a C stack of 256 kB", function()
  after_each(database.clean)

  database.only("sqlite", function()
    it("expressions and statements of any depth end in a result or an error that says so", function()
      assert.equal("status 0\n", run "chains.lua")
    end)

    it("so do options, what relationships are ordered by, and queries", function()
      assert.equal("status 0\n", run("objects.lua", (database.url())))
    end)
  end)

  it("a statement that is too deep for the database is the database's error", function()
    assert.equal("status 0\n", run("execute.lua", (database.url())))
  end)
end)
