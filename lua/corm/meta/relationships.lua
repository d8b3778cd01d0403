---@meta corm.relationships

-- What relationships are made of besides relationship() itself.

---@class corm
---@field AbstractConcreteBase table The same for a class without a table, whose columns classes below it get
---@field ConcreteBase table A mixin: queries of the class read the rows of all concrete classes below it
local corm = {}

---An attribute of the objects behind a relationship, as an attribute of the object itself.
---@param target string A relationship
---@param attribute string An attribute of its class
---@param options? corm.AssociationProxyOptions
---@return any # to be assigned in a model
function corm.association_proxy(target, attribute, options) end

---For collection_class: a dictionary by an attribute of its objects.
---@param name string
---@return any
function corm.attribute_keyed_dict(name) end

---The same, the attribute said by its column.
---@param column corm.Column|corm.Expression
---@return any
function corm.column_keyed_dict(column) end

---For collection_class: a dictionary by what a function gives for each object, best of its own columns.
---@param fn fun(object: corm.Object): any
---@return any
function corm.keyfunc_mapping(fn) end

---For collection_class: a list whose objects know their position.
---@param name string
---@param options? corm.OrderingListOptions
---@return any
function corm.ordering_list(name, options) end

---In a relationship's primaryjoin: the column that refers to the other one.
---@param column corm.Column|corm.Expression
---@return corm.Expression
function corm.foreign(column) end

---In a relationship's primaryjoin: the column of the far side.
---@param column corm.Column|corm.Expression
---@return corm.Expression
function corm.remote(column) end

---Loader option: what the classes, which are below the first, add to its rows is read by one statement each.
---@param base corm.Model
---@param classes corm.Model[]
---@return corm.LoaderOption
function corm.selectin_polymorphic(base, classes) end

---All rows of the tables, with NULL for the columns that one has not, and a column that says which table a row is of.
---@param tables table<string, corm.Table>|{ [1]: string, [2]: corm.Table }[] By identity
---@param typecolname string
---@param aliasname? string
---@param options? { cast_nulls?: boolean }
---@return corm.FromClause
function corm.polymorphic_union(tables, typecolname, aliasname, options) end
