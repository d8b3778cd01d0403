-- Mappings at random: classes with keys of all kinds, inheritance, columns and relationships, whose objects live as the
-- same plain tables do. CORM_TEST_SEED repeats a run; CORM_TEST_MAPPINGS says how many there are.
local database = require "spec.support.database"
local draw = require "spec.support.mappings_draw"
local drawn = require "spec.support.drawn"
local mappings = require "spec.support.mappings"

local total = drawn.count("CORM_TEST_MAPPINGS", 500)
local seed = drawn.seed()

describe("M01, I01, I02 random mappings", function()
  local engine

  before_each(function() engine = database.engine() end)
  after_each(function()
    engine:dispose()
    database.clean()
  end)

  -- A round less, a step less, a reading less.
  local function smaller(plan)
    local list = {}
    local function without(path)
      list[#list + 1] = function()
        local new = drawn.copy(plan)
        local at = new
        for i = 1, #path - 1 do at = at[path[i]] end
        table.remove(at, path[#path])
        return new
      end
    end
    for r = #plan.rounds, 1, -1 do
      without { "rounds", r }
      for s = #plan.rounds[r], 1, -1 do without { "rounds", r, s } end
      for s = #plan.rounds[r].reads, 1, -1 do
        without { "rounds", r, "reads", s }
        for o = #plan.rounds[r].reads[s].options, 1, -1 do without { "rounds", r, "reads", s, "options", o } end
      end
    end
    for c, class in ipairs(plan.classes) do
      if #class.fields > 0 then without { "classes", c, "fields", #class.fields } end
    end
    if #plan.many > 0 then without { "many", #plan.many } end
    if #plan.relations > 0 then without { "relations", #plan.relations } end
    return list
  end

  it(("hold what plain Lua has (seed %d)"):format(seed), function()
    local random = drawn.numbers(seed)
    for _ = 1, total do
      drawn.check(seed, draw.plan(random), function(plan) return mappings.try(engine, plan) end, smaller)
    end
  end)
end)
