-- How relationships are loaded, by feature; statements are counted and read. What a user sees of each strategy stands
-- in eager_spec.lua and lazy_spec.lua, too.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select, Load = corm.select, corm.Load

local w, m, session

-- Four users with 0 to 3 addresses, the first one in rome, the others in oslo; a tree of nodes 1 > 1.1 > 1.1.1, 1.2.
local function start(options)
  w = world.open(options and world.models(options))
  m = w.m
  session = w:session()
  local rome, oslo = m.City { name = "rome" }, m.City { name = "oslo" }
  local tag = m.Tag { name = "home" }
  for i = 1, 4 do
    local user = m.User { name = "u" .. i }
    for k = 1, i - 1 do
      user.addresses:append(m.Address {
        email = i .. "." .. k, city = k == 1 and rome or oslo, tags = k == 1 and { tag } or {},
      })
    end
    session:add(user)
  end
  local node = m.Node { name = "1", children = {
    m.Node { name = "1.1", children = { m.Node { name = "1.1.1" } } }, m.Node { name = "1.2" },
  } }
  session:add(node)
  session:commit()
  session:expunge_all()
  session:commit()
  w:statements()
end

-- The objects of a select, and the statements that it took.
local function load(stmt)
  session:expunge_all()
  w:statements()
  local list = session:scalars(stmt):unique():all()
  local sent = w:statements()
  for i, sql in ipairs(sent) do sent[i] = sql:gsub("INNER JOIN", "JOIN") end -- which MariaDB's dialect writes
  return list, sent
end

local function emails(user)
  local list = {}
  for _, address in ipairs(user.addresses) do list[#list + 1] = address.email end
  return table.concat(list, " ")
end

-- That fn sends nothing.
local function silent(fn)
  assert.equal(0, w:count(fn))
end

local function users()
  return select(m.User):order_by(m.User.id)
end

describe("L01 lazy loading", function()
  before_each(function() start { ["User.addresses"] = { lazy = "select" }, ["Address.user"] = { lazy = "select" } } end)
  after_each(function() w:close() end)

  it("asks at the first access, once for each object", function()
    local list = load(users())
    assert.equal(1, w:count(function() return emails(list[2]) end))
    silent(function() return emails(list[2]) end)
    assert.equal(1, w:count(function() return emails(list[3]) end))
  end)

  it("finds a many-to-one in memory, and nothing where the key is NULL", function()
    local list = load(users())
    local address = list[2].addresses[1]
    silent(function() assert.is_true(rawequal(list[2], address.user)) end)
    session:add(m.Address { email = "x" })
    session:commit()
    local alone = session:query(m.Address):filter_by { email = "x" }:one()
    w:statements()
    silent(function() assert.is_nil(alone.user) end)
  end)
end)

describe("L02 immediate loading", function()
  before_each(function() start() end)
  after_each(function() w:close() end)

  it("is done when the query is", function()
    local list, sent = load(users():options(corm.immediateload(m.User.addresses)))
    assert.equal(2, #sent)
    silent(function() assert.equal("4.1 4.2 4.3", emails(list[4])) end)
  end)

  it("goes as deep as recursion_depth says", function()
    local list, sent = load(select(m.Node):filter_by { name = "1" }
      :options(corm.immediateload(m.Node.children, { recursion_depth = -1 })))
    assert.equal(4, #sent)
    silent(function() assert.equal(0, #list[1].children[1].children[1].children) end)
  end)
end)

describe("L03 joined loading", function()
  before_each(function() start() end)
  after_each(function() w:close() end)

  it("joins from the outside, unless innerjoin says otherwise", function()
    local list, sent = load(select(m.Address):options(corm.joinedload(m.Address.user, { innerjoin = true })))
    assert.equal(6, #list)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("FROM address JOIN user AS user_1 ON user_1.id = address.user_id", 1, true))
    list, sent = load(users():options(corm.joinedload(m.User.addresses, { innerjoin = true })))
    assert.equal(3, #list) -- the user without an address is not there, as innerjoin promises that there is none
    assert.equal(1, #sent)
  end)

  it("counts the objects of an alias, too, where a collection is joined to it", function()
    local U = corm.aliased(m.User)
    local list, sent = load(select(U):order_by(U.id):limit(2):options(corm.joinedload(U.addresses)))
    assert.equal(2, #list)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("user_1.id AS user_1_id", 1, true) or sent[1]:find("user_2.id AS user_2_id", 1, true))
  end)

  it("nests inner joins in outer ones", function()
    local list, sent = load(users():options(corm.joinedload(m.User.addresses)
      :joinedload(m.Address.city, { innerjoin = true })))
    assert.is_truthy(sent[1]:find("FROM user LEFT OUTER JOIN (address AS address_1 JOIN city AS city_1 "
      .. "ON city_1.id = address_1.city_id) ON user.id = address_1.user_id", 1, true), sent[1])
    assert.equal(4, #list)
    silent(function() assert.equal("oslo", list[4].addresses[3].city.name) end)
  end)

  it("does not nest below inner joins", function()
    local list, sent = load(users():options(corm.joinedload(m.User.addresses, { innerjoin = true })
      :joinedload(m.Address.city, { innerjoin = true })))
    assert.is_truthy(sent[1]:find("FROM user JOIN address AS address_1 ON user.id = address_1.user_id "
      .. "JOIN city AS city_1 ON city_1.id = address_1.city_id", 1, true), sent[1])
    assert.equal(3, #list)
  end)

  it("takes innerjoin from the relationship", function()
    w:close()
    start { ["Address.user"] = { innerjoin = true } }
    local _, sent = load(select(m.Address):options(corm.joinedload(m.Address.user)))
    assert.is_truthy(sent[1]:find("FROM address JOIN user", 1, true), sent[1])
  end)

  it("of a class to itself ends at join_depth", function()
    w:close()
    start { ["Node.children"] = { lazy = "joined", join_depth = 2 } }
    local list, sent = load(select(m.Node):filter_by { name = "1" })
    assert.equal(1, #sent)
    silent(function() assert.equal("1.1.1", list[1].children[1].children[1].name) end)
    assert.equal(1, w:count(function() return #list[1].children[1].children[1].children end))
  end)

  it("counts parents with LIMIT, and leaves the query's own WHERE and ORDER alone", function()
    local list, sent = load(select(m.User):order_by(m.User.name:desc()):limit(2)
      :options(corm.joinedload(m.User.addresses)))
    assert.equal(1, #sent)
    assert.equal("4.1 4.2 4.3", emails(list[1]))
    assert.equal("3.1 3.2", emails(list[2]))
  end)
end)

describe("L04 select-in loading", function()
  before_each(function() start() end)
  after_each(function() w:close() end)

  it("takes one statement more", function()
    local list, sent = load(users():options(corm.selectinload(m.User.addresses)))
    assert.equal(2, #sent)
    silent(function() assert.equal("3.1 3.2", emails(list[3])) end)
  end)

  it("goes on below by recursion_depth: so many levels more", function()
    local function children(depth)
      return load(select(m.Node):filter_by { name = "1" }
        :options(corm.selectinload(m.Node.children, { recursion_depth = depth })))
    end
    local list, sent = children(1)
    assert.equal(3, #sent)
    silent(function() assert.equal("1.1.1", list[1].children[1].children[1].name) end)
    assert.equal(1, w:count(function() return #list[1].children[1].children[1].children end))
    list, sent = children(-1)
    assert.equal(4, #sent)
    silent(function() assert.equal(0, #list[1].children[1].children[1].children) end)
  end)

  it("goes up as well, also through what is in memory", function()
    local list = load(select(m.Node):filter_by { name = "1.1.1" }
      :options(corm.selectinload(m.Node.parent, { recursion_depth = -1 })))
    silent(function() assert.equal("1", list[1].parent.parent.name) end)
    session:expunge_all()
    local held = session:query(m.Node):filter_by { name = "1.1" }:one()
    list = session:scalars(select(m.Node):filter_by { name = "1.1.1" }
      :options(corm.selectinload(m.Node.parent, { recursion_depth = -1 }))):all()
    silent(function() assert.equal("1", list[1].parent.parent.name) end)
    assert.is_true(rawequal(held, list[1].parent))
  end)

  it("ends in a circle", function()
    local one = session:query(m.Node):filter_by { name = "1" }:one()
    one.parent = session:query(m.Node):filter_by { name = "1.1.1" }:one()
    session:commit()
    for _, populate in ipairs { false, true } do
      local list = load(select(m.Node):filter_by { name = "1" }:execution_options { populate_existing = populate }
        :options(corm.selectinload(m.Node.children, { recursion_depth = -1 })))
      silent(function()
        assert.is_true(rawequal(list[1], list[1].children[1].children[1].children[1]))
      end)
    end
  end)

  it("is deeper than C's stack", function()
    session:execute(corm.insert(m.Node), (function()
      local rows = {}
      for i = 101, 3000 do rows[#rows + 1] = { id = i, name = "n", parent_id = i > 101 and i - 1 or corm.null } end
      return rows
    end)())
    session:commit()
    local list, sent = load(select(m.Node):filter_by { id = 101 }
      :options(corm.selectinload(m.Node.children, { recursion_depth = -1 })))
    assert.equal(2901, #sent)
    local node, n = list[1], 1
    silent(function()
      while node.children[1] do node, n = node.children[1], n + 1 end
    end)
    assert.equal(2900, n)
  end)

  it("refuses recursion to another class, and depths that are none", function()
    raises("InvalidRequestError", "recursion_depth on User.addresses is not valid", corm.selectinload, m.User.addresses,
      { recursion_depth = 2 })
    raises("ArgumentError", "recursion_depth is the number of levels", corm.selectinload, m.Node.children,
      { recursion_depth = -2 })
    raises("ArgumentError", "did you mean 'recursion_depth'?", corm.selectinload, m.Node.children,
      { recursion_deph = 2 })
  end)
end)

describe("L05 subquery loading", function()
  before_each(function() start() end)
  after_each(function() w:close() end)

  it("asks by the query itself, with its parameters", function()
    w:statements()
    local list = session:scalars(users():where(m.User.name:ne(corm.bindparam "n"))
      :options(corm.subqueryload(m.User.addresses)), { n = "u3" }):all()
    local sent = w:statements()
    assert.equal("SELECT address.id, address.email, address.user_id, address.city_id, anon_1.user_id AS user_id_1 "
      .. "FROM (SELECT user.id AS user_id FROM user WHERE user.name != ?) AS anon_1 "
      .. "JOIN address ON anon_1.user_id = address.user_id ORDER BY address.id",
      (sent[2]:gsub("INNER JOIN", "JOIN"):gsub("%$1", "?"):gsub("::VARCHAR", "")))
    assert.equal(2, #sent)
    silent(function()
      assert.equal("", emails(list[1]))
      assert.equal("4.1 4.2 4.3", emails(list[3]))
    end)
  end)

  it("counts as the query does, where it has an order", function()
    local list, sent = load(select(m.User):order_by(m.User.name:desc()):limit(2)
      :options(corm.subqueryload(m.User.addresses)))
    assert.is_truthy(sent[2]:find("FROM (SELECT user.id AS user_id FROM user ORDER BY user.name DESC", 1, true))
    silent(function() assert.equal("3.1 3.2", emails(list[2])) end)
    local _, again = load(select(m.User):limit(2):options(corm.subqueryload(m.User.addresses)))
    assert.is_truthy(again[2]:find("WHERE address.user_id IN", 1, true), again[2])
  end)

  it("asks by keys where rows of another class are counted, too", function()
    local u = corm.aliased(m.User)
    local stmt = select(m.City, u):order_by(u.id):limit(2):offset(6):options(corm.subqueryload(u.addresses))
    session:expunge_all()
    local list = session:execute(stmt):all()
    silent(function() assert.equal("4.1 4.2 4.3", emails(list[1][2])) end)
  end)

  it("loads a many-to-one once each, and over an association table", function()
    local list, sent = load(select(m.Address):order_by(m.Address.id):options(corm.subqueryload(m.Address.user)))
    assert.is_truthy(sent[2]:find("(SELECT DISTINCT address.user_id AS address_user_id FROM address)", 1, true))
    silent(function() assert.equal("u4", list[6].user.name) end)
    list = load(select(m.Address):order_by(m.Address.id):options(corm.subqueryload(m.Address.tags)))
    silent(function()
      assert.equal("home", list[1].tags[1].name)
      assert.equal(0, #list[3].tags)
    end)
  end)

  it("goes with criteria, with aliases and with other strategies", function()
    local list = load(users():options(corm.subqueryload(m.User.addresses:and_(m.Address.email:like "%.1"))))
    silent(function() assert.equal("4.1", emails(list[4])) end)
    local u = corm.aliased(m.User, { name = "u" })
    list = load(select(u):order_by(u.id):where(u.id:gt(2)):options(corm.subqueryload(u.addresses)))
    silent(function() assert.equal("4.1 4.2 4.3", emails(list[2])) end)
    list = load(users():limit(3):options(corm.joinedload(m.User.addresses):joinedload(m.Address.city),
      corm.subqueryload(m.User.addresses):subqueryload(m.Address.tags)))
    silent(function() assert.equal("home", list[2].addresses[1].tags[1].name) end)
  end)

  it("is a relationship's setting, too, and serves get", function()
    w:close()
    start { ["User.addresses"] = { lazy = "subquery" } }
    local list, sent = load(users())
    assert.is_truthy(sent[2]:find("FROM (SELECT user.id", 1, true), sent[2])
    silent(function() assert.equal("3.1 3.2", emails(list[3])) end)
    session:expunge_all()
    local user = session:get(m.User, 4)
    silent(function() assert.equal("4.1 4.2 4.3", emails(user)) end)
  end)
end)

describe("L06 contains_eager", function()
  before_each(function() start() end)
  after_each(function() w:close() end)

  it("fills a collection by the query's own join", function()
    local list, sent = load(users():join(m.User.addresses):where(m.Address.email:like "%.1")
      :options(corm.contains_eager(m.User.addresses)))
    assert.equal(1, #sent)
    assert.equal(3, #list)
    silent(function() assert.equal("4.1", emails(list[3])) end)
  end)

  it("of an alias, counted by LIMIT as it stands", function()
    local a = corm.aliased(m.Address, { name = "a" })
    local list, sent = load(users():join(a, m.User.addresses):order_by(a.email):limit(4)
      :options(corm.contains_eager(m.User.addresses, { alias = a })))
    assert.equal(1, #sent)
    assert.equal(3, #list)
    silent(function() assert.equal("4.1", emails(list[3])) end)
  end)

  it("goes on by other strategies below", function()
    local list, sent = load(select(m.Address):order_by(m.Address.id):join(m.Address.user):limit(2)
      :options(corm.contains_eager(m.Address.user):selectinload(m.User.addresses), corm.joinedload(m.Address.tags)))
    assert.equal(2, #sent)
    silent(function()
      assert.equal("u2", list[1].user.name)
      assert.equal("3.1 3.2", emails(list[2].user))
      assert.equal("home", list[2].tags[1].name)
    end)
  end)

  it("overwrites what is loaded with populate_existing only", function()
    local user = session:get(m.User, 4)
    assert.equal("4.1 4.2 4.3", emails(user))
    local stmt = users():join(m.User.addresses):where(m.Address.email:eq "4.2")
      :options(corm.contains_eager(m.User.addresses))
    session:scalars(stmt):unique():all()
    assert.equal("4.1 4.2 4.3", emails(user))
    session:scalars(stmt:execution_options { populate_existing = true }):unique():all()
    assert.equal("4.2", emails(user))
  end)

  it("refuses aliases of another class, criteria, and \"*\"", function()
    raises("ArgumentError", "alias must be Address or an alias of it", corm.contains_eager, m.User.addresses,
      { alias = corm.aliased(m.City) })
    raises("ArgumentError", "criteria stand in the query's own join", corm.contains_eager,
      m.User.addresses:and_(m.Address.id:gt(1)))
    raises("ArgumentError", "a relationship expected", corm.contains_eager, "*")
  end)
end)

describe("L07 raiseload and noload", function()
  before_each(function() start() end)
  after_each(function() w:close() end)

  it("raise at the access, and give nothing", function()
    local list = load(users():options(corm.raiseload(m.User.addresses)))
    raises("InvalidRequestError", "'User.addresses' is not available due to lazy='raise'", function()
      return list[1].addresses
    end)
    list = load(users():options(corm.noload(m.User.addresses)))
    silent(function() assert.equal("", emails(list[4])) end)
  end)

  it("raise only where a statement would be sent, with sql_only", function()
    local list = load(select(m.Address):order_by(m.Address.id)
      :options(corm.raiseload(m.Address.user, { sql_only = true })))
    raises("InvalidRequestError", "'Address.user' is not available due to lazy='raise_on_sql'", function()
      return list[1].user
    end)
    local user = session:get(m.User, 2)
    silent(function() assert.is_true(rawequal(user, list[1].user)) end)
  end)

  it("take every relationship without an option of its own, by \"*\", on all levels", function()
    local list = load(users():options(corm.joinedload(m.User.addresses), corm.raiseload "*"))
    silent(function() assert.equal("3.1 3.2", emails(list[3])) end)
    raises("InvalidRequestError", "'Address.city' is not available", function() return list[3].addresses[1].city end)
  end)

  it("take those of one entity, or of one level", function()
    local list = load(users():options(corm.selectinload(m.User.addresses), Load(m.User):raiseload "*"))
    assert.equal("rome", list[2].addresses[1].city.name)
    list = load(users():options(corm.selectinload(m.User.addresses):raiseload "*"))
    raises("InvalidRequestError", "'Address.city' is not available", function() return list[2].addresses[1].city end)
  end)
end)

describe("L08 trees of options", function()
  before_each(function() start() end)
  after_each(function() w:close() end)

  it("branch by options()", function()
    local list, sent = load(users():options(corm.selectinload(m.User.addresses)
      :options(corm.joinedload(m.Address.city), corm.selectinload(m.Address.tags))))
    assert.equal(3, #sent)
    silent(function()
      assert.equal("rome", list[4].addresses[1].city.name)
      assert.equal("home", list[4].addresses[1].tags[1].name)
    end)
  end)

  it("branch in branches", function()
    local tags = corm.defaultload(m.Address.tags):options(corm.selectinload(m.Tag.addresses))
    local list, sent = load(users():options(corm.selectinload(m.User.addresses):options(tags)
      :selectinload(m.Address.tags)))
    assert.equal(4, #sent)
    silent(function() assert.equal(3, #list[2].addresses[1].tags[1].addresses) end)
  end)

  it("begin at an entity by Load, and leave out what they do not say by defaultload", function()
    local list, sent = load(users():options(Load(m.User):selectinload(m.User.addresses):joinedload(m.Address.city)))
    assert.equal(2, #sent)
    silent(function() assert.equal("oslo", list[4].addresses[2].city.name) end)
    w:close()
    start { ["User.addresses"] = { lazy = "selectin" } }
    list, sent = load(users():options(corm.defaultload(m.User.addresses):joinedload(m.Address.city)))
    assert.equal(2, #sent)
    silent(function() assert.equal("oslo", list[4].addresses[2].city.name) end)
  end)

  it("tell an alias from its class", function()
    local u = corm.aliased(m.User)
    local stmt = select(m.User, u):where(u.id:eq(m.User.id + 1)):order_by(m.User.id)
    w:statements()
    local row = session:execute(stmt:options(corm.selectinload(u.addresses))):all()[1]
    assert.equal(2, w:count())
    silent(function() return emails(row[2]) end)
    assert.equal(1, w:count(function() return emails(row[1]) end))
    raises("ArgumentError", "User.addresses does not belong to an entity of this query", function()
      return session:scalars(select(u):options(corm.selectinload(m.User.addresses)))
    end)
    raises("ArgumentError", "which does not select that alias", function()
      return session:scalars(select(m.User):options(corm.selectinload(u.addresses)))
    end)
    raises("ArgumentError", "is not of the entity that Load() was given", function()
      return Load(u):selectinload(m.User.addresses)
    end)
  end)

  it("are remembered for what is loaded later", function()
    local list = load(users():options(corm.lazyload(m.User.addresses):joinedload(m.Address.city)))
    assert.equal(1, w:count(function() return emails(list[4]) end))
    silent(function() assert.equal("oslo", list[4].addresses[3].city.name) end)
    list = load(users():options(corm.defaultload(m.User.addresses):raiseload(m.Address.city)))
    local address = list[4].addresses[1]
    raises("InvalidRequestError", "'Address.city' is not available", function() return address.city end)
    list = load(users():options(corm.lazyload(m.User.addresses):lazyload(m.Address.tags):raiseload(m.Tag.addresses)))
    raises("InvalidRequestError", "'Tag.addresses' is not available", function()
      return list[2].addresses[1].tags[1].addresses
    end)
  end)

  it("are remembered of \"*\", and by get", function()
    local list = load(users():options(corm.defaultload(m.User.addresses), corm.raiseload "*"))
    raises("InvalidRequestError", "'Address.city' is not available", function() return list[2].addresses[1].city end)
    session:expunge_all()
    local user = session:get(m.User, 2, { options = { corm.lazyload(m.User.addresses):joinedload(m.Address.city) } })
    assert.equal(1, w:count(function() return emails(user) end))
    silent(function() assert.equal("rome", user.addresses[1].city.name) end)
  end)

  it("go with the objects that know them", function()
    local plans = setmetatable({}, { __mode = "k" })
    local users_of = function()
      local option = corm.lazyload(m.User.addresses:and_(m.Address.email:like "%.1")):joinedload(m.Address.city)
      plans[option] = true
      return load(users():options(option))
    end
    local list = users_of()
    collectgarbage()
    assert.is_not_nil(next(plans))
    assert.equal("4.1", emails(list[4]))
    list = nil
    session:expunge_all()
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(plans))
    assert.is_nil(list)
  end)

  it("refuse what leads nowhere", function()
    raises("ArgumentError", "Tag.addresses is no relationship of Address, where User.addresses leads", function()
      return corm.selectinload(m.User.addresses):selectinload(m.Tag.addresses)
    end)
    raises("ArgumentError", "\"*\" leads nowhere", function()
      return corm.raiseload "*":selectinload(m.User.addresses)
    end)
    raises("ArgumentError", "Load: a mapped class or an alias of one expected", Load, "User")
    raises("ArgumentError", "User is no entity of this query", function()
      return session:scalars(select(m.City):options(Load(m.User):raiseload "*"))
    end)
    local option, User = corm.joinedload(m.User.addresses), m.User
    for _, item in ipairs { User.name, corm.Bundle("b", User.name), corm.func.count() } do
      raises("ArgumentError", "options: User.addresses does not belong to an entity of this query", function()
        session:execute(select(item):select_from(User):options(option))
      end)
      local stmt = select(item):select_from(User):options(corm.joinedload "*", corm.defer "*")
      assert.is_true(#session:execute(stmt):all() > 0)
    end
    assert.equal(4, session:query(User):options(option):count())
    assert.equal("Load(User):selectinload(User.addresses):raiseload(\"*\")",
      tostring(Load(m.User):selectinload(m.User.addresses):raiseload "*"))
  end)
end)

describe("L10 criteria in loaders", function()
  before_each(function() start() end)
  after_each(function() w:close() end)

  local function first() return m.User.addresses:and_(m.Address.email:like "%.1") end

  it("choose what select-in loading brings", function()
    local list, sent = load(users():options(corm.selectinload(first()):joinedload(m.Address.city)))
    assert.equal(2, #sent)
    silent(function() assert.equal("4.1", emails(list[4])) end)
  end)

  it("stand in the ON of joined loading", function()
    local list, sent = load(users():options(corm.joinedload(first())))
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("ON user.id = address_1.user_id AND address_1.email LIKE", 1, true), sent[1])
    assert.equal(4, #list)
    silent(function() assert.equal("4.1", emails(list[4])) end)
  end)

  it("choose across an association table", function()
    for _, how in ipairs { corm.selectinload, corm.joinedload } do
      local list = load(select(m.Address):order_by(m.Address.id)
        :options(how(m.Address.tags:and_(m.Tag.name:ne "home"))))
      silent(function() assert.equal(0, #list[1].tags) end)
    end
  end)

  it("choose what is loaded later", function()
    local list = load(users():options(corm.lazyload(first())))
    assert.equal("4.1", emails(list[4]))
    list = load(select(m.Address):order_by(m.Address.id)
      :options(corm.lazyload(m.Address.city:and_(m.City.name:eq "oslo"))))
    assert.is_nil(list[1].city)
    assert.equal("oslo", list[3].city.name)
  end)

  it("leave a many-to-one out, also where it is in memory", function()
    local rome = session:query(m.City):filter_by { name = "rome" }:one()
    local list = session:scalars(select(m.Address):order_by(m.Address.id)
      :options(corm.selectinload(m.Address.city:and_(m.City.name:eq "oslo")))):all()
    silent(function()
      assert.is_nil(list[1].city)
      assert.equal("oslo", list[3].city.name)
    end)
    assert.equal("rome", rome.name)
  end)

  it("may hold subqueries", function()
    for _, how in ipairs { corm.selectinload, corm.joinedload, corm.subqueryload, corm.lazyload } do
      local list = load(users():options(how(m.User.addresses:and_(m.Address.city:has { name = "oslo" }))))
      assert.equal("4.2 4.3", emails(list[4]))
      list = load(users():options(how(m.User.addresses:and_(m.Address.tags:any { name = "home" }))))
      assert.equal("4.1", emails(list[4]))
    end
    local a = corm.aliased(m.Address)
    assert.equal(2, #load(users():join(a, m.User.addresses:and_(m.Address.city:has { name = "oslo" }))))
  end)

  it("are for loading", function()
    raises("ArgumentError", "criteria mean nothing", corm.raiseload, first())
    raises("ArgumentError", "is for joins and loader options", function() return first():any() end)
    assert.equal(3, #load(users():join(first())))
  end)
end)

describe("L12 loaders on loaded objects", function()
  before_each(function() start() end)
  after_each(function() w:close() end)

  it("fill what is not loaded, and nothing else", function()
    local user = session:get(m.User, 3)
    user.name = "changed"
    session:scalars(users():options(corm.selectinload(m.User.addresses))):all()
    silent(function() assert.equal("3.1 3.2", emails(user)) end)
    assert.equal("changed", user.name)
    user.addresses:remove(user.addresses[1])
    session:scalars(users():options(corm.joinedload(m.User.addresses))):unique():all()
    assert.equal("3.2", emails(user))
  end)
end)
