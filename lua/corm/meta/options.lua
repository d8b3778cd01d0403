---@meta corm.options

-- Tables that functions of the module take: options, and definitions of types.

---@class corm.Decoration
---@field impl? corm.Type What stores the values; of a TypeDecorator
---@field cache_ok? boolean Accepted: statements are not cached by their types
---@field process_bind_param? fun(self: corm.Type, value: any, dialect: corm.DialectName): any On the way in
---@field process_result_value? fun(self: corm.Type, value: any, dialect: corm.DialectName): any On the way out
---@field process_literal_param? fun(self: corm.Type, value: any, dialect: corm.DialectName): any For literal_binds
---@field load_dialect_impl? fun(self: corm.Type, dialect: corm.DialectName): corm.Type Another impl somewhere
---@field bind_expression? fun(self: corm.Type, value: corm.Expression): corm.Expression Around each value in SQL
---@field column_expression? fun(self: corm.Type, column: corm.Expression): corm.Expression Around each column selected
---@field coerce_compared_value? fun(self: corm.Type, op: string, value: any): corm.Type The type of an operand
---@field comparator? table<string, fun(column: corm.Expression, ...): any> Methods of expressions of the type
---@field get_col_spec? fun(self: corm.Type): string The name in DDL; of a UserDefinedType

---@class corm.DialectName
---@field name string
---@field type_descriptor fun(self: corm.DialectName, type: corm.Type): corm.Type

---@class corm.EngineOptions
---@field echo? boolean|"debug" Print what is executed to standard error; "debug": rows too
---@field enable_from_linting? boolean Warn of statements whose FROMs nothing connects; default: as `echo`
---@field hide_parameters? boolean Keep parameters out of echo and errors
---@field query_cache_size? integer Prepared statements kept per connection
---@field poolclass? "QueuePool"|"NullPool"|"StaticPool"|"SingletonThreadPool"|"AssertionPool"
---@field pool_size? integer Connections kept; default 5, 0: no limit
---@field max_overflow? integer Connections beyond these; default 10, -1: no limit
---@field pool_timeout? number Shown in the TimeoutError; default 30
---@field pool_recycle? integer Seconds after which a connection is replaced; -1: never
---@field pool_pre_ping? boolean Ask whether a connection lives before giving it out
---@field pool_use_lifo? boolean Default true
---@field pool_reset_on_return? "rollback"|"commit"|boolean
---@field isolation_level? string `"SERIALIZABLE"`, `"AUTOCOMMIT"` ...
---@field execution_options? corm.ConnectionOptions
---@field connect_args? { timeout?: number } `timeout`: seconds to wait for a lock, 0 to 86400

---@class corm.MetaDataOptions
---@field schema? string Schema of tables that name none
---@field info? table

---@class corm.ColumnOptions
---@field primary_key? boolean
---@field nullable? boolean Default: not for a primary key
---@field unique? boolean
---@field index? boolean
---@field default? any A value, a function(context), or an SQL expression, for rows that do not give one
---@field onupdate? any The same at each UPDATE
---@field server_default? string|corm.Expression|userdata DEFAULT of the database; a string is a literal
---@field server_onupdate? boolean|userdata The database changes the value itself
---@field autoincrement? boolean|"auto"
---@field key? string Name in `t.c`, when it differs
---@field name? string Name in the database
---@field comment? string
---@field info? table

---@class corm.IdentityOptions
---@field always? boolean Of Identity: no value of the script's is taken
---@field start? integer
---@field increment? integer
---@field minvalue? integer
---@field maxvalue? integer
---@field nominvalue? boolean
---@field nomaxvalue? boolean
---@field cycle? boolean
---@field cache? integer

---@class corm.SequenceOptions : corm.IdentityOptions
---@field metadata? corm.MetaData whose create_all makes it
---@field schema? string
---@field optional? boolean Only for databases that generate keys in no other way
---@field data_type? corm.Type

---@class corm.IndexOptions
---@field unique? boolean
---@field sqlite_where? corm.Expression of a partial index on SQLite
---@field postgresql_where? corm.Expression of a partial index on PostgreSQL

---@class corm.ForeignKeyOptions
---@field name? string
---@field ondelete? string `"CASCADE"`, `"SET NULL"` ...
---@field onupdate? string
---@field deferrable? boolean
---@field initially? string `"DEFERRED"` or `"IMMEDIATE"`
---@field use_alter? boolean

---@class corm.ViewOptions
---@field or_replace? boolean
---@field temporary? boolean
---@field materialized? boolean PostgreSQL
---@field schema? string
---@field metadata? corm.MetaData that gets its Table

---@class corm.BindOptions
---@field type_? corm.Type
---@field unique? boolean
---@field required? boolean
---@field value? any
---@field expanding? boolean
---@field literal_execute? boolean
---@field callable_? fun(): any

---@class corm.RelationshipOptions
---@field back_populates? string The attribute at the other end
---@field backref? string|table The attribute to make at the other end, or backref(name, options)
---@field secondary? corm.Table|corm.FromClause|string|function Of a many-to-many; with viewonly a join or subquery
---@field uselist? boolean false: one object where a collection would be
---@field cascade? string|string[]|false `"save-update, merge"` unless said; `"all, delete-orphan"` ...
---@field lazy? "batch"|"select"|"selectin"|"joined"|"immediate"|"raise"|"noload"|"write_only"|"dynamic"|boolean
---@field order_by? any A column, `"Class.attribute"`, `"Class.attribute.desc()"`, a list, or a function
---@field primaryjoin? any The condition to the target, or to the secondary table; or a function that gives it
---@field secondaryjoin? any The condition from the secondary table to the target
---@field collection_class? any `"set"`, attribute_keyed_dict(name), ordering_list(name), methods by name
---@field sync_backref? boolean false: changes in memory do not go to the other side
---@field foreign_keys? any Chooses among several foreign keys
---@field remote_side? any The far columns of a relationship to the class itself
---@field passive_deletes? boolean|"all" Leave children that are not loaded to the database
---@field viewonly? boolean Never writes
---@field single_parent? boolean
---@field post_update? boolean
---@field passive_updates? boolean false: rows that repeat a changed key are written by corm, not by the database
---@field active_history? boolean A new value loads the old one first, where that is not in memory
---@field load_on_pending? boolean A new object in a session loads it by the keys that it was given
---@field info? table
---@field doc? string
---@field overlaps? string Names of other relationships that are meant to write the same columns

---@class corm.ToTableOptions
---@field only? string[]
---@field except? string[]
---@field include? table<string, true|corm.ToTableOptions>
---@field depth? integer
---@field null? any
---@field raw? boolean
---@class corm.AssociationProxyOptions
---@field creator? fun(...): corm.Object Makes the object between of a value; for a dictionary of key and value
---@field create_on_none_assignment? boolean Make one also for nil
---@field cascade_scalar_deletes? boolean nil takes the object between away

---@class corm.OrderingListOptions
---@field count_from? integer Default 0
---@field ordering_func? fun(position: integer, list: any): any
---@field reorder_on_append? boolean

---@alias corm.JoinTransactionMode
---| "conditional_savepoint"
---| "create_savepoint"
---| "control_fully"
---| "rollback_only"

---What a statement is about, for `get_bind`.
---@class corm.BindWish
---@field mapper? corm.Model
---@field table? corm.Table Where no model is known
---@field writes boolean It writes or locks, or belongs to a flush

---Where a statement of a Session goes.
---@class corm.BindArguments
---@field bind? corm.Engine
---@field mapper? corm.Model As what it is about

---@class corm.SessionOptions
---@field bind? corm.Engine|corm.Connection
---@field autoflush? boolean Default true
---@field autobegin? boolean Default true
---@field expire_on_commit? boolean Default true
---@field close_resets_only? boolean Default true; false: after close() the session is closed for good
---@field execution_options? corm.ConnectionOptions Of the connection of each transaction
---@field binds? table<corm.Model|corm.Table, corm.Engine> What belongs to other databases than `bind`
---@field get_bind? fun(session: corm.Session, wish: corm.BindWish): corm.Engine? Where each statement goes
---@field join_transaction_mode? corm.JoinTransactionMode In a transaction that is open already on the Connection
---@field info? table
