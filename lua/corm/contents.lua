-- What there is, and the file that it is in. A file is compiled when something of it is needed for the first time, so
-- that a script pays for what it uses (docs/decisions/0021-files-when-they-are-needed.md).
local _, load, own = ...
local orm = load "corm.orm"
local native, ddl = orm.native, orm.ddl

-- A function that is a field of a file's result.
local function later(file, name)
  return function(...) return load(file)[name](...) end
end

-- Names of the module -------------------------------------------------------------------------------------------------

local names = {
  ["corm.alias"] = { "Bundle", "aliased", "with_parent" },
  ["corm.attributes"] = { "validates" },
  ["corm.automap"] = { "automap_base" },
  ["corm.collections"] = { "attribute_keyed_dict", "column_keyed_dict", "keyfunc_mapping", "ordering_list" },
  ["corm.composite"] = { "composite" },
  ["corm.concrete"] = { "AbstractConcreteBase", "ConcreteBase", "polymorphic_union" },
  ["corm.config"] = { "engine_from_config" },
  ["corm.constructor"] = { "reconstructor" },
  ["corm.criteria"] = { "with_loader_criteria" },
  ["corm.ddl"] = {
    "BLANK_SCHEMA", "CreateTableAs", "CreateView", "DDL", "DropView", "create_mock_engine", "sort_tables",
    "sort_tables_and_constraints",
  },
  ["corm.declarative"] = { "clear_mappers", "configure_mappers", "declarative_base", "registry" },
  ["corm.declared"] = { "declared_attr", "has_inherited_table" },
  ["corm.deferral"] = { "DeferredReflection" },
  ["corm.events"] = { "Mapper" },
  ["corm.frozen"] = { "merge_frozen_result" },
  ["corm.hybrid"] = { "hybrid_method", "hybrid_property" },
  ["corm.index_property"] = { "index_property" },
  ["corm.inspect"] = {
    "class_mapper", "close_all_sessions", "flag_dirty", "flag_modified", "get_history", "inspect", "make_transient",
    "make_transient_to_detached", "object_mapper", "object_session", "set_committed_value", "was_deleted",
  },
  ["corm.mutable_class"] = { "Mutable" },
  ["corm.mutable_composite"] = { "MutableComposite" },
  ["corm.mutable_tables"] = { "MutableDict", "MutableJSON", "MutableList", "MutableSet" },
  ["corm.polymorphic"] = { "with_polymorphic" },
  ["corm.property"] = { "column_property", "deferred", "query_expression" },
  ["corm.proxy"] = { "association_proxy" },
  ["corm.relationship"] = { "backref", "foreign", "relationship", "remote" },
  ["corm.scoped"] = { "scoped_session" },
  ["corm.sharded"] = { "ShardedSession" },
  ["corm.stubs"] = { "stubs" },
  ["corm.synonym"] = { "synonym" },
  ["corm.table"] = { "table" },
  ["corm.testing"] = { "assert_sql_count" },
}

local homes = {} -- name -> file
for file, list in next, names do
  for _, name in ipairs(list) do homes[name] = file end
end

-- For corm's own files, whatever the script does to its table.
setmetatable(own, {
  __index = function(_, name)
    local file = homes[name]
    if not file then return nil end
    local _, given = load(file)
    return given[name]
  end,
})

-- What C calls --------------------------------------------------------------------------------------------------------

orm.functions_later("corm.attributes", { "call_default" })
orm.functions_later("corm.autoload", { "autoload" })
orm.functions_later("corm.collections", { "collection_values", "collection_view", "reverse_list", "sort_list" })
orm.functions_later("corm.convenience", { "object_pairs" })
orm.functions_later("corm.criteria", { "criterion" })
orm.functions_later("corm.ddl", { "table_event" })
orm.functions_later("corm.declarative", { "configure" })
orm.functions_later("corm.descriptor", {
  "assign", "check_field", "filter_by", "is_follower", "object_index", "object_newindex", "set_fields",
})
orm.functions_later("corm.events", {
  "attribute_append", "attribute_bulk_replace", "attribute_set", "bulk_event", "event", "instance_event",
  "mapper_event", "relationship_event", "session_event", "session_made",
})
orm.functions_later("corm.execute", { "orm_execute", "orm_load" })
orm.functions_later("corm.inspect", { "attribute_fact" })
orm.functions_later("corm.joined", { "insert_joined", "update_joined" })
orm.functions_later("corm.mutable", { "mutable_assigned", "mutable_plain", "mutable_wrap" })
orm.functions_later("corm.types", { "enum_of", "sqlite_type" })

-- Methods -------------------------------------------------------------------------------------------------------------

for file, list in next, {
  ["corm.bulk"] = { "bulk_insert_mappings", "bulk_save_objects", "bulk_update_mappings" },
  ["corm.convenience"] = { "find_or_create", "in_batches", "paginate" },
  ["corm.plan"] = { "explain", "plan" },
  ["corm.upsert"] = { "upsert" },
} do
  for _, name in ipairs(list) do native.method("Session", name, later(file, name)) end
end
for _, name in ipairs {
  "difference_update_query", "set", "update_query_dict", "update_query_pairs", "update_query_string",
} do
  native.method("URL", name, later("corm.url", name))
end
ddl.statement_method("execute_if", later("corm.ddl", "execute_if"))
ddl.statement_method("into", later("corm.ddl", "into"))
native.method("Table", "to_metadata", later("corm.ddl", "to_metadata"))
native.method("MetaData", "reflect", function(metadata, bind, options)
  return load("corm.autoload").reflect(metadata, bind, options)
end)

-- Types ---------------------------------------------------------------------------------------------------------------

own.PickleType = own.TypeDecorator {
  impl = own.LargeBinary,
  cache_ok = true,
  process_bind_param = later("corm.types", "pickle"),
  process_result_value = later("corm.types", "unpickle"),
}
own.types.PickleType = own.PickleType
own.dialects.mysql.SET = later("corm.types", "SET")

-- The module ----------------------------------------------------------------------------------------------------------

-- Tables of names, which a script may change: its own ones. Two names of one table are so again.
local function copied(value, copies)
  if type(value) ~= "table" or getmetatable(value) then return value end
  if copies[value] then return copies[value] end
  local copy = {}
  copies[value] = copy
  for key, item in next, value do copy[key] = copied(item, copies) end
  return copy
end

-- What an opening gives: a fresh table.
return function()
  local corm, unasked, copies = {}, {}, {}
  for name, value in next, own do corm[name] = copied(value, copies) end
  for name in next, homes do unasked[name] = true end -- what the script has not asked for

  local function take(name)
    local value = own[name]
    rawset(corm, name, value)
    unasked[name] = nil
    return value
  end

  return setmetatable(corm, {
    __index = function(_, name) return unasked[name] and take(name) or nil end,
    __pairs = function()
      for name in next, unasked do
        if rawget(corm, name) == nil then take(name) end
      end
      return next, corm, nil
    end,
  })
end
