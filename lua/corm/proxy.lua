-- Association proxies: an attribute of the objects behind a relationship, as an attribute of the object itself.
local corm, load = ...
local orm = load "corm.orm"
load "corm.descriptor"
local collections = load "corm.collections"
local declarative = orm.later "corm.declarative"
local native, info, fail, field = orm.native, orm.info, orm.fail, orm.field

local known_options = {
  creator = "function", create_on_none_assignment = "boolean", cascade_scalar_deletes = "boolean",
}

-- association_proxy("user_keywords", "keyword" [, { creator }])
function corm.association_proxy(target, attribute, options)
  for _, name in ipairs { target or false, attribute or false } do
    if type(name) ~= "string" then
      fail("ArgumentError", "association_proxy: the names of a relationship and of an attribute behind it expected, "
        .. "got %s", native.kind(name or nil))
    end
  end
  options = orm.check_options("association_proxy", options, known_options)
  return orm.marker("proxy", {
    target = target, attribute = attribute, creator = options.creator,
    create_on_none = options.create_on_none_assignment or false,
    cascade_scalar_deletes = options.cascade_scalar_deletes or false,
  })
end

-- The class behind it, and whether that is a list.
local function far(ci, key, marker)
  declarative.configure_pending(ci.registry)
  if not native.is_attribute(ci.mapper, marker.target) or native.attribute(ci.mapper, marker.target) then
    fail("InvalidRequestError", "association_proxy %s.%s: %s has no relationship '%s'", ci.name, key, ci.name,
      marker.target)
  end
  local _, uselist, class = native.relation_info(ci.mapper, marker.target)
  return class, uselist
end

local function create(object, key, marker, value, index)
  local class = native.class_of(object)
  local creator = field(marker, "creator")
  if not creator then
    local fields = { [marker.attribute] = value }
    local name = index ~= nil and field(rawget(object[marker.target], collections.SHAPE), "attribute")
    if index ~= nil and not name then
      fail("ArgumentError", "association_proxy %s.%s: a creator is needed for this dictionary", class.__name__, key)
    end
    if name then fields[name] = index end
    return far(info[class], key, marker)(fields)
  end
  if value == corm.null then value = nil end
  local made
  if index ~= nil then
    made = creator(index, value)
  else
    made = creator(value)
  end
  if not native.class_of(made) then
    fail("ArgumentError", "association_proxy %s.%s: its creator gave a %s, no object", class.__name__, key,
      native.kind(made))
  end
  return made
end

-- Lists ---------------------------------------------------------------------------------------------------------------

local OWNER, MARKER, KEY = {}, {}, {}

local function target_of(self) return self[OWNER][self[MARKER].target] end
local function shape_of(target)
  local spec = type(target) == "table" and rawget(target, collections.SHAPE)
  return spec and spec.shape or "list"
end
local function name_of(self) return native.class_of(self[OWNER]).__name__ .. "." .. self[KEY] end
local function value_of(self, object) return object[self[MARKER].attribute] end
local function make(self, value, index) return create(self[OWNER], self[KEY], self[MARKER], value, index) end

-- As it stands in a list, and in the step of a loop.
local function listed(self, object)
  local value = value_of(self, object)
  if value == nil then return corm.null end
  return value
end

local function find(self, value)
  local i = 0
  if value == corm.null then value = nil end
  for object in target_of(self) do
    i = i + 1
    if value_of(self, object) == value then return object, i end
  end
end

local function values_of(self)
  local values = {}
  for object in target_of(self) do values[#values + 1] = listed(self, object) end
  return values
end

local function check_list(self, list)
  if type(list) ~= "table" and type(list) ~= "userdata" then
    fail("ArgumentError", "%s: a list expected, got %s", name_of(self), native.kind(list))
  end
  return getmetatable(list) == "corm.proxy" and values_of(list) or list
end

local methods = {}

function methods:append(value)
  if shape_of(target_of(self)) == "set" then
    if not find(self, value) then target_of(self):add(make(self, value)) end
  else
    target_of(self):append(make(self, value))
  end
end
methods.add = methods.append

function methods:insert(position, value) target_of(self):insert(position, make(self, value)) end

function methods:extend(list)
  for _, value in ipairs(check_list(self, list)) do self:append(value) end
end

function methods:remove(value)
  local object = find(self, value)
  if not object then fail("ArgumentError", "remove: the value is not in %s", name_of(self)) end
  target_of(self):remove(object)
end

function methods:discard(value)
  local object = find(self, value)
  if object then target_of(self):remove(object) end
end

function methods:pop(...)
  local object = target_of(self):pop(...)
  if object == nil then return nil end
  return value_of(self, object)
end

function methods:update(list)
  for _, value in ipairs(check_list(self, list)) do self:append(value) end
end

function methods:clear() target_of(self):clear() end
function methods:contains(value) return find(self, value) ~= nil end
function methods:index(value) return (select(2, find(self, value))) end

methods.values = values_of

local function set_by_key(self, key, value)
  local target = target_of(self)
  local object = target:get(key)
  if value == nil then
    if object then target:remove(object) end
  elseif object then
    object[self[MARKER].attribute] = value
  else
    target:set(make(self, value, key))
  end
end

local function keys_of(values)
  local keys = {}
  for key in pairs(values) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

-- A dictionary has fewer names of its own: the others are keys like any.
local dict_methods = { remove = methods.remove, clear = methods.clear, contains = methods.contains, values = values_of }

function dict_methods:get(key, default)
  local object = target_of(self):get(key)
  if object == nil then return default end
  return value_of(self, object)
end

function dict_methods:has_key(key) return target_of(self):has_key(key) end
function dict_methods:keys() return target_of(self):keys() end

function dict_methods:pop(key, default)
  local object = target_of(self):pop(key)
  if object == nil then return default end
  return value_of(self, object)
end

function dict_methods:setdefault(key, default)
  if not dict_methods.has_key(self, key) then set_by_key(self, key, default) end
  return dict_methods.get(self, key)
end

function dict_methods:update(values)
  if type(values) ~= "table" or getmetatable(values) then
    fail("ArgumentError", "%s: a table of values by key expected, got %s", name_of(self), native.kind(values))
  end
  for _, key in ipairs(keys_of(values)) do set_by_key(self, key, values[key]) end
end

function dict_methods:append()
  fail("ArgumentError", "%s is a dictionary: assign to a key of it", name_of(self))
end

local view = {
  __name = "AssociationProxy",
  __metatable = "corm.proxy",
  __len = function(self) return #target_of(self) end,
  __index = function(self, key)
    if key == OWNER or key == MARKER or key == KEY then return nil end
    local target = target_of(self)
    if shape_of(target) == "dict" then
      if type(key) == "string" and dict_methods[key] then return dict_methods[key] end
      return dict_methods.get(self, key)
    end
    if type(key) == "string" and methods[key] then return methods[key] end
    if math.type(key) ~= "integer" then
      return native.unknown("method", name_of(self), tostring(key), orm.sorted_keys(methods))
    end
    local object = target[key]
    if object ~= nil then return value_of(self, object) end
  end,
  __newindex = function(self, key, value)
    local target = target_of(self)
    if shape_of(target) == "dict" then return set_by_key(self, key, value) end
    local object = math.type(key) == "integer" and target[key]
    if object and value ~= nil then
      object[self[MARKER].attribute] = value
    elseif value == nil then
      target[key] = nil
    else
      target[key] = make(self, value)
    end
  end,
  __eq = function(a, b) return a[OWNER] == b[OWNER] and a[MARKER] == b[MARKER] end,
  __tostring = function(self) return "collection " .. name_of(self) end,
  __pairs = function(self)
    local target = target_of(self)
    local next_one, state, first = pairs(target)
    if shape_of(target) == "set" then
      return function()
        local object = next_one()
        if object ~= nil then return listed(self, object), true end
      end
    end
    return function(s, control)
      local key, object = next_one(s, control)
      if key ~= nil then return key, listed(self, object) end
    end, state, first
  end,
}

-- `for value in proxy do` has only the value before, of which there may be two: where the loop stands is kept here.
local loops = setmetatable({}, { __mode = "k" })
view.__call = function(self, _, last)
  local at = last == nil and 0 or loops[self] or 0
  local values = values_of(self)
  loops[self] = at + 1
  return values[at + 1]
end

local function new_view(object, key, marker)
  return setmetatable({ [OWNER] = object, [MARKER] = marker, [KEY] = key }, view)
end

-- Assigns all: what stays keeps its object.
local function assign(self, value)
  local given = check_list(self, value)
  local target = target_of(self)
  if shape_of(target) == "dict" then
    if getmetatable(value) == "corm.proxy" then
      fail("ArgumentError", "%s: a table of values by key expected", name_of(self))
    end
    for _, key in ipairs(target:keys()) do
      if value[key] == nil then target:remove(target:get(key)) end
    end
    for _, key in ipairs(keys_of(value)) do set_by_key(self, key, value[key]) end
    return
  end
  local there, list, values = {}, {}, {}
  for object in target do
    local each = listed(self, object)
    if each == each then
      there[each] = there[each] or {}
      table.insert(there[each], object)
    end
  end
  for _, each in ipairs(given) do values[#values + 1] = each end
  for i, each in ipairs(values) do
    list[i] = there[each] and table.remove(there[each], 1) or make(self, each)
  end
  self[OWNER][self[MARKER].target] = list
end

-- One object ----------------------------------------------------------------------------------------------------------

local function set_one(object, key, marker, value)
  local target = object[marker.target]
  if target ~= nil then
    target[marker.attribute] = value
    if value == nil and marker.cascade_scalar_deletes then object[marker.target] = nil end
  elseif value ~= nil or marker.create_on_none then
    object[marker.target] = create(object, key, marker, value)
  end
end

-- In queries ----------------------------------------------------------------------------------------------------------

local query = {}

local function exists(self, criterion)
  local relation = self.entity[self.marker.target]
  return self.uselist and relation:any(criterion) or relation:has(criterion)
end

-- Class.key of the far class, and what it is: "Relationship" or "Expression".
local function far_attribute(self)
  local attribute = self.class[self.marker.attribute]
  return attribute, native.kind(attribute) == "Relationship"
end

local function any(self, criterion)
  local attribute, is_relation = far_attribute(self)
  if not is_relation then
    if type(criterion) == "table" and not getmetatable(criterion) then
      fail("ArgumentError", "%s.%s leads to a column, which has no fields", self.ci.name, self.key)
    end
    return exists(self, criterion)
  end
  local _, uselist = native.relation_info(info[self.class].mapper, self.marker.attribute)
  return exists(self, uselist and attribute:any(criterion) or attribute:has(criterion))
end

query.any, query.has = any, any

function query.contains(self, value)
  local attribute, is_relation = far_attribute(self)
  if is_relation and select(2, native.relation_info(info[self.class].mapper, self.marker.attribute)) then
    return exists(self, attribute:contains(value))
  end
  return exists(self, is_relation and attribute:eq(value) or attribute:contains(value))
end

-- The far attribute, where it can be compared: behind a collection a column can, which then holds for one of the
-- objects; an object behind a collection is asked for by contains().
local function comparable(self)
  local attribute, is_relation = far_attribute(self)
  if self.uselist and is_relation then
    fail("InvalidRequestError", "%s.%s is a collection; use contains() or any()", self.ci.name, self.key)
  end
  return attribute
end

function query.eq(self, value)
  local attribute = comparable(self)
  if value ~= nil and value ~= corm.null then return exists(self, attribute:eq(value)) end
  local relation = self.entity[self.marker.target]
  local nobody = self.uselist and corm.not_(relation:any()) or relation:is_(nil)
  return corm.or_(exists(self, attribute:eq(corm.null)), nobody)
end

function query.ne(self, value)
  local attribute = comparable(self)
  if value ~= nil and value ~= corm.null then return exists(self, attribute:ne(value)) end
  return exists(self, attribute:ne(corm.null))
end

local query_meta = {
  __name = "AssociationProxy",
  __metatable = "corm.proxy",
  __tostring = function(self) return self.ci.name .. "." .. self.key end,
  __index = function(self, name)
    if query[name] then return query[name] end
    local attribute, is_relation = far_attribute(self)
    local method = not is_relation and attribute[name]
    if type(method) ~= "function" then
      return native.unknown("method", self.ci.name .. "." .. self.key, tostring(name), orm.sorted_keys(query))
    end
    -- What is asked of the column holds for one of the objects behind.
    return function(_, ...) return exists(self, method(attribute, ...)) end
  end,
}

orm.descriptor("proxy", {
  portable = true,
  declare = function() end,
  order = "relationship",
  class = function(ci, key, marker, entity)
    local class, uselist = far(ci, key, marker)
    return setmetatable({
      ci = ci, key = key, marker = marker, entity = entity, class = class, uselist = uselist,
    }, query_meta), true
  end,
  get = function(object, marker, key)
    local _, uselist = far(info[native.class_of(object)], key, marker)
    if uselist then return new_view(object, key, marker) end
    local target = object[marker.target]
    if target ~= nil then return target[marker.attribute] end
  end,
  set = function(object, marker, key, value)
    local _, uselist = far(info[native.class_of(object)], key, marker)
    if not uselist then return set_one(object, key, marker, value) end
    if value == nil then value = false end
    return assign(new_view(object, key, marker), value)
  end,
})
