-- __mapper_args__: which columns are mapped, under which names, by which key.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, String, Table = corm.Column, corm.Integer, corm.String, corm.Table

local function base_with_table()
  local Base = corm.declarative_base()
  local part = Table("part", Base.metadata, Column("id", Integer, { primary_key = true }), Column("name", String(20)),
    Column("note", String(20), { server_default = "none" }))
  return Base, part
end

local function columns_of(class)
  return table.concat(corm.inspect(class).columns, ",")
end

describe("M05 M23 mapper arguments", function()
  local w
  after_each(function()
    if w then w:close() end
    w = nil
  end)

  it("exclude_properties and include_properties leave columns out", function()
    local Base, part = base_with_table()
    local Part = Base:model("Part", { __table__ = part, __mapper_args__ = { exclude_properties = { "note" } } })
    assert.equal("id,name", columns_of(Part))
    raises("ArgumentError", "unknown attribute 'note' of Part", function() return Part.note end)
    w = world.open { Base = Base }
    local session = w:session()
    session:add(Part { name = "a" })
    local sent = w:statements(function() session:commit() end)
    assert.is_nil(sent[1]:find("note", 1, true))
    assert.equal("none", w:list "SELECT note FROM part")
    assert.is_nil(w:statements(function() session:scalars(corm.select(Part)):all() end)[1]:find("note", 1, true))
  end)

  it("include_properties takes Columns, too", function()
    local Base, part = base_with_table()
    local Part = Base:model("Part", {
      __table__ = part, __mapper_args__ = { include_properties = { part.c.id, "note" } },
    })
    assert.equal("id,note", columns_of(Part))
    Base, part = base_with_table()
    raises("ArgumentError", "the primary key's column 'id' is not mapped", Base.model, Base, "Part",
      { __table__ = part, __mapper_args__ = { include_properties = { "name" } } })
    raises("ArgumentError", "include_properties[1]: a column of table 'part' or its name expected, got 'nam'",
      Base.model, Base, "Part", { __table__ = part, __mapper_args__ = { include_properties = { "nam" } } })
    assert.is_nil(Base.registry.classes.Part)
  end)

  it("column_prefix names what has no name of its own", function()
    local Base, part = base_with_table()
    local Part = Base:model("Part", {
      __table__ = part, title = part.c.name, __mapper_args__ = { column_prefix = "_" },
    })
    assert.equal("_id,title,_note", columns_of(Part))
    w = world.open { Base = Base }
    local session = w:session()
    session:add(Part { title = "a", _note = "n" })
    session:commit()
    assert.equal("a", session:scalars(corm.select(Part):where(Part._note:eq "n")):one().title)
  end)

  it("properties names columns and adds members", function()
    local Base, part = base_with_table()
    local Part = Base:model("Part", {
      __table__ = part,
      __mapper_args__ = { properties = { title = part.c.name, heading = corm.synonym "title" } },
    })
    assert.equal("id,title,note", columns_of(Part))
    assert.equal("x", Part { title = "x" }.heading)
    Base, part = base_with_table()
    raises("ArgumentError", "Part.title stands in the model and in properties", Base.model, Base, "Part",
      { __table__ = part, title = part.c.name, __mapper_args__ = { properties = { title = part.c.name } } })
  end)

  it("primary_key says what identifies objects of a table without one", function()
    local Base = corm.declarative_base()
    local log = Table("log", Base.metadata, Column("day", Integer), Column("host", String(20)), Column("n", Integer))
    local Log = Base:model("Log", { __table__ = log, __mapper_args__ = { primary_key = { log.c.host, log.c.day } } })
    w = world.open { Base = Base }
    local session = w:session()
    session:add_all { Log { day = 1, host = "a", n = 5 }, Log { day = 2, host = "a", n = 6 } }
    session:commit()
    local row = session:get(Log, { "a", 2 })
    assert.equal(6, row.n)
    row.n = 7
    session:commit()
    session:delete(session:get(Log, { host = "a", day = 1 }))
    session:commit()
    assert.equal("7", w:list "SELECT n FROM log")
    raises("ArgumentError", "primary_key names no column", Base.model, Base, "Log2",
      { __tablename__ = "log2", a = Column(Integer), __mapper_args__ = { primary_key = {} } })
  end)

  it("batch = false writes object by object, between the hooks of each", function()
    local Base = corm.declarative_base()
    local function model(parent, name, args, extra)
      local body = { __tablename__ = name:lower(), __mapper_args__ = args }
      for key, value in pairs(extra) do body[key] = value end
      return parent:model(name, body)
    end
    local function key() return Column(Integer, { primary_key = true }) end
    local Lone = model(Base, "Lone", { batch = false }, { id = key(), name = Column(String(5)) })
    local Many = model(Base, "Many", {}, { id = key(), name = Column(String(5)) })
    local Top = model(Base, "Top", { batch = false, polymorphic_on = "kind", polymorphic_identity = "t" },
      { id = key(), kind = Column(String(5)), name = Column(String(5)) })
    local Sub = model(Top, "Sub", { polymorphic_identity = "s" },
      { id = Column(Integer, corm.ForeignKey "top.id", { primary_key = true }), more = Column(String(5)) })
    w = world.open { Base = Base }
    local session = w:session()
    local seen = {}
    for _, class in ipairs { Lone, Many, Top } do
      for _, name in ipairs { "before_insert", "after_insert", "before_update", "after_update", "after_delete" } do
        corm.event.listen(class, name, function(_, _, object)
          seen[#seen + 1] = name:gsub("_.*", "") .. " " .. object.name
        end, { propagate = true })
      end
    end
    local function told(fn)
      seen = {}
      fn()
      session:flush()
      return table.concat(seen, ", ")
    end
    for _, class in ipairs { Lone, Top, Sub } do
      local a, b = class { name = "a" }, class { name = "b" }
      assert.equal("before a, after a, before b, after b", told(function() session:add_all { a, b } end))
      assert.equal("before x, after x, before y, after y", told(function() a.name, b.name = "x", "y" end))
      assert.equal("after x, after y", told(function() session:delete_all { a, b } end))
    end
    assert.equal("before a, before b, after a, after b",
      told(function() session:add_all { Many { name = "a" }, Many { name = "b" } } end))
    assert.equal(2, #w:statements(function()
      session:add_all { Lone { id = 8, name = "a" }, Lone { id = 9, name = "b" } }
      session:flush()
    end))
    session:commit()
    assert.equal("8|a,9|b", w:list "SELECT id, name FROM lone ORDER BY id")
  end)

  it("always_refresh overwrites what is there by every row", function()
    local Base = corm.declarative_base()
    local Fresh = Base:model("Fresh", {
      __tablename__ = "fresh", id = Column(Integer, { primary_key = true }), name = Column(String(5)),
      __mapper_args__ = { always_refresh = true },
    })
    local Kept = Base:model("Kept", {
      __tablename__ = "kept", id = Column(Integer, { primary_key = true }), name = Column(String(5)),
    })
    w = world.open { Base = Base }
    local session = w:session { expire_on_commit = false, autoflush = false }
    local fresh, kept = Fresh { id = 1, name = "a" }, Kept { id = 1, name = "a" }
    session:add_all { fresh, kept }
    session:commit()
    w:sql "UPDATE fresh SET name = 'b'; UPDATE kept SET name = 'b';"
    for _, row in ipairs(session:execute(corm.select(Fresh, Kept)):all()) do
      assert.is_true(rawequal(row.Fresh, fresh) and rawequal(row.Kept, kept))
    end
    assert.same({ "b", "a" }, { fresh.name, kept.name })
    fresh.name = "mine"
    session:scalars(corm.select(Fresh)):all()
    assert.equal("b", fresh.name)
    assert.equal(0, #session.dirty)
    assert.equal(1, w:count(function() assert.is_true(rawequal(fresh, session:get(Fresh, 1))) end))
    assert.equal(0, w:count(function() session:get(Kept, 1) end))
    session:commit()
  end)

  it("refuses values of other types", function()
    local Base, part = base_with_table()
    for name, value in pairs {
      column_prefix = 5, confirm_deleted_rows = "no", include_properties = "id", properties = true, primary_key = "id",
      allow_partial_pks = 1,
    } do
      raises("ArgumentError", ("option '%s' must be a"):format(name), Base.model, Base, "Part",
        { __table__ = part, __mapper_args__ = { [name] = value } })
    end
  end)
end)

describe("M17 composite keys with a NULL", function()
  local w
  after_each(function() w:close() end)

  local function open(partial)
    local Base = corm.declarative_base()
    local pair = Table("pair", Base.metadata, Column("a", Integer), Column("b", Integer), Column("text", String(9)))
    local Pair = Base:model("Pair", {
      __table__ = pair,
      __mapper_args__ = { primary_key = { "a", "b" }, allow_partial_pks = partial },
    })
    w = world.open { Base = Base }
    w:sql "INSERT INTO pair VALUES (1, 1, 'x'), (1, NULL, 'y'), (NULL, NULL, 'z')"
    local session = w:session()
    return session, session:scalars(corm.select(Pair):order_by(Pair.text)):all(), Pair
  end

  it("identifies objects as long as one part is there", function()
    local session, found = open()
    assert.equal(3, #found)
    assert.equal("y", found[2].text)
    assert.is_nil(found[2].b)
    assert.equal(corm.null, found[3])
    assert.is_true(rawequal(found[2], session:scalars(corm.select(found[2].__class__)):all()[2]))
  end)

  it("does not with allow_partial_pks = false", function()
    local _, found = open(false)
    assert.equal("x", found[1].text)
    assert.equal(corm.null, found[2])
  end)
end)
