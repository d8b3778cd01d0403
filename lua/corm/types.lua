-- Types that are TypeDecorators of corm's own: PickleType, Enum of a Lua table, MySQL's SET, and SQLite's dates in a
-- format of one's own.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail
local TypeDecorator, null, timedelta = corm.TypeDecorator, corm.null, corm.timedelta
local new_date, new_time, new_datetime = corm.date, corm.time, corm.datetime
local pack, unpack = string.pack, string.unpack

-- Lua values as bytes -------------------------------------------------------------------------------------------------

-- One letter says what follows. Reading makes values and calls nothing, so that bytes of a stranger can do no harm.
local HEAD = "corm1"
local LIST = getmetatable(corm.array {})
local MAX_DEPTH = 100

local values = { date = new_date, time = new_time, datetime = new_datetime, decimal = corm.decimal,
  uuid = corm.uuid }

local write

local function write_table(out, value, depth)
  if depth > MAX_DEPTH then
    fail("DataError", "PickleType: the table is nested more than %d deep, or holds itself", MAX_DEPTH)
  end
  if getmetatable(value) and getmetatable(value) ~= LIST then
    fail("DataError", "PickleType: a table with a metatable cannot be stored; store its fields")
  end
  out[#out + 1] = "t"
  local n = 0
  while rawget(value, n + 1) ~= nil do
    n = n + 1
    write(out, rawget(value, n), depth + 1)
  end
  out[#out + 1] = "k"
  -- Keys in one order, so that equal tables are equal bytes.
  local keys = {}
  for key in next, value do
    if not (math.type(key) == "integer" and key >= 1 and key <= n) then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b)
    local x, y = type(a), type(b)
    if x ~= y then return x < y end
    if x == "number" or x == "string" then return a < b end
    return tostring(a) < tostring(b)
  end)
  for _, key in ipairs(keys) do
    write(out, key, depth + 1)
    write(out, rawget(value, key), depth + 1)
  end
  out[#out + 1] = "e"
end

function write(out, value, depth)
  local kind = type(value)
  if value == null then
    out[#out + 1] = "0"
  elseif kind == "boolean" then
    out[#out + 1] = value and "T" or "F"
  elseif math.type(value) == "integer" then
    out[#out + 1] = pack("<c1i8", "i", value)
  elseif kind == "number" then
    out[#out + 1] = pack("<c1d", "n", value)
  elseif kind == "string" then
    out[#out + 1] = pack("<c1s4", "s", value)
  elseif kind == "table" then
    write_table(out, value, depth)
  elseif native.kind(value) == "timedelta" then
    out[#out + 1] = pack("<c1i8i8i8", "d", value.days, value.seconds, value.microseconds)
  elseif values[native.kind(value)] then
    out[#out + 1] = pack("<c1s4s4", "v", native.kind(value), tostring(value))
  else
    fail("DataError", "PickleType: a %s cannot be stored", native.kind(value))
  end
end

local read

local function read_table(bytes, at, depth)
  local result, n = {}, 0
  if depth > MAX_DEPTH then error "nested too deeply" end
  while string.sub(bytes, at, at) ~= "k" do
    n = n + 1
    result[n], at = read(bytes, at, depth + 1)
  end
  at = at + 1
  while string.sub(bytes, at, at) ~= "e" do
    local key
    key, at = read(bytes, at, depth + 1)
    result[key], at = read(bytes, at, depth + 1)
  end
  return result, at + 1
end

function read(bytes, at, depth)
  local tag = string.sub(bytes, at, at)
  at = at + 1
  if tag == "0" then return null, at end
  if tag == "T" or tag == "F" then return tag == "T", at end
  if tag == "i" then return unpack("<i8", bytes, at) end
  if tag == "n" then return unpack("<d", bytes, at) end
  if tag == "s" then return unpack("<s4", bytes, at) end
  if tag == "t" then return read_table(bytes, at, depth) end
  if tag == "d" then
    local days, seconds, microseconds, after = unpack("<i8i8i8", bytes, at)
    return timedelta { days = days, seconds = seconds, microseconds = microseconds }, after
  end
  if tag == "v" then
    local name, text, after = unpack("<s4s4", bytes, at)
    return values[name](text), after
  end
  error "no such tag"
end

local types = {}

-- What PickleType (contents.lua) stores of a value, and makes of what is stored.
function types.pickle(_, value)
  if value == nil then return nil end
  local out = { HEAD }
  write(out, value, 1)
  return table.concat(out)
end

function types.unpickle(_, bytes)
  if bytes == nil then return nil end
  local ok, value, after = pcall(read, bytes, #HEAD + 1, 1)
  if not ok or string.sub(bytes, 1, #HEAD) ~= HEAD or after ~= #bytes + 1 then
    fail("DataError", "PickleType: the stored bytes are none that it has written")
  end
  return value
end

-- Enum of a table: its names are stored, its values are those of the script -------------------------------------------

local function enum_of(Enum, members, options)
  if members[1] ~= nil then
    local list = table.move(members, 1, #members, 1, {})
    list[#list + 1] = options
    return Enum(table.unpack(list))
  end
  local names, name_of = {}, {}
  for name, value in next, members do
    if type(name) ~= "string" then
      fail("ArgumentError", "Enum: the names of a table's members are strings, got %s", native.kind(name))
    end
    if value ~= value then fail("ArgumentError", "Enum: the value of '%s' is not a number", name) end
    if name_of[value] ~= nil then
      fail("ArgumentError", "Enum: '%s' and '%s' have one value", name_of[value], name)
    end
    names[#names + 1], name_of[value] = name, name
  end
  table.sort(names)
  names[#names + 1] = options
  return TypeDecorator {
    impl = Enum(table.unpack(names)),
    cache_ok = true,
    process_bind_param = function(_, value)
      if value == nil then return nil end
      local name = name_of[value]
      if name == nil and type(value) == "string" and members[value] ~= nil then name = value end
      if name == nil then fail("DataError", "Enum: %s is not among the members of the table", tostring(value)) end
      return name
    end,
    process_result_value = function(_, name)
      if name == nil then return nil end
      return members[name]
    end,
  }
end

-- MySQL's SET: a sequence of its members ------------------------------------------------------------------------------

local set = {
  cache_ok = true,
  process_bind_param = function(self, value)
    if type(value) ~= "table" then return value end
    local has, chosen = {}, {}
    for _, member in ipairs(self.members) do has[member] = true end
    for i = 1, #value do
      if not has[value[i]] then
        fail("DataError", "SET: %s is not among its members", native.kind(value[i]) == "string"
          and string.format("'%s'", value[i]) or native.kind(value[i]))
      end
      chosen[i] = value[i]
    end
    return table.concat(chosen, ",")
  end,
  process_result_value = function(_, text)
    if text == nil then return nil end
    local result = {}
    for member in string.gmatch(text, "[^,]+") do result[#result + 1] = member end
    return result
  end,
}

function types.SET(...)
  local members = { ... }
  if type(members[#members]) == "table" then members[#members] = nil end
  for _, member in ipairs(members) do
    if type(member) == "string" and (member == "" or string.find(member, ",", 1, true)) then
      fail("ArgumentError", "SET: a member is not empty and has no comma")
    end
  end
  local definition = { impl = orm.types._SET(...), members = members }
  for name, value in next, set do definition[name] = value end
  return TypeDecorator(definition)
end

-- SQLite's dates in another format ------------------------------------------------------------------------------------

local parts = { "year", "month", "day", "hour", "minute", "second", "microsecond" }
local zero = { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, microsecond = 0 }

-- "%(year)04d-%(month)02d" as Python's, which is string.format with names.
local function formatted(format, fields)
  local text = string.gsub(format, "%%%((%w+)%)([%d]*d)", function(name, form)
    local value = fields[name]
    if not value then fail("ArgumentError", "storage_format: there is no part '%s'", name) end
    return string.format("%" .. form, value)
  end)
  return (string.gsub(text, "%%%%", "%%"))
end

-- The pattern that reads what the format wrote: digits where its parts are, in its order.
local function reading(format)
  local order = {}
  local pattern = string.gsub(format, "%%%((%w+)%)([%d]*)d", function(name, width)
    order[#order + 1] = name
    return string.format("\1%s\2", width)
  end)
  pattern = string.gsub(pattern, "%%%%", "%%")
  pattern = string.gsub(pattern, "[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0")
  pattern = string.gsub(pattern, "\1(%d*)\2", function(width)
    local n = tonumber(width)
    return n and n > 0 and "(" .. string.rep("%d", n) .. ")" or "(%d+)"
  end)
  return "^" .. pattern .. "$", order
end

local function fields_of(kind, value)
  local text = tostring(value)
  local year, month, day = string.match(text, "^(%d+)%-(%d+)%-(%d+)")
  local hour, minute, second = string.match(text, "(%d+):(%d+):(%d+)")
  local fraction = string.match(text, "%.(%d+)$")
  local fields = {}
  for name in next, zero do fields[name] = 0 end
  fields.year, fields.month, fields.day = tonumber(year) or 0, tonumber(month) or 0, tonumber(day) or 0
  fields.hour, fields.minute, fields.second = tonumber(hour) or 0, tonumber(minute) or 0, tonumber(second) or 0
  fields.microsecond = fraction and tonumber(string.sub(fraction .. "000000", 1, 6)) or 0
  if kind == "date" then fields.hour, fields.minute, fields.second, fields.microsecond = nil, nil, nil, nil end
  if kind == "time" then fields.year, fields.month, fields.day = nil, nil, nil end
  return fields
end

local function number(fields, first, last)
  local list = {}
  for i = first, last do list[#list + 1] = fields[parts[i]] end
  return table.unpack(list)
end

local kinds = {
  DATE = { "date", new_date, function(fields) return new_date(number(fields, 1, 3)) end },
  TIME = { "time", new_time, function(fields) return new_time(number(fields, 4, 7)) end },
  DATETIME = { "datetime", new_datetime, function(fields) return new_datetime(number(fields, 1, 7)) end },
}

-- What holds text; what is digits alone needs a name by which SQLite does not make a number of it.
for name, kind in next, kinds do
  kind.text, kind.digits = orm.types["_" .. name], orm.types["_" .. name .. "_CHAR"]
end

-- sqlite.DATE { storage_format = "%(year)04d/%(month)02d/%(day)02d", regexp = a pattern of Lua's }
local function sqlite_type(name, _, options)
  local what, make, from = table.unpack(kinds[name])
  options = orm.check_options(name, options, { storage_format = "string", regexp = "string" })
  local format = options.storage_format
  if not format then fail("ArgumentError", "%s: storage_format expected", name) end
  local pattern, order = reading(format)
  return TypeDecorator {
    impl = string.find(formatted(format, zero), "%D") and kinds[name].text or kinds[name].digits,
    cache_ok = true,
    process_bind_param = function(_, value)
      if value == nil then return nil end
      return formatted(format, fields_of(what, type(value) == "string" and make(value) or value))
    end,
    process_result_value = function(_, text)
      if text == nil then return nil end
      local found, fields = { string.match(text, options.regexp or pattern) }, {}
      if #found == 0 then fail("DataError", "the stored text '%s' is no %s of this format", text, what) end
      for _, part in ipairs(parts) do fields[part] = 0 end
      for i, part in ipairs(order) do fields[part] = math.tointeger(tonumber(found[i])) or 0 end
      return from(fields)
    end,
  }
end

orm.functions { enum_of = enum_of, sqlite_type = sqlite_type }
return types
