-- The classes of values that tell of their changes: MutableDict, MutableList, MutableSet, MutableJSON.
local corm, load = ...
local orm = load "corm.orm"
local mutable = load "corm.mutable"
local native, fail = orm.native, orm.fail
local CONTENT, OWNER, LIST = mutable.CONTENT, mutable.OWNER, mutable.LIST
local content_of, is_list, touch = mutable.content_of, mutable.is_list, mutable.touch
local prepare, statics, new_class = mutable.prepare, mutable.statics, mutable.new_class

local function check_sequence(where, content)
  local n = rawlen(content)
  for key in next, content do
    if math.type(key) ~= "integer" or key < 1 or key > n then
      fail("ArgumentError", "%s: a list without holes expected, got the key %s", where, tostring(key))
    end
  end
end

local function get_flat(_, content, key) return content[key] end

local function iterate(get)
  return function(self)
    local content = rawget(self, CONTENT)
    return function(_, key)
      key = next(content, key)
      if key ~= nil then return key, get(self, content, key) end
    end, self, nil
  end
end

local function length(self) return rawlen(rawget(self, CONTENT)) end

-- MutableDict ---------------------------------------------------------------------------------------------------------

local function set_field(self, key, value)
  local content = rawget(self, CONTENT)
  if value == nil and content[key] == nil then return end
  if type(key) ~= "string" and not mutable.takes_any_key(self) then
    fail("ArgumentError", "MutableDict: a name expected as key, got %s", native.kind(key))
  end
  value = prepare(self, value)
  touch(self)
  content[key] = value
end

local function check_dict(where, content)
  if rawget(content, 1) ~= nil then fail("ArgumentError", "%s: a table with names expected, got a list", where) end
  if getmetatable(content) == LIST then setmetatable(content, nil) end
end

local function checked_dict(what, value)
  if not content_of(value) or rawget(value, OWNER) or getmetatable(value) ~= "corm.MutableDict" then
    fail("ArgumentError", "MutableDict.%s: a MutableDict expected, got %s", what, native.kind(value))
  end
  return value
end

-- Names of a dictionary are the script's, so its methods are functions of the class.
corm.MutableDict = new_class("MutableDict", {
  kinds = { JSON = true },
  check = check_dict,
  __index = function(self, key) return rawget(self, CONTENT)[key] end,
  __newindex = set_field,
  __len = length,
  __pairs = iterate(get_flat),
}, {
  update = function(self, values)
    checked_dict("update", self)
    if type(values) ~= "table" then
      fail("ArgumentError", "MutableDict.update: a table expected, got %s", native.kind(values))
    end
    for _, key in ipairs(orm.sorted_keys(content_of(values) or values)) do set_field(self, key, values[key]) end
  end,
  setdefault = function(self, key, value)
    checked_dict("setdefault", self)
    if self[key] == nil then self[key] = value end
    return self[key]
  end,
  pop = function(self, key, otherwise)
    local value = checked_dict("pop", self)[key]
    if value == nil then return otherwise end
    self[key] = nil
    return value
  end,
  clear = function(self)
    local content = rawget(checked_dict("clear", self), CONTENT)
    touch(self)
    for key in next, content do content[key] = nil end
  end,
})

-- Lists ---------------------------------------------------------------------------------------------------------------

local function set_item(self, key, value)
  local content = rawget(self, CONTENT)
  local n = rawlen(content)
  if math.type(key) ~= "integer" or key < 1 or key > n + 1 then
    fail("ArgumentError", "a list of %d items has no place %s: append puts an item behind the last", n, tostring(key))
  end
  if value == nil and key < n then
    fail("ArgumentError", "a list cannot have a hole at %d: table.remove takes an item out, corm.null is a null", key)
  end
  if value == nil and key > n then return end
  value = prepare(self, value)
  touch(self)
  content[key] = value
end

local function position(what, given, last)
  if math.type(given) ~= "integer" or given < 1 or given > last then
    fail("ArgumentError", "MutableList:%s: a position from 1 to %d expected, got %s", what, last, tostring(given))
  end
  return given
end

local list_methods = {}

local function of_list(what, self)
  if not content_of(self) or getmetatable(self) ~= "corm.MutableList" then
    fail("ArgumentError", "MutableList:%s: a MutableList expected, got %s; methods are called with ':'", what,
      native.kind(self))
  end
  return rawget(self, CONTENT)
end

function list_methods:append(value)
  local content = of_list("append", self)
  if value == nil then fail("ArgumentError", "MutableList:append: a value expected; corm.null is a null") end
  set_item(self, #content + 1, value)
end

function list_methods:insert(at, value)
  local content = of_list("insert", self)
  position("insert", at, #content + 1)
  if value == nil then fail("ArgumentError", "MutableList:insert: a value expected; corm.null is a null") end
  value = prepare(self, value)
  touch(self)
  table.insert(content, at, value)
end

function list_methods:extend(values)
  local content = of_list("extend", self)
  if type(values) ~= "table" then
    fail("ArgumentError", "MutableList:extend: a list expected, got %s", native.kind(values))
  end
  local new = {}
  for i, value in ipairs(values) do new[i] = prepare(self, value) end
  if not new[1] and new[1] ~= false then return end
  touch(self)
  table.move(new, 1, #new, #content + 1, content)
end

function list_methods:pop(at)
  local content = of_list("pop", self)
  if #content == 0 then fail("ArgumentError", "MutableList:pop: the list is empty") end
  position("pop", at or #content, #content)
  touch(self)
  return table.remove(content, at or #content)
end

function list_methods:remove(value)
  local content = of_list("remove", self)
  for i, each in ipairs(content) do
    if each == value then
      touch(self)
      table.remove(content, i)
      return
    end
  end
  fail("ArgumentError", "MutableList:remove: %s is not in the list", tostring(value))
end

function list_methods:clear()
  local content = of_list("clear", self)
  touch(self)
  for i = #content, 1, -1 do content[i] = nil end
end

function list_methods:reverse()
  local content = of_list("reverse", self)
  touch(self)
  for i = 1, #content // 2 do content[i], content[#content - i + 1] = content[#content - i + 1], content[i] end
end

function list_methods:sort(compare)
  local content = of_list("sort", self)
  local sorted = table.move(content, 1, #content, 1, {})
  table.sort(sorted, compare)
  touch(self)
  table.move(sorted, 1, #sorted, 1, content)
end

function list_methods:contains(value)
  for _, each in ipairs(of_list("contains", self)) do
    if each == value then return true end
  end
  return false
end

function list_methods:to_table() return statics.to_table(self) end
function list_methods:changed() statics.changed(self) end

local function check_list(where, content)
  check_sequence(where, content)
  setmetatable(content, LIST)
end

corm.MutableList = new_class("MutableList", {
  kinds = { JSON = true, ARRAY = true },
  has_methods = true,
  check = check_list,
  __index = function(self, key)
    if type(key) ~= "string" then return rawget(self, CONTENT)[key] end
    return list_methods[key] or native.unknown("method", "MutableList", key, orm.sorted_keys(list_methods))
  end,
  __newindex = set_item,
  __len = length,
  __pairs = iterate(get_flat),
}, list_methods)

-- Sets ----------------------------------------------------------------------------------------------------------------

local AT = {} -- value -> its position

local set_methods = {}

local function check_member(what, value)
  local kind = type(value)
  if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
    fail("ArgumentError", "MutableSet%s: a string, number or boolean expected, got %s", what, native.kind(value))
  end
end

local function of_set(what, self)
  if not content_of(self) or getmetatable(self) ~= "corm.MutableSet" then
    fail("ArgumentError", "MutableSet:%s: a MutableSet expected, got %s; methods are called with ':'", what,
      native.kind(self))
  end
  return rawget(self, CONTENT), rawget(self, AT)
end

function set_methods:add(value)
  local content, at = of_set("add", self)
  check_member(":add", value)
  if at[value] then return end
  value = prepare(self, value)
  touch(self)
  content[#content + 1] = value
  at[value] = #content
end

function set_methods:discard(value)
  local content, at = of_set("discard", self)
  local place = value ~= nil and at[value]
  if not place then return end
  touch(self)
  table.remove(content, place)
  at[value] = nil
  for i = place, #content do at[content[i]] = i end
end

function set_methods:remove(value)
  local _, at = of_set("remove", self)
  if value == nil or not at[value] then
    fail("ArgumentError", "MutableSet:remove: %s is not in the set; discard takes what is there", tostring(value))
  end
  self:discard(value)
end

function set_methods:update(values)
  of_set("update", self)
  if type(values) ~= "table" then
    fail("ArgumentError", "MutableSet:update: a list expected, got %s", native.kind(values))
  end
  for _, value in ipairs(values) do check_member(":update", value) end
  for _, value in ipairs(values) do self:add(value) end
end

function set_methods:clear()
  local content, at = of_set("clear", self)
  touch(self)
  for i = #content, 1, -1 do
    at[content[i]], content[i] = nil, nil
  end
end

function set_methods:contains(value)
  local _, at = of_set("contains", self)
  return value ~= nil and at[value] ~= nil
end

function set_methods:to_table() return statics.to_table(self) end
function set_methods:changed() statics.changed(self) end

-- Each value once, in order of its first appearance; lists of the database may have some twice.
local function check_set(where, content)
  check_sequence(where, content)
  local seen, n = {}, 0
  for i = 1, #content do
    local value = content[i]
    check_member("", value)
    content[i] = nil
    if not seen[value] then
      n = n + 1
      seen[value], content[n] = true, value
    end
  end
  setmetatable(content, LIST)
end

corm.MutableSet = new_class("MutableSet", {
  kinds = { JSON = true, ARRAY = true },
  has_methods = true,
  check = check_set,
  made = function(value, content)
    local at = {}
    for i, each in ipairs(content) do at[each] = i end
    rawset(value, AT, at)
  end,
  __index = function(self, key)
    if type(key) ~= "string" then return rawget(self, CONTENT)[key] end
    return set_methods[key] or native.unknown("method", "MutableSet", key, orm.sorted_keys(set_methods))
  end,
  __newindex = function() return fail("ArgumentError", "a MutableSet is changed by add, discard and remove") end,
  __len = length,
  __pairs = iterate(get_flat),
}, set_methods)

-- MutableJSON ---------------------------------------------------------------------------------------------------------

-- Lists and tables with names, in each other, all of which tell.
local function set_any(self, key, value)
  local content = rawget(self, CONTENT)
  if math.type(key) == "integer" then
    if not is_list(content) and next(content) ~= nil then
      fail("ArgumentError", "a table with names cannot have a position, too (%d)", key)
    end
    return set_item(self, key, value)
  end
  if type(key) ~= "string" then
    fail("ArgumentError", "JSON has only text and positions from 1 as keys, got %s", native.kind(key))
  end
  if value == nil and content[key] == nil then return end
  if is_list(content) then fail("ArgumentError", "a list cannot have a name, too ('%s')", key) end
  value = prepare(self, value)
  touch(self)
  content[key] = value
end

corm.MutableJSON = new_class("MutableJSON", {
  kinds = { JSON = true },
  takes_all = true,
  check = function() end,
  __index = function(self, key) return mutable.nested(self, rawget(self, CONTENT), key) end,
  __newindex = set_any,
  __len = length,
  __pairs = iterate(mutable.nested),
})
