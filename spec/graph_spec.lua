-- Random graphs of objects under random operations do what a plain model of them does (spec/support/graph.lua).
-- CORM_TEST_SEED repeats a run; CORM_TEST_STEPS says how many steps there are.
local corm = require "corm"
local database = require "spec.support.database"
local graph = require "spec.support.graph"

local total = math.tointeger(tonumber(os.getenv "CORM_TEST_STEPS" or 4000))
local seed = math.tointeger(tonumber(os.getenv "CORM_TEST_SEED" or os.time()))
local LENGTH = 60

describe("a random graph of objects", function()
  local m, engine

  setup(function()
    m = graph.models()
    engine = database.engine()
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)

  local function open()
    m.Base.metadata:drop_all(engine)
    m.Base.metadata:create_all(engine)
    return graph.open(engine, m), function() end
  end

  it(("is what its model is (seed %d)"):format(seed), function()
    local state = seed
    local function random(n) -- as Lua's own, whose state is not ours alone
      state = (state * 6364136223846793005 + 1442695040888963407) & math.maxinteger
      return (state >> 24) % n + 1
    end
    for _ = 1, total // LENGTH do
      local steps = graph.steps(random, LENGTH)
      if graph.run(open, steps) then
        local shortest, err = graph.shrink(open, steps)
        error(("seed %d: %s, after\n%s"):format(seed, err, graph.show(shortest)), 0)
      end
    end
  end)

  describe("has shown that", function()
    local session, person, item

    before_each(function()
      open()
      session = corm.Session { bind = engine }
      person = m.person { id = 1 }
      item = m.item { id = 2, owner = person }
      session:add(item)
      session:flush()
    end)
    after_each(function() session:close() end)

    it("an object given once more to its owner, after it was read anew, is there once", function()
      session:refresh(item)
      item.owner = person
      assert.equal(1, #person.items)
    end)

    it("an expired object that is deleted leaves the list that holds it", function()
      assert.equal(1, #person.items)
      session:expire(item)
      session:delete(item)
      session:flush()
      assert.equal(0, #person.items)
    end)
  end)
end)
