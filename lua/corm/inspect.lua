-- inspect(): what the ORM knows about an object or a class. Its properties are fields.
local corm, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail
local NO_VALUE = orm.NO_VALUE
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

-- Objects -------------------------------------------------------------------------------------------------------------

local attribute_fields = {
  key = function(subject) return subject.key end,
  history = function(subject)
    local added, unchanged, deleted = native.history(subject.object, subject.key)
    local has_changes = added[1] ~= nil or deleted[1] ~= nil
    return { added = added, unchanged = unchanged, deleted = deleted, has_changes = has_changes }
  end,
  loaded_value = function(subject)
    local known, value = native.peek(subject.object, subject.key)
    if known then return value end
    return NO_VALUE
  end,
  value = function(subject) return subject.object[subject.key] end,
}

local function attrs_of(object)
  return setmetatable({}, {
    __name = "attributes",
    __index = function(_, key)
      native.peek(object, key) -- refuses unknown names
      return view("AttributeState", { object = object, key = key }, attribute_fields)
    end,
  })
end

local function is_state(wanted)
  return function(object) return native.state(object) == wanted end
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
  session = native.session,
  unloaded = native.unloaded,
  modified = function(object) return (select(2, native.state(object))) end,
  object = function(object) return object end,
  class_ = function(object) return native.class_of(object) end,
  mapper = function(object) return inspect(native.class_of(object)) end,
  attrs = attrs_of,
}

-- Classes -------------------------------------------------------------------------------------------------------------

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

local relationship_fields = {
  key = function(subject) return subject.key end,
  direction = function(subject) return (native.relation_info(subject.mapper, subject.key)) end,
  uselist = function(subject) return (select(2, native.relation_info(subject.mapper, subject.key))) end,
  target = function(subject) return (select(3, native.relation_info(subject.mapper, subject.key))) end,
  back_populates = function(subject) return (select(4, native.relation_info(subject.mapper, subject.key))) end,
  parent = function(subject) return subject.class end,
}

local class_fields = {
  info = info_of,
  class_ = function(class) return class end,
  local_table = function(class) return class.__table__ end,
  columns = function(class) return (native.names(class.__mapper__)) end,
  primary_key = function(class) return (select(3, native.names(class.__mapper__))) end,
  relationships = function(class)
    info[class].registry:configure()
    local names = select(2, native.names(class.__mapper__))
    return by_name(names, function(key)
      return view("Relationship", { mapper = class.__mapper__, class = class, key = key }, relationship_fields)
    end)
  end,
}

local inspect_other = corm.inspect

function inspect(x)
  if native.class_of(x) then return view("InstanceState", x, object_fields) end
  if type(x) == "table" and info[x] and info[x].mapper then return view("Mapper", x, class_fields) end
  if inspect_other then return inspect_other(x) end
  return fail("ArgumentError", "inspect: there is nothing to inspect in a %s", native.kind(x))
end

corm.inspect = inspect

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
