-- Synonyms: another name for an attribute, whatever it is.
local corm, load = ...
local orm = load "corm.orm"
local descriptors = load "corm.descriptor"
local native, fail = orm.native, orm.fail

function corm.synonym(name)
  if type(name) ~= "string" then
    fail("ArgumentError", "synonym: the name of an attribute expected, got %s", native.kind(name))
  end
  return orm.marker("synonym", { name = name })
end

orm.descriptor("synonym", {
  late = true,
  order = "column",
  -- Columns get the name in C, where objects are read.
  declare = function(ci, key, marker)
    if marker.name == key or not descriptors.is_attribute(ci, marker.name) then
      descriptors.unknown(ci, marker.name)
    end
    native.synonym(ci.mapper, key, marker.name)
  end,
  class = function(ci, key, marker, entity) return entity[marker.name], (native.is_attribute(ci.mapper, key)) end,
  get = function(object, marker) return object[marker.name] end,
  follows = true,
  set = function(object, marker, _, value) object[marker.name] = value end,
  assign = function(_, marker, _, value) return { { marker.name, value } } end,
  filter = function(ci, marker, _, entity, value)
    return descriptors.functions.filter_by(entity, ci.class, marker.name, value) or entity[marker.name]:eq(value)
  end,
})
