-- An output handler for busted: its plain one, with the number of assertions at the end (see tools/count-tests).

-- Busted keeps all specs to the end, and each file has a corm of its own: what the specs of a file hold goes with it,
-- or collections in those that follow have more and more to mark.
local function forget(busted, element)
  for _, child in ipairs(busted.children(element)) do
    child.run, child.env = nil, nil
    forget(busted, child)
  end
end

return function(options)
  local busted = require "busted"
  local handler = require "busted.outputHandlers.plainTerminal"(options)
  local assertions = 0
  -- The original is a tail call: luassert finds the failing line by counting frames.
  local meta = getmetatable(require "luassert".is_true)
  local original = meta.__call
  meta.__call = function(...)
    assertions = assertions + 1
    return original(...)
  end
  busted.subscribe({ "file", "end" }, function(file)
    forget(busted, file)
    return nil, true
  end)
  busted.subscribe({ "suite", "end" }, function()
    print("assertions: " .. assertions)
    return nil, true
  end)
  return handler
end
