-- session:get and session:refresh with row locks: the row is asked for, locked, and what is in memory follows it.
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("with_for_update", function()
  local w, m, session, u

  local function open(options)
    w = world.open(world.models(options))
    m = w.m
    session = w:session()
    session:add(m.User { name = "a", age = 1, addresses = { m.Address { email = "x", city = m.City { name = "c" } } } })
    session:commit()
    u = session:get(m.User, 1)
    assert.equal("a", u.name)
    w:statements()
  end

  after_each(function() w:close() end)

  -- The ends of the statements that fn sends: what locks.
  local function ends(fn)
    local list = {}
    for i, statement in ipairs(w:statements(fn)) do
      list[i] = statement:match "FOR .*$" or statement:match "LOCK .*$" or ""
    end
    return list
  end

  local locking = not database.lacks "row_locks"
  local for_update = locking and "FOR UPDATE" or ""

  -- Another session does not get the row of the user while fn's transaction holds it.
  local function is_locked(locked)
    if not locking then return end
    local other = w:session()
    local again = function() return other:get(m.User, 1, { with_for_update = { nowait = true } }) end
    if locked then raises("LockTimeoutError", "", again) else assert.equal("a", again().name) end
    other:close()
  end

  describe("of get", function()
    before_each(function() open() end)

    it("asks the database though the object is there, and fills it anew", function()
      session:commit()
      w:sql([[UPDATE "user" SET age = 2]])
      assert.same({ for_update }, ends(function()
        assert.equal(u, session:get(m.User, 1, { with_for_update = true }))
      end))
      assert.equal(0, w:count(function() assert.equal(2, u.age) end))
      is_locked(true)
      session:rollback()
      is_locked(false)
    end)

    it("overwrites what was loaded in the same transaction", function()
      session:rollback()
      local fresh = w:session { expire_on_commit = false }
      local mine = fresh:get(m.User, 1)
      fresh:commit()
      w:sql([[UPDATE "user" SET age = 5]])
      assert.equal(1, mine.age)
      assert.equal(mine, fresh:get(m.User, 1, { with_for_update = {} }))
      assert.equal(5, mine.age)
    end)

    it("flushes changes first, so that none is lost", function()
      u.age = 9
      session:get(m.User, 1, { with_for_update = true })
      assert.equal(9, u.age)
      session:commit()
      assert.equal("9", w:list('SELECT age FROM "user"'))
      u.age = 10
      session:no_autoflush(function() session:get(m.User, 1, { with_for_update = true }) end)
      assert.equal(10, u.age)
    end)

    it("takes the options of a select's", function()
      local shared = { postgresql = "FOR SHARE", mariadb = "LOCK IN SHARE MODE", mysql = "LOCK IN SHARE MODE" }
      assert.same({ shared[database.name] or "" }, ends(function()
        session:get(m.User, 1, { with_for_update = { read = true } })
      end))
      session:rollback()
      local skip = locking and "FOR UPDATE SKIP LOCKED" or ""
      assert.same({ skip }, ends(function() session:get(m.User, 1, { with_for_update = { skip_locked = true } }) end))
      session:rollback()
      local of = { postgresql = 'FOR UPDATE OF user', mariadb = "FOR UPDATE", mysql = "FOR UPDATE OF user" }
      assert.same({ of[database.name] or "" }, ends(function()
        session:get(m.User, 1, { with_for_update = { of = m.User } })
      end))
      assert.equal("a", session:get_one(m.User, 1, { with_for_update = { of = { m.User.age } } }).name)
    end)

    it("of rows that are not there is nil", function()
      assert.is_nil(session:get(m.User, 7, { with_for_update = true }))
      raises("NoResultFound", "no row", function() session:get_one(m.User, 7, { with_for_update = true }) end)
      session:commit()
      w:sql 'DELETE FROM address'
      w:sql 'DELETE FROM "user"'
      assert.is_nil(session:get(m.User, 1, { with_for_update = true }))
    end)

    it("knows keys of several columns", function()
      session:add(m.Item { order_no = 4, line = 2, text = "t" })
      session:commit()
      assert.equal("t", session:get(m.Item, { 4, 2 }, { with_for_update = true }).text)
      assert.equal("t", session:get(m.Item, { line = 2, order_no = 4 }, { with_for_update = true }).text)
    end)

    it("false and nil lock nothing", function()
      assert.equal(0, w:count(function()
        assert.equal(u, session:get(m.User, 1, { with_for_update = false }))
        assert.equal(u, session:get(m.User, 1, { with_for_update = nil }))
      end))
    end)

    it("refuses what a row of one class has not", function()
      local function get(given) return function() session:get(m.User, 1, { with_for_update = given }) end end
      raises("ArgumentError", "true or a table of options expected, got integer", get(1))
      raises("ArgumentError", "true or a table of options expected, got string", get("; drop"))
      raises("ArgumentError", "nowait and skip_locked exclude each other", get { nowait = true, skip_locked = true })
      raises("ArgumentError", "a row of 'user' is read here, 'of' names 'address'", get { of = m.Address })
      raises("ArgumentError", "a row of 'user' is read here, 'of' names 'city'", get { of = { m.User, m.City.name } })
      raises("ArgumentError", "'of' names tables", get { of = "user" })
      local err = raises("ArgumentError", "unknown option 'nowit' of with_for_update", get { nowit = true })
      assert.equal("did you mean 'nowait'?", err.hint)
      raises("InvalidRequestError", "with_for_update", function() session:query(m.User):with_for_update():get(1) end)
    end)
  end)

  it("locks the object's row alone: what is loaded with it has statements of its own", function()
    open { ["User.addresses"] = { lazy = "joined" }, ["Address.city"] = { lazy = "joined" } }
    assert.same({ for_update, "" }, ends(function() session:get(m.User, 1, { with_for_update = true }) end))
    assert.equal(0, w:count(function() assert.equal("c", u.addresses[1].city.name) end))
    is_locked(true)
    if locking then
      local other = w:session()
      assert.equal("x", other:get(m.Address, 1, { with_for_update = { nowait = true } }).email)
    end
    session:rollback()
    assert.same({ for_update, "" }, ends(function() session:refresh(u, { with_for_update = true }) end))
  end)

  describe("of refresh", function()
    before_each(function() open() end)

    it("locks the row and loads it", function()
      session:commit()
      w:sql([[UPDATE "user" SET age = 2]])
      assert.same({ for_update }, ends(function() session:refresh(u, { with_for_update = true }) end))
      assert.equal(0, w:count(function() assert.equal(2, u.age) end))
      is_locked(true)
    end)

    it("stands behind the names of attributes", function()
      assert.same({ for_update }, ends(function() session:refresh(u, { "age" }, { with_for_update = {} }) end))
      is_locked(true)
      session:rollback()
      assert.same({ for_update }, ends(function() session:refresh(u, nil, { with_for_update = {} }) end))
      session:rollback()
      assert.equal("a", u.name)
      assert.same({ for_update, "" }, ends(function()
        session:refresh(u, { "addresses" }, { with_for_update = true })
      end))
      is_locked(true)
    end)

    it("says when the row is gone", function()
      session:commit()
      w:sql "DELETE FROM address"
      w:sql 'DELETE FROM "user"'
      raises("InvalidRequestError", "refresh", session.refresh, session, u, { with_for_update = true })
    end)

    it("refuses what is no option", function()
      local err = raises("ArgumentError", "unknown option 'with_for_updat' of Session:refresh", session.refresh,
        session, u, { with_for_updat = true })
      assert.equal("did you mean 'with_for_update'?", err.hint)
      raises("ArgumentError", "of' names 'city'", session.refresh, session, u, nil,
        { with_for_update = { of = m.City } })
      raises("ArgumentError", "attribute names expected", session.refresh, session, u, "age",
        { with_for_update = true })
    end)
  end)
end)
