-- Collections that are never loaded whole: lazy = "write_only" and "dynamic". What goes in and out is noted, and what
-- is there is asked for by statements.
local corm, load = ...
local orm = load "corm.orm"
local collections = load "corm.collections"
local native, info, fail, field = orm.native, orm.info, orm.fail, orm.field

local KEY, OWNER = collections.KEY, collections.OWNER

local function check_list(self, list)
  if type(list) ~= "table" then
    fail("ArgumentError", "%s: a list expected, got %s", tostring(self), native.kind(list))
  end
  return list
end

-- The condition on the target.
local function criteria(self)
  local object = self[OWNER]
  local state = native.state(object)
  if state == "transient" or state == "pending" then
    fail("InvalidRequestError", "%s: the %s is not in the database yet; flush it first", tostring(self),
      native.class_of(object).__name__)
  end
  return corm.with_parent(object, native.class_of(object)[self[KEY]])
end

local function target_of(self)
  local ci = info[native.class_of(self[OWNER])]
  local direction, _, class = native.relation_info(ci.mapper, self[KEY])
  return class, direction, ci
end

local methods = {}

-- Noted at once, written by the next flush.
function methods:add(object, another)
  if native.class_of(another) then
    fail("ArgumentError", "add: one object expected; several are added by add_all { ... }")
  end
  native.queue_add(self[OWNER], self[KEY], object)
end
function methods:remove(object) native.queue_remove(self[OWNER], self[KEY], object) end
function methods:add_all(list)
  for _, object in ipairs(check_list(self, list)) do self:add(object) end
end

function methods:select()
  local statement = corm.select((target_of(self))):where(criteria(self))
  local order_by = field(self[collections.SHAPE], "order_by")
  if order_by then statement = statement:order_by(table.unpack(order_by)) end
  return statement
end

function methods:insert()
  local class, direction, ci = target_of(self)
  criteria(self)
  if direction ~= "ONETOMANY" then
    fail("InvalidRequestError", "%s: bulk INSERT is for one-to-many collections; of a many-to-many, insert by itself "
      .. "and add_all()", tostring(self))
  end
  local values, object = {}, self[OWNER]
  for _, pair in ipairs(native.relation_pairs(ci.mapper, self[KEY])) do values[pair[2]] = object[pair[1]] end
  return corm.insert(class):values(values)
end

-- The part of a table that is its own; the association table's rows by their keys.
local function of_own(self, statement)
  local class, direction = target_of(self)
  local condition = criteria(self)
  if direction ~= "MANYTOMANY" then return statement(class):where(condition) end
  local _, _, keys = native.names(info[class].mapper)
  if #keys > 1 then
    fail("InvalidRequestError", "%s: bulk UPDATE and DELETE of a many-to-many need a key of one column", tostring(self))
  end
  local key = class[keys[1]]
  return statement(class):where(key:in_(corm.select(key):where(condition)))
end

function methods:update() return of_own(self, corm.update) end
function methods:delete() return of_own(self, corm.delete) end

collections.shape("write_only", methods, {
  __len = function(self)
    return fail("InvalidRequestError", "%s is write-only: session:scalars(%s:select())", tostring(self), self[KEY])
  end,
  __call = function(self)
    return fail("InvalidRequestError", "%s is write-only: session:scalars(%s:select())", tostring(self), self[KEY])
  end,
})

-- The same, with queries of its own.
local dynamic = { append = methods.add, extend = methods.add_all }
for name, method in next, methods do dynamic[name] = method end

local function session_of(self)
  local session = corm.object_session(self[OWNER])
  if not session then
    fail("DetachedInstanceError", "%s: the %s is not bound to a Session", tostring(self),
      native.class_of(self[OWNER]).__name__)
  end
  return session
end

-- A pending owner is in the database when it is asked for what is in it. Its state then.
local function settle(owner)
  if native.state(owner) == "pending" then native.autoflush(owner) end
  return native.state(owner)
end

local function ready(self)
  local session = session_of(self)
  settle(self[OWNER])
  return session
end

-- What was put in, where there is no row and so nothing else: a list, or nil.
local function noted(self)
  local owner = self[OWNER]
  local state = settle(owner)
  if state == "transient" or state == "pending" then return corm.get_history(owner, self[KEY]).added end
end

local function run(self)
  local session = ready(self)
  return session:scalars(self:select())
end

function dynamic:all() return noted(self) or run(self):all() end
function dynamic:first()
  local session = ready(self)
  return session:scalars(self:select():limit(1)):first()
end
function dynamic:one() return run(self):one() end
function dynamic:one_or_none() return run(self):one_or_none() end
-- The Query of what is in it; its own methods go on from there.
local function query(self)
  local found = ready(self):query((target_of(self))):where(criteria(self))
  local order_by = field(self[collections.SHAPE], "order_by")
  return order_by and found:order_by(table.unpack(order_by)) or found
end

for _, name in ipairs {
  "where", "filter", "filter_by", "order_by", "limit", "offset", "slice", "distinct", "join", "outerjoin", "options",
  "execution_options", "populate_existing", "yield_per", "with_entities", "with_for_update", "exists", "subquery",
} do
  dynamic[name] = function(self, ...)
    local found = query(self)
    return found[name](found, ...)
  end
end
function dynamic:count()
  local list = noted(self)
  if list then return #list end
  local session = ready(self)
  return session:scalar(corm.select(corm.func.count()):select_from(self:select():order_by(nil):subquery()))
end

local loops = setmetatable({}, { __mode = "k" })
collections.shape("dynamic", dynamic, {
  __len = function(self) return self:count() end,
  __call = function(self, _, last)
    local loop = last ~= nil and loops[self] or { at = 0, list = self:all() }
    loops[self] = loop
    loop.at = loop.at + 1
    return loop.list[loop.at]
  end,
})
