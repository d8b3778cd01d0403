-- Blocks named after features of the ORM are named after features that there are.
local ids = require "spec.support.orm_ids"

describe("specs of the ORM's features", function()
  it("are of features that are known, and not of those that are left out", function()
    local known, unknown = {}, {}
    for _, id in ipairs(ids.required) do known[id] = true end
    for id in pairs(ids.count()) do
      if not known[id] then table.insert(unknown, id) end
    end
    table.sort(unknown)
    assert.same({}, unknown)
  end)

  it("say something", function()
    local empty = {}
    for id, n in pairs(ids.count()) do
      if n == 0 then table.insert(empty, id) end
    end
    assert.same({}, empty)
  end)
end)
