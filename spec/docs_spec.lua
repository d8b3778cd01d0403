-- The tutorial's blocks run in order, as one program, and print what stands behind "-->".

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- The program of a page, and the lines it promises.
local function program(page)
  local code, promised = {}, {}
  for block in page:gmatch "```lua\n(.-)```" do
    code[#code + 1] = block
    for line in block:gmatch "[^\n]*" do
      local output = line:match "%-%->%s?(.*)$"
      if output then promised[#promised + 1] = output end
    end
  end
  return table.concat(code, "\n"), promised
end

local function run(code, name)
  local printed = {}
  local env = setmetatable({
    print = function(...)
      local parts = table.pack(...)
      for i = 1, parts.n do parts[i] = tostring(parts[i]) end
      for line in (table.concat(parts, "\t") .. "\n"):gmatch "([^\n]*)\n" do printed[#printed + 1] = line end
    end,
  }, { __index = _G })
  assert(load(code, name, "t", env))()
  return printed
end

describe("the tutorial", function()
  it("prints what it promises", function()
    local code, promised = program(read "docs/tutorial.md")
    assert.is_true(#promised > 20)
    assert.same(promised, run(code, "@docs/tutorial.md"))
  end)
end)
