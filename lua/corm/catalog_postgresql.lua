-- What is in a PostgreSQL database (11 and later), by its system catalogs (postgresql.org/docs/current/catalogs.html).
-- docs/decisions/0023-reflection.md says what a catalog answers.
local _, load = ...
local type_of = load "corm.catalog_postgresql_types"
local answers = load "corm.catalog_rows"
local lists, singles, names = answers.lists, answers.singles, answers.names
local catalog = {}

-- Where to look -------------------------------------------------------------------------------------------------------

-- A condition on what the namespace n has, and the values that are bound in it. Without a schema it is what can be
-- named without one. `thing` is the server's word for what `id` and `name_of` are: table, type.
local function place(schema, name, thing, id, name_of)
  local condition = "n.nspname = $1"
  if not schema then
    local visible = "pg_%s_is_visible(%s) AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    condition = string.format(visible, thing, id)
  end
  if not name then return condition, { schema } end
  if not schema then return condition .. " AND " .. name_of .. " = $1", { name } end
  return condition .. " AND " .. name_of .. " = $2", { schema, name }
end

-- The rows of a statement that has {where} for the condition on the table c.
local function rows_of(ask, sql, schema, name)
  local condition, values = place(schema, name, "table", "c.oid", "c.relname")
  local text = string.gsub(sql, "{where}", function() return condition end)
  return ask(text, table.unpack(values))
end

-- The server's pretty form of CASE begins with a newline.
local function trimmed(text) return string.match(text, "^%s*(.-)%s*$") end

-- The fields, or nil where there are none.
local function some(fields) return next(fields) and fields or nil end

-- Tables --------------------------------------------------------------------------------------------------------------

function catalog.default_schema(ask) return ask("SELECT current_schema() AS name")[1].name end

function catalog.schemas(ask)
  return names(ask [[SELECT nspname AS name FROM pg_namespace WHERE left(nspname, 3) <> 'pg_' ORDER BY nspname]])
end

local kinds = { f = "table", m = "materialized_view", p = "table", r = "table", v = "view" } -- foreign, partitioned ...

local RELATIONS = [[
  SELECT c.relname AS name, c.relkind AS kind, c.relpersistence = 't' AS temporary
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND {where}
  ORDER BY c.relname]]

function catalog.relations(ask, schema)
  local found = rows_of(ask, RELATIONS, schema)
  for _, row in ipairs(found) do row.kind = kinds[row.kind] end
  return found
end

local VIEW_DEFINITION = [[
  SELECT pg_get_viewdef(c.oid) AS definition
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('v', 'm') AND {where}]]

function catalog.view_definition(ask, schema, name)
  local row = rows_of(ask, VIEW_DEFINITION, schema, name)[1]
  return row and row.definition
end

local SEQUENCES = [[
  SELECT c.relname AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND {where}
  ORDER BY c.relname]]

function catalog.sequences(ask, schema) return names(rows_of(ask, SEQUENCES, schema)) end

local ENUMS = [[
  SELECT t.typname AS name, n.nspname AS schema, pg_type_is_visible(t.oid) AS visible,
    ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typtype = 'e' AND ]]

-- Those of a schema, those that can be named without one, or with "*" all.
function catalog.enums(ask, schema)
  local condition, values = "true", {}
  if schema ~= "*" then condition, values = place(schema, nil, "type", "t.oid") end
  return ask(ENUMS .. condition .. " ORDER BY n.nspname, t.typname", table.unpack(values))
end

local COMMENTS = [[
  SELECT c.relname AS "table", d.description AS comment
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND {where}]]

function catalog.comments(ask, schema, name)
  return singles(rows_of(ask, COMMENTS, schema, name), function(row) return row.comment end)
end

local OPTIONS = [[
  SELECT c.relname AS "table", pg_get_partkeydef(c.oid) AS partition_by, s.spcname AS tablespace,
    CASE WHEN c.relkind = 'r' AND m.amname <> 'heap' THEN m.amname END AS method
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
    LEFT JOIN pg_am m ON m.oid = c.relam
  WHERE c.relkind IN ('r', 'p') AND {where}]]

function catalog.options(ask, schema, name)
  return singles(rows_of(ask, OPTIONS, schema, name), function(row)
    return some {
      postgresql_partition_by = row.partition_by, postgresql_tablespace = row.tablespace, postgresql_using = row.method,
    }
  end)
end

-- Columns -------------------------------------------------------------------------------------------------------------

-- What not every version has (attgenerated is PostgreSQL 12's) is asked as JSON, in which nothing is missing. The
-- expression of a generated column is its default, which is then shown in the server's pretty form.
local COLUMNS = [[
  SELECT c.relname AS "table", a.attname AS name, a.attnotnull AS not_null,
    format_type(a.atttypid, a.atttypmod) AS spelled, i.oid AS type, i.typtype AS kind, i.typname AS type_name,
    o.collname AS collation, col_description(c.oid, a.attnum) AS comment,
    g.generated, pg_get_expr(d.adbin, d.adrelid, g.generated IN ('s', 'v')) AS "default", a.attidentity AS identity,
    q.seqstart AS start, q.seqincrement AS increment, q.seqmin AS minvalue, q.seqmax AS maxvalue,
    q.seqcache AS cache, q.seqcycle AS cycle
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_type i ON i.oid = CASE WHEN {t is array} THEN t.typelem ELSE t.oid END
    LEFT JOIN pg_collation o ON o.oid = a.attcollation AND o.collname <> 'default'
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_depend p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid AND p.refobjsubid = a.attnum
      AND p.classid = 'pg_class'::regclass AND p.deptype = 'i' AND a.attidentity <> ''
    LEFT JOIN pg_sequence q ON q.seqrelid = p.objid
    CROSS JOIN LATERAL (
      SELECT coalesce(CASE WHEN a.atthasdef THEN to_jsonb(a) ->> 'attgenerated' END, '') AS generated) g
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND {where}
  ORDER BY c.relname, a.attnum]]

-- Enums and domains. What a domain is made of has the fields that a column's type has.
local MADE_TYPES = [[
  SELECT t.oid AS id, t.typname AS name, n.nspname AS schema, pg_type_is_visible(t.oid) AS visible,
    ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels,
    t.typnotnull AS not_null, t.typdefault AS "default", o.collname AS collation,
    format_type(t.typbasetype, t.typtypmod) AS spelled, i.oid AS type, i.typtype AS kind, i.typname AS type_name
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_type b ON b.oid = t.typbasetype
    LEFT JOIN pg_type i ON i.oid = CASE WHEN {b is array} THEN b.typelem ELSE b.oid END
    LEFT JOIN pg_collation o ON o.oid = t.typcollation AND o.collname <> 'default'
  WHERE t.typtype IN ('d', 'e')]]

-- Domains have the category of an array, but no items; and vectors, which are plain values here, have another storage.
local function with_arrays(sql)
  local condition = "%1.typcategory = 'A' AND %1.typelem <> 0 AND %1.typstorage <> 'p'"
  return (string.gsub(sql, "{(%l) is array}", condition))
end
COLUMNS, MADE_TYPES = with_arrays(COLUMNS), with_arrays(MADE_TYPES)

-- A function that gives an enum or domain by its id, and asks for all of them when it is called for the first time.
local function made_types(ask)
  local by_id
  return function(id)
    if not by_id then
      by_id = {}
      for _, row in ipairs(ask(MADE_TYPES)) do by_id[row.id] = row end
    end
    return by_id[id]
  end
end

local function identity_of(row)
  return {
    always = row.identity == "a", start = row.start, increment = row.increment, minvalue = row.minvalue,
    maxvalue = row.maxvalue, cache = row.cache, cycle = row.cycle,
  }
end

-- A column has the default of its domain, or of the domain that that one is made of.
local function column_of(row, made)
  local type_, domain = type_of(row, made)
  local column = {
    name = row.name, type = type_, nullable = not row.not_null, default = row.default, autoincrement = false,
    comment = row.comment,
  }
  while domain do
    column.default = column.default or domain.default
    if domain.not_null then column.nullable = false end
    domain = domain.kind == "d" and made(domain.type) or nil
  end
  if row.generated ~= "" then
    column.computed, column.default = { sqltext = trimmed(row.default), persisted = row.generated == "s" }, nil
  elseif row.start then
    column.identity, column.autoincrement = identity_of(row), true
  elseif column.default then
    column.autoincrement = string.find(column.default, "^nextval%('") ~= nil
  end
  return column
end

function catalog.columns(ask, schema, name)
  local made = made_types(ask)
  return lists(rows_of(ask, COLUMNS, schema, name), function(row) return column_of(row, made) end)
end

-- Keys and constraints ------------------------------------------------------------------------------------------------

-- A statement about the constraints r of a type, with {also} of their fields; r.conkey has the numbers of columns.
-- Those that have a parent o are what a foreign key means for each part of the table that it refers to.
local CONSTRAINTS = [[
  SELECT c.relname AS "table", r.conname AS name, obj_description(r.oid, 'pg_constraint') AS comment,
    r.condeferrable AS deferrable, r.condeferred AS deferred,
    ARRAY(SELECT a.attname FROM unnest(r.conkey) WITH ORDINALITY AS k (number, place)
      JOIN pg_attribute a ON a.attrelid = r.conrelid AND a.attnum = k.number ORDER BY k.place) AS columns, {also}
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_constraint r ON r.conrelid = c.oid
    LEFT JOIN pg_index x ON x.indexrelid = r.conindid
    LEFT JOIN pg_class f ON f.oid = r.confrelid
    LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
    LEFT JOIN pg_constraint o ON o.oid = r.conparentid AND o.conrelid = r.conrelid
  WHERE r.contype = '{type}' AND o.oid IS NULL AND {where}
  ORDER BY c.relname, r.conname]]

local function constraints(ask, type_, also, schema, name)
  local sql = string.gsub(CONSTRAINTS, "{(%l+)}", { also = also, type = type_ })
  return rows_of(ask, sql, schema, name)
end

local function deferring(row, fields)
  if row.deferrable then fields.deferrable = true end
  if row.deferred then fields.initially = "DEFERRED" end
  return fields
end

local PRIMARY_KEY = "NULL AS also"

function catalog.primary_keys(ask, schema, name)
  return singles(constraints(ask, "p", PRIMARY_KEY, schema, name), function(row)
    return deferring(row, { name = row.name, constrained_columns = row.columns, comment = row.comment })
  end)
end

local UNIQUE = "CASE WHEN x.indisunique THEN to_jsonb(x) -> 'indnullsnotdistinct' END = 'true' AS nulls_not_distinct"

function catalog.unique_constraints(ask, schema, name)
  return lists(constraints(ask, "u", UNIQUE, schema, name), function(row)
    return deferring(row, {
      name = row.name, column_names = row.columns, comment = row.comment,
      dialect_options = row.nulls_not_distinct and { postgresql_nulls_not_distinct = true } or nil,
    })
  end)
end

local CHECK = "pg_get_expr(r.conbin, r.conrelid, true) AS condition"

function catalog.check_constraints(ask, schema, name)
  return lists(constraints(ask, "c", CHECK, schema, name), function(row)
    return { name = row.name, sqltext = trimmed(row.condition), comment = row.comment }
  end)
end

local FOREIGN_KEY = [[
    f.relname AS referred_table, fn.nspname AS referred_schema, pg_table_is_visible(f.oid) AS visible,
    ARRAY(SELECT a.attname FROM unnest(r.confkey) WITH ORDINALITY AS k (number, place)
      JOIN pg_attribute a ON a.attrelid = r.confrelid AND a.attnum = k.number ORDER BY k.place) AS referred_columns,
    r.confdeltype AS ondelete, r.confupdtype AS onupdate, r.confmatchtype = 'f' AS full_match]]

local actions = { c = "CASCADE", d = "SET DEFAULT", n = "SET NULL", r = "RESTRICT" } -- "a", NO ACTION, is the default

function catalog.foreign_keys(ask, schema, name)
  return lists(constraints(ask, "f", FOREIGN_KEY, schema, name), function(row)
    local here = row.visible and row.referred_schema ~= schema
    return {
      name = row.name, constrained_columns = row.columns, comment = row.comment, referred_table = row.referred_table,
      referred_schema = not here and row.referred_schema or nil, referred_columns = row.referred_columns,
      options = deferring(row, {
        ondelete = actions[row.ondelete], onupdate = actions[row.onupdate], match = row.full_match and "FULL" or nil,
      }),
    }
  end)
end

-- Indexes -------------------------------------------------------------------------------------------------------------

-- Of each column of an index its name, or NULL, those of INCLUDE at the end; of those before them the text, how it is
-- sorted, and the class of operators that is not the usual one of its type.
local INDEXES = [[
  SELECT c.relname AS "table", i.relname AS name, x.indisunique AS "unique", x.indnkeyatts AS keys, m.amname AS method,
    ARRAY(SELECT a.attname FROM unnest(x.indkey) WITH ORDINALITY AS k (number, place)
      LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number AND k.number <> 0
      ORDER BY k.place) AS columns,
    CASE WHEN x.indexprs IS NOT NULL THEN
      ARRAY(SELECT pg_get_indexdef(x.indexrelid, k.place, true)
        FROM generate_series(1, x.indnkeyatts) AS k (place) ORDER BY k.place) END AS texts,
    x.indoption::int2[] AS sorting,
    ARRAY(SELECT CASE WHEN NOT p.opcdefault THEN p.opcname END FROM unnest(x.indclass) WITH ORDINALITY AS k (id, place)
      JOIN pg_opclass p ON p.oid = k.id ORDER BY k.place) AS operators,
    pg_get_expr(x.indpred, x.indrelid, true) AS condition, i.reloptions AS storage, s.spcname AS tablespace,
    CASE WHEN x.indisunique THEN to_jsonb(x) -> 'indnullsnotdistinct' END = 'true' AS nulls_not_distinct,
    r.conname AS duplicates_constraint
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_index x ON x.indrelid = c.oid AND NOT x.indisprimary
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_am m ON m.oid = i.relam
    LEFT JOIN pg_tablespace s ON s.oid = i.reltablespace
    LEFT JOIN pg_constraint r ON r.conrelid = c.oid AND r.conindid = i.oid AND r.contype IN ('u', 'x')
  WHERE {where}
  ORDER BY c.relname, i.relname]]

-- How a number of pg_index.indoption sorts: 1 is DESC, 2 is NULLS FIRST. DESC has NULLs first, ASC last, unless said.
local sortings = { [1] = { "desc", "nulls_last" }, [2] = { "nulls_first" }, [3] = { "desc" } }

local function sorting_of(row, elements)
  local sorting = {}
  for i, element in ipairs(elements) do
    local words = sortings[row.sorting[i]]
    sorting[element] = words and table.move(words, 1, #words, 1, {})
  end
  return some(sorting)
end

-- { "fillfactor=70" } -> { fillfactor = "70" }
local function storage_of(row)
  local storage = {}
  for _, text in ipairs(row.storage or {}) do
    local name, value = string.match(text, "^(.-)=(.*)$")
    storage[name] = value
  end
  return some(storage)
end

local function operators_of(row, columns)
  local operators = {}
  for i, column in ipairs(columns) do
    if type(column) == "string" and type(row.operators[i]) == "string" then operators[column] = row.operators[i] end
  end
  return some(operators)
end

local function index_of(row)
  local columns = table.move(row.columns, 1, row.keys, 1, {})
  local included = table.move(row.columns, row.keys + 1, #row.columns, 1, {})
  local elements = {}
  for i, column in ipairs(columns) do elements[i] = type(column) == "string" and column or row.texts[i] end
  return {
    name = row.name, unique = row.unique, column_names = columns, expressions = row.texts and elements or nil,
    include_columns = some(included), column_sorting = sorting_of(row, elements),
    duplicates_constraint = row.duplicates_constraint,
    dialect_options = some {
      postgresql_include = some(included), postgresql_nulls_not_distinct = row.nulls_not_distinct or nil,
      postgresql_ops = operators_of(row, columns), postgresql_tablespace = row.tablespace,
      postgresql_using = row.method ~= "btree" and row.method or nil, postgresql_where = row.condition,
      postgresql_with = storage_of(row),
    },
  }
end

function catalog.indexes(ask, schema, name) return lists(rows_of(ask, INDEXES, schema, name), index_of) end

return catalog
