-- What is in a database of MariaDB (10.5 and later) or MySQL 8, by information_schema
-- (mariadb.com/kb/en/information-schema-tables, dev.mysql.com/doc/refman/8.0/en/information-schema.html).
-- docs/decisions/0023-reflection.md says what a catalog answers.
--
-- What only one of the two has stands in comments that the other one does not read: /*M! MariaDB */, /*!80013 MySQL */.
local corm, load = ...
local type_of = load "corm.catalog_mysql_types"
local answers = load "corm.catalog_rows"
local lists, singles, names = answers.lists, answers.singles, answers.names
local catalog = {}

-- Where to look -------------------------------------------------------------------------------------------------------

-- The rows of a statement that has {k.table_schema} for the condition on schema and name of what k is. Each table of
-- information_schema needs one of its own: the servers read all files for one that says nothing.
local function rows_of(ask, sql, schema, name)
  local values = {}
  local function bound(value)
    values[#values + 1] = value
    return " = ?"
  end
  local text = string.gsub(sql, "{(%l+)%.(%l+_schema)}", function(alias, column)
    local condition = alias .. "." .. column .. (schema and bound(schema) or " = DATABASE()")
    return name and condition .. " AND " .. alias .. ".table_name" .. bound(name) or condition
  end)
  return ask(text, table.unpack(values))
end

-- The same where several rows tell of one thing, which has a name: `start` makes it of the first one, `add` adds each.
local function grouped(rows, start, add)
  local things = {}
  return lists(rows, function(row)
    local key = row.table .. "\0" .. row.name
    local thing = things[key]
    if not thing then things[key] = start(row) end
    add(things[key], row)
    return not thing and things[key] or nil
  end)
end

-- Tables --------------------------------------------------------------------------------------------------------------

function catalog.default_schema(ask) return ask("SELECT DATABASE() AS name")[1].name end

function catalog.schemas(ask)
  return names(ask "SELECT schema_name AS name FROM information_schema.schemata ORDER BY schema_name")
end

local kinds = {
  ["BASE TABLE"] = "table", ["SYSTEM VERSIONED"] = "table", TEMPORARY = "table", VIEW = "view",
  ["SYSTEM VIEW"] = "view",
}

local RELATIONS = [[
  SELECT t.table_name AS name, t.table_type AS kind
  FROM information_schema.tables t
  WHERE {t.table_schema}
  ORDER BY t.table_name]]

function catalog.relations(ask, schema)
  local found = {}
  for _, row in ipairs(rows_of(ask, RELATIONS, schema)) do
    local kind = kinds[row.kind]
    if kind then found[#found + 1] = { name = row.name, kind = kind, temporary = row.kind == "TEMPORARY" } end
  end
  return found
end

local VIEW_DEFINITION = "SELECT v.view_definition AS text FROM information_schema.views v WHERE {v.table_schema}"

function catalog.view_definition(ask, schema, name)
  local row = rows_of(ask, VIEW_DEFINITION, schema, name)[1]
  return row and row.text
end

local SEQUENCES = [[
  SELECT t.table_name AS name
  FROM information_schema.tables t
  WHERE t.table_type = 'SEQUENCE' AND {t.table_schema}
  ORDER BY t.table_name]]

function catalog.sequences(ask, schema) return names(rows_of(ask, SEQUENCES, schema)) end

local TABLES = [[
  SELECT t.table_name AS `table`, t.engine AS engine, t.table_collation AS collation, t.create_options AS options,
    t.table_comment AS comment
  FROM information_schema.tables t
  WHERE t.table_type NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE') AND {t.table_schema}]]

local function comment_of(row) return row.comment ~= "" and row.comment or nil end

function catalog.comments(ask, schema, name) return singles(rows_of(ask, TABLES, schema, name), comment_of) end

-- Of those that CREATE TABLE named, the options that corm.Table takes.
local named = {
  avg_row_length = true, checksum = true, delay_key_write = true, key_block_size = true, max_rows = true,
  min_rows = true, pack_keys = true, row_format = true, stats_auto_recalc = true, stats_persistent = true,
}

function catalog.options(ask, schema, name)
  return singles(rows_of(ask, TABLES, schema, name), function(row)
    local options = { mysql_engine = row.engine, mysql_collate = row.collation, mysql_comment = comment_of(row) }
    options.mysql_charset = row.collation and string.match(row.collation, "^[^_]+")
    for word, value in string.gmatch(row.options or "", "([%w_]+)=([%w_]+)") do
      word = string.lower(word)
      if named[word] then options["mysql_" .. word] = value end
    end
    return options
  end)
end

-- Texts ---------------------------------------------------------------------------------------------------------------

-- MySQL shows expressions with the quotes of their strings escaped, and some in parentheses. MariaDB's are as they are.
local function expression(row, text)
  if row.plain or not text then return text end
  return (string.gsub(text, "\\(.)", "%1"))
end

local function condition(row, text)
  text = expression(row, text)
  if not row.plain and string.find(text, "^%b()$") then text = string.sub(text, 2, -2) end
  return text
end

local function literal(text)
  return "'" .. string.gsub(string.gsub(text, "\\", "\\\\"), "'", "''") .. "'"
end

-- What stands behind DEFAULT. MariaDB shows that as it is, MySQL the value of a literal.
local function default_text(row)
  local text, extra = row.default, row.extra
  if not text or row.plain then return text end
  if not string.find(extra, "DEFAULT_GENERATED", 1, true) then
    return string.find(text, "^b'[01]*'$") and text or string.find(text, "^0x%x*$") and text or literal(text)
  end
  local present = string.find(text, "^CURRENT_TIMESTAMP")
  return present and text or "(" .. expression(row, text) .. ")"
end

-- With ON UPDATE, as DDL has it behind the default, which may be NULL there.
local function default_of(row)
  local text = default_text(row)
  if text == "NULL" then text = nil end
  local changed = string.match(string.lower(row.extra), "on update ([%w_]+%(?%d*%)?)")
  if not changed or not text and row.nullable == "NO" then return text end
  return (text or "NULL") .. " ON UPDATE " .. changed
end

-- Columns -------------------------------------------------------------------------------------------------------------

local COLUMNS = [[
  SELECT c.table_name AS `table`, c.column_name AS name, c.is_nullable AS nullable, c.column_type AS spelled,
    c.column_default AS `default`, c.extra AS extra, c.generation_expression AS computed, c.column_comment AS comment,
    c.character_set_name AS charset, c.collation_name AS collation, u.collation AS usual /*M! , TRUE AS plain */
  FROM information_schema.columns c
    JOIN (
      SELECT DISTINCT CAST(t.table_name AS BINARY) AS name, t.table_collation AS collation
      FROM information_schema.tables t
      WHERE t.table_type <> 'SEQUENCE' AND {t.table_schema}) u ON u.name = CAST(c.table_name AS BINARY)
  WHERE {c.table_schema}
  ORDER BY c.table_name, c.ordinal_position]]

-- MariaDB's JSON is LONGTEXT with a condition that has the column's name.
local JSON_COLUMNS = [[
  SELECT c.table_name AS `table`, c.column_name AS name
  FROM information_schema.columns c
    JOIN information_schema.check_constraints k ON k.table_name = CAST(c.table_name AS BINARY)
      AND k.constraint_name = c.column_name
  WHERE c.data_type = 'longtext' AND c.collation_name = 'utf8mb4_bin'
    AND k.check_clause = CONCAT('json_valid(`', REPLACE(c.column_name, '`', '``'), '`)')
    AND {c.table_schema} AND {k.constraint_schema}]]

-- By table and column, which ones are; they are looked up when it is called for the first time.
local function json_columns(ask, schema, name)
  local found
  return function(table_, column)
    if not found then
      found = {}
      for _, row in ipairs(rows_of(ask, JSON_COLUMNS, schema, name)) do found[row.table .. "\0" .. row.name] = true end
    end
    return found[table_ .. "\0" .. column]
  end
end

local function column_type(row, is_json)
  local own = row.usual and row.collation ~= row.usual
  if row.plain and row.spelled == "longtext" and row.collation == "utf8mb4_bin" and is_json(row.table, row.name) then
    return corm.JSON
  end
  local charset = own and row.charset ~= string.match(row.usual, "^[^_]+") and row.charset or nil
  return type_of(row.spelled, charset, own and row.collation or nil)
end

-- How a column is generated, VIRTUAL or STORED. What a system-versioned table has as its period is not.
local function generation(row)
  if row.computed == "ROW START" or row.computed == "ROW END" then return nil end
  return string.match(row.extra, "(%u+) GENERATED$") or string.match(row.extra, "(%u+) GENERATED ")
end

local function column_of(row, is_json)
  local generated = generation(row)
  local computed = generated and { sqltext = condition(row, row.computed), persisted = generated ~= "VIRTUAL" } or nil
  return {
    name = row.name, type = column_type(row, is_json), nullable = row.nullable == "YES",
    default = not computed and default_of(row) or nil, computed = computed, comment = comment_of(row),
    autoincrement = string.find(row.extra, "auto_increment", 1, true) ~= nil,
  }
end

function catalog.columns(ask, schema, name)
  local is_json = json_columns(ask, schema, name)
  return lists(rows_of(ask, COLUMNS, schema, name), function(row) return column_of(row, is_json) end)
end

-- Keys and constraints ------------------------------------------------------------------------------------------------

local FOREIGN_KEYS = [[
  SELECT k.table_name AS `table`, k.constraint_name AS name, k.column_name AS `column`,
    k.referenced_table_name AS referred_table, k.referenced_column_name AS referred_column,
    k.referenced_table_schema AS referred_schema, k.referenced_table_schema = k.table_schema AS near,
    k.referenced_table_schema = DATABASE() AS here,
    CASE WHEN r.delete_rule NOT IN ('NO ACTION' /*M! , 'RESTRICT' */) THEN r.delete_rule END AS ondelete,
    CASE WHEN r.update_rule NOT IN ('NO ACTION' /*M! , 'RESTRICT' */) THEN r.update_rule END AS onupdate
  FROM information_schema.key_column_usage k
    JOIN information_schema.referential_constraints r ON r.constraint_name = k.constraint_name
      AND r.table_name = CAST(k.table_name AS BINARY)
  WHERE k.referenced_table_name IS NOT NULL AND {k.table_schema} AND {r.constraint_schema}
  ORDER BY k.table_name, k.constraint_name, k.ordinal_position]]

function catalog.foreign_keys(ask, schema, name)
  return grouped(rows_of(ask, FOREIGN_KEYS, schema, name), function(row)
    local elsewhere = row.here == 0 and row.referred_schema or nil
    return {
      name = row.name, constrained_columns = {}, referred_columns = {}, referred_table = row.referred_table,
      referred_schema = row.near == 1 and schema or elsewhere,
      options = { ondelete = row.ondelete, onupdate = row.onupdate },
    }
  end, function(key, row)
    table.insert(key.constrained_columns, row.column)
    table.insert(key.referred_columns, row.referred_column)
  end)
end

local CHECKS = [[
  SELECT c.table_name AS `table`, c.constraint_name AS name, c.check_clause AS text
    /*M! , TRUE AS plain */ /*M!100510 , c.level AS level */
  FROM /*M! information_schema.check_constraints */ /*!80016 (
      SELECT k.constraint_schema, k.table_name, k.constraint_name, c.check_clause
      FROM information_schema.table_constraints k
        JOIN information_schema.check_constraints c USING (constraint_schema, constraint_name)
      WHERE k.constraint_type = 'CHECK') */ c
  WHERE {c.constraint_schema}
  ORDER BY c.table_name, c.constraint_name]]

-- A condition that stands in a column has the column's name in MariaDB's tables, and none that anything could use.
function catalog.check_constraints(ask, schema, name)
  local is_json = json_columns(ask, schema, name)
  return lists(rows_of(ask, CHECKS, schema, name), function(row)
    if row.plain and string.find(row.text, "^json_valid%(`.*`%)$") and is_json(row.table, row.name) then return nil end
    return { name = row.level ~= "Column" and row.name or nil, sqltext = condition(row, row.text) }
  end)
end

-- Indexes -------------------------------------------------------------------------------------------------------------

local INDEXES = [[
  SELECT s.table_name AS `table`, s.index_name AS name, s.non_unique AS non_unique, s.index_type AS kind,
    s.column_name AS `column`, s.sub_part AS length, s.collation AS direction
    /*M! , TRUE AS plain */ /*!80013 , s.expression AS expression */
  FROM information_schema.statistics s
  WHERE s.index_name {primary} 'PRIMARY' AND {s.table_schema}
  ORDER BY s.table_name, s.index_name, s.seq_in_index]]

local PRIMARY_KEYS = string.gsub(INDEXES, "{primary}", "=")
INDEXES = string.gsub(INDEXES, "{primary}", "<>")

function catalog.primary_keys(ask, schema, name)
  local found = grouped(rows_of(ask, PRIMARY_KEYS, schema, name), function()
    return { constrained_columns = {} }
  end, function(key, row) table.insert(key.constrained_columns, row.column) end)
  for table_, keys in pairs(found) do found[table_] = keys[1] end
  return found
end

local function set(index, field, name, value)
  index[field] = index[field] or {}
  index[field][name] = value
end

-- Where an expression stands among columns, it has parentheses.
local function element_of(row)
  local text = row.column or expression(row, row.expression)
  return (row.column or string.find(text, "^%b()$")) and text or "(" .. text .. ")"
end

-- One more column. An expression comes with the list of all columns as texts.
local function add_column(index, row)
  local element = element_of(row)
  if not row.column and not index.expressions then
    index.expressions = table.move(index.column_names, 1, #index.column_names, 1, {})
  end
  table.insert(index.column_names, row.column or corm.null)
  if index.expressions then table.insert(index.expressions, element) end
  if row.direction == "D" then set(index, "column_sorting", element, { "desc" }) end
  if row.length and row.kind ~= "SPATIAL" then
    set(index, "dialect_options", "mysql_length", (index.dialect_options or {}).mysql_length or {})
    index.dialect_options.mysql_length[element] = row.length
  end
end

function catalog.indexes(ask, schema, name)
  return grouped(rows_of(ask, INDEXES, schema, name), function(row)
    local prefix = (row.kind == "FULLTEXT" or row.kind == "SPATIAL") and row.kind or nil
    return {
      name = row.name, column_names = {}, unique = row.non_unique == 0,
      dialect_options = prefix and { mysql_prefix = prefix } or nil,
    }
  end, add_column)
end

function catalog.unique_constraints(ask, schema, name)
  local found = {}
  for table_, indexes in pairs(catalog.indexes(ask, schema, name)) do
    for _, index in ipairs(indexes) do
      if index.unique and not index.expressions then
        local unique = { name = index.name, column_names = index.column_names, duplicates_index = index.name }
        found[table_] = found[table_] or {}
        table.insert(found[table_], unique)
      end
    end
  end
  return found
end

return catalog
