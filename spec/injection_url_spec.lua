-- Attacks by connection URLs and paths. The rows are numbered as those of the list of attacks: A26, A27.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local function connect(url)
  local engine = corm.create_engine(url)
  local ok, err = pcall(function() engine:connect():close() end)
  engine:dispose()
  if not ok then error(err, 0) end
end

describe("injection by URLs:", function()
  after_each(database.clean)

  it("A26 a URL is parsed once; what is odd in it is refused", function()
    for url, part in pairs {
      ["postgresql://u:p?sslmode=disable@h/d"] = "%3F",
      ["postgresql://u:p@h:99999/d"] = "port",
      ["postgresql://u:p@h:1x/d"] = "port",
      ["mysql://u:p@h\r\n/d"] = "control character",
      ["postgresql://u:a%00b@h/d"] = "control character",
      ["postgresql://u@h/d\n"] = "control character",
      ["postgresql://u@h/d?host=evil"] = "again as an option",
      ["postgresql://u@h/d?no_such_option=1"] = "no_such_option",
      ["sqlite:///x.db?no_such_option=1"] = "no_such_option",
      ["mysql://u@h/d?local_infile=1"] = "local_infile",
    } do
      raises("ArgumentError", part, corm.create_engine, url)
    end
  end)

  it("A26 a database's name is one value, whatever it holds", function()
    for _, url in ipairs { "postgresql://u@127.0.0.1:1/x%20host%3Devil", "postgresql://u@127.0.0.1:1/x host=evil",
      "mysql://u@127.0.0.1:1/x;host=evil", "postgresql://u:p%40%3A%3Fsslmode%3Ddisable@127.0.0.1:1/d" } do
      local ok, err = pcall(connect, url)
      assert.is_false(ok)
      assert.is_true(err:is("OperationalError") or err:is("InterfaceError"), tostring(err))
      assert.is_truthy(tostring(err):find("127.0.0.1", 1, true) or err:is("InterfaceError"), tostring(err))
    end
  end)

  it("A26 a password is not shown", function()
    for _, url in ipairs { "postgresql://u:s3cret@127.0.0.1:1/d", "mysql://u:s3cret@127.0.0.1:1/d" } do
      assert.is_nil(tostring(corm.create_engine(url)):find("s3cret", 1, true))
      local _, err = pcall(connect, url)
      assert.is_nil(tostring(err):find("s3cret", 1, true))
    end
  end)

  database.only("sqlite", function()
    it("A27 a path is a path: no options, no memory, unless the URL says so", function()
      local path = database.path() .. "?x"
      for _, name in ipairs { "file%3A" .. path:gsub("[/?]", "_") .. "%3Fmode%3Dmemory", ":memory:x" } do
        local engine = corm.create_engine("sqlite:///" .. name)
        local connection = engine:connect()
        connection:execute(corm.text "create table t (id integer)")
        connection:commit()
        connection:close()
        engine:dispose()
        local found
        for _, written in ipairs { name, (name:gsub("%%3A", ":"):gsub("%%3F", "?"):gsub("%%3D", "=")) } do
          local file = io.open(written, "rb")
          if file then
            file:close()
            os.remove(written)
            found = true
          end
        end
        assert.is_true(found, name)
      end
    end)

    it("A27 what is no file is refused", function()
      local directory = database.path()
      os.execute(("mkdir %s && ln -s %s/loop %s/loop && mkfifo %s/fifo")
        :format(directory, directory, directory, directory))
      for path, part in pairs { [""] = "directory", ["/loop"] = "links", ["/none/x.db"] = "does not exist" } do
        raises("OperationalError", part, connect, "sqlite:///" .. directory .. path)
      end
      raises("ArgumentError", "", corm.create_engine, "sqlite:///" .. directory .. "/\0x")
      os.execute("rm -r " .. directory)
    end)
  end)
end)
