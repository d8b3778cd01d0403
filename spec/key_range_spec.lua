-- Eager loading of more parents than one statement lists: by a range, where the keys make one.
local corm = require "corm"
local database = require "spec.support.database"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, BigInteger = corm.Column, corm.ForeignKey, corm.Integer, corm.BigInteger
local select, selectinload = corm.select, corm.selectinload

-- PostgreSQL's driver sends the lists of collections ahead instead; SQLite's statements cost no round trip.
local ahead = database.name ~= "mariadb"
local embedded = database.name == "sqlite"

local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.link = corm.Table("link", Base.metadata,
    Column("parent_id", BigInteger, ForeignKey("parent.id"), { primary_key = true }),
    Column("tag_id", Integer, ForeignKey("tag.id"), { primary_key = true }))
  m.Parent = Base:model("Parent", {
    __tablename__ = "parent",
    id = Column(BigInteger, { primary_key = true, autoincrement = false }),
    children = corm.relationship("Child", { back_populates = "parent", order_by = "Child.id" }),
    tags = corm.relationship("Tag", { secondary = m.link, order_by = "Tag.id" }),
  })
  m.Child = Base:model("Child", {
    __tablename__ = "child",
    id = Column(Integer, { primary_key = true }),
    parent_id = Column(BigInteger, ForeignKey("parent.id"), { index = true }),
    parent = corm.relationship("Parent", { back_populates = "children" }),
  })
  m.Tag = Base:model("Tag", { __tablename__ = "tag", id = Column(Integer, { primary_key = true }) })
  m.Code = Base:model("Code", {
    __tablename__ = "code",
    id = Column(corm.String(20), { primary_key = true }),
    uses = corm.relationship "Use",
  })
  m.Use = Base:model("Use", {
    __tablename__ = "use_",
    id = Column(Integer, { primary_key = true }),
    code = Column(corm.String(20), ForeignKey("code.id")),
  })
  return m
end

describe("many keys of an eager load", function()
  local w, m, session

  before_each(function()
    w = world.open(models())
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  -- Parents with these keys; the k-th has children 2k - 1 and 2k.
  local function fill(keys)
    local parents, children = {}, {}
    for k, key in ipairs(keys) do
      parents[k] = { id = key }
      children[2 * k - 1] = { id = 2 * k - 1, parent_id = key }
      children[2 * k] = { id = 2 * k, parent_id = key }
    end
    w.engine:begin(function(conn)
      conn:execute(corm.insert(m.Parent), parents)
      conn:execute(corm.insert(m.Child), children)
    end)
    w:statements()
  end

  local function span(low, high)
    local keys = {}
    for key = low, high do
      keys[#keys + 1] = key
      if key == high then break end -- the greatest integer has nothing behind it
    end
    return keys
  end

  local function without(keys, hole)
    local kept = {}
    for _, key in ipairs(keys) do
      if not hole(key) then kept[#kept + 1] = key end
    end
    return kept
  end

  -- What follows WHERE in the statements sent, lists as their lengths: "parent_id IN [500]".
  local function conditions()
    local list = {}
    for _, text in ipairs(w:statements()) do
      local where = text:match " WHERE (.*)$"
      if where then
        where = where:gsub(" ORDER BY .*", ""):gsub("%((%?[?, ]*)%)", function(items)
          local _, n = items:gsub("%?", "")
          return "[" .. n .. "]"
        end)
        list[#list + 1] = where:gsub("[%w_]+%.", "")
      end
    end
    return table.concat(list, "; ")
  end

  -- Loads all parents with their children: the conditions, and whether each has its own two.
  local function load_children(keys)
    local parents = session:scalars(select(m.Parent):order_by(m.Parent.id):options(selectinload(m.Parent.children)))
      :all()
    local sent = conditions()
    assert.equal(#keys, #parents)
    for k, parent in ipairs(parents) do
      assert.equal(keys[k], parent.id)
      assert.equal(2, #parent.children)
      assert.equal(2 * k - 1, parent.children[1].id)
      assert.equal(2 * k, parent.children[2].id)
      assert.equal(parent, parent.children[2].parent)
    end
    assert.equal(0, w:count())
    return sent
  end

  local function check(keys, range, lists)
    fill(keys)
    assert.equal(ahead and lists or range, load_children(keys))
  end

  it("are asked for by their bounds when none is missing between them", function()
    check(span(1, 1200), "parent_id BETWEEN ? AND ?", "parent_id IN [500]; parent_id IN [500]; parent_id IN [200]")
  end)

  it("may be negative", function()
    check(span(-700, -100), "parent_id BETWEEN ? AND ?", "parent_id IN [500]; parent_id IN [101]")
  end)

  it("may begin and end with the least and the greatest integer", function()
    check(span(math.mininteger, math.mininteger + 500), "parent_id BETWEEN ? AND ?",
      "parent_id IN [500]; parent_id IN [1]")
  end)

  it("may end with the greatest integer", function()
    check(span(math.maxinteger - 500, math.maxinteger), "parent_id BETWEEN ? AND ?",
      "parent_id IN [500]; parent_id IN [1]")
  end)

  it("are no range when they are as far apart as integers can be", function()
    local keys = span(math.mininteger, math.mininteger + 299)
    for _, key in ipairs(span(math.maxinteger - 299, math.maxinteger)) do keys[#keys + 1] = key end
    local lists = "parent_id IN [500]; parent_id IN [100]"
    check(keys, lists, lists)
  end)

  it("name the holes between them when these are few", function()
    local keys = without(span(1, 800), function(key) return key % 100 == 50 end)
    check(keys, "parent_id BETWEEN ? AND ? AND (parent_id NOT IN [8])", "parent_id IN [500]; parent_id IN [292]")
  end)

  it("leave out children of a hole's parent", function()
    fill(span(1, 600))
    local parents = session:scalars(select(m.Parent):where(m.Parent.id:ne(300)):order_by(m.Parent.id)
      :options(selectinload(m.Parent.children))):all()
    assert.equal(599, #parents)
    assert.equal(300 * 2 + 1, parents[300].children[1].id)
    w:statements()
    assert.equal(0, w:count(function() session:get(m.Child, 601) end))
    assert.equal(1, w:count(function() session:get(m.Child, 600) end))
  end)

  it("are listed when every second one is missing", function()
    local lists = "parent_id IN [500]; parent_id IN [100]"
    check(without(span(1, 1200), function(key) return key % 2 == 0 end), lists, lists)
  end)

  it("are listed when they come to a gap after the first list", function()
    local keys = span(1, 700)
    keys[#keys + 1] = 1000000
    local lists = "parent_id IN [500]; parent_id IN [201]"
    check(keys, lists, lists)
  end)

  it("are listed as long as one list takes them", function()
    check(span(1, 500), "parent_id IN [500]", "parent_id IN [500]")
  end)

  it("of a many-to-one are asked for by their bounds in whatever order they come", function()
    fill(span(1, 900))
    local children = session:scalars(select(m.Child):order_by(m.Child.id:desc()):options(selectinload(m.Child.parent)))
      :all()
    assert.equal(embedded and "id IN [500]; id IN [400]" or "id BETWEEN ? AND ?", conditions())
    for i, child in ipairs(children) do
      assert.equal(1801 - i, child.id)
      assert.equal((child.id + 1) // 2, child.parent.id)
    end
    assert.equal(0, w:count())
  end)

  it("of a many-to-one leave out what is in memory, and what nobody refers to", function()
    fill(span(1, 900))
    local held = { session:get(m.Parent, 7), session:get(m.Parent, 450) }
    w:statements()
    local stmt = select(m.Child):where(m.Child.parent_id:ne(600)):options(selectinload(m.Child.parent))
    local children = session:scalars(stmt):all()
    assert.equal("parent_id != ?; " .. (embedded and "id IN [500]; id IN [397]"
      or "id BETWEEN ? AND ? AND (id NOT IN [3])"), conditions())
    for _, child in ipairs(children) do assert.equal((child.id + 1) // 2, child.parent.id) end
    assert.equal(held[1], children[13].parent)
    assert.equal(0, w:count())
  end)

  it("of a many-to-one with children without a parent", function()
    fill(span(1, 600))
    w:sql "UPDATE child SET parent_id = NULL WHERE id <= 2 OR id = 1200;"
    local children = session:scalars(select(m.Child):order_by(m.Child.id):options(selectinload(m.Child.parent))):all()
    assert.equal(embedded and "id IN [500]; id IN [99]" or "id BETWEEN ? AND ?", conditions())
    assert.is_nil(children[1].parent)
    assert.equal(600, children[1199].parent.id)
    assert.is_nil(children[1200].parent)
    assert.equal(0, w:count())
  end)

  it("of a many-to-many are those of the table between", function()
    fill(span(1, 600))
    w.engine:begin(function(conn)
      conn:execute(corm.insert(m.Tag), { { id = 1 }, { id = 2 } })
      local links = {}
      for key = 1, 600 do links[key] = { parent_id = key, tag_id = key % 2 + 1 } end
      conn:execute(corm.insert(m.link), links)
    end)
    w:statements()
    local parents = session:scalars(select(m.Parent):order_by(m.Parent.id):options(selectinload(m.Parent.tags))):all()
    assert.equal(ahead and "parent_id IN [500]; parent_id IN [100]" or "parent_id BETWEEN ? AND ?", conditions())
    for k, parent in ipairs(parents) do
      assert.equal(1, #parent.tags)
      assert.equal(k % 2 + 1, parent.tags[1].id)
    end
    assert.equal(0, w:count())
  end)

  it("go on below a range", function()
    fill(span(1, 600))
    local stmt = select(m.Parent):order_by(m.Parent.id)
      :options(selectinload(m.Parent.children):selectinload(m.Child.parent), selectinload(m.Parent.tags))
    local parents = session:scalars(stmt):all()
    assert.equal(600, parents[600].children[1].parent.id)
    assert.equal(0, #parents[600].tags)
    w:statements()
    assert.equal(0, w:count())
  end)

  it("are listed when they are strings", function()
    local codes, uses = {}, {}
    for i = 1, 600 do
      codes[i] = { id = tostring(i) }
      uses[i] = { id = i, code = tostring(i) }
    end
    w.engine:begin(function(conn)
      conn:execute(corm.insert(m.Code), codes)
      conn:execute(corm.insert(m.Use), uses)
    end)
    w:statements()
    local found = session:scalars(select(m.Code):options(selectinload(m.Code.uses))):all()
    assert.equal("code IN [500]; code IN [100]", conditions())
    for _, code in ipairs(found) do assert.equal(code.id, tostring(code.uses[1].id)) end
  end)
end)
