---@meta corm.automap

-- Classes for tables of a database.

---@class corm
---@field DeferredReflection { prepare: fun(self: table, bind: corm.Engine|corm.Connection|corm.Inspector) } A mixin:
---classes get the columns of their tables by prepare(engine) of it, or of an abstract class that has it
local corm = {}

---A base whose `prepare` makes classes of tables that nobody has declared.
---@param options? corm.AutomapBaseOptions
---@return corm.AutomapBase
function corm.automap_base(options) end

---@class corm.AutomapBaseOptions
---@field declarative_base? corm.Base what it stands on, in the place of all other options
---@field metadata? corm.MetaData
---@field registry? corm.registry
---@field name? string
---@field constructor? function

---A base that automap_base made. Classes that are declared on it are mapped by `prepare`, too.
---@class corm.AutomapBase: corm.Base
---@field classes table<string, corm.Model> by name; a wrong name is an ArgumentError
---@field by_module table those with a module: `Base.by_module.shop.Book`
local AutomapBase = {}

---Maps the tables of the metadata, and with `autoload_with` those of a database. Raises ArgumentError where a
---relationship would have a name that is taken, and what reflection and models raise.
---@param options? corm.AutomapOptions
function AutomapBase:prepare(options) end

---@class corm.AutomapOptions
---@field autoload_with? corm.Engine|corm.Connection|corm.Inspector
---@field schema? string
---@field reflection_options? corm.ReflectOptions
---@field collection_class? any as of relationship
---@field classname_for_table? fun(base: any, name: string, table: corm.Table): string
---@field modulename_for_table? fun(base: any, name: string, table: corm.Table): string|nil
---@field name_for_scalar_relationship? corm.AutomapName
---@field name_for_collection_relationship? corm.AutomapName
---@field generate_relationship? fun(base: any, direction: string, return_fn: function, name: string, ...: any): any

---@alias corm.AutomapName fun(base: any, class: corm.Model, referred: corm.Model, constraint: corm.ForeignKey): string
