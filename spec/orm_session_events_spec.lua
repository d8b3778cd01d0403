local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local event = corm.event

local transaction_events = {
  "after_begin", "after_transaction_create", "after_transaction_end", "after_soft_rollback",
}
local state_events = {
  "transient_to_pending", "pending_to_transient", "pending_to_persistent", "persistent_to_transient",
  "persistent_to_deleted", "persistent_to_detached", "deleted_to_persistent", "deleted_to_detached",
  "detached_to_persistent", "loaded_as_persistent",
}

describe("U34 session events", function()
  local w, m, session, log

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    log = {}
  end)
  after_each(function() w:close() end)

  -- Objects are named by a list of the spec's own, since they may be expired and detached.
  local labels = setmetatable({}, { __mode = "k" })
  local function labelled(object, label)
    labels[object] = label
    return object
  end

  local function what(subject)
    if subject == nil then return "" end
    if labels[subject] then return " " .. labels[subject] end
    if tostring(subject):find("SessionTransaction", 1, true) then return subject.nested and " nested" or " root" end
    return " " .. subject.name
  end

  local function listen(target, ...)
    for _, name in ipairs { ... } do
      event.listen(target, name, function(_, subject) log[#log + 1] = name .. what(subject) end)
    end
  end

  local function taken()
    local text = table.concat(log, ", ")
    log = {}
    return text
  end

  it("tell each transition of an object, once, at the end of what causes it", function()
    listen(session, table.unpack(state_events))
    local u = labelled(m.User { name = "a" }, "a")
    session:add(u)
    session:add(u)
    assert.equal("transient_to_pending a", taken())
    session:expunge(u)
    assert.equal("pending_to_transient a", taken())
    session:add(u)
    session:commit()
    assert.equal("transient_to_pending a, pending_to_persistent a", taken())
    session:expunge(u)
    assert.equal("persistent_to_detached a", taken())
    session:add(u)
    assert.equal("detached_to_persistent a", taken())
    session:delete(u)
    assert.equal("", taken())
    session:flush()
    assert.equal("persistent_to_deleted a", taken())
    session:rollback()
    assert.equal("deleted_to_persistent a", taken())
    session:delete(u)
    session:commit()
    assert.equal("persistent_to_deleted a, deleted_to_detached a", taken())
    assert.equal("0", w:rows('SELECT count(*) FROM "user"'))
  end)

  it("tell what a rollback does to new objects, and what is loaded and closed", function()
    listen(session, table.unpack(state_events))
    session:add(m.User { name = "a" })
    session:rollback()
    assert.equal("transient_to_pending a, pending_to_transient a", taken())
    local b = labelled(m.User { name = "b" }, "b")
    session:add(b)
    session:flush()
    session:rollback()
    assert.equal("transient_to_pending b, pending_to_persistent b, persistent_to_transient b", taken())
    assert.is_true(corm.inspect(b).transient)
    session:add(b)
    session:flush()
    session:delete(b)
    session:flush()
    taken()
    session:rollback()
    assert.equal("deleted_to_detached b", taken())
    session:add(b)
    session:commit()
    session:close()
    taken()
    local users = session:scalars(corm.select(m.User)):all()
    assert.equal("loaded_as_persistent b", taken())
    labelled(users[1], "b")
    session:close()
    assert.equal("persistent_to_detached b", taken())
    assert.equal(1, #users)
  end)

  it("tell of savepoints and the root transaction, with a handle that knows which", function()
    listen(session, "before_commit", "after_commit", "after_rollback", table.unpack(transaction_events))
    session:add(m.User { name = "a" })
    session:flush()
    assert.equal("after_transaction_create root, after_begin root", taken())
    local nested = session:begin_nested()
    assert.equal("after_transaction_create nested, after_begin nested", taken())
    nested:commit()
    assert.equal("before_commit, after_commit, after_transaction_end nested", taken())
    nested = session:begin_nested()
    taken()
    nested:rollback()
    assert.equal("after_rollback, after_transaction_end nested, after_soft_rollback nested", taken())
    session:commit()
    assert.equal("before_commit, after_commit, after_transaction_end root", taken())
    session:commit()
    assert.equal("before_commit, after_commit", taken())
    session:scalar(corm.text("SELECT 1"))
    taken()
    session:rollback()
    assert.equal("after_rollback, after_transaction_end root, after_soft_rollback root", taken())
    session:scalar(corm.text("SELECT 1"))
    taken()
    session:close()
    assert.equal("after_transaction_end root", taken())
  end)

  it("give the transaction as an equal of the one that begin returns, and its connection", function()
    local seen, connection
    event.listen(session, "after_begin", function(_, transaction, conn)
      seen, connection = transaction, conn
      conn:execute(corm.text("SELECT 1"))
    end)
    local tx = session:begin()
    assert.is_true(tx == seen)
    assert.is_true(rawequal(connection, session:connection()))
    local nested = session:begin_nested()
    assert.is_true(nested == seen)
    assert.is_false(tx == seen)
    tx:rollback()
  end)

  it("tell of a failed flush at once, and of the end when the script rolls back", function()
    listen(session, "after_rollback", "after_soft_rollback", "after_transaction_end", table.unpack(state_events))
    session:add(m.City { name = "a" })
    session:commit()
    taken()
    session:add(m.City { name = "a" })
    taken()
    raises("IntegrityError", "", session.flush, session)
    assert.equal("after_rollback, pending_to_transient a", taken())
    session:rollback()
    assert.equal("after_transaction_end root, after_soft_rollback root", taken())
    assert.equal("1", w:rows("SELECT count(*) FROM city"))
  end)

  it("come around the flush: changed objects are told between after_flush and after_flush_postexec", function()
    listen(session, "before_flush", "after_flush", "after_flush_postexec", "pending_to_persistent")
    local u = m.User { name = "a" }
    event.listen(session, "after_flush", function(s)
      assert.is_true(s.new:contains(u))
      assert.is_truthy(u.id)
    end)
    event.listen(session, "after_flush_postexec", function(s) assert.equal(0, #s.new) end)
    session:add(u)
    session:flush()
    assert.equal("before_flush, after_flush, pending_to_persistent a, after_flush_postexec", taken())
  end)

  it("tell before and after an object and its relatives are attached", function()
    event.listen(session, "before_attach", function(s, object)
      log[#log + 1] = "before " .. (object.__class__ == m.User and object.name or object.email)
      assert.is_false(s:contains(object))
      if object.__class__ == m.User and #object.addresses == 1 then
        object.addresses:append(m.Address { email = "hooked" })
      end
    end)
    event.listen(session, "after_attach", function(s, object) assert.is_true(s:contains(object)) end)
    session:add(m.User { name = "a", addresses = { m.Address { email = "own" } } })
    session:commit()
    assert.equal("before a, before own, before hooked", table.concat(log, ", ", 1, 3))
    assert.equal("hooked,own", w:list("SELECT email FROM address ORDER BY email"))
  end)

  it("add nothing when before_attach raises", function()
    event.listen(session, "before_attach", function(_, object)
      if object.__class__ == m.Address then error("no addresses") end
    end)
    local ok, err = pcall(session.add, session, m.User { name = "a", addresses = { m.Address { email = "x" } } })
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("no addresses", 1, true))
    assert.equal(0, #session.new)
    session:commit()
    assert.equal("0", w:rows('SELECT count(*) FROM "user"'))
  end)

  it("may flush, load, close and add from a hook that is told at the end", function()
    event.listen(session, "after_commit", function(s)
      s:add(m.City { name = "next" })
      assert.equal("a", s:scalars(corm.select(m.User)):one().name)
    end)
    event.listen(session, "transient_to_pending", function(s, object)
      if object.__class__ == m.User then s:add(m.City { name = "of " .. object.name }) end
    end)
    session:add(m.User { name = "a" })
    assert.equal(2, #session.new)
    session:commit()
    assert.equal(0, #session.new) -- the query flushed it
    event.listen(session, "persistent_to_detached", function(s) s:close() end)
    session:close()
    assert.equal(0, #session.new)
    assert.equal("of a", w:list("SELECT name FROM city"))
  end)

  it("refuse to end a transaction that is being begun or committed", function()
    local results = {}
    for name, at in pairs { after_begin = "beginning a transaction", before_commit = "committing" } do
      event.listen(session, name, function(s)
        for _, act in ipairs { "commit", "rollback", "close", "expunge_all" } do
          local err = raises("IllegalStateChangeError", at, s[act], s)
          results[#results + 1] = err.class
        end
      end)
    end
    session:add(m.User { name = "a" })
    session:commit()
    assert.equal(8, #results)
    assert.equal("a", w:rows('SELECT name FROM "user"'))
  end)

  it("pass an error on: a begin is undone, a commit is not", function()
    local fail = true
    event.listen(session, "after_begin", function() if fail then error("not now") end end)
    assert.is_false(pcall(session.begin, session))
    assert.is_false(session:in_transaction())
    fail = false
    local nested_fail = function(_, transaction) if transaction.nested then error("no savepoints") end end
    event.listen(session, "after_transaction_create", nested_fail)
    session:add(m.User { name = "a" })
    assert.is_false(pcall(session.begin_nested, session))
    assert.is_false(session:in_nested_transaction())
    event.listen(session, "after_commit", function() error("late") end)
    local ok, err = pcall(session.commit, session)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("late", 1, true))
    assert.is_false(session:in_transaction())
    assert.equal("a", w:rows('SELECT name FROM "user"'))
  end)

  it("of a failing hook after the flush's settling roll back what it wrote", function()
    local on = true
    event.listen(session, "pending_to_persistent", function() if on then error("refused") end end)
    local u = m.User { name = "a" }
    session:add(u)
    local ok, err = pcall(session.commit, session)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("refused", 1, true))
    raises("PendingRollbackError", "", session.commit, session)
    session:rollback()
    on = false
    assert.is_true(corm.inspect(u).transient)
    session:add(u)
    session:commit()
    assert.equal("1", w:rows('SELECT count(*) FROM "user"'))
  end)

  it("reach makers and classes, sessions made before and after", function()
    local n = 0
    local function count() n = n + 1 end
    event.listen(corm.Session, "transient_to_pending", count)
    event.listen(w.Session, "transient_to_pending", count)
    session:add(m.User { name = "a" })
    assert.equal(2, n)
    local other <close> = w.Session()
    other:add(m.User { name = "b" })
    assert.equal(4, n)
    event.remove(corm.Session, "transient_to_pending", count)
    other:add(m.User { name = "c" })
    assert.equal(5, n)
    event.remove(w.Session, "transient_to_pending", count)
    other:add(m.User { name = "d" })
    assert.equal(5, n)
  end)

  it("take once, insert and named, and refuse what means nothing for them", function()
    event.listen(session, "before_flush", function() log[#log + 1] = "second" end)
    event.listen(session, "before_flush", function() log[#log + 1] = "first" end, { insert = true })
    event.listen(session, "before_flush", function() log[#log + 1] = "once" end, { once = true })
    event.listen(session, "transient_to_pending", function(given)
      assert.is_true(rawequal(given.session, session))
      log[#log + 1] = given.instance.name
    end, { named = true })
    session:add(m.User { name = "a" })
    session:flush()
    session:add(m.User { name = "b" })
    session:flush()
    assert.equal("a, first, second, once, b, first, second", taken())
    for _, option in ipairs { "retval", "propagate", "active_history", "raw" } do
      raises("ArgumentError", option, event.listen, session, "before_flush", print, { [option] = true })
    end
    event.listen(session, "after_attach", function(_, state) log[#log + 1] = tostring(state.pending) end,
      { raw = true })
    session:add(m.User { name = "c" })
    assert.equal("true, c", taken())
  end)

  it("survive a finalizer that a hook calls by hand", function()
    local gone = {}
    event.listen(session, "transient_to_pending", function(_, object)
      debug.getmetatable(object).__gc(object)
      gone[#gone + 1] = object.name
      for i = 1, 20 do log[i] = m.User { name = "other" } end
    end)
    session:add_all { m.User { name = "a" }, m.User { name = "b" } }
    collectgarbage()
    session:commit()
    assert.same({ "a", "b" }, gone)
    assert.equal("a,b", w:list('SELECT name FROM "user" ORDER BY name'))
  end)

  it("do not keep objects alive longer than the call, nor sessions that are their own listeners", function()
    local weak = setmetatable({}, { __mode = "k" })
    do
      local s = corm.Session { bind = w.engine }
      event.listen(s, "loaded_as_persistent", function() return s end)
      weak[s] = true
      s:close()
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end)
end)

describe("C9 hooks that change a flush", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  it("are flushed by commit until nothing is left", function()
    local n = 0
    event.listen(session, "after_flush", function(s)
      n = n + 1
      if n < 5 then s:add(m.City { name = "c" .. n }) end
    end)
    session:add(m.User { name = "a" })
    session:commit()
    assert.equal("c1,c2,c3,c4", w:list("SELECT name FROM city ORDER BY name"))
    assert.equal(0, #session.new)
  end)

  it("for ever are a FlushError after 100 flushes, and the session can be rolled back", function()
    local n = 0
    local function endless(s)
      n = n + 1
      s:add(m.City { name = "c" .. n })
    end
    event.listen(session, "after_flush", endless)
    session:add(m.User { name = "a" })
    raises("FlushError", "after_flush", session.commit, session)
    assert.equal(100, n)
    event.remove(session, "after_flush", endless)
    session:rollback()
    assert.equal(0, #session.new)
    assert.equal("0|0", w:rows('SELECT (SELECT count(*) FROM "user"), (SELECT count(*) FROM city)'))
    session:add(m.City { name = "c" })
    session:commit()
    assert.equal("1", w:rows("SELECT count(*) FROM city"))
  end)
end)
