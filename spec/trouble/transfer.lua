-- One of several processes that move money between the same accounts: arg is URL, number of accounts, of transfers, and
-- a seed. Prints how many transfers were done and how often one had to be tried again.
local corm = require "corm"

local url, accounts, transfers, seed = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])
math.randomseed(seed)

local Base = corm.declarative_base()
local Account = Base:model("Account", {
  __tablename__ = "account",
  id = corm.Column(corm.Integer, { primary_key = true }),
  balance = corm.Column(corm.Integer, { nullable = false }),
})

local engine = corm.create_engine(url, { isolation_level = "SERIALIZABLE" })
local session = corm.sessionmaker { bind = engine }()
local again = 0
for _ = 1, transfers do
  local from = math.random(accounts)
  local to = (from + math.random(accounts - 1) - 1) % accounts + 1
  local amount, tries = math.random(100), 0
  session:run_transaction(function()
    tries = tries + 1
    local giver, taker = session:get(Account, from), session:get(Account, to)
    giver.balance = giver.balance - amount
    taker.balance = taker.balance + amount
  end, { max_retries = 1000, retry_lock_timeout = true }) -- SQLite serves those who wait in no order
  again = again + tries - 1
end
print(transfers, again)
