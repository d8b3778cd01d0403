-- engine_from_config(): an engine of what a configuration file or the environment says, where every value is a text.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail

local truths = {
  ["true"] = true, yes = true, on = true, y = true, t = true, ["1"] = true,
  ["false"] = false, no = false, off = false, n = false, f = false, ["0"] = false,
}

-- What a text means to an option of each kind; nil: nothing.
local function as_boolean(text)
  return truths[string.lower(text)]
end

local function as_integer(text)
  return math.tointeger(tonumber(text))
end

local function or_word(...)
  local words = { ... }
  return function(text)
    if orm.is_in(words, text) then return text end
    return as_boolean(text)
  end
end

local meanings = {
  echo = { "a boolean or \"debug\"", or_word "debug" },
  hide_parameters = { "a boolean", as_boolean },
  enable_from_linting = { "a boolean", as_boolean },
  query_cache_size = { "an integer", as_integer },
  pool_size = { "an integer", as_integer },
  max_overflow = { "an integer", as_integer },
  pool_timeout = { "a number", tonumber },
  pool_recycle = { "an integer", as_integer },
  pool_pre_ping = { "a boolean", as_boolean },
  pool_use_lifo = { "a boolean", as_boolean },
  pool_reset_on_return = { "\"rollback\", \"commit\" or a boolean", or_word("rollback", "commit") },
}

-- The key is told and not the value, which may be a password in the wrong line.
local function read_value(where, name, value)
  local meaning = meanings[name]
  if not meaning or type(value) ~= "string" then return value end
  local read = meaning[2](string.match(value, "^%s*(.-)%s*$"))
  if read == nil then fail("ArgumentError", "engine_from_config: %s must be %s", where, meaning[1]) end
  return read
end

-- engine_from_config(configuration, prefix = "sqlalchemy.", options): `options` are create_engine's and have
-- precedence. What has another prefix is somebody else's.
function corm.engine_from_config(configuration, prefix, options)
  if type(configuration) ~= "table" then
    fail("ArgumentError", "engine_from_config: a table of settings expected, got %s", native.kind(configuration))
  end
  if prefix == nil then prefix = "sqlalchemy." end
  if type(prefix) ~= "string" then
    fail("ArgumentError", "engine_from_config: prefix must be a text, got %s", native.kind(prefix))
  end
  if options ~= nil and type(options) ~= "table" then
    fail("ArgumentError", "engine_from_config: a table of options expected, got %s", native.kind(options))
  end
  local given = {}
  for key, value in next, configuration do
    local name = type(key) == "string" and string.sub(key, 1, #prefix) == prefix and string.sub(key, #prefix + 1)
    if name then given[name] = read_value(key, name, value) end
  end
  for name, value in next, options or {} do given[name] = value end
  local url = given.url
  given.url = nil
  if url == nil then fail("ArgumentError", "engine_from_config: there is no '%surl'", prefix) end
  return corm.create_engine(url, given)
end
