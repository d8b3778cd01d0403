-- Cascades and options of relationships, by feature.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, relationship = corm.Column, corm.ForeignKey, corm.Integer, corm.relationship

describe("M11 refresh-expire cascade", function()
  local w, m, session

  before_each(function()
    w = world.open(world.models { ["User.addresses"] = { cascade = "all" }, ["Address.tags"] = { cascade = "all" } })
    m = w.m
    session = w:session()
    local tag = m.Tag { name = "t" }
    session:add(m.User { name = "a", addresses = {
      m.Address { email = "x", tags = { tag } }, m.Address { email = "y", city = m.City { name = "c" } },
    } })
    session:commit()
  end)
  after_each(function() w:close() end)

  local function load()
    local user = session:get(m.User, 1)
    local x, y = user.addresses[1], user.addresses[2]
    return user, x, y, x.tags[1], y.city
  end

  local function changed(...)
    local list = {}
    for _, object in ipairs { ... } do list[#list + 1] = session:is_modified(object) end
    return list
  end

  it("expires what is reached in memory, changes included, and nothing else", function()
    local user, x, y, tag, city = load()
    user.name, x.email, tag.name, city.name = "A", "X", "T", "C"
    session.autoflush = false
    session:expire(user)
    assert.same({ false, false, false, false, true }, changed(user, x, y, tag, city))
    assert.equal("x", x.email)
    assert.equal("t", tag.name)
    assert.equal("C", city.name)
    session:commit()
    assert.equal("x,y", w:list("SELECT email FROM address ORDER BY id"))
    assert.equal("C", w:list("SELECT name FROM city"))
  end)

  it("expunges what is pending", function()
    local user = load()
    local new = m.Address { email = "z" }
    user.addresses:append(new)
    assert.is_true(session:contains(new))
    session.autoflush = false
    session:expire(user)
    assert.is_false(session:contains(new))
    assert.is_true(corm.inspect(new).transient)
    session:commit()
    assert.equal("2", w:rows("SELECT count(*) FROM address"))
  end)

  it("belongs to refresh too, and not to names", function()
    session.expire_on_commit = false
    local user, x = load()
    session:commit()
    w:sql("UPDATE address SET email = 'q' WHERE id = 1;")
    session:expire(user, { "name" })
    assert.equal("x", x.email)
    session:refresh(user)
    assert.equal("q", x.email)
  end)

  it("is no part of the default", function()
    local _, _, y, _, city = load()
    city.name = "C"
    session.autoflush = false
    session:expire(y)
    assert.equal("C", city.name)
    assert.is_true(session:is_modified(city))
  end)

  it("goes once around a circle of 1,000 without recursion", function()
    local models = world.models { ["Node.children"] = { cascade = "all" }, ["Node.parent"] = { cascade = "all" } }
    local other = world.open(models)
    local s = other:session()
    local first = models.Node { name = "1" }
    local last = first
    for i = 2, 1000 do last = models.Node { name = tostring(i), parent = last } end
    s:add(first)
    s:flush()
    s:expire(first)
    assert.equal(1, other:count(function() assert.equal("1000", last.name) end))
    other:close()
  end)
end)

describe("M11 delete-orphan of a many-to-one", function()
  local w, m, session

  before_each(function()
    w = world.open(world.models { ["Address.city"] = { single_parent = true, cascade = "all, delete-orphan" } })
    m = w.m
    session = w:session()
    session:add(m.Address { email = "x", city = m.City { name = "c" } })
    session:commit()
    session:expunge_all()
  end)
  after_each(function() w:close() end)

  for _, how in ipairs { "is not loaded", "is in memory", "is loaded" } do
    for _, new in ipairs { "nothing", "another" } do
      it("deletes the old one for " .. new .. " where it " .. how, function()
        local address = session:get(m.Address, 1)
        local kept = how ~= "is not loaded" and session:get(m.City, 1) or nil
        if how == "is loaded" then assert.is_true(rawequal(kept, address.city)) end
        address.city = new == "another" and m.City { name = "d" } or nil
        session:commit()
        assert.equal(new == "another" and "d" or "", w:list("SELECT name FROM city"))
        assert.equal(new == "another" and "d" or nil, address.city and address.city.name)
      end)
    end
  end
end)

describe("M12 single_parent", function()
  local w, m

  before_each(function()
    w = world.open(world.models {
      ["Address.city"] = { single_parent = true, cascade = "all, delete-orphan", backref = "addresses" },
      ["Address.tags"] = { single_parent = true, cascade = "all, delete-orphan" },
    })
    m = w.m
  end)
  after_each(function() w:close() end)

  local message = "is already associated with another Address via its %s attribute, and is only allowed a single parent"

  it("refuses the second holder of a many-to-one reference", function()
    local city = m.City { name = "c" }
    local first, second = m.Address { email = "x", city = city }, m.Address { email = "y" }
    raises("InvalidRequestError", message:format "city", function() second.city = city end)
    raises("InvalidRequestError", message:format "city", m.Address, { email = "z", city = city })
    assert.is_nil(second.city)
    assert.equal(1, #city.addresses)
    first.city = city -- the same again
    first.city = nil
    second.city = city
    assert.is_true(rawequal(second, city.addresses[1]))
    local session = w:session()
    session:add_all { first, second }
    session:commit()
    assert.equal("2", w:rows("SELECT id FROM address WHERE city_id IS NOT NULL"))
  end)

  it("refuses the second holder of a many-to-many list", function()
    local tag = m.Tag { name = "t" }
    local first, second = m.Address { email = "x", tags = { tag } }, m.Address { email = "y" }
    raises("InvalidRequestError", message:format "tags", second.tags.append, second.tags, tag)
    raises("InvalidRequestError", message:format "tags", function() second.tags = { m.Tag { name = "u" }, tag } end)
    assert.equal(0, #second.tags)
    first.tags = { tag, m.Tag { name = "v" } }
    assert.equal(2, #first.tags)
    first.tags:remove(tag)
    second.tags:append(tag)
    assert.equal(1, #second.tags)
  end)

  it("counts what is loaded", function()
    local session = w:session()
    local tag = m.Tag { name = "t" }
    session:add(m.Address { email = "x", tags = { tag } })
    session:commit()
    assert.equal(1, #tag.addresses)
    raises("InvalidRequestError", message:format "tags", m.Address, { email = "y", tags = { tag } })
    assert.equal(0, #session.new)
  end)
end)

describe("an option that has no effect yet is refused:", function()
  local w, m
  before_each(function()
    w = world.open()
    m = w.m
  end)
  after_each(function() w:close() end)

  it("U33 yield_per of columns", function()
    local session = w:session()
    session:add_all { m.City { name = "a" }, m.City { name = "b" } }
    session:commit()
    local names = corm.select(m.City.name):order_by(m.City.name):execution_options { yield_per = 1 }
    assert.same({ "a", "b" }, session:scalars(names):all())
  end)

  it("U28 synchronize_session with a word that is none", function()
    local session = w:session()
    local city = m.City { name = "a" }
    session:add(city)
    session:commit()
    local update = corm.update(m.City):where(m.City.id:eq(1)):values { name = "b" }
    for _, value in ipairs { "auto", "evaluate", "fetch" } do
      session:execute(update:execution_options { synchronize_session = value })
      assert.equal("b", city.name)
    end
    for _, value in ipairs { "evalute", true, 1 } do
      raises("ArgumentError", 'synchronize_session is "auto", "evaluate", "fetch" or false, got ' .. tostring(value),
        update.execution_options, update, { synchronize_session = value })
      raises("ArgumentError", "synchronize_session", function()
        session:query(m.City):where(m.City.id:eq(1)):update({ name = "c" }, { synchronize_session = value })
      end)
    end
    assert.equal("b", city.name)
  end)
end)

-- A parent with a child, with the options of either side; nil: there is no such side.
local function family(to_child, to_parent, session_options)
  local Base = corm.declarative_base()
  if to_child and to_parent then to_child.back_populates, to_parent.back_populates = "parent", "child" end
  local m = { Base = Base }
  local function key() return Column(Integer, { primary_key = true }) end
  m.Parent = Base:model("Parent", {
    __tablename__ = "parent", id = key(), child = to_child and relationship("Child", to_child),
  })
  m.Child = Base:model("Child", {
    __tablename__ = "child", id = key(), parent_id = Column(ForeignKey "parent.id"),
    parent = to_parent and relationship("Parent", to_parent),
  })
  local w = world.open(m, session_options)
  return w, m, w:session()
end

local function children(w) return w:list "SELECT id, parent_id FROM child ORDER BY id" end
local function parents(w) return w:list "SELECT id FROM parent ORDER BY id" end

describe("M11 a child of a deleted parent", function()
  local w, m, session
  after_each(function() w:close() end)

  for _, cascade in ipairs { "all", "all, delete-orphan" } do
    for _, uselist in ipairs { true, false } do
      for _, both in ipairs { true, false } do
        it(("stays with another one it comes to: %s, %s, %s"):format(cascade, uselist, both), function()
          for _, deleted_first in ipairs { true, false } do
            w, m, session = family({ cascade = cascade, uselist = uselist }, both and {} or nil, { autoflush = false })
            local child, a, b = m.Child {}, m.Parent {}, m.Parent {}
            local function give(parent)
              if uselist then parent.child:append(child) else parent.child = child end
            end
            give(a)
            session:add(a)
            session:commit()
            if uselist then assert.equal(1, #a.child) else assert.equal(child, a.child) end
            if deleted_first then session:delete(a) end
            give(b)
            session:add(b)
            if not deleted_first then session:delete(a) end
            session:commit()
            assert.equal("1|2", children(w))
            assert.equal("2", parents(w))
            if deleted_first then w:close() end
          end
        end)
      end
    end
  end

  it("is never inserted if it is new", function()
    w, m, session = family({ cascade = "all" }, {})
    local parent = m.Parent {}
    session:add(parent)
    session:commit()
    local child = m.Child {}
    parent.child:append(child)
    session:delete(parent)
    assert.is_false(session:contains(child))
    session:commit()
    assert.equal(":", children(w) .. ":" .. parents(w))
  end)

  it("is never inserted if its parent turns out to be an orphan", function()
    local Base = corm.declarative_base()
    local models = { Base = Base }
    models.Node = Base:model("Node", {
      __tablename__ = "node", id = Column(Integer, { primary_key = true }), parent_id = Column(ForeignKey "node.id"),
      nodes = relationship("Node", { cascade = "all, delete-orphan" }),
    })
    w = world.open(models)
    session = w:session()
    local root = w.m.Node { nodes = { w.m.Node {} } }
    session:add(root)
    session:commit()
    local gone, new = root.nodes[1], w.m.Node { nodes = { w.m.Node {} } }
    gone.nodes:append(new)
    root.nodes:remove(gone)
    session:commit()
    assert.equal("1", w:list "SELECT id FROM node")
    assert.is_false(session:contains(new) or session:contains(new.nodes[1]))
  end)

  it("is left alone if it was let go before and is no orphan", function()
    w, m, session = family(nil, { cascade = "all" })
    local child = m.Child { parent = m.Parent {} }
    session:add(child)
    session:commit()
    assert.equal(1, child.parent.id)
    child.parent = nil
    session:delete(child)
    session:commit()
    assert.equal(":1", children(w) .. ":" .. parents(w))
  end)
end)

describe("M11 save-update", function()
  it("takes those along that left while their parent was in no session", function()
    for _, cascade in ipairs { "all", "all, delete-orphan" } do
      local w, m, session = family({ cascade = cascade, order_by = "Child.id" }, {}, { expire_on_commit = false })
      local parent = m.Parent { child = { m.Child {}, m.Child {} } }
      session:add(parent)
      session:commit()
      session:close()
      local gone = parent.child:pop()
      session:add(parent)
      assert.is_true(session:contains(gone))
      session:commit()
      assert.equal(cascade == "all" and "1|1,2|" or "1|1", children(w))
      w:close()
    end
    local w, m, session = family(nil, { cascade = "all, delete-orphan", single_parent = true },
      { expire_on_commit = false })
    local child, first = m.Child {}, m.Parent {}
    child.parent = first
    session:add(child)
    session:commit()
    session:close()
    child.parent = m.Parent {}
    session:add(child)
    assert.is_true(session:contains(first))
    session:commit()
    assert.equal("1|2:2", children(w) .. ":" .. parents(w))
    w:close()
  end)

  it("lets a new orphan go from a place for one, as from a list", function()
    local w, m, session = family({ cascade = "all, delete-orphan", uselist = false }, {})
    local parent, child = m.Parent {}, m.Child {}
    session:add(parent)
    session:flush()
    parent.child = child
    assert.is_true(session:contains(child))
    parent.child = m.Child { id = 7 }
    assert.is_false(session:contains(child))
    session:commit()
    assert.equal("7|1", children(w))
    w:close()
  end)
end)
