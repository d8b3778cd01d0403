-- Database files of a spec, and a reader that has nothing to do with corm: the sqlite3 shell.
local database = {}

local made = {}

-- The path of a file that does not exist yet; database.clean() removes it.
function database.path()
  local path = os.tmpname()
  os.remove(path)
  made[#made + 1] = path
  return path
end

-- The URL of a file that does not exist yet, and its path.
function database.url()
  local path = database.path()
  return "sqlite:///" .. path, path
end

function database.clean()
  for i = #made, 1, -1 do
    for _, suffix in ipairs { "", "-journal", "-wal", "-shm" } do os.remove(made[i] .. suffix) end
    made[i] = nil
  end
end

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- What the sqlite3 shell prints for a query, without the last newline.
function database.shell(path, sql)
  local pipe = assert(io.popen("sqlite3 -batch -bail " .. quote(path) .. " " .. quote(sql) .. " 2>&1"))
  local text = pipe:read("a")
  pipe:close()
  return (text:gsub("\n$", ""))
end

return database
