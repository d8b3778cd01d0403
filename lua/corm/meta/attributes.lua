---@meta corm.attributes

-- Attributes that are more than a column of their name.

---@class corm
local corm = {}

---A column that is read when it is asked for, not with its objects; likewise an SQL expression.
---@param column corm.Column|corm.Expression|fun(class: corm.Model): corm.Expression
---@param options? { group?: string, raiseload?: boolean, active_history?: boolean }
---@return any # to be assigned in a model
function corm.deferred(column, options) end

---A column with options of its attribute, or an attribute that the database computes.
---@param value corm.Column|corm.Expression|fun(class: corm.Model): corm.Expression
---@param ... corm.Column|corm.ColumnPropertyOptions Of a class over a join: more columns that are the same attribute
---@return any # to be assigned in a model
function corm.column_property(value, ...) end

---@class corm.ColumnPropertyOptions
---@field deferred? boolean It is read when it is asked for
---@field group? string Of a deferred one: read with the others of the group
---@field raiseload? boolean Of a deferred one: only where a query says undefer
---@field active_history? boolean Of a column: a new value reads the old one first
---@field expire_on_flush? boolean Of an expression: computed anew after a flush of the object; default true

---An attribute that queries compute by with_expression; nil, or the default, elsewhere.
---@param default? corm.Expression|fun(class: corm.Model): corm.Expression
---@return any # to be assigned in a model
function corm.query_expression(default) end

---What a query_expression() is in this query.
---@param attribute corm.Expression
---@param expression corm.Expression
---@return corm.LoaderOption
function corm.with_expression(attribute, expression) end
