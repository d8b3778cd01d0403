-- What relationships say in WHERE and in joins.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select, with_parent, aliased = corm.select, corm.with_parent, corm.aliased

local function fill(m, session)
  local cities = { m.City { id = 1, name = "x" }, m.City { id = 2, name = "y" } }
  local tags = { m.Tag { id = 1, name = "t" }, m.Tag { id = 2, name = "u" } }
  local users = { m.User { id = 1, name = "a" }, m.User { id = 2, name = "b" } }
  for i = 1, 4 do
    users[i % 2 + 1].addresses:append(m.Address {
      id = i, email = "e" .. i, city = cities[i],
      tags = i < 3 and { tags[i], tags[2] ~= tags[i] and tags[2] or nil } or {},
    })
  end
  session:add_all(users)
  local root = m.Node { id = 1, name = "root" }
  for i = 2, 3 do root.children:append(m.Node { id = i, name = "n" .. i }) end
  root.children[1].children:append(m.Node { id = 4, name = "n4" })
  session:add(root)
  session:commit()
  return users, cities, tags, root
end

local function text(statement)
  return (statement:compile { dialect = "sqlite" }.string:gsub("%s+", " "))
end

describe("U24 relationships in WHERE:", function()
  local w, m, session, users, cities, tags, root

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session { expire_on_commit = false }
    users, cities, tags, root = fill(m, session)
  end)
  after_each(function() w:close() end)

  local function ids(class, ...)
    local list = {}
    for object in session:scalars(select(class):where(...):order_by(class.id)) do list[#list + 1] = object.id end
    return table.concat(list, " ")
  end

  it("with_parent finds the children of an object, and its references", function()
    assert.equal("2 4", ids(m.Address, with_parent(users[1], m.User.addresses)))
    local address = session:get(m.Address, 2)
    assert.equal("1", ids(m.User, with_parent(address, m.Address.user)))
    assert.equal("2", ids(m.City, with_parent(address, m.Address.city)))
    assert.equal("", ids(m.City, with_parent(session:get(m.Address, 3), m.Address.city)))
    assert.equal("2 3", ids(m.Node, with_parent(root, m.Node.children)))
    assert.equal("1", ids(m.Node, with_parent(session:get(m.Node, 3), m.Node.parent)))
    assert.equal("", ids(m.Node, with_parent(root, m.Node.parent)))
    assert.equal("SELECT address.id, address.email, address.user_id, address.city_id FROM address WHERE "
      .. ":param_1 = address.user_id AND address.email = :email_1",
      text(select(m.Address):where(with_parent(users[1], m.User.addresses), m.Address.email:eq "x")))
  end)

  it("with_parent finds what many-to-many links to", function()
    local address = session:get(m.Address, 1)
    assert.equal("1 2", ids(m.Tag, with_parent(address, m.Address.tags)))
    assert.equal("1", ids(m.Address, with_parent(tags[1], m.Tag.addresses)))
    assert.equal("1 2", ids(m.Address, with_parent(tags[2], m.Tag.addresses)))
    assert.equal("SELECT tag.id, tag.name FROM tag, address_tag WHERE :param_1 = address_tag.address_id AND tag.id = "
      .. "address_tag.tag_id", text(select(m.Tag):where(with_parent(address, m.Address.tags))))
  end)

  it("with_parent takes an alias of the target by of_type", function()
    local A = aliased(m.Address, { name = "a" })
    assert.equal("2 4", ids(A, with_parent(users[1], m.User.addresses:of_type(A))))
    local N = aliased(m.Node)
    assert.equal("2 3", ids(N, with_parent(root, m.Node.children:of_type(N))))
  end)

  it("in_ and not_in compare a many-to-one with several objects", function()
    assert.equal("1 2", ids(m.Address, m.Address.city:in_ { cities[1], cities[2] }))
    assert.equal("2", ids(m.Address, m.Address.city:in_ { cities[2] }))
    assert.equal("", ids(m.Address, m.Address.city:in_ {}))
    assert.equal("1", ids(m.Address, m.Address.city:not_in { cities[2] }))
    local A = aliased(m.Address)
    assert.equal("2 4", ids(A, A.user:in_ { users[1] }))
  end)

  it("any of a class that points to itself takes a criterion on the class", function()
    assert.equal("1", ids(m.Node, m.Node.children:any(m.Node.name:eq "n3")))
    assert.equal("2 3", ids(m.Node, m.Node.parent:has(m.Node.name:eq "root")))
    assert.equal("1 2", ids(m.Node, m.Node.children:any()))
    assert.equal("SELECT node.id, node.name, node.parent_id FROM node WHERE EXISTS (SELECT 1 FROM node AS node_1 WHERE "
      .. "node.id = node_1.parent_id AND node_1.name = :name_1)",
      text(select(m.Node):where(m.Node.children:any(m.Node.name:eq "n3"))))
  end)

  it("any and has take an alias by of_type", function()
    local N = aliased(m.Node)
    assert.equal("1", ids(m.Node, m.Node.children:of_type(N):any(N.name:eq "n3")))
    local A = aliased(m.Address)
    assert.equal("2", ids(m.User, m.User.addresses:of_type(A):any(A.email:eq "e3")))
    assert.equal("2", ids(m.User, m.User.addresses:of_type(A):any { email = "e3" }))
  end)

  it("refuses other objects and kinds, before anything is sent", function()
    assert.equal(0, w:count(function()
      raises("ArgumentError", "with_parent: an object expected, got string", with_parent, "x", m.User.addresses)
      raises("ArgumentError", "with_parent: Relationship expected", with_parent, users[1], m.User.name)
      raises("ArgumentError", "with_parent: User.addresses: User object expected, got City", with_parent, cities[1],
        m.User.addresses)
      raises("ArgumentError", "the User has no id yet", with_parent, m.User { name = "new" }, m.User.addresses)
      raises("InvalidRequestError", "User.addresses is no many-to-one; use any() or contains()", function()
        return m.User.addresses:in_ {}
      end)
      raises("ArgumentError", "Address.city: Relationship:in_: City object expected, got User", function()
        return m.Address.city:in_ { cities[1], users[1] }
      end)
      raises("ArgumentError", "a list of City objects expected, got object", function()
        return m.Address.city:in_(cities[1])
      end)
      raises("ArgumentError", "the City has no id yet", function()
        return m.Address.city:in_ { m.City { name = "n" } }
      end)
      raises("ArgumentError", "User.addresses leads to Address: that class, one below it, or an alias expected, got "
        .. "City", function() return m.User.addresses:of_type(m.City) end)
    end))
    assert.equal("1 2", ids(m.User, m.User.id:gt(0)))
  end)
end)

describe("U25 joins by relationship", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    fill(m, session)
  end)
  after_each(function() w:close() end)

  local function rows(statement)
    local list = {}
    for row in session:execute(statement) do list[#list + 1] = tostring(row[1]) .. ":" .. tostring(row[2]) end
    return table.concat(list, " ")
  end

  it("go to an alias by of_type", function()
    local A = aliased(m.Address, { name = "a" })
    assert.equal("1:e2 1:e4 2:e1 2:e3",
      rows(select(m.User.id, A.email):join(m.User.addresses:of_type(A)):order_by(m.User.id, A.id)))
    assert.equal("2:e3", rows(select(m.User.id, A.email):join(m.User.addresses:of_type(A)):filter_by { id = 3 }))
    local N = aliased(m.Node)
    assert.equal("1:n2 1:n3 2:n4", rows(select(m.Node.id, N.name):join(m.Node.children:of_type(N)):order_by(N.id)))
  end)

  it("take more criteria into ON by and_", function()
    local A = aliased(m.Address, { name = "a" })
    local on = m.User.addresses:and_(m.Address.email:eq "e3")
    assert.equal("1:nil 2:e3", rows(select(m.User.id, m.Address.email):outerjoin(on):order_by(m.User.id)))
    assert.equal("1:nil 2:e3", rows(select(m.User.id, A.email):outerjoin(on:of_type(A)):order_by(m.User.id)))
    assert.equal("1:nil 2:e3", rows(select(m.User.id, A.email):outerjoin(A, on):order_by(m.User.id)))
    assert.equal("1:nil 2:e3", rows(select(m.User.id, A.email)
      :outerjoin(m.User.addresses:of_type(A):and_(m.Address.email:eq "e3")):order_by(m.User.id)))
  end)

  it("along many-to-many, with criteria", function()
    assert.equal("1:u 2:u", rows(select(m.Address.id, m.Tag.name):join(m.Address.tags:and_(m.Tag.name:eq "u"))
      :order_by(m.Address.id)))
    local T = aliased(m.Tag)
    assert.equal("1:u 2:u", rows(select(m.Address.id, T.name):join(m.Address.tags:of_type(T)):where(T.id:eq(2))
      :order_by(m.Address.id)))
  end)

  it("refuse a target of another class", function()
    raises("ArgumentError", "User.addresses leads to Address, not to the given target", function()
      return select(m.User):join(m.City, m.User.addresses)
    end)
    raises("ArgumentError", "criteria expected", function() return m.User.addresses:and_() end)
    raises("ArgumentError", "what and_() adds is for joins", function()
      return m.User.addresses:and_(m.Address.id:eq(1)):any()
    end)
  end)
end)
