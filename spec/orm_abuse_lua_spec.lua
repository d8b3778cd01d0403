-- What Lua allows and nobody should do, with sessions, objects and hooks, row by row: the answer, and what is left.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, String = corm.Column, corm.Integer, corm.String
local event, select = corm.event, corm.select

local w, m, session

local function open()
  w = world.open()
  m = w.m
  session = w:session()
end

local function close() w:close() end

local function assert_usable(of) w:check_usable(of or session) end

describe("E1 finalizers called by hand", function()
  before_each(open)
  after_each(close)

  it("end a session once; afterwards it is closed for good", function()
    session:add(m.City { name = "a" })
    session:flush()
    local gc = debug.getmetatable(session).__gc
    gc(session)
    gc(session)
    local ok, err = pcall(session.add, session, m.City { name = "b" })
    assert.is_false(ok)
    assert.is_true(err:is "InvalidRequestError", tostring(err))
    debug.getmetatable(session).__close(session)
    assert.equal("0", w:list "SELECT count(*) FROM city")
    session = w:session()
    assert_usable()
  end)

  it("of objects and collections, new, changed or loaded, harm nobody", function()
    local user = m.User { name = "a", addresses = { m.Address { email = "x" } } }
    session:add(user)
    session:commit()
    user = session:query(m.User):one()
    user.name = "b"
    local city = m.City { name = "c" }
    session:add(city)
    local addresses = user.addresses
    for _, victim in ipairs { user, city } do
      local gc = debug.getmetatable(victim).__gc
      gc(victim)
      gc(victim)
      local ok, err = pcall(function() return victim.name end)
      assert.is_true(not ok and type(err) == "userdata" or err == nil, tostring(err))
      assert.is_false((pcall(session.add, session, victim)))
    end
    pcall(function() return #addresses, addresses[1], addresses:append(m.Address { email = "y" }) end)
    assert.is_string(tostring(user))
    session:rollback()
    assert.equal("a", w:list 'SELECT name FROM "user"')
    assert_usable()
  end)
end)

describe("E2 methods of others", function()
  before_each(open)
  after_each(close)

  it("called with a dot, nil, a file or another object are refused", function()
    local city = m.City { name = "a" }
    for _, name in ipairs { "add", "flush", "commit", "rollback", "close", "get", "execute", "scalars", "query",
      "begin", "begin_nested", "refresh", "expire", "merge", "expunge", "contains", "delete", "plan", "explain" } do
      for _, self in ipairs { 1, "x", io.stdout, city, w.engine, {}, print, coroutine.create(print) } do
        local ok, err = pcall(session[name], self)
        assert.is_false(ok, name)
        assert.equal("ArgumentError", err.class, name)
      end
      local ok, err = pcall(session[name])
      assert.is_false(ok, name)
      assert.equal("ArgumentError", err.class, name)
    end
    for _, name in ipairs { "__gc", "__close", "__index", "__tostring", "__newindex" } do
      local method = debug.getmetatable(session)[name]
      for _, self in ipairs { io.stdout, city, 1, {} } do pcall(method, self, "x", 1) end
      pcall(method)
    end
    assert.is_true(io.type(io.stdout) == "file")
    assert.equal("a", city.name)
    assert_usable()
  end)
end)

describe("E3 metatables exchanged by debug", function()
  before_each(open)
  after_each(close)

  it("make no session of a file, and no object of a session", function()
    local city = m.City { name = "a" }
    local file = assert(io.tmpfile())
    local of_file, of_session, of_object = debug.getmetatable(file), debug.getmetatable(session),
      debug.getmetatable(city)
    debug.setmetatable(file, of_session)
    assert.is_false((pcall(function() file:add(city) end)))
    assert.is_false((pcall(function() return file.new end)))
    pcall(tostring, file)
    debug.setmetatable(file, of_object)
    assert.is_false((pcall(function() return file.name end)))
    assert.is_false((pcall(session.add, session, file)))
    debug.setmetatable(file, of_file)
    assert.is_truthy(file:write "x")
    file:close()
    debug.setmetatable(city, of_session)
    assert.is_false((pcall(function() city:flush() end)))
    debug.setmetatable(city, nil)
    assert.is_false((pcall(session.add, session, city)))
    debug.setmetatable(city, of_object)
    debug.setmetatable(session, of_object)
    assert.is_false((pcall(function() return session.name end)))
    debug.setmetatable(session, of_session)
    session:add(city)
    session:commit()
    assert.equal("a", w:list "SELECT name FROM city")
    assert_usable()
  end)
end)

describe("E4 sessions and objects kept in odd places", function()
  before_each(open)
  after_each(close)

  it("weak tables, cycles and finalizers that bring them back", function()
    local weak = setmetatable({}, { __mode = "kv" })
    local saved = {}
    do
      local s = w:session()
      s.info.self = s
      local city = m.City { name = "a" }
      s:add(city)
      s:flush()
      weak[1], weak[2] = s, city
      setmetatable({}, { __gc = function() saved.session, saved.city = weak[1] or s, city end })
    end
    w.sessions[#w.sessions] = nil
    for _ = 1, 5 do collectgarbage() end
    if saved.session then
      pcall(saved.session.rollback, saved.session)
      pcall(saved.session.close, saved.session)
    end
    for _ = 1, 3 do collectgarbage() end
    assert.equal("0", w:list "SELECT count(*) FROM city")
    assert_usable()
  end)
end)

describe("E5 things closed before what needs them", function()
  before_each(open)
  after_each(close)

  it("an engine that is disposed of before its sessions, and a session before its rows", function()
    session:add_all { m.City { name = "a" }, m.City { name = "b" } }
    session:commit()
    local result = session:execute(select(m.City.name):order_by(m.City.name))
    local row = result:fetchone()
    local cities = session:query(m.City):all()
    session:close()
    local ok, err = pcall(result.fetchall, result)
    assert.is_true(ok or err.class == "ResourceClosedError", tostring(err))
    assert.equal("a", row.name)
    assert.is_string(cities[1].name)
    raises("DetachedInstanceError", "", function()
      session:add(cities[1])
      session:expire(cities[1])
      session:close()
      return cities[1].name
    end)
    w.engine:dispose()
    session:close()
    assert_usable()
  end)
end)

describe("E6 os.exit in the middle of a hook", function()
  before_each(open)
  after_each(close)

  it("closes all, and what was not committed is not there", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(([[
      local corm = require "corm"
      local Base = corm.declarative_base()
      local City = Base:model("City", { __tablename__ = "city", id = corm.Column(corm.Integer, { primary_key = true }),
        name = corm.Column(corm.String(50)) })
      session = corm.Session { bind = corm.create_engine(%q) }
      session:add(City { name = "before" })
      session:flush()
      keep = setmetatable({}, { __gc = function() pcall(session.flush, session) end })
      corm.event.listen(City, "HOOK", function() os.exit(7, true) end)
      session:add(City { name = "a" })
      session:commit()
    ]]):format(tostring(w.url)))
    file:close()
    local text = assert(io.open(path)):read "a"
    for _, hook in ipairs { "before_insert", "after_insert", "load" } do
      local script = assert(io.open(path, "w"))
      script:write((text:gsub("HOOK", hook):gsub("session:commit%(%)",
        hook == "load" and "session:expunge_all() session:query(City):all()" or "%0")))
      script:close()
      local _, how, code = os.execute((os.getenv "CORM_PROGRAM" or "build/release/corm") .. " " .. path)
      assert.same({ "exit", 7 }, { how, code }, hook)
      assert.equal("0", w:list "SELECT count(*) FROM city")
    end
    os.remove(path)
    assert_usable()
  end)
end)

describe("E7 errors of hooks", function()
  before_each(open)
  after_each(close)

  local values = {
    ["a table"] = { code = 7 },
    ["a number"] = 42,
    ["false"] = false,
    ["a function"] = print,
    ["a huge string"] = ("x"):rep(5000000),
    ["a string with zeros"] = "a\0b",
    ["an error of corm"] = table.pack(pcall(corm.Column, corm.Integer, { nulable = false }))[2],
  }
  for name, value in pairs(values) do
    it("come out as they are: " .. name, function()
      local raise = true
      event.listen(m.City, "before_insert", function() if raise then error(value, 0) end end)
      session:add(m.City { name = "a" })
      local ok, err = pcall(session.flush, session)
      assert.is_false(ok)
      assert.is_true(rawequal(value, err))
      raises("PendingRollbackError", "", session.execute, session, select(m.City))
      session:rollback()
      raise = false
      assert_usable()
    end)
  end

  it("come out as they are: nil", function()
    event.listen(m.City, "before_insert", function() error(nil) end, { once = true })
    session:add(m.City { name = "a" })
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.is_nil(err)
    session:rollback()
    assert_usable()
  end)

  it("of default functions and validators, through a query's autoflush, too", function()
    close()
    local mine = { "mine" }
    local Base = corm.declarative_base()
    local models = { Base = Base }
    models.City = Base:model("City", {
      __tablename__ = "city",
      id = Column(Integer, { primary_key = true }),
      name = Column(String(50)),
      n = Column(Integer, { default = function() error(mine, 0) end }),
    })
    w = world.open(models)
    m, session = models, w:session()
    session:add(m.City { name = "a" })
    local ok, err = pcall(function() return session:query(m.City):all() end)
    assert.is_false(ok)
    assert.is_true(rawequal(mine, err))
    session:rollback()
    session:add(m.City { name = "a", n = 1 })
    session:commit()
    assert.equal("a|1", w:list "SELECT name, n FROM city")
  end)
end)

describe("E8 coroutines", function()
  before_each(open)
  after_each(close)

  it("that hold a session and are collected leave nothing open", function()
    do
      local thread = coroutine.wrap(function()
        local s <close> = w:session()
        s:add(m.City { name = "a" })
        s:flush()
        coroutine.yield()
        s:commit()
      end)
      thread()
      w.sessions[#w.sessions] = nil
    end
    for _ = 1, 5 do collectgarbage() end
    assert.equal("0", w:list "SELECT count(*) FROM city")
    assert_usable()
  end)

  it("share a session, but not its flush", function()
    local inner
    event.listen(m.City, "before_insert", function()
      local thread = coroutine.create(function() session:flush() end)
      local ok, err = coroutine.resume(thread)
      assert.is_false(ok)
      inner = err.class
    end, { once = true })
    session:add(m.City { name = "a" })
    session:flush()
    assert.equal("InvalidRequestError", inner)
    local thread = coroutine.wrap(function()
      session:add(m.City { name = "b" })
      coroutine.yield()
      session:commit()
    end)
    thread()
    session:add(m.City { name = "c" })
    thread()
    assert.equal("a,b,c", w:list "SELECT name FROM city ORDER BY name")
    assert_usable()
  end)
end)

describe("E9 hooks that call themselves by way of queries", function()
  before_each(open)
  after_each(close)

  it("end in Lua's own error, and the session is whole", function()
    local cities = {}
    for i = 1, 400 do cities[i] = m.City { name = "c" .. i } end
    session:add_all(cities)
    session:commit()
    local first = cities[1].id
    session:expunge_all()
    local depth, on = 0, true
    event.listen(m.City, "load", function(city)
      if not on then return end
      depth = depth + 1
      session:get(m.City, corm.inspect(city).identity[1] + 1)
    end)
    local ok, err = pcall(session.get, session, m.City, first)
    on = false
    assert.is_false(ok)
    assert.is_true(depth > 10)
    assert.is_truthy(tostring(err):find("overflow", 1, true), tostring(err))
    assert.is_true(session.is_active)
    assert.equal("c1", session:get(m.City, first).name)
    assert.equal(400, #session:query(m.City):all())
    session:rollback()
    assert_usable()
  end)
end)

describe("E13 many sessions", function()
  before_each(open)
  after_each(close)

  it("come and go, with units of work, without growing", function()
    local function round(n)
      for _ = 1, n do
        local s = corm.Session { bind = w.engine }
        s:add(m.City { name = "x" })
        s:flush()
        s:rollback()
        s:query(m.City):all()
        s:close()
      end
      for _ = 1, 4 do collectgarbage() end
      return collectgarbage "count"
    end
    round(100)
    local before = round(100)
    local after = round(400)
    assert.is_true(after < before * 1.05 + 8, ("%.0f kB became %.0f kB"):format(before, after))
    assert_usable()
  end)
end)

describe("E14 models", function()
  local Base

  before_each(function() Base = corm.declarative_base() end)

  local function model(name, members)
    members = members or {}
    members.__tablename__ = members.__tablename__ or name:lower()
    members.id = members.id or Column(Integer, { primary_key = true })
    return Base:model(name, members)
  end

  it("of one name are refused, and the first one stays", function()
    local A = model("A")
    raises("InvalidRequestError", "table 'a' is already defined", Base.model, Base, "B", {
      __tablename__ = "a", id = Column(Integer, { primary_key = true }),
    })
    assert.equal("A", A {}.__class__.__name__)
  end)

  it("that inherit from themselves, or from nothing, are refused", function()
    local A = model("A")
    raises("ArgumentError", "with a colon", A.model, nil, "B", {})
    raises("ArgumentError", "with a colon", A.model, {}, "B", {})
    raises("ArgumentError", "with a colon", A.model, A {}, "B", {})
    raises("InvalidRequestError", "'A'", A.model, A, "A", {})
  end)

  it("take attributes with the names of keywords and metamethods, or refuse them with the name", function()
    local A = model("A", { ["end"] = Column("end_", Integer), save = Column("save_", Integer) })
    local a = A { ["end"] = 1, save = 2 }
    assert.same({ 1, 2 }, { a["end"], a.save })
    for _, name in ipairs { "__index", "__gc", "__newindex", "__tostring", "__close", "__class__", "__name__" } do
      local ok, err = pcall(model, "B" .. name, { [name] = Column("x", Integer) })
      assert.is_false(ok, name)
      assert.is_truthy(err.message:find(name, 1, true), err.message)
    end
    model("C")
  end)

  it("of 2,001 columns are defined, or refused by their database", function()
    local members = {}
    for i = 1, 2000 do members["c" .. i] = Column(Integer) end
    local Wide = model("Wide", members)
    local wide = Wide { c1 = 1, c2000 = 2 }
    assert.same({ 1, 2 }, { wide.c1, wide.c2000 })
    local engine = corm.create_engine "sqlite://"
    local ok, err = pcall(Base.metadata.create_all, Base.metadata, engine)
    if ok then
      local s = corm.Session { bind = engine }
      s:add(wide)
      s:commit()
      assert.equal(2, s:query(Wide):one().c2000)
      s:close()
    else
      assert.is_true(err:is "DBAPIError", tostring(err))
    end
  end)

  it("that are changed after their first use are refused where it would not fit", function()
    local A = model("A", { x = Column(Integer) })
    local object = A { x = 1 }
    local ok, err = pcall(function() A.y = Column(Integer) end)
    if ok then
      object = A { x = 1, y = 2 }
      assert.equal(2, object.y)
    else
      assert.is_truthy(tostring(err):find("y", 1, true), tostring(err))
    end
    assert.equal(1, object.x)
  end)
end)
