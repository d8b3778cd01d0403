-- Session:merge: copies of objects onto those of a session.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

local function state(object)
  local seen = corm.inspect(object)
  for _, name in ipairs { "transient", "pending", "persistent", "deleted", "detached" } do
    if seen[name] then return name end
  end
end

local function count(statements, start)
  local n = 0
  for _, text in ipairs(statements) do
    if text:sub(1, #start) == start then n = n + 1 end
  end
  return n
end

describe("U20 merge", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    local first = w:session()
    first:add(m.User { name = "a", age = 7, addresses = {
      m.Address { email = "x", city = m.City { name = "c" }, tags = { m.Tag { name = "t" } } },
      m.Address { email = "y" },
    } })
    first:add(m.User { name = "b" })
    first:commit()
    first:close()
    session = w:session()
  end)
  after_each(function() w:close() end)

  -- User 1 with all below it, detached.
  local function detached()
    local other = w:session()
    local user = other:get(m.User, 1)
    for _, address in ipairs(user.addresses) do
      assert(address.city ~= false and #address.tags >= 0)
    end
    other:close()
    return user
  end

  it("copies the attributes of a detached object onto the one of the session", function()
    local user = detached()
    user.name = "A"
    local merged
    local sent = w:statements(function() merged = session:merge(user) end)
    assert.are_not.equal(user, merged)
    assert.equal("detached", state(user))
    assert.equal("persistent", state(merged))
    assert.equal("A", merged.name)
    assert.same({ true, true }, { session:contains(merged), session:is_modified(merged) })
    assert.equal(merged, session:get(m.User, 1))
    assert.equal(#sent, count(sent, "SELECT"))
    assert.same({ 1 }, { #session.dirty })
    sent = w:statements(function() session:flush() end)
    assert.equal(1, count(sent, "UPDATE"))
    session:commit()
    assert.equal("A|7", w:rows('SELECT name, age FROM "user" WHERE id = 1'))
  end)

  it("sends nothing for what is in memory, and changes nothing where nothing differs", function()
    local other = w:session()
    local user = other:get(m.User, 1)
    local mine = session:get(m.User, 1)
    local sent = w:statements(function() assert.equal(mine, session:merge(user)) end)
    assert.same({}, sent)
    assert.is_false(session:is_modified(mine))
    assert.equal(mine, session:merge(mine))
    assert.equal("persistent", state(user))
    assert.equal(other, corm.object_session(user))
  end)

  it("takes a transient object with the key of a row for that row, and only what it has", function()
    local merged = session:merge(m.User { id = 1, name = "A" })
    assert.same({ "A", 7 }, { merged.name, merged.age })
    session:commit()
    assert.equal("A|7|2", w:rows('SELECT name, age, (SELECT count(*) FROM address WHERE user_id = 1) '
      .. 'FROM "user" WHERE id = 1'))
  end)

  it("makes a pending copy of what has no row", function()
    local user = m.User { name = "n", addresses = { m.Address { email = "z" } } }
    local merged = session:merge(user)
    assert.same({ "transient", "transient" }, { state(user), state(user.addresses[1]) })
    assert.same({ "pending", "pending" }, { state(merged), state(merged.addresses[1]) })
    assert.are_not.equal(user.addresses[1], merged.addresses[1])
    local given = session:merge(m.User { id = 77, name = "k" })
    assert.same({ "pending", 77 }, { state(given), given.id })
    session:commit()
    assert.equal("n|z", w:rows('SELECT name, email FROM "user" JOIN address ON address.user_id = "user".id '
      .. "WHERE email = 'z'"))
    assert.equal("k", w:rows('SELECT name FROM "user" WHERE id = 77'))
    assert.is_nil(user.id)
  end)

  it("goes along the cascade, each object once", function()
    local user = detached()
    user.addresses[1].email = "X"
    user.addresses[1].city.name = "C"
    user.addresses[2].tags:append(user.addresses[1].tags[1])
    local merged = session:merge(user)
    assert.equal(merged, merged.addresses[1].user)
    assert.equal(merged.addresses[1].tags[1], merged.addresses[2].tags[1])
    session:commit()
    assert.equal("X|C,y|", w:list("SELECT email, city.name FROM address LEFT JOIN city ON city.id = address.city_id "
      .. "ORDER BY address.id"))
    assert.equal("1|1,2|1", w:list("SELECT address_id, tag_id FROM address_tag ORDER BY address_id"))
  end)

  it("reads the objects of a level in one statement a class", function()
    local first = w:session()
    local users = {}
    for i = 1, 30 do
      local address = m.Address { email = "e", city = m.City { name = "c" .. i } }
      users[i] = m.User { name = "u" .. i, addresses = { address } }
    end
    first:add_all(users)
    first:commit()
    for _, user in ipairs(users) do assert(user.name and user.addresses[1].city.name) end
    first:close()
    local all
    local sent = w:statements(function() all = session:merge_all(users) end)
    assert.equal(3, count(sent, "SELECT"), table.concat(sent, "\n"))
    assert.equal(3, #sent)
    assert.equal(30, #all)
    for i, user in ipairs(all) do
      assert.same({ "u" .. i, "c" .. i }, { user.name, user.addresses[1].city.name })
    end
    assert.equal(0, #session.dirty)
  end)

  it("removes from a list what the given one lacks, and adds what it has more", function()
    local user = detached()
    user.addresses:remove(user.addresses[1])
    user.addresses:append(m.Address { email = "z" })
    local merged = session:merge(user)
    assert.same({ "y", "z" }, { merged.addresses[1].email, merged.addresses[2].email })
    session:commit()
    assert.equal("x|,y|1,z|1", w:list("SELECT email, user_id FROM address ORDER BY id"))
  end)

  it("leaves alone what an object without a row does not say", function()
    local looked = m.User { id = 1, name = "L" }
    assert.equal(0, #looked.addresses)
    session:merge(looked)
    session:flush()
    assert.equal(2, #session:get(m.User, 1).addresses)
    local said = m.User { id = 1, addresses = {} }
    session:merge(said)
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM address WHERE user_id = 1")
    session:merge(m.Address { id = 1, user = session:get(m.User, 2) })
    session:flush()
    local address = m.Address { id = 1 }
    address.user = nil
    session:merge(address)
    session:commit()
    assert.equal("", w:rows "SELECT user_id FROM address WHERE id = 1")
  end)

  it("gives two objects of one key the same copy, with a row and without", function()
    local all = session:merge_all { m.User { id = 1, name = "p" }, m.User { id = 1, age = 9 } }
    assert.equal(all[1], all[2])
    assert.same({ "p", 9 }, { all[1].name, all[1].age })
    all = session:merge_all { m.City { id = 50, name = "p" }, m.City { id = 50, name = "q" } }
    assert.equal(all[1], all[2])
    session:commit()
    assert.equal("q", w:rows "SELECT name FROM city WHERE id = 50")
  end)

  it("works for composite keys", function()
    session:add_all { m.Item { order_no = 1, line = 1, text = "a" }, m.Item { order_no = 1, line = 2, text = "b" } }
    session:commit()
    session:expunge_all()
    local all
    local sent = w:statements(function()
      all = session:merge_all { m.Item { order_no = 1, line = 2, text = "B" }, m.Item { order_no = 1, line = 1 },
        m.Item { order_no = 1, line = 3, text = "c" } }
    end)
    assert.equal(1, #sent)
    assert.same({ "persistent", "persistent", "pending" }, { state(all[1]), state(all[2]), state(all[3]) })
    session:commit()
    assert.equal("1|a,2|B,3|c", w:list "SELECT line, text FROM item ORDER BY line")
  end)

  it("flushes first, and not in the middle", function()
    local pending = m.User { id = 90, name = "p" }
    session:add(pending)
    local sent = w:statements(function() assert.equal(pending, session:merge(m.User { id = 90, age = 1 })) end)
    assert.equal(1, count(sent, "INSERT"))
    assert.equal(1, pending.age)
    session.autoflush = false
    session:add(m.City { id = 91, name = "p" })
    sent = w:statements(function() session:merge(m.City { id = 92, name = "q" }) end)
    assert.equal(0, count(sent, "INSERT"))
  end)

  it("reads expired objects again, and finds those out whose row is gone", function()
    local user = detached()
    local mine, b = session:get(m.User, 1), session:get(m.User, 2)
    session:commit()
    local sent = w:statements(function() assert.equal(mine, session:merge(m.User { id = 1, name = "a" })) end)
    assert.equal(1, #sent)
    assert.is_false(session:is_modified(mine))
    session:commit()
    w:sql 'DELETE FROM "user" WHERE id = 2'
    local merged = session:merge(m.User { id = 2, name = "new" })
    assert.are_not.equal(b, merged)
    assert.equal("pending", state(merged))
    session:commit()
    assert.equal("new", w:rows('SELECT name FROM "user" WHERE id = 2'))
    assert.equal("a", user.name)
  end)

  it("follows the cascade that is declared: without merge relatives stay where they are", function()
    local other = world.models { ["User.addresses"] = { cascade = "save-update" } }
    w:close()
    w = world.open(other)
    local s = w:session()
    local user = other.User { name = "u", addresses = { other.Address { email = "e" } } }
    local merged = s:merge(user)
    assert.equal(0, #merged.addresses)
    s:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM address")
  end)

  it("loads what is lazy = raise", function()
    w:close()
    w = world.open(world.models { ["User.addresses"] = { lazy = "raise" } })
    m = w.m
    w:sql [[INSERT INTO "user" (id, name) VALUES (1, 'a'); INSERT INTO address (id, email, user_id) VALUES (1, 'x', 1)]]
    local s = w:session()
    local merged = s:merge(m.User { id = 1, addresses = { m.Address { id = 1, email = "X" } } })
    assert.equal("X", merged.addresses[1].email)
    s:commit()
    raises("InvalidRequestError", "raise", function() return s:get(m.User, 1).addresses end)
    assert.equal("X|1", w:rows "SELECT email, user_id FROM address")
  end)

  it("takes loader options for the rows that it reads", function()
    local user = m.User { id = 1 }
    local sent = w:statements(function()
      local merged = session:merge(user, { options = { corm.selectinload(m.User.addresses) } })
      assert.equal(2, #merged.addresses)
    end)
    assert.equal(2, #sent)
  end)

  it("walks graphs of any depth", function()
    local top = m.Node { name = "n" }
    local node = top
    for _ = 1, 20000 do
      local below = m.Node { name = "n" }
      below.parent = node
      node = below
    end
    local merged = session:merge(top)
    local n = 0
    while merged do
      n = n + 1
      merged = merged.children[1]
    end
    assert.equal(20001, n)
    assert.equal(20001, #session.new)
    session:rollback()
  end)

  it("holds what it met while hooks run and the collector does", function()
    local user = detached()
    local again
    corm.event.listen(session, "loaded_as_persistent", function()
      collectgarbage()
      if not again then
        again = true
        user.addresses = {}
      end
    end)
    local merged = session:merge(user)
    collectgarbage()
    assert.equal("a", merged.name)
    session:rollback()
  end)

  describe("with load = false", function()
    it("sends nothing, and what comes counts as loaded", function()
      local user = detached()
      local merged
      local sent = w:statements(function() merged = session:merge(user, { load = false }) end)
      assert.same({}, sent)
      sent = w:statements(function()
        assert.same({ "a", 7, "x", "c", "t" }, { merged.name, merged.age, merged.addresses[1].email,
          merged.addresses[1].city.name, merged.addresses[1].tags[1].name })
        assert.equal(merged, merged.addresses[2].user)
        assert.is_nil(merged.addresses[2].city)
        session:flush()
      end)
      assert.same({}, sent)
      assert.equal("persistent", state(merged))
      assert.equal(0, #session.dirty)
      merged.name = "A"
      session:commit()
      assert.equal("A", w:rows('SELECT name FROM "user" WHERE id = 1'))
    end)

    it("reads later what the given object did not have", function()
      local other = w:session()
      local user = other:get(m.User, 1)
      other:expire(user, { "age" })
      other:close()
      local merged = session:merge(user, { load = false })
      local sent = w:statements(function() assert.equal("a", merged.name) end)
      assert.same({}, sent)
      sent = w:statements(function() assert.same({ 7, 2 }, { merged.age, #merged.addresses }) end)
      assert.equal(2, #sent)
    end)

    it("overwrites what the session's object has, changes included", function()
      local user = detached()
      local mine = session:get(m.User, 1)
      mine.name, mine.addresses = "mine", {}
      assert.equal(mine, session:merge(user, { load = false }))
      assert.same({ "a", 2 }, { mine.name, #mine.addresses })
      assert.equal(0, #session.dirty)
    end)

    it("refuses objects without a row and changed ones", function()
      raises("InvalidRequestError", "transient", session.merge, session, m.User { id = 1 }, { load = false })
      local user = detached()
      user.name = "A"
      raises("InvalidRequestError", "changed", session.merge, session, user, { load = false })
      assert.same({ 0, 0 }, { #session.new, #session.dirty })
      assert.same({}, w:statements(function() session:flush() end))
    end)
  end)

  it("asks validators and listeners, as an assignment does", function()
    local told = {}
    corm.event.listen(m.User.name, "set", function(object, value)
      told[#told + 1] = corm.inspect(object).persistent and value or "other"
      return value:upper()
    end, { retval = true })
    corm.event.listen(m.User.addresses, "append", function(_, address) told[#told + 1] = address.email end)
    local user = session:get(m.User, 1)
    local merged = session:merge(m.User { id = 1, name = "n", addresses = { m.Address { email = "z" } } })
    assert.equal(user, merged)
    assert.equal("N", merged.name)
    assert.same({ "other", "z", "N", "z" }, told)
    corm.event.listen(m.User.name, "set", function() error("no " .. "name", 0) end)
    local ok, err = pcall(session.merge, session, m.City { id = 70, name = "seventy" })
    assert.is_true(ok, tostring(err))
    local detached_user = session:get(m.User, 2)
    session:expunge(detached_user)
    ok, err = pcall(session.merge, session, detached_user)
    assert.same({ false, "no name" }, { ok, err })
    session:rollback()
    assert.equal("a", w:rows('SELECT name FROM "user" WHERE id = 1'))
  end)

  it("does not overwrite a newer version of a row", function()
    w:close()
    local Base = corm.declarative_base()
    local Page = Base:model("Page", {
      __tablename__ = "page",
      id = corm.Column(corm.Integer, { primary_key = true }),
      text = corm.Column(corm.String(20)),
      version = corm.Column(corm.Integer, { nullable = false }),
      __mapper_args__ = { version_id_col = "version" },
    })
    w = world.open { Base = Base }
    session = w:session()
    session:add(Page { text = "one" })
    session:commit()
    local old = session:get(Page, 1)
    assert.equal(1, old.version)
    session:expunge(old)
    local page = session:get(Page, 1)
    page.text = "two"
    session:commit()
    raises("StaleDataError", "version 1 of Page(id=1) does not match the existing version 2", session.merge, session,
      old)
    assert.is_false(session:is_modified(page))
    assert.equal("two", session:merge(Page { id = 1, version = 2 }).text)
    session:merge(Page { id = 1, text = "three" })
    session:commit()
    assert.equal("three|3", w:rows "SELECT text, version FROM page")
  end)

  it("refuses what it cannot take", function()
    raises("UnmappedError", "an object of a mapped class expected, got table", session.merge, session, {})
    raises("UnmappedError", "got a class", session.merge, session, m.User)
    raises("ArgumentError", "sequence of objects", session.merge_all, session, m.User {})
    raises("UnmappedError", "got integer", session.merge_all, session, { m.User {}, 1 })
    raises("ArgumentError", "unknown option 'laod'", session.merge, session, m.User {}, { laod = false })
    raises("ArgumentError", "load = false", session.merge, session, detached(),
      { load = false, options = { corm.selectinload(m.User.addresses) } })
    raises("ArgumentError", "does not belong", session.merge, session, m.City { id = 1 },
      { options = { corm.selectinload(m.User.addresses) } })
    assert.equal(0, #session.new)
    assert.same({}, session:merge_all {})
  end)

  it("makes new objects in the order of what they are merged from", function()
    session:merge(m.User { id = 9, name = "c", addresses = {
      m.Address { id = 100, email = "first" }, m.Address { email = "second" }, m.Address { id = 200, email = "third" },
      m.Address { email = "fourth" },
    } })
    local inserts = w:statements(function() session:flush() end)
    assert.equal(5, #inserts)
    session:rollback()
    session:merge(m.User { id = 9, name = "c", addresses = {
      m.Address { id = 3, email = "first" }, m.Address { email = "second" },
    } })
    if w.engine.dialect.name == "sqlite" then -- the others do not count on from what is given
      session:commit()
      assert.equal("3|first,4|second", w:list "SELECT id, email FROM address WHERE id > 2 ORDER BY id")
    end
  end)

  it("leaves the session in order when a row cannot be read", function()
    local user = detached()
    w.engine:dispose()
    local failing = true
    corm.event.listen(w.engine, "before_cursor_execute", function()
      if failing then error "no" end
    end)
    local ok, err = pcall(session.merge, session, user)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("no", 1, true))
    failing = false
    session:rollback()
    assert.equal("a", session:merge(user).name)
  end)
end)
