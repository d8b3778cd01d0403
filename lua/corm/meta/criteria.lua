---@meta corm.criteria

-- Conditions of classes wherever statements name them, and the hook around a session's statements.

---@class corm
local corm = {}

---@class corm.LoaderCriteriaOptions
---@field include_aliases? boolean Also of aliases that the script made; default false
---@field propagate_to_loaders? boolean Also of what is loaded with the objects and from them; default true

---Conditions of a class, of those below it, or of all that are made of a base or mixin, wherever the statement names
---them, and in what is loaded from its objects.
---@param target corm.Model|table
---@param criteria corm.Expression|fun(class: corm.Model): corm.Expression
---@param options? corm.LoaderCriteriaOptions
---@return userdata # for options()
function corm.with_loader_criteria(target, criteria, options) end

---What do_orm_execute tells of a statement.
---@class corm.ORMExecuteState
---@field session corm.Session
---@field statement any May be replaced
---@field parameters? table May be replaced
---@field execution_options table
---@field is_select boolean
---@field is_insert boolean
---@field is_update boolean
---@field is_delete boolean
---@field is_orm_statement boolean Whether it names mapped classes
---@field is_from_statement boolean
---@field is_executemany boolean
---@field is_column_load boolean Columns of objects that are there
---@field is_relationship_load boolean
---@field bind_class corm.Model|false
---@field bind_mapper? userdata
---@field all_mappers userdata[]
---@field lazy_loaded_from? corm.InstanceState
---@field user_defined_options any[]
local ORMExecuteState = {}

---For this execution.
---@param options corm.ExecutionOptions
function ORMExecuteState:update_execution_options(options) end

---Executes now, asking the listeners behind the one that is running.
---@param options? { statement?: any, params?: table, execution_options?: corm.ExecutionOptions }
---@return corm.Result
function ORMExecuteState:invoke_statement(options) end
