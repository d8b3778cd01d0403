-- Classes over a select: a Table that is in no database stands for its columns, so that all else finds what it knows.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail
local Table, MetaData, Column = corm.Table, corm.MetaData, corm.Column

local selectable = {}

-- The key of a column of the FROM; nil for other values.
local function key_of(from, value)
  if type(value) ~= "userdata" or native.is_select(value) ~= false then return nil end
  for column in from.c do
    if rawequal(column, value) then return column.key end
  end
end

-- What primary_key names: keys of columns; without it, those that are keys of tables.
local function keys_of(where, from, given)
  local keys, any = {}, false
  for i, value in ipairs(given or {}) do
    local key = type(value) == "string" and value or key_of(from, value)
    if not key then
      fail("ArgumentError", "%s: primary_key[%d]: a column of the select or its name expected, got %s", where, i,
        native.kind(value))
    end
    keys[key] = from.c[key] ~= nil
  end
  for column in from.c do
    if not given and native.is_key(column) then keys[column.key] = true end
    any = any or keys[column.key]
  end
  if not any then
    fail("ArgumentError", "class %s: the select has no column of a primary key; name those that tell its rows apart by "
      .. "primary_key", where)
  end
  return keys
end

-- The list of names that such an option of __mapper_args__ has.
local function name_list(from, list)
  local names = {}
  for i, value in ipairs(list) do names[i] = key_of(from, value) or value end
  return names
end

local function make_table(where, from, keys)
  local columns = {}
  for column in from.c do
    columns[#columns + 1] = Column(column.key, column.type, { primary_key = keys[column.key] or false,
      autoincrement = false })
  end
  return Table(where, MetaData(), table.unpack(columns))
end

-- Puts the Table in the place of a select that a class is mapped to, and the columns that were given other names among
-- its own. `parts` is what declarative.lua has read.
function selectable.prepare(where, parts)
  local from = parts.special.__table__
  if native.is_select(from) then
    fail("ArgumentError", "%s.__table__: a select is mapped as select:subquery()", where)
  end
  if from == nil or native.kind(from) ~= "FROM clause" then return end
  local args = {}
  for name, value in next, parts.special.__mapper_args__ or {} do args[name] = value end
  local as_table = make_table(where, from, keys_of(where, from, args.primary_key))
  args.primary_key = nil
  for _, name in ipairs { "include_properties", "exclude_properties" } do
    if args[name] then args[name] = name_list(from, args[name]) end
  end
  for key, value in next, parts.members do
    local column = key_of(from, value)
    if column then
      parts.members[key] = nil
      parts.columns[key] = as_table.c[column]
    end
  end
  parts.selected = from
  parts.special.__table__ = as_table
  parts.special.__mapper_args__ = args
end

return selectable
