---@meta corm.inspect

-- What inspect() gives, and what may be asked and said of single objects.

---@class corm
local corm = {}

---In a model: a method that is called for each object that a query makes.
---@param fn fun(self: any)
---@return any # to be assigned in a model
function corm.reconstructor(fn) end

---What the ORM knows about an object or a model, or what an Engine or Connection knows about its database.
---@param subject any
---@return corm.InstanceState|corm.Mapper|corm.Inspector
function corm.inspect(subject) end

---@param class corm.Model
---@return corm.Mapper
function corm.class_mapper(class) end

---@param object corm.Object
---@return corm.Mapper
function corm.object_mapper(object) end

---What was added, what stayed, what left; nothing is loaded.
---@param object any
---@param key string
---@return { added: any[], unchanged: any[], deleted: any[], has_changes: boolean }
function corm.get_history(object, key) end

---The value was changed in place: the next flush writes it.
---@param object any
---@param key string
function corm.flag_modified(object, key) end

---The next flush looks at the object.
---@param object any
function corm.flag_dirty(object) end

---Sets what counts as loaded.
---@param object any
---@param key string
---@param value any
function corm.set_committed_value(object, key, value) end

---@param object any
---@return corm.Session|nil
function corm.object_session(object) end

---Takes the object out of its session, without cascade, and makes it new: no identity, only what is in memory.
---@param object corm.Object
function corm.make_transient(object) end

---Makes a detached object of a new one, as if loaded from the row with its key. What it lacks is read later.
---Raises InvalidRequestError when it is not transient or its key is not complete.
---@param object corm.Object
function corm.make_transient_to_detached(object) end

---Whether its row was deleted by a flush.
---@param object corm.Object
---@return boolean
function corm.was_deleted(object) end

---Closes every session that there is.
function corm.close_all_sessions() end

---Of an object. Nothing is loaded.
---@class corm.InstanceState
---@field transient boolean
---@field pending boolean
---@field persistent boolean
---@field deleted boolean
---@field detached boolean
---@field was_deleted boolean Its row was deleted, also when the object is detached since
---@field identity any[]|nil The key
---@field has_identity boolean
---@field key { [1]: corm.Model, [2]: any[] }|nil
---@field identity_token string|nil the name of its shard
---@field identity_key { [1]: corm.Model, [2]: any[] }|nil
---@field session corm.Session|nil
---@field unloaded string[]
---@field unmodified string[]
---@field expired boolean
---@field expired_attributes string[]
---@field dict table<string, any> What is in memory
---@field committed_state table<string, any> What changed attributes had before
---@field modified boolean
---@field object corm.Object
---@field class_ corm.Model
---@field mapper corm.Mapper
---@field attrs table<string, corm.AttributeState>
---@field info table For your own use
---@field is_instance boolean

---@class corm.History
---@field added any[]
---@field unchanged any[]
---@field deleted any[]
---@field has_changes boolean

---@class corm.AttributeState
---@field key string
---@field value any May load
---@field loaded_value any corm.NO_VALUE when it is not in memory
---@field history corm.History
---@field load_history fun(): corm.History
---@field state corm.InstanceState

---Of a model. Sequences of names can be asked by name.
---@class corm.Mapper
---@field class_ corm.Model
---@field entity corm.Model
---@field is_mapper boolean
---@field registry corm.registry
---@field mapper corm.Mapper The same
---@field info table For your own use
---@field local_table corm.Table
---@field tables corm.Table[]
---@field columns table<string|integer, corm.Column|string> Names by position, Columns by name
---@field c table<string|integer, corm.Column|string>
---@field primary_key table<string|integer, corm.Column|string>
---@field attrs table<string|integer, any>
---@field column_attrs table<string|integer, corm.ColumnProperty|string>
---@field relationships table<string|integer, corm.RelationshipProperty> Names by position, properties by name
---@field synonyms table<string|integer, any>
---@field composites table<string|integer, any>
---@field all_orm_descriptors table<string|integer, any>
---@field inherits corm.Mapper|nil
---@field base_mapper corm.Mapper
---@field self_and_descendants corm.Mapper[]
---@field iterate_to_root corm.Mapper[]
---@field polymorphic_on string|nil
---@field polymorphic_identity any
---@field polymorphic_map table<any, corm.Mapper>
---@field version_id_col string|nil
---@field single boolean
local Mapper = {}

---@param other corm.Model|corm.Mapper
---@return boolean
function Mapper:isa(other) end

---@param name string
---@return boolean
function Mapper:has_property(name) end

---@param name string
---@return any
function Mapper:get_property(name) end

---@param column corm.Column
---@return corm.ColumnProperty
function Mapper:get_property_by_column(column) end

---@param object corm.Object
---@return any[]
function Mapper:primary_key_from_instance(object) end

---@param key any[]
---@return { [1]: corm.Model, [2]: any[] }
function Mapper:identity_key_from_primary_key(key) end

---@param object corm.Object
---@return { [1]: corm.Model, [2]: any[] }
function Mapper:identity_key_from_instance(object) end

---@class corm.ColumnProperty
---@field key string
---@field columns corm.Column[]
---@field expression corm.Expression
---@field class_attribute corm.Expression
---@field parent corm.Mapper
---@field deferred boolean
---@field group string|nil
---@field raiseload boolean
---@field active_history boolean

---@class corm.RelationshipProperty
---@field key string
---@field direction "ONETOMANY"|"MANYTOONE"|"MANYTOMANY"
---@field uselist boolean
---@field target corm.Model
---@field mapper corm.Mapper
---@field entity corm.Mapper
---@field back_populates string|nil
---@field parent corm.Model
---@field class_attribute corm.Relationship
---@field local_remote_pairs { [1]: corm.Column, [2]: corm.Column }[]
---@field local_columns corm.Column[]
---@field remote_side corm.Column[]
---@field secondary corm.Table|nil
---@field cascade string[]
---@field lazy string
---@field passive_deletes boolean|"all"
---@field viewonly boolean
---@field post_update boolean
---@field single_parent boolean
---@field active_history boolean
---@field innerjoin boolean
---@field load_on_pending boolean
---@field passive_updates boolean
---@field join_depth integer|nil
---@field info table
---@field doc string|nil
