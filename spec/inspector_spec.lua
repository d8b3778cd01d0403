-- S21: what corm.inspect(engine) says on every database.
local corm = require "corm"
local database = require "spec.support.database"
local inspected = require "spec.support.inspected"
local raises = require "spec.support.raises"

local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String

local function names_of(list)
  local names = {}
  for i, each in ipairs(list) do names[i] = each.name or false end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

-- Tables with a bit of everything that all databases have.
local function tables(metadata)
  corm.Table("Place of birth", metadata,
    Column("zip", String(10), { primary_key = true }),
    Column("Country", String(2), { primary_key = true }),
    Column("name", String(40), { nullable = false, server_default = "it's" }))
  corm.Table("person", metadata,
    Column("id", Integer, { primary_key = true }),
    Column("email", String(60), { unique = true }),
    Column("zip", String(10)),
    Column("land", String(2)),
    Column("boss_id", Integer, ForeignKey("person.id", { name = "boss", ondelete = "SET NULL" })),
    Column("age", Integer),
    corm.CheckConstraint("age > 0", { name = "is_alive" }),
    corm.ForeignKeyConstraint({ "zip", "land" }, { "Place of birth.zip", "Place of birth.Country" },
      { name = "born_in", ondelete = "CASCADE" }),
    corm.UniqueConstraint("zip", "age", { name = "strange" }),
    corm.Index("by_age", "age", "zip"))
end

describe("S21 the Inspector", function()
  local engine, inspector

  database.each(before_each, after_each, function(made)
    engine = made
    local metadata = corm.MetaData()
    tables(metadata)
    metadata:create_all(engine)
    inspector = corm.inspect(engine)
  end)

  local function run(...) inspected.execute(engine, ...) end

  local function sent(fn)
    local n = 0
    local function count() n = n + 1 end
    corm.event.listen(engine, "before_cursor_execute", count)
    fn()
    corm.event.remove(engine, "before_cursor_execute", count)
    return n
  end

  it("says whose it is", function()
    assert.equal(engine, inspector.engine)
    assert.equal(engine, inspector.bind)
    assert.equal(database.name, inspector.dialect.name)
    assert.equal("Inspector of " .. tostring(engine), tostring(inspector))
  end)

  it("knows the names of tables and views", function()
    run "CREATE VIEW grown AS SELECT id FROM person WHERE age > 17"
    assert.same({ "Place of birth", "person" }, inspector:get_table_names())
    assert.same({ "grown" }, inspector:get_view_names())
    assert.same({}, inspector:get_materialized_view_names())
    assert.same({}, inspector:get_temp_table_names())
    assert.matches("age > 17", (inspector:get_view_definition("grown"):gsub("[`()]", ""):gsub("person%.", "")))
  end)

  it("knows what is there and what is not", function()
    run "CREATE VIEW grown AS SELECT id FROM person WHERE age > 17"
    assert.is_true(inspector:has_table "person")
    assert.is_true(inspector:has_table "Place of birth")
    assert.is_true(inspector:has_table "grown")
    assert.is_false(inspector:has_table "persons")
    assert.is_true(inspector:has_index("person", "by_age"))
    assert.is_false(inspector:has_index("person", "by_name"))
    assert.is_false(inspector:has_index("persons", "by_age"))
    assert.is_true(inspector:has_schema(inspector.default_schema_name))
    assert.is_false(inspector:has_schema "nowhere")
    assert.is_false(inspector:has_table("person", { schema = "nowhere" }))
  end)

  it("tells of columns in their order", function()
    local columns = inspector:get_columns "Place of birth"
    assert.same({ "zip", "Country", "name" }, { columns[1].name, columns[2].name, columns[3].name })
    assert.same({ false, false, false }, { columns[1].nullable, columns[2].nullable, columns[3].nullable })
    assert.equal("VARCHAR(10)", (tostring(columns[1].type):gsub(" .*", "")))
    assert.is_nil(columns[1].default)
    assert.matches("^'it''s'", columns[3].default)
    assert.is_true(inspector:get_columns("person")[3].nullable)
    assert.equal("INTEGER", (tostring(inspector:get_columns("person")[1].type):gsub("%(.*", "")))
  end)

  it("tells of primary keys", function()
    assert.same({ "zip", "Country" }, inspector:get_pk_constraint("Place of birth").constrained_columns)
    assert.same({ "id" }, inspector:get_pk_constraint("person").constrained_columns)
    run "CREATE TABLE keyless (a INTEGER)"
    assert.same({ constrained_columns = {} }, inspector:get_pk_constraint "keyless")
  end)

  it("tells of foreign keys", function()
    local keys = {}
    for _, key in ipairs(inspector:get_foreign_keys "person") do keys[key.name] = key end
    assert.same({ name = "boss", constrained_columns = { "boss_id" }, referred_table = "person",
      referred_columns = { "id" }, options = { ondelete = "SET NULL" } }, keys.boss)
    assert.same({ name = "born_in", constrained_columns = { "zip", "land" }, referred_table = "Place of birth",
      referred_columns = { "zip", "Country" }, options = { ondelete = "CASCADE" } }, keys.born_in)
    assert.same({}, inspector:get_foreign_keys "Place of birth")
  end)

  it("tells of UNIQUE constraints", function()
    local found = {}
    for _, each in ipairs(inspector:get_unique_constraints "person") do
      found[table.concat(each.column_names, " ")] = each.name or "unnamed"
    end
    assert.equal("strange", found["zip age"])
    assert.is_not_nil(found.email)
    assert.same({}, inspector:get_unique_constraints "Place of birth")
  end)

  it("tells of indexes", function()
    local found = {}
    for _, each in ipairs(inspector:get_indexes "person") do found[each.name] = each end
    assert.same({ "age", "zip" }, found.by_age.column_names)
    assert.is_false(found.by_age.unique)
    assert.same({}, inspector:get_indexes "Place of birth")
  end)

  it("tells of CHECK constraints", function()
    local found = inspector:get_check_constraints "person"
    assert.equal(1, #found)
    assert.equal("is_alive", found[1].name)
    assert.equal("age > 0", (found[1].sqltext:gsub("`", "")))
  end)

  it("tells of many tables at the price of one", function()
    for i = 1, 12 do run(("CREATE TABLE more_%d (id INTEGER NOT NULL PRIMARY KEY, a INTEGER)"):format(i)) end
    local columns, keys
    local n = sent(function()
      columns = inspector:get_multi_columns()
      keys = inspector:get_multi_foreign_keys()
    end)
    assert.is_true(n <= 8, n .. " statements")
    assert.equal("a", columns.more_7[2].name)
    assert.same(names_of(corm.inspect(engine):get_columns "person"), names_of(columns.person))
    assert.same(names_of(corm.inspect(engine):get_foreign_keys "person"), names_of(keys.person))
    assert.same({}, keys.more_7)
  end)

  it("tells of some tables, of views, of all", function()
    run "CREATE VIEW grown AS SELECT id FROM person WHERE age > 17"
    local function found(options)
      local names = {}
      for name in pairs(inspector:get_multi_columns(options)) do names[#names + 1] = name end
      table.sort(names)
      return names
    end
    assert.same({ "person" }, found { filter_names = { "person", "nobody" } })
    assert.same({ "grown" }, found { kind = "view" })
    assert.same({ "grown" }, found { kind = "any_view" })
    assert.same({ "Place of birth", "grown", "person" }, found { kind = "any" })
    assert.same({}, found { scope = "temporary" })
  end)

  it("has the other questions about many tables, too", function()
    local keys = inspector:get_multi_pk_constraint()
    assert.same({ "zip", "Country" }, keys["Place of birth"].constrained_columns)
    assert.equal("is_alive", inspector:get_multi_check_constraints().person[1].name)
    assert.same({}, inspector:get_multi_indexes()["Place of birth"])
    assert.equal(2, #inspector:get_multi_unique_constraints().person)
    assert.same({}, inspector:get_multi_table_comment().person)
    assert.is_table(inspector:get_multi_table_options().person)
  end)

  it("sorts tables by what they refer to", function()
    local sorted = inspector:get_sorted_table_and_fkc_names()
    assert.same({ "Place of birth", {} }, sorted[1])
    assert.equal("person", sorted[2][1])
    table.sort(sorted[2][2])
    assert.same({ "born_in", "boss" }, sorted[2][2])
    assert.equal(2, #sorted)
  end)

  it("tells of tables that refer to each other, behind the others", function()
    local metadata = corm.MetaData()
    corm.Table("egg", metadata, Column("id", Integer, { primary_key = true }),
      Column("hen_id", ForeignKey("hen.id", { name = "laid_by" })))
    corm.Table("hen", metadata, Column("id", Integer, { primary_key = true }),
      Column("egg_id", ForeignKey("egg.id", { name = "hatched" })))
    metadata:create_all(engine)
    local sorted = inspector:get_sorted_table_and_fkc_names()
    assert.equal(5, #sorted)
    assert.is_nil(sorted[5][1])
    assert.same({ { "egg", "laid_by" } }, sorted[5][2])
  end)

  it("remembers what it was told, until it is asked anew", function()
    assert.equal(3, #inspector:get_columns "Place of birth")
    run "CREATE TABLE late (a INTEGER)"
    assert.equal(0, sent(function() inspector:get_columns "Place of birth" end))
    inspector:get_table_names()
    run "CREATE TABLE later (a INTEGER)"
    assert.equal(3, #inspector:get_table_names())
    inspector:clear_cache()
    assert.equal(4, #inspector:get_table_names())
  end)

  it("hands out lists that are the caller's own", function()
    inspector:get_columns("person")[1].name = "changed"
    inspector:get_pk_constraint("person").constrained_columns[1] = "changed"
    assert.equal("id", inspector:get_columns("person")[1].name)
    assert.same({ "id" }, inspector:get_pk_constraint("person").constrained_columns)
  end)

  it("uses a Connection as it is, with what its transaction has done", function()
    local connection = engine:connect()
    connection:exec_driver_sql "CREATE TABLE mine (a INTEGER)"
    assert.is_true(corm.inspect(connection):has_table "mine")
    assert.equal(connection, corm.inspect(connection).bind)
    connection:rollback()
    connection:close()
  end)

  it("gives its connection back, whatever happens", function()
    inspector:get_multi_columns()
    raises("NoSuchTableError", "nothing", inspector.get_columns, inspector, "nothing")
    assert.equal(0, engine.pool:checkedout())
  end)

  it("finds names with whatever there is in them", function()
    local mark = database.name == "mariadb" and "`" or '"'
    local names = { "UPPER", "with blank", "per%cent", "it's", "back\\slash", "größe", 'quo"te', "a.b", "x?y" }
    for _, name in ipairs(names) do
      local quoted = mark .. name:gsub(mark, mark .. mark) .. mark
      run(("CREATE TABLE %s (%s INTEGER NOT NULL PRIMARY KEY, b INTEGER)"):format(quoted, quoted),
        ("CREATE INDEX ix ON %s (b)"):format(quoted))
      assert.is_true(inspector:has_table(name), name)
      assert.equal(name, inspector:get_columns(name)[1].name)
      assert.same({ name }, inspector:get_pk_constraint(name).constrained_columns)
      assert.equal("ix", inspector:get_indexes(name)[1].name)
      run("DROP TABLE " .. quoted)
    end
  end)

  describe("with bad input", function()
    it("names a table that is not there", function()
      for _, method in ipairs { "get_columns", "get_pk_constraint", "get_foreign_keys", "get_unique_constraints",
        "get_indexes", "get_check_constraints", "get_table_comment", "get_table_options" } do
        raises("NoSuchTableError", "the database has no table 'persons'", inspector[method], inspector, "persons")
      end
      raises("NoSuchTableError", "no table 'a.b'", inspector.get_columns, inspector, "b", { schema = "a" })
      raises("NoSuchTableError", "no view 'person'", inspector.get_view_definition, inspector, "person")
    end)

    it("refuses what is no name and no option", function()
      raises("ArgumentError", "Inspector:get_columns: the name of a table expected", inspector.get_columns, inspector)
      raises("ArgumentError", "got table", inspector.has_table, inspector, {})
      raises("ArgumentError", "the name of an index", inspector.has_index, inspector, "person")
      raises("ArgumentError", "did you mean 'schema'", inspector.get_columns, inspector, "person", { scheme = "x" })
      raises("ArgumentError", "must be a string", inspector.get_columns, inspector, "person", { schema = 3 })
      raises("ArgumentError", "unknown kind 'tables'", inspector.get_multi_columns, inspector, { kind = "tables" })
      raises("ArgumentError", "unknown scope", inspector.get_multi_columns, inspector, { scope = "x" })
      raises("ArgumentError", "did you mean 'get_columns'", function() return inspector.get_column end)
      raises("ArgumentError", "cannot be changed", function() inspector.x = 1 end)
      raises("ArgumentError", "an Inspector expected", inspector.get_columns, {}, "person")
    end)

    it("is the error of who is closed", function()
      local connection = engine:connect()
      local closed = corm.inspect(connection)
      connection:close()
      raises("ResourceClosedError", "closed", closed.get_columns, closed, "person")
    end)

    it("does not take a name for SQL", function()
      raises("NoSuchTableError", "no table", inspector.get_columns, inspector, "person' OR '1' = '1")
      raises("NoSuchTableError", "no table", inspector.get_indexes, inspector, "%")
      raises("NoSuchTableError", "no table", inspector.get_indexes, inspector, "pers_n")
    end)
  end)
end)
