-- U25: joins along relationships.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select = corm.select

describe("U25 joins by relationship", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    local rome = m.City { name = "rome" }
    session:add(m.User { id = 1, name = "a", addresses = {
      m.Address { id = 1, email = "x", city = rome, tags = { m.Tag { name = "home" } } },
      m.Address { id = 2, email = "y" },
    } })
    session:add(m.User { id = 2, name = "b", addresses = { m.Address { id = 3, email = "z", city = rome } } })
    session:add(m.User { id = 3, name = "c" })
    session:add(m.Node { id = 1, name = "1", children = { m.Node { id = 2, name = "1.1" } } })
    session:commit()
  end)
  after_each(function() w:close() end)

  local function list(stmt)
    local found = {}
    for row in session:execute(stmt) do
      local parts = table.pack(row:unpack())
      for i = 1, parts.n do parts[i] = tostring(parts[i]) end
      found[#found + 1] = table.concat(parts, "|")
    end
    return table.concat(found, " ")
  end

  it("find the condition, one after the other", function()
    assert.equal("a|x a|y b|z",
      list(select(m.User.name, m.Address.email):join(m.User.addresses):order_by(m.Address.id)))
    assert.equal("a|rome b|rome", list(select(m.User.name, m.City.name):join(m.User.addresses):join(m.Address.city)
      :order_by(m.User.id)))
    assert.equal("a|home", list(select(m.User.name, m.Tag.name):join(m.User.addresses):join(m.Address.tags)))
    assert.equal("a|x a|y b|z c|nil",
      list(select(m.User.name, m.Address.email):outerjoin(m.User.addresses):order_by(m.User.id, m.Address.id)))
  end)

  it("go to aliases and start from them", function()
    local child = corm.aliased(m.Node, { name = "child" })
    assert.equal("1|1.1", list(select(m.Node.name, child.name):join(child, m.Node.children)))
    assert.equal("1.1|1", list(select(child.name, m.Node.name):join(child.parent)))
    local a1, a2 = corm.aliased(m.Address), corm.aliased(m.Address)
    assert.equal("a", list(select(m.User.name):join(a1, m.User.addresses):join(a2, m.User.addresses)
      :where(a1.email:eq "x", a2.email:eq "y")))
  end)

  it("take more of ON by and_", function()
    local x = m.User.addresses:and_(m.Address.email:eq "x")
    assert.equal("a|x", list(select(m.User.name, m.Address.email):join(x)))
    assert.equal("a|x b|nil c|nil", list(select(m.User.name, m.Address.email):outerjoin(x):order_by(m.User.id)))
    local a = corm.aliased(m.Address)
    assert.equal("a|x b|nil c|nil", list(select(m.User.name, a.email):outerjoin(a, x):order_by(m.User.id)))
    assert.equal("a", list(select(m.User.name):join(x:and_(m.Address.city:has { name = "rome" }))))
    assert.equal("1|nil 2|nil 3|nil", list(select(m.Address.id, m.Tag.name)
      :outerjoin(m.Address.tags:and_(m.Tag.name:eq "other")):order_by(m.Address.id)))
  end)

  it("refuse what stands there already, before anything is sent", function()
    local a = corm.aliased(m.Address)
    local function refused(name, fn)
      local sent = w:statements(function()
        raises("InvalidRequestError", name .. "' stands in this join already, and its columns would mean both", fn)
      end)
      assert.same({}, sent)
    end
    refused("node", function() return select(m.Node):join(m.Node.children) end)
    refused("address", function() return select(m.User):join(m.User.addresses):join(m.User.addresses) end)
    refused("address", function() return select(m.User):join(a, m.User.addresses):join(a, m.User.addresses) end)
    refused("address", function()
      return select(m.User):join(m.User.addresses):join(m.Address.__table__, m.Address.id:eq(m.User.id))
    end)
    local child = corm.aliased(m.Node)
    assert.equal("1|1.1", list(select(m.Node.name, child.name):join(child, m.Node.children)))
  end)

  it("lead to a subquery that stands for the class", function()
    local part = corm.aliased(m.Address, select(m.Address):where(m.Address.email:ne "y"):subquery(), { name = "part" })
    for _, stmt in ipairs {
      select(m.User.name, part.email):join(m.User.addresses:of_type(part)),
      select(m.User.name, part.email):join(part, m.User.addresses),
    } do
      assert.equal("a|x b|z", list(stmt:order_by(m.User.id)))
    end
    assert.equal("a|x b|nil c|nil", list(select(m.User.name, part.email)
      :outerjoin(m.User.addresses:of_type(part):and_(part.email:eq "x")):order_by(m.User.id)))
    assert.equal("a b", list(select(m.User.name):where(m.User.addresses:of_type(part):any()):order_by(m.User.id)))
    local tag = corm.aliased(m.Tag, select(m.Tag):subquery())
    assert.equal("x|home", list(select(m.Address.email, tag.name):join(m.Address.tags:of_type(tag))))
    local users = corm.aliased(m.User, select(m.User):where(m.User.id:eq(2)):subquery())
    assert.equal("b|z", list(select(users.name, m.Address.email):join(users.addresses)))
    session:expunge_all()
    local a = session:scalars(select(m.User):join(m.User.addresses:of_type(part)):where(part.email:eq "x")
      :options(corm.contains_eager(m.User.addresses:of_type(part)))):unique():one()
    assert.equal(1, #a.addresses)
    local few = corm.aliased(m.Address, select(m.Address.id, m.Address.email):subquery())
    raises("ArgumentError", "join: User.addresses needs the column 'user_id', which the subquery has not", function()
      return select(m.User):join(m.User.addresses:of_type(few))
    end)
  end)

  it("are FROMs by themselves, as join() of two classes and a relationship", function()
    local U, A, City, Tag = m.User, m.Address, m.City, m.Tag
    local join, outerjoin = corm.join, corm.outerjoin
    local function found(from, ...) return list(select(...):select_from(from):order_by(U.id, A.id)) end
    assert.equal("a|x a|y b|z", found(join(U, A, U.addresses), U.name, A.email))
    assert.equal("a|x b|nil c|nil", found(outerjoin(U, A, U.addresses:and_(A.email:eq "x")), U.name, A.email))
    assert.equal("a|rome b|rome c|nil", found(outerjoin(U, join(A, City, A.city), U.addresses), U.name, City.name))
    assert.equal("a|home", found(join(join(U, A, U.addresses), Tag, A.tags), U.name, Tag.name))
    assert.equal("a|home a|nil b|nil",
      found(outerjoin(join(U, A, U.addresses), Tag, A.tags), U.name, Tag.name))
    assert.equal("a|home a|nil b|nil c|nil",
      found(join(join(U, A, U.addresses, { isouter = true }), Tag, A.tags, { isouter = true }), U.name, Tag.name))
    local child = corm.aliased(m.Node)
    assert.equal("1|1.1", list(select(m.Node.name, child.name):select_from(join(m.Node, child, m.Node.children))))
    raises("ArgumentError", "join: the relationship starts from 'address', which is not on the left", function()
      return join(U, City, A.city)
    end)
    raises("ArgumentError", "User.addresses leads to Address, not to the given target", function()
      return join(U, City, U.addresses)
    end)
  end)

  it("refuse what does not lead there", function()
    raises("ArgumentError", "User.addresses leads to Address, not to the given target", function()
      return select(m.User):join(m.City, m.User.addresses)
    end)
    raises("ArgumentError", "Relationship:and_: criteria expected", function() return m.User.addresses:and_() end)
    raises("ArgumentError", "", function() return m.User.addresses:and_(true) end)
  end)
end)
