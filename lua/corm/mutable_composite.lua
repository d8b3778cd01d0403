-- MutableComposite: classes of values for composite() whose fields can be set: each goes to its column of all objects
-- that show the value.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail

local mutable_composite = {}

-- Raw fields of a value: its fields by name, and the objects that show it, with the name of the composite there.
local FIELDS, PARENTS = {}, {}
local weak = { __mode = "k" }

-- What each object shows: object -> key -> value.
local shown = setmetatable({}, weak)

-- Class -> { names, methods, meta }
local classes = setmetatable({}, weak)

-- The class's parts, or nil for other makers of composites.
function mutable_composite.parts(make) return classes[make] end

local function is_value(parts, value)
  return type(value) == "table" and rawget(value, FIELDS) ~= nil and getmetatable(value) == parts.meta.__metatable
end

-- The function that gives the fields of a value of the class, in order; nil for other values.
function mutable_composite.values(make, value)
  local parts = classes[make]
  return parts and is_value(parts, value) and parts.values or nil
end

local function new_value(parts, ...)
  local fields = {}
  for i, name in ipairs(parts.names) do fields[name] = (select(i, ...)) end
  return setmetatable({ [FIELDS] = fields, [PARENTS] = setmetatable({}, weak) }, parts.meta)
end

-- Whether the columns of the object are those of the value.
local function is_current(parts, object, names, value)
  local fields = rawget(value, FIELDS)
  for i, name in ipairs(parts.names) do
    if object[names[i]] ~= fields[name] then return false end
  end
  return true
end

-- Objects whose columns are others by now: the value is theirs no longer, and an error where it is nobody's.
local function let_go(parts, self)
  local stale, current = {}, false
  for object, places in next, rawget(self, PARENTS) do
    for key, names in next, places do
      if is_current(parts, object, names, self) then
        current = true
      else
        stale[#stale + 1] = { class = native.class_of(object), places = places, key = key }
      end
    end
  end
  if stale[1] and not current then
    fail("InvalidRequestError", "%s.%s: this value is the object's no longer: its columns were changed; take it "
      .. "from the object again", stale[1].class.__name__, stale[1].key)
  end
  for _, each in ipairs(stale) do each.places[each.key] = nil end
end

local function set_field(parts, self, name, value)
  local at
  for i, each in ipairs(parts.names) do at = each == name and i or at end
  if not at then native.unknown("field", parts.name, tostring(name), parts.names) end
  local fields = rawget(self, FIELDS)
  if fields[name] == value then return end
  let_go(parts, self)
  for object, places in next, rawget(self, PARENTS) do
    for _, names in next, places do object[names[at]] = value end
  end
  fields[name] = value
end

-- MutableComposite({ "x", "y" } [, methods]): Point(1, 2), or Point { x = 1, y = 2 }.
function corm.MutableComposite(names, methods)
  if type(names) ~= "table" or type(names[1]) ~= "string" then
    fail("ArgumentError", "MutableComposite: the names of its fields expected, got %s", native.kind(names))
  end
  methods = orm.check_options("MutableComposite", methods, setmetatable({}, { __index = function(_, name)
    return orm.is_in(names, name) and "!is a field already" or "function"
  end }))
  local class, parts = {}, { name = "MutableComposite", names = table.move(names, 1, #names, 1, {}) }
  parts.meta = {
    __name = "MutableComposite", __metatable = "corm.MutableComposite",
    __index = function(self, name)
      local value = rawget(self, FIELDS)[name]
      if value ~= nil or orm.is_in(parts.names, name) then return value end
      if name == "composite_values" then return parts.values end
      if methods[name] then return methods[name] end
      local known = orm.sorted_keys(methods)
      return native.unknown("field", parts.name, tostring(name), table.move(parts.names, 1, #parts.names, #known + 1,
        known))
    end,
    __newindex = function(self, name, value) set_field(parts, self, name, value) end,
    __eq = function(a, b)
      if not is_value(parts, a) or not is_value(parts, b) then return false end
      for _, name in ipairs(parts.names) do
        if a[name] ~= b[name] then return false end
      end
      return true
    end,
    __pairs = function(self)
      local i = 0
      return function()
        local name
        repeat
          i = i + 1
          name = parts.names[i]
        until name == nil or self[name] ~= nil
        if name then return name, self[name] end
      end
    end,
    __tostring = function(self)
      local list = {}
      for i, name in ipairs(parts.names) do list[i] = name .. "=" .. tostring(self[name]) end
      return "(" .. table.concat(list, ", ") .. ")"
    end,
  }
  function parts.values(self)
    local values = {}
    for i, name in ipairs(parts.names) do values[i] = self[name] end
    return table.unpack(values, 1, #parts.names)
  end
  classes[class] = parts
  return setmetatable(class, {
    __name = "MutableComposite", __metatable = "corm.MutableComposite",
    __newindex = function() return fail("ArgumentError", "a class of composites cannot be changed") end,
    __call = function(_, first, ...)
      if type(first) ~= "table" or select("#", ...) > 0 then return new_value(parts, first, ...) end
      local values = {}
      for name, value in next, first do
        local at
        for i, each in ipairs(parts.names) do at = each == name and i or at end
        if not at then native.unknown("field", parts.name, tostring(name), parts.names) end
        values[at] = value
      end
      return new_value(parts, table.unpack(values, 1, #parts.names))
    end,
  })
end

-- The value that the object shows is one until its columns are others.
function mutable_composite.get(parts, object, key, names, values)
  local known = shown[object] and shown[object][key]
  if known and is_current(parts, object, names, known) then return known end
  local value = new_value(parts, table.unpack(values, 1, values.n))
  mutable_composite.show(parts, object, key, names, value)
  return value
end

-- From now on it shows this one, and no longer the one before.
function mutable_composite.show(parts, object, key, names, value)
  local all = shown[object] or {}
  local old = all[key]
  if old and old ~= value then
    local places = rawget(old, PARENTS)[object]
    if places then places[key] = nil end
  end
  if not is_value(parts, value) then
    all[key] = nil
    return
  end
  local parents = rawget(value, PARENTS)
  parents[object] = parents[object] or {}
  parents[object][key] = names
  all[key] = value
  shown[object] = all
end

return mutable_composite
