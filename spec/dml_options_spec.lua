-- What few INSERTs, UPDATEs and DELETEs say: prefixes, limits.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local text = corm.text
local metadata = corm.MetaData()
local item = corm.Table("item", metadata,
  corm.Column("id", corm.Integer, { primary_key = true }),
  corm.Column("name", corm.String(20), { unique = true }),
  corm.Column("price", corm.Integer))

describe("an insert, update or delete", function()
  local connection

  before_each(function()
    connection = database.engine():connect()
    metadata:create_all(connection)
    connection:execute(corm.insert(item):values { { id = 1, name = "a", price = 1 }, { id = 2, name = "b", price = 1 },
      { id = 3, name = "c", price = 1 } })
    connection:commit()
  end)
  after_each(function()
    connection:rollback()
    connection:close()
    database.clean()
  end)

  -- "a1 b1"
  local function rows()
    local found = {}
    for row in connection:execute(corm.select(item.c.name, item.c.price):order_by(item.c.id)) do
      found[#found + 1] = row.name .. tostring(row.price)
    end
    return table.concat(found, " ")
  end

  local function ignoring(stmt)
    return stmt:prefix_with(text "OR IGNORE", { dialect = "sqlite" })
      :prefix_with(text "IGNORE", { dialect = "mysql" })
  end

  it("has prefixes", function()
    local same = ignoring(corm.insert(item))
    if database.name == "postgresql" then
      raises("IntegrityError", "", connection.execute, connection, same:values { id = 9, name = "a", price = 9 })
      connection:rollback()
      connection:execute(corm.update(item):prefix_with(text "/* a */ ONLY"):values { price = 2 }
        :where(item.c.id:eq(2)))
      assert.equal("a1 b2 c1", rows())
      return
    end
    connection:execute(same:values { id = 9, name = "a", price = 9 })
    connection:execute(same, { { id = 9, name = "b", price = 9 }, { id = 10, name = "z", price = 5 } })
    connection:execute(ignoring(corm.update(item)):values { name = "a" }:where(item.c.id:eq(2)))
    assert.equal("a1 b1 c1 z5", rows())
    connection:execute(corm.delete(item):prefix_with(text "LOW_PRIORITY", text "QUICK", { dialect = "mysql" })
      :where(item.c.id:eq(1)))
    assert.equal("b1 c1 z5", rows())
  end)

  it("keeps its prefixes when the rest changes", function()
    local stmt = corm.insert(item):prefix_with(text "/* one */")
    local more = stmt:prefix_with(text "/* two */"):values { id = 5 }:returning(item.c.id)
    for _ = 1, 3 do collectgarbage() end
    assert.equal("INSERT /* one */ /* two */ INTO item (id) VALUES (:id) RETURNING item.id", more:compile().string)
    assert.equal("INSERT /* one */ INTO item (id, name, price) VALUES (:id, :name, :price)", stmt:compile().string)
    assert.is_false(stmt:compare(corm.insert(item)))
    assert.is_true(stmt:compare(corm.insert(item):prefix_with(text "/* one */")))
    local limited = corm.delete(item):with_dialect_options { mysql_limit = 5 }
    assert.is_false(limited:compare(corm.delete(item):with_dialect_options { mysql_limit = 6 }))
    assert.is_true(limited:compare(corm.delete(item):with_dialect_options { mysql_limit = 5 }))
    assert.is_true(limited:compare(limited:with_dialect_options {}))
  end)

  it("changes as many rows as the limit says, where there is one", function()
    local update = corm.update(item):values { price = 7 }:where(item.c.price:eq(1))
      :with_dialect_options { mysql_limit = 2 }
    local limits = database.name == "mariadb"
    assert.equal(limits and 2 or 3, connection:execute(update).rowcount)
    local delete = corm.delete(item):where(item.c.id:gt(0)):with_dialect_options { mariadb_limit = 1, mysql_limit = 1 }
    assert.equal(limits and 1 or 3, connection:execute(delete).rowcount)
  end)

  it("refuses what it cannot say", function()
    local stmt = corm.update(item):values { price = 1 }
    raises("ArgumentError", "got the string 'OR IGNORE'", stmt.prefix_with, stmt, "OR IGNORE")
    raises("ArgumentError", "expected", stmt.prefix_with, stmt)
    assert.equal("did you mean 'mysql'?",
      raises("ArgumentError", "mysq", stmt.prefix_with, stmt, text "x", { dialect = "mysq" }).hint)
    raises("ArgumentError", "suffix_with", function() stmt:suffix_with(text "x") end)
    assert.equal("did you mean 'mysql_limit'?",
      raises("ArgumentError", "mysql_limt", stmt.with_dialect_options, stmt, { mysql_limt = 1 }).hint)
    raises("ArgumentError", "sqlite_limit", stmt.with_dialect_options, stmt, { sqlite_limit = 1 })
    raises("ArgumentError", "0 or more", stmt.with_dialect_options, stmt, { mysql_limit = -1 })
    raises("ArgumentError", "mysql_limit must be a number of rows, got string", stmt.with_dialect_options, stmt,
      { mysql_limit = "1; DROP TABLE item" })
    raises("ArgumentError", "a table of options expected", stmt.with_dialect_options, stmt, 5)
    raises("ArgumentError", "an INSERT has no limit", function()
      corm.insert(item):with_dialect_options { mysql_limit = 1 }
    end)
    raises("ArgumentError", "with_dialect_options", function() corm.select(item):with_dialect_options {} end)
  end)
end)
