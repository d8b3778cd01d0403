-- Ends the connections of all others to the same database but one, at random moments, until it has ended so many: arg
-- is URL, number, seed, the one that is spared, and the longest pause in seconds. Sleeping is done by the server.
local corm = require "corm"

local url, wanted, seed, spared, pause = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4]), tonumber(arg[5])
math.randomseed(seed)

local WAYS = {
  postgresql = {
    others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    kill = "SELECT pg_terminate_backend(%d)",
    sleep = "SELECT pg_sleep(%f)",
  },
  mariadb = {
    others = "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
    kill = "KILL CONNECTION %d",
    sleep = "SELECT SLEEP(%f)",
  },
}

local engine = corm.create_engine(url, { isolation_level = "AUTOCOMMIT" })
local connection = engine:connect()
local way = WAYS[engine.dialect.name == "postgresql" and "postgresql" or "mariadb"]
local killed = 0
while killed < wanted do
  for _, id in ipairs(connection:exec_driver_sql(way.others):scalars():all()) do
    -- One that ended by itself in the meantime is an error on MariaDB.
    if id ~= spared and pcall(connection.exec_driver_sql, connection, way.kill:format(id)) then killed = killed + 1 end
  end
  connection:exec_driver_sql(way.sleep:format(math.random() * pause)):all()
end
print(killed)
