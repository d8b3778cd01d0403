-- The unit of work, by feature: states, the statements of a flush and their order, transactions. More of each stands in
-- unit_of_work_spec.lua, session_spec.lua, rollback_spec.lua, nested_spec.lua and autoflush_spec.lua.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

local w, m, session

local function start(options)
  w = world.open()
  m = w.m
  session = w:session(options)
end

local function finish() w:close() end

local function state(object)
  local inspected = corm.inspect(object)
  for _, name in ipairs { "transient", "pending", "persistent", "deleted", "detached" } do
    if inspected[name] then return name end
  end
end

-- "INSERT user" ... of what fn writes; what follows each other and is the same stands there once.
local function shapes(fn)
  local list = {}
  for _, sql in ipairs(w:statements(fn)) do
    local verb = sql:match "^%u+"
    local name = sql:match "^INSERT INTO ([%w_]+)" or sql:match "^UPDATE ([%w_]+)" or sql:match "^DELETE FROM ([%w_]+)"
    local shape = name and verb .. " " .. name
    if shape and list[#list] ~= shape then list[#list + 1] = shape end
  end
  return list
end

describe("U03 states", function()
  before_each(function() start() end)
  after_each(finish)

  it("go from transient to detached", function()
    local user = m.User { name = "a" }
    assert.equal("transient", state(user))
    session:add(user)
    assert.equal("pending", state(user))
    assert.is_true(session.new:contains(user))
    session:flush()
    assert.equal("persistent", state(user))
    user.name = "b"
    assert.is_true(session.dirty:contains(user))
    session:delete(user)
    assert.is_true(session.deleted:contains(user))
    session:flush()
    assert.equal("deleted", state(user))
    session:commit()
    assert.equal("detached", state(user))
    assert.is_false(session:contains(user))
  end)

  it("come back with a rollback", function()
    local kept = m.User { name = "kept" }
    session:add(kept)
    session:commit()
    local new = m.User { name = "new" }
    session:add(new)
    session:delete(kept)
    session:flush()
    session:rollback()
    assert.equal("transient", state(new))
    assert.equal("persistent", state(kept))
    session:close()
    assert.equal("detached", state(kept))
  end)
end)

describe("U06 minimal statements", function()
  before_each(function() start() end)
  after_each(finish)

  it("write the changed columns, and the rows of one shape together", function()
    local users = {}
    for i = 1, 5 do users[i] = m.User { name = "u" .. i, age = i } end
    session:add_all(users)
    session:commit()
    for i = 1, 5 do users[i].age = users[i].age end -- no change
    users[2].age, users[3].age = 20, 30
    w:statements()
    assert.same({ "UPDATE user" }, shapes(function() session:flush() end))
    assert.equal(0, w:count(function() session:flush() end))
    assert.equal("1|u1|1,2|u2|20,3|u3|30,4|u4|4,5|u5|5", (function()
      session:commit()
      return w:list 'SELECT id, name, age FROM "user" ORDER BY id'
    end)())
  end)
end)

describe("U07 generated keys", function()
  before_each(function() start() end)
  after_each(finish)

  it("are there after the flush, for each of many objects", function()
    local users = {}
    for i = 1, 50 do users[i] = m.User { name = "u" .. i } end
    session:add_all(users)
    assert.same({ "INSERT user" }, shapes(function() session:flush() end))
    local seen = {}
    for _, user in ipairs(users) do
      assert.is_nil(seen[user.id])
      seen[user.id] = true
    end
    session:commit()
    for i, user in ipairs(users) do
      assert.equal("u" .. i, w:list(('SELECT name FROM "user" WHERE id = %d'):format(user.id)))
      if i == 5 then break end
    end
  end)
end)

describe("U08 the order of a flush", function()
  before_each(function() start() end)
  after_each(finish)

  it("goes by foreign keys, and within a table as objects were added", function()
    local address = m.Address { email = "x", city = m.City { name = "rome" }, tags = { m.Tag { name = "t" } } }
    session:add(address)
    session:add(m.User { name = "second", addresses = { address } })
    session:add(m.User { name = "third" })
    local list = shapes(function() session:flush() end)
    local at = {}
    for i, shape in ipairs(list) do at[shape] = i end
    assert.is_true(at["INSERT city"] < at["INSERT address"] and at["INSERT user"] < at["INSERT address"])
    assert.is_true(at["INSERT address"] < at["INSERT address_tag"] and at["INSERT tag"] < at["INSERT address_tag"])
    session:commit()
    assert.equal("second,third", w:list 'SELECT name FROM "user" ORDER BY id')
    for _, user in ipairs(session:query(m.User):all()) do session:delete(user) end
    session:delete(address)
    list = shapes(function() session:flush() end)
    at = {}
    for i, shape in ipairs(list) do at[shape] = i end
    assert.is_true(at["DELETE address_tag"] < at["DELETE address"] and at["DELETE address"] < at["DELETE user"])
  end)
end)

describe("U10 keys that a flush carries", function()
  before_each(function() start() end)
  after_each(finish)

  it("are copied, moved and set to NULL, and association rows are told apart", function()
    local address = m.Address { email = "x" }
    local one, two = m.User { name = "1", addresses = { address } }, m.User { name = "2" }
    local a, b, c = m.Tag { name = "a" }, m.Tag { name = "b" }, m.Tag { name = "c" }
    address.tags = { a, b }
    session:add_all { one, two }
    session:commit()
    two.addresses:append(address)
    address.tags = { b, c }
    session:commit()
    assert.equal("2", w:list "SELECT user_id FROM address")
    assert.equal(b.id .. "," .. c.id, w:list "SELECT tag_id FROM address_tag ORDER BY tag_id")
    session:delete(two)
    session:commit()
    assert.equal("", w:list "SELECT user_id FROM address WHERE user_id IS NOT NULL")
  end)
end)

describe("U11 autoflush", function()
  before_each(function() start() end)
  after_each(finish)

  it("writes before a query, unless it is told not to", function()
    session:add(m.User { name = "a" })
    assert.equal(1, session:query(m.User):count())
    session:add(m.User { name = "b" })
    session:no_autoflush(function() assert.equal(1, session:query(m.User):count()) end)
    assert.equal(2, session:query(m.User):count())
  end)

  it("says that it was it when it fails", function()
    session:add(m.User { age = 5 })
    raises("IntegrityError", "autoflush", function() return session:query(m.City):all() end)
    session:rollback()
    assert.equal(0, session:query(m.User):count())
  end)
end)

describe("U12 commit", function()
  after_each(finish)

  it("expires what is loaded, so that the next access asks once for each object", function()
    start()
    local user = m.User { name = "a", age = 1 }
    session:add(user)
    session:commit()
    w:sql 'UPDATE "user" SET name = \'b\', age = 2'
    assert.equal(1, w:count(function() assert.equal("b2", user.name .. user.age) end))
  end)

  it("leaves it as it is with expire_on_commit = false", function()
    start { expire_on_commit = false }
    local user = m.User { name = "a" }
    session:add(user)
    session:commit()
    assert.equal(0, w:count(function() assert.equal("a", user.name) end))
  end)
end)

describe("U13 rollback", function()
  before_each(function() start() end)
  after_each(finish)

  it("gives objects back what their rows are", function()
    local user = m.User { name = "a", addresses = { m.Address { email = "x" } } }
    session:add(user)
    session:commit()
    user.name = "b"
    user.addresses:append(m.Address { email = "y" })
    session:delete(user.addresses[1])
    session:flush()
    session:rollback()
    assert.equal("a", user.name)
    assert.equal(1, #user.addresses)
    assert.equal("x", user.addresses[1].email)
  end)
end)

describe("U14 a failed flush", function()
  before_each(function() start() end)
  after_each(finish)

  it("asks for a rollback, and keeps what was wrong", function()
    session:add(m.City { name = "rome" })
    session:commit()
    session:add(m.City { name = "rome" })
    raises("IntegrityError", "", session.flush, session)
    local err = raises("PendingRollbackError", "rolled back", function() return session:query(m.City):all() end)
    assert.equal("IntegrityError", err.cause.class)
    session:rollback()
    session:add(m.City { name = "oslo" })
    session:commit()
    assert.equal("oslo,rome", w:list "SELECT name FROM city ORDER BY name")
  end)
end)

describe("U15 ways to begin", function()
  before_each(function() start() end)
  after_each(finish)

  it("are by itself, by begin, and by a block", function()
    assert.is_false(session:in_transaction())
    session:add(m.User { name = "a" })
    session:flush()
    assert.is_true(session:in_transaction())
    session:commit()
    session:begin(function() session:add(m.User { name = "b" }) end)
    do
      local txn <close> = session:begin()
      session:add(m.User { name = "c" })
      assert.is_true(txn.is_active)
    end
    local ok = pcall(session.begin, session, function()
      session:add(m.User { name = "d" })
      error "no"
    end)
    assert.is_false(ok)
    assert.equal("a,b,c", w:list 'SELECT name FROM "user" ORDER BY id')
    session:begin()
    raises("InvalidRequestError", "already", session.begin, session)
  end)
end)

describe("U16 savepoints", function()
  before_each(function() start() end)
  after_each(finish)

  it("undo their own part", function()
    local one, two = m.User { name = "1" }, m.User { name = "2" }
    session:add_all { one, two }
    session:flush()
    local ok = pcall(session.begin_nested, session, function()
      one.name = "x"
      session:add(m.User { name = "3" })
      session:flush()
      error "no"
    end)
    assert.is_false(ok)
    assert.equal("1", one.name)
    assert.equal(0, w:count(function() assert.equal("2", two.name) end))
    session:begin_nested(function() two.name = "y" end)
    session:commit()
    assert.equal("1,y", w:list 'SELECT name FROM "user" ORDER BY id')
  end)
end)

describe("U39 re-entry", function()
  before_each(function() start() end)
  after_each(finish)

  it("is refused in the middle of a flush", function()
    for _, name in ipairs { "flush", "commit", "rollback", "close" } do
      local listen = corm.event.listen
      local fn = function() session[name](session) end
      listen(m.User, "before_insert", fn)
      session:add(m.User { name = name })
      local ok, err = pcall(session.flush, session)
      assert.is_false(ok)
      assert.is_true(err:is "InvalidRequestError", tostring(err))
      corm.event.remove(m.User, "before_insert", fn)
      session:rollback()
      assert.equal(0, session:query(m.User):count())
    end
  end)
end)
