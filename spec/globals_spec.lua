-- E12: what a script does to Lua's standard functions, before or after it loads corm, is no matter of corm's.
local run = require "spec.support.script"

-- What the script prints in a state of its own.
local function output_of(script) return (run(script)) end

-- Takes everything away that corm's own Lua files could use, and keeps what the rest of the script needs.
local breaking = [[
local keep = { assert = assert, print = print, debug = debug, pcall = pcall }
for name, value in pairs(_G) do
  if type(value) == "table" and name ~= "_G" and name ~= "package" and name ~= "debug" then
    for member in pairs(value) do value[member] = nil end
  end
end
local globals = _G
for name in pairs(globals) do globals[name] = keep[name] end
debug.setmetatable("", nil)
]]

local work = [[
local Base = corm.declarative_base()
local Parent = Base:model("Parent", {
  __tablename__ = "parent",
  id = corm.Column(corm.Integer, { primary_key = true }),
  name = corm.Column(corm.String),
  data = corm.Column(corm.PickleType),
  children = corm.relationship("Child", { backref = "parent", order_by = "Child.id" }),
  upper = corm.hybrid_property(function(self) return self.name end),
  corm.validates("name", function(_, _, value) return value end),
})
local Child = Base:model("Child", {
  __tablename__ = "child",
  id = corm.Column(corm.Integer, { primary_key = true }),
  parent_id = corm.Column(corm.ForeignKey("parent.id")),
})
local heard = 0
corm.event.listen(Parent, "before_insert", function() heard = heard + 1 end)
local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)
local session = corm.Session { bind = engine }
session:add(Parent { name = "a", data = { 1, k = "v" }, children = { Child {}, Child {} } })
session:commit()
local a = session:query(Parent):filter_by { name = "a" }:one()
assert(a.upper == "a" and a.data.k == "v" and a.children[2].parent == a and heard == 1)
assert(corm.inspect(a).persistent and corm.aliased(Parent).upper ~= nil)
local ok, err = pcall(function() return a.nmae end)
assert(not ok and err.message == "unknown attribute 'nmae' of Parent; did you mean 'name'?", err.message)
session:close()
print "done"
]]

describe("E12 the standard functions", function()
  it("may vanish after corm was loaded", function()
    assert.same("done\n", output_of('local corm = require "corm"\n' .. breaking .. work))
  end)

  it("may vanish before corm is loaded", function()
    assert.same("done\n", output_of("local require = require\n" .. breaking .. 'local corm = require "corm"\n'
      .. work))
  end)

  it("are left as they were", function()
    assert.same("true	true	mine\n", output_of [[
      local before, strings, find = {}, getmetatable(""), string.find
      for name, value in pairs(_G) do before[name] = value end
      string.rep = function() return "mine" end
      require "corm"
      local same = true
      for name, value in pairs(_G) do same = same and before[name] == value end
      print(same, getmetatable("") == strings and string.find == find, ("x"):rep(3))
    ]])
  end)

  it("are called by no method of a string in corm's own files", function()
    local found = {}
    for path in io.popen("ls lua/corm/*.lua"):lines() do
      local n = 0
      for line in io.lines(path) do
        n = n + 1
        for _, name in ipairs { "format", "sub", "match", "gmatch", "gsub", "rep", "find", "lower", "upper" } do
          if line:find(":" .. name .. "[ (\"]") then found[#found + 1] = path .. ":" .. n .. ": " .. line end
        end
      end
    end
    assert.same({}, found)
  end)
end)
