-- What the catalogs share: reading the names of types as databases spell them.
local corm = ...
local types = {}

-- The arguments of a type, "(10,2)" or "('a','it''s')", as a list of texts, and the place behind; where `at` points at
-- no parenthesis, none and `at`.
local function read_arguments(text, at)
  local arguments, position = {}, string.match(text, "^%(%s*()", at)
  if not position then return arguments, at end
  while string.sub(text, position, position) ~= ")" do
    local word, after = string.match(text, "^'([^']*)'()", position)
    if word then
      local more, behind = string.match(text, "^'([^']*)'()", after)
      while more do
        word, after = word .. "'" .. more, behind
        more, behind = string.match(text, "^'([^']*)'()", after)
      end
    else
      word, after = string.match(text, "^([^,)]-)%s*%f[,)]()", position)
      if not word then return {}, #text + 1 end
    end
    arguments[#arguments + 1] = word
    position = string.match(text, "^%s*,?%s*()", after)
  end
  return arguments, position + 1
end

-- "DECIMAL(10, 2) unsigned" -> "DECIMAL", { "10", "2" }, "unsigned".
function types.split(text)
  local word, at = string.match(text, "^%s*([^(]*)()")
  local arguments, behind = read_arguments(text, at)
  return string.match(word, "^(.-)%s*$"), arguments, string.match(text, "^%s*(.-)%s*$", behind)
end

-- A type with numbers as arguments where there are any: types.sized(corm.VARCHAR, { "20" }).
function types.sized(type_, arguments)
  local numbers = {}
  for i, argument in ipairs(arguments) do numbers[i] = math.tointeger(tonumber(argument)) end
  return #numbers > 0 and type_(table.unpack(numbers)) or type_
end

types.unknown = corm.NullType

return types
