-- S20: tables out of a database, on every database.
local corm = require "corm"
local database = require "spec.support.database"
local inspected = require "spec.support.inspected"
local raises = require "spec.support.raises"

local Column, ForeignKey, Integer, String, Table = corm.Column, corm.ForeignKey, corm.Integer, corm.String, corm.Table

-- The text of a constraint or index without what varies: blanks, quotes.
local function text_of(part)
  return (tostring(part):gsub('[%s"`]+', " "))
end

-- What a Table is, as text, for comparison.
local function described(table_)
  local lines = {}
  for column in table_.c do
    lines[#lines + 1] = table.concat({ column.name, tostring(column.type), tostring(column.nullable),
      tostring(column.primary_key), tostring(column.server_default), tostring(column.comment),
      column.computed and tostring(column.computed.sqltext) or "" }, " | ")
  end
  local parts = {}
  for constraint in table_.constraints do parts[#parts + 1] = text_of(corm.AddConstraint(constraint)) end
  for index in table_.indexes do parts[#parts + 1] = text_of(corm.CreateIndex(index)) end
  table.sort(parts)
  return table.concat(lines, "\n") .. "\n" .. table.concat(parts, "\n")
end

local function create_tables(engine)
  local metadata = corm.MetaData()
  Table("city", metadata,
    Column("id", Integer, { primary_key = true }),
    Column("name", String(40), { nullable = false }),
    Column("mayor_id", Integer, ForeignKey("person.id", { name = "mayor", use_alter = true })))
  Table("person", metadata,
    Column("id", Integer, { primary_key = true }),
    Column("name", String(40), { nullable = false, server_default = "nobody: it's me" }),
    Column("city_id", Integer, ForeignKey("city.id", { name = "lives_in", ondelete = "CASCADE" }),
      { nullable = false }),
    Column("height", corm.Numeric(5, 2)),
    Column("born", corm.Date),
    corm.UniqueConstraint("name", "city_id", { name = "one_name" }),
    corm.CheckConstraint("height > 0", { name = "has_height" }),
    corm.Index("by_birth", "born", "name"))
  Table("tag", metadata, Column("person_id", ForeignKey("person.id"), { primary_key = true }),
    Column("word", String(10), { primary_key = true }))
  metadata:create_all(engine)
end

describe("S20 a reflected table", function()
  local engine, metadata

  database.each(before_each, after_each, function(made)
    engine = made
    create_tables(engine)
    metadata = corm.MetaData()
  end)

  local function run(...) inspected.execute(engine, ...) end

  local function load(name, ...)
    local items = { ... }
    local options = type(items[#items]) == "table" and table.remove(items) or {}
    options.autoload_with = options.autoload_with or engine
    items[#items + 1] = options
    return Table(name, metadata, table.unpack(items))
  end

  local function names(list)
    local found = {}
    for i, each in ipairs(list) do found[i] = each.name or each.key end
    return found
  end

  it("has the database's columns in their order", function()
    local person = load "person"
    assert.same({ "id", "name", "city_id", "height", "born" }, names(person.c))
    assert.same({ "id" }, names(person.primary_key.columns))
    assert.is_false(person.c.name.nullable)
    assert.is_true(person.c.height.nullable)
    assert.equal(5, person.c.height.type.precision)
    assert.equal(2, person.c.height.type.scale)
  end)

  it("brings the tables that its keys lead to, and those behind them", function()
    local tag = load "tag"
    assert.is_not_nil(metadata.tables.person)
    assert.is_not_nil(metadata.tables.city)
    assert.equal("person.id", tag.foreign_keys[1].target_fullname)
    assert.same({ "mayor" }, names(metadata.tables.city.foreign_keys))
    assert.same({ "lives_in" }, names(metadata.tables.person.foreign_keys))
    assert.equal("CASCADE", metadata.tables.person.foreign_keys[1].ondelete)
  end)

  it("comes alone with resolve_fks = false", function()
    local tag = load("tag", { resolve_fks = false })
    assert.equal(1, #metadata.tables)
    assert.equal("person.id", tag.foreign_keys[1].target_fullname)
  end)

  it("has constraints and indexes", function()
    local person = load "person"
    local found = {}
    for constraint in person.constraints do found[constraint.name or "?"] = constraint end
    assert.equal("height > 0", (tostring(found.has_height.sqltext):gsub("[`()]", ""):gsub("::numeric", "")))
    local unique = found.one_name -- which MariaDB has for an index
    for index in person.indexes do
      found[index.name] = index
      if index.name == "one_name" then unique = index end
    end
    assert.same({ "name", "city_id" }, names(unique.columns))
    assert.same({ "born", "name" }, names(found.by_birth.columns))
    assert.is_false(found.by_birth.unique)
  end)

  database.only("postgresql", function()
    it("has constraints that wait for the end of the transaction", function()
      run [[CREATE TABLE late (a INTEGER, b INTEGER, CONSTRAINT k PRIMARY KEY (a) DEFERRABLE,
        CONSTRAINT u UNIQUE (b) DEFERRABLE INITIALLY DEFERRED)]]
      local made = tostring(corm.CreateTable(load "late"))
      assert.matches("CONSTRAINT k PRIMARY KEY %(a%) DEFERRABLE", made)
      assert.matches("CONSTRAINT u UNIQUE %(b%) DEFERRABLE INITIALLY DEFERRED", made)
    end)
  end)

  it("writes and reads rows, with keys and defaults of the database", function()
    local person = load "person"
    local city = metadata.tables.city
    engine:begin(function(connection)
      local result = connection:execute(city:insert(), { name = "Rome" })
      local id = result.inserted_primary_key[1]
      connection:execute(person:insert(), { city_id = id, height = corm.decimal "1.85", born = corm.date(1980, 2, 3) })
      local row = connection:execute(corm.select(person, city.c.name:label "city")
        :join(city, person.c.city_id:eq(city.c.id))):first()
      assert.equal("nobody: it's me", row.name)
      assert.equal("Rome", row.city)
      assert.equal(corm.decimal "1.85", row.height)
      assert.equal(corm.date(1980, 2, 3), row.born)
      assert.equal("integer", math.type(row.id))
    end)
  end)

  it("takes what the script says of a column", function()
    local person = load("person", Column("name", corm.Text, { key = "title", default = "x" }),
      Column("extra", Integer), corm.CheckConstraint("id > 3", { name = "of_mine" }))
    assert.same({ "id", "name", "city_id", "height", "born", "extra" }, names(person.c))
    assert.equal("name", person.c.title.name)
    assert.equal("x", person.c.title.default)
    assert.is_nil(person.c.title.server_default)
    local found = {}
    for constraint in person.constraints do found[constraint.name or "?"] = true end
    assert.is_true(found.of_mine)
  end)

  it("has no foreign key of a column that the script says, but the script's own", function()
    local person = load("person", Column("city_id", Integer))
    assert.same({}, names(person.foreign_keys))
    metadata = corm.MetaData()
    local own = Column("city_id", Integer, ForeignKey("city.id", { name = "other" }))
    person = load("person", own, { resolve_fks = false })
    assert.same({ "other" }, names(person.foreign_keys))
  end)

  it("has the primary key that is declared for a view", function()
    run "CREATE VIEW grown AS SELECT id, name FROM person"
    local grown = load("grown", Column("id", Integer, { primary_key = true }))
    assert.same({ "id" }, names(grown.primary_key.columns))
    assert.same({ "id", "name" }, names(grown.c))
  end)

  it("has some columns only, and what goes with them", function()
    local person = load("person", { include_columns = { "id", "born", "name" } })
    assert.same({ "id", "name", "born" }, names(person.c))
    assert.same({}, names(person.foreign_keys))
    assert.same({ "by_birth" }, names(person.indexes))
    assert.is_nil(metadata.tables.city)
  end)

  it("is the one that is there already", function()
    local mine = Table("person", metadata, Column("id", Integer, { primary_key = true }))
    assert.equal(mine, load "person")
    assert.equal(1, #mine.c)
    raises("InvalidRequestError", "already defined", load, "person", Column("x", Integer))
    assert.equal(mine, load("person", { extend_existing = true, resolve_fks = false }))
    assert.same({ "id", "name", "city_id", "height", "born" }, names(mine.c))
    assert.same({ "lives_in" }, names(mine.foreign_keys))
  end)

  it("is extended once, and gets no constraint twice", function()
    load "person"
    local before = described(metadata.tables.person)
    load("person", { extend_existing = true })
    metadata:reflect(engine, { extend_existing = true })
    assert.equal(before, described(metadata.tables.person))
  end)

  it("is made of a name that is always in quotes", function()
    local person = load(corm.quoted_name("person", true), { resolve_fks = false })
    assert.equal("person", person.name)
    assert.matches('["`]person["`]', tostring(corm.select(person.c.id)))
  end)

  it("is made through a Connection, in its transaction", function()
    local connection = engine:connect()
    connection:exec_driver_sql "CREATE TABLE mine (id INTEGER NOT NULL PRIMARY KEY, a INTEGER)"
    assert.same({ "id", "a" }, names(load("mine", { autoload_with = connection }).c))
    assert.same({ "id", "a" }, names(Table("mine", corm.MetaData(), { autoload_with = corm.inspect(connection) }).c))
    connection:rollback()
    connection:close()
    assert.equal(0, engine.pool:checkedout())
  end)

  it("is not there when it could not be made", function()
    raises("NoSuchTableError", "no table 'persons'", load, "persons")
    assert.equal(0, #metadata.tables)
    raises("ArgumentError", "say primary_key = true", load, "person", Column("id", Integer))
    assert.equal(0, #metadata.tables)
    assert.equal(5, #load("person").c)
  end)

  it("tells a listener of each column, which may change it", function()
    local seen = {}
    local function listener(inspector, table_, info)
      assert.equal("persons", inspector and table_.name .. "s")
      seen[#seen + 1] = info.name
      info.key = info.name:upper()
      if info.name == "height" then info.type = corm.Float end
      info.info = { was = info.name }
    end
    corm.event.listen(metadata, "column_reflect", listener)
    local person = load("person", { resolve_fks = false })
    assert.same({ "id", "name", "city_id", "height", "born" }, seen)
    assert.equal("city_id", person.c.CITY_ID.name)
    assert.equal("FLOAT", tostring(person.c.HEIGHT.type))
    assert.equal("born", person.c.BORN.info.was)
    assert.same({ "CITY_ID" }, { person.foreign_keys[1].columns[1].key })
    assert.same({ "born", "name" }, names(person.indexes[1].columns))
    corm.event.remove(metadata, "column_reflect", listener)
    assert.equal(3, #load("city", { resolve_fks = false }).c)
    assert.equal(5, #seen)
  end)

  it("resolves keys by the names that columns have in the database", function()
    corm.event.listen(metadata, "column_reflect", function(_, _, info) info.key = "k_" .. info.name end)
    local tag = load "tag"
    assert.equal("k_person_id", tag.foreign_keys[1].columns[1].key)
    assert.matches("ON person.id = tag.person_id",
      (tostring(corm.select(tag.c.k_word):join_from(tag, metadata.tables.person))))
  end)

  it("is filled by reflect_table", function()
    local person = Table("person", metadata, Column("id", Integer, { primary_key = true }))
    corm.inspect(engine):reflect_table(person, { exclude_columns = { "born" }, resolve_fks = false })
    assert.same({ "id", "name", "city_id", "height" }, names(person.c))
    for _, name in ipairs(names(person.indexes)) do assert.is_not.equal("by_birth", name) end
  end)

  it("is what a model takes", function()
    local Base = corm.declarative_base { metadata = metadata }
    local City = Base:model("City", { __table__ = load("city", { resolve_fks = false }) })
    local Person = Base:model("Person", {
      __tablename__ = "person", __table_args__ = { autoload_with = engine },
      city = corm.relationship(City, { foreign_keys = "Person.city_id", backref = "people" }),
    })
    local session = corm.Session(engine)
    session:add(Person { name = "Ann", city = City { name = "Rome" } })
    session:commit()
    assert.equal("Ann", session:scalars(corm.select(City)):one().people[1].name)
    session:close()
  end)

  describe("with bad input", function()
    it("refuses what is no database", function()
      for _, wrong in ipairs { 3, "sqlite://", {}, metadata } do
        raises("ArgumentError", "autoload_with: an Engine, a Connection or an Inspector expected", load, "person",
          { autoload_with = wrong })
      end
    end)

    it("refuses unknown options", function()
      raises("ArgumentError", "unknown option 'resolve_fk' of Table", load, "person", { resolve_fk = true })
      raises("ArgumentError", "must be a table", load, "person", { include_columns = "id" })
      raises("ArgumentError", "a Table expected", function() corm.inspect(engine):reflect_table("person") end)
      raises("ArgumentError", "did you mean 'exclude_columns'", function()
        corm.inspect(engine):reflect_table(Table("person", metadata), { exclude_column = {} })
      end)
      assert.equal(5, #load("person", { extend_existing = true }).c)
    end)
  end)
end)

describe("S20 metadata:reflect", function()
  local engine, metadata

  database.each(before_each, after_each, function(made)
    engine = made
    create_tables(engine)
    metadata = corm.MetaData()
  end)

  local function names()
    local found = {}
    for _, table_ in ipairs(metadata.tables) do found[#found + 1] = table_.name end
    table.sort(found)
    return found
  end

  it("makes all tables", function()
    metadata:reflect(engine)
    assert.same({ "city", "person", "tag" }, names())
  end)

  it("costs a handful of statements, however many tables there are", function()
    local many = corm.MetaData()
    for i = 1, 30 do
      Table("more_" .. i, many, Column("id", Integer, { primary_key = true }),
        Column("before_id", i > 1 and ForeignKey(("more_%d.id"):format(i - 1)) or Integer))
    end
    many:create_all(engine)
    local n = 0
    local function count() n = n + 1 end
    corm.event.listen(engine, "before_cursor_execute", count)
    metadata:reflect(engine)
    corm.event.remove(engine, "before_cursor_execute", count)
    assert.equal(33, #metadata.tables)
    assert.is_true(n <= 20, n .. " statements")
    assert.equal("more_6.id", metadata.tables.more_7.c.before_id.foreign_keys[1].target_fullname)
  end)

  it("follows keys from table to table, however many there are", function()
    local many = corm.MetaData()
    for i = 1, 220 do
      Table("link_" .. i, many, Column("id", Integer, { primary_key = true }),
        Column("next_id", i > 1 and ForeignKey(("link_%d.id"):format(i - 1)) or Integer))
    end
    many:create_all(engine)
    Table("link_220", metadata, { autoload_with = engine })
    assert.equal(220, #metadata.tables)
  end)

  it("tells a listener of each column once", function()
    local n = 0
    corm.event.listen(metadata, "column_reflect", function() n = n + 1 end)
    metadata:reflect(engine)
    assert.equal(10, n)
  end)

  it("leaves no table when one of them cannot be made", function()
    corm.event.listen(metadata, "column_reflect", function(_, table_)
      if table_.name == "tag" then error("stop here", 0) end
    end)
    local ok, problem = pcall(metadata.reflect, metadata, engine)
    assert.is_false(ok)
    assert.matches("stop here", tostring(problem))
    assert.equal(0, #metadata.tables)
    assert.equal(0, engine.pool:checkedout())
  end)

  it("makes some tables, and those that they refer to", function()
    metadata:reflect(engine, { only = { "city" }, resolve_fks = false })
    assert.same({ "city" }, names())
    metadata:reflect(engine, { only = function(name, of) return of == metadata and name == "tag" end })
    assert.same({ "city", "person", "tag" }, names())
  end)

  it("makes views, too", function()
    engine:begin(function(connection)
      connection:exec_driver_sql "CREATE VIEW grown AS SELECT id, name FROM person"
    end)
    metadata:reflect(engine)
    assert.is_nil(metadata.tables.grown)
    metadata:reflect(engine, { views = true })
    assert.equal(2, #metadata.tables.grown.c)
  end)

  it("leaves tables as they are, unless it is to extend them", function()
    Table("city", metadata, Column("id", Integer, { primary_key = true }))
    metadata:reflect(engine)
    assert.equal(1, #metadata.tables.city.c)
    metadata:reflect(engine, { extend_existing = true })
    assert.equal(3, #metadata.tables.city.c)
  end)

  it("names what is not there", function()
    raises("InvalidRequestError", "the database has no table cities, tags", metadata.reflect, metadata, engine,
      { only = { "city", "cities", "tags" } })
    assert.equal(0, #metadata.tables)
    raises("ArgumentError", "an Engine, a Connection or an Inspector expected", metadata.reflect, metadata)
    raises("ArgumentError", "did you mean 'views'", metadata.reflect, metadata, engine, { view = true })
    raises("ArgumentError", "a list of names or a function", metadata.reflect, metadata, engine, { only = "city" })
  end)

  -- The tables that metadata makes are those that it was made of.
  it("gives what makes the same tables again", function()
    metadata:reflect(engine)
    local copy = database.engine()
    metadata:create_all(copy)
    local again = corm.MetaData()
    again:reflect(copy)
    for _, table_ in ipairs(metadata.sorted_tables) do
      assert.equal(described(table_), described(again.tables[table_.name]))
    end
    copy:dispose()
  end)
end)
