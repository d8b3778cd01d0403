-- Collections that are no plain lists: sets, dictionaries by a key, lists that number their objects, lists with methods
-- of the script's own. Each is a view of the list that the core keeps, so that it follows reloads and changes from the
-- other side; it holds nothing.
local corm, load = ...
local orm = load "corm.orm"
local keyed = orm.later "corm.keyed"
local native, info, fail, field = orm.native, orm.info, orm.fail, orm.field

local collections = {}

-- Fields of a view that no name of a script can meet.
local RAW, SHAPE, WHERE, OWNER, KEY = {}, {}, {}, {}, {}
collections.SHAPE, collections.OWNER, collections.KEY = SHAPE, OWNER, KEY

-- Declarations --------------------------------------------------------------------------------------------------------

local function shape(name, fields)
  fields.shape = name
  return orm.marker("collection_class", fields)
end

local function check_name(where, name)
  if type(name) ~= "string" then
    fail("ArgumentError", "%s: the name of an attribute expected, got %s", where, native.kind(name))
  end
end

local function by_attribute(name)
  return function(object) return object[name] end
end

-- An object without a key is refused always.
local dict_options = { ignore_unpopulated_attribute = "!is not supported yet" }

-- A dictionary by an attribute of the objects.
function corm.attribute_keyed_dict(name, options)
  check_name("attribute_keyed_dict", name)
  orm.check_options("attribute_keyed_dict", options, dict_options)
  return shape("dict", { attribute = name, key_of = by_attribute(name) })
end

-- The same, with the attribute said by its column.
function corm.column_keyed_dict(column, options)
  orm.check_options("column_keyed_dict", options, dict_options)
  local kind, name = native.kind(column), nil
  if kind == "Column" then
    name = column.key
  elseif kind == "SQL expression" then
    name = select(2, native.entity_of(column))
  end
  if not name then fail("ArgumentError", "column_keyed_dict: a column expected, got %s", kind) end
  return shape("dict", { attribute = name, key_of = by_attribute(name) })
end

function corm.keyfunc_mapping(fn, options)
  orm.check_options("keyfunc_mapping", options, dict_options)
  if type(fn) ~= "function" then
    fail("ArgumentError", "keyfunc_mapping: a function expected, got %s", native.kind(fn))
  end
  return shape("dict", { key_of = fn })
end

-- A list whose objects know their position, from `count_from` (0) on.
function corm.ordering_list(name, options)
  check_name("ordering_list", name)
  options = orm.check_options("ordering_list", options, {
    count_from = "number", ordering_func = "function", reorder_on_append = "boolean",
  })
  if options.count_from and options.ordering_func then
    fail("ArgumentError", "ordering_list: count_from and ordering_func exclude each other")
  end
  local from = options.count_from or 0
  return shape("ordered", {
    attribute = name, reorder_on_append = options.reorder_on_append or false,
    number = options.ordering_func or function(position) return position - 1 + from end,
  })
end

-- What the option collection_class says; nil for the plain list.
function collections.resolve(value, where)
  if type(value) == "function" then value = value() end
  if value == nil or value == "list" then return nil end
  if value == "set" then return shape("set", {}) end
  if orm.marker_kind(value) == "collection_class" then return value end
  if type(value) ~= "table" or getmetatable(value) then
    fail("ArgumentError", "relationship %s: collection_class: \"list\", \"set\", attribute_keyed_dict(...), "
      .. "ordering_list(...) or a table of methods expected, got %s", where, native.kind(value))
  end
  for name, method in next, value do
    if type(name) ~= "string" or type(method) ~= "function" then
      fail("ArgumentError", "relationship %s: collection_class: methods by name expected, got %s at %s", where,
        native.kind(method), tostring(name))
    end
  end
  return shape("list", { methods = value })
end

-- Views ---------------------------------------------------------------------------------------------------------------

-- By shape; those of collections that are never loaded whole have a file of their own.
local metas = setmetatable({}, {
  __index = function(metas, name)
    load "corm.write_only"
    return rawget(metas, name)
  end,
})

local function is_view(value)
  if type(value) ~= "table" then return false end
  local spec = rawget(value, SHAPE)
  return spec ~= nil and getmetatable(value) == metas[spec.shape].__metatable
end

local function objects_of(list)
  local objects = {}
  for object in list do objects[#objects + 1] = object end
  return objects
end

local function same(a, b)
  return is_view(a) and is_view(b) and rawequal(rawget(a, RAW), rawget(b, RAW))
end

local function forward(name)
  return function(self, ...)
    local raw = self[RAW]
    return raw[name](raw, ...)
  end
end

local function new_meta(name, methods, index)
  metas[name] = {
    __name = "Collection",
    __metatable = "corm." .. name,
    __len = function(self) return #self[RAW] end,
    __call = function(self, state, last) return self[RAW](state, last) end,
    __eq = same,
    __tostring = function(self) return tostring(self[RAW]) end,
    __index = function(self, key)
      if type(key) == "table" then return nil end
      local own = field(self[SHAPE], "methods")
      local method = own and own[key] or methods[key]
      if method and type(key) == "string" then return method end
      return index(self, key)
    end,
  }
  return metas[name]
end

-- One more kind of view: its methods and the rest of its metatable.
function collections.shape(name, methods, rest)
  local meta = new_meta(name, methods, function(self, key)
    return native.unknown("method", self[WHERE], tostring(key), orm.sorted_keys(methods))
  end)
  meta.__newindex = function(self) return fail("ArgumentError", "%s has no positions", self[WHERE]) end
  for event, fn in next, rest do meta[event] = fn end
end

-- What a relationship without a whole list is seen as.
function collections.unread(kind, order_by) return shape(kind, { order_by = order_by }) end

local function unknown(self, key, methods)
  return native.unknown("method", self[WHERE], tostring(key), orm.sorted_keys(methods))
end

-- Lists -------------------------------------------------------------------------------------------------------------

local list_methods = {}
for _, name in ipairs {
  "append", "insert", "extend", "remove", "pop", "clear", "contains", "index", "sort", "reverse",
} do
  list_methods[name] = forward(name)
end

local function list_index(methods)
  return function(self, key)
    if math.type(key) == "integer" then return self[RAW][key] end
    return unknown(self, key, methods)
  end
end

local list_meta = new_meta("list", list_methods, list_index(list_methods))
list_meta.__newindex = function(self, key, value) self[RAW][key] = value end
list_meta.__pairs = function(self) return pairs(self[RAW]) end

-- Lists that number their objects -----------------------------------------------------------------------------------

local function number_one(spec, list, object, position, again)
  local name = spec.attribute
  if not again and object[name] ~= nil then return end
  local wanted = spec.number(position, list)
  if object[name] ~= wanted then object[name] = wanted end
end

local function number_all(self)
  local spec, raw = self[SHAPE], self[RAW]
  for position, object in ipairs(objects_of(raw)) do number_one(spec, self, object, position, true) end
end

local ordered_methods = setmetatable({ reorder = number_all }, nil)
for _, name in ipairs { "contains", "index" } do ordered_methods[name] = forward(name) end

function ordered_methods:append(object)
  local raw, spec = self[RAW], self[SHAPE]
  raw:append(object)
  number_one(spec, self, raw[#raw], #raw, spec.reorder_on_append)
end

function ordered_methods:extend(list)
  if type(list) ~= "table" and type(list) ~= "userdata" then
    fail("ArgumentError", "%s: a list expected, got %s", self[WHERE], native.kind(list))
  end
  for _, object in ipairs(list) do self:append(object) end
end

-- What renumbers all.
for _, name in ipairs { "insert", "remove", "pop", "sort", "reverse" } do
  ordered_methods[name] = function(self, ...)
    local raw = self[RAW]
    local result = raw[name](raw, ...)
    number_all(self)
    return result
  end
end
ordered_methods.clear = forward "clear"

-- Owners of lists that were not in memory when the other side put something in: it gets its number when somebody looks.
local unnumbered = setmetatable({}, { __mode = "k" })

local function looked_at(self)
  local owner = self[OWNER]
  local keys = unnumbered[owner]
  if not keys or not keys[self[KEY]] then return self end
  keys[self[KEY]] = nil
  local spec, raw = self[SHAPE], self[RAW]
  for position, object in ipairs(objects_of(raw)) do number_one(spec, self, object, position, false) end
  return self
end

local ordered_meta = new_meta("ordered", ordered_methods, list_index(ordered_methods))
for _, event in ipairs { "__len", "__call", "__index" } do
  local plain = ordered_meta[event]
  ordered_meta[event] = function(self, ...) return plain(looked_at(self), ...) end
end
ordered_meta.__newindex = function(self, key, value)
  looked_at(self)[RAW][key] = value
  if value == nil then return number_all(self) end
  number_one(self[SHAPE], self, self[RAW][key], key, true)
end
ordered_meta.__pairs = function(self) return pairs(looked_at(self)[RAW]) end

-- Sets --------------------------------------------------------------------------------------------------------------

local set_methods = { contains = forward "contains", remove = forward "remove", clear = forward "clear" }

-- What is in the collection from the other side comes into the owner's session when it is put there once more.
local function take_along(self, object)
  local owner = self[OWNER]
  local session = native.session(owner)
  if not session or native.session(object) then return end
  if select(5, native.relation_info(info[native.class_of(owner)].mapper, self[KEY])) then session:add(object) end
end

function set_methods:add(object, another)
  local raw = self[RAW]
  if native.class_of(another) then
    fail("ArgumentError", "%s: add: one object expected; several are added by update { ... }", self[WHERE])
  end
  if not raw:contains(object) then return raw:append(object) end
  take_along(self, object)
end

function set_methods:discard(object)
  local raw = self[RAW]
  if raw:contains(object) then raw:remove(object) end
end

function set_methods:update(list)
  if type(list) ~= "table" and type(list) ~= "userdata" then
    fail("ArgumentError", "%s: a list expected, got %s", self[WHERE], native.kind(list))
  end
  for _, object in ipairs(is_view(list) and objects_of(list[RAW]) or list) do self:add(object) end
end

function set_methods:pop()
  return self[RAW]:pop()
end

local set_meta = new_meta("set", set_methods, function(self, key)
  if type(key) == "string" then return unknown(self, key, set_methods) end
  return fail("ArgumentError", "%s is a set, which has no positions", self[WHERE])
end)
set_meta.__newindex = function(self)
  return fail("ArgumentError", "%s is a set: add() and remove()", self[WHERE])
end
set_meta.__pairs = function(self)
  local objects, i = objects_of(self[RAW]), 0
  return function()
    i = i + 1
    if objects[i] then return objects[i], true end
  end
end

-- Dictionaries --------------------------------------------------------------------------------------------------------

local function lookup(self, key)
  local key_of, attribute = self[SHAPE].key_of, field(self[SHAPE], "attribute")
  local elsewhere = not attribute -- whether the core can tell nothing of the key
  if attribute then
    local found, unknown_to_core = native.find_keyed(self[RAW], attribute, key)
    if found ~= false then return found end
    elsewhere = unknown_to_core
  end
  if elsewhere then
    local found, known = keyed.find(self, self[RAW], key_of, key)
    if known then return found end
  end
  local last
  for object in self[RAW] do
    if key_of(object) == key then last = object end
  end
  return last
end

local function put(self, object, wanted)
  if not native.class_of(object) then
    fail("ArgumentError", "%s: an object expected, got %s", self[WHERE], native.kind(object))
  end
  local key, raw = self[SHAPE].key_of(object), self[RAW]
  if key == nil then
    fail("InvalidRequestError", "%s: the %s has no key yet%s", self[WHERE], native.class_of(object).__name__,
      field(self[SHAPE], "attribute") and ": its '" .. self[SHAPE].attribute .. "' is nil" or "")
  end
  if wanted ~= nil and wanted ~= key then
    fail("ArgumentError", "%s: the object given for key '%s' says that its key is '%s'", self[WHERE], tostring(wanted),
      tostring(key))
  end
  local old = lookup(self, key)
  if old and rawequal(old, object) then return take_along(self, object) end
  raw:append(object) -- first: it may be refused
  if old then raw:remove(old) end
end

local dict_methods = { contains = forward "contains", remove = forward "remove", clear = forward "clear" }

function dict_methods:get(key, default)
  local object = lookup(self, key)
  if object == nil then return default end
  return object
end

function dict_methods:set(object) put(self, object) end
dict_methods.append = dict_methods.set

function dict_methods:has_key(key) return lookup(self, key) ~= nil end

function dict_methods:pop(key, default)
  local object = lookup(self, key)
  if object == nil then return default end
  self[RAW]:remove(object)
  return object
end

-- Keys and objects in order of the objects; the last of two with one key counts.
local function entries(self)
  local key_of, keys, by_key = self[SHAPE].key_of, {}, {}
  for object in self[RAW] do
    local key = key_of(object)
    if key ~= nil then
      if by_key[key] == nil then keys[#keys + 1] = key end
      by_key[key] = object
    end
  end
  return keys, by_key
end

function dict_methods:keys() return (entries(self)) end

function dict_methods:values()
  local keys, by_key = entries(self)
  for i, key in ipairs(keys) do keys[i] = by_key[key] end
  return keys
end

local function sorted(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if math.type(a) and math.type(b) then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

-- { key = object } in a fixed order.
function dict_methods:update(value)
  if type(value) ~= "table" then
    fail("ArgumentError", "%s: a table of objects by key expected, got %s", self[WHERE], native.kind(value))
  end
  if is_view(value) then
    for _, object in ipairs(objects_of(value[RAW])) do put(self, object) end
    return
  end
  for _, key in ipairs(sorted(value)) do put(self, value[key], key) end
end

local dict_meta = new_meta("dict", dict_methods, function(self, key) return lookup(self, key) end)
dict_meta.__newindex = function(self, key, object)
  if object ~= nil then return put(self, object, key) end
  local old = lookup(self, key)
  if old then self[RAW]:remove(old) end
end
dict_meta.__pairs = function(self)
  local keys, by_key = entries(self)
  local i = 0
  return function()
    i = i + 1
    if keys[i] ~= nil then return keys[i], by_key[keys[i]] end
  end
end

-- Of an object whose collection is in memory, or is new with it.
local function in_memory(object, key)
  if native.peek(object, key) or not native.identity(object) then return object[key] end
end

-- The key that an object says; nil where it has none yet, and the script's function fails because of that.
local function key_now(spec, object)
  local ok, key = pcall(spec.key_of, object)
  if ok then return key end
  if key == "not enough memory" then error(key, 0) end
end

-- An object that comes from the other side into a dictionary that is in memory takes the place of the one with its key,
-- as one does that is put there.
local function watch_keys(spec, class, key)
  corm.event.listen(class[key], "append", function(object, value, initiator)
    local dict = initiator.key ~= key and in_memory(object, key)
    local wanted = dict and key_now(spec, value)
    local old = wanted ~= nil and wanted ~= false and dict:get(wanted)
    if old and not rawequal(old, value) then dict:remove(old) end
  end)
end

-- Objects that come from the other side into a list that is in memory get the next number; when one leaves for another
-- list, or by its own word, the others move up. What the list's own methods do, they number.
local function watch_numbers(spec, class, key)
  local assigned = setmetatable({}, { __mode = "v" }) -- whose list it is: that one numbers what it is given
  corm.event.listen(class[key], "bulk_replace", function(object) assigned[1] = object end)
  corm.event.listen(class[key], "append", function(object, value, initiator)
    if initiator.key == key then return end
    local list = in_memory(object, key)
    if list then return number_one(spec, list, value, #list + 1, spec.reorder_on_append) end
    unnumbered[object] = unnumbered[object] or {}
    unnumbered[object][key] = true
  end)
  corm.event.listen(class[key], "remove", function(object, value, initiator)
    local others = initiator.key ~= key or initiator.op == "append"
      or (initiator.op == "bulk_replace" and not rawequal(assigned[1], object))
    local list = others and in_memory(object, key) or {}
    local position = 0
    for _, each in ipairs(list) do
      if not rawequal(each, value) then
        position = position + 1
        number_one(spec, list, each, position, true)
      end
    end
  end)
end

local watchers = { dict = watch_keys, ordered = watch_numbers }

function collections.watch(spec, class, key)
  local watch = watchers[spec.shape]
  if watch then watch(spec, class, key) end
end

-- For C ---------------------------------------------------------------------------------------------------------------

local functions = {}

function functions.sort_list(list, less)
  table.sort(list, less)
end

function functions.reverse_list(list)
  for i = 1, #list // 2 do list[i], list[#list + 1 - i] = list[#list + 1 - i], list[i] end
end

local function spec_of(class, key)
  return info[class].collections[key]
end

-- What object.key is: a view of the list.
function functions.collection_view(raw, class, key, owner)
  local spec = spec_of(class, key)
  return setmetatable({
    [RAW] = raw, [SHAPE] = spec, [WHERE] = info[class].name .. "." .. key, [OWNER] = owner, [KEY] = key,
  }, metas[spec.shape])
end

local function check_keys(spec, value, where)
  local list = {}
  for i, key in ipairs(sorted(value)) do
    local object = value[key]
    if not native.class_of(object) then
      fail("ArgumentError", "%s: objects by key expected, got %s at key '%s'", where, native.kind(object),
        tostring(key))
    end
    if spec.key_of(object) ~= key then
      fail("ArgumentError", "%s: the object given for key '%s' says that its key is '%s'", where, tostring(key),
        tostring(spec.key_of(object)))
    end
    list[i] = object
  end
  return list
end

local function without_repetition(list)
  local seen, kept = {}, {}
  for _, object in ipairs(list) do
    if not seen[object] then kept[#kept + 1] = object end
    seen[object] = true
  end
  return kept
end

-- The list that is assigned by object.key = value.
function functions.collection_values(class, key, value)
  local spec, where = spec_of(class, key), info[class].name .. "." .. key
  if is_view(value) then
    value = objects_of(value[RAW])
  elseif type(value) == "table" and not getmetatable(value) and spec.shape == "dict" then
    return check_keys(spec, value, where)
  end
  if spec.shape == "set" and type(value) == "table" then return without_repetition(value) end
  if spec.shape ~= "ordered" or type(value) ~= "table" then return value end
  for position, object in ipairs(value) do
    if native.class_of(object) then number_one(spec, value, object, position, true) end
  end
  return value
end

orm.functions(functions)
return collections
