-- Lua files whose literals can be told apart and changed: literals.load(path) runs the file and gives what it returns,
-- and `tokens`, one by one for each string and number in its text. A function of the file that runs later sees
-- `tokens.changed[i]` in place of the i-th literal, and `tokens.seen` notes which literals were evaluated.
local literals = {}

-- The end of a long bracket that begins at i, or nil.
local function long_end(source, i)
  local level = source:match("^%[(=*)%[", i)
  if not level then return nil end
  local _, stop = source:find("]" .. level .. "]", i, true)
  return stop
end

-- The end of a quoted string that begins at i.
local function quoted_end(source, i)
  local quote, at = source:sub(i, i), i + 1
  while source:sub(at, at) ~= quote do
    at = at + (source:sub(at, at) == "\\" and 2 or 1)
  end
  return at
end

-- The piece of text that begins at i, and whether it is a literal.
local function piece(source, i)
  if source:find("^%-%-", i) then
    local stop = long_end(source, i + 2)
    return source:sub(i, stop or select(2, source:find("^[^\n]*", i)))
  end
  local stop = long_end(source, i)
  if not stop and source:find("^[\"']", i) then stop = quoted_end(source, i) end
  if stop then return source:sub(i, stop), true end
  local word = source:match("^[%a_][%w_]*", i)
  if word then return word end
  local number = source:match("^0[xX][%x.]+", i) or source:match("^%d[%d.]*[eE][+-]?%d+", i) or
    source:match("^%d+%.?%d*", i)
  if number and source:sub(i + #number - 1, i + #number) ~= ".." then return number, true end
  return source:match("^%.+", i) or source:sub(i, i)
end

-- The source with each literal x as (__literal(i, x)).
local function instrumented(source)
  local out, i, n = {}, 1, 0
  while i <= #source do
    local text, literal = piece(source, i)
    i = i + #text
    if literal then
      n = n + 1
      text = ("(__literal(%d,%s))"):format(n, text)
    end
    out[#out + 1] = text
  end
  return table.concat(out)
end

function literals.load(path)
  local tokens = { changed = {}, seen = {} }
  local file <close> = assert(io.open(path))
  local env = setmetatable({ __literal = function(i, value)
    tokens.seen[i] = value
    local other = tokens.changed[i]
    if other ~= nil then return other end
    return value
  end }, { __index = _G })
  return assert(load(instrumented(file:read "a"), "=" .. path, "t", env))(), tokens
end

return literals
