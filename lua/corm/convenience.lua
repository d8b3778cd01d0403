-- Conveniences over sessions and objects: find_or_create, pages by key, objects as plain tables, pairs(object).
local corm, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail
local null = corm.null

local function check_session(session, what)
  if native.kind(session) ~= "Session" then
    fail("ArgumentError", "%s: a Session expected, got %s; methods are called with a colon", what, native.kind(session))
  end
end

local function check_class(class, what)
  local ci = type(class) == "table" and info[class]
  if not ci or not ci.mapper then
    fail("UnmappedError", "%s: a mapped class expected, got %s", what, native.kind(class))
  end
  return ci
end

-- find_or_create ------------------------------------------------------------------------------------------------------

-- Another one has inserted the row since it was looked for. A transaction that reads from a snapshot (MariaDB) sees it
-- only where it locks.
local function find_latest(session, class, values)
  local names = select(3, native.names(orm.info[class].mapper))
  local columns = {}
  for i, name in ipairs(names) do columns[i] = class[name] end
  local statement = corm.select(table.unpack(columns)):filter_by(values):with_for_update { read = true }
  local row = session:execute(statement):first()
  if not row then return nil end
  local key = {}
  for i = 1, #columns do key[i] = row[i] end
  return session:get(class, #key == 1 and key[1] or key, { with_for_update = { read = true } })
end

-- session:find_or_create(Class, values, defaults): the object, and whether it was made.
local function find_or_create(session, class, values, defaults)
  local what = "Session:find_or_create"
  check_session(session, what)
  check_class(class, what)
  if type(values) ~= "table" or next(values) == nil then
    fail("ArgumentError", "%s: the values to look for expected, such as { name = \"x\" }, got %s", what,
      type(values) == "table" and "an empty table" or native.kind(values))
  end
  if defaults ~= nil and type(defaults) ~= "table" and type(defaults) ~= "function" then
    fail("ArgumentError", "%s: a table of values, or a function that returns one, expected for what is new, got %s",
      what, native.kind(defaults))
  end
  local statement = corm.select(class):filter_by(values):limit(2)
  local found = session:scalars(statement):one_or_none()
  if found then return found, false end
  local fields = {}
  if type(defaults) == "function" then defaults = defaults() end
  for key, value in next, defaults or {} do fields[key] = value end
  for key, value in next, values do fields[key] = value end
  local object = class(fields)
  local nested = session:begin_nested()
  local ok, err = pcall(function()
    session:add(object)
    session:flush()
  end)
  if ok then
    nested:commit()
    return object, true
  end
  nested:rollback()
  if corm.is_error(err, "IntegrityError") then
    found = session:scalars(statement):one_or_none() or find_latest(session, class, values)
    if found then return found, false end
  end
  return error(err, 0)
end

-- Pages by key --------------------------------------------------------------------------------------------------------

-- Checks "name" or "-name".
local function read_order(ci, what, order_by)
  local columns, _, keys = native.names(ci.mapper)
  local known, order, seen = {}, {}, {}
  for _, name in ipairs(columns) do known[name] = true end
  local function add(name, descending)
    if not known[name] then native.unknown("column", ci.name, name, columns) end
    if seen[name] then return end
    seen[name] = true
    order[#order + 1] = { name = name, descending = descending, nullable = native.nullable(ci.mapper, name) }
  end
  if type(order_by) == "string" then order_by = { order_by } end
  if order_by ~= nil and type(order_by) ~= "table" then
    fail("ArgumentError", "%s: order_by: names of columns expected, got %s", what, native.kind(order_by))
  end
  for i, name in ipairs(order_by or {}) do
    if type(name) ~= "string" then
      fail("ArgumentError", "%s: order_by: item %d must be the name of a column, with - before it where it descends, "
        .. "got %s", what, i, native.kind(name))
    end
    local minus, own = string.match(name, "^(%-?)(.*)$")
    add(own, minus == "-")
  end
  for _, name in ipairs(keys) do add(name, false) end
  return order
end

-- NULLs come last, in both directions.
local function apply_order(statement, entity, order)
  statement = statement:order_by(nil)
  for _, by in ipairs(order) do
    local column = entity[by.name]
    if by.nullable then statement = statement:order_by(column:is_(nil)) end
    statement = statement:order_by(by.descending and column:desc() or column)
  end
  return statement
end

local function is_null(value)
  return value == nil or value == null
end

-- What stands behind the value in one column; nil: nothing does.
local function beyond(column, by, value)
  if is_null(value) then return nil end
  local condition
  if type(value) ~= "boolean" then
    condition = by.descending and column:lt(value) or column:gt(value)
  elseif value == by.descending then -- of two truths false is the first
    condition = column:eq(not value)
  end
  if not by.nullable then return condition end
  return condition and corm.or_(condition, column:is_(nil)) or column:is_(nil)
end

-- The rows behind a cursor: equal in the first columns, and beyond it in the next one.
local function after_cursor(entity, order, cursor, what)
  if type(cursor) ~= "table" then
    fail("ArgumentError", "%s: after: what `next` of a page said expected, got %s", what, native.kind(cursor))
  end
  local same, any = {}, {}
  for _, by in ipairs(order) do
    local column, value = entity[by.name], cursor[by.name]
    if value == nil then
      fail("ArgumentError", "%s: after: the cursor has no '%s'; it belongs to another order", what, by.name)
    end
    local further = beyond(column, by, value)
    if further then
      local all = { table.unpack(same) }
      all[#all + 1] = further
      any[#any + 1] = corm.and_(table.unpack(all))
    end
    same[#same + 1] = is_null(value) and column:is_(nil) or column:eq(value)
  end
  return corm.or_(table.unpack(any))
end

-- The statement, its entity and the entity's class.
local function read_statement(statement, what)
  if type(statement) == "table" and info[statement] and info[statement].mapper then
    return corm.select(statement), statement, info[statement]
  end
  if native.kind(statement) == "Query" then statement = statement.statement end
  if native.kind(statement) ~= "statement" then
    fail("ArgumentError", "%s: a mapped class or a select of one expected, got %s", what, native.kind(statement))
  end
  local kind, classes, as_it_is = native.describe_statement(statement)
  if kind ~= "select" or not classes[1] or as_it_is then
    fail("ArgumentError", "%s: a select of one mapped class expected, and no union or other statement", what)
  end
  local described = statement.column_descriptions
  local class = described[1] and described[1].entity
  if #described ~= 1 or not class or described[1].aliased or native.entity_of(described[1].expr) then
    fail("ArgumentError", "%s: a select of one mapped class expected, without aliases and other columns", what)
  end
  return statement, class, info[class]
end

local page_options = { order_by = "any", limit = "number", after = "any" }

local function check_count(what, name, value)
  if math.type(value) ~= "integer" or value < 1 then
    fail("ArgumentError", "%s: %s must be an integer above 0, got %s", what, name, tostring(value))
  end
end

local function read_page(session, statement, entity, order, limit, cursor, what)
  if cursor ~= nil then statement = statement:where(after_cursor(entity, order, cursor, what)) end
  local page = session:scalars(statement:limit(limit + 1)):all()
  if #page <= limit then return page end
  page[limit + 1] = nil
  local last = page[limit]
  page.next = {}
  for _, by in ipairs(order) do
    local value = last[by.name]
    page.next[by.name] = value == nil and null or value
  end
  return page
end

-- session:paginate(statement, { order_by, limit, after }): a sequence of objects; `next` in it leads to the next page.
local function paginate(session, statement, options)
  local what = "Session:paginate"
  check_session(session, what)
  options = orm.check_options(what, options, page_options)
  local limit = options.limit or 50
  check_count(what, "limit", limit)
  local own, entity, ci = read_statement(statement, what)
  local order = read_order(ci, what, options.order_by)
  return read_page(session, apply_order(own, entity, order), entity, order, limit, options.after, what)
end

-- for batch in session:in_batches(statement, { size, order_by }) do
local function in_batches(session, statement, options)
  local what = "Session:in_batches"
  check_session(session, what)
  options = orm.check_options(what, options, { size = "number", order_by = "any" })
  local size = options.size or 1000
  check_count(what, "size", size)
  local own, entity, ci = read_statement(statement, what)
  local order = read_order(ci, what, options.order_by)
  local cursor, over
  own = apply_order(own, entity, order)
  return function()
    if over then return nil end
    local page = read_page(session, own, entity, order, size, cursor, what)
    cursor = page.next
    over = cursor == nil
    page.next = nil
    if #page > 0 then return page end
  end
end

-- Objects as tables ---------------------------------------------------------------------------------------------------

local table_options = {
  only = "table", except = "table", include = "table", depth = "number", null = "any", raw = "boolean",
}
local deepest = 100

local function name_set(names, known, ci)
  if not names then return nil end
  local set = {}
  for _, name in ipairs(names) do
    if type(name) ~= "string" or not known[name] then
      native.unknown("attribute", ci.name, tostring(name), orm.sorted_keys(known))
    end
    set[name] = true
  end
  return set
end

-- Numbers, strings, booleans and tables are what an encoder takes; dates, decimals and their like become text.
local function plain(value, options)
  if value == nil then return options.null end
  -- A copy: the object's own may be changed in place
  if type(value) == "table" then return load "corm.mutable".plain(value) end
  if options.raw or type(value) ~= "userdata" or value == null then return value end
  return tostring(value)
end

local to_table

-- What is told of the objects of a relationship: `include` says it by name; else `depth`, for what is loaded.
local function options_below(options, name)
  local own = options.include and options.include[name]
  if own == true then own = {} end
  if own then
    return { only = own.only, except = own.except, include = own.include, depth = own.depth, null = options.null,
      raw = options.raw }
  end
  if (options.depth or 0) < 1 then return nil end
  return { depth = options.depth - 1, null = options.null, raw = options.raw }
end

local function related(object, name, options, path)
  local loaded, value = native.peek(object, name)
  if not loaded then
    if not (options.include and options.include[name]) then return nil end
    value = object[name]
  end
  local below = options_below(options, name)
  if value == nil then return options.null end
  if native.class_of(value) then
    if path[value] then return nil end
    return to_table(value, below, path)
  end
  local list = {}
  for item in value do -- whatever the collection is
    if not path[item] then list[#list + 1] = to_table(item, below, path) end
  end
  return list
end

-- An object that the way here has passed already is left out, so that nothing turns in circles.
function to_table(object, options, path)
  local class = native.class_of(object)
  local ci = info[class]
  local columns, relations = native.names(orm.info[class].mapper)
  local known, result = {}, {}
  for _, name in ipairs(columns) do known[name] = true end
  for _, name in ipairs(relations) do known[name] = true end
  local only, except = name_set(options.only, known, ci), name_set(options.except, known, ci)
  for name, own in next, options.include or {} do
    local is_relation = false
    for _, relation in ipairs(relations) do is_relation = is_relation or relation == name end
    if not is_relation then native.unknown("relationship", ci.name, tostring(name), relations) end
    if own ~= true then
      orm.check_options("to_table: include." .. name, own, table_options)
    end
  end
  local function wanted(name)
    return (not only or only[name]) and not (except and except[name])
  end
  path[object] = true
  for _, name in ipairs(columns) do
    if wanted(name) then result[name] = plain(object[name], options) end
  end
  for _, name in ipairs(relations) do
    local included = options.include and options.include[name]
    if included or ((options.depth or 0) > 0 and wanted(name)) then
      result[name] = related(object, name, options, path)
    end
  end
  path[object] = nil
  return result
end

-- object:to_table { only, except, include, depth, null, raw }
local function object_to_table(object, options)
  if not native.class_of(object) then
    fail("UnmappedError", "to_table: an object of a mapped class expected, got %s", native.kind(object))
  end
  options = orm.check_options("to_table", options, table_options)
  local depth = options.depth or 0
  if math.type(depth) ~= "integer" or depth < 0 or depth > deepest then
    fail("ArgumentError", "to_table: depth must be an integer from 0 to %d, got %s", deepest, tostring(depth))
  end
  info[native.class_of(object)].registry:configure()
  return to_table(object, options, {})
end

-- pairs(object): all columns in mapped order, then the relationships that are loaded.
local function object_pairs(object)
  local class = native.class_of(object)
  info[class].registry:configure()
  local keys, relations = native.names(orm.info[class].mapper)
  for _, name in ipairs(relations) do
    if native.peek(object, name) then keys[#keys + 1] = name end
  end
  local i = 0
  return function()
    i = i + 1
    local key = keys[i]
    if key then return key, object[key] end
  end
end

orm.functions { object_pairs = object_pairs }
return {
  find_or_create = find_or_create, paginate = paginate, in_batches = in_batches, to_table = object_to_table,
}
