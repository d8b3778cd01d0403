-- Runs a script in the program, in a state of its own: what it prints, warnings and errors included, and whether it
-- ended well.
local program = assert(os.getenv("CORM_PROGRAM") or "build/release/corm")

return function(script)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  local pipe = assert(io.popen(program .. " " .. path .. " 2>&1"))
  local output = pipe:read "a"
  local ended = pipe:close()
  os.remove(path)
  return output, ended
end
