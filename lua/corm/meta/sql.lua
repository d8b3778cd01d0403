---@meta corm.sql

-- FROM clauses and statements. All are immutable: a method returns a new one.

-- FROM clauses --------------------------------------------------------------------------------------------------------

---A table, an alias, a subquery, a join.
---@class corm.FromClause
---@field c table<string|integer, corm.Expression> Columns; an unknown name is an ArgumentError
---@field columns table<string|integer, corm.Expression> The same
---@field name string|nil
---@field column corm.Expression Of a function in FROM: its alias as a value
local FromClause = {}

---Of a function in FROM: `AS name(a, b)`, or with the columns' types.
---@param options? { name?: string, with_types?: boolean }
---@return corm.FromClause
function FromClause:render_derived(options) end

---@param name? string
---@return corm.FromClause
function FromClause:alias(name) end

---Of `corm.values(...)`: its rows in WITH.
---@param name? string
---@param options? { nesting?: boolean, recursive?: boolean }
---@return corm.FromClause
function FromClause:cte(name, options) end

---Of `corm.values(...)`: the rows may speak of the FROMs beside them. Not on SQLite and MariaDB.
---@param name? string
---@return corm.FromClause
function FromClause:lateral(name) end

---Of `corm.values(...)`: (VALUES ...), for the right side of in_.
---@return corm.Expression
function FromClause:scalar_values() end

---Of `corm.values(...)`: more rows.
---@param rows any[][] A value for each column; corm.null for NULL
---@return corm.FromClause
function FromClause:data(rows) end

---Of a CTE: UNION of what it is with these selects, which may select from it (`recursive = true`).
---@param ... corm.Select
---@return corm.FromClause
function FromClause:union(...) end

---Of a CTE: the same with UNION ALL.
---@param ... corm.Select
---@return corm.FromClause
function FromClause:union_all(...) end

---Of a CTE: raw SQL behind AS, such as `corm.text("MATERIALIZED")`.
---@param ... corm.TextClause|{ dialect: string? }
---@return corm.FromClause
function FromClause:prefix_with(...) end

---Of a CTE: raw SQL at its end.
---@param ... corm.TextClause|{ dialect: string? }
---@return corm.FromClause
function FromClause:suffix_with(...) end

---Raises NoForeignKeysError or AmbiguousForeignKeysError when no ON clause is given and none can be found.
---@param right corm.FromClause|corm.Model
---@param onclause? corm.Expression
---@param options? { isouter?: boolean, full?: boolean }
---@return corm.FromClause
function FromClause:join(right, onclause, options) end

---@param right corm.FromClause|corm.Model
---@param onclause? corm.Expression
---@param options? { isouter?: boolean, full?: boolean }
---@return corm.FromClause
function FromClause:outerjoin(right, onclause, options) end

---@param options? corm.CompileOptions
---@return corm.Compiled
function FromClause:compile(options) end

---True when both have the same structure, names and values.
---@param other any an expression, FROM or statement
---@return boolean
function FromClause:compare(other) end

-- Statements ----------------------------------------------------------------------------------------------------------

---What all statements have. tostring gives the SQL of the generic dialect.
---@class corm.Statement
local Statement = {}

---A common table expression: `WITH name AS (...)`.
---@param name? string Made up without one
---@param options? { recursive?: boolean, nesting?: boolean } `nesting`: WITH stands at the select that names it
---@return corm.FromClause
function Statement:cte(name, options) end

---CTEs that the statement has whether anything names them or not.
---@param ... corm.FromClause
---@return self
function Statement:add_cte(...) end

---Rows of any statement become what the select lists, in a session.
---@param statement corm.Statement|corm.Query
---@return self
function Statement:from_statement(statement) end

---Loader options. Raises ArgumentError for an option of another model when it is executed.
---@param ... corm.LoaderOption
---@return self
function Statement:options(...) end

---@class corm.ExecutionOptions
---@field yield_per? integer
---@field stream_results? boolean
---@field populate_existing? boolean Overwrite what loaded objects have
---@field autoflush? boolean Default: the session's
---@field enable_eagerloads? boolean Default: true. False: nothing is joined for relationships, nor read by a subquery
---@field synchronize_session? "auto"|"evaluate"|"fetch"|false How loaded objects follow an UPDATE or DELETE by criteria

---@param options corm.ExecutionOptions
---@return self
function Statement:execution_options(options) end

---Values of named parameters, of a select, a union, text, an INSERT, UPDATE or DELETE, and of all that is in it.
---@param values table<string, any>
---@return self
function Statement:params(values) end

---@param options? corm.CompileOptions
---@return corm.Compiled
function Statement:compile(options) end

---True when both have the same structure, names and values.
---@param other any an expression, FROM or statement
---@return boolean
function Statement:compare(other) end

---A statement with WHERE.
---@class corm.Filtered : corm.Statement
---@field whereclause corm.Expression? the condition
local Filtered = {}

---@param ... corm.Expression Conditions, joined by AND
---@return self
function Filtered:where(...) end

---@param ... corm.Expression The same as where
---@return self
function Filtered:filter(...) end

---Equality with attributes of the entity that was joined last. Raises InvalidRequestError for an unknown name.
---@param values table<string, any>
---@return self
function Filtered:filter_by(values) end

---@class corm.Select : corm.Filtered
---@field selected_columns corm.Column[] by position and key
---@field exported_columns corm.Column[] by position and key
---@field column_descriptions table[] of name, type, expr, entity, aliased
---@field froms corm.FromClause[]
---@field columns_clause_froms corm.FromClause[]
local Select = {}

---UNION: rows of any, each once
---@param ... corm.Select
---@return corm.Select
function Select:union(...) end

---UNION ALL
---@param ... corm.Select
---@return corm.Select
function Select:union_all(...) end

---INTERSECT: rows of all
---@param ... corm.Select
---@return corm.Select
function Select:intersect(...) end

---INTERSECT ALL
---@param ... corm.Select
---@return corm.Select
function Select:intersect_all(...) end

---EXCEPT: rows of the first that no other has
---@param ... corm.Select
---@return corm.Select
function Select:except_(...) end

---EXCEPT ALL
---@param ... corm.Select
---@return corm.Select
function Select:except_all(...) end

---CREATE TABLE name AS the select: `corm.CreateTableAs`.
---@param name string
---@param options? { temporary?: boolean, if_not_exists?: boolean, schema?: string, metadata?: corm.MetaData }
---@return corm.DDLElement
function Select:into(name, options) end

---@param ... any
---@return self
function Select:add_columns(...) end

---@param ... any
---@return self
function Select:with_only_columns(...) end

---`join(target [, onclause] [, options])`, or along a relationship: `join(User.addresses)`, `join(Alias,
---User.addresses)`.
---Raises NoForeignKeysError, AmbiguousForeignKeysError.
---@param target any
---@param onclause? any
---@param options? { isouter?: boolean, full?: boolean }
---@return self
function Select:join(target, onclause, options) end

---@param target any
---@param onclause? any
---@param options? { full?: boolean }
---@return self
function Select:outerjoin(target, onclause, options) end

---@param from any
---@param target any
---@param onclause? any
---@param options? { isouter?: boolean, full?: boolean }
---@return self
function Select:join_from(from, target, onclause, options) end

---@param from any
---@param target any
---@param onclause? any
---@param options? { full?: boolean }
---@return self
function Select:outerjoin_from(from, target, onclause, options) end

---@param ... any FROMs that the columns do not name
---@return self
function Select:select_from(...) end

---FROMs of the enclosing statement to leave out; appends. nil: none.
---@param ... any
---@return self
function Select:correlate(...) end

---Leaves out all enclosing FROMs but these; appends. nil: all.
---@param ... any
---@return self
function Select:correlate_except(...) end

---Appends; a single nil empties it. A string is a label or column of the select.
---@param ... any
---@return self
function Select:order_by(...) end

---@param ... any
---@return self
function Select:group_by(...) end

---@param ... corm.Expression
---@return self
function Select:having(...) end

---@param count integer|corm.Expression|nil 0 or more; nil: none
---@return self
function Select:limit(count) end

---@param count integer|corm.Expression|nil
---@return self
function Select:offset(count) end

---@param ... corm.Expression DISTINCT ON, of PostgreSQL
---@return self
function Select:distinct(...) end

---FETCH FIRST instead of LIMIT.
---@param count integer|corm.Expression|nil 0 or more; nil: none
---@param options? { with_ties: boolean?, percent: boolean? }
---@return self
function Select:fetch(count, options) end

---Limit and offset by positions from 0.
---@param start integer?
---@param stop integer? the position behind the last
---@return self
function Select:slice(start, stop) end

---@class corm.RowLock
---@field nowait? boolean
---@field read? boolean
---@field of? any Tables, classes or columns.
---@field skip_locked? boolean
---@field key_share? boolean

---Locks the rows; left out on SQLite.
---@param options? corm.RowLock
---@return self
function Select:with_for_update(options) end

---SQL behind SELECT.
---@param ... corm.TextClause|{ dialect: string? }
---@return self
function Select:prefix_with(...) end

---SQL at the end.
---@param ... corm.TextClause|{ dialect: string? }
---@return self
function Select:suffix_with(...) end

---A hint at a table.
---@param from corm.Table|corm.FromClause
---@param text corm.TextClause
---@param dialect? string
---@return self
function Select:with_hint(from, text, dialect) end

---A hint at the end of the statement.
---@param text corm.TextClause
---@param dialect? string
---@return self
function Select:with_statement_hint(text, dialect) end

---@param style string one of corm.LABEL_STYLE_...
---@return self
function Select:set_label_style(style) end

---@return string
function Select:get_label_style() end

---Without the columns that say what another one says, by a foreign key or WHERE.
---@param only_synonyms? boolean false: also where the names differ
---@return self
function Select:reduce_columns(only_synonyms) end

---The FROMs that the statement will have.
---@return corm.FromClause[]
function Select:get_final_froms() end

---@param name? string
---@return corm.FromClause
function Select:subquery(name) end

---@param name? string
---@return corm.FromClause
function Select:alias(name) end

---The select in FROM, seeing the FROMs beside it. Neither SQLite nor MariaDB has it.
---@param name? string
---@return corm.FromClause
function Select:lateral(name) end

---The select as a value.
---@return corm.Expression
function Select:scalar_subquery() end

---@return corm.Expression
function Select:as_scalar() end

---The scalar subquery under a name.
---@param name string|nil
---@return corm.Expression
function Select:label(name) end

---@return corm.Expression
function Select:exists() end

---A statement that can return rows of what it wrote.
---@class corm.Returning : corm.Statement
local Returning = {}

---An INSERT takes `{ sort_by_parameter_order = true }` last: what many rows of parameters return comes in their order.
---@param ... any Columns or the table
---@return self
function Returning:returning(...) end

---SQL behind INSERT, UPDATE or DELETE: `OR REPLACE`, `IGNORE`, `LOW_PRIORITY`.
---@param ... corm.TextClause|{ dialect: string? }
---@return self
function Returning:prefix_with(...) end

---What one dialect has: the most rows that an UPDATE or DELETE changes on MySQL and MariaDB.
---@param options { mysql_limit: integer?, mariadb_limit: integer? }
---@return self
function Returning:with_dialect_options(options) end

---@class corm.Insert : corm.Returning
---@field excluded table<string, corm.Expression> The columns of the row that is to be inserted, for upserts
---@field inserted table<string, corm.Expression> The same
local Insert = {}

---`{ column = value }`, a row by position, a list of rows, `{}` for DEFAULT VALUES. A column object may be a key.
---Raises CompileError for unknown columns; executing it DataError for values that do not fit.
---@param values table
---@return self
function Insert:values(values) end

---@param columns (string|corm.Column)[]
---@param select corm.Select
---@param options? { include_defaults?: boolean } false: without the defaults of the other columns
---@return self
function Insert:from_select(columns, select, options) end

---The generated key is not asked for by RETURNING.
---@return self
function Insert:inline() end

---What the database makes of the row is told by the Result (`returned_defaults`), where there is
---RETURNING. Without columns: of all that get a value there. `supplemental_cols` are rows of the result, too.
---@param ... corm.Column|{ supplemental_cols: any[]?, sort_by_parameter_order: boolean? }
---@return self
function Insert:return_defaults(...) end

---A row that is there already is updated. MySQL and MariaDB: ON DUPLICATE KEY UPDATE, whichever unique key it is.
---Raises ArgumentError without a target or without what to set; CompileError for what the database lacks.
---@param options corm.ConflictUpdate
---@return self
function Insert:on_conflict_do_update(options) end

---A row that is there already stays.
---@param options? corm.ConflictTarget
---@return self
function Insert:on_conflict_do_nothing(options) end

---MySQL and MariaDB: a row that is there already is updated.
---@param values table `{ column = value }`, or a list of `{ column, value }` in their order
---@return self
function Insert:on_duplicate_key_update(values) end

---@class corm.ConflictTarget
---@field index_elements? (string|corm.Column|corm.Expression)[] What is unique together
---@field constraint? string|corm.Constraint|corm.Index Instead; by name on PostgreSQL
---@field index_where? corm.Expression Of a partial index

---@class corm.ConflictUpdate : corm.ConflictTarget
---@field set_ table|fun(excluded: table<string, corm.Expression>): table What becomes of the row
---@field where? corm.Expression Only then

---@class corm.Update : corm.Filtered, corm.Returning
local Update = {}

---@param values table
---@return self
function Update:values(values) end

---What the database makes of the row is told by the Result (`returned_defaults`), where there is
---RETURNING. Without columns: of all that get a value there. `supplemental_cols` are rows of the result, too.
---@param ... corm.Column|{ supplemental_cols: any[]?, sort_by_parameter_order: boolean? }
---@return self
function Update:return_defaults(...) end

---SET in this order.
---@param ... table `{ column, value }`
---@return self
function Update:ordered_values(...) end

---@class corm.Delete : corm.Filtered, corm.Returning
local Delete = {}

---@class corm.TextClause : corm.Statement
local TextClause = {}

---@param ... corm.Expression|table bindparam() objects, or a table of values
---@return self
function TextClause:bindparams(...) end

---Names and types of the result's columns, from the left.
---@param ... corm.Expression|corm.Column
---@return self
function TextClause:columns(...) end

---CREATE or DROP of one schema object.
---@class corm.DDLElement : corm.Statement
---@field table corm.Table|nil What it makes or drops
---@field element any What it is about
local DDLElement = {}

---When an event executes it, only where this holds. `callable_(element, target, bind, { dialect })`.
---@param options { dialect?: string|string[], callable_?: function }
---@return self
function DDLElement:execute_if(options) end
