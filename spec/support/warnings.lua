-- The warnings of a script, a line each. The program runs it: Lua's warnings cannot be caught inside a state.
local run = require "spec.support.script"

return function(script)
  local output, ended = run(script)
  assert(ended, output)
  local found = {}
  for line in output:gmatch "[^\n]+" do
    found[#found + 1] = line:match "Lua warning: (.*)" or line:match "WARNING (.*)"
  end
  return found
end
