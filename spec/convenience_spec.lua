-- What saves scripts a few lines: objects as tables, find_or_create, pages by key, sessions by scope.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("an object", function()
  local w, m, session, user

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    user = m.User { name = "it's", age = 7, addresses = { m.Address { email = "x", city = m.City { name = "c" } } } }
    session:add(user)
    session:commit()
  end)
  after_each(function() w:close() end)

  local function pairs_of(object)
    local list = {}
    for key, value in pairs(object) do list[#list + 1] = key .. "=" .. tostring(value) end
    return table.concat(list, " ")
  end

  it("shows what is in memory, and loads nothing for it", function()
    assert.equal("User(id=NULL)", tostring(m.User {}))
    assert.equal("User(id=NULL, name='a', age=3)", tostring(m.User { name = "a", age = 3 }))
    assert.equal(0, w:count(function() assert.equal("User(id=1)", tostring(user)) end))
    assert.equal(7, user.age)
    assert.equal("User(id=1, name='it''s', age=7)", tostring(user))
    user.age = nil
    assert.equal("User(id=1, name='it''s', age=NULL)", tostring(user))
    assert.equal("Item(order_no=1, line=2, text='t')", tostring(m.Item { order_no = 1, line = 2, text = "t" }))
    user.name = ("x"):rep(45)
    assert.is_truthy(tostring(user):find(("x"):rep(37) .. "...", 1, true) or #tostring(user) < 80)
  end)

  it("is shown by its key in messages", function()
    local _, err = pcall(session.delete, session, m.User { name = "secret" })
    assert.is_nil(err.message:find("secret", 1, true))
  end)

  it("goes through pairs: columns in order, then the relationships that are loaded", function()
    assert.equal(1, w:count(function() assert.equal("id=1 name=it's age=7", pairs_of(user)) end))
    user.age = nil
    assert.equal(1, #user.addresses)
    assert.equal(0, w:count(function()
      assert.is_truthy(pairs_of(user):match "^id=1 name=it's age=nil addresses=")
    end))
    assert.equal("id=nil name=nil age=nil", pairs_of(m.User {}))
    session:expunge(user)
    assert.is_truthy(pairs_of(user):match "^id=1 name=it's")
    session:close()
  end)

  it("says in pairs that it cannot be read", function()
    session:close()
    raises("DetachedInstanceError", "is not bound to a Session", pairs_of, user)
  end)

  describe("becomes a table", function()
    it("of its columns", function()
      assert.same({ id = 1, name = "it's", age = 7 }, user:to_table())
      user.age = nil
      assert.same({ id = 1, name = "it's" }, user:to_table {})
      assert.same({ id = 1, name = "it's", age = corm.null }, user:to_table { null = corm.null })
      assert.is_nil(getmetatable(user:to_table()))
    end)

    it("of some of them", function()
      assert.same({ name = "it's" }, user:to_table { only = { "name" } })
      assert.same({ id = 1, age = 7 }, user:to_table { except = { "name" } })
      raises("ArgumentError", "did you mean 'name'?", user.to_table, user, { only = { "nam" } })
      raises("ArgumentError", "unknown option 'onyl'", user.to_table, user, { onyl = {} })
    end)

    it("with relationships that are named, each with options of its own", function()
      assert.same({ id = 1, name = "it's", age = 7, addresses = { { id = 1, email = "x", user_id = 1, city_id = 1 } } },
        user:to_table { include = { addresses = true } })
      assert.same({ name = "it's", addresses = { { email = "x", city = { name = "c" } } } }, user:to_table {
        only = { "name" },
        include = { addresses = { only = { "email" }, include = { city = { only = { "name" } } } } },
      })
      raises("ArgumentError", "did you mean 'addresses'?", user.to_table, user, { include = { adresses = true } })
      raises("ArgumentError", "unknown option 'x'", user.to_table, user, { include = { addresses = { x = 1 } } })
    end)

    it("with what is loaded, so deep, and never in circles", function()
      assert.same({ id = 1, name = "it's", age = 7 }, user:to_table { depth = 3 })
      local city = user.addresses[1].city
      assert.same("c", city.name)
      assert.is_true(rawequal(user, user.addresses[1].user))
      local address = { id = 1, email = "x", user_id = 1, city_id = 1 }
      assert.same({ id = 1, name = "it's", age = 7, addresses = { address } }, user:to_table { depth = 1 })
      address.city = { id = 1, name = "c" }
      assert.same({ id = 1, name = "it's", age = 7, addresses = { address } }, user:to_table { depth = 5 })
      raises("ArgumentError", "depth must be an integer from 0 to 100", user.to_table, user, { depth = 101 })
      raises("ArgumentError", "depth must be an integer from 0 to 100", user.to_table, user, { depth = 0.5 })
    end)

    it("whose values an encoder takes", function()
      local Base = corm.declarative_base()
      local Thing = Base:model("Thing", {
        __tablename__ = "thing", id = corm.Column(corm.Integer, { primary_key = true }),
        to_table = corm.Column(corm.Integer),
      })
      assert.equal(5, Thing { to_table = 5 }.to_table) -- a column of that name goes before
      local Other = Base:model("Other", {
        __tablename__ = "other", id = corm.Column(corm.Integer, { primary_key = true }), day = corm.Column(corm.Date),
        price = corm.Column(corm.Numeric(10, 2)), data = corm.Column(corm.JSON), ok = corm.Column(corm.Boolean),
      })
      local other = Other {
        id = 1, day = corm.date(2026, 11, 28), price = corm.decimal "1.50", data = { 1, { a = "b" } }, ok = false,
      }
      assert.same({ id = 1, day = "2026-11-28", price = "1.50", data = { 1, { a = "b" } }, ok = false },
        other:to_table())
      assert.equal(corm.date(2026, 11, 28), other:to_table { raw = true }.day)
    end)
  end)
end)

describe("find_or_create", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  it("finds, or makes", function()
    local city, made = session:find_or_create(m.City, { name = "rome" })
    assert.is_true(made)
    assert.equal(1, city.id)
    local again, anew = session:find_or_create(m.City, { name = "rome" })
    assert.is_false(anew)
    assert.is_true(rawequal(city, again))
    session:commit()
    assert.equal("rome", w:list "SELECT name FROM city")
  end)

  it("gives what is new more values, from a function only where they are needed", function()
    local calls = 0
    local function more()
      calls = calls + 1
      return { age = 5 }
    end
    local user = session:find_or_create(m.User, { name = "a" }, more)
    assert.equal(5, user.age)
    session:find_or_create(m.User, { name = "a" }, more)
    assert.equal(1, calls)
    assert.equal(9, session:find_or_create(m.User, { name = "b" }, { age = 9, name = "lost" }).age)
  end)

  it("looks for NULL", function()
    local user = session:find_or_create(m.User, { name = "a", age = corm.null })
    assert.is_nil(user.age)
    assert.is_false(select(2, session:find_or_create(m.User, { name = "a", age = corm.null })))
  end)

  it("takes the row that another one inserts in between, and loses nothing", function()
    local other = w:session()
    local mine = m.User { name = "mine" }
    session:add(mine)
    if require("spec.support.database").name == "sqlite" then -- one writer: there is no in between
      assert.is_true(select(2, session:find_or_create(m.City, { name = "rome" })))
      return
    end
    assert.is_nil(session:scalar(corm.select(m.City)))
    local city, made = session:find_or_create(m.City, { name = "rome" }, function()
      other:add(m.City { name = "rome" })
      other:commit()
      return {}
    end)
    assert.is_false(made)
    assert.equal("rome", city.name)
    assert.is_true(session:contains(mine))
    session:commit()
    assert.equal("mine", w:list("SELECT name FROM " .. (world.user == "user" and '"user"' or world.user)))
    assert.equal("rome", w:list "SELECT name FROM city")
  end)

  it("passes on what is wrong with the row, and the session goes on", function()
    session:add(m.City { name = "rome" })
    raises("IntegrityError", "", session.find_or_create, session, m.User, { age = 1 }) -- no name
    raises("InvalidRequestError", "did you mean 'name'?", session.find_or_create, session, m.User, { nam = "x" })
    assert.equal(0, #session.new)
    session:commit()
    assert.equal("rome", w:list "SELECT name FROM city")
    session:add_all { m.User { name = "a" }, m.User { name = "a" } }
    raises("MultipleResultsFound", "", session.find_or_create, session, m.User, { name = "a" })
  end)

  it("refuses wrong calls before anything is sent", function()
    assert.equal(0, w:count(function()
      raises("UnmappedError", "a mapped class expected", session.find_or_create, session, m.City.__table__, { id = 1 })
      raises("ArgumentError", "the values to look for expected", session.find_or_create, session, m.City)
      raises("ArgumentError", "an empty table", session.find_or_create, session, m.City, {})
      raises("ArgumentError", "expected for what is new", session.find_or_create, session, m.City, { id = 1 }, 5)
      raises("ArgumentError", "a Session expected", session.find_or_create, m.City, { id = 1 })
    end))
  end)
end)

describe("pages by key", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    local ages = { 3, 1, false, 2, 1, false, 3, 2, 1, 5 }
    for i, age in ipairs(ages) do session:add(m.User { id = i, name = "n" .. i % 3, age = age or nil }) end
    session:commit()
  end)
  after_each(function() w:close() end)

  local function ids(list)
    local names = {}
    for i, object in ipairs(list) do names[i] = object.id end
    return table.concat(names, " ")
  end

  local function all_pages(statement, options)
    local pages, cursor = {}, nil
    repeat
      options.after = cursor
      local page = session:paginate(statement, options)
      pages[#pages + 1] = ids(page)
      cursor = page.next
    until not cursor
    return table.concat(pages, "|")
  end

  it("go by the primary key", function()
    assert.equal("1 2 3 4|5 6 7 8|9 10", all_pages(m.User, { limit = 4 }))
    assert.equal("1 2 3 4 5|6 7 8 9 10", all_pages(m.User, { limit = 5 }))
    assert.equal("1 2 3 4 5 6 7 8 9 10", all_pages(m.User, {}))
  end)

  it("go by other columns, with what is equal and NULL in a fixed place", function()
    assert.equal("2 5 9|4 8 1|7 10 3|6", all_pages(m.User, { limit = 3, order_by = "age" }))
    assert.equal("10 1 7|4 8 2|5 9 3|6", all_pages(m.User, { limit = 3, order_by = { "-age" } }))
    assert.equal("3 6 9|1 4 7|10 2 5|8", all_pages(m.User, { limit = 3, order_by = { "name", "id" } }))
    assert.equal("8 5 2|10 7 4|1 9 6|3", all_pages(m.User, { limit = 3, order_by = { "-name", "-id" } }))
    assert.equal("9|3|6|10|1|7|4|8|2|5", all_pages(m.User, { limit = 1, order_by = { "name", "-age" } }))
  end)

  it("keep the criteria and the entity of a select", function()
    local odd = corm.select(m.User):where((m.User.id % 2):eq(1)):order_by(m.User.name:desc())
    assert.equal("1 3|5 7|9", all_pages(odd, { limit = 2 }))
  end)

  it("see nothing twice when rows come and go meanwhile", function()
    local first = session:paginate(m.User, { limit = 4 })
    session:delete(first[2])
    session:add(m.User { id = -1, name = "before" })
    session:flush()
    assert.equal("5 6", ids(session:paginate(session:query(m.User):where(m.User.id:gt(4)), { limit = 2 })))
    assert.equal("5 6 7 8", ids(session:paginate(m.User, { limit = 4, after = first.next })))
  end)

  it("cost one statement each, without OFFSET", function()
    local first = session:paginate(m.User, { limit = 2 })
    local sent = w:statements(function() session:paginate(m.User, { limit = 2, after = first.next }) end)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("WHERE", 1, true))
    assert.same({ id = 2 }, first.next)
  end)

  it("come as batches", function()
    local batches = {}
    for batch in session:in_batches(m.User, { size = 4, order_by = "-id" }) do
      batches[#batches + 1] = ids(batch)
      assert.is_nil(batch.next)
    end
    assert.same({ "10 9 8 7", "6 5 4 3", "2 1" }, batches)
    for _ in session:in_batches(corm.select(m.User):where(m.User.id:lt(0))) do error "nothing" end
    assert.equal(2, w:count(function()
      for _ in session:in_batches(m.User, { size = 5 }) do end
    end))
  end)

  it("refuse wrong calls", function()
    raises("ArgumentError", "did you mean 'age'?", session.paginate, session, m.User, { order_by = "agee" })
    raises("ArgumentError", "must be the name of a column", session.paginate, session, m.User, { order_by = { 1 } })
    for _, no_page in ipairs { session:query(m.User):union(session:query(m.User)), corm.select(m.User):union(
      corm.select(m.User)), corm.insert(m.User):returning(m.User) } do
      raises("ArgumentError", "and no union or other statement", session.paginate, session, no_page)
    end
    raises("ArgumentError", "limit must be an integer above 0", session.paginate, session, m.User, { limit = 0 })
    raises("ArgumentError", "the cursor has no 'age'", session.paginate, session, m.User,
      { order_by = "age", after = { id = 1 } })
    raises("ArgumentError", "what `next` of a page said", session.paginate, session, m.User, { after = 5 })
    raises("ArgumentError", "a mapped class or a select of one expected", session.paginate, session, m.User.__table__)
    for _, select in ipairs {
      corm.select(m.User.id), corm.select(m.User, m.City), corm.select(corm.aliased(m.User)),
    } do
      raises("ArgumentError", "a select of one mapped class", session.paginate, session, select)
    end
    raises("ArgumentError", "", session.paginate, session, corm.delete(m.User))
    raises("ArgumentError", "size must be an integer above 0", session.in_batches, session, m.User, { size = -1 })
  end)
end)

describe("U01 scoped_session", function()
  local w, m, Session

  before_each(function()
    w = world.open()
    m = w.m
    Session = corm.scoped_session(w.Session)
  end)
  after_each(function()
    Session:remove()
    w:close()
  end)

  it("is one session for each coroutine", function()
    local mine = Session()
    assert.is_true(rawequal(mine, Session()))
    local theirs = coroutine.wrap(function()
      local session = Session()
      assert.is_true(rawequal(session, Session()))
      coroutine.yield(session)
      Session:remove()
    end)
    assert.is_false(rawequal(mine, theirs()))
    assert.is_true(rawequal(mine, Session()))
    theirs()
  end)

  it("does what its session does", function()
    Session:add(m.City { name = "rome" })
    assert.equal(1, #Session.new)
    Session:commit()
    assert.equal("rome", Session:scalars(corm.select(m.City)):one().name)
    assert.equal("rome", Session:query(m.City):one().name)
    assert.is_true(Session.autoflush)
    Session.autoflush = false
    assert.is_false(Session().autoflush)
    Session:begin_nested(function() Session:add(m.City { name = "oslo" }) end)
    Session:commit()
    assert.equal("oslo,rome", w:list "SELECT name FROM city ORDER BY name")
    raises("ArgumentError", "unknown member 'comit'", function() return Session.comit end)
  end)

  it("is closed by remove(), and begins anew", function()
    local session = Session()
    local city = m.City { name = "rome" }
    Session:add(city)
    assert.is_true(Session:has())
    Session:remove()
    assert.is_false(Session:has())
    assert.is_true(corm.inspect(city).transient)
    Session:remove()
    assert.is_false(rawequal(session, Session()))
  end)

  it("takes options where there is no session yet", function()
    assert.is_false(Session { autoflush = false }.autoflush)
    raises("InvalidRequestError", "already present", Session, { autoflush = true })
    raises("InvalidRequestError", "has a session already", Session.configure, Session, { autoflush = true })
    Session:remove()
    Session:configure { autoflush = false }
    assert.is_false(Session.autoflush)
    w.Session:configure { autoflush = true }
  end)

  it("goes by what scopefunc says", function()
    local scope = "a"
    local scoped = corm.scoped_session(w.Session, { scopefunc = function() return scope end })
    local a = scoped()
    scope = "b"
    assert.is_false(rawequal(a, scoped()))
    scoped:remove()
    scope = "a"
    assert.is_true(rawequal(a, scoped()))
    scoped:remove()
    scope = nil
    raises("ArgumentError", "scopefunc returned nil", scoped)
  end)

  it("goes with a coroutine that is gone", function()
    local weak = setmetatable({}, { __mode = "v" })
    coroutine.wrap(function() weak[1] = Session() end)()
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak[1])
  end)

  it("refuses wrong calls", function()
    raises("ArgumentError", "a sessionmaker expected", corm.scoped_session, w.engine)
    raises("ArgumentError", "unknown option 'scope'", corm.scoped_session, w.Session, { scope = print })
    raises("ArgumentError", "is called with a colon", function() Session.remove() end)
  end)
end)
