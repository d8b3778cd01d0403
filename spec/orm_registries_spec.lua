-- Classes of several registries: relationships between them, and registries that are collected while classes to which
-- they lead live on.
local corm = require "corm"
local database = require "spec.support.database"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

describe("classes of two registries", function()
  local engine, metadata, Person, other, session
  database.each(before_each, after_each, function(given) engine = given end)
  before_each(function()
    metadata = corm.MetaData()
    Person = corm.declarative_base { metadata = metadata }:model("Person", { __tablename__ = "person",
      id = Column(Integer, { primary_key = true }), name = Column(String(20)) })
    other = corm.declarative_base { metadata = metadata }
    session = corm.Session { bind = engine }
  end)
  after_each(function() session:close() end)

  -- A class of the other registry whose rows belong to persons.
  local function car(options)
    local Car = other:model("Car", { __tablename__ = "car", id = Column(Integer, { primary_key = true }),
      owner_id = Column(ForeignKey "person.id"), owner = relationship(Person, options) })
    metadata:create_all(engine)
    return Car
  end

  local function check_both_ways(Car)
    local person = Person { name = "p", cars = { Car {}, Car {} } }
    session:add(person)
    session:commit()
    assert.equal(person, person.cars[1].owner)
    local third = Car { owner = person }
    assert.equal(3, #person.cars)
    session:add(third)
    session:commit()
    assert.equal(3, session:scalar(select(corm.func.count(Car.id)):where(Car.owner_id:eq(person.id))))
    assert.equal(3, #session:scalars(select(Car):join(Person.cars)):all())
    session:delete(person)
    session:commit()
    assert.is_nil(third.owner)
  end

  it("have a relationship with a backref", function()
    check_both_ways(car { backref = "cars" })
  end)

  it("have relationships that name each other, also where the first class is in use already", function()
    metadata:create_all(engine)
    session:add(Person { name = "before" })
    session:commit()
    local Car
    Person.cars = relationship(function() return Car end, { back_populates = "owner" })
    Car = car { back_populates = "cars" }
    check_both_ways(Car)
  end)

  it("know nothing of each other any more when one is collected", function()
    local seen = setmetatable({}, { __mode = "v" })
    for round = 1, 3 do
      do
        local Car = car()
        seen[1] = Car
        session:add_all { Car { id = 1, owner = Person { id = round } }, Car { id = 2 } }
        session:commit()
        session:execute(corm.delete(Car, { all = true }))
        session:commit()
        session:expunge_all()
      end
      metadata:remove(metadata.tables.car)
      other = corm.declarative_base { metadata = metadata }
      for _ = 1, 4 do collectgarbage() end
      assert.is_nil(seen[1])
      local person = session:get(Person, round)
      person.name = "alone"
      session:flush()
      session:delete(person)
      session:flush()
      session:rollback()
      session:delete(session:get(Person, round))
      session:commit()
      assert.equal(0, session:scalar(select(corm.func.count(Person.id))))
      session:rollback()
    end
  end)
end)
