-- What the database made of the rows that were written: return_defaults() and the keys.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Column, Integer = corm.Column, corm.Integer
local metadata = corm.MetaData()
local item = corm.Table("item", metadata,
  Column("id", Integer, { primary_key = true }),
  Column("name", corm.String(20), { unique = true }),
  Column("size", Integer, { server_default = "5" }),
  Column("twice", Integer, { key = "double", default = corm.literal(2, Integer) * 4 }),
  Column("at", corm.Date, { default = corm.func.current_date() }))
local pair = corm.Table("pair", metadata,
  Column("a", Integer, { primary_key = true, autoincrement = false }),
  Column("b", Integer, { primary_key = true, autoincrement = false }))

describe("return_defaults", function()
  local connection

  before_each(function()
    connection = database.engine():connect()
    metadata:create_all(connection)
  end)
  after_each(function()
    connection:rollback()
    connection:close()
    database.clean()
  end)

  local function insert(name) return item:insert():values { name = name } end

  it("tells what an INSERT got", function()
    local result = connection:execute(insert("a"):return_defaults())
    local got = result.returned_defaults
    assert.same({ 1, 5, 8 }, { got.id, got.size, got.double })
    assert.equal(10, #tostring(got.at))
    assert.equal(got.size, got[item.c.size])
    assert.same({ 1, false }, { #result.returned_defaults_rows, result.returns_rows })
    assert.same({ 1, 1, 1 }, { result.inserted_primary_key.id, #result.inserted_primary_key_rows,
      result.inserted_primary_key_rows[1][1] })
    assert.equal(1, result.rowcount)
    raises("ResourceClosedError", "does not return rows", result.all, result)
  end)

  it("tells the columns that are named", function()
    local got = connection:execute(insert("a"):return_defaults(item.c.double)).returned_defaults
    assert.same({ "id", "double" }, got:keys())
    local all = item:insert():values { id = 9, double = 1, size = 2, at = "2020-01-01", name = "z" }
    assert.is_nil(connection:execute(all:return_defaults()).returned_defaults)
  end)

  it("tells of many rows in their order", function()
    local result = connection:execute(item:insert():return_defaults(item.c.size),
      { { name = "c", size = 1 }, { name = "a", size = 2 }, { name = "b", size = 3 } })
    local names = {}
    for i, key in ipairs(result.inserted_primary_key_rows) do
      names[i] = connection:scalar(corm.select(item.c.name):where(item.c.id:eq(key.id)))
      assert.equal(key.id, result.returned_defaults_rows[i].id)
    end
    assert.same({ "c", "a", "b" }, names)
    raises("InvalidRequestError", "single row", function() return result.inserted_primary_key end)
    local keyed = connection:execute(item:insert():return_defaults(item.c.double),
      { { id = 30, name = "x" }, { id = 20, name = "y" } })
    assert.same({ 30, 20 }, { keyed.inserted_primary_key_rows[1].id, keyed.inserted_primary_key_rows[2].id })
    assert.same({ 8, 8 }, { keyed.returned_defaults_rows[1].double, keyed.returned_defaults_rows[2].double })
  end)

  it("tells of many rows, so many that they are sent in parts", function()
    local rows = {}
    for i = 1, 700 do rows[i] = { name = "n" .. i } end
    local stmt = item:insert():return_defaults(item.c.size, { sort_by_parameter_order = true })
    local result = connection:execute(stmt, rows)
    assert.same({ 700, 700, 5 }, { #result.inserted_primary_key_rows, #result.returned_defaults_rows,
      result.returned_defaults_rows[700].size })
    local last = result.inserted_primary_key_rows[613].id
    assert.equal("n613", connection:scalar(corm.select(item.c.name):where(item.c.id:eq(last))))
  end)

  it("gives more columns as rows of the result, too", function()
    local stmt = insert("a"):return_defaults(item.c.size,
      { supplemental_cols = { item.c.name, corm.func.length(item.c.name):label "n" } })
    local result = connection:execute(stmt)
    assert.is_true(result.returns_rows)
    assert.equal("a", result.returned_defaults.name)
    assert.equal(1, result.inserted_primary_key.id)
    assert.same({ 1, "a", 5, 1 }, { result:one():unpack() })
    local many = connection:execute(item:insert():return_defaults { supplemental_cols = { item.c.name } },
      { { name = "y" }, { name = "x" } })
    assert.same({ "y", "x" }, many:scalars("name"):all())
    assert.equal("x", many.returned_defaults_rows[2].name)
  end)

  it("tells what an UPDATE changed, where that is returned", function()
    connection:execute(item:insert(), { { name = "a" }, { name = "b" }, { name = "c" } })
    local result = connection:execute(item:update():values { size = item.c.size + item.c.id }:where(item.c.id:gt(1))
      :return_defaults())
    assert.equal(2, result.rowcount)
    assert.is_false(result.returns_rows)
    if database.lacks "returning_of_update" then
      assert.is_nil(result.returned_defaults)
      assert.is_nil(result.returned_defaults_rows)
      return
    end
    local sizes = { result.returned_defaults_rows[1].size, result.returned_defaults_rows[2].size }
    table.sort(sizes)
    assert.same({ 7, 8 }, sizes)
    local none = connection:execute(item:update():values { size = item.c.size + 1 }:where(item.c.id:gt(99))
      :return_defaults())
    assert.same({ 0, 0 }, { none.rowcount, #none.returned_defaults_rows })
    assert.is_nil(none.returned_defaults)
    raises("InvalidRequestError", "inserted_primary_key_rows", function() return none.inserted_primary_key_rows end)
  end)

  it("tells nothing of rows that an upsert left", function()
    connection:execute(insert "a")
    local result = connection:execute(insert("a"):on_conflict_do_nothing():return_defaults())
    if database.name == "mariadb" then
      assert.equal(1, result.inserted_primary_key.id)
      return
    end
    assert.is_nil(result.inserted_primary_key)
    assert.same({ 0, 0 }, { #result.inserted_primary_key_rows, #result.returned_defaults_rows })
    local many = connection:execute(item:insert():on_conflict_do_nothing():return_defaults(),
      { { name = "a" }, { name = "b" } })
    assert.equal(1, #many.returned_defaults_rows)
    raises("InvalidRequestError", "inserted them all", function() return many.inserted_primary_key_rows end)
  end)

  it("is not needed for the key of one row", function()
    assert.equal(1, connection:execute(insert "a").inserted_primary_key_rows[1].id)
    local both = connection:execute(pair:insert():values { a = 1, b = 2 }).inserted_primary_key_rows
    assert.same({ 1, 2 }, { both[1]:unpack() })
    local many = connection:execute(item:insert(), { { name = "x" }, { name = "y" } })
    raises("InvalidRequestError", "after return_defaults()", function() return many.inserted_primary_key_rows end)
    assert.is_nil(many.returned_defaults)
    raises("InvalidRequestError", "keys are known", function()
      return connection:execute(corm.select(item)).inserted_primary_key_rows
    end)
  end)

  it("adds up", function()
    local stmt = insert("a"):return_defaults(item.c.size):return_defaults(item.c.double)
    for _ = 1, 3 do collectgarbage() end
    assert.same({ "id", "size", "double" }, connection:execute(stmt).returned_defaults:keys())
    assert.is_false(stmt:compare(insert("a"):return_defaults()))
    assert.is_true(insert("a"):return_defaults():compare(insert("a"):return_defaults()))
  end)

  it("refuses what is none", function()
    local stmt = insert "a"
    raises("ArgumentError", "a column expected, got string", stmt.return_defaults, stmt, "size")
    raises("ArgumentError", "a column expected", stmt.return_defaults, stmt, corm.func.now())
    raises("ArgumentError", "column 'a' is not in table 'item'", stmt.return_defaults, stmt, pair.c.a)
    raises("ArgumentError", "supplemental_col", stmt.return_defaults, stmt, { supplemental_col = {} })
    raises("ArgumentError", "must be a list of columns", stmt.return_defaults, stmt,
      { supplemental_cols = item.c.id })
    raises("ArgumentError", "sort_by_parameter_order is for INSERT", function()
      item:update():return_defaults { sort_by_parameter_order = true }
    end)
    raises("InvalidRequestError", "return_defaults() is on this statement", function()
      stmt:return_defaults():returning(item.c.id)
    end)
    raises("InvalidRequestError", "returning() is on this statement", function()
      stmt:returning(item.c.id):return_defaults()
    end)
    raises("ArgumentError", "return_defaults", function() item:delete():return_defaults() end)
    raises("CompileError", "RETURNING", function()
      stmt:return_defaults({ supplemental_cols = { item.c.id } }):compile { dialect = "mysql" }
    end)
  end)
end)
