-- What scripts do with sessions that they ought not to do, and what is left then. C8, C11, C12, C16 of the list of bad
-- input: wrong sessions, wrong order, transactions ended behind corm's back, blocks that end in the middle.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

local w, m, session

local function open()
  w = world.open()
  m = w.m
  session = w:session()
end

local function close()
  w:close()
end

local function cities()
  return w:list "SELECT name FROM city ORDER BY name"
end

local function add(name)
  session:add(m.City { name = name })
  session:flush()
end

-- Another connection can take the rows at once: nobody holds a lock.
local function assert_unlocked()
  local other = w:session()
  other:execute(corm.update(m.City):values { name = m.City.name .. "" }:where(m.City.id:gt(0)))
  other:commit()
  other:close()
end

describe("U01 U21 C8 objects of elsewhere", function()
  before_each(open)
  after_each(close)

  it("an object of another session is refused by add, delete, expunge, refresh and expire", function()
    local other = w:session()
    local city, new = m.City { name = "c" }, m.City { name = "n" }
    other:add(city)
    other:commit()
    other:add(new)
    for _, object in ipairs { city, new } do
      raises("InvalidRequestError", "already attached to another session", session.add, session, object)
      raises("InvalidRequestError", "attached to another session", session.delete, session, object)
      raises("InvalidRequestError", "not present in this Session", session.expunge, session, object)
      raises("InvalidRequestError", "not persistent within this Session", session.refresh, session, object)
      raises("InvalidRequestError", "not persistent within this Session", session.expire, session, object)
      assert.equal(other, corm.object_session(object))
    end
    raises("InvalidRequestError", "attached to another session", function()
      session:add(m.Address { email = "x", city = city })
      session:commit()
    end)
    session:rollback()
    assert.same({ 0, 0, 1 }, { #session.new, #session.dirty, #other.new })
    other:commit()
    assert.equal("c,n", cities())
    assert.equal("0", w:rows "SELECT count(*) FROM address")
  end)

  it("a detached object names the attribute that it cannot load, and keeps what it has", function()
    session:add(m.User { name = "a", addresses = { m.Address { email = "x" } } })
    session:commit()
    local user = session:get(m.User, 1)
    session:expire(user, { "age" })
    session:expunge(user)
    raises("DetachedInstanceError", "User.addresses", function() return user.addresses end)
    raises("DetachedInstanceError", "User.age", function() return user.age end)
    raises("DetachedInstanceError", "User.addresses", function() user.addresses = {} end)
    assert.equal("a", user.name)
    session:add(user)
    assert.equal(1, #user.addresses)
    assert.is_nil(user.age)
  end)
end)

describe("U15 U16 C11 transactions out of order", function()
  before_each(open)
  after_each(close)

  it("begin twice, and a handle that is used twice", function()
    local tx = session:begin()
    add "a"
    raises("InvalidRequestError", "already begun", session.begin, session)
    assert.is_true(tx.is_active)
    tx:commit()
    raises("ResourceClosedError", "closed", tx.commit, tx)
    raises("ResourceClosedError", "closed", tx.rollback, tx)
    tx:close()
    assert.equal("a", cities())
    assert.is_false(session:in_transaction())
  end)

  it("a savepoint released twice, and an inner one after the outer", function()
    add "a"
    local outer = session:begin_nested()
    add "b"
    local inner = session:begin_nested()
    add "c"
    inner:commit()
    raises("ResourceClosedError", "closed", inner.commit, inner)
    raises("ResourceClosedError", "closed", inner.rollback, inner)
    local second = session:begin_nested()
    add "d"
    outer:rollback()
    raises("ResourceClosedError", "closed", second.commit, second)
    raises("ResourceClosedError", "closed", second.rollback, second)
    raises("ResourceClosedError", "closed", outer.commit, outer)
    assert.is_true(session:in_transaction())
    assert.is_false(session:in_nested_transaction())
    add "e"
    session:commit()
    assert.equal("a,e", cities())
  end)

  it("the root ended below its savepoints", function()
    local root = session:begin()
    add "a"
    local inner = session:begin_nested()
    add "b"
    root:commit()
    raises("ResourceClosedError", "closed", inner.rollback, inner)
    assert.equal("a,b", cities())
    session:begin_nested()
    add "c"
    session:rollback()
    assert.is_false(session:in_transaction())
    assert.equal("a,b", cities())
  end)

  it("commit and rollback where nothing was begun are nothing", function()
    session:commit()
    session:rollback()
    session:close()
    assert.is_false(session:in_transaction())
    local by_hand = w:session { autobegin = false }
    raises("InvalidRequestError", "autobegin", by_hand.execute, by_hand, corm.select(m.City))
    raises("InvalidRequestError", "autobegin", function()
      by_hand:add(m.City { name = "x" })
      by_hand:flush()
    end)
    assert.equal("", cities())
  end)
end)

describe("U15 C12 transactions ended behind corm's back", function()
  before_each(open)
  after_each(close)

  local function send(text)
    session:execute(corm.text(text))
  end

  it("ROLLBACK is noticed: nothing more is written until rollback()", function()
    add "a"
    pcall(send, "ROLLBACK")
    local err = raises("PendingRollbackError", "rollback", add, "b")
    assert.is_truthy(err)
    raises("PendingRollbackError", "rollback", session.commit, session)
    session:rollback()
    add "c"
    session:commit()
    assert.equal("c", cities())
    assert_unlocked()
  end)

  it("COMMIT keeps what came before; what comes later is a transaction of its own", function()
    add "a"
    send "COMMIT"
    add "b"
    session:rollback()
    assert.equal("a", cities())
    add "c"
    session:commit()
    assert.equal("a,c", cities())
    assert_unlocked()
  end)

  -- SQLite refuses it, PostgreSQL warns and goes on, MariaDB commits what came before (docs/databases.md).
  it("BEGIN changes nothing, or is what the database makes of it", function()
    add "a"
    local ok = pcall(send, database.name == "sqlite" and "BEGIN IMMEDIATE" or "BEGIN")
    assert.equal(database.name ~= "sqlite", ok)
    add "b"
    session:rollback()
    assert.equal(database.name == "mariadb" and "a" or "", cities())
    add "c"
    session:commit()
    assert.equal(database.name == "mariadb" and "a,c" or "c", cities())
    assert_unlocked()
  end)

  it("savepoints by hand are the script's own", function()
    add "a"
    send "SAVEPOINT by_hand"
    add "b"
    send "ROLLBACK TO SAVEPOINT by_hand"
    send "RELEASE SAVEPOINT by_hand"
    add "c"
    session:commit()
    assert.equal("a,c", cities())
  end)

  it("DDL is part of the transaction, except on MariaDB, where it commits", function()
    add "a"
    send "CREATE TABLE made_by_hand (a INTEGER)"
    add "b"
    session:rollback()
    assert.equal(database.name == "mariadb" and "a" or "", cities())
    send "DROP TABLE IF EXISTS made_by_hand"
    session:commit()
    assert_unlocked()
  end)
end)

describe("U15 C16 blocks that end in the middle", function()
  before_each(open)
  after_each(close)

  it("error() in a unit, in a savepoint, and with a <close> variable", function()
    local function failing() add "a" error "stop" end
    assert.is_false(pcall(session.begin, session, failing))
    assert.is_false(session:in_transaction())
    session:begin(function()
      add "b"
      assert.is_false(pcall(session.begin_nested, session, failing))
    end)
    assert.equal("b", cities())
    assert.is_false(pcall(function()
      local s <close> = w:session() -- luacheck: ignore
      s:add(m.City { name = "c" })
      s:flush()
      error "stop"
    end))
    assert.equal("b", cities())
    assert_unlocked()
  end)

  it("coroutine.close and a coroutine that nobody resumes", function()
    local thread = coroutine.create(function()
      local s <close> = w:session() -- luacheck: ignore
      local tx <close> = s:begin() -- luacheck: ignore
      s:add(m.City { name = "a" })
      s:flush()
      coroutine.yield()
    end)
    assert.is_true(coroutine.resume(thread))
    assert.is_true(coroutine.close(thread))
    assert.equal("", cities())
    assert_unlocked()
    local lost = coroutine.wrap(function()
      local s = w.Session()
      s:add(m.City { name = "b" })
      s:flush()
      coroutine.yield()
    end)
    lost()
    lost = nil -- luacheck: ignore
    for _ = 1, 4 do collectgarbage() end
    assert.equal("", cities())
    assert_unlocked()
  end)

  it("a signal that ends the program", function()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write(([[
      local corm = require "corm"
      local engine = corm.create_engine(%q)
      local session = corm.Session(engine)
      session:execute(corm.text "INSERT INTO city (name) VALUES ('a')")
      print "written"
      io.stdout:flush()
      while true do end
    ]]):format(w.url))
    file:close()
    local program = os.getenv "CORM_PROGRAM" or "corm"
    local pipe = io.popen(("timeout -s INT 1 %s %s"):format(program, script))
    assert.equal("written", pipe:read "l")
    pipe:close()
    os.remove(script)
    assert.equal("", cities())
    assert_unlocked()
  end)
end)

describe("U01 C8 several objects where one is meant", function()
  after_each(database.clean)

  it("are refused, not left out", function()
    local Base = corm.declarative_base()
    local User = Base:model("User", {
      __tablename__ = "misuse_user",
      id = corm.Column(corm.Integer, { primary_key = true }),
      boss_id = corm.Column(corm.Integer, corm.ForeignKey "misuse_user.id"),
      staff = corm.relationship("User"),
      known = corm.relationship("User", { collection_class = "set", viewonly = true }),
    })
    local engine = database.engine()
    Base.metadata:create_all(engine)
    local own <close> = corm.Session { bind = engine }
    local a, b, c = User { id = 1 }, User { id = 2 }, User { id = 3 }
    raises("ArgumentError", "several are added by add_all", own.add, own, a, b)
    own:add(a, true) -- what find_or_create gives, too
    own:add(b)
    own:flush()
    raises("ArgumentError", "several are deleted by delete_all", own.delete, own, a, b)
    raises("ArgumentError", "each is expunged by a call", own.expunge, own, a, b)
    raises("ArgumentError", "all that is changed is flushed", own.flush, own, { a })
    raises("ArgumentError", "several are appended by extend", function() a.staff:append(b, c) end)
    raises("ArgumentError", "each is removed by a call", function() a.staff:remove(b, c) end)
    raises("ArgumentError", "several are added by update", function() a.known:add(b, c) end)
    assert.equal(0, #a.staff)
    raises("ArgumentError", "got several arguments",
      function() return corm.select(User):filter_by({ id = 1 }, { boss_id = 2 }) end)
    raises("ArgumentError", "limit(n) and offset(n) are two calls", function() return corm.select(User):limit(1, 2) end)
    assert.equal(2, #own:scalars(corm.select(User)):all())
  end)
end)
