---@meta corm.sql

-- Expressions, FROM clauses and statements. All are immutable: a method returns a new one.

-- Expressions ---------------------------------------------------------------------------------------------------------

---Everything with a value: columns, attributes, functions, operators. `+ - * / // % ..`, `-x`, `& | ~`, `<< >>` make
---expressions; `< <= > >=` raise ArgumentError, and `==` gives a boolean that a condition refuses: use methods.
---@class corm.Expression
---@operator add(any): corm.Expression
---@operator sub(any): corm.Expression
---@operator mul(any): corm.Expression
---@operator div(any): corm.Expression
---@operator idiv(any): corm.Expression
---@operator mod(any): corm.Expression
---@operator concat(any): corm.Expression
---@operator unm: corm.Expression
---@operator band(any): corm.Expression
---@operator bor(any): corm.Expression
---@operator bnot: corm.Expression
---@operator shl(any): corm.Expression
---@operator shr(any): corm.Expression
---@field type corm.Type
---@field name string|nil
---@field key string|nil
local Expression = {}

---`=`; nil is IS NULL.
---@param other any
---@return corm.Expression
function Expression:eq(other) end

---`!=`; nil is IS NOT NULL.
---@param other any
---@return corm.Expression
function Expression:ne(other) end

---`<`.
---@param other any
---@return corm.Expression
function Expression:lt(other) end

---`<=`.
---@param other any
---@return corm.Expression
function Expression:le(other) end

---`>`.
---@param other any
---@return corm.Expression
function Expression:gt(other) end

---`>=`.
---@param other any
---@return corm.Expression
function Expression:ge(other) end

---IS.
---@param other any
---@return corm.Expression
function Expression:is_(other) end

---IS NOT.
---@param other any
---@return corm.Expression
function Expression:is_not(other) end

---IS NOT.
---@param other any
---@return corm.Expression
function Expression:isnot(other) end

---IS DISTINCT FROM: NULL equals NULL.
---@param other any
---@return corm.Expression
function Expression:is_distinct_from(other) end

---IS NOT DISTINCT FROM.
---@param other any
---@return corm.Expression
function Expression:is_not_distinct_from(other) end

---IS NOT DISTINCT FROM.
---@param other any
---@return corm.Expression
function Expression:isnot_distinct_from(other) end

---`+`.
---@param other any
---@return corm.Expression
function Expression:add(other) end

---`-`.
---@param other any
---@return corm.Expression
function Expression:sub(other) end

---`*`.
---@param other any
---@return corm.Expression
function Expression:mul(other) end

---`/`, never rounded.
---@param other any
---@return corm.Expression
function Expression:truediv(other) end

---`//`.
---@param other any
---@return corm.Expression
function Expression:floordiv(other) end

---`%`.
---@param other any
---@return corm.Expression
function Expression:mod(other) end

---`||`.
---@param other any
---@return corm.Expression
function Expression:concat(other) end

---`&` of bits.
---@param other any
---@return corm.Expression
function Expression:bitwise_and(other) end

---`|` of bits.
---@param other any
---@return corm.Expression
function Expression:bitwise_or(other) end

---`^` of bits.
---@param other any
---@return corm.Expression
function Expression:bitwise_xor(other) end

---`<<`.
---@param other any
---@return corm.Expression
function Expression:bitwise_lshift(other) end

---`>>`.
---@param other any
---@return corm.Expression
function Expression:bitwise_rshift(other) end

---AND.
---@param other any
---@return corm.Expression
function Expression:and_(other) end

---OR.
---@param other any
---@return corm.Expression
function Expression:or_(other) end

---IN a sequence or a select; tuples are sequences.
---@param values any[]|corm.Select
---@return corm.Expression
function Expression:in_(values) end

---NOT IN a sequence or a select; tuples are sequences.
---@param values any[]|corm.Select
---@return corm.Expression
function Expression:not_in(values) end

---NOT IN a sequence or a select; tuples are sequences.
---@param values any[]|corm.Select
---@return corm.Expression
function Expression:notin_(values) end

---LIKE.
---@param pattern any `%` and `_` are wild
---@param options? { escape?: string }
---@return corm.Expression
function Expression:like(pattern, options) end

---NOT LIKE.
---@param pattern any `%` and `_` are wild
---@param options? { escape?: string }
---@return corm.Expression
function Expression:not_like(pattern, options) end

---NOT LIKE.
---@param pattern any `%` and `_` are wild
---@param options? { escape?: string }
---@return corm.Expression
function Expression:notlike(pattern, options) end

---LIKE without regard to case.
---@param pattern any `%` and `_` are wild
---@param options? { escape?: string }
---@return corm.Expression
function Expression:ilike(pattern, options) end

---NOT LIKE without regard to case.
---@param pattern any `%` and `_` are wild
---@param options? { escape?: string }
---@return corm.Expression
function Expression:not_ilike(pattern, options) end

---NOT LIKE without regard to case.
---@param pattern any `%` and `_` are wild
---@param options? { escape?: string }
---@return corm.Expression
function Expression:notilike(pattern, options) end

---Holds the text. `autoescape`: `%` and `_` in it are not wild.
---@param text any
---@param options? { autoescape?: boolean, escape?: string }
---@return corm.Expression
function Expression:contains(text, options) end

---Begins with the text. `autoescape`: `%` and `_` in it are not wild.
---@param text any
---@param options? { autoescape?: boolean, escape?: string }
---@return corm.Expression
function Expression:startswith(text, options) end

---Ends with the text. `autoescape`: `%` and `_` in it are not wild.
---@param text any
---@param options? { autoescape?: boolean, escape?: string }
---@return corm.Expression
function Expression:endswith(text, options) end

---The same without regard to case. `autoescape`: `%` and `_` in it are not wild.
---@param text any
---@param options? { autoescape?: boolean, escape?: string }
---@return corm.Expression
function Expression:icontains(text, options) end

---The same without regard to case. `autoescape`: `%` and `_` in it are not wild.
---@param text any
---@param options? { autoescape?: boolean, escape?: string }
---@return corm.Expression
function Expression:istartswith(text, options) end

---The same without regard to case. `autoescape`: `%` and `_` in it are not wild.
---@param text any
---@param options? { autoescape?: boolean, escape?: string }
---@return corm.Expression
function Expression:iendswith(text, options) end

---@param low any
---@param high any
---@return corm.Expression
function Expression:between(low, high) end

---`-x`.
---@return corm.Expression
function Expression:neg() end

---`~` of bits.
---@return corm.Expression
function Expression:bitwise_not() end

---NOT.
---@return corm.Expression
function Expression:not_() end

---DISTINCT x.
---@return corm.Expression
function Expression:distinct() end

---ASC.
---@return corm.Expression
function Expression:asc() end

---DESC.
---@return corm.Expression
function Expression:desc() end

---NULLS FIRST.
---@return corm.Expression
function Expression:nulls_first() end

---NULLS FIRST.
---@return corm.Expression
function Expression:nullsfirst() end

---NULLS LAST.
---@return corm.Expression
function Expression:nulls_last() end

---NULLS LAST.
---@return corm.Expression
function Expression:nullslast() end

---@param collation string
---@return corm.Expression
function Expression:collate(collation) end

---Under a name; nil: an anonymous one.
---@param name string|nil
---@return corm.Expression
function Expression:label(name) end

---@param type corm.Type
---@return corm.Expression
function Expression:cast(type) end

---@param type corm.Type
---@return corm.Expression
function Expression:type_coerce(type) end

---Any operator of the database: `col:op("&", { precedence = 15 })(4)`.
---@param operator string Words and `+-*/<>=~!@#%^&|?:`
---@param options? { precedence?: integer, is_comparison?: boolean, return_type?: corm.Type }
---@return fun(other: any): corm.Expression
function Expression:op(operator, options) end

---The same with a boolean result.
---@param operator string
---@param options? { precedence?: integer, is_comparison?: boolean, return_type?: corm.Type }
---@return fun(other: any): corm.Expression
function Expression:bool_op(operator, options) end

---Of a function: `OVER (...)`. Lists are sequences, or one expression. A frame is `{ from, to }`: negative numbers are
---before the current row, 0 is it, corm.null has no bound; or a corm.FrameClause.
---@param options? { partition_by?: any, order_by?: any, rows?: any, range_?: any, groups?: any, exclude?: string }
---@return corm.Expression
function Expression:over(options) end

---Of an aggregate: `FILTER (WHERE ...)`; without a condition the function itself.
---@param ... corm.Expression
---@return corm.Expression
function Expression:filter(...) end

---Of a function: `WITHIN GROUP (ORDER BY ...)`.
---@param ... corm.Expression
---@return corm.Expression
function Expression:within_group(...) end

---Of an aggregate: ORDER BY behind its arguments.
---@param ... corm.Expression
---@return corm.Expression
function Expression:aggregate_order_by(...) end

---An item of JSON by key, position or path, or of an ARRAY by position; also `col["key"]` where no member has that
---name.
---@param index any a string, an integer, a list of both, or an expression
---@return corm.Expression
function Expression:getitem(index) end

---Part of an ARRAY, both ends included; nil: from the beginning, to the end.
---@param start? any
---@param stop? any
---@return corm.Expression
function Expression:slice(start, stop) end

---An item of JSON as text.
---@return corm.Expression
function Expression:as_string() end

---An item of JSON as an integer.
---@return corm.Expression
function Expression:as_integer() end

---An item of JSON as a float.
---@return corm.Expression
function Expression:as_float() end

---An item of JSON as a boolean.
---@return corm.Expression
function Expression:as_boolean() end

---An item of JSON as a decimal.
---@param precision integer
---@param scale integer
---@param options? { asdecimal?: boolean }
---@return corm.Expression
function Expression:as_numeric(precision, scale, options) end

---An item of JSON as JSON, which it is anyhow.
---@return corm.Expression
function Expression:as_json() end

---An item of JSON as text by PostgreSQL's `->>`.
---@return corm.Expression
function Expression:astext() end

---ANY of an array or a subquery, for a comparison.
---@return corm.Expression
function Expression:any_() end

---ALL of an array or a subquery, for a comparison.
---@return corm.Expression
function Expression:all_() end

---`value = ANY (array)`, or another comparison.
---@param value any
---@param options? { operator?: "eq"|"ne"|"lt"|"le"|"gt"|"ge" }
---@return corm.Expression
function Expression:any(value, options) end

---`value = ALL (array)`, or another comparison.
---@param value any
---@param options? { operator?: "eq"|"ne"|"lt"|"le"|"gt"|"ge" }
---@return corm.Expression
function Expression:all(value, options) end

---`<@`: everything here is in the other ARRAY or JSONB.
---@param other any
---@return corm.Expression
function Expression:contained_by(other) end

---`&&`: the arrays have an item in common.
---@param other any
---@return corm.Expression
function Expression:overlap(other) end

---`?`: JSONB has the key.
---@param key any
---@return corm.Expression
function Expression:has_key(key) end

---`?&`: JSONB has all the keys.
---@param keys any
---@return corm.Expression
function Expression:has_all(keys) end

---`?|`: JSONB has one of the keys.
---@param keys any
---@return corm.Expression
function Expression:has_any(keys) end

---`#-`: JSONB without what the path leads to.
---@param path any a list of strings
---@return corm.Expression
function Expression:delete_path(path) end

---`@?`: the JSON path finds something.
---@param path any text of PostgreSQL's path language
---@return corm.Expression
function Expression:path_exists(path) end

---`@@`: the first thing that the JSON path finds is true.
---@param path any text of PostgreSQL's path language
---@return corm.Expression
function Expression:path_match(path) end

---Matches a regular expression of the database.
---@param pattern any
---@param options? { flags?: string }
---@return corm.Expression
function Expression:regexp_match(pattern, options) end

---Replaces what a regular expression of the database finds.
---@param pattern any
---@param replacement any
---@param options? { flags?: string }
---@return corm.Expression
function Expression:regexp_replace(pattern, replacement, options) end

---Full text search: MATCH, `@@ plainto_tsquery`, MATCH ... AGAINST.
---@param pattern any
---@param options? table `postgresql_regconfig`; `mysql_boolean_mode`, `mysql_natural_language`, `mysql_query_expansion`
---@return corm.Expression
function Expression:match(pattern, options) end

---Of a function: a condition that compares two of its arguments, which are said by place.
---@param left integer
---@param right integer
---@return corm.Expression
function Expression:as_comparison(left, right) end

---Of a function: a FROM with these columns, names or corm.column(name, type).
---@param ... any Options come last: `{ name, with_ordinality, joins_implicitly }`
---@return corm.FromClause
function Expression:table_valued(...) end

---Of a function: a FROM as a value, its alias.
---@param name? string
---@param options? { joins_implicitly?: boolean }
---@return corm.Expression
function Expression:column_valued(name, options) end

---Of a function: `(f(x)).name`.
---@param name string
---@param type? corm.Type
---@return corm.Expression
function Expression:scalar_table_valued(name, type) end

---Of a function: a FROM under this name.
---@param name? string
---@param options? { joins_implicitly?: boolean }
---@return corm.FromClause
function Expression:alias(name, options) end

---Of an exists() or a scalar subquery: adds conditions to the select inside.
---@param ... corm.Expression
---@return corm.Expression
function Expression:where(...) end

---Of an exists() or a scalar subquery: FROMs of the select inside.
---@param ... any
---@return corm.Expression
function Expression:select_from(...) end

---Of an exists() or a scalar subquery: enclosing FROMs that the select inside refers to.
---@param ... any
---@return corm.Expression
function Expression:correlate(...) end

---Of an exists() or a scalar subquery: FROMs that stay inside, all others are enclosing ones.
---@param ... any
---@return corm.Expression
function Expression:correlate_except(...) end

---@param options? corm.CompileOptions
---@return corm.Compiled
function Expression:compile(options) end

---True when both have the same structure, names and values.
---@param other any an expression, FROM or statement
---@return boolean
function Expression:compare(other) end

---@class corm.CompileOptions
---@field dialect? string `"sqlite"`; without it SQLAlchemy's generic one
---@field literal_binds? boolean Values in the text, escaped; for reading
---@field compile_kwargs? { literal_binds?: boolean }

---@class corm.Compiled
---@field string string
---@field params table<string, any> Values as they were given; NULL is corm.null
---@field statement any What was compiled
local Compiled = {}

---A class of SQL elements of your own, made by corm.construct. A call makes an element of it.
---@class corm.Construct
---@field name string
---@overload fun(...): corm.Expression
local Construct = {}

---What a function of corm.compiles gets, while it runs.
---@class corm.Compiler
---@field dialect { name: string }
---@field preparer corm.Compiler The same object, where SQLAlchemy has `quote` and `format_table`
local Compiler = {}

---The text of an expression, a table or a statement, to be put into what the function returns. A value is bound, a list
---is written with commas.
---@param x any
---@return string
function Compiler:process(x) end

---A value as a literal.
---@param value any
---@param type? corm.Type
---@return string
function Compiler:render_literal_value(value, type) end

---A name, quoted where it must be.
---@param name string
---@return string
function Compiler:quote(name) end

---The name of a table, with its schema.
---@param table corm.Table|corm.Model
---@return string
function Compiler:format_table(table) end

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

---Loader options. Raises ArgumentError for an option of another model when it is executed.
---@param ... corm.LoaderOption
---@return self
function Statement:options(...) end

---@class corm.ExecutionOptions
---@field yield_per? integer
---@field stream_results? boolean
---@field populate_existing? boolean Overwrite what loaded objects have
---@field autoflush? boolean Default: the session's
---@field synchronize_session? boolean|string false: bulk changes leave loaded objects as they are

---@param options corm.ExecutionOptions
---@return self
function Statement:execution_options(options) end

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
---@field constraint? string|corm.Constraint Instead (PostgreSQL)
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
