---@meta corm.reflection

-- What a database says of itself, and tables made of it.

---@class corm.InspectorOptions
---@field schema? string

---@class corm.MultiOptions
---@field schema? string
---@field filter_names? string[] these only
---@field kind? "table"|"view"|"materialized_view"|"any_view"|"any" default "table"
---@field scope? "default"|"temporary"|"any" default "default"

---@class corm.ReflectedColumn
---@field name string
---@field type corm.Type NullType where corm has no name for it
---@field nullable boolean
---@field default string|nil SQL
---@field autoincrement boolean|nil
---@field comment string|nil
---@field computed { sqltext: string, persisted: boolean }|nil
---@field identity table|nil
---@field dialect_options table|nil
---@field key string|nil for a listener of column_reflect to set: the name in t.c
---@field info table|nil likewise

---@class corm.ReflectedPrimaryKey
---@field name string|nil
---@field constrained_columns string[]
---@field comment string|nil
---@field deferrable boolean|nil PostgreSQL
---@field initially string|nil PostgreSQL
---@field dialect_options table|nil

---@class corm.ReflectedForeignKey
---@field name string|nil
---@field constrained_columns string[]
---@field referred_schema string|nil
---@field referred_table string
---@field referred_columns string[]
---@field options table ondelete, onupdate, deferrable, initially, match
---@field comment string|nil

---@class corm.ReflectedUniqueConstraint
---@field name string|nil
---@field column_names string[]
---@field duplicates_index string|nil
---@field comment string|nil
---@field deferrable boolean|nil PostgreSQL
---@field initially string|nil PostgreSQL
---@field dialect_options table|nil

---@class corm.ReflectedIndex
---@field name string
---@field column_names any[] corm.null where an expression stands
---@field expressions string[]|nil all parts as SQL, where one is an expression
---@field unique boolean
---@field column_sorting table<string, string[]>|nil
---@field include_columns string[]|nil
---@field duplicates_constraint string|nil
---@field dialect_options table|nil

---@class corm.ReflectedCheckConstraint
---@field name string|nil
---@field sqltext string
---@field comment string|nil

---Says what is in a database. Answers are remembered. What is about one table raises NoSuchTableError where there is
---none.
---@class corm.Inspector
---@field bind corm.Engine|corm.Connection
---@field engine corm.Engine
---@field dialect corm.Dialect
---@field default_schema_name string|nil
local Inspector = {}

---@param options? corm.InspectorOptions|string
---@return string[]
function Inspector:get_table_names(options) end

---@param options? corm.InspectorOptions|string
---@return string[]
function Inspector:get_view_names(options) end

---@param options? corm.InspectorOptions|string
---@return string[]
function Inspector:get_materialized_view_names(options) end

---@return string[]
function Inspector:get_temp_table_names() end

---@return string[]
function Inspector:get_temp_view_names() end

---@return string[]
function Inspector:get_schema_names() end

---@param options? corm.InspectorOptions|string
---@return string[] # none where the database has no sequences
function Inspector:get_sequence_names(options) end

---@param options? corm.InspectorOptions|string
---@return { name: string, schema: string, visible: boolean, labels: string[] }[] # PostgreSQL's; none elsewhere
function Inspector:get_enums(options) end

---@param name string of a table or view
---@param options? corm.InspectorOptions|string
---@return boolean
function Inspector:has_table(name, options) end

---@param table string
---@param name string
---@param options? corm.InspectorOptions|string
---@return boolean # false, too, where there is no such table
function Inspector:has_index(table, name, options) end

---@param name string
---@return boolean
function Inspector:has_schema(name) end

---@param name string
---@param options? corm.InspectorOptions|string
---@return boolean
function Inspector:has_sequence(name, options) end

---@param table string
---@param options? corm.InspectorOptions|string
---@return corm.ReflectedColumn[]
function Inspector:get_columns(table, options) end

---@param table string
---@param options? corm.InspectorOptions|string
---@return corm.ReflectedPrimaryKey
function Inspector:get_pk_constraint(table, options) end

---@param table string
---@param options? corm.InspectorOptions|string
---@return corm.ReflectedForeignKey[]
function Inspector:get_foreign_keys(table, options) end

---@param table string
---@param options? corm.InspectorOptions|string
---@return corm.ReflectedUniqueConstraint[]
function Inspector:get_unique_constraints(table, options) end

---@param table string
---@param options? corm.InspectorOptions|string
---@return corm.ReflectedIndex[] # without those of primary keys
function Inspector:get_indexes(table, options) end

---@param table string
---@param options? corm.InspectorOptions|string
---@return corm.ReflectedCheckConstraint[]
function Inspector:get_check_constraints(table, options) end

---@param table string
---@param options? corm.InspectorOptions|string
---@return { text: string|nil }
function Inspector:get_table_comment(table, options) end

---@param table string
---@param options? corm.InspectorOptions|string
---@return table # as corm.Table takes them
function Inspector:get_table_options(table, options) end

---@param view string
---@param options? corm.InspectorOptions|string
---@return string
function Inspector:get_view_definition(view, options) end

---@param options? corm.MultiOptions|string
---@return table<string, corm.ReflectedColumn[]> # by full name
function Inspector:get_multi_columns(options) end

---@param options? corm.MultiOptions|string
---@return table<string, corm.ReflectedPrimaryKey>
function Inspector:get_multi_pk_constraint(options) end

---@param options? corm.MultiOptions|string
---@return table<string, corm.ReflectedForeignKey[]>
function Inspector:get_multi_foreign_keys(options) end

---@param options? corm.MultiOptions|string
---@return table<string, corm.ReflectedUniqueConstraint[]>
function Inspector:get_multi_unique_constraints(options) end

---@param options? corm.MultiOptions|string
---@return table<string, corm.ReflectedIndex[]>
function Inspector:get_multi_indexes(options) end

---@param options? corm.MultiOptions|string
---@return table<string, corm.ReflectedCheckConstraint[]>
function Inspector:get_multi_check_constraints(options) end

---@param options? corm.MultiOptions|string
---@return table<string, { text: string|nil }>
function Inspector:get_multi_table_comment(options) end

---@param options? corm.MultiOptions|string
---@return table<string, table>
function Inspector:get_multi_table_options(options) end

---Tables with the names of their foreign keys (false: unnamed), those that are referred to first; last, with nil for
---the table, the keys by which tables refer to each other, as pairs of table and name.
---@param options? corm.InspectorOptions|string
---@return { [1]: string|nil, [2]: any[] }[]
function Inspector:get_sorted_table_and_fkc_names(options) end

---Adds what the database says to a table; columns that it has already stay as they are.
---@param table corm.Table
---@param options? { include_columns?: string[], exclude_columns?: string[], resolve_fks?: boolean }
function Inspector:reflect_table(table, options) end

---Forgets what was asked: the next question goes to the database.
function Inspector:clear_cache() end
