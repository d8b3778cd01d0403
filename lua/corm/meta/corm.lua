---@meta corm

-- Declarations for LuaLS: what `require "corm"` returns. Nothing here is ever run. Every function raises error objects
-- (class corm.Error); "Raises" names what is particular to it. A wrong argument or unknown option is an ArgumentError
-- everywhere and not repeated. Classes: the files beside this one; options.lua has the tables of options.

---@class corm
---@field _VERSION string `"corm 0.1.0"`
---@field __version__ string `"0.1.0"`
---@field exc table<string, string> Names of error classes; an unknown one is an ArgumentError
---@field types table<string, corm.Type> All types by name
---@field func corm.func Any SQL function: `func.count(x)`
---@field LABEL_STYLE_DEFAULT string
---@field LABEL_STYLE_DISAMBIGUATE_ONLY string The second column of a name gets a number
---@field LABEL_STYLE_NONE string Columns keep their names
---@field LABEL_STYLE_TABLENAME_PLUS_COL string Columns are called by table and column
---@field null corm.null NULL where nil cannot stand; called, the SQL constant
---@field event corm.event Listeners
---@field URL corm.URLClass
---@field QueuePool "QueuePool" For create_engine's poolclass
---@field NullPool "NullPool"
---@field StaticPool "StaticPool"
---@field SingletonThreadPool "SingletonThreadPool"
---@field AssertionPool "AssertionPool"
---@field date corm.dateClass
---@field time corm.timeClass
---@field datetime corm.datetimeClass
---@field timedelta corm.timedeltaClass
---@field decimal corm.decimalClass
---@field uuid corm.uuidClass
---@field Mapper table The target of events that stands for all models
---@field NO_VALUE table What an event gets for an old value that is not known
---@field NullType corm.Type
---@field Integer corm.Type 64 bits on SQLite, 32 on servers
---@field SmallInteger corm.Type 16 bits
---@field BigInteger corm.Type 64 bits
---@field String corm.Type `String(length, collation)`
---@field Text corm.Type `Text(length, collation)`
---@field Unicode corm.Type `Unicode(length, collation)`
---@field UnicodeText corm.Type `UnicodeText(length, collation)`
---@field Boolean corm.Type `Boolean { create_constraint, name }`
---@field Numeric corm.Type `Numeric(precision, scale, asdecimal, decimal_return_scale)`; corm.decimal in and out
---@field Float corm.Type `Float(precision, asdecimal)`
---@field Double corm.Type `Double(precision, asdecimal)`
---@field Date corm.Type
---@field Time corm.Type `Time { timezone }`
---@field DateTime corm.Type `DateTime { timezone }`: with it in UTC, offsets are taken on the way in
---@field Interval corm.Type `Interval { second_precision }`; corm.timedelta in and out
---@field LargeBinary corm.Type `LargeBinary(length)`; a Lua string of bytes
---@field Enum corm.Type `Enum("a", "b", { name, native_enum, create_constraint, ... })`, `Enum({ RED = 1 }, { ... })`
---@field JSON corm.Type Lua tables
---@field Uuid corm.Type `Uuid { as_uuid, native_uuid }`; corm.uuid in and out, text when as_uuid is false
---@field ARRAY corm.Type `ARRAY(item, { dimensions })`; lists in and out. PostgreSQL only
---@field FrameClauseType table<string, string> `UNBOUNDED`, `CURRENT`, `PRECEDING`, `FOLLOWING`
---@field INTEGER corm.Type Written as it is called
---@field INT corm.Type INTEGER
---@field BIGINT corm.Type Written as it is called
---@field SMALLINT corm.Type Written as it is called
---@field VARCHAR corm.Type `VARCHAR(length, collation)`
---@field NVARCHAR corm.Type `NVARCHAR(length, collation)`
---@field CHAR corm.Type `CHAR(length, collation)`
---@field NCHAR corm.Type `NCHAR(length, collation)`
---@field TEXT corm.Type `TEXT(length, collation)`
---@field CLOB corm.Type Written as it is called
---@field NUMERIC corm.Type `NUMERIC(precision, scale)`
---@field DECIMAL corm.Type `DECIMAL(precision, scale)`
---@field REAL corm.Type Written as it is called
---@field FLOAT corm.Type `FLOAT(precision)`
---@field DOUBLE corm.Type Written as it is called
---@field DOUBLE_PRECISION corm.Type Written as it is called
---@field DATE corm.Type Written as it is called
---@field TIME corm.Type `TIME { timezone }`
---@field DATETIME corm.Type Written as it is called
---@field TIMESTAMP corm.Type `TIMESTAMP { timezone }`
---@field BLOB corm.Type `BLOB(length)`
---@field BINARY corm.Type `BINARY(length)`
---@field VARBINARY corm.Type `VARBINARY(length)`
---@field BOOLEAN corm.Type Written as it is called
---@field UUID corm.Type Written as it is called
---@field PickleType corm.Type Lua values, tables of them included, as bytes
---@field dialects corm.dialects What one database has under a name of its own
---@field BLANK_SCHEMA string No schema, whatever the metadata's is
local corm = {}

-- Types of one's own --------------------------------------------------------------------------------------------------

---A type of one's own over another. Other fields of the definition are read as `self.field`.
---@param definition corm.Decoration
---@return corm.Type
function corm.TypeDecorator(definition) end

---A type that the database knows by a name.
---@param definition corm.Decoration
---@return corm.Type
function corm.UserDefinedType(definition) end

-- Engine --------------------------------------------------------------------------------------------------------------

---An engine: where and how to connect. Opens nothing yet.
---Raises ArgumentError for a malformed URL, an unknown dialect or database option.
---@param url string|corm.URL
---@param options? corm.EngineOptions
---@return corm.Engine
function corm.create_engine(url, options) end

---An engine of what a configuration file says, where every value is a text: `url` and options of create_engine behind
---the prefix, `"sqlalchemy."` unless said. `options` have precedence.
---Raises ArgumentError without a URL, for a text that its option cannot mean, and where create_engine does.
---@param configuration table<string, any>
---@param prefix? string
---@param options? corm.EngineOptions
---@return corm.Engine
function corm.engine_from_config(configuration, prefix, options) end

---@param text string `"sqlite:///file.db?mode=ro"`
---@return corm.URL
function corm.make_url(text) end

-- Errors --------------------------------------------------------------------------------------------------------------

---Whether the value is an error of corm, of that class or below it.
---@param value any
---@param name? string
---@return boolean
function corm.is_error(value, name) end

-- Values --------------------------------------------------------------------------------------------------------------

---Marks a table as a JSON array, which matters for an empty one. Returns the same table.
---@generic T: table
---@param list T
---@return T
function corm.array(list) end

---A random UUID.
---@return corm.Uuid
function corm.uuid4() end

---A UUID that begins with the time, so that later ones sort behind earlier ones.
---@return corm.Uuid
function corm.uuid7() end

-- Schema --------------------------------------------------------------------------------------------------------------

---@param options? corm.MetaDataOptions
---@return corm.MetaData
function corm.MetaData(options) end

---`Table(name, metadata, columns, constraints, indexes ..., { options })`. Options: schema, comment, info,
---keep_existing, extend_existing, sqlite_autoincrement, sqlite_strict, sqlite_with_rowid; autoload_with (what the
---database says, but for the items), include_columns, resolve_fks.
---Without items, the table that the metadata has. Raises InvalidRequestError when it is defined already.
---@param name string
---@param metadata corm.MetaData
---@param ... corm.Column|corm.Constraint|corm.Index|table
---@return corm.Table
function corm.Table(name, metadata, ...) end

---`Column([name,] type, [ForeignKey ...,] { options })`. In a model the name may be left out; with a ForeignKey the
---type, which is then the target's.
---@param ... string|corm.Type|corm.ForeignKey|corm.ColumnOptions
---@return corm.Column
function corm.Column(...) end

---As `server_default` or `server_onupdate`: the database makes the value by other means, such as a trigger.
---@return userdata
function corm.FetchedValue() end

---@param target string|corm.Column `"table.column"`
---@param options? corm.ForeignKeyOptions
---@return corm.ForeignKey
function corm.ForeignKey(target, options) end

---@param columns (string|corm.Column)[]
---@param targets string[]|corm.Column[] As many as columns
---@param options? corm.ForeignKeyOptions
---@return corm.Constraint
function corm.ForeignKeyConstraint(columns, targets, options) end

---@param ... string|corm.Column|{ name?: string }
---@return corm.Constraint
function corm.UniqueConstraint(...) end

---@param ... string|corm.Column|{ name?: string }
---@return corm.Constraint
function corm.PrimaryKeyConstraint(...) end

---@param condition string|corm.Expression SQL text or a condition
---@param options? { name?: string }
---@return corm.Constraint
function corm.CheckConstraint(condition, options) end

---@param name string|nil nil: a generated name
---@param ... string|corm.Column|corm.Expression|corm.IndexOptions
---@return corm.Index
function corm.Index(name, ...) end

---@param name string
---@param options? corm.SequenceOptions
---@return corm.Sequence
function corm.Sequence(name, options) end

---Numbers that the database generates: GENERATED ... AS IDENTITY where it has that.
---@param options? corm.IdentityOptions
---@return corm.Identity
function corm.Identity(options) end

---A column that the database computes: it is never written.
---@param sqltext string|corm.Expression
---@param options? { persisted?: boolean }
---@return corm.Computed
function corm.Computed(sqltext, options) end

---The name of a Table or Column that always (false: never) stands in quotes.
---@param name string
---@param quote? boolean
---@return any
function corm.quoted_name(name, quote) end

---A name that no naming convention changes.
---@param name string
---@return any
function corm.conv(name) end

---@param element corm.Table
---@param options? { if_not_exists?: boolean }
---@return corm.DDLElement
function corm.CreateTable(element, options) end

---@param element corm.Table
---@param options? { if_exists?: boolean }
---@return corm.DDLElement
function corm.DropTable(element, options) end

---@param element corm.Index
---@param options? { if_not_exists?: boolean }
---@return corm.DDLElement
function corm.CreateIndex(element, options) end

---@param element corm.Index
---@param options? { if_exists?: boolean }
---@return corm.DDLElement
function corm.DropIndex(element, options) end

---@param element corm.Constraint
---@return corm.DDLElement
function corm.AddConstraint(element) end

---@param element corm.Constraint
---@param options? { if_exists?: boolean, cascade?: boolean }
---@return corm.DDLElement
function corm.DropConstraint(element, options) end

---@param element corm.Sequence
---@param options? { if_not_exists?: boolean }
---@return corm.DDLElement
function corm.CreateSequence(element, options) end

---@param element corm.Sequence
---@param options? { if_exists?: boolean }
---@return corm.DDLElement
function corm.DropSequence(element, options) end

---@param element string
---@param options? { if_not_exists?: boolean }
---@return corm.DDLElement
function corm.CreateSchema(element, options) end

---@param element string
---@param options? { if_exists?: boolean, cascade?: boolean }
---@return corm.DDLElement
function corm.DropSchema(element, options) end

---@param element corm.Table
---@return corm.DDLElement
function corm.SetTableComment(element) end

---@param element corm.Table
---@return corm.DDLElement
function corm.DropTableComment(element) end

---@param element corm.Column
---@return corm.DDLElement
function corm.SetColumnComment(element) end

---@param element corm.Column
---@return corm.DDLElement
function corm.DropColumnComment(element) end

---@param element corm.Constraint
---@return corm.DDLElement
function corm.SetConstraintComment(element) end

---@param element corm.Constraint
---@return corm.DDLElement
function corm.DropConstraintComment(element) end

---SQL of the script's own, for events: `%(table)s`, `%(schema)s`, `%(fullname)s` of the target and the context's names
---are filled in, `%%` is a percent sign.
---@param text string
---@param options? { context?: table }
---@return corm.DDLElement
function corm.DDL(text, options) end

---Those that are referred to first.
---@param tables corm.Table[]
---@return corm.Table[]
function corm.sort_tables(tables) end

---`{ table, keys of CREATE TABLE }` for each; at the end `{ nil, keys for ALTER TABLE }` if there are such.
---@param tables corm.Table[]
---@return table[]
function corm.sort_tables_and_constraints(tables) end

---@param select corm.Select
---@param name string
---@param options? corm.ViewOptions
---@return corm.DDLElement
function corm.CreateView(select, name, options) end

---@param view string|corm.Table|corm.DDLElement
---@param options? { if_exists?: boolean, materialized?: boolean, schema?: string }
---@return corm.DDLElement
function corm.DropView(view, options) end

---@param select corm.Select
---@param name string
---@param options? { temporary?: boolean, if_not_exists?: boolean, schema?: string, metadata?: corm.MetaData }
---@return corm.DDLElement
function corm.CreateTableAs(select, name, options) end

---A dialect without a database: the function gets each DDL element, which shows that dialect's text.
---@param url string|corm.URL
---@param fn fun(element: corm.DDLElement, ...)
---@return table
function corm.create_mock_engine(url, fn) end

-- Statements ----------------------------------------------------------------------------------------------------------

---@param ... any Columns, expressions, tables, models, aliases, `"*"`
---@return corm.Select
function corm.select(...) end

---@param target corm.Table|corm.Model
---@return corm.Insert
function corm.insert(target) end

---Without criteria executing it is an ArgumentError, unless `all = true`.
---@param target corm.Table|corm.FromClause|corm.Model A table, an alias of one
---@param options? { all?: boolean }
---@return corm.Update
function corm.update(target, options) end

---Without criteria executing it is an ArgumentError, unless `all = true`.
---@param target corm.Table|corm.FromClause|corm.Model A table, an alias of one
---@param options? { all?: boolean }
---@return corm.Delete
function corm.delete(target, options) end

---SQL as it is, with parameters `:name`. `\:` is a colon.
---@param sql string
---@return corm.TextClause
function corm.text(sql) end

---UNION: rows of any, each once
---@param ... corm.Select
---@return corm.Select
function corm.union(...) end

---UNION ALL
---@param ... corm.Select
---@return corm.Select
function corm.union_all(...) end

---INTERSECT: rows of all
---@param ... corm.Select
---@return corm.Select
function corm.intersect(...) end

---INTERSECT ALL
---@param ... corm.Select
---@return corm.Select
function corm.intersect_all(...) end

---EXCEPT: rows of the first that no other has
---@param ... corm.Select
---@return corm.Select
function corm.except_(...) end

---EXCEPT ALL
---@param ... corm.Select
---@return corm.Select
function corm.except_all(...) end

---Rows that the statement brings along, as a FROM: `corm.values("a", corm.column("b", T)):data { { 1, 2 } }`.
---@param ... string|corm.Expression|{ name?: string, literal_binds?: boolean } Columns, then options
---@return corm.FromClause
function corm.values(...) end

---A part of a table's rows (PostgreSQL).
---@param from corm.Table|corm.Model|corm.FromClause
---@param sampling number|corm.Expression A percentage, or a function such as `func.bernoulli(10)`
---@param options? { name?: string, seed?: integer|corm.Expression }
---@return corm.FromClause
function corm.tablesample(from, sampling, options) end

---`exists(select)`, or of a select of the columns given.
---@param ... any
---@return corm.Expression
function corm.exists(...) end

---@param element corm.Table|corm.FromClause|corm.Select
---@param name? string
---@return corm.FromClause
function corm.alias(element, name) end

---The select in FROM, seeing the FROMs beside it. Neither SQLite nor MariaDB has it.
---@param select corm.Select
---@param name? string
---@return corm.FromClause
function corm.lateral(select, name) end

---Raises NoForeignKeysError or AmbiguousForeignKeysError when there is no ON clause and none can be found.
---@param left corm.FromClause|corm.Table|corm.Model
---@param right corm.FromClause|corm.Table|corm.Model
---@param onclause? corm.Expression|corm.Relationship
---@param options? { isouter?: boolean, full?: boolean }
---@return corm.FromClause
function corm.join(left, right, onclause, options) end

---A LEFT OUTER JOIN.
---@param left corm.FromClause|corm.Table|corm.Model
---@param right corm.FromClause|corm.Table|corm.Model
---@param onclause? corm.Expression|corm.Relationship
---@param options? { isouter?: boolean, full?: boolean }
---@return corm.FromClause
function corm.outerjoin(left, right, onclause, options) end

-- Expressions ---------------------------------------------------------------------------------------------------------

---@param ... corm.Expression Conditions
---@return corm.Expression
function corm.and_(...) end

---@param ... corm.Expression Conditions
---@return corm.Expression
function corm.or_(...) end

---@param condition corm.Expression
---@return corm.Expression
function corm.not_(condition) end

---@return corm.Expression
function corm.true_() end

---@return corm.Expression
function corm.false_() end

---`case({ condition, result }, ..., { else_ = x })`, or `{ value = x }` and plain values instead of conditions.
---@param ... table
---@return corm.Expression
function corm.case(...) end

---@param element any
---@param type corm.Type
---@return corm.Expression
function corm.cast(element, type) end

---The type for Lua's side only; the SQL stays as it is.
---@param element any
---@param type corm.Type
---@return corm.Expression
function corm.type_coerce(element, type) end

---TRY_CAST, which none of the four databases has.
---@param element any
---@param type corm.Type
---@return corm.Expression
function corm.try_cast(element, type) end

---Makes a function known to corm.func by an identifier (in a package), under its own name and with a type.
---@param options { name: string, type?: corm.Type, package?: string, identifier?: string }
---@return fun(...): corm.Expression
function corm.GenericFunction(options) end

---A class of SQL elements of your own; corm.compiles says how they are written.
---@param name string
---@param options? { base?: string, type?: corm.Type, columns?: any[] } base: `"ColumnElement"`, `"FunctionElement"`,
---`"FromClause"` (which has columns), `"Executable"`, `"ExecutableDDLElement"`
---@return corm.Construct
function corm.construct(name, options) end

---Says how the elements of a class are written, for all dialects or for those named before the function.
---@param class corm.Construct
---@param ... any Names of dialects, then `function(element, compiler)`, which returns text
---@return fun(element: table, compiler: corm.Compiler): string
function corm.compiles(class, ...) end

---A bound value.
---@param value any
---@param type? corm.Type
---@return corm.Expression
function corm.literal(value, type) end

---SQL text as an expression. Never made from what a user typed.
---@param sql string
---@param type? corm.Type
---@return corm.Expression
function corm.literal_column(sql, type) end

---A column by name, of no table.
---@param name string
---@param type? corm.Type
---@return corm.Expression
function corm.column(name, type) end

---A table of which a statement needs no more than these names.
---@param name string
---@param ... corm.Expression|string|{ schema?: string } corm.column(name, type) or a name; options at the end
---@return corm.Table
function corm.table(name, ...) end

---A parameter by name; without a value it must be given at execution. `expanding`: a list behind IN. `literal_execute`:
---sent as a literal. `callable_`: a function that is asked for the value at each execution.
---@param key? string nil: a name is made up
---@param value? any
---@param options? corm.BindOptions
---@return corm.Expression
function corm.bindparam(key, value, options) end

---@param ... any
---@return corm.Expression
function corm.tuple_(...) end

---ANY of an array or a subquery: `any_(select(t.c.n)):gt(5)`, `t.c.n:eq(any_(select(u.c.n)))`.
---@param operand any
---@return corm.Expression
function corm.any_(operand) end

---ALL of an array or a subquery.
---@param operand any
---@return corm.Expression
function corm.all_(operand) end

---@param field string `"year"`, `"month"`, `"day"`, `"hour"`, `"dow"`, `"epoch"` ...
---@param element any
---@return corm.Expression
function corm.extract(field, element) end

---A function with OVER: `func.rank():over { ... }`.
---@param func corm.Expression
---@param options? { partition_by?: any, order_by?: any, rows?: any, range_?: any, groups?: any, exclude?: string }
---@return corm.Expression
function corm.over(func, options) end

---A frame whose bounds are not whole numbers, for `rows`, `range_` and `groups` of over().
---@param start any How far before or after; nil for CURRENT and UNBOUNDED
---@param end_ any
---@param start_frame_type string A member of corm.FrameClauseType
---@param end_frame_type string
---@return corm.Expression
function corm.FrameClause(start, end_, start_frame_type, end_frame_type) end

---An aggregate with FILTER: `func.count(x):filter(...)`.
---@param func corm.Expression
---@param ... corm.Expression Conditions
---@return corm.Expression
function corm.funcfilter(func, ...) end

---@param func corm.Expression
---@param ... corm.Expression What to order by
---@return corm.Expression
function corm.within_group(func, ...) end

---@param func corm.Expression
---@param ... corm.Expression What to order by
---@return corm.Expression
function corm.aggregate_order_by(func, ...) end

---@param element corm.Expression
---@return corm.Expression
function corm.asc(element) end

---@param element corm.Expression
---@return corm.Expression
function corm.desc(element) end

---@param element corm.Expression
---@return corm.Expression
function corm.nulls_first(element) end

---@param element corm.Expression
---@return corm.Expression
function corm.nullsfirst(element) end

---@param element corm.Expression
---@return corm.Expression
function corm.nulls_last(element) end

---@param element corm.Expression
---@return corm.Expression
function corm.nullslast(element) end

---`DISTINCT x`, inside a function: `func.count(distinct(x))`.
---@param element corm.Expression
---@return corm.Expression
function corm.distinct(element) end

---@param element corm.Expression
---@param low any
---@param high any
---@return corm.Expression
function corm.between(element, low, high) end

---@param element corm.Expression
---@param collation string
---@return corm.Expression
function corm.collate(element, collation) end

---@param name string|nil nil: an anonymous label
---@param element corm.Expression
---@return corm.Expression
function corm.label(name, element) end

-- Models --------------------------------------------------------------------------------------------------------------

---@param options? { metadata?: corm.MetaData, registry?: corm.registry, name?: string, constructor?: function }
---@return corm.Base
function corm.declarative_base(options) end

---@param options? { metadata?: corm.MetaData, constructor?: fun(object: any, fields?: table) }
---@return corm.registry
function corm.registry(options) end

---Resolves the relationships of all models now, to find mistakes early.
---Raises InvalidRequestError, ArgumentError, NoForeignKeysError, AmbiguousForeignKeysError.
function corm.configure_mappers() end

---Disposes of all registries.
function corm.clear_mappers() end

---@param target corm.Model|string|fun(): corm.Model|string A class or an alias, its name, or a function
---@param options? corm.RelationshipOptions
---@return any # to be assigned in a model
function corm.relationship(target, options) end

---@param name string
---@param options? corm.RelationshipOptions
---@return any # for the option backref
function corm.backref(name, options) end

---Several columns as one value: make(a, b) makes it; `values` or its method `composite_values` gives the columns back.
---@param make any # a function, or a table that can be called
---@param ... string|{ values?: fun(value: any): ... }
---@return any # to be assigned in a model
function corm.composite(make, ...) end

---fn(object) on objects, fn(class) in queries unless `expr` says otherwise; `update_expr` gives the columns and values
---that setting it in UPDATE means.
---@param fn fun(self: any): any
---@param options? { expr?: function, fset?: function, update_expr?: function, comparator?: function }
---@return any # to be assigned in a model
function corm.hybrid_property(fn, options) end

---@param fn fun(self: any, ...): any
---@param options? { expr?: fun(class: any, ...): any }
---@return any # to be assigned in a model
function corm.hybrid_method(fn, options) end

---`validates("email", ..., fn, { include_removes, include_backrefs })`: fn(object, key, value)
---returns what is stored.
---@param ... string|fun(object: any, key: string, value: any, is_remove?: boolean): any|table
---@return any # for the array part of a model
function corm.validates(...) end

---What Result:freeze() gave, with its objects merged into the session: for listeners of do_orm_execute that keep
---results.
---@param session corm.Session
---@param statement any # what it is the result of
---@param frozen corm.FrozenResult
---@param options? { load?: boolean } false: the objects count as loaded, and nothing is asked for
---@return corm.FrozenResult
function corm.merge_frozen_result(session, statement, frozen, options) end

---In a mixin or an abstract class: fn(cls) gives the member of each class.
---@param fn fun(cls: any): any
---@return any # to be assigned in a mixin or a model
function corm.declared_attr(fn) end

---Whether a class, or the `cls` of a function of a mixin, inherits from a class with a table.
---@param class any
---@return boolean
function corm.has_inherited_table(class) end

---An item of a JSON or ARRAY attribute as an attribute: by name, or by place from 1.
---@param name string The attribute that holds the table
---@param index string|integer
---@param options? { default?: any, as?: "string"|"integer"|"float"|"boolean" }
---@return any # to be assigned in a model
function corm.index_property(name, index, options) end

---Another name for an attribute.
---@param name string
---@return any # to be assigned in a model
function corm.synonym(name) end

---The model once more, under another name in SQL, or as a subquery that has its columns.
---@overload fun(class: corm.Model, options?: { name?: string, flat?: boolean }): corm.Model
---@param class corm.Model
---@param subquery corm.FromClause
---@param options? { name?: string, flat?: boolean }
---@return corm.Model
function corm.aliased(class, subquery, options) end

---A class together with the columns of classes below it: a list of them, or "*" for all. An attribute that a subclass
---adds is `e.Manager.budget`. With `aliased` (or `flat`) it selects from aliases of the tables.
---@param class corm.Model
---@param classes corm.Model[]|"*"
---@param options? { aliased?: boolean, flat?: boolean }
---@return corm.Model
function corm.with_polymorphic(class, classes, options) end

---Columns that are one value of a session's rows. Bundles among them are values of that value.
---`bundle:label(name)` is the same under another name.
---@param name string
---@param ... any Columns, expressions, Bundles; then `{ single_entity?: boolean }`
---@return any
function corm.Bundle(name, ...) end

---A criterion: the rows of the relationship's target that belong to the object.
---@param object corm.Object
---@param relation corm.Relationship
---@return corm.Expression
function corm.with_parent(object, relation) end

-- Sessions ------------------------------------------------------------------------------------------------------------

---`Session(bind, options)` or `Session { bind = ... }`.
---@param bind? corm.Engine|corm.Connection|corm.SessionOptions
---@param options? corm.SessionOptions
---@return corm.Session
function corm.Session(bind, options) end

---@param bind? corm.Engine|corm.Connection|corm.SessionOptions
---@param options? corm.SessionOptions
---@return corm.sessionmaker
function corm.sessionmaker(bind, options) end

---@return string # stubs for LuaLS of these classes, or of all of a Base, as `corm stubs models.lua` prints them
function corm.stubs(...) end

---One session for each coroutine, or for each value that `scopefunc` gives.
---@param maker corm.sessionmaker
---@param options? { scopefunc?: fun(): any }
---@return corm.scoped_session
function corm.scoped_session(maker, options) end

---@param options corm.ShardedSessionOptions
---@return corm.ShardedSession # one session over several databases with the same tables
function corm.ShardedSession(options) end

---For specs: runs fn, which must send n statements, and returns its results.
---@param subject corm.Session|corm.Connection|corm.Engine
---@param n integer
---@param fn fun(): ...
---@return any ...
function corm.assert_sql_count(subject, n, fn) end

-- Loader options ------------------------------------------------------------------------------------------------------

---One statement more for all objects of the result; `recursion_depth`: for so many levels more, -1 for all.
---@param attribute corm.Relationship|"*"
---@param options? { recursion_depth?: integer }
---@return corm.LoaderOption
function corm.selectinload(attribute, options) end

---In the same statement, by a LEFT OUTER JOIN, or an inner one.
---@param attribute corm.Relationship|"*"
---@param options? { innerjoin?: boolean }
---@return corm.LoaderOption
function corm.joinedload(attribute, options) end

---One statement more, over the query itself instead of the keys that it showed.
---@param attribute corm.Relationship|"*"
---@return corm.LoaderOption
function corm.subqueryload(attribute) end

---By the query's own join, of the class itself or of `alias`.
---@param attribute corm.Relationship
---@param options? { alias?: corm.Model }
---@return corm.LoaderOption
function corm.contains_eager(attribute, options) end

---As the relationship says; the option leads to what lies behind it.
---@param attribute corm.Relationship
---@return corm.LoaderOption
function corm.defaultload(attribute) end

---Of the columns of their class these only, besides the key.
---@param ... corm.Expression|{ raiseload?: boolean }
---@return corm.LoaderOption
function corm.load_only(...) end

---Not this column; "*": none but the key.
---@param column corm.Expression|"*"
---@param options? { raiseload?: boolean }
---@return corm.LoaderOption
function corm.defer(column, options) end

---Also this deferred column; "*": all.
---@param column corm.Expression|"*"
---@return corm.LoaderOption
function corm.undefer(column) end

---Also the deferred columns of a group.
---@param name string
---@return corm.LoaderOption
function corm.undefer_group(name) end

---What begins at one entity of the query: a class or an alias of it.
---@param entity corm.Model
---@return corm.LoaderOption
function corm.Load(entity) end

---At the first access, object by object.
---@param attribute corm.Relationship|"*"
---@return corm.LoaderOption
function corm.lazyload(attribute) end

---Object by object, as soon as the result is read.
---@param attribute corm.Relationship|"*"
---@param options? { recursion_depth?: integer }
---@return corm.LoaderOption
function corm.immediateload(attribute, options) end

---An access that would load is an InvalidRequestError; `sql_only`: only where a statement would be sent.
---@param attribute corm.Relationship|"*"
---@param options? { sql_only?: boolean }
---@return corm.LoaderOption
function corm.raiseload(attribute, options) end

---Stays empty.
---@param attribute corm.Relationship|"*"
---@return corm.LoaderOption
function corm.noload(attribute) end

-- Sub-tables ----------------------------------------------------------------------------------------------------------

---`func.name(...)`; `func["end"](...)`. The options table at the end may have `type_`, the type of the result.
---@class corm.func
---@field [string] fun(...: any): corm.Expression

---@class corm.ListenOptions
---@field retval? boolean What fn returns counts
---@field once? boolean Called once
---@field insert? boolean Before those that listen already
---@field named? boolean One table with named arguments
---@field raw? boolean An InstanceState instead of the object
---@field propagate? boolean Subclasses, too
---@field active_history? boolean An old value that is not in memory is loaded first

---@class corm.event
local event = {}

---The names are in docs/reference/events.md and engine.md.
---@param target any An Engine, Session, sessionmaker, `corm.Session`, a model or its base, `corm.Mapper`, an attribute,
---a Table or MetaData
---@param name string
---@param fn function
---@param options? corm.ListenOptions
function event.listen(target, name, fn, options) end

---Raises InvalidRequestError when fn does not listen.
---@param target any
---@param name string
---@param fn function
function event.remove(target, name, fn) end

---@param target any
---@param name string
---@param fn function
---@return boolean
function event.contains(target, name, fn) end

return corm
