-- Pages of docs/: the program that a page's Lua blocks make, and the tables of the reference.
local page = {}

function page.read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- The paths of a directory's files, of those below it too, in order.
function page.list(directory, ending)
  return io.popen(("find %s -name '*.%s' | LC_ALL=C sort"):format(directory, ending)):lines()
end

-- The program of a page, and the lines it promises behind "-->".
function page.program(text)
  local code, promised = {}, {}
  for block in text:gmatch "```lua\n(.-)```" do
    code[#code + 1] = block
    for line in block:gmatch "[^\n]*" do
      local output = line:match "%-%->%s?(.*)$"
      if output then promised[#promised + 1] = output end
    end
  end
  return table.concat(code, "\n"), promised
end

-- Runs the program; returns the lines it printed.
function page.run(code, name)
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

-- fn(heading, names) for each row of a table: the heading above it, and the text of the code spans in its first column.
function page.each_row(text, fn)
  local heading, is_code = "", false
  for line in text:gmatch "[^\n]*" do
    if line:match "^```" then is_code = not is_code end
    if not is_code then
      heading = line:match "^#+%s+(.*)$" or heading
      local first = line:gsub("\\|", "\\"):match "^|(.-)|"
      if first then
        local spans = {}
        for span in first:gmatch "`([^`]+)`" do spans[#spans + 1] = span end
        fn(heading, spans)
      end
    end
  end
end

return page
