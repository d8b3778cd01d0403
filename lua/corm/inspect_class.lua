-- inspect() of a class: a Mapper, whose properties are fields. Names stand in sequences that can be asked by name, too.
local corm, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local inspect = load "corm.inspect"
local native, info, fail, field = orm.native, orm.info, orm.fail, orm.field

orm.inspect_parts(function(view, by_name, info_of)
  -- One view a class, so that they can be compared.
  local views = setmetatable({}, { __mode = "k" })

  local function mapper_of(class) return class and inspect(class) end

  local function options_of(class, key)
    local marker = descriptors.find(info[class], key)
    return marker and field(marker, "options") or {}
  end

  -- Columns -----------------------------------------------------------------------------------------------------------

  local function column_fact(name)
    return function(subject) return native.column_info(info[subject.class].mapper, subject.key)[name] end
  end

  local column_fields = {
    key = function(subject) return subject.key end,
    parent = function(subject) return mapper_of(subject.class) end,
    class_attribute = function(subject) return subject.class[subject.key] end,
    expression = function(subject) return subject.class[subject.key] end,
  }
  for _, name in ipairs { "columns", "group", "deferred", "raiseload", "active_history" } do
    column_fields[name] = column_fact(name)
  end

  -- Relationships -----------------------------------------------------------------------------------------------------

  local function facts(subject) return native.relation_facts(info[subject.class].mapper, subject.key) end

  -- The columns at one end of the pairs, each once.
  local function ends(subject, at)
    local list, seen = {}, {}
    for _, pair in ipairs(facts(subject).local_remote_pairs) do
      local column = pair[at]
      if not seen[column] then list[#list + 1], seen[column] = column, true end
    end
    return list
  end

  -- A many-to-many's local columns are those of its own class: its pairs have the target's, too.
  local function local_columns(subject)
    local list = {}
    local own = native.class_info(info[subject.class].mapper).tables
    for _, column in ipairs(ends(subject, 1)) do
      for _, as_table in ipairs(own) do
        if rawequal(column.table, as_table) then
          list[#list + 1] = column
          break
        end
      end
    end
    return list
  end

  local relationship_fields = {
    key = function(subject) return subject.key end,
    class_attribute = function(subject) return subject.class[subject.key] end,
    mapper = function(subject) return mapper_of(facts(subject).target) end,
    entity = function(subject) return mapper_of(facts(subject).target) end,
    remote_side = function(subject) return ends(subject, 2) end,
    local_columns = local_columns,
    info = function(subject) return options_of(subject.class, subject.key).info or {} end,
    doc = function(subject) return options_of(subject.class, subject.key).doc end,
  }
  for _, name in ipairs {
    "direction", "uselist", "target", "parent", "back_populates", "lazy", "secondary", "local_remote_pairs", "cascade",
    "passive_deletes", "passive_updates", "viewonly", "post_update", "single_parent", "active_history", "innerjoin",
    "join_depth", "load_on_pending",
  } do
    relationship_fields[name] = function(subject) return facts(subject)[name] end
  end

  -- Other names -------------------------------------------------------------------------------------------------------

  local function marker_of(subject) return (descriptors.find(info[subject.class], subject.key)) end

  local synonym_fields = {
    key = function(subject) return subject.key end,
    name = function(subject) return marker_of(subject).name end,
    parent = function(subject) return mapper_of(subject.class) end,
    class_attribute = function(subject) return subject.class[subject.key] end,
  }

  local composite_fields = {
    key = function(subject) return subject.key end,
    names = function(subject) return table.move(marker_of(subject).names, 1, 250, 1, {}) end,
    composite_class = function(subject) return marker_of(subject).make end,
    columns = function(subject)
      local list = {}
      for i, name in ipairs(marker_of(subject).names) do
        list[i] = native.column_info(info[subject.class].mapper, name).column
      end
      return list
    end,
    parent = function(subject) return mapper_of(subject.class) end,
    class_attribute = function(subject) return subject.class[subject.key] end,
  }

  -- What SQLAlchemy calls what stands behind a name and is not mapped.
  local extension_types = {
    hybrid = "HYBRID_PROPERTY", hybrid_method = "HYBRID_METHOD", proxy = "ASSOCIATION_PROXY",
  }

  local descriptor_fields = {
    key = function(subject) return subject.key end,
    extension_type = function(subject)
      local marker = marker_of(subject)
      return marker and extension_types[marker.kind] or "NOT_EXTENSION"
    end,
    parent = function(subject) return mapper_of(subject.class) end,
    class_attribute = function(subject) return subject.class[subject.key] end,
  }

  local property_views = {
    column = { "ColumnProperty", column_fields },
    relationship = { "RelationshipProperty", relationship_fields },
    synonym = { "SynonymProperty", synonym_fields },
    composite = { "CompositeProperty", composite_fields },
    descriptor = { "Descriptor", descriptor_fields },
  }

  local function property(class, kind, key)
    local made = property_views[kind]
    return view(made[1], { class = class, key = key }, made[2])
  end

  -- Classes -----------------------------------------------------------------------------------------------------------

  local function configured(class) info[class].registry:configure() end

  -- Names of a class's properties of these kinds, and the kind of each.
  local function names_of(class, kinds)
    local names, kind_of = {}, {}
    configured(class)
    local columns, relationships = native.names(info[class].mapper)
    local lists = { column = columns, relationship = relationships }
    for _, kind in ipairs(kinds) do
      for _, key in ipairs(lists[kind] or descriptors.names(info[class], kind)) do
        if not kind_of[key] then names[#names + 1], kind_of[key] = key, kind end
      end
    end
    return names, kind_of
  end

  local function properties(...)
    local kinds = { ... }
    return function(class)
      local names, kind_of = names_of(class, kinds)
      return by_name(names, function(key) return property(class, kind_of[key], key) end)
    end
  end

  local function column_list(names, class)
    return by_name(names, function(key) return native.column_info(info[class].mapper, key).column end)
  end

  local function class_fact(name)
    return function(class) return native.class_info(info[class].mapper)[name] end
  end

  local function family(class, list)
    list[#list + 1] = mapper_of(class)
    for _, child in ipairs(native.class_info(info[class].mapper).children) do family(child, list) end
    return list
  end

  local function check_mapper(what, other)
    if type(other) == "table" and info[other] and info[other].mapper then return other end
    if type(other) == "table" and views[other.class_] == other then return other.class_ end
    return fail("ArgumentError", "%s: a model or its Mapper expected, got %s", what, native.kind(other))
  end

  local function isa(class, other)
    other = check_mapper("Mapper.isa", other)
    while class and class ~= other do class = native.class_info(info[class].mapper).inherits end
    return class ~= nil
  end

  local function check_instance(class, what, object)
    local of = native.class_of(object)
    if not of or not isa(of, class) then
      fail("ArgumentError", "Mapper.%s: an object of %s expected, got %s", what, class.__name__,
        of and of.__name__ or native.kind(object))
    end
  end

  local function primary_key_of(class, what, object)
    check_instance(class, what, object)
    local values = {}
    for i, key in ipairs((select(3, native.names(info[class].mapper)))) do
      local value = object[key]
      if value == nil then value = corm.null end
      values[i] = value
    end
    return values
  end

  local all_kinds = { "column", "relationship", "synonym", "composite" }
  local extensions = { "hybrid", "hybrid_method", "proxy" }

  local class_fields = {
    info = info_of,
    is_mapper = function() return true end,
    class_ = function(class) return class end,
    entity = function(class) return class end,
    registry = function(class) return info[class].registry end,
    local_table = function(class) return class.__table__ end,
    columns = function(class) return column_list((native.names(info[class].mapper)), class) end,
    c = function(class) return column_list((native.names(info[class].mapper)), class) end,
    primary_key = function(class) return column_list((select(3, native.names(info[class].mapper))), class) end,
    attrs = properties(table.unpack(all_kinds)),
    column_attrs = properties "column",
    relationships = properties "relationship",
    synonyms = properties "synonym",
    composites = properties "composite",
    all_orm_descriptors = function(class)
      local kinds = table.move(extensions, 1, #extensions, #all_kinds + 1, table.move(all_kinds, 1, #all_kinds, 1, {}))
      return by_name((names_of(class, kinds)), function(key) return property(class, "descriptor", key) end)
    end,
    inherits = function(class) return mapper_of(native.class_info(info[class].mapper).inherits) end,
    base_mapper = function(class) return mapper_of(native.class_info(info[class].mapper).base) end,
    self_and_descendants = function(class) return family(class, {}) end,
    iterate_to_root = function(class)
      local list = {}
      while class do
        list[#list + 1] = mapper_of(class)
        class = native.class_info(info[class].mapper).inherits
      end
      return list
    end,
    polymorphic_map = function(class)
      local map = {}
      for _, each in ipairs(family(native.class_info(info[class].mapper).base, {})) do
        if each.polymorphic_identity ~= nil then map[each.polymorphic_identity] = each end
      end
      return map
    end,
    tables = class_fact "tables",
    single = class_fact "single",
    polymorphic_on = class_fact "polymorphic_on",
    polymorphic_identity = class_fact "polymorphic_identity",
    version_id_col = class_fact "version_id_col",
    isa = function(class) return function(_, other) return isa(class, other) end end,
    has_property = function(class)
      return function(_, key) return (select(2, names_of(class, all_kinds)))[key] ~= nil end
    end,
    get_property = function(class)
      return function(_, key)
        local names, kind_of = names_of(class, all_kinds)
        if not kind_of[key] then native.unknown("property", class.__name__, tostring(key), names) end
        return property(class, kind_of[key], key)
      end
    end,
    get_property_by_column = function(class)
      return function(_, column)
        for _, key in ipairs((native.names(info[class].mapper))) do
          for _, each in ipairs(native.column_info(info[class].mapper, key).columns) do
            if rawequal(each, column) then return property(class, "column", key) end
          end
        end
        return fail("ArgumentError", "get_property_by_column: %s has no such column as %s", class.__name__,
          native.kind(column) == "Column" and tostring(column) or native.kind(column))
      end
    end,
    mapper = mapper_of,
    identity_key_from_primary_key = function(class)
      return function(_, key)
        local n = #select(3, native.names(info[class].mapper))
        if type(key) ~= "table" or #key ~= n then
          fail("ArgumentError", "Mapper.identity_key_from_primary_key: a list of %d values expected, got %s", n,
            native.kind(key))
        end
        return { native.class_info(info[class].mapper).base, table.move(key, 1, n, 1, {}) }
      end
    end,
    primary_key_from_instance = function(class)
      return function(_, object) return primary_key_of(class, "primary_key_from_instance", object) end
    end,
    identity_key_from_instance = function(class)
      return function(_, object)
        local base = native.class_info(info[class].mapper).base
        return { base, primary_key_of(class, "identity_key_from_instance", object) }
      end
    end,
  }

  return function(class)
    local found = views[class]
    if not found then
      found = view("Mapper", class, class_fields)
      views[class] = found
    end
    return found
  end
end)
