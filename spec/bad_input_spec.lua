-- Bad input: an error of the right class before any SQL is sent, nothing lost, the session usable after a rollback.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer = corm.Column, corm.ForeignKey, corm.Integer
local select = corm.select

describe("bad input", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add(m.User { name = "kept", addresses = { m.Address { email = "x" } } })
    session:commit()
    w:statements()
  end)
  after_each(function() w:close() end)

  -- The session goes on after a rollback, and lost nothing that was committed.
  local function still_works()
    session:rollback()
    session:add(m.City { name = "after" })
    session:commit()
    assert.equal("kept|after", w:rows('SELECT name, (SELECT name FROM city) FROM "user"'))
  end

  describe("to create_engine", function()
    it("is a malformed URL or an unknown dialect", function()
      for _, url in ipairs { "", "sqlite", "sqlite:/x", "://", "sqlite://?%zz", "not a url" } do
        raises("ArgumentError", "", corm.create_engine, url)
      end
      local err = raises("ArgumentError", "sqlit", corm.create_engine, "sqlit:///x.db")
      assert.is_truthy(tostring(err):find("sqlite", 1, true))
      raises("ArgumentError", "", corm.create_engine, "sqlite+nodriver://")
      raises("ArgumentError", "", corm.create_engine, 5)
      raises("ArgumentError", "eco", corm.create_engine, "sqlite://", { eco = true })
    end)
  end)

  describe("to a model", function()
    local Base
    before_each(function() Base = corm.declarative_base() end)

    it("is no primary key", function()
      raises("ArgumentError", "primary key", Base.model, Base, "A", { __tablename__ = "a", n = Column(Integer) })
    end)

    it("is an unknown type", function()
      raises("ArgumentError", "a type such as corm.Integer expected", Column, "Intger")
      raises("ArgumentError", "got nil", Column, "n", corm.Strng)
    end)

    it("is a foreign key to nowhere", function()
      Base:model("A", {
        __tablename__ = "a",
        id = Column(Integer, { primary_key = true }),
        b_id = Column(Integer, ForeignKey("nowhere.id")),
      })
      local err = raises("NoReferencedTableError", "nowhere", Base.metadata.create_all, Base.metadata, w.engine)
      assert.is_truthy(err.message:find("b_id", 1, true))
      Base:model("C", {
        __tablename__ = "c",
        id = Column(Integer, { primary_key = true }),
        a_id = Column(Integer, ForeignKey("c.idd")),
      })
      assert.is_false((pcall(Base.metadata.create_all, Base.metadata, w.engine)))
      assert.equal(0, w:count())
    end)

    it("is a relationship to a class that nobody made", function()
      local A = Base:model("A", {
        __tablename__ = "a",
        id = Column(Integer, { primary_key = true }),
        others = corm.relationship("Ohter"),
      })
      local ok, err = pcall(function() return A {}.others end)
      assert.is_false(ok)
      assert.is_true(err:is("ArgumentError") or err:is("InvalidRequestError"))
      assert.is_truthy(err.message:find("Ohter", 1, true))
    end)

    it("is a table that another model has, or a name that is taken", function()
      local A = { __tablename__ = "a", id = Column(Integer, { primary_key = true }) }
      Base:model("A", A)
      raises("InvalidRequestError", "a", Base.model, Base, "B",
        { __tablename__ = "a", id = Column(Integer, { primary_key = true }) })
      assert.is_false((pcall(Base.model, Base, "A",
        { __tablename__ = "a2", id = Column(Integer, { primary_key = true }) })))
    end)

    it("is an option that nobody knows", function()
      local err = raises("ArgumentError", "nulable", Column, Integer, { nulable = false })
      assert.equal("did you mean 'nullable'?", err.hint)
      raises("ArgumentError", "back_popluates", corm.relationship, "X", { back_popluates = "y" })
    end)
  end)

  describe("to an object", function()
    it("is a key that its class has not", function()
      local err = raises("ArgumentError", "nmae", m.User, { nmae = "x" })
      assert.is_truthy(tostring(err):find("'name'", 1, true))
      local u = session:get(m.User, 1)
      err = raises("ArgumentError", "nmae", function() return u.nmae end)
      assert.is_truthy(tostring(err):find("'name'", 1, true))
      raises("ArgumentError", "nmae", function() u.nmae = 1 end)
      raises("ArgumentError", "nmae", function() return m.User.nmae end)
      raises("ArgumentError", "", m.User, { "positional" })
      for _, name in ipairs { "__index", "__gc", "_state", "mapper", "session" } do
        raises("ArgumentError", name, m.User, { [name] = 1 })
      end
      still_works()
    end)

    it("is a value of the wrong type", function()
      local u = session:get(m.User, 1)
      w:statements()
      local wrong = {
        age = { {}, function() end, coroutine.create(print), 1.5, 0 / 0, 1 / 0, "12", true, io.stdout, 1e300, u },
        name = { {}, print, 5, true, "a\0b", "\xff", ("x"):rep(51), u },
      }
      for attribute, values in pairs(wrong) do
        for _, value in ipairs(values) do
          local ok, err = pcall(function() u[attribute] = value end)
          assert.is_false(ok, attribute .. " took " .. tostring(value))
          assert.is_true(err:is("ArgumentError") or err:is("DataError"), tostring(err))
          assert.is_truthy(err.message:find("User." .. attribute, 1, true), err.message)
          assert.is_false((pcall(m.User, { [attribute] = value })))
        end
      end
      assert.equal(0, #session.dirty)
      assert.equal(0, w:count())
      assert.equal("kept", u.name)
      still_works()
    end)

    it("is an object of another class, or something else, in a collection", function()
      local u = session:get(m.User, 1)
      assert.equal(1, #u.addresses)
      for _, foreign in ipairs { m.City { name = "c" }, "x", {}, 5, m.Address, corm.null } do
        assert.is_false((pcall(u.addresses.append, u.addresses, foreign)), tostring(foreign))
        assert.is_false((pcall(function() u.addresses = { foreign } end)))
        assert.is_false((pcall(function() u.addresses[1] = foreign end)))
      end
      raises("ArgumentError", "User.addresses", function() u.addresses:append(m.City { name = "c" }) end)
      raises("ArgumentError", "", function() u.addresses = "x" end)
      raises("ArgumentError", "Address.user", function() u.addresses[1].user = m.City { name = "c" } end)
      raises("ArgumentError", "", function() u.addresses:append() end)
      assert.equal(1, #u.addresses)
      assert.equal(0, #session.dirty)
      still_works()
    end)

    it("is an object of another session", function()
      local other = w:session()
      local foreign = m.Address { email = "f" }
      other:add(foreign)
      local u = session:get(m.User, 1)
      raises("InvalidRequestError", "another session", function() u.addresses:append(foreign) end)
      raises("InvalidRequestError", "another session", session.add, session, foreign)
      local holder = m.User { name = "v", addresses = { foreign } }
      raises("InvalidRequestError", "another session", session.add, session, holder)
      raises("InvalidRequestError", "another session", session.delete, session, foreign)
      raises("InvalidRequestError", "", session.refresh, session, foreign)
      assert.equal(1, #u.addresses)
      other:close()
      still_works()
    end)
  end)

  describe("to a statement", function()
    it("is Lua's own comparison", function()
      for _, make in ipairs {
        function() return select(m.User):where(m.User.name == "x") end,
        function() return session:query(m.User):filter(m.User.age ~= 1) end,
        function() return corm.and_(m.User.name == "x", m.User.age:eq(1)) end,
      } do
        local err = raises("ArgumentError", "boolean", make)
        assert.is_truthy(tostring(err):find(":eq", 1, true))
      end
    end)

    it("is a missing or surplus parameter", function()
      local stmt = select(m.User):where(m.User.name:eq(corm.bindparam("a")))
      local err = raises("InvalidRequestError", "bind parameter 'a'", session.execute, session, stmt)
      assert.is_truthy(err.message:find("required", 1, true))
      raises("InvalidRequestError", "'b'", session.execute, session, stmt, { a = "x", b = 1 })
      raises("InvalidRequestError", "'x'", session.execute, session, corm.text("SELECT :x"))
      raises("InvalidRequestError", "'y'", session.execute, session, corm.text("SELECT :x"), { x = 1, y = 2 })
      assert.is_false((pcall(session.execute, session, stmt, { a = print })))
      assert.is_false((pcall(session.execute, session, stmt, { a = {} })))
      raises("ArgumentError", "parameters", session.execute, session, stmt, "a")
      assert.equal(0, w:count())
      still_works()
    end)

    it("is a column that a table has not", function()
      raises("ArgumentError", "nam", function() return m.User.__table__.c.nam end)
      raises("InvalidRequestError", "nam", function() select(m.User):filter_by { nam = "x" } end)
      assert.is_false((pcall(session.execute, session, corm.insert(m.User), { nam = "x" })))
      assert.equal(0, w:count())
      still_works()
    end)

    it("is a table where a value is expected", function()
      raises("ArgumentError", "table", function() select(m.User):where(m.User.name:eq { ["!="] = "" }) end)
      raises("ArgumentError", "", function() select(m.User):limit("1; DELETE FROM user") end)
      raises("ArgumentError", "", function() select(m.User):order_by("name; drop table user") end)
    end)

    it("never becomes part of the SQL", function()
      local evil = "'; DROP TABLE user; -- \" ` \\ $$ /* ? $1 :x %s"
      session:add(m.User { name = evil })
      session:commit()
      assert.equal(evil, session:query(m.User):filter_by { name = evil }:one().name)
      assert.equal("2", w:rows('SELECT count(*) FROM "user"'))
    end)
  end)

  describe("is the use after the end", function()
    local objects

    -- A session with its connection, transaction and result, all open.
    local function open()
      local s = w:session()
      local tx = s:begin()
      return {
        session = s, transaction = tx, connection = s:connection(),
        result = s:execute(corm.text("SELECT 1 UNION SELECT 2")), object = s:get(m.User, 1),
      }
    end

    local function finalize(object) debug.getmetatable(object).__gc(object) end
    local use = {
      session = function(s) return s:execute(corm.text("SELECT 1")) end,
      transaction = function(tx) return tx:commit() end,
      connection = function(c) return c:execute(corm.text("SELECT 1")) end,
      result = function(r) return r:all() end,
      object = function(o) return o.addresses end,
    }
    local close = {
      session = function(s) s:close() end,
      transaction = function(tx) tx:close() end,
      connection = function(c) c:close() end,
      result = function(r) r:close() end,
      object = finalize,
    }

    local function permutations(list, fn, n)
      n = n or #list
      if n == 1 then return fn(list) end
      for i = 1, n do
        list[i], list[n] = list[n], list[i]
        permutations(list, fn, n - 1)
        list[i], list[n] = list[n], list[i]
      end
    end

    it("of session, transaction, connection, result and object in every order", function()
      permutations({ "session", "transaction", "connection", "result", "object" }, function(order)
        objects = open()
        for _, name in ipairs(order) do
          close[name](objects[name])
          for other, act in pairs(use) do
            local ok, err = pcall(act, objects[other])
            if not ok then assert.equal("userdata", type(err), other .. ": " .. tostring(err)) end
          end
          close[name](objects[name])
        end
        objects.session:rollback()
      end)
      still_works()
    end)

    it("or of finalizers called by hand, in every order", function()
      permutations({ "session", "transaction", "connection", "result", "object" }, function(order)
        objects = open()
        for _, name in ipairs(order) do
          finalize(objects[name])
          finalize(objects[name])
          for other, act in pairs(use) do
            local ok, err = pcall(act, objects[other])
            if not ok then assert.equal("userdata", type(err), other .. ": " .. tostring(err)) end
          end
        end
      end)
      objects = nil
      collectgarbage()
      still_works()
    end)

    it("says what is closed", function()
      objects = open()
      objects.result:close()
      raises("ResourceClosedError", "closed", use.result, objects.result)
      objects.session:close()
      raises("ResourceClosedError", "closed", use.transaction, objects.transaction)
      raises("ResourceClosedError", "closed", use.connection, objects.connection)
      raises("DetachedInstanceError", "addresses", use.object, objects.object)
      finalize(objects.session)
      raises("ResourceClosedError", "gone", use.session, objects.session)
    end)

    it("of a finalizer of another kind", function()
      local gc = debug.getmetatable(session).__gc
      for _, other in ipairs { w.engine, m.User { name = "x" }, io.stdout, {}, 5 } do
        pcall(gc, other)
      end
      pcall(gc)
      still_works()
    end)
  end)

  it("is a row that somebody else has locked for longer than the timeout", function()
    local waits = {
      postgresql = "SET lock_timeout = '50ms'",
      mariadb = "SET innodb_lock_wait_timeout = 1",
    }
    local locker <close> = w.engine:connect()
    locker:execute(corm.update(m.User):where(m.User.id:eq(1)):values { age = 1 })
    local engine = w.engine
    if database.name == "sqlite" then
      engine = corm.create_engine(w.url, { connect_args = { timeout = 0.05 } })
    end
    local s <close> = corm.Session { bind = engine }
    if waits[database.name] then s:connection():exec_driver_sql(waits[database.name]) end
    s:add(m.City { name = "late" })
    local err = raises("LockTimeoutError", database.says.locked, function()
      s:execute(corm.update(m.User):where(m.User.id:eq(1)):values { age = 2 })
    end)
    assert.is_true(err.retryable)
    assert.is_true(err:is("OperationalError"))
    s:rollback()
    locker:rollback()
    s:add(m.City { name = "late" })
    s:commit()
    assert.equal("late", w:rows("SELECT name FROM city"))
  end)

  database.only("sqlite", function()
    describe("is a file", function()
      local function fails(url, class)
        local engine = corm.create_engine(url)
        local s <close> = corm.Session { bind = engine }
        s:add(m.User { name = "lost" })
        local ok, err = pcall(s.commit, s)
        assert.is_false(ok)
        assert.is_true(err:is(class), tostring(err))
        s:rollback()
        assert.equal(0, #s.new)
        return err
      end

      it("in a directory that is not there", function()
        fails("sqlite:////nonexistent/dir/x.db", "OperationalError")
      end)

      it("that is none", function()
        local path = database.path()
        local file = assert(io.open(path, "w"))
        file:write(("this is no database, whatever its name may say. "):rep(100))
        file:close()
        local err = fails("sqlite:///" .. path, "CorruptError")
        assert.is_true(err:is("OperationalError"))
      end)

      it("that may only be read", function()
        fails(w.url .. "?mode=ro", "ReadOnlyError")
        assert.equal("1", w:rows('SELECT count(*) FROM "user"'))
      end)

      it("that is full in the middle of a flush: nothing is half written, the session waits for rollback", function()
        session:execute(corm.text("PRAGMA max_page_count = 20")):all()
        for i = 1, 3000 do session:add(m.City { name = ("%050d"):format(i) }) end
        raises("DiskFullError", "full", session.flush, session)
        raises("PendingRollbackError", "full", session.commit, session)
        raises("PendingRollbackError", "full", session.execute, session, corm.text("SELECT 1"))
        session:rollback()
        assert.equal("0", w:rows("SELECT count(*) FROM city"))
        still_works()
        assert.equal("ok", w:rows("PRAGMA integrity_check"))
      end)
    end)
  end)

  it("is a select of nothing, but where the database has such rows", function()
    for _, stmt in ipairs { select(), select(m.User):with_only_columns(), select():select_from(m.User) } do
      if database.name == "postgresql" then
        for row in session:execute(stmt) do assert.equal(0, #row) end
      else
        raises("CompileError", "names no column", session.execute, session, stmt)
      end
    end
    assert.equal("SELECT ", select():compile().string) -- SQLAlchemy's generic dialect refuses nothing
    still_works()
  end)
end)
