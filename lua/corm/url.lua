-- URLs made of others: parts replaced, options added and taken away. A URL itself does not change.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail

local function check(url, what)
  if native.kind(url) ~= "URL" then
    fail("ArgumentError", "URL:%s: a URL expected, got %s; methods are called with a colon", what, native.kind(url))
  end
end

local function check_table(value, what, wanted)
  if type(value) ~= "table" then
    fail("ArgumentError", "URL:%s: %s expected, got %s", what, wanted, native.kind(value))
  end
end

-- url:set { drivername, username, password, host, port, database, query }: what is not said stays.
local function set(url, parts)
  check(url, "set")
  check_table(parts, "set", "a table of parts")
  local all = {}
  for _, name in ipairs { "username", "password", "host", "port", "database", "query" } do all[name] = url[name] end
  for name, value in next, parts do
    if name ~= "drivername" then all[name] = value end
  end
  local drivername = parts.drivername
  if drivername == nil then drivername = url.drivername end
  return corm.URL.create(drivername, all)
end

local function appends(options, what)
  return orm.check_options("URL:" .. what, options, { append = "boolean" }).append
end

local function list_of(value)
  return type(value) == "table" and value or { value }
end

-- The query with others, name -> text or list of texts, in the place of its own or behind them.
local function updated(url, others, append)
  local query = url.normalized_query
  for name, value in next, others do
    local list = append and query[name] or {}
    query[name] = table.move(list_of(value), 1, #list_of(value), #list + 1, list)
  end
  return set(url, { query = query })
end

-- url:update_query_dict({ name = text or list }, { append = false }?)
local function update_query_dict(url, others, options)
  check(url, "update_query_dict")
  check_table(others, "update_query_dict", "a table of options by name")
  return updated(url, others, appends(options, "update_query_dict"))
end

-- url:update_query_pairs({ { name, text }, ... }, { append = false }?): a name may stand repeatedly.
local function update_query_pairs(url, pairs_of, options)
  check(url, "update_query_pairs")
  check_table(pairs_of, "update_query_pairs", "a list of pairs")
  local others = {}
  for _, pair in ipairs(pairs_of) do
    check_table(pair, "update_query_pairs", "a pair of a name and a text")
    local name = pair[1]
    if type(name) ~= "string" then
      fail("ArgumentError", "URL:update_query_pairs: a name expected, got %s", native.kind(name))
    end
    others[name] = others[name] or {}
    for _, value in ipairs(list_of(pair[2])) do table.insert(others[name], value) end
  end
  return updated(url, others, appends(options, "update_query_pairs"))
end

-- url:update_query_string("name=text&name=text", { append = false }?)
local function update_query_string(url, text, options)
  check(url, "update_query_string")
  if type(text) ~= "string" then
    fail("ArgumentError", "URL:update_query_string: text expected, got %s", native.kind(text))
  end
  return updated(url, corm.make_url("sqlite://?" .. text).query, appends(options, "update_query_string"))
end

-- url:difference_update_query { name, ... }: without these options.
local function difference_update_query(url, names)
  check(url, "difference_update_query")
  check_table(names, "difference_update_query", "a list of names")
  local query = url.query
  for _, name in ipairs(names) do query[name] = nil end
  return set(url, { query = query })
end

return {
  difference_update_query = difference_update_query,
  set = set,
  update_query_dict = update_query_dict,
  update_query_pairs = update_query_pairs,
  update_query_string = update_query_string,
}
