-- One program, three databases: the URL says which, and nothing else changes.
--
--   corm examples/11_three_databases.lua sqlite:///shop.db \
--     postgresql://me:secret@localhost/shop mariadb://me:secret@localhost/shop
--
-- Without a URL it uses SQLite in memory. Its tables (shop_order and shop_item) are made, and dropped at the end.
local corm = require "corm"
local Column, Integer, String, Numeric = corm.Column, corm.Integer, corm.String, corm.Numeric

local Base = corm.declarative_base()

local Order = Base:model("Order", {
  __tablename__ = "shop_order",
  id       = Column(Integer, { primary_key = true }),
  customer = Column(String(50), { nullable = false }), -- MariaDB wants a length
  placed   = Column(corm.DateTime),
  paid     = Column(corm.Boolean, { default = false }),
  note     = Column(corm.JSON),
  items    = corm.relationship("Item", { back_populates = "order", cascade = "all, delete-orphan",
    order_by = "Item.id" }),
})

local Item = Base:model("Item", {
  __tablename__ = "shop_item",
  id       = Column(Integer, { primary_key = true }),
  order_id = Column(Integer, corm.ForeignKey("shop_order.id"), { nullable = false }),
  name     = Column(String(50), { nullable = false, unique = true }),
  price    = Column(Numeric(10, 2)),
  order    = corm.relationship("Order", { back_populates = "items" }),
})

-- What the program finds out on one database, as lines.
local function run(url)
  local lines = {}
  local function say(...) lines[#lines + 1] = table.concat({ ... }, "  ") end

  local engine = corm.create_engine(url)
  Base.metadata:drop_all(engine)
  Base.metadata:create_all(engine)
  local session = corm.Session { bind = engine }

  -- One flush writes them all, on servers with one statement for the rows of each table; their keys come back.
  for i, customer in ipairs { "Ada", "Żaneta", "Grace" } do
    local order = Order {
      customer = customer, placed = corm.datetime(2026, 11, i, 12, 30), note = { gift = i == 2, tags = { "a", i } },
    }
    for n = 1, i do
      order.items:append(Item { name = ("%s's thing %d"):format(customer, n), price = corm.decimal "19.99" * n })
    end
    session:add(order)
  end
  session:commit()

  local spent = corm.func.sum(Item.price)
  local query = corm.select(Order, spent:label("spent")):join(Order.items):group_by(Order.id):order_by(Order.id)
  for row in session:execute(query) do
    local order = row.Order
    say(order.id, order.customer, tostring(order.placed), tostring(order.note.gift), tostring(row.spent))
  end

  -- A failed statement leaves nothing behind, wherever it fails, and says what was wrong in the same words.
  session:add(Order { customer = "Eve", items = { Item { name = "Ada's thing 1" } } })
  local ok, err = pcall(session.commit, session)
  say("twice the same name:", tostring(ok), err.class, err.kind, err.table)
  session:rollback()

  -- Orphans go with the list that held them.
  local grace = session:scalars(corm.select(Order):filter_by { customer = "Grace" }):one()
  grace.items:remove(grace.items[1])
  grace.paid = true
  session:commit()
  say("items left:", session:scalar(corm.select(corm.func.count()):select_from(Item)))
  say("paid:", session:scalars(corm.select(Order.customer):where(Order.paid:is_(true))):one())

  session:close()
  Base.metadata:drop_all(engine)
  engine:dispose()
  return lines, engine.name
end

local urls = #arg > 0 and arg or { "sqlite://" }
local first, names
for i, url in ipairs(urls) do
  local lines, name = run(url)
  if i == 1 then
    first, names = table.concat(lines, "\n"), { name }
    print(first)
  else
    assert(table.concat(lines, "\n") == first, name .. " says something else:\n" .. table.concat(lines, "\n"))
    names[#names + 1] = name
  end
end
print("the same on: " .. table.concat(names, ", "))
