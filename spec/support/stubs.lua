-- Reads the LuaLS stubs of lua/corm/meta: classes with their parents and the members that they declare.
local page = require "spec.support.page"

local stubs = {}

-- Paths below lua/corm/meta, without .lua.
stubs.files = {}
for path in page.list("lua/corm/meta", "lua") do
  table.insert(stubs.files, (path:match "^lua/corm/meta/(.*)%.lua$"))
end

function stubs.path(file)
  return "lua/corm/meta/" .. file .. ".lua"
end

local function new_class(classes, line)
  local name, parents = line:match "^%-%-%-@class ([%w_.]+)%s*:?%s*(.*)$"
  name = name:match "^corm%.(.*)$" or name
  if name == "corm" and classes.corm then return classes.corm end -- the module stands in several files
  local class = { name = name, parents = {}, members = {} }
  for parent in parents:gmatch "corm%.([%w_]+)" do class.parents[#class.parents + 1] = parent end
  assert(not classes[name], "two classes named " .. name)
  classes[name] = class
  return class
end

-- Name -> { name, parents, members }. `members` is what the class declares itself: name -> "field", "method" or
-- "function".
function stubs.classes()
  local classes = {}
  for _, file in ipairs(stubs.files) do
    local current, tables = nil, {}
    for line in page.read(stubs.path(file)):gmatch "[^\n]*" do
      local local_name = line:match "^local ([%w_]+) = {}$"
      local owner, separator, name = line:match "^function ([%w_]+)([.:])([%w_]+)%("
      if line:match "^%-%-%-@class" then
        current = new_class(classes, line)
      elseif line:match "^%-%-%-@field [%w_]" then
        current.members[line:match "^%-%-%-@field ([%w_]+)"] = "field"
      elseif local_name then
        tables[local_name] = current
      elseif owner then
        local class = assert(tables[owner], line)
        assert(not class.members[name], line)
        class.members[name] = separator == ":" and "method" or "function"
      end
    end
  end
  return classes
end

-- The class and all that are above it.
function stubs.lineage(classes, name, into)
  into = into or {}
  into[#into + 1] = classes[name]
  for _, parent in ipairs(classes[name].parents) do stubs.lineage(classes, parent, into) end
  return into
end

return stubs
