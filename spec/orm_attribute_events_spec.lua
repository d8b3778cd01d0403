local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local event = corm.event

describe("M36 attribute events", function()
  local w, m, session, log

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    log = {}
  end)
  after_each(function() w:close() end)

  local function show(value)
    if value == corm.NO_VALUE then return "NO_VALUE" end
    if type(value) ~= "userdata" then return tostring(value) end
    return tostring(value.__class__ == m.Address and value.email or value.name)
  end

  local function note(name)
    return function(object, value, third, fourth)
      local initiator = fourth or (name == "set" and fourth) or third
      local old = name == "set" and " was " .. show(third) or ""
      log[#log + 1] = ("%s %s %s%s by %s.%s %s"):format(show(object), name, show(value), old,
        initiator.class_.__name__, initiator.key, initiator.op)
    end
  end

  local function taken()
    local text = table.concat(log, "; ")
    log = {}
    return text
  end

  local function listen_to_both()
    event.listen(m.User.addresses, "append", note("append"))
    event.listen(m.User.addresses, "remove", note("remove"))
    event.listen(m.Address.user, "set", note("set"))
  end

  it("come for the side that the script changes and for the other", function()
    listen_to_both()
    local ann, bob = m.User { name = "ann" }, m.User { name = "bob" }
    local x = m.Address { email = "x" }
    ann.addresses:append(x)
    assert.equal("ann append x by User.addresses append; x set ann was NO_VALUE by User.addresses append", taken())
    x.user = bob
    assert.equal("x set bob was ann by Address.user replace; ann remove x by Address.user replace; "
      .. "bob append x by Address.user replace", taken())
    bob.addresses:remove(x)
    assert.equal("bob remove x by User.addresses remove; x set nil was bob by User.addresses remove", taken())
    ann.addresses = { x }
    bob.addresses = { x }
    assert.equal("ann append x by User.addresses bulk_replace; x set ann was nil by User.addresses bulk_replace; "
      .. "bob append x by User.addresses bulk_replace; ann remove x by User.addresses bulk_replace; "
      .. "x set bob was ann by User.addresses bulk_replace", taken())
    assert.equal(0, #ann.addresses)
    assert.is_true(rawequal(bob, x.user))
  end)

  it("know whom a reference led to when that one is in memory, without a statement", function()
    session:add(m.User { name = "ann", addresses = { m.Address { email = "x" }, m.Address { email = "y" } } })
    session:commit()
    session:expunge_all()
    event.listen(m.Address.user, "set", note("set"))
    local x, y = session:get(m.Address, 1), session:get(m.Address, 2)
    assert.equal(0, w:count(function() x.user = nil end))
    assert.equal("x set nil was NO_VALUE by Address.user replace", taken())
    local ann = session:get(m.User, 1)
    assert.equal(0, w:count(function() y.user = nil end))
    assert.equal("y set nil was ann by Address.user replace", taken())
    assert.equal("ann", ann.name)
  end)

  it("come for many-to-many lists on both sides", function()
    event.listen(m.Address.tags, "append", note("append"))
    event.listen(m.Tag.addresses, "append", note("append"))
    event.listen(m.Tag.addresses, "remove", note("remove"))
    local x, t = m.Address { email = "x" }, m.Tag { name = "t" }
    x.tags:append(t)
    assert.equal("x append t by Address.tags append; t append x by Address.tags append", taken())
    x.tags = {}
    assert.equal("t remove x by Address.tags bulk_replace", taken())
  end)

  it("that raise leave both sides as they were", function()
    event.listen(m.User.addresses, "append", function() error("no more") end)
    event.listen(m.User.addresses, "remove", function() error("stays") end)
    local ann, x = m.User { name = "ann" }, m.Address { email = "x" }
    for _, act in ipairs {
      function() ann.addresses:append(x) end, function() x.user = ann end, function() ann.addresses = { x } end,
      function() ann.addresses:extend { x } end, function() ann.addresses[1] = x end,
    } do
      local ok, err = pcall(act)
      assert.is_false(ok)
      assert.is_truthy(tostring(err):find("no more", 1, true))
      assert.equal(0, #ann.addresses)
      assert.is_nil(x.user)
    end
    session:add_all { ann, x }
    session:commit()
    session:execute(corm.update(m.Address):where(m.Address.id:eq(x.id)):values { user_id = ann.id })
    session:expire_all()
    for _, act in ipairs {
      function() ann.addresses:remove(x) end, function() x.user = nil end, function() ann.addresses:clear() end,
      function() ann.addresses = {} end, function() ann.addresses[1] = nil end,
    } do
      assert.is_truthy(#ann.addresses == 1 and x.user)
      local ok, err = pcall(act)
      assert.is_false(ok)
      assert.is_truthy(tostring(err):find("stays", 1, true))
      assert.equal(1, #ann.addresses)
      assert.is_true(rawequal(ann, x.user))
    end
    assert.equal(0, #session.dirty)
  end)

  it("may give another object where the script acts", function()
    local other = m.Address { email = "other" }
    event.listen(m.User.addresses, "append", function() return other end, { retval = true })
    local ann, x = m.User { name = "ann" }, m.Address { email = "x" }
    ann.addresses:append(x)
    assert.is_true(rawequal(other, ann.addresses[1]))
    assert.is_true(rawequal(ann, other.user))
    assert.is_nil(x.user)
    event.listen(m.Address.city, "set", function(_, value) return value and m.City { name = "not " .. value.name } end,
      { retval = true })
    x.city = m.City { name = "here" }
    collectgarbage()
    assert.equal("not here", x.city.name)
    event.listen(m.Address.tags, "append", function() return m.Tag { name = "made" } end, { retval = true })
    x.tags = { m.Tag { name = "given" }, m.Tag { name = "given, too" } }
    collectgarbage()
    assert.same({ "made", "made" }, { x.tags[1].name, x.tags[2].name })
    event.listen(m.User.addresses, "append", function() return 5 end, { retval = true })
    raises("ArgumentError", "User.addresses holds Address objects, a hook gave integer", function()
      m.User { name = "b" }.addresses:append(x)
    end)
  end)

  it("bulk_replace sees the whole list before its objects, and may change it", function()
    event.listen(m.User.addresses, "bulk_replace", function(user, values, initiator)
      log[#log + 1] = ("%s gets %d by %s"):format(user.name, #values, initiator.op)
      values[#values + 1] = m.Address { email = "more" }
    end)
    event.listen(m.User.addresses, "append", note("append"))
    local ann = m.User { name = "ann" }
    ann.addresses = { m.Address { email = "x" } }
    assert.equal("ann gets 1 by bulk_replace; ann append x by User.addresses bulk_replace; "
      .. "ann append more by User.addresses bulk_replace", taken())
    assert.equal(2, #ann.addresses)
    local kept = ann.addresses[1]
    ann.addresses = { kept }
    assert.equal("ann gets 1 by bulk_replace; ann append more by User.addresses bulk_replace", taken())
    session:add(ann)
    session:commit()
    assert.equal("more,x", w:list("SELECT email FROM address WHERE user_id IS NOT NULL ORDER BY email"))
  end)

  it("give the old value of a column, loaded when asked for", function()
    local u = m.User { name = "a" }
    session:add(u)
    session:commit()
    local olds = {}
    event.listen(m.User.name, "set", function(_, _, old, initiator)
      olds[#olds + 1] = show(old) .. " " .. initiator.op
    end)
    u.name = "b"
    assert.same({ "NO_VALUE replace" }, olds)
    session:commit()
    event.listen(m.User.name, "set", function(_, _, old) olds[#olds + 1] = show(old) end, { active_history = true })
    olds = {}
    u.name = "c"
    assert.equal("b", olds[#olds])
  end)

  it("take the options of all listeners", function()
    local n = 0
    event.listen(m.User.addresses, "append", function() n = n + 1 end, { once = true })
    event.listen(m.User.addresses, "append", function(given)
      assert.equal("x", given.value.email)
      assert.equal("append", given.initiator.op)
    end, { named = true })
    event.listen(m.User.addresses, "append", function(state) assert.is_true(state.transient) end, { raw = true })
    local ann = m.User { name = "ann" }
    ann.addresses:append(m.Address { email = "x" })
    ann.addresses:append(m.Address { email = "x" })
    assert.equal(1, n)
    raises("ArgumentError", "retval", event.listen, m.User.addresses, "remove", print, { retval = true })
    local err = raises("ArgumentError", "apend", event.listen, m.User.addresses, "apend", print)
    assert.equal("did you mean 'append'?", err.hint)
  end)

  it("that change the same list are refused or follow, but leave it whole", function()
    local ann = m.User { name = "ann", addresses = { m.Address { email = "x" }, m.Address { email = "y" } } }
    local clear = true
    event.listen(m.User.addresses, "remove", function(user)
      if clear then
        clear = false
        user.addresses:clear()
      end
    end)
    raises("InvalidRequestError", "a hook has changed User.addresses", function()
      ann.addresses:remove(ann.addresses[1])
    end)
    assert.equal(0, #ann.addresses)
    session:add(ann)
    session:commit()
    assert.equal("0", w:rows("SELECT count(*) FROM address WHERE user_id IS NOT NULL"))
  end)

  it("with active_history of the relationship know the old object, whichever side is changed", function()
    for _, active in ipairs { true, false } do
      w:close()
      w = world.open(world.models { ["Address.user"] = { back_populates = "addresses", active_history = active } })
      m, session = w.m, w:session()
      assert.equal(active, corm.inspect(m.Address).relationships.user.active_history)
      event.listen(m.Address.user, "set", function(_, value, old)
        log[#log + 1] = show(value) .. " was " .. show(old)
      end)
      session:add_all { m.User { name = "u", addresses = { m.Address { email = "x" } } }, m.User { name = "v" } }
      session:commit()
      for _, change in ipairs {
        function(address, user) address.user = user end,
        function(address, user) user.addresses:append(address) end,
        function(address, user) user.addresses = { address } end,
      } do
        session:expunge_all()
        taken()
        local address = session:get_one(m.Address, 1)
        change(address, session:get_one(m.User, 2))
        assert.equal(active and "v was u" or "v was NO_VALUE", taken())
        assert.equal(active and 1 or 0, #corm.inspect(address).attrs.user.history.deleted)
        session:rollback()
      end
    end
  end)
end)

describe("M28 validators", function()
  local Base, Parent, Child, seen, options

  local function define()
    Base = corm.declarative_base()
    Parent = Base:model("Parent", {
      __tablename__ = "parent",
      id = corm.Column(corm.Integer, { primary_key = true }),
      children = corm.relationship("Child", { back_populates = "parent" }),
      corm.validates("children", function(_, key, child, removing)
        seen[#seen + 1] = key .. (removing and "-" or "+") .. tostring(child.id)
        if child.id == 13 then error("unlucky", 0) end
        return child
      end, options or {}),
    })
    Child = Base:model("Child", {
      __tablename__ = "child",
      id = corm.Column(corm.Integer, { primary_key = true }),
      parent_id = corm.Column(corm.Integer, corm.ForeignKey("parent.id")),
      parent = corm.relationship("Parent", { back_populates = "children" }),
    })
  end

  before_each(function()
    seen = {}
    options = nil
  end)

  it("see what comes through a backref, and may refuse it", function()
    define()
    local p = Parent {}
    local c = Child { id = 1, parent = p }
    assert.same({ "children+1" }, seen)
    c.parent = nil
    assert.same({ "children+1" }, seen)
    local ok, err = pcall(function() return Child { id = 13, parent = p } end)
    assert.is_false(ok)
    assert.equal("unlucky", err)
    assert.equal(0, #p.children)
  end)

  it("do not with include_backrefs = false, and see removals with include_removes", function()
    options = { include_backrefs = false, include_removes = true }
    define()
    local p = Parent {}
    local c = Child { id = 13, parent = p }
    c.parent = nil
    assert.same({}, seen)
    local d = Child { id = 1 }
    p.children:append(d)
    p.children = { d, Child { id = 2 } }
    p.children:remove(d)
    assert.same({ "children+1", "children+1", "children+2", "children-1" }, seen)
  end)

  it("may make an object of what is none, once", function()
    local made = 0
    Base = corm.declarative_base()
    Child = Base:model("Child", {
      __tablename__ = "child",
      id = corm.Column(corm.Integer, { primary_key = true }),
      parent_id = corm.Column(corm.Integer, corm.ForeignKey("parent.id")),
    })
    Parent = Base:model("Parent", {
      __tablename__ = "parent",
      id = corm.Column(corm.Integer, { primary_key = true }),
      children = corm.relationship("Child"),
      corm.validates("children", function(_, _, value)
        made = made + 1
        return type(value) == "number" and Child { id = value } or value
      end),
    })
    local p = Parent { children = { 1, 2 } }
    assert.equal(2, made)
    p.children:append(3)
    p.children:extend { 4, 5 }
    p.children[6] = 6
    assert.equal(6, made)
    local ids = {}
    for child in p.children do ids[#ids + 1] = child.id end
    assert.same({ 1, 2, 3, 4, 5, 6 }, ids)
    raises("ArgumentError", "Parent.children holds Child objects, got string", p.children.append, p.children, "x")
  end)
end)
