-- Files of corm's Lua half that are loaded while memory runs out: a name of the module, a method, what C calls, what a
-- declaration needs. What failed works when it is done again, and names are what the newest run of a file made of them.

local corm = require "corm"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

local scenario = {}

function scenario.prepare()
  local Base = corm.declarative_base()
  local Item = Base:model("Item", {
    __tablename__ = "item", id = Column(Integer, { primary_key = true }), name = Column(String),
    data = Column(corm.JSON),
  })
  local engine = corm.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  return { engine = engine, Base = Base, Item = Item, session = corm.Session { bind = engine } }
end

local function use(state)
  local Item, session = state.Item, state.session
  assert(corm.inspect(Item).local_table.name == "item")
  assert(tostring(corm.select(corm.aliased(Item, { name = "i" }).id)):find "AS i")
  assert(#session:plan() == 0)
  assert(session:find_or_create(Item, { name = "a" }).name == "a")
  local heard = 0
  local function hear() heard = heard + 1 end
  corm.event.listen(corm.Mapper, "before_insert", hear)
  session:add(Item { name = "b" })
  session:flush()
  corm.event.remove(corm.Mapper, "before_insert", hear)
  assert(heard == 1)
  assert(corm.MutableDict { a = 1 }.a == 1)
  assert(not pcall(corm.MutableList, 1))
  assert(corm.DDL "SELECT 1":execute_if { dialect = "sqlite" })
  session:rollback()
end

function scenario.run(state)
  local ok, err = pcall(use, state)
  state.session:rollback()
  if not ok then error(err, 0) end
end

function scenario.check(state, ok)
  if not ok then
    state.session:close()
    state.session = corm.Session { bind = state.engine }
  end
  use(state)
  local inspect, Mapper = corm.inspect, corm.Mapper
  for name, value in pairs(corm) do assert(value ~= nil and corm[name] == value, name) end
  assert(corm.inspect == inspect and corm.Mapper == Mapper)
end

return scenario
