-- What a database's own shell (sqlite3, psql, mariadb) says, so that a spec does not ask corm whether corm is right.
-- Those of servers stay open and are spoken to through a pipe: starting one takes longer than most specs.
local shell = {}
shell.__index = shell

local mark = "-- the end of the answer --"

function shell.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Text between single quotes in SQL.
function shell.literal(text)
  return "'" .. text:gsub("'", "''") .. "'"
end

-- A sanitizer that is preloaded for corm has no business in other programs.
local clean = "LD_PRELOAD= "

local start = {}

function start.postgresql(url, name)
  return clean .. "PGTZ=UTC PGDATESTYLE=ISO PGCLIENTENCODING=UTF8 "
    .. "PGOPTIONS='-c lock_timeout=5s -c client_min_messages=warning' exec psql -X -qAt " .. shell.quote(url:with(name))
end

function start.mariadb(url, name)
  return clean .. ("MYSQL_PWD=%s exec mariadb --no-defaults -N -B --unbuffered --force --default-character-set=utf8mb4 "
    .. "-h %s -P %d -u %s %s"):format(shell.quote(url.password), url.host, url.port, url.user, name)
end

-- Statements that make the sessions of both servers understand the SQL of specs.
local settings = {
  postgresql = "",
  mariadb = "SET lock_wait_timeout = 5, innodb_lock_wait_timeout = 5, time_zone = '+00:00', "
    .. "sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES,PIPES_AS_CONCAT');",
}

-- psql says it in a transaction that failed, too.
local say_mark = {
  postgresql = "\\warn " .. shell.literal(mark),
  mariadb = "SELECT " .. shell.literal(mark) .. ";",
}

-- url: see database.lua; name: of the database.
function shell.open(url, name)
  local kind = url.name
  local pipe = os.tmpname()
  os.remove(pipe)
  assert(os.execute("mkfifo " .. pipe))
  local input = assert(io.popen(("{ %s; } >%s 2>&1"):format(start[kind](url, name), pipe), "w"))
  local self = setmetatable({ kind = kind, input = input, output = assert(io.open(pipe)) }, shell)
  os.remove(pipe)
  self:run(settings[kind])
  self.id = self:run(kind == "mariadb" and "SELECT connection_id();" or "SELECT pg_backend_pid();")
  return self
end

local escapes = { n = "\n", t = "\t", ["0"] = "\0", ["\\"] = "\\" }

-- As the others print: fields between bars, nothing for NULL.
local function mariadb_line(line)
  local fields = {}
  for field in (line .. "\t"):gmatch "([^\t]*)\t" do
    fields[#fields + 1] = field == "NULL" and "" or field:gsub("\\(.)", escapes)
  end
  return table.concat(fields, "|")
end

-- The answer to statements, without the last newline; errors are part of it.
function shell:run(sql)
  self.input:write(sql, "\n;", say_mark[self.kind], "\n")
  self.input:flush()
  local lines = {}
  for line in self.output:lines() do
    if line == mark then return table.concat(lines, "\n") end
    if not line:match "^ERROR: No query specified" then -- of the empty statement before the mark
      lines[#lines + 1] = self.kind == "mariadb" and not line:match "^ERROR" and mariadb_line(line) or line
    end
  end
  error("the shell ended: " .. table.concat(lines, "\n"))
end

function shell:close()
  self.input:close()
  self.output:close()
end

-- The answer of sqlite3 about a file.
function shell.file(path, sql)
  local command = clean .. "sqlite3 -batch -bail " .. shell.quote(path) .. " " .. shell.quote(sql) .. " 2>&1"
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  pipe:close()
  return (text:gsub("\n$", ""))
end

return shell
