-- Classes over a select: a Table that is in no database stands for its columns, so that all else finds what it knows.
-- Classes over a join: each object has a row in each table.
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

-- Joins ---------------------------------------------------------------------------------------------------------------

-- The table among those of a join that a Column is of; its position.
local function position(tables, column)
  for i, each in ipairs(tables) do
    if native.kind(column) == "Column" and rawequal(column.table, each) then return i end
  end
end

local function check_member(where, what, tables, column)
  if position(tables, column) then return end
  fail("ArgumentError", "%s.%s: a column of the joined tables expected, got %s", where, what,
    native.kind(column) == "Column" and tostring(column) or native.kind(column))
end

local function prepare_join(where, parts, from, tables)
  local args = {}
  for name, value in next, parts.special.__mapper_args__ or {} do args[name] = value end
  for _, name in ipairs { "include_properties", "exclude_properties", "column_prefix" } do
    if args[name] ~= nil then
      fail("ArgumentError", "%s: %s is for one table; name the columns of a join by properties", where, name)
    end
  end
  for i, column in ipairs(args.primary_key or {}) do
    check_member(where, string.format("primary_key[%d]", i), tables, column)
  end
  for key, column in next, parts.columns do check_member(where, key, tables, column) end
  for key, list in next, parts.also do
    for _, column in ipairs(list) do check_member(where, key, tables, column) end
  end
  parts.join, parts.joined, parts.join_key, args.primary_key = from, tables, args.primary_key, nil
  parts.special.__table__ = tables[1]
  parts.special.__mapper_args__ = args
end

-- The names of the attributes and their columns, table by table.
function selectable.columns(where, parts)
  local names, columns, own, taken, seen = {}, {}, {}, {}, {}
  for key, column in next, parts.columns do own[column] = key end
  for _, list in next, parts.also do
    for _, column in ipairs(list) do taken[column] = true end
  end
  for _, each in ipairs(parts.joined) do
    for column in each.columns do
      local key = own[column] or column.key
      if not taken[column] then
        if seen[key] then
          fail("ArgumentError", "%s: columns %s and %s are both named '%s': give one of them another name, or say by "
            .. "column_property(...) that they are one attribute", where, tostring(seen[key]), tostring(column), key)
        end
        seen[key] = column
        names[#names + 1], columns[#columns + 1] = key, column
      end
    end
  end
  return names, columns
end

-- Puts the Table in the place of a select that a class is mapped to, and the columns that were given other names among
-- its own. `parts` is what declarative.lua has read.
function selectable.prepare(where, parts)
  local from = parts.special.__table__
  if native.is_select(from) then
    fail("ArgumentError", "%s.__table__: a select is mapped as select:subquery()", where)
  end
  if from == nil or native.kind(from) ~= "FROM clause" then
    for key in next, parts.also do
      fail("ArgumentError", "%s.%s: several columns are one attribute only of a class over a join", where, key)
    end
    return
  end
  local joined = native.joined_tables(from)
  if joined then return prepare_join(where, parts, from, joined) end
  if joined == false then
    fail("ArgumentError", "class %s: a join of tables by inner joins expected; another one is mapped as a select of "
      .. "it: select(...):subquery()", where)
  end
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
