local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local event = corm.event

describe("events", function()
  local w, m, session, log

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    log = {}
  end)
  after_each(function() w:close() end)

  local function note(name)
    return function() log[#log + 1] = name end
  end

  describe("of a session", function()
    it("come around flush, commit and rollback, in order", function()
      for _, name in ipairs { "before_flush", "after_flush", "before_commit", "after_commit", "after_rollback" } do
        event.listen(session, name, note(name))
      end
      session:flush()
      assert.same({}, log)
      session:add(m.User { name = "a" })
      session:commit()
      assert.same({ "before_commit", "before_flush", "after_flush", "after_commit" }, log)
      log = {}
      session:scalar(corm.text("SELECT 1"))
      session:rollback()
      assert.same({ "after_rollback" }, log)
    end)

    it("are told to the class, the maker and the session, which they get as argument", function()
      local seen = {}
      local function see(who)
        return function(s) seen[#seen + 1] = who .. tostring(rawequal(s, session)) end
      end
      local mine = see("class ")
      event.listen(corm.Session, "before_flush", mine)
      event.listen(w.Session, "before_flush", see("maker "))
      event.listen(session, "before_flush", see("session "))
      session:add(m.User { name = "a" })
      session:flush()
      assert.same({ "class true", "maker true", "session true" }, seen)
      seen = {}
      local other <close> = corm.Session { bind = w.engine }
      session:commit()
      other:add(m.User { name = "b" })
      other:flush()
      event.remove(corm.Session, "before_flush", mine)
      assert.same({ "class false" }, seen)
      assert.is_false(event.contains(corm.Session, "before_flush", mine))
    end)

    it("are removed, told once, and have names that exist", function()
      local fn = note("x")
      event.listen(session, "before_flush", fn)
      event.listen(session, "before_flush", fn)
      assert.is_true(event.contains(session, "before_flush", fn))
      session:add(m.User { name = "a" })
      session:flush()
      assert.same({ "x" }, log)
      event.remove(session, "before_flush", fn)
      session:add(m.User { name = "b" })
      session:flush()
      assert.same({ "x" }, log)
      raises("InvalidRequestError", "does not listen", event.remove, session, "before_flush", fn)
      local err = raises("ArgumentError", "before_flsh", event.listen, session, "before_flsh", fn)
      assert.equal("did you mean 'before_flush'?", err.hint)
    end)

    it("may add, change and delete objects before the flush", function()
      session:add(m.City { name = "gone" })
      session:commit()
      event.listen(session, "before_flush", function(s)
        for object in s.new do
          if object.__class__ == m.User then object.age = 1 end
        end
        if #s.new == 1 then s:add(m.City { name = "hooked" }) end
        local gone = s:get(m.City, 1)
        if gone then s:delete(gone) end
      end)
      session:add(m.User { name = "a" })
      session:commit()
      assert.equal("1|hooked", w:rows('SELECT age, (SELECT name FROM city) FROM "user"'))
    end)

    it("pass an error on as the same value; before a flush nothing has to be rolled back", function()
      local own = setmetatable({}, { __tostring = function() return "own" end })
      local on = true
      event.listen(session, "before_flush", function() if on then error(own) end end)
      session:add(m.User { name = "a" })
      local ok, err = pcall(session.commit, session)
      assert.is_false(ok)
      assert.is_true(rawequal(own, err))
      on = false
      session:commit()
      assert.equal("a", w:rows('SELECT name FROM "user"'))
    end)

    it("refuse in the middle of a flush what would pull it away", function()
      local results = {}
      event.listen(m.User, "before_insert", function(_, _, target)
        for name, act in pairs {
          flush = function() session:flush() end,
          commit = function() session:commit() end,
          rollback = function() session:rollback() end,
          close = function() session:close() end,
          begin_nested = function() session:begin_nested() end,
          expunge = function() session:expunge(target) end,
          expunge_all = function() session:expunge_all() end,
        } do
          local ok, err = pcall(act)
          results[name] = not ok and err:is("InvalidRequestError")
        end
      end)
      session:add(m.User { name = "a" })
      session:commit()
      for name, refused in pairs(results) do assert.is_true(refused, name) end
      assert.is_true(results.expunge_all)
      assert.equal("a", w:rows('SELECT name FROM "user"'))
    end)

    it("may close the session after the commit", function()
      event.listen(session, "after_commit", function(s) s:close() end)
      session:add(m.User { name = "a" })
      session:commit()
      assert.equal(0, #session.new)
      assert.equal("a", w:rows('SELECT name FROM "user"'))
    end)
  end)

  describe("of a class", function()
    it("come for each row around its statement, with mapper, connection and object", function()
      local u
      for _, name in ipairs { "before_insert", "after_insert", "before_update", "after_update", "before_delete",
        "after_delete" } do
        event.listen(m.User, name, function(mapper, connection, target)
          log[#log + 1] = name
          assert.is_truthy(mapper)
          assert.is_true(rawequal(connection, session:connection()))
          assert.is_true(rawequal(target, u))
        end)
      end
      u = m.User { name = "a" }
      session:add(u)
      session:flush()
      u.age = 1
      session:flush()
      session:delete(u)
      session:flush()
      assert.same({ "before_insert", "after_insert", "before_update", "after_update", "before_delete", "after_delete" },
        log)
    end)

    it("find the object of a deleted row as it was, also where a commit had expired it", function()
      event.listen(m.User, "after_delete", function(_, _, u) log[#log + 1] = u.id .. " " .. u.name end)
      local u = m.User { name = "a" }
      session:add(u)
      session:commit()
      session:delete(u)
      session:commit()
      assert.same({ "1 a" }, log)
    end)

    it("may change the row that is written", function()
      event.listen(m.User, "before_insert", function(_, _, u) u.age = 10 end)
      event.listen(m.User, "before_update", function(_, _, u) u.age = u.age + 1 end)
      local u = m.User { name = "a" }
      session:add(u)
      session:commit()
      assert.equal(10, u.age)
      u.name = "b"
      session:commit()
      assert.equal("b|11", w:rows('SELECT name, age FROM "user"'))
    end)

    it("have the generated key afterwards, and may use the connection", function()
      event.listen(m.User, "after_insert", function(_, connection, u)
        connection:execute(corm.insert(m.City):values { name = "of " .. u.id })
      end)
      session:add_all { m.User { name = "a" }, m.User { name = "b" } }
      session:commit()
      assert.equal("of 1,of 2", w:list("SELECT name FROM city ORDER BY id"))
    end)

    it("pass an error on, and the flush is rolled back", function()
      event.listen(m.User, "before_insert", function(_, _, u)
        if u.name == "bad" then error({ code = 7 }) end
      end)
      session:add_all { m.City { name = "c" }, m.User { name = "good" }, m.User { name = "bad" } }
      local ok, err = pcall(session.commit, session)
      assert.is_false(ok)
      assert.equal(7, err.code)
      raises("PendingRollbackError", "", session.commit, session)
      session:rollback()
      assert.equal("0|0", w:rows('SELECT (SELECT count(*) FROM "user"), (SELECT count(*) FROM city)'))
    end)
  end)

  it("keep a session that yields out of the flush", function()
    event.listen(m.User, "before_insert", function() coroutine.yield() end)
    session:add(m.User { name = "a" })
    local co = coroutine.create(function() session:flush() end)
    local ok, err = coroutine.resume(co)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("yield", 1, true))
    session:rollback()
    assert.equal("0", w:rows('SELECT count(*) FROM "user"'))
  end)
end)
