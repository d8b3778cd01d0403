-- Inheritance: classes of one family, in one table or in several, and a query that gives each row as what it is.
local corm = require "corm"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local select = corm.select

local Base = corm.declarative_base()

local Account = Base:model("Account", {
  __tablename__ = "account",
  id      = Column(Integer, { primary_key = true }),
  kind    = Column(String(10), { nullable = false }),
  owner   = Column(String(50), { nullable = false }),
  balance = Column(Integer, { default = 0 }),
  __mapper_args__ = { polymorphic_on = "kind", polymorphic_abstract = true },

  fee = function() return 0 end,
})

-- No table of its own: its column stands in the parent's.
local Checking = Account:model("Checking", {
  overdraft = Column(Integer),
  __mapper_args__ = { polymorphic_identity = "checking" },

  fee = function(self) return self.balance < 0 and 5 or 1 end,
})

-- A table of its own beside the parent's, joined by the key.
local Savings = Account:model("Savings", {
  __tablename__ = "savings",
  id   = Column(Integer, ForeignKey("account.id"), { primary_key = true }),
  rate = Column(corm.Numeric(5, 2), { nullable = false }),
  __mapper_args__ = { polymorphic_identity = "savings" },
})

local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)
local session = corm.Session { bind = engine }

session:add_all {
  Checking { owner = "Ann", balance = -50, overdraft = 100 },
  Checking { owner = "Bob", balance = 20, overdraft = 0 },
  Savings { owner = "Ann", balance = 1000, rate = corm.decimal "1.25" },
}
session:commit()

-- One query for all kinds. What a subclass adds comes with it, since with_polymorphic asks for it.
local any = corm.with_polymorphic(Account, "*")
for account in session:scalars(select(any):order_by(any.id)) do
  local more = account.__class__ == Savings and "rate " .. tostring(account.rate) or "overdraft " .. account.overdraft
  print(("%-9s %-4s %5d  fee %d  %s"):format(account.__class__.__name__, account.owner, account.balance,
    account:fee(), more))
end

-- A query of a subclass sees its own rows only; attributes of the parent are its own.
assert(session:query(Checking):count() == 2)
assert(session:scalars(select(Savings):where(Savings.owner:eq "Ann", Savings.rate:gt(1))):one().balance == 1000)

-- By key the family is one: what comes back says what it is.
local third = session:get(Account, 3)
assert(third.__class__ == Savings and session:get(Savings, 3) == third and session:get(Checking, 3) == nil)

-- A change touches the tables whose columns have changed.
local sent = {}
corm.event.listen(engine, "before_cursor_execute", function(_, _, statement)
  sent[#sent + 1] = statement:match "^UPDATE %S+"
end)
third.rate = corm.decimal "1.50"
session:commit()
print(table.concat(sent, ", "))
assert(#sent == 1 and sent[1] == "UPDATE savings")


-- The root only stands for the classes below it.
local ok, err = pcall(Account, { owner = "Cid" })
print(err.message)
assert(not ok)
session:close()
