-- do_orm_execute: what a session is about to execute, shown to those who listen, who may change it or answer it.
local corm, load = ...
local orm = load "corm.orm"
local events = load "corm.events"
local inspect = load "corm.inspect"
local native, fail = orm.native, orm.fail

local EVENT = "do_orm_execute"

-- ORMExecuteState -----------------------------------------------------------------------------------------------------

local methods = {}

-- Fields that are computed, and those that may be absent.
local computed, optional = {}, { parameters = true, bind_mapper = true, lazy_loaded_from = true }
local own = setmetatable({}, { __mode = "k" }) -- what is not shown

local meta = { __name = "ORMExecuteState", __metatable = "ORMExecuteState" }

local function known_names(self)
  local names = orm.sorted_keys(self)
  for _, more in ipairs { methods, computed, optional } do
    for name in next, more do names[#names + 1] = name end
  end
  return names
end

function meta.__index(self, name)
  if methods[name] then return methods[name] end
  if computed[name] then return computed[name](self) end
  if optional[name] then return nil end
  return native.unknown("field", "ORMExecuteState", tostring(name), known_names(self))
end

function meta.__newindex(self, name, value)
  if name ~= "parameters" then
    fail("ArgumentError", "ORMExecuteState.%s cannot be set; statement and parameters can", tostring(name))
  end
  rawset(self, name, value)
end

function meta.__tostring(self) return "<ORMExecuteState " .. own[self].kind .. ">" end

function computed.execution_options(self) return native.execution_options(self.statement) end

function computed.user_defined_options(self)
  local found = {}
  for _, option in ipairs(native.statement_options(self.statement)) do found[#found + 1] = option end
  return found
end

local function new_state(session, statement, parameters, more)
  local kind, classes, from_statement = native.describe_statement(statement)
  local mappers = {}
  for i, class in ipairs(classes) do mappers[i] = class.__mapper__ end
  local state = {
    session = session, statement = statement, parameters = parameters,
    is_select = kind == "select", is_insert = kind == "insert", is_update = kind == "update",
    is_delete = kind == "delete", is_orm_statement = classes[1] ~= nil, is_from_statement = from_statement,
    is_executemany = type(parameters) == "table" and type(rawget(parameters, 1)) == "table",
    is_column_load = false, is_relationship_load = false, all_mappers = mappers, bind_mapper = mappers[1],
    bind_class = classes[1] or false,
  }
  for name, value in next, more or {} do state[name] = value end
  setmetatable(state, meta)
  own[state] = { kind = kind or "statement", next = 1 }
  return state
end

-- What the statement says for its execution, and what is said now.
function methods.update_execution_options(self, options)
  self.statement = self.statement:execution_options(options)
  return nil
end

-- Asks the listeners behind the one that is running, then sends; a listener's Result ends it.
local function proceed(state, listeners, at)
  local mine = own[state]
  while listeners[at] do
    mine.next = at + 1
    local result = listeners[at].call(state)
    if result ~= nil then
      if not native.is_result(result) then
        fail("ArgumentError", "%s: a listener returns a Result, or nothing, got %s", EVENT, native.kind(result))
      end
      return result
    end
    at = at + 1
  end
  return native.send(state.session, state.statement, state.parameters)
end

-- Executes now: the statement, or another one, with parameters beside those that are there.
function methods.invoke_statement(self, options)
  options = orm.check_options("invoke_statement", options,
    { statement = "any", params = "table", execution_options = "table" })
  local mine = own[self]
  if not mine.listeners then
    fail("InvalidRequestError", "%s: a load of a relationship or of columns is not executed by the listener", EVENT)
  end
  local statement, parameters = options.statement or self.statement, self.parameters
  if options.execution_options then statement = statement:execution_options(options.execution_options) end
  if options.params then
    if type(parameters) == "table" and not parameters[1] and not options.params[1] then
      local merged = {}
      for _, each in ipairs { parameters, options.params } do
        for name, value in next, each do merged[name] = value end
      end
      parameters = merged
    else
      parameters = options.params
    end
  end
  local state = new_state(self.session, statement, parameters)
  own[state].listeners = mine.listeners
  return proceed(state, mine.listeners, mine.next)
end

-- Called by C ---------------------------------------------------------------------------------------------------------

local functions = {}

function functions.orm_execute(session, statement, parameters)
  local listeners = events.session_listeners(session, EVENT)
  local state = new_state(session, statement, parameters)
  own[state].listeners = listeners
  return proceed(state, listeners, 1)
end

-- What the core loads for itself: the criteria that listeners add, or nil.
function functions.orm_load(session, class, kind, object)
  local statement = corm.select(class)
  local state = new_state(session, statement, {}, {
    is_relationship_load = kind == "relationship", is_column_load = kind == "columns",
    lazy_loaded_from = kind == "relationship" and object and inspect(object) or nil,
  })
  for _, entry in ipairs(events.session_listeners(session, EVENT)) do
    if entry.call(state) ~= nil then
      fail("InvalidRequestError", "%s: a load of a relationship, of columns or by get() has no Result to be replaced",
        EVENT)
    end
  end
  if state.statement == statement then return nil end
  local options = native.statement_options(state.statement)
  local clean = native.same_node(state.statement, statement)
  for _, option in ipairs(options) do clean = clean and native.is_criteria(option) end
  if not clean then
    fail("InvalidRequestError", "%s: the statement of a load of a relationship, of columns or by get() takes "
      .. "options(with_loader_criteria(...)) and nothing else", EVENT)
  end
  return options[1] and options or nil
end

orm.functions(functions)
