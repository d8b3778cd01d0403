-- Writes units of work of two rows each, and says on standard output what it was told of each one: "acked N", "lost N"
-- (surely not there) or "unknown N". arg is URL and a file that ends the work when it appears.
local corm = require "corm"

local url, stop = arg[1], arg[2]
io.stdout:setvbuf "line"

local Base = corm.declarative_base()
local Debit = Base:model("Debit", {
  __tablename__ = "debit",
  id = corm.Column(corm.Integer, { primary_key = true, autoincrement = false }),
})
local Credit = Base:model("Credit", {
  __tablename__ = "credit",
  id = corm.Column(corm.Integer, { primary_key = true, autoincrement = false }),
})

local session = corm.sessionmaker { bind = corm.create_engine(url) }()

local function unit(number)
  session:add(Debit { id = number })
  session:flush()
  session:add(Credit { id = number })
  session:commit()
end

local function told(err)
  if corm.is_error and not corm.is_error(err) then error(err, 0) end
  if err:is "CommitUnknownError" then return "unknown" end
  if err:is "OperationalError" then return "lost" end
  error(err, 0)
end

local function is_over()
  local file = io.open(stop)
  if file then file:close() end
  return file ~= nil
end

local number = 0
while not is_over() do
  number = number + 1
  local ok, err = pcall(unit, number)
  print(ok and "acked" or told(err), number)
  if not ok then session:rollback() end
end
