-- What specs of scripts count: the statements that are sent.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail
local listen, remove = corm.event.listen, corm.event.remove

local function engine_of(subject)
  local kind = native.kind(subject)
  if kind == "Session" then
    subject = subject.bind
    kind = native.kind(subject)
  end
  if kind == "Connection" then return subject.engine end
  if kind ~= "Engine" then
    fail("ArgumentError", "assert_sql_count: a Session, a Connection or an Engine expected, got %s", kind)
  end
  return subject
end

-- assert_sql_count(session or engine, n, fn): runs fn, whose results are passed on; it must send n statements.
function corm.assert_sql_count(subject, n, fn)
  local engine = engine_of(subject)
  if math.type(n) ~= "integer" or n < 0 then
    fail("ArgumentError", "assert_sql_count: a number of statements expected, got %s", tostring(n))
  end
  if type(fn) ~= "function" then
    fail("ArgumentError", "assert_sql_count: a function expected, got %s", native.kind(fn))
  end
  local sent = {}
  local function note(_, _, statement) sent[#sent + 1] = statement end
  listen(engine, "before_cursor_execute", note)
  local results = table.pack(pcall(fn))
  remove(engine, "before_cursor_execute", note)
  if not results[1] then return error(results[2], 0) end
  if #sent ~= n then
    fail("InvalidRequestError", "assert_sql_count: %d statement%s expected, %d sent%s", n, n == 1 and "" or "s", #sent,
      sent[1] and ":\n" .. table.concat(sent, "\n") or "")
  end
  return table.unpack(results, 2, results.n)
end
