-- inspect(): what the ORM knows about an object or a class, or a database about itself. Its properties are fields.
local corm, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail
local NO_VALUE = orm.NO_VALUE
local sharded, inspector = orm.later "corm.sharded", orm.later "corm.inspector"
local inspect

-- A read-only table of fields, computed when asked for: `fields` maps a name to a function of the subject.
local function view(name, subject, fields)
  return setmetatable({}, {
    __name = name,
    __tostring = function() return name .. " of " .. tostring(subject) end,
    __newindex = function() return fail("ArgumentError", "%s cannot be changed", name) end,
    __index = function(_, key)
      local get = fields[key]
      if not get then native.unknown("member", name, tostring(key), orm.sorted_keys(fields)) end
      return get(subject)
    end,
  })
end

-- A sequence of names that can also be asked by name.
local function by_name(names, get)
  return setmetatable(names, {
    __index = function(_, key)
      if type(key) ~= "string" then return nil end -- behind the end of the sequence
      for _, name in ipairs(names) do
        if name == key then return get(key) end
      end
      return native.unknown("name", "this list", tostring(key), names)
    end,
  })
end

-- Objects -------------------------------------------------------------------------------------------------------------

local function history_of(object, key)
  local added, unchanged, deleted = native.history(object, key)
  local has_changes = added[1] ~= nil or deleted[1] ~= nil
  return { added = added, unchanged = unchanged, deleted = deleted, has_changes = has_changes }
end

local function in_memory(object, key)
  local known, value = native.peek(object, key)
  if known then return value end
  return NO_VALUE
end

local attribute_fields = {
  key = function(subject) return subject.key end,
  history = function(subject) return history_of(subject.object, subject.key) end,
  load_history = function(subject)
    return function()
      local _ = subject.object[subject.key]
      return history_of(subject.object, subject.key)
    end
  end,
  loaded_value = function(subject) return in_memory(subject.object, subject.key) end,
  value = function(subject) return subject.object[subject.key] end,
  state = function(subject) return inspect(subject.object) end,
}

-- Names of columns, then of relationships.
local function mapped_names(object)
  local columns, relationships = native.names(info[native.class_of(object)].mapper)
  return table.move(relationships, 1, #relationships, #columns + 1, columns)
end

local function attrs_of(object)
  local function state(key) return view("AttributeState", { object = object, key = key }, attribute_fields) end
  return setmetatable({}, {
    __name = "attributes",
    __index = function(_, key)
      native.peek(object, key) -- refuses unknown names
      return state(key)
    end,
    __pairs = function()
      local names, i = mapped_names(object), 0
      return function()
        i = i + 1
        if names[i] then return names[i], state(names[i]) end
      end
    end,
    __newindex = function() return fail("ArgumentError", "attributes cannot be changed; assign to the object") end,
  })
end

local function is_state(wanted)
  return function(object) return native.state(object) == wanted end
end

local function identity_key(object)
  local identity = native.identity(object)
  return identity and { inspect(native.class_of(object)).base_mapper.class_, identity } or nil
end

-- What is in memory, by name; NULL is corm.null.
local function dict_of(object)
  local values = {}
  for _, key in ipairs(mapped_names(object)) do
    local known, value = native.peek(object, key)
    if known and value == nil then value = corm.null end
    if known then values[key] = value end
  end
  return values
end

-- Old values of what is changed, by name.
local function committed_state(object)
  local values = {}
  local columns, relationships = native.names(info[native.class_of(object)].mapper)
  for _, key in ipairs(columns) do
    local changed, known, value = native.committed(object, key)
    if changed and known then values[key] = value elseif changed then values[key] = NO_VALUE end
  end
  for _, key in ipairs(relationships) do
    local history = history_of(object, key)
    if history.has_changes then
      if inspect(native.class_of(object)).relationships[key].uselist then
        values[key] = table.move(history.deleted, 1, #history.deleted, #history.unchanged + 1, history.unchanged)
      else
        values[key] = history.deleted[1] or corm.null
      end
    end
  end
  return values
end

local function unmodified(object)
  local names = {}
  for _, key in ipairs(mapped_names(object)) do
    if not history_of(object, key).has_changes then names[#names + 1] = key end
  end
  return names
end

-- Tables for the script's own use, by object or class, as long as it lives.
local infos = setmetatable({}, { __mode = "k" })

local function info_of(subject)
  if not infos[subject] then infos[subject] = {} end
  return infos[subject]
end

local object_fields = {
  info = info_of,
  transient = is_state "transient",
  pending = is_state "pending",
  persistent = is_state "persistent",
  deleted = is_state "deleted",
  detached = is_state "detached",
  was_deleted = function(object) return (select(3, native.state(object))) end,
  identity = native.identity,
  has_identity = function(object) return native.identity(object) ~= nil end,
  identity_key = identity_key,
  identity_token = function(object) return sharded.token(object) end,
  key = identity_key,
  session = native.session,
  unloaded = native.unloaded,
  unmodified = unmodified,
  expired = function(object) return native.expired(object)[1] ~= nil end,
  expired_attributes = native.expired,
  committed_state = committed_state,
  dict = dict_of,
  modified = function(object) return (select(2, native.state(object))) end,
  object = function(object) return object end,
  class_ = function(object) return native.class_of(object) end,
  mapper = function(object) return inspect(native.class_of(object)) end,
  attrs = attrs_of,
  is_instance = function() return true end,
}

local inspect_class -- of lua/corm/inspect_class.lua

function inspect(x)
  if native.class_of(x) then return view("InstanceState", x, object_fields) end
  if type(x) == "table" and info[x] and info[x].mapper then
    if not inspect_class then load "corm.inspect_class" end
    return inspect_class(x)
  end
  local found = type(x) == "userdata" and inspector.of(x)
  if found then return found end
  return fail("ArgumentError", "inspect: there is nothing to inspect in a %s", native.kind(x))
end

corm.inspect = inspect

-- What the file for classes needs of this one; it gives back what inspects one.
function orm.inspect_parts(make)
  inspect_class = make(view, by_name, info_of)
end

-- The Mapper of a class, of an object's class.
function corm.class_mapper(class)
  if type(class) ~= "table" or not info[class] or not info[class].mapper then
    fail("UnmappedError", "class_mapper: a mapped class expected, got %s", native.kind(class))
  end
  return inspect(class)
end

function corm.object_mapper(object)
  local class = native.class_of(object)
  if not class then
    fail("UnmappedError", "object_mapper: an object of a mapped class expected, got %s", native.kind(object))
  end
  return inspect(class)
end

-- What Class.key.parent and Class.key.property are.
orm.functions {
  attribute_fact = function(class, key, name)
    return name == "parent" and inspect(class) or inspect(class):get_property(key)
  end,
}

-- Attributes of objects ----------------------------------------------------------------------------------------------

-- The value was changed in place: the next flush writes it.
function corm.flag_modified(object, key) native.flag_modified(object, key) end

-- The next flush looks at the object, and its hooks see it, though nothing of it is changed.
function corm.flag_dirty(object) native.flag_dirty(object) end

-- Sets what counts as loaded: without history, validators and events.
function corm.set_committed_value(object, key, value) native.set_committed(object, key, value) end

-- { added, unchanged, deleted, has_changes }
function corm.get_history(object, key)
  if not native.class_of(object) then
    fail("UnmappedError", "get_history: an object of a mapped class expected, got %s", native.kind(object))
  end
  return inspect(object).attrs[key].history
end

-- The Session that an object is in, or nil.
function corm.object_session(object)
  return native.session(object)
end

-- What is new again, and what counts as loaded though nobody has loaded it.
corm.make_transient = native.make_transient
corm.make_transient_to_detached = native.make_transient_to_detached

-- Whether the row of an object was deleted by a flush.
function corm.was_deleted(object)
  return (select(3, native.state(object)))
end

function corm.close_all_sessions()
  for _, session in ipairs(native.sessions()) do session:close() end
end

return inspect
