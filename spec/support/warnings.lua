-- The warnings of a script, a line each. The program runs it: Lua's warnings cannot be caught inside a state.
local program = assert(os.getenv("CORM_PROGRAM") or "build/release/corm")

return function(script)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  local pipe = assert(io.popen(program .. " " .. path .. " 2>&1"))
  local output = pipe:read "a"
  local ok = pipe:close()
  os.remove(path)
  assert(ok, output)
  local found = {}
  for line in output:gmatch "[^\n]+" do
    found[#found + 1] = line:match "Lua warning: (.*)" or line:match "WARNING (.*)"
  end
  return found
end
