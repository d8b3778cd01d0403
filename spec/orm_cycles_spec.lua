-- Tables whose foreign keys lead back to them, and rows that do.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship = corm.relationship

local function id()
  return Column(Integer, { primary_key = true, autoincrement = false })
end

-- Men and houses: a man lives in a house, a house belongs to a man.
local function models(nullable)
  local Base = corm.declarative_base()
  local Man = Base:model("Man", {
    __tablename__ = "man", id = id(), name = Column(String(20)),
    home_id = Column(Integer, ForeignKey("house.id", { name = "fk_home" }), { nullable = nullable }),
    home = relationship("House", { foreign_keys = "Man.home_id" }),
  })
  local House = Base:model("House", {
    __tablename__ = "house", id = id(), name = Column(String(20)),
    owner_id = Column(Integer, ForeignKey("man.id", { name = "fk_owner", use_alter = true }), { nullable = nullable }),
    owner = relationship("Man", { foreign_keys = "House.owner_id" }),
  })
  local Node = Base:model("Node", {
    __tablename__ = "node", id = Column(Integer, { primary_key = true }), name = Column(String(20)),
    parent_id = Column(Integer, ForeignKey "node.id"),
  })
  Node.parent = relationship("Node", { remote_side = Node.id })
  return { Base = Base, Man = Man, House = House, Node = Node }
end

describe("U09 cycles", function()
  local w, m, session

  local function open(nullable)
    w = world.open(models(nullable))
    m = w.m
    session = w:session()
  end
  after_each(function() w:close() end)

  -- "INSERT man" and so on, of what was sent.
  local function written(fn)
    local list = {}
    for _, statement in ipairs(w:statements(fn)) do
      local kind, name = statement:match "^(%u+) [%u ]*([%l]+)"
      if kind == "INSERT" or kind == "UPDATE" or kind == "DELETE" then list[#list + 1] = kind .. " " .. name end
    end
    return table.concat(list, ", ")
  end

  -- man 1 owns house 1, where man 2 lives, who owns house 2, where man 3 lives.
  local function chain()
    local first = m.Man { id = 1, name = "one" }
    local second = m.Man { id = 2, name = "two", home = m.House { id = 1, name = "h1", owner = first } }
    return m.Man { id = 3, name = "three", home = m.House { id = 2, name = "h2", owner = second } }
  end

  it("of tables: rows are sorted one by one, across the tables", function()
    open(true)
    session:add(chain())
    assert.equal("INSERT man, INSERT house, INSERT man, INSERT house, INSERT man",
      written(function() session:commit() end))
    assert.equal("one|h1|two,two|h2|three", w:list [[SELECT o.name, h.name, m.name FROM house h
      JOIN man o ON o.id = h.owner_id JOIN man m ON m.home_id = h.id ORDER BY h.id]])
  end)

  it("of tables: rows go in the opposite order, whichever is deleted first", function()
    open(true)
    session:add(chain())
    session:commit()
    session:delete(session:get(m.Man, 1))
    session:delete(session:get(m.House, 2))
    session:delete(session:get(m.Man, 3))
    session:delete(session:get(m.House, 1))
    session:delete(session:get(m.Man, 2))
    assert.equal("DELETE man, DELETE house, DELETE man, DELETE house, DELETE man",
      written(function() session:commit() end))
    assert.equal("0", w:rows "SELECT count(*) FROM man")
  end)

  it("of rows are CircularDependencyErrors that name them, before anything is sent", function()
    open(true)
    local man = m.Man { id = 1, name = "one" }
    man.home = m.House { id = 1, name = "h1", owner = man }
    session:add(man)
    local err
    local sent = written(function() err = raises("CircularDependencyError", "Man(id=1)", session.flush, session) end)
    assert.equal("", sent)
    assert.matches("in a circle: .*House%(id=1%)", err.message)
    assert.matches("post_update = true", err.hint)
    session:rollback()
    assert.is_true(corm.inspect(man).transient)
    -- A circle of more rows than one names them all.
    local second = m.Man { id = 2, name = "two" }
    local third = m.Man { id = 3, name = "three", home = m.House { id = 2, owner = second } }
    second.home = m.House { id = 3, owner = third }
    session:add(third)
    err = raises("CircularDependencyError", "circle", session.flush, session)
    for _, name in ipairs { "Man(id=2)", "Man(id=3)", "House(id=2)", "House(id=3)" } do
      assert.is_truthy(err.message:find(name, 1, true), err.message)
    end
    session:rollback()
    assert.equal("0", w:rows "SELECT count(*) FROM man")
  end)

  it("of rows that must not be NULL are refused in the same way, and the session goes on", function()
    open(false)
    local man = m.Man { id = 1, name = "one" }
    man.home = m.House { id = 1, name = "h1", owner = man }
    session:add(man)
    assert.equal("", written(function() raises("CircularDependencyError", "Man", session.flush, session) end))
    raises("PendingRollbackError", "circle", session.get, session, m.Man, 1)
    session:rollback()
    assert.is_true(corm.inspect(man).transient)
    assert.is_true(rawequal(man, man.home.owner))
    session:add(m.Node { name = "n" })
    session:commit()
    assert.equal("n", w:rows "SELECT name FROM node")
  end)

  it("of keys that may be NULL can be closed by a second flush, and opened again", function()
    open(true)
    local man, house = m.Man { id = 1, name = "one" }, m.House { id = 1, name = "h1" }
    house.owner = man
    session:add_all { man, house }
    session:flush()
    man.home = house
    assert.equal("UPDATE man", written(function() session:commit() end))
    assert.equal("1|1", w:rows "SELECT m.home_id, h.owner_id FROM man m, house h")
    session:delete(man)
    session:delete(house)
    raises("CircularDependencyError", "Man(id=1)", session.flush, session)
    session:rollback()
    man.home = nil
    session:flush()
    session:delete(man)
    session:delete(house)
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM man")
  end)

  it("of one row: it may refer to itself as soon as its key is known", function()
    open(true)
    local node = m.Node { name = "self" }
    node.parent = node
    session:add(node)
    local err
    assert.equal("", written(function() err = raises("CircularDependencyError", "Node", session.flush, session) end))
    assert.matches("'parent'", err.message)
    assert.matches("post_update", err.hint)
    session:rollback()
    node.id = 7
    session:add(node)
    session:commit()
    assert.equal("7|7", w:rows "SELECT id, parent_id FROM node")
    node.parent = nil
    session:flush()
    session:delete(node)
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM node")
  end)

  it("of a table with itself: parents come before children, and go after them", function()
    open(true)
    local leaf = m.Node { name = "leaf", parent = m.Node { name = "branch", parent = m.Node { name = "root" } } }
    session:add(leaf)
    session:commit()
    local query = "SELECT n.name, p.name FROM node n JOIN node p ON p.id = n.parent_id ORDER BY n.name"
    assert.equal("branch|root,leaf|branch", w:list(query))
    local root = leaf.parent.parent
    session:add(m.Node { name = "top", parent = nil })
    root.parent = m.Node { name = "top2" }
    session:commit()
    assert.equal("branch|root,leaf|branch,root|top2", w:list(query))
    for _, node in ipairs(session:scalars(corm.select(m.Node)):all()) do session:delete(node) end
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM node")
  end)
end)
