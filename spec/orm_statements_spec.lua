-- What a flush and a load send: kind, table, number of rows, in order, as SQLAlchemy sends it (what follows each other
-- and is the same counts as one, since databases differ in how many rows a statement takes).
local corm = require "corm"
local world = require "spec.support.world"
local select = corm.select

local w, m, session

local function shapes()
  local list = {}
  for i, sent in ipairs(w.sent) do
    local sql = sent.sql
    local kind = sql:match "^%u+"
    local name = sql:match "^INSERT INTO ([%w_]+)" or sql:match "^UPDATE ([%w_]+)" or sql:match "FROM ([%w_]+)"
      or sql:match "FROM %(SELECT .- FROM ([%w_]+)"
    local rows = sent.executemany and #sent.parameters or 1
    local last = list[#list]
    if last and kind ~= "SELECT" and last.kind == kind and last.name == name then
      last.rows = last.rows + rows
    else
      list[#list + 1] = { kind = kind, name = name, rows = rows, i = i }
    end
  end
  for i, each in ipairs(list) do list[i] = ("%s %s %d"):format(each.kind, each.name, each.rows) end
  return list
end

-- That `fn` sends what is listed; `before` prepares it.
local function sends(expected, fn, before)
  session:expunge_all()
  local given = before and before()
  w.sent = {}
  fn(given)
  assert.same(expected, shapes())
  session:rollback()
end

local function get(class, id)
  return function() return session:get(class, id) end
end

local function all(class)
  return function() return session:query(class):order_by(class.id):all() end
end

before_each(function()
  w = world.open()
  m = w.m
  session = w:session()
  for i = 1, 2 do
    session:add(m.User { name = "u" .. i, addresses = {
      m.Address { email = "a", tags = { m.Tag { name = "t" .. i } } }, m.Address { email = "b" },
    } })
  end
  session:add(m.Node { name = "1", children = {
    m.Node { name = "1.1", children = { m.Node { name = "1.1.1" } } }, m.Node { name = "1.2" },
  } })
  session:commit()
end)
after_each(function() w:close() end)

describe("U06, U08, U10 a flush sends", function()
  it("new rows by their foreign keys, together by table", function()
    -- between address and tag there is no key: in the order in which the objects came
    sends({ "INSERT user 2", "INSERT address 4", "INSERT tag 2", "INSERT address_tag 2" }, function()
      for i = 3, 4 do
        session:add(m.User { name = "u" .. i, addresses = {
          m.Address { email = "a", tags = { m.Tag { name = "t" .. i } } }, m.Address { email = "b" },
        } })
      end
      session:flush()
    end)
  end)

  it("a tree as one", function()
    sends({ "INSERT node 4" }, function()
      session:add(m.Node { name = "1", children = {
        m.Node { name = "1.1", children = { m.Node { name = "1.1.1" } } }, m.Node { name = "1.2" },
      } })
      session:flush()
    end)
  end)

  it("one UPDATE for what moved", function()
    sends({ "UPDATE address 1" }, function(given) -- both collections came with the first access
      given[2].addresses:append(given[1].addresses[1])
      session:flush()
    end, function()
      local users = all(m.User)()
      return users, #users[1].addresses
    end)
  end)

  it("NULLs for the children of a deleted row, and deletes association rows", function()
    sends({ "SELECT address 1", "UPDATE address 2", "DELETE user 1" }, function(user)
      session:delete(user)
      session:flush()
    end, get(m.User, 1))
    sends({ "SELECT tag 1", "DELETE address_tag 1", "DELETE address 1" }, function(address)
      session:delete(address)
      session:flush()
    end, get(m.Address, 1))
  end)

  it("the changed columns of all rows of a table", function()
    sends({ "UPDATE user 2" }, function(users)
      for _, user in ipairs(users) do user.age = user.id end
      users[1].name = "x"
      session:flush()
    end, all(m.User))
  end)

  it("association rows behind both sides", function()
    sends({ "INSERT tag 2", "DELETE address_tag 1", "INSERT address_tag 2" }, function(address)
      address.tags = { m.Tag { name = "n1" }, m.Tag { name = "n2" } }
      session:flush()
    end, function()
      local address = session:get(m.Address, 1)
      return #address.tags > 0 and address
    end)
  end)

  it("inserts, then updates, then deletes", function()
    sends({ "SELECT tag 1", "INSERT city 1", "UPDATE user 1", "DELETE address 1" }, function(user)
      session:add(m.City { name = "c" })
      user.name = "y"
      session:delete(user.addresses[2])
      session:flush()
    end, function()
      local user = session:get(m.User, 1)
      return #user.addresses > 0 and user
    end)
  end)

  it("one UPDATE for a moved node, and a whole tree's DELETE", function()
    sends({ "UPDATE node 1" }, function(nodes)
      nodes[4].parent = nodes[3]
      session:flush()
    end, all(m.Node))
    sends({ "DELETE node 4" }, function(nodes)
      for _, node in ipairs(nodes) do session:delete(node) end
      session:flush()
    end, function()
      local nodes = all(m.Node)()
      for _, node in ipairs(nodes) do assert(node.children) end
      return nodes
    end)
  end)
end)

describe("L01, L02, L03, L04, L05 a load sends", function()
  local function addresses(option)
    return function()
      local stmt = select(m.User):order_by(m.User.id):options(option)
      for _, user in ipairs(session:scalars(stmt):unique():all()) do assert(#user.addresses == 2) end
    end
  end

  it("as the option says", function()
    sends({ "SELECT user 1", "SELECT address 1", "SELECT address 1" }, addresses(corm.lazyload(m.User.addresses)))
    sends({ "SELECT user 1", "SELECT address 1" }, addresses(corm.selectinload(m.User.addresses)))
    sends({ "SELECT user 1" }, addresses(corm.joinedload(m.User.addresses)))
    sends({ "SELECT user 1", "SELECT user 1" }, addresses(corm.subqueryload(m.User.addresses)))
    -- in parts of 500, not object by object
    sends({ "SELECT user 1", "SELECT address 1" }, addresses(corm.immediateload(m.User.addresses)))
  end)

  it("one statement a level", function()
    local function tags(option)
      return function()
        for _, user in ipairs(session:scalars(select(m.User):options(option)):unique():all()) do
          for _, address in ipairs(user.addresses) do assert(address.tags) end
        end
      end
    end
    sends({ "SELECT user 1", "SELECT address 1", "SELECT tag 1" },
      tags(corm.selectinload(m.User.addresses):selectinload(m.Address.tags)))
    sends({ "SELECT user 1", "SELECT tag 1" },
      tags(corm.joinedload(m.User.addresses):selectinload(m.Address.tags)))
  end)

  it("each target of a many-to-one once", function()
    local function users(option)
      return function()
        for _, address in ipairs(session:scalars(select(m.Address):options(option)):all()) do assert(address.user) end
      end
    end
    sends({ "SELECT address 1", "SELECT user 1" }, users(corm.selectinload(m.Address.user)))
    sends({ "SELECT address 1", "SELECT user 1", "SELECT user 1" }, users(corm.lazyload(m.Address.user)))
  end)

  it("one statement for each expired object", function()
    sends({ "SELECT user 1", "SELECT user 1" }, function(users)
      for _, user in ipairs(users) do assert(user.name) end
    end, function()
      local users = all(m.User)()
      session:commit()
      return users
    end)
  end)
end)
