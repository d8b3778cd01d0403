-- An output handler for busted: its plain one, with the number of assertions at the end (see tools/count-tests).
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
  busted.subscribe({ "suite", "end" }, function()
    print("assertions: " .. assertions)
    return nil, true
  end)
  return handler
end
