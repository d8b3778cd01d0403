-- The public interface as the module shows it: a value of every class, and the members of each by the debug library.
local corm = require "corm"

local surface = {}

-- Instances -----------------------------------------------------------------------------------------------------------

local function models()
  local Base = corm.declarative_base()
  local Parent = Base:model("Parent", {
    __tablename__ = "parent",
    id = corm.Column(corm.Integer, { primary_key = true }),
    name = corm.Column(corm.String),
    children = corm.relationship("Child", { back_populates = "parent" }),
  })
  Base:model("Child", {
    __tablename__ = "child",
    id = corm.Column(corm.Integer, { primary_key = true }),
    parent_id = corm.Column(corm.Integer, corm.ForeignKey("parent.id")),
    parent = corm.relationship("Parent", { back_populates = "children" }),
  })
  return Base, Parent
end

-- The compiler that the function of a construct gets.
local function construct_compiler()
  local class, kept = corm.construct "surface", nil
  corm.compiles(class, function(_, compiler)
    kept = compiler
    return "x"
  end)
  tostring(class())
  return kept
end

-- Class name in the stubs -> a value of that class.
function surface.instances()
  local Base, Parent = models()
  local engine = corm.create_engine("sqlite://")
  Base.metadata:create_all(engine)
  local Session = corm.sessionmaker { bind = engine }
  local session = Session()
  local ann = Parent { name = "Ann" }
  session:add(ann)
  session:commit()
  local connection = engine:connect()
  local parent = Parent.__table__
  local function rows() return connection:execute(corm.select(parent)) end
  return {
    Error = select(2, pcall(corm.Column)),
    Date = corm.date(2026, 1, 2), Time = corm.time(1, 2), DateTime = corm.datetime(2026, 1, 2),
    Timedelta = corm.timedelta { days = 1 }, Decimal = corm.decimal "1.5", Uuid = corm.uuid4(),
    Type = corm.String(50), Column = parent.c.id, Index = corm.Index("by_name", "name"),
    Constraint = corm.UniqueConstraint("name"), ForeignKey = corm.ForeignKey("parent.id"),
    Sequence = corm.Sequence "s", Identity = corm.Identity(), Computed = corm.Computed "1",
    Table = parent, MetaData = Base.metadata,
    Expression = parent.c.id:eq(1), FromClause = parent:alias(),
    Select = corm.select(parent), Insert = corm.insert(parent), Update = corm.update(parent),
    Delete = corm.delete(parent), TextClause = corm.text "SELECT 1", DDLElement = corm.CreateTable(parent),
    Compiled = corm.select(parent):compile(), Construct = corm.construct "surface", Compiler = construct_compiler(),
    URL = engine.url, Engine = engine, Pool = engine.pool, Connection = connection,
    Transaction = engine:connect():begin(),
    Result = rows(), ScalarResult = rows():scalars(), MappingResult = rows():mappings(), Row = rows():first(),
    Collection = ann.children, Relationship = Parent.children, LoaderOption = corm.selectinload(Parent.children),
    Session = session, SessionTransaction = Session():begin(), SessionSet = session.new, sessionmaker = Session,
    scoped_session = corm.scoped_session(Session),
    ShardedSession = corm.ShardedSession { shards = { a = engine }, shard_chooser = print },
    Query = session:query(Parent),
    registry = Base.registry, Base = Base, AutomapBase = corm.automap_base(), Model = Parent,
    Inspector = corm.inspect(engine),
    InstanceState = corm.inspect(ann), AttributeState = corm.inspect(ann).attrs.name, Mapper = corm.inspect(Parent),
    RelationshipProperty = corm.inspect(Parent).relationships.children,
    ColumnProperty = corm.inspect(Parent).column_attrs.name,
  }
end

-- Members -------------------------------------------------------------------------------------------------------------

local function upvalue(fn, wanted)
  for i = 1, 60 do
    local name, value = debug.getupvalue(fn, i)
    if name == wanted then return value end
    if not name then return nil end
  end
end

-- Binding classes keep their table of methods in the registry, just before their metatable.
local function native_methods(meta)
  local registry = debug.getregistry()
  for i, value in pairs(registry) do
    if math.type(i) == "integer" and rawequal(value, meta) then
      local methods = registry[i - 1]
      for name, method in pairs(methods) do
        local fits = type(name) == "string" and (type(method) == "function" or method == false)
        assert(fits, "the table of methods is not where it was made")
      end
      return methods
    end
  end
  error("no class of corm")
end

-- What holds the members of a value of the Lua half: fields of a view, a base, a class, methods of a registry.
local function lua_members(meta)
  local index = meta.__index
  if type(index) == "function" then
    local fields, methods = upvalue(index, "fields"), upvalue(index, "members")
    if not (fields and methods) then return fields or methods or upvalue(index, "registry_members") end
    local both = {}
    for _, part in ipairs { fields, methods } do
      for name, member in pairs(part) do both[name] = member end
    end
    return both
  end
  local inner = debug.getmetatable(index)
  if not inner then return index end
  local fields = upvalue(inner.__index, "ci").fields
  fields.__mapper__ = inner.__index(index, "__mapper__") -- which is made when it is asked for
  return fields
end

-- The table that has the members of a value under their names: one table for all classes that share it.
function surface.members(value)
  local meta = debug.getmetatable(value)
  return type(value) == "userdata" and native_methods(meta) or lua_members(meta)
end

return surface
