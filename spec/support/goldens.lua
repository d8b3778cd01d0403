-- How many golden statements each feature has: goldens.count() -> { X01 = 12, ... }, the number of those on all
-- dialects, the number of those that only one database's text is given for; goldens.table() as text; goldens.required:
-- the features that may not be without one.
local goldens = {}

-- All of schema and language but what is no text: reflection (S20, S21) and the enforcement of keys on SQLite (S25)
-- are about databases, lambda statements (X33) about Python.
local ranges = { S = { { 1, 19 }, { 22, 24 }, { 26, 27 } }, X = { { 1, 32 }, { 34, 34 } } }

goldens.required = {}
for _, letter in ipairs { "S", "X" } do
  for _, range in ipairs(ranges[letter]) do
    for n = range[1], range[2] do table.insert(goldens.required, ("%s%02d"):format(letter, n)) end
  end
end

-- What one database spells in a way of its own.
local own = { "mysql", "postgresql" }

local function add(counts, subjects)
  local sum = 0
  for _, subject in ipairs(subjects) do
    for _, group in ipairs(require("spec.sql." .. subject)) do
      counts[group.id] = (counts[group.id] or 0) + #group
      sum = sum + #group
    end
  end
  return sum
end

function goldens.count()
  local counts = {}
  local sum = add(counts, require "spec.sql")
  return counts, sum, add(counts, own)
end

function goldens.table()
  local counts, sum, single = goldens.count()
  local lines, line = {}, {}
  for i, id in ipairs(goldens.required) do
    table.insert(line, ("%s %3d"):format(id, counts[id] or 0))
    if i % 10 == 0 or i == #goldens.required then
      table.insert(lines, table.concat(line, "   "))
      line = {}
    end
  end
  table.insert(lines, ("%d statements, each on the generic dialect and four databases' dialects"):format(sum))
  table.insert(lines, ("%d statements on one database's dialect"):format(single))
  return table.concat(lines, "\n")
end

return goldens
