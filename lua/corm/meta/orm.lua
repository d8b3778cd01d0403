---@meta corm.orm

-- Models, objects, sessions, queries. What is raised by the database or by a hook comes out of every method that may
-- flush or load, and is not repeated.

-- Models --------------------------------------------------------------------------------------------------------------

---@class corm.registry
---@field metadata corm.MetaData
---@field constructor fun(object: any, fields?: table)
---@field mappers corm.Mapper[] By the names of their classes
local registry = {}

---Resolves the relationships declared so far.
function registry:configure() end

---Its classes are mapped no more: they and their objects raise UnmappedError.
---Raises InvalidRequestError where relationships of other registries lead to them, which `cascade` disposes of as well.
---@param options? { cascade?: boolean }
function registry:dispose(options) end

---@param options? { name?: string }
---@return corm.Base
function registry:generate_base(options) end

---Maps a Table, subquery or join: a name, or a plain table of functions with `__name__`, which becomes the class.
---@param class string|table
---@param as_table corm.Table|corm.FromClause
---@param options? table properties, inherits, and what `__mapper_args__` takes
---@return corm.Model
function registry:map_imperatively(class, as_table, options) end

---Functions assigned to it are methods of all its classes.
---@class corm.Base
---@field metadata corm.MetaData
---@field registry corm.registry
---@field __name__ string
local Base = {}

---Declares a class: columns, relationships, functions and plain values by name; constraints, indexes and validates(...)
---in the array part; `__tablename__`, `__table__`, `__table_args__`, `__mapper_args__`, `__mixins__`, `__abstract__`.
---Raises ArgumentError for a member that makes no sense and for a table without primary key, InvalidRequestError for a
---name or table that is mapped already, IdentifierError.
---@param name string
---@param body table
---@return corm.Model
function Base:model(name, body) end

---A mapped class. Called, it makes an object: `User { name = "x" }`; an unknown field is an ArgumentError. Attributes
---are expressions: `User.name:eq("x")`; functions, relationships, hybrids and, before the first object, columns may be
---assigned.
---@class corm.Model
---@overload fun(values?: table): corm.Object
---@field __name__ string
---@field __tablename__ string
---@field __table__ corm.Table
---@field __mapper__ corm.Mapper
---@field metadata corm.MetaData
---@field registry corm.registry
---@field [string] any
local Model = {}

---Declares a class that inherits from this one: with a `__tablename__` of its own or, without, in the same table.
---`__mapper_args__`: polymorphic_on, polymorphic_identity, polymorphic_abstract, inherit_condition. Raises as
---Base:model.
---@param name string
---@param body table
---@return corm.Model
function Model:model(name, body) end

---Its constructor, or that of the nearest class above, or the default one.
---@param object any
---@param ... any
function Model.__init__(object, ...) end

---A tracked object. Attributes are read and assigned by name; a wrong name is an ArgumentError, a value that does not
---fit a DataError. Reading may load: DetachedInstanceError outside a session, ObjectDeletedError when the row is gone.
---@class corm.Object
---@field __class__ corm.Model
---@field __table__ corm.Table
---@field __mapper__ corm.Mapper
---@field [string] any
local Object = {}

---A plain table, for encoders and comparisons. `include` names relationships, with `true` or options of their own;
---`depth`: levels of loaded ones. NULL is absent unless `null` says what else; `raw`: dates and decimals stay values.
---@param options? corm.ToTableOptions
---@return table
function Object:to_table(options) end

---The many side of a relationship: `#c`, `c[i]`, `c[i] = object`, `ipairs`, `for x in c do`. Positions count from 1. An
---object of another class is an ArgumentError.
---@class corm.Collection
---@overload fun(): corm.Object
---@field [integer] corm.Object
local Collection = {}

---@param object corm.Object
function Collection:append(object) end

---@param position integer
---@param object corm.Object
function Collection:insert(position, object) end

---@param objects corm.Object[]|corm.Collection
function Collection:extend(objects) end

---Raises ArgumentError when it is not in.
---@param object corm.Object
function Collection:remove(object) end

---@param position? integer Default: the last
---@return corm.Object
function Collection:pop(position) end

function Collection:clear() end

---@param object corm.Object
---@return boolean
function Collection:contains(object) end

---@param object corm.Object
---@return integer|nil
function Collection:index(object) end

---Another order in memory.
---@param less fun(a: corm.Object, b: corm.Object): boolean
function Collection:sort(less) end

function Collection:reverse() end

---`Model.relation` in queries, joins and loader options.
---@class corm.Relationship
---@field key string
---@field class_ corm.Model
---@field parent corm.Mapper
---@field property corm.RelationshipProperty
local Relationship = {}

---The part of the relationship that fulfils the criteria: for joins and loader options.
---@param ... corm.Expression
---@return corm.Relationship
function Relationship:and_(...) end

---Some object of the collection fulfils it: a condition, a table of fields, or nothing.
---@param criterion? corm.Expression|table
---@return corm.Expression
function Relationship:any(criterion) end

---The same for a relationship to one object.
---@param criterion? corm.Expression|table
---@return corm.Expression
function Relationship:has(criterion) end

---The collection holds the object.
---@param object corm.Object
---@return corm.Expression
function Relationship:contains(object) end

---@param object corm.Object|nil
---@return corm.Expression
function Relationship:eq(object) end

---@param object corm.Object|nil
---@return corm.Expression
function Relationship:ne(object) end

---@param value nil
---@return corm.Expression
function Relationship:is_(value) end

---@param value nil
---@return corm.Expression
function Relationship:is_not(value) end

---A many-to-one leads to one of the objects.
---@param objects corm.Object[]
---@return corm.Expression
function Relationship:in_(objects) end

---@param objects corm.Object[]
---@return corm.Expression
function Relationship:not_in(objects) end

---The relationship to a class below its target, or to an alias: for joins, any, has and with_parent. Loader options
---load all targets, with the columns of that class.
---@param class corm.Model
---@return corm.Relationship
function Relationship:of_type(class) end

---A path of relationships, each with its way of loading: `selectinload(User.orders):joinedload(Order.items)`.
---@class corm.LoaderOption
local LoaderOption = {}

---@param attribute corm.Relationship|"*"
---@param options? { recursion_depth?: integer }
---@return corm.LoaderOption
function LoaderOption:selectinload(attribute, options) end

---@param attribute corm.Relationship|"*"
---@param options? { innerjoin?: boolean }
---@return corm.LoaderOption
function LoaderOption:joinedload(attribute, options) end

---@param attribute corm.Relationship|"*"
---@return corm.LoaderOption
function LoaderOption:lazyload(attribute) end

---@param attribute corm.Relationship|"*"
---@param options? { recursion_depth?: integer }
---@return corm.LoaderOption
function LoaderOption:immediateload(attribute, options) end

---@param attribute corm.Relationship|"*"
---@param options? { sql_only?: boolean }
---@return corm.LoaderOption
function LoaderOption:raiseload(attribute, options) end

---@param attribute corm.Relationship|"*"
---@return corm.LoaderOption
function LoaderOption:noload(attribute) end

---@param attribute corm.Relationship|"*"
---@return corm.LoaderOption
function LoaderOption:subqueryload(attribute) end

---@param attribute corm.Relationship
---@param options? { alias?: corm.Model }
---@return corm.LoaderOption
function LoaderOption:contains_eager(attribute, options) end

---@param attribute corm.Relationship
---@return corm.LoaderOption
function LoaderOption:defaultload(attribute) end

---@param ... corm.Expression|{ raiseload?: boolean }
---@return corm.LoaderOption
function LoaderOption:load_only(...) end

---@param column corm.Expression|"*"
---@param options? { raiseload?: boolean }
---@return corm.LoaderOption
function LoaderOption:defer(column, options) end

---@param column corm.Expression|"*"
---@return corm.LoaderOption
function LoaderOption:undefer(column) end

---@param name string
---@return corm.LoaderOption
function LoaderOption:undefer_group(name) end

---What classes below add to the objects is read by one statement each.
---@param classes corm.Model[]
---@return corm.LoaderOption
function LoaderOption:selectin_polymorphic(classes) end

---@param attribute corm.Expression
---@param expression corm.Expression
---@return corm.LoaderOption
function LoaderOption:with_expression(attribute, expression) end

---Several options that begin where this one ends.
---@param ... corm.LoaderOption
---@return corm.LoaderOption
function LoaderOption:options(...) end

-- Sessions ------------------------------------------------------------------------------------------------------------

---May be a to-be-closed variable. After a failed flush everything but rollback and close is a PendingRollbackError.
---@class corm.Session
---@field bind corm.Engine|corm.Connection|nil
---@field info table
---@field new corm.SessionSet
---@field dirty corm.SessionSet
---@field deleted corm.SessionSet
---@field identity_map corm.SessionSet The persistent objects
---@field is_active boolean
---@field statement_count integer
---@field autoflush boolean May be set
---@field autobegin boolean
---@field expire_on_commit boolean May be set
local Session = {}

---With what it is related to. Raises InvalidRequestError for an object of another session.
---@param object corm.Object
function Session:add(object) end

---@param objects corm.Object[]|corm.Collection
function Session:add_all(objects) end

---Marks for deletion at the flush. Raises InvalidRequestError for an object that is not persistent.
---@param object corm.Object
function Session:delete(object) end

---Each of them; none when one is not persistent here.
---@param objects corm.Object[]
function Session:delete_all(objects) end

---Writes what changed. A failure rolls back.
---Raises IntegrityError, DataError, FlushError, StaleDataError, CircularDependencyError.
function Session:flush() end

---Raises InvalidRequestError for an object that is not in this session.
---@param object corm.Object
function Session:expunge(object) end

---The relationships of an object that is in no session, or new, are loaded by the keys that it has.
---Raises InvalidRequestError for an object of another session.
---@param object corm.Object
function Session:enable_relationship_loading(object) end

function Session:expunge_all() end

---Forgets what is loaded; the next access loads it.
---@param object corm.Object
---@param names? string[] Attributes; default: all
function Session:expire(object, names) end

function Session:expire_all() end

---Loads anew, now. Raises InvalidRequestError when the row is gone.
---@param object corm.Object
---@param names? string[]
---@param options? { with_for_update?: boolean|corm.RowLock } May stand in the place of the names.
function Session:refresh(object, names, options) end

---Copies what an object of elsewhere has, and what its merge cascade reaches, onto the objects of this session with the
---same keys, loaded or made as needed.
---Raises InvalidRequestError with load = false for an object that has no row, or is changed and not in memory here.
---@generic T: corm.Object
---@param object T
---@param options? { load?: boolean, options?: corm.LoaderOption[] } load = false: nothing is read
---@return T # The session's object
function Session:merge(object, options) end

---The same for many, with one statement a class and level.
---@param objects corm.Object[]
---@param options? { load?: boolean, options?: corm.LoaderOption[] }
---@return corm.Object[]
function Session:merge_all(objects, options) end

---@param object corm.Object
---@return boolean
function Session:contains(object) end

---@param object corm.Object
---@param options? { include_collections?: boolean }
---@return boolean
function Session:is_modified(object, options) end

---@return boolean
function Session:in_transaction() end

---@return boolean
function Session:in_nested_transaction() end

---The outermost transaction that is open.
---@return corm.SessionTransaction?
function Session:get_transaction() end

---The innermost savepoint that is open.
---@return corm.SessionTransaction?
function Session:get_nested_transaction() end

---With a function: commits when it returns, rolls back when it fails; returns what it returns. Without: the
---SessionTransaction.
---Raises InvalidRequestError when one is open already.
---@param fn? fun(session: corm.Session): ...
---@return any ...
function Session:begin(fn) end

---A savepoint.
---@param fn? fun(transaction: corm.SessionTransaction): ...
---@return any ...
function Session:begin_nested(fn) end

---begin(fn), run again when the database says that the whole of it may be; the session is emptied before each try.
---Raises InvalidRequestError in a transaction or with changes that are not flushed, and the error of the last try.
---@param fn fun(session: corm.Session): ...
---@param options? corm.RetryOptions
---@return any ...
function Session:run_transaction(fn, options) end

---No flush before queries as long as fn runs.
---@param fn? fun(session: corm.Session): ...
---@return any ...
function Session:no_autoflush(fn) end

---Flushes, commits, expires. Raises what flush raises.
function Session:commit() end

---Takes back what was not committed, in memory too.
function Session:rollback() end

---Rolls back and lets all objects go; the session can be used again.
function Session:close() end

---The same as close.
function Session:reset() end

---Closes, and its physical connection is not used again.
function Session:invalidate() end

---@class corm.GetOptions
---@field populate_existing? boolean
---@field options? corm.LoaderOption[]
---@field with_for_update? boolean|corm.RowLock Reads the row anew and locks it.
---@field execution_options? { populate_existing?: boolean }

---The Engine of a model or Table: what the function `get_bind` says, one of `binds`, or the bind.
---@param class? corm.Model|corm.Table
---@param options? { writes?: boolean } Whether for something that writes
---@return corm.Engine
function Session:get_bind(class, options) end

---From now on the model with all of its family belongs to that database.
---@param class corm.Model
---@param engine corm.Engine
function Session:bind_mapper(class, engine) end

---The same for a Table.
---@param table corm.Table
---@param engine corm.Engine
function Session:bind_table(table, engine) end

---The object with that key: from memory if it is there. Raises InvalidRequestError for a key of the wrong size.
---@param class corm.Model
---@param key any A value, a sequence in key order, or a table by name
---@param options? corm.GetOptions
---@return corm.Object|nil
function Session:get(class, key, options) end

---Raises NoResultFound.
---@param class corm.Model
---@param key any
---@param options? corm.GetOptions
---@return corm.Object
function Session:get_one(class, key, options) end

---A statement that a flush would send. Values that only the database or a hook could say are placeholders, whose
---tostring says what they stand for.
---@class corm.PlannedStatement
---@field kind "insert"|"update"|"delete"
---@field table string
---@field rows integer
---@field sql string
---@field parameters any[]
---@field executemany boolean `parameters` has a sequence for each row

---What a flush would send, in its order; tostring is a text to read.
---@class corm.Plan
---@field [integer] corm.PlannedStatement
---@field reads string[] What it would read first, and the plan does without: "User(id=1).addresses".

---The statements of the pending flush. Sends nothing, calls no hook and changes nothing; with `load` what a flush would
---read first is read.
---@param options? { load?: boolean }
---@return corm.Plan
function Session:plan(options) end

---The database's own rows, by column; tostring is a text to read.
---@class corm.Explanation
---@field [integer] table<string, any>
---@field columns string[]

---@class corm.ExplainOptions
---@field analyze? boolean The statement is executed, and the plan has what that took: not on SQLite, nor of what writes

---How the database would execute a statement, which it does not. A query for objects is asked about with what eager
---loading joins to it.
---@param statement corm.Statement|corm.Query
---@param parameters? table<string, any>
---@param options? corm.ExplainOptions
---@return corm.Explanation
function Session:explain(statement, parameters, options) end

---The object with these values, or a new one that also has the defaults; and whether it was made. A row that another
---one inserts in between is found. Raises MultipleResultsFound.
---@param class corm.Model
---@param values table<string, any>
---@param defaults? table<string, any>|fun(): table<string, any>
---@return corm.Object object
---@return boolean made
function Session:find_or_create(class, values, defaults) end

---A sequence of objects; `next` in it leads to the next page, as `after`.
---@param statement corm.Model|corm.Select|corm.Query
---@param options? { order_by?: string|string[], limit?: integer, after?: table<string, any> }
---@return corm.Object[]
function Session:paginate(statement, options) end

---`for batch in session:in_batches(User, { size = 500 }) do`
---@param statement corm.Model|corm.Select|corm.Query
---@param options? { order_by?: string|string[], size?: integer }
---@return fun(): corm.Object[]?
function Session:in_batches(statement, options) end

---That of the session's transaction. Raises UnboundExecutionError without an engine.
---Options are taken before anything was sent, else InvalidRequestError.
---@param options? { execution_options?: corm.ConnectionOptions, bind_arguments?: corm.BindArguments }
---@return corm.Connection
function Session:connection(options) end

---Raises what Connection:execute raises, and UnboundExecutionError.
---@param statement any
---@param parameters? table
---@param options? { execution_options?: corm.ExecutionOptions, bind_arguments?: corm.BindArguments }
---@return corm.Result
function Session:execute(statement, parameters, options) end

---@param statement any
---@param parameters? table
---@param options? { execution_options?: corm.ExecutionOptions, bind_arguments?: corm.BindArguments }
---@return corm.ScalarResult
function Session:scalars(statement, parameters, options) end

---@param statement any
---@param parameters? table
---@param options? { execution_options?: corm.ExecutionOptions, bind_arguments?: corm.BindArguments }
---@return any
function Session:scalar(statement, parameters, options) end

---Inserts the row that a new object tells, or updates the one with the same keys, in one statement.
---@param object corm.Object
---@param keys string[] attributes of a unique index
---@param options? { update?: string[] }
---@return corm.Object # the persistent object of the row
function Session:upsert(object, keys, options) end

---@param class corm.Model
---@param rows table[]
function Session:bulk_insert_mappings(class, rows) end

---@param class corm.Model
---@param rows table[] each with its primary key
function Session:bulk_update_mappings(class, rows) end

---Writes the rows of objects, which are only read.
---@param objects corm.Object[]
function Session:bulk_save_objects(objects) end

---@param ... any What select takes
---@return corm.Query
function Session:query(...) end

---What the session holds at the moment of asking: `#set`, `set[i]`, `for x in set do`.
---@class corm.SessionSet
---@overload fun(): corm.Object
---@field [integer] corm.Object
local SessionSet = {}

---@param object corm.Object
---@return boolean
function SessionSet:contains(object) end

---May be a to-be-closed variable.
---@class corm.SessionTransaction
---@field is_active boolean
---@field nested boolean
---@field session corm.Session
local SessionTransaction = {}

---Raises ResourceClosedError when it is over.
function SessionTransaction:commit() end

function SessionTransaction:rollback() end

---Rolls back what was not committed. Idempotent.
function SessionTransaction:close() end

---Makes sessions: `Session()`, `Session { expire_on_commit = false }`.
---@class corm.sessionmaker
---@overload fun(options?: corm.SessionOptions): corm.Session
local sessionmaker = {}

---For sessions made from now on.
---@param options corm.SessionOptions
function sessionmaker:configure(options) end

---A session for one transaction, closed with it.
---@param fn? fun(session: corm.Session): ...
---@return any ...
function sessionmaker:begin(fn) end

---The session of the current scope: it has all members of a Session.
---@class corm.scoped_session: corm.Session
---@overload fun(options?: corm.SessionOptions): corm.Session
local scoped_session = {}

---Closes the scope's session, if there is one.
function scoped_session:remove() end

---@return boolean
function scoped_session:has() end

---For sessions made from now on; InvalidRequestError when the scope has one.
---@param options corm.SessionOptions
function scoped_session:configure(options) end

---@class corm.ShardedSessionOptions
---@field shards table<string, corm.Engine>
---@field shard_chooser fun(class: table, object?: table, statement?: any): string
---@field identity_chooser? fun(class: table, key: any): string|string[]
---@field execute_chooser? fun(statement: any): string|string[]
---@field autoflush? boolean
---@field expire_on_commit? boolean
---@field execution_options? table
---@field info? table

---One unit of work over several databases with the same tables; an object lives in one shard.
---@class corm.ShardedSession
---@field new table[]
---@field dirty table[]
---@field deleted table[]
---@field identity_map table[]
---@field shards string[]
---@field info table
---@field statement_count integer
---@field autoflush boolean
---@field expire_on_commit boolean
local ShardedSession = {}

---The Session of one shard.
---@param name string
---@return corm.Session
function ShardedSession:shard(name) end

---@param object table
function ShardedSession:add(object) end

---@param objects table[]
function ShardedSession:add_all(objects) end

---@param object table
function ShardedSession:delete(object) end

---@param object table
---@param names? string[]
---@param options? table
function ShardedSession:refresh(object, names, options) end

---@param object table
---@param names? string[]
function ShardedSession:expire(object, names) end

---@param object table
function ShardedSession:expunge(object) end

---@generic T
---@param object T
---@param options? table
---@return T
function ShardedSession:merge(object, options) end

---@param object table
---@return boolean
function ShardedSession:contains(object) end

---@param object table
---@param options? table
---@return boolean
function ShardedSession:is_modified(object, options) end

---The first that the chosen shards have; `identity_token` says which shard.
---@param class table
---@param key any
---@param options? table
---@return table|nil
function ShardedSession:get(class, key, options) end

---@param class table
---@param key any
---@param options? table
---@return table
function ShardedSession:get_one(class, key, options) end

---@param statement any
---@param parameters? table
---@param options? { bind_arguments?: { shard_id: string|string[] }, execution_options?: table }
---@return corm.Result
function ShardedSession:execute(statement, parameters, options) end

---@param statement any
---@param parameters? table
---@param options? table
---@return corm.ScalarResult
function ShardedSession:scalars(statement, parameters, options) end

---@param statement any
---@param parameters? table
---@param options? table
---@return any
function ShardedSession:scalar(statement, parameters, options) end

function ShardedSession:flush() end

---Writes all before the first shard commits; CommitUnknownError when some have committed and another could not.
function ShardedSession:commit() end

function ShardedSession:rollback() end

function ShardedSession:close() end

function ShardedSession:reset() end

function ShardedSession:expire_all() end

function ShardedSession:expunge_all() end

---@param fn fun(session: corm.ShardedSession): ...
---@return any ...
function ShardedSession:begin(fn) end

---@param fn fun(): ...
---@return any ...
function ShardedSession:begin_nested(fn) end

---@param fn fun(): ...
---@return any ...
function ShardedSession:no_autoflush(fn) end

---@return boolean
function ShardedSession:in_transaction() end

---@param class table
---@param options { shard_id: string }
---@return corm.Engine
function ShardedSession:get_bind(class, options) end

-- Queries -------------------------------------------------------------------------------------------------------------

---A select bound to a session: all methods of Select, and those that run it. `for x in query do`.
---@class corm.Query : corm.Select
---@overload fun(): any
---@field statement corm.Select
---@field session corm.Session
local Query = {}

---@return any[]
function Query:all() end

---@return any # nil without one
function Query:first() end

---Raises NoResultFound, MultipleResultsFound.
---@return any
function Query:one() end

---Raises MultipleResultsFound.
---@return any
function Query:one_or_none() end

---First column of the only row; nil without one. Raises MultipleResultsFound.
---@return any
function Query:scalar() end

---Rows of the query as a subquery.
---@return integer
function Query:count() end

---Raises InvalidRequestError on a query with criteria.
---@param key any
---@return corm.Object|nil
function Query:get(key) end

---Raises ArgumentError without criteria, unless `all = true`.
---@param values table
---@param options? { all?: boolean, synchronize_session?: "auto"|"evaluate"|"fetch"|false }
---@return integer # matched rows
function Query:update(values, options) end

---@param options? { all?: boolean, synchronize_session?: "auto"|"evaluate"|"fetch"|false }
---@return integer # matched rows
function Query:delete(options) end

---Other classes and columns, with the criteria of this query.
---@param ... any
---@return corm.Query
function Query:with_entities(...) end

---@param class corm.Model
---@return corm.Query
function Query:add_entity(class) end

---What is loaded already is overwritten.
---@return corm.Query
function Query:populate_existing() end

---@param on boolean whether the session flushes before the query runs
---@return corm.Query
function Query:autoflush(on) end

---False: nothing is joined to the query for relationships, nor read by a subquery of it.
---@param on boolean
---@return corm.Query
function Query:enable_eagerloads(on) end

---@param rows integer
---@return corm.Query
function Query:yield_per(rows) end

---Values for parameters, beside those that were said before.
---@param values table<string, any>
---@return corm.Query
function Query:params(values) end
