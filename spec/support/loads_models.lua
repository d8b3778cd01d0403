-- The classes of the random loads (spec/support/loads.lua), rows of them at random, and what each relationship leads
-- to, found in these rows by plain Lua.
local corm = require "corm"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship = corm.relationship

local loads_models = {}

local function id() return Column(Integer, { primary_key = true, autoincrement = false }) end
local function to(target) return Column(Integer, ForeignKey(target)) end

-- Relationships to aliases: neighbours of a company, cheap tools of a vendor, the vendor of a tool where it is of the
-- first region, spare tools of an engineer, and who has the same boss.
local function through_aliases(m)
  local and_, foreign, aliased = corm.and_, corm.foreign, corm.aliased
  local near, cheap, first, spare, peer =
    aliased(m.company), aliased(m.tool), aliased(m.vendor), aliased(m.tool), aliased(m.person)
  m.company.near = relationship(near, { viewonly = true, order_by = near.id,
    primaryjoin = and_(foreign(near.place_id):eq(m.company.place_id), near.id:ne(m.company.id)) })
  m.vendor.cheap = relationship(cheap, { viewonly = true, order_by = cheap.id:desc(), primaryjoin = and_(
    cheap.vendor_region:eq(m.vendor.region), cheap.vendor_id:eq(m.vendor.id), cheap.name:le "tool2") })
  m.tool.first = relationship(first, { viewonly = true, uselist = false, primaryjoin = and_(
    first.region:eq(foreign(m.tool.vendor_region)), first.id:eq(foreign(m.tool.vendor_id)), first.region:eq(1)) })
  m.engineer.spares = relationship(spare, { viewonly = true, order_by = spare.id,
    primaryjoin = and_(foreign(spare.engineer_id):eq(m.engineer.id), spare.id:gt(2)) })
  m.person.peers = relationship(peer, { viewonly = true, order_by = peer.id:desc(),
    primaryjoin = and_(foreign(peer.boss_id):eq(m.person.boss_id), peer.id:ne(m.person.id)) })
end

-- Companies in places; persons, of whom some are engineers with tools and some managers with an office; tools of
-- vendors with a key of two parts; items in one table, of which books and films have relationships of their own.
function loads_models.make()
  local Base = corm.declarative_base()
  local function pairs_of(name, left, right)
    return corm.Table(name, Base.metadata,
      Column("left_id", Integer, ForeignKey(left), { primary_key = true }),
      Column("right_id", Integer, ForeignKey(right), { primary_key = true }))
  end
  local person_tag = pairs_of("person_tag", "person.id", "tag.id")
  local friend = pairs_of("friend", "person.id", "person.id")
  local item_tag = pairs_of("item_tag", "item.id", "tag.id")
  local m = { Base = Base, person_tag = person_tag, friend = friend, item_tag = item_tag }

  m.place = Base:model("Place", {
    __tablename__ = "place", id = id(), name = Column(String(20)),
    companies = relationship("Company", { back_populates = "place",
      order_by = function() return m.company.id:desc() end }),
  })
  m.company = Base:model("Company", {
    __tablename__ = "company", id = id(), name = Column(String(20)), place_id = to "place.id",
    place = relationship("Place", { back_populates = "companies" }),
    people = relationship("Person", { back_populates = "company", order_by = "Person.id" }),
    seniors = relationship("Person", { viewonly = true, order_by = function() return m.person.id:desc() end,
      primaryjoin = function() return corm.and_(m.company.id:eq(m.person.company_id), m.person.age:ge(40)) end }),
    engineers = relationship("Engineer", { viewonly = true, order_by = "Engineer.id" }),
  })
  m.tag = Base:model("Tag", {
    __tablename__ = "tag", id = id(), name = Column(String(20)), parent_id = to "tag.id",
    parent = relationship("Tag", { back_populates = "children", remote_side = "Tag.id" }),
    children = relationship("Tag", { back_populates = "parent" }),
    people = relationship("Person", { secondary = person_tag, back_populates = "tags" }),
  })
  m.person = Base:model("Person", {
    __tablename__ = "person", id = id(), kind = Column(String(20)), name = Column(String(20)), age = Column(Integer),
    bio = corm.deferred(Column(String(20))), company_id = to "company.id", boss_id = to "person.id",
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "person" },
    company = relationship("Company", { back_populates = "people" }),
    boss = relationship("Person", { back_populates = "staff", remote_side = "Person.id" }),
    staff = relationship("Person", { back_populates = "boss", order_by = function() return m.person.id:desc() end }),
    tags = relationship("Tag", { secondary = person_tag, back_populates = "people", order_by = "Tag.id" }),
    friends = relationship("Person", { secondary = friend,
      primaryjoin = function() return m.person.id:eq(friend.c.left_id) end,
      secondaryjoin = function() return m.person.id:eq(friend.c.right_id) end }),
    badge = relationship("Badge", { back_populates = "person", uselist = false }),
    items = relationship("Item", { back_populates = "owner", foreign_keys = "Item.owner_id", order_by = "Item.id" }),
  })
  m.engineer = m.person:model("Engineer", {
    __tablename__ = "engineer", id = Column(Integer, ForeignKey "person.id", { primary_key = true }),
    level = Column(Integer), mentor_id = to "engineer.id",
    __mapper_args__ = { polymorphic_identity = "engineer" },
    tools = relationship("Tool", { back_populates = "engineer", order_by = "Tool.id" }),
    mentor = relationship("Engineer", { foreign_keys = "Engineer.mentor_id", remote_side = "Engineer.id" }),
  })
  m.manager = m.person:model("Manager", {
    __tablename__ = "manager", id = Column(Integer, ForeignKey "person.id", { primary_key = true }),
    budget = Column(Integer), office_id = to "place.id",
    __mapper_args__ = { polymorphic_identity = "manager" },
    office = relationship("Place"),
  })
  m.badge = Base:model("Badge", {
    __tablename__ = "badge", id = id(), name = Column(String(20)), person_id = to "person.id",
    person = relationship("Person", { back_populates = "badge" }),
  })
  m.vendor = Base:model("Vendor", {
    __tablename__ = "vendor", region = id(), id = id(), name = Column(String(20)),
    tools = relationship("Tool", { back_populates = "vendor", order_by = "Tool.id" }),
  })
  m.tool = Base:model("Tool", {
    __tablename__ = "tool", id = id(), name = Column(String(20)), engineer_id = to "engineer.id",
    vendor_region = Column(Integer), vendor_id = Column(Integer),
    engineer = relationship("Engineer", { back_populates = "tools" }),
    vendor = relationship("Vendor", { back_populates = "tools" }),
    corm.ForeignKeyConstraint({ "vendor_region", "vendor_id" }, { "vendor.region", "vendor.id" }),
  })
  m.item = Base:model("Item", {
    __tablename__ = "item", id = id(), kind = Column(String(20)), name = Column(String(20)),
    owner_id = to "person.id",
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "item" },
    owner = relationship("Person", { back_populates = "items", foreign_keys = "Item.owner_id" }),
  })
  m.book = m.item:model("Book", {
    pages = Column(Integer), author_id = to "person.id",
    __mapper_args__ = { polymorphic_identity = "book" },
    author = relationship("Person", { foreign_keys = "Book.author_id" }),
  })
  m.film = m.item:model("Film", {
    minutes = Column(Integer),
    __mapper_args__ = { polymorphic_identity = "film" },
    tags = relationship("Tag", { secondary = item_tag, order_by = function() return m.tag.id:desc() end }),
  })
  through_aliases(m)
  return m
end

-- base: the class above; columns: with a value each, keys first; deferred ones besides.
local kinds = {
  place = { columns = { "id", "name" } },
  company = { columns = { "id", "name", "place_id" } },
  tag = { columns = { "id", "name", "parent_id" } },
  person = { columns = { "id", "kind", "name", "age", "company_id", "boss_id" }, deferred = { "bio" } },
  engineer = { base = "person", columns = { "level", "mentor_id" } },
  manager = { base = "person", columns = { "budget", "office_id" } },
  badge = { columns = { "id", "name", "person_id" } },
  vendor = { columns = { "region", "id", "name" }, key = { "region", "id" } },
  tool = { columns = { "id", "name", "engineer_id", "vendor_region", "vendor_id" } },
  item = { columns = { "id", "kind", "name", "owner_id" } },
  book = { base = "item", columns = { "pages", "author_id" } },
  film = { base = "item", columns = { "minutes" } },
}
loads_models.kinds = kinds
loads_models.tables = { "place", "company", "tag", "person", "engineer", "manager", "badge", "vendor", "tool", "item" }
loads_models.roots = { "place", "company", "tag", "person", "badge", "vendor", "tool", "item" }
loads_models.order = { "place", "company", "tag", "person", "engineer", "manager", "badge", "vendor", "tool", "item",
  "book", "film" }

function loads_models.is_a(kind, wanted)
  while kind and kind ~= wanted do kind = kinds[kind].base end
  return kind == wanted
end
local is_a = loads_models.is_a

-- The rows of a kind and of those below it, by key.
function loads_models.rows(data, kind, keep)
  local found = {}
  for _, row in ipairs(data.rows) do
    if is_a(row.__kind, kind) and (not keep or keep(row)) then found[#found + 1] = row end
  end
  return found
end
local rows = loads_models.rows

-- Relationships: one(column, target) to the row with that key; many(target, column), by id; through(table, ...).
local function one(column, target)
  return { kind = target, find = function(data, row)
    return rows(data, target, function(other) return row[column] ~= nil and other.id == row[column] end)
  end }
end

local function reversed(list)
  local back = {}
  for i = #list, 1, -1 do back[#back + 1] = list[i] end
  return back
end

local function many(target, column, order, keep)
  return { kind = target, many = true, order = order, find = function(data, row)
    local found = rows(data, target, function(other)
      return other[column] == row.id and (not keep or keep(other))
    end)
    return order == "desc" and reversed(found) or found
  end }
end

local function through(pairs_name, target, order, back)
  return { kind = target, many = true, order = order, find = function(data, row)
    local found = rows(data, target, function(other)
      for _, pair in ipairs(data[pairs_name]) do
        local left, right = pair[back and 2 or 1], pair[back and 1 or 2]
        if left == row.id and right == other.id then return true end
      end
      return false
    end)
    return order == "desc" and reversed(found) or found
  end }
end

-- Those that have the same in a column.
local function beside(target, column, order)
  return { kind = target, many = true, order = order, find = function(data, row)
    local found = rows(data, target, function(other)
      return row[column] ~= nil and other[column] == row[column] and other.id ~= row.id
    end)
    return order == "desc" and reversed(found) or found
  end }
end

local function relate(kind, list)
  kinds[kind].relationships = list
end

relate("place", { companies = many("company", "place_id", "desc") })
relate("company", {
  place = one("place_id", "place"), people = many("person", "company_id", "asc"),
  seniors = many("person", "company_id", "desc", function(p) return p.age ~= nil and p.age >= 40 end),
  engineers = many("engineer", "company_id", "asc"), near = beside("company", "place_id", "asc"),
})
relate("tag", {
  parent = one("parent_id", "tag"), children = many("tag", "parent_id"),
  people = through("person_tag", "person", nil, true),
})
relate("person", {
  company = one("company_id", "company"), boss = one("boss_id", "person"), staff = many("person", "boss_id", "desc"),
  tags = through("person_tag", "tag", "asc"), friends = through("friend", "person"),
  badge = { kind = "badge", find = many("badge", "person_id").find }, items = many("item", "owner_id", "asc"),
  peers = beside("person", "boss_id", "desc"),
})
relate("engineer", {
  tools = many("tool", "engineer_id", "asc"), mentor = one("mentor_id", "engineer"),
  spares = many("tool", "engineer_id", "asc", function(tool) return tool.id > 2 end),
})
relate("manager", { office = one("office_id", "place") })
relate("badge", { person = one("person_id", "person") })
local function is_of(tool, vendor) return tool.vendor_region == vendor.region and tool.vendor_id == vendor.id end
relate("vendor", {
  tools = { kind = "tool", many = true, order = "asc", find = function(data, row)
    return rows(data, "tool", function(tool) return is_of(tool, row) end)
  end },
  cheap = { kind = "tool", many = true, order = "desc", find = function(data, row)
    return reversed(rows(data, "tool", function(tool) return is_of(tool, row) and tool.name <= "tool2" end))
  end },
})
relate("tool", {
  engineer = one("engineer_id", "engineer"),
  vendor = { kind = "vendor", find = function(data, row)
    return rows(data, "vendor", function(vendor) return is_of(row, vendor) end)
  end },
  first = { kind = "vendor", find = function(data, row)
    return rows(data, "vendor", function(vendor) return vendor.region == 1 and is_of(row, vendor) end)
  end },
})
relate("item", { owner = one("owner_id", "person") })
relate("book", { author = one("author_id", "person") })
relate("film", { tags = through("item_tag", "tag", "desc") })

-- Names in one order, so that a seed means the same each time. Those of the classes above come first, then its own,
-- then with `below` those of the classes below: { name, kind that has it }.
local function names_of(list)
  local names = {}
  for name in pairs(list) do names[#names + 1] = name end
  table.sort(names)
  return names
end

function loads_models.relationships(kind, below)
  local found = {}
  for _, other in ipairs(loads_models.order) do
    if is_a(kind, other) or (below and is_a(other, kind)) then
      for _, name in ipairs(names_of(kinds[other].relationships)) do
        found[#found + 1] = { name = name, kind = other }
      end
    end
  end
  return found
end

function loads_models.find(kind, name)
  while kind do
    local found = kinds[kind].relationships[name]
    if found then return found end
    kind = kinds[kind].base
  end
end

-- Data ---------------------------------------------------------------------------------------------------------------

local function some(random, n) return random(3) > 1 and random(n) or nil end

local function add_pairs(random, data, name, n, left, right, kind)
  local seen = {}
  data[name] = {}
  for _ = 1, random(2 * n) do
    local pair = { random(left), random(right) }
    local key = table.concat(pair, " ")
    local from = rows(data, kind, function(row) return row.id == pair[1] end)[1]
    if from and not seen[key] then table.insert(data[name], pair) end
    seen[key] = true
  end
end

local function add_people(random, data, n, companies, places)
  local engineers
  for i = 1, n do
    local kind = ({ "person", "engineer", "engineer", "manager" })[random(4)]
    local row = { __kind = kind, id = i, kind = kind, name = "p" .. random(5), age = some(random, 80), bio = "b" .. i,
      company_id = some(random, companies), boss_id = i > 1 and some(random, i - 1) or nil }
    if kind == "engineer" then
      row.level, row.mentor_id = some(random, 3), some(random, 2) and engineers
      engineers = i
    elseif kind == "manager" then
      row.budget, row.office_id = some(random, 100), some(random, places)
    end
    table.insert(data.rows, row)
  end
  return engineers
end

-- Rows of all kinds, { __kind, column = value, ... }, and pairs of the secondary tables.
function loads_models.data(random)
  local data = { rows = {} }
  local function add(kind, n, make)
    for i = 1, n do
      local row = make(i)
      row.__kind, row.id, row.name = row.__kind or kind, row.id or i, row.name or kind .. random(4)
      table.insert(data.rows, row)
    end
  end
  local places, companies, tags, people, items = random(3), random(4), random(6), random(14), random(10)
  add("place", places, function() return {} end)
  add("company", companies, function() return { place_id = some(random, places) } end)
  add("tag", tags, function(i) return { parent_id = i > 1 and some(random, i - 1) or nil } end)
  local engineer = add_people(random, data, people, companies, places)
  local badges = 0
  for i = 1, people do
    if random(3) == 1 then
      badges = badges + 1
      table.insert(data.rows, { __kind = "badge", id = badges, name = "badge" .. random(4), person_id = i })
    end
  end
  for region = 1, 2 do
    for i = 1, random(3) do
      table.insert(data.rows, { __kind = "vendor", region = region, id = i, name = "v" .. random(3) })
    end
  end
  local vendors = rows(data, "vendor")
  add("tool", random(8), function()
    local vendor = some(random, 2) and vendors[random(#vendors)] or {}
    return { engineer_id = some(random, 2) and engineer, vendor_region = vendor.region, vendor_id = vendor.id }
  end)
  add("item", items, function()
    local kind = ({ "item", "book", "film" })[random(3)]
    return { __kind = kind, kind = kind, owner_id = some(random, people),
      author_id = kind == "book" and some(random, people) or nil, pages = kind == "book" and some(random, 900) or nil,
      minutes = kind == "film" and some(random, 200) or nil }
  end)
  add_pairs(random, data, "person_tag", people, people, tags, "person")
  add_pairs(random, data, "friend", people, people, people, "person")
  add_pairs(random, data, "item_tag", items, items, tags, "film")
  return data
end

-- Writes them, by tables and not by objects.
function loads_models.write(connection, m, data)
  for _, kind in ipairs(loads_models.tables) do
    local columns = { table.unpack(kinds[kind].columns) }
    for _, name in ipairs(kinds[kind].deferred or {}) do table.insert(columns, name) end
    if kinds[kind].base then table.insert(columns, "id") end
    if kind == "item" then table.move({ "pages", "author_id", "minutes" }, 1, 3, #columns + 1, columns) end
    for _, row in ipairs(rows(data, kind)) do
      local values = {}
      for _, name in ipairs(columns) do values[name] = row[name] == nil and corm.null or row[name] end
      connection:execute(corm.insert(m[kind].__table__):values(values))
    end
  end
  for _, name in ipairs { "person_tag", "friend", "item_tag" } do
    for _, pair in ipairs(data[name]) do
      connection:execute(corm.insert(m[name]):values { left_id = pair[1], right_id = pair[2] })
    end
  end
end

return loads_models
