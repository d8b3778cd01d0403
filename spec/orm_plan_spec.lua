local corm = require "corm"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local event, relationship = corm.event, corm.relationship

-- What was sent, without the SELECTs of a flush.
local function written(w)
  local list = {}
  for _, statement in ipairs(w.sent) do
    if not statement.sql:find "^SELECT" then list[#list + 1] = statement end
  end
  return list
end

local function is_placeholder(value) return getmetatable(value) == "corm.Placeholder" end

-- Each placeholder stands for one value, and two of them for two keys.
local function check_value(stands_for, planned, sent, where)
  if not is_placeholder(planned) then
    assert.same(sent, planned, where)
    return
  end
  local text = tostring(planned)
  if stands_for[text] == nil then stands_for[text] = sent end
  assert.equal(stands_for[text], sent, where .. ": " .. text)
end

local function check_row(stands_for, planned, sent, where)
  assert.equal(#sent, #planned, where)
  for i = 1, #sent do check_value(stands_for, planned[i], sent[i], where .. ", value " .. i) end
end

-- A flush sends what was planned just before, statement by statement, with the values.
local function check_plan(w, session)
  local plan = session:plan()
  w.sent = {}
  session:flush()
  local sent, stands_for = written(w), {}
  local text = tostring(plan)
  assert.same({}, plan.reads)
  assert.equal(#sent, #plan, text)
  for i, statement in ipairs(sent) do
    local planned = plan[i]
    local where = ("statement %d of\n%s"):format(i, text)
    assert.equal(statement.sql, sql.sent(planned.sql), where)
    assert.equal(planned.kind, statement.sql:match("^%u+"):lower(), where)
    assert.equal(statement.executemany, planned.executemany, where)
    if statement.executemany then
      assert.equal(#statement.parameters, planned.rows, where)
      for r, row in ipairs(statement.parameters) do check_row(stands_for, planned.parameters[r], row, where) end
    else
      check_row(stands_for, planned.parameters, statement.parameters, where)
    end
  end
  return plan
end

describe("session:plan", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  it("lists what a flush would send, in its order, and sends nothing", function()
    local user = m.User { name = "ann", addresses = { m.Address { email = "a@x" } } }
    session:add(user)
    w.sent = {}
    local plan = session:plan()
    assert.same({}, w.sent)
    assert.is_false(session:in_transaction())
    assert.equal(2, #plan)
    assert.same({ "insert", "insert" }, { plan[1].kind, plan[2].kind })
    assert.same({ "user", "address" }, { plan[1].table, plan[2].table })
    assert.same({ 1, 1 }, { plan[1].rows, plan[2].rows })
    assert.is_truthy(sql.sent(plan[1].sql):find("INSERT INTO user (name, age) VALUES (?, ?)", 1, true))
    assert.same({ "ann", corm.null }, plan[1].parameters)
    assert.equal("<User.id #1>", tostring(plan[2].parameters[2]))
    assert.same({}, plan.reads)
    assert.is_nil(user.id)
    assert.is_nil(user.addresses[1].user_id)
    assert.equal(2, #session.new)
    check_plan(w, session)
  end)

  it("is empty, and says so, where nothing is pending", function()
    local plan = session:plan()
    assert.equal(0, #plan)
    assert.equal("nothing to flush", tostring(plan))
    session:add(m.User { name = "ann" })
    session:commit()
    assert.equal(0, #session:plan())
    assert.is_false(session:in_transaction())
  end)

  it("reads well as text", function()
    session:add(m.User { name = "o'hara", addresses = { m.Address { email = "a@x" } } })
    local lines = {}
    for line in tostring(session:plan()):gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.equal(4, #lines)
    assert.is_truthy(lines[1]:find("^1%. insert user, 1 row: INSERT INTO"))
    assert.equal("   ('o''hara', NULL)", lines[2])
    assert.equal("   ('a@x', <User.id #1>, NULL)", lines[4])
  end)

  it("shows three of many rows as text, and all as values", function()
    for i = 1, 100 do session:add(m.Item { order_no = 1, line = i, text = "i" .. i }) end
    local plan = session:plan()
    local rows = 0
    for _, statement in ipairs(plan) do rows = rows + statement.rows end
    assert.equal(100, rows)
    assert.is_true(#tostring(plan) < 600)
    check_plan(w, session)
  end)

  it("tells the keys of many rows apart, in tables that refer to themselves, too", function()
    for i = 1, 40 do
      session:add(m.User { name = "u" .. i, addresses = { m.Address { email = "a" }, m.Address { email = "b" } } })
    end
    session:add(m.Node { name = "a", children = { m.Node { name = "b", children = { m.Node { name = "c" } } } } })
    check_plan(w, session)
  end)

  it("has updates, moved children, association rows and deletes", function()
    local city = m.City { name = "c" }
    session:add(city)
    local a = m.Address { email = "a", tags = { m.Tag { name = "t" }, m.Tag { name = "u" } } }
    local ann, bob = m.User { name = "ann", addresses = { a } }, m.User { name = "bob" }
    session:add_all { ann, bob }
    session:commit()
    assert.equal(2, #a.tags)
    assert.equal(1, #ann.addresses)
    bob.addresses:append(a)
    a.tags:remove(a.tags[1])
    a.tags:append(m.Tag { name = "new" })
    ann.age = 7
    session:delete(city)
    assert.equal("c", city.name)
    local plan = check_plan(w, session)
    local kinds = {}
    for i, statement in ipairs(plan) do kinds[i] = statement.kind .. " " .. statement.table end
    table.sort(kinds)
    assert.same({ "delete address_tag", "delete city", "insert address_tag", "insert tag", "update address",
      "update user" }, kinds)
  end)

  it("leaves changes and what they changed from as they were", function()
    local user = m.User { name = "ann", age = 1 }
    session:add(user)
    session:commit()
    assert.equal(1, user.age)
    user.name = "bob"
    session:plan()
    session:plan()
    local history = corm.inspect(user).attrs.name.history
    assert.same({ "bob" }, history.added)
    assert.same({ "ann" }, history.deleted)
    assert.equal(1, #session.dirty)
    session:rollback()
    assert.equal("ann", user.name)
  end)

  it("reads nothing: what a flush has to read first is named, and read where that is asked for", function()
    local user = m.User { name = "ann", addresses = { m.Address { email = "a" }, m.Address { email = "b" } } }
    session:add(user)
    session:commit()
    local id = user.id
    session:delete(user)
    w.sent = {}
    local plan = session:plan()
    assert.same({}, w.sent)
    assert.same({ ("User(id=%d).addresses"):format(id) }, plan.reads)
    assert.is_truthy(tostring(plan):find(("-- reads User(id=%d).addresses first"):format(id), 1, true))
    assert.equal(1, #plan)
    plan = session:plan { load = true }
    assert.same({}, plan.reads)
    assert.same({ "update", "delete" }, { plan[1].kind, plan[#plan].kind })
    check_plan(w, session)
  end)

  it("plans orphans' ends and takes the plan back", function()
    w:close()
    w = world.open(world.models { ["User.addresses"] = { cascade = "all, delete-orphan" } })
    m, session = w.m, w:session()
    local user = m.User { name = "ann", addresses = { m.Address { email = "a" }, m.Address { email = "b" } } }
    session:add(user)
    session:commit()
    local first = user.addresses[1]
    assert.equal(0, #first.tags)
    user.addresses:remove(first)
    local plan = session:plan()
    assert.equal("delete", plan[#plan].kind)
    assert.equal(0, #session.deleted)
    user.addresses:append(first)
    assert.equal(0, #session:plan())
    user.addresses:remove(first)
    check_plan(w, session)
  end)

  it("gives a random graph's flushes away", function()
    math.randomseed(20261129)
    local users, addresses, tags, nodes = {}, {}, {}, {}
    local function any(list) return #list > 0 and list[math.random(#list)] or nil end
    local steps = {
      function(i)
        users[#users + 1] = m.User { name = "u" .. i, age = i % 3 == 0 and i or nil }
        session:add(users[#users])
      end,
      function(i)
        addresses[#addresses + 1] = m.Address { email = "e" .. i, user = any(users), city = m.City { name = "c" .. i } }
        session:add(addresses[#addresses])
      end,
      function(i)
        tags[#tags + 1] = m.Tag { name = "t" .. i }
        session:add(tags[#tags])
      end,
      function()
        local a, t = any(addresses), any(tags)
        if a and t and not a.tags:contains(t) then a.tags:append(t) end
      end,
      function()
        local a = any(addresses)
        if a and #a.tags > 0 then a.tags:remove(a.tags[1]) end
      end,
      function()
        local a = any(addresses)
        if a then a.user = any(users) end
      end,
      function(i)
        nodes[#nodes + 1] = m.Node { name = "n" .. i, parent = any(nodes) }
        session:add(nodes[#nodes])
      end,
      function(i)
        local user = any(users)
        if user then user.age = i end
      end,
    }
    session.autoflush = false
    for i = 1, 400 do
      steps[math.random(#steps)](i)
      if i % 25 == 0 then
        session:plan { load = true }
        check_plan(w, session)
        if i % 100 == 0 then session:commit() end
      end
    end
  end)
end)

describe("session:plan: what is not known", function()
  local w, session

  local function open(define)
    local Base = corm.declarative_base()
    local m = define(Base) or {}
    m.Base = Base
    w = world.open(m)
    session = w:session()
    return m
  end
  after_each(function() w:close() end)

  it("calls no default function, event or hook of a version, and applies plain defaults", function()
    local calls = 0
    local function count() calls = calls + 1 end
    local m = open(function(Base)
      return { Doc = Base:model("Doc", {
        __tablename__ = "doc",
        id = Column(Integer, { primary_key = true }),
        title = Column(String(50), { default = "untitled" }),
        made = Column(Integer, { default = function()
          count()
          return 7
        end }),
      }) }
    end)
    event.listen(session, "before_flush", count)
    event.listen(session, "after_flush", count)
    event.listen(m.Doc, "before_insert", count)
    event.listen(m.Doc, "after_insert", count)
    event.listen(m.Doc, "refresh_flush", count)
    session:add(m.Doc {})
    local plan = session:plan()
    assert.equal(0, calls)
    assert.equal("untitled", plan[1].parameters[1])
    assert.equal("<default of Doc.made>", tostring(plan[1].parameters[2]))
    check_plan(w, session)
    assert.is_true(calls >= 6)
  end)

  it("counts versions on, from one that has expired, too", function()
    local m = open(function(Base)
      return { Doc = Base:model("Doc", {
        __tablename__ = "doc",
        id = Column(Integer, { primary_key = true }),
        title = Column(String(50)),
        version = Column(Integer, { nullable = false }),
        __mapper_args__ = { version_id_col = "version" },
      }) }
    end)
    local doc = m.Doc { title = "a" }
    session:add(doc)
    check_plan(w, session)
    session:commit()
    doc.title = "b"
    local plan = session:plan()
    assert.same({ ("Doc(id=%d).version"):format(corm.inspect(doc).identity[1]) }, plan.reads)
    assert.same({ "'b'", "<next Doc.version>", "<stored Doc.version>" }, {
      "'" .. plan[1].parameters[1] .. "'", tostring(plan[1].parameters[2]), tostring(plan[1].parameters[4]),
    })
    assert.equal(1, doc.version)
    check_plan(w, session)
    doc.title = "c"
    check_plan(w, session)
  end)

  it("goes through joined inheritance, expressions and post_update", function()
    local m = open(function(Base)
      local m = {}
      m.Person = Base:model("Person", {
        __tablename__ = "person",
        id = Column(Integer, { primary_key = true }),
        name = Column(String(50)),
        kind = Column(String(20)),
        __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "person" },
      })
      m.Boss = m.Person:model("Boss", {
        __tablename__ = "boss",
        id = Column(Integer, ForeignKey "person.id", { primary_key = true }),
        level = Column(Integer),
        __mapper_args__ = { polymorphic_identity = "boss" },
      })
      m.Team = Base:model("Team", {
        __tablename__ = "team",
        id = Column(Integer, { primary_key = true }),
        lead_id = Column(Integer, ForeignKey("member.id", { name = "team_lead", use_alter = true })),
        members = relationship("Member", { back_populates = "team", foreign_keys = "Member.team_id" }),
        lead = relationship("Member", { foreign_keys = "Team.lead_id", post_update = true }),
      })
      m.Member = Base:model("Member", {
        __tablename__ = "member",
        id = Column(Integer, { primary_key = true }),
        team_id = Column(Integer, ForeignKey "team.id"),
        team = relationship("Team", { back_populates = "members", foreign_keys = "Member.team_id" }),
      })
      return m
    end)
    local boss = m.Boss { name = "b", level = 1 }
    session:add_all { boss, m.Person { name = "p" } }
    for i = 1, 40 do session:add(m.Boss { name = "b" .. i, level = i }) end
    check_plan(w, session)
    boss.level = m.Boss.level + 1
    boss.name = "c"
    check_plan(w, session)
    local member = m.Member {}
    session:add(m.Team { members = { member, m.Member {} }, lead = member })
    local plan = check_plan(w, session)
    assert.equal("update", plan[#plan].kind)
  end)

  it("writes over the row of a deleted object", function()
    local m = open(function(Base)
      return { Doc = Base:model("Doc", {
        __tablename__ = "doc",
        id = Column(Integer, { primary_key = true, autoincrement = false }),
        title = Column(String(50)),
      }) }
    end)
    local doc = m.Doc { id = 1, title = "a" }
    session:add(doc)
    session:commit()
    session:delete(doc)
    session:add(m.Doc { id = 1, title = "b" })
    local plan = check_plan(w, session)
    assert.equal("update", plan[1].kind)
  end)
end)

describe("session:plan of values that are changed in place", function()
  it("shows what they are now, and leaves them to the flush", function()
    local Base = corm.declarative_base()
    local models = { Base = Base, Doc = Base:model("Doc", {
      __tablename__ = "doc",
      id = Column(Integer, { primary_key = true }),
      data = Column(corm.MutableDict:as_mutable(corm.JSON)),
    }) }
    local w = world.open(models)
    local session = w:session()
    local doc = models.Doc { data = { a = 1 } }
    session:add(doc)
    check_plan(w, session)
    session:commit()
    doc.data.a = 2
    session:plan()
    doc.data.a = 3
    local plan = check_plan(w, session)
    assert.equal("update", plan[1].kind)
    assert.is_truthy(tostring(plan):find("a\\?\"?: ?3"), tostring(plan))
    session:commit()
    assert.equal(3, doc.data.a)
    w:close()
  end)
end)

describe("session:plan: errors", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  it("are those that a flush has before its first statement, and leave the session as it was", function()
    local a, b = m.Node { name = "a" }, m.Node { name = "b" }
    a.parent, b.parent = b, a
    session:add_all { a, b }
    raises("CircularDependencyError", "circ", session.plan, session)
    assert.equal(2, #session.new)
    assert.is_true(session.is_active)
    b.parent = nil
    check_plan(w, session)
    session:add(m.Item { line = 1 })
    session:plan()
    assert.equal(1, #session.new)
  end)

  it("refuse wrong calls", function()
    raises("ArgumentError", "Session:plan", session.plan, {})
    raises("ArgumentError", "did you mean 'load'", session.plan, session, { laod = true })
    raises("ArgumentError", "boolean expected", session.plan, session, { load = 1 })
    raises("ArgumentError", "a table of options expected", session.plan, session, 1)
  end)

  it("refuse a session whose flush has failed, and one that is flushing", function()
    session:add(m.Address { email = "a", user_id = 12345 })
    assert.is_false(pcall(session.flush, session))
    raises("PendingRollbackError", "rolled back", session.plan, session)
    session:rollback()
    event.listen(m.User, "before_insert", function() session:plan() end)
    session:add(m.User { name = "x" })
    raises("InvalidRequestError", "already flushing", session.flush, session)
  end)
end)
