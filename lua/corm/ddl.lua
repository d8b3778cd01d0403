-- DDL around the creating of tables: events, statements of the script's own, views, copies of tables, the mock engine.
local corm, load = ...
local Column, ForeignKey, ForeignKeyConstraint = corm.Column, corm.ForeignKey, corm.ForeignKeyConstraint
local MetaData, Table, make_url = corm.MetaData, corm.Table, corm.make_url
local orm = load "corm.orm"
local native = orm.ddl
local fail, kind = native.fail, native.kind

-- Options ---------------------------------------------------------------------------------------------------------

local function argument_error(message, ...)
  return fail("ArgumentError", string.format(message, ...))
end

-- `known`: name -> Lua type or "any".
local function check(where, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then
    argument_error("%s: a table of options expected, got %s", where, kind(options))
  end
  for name, value in next, options do
    local expected = known[name]
    if not expected then native.unknown(where, tostring(name), known) end
    if expected ~= "any" and type(value) ~= expected then
      argument_error("%s: option '%s' must be a %s, got %s", where, name, expected, kind(value))
    end
  end
  return options
end

-- Events ----------------------------------------------------------------------------------------------------------

local events = { "before_create", "after_create", "before_drop", "after_drop", "column_reflect" }
local is_event = {}
for _, name in ipairs(events) do is_event[name] = true end

local weak = { __mode = "k" }
-- Table or MetaData -> event -> list of what listens: functions and DDL elements. Copied when it changes.
local listeners = setmetatable({}, weak)
-- DDL element -> { dialect, callable_ }; and -> { text, context } of DDL().
local conditions, sources = setmetatable({}, weak), setmetatable({}, weak)

local function dialect_of(bind)
  if type(bind) == "table" then return rawget(bind, "_dialect") end
  if kind(bind) == "Connection" then bind = bind.engine end
  return bind.name
end

local function is_dialect(wanted, name)
  if type(wanted) == "string" then return wanted == name end
  for _, each in ipairs(wanted) do
    if each == name then return true end
  end
  return false
end

-- Whether the element is for this target on this database.
local function is_for(element, target, bind, options)
  local condition = conditions[element]
  if not condition then return true end
  local name = dialect_of(bind)
  if condition.dialect and not is_dialect(condition.dialect, name) then return false end
  if not condition.callable_ then return true end
  local how = { dialect = name }
  for key, value in pairs(options or {}) do how[key] = value end
  return condition.callable_(element, target, bind, how) and true or false
end

-- %(name)s of the text: table, schema and fullname of the target, and what the context has.
local function substitute(source, target, dialect)
  local values = {}
  if kind(target) == "Table" then values.table, values.schema, values.fullname = native.quoted(target, dialect) end
  for name, value in pairs(source.context) do values[name] = tostring(value) end
  local text = string.gsub(source.text, "%%(%b())s", function(token)
    local name = string.sub(token, 2, -2)
    if values[name] == nil then argument_error("DDL: '%%(%s)s' has no value here", name) end
    return values[name]
  end)
  return (string.gsub(text, "%%%%", "%%"))
end

-- The element as it is for a target.
local function against(element, target, bind)
  local source = sources[element]
  return source and native.text(substitute(source, target, dialect_of(bind))) or element
end

local function tell(target, event, bind, options)
  local list = listeners[target] and listeners[target][event]
  for _, listener in ipairs(list or {}) do
    if type(listener) == "function" then
      listener(target, bind, options or {})
    elseif is_for(listener, target, bind, options) then
      bind:execute(against(listener, target, bind))
    end
  end
end

local function without(list, fn)
  local kept, had = {}, false
  for _, each in ipairs(list or {}) do
    if rawequal(each, fn) then had = true else kept[#kept + 1] = each end
  end
  return kept, had
end

local ddl = {}

-- Of corm.event, for Tables and MetaData.
local function table_event(action, target, name, fn)
  local what = kind(target)
  if not is_event[name] then native.unknown_event(what, name, events) end
  local list, had = without(listeners[target] and listeners[target][name], fn)
  if action == "contains" then return true, had end
  if action == "remove" and not had then
    fail("InvalidRequestError", string.format("event.remove: this function does not listen for '%s'", name))
  end
  if action == "listen" then list[#list + 1] = fn end
  listeners[target] = listeners[target] or {}
  listeners[target][name] = list
  return true
end
orm.functions { table_event = table_event }

-- Calls the functions that listen at one of the targets.
function ddl.tell_all(targets, event, ...)
  for _, target in ipairs(targets) do
    for _, listener in ipairs(listeners[target] and listeners[target][event] or {}) do listener(...) end
  end
end

-- element:execute_if { dialect, callable_ }: the same element, which an event then executes only there.
function ddl.execute_if(element, options)
  if not native.is_ddl(element) then argument_error("a statement that is no DDL has no method 'execute_if'") end
  options = check("execute_if", options, { dialect = "any", callable_ = "function" })
  local dialect = options.dialect
  if dialect ~= nil and type(dialect) ~= "string" and type(dialect) ~= "table" then
    argument_error("execute_if: dialect is a name or a list of names, got %s", kind(dialect))
  end
  conditions[element] = { dialect = dialect, callable_ = options.callable_ }
  return element
end

-- DDL(text, { context }): SQL of the script's own, for events. "%(table)s" and the context's names are filled in, "%%"
-- is a percent sign.
function corm.DDL(text, options)
  if type(text) ~= "string" then argument_error("DDL: a string expected, got %s", kind(text)) end
  options = check("DDL", options, { context = "table" })
  local source = { text = text, context = options.context or {} }
  -- Shown by itself it has no target, so its tokens stand as they are.
  local needs_target = string.find(text, "%%%(table%)s") or string.find(text, "%%%(schema%)s")
    or string.find(text, "%%%(fullname%)s")
  local element = native.text(needs_target and text or substitute(source))
  sources[element] = source
  return element
end

-- Views -----------------------------------------------------------------------------------------------------------

local CONDITIONAL, OR_REPLACE, TEMPORARY, MATERIALIZED = 1, 4, 8, 16

local function flags_of(options, conditional)
  return (conditional and CONDITIONAL or 0) | (options.or_replace and OR_REPLACE or 0)
    | (options.temporary and TEMPORARY or 0) | (options.materialized and MATERIALIZED or 0)
end

-- The Table that has the columns of the select.
local function table_of(select, name, options, where)
  local said = kind(select)
  if said ~= "statement" or native.is_ddl(select) then
    argument_error("%s: a select expected, got %s", where, said)
  end
  if type(name) ~= "string" then argument_error("%s: a name expected, got %s", where, kind(name)) end
  local items = {}
  for column in select:subquery().c do items[#items + 1] = Column(column.name, column.type) end
  items[#items + 1] = { schema = options.schema }
  return Table(name, options.metadata or MetaData(), table.unpack(items))
end

-- CreateView(select, name, { or_replace, temporary, materialized, schema, metadata }?)
function corm.CreateView(select, name, options)
  options = check("CreateView", options, { or_replace = "boolean", temporary = "boolean", materialized = "boolean",
    schema = "string", metadata = "any" })
  local view = table_of(select, name, options, "CreateView")
  return native.view("create", view, select, flags_of(options))
end

-- DropView(view, { if_exists, materialized }?): the view's Table, what created it, or its name.
function corm.DropView(view, options)
  options = check("DropView", options, { if_exists = "boolean", materialized = "boolean", schema = "string" })
  local flags = flags_of(options, options.if_exists)
  if type(view) == "string" then
    view = Table(view, MetaData(), Column("x", corm.Integer), { schema = options.schema })
  elseif kind(view) == "statement" and native.is_ddl(view) then
    flags = flags | native.flags(view) & MATERIALIZED
    view = view.table
  end
  if kind(view) ~= "Table" then argument_error("DropView: a view expected, got %s", kind(view)) end
  return native.view("drop", view, nil, flags)
end

-- CreateTableAs(select, name, { temporary, if_not_exists, schema, metadata }?)
function corm.CreateTableAs(select, name, options)
  options = check("CreateTableAs", options, { temporary = "boolean", if_not_exists = "boolean", schema = "string",
    metadata = "any" })
  return native.view("table", table_of(select, name, options, "CreateTableAs"), select,
    flags_of(options, options.if_not_exists))
end

-- select:into(name, { ... }?): the same.
ddl.into = corm.CreateTableAs

-- The mock engine -------------------------------------------------------------------------------------------------

local mock = {}
mock.__index = mock
mock.__name = "corm.mock_engine"

-- Hands a statement over, as create_all does.
function mock:execute(statement, ...)
  return rawget(self, "_mock")(statement, ...)
end

function mock:begin(fn)
  return fn and fn(self) or self
end

function mock:connect()
  return self
end

-- create_mock_engine(url, function(element, ...) end): a dialect without a database.
function corm.create_mock_engine(url, fn)
  if type(fn) ~= "function" then argument_error("create_mock_engine: a function expected, got %s", kind(fn)) end
  local parsed = type(url) == "string" and make_url(url) or url
  local dialect = string.match(parsed.drivername, "^[^+]*")
  if dialect == "postgres" then dialect = "postgresql" end
  return setmetatable({ _mock = fn, _dialect = dialect, url = parsed, name = dialect }, mock)
end

-- Copies ----------------------------------------------------------------------------------------------------------

-- For Table's and Sequence's `schema`: none, whatever the metadata's is.
corm.BLANK_SCHEMA = ""

-- to_metadata's schema for a table that a foreign key names: the copied table's own moves along.
local function moved_target(target, key, copy)
  local path, column = string.match(target, "^(.*)%.([^.]*)$")
  local schema, name = string.match(path, "^(.*)%.([^.]*)$")
  name = name or path
  schema = schema or copy.table.metadata.schema
  local wanted = schema
  if copy.referred_schema_fn then
    wanted = copy.referred_schema_fn(copy.table, copy.schema, key, schema)
  elseif schema == copy.table.schema then
    wanted = copy.schema
  end
  return (wanted and wanted .. "." or "") .. name .. "." .. column
end

local function key_options(key)
  local info = {}
  for name, value in pairs(key.info) do info[name] = value end
  return { info = info, name = key.name, ondelete = key.ondelete, onupdate = key.onupdate, match = key.match,
    deferrable = key.deferrable, initially = key.initially, use_alter = key.use_alter, comment = key.comment }
end

local function copied_keys(column, copy)
  local keys = {}
  for _, key in ipairs(column.foreign_keys) do
    if string.find(tostring(key), "^ForeignKeyConstraint") then break end -- the table's, which come behind
    local made = ForeignKey(moved_target(key.target_fullname, key, copy), key_options(key))
    keys[#keys + 1] = native.copy_key_options(key, made)
  end
  return keys
end

local function copied_constraint(constraint, copy)
  if not string.find(tostring(constraint), "^ForeignKey") then return native.copy_constraint(constraint) end
  if not string.find(tostring(constraint), "^ForeignKeyConstraint") then return nil end -- its column brings it
  local names, targets = {}, {}
  for i, column in ipairs(constraint.columns) do
    names[i], targets[i] = column.key, moved_target(constraint.targets[i], constraint, copy)
  end
  local made = ForeignKeyConstraint(names, targets, key_options(constraint))
  return native.copy_key_options(constraint, made)
end

-- table:to_metadata(metadata, { schema, referred_schema_fn, name }?): a copy with columns, constraints and indexes.
function ddl.to_metadata(table_, metadata, options)
  if kind(table_) ~= "Table" then argument_error("to_metadata: a Table expected, got %s", kind(table_)) end
  if kind(metadata) ~= "MetaData" then
    argument_error("to_metadata: a MetaData expected, got %s", kind(metadata))
  end
  options = check("to_metadata", options, { schema = "string", referred_schema_fn = "function", name = "string" })
  local copy = { table = table_, referred_schema_fn = options.referred_schema_fn }
  copy.schema = options.schema or table_.schema or metadata.schema
  if copy.schema == "" then copy.schema = nil end
  local items = {}
  for column in table_.c do items[#items + 1] = native.copy_column(column, copied_keys(column, copy)) end
  items[#items + 1] = { schema = copy.schema or "" }
  local made = Table(options.name or table_.name, metadata, table.unpack(items))
  native.copy_options(table_, made)
  for constraint in table_.constraints do
    local own = copied_constraint(constraint, copy)
    if own then made:append_constraint(own) end
  end
  for index in table_.indexes do
    local own = native.copy_index(index)
    if own then made:append_constraint(own) end
  end
  -- What these say is still of the old table's columns.
  for column in made.c do native.move_column(column, table_, made) end
  for constraint in made.constraints do native.move_constraint(constraint, table_, made) end
  for index in made.indexes do native.move_index(index, table_, made) end
  return made
end

-- Order -----------------------------------------------------------------------------------------------------------

-- "schema.table" of a foreign key's target, with the schema that a name without one means.
local function target_of(key)
  local path = string.match(key.targets[1], "^(.*)%.[^.]*$")
  local schema = key.table.metadata.schema
  if schema and not string.find(path, ".", 1, true) then path = schema .. "." .. path end
  return path
end

-- The tables by name, and of each the keys that point to another one of them.
local function keys_among(tables)
  local named, keys = {}, {}
  if type(tables) ~= "table" and type(tables) ~= "userdata" then
    argument_error("sort_tables: a list of tables expected, got %s", kind(tables))
  end
  for _, each in ipairs(tables) do
    if kind(each) ~= "Table" then argument_error("sort_tables: a list of tables expected, got %s", kind(each)) end
    named[each.fullname] = each
  end
  for _, each in ipairs(tables) do
    keys[each] = {}
    for key in each.foreign_key_constraints do
      local target = named[target_of(key)]
      if target and target ~= each then table.insert(keys[each], { key = key, target = target }) end
    end
  end
  return keys
end

local function is_ready(keys, placed)
  for _, each in ipairs(keys) do
    if not placed[each.target] and not each.key.use_alter then return false end
  end
  return true
end

-- sort_tables_and_constraints(tables): { table, { keys of CREATE TABLE } } for each table, those that are referred to
-- first, and at the end { nil, { keys for ALTER TABLE } }.
local function sort_tables_and_constraints(tables)
  local keys, placed, out, apart = keys_among(tables), {}, {}, {}
  local left = table.pack(table.unpack(tables))
  while #left > 0 do
    local at = 1 -- in a cycle, the first one's keys go apart
    for i, each in ipairs(left) do
      if is_ready(keys[each], placed) then
        at = i
        break
      end
    end
    local each, cut, inside = table.remove(left, at), {}, {}
    for _, it in ipairs(keys[each]) do cut[it.key] = it.key.use_alter or not placed[it.target] end
    for key in each.foreign_key_constraints do
      if cut[key] or key.use_alter then apart[#apart + 1] = key else inside[#inside + 1] = key end
    end
    placed[each] = true
    out[#out + 1] = { each, inside }
  end
  if #apart > 0 then out[#out + 1] = { nil, apart } end
  return out
end

corm.sort_tables_and_constraints = sort_tables_and_constraints

-- sort_tables(tables): the same without the keys.
function corm.sort_tables(tables)
  local out = {}
  for _, each in ipairs(sort_tables_and_constraints(tables)) do out[#out + 1] = each[1] end
  return out
end

native.set_teller(tell)
return ddl
