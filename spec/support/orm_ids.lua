-- How many specs each feature of the ORM has: a block `describe("M19 ...")` of any spec file is of the feature that it
-- begins with (or of several: "U01 U02 ..."), and its it() are counted. ids.count() -> { M01 = 3, ... };
-- ids.required, ids.left_out: id -> reason; ids.table() as text.
local ids = {}

ids.left_out = {
  M33 = "typed classes are Python's; stubs for LuaLS are the counterpart",
  U37 = "third tier: two-phase commits of a session",
}

local ranges = { { "M", 39 }, { "I", 3 }, { "U", 39 }, { "L", 12 } }

ids.required = {}
for _, range in ipairs(ranges) do
  for n = 1, range[2] do
    local id = ("%s%02d"):format(range[1], n)
    if not ids.left_out[id] then table.insert(ids.required, id) end
  end
end

-- The ids at the start of a block's name.
local function ids_of(name)
  local found = {}
  for id in name:match("^[MIUL%d, ]*"):gmatch "%f[%w][MIUL]%d%d%f[^%d]" do found[#found + 1] = id end
  return found
end

local function add_file(counts, path)
  local indent, current
  for line in io.lines(path) do
    local space, name = line:match '^(%s*)describe%("([^"]*)"'
    if not current and name and ids_of(name)[1] then
      indent, current = space, ids_of(name)
      for _, id in ipairs(current) do counts[id] = counts[id] or 0 end
    elseif current and line == indent .. "end)" then
      current = nil
    elseif current and line:match '^%s*it%(' then
      for _, id in ipairs(current) do counts[id] = counts[id] + 1 end
    end
  end
end

function ids.count()
  local counts = {}
  for path in io.popen("ls spec/*_spec.lua"):lines() do add_file(counts, path) end
  return counts
end

function ids.missing()
  local counts, missing = ids.count(), {}
  for _, id in ipairs(ids.required) do
    if (counts[id] or 0) == 0 then table.insert(missing, id) end
  end
  return missing
end

function ids.table()
  local counts, missing = ids.count(), ids.missing()
  local lines, line, sum = {}, {}, 0
  for i, id in ipairs(ids.required) do
    sum = sum + (counts[id] or 0)
    table.insert(line, ("%s %3d"):format(id, counts[id] or 0))
    if i % 10 == 0 or i == #ids.required then
      table.insert(lines, table.concat(line, "   "))
      line = {}
    end
  end
  table.insert(lines, ("%d specs of %d features; none yet of %d: %s"):format(sum, #ids.required, #missing,
    table.concat(missing, " ")))
  local names = {}
  for id in pairs(ids.left_out) do names[#names + 1] = id end
  table.sort(names)
  for _, id in ipairs(names) do table.insert(lines, ("left out: %s, %s"):format(id, ids.left_out[id])) end
  return table.concat(lines, "\n")
end

return ids
