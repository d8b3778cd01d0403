-- UPDATE and DELETE of one table by what stands in others.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local metadata = corm.MetaData()
local person = corm.Table("person", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
  corm.Column("name", corm.String(20)), corm.Column("age", corm.Integer))
local pet = corm.Table("pet", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
  corm.Column("owner_id", corm.Integer), corm.Column("label", corm.String(30)))

describe("other tables", function()
  local connection

  before_each(function()
    connection = database.engine():connect()
    metadata:create_all(connection)
    connection:execute(corm.insert(person):values {
      { id = 1, name = "Ada", age = 40 }, { id = 2, name = "Bo", age = 20 },
    })
    connection:execute(corm.insert(pet):values {
      { id = 1, owner_id = 1, label = "cat" }, { id = 2, owner_id = 2, label = "dog" },
      { id = 3, owner_id = 1, label = "cow" }, { id = 4, owner_id = 9, label = "elk" },
    })
    connection:commit()
  end)
  after_each(function()
    connection:rollback()
    connection:close()
    database.clean()
  end)

  local function labels()
    return table.concat(connection:scalars(corm.select(pet.c.label):order_by(pet.c.id)):all(), " ")
  end

  it("give values to UPDATE", function()
    local result = connection:execute(corm.update(pet):values { label = person.c.name .. "'s" }
      :where(pet.c.owner_id:eq(person.c.id)))
    assert.equal(3, result.rowcount)
    assert.equal("Ada's Bo's Ada's elk", labels())
  end)

  it("choose the rows of UPDATE", function()
    connection:execute(corm.update(pet):values { label = "old" }
      :where(pet.c.owner_id:eq(person.c.id), person.c.age:gt(30)))
    assert.equal("old dog old elk", labels())
  end)

  it("may be aliases and subqueries", function()
    local young = corm.select(person.c.id, person.c.name):where(person.c.age:lt(30)):subquery("young")
    connection:execute(corm.update(pet):values { label = young.c.name }:where(pet.c.owner_id:eq(young.c.id)))
    assert.equal("cat Bo cow elk", labels())
    local other = pet:alias("other")
    connection:execute(corm.update(pet):values { label = other.c.label }
      :where(other.c.owner_id:eq(pet.c.owner_id), other.c.id:eq(pet.c.id + 2)))
    assert.equal("cow Bo cow elk", labels())
  end)

  it("choose the rows of DELETE, or a subquery does", function()
    local stmt = corm.delete(pet):where(pet.c.owner_id:eq(person.c.id), person.c.age:gt(30))
    if database.lacks "delete_using" then
      raises("CompileError", "name them in a subquery", function() connection:execute(stmt) end)
      stmt = corm.delete(pet):where(pet.c.owner_id:in_(corm.select(person.c.id):where(person.c.age:gt(30))))
    end
    assert.equal(2, connection:execute(stmt).rowcount)
    assert.equal("dog elk", labels())
  end)

  it("are seen by RETURNING where it is there", function()
    local stmt = corm.update(pet):values { label = person.c.name }:where(pet.c.owner_id:eq(person.c.id), pet.c.id:eq(1))
      :returning(pet.c.id, pet.c.label)
    if database.lacks "returning_of_update" then
      raises("CompileError", "has no RETURNING", function() connection:execute(stmt) end)
      return
    end
    assert.same({ 1, "Ada" }, { connection:execute(stmt):one():unpack() })
  end)

  it("are set, too, where the database can", function()
    local update = corm.update(pet):values { label = "both", [person.c.name] = "Eve" }
      :where(pet.c.owner_id:eq(person.c.id), person.c.id:eq(2))
    if database.lacks "update_of_several" then
      raises("CompileError", "an UPDATE of 'pet' cannot set 'person.name', too", connection.execute, connection, update)
      return
    end
    connection:execute(update)
    assert.equal("cat both cow elk", labels())
    assert.same({ "Ada", "Eve" }, connection:scalars(corm.select(person.c.name):order_by(person.c.id)):all())
    raises("CompileError", "Unconsumed column names: name", connection.execute, connection,
      corm.update(pet):values { [person.c.name] = "Eve" }:where(pet.c.id:eq(1)))
  end)

  it("merge their values with those of the table", function()
    local first = corm.update(pet):values { [person.c.name] = "p", [person.c.age] = 5 }
      :where(pet.c.owner_id:eq(person.c.id))
    local second = first:values { [person.c.name] = "q", label = "t" }
    for _ = 1, 3 do collectgarbage() end
    assert.same({ person_name = "q", person_age = 5, label = "t" }, second:compile({ dialect = "mysql" }).params)
    assert.same({ person_name = "p", person_age = 5 }, first:compile({ dialect = "mysql" }).params)
    raises("ArgumentError", "values of 'person.name'", function()
      corm.update(pet):values { [person.c.name] = print }
    end)
    raises("CompileError", "not in table 'pet'", function() corm.insert(pet):values { [person.c.name] = "x" } end)
  end)

  it("are returned where the database can", function()
    local stmt = corm.update(pet):values { label = person.c.name }:where(pet.c.owner_id:eq(person.c.id), pet.c.id:eq(1))
      :returning(pet.c.label, person.c.age)
    if database.lacks "returning_of_update" then return end
    if database.lacks "returning_of_others" then
      raises("CompileError", "sees the columns of 'pet' only, not those of 'person'", connection.execute, connection,
        stmt)
      return
    end
    assert.same({ "Ada", 40 }, { connection:execute(stmt):one():unpack() })
  end)

  it("are the changed one under another name, too", function()
    local p, q = pet:alias "p", pet:alias()
    connection:execute(corm.update(p):values { label = p.c.label .. "!" }:where(p.c.owner_id:eq(1), p.c.id:gt(1)))
    assert.equal("cat dog cow! elk", labels())
    connection:execute(corm.update(p):values { label = pet.c.label }:where(p.c.id:eq(pet.c.id + 3)))
    assert.equal("cat dog cow! cat", labels())
    connection:execute(corm.update(p):where(p.c.id:eq(4)), { label = "eel" })
    local result = connection:execute(corm.delete(q):where(q.c.id:eq(1)))
    assert.equal(1, result.rowcount)
    assert.equal("dog cow! eel", labels())
    connection:execute(corm.delete(q):filter_by { label = "eel" })
    assert.equal("dog cow!", labels())
    local stmt = corm.update(p):values { label = "r" }:where(p.c.id:eq(2)):returning(p.c.label, p.c.owner_id)
    if not database.lacks "returning_of_update" then
      assert.same({ "r", 2 }, { connection:execute(stmt):one():unpack() })
    end
    if not database.lacks "delete_using" then
      connection:execute(corm.delete(p):where(p.c.owner_id:eq(person.c.id), person.c.name:eq("Bo")))
      assert.equal("cow!", labels())
    end
  end)

  it("are no target under another name where that cannot be", function()
    raises("ArgumentError", "insert: a table or a mapped class expected", corm.insert, pet:alias())
    raises("ArgumentError", "an alias of one or a mapped class", corm.update, corm.select(pet):subquery())
    raises("ArgumentError", "an alias of one or a mapped class", corm.delete, pet:join(person, corm.true_()))
    raises("ArgumentError", "an alias of one", corm.delete, corm.select(pet):cte())
    raises("ArgumentError", "without criteria", connection.execute, connection, corm.delete(pet:alias()))
    local p = pet:alias "p"
    raises("CompileError", "unconsumed column names: labl", function() corm.update(p):values { labl = 1 } end)
    raises("CompileError", "Unconsumed column names", function()
      corm.update(p):values({ [pet.c.label] = "x" }):where(p.c.id:eq(1)):compile { dialect = "mysql" }
    end)
    raises("CompileError", "sees the columns of 'p' only, not those of 'pet'", function()
      corm.update(p):values({ label = "x" }):returning(pet.c.id):compile { dialect = "sqlite" }
    end)
    raises("CompileError", "has an alias", function()
      corm.delete(p):returning(p.c.id):compile { dialect = "mariadb" }
    end)
  end)
end)
