-- Random expressions, evaluated by SQLite and by Lua: what is compiled means what was written. CORM_TEST_SEED repeats a
-- run, CORM_TEST_EXPRESSIONS says how many there are.
local corm = require "corm"
local database = require "spec.support.database"
local evaluate = require "spec.support.evaluate"

local count = math.tointeger(tonumber(os.getenv "CORM_TEST_EXPRESSIONS" or 100000))
local seed = math.tointeger(tonumber(os.getenv "CORM_TEST_SEED" or os.time()))
local types = { "int", "real", "text", "bool" }
local AT_ONCE = 100

local columns = { corm.Column("id", corm.Integer, { primary_key = true }) }
for _, name in ipairs { "i", "j", "x", "y", "s", "t", "p", "q" } do
  columns[#columns + 1] = corm.Column(name, evaluate.kinds[evaluate.columns[name]])
end
local metadata = corm.MetaData()
local sample = corm.Table("sample", metadata, table.unpack(columns))

local function values_of(row)
  local values = {}
  for name, value in pairs(row) do values[name] = value end
  return values
end

-- What the database says of the trees: a list for each row, by position.
local function ask(connection, trees)
  local expressions = {}
  for i, tree in ipairs(trees) do expressions[i] = evaluate.build(tree, sample):label("e" .. i) end
  local found = {}
  for row in connection:execute(corm.select(table.unpack(expressions)):select_from(sample):order_by(sample.c.id)) do
    found[#found + 1] = row
  end
  return found
end

local function same(expected, got)
  if expected == corm.null then return got == nil end
  return expected == got and math.type(expected) == math.type(got)
end

-- The row in which the database and Lua differ about the tree, and both values; nil: they agree.
local function difference(connection, tree)
  for i, row in ipairs(ask(connection, { tree })) do
    local expected = evaluate.value(tree, evaluate.rows[i])
    if expected ~= nil and not same(expected, row[1]) then return i, expected, row[1] end
  end
end

-- The smallest part of a tree that is worth something else than Lua says.
local function explain(connection, tree)
  local smallest
  evaluate.each(tree, function(part)
    if not smallest and difference(connection, part) then smallest = part end
  end)
  smallest = smallest or tree
  local i, expected, got = difference(connection, smallest)
  return ("seed %d: %s is %s in row %s where Lua says %s: %s"):format(seed, evaluate.show(smallest), tostring(got),
    tostring(i), tostring(expected), evaluate.build(smallest, sample):compile({ dialect = "sqlite" }).string)
end

-- A tree that is worth something in every row.
local function draw(random)
  while true do
    local tree = evaluate.random(random, types[random(#types)], random(5))
    local expected = {}
    for i, row in ipairs(evaluate.rows) do
      expected[i] = evaluate.value(tree, row)
      if expected[i] == nil then break end
    end
    if #expected == #evaluate.rows then return tree, expected end
  end
end

describe(("random expressions (seed %d)"):format(seed), function()
  local engine, connection

  local function open(url)
    engine = corm.create_engine(url)
    connection = engine:connect()
    metadata:create_all(connection)
    for _, row in ipairs(evaluate.rows) do connection:execute(corm.insert(sample):values(values_of(row))) end
    math.randomseed(seed)
  end

  after_each(function()
    connection:rollback()
    connection:close()
    engine:dispose()
    database.clean()
  end)

  it(("are worth to SQLite what they are worth to Lua: %d of them"):format(count), function()
    open "sqlite://"
    for _ = 1, count // AT_ONCE do
      local trees, expected = {}, {}
      for i = 1, AT_ONCE do trees[i], expected[i] = draw(math.random) end
      for r, row in ipairs(ask(connection, trees)) do
        for i = 1, AT_ONCE do
          if not same(expected[i][r], row[i]) then error(explain(connection, trees[i]), 0) end
        end
      end
    end
  end)

  it("choose the rows for which they are true", function()
    open "sqlite://"
    for _ = 1, count // 20 do
      local tree = evaluate.random(math.random, "bool", 3)
      local expected, known = {}, true
      for _, row in ipairs(evaluate.rows) do
        local value = evaluate.value(tree, row)
        known = known and value ~= nil
        if value == true then expected[#expected + 1] = row.id end
      end
      if known then
        local stmt = corm.select(sample.c.id):where(evaluate.build(tree, sample)):order_by(sample.c.id)
        local got = connection:scalars(stmt):all()
        if table.concat(expected, ",") ~= table.concat(got, ",") then
          error(("seed %d: WHERE %s"):format(seed, evaluate.show(tree)), 0)
        end
      end
    end
  end)

  -- True, false or NULL: one of the three for each row, whatever the database makes of the rest.
  it("divide the rows into three parts on every database", function()
    open(database.url())
    for _ = 1, count // 50 do
      local tree = evaluate.random(math.random, "bool", 4, evaluate.is_common)
      local condition, sum = evaluate.build(tree, sample), 0
      for _, part in ipairs { condition, corm.not_(condition), condition:is_(nil) } do
        sum = sum + connection:scalar(corm.select(corm.func.count()):select_from(sample):where(part))
      end
      if sum ~= #evaluate.rows then
        error(("seed %d: %d rows of %s"):format(seed, sum, evaluate.show(tree)), 0)
      end
    end
  end)
end)
