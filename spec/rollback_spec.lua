local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("a rollback", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add_all { m.User { name = "a", addresses = { m.Address { email = "x" } } }, m.City { name = "rome" } }
    session:commit()
  end)
  after_each(function() w:close() end)

  it("lets pending objects go, flushed or not, with what they hold", function()
    local flushed, pending = m.User { name = "f" }, m.User { name = "p" }
    session:add(flushed)
    session:flush()
    assert.equal(2, flushed.id)
    session:add(pending)
    session:rollback()
    assert.is_false(session:contains(flushed))
    assert.is_false(session:contains(pending))
    assert.equal(0, #session.new)
    assert.is_nil(flushed.id)
    assert.equal("f", flushed.name)
    session:add(flushed)
    session:commit()
    assert.equal("a\nf", w:rows('SELECT name FROM "user" ORDER BY id'))
  end)

  it("leaves new objects that had expired without values, which are not inserted as NULL", function()
    local user, city = m.User { name = "f" }, m.City { name = "oslo" }
    session:add_all { user, city }
    session:flush()
    session:expire(user, { "name" })
    session:rollback()
    session:add_all { user, city }
    local err = raises("InvalidRequestError", "'name' had expired when its row was rolled back, and is lost", function()
      session:flush()
    end)
    assert.matches("assign it again", tostring(err))
    session:rollback()
    assert.equal("rome", w:rows "SELECT name FROM city")
    user.name = "g"
    session:add_all { user, city }
    session:commit()
    assert.equal("a\ng", w:rows('SELECT name FROM "user" ORDER BY id'))
    assert.equal("rome\noslo", w:rows "SELECT name FROM city ORDER BY id")
  end)

  it("of more than one savepoint leaves new objects the values that they have", function()
    for _, how in ipairs { "root", "outer" } do
      local outer = session:begin_nested()
      local city = m.City { name = "oslo" }
      session:add(city)
      session:flush()
      session:begin_nested()
      city.name = "bergen"
      session:flush()
      if how == "outer" then outer:rollback() else session:rollback() end
      assert.is_true(corm.inspect(city).transient)
      assert.equal("bergen", city.name)
      session:rollback()
      session:add(city)
      session:flush()
      assert.equal("bergen", session:scalar(corm.select(m.City.name):where(m.City.id:eq(city.id))))
      session:rollback()
    end
  end)

  it("keeps what another session inserted and committed", function()
    local city = m.City { name = "oslo" }
    local first = w:session { expire_on_commit = false }
    first:add(city)
    first:commit()
    first:expunge(city)
    local second = w:session()
    second:add(city)
    city.name = "bergen"
    second:flush()
    second:rollback()
    assert.is_true(second:contains(city))
    assert.equal("oslo", city.name)
  end)

  it("brings deleted objects back, flushed or not", function()
    local u, city = session:get(m.User, 1), session:get(m.City, 1)
    session:delete(city)
    session:flush()
    session:delete(u)
    session:rollback()
    assert.is_true(session:contains(u))
    assert.is_true(session:contains(city))
    assert.equal(0, #session.deleted)
    assert.equal("rome", city.name)
    assert.is_true(rawequal(city, session:get(m.City, 1)))
  end)

  it("leaves transient what it has seen both inserted and deleted", function()
    local user = m.User { name = "passing" }
    session:add(user)
    session:flush()
    session:delete(user)
    session:flush()
    session:rollback()
    assert.is_true(corm.inspect(user).transient)
    assert.is_false(session:contains(user))
    assert.same({ "passing" }, { user.name, user.id })
    session:add(user)
    session:commit()
    assert.equal("passing", w:rows "SELECT name FROM \"user\" WHERE name = 'passing'")
  end)

  it("to a savepoint leaves transient what came and went inside, and brings back what was there", function()
    local before, inside = m.User { name = "before" }, m.User { name = "inside" }
    session:add(before)
    session:flush()
    local nested = session:begin_nested()
    session:add(inside)
    session:flush()
    session:delete(before)
    session:delete(inside)
    session:flush()
    nested:rollback()
    assert.is_true(corm.inspect(before).persistent)
    assert.is_true(corm.inspect(inside).transient)
    assert.equal("before", before.name)
    session:rollback()
    assert.is_true(corm.inspect(before).transient)
    assert.is_true(corm.inspect(inside).transient)
  end)

  it("to a savepoint leaves transient what came, left the session and came again", function()
    local early, inner, back = m.User { name = "early" }, m.User { name = "inner" }, m.User { name = "back" }
    session:add(early)
    local outer = session:begin_nested()
    local nested = session:begin_nested()
    session:add_all { inner, back }
    session:flush()
    session:expunge(early)
    session:expunge(inner)
    session:expunge(back)
    session:add(early)
    session:add(inner)
    nested:commit()
    session:expunge(inner)
    session:add_all { inner, back }
    local later = session:begin_nested()
    later:rollback()
    assert.is_true(corm.inspect(inner).persistent)
    assert.is_true(corm.inspect(back).persistent)
    outer:rollback()
    assert.is_true(corm.inspect(early).persistent)
    assert.is_true(corm.inspect(inner).transient)
    assert.is_true(corm.inspect(back).transient)
    assert.same({ "inner" }, { inner.name, inner.id })
    session:add(back)
    session:commit()
    assert.equal("a,back,early", w:list('SELECT name FROM "user" ORDER BY name'))
  end)

  it("leaves persistent what another session inserted", function()
    local user, second = m.User { name = "moves" }, w:session()
    for _ = 1, 3 do
      session:execute(corm.select(1))
      session:commit()
    end
    session:add(user)
    session:flush()
    session:expunge(user)
    session:commit()
    second:add(user)
    second:execute(corm.select(1))
    second:rollback()
    assert.is_true(corm.inspect(user).persistent)
    assert.equal("moves", user.name)
    second:close()
  end)

  it("takes every change back, of columns and relationships", function()
    local u, x = session:get(m.User, 1), session:get(m.Address, 1)
    u.name = "z"
    session:flush()
    u.age = 3
    u.addresses:remove(x)
    u.addresses:append(m.Address { email = "new" })
    session:rollback()
    assert.equal(0, #session.dirty)
    assert.equal("a", u.name)
    assert.is_nil(u.age)
    assert.equal(1, #u.addresses)
    assert.is_true(rawequal(x, u.addresses[1]))
    assert.is_true(rawequal(u, x.user))
    session:commit()
    assert.equal("a|", w:rows('SELECT name, age FROM "user"'))
  end)

  it("reloads at the next access, one statement for each object", function()
    local u, city = session:get(m.User, 1), session:get(m.City, 1)
    session:rollback()
    w:sql([[UPDATE "user" SET name = 'outside']])
    assert.equal(2, w:count(function()
      assert.equal("outside", u.name)
      assert.is_nil(u.age)
      assert.equal("rome", city.name)
    end))
  end)

  it("without a transaction forgets what was added and marked", function()
    local u = session:get(m.User, 1)
    session:commit()
    assert.is_false(session:in_transaction())
    session:add(m.User { name = "n" })
    session:delete(u)
    session:rollback()
    assert.equal(0, #session.new)
    assert.equal(0, #session.deleted)
  end)

  describe("after a failed flush", function()
    local function fail()
      session:add(m.City { name = "rome" })
      return raises("IntegrityError", database.says.unique, session.flush, session)
    end

    it("is the only thing accepted, and the error names the first one", function()
      local u = session:get(m.User, 1)
      u.age = 5
      local err = fail()
      assert.equal("unique", err.kind)
      assert.equal("city", err.table)
      assert.equal("name", err.column)
      assert.is_truthy(err.statement:find("INSERT INTO city", 1, true))
      assert.is_false(session.is_active)
      for _, act in ipairs {
        function() session:commit() end,
        function() session:scalars(corm.select(m.User)) end,
        function() session:execute(corm.text("SELECT 1")) end,
        function() session:begin_nested() end,
        function() return u.name end,
        function() session:get(m.User, 7) end,
      } do
        local refused = raises("PendingRollbackError", database.says.unique, act)
        assert.is_truthy(refused.message:find("rollback", 1, true))
        assert.is_truthy(refused.message:find("(IntegrityError)", 1, true))
        assert.is_true(refused.cause:is "IntegrityError")
        assert.equal(err.message, refused.cause.message)
        assert.equal(err.statement, refused.cause.statement)
        assert.equal(err.params, refused.cause.params)
        assert.equal("unique", refused.cause.kind)
        assert.is_nil(refused.cause.cause)
      end
      session:rollback()
      assert.is_true(session.is_active)
      assert.is_nil(u.age)
      u.age = 6
      session:commit()
      assert.equal("6|1", w:rows('SELECT age, (SELECT count(*) FROM city) FROM "user"'))
    end)

    it("leaves nothing half written", function()
      for i = 1, 5 do session:add(m.User { name = "n" .. i }) end
      fail()
      assert.equal("1", w:rows('SELECT count(*) FROM "user"'))
      session:rollback()
      session:commit()
      assert.equal("1", w:rows('SELECT count(*) FROM "user"'))
    end)

    it("of each kind names the kind, and a corrected flush commits", function()
      local cases = {
        { "unique", function() return m.City { name = "rome" } end, function(o) o.name = "oslo" end },
        { "not_null", function() return m.City {} end, function(o) o.name = "bern" end },
        { "foreign_key", function() return m.Address { email = "q", user_id = 99 } end, function(o) o.user_id = 1 end },
      }
      for _, case in ipairs(cases) do
        local kind, make, correct = table.unpack(case)
        for position = 1, 3 do
          local objects = {}
          for i = 1, 3 do objects[i] = i == position and make() or m.User { name = kind .. i } end
          session:add_all(objects)
          local ok, err = pcall(session.commit, session)
          assert.is_false(ok)
          assert.equal("IntegrityError", err.class)
          assert.equal(kind, err.kind)
          session:rollback()
          correct(objects[position])
          if position == 3 then
            session:add_all(objects)
            session:commit()
          end
        end
      end
      assert.equal("bern,oslo,rome", w:list("SELECT name FROM city ORDER BY lower(name)"))
      assert.equal("7", w:rows('SELECT count(*) FROM "user"'))
    end)

    it("happens by itself in a block", function()
      local inner
      inner = raises("IntegrityError", database.says.unique, function()
        session:begin(function()
          session:add(m.City { name = "oslo" })
          session:flush()
          session:add(m.City { name = "oslo" })
        end)
      end)
      assert.equal("unique", inner.kind)
      assert.is_false(session:in_transaction())
      assert.equal("1", w:rows("SELECT count(*) FROM city"))
      session:add(m.City { name = "oslo" })
      session:commit()
    end)
  end)

  describe("belongs to a transaction object", function()
    it("which commits and rolls back once", function()
      local tx = session:begin()
      assert.is_true(tx.is_active)
      session:add(m.City { name = "a" })
      tx:commit()
      assert.is_false(tx.is_active)
      raises("ResourceClosedError", "closed", tx.commit, tx)
      raises("ResourceClosedError", "closed", tx.rollback, tx)
      tx:close()
      tx = session:begin()
      session:add(m.City { name = "b" })
      session:flush()
      tx:rollback()
      assert.equal("a,rome", w:list("SELECT name FROM city ORDER BY lower(name)"))
      assert.is_true(rawequal(session, tx.session))
    end)

    it("which ends with its scope: committed without an error, else rolled back", function()
      do
        local tx <close> = session:begin()
        assert.is_true(tx.is_active)
        session:add(m.City { name = "a" })
      end
      assert.equal("2", w:rows("SELECT count(*) FROM city"))
      pcall(function()
        local tx <close> = session:begin()
        assert.is_true(tx.is_active)
        session:add(m.City { name = "b" })
        session:flush()
        error("stop")
      end)
      assert.equal("2", w:rows("SELECT count(*) FROM city"))
      assert.is_false(session:in_transaction())
    end)

    it("which does nothing when its transaction ended inside the block", function()
      local city = m.City { name = "a" }
      session:begin(function()
        session:add(city)
        session:commit()
      end)
      assert.equal("2", w:rows("SELECT count(*) FROM city"))
    end)

    it("whose end ends what its block may do: the rest would not be committed", function()
      local function refused(...) raises("InvalidRequestError", "the transaction of this block has ended", ...) end
      for _, ending in ipairs { "commit", "rollback" } do
        session:begin(function()
          session[ending](session)
          refused(session.execute, session, corm.text("SELECT 1"))
          refused(session.add, session, m.City { name = "late" })
          refused(session.begin, session)
          refused(session.begin_nested, session)
        end)
        assert.equal(1, session:scalar(corm.text("SELECT 1")))
        session:rollback()
      end
      session:begin(function()
        session:begin_nested(function(savepoint)
          savepoint:rollback()
          refused(session.get, session, m.City, 1)
        end)
        session:add(m.City { name = "outside" })
      end)
      assert.equal("outside,rome", w:list("SELECT name FROM city ORDER BY name"))
    end)

    it("whose block may still use a session that was closed, or be left by its coroutine", function()
      session:begin(function()
        session:close()
        session:begin(function() session:add(m.City { name = "a" }) end)
      end)
      coroutine.wrap(function()
        session:begin(function()
          session:commit()
          coroutine.yield()
        end)
      end)()
      collectgarbage()
      collectgarbage()
      session:add(m.City { name = "b" })
      session:commit()
      assert.equal("3", w:rows("SELECT count(*) FROM city"))
    end)

    it("of which there is one at a time", function()
      session:begin()
      raises("InvalidRequestError", "already begun", session.begin, session)
      raises("InvalidRequestError", "already begun", session.begin, session, function() end)
      session:rollback()
      raises("ArgumentError", "a function expected, got string", session.begin, session, "x")
    end)

    it("which is not that of a later one", function()
      local first = session:begin()
      session:commit()
      session:begin()
      assert.is_false(first.is_active)
      raises("ResourceClosedError", "closed", first.rollback, first)
      assert.is_true(session:in_transaction())
    end)

    it("whose block passes results on and errors unchanged", function()
      assert.same({ 1, nil, "x" }, { session:begin(function(s)
        assert.is_true(rawequal(s, session))
        return 1, nil, "x"
      end) })
      for _, value in ipairs { { "table" }, 5, "text", false } do
        local ok, err = pcall(session.begin, session, function() error(value, 0) end)
        assert.is_false(ok)
        assert.is_true(rawequal(value, err))
      end
    end)

    it("which a closed coroutine rolls back", function()
      local co = coroutine.create(function()
        session:begin(function()
          session:add(m.City { name = "a" })
          session:flush()
          coroutine.yield()
        end)
      end)
      assert.is_true(coroutine.resume(co))
      coroutine.close(co)
      assert.is_false(session:in_transaction())
      assert.equal("1", w:rows("SELECT count(*) FROM city"))
    end)
  end)

  it("is asked for when autobegin is off and nothing began", function()
    local manual = w:session { autobegin = false }
    raises("InvalidRequestError", "autobegin is disabled", manual.execute, manual, corm.text("SELECT 1"))
    raises("InvalidRequestError", "autobegin is disabled", manual.commit, manual)
    manual:rollback()
    assert.is_false(manual.is_active)
    manual:begin(function() assert.equal(1, manual:scalar(corm.text("SELECT 1"))) end)
  end)

  it("is forced by a raw ROLLBACK, after which flushed work is not continued", function()
    session:add(m.City { name = "a" })
    session:flush()
    session:execute(corm.text("ROLLBACK"))
    session:add(m.City { name = "b" })
    raises("PendingRollbackError", "rollback", session.commit, session)
    session:rollback()
    session:add(m.City { name = "c" })
    session:commit()
    assert.equal("c,rome", w:list("SELECT name FROM city ORDER BY lower(name)"))
  end)
end)
