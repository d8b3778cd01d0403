-- A finalizer of the script's that runs after corm's own, at the end of the program, finds classes and objects that are
-- finalized: errors, and no crash.
local program = assert(os.getenv("CORM_PROGRAM") or "build/release/corm")

local script = [[
local Author, author
keep = setmetatable({}, { __gc = function()
  for _, call in ipairs {
    function() return Author.name end,
    function() return Author { name = "x" } end,
    function() return author.name end,
    function() author.name = "y" end,
  } do
    local ok, err = pcall(call)
    print(ok, tostring(err.class or err):match "%a+Error")
  end
end })
local Base = corm.declarative_base()
Author = Base:model("Author", { __tablename__ = "author", id = corm.Column(corm.Integer, { primary_key = true }),
  name = corm.Column(corm.Text) })
author = Author { name = "a" }
]]

describe("a finalizer that runs last", function()
  it("is told that the class is gone", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("corm = require 'corm'\n", script)
    file:close()
    local pipe = assert(io.popen(program .. " " .. path .. " 2>&1"))
    local output = pipe:read "a"
    local ended = pipe:close()
    os.remove(path)
    assert.equal("false\tInvalidRequestError\nfalse\tInvalidRequestError\nfalse\tArgumentError\nfalse\tArgumentError\n",
      output)
    assert.is_true(ended)
  end)
end)
