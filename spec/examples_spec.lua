-- Every numbered example runs, alone and in an empty folder; what it claims it asserts itself.
local database = require "spec.support.database"
local quote = require("spec.support.shell").quote
local program = assert(os.getenv("CORM_PROGRAM") or "build/release/corm")

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  local ok, _, code = pipe:close()
  return text, ok and 0 or code
end

local function examples()
  local paths = {}
  for path in output_of("ls $PWD/examples/[0-9]*.lua"):gmatch("[^\n]+") do paths[#paths + 1] = path end
  return paths
end

-- Runs in a folder of its own, which goes afterwards. More arguments go to the example.
local function run(path, ...)
  local folder = os.tmpname()
  os.remove(folder)
  local words = { "mkdir", quote(folder), "&& cd", quote(folder), "&&", quote(program), quote(path) }
  for _, argument in ipairs { ... } do words[#words + 1] = quote(argument) end
  local script = table.concat(words, " ") .. " 2>&1"
  local text, code = output_of(script)
  local rows = output_of(("cd %s && sqlite3 test.sqlite3 'select * from user' 2>&1"):format(quote(folder)))
  os.execute("rm -r " .. quote(folder))
  return text, code, rows
end

describe("the examples", function()
  local paths = examples()

  after_each(database.clean)

  it("are numbered from 01 without a gap", function()
    assert.is_true(#paths >= 11)
    for i, path in ipairs(paths) do assert.matches(("/%02d_"):format(i), path, 1, true) end
  end)

  for _, path in ipairs(paths) do
    local name = path:match("[^/]+$")
    if not name:find("chinook", 1, true) then -- spec/chinook_spec.lua runs that one on its data
      it("run: " .. name, function()
        local text, code = run(path)
        assert.equal(0, code, text)
        assert.is_true(#text > 0)
      end)
    end
  end

  it("begin with the tutorial, whose row another program reads", function()
    local text, code, rows = run(paths[1])
    assert.equal("1\n", text)
    assert.equal(0, code)
    assert.equal("1|test\n", rows)
  end)

  it("begin with the tutorial, of which another database wants the URL only", function()
    local url, name = database.url()
    local text, code = run(paths[1], url)
    assert.equal("1\n", text)
    assert.equal(0, code)
    assert.equal("1|test", database.shell(name, 'select * from "user"'))
  end)

  it("show one program that says the same on each database", function()
    local text, code = run(paths[11], "sqlite://", (database.url()))
    assert.equal(0, code, text)
    assert.equal("the same on: sqlite, " .. database.name, text:match("([^\n]*)\n$"))
  end)
end)
