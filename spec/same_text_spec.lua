-- P18: the text of a statement is the same, byte for byte, for any two sets of values of one shape. The golden cases
-- are built again with hostile values in place of the literals in their source (spec/support/literals.lua). A literal
-- is a value where a change of it changes what is bound; where it changes only the text it is a name, a length or a
-- label.
local corm = require "corm"
local literals = require "spec.support.literals"
local new_schema = require "spec.support.schema"

local dialects = { false, "sqlite", "postgresql", "mysql", "mariadb" }

-- Words that are SQL, quotes, comments and placeholders of all drivers, and words of other alphabets.
local hostile = "'); DROP TABLE book; --\" ` \\ % _ :name ? $1 %s {} \u{feff}\u{2028}\u{1f4a3}"

-- What may stand for a literal, the most hostile first: a type may refuse it.
local function others(value, n)
  if math.type(value) == "integer" then return { 1000003 + n, value + 1 } end
  if type(value) == "number" then return { 1e300 + n, 7.25 + n } end
  local day = ("19%02d-11-30"):format(n % 100)
  return { hostile .. n, day, day .. " 12:34:56", ("%d.5"):format(n),
    ("00000000-0000-0000-0000-%012d"):format(n), ("%02d:34:56"):format(n % 24) }
end

-- Text and bound values for a dialect (nil: it refuses the statement).
local function compiled(build, schema, dialect)
  local ok, result = pcall(function()
    local made = build(corm, schema):compile { dialect = dialect or nil }
    return { made.string, made.params }
  end)
  if ok then return result[1], result[2] end
end

-- How often each value is bound. Parameters are named after columns and functions, so names do not count.
local function bound(params, out)
  out = out or {}
  for _, value in pairs(params or {}) do
    if type(value) == "table" then
      bound(value, out)
    else
      local shown = tostring(value)
      out[shown] = (out[shown] or 0) + 1
    end
  end
  return out
end

local function same(a, b)
  for value, n in pairs(a) do
    if b[value] ~= n then return false end
  end
  for value in pairs(b) do
    if not a[value] then return false end
  end
  return true
end

-- How many of a's values are b's, too.
local function left(a, b)
  local n = 0
  for value in pairs(a) do n = n + (b[value] and 1 or 0) end
  return n
end

describe("the text of each golden statement", function()
  local sum = { cases = 0, bare = 0, whole = 0, positions = 0 }
  local partly, dependent = {}, {} -- lists of names, a set of them

  -- The literals that are values: of each, what may stand there.
  local function values_of(case, schema, tokens, text, params, name)
    local found = {}
    for i, value in pairs(tokens.seen) do
      for _, other in ipairs(others(value, i)) do
        tokens.changed = { [i] = other }
        local now, with = compiled(case[2], schema, false)
        if now and not same(params, bound(with)) then
          if now == text then found[i] = other else dependent[name] = true end
          break -- a dependent one is not changed with the others
        end
      end
    end
    tokens.changed = {}
    return found
  end

  local function compare(case, schema, tokens, subject)
    tokens.seen = {}
    local text, params = compiled(case[2], schema, false)
    if not text then return end
    sum.cases = sum.cases + 1
    params = bound(params)
    if not next(params) then
      sum.bare = sum.bare + 1
      return
    end
    local evaluated = tokens.seen
    local changed = values_of(case, schema, tokens, text, params, subject .. ": " .. case[1])
    tokens.seen = evaluated
    for _ in pairs(changed) do sum.positions = sum.positions + 1 end
    for _, dialect in ipairs(dialects) do
      local before, old = compiled(case[2], schema, dialect)
      tokens.changed = changed
      local after, new = compiled(case[2], schema, dialect)
      tokens.changed = {}
      assert.equal(before, after, ("%s: %s (%s)"):format(subject, case[1], dialect or "generic"))
      if not dialect then
        local kept = left(bound(old), bound(new))
        if kept == 0 then sum.whole = sum.whole + 1 else table.insert(partly, subject .. ": " .. case[1]) end
      end
    end
  end

  it("is the same for hostile values in place of its own", function()
    for _, subject in ipairs(require "spec.sql") do
      local groups, tokens = literals.load("spec/sql/" .. subject .. ".lua")
      local schema = new_schema()
      for _, group in ipairs(groups) do
        for _, case in ipairs(group) do compare(case, schema, tokens, subject) end
      end
    end
  end)

  -- What takes no part is counted, so that it cannot grow unseen.

  it("was compared with most values changed", function()
    assert.is_true(sum.whole >= 550 and sum.positions >= 900,
      ("%d statements with values, %d literals changed"):format(sum.whole, sum.positions))
  end)

  it("was compared with all values changed but those that are no literals", function()
    -- null, nil and booleans; keys of JSON written as fields (data.a); strings given when the file was loaded.
    assert.is_true(#partly <= 41, #partly .. ":\n" .. table.concat(partly, "\n"))
  end)

  it("does not change but by what a case's own code goes by", function()
    -- element[1] of a construct and the pattern of its %s, the columns that select(2, ...) takes, a name that is also a
    -- value, text that a case compiled itself; the 0 of a frame, which is CURRENT ROW, and of a slice, which is no
    -- OFFSET.
    local names = {}
    for name in pairs(dependent) do names[#names + 1] = name end
    table.sort(names)
    assert.same({ "clauses: slice from 0", "constructs: a column element", "constructs: a column element selected",
      "constructs: a statement", "constructs: plain values and names", "labels: by table and column", "labels: plain",
      "own_types: process_literal_param", "windows: groups" }, names)
  end)
end)
