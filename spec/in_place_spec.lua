-- Random changes inside of JSON values and composites leave in memory and in the database what plain tables have.
-- CORM_TEST_SEED repeats a run; CORM_TEST_IN_PLACE says how many plans.
local database = require "spec.support.database"
local drawn = require "spec.support.drawn"
local in_place = require "spec.support.in_place"

local total = drawn.count("CORM_TEST_IN_PLACE", 150)
local seed = drawn.seed()

describe("random changes in place", function()
  local Base, Doc, engine

  setup(function()
    Base, Doc = in_place.models()
    engine = database.engine()
    Base.metadata:create_all(engine)
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)

  it(("[M30] are what plain tables have (seed %d)"):format(seed), function()
    local random = drawn.numbers(seed)
    local function run(plan) return in_place.try(engine, Doc, plan) end
    for _ = 1, total do
      drawn.check(seed, in_place.plan(random), run, drawn.without_one)
    end
  end)
end)
