-- Classes that inherit from mapped classes: what Parent:model reads besides what every model has.
local _, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail

local inheritance = {}

-- The class that a base stands for: itself, or the mapped one above abstract classes; nil: none.
function inheritance.parent(base)
  while base do
    local ci = info[base]
    if ci.mapper then return ci end
    base = ci.base
  end
end

-- Whether the class has no table of its own.
function inheritance.is_single(parent, parts)
  return parent and parts.special.__tablename__ == nil and parts.special.__table__ == nil
end

-- What a class without a table cannot say.
local function check_single(ci, parts)
  if parts.special.__table_args__ then
    fail("ArgumentError", "%s.__table_args__: the class has no table of its own", ci.name)
  end
  if parts.items[1] then
    fail("ArgumentError", "%s: constraints and indexes belong to a table, which the class has not of its own", ci.name)
  end
  for key, column in next, parts.columns do
    if column.primary_key then
      fail("ArgumentError", "%s.%s: a class without a table of its own cannot add to the primary key", ci.name, key)
    end
  end
end

-- Brings the class's columns into its parent's table. Returns names and Columns, in order of their writing.
function inheritance.add_columns(ci, parent, parts)
  check_single(ci, parts)
  local as_table, names, columns, there = parent.fields.__table__, orm.sorted_keys(parts.columns), {}, {}
  for column in as_table.columns do there[column.key] = true end
  for _, key in ipairs(names) do
    if native.is_attribute(parent.mapper, key) then
      fail("ArgumentError", "%s.%s: %s has an attribute of that name", ci.name, key, parent.name)
    end
    if there[key] then
      fail("ArgumentError", "%s.%s: table '%s' has a column of that name already, which another class brought; give "
        .. "it another name", ci.name, key, as_table.name)
    end
  end
  table.sort(names, function(a, b)
    return native.column_creation(parts.columns[a]) < native.column_creation(parts.columns[b])
  end)
  for i, key in ipairs(names) do
    columns[i] = parts.columns[key]
    native.extend(as_table, columns[i], key)
  end
  return names, columns
end

local function attribute_name(ci, parts, value)
  if type(value) == "string" then return value end
  for key, column in next, parts.columns do
    if rawequal(column, value) then return key end
  end
  return fail("ArgumentError", "%s: polymorphic_on: the name of an attribute expected, got %s", ci.name,
    native.kind(value))
end

-- The options of native.mapper.
function inheritance.options(ci, parent, parts, as_table)
  local args = parts.special.__mapper_args__ or {}
  local options = {}
  if args.polymorphic_on ~= nil then options.discriminator = attribute_name(ci, parts, args.polymorphic_on) end
  if args.polymorphic_abstract then
    if args.polymorphic_identity ~= nil then
      fail("ArgumentError", "%s: polymorphic_abstract excludes polymorphic_identity", ci.name)
    end
  else
    options.identity = args.polymorphic_identity
  end
  local on = args.inherit_condition
  if on ~= nil and (not parent or not as_table) then
    fail("ArgumentError", "%s: inherit_condition joins the class's own table to that of a parent", ci.name)
  end
  if type(on) == "function" then on = on(as_table) end
  options.on = on
  return options
end

return inheritance
