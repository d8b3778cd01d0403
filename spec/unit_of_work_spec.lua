-- The decisive behaviours of a unit of work, by the statements that are sent and the rows that another program reads.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local select = corm.select

describe("the unit of work", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  local function user(name, emails)
    local u = m.User { name = name }
    for _, email in ipairs(emails or {}) do u.addresses:append(m.Address { email = email }) end
    session:add(u)
    return u
  end

  describe("knows each row once", function()
    before_each(function()
      user("a", { "x" })
      session:commit()
    end)

    it("whichever way it comes", function()
      local u = session:get(m.User, 1)
      assert.is_true(rawequal(u, session:scalars(select(m.User)):one()))
      assert.is_true(rawequal(u, session:query(m.User):filter_by { name = "a" }:one()))
      assert.is_true(rawequal(u, session:get(m.Address, 1).user))
      assert.is_true(rawequal(u, session:execute(select(m.Address, m.User):join(m.User)):one().User))
    end)

    it("and a later query overwrites neither a change nor what is loaded", function()
      local keeping = w:session { expire_on_commit = false }
      local u = keeping:get(m.User, 1)
      keeping:commit()
      w:sql([[UPDATE "user" SET name = 'other', age = 1]])
      assert.equal("a", keeping:scalars(select(m.User)):one().name)
      u.age = 7
      keeping:no_autoflush(function() keeping:scalars(select(m.User)):one() end)
      assert.equal(7, u.age)
      assert.is_nil(keeping:scalars(select(m.User):where(m.User.name:eq("a"))):first())
    end)
  end)

  describe("sends no more than what changed", function()
    local u
    before_each(function()
      u = user("a")
      session:commit()
      assert.equal("a", u.name)
      w:statements()
    end)

    it("one column and the key", function()
      u.age = 5
      session:flush()
      assert.equal(1, #w.sent)
      assert.equal("UPDATE user SET age=? WHERE user.id = ?", w.sent[1].sql)
      assert.same({ 5, 1 }, w.sent[1].parameters)
    end)

    it("nothing for the value that it has, or for one that is set back", function()
      u.name = "a"
      u.age = 5
      u.age = nil
      u.name = "b"
      u.name = "a"
      assert.equal(0, w:count(function() session:flush() end))
    end)

    it("and takes false, 0, the empty string and NULL apart", function()
      session:commit()
      local Base = corm.declarative_base()
      local Mixed = Base:model("Mixed", {
        __tablename__ = "mixed",
        id = Column(Integer, { primary_key = true }),
        flag = Column(corm.Boolean),
        n = Column(Integer),
        s = Column(String(10)),
      })
      Base.metadata:create_all(w.engine)
      local x = Mixed { flag = false, n = 0, s = "" }
      session:add(x)
      session:commit()
      assert.equal("1", w:rows("SELECT count(*) FROM mixed WHERE NOT flag AND n = 0 AND s = ''"))
      assert.is_false(x.flag)
      w:statements()
      x.flag, x.n, x.s = nil, nil, nil
      session:flush()
      assert.equal("UPDATE mixed SET flag=?, n=?, s=? WHERE mixed.id = ?", w:statements()[1])
      session:commit()
      assert.equal("1", w:rows("SELECT count(*) FROM mixed WHERE flag IS NULL AND n IS NULL AND s IS NULL"))
      x.flag, x.n, x.s = false, 0, ""
      session:commit()
      assert.equal("1", w:rows("SELECT count(*) FROM mixed WHERE NOT flag AND n = 0 AND s = ''"))
    end)

    it("and rows of one shape by one prepared statement", function()
      for i = 1, 5 do session:add(m.City { name = "c" .. i }) end
      session:flush()
      if w.sent[1].sql:find("^SELECT") then table.remove(w.sent, 1) end -- PostgreSQL: what proves the order of the keys
      assert.same({ { "c1" }, { "c2" }, { "c3" }, { "c4" }, { "c5" } }, w:sets())
      for i = 2, #w.sent do assert.equal(w.sent[1].sql, w.sent[i].sql) end
      assert.matches("^INSERT INTO city %(name%) ", w.sent[1].sql)
    end)
  end)

  describe("orders what it writes", function()
    it("by tables, not by calls", function()
      local address = m.Address { email = "x", city = m.City { name = "c" } }
      session:add(address)
      session:add(m.User { name = "u", addresses = { address } })
      local statements = w:statements(function() session:flush() end)
      local order = {}
      for i, sql in ipairs(statements) do order[i] = sql:match("INTO (%a+)") end
      assert.equal("address", order[3])
      assert.equal(3, #order)
      session:commit()
      assert.equal("x|1|1", w:rows("SELECT email, user_id, city_id FROM address"))
      session:delete(address)
      session:delete(session:get(m.User, 1))
      statements = w:statements(function() session:flush() end)
      assert.is_truthy(statements[#statements]:find("DELETE FROM user", 1, true))
      session:commit()
      assert.equal("0|0", w:rows('SELECT (SELECT count(*) FROM address), (SELECT count(*) FROM "user")'))
    end)

    it("by plain foreign keys without a relationship", function()
      local Base = corm.declarative_base()
      local Child = Base:model("Child", {
        __tablename__ = "a_child",
        id = Column(Integer, { primary_key = true }),
        parent_id = Column(Integer, ForeignKey("z_parent.id"), { nullable = false }),
      })
      local Parent = Base:model("Parent", {
        __tablename__ = "z_parent",
        id = Column(Integer, { primary_key = true }),
      })
      Base.metadata:create_all(w.engine)
      session:add_all { Child { parent_id = 5 }, Parent { id = 5 } }
      session:commit()
      session:delete(session:get(Parent, 5))
      session:delete(session:get(Child, 1))
      session:commit()
      assert.equal("0", w:rows("SELECT count(*) FROM z_parent"))
    end)

    it("rows of one table in the order of add, and of a tree by its branches", function()
      for i = 1, 4 do session:add(m.User { name = "u" .. i }) end
      session:flush()
      assert.equal("u3", session:get(m.User, 3).name)
      local leaf = m.Node { name = "leaf" }
      session:add(leaf)
      leaf.parent = m.Node { name = "branch", parent = m.Node { name = "root" } }
      session:commit()
      assert.equal("root|\nbranch|1\nleaf|2", w:rows("SELECT name, parent_id FROM node ORDER BY id"))
      for _, node in ipairs(session:scalars(select(m.Node)):all()) do session:delete(node) end
      session:commit()
      assert.equal("0", w:rows("SELECT count(*) FROM node"))
    end)

    it("and says which rows hang on each other in a circle", function()
      local a, b = m.Node { name = "a" }, m.Node { name = "b" }
      a.parent = b
      b.parent = a
      session:add(a)
      raises("CircularDependencyError", "Node", session.flush, session)
      session:rollback()
      assert.equal("0", w:rows("SELECT count(*) FROM node"))
    end)
  end)

  describe("carries keys", function()
    it("from the generated key of the parent to the child", function()
      local u = user("a", { "x", "y" })
      session:flush()
      assert.equal(1, u.id)
      assert.equal(1, u.addresses[2].user_id)
      session:commit()
      assert.equal("x|1\ny|1", w:rows("SELECT email, user_id FROM address ORDER BY id"))
    end)

    it("to the child that moves, and clears them where it leaves", function()
      local a, b = user("a", { "x", "y" }), user("b")
      session:commit()
      local x, y = a.addresses[1], a.addresses[2]
      b.addresses:append(x)
      a.addresses:remove(y)
      w:statements()
      session:flush()
      for _, statement in ipairs(w.sent) do assert.matches("^UPDATE address SET user_id=", statement.sql) end
      assert.same({ { 2, 1 }, { corm.null, 2 } }, w:sets())
      assert.equal(2, x.user_id)
      assert.is_nil(y.user_id)
      session:commit()
      assert.equal("x|2\ny|", w:rows("SELECT email, user_id FROM address ORDER BY id"))
    end)

    it("away from children that were never loaded when the parent goes", function()
      user("a", { "x", "y" })
      session:commit()
      session:expunge_all()
      session:delete(session:get(m.User, 1))
      session:commit()
      assert.equal("x|\ny|", w:rows("SELECT email, user_id FROM address ORDER BY id"))
      assert.equal("0", w:rows('SELECT count(*) FROM "user"'))
    end)

    it("into exactly the rows of a secondary table that changed", function()
      local red, blue, green = m.Tag { name = "red" }, m.Tag { name = "blue" }, m.Tag { name = "green" }
      local address = m.Address { email = "x", tags = { red, blue } }
      session:add_all { address, green }
      session:commit()
      assert.equal("1,2", w:list("SELECT tag_id FROM address_tag ORDER BY tag_id"))
      assert.equal(2, #address.tags)
      address.tags:remove(red)
      address.tags:append(green)
      w:statements()
      session:flush()
      local sent = {}
      for i, statement in ipairs(w.sent) do sent[i] = statement.sql:match("^%a+ %a+ %S+") end
      table.sort(sent)
      assert.same({ "DELETE FROM address_tag", "INSERT INTO address_tag" }, sent)
      session:commit()
      assert.equal("2,3", w:list("SELECT tag_id FROM address_tag ORDER BY tag_id"))
      session:delete(address)
      session:commit()
      assert.equal("0|3", w:rows("SELECT (SELECT count(*) FROM address_tag), count(*) FROM tag"))
    end)

    it("and the association once when both sides say it", function()
      local address, tag = m.Address { email = "x" }, m.Tag { name = "t" }
      session:add_all { address, tag }
      session:flush()
      address.tags:append(tag)
      assert.is_true(tag.addresses:contains(address))
      session:commit()
      assert.equal("1|1", w:rows("SELECT * FROM address_tag"))
    end)
  end)

  describe("keeps both sides of a relationship in step", function()
    it("before anything is sent", function()
      local a, b = m.User { name = "a" }, m.User { name = "b" }
      local x = m.Address { email = "x" }
      a.addresses:append(x)
      assert.is_true(rawequal(a, x.user))
      x.user = b
      assert.equal(0, #a.addresses)
      assert.is_true(rawequal(x, b.addresses[1]))
      b.addresses:remove(x)
      assert.is_nil(x.user)
      a.addresses = { x, m.Address { email = "y" } }
      assert.is_true(rawequal(a, a.addresses[2].user))
      a.addresses = {}
      assert.is_nil(x.user)
      assert.equal(0, #w:statements())
    end)

    it("without loading a collection that nobody looked at", function()
      local a, b = user("a", { "x" }), user("b")
      session:commit()
      local x = session:get(m.Address, 1)
      assert.equal("a", x.user.name)
      assert.equal("b", b.name)
      assert.equal(0, w:count(function() x.user = b end))
      assert.equal(1, #b.addresses)
      assert.equal(0, #a.addresses)
    end)

    it("and a collection that is loaded later knows what was appended before", function()
      local a = user("a", { "x" })
      session:commit()
      session:no_autoflush(function()
        local y = m.Address { email = "y", user = a }
        assert.equal(2, #a.addresses)
        assert.is_true(rawequal(y, a.addresses[2]))
      end)
    end)
  end)

  it("takes a deleted object out of the collections that hold it", function()
    local a = user("a", { "x", "y" })
    session:commit()
    assert.equal(2, #a.addresses)
    session:delete(a.addresses[1])
    session:flush()
    assert.equal(1, #a.addresses)
    assert.equal("y", a.addresses[1].email)
  end)

  it("writes a changed primary key by the old one and finds the object by the new", function()
    local item = m.Item { order_no = 1, line = 1, text = "x" }
    session:add(item)
    session:commit()
    item.line = 5
    w:statements()
    session:flush()
    assert.equal("UPDATE item SET line=? WHERE item.order_no = ? AND item.line = ?", w.sent[#w.sent].sql)
    assert.same({ 5, 1, 1 }, w.sent[#w.sent].parameters)
    assert.is_true(rawequal(item, session:get(m.Item, { 1, 5 })))
    assert.is_nil(session:get(m.Item, { 1, 1 }))
    session:commit()
    assert.equal("1|5|x", w:rows("SELECT * FROM item"))
  end)

  it("refuses two objects of one key", function()
    local function refused()
      local ok, err = pcall(session.flush, session)
      assert.is_false(ok)
      assert.is_true(err:is("IntegrityError") or err:is("FlushError"), tostring(err))
      session:rollback()
    end
    session:add_all { m.Item { order_no = 1, line = 1 }, m.Item { order_no = 1, line = 1 } }
    refused()
    session:add(m.Item { order_no = 1, line = 1, text = "x" })
    session:commit()
    local known = session:get(m.Item, { 1, 1 })
    session:add(m.Item { order_no = 1, line = 1 })
    refused()
    assert.equal("x", known.text)
  end)

  it("lets a row be written again whose object is stale", function()
    local u = user("a")
    session:commit()
    w:sql('DELETE FROM "user"')
    local v = user("b")
    v.id = 1
    session:commit()
    assert.is_true(rawequal(v, session:get(m.User, 1)))
    assert.is_false(session:contains(u))
  end)

  it("notices rows that another one deleted", function()
    local u = user("a")
    session:commit()
    assert.equal("a", u.name)
    session:commit()
    w:sql('DELETE FROM "user"')
    raises("ObjectDeletedError", "User", function() return u.name end)
    session:rollback()
    local v = user("b")
    session:commit()
    local keeping = w:session { expire_on_commit = false }
    local kept = keeping:get(m.User, v.id)
    keeping:commit()
    session:commit()
    w:sql('DELETE FROM "user"')
    kept.age = 1
    raises("StaleDataError", "", keeping.flush, keeping)
    keeping:rollback()
  end)

  describe("keeps the kinds of defaults apart", function()
    local calls, Thing
    before_each(function()
      calls = 0
      local Base = corm.declarative_base()
      Thing = Base:model("Thing", {
        __tablename__ = "thing",
        id = Column(Integer, { primary_key = true }),
        value = Column(Integer, { default = 7 }),
        called = Column(Integer, {
          default = function()
            calls = calls + 1
            return calls
          end,
        }),
        computed = Column(Integer, { default = corm.text("1 + 1") }),
        server = Column(Integer, { server_default = "9" }),
        changed = Column(Integer, { onupdate = function() return 100 end }),
        plain = Column(Integer),
      })
      Base.metadata:create_all(w.engine)
    end)

    it("a value, a function for each row, an expression, the server's", function()
      local things = { Thing {}, Thing {}, Thing {} }
      session:add_all(things)
      session:flush()
      assert.equal(3, calls)
      for i, thing in ipairs(things) do
        assert.equal(i, thing.id)
        assert.equal(7, thing.value)
        assert.equal(i, thing.called)
        assert.equal(2, thing.computed)
        assert.equal(9, thing.server)
        assert.is_nil(thing.changed)
      end
      session:commit()
      assert.equal("7|1|2|9||", w:rows("SELECT value, called, computed, server, changed, plain FROM thing LIMIT 1"))
    end)

    it("only where nothing was said: NULL that was said stays NULL", function()
      session:add(Thing { value = corm.null, called = corm.null, server = corm.null })
      local other = Thing {}
      other.value = nil
      session:add(other)
      session:commit()
      assert.equal("||\n|1|9", w:rows("SELECT value, called, server FROM thing ORDER BY id"))
    end)

    it("and onupdate for rows that change", function()
      local thing = Thing {}
      session:add(thing)
      session:commit()
      thing.plain = 1
      session:commit()
      assert.equal(100, thing.changed)
      assert.equal("100", w:rows("SELECT changed FROM thing"))
    end)

    it("and gives every generated key to its own object", function()
      local things = {}
      for i = 1, 50 do things[i] = Thing { plain = i } end
      session:add_all(things)
      session:commit()
      for i, thing in ipairs(things) do assert.equal(i, thing.plain, thing.id) end
      assert.equal("50", w:rows("SELECT count(*) FROM thing WHERE id = plain"))
    end)
  end)

  it("notices a dirty object that the script let go", function()
    user("a")
    session:commit()
    session:get(m.User, 1).age = 42
    for _ = 1, 3 do collectgarbage() end
    session:flush()
    session:commit()
    assert.equal("42", w:rows('SELECT age FROM "user"'))
  end)
end)
