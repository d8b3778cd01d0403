local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select, func = corm.select, corm.func

describe("session:query", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    for i, name in ipairs { "ada", "bert", "cleo", "dora" } do
      local u = m.User { name = name, age = i * 10 }
      for k = 1, i - 1 do u.addresses:append(m.Address { email = name .. k }) end
      session:add(u)
    end
    session:commit()
    w:statements()
  end)
  after_each(function() w:close() end)

  local function names(query)
    local list = {}
    for u in query do list[#list + 1] = u.name end
    return table.concat(list, " ")
  end

  it("is a select: the same methods, the same text", function()
    local query = session:query(m.User):where(m.User.age:gt(10)):order_by(m.User.name):limit(2)
    local stmt = select(m.User):where(m.User.age:gt(10)):order_by(m.User.name):limit(2)
    assert.equal(tostring(stmt), tostring(query))
    assert.equal(tostring(stmt), tostring(query.statement))
    assert.equal(query:compile({ dialect = "sqlite" }).string, stmt:compile({ dialect = "sqlite" }).string)
    assert.is_true(rawequal(session, query.session))
  end)

  it("leaves the query alone that a method is called on", function()
    local all = session:query(m.User):order_by(m.User.id)
    local some = all:filter(m.User.age:le(20))
    assert.equal(4, all:count())
    assert.equal("ada bert", names(some))
    assert.equal("ada bert cleo dora", names(all))
    assert.equal("ada bert cleo dora", names(all))
  end)

  it("filters by keywords and limits by offset", function()
    assert.equal("cleo", session:query(m.User):filter_by { name = "cleo" }:one().name)
    assert.equal("bert cleo", names(session:query(m.User):order_by(m.User.id):offset(1):limit(2)))
  end)

  describe("gives", function()
    it("all, as a plain sequence of objects", function()
      local list = session:query(m.User):order_by(m.User.id):all()
      assert.equal("table", type(list))
      assert.equal(4, #list)
      assert.is_true(rawequal(list[1], session:get(m.User, 1)))
      assert.same({}, session:query(m.User):where(m.User.id:eq(99)):all())
    end)

    it("the first, by a LIMIT", function()
      assert.equal("dora", session:query(m.User):order_by(m.User.id:desc()):first().name)
      assert.is_truthy(w:statements()[1]:find("LIMIT", 1, true))
      assert.is_nil(session:query(m.User):where(m.User.id:eq(99)):first())
    end)

    it("exactly one, or none", function()
      raises("NoResultFound", "", function() session:query(m.User):where(m.User.id:eq(99)):one() end)
      raises("MultipleResultsFound", "", function() session:query(m.User):one() end)
      raises("MultipleResultsFound", "", function() session:query(m.User):one_or_none() end)
      assert.is_nil(session:query(m.User):where(m.User.id:eq(99)):one_or_none())
    end)

    it("rows for columns, by name or position", function()
      local rows = session:query(m.User.name, func.count(m.Address.id):label("n")):outerjoin(m.User.addresses)
        :group_by(m.User.id):order_by(m.User.id):all()
      assert.equal("ada", rows[1].name)
      assert.equal(0, rows[1].n)
      assert.equal(3, rows[4][2])
      local one = session:query(m.User.name):where(m.User.id:eq(1)):one()
      assert.equal("ada", one.name)
      local both = session:query(m.User, m.Address):join(m.Address):order_by(m.Address.id):first()
      assert.equal("bert", both.User.name)
      assert.equal("bert1", both.Address.email)
    end)

    it("a scalar: the first column of the only row", function()
      assert.equal(100, session:query(func.sum(m.User.age)):scalar())
      assert.is_nil(session:query(m.User.name):where(m.User.id:eq(99)):scalar())
      raises("MultipleResultsFound", "", function() session:query(m.User.name):scalar() end)
    end)

    it("its count, by one statement over the whole query", function()
      local query = session:query(m.User):where(m.User.age:gt(10))
      assert.equal(3, query:count())
      assert.equal("SELECT count(*) AS count_1 FROM (SELECT user.id AS id, user.name AS name, " ..
        "user.age AS age FROM user WHERE user.age > ?) AS anon_1", (w:statements()[1]:gsub("%s+", " ")))
      assert.equal(2, query:limit(2):count())
      assert.equal(6, session:query(m.User.id, m.Address.id):join(m.Address):count())
    end)

    it("an object by its key", function()
      assert.equal("bert", session:query(m.User):get(2).name)
      assert.equal(0, w:count(function() session:query(m.User):get(2) end))
      assert.is_nil(session:query(m.User):get(99))
      raises("InvalidRequestError", "criteria", function() session:query(m.User):where(m.User.id:eq(1)):get(1) end)
      raises("InvalidRequestError", "one mapped class", function() session:query(m.User.name):get(1) end)
    end)
  end)

  describe("changes in bulk", function()
    it("by update, and loaded objects follow", function()
      local cleo = session:get(m.User, 3)
      assert.equal(30, cleo.age)
      assert.equal(2, session:query(m.User):where(m.User.age:gt(20)):update { age = m.User.age + 1 })
      assert.equal(31, cleo.age)
      session:commit()
      assert.equal("10,20,31,41", w:list('SELECT age FROM "user" ORDER BY id'))
    end)

    it("by delete", function()
      local cleo = session:get(m.Address, 2)
      assert.equal(2, session:query(m.Address):where(m.Address.email:like("cleo%")):delete())
      assert.is_false(session:contains(cleo))
      session:commit()
      assert.equal("4", w:rows("SELECT count(*) FROM address"))
    end)

    it("only with criteria, or when it says so", function()
      raises("ArgumentError", "all = true", function() session:query(m.Address):delete() end)
      raises("ArgumentError", "all = true", function() session:query(m.Address):update { email = "x" } end)
      assert.equal(6, session:query(m.Address):update({ email = "x" }, { all = true }))
      assert.equal(6, session:query(m.Address):delete { all = true })
    end)

    it("not through limits, joins or order", function()
      local query = session:query(m.Address)
      raises("InvalidRequestError", "limits", function() query:limit(1):delete() end)
      raises("InvalidRequestError", "order", function() query:order_by(m.Address.id):update { email = "x" } end)
      raises("InvalidRequestError", "joins", function() query:join(m.User):delete() end)
      raises("ArgumentError", "a table of values expected", function() query:update() end)
      raises("ArgumentError", "unknown option 'al'", function() query:delete { al = true } end)
    end)
  end)

  it("joins along relationships", function()
    local query = session:query(m.User):join(m.User.addresses):where(m.Address.email:eq("dora2"))
    assert.equal("dora", query:one().name)
    assert.equal("ada", session:query(m.User):where(corm.not_(m.User.addresses:any())):one().name)
    assert.equal("cleo1 cleo2", table.concat((function()
      local list = {}
      for a in session:query(m.Address):where(m.Address.user:has(m.User.name:eq("cleo"))):order_by(m.Address.id) do
        list[#list + 1] = a.email
      end
      return list
    end)(), " "))
  end)

  it("takes loader options", function()
    local users = session:query(m.User):options(corm.selectinload(m.User.addresses)):order_by(m.User.id):all()
    assert.equal(2, w:count() )
    assert.equal(3, #users[4].addresses)
    assert.equal(0, w:count())
  end)

  it("serves as a subquery and as the statement of execute", function()
    local sub = session:query(m.Address.user_id):where(m.Address.email:like("cleo%"))
    assert.equal("cleo", session:query(m.User):where(m.User.id:in_(sub.statement)):one().name)
    assert.equal(4, #session:scalars(session:query(m.User)):all())
    assert.equal(4, session:scalar(select(func.count()):select_from(session:query(m.User):subquery())))
  end)

  it("ends a loop that was left, and begins anew", function()
    local query = session:query(m.User):order_by(m.User.id)
    for u in query do
      if u.name == "bert" then break end
    end
    assert.equal("ada bert cleo dora", names(query))
  end)

  it("refuses what is no query", function()
    raises("ArgumentError", "a mapped class or columns expected", session.query, session)
    raises("ArgumentError", "", session.query, session, "User")
    local err = raises("ArgumentError", "unknown member 'fliter' of Query", function()
      return session:query(m.User).fliter
    end)
    assert.equal("did you mean 'filter'?", err.hint)
    raises("ArgumentError", "select has no method 'values'", function() session:query(m.User):values { id = 1 } end)
    raises("ArgumentError", "condition", function() session:query(m.User):where(m.User.name == "ada") end)
  end)
end)
