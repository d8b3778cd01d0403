local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select = corm.select

describe("lazy loading", function()
  local w, m, session

  local function open(options)
    w = world.open(world.models(options))
    m = w.m
    session = w:session()
    local rome, oslo = m.City { name = "rome" }, m.City { name = "oslo" }
    for i = 1, 4 do
      session:add(m.User { name = "u" .. i, addresses = {
        m.Address { email = i .. "a", city = rome }, m.Address { email = i .. "b", city = i > 2 and oslo or nil },
      } })
    end
    session:commit()
    session:expunge_all()
    session:commit()
    w:statements()
  end
  after_each(function() w:close() end)

  local function users()
    return session:scalars(select(m.User):order_by(m.User.id)):all()
  end

  describe("of the default kind", function()
    before_each(function() open() end)

    it("loads for all the objects of a result with the first access", function()
      local all = users()
      assert.equal(1, w:count())
      assert.equal(1, w:count(function() assert.equal(2, #all[1].addresses) end))
      assert.equal(0, w:count(function()
        for i, u in ipairs(all) do
          assert.equal(i .. "a", u.addresses[1].email)
          assert.is_true(rawequal(u, u.addresses[2].user))
        end
      end))
    end)

    it("goes on level by level", function()
      local all = users()
      w:statements()
      local seen = {}
      for _, u in ipairs(all) do
        for _, a in ipairs(u.addresses) do seen[#seen + 1] = a.city and a.city.name or "-" end
      end
      assert.equal("rome - rome - rome oslo rome oslo", table.concat(seen, " "))
      assert.equal(2, w:count())
    end)

    it("asks for no more than one object where no others came with it", function()
      local u = session:get(m.User, 1)
      w:statements()
      assert.equal(2, #u.addresses)
      assert.is_truthy(w:statements()[1]:find("? = address.user_id", 1, true))
    end)

    it("leaves out objects that are loaded already, and those that are gone", function()
      local all = users()
      local first = session:get(m.User, 1)
      session:expire(first, { "addresses" })
      all[2] = nil
      collectgarbage()
      w:statements()
      assert.equal(2, #all[4].addresses)
      local sent = w:statements()
      assert.equal(1, #sent)
      assert.equal(2, #first.addresses)
    end)

    it("takes no statement for a many-to-one that is in the session, or for a NULL key", function()
      local cities = session:scalars(select(m.City)):all()
      local addresses = session:scalars(select(m.Address):order_by(m.Address.id)):all()
      w:statements()
      assert.equal("rome", addresses[1].city.name)
      assert.is_nil(addresses[2].city)
      assert.equal(2, #cities)
      assert.equal(0, w:count())
    end)

    it("takes no statement for objects that were never in the database", function()
      assert.equal(0, w:count(function()
        local u = m.User { name = "n" }
        assert.equal(0, #u.addresses)
        assert.is_nil(m.Address { email = "e" }.city)
        session:add(u)
        assert.equal(0, #u.addresses)
      end))
    end)

    it("believes the database of an object that was looked at before it had a row", function()
      local address, user, empty = m.Address { email = "n", user_id = 2 }, m.User { name = "n" }, m.User { name = "e" }
      empty.addresses = {}
      session:add_all { address, user, empty }
      assert.same({ nil, 0 }, { address.user, #user.addresses })
      session:flush()
      assert.equal("u2", address.user.name)
      session:execute(corm.insert(m.Address.__table__),
        { { email = "x", user_id = user.id }, { email = "y", user_id = empty.id } })
      assert.same({ "x", 0 }, { user.addresses[1].email, #empty.addresses })
    end)

    it("is an error for detached objects, which names the attribute", function()
      local u = session:get(m.User, 1)
      session:close()
      raises("DetachedInstanceError", "User.addresses", function() return u.addresses end)
    end)

    it("keeps the order of the mapping", function()
      session:add(m.Address { id = 100, email = "late", user_id = 1 })
      session:add(m.Address { id = 50, email = "early", user_id = 1 })
      session:commit()
      local list = {}
      for a in session:get(m.User, 1).addresses do list[#list + 1] = a.id end
      assert.same({ 1, 2, 50, 100 }, list)
    end)
  end)

  it("of kind select is one by one", function()
    open { ["User.addresses"] = { lazy = "select" } }
    local all = users()
    w:statements()
    for _, u in ipairs(all) do assert.equal(2, #u.addresses) end
    assert.equal(4, w:count())
  end)

  it("of kind raise is none", function()
    open { ["User.addresses"] = { lazy = "raise" } }
    local all = users()
    raises("InvalidRequestError", "User.addresses", function() return all[1].addresses end)
    local one = session:scalars(select(m.User):where(m.User.id:eq(1)):options(corm.selectinload(m.User.addresses)))
      :one()
    assert.equal(2, #one.addresses)
  end)

  it("of many to many loads for all siblings too", function()
    open()
    local t1, t2 = m.Tag { name = "t1" }, m.Tag { name = "t2" }
    for i, a in ipairs(session:scalars(select(m.Address)):all()) do a.tags = i % 2 == 0 and { t1, t2 } or { t1 } end
    session:commit()
    session:expunge_all()
    session:commit()
    local addresses = session:scalars(select(m.Address):order_by(m.Address.id)):all()
    w:statements()
    assert.equal(1, w:count(function()
      for i, a in ipairs(addresses) do assert.equal(i % 2 == 0 and 2 or 1, #a.tags) end
    end))
    assert.equal(8, #addresses[1].tags[1].addresses)
  end)

  it("of a tree goes up and down", function()
    open()
    session:add(m.Node { name = "root", children = {
      m.Node { name = "a", children = { m.Node { name = "a1" } } }, m.Node { name = "b" },
    } })
    session:commit()
    session:expunge_all()
    local root = session:scalars(select(m.Node):where(m.Node.parent_id:is_(nil))):one()
    assert.equal("a1", root.children[1].children[1].name)
    assert.equal("root", root.children[1].children[1].parent.parent.name)
    assert.equal(0, #root.children[2].children)
    assert.is_nil(root.parent)
  end)

  it("of one to one gives one object or nil", function()
    local Base = corm.declarative_base()
    local Person = Base:model("Person", {
      __tablename__ = "person",
      id = corm.Column(corm.Integer, { primary_key = true }),
      passport = corm.relationship("Passport", { back_populates = "person", uselist = false }),
    })
    local Passport = Base:model("Passport", {
      __tablename__ = "passport",
      id = corm.Column(corm.Integer, { primary_key = true }),
      person_id = corm.Column(corm.Integer, corm.ForeignKey("person.id")),
      person = corm.relationship("Person", { back_populates = "passport" }),
    })
    w = world.open({ Base = Base })
    session = w:session()
    local p = Person { passport = Passport {} }
    session:add_all { p, Person {} }
    session:commit()
    session:expunge_all()
    p = session:get(Person, 1)
    assert.equal(1, p.passport.id)
    assert.is_true(rawequal(p, p.passport.person))
    assert.is_nil(session:get(Person, 2).passport)
    local old = p.passport
    p.passport = Passport {}
    assert.is_nil(old.person)
    session:commit()
    assert.equal("1|\n2|1", w:rows("SELECT * FROM passport ORDER BY id"))
  end)
end)
