-- Objects by pages: yield_per, and what may happen while somebody reads them.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local database = require "spec.support.database"
local select = corm.select

local function fill(m, session, n)
  local cities = { m.City { id = 1, name = "x" }, m.City { id = 2, name = "y" } }
  for i = 1, n do
    local user = m.User { id = i, name = "u" .. i, age = i }
    for k = 1, 2 do
      user.addresses:append(m.Address { id = i * 10 + k, email = "e" .. i .. k, city = cities[k] })
    end
    session:add(user)
  end
  session:commit()
  session:close()
end

describe("U33 yield_per of objects:", function()
  local w, m, session, loaded

  before_each(function()
    w = world.open()
    m = w.m
    fill(m, w:session(), 10)
    session = w:session()
    loaded = 0
    corm.event.listen(m.User, "load", function() loaded = loaded + 1 end)
    w:statements()
  end)
  after_each(function() w:close() end)

  local function users(size) return select(m.User):order_by(m.User.id):execution_options { yield_per = size } end
  local function ids(list)
    local found = {}
    for _, object in ipairs(list) do found[#found + 1] = object.id end
    return table.concat(found, " ")
  end

  it("makes objects of so many rows at a time", function()
    local result = session:scalars(users(4))
    assert.equal(0, loaded)
    local seen = {}
    for user in result do
      seen[#seen + 1] = user.name .. ":" .. loaded
    end
    assert.equal("u1:4 u2:4 u3:4 u4:4 u5:8 u6:8 u7:8 u8:8 u9:10 u10:10", table.concat(seen, " "))
    assert.equal(1, #w:statements())
    for _, size in ipairs { 1, 3, 5, 10, 100 } do
      session:expunge_all()
      assert.equal("1 2 3 4 5 6 7 8 9 10", ids(session:scalars(users(size)):all()))
    end
    assert.equal("", ids(session:scalars(users(3):where(m.User.id:gt(99))):all()))
  end)

  it("gives partitions of that size, or of another one", function()
    local sizes = {}
    for part in session:scalars(users(4)):partitions() do sizes[#sizes + 1] = ids(part) end
    assert.same({ "1 2 3 4", "5 6 7 8", "9 10" }, sizes)
    sizes = {}
    for part in session:execute(users(4)):partitions(6) do sizes[#sizes + 1] = #part end
    assert.same({ 6, 4 }, sizes)
    sizes = {}
    for part in session:scalars(users(4)):yield_per(5):partitions() do sizes[#sizes + 1] = #part .. ":" .. loaded end
    assert.equal("5", sizes[1]:match "^%d+")
    assert.equal(2, #sizes)
    sizes = {}
    for part in session:scalars(select(m.User)):yield_per(3):partitions() do sizes[#sizes + 1] = #part end
    assert.same({ 3, 3, 3, 1 }, sizes)
    raises("ArgumentError", "yield_per: a number of rows from 1 expected",
      function() session:scalars(users(4)):yield_per() end)
    raises("ArgumentError", "yield_per must not be negative", users, -1)
    assert.equal(10, #session:scalars(users(0)):all())
  end)

  it("is said by the statement, by execute, by stream_results, and by a Query", function()
    local result = session:scalars(select(m.User), nil, { execution_options = { yield_per = 2 } })
    result:fetchone()
    assert.equal(2, loaded)
    result:close()
    result = session:scalars(select(m.User):execution_options { stream_results = true })
    assert.equal(2, loaded)
    assert.equal(10, #result:all())
    local names = {}
    for user in session:query(m.User):order_by(m.User.id):yield_per(3) do names[#names + 1] = user.id end
    assert.equal("1 2 3 4 5 6 7 8 9 10", table.concat(names, " "))
  end)

  it("loads relationships for a page at a time", function()
    local n = #w:statements(function()
      for user in session:scalars(users(4):options(corm.selectinload(m.User.addresses)
        :selectinload(m.Address.city))) do
        assert.equal(2, #user.addresses)
        assert.equal("y", user.addresses[2].city.name)
      end
    end)
    assert.equal(1 + 3 + 1, n) -- the cities are in memory after the first page
    session:expunge_all()
    n = #w:statements(function()
      for user in session:scalars(users(4):options(corm.subqueryload(m.User.addresses))) do
        assert.equal(2, #user.addresses)
      end
    end)
    assert.equal(4, n)
    session:expunge_all()
    n = #w:statements(function()
      for user in session:scalars(users(4)) do assert.equal(2, #user.addresses) end
    end)
    assert.equal(4, n) -- lazily, for those of the page
  end)

  it("joins references, and refuses joined collections before anything is sent", function()
    local statement = select(m.Address):order_by(m.Address.id):execution_options { yield_per = 3 }
    local n = #w:statements(function()
      local seen = 0
      local options = { corm.joinedload(m.Address.user), corm.joinedload(m.Address.city) }
      for address in session:scalars(statement:options(table.unpack(options))) do
        seen = seen + 1
        assert.equal("e" .. address.user.id .. (seen - 1) % 2 + 1, address.email)
        assert.is_truthy(address.city.name)
      end
      assert.equal(20, seen)
    end)
    assert.equal(1, n)
    n = #w:statements(function()
      raises("InvalidRequestError", "yield_per: the rows of a joined collection, 'User.addresses'",
        function() session:scalars(users(4):options(corm.joinedload(m.User.addresses))) end)
      raises("InvalidRequestError", "load it by selectinload", function()
        session:scalars(users(4):join(m.User.addresses):options(corm.contains_eager(m.User.addresses)))
      end)
      raises("InvalidRequestError", "from_statement", function()
        session:scalars(select(m.User):from_statement(corm.text "SELECT 1"):execution_options { yield_per = 2 })
      end)
      raises("InvalidRequestError", "unique", function() session:scalars(users(4)):unique() end)
    end)
    assert.equal(1, n) -- that of unique
  end)

  it("gives rows of several items, bundles, mappings and chosen columns", function()
    local statement = select(m.User, m.User.name, corm.Bundle("b", m.User.id, m.User.age)):order_by(m.User.id)
      :execution_options { yield_per = 3 }
    local n = 0
    for row in session:execute(statement) do
      n = n + 1
      assert.equal(n, row.User.id)
      assert.equal("u" .. n, row.name)
      assert.equal(n, row.b.age)
    end
    assert.equal(10, n)
    local mappings = session:execute(statement):mappings():all()
    assert.equal("u7", mappings[7].name)
    assert.equal("u8", session:execute(statement):columns("name"):all()[8].name)
    assert.equal("u9", session:execute(statement):scalars("name"):all()[9])
    assert.equal("u1", session:execute(statement):first().name)
  end)

  it("leaves the connection free for queries inside of the loop", function()
    local names = {}
    for user in session:scalars(users(3)) do
      local count = session:scalar(select(corm.func.count(m.Address.id)):where(m.Address.user_id:eq(user.id)))
      for inner in session:scalars(users(4):where(m.User.id:lt(4))) do names[#names + 1] = inner.id end
      session:execute(corm.update(m.User):where(m.User.id:eq(user.id)):values { age = 100 + user.id })
      assert.equal(2, count)
    end
    assert.equal(30, #names)
    session:commit()
    assert.equal("101,110", w:list(("SELECT age FROM %s WHERE id IN (1, 10) ORDER BY id")
      :format(database.name == "postgresql" and '"user"' or database.name == "sqlite" and "user" or "`user`")))
  end)

  it("goes on after a flush, a commit and a savepoint", function()
    local seen = {}
    for user in session:scalars(users(2)) do
      seen[#seen + 1] = user.id
      user.age = 200 + user.id
      if user.id == 3 then session:flush() end
      if user.id == 5 then session:begin_nested():rollback() end
      if user.id == 6 then session:commit() end
    end
    assert.equal("1 2 3 4 5 6 7 8 9 10", table.concat(seen, " "))
    session:commit()
    assert.equal(2 * 10, session:scalar(select(corm.func.count()):select_from(m.Address)))
    assert.equal(210, session:get(m.User, 10).age)
  end)

  it("ends with a rollback, with close(), and by itself", function()
    for _, how in ipairs { "rollback", "close" } do
      local result = session:scalars(users(2))
      result:fetchone()
      result:fetchone()
      session[how](session)
      raises("ResourceClosedError", "closed", function() result:all() end)
      assert.equal(10, #session:scalars(users(3)):all())
    end
    local result = session:scalars(users(2))
    result:fetchone()
    result:close()
    raises("ResourceClosedError", "closed", function() result:fetchone() end)
    assert.is_true(result.closed)
    result = session:scalars(users(20))
    assert.equal(10, #result:all())
    assert.is_nil(result:fetchone())
    session:rollback()
    assert.is_nil(result:fetchone())
  end)

  it("may be left in the middle: by break, by an error, by the collector", function()
    for round = 1, 20 do
      for user in session:scalars(users(2)) do
        if user.id == 3 then break end
      end
      pcall(function()
        for user in session:scalars(users(2)) do
          if user.id == 3 then error("enough") end
        end
      end)
      if round % 5 == 0 then collectgarbage() end
    end
    collectgarbage()
    collectgarbage()
    assert.equal(10, session:scalar(select(corm.func.count()):select_from(m.User)))
    assert.equal("1 2 3 4 5 6 7 8 9 10", ids(session:scalars(users(3)):all()))
    session:commit()
  end)

  it("tells of a page that failed, and gives no more", function()
    local result = session:scalars(users(3):options(corm.selectinload(m.User.addresses)))
    assert.equal(1, result:fetchone().id)
    local fail = true
    corm.event.listen(m.Address, "load", function() if fail then error("no address") end end)
    result:fetchone()
    result:fetchone()
    local ok, err = pcall(result.fetchone, result)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("no address", 1, true))
    fail = false
    raises("ResourceClosedError", "has failed", function() result:fetchone() end)
    assert.equal(10, #session:scalars(users(3)):all())
  end)

  it("obeys criteria on each page, and populate_existing", function()
    local option = corm.with_loader_criteria(m.Address, m.Address.email:like "%1")
    for user in session:scalars(users(3):options(option, corm.selectinload(m.User.addresses))) do
      assert.equal(1, #user.addresses)
    end
    local user = session:get(m.User, 5)
    user.name = "mine"
    local options = { yield_per = 2, populate_existing = true, autoflush = false }
    session:scalars(select(m.User):execution_options(options)):all()
    assert.equal("u5", user.name)
  end)

  it("works where every statement is a transaction of its own", function()
    local engine = corm.create_engine(w.url, { isolation_level = "AUTOCOMMIT" })
    local other = corm.Session { bind = engine }
    local seen = 0
    for user in other:scalars(users(3):options(corm.selectinload(m.User.addresses))) do
      seen = seen + #user.addresses
    end
    assert.equal(20, seen)
    other:close()
    engine:dispose()
  end)
end)

describe("U33 yield_per of many objects:", function()
  local function resident()
    if os.getenv "ASAN_OPTIONS" then return 0 end -- sanitizers keep what was freed for a while
    for line in io.lines "/proc/self/status" do
      local kb = line:match "^VmRSS:%s*(%d+)"
      if kb then return tonumber(kb) end
    end
  end

  it("takes the memory of a page, however many rows there are", function()
    local w = world.open()
    local m = w.m
    local session = w:session()
    local rows = {}
    for i = 1, 4096 do rows[i] = { name = ("n"):rep(30) .. i, age = i } end
    session:execute(corm.insert(m.User), rows)
    rows = nil -- luacheck: ignore
    local total = 4096
    while total < 200000 do
      session:execute(corm.insert(m.User):from_select({ "name", "age" }, select(m.User.name, m.User.age)))
      total = total * 2
    end
    session:commit()
    local statement = select(m.User):order_by(m.User.id)
      :options(corm.selectinload(m.User.addresses)):execution_options { yield_per = 500 }
    local seen, most_lua, most, start_lua, start = 0, 0, 0, nil, nil
    for part in session:scalars(statement):partitions() do
      seen = seen + #part
      if seen % 20000 < 500 then
        collectgarbage()
        collectgarbage()
        local lua, rss = collectgarbage "count", resident()
        if seen > 40000 then
          start_lua, start = start_lua or lua, start or rss
          most_lua, most = math.max(most_lua, lua), math.max(most, rss)
        end
      end
    end
    assert.equal(total, seen)
    assert.is_true(most_lua < start_lua + 8000, ("Lua: %s KB, then %s KB"):format(start_lua, most_lua))
    assert.is_true(most < start + 16000, ("resident: %s KB, then %s KB"):format(start, most))
    session:close()
    w:close()
  end)
end)
