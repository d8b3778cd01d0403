-- What specs have in common that draw what they do: numbers by a seed, and plans, which are plain tables, as text,
-- copied and made smaller.
local drawn = {}

-- CORM_TEST_SEED, else `otherwise`, else what time it is.
function drawn.seed(otherwise)
  return math.tointeger(tonumber(os.getenv "CORM_TEST_SEED" or otherwise or os.time()))
end

-- How many there are: what the variable says, else a share of n (CORM_TEST_SHARE: instrumented code takes longer).
function drawn.count(variable, n)
  local share = tonumber(os.getenv "CORM_TEST_SHARE") or 1
  return math.tointeger(tonumber(os.getenv(variable) or n * share // 1))
end

-- A function: f(n) is a number from 1 to n. As Lua's own, whose state is not ours alone.
function drawn.numbers(state)
  return function(n)
    state = (state * 6364136223846793005 + 1442695040888963407) & math.maxinteger
    return (state >> 24) % n + 1
  end
end

function drawn.copy(value)
  if type(value) ~= "table" then return value end
  local new = {}
  for key, part in pairs(value) do new[key] = drawn.copy(part) end
  return setmetatable(new, getmetatable(value))
end

local function show_key(list, key)
  if type(key) == "string" then
    return key:match "^%a+$" and key ~= "end" and key .. " = " or ("[%q] = "):format(key)
  end
  return (key == 1 or list[key - 1] ~= nil) and "" or ("[%d] = "):format(key)
end

-- As Lua that gives it.
function drawn.show(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" then return tostring(value) end
  local keys, parts = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, key in ipairs(keys) do parts[i] = show_key(value, key) .. drawn.show(value[key]) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- The smallest plan that is wrong, too, and what is wrong with it. run(plan) says that; smaller(plan) is a list of
-- functions that give a smaller one each.
function drawn.shrink(run, plan, err, smaller)
  local again = true
  while again do
    again = false
    for _, make in ipairs(smaller(plan)) do
      local new = make()
      local said = run(new)
      if said then
        plan, err, again = new, said, true
        break
      end
    end
  end
  return plan, err
end

-- Of a plan that is a list: one item less.
function drawn.without_one(plan)
  local list = {}
  for i = #plan, 1, -1 do
    list[#list + 1] = function()
      local new = drawn.copy(plan)
      table.remove(new, i)
      return new
    end
  end
  return list
end

-- Runs a plan; one that is wrong is an error that shows the smallest such plan, and the seed that leads to it.
function drawn.check(seed, plan, run, smaller)
  local err = run(plan)
  if not err then return end
  plan, err = drawn.shrink(run, plan, err, smaller)
  error(("seed %d: %s, of\n%s"):format(seed, err, drawn.show(plan)), 0)
end

return drawn
