local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Column, Integer, String = corm.Column, corm.Integer, corm.String

local Base, User, session, sent

local function setup_user(extra)
  Base = corm.declarative_base()
  local body = {
    __tablename__ = "user",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
    age = Column(Integer),
    score = Column(corm.Float),
    active = Column(corm.Boolean),
    born = Column(corm.Date),
    price = Column(corm.Numeric(10, 2)),
    data = Column(corm.JSON),
  }
  for k, v in pairs(extra or {}) do body[k] = v end
  User = Base:model("User", body)
  local engine = database.engine()
  Base.metadata:create_all(engine)
  sent = {}
  corm.event.listen(engine, "before_cursor_execute", function(_, _, statement) sent[#sent + 1] = statement end)
  session = corm.sessionmaker { bind = engine } ()
end

describe("an object", function()
  before_each(setup_user)
  after_each(function() session:close() end)

  it("is made from named fields", function()
    local user = User { name = "ann", age = 3, score = 1.5, active = true, born = corm.date(2000, 2, 29) }
    assert.equal("ann", user.name)
    assert.equal(3, user.age)
    assert.equal(1.5, user.score)
    assert.is_true(user.active)
    assert.equal("2000-02-29", tostring(user.born))
    assert.is_nil(user.id)
    assert.is_nil(User {}.name)
    assert.is_nil(User().name)
  end)

  it("shows its class and key", function()
    assert.equal("User(id=NULL)", tostring(User {}))
    assert.equal("User(id=7)", tostring(User { id = 7 }))
    assert.is_true(rawequal(User, User {}.__class__))
    assert.equal("User", User {}.__class__.__name__)
  end)

  it("turns values into those of the column's type", function()
    local user = User { age = 4.0, born = "2001-05-06", price = "12.30", data = { a = { 1, 2 } } }
    assert.equal("integer", math.type(user.age))
    assert.is_true(user.born == corm.date(2001, 5, 6))
    assert.equal("12.30", tostring(user.price))
    assert.same({ a = { 1, 2 } }, user.data)
    user.score = 2
    assert.equal("float", math.type(user.score))
    user.name = ("x"):rep(20)
    assert.equal(20, #user.name)
  end)

  it("refuses values of other types, naming class and attribute", function()
    local user = User {}
    local function set(key, value) return function() user[key] = value end end
    raises("DataError", "User.age", set("age", 3.5))
    raises("DataError", "User.age", set("age", "12"))
    raises("DataError", "User.score", set("score", 0 / 0))
    raises("DataError", "User.name", set("name", "a\0b"))
    raises("DataError", "User.name", set("name", ("x"):rep(21)))
    raises("ArgumentError", "User.name", set("name", {}))
    raises("ArgumentError", "User.name", set("name", print))
    raises("ArgumentError", "User.age", set("age", coroutine.create(print)))
    raises("ArgumentError", "User.age", User, { age = io.stdout })
    assert.is_nil(user.age)
    assert.is_nil(user.name)
    assert.same({}, sent)
  end)

  it("refuses unknown names on read, write and construction, with the nearest one", function()
    local user = User {}
    local err = raises("ArgumentError", "unknown attribute 'nmae' of User", function() return user.nmae end)
    assert.equal("did you mean 'name'?", err.hint)
    raises("ArgumentError", "did you mean 'age'?", function() user.agee = 1 end)
    raises("ArgumentError", "did you mean 'name'?", User, { naem = "x" })
    raises("ArgumentError", "fields have names, got a key of type integer", User, { "x" })
    raises("ArgumentError", "one table of fields expected", User, {}, {})
    raises("ArgumentError", "a table of fields expected, got string", User, "x")
    raises("ArgumentError", "attributes have names", function() return user[1] end)
    raises("ArgumentError", "attributes have names", function() return user.__class__[1] end)
    raises("ArgumentError", "attributes have names", function() return corm.aliased(user.__class__)[1] end)
    for _, key in ipairs { "__index", "__gc", "__newindex", "_state", "slots", "" } do
      assert.is_false(pcall(function() return user[key] end), key)
    end
  end)

  it("cannot be reached behind its class", function()
    assert.equal("corm.object", getmetatable(User {}))
    assert.equal("corm.class", getmetatable(User))
  end)

  it("tells nil that was said from a field that was never given", function()
    local Thing = Base:model("Thing", {
      __tablename__ = "thing",
      id = Column(Integer, { primary_key = true }),
      n = Column(Integer, { default = 5 }),
    })
    Base.metadata:create_all(session.bind)
    local absent, said, null = Thing {}, Thing {}, Thing { n = corm.null }
    said.n = nil
    session:add_all { absent, said, null }
    session:commit()
    assert.equal(5, absent.n)
    assert.is_nil(said.n)
    assert.is_nil(null.n)
  end)

  it("knows its states", function()
    local user = User { name = "ann" }
    local state = corm.inspect(user)
    assert.is_true(state.transient)
    assert.is_nil(state.identity)
    session:add(user)
    assert.is_true(state.pending)
    assert.is_true(rawequal(session, corm.object_session(user)))
    session:flush()
    assert.is_true(state.persistent)
    assert.same({ 1 }, state.identity)
    assert.is_true(rawequal(session, state.session))
    session:delete(user)
    session:flush()
    assert.is_true(state.deleted)
    session:commit()
    assert.is_true(state.detached)
    assert.is_true(state.was_deleted)
    assert.is_nil(corm.object_session(user))
    assert.is_true(rawequal(user, state.object))
  end)

  it("has a history of each attribute", function()
    local user = User { name = "ann", age = 1 }
    local attrs = corm.inspect(user).attrs
    assert.same({ "ann" }, attrs.name.history.added)
    session:add(user)
    session:flush()
    assert.same({ "ann" }, attrs.name.history.unchanged)
    assert.is_false(corm.inspect(user).modified)
    user.name = "bob"
    local history = attrs.name.history
    assert.same({ "bob" }, history.added)
    assert.same({}, history.unchanged)
    assert.same({ "ann" }, history.deleted)
    assert.is_true(history.has_changes)
    assert.is_true(corm.inspect(user).modified)
    user.name = "ann"
    assert.is_false(attrs.name.history.has_changes)
    raises("ArgumentError", "no mapped attribute 'nope'", function() return attrs.nope end)
    raises("ArgumentError", "did you mean 'pending'?", function() return corm.inspect(user).pendin end)
  end)

  it("loads expired attributes with one statement, and says what is not loaded", function()
    local user = User { name = "ann", age = 1 }
    session:add(user)
    session:commit()
    sent = {}
    assert.same({ "id", "name", "age", "score", "active", "born", "price", "data" }, corm.inspect(user).unloaded)
    assert.equal("ann", user.name)
    assert.equal(1, user.age)
    assert.equal(1, #sent)
    assert.same({}, corm.inspect(user).unloaded)
  end)

  it("names the attribute that a detached object cannot load", function()
    local user = User { name = "ann" }
    session:add(user)
    session:commit()
    session:expunge(user)
    local err = raises("DetachedInstanceError", "name", function() return user.name end)
    assert.is_truthy(err.message:find("User", 1, true))
  end)

  it("survives its finalizer called by hand", function()
    local meta = debug.getmetatable(User {})
    local user = User { name = "ann" }
    meta.__gc(user)
    meta.__gc(user)
    assert.is_false(pcall(function() return user.name end))
    assert.is_false(pcall(session.add, session, user))
    assert.equal("bob", User { name = "bob" }.name)
  end)
end)

describe("validators", function()
  it("see each new value and may change or refuse it", function()
    local seen = {}
    setup_user { corm.validates("name", "age", function(self, key, value)
      assert.is_true(rawequal(User, self.__class__))
      seen[#seen + 1] = key .. "=" .. tostring(value)
      if value == "bad" then error("no such name", 0) end
      return type(value) == "string" and value:upper() or value
    end) }
    local user = User { age = 3, name = "ann" }
    assert.same({ "name=ann", "age=3" }, seen) -- in mapped order
    assert.equal("ANN", user.name)
    local ok, err = pcall(function() user.name = "bad" end)
    assert.is_false(ok)
    assert.equal("no such name", err)
    assert.equal("ANN", user.name)
    assert.is_false(pcall(User, { name = "bad" }))
  end)

  it("are declared with names and a function", function()
    raises("ArgumentError", "a function expected", corm.validates, "name")
    raises("ArgumentError", "the names of attributes expected", corm.validates, print)
    raises("ArgumentError", "the name of an attribute expected, got integer", corm.validates, 1, print)
  end)
end)

describe("events", function()
  before_each(function() setup_user() end)

  it("tell of inserts, updates and deletes, and may change the object", function()
    local seen = {}
    for _, name in ipairs { "before_insert", "after_insert", "before_update", "after_update", "before_delete",
      "after_delete" } do
      corm.event.listen(User, name, function(mapper, connection, target)
        assert.is_true(rawequal(User.__mapper__, mapper))
        assert.is_truthy(connection)
        if name == "before_insert" then target.age = 9 end
        seen[#seen + 1] = name .. " " .. target.name
      end)
    end
    local user = User { name = "ann" }
    session:add(user)
    session:flush()
    assert.equal(9, user.age)
    user.name = "bob"
    session:flush()
    session:delete(user)
    session:flush()
    assert.same({ "before_insert ann", "after_insert ann", "before_update bob", "after_update bob",
      "before_delete bob", "after_delete bob" }, seen)
  end)

  it("of attributes get the old value, and with retval set the new one", function()
    local seen = {}
    local function listener(target, value, old)
      assert.is_true(rawequal(User, target.__class__))
      seen[#seen + 1] = { value, old }
      return value * 2
    end
    corm.event.listen(User.age, "set", listener, { retval = true })
    assert.is_true(corm.event.contains(User.age, "set", listener))
    local user = User { age = 1 }
    user.age = 5
    assert.equal(10, user.age)
    assert.equal(1, seen[1][1])
    assert.is_true(rawequal(corm.NO_VALUE, seen[1][2]))
    assert.same({ 5, 2 }, seen[2])
    corm.event.remove(User.age, "set", listener)
    user.age = 7
    assert.equal(7, user.age)
    assert.is_false(corm.event.contains(User.age, "set", listener))
  end)

  it("are named as they are", function()
    raises("ArgumentError", "did you mean 'before_insert'?", corm.event.listen, User, "before_inser", print)
    raises("ArgumentError", "unknown event 'sett' of User.name", corm.event.listen, User.name, "sett", print)
    raises("InvalidRequestError", "does not listen", corm.event.remove, User, "before_insert", print)
  end)

  it("pass on the very error of a listener, and leave nothing half written", function()
    local mine = {}
    local function fail() error(mine) end
    corm.event.listen(User, "before_insert", fail)
    session:add(User { name = "ann" })
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.is_true(rawequal(mine, err))
    corm.event.remove(User, "before_insert", fail)
    session:rollback()
    assert.equal(0, session:scalar(corm.select(corm.func.count()):select_from(User)))
  end)
end)

describe("a default function", function()
  it("is called for each row with a context that knows the row", function()
    local seen
    Base = corm.declarative_base()
    local Thing = Base:model("Thing", {
      __tablename__ = "thing",
      id = Column(Integer, { primary_key = true }),
      a = Column(Integer),
      b = Column(Integer, { default = function(context)
        seen = context:get_current_parameters()
        return seen.a + 1
      end }),
      c = Column(String(9), { default = function() return {} end }),
    })
    local engine = database.engine()
    Base.metadata:create_all(engine)
    local s = corm.sessionmaker { bind = engine } ()
    local thing = Thing { a = 4, c = "x" }
    s:add(thing)
    s:flush()
    assert.equal(5, thing.b)
    assert.same({ a = 4, c = "x" }, seen)
    s:add(Thing { a = 1 })
    raises("ArgumentError", "the default of column 'thing.c'", s.flush, s)
    s:close()
  end)
end)
