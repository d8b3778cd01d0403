-- How objects come to be: the default constructor, `__init__` of a model, reconstructors for what is loaded. A class
-- whose construction nobody has a part in is constructed in C, which does the same as `assign` here.
local corm, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local native, info, fail = orm.native, orm.info, orm.fail

local constructor = {}

-- The default constructor --------------------------------------------------------------------------------------------

local function check_fields(ci, fields)
  if type(fields) ~= "table" then
    fail("ArgumentError", "%s: a table of fields expected, got %s", ci.name, native.kind(fields))
  end
  for key in next, fields do
    if type(key) ~= "string" then
      fail("ArgumentError", "%s: fields have names, got a key of type %s", ci.name, native.kind(key))
    end
    if not native.is_attribute(ci.mapper, key) then descriptors.functions.check_field(ci.class, key) end
  end
end

-- Columns in mapped order, what stands for columns, relationships, all else: never in the order of `next`.
local function in_order(ci, fields)
  local columns, relationships = native.names(ci.mapper)
  local place = {}
  for i, key in ipairs(columns) do place[key] = { 1, i } end
  for i, key in ipairs(relationships) do place[key] = { 3, i } end
  local keys = orm.sorted_keys(fields)
  for _, key in ipairs(keys) do
    if not place[key] then
      local marker, row = descriptors.find(ci, key)
      place[key] = { row and row.order == "column" and 2 or 4, marker and marker.creation or 0 }
    end
  end
  table.sort(keys, function(a, b)
    local x, y = place[a], place[b]
    if x[1] ~= y[1] then return x[1] < y[1] end
    if x[2] ~= y[2] then return x[2] < y[2] end
    return a < b
  end)
  return keys
end

-- Sets what a table of fields says, as Class { ... } does; unknown names are refused before anything is set.
local function assign(object, fields)
  local class = native.class_of(object)
  if not class then fail("UnmappedError", "__init__: an object expected, got %s", native.kind(object)) end
  if fields == nil then return end
  local ci = info[class]
  check_fields(ci, fields)
  for _, key in ipairs(in_order(ci, fields)) do object[key] = fields[key] end
end

-- What is called ------------------------------------------------------------------------------------------------------

-- The nearest `__init__`: the class's, those of the classes above it, what the registry was given; nil: the
-- default.
local function find_init(ci)
  local at = ci
  while at do
    local own = rawget(at.class, "__init__")
    if own then return own end
    at = info[at.base]
  end
  if ci.registry.constructor ~= assign then return ci.registry.constructor end
end

-- Class.__init__, also where nothing was said.
function constructor.of(ci)
  return find_init(ci) or assign
end

local listeners -- (ci, name): a list of functions; lua/corm/events.lua's

-- What a call was given, as listeners of `init` get it: arguments by position, and fields. Both are theirs to change.
local function split(...)
  local args = table.pack(...)
  if args.n ~= 1 or type(args[1]) ~= "table" or info[args[1]] then return args, {}, false end
  local fields = {}
  for key, value in next, args[1] do fields[key] = value end
  return { n = 0 }, fields, true
end

local function run(init, object, args, fields, named)
  if named then return init(object, fields) end
  return init(object, table.unpack(args, 1, args.n))
end

-- The class's __call where somebody has a part in it; `new` is C's.
local function make_call(ci, new)
  return function(class, ...)
    local init = find_init(ci) or assign
    local first, failed = listeners(ci, "init"), listeners(ci, "init_failure")
    if init == assign and select("#", ...) > 1 then return new(class, ...) end -- refuses it
    local object = new(class)
    if not first[1] and not failed[1] then
      init(object, ...)
      return object
    end
    local args, fields, named = split(...)
    for _, call in ipairs(first) do call(object, args, fields) end
    if not named and args.n == 0 and next(fields) ~= nil then named = true end
    if not failed[1] then
      run(init, object, args, fields, named)
      return object
    end
    local ok, err = pcall(run, init, object, args, fields, named)
    if not ok then
      for _, call in ipairs(failed) do call(object, args, fields) end
      error(err, 0)
    end
    return object
  end
end

-- For a class that is whole, and when what is said of its construction has changed.
function constructor.update(ci)
  ci.construct = ci.construct or native.constructor(ci.mapper)
  local plain = not find_init(ci) and not listeners(ci, "init")[1] and not listeners(ci, "init_failure")[1]
  ci.meta.__call = plain and ci.construct or make_call(ci, ci.construct)
  if ci.has_no_objects then
    ci.meta.__call = function()
      return fail("InvalidRequestError", "%s has no objects of its own, only those of the classes below it: it is "
        .. "marked polymorphic_abstract", ci.name)
    end
  end
end

function constructor.update_all()
  for _, ci in next, info do
    if ci.construct then constructor.update(ci) end
  end
end

function constructor.listeners(find)
  listeners = find
end

-- Reconstructors ------------------------------------------------------------------------------------------------------

-- reconstructor(fn): a method that is called for each object that a query makes; constructors are not.
function corm.reconstructor(fn)
  if type(fn) ~= "function" then
    fail("ArgumentError", "reconstructor: a function expected, got %s", native.kind(fn))
  end
  return orm.marker("reconstructor", { fn = fn })
end

-- The nearest one's name, or nil: a class has one.
local function find_reconstructor(ci)
  while ci do
    if ci.reconstructor then return ci.reconstructor end
    ci = info[ci.base]
  end
end

local function call_reconstructor(object)
  local name = find_reconstructor(info[native.class_of(object)])
  if name then object[name](object) end
end

function constructor.add_reconstructor(ci, key, fn)
  if ci.reconstructor and ci.reconstructor ~= key then
    fail("ArgumentError", "%s.%s: '%s' is its reconstructor already", ci.name, key, ci.reconstructor)
  end
  rawset(ci.class, key, fn)
  local first = not find_reconstructor(ci)
  ci.reconstructor = key
  if not first then return end -- that of a class above is called for this one, too
  local list = ci.events.load or {}
  table.insert(list, 1, { fn = call_reconstructor, call = call_reconstructor, propagate = true })
  ci.events.load = list
end

constructor.assign = assign
return constructor
