-- Smaller plans than a given one (selects_plan), and others like it.
local drawn = require "spec.support.drawn"

local selects_shrink = {}

local OPTIONAL = { "where", "having", "order", "limit", "offset", "distinct", "filter", "nulls", "desc", "criterion",
  "rows", "negated", "unsaid" }
local LISTS = { columns = 1, from = 1, order = 0, ctes = 0, group = 99, parts = 2, args = 9, partition = 0 }
local SIMPLE = { int = 1, text = "a", bool = true, date = "2024-01-31" }

-- The same plan with other values: its statement has the same text. other(type): a value.
function selects_shrink.vary(plan, other)
  local new = drawn.copy(plan)
  local function down(part)
    if part.op == "value" then part.value = other(part.type) end
    if part.op == "in_rows" then
      for _, row in ipairs(part.rows) do
        for i, arg in ipairs(part.args) do row[i] = other(arg.type) end
      end
    end
    if part.offset then part.offset = (part.offset + 1) % 4 end
    for _, value in pairs(part) do
      if type(value) == "table" and getmetatable(value) == nil then down(value) end
    end
  end
  down(new)
  return new
end

-- Functions that give a smaller plan each.
function selects_shrink.smaller(plan)
  local found = {}
  local function change(path, edit)
    found[#found + 1] = function()
      local new = drawn.copy(plan)
      local at = new
      for i = 1, #path - 1 do at = at[path[i]] end
      edit(at, path[#path])
      return new
    end
  end
  local function replace(path, part)
    change(path, function(at, key) at[key] = drawn.copy(part) end)
  end
  local function of_expr(path, expr)
    for _, arg in ipairs(expr.args or {}) do
      if arg.type == expr.type then replace(path, arg) end
    end
    if SIMPLE[expr.type] ~= nil and expr.op ~= "value" and expr.op ~= "column" then
      replace(path, { op = "value", type = expr.type, value = SIMPLE[expr.type] })
    end
  end
  local function down(path, part)
    local function longer(key)
      local new = { table.unpack(path) }
      new[#new + 1] = key
      return new
    end
    if part.op and part.type then of_expr(path, part) end
    if part.kind == "set" then
      for _, each in ipairs(part.parts) do replace(path, each) end
    end
    for _, key in ipairs(OPTIONAL) do
      if part[key] ~= nil and part[key] ~= false and not (key == "rows" and (part.kind or part.op == "in_rows")) then
        change(longer(key), function(at, name) at[name] = nil end)
      end
    end
    for key, value in pairs(part) do
      if type(value) == "table" and getmetatable(value) == nil then
        if LISTS[key] and #value > LISTS[key] then
          for i = #value, 1, -1 do
            change(longer(key), function(at, name) table.remove(at[name], i) end)
          end
        end
        down(longer(key), value)
      end
    end
  end
  down({}, plan)
  return found
end

-- The smallest plan that fails in the way of this one, and how. run(plan) gives what is wrong, and its kind.
function selects_shrink.least(run, plan, err, kind)
  local function alike(smaller)
    local ok, found, of_kind = pcall(run, smaller)
    return ok and of_kind == kind and found or nil
  end
  return drawn.shrink(alike, plan, err, selects_shrink.smaller)
end

return selects_shrink
