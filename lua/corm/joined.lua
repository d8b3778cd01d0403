-- Lists of rows of a class with several tables: INSERT and UPDATE by key, taken apart into the tables.
local corm, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail

local functions = {}

-- The tables of a class, the root's first, each with the keys of its columns by the names of attributes.
local function levels_of(class)
  local ci, tables = info[class], {}
  while ci do
    local own = ci.mapper and ci.fields.__table__
    if own and not rawequal(own, tables[1]) then table.insert(tables, 1, own) end
    ci = info[ci.base]
  end
  local levels = {}
  for i, each in ipairs(tables) do
    local keys, discriminator, identity, version = native.level(info[class].mapper, i)
    levels[i] = { as_table = each, keys = keys, discriminator = discriminator, identity = identity, version = version }
  end
  return levels, (select(3, native.names(info[class].mapper)))
end

-- Unknown names are refused before anything is sent.
local function check_names(class, levels, rows)
  for i, row in ipairs(rows) do
    if type(row) ~= "table" then
      fail("ArgumentError", "row %d: a table of values expected, got %s", i, native.kind(row))
    end
    for name in next, row do
      local known = false
      for _, level in ipairs(levels) do known = known or level.keys[name] ~= nil end
      if not known and type(name) == "string" then
        local nearest = native.nearest(name, (native.names(info[class].mapper)))
        fail("CompileError", "Unconsumed column names: %s (%s has no such attribute%s)", name, class.__name__,
          nearest and "; did you mean '" .. nearest .. "'?" or "")
      elseif not known then
        fail("ArgumentError", "row %d: names of attributes expected, got a key of type %s", i, native.kind(name))
      end
    end
  end
end

-- What a row says of one table, by the keys of its columns; and its names as a text, to be compared.
local function part_of(row, level)
  local part, names = {}, {}
  for name, key in next, level.keys do
    if row[name] ~= nil then
      part[key] = row[name]
      names[#names + 1] = key
    end
  end
  table.sort(names)
  return part, table.concat(names, "\0")
end

-- Calls run(rows) for those that follow each other with the same names.
local function in_groups(rows, level, run)
  local group, known
  for _, row in ipairs(rows) do
    local part, names = part_of(row, level)
    if known ~= nil and names ~= known then
      run(group)
      known = nil
    end
    if known == nil then group, known = {}, names end
    group[#group + 1] = part
  end
  if known ~= nil then run(group) end
end

local function has_key(row, primary)
  for _, name in ipairs(primary) do
    if row[name] == nil then return false end
  end
  return true
end

-- Keys that the database makes are asked for row by row.
local function insert_roots(session, rows, level, primary)
  local result
  local all = true
  for _, row in ipairs(rows) do all = all and has_key(row, primary) end
  if all then
    in_groups(rows, level, function(group) result = session:execute(corm.insert(level.as_table), group) end)
    return result
  end
  for _, row in ipairs(rows) do
    result = session:execute(corm.insert(level.as_table), (part_of(row, level)))
    local key = result.inserted_primary_key
    for i, name in ipairs(primary) do row[name] = key[i] end
  end
  return result
end

local function is_ascending(rows, name)
  for i, row in ipairs(rows) do
    local key, before = row[name], i > 1 and rows[i - 1][name]
    if math.type(key) ~= "integer" or (before and key <= before) then return false end
  end
  return true
end

-- So many rows are put into the order of the list by a CASE; of more their keys have to ascend.
local MOST_CASES = 500

local function in_given_order(class, rows, primary)
  if not primary[2] and is_ascending(rows, primary[1]) then return { class[primary[1]] } end
  if #rows > MOST_CASES then
    fail("InvalidRequestError", "insert of %s in several tables: more than %d rows are returned in the order of the "
      .. "list where their keys ascend only", class.__name__, MOST_CASES)
  end
  local whens = {}
  for i, row in ipairs(rows) do
    local parts = {}
    for k, name in ipairs(primary) do parts[k] = class[name]:eq(row[name]) end
    whens[i] = { corm.and_(table.unpack(parts)), i }
  end
  return { corm.case(table.unpack(whens)) }
end

local function key_columns(class, primary)
  local columns = {}
  for k, name in ipairs(primary) do columns[k] = class[name] end
  return columns
end

-- The condition that a row of the class is one of these, by its key.
local function is_among(class, rows, primary)
  local columns, keys = key_columns(class, primary), {}
  for i, row in ipairs(rows) do
    keys[i] = {}
    for k, name in ipairs(primary) do keys[i][k] = row[name] end
    if #primary == 1 then keys[i] = keys[i][1] end
  end
  return (#primary == 1 and columns[1] or corm.tuple_(table.unpack(columns))):in_(keys)
end

-- What RETURNING was to give, by the keys: one statement that all databases have.
local function select_returned(session, class, statement, rows, primary, order)
  order = order or key_columns(class, primary)
  return session:execute(statement:where(is_among(class, rows, primary)):order_by(table.unpack(order)))
end

-- `returned`: the select of what the INSERT returns, or nil; `sorted`: in the order of the list; `own`: the INSERT into
-- the class's own table, where the statement had values.
function functions.insert_joined(session, class, given, returned, sorted, own)
  local levels, primary = levels_of(class)
  check_names(class, levels, given)
  local rows, first = {}, levels[1]
  for i, row in ipairs(given) do
    rows[i] = {}
    for name, value in next, row do rows[i][name] = value end
    if first.discriminator and rows[i][first.discriminator] == nil then
      rows[i][first.discriminator] = first.identity
    end
    if first.version and rows[i][first.version] == nil then rows[i][first.version] = 1 end
  end
  if sorted and #rows > MOST_CASES and has_key(rows[1], primary) then in_given_order(class, rows, primary) end
  local result = insert_roots(session, rows, first, primary)
  for i = 2, #levels do
    in_groups(rows, levels[i], function(group)
      result = session:execute(i == #levels and own or corm.insert(levels[i].as_table), group)
    end)
  end
  if returned then
    local order = sorted and in_given_order(class, rows, primary)
    result = select_returned(session, class, returned, rows, primary, order)
  end
  return result, #rows
end

-- The rows of one table: UPDATE t SET ... WHERE key = ?.
local function update_level(session, rows, level, primary, synchronize)
  local criteria, sets = {}, {}
  for i, name in ipairs(primary) do
    criteria[i] = level.as_table.c[level.keys[name]]:eq(corm.bindparam("corm_key_" .. i))
  end
  for _, row in ipairs(rows) do
    local set, any = {}, false
    for name, key in next, level.keys do
      if row[name] ~= nil and not orm.is_in(primary, name) then set[key], any = row[name], true end
    end
    for i, name in ipairs(primary) do set["corm_key_" .. i] = row[name] end
    if any then sets[#sets + 1] = set end
  end
  local keys = {}
  for key in next, sets[1] or {} do keys[key] = key end
  for _, set in ipairs(sets) do
    for key in next, set do keys[key] = key end
  end
  local result
  in_groups(sets, { keys = keys }, function(group)
    local statement = corm.update(level.as_table):where(corm.and_(table.unpack(criteria)))
      :execution_options { synchronize_session = synchronize and "auto" }
    result = session:execute(statement, group)
    if result.rowcount < #group then
      fail("StaleDataError", "UPDATE statement on table '%s' expected to match %d row(s); %d were matched",
        level.as_table.name, #group, result.rowcount)
    end
  end)
  return result
end

-- Rows that criteria of the statement hide are not there.
local function check_visible(session, class, rows, primary, options)
  for first = 1, #rows, 500 do
    local part, known, n = table.move(rows, first, math.min(first + 499, #rows), 1, {}), {}, 0
    for _, row in ipairs(part) do
      local text = {}
      for k, name in ipairs(primary) do text[k] = tostring(row[name]) end
      local word = table.concat(text, "\0")
      if not known[word] then n = n + 1 end
      known[word] = true
    end
    local found = session:scalar(corm.select(corm.func.count()):select_from(class)
      :where(is_among(class, part, primary)):options(table.unpack(options)))
    if found < n then
      fail("StaleDataError", "UPDATE statement on %s expected to match %d row(s); %d were matched", class.__name__, n,
        found)
    end
  end
end

-- `synchronize`: false where objects are to stay as they are. `options`: those of the statement, or nil.
function functions.update_joined(session, class, rows, synchronize, options)
  local levels, primary = levels_of(class)
  check_names(class, levels, rows)
  for i, row in ipairs(rows) do
    for _, name in ipairs(primary) do
      if row[name] == nil or rawequal(row[name], corm.null) then
        fail("InvalidRequestError", "update of %s by primary key: row %d has no value for '%s'; rows without criteria "
          .. "are found by their keys", class.__name__, i, name)
      end
    end
  end
  if options and #rows > 0 then check_visible(session, class, rows, primary, options) end
  local result
  for _, level in ipairs(levels) do result = update_level(session, rows, level, primary, synchronize) or result end
  return result, result and #rows or 0
end

orm.functions(functions)
