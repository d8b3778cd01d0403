-- index_property: an item of a JSON or ARRAY attribute as an attribute of its own.
local corm, load = ...
local orm = load "corm.orm"
local native, fail, field = orm.native, orm.fail, orm.field

local CONTENT = native.content_key() -- of a value that tells of its changes
local casts = { string = "as_string", integer = "as_integer", float = "as_float", boolean = "as_boolean" }

local function check_index(index)
  if type(index) == "string" or (math.type(index) == "integer" and index > 0) then return end
  fail("ArgumentError", "index_property: a name or a place from 1 on expected, got %s", native.kind(index))
end

-- What the attribute holds; nil for SQL's and JSON's null.
local function whole_of(object, name, index)
  local whole = object[name]
  if whole == nil or whole == corm.null then return nil end
  if type(whole) ~= "table" then
    fail("ArgumentError", "%s.%s: a table with an item %s expected, got %s", native.class_of(object).__name__, name,
      tostring(index), native.kind(whole))
  end
  return whole
end

local function copy_of(whole)
  local copy = {}
  for key, value in next, whole or copy do copy[key] = value end
  return setmetatable(copy, getmetatable(whole))
end

-- The same item in SQL, where positions in JSON begin at 0, and those in an ARRAY at 1.
local function item_of(whole, index)
  local _, kind = native.type_again(whole.type)
  if type(index) == "string" or kind == "ARRAY" then return whole:getitem(index) end
  return whole:getitem(index - 1)
end

-- index_property(attribute, index, { default, as }?): `default` stands for an item that is not there; `as` says what it
-- is in SQL. What is set goes into a copy, which the attribute is given; where changes inside are followed, in place.
function corm.index_property(name, index, options)
  if type(name) ~= "string" then
    fail("ArgumentError", "index_property: the name of an attribute expected, got %s", native.kind(name))
  end
  check_index(index)
  options = orm.check_options("index_property", options, { default = "any", as = "string" })
  local default, as = field(options, "default"), field(options, "as")
  if as and not casts[as] then
    fail("ArgumentError", "index_property: as: string, integer, float or boolean expected, got '%s'", as)
  end

  return corm.hybrid_property(function(object)
    local whole = whole_of(object, name, index)
    local value = whole and whole[index]
    if value == nil then return default end
    return value
  end, {
    expr = function(entity)
      local item = item_of(entity[name], index)
      return as and item[casts[as]](item) or item
    end,
    fset = function(object, value)
      local whole = whole_of(object, name, index)
      if whole and rawget(whole, CONTENT) then
        whole[index] = value
        return
      end
      local copy = copy_of(whole)
      copy[index] = value
      object[name] = copy
    end,
  })
end
