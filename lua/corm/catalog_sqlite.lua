-- What is in a SQLite database, by its pragmas as table-valued functions (sqlite.org/pragma.html) and the text of
-- CREATE TABLE, which alone knows names and conditions. docs/decisions/0023-reflection.md says what a catalog answers.
local corm, load = ...
local types, source = load "corm.reflected_types", load "corm.sqlite_source"
local lists = load "corm.catalog_rows".lists
local catalog = {}

-- Where to look -------------------------------------------------------------------------------------------------------

local NOTHING = "(SELECT 0 AS rowid, '' AS type, '' AS name, '' AS sql WHERE 0)"

-- The table of what a schema has, whose name cannot be bound; of a schema that is not there, nothing.
local function master(ask, schema)
  local there = schema == "main" or schema == "temp"
    or ask("SELECT 1 FROM pragma_database_list WHERE name = ?1", schema)[1]
  return there and '"' .. string.gsub(schema, '"', '""') .. '".sqlite_master' or NOTHING
end

-- The schema of what is named without one: temporary tables hide those of the file.
local function schema_of(ask, schema, name)
  if schema then return schema end
  local sql = "SELECT 1 FROM temp.sqlite_master WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')"
  return name and ask(sql, name)[1] and "temp" or "main"
end

-- FROM the tables of a schema, or the one table or view of a name, each as m, beside it the rows x of a function of it;
-- and the two values to be bound.
local function from(ask, schema, name, pragma)
  schema = schema_of(ask, schema, name)
  local beside = pragma and " JOIN " .. pragma .. "(m.name, asked.schema) AS x" or ""
  local condition = name and "m.name = asked.name COLLATE NOCASE AND m.type IN ('table', 'view')"
    or "m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'"
  local sql = "FROM (SELECT ?1 AS schema, ?2 AS name) AS asked JOIN %s AS m%s WHERE %s"
  return string.format(sql, master(ask, schema), beside, condition), schema, name or corm.null
end

-- By table, what its CREATE TABLE says.
local function sources(ask, schema, name)
  local found, where, a, b = {}, from(ask, schema, name)
  for _, row in ipairs(ask('SELECT m.name AS "table", m.type, m.sql ' .. where, a, b)) do
    found[row["table"]] = source.table(row.type == "table" and row.sql or nil)
  end
  return found
end

local function same(a, b)
  if #a ~= #b then return false end
  for i, name in ipairs(a) do
    if string.lower(name) ~= string.lower(b[i]) then return false end
  end
  return true
end

-- The constraint of the source that has these columns, each once.
local function claim(constraints, kind, columns, referred)
  for _, each in ipairs(constraints) do
    if each.kind == kind and not each.claimed and same(each.columns, columns)
      and (not referred or string.lower(each.referred) == string.lower(referred)) then
      each.claimed = true
      return each
    end
  end
  return {}
end

-- Tables --------------------------------------------------------------------------------------------------------------

function catalog.default_schema() return "main" end

function catalog.schemas(ask)
  local names = {}
  for _, row in ipairs(ask "SELECT name FROM pragma_database_list ORDER BY seq") do
    if row.name ~= "temp" then names[#names + 1] = row.name end
  end
  return names
end

local function add_relations(ask, schema, temporary, found)
  local sql = "SELECT name, type FROM " .. master(ask, schema)
    .. " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
  for _, row in ipairs(ask(sql)) do
    found[#found + 1] = { name = row.name, kind = row.type, temporary = temporary }
  end
end

function catalog.relations(ask, schema)
  local found = {}
  add_relations(ask, schema or "main", schema == "temp", found)
  if not schema then add_relations(ask, "temp", true, found) end
  return found
end

function catalog.view_definition(ask, schema, name)
  local sql = "SELECT sql FROM %s WHERE name = ?1 COLLATE NOCASE AND type = 'view'"
  local row = ask(string.format(sql, master(ask, schema_of(ask, schema, name))), name)[1]
  return row and row.sql
end

function catalog.options(ask, schema, name)
  local found = {}
  for table_, text in pairs(sources(ask, schema, name)) do
    local options = {}
    if text.words.STRICT then options.sqlite_strict = true end
    if text.words.ROWID then options.sqlite_with_rowid = false end
    for _, each in ipairs(text.constraints) do
      if each.autoincrement then options.sqlite_autoincrement = true end
    end
    found[table_] = next(options) and options or nil
  end
  return found
end

function catalog.comments() return {} end

-- Columns -------------------------------------------------------------------------------------------------------------

local named = {
  BIGINT = corm.BIGINT, BINARY = corm.BINARY, BLOB = corm.BLOB, BOOL = corm.BOOLEAN, BOOLEAN = corm.BOOLEAN,
  CHAR = corm.CHAR, CLOB = corm.CLOB, DATE = corm.DATE, DATETIME = corm.DATETIME, DECIMAL = corm.DECIMAL,
  DOUBLE = corm.DOUBLE, ["DOUBLE PRECISION"] = corm.DOUBLE_PRECISION, FLOAT = corm.FLOAT, INT = corm.INTEGER,
  INTEGER = corm.INTEGER, JSON = corm.JSON, NCHAR = corm.NCHAR, NUMERIC = corm.NUMERIC, NVARCHAR = corm.NVARCHAR,
  REAL = corm.REAL, SMALLINT = corm.SMALLINT, TEXT = corm.TEXT, TIME = corm.TIME, TIMESTAMP = corm.TIMESTAMP,
  VARBINARY = corm.VARBINARY, VARCHAR = corm.VARCHAR,
}
local textual = { CHAR = true, CLOB = true, NCHAR = true, NVARCHAR = true, TEXT = true, VARCHAR = true }
local sized = {
  BINARY = true, CHAR = true, DECIMAL = true, FLOAT = true, NCHAR = true, NUMERIC = true, NVARCHAR = true, TEXT = true,
  VARBINARY = true, VARCHAR = true,
}

-- Other names have an affinity: sqlite.org/datatype3.html, 3.1.
local affinities = {
  { "INT", corm.INTEGER }, { "CHAR", corm.TEXT }, { "CLOB", corm.TEXT }, { "TEXT", corm.TEXT },
  { "BLOB", corm.NullType }, { "REAL", corm.REAL }, { "FLOA", corm.REAL }, { "DOUB", corm.REAL },
}

local function type_of(spelled, collation)
  local word, arguments = types.split(spelled)
  word = string.upper(word)
  if textual[word] and collation then
    return named[word] { length = math.tointeger(tonumber(arguments[1])), collation = collation }
  end
  if sized[word] then return types.sized(named[word], arguments) end
  if named[word] then return named[word] end
  if word == "" then return types.unknown end
  for _, rule in ipairs(affinities) do
    if string.find(word, rule[1], 1, true) then return rule[2] end
  end
  return corm.NUMERIC
end

-- Of x.hidden: how a column is generated. 1 is a hidden column of a virtual table.
local VIRTUAL, STORED = 2, 3

function catalog.columns(ask, schema, name)
  local texts = sources(ask, schema, name)
  local where, a, b = from(ask, schema, name, "pragma_table_xinfo")
  local sql = [[SELECT m.name AS "table", x.name, x.type, x."notnull", x.dflt_value, x.hidden, x.pk ]] .. where
    .. " AND x.hidden <> 1 ORDER BY m.name, x.cid"
  return lists(ask(sql, a, b), function(row)
    local said = texts[row["table"]].columns[row.name] or {}
    local spelled = string.gsub(row.type or "", "%s*GENERATED ALWAYS$", "")
    local computed = row.hidden == VIRTUAL or row.hidden == STORED
    -- Only a key that is written INTEGER is the number of the row, which SQLite makes by itself.
    local made = row.pk == 0 or string.upper(spelled) == "INTEGER" and not texts[row["table"]].words.ROWID
    local column = {
      name = row.name,
      type = type_of(spelled, said.collation),
      nullable = row.notnull == 0,
      default = not computed and row.dflt_value or nil,
      computed = computed and { sqltext = said.computed, persisted = row.hidden == STORED } or nil,
      dialect_options = said.conflict and { sqlite_on_conflict_not_null = said.conflict } or nil,
    }
    if not made then column.autoincrement = false end
    return column
  end)
end

-- Keys and constraints ------------------------------------------------------------------------------------------------

local function conflict_option(said)
  return said.conflict and { sqlite_on_conflict = said.conflict } or nil
end

function catalog.primary_keys(ask, schema, name)
  local texts, found = sources(ask, schema, name), {}
  local where, a, b = from(ask, schema, name, "pragma_table_xinfo")
  local sql = [[SELECT m.name AS "table", x.name ]] .. where .. " AND x.pk > 0 ORDER BY m.name, x.pk"
  for table_, columns in pairs(lists(ask(sql, a, b), function(row) return row.name end)) do
    local said = claim(texts[table_].constraints, "primary_key", columns)
    found[table_] = { name = said.name, constrained_columns = columns, dialect_options = conflict_option(said) }
  end
  return found
end

-- An action that is not the one of who says nothing.
local function action(text)
  return text ~= "NO ACTION" and text or nil
end

function catalog.foreign_keys(ask, schema, name)
  local texts, current, id = sources(ask, schema, name), nil, nil
  local where, a, b = from(ask, schema, name, "pragma_foreign_key_list")
  -- The last one that was written has the number 0.
  local sql = [[SELECT m.name AS "table", x.id, x."table" AS referred, x."from", x."to", x.on_update, x.on_delete ]]
    .. where .. " ORDER BY m.name, x.id DESC, x.seq"
  local last
  local found = lists(ask(sql, a, b), function(row)
    local new = row["table"] ~= last or row.id ~= id
    last, id = row["table"], row.id
    if new then
      current = {
        constrained_columns = {}, referred_schema = schema, referred_table = row.referred, referred_columns = {},
        options = { ondelete = action(row.on_delete), onupdate = action(row.on_update) },
      }
    end
    table.insert(current.constrained_columns, row.from)
    table.insert(current.referred_columns, row.to) -- NULL: the primary key of the other table
    return new and current or nil
  end)
  for table_, keys in pairs(found) do
    for _, key in ipairs(keys) do
      local said = claim(texts[table_].constraints, "foreign_key", key.constrained_columns, key.referred_table)
      key.name, key.options.deferrable, key.options.initially = said.name, said.deferrable, said.initially
      key.options.match = said.match
      if not key.referred_columns[1] then
        local _, primary = next(catalog.primary_keys(ask, schema, key.referred_table))
        key.referred_columns = primary and primary.constrained_columns or key.constrained_columns
      end
    end
  end
  return found
end

-- The names as columns have them: a constraint may write them in another case.
local function columns_of(text, names)
  local found = {}
  for i, name in ipairs(names) do
    found[i] = name
    for column in pairs(text.columns) do
      if string.lower(column) == string.lower(name) then found[i] = column end
    end
  end
  return found
end

-- Calls add(constraint) for each of a kind that a table has; gives what it gives, by table.
local function constraints(ask, schema, name, kind, add)
  local found = {}
  for table_, text in pairs(sources(ask, schema, name)) do
    for _, each in ipairs(text.constraints) do
      if each.kind == kind then
        found[table_] = found[table_] or {}
        table.insert(found[table_], add(each, text))
      end
    end
  end
  return found
end

function catalog.unique_constraints(ask, schema, name)
  return constraints(ask, schema, name, "unique", function(each, text)
    local columns = columns_of(text, each.columns)
    return { name = each.name, column_names = columns, dialect_options = conflict_option(each) }
  end)
end

function catalog.check_constraints(ask, schema, name)
  return constraints(ask, schema, name, "check", function(each)
    return { name = each.name, sqltext = each.sqltext }
  end)
end

-- Indexes -------------------------------------------------------------------------------------------------------------

-- By table, what CREATE INDEX has made, with the columns: { name, unique, sql, items = { { name, descending } ... } }.
local function index_lists(ask, schema, name)
  local where, a, b = from(ask, schema, name, "pragma_index_list")
  local sql = [[SELECT m.name AS "table", x.name, x."unique", i.sql, c.name AS "column", c."desc" ]]
    .. string.gsub(where, " WHERE ", [[ JOIN pragma_index_xinfo(x.name, asked.schema) AS c LEFT JOIN ]]
      .. string.gsub(master(ask, a), "%%", "%%%%") .. [[ AS i ON i.type = 'index' AND i.name = x.name WHERE ]], 1)
    .. " AND x.origin = 'c' AND c.key = 1 ORDER BY m.name, i.rowid, c.seqno"
  local last
  return lists(ask(sql, a, b), function(row)
    local new = not last or row["table"] ~= last.table or row.name ~= last.name
    if new then
      last = { table = row["table"], name = row.name, unique = row.unique == 1, sql = row.sql, items = {} }
    end
    table.insert(last.items, { name = row.column, descending = row.desc == 1 })
    return new and last or nil
  end)
end

-- One index as the Inspector tells of it. A column with a collation of its own there is an expression.
local function index_of(index)
  local texts, where = source.index(index.sql)
  local made = { name = index.name, column_names = {}, unique = index.unique }
  local expressions = {}
  for i, item in ipairs(index.items) do
    local column = texts[i].is_name and item.name
    made.column_names[i], expressions[i] = column or corm.null, column or texts[i].sqltext
    if not column then made.expressions = expressions end
    if item.descending then
      made.column_sorting = made.column_sorting or {}
      made.column_sorting[expressions[i]] = { "desc" }
    end
  end
  if where then made.dialect_options = { sqlite_where = where } end
  return made
end

function catalog.indexes(ask, schema, name)
  local found = index_lists(ask, schema, name)
  for _, indexes in pairs(found) do
    for i, index in ipairs(indexes) do indexes[i] = index_of(index) end
  end
  return found
end

return catalog
