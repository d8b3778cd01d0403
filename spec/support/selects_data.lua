-- The tables, classes and rows that random selects are about. In a row NULL is corm.null; a date is ISO text, which
-- compares as dates do. A bag has no key, so that it may hold a row twice.
local corm = require "corm"

local null = corm.null
local selects_data = {}

selects_data.tables = { "node", "item", "tag", "item_tag", "bag" }
selects_data.columns = {
  node = { { "id", "int" }, { "parent_id", "int" }, { "n", "int" }, { "s", "text" }, { "b", "bool" }, { "d", "date" } },
  item = { { "id", "int" }, { "node_id", "int" }, { "n", "int" }, { "s", "text" }, { "b", "bool" }, { "d", "date" } },
  tag = { { "id", "int" }, { "n", "int" }, { "s", "text" } },
  item_tag = { { "item_id", "int" }, { "tag_id", "int" } },
  bag = { { "n", "int" }, { "s", "text" }, { "b", "bool" } },
}
selects_data.types = { int = corm.Integer, text = corm.String(20), bool = corm.Boolean, date = corm.Date,
  real = corm.Float }
selects_data.classes = { node = "Node", item = "Item", tag = "Tag" }
selects_data.keyed = { node = true, item = true, tag = true }

-- { name, target, of many, { own column, other column } or through item_tag }
selects_data.relationships = {
  node = {
    { name = "parent", target = "node", own = "parent_id", other = "id" },
    { name = "children", target = "node", many = true, own = "id", other = "parent_id" },
    { name = "items", target = "item", many = true, own = "id", other = "node_id" },
  },
  item = {
    { name = "node", target = "node", own = "node_id", other = "id" },
    { name = "tags", target = "tag", many = true, through = { "item_id", "tag_id" } },
  },
  tag = { { name = "items", target = "item", many = true, through = { "tag_id", "item_id" } } },
}

-- The foreign key between two tables, whichever has it: { column of the first, column of the second }.
selects_data.keys = {
  item = { node = { "node_id", "id" }, item_tag = { "id", "item_id" } },
  node = { item = { "id", "node_id" } },
  tag = { item_tag = { "id", "tag_id" } },
  item_tag = { item = { "item_id", "id" }, tag = { "tag_id", "id" } },
}

-- True when the relationship leads from one row to the other.
function selects_data.leads(data, relationship, from, to)
  local through = relationship.through
  if not through then
    local value = from[relationship.own]
    return value ~= null and value == to[relationship.other]
  end
  for _, pair in ipairs(data.item_tag) do
    if pair[through[1]] == from.id and pair[through[2]] == to.id then return true end
  end
  return false
end

function selects_data.make()
  local Base = corm.declarative_base()
  local Column, ForeignKey, relationship = corm.Column, corm.ForeignKey, corm.relationship
  local function id() return Column(corm.Integer, { primary_key = true }) end
  local m = { Base = Base, table = {} }
  local function pair(name, target) return Column(name, corm.Integer, ForeignKey(target), { primary_key = true }) end
  m.table.item_tag = corm.Table("item_tag", Base.metadata, pair("item_id", "item.id"), pair("tag_id", "tag.id"))
  m.table.bag = corm.Table("bag", Base.metadata, Column("n", corm.Integer), Column("s", corm.String(20)),
    Column("b", corm.Boolean))
  m.node = Base:model("Node", {
    __tablename__ = "node", id = id(), parent_id = Column(corm.Integer, ForeignKey "node.id"),
    n = Column(corm.Integer), s = Column(corm.String(20)), b = Column(corm.Boolean), d = Column(corm.Date),
    parent = relationship("Node", { back_populates = "children", remote_side = "Node.id" }),
    children = relationship("Node", { back_populates = "parent" }),
    items = relationship("Item", { back_populates = "node" }),
  })
  m.item = Base:model("Item", {
    __tablename__ = "item", id = id(), node_id = Column(corm.Integer, ForeignKey "node.id"),
    n = Column(corm.Integer), s = Column(corm.String(20)), b = Column(corm.Boolean), d = Column(corm.Date),
    node = relationship("Node", { back_populates = "items" }),
    tags = relationship("Tag", { secondary = m.table.item_tag, back_populates = "items" }),
  })
  m.tag = Base:model("Tag", {
    __tablename__ = "tag", id = id(), n = Column(corm.Integer), s = Column(corm.String(20)),
    items = relationship("Item", { secondary = m.table.item_tag, back_populates = "tags" }),
  })
  for _, name in ipairs { "node", "item", "tag" } do m.table[name] = m[name].__table__ end
  return m
end

-- -- values ----------------------------------------------------------------------------------------------------------

local values = {
  int = { -7, -2, -1, 0, 1, 2, 3, 5 },
  text = { "", "a", "b", "ab", "ba", "abc", "c" },
  bool = { true, false },
  date = { "2024-01-31", "2024-02-29", "2025-12-31", "2026-01-01" },
}

function selects_data.value(random, type_) return values[type_][random(#values[type_])] end

-- A value of the plan as one for corm.
function selects_data.to_corm(value, type_)
  if value == null then return null end
  if type_ == "date" then return corm.date(value) end
  return value
end

function selects_data.fill(random)
  local data = {}
  local function some(type_) return random(4) > 1 and selects_data.value(random, type_) or null end
  local function flag() return random(4) > 1 and random(2) == 1 or (random(2) == 1 and null or false) end
  local function refer(n) return n > 0 and random(4) > 1 and random(n) or null end
  local function add(name, most, make)
    local n = random(5) == 1 and 0 or random(most)
    data[name] = {}
    for i = 1, n do data[name][i] = make(i) end
  end
  add("node", 5, function(i)
    return { id = i, parent_id = refer(i - 1), n = some "int", s = some "text", b = flag(), d = some "date" }
  end)
  add("item", 6, function(i)
    return { id = i, node_id = refer(#data.node), n = some "int", s = some "text", b = flag(), d = some "date" }
  end)
  add("tag", 3, function(i) return { id = i, n = some "int", s = some "text" } end)
  add("bag", 5, function() return { n = some "int", s = some "text", b = flag() } end)
  data.item_tag = {}
  for i = 1, #data.item do
    for j = 1, #data.tag do
      if random(3) == 1 then table.insert(data.item_tag, { item_id = i, tag_id = j }) end
    end
  end
  return data
end

function selects_data.write(connection, m, data)
  connection:execute(corm.update(m.table.node, { all = true }):values { parent_id = null })
  for i = #selects_data.tables, 1, -1 do
    connection:execute(corm.delete(m.table[selects_data.tables[i]], { all = true }))
  end
  for _, name in ipairs(selects_data.tables) do
    for _, row in ipairs(data[name]) do
      local new = {}
      for _, column in ipairs(selects_data.columns[name]) do
        new[column[1]] = selects_data.to_corm(row[column[1]], column[2])
      end
      connection:execute(corm.insert(m.table[name]):values(new))
    end
  end
end

return selects_data
