-- The program `corm`: its command line, what a script sees, what an uncaught error leaves.
local program = assert(os.getenv("CORM_PROGRAM") or "build/release/corm")

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

describe("the program corm", function()
  local made

  before_each(function() made = {} end)

  after_each(function()
    for _, path in ipairs(made) do os.remove(path) end
  end)

  local function new_file(text)
    local path = os.tmpname()
    made[#made + 1] = path
    write_file(path, text)
    return path
  end

  -- Runs the program with the arguments; returns what it printed, what it complained about, and its exit status.
  local function run(arguments, input)
    local words = { quote(program) }
    for _, argument in ipairs(arguments) do words[#words + 1] = quote(argument) end
    local stdin, stdout, stderr = new_file(input or ""), new_file(""), new_file("")
    local _, how, status = os.execute(
      ("%s <%s >%s 2>%s"):format(table.concat(words, " "), quote(stdin), quote(stdout), quote(stderr)))
    assert.equal("exit", how)
    return read_file(stdout), read_file(stderr), status
  end

  describe("given a word", function()
    it("runs a script of any name", function()
      local script = new_file("print(arg[0], ...)")
      local out, err, status = run { "run", script, "run", "-e" }
      assert.equal(script .. "\trun\t-e\n", out)
      assert.equal("", err)
      assert.equal(0, status)
      assert.equal(2, select(3, run { "run" }))
    end)

    it("prints stubs of the models in files", function()
      local models = new_file [[
        local corm = require "corm"
        local Base = corm.declarative_base()
        return Base:model("Thing", { __tablename__ = "thing", id = corm.Column(corm.Integer, { primary_key = true }) })
      ]]
      local out, err, status = run { "stubs", models }
      assert.is_truthy(out:find("---@class Thing: corm.Object\n---@field id integer\n", 1, true))
      assert.is_function(load(out, "stubs", "t", {}))
      assert.equal("", err)
      assert.equal(0, status)
      assert.equal(2, select(3, run { "stubs" }))
      out, err, status = run { "stubs", models .. ".not" }
      assert.equal("", out)
      assert.is_truthy(err:find("No such file", 1, true))
      assert.equal(1, status)
    end)
  end)

  describe("given a script", function()
    it("passes the arguments in `arg` and `...`", function()
      local script = new_file("print(arg[0], #arg, arg[1], arg[2], ...) print(arg[-1])")
      local out, err, status = run { script, "-e", "b c" }
      assert.equal(("%s\t2\t-e\tb c\t-e\tb c\n%s\n"):format(script, program), out)
      assert.equal("", err)
      assert.equal(0, status)
    end)

    it("skips a first line that starts with #!", function()
      local out, err, status = run { new_file("#!/usr/bin/env corm\nprint(debug.getinfo(1, 'l').currentline)\n") }
      assert.equal("2\n", out)
      assert.equal("", err)
      assert.equal(0, status)
    end)

    it("reads standard input for -", function()
      local out, _, status = run({ "-", "x" }, "print(arg[0], ...)")
      assert.equal("-\tx\n", out)
      assert.equal(0, status)
    end)

    it("has the module built in", function()
      local out, err, status = run { "-e", "package.cpath = '' package.path = '' print(type(require 'corm'))" }
      assert.equal("", err)
      assert.equal("table\n", out)
      assert.equal(0, status)
    end)

    it("lets the script load other C modules", function()
      local out, err, status = run { "-e", "print(type(require 'lfs'.currentdir()))" }
      assert.equal("", err)
      assert.equal("string\n", out)
      assert.equal(0, status)
    end)

    it("keeps the exit status that the script chose", function()
      assert.equal(7, select(3, run { "-e", "os.exit(7)" }))
      assert.equal(8, select(3, run { "-e", "os.exit(8, true)" }))
      assert.equal(1, select(3, run { "-e", "os.exit(false)" }))
      assert.equal(0, select(3, run { "-e", "os.exit(true)" }))
    end)

    it("closes the state at the end", function()
      local out = run { "-e", "closing = setmetatable({}, { __gc = function() print 'collected' end })" }
      assert.equal("collected\n", out)
    end)
  end)

  describe("given -e", function()
    it("runs every piece in order, then the script", function()
      local out = run { "-e", "x = 1", "--eval", "x = x + 1", new_file("print(x, ...)"), "a" }
      assert.equal("2\ta\n", out)
    end)

    it("stops at the first failure", function()
      local out, err, status = run { "-e", "error 'one'", new_file("print 'two'") }
      assert.equal("", out)
      assert.matches("^corm: %(command line%):1: one\n", err)
      assert.equal(1, status)
    end)
  end)

  describe("after an uncaught error", function()
    it("prints the message and the script's lines, and exits with 1", function()
      local script = new_file(table.concat({
        "local function inner()", "  error('boom')", "end",
        "local function outer()", "  inner()", "end",
        "outer()",
      }, "\n"))
      local out, err, status = run { script }
      assert.equal("", out)
      assert.equal(1, status)
      assert.equal(("corm: %s:2: boom"):format(script), err:match("[^\n]*"))
      local positions = {}
      for line in err:gmatch("\n\t([^\n]*)") do
        positions[#positions + 1] = tonumber(line:match("^" .. script:gsub("%p", "%%%0") .. ":(%d+):"))
      end
      assert.same({ 2, 5, 7 }, positions)
    end)

    it("prints what was written before it first", function()
      local path = new_file("")
      os.execute(("%s -e 'io.write \"before \" error \"boom\"' >%s 2>&1"):format(quote(program), quote(path)))
      assert.matches("^before corm: ", read_file(path))
    end)

    it("turns an error object into text by its __tostring", function()
      local _, err, status = run { "-e", "error(setmetatable({}, { __tostring = function() return 'my error' end }))" }
      assert.matches("^corm: my error\nstack traceback:\n", err)
      assert.equal(1, status)
    end)

    it("names the kind of an error value that has no text", function()
      assert.matches("^corm: %(error object is a table value%)\n", (select(2, run { "-e", "error {}" })))
      assert.matches("^corm: %(error object is a nil value%)\n", (select(2, run { "-e", "error()" })))
      local failing = "error(setmetatable({}, { __tostring = function() error 'again' end }))"
      local _, err, status = run { "-e", failing }
      assert.matches("^corm: %(error object is a table value whose __tostring fails%)\n", err)
      assert.equal(1, status)
    end)

    it("reports a stack overflow", function()
      local _, err, status = run { "-e", "local function f() return 1 + f() end f()" }
      assert.matches("stack overflow", err)
      assert.equal(1, status)
    end)
  end)

  describe("given a script that it cannot run", function()
    it("names a file that is not there", function()
      local _, err, status = run { "/nowhere/script.lua" }
      assert.matches("^corm: cannot open /nowhere/script.lua", err)
      assert.equal(1, status)
    end)

    it("names the line of a syntax error", function()
      local script = new_file("print 'x'\nlocal = 1\n")
      local out, err, status = run { script }
      assert.equal("", out)
      assert.equal(("corm: %s:2: <name> expected near '='\n"):format(script), err)
      assert.equal(1, status)
    end)

    it("refuses a precompiled chunk", function()
      local script = new_file(string.dump(load("print 'ran'")))
      local out, err, status = run { script }
      assert.equal("", out)
      assert.matches("binary chunk", err)
      assert.equal(1, status)
      out, err, status = run({ "-" }, string.dump(load("print 'ran'")))
      assert.equal("", out)
      assert.matches("binary chunk", err)
      assert.equal(1, status)
    end)
  end)

  describe("used wrongly", function()
    it("prints the usage on standard error and exits with 2", function()
      for _, arguments in ipairs { {}, { "--nonsense" }, { "-x" }, { "-e" }, { "--" } } do
        local out, err, status = run(arguments)
        assert.equal("", out)
        assert.matches("usage: corm ", err)
        assert.equal(2, status)
      end
    end)
  end)

  it("prints the versions of corm, SQLite and Lua", function()
    local out, err, status = run { "--version" }
    assert.matches("^corm %d+%.%d+%.%d+\nSQLite %d+%.%d+%.%d+\nLua 5%.4%.%d+\n$", out)
    assert.equal("", err)
    assert.equal(0, status)
    assert.equal(out, (run { "-v" }))
  end)

  it("prints its help on standard output", function()
    local out, err, status = run { "--help" }
    assert.matches("^usage: corm ", out)
    assert.matches("\n  %-e, %-%-eval CODE ", out)
    assert.equal("", err)
    assert.equal(0, status)
    assert.equal(out, (run { "-h" }))
  end)

  it("survives a reader that goes away", function()
    local ending = new_file("")
    local code = quote("for i = 1, 1e5 do print(i) end io.stderr:write 'end'")
    local reader = assert(io.popen(("%s -e %s 2>%s | head -n 1"):format(quote(program), code, quote(ending))))
    assert.equal("1\n", reader:read("a"))
    reader:close()
    assert.equal("end", read_file(ending))
  end)

  it("reports output that was lost", function()
    local complaint = new_file("")
    local command = ("%s -e 'io.write \"x\"' >/dev/full 2>%s"):format(quote(program), quote(complaint))
    local _, how, status = os.execute(command)
    assert.equal("exit", how)
    assert.equal(1, status)
    assert.matches("^corm: cannot write to standard output: ", read_file(complaint))
  end)

  -- The kernel marks the mappings for which large pages were asked ("hg"); one without them takes no request.
  it("asks for large pages where mimalloc is its heap, unless the environment says no", function()
    local setting = io.open "/sys/kernel/mm/transparent_hugepage/enabled"
    local possible = setting ~= nil
    if setting then setting:close() end
    local code = quote [[
      local maps, large = io.open("/proc/self/smaps"):read "a", 0
      for flags in maps:gmatch "VmFlags:([^\n]*)" do if flags:find " hg" then large = large + 1 end end
      print(maps:find("mimalloc", 1, true) ~= nil, large > 0)
    ]]
    local function ask(environment)
      local pipe = assert(io.popen(("%s %s -e %s"):format(environment, quote(program), code)))
      local answer = pipe:read "l"
      pipe:close()
      return answer
    end
    local is_mimalloc = ask "":match "^%a+" == "true"
    assert.equal(("%s\t%s"):format(is_mimalloc, is_mimalloc and possible), ask "")
    assert.equal(("%s\tfalse"):format(is_mimalloc), ask "MIMALLOC_LARGE_OS_PAGES=0")
  end)
end)
