-- What a query of classes may list, and what else a Query says.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select, aliased, func = corm.select, corm.aliased, corm.func

describe("U23 queries of classes:", function()
  local w, m, session

  local function open(models)
    w = world.open(models)
    m = w.m
    session = w:session { expire_on_commit = false }
    for i = 1, 3 do
      local user = m.User { id = i, name = "u" .. i, age = i * 10 }
      for k = 1, i do user.addresses:append(m.Address { email = "e" .. i .. k }) end
      session:add(user)
    end
    session:commit()
    session:expunge_all()
  end
  before_each(function() open() end)
  after_each(function() w:close() end)

  local function names(list)
    local out = {}
    for i, user in ipairs(list) do out[i] = user.name end
    return table.concat(out, " ")
  end

  it("classes, aliases, columns and expressions side by side", function()
    local U = aliased(m.User, { name = "other" })
    local row = session:execute(select(m.User, U, m.User.age, func.count():label "n"):where(m.User.id:eq(1), U.id:eq(2))
      :group_by(m.User.id, m.User.name, m.User.age, U.id, U.name, U.age)):one()
    assert.equal("u1", row[1].name)
    assert.equal("u2", row[2].name)
    assert.equal("u2", row.other.name)
    assert.equal("u1", row.User.name)
    assert.equal("u2", row[U].name)
    assert.equal(10, row.age)
    assert.equal(1, row.n)
    assert.is_true(rawequal(row[2], session:get(m.User, 2)))
  end)

  it("group_by of a class, an alias or a FROM is by all of its columns", function()
    local U = aliased(m.User)
    local sub = select(m.User.id, m.User.name):subquery "sub"
    local ids = { [m.User] = m.User.id, [U] = U.id, [m.User.__table__] = m.User.__table__.c.id, [sub] = sub.c.id }
    for entity, id in pairs(ids) do
      local counted = select(entity, func.count(m.Address.id):label "n"):join(m.Address, m.Address.user_id:eq(id))
        :group_by(entity):order_by(id)
      local seen = {}
      for _, row in ipairs(session:execute(counted):all()) do seen[#seen + 1] = row.n end
      assert.same({ 1, 2, 3 }, seen)
    end
    assert.is_truthy(tostring(select(sub):group_by(sub)):find("GROUP BY sub.id, sub.name", 1, true))
    raises("ArgumentError", "order_by: a column or an SQL expression expected",
      function() return select(m.User):order_by(m.User) end)
    raises("ArgumentError", "group_by: a column or an SQL expression expected",
      function() return select(m.User):group_by(m.User.__table__:join(m.Address.__table__)) end)
  end)

  it("a Bundle makes one value of several columns", function()
    local data = corm.Bundle("data", m.User.name, (m.User.age + 1):label "next")
    assert.equal("<Bundle data>", tostring(data))
    local rows = session:execute(select(m.User.id, data, m.User):where(data.c.name:ne "u1"):filter_by { age = 20 }
      :order_by(data.c.next)):all()
    assert.equal(1, #rows)
    assert.equal(2, rows[1].id)
    assert.equal("u2", rows[1].data.name)
    assert.equal(21, rows[1].data.next)
    assert.equal("u2", rows[1][2][1])
    assert.equal("u2", rows[1][data].name)
    assert.equal("u2", rows[1].User.name)
    rows = session:execute(select(data, corm.Bundle("key", m.User.id)):order_by(m.User.id)):all()
    assert.equal(3, #rows)
    assert.equal(3, rows[3].key.id)
    assert.equal("u3", session:scalars(select(data):order_by(m.User.id)):all()[3].name)
  end)

  it("a Bundle may be all that a Query gives", function()
    local pair = corm.Bundle("pair", m.User.id, m.User.name, { single_entity = true })
    local list = session:query(pair):order_by(m.User.id):all()
    assert.equal("u1", list[1].name)
    assert.equal(3, list[3][1])
    assert.equal("u2", session:query(pair):where(pair.c.id:eq(2)):first().name)
    local row = session:query(corm.Bundle("pair", m.User.id)):order_by(m.User.id):first()
    assert.equal(1, row.pair.id)
  end)

  it("an alias that is a subquery gives the class's objects", function()
    local Old = aliased(m.User, select(m.User):where(m.User.age:gt(10)):subquery(), { name = "old" })
    assert.equal("u2 u3", names(session:scalars(select(Old):order_by(Old.id)):all()))
    assert.is_true(rawequal(session:get(m.User, 2), session:scalars(select(Old):where(Old.name:eq "u2")):one()))
    local rows = session:execute(select(Old, m.Address):join(m.Address, m.Address.user_id:eq(Old.id))
      :order_by(m.Address.email)):all()
    assert.equal(5, #rows)
    assert.equal("e33", rows[5].Address.email)
    assert.equal(5, #session:execute(select(Old.id, m.Address.id):join(Old.addresses)):all())
    assert.equal("u3", session:scalars(select(Old):where(Old.addresses:any(m.Address.email:eq "e33"))):one().name)
  end)

  it("several classes are read from one subquery, by what its columns are", function()
    local both = select(m.User, m.Address, (m.User.age + 1):label "older"):join(m.User.addresses):subquery()
    local U, A = aliased(m.User, both, { name = "user" }), aliased(m.Address, both, { name = "address" })
    local rows
    assert.equal(1, w:count(function()
      rows = session:execute(select(U, A, both.c.older):where(A.id:gt(1)):order_by(A.id)):all()
    end))
    assert.equal(5, #rows)
    assert.equal("u3 e33 31", table.concat({ rows[5].user.name, rows[5].address.email, rows[5].older }, " "))
    assert.equal(rows[5].user, session:get(m.User, 3))
    assert.is_true(rows[2].address.id ~= rows[2].user.id)
    session:expunge_all()
    local list = session:scalars(select(A):order_by(A.id):options(corm.joinedload(A.user))):all()
    assert.equal("u3", list[6].user.name)
    assert.equal(3, #session:scalars(select(A):where(A.user:has(m.User.name:eq "u3"))):all())
    assert.equal(2, #session:scalars(select(A):join(A.user):where(m.User.id:eq(2))):all())
    local city = select(m.City.id, m.Address.id:label "address", m.Address.email):select_from(m.City)
      :join(m.Address, m.City.id:ne(m.Address.id)):subquery()
    local L = aliased(m.Address, city)
    assert.equal(0, #session:scalars(select(L):where(L.id:gt(1))):all())
    assert.truthy(tostring(select(L.id)):find("SELECT anon_1.address", 1, true))
  end)

  it("an alias of a subquery that has not all columns loads them later", function()
    local Part = aliased(m.User, select(m.User.id, m.User.age):subquery())
    local list = session:scalars(select(Part):order_by(Part.age)):all()
    assert.equal(0, w:count(function() assert.equal(10, list[1].age) end))
    assert.equal("u1", list[1].name)
    raises("InvalidRequestError", "the subquery that stands for User has no column for 'name'", function()
      return Part.name
    end)
  end)

  it("an alias may be of a union", function()
    local both = corm.union_all(select(m.User):where(m.User.id:eq(1)), select(m.User):where(m.User.id:eq(3)))
    local U = aliased(m.User, both:subquery())
    assert.equal("u1 u3", names(session:scalars(select(U):order_by(U.id)):all()))
  end)

  it("filter_by speaks of the class whose column the first expression has", function()
    assert.equal(1, session:scalar(select(func.count(m.User.id)):filter_by { name = "u2" }))
    assert.equal("U3", session:scalar(select(func.upper(m.User.name):label "n"):filter_by { age = 30 }))
    raises("InvalidRequestError", "no entity or table to filter by", function()
      return select(func.count()):filter_by { name = "u2" }
    end)
  end)

  it("a Query changes what it lists, and keeps its criteria", function()
    local query = session:query(m.User):where(m.User.age:gt(10)):order_by(m.User.id)
    local rows = query:with_entities(m.User.name, m.User.age):all()
    assert.equal("u2", rows[1].name)
    assert.equal(2, #rows)
    query = query:options(corm.selectinload(m.User.addresses), corm.load_only(m.User.name))
    assert.equal(2, query:with_entities(func.count(m.User.id)):order_by(nil):scalar())
    assert.equal("u2", query:with_entities(m.User.name):first()[1])
    assert.equal("e21", query:join(m.User.addresses):with_entities(m.Address):order_by(m.Address.id):first().email)
    raises("ArgumentError", "does not belong to an entity", function()
      session:execute(select(m.User.name):options(corm.selectinload(m.User.addresses)))
    end)
    rows = query:join(m.User.addresses):add_entity(m.Address):order_by(m.Address.id):all()
    assert.equal(5, #rows)
    assert.equal("u2", rows[1].User.name)
    assert.equal("e21", rows[1].Address.email)
  end)

  it("a Query gives each object and each row of objects once", function()
    local U, A = m.User, m.Address
    local joined = session:query(U):join(U.addresses):order_by(U.id)
    assert.equal("u1 u2 u3", names(joined:all()))
    local seen = {}
    for user in joined do seen[#seen + 1] = user end
    assert.equal("u1 u2 u3", names(seen))
    assert.equal("u3", joined:where(U.id:eq(3)):one().name)
    assert.equal("u3", joined:where(U.id:eq(3)):one_or_none().name)
    assert.equal("u3", joined:where(U.id:eq(3)):scalar().name)
    assert.equal("u2 u3", names(session:query(U):where(U.id:eq(A.user_id), A.email:ne("e11")):order_by(U.id):all()))
    local twice = select(U):union_all(select(U)):subquery()
    assert.equal(3, #session:query(aliased(U, twice)):all())
    assert.equal(3, #session:query(U):union_all(session:query(U)):all())
    assert.equal(3, #session:query(U):from_statement(select(U):union_all(select(U))):all())
    local Other = aliased(U)
    local rows = session:query(U, Other.age):join(U.addresses):join(Other, Other.id:eq(U.id)):order_by(U.id):all()
    assert.equal("3 30", #rows .. " " .. rows[3].age)
    assert.equal(6, #session:query(U, A):join(U.addresses):all())
    -- what it counts are rows, and so are pages, columns, and what a select gives
    assert.equal(6, joined:count())
    assert.equal(6, #joined:yield_per(2):all())
    assert.equal(6, #session:query(U.name):join(U.addresses):all())
    assert.equal(6, #session:scalars(select(U):join(U.addresses)):all())
    raises("MultipleResultsFound", "", function() session:query(U.name):join(U.addresses):where(U.id:eq(3)):one() end)
  end)

  it("a Query stands where a select does", function()
    local U, A = m.User, m.Address
    local owners = session:query(A.user_id):where(A.email:like "e%2")
    assert.equal("u2 u3", names(session:query(U):where(U.id:in_(owners)):order_by(U.id):all()))
    assert.equal("u1", names(session:query(U):where(U.id:not_in(owners)):all()))
    local of_age = session:query(U.id):where(U.age:eq(corm.bindparam "age")):params { age = 20 }
    assert.equal("u2", names(session:query(U):where(U.id:in_(of_age)):all()))
    assert.equal(2, session:execute(of_age):scalar())
    assert.equal("u2", session:query(U):where(corm.exists(session:query(A):where(A.user_id:eq(U.id), A.email:eq "e22")))
      :one().name)
    local next_user = session:query(func.max(U.id) + 1, func.max(U.name) .. "x")
    session:execute(corm.insert(U):from_select({ "id", "name" }, next_user))
    assert.equal(1, session:query(U):where(U.name:eq "u3x"):count())
    raises("ArgumentError", "in_: a sequence or a select expected, got integer", function() return U.id:in_(5) end)
    local described = select(corm.Bundle("b", U.id), U.id).column_descriptions
    assert.equal("b id", described[1].name .. " " .. described[2].name)
  end)

  it("a Query has parameters", function()
    local query = session:query(m.User):where(m.User.age:ge(corm.bindparam "low"), m.User.age:le(corm.bindparam "high"))
    local wide = query:params { low = 10, high = 30 }
    assert.equal(3, wide:count())
    assert.equal(2, #wide:params { low = 15 }:order_by(m.User.id):all())
    assert.equal(3, #wide:all())
    assert.equal("u1", wide:order_by(m.User.id):first().name)
    assert.equal(1, wide:params { high = 10 }:update { age = 11 })
    local seen = 0
    for _ in wide do seen = seen + 1 end
    assert.equal(3, seen)
  end)

  it("a Query overwrites what is loaded, or does not flush, when it says so", function()
    local user = session:get(m.User, 1)
    session:commit()
    w:sql('UPDATE "user" SET age = 12 WHERE id = 1;')
    session:query(m.User):all()
    assert.equal(10, user.age)
    session:query(m.User):populate_existing():all()
    assert.equal(12, user.age)
    user.name = "new"
    assert.equal(0, session:query(m.User):where(m.User.name:eq "new"):autoflush(false):count())
    assert.equal(1, session:query(m.User):where(m.User.name:eq "new"):count())
  end)

  it("enable_eagerloads(false) leaves out what the query would join, or repeat", function()
    w:close()
    open(world.models { ["User.addresses"] = { lazy = "joined" } })
    local User = m.User
    local function sent(query)
      session:expunge_all()
      local list
      local statements = w:statements(function() list = query:order_by(User.id):all() end)
      assert.equal(3, #list)
      return statements, list
    end
    local query = session:query(User)
    assert.is_truthy(sent(query)[1]:find("JOIN", 1, true))
    local option = { execution_options = { enable_eagerloads = false } }
    session:expunge_all()
    local executed = w:statements(function() session:scalars(select(User), nil, option):all() end)
    assert.is_nil(executed[1]:find("JOIN", 1, true))
    local plain, list = sent(query:enable_eagerloads(false))
    assert.equal(1, #plain)
    assert.is_nil(plain[1]:find("JOIN", 1, true))
    assert.equal(1, w:count(function() for i, user in ipairs(list) do assert.equal(i, #user.addresses) end end))
    assert.is_truthy(sent(query:enable_eagerloads(false):enable_eagerloads(true))[1]:find("JOIN", 1, true))

    w:close()
    open()
    local users = session:query(m.User):order_by(m.User.id):enable_eagerloads(false)
    for _, load in ipairs { corm.joinedload, corm.subqueryload } do
      session:expunge_all()
      local asked = users:options(load(m.User.addresses))
      assert.equal(1, w:count(function() assert.equal(3, #asked:all()) end))
    end
    session:expunge_all()
    local joined = session:query(m.User):join(m.User.addresses):where(m.Address.email:eq "e31")
      :options(corm.contains_eager(m.User.addresses)):enable_eagerloads(false):one()
    assert.equal(3, #joined.addresses)
    session:expunge_all()
    assert.equal(2, w:count(function() users:options(corm.selectinload(m.User.addresses)):all() end))
    raises("ArgumentError", "Query:enable_eagerloads: a boolean expected, got nil", query.enable_eagerloads, query, nil)
    raises("ArgumentError", "enable_eagerloads",
      function() select(m.User):execution_options { enable_eagerloads = 0 } end)
  end)

  it("set operations of queries give objects, too", function()
    local first, others = session:query(m.User):where(m.User.id:eq(1)), session:query(m.User):where(m.User.id:ge(2))
    assert.equal("u3 u2 u1", names(first:union(others):order_by(m.User.id:desc()):all()))
    assert.equal("u1", names(first:union(others):except_(others):all()))
    assert.equal(4, first:union_all(others, first.statement):count())
    assert.equal("u2", first:union(others):order_by(m.User.id):limit(1):offset(1):one().name)
    assert.equal("u1", corm.union(first, others) and first:union(others):order_by("id"):first().name)
    local seen = {}
    for user in first:union(others):order_by("id") do seen[#seen + 1] = user.name end
    assert.equal("u1 u2 u3", table.concat(seen, " "))
    session:expunge_all()
    local loaded = first:union(others):options(corm.selectinload(m.User.addresses)):order_by("id"):all()
    assert.equal(0, w:count(function() assert.equal(2, #loaded[2].addresses) end))
    local both = session:query(m.User, m.Address):join(m.User.addresses):where(m.User.id:eq(1))
    local row = both:union(both):one()
    assert.equal("u1 e11", row.User.name .. " " .. row.Address.email)
    assert.equal(3, #session:query(m.User.id):union(session:query(m.User.id)):all())
    raises("InvalidRequestError", "a statement of its own (a union, from_statement)", function()
      first:union(others):update { name = "x" }
    end)
    raises("ArgumentError", "a union of selects has no method 'where'; did you mean to select from its subquery()?",
      function() return first:union(others):where(m.User.id:eq(1)) end)
  end)

  it("refuses other values, before anything is sent", function()
    local query = session:query(m.User)
    assert.equal(0, w:count(function()
      raises("ArgumentError", "aliased: a subquery expected, got SQL expression", aliased, m.User, m.User.age)
      raises("ArgumentError", "aliased: the subquery has no column 'id', which is part of the key of User", aliased,
        m.User, select(m.User.name):subquery())
      raises("ArgumentError", "aliased: the subquery's column 'id' is another one than User.id", aliased, m.User,
        select(m.Address.id):subquery())
      raises("ArgumentError", "Bundle: a name expected, got SQL expression", corm.Bundle, m.User.id)
      raises("ArgumentError", "Bundle 'x': columns expected", corm.Bundle, "x")
      raises("ArgumentError", "Bundle 'x': item 2 has no name; give it a label", corm.Bundle, "x", m.User.id,
        func.count())
      raises("ArgumentError", "unknown option 'single'", corm.Bundle, "x", m.User.id, { single = true })
      raises("ArgumentError", "a Bundle cannot be changed", function() corm.Bundle("x", m.User.id).c = 1 end)
      raises("ArgumentError", "Query:add_entity: a mapped class or an alias expected", query.add_entity, query, 5)
      raises("ArgumentError", "Query:params: a table of named values expected", query.params, query, 5)
      raises("ArgumentError", "Query:params: a table of named values expected", query.params, query, { 5 })
      raises("ArgumentError", "Query:autoflush: a boolean expected, got string", query.autoflush, query, "no")
      raises("ArgumentError", "Query:yield_per: a number of rows from 1 expected, got 0", query.yield_per, query, 0)
    end))
    assert.equal(3, query:count())
  end)
end)
