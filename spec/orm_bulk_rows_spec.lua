-- Lists of parameters for INSERT and UPDATE of a class.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, String = corm.Column, corm.Integer, corm.String
local insert, select = corm.insert, corm.select

local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.Part = Base:model("Part", {
    __tablename__ = "part",
    id = Column(Integer, { primary_key = true }),
    title = Column("part_name", String(40), { unique = true }),
    size = Column(Integer, { default = function() return 7 end }),
    color = Column(String(10), { server_default = "red" }),
    other_title = corm.synonym "title",
    half = corm.hybrid_property(function(self) return self.size / 2 end, {
      update_expr = function(class, value) return { { class.size, value * 2 } } end,
    }),
  })
  m.Seat = Base:model("Seat", {
    __tablename__ = "seat",
    row = Column("row_no", Integer, { primary_key = true, autoincrement = false }),
    no = Column(Integer, { primary_key = true, autoincrement = false }),
    guest = Column(String(20)),
    note = Column(String(20), { onupdate = "changed" }),
  })
  m.Animal = Base:model("Animal", {
    __tablename__ = "animal",
    id = Column(Integer, { primary_key = true }),
    kind = Column(String(10), { nullable = false }),
    name = Column(String(20)),
    version = Column(Integer, { nullable = false }),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "animal", version_id_col = "version" },
  })
  m.Cat = m.Animal:model("Cat", { __mapper_args__ = { polymorphic_identity = "cat" } })
  return m
end

local function open()
  local w = world.open(models())
  return w, w.m, w:session { expire_on_commit = false }
end

describe("U27 bulk INSERT", function()
  local w, m, session
  before_each(function() w, m, session = open() end)
  after_each(function() w:close() end)

  local function stored()
    return w:list "SELECT part_name, size, color FROM part ORDER BY id"
  end

  it("takes the names of attributes, in one statement", function()
    local sent = w:statements(function()
      local result = session:execute(insert(m.Part), { { title = "a", size = 1 }, { title = "b", size = 2 } })
      assert.equal(2, result.rowcount)
    end)
    assert.equal(1, #sent)
    session:commit()
    assert.equal("a|1|red,b|2|red", stored())
    assert.equal(0, #session.new)
  end)

  it("groups rows by the names that they have, in their order", function()
    local list = {
      { title = "a", size = 1 }, { title = "b", size = 2 }, { title = "c" }, { title = "d", color = "blue" },
      { title = "e", size = 3 }, { other_title = "f", half = 4 },
    }
    local sent = w:statements(function() assert.equal(6, session:execute(insert(m.Part), list).rowcount) end)
    assert.equal(5, #sent)
    session:commit()
    assert.equal("a|1|red,b|2|red,c|7|red,d|7|blue,e|3|red,f|8|red", stored())
    assert.same({ other_title = "f", half = 4 }, list[6]) -- the script's own tables stay as they are
  end)

  it("writes NULL for corm.null, and takes a single row", function()
    session:execute(insert(m.Part), { title = "a", size = corm.null })
    session:execute(insert(m.Part), { { title = "b", size = corm.null, color = corm.null } })
    session:commit()
    assert.equal("a||red,b||", stored())
  end)

  it("returns objects, of many rows too", function()
    local list = {}
    for i = 1, 20 do list[i] = { title = "t" .. i, size = i > 10 and i or nil } end
    local objects
    local sent = w:statements(function()
      objects = session:scalars(insert(m.Part):returning(m.Part, { sort_by_parameter_order = true }), list):all()
    end)
    assert.equal(20, #objects)
    if database.name == "postgresql" then assert.equal(2, #sent) end
    for i, part in ipairs(objects) do
      assert.equal("t" .. i, part.title)
      assert.equal(i > 10 and i or 7, part.size)
      assert.is_true(session:contains(part))
      assert.is_true(corm.inspect(part).persistent)
    end
    assert.equal(0, w:count(function() assert.equal("red", objects[1].color) end))
    assert.is_true(rawequal(objects[3], session:get(m.Part, objects[3].id)))
    session:rollback()
    assert.equal("0", w:rows "SELECT count(*) FROM part")
  end)

  it("returns columns beside objects, and computes defaults", function()
    local result = session:execute(insert(m.Part):values { title = "a" }:returning(m.Part, m.Part.size))
    local row = result:one()
    assert.equal(7, row[2])
    assert.equal("a", row.Part.title)
    local sizes = session:scalars(insert(m.Part):returning(m.Part.size), { { title = "b" }, { title = "c" } }):all()
    assert.same({ 7, 7 }, sizes)
  end)

  it("flushes first, and takes fixed values beside the list", function()
    session:add(m.Part { title = "first" })
    session:execute(insert(m.Part):values { color = "blue" }, { { title = "a" }, { title = "b" } })
    session:commit()
    assert.equal("first|7|red,a|7|blue,b|7|blue", stored())
  end)

  it("says which class a row is of, and counts its first version", function()
    session:execute(insert(m.Cat), { { name = "Tom" }, { name = "Kit", version = 5 } })
    local list = session:scalars(insert(m.Animal):returning(m.Animal), { { name = "Rex" } }):all()
    assert.equal("animal", list[1].kind)
    session:commit()
    assert.equal("cat|Tom|1,cat|Kit|5,animal|Rex|1", w:list "SELECT kind, name, version FROM animal ORDER BY id")
    local tom = session:scalars(select(m.Animal):where(m.Animal.name:eq "Tom")):one()
    assert.is_true(corm.inspect(tom).class_ == m.Cat)
    tom.name = "Tim"
    session:commit()
    session:execute(corm.update(m.Cat):where(m.Cat.id:gt(0)):values { name = "all" })
    session:commit()
    assert.equal("cat|all|2,cat|all|5,animal|Rex|1", w:list "SELECT kind, name, version FROM animal ORDER BY id")
    assert.equal("all", tom.name)
  end)

  it("says the same of rows that values() gives", function()
    session:execute(insert(m.Cat):values { name = "Tom" })
    session:execute(insert(m.Cat):values { { name = "Kit", version = 5 }, { name = "Kat", version = 6 } })
    local cat = session:scalars(insert(m.Cat):values { name = "Bib" }:returning(m.Cat)):one()
    assert.same({ "cat", 1 }, { cat.kind, cat.version })
    session:execute(insert(m.Cat):values { name = "Rex", kind = "animal" })
    session:connection():execute(insert(m.Cat):values { name = "core", kind = "core", version = 9 }) -- a table's row
    session:commit()
    assert.equal("cat|Tom|1,cat|Kit|5,cat|Kat|6,cat|Bib|1,animal|Rex|1,core|core|9",
      w:list "SELECT kind, name, version FROM animal ORDER BY id")
  end)

  it("is also said by its older names", function()
    local sent = w:statements(function()
      session:bulk_insert_mappings(m.Part, { { title = "a", size = 1 }, { title = "b", size = 2 } })
      session:bulk_insert_mappings(m.Part, {})
      session:bulk_save_objects { m.Part { title = "c", size = 3 }, m.Part { title = "d", size = 4 } }
    end)
    assert.equal(2, #sent)
    session:commit()
    local part = session:scalars(select(m.Part):where(m.Part.title:eq "a")):one()
    session:bulk_update_mappings(m.Part, { { id = part.id, size = 10 } })
    assert.equal(10, part.size)
    session:commit()
    session:expunge_all()
    part.size = 11
    assert.equal(1, w:count(function() session:bulk_save_objects { part } end))
    part = m.Part { title = "new" }
    session:bulk_save_objects { part }
    assert.is_true(corm.inspect(part).transient)
    session:commit()
    assert.equal("a|11|red,b|2|red,c|3|red,d|4|red,new|7|red", stored())
    raises("ArgumentError", "Session:bulk_insert_mappings: a mapped class expected, got Table", function()
      session:bulk_insert_mappings(m.Part.__table__, {})
    end)
    raises("ArgumentError", "Session:bulk_update_mappings: a list of tables expected, got nil", function()
      session:bulk_update_mappings(m.Part)
    end)
    raises("ArgumentError", "Session:bulk_save_objects: item 2: an object expected, got integer", function()
      session:bulk_save_objects { part, 5 }
    end)
  end)

  it("refuses what it does not know, and leaves the session in order", function()
    session:add(m.Part { title = "first" })
    for _, bad in ipairs { { { title = "a" }, { titel = "b" } }, { titel = "b" } } do
      local err = raises("CompileError", "nconsumed column names: titel", session.execute, session, insert(m.Part), bad)
      assert.equal("did you mean 'title'?", err.hint)
    end
    raises("ArgumentError", "item 2", session.execute, session, insert(m.Part), { { title = "a" }, 5 })
    raises("ArgumentError", "size", session.execute, session, insert(m.Part), { { title = "a", size = print } })
    raises("DataError", "size", session.execute, session, insert(m.Part), { { title = "a", size = "x" } })
    session:rollback()
    raises("IntegrityError", database.says.unique, session.execute, session,
      insert(m.Part):returning(m.Part), { { title = "a" }, { title = "a" } })
    session:rollback()
    session:add(m.Part { title = "last" })
    session:commit()
    assert.equal("last|7|red", stored())
    assert.equal(1, #session:scalars(select(m.Part)):all())
  end)
end)

describe("U29 bulk UPDATE by primary key", function()
  local w, m, session, parts
  before_each(function()
    w, m, session = open()
    parts = {}
    for i = 1, 4 do parts[i] = m.Part { id = i, title = "t" .. i, size = i } end
    session:add_all(parts)
    session:add_all { m.Seat { row = 1, no = 1, guest = "a" }, m.Seat { row = 1, no = 2, guest = "b" } }
    session:commit()
  end)
  after_each(function() w:close() end)

  local update = corm.update
  local function stored()
    return w:list "SELECT id, part_name, size FROM part ORDER BY id"
  end

  it("finds each row by its key, in one statement for rows of the same names", function()
    local sent = w:statements(function()
      local result = session:execute(update(m.Part), { { id = 1, size = 10 }, { id = 2, size = 20 },
        { id = 3, title = "new" }, { id = 4, title = "last", size = corm.null } })
      assert.equal(4, result.rowcount)
    end)
    assert.equal(3, #sent)
    assert.equal(0, w:count(function()
      assert.equal(10, parts[1].size)
      assert.equal("new", parts[3].title)
      assert.is_nil(parts[4].size)
      assert.is_false(session:is_modified(parts[1]))
    end))
    session:commit()
    assert.equal("1|t1|10,2|t2|20,3|new|3,4|last|", stored())
  end)

  it("takes composite keys by the names of attributes, and loads again what changes by itself", function()
    local seat = session:get(m.Seat, { 1, 2 })
    session:execute(update(m.Seat), { { row = 1, no = 1, guest = "x" }, { row = 1, no = 2, guest = "y" } })
    assert.equal(0, w:count(function() assert.equal("y", seat.guest) end))
    assert.equal("changed", seat.note)
    session:commit()
    assert.equal("1|1|x|changed,1|2|y|changed", w:list "SELECT row_no, no, guest, note FROM seat ORDER BY no")
  end)

  it("takes hybrids, synonyms and fixed values", function()
    session:execute(update(m.Part):values { size = 0 }, { { id = 1, other_title = "a" },
      { id = 2, other_title = "b" } })
    session:execute(update(m.Part), { { id = 3, half = 21 } })
    session:commit()
    assert.equal("1|a|0,2|b|0,3|t3|42,4|t4|4", stored())
    assert.equal(0, parts[1].size)
    assert.equal(42, parts[3].size)
  end)

  it("leaves unflushed changes to the objects, and all of them with synchronize_session = false", function()
    session:no_autoflush(function()
      parts[1].size = 99
      session:execute(update(m.Part), { { id = 1, size = 5, title = "a" } })
      assert.equal(99, parts[1].size)
      assert.equal("a", parts[1].title)
    end)
    session:commit()
    session:execute(update(m.Part):execution_options { synchronize_session = false }, { { id = 2, size = 5 } })
    assert.equal(2, parts[2].size)
    session:commit()
    assert.equal("1|a|99,2|t2|5,3|t3|3,4|t4|4", stored())
  end)

  it("has nothing to do for rows that are keys only", function()
    assert.equal(0, w:count(function()
      assert.equal(0, session:execute(update(m.Part), { { id = 1 }, { id = 2 } }).rowcount)
    end))
  end)

  it("undoes it in memory with a savepoint", function()
    local nested = session:begin_nested()
    session:execute(update(m.Part), { { id = 1, size = 5 } })
    assert.equal(5, parts[1].size)
    nested:rollback()
    assert.equal(1, parts[1].size)
  end)

  it("refuses rows without a key, before anything is sent", function()
    assert.equal(0, w:count(function()
      raises("InvalidRequestError", "update(Part): rows with their keys are the UPDATE by primary key, which takes no "
        .. "criteria", session.execute, session, corm.update(m.Part):where(m.Part.id:gt(0)), { { id = 1, name = "x" } })
      raises("InvalidRequestError", "update of Part by primary key: row 2 has no value for 'id'", session.execute,
        session, update(m.Part), { { id = 1, size = 5 }, { id = corm.null, size = 6 } })
      raises("InvalidRequestError", "update of Seat by primary key: row 1 has no value for 'no'", session.execute,
        session, update(m.Seat), { { row = 1, guest = "x" } })
      raises("CompileError", "nconsumed column names: sise", session.execute, session, update(m.Part),
        { { id = 1, sise = 5 } })
    end))
    raises("ArgumentError", "would change every row", session.execute, session, update(m.Part), { size = 5 })
    assert.equal("1|t1|1,2|t2|2,3|t3|3,4|t4|4", stored())
  end)

  it("tells of rows that are not there", function()
    raises("StaleDataError", "UPDATE statement on table 'part' expected to match 2 row(s); 1 were matched",
      session.execute, session, update(m.Part), { { id = 1, size = 5 }, { id = 77, size = 6 } })
    session:rollback()
    assert.equal(1, parts[1].size)
    raises("IntegrityError", database.says.unique, session.execute, session, update(m.Part),
      { { id = 1, title = "same" }, { id = 2, title = "same" } })
    session:rollback()
    assert.equal("t1", parts[1].title)
    assert.equal("1|t1|1,2|t2|2,3|t3|3,4|t4|4", stored())
  end)
end)
