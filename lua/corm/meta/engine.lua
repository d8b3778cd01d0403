---@meta corm.engine

-- Engines, connections, transactions, results. Connection, Transaction and Result may be to-be-closed variables.

---@class corm.URLParts
---@field drivername? string For `set` only
---@field username? string
---@field password? string
---@field host? string
---@field port? integer
---@field database? string
---@field query? table<string, string|string[]>

---@class corm.URLClass
local URLClass = {}

---@param drivername string `"sqlite"`
---@param options? corm.URLParts
---@return corm.URL
function URLClass.create(drivername, options) end

---tostring hides the password.
---@class corm.URL
---@field drivername string
---@field username string|nil
---@field password string|nil
---@field host string|nil
---@field port integer|nil
---@field database string|nil
---@field query table<string, string|string[]>
---@field normalized_query table<string, string[]>
local URL = {}

---@param options? { hide_password?: boolean } Default true
---@return string
function URL:render_as_string(options) end

---@return string `"postgresql"`
function URL:get_backend_name() end

---@return string `"libpq"`
function URL:get_driver_name() end

---Another URL, with these parts replaced.
---@param parts corm.URLParts
---@return corm.URL
function URL:set(parts) end

---@param options table<string, string|string[]>
---@param how? { append?: boolean } Default false: their values replace those of the same name
---@return corm.URL
function URL:update_query_dict(options, how) end

---@param pairs { [1]: string, [2]: string|string[] }[]
---@param how? { append?: boolean }
---@return corm.URL
function URL:update_query_pairs(pairs, how) end

---@param text string `"name=text&name=text"`
---@param how? { append?: boolean }
---@return corm.URL
function URL:update_query_string(text, how) end

---@param names string[]
---@return corm.URL
function URL:difference_update_query(names) end

---@class corm.ConnectionOptions
---@field isolation_level? string `"SERIALIZABLE"`, `"AUTOCOMMIT"` ...
---@field read_only? boolean
---@field postgresql_readonly? boolean The same
---@field postgresql_deferrable? boolean
---@field stream_results? boolean Rows come one by one
---@field statement_timeout? integer Milliseconds; PostgreSQL, MariaDB, MySQL

---@class corm.RetryOptions
---@field max_retries? integer Default 3
---@field base_delay? number Seconds, doubled each time; default 0.01
---@field max_delay? number Default 1
---@field retry_lock_timeout? boolean LockTimeoutError too; default false

---The physical connections of an Engine.
---@class corm.Pool
local Pool = {}

---@return string
function Pool:status() end

---@return integer # kept at most
function Pool:size() end

---@return integer # idle
function Pool:checkedin() end

---@return integer # in use
function Pool:checkedout() end

---@return integer # open beyond the size; negative while there are fewer
function Pool:overflow() end

---@class corm.Engine
---@field url corm.URL
---@field pool corm.Pool
---@field name string The dialect's
---@field driver string
---@field dialect { name: string, driver: string }
---@field echo boolean May be set
local Engine = {}

---Raises OperationalError, CorruptError when the database cannot be opened.
---@return corm.Connection
function Engine:connect() end

---With a function: a connection in a transaction for its length; returns what it returns. Without: the Connection,
---which commits when it is closed as a to-be-closed variable without an error.
---@param fn? fun(connection: corm.Connection): ...
---@return any ...
function Engine:begin(fn) end

---begin(fn), run again when the database says that the whole of it may be. Raises the error of the last try.
---@param fn fun(connection: corm.Connection): ...
---@param options? corm.RetryOptions
---@return any ...
function Engine:run_transaction(fn, options) end

---Closes idle connections; those in use are closed when they come back. In a forked child the parent's connections are
---given up, and the engine serves the child.
---@param options? { close?: boolean }
function Engine:dispose(options) end

---@param options corm.ConnectionOptions
---@return corm.Engine # over the same pool
function Engine:execution_options(options) end

---@return corm.ConnectionOptions
function Engine:get_execution_options() end

---The first statement begins a transaction; commit or rollback ends it. Raises ResourceClosedError once closed, and
---PendingRollbackError when the database ended the transaction by itself.
---@class corm.Connection
---@field closed boolean
---@field invalidated boolean Its physical connection was lost
---@field default_isolation_level string
---@field engine corm.Engine
---@field dialect { name: string, driver: string }
local Connection = {}

---A list of tables executes the statement once for each.
---Raises ObjectNotExecutableError, InvalidRequestError (missing or surplus parameters), ArgumentError (bulk change
---without criteria), DataError, and what the database says.
---@param statement any
---@param parameters? table
---@return corm.Result
function Connection:execute(statement, parameters) end

---@param statement any
---@param parameters? table
---@return any # first column of the first row, nil without one
function Connection:scalar(statement, parameters) end

---@param statement any
---@param parameters? table
---@return corm.ScalarResult
function Connection:scalars(statement, parameters) end

---SQL with the driver's own placeholders, by position or name.
---@param sql string
---@param parameters? table
---@return corm.Result
function Connection:exec_driver_sql(sql, parameters) end

---Raises InvalidRequestError when a transaction is open already.
---@param fn? fun(transaction: corm.Transaction): ...
---@return any ... # the Transaction, or what fn returns
function Connection:begin(fn) end

---A savepoint.
---@param fn? fun(transaction: corm.Transaction): ...
---@return any ...
function Connection:begin_nested(fn) end

---@return corm.Transaction|nil
function Connection:get_transaction() end

---@return corm.Transaction|nil
function Connection:get_nested_transaction() end

---Raises InvalidRequestError in a transaction.
---@param options corm.ConnectionOptions
---@return corm.Connection # itself
function Connection:execution_options(options) end

---@return corm.ConnectionOptions
function Connection:get_execution_options() end

---@return string
function Connection:get_isolation_level() end

---The physical connection is not used again; after rollback the next statement takes another one.
function Connection:invalidate() end

---@return boolean
function Connection:in_transaction() end

---@return boolean
function Connection:in_nested_transaction() end

function Connection:commit() end

function Connection:rollback() end

---Rolls back what is open. Idempotent.
function Connection:close() end

---@class corm.Transaction
---@field is_active boolean
---@field connection corm.Connection
---@field nested boolean
local Transaction = {}

---Raises InvalidRequestError when it is over.
function Transaction:commit() end

---Does nothing when it is over.
function Transaction:rollback() end

---The same as rollback.
function Transaction:close() end

-- Results -------------------------------------------------------------------------------------------------------------

---What Result and its views have. `for item in result do`.
---@class corm.Fetching
---@field closed boolean
local Fetching = {}

---@return any[]
function Fetching:all() end

---@return any[]
function Fetching:fetchall() end

---@param count? integer Without it all
---@return any[]
function Fetching:fetchmany(count) end

---@return any # nil at the end
function Fetching:fetchone() end

---The first item, nil without one; closes the result.
---@return any
function Fetching:first() end

---Raises NoResultFound, MultipleResultsFound.
---@return any
function Fetching:one() end

---Raises MultipleResultsFound.
---@return any # nil without a row
function Fetching:one_or_none() end

---Sequences of so many items.
---@param count? integer Without it all
---@return fun(): any[]
function Fetching:partitions(count) end

---How many items a partition has, and a page of objects where the statement asked for pages.
---@param count integer
---@return self
function Fetching:yield_per(count) end

---Each item once; `fn` gives what is compared.
---@param fn? fun(item: any): any
---@return self
function Fetching:unique(fn) end

---@return string[]
function Fetching:keys() end

function Fetching:close() end

---@class corm.Result : corm.Fetching
---@overload fun(): corm.Row
---@field rowcount integer Matched rows of INSERT, UPDATE, DELETE; -1 otherwise
---@field lastrowid integer
---@field inserted_primary_key_rows any[][] Of one row, or of many after return_defaults(); else InvalidRequestError
---@field returned_defaults corm.Row? What return_defaults() asked for, of the first row
---@field returned_defaults_rows corm.Row[]? The same of each row
---@field inserted_primary_key any[]? nil where an upsert left the row that is there. Raises InvalidRequestError after
---anything but the INSERT of one row
---@field returns_rows boolean
---@field is_insert boolean
local Result = {}

---These columns in this order. Raises NoSuchColumnError, AmbiguousColumnError.
---@param ... integer|string|corm.Expression
---@return self
function Result:columns(...) end

---@param column? integer|string|corm.Expression Default 1
---@return corm.ScalarResult
function Result:scalars(column) end

---@return corm.MappingResult
function Result:mappings() end

---The rows that are left, kept in memory: each call of the function gives them as a Result.
---@return corm.FrozenResult
function Result:freeze() end

---@alias corm.FrozenResult fun(): corm.Result

---@return any # first column of the first row
function Result:scalar() end

---Raises NoResultFound, MultipleResultsFound.
---@return any
function Result:scalar_one() end

---@return any
function Result:scalar_one_or_none() end

---Gives the values of one column.
---@class corm.ScalarResult : corm.Fetching
---@overload fun(): any
local ScalarResult = {}

---Gives plain tables by name; NULL is corm.null.
---@class corm.MappingResult : corm.Fetching
---@overload fun(): table
local MappingResult = {}

---`row.name`, `row[1]`, `row[t.c.name]`, `#row`, `pairs(row)`. NULL is nil. An unknown name is a NoSuchColumnError, one
---that several columns have an AmbiguousColumnError.
---@class corm.Row
---@field [string|integer|corm.Expression] any
local Row = {}

---@return any ...
function Row:unpack() end

---@return table<string, any> # NULL is corm.null
function Row:_asdict() end

---@return string[]
function Row:keys() end
