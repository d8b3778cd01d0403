-- Loading over what is in memory.
local corm = require "corm"
local world = require "spec.support.world"

describe("U02 populate_existing", function()
  local w, m, session, user, other

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session { autoflush = false }
    session:add_all {
      m.User { name = "a", addresses = { m.Address { email = "x" }, m.Address { email = "y" } } },
      m.User { name = "b" },
    }
    session:commit()
    user, other = session:get(m.User, 1), session:get(m.User, 2)
  end)
  after_each(function() w:close() end)

  local function load(entity, ...)
    local statement = corm.select(entity):order_by(entity.id):execution_options { populate_existing = true }
    return session:scalars(statement:options(...)):all()
  end

  it("overwrites changes that are not flushed", function()
    user.name, user.age = "A", 5
    assert.is_true(rawequal(user, load(m.User)[1]))
    assert.equal("a", user.name)
    assert.is_nil(user.age)
    assert.is_false(session:is_modified(user))
    assert.equal(0, #session.dirty)
    assert.same({}, w:statements(function() session:flush() end))
    user.name = "A"
    session:commit()
    assert.equal("A,b", w:list('SELECT name FROM ' .. world.user .. ' ORDER BY id'))
  end)

  it("overwrites a changed primary key", function()
    user.id = 7
    load(m.User)
    assert.equal(1, user.id)
    assert.is_true(rawequal(user, session:get(m.User, 1)))
    assert.is_nil(session:get(m.User, 7))
  end)

  it("has collections loaded again; what is pending stays so", function()
    local new, x = m.Address { email = "new" }, user.addresses[1]
    user.addresses:append(new)
    x.email, x.user = "X", other
    load(m.User)
    assert.equal(1, w:count(function() assert.equal(2, #user.addresses) end))
    assert.is_true(rawequal(x, user.addresses[1]))
    assert.equal("X", x.email)
    assert.is_true(rawequal(other, x.user))
    load(m.Address)
    assert.equal("x", x.email)
    assert.is_true(rawequal(user, x.user))
    assert.is_true(session:contains(new))
    session:commit()
    assert.equal("1,1,1", w:list "SELECT user_id FROM address ORDER BY id")
  end)

  for _, how in ipairs { "selectinload", "joinedload" } do
    it("fills what " .. how .. " loads along with the objects", function()
      local x, y = user.addresses[1], user.addresses[2]
      user.addresses:remove(x)
      y.email = "Y"
      load(m.User, corm[how](m.User.addresses))
      assert.equal(0, w:count(function()
        assert.equal(2, #user.addresses)
        assert.is_true(rawequal(x, user.addresses[1]))
        assert.equal("y", y.email)
        assert.equal(0, #other.addresses)
      end))
    end)
  end

  it("leaves out objects that the statement does not show", function()
    other.name = "B"
    session:scalars(corm.select(m.User):where(m.User.id:eq(1)):execution_options { populate_existing = true }):all()
    assert.equal("B", other.name)
  end)

  it("is an option of get", function()
    user.name = "A"
    assert.equal("a", session:get(m.User, 1, { populate_existing = true }).name)
  end)

  it("flushes first where autoflush is on, so that nothing is lost", function()
    session.autoflush = true
    user.name = "A"
    load(m.User)
    assert.equal("A", user.name)
  end)
end)
