-- Without objects: tables, statements, connections and rows.
local corm = require "corm"
local Column, Integer, String = corm.Column, corm.Integer, corm.String
local select, insert, update, delete, text = corm.select, corm.insert, corm.update, corm.delete, corm.text

local engine = corm.create_engine("sqlite://")
local metadata = corm.MetaData()

local account = corm.Table("account", metadata,
  Column("id", Integer, { primary_key = true }),
  Column("owner", String(50), { nullable = false, unique = true }),
  Column("balance", Integer, { nullable = false }),
  corm.CheckConstraint("balance >= 0", { name = "not_overdrawn" }))

metadata:create_all(engine)

-- A block is a transaction: committed when the function returns.
local id = engine:begin(function(connection)
  local result = connection:execute(insert(account):values { owner = "Ann", balance = 100 })
  -- A list of tables runs one statement for all of them.
  connection:execute(insert(account), { { owner = "Bob", balance = 20 }, { owner = "Cid", balance = 0 } })
  return result.inserted_primary_key[1]
end)
assert(id == 1)

local function show(title)
  print(title)
  local connection <close> = engine:connect()
  for row in connection:execute(select(account):order_by(account.c.owner)) do
    print(("  %d %-4s %4d"):format(row.id, row.owner, row.balance))
  end
end

local function add(connection, owner, amount)
  local stmt = update(account):where(account.c.owner:eq(owner)):values { balance = account.c.balance + amount }
  assert(connection:execute(stmt).rowcount == 1)
end

local function transfer(connection, from, to, amount)
  add(connection, to, amount)
  add(connection, from, -amount)
end

show("at first")
engine:begin(function(connection) transfer(connection, "Ann", "Cid", 30) end)
show("after a transfer")

-- An error rolls back everything in its block, and says what went wrong.
local ok, err = pcall(function()
  engine:begin(function(connection) transfer(connection, "Bob", "Cid", 500) end)
end)
assert(not ok and err:is("IntegrityError"))
print(err.class .. ": " .. err.message)

-- Commit as you go: the first statement begins the transaction.
local connection <close> = engine:connect()
connection:execute(delete(account):where(account.c.balance:lt(25)))
connection:rollback()
connection:execute(update(account):where(account.c.owner:eq("Bob")):values { balance = 25 })
connection:commit()

-- SQL as text, with parameters by name; values never become part of the SQL.
local rich = text("SELECT count(*) FROM account WHERE balance > :low")
local count = connection:execute(rich, { low = 24 }):scalar()
print("accounts above 24: " .. count)
assert(count == 3)

local total = connection:execute(select(corm.func.sum(account.c.balance))):scalar()
print("money in all: " .. total)
assert(total == 125)

-- Any statement shows its SQL, for any database.
local stmt = select(account.c.owner):where(account.c.owner:startswith("A")):limit(3)
print((stmt:compile({ dialect = "sqlite" }).string:gsub("%s+", " ")))
print((stmt:compile({ dialect = "sqlite", literal_binds = true }).string:gsub("%s+", " ")))
