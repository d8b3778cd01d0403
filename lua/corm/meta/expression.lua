---@meta corm.expression

-- Everything with a value, its compiled text, and constructs of the script's own. All are immutable: a method returns a
-- new one.

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
