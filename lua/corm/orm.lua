-- What the files of the ORM's Lua half share: the functions of the C side, and helpers for messages and options.
-- This file and contents.lua are run by `require`, all others when they are needed.
local _, load, own = ...

-- Only corm's own files are to see these.
local native = own._orm
local orm = { native = native, info = native.info, ddl = own._ddl, types = {} }
own._orm, own._ddl = nil, nil
for _, dialect in ipairs { own.dialects.mysql, own.dialects.sqlite } do
  for name, type_ in next, dialect do
    if string.sub(name, 1, 1) == "_" then orm.types[name], dialect[name] = type_, nil end
  end
end

-- Loading -------------------------------------------------------------------------------------------------------------

-- The result of a file that is loaded when something of it is needed.
function orm.later(file)
  return setmetatable({}, {
    __index = function(_, key) return load(file)[key] end,
    __call = function(_, ...) return load(file)(...) end,
  })
end

-- Functions that C calls by name. Where a file has not been loaded, C knows others in the place of its functions, which
-- load it.
local called = {}

function orm.functions(functions)
  for name, fn in next, functions do called[name] = fn end
  native.functions(functions)
end

function orm.functions_later(file, names)
  local functions = {}
  for _, name in ipairs(names) do
    functions[name] = function(...)
      load(file)
      return called[name](...)
    end
  end
  orm.functions(functions)
end

-- For messages and options --------------------------------------------------------------------------------------------

-- Raises an error of a class; its message is made as string.format does.
function orm.fail(class, message, ...)
  if select("#", ...) > 0 then message = string.format(message, ...) end
  return native.fail(class, message)
end

function orm.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

function orm.is_in(list, name)
  for _, other in ipairs(list) do
    if other == name then return true end
  end
  return false
end

-- Checks an options table: `known` maps each name to a Lua type, "any", or a reason why it is refused ("!reason").
function orm.check_options(where, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then
    orm.fail("ArgumentError", "%s: a table of options expected, got %s", where, native.kind(options))
  end
  for name, value in next, options do
    if type(name) ~= "string" then
      orm.fail("ArgumentError", "%s: options have names, got a key of type %s", where, type(name))
    end
    local expected = known[name]
    if not expected then native.unknown("option", where, name, orm.sorted_keys(known)) end
    if string.sub(expected, 1, 1) == "!" then
      orm.fail("ArgumentError", "%s: the option '%s' %s", where, name, string.sub(expected, 2))
    end
    if expected ~= "any" and type(value) ~= expected then
      orm.fail("ArgumentError", "%s: option '%s' must be a %s, got %s", where, name, expected, native.kind(value))
    end
  end
  return options
end

-- Things that only mean something inside a model: { kind = ..., ... } with a metatable of their own.
local marker = {}
marker.__name = "corm.declaration"
marker.__index = function(_, key)
  return orm.fail("ArgumentError", "a declaration has no member '%s'", tostring(key))
end

function orm.marker(kind, fields)
  fields.kind = kind
  fields.creation = native.creation()
  return setmetatable(fields, marker)
end

function orm.marker_kind(value)
  return getmetatable(value) == marker and value.kind or nil
end

-- What stands for a value that is not in memory.
orm.NO_VALUE = setmetatable({}, { __name = "corm.NO_VALUE", __tostring = function() return "NO_VALUE" end })
own.NO_VALUE = orm.NO_VALUE

-- The mixins of lua/corm/concrete.lua and deferral.lua, by which a class is known to need these files.
orm.ConcreteBase, orm.AbstractConcreteBase, orm.DeferredReflection = {}, {}, {}

-- Fields of markers may be absent.
orm.field = rawget

return orm
