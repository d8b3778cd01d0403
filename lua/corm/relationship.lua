-- relationship(): what is written in a model, and how it is resolved once all classes are known.
local corm, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local collections, declarative = orm.later "corm.collections", orm.later "corm.declarative"
local alias, declared = orm.later "corm.alias", orm.later "corm.declared"
local native, info, fail = orm.native, orm.info, orm.fail

local relationships = {}

local later = "!is not supported yet"
local known_options = {
  secondary = "any", back_populates = "string", backref = "any", uselist = "boolean", cascade = "any", lazy = "any",
  order_by = "any", foreign_keys = "any", remote_side = "any", passive_deletes = "any", viewonly = "boolean",
  single_parent = "boolean", post_update = "boolean", info = "table", doc = "string", overlaps = "string",
  primaryjoin = "any", secondaryjoin = "any", collection_class = "any", innerjoin = "boolean", join_depth = "number",
  passive_updates = "boolean", active_history = "boolean", enable_typechecks = later, sync_backref = "boolean",
  query_class = later, load_on_pending = "boolean", omit_join = later, comparator_factory = later,
  distinct_target_key = later,
}

local function is_alias(value) return getmetatable(value) == "corm.alias" end

-- The target is a class (in declared_attr also that which is being made), an alias of one, its name, or a function that
-- returns one of them.
function corm.relationship(target, options)
  if type(target) == "table" and not info[target] and not is_alias(target) then
    target = declared.name_of(target) or target
  end
  local kind = type(target)
  if kind ~= "string" and kind ~= "function" and not (kind == "table" and info[target])
    and not is_alias(target) then
    fail("ArgumentError", "relationship: a mapped class or its name expected, got %s", native.kind(target))
  end
  options = orm.check_options("relationship", options, known_options)
  if options.backref and options.back_populates then
    fail("ArgumentError", "relationship: back_populates and backref exclude each other")
  end
  if options.viewonly and options.sync_backref then
    fail("ArgumentError", "relationship: sync_backref and viewonly cannot both be true")
  end
  return orm.marker("relationship", { target = target, options = options })
end

-- A backref with options of its own.
function corm.backref(name, options)
  if type(name) ~= "string" then fail("ArgumentError", "backref: a name expected, got %s", native.kind(name)) end
  return orm.marker("backref", { name = name, options = orm.check_options("backref", options, known_options) })
end

-- What a condition means by a column: foreign(Address.user_id), remote(Node.parent_id).
function corm.foreign(column) return native.mark_column(column, false) end
function corm.remote(column) return native.mark_column(column, true) end

-- Late names ----------------------------------------------------------------------------------------------------------

local function refuse_waiting(ci, where)
  fail("InvalidRequestError", "relationship %s: class %s is mapped by %s, which has not been called yet", where,
    ci.name, ci.waits)
end

-- `where` is "User.books", the relationship that a message is about.
local function find_class(registry, name, where)
  local class = registry.classes[name]
  if class then return class end
  if registry.waiting[name] then refuse_waiting(registry.waiting[name], where) end
  local names = orm.sorted_keys(registry.classes)
  local nearest = native.nearest(name, names)
  return fail("InvalidRequestError", "relationship %s: there is no class named '%s'%s", where, name,
    nearest and string.format("; did you mean '%s'?", nearest) or "")
end

local function call_late(value)
  while type(value) == "function" do value = value() end
  return value
end

local function resolve_class(registry, target, where)
  if type(target) == "string" then return find_class(registry, target, where) end
  if type(target) == "table" and info[target] and info[target].waits then refuse_waiting(info[target], where) end
  if type(target) ~= "table" or not info[target] or not info[target].mapper then
    fail("ArgumentError", "relationship %s: a mapped class expected, got %s", where, native.kind(target))
  end
  return target
end

local orders = { asc = true, desc = true }

-- "Order.id.desc()" and "desc(Order.id)": the name in it, and "desc".
local function split_order(name)
  local inner, order = string.match(name, "^%s*(.-)%.(%a+)%(%)%s*$")
  if not orders[order] then order, inner = string.match(name, "^%s*(%a+)%((.-)%)%s*$") end
  if orders[order] then return inner, order end
end

-- "Order.id" or, with the target's class known, "id".
local function resolve_name(registry, name, target, where, option)
  local owner, key = string.match(name, "^%s*([^%.%s()]+)%.([^%.%s()]+)%s*$")
  if not owner then key = string.match(name, "^%s*([^%.%s()]+)%s*$") end
  if not key then
    fail("ArgumentError", "relationship %s: %s: a name such as \"Class.attribute\" expected, got '%s'; expressions are "
      .. "given by a function", where, option, name)
  end
  if not owner then return target[key] end
  if registry.classes[owner] then return registry.classes[owner][key] end
  local as_table = registry.metadata.tables[owner]
  if as_table then return as_table.c[key] end
  return find_class(registry, owner, where)
end

-- A list of columns or expressions from one of them, a name, a list of these, or a function.
local function resolve_list(registry, value, target, where, option)
  value = call_late(value)
  if value == nil then return nil end
  if type(value) ~= "table" then value = { value } end
  local list = {}
  for i, item in ipairs(value) do
    item = call_late(item)
    if type(item) == "string" then
      local name, order = nil, nil
      if option == "order_by" then name, order = split_order(item) end
      item = resolve_name(registry, name or item, target, where, option)
      if order then item = item[order](item) end
    end
    list[i] = item
  end
  return list
end

local function resolve_condition(value, where, option)
  value = call_late(value)
  if type(value) == "string" then
    fail("ArgumentError", "relationship %s: %s: strings are never SQL; write %s = function() return "
      .. "User.id:eq(Address.user_id) end", where, option, option)
  end
  if value ~= nil and type(value) ~= "userdata" then
    fail("ArgumentError", "relationship %s: %s: a condition such as User.id:eq(Address.user_id) expected, got %s",
      where, option, native.kind(value))
  end
  return value
end

-- The columns of a join, or of a subquery and its like, by the names that they get.
local function columns_of(from, where)
  local tables, list = native.joined_tables(from), {}
  if tables == false then
    fail("ArgumentError", "relationship %s: secondary: a join of tables by inner joins expected; another one is given "
      .. "as select(...):subquery()", where)
  end
  for _, each in ipairs(tables or {}) do
    for column in each.columns do list[#list + 1] = { each.name .. "_" .. column.key, column } end
  end
  if not tables then
    for column in from.c do list[#list + 1] = { column.key, column } end
  end
  return list
end

-- A Table that is in no database in the place of a select or a join, and the select that is written for it.
local function stand_in(from, options, where)
  if not options.viewonly or options.primaryjoin == nil or options.secondaryjoin == nil then
    fail("ArgumentError", "relationship %s: secondary is no Table: viewonly = true, primaryjoin and secondaryjoin "
      .. "expected", where)
  end
  local columns, labels = {}, {}
  for i, item in ipairs(columns_of(from, where)) do
    columns[i], labels[i] = corm.Column(item[1], item[2].type), item[2]:label(item[1])
  end
  local as_table = corm.Table("secondary", corm.MetaData(), table.unpack(columns))
  return as_table, from, corm.select(table.unpack(labels)):select_from(from)
end

local function resolve_secondary(registry, options, where)
  local value = call_late(options.secondary)
  if type(value) == "string" then
    local name = value
    value = registry.metadata.tables[name]
    if not value then
      fail("InvalidRequestError", "relationship %s: secondary: there is no table named '%s'", where, name)
    end
  end
  if value ~= nil and type(value) == "table" and info[value] then value = value.__table__ end
  if value ~= nil and native.kind(value) == "FROM clause" then return stand_in(value, options, where) end
  if value ~= nil and native.kind(value) ~= "Table" then
    fail("ArgumentError", "relationship %s: secondary: a Table, a join or a subquery expected, got %s", where,
      native.kind(value))
  end
  return value
end

local lazies = { [true] = "select", [false] = "joined" }

local function resolve_lazy(value, where)
  if type(value) == "boolean" then return lazies[value] end
  if value ~= nil and type(value) ~= "string" then
    fail("ArgumentError", "relationship %s: lazy: a name expected, got %s", where, native.kind(value))
  end
  return value
end

local function resolve_cascade(value, where)
  if value == false then return "" end
  if type(value) == "table" then return table.concat(value, ", ") end
  if value ~= nil and type(value) ~= "string" then
    fail("ArgumentError", "relationship %s: cascade: words such as \"all, delete-orphan\" expected, got %s", where,
      native.kind(value))
  end
  return value
end

local function check_depth(value, where)
  if value ~= nil and (math.type(value) ~= "integer" or value < 0 or value > 100) then
    fail("ArgumentError", "relationship %s: join_depth: a number of levels from 0 to 100 expected, got %s", where,
      tostring(value))
  end
  return value
end

-- Declaring to the core -----------------------------------------------------------------------------------------------

local function shape_of(options, where)
  if options.collection_class == nil then return nil end
  local shape = collections.resolve(options.collection_class, where)
  if shape and options.uselist == false then
    fail("ArgumentError", "relationship %s: collection_class is for collections, and uselist is false", where)
  end
  return shape
end

-- A collection without a list in memory.
local function unread(lazy, options, order_by, where)
  if options.collection_class ~= nil or options.uselist == false then
    fail("ArgumentError", "relationship %s: lazy = \"%s\" goes neither with collection_class nor with uselist = false",
      where, lazy)
  end
  return collections.unread(lazy, order_by)
end

-- Declares it unless that is done: one call does it, which nothing can interrupt.
local function declare(ci, key, options, target, back_populates)
  if native.is_attribute(ci.mapper, key) then return end
  local where = ci.name .. "." .. key
  local registry = ci.registry
  local shape, lazy = shape_of(options, where), resolve_lazy(options.lazy, where)
  local order_by = options.order_by ~= false and resolve_list(registry, options.order_by, target, where, "order_by")
  if lazy == "write_only" or lazy == "dynamic" then shape = unread(lazy, options, order_by or nil, where) end
  local secondary, secondary_from, secondary_select = resolve_secondary(registry, options, where)
  ci.collections[key] = shape
  native.relationship(ci.mapper, key, {
    target = target,
    shaped = shape ~= nil,
    secondary = secondary, secondary_from = secondary_from, secondary_select = secondary_select,
    back_populates = back_populates, overlaps = options.overlaps,
    uselist = options.uselist,
    lazy = lazy,
    cascade = resolve_cascade(options.cascade, where),
    passive_deletes = options.passive_deletes,
    viewonly = options.viewonly,
    single_parent = options.single_parent, active_history = options.active_history,
    post_update = options.post_update,
    passive_updates = options.passive_updates,
    innerjoin = options.innerjoin, load_on_pending = options.load_on_pending,
    join_depth = check_depth(options.join_depth, where),
    primaryjoin = resolve_condition(options.primaryjoin, where, "primaryjoin"),
    secondaryjoin = resolve_condition(options.secondaryjoin, where, "secondaryjoin"),
    reversed = options.reversed, sync_backref = options.sync_backref,
    foreign_keys = resolve_list(registry, options.foreign_keys, target, where, "foreign_keys"),
    remote_side = resolve_list(registry, options.remote_side, target, where, "remote_side"),
    order_by = order_by or nil,
    hooked = ci.hooked[key],
  })
  if shape then collections.watch(shape, ci.class, key) end
end

-- Options that the inverse of a backref shares with its origin.
local shared = { "secondary", "foreign_keys", "viewonly", "sync_backref", "post_update", "passive_updates" }

-- The conditions of the inverse are those of its origin, the other way round.
local function share_conditions(inverse, options)
  if inverse.primaryjoin ~= nil then return end
  if not options.secondary then
    inverse.primaryjoin, inverse.reversed = options.primaryjoin, true
    return
  end
  inverse.primaryjoin = options.secondaryjoin
  if inverse.secondaryjoin == nil then inverse.secondaryjoin = options.primaryjoin end
end

local function declare_backref(pending, target)
  local ci, key, options = pending.ci, pending.key, pending.declaration.options
  local backref = options.backref
  local name, own = backref, {}
  if orm.marker_kind(backref) == "backref" then
    name, own = backref.name, backref.options
  elseif type(backref) ~= "string" then
    fail("ArgumentError", "relationship %s.%s: backref: a name expected, got %s", ci.name, key, native.kind(backref))
  end
  local inverse = {}
  for option, value in next, own do inverse[option] = value end
  for _, option in ipairs(shared) do
    if inverse[option] == nil then inverse[option] = options[option] end
  end
  share_conditions(inverse, options)
  local ti = info[target]
  local taken = descriptors.find(ti, name)
  if (taken and taken ~= pending.inverse) or (not taken and native.is_attribute(ti.mapper, name)) then
    fail("ArgumentError", "relationship %s.%s: backref: %s has an attribute '%s' already", ci.name, key, ti.name, name)
  end
  ti.descriptors[name] = pending.inverse
  declare(ti, name, inverse, ci.class, key)
end

-- A relationship to an alias leads through what the alias selects from to the class, by the primary key.
local function through_alias(aliased, given, where)
  local class, from = alias.parts(aliased)
  if native.joined_tables(from) ~= nil then
    fail("ArgumentError", "relationship %s: an alias of a class with one table expected, %s has several", where,
      info[class].name)
  end
  local options = {}
  for name, value in next, given do options[name] = value end
  for _, name in ipairs { "secondary", "secondaryjoin", "backref", "back_populates" } do
    if options[name] ~= nil then
      fail("ArgumentError", "relationship %s: to an alias, which is only looked at: it takes no %s", where, name)
    end
  end
  if options.viewonly == false or options.primaryjoin == nil then
    fail("ArgumentError", "relationship %s: to an alias, which is only looked at: viewonly = true and primaryjoin "
      .. "expected", where)
  end
  local same = {}
  for i, name in ipairs((select(3, native.names(info[class].mapper)))) do same[i] = aliased[name]:eq(class[name]) end
  options.viewonly, options.secondary, options.secondaryjoin = true, from, corm.and_(table.unpack(same))
  return class, options
end

-- Resolves one pending relationship. It may fail, or be interrupted, anywhere, and is done again then: what has been
-- declared to the core is not declared twice. Gives the registry of its other side, where it has one.
function relationships.resolve(pending)
  local ci, key = pending.ci, pending.key
  local declaration = pending.declaration
  -- The class was refused, or the assignment to it did not come to its end.
  if ci.registry.classes[ci.name] ~= ci.class or ci.descriptors[key] ~= declaration then return end
  local options, target, where = declaration.options, call_late(declaration.target), ci.name .. "." .. key
  if is_alias(target) then
    target, options = through_alias(target, options, where)
  end
  target = resolve_class(ci.registry, target, where)
  local back_populates = options.back_populates
  if options.backref then
    back_populates = type(options.backref) == "string" and options.backref or options.backref.name
  end
  declare(ci, key, options, target, back_populates)
  if options.backref then declare_backref(pending, target) end
  return back_populates and info[target].registry
end

-- Something else that the same statement of the script has set may have configured all.
local function check_configured(ci, key)
  local registry = ci.registry
  if declarative.configure_pending(registry) then return end
  if native.is_attribute(ci.mapper, key) and not native.busy(registry.native) then return end
  fail("InvalidRequestError", "the relationship %s.%s is not configured yet", ci.name, key)
end

orm.descriptor("relationship", {
  -- It is resolved when the registry is next configured.
  declare = function(ci, key, declaration)
    local registry = ci.registry
    registry.pending[#registry.pending + 1] = {
      ci = ci, key = key, declaration = declaration,
      inverse = declaration.options.backref and orm.marker("relationship", {}),
    }
    native.touch(registry.native)
  end,
  class = function(ci, key, _, _, from) return native.relation(ci.mapper, key, from), true end,
  -- Objects that were made before the relationship was declared; others find it in C.
  get = function(object, _, key)
    local ci = info[native.class_of(object)]
    check_configured(ci, key)
    return object[key]
  end,
  set = function(object, _, key, value)
    local ci = info[native.class_of(object)]
    check_configured(ci, key)
    object[key] = value
  end,
})

return relationships
