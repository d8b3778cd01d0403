-- Random values of every type, each in four forms: what a script gives (`value`), the text that both the database's own
-- shell and corm must show for it (`text`), and the literal that the shell writes (`literal`). Texts are made from the
-- parts of which the value was made, never by corm.
local corm = require "corm"
local json = require "dkjson"

local random = math.random

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function quote(text)
  return "'" .. text:gsub("'", "''") .. "'"
end

local function bytes(n)
  local list = {}
  for i = 1, n do list[i] = string.char(random(0, 255)) end
  return table.concat(list)
end

-- Characters of all lengths, and those that quoting could trip over.
local awkward = {
  "'", '"', "\\", "%", "\n", "\r", "\t", "{", "}", ",", "\u{301}", "\u{1F600}", "\u{10FFFF}", "$", "\u{7F}",
}

local function text(most)
  local list = {}
  for i = 1, random(0, most) do
    local kind = random(6)
    if kind == 1 then
      list[i] = awkward[random(#awkward)]
    elseif kind == 2 then
      list[i] = utf8.char(random(0xE000, 0x10FFFF))
    elseif kind == 3 then
      list[i] = utf8.char(random(0x80, 0xD7FF))
    else
      list[i] = string.char(random(1, 0x7F))
    end
  end
  return table.concat(list)
end

-- All sizes are as likely as the others.
local function integer(bits)
  local size = random(0, bits - 1)
  local value = size == 0 and 0 or random(0) >> (64 - size)
  return random(2) == 1 and value or ~value
end

local function digits(n)
  local list = {}
  for i = 1, n do list[i] = random(0, 9) end
  return table.concat(list)
end

local function decimal(before, after)
  local whole = digits(random(1, before)):gsub("^0+(%d)", "%1")
  local number = after > 0 and whole .. "." .. digits(after) or whole
  local zero = not number:match "[1-9]"
  return random(2) == 1 and not zero and "-" .. number or number
end

-- Dates, by the algorithms of https://howardhinnant.github.io/date_algorithms.html.
local function civil(days)
  local z = days + 719468
  local era = z // 146097
  local doe = z - era * 146097
  local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
  local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
  local mp = (5 * doy + 2) // 153
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - (153 * mp + 2) // 5 + 1
end

local first_day, last_day = -719162, 2932896 -- 0001-01-01, 9999-12-31
local day_usec = 86400 * 1000000

local function day_text(days)
  return ("%04d-%02d-%02d"):format(civil(days))
end

local function clock_text(usec)
  local seconds = usec // 1000000
  return ("%02d:%02d:%02d.%06d"):format(seconds // 3600, seconds // 60 % 60, seconds % 60, usec % 1000000)
end

-- Microseconds since 1970 as text with all digits.
local function moment_text(usec)
  return day_text(usec // day_usec) .. " " .. clock_text(usec % day_usec)
end

-- Mostly this century, and the ends of the calendar.
local function any_day()
  local kind = random(10)
  if kind == 1 then return first_day + random(0, 400) end
  if kind == 2 then return last_day - random(0, 400) end
  if kind <= 5 then return random(first_day, last_day) end
  return random(0, 36524)
end

local function any_usec()
  local usec = random(0, day_usec - 1)
  return random(3) == 1 and usec // 1000000 * 1000000 or usec
end

-- MariaDB takes no UUIDs that RFC 4122 does not know.
local function any_uuid(known)
  local h = hex(bytes(16))
  if known then h = h:sub(1, 12) .. "4" .. h:sub(14, 16) .. "a" .. h:sub(18) end
  return h:gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)", "%1-%2-%3-%4-"), h
end

-- What corm gives, as text with all digits.
local function time_shown(value)
  local shown = tostring(value)
  return shown:match "%.%d+$" and shown or shown .. ".000000"
end

local function double_literal(value)
  return ("%.17g"):format(value)
end

local function any_double(infinite)
  local value
  repeat
    if random(4) == 1 then
      value = random(-1000000, 1000000) / 2 ^ random(0, 20)
    else
      value = string.unpack("<d", bytes(8))
    end
  until value == value and (infinite or math.abs(value) ~= math.huge) and value ~= 0
  return value
end

local function double_hex(value)
  return hex(string.pack(">d", value))
end

local moods = { "sad", "so-so", "it's", 'he said "hi"', "größte", "\u{1F600}", "back\\slash" }

local function document(depth)
  local kind = random(depth > 0 and 7 or 5)
  if kind == 1 then return random(-2 ^ 40 // 1, 2 ^ 40 // 1) end
  if kind == 2 then return random(2) == 1 end
  if kind == 3 then return text(12) end
  if kind == 4 then return random(-1000, 1000) / 8 end
  if kind == 5 then return corm.null end
  local list = {}
  if kind == 6 then
    for i = 1, random(0, 4) do list[i] = document(depth - 1) end
    return corm.array(list)
  end
  for _ = 1, random(1, 4) do
    local key = text(6)
    if key ~= "n" then list[key] = document(depth - 1) end -- dkjson takes a number called n for the length of a list
  end
  if not next(list) then list.key = true end
  return list
end

-- One text for two documents that are the same, whoever parsed them.
local function canonical(value)
  if value == corm.null or value == json.null then return "null" end
  if type(value) == "number" then return ("%.17g"):format(value) end
  if type(value) ~= "table" then return type(value) .. ":" .. tostring(value) end
  local meta = getmetatable(value)
  local is_list = #value > 0 or (meta and (meta.__jsontype == "array" or meta.__name == "corm.array"))
  local parts = {}
  if is_list then
    for i, item in ipairs(value) do parts[i] = canonical(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, item in pairs(value) do parts[#parts + 1] = hex(key) .. "=" .. canonical(item) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

local function parsed(source)
  local value, _, problem = json.decode(source, 1, json.null)
  assert(not problem, problem)
  return canonical(value)
end

-- Spelling, by database ---------------------------------------------------------------------------------------------

local sql = { sqlite = {}, postgresql = {}, mariadb = {} }

function sql.sqlite.text(value) return ("CAST(X'%s' AS TEXT)"):format(hex(value)) end
function sql.postgresql.text(value) return ("convert_from('\\x%s'::bytea, 'UTF8')"):format(hex(value)) end
function sql.mariadb.text(value) return ("CONVERT(X'%s' USING utf8mb4)"):format(hex(value)) end

function sql.sqlite.blob(value) return ("X'%s'"):format(hex(value)) end
function sql.postgresql.blob(value) return ("'\\x%s'::bytea"):format(hex(value)) end
sql.mariadb.blob = sql.sqlite.blob

function sql.sqlite.double(value) return ("ieee754_from_blob(X'%s')"):format(double_hex(value)) end
function sql.postgresql.double(value) return quote(double_literal(value):gsub("inf", "Infinity") .. "") end
sql.mariadb.double = double_literal

sql.sqlite.show = {
  plain = "CAST(v AS TEXT)", text = "lower(hex(v))", double = "lower(hex(ieee754_to_blob(v)))",
  fixed = "printf('%.4f', v)", date = "v", time = "v", moment = "v", zoned = "v", interval = "v", uuid = "v",
  boolean = "v", json = "lower(hex(v))",
}
sql.postgresql.show = {
  plain = "v::text", text = "encode(convert_to(v::text, 'UTF8'), 'hex')", blob = "encode(v, 'hex')",
  double = "encode(float8send(v), 'hex')", fixed = "v::text", date = "v::text", time = "to_char(v, 'HH24:MI:SS.US')",
  moment = "to_char(v, 'YYYY-MM-DD HH24:MI:SS.US')",
  zoned = "to_char(v AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
  interval = "(extract(epoch from v) * 1000000)::numeric(30,0)::text", uuid = "v::text", boolean = "v::int::text",
  json = "encode(convert_to(v::text, 'UTF8'), 'hex')", array = "encode(convert_to(to_json(v)::text, 'UTF8'), 'hex')",
}
sql.mariadb.show = {
  plain = "CAST(v AS CHAR)", text = "lower(hex(v))", double = "CAST(v AS CHAR)", fixed = "CAST(v AS CHAR)",
  date = "CAST(v AS CHAR)", time = "CAST(v AS CHAR)", moment = "CAST(v AS CHAR)", zoned = "CAST(v AS CHAR)",
  interval = "CAST(v AS CHAR)", uuid = "CAST(v AS CHAR)", boolean = "CAST(v AS CHAR)", json = "lower(hex(v))",
  bits = "v + 0",
}

-- The cases -----------------------------------------------------------------------------------------------------------

-- A case: `type`, `make()` gives a sample, `show` is SQL, `shown(value)` the text of what corm read, `seen(field)` that
-- of what the shell showed (as it is unless said).
local function scalars(name, add, spell)
  local wide = name == "sqlite" and 64 or 32
  local function whole(type_name, bits)
    add(type_name, corm[type_name], "plain", tostring, function()
      local value = integer(bits)
      return { value = value, text = tostring(value), literal = tostring(value) }
    end)
  end
  whole("SmallInteger", 16)
  whole("Integer", wide)
  whole("BigInteger", 64)
  add("Boolean", corm.Boolean, "boolean", function(value) return value and "1" or "0" end, function()
    local value = random(2) == 1
    return { value = value, text = value and "1" or "0", literal = tostring(value) }
  end)
  local function double()
    local value = any_double(name == "postgresql")
    return { value = value, text = double_hex(value), literal = spell.double(value) }
  end
  local seen = name == "mariadb" and function(field) return double_hex(tonumber(field) + 0.0) end or nil
  add("Float", corm.Float, "double", double_hex, double, seen)
  add("Double", corm.Double, "double", double_hex, double, seen)
  add("Numeric(15, 4)", corm.Numeric(15, 4), "fixed", tostring, function()
    local number = decimal(11, 4)
    return { value = corm.decimal(number), text = number, literal = number }
  end)
end

local function numbers(name, add)
  if name == "sqlite" then return end
  local function trimmed(number)
    return (number:match "%." and number:gsub("0+$", ""):gsub("%.$", "") or number)
  end
  add("Numeric", corm.Numeric, "plain", function(value) return trimmed(tostring(value)) end, function()
    local number = decimal(35, random(0, 30))
    return { value = corm.decimal(number), text = trimmed(number), literal = number }
  end, trimmed)
end

local function strings(name, add, spell)
  local function characters(type_name, type, most)
    add(type_name, type, "text", hex, function()
      local value = text(most)
      return { value = value, text = hex(value), literal = spell.text(value) }
    end)
  end
  characters("String(40)", corm.String(40), 40)
  characters("Text", corm.Text, 60)
  characters("Unicode(30)", corm.Unicode(30), 30)
  characters("UnicodeText", corm.UnicodeText, 30)
  add("LargeBinary", corm.LargeBinary, name == "postgresql" and "blob" or "text", hex, function()
    local value = bytes(random(0, 60))
    return { value = value, text = hex(value), literal = spell.blob(value) }
  end)
  local function choice()
    local value = moods[random(#moods)]
    local cast = name == "postgresql" and "::mood" or ""
    return { value = value, text = hex(value), literal = spell.text(value) .. cast }
  end
  add("Enum", corm.Enum(moods[1], moods[2], moods[3], moods[4], moods[5], moods[6], moods[7], { name = "mood" }),
    "text", hex, choice)
  add("Uuid", corm.Uuid, "uuid", tostring, function()
    local dashed, plain = any_uuid(name == "mariadb")
    return { value = corm.uuid(dashed), text = dashed, literal = quote(name == "sqlite" and plain or dashed) }
  end, name == "sqlite" and function(field)
    return (field:gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)", "%1-%2-%3-%4-"))
  end or nil)
end

local function times(name, add)
  add("Date", corm.Date, "date", tostring, function()
    local shown = day_text(any_day())
    return { value = corm.date(shown), text = shown, literal = quote(shown) }
  end)
  add("Time", corm.Time, "time", time_shown, function()
    local shown = clock_text(any_usec())
    return { value = corm.time(shown), text = shown, literal = quote(shown) }
  end)
  add("DateTime", corm.DateTime, "moment", time_shown, function()
    local shown = moment_text(any_day() * day_usec + any_usec())
    return { value = corm.datetime(shown), text = shown, literal = quote(shown) }
  end)
  -- With an offset on the way in; what comes back is UTC.
  add("DateTime(timezone)", corm.DateTime { timezone = true }, "zoned", time_shown, function()
    local usec = random(first_day + 1, last_day - 1) * day_usec + any_usec()
    local minutes = random(-14 * 60, 14 * 60)
    local shown = moment_text(usec)
    local there = moment_text(usec + minutes * 60 * 1000000)
      .. ("%s%02d:%02d"):format(minutes < 0 and "-" or "+", math.abs(minutes) // 60, math.abs(minutes) % 60)
    return { value = there, text = shown, literal = quote(name == "postgresql" and there or shown) }
  end)
  local function whole(value)
    return tostring(((value.days * 86400) + value.seconds) * 1000000 + value.microseconds)
  end
  local function as_moment(value)
    return moment_text(math.tointeger(whole(value)))
  end
  add("Interval", corm.Interval, "interval", name == "postgresql" and whole or as_moment, function()
    local usec = (random(3) == 1 and random(first_day, last_day) or random(-1000, 1000)) * day_usec + any_usec()
    local shown = name == "postgresql" and tostring(usec) or moment_text(usec)
    return {
      value = corm.timedelta { microseconds = usec }, text = shown,
      literal = name == "postgresql" and ("'%d microseconds'::interval"):format(usec) or quote(shown),
    }
  end)
end

local function documents(name, add, spell)
  local function from_hex(field)
    return parsed((field:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)))
  end
  local function any()
    local value
    repeat value = document(3) until value ~= corm.null -- JSON's null and NULL are two things
    local source = json.encode(value, { exception = function(_, v) return v == corm.null and "null" or nil end })
    local literal = spell.text(source)
    return { value = value, text = canonical(value), literal = name == "postgresql" and literal .. "::json" or literal }
  end
  add("JSON", corm.JSON, "json", canonical, any, from_hex)
  if name == "postgresql" then
    add("JSONB", corm.dialects.postgresql.JSONB, "json", canonical, any, from_hex)
  end
end

local function arrays(name, add)
  if name ~= "postgresql" then return end
  local function from_hex(field)
    return parsed((field:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)))
  end
  -- `item()` gives the value, its JSON form and its literal.
  local function list(type_name, type, cast, item, form)
    local function shown(value)
      local plain = {}
      for i, entry in ipairs(value) do plain[i] = entry == corm.null and corm.null or form(entry) end
      return canonical(corm.array(plain))
    end
    add("ARRAY(" .. type_name .. ")", corm.ARRAY(type), "array", shown, function()
      local values, forms, literals = {}, {}, {}
      for i = 1, random(0, 6) do
        if random(6) == 1 then
          values[i], forms[i], literals[i] = corm.null, corm.null, "NULL"
        else
          values[i], forms[i], literals[i] = item()
        end
      end
      return {
        value = values, text = canonical(corm.array(forms)),
        literal = ("ARRAY[%s]::%s[]"):format(table.concat(literals, ","), cast),
      }
    end, from_hex)
  end
  local function same(value) return value end
  list("Integer", corm.Integer, "integer", function()
    local value = integer(32)
    return value, value, tostring(value)
  end, same)
  list("BigInteger", corm.BigInteger, "bigint", function()
    local value = random(-2 ^ 53 // 1, 2 ^ 53 // 1) -- what the reader of JSON here can hold
    return value, value, tostring(value)
  end, same)
  list("Text", corm.Text, "text", function()
    local value = random(5) == 1 and "NULL" or text(10)
    return value, value, sql.postgresql.text(value)
  end, same)
  list("Boolean", corm.Boolean, "boolean", function()
    local value = random(2) == 1
    return value, value, tostring(value)
  end, same)
  list("Double", corm.Double, "double precision", function()
    local value = random(-2 ^ 40 // 1, 2 ^ 40 // 1) / 1024
    return value, value, double_literal(value)
  end, same)
  list("Date", corm.Date, "date", function()
    local shown = day_text(any_day())
    return corm.date(shown), shown, quote(shown)
  end, tostring)
  list("DateTime", corm.DateTime, "timestamp", function()
    local shown = moment_text(any_day() * day_usec + any_usec() // 1000000 * 1000000):sub(1, 19)
    return corm.datetime(shown), (shown:gsub(" ", "T")), quote(shown)
  end, function(value) return value:isoformat() end)
  list("Interval", corm.Interval, "interval", function()
    local seconds = random(0, 86399)
    local shown = ("%02d:%02d:%02d"):format(seconds // 3600, seconds // 60 % 60, seconds % 60)
    return corm.timedelta { seconds = seconds }, shown, quote(shown)
  end, function(value) return clock_text(value.seconds * 1000000):sub(1, 8) end)
  list("Uuid", corm.Uuid, "uuid", function()
    local dashed = any_uuid()
    return corm.uuid(dashed), dashed, quote(dashed)
  end, tostring)
  list("LargeBinary", corm.LargeBinary, "bytea", function()
    local value = bytes(random(0, 12))
    return value, "\\x" .. hex(value), sql.postgresql.blob(value)
  end, function(value) return "\\x" .. hex(value) end)
  list("Numeric(10, 3)", corm.Numeric(10, 3), "numeric(10,3)", function()
    local number = decimal(7, 3)
    return corm.decimal(number), tonumber(number), number
  end, function(value) return value:tonumber() end)
end

-- Types that are written as they are called, and those of one database.
local function spelled(name, add, spell)
  local function case(type_name, type, make)
    add(type_name, type, "plain", tostring, make)
  end
  local function integers(type_name, type, low, high)
    case(type_name, type, function()
      local value = random(low, high)
      return { value = value, text = tostring(value), literal = tostring(value) }
    end)
  end
  local function words(type_name, type, make)
    case(type_name, type, function()
      local value = make()
      return { value = value, text = value, literal = quote(value) }
    end)
  end
  integers("BIGINT", corm.BIGINT, math.mininteger, math.maxinteger)
  case("DECIMAL(15, 4)", corm.DECIMAL(15, 4), function()
    local number = tostring(random(1, 10 ^ 9)) .. ".5001"
    return { value = corm.decimal(number), text = number, literal = number }
  end)
  add("VARCHAR(40)", corm.VARCHAR(40), "text", hex, function()
    local value = text(40)
    return { value = value, text = hex(value), literal = spell.text(value) }
  end)
  words("CHAR(5)", corm.CHAR(5), function()
    return ("%05d"):format(random(0, 99999)):gsub("0", "o") .. ""
  end)
  if name == "postgresql" then
    local types = corm.dialects.postgresql
    local function byte() return random(0, 255) end
    local function inet() return ("%d.%d.%d.%d"):format(byte(), byte(), byte(), byte()) end
    words("CIDR", types.CIDR, function() return inet() .. "/32" end)
    words("MACADDR", types.MACADDR, function()
      return ("%02x:%02x:%02x:%02x:%02x:%02x"):format(byte(), byte(), byte(), byte(), byte(), byte())
    end)
    words("BIT VARYING", types.BIT(64, { varying = true }), function()
      local bits = {}
      for i = 1, random(1, 64) do bits[i] = random(0, 1) end
      return table.concat(bits)
    end)
    words("BIT(5)", types.BIT(5), function()
      local bits = {}
      for i = 1, 5 do bits[i] = random(0, 1) end
      return table.concat(bits)
    end)
    words("INT4RANGE", types.INT4RANGE, function()
      local low = random(-1000, 1000)
      return ("[%d,%d)"):format(low, low + random(1, 1000))
    end)
    integers("OID", types.OID, 0, 2 ^ 32 - 1 | 0)
    add("INET", types.INET, "plain", function(value) return value:gsub("/32$", "") .. "" end, function()
      local value = inet()
      return { value = value, text = value, literal = quote(value) }
    end, function(field) return field:gsub("/32$", "") .. "" end)
  elseif name == "mariadb" then
    local types = corm.dialects.mysql
    integers("TINYINT UNSIGNED", types.TINYINT { unsigned = true }, 0, 255)
    integers("MEDIUMINT", types.MEDIUMINT, -2 ^ 23 | 0, 2 ^ 23 - 1 | 0)
    integers("BIGINT UNSIGNED", types.BIGINT { unsigned = true }, 0, math.maxinteger)
    integers("YEAR", types.YEAR, 1901, 2155)
    add("BIT(8)", types.BIT(8), "bits", tostring, function()
      local value = random(0, 255)
      return { value = value, text = tostring(value), literal = tostring(value) }
    end)
    add("LONGTEXT", types.LONGTEXT { charset = "utf8mb4" }, "text", hex, function()
      local value = text(60)
      return { value = value, text = hex(value), literal = spell.text(value) }
    end)
    add("SET", types.SET("a", "it's", "c d"), "plain", function(value) return table.concat(value, ",") end, function()
      local chosen = {}
      for _, member in ipairs { "a", "it's", "c d" } do
        if random(2) == 1 then chosen[#chosen + 1] = member end
      end
      local joined = table.concat(chosen, ",")
      return { value = chosen, text = joined, literal = spell.text(joined) }
    end)
  end
end

-- The cases of a database: a list of { name, type, make, show, shown, seen }.
return function(name)
  local cases = {}
  local spell = sql[name]
  local function add(type_name, type, show, shown, make, seen)
    cases[#cases + 1] = {
      name = type_name, type = type, make = make, show = spell.show[show], shown = shown,
      seen = seen or function(field) return field end,
    }
  end
  scalars(name, add, spell)
  numbers(name, add)
  strings(name, add, spell)
  times(name, add)
  documents(name, add, spell)
  arrays(name, add)
  spelled(name, add, spell)
  return cases
end
