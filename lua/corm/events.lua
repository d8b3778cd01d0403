-- Who listens to what: sessions, mapped classes, their objects and attributes. Engines and tables have their own files.
local corm, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local listeners = load "corm.listeners"
local inspect = orm.later "corm.inspect"
local native, info, fail, NO_VALUE = orm.native, orm.info, orm.fail, orm.NO_VALUE

local events = {}

-- A target that stands for all mapped classes.
local Mapper = setmetatable({}, {
  __name = "corm.Mapper",
  __metatable = "corm.Mapper",
  __tostring = function() return "<all mappers>" end,
  __newindex = function() return fail("ArgumentError", "corm.Mapper is a target of events and holds nothing") end,
})
corm.Mapper = Mapper

-- Names ---------------------------------------------------------------------------------------------------------------

local bits, tell, each_list = listeners.bits, listeners.tell, listeners.each

-- What a listener gets, in order; those of an object come to (session, instance).
local arguments = {
  session = {
    before_flush = { "session", "flush_context", "instances" },
    after_flush = { "session", "flush_context" },
    after_flush_postexec = { "session", "flush_context" },
    before_commit = { "session" },
    after_commit = { "session" },
    after_rollback = { "session" },
    after_soft_rollback = { "session", "previous_transaction" },
    after_begin = { "session", "transaction", "connection" },
    after_transaction_create = { "session", "transaction" },
    after_transaction_end = { "session", "transaction" },
    after_bulk_update = { "update_context" },
    after_bulk_delete = { "delete_context" },
    do_orm_execute = { "orm_execute_state" },
  },
  mapper = {
    mapper_configured = { "mapper", "class_" },
    before_configured = {},
    after_configured = {},
  },
  instance = {
    init = { "target", "args", "kwargs" },
    init_failure = { "target", "args", "kwargs" },
    load = { "target", "context" },
    refresh = { "target", "context", "attrs" },
    refresh_flush = { "target", "flush_context", "attrs" },
    expire = { "target", "attrs" },
  },
  attribute = {
    set = { "target", "value", "oldvalue", "initiator" },
    append = { "target", "value", "initiator" },
    remove = { "target", "value", "initiator" },
    bulk_replace = { "target", "values", "initiator" },
  },
}
for name in next, bits.session do
  arguments.session[name] = arguments.session[name] or { "session", "instance" }
end
for name in next, bits.mapper do arguments.mapper[name] = { "mapper", "connection", "target" } end

-- Where the object stands among them, for `raw`.
local function object_position(names)
  for i, name in ipairs(names) do
    if name == "target" or name == "instance" then return i end
  end
  return nil
end

local function check_name(where, name, ...)
  local known = {}
  for _, family in ipairs { ... } do
    if arguments[family][name] then return family end
    for each in next, arguments[family] do known[#known + 1] = each end
  end
  table.sort(known)
  return native.unknown("event", where, name, known)
end

-- Listeners -----------------------------------------------------------------------------------------------------------

local listen_options = {
  retval = "boolean", propagate = "boolean", once = "boolean", insert = "boolean", named = "boolean", raw = "boolean",
  active_history = "boolean",
}

local function check_options(family, name, options)
  options = orm.check_options("event.listen", options, listen_options)
  local allowed = {
    retval = family == "attribute" and (name == "set" or name == "append"),
    propagate = family ~= "session",
    raw = object_position(arguments[family][name]) ~= nil,
    active_history = family == "attribute",
  }
  for option, allows in next, allowed do
    if options[option] and not allows then
      fail("ArgumentError", "event.listen: the option '%s' means nothing for '%s'", option, name)
    end
  end
  return options
end

-- A function that calls entry.fn as its options say; `forget` takes the listener out.
local function caller(entry, names, forget)
  local call = entry.fn
  local position = entry.raw and object_position(names)
  if position then
    local inner = call
    call = function(...)
      local values = table.pack(...)
      values[position] = inspect(values[position])
      return inner(table.unpack(values, 1, values.n))
    end
  end
  if entry.named then
    local inner = call
    call = function(...)
      local given = {}
      for i, name in ipairs(names) do given[name] = (select(i, ...)) end
      return inner(given)
    end
  end
  if entry.once then
    local inner = call
    call = function(target, value, ...)
      if entry.done then return value end
      entry.done = true
      forget()
      return inner(target, value, ...)
    end
  end
  return call
end

local function without(list, fn)
  local kept, had = {}, false
  for _, entry in ipairs(list or {}) do
    if entry.fn == fn then had = true else kept[#kept + 1] = entry end
  end
  return kept, had
end

-- One action on lists[name]. The list is replaced, so that a running loop over the old one is not disturbed. `changed`
-- makes the core look at what is listened to now.
local function act(action, lists, family, name, fn, options, changed)
  local kept, had = without(lists[name], fn)
  if action == "contains" then return true, had end
  if action == "remove" then
    if not had then fail("InvalidRequestError", "event.remove: this function does not listen for '%s'", name) end
  else
    options = check_options(family, name, options)
    local entry = { fn = fn }
    for option, value in next, options do entry[option] = value end
    entry.call = caller(entry, arguments[family][name], function()
      lists[name] = without(lists[name], fn)
      changed()
    end)
    table.insert(kept, entry.insert and 1 or #kept + 1, entry)
  end
  lists[name] = kept
  changed()
  return true
end

local function mask_of(lists, family)
  local mask = 0
  for name, bit in next, bits[family] do
    if lists and lists[name] and lists[name][1] then mask = mask | 1 << bit end
  end
  return mask
end

-- Sessions ------------------------------------------------------------------------------------------------------------

local of_sessions, of_all, ALL = listeners.of_sessions, listeners.of_all, "all"

local function session_mask(session)
  local maker = native.session_maker(session)
  return mask_of(of_sessions[ALL], "session") | mask_of(maker and of_sessions[maker], "session")
    | mask_of(of_sessions[session], "session")
end

local session_functions = {}

function session_functions.session_made(session)
  native.observe_session(session, session_mask(session))
end

function session_functions.session_event(name, session, ...)
  local maker = native.session_maker(session)
  tell(of_sessions[ALL], name, session, ...)
  if maker then tell(of_sessions[maker], name, session, ...) end
  tell(of_sessions[session], name, session, ...)
end

-- An UPDATE or DELETE of a class was executed.
function session_functions.bulk_event(name, session, class, statement, result)
  local context = {
    session = session, mapper = inspect(class), statement = statement, result = result, rowcount = result.rowcount,
  }
  local maker = native.session_maker(session)
  tell(of_sessions[ALL], name, context)
  if maker then tell(of_sessions[maker], name, context) end
  tell(of_sessions[session], name, context)
end

-- All who listen to an event of a session, in order.
function events.session_listeners(session, name)
  local found = {}
  local function add(lists)
    for _, entry in ipairs(lists and lists[name] or {}) do found[#found + 1] = entry end
  end
  local maker = native.session_maker(session)
  add(of_sessions[ALL])
  add(maker and of_sessions[maker])
  add(of_sessions[session])
  return found
end

local function sessions_changed()
  native.observe_new_sessions()
  for _, session in ipairs(native.sessions()) do session_functions.session_made(session) end
end

local function on_session(action, target, name, fn, options)
  local kind = native.kind(target)
  if native.is_session_class(target) then
    target = ALL
  elseif kind ~= "Session" and kind ~= "sessionmaker" then
    return nil
  end
  check_name("Session", name, "session")
  local lists = of_sessions[target] or {}
  local function changed()
    of_sessions[target] = lists
    sessions_changed()
  end
  return act(action, lists, "session", name, fn, options, changed)
end

-- Classes -------------------------------------------------------------------------------------------------------------

local class_functions = {}

function class_functions.mapper_event(name, connection, object)
  local class = native.class_of(object)
  local mapper = inspect(class)
  each_list(info[class], name, function(entry) entry.call(mapper, connection, object) end)
end

-- attrs: the names of columns, nil for all. There is no query context to show. A flush tells of other columns than
-- keys.
function class_functions.instance_event(name, object, attrs)
  if name == "refresh_flush" then
    local keys, others = select(3, native.names(info[native.class_of(object)].mapper)), {}
    for _, attr in ipairs(attrs) do
      if not orm.is_in(keys, attr) then others[#others + 1] = attr end
    end
    if not others[1] then return end
    attrs = others
  end
  each_list(info[native.class_of(object)], name, function(entry)
    if name == "expire" then entry.call(object, attrs) else entry.call(object, nil, attrs) end
  end)
end

local function on_class(action, target, name, fn, options)
  local ci = type(target) == "table" and info[target]
  local lists = target == Mapper and of_all or ci and ci.events
  if not lists then return nil end
  local family = check_name(ci and ci.name or "Mapper", name, "mapper", "instance")
  if ci and (name == "before_configured" or name == "after_configured") then
    fail("ArgumentError", "event.listen: '%s' is about all models: its target is corm.Mapper", name)
  end
  return act(action, lists, family, name, fn, options, listeners.changed)
end

-- Attributes ----------------------------------------------------------------------------------------------------------

local function old_value(object, key)
  local known, value = native.peek(object, key)
  if known then return value end
  return native.in_memory(object, key) or NO_VALUE
end

local nobody = {}

-- Those of the class, then those of the classes above it.
local function validators_of(ci, key)
  local found = ci.validators[key] or nobody
  ci = info[ci.base]
  while ci do
    local more = ci.validators and ci.validators[key]
    if more then found = table.move(more, 1, #more, #found + 1, table.move(found, 1, #found, 1, {})) end
    ci = info[ci.base]
  end
  return found
end

-- `own`: the script acts on this attribute, not on the other side of the relationship.
local function run_validators(ci, object, key, value, own)
  for _, validator in ipairs(validators_of(ci, key)) do
    if own or validator.include_backrefs then
      if validator.include_removes then
        value = validator.fn(object, key, value, false)
      else
        value = validator.fn(object, key, value)
      end
    end
  end
  return value
end

local function tell_validators_of_removal(ci, object, key, value, own)
  for _, validator in ipairs(validators_of(ci, key)) do
    if validator.include_removes and (own or validator.include_backrefs) then validator.fn(object, key, value, true) end
  end
end

local function canonical(ci, key)
  local marker = descriptors.find(ci, key)
  while marker and marker.kind == "synonym" do
    key = marker.name
    marker = descriptors.find(ci, key)
  end
  return key
end

-- Those of the class, then what the classes above it propagate.
local function listeners_of(ci, key, event)
  local lists = ci.listeners[key]
  local found = lists and lists[event] or nobody
  ci = info[ci.base]
  while ci do
    lists = ci.listeners and ci.listeners[key]
    for _, entry in ipairs(lists and lists[event] or nobody) do
      if entry.propagate then
        found = table.move(found, 1, #found, 1, {})
        found[#found + 1] = entry
      end
    end
    ci = info[ci.base]
  end
  return found
end

local attribute_functions = {}

-- Where a change began, as listeners see it.
local function new_initiator(class, key, op)
  return { class_ = class, key = key, op = op }
end

local function call_set(ci, object, key, value, initiator)
  for _, entry in ipairs(listeners_of(ci, key, "set")) do
    if entry.active_history then local _ = object[key] end
    local result = entry.call(object, value, old_value(object, key), initiator)
    if entry.retval then value = result end
  end
  return value
end

local function call_append(ci, object, key, value, initiator)
  for _, entry in ipairs(listeners_of(ci, key, "append")) do
    local result = entry.call(object, value, initiator)
    if entry.retval then value = result end
  end
  return value
end

-- A value that the script gives: the validators' word, then the listeners'. Then it is one that tells of its changes.
local function given(op, call)
  return function(object, key, value)
    local class = native.class_of(object)
    local ci = info[class]
    key = canonical(ci, key)
    value = run_validators(ci, object, key, value, true)
    value = call(ci, object, key, value, new_initiator(class, key, op))
    if orm.mutable then value = orm.mutable.coerce(ci, key, value) end
    return value
  end
end

attribute_functions.attribute_set = given("replace", call_set)
attribute_functions.attribute_append = given("append", call_append)

-- A whole list that is assigned; the table is the hooks' to change.
function attribute_functions.attribute_bulk_replace(object, key, values)
  local class = native.class_of(object)
  local ci = info[class]
  key = canonical(ci, key)
  for i, value in ipairs(values) do values[i] = run_validators(ci, object, key, value, true) end
  for _, entry in ipairs(listeners_of(ci, key, "bulk_replace")) do
    entry.call(object, values, new_initiator(class, key, "bulk_replace"))
  end
  return values
end

-- A change of a relationship, by the script or by the other side.
function attribute_functions.relationship_event(op, object, key, value, own, class, initiator_key, initiator_op)
  local ci = info[native.class_of(object)]
  local initiator = new_initiator(class, initiator_key, initiator_op)
  if op == "remove" then
    tell_validators_of_removal(ci, object, key, value, own)
    for _, entry in ipairs(listeners_of(ci, key, "remove")) do entry.call(object, value, initiator) end
    return nil
  end
  -- The values of an assigned list have been validated together.
  if not (own and initiator_op == "bulk_replace") then value = run_validators(ci, object, key, value, own) end
  if op == "append" then return call_append(ci, object, key, value, initiator) end
  return call_set(ci, object, key, value, initiator)
end

local function on_attribute(action, target, name, fn, options)
  local class, key
  if native.kind(target) == "Relationship" then
    class, key = target.class_, target.key
  else
    class, key = native.entity_of(target)
  end
  local ci = class and info[class]
  if not ci then return nil end
  check_name(ci.name .. "." .. key, name, "attribute")
  ci.listeners[key] = ci.listeners[key] or {}
  return act(action, ci.listeners[key], "attribute", name, fn, options, function() listeners.hook(ci, key) end)
end

-- corm.event ----------------------------------------------------------------------------------------------------------

local functions = {}

-- Called by corm.event for targets that are no engines; true when the target is ours.
function functions.event(action, target, name, fn, options)
  for _, on in ipairs { on_session, on_class, on_attribute } do
    local known, had = on(action, target, name, fn, options)
    if known then return true, had end
  end
  return nil
end

for _, more in ipairs { session_functions, class_functions, attribute_functions } do
  for name, fn in next, more do functions[name] = fn end
end
orm.functions(functions)
return events
