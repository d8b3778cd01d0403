-- merge_frozen_result: rows that a Result was frozen to, with the objects of a session.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail

-- merge_frozen_result(session, statement, frozen [, { load }]): like `frozen`, a function that gives a Result; its
-- objects are merged into the session, as session:merge does it. What the statement is the rows know.
function corm.merge_frozen_result(session, _, frozen, options)
  if native.kind(session) ~= "Session" then
    fail("ArgumentError", "merge_frozen_result: a Session expected, got %s", native.kind(session))
  end
  local values, n = native.frozen_values(frozen)
  if not values then
    fail("ArgumentError", "merge_frozen_result: what Result:freeze() gives expected, got %s", native.kind(frozen))
  end
  options = orm.check_options("merge_frozen_result", options, { load = "boolean" })
  local objects, places, copy = {}, {}, {}
  for i = 1, n do
    copy[i] = values[i]
    if native.class_of(values[i]) then
      objects[#objects + 1] = values[i]
      places[#places + 1] = i
    end
  end
  local merged = session:merge_all(objects, { load = options.load ~= false })
  for k, i in ipairs(places) do copy[i] = merged[k] end
  return native.frozen_with(frozen, copy)
end
