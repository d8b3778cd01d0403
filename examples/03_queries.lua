-- Queries: statements are built step by step, and each step leaves the one before it unchanged.
local corm = require "corm"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local select, func, or_ = corm.select, corm.func, corm.or_

local Base = corm.declarative_base()

local Person = Base:model("Person", {
  __tablename__ = "person",
  id   = Column(Integer, { primary_key = true }),
  name = Column(String(50), { nullable = false }),
  age  = Column(Integer),
})

local Order = Base:model("Order", {
  __tablename__ = "order",
  id        = Column(Integer, { primary_key = true }),
  person_id = Column(Integer, ForeignKey("person.id"), { nullable = false }),
  amount    = Column(Integer, { nullable = false }),
  person    = corm.relationship("Person", { backref = "orders" }),
})

local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)
local session = corm.sessionmaker { bind = engine } ()
session:add_all {
  Order { amount = 10, person = Person { name = "Ada", age = 36 } },
  Order { amount = 30, person = Person { name = "Bert", age = 17 } },
  Person { name = "Cleo" },
}
session:flush()
local ada = session:scalars(select(Person):filter_by { name = "Ada" }):one()
ada.orders:append(Order { amount = 25 })
session:commit()

local function names(stmt)
  local list = {}
  for person in session:scalars(stmt) do list[#list + 1] = person.name end
  return table.concat(list, " ")
end

-- Comparisons are methods, since Lua turns the result of == into a boolean.
local everybody = select(Person):order_by(Person.name)
local adults = everybody:where(Person.age:ge(18))
print("everybody:  " .. names(everybody))
print("adults:     " .. names(adults))
print("as SQL:     " .. tostring(adults):gsub("%s+", " "))
assert(names(everybody) == "Ada Bert Cleo" and names(adults) == "Ada")

assert(names(everybody:where(Person.age:is_(nil))) == "Cleo")
assert(names(everybody:where(Person.age:between(10, 20))) == "Bert")
assert(names(everybody:where(Person.name:in_ { "Ada", "Cleo" })) == "Ada Cleo")
assert(names(everybody:where(or_(Person.name:like("A%"), Person.age:lt(18)))) == "Ada Bert")
assert(names(select(Person):order_by(Person.name:desc()):limit(1):offset(1)) == "Bert")

-- Columns instead of objects: rows, by name or by position.
local totals = select(Person.name, func.count(Order.id):label("orders"), func.sum(Order.amount):label("total"))
  :join(Order)
  :group_by(Person.id)
  :having(func.sum(Order.amount):gt(5))
  :order_by(Person.name)
for row in session:execute(totals) do
  local name, orders = row:unpack()
  print(("%-6s %d orders, %d in all"):format(name, orders, row.total))
end
local first = session:execute(totals):first()
assert(first.name == "Ada" and first[2] == 2 and first.total == 35)

local stage = corm.case({ Person.age:ge(18), "adult" }, { Person.age:lt(18), "minor" }, { else_ = "unknown" })
local stages = session:execute(select(Person.name, stage:label("stage")):order_by(Person.name)):all()
for _, row in ipairs(stages) do print(("%-6s %s"):format(row.name, row.stage)) end
assert(stages[1].stage == "adult" and stages[2].stage == "minor" and stages[3].stage == "unknown")

-- One value; and the same questions asked through session:query.
assert(session:scalar(select(func.count()):select_from(Order)) == 3)
assert(session:query(Person):filter_by { name = "Bert" }:one().age == 17)
assert(session:query(Person):where(Person.age:ge(17)):count() == 2)
assert(session:query(Person):order_by(Person.name):first() == ada)

-- What looks right in Python is refused here, before it can become a wrong query.
local ok, err = pcall(function() return select(Person):where(Person.name == "Ada") end)
assert(not ok and err:is("ArgumentError"))
print(err.message)
session:close()
