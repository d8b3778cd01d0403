-- Looking objects of a large dictionary up by keys that a function says. Its index holds no object; it has each by what
-- the function said last, and the core tells which of them have been written since (src/orm/keyed.h). A function that
-- looks at more than its object's own attributes has no index: what else it saw may change unseen.
local _, load = ...
local orm = load "corm.orm"
local native = orm.native

local keyed = {}

local INDEX = {} -- of a view
local REST = 100 -- so many searches are walks when the function has looked elsewhere
local PATIENCE = 4 -- so often all objects are asked in one search: the function changes what it looks at
local weak = { __mode = "v" }

local function empty(index)
  index.objects, index.many = setmetatable({}, weak), {}
end

-- False when what was said may change unseen.
local function enter(index, raw, key_of, object)
  local key, own = native.own_key(key_of, object)
  if not own then key, own = native.own_key(key_of, object) end -- what had to be loaded is there now
  if not own then return false end
  local place = native.key_place(key)
  if place == nil then return true end
  local there = index.objects[place]
  if there and not rawequal(there, object) and raw:contains(there) and native.key_place(key_of(there)) == place then
    index.many[place] = true
  end
  index.objects[place] = object
  return true
end

-- Enters all that is new; false when there can be no index now.
local function settle(index, raw, key_of)
  local left = PATIENCE * #raw
  while true do
    local news = native.keyed_news(raw, not index.whole)
    if news == true then return true end
    index.whole = false -- if the function fails
    if news == nil then return false end
    local objects = { news or nil }
    if not news then
      empty(index)
      for object in raw do objects[#objects + 1] = object end
    end
    left = left - #objects
    if left < 0 then return false end
    for _, object in ipairs(objects) do
      if not enter(index, raw, key_of, object) then
        index.rest = REST
        return false
      end
    end
    index.whole = true
  end
end

-- The last of some objects with one key.
local function last(index, raw, key_of, key, place)
  local found, count = nil, 0
  for object in raw do
    if key_of(object) == key then found, count = object, count + 1 end
  end
  if count == 1 then index.objects[place], index.many[place] = found, nil end
  return found
end

-- The object with the key, or nil, and true; nothing when all have to be asked.
function keyed.find(view, raw, key_of, key)
  local place = native.key_place(key)
  if place == nil then return nil end
  local index = rawget(view, INDEX)
  if not index then
    index = { rest = 0, whole = false }
    rawset(view, INDEX, index)
  end
  if index.rest > 0 then
    index.rest = index.rest - 1
    return nil
  end
  if not settle(index, raw, key_of) then return nil end
  if index.many[place] then return last(index, raw, key_of, key, place), true end
  local object = index.objects[place]
  if object and raw:contains(object) and key_of(object) == key then return object, true end
  return nil, true
end

return keyed
