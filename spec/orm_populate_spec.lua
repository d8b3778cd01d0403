-- Loading over what is in memory.
local corm = require "corm"
local world = require "spec.support.world"
local select = corm.select

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
    local statement = select(entity):order_by(entity.id):execution_options { populate_existing = true }
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
    session:scalars(select(m.User):where(m.User.id:eq(1)):execution_options { populate_existing = true }):all()
    assert.equal("B", other.name)
  end)

  it("is an option of get", function()
    user.name = "A"
    assert.equal("a", session:get(m.User, 1, { populate_existing = true }).name)
  end)

  it("tells listeners once of an object that comes in several rows", function()
    local told = {}
    local function note(name)
      corm.event.listen(m.User, name, function(object) told[#told + 1] = name .. " " .. object.name end)
    end
    note "load"
    note "refresh"
    load(m.Address, corm.joinedload(m.Address.user))
    assert.same({ "refresh a" }, told)
    told, user, other = {}, nil, nil
    session:expunge_all()
    local held = load(m.Address, corm.joinedload(m.Address.user))
    assert.same({ "load a" }, told)
    load(m.Address, corm.joinedload(m.Address.user))
    assert.same({ "load a", "refresh a" }, told)
    assert.equal(2, #held)
  end)

  it("flushes first where autoflush is on, so that nothing is lost", function()
    session.autoflush = true
    user.name = "A"
    load(m.User)
    assert.equal("A", user.name)
  end)
end)

describe("U02 options of queries, kept by objects", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add(m.User { name = "a", addresses = { m.Address { email = "x" }, m.Address { email = "y" } } })
    session:commit()
  end)
  after_each(function() w:close() end)

  local function read(statement) return session:scalars(statement):all() end

  -- What `#addresses` is, or that it is refused, of an object that a query with `option` has shown.
  local function shown_after(option, how)
    session:expunge_all()
    local user = read(select(m.User):where(m.User.id:eq(1)):options(option(m.User.addresses)))[1]
    if option == corm.noload then assert.equal(0, #user.addresses) end
    how(user)
    local ok, n = pcall(function() return #user.addresses end)
    return ok and n or n.class
  end

  for name, refused in pairs { raiseload = "InvalidRequestError", noload = 0 } do
    it(name .. " holds until a query reads the object anew", function()
      local option, again = corm[name], select(m.User):where(m.User.id:eq(1))
      local populate = again:execution_options { populate_existing = true }
      local n = shown_after(corm.lazyload, function() end)
      assert.equal(2, n)
      assert.equal(refused, shown_after(option, function() read(again) end))
      assert.equal(refused, shown_after(option, function(user) session:refresh(user) end))
      assert.equal(refused, shown_after(option, function(user)
        session:expire(user)
        assert.is_string(user.name)
      end))
      assert.equal(n, shown_after(option, function() read(populate) end))
      assert.equal(n, shown_after(option, function(user)
        session:expire(user)
        read(again)
      end))
      assert.equal(n, shown_after(option, function() session:get(m.User, 1, { populate_existing = true }) end))
    end)

    it(name .. " gives way to the option of another query, also where it is the relationship's own", function()
      local Lazily = w.m.Base:model("Lazily", {
        __tablename__ = "lazily", id = corm.Column(corm.Integer, { primary_key = true }),
        user_id = corm.Column(corm.ForeignKey(m.User.__table__.c.id)),
        user = corm.relationship(m.User, { lazy = "select" }),
      })
      w.m.Base.metadata:create_all(w.engine)
      session:add(Lazily { id = 1, user_id = 1 })
      session:commit()
      session:expunge_all()
      local one = read(select(Lazily):options(corm[name](Lazily.user)))[1]
      read(select(Lazily):options(corm.lazyload(Lazily.user)))
      assert.equal(1, one.user.id)
    end)
  end
end)
