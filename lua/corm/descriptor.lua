-- What stands behind a name of a class and is no column: relationships, hybrids, synonyms and their like. Each kind is
-- a row of functions; everything that meets a name asks that row, so that a new kind changes no other file
-- (docs/decisions/0013-names-of-classes.md).
local _, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail

local descriptors = {}

local no_value = {}

-- What a kind may say; all of it is optional but `declare`. `ci` is the class that was asked, which may have inherited
-- the name.
local known = {
  -- (ci, key, marker): the name was given to a class.
  declare = "function",
  -- (ci, key, marker, entity, from): what Class.key or alias.key is, and whether it is that for ever. `entity` is the
  -- class or the alias, `from` what is selected from (nil: the class's own table).
  class = "function",
  -- (object, marker, key): the value on an object.
  get = "function",
  -- The value on an object is made of what it says under other names, each time.
  follows = "boolean",
  -- (object, marker, key, value): an assignment to it.
  set = "function",
  -- (ci, marker, key): true when objects take values for it; without it, whether there is a `set`.
  settable = "function",
  -- (ci, marker, key, value): the same in SQL: a list of { column or name, value }.
  assign = "function",
  -- (ci, marker, key, entity, value): a condition for filter_by; without it, Class.key:eq(value).
  filter = "function",
  -- "column": a constructor sets it before relationships; else after them.
  order = "string",
  -- Declared after what it may name.
  late = "boolean",
  -- Inherited by concrete classes, too: it speaks of names, and not of columns of the class that declares it.
  portable = "boolean",
  -- (ci, key, marker): what inspect() shows.
  inspect = "function",
}

-- The rows by kind, and the files that bring them.
local homes = {
  composite = "corm.composite", expression = "corm.property", hybrid = "corm.hybrid", hybrid_method = "corm.hybrid",
  proxy = "corm.proxy", relationship = "corm.relationship", synonym = "corm.synonym",
}
local kinds = setmetatable({}, {
  __index = function(kinds, kind)
    if not homes[kind] then return nil end
    load(homes[kind])
    return rawget(kinds, kind)
  end,
})

function orm.descriptor(kind, row)
  kinds[kind] = orm.check_options("descriptor " .. kind, row, known)
end

-- Looking up ----------------------------------------------------------------------------------------------------------

-- The marker and its kind's row: the class's own, else one that it inherits.
local function find(ci, key)
  local concrete = false -- whether a class that shares no rows with those above was passed
  while ci do
    local own = ci.descriptors
    local marker = own and own[key]
    if marker then
      if concrete and not kinds[marker.kind].portable then return nil end
      return marker, kinds[marker.kind]
    end
    concrete = concrete or ci.concrete
    ci = info[ci.base]
  end
end
descriptors.find = find

function descriptors.kind(value)
  local kind = orm.marker_kind(value)
  return kind and kinds[kind]
end

-- The names of a class's descriptors, of one kind or all.
function descriptors.names(ci, kind)
  local found = {}
  while ci do
    for key, marker in next, ci.descriptors or no_value do
      if not kind or marker.kind == kind then found[key] = true end
    end
    ci = info[ci.base]
  end
  return orm.sorted_keys(found)
end

-- Everything that may stand behind the dot of an object, for hints.
local function names_of(ci)
  local columns, relationships = native.names(ci.mapper)
  local names = table.move(relationships, 1, #relationships, #columns + 1, columns)
  table.move(descriptors.names(ci), 1, 250, #names + 1, names)
  for key, value in next, ci.class do
    if type(key) == "string" and type(value) == "function" then names[#names + 1] = key end
  end
  return names
end

-- What a concrete class's parent has, and the class itself has not.
local function refuse_inherited(ci, key)
  while ci and not ci.concrete do ci = info[ci.base] end
  local above = ci and info[ci.base]
  while above and not above.mapper do above = info[above.base] end
  if above and (find(above, key) or native.is_attribute(above.mapper, key)) then
    fail("ArgumentError", "Concrete %s does not implement attribute '%s' at the instance level. Add this property "
      .. "explicitly to %s.", ci.name, key, ci.name)
  end
end

function descriptors.refuse_disposed(ci)
  return fail("UnmappedError", "%s is not mapped any more: its registry was disposed", ci.name)
end

function descriptors.unknown(ci, key)
  if ci.disposed then descriptors.refuse_disposed(ci) end
  if type(key) ~= "string" then fail("ArgumentError", "%s: attributes have names, got a %s", ci.name, type(key)) end
  refuse_inherited(ci, key)
  return native.unknown("attribute", ci.name, key, names_of(ci))
end

-- A member that a base of the class has.
local function inherited(ci, key)
  local base = ci.base
  while base do
    local value = rawget(base, key)
    if value ~= nil then return value end
    base = info[base] and info[base].base
  end
end

function descriptors.check_free(ci, key)
  if find(ci, key) or native.attribute(ci.mapper, key) then
    fail("ArgumentError", "%s has an attribute '%s' already", ci.name, key)
  end
end

-- Classes and aliases -------------------------------------------------------------------------------------------------

-- The value of Class.key or alias.key, made when it is first asked for, and whether it stays that. `node` and `from`
-- are an alias's.
function descriptors.class_value(ci, key, entity, node, from)
  if type(key) ~= "string" then fail("ArgumentError", "%s: attributes have names, got a %s", ci.name, type(key)) end
  local marker, row = find(ci, key)
  if marker then
    if not row.class then fail("InvalidRequestError", "%s.%s means something on objects only", ci.name, key) end
    return row.class(ci, key, marker, entity, from)
  end
  local value = native.attribute(ci.mapper, key, node)
  if value then return value, true end
  if node then
    if key == "__name__" then return ci.name, true end
    return descriptors.unknown(ci, key)
  end
  if key == "__mapper__" then return load "corm.inspect"(ci.class), true end
  value = ci.fields[key]
  if value ~= nil then return value, true end
  value = inherited(ci, key)
  if value ~= nil then return value, false end
  return descriptors.unknown(ci, key)
end

-- Comparators: an expression with methods of its own, which are called with the expression; those that are not among
-- them are the expression's.
local expressions = setmetatable({}, { __mode = "k" })

local function plain(value)
  return expressions[value] or value
end

local operators = {
  __add = function(a, b) return plain(a) + plain(b) end, __sub = function(a, b) return plain(a) - plain(b) end,
  __mul = function(a, b) return plain(a) * plain(b) end, __div = function(a, b) return plain(a) / plain(b) end,
  __idiv = function(a, b) return plain(a) // plain(b) end, __mod = function(a, b) return plain(a) % plain(b) end,
  __band = function(a, b) return plain(a) & plain(b) end, __bor = function(a, b) return plain(a) | plain(b) end,
  __concat = function(a, b) return plain(a) .. plain(b) end,
  __unm = function(a) return -plain(a) end, __bnot = function(a) return ~plain(a) end,
  __tostring = function(a) return tostring(plain(a)) end,
}

function descriptors.comparator(expression, methods)
  local meta = {
    __name = "Comparator", __metatable = "corm.comparator", __corm_node = expression,
    __newindex = function() return fail("ArgumentError", "an expression cannot be changed") end,
    __index = function(_, key)
      local method = methods[key]
      if method == nil then method = expression[key] end
      if type(method) ~= "function" then return method end
      return function(_, ...) return method(expression, ...) end
    end,
  }
  for name, operator in next, operators do meta[name] = operator end
  local comparator = setmetatable({}, meta)
  expressions[comparator] = expression
  return comparator
end

local functions = {}

-- filter_by { key = value } for a name that C does not know: the condition, or nil.
function functions.filter_by(entity, class, key, value)
  local ci = info[class]
  local marker, row = find(ci, key)
  if not marker then
    if native.is_attribute(ci.mapper, key) then return entity[key]:eq(value) end -- one that is not read with its object
    return nil
  end
  if row.filter then return row.filter(ci, marker, key, entity, value) end
  return entity[key]:eq(value)
end

-- Names that lead to each other for ever are noticed.
local MAX_DEPTH = 100

-- Adds what it means to set a name, by way of other names.
local function add_assigned(list, ci, key, value, depth)
  local marker, row = find(ci, key)
  if not marker then
    list[#list + 1] = { key, value }
    return
  end
  if depth > MAX_DEPTH then fail("ArgumentError", "%s.%s is set by setting itself", ci.name, key) end
  if not row.assign then fail("ArgumentError", "%s.%s cannot be set by SQL", ci.name, key) end
  for i, pair in ipairs(row.assign(ci, marker, key, value)) do
    if type(pair) ~= "table" then
      fail("ArgumentError", "%s.%s: { column, value } expected at %d, got %s", ci.name, key, i, native.kind(pair))
    end
    add_assigned(list, ci, pair[1], pair[2], depth + 1)
  end
end

-- values { key = value } likewise: a list of { column or name, value }, or nil.
function functions.assign(class, key, value)
  local ci = info[class]
  if not find(ci, key) then return nil end
  local list = {}
  add_assigned(list, ci, key, value, 1)
  return list
end

-- Objects -------------------------------------------------------------------------------------------------------------

local object_fields = {
  __class__ = function(class) return class end,
  __table__ = function(class) return class.__table__ end,
  __mapper__ = function(class) return class.__mapper__ end,
  to_table = function() return load "corm.convenience".to_table end,
}

-- A name of the class that C does not know as an attribute of it.
function functions.object_index(object, class, key)
  local ci = info[class]
  local marker, row = find(ci, key)
  if marker and row.get then return row.get(object, marker, key) end
  if object_fields[key] then return object_fields[key](class) end
  local value = inherited(ci, key)
  if value ~= nil then return value end
  return descriptors.unknown(ci, key)
end

-- Whether such a name means what follows from attributes of the object, or what never changes.
function functions.is_follower(class, key)
  local marker, row = find(info[class], key)
  if marker then return row.follows or false end
  return key ~= "to_table"
end

local function is_settable(ci, marker, row, key)
  if row.settable then return row.settable(ci, marker, key) end
  return row.set ~= nil
end

function functions.object_newindex(object, key, value)
  local ci = info[native.class_of(object)]
  local marker, row = find(ci, key)
  if not marker then return descriptors.unknown(ci, key) end
  if not row.set then fail("ArgumentError", "%s.%s cannot be set", ci.name, key) end
  row.set(object, marker, key, value)
end

-- A field given to a constructor that is no attribute.
function functions.check_field(class, key)
  local ci = info[class]
  local marker, row = find(ci, key)
  if not marker or not is_settable(ci, marker, row, key) then descriptors.unknown(ci, key) end
end

-- Sets what a constructor got for descriptors, in order of their creation: those that are columns, or the others.
function functions.set_fields(object, fields, columns)
  local ci, found = info[native.class_of(object)], {}
  for key in next, fields do
    local marker, row = find(ci, key)
    local in_core, hooked = native.is_attribute(ci.mapper, key)
    if marker and row.set and (row.order == "column") == columns and (hooked or not in_core) then
      found[#found + 1] = { key = key, marker = marker, row = row }
    end
  end
  table.sort(found, function(a, b)
    if a.marker.creation ~= b.marker.creation then return a.marker.creation < b.marker.creation end
    return a.key < b.key
  end)
  for _, each in ipairs(found) do each.row.set(object, each.marker, each.key, fields[each.key]) end
end

-- The names of a class that a synonym or a validator may mean.
function descriptors.is_attribute(ci, key)
  return find(ci, key) ~= nil or (native.is_attribute(ci.mapper, key))
end

descriptors.functions = functions
orm.functions(functions)
return descriptors
