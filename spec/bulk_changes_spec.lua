-- Many changed and deleted objects in one flush: what is written, in how many statements, and whom an error names.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.Part = Base:model("Part", {
    __tablename__ = "part",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(40), { unique = true }),
    price = Column(corm.Numeric(12, 2)),
    weight = Column(corm.Float),
    made = Column(corm.Date),
    bytes = Column(corm.LargeBinary),
  })
  m.Code = Base:model("Code", {
    __tablename__ = "group",
    code = Column("select", String(20), { primary_key = true }),
    order = Column("order", String(20)),
  })
  m.Seat = Base:model("Seat", {
    __tablename__ = "seat",
    row = Column("row_no", Integer, { primary_key = true, autoincrement = false }),
    no = Column(Integer, { primary_key = true, autoincrement = false }),
    guest = Column(String(20)),
  })
  m.Stamp = Base:model("Stamp", {
    __tablename__ = "stamp",
    id = Column(Integer, { primary_key = true }),
    n = Column(Integer),
    word = Column(String(20), { onupdate = corm.func.lower("ABC") }),
    plain = Column(String(20), { onupdate = corm.text "'xyz'" }),
  })
  m.Mark = Base:model("Mark", {
    __tablename__ = "mark",
    id = Column(Integer, { primary_key = true }),
    n = Column(Integer),
    plain = Column(String(20), { onupdate = corm.text "'xyz'" }),
  })
  m.Owner = Base:model("Owner", {
    __tablename__ = "owner",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
  })
  m.Pet = Base:model("Pet", {
    __tablename__ = "pet",
    id = Column(Integer, { primary_key = true }),
    owner_id = Column(Integer, corm.ForeignKey("owner.id")),
  })
  m.Node = Base:model("Node", {
    __tablename__ = "node",
    id = Column(Integer, { primary_key = true }),
    parent_id = Column(Integer, corm.ForeignKey("node.id")),
    children = corm.relationship("Node", { cascade = "all, delete-orphan" }),
  })
  return m
end

describe("many changes", function()
  local w, m, session

  before_each(function()
    w = world.open(models())
    m = w.m
    session = w:session { expire_on_commit = false }
  end)
  after_each(function() w:close() end)

  local function insert(class, n, values)
    local objects = {}
    for i = 1, n do objects[i] = class(values(i)) end
    session:add_all(objects)
    session:commit()
    return objects
  end

  local function parts(n)
    local price = corm.decimal "1.50"
    return insert(m.Part, n, function(i) return { id = i, name = "p" .. i, price = price, weight = i } end)
  end

  local function matching(statements, pattern)
    local list = {}
    for _, text in ipairs(statements) do
      if text:find(pattern) then list[#list + 1] = text end
    end
    return list
  end

  local function commit()
    return w:statements(function() session:commit() end)
  end

  it("go in few statements", function()
    for _, part in ipairs(parts(500)) do part.weight = part.weight * 2 end
    local updates = matching(commit(), "^UPDATE part")
    assert.equal(1, #updates)
    assert.equal("500|250500.0", (w:rows "SELECT count(*), sum(weight) FROM part WHERE weight = 2 * id"
      :gsub("|(%d+)$", "|%1.0")))
  end)

  database.only("sqlite", function()
    it("come from a table of the driver's from 32 rows on", function()
      local list = parts(63)
      for i = 1, 31 do list[i].weight = 0 end
      local updates = matching(commit(), "^UPDATE part")
      assert.equal(31, #updates)
      assert.equal("UPDATE part SET weight=? WHERE part.id = ?", updates[1])
      for i = 1, 32 do list[i].name = "new" .. i end
      updates = matching(commit(), "^UPDATE part")
      assert.equal(1, #updates)
      assert.equal("UPDATE part SET name=imp_sen.p0 FROM corm_rows(?, ?) AS imp_sen WHERE part.id = imp_sen.p1",
        updates[1])
      for i = 1, 31 do session:delete(list[i]) end
      local deletes = matching(commit(), "^DELETE FROM part")
      assert.equal(31, #deletes)
      assert.equal("DELETE FROM part WHERE part.id = ?", deletes[1])
      for i = 32, 63 do session:delete(list[i]) end
      deletes = matching(commit(), "^DELETE FROM part")
      assert.same({ "DELETE FROM part WHERE part.id IN (SELECT p0 FROM corm_rows(?))" }, deletes)
      assert.equal("0", w:rows "SELECT count(*) FROM part")
    end)

    it("have no rows for a script that names that table", function()
      local conn = w.engine:connect()
      assert.same({}, conn:exec_driver_sql("SELECT p0 FROM corm_rows"):all())
      assert.same({}, conn:exec_driver_sql("SELECT * FROM corm_rows(1, 'x', NULL)"):all())
      conn:close()
    end)

    it("of more columns than that table has are written in the other way", function()
      local Base = corm.declarative_base()
      local fields = { __tablename__ = "wide", id = Column(Integer, { primary_key = true }) }
      for i = 1, 80 do fields["c" .. i] = Column(Integer) end
      local Wide = Base:model("Wide", fields)
      Base.metadata:create_all(w.engine)
      local list = insert(Wide, 70, function(i)
        local values = {}
        for k = 1, 80 do values["c" .. k] = i * k end
        return values
      end)
      assert.equal(70, list[70].id)
      for _, wide in ipairs(list) do
        for k = 1, 80 do wide["c" .. k] = wide["c" .. k] + 1 end
      end
      session:commit()
      assert.equal("70|201425", w:rows "SELECT count(*), sum(c1 + c80) FROM wide WHERE c2 = 2 * id + 1")
    end)

    it("of a type with an expression around its values are written in the other way", function()
      local Upper = corm.TypeDecorator {
        impl = String(20), cache_ok = true,
        bind_expression = function(_, bind) return corm.func.upper(bind) end,
      }
      local Base = corm.declarative_base()
      local T = Base:model("T", {
        __tablename__ = "t", id = Column(Integer, { primary_key = true }), word = Column(Upper),
      })
      Base.metadata:create_all(w.engine)
      local list = insert(T, 70, function(i) return { word = "a" .. i } end)
      assert.equal("A70", w:rows "SELECT word FROM t WHERE id = 70")
      for i, t in ipairs(list) do t.word = "b" .. i end
      session:commit()
      assert.equal("70", w:rows "SELECT count(*) FROM t WHERE word = 'B' || id")
    end)

    it("fire a trigger for each row", function()
      w:sql [[CREATE TABLE log (id INTEGER, was TEXT, name TEXT);
        CREATE TRIGGER part_changed AFTER UPDATE ON part BEGIN
          INSERT INTO log VALUES (NEW.id, OLD.name, NEW.name); END;
        CREATE TRIGGER part_gone AFTER DELETE ON part BEGIN INSERT INTO log VALUES (OLD.id, OLD.name, NULL); END;]]
      local list = parts(100)
      for i, part in ipairs(list) do part.name = "new" .. i end
      session:commit()
      assert.equal("100", w:rows "SELECT count(*) FROM log WHERE was = 'p' || id AND name = 'new' || id")
      for _, part in ipairs(list) do session:delete(part) end
      session:commit()
      assert.equal("100", w:rows "SELECT count(*) FROM log WHERE was = 'new' || id AND name IS NULL")
    end)

    it("work where the schema is said", function()
      local Base = corm.declarative_base()
      local T = Base:model("T", {
        __tablename__ = "t", __table_args__ = { schema = "main" },
        id = Column(Integer, { primary_key = true }), n = Column(Integer),
      })
      Base.metadata:create_all(w.engine)
      local list = insert(T, 64, function(i) return { id = i, n = i } end)
      for _, t in ipairs(list) do t.n = -t.n end
      assert.equal(1, #matching(commit(), "^UPDATE main%.t"))
      assert.equal("64", w:rows "SELECT count(*) FROM t WHERE n = -id")
      for _, t in ipairs(list) do session:delete(t) end
      assert.equal(1, #matching(commit(), "^DELETE FROM main%.t"))
      assert.equal("0", w:rows "SELECT count(*) FROM t")
    end)
  end)

  it("write each kind of value, and NULL", function()
    local list = parts(96)
    for i, part in ipairs(list) do
      part.price = i % 3 ~= 0 and corm.decimal(("%d.25"):format(i)) or nil
      part.weight = i / 4
      part.made = corm.date(2020, 1, 1 + i % 28)
      part.bytes = ("\0\255"):rep(i % 5)
    end
    session:commit()
    session:expunge_all()
    local found = session:scalars(corm.select(m.Part):order_by(m.Part.id)):all()
    assert.equal(96, #found)
    for i, part in ipairs(found) do
      assert.equal(i % 3 ~= 0 and ("%d.25"):format(i) or "nil", tostring(part.price))
      assert.equal(i / 4, part.weight)
      assert.equal(("2020-01-%02d"):format(1 + i % 28), tostring(part.made))
      assert.equal(("\0\255"):rep(i % 5), part.bytes)
    end
  end)

  it("write objects of different shapes side by side", function()
    for i, part in ipairs(parts(200)) do
      if i % 2 == 0 then part.weight = 0 else part.name = "odd" .. i end
      if i % 5 == 0 then part.price = corm.decimal "9" end
    end
    session:commit()
    assert.equal("100|100|40|100", w:rows [[SELECT (SELECT count(*) FROM part WHERE weight = 0 AND id % 2 = 0),
      (SELECT count(*) FROM part WHERE name LIKE 'odd%'), (SELECT count(*) FROM part WHERE price = 9 AND id % 5 = 0),
      (SELECT count(*) FROM part WHERE name LIKE 'p%' AND weight = 0)]])
  end)

  it("find rows by strings, in tables and columns whose names are words of SQL", function()
    local list = insert(m.Code, 100, function(i) return { code = "c'" .. i, order = "a" } end)
    for i, code in ipairs(list) do code.order = "b" .. i end
    session:commit()
    session:expunge_all()
    for i = 1, 100 do assert.equal("b" .. i, session:get(m.Code, "c'" .. i).order) end
    for i = 1, 90 do session:delete(session:get(m.Code, "c'" .. i)) end
    session:commit()
    session:expunge_all()
    assert.equal(10, #session:scalars(corm.select(m.Code)):all())
  end)

  it("find rows by keys of several columns", function()
    local list = insert(m.Seat, 120, function(i) return { row = i // 10, no = i % 10, guest = "nobody" } end)
    for i, seat in ipairs(list) do seat.guest = "g" .. i end
    session:commit()
    assert.equal("g57", w:rows "SELECT guest FROM seat WHERE row_no = 5 AND no = 7")
    assert.equal("120", w:rows "SELECT count(DISTINCT guest) FROM seat")
    for i = 1, 100 do session:delete(list[i]) end
    session:commit()
    assert.equal("20", w:rows "SELECT count(*) FROM seat")
  end)

  it("keep their order where they change their keys", function()
    local list = insert(m.Seat, 60, function(i) return { row = 1, no = i, guest = "g" .. i } end)
    for i, seat in ipairs(list) do seat.no = i + 1000 end
    session:commit()
    assert.equal("60|60", w:rows "SELECT count(*), count(DISTINCT guest) FROM seat WHERE no > 1000")
    session:expunge_all()
    assert.equal("g7", session:get(m.Seat, { row = 1, no = 1007 }).guest)
  end)

  for _, class in ipairs { "Stamp", "Mark" } do
    it("set what onupdate says, in " .. class, function()
      local list = insert(m[class], 80, function(i) return { id = i, n = i } end)
      for _, object in ipairs(list) do object.n = 0 end
      session:commit()
      assert.equal("80", w:rows("SELECT count(*) FROM " .. class:lower() .. " WHERE n = 0 AND plain = 'xyz'"))
      assert.equal("xyz", list[80].plain)
      if class == "Stamp" then assert.equal("abc", list[80].word) end
    end)
  end

  it("name the one that is refused, and leave nothing of the others", function()
    local list = parts(150)
    for i, part in ipairs(list) do part.name = "new" .. i end
    list[70].name = "new3"
    local err = raises("IntegrityError", database.says.unique, session.commit, session)
    assert.equal("Part", err.entity)
    if database.name ~= "postgresql" then assert.matches("new3", err.params) end
    session:rollback()
    assert.equal("150", w:rows "SELECT count(*) FROM part WHERE name LIKE 'p%'")
  end)

  it("must all find their rows; five of those that do not are named", function()
    local list = parts(150)
    w:sql "DELETE FROM part WHERE id IN (3, 8, 140, 141, 142, 149);"
    for i, part in ipairs(list) do part.name = "new" .. i end
    raises("StaleDataError", "UPDATE statement on table 'part' expected to match 150 row(s); 144 were matched; not "
      .. "there: Part(id=3), Part(id=8), Part(id=140), Part(id=141), Part(id=142), ...", session.commit, session)
    session:rollback()
    assert.equal("144", w:rows "SELECT count(*) FROM part WHERE name LIKE 'p%'")
  end)

  it("may delete what is gone already", function()
    local list = parts(100)
    w:sql "DELETE FROM part WHERE id IN (3, 8);"
    for _, part in ipairs(list) do session:delete(part) end
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM part")
  end)

  it("name the object that others still refer to, and delete none", function()
    local owners = insert(m.Owner, 100, function(i) return { id = i, name = "o" .. i } end)
    insert(m.Pet, 1, function() return { id = 1, owner_id = 77 } end)
    for _, owner in ipairs(owners) do session:delete(owner) end
    local says = database.name == "postgresql" and "foreign key" or "FOREIGN KEY"
    local err = raises("IntegrityError", says, session.commit, session)
    assert.equal("Owner", err.entity)
    session:rollback()
    assert.equal("100", w:rows "SELECT count(*) FROM owner")
  end)

  it("delete the rows of a table that refers to itself from the leaves on", function()
    local root = m.Node { id = 1 }
    local last, id = root, 1
    for _ = 1, 40 do
      for _ = 1, 3 do
        id = id + 1
        last.children:append(m.Node { id = id })
      end
      last = last.children[2]
    end
    session:add(root)
    session:commit()
    assert.equal("121", w:rows "SELECT count(*) FROM node")
    session:delete(root)
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM node")
  end)
end)
