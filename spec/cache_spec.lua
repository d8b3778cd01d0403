-- Statements of one shape are prepared once, and executing them again takes no memory that stays.
local corm = require "corm"
local database = require "spec.support.database"

-- Kilobytes of memory; none under the address sanitizer, which holds back what is freed.
local function resident()
  if os.getenv "ASAN_OPTIONS" then return 0 end
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmRSS:%s*(%d+)"
    if kilobytes then return tonumber(kilobytes) end
  end
end

describe("a statement that was executed before", function()
  local connection, t

  before_each(function()
    local metadata = corm.MetaData()
    t = corm.Table("t", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("name", corm.String(20)))
    connection = database.engine():connect()
    metadata:create_all(connection)
    connection:execute(corm.insert(t):values { { id = 1, name = "a" }, { id = 2, name = "b" } })
  end)
  after_each(function()
    connection:rollback()
    connection:close()
    database.clean()
  end)

  local function run(times)
    for i = 1, times do
      local stmt = corm.select(t.c.name):join_from(t, t:alias("other"), corm.true_())
        :where(t.c.id:in_ { 1, i }, t.c.name:ne("x" .. i)):order_by(t.c.id):limit(i % 3 + 1)
      assert(connection:execute(stmt):first().name == "a")
    end
    collectgarbage()
    collectgarbage()
    return resident()
  end

  it("leaves nothing behind", function()
    run(2000)
    for _ = 1, 4 do collectgarbage() end -- of classes of other specs nothing is left, either
    local before, lua = run(2000), collectgarbage "count"
    local after
    -- The C library's heap may take some more once; a leak takes more each time.
    for _ = 1, 3 do
      for _ = 1, 5 do run(2000) end
      after = run(2000)
      if after - before <= 2048 then break end
      before = after
    end
    assert.is_true(after - before <= 2048, ("%d kB before, %d after"):format(before, after))
    assert.is_true(math.abs(collectgarbage "count" - lua) <= 16)
  end)
end)
