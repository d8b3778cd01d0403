---@meta corm.schema

-- Types, columns, tables. Collections here (`t.c`, `t.indexes`, `metadata.tables`) are read by position and, where
-- their members have names, by name; `for x in t.c do`, `#t.c`, `ipairs`, `pairs`.

---A type. Called, it makes one with arguments: `String(50)`.
---@class corm.Type
---@overload fun(...): corm.Type
---@field __visit_name__ string
---@field length integer|nil
---@field precision integer|nil
---@field scale integer|nil
---@field asdecimal boolean
---@field timezone boolean
---@field name string|nil Of an Enum
---@field collation string|nil
---@field enums string[]|nil
---@field schema string|nil Of an Enum
---@field native_enum boolean
---@field as_uuid boolean
---@field none_as_null boolean
---@field NULL any Of JSON: JSON's null, which is stored as such
---@field dimensions integer|nil Of an ARRAY
---@field item_type corm.Type|nil Of an ARRAY
---@field impl corm.Type|nil Of a TypeDecorator
local Type = {}

---The type's name in SQL. Raises CompileError where the dialect has none.
---@param options? { dialect?: string }
---@return string
function Type:compile(options) end

---The same type, and on the databases named another one.
---@param type corm.Type
---@param ... string
---@return corm.Type
function Type:with_variant(type, ...) end

---The general type that one with a name of its own is of. Raises InvalidRequestError for types of one's own.
---@return corm.Type
function Type:as_generic() end

---@class corm.Column : corm.Expression
---@field table corm.Table|nil
---@field primary_key boolean
---@field nullable boolean
---@field unique boolean
---@field index boolean
---@field autoincrement boolean|"auto"|"ignore_fk"
---@field foreign_keys corm.ForeignKey[]
---@field default any
---@field onupdate any
---@field server_default any
---@field server_onupdate any
---@field info table
---@field comment string|nil
---@field computed corm.Computed|nil
---@field identity corm.Identity|nil
local Column = {}

---Numbers that the database generates for a column.
---@class corm.Identity
---@field always boolean
local Identity = {}

---A column that the database computes.
---@class corm.Computed
---@field persisted boolean|nil
---@field sqltext corm.Expression
local Computed = {}

---A sequence, in SQL an object of its own.
---@class corm.Sequence
---@field name string
---@field schema string|nil
---@field optional boolean
---@field metadata corm.MetaData|nil
local Sequence = {}

---The next number, as an expression.
---@return corm.Expression
function Sequence:next_value() end

---A primary key, foreign key, unique or check constraint.
---@class corm.Constraint
---@field name string|nil
---@field columns corm.Column[]
---@field sqltext corm.Expression|nil # of a CheckConstraint
---@field table corm.Table|nil
---@field ondelete string|nil
---@field onupdate string|nil
---@field targets corm.Column[]
---@field target_fullname string
---@field referred_table corm.Table|nil # of a foreign key that has a table
---@field referred_columns corm.Column[]|nil
---@field match string|nil
---@field use_alter boolean
---@field deferrable boolean|nil
---@field initially string|nil
---@field comment string|nil
---@field info table
local Constraint = {}

---Made only on these databases, and where the function says so.
---@param options { dialect?: string|string[], callable_?: function }
---@return self
function Constraint:ddl_if(options) end

---@class corm.ForeignKey : corm.Constraint
local ForeignKey = {}

---@class corm.Index
---@field name string|nil
---@field unique boolean
---@field table corm.Table|nil
---@field columns table
---@field expressions table
---@field info table
local Index = {}

---@param options { dialect?: string|string[], callable_?: function }
---@return self
function Index:ddl_if(options) end

---@class corm.Table : corm.FromClause
---@field schema string|nil
---@field fullname string
---@field key string
---@field metadata corm.MetaData
---@field primary_key corm.Constraint
---@field constraints table
---@field foreign_keys table
---@field foreign_key_constraints table
---@field indexes table
---@field info table
---@field comment string|nil
local Table = {}

---@param column corm.Column
function Table:append_column(column) end

---@param constraint corm.Constraint|corm.Index
function Table:append_constraint(constraint) end

---CREATE TABLE with its indexes. Raises what the database says.
---@param bind corm.Engine|corm.Connection
---@param options? { checkfirst?: boolean } Default false
function Table:create(bind, options) end

---DROP TABLE.
---@param bind corm.Engine|corm.Connection
---@param options? { checkfirst?: boolean } Default false
function Table:drop(bind, options) end

---A copy in another MetaData, with columns, constraints and indexes.
---@param metadata corm.MetaData
---@param options? { schema?: string, referred_schema_fn?: function, name?: string }
---@return corm.Table
function Table:to_metadata(metadata, options) end

---@return corm.Select
function Table:select() end

---@return corm.Insert
function Table:insert() end

---@param options? { all?: boolean }
---@return corm.Update
function Table:update(options) end

---@param options? { all?: boolean }
---@return corm.Delete
function Table:delete(options) end

---@class corm.MetaData
---@field tables table<string|integer, corm.Table>
---@field sorted_tables corm.Table[] Those that are referred to first
---@field schema string|nil
---@field info table
---@field naming_convention table|nil
local MetaData = {}

---Creates what is missing, in the order of foreign keys, in one transaction.
---Raises NoReferencedTableError, NoReferencedColumnError, what the database says.
---@param bind corm.Engine|corm.Connection
---@param options? { tables?: corm.Table[], checkfirst?: boolean } `checkfirst`: default true
function MetaData:create_all(bind, options) end

---Drops what is there, in the opposite order.
---@param bind corm.Engine|corm.Connection
---@param options? { tables?: corm.Table[], checkfirst?: boolean }
function MetaData:drop_all(bind, options) end

---Makes tables of those that a database has, but for those that are there already, with the tables that they refer to.
---Raises InvalidRequestError for names of `only` that the database has not.
---@param bind corm.Engine|corm.Connection|corm.Inspector
---@param options? corm.ReflectOptions
function MetaData:reflect(bind, options) end

---@class corm.ReflectOptions
---@field schema? string
---@field views? boolean views, too
---@field only? string[]|fun(name: string, metadata: corm.MetaData): boolean
---@field extend_existing? boolean columns are added to tables that are there
---@field resolve_fks? boolean tables that are referred to as well (default true)

---Forgets a table; the database is not touched.
---@param table corm.Table
function MetaData:remove(table) end

---Forgets all tables.
function MetaData:clear() end
