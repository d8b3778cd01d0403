-- declarative_base and Base:model: from a Lua table to a Table, a mapper and a class.
local corm, load = ...
local orm = load "corm.orm"
local listeners = load "corm.listeners"
local descriptors = load "corm.descriptor"
local declaration = load "corm.declaration"
local constructor = load "corm.constructor"
-- What only some classes say something for.
local relationships, selectable = orm.later "corm.relationship", orm.later "corm.selectable"
local inheritance, concrete = orm.later "corm.inheritance", orm.later "corm.concrete"
local rules, deferral = orm.later "corm.mapper_args", orm.later "corm.deferral"
local disposal = orm.later "corm.disposal"
local native, info, fail = orm.native, orm.info, orm.fail

local MetaData = corm.MetaData
local declarative = {}

-- Registries ----------------------------------------------------------------------------------------------------------

-- Registries by the address of the core's, for configure().
local registries = info[info] or setmetatable({}, { __mode = "v" })
info[info] = registries

local registry_members = {}
local registry_meta = {
  __name = "corm.registry",
  __index = function(self, name)
    if name == "mappers" then return registry_members.mappers(self) end
    return registry_members[name]
  end,
  __tostring = function() return "registry" end,
}

local function check_metadata(where, metadata)
  if metadata == nil then return MetaData() end
  if native.kind(metadata) ~= "MetaData" then
    fail("ArgumentError", "%s: metadata must be a MetaData, got %s", where, native.kind(metadata))
  end
  return metadata
end

-- corm.registry { metadata = ..., constructor = ... }
local function new_registry(options)
  options = orm.check_options("registry", options, { metadata = "any", constructor = "function" })
  local self = {
    metadata = check_metadata("registry", options.metadata),
    constructor = options.constructor or constructor.assign,
    native = native.registry(),
    classes = {}, -- by name
    tables = {},  -- Table -> class
    pending = {}, -- relationships and expressions to be resolved
    fresh = {},   -- infos of classes that have not been configured
    waiting = {}, -- infos of classes that prepare() is to map, by name
  }
  registries[native.address(self.native)] = self
  return setmetatable(self, registry_meta)
end

corm.registry = new_registry

-- What fails half-way goes on where it stopped, the next time. The other side of a relationship may be declared in
-- another registry, and wait there.
local function resolve_all(self)
  local reached = { self }
  for _, registry in ipairs(reached) do
    while registry.pending[1] do
      local pending = registry.pending[1]
      local resolve = pending.resolve or relationships.resolve
      local beside = resolve(pending)
      table.remove(registry.pending, 1)
      if beside and beside ~= self and not native.busy(beside.native) then reached[#reached + 1] = beside end
    end
  end
  native.configure(self.native)
end

local function configure(self)
  local news = self.fresh[1] and not native.busy(self.native)
  if news then listeners.before_configured() end
  native.exclusively(self.native, resolve_all, self)
  if not news then return end
  local list = self.fresh
  self.fresh = {}
  listeners.configured(list)
end

local function configure_at(address)
  local self = registries[address]
  if not self then fail("InvalidRequestError", "the classes of this registry were collected") end
  configure(self)
end

-- True when there was something to configure.
function declarative.configure_pending(self)
  if not self.pending[1] or native.busy(self.native) then return false end
  configure(self)
  return true
end

-- registry.mappers: those of its classes, by name.
function registry_members:mappers()
  local list = {}
  for i, name in ipairs(orm.sorted_keys(self.classes)) do list[i] = corm.inspect(self.classes[name]) end
  return list
end

function registry_members:configure()
  configure(self)
end

-- Configures all registries, to find mistakes in relationships early.
function corm.configure_mappers()
  for _, registry in pairs(registries) do configure(registry) end
end

-- Unmaps its classes; with cascade also those of registries whose relationships lead to them.
function registry_members:dispose(options)
  disposal.dispose(self, registries, options)
end

function corm.clear_mappers() disposal.clear(registries) end

-- Classes -------------------------------------------------------------------------------------------------------------

local function new_attributes(ci)
  return setmetatable({}, {
    __index = function(self, key)
      local value, keep = descriptors.class_value(ci, key, ci.class)
      if keep then rawset(self, key, value) end
      return value
    end,
  })
end

local add_member, model

local function set_class_field(class, key, value)
  local ci = info[class]
  if type(key) ~= "string" then fail("ArgumentError", "%s: members have names, got a %s", ci.name, type(key)) end
  add_member(ci, key, value)
end

-- map_imperatively brings the table that becomes the class.
local function new_class(ci)
  local class = ci.given or {}
  for key in next, class do class[key] = nil end
  ci.class = class
  ci.meta = {
    __name = ci.name,
    __newindex = set_class_field,
    __tostring = function() return "<class " .. ci.name .. ">" end,
  }
  return setmetatable(class, ci.meta)
end

-- Members -------------------------------------------------------------------------------------------------------------

local function check_value(ci, key, value)
  local kind = native.kind(value)
  if type(value) ~= "userdata" then return end
  if kind == "type" then
    fail("ArgumentError", "%s.%s is a type; a column is written Column(%s)", ci.name, key, tostring(value))
  end
  fail("ArgumentError", "%s.%s: a Column, relationship, function or plain value expected, got %s", ci.name, key, kind)
end

local function add_validator(ci, validator)
  for _, name in ipairs(validator.names) do
    if not descriptors.is_attribute(ci, name) then descriptors.unknown(ci, name) end
    ci.validators[name] = ci.validators[name] or {}
    table.insert(ci.validators[name], validator)
    listeners.hook(ci, name)
  end
end

-- Declarations that have no name of their own.
local nameless = {
  validates = "validates(...) stands in the model without a name",
  backref = "backref(...) is an option of relationship",
}

local function add_descriptor(ci, key, marker, row)
  descriptors.check_free(ci, key)
  row.declare(ci, key, marker)
  ci.descriptors[key] = marker
end

local function add_column(ci, key, column, options)
  descriptors.check_free(ci, key)
  if native.kind(ci.fields.__table__) ~= "Table" then
    fail("InvalidRequestError", "%s.%s: no column can be added to a class that is not mapped to a Table", ci.name, key)
  end
  if ci.aliased then fail("InvalidRequestError", "%s.%s: an alias of the class was made already", ci.name, key) end
  native.add_column(ci.mapper, ci.fields.__table__, column, key, options)
  if orm.mutable then orm.mutable.map(ci) end
end

-- A member other than a column: of a model's table, or assigned later.
function add_member(ci, key, value)
  local kind, row = orm.marker_kind(value), descriptors.kind(value)
  local column, options, also = declaration.column(value)
  if row then
    add_descriptor(ci, key, value, row)
  elseif column then
    if also then fail("ArgumentError", "%s.%s: several columns belong to the declaration of a class", ci.name, key) end
    add_column(ci, key, column, options)
  elseif kind == "reconstructor" then
    descriptors.check_free(ci, key)
    constructor.add_reconstructor(ci, key, value.fn)
    listeners.changed()
  elseif kind then
    fail("ArgumentError", "%s.%s: %s", ci.name, key, nameless[kind])
  elseif native.kind(value) == "Column" then
    add_column(ci, key, value)
  else
    check_value(ci, key, value)
    if descriptors.is_attribute(ci, key) then
      fail("ArgumentError", "%s.%s is mapped and cannot be replaced", ci.name, key)
    end
    if key == "__init__" and type(value) ~= "function" then
      fail("ArgumentError", "%s.__init__ must be a function, got %s", ci.name, native.kind(value))
    end
    rawset(ci.class, key, value)
    if key == "__init__" then constructor.update_all() end
  end
end

-- Base:model ----------------------------------------------------------------------------------------------------------

local function new_info(name, base)
  return {
    name = name, base = base, registry = info[base].registry,
    descriptors = {}, validators = {}, hooked = {}, listeners = {}, events = {}, fields = {}, collections = {},
    mutables = {},
  }
end

local function check_name(base, name, body)
  if type(base) ~= "table" or not info[base] then
    fail("ArgumentError", "model: a declarative base or a mapped class expected before the name, got %s; methods are "
      .. "called with a colon", native.kind(base))
  end
  if type(name) ~= "string" or name == "" then
    fail("ArgumentError", "model: the name of a class expected, got %s", native.kind(name))
  end
  if type(body) ~= "table" or info[body] then
    fail("ArgumentError", "model '%s': a table of members expected, got %s", name, native.kind(body))
  end
  local registry = info[base].registry
  if registry.classes[name] or registry.waiting[name] then
    fail("InvalidRequestError", "a class with the name '%s' is mapped already in this registry", name)
  end
end

local function set_fields(ci, as_table)
  local registry = ci.registry
  ci.fields = {
    __table__ = as_table, __tablename__ = as_table.name, __name__ = ci.shown or ci.name,
    metadata = registry.metadata, registry = registry, model = model,
    __init__ = function(...) return constructor.of(ci)(...) end,
  }
end

-- Beyond the number of any declaration.
local LATE = 1 << 53

local function add_members(ci, parts)
  local keys = orm.sorted_keys(parts.members)
  local function creation(key)
    local value = parts.members[key]
    local row = descriptors.kind(value)
    return orm.marker_kind(value) and value.creation + (row and row.late and LATE or 0) or -1
  end
  table.sort(keys, function(a, b)
    local ca, cb = creation(a), creation(b)
    if ca ~= cb then return ca < cb end
    return a < b
  end)
  for _, key in ipairs(keys) do add_member(ci, key, parts.members[key]) end
  local parent = declaration.parent(ci.base)
  local shown = parts.special.__tostring or (parent and rawget(parent.class, "__tostring"))
  if shown then rawset(ci.class, "__tostring", shown) end
  if parts.special.__init__ then rawset(ci.class, "__init__", parts.special.__init__) end
  for _, validator in ipairs(parts.validators) do add_validator(ci, validator) end
end

-- Whether the class may be concrete, or read the rows of classes that are.
local function may_be_concrete(ci, parent, parts)
  local args, mixins = parts.special.__mapper_args__, parts.mixins
  return ci.united or mixins[orm.ConcreteBase] or (parent and parent.body)
    or (args and (args.concrete or type(args.with_polymorphic) == "table"))
end

-- The options of native.mapper.
local function mapper_options(ci, parent, parts, as_table, columns)
  local options, united = {}, {}
  if may_be_concrete(ci, parent, parts) then concrete.options(ci, parts, as_table, united) end
  if parent or parts.special.__mapper_args__ then options = inheritance.options(ci, parent, parts, as_table) end
  for key, value in next, united do options[key] = value end
  options.columns = columns
  options.attributes = parts.attributes
  options.selectable, options.join, options.also = parts.selected, parts.join, parts.also
  if parts.special.__mapper_args__ then rules.options(ci, parent, parts, as_table, options) end
  options.primary_key = options.primary_key or parts.join_key
  return options
end

-- The class over its Table, known to the registry when all of it is there.
local function map_class(ci, parts)
  local name, registry = ci.name, ci.registry
  local parent = declaration.parent(ci.base)
  local as_table, keys, names, columns
  if may_be_concrete(ci, parent, parts) then concrete.read(ci, parent, parts) end
  if parent and inheritance.is_single(parent, parts) then
    names, columns = inheritance.add_columns(ci, parent, parts)
  elseif parts.joined then
    as_table, names, columns = parts.joined[1], selectable.columns(name, parts)
  else
    as_table, keys = declaration.make_table(name, ci.base, parts)
    names = declaration.attribute_names(as_table, keys, parts.lent)
    if parts.special.__mapper_args__ then names = rules.select(ci, parts, names, as_table) end
  end
  local taken = as_table and not parts.joined and registry.tables[as_table]
  if taken and registry.classes[info[taken].name] == taken then
    fail("InvalidRequestError", "class %s: table '%s' is mapped by class %s already", name, as_table.name,
      info[taken].name)
  end
  local class = new_class(ci)
  local options = mapper_options(ci, parent, parts, as_table, columns)
  ci.mapper = native.mapper(registry.native, name, as_table, names, class, parent and parent.mapper, options)
  set_fields(ci, parts.selected or parts.join or as_table or parent.fields.__table__)
  ci.attributes = new_attributes(ci)
  ci.meta.__index = ci.attributes
  ci.meta.__corm_node = native.entity(ci.mapper)
  ci.meta[1] = ci.mapper -- found without a name, for session:get
  info[class] = ci
  if orm.mutable then orm.mutable.map(ci) end
  add_members(ci, parts)
  if ci.told_by then inheritance.tell(ci) end
  listeners.observe(ci)
  if as_table and not parts.joined then registry.tables[as_table] = class end
  ci.meta.__metatable = "corm.class"
  constructor.update(ci)
  table.insert(registry.fresh, ci)
  registry.classes[name] = class
  if ci.concrete or ci.united then concrete.unite(ci, options.identity) end
  return class
end

local new_abstract

-- A table that was to become a class is what it was. Nothing is allocated: memory may be what has ended.
local function restore(ci, fields, waited)
  local given, tables = ci.given, ci.registry.tables
  if ci.meta then ci.meta.__metatable = nil end
  setmetatable(given, nil)
  info[given] = waited
  for as_table, class in next, tables do
    if class == given then tables[as_table] = nil end
  end
  for key in next, given do given[key] = nil end
  for key, value in next, fields do given[key] = value end
end

-- Maps what was read of a model; `given` is a table that becomes the class, `waited` what is known of one that waited.
local function define(base, name, body, parts, given, waited)
  local ci = new_info(name, base)
  if waited then ci.events, ci.shown, ci.links = waited.events, waited.shown, waited.links end
  if parts.mixins[orm.AbstractConcreteBase] then concrete.prepare(ci, parts, body) end
  if parts.special.__table__ ~= nil or next(parts.also) then selectable.prepare(name, parts) end
  for key, value in next, parts.members do
    if not orm.marker_kind(value) then check_value({ name = name }, key, value) end
  end
  -- What is refused or interrupted leaves neither class nor table behind, so that it can be said again.
  ci.given = given
  ci.mixins = declaration.mixins(name, body)
  local fields = {}
  for key, value in next, given or {} do fields[key] = value end
  local metadata = ci.registry.metadata
  local there = declaration.find_table(metadata, parts)
  local ok, result = pcall(map_class, ci, parts)
  if ok then return result end
  local mapped = ci.class and ci.registry.classes[name] == ci.class -- interrupted in the last instruction
  if not mapped then
    if given then restore(ci, fields, waited) end
    for key in next, ci.descriptors do ci.descriptors[key] = nil end -- what of it is to be resolved is not
    native.forget(ci.registry.native, name)
    if ci.brought then inheritance.take_back(ci) end
  end
  local made = declaration.find_table(metadata, parts)
  if made and not there and not mapped then metadata:remove(made) end
  return error(result, 0)
end
declarative.define = define

-- Which base maps the classes below it later, by prepare(): one of automap, or a class with DeferredReflection.
local function waits_for(base)
  while base do
    local ci = info[base]
    if ci.automap or orm.is_in(ci.mixins or {}, orm.DeferredReflection) then return base end
    base = ci.base
  end
end

local function waits(base, parts)
  if parts.mixins[orm.AbstractConcreteBase] then return nil end
  return parts.mixins[orm.DeferredReflection] and orm.DeferredReflection or waits_for(base)
end

local function declare(base, name, body, given)
  check_name(base, name, body)
  if rawget(body, "__abstract__") then return new_abstract(base, name, body) end
  local parts = declaration.read(name, base, body)
  declaration.check_mapper_args(name, parts.special.__mapper_args__)
  if parts.special.__mapper_args__ then rules.add_properties(name, parts) end
  local owner = not given and waits(base, parts)
  if owner then return deferral.declare(base, name, body, parts, owner) end
  return define(base, name, body, parts, given)
end

function model(base, name, body)
  return declare(base, name, body)
end

-- map_imperatively(class, Table [, options]): a Table becomes attributes of a class that need not know of it: a name,
-- or a plain table of functions with __name__. options: those of __mapper_args__, and inherits.
function registry_members:map_imperatively(class, as_table, options)
  local given = type(class) == "table" and class or nil
  local name = given and rawget(given, "__name__") or class
  if type(name) ~= "string" or (given and (info[given] or getmetatable(given))) then
    fail("ArgumentError", "map_imperatively: the name of a class or a plain table with __name__ expected, got %s",
      given and getmetatable(given) and tostring(given) or native.kind(class))
  end
  if native.kind(as_table) ~= "Table" and native.kind(as_table) ~= "FROM clause" then
    fail("ArgumentError", "map_imperatively: %s: a Table or a subquery expected, got %s", name, native.kind(as_table))
  end
  local args, body = {}, { __table__ = as_table }
  for key, value in next, options or {} do args[key] = value end
  self.imperative = self.imperative or self:generate_base()
  local base = args.inherits or self.imperative
  if type(base) ~= "table" or not info[base] or info[base].registry ~= self then
    fail("ArgumentError", "map_imperatively: %s: inherits must be a class of the same registry, got %s", name,
      native.kind(base))
  end
  args.inherits = nil
  body.__mapper_args__ = args
  for key, value in next, given or {} do
    if key ~= "__name__" then body[key] = value end
  end
  return declare(base, name, body, given)
end

-- Bases ---------------------------------------------------------------------------------------------------------------

-- A table with :model, and with the members given; functions assigned to it are methods of all its classes.
local function new_base(ci, more)
  local members = { model = model, metadata = ci.registry.metadata, registry = ci.registry, __name__ = ci.name }
  for key, value in next, more or {} do members[key] = value end
  local base = setmetatable({}, {
    __name = ci.name,
    __metatable = "corm.class",
    __tostring = function() return "<class " .. ci.name .. ">" end,
    __index = function(_, key)
      local value = members[key]
      if value == nil then native.unknown("member", ci.name, tostring(key), orm.sorted_keys(members)) end
      return value
    end,
    __call = function()
      return fail("InvalidRequestError", "%s is no mapped class and has no objects", ci.name)
    end,
  })
  ci.class = base
  ci.events = {}
  info[base] = ci
  return base
end

function new_abstract(base, name, body)
  declaration.check_special(name, body)
  local mixins = declaration.mixins(name, body)
  local owner = orm.is_in(mixins, orm.DeferredReflection) and base or waits_for(base)
  local reflects = owner and not info[owner].automap
  return new_base({ name = name, registry = info[base].registry, body = body, base = base, mixins = mixins },
    reflects and { prepare = deferral.prepare } or nil)
end

local base_options = { metadata = "any", registry = "any", name = "string", constructor = "function" }

-- A base with the members given; below another one, where there is one.
function declarative.base(where, options, members, above)
  options = orm.check_options(where, options, base_options)
  if above ~= nil then
    if type(above) ~= "table" or not info[above] or info[above].mapper or next(options) then
      fail("ArgumentError", "%s: declarative_base: a base expected, and no other option, got %s", where,
        native.kind(above))
    end
    local ci = { name = info[above].name, registry = info[above].registry, body = {}, base = above, mixins = {} }
    return new_base(ci, members)
  end
  local registry = options.registry
  if registry == nil then
    registry = new_registry { metadata = options.metadata, constructor = options.constructor }
  elseif getmetatable(registry) ~= registry_meta then
    fail("ArgumentError", "%s: registry must be a registry, got %s", where, native.kind(registry))
  elseif options.metadata ~= nil or options.constructor ~= nil then
    fail("ArgumentError", "%s: metadata and constructor belong to the registry that was given", where)
  end
  return new_base({ name = options.name or "Base", registry = registry }, members)
end

-- corm.declarative_base { metadata = ..., registry = ..., name = "Base" }
function corm.declarative_base(options)
  return declarative.base("declarative_base", options)
end

function registry_members:generate_base(options)
  options = orm.check_options("generate_base", options, { name = "string" })
  return new_base { name = options.name or "Base", registry = self }
end

orm.functions { configure = configure_at }
return declarative
