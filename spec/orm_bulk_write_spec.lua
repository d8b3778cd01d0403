-- UPDATE and DELETE by criteria in a session: what becomes of the objects in memory.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local func, select, update, delete = corm.func, corm.select, corm.update, corm.delete

describe("U28 UPDATE and DELETE by criteria", function()
  local w, m, session, users

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session { expire_on_commit = false }
    users = {}
    for i = 1, 6 do users[i] = m.User { id = i, name = "u" .. i, age = i ~= 6 and i * 10 or nil } end
    session:add_all(users)
    session:commit()
  end)
  after_each(function() w:close() end)

  local function ages()
    local list = {}
    for i, user in ipairs(users) do list[i] = tostring(user.age) end
    return table.concat(list, " ")
  end
  local function stored()
    return w:list('SELECT id, age FROM "user" ORDER BY id')
  end
  -- Runs, and tells the statements and the result.
  local function run(statement, params)
    local result
    local sent = w:statements(function() result = session:execute(statement, params) end)
    return sent, result
  end

  local returns = not database.lacks "returning_of_update"

  it("is evaluated on the objects: one statement, and none afterwards", function()
    local sent, result = run(update(m.User):where(m.User.age:gt(20)):values { age = m.User.age + 1 })
    assert.equal(1, #sent)
    assert.equal(3, result.rowcount)
    assert.equal(0, w:count(function() assert.equal("10 20 31 41 51 nil", ages()) end))
    session:commit()
    assert.equal("1|10,2|20,3|31,4|41,5|51,6|", stored())
    assert.is_false(session:is_modified(users[3]))
  end)

  it("knows AND, OR, NOT, IN, BETWEEN, IS and NULL as the database does", function()
    local age, id = m.User.age, m.User.id
    local criteria = {
      corm.and_(age:gt(10), age:lt(40)), corm.or_(age:lt(20), age:is_(nil)), corm.not_(age:eq(20)), age:ne(20),
      age:in_ { 10, 60 }, age:not_in { 10, 60 }, age:in_ {}, age:not_in {}, age:between(20, 40), age:is_(nil),
      age:is_not(nil), corm.not_(age:between(20, 40)), age:is_distinct_from(20), (age + 5):gt(id * 10 + 4),
      corm.not_(corm.or_(age:gt(10), id:eq(6))), corm.and_(age:eq(nil), id:ge(6)), (-age):lt(-25),
      age:eq(corm.bindparam "wanted"),
    }
    for i, criterion in ipairs(criteria) do
      local sent = run(update(m.User):where(criterion):values { age = 7 }
        :execution_options { synchronize_session = "evaluate" }, i == 18 and { wanted = 20 } or nil)
      assert.equal(1, #sent)
      local seen
      assert.equal(0, w:count(function() seen = ages() end))
      local list = {}
      for row in session:execute(select(m.User.id, m.User.age):order_by(m.User.id)) do
        list[#list + 1] = tostring(row.age)
      end
      assert.equal(table.concat(list, " "), seen, "criterion " .. i)
      session:rollback()
      assert.equal("10 20 30 40 50 nil", ages())
    end
  end)

  it("asks for the keys where criteria cannot be evaluated", function()
    local sent, result = run(update(m.User):where(func.abs(m.User.age):gt(20)):values { age = 0 })
    assert.equal(returns and 1 or 2, #sent)
    assert.matches(returns and "id$" or "^SELECT", sent[1])
    assert.equal(3, result.rowcount)
    assert.is_false(result.returns_rows)
    assert.equal(0, w:count(function() assert.equal("10 20 0 0 0 nil", ages()) end))
    session:commit()
    assert.equal("1|10,2|20,3|0,4|0,5|0,6|", stored())
  end)

  it("fetches when told so, and not for a session without objects of the class", function()
    local sent = run(update(m.User):where(m.User.id:eq(2)):values { age = 1 }
      :execution_options { synchronize_session = "fetch" })
    assert.equal(returns and 1 or 2, #sent)
    assert.equal("10 1 30 40 50 nil", ages())
    session:commit()
    session:expunge_all()
    sent = run(update(m.User):where(func.abs(m.User.age):gt(20)):values { age = 0 })
    assert.equal(1, #sent)
    assert.is_nil(sent[1]:match "id$")
  end)

  it("takes criteria over other tables and subqueries", function()
    session:add(m.Address { id = 1, email = "a", user_id = 3 })
    session:flush()
    session:execute(update(m.User):where(m.User.id:in_(select(m.Address.user_id))):values { age = 1 })
    assert.equal(0, w:count(function() assert.equal("10 20 1 40 50 nil", ages()) end))
    session:execute(update(m.User):where(m.User.id:eq(m.Address.user_id)):values { age = 2 })
    assert.equal(0, w:count(function() assert.equal("10 20 2 40 50 nil", ages()) end))
    session:execute(delete(m.User):where(m.User.id:in_(select(m.Address.user_id + 1))))
    assert.is_false(session:contains(users[4]))
  end)

  it("loads again what only the database can compute, and no more", function()
    session:execute(update(m.User):where(m.User.id:le(2)):values { age = func.abs(m.User.age * -3), name = "new" })
    local sent = w:statements(function() assert.equal("30 60 30 40 50 nil", ages()) end)
    assert.equal(2, #sent) -- one for each object whose age is asked for
    assert.equal("new", users[1].name)
    session:execute(update(m.User):where(m.User.id:eq(3)):values { age = m.User.id, name = "x" })
    assert.equal(0, w:count(function() assert.equal(3, users[3].age) end))
  end)

  it("leaves alone what has unflushed changes, and what is expired", function()
    session:no_autoflush(function()
      users[1].age = 99
      session:execute(update(m.User):where(m.User.age:eq(10)):values { age = 11 }) -- the row still has 10
      assert.equal(99, users[1].age)
    end)
    session:rollback()
    session:expire(users[2])
    session:execute(update(m.User):where(m.User.age:eq(20)):values { age = 21 })
    assert.equal(1, w:count(function() assert.equal(21, users[2].age) end))
  end)

  it("takes deleted objects out of the session, and back with a rollback", function()
    local sent, result = run(delete(m.User):where(m.User.age:lt(30)))
    assert.equal(1, #sent)
    assert.equal(2, result.rowcount)
    assert.is_false(session:contains(users[1]))
    assert.is_true(corm.inspect(users[1]).deleted)
    assert.is_true(session:contains(users[3]))
    assert.is_nil(session:get(m.User, 1))
    session:rollback()
    assert.is_true(session:contains(users[1]))
    assert.equal(10, users[1].age)
    session:execute(delete(m.User):where(m.User.id:eq(1)))
    session:commit()
    assert.is_true(corm.inspect(users[1]).detached)
    assert.equal("2|20,3|30,4|40,5|50,6|", stored())
  end)

  it("finds the deleted ones among expired objects, too", function()
    session:expire_all()
    local sent = run(delete(m.User):where(m.User.age:lt(30)))
    assert.equal(1, #sent) -- all three databases return what they delete
    assert.is_false(session:contains(users[1]))
    assert.is_false(session:contains(users[2]))
    assert.is_true(session:contains(users[3]))
  end)

  it("undoes with a savepoint what was done in it", function()
    local nested = session:begin_nested()
    session:execute(update(m.User):where(m.User.id:le(2)):values { age = 0 })
    session:execute(delete(m.User):where(m.User.id:eq(3)))
    session:expire(users[5])
    session:execute(update(m.User):where(m.User.id:eq(5)):values { age = 5 })
    assert.equal("0 0 30 40 5 nil", ages())
    nested:rollback()
    assert.is_true(session:contains(users[3]))
    assert.equal("10 20 30 40 50 nil", ages())
  end)

  it("deletes out of loaded collections and references", function()
    local address = m.Address { id = 1, email = "a", city = m.City { id = 1, name = "c" } }
    users[1].addresses:append(address)
    users[1].addresses:append(m.Address { id = 2, email = "b" })
    session:commit()
    assert.equal(2, #users[1].addresses)
    session:execute(delete(m.Address):where(m.Address.id:eq(2)))
    assert.equal(0, w:count(function() assert.equal(1, #users[1].addresses) end))
    assert.equal("a", users[1].addresses[1].email)
    assert.is_not_nil(address.user)
  end)

  it("moves children between loaded collections when it sets their foreign key", function()
    for i = 1, 3 do users[1].addresses:append(m.Address { id = i, email = "e" .. i }) end
    session:commit()
    local address = users[1].addresses[2]
    assert.equal(0, #users[2].addresses)
    session:execute(update(m.Address):where(m.Address.id:eq(2)):values { user_id = 2 })
    assert.equal(2, #users[1].addresses)
    assert.equal(1, #users[2].addresses)
    assert.is_true(rawequal(users[2], address.user))
  end)

  it("returns objects that have what was written", function()
    database.needs("returning_of_update", function()
      local list = session:scalars(update(m.User):where(m.User.id:le(2)):values { age = func.abs(-4) }
        :returning(m.User)):all()
      assert.equal(2, #list)
      assert.equal(0, w:count(function() assert.equal("4 4 30 40 50 nil", ages()) end))
    end)
    local gone = session:scalars(delete(m.User):where(m.User.id:eq(6)):returning(m.User)):all()
    assert.is_true(rawequal(users[6], gone[1]))
    assert.is_false(session:contains(users[6]))
    session:rollback()
    assert.is_true(session:contains(users[6]))
  end)

  it("does nothing to objects with synchronize_session = false", function()
    session:execute(update(m.User):where(m.User.id:eq(1)):values { age = 1 }
      :execution_options { synchronize_session = false })
    assert.equal("10 20 30 40 50 nil", ages())
    session:execute(delete(m.User):where(m.User.id:eq(2)):execution_options { synchronize_session = false })
    assert.is_true(session:contains(users[2]))
    session:refresh(users[1])
    assert.equal(1, users[1].age)
  end)

  it("works through a query", function()
    assert.equal(2, session:query(m.User):where(m.User.age:gt(30)):update { age = m.User.age + 1 })
    assert.equal(0, w:count(function() assert.equal("10 20 30 41 51 nil", ages()) end))
    assert.equal(1, session:query(m.User):where(m.User.age:eq(41)):delete())
    assert.is_false(session:contains(users[4]))
    assert.equal(5, session:query(m.User):update({ age = 1 }, { all = true }))
    assert.equal(5, session:query(m.User):delete { all = true })
    session:commit()
    assert.equal("", stored())
  end)

  it("compares text as the database does", function()
    session:execute(update(m.User):where(m.User.name:eq "U1"):values { age = 0 })
    local found = session:scalar(select(m.User.age):where(m.User.id:eq(1)))
    assert.equal(found, users[1].age)
    assert.equal(database.name == "mariadb" and 0 or 10, users[1].age)
    session:execute(delete(m.User):where(m.User.name:eq "U2"):execution_options { synchronize_session = "evaluate" })
    if database.name == "mariadb" then
      raises("ObjectDeletedError", "User", function() return users[2].age end)
    else
      assert.equal(20, users[2].age)
    end
  end)

  it("refuses criteria that cannot be evaluated, before anything is sent", function()
    local cases = {
      ["a function"] = func.lower(m.User.name):eq "x", ["text"] = corm.text "age > 1",
      ["a subquery"] = m.User.addresses:any(), ["an operator"] = m.User.name:like "u%",
      ["a column of another table"] = m.User.id:eq(m.Address.user_id),
      ["an IN of something else than values"] = m.User.id:in_(select(m.Address.user_id)),
    }
    for what, criterion in pairs(cases) do
      assert.equal(0, w:count(function()
        raises("InvalidRequestError", 'synchronize_session = "evaluate": the criteria of the update of User cannot be '
          .. "evaluated in memory, because of " .. what, session.execute, session, update(m.User):where(criterion)
          :values { age = 1 }:execution_options { synchronize_session = "evaluate" })
      end))
      raises("InvalidRequestError", "the criteria of the delete of User", session.execute, session,
        delete(m.User):where(criterion):execution_options { synchronize_session = "evaluate" })
    end
    assert.equal("10 20 30 40 50 nil", ages())
    users[1].age = 11
    session:commit()
    assert.equal("1|11,2|20,3|30,4|40,5|50,6|", stored())
  end)

  it("leaves objects as they were when the database refuses the statement", function()
    raises("IntegrityError", database.says.not_null, session.execute, session,
      update(m.User):where(m.User.id:eq(1)):values { name = corm.null, age = 1 })
    session:rollback()
    assert.equal("10 20 30 40 50 nil", ages())
    assert.equal("u1", users[1].name)
  end)
end)
