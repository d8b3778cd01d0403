-- New values of attributes: validators, and the events of attributes and mappers.
local corm, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local native, info, fail, field = orm.native, orm.info, orm.fail, orm.field

local null = corm.null
local attributes = {}

-- What an event gets for an old value that is not known.
local NO_VALUE = setmetatable({}, { __name = "corm.NO_VALUE", __tostring = function() return "NO_VALUE" end })
corm.NO_VALUE = NO_VALUE

local function check_function(where, fn)
  if type(fn) ~= "function" then fail("ArgumentError", "%s: a function expected, got %s", where, native.kind(fn)) end
end

-- Declarations --------------------------------------------------------------------------------------------------------

-- validates("email", ..., fn [, options]): fn(object, key, value) returns the value that is stored.
function corm.validates(...)
  local names, n = { ... }, select("#", ...)
  local options
  if type(names[n]) == "table" then
    options = names[n]
    n = n - 1
  end
  options = orm.check_options("validates", options, {
    include_removes = "boolean",
    include_backrefs = "boolean",
  })
  if options.include_backrefs then
    fail("ArgumentError", "validates: the option 'include_backrefs' is not supported yet: changes that come through "
      .. "the other side of a relationship are not validated")
  end
  local fn = names[n]
  check_function("validates", fn)
  if n < 2 then fail("ArgumentError", "validates: the names of attributes expected before the function") end
  for i = n, #names do names[i] = nil end
  for _, name in ipairs(names) do
    if type(name) ~= "string" then
      fail("ArgumentError", "validates: the name of an attribute expected, got %s", native.kind(name))
    end
  end
  return orm.marker("validates", { names = names, fn = fn, include_removes = options.include_removes })
end

local functions = { info = native.info }

-- New values ----------------------------------------------------------------------------------------------------------

local function run_validators(ci, object, key, value, removing)
  for _, validator in ipairs(ci.validators[key] or {}) do
    if not removing then
      value = validator.fn(object, key, value)
    elseif field(validator, "include_removes") then
      validator.fn(object, key, value, true)
    end
  end
  return value
end

local function canonical(ci, key)
  local marker = descriptors.find(ci, key)
  while marker and marker.kind == "synonym" do
    key = marker.name
    marker = descriptors.find(ci, key)
  end
  return key
end

local function old_value(object, key)
  local known, value = native.peek(object, key)
  if known then return value end
  return NO_VALUE
end

local function listeners_of(ci, key, event)
  local listeners = ci.listeners[key]
  return listeners and listeners[event] or {}
end

-- fn(target, value, oldvalue, initiator); with retval = true its result is the value.
function functions.attribute_set(object, key, value)
  local ci = info[native.class_of(object)]
  key = canonical(ci, key)
  value = run_validators(ci, object, key, value)
  for _, listener in ipairs(listeners_of(ci, key, "set")) do
    local result = listener.fn(object, value, old_value(object, key))
    if listener.retval then value = result end
  end
  return value
end

function functions.attribute_append(object, key, value)
  local ci = info[native.class_of(object)]
  key = canonical(ci, key)
  value = run_validators(ci, object, key, value)
  for _, listener in ipairs(listeners_of(ci, key, "append")) do
    local result = listener.fn(object, value)
    if listener.retval then value = result end
  end
  return value
end

function functions.attribute_remove(object, key, value)
  local ci = info[native.class_of(object)]
  key = canonical(ci, key)
  run_validators(ci, object, key, value, true)
  for _, listener in ipairs(listeners_of(ci, key, "remove")) do listener.fn(object, value) end
end

-- What a default function gets: the values of the row as far as they are known.
local context = {}
context.__index = context
context.__name = "corm.DefaultContext"

function context:get_current_parameters()
  local columns = native.names(info[native.class_of(self.object)].mapper)
  local parameters = {}
  for _, key in ipairs(columns) do
    local known, value = native.peek(self.object, key)
    if known then
      if value == nil then value = null end
      parameters[key] = value
    end
  end
  return parameters
end

function functions.call_default(fn, object, key)
  return fn(setmetatable({ object = object, key = key }, context))
end

-- Mapper and attribute events -----------------------------------------------------------------------------------------

local attribute_events = { "append", "remove", "set" }
local mapper_events = {
  "after_delete", "after_insert", "after_update", "before_delete", "before_insert", "before_update",
}

function functions.mapper_event(name, connection, object)
  local class = native.class_of(object)
  local ci = info[class]
  for _, owner in ipairs { ci, info[ci.base] } do
    for _, listener in ipairs(owner.events[name] or {}) do listener.fn(class.__mapper__, connection, object) end
  end
end

local function check_event(where, name, names)
  for _, known in ipairs(names) do
    if known == name then return end
  end
  native.unknown("event", where, name, names)
end

-- The list of listeners that target and event name, and what to do when it grows; nil for foreign targets.
local function find_list(target, name)
  local ci = type(target) == "table" and info[target]
  if ci then
    check_event(ci.name, name, mapper_events)
    ci.events[name] = ci.events[name] or {}
    return ci.events, name, function() native.listen(name) end
  end
  local class, key
  if native.kind(target) == "Relationship" then
    class, key = target.class_, target.key
  else
    class, key = native.entity_of(target)
  end
  ci = class and info[class]
  if not ci then return nil end
  check_event(ci.name .. "." .. key, name, attribute_events)
  ci.listeners[key] = ci.listeners[key] or {}
  ci.listeners[key][name] = ci.listeners[key][name] or {}
  return ci.listeners[key], name, function() attributes.hook(ci, key) end
end

local function without(list, fn)
  local kept, had = {}, false
  for _, listener in ipairs(list) do
    if listener.fn == fn then had = true else kept[#kept + 1] = listener end
  end
  return kept, had
end

-- Called by corm.event for targets that are no engines; true when the target is ours.
function functions.event(action, target, name, fn, options)
  local lists, key, listen = find_list(target, name)
  if not lists then return nil end
  -- The list is replaced, so that a running loop over the old one is not disturbed.
  local kept, had = without(lists[key], fn)
  if action == "contains" then return true, had end
  if action == "listen" then
    options = orm.check_options("event.listen", options, { retval = "boolean", propagate = "boolean" })
    kept[#kept + 1] = { fn = fn, retval = options.retval }
    listen()
  elseif not had then
    fail("InvalidRequestError", "event.remove: this function does not listen for '%s'", name)
  end
  lists[key] = kept
  return true
end

-- Makes C ask for each new value of the attribute; relationships are hooked when they are configured.
function attributes.hook(ci, key)
  ci.hooked[key] = true
  return native.hook(ci.mapper, key)
end

attributes.functions = functions
return attributes
