-- Tables mapped to classes from outside.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String, Table = corm.Column, corm.ForeignKey, corm.Integer, corm.String, corm.Table

describe("M02 imperative mapping", function()
  local registry, users, addresses, w

  before_each(function()
    registry = corm.registry {}
    users = Table("users", registry.metadata, Column("id", Integer, { primary_key = true }), Column("name", String(20)))
    addresses = Table("addresses", registry.metadata, Column("id", Integer, { primary_key = true }),
      Column("user_id", Integer, ForeignKey "users.id"), Column("email", String(20)))
  end)
  after_each(function()
    if w then w:close() end
    w = nil
  end)

  local function map()
    local User = { __name__ = "User" }
    function User:greet() return "I am " .. self.name end
    local Address = registry:map_imperatively("Address", addresses, { properties = { mail = addresses.c.email } })
    local mapped = registry:map_imperatively(User, users, {
      properties = { addresses = corm.relationship("Address", { backref = "user" }) },
    })
    assert.is_true(rawequal(User, mapped))
    return User, Address
  end

  it("makes classes of plain tables and of names", function()
    local User, Address = map()
    w = world.open { Base = registry }
    local session = w:session()
    local user = User { name = "a", addresses = { Address { mail = "x" } } }
    assert.equal("I am a", user:greet())
    session:add(user)
    session:commit()
    assert.equal("a", session:scalars(corm.select(User):where(User.addresses:any { mail = "x" })):one().name)
    assert.equal("x", w:list "SELECT email FROM addresses")
    assert.is_true(rawequal(user, session:get(Address, 1).user))
    assert.equal("<class User>", tostring(User))
    assert.is_true(rawequal(User, registry.classes.User))
  end)

  it("takes the options of __mapper_args__", function()
    local User = registry:map_imperatively("User", users, { column_prefix = "_", version_id_col = "_name",
      version_id_generator = function(old) return (old or "") .. "v" end })
    w = world.open { Base = registry }
    local session = w:session()
    session:add(User {})
    session:commit()
    assert.equal("v", w:list "SELECT name FROM users")
  end)

  it("inherits", function()
    local User = registry:map_imperatively("User", users, { polymorphic_on = "name", polymorphic_identity = "u" })
    local more = Table("more", registry.metadata, Column("id", Integer, ForeignKey "users.id", { primary_key = true }),
      Column("text", String(9)))
    local More = registry:map_imperatively({ __name__ = "More" }, more, { inherits = User, polymorphic_identity = "m" })
    w = world.open { Base = registry }
    local session = w:session()
    session:add(More { text = "t" })
    session:commit()
    session:expunge_all()
    local found = session:scalars(corm.select(User)):one()
    assert.is_true(rawequal(More, found.__class__))
    assert.equal("t", found.text)
    assert.equal("m", found.name)
  end)

  it("leaves a table that is refused as it was", function()
    local User = { __name__ = "User", greet = print, id = 5 }
    raises("ArgumentError", "User.id is mapped", registry.map_imperatively, registry, User, users)
    assert.same({ __name__ = "User", greet = print, id = 5 }, User)
    assert.is_nil(getmetatable(User))
    User.id = nil
    raises("ArgumentError", "version_id_col names no attribute", registry.map_imperatively, registry, User, users,
      { version_id_col = "vers" })
    assert.is_nil(registry.classes.User)
    registry:map_imperatively(User, users)
    assert.equal(print, User.greet)
  end)

  it("refuses what is no class and no table", function()
    local User = map()
    raises("ArgumentError", "the name of a class or a plain table with __name__ expected, got integer",
      registry.map_imperatively, registry, 5, users)
    raises("ArgumentError", "a plain table with __name__ expected, got table", registry.map_imperatively, registry, {},
      users)
    raises("ArgumentError", "a plain table with __name__ expected, got <class User>", registry.map_imperatively,
      registry, User, users)
    raises("ArgumentError", "map_imperatively: X: a Table or a subquery expected, got string",
      registry.map_imperatively, registry, "X", "users")
    raises("ArgumentError", "inherits must be a class of the same registry, got integer", registry.map_imperatively,
      registry, "X", users, { inherits = 5 })
    raises("InvalidRequestError", "is mapped by class User already", registry.map_imperatively, registry, "Other",
      users)
    raises("InvalidRequestError", "a class with the name 'User' is mapped already", registry.map_imperatively, registry,
      "User", addresses)
    raises("ArgumentError", "unknown option 'colour' of X.__mapper_args__", registry.map_imperatively, registry, "X",
      users, { colour = 1 })
  end)
end)
