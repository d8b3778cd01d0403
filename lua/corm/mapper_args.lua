-- __mapper_args__ besides those of inheritance: which columns are mapped under which names, and the rules by which rows
-- are written.
local _, load = ...
local orm = load "corm.orm"
local declaration = load "corm.declaration"
local native, fail = orm.native, orm.fail

local rules = {}

local function args_of(parts)
  return parts.special.__mapper_args__ or {}
end

-- properties: a Column gets a name, everything else is a member.
function rules.add_properties(where, parts)
  for key, value in next, rawget(args_of(parts), "properties") or {} do
    if type(key) ~= "string" then
      fail("ArgumentError", "%s: properties: attributes have names, got a %s", where, type(key))
    end
    if parts.columns[key] ~= nil or parts.members[key] ~= nil then
      fail("ArgumentError", "%s.%s stands in the model and in properties", where, key)
    end
    local column, options, also = declaration.column(value)
    if column or native.kind(value) == "Column" then
      parts.columns[key], parts.attributes[key], parts.also[key] = column or value, options, also
    else
      parts.members[key] = value
    end
  end
end

-- The columns of a list of names and Columns, as a set and in order.
local function read_set(where, list, as_table)
  local set, columns = {}, {}
  for i, value in ipairs(list) do
    local column = value
    if type(value) == "string" then
      column = nil
      for candidate in as_table.columns do
        if candidate.key == value then column = candidate end
      end
    end
    if native.kind(column) ~= "Column" or not rawequal(column.table, as_table) then
      fail("ArgumentError", "%s[%d]: a column of table '%s' or its name expected, got %s", where, i, as_table.name,
        type(value) == "string" and "'" .. value .. "'" or native.kind(value))
    end
    set[column] = true
    columns[i] = column
  end
  return set, columns
end

local function read_option(ci, parts, name, as_table)
  local list = rawget(args_of(parts), name)
  if list then return read_set(string.format("%s.__mapper_args__.%s", ci.name, name), list, as_table) end
end

-- The names of the table's columns as attributes, changed by column_prefix; false for those that are left out. What has
-- a name of its own keeps it.
function rules.select(ci, parts, names, as_table)
  local included = read_option(ci, parts, "include_properties", as_table)
  local excluded = read_option(ci, parts, "exclude_properties", as_table)
  local prefix = rawget(args_of(parts), "column_prefix")
  if not (included or excluded or prefix) then return names end
  local i = 0
  for column in as_table.columns do
    i = i + 1
    if names[i] == column.key then
      if (included and not included[column]) or (excluded and excluded[column]) then
        names[i] = false
      elseif prefix then
        names[i] = prefix .. names[i]
      end
    end
  end
  return names
end

-- version_id_col: the name of an attribute, or its Column.
local function version_key(ci, parts, value)
  if type(value) == "string" then return value end
  for key, column in next, parts.columns do
    if rawequal(column, value) then return key end
  end
  if native.kind(value) == "Column" and value.key then return value.key end
  return fail("ArgumentError", "%s: version_id_col: the name of an attribute or its Column expected, got %s", ci.name,
    native.kind(value))
end

-- What C calls instead of the generator: it knows objects only.
local function caller(generator, key)
  return function(context)
    local _, unchanged = native.history(context.object, key)
    return generator(unchanged[1])
  end
end

local roots_only = {
  "version_id_col", "version_id_generator", "primary_key", "confirm_deleted_rows", "allow_partial_pks",
  "eager_defaults", "passive_updates", "batch", "always_refresh",
}

-- Adds what native.mapper is told.
function rules.options(ci, parent, parts, as_table, options)
  local args = args_of(parts)
  if parent and not ci.concrete then
    for _, name in ipairs(roots_only) do
      if rawget(args, name) ~= nil then
        fail("ArgumentError", "%s: %s is said by the class that all others inherit from", ci.name, name)
      end
    end
    return
  end
  local version, generator = rawget(args, "version_id_col"), rawget(args, "version_id_generator")
  if version ~= nil then
    options.version = version_key(ci, parts, version)
  elseif generator ~= nil then
    fail("ArgumentError", "%s: version_id_generator without version_id_col", ci.name)
  end
  if type(generator) == "function" then
    options.version_generator = caller(generator, options.version)
  elseif generator == false then
    options.version_generator = false
  elseif generator ~= nil then
    fail("ArgumentError", "%s: version_id_generator must be a function or false, got %s", ci.name,
      native.kind(generator))
  end
  if rawget(args, "primary_key") ~= nil then
    local _, list = read_option(ci, parts, "primary_key", as_table)
    if not list[1] then fail("ArgumentError", "%s: primary_key names no column", ci.name) end
    options.primary_key = list
  end
  local eager = rawget(args, "eager_defaults")
  if eager ~= nil and type(eager) ~= "boolean" and eager ~= "auto" then
    fail("ArgumentError", "%s: eager_defaults must be true, false or \"auto\", got %s", ci.name, native.kind(eager))
  end
  options.eager_defaults = eager
  options.unconfirmed_deletes = rawget(args, "confirm_deleted_rows") == false
  options.whole_keys = rawget(args, "allow_partial_pks") == false
  options.active_updates = rawget(args, "passive_updates") == false
  options.one_by_one = rawget(args, "batch") == false
  options.refreshes = rawget(args, "always_refresh")
end

return rules
