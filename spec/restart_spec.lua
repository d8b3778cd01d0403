-- A server that is restarted while the pool has idle connections to it: one of this spec's own.
local corm = require "corm"
local database = require "spec.support.database"

local IDLE = 10

-- The output of a shell command, without the last newline. Servers do not want what is preloaded here.
local function run(command)
  local pipe = assert(io.popen("unset LD_PRELOAD; " .. command))
  local output = pipe:read "a"
  assert(pipe:close(), command)
  return (output:gsub("\n$", ""))
end

local restart = [[
data=%s/pg/data
bin=$(dirname "$(readlink "/proc/$(head -n 1 "$data/postmaster.pid")/exe")")
as=
if [ "$(id -u)" -eq 0 ]; then
  as="setpriv --reuid=$(stat -c %%u "$data") --regid=$(stat -c %%g "$data") --clear-groups"
fi
$as "$bin/pg_ctl" -D "$data" -m fast -w -t 30 restart >/dev/null 2>&1 </dev/null
]]

local function spec()
  local dir, url

  setup(function()
    dir = os.tmpname()
    os.remove(dir)
    url = run("tools/servers start " .. dir .. " postgresql"):match "CORM_TEST_POSTGRESQL=(%S+)"
  end)
  teardown(function() run("tools/servers stop " .. dir) end)

  local function pid_of(conn)
    return conn:exec_driver_sql("SELECT pg_backend_pid()"):scalar()
  end

  -- Takes so many connections at once, gives them back, and says which sessions of the server they were.
  local function take(engine, n)
    local conns, pids = {}, {}
    for i = 1, n do
      conns[i] = engine:connect()
      pids[i] = pid_of(conns[i])
    end
    for _, conn in ipairs(conns) do conn:close() end
    return pids
  end

  local function open(options)
    options.pool_size = IDLE
    local engine = corm.create_engine(url, options)
    local known = {}
    for _, pid in ipairs(take(engine, IDLE)) do known[pid] = true end
    assert.equal(IDLE, engine.pool:checkedin())
    return engine, known
  end

  local function all_are_new(engine, known)
    for _, pid in ipairs(take(engine, IDLE)) do assert.is_nil(known[pid]) end
    assert.equal(IDLE, engine.pool:checkedin())
  end

  it("is not noticed where the pool asks before", function()
    local engine, known = open { pool_pre_ping = true }
    run(restart:format(dir))
    all_are_new(engine, known)
    engine:dispose()
  end)

  it("is one DisconnectError where it does not, and all idle connections are replaced", function()
    local engine, known = open {}
    local busy <close> = engine:connect()
    busy:exec_driver_sql("SELECT 1")
    run(restart:format(dir))
    local errors = {}
    for _ = 1, 3 do
      local conn <close> = engine:connect()
      local ok, err = pcall(pid_of, conn)
      if not ok then errors[#errors + 1] = err.class end
    end
    assert.same({ "DisconnectError" }, errors)
    local ok, err = pcall(pid_of, busy) -- it had a transaction there
    assert.is_false(ok)
    assert.equal("DisconnectError", err.class)
    busy:rollback()
    assert.is_nil(known[pid_of(busy)])
    busy:close()
    all_are_new(engine, known)
    engine:dispose()
  end)
end

database.only("postgresql", function()
  describe("a restart of the server", function()
    if os.execute "env -u LD_PRELOAD tools/servers has postgresql" then
      spec()
    else
      pending "needs PostgreSQL's programs here"
    end
  end)
end)
