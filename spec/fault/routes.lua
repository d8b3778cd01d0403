-- A session that is asked for each statement which database it is for. After the failure both databases hold all of it
-- or nothing, and the session finds its way again.
local corm = require "corm"
local Column, Integer, String, ForeignKey = corm.Column, corm.Integer, corm.String, corm.ForeignKey
local select, func = corm.select, corm.func
for _ in pairs(corm) do end -- loads its files: what fails in that is files.lua's

local scenario = {}

function scenario.prepare()
  local Base = corm.declarative_base()
  local City = Base:model("City", { __tablename__ = "city", id = Column(Integer, { primary_key = true }),
    name = Column(String) })
  local Person = Base:model("Person", { __tablename__ = "person", id = Column(Integer, { primary_key = true }),
    name = Column(String), city_id = Column(Integer, ForeignKey "city.id"), city = corm.relationship("City") })
  local main, cities, copy = corm.create_engine("sqlite://"), corm.create_engine("sqlite://"),
    corm.create_engine("sqlite://")
  for _, engine in ipairs { main, cities, copy } do
    Base.metadata:create_all(engine)
    engine:begin(function(conn) conn:execute(corm.insert(City):values { id = 9, name = "old" }) end)
  end
  -- For its foreign keys.
  main:begin(function(conn) conn:execute(corm.insert(City):values { id = 1, name = "shadow" }) end)
  local state = { City = City, Person = Person, main = main, cities = cities, copy = copy }
  state.session = corm.Session { bind = main, get_bind = function(_, wish)
    if wish.mapper == City then return wish.writes and cities or copy end
  end }
  return state
end

function scenario.run(state)
  local session, City, Person = state.session, state.City, state.Person
  assert(session:get(City, 9).name == "old")
  local city = City { id = 1, name = "new" }
  session:add_all { Person { name = "a", city = city }, city, Person { name = "b" } }
  session:flush()
  assert(session:scalar(select(func.count()):select_from(Person)) == 2)
  assert(#session:scalars(select(City), nil, { bind_arguments = { bind = state.cities } }):all() == 2)
  session:execute(corm.update(Person):values { name = "c" }:where(Person.name:eq "b"))
  session:bind_table(Person.__table__, state.main)
  assert(#session:plan() == 0)
  session:commit()
end

local function count(engine, class)
  return engine:begin(function(conn) return conn:execute(select(func.count()):select_from(class)):scalar() end)
end

function scenario.check(state, ok)
  local session, City, Person = state.session, state.City, state.Person
  session:rollback()
  session:expunge_all()
  local people, cities = count(state.main, Person), count(state.cities, City)
  assert(people == (ok and 2 or people == 0 and 0 or 2), people)
  assert(not ok or cities == 2, cities)
  assert(count(state.copy, City) == 1)
  session:add(City { id = 2, name = "after" })
  session:add(Person { name = "after" })
  session:commit()
  assert(count(state.main, Person) == people + 1 and count(state.cities, City) == cities + 1)
  session:close()
end

return scenario
