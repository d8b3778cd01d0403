-- What a database says of expressions that are deeper than it likes, and of lists that are longer, in a process of its
-- own: spec/depth_spec.lua gives it a small C stack. Arguments: how deep, the database's URL. Prints a line for each
-- outcome that is neither a result nor the database's error.
local corm = require "corm"

local depth, url = math.tointeger(arg[1]), arg[2]

local metadata = corm.MetaData()
local t = corm.Table("t", metadata,
  corm.Column("id", corm.Integer, { primary_key = true }),
  corm.Column("flag", corm.Boolean))
local id, flag = t.c.id, t.c.flag

local engine = corm.create_engine(url)
metadata:create_all(engine)
local connection = engine:connect()

local function try(what, statement, expected)
  local ok, result = pcall(function() return connection:execute(statement):all() end)
  if ok and #result ~= expected then
    print(what, #result .. " rows")
  elseif not ok and not corm.is_error(result, "DBAPIError") then
    print(what, tostring(result):sub(1, 300))
  end
  connection:close()
  connection = engine:connect()
end

local sum, long_or, negated, numbers = id, id:eq(0), flag, {}
for i = 1, depth do
  sum = sum + 1
  long_or = long_or | id:eq(i)
  negated = corm.not_(negated:op("=")(flag))
  numbers[i] = i
end
for i = depth + 1, 3 * depth do numbers[i] = i end

local select = corm.select
try("+", select(sum), 0)
try("or_", select(id):where(long_or), 0)
try("not_", select(id):where(negated), 0)
try("in_", select(id):where(id:in_(numbers)), 0)
try("insert", corm.insert(t):values { id = sum }, 0)

local joined, nested = t, select(id)
for i = 1, 200 do
  joined = joined:join(t:alias("t" .. i), id:eq(1))
  nested = i < 60 and select(nested:subquery().c.id) or nested
end
try("joins", select(id):select_from(joined), 0)
try("subqueries", nested, 0)

connection:close()
metadata:drop_all(engine)
engine:dispose()
