-- Each feature of the language has golden statements, and there are enough of them.
local goldens = require "spec.support.goldens"

describe("golden statements", function()
  local counts, sum = goldens.count()

  it("are there for each feature", function()
    local missing = {}
    for _, id in ipairs(goldens.required) do
      if not counts[id] then table.insert(missing, id) end
    end
    assert.same({}, missing)
  end)

  it("are of features that are known", function()
    local known, unknown = {}, {}
    for _, id in ipairs(goldens.required) do known[id] = true end
    for id in pairs(counts) do
      if not known[id] then table.insert(unknown, id) end
    end
    table.sort(unknown)
    assert.same({}, unknown)
  end)

  it("are four hundred at least", function()
    assert.is_true(sum >= 400, goldens.table())
  end)
end)
