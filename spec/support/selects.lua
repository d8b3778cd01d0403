-- Random selects on a database, beside what plain Lua finds in the same rows: plans (selects_plan), what they mean
-- (selects_rows), statements (selects_build).
local corm = require "corm"
local builder = require "spec.support.selects_build"
local draw = require "spec.support.selects_draw"
local drawn = require "spec.support.drawn"
local plans = require "spec.support.selects_plan"
local rows_of = require "spec.support.selects_rows"
local shrink = require "spec.support.selects_shrink"

local null = corm.null
local selects = {
  plan = draw.random, least = shrink.least, vary = shrink.vary,
  statement = builder.statement,
}

-- A value as the database gave it in the form of Lua's own ones; a second value where that is no value of the type.
local function plain(value, type_, is_entity)
  if value == nil then return null end
  if is_entity then return value.id end
  if type_ == "date" then
    local text = tostring(value)
    return text, (type(value) == "string" or not text:match "^%d%d%d%d%-%d%d%-%d%d$") and "no date" or nil
  end
  local kind = type_ == "int" and "integer" or type_ == "real" and "float"
  if kind then return value, math.type(value) ~= kind and "no " .. kind or nil end
  return value, type(value) ~= (type_ == "bool" and "boolean" or "string") and "no " .. type_ or nil
end

local function found_rows(result, plan, types)
  local list = {}
  local first = plan.query.kind == "select" and plan.query or nil
  for row in result do
    local values = {}
    for i, type_ in ipairs(types) do
      local column = first and first.columns[i]
      local err
      values[i], err = plain(row[i], type_, column and column.expr.op == "entity")
      if err then return nil, ("column %d is %s, which is %s"):format(i, tostring(row[i]), err) end
      if column and column.label and row[column.label] ~= row[i] then
        return nil, "another value by the name " .. column.label
      end
    end
    list[#list + 1] = values
  end
  return list
end

-- The rows as text, without floats, and these.
local function texts(rows, types)
  local list = {}
  for i, row in ipairs(rows) do
    local exact, reals = {}, {}
    for j, type_ in ipairs(types) do
      if type_ == "real" then
        reals[#reals + 1] = row[j] == null and -1e9 or row[j]
      else
        exact[#exact + 1] = row[j] == null and "NULL" or ("%q"):format(row[j])
      end
    end
    list[i] = { text = table.concat(exact, ", "), reals = reals }
  end
  return list
end

local function sorted(list)
  table.sort(list, function(a, b)
    if a.text ~= b.text then return a.text < b.text end
    for i = 1, #a.reals do
      if a.reals[i] ~= b.reals[i] then return a.reals[i] < b.reals[i] end
    end
    return false
  end)
end

local function is_same(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i].text ~= b[i].text then return false end
    for j = 1, #a[i].reals do
      if math.abs(a[i].reals[j] - b[i].reals[j]) > 1e-3 then return false end
    end
  end
  return true
end

local function lines(list)
  local parts = {}
  for i, entry in ipairs(list) do parts[i] = "(" .. entry.text .. " " .. table.concat(entry.reals, " ") .. ")" end
  return table.concat(parts, " ")
end

-- Rows without corm's types on either side: the statement as text, its values in it.
local function untyped(value)
  if value == nil then return null end
  if type(value) == "boolean" then return value and 1 or 0 end
  return math.type(value) and (math.tointeger(value) or value) or tostring(value)
end

-- What is wrong with the statement where its values stand in the text.
local function check_literal(session, stmt, plan, expected, types)
  for _, column in ipairs(plan.query.columns or {}) do
    if column.expr.op == "entity" or column.expr.type == "real" then return nil end
  end
  local text = stmt:compile({ dialect = session.bind.dialect.name, literal_binds = true }).string
  local got, right = {}, {}
  for row in session:connection():exec_driver_sql(text) do
    local list = {}
    for i in ipairs(types) do list[i] = untyped(row[i]) end
    got[#got + 1] = list
  end
  for i, row in ipairs(expected) do
    right[i] = {}
    for j in ipairs(types) do right[i][j] = row[j] == null and null or untyped(row[j]) end
  end
  got, right = texts(got, types), texts(right, types)
  sorted(got)
  sorted(right)
  if not is_same(got, right) then return "as text: " .. text .. "\n" .. lines(got) end
end

-- What is wrong with the plan on the database, and of what kind it is; nil where nothing is. `nulls_small`: NULL comes
-- before all values there.
function selects.check(session, m, data, plan, nulls_small)
  local expected = rows_of.find(plan, data, nulls_small)
  if not expected then return nil end
  local ok, stmt = pcall(builder.statement, m, plan)
  if not ok then return "building: " .. tostring(stmt), "building " .. tostring(stmt):gsub("%d+", ""):sub(1, 80) end
  local types = plans.types(plan.query)
  local got, err
  ok, err = pcall(function()
    got, err = found_rows(session:execute(stmt), plan, types)
    return err
  end)
  if not ok then
    if tostring(err):find "DisconnectError" then error(tostring(err) .. "\n" .. drawn.show(plan), 0) end
    session:rollback()
    return tostring(err), "error " .. tostring(err):gsub("%d+", ""):gsub("%(.*", ""):sub(1, 60)
  end
  if not got then return err, "value" end
  local right, left = texts(expected, types), texts(got, types)
  if not plans.is_total(plan.query) then
    sorted(right)
    sorted(left)
  end
  if is_same(right, left) then
    if not plan.literal or session.bind.dialect.name ~= "sqlite" then return nil end -- others read types from the text
    local fine, wrong = pcall(check_literal, session, stmt, plan, expected, types)
    if not fine then session:rollback() end
    return wrong, "literal"
  end
  return ("the database says %s\nwhere Lua says %s"):format(lines(left), lines(right)), "rows"
end

return selects
