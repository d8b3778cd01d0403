-- Classes that inherit from mapped classes: what Parent:model reads besides what every model has.
local _, load = ...
local orm = load "corm.orm"
local declaration = load "corm.declaration"
local native, info, fail = orm.native, orm.info, orm.fail

local inheritance = {}

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
  local function is_shared(key) return there[key] and rawequal(parts.columns[key], as_table.c[key]) end
  for _, key in ipairs(names) do
    if native.is_attribute(parent.mapper, key) then
      fail("ArgumentError", "%s.%s: %s has an attribute of that name", ci.name, key, parent.name)
    end
    if there[key] and not is_shared(key) then
      fail("ArgumentError", "%s.%s: table '%s' has a column of that name already, which another class brought; give "
        .. "it another name, or share that one: %s = %s.__table__.c.%s", ci.name, key, as_table.name, key, parent.name,
        key)
    end
  end
  table.sort(names, function(a, b)
    return native.column_creation(parts.columns[a]) < native.column_creation(parts.columns[b])
  end)
  ci.brought = {}
  for i, key in ipairs(names) do
    columns[i] = parts.columns[key]
    if not is_shared(key) then
      ci.brought[#ci.brought + 1] = columns[i]
      native.extend(as_table, columns[i], key)
    end
  end
  return names, columns
end

-- Takes them out again: the class was refused.
function inheritance.take_back(ci)
  local as_table = ci.brought and declaration.parent(ci.base).fields.__table__
  for _, column in ipairs(ci.brought or {}) do native.unextend(as_table, column) end
end

local function attribute_name(ci, parts, value)
  if type(value) == "string" then return value end
  for key, column in next, parts.columns do
    if rawequal(column, value) then return key end
  end
  return fail("ArgumentError", "%s: polymorphic_on: the name of an attribute expected, got %s", ci.name,
    native.kind(value))
end

local function check_wide(ci, value)
  if value == nil or value == "*" then return end
  if type(value) ~= "table" or info[value] then
    fail("ArgumentError", "%s: with_polymorphic: \"*\" or a list of names of classes expected, got %s", ci.name,
      native.kind(value))
  end
  for i, name in ipairs(value) do
    if type(name) ~= "string" then
      fail("ArgumentError", "%s: with_polymorphic[%d]: the name of a class expected, got %s; classes below it come "
        .. "later", ci.name, i, native.kind(name))
    end
  end
end

-- The topmost class whose queries always read what the new one adds; nil: none.
local function read_along(ci, parent, how)
  local found = how == "inline" and parent or nil
  local above = parent
  while above do
    local wide = above.wide
    if wide == "*" or (wide and orm.is_in(wide, ci.name)) then found = above end
    above = declaration.parent(above.base)
  end
  return found and found.mapper
end

-- polymorphic_load, with_polymorphic.
local function loading(ci, parent, args, options)
  local how = args.polymorphic_load
  if how ~= nil and how ~= "inline" and how ~= "selectin" then
    fail("ArgumentError", "%s: polymorphic_load: \"inline\" or \"selectin\" expected, got '%s'", ci.name, how)
  end
  if how and not parent then
    fail("ArgumentError", "%s: polymorphic_load is said by a class that inherits from another one", ci.name)
  end
  if args.concrete then how = nil end -- corm.concrete refuses it
  if ci.united then return end
  check_wide(ci, args.with_polymorphic)
  ci.wide = args.with_polymorphic
  options.selectin = how == "selectin"
  options.inline_of = read_along(ci, parent, how)
end

-- What says the class of a row: the key of a column; or that of an expression, which comes later.
local function discriminator(ci, parent, parts, args)
  if args.polymorphic_on == nil or ci.united then return nil end
  local key = attribute_name(ci, parts, args.polymorphic_on)
  if orm.marker_kind(parts.members[key]) ~= "expression" then return key end
  if parent then fail("ArgumentError", "%s: polymorphic_on: a class above says it already", ci.name) end
  ci.told_by = { key = key, identity = args.polymorphic_identity }
end

-- An expression that says the class of a row is known now.
function inheritance.tell(ci)
  load "corm.property".resolve(ci, ci.told_by.key)
  native.discriminate(ci.mapper, ci.told_by.key, ci.told_by.identity)
end

-- The options of native.mapper.
function inheritance.options(ci, parent, parts, as_table)
  local args = parts.special.__mapper_args__ or {}
  local options = {}
  options.discriminator = discriminator(ci, parent, parts, args)
  if args.polymorphic_abstract then
    if args.polymorphic_identity ~= nil then
      fail("ArgumentError", "%s: polymorphic_abstract excludes polymorphic_identity", ci.name)
    end
    ci.has_no_objects = true
  else
    options.identity = not ci.told_by and args.polymorphic_identity or nil
  end
  local on = args.inherit_condition
  if on ~= nil and (not parent or not as_table) then
    fail("ArgumentError", "%s: inherit_condition joins the class's own table to that of a parent", ci.name)
  end
  if type(on) == "function" then on = on(as_table) end
  options.on = on
  loading(ci, parent, args, options)
  return options
end

return inheritance
