-- The older names of bulk statements: session:bulk_insert_mappings, bulk_update_mappings, bulk_save_objects.
local corm, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail

local function check(session, what, class, list)
  if native.kind(session) ~= "Session" then
    fail("ArgumentError", "%s: Session expected, got %s", what, native.kind(session))
  end
  if type(class) ~= "table" or not info[class] or not info[class].mapper then
    fail("ArgumentError", "%s: a mapped class expected, got %s", what, native.kind(class))
  end
  if type(list) ~= "table" or native.class_of(list) then
    fail("ArgumentError", "%s: a list of tables expected, got %s", what, native.kind(list))
  end
end

-- session:bulk_insert_mappings(Class, { { name = value }, ... })
local function bulk_insert_mappings(session, class, list)
  check(session, "Session:bulk_insert_mappings", class, list)
  if #list > 0 then session:execute(corm.insert(class), list) end
end

-- session:bulk_update_mappings(Class, { { id = key, name = value }, ... })
local function bulk_update_mappings(session, class, list)
  check(session, "Session:bulk_update_mappings", class, list)
  if #list > 0 then session:execute(corm.update(class), list) end
end

-- What an object's row gets: all that was assigned, or the key and what has changed.
local function mapping(class, object, changed_only)
  local columns, _, primary = native.names(orm.info[class].mapper)
  local unloaded, row, changes = native.unloaded(object), {}, 0
  local computed = native.expressions(orm.info[class].mapper)
  for _, name in ipairs(columns) do
    local wanted = not computed[name] and not orm.is_in(unloaded, name)
    if wanted and changed_only then
      wanted = corm.inspect(object).attrs[name].history.has_changes
      changes = changes + (wanted and 1 or 0)
      wanted = wanted or orm.is_in(primary, name)
    end
    if wanted then
      local value = object[name]
      if value == nil then value = corm.null end
      row[name] = value
    end
  end
  return (not changed_only or changes > 0) and row or nil
end

-- session:bulk_save_objects { objects }: rows of new objects are inserted, changed ones of others updated. The objects
-- are only read: new ones stay new, without keys.
local function bulk_save_objects(session, objects)
  local what = "Session:bulk_save_objects"
  if native.kind(session) ~= "Session" then
    fail("ArgumentError", "%s: Session expected, got %s", what, native.kind(session))
  end
  if type(objects) ~= "table" then
    fail("ArgumentError", "%s: a list of objects expected, got %s", what, native.kind(objects))
  end
  local runs = {}
  for i, object in ipairs(objects) do
    local class = native.class_of(object)
    if not class then
      fail("ArgumentError", "%s: item %d: an object expected, got %s", what, i, native.kind(object))
    end
    local is_new = native.identity(object) == nil
    local row, run = mapping(class, object, not is_new), runs[#runs]
    if row and not (run and run.class == class and run.is_new == is_new) then
      run = { class = class, is_new = is_new, rows = {} }
      runs[#runs + 1] = run
    end
    if row then run.rows[#run.rows + 1] = row end
  end
  for _, run in ipairs(runs) do
    session:execute((run.is_new and corm.insert or corm.update)(run.class), run.rows)
  end
end

return {
  bulk_insert_mappings = bulk_insert_mappings,
  bulk_update_mappings = bulk_update_mappings,
  bulk_save_objects = bulk_save_objects,
}
