-- raises(class, pattern, fn, ...): fn fails with an error object of exactly this class whose message has the pattern
-- (plain text). Returns the error.
local assert = require "luassert"

return function(class, text, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok, "no error was raised")
  assert.equal("userdata", type(err), "not an error object: " .. tostring(err))
  assert.equal(class, err.class, tostring(err))
  assert.is_truthy(err.message:find(text, 1, true), "the message is: " .. err.message)
  return err
end
