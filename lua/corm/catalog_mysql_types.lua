-- The types of columns in MySQL and MariaDB, out of what COLUMN_TYPE of information_schema.columns calls them.
local corm, load = ...
local types, own = load "corm.reflected_types", corm.dialects.mysql

local plain = {
  blob = corm.BLOB, date = corm.DATE, json = corm.JSON, longblob = own.LONGBLOB, mediumblob = own.MEDIUMBLOB,
  tinyblob = own.TINYBLOB, uuid = corm.UUID,
}
local integers = {
  bigint = own.BIGINT, int = own.INTEGER, mediumint = own.MEDIUMINT, smallint = own.SMALLINT, tinyint = own.TINYINT,
  year = own.YEAR,
}
local numbers = { decimal = own.DECIMAL, double = own.DOUBLE, float = own.FLOAT }
local texts = { char = own.CHAR, varchar = own.VARCHAR }
local long_texts = {
  longtext = own.LONGTEXT, mediumtext = own.MEDIUMTEXT, text = own.TEXT, tinytext = own.TINYTEXT,
}
local lengths = { binary = corm.BINARY, bit = own.BIT, varbinary = corm.VARBINARY }
local times = { datetime = own.DATETIME, time = own.TIME, timestamp = own.TIMESTAMP }
local enumerations = { enum = own.ENUM, set = own.SET }

local escapes = { ["\\n"] = "\n", ["\\r"] = "\r", ["\\0"] = "\0" }

-- 'a\\b' of an ENUM is a\b.
local function unescaped(text)
  return (string.gsub(text, "\\.", function(pair) return escapes[pair] or string.sub(pair, 2) end))
end

-- An ENUM or a SET with its values, or nothing where corm has none such: a SET's members may not be empty.
local function enumeration(type_, arguments, options)
  local values = {}
  for i, argument in ipairs(arguments) do
    values[i] = unescaped(argument)
    if type_ == own.SET and values[i] == "" then return nil end
  end
  values[#values + 1] = options
  return type_(table.unpack(values))
end

local function signed(behind, options)
  options.unsigned = string.find(behind, "unsigned", 1, true) and true or nil
  options.zerofill = string.find(behind, "zerofill", 1, true) and true or nil
  return options
end

-- "int(10) unsigned" and the character set and collation, where a column has its own ones.
local function type_of(spelled, charset, collation)
  local word, arguments, behind = types.split(spelled)
  local first, rest = string.match(word, "^(%l+) (.*)$") -- "float unsigned"
  if first then word, behind = first, rest end
  if enumerations[word] then
    local made = enumeration(enumerations[word], arguments, { charset = charset, collation = collation })
    return made or types.unknown
  end
  local one, two = math.tointeger(tonumber(arguments[1])), math.tointeger(tonumber(arguments[2]))
  if integers[word] then return integers[word](signed(behind, { display_width = one })) end
  if numbers[word] then return numbers[word](signed(behind, { precision = one, scale = two })) end
  if texts[word] then return texts[word] { length = one, charset = charset, collation = collation } end
  if long_texts[word] then return long_texts[word] { charset = charset, collation = collation } end
  if lengths[word] then return lengths[word] { length = one } end
  if times[word] then return times[word] { fsp = one } end
  return plain[word] or types.unknown
end

return type_of
