-- automap_base: classes and relationships for the tables of a database that nobody has declared
-- (docs/decisions/0023-reflection.md). This writes declarations; deferral.lua lets them wait and maps them.
local corm, load = ...
local orm = load "corm.orm"
local declarative, deferral = load "corm.declarative", load "corm.deferral"
local descriptors, autoload = load "corm.descriptor", orm.later "corm.autoload"
local native, info, fail = orm.native, orm.info, orm.fail

-- Base.classes --------------------------------------------------------------------------------------------------------

-- A collection of classes by name, in the order in which they come, and the function that adds one.
local function new_classes(where)
  local names, values = {}, {}
  local function add(name, value)
    if values[name] == nil then names[#names + 1] = name end
    values[name] = value
  end
  local classes = setmetatable({}, {
    __name = "corm.classes",
    __metatable = "corm.classes",
    __index = function(_, name)
      if values[name] == nil then return native.unknown("class", where, tostring(name), orm.sorted_keys(values)) end
      return values[name]
    end,
    __newindex = function() return fail("ArgumentError", "%s cannot be changed", where) end,
    __len = function() return #names end,
    __pairs = function()
      local i = 0
      return function()
        i = i + 1
        return names[i], values[names[i]]
      end
    end,
  })
  return classes, add, values
end

-- Base.by_module.a.b of a class "a.b.Name".
local function add_by_module(modules, path, class)
  local word, rest = string.match(path, "^([^.]*)%.(.*)$")
  if not word then return modules.add(path, class) end
  local inner = modules.inner[word]
  if not inner then
    inner = { inner = {} }
    inner.classes, inner.add = new_classes(modules.where .. "." .. word)
    inner.where, modules.inner[word] = modules.where .. "." .. word, inner
    modules.add(word, inner.classes)
  end
  return add_by_module(inner, rest, class)
end

-- Hooks ---------------------------------------------------------------------------------------------------------------

local hooks = {}

function hooks.classname_for_table(_, name) return name end
function hooks.modulename_for_table() return nil end
function hooks.name_for_scalar_relationship(_, _, referred) return string.lower(referred.__name__) end

function hooks.name_for_collection_relationship(_, _, referred)
  return string.lower(referred.__name__) .. "_collection"
end

function hooks.generate_relationship(_, _, return_fn, name, _, referred, options)
  if return_fn == corm.backref then return return_fn(name, options) end
  return return_fn(referred, options)
end

-- The name that a hook gives.
local function name_by(run, hook, ...)
  local name = run[hook](run.base, ...)
  if type(name) ~= "string" or name == "" then
    fail("ArgumentError", "%s: %s gives a name, got %s", run.where, hook, native.kind(name))
  end
  return name
end

local function generate(run, ...)
  local made = run.generate_relationship(run.base, ...)
  local kind = orm.marker_kind(made)
  if made ~= nil and kind ~= "relationship" and kind ~= "backref" and type(made) ~= "string" then
    fail("ArgumentError", "%s: generate_relationship gives what its function returns, or nil, got %s", run.where,
      native.kind(made))
  end
  return made
end

-- What classes have ---------------------------------------------------------------------------------------------------

-- A config is what is known of the class of a Table: { ci, class, table, made = members that are made for it,
-- paired = members of its own that got their other side, links = by name, the other end of what is made here, as
-- { class, name } }. Links of earlier calls are in ci.links.

-- Whether the class is mapped, or waits.
local function is_mapped(config) return config.ci.mapper ~= nil end

-- The member of this name that the class says itself; of a relationship, its marker.
local function declared(config, name)
  if is_mapped(config) then return (descriptors.find(config.ci, name)) end
  return config.ci.parts.members[name]
end

-- Whether the name is that of a column of the class's own table.
local function is_column(config, name)
  if is_mapped(config) then return native.is_attribute(config.ci.mapper, name) end
  local parts = config.ci.parts
  if parts.columns[name] ~= nil then return true end
  local args = parts.special.__mapper_args__ or {}
  if args.column_prefix or args.include_properties or args.exclude_properties then return false end
  local keys = parts.made and parts.made[2] or {}
  for column in config.table.columns do
    if column.key == name and not keys[column] then return true end
  end
  return false
end

local function link_of(config, name)
  return config.links[name] or (config.ci.links and config.ci.links[name])
end

local function refuse_name(run, side, other, noun)
  fail("ArgumentError", "%s: the relationship of %s to %s would be named '%s', and so is %s; %s gives it another name",
    run.where, side.config.class.__name__, other.config.class.__name__, side.name, noun, side.hook)
end

local function check_free(run, side, other)
  if is_column(side.config, side.name) then refuse_name(run, side, other, "a column") end
  if link_of(side.config, side.name) then refuse_name(run, side, other, "another relationship") end
end

-- Whether this side was made as one end of what the two names stand for.
local function is_linked(side, other)
  local link = link_of(side.config, side.name)
  return link ~= nil and link.class == other.config.class and link.name == other.name
end

-- Gives a relationship that the class says itself its other side, unless it says that, too.
local function pair(side, other)
  local config, name = side.config, side.name
  local marker = declared(config, name)
  if is_mapped(config) or orm.marker_kind(marker) ~= "relationship" then return end
  local options = {}
  for key, value in next, marker.options do options[key] = value end
  if options.backref ~= nil or options.back_populates ~= nil then return end
  options.back_populates = other.name
  local paired = corm.relationship(marker.target, options)
  paired.creation = marker.creation
  config.paired[name] = paired
end

-- Relationships -------------------------------------------------------------------------------------------------------

-- A side is { config, name, hook, direction, options, backref_options }: an attribute of one of two classes, what gives
-- it its name, and what makes it as a relationship, or as the backref of the other side.

local function link(side, other)
  side.config.links[side.name] = { class = other.config.class, name = other.name }
end

local function put(side, other, made)
  side.config.made[side.name] = made
  link(side, other)
end

-- The near side is new; the far one comes as its backref, unless its class says it.
local function make_near(run, near, far)
  local options, far_is_new = near.options, declared(far.config, far.name) == nil
  check_free(run, near, far)
  if far_is_new then
    if near.config == far.config and near.name == far.name then refuse_name(run, far, near, "the other side of it") end
    check_free(run, far, near)
    options.backref = generate(run, far.direction, corm.backref, far.name, far.config.class, near.config.class,
      far.backref_options)
  end
  local made = generate(run, near.direction, corm.relationship, near.name, near.config.class, far.config.class, options)
  if made == nil then return end
  put(near, far, made)
  if not far_is_new then pair(far, near) end
  if options.backref ~= nil then link(far, near) end
end

-- The near side is what its class says.
local function make_far(run, near, far)
  local options = far.options
  check_free(run, far, near)
  if orm.marker_kind(declared(near.config, near.name)) == "relationship" then options.back_populates = near.name end
  local made = generate(run, far.direction, corm.relationship, far.name, far.config.class, near.config.class, options)
  if made == nil then return end
  put(far, near, made)
  pair(near, far)
end

-- Of several foreign keys that give the same two names, the first one has them.
local function make_both(run, near, far)
  if is_linked(near, far) or is_linked(far, near) then return end
  if declared(near.config, near.name) == nil then
    make_near(run, near, far)
  elseif declared(far.config, far.name) == nil then
    make_far(run, near, far)
  end
end

local function inherits(ci, class)
  ci = info[ci.base]
  while ci do
    if ci.class == class then return true end
    ci = info[ci.base]
  end
  return false
end

-- Options of the list of those that refer by a foreign key.
local function list_options(run, key)
  local options = { collection_class = run.collection_class }
  local ondelete = string.lower(key.ondelete or "")
  local nullable = true
  for _, column in ipairs(key.columns) do nullable = nullable and column.nullable end
  if not nullable then options.cascade = "all, delete-orphan" end
  if ondelete == (nullable and "set null" or "cascade") then options.passive_deletes = true end
  return options
end

local function with(options, more)
  local all = {}
  for key, value in next, options do all[key] = value end
  for key, value in next, more do all[key] = value end
  return all
end

local function link_by_key(run, config, key)
  local referred = run.configs[key.referred_table]
  if not referred or (config ~= referred and inherits(config.ci, referred.class)) then return end
  local columns, targets = { table.unpack(key.columns) }, { table.unpack(key.referred_columns) }
  local scalar, collection = "name_for_scalar_relationship", "name_for_collection_relationship"
  local options = list_options(run, key)
  make_both(run, {
    config = config, name = name_by(run, scalar, config.class, referred.class, key), hook = scalar,
    direction = "MANYTOONE", options = { foreign_keys = columns, remote_side = targets },
  }, {
    config = referred, name = name_by(run, collection, referred.class, config.class, key), hook = collection,
    direction = "ONETOMANY", options = with(options, { foreign_keys = columns }), backref_options = options,
  })
end

-- The two foreign keys of a table that has no other columns; nil for other tables.
local function association(as_table)
  local keys = as_table.foreign_key_constraints
  if #keys ~= 2 then return nil end
  local refers = {}
  for _, key in ipairs(keys) do
    for _, column in ipairs(key.columns) do refers[column.name] = true end
  end
  for column in as_table.columns do
    if not refers[column.name] then return nil end
  end
  return { keys[1], keys[2], table = as_table }
end

-- The condition by which a row of the secondary table refers.
local function condition_of(key)
  local terms = {}
  for i, column in ipairs(key.columns) do terms[i] = key.referred_columns[i]:eq(column) end
  return #terms == 1 and terms[1] or corm.and_(table.unpack(terms))
end

local function link_by_table(run, keys)
  local one, two = run.configs[keys[1].referred_table], run.configs[keys[2].referred_table]
  if not one or not two then return end
  local hook = "name_for_collection_relationship"
  local options = { collection_class = run.collection_class, overlaps = run.configs[keys.table] and "__*" or nil }
  local function side(near, far, key, other)
    local conditions = { secondary = keys.table, primaryjoin = condition_of(key), secondaryjoin = condition_of(other) }
    return {
      config = near, name = name_by(run, hook, near.class, far.class, key), hook = hook, direction = "MANYTOMANY",
      options = with(options, conditions), backref_options = with(options, {}),
    }
  end
  make_both(run, side(one, two, keys[1], keys[2]), side(two, one, keys[2], keys[1]))
end

-- prepare -------------------------------------------------------------------------------------------------------------

local function add_config(run, ci, as_table)
  local config = { ci = ci, class = ci.class, table = as_table, made = {}, paired = {}, links = {} }
  run.configs[as_table] = config
  run.list[#run.list + 1] = config
  return config
end

-- Lets a class wait for a Table that nobody has declared one for.
local function invent(run, as_table)
  local shown = name_by(run, "classname_for_table", as_table.name, as_table)
  local module = run.modulename_for_table(run.base, as_table.name, as_table)
  if module ~= nil and type(module) ~= "string" then
    fail("ArgumentError", "%s: modulename_for_table gives a name or nil, got %s", run.where, native.kind(module))
  end
  local name = module and module .. "." .. shown or shown
  local registry = run.registry
  if not module and run.classes[name] then
    warn(string.format("automap: table '%s' gets no class, since there is a class '%s'; modulename_for_table tells "
      .. "them apart", as_table.fullname, name))
    return
  end
  if registry.classes[name] or registry.waiting[name] then
    fail("InvalidRequestError", "%s: there is a class '%s' already; classname_for_table gives that of table '%s' "
      .. "another name", run.where, name, as_table.fullname)
  end
  local ci = deferral.over(run.base, name, shown, as_table)
  ci.in_module = module ~= nil
  run.invented[#run.invented + 1] = ci
  run.classes[name] = run.classes[name] or ci.class
  add_config(run, ci, as_table)
end

-- What there is: classes that wait, classes that are mapped, and Tables without either.
local function survey(run)
  for _, ci in ipairs(deferral.waiting(run.base, { run.registry })) do
    if ci.table then add_config(run, ci, ci.table) end
    run.classes[ci.name] = ci.class
  end
  run.fresh = #run.list
  local tables, seen = {}, run.state.seen
  for i, as_table in ipairs(run.registry.metadata.tables) do tables[i] = as_table end
  for _, as_table in ipairs(tables) do
    local class = run.registry.tables[as_table]
    if class and not run.configs[as_table] then add_config(run, info[class], as_table) end
  end
  for _, as_table in ipairs(tables) do
    local keys = association(as_table)
    if keys then
      if not seen[as_table] then run.associations[#run.associations + 1] = keys end
    elseif not run.configs[as_table] and as_table.primary_key.columns[1] ~= nil then
      invent(run, as_table)
    end
  end
end

local function link_all(run)
  for _, config in ipairs(run.list) do
    if not is_mapped(config) then
      for _, key in ipairs(config.table.foreign_key_constraints) do link_by_key(run, config, key) end
    end
  end
  for _, keys in ipairs(run.associations) do link_by_table(run, keys) end
end

-- Gives the classes what was made for them, all of it or, where memory ends, nothing; so that a later call goes on
-- where mapping them has failed. Those that are mapped already get theirs by map_all.
local function hand_over(run)
  for _, config in ipairs(run.list) do
    local ci = config.ci
    ci.links, ci.unmade = ci.links or {}, ci.unmade or {}
    config.links = with(ci.links, config.links)
    config.made = with(is_mapped(config) and ci.unmade or ci.parts.members, with(config.made, config.paired))
  end
  for _, config in ipairs(run.list) do -- without allocating
    local ci = config.ci
    ci.links = config.links
    if is_mapped(config) then
      ci.unmade = config.made
    else
      ci.parts.members = config.made
    end
  end
end

-- All that is to be mapped is known.
local function map_all(run)
  local modules = run.state.modules
  for _, ci in ipairs(deferral.waiting(run.base, { run.registry })) do
    if not ci.in_module then run.state.add(ci.name, ci.class) end
    if ci.in_module then add_by_module(modules, ci.name, ci.class) end
    deferral.map(ci)
  end
  for _, config in ipairs(run.list) do
    local unmade = config.ci.unmade
    for _, name in ipairs(info[config.class] == config.ci and orm.sorted_keys(unmade) or {}) do -- it was mapped before
      config.class[name] = unmade[name]
      unmade[name] = nil
    end
  end
  for _, keys in ipairs(run.associations) do
    if run.configs[keys[1].referred_table] and run.configs[keys[2].referred_table] then
      run.state.seen[keys.table] = true
    end
  end
end

local known_options = {
  autoload_with = "any", schema = "string", reflection_options = "table", collection_class = "any",
  engine = "!is called autoload_with", reflect = "!is not needed: autoload_with alone says it",
}
for hook in next, hooks do known_options[hook] = "function" end

-- Brings the tables of the database into the metadata; those of classes that wait get what they lack.
local function reflect(base, options)
  local registry = info[base].registry
  local how = { schema = options.schema, extend_existing = true }
  for key, value in next, options.reflection_options or {} do how[key] = value end
  autoload.reflect(registry.metadata, options.autoload_with, how, function(as_table)
    return registry.tables[as_table] ~= nil
  end)
end

local function prepare(base, options)
  local ci = type(base) == "table" and info[base]
  if not ci or not ci.automap then
    fail("ArgumentError", "prepare: a base that automap_base made expected, got %s; methods are called with a colon",
      native.kind(base))
  end
  local where = ci.name .. ":prepare"
  options = orm.check_options(where, options, known_options)
  if options.autoload_with ~= nil then reflect(base, options) end
  local run = {
    base = base, where = where, registry = ci.registry, state = ci.automap, configs = {}, list = {}, associations = {},
    invented = {}, classes = with(ci.automap.classes, {}), collection_class = options.collection_class,
  }
  for hook, usual in next, hooks do run[hook] = options[hook] or usual end
  local ok, problem = pcall(function()
    survey(run)
    link_all(run)
  end)
  if not ok then
    for _, invented in ipairs(run.invented) do deferral.forget(invented) end
    error(problem, 0)
  end
  hand_over(run)
  map_all(run)
end

-- corm.automap_base { declarative_base, metadata, registry, name, constructor }
function corm.automap_base(options)
  local own, given = {}, nil
  if type(options) == "table" then
    for key, value in next, options do own[key] = value end
    given, own.declarative_base = own.declarative_base, nil
  else
    own = options
  end
  local classes, add, values = new_classes "Base.classes"
  local by_module, add_module = new_classes "Base.by_module"
  local members = { prepare = prepare, classes = classes, by_module = by_module }
  local base = declarative.base("automap_base", own, members, given)
  info[base].automap = {
    add = add, classes = values, seen = setmetatable({}, { __mode = "k" }),
    modules = { add = add_module, inner = {}, where = "Base.by_module" },
  }
  return base
end
