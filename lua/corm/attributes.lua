-- What stands before new values of attributes: validators, and functions that give defaults.
local corm, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail

local null = corm.null

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
  local fn = names[n]
  check_function("validates", fn)
  if n < 2 then fail("ArgumentError", "validates: the names of attributes expected before the function") end
  for i = n, #names do names[i] = nil end
  for _, name in ipairs(names) do
    if type(name) ~= "string" then
      fail("ArgumentError", "validates: the name of an attribute expected, got %s", native.kind(name))
    end
  end
  return orm.marker("validates", {
    names = names, fn = fn, include_removes = options.include_removes or false,
    include_backrefs = options.include_backrefs ~= false,
  })
end

-- Defaults ------------------------------------------------------------------------------------------------------------

-- What a default function gets: the values of the row as far as they are known.
local context = {}
context.__index = context
context.__name = "corm.DefaultContext"

function context:get_current_parameters()
  local columns = native.names(info[native.class_of(self.object)].mapper)
  local parameters = {}
  local computed = native.expressions(info[native.class_of(self.object)].mapper)
  for _, key in ipairs(columns) do
    local known, value = native.peek(self.object, key)
    if known and not computed[key] then
      if value == nil then value = null end
      parameters[key] = value
    end
  end
  return parameters
end

local function call_default(fn, object, key)
  return fn(setmetatable({ object = object, key = key }, context))
end

orm.functions { call_default = call_default }
