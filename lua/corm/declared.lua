-- What a mixin or an abstract base says by a function of the class that is being made.
local corm, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail

local declared = {}
local heirs = setmetatable({}, { __mode = "k" }) -- a class to be -> whether it inherits from a mapped one

-- declared_attr(function(cls) return Column(...) end): called once for each class. `cls` has the class's __name__ and
-- __tablename__, metadata and registry, and what was declared of it by name; what is set of it is declared, too.
function corm.declared_attr(fn)
  if type(fn) ~= "function" then
    fail("ArgumentError", "declared_attr: a function expected, got %s", native.kind(fn))
  end
  return orm.marker("declared_attr", { fn = fn })
end

-- A special name may be a function of the class by itself, or in declared_attr like everything else.
function declared.function_of(value)
  if orm.marker_kind(value) == "declared_attr" then return orm.field(value, "fn") end
  return value
end

-- Whether a special name of a mixin or an abstract class is its classes', too: a table's name only where it is made.
function declared.is_inherited(key, value)
  if key == "__tablename__" then return type(value) == "function" end
  return key ~= "__abstract__" and key ~= "__mixins__"
end

-- What is set of it is a member, in the place of one of that name.
local function set_member(parts, where, adding, key, value)
  if type(key) ~= "string" or string.sub(key, 1, 2) == "__" then
    fail("ArgumentError", "%s is not made yet: its %s is said in its body", where, tostring(key))
  end
  if orm.marker_kind(value) == "declared_attr" then
    fail("ArgumentError", "%s.%s: declared_attr stands in a mixin or an abstract class", where, key)
  end
  adding.set_member(parts, key, value)
end

-- The class to be, as far as it is known.
local function view_of(parts, name, adding)
  local view = setmetatable({}, {
    __name = name,
    __newindex = function(_, key, value) set_member(parts, name, adding, key, value) end,
    __index = function(_, key)
      if key == "__name__" then return name end
      if key == "__tablename__" then return parts.special.__tablename__ end
      local column = parts.columns[key]
      if column ~= nil then return column end
      local member = parts.members[key]
      if member == nil and key == "registry" then return adding.registry end
      if member == nil and key == "metadata" then return adding.registry.metadata end
      return member
    end,
  })
  heirs[view] = adding.inherits
  return view
end

-- The name of a class to be, which a relationship may lead to.
function declared.name_of(view) return heirs[view] ~= nil and view.__name__ or nil end

-- Whether a class, or one to be of which a function is asked, inherits from a class with a table.
function corm.has_inherited_table(class)
  if heirs[class] ~= nil then return heirs[class] end
  local ci = type(class) == "table" and info[class]
  if not ci or not ci.mapper then
    fail("ArgumentError", "has_inherited_table: a mapped class expected, got %s", native.kind(class))
  end
  return native.class_info(ci.mapper).inherits ~= nil
end

local function by_creation(parts)
  local keys = {}
  for key, value in next, parts.members do
    if orm.marker_kind(value) == "declared_attr" then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b) return parts.members[a].creation < parts.members[b].creation end)
  return keys
end

-- Calls the functions among the parts of a class; `adding` is how declarative.lua adds what they return.
function declared.finish(parts, where, adding)
  local cls = view_of(parts, where, adding)
  for _, key in ipairs { "__tablename__", "__table_args__", "__mapper_args__" } do
    local fn = parts.special[key]
    if adding.special[key] and type(fn) == "function" then
      parts.special[key] = nil
      local value = fn(cls)
      if type(value) == "function" then fail("ArgumentError", "%s.%s: its function returns a function", where, key) end
      if value ~= nil then adding.add_special(parts, where, key, value) end
    end
  end
  for _, key in ipairs(by_creation(parts)) do
    local member = parts.members[key]
    local value = nil
    if orm.marker_kind(member) == "declared_attr" then -- no function before it has set another
      parts.members[key] = nil
      value = orm.field(member, "fn")(cls)
    end
    if orm.marker_kind(value) == "declared_attr" then
      fail("ArgumentError", "%s.%s: declared_attr returns another one", where, key)
    end
    if value ~= nil then adding.add_named(parts, key, value, false) end
  end
end

return declared
