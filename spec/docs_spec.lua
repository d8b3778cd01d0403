-- The tutorial's blocks run in order, as one program, and print what stands behind "-->"; so they do with another URL.
local database = require "spec.support.database"
local page = require "spec.support.page"

describe("the tutorial", function()
  it("prints what it promises", function()
    local code, promised = page.program(page.read "docs/tutorial.md")
    assert.is_true(#promised > 10)
    local replaced
    if database.name ~= "sqlite" then
      code, replaced = code:gsub('"sqlite://"', ("%q"):format((database.url())))
      assert.equal(1, replaced)
    end
    assert.same(promised, page.run(code, "@docs/tutorial.md"))
  end)
end)
