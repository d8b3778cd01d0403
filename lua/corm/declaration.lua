-- What the table that declares a model says, with its mixins and abstract parents; and the Table that is made of it.
local corm, load = ...
local orm = load "corm.orm"
local declared = load "corm.declared"
local native, info, fail = orm.native, orm.info, orm.fail
local Table = corm.Table

local declaration = {}

-- The class that a base stands for: itself, or the mapped one above abstract classes; nil: none.
function declaration.parent(base)
  while base do
    local ci = info[base]
    if ci.mapper then return ci end
    base = ci.base
  end
end

-- The Column in a value, its options, and the other columns that are the same attribute; nil for other values.
function declaration.column(value)
  if orm.marker_kind(value) ~= "column_property" then return nil end
  return value.column, value.options, orm.field(value, "also")
end

-- The names with underscores and what they are.
local special = {
  __tablename__ = "string", __table__ = "any", __table_args__ = "table", __mapper_args__ = "table",
  __mixins__ = "table", __abstract__ = "boolean", __tostring = "function", __init__ = "function",
}

local mapper_args = {
  polymorphic_on = "any", polymorphic_identity = "any", polymorphic_abstract = "boolean",
  polymorphic_load = "string", inherits = "!is said by its parent: Parent:model(...)", inherit_condition = "any",
  concrete = "boolean", with_polymorphic = "any", version_id_col = "any", version_id_generator = "any",
  primary_key = "table", eager_defaults = "any", include_properties = "table", exclude_properties = "table",
  column_prefix = "string", confirm_deleted_rows = "boolean", allow_partial_pks = "boolean", batch = "boolean",
  passive_updates = "boolean", always_refresh = "boolean", properties = "table",
}

-- Refuses other names with underscores.
function declaration.check_special(name, body)
  for key in next, body do
    if type(key) == "string" and string.sub(key, 1, 2) == "__" and not special[key] then
      native.unknown("name", name, key, orm.sorted_keys(special))
    end
  end
end

-- What a model is made of, its own part and its mixins': columns, items for the Table, members, validators.
local function new_parts()
  return {
    columns = {}, attributes = {}, also = {}, items = {}, members = {}, validators = {}, special = {}, mixins = {},
  }
end

-- These may be functions of the class to be.
local late_special = { __tablename__ = true, __table_args__ = true, __mapper_args__ = true }

local function add_special(parts, where, key, value)
  local expected = special[key]
  if not expected then native.unknown("name", where, key, orm.sorted_keys(special)) end
  local late = late_special[key] and type(value) == "function"
  if expected ~= "any" and type(value) ~= expected and not late then
    fail("ArgumentError", "%s.%s must be a %s, got %s", where, key, expected, native.kind(value))
  end
  if parts.special[key] == nil then parts.special[key] = value end
end

local function add_item(parts, where, value, mixed_in)
  local kind = native.kind(value)
  if orm.marker_kind(value) == "validates" then
    parts.validators[#parts.validators + 1] = value
  elseif kind == "Column" then
    if not value.key then fail("ArgumentError", "%s: a column without a name in the array part", where) end
    parts.columns[value.key] = parts.columns[value.key] or (mixed_in and native.copy_column(value) or value)
  elseif kind == "constraint" or kind == "Index" then
    parts.items[#parts.items + 1] = value
  else
    fail("ArgumentError", "%s: constraints, indexes and validates(...) may stand without a name, got %s", where, kind)
  end
end

local function add_named(parts, key, value, mixed_in)
  if parts.columns[key] ~= nil or parts.members[key] ~= nil then return end
  local column, options, also = declaration.column(value)
  if column or native.kind(value) == "Column" then
    column = column or value
    parts.columns[key] = mixed_in and native.copy_column(column) or column
    parts.attributes[key] = options
    parts.also[key] = also
  else
    parts.members[key] = value
  end
end

-- Adds the fields of one table; what is there already wins. Names that are private to an abstract class stay with it.
local function add_fields(parts, where, body, mixed_in)
  for key, value in next, body do
    if type(key) == "number" then
      add_item(parts, where, value, mixed_in)
    elseif type(key) ~= "string" then
      fail("ArgumentError", "%s: members have names, got a key of type %s", where, type(key))
    elseif string.sub(key, 1, 2) ~= "__" then
      add_named(parts, key, value, mixed_in)
    else
      value = declared.function_of(value)
      if not mixed_in or declared.is_inherited(key, value) then add_special(parts, where, key, value) end
    end
  end
end

-- What is said of a class that is read, but not made: it takes the place of what is there.
function declaration.set_member(parts, key, value)
  parts.columns[key], parts.members[key] = nil, nil
  if value ~= nil then add_named(parts, key, value, false) end
end

function declaration.mixins(where, body)
  local mixins = rawget(body, "__mixins__")
  if mixins == nil then return {} end
  if type(mixins) ~= "table" then fail("ArgumentError", "%s.__mixins__ must be a list of tables", where) end
  for i, mixin in ipairs(mixins) do
    if type(mixin) ~= "table" or (info[mixin] and info[mixin].mapper) then
      fail("ArgumentError", "%s.__mixins__[%d]: a plain table of columns and functions expected, got %s", where, i,
        native.kind(mixin))
    end
  end
  return mixins
end

-- The model's own table first, then its mixins, then abstract parents: the first to name something wins.
function declaration.read(where, base, body)
  local parts, registry = new_parts(), info[base].registry
  add_fields(parts, where, body, false)
  for _, mixin in ipairs(declaration.mixins(where, body)) do
    parts.mixins[mixin] = true
    add_fields(parts, where, info[mixin] and info[mixin].body or mixin, true)
  end
  while info[base].body do
    local abstract = info[base]
    add_fields(parts, where, abstract.body, true)
    for _, mixin in ipairs(declaration.mixins(where, abstract.body)) do add_fields(parts, where, mixin, true) end
    base = abstract.base
  end
  declared.finish(parts, where, {
    special = late_special, add_special = add_special, add_named = add_named, registry = registry,
    set_member = declaration.set_member,
    inherits = info[base].mapper ~= nil or info[base].waits ~= nil,
  })
  return parts
end

function declaration.check_mapper_args(where, args)
  orm.check_options(where .. ".__mapper_args__", args, mapper_args)
end

-- The Table -----------------------------------------------------------------------------------------------------------

local function table_arguments(where, parts)
  local arguments, options = {}, {}
  for _, key in ipairs(orm.sorted_keys(parts.columns)) do
    local column = parts.columns[key]
    native.set_column_name(column, key)
    arguments[#arguments + 1] = column
  end
  table.sort(arguments, function(a, b) return native.column_creation(a) < native.column_creation(b) end)
  for _, item in ipairs(parts.items) do arguments[#arguments + 1] = item end
  for key, value in next, parts.special.__table_args__ or {} do
    if type(key) == "number" then
      local kind = native.kind(value)
      if kind ~= "constraint" and kind ~= "Index" then
        fail("ArgumentError", "%s.__table_args__: constraints and indexes expected, got %s", where, kind)
      end
    else
      options[key] = value
    end
  end
  for _, item in ipairs(parts.special.__table_args__ or {}) do arguments[#arguments + 1] = item end
  arguments[#arguments + 1] = options
  return arguments
end

-- Returns the Table and the names that its columns have as attributes; parts.made are these, where the class waited.
function declaration.make_table(where, base, parts)
  if parts.made then return parts.made[1], parts.made[2] end
  local given, name = parts.special.__table__, parts.special.__tablename__
  local keys = {}
  for key, column in next, parts.columns do keys[column] = key end
  if given ~= nil then
    if native.kind(given) ~= "Table" then
      fail("ArgumentError", "%s.__table__ must be a Table, got %s", where, native.kind(given))
    end
    for column, key in next, keys do
      if not rawequal(column.table, given) then
        fail("ArgumentError", "%s.%s: with __table__ the columns are those of the Table", where, key)
      end
    end
    return given, keys
  end
  if not name then
    fail("InvalidRequestError", "class %s has no __tablename__ and no __table__", where)
  end
  return Table(name, info[base].registry.metadata, table.unpack(table_arguments(where, parts))), keys
end

-- `lent` are columns of classes that share the table: false.
function declaration.attribute_names(as_table, keys, lent)
  local names = {}
  for column in as_table.columns do
    names[#names + 1] = not (lent and lent[column]) and (keys[column] or column.key)
  end
  return names
end

-- The table of the metadata that the parts make, where there is one by now.
function declaration.find_table(metadata, parts)
  local name, args = parts.special.__tablename__, parts.special.__table_args__
  if parts.special.__table__ ~= nil or not name then return nil end
  local schema = args and rawget(args, "schema") or metadata.schema
  return metadata.tables[schema and schema ~= "" and schema .. "." .. name or name]
end

return declaration
