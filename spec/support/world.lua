-- A database with the classes that many specs of the ORM use, and a record of the statements that are really sent.
local corm = require "corm"
local assert = require "luassert"
local database = require "spec.support.database"
local sql = require "spec.support.sql"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship = corm.relationship

local world = {}
world.__index = world

-- User 1-n Address n-1 City, Address n-m Tag; Node is a tree; Account has a default of each kind and a version of none.
-- `options`: relationship options by "Class.key", to replace the ones here.
function world.models(options)
  options = options or {}
  local Base = corm.declarative_base()
  local function rel(target, name, default)
    local merged = {}
    for k, v in pairs(default) do merged[k] = v end
    for k, v in pairs(options[name] or {}) do merged[k] = v end
    return relationship(target, merged)
  end
  local address_tag = corm.Table("address_tag", Base.metadata,
    Column("address_id", Integer, ForeignKey("address.id"), { primary_key = true }),
    Column("tag_id", Integer, ForeignKey("tag.id"), { primary_key = true }))
  local m = { Base = Base, address_tag = address_tag }
  m.User = Base:model("User", {
    __tablename__ = "user",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(50), { nullable = false }),
    age = Column(Integer),
    addresses = rel("Address", "User.addresses", { back_populates = "user", order_by = "Address.id" }),
  })
  m.City = Base:model("City", {
    __tablename__ = "city",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(50), { nullable = false, unique = true }),
  })
  m.Address = Base:model("Address", {
    __tablename__ = "address",
    id = Column(Integer, { primary_key = true }),
    email = Column(String(50), { nullable = false }),
    user_id = Column(Integer, ForeignKey("user.id")),
    city_id = Column(Integer, ForeignKey("city.id")),
    user = rel("User", "Address.user", { back_populates = "addresses" }),
    city = rel("City", "Address.city", {}),
    tags = rel("Tag", "Address.tags", { secondary = address_tag, back_populates = "addresses", order_by = "Tag.id" }),
  })
  m.Tag = Base:model("Tag", {
    __tablename__ = "tag",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(50), { nullable = false, unique = true }),
    addresses = rel("Address", "Tag.addresses", { secondary = address_tag, back_populates = "tags" }),
  })
  m.Node = Base:model("Node", {
    __tablename__ = "node",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
    parent_id = Column(Integer, ForeignKey("node.id")),
    children = rel("Node", "Node.children", { back_populates = "parent", order_by = "Node.id" }),
  })
  m.Node.parent = rel("Node", "Node.parent", { back_populates = "children", remote_side = m.Node.id })
  m.Item = Base:model("Item", {
    __tablename__ = "item",
    order_no = Column(Integer, { primary_key = true }),
    line = Column(Integer, { primary_key = true }),
    text = Column(String(50)),
  })
  return m
end

-- The table of users in SQL that goes through corm, which sends it as it is; in that of rows() and sql() it is "user"
-- with quotes everywhere.
world.user = database.name == "postgresql" and '"user"' or "user"

-- Opens an empty database with the tables of `models` (world.models() without).
function world.open(models, session_options)
  local self = setmetatable({}, world)
  self.m = models or world.models()
  self.url, self.store = database.url()
  self.engine = corm.create_engine(self.url)
  self.m.Base.metadata:create_all(self.engine)
  self.sent = {}
  corm.event.listen(self.engine, "before_cursor_execute", function(_, _, statement, parameters, _, executemany)
    self.sent[#self.sent + 1] = {
      sql = sql.sent(statement), parameters = parameters, executemany = executemany,
    }
  end)
  local options = { bind = self.engine }
  for k, v in pairs(session_options or {}) do options[k] = v end
  self.Session = corm.sessionmaker(options)
  return self
end

function world:session(options)
  local session = self.Session(options or {})
  self.sessions = self.sessions or {}
  self.sessions[#self.sessions + 1] = session
  return session
end

-- Closes the sessions and gives the database back.
function world:close()
  for _, session in ipairs(self.sessions or {}) do pcall(session.close, session) end
  self.engine:dispose()
  database.clean()
end

-- What another program reads.
function world:rows(query)
  return database.shell(self.store, query)
end

-- The same in one line, with commas between rows.
function world:list(query)
  return (self:rows(query):gsub("\n", ","))
end

-- Runs SQL behind corm's back.
function world:sql(statements)
  local answer = database.shell(self.store, statements)
  assert(answer == "", answer)
end

-- The SQL of the statements sent since the last call (or while fn runs), as a list.
function world:statements(fn)
  if fn then
    self.sent = {}
    fn()
  end
  local list = {}
  for i, statement in ipairs(self.sent) do list[i] = statement.sql end
  self.sent = {}
  return list
end

-- The parameters that the statements in `sent` carried, one list a row, whether a statement wrote one row or many.
function world:sets()
  local sets = {}
  for _, statement in ipairs(self.sent) do
    for _, set in ipairs(statement.executemany and statement.parameters or { statement.parameters }) do
      sets[#sets + 1] = set
    end
  end
  return sets
end

-- The session waits for nothing, holds nothing, and a unit of work goes through.
function world:check_usable(session)
  assert.is_true(session.is_active)
  assert.same({ 0, 0, 0 }, { #session.new, #session.dirty, #session.deleted })
  local before = tonumber(self:rows "SELECT count(*) FROM city")
  session:add(self.m.City { name = "usable " .. before })
  session:commit()
  assert.equal(before + 1, tonumber((self:rows "SELECT count(*) FROM city")))
end

-- Their number.
function world:count(fn)
  return #self:statements(fn)
end

return world
