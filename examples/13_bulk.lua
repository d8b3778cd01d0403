-- Many rows: flushes of few statements, inserts without objects, changes by criteria that objects follow, upserts.
local corm = require "corm"
local Column, Integer, String = corm.Column, corm.Integer, corm.String
local select, insert, update, delete, func = corm.select, corm.insert, corm.update, corm.delete, corm.func

local Base = corm.declarative_base()

local Item = Base:model("Item", {
  __tablename__ = "item",
  id    = Column(Integer, { primary_key = true }),
  code  = Column(String(20), { nullable = false, unique = true }),
  stock = Column(Integer, { nullable = false, default = 0 }),
})

local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)
local session = corm.Session(engine, { expire_on_commit = false })

local function count(title, fn)
  local before = session.statement_count
  local result = fn()
  print(("%-46s %3d statements"):format(title, session.statement_count - before))
  return result, session.statement_count - before
end

-- Objects: a flush writes the rows of a table together.
local _, sent = count("10,000 objects, flushed", function()
  for i = 1, 10000 do session:add(Item { code = "a" .. i, stock = i % 10 }) end
  session:commit()
end)
assert(sent <= 20)

-- Rows, where no objects are wanted. Defaults hold all the same.
count("10,000 rows, inserted", function()
  local rows = {}
  for i = 1, 10000 do rows[i] = { code = "b" .. i } end
  session:execute(insert(Item), rows)
end)
assert(session:scalar(select(func.count()):select_from(Item)) == 20000)

-- Rows that come back as objects, in the order in which they were given.
local made = session:scalars(insert(Item):returning(Item, { sort_by_parameter_order = true }),
  { { code = "c1", stock = 5 }, { code = "c2", stock = 6 } }):all()
assert(made[2].code == "c2" and made[2].stock == 6 and made[2].id)

-- By criteria: one statement, and what is in memory follows without being read again.
count("all that are sold out, ordered", function()
  session:execute(update(Item):where(Item.stock:eq(0)):values { stock = Item.stock + 100 })
end)
count("one of them, looked at", function()
  made[1].stock = 0
  session:execute(update(Item):where(Item.stock:eq(0)):values { stock = 100 })
  assert(made[1].stock == 100)
end)
session:execute(delete(Item):where(Item.code:like "b%"))

-- By key: each row says its own.
session:execute(update(Item), { { id = made[1].id, stock = 1 }, { id = made[2].id, stock = 2 } })
assert(made[1].stock == 1 and made[2].stock == 2)

-- Insert, or update what is there: a delivery, whatever is known of it.
local delivery = insert(Item):on_conflict_do_update {
  index_elements = { "code" },
  set_ = function(excluded) return { stock = Item.stock + excluded.stock } end,
}
session:execute(delivery, { { code = "c2", stock = 40 }, { code = "c3", stock = 7 } })
session:refresh(made[2]) -- which row it met, only the database knows
assert(made[2].stock == 42)
session:commit()

-- A whole table in constant memory, a list at a time.
local sum, lists = 0, 0
for batch in session:in_batches(select(Item), { size = 2500 }) do
  lists = lists + 1
  for _, item in ipairs(batch) do sum = sum + item.stock end
end
print(lists .. " lists, " .. sum .. " pieces")
assert(sum == session:scalar(select(func.sum(Item.stock))))
session:close()
