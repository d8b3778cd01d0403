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

local function show(value)
  if value == corm.null then return "NULL" end
  if type(value) ~= "string" then return tostring(value) end
  if #value > MOST_BYTES then value = value:sub(1, MOST_BYTES) .. "..." end
  return "'" .. value:gsub("'", "''"):gsub("[%c\x80-\xff]", function(c)
    return c:byte() < 32 and ("\\x%02x"):format(c:byte()) or c
  end) .. "'"
end

local function show_row(row)
  local shown = {}
  for i, value in ipairs(row) do shown[i] = show(value) end
  return "(" .. table.concat(shown, ", ") .. ")"
end

local function show_parameters(statement)
  local parameters = statement.parameters
  if type(parameters[1]) ~= "table" or getmetatable(parameters[1]) then return show_row(parameters) end
  local lines = {}
  for i = 1, math.min(#parameters, MOST_ROWS) do lines[i] = show_row(parameters[i]) end
  if #parameters > MOST_ROWS then lines[#lines + 1] = ("... %d in all"):format(#parameters) end
  return table.concat(lines, "\n   ")
end

local Plan = { __name = "corm.Plan" }
Plan.__index = Plan

function Plan:__tostring()
  local lines = {}
  for i, read in ipairs(self.reads) do lines[i] = "-- reads " .. read .. " first" end
  for i, statement in ipairs(self) do
    lines[#lines + 1] = ("%d. %s %s, %d row%s: %s"):format(i, statement.kind, statement.table, statement.rows,
      statement.rows == 1 and "" or "s", (statement.sql:gsub("%s+", " ")))
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

native.method("Session", "plan", plan)
