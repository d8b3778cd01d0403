-- Objects from the rows of a statement that is not made of classes.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select, text, insert = corm.select, corm.text, corm.insert

describe("U32 from_statement", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session { expire_on_commit = false }
    session:add_all { m.User { id = 1, name = "a", age = 10 }, m.User { id = 2, name = "b", age = 20 } }
    session:add_all { m.Address { id = 1, email = "x", user_id = 1 }, m.Address { id = 2, email = "y", user_id = 1 } }
    session:commit()
    session:expunge_all()
  end)
  after_each(function() w:close() end)

  local function names(list)
    local out = {}
    for i, user in ipairs(list) do out[i] = user.name end
    return table.concat(out, " ")
  end

  it("takes text, whose columns it finds by name", function()
    local list
    assert.equal(1, w:count(function()
      list = session:scalars(select(m.User):from_statement(text("SELECT * FROM " .. world.user
        .. " WHERE age > :least ORDER BY id DESC")), { least = 5 }):all()
      assert.equal("b a", names(list))
      assert.equal(20, list[1].age)
    end))
    assert.is_true(rawequal(list[1], session:get(m.User, 2)))
    list[1].age = 21
    session:commit()
    assert.equal("21", w:rows('SELECT age FROM "user" WHERE id = 2'))
  end)

  it("loads later what the rows do not have", function()
    local list = session:scalars(select(m.User):from_statement(text("SELECT name AS user_name, id FROM " .. world.user
      .. " ORDER BY id"))):all()
    assert.equal("a b", names(list))
    assert.same({ "age" }, (function()
      local unloaded = {}
      for _, key in ipairs(corm.inspect(list[1]).unloaded) do
        if key ~= "addresses" then unloaded[#unloaded + 1] = key end
      end
      return unloaded
    end)())
    assert.equal(1, w:count(function() assert.equal(10, list[1].age) end))
  end)

  it("takes text with columns, selects, unions and RETURNING", function()
    local sql = text("SELECT id AS one, name AS two FROM " .. world.user .. " ORDER BY 1")
    local list = session:scalars(select(m.User):from_statement(sql:columns(m.User.id, m.User.name))):all()
    assert.equal("a b", names(list))
    list = session:scalars(select(m.User):from_statement(select(m.User):where(m.User.id:eq(2)))):all()
    assert.equal("b", names(list))
    local union = corm.union_all(select(m.User):where(m.User.id:eq(2)), select(m.User):where(m.User.id:eq(1)))
    list = session:scalars(select(m.User):from_statement(union)):all()
    assert.equal(2, #list)
    list = session:scalars(select(m.User):from_statement(insert(m.User):returning(m.User.id, m.User.name)),
      { { id = 7, name = "g" }, { id = 8, name = "h" } }):all()
    table.sort(list, function(x, y) return x.id < y.id end)
    assert.equal("g h", names(list))
  end)

  it("gives several classes and columns, told apart by labels", function()
    local sql = "SELECT u.id AS user_id, u.name AS user_name, a.id AS address_id, a.email AS address_email, u.age "
      .. "FROM " .. world.user .. " u JOIN address a ON a.user_id = u.id ORDER BY a.id"
    local rows = session:execute(select(m.User, m.Address, m.User.age):from_statement(text(sql))):all()
    assert.equal(2, #rows)
    assert.equal("a", rows[2].User.name)
    assert.equal("y", rows[2].Address.email)
    assert.equal(10, rows[2].age)
    assert.is_true(rawequal(rows[1][1], rows[2][1]))
  end)

  it("goes with loader options, aliases and populate_existing", function()
    local sql = text("SELECT * FROM " .. world.user .. " ORDER BY id")
    local list = session:scalars(select(m.User):from_statement(sql):options(corm.selectinload(m.User.addresses))):all()
    assert.equal(0, w:count(function() assert.equal(2, #list[1].addresses) end))
    session:commit()
    w:sql('UPDATE "user" SET age = 11 WHERE id = 1;')
    session:scalars(select(m.User):from_statement(sql)):all()
    assert.equal(10, list[1].age)
    session:scalars(select(m.User):from_statement(sql):execution_options { populate_existing = true }):all()
    assert.equal(11, list[1].age)
    local U = corm.aliased(m.User)
    assert.is_true(rawequal(list[1], session:scalars(select(U):from_statement(sql)):first()))
  end)

  describe("contains_eager", function()
    local JOINED = "SELECT u.id, u.name, a.id, a.email, a.user_id FROM " .. world.user
      .. " u LEFT JOIN address a ON a.user_id = u.id AND a.email <> 'left out' ORDER BY u.id, a.id"
    local function emails(list)
      local out = {}
      for i, user in ipairs(list) do
        local each = {}
        for k, address in ipairs(user.addresses) do each[k] = address.email end
        out[i] = user.name .. ":" .. table.concat(each, ",")
      end
      return table.concat(out, " ")
    end
    local function open(statement, option)
      session:expunge_all()
      local list
      assert.equal(1, w:count(function() list = session:scalars(statement:options(option)):all() end))
      return list
    end

    before_each(function()
      session:add(m.Address { id = 9, email = "left out", user_id = 1 })
      session:add(m.City { id = 1, name = "rome" })
      session:flush()
      session:execute(corm.update(m.Address):where(m.Address.id:eq(1)):values { city_id = 1 })
      session:commit()
    end)

    it("takes a collection from the columns of rows of text", function()
      local sql = text(JOINED):columns(m.User.id, m.User.name, m.Address.id, m.Address.email, m.Address.user_id)
      local list = open(select(m.User):from_statement(sql), corm.contains_eager(m.User.addresses))
      assert.equal(2, #list)
      assert.equal(0, w:count(function() assert.equal("a:x,y b:", emails(list)) end))
      assert.is_true(rawequal(list[1], list[1].addresses[1].user))
      session:expire_all()
      assert.equal("a:x,y,left out b:", emails(list))
      session:expunge_all()
      local rows = session:execute(select(m.User, m.User.name):from_statement(sql)
        :options(corm.contains_eager(m.User.addresses))):all()
      assert.equal(2, #rows)
      assert.equal("a", rows[1].name)
      assert.equal("a:x,y", emails { rows[1].User })
      local query = session:query(m.User):from_statement(sql):options(corm.contains_eager(m.User.addresses))
      assert.equal("a:x,y b:", emails(query:all()))
    end)

    it("by names and labels where the text says nothing else", function()
      local sql = text("SELECT u.id AS user_id, u.name AS user_name, a.id AS address_id, a.email AS address_email FROM "
        .. world.user .. " u JOIN address a ON a.user_id = u.id WHERE a.email = 'y'")
      local list = open(select(m.User):from_statement(sql), corm.contains_eager(m.User.addresses))
      assert.equal("a:y", emails(list))
      assert.equal(1, list[1].addresses[1].user_id)
    end)

    it("of an alias, of a reference, and further down", function()
      local A = corm.aliased(m.Address)
      local sql = text(JOINED):columns(m.User.id, m.User.name, A.id, A.email, A.user_id)
      local list = open(select(m.User):from_statement(sql), corm.contains_eager(m.User.addresses, { alias = A }))
      assert.equal(0, w:count(function() assert.equal("a:x,y b:", emails(list)) end))

      sql = text("SELECT u.id, u.name, a.id, a.email, a.user_id, c.id, c.name FROM " .. world.user
        .. " u JOIN address a ON a.user_id = u.id JOIN city c ON c.id = a.city_id"):columns(m.User.id, m.User.name,
        m.Address.id, m.Address.email, m.Address.user_id, m.City.id, m.City.name)
      list = open(select(m.User):from_statement(sql),
        corm.contains_eager(m.User.addresses):contains_eager(m.Address.city))
      assert.equal(0, w:count(function()
        assert.equal("a:x", emails(list))
        assert.equal("rome", list[1].addresses[1].city.name)
      end))

      sql = text("SELECT a.id, a.email, a.user_id, u.id, u.name FROM address a JOIN " .. world.user
        .. " u ON a.user_id = u.id ORDER BY a.id"):columns(m.Address.id, m.Address.email, m.Address.user_id, m.User.id,
        m.User.name)
      local addresses = open(select(m.Address):from_statement(sql), corm.contains_eager(m.Address.user))
      assert.equal(3, #addresses)
      assert.equal(0, w:count(function() assert.equal("a", addresses[3].user.name) end))
    end)

    it("of a class to itself, and of an alias beside its class", function()
      local child = corm.aliased(m.Node)
      session:add(m.Node { id = 1, name = "root" })
      session:flush()
      session:add_all { m.Node { id = 2, name = "n2", parent_id = 1 }, m.Node { id = 3, name = "n3", parent_id = 1 } }
      session:commit()
      local sql = text("SELECT c.id, c.name, c.parent_id, p.id, p.name FROM node p JOIN node c ON c.parent_id = p.id "
        .. "ORDER BY c.id"):columns(child.id, child.name, child.parent_id, m.Node.id, m.Node.name)
      local list = open(select(m.Node):from_statement(sql), corm.contains_eager(m.Node.children, { alias = child }))
      assert.equal(1, #list)
      assert.equal(0, w:count(function()
        assert.equal("root", list[1].name)
        assert.equal("n2", list[1].children[1].name)
        assert.equal("n3", list[1].children[2].name)
      end))
      session:expunge_all()
      local row = session:execute(select(m.Node, child):from_statement(sql)):first()
      assert.equal("root", row[1].name)
      assert.equal("n2", row[2].name)
    end)

    it("of other statements, with loads of their own below it", function()
      local joined = select(m.User, m.Address):join(m.Address):where(m.Address.id:le(2)):order_by(m.Address.id)
      local list = open(select(m.User):from_statement(joined), corm.contains_eager(m.User.addresses))
      assert.equal("a:x,y", emails(list))
      session:expunge_all()
      local part = select(m.User):from_statement(joined)
        :options(corm.contains_eager(m.User.addresses):joinedload(m.Address.city))
      assert.equal(2, w:count(function() list = session:scalars(part):all() end))
      assert.equal(0, w:count(function() assert.equal("rome", list[1].addresses[1].city.name) end))
    end)

    it("leaves what is loaded, unless populate_existing is said", function()
      local sql = text(JOINED):columns(m.User.id, m.User.name, m.Address.id, m.Address.email, m.Address.user_id)
      local user = session:get(m.User, 1)
      assert.equal(3, #user.addresses)
      local statement = select(m.User):from_statement(sql):options(corm.contains_eager(m.User.addresses))
      session:scalars(statement):all()
      assert.equal(3, #user.addresses)
      session:scalars(statement:execution_options { populate_existing = true }):all()
      assert.equal(2, #user.addresses)
    end)
  end)

  it("flushes first, and works through a query", function()
    session:add(m.User { id = 3, name = "c" })
    local query = session:query(m.User):from_statement(text("SELECT * FROM " .. world.user .. " ORDER BY id"))
    assert.equal("a b c", names(query:all()))
    assert.equal("a", query:first().name)
    local seen = {}
    for user in query do seen[#seen + 1] = user.name end
    assert.equal("a b c", table.concat(seen, " "))
    raises("InvalidRequestError", "this Query has a statement of its own", query.count, query)
    raises("InvalidRequestError", "this Query has a statement of its own", query.get, query, 1)
  end)

  it("refuses rows without a key, and what gives no rows", function()
    local function run(item, source)
      return session:execute(select(item):from_statement(source)):all()
    end
    raises("NoSuchColumnError", "from_statement: the rows have no column for User.id", run, m.User,
      text("SELECT name FROM " .. world.user))
    raises("NoSuchColumnError", "the rows have no column for user.age", run, m.User.age,
      text("SELECT name FROM " .. world.user))
    raises("ArgumentError", "the statement returns no rows", run, m.User, text("DELETE FROM address"))
    raises("ArgumentError", "classes, aliases and columns are found in the rows", run, corm.func.count(m.User.id),
      text("SELECT name FROM " .. world.user))
    local err = raises("ArgumentError", "a statement that returns rows expected, got string", run, m.User, "SELECT 1")
    assert.equal("strings are not SQL; write corm.text(...)", err.hint)
    raises("ArgumentError", "a statement that returns rows expected, got delete", run, m.User,
      corm.delete(m.User):where(m.User.id:eq(1)))
    local part = select(m.User):from_statement(text("SELECT * FROM " .. world.user))
      :options(corm.contains_eager(m.User.addresses))
    raises("NoSuchColumnError", "from_statement: the rows have no column for Address.id", session.scalars, session,
      part)
    raises("InvalidRequestError", "has no criteria, joins, order or limits of its own", function()
      return select(m.User):where(m.User.id:eq(1)):from_statement(text "SELECT 1")
    end)
    session:rollback()
    assert.equal(2, #session:scalars(select(m.User)):all())
  end)
end)
