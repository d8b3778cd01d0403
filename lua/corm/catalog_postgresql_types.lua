-- The types of PostgreSQL's columns, out of what format_type() calls them.
local corm, load = ...
local types, own = load "corm.reflected_types", corm.dialects.postgresql

local plain = {
  bigint = corm.BIGINT, boolean = corm.BOOLEAN, bytea = own.BYTEA, ['"char"'] = corm.String, cidr = own.CIDR,
  citext = own.CITEXT, date = corm.DATE, datemultirange = own.DATEMULTIRANGE, daterange = own.DATERANGE,
  ["double precision"] = corm.DOUBLE_PRECISION, hstore = own.HSTORE, inet = own.INET,
  int4multirange = own.INT4MULTIRANGE, int4range = own.INT4RANGE, int8multirange = own.INT8MULTIRANGE,
  int8range = own.INT8RANGE, integer = corm.INTEGER, json = corm.JSON, jsonb = own.JSONB, jsonpath = own.JSONPATH,
  macaddr = own.MACADDR, macaddr8 = own.MACADDR8, money = own.MONEY, name = corm.String,
  nummultirange = own.NUMMULTIRANGE, numrange = own.NUMRANGE, oid = own.OID, real = corm.REAL, regclass = own.REGCLASS,
  regconfig = own.REGCONFIG, smallint = corm.SMALLINT, tsmultirange = own.TSMULTIRANGE, tsquery = own.TSQUERY,
  tsrange = own.TSRANGE, tstzmultirange = own.TSTZMULTIRANGE, tstzrange = own.TSTZRANGE, tsvector = own.TSVECTOR,
  uuid = corm.UUID,
}

-- bpchar is a CHAR of any length, which has no other name.
local textual = {
  bpchar = corm.TEXT, character = corm.CHAR, ["character varying"] = corm.VARCHAR, text = corm.TEXT,
}

local function number(arguments) return math.tointeger(tonumber(arguments[1])) end

-- Those whose spelling has parts: functions of the arguments, of what stands behind them, and of the collation.
local composed = {
  bit = function(arguments) return own.BIT { length = number(arguments) } end,
  ["bit varying"] = function(arguments) return own.BIT { length = number(arguments), varying = true } end,
  numeric = function(arguments)
    local scale = math.tointeger(tonumber(arguments[2]))
    if scale and scale < 0 then return corm.NUMERIC end -- numeric(3,-2) rounds to hundreds
    return types.sized(corm.NUMERIC, arguments)
  end,
}
for word, type_ in pairs(textual) do
  composed[word] = function(arguments, _, collation)
    local length = number(arguments)
    if not length and not collation then return type_ end
    return type_ { length = length, collation = collation }
  end
end
for word, type_ in pairs { time = own.TIME, timestamp = own.TIMESTAMP } do -- timestamp(3) with time zone
  composed[word] = function(arguments, behind)
    return type_ { timezone = behind == "with time zone", precision = number(arguments) }
  end
end

-- interval day to second(3): the fields stand before the precision.
local function interval(fields, arguments)
  local precision = number(arguments)
  if fields == "" and not precision then return own.INTERVAL end
  return own.INTERVAL { precision = precision, fields = fields ~= "" and string.upper(fields) or nil }
end

-- A type that the server brings along or that an extension calls `name`; nil when corm has none for it.
local function built_in(spelled, name, collation)
  local word, arguments, behind = types.split(spelled)
  local first, rest = string.match(word, "^(%l+) (.*)$")
  if first == "time" or first == "timestamp" then word, behind = first, rest end -- without arguments
  if word == "interval" or first == "interval" then return interval(rest or "", arguments) end
  if composed[word] then return composed[word](arguments, behind, collation) end
  return plain[word] or plain[name]
end

local function enum_of(made)
  if #made.labels == 0 then return types.unknown end
  local values = table.move(made.labels, 1, #made.labels, 1, {})
  values[#values + 1] = { name = made.name, schema = not made.visible and made.schema or nil }
  return own.ENUM(table.unpack(values))
end

-- An array of a domain that is an array itself is a list of lists, as all arrays may be.
local function array_of(item)
  if item == types.unknown or item.__visit_name__ == "ARRAY" then return item end
  return corm.ARRAY(item)
end

-- The type of `row`: { spelled, type, kind, type_name, collation }, where `type`, `kind` and `type_name` are those of
-- an array's items. `made(id)` gives an enum or domain. The second value is the domain that the type is, if it is one.
local function type_of(row, made)
  local item = string.match(row.spelled, "^(.*)%[%]$")
  local domain = row.kind == "d" and made(row.type) or nil
  local found
  if domain then
    found = type_of(domain, made)
  elseif row.kind == "e" then
    found = enum_of(made(row.type))
  else
    found = built_in(item or row.spelled, row.type_name, not item and row.collation or nil) or types.unknown
  end
  if item then return array_of(found) end
  return found, domain
end

return type_of
