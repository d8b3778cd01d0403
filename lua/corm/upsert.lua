-- session:upsert(object, keys): the row of an object, inserted or updated, by the database in one statement.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail

local what = "Session:upsert"

local function check_object(object)
  local class = native.class_of(object)
  if not class then fail("ArgumentError", "%s: an object expected, got %s", what, native.kind(object)) end
  local state = native.state(object)
  if state ~= "transient" then
    fail("InvalidRequestError", "%s: this %s is %s already; what a session has is written by its flush", what,
      class.__name__, state)
  end
  return class
end

-- A list of names of columns of the class.
local function check_names(class, where, names)
  if type(names) ~= "table" or #names == 0 then
    fail("ArgumentError", "%s: %s: a list of attributes expected, got %s", what, where, native.kind(names))
  end
  local columns = (native.names(orm.info[class].mapper))
  for _, name in ipairs(names) do
    if type(name) ~= "string" then
      fail("ArgumentError", "%s: %s: names of attributes expected, got %s", what, where, native.kind(name))
    end
    if not orm.is_in(columns, name) then native.unknown("attribute", class.__name__, name, columns) end
  end
end

-- What was assigned to the object, NULL as corm.null.
local function values_of(class, object)
  local columns, relationships = native.names(orm.info[class].mapper)
  local unloaded, values = native.unloaded(object), {}
  for _, name in ipairs(relationships) do
    local there = not orm.is_in(unloaded, name) and object[name]
    if there and (native.class_of(there) or #there > 0) then
      fail("ArgumentError", "%s writes columns only, and this %s has something in '%s'", what, class.__name__, name)
    end
  end
  local computed = native.expressions(orm.info[class].mapper)
  for _, name in ipairs(columns) do
    if not computed[name] and not orm.is_in(unloaded, name) then
      local value = object[name]
      if value == nil then value = corm.null end
      values[name] = value
    end
  end
  return values
end

-- What becomes of the row that is there: all that was given but for the keys, or nothing, said so that the row returns.
local function assignments(class, statement, values, keys, update)
  local primary, set, any = select(3, native.names(orm.info[class].mapper)), {}, false
  for name in next, values do
    local wanted = not orm.is_in(keys, name) and not orm.is_in(primary, name)
    if update then wanted = orm.is_in(update, name) end
    if wanted then
      set[name] = statement.excluded[class[name].key]
      any = true
    end
  end
  local version = select(4, native.level(orm.info[class].mapper, 1))
  if any and version and not set[version] then set[version] = class[version] + 1 end
  if not any then set[keys[1]] = statement.excluded[class[keys[1]].key] end
  return set
end

-- Returns the persistent object of the row, which the given one tells and does not become.
local function upsert(session, object, keys, options)
  if native.kind(session) ~= "Session" then
    fail("ArgumentError", "%s: Session expected, got %s", what, native.kind(session))
  end
  local class = check_object(object)
  check_names(class, "keys", keys)
  options = orm.check_options(what, options, { update = "table" })
  if options.update then check_names(class, "update", options.update) end
  local values = values_of(class, object)
  for _, name in ipairs(keys) do
    if values[name] == nil or values[name] == corm.null then
      fail("ArgumentError", "%s: this %s has no %s to be found by", what, class.__name__, name)
    end
  end
  local version = select(4, native.level(orm.info[class].mapper, 1))
  local first = {}
  for name, value in next, values do first[name] = value end
  if version and first[version] == nil then first[version] = 1 end
  local statement = corm.insert(class):values(first)
  local set = assignments(class, statement, values, keys, options.update)
  return session:scalars(statement:on_conflict_do_update { index_elements = keys, set_ = set }:returning(class)
    :execution_options { populate_existing = true }):one()
end

return { upsert = upsert }

