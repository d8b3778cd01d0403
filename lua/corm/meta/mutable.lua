---@meta corm.mutable

-- Values that tell of changes inside them.

---@class corm
---@field MutableDict corm.MutableDictClass
---@field MutableList corm.MutableListClass
---@field MutableSet corm.MutableSetClass
---@field MutableJSON corm.MutableJSONClass
local corm = {}

---Makes a class of values for composite() whose fields are columns: `Point(1, 2)`, `p.x = 3`.
---@param names string[]
---@param methods? table<string, function>
---@return any # the class: called with values by position, or with a table
function corm.MutableComposite(names, methods) end

---Makes a class of values like those of `like`, with functions of its own; `coerce` sees what is assigned or stored and
---is no value of the class, and gives a table or a value of the class.
---@param name string
---@param like any corm.MutableDict, MutableList, MutableSet, MutableJSON, or a class made of them
---@param members? { coerce?: (fun(class: any, key: string, value: any): any), [string]: function }
---@return any # the class
function corm.Mutable(name, like, members) end

---Tables with names. What is inside of tables inside is not seen. A name may be anything, so methods are functions of
---the class: `MutableDict.update(doc.data, { ... })`.
---@class corm.MutableDictClass
---@overload fun(values?: table): table
local MutableDictClass = {}

---@param type corm.Type JSON, ARRAY, PickleType or another type whose values are tables
---@return corm.Type # for a Column
function MutableDictClass:as_mutable(type) end

---The same for a column of a model that is there already.
---@param attribute corm.Expression
function MutableDictClass:associate_with_attribute(attribute) end

---The same as as_mutable for the columns of that type in all classes that are declared afterwards.
---@param type corm.Type
function MutableDictClass:associate_with(type) end

---A plain copy, of all that is inside, too.
---@param value any
---@return table
function MutableDictClass.to_table(value) end

---For changes that were not seen.
---@param value any
function MutableDictClass.changed(value) end

---@param dict table
---@param values table
function MutableDictClass.update(dict, values) end

---The value there, after `value` was put there if there was none.
---@param dict table
---@param key any
---@param value any
---@return any
function MutableDictClass.setdefault(dict, key, value) end

---Takes a value out.
---@param dict table
---@param key any
---@param otherwise? any
---@return any
function MutableDictClass.pop(dict, key, otherwise) end

---@param dict table
function MutableDictClass.clear(dict) end

---Lists. Its functions are methods of the lists.
---@class corm.MutableListClass
---@overload fun(values?: any[]): any
local MutableListClass = {}

---@param type corm.Type JSON, ARRAY, PickleType or another type whose values are tables
---@return corm.Type # for a Column
function MutableListClass:as_mutable(type) end

---The same for a column of a model that is there already.
---@param attribute corm.Expression
function MutableListClass:associate_with_attribute(attribute) end

---The same as as_mutable for the columns of that type in all classes that are declared afterwards.
---@param type corm.Type
function MutableListClass:associate_with(type) end

---A plain copy, of all that is inside, too.
---@param value any
---@return table
function MutableListClass.to_table(value) end

---For changes that were not seen.
---@param value any
function MutableListClass.changed(value) end

---@param value any
function MutableListClass:append(value) end

---@param position integer
---@param value any
function MutableListClass:insert(position, value) end

---@param values any[]
function MutableListClass:extend(values) end

---Takes out the item there, or the last one.
---@param position? integer
---@return any
function MutableListClass:pop(position) end

---@param value any
function MutableListClass:remove(value) end

function MutableListClass:clear() end
function MutableListClass:reverse() end

---@param compare? fun(a: any, b: any): boolean
function MutableListClass:sort(compare) end

---@param value any
---@return boolean
function MutableListClass:contains(value) end

---Each value once, stored as a list. Its functions are methods of the sets.
---@class corm.MutableSetClass
---@overload fun(values?: any[]): any
local MutableSetClass = {}

---@param type corm.Type JSON, ARRAY, PickleType or another type whose values are tables
---@return corm.Type # for a Column
function MutableSetClass:as_mutable(type) end

---The same for a column of a model that is there already.
---@param attribute corm.Expression
function MutableSetClass:associate_with_attribute(attribute) end

---The same as as_mutable for the columns of that type in all classes that are declared afterwards.
---@param type corm.Type
function MutableSetClass:associate_with(type) end

---A plain copy, of all that is inside, too.
---@param value any
---@return table
function MutableSetClass.to_table(value) end

---For changes that were not seen.
---@param value any
function MutableSetClass.changed(value) end

---@param value string|number|boolean
function MutableSetClass:add(value) end

---@param value string|number|boolean
function MutableSetClass:discard(value) end

---The same; ArgumentError when it is not there.
---@param value string|number|boolean
function MutableSetClass:remove(value) end

---@param values any[]
function MutableSetClass:update(values) end

function MutableSetClass:clear() end

---@param value any
---@return boolean
function MutableSetClass:contains(value) end

---Lists and tables with names, at any depth.
---@class corm.MutableJSONClass
---@overload fun(values?: table): table
local MutableJSONClass = {}

---@param type corm.Type JSON, ARRAY, PickleType or another type whose values are tables
---@return corm.Type # for a Column
function MutableJSONClass:as_mutable(type) end

---The same for a column of a model that is there already.
---@param attribute corm.Expression
function MutableJSONClass:associate_with_attribute(attribute) end

---The same as as_mutable for the columns of that type in all classes that are declared afterwards.
---@param type corm.Type
function MutableJSONClass:associate_with(type) end

---A plain copy, of all that is inside, too.
---@param value any
---@return table
function MutableJSONClass.to_table(value) end

---For changes that were not seen.
---@param value any
function MutableJSONClass.changed(value) end

return corm
