-- For specs of what the Inspector tells: databases made by plain SQL, and answers with types as text.
local corm = require "corm"

local inspected = {}

-- The answer with each type as it is written in `dialect`; "NULL" is corm.NullType.
function inspected.shown(value, dialect)
  if value == corm.NullType then return "NULL" end
  if type(value) == "userdata" and value ~= corm.null then return value:compile { dialect = dialect } end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do copy[key] = inspected.shown(item, dialect) end
  return copy
end

-- Executes statements as they are.
function inspected.execute(engine, ...)
  local statements = { ... }
  engine:begin(function(connection)
    for _, sql in ipairs(statements) do connection:exec_driver_sql(sql) end
  end)
end

-- What inspector:method(...) tells, types as text.
function inspected.told(engine, method, ...)
  local inspector = corm.inspect(engine)
  return inspected.shown(inspector[method](inspector, ...), engine.name)
end

-- What is expected of columns: each has these fields unless it says something else.
function inspected.columns(expected)
  for _, column in ipairs(expected) do
    if column.nullable == nil then column.nullable = true end
    if column.autoincrement == nil then column.autoincrement = false end
  end
  return expected
end

-- Name -> type as text of a table's columns.
function inspected.types(engine, name, dialect)
  local found = {}
  for _, column in ipairs(corm.inspect(engine):get_columns(name)) do
    found[column.name] = inspected.shown(column.type, dialect)
  end
  return found
end

return inspected
