-- ShardedSession: one unit of work over several databases that have the same tables and other rows. Each shard has a
-- Session of its own, and each object lives in that of its shard, with its key and its relationships there.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail

local sharded = {}

-- Session -> the name of its shard; object -> the same, when it has left its session.
local shard_of, homes = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })
local states = setmetatable({}, { __mode = "k" })

-- inspect(object).identity_token; nil: no ShardedSession has it.
function sharded.token(object)
  local session = native.session(object)
  if session then return shard_of[session] end
  return homes[object]
end

-- Which shards --------------------------------------------------------------------------------------------------------

local function session_of(state, name, what)
  local session = state.sessions[name]
  if session then return session end
  return native.unknown("shard", what, tostring(name), state.names)
end

-- What a chooser gives: a name, or a list of names.
local function named(state, given, what)
  local list = type(given) == "table" and given or { given }
  if list[1] == nil then fail("InvalidRequestError", "%s chose no shard", what) end
  for _, name in ipairs(list) do session_of(state, name, what) end
  return list
end

local function check_object(what, object)
  local class = native.class_of(object)
  if not class then
    fail("UnmappedError", "ShardedSession:%s: an object expected, got %s", what, native.kind(object))
  end
  return class
end

-- The Session of an object that has one here; nil: it has none.
local function holder_of(state, object)
  local session = native.session(object)
  if session and state.sessions[shard_of[session]] == session then return session end
end

-- An object is where it is or was; a new one goes where the chooser says.
local function place_of(state, what, object)
  local class = check_object(what, object)
  local session = holder_of(state, object)
  if session then return session end
  local name = homes[object]
  if name == nil or not state.sessions[name] then
    name = state.shard_chooser(class, object)
    if type(name) ~= "string" then
      fail("InvalidRequestError", "shard_chooser: the name of a shard expected, got %s", native.kind(name))
    end
  end
  return session_of(state, name, "shard_chooser")
end

local function held(state, what, object)
  check_object(what, object)
  local session = holder_of(state, object)
  if session then return session end
  return fail("InvalidRequestError", "ShardedSession:%s: %s is not in this session", what, tostring(object))
end

local execute_options = { bind_arguments = "table", execution_options = "table" }

local function said_shard(options)
  return options.bind_arguments and options.bind_arguments.shard_id
end

-- Where a statement is executed. A row that is inserted is in one shard.
local function shards_for(state, statement, options)
  local said = said_shard(options)
  if said ~= nil then return named(state, said, "shard_id") end
  local kind, classes = native.describe_statement(statement)
  if kind == "insert" then
    return named(state, state.shard_chooser(classes and classes[1], nil, statement), "shard_chooser")
  end
  return named(state, state.execute_chooser(statement), "execute_chooser")
end

-- Members -------------------------------------------------------------------------------------------------------------

local members = {}

-- The Session of one shard, for what is its own matter.
function members.shard(state, name) return session_of(state, name, "ShardedSession:shard") end

function members.add(state, object) place_of(state, "add", object):add(object) end
function members.add_all(state, list)
  for _, object in ipairs(list) do check_object("add_all", object) end
  for _, object in ipairs(list) do members.add(state, object) end
end

for _, name in ipairs { "delete", "refresh", "expire" } do
  members[name] = function(state, object, ...)
    local session = held(state, name, object)
    return session[name](session, object, ...)
  end
end

function members.expunge(state, object)
  local session = held(state, "expunge", object)
  homes[object] = shard_of[session]
  session:expunge(object)
end

function members.merge(state, object, options) return place_of(state, "merge", object):merge(object, options) end

function members.contains(state, object)
  check_object("contains", object)
  return holder_of(state, object) ~= nil
end

function members.is_modified(state, object, options)
  return held(state, "is_modified", object):is_modified(object, options)
end

-- get and get_one: the first shard that has the key; `identity_token` says which one it is.
local function find(state, class, key, options)
  local rest, token = {}, nil
  for name, value in pairs(options or {}) do
    if name == "identity_token" then token = value else rest[name] = value end
  end
  local names = token ~= nil and named(state, token, "identity_token")
    or named(state, state.identity_chooser(class, key), "identity_chooser")
  for _, name in ipairs(names) do
    local object = state.sessions[name]:get(class, key, next(rest) and rest or nil)
    if object then return object end
  end
end
members.get = find

function members.get_one(state, ...)
  local object = find(state, ...)
  if object then return object end
  return fail("NoResultFound", "ShardedSession:get_one: no row was found with this primary key")
end

function members.execute(state, statement, parameters, options)
  options = orm.check_options("ShardedSession:execute", options, execute_options)
  local names = shards_for(state, statement, options)
  local own = { execution_options = options.execution_options }
  if not names[2] then return state.sessions[names[1]]:execute(statement, parameters, own) end
  local frozen, matched, result = {}, 0, nil
  for i, name in ipairs(names) do
    result = state.sessions[name]:execute(statement, parameters, own)
    if result.returns_rows then frozen[i] = result:freeze() else matched = matched + result.rowcount end
  end
  if frozen[1] then return native.frozen_joined(frozen) end
  return native.set_rowcount(result, matched)
end

function members.scalars(state, ...) return members.execute(state, ...):scalars() end
function members.scalar(state, ...) return members.execute(state, ...):scalar() end

local function each(name)
  return function(state, ...)
    for _, shard in ipairs(state.names) do state.sessions[shard][name](state.sessions[shard], ...) end
  end
end
for _, name in ipairs { "flush", "rollback", "expire_all" } do members[name] = each(name) end

-- Objects that leave keep their shard, so that they can come back.
local function remember(state)
  for _, name in ipairs(state.names) do
    for object in state.sessions[name] do homes[object] = name end
  end
end
for _, name in ipairs { "close", "expunge_all", "reset" } do
  local let_go = each(name)
  members[name] = function(state)
    remember(state)
    let_go(state)
  end
end

-- All is written before the first shard commits. What fails then leaves the others as they are.
function members.commit(state)
  members.flush(state)
  for i, name in ipairs(state.names) do
    local ok, err = pcall(state.sessions[name].commit, state.sessions[name])
    if not ok and i == 1 then error(err, 0) end
    if not ok then
      fail("CommitUnknownError", "shard '%s' has not committed, %s has: %s", name,
        table.concat(state.names, ", ", 1, i - 1), type(err) == "table" and err.message or tostring(err))
    end
  end
end

-- The function's results; an error rolls all shards back.
local function finish(state, ok, ...)
  if not ok then
    members.rollback(state)
    error((...), 0)
  end
  members.commit(state)
  return ...
end

function members.begin(state, fn)
  if type(fn) ~= "function" then
    fail("ArgumentError", "ShardedSession:begin: a function expected, got %s", native.kind(fn))
  end
  return finish(state, pcall(fn, state.self))
end

-- fn() within what the method of each shard's Session makes around a function.
local function within_all(state, method, fn, i)
  local session = state.sessions[state.names[i]]
  if not session then return fn() end
  return session[method](session, function() return within_all(state, method, fn, i + 1) end)
end

-- fn() within a savepoint of every shard.
function members.begin_nested(state, fn)
  if type(fn) ~= "function" then
    fail("ArgumentError", "ShardedSession:begin_nested: a function expected, got %s", native.kind(fn))
  end
  return within_all(state, "begin_nested", fn, 1)
end

function members.no_autoflush(state, fn) return within_all(state, "no_autoflush", fn, 1) end

function members.in_transaction(state)
  for _, name in ipairs(state.names) do
    if state.sessions[name]:in_transaction() then return true end
  end
  return false
end

function members.get_bind(state, class, options)
  options = orm.check_options("ShardedSession:get_bind", options, { shard_id = "string" })
  if not options.shard_id then fail("ArgumentError", "ShardedSession:get_bind: { shard_id = name } expected") end
  return session_of(state, options.shard_id, "ShardedSession:get_bind"):get_bind(class)
end

-- Fields --------------------------------------------------------------------------------------------------------------

local function list_of(state, name)
  local list = {}
  for _, shard in ipairs(state.names) do
    for object in state.sessions[shard][name] do list[#list + 1] = object end
  end
  return list
end

-- Members that are values, and not called.
local is_field = { shards = true, info = true, statement_count = true }

for _, name in ipairs { "new", "dirty", "deleted", "identity_map" } do
  is_field[name] = true
  members[name] = function(state) return list_of(state, name) end
end

for _, name in ipairs { "autoflush", "expire_on_commit" } do
  is_field[name] = true
  members[name] = function(state) return state.sessions[state.names[1]][name] end
end

function members.shards(state) return table.move(state.names, 1, #state.names, 1, {}) end
function members.info(state) return state.info end

function members.statement_count(state)
  local n = 0
  for _, name in ipairs(state.names) do n = n + state.sessions[name].statement_count end
  return n
end

local meta = { __name = "ShardedSession", __metatable = "corm.ShardedSession" }

function meta.__index(self, key)
  local member = members[key] or native.unknown("member", "ShardedSession", tostring(key), orm.sorted_keys(members))
  if is_field[key] then return member(states[self]) end
  return function(this, ...)
    if not states[this] then fail("ArgumentError", "ShardedSession: %s is called with a colon", key) end
    return member(states[this], ...)
  end
end

function meta.__newindex(self, key, value)
  if key ~= "autoflush" and key ~= "expire_on_commit" then
    fail("ArgumentError", "ShardedSession: '%s' cannot be set", tostring(key))
  end
  for _, session in pairs(states[self].sessions) do session[key] = value end
end

function meta.__tostring(self) return "ShardedSession of " .. table.concat(states[self].names, ", ") end
function meta.__close(self) members.close(states[self]) end

-- Making one ----------------------------------------------------------------------------------------------------------

local options_known = {
  shards = "table", shard_chooser = "function", identity_chooser = "function", execute_chooser = "function",
  autoflush = "any", expire_on_commit = "any", execution_options = "table", info = "table",
}

-- ShardedSession { shards = { name = engine }, shard_chooser = fn, identity_chooser = fn?, execute_chooser = fn? }
function corm.ShardedSession(options)
  options = orm.check_options("ShardedSession", options, options_known)
  if not options.shards or not options.shard_chooser then
    fail("ArgumentError", "ShardedSession: `shards`, engines by name, and a `shard_chooser` expected")
  end
  local state = { sessions = {}, names = {}, info = options.info or {} }
  for name, engine in pairs(options.shards) do
    if type(name) ~= "string" or native.kind(engine) ~= "Engine" then
      fail("ArgumentError", "ShardedSession: shards: engines by name expected, got %s at %s", native.kind(engine),
        tostring(name))
    end
    state.names[#state.names + 1] = name
  end
  if not state.names[1] then fail("ArgumentError", "ShardedSession: shards: at least one expected") end
  table.sort(state.names)
  for _, name in ipairs(state.names) do
    local session = corm.Session {
      bind = options.shards[name], autoflush = options.autoflush, expire_on_commit = options.expire_on_commit,
      execution_options = options.execution_options,
    }
    state.sessions[name] = session
    shard_of[session] = name
  end
  local function all() return state.names end
  state.shard_chooser = options.shard_chooser
  state.identity_chooser = options.identity_chooser or all
  state.execute_chooser = options.execute_chooser or all
  state.self = setmetatable({}, meta)
  states[state.self] = state
  return state.self
end

return sharded
