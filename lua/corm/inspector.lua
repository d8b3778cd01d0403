-- corm.inspect(engine or connection): the Inspector, which says what is in a database
-- (docs/decisions/0023-reflection.md).
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail

local inspector = {}

-- Inspector -> { bind, engine, catalog, cache, connection, whole }; `whole` are the schemas of which all tables are
-- asked for at once, with the names of these.
local states = setmetatable({}, { __mode = "k" })
local members = {}

-- "schema.name", as metadata.tables has it.
function inspector.full_name(name, schema)
  return schema and schema .. "." .. name or name
end

local full_name = inspector.full_name

local function state_of(self, what)
  local state = states[self]
  if not state then fail("ArgumentError", "Inspector:%s: an Inspector expected, got %s", what, native.kind(self)) end
  return state
end

-- Asking --------------------------------------------------------------------------------------------------------------

local function rows_of(connection, sql, values)
  local rows = connection:exec_driver_sql(sql, values):mappings():all()
  for _, row in ipairs(rows) do
    for name, value in pairs(row) do
      if value == corm.null then row[name] = nil end
    end
  end
  return rows
end

-- Runs fn(ask) with the connection that there is, or one for the time being.
local function asking(state, fn)
  local connection = state.connection
  if connection then
    return fn(function(sql, ...) return rows_of(connection, sql, { ... }) end)
  end
  local own <close> = state.engine:connect()
  return fn(function(sql, ...) return rows_of(own, sql, { ... }) end)
end

-- Runs fn with one connection for all that it asks.
function inspector.together(self, fn)
  local state = state_of(self, "together")
  if state.connection then return fn() end
  local own <close> = state.engine:connect()
  local _ <close> = setmetatable({}, { __close = function() state.connection = nil end })
  state.connection = own
  return fn()
end

-- What the catalog answers to a question, remembered until clear_cache().
local function answer(state, question, schema, name)
  local key = table.concat({ question, schema or "", schema and "." or "", name or "", name and "." or "" }, "\0")
  if state.cache[key] == nil then
    state.cache[key] = asking(state, function(ask) return state.catalog[question](ask, schema, name) or false end)
  end
  return state.cache[key] or nil
end

-- The same for one table. Where its whole schema was asked for, nobody is asked again.
local function answer_for(state, question, schema, name)
  local whole = state.whole[schema or false]
  if whole and whole[name] then return answer(state, question, schema)[name] end
  return select(2, next(answer(state, question, schema, name)))
end

-- Lists that are handed out are the caller's.
local function copy(value)
  if type(value) ~= "table" or native.kind(value) ~= "table" then return value end
  local copied = {}
  for key, item in next, value do copied[key] = copy(item) end
  return copied
end

-- Arguments -----------------------------------------------------------------------------------------------------------

local function check_name(what, name, noun)
  if type(name) ~= "string" then
    fail("ArgumentError", "Inspector:%s: the name of %s expected, got %s", what, noun or "a table", native.kind(name))
  end
end

-- The options of a method; a schema may also stand alone.
local function options_of(what, given, more)
  if type(given) == "string" then given = { schema = given } end
  local known = { schema = "string" }
  for name, kind in pairs(more or {}) do known[name] = kind end
  return orm.check_options("Inspector:" .. what, given, known)
end

-- Names ---------------------------------------------------------------------------------------------------------------

local function names(relations, kind, temporary)
  local found = {}
  for _, relation in ipairs(relations) do
    if relation.kind == kind and (relation.temporary or false) == temporary then found[#found + 1] = relation.name end
  end
  table.sort(found)
  return found
end

local function add_names(method, kind, temporary)
  members[method] = function(self, options)
    local state, schema = state_of(self, method), options_of(method, options).schema
    return names(answer(state, "relations", schema), kind, temporary)
  end
end

add_names("get_table_names", "table", false)
add_names("get_view_names", "view", false)
add_names("get_materialized_view_names", "materialized_view", false)

for method, kind in next, { get_temp_table_names = "table", get_temp_view_names = "view" } do
  members[method] = function(self)
    return names(answer(state_of(self, method), "relations"), kind, true)
  end
end

function members.get_schema_names(self) return copy(answer(state_of(self, "get_schema_names"), "schemas")) end

function members.get_sequence_names(self, options)
  local state, schema = state_of(self, "get_sequence_names"), options_of("get_sequence_names", options).schema
  return state.catalog.sequences and copy(answer(state, "sequences", schema)) or {}
end

function members.get_enums(self, options)
  local state, schema = state_of(self, "get_enums"), options_of("get_enums", options).schema
  return state.catalog.enums and copy(answer(state, "enums", schema)) or {}
end

-- One table -----------------------------------------------------------------------------------------------------------

-- Tables and views of this name, without those of other schemas.
local function is_there(state, name, schema)
  return answer_for(state, "columns", schema, name) ~= nil
end

function members.has_table(self, name, options)
  check_name("has_table", name)
  return is_there(state_of(self, "has_table"), name, options_of("has_table", options).schema)
end

local function one(self, what, question, name, options)
  local state, schema = state_of(self, what), options_of(what, options).schema
  check_name(what, name)
  local found = answer_for(state, question, schema, name)
  if found == nil and not is_there(state, name, schema) then
    fail("NoSuchTableError", "the database has no table '%s'", full_name(name, schema))
  end
  return copy(found)
end

-- What is told of each table: method, the name of get_multi_..., question to the catalog, what is told where there is
-- nothing.
local function empty_list() return {} end
local function empty_key() return { constrained_columns = {} } end

local parts = {
  { "get_columns", "get_multi_columns", "columns", empty_list },
  { "get_pk_constraint", "get_multi_pk_constraint", "primary_keys", empty_key },
  { "get_foreign_keys", "get_multi_foreign_keys", "foreign_keys", empty_list },
  { "get_unique_constraints", "get_multi_unique_constraints", "unique_constraints", empty_list },
  { "get_indexes", "get_multi_indexes", "indexes", empty_list },
  { "get_check_constraints", "get_multi_check_constraints", "check_constraints", empty_list },
  { "get_table_options", "get_multi_table_options", "options", empty_list },
}

for _, part in ipairs(parts) do
  local method, question, empty = part[1], part[3], part[4]
  members[method] = function(self, name, options) return one(self, method, question, name, options) or empty() end
end

function members.get_table_comment(self, name, options)
  return { text = one(self, "get_table_comment", "comments", name, options) }
end

function members.get_view_definition(self, name, options)
  local state, schema = state_of(self, "get_view_definition"), options_of("get_view_definition", options).schema
  check_name("get_view_definition", name, "a view")
  local text = answer(state, "view_definition", schema, name)
  if not text then
    fail("NoSuchTableError", "the database has no view '%s'", full_name(name, schema))
  end
  return text
end

local function has(list, field, name)
  for _, each in ipairs(list) do
    if (field and each[field] or each) == name then return true end
  end
  return false
end

function members.has_index(self, table_, name, options)
  check_name("has_index", name, "an index")
  return self:has_table(table_, options) and has(self:get_indexes(table_, options), "name", name)
end

function members.has_schema(self, name)
  check_name("has_schema", name, "a schema")
  return has(self:get_schema_names(), nil, name)
end

function members.has_sequence(self, name, options)
  check_name("has_sequence", name, "a sequence")
  return has(self:get_sequence_names(options), nil, name)
end

-- Many tables ---------------------------------------------------------------------------------------------------------

local kinds = {
  table = { table = true },
  view = { view = true },
  materialized_view = { materialized_view = true },
  any_view = { view = true, materialized_view = true },
  any = { table = true, view = true, materialized_view = true },
}
local scopes = { default = { [false] = true }, temporary = { [true] = true }, any = { [false] = true, [true] = true } }

local function chosen(set, what, option, value, usual)
  if value == nil then value = usual end
  if not set[value] then native.unknown(option, "Inspector:" .. what, tostring(value), orm.sorted_keys(set)) end
  return set[value]
end

-- The names that get_multi_...{ schema, filter_names, kind, scope } is about.
local function wanted_names(state, what, options)
  local kind = chosen(kinds, what, "kind", options.kind, "table")
  local scope = chosen(scopes, what, "scope", options.scope, "default")
  local found = {}
  for _, relation in ipairs(answer(state, "relations", options.schema)) do
    if kind[relation.kind] and scope[relation.temporary or false]
      and (not options.filter_names or orm.is_in(options.filter_names, relation.name)) then
      found[#found + 1] = relation
    end
  end
  return found
end

-- Below so many tables each is asked for by itself.
local FEW = 3

-- Questions about n tables of a schema will follow: one about all of them is cheaper. Views and temporary tables are
-- asked for one by one.
function inspector.at_once(self, schema, n)
  local state = states[self]
  if n < FEW or state.whole[schema or false] then return end
  local whole = {}
  for _, relation in ipairs(answer(state, "relations", schema)) do
    if relation.kind == "table" and not relation.temporary then whole[relation.name] = true end
  end
  for _, relation in ipairs(answer(state, "relations", schema)) do
    if relation.temporary then whole[relation.name] = nil end
  end
  state.whole[schema or false] = whole
end

-- By name of the table, what get_...(name) says.
local function many(self, what, question, options, empty)
  local state = state_of(self, what)
  options = options_of(what, options, { filter_names = "table", kind = "string", scope = "string" })
  local found = {}
  inspector.together(self, function()
    local relations = wanted_names(state, what, options)
    inspector.at_once(self, options.schema, #relations)
    for _, relation in ipairs(relations) do
      local told = answer_for(state, question, options.schema, relation.name)
      if told == nil then told = empty() end
      found[full_name(relation.name, options.schema)] = copy(told)
    end
  end)
  return found
end

for _, part in ipairs(parts) do
  local method, question, empty = part[2], part[3], part[4]
  members[method] = function(self, options) return many(self, method, question, options, empty) end
end

function members.get_multi_table_comment(self, options)
  local found = many(self, "get_multi_table_comment", "comments", options, function() return false end)
  for name, text in pairs(found) do found[name] = { text = text or nil } end
  return found
end

-- get_sorted_table_and_fkc_names { schema }: { name, { names of its foreign keys } } for each table, those that are
-- referred to first; and last { nil, { { table, name } ... } }, the keys by which tables refer to each other.
function members.get_sorted_table_and_fkc_names(self, options)
  local what = "get_sorted_table_and_fkc_names"
  state_of(self, what)
  local scratch, found = corm.MetaData(), {}
  scratch:reflect(self, { schema = options_of(what, options).schema, resolve_fks = false })
  for i, entry in ipairs(corm.sort_tables_and_constraints(scratch.tables)) do
    local keys = {}
    for k, key in ipairs(entry[2]) do keys[k] = entry[1] and (key.name or false) or { key.table.name, key.name } end
    found[i] = { entry[1] and entry[1].name, keys }
  end
  return found
end

function members.reflect_table(self, ...)
  state_of(self, "reflect_table")
  return load("corm.autoload").reflect_table(self, ...)
end

-- The Inspector -------------------------------------------------------------------------------------------------------

-- Forgets what was asked: the next question goes to the database.
function members.clear_cache(self)
  local state = state_of(self, "clear_cache")
  state.cache, state.whole = {}, {}
end

local fields = {
  bind = function(state) return state.bind end,
  engine = function(state) return state.engine end,
  dialect = function(state) return state.engine.dialect end,
  default_schema_name = function(state) return answer(state, "default_schema") end,
}

local meta = { __name = "corm.Inspector", __metatable = "corm.Inspector" }

function meta.__index(self, name)
  if members[name] then return members[name] end
  if fields[name] then return fields[name](states[self]) end
  local known = orm.sorted_keys(members)
  for _, field in ipairs(orm.sorted_keys(fields)) do known[#known + 1] = field end
  return native.unknown("member", "Inspector", tostring(name), known)
end

function meta.__newindex() return fail("ArgumentError", "an Inspector cannot be changed") end
function meta.__tostring(self) return "Inspector of " .. tostring(states[self].engine) end

local files = { mariadb = "mysql" }

-- The Inspector of an Engine or a Connection, which is used as it is; nil for anything else.
function inspector.of(bind)
  local kind = native.kind(bind)
  if kind ~= "Engine" and kind ~= "Connection" then return nil end
  local engine = kind == "Engine" and bind or bind.engine
  local name = engine.dialect.name
  local made = setmetatable({}, meta)
  states[made] = {
    bind = bind,
    engine = engine,
    connection = kind == "Connection" and bind or nil,
    catalog = load("corm.catalog_" .. (files[name] or name)),
    cache = {},
    whole = {},
  }
  return made
end

function inspector.is(value) return states[value] ~= nil end

return inspector
