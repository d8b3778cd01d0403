-- scoped_session(): one session for each scope, which is a coroutine unless said otherwise.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail

local function default_scope()
  return (coroutine.running())
end

-- What a scoped session does itself; everything else is the current session's.
local members = {}

local states = setmetatable({}, { __mode = "k" })

local function scope_of(state)
  local scope = state.scopefunc()
  if scope == nil then
    fail("ArgumentError", "scoped_session: scopefunc returned nil; a value for the scope expected")
  end
  return scope
end

local function current(state)
  local scope = scope_of(state)
  local session = state.sessions[scope]
  if not session then
    session = state.maker()
    state.sessions[scope] = session
  end
  return session
end

-- Closes the scope's session, if there is one, and forgets it.
function members.remove(self)
  local state = states[self]
  local scope = scope_of(state)
  local session = state.sessions[scope]
  if not session then return end
  state.sessions[scope] = nil
  session:close()
end

function members.configure(self, options)
  local state = states[self]
  if state.sessions[scope_of(state)] then
    fail("InvalidRequestError", "scoped_session: this scope has a session already; configure() holds for those that "
      .. "are made from now on, so call remove() first")
  end
  state.maker:configure(options)
end

-- Whether the scope has a session yet.
function members.has(self)
  local state = states[self]
  return state.sessions[scope_of(state)] ~= nil
end

local meta = { __name = "corm.scoped_session", __metatable = "corm.scoped_session" }

function meta.__call(self, options)
  local state = states[self]
  if options == nil then return current(state) end
  local scope = scope_of(state)
  if state.sessions[scope] then
    fail("InvalidRequestError", "Scoped session is already present; no new arguments may be specified.")
  end
  state.sessions[scope] = state.maker(options)
  return state.sessions[scope]
end

function meta.__index(self, key)
  local method = members[key]
  if method then
    return function(this, ...)
      if not states[this] then
        fail("ArgumentError", "scoped_session: %s is called with a colon", tostring(key))
      end
      return method(this, ...)
    end
  end
  local state = states[self]
  local value = current(state)[key]
  if type(value) ~= "function" then return value end
  return function(this, ...)
    if this == self then return value(current(state), ...) end
    return value(this, ...)
  end
end

function meta.__newindex(self, key, value)
  if members[key] then fail("ArgumentError", "scoped_session: %s cannot be set", key) end
  current(states[self])[key] = value
end

function meta.__tostring() return "scoped_session" end

function corm.scoped_session(maker, options)
  if native.kind(maker) ~= "sessionmaker" then
    fail("ArgumentError", "scoped_session: a sessionmaker expected, got %s", native.kind(maker))
  end
  options = orm.check_options("scoped_session", options, { scopefunc = "function" })
  local self = setmetatable({}, meta)
  -- A scope that is gone takes its session along.
  states[self] = {
    maker = maker, scopefunc = options.scopefunc or default_scope, sessions = setmetatable({}, { __mode = "k" }),
  }
  return self
end
