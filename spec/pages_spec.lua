-- Pages by key give each row once, in the order that was asked for, whatever columns that is by; NULLs come last.
-- CORM_TEST_SEED repeats a run; CORM_TEST_PAGES says how many orders there are.
local corm = require "corm"
local database = require "spec.support.database"
local drawn = require "spec.support.drawn"

local total = drawn.count("CORM_TEST_PAGES", 200)
local seed = drawn.seed()
local Column, Integer = corm.Column, corm.Integer

local Base = corm.declarative_base()
local Item = Base:model("Item", {
  __tablename__ = "item",
  a = Column(Integer, { primary_key = true, autoincrement = false }),
  b = Column(corm.String(5), { primary_key = true }),
  whole = Column(Integer),
  real = Column(corm.Float),
  truth = Column(corm.Boolean),
  day = Column(corm.Date),
  time = Column(corm.DateTime),
  price = Column(corm.Numeric(6, 2)),
  sure = Column(Integer, { nullable = false }),
  is_new = Column(corm.Boolean, { nullable = false }),
})
local NAMES = { "a", "b", "whole", "real", "truth", "day", "time", "price", "sure", "is_new" }

local function row_of(random, i)
  local row = { a = i % 4, b = "k" .. i, sure = random(3), is_new = random(2) == 1 }
  local function maybe(name, value)
    if random(3) > 1 then row[name] = value end
  end
  maybe("whole", random(3) - 2)
  maybe("real", (random(5) - 3) / 4)
  maybe("truth", random(2) == 1)
  maybe("day", corm.date(2000, 1, random(4)))
  maybe("time", corm.datetime(2000, 1, random(2), random(3), 0, 0, random(3) * 1000))
  maybe("price", corm.decimal(random(4) - 2 .. ".50"))
  return row
end

local function order_of(random)
  local order, used = {}, {}
  for _ = 1, random(4) - 1 do
    local name = NAMES[random(#NAMES)]
    if not used[name] then order[#order + 1] = (random(2) == 1 and "-" or "") .. name end
    used[name] = true
  end
  return order
end

local function rank(value)
  if type(value) ~= "boolean" then return value end
  return value and 1 or 0
end

local function sorted(rows, order)
  local list, keys = table.move(rows, 1, #rows, 1, {}), table.move(order, 1, #order, 1, {})
  keys[#keys + 1], keys[#keys + 2] = "a", "b"
  table.sort(list, function(x, y)
    for _, key in ipairs(keys) do
      local minus, name = key:match "^(%-?)(.*)$"
      local p, q = rank(x[name]), rank(y[name])
      if p ~= q then
        if p == nil or q == nil then return q == nil end
        if minus == "-" then return q < p end
        return p < q
      end
    end
    return false
  end)
  return list
end

local function names_of(list)
  local names = {}
  for i, each in ipairs(list) do names[i] = each.a .. each.b end
  return table.concat(names, " ")
end

local function read(session, random, statement, order, limit)
  local seen, after = {}, nil
  repeat
    local page = session:paginate(statement, { order_by = order, limit = limit, after = after })
    assert(#page <= limit and #seen < 60, "too many rows")
    table.move(page, 1, #page, #seen + 1, seen)
    after = page.next
    if random(3) == 1 then session:expire_all() end
  until not after
  return seen
end

describe("random pages", function()
  local engine

  setup(function()
    engine = database.engine()
    Base.metadata:create_all(engine)
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)

  it(("give each row once, in order (seed %d)"):format(seed), function()
    local random = drawn.numbers(seed)
    for i = 1, total do
      local session, rows = corm.Session { bind = engine }, {}
      session:execute(corm.delete(Item, { all = true }))
      for k = 1, random(25) do
        rows[k] = row_of(random, k)
        session:add(Item(rows[k]))
      end
      session:commit()
      local order, limit, statement = order_of(random), random(6), corm.select(Item)
      if random(3) == 1 then
        statement = statement:where(Item.sure:lt(3))
        for k = #rows, 1, -1 do
          if rows[k].sure == 3 then table.remove(rows, k) end
        end
      end
      local seen = read(session, random, statement, order, limit)
      assert.equal(names_of(sorted(rows, order)), names_of(seen),
        ("seed %d, %d: by %s, %d a page"):format(seed, i, table.concat(order, ", "), limit))
      session:close()
    end
  end)
end)
