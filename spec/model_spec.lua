local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String

local Base

local function key()
  return Column(Integer, { primary_key = true })
end

local function column_names(as_table)
  local names = {}
  for column in as_table.columns do names[#names + 1] = column.name end
  return names
end

describe("Base:model", function()
  before_each(function() Base = corm.declarative_base() end)

  it("makes a table whose columns stand in the order in which they were written", function()
    local User = Base:model("User", {
      __tablename__ = "user",
      id = key(), name = Column(String), zip = Column(String), age = Column(Integer), city = Column(String),
    })
    assert.same({ "id", "name", "zip", "age", "city" }, column_names(User.__table__))
    assert.equal("user", User.__tablename__)
    assert.equal("User", User.__name__)
    assert.equal("<class User>", tostring(User))
    assert.is_true(rawequal(Base.metadata.tables.user, User.__table__))
    assert.is_true(rawequal(Base.metadata, User.metadata))
  end)

  it("gives class attributes that are the columns", function()
    local User = Base:model("User", { __tablename__ = "user", id = key(), full = Column("full_name", String) })
    assert.equal('"user".full_name', tostring(User.full))
    assert.equal('"user".id = :id_1', tostring(User.id:eq(1)))
    assert.is_true(rawequal(User.id, User.id))
    assert.equal("x", User { full = "x" }.full)
  end)

  it("takes a table that is there", function()
    local t = corm.Table("thing", Base.metadata, Column("id", Integer, { primary_key = true }), Column("n", Integer))
    local Thing = Base:model("Thing", { __table__ = t, count = t.c.n })
    assert.equal(3, Thing { count = 3 }.count)
    assert.is_true(rawequal(t, Thing.__table__))
  end)

  it("takes constraints, indexes and options from __table_args__ and the array part", function()
    local T = Base:model("T", {
      __tablename__ = "t",
      __table_args__ = { corm.UniqueConstraint("a", "b"), comment = "two numbers" },
      id = key(), a = Column(Integer), b = Column(Integer),
      corm.Index("ix_t_b", "b"),
    })
    assert.equal("two numbers", T.__table__.comment)
    local ddl = tostring(corm.CreateTable(T.__table__))
    assert.is_truthy(ddl:find("UNIQUE (a, b)", 1, true), ddl)
    local indexes = {}
    for index in T.__table__.indexes do indexes[#indexes + 1] = index.name end
    assert.same({ "ix_t_b" }, indexes)
  end)

  it("copies the columns of mixins and abstract classes, and shares their functions", function()
    local Stamped = { created = Column(Integer), touch = function(self) self.created = 7 end }
    local Named = Base:model("Named", {
      __abstract__ = true, name = Column(String), hi = function(self) return self.name end,
    })
    local A = Named:model("A", { __tablename__ = "a", __mixins__ = { Stamped }, id = key() })
    local B = Named:model("B", { __tablename__ = "b", __mixins__ = { Stamped }, id = key() })
    assert.same({ "created", "name", "id" }, column_names(A.__table__))
    assert.is_false(rawequal(A.__table__.c.name, B.__table__.c.name))
    local a = A { name = "x" }
    a:touch()
    assert.equal(7, a.created)
    assert.equal("x", a:hi())
    raises("InvalidRequestError", "no objects", Named, {})
  end)

  it("calls functions as methods, also those assigned later or to the base", function()
    local User = Base:model("User", {
      __tablename__ = "user", id = key(), name = Column(String),
      greet = function(self) return "hi " .. self.name end,
      __tostring = function(self) return "User " .. self.name end,
    })
    function User:shout() return self.name:upper() end
    function Base:key() return self.id end
    local user = User { id = 4, name = "ann" }
    assert.equal("hi ann", user:greet())
    assert.equal("ANN", user:shout())
    assert.equal(4, user:key())
    assert.equal("User ann", tostring(user))
    assert.is_true(rawequal(User, user.__class__))
  end)

  it("computes hybrids on objects, classes and aliases", function()
    local User = Base:model("User", {
      __tablename__ = "user", id = key(), first = Column(String), last = Column(String),
      full = corm.hybrid_property(function(self) return self.first .. " " .. self.last end, {
        fset = function(self, value) self.first, self.last = value:match "(%S+) (%S+)" end,
      }),
      older = corm.hybrid_method(function(self, n) return self.id > n end, {
        expr = function(cls, n) return cls.id:gt(n) end,
      }),
    })
    local user = User { id = 5, full = "Ann Lee" }
    assert.equal("Ann", user.first)
    user.full = "Bob Ray"
    assert.equal("Bob Ray", user.full)
    assert.equal('"user".first || :last_1 || "user".last', tostring(User.full))
    local u = corm.aliased(User, { name = "u" })
    assert.equal("u.first || :last_1 || u.last", tostring(u.full))
    assert.is_true(user:older(4))
    assert.equal('"user".id > :id_1', tostring(User:older(4)))
  end)

  it("knows synonyms", function()
    local User = Base:model("User", {
      __tablename__ = "user", id = key(), name = Column(String), login = corm.synonym("name"),
    })
    local user = User { login = "ann" }
    assert.equal("ann", user.name)
    user.login = "bob"
    assert.equal("bob", user.name)
    assert.equal('"user".name', tostring(User.login))
    raises("ArgumentError", "unknown attribute 'nam' of V; did you mean 'name'?", Base.model, Base, "V",
      { __tablename__ = "v", id = key(), name = Column(String), other = corm.synonym("nam") })
  end)

  it("takes a column that is assigned later, before the class is in use", function()
    local User = Base:model("User", { __tablename__ = "user", id = key(), posts = corm.relationship("Post") })
    local Post = Base:model("Post", { __tablename__ = "post", id = key() })
    Post.user_id = Column("uid", Integer, ForeignKey("user.id"))
    User.name = Column(String(20))
    assert.same({ "id", "name" }, column_names(User.__table__))
    assert.equal("post.uid", tostring(Post.user_id))
    local engine = database.engine()
    Base.metadata:create_all(engine)
    local session = corm.sessionmaker { bind = engine } ()
    session:add(User { name = "ann", posts = { Post {} } })
    session:commit()
    local user = session:scalars(corm.select(User):filter_by { name = "ann" }):one()
    assert.equal(1, user.posts[1].user_id)
    raises("InvalidRequestError", "User.late: there are objects", function() User.late = Column(Integer) end)
    raises("ArgumentError", "has an attribute 'name' already", function() User.name = Column(Integer) end)
    session:close()
  end)

  it("lets several bases live beside each other", function()
    local Other = corm.declarative_base { metadata = Base.metadata }
    Base:model("User", { __tablename__ = "a", id = key() })
    local User = Other:model("User", { __tablename__ = "b", id = key() })
    assert.is_true(rawequal(Base.metadata, User.metadata))
    local registry = corm.registry()
    local Third = registry:generate_base()
    assert.is_true(rawequal(registry, Third.registry))
  end)

  it("inspects classes", function()
    local User = Base:model("User", { __tablename__ = "user", id = key(), name = Column(String),
      posts = corm.relationship("Post", { backref = "user" }) })
    local Post = Base:model("Post", { __tablename__ = "post", id = key(),
      user_id = Column(Integer, ForeignKey("user.id")) })
    local mapper = corm.inspect(User)
    assert.same({ "id", "name" }, mapper.columns)
    assert.same({ "id" }, mapper.primary_key)
    assert.equal("posts", mapper.relationships[1])
    assert.equal("ONETOMANY", mapper.relationships.posts.direction)
    assert.is_true(rawequal(Post, mapper.relationships.posts.target))
    assert.equal("MANYTOONE", corm.inspect(Post).relationships.user.direction)
    assert.equal("posts", corm.inspect(Post).relationships.user.back_populates)
    local names = {}
    for i, name in ipairs(corm.inspect(Post).relationships) do names[i] = name end
    assert.same({ "user" }, names)
  end)
end)

describe("Base:model refuses", function()
  before_each(function() Base = corm.declarative_base() end)

  local function refused(class, text, name, body)
    return raises(class, text, Base.model, Base, name, body)
  end

  it("a model without a primary key", function()
    refused("ArgumentError", "could not assemble any primary key columns for mapped table 'user'", "User",
      { __tablename__ = "user", name = Column(String) })
  end)

  it("a model without a table", function()
    refused("InvalidRequestError", "class User has no __tablename__", "User", { id = key() })
  end)

  it("one name twice and one table twice", function()
    Base:model("User", { __tablename__ = "user", id = key() })
    refused("InvalidRequestError", "a class with the name 'User'", "User", { __tablename__ = "other", id = key() })
    refused("InvalidRequestError", "user", "Person", { __tablename__ = "user", id = key() })
    refused("InvalidRequestError", "mapped by class User already", "Person", { __table__ = Base.metadata.tables.user })
  end)

  it("names that mean nothing", function()
    local err = refused("ArgumentError", "unknown name '__tablenam__' of User", "User",
      { __tablenam__ = "u", id = key() })
    assert.equal("did you mean '__tablename__'?", err.hint)
    refused("ArgumentError", "__tablename__ must be a string", "User", { __tablename__ = 5, id = key() })
    refused("ArgumentError", "unknown option 'colour' of User.__mapper_args__", "User",
      { __tablename__ = "u", id = key(), __mapper_args__ = { colour = 1 } })
    refused("ArgumentError", "polymorphic_on names no attribute: 'kind'", "User",
      { __tablename__ = "u", id = key(), __mapper_args__ = { polymorphic_on = "kind" } })
  end)

  it("members of the wrong kind", function()
    refused("ArgumentError", "User.name is a type; a column is written Column(", "User",
      { __tablename__ = "u", id = key(), name = String })
    refused("ArgumentError", "may stand without a name", "User", { __tablename__ = "u", id = key(), "x" })
    refused("ArgumentError", "without a name in the array part", "User", { __tablename__ = "u", key() })
    refused("ArgumentError", "the name of a class expected, got integer", 5, {})
    refused("ArgumentError", "a table of members expected, got nil", "User", nil)
    refused("ArgumentError", "unknown attribute 'emial' of User; did you mean 'email'?", "User",
      { __tablename__ = "u", id = key(), email = Column(String), corm.validates("emial", function() end) })
    raises("ArgumentError", "a type such as corm.Integer expected", Column, "Integer")
    assert.is_nil(Base.registry.classes.User)
  end)

  it("columns and replaced attributes on a finished class", function()
    local User = Base:model("User", { __tablename__ = "user", id = key() })
    raises("ArgumentError", "mapped and cannot be replaced", function() User.id = 5 end)
    raises("ArgumentError", "unknown attribute 'idd' of User; did you mean 'id'?", function() return User.idd end)
  end)

  it("wrong options of the base", function()
    raises("ArgumentError", "unknown option 'metdata' of declarative_base", corm.declarative_base, { metdata = 1 })
    raises("ArgumentError", "metadata must be a MetaData", corm.declarative_base, { metadata = 1 })
    raises("ArgumentError", "unknown member 'modle' of Base; did you mean 'model'?", function() return Base.modle end)
  end)
end)
