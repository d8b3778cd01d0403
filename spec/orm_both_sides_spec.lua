-- What goes along a relationship, and what the other side says at once.
local corm = require "corm"
local world = require "spec.support.world"

local Column, ForeignKey, Integer = corm.Column, corm.ForeignKey, corm.Integer
local relationship, select = corm.relationship, corm.select

local function key()
  return Column(Integer, { primary_key = true })
end

local function models(options)
  local Base = corm.declarative_base()
  local m = { Base = Base }
  options.order_by, options.back_populates = "Child.id", "parent"
  m.Parent = Base:model("Parent", { __tablename__ = "parent", id = key(), children = relationship("Child", options) })
  m.Child = Base:model("Child", {
    __tablename__ = "child", id = key(),
    parent_id = Column(Integer, ForeignKey("parent.id", { ondelete = "SET NULL" })),
    parent = relationship("Parent", { back_populates = "children" }),
  })
  return m
end

local w, m, session

local function open(options)
  w = world.open(models(options))
  m, session = w.m, w:session()
  local parent = m.Parent { children = { m.Child {}, m.Child {} } }
  return parent, parent.children[1], parent.children[2]
end

after_each(function()
  w:close()
end)

local function rows()
  return w:list "SELECT id, COALESCE(parent_id, 0) FROM child ORDER BY id"
end

describe("M11 cascades, one by one:", function()
  it("save-update takes what is reached along", function()
    local parent, a = open {}
    session:add(parent)
    assert.is_true(session:contains(a))
    local later = m.Child {}
    parent.children:append(later)
    assert.is_true(session:contains(later))
    session:commit()
    assert.equal("1|1,2|1,3|1", rows())
  end)

  it("without it nothing is added, and from the other side nothing ever is", function()
    local parent, a = open { cascade = false }
    session:add(parent)
    assert.is_false(session:contains(a))
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM child")
    local child = m.Child { parent = parent }
    assert.is_false(session:contains(child))
  end)

  it("delete deletes, else the key is taken out", function()
    local parent = open { cascade = "all" }
    session:add(parent)
    session:commit()
    session:delete(parent)
    session:commit()
    assert.equal("", rows())
    w:close()
    parent = open {}
    session:add(parent)
    session:commit()
    session:delete(parent)
    session:commit()
    assert.equal("1|0,2|0", rows())
  end)

  it("delete-orphan deletes what leaves, and never inserts what left before", function()
    local parent, a, b = open { cascade = "all, delete-orphan" }
    session:add(parent)
    session:flush()
    local pending = m.Child {}
    parent.children:append(pending)
    parent.children:remove(pending)
    assert.is_false(session:contains(pending))
    parent.children:remove(a)
    session:commit()
    assert.equal("2|1", rows())
    assert.is_true(rawequal(parent, b.parent))
    b.parent = nil
    session:commit()
    assert.equal("", rows())
  end)

  it("expunge takes along what is reached", function()
    local parent, a = open { cascade = "all" }
    session:add(parent)
    session:flush()
    session:expunge(parent)
    assert.is_false(session:contains(a))
  end)

  it("merge copies what is reached", function()
    local parent = open {}
    session:add(parent)
    session:commit()
    session:close()
    local merged = session:merge(m.Parent { id = 1, children = { m.Child { id = 2 } } })
    session:commit()
    assert.equal(1, #merged.children)
    assert.equal("1|0,2|1", rows())
  end)
end)

describe("M12 passive_deletes", function()
  it("= true leaves what is not loaded to the database", function()
    local parent = open { passive_deletes = true }
    session:add(parent)
    session:commit()
    session:expunge_all()
    parent = session:get(m.Parent, 1)
    session:delete(parent)
    assert.same({ "DELETE FROM parent WHERE parent.id = ?" }, w:statements(function() session:flush() end))
    session:commit()
    assert.equal("1|0,2|0", rows())
  end)

  it("= \"all\" leaves also what is loaded", function()
    local parent = open { passive_deletes = "all" }
    session:add(parent)
    session:commit()
    assert.equal(2, #parent.children)
    session:delete(parent)
    assert.equal(1, w:count(function() session:flush() end))
    session:commit()
    assert.equal("1|0,2|0", rows())
  end)
end)

describe("M13 both sides", function()
  it("say the same at once, without a statement", function()
    local parent, a, b = open {}
    session:add(parent)
    session:commit()
    local other = m.Parent {}
    session:add(other)
    session:commit()
    assert.equal(2, #parent.children)
    assert.equal(0, #other.children)
    assert.is_true(rawequal(a.parent, b.parent))
    assert.equal(0, w:count(function()
      a.parent = other
      assert.equal(1, #parent.children)
      assert.is_true(rawequal(a, other.children[1]))
      other.children:append(b)
      assert.is_true(rawequal(other, b.parent))
      assert.equal(0, #parent.children)
      other.children:remove(a)
      assert.is_nil(a.parent)
    end))
    session:commit()
    assert.equal("1|0,2|2", rows())
  end)

  it("do not load a list for what comes from the other side", function()
    local parent = open {}
    session:add(parent)
    session:commit()
    session:expunge_all()
    parent = session:scalars(select(m.Parent)):one()
    local child = m.Child {}
    session:add(child)
    assert.equal(0, w:count(function() child.parent = parent end))
    session:commit()
    assert.equal(3, #parent.children)
  end)
end)

describe("M13 an object that stands in a list more than once", function()
  it("leaves it when the last one goes", function()
    local parent, a, b = open { cascade = "all, delete-orphan" }
    session:add(parent)
    local list = parent.children
    list[1], list[2] = list[2], list[1]
    assert.same({ b, a }, { list[1], list[2] })
    for _, child in ipairs { a, b } do
      assert.equal(parent, child.parent)
      assert.is_true(session:contains(child))
    end
    session:commit()
    assert.equal("1|1,2|1", rows())
    list:append(list[1])
    assert.equal(a, list:pop(1))
    assert.same({ b, a }, { list[1], list[2] })
    assert.equal(parent, a.parent)
    list:append(a)
    list:remove(a)
    session:commit()
    assert.equal("1|1,2|1", rows())
    list:append(a)
    a.parent = nil
    assert.equal(1, #list)
    session:commit()
    assert.equal("2|1", rows())
  end)
end)

describe("M13 a new object that was looked at", function()
  local parent
  before_each(function()
    parent = open {}
    parent.children = {}
    session:add(parent)
    session:commit()
    assert.equal(1, parent.id)
  end)

  it("has what its row says once it has one", function()
    local child, other = m.Child { parent_id = 1 }, m.Parent { id = 2 }
    assert.is_nil(child.parent)
    assert.equal(0, #other.children)
    session:add_all { child, other }
    session:flush()
    assert.equal(parent, child.parent)
    session:add(m.Child { parent_id = 2 })
    session:flush()
    assert.equal(1, #other.children)
  end)

  it("keeps what was said of it", function()
    local other, a, b = m.Parent { id = 2, children = {} }, m.Child { parent_id = 1 }, m.Child { parent_id = 1 }
    a.parent = nil
    other.children:append(b)
    other.children:remove(b)
    session:add_all { a, b, m.Child { parent_id = 1, parent = corm.null }, other }
    session:flush()
    assert.equal(0, w:count(function() assert.same({ nil, 0 }, { a.parent, #other.children }) end))
    session:commit()
    assert.equal("1|0,2|0,3|0", rows())
    assert.equal(0, #parent.children)
  end)
end)

-- Items and tags, many to many.
local function tagged(item_options, tag_options, both)
  local Base = corm.declarative_base()
  local item_tag = corm.Table("item_tag", Base.metadata,
    Column("item_id", ForeignKey "item.id", { primary_key = true }),
    Column("tag_id", ForeignKey "tag.id", { primary_key = true }))
  item_options.secondary, tag_options.secondary = item_tag, item_tag
  item_options.back_populates, tag_options.back_populates = both and "items", both and "tags"
  w = world.open {
    Base = Base,
    Item = Base:model("Item", { __tablename__ = "item", id = key(), tags = relationship("Tag", item_options) }),
    Tag = Base:model("Tag", { __tablename__ = "tag", id = key(), items = both and relationship("Item", tag_options) }),
  }
  m, session = w.m, w:session()
end

local function links()
  return w:list "SELECT item_id, tag_id FROM item_tag ORDER BY item_id, tag_id"
end

describe("M13 many to many", function()
  it("an object that is put into a list again has one row", function()
    for _, both in ipairs { true, false } do
      tagged({ order_by = "Tag.id" }, {}, both or nil)
      local a, b = m.Tag { id = 1 }, m.Tag { id = 2 }
      local item = m.Item { tags = { a, b } }
      item.tags:append(a)
      session:add(item)
      session:commit()
      item.tags:append(b)
      assert.equal(3, #item.tags)
      session:commit()
      assert.equal("1|1,1|2", links())
      item.tags:append(a)
      item.tags:pop(1)
      session:commit()
      assert.equal("1|1,1|2", links())
      item.tags[1], item.tags[2] = item.tags[2], item.tags[1]
      session:commit()
      assert.equal("1|1,1|2", links())
      if both then w:close() end
    end
  end)

  it("who comes to a place for one from the other side displaces whom it had", function()
    for _, loaded in ipairs { true, false } do
      tagged({ uselist = false }, {}, true)
      local a, b, item = m.Tag { id = 1 }, m.Tag { id = 2 }, m.Item { id = 1 }
      item.tags = a
      session:add_all { a, b, item }
      session:commit()
      local function look() return loaded and item.tags end
      look()
      b.items:append(item)
      assert.equal(b, item.tags)
      assert.equal(0, #a.items)
      session:commit()
      assert.equal("1|2", links())
      look()
      a.items = { m.Item { id = 2 }, item }
      session:commit()
      assert.equal("1|1,2|1", links())
      look()
      session:add(m.Tag { id = 3, items = { item } })
      session:commit()
      assert.equal("1|3,2|1", links())
      assert.same({ 1, 0, 1 }, { #a.items, #b.items, #session:get_one(m.Tag, 3).items })
      if loaded then w:close() end
    end
  end)

  it("two places for one let go of each other", function()
    for _, loaded in ipairs { true, false } do
      tagged({ uselist = false }, { uselist = false }, true)
      local a, b, c, d = m.Item { id = 1 }, m.Item { id = 2 }, m.Tag { id = 1 }, m.Tag { id = 2 }
      a.tags, b.tags = c, d
      session:add_all { a, b }
      session:commit()
      if loaded then assert.same({ c, d }, { a.tags, b.tags }) end
      a.tags = d
      assert.same({ a, nil }, { d.items, b.tags })
      assert.is_nil(c.items)
      session:commit()
      assert.equal("1|2", links())
      if loaded then w:close() end
    end
  end)
end)
