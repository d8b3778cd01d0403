local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select = corm.select
local selectinload, joinedload = corm.selectinload, corm.joinedload

describe("eager loading", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    local tags = { m.Tag { name = "t1" }, m.Tag { name = "t2" } }
    local city = m.City { name = "rome" }
    for i = 1, 4 do
      local u = m.User { name = "u" .. i }
      for k = 1, i - 1 do
        u.addresses:append(m.Address { email = i .. "." .. k, city = city, tags = k == 1 and tags or { tags[1] } })
      end
      session:add(u)
    end
    session:commit()
    session:expunge_all()
    session:commit()
    w:statements()
  end)
  after_each(function() w:close() end)

  local function load(stmt)
    return session:scalars(stmt):all()
  end

  local function emails(user)
    local list = {}
    for _, a in ipairs(user.addresses) do list[#list + 1] = a.email end
    return table.concat(list, " ")
  end

  describe("by selectinload", function()
    it("takes one statement more for each relationship, and none afterwards", function()
      local users = load(select(m.User):order_by(m.User.id):options(selectinload(m.User.addresses)))
      assert.equal(2, w:count())
      assert.equal(4, #users)
      assert.equal(0, w:count(function()
        assert.equal("", emails(users[1]))
        assert.equal("4.1 4.2 4.3", emails(users[4]))
        assert.is_true(rawequal(users[4], users[4].addresses[1].user))
      end))
    end)

    it("asks by IN, and not for a many-to-one with a join", function()
      session:get(m.Address, 1).city = m.City { name = "oslo" }
      session:commit()
      session:expunge_all()
      w:statements()
      load(select(m.Address):options(selectinload(m.Address.city)))
      local statements = w:statements()
      assert.equal(2, #statements)
      assert.is_truthy(statements[2]:find("FROM city WHERE city.id IN (?, ?)", 1, true))
      assert.is_nil(statements[2]:find("JOIN", 1, true))
    end)

    it("goes down a path", function()
      local users = load(select(m.User):order_by(m.User.id)
        :options(selectinload(m.User.addresses):selectinload(m.Address.tags),
          selectinload(m.User.addresses):joinedload(m.Address.city)))
      assert.equal(3, w:count())
      assert.equal(0, w:count(function()
        assert.equal("t2", users[2].addresses[1].tags[2].name)
        assert.equal(1, #users[3].addresses[2].tags)
        assert.equal("rome", users[3].addresses[2].city.name)
      end))
    end)

    it("takes 500 keys at a time", function()
      local conn = w.engine:connect()
      conn:execute(corm.insert(m.User), (function()
        local rows = {}
        for i = 1, 1200 do rows[i] = { id = 1000 + 2 * i, name = "n" } end
        return rows
      end)())
      conn:commit()
      conn:close()
      w:statements()
      local users = load(select(m.User):where(m.User.id:gt(1000)):options(selectinload(m.User.addresses)))
      assert.equal(1200, #users)
      assert.equal(1 + 3, w:count())
    end)

    it("works with composite keys", function()
      local Base = corm.declarative_base()
      local Order = Base:model("Order", {
        __tablename__ = "ord",
        shop = corm.Column(corm.Integer, { primary_key = true }),
        no = corm.Column(corm.Integer, { primary_key = true }),
        lines = corm.relationship("Line", { order_by = "Line.id" }),
      })
      local Line = Base:model("Line", {
        __tablename__ = "line",
        id = corm.Column(corm.Integer, { primary_key = true }),
        shop = corm.Column(corm.Integer),
        no = corm.Column(corm.Integer),
        corm.ForeignKeyConstraint({ "shop", "no" }, { "ord.shop", "ord.no" }),
      })
      Base.metadata:create_all(w.engine)
      for shop = 1, 2 do
        for no = 1, 2 do session:add(Order { shop = shop, no = no, lines = { Line { id = shop * 10 + no } } }) end
      end
      session:commit()
      session:expunge_all()
      local orders = load(select(Order):options(selectinload(Order.lines)):order_by(Order.shop, Order.no))
      w:statements()
      local ids = {}
      for i, order in ipairs(orders) do
        assert.equal(1, #order.lines)
        ids[i] = order.lines[1].id
      end
      assert.same({ 11, 12, 21, 22 }, ids)
      assert.equal(0, w:count())
    end)
  end)

  describe("by joinedload", function()
    it("takes one statement, and gives each parent once", function()
      local users = load(select(m.User):order_by(m.User.id):options(joinedload(m.User.addresses)))
      assert.equal(1, w:count())
      assert.equal(4, #users)
      assert.equal(0, w:count(function()
        assert.equal("", emails(users[1]))
        assert.equal("4.1 4.2 4.3", emails(users[4]))
      end))
      assert.equal(4, #session:scalars(select(m.User):options(joinedload(m.User.addresses))):unique():all())
    end)

    it("limits parents, not rows", function()
      local users = load(select(m.User):order_by(m.User.id:desc()):limit(2):options(joinedload(m.User.addresses)))
      assert.equal(1, w:count())
      assert.equal(2, #users)
      assert.equal("4.1 4.2 4.3", emails(users[1]))
      assert.equal("3.1 3.2", emails(users[2]))
    end)

    it("is invisible to the query's own criteria and order", function()
      local users = load(select(m.User):join(m.User.addresses):where(m.Address.email:eq("4.2"))
        :options(joinedload(m.User.addresses)))
      assert.equal(1, #users)
      assert.equal("4.1 4.2 4.3", emails(users[1]))
    end)

    it("towards one object, also where there is none", function()
      session:add(m.Address { email = "lonely" })
      session:commit()
      session:expunge_all()
      w:statements()
      local addresses = load(select(m.Address):order_by(m.Address.id):options(joinedload(m.Address.city),
        joinedload(m.Address.user)))
      assert.equal(1, w:count())
      assert.equal(0, w:count(function()
        assert.equal("rome", addresses[1].city.name)
        assert.is_true(rawequal(addresses[1].city, addresses[2].city))
        assert.equal("u2", addresses[1].user.name)
        assert.is_nil(addresses[#addresses].city)
        assert.is_nil(addresses[#addresses].user)
      end))
    end)

    it("of two levels and of many to many", function()
      local users = load(select(m.User):order_by(m.User.id)
        :options(joinedload(m.User.addresses):joinedload(m.Address.tags)))
      assert.equal(1, w:count())
      assert.equal(0, w:count(function()
        assert.equal("3.1 3.2", emails(users[3]))
        assert.equal(2, #users[3].addresses[1].tags)
        assert.equal(1, #users[3].addresses[2].tags)
      end))
    end)

    it("of an object that is got by its key", function()
      local u = session:get(m.User, 4, { options = { joinedload(m.User.addresses) } })
      assert.equal(1, w:count())
      assert.equal("4.1 4.2 4.3", emails(u))
      assert.equal(0, w:count())
    end)
  end)

  it("as the mapping says it", function()
    w:close()
    w = world.open(world.models { ["User.addresses"] = { lazy = "selectin" }, ["Address.city"] = { lazy = "joined" } })
    m = w.m
    session = w:session()
    session:add(m.User { name = "u", addresses = { m.Address { email = "e", city = m.City { name = "c" } } } })
    session:commit()
    session:expunge_all()
    w:statements()
    local users = load(select(m.User))
    assert.equal(2, w:count())
    assert.equal(0, w:count(function() assert.equal("c", users[1].addresses[1].city.name) end))
    session:expunge_all()
    load(select(m.User):options(corm.lazyload(m.User.addresses)))
    assert.equal(1, w:count())
  end)

  it("fills only what is not loaded, and leaves changes alone", function()
    local u = session:get(m.User, 3)
    u.addresses:remove(u.addresses[1])
    session:no_autoflush(function()
      load(select(m.User):options(selectinload(m.User.addresses)))
      load(select(m.User):options(joinedload(m.User.addresses)))
    end)
    assert.equal("3.2", emails(u))
  end)

  describe("by other strategies", function()
    it("immediateload loads with the query", function()
      local users = load(select(m.User):order_by(m.User.id):options(corm.immediateload(m.User.addresses)))
      w:statements()
      assert.equal("4.1 4.2 4.3", emails(users[4]))
      assert.equal(0, w:count())
    end)

    it("raiseload makes the access an error that names the attribute", function()
      local users = load(select(m.User):options(corm.raiseload(m.User.addresses)))
      local err = raises("InvalidRequestError", "User.addresses", function() return users[1].addresses end)
      assert.is_truthy(err.message)
      assert.equal("u1", users[1].name)
    end)

    it("noload leaves it empty", function()
      local users = load(select(m.User):order_by(m.User.id):options(corm.noload(m.User.addresses)))
      w:statements()
      assert.equal(0, #users[4].addresses)
      assert.equal(0, w:count())
    end)

    it("lazyload loads one by one", function()
      local users = load(select(m.User):order_by(m.User.id):options(corm.lazyload(m.User.addresses)))
      w:statements()
      for _, u in ipairs(users) do assert.is_truthy(#u.addresses >= 0) end
      assert.equal(4, w:count())
    end)
  end)

  it("is asked for by options that fit", function()
    assert.equal("selectinload(User.addresses):joinedload(Address.city)",
      tostring(selectinload(m.User.addresses):joinedload(m.Address.city)))
    raises("ArgumentError", "Relationship expected", selectinload, m.User.name)
    raises("ArgumentError", "Relationship expected, got string", joinedload, "addresses")
    raises("ArgumentError", "one relationship expected", selectinload, m.User.addresses, m.Address.city)
    raises("ArgumentError", "Tag.addresses is no relationship of Address", function()
      selectinload(m.User.addresses):selectinload(m.Tag.addresses)
    end)
    raises("ArgumentError", "Address.city does not belong to an entity of this query", load,
      select(m.User):options(selectinload(m.Address.city)))
    raises("ArgumentError", "loader option", function() select(m.User):options(m.User.addresses) end)
  end)

  it("by an option for all frees what says lazy = \"raise\", also where a class would come again", function()
    local Base = corm.declarative_base()
    local Node = Base:model("Node", {
      __tablename__ = "knot",
      id = corm.Column(corm.Integer, { primary_key = true }),
      up_id = corm.Column(corm.Integer, corm.ForeignKey "knot.id"),
      downs = corm.relationship("Node", { lazy = "raise" }),
    })
    Base.metadata:create_all(w.engine)
    session:add_all { Node { id = 1 }, Node { id = 2, up_id = 1 } }
    session:commit()
    for _, how in ipairs { "selectinload", "joinedload", "subqueryload", "immediateload" } do
      session:expunge_all()
      local node = session:scalars(select(Node):where(Node.id:eq(1)):options(corm[how] "*")):unique():one()
      assert.equal(2, node.downs[1].id)
    end
    session:expunge_all()
    raises("InvalidRequestError", "Node.downs", function() return session:get(Node, 1).downs end)
    session:close()
    Base.metadata:drop_all(w.engine)
  end)
end)
