-- Values that tell of their changes, and the objects that show them. Each is an empty table in front of its content, so
-- that every assignment is seen; objects show one for each value, and what a script assigns is copied into one. What is
-- assigned itself belongs to all objects that it was assigned to. The classes are in mutable_tables.lua.
local corm, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail
local null = corm.null

local listeners = orm.later "corm.listeners"

local mutable = {}

-- Raw fields: the content (C knows this one), the objects that show the value, the value around it and its place there.
local CONTENT, PARENTS, OWNER, PLACE = native.content_key(), {}, {}, {}
local LIST = getmetatable(corm.array {})
local MAX_DEPTH = 500

-- Plain tables --------------------------------------------------------------------------------------------------------

local function content_of(value)
  return type(value) == "table" and rawget(value, CONTENT) or nil
end

local function is_list(content)
  return rawget(content, 1) ~= nil or getmetatable(content) == LIST
end

local function copy(value, where, path, depth)
  if type(value) ~= "table" then return value end
  local source = rawget(value, CONTENT) or value
  if path[source] then fail("ArgumentError", "%s: a table that contains itself cannot be stored", where) end
  if depth > MAX_DEPTH then fail("ArgumentError", "%s: tables nest too deep (more than %d)", where, MAX_DEPTH) end
  path[source] = true
  local result = {}
  for key, each in next, source do result[key] = copy(each, where, path, depth + 1) end
  path[source] = nil
  if is_list(source) then setmetatable(result, LIST) end -- and stays one when it is emptied
  return result
end

-- A plain table of plain tables; other values as they are.
function mutable.plain(value)
  return copy(value, "to_table", {}, 1)
end

-- Changes -------------------------------------------------------------------------------------------------------------

-- The outermost value, if this one is still inside of it.
local function root_of(value)
  local owner = rawget(value, OWNER)
  while owner do
    local content, place = rawget(owner, CONTENT), rawget(value, PLACE)
    if content[place] ~= value then
      place = nil
      for key, each in next, content do
        if each == value then place = key end
      end
      if place == nil then
        rawset(value, OWNER, nil)
        return value
      end
      rawset(value, PLACE, place)
    end
    value, owner = owner, rawget(owner, OWNER)
  end
  return value
end

local function each_parent(root, call, ...)
  for object, keys in next, rawget(root, PARENTS) do
    if type(keys) == "string" then
      call(object, keys, root, ...)
    else
      for key in next, keys do call(object, key, root, ...) end
    end
  end
end

local function detach(value, object, key)
  local parents = rawget(value, PARENTS)
  local keys = parents[object]
  if type(keys) == "table" then keys[key] = nil else parents[object] = nil end
end

local function is_shown(root)
  local shown = false
  each_parent(root, function(object, key) shown = native.changed(object, key, root) or shown end)
  return shown
end

-- What others still show is theirs, where one of several objects has let go of it.
local function tell(object, key, root)
  if native.changed(object, key, root) then return end
  if is_shown(root) then return detach(root, object, key) end
  fail("InvalidRequestError", "%s.%s: this value is the object's no longer: it has expired (a commit expires all) or "
    .. "was read anew; take it from the object again", native.class_of(object).__name__, key)
end

-- The columns of all objects that show the value count as changed.
local function touch(value)
  each_parent(root_of(value), tell)
end

local function check_one(object, key, _, value) native.check_value(object, key, value) end

-- A new value inside: a copy, which the columns take; a part of this very value is moved as it is.
function mutable.prepare(self, value)
  if value == nil then return nil end
  if type(value) == "table" and rawget(value, OWNER) == self then return value end
  local root = root_of(self)
  value = copy(value, "a value in " .. getmetatable(root), {}, 1)
  each_parent(root, check_one, value)
  return value
end

-- Making them ---------------------------------------------------------------------------------------------------------

local weak = { __mode = "k" }

-- Class -> the metatable of its values.
local metas = {}

local function new_value(class, content)
  local meta = metas[class]
  local value = { [CONTENT] = content, [PARENTS] = setmetatable({}, weak) }
  if meta.made then meta.made(value, content) end
  return setmetatable(value, meta)
end

-- A table inside, which tells too.
function mutable.nested(self, content, key)
  local value = content[key]
  if type(value) ~= "table" or rawget(value, CONTENT) then return value end
  value = setmetatable({ [CONTENT] = value, [PARENTS] = {}, [OWNER] = self, [PLACE] = key }, metas[corm.MutableJSON])
  content[key] = value
  return value
end

-- What every class has.
local statics = {}

local class_meta = {
  __name = "corm.Mutable",
  __metatable = "corm.Mutable",
  __tostring = function(class) return "<class " .. metas[class].__name .. ">" end,
  __newindex = function() return fail("ArgumentError", "a class of mutable values cannot be changed") end,
  __call = function(class, values)
    local name = metas[class].__name
    if values == nil then values = {} end
    if type(values) ~= "table" then fail("ArgumentError", "%s: a table expected, got %s", name, native.kind(values)) end
    local content = copy(values, name, {}, 1)
    metas[class].check(name, content)
    return new_value(class, content)
  end,
}
class_meta.__index = function(class, name)
  return native.unknown("member", metas[class].__name, tostring(name), orm.sorted_keys(class))
end

local function new_class(name, meta, functions)
  local class = {}
  for key, fn in next, statics do class[key] = fn end
  for key, fn in next, functions or {} do class[key] = fn end
  meta.__name, meta.__metatable, meta.class = name, "corm." .. name, class
  metas[class] = meta
  return setmetatable(class, class_meta)
end

-- In values of a script's own class, whose metatable says what they are made like.
local CLASS = {}

local function check_class(what, class)
  if not metas[class] then
    fail("ArgumentError", "%s: it is a method of MutableDict and its like: MutableDict:%s(...)", what, what)
  end
  return metas[class]
end

-- Types that say that values of their columns tell; columns learn of it when they are mapped.
local types = setmetatable({}, weak)

-- The type once more, its kind, and what it is defined by if it is a script's own.
local function check_type(what, class, given)
  local meta = check_class(what, class)
  if native.kind(given) ~= "type" then
    fail("ArgumentError", "%s: a type such as corm.JSON expected, got %s", what, native.kind(given))
  end
  local again, kind, definition = native.type_again(given)
  if not kind or not (kind == "hosted" or meta.kinds[kind]) then
    fail("ArgumentError", "%s:%s: values of the type %s are no such tables", meta.__name, what, tostring(given))
  end
  return again, kind, definition
end

-- MutableDict:as_mutable(corm.JSON)
function statics.as_mutable(class, given)
  local again, kind = check_type("as_mutable", class, given)
  types[again] = { class = class, kind = kind }
  return again
end

-- What associate_with said, in order: { class, kind, definition }.
local associated = {}

-- MutableDict:associate_with(corm.JSON): as_mutable for the columns of that type in all classes that come later.
function statics.associate_with(class, given)
  local _, kind, definition = check_type("associate_with", class, given)
  associated[#associated + 1] = { class = class, kind = kind, definition = definition }
end

local function find_associated(of)
  if not associated[1] then return nil end
  local _, kind, definition = native.type_again(of)
  for i = #associated, 1, -1 do
    local each = associated[i]
    if each.kind == kind and rawequal(each.definition, definition) then return each end
  end
end

local function track(ci, key, found)
  ci.mutables[key] = found
  native.track(ci.mapper, key)
  listeners.hook(ci, key)
end

-- MutableDict:associate_with_attribute(Class.attribute)
function statics.associate_with_attribute(class, attribute)
  local meta = check_class("associate_with_attribute", class)
  local of, key = native.entity_of(attribute)
  local column = of and native.column_info(info[of].mapper, key)
  if not column or not column.column then
    fail("ArgumentError", "associate_with_attribute: a column of a model expected, got %s", native.kind(attribute))
  end
  local _, kind = native.type_again(column.column.type)
  if not kind or not (kind == "hosted" or meta.kinds[kind]) then
    fail("ArgumentError", "%s:associate_with_attribute: values of %s.%s are no such tables", meta.__name, of.__name__,
      key)
  end
  track(info[of], key, { class = class, kind = kind })
end

-- A plain copy, for encoders and comparisons.
function statics.to_table(value)
  if not content_of(value) then
    fail("ArgumentError", "to_table: a value that tells of its changes expected, got %s", native.kind(value))
  end
  return mutable.plain(value)
end

-- For changes that were not seen: in tables inside of a value that is not nested.
function statics.changed(value)
  if not content_of(value) then
    fail("ArgumentError", "changed: a value that tells of its changes expected, got %s", native.kind(value))
  end
  touch(value)
end

-- Objects -------------------------------------------------------------------------------------------------------------

-- The class of values of an attribute, and its type's kind: { class, kind }, or nil.
function mutable.find(ci, key)
  while ci do
    local found = ci.mutables and ci.mutables[key]
    if found then return found end
    ci = info[ci.base]
  end
end

-- Only columns whose values pass functions of the script's take other keys than names.
function mutable.takes_any_key(self)
  local root, any = root_of(self), true
  each_parent(root, function(object, key)
    local found = mutable.find(info[native.class_of(object)], key)
    any = any and found ~= nil and found.kind == "hosted"
  end)
  return any
end

-- Columns of a new class whose types say so; `names` are those of its own attributes.
function mutable.map(ci)
  local names = native.names(ci.mapper)
  for _, key in ipairs(names) do
    local column = native.column_info(ci.mapper, key).column
    local found = column and (types[column.type] or find_associated(column.type))
    if found and not mutable.find(ci, key) then track(ci, key, found) end
  end
end

local function attach(value, object, key)
  local parents = rawget(value, PARENTS)
  local keys = parents[object]
  if keys == nil or keys == key then
    parents[object] = key
  elseif type(keys) == "string" then
    parents[object] = { [keys] = true, [key] = true }
  else
    keys[key] = true
  end
end

-- Whether it is one of the class's, and not a part of another one.
local function is_of(meta, value)
  return content_of(value) and getmetatable(value) == meta.__metatable and root_of(value) == value
    and rawget(value, CLASS) == meta.own
end

-- What a script assigns becomes a value of the class.
function mutable.coerce(ci, key, value)
  local found = mutable.find(ci, key)
  if not found or value == nil or value == null or type(value) == "userdata" then return value end
  local meta = metas[found.class]
  local where = ci.name .. "." .. key
  if is_of(meta, value) then return value end
  if meta.coerce then
    value = meta.coerce(found.class, key, value)
    if value == nil or value == null or is_of(meta, value) then return value end
  end
  if type(value) ~= "table" then
    if meta.takes_all then return value end
    fail("ArgumentError", "%s: %s takes a table, got %s", where, meta.__name, native.kind(value))
  end
  local content = copy(value, where, {}, 1)
  meta.check(where, content)
  return new_value(found.class, content)
end

local functions = {}

-- The table that was read from a column becomes a value of its class.
function functions.mutable_wrap(object, key, content)
  local ci = info[native.class_of(object)]
  local found = mutable.find(ci, key)
  local meta = metas[found.class]
  local value = meta.coerce and meta.coerce(found.class, key, content) or content
  if not is_of(meta, value) then
    local ok, err = pcall(meta.check, ci.name .. "." .. key, value)
    if not ok then
      fail("DataError", "%s.%s: what is stored is no %s; MutableJSON takes all: %s", ci.name, key, meta.__name,
        err.message or tostring(err))
    end
    value = new_value(found.class, value)
  end
  attach(value, object, key)
  return value
end

-- It was assigned to the object; what was there is the object's no longer.
function functions.mutable_assigned(object, key, value)
  local old = native.held(object, key)
  if old and old ~= value and content_of(old) then detach(old, object, key) end
  if not content_of(value) then return end
  native.hold(object, key, value)
  attach(value, object, key)
end

functions.mutable_plain = mutable.plain

-- For those that make classes.
mutable.CONTENT, mutable.OWNER, mutable.CLASS, mutable.LIST = CONTENT, OWNER, CLASS, LIST
mutable.metas, mutable.class_meta, mutable.new_class, mutable.statics = metas, class_meta, new_class, statics
mutable.content_of, mutable.is_list, mutable.touch = content_of, is_list, touch

-- Mapping takes it into account from now on.
orm.mutable = mutable

orm.functions(functions)
return mutable
