local database = require "spec.support.database"
local lacking = require "spec.support.lacking"

describe("what " .. database.name .. " lacks", function()
  after_each(database.clean)

  for name, entry in pairs(lacking[database.name]) do
    it(("is %s: %s"):format(name, entry.why), function()
      local _, store = database.url()
      if entry.before then assert.equal("", database.shell(store, entry.before)) end
      local answer = database.shell(store, entry.sql)
      database.shell(store, "ROLLBACK")
      assert.is_truthy(answer:find(entry.says, 1, true), answer)
    end)
  end

  it("is one of the databases that are tested", function()
    assert.is_true(lacking[database.name] ~= nil)
    assert.has_error(function() database.lacks "nothing like this" end)
  end)
end)
