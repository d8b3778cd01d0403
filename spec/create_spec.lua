-- create_all and drop_all where the order matters: types that columns need, tables that refer to each other.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Column, ForeignKey, Integer = corm.Column, corm.ForeignKey, corm.Integer

local function id()
  return Column("id", Integer, { primary_key = true })
end

-- The statements that were sent while fn ran, without questions; white space is one blank.
local function sent(engine, fn)
  local list = {}
  local function note(_, _, statement)
    statement = statement:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
    if not statement:match "^SELECT" then list[#list + 1] = statement end
  end
  corm.event.listen(engine, "before_cursor_execute", note)
  fn()
  corm.event.remove(engine, "before_cursor_execute", note)
  return list
end

-- The questions that were sent while fn ran.
local function asked(engine, fn)
  local list = {}
  local function note(_, _, statement)
    if statement:match "^%s*SELECT" then list[#list + 1] = statement end
  end
  corm.event.listen(engine, "before_cursor_execute", note)
  fn()
  corm.event.remove(engine, "before_cursor_execute", note)
  return list
end

describe("many tables", function()
  local engine, metadata

  before_each(function()
    engine = database.engine()
    metadata = corm.MetaData()
    for i = 1, 12 do corm.Table("table_" .. i, metadata, id()) end
  end)

  after_each(function()
    engine:dispose()
    database.clean()
  end)

  it("are asked for in one statement", function()
    local function create() metadata:create_all(engine) end
    local function drop() metadata:drop_all(engine) end
    assert.equal(1, #asked(engine, create))
    assert.equal(1, #asked(engine, create))
    assert.equal(1, #asked(engine, drop))
    assert.equal(1, #asked(engine, drop))
    assert.equal(0, #asked(engine, function() metadata:create_all(engine, { checkfirst = false }) end))
  end)

  it("are made and dropped where they are missing and there", function()
    metadata:create_all(engine)
    for _, i in ipairs { 1, 7, 12 } do metadata.tables["table_" .. i]:drop(engine) end
    assert.equal(3, #sent(engine, function() metadata:create_all(engine) end))
    metadata.tables.table_3:drop(engine)
    assert.equal(11, #sent(engine, function() metadata:drop_all(engine) end))
    assert.equal(0, #sent(engine, function() metadata:drop_all(engine) end))
  end)

  it("that are more than one statement asks for, too", function()
    for i = 13, 250 do corm.Table("table_" .. i, metadata, id()) end
    metadata:create_all(engine)
    metadata.tables.table_100:drop(engine)
    metadata.tables.table_101:drop(engine)
    metadata.tables.table_250:drop(engine)
    local list = sent(engine, function() metadata:create_all(engine) end)
    assert.equal(3, #list)
    assert.is_truthy(list[2]:find("table_101", 1, true))
    assert.is_true(#asked(engine, function() metadata:drop_all(engine) end) <= 3)
  end)

  database.needs("named_enums", function()
    it("and their types, in one statement each", function()
      for i = 1, 5 do
        corm.Table("with_type_" .. i, metadata, id(), Column("e", corm.Enum("a", "b", { name = "type_" .. i })))
      end
      assert.equal(2, #asked(engine, function() metadata:create_all(engine) end))
      assert.equal(2, #asked(engine, function() metadata:drop_all(engine) end))
    end)
  end)
end)

describe("tables that refer to each other", function()
  local engine, metadata

  before_each(function()
    engine = database.engine()
    metadata = corm.MetaData()
    corm.Table("a", metadata, id(), Column("b_id", Integer, ForeignKey("b.id", { name = "a_b" })))
    corm.Table("b", metadata, id(), Column("a_id", Integer, ForeignKey("a.id")))
  end)

  after_each(function()
    engine:dispose()
    database.clean()
  end)

  it("are created, used, and dropped with what is in them", function()
    metadata:create_all(engine)
    metadata:create_all(engine)
    engine:begin(function(connection)
      connection:execute(metadata.tables.a:insert():values { id = 1 })
      connection:execute(metadata.tables.b:insert():values { id = 1, a_id = 1 })
      connection:execute(metadata.tables.a:update():where(metadata.tables.a.c.id:eq(1)):values { b_id = 1 })
    end)
    raises("IntegrityError", "", function()
      engine:begin(function(connection) connection:execute(metadata.tables.b:insert():values { id = 2, a_id = 9 }) end)
    end)
    raises("IntegrityError", "", function()
      engine:begin(function(connection) connection:execute(metadata.tables.a:insert():values { id = 2, b_id = 9 }) end)
    end)
    metadata:drop_all(engine)
    metadata:drop_all(engine)
    metadata:create_all(engine)
  end)

  it("leave the keys enforced after they were dropped", function()
    corm.Table("c", metadata, id(), Column("a_id", Integer, ForeignKey("a.id")))
    metadata:create_all(engine)
    metadata:drop_all(engine)
    metadata:create_all(engine)
    raises("IntegrityError", "", function()
      engine:begin(function(connection) connection:execute(metadata.tables.c:insert():values { id = 1, a_id = 9 }) end)
    end)
  end)

  database.needs("constraints_by_alter", function()
    it("get the key whose target comes later by ALTER TABLE", function()
      local list = sent(engine, function() metadata:create_all(engine) end)
      assert.equal(3, #list)
      assert.is_nil(list[1]:find("FOREIGN KEY", 1, true))
      assert.is_truthy(list[2]:find("FOREIGN KEY", 1, true))
      assert.equal("ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY(b_id) REFERENCES b (id)", list[3])
    end)
  end)

  database.only("sqlite", function()
    it("have their keys inside", function()
      local list = sent(engine, function() metadata:create_all(engine) end)
      assert.equal(2, #list)
      assert.is_truthy(list[1]:find("FOREIGN KEY(b_id) REFERENCES b", 1, true))
    end)
  end)
end)

describe("a key with use_alter", function()
  local metadata, child

  before_each(function()
    metadata = corm.MetaData()
    corm.Table("parent", metadata, id())
    child = corm.Table("child", metadata, id(),
      Column("parent_id", Integer, ForeignKey("parent.id", { name = "fk", use_alter = true })))
  end)

  after_each(function() database.clean() end)

  it("is left out of CREATE TABLE where ALTER TABLE can add it", function()
    local key = "FOREIGN KEY"
    assert.is_truthy(corm.CreateTable(child):compile { dialect = "sqlite" }.string:find(key, 1, true))
    for _, dialect in ipairs { "postgresql", "mysql", "mariadb" } do
      assert.is_nil(corm.CreateTable(child):compile { dialect = dialect }.string:find(key, 1, true))
    end
  end)

  it("is enforced like any other, and in nobody's way at the end", function()
    local engine = database.engine()
    metadata:create_all(engine)
    raises("IntegrityError", "", function()
      engine:begin(function(connection) connection:execute(child:insert():values { id = 1, parent_id = 9 }) end)
    end)
    engine:begin(function(connection)
      connection:execute(metadata.tables.parent:insert():values { id = 1 })
      connection:execute(child:insert():values { id = 1, parent_id = 1 })
    end)
    metadata:drop_all(engine)
    engine:dispose()
  end)
end)

describe("an Enum", function()
  local engine, metadata, mood

  before_each(function()
    engine = database.engine()
    metadata = corm.MetaData()
    mood = corm.Enum("sad", "it's", { name = "mood" })
  end)

  after_each(function()
    engine:dispose()
    database.clean()
  end)

  it("is written and read whatever it is in the database", function()
    local types = {
      mood, corm.Enum("sad", "it's", { name = "other", native_enum = false }),
      corm.Enum("sad", "it's", { name = "third", native_enum = false, create_constraint = true }),
    }
    for i, type in ipairs(types) do
      local t = corm.Table("t" .. i, corm.MetaData(), id(), Column("v", type))
      t:create(engine)
      engine:begin(function(connection)
        connection:execute(t:insert(), { { id = 1, v = "sad" }, { id = 2, v = "it's" }, { id = 3, v = corm.null } })
        local found = connection:execute(corm.select(t.c.id):where(t.c.v:eq "it's")):scalars():all()
        assert.same({ 2 }, found)
      end)
      raises("DataError", ".v: 'glad' is not among the values", function()
        engine:begin(function(connection) connection:execute(t:insert():values { id = 4, v = "glad" }) end)
      end)
      t:drop(engine)
    end
  end)

  it("has a CHECK where that was asked for, and only without a type of its own", function()
    local function created(options, dialect)
      local t = corm.Table("t", corm.MetaData(), Column("v", corm.Enum("a", "b", options)))
      return (corm.CreateTable(t):compile { dialect = dialect }.string:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
    end
    local plain = { name = "m", native_enum = false }
    local checked = { name = "m", native_enum = false, create_constraint = true }
    for _, dialect in ipairs { "sqlite", "postgresql", "mariadb" } do
      assert.equal("CREATE TABLE t ( v VARCHAR(1) )", created(plain, dialect))
      assert.equal("CREATE TABLE t ( v VARCHAR(1), CONSTRAINT m CHECK (v IN ('a', 'b')) )", created(checked, dialect))
    end
    assert.equal("CREATE TABLE t ( v m )", created({ name = "m", create_constraint = true }, "postgresql"))
    assert.equal("CREATE TABLE t ( v s.m )", created({ name = "m", schema = "s" }, "postgresql"))
    assert.equal("CREATE TABLE t ( v ENUM('a','b') )", created({ name = "m", create_constraint = true }, "mariadb"))
  end)

  it("without a name is text on PostgreSQL, as it is on SQLite", function()
    local t = corm.Table("t", corm.MetaData(), Column("v", corm.Enum("a", "b")))
    assert.is_truthy(corm.CreateTable(t):compile { dialect = "postgresql" }.string:find("v VARCHAR(1)", 1, true))
  end)

  database.needs("named_enums", function()
    local function names()
      local connection = engine:connect()
      local sql = "SELECT typname FROM pg_type WHERE typtype = 'e' ORDER BY 1"
      local list = connection:exec_driver_sql(sql):scalars():all()
      connection:close()
      return list
    end

    it("is created once, before the tables, and dropped after them", function()
      corm.Table("a", metadata, id(), Column("v", mood))
      corm.Table("b", metadata, id(), Column("v", mood), Column("list", corm.ARRAY(corm.Enum("x", { name = "item" }))))
      local list = sent(engine, function() metadata:create_all(engine) end)
      assert.same({ "CREATE TYPE mood AS ENUM ('sad', 'it''s')", "CREATE TYPE item AS ENUM ('x')" },
        { list[1], list[2] })
      assert.equal(4, #list)
      assert.same({}, sent(engine, function() metadata:create_all(engine) end))
      list = sent(engine, function() metadata:drop_all(engine) end)
      assert.same({ "DROP TABLE b", "DROP TABLE a", "DROP TYPE mood", "DROP TYPE item" }, list)
      assert.same({}, sent(engine, function() metadata:drop_all(engine) end))
    end)

    it("comes with the table that needs it first, and stays while another one has it", function()
      local a = corm.Table("a", metadata, id(), Column("v", mood))
      local b = corm.Table("b", metadata, id(), Column("v", mood))
      a:create(engine)
      b:create(engine)
      a:drop(engine)
      assert.same({ "mood" }, names())
      metadata:remove(a)
      b:drop(engine)
      assert.same({}, names())
    end)

    it("is left alone when it is made elsewhere", function()
      corm.Table("a", metadata, id(), Column("v", corm.Enum("sad", { name = "mood", create_type = false })))
      raises("ProgrammingError", "mood", function() metadata:create_all(engine) end)
      engine:begin(function(connection) connection:exec_driver_sql "CREATE TYPE mood AS ENUM ('sad')" end)
      metadata:create_all(engine)
      metadata:drop_all(engine)
      assert.same({ "mood" }, names())
    end)

    it("lies in its own schema", function()
      engine:begin(function(connection) connection:exec_driver_sql "CREATE SCHEMA s" end)
      local v = Column("v", corm.Enum("a", { name = "m", schema = "s" }))
      local t = corm.Table("t", metadata, id(), v, { schema = "s" })
      local list = sent(engine, function() metadata:create_all(engine) end)
      assert.equal("CREATE TYPE s.m AS ENUM ('a')", list[1])
      engine:begin(function(connection)
        connection:execute(t:insert():values { id = 1, v = "a" })
        assert.equal("a", connection:execute(corm.select(t.c.v)):scalar())
      end)
      metadata:drop_all(engine)
      assert.same({}, names())
    end)
  end)
end)
