-- Relationships by conditions that the script gives.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local and_, foreign, func, relationship, remote, select =
  corm.and_, corm.foreign, corm.func, corm.relationship, corm.remote, corm.select

local function key()
  return Column(Integer, { primary_key = true })
end

local function names(list)
  local found = {}
  for i, each in ipairs(list) do found[i] = each.name end
  return table.concat(found, " ")
end

-- Shops have items of a kind, and items whose price lies below their limit; a region is known by its code alone.
local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.shop_item = corm.Table("shop_item", Base.metadata,
    Column("shop_id", Integer, ForeignKey "shop.id", { primary_key = true }),
    Column("item_id", Integer, ForeignKey "item.id", { primary_key = true }),
    Column("kind", String(10), { server_default = "own" }))
  m.Shop = Base:model("Shop", {
    __tablename__ = "shop", id = key(), name = Column(String(20)), code = Column(String(20)),
    price_limit = Column(Integer),
    toys = relationship("Item", {
      primaryjoin = function() return and_(m.Shop.id:eq(m.Item.shop_id), m.Item.kind:eq "toy") end,
      order_by = "Item.id",
    }),
    cheap = relationship("Item", {
      primaryjoin = function() return m.Shop.price_limit:ge(foreign(m.Item.price)) end,
      viewonly = true, order_by = "Item.id",
    }),
    region = relationship("Region", {
      primaryjoin = function() return m.Region.code:eq(foreign(m.Shop.code)) end, back_populates = "shops",
    }),
    lent = relationship("Item", {
      secondary = "shop_item", order_by = "Item.id", viewonly = true,
      primaryjoin = function() return and_(m.Shop.id:eq(m.shop_item.c.shop_id), m.shop_item.c.kind:eq "lent") end,
      secondaryjoin = function() return m.shop_item.c.item_id:eq(m.Item.id) end,
    }),
  })
  m.Item = Base:model("Item", {
    __tablename__ = "item", id = key(), name = Column(String(20)), kind = Column(String(10)), price = Column(Integer),
    shop_id = Column(Integer, ForeignKey "shop.id"),
    open_shop = relationship("Shop", {
      primaryjoin = function() return and_(m.Shop.id:eq(m.Item.shop_id), m.Shop.name:ne "closed") end,
      viewonly = true,
    }),
  })
  m.Region = Base:model("Region", {
    __tablename__ = "region", id = key(), code = Column(String(20)),
    shops = relationship("Shop", {
      primaryjoin = function() return m.Region.code:eq(m.Shop.code) end, foreign_keys = "Shop.code",
      back_populates = "region", order_by = "Shop.id",
    }),
    alike = relationship("Shop", {
      primaryjoin = function() return func.lower(m.Region.code):eq(func.lower(foreign(m.Shop.code))) end,
      viewonly = true, order_by = "Shop.id",
    }),
  })
  -- A tree by paths: what lies below starts with the own path.
  m.Folder = Base:model("Folder", {
    __tablename__ = "folder", id = key(), name = Column(String(20)), path = Column(String(50)),
    below = relationship("Folder", {
      primaryjoin = function()
        return remote(foreign(m.Folder.path)):like(m.Folder.path:concat "/%")
      end,
      viewonly = true, order_by = "Folder.id",
    }),
  })
  return m
end

describe("M09 a relationship by a condition", function()
  local w, m, session

  before_each(function()
    w = world.open(models())
    m = w.m
    session = w:session()
    session:add_all {
      m.Shop { id = 1, name = "one", code = "N", price_limit = 5 },
      m.Shop { id = 2, name = "two", code = "n", price_limit = 10 },
      m.Shop { id = 3, name = "closed", code = "S" }, m.Region { id = 1, code = "N" }, m.Region { id = 2, code = "S" },
    }
    session:flush()
    session:add_all {
      m.Item { id = 1, name = "doll", kind = "toy", price = 4, shop_id = 1 },
      m.Item { id = 2, name = "pan", kind = "tool", price = 8, shop_id = 1 },
      m.Item { id = 3, name = "ball", kind = "toy", price = 5, shop_id = 2 },
      m.Item { id = 4, name = "car", kind = "toy", price = 90, shop_id = 3 },
    }
    session:flush()
    session:execute(corm.insert(m.shop_item), {
      { shop_id = 1, item_id = 3, kind = "lent" }, { shop_id = 1, item_id = 4, kind = "own" },
    })
    session:commit()
    session:close()
    session = w:session()
  end)
  after_each(function() w:close() end)

  local function shops(...)
    return session:scalars(select(m.Shop):order_by(m.Shop.id):options(...)):all()
  end

  it("with a part about the target loads by the keys, together for all", function()
    local all = shops()
    local sent = w:statements(function() assert.equal("doll", names(all[1].toys)) end)
    assert.equal(1, #sent)
    local expected = "WHERE item.shop_id IN (?, ?, ?) AND item.kind = ? ORDER BY item.id"
    assert.is_truthy(sent[1]:find(expected, 1, true), sent[1])
    assert.equal(0, w:count(function()
      assert.equal("ball", names(all[2].toys))
      assert.equal("car", names(all[3].toys))
    end))
  end)

  it("is written like one by a foreign key", function()
    local shop = session:get(m.Shop, 2)
    shop.toys:append(m.Item { id = 5, name = "kite", kind = "toy" })
    session:commit()
    assert.equal("2", w:rows "SELECT shop_id FROM item WHERE id = 5")
    assert.equal("ball kite", names(shop.toys))
    shop.toys:remove(shop.toys[1])
    session:commit()
    assert.equal("", w:rows "SELECT shop_id FROM item WHERE id = 3")
  end)

  it("is joined, and looked for by any, contains and filters", function()
    for _, how in ipairs { corm.joinedload, corm.selectinload, corm.subqueryload } do
      session:expunge_all()
      local all
      local n = w:count(function() all = session:scalars(select(m.Shop):order_by(m.Shop.id):options(how(m.Shop.toys),
        how(m.Shop.cheap))):unique():all() end)
      assert.equal(how == corm.joinedload and 1 or 3, n)
      assert.equal(0, w:count(function()
        assert.equal("doll", names(all[1].toys))
        assert.equal("doll ball", names(all[1].cheap))
        assert.equal("doll pan ball", names(all[2].cheap))
        assert.equal("", names(all[3].cheap))
      end))
    end
    local function ids(condition)
      local found = {}
      for shop in session:scalars(select(m.Shop):where(condition):order_by(m.Shop.id)) do
        found[#found + 1] = shop.id
      end
      return table.concat(found, " ")
    end
    local pan, ball = session:get(m.Item, 2), session:get(m.Item, 3)
    assert.equal("", ids(m.Shop.toys:any { name = "pan" }))
    assert.equal("2", ids(m.Shop.toys:any { name = "ball" }))
    assert.equal("", ids(m.Shop.toys:contains(pan)))
    assert.equal("2", ids(m.Shop.toys:contains(ball)))
    assert.equal("1 2", ids(m.Shop.cheap:contains(ball)))
    assert.equal("2", ids(m.Shop.cheap:any { name = "pan" }))
    assert.same({ { 1, "doll" }, { 2, "ball" }, { 3, "car" } }, (function()
      local found = {}
      for row in session:execute(select(m.Shop.id, m.Item.name):join(m.Shop.toys):order_by(m.Shop.id)) do
        found[#found + 1] = { row[1], row[2] }
      end
      return found
    end)())
  end)

  it("that is no equality goes by the parents", function()
    local all = shops()
    local sent = w:statements(function() assert.equal("doll ball", names(all[1].cheap)) end)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("JOIN shop AS shop_1 ON shop_1.price_limit >= item.price", 1, true), sent[1])
    assert.is_truthy(sent[1]:find("WHERE shop_1.id IN (?, ?, ?)", 1, true), sent[1])
    assert.equal(0, w:count(function() assert.equal("doll pan ball", names(all[2].cheap)) end))
    session:expire(all[1])
    assert.equal("doll ball", names(all[1].cheap))
  end)

  it("is asked for one parent by with_parent", function()
    local one = session:get(m.Shop, 1)
    local function of(relation)
      return names(session:scalars(select(m.Item):where(corm.with_parent(one, relation)):order_by(m.Item.id)):all())
    end
    assert.equal("doll", of(m.Shop.toys))
    assert.equal("doll ball", of(m.Shop.cheap))
    assert.equal("ball", of(m.Shop.lent))
    raises("InvalidRequestError", "has a condition of its own", function() return m.Item.open_shop:in_ { one } end)
  end)

  it("makes a relationship without a foreign key, in both directions", function()
    local region, shop = session:get(m.Region, 2), session:get(m.Shop, 3)
    assert.is_true(rawequal(region, shop.region))
    assert.equal("closed", names(region.shops))
    local new = m.Shop { id = 4, name = "four" }
    region.shops:append(new)
    assert.is_true(rawequal(region, new.region))
    session:commit()
    assert.equal("S", w:rows "SELECT code FROM shop WHERE id = 4")
    new.region = nil
    session:commit()
    assert.equal("", w:rows "SELECT code FROM shop WHERE id = 4")
  end)

  it("of functions", function()
    local found = session:scalars(select(m.Region):order_by(m.Region.id)):all()
    assert.equal("one two", names(found[1].alike))
    assert.equal("closed", names(found[2].alike))
    assert.equal(2, session:scalar(select(func.count()):select_from(m.Region):join(m.Region.alike)
      :where(m.Region.id:eq(1))))
  end)

  it("to one object, of which a part may say no", function()
    local items = session:scalars(select(m.Item):order_by(m.Item.id)):all()
    assert.equal("one", items[1].open_shop.name)
    assert.is_nil(items[4].open_shop)
    local two = session:get(m.Shop, 2)
    local function ids(condition)
      local found = {}
      for item in session:scalars(select(m.Item):where(condition):order_by(m.Item.id)) do
        found[#found + 1] = item.id
      end
      return table.concat(found, " ")
    end
    assert.equal("3", ids(m.Item.open_shop:eq(two)))
    assert.equal("1 2 4", ids(m.Item.open_shop:ne(two)))
    assert.equal("4", ids(m.Item.open_shop:is_(nil)))
    assert.equal("", ids(m.Item.open_shop:eq(session:get(m.Shop, 3))))
  end)

  it("through a secondary table of which a part counts", function()
    local all = shops()
    assert.equal(1, w:count(function() assert.equal("ball", names(all[1].lent)) end))
    assert.equal("", names(all[2].lent))
    session:expunge_all()
    assert.equal("ball", names(shops(corm.joinedload(m.Shop.lent))[1].lent))
    assert.equal(1, session:scalar(select(func.count()):select_from(m.Shop):where(m.Shop.lent:any())))
  end)

  it("of a table with itself, whose far columns are remote", function()
    session:add_all {
      m.Folder { id = 1, name = "a", path = "a" }, m.Folder { id = 2, name = "b", path = "a/b" },
      m.Folder { id = 3, name = "c", path = "a/b/c" }, m.Folder { id = 4, name = "d", path = "ad" },
    }
    session:commit()
    local all = session:scalars(select(m.Folder):order_by(m.Folder.id)):all()
    assert.equal("b c", names(all[1].below))
    assert.equal("c", names(all[2].below))
    assert.equal("", names(all[4].below))
    local top = session:scalars(select(m.Folder):where(m.Folder.below:any { name = "c" }):order_by(m.Folder.id)):all()
    assert.equal("a b", names(top))
    session:expunge_all()
    local joined = session:scalars(select(m.Folder):order_by(m.Folder.id):options(corm.joinedload(m.Folder.below)))
      :unique():all()
    assert.equal("b c", names(joined[1].below))
  end)
end)

describe("M09 conditions of trees and backrefs", function()
  local function tree(options, parent)
    local Base = corm.declarative_base()
    local Node
    Node = Base:model("Node", {
      __tablename__ = "node", id = key(), name = Column(String(20)), parent_id = Column(Integer),
      children = relationship("Node", options(function() return Node end)),
      parent = parent and relationship("Node", parent(function() return Node end)),
    })
    return { Base = Base, Node = Node }
  end

  it("know the other end by remote(), from both sides", function()
    local w = world.open(tree(function(node)
      return {
        primaryjoin = function() return node().id:eq(remote(foreign(node().parent_id))) end, backref = "parent",
        order_by = "Node.id",
      }
    end))
    local Node = w.m.Node
    local session = w:session()
    local top = Node { name = "top", children = { Node { name = "a" }, Node { name = "b" } } }
    session:add(top)
    session:commit()
    assert.equal("a b", names(top.children))
    assert.equal("top", top.children[2].parent.name)
    assert.equal("1,1", w:list "SELECT parent_id FROM node WHERE parent_id IS NOT NULL")
    session:expunge_all()
    local b = session:scalars(select(Node):where(Node.parent:has { name = "top" }):order_by(Node.id)):all()[2]
    assert.equal("b", b.name)
    assert.equal("top", b.parent.name)
    w:close()
  end)

  it("and by remote_side", function()
    local w = world.open(tree(function(node)
      return {
        primaryjoin = function() return node().id:eq(node().parent_id) end, foreign_keys = "Node.parent_id",
        back_populates = "parent", order_by = "Node.id",
      }
    end, function(node)
      return {
        primaryjoin = function() return node().id:eq(node().parent_id) end, foreign_keys = "Node.parent_id",
        back_populates = "children", remote_side = "Node.id",
      }
    end))
    local Node = w.m.Node
    local session = w:session()
    local child = Node { name = "child", parent = Node { name = "top" } }
    session:add(child)
    session:commit()
    assert.equal("child", names(child.parent.children))
    w:close()
  end)
end)

describe("M09 refuses", function()
  local function refused(class, text, options, more)
    local Base = corm.declarative_base()
    local A, B
    B = Base:model("B", { __tablename__ = "b", id = key(), a_id = Column(Integer), n = Column(Integer) })
    local C = Base:model("C", { __tablename__ = "c", id = key() })
    A = Base:model("A", {
      __tablename__ = "a", id = key(), n = Column(Integer), b_id = Column(Integer),
      bs = relationship("B", type(options) == "function" and options(function() return A, B, C end) or options),
    })
    if more then more(A, B) end
    local err = raises(class, text, A)
    return err, A
  end

  it("conditions without foreign columns, or without an equality to write by", function()
    refused("ArgumentError", "Could not locate any relevant foreign key columns for primaryjoin condition on "
      .. "relationship A.bs", function(all)
      return { primaryjoin = function() local A, B = all() return A.id:eq(B.a_id) end }
    end)
    refused("ArgumentError", "can be marked as viewonly = true", function(all)
      return { primaryjoin = function() local A, B = all() return A.id:lt(foreign(B.a_id)) end }
    end)
    refused("ArgumentError", "Can't determine relationship direction for relationship A.bs", function(all)
      return { primaryjoin = function()
        local A, B = all()
        return and_(A.id:eq(foreign(B.a_id)), foreign(A.b_id):eq(B.id))
      end }
    end)
  end)

  it("columns of other tables, selects, and what is no condition", function()
    refused("ArgumentError", "primaryjoin of relationship A.bs names column 'c.id', which is of no table that it joins",
      function(all)
        return { primaryjoin = function()
          local A, B, C = all()
          return and_(A.id:eq(foreign(B.a_id)), C.id:eq(B.n))
        end }
      end)
    refused("ArgumentError", "holds a select", function(all)
      return { primaryjoin = function()
        local A, B, C = all()
        return and_(A.id:eq(foreign(B.a_id)), B.n:eq(select(func.max(C.id)):scalar_subquery()))
      end }
    end)
    refused("ArgumentError", "strings are never SQL", { primaryjoin = "A.id == B.a_id" })
    refused("ArgumentError", "primaryjoin", { primaryjoin = function() return 5 end })
    refused("ArgumentError", "no secondary argument", function(all)
      return { secondaryjoin = function() local A, B = all() return A.id:eq(B.a_id) end }
    end)
    raises("ArgumentError", "foreign: a column expected", foreign, func.lower "x")
    raises("ArgumentError", "remote", remote, 5)
  end)
end)

describe("M13 sync_backref", function()
  it("= false leaves the other side as it is", function()
    local w = world.open(world.models {
      ["User.addresses"] = { sync_backref = false }, ["Address.user"] = { sync_backref = false },
    })
    local m, session = w.m, w:session()
    local user, address = m.User { name = "a" }, m.Address { email = "x" }
    address.user = user
    assert.equal(0, #user.addresses)
    session:add(address)
    session:commit()
    assert.equal("1", w:rows "SELECT user_id FROM address")
    assert.equal(1, #user.addresses)
    w:close()
  end)

  it("does not go with viewonly", function()
    raises("ArgumentError", "sync_backref and viewonly cannot both be true", relationship, "X",
      { viewonly = true, sync_backref = true })
  end)
end)
