-- session:plan(): what a flush would send, as values to look at.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail

-- What only the database or a function of the script could say.
local Placeholder = { __name = "corm.Placeholder", __metatable = "corm.Placeholder" }
function Placeholder:__tostring() return self.text end
Placeholder.__index = function() return nil end

local function placeholder(text) return setmetatable({ text = text }, Placeholder) end

local MOST_ROWS, MOST_BYTES = 3, 60

-- A JSON value; what lies deep is left out.
local function show_table(value, depth)
  if type(value) == "string" then return string.format("%q", value) end
  if type(value) ~= "table" or getmetatable(value) and not value[1] then return tostring(value) end
  if depth == 0 then return "{...}" end
  local shown = {}
  for i, item in ipairs(value) do shown[i] = show_table(item, depth - 1) end
  if shown[1] then return "[" .. table.concat(shown, ", ") .. "]" end
  for _, key in ipairs(orm.sorted_keys(value)) do
    shown[#shown + 1] = tostring(key) .. ": " .. show_table(value[key], depth - 1)
  end
  return "{" .. table.concat(shown, ", ") .. "}"
end

local function show(value)
  if value == corm.null then return "NULL" end
  if type(value) == "table" and not getmetatable(value) then value = show_table(value, 3) end
  if type(value) ~= "string" then return tostring(value) end
  if #value > MOST_BYTES then value = string.sub(value, 1, MOST_BYTES) .. "..." end
  value = string.gsub(string.gsub(value, "'", "''"), "[%c\x80-\xff]", function(c)
    return string.byte(c) < 32 and string.format("\\x%02x", string.byte(c)) or c
  end)
  return "'" .. value .. "'"
end

local function show_row(row)
  local shown = {}
  for i, value in ipairs(row) do shown[i] = show(value) end
  return "(" .. table.concat(shown, ", ") .. ")"
end

local function show_parameters(statement)
  local parameters = statement.parameters
  if not statement.executemany then return show_row(parameters) end
  local lines = {}
  for i = 1, math.min(#parameters, MOST_ROWS) do lines[i] = show_row(parameters[i]) end
  if #parameters > MOST_ROWS then lines[#lines + 1] = string.format("... %d in all", #parameters) end
  return table.concat(lines, "\n   ")
end

local Plan = { __name = "corm.Plan" }
Plan.__index = Plan

function Plan:__tostring()
  local lines = {}
  for i, read in ipairs(self.reads) do lines[i] = "-- reads " .. read .. " first" end
  for i, statement in ipairs(self) do
    lines[#lines + 1] = string.format("%d. %s %s, %d row%s: %s", i, statement.kind, statement.table,
      statement.rows, statement.rows == 1 and "" or "s", (string.gsub(statement.sql, "%s+", " ")))
    lines[#lines + 1] = "   " .. show_parameters(statement)
  end
  return #lines == 0 and "nothing to flush" or table.concat(lines, "\n")
end

local function plan(session, options)
  local what = "Session:plan"
  if native.kind(session) ~= "Session" then
    fail("ArgumentError", "%s: a Session expected, got %s; methods are called with a colon", what, native.kind(session))
  end
  if options ~= nil and type(options) ~= "table" then
    fail("ArgumentError", "%s: a table of options expected, got %s", what, native.kind(options))
  end
  for key, value in next, options or {} do
    if key ~= "load" then
      native.unknown("option", what, tostring(key), { "load" })
    end
    if type(value) ~= "boolean" then
      fail("ArgumentError", "%s: option 'load': a boolean expected, got %s", what, native.kind(value))
    end
  end
  local statements, reads = native.plan(session, options and options.load or false, placeholder)
  statements.reads = reads
  return setmetatable(statements, Plan)
end

-- session:explain(statement, parameters, options) ---------------------------------------------------------------------

-- SQLite's rows are a tree.
local function tree(rows)
  local lines, depth = {}, {}
  for i, row in ipairs(rows) do
    depth[row.id] = (depth[row.parent] or 0) + 1
    lines[i] = string.rep("  ", depth[row.id] - 1) .. row.detail
  end
  return lines
end

local function first_column(rows, columns)
  local lines = {}
  for i, row in ipairs(rows) do lines[i] = row[columns[1]] end
  return lines
end

-- MariaDB's are a table, whose cells may be NULL.
local function grid(rows, columns)
  local cells, widths = { { table.unpack(columns) } }, {}
  for i, row in ipairs(rows) do
    cells[i + 1] = {}
    for k, name in ipairs(columns) do cells[i + 1][k] = row[name] == nil and "" or tostring(row[name]) end
  end
  for _, line in ipairs(cells) do
    for k, cell in ipairs(line) do widths[k] = math.max(widths[k] or 0, #cell) end
  end
  local lines = {}
  for i, line in ipairs(cells) do
    for k, cell in ipairs(line) do line[k] = cell .. string.rep(" ", widths[k] - #cell) end
    lines[i] = string.gsub(table.concat(line, "  "), " +$", "")
  end
  return lines
end

local Explanation = { __name = "corm.Explanation" }
function Explanation:__tostring()
  local columns = self.columns
  local lines = columns[#columns] == "detail" and tree or #columns == 1 and first_column or grid
  return table.concat(lines(self, columns), "\n")
end

local function explain(session, statement, parameters, options)
  if native.kind(session) ~= "Session" then
    fail("ArgumentError", "Session:explain: a Session expected, got %s; methods are called with a colon",
      native.kind(session))
  end
  options = orm.check_options("Session:explain", options, { analyze = "boolean" })
  local result = native.explain(session, statement, parameters, options.analyze)
  local rows, columns = {}, {}
  for i, name in ipairs(result:keys()) do columns[i] = name end
  for row in result do
    local values = {}
    for i, name in ipairs(columns) do values[name] = row[i] end
    rows[#rows + 1] = values
  end
  rows.columns = columns
  return setmetatable(rows, Explanation)
end

return { plan = plan, explain = explain }
