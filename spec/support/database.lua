-- The database that a spec runs on: CORM_TEST_URL says which (SQLite without). A spec asks for an empty one as often as
-- it likes; what it got is the next spec's afterwards, emptied. On a server each process has databases of its own, and
-- drops them when it ends, so that several may run at once.
local corm = require "corm"
local lacking = require "spec.support.lacking"
local shell = require "spec.support.shell"

local database = {}

-- URL -----------------------------------------------------------------------------------------------------------------

local url = {}
url.__index = url

local function parse(text)
  local scheme, user, password, host, port, name = text:match "^([%w+]+)://([^:@/]+):([^@/]*)@([^:/]+):(%d+)/([^?]+)$"
  assert(scheme, "CORM_TEST_URL must be scheme://user:password@host:port/database")
  local kind = scheme:match "^%w+"
  return setmetatable({
    name = kind == "mysql" and "mariadb" or kind, scheme = scheme, user = user, password = password, host = host,
    port = tonumber(port), database = name,
  }, url)
end

-- The same server's other database.
function url:with(name)
  return ("%s://%s:%s@%s:%d/%s"):format(self.scheme, self.user, self.password, self.host, self.port, name)
end

local given = os.getenv "CORM_TEST_URL"
local server = given and not given:match "^sqlite" and parse(given) or nil

database.name = server and server.name or "sqlite"
database.url_of_server = server

-- Databases of this process -------------------------------------------------------------------------------------------

-- busted loads modules anew for each file; what lasts as long as the process is kept where it cannot reach.
local function lasting()
  local registry = debug.getregistry()
  local state = registry["corm.spec.database"]
  if not state then
    state = { all = {}, free = {}, used = {}, kept = {}, files = {}, shells = {} }
    registry["corm.spec.database"] = state
  end
  return state
end

local state = lasting()

local function pid()
  local pipe = assert(io.popen "echo $PPID")
  local number = pipe:read "n"
  pipe:close()
  return number
end

local drop = {
  postgresql = "DROP DATABASE IF EXISTS %s WITH (FORCE);",
  mariadb = "DROP DATABASE IF EXISTS %s;",
}

-- The connection that makes and drops databases. The guard behind it runs when Lua ends: objects are finalized in the
-- opposite order of their creation, so all engines are gone by then, and the connection is not.
local function administrator()
  if not state.admin then
    state.admin = shell.open(server, server.database)
    state.pid = pid()
    state.guard = setmetatable({}, { __gc = function()
      for _, name in ipairs(state.all) do state.admin:run(drop[server.name]:format(name)) end
      state.admin:close()
    end })
  end
  return state.admin
end

local function check(answer)
  assert(answer == "", answer)
end

local function create()
  local admin = administrator()
  local name = ("%s_%d_%d"):format(server.database, state.pid, #state.all + 1)
  check(admin:run(drop[server.name]:format(name)))
  check(admin:run("CREATE DATABASE " .. name .. ";"))
  state.all[#state.all + 1] = name
  return name
end

local empty = {}

-- Connections of specs that are over may still hold locks. The shell's is not one of them.
local function shell_id(name)
  return state.shells[name] and state.shells[name].id or 0
end

function empty.postgresql(admin, name)
  admin:run(("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s;")
    :format(shell.literal(name), shell_id(name)))
  check(database.shell(name, [[DO $$ DECLARE s name; BEGIN
    FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
      EXECUTE format('DROP SCHEMA %I CASCADE', s);
    END LOOP; END $$; CREATE SCHEMA public;]]))
end

function empty.mariadb(admin, name)
  local ids = admin:run(("SELECT id FROM information_schema.processlist WHERE db = %s AND id <> %s;")
    :format(shell.literal(name), shell_id(name)))
  for id in ids:gmatch "%d+" do admin:run("KILL " .. id .. ";") end -- which may have ended by itself
  local collation = admin:run("SELECT @@collation_server;")
  check(admin:run(("DROP DATABASE %s; CREATE DATABASE %s COLLATE %s;"):format(name, name, collation)))
end

local function take(keep)
  local name = table.remove(state.free)
  if name then
    empty[server.name](administrator(), name)
  else
    name = create()
  end
  local list = keep and state.kept or state.used
  list[#list + 1] = name
  return name
end

local function release(list)
  while #list > 0 do table.insert(state.free, 1, table.remove(list)) end
end

-- What the databases themselves say, for messages that carry it.
local says = {
  sqlite = { unique = "UNIQUE constraint failed", not_null = "NOT NULL constraint failed", locked = "locked" },
  postgresql = {
    unique = "duplicate key value violates unique constraint", not_null = "violates not-null constraint",
    locked = "lock timeout",
  },
  mariadb = { unique = "Duplicate entry", not_null = "cannot be null", locked = "Lock wait timeout" },
}
database.says = says[database.name]

-- What specs call -----------------------------------------------------------------------------------------------------

-- The path of a file that does not exist yet.
function database.path()
  local path = os.tmpname()
  os.remove(path)
  table.insert(state.files, path)
  return path
end

-- The URL of an empty database, and what database.shell calls it. `keep`: it stays until the spec's file ends.
function database.url(keep)
  if server then
    local name = take(keep)
    return server:with(name), name
  end
  local path = database.path()
  return "sqlite:///" .. path, path
end

-- An engine on an empty database; in memory where there is such a thing.
function database.engine(options)
  return corm.create_engine(server and database.url() or "sqlite://", options)
end

-- Before each spec of a describe(): give(an engine on an empty database, that one's name for shell()); all is given
-- back afterwards. `before` and `after` are busted's before_each and after_each.
function database.each(before, after, give)
  local engine
  before(function()
    local address, name = database.url()
    engine = corm.create_engine(address)
    give(engine, name)
  end)
  after(function()
    engine:dispose()
    database.clean()
  end)
end

-- Gives the databases back, and removes files.
function database.clean()
  release(state.used)
  for i = #state.files, 1, -1 do
    for _, suffix in ipairs { "", "-journal", "-wal", "-shm" } do os.remove(state.files[i] .. suffix) end
    state.files[i] = nil
  end
end

local tables = {
  sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
  postgresql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
  mariadb = "SELECT table_name FROM information_schema.tables WHERE table_schema = database() ORDER BY table_name",
}

local indexes = {
  sqlite = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
  postgresql = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%pkey' ORDER BY 1",
  mariadb = "SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = database() "
    .. "AND index_name <> 'PRIMARY' ORDER BY index_name",
}

-- The names of its tables, in order, in one line; the same for its indexes besides those of keys.
function database.tables(name)
  return (database.shell(name, tables[database.name]):gsub("\n", " "))
end

function database.indexes(name)
  return (database.shell(name, indexes[database.name]):gsub("\n", " "))
end

-- What the database's own shell prints, without the last newline: fields between bars, nothing for NULL.
function database.shell(name, sql)
  if not server then return shell.file(name, sql) end
  state.shells[name] = state.shells[name] or shell.open(server, name)
  return state.shells[name]:run(sql)
end

-- Registers what is about some databases only: database.only("sqlite", function() describe(...) end).
function database.only(...)
  local names = table.pack(...)
  local fn = table.remove(names)
  for _, name in ipairs(names) do
    if name == database.name then return fn() end
  end
end

-- Placeholder i in SQL of the driver's own.
function database.mark(i)
  return database.name == "postgresql" and "$" .. i or "?"
end

-- True when the list says that this database has no such thing.
function database.lacks(name)
  for _, list in pairs(lacking) do
    if list[name] then return lacking[database.name][name] ~= nil end
  end
  error("no database lacks '" .. name .. "'")
end

-- Registers what takes something that not all databases have.
function database.needs(name, fn)
  if not database.lacks(name) then fn() end
end

-- busted tells when a spec is over (before its after_each: emptying waits until somebody asks for a database).
local function subscribe()
  local busted = require "busted"
  busted.subscribe({ "test", "end" }, function()
    release(state.used)
    return nil, true
  end)
  busted.subscribe({ "file", "end" }, function()
    release(state.kept)
    return nil, true
  end)
end

if server and not state.subscribed then
  state.subscribed = true
  subscribe()
end

return database
