-- The tutorial's blocks run in order, as one program, and print what stands behind "-->".
local page = require "spec.support.page"

describe("the tutorial", function()
  it("prints what it promises", function()
    local code, promised = page.program(page.read "docs/tutorial.md")
    assert.is_true(#promised > 10)
    assert.same(promised, page.run(code, "@docs/tutorial.md"))
  end)
end)
