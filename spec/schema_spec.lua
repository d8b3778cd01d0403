local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Column, Integer, String = corm.Column, corm.Integer, corm.String

local function names(list)
  local found = {}
  for x in list do found[#found + 1] = x.name end
  return found
end

local function two_tables()
  local metadata = corm.MetaData()
  local user = corm.Table("user", metadata,
    Column("id", Integer, { primary_key = true }),
    Column("name", String(20), { nullable = false, unique = true }),
    Column("age", Integer, { index = true }))
  local address = corm.Table("address", metadata,
    Column("id", Integer, { primary_key = true }),
    Column("user_id", Integer, corm.ForeignKey("user.id", { ondelete = "cascade" })))
  return metadata, user, address
end

describe("a Column", function()
  it("has what it was written with", function()
    local column = Column("n", String(5), { nullable = false, unique = true, key = "k", comment = "why",
      info = { a = 1 } })
    assert.same({ "n", "k", false, true, false, false, "why" },
      { column.name, column.key, column.nullable, column.unique, column.primary_key, column.index, column.comment })
    assert.equal(5, column.type.length)
    assert.same({ a = 1 }, column.info)
    assert.is_nil(column.table)
    assert.equal("auto", column.autoincrement)
    assert.is_true(Column("n", Integer).nullable)
    assert.is_false(Column("n", Integer, { primary_key = true }).nullable)
  end)

  it("takes its name from the options too", function()
    assert.equal("n", Column(Integer, { name = "n" }).name)
    assert.is_nil(Column(Integer).name)
    assert.equal("(no name)", tostring(Column(Integer)))
  end)

  it("keeps defaults of all forms", function()
    local make = function() return 1 end
    local column = Column("n", Integer, { default = make, onupdate = 5, server_default = "7" })
    assert.equal(make, column.default)
    assert.equal(5, column.onupdate)
    assert.equal("7", column.server_default)
  end)

  it("refuses bad arguments", function()
    raises("ArgumentError", "a type such as corm.Integer expected", Column, "n")
    raises("ArgumentError", "a type such as corm.Integer expected", Column)
    raises("ArgumentError", "ForeignKey", Column, "n", Integer, 5)
    raises("ArgumentError", "nullable", Column, "n", Integer, { nullable = "no" })
    raises("ArgumentError", "autoincrement", Column, "n", Integer, { autoincrement = "yes" })
    raises("ArgumentError", "server_default", Column, "n", Integer, { server_default = 5 })
    raises("ArgumentError", "info", Column, "n", Integer, { info = 5 })
    -- It is there without being given, and stays what it is.
    local metadata = corm.MetaData()
    local t = corm.Table("t", metadata, Column("n", Integer))
    for _, part in ipairs { metadata, t, t.c.n } do
      assert.is_nil(part.info.mine)
      part.info.mine = part
      assert.equal(part, part.info.mine)
    end
    raises("IdentifierError", "column", Column, "", Integer)
    raises("IdentifierError", "column", Column, "a\0b", Integer)
    raises("IdentifierError", "column", Column, ("x"):rep(300), Integer)
    assert.equal("did you mean 'nullable'?",
      raises("ArgumentError", "nulable", Column, "n", Integer, { nulable = false }).hint)
  end)

  it("refuses a default that its type refuses", function()
    raises("DataError", "default of column 'n'", Column, "n", Integer, { default = "x" })
    raises("DataError", "default of column 'n'", Column, "n", Integer, { default = 2.5 })
    raises("DataError", "onupdate of column 'n'", Column, "n", String(2), { onupdate = "long" })
    raises("DataError", "c", Column, "n", corm.Enum("a", "b"), { default = "c" })
  end)

  it("knows its table once it has one", function()
    local _, user = two_tables()
    assert.equal(user, user.c.id.table)
    assert.equal('"user".id', tostring(user.c.id))
  end)

  it("names the nearest member", function()
    local _, user = two_tables()
    assert.equal("did you mean 'like'?", raises("ArgumentError", "lik", function() return user.c.name.lik end).hint)
  end)
end)

describe("a Table", function()
  it("shows its columns by key, by position and in order of writing", function()
    local _, user = two_tables()
    assert.equal("name", user.c.name.name)
    assert.equal(user.c.name, user.columns[2])
    assert.equal(3, #user.c)
    assert.same({ "id", "name", "age" }, names(user.c))
    local keys = {}
    for _, column in ipairs(user.columns) do keys[#keys + 1] = column.key end
    assert.same({ "id", "name", "age" }, keys)
    local seen = {}
    for key, column in pairs(user.c) do seen[key] = column.name end
    assert.same({ id = "id", name = "name", age = "age" }, seen)
  end)

  it("keeps columns in the order in which they were written", function()
    local last = Column("a", Integer)
    local first = Column("b", Integer)
    assert.same({ "a", "b" }, names(corm.Table("t", corm.MetaData(), first, last).c))
  end)

  it("shows its names, keys, constraints and indexes", function()
    local metadata, user, address = two_tables()
    assert.equal("user", user.name)
    assert.equal("user", user.fullname)
    assert.equal(metadata, user.metadata)
    assert.equal("user", tostring(user))
    assert.same({ "id" }, names(user.primary_key.columns))
    assert.same({ "ix_user_age" }, names(user.indexes))
    assert.equal(user, user.indexes[1].table)
    assert.same({ "age" }, names(user.indexes[1].columns))
    assert.equal(2, #user.constraints)
    assert.same({ "name" }, names(user.constraints[2].columns))
    local key = address.foreign_keys[1]
    assert.equal("user.id", key.target_fullname)
    assert.equal("CASCADE", key.ondelete)
    assert.equal(key, address.c.user_id.foreign_keys[1])
    assert.equal(address.constraints[2], key)
  end)

  it("lies in its schema", function()
    local t = corm.Table("t", corm.MetaData { schema = "a" }, Column("id", Integer))
    assert.same({ "a", "a.t" }, { t.schema, t.fullname })
    assert.equal("b.t", corm.Table("t", corm.MetaData { schema = "a" }, Column("id", Integer),
      { schema = "b" }).fullname)
  end)

  it("is found again by its name, and not written twice", function()
    local metadata, user = two_tables()
    assert.equal(user, corm.Table("user", metadata))
    assert.equal(user, corm.Table("user", metadata, Column("x", Integer), { keep_existing = true }))
    raises("InvalidRequestError", "already defined", corm.Table, "user", metadata, Column("x", Integer))
  end)

  it("names the nearest column and member for a typo", function()
    local _, user = two_tables()
    assert.equal("did you mean 'name'?", raises("ArgumentError", "nmae", function() return user.c.nmae end).hint)
    assert.equal("did you mean 'columns'?", raises("ArgumentError", "colums", function() return user.colums end).hint)
    assert.is_nil(user.c[4])
  end)

  it("cannot be changed through its collections", function()
    local _, user = two_tables()
    raises("ArgumentError", "cannot be changed", function() user.c.other = 1 end)
    raises("ArgumentError", "name", function() user.name = "x" end)
  end)

  it("does not grow by a column whose foreign key is another one's", function()
    local metadata, user = two_tables()
    local key = corm.ForeignKey "user.id"
    corm.Table("letter", metadata, Column("user_id", key))
    local wrong = Column("friend_id", key)
    for _ = 1, 2 do
      raises("ArgumentError", "belongs to another column already", function() user:append_column(wrong) end)
      assert.is_false(pcall(function() return user.c.friend_id end))
    end
    user:append_column(Column("friend_id", Integer))
    assert.equal("friend_id", user.c[#user.c].name)
    assert.equal(0, #user.foreign_keys)
  end)

  it("grows by append_column", function()
    local _, user = two_tables()
    user:append_column(Column("extra", Integer))
    assert.equal("extra", user.c.extra.name)
    assert.equal(4, #user.c)
  end)

  it("refuses what is no part of a table", function()
    local metadata = corm.MetaData()
    raises("ArgumentError", "a name expected", corm.Table, nil, metadata)
    raises("ArgumentError", "MetaData expected", corm.Table, "t", {})
    raises("ArgumentError", "a Column, a constraint or an Index expected", corm.Table, "t", metadata, 5)
    raises("ArgumentError", "belongs into a Column", corm.Table, "t", metadata, corm.ForeignKey("a.b"))
    raises("ArgumentError", "has no name", corm.Table, "t", metadata, Column(Integer))
    raises("ArgumentError", "already has a column", corm.Table, "t", metadata, Column("a", Integer), Column("a",
      Integer))
    raises("IdentifierError", "table", corm.Table, "", metadata)
    local column = Column("a", Integer)
    corm.Table("one", metadata, column)
    raises("ArgumentError", "already belongs to table 'one'", corm.Table, "two", metadata, column)
    assert.equal("did you mean 'schema'?", raises("ArgumentError", "shema", corm.Table, "t", metadata,
      { shema = "x" }).hint)
    assert.is_nil(metadata.tables.t)
    assert.is_nil(metadata.tables.two)
  end)

  it("is kept by any one of its columns", function()
    local column
    do
      local _, user = two_tables()
      column = user.c.age
    end
    for _ = 1, 4 do collectgarbage() end
    assert.equal("user", column.table.name)
    assert.equal("address", column.table.metadata.tables.address.name)
  end)

  it("is collected with its metadata", function()
    local weak = setmetatable({}, { __mode = "v" })
    do
      local metadata, user = two_tables()
      weak[1], weak[2] = metadata, user
      -- A default that refers to its own table is a cycle.
      user:append_column(Column("x", Integer, { default = function() return user end }))
    end
    for _ = 1, 4 do collectgarbage() end
    assert.is_nil(weak[1])
    assert.is_nil(weak[2])
  end)

  it("may be looked at by finalizers that run after its own", function()
    local seen
    do
      local holder = setmetatable({}, { __gc = function(self)
        seen = { self.table.name, #self.table.constraints, tostring(self.table.primary_key),
          pcall(function() return tostring(corm.select(self.table.c.id)) end) }
      end })
      local _, user = two_tables()
      holder.table = user
    end
    for _ = 1, 4 do collectgarbage() end
    assert.equal("user", seen[1])
    assert.is_true(seen[2] > 0)
    assert.is_true(seen[4])
  end)

  it("survives its finalizer called by hand", function()
    local metadata, user = two_tables()
    local statement = corm.select(user)
    for _ = 1, 2 do debug.getmetatable(user).__gc(user) end
    debug.getmetatable(user).__gc(io.stdout)
    debug.getmetatable(metadata).__gc(metadata)
    assert.equal("user", user.name)
    assert.equal(1, #user.primary_key.columns)
    assert.is_truthy(tostring(statement):find('FROM "user"', 1, true))
    assert.equal(2, #metadata.sorted_tables)
  end)
end)

describe("a foreign key", function()
  it("takes a Column as its target, and its type", function()
    local metadata = corm.MetaData()
    local parent = corm.Table("p", metadata, Column("id", String(7), { primary_key = true }))
    local child = corm.Table("c", metadata, Column("p_id", corm.ForeignKey(parent.c.id)))
    assert.equal("p.id", child.foreign_keys[1].target_fullname)
    assert.equal(7, child.c.p_id.type.length)
  end)

  it("takes the type of a target that is written later", function()
    local metadata = corm.MetaData()
    local child = corm.Table("c", metadata, Column("p_id", corm.ForeignKey("p.id")))
    corm.Table("p", metadata, Column("id", String(7), { primary_key = true }))
    assert.equal(7, child.c.p_id.type.length)
  end)

  it("is composite as a constraint", function()
    local metadata = corm.MetaData()
    corm.Table("p", metadata, Column("a", Integer, { primary_key = true }), Column("b", Integer,
      { primary_key = true }))
    local child = corm.Table("c", metadata, Column("x", Integer), Column("y", Integer),
      corm.ForeignKeyConstraint({ "x", "y" }, { "p.a", "p.b" }, { name = "fk", onupdate = "SET NULL" }))
    local key = child.foreign_key_constraints[1]
    assert.same({ "x", "y" }, names(key.columns))
    assert.same({ "p.a", "p.b" }, key.targets)
    assert.same({ "fk", "SET NULL" }, { key.name, key.onupdate })
  end)

  it("that leads nowhere is told when it is needed", function()
    local metadata = corm.MetaData()
    corm.Table("child", metadata, Column("p_id", Integer, corm.ForeignKey("parnt.id")))
    corm.Table("parent", metadata, Column("id", Integer, { primary_key = true }))
    local err = raises("NoReferencedTableError", "child.p_id", function() return metadata.sorted_tables end)
    assert.equal("did you mean 'parent.id'?", err.hint)
  end)

  it("to an unknown column is told", function()
    local metadata = corm.MetaData()
    corm.Table("child", metadata, Column("p_id", Integer, corm.ForeignKey("parent.ident")))
    corm.Table("parent", metadata, Column("id", Integer, { primary_key = true }))
    raises("NoReferencedColumnError", "ident", function() return metadata.sorted_tables end)
  end)

  it("refuses bad arguments", function()
    raises("ArgumentError", "not of the form", corm.ForeignKey, "user")
    raises("ArgumentError", "as target", corm.ForeignKey, 5)
    raises("ArgumentError", "ondelete", corm.ForeignKey, "a.b", { ondelete = "EXPLODE" })
    raises("ArgumentError", "initially", corm.ForeignKey, "a.b", { initially = "later" })
    raises("ArgumentError", "as many targets", corm.ForeignKeyConstraint, { "a" }, { "p.a", "p.b" })
    raises("ArgumentError", "a list of columns", corm.ForeignKeyConstraint, "a", "p.a")
    assert.equal("did you mean 'ondelete'?", raises("ArgumentError", "ondelte", corm.ForeignKey, "a.b",
      { ondelte = "x" }).hint)
  end)

  it("belongs to one column", function()
    local key = corm.ForeignKey("p.id")
    local metadata = corm.MetaData()
    corm.Table("a", metadata, Column("x", Integer, key))
    raises("ArgumentError", "belongs to another column", corm.Table, "b", metadata, Column("y", Integer, key))
  end)
end)

describe("constraints and indexes", function()
  it("name columns by string or object", function()
    local a, b = Column("a", Integer), Column("b", Integer)
    local t = corm.Table("t", corm.MetaData(), a, b, corm.UniqueConstraint("a", b, { name = "uq" }),
      corm.PrimaryKeyConstraint("b", "a", { name = "pk" }), corm.CheckConstraint("a > 0", { name = "ck" }))
    assert.equal("pk", t.primary_key.name)
    assert.same({ "b", "a" }, names(t.primary_key.columns))
    assert.same({ "pk", "uq", "ck" }, names(t.constraints))
    assert.is_true(t.c.a.primary_key)
  end)

  it("stand in the table of their columns by themselves", function()
    local _, user = two_tables()
    local unique = corm.UniqueConstraint(user.c.age, user.c.name)
    local index = corm.Index("ix_low", corm.func.lower(user.c.name), user.c.age:desc())
    assert.equal(user, unique.table)
    assert.equal(user, index.table)
    assert.same({ "ix_user_age", "ix_low" }, names(user.indexes))
  end)

  it("over a very deep expression do not exhaust the stack", function()
    local _, user = two_tables()
    local e = user.c.age
    for _ = 1, 200000 do e = e + 1 end
    assert.is_nil(corm.Index("deep", e).table)
  end)

  it("refuse bad arguments", function()
    local metadata = corm.MetaData()
    local err = raises("ArgumentError", "no column 'nmae'", corm.Table, "t", metadata, Column("name", Integer),
      corm.UniqueConstraint("nmae"))
    assert.equal("did you mean 'name'?", err.hint)
    raises("ArgumentError", "no column 'x'", corm.Table, "t", metadata, Column("name", Integer), corm.Index("i", "x"))
    raises("ArgumentError", "at least one column", corm.UniqueConstraint)
    raises("ArgumentError", "at least one column", corm.Index, "i")
    raises("ArgumentError", "a name", corm.Index, 5, "x")
    raises("ArgumentError", "boolean", corm.CheckConstraint, false)
    assert.equal("did you mean 'unique'?", raises("ArgumentError", "uniqe", corm.Index, "i", "a",
      { uniqe = true }).hint)
  end)
end)

describe("a MetaData", function()
  it("lists its tables, sorted by dependency too", function()
    local metadata, user, address = two_tables()
    assert.same({ "user", "address" }, names(metadata.tables))
    assert.equal(user, metadata.tables.user)
    corm.Table("first", metadata, Column("id", Integer, { primary_key = true }))
    local last = corm.MetaData()
    local child = corm.Table("child", last, Column("p", Integer, corm.ForeignKey("parent.id")))
    local parent = corm.Table("parent", last, Column("id", Integer, { primary_key = true }))
    assert.same({ "parent", "child" }, names(last.sorted_tables))
    assert.equal(parent, last.sorted_tables[1])
    assert.equal(child, last.sorted_tables[2])
    assert.equal(address, metadata.tables[2])
  end)

  it("forgets tables", function()
    local metadata, user = two_tables()
    metadata:remove(user)
    assert.is_nil(metadata.tables.user)
    raises("NoReferencedTableError", "user", function() return metadata.sorted_tables end)
    metadata:clear()
    assert.equal(0, #metadata.tables)
    assert.same({ "id", "name", "age" }, names(user.c))
  end)

  it("refuses unknown options and members", function()
    assert.equal("did you mean 'schema'?", raises("ArgumentError", "shema", corm.MetaData, { shema = "x" }).hint)
    -- Table has more than 64 options; any of them may be meant.
    for typo, meant in pairs { shema = "schema", inf = "info", mariadb_subpartitons = "mariadb_subpartitions",
      mysql_conection = "mysql_connection" } do
      local err = raises("ArgumentError", typo, corm.Table, "t", corm.MetaData(), { [typo] = "x" })
      assert.equal(("did you mean '%s'?"):format(meant), err.hint)
    end
    raises("ArgumentError", "unknown option 'on_null' of Identity", corm.Identity, { on_null = true })
    raises("ArgumentError", "create_al", function() return corm.MetaData().create_al end)
  end)
end)

describe("create_all and drop_all", function()
  after_each(database.clean)

  it("create in order, drop in reverse, and do nothing the second time", function()
    local url, path = database.url()
    local engine = corm.create_engine(url)
    local metadata = corm.MetaData()
    corm.Table("child", metadata, Column("id", Integer, { primary_key = true }),
      Column("p", Integer, corm.ForeignKey("parent.id"), { index = true }))
    corm.Table("parent", metadata, Column("id", Integer, { primary_key = true }))
    metadata:create_all(engine)
    metadata:create_all(engine)
    assert.equal("child parent", database.tables(path))
    assert.equal("ix_child_p", database.indexes(path))
    local conn = engine:connect()
    conn:execute(corm.text "insert into parent values (1)")
    conn:execute(corm.text "insert into child values (1, 1)")
    conn:commit()
    conn:close()
    metadata:drop_all(engine)
    metadata:drop_all(engine)
    assert.equal("", database.tables(path))
    engine:dispose()
  end)

  it("take some tables, a connection, and no check", function()
    local url, path = database.url()
    local engine = corm.create_engine(url)
    local metadata, user, address = two_tables()
    engine:begin(function(conn) metadata:create_all(conn, { tables = { user } }) end)
    assert.equal("user", database.tables(path))
    raises("ProgrammingError", "already exists", function() metadata:create_all(engine, { tables = { user },
      checkfirst = false }) end)
    address:create(engine)
    raises("ProgrammingError", "already exists", function() address:create(engine) end)
    address:create(engine, { checkfirst = true })
    address:drop(engine)
    assert.equal("user", database.tables(path))
    engine:dispose()
  end)

  it("drop tables that refer to each other", function()
    local url, path = database.url()
    local engine = corm.create_engine(url)
    local metadata = corm.MetaData()
    corm.Table("a", metadata, Column("id", Integer, { primary_key = true }), Column("b", Integer,
      corm.ForeignKey("b.id")))
    corm.Table("b", metadata, Column("id", Integer, { primary_key = true }), Column("a", Integer,
      corm.ForeignKey("a.id")))
    metadata:create_all(engine)
    engine:begin(function(conn)
      conn:execute(corm.text "insert into a values (1, null)")
      conn:execute(corm.text "insert into b values (1, 1)")
      conn:execute(corm.text "update a set b = 1")
    end)
    metadata:drop_all(engine)
    assert.equal("", database.tables(path))
    engine:dispose()
  end)

  it("undo everything when one table fails, where the database can", function()
    local url, path = database.url()
    local engine = corm.create_engine(url)
    local metadata = corm.MetaData()
    corm.Table("good", metadata, Column("id", Integer, { primary_key = true }))
    corm.Table("bad", metadata, Column("id", Integer), corm.CheckConstraint("this is not SQL"))
    raises("ProgrammingError", "SQL", function() metadata:create_all(engine) end)
    assert.equal(database.lacks "rollback_of_ddl" and "good" or "", database.tables(path))
    engine:dispose()
  end)

  it("refuse what is no engine and unknown options", function()
    local metadata = corm.MetaData()
    raises("ArgumentError", "an Engine or a Connection expected", function() metadata:create_all("sqlite://") end)
    raises("ArgumentError", "chekfirst", function() metadata:create_all(nil, { chekfirst = true }) end)
    raises("ArgumentError", "tables must be a list", function()
      metadata:create_all(corm.create_engine "sqlite://", { tables = "x" })
    end)
  end)
end)
