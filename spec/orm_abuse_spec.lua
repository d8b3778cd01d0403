-- Bad input that a session meets, row by row: the class of the error, and what the session is afterwards. C8, C11, C12
-- and C16 are in orm_misuse_spec.lua, C13 to C15 in orm_abuse_results_spec.lua, C15 for statements in
-- many_parameters_spec.lua, E11 in interrupted_spec.lua, E12 in globals_spec.lua.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local event, relationship, select = corm.event, corm.relationship, corm.select

local w, m, session

local function open(models, options)
  w = world.open(models)
  m = w.m
  session = w:session(options)
end

local function close() w:close() end

-- A world of the models that `define(Base)` gives; `m` are these.
local function open_with(define)
  local Base = corm.declarative_base()
  local models = define(Base)
  models.Base = Base
  open(models)
end

local function assert_usable() w:check_usable(session) end

-- Only a rollback is accepted; then all is well.
local function assert_asks_for_rollback()
  assert.is_false(session.is_active)
  raises("PendingRollbackError", "session:rollback()", session.execute, session, select(corm.literal(1)))
  raises("PendingRollbackError", "session:rollback()", session.commit, session)
  session:rollback()
  assert.is_true(session.is_active)
end

local function state(object)
  local seen = corm.inspect(object)
  for _, name in ipairs { "transient", "pending", "persistent", "deleted", "detached" } do
    if seen[name] then return name end
  end
end

describe("C1 a unique violation at object 7 of 20", function()
  before_each(open)
  after_each(close)

  for _, new in ipairs { true, false } do
    it(new and "that is inserted" or "that is updated", function()
      local cities = {}
      for i = 1, 20 do cities[i] = m.City { name = "c" .. i } end
      if not new then
        session:add_all(cities)
        session:commit()
      end
      for i, city in ipairs(cities) do city.name = i == 7 and "d3" or "d" .. i end
      if new then session:add_all(cities) end
      local err = raises("IntegrityError", "", session.flush, session)
      assert.equal("unique", err.kind)
      assert.equal("name", err.attribute)
      assert.equal("City", err.entity)
      assert_asks_for_rollback()
      assert.equal(new and "0" or "20", w:list "SELECT count(*) FROM city")
      assert.equal("0", w:list "SELECT count(*) FROM city WHERE name LIKE 'd%'")
      for i, city in ipairs(cities) do
        assert.equal(new and "transient" or "persistent", state(city))
        assert.equal(new and (i == 7 and "d3" or "d" .. i) or "c" .. i, city.name)
        if new then assert.is_nil(city.id) end
      end
      for i, city in ipairs(cities) do city.name = "e" .. i end
      session:add_all(cities)
      session:commit()
      assert.equal("20", w:list "SELECT count(*) FROM city WHERE name LIKE 'e%'")
      assert_usable()
    end)
  end
end)

describe("C2 keys in a circle, neither of which may be NULL", function()
  after_each(close)

  it("are refused before anything is sent, with both objects' names", function()
    open_with(function(Base)
      local models = {}
      models.A = Base:model("A", {
        __tablename__ = "a",
        id = Column(Integer, { primary_key = true }),
        b_id = Column(Integer, ForeignKey("b.id", { name = "a_b", use_alter = true }), { nullable = false }),
        b = relationship("B", { foreign_keys = "A.b_id" }),
      })
      models.B = Base:model("B", {
        __tablename__ = "b",
        id = Column(Integer, { primary_key = true }),
        a_id = Column(Integer, ForeignKey("a.id", { name = "b_a" }), { nullable = false }),
        a = relationship("A", { foreign_keys = "B.a_id" }),
      })
      models.City = Base:model("City", {
        __tablename__ = "city",
        id = Column(Integer, { primary_key = true }),
        name = Column(String(50), { unique = true }),
      })
      return models
    end)
    local a, b = m.A {}, m.B {}
    a.b, b.a = b, a
    session:add(a)
    w.sent = {}
    local err = raises("CircularDependencyError", "", session.flush, session)
    assert.is_truthy(err.message:find("A", 1, true) and err.message:find("B", 1, true), err.message)
    assert.same({}, w.sent)
    assert_asks_for_rollback()
    assert.same({ "transient", "transient" }, { state(a), state(b) })
    assert.is_true(rawequal(b, a.b))
    assert_usable()
  end)
end)

describe("C3 rows of a table that refers to itself", function()
  before_each(open)
  after_each(close)

  it("in a chain of 20,000 come in order, whatever order they were added in", function()
    local n, above, last = 20000, nil, nil
    for i = 1, n do
      local node = m.Node { name = "n" .. i }
      if above then node.parent = above end
      above, last = node, node
    end
    session:add(last)
    session:commit()
    assert.equal(tostring(n), w:list "SELECT count(*) FROM node")
    assert.equal(tostring(n - 1), w:list "SELECT count(*) FROM node WHERE parent_id < id")
    session:expunge_all()
  end)

  it("that are their own parents need post_update, or a key of their own", function()
    local node = m.Node { name = "own" }
    node.parent = node
    session:add(node)
    raises("CircularDependencyError", "post_update", session.flush, session)
    assert_asks_for_rollback()
    assert.equal("transient", state(node))
    assert.equal("0", w:list "SELECT count(*) FROM node")
    node.parent = nil
    session:add(node)
    session:flush()
    node.parent_id = node.id
    session:commit()
    assert.equal("1", w:list "SELECT count(*) FROM node WHERE parent_id = id")
    assert_usable()
  end)
end)

describe("C4 two objects of one primary key", function()
  before_each(open)
  after_each(close)

  it("in one flush fail it", function()
    session:add_all { m.Item { order_no = 1, line = 1, text = "a" }, m.Item { order_no = 1, line = 1, text = "b" } }
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.is_true(err.class == "IntegrityError" or err.class == "FlushError", err.class)
    assert.equal("Item", err.entity)
    assert_asks_for_rollback()
    assert.equal("0", w:list "SELECT count(*) FROM item")
    assert_usable()
  end)

  it("fail where one is loaded and the other new", function()
    session:add(m.Item { order_no = 1, line = 1, text = "a" })
    session:commit()
    local loaded = session:get(m.Item, { 1, 1 })
    session:add(m.Item { order_no = 1, line = 1, text = "b" })
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.is_true(err.class == "IntegrityError" or err.class == "FlushError", err.class)
    assert_asks_for_rollback()
    assert.equal("a", loaded.text)
    assert.is_true(rawequal(loaded, session:get(m.Item, { 1, 1 })))
    assert.equal("a", w:list "SELECT text FROM item")
    assert_usable()
  end)
end)

describe("C5 a row that another program has deleted", function()
  local city, id

  before_each(function()
    open()
    city = m.City { name = "c" }
    session:add(city)
    session:commit()
    id = city.id
    assert.equal("c", city.name)
    session:commit()
    w:sql(("DELETE FROM city WHERE id = %d;"):format(id))
  end)
  after_each(close)

  it("is a StaleDataError when it is updated", function()
    session.expire_on_commit = false
    session:rollback()
    session:expunge_all()
    w:sql(("INSERT INTO city (id, name) VALUES (%d, 'c');"):format(id))
    city = session:get(m.City, id)
    session:commit()
    w:sql(("DELETE FROM city WHERE id = %d;"):format(id))
    city.name = "d"
    local err = raises("StaleDataError", ("City(id=%d)"):format(id), session.flush, session)
    assert.equal("City", err.entity)
    assert.equal(city, err.object)
    assert_asks_for_rollback()
    session:expunge(city)
    assert_usable()
  end)

  it("is an ObjectDeletedError when it is read, and leaves the session", function()
    local err = raises("ObjectDeletedError", "City", function() return city.name end)
    assert.is_truthy(err.message:find("has been deleted", 1, true))
    assert.is_true(session.is_active)
    raises("InvalidRequestError", "", session.refresh, session, city)
    assert.is_nil(session:get(m.City, id))
    session:rollback()
    assert_usable()
  end)
end)

describe("C6 a version that was counted on behind the session's back", function()
  before_each(function()
    open_with(function(Base)
      return {
        Doc = Base:model("Doc", {
          __tablename__ = "doc",
          id = Column(Integer, { primary_key = true }),
          title = Column(String(50)),
          version = Column(Integer, { nullable = false }),
          __mapper_args__ = { version_id_col = "version" },
        }),
        City = Base:model("City", {
          __tablename__ = "city", id = Column(Integer, { primary_key = true }), name = Column(String(50)),
        }),
      }
    end)
  end)
  after_each(close)

  it("is a StaleDataError, and not where nothing has changed", function()
    local doc = m.Doc { title = "a" }
    session:add(doc)
    session:commit()
    assert.equal(1, doc.version)
    session.expire_on_commit = false
    session:commit()
    doc.title = "b"
    session:commit()
    corm.flag_modified(doc, "title") -- the same value again: MariaDB changes nothing but the version
    session:commit()
    assert.equal("3", w:list "SELECT version FROM doc")
    w:sql "UPDATE doc SET version = 9;"
    doc.title = "c"
    local err = raises("StaleDataError", "Doc(id=", session.commit, session)
    assert.equal("Doc", err.entity)
    assert_asks_for_rollback()
    assert.same({ "b", 9 }, { doc.title, doc.version })
    doc.title = "d"
    session:commit()
    assert.equal("d|10", w:list "SELECT title, version FROM doc")
    assert_usable()
  end)

  it("is no matter for an UPDATE without a version whose values were there already", function()
    session.expire_on_commit = false
    local city = m.City { name = "a" }
    session:add(city)
    session:commit()
    w:sql "UPDATE city SET name = 'b';"
    city.name = "b"
    session:commit() -- MariaDB matched a row and changed none
    assert_usable()
  end)
end)

describe("C7 use after a flush that failed", function()
  before_each(open)
  after_each(close)

  it("is a PendingRollbackError that has the first error, whatever it is tried with", function()
    local city = m.City { name = "a" }
    session:add(city)
    session:commit()
    session:add(m.City { name = "a" })
    raises("IntegrityError", "", session.flush, session)
    for name, call in pairs {
      get = function() session:get(m.City, 4711) end,
      query = function() session:query(m.City):all() end,
      execute = function() session:execute(corm.text "SELECT 1") end,
      commit = function() session:commit() end,
      begin_nested = function() session:begin_nested() end,
      refresh = function() session:refresh(city) end,
      merge = function() session:merge(m.City { id = 4711, name = "x" }) end,
      connection = function() session:connection() end,
      plan = function() session:plan() end,
      explain = function() session:explain(select(m.City)) end,
      attribute = function() return city.name end,
    } do
      local err = raises("PendingRollbackError", "session:rollback()", call)
      assert.equal("IntegrityError", err.cause.class, name)
      assert.equal("name", err.cause.attribute, name)
    end
    session:flush() -- has nothing to send
    session:rollback()
    assert.equal("a", city.name)
    assert_usable()
  end)
end)

describe("C9 hooks", function()
  before_each(open)
  after_each(close)

  it("that raise in before_flush end the flush before it begins", function()
    local raise = true
    event.listen(session, "before_flush", function() if raise then error({ "mine" }, 0) end end)
    local city = m.City { name = "a" }
    session:add(city)
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.same({ "mine" }, err)
    assert.is_true(session.is_active) -- nothing was sent, so nothing is undone
    assert.equal("pending", state(city))
    raise = false
    session:commit()
    assert.equal("a", w:list "SELECT name FROM city")
    assert_usable()
  end)

  for _, name in ipairs { "before_insert", "after_insert", "before_update", "before_delete" } do
    it("that raise in " .. name .. " undo the flush", function()
      local city = m.City { name = "a" }
      if name ~= "before_insert" and name ~= "after_insert" then
        session:add(city)
        session:commit()
      end
      local raise = true
      event.listen(m.City, name, function() if raise then error({ "mine" }, 0) end end)
      if name == "before_update" then
        city.name = "b"
      elseif name == "before_delete" then
        session:delete(city)
      else
        session:add(city)
      end
      local ok, err = pcall(session.flush, session)
      assert.is_false(ok)
      assert.same({ "mine" }, err)
      assert_asks_for_rollback()
      raise = false
      assert.equal(name:find "insert" and "transient" or "persistent", state(city))
      assert.equal("a", city.name)
      assert_usable()
    end)
  end

  it("that yield are refused", function()
    event.listen(m.City, "before_insert", function() coroutine.yield() end)
    session:add(m.City { name = "a" })
    local thread = coroutine.create(function() session:flush() end)
    local ok, err = coroutine.resume(thread)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("yield", 1, true), tostring(err))
    assert.equal("dead", coroutine.status(thread))
    assert_asks_for_rollback()
    assert.equal("0", w:list "SELECT count(*) FROM city")
  end)

  for name, call in pairs {
    flush = function() session:flush() end,
    commit = function() session:commit() end,
    rollback = function() session:rollback() end,
    close = function() session:close() end,
    begin = function() session:begin() end,
    begin_nested = function() session:begin_nested() end,
    plan = function() session:plan() end,
  } do
    it("that call " .. name .. " on the session that is flushing are refused", function()
      local class
      event.listen(m.City, "before_insert", function()
        local ok, err = pcall(call)
        assert.is_false(ok)
        class = err.class
        assert.is_true(err:is "InvalidRequestError", err.class)
      end, { once = true })
      session:add(m.City { name = "a" })
      session:commit()
      assert.is_not_nil(class)
      assert.equal("a", w:list "SELECT name FROM city")
      assert_usable()
    end)
  end

  it("that add objects for ever are stopped", function()
    local n = 0
    event.listen(session, "after_flush", function()
      n = n + 1
      session:add(m.City { name = "n" .. n })
    end)
    session:add(m.City { name = "first" })
    local err = raises("FlushError", "", session.commit, session)
    assert.is_truthy(err.message:find("100", 1, true), err.message)
    assert.is_true(n >= 100 and n < 200)
    session:rollback()
    session:close()
    assert.equal("0", w:list "SELECT count(*) FROM city")
  end)

  it("that validate and raise change nothing", function()
    close()
    open_with(function(Base)
      return { City = Base:model("City", {
        __tablename__ = "city",
        id = Column(Integer, { primary_key = true }),
        name = Column(String(50)),
        corm.validates("name", function(_, _, value)
          if value == "bad" then error({ "bad" }, 0) end
          return value
        end),
      }) }
    end)
    local city = m.City { name = "a" }
    session:add(city)
    session:commit()
    assert.equal("a", city.name)
    local ok, err = pcall(function() city.name = "bad" end)
    assert.is_false(ok)
    assert.same({ "bad" }, err)
    assert.equal("a", city.name)
    assert.equal(0, #session.dirty)
    assert.is_false(pcall(m.City, { name = "bad" }))
    assert_usable()
  end)

  it("of types that raise are seen where the value is given, and where it is read", function()
    close()
    local broken = false
    open_with(function(Base)
      local Odd = corm.TypeDecorator {
        impl = String(50),
        process_bind_param = function(_, value)
          if value == "bad" then error({ "in" }, 0) end
          return value
        end,
        process_result_value = function(_, value)
          if broken then error({ "out" }, 0) end
          return value
        end,
      }
      return { City = Base:model("City", {
        __tablename__ = "city", id = Column(Integer, { primary_key = true }), name = Column(Odd),
      }) }
    end)
    local city = m.City { name = "a" }
    session:add(city)
    session:commit()
    local ok, err = pcall(function()
      city.name = "bad"
      session:flush()
    end)
    assert.is_false(ok)
    assert.same({ "in" }, err)
    session:rollback()
    broken = true
    ok, err = pcall(function() return city.name end)
    assert.is_false(ok)
    assert.same({ "out" }, err)
    broken = false
    assert.equal("a", city.name)
    assert_usable()
  end)
end)

describe("C10 an object that the script has let go", function()
  before_each(open)
  after_each(close)

  it("is written all the same when it is new, changed or deleted", function()
    session:add_all { m.City { name = "a" }, m.City { name = "b" } }
    session:commit()
    session:query(m.City):filter_by({ name = "a" }):one().name = "c"
    session:delete(session:query(m.City):filter_by({ name = "b" }):one())
    session:add(m.City { name = "new" })
    for _ = 1, 3 do collectgarbage() end
    session:commit()
    assert.equal("c,new", w:list "SELECT name FROM city ORDER BY name")
    assert_usable()
  end)
end)
