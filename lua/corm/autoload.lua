-- Tables out of a database: Table(..., { autoload_with }), metadata:reflect(), inspector:reflect_table(). The Inspector
-- says what there is; this makes columns, keys, constraints and indexes of it, but for those that the script gives.
local corm, load = ...
local orm, inspector, ddl = load "corm.orm", load "corm.inspector", load "corm.ddl"
local native, fail, full_name = orm.native, orm.fail, inspector.full_name
local Column, Table, literal_column = corm.Column, corm.Table, corm.literal_column

local file = {}

local function inspector_of(bind, what)
  if inspector.is(bind) then return bind end
  return inspector.of(bind)
    or fail("ArgumentError", "%s: an Engine, a Connection or an Inspector expected, got %s", what, native.kind(bind))
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list or {}) do set[item] = true end
  return set
end

-- Whether the table is to have all of the columns.
local function all_in(names, columns)
  for _, name in ipairs(names) do
    if name ~= corm.null and not columns[name] then return false end
  end
  return true
end

-- Options that hold SQL: what is told of them is text.
local function options_from(told, options)
  for name, value in pairs(told or {}) do
    if string.find(name, "_where$") then value = literal_column(value) end
    options[name] = value
  end
  return options
end

-- The options of a key or constraint.
local function constraint_options(told)
  return options_from(told.dialect_options,
    { name = told.name, comment = told.comment, deferrable = told.deferrable, initially = told.initially })
end

-- Columns -------------------------------------------------------------------------------------------------------------

-- `key`: it is part of the primary key. The server makes the values of an autoincrement key, whatever its default is
-- called.
local function column_of(info, key)
  local parts = { info.name, info.type }
  local options = {
    key = info.key, info = info.info, comment = info.comment, primary_key = key or nil, quote = info.quote,
  }
  if not key then options.nullable = info.nullable end
  if info.computed then
    local persisted = { persisted = info.computed.persisted }
    parts[#parts + 1] = corm.Computed(literal_column(info.computed.sqltext), persisted)
  elseif info.identity then
    parts[#parts + 1] = corm.Identity(info.identity)
  elseif info.default and not (key and info.autoincrement == true) then
    options.server_default = type(info.default) == "string" and literal_column(info.default) or info.default
  end
  if key then options.autoincrement = info.autoincrement end
  parts[#parts + 1] = options_from(info.dialect_options, options)
  return Column(table.unpack(parts))
end

-- Adds the columns that the database has: `made.given` by name stand in the place of theirs. Sets made.columns,
-- name -> Column.
local function add_columns(self, table_, made)
  local keys = set_of(made.primary.constrained_columns)
  for _, info in ipairs(self:get_columns(table_.name, { schema = made.schema })) do
    local name = info.name
    ddl.tell_all({ table_.metadata, table_ }, "column_reflect", self, table_, info)
    if (not made.include or made.include[name]) and not made.exclude[name] then
      local column = made.given[name] or made.there[name]
      if not column then column = column_of(info, keys[name]) end
      if not made.there[name] then table_:append_column(column) end
      made.columns[name] = column
    end
  end
  for _, column in ipairs(made.given) do
    if not made.columns[column.name] then
      if not made.there[column.name] then table_:append_column(column) end
      made.columns[column.name] = column
    end
  end
end

-- Keys and constraints ------------------------------------------------------------------------------------------------

local function append(table_, constraint)
  table_:append_constraint(constraint)
end

local function add_primary_key(table_, made)
  local told = made.primary
  local keys = set_of(told.constrained_columns)
  local extended = false
  for _, column in ipairs(made.given) do
    if column.primary_key and not keys[column.name] then extended = true end
    if keys[column.name] and not column.primary_key then
      fail("ArgumentError", "Table '%s': the column '%s' is part of the primary key in the database; "
        .. "say primary_key = true", table_.name, column.name)
    end
  end
  local columns = {}
  for i, name in ipairs(told.constrained_columns) do columns[i] = made.columns[name] end
  if extended or #columns == 0 or #columns < #told.constrained_columns or next(made.there) then return end
  columns[#columns + 1] = constraint_options(told)
  append(table_, corm.PrimaryKeyConstraint(table.unpack(columns)))
end

-- Whether one of the columns is the script's own, which says itself what it refers to.
local function is_given(names, made)
  for _, name in ipairs(names) do
    if made.given[name] or made.there[name] then return true end
  end
  return false
end

-- Whether a constraint or index of these columns is still missing. A table that was there has those of its own columns.
local function is_missing(names, made)
  if not all_in(names, made.columns) then return false end
  for _, name in ipairs(names) do
    if name == corm.null or not made.there[name] then return true end
  end
  return false
end

local function add_foreign_keys(self, table_, made)
  for _, told in ipairs(self:get_foreign_keys(table_.name, { schema = made.schema })) do
    if all_in(told.constrained_columns, made.columns) and not is_given(told.constrained_columns, made) then
      local target, columns, targets = full_name(told.referred_table, told.referred_schema), {}, {}
      for i, name in ipairs(told.constrained_columns) do columns[i] = made.columns[name].key end
      for i, name in ipairs(told.referred_columns) do targets[i] = target .. "." .. name end
      local options = options_from(told.options, { name = told.name, comment = told.comment, link_to_name = true })
      append(table_, corm.ForeignKeyConstraint(columns, targets, options))
      made.referred[#made.referred + 1] = { name = told.referred_table, schema = told.referred_schema }
    end
  end
end

local function add_unique_constraints(self, table_, made)
  for _, told in ipairs(self:get_unique_constraints(table_.name, { schema = made.schema })) do
    if not told.duplicates_index and is_missing(told.column_names, made) then
      local parts = {}
      for i, name in ipairs(told.column_names) do parts[i] = made.columns[name] end
      parts[#parts + 1] = constraint_options(told)
      append(table_, corm.UniqueConstraint(table.unpack(parts)))
    end
  end
end

local function add_checks(self, table_, made)
  local known = {}
  for constraint in table_.constraints do
    if constraint.sqltext then known[tostring(constraint.sqltext)] = true end
  end
  for _, told in ipairs(self:get_check_constraints(table_.name, { schema = made.schema })) do
    if not (known[told.sqltext] and next(made.there)) then
      append(table_, corm.CheckConstraint(literal_column(told.sqltext), constraint_options(told)))
    end
  end
end

local sorting = {
  desc = function(item) return item:desc() end,
  asc = function(item) return item:asc() end,
  nulls_first = function(item) return item:nulls_first() end,
  nulls_last = function(item) return item:nulls_last() end,
}

local function index_item(told, i, made)
  local name = told.column_names[i]
  local item = name == corm.null and literal_column(told.expressions[i]) or made.columns[name]
  local sorted = told.column_sorting and told.column_sorting[name == corm.null and told.expressions[i] or name]
  for _, how in ipairs(sorted or {}) do item = sorting[how](item) end
  return item
end

local function add_indexes(self, table_, made)
  for _, told in ipairs(self:get_indexes(table_.name, { schema = made.schema })) do
    if not told.duplicates_constraint and is_missing(told.column_names, made) then
      local parts = { told.name }
      for i in ipairs(told.column_names) do parts[i + 1] = index_item(told, i, made) end
      parts[#parts + 1] = options_from(told.dialect_options, { unique = told.unique })
      append(table_, corm.Index(table.unpack(parts)))
    end
  end
end

-- Tables --------------------------------------------------------------------------------------------------------------

-- Adds what the database says to a Table. how: { schema, given, there, parts, include, exclude }. Gives the tables that
-- its foreign keys lead to, as { name, schema }.
local function fill(self, table_, how)
  local made = setmetatable({ columns = {}, referred = {} }, { __index = how })
  made.primary = self:get_pk_constraint(table_.name, { schema = how.schema })
  add_columns(self, table_, made)
  add_primary_key(table_, made)
  add_foreign_keys(self, table_, made)
  add_unique_constraints(self, table_, made)
  add_indexes(self, table_, made)
  add_checks(self, table_, made)
  for _, part in ipairs(made.parts) do table_:append_constraint(part) end
  return made.referred
end

-- The Columns among the items, by position and name, and the other ones.
local function sort_items(items)
  local given, parts = {}, {}
  for _, item in ipairs(items) do
    local name = native.kind(item) == "Column" and item.name
    if name then
      given[#given + 1], given[name] = item, item
    else
      parts[#parts + 1] = item
    end
  end
  return given, parts
end

-- Columns by name; of a table that is not there yet, none.
local function columns_of(table_)
  local columns = {}
  if not table_ then return columns end
  for column in table_.c do columns[column.name] = column end
  return columns
end

-- The schema of what has none of its own.
local function schema_for(metadata, schema)
  schema = schema or metadata.schema
  return schema ~= "" and schema or nil
end

-- One table of the metadata, new or to be extended; gives what its keys lead to. A new one is put into the list, or
-- false where it could not be made.
-- wish: { name, options, items, include, exclude }; the options are Table's.
local function load_one(self, metadata, wish, news)
  local name = tostring(wish.name)
  local where = { schema = schema_for(metadata, wish.options.schema) }
  local table_ = metadata.tables[full_name(name, where.schema)]
  self:get_columns(name, where) -- NoSuchTableError
  local given, parts = sort_items(wish.items or {})
  local how = {
    schema = where.schema, given = given, parts = parts, there = columns_of(table_), exclude = set_of(wish.exclude),
    include = wish.include and set_of(wish.include),
  }
  if not table_ then
    local options = self:get_table_options(name, where)
    options.comment = self:get_table_comment(name, where).text
    for key, value in pairs(wish.options) do options[key] = value end
    news[#news + 1] = false -- its place first: memory that ends there leaves no table that the list does not know
    table_ = Table(wish.name, metadata, options)
    news[#news] = table_
  end
  return fill(self, table_, how)
end

-- The wishes, and with `resolve_fks` not false what they refer to, and so on.
local function load_all(self, metadata, wishes, resolve_fks, news)
  local asked, at = {}, 1
  for _, wish in ipairs(wishes) do
    asked[full_name(tostring(wish.name), schema_for(metadata, wish.options.schema))] = true
  end
  while wishes[at] do
    local referred = load_one(self, metadata, wishes[at], news)
    for _, target in ipairs(resolve_fks ~= false and referred or {}) do
      local key = full_name(target.name, target.schema)
      local known = asked[key] or metadata.tables[key]
      asked[key] = true
      -- SQLite has keys to tables that are not there: they matter when somebody follows them.
      if not known and self:has_table(target.name, { schema = target.schema }) then
        wishes[#wishes + 1] = { name = target.name, options = { schema = target.schema or "" } }
      end
    end
    at = at + 1
  end
end

-- The same: all of them, or no new table.
local function autoload_tables(self, metadata, wishes, resolve_fks)
  local news = {}
  inspector.together(self, function()
    local ok, problem = pcall(load_all, self, metadata, wishes, resolve_fks, news)
    if ok then return end
    for _, table_ in ipairs(news) do
      if table_ then metadata:remove(table_) end
    end
    error(problem, 0)
  end)
end

-- Table(name, metadata, items ..., { autoload_with = bind ... }): what C calls.
local function autoload(name, metadata, ...)
  local items, options, how = { ... }, {}, {}
  for key, value in next, table.remove(items) do options[key] = value end
  for _, key in ipairs { "autoload_with", "include_columns", "resolve_fks" } do
    how[key], options[key] = options[key], nil
  end
  orm.check_options("Table", how, { autoload_with = "any", include_columns = "table", resolve_fks = "boolean" })
  local self = inspector_of(how.autoload_with, "Table: autoload_with")
  local key = full_name(tostring(name), schema_for(metadata, options.schema))
  if not metadata.tables[key] or options.extend_existing then
    local wish = { name = name, options = options, items = items, include = how.include_columns }
    autoload_tables(self, metadata, { wish }, how.resolve_fks)
    return metadata.tables[key]
  end
  items[#items + 1] = options
  return Table(name, metadata, table.unpack(items))
end

orm.functions { autoload = autoload }

-- inspector:reflect_table(table, { include_columns, exclude_columns, resolve_fks }?): adds what the database says to a
-- Table that is there.
function file.reflect_table(self, table_, options)
  if native.kind(table_) ~= "Table" then
    fail("ArgumentError", "Inspector:reflect_table: a Table expected, got %s", native.kind(table_))
  end
  options = orm.check_options("Inspector:reflect_table", options,
    { include_columns = "table", exclude_columns = "table", resolve_fks = "boolean" })
  local wish = { name = table_.name, options = { schema = table_.schema or "" }, include = options.include_columns,
    exclude = options.exclude_columns }
  autoload_tables(self, table_.metadata, { wish }, options.resolve_fks)
end

-- The same for many Tables, of which one bind tells.
function file.extend(tables, bind, what)
  local self, count, wishes = inspector_of(bind, what), {}, {}
  for _, table_ in ipairs(tables) do
    local schema, metadata = table_.schema or "", table_.metadata
    count[schema] = (count[schema] or 0) + 1
    wishes[metadata] = wishes[metadata] or {}
    table.insert(wishes[metadata], { name = table_.name, options = { schema = schema } })
  end
  inspector.together(self, function()
    for schema, n in pairs(count) do inspector.at_once(self, schema ~= "" and schema or nil, n) end
    for metadata, list in pairs(wishes) do autoload_tables(self, metadata, list) end
  end)
end

-- All tables ----------------------------------------------------------------------------------------------------------

-- The names that reflect { only } means, of those that there are.
local function chosen(metadata, names, only)
  if only == nil then return names end
  local found = {}
  if type(only) == "function" then
    for _, name in ipairs(names) do
      if only(name, metadata) then found[#found + 1] = name end
    end
    return found
  end
  if type(only) ~= "table" then
    fail("ArgumentError", "MetaData:reflect: only: a list of names or a function expected, got %s", native.kind(only))
  end
  local there, missing = set_of(names), {}
  for _, name in ipairs(only) do
    local into = there[name] and found or missing
    into[#into + 1] = tostring(name)
  end
  if #missing > 0 then
    fail("InvalidRequestError", "MetaData:reflect: the database has no table %s", table.concat(missing, ", "))
  end
  return found
end

local reflect_options = {
  schema = "string", views = "boolean", only = "any", extend_existing = "boolean", resolve_fks = "boolean",
}

-- metadata:reflect(bind, { schema, views, only, extend_existing, resolve_fks }?): the tables of a database, but for
-- those that the metadata has already, or, to be extended, for which `complete` says that they are what they are.
function file.reflect(metadata, bind, options, complete)
  if native.kind(metadata) ~= "MetaData" then
    fail("ArgumentError", "MetaData:reflect: a MetaData expected, got %s", native.kind(metadata))
  end
  options = orm.check_options("MetaData:reflect", options, reflect_options)
  local self = inspector_of(bind, "MetaData:reflect")
  local where = { schema = schema_for(metadata, options.schema) }
  inspector.together(self, function()
    local names = self:get_table_names(where)
    if options.views then
      for _, method in ipairs { "get_view_names", "get_materialized_view_names" } do
        local views = self[method](self, where)
        table.move(views, 1, #views, #names + 1, names)
      end
    end
    names = chosen(metadata, names, options.only)
    inspector.at_once(self, where.schema, #names)
    local wishes = {}
    for _, name in ipairs(names) do
      local there = metadata.tables[full_name(name, where.schema)]
      if not there or (options.extend_existing and not (complete and complete(there))) then
        wishes[#wishes + 1] = { name = name, options = { schema = where.schema or "" } }
      end
    end
    autoload_tables(self, metadata, wishes, options.resolve_fks)
  end)
end

return file
