-- Orphans of delete-orphan relationships: who leaves one parent for another is none, whether or not it knows one.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer = corm.Column, corm.ForeignKey, corm.Integer

local function models(is_known, cascade)
  local Base = corm.declarative_base()
  local function key() return Column(Integer, { primary_key = true }) end
  local m = { Base = Base }
  m.Parent = Base:model("Parent", {
    __tablename__ = "parent",
    id = key(),
    children = corm.relationship("Child", {
      cascade = cascade or "all, delete-orphan", back_populates = is_known and "parent" or nil, order_by = "Child.id",
    }),
  })
  m.Child = Base:model("Child", {
    __tablename__ = "child",
    id = key(),
    parent_id = Column(ForeignKey "parent.id"),
    parent = is_known and corm.relationship("Parent", { back_populates = "children" }) or nil,
  })
  return m
end

for _, is_known in ipairs { true, false } do
  describe("M11 an object that changes its parent, " .. (is_known and "which it knows," or "without knowing any,"),
    function()
      local w, m, session, a, b

      before_each(function()
        m = models(is_known)
        w = world.open(m)
        session = w:session()
        a, b = m.Parent { id = 1, children = { m.Child {}, m.Child {} } }, m.Parent { id = 2 }
        session:add_all { a, b }
        session:commit()
      end)
      after_each(function() w:close() end)

      local function move(child)
        b.children:append(child)
        if not is_known then a.children:remove(child) end
      end

      local function rows() return w:list "SELECT id, parent_id FROM child ORDER BY id" end

      it("is no orphan either where it forgets in the middle what it knew", function()
        for i, forget in ipairs { session.expire, session.refresh } do
          local last = m.Parent { id = 2 + i }
          session:add(last)
          session:commit()
          local child = session:get_one(m.Child, i)
          assert.equal(3 - i, #a.children + #b.children + #last.children)
          move(child)
          if not is_known then b.children:remove(child) end
          last.children = { child }
          forget(session, child)
          session:commit()
          assert.equal(tostring(2 + i), w:rows("SELECT parent_id FROM child WHERE id = " .. i))
        end
      end)

      it("is no orphan", function()
        assert.equal(0, #b.children)
        move(a.children[1])
        session:commit()
        assert.equal("1|2,2|1", rows())
        assert.equal(1, #b.children)
        assert.equal(1, #a.children)
        a.children:append(b.children[1])
        if not is_known then b.children:remove(b.children[1]) end
        session:commit()
        assert.equal("1|1,2|1", rows())
      end)

      it("is none either where it leaves first, or whole lists are assigned", function()
        assert.equal(2, #a.children + #b.children)
        local first, second = a.children[1], a.children[2]
        a.children:remove(first)
        b.children:append(first)
        session:commit()
        assert.equal("1|2,2|1", rows())
        assert.equal(2, #a.children + #b.children)
        a.children = { first }
        b.children = { second }
        session:commit()
        assert.equal("1|1,2|2", rows())
      end)

      it("stays when the old parent is deleted", function()
        assert.equal(2, #a.children + #b.children)
        move(a.children[1])
        session:delete(a)
        session:commit()
        assert.equal("1|2", rows())
      end)

      it("goes to a new parent", function()
        local c = m.Parent { id = 3, children = { a.children[1], a.children[2] } }
        a.children = {}
        session:add(c)
        session:commit()
        assert.equal("1|3,2|3", rows())
      end)

      it("is inserted if it is new", function()
        assert.equal(2, #a.children + #b.children)
        local new = m.Child { id = 3 }
        a.children:append(new)
        b.children:append(new)
        if not is_known then a.children:remove(new) end
        assert.is_true(session.new:contains(new))
        session:commit()
        assert.equal("1|1,2|1,3|2", rows())
        b.children:remove(new)
        session:commit()
        assert.equal("1|1,2|1", rows())
      end)

      it("has gone to its new parent for good after a flush, whatever the old list says later", function()
        assert.equal(2, #a.children + #b.children)
        local child = a.children[1]
        b.children:append(child)
        session:flush()
        if not is_known then a.children:remove(child) end
        session:commit()
        assert.equal("1|2,2|1", rows())
      end)

      it("cannot be given away when it is deleted already", function()
        local first = a.children[1]
        a.children:remove(first)
        raises("InvalidRequestError", "Child(id=1) has been deleted and cannot be added again", function()
          b.children:append(first) -- which reads the list, and so flushes
        end)
        assert.equal(0, #b.children)
        session:rollback()
        a.children:remove(first)
        raises("InvalidRequestError", "has been deleted", function() b.children = { first } end)
        session:commit()
        assert.equal("2|1", rows())
      end)
    end)
end

describe("M11 a child whose parent nobody has loaded", function()
  local w, m, session, b, child

  before_each(function()
    m = models(true)
    w = world.open(m)
    session = w:session()
    b = m.Parent { id = 2 }
    child = m.Child { id = 1 }
    session:add_all { b, m.Parent { id = 1, children = { child, m.Child { id = 2 } } } }
    session:commit()
  end)
  after_each(function() w:close() end)

  local function rows() return w:list "SELECT id, parent_id FROM child ORDER BY id" end

  it("is an orphan when it says that it has none", function()
    child.parent = nil
    session:commit()
    assert.equal("2|1", rows())
  end)

  it("is none when its row never had one, whether that is known or not", function()
    local free, known = m.Child { id = 3 }, m.Child { id = 4 }
    session:add_all { free, known }
    session:commit()
    assert.is_nil(known.parent_id)
    free.parent, known.parent, child.parent = nil, nil, nil
    session:commit()
    assert.equal("2|1,3|,4|", rows())
  end)

  it("is one when it has come to another parent and left that", function()
    assert.equal(0, #b.children)
    b.children:append(child)
    b.children:remove(child)
    session:commit()
    assert.equal("2|1", rows())
  end)

  it("is none when it has come to another parent, or come back", function()
    local a, second = session:get(m.Parent, 1), session:get(m.Child, 2)
    child.parent, second.parent = nil, nil
    child.parent, second.parent = b, a
    session:commit()
    assert.equal("1|2,2|1", rows())
    second.parent_id = nil -- says nothing of the relationship
    session:commit()
    assert.equal("1|2,2|", rows())
  end)
end)

describe("M11 a child without delete-orphan", function()
  it("has the key of the parent whose list it came to, in whatever order", function()
    local m = models(false, "save-update")
    local w = world.open(m)
    local session = w:session()
    local a, b = m.Parent { id = 1, children = { m.Child {} } }, m.Parent { id = 2 }
    session:add_all { a, b }
    session:commit()
    for _, pair in ipairs { { a, b }, { b, a } } do
      local from, to = table.unpack(pair)
      local child = from.children[1]
      to.children:append(child)
      from.children:remove(child)
      session:commit()
      assert.equal("1|" .. to.id, w:list "SELECT id, parent_id FROM child")
    end
    a.children:remove(a.children[1])
    session:commit()
    assert.equal("1|", w:list "SELECT id, parent_id FROM child")
    w:close()
  end)
end)

for _, is_known in ipairs { true, false } do
  describe("M11 a chain of children" .. (is_known and "" or " that do not know their parents"), function()
    local depth = math.tointeger(20000 * (tonumber(os.getenv "CORM_TEST_SHARE") or 1) // 1)
    local w, session, nodes

    before_each(function()
      local Base = corm.declarative_base()
      local m = { Base = Base }
      m.Node = Base:model("Node", {
        __tablename__ = "node",
        id = Column(Integer, { primary_key = true, autoincrement = false }),
        parent_id = Column(ForeignKey "node.id", { index = true }),
      })
      m.Node.children = corm.relationship("Node", {
        cascade = "all, delete-orphan", back_populates = is_known and "parent" or nil,
      })
      if is_known then
        m.Node.parent = corm.relationship("Node", { back_populates = "children", remote_side = m.Node.id })
      end
      w = world.open(m)
      session = w:session { expire_on_commit = false }
      nodes = {}
      for i = depth, 1, -1 do nodes[i] = m.Node { id = i, children = { nodes[i + 1] } } end
      session:add(nodes[1])
      session:commit()
    end)
    after_each(function() w:close() end)

    local function count() return w:list "SELECT count(*) FROM node" end

    it("goes with its first, without a deep stack", function()
      assert.equal(tostring(depth), count())
      nodes[1].children:remove(nodes[2])
      session:commit()
      assert.equal("1", count())
    end)

    it("goes where all left their parents", function()
      for i = 1, depth - 1 do nodes[i].children:remove(nodes[i + 1]) end
      session:commit()
      assert.equal("1", count())
    end)
  end)
end

describe("M11 an orphan on the side of the one", function()
  local w, session, Owner, Thing

  local function open(uselist)
    local Base = corm.declarative_base()
    local function key() return Column(Integer, { primary_key = true }) end
    Owner = Base:model("Owner", {
      __tablename__ = "owner", id = key(),
      things = corm.relationship("Thing", { back_populates = "owner", uselist = uselist }),
    })
    Thing = Base:model("Thing", {
      __tablename__ = "thing", id = key(), owner_id = Column(ForeignKey "owner.id"),
      owner = corm.relationship("Owner", {
        back_populates = "things", single_parent = true, cascade = "all, delete-orphan",
      }),
    })
    w = world.open { Base = Base }
    session = w:session()
    session:add(Thing { id = 1, owner = Owner { id = 1 } })
    session:commit()
    session:expunge_all()
  end
  local function rows() return w:list "SELECT id FROM owner" .. ":" .. w:list "SELECT id, owner_id FROM thing" end
  after_each(function() w:close() end)

  for _, uselist in ipairs { true, false } do
    local function things(thing)
      if uselist then return { thing } end
      return thing
    end

    it("is deleted, too, when its object goes to another one's " .. (uselist and "list" or "place"), function()
      open(uselist)
      session:add(Owner { id = 2, things = things(session:get_one(Thing, 1)) })
      session:commit()
      assert.equal("2:1|2", rows())
    end)

    it("is deleted, too, when it lets go of it by its own " .. (uselist and "list" or "place"), function()
      open(uselist)
      session:get_one(Owner, 1).things = things()
      session:commit()
      assert.equal(":1|", rows())
    end)
  end
end)
