-- The unit of work: the session notices what changes, writes it at the flush, and takes it back at the rollback.
local corm = require "corm"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

local Base = corm.declarative_base()

local Account = Base:model("Account", {
  __tablename__ = "account",
  id      = Column(Integer, { primary_key = true }),
  owner   = Column(String(50), { nullable = false, unique = true }),
  balance = Column(Integer, { nullable = false, default = 0 }),
})

local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)
local Session = corm.sessionmaker { bind = engine }
local session = Session()

-- New, then written, then clean. The default and the generated key are on the object after the flush.
local ann = Account { owner = "Ann" }
session:add(ann)
assert(#session.new == 1 and ann.id == nil)
session:flush()
print("after the flush: id " .. ann.id .. ", balance " .. ann.balance)
assert(#session.new == 0 and ann.balance == 0)
session:commit()

-- A change makes an object dirty; a rollback brings back what the database has.
ann.balance = 100
assert(session.dirty:contains(ann))
session:rollback()
print("after the rollback: " .. ann.balance)
assert(ann.balance == 0 and #session.dirty == 0)

-- One key, one object: the second question is answered by the session.
assert(rawequal(session:get(Account, ann.id), ann))

-- A block commits when its function returns and rolls back when it fails.
local function transfer(from, to, amount)
  from.balance = from.balance - amount
  to.balance = to.balance + amount
  if from.balance < 0 then error("too little money", 0) end
end

local bob = Account { owner = "Bob", balance = 50 }
session:add(bob)
session:commit()
session:begin(function() transfer(bob, ann, 20) end)
print("transferred: Ann " .. ann.balance .. ", Bob " .. bob.balance)
assert(ann.balance == 20 and bob.balance == 30)
session:commit()

local ok, reason = pcall(function() session:begin(function() transfer(bob, ann, 500) end) end)
print("refused: " .. tostring(reason))
assert(not ok and reason == "too little money")
assert(ann.balance == 20 and bob.balance == 30)

-- A savepoint: its failure takes back its own part and nothing else.
ann.balance = 21
local inserted, err = pcall(function()
  session:begin_nested(function()
    bob.balance = 0
    session:add(Account { owner = "Ann" }) -- the name is taken
    session:flush()
  end)
end)
assert(not inserted and err:is("IntegrityError"))
print("undone to the savepoint: " .. err.class)
assert(bob.balance == 30 and ann.balance == 21)
session:commit()

-- Another session sees what was committed.
do
  local other <close> = Session()
  local accounts = other:scalars(corm.select(Account):order_by(Account.id)):all()
  for _, account in ipairs(accounts) do print(account.owner .. " has " .. account.balance) end
  assert(#accounts == 2 and accounts[1].balance == 21 and accounts[2].balance == 30)
end

-- A deleted object is gone at the flush, and is back after a rollback.
local id = bob.id
session:delete(bob)
session:flush()
assert(session:get(Account, id) == nil)
session:rollback()
assert(session:contains(bob) and bob.balance == 30)
session:close()
