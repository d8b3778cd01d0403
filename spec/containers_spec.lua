-- Random operations on lists, ordered lists, dictionaries, sets and their proxies leave in memory and in the database
-- what plain Lua has. CORM_TEST_SEED repeats a run; CORM_TEST_CONTAINERS says how many plans.
local containers = require "spec.support.containers"
local database = require "spec.support.database"
local drawn = require "spec.support.drawn"
local models = require "spec.support.containers_models"
local steps = require "spec.support.containers_steps"
for name, step in pairs(require "spec.support.containers_session") do steps[name] = step end

local total = drawn.count("CORM_TEST_CONTAINERS", 150)
local seed = drawn.seed()

describe("random operations on collections", function()
  local m, engine

  setup(function()
    m = models.make(containers.fresh)
    engine = database.engine()
    m.Base.metadata:create_all(engine)
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)

  it(("[M16] leave what plain Lua has (seed %d)"):format(seed), function()
    local random, operations = drawn.numbers(seed), {}
    for name in pairs(steps) do operations[#operations + 1] = name end
    table.sort(operations)
    local function run(plan) return containers.try(engine, m, plan, steps) end
    for _ = 1, total do
      drawn.check(seed, containers.plan(random, operations), run, drawn.without_one)
    end
  end)
end)
