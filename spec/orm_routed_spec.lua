-- Sessions that say for each statement which database it is for.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("U36 a session with get_bind", function()
  local w, m, reader, session, asked, names

  -- What is read comes from a database of its own (SQLite in memory), what is written goes to the world's.
  local function route(_, wish)
    asked[#asked + 1] = (wish.mapper and names[wish.mapper] or wish.table and wish.table.name or "?") ..
      (wish.writes and " writes" or " reads")
    if not wish.writes then return reader end
  end

  before_each(function()
    w = world.open()
    m = w.m
    reader = corm.create_engine("sqlite://")
    m.Base.metadata:create_all(reader)
    asked, names = {}, { [m.City] = "City", [m.User] = "User", [m.Address] = "Address" }
    session = corm.Session { bind = w.engine, get_bind = route, expire_on_commit = false }
  end)
  after_each(function()
    session:close()
    reader:dispose()
    w:close()
  end)

  local function in_reader(...)
    local statements = { ... }
    reader:begin(function(conn)
      for _, text in ipairs(statements) do conn:execute(corm.text(text)) end
    end)
  end

  local function took()
    local list = asked
    asked = {}
    return list
  end

  it("is asked with the class, and whether something is written", function()
    session:add_all { m.City { name = "c" }, m.User { name = "a" }, m.User { name = "b" } }
    session:commit()
    assert.same({ "City writes", "User writes" }, took())
    assert.equal("a,b", w:list 'SELECT name FROM "user" ORDER BY name')
    in_reader "INSERT INTO city VALUES (7, 'read')"
    session:expunge_all()
    assert.equal("read", session:get(m.City, 7).name)
    assert.equal("read", session:scalars(corm.select(m.City)):one().name)
    assert.same({ "read" }, session:scalars(corm.select(m.City.name)):all())
    assert.equal(0, session:query(m.User):count())
    assert.same({ "City reads", "City reads", "city reads" }, { table.unpack(took(), 1, 3) })
    assert.is_nil(session:get(m.City, 1))
  end)

  it("goes by the statement: what it writes, locks, or names alone", function()
    session:execute(corm.insert(m.City):values { name = "c" })
    session:execute(corm.insert(m.City.__table__):values { name = "d" })
    session:execute(corm.update(m.City):values { name = "e" }:where(m.City.name:eq "d"))
    assert.equal("f", session:scalars(corm.insert(m.City):values { name = "f" }:returning(m.City)):one().name)
    session:execute(corm.delete(m.City):where(m.City.name:eq "c"))
    assert.same({ "City writes", "city writes", "City writes", "City writes", "City writes" }, took())
    assert.same({}, session:scalars(corm.select(m.City)):all())
    assert.same({ "City reads" }, took())
    assert.equal(2, #session:scalars(corm.select(m.City):with_for_update()):all())
    assert.same({ "City writes" }, took())
    session:commit()
    assert.equal("e,f", w:list "SELECT name FROM city ORDER BY name")
  end)

  it("is asked for what belongs to objects, by the class that is read", function()
    in_reader("INSERT INTO city VALUES (1, 'c')", "INSERT INTO user (id, name) VALUES (1, 'a')",
      "INSERT INTO address (id, email, user_id, city_id) VALUES (1, 'x', 1, 1)")
    local address = session:query(m.Address):options(corm.selectinload(m.Address.city)):one()
    assert.equal("c", address.city.name)
    assert.same({ "Address reads", "City reads" }, took())
    assert.equal("a", address.user.name)
    assert.same({ "User reads" }, took())
    session:expire(address)
    assert.equal("x", address.email)
    session:refresh(address)
    assert.same({ "Address reads", "Address reads" }, took())
  end)

  it("reads for a flush where the flush writes", function()
    session:add(m.City { name = "c" })
    session:flush()
    took()
    local city = session:scalars(corm.select(m.City):with_for_update()):one()
    session:expire(city)
    city.name = "d"
    session:delete(city)
    session:flush()
    for _, what in ipairs(took()) do assert.equal("City writes", what) end
    session:commit()
    assert.equal("", w:list "SELECT name FROM city")
  end)

  it("keeps transactions and savepoints of all together, in whatever order they come", function()
    session:begin_nested()
    session:get(m.City, 1)
    session:add(m.City { name = "c" })
    session:flush()
    session:rollback()
    assert.equal("", w:list "SELECT name FROM city")
    session:add(m.City { name = "d" })
    session:commit()
    assert.equal("d", w:list "SELECT name FROM city")
    session:close()
    assert.equal(0, reader.pool:checkedout())
    assert.equal(0, w.engine.pool:checkedout())
  end)

  it("plans a flush for the database that would get it", function()
    session:add(m.City { name = "c" })
    local plan = session:plan()
    assert.is_truthy(plan[1].sql:find "^INSERT INTO")
    assert.same({ "City writes" }, took())
  end)

  it("falls back on binds, and on bind", function()
    local other = corm.create_engine("sqlite://")
    m.Base.metadata:create_all(other)
    local s = corm.Session { bind = w.engine, binds = { [m.City] = other }, get_bind = function() end }
    s:add_all { m.City { name = "c" }, m.User { name = "a" } }
    s:commit()
    assert.equal(other, s:get_bind(m.City))
    assert.equal(w.engine, s:get_bind(m.User))
    assert.same({ "", "a" }, { w:list "SELECT name FROM city", w:list 'SELECT name FROM "user"' })
    s:close()
    other:dispose()
  end)

  it("is what get_bind gives", function()
    assert.equal(reader, session:get_bind(m.City))
    assert.equal(w.engine, session:get_bind(m.City, { writes = true }))
    assert.equal(reader, session:get_bind())
    assert.same({ "City reads", "City writes", "? reads" }, took())
    raises("ArgumentError", "wriets", session.get_bind, session, m.City, { wriets = true })
  end)

  it("may choose anew each time, and an engine that nobody else has", function()
    local engines, n = {}, 0
    local s = corm.Session { bind = w.engine, get_bind = function()
      n = n + 1
      local engine = corm.create_engine("sqlite://")
      m.Base.metadata:create_all(engine)
      engine:begin(function(conn) conn:execute(corm.text(("INSERT INTO city VALUES (%d, 'city %d')"):format(n, n))) end)
      engines[n] = setmetatable({ engine }, { __mode = "v" })
      return engine
    end }
    for i = 1, 9, 2 do
      assert.equal("city " .. i, s:scalars(corm.select(m.City.name)):one())
      assert.equal("city " .. i + 1, s:get(m.City, i + 1).name)
      collectgarbage()
    end
    s:close()
    assert.is_not_nil(engines[1][1]) -- the session keeps what it was given
  end)

  it("tells what its function raises, and what it must not return", function()
    local failing = corm.Session { bind = w.engine, get_bind = function() error { "own" } end }
    local ok, err = pcall(failing.get, failing, m.City, 1)
    assert.is_false(ok)
    assert.same({ "own" }, err)
    failing:add(m.City { name = "c" })
    ok, err = pcall(failing.flush, failing)
    assert.is_false(ok)
    assert.same({ "own" }, err)
    failing:rollback()
    failing:close()
    local odd = corm.Session { bind = w.engine, get_bind = function() return "sqlite://" end }
    raises("ArgumentError", "must return an Engine or nil, got string", odd.get, odd, m.City, 1)
    raises("ArgumentError", "must return an Engine or nil", odd.execute, odd, corm.select(m.City.id))
    raises("ArgumentError", "must return an Engine or nil", odd.get_bind, odd, m.City)
    odd:add(m.City { name = "c" })
    raises("ArgumentError", "must return an Engine or nil", odd.flush, odd)
    odd:rollback()
    odd:close()
    raises("ArgumentError", "'get_bind' must be a function", corm.Session, { bind = w.engine, get_bind = reader })
    raises("ArgumentError", "needs an Engine", corm.Session, { get_bind = route })
  end)

  it("may be a maker's, and sees the session", function()
    local seen
    local maker = corm.sessionmaker { bind = w.engine, get_bind = function(s) seen = s end }
    local s = maker()
    s:get(m.City, 1)
    assert.equal(s, seen)
    s:close()
  end)
end)

describe("U36 bind_arguments", function()
  local w, m, other, session

  before_each(function()
    w = world.open()
    m = w.m
    other = corm.create_engine("sqlite://")
    m.Base.metadata:create_all(other)
    session = corm.Session(w.engine)
  end)
  after_each(function()
    session:close()
    other:dispose()
    w:close()
  end)

  it("say which database a statement is for", function()
    local there = { bind_arguments = { bind = other } }
    session:execute(corm.insert(m.City):values { name = "c" }, nil, there)
    session:execute(corm.insert(m.City), { { name = "d" }, { name = "e" } }, there)
    session:execute(corm.text "INSERT INTO city (name) VALUES ('f')", nil, there)
    assert.equal(0, session:scalar(corm.select(corm.func.count()):select_from(m.City)))
    assert.equal(4, session:scalar(corm.select(corm.func.count()):select_from(m.City), nil, there))
    local names = {}
    for i, city in ipairs(session:scalars(corm.select(m.City):order_by(m.City.name), nil, there):all()) do
      names[i] = city.name
    end
    assert.same({ "c", "d", "e", "f" }, names)
    session:execute(corm.update(m.City):values { name = corm.func.upper(m.City.name) }
      :where(corm.func.length(m.City.name):eq(1)), nil, there)
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM city")
    assert.equal("C", session:connection(there):execute(corm.text "SELECT min(name) FROM city"):scalar())
    assert.equal(other, session:connection(there).engine)
    assert.equal(w.engine, session:connection().engine)
  end)

  it("name the class that decides", function()
    local s = corm.Session { bind = w.engine, binds = { [m.City] = other } }
    local as_city = { bind_arguments = { mapper = m.City } }
    s:execute(corm.text "INSERT INTO city (name) VALUES ('c')", nil, as_city)
    assert.equal("c", s:scalars(corm.select(m.City.name)):one())
    assert.equal(other, s:connection(as_city).engine)
    s:close()
  end)

  it("are checked, and are of sessions with an Engine", function()
    local stmt = corm.select(m.City)
    raises("ArgumentError", "must be a table", session.execute, session, stmt, nil, { bind_arguments = other })
    raises("ArgumentError", "must be an Engine", session.execute, session, stmt, nil, { bind_arguments = { bind = 5 } })
    raises("ArgumentError", "must be a model", session.execute, session, stmt, nil, { bind_arguments = { mapper = 5 } })
    raises("ArgumentError", "shard", session.execute, session, stmt, nil, { bind_arguments = { shard_id = "x" } })
    local conn = w.engine:connect()
    local s = corm.Session(conn)
    local there = { bind_arguments = { bind = other } }
    raises("InvalidRequestError", "bound to a Connection", s.execute, s, stmt, nil, there)
    raises("InvalidRequestError", "bound to a Connection", s.connection, s, there)
    s:close()
    conn:close()
  end)

  it("bind_mapper and bind_table add to binds", function()
    session:bind_mapper(m.City, other)
    session:bind_table(m.Tag.__table__, other)
    session:add_all { m.City { name = "c" }, m.Tag { name = "t" }, m.User { name = "a" } }
    session:commit()
    assert.same({ "0", "0", "1" }, { w:rows "SELECT count(*) FROM city", w:rows "SELECT count(*) FROM tag",
      w:rows 'SELECT count(*) FROM "user"' })
    assert.equal(other, session:get_bind(m.Tag))
    raises("ArgumentError", "a model or a Table", session.bind_mapper, session, 5, other)
    raises("ArgumentError", "an Engine expected", session.bind_table, session, m.Tag.__table__, "x")
    local unbound = corm.Session()
    raises("InvalidRequestError", "bound to no Engine", unbound.bind_mapper, unbound, m.City, other)
  end)
end)
