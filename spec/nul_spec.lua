-- Lua's strings may hold a NUL, C's end there: no name or text from outside may be taken for what it begins with.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String

local function classes()
  local Base = corm.declarative_base()
  local User = Base:model("User", {
    __tablename__ = "nul_user",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
  })
  return User, Base
end

describe("a NUL", function()
  after_each(database.clean)

  it("in a name or text that is declared is refused", function()
    local metadata = corm.MetaData()
    local known = corm.Table("known", metadata, Column("a", Integer))
    for what, declare in pairs {
      column = function() return Column("a\0b", Integer) end,
      name = function() return Column("a", Integer, { name = "a\0b" }) end,
      comment = function() return Column("a", Integer, { comment = "a\0b" }) end,
      server_default = function() return Column("a", String(5), { server_default = "a\0b" }) end,
      table = function() return corm.Table("t\0u", metadata, Column("a", Integer)) end,
      schema = function() return corm.Table("t", metadata, Column("a", Integer), { schema = "a\0b" }) end,
      table_comment = function() return corm.Table("t", metadata, Column("a", Integer), { comment = "a\0b" }) end,
      metadata = function() return corm.MetaData { schema = "a\0b" } end,
      convention = function() return corm.MetaData { naming_convention = { pk = "pk\0_x" } } end,
      token = function() return corm.MetaData { naming_convention = { ["pk\0"] = "pk_x" } } end,
      ondelete = function() return ForeignKey("a.b", { ondelete = "CASCADE\0" }) end,
      class = function() return corm.declarative_base():model("A\0B", { __tablename__ = "a" }) end,
      option = function() return Column("a", Integer, { ["name\0"] = "b" }) end,
      extract = function() return corm.extract("year\0", corm.column "a") end,
      dialect = function() return corm.select(known):with_hint(known, corm.text "x", "sqlite\0") end,
    } do
      local ok, err = pcall(declare)
      assert.message(what).is_false(ok)
      assert.message(what .. ": " .. tostring(err)).is_true(err:is "ArgumentError" or err:is "IdentifierError")
    end
  end)

  it("in what a relationship says is refused", function()
    for option, value in pairs { lazy = "joined\0", cascade = "all\0", back_populates = "user\0" } do
      local _, Base = classes()
      Base:model("Address", {
        __tablename__ = "nul_address",
        id = Column(Integer, { primary_key = true }),
        user_id = Column(Integer, ForeignKey "nul_user.id"),
        user = corm.relationship("User", { [option] = value }),
      })
      raises("ArgumentError", option, function() Base.registry:configure() end)
    end
  end)

  it("in a key of filter_by is no key, so that no row is found too many", function()
    local User = classes()
    raises("InvalidRequestError", "filter_by", function() return corm.select(User):filter_by { ["name\0x"] = "a" } end)
    raises("InvalidRequestError", "filter_by",
      function() return corm.select(User.__table__):filter_by { ["name\0x"] = "a" } end)
  end)

  it("in a name that is looked up finds nothing", function()
    local User, Base = classes()
    local engine = database.engine()
    Base.metadata:create_all(engine)
    local session <close> = corm.Session { bind = engine }
    local user = User { name = "x" }
    session:add(user)
    session:flush()
    local t = User.__table__
    local function result() return session:execute(corm.select(t.c.id, t.c.name)) end
    for class, lookups in pairs {
      ArgumentError = {
        function() return t.c["name\0"] end,
        function() return User["name\0"] end,
        function() return user["name\0"] end,
        function() return corm.select(t):subquery().c["name\0"] end,
        function() return corm.select(t.c.id:label "z"):order_by "z\0" end,
        function() return engine["name\0"] end,
        function() return session["new\0"] end,
        function() return corm.create_engine("sqlite://", { ["echo\0"] = true }) end,
        function() return corm.select(t):with_for_update { ["nowait\0"] = true } end,
        function() return engine:connect():execution_options { isolation_level = "SERIALIZABLE\0" } end,
      },
      NoSuchColumnError = {
        function() return result():first()["name\0"] end,
        function() return result():scalars "name\0" end,
        function() return result():columns "name\0" end,
      },
      InvalidRequestError = {
        function() return session:get(User, { ["id\0"] = 1 }) end,
        function() return session:expire(user, { "name\0" }) end,
        function() return session:refresh(user, { "name\0" }) end,
      },
    } do
      for i, lookup in ipairs(lookups) do
        local ok, err = pcall(lookup)
        assert.message(class .. " " .. i).is_false(ok)
        assert.message(class .. " " .. i .. ": " .. tostring(err)).is_true(err:is(class))
      end
    end
  end)
end)
