-- Statements over classes with rows in several tables.
local corm = require "corm"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local select = corm.select

local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.Employee = Base:model("Employee", {
    __tablename__ = "employee", id = Column(Integer, { primary_key = true }), kind = Column(String(20)),
    name = Column(String(30)), version = Column(Integer), grade = Column(Integer, { default = 3 }),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "employee", version_id_col = "version" },
  })
  m.Manager = m.Employee:model("Manager", {
    __tablename__ = "manager", manager_id = Column(Integer, ForeignKey "employee.id", { primary_key = true }),
    budget = Column(Integer), __mapper_args__ = { polymorphic_identity = "manager" },
  })
  m.Boss = m.Manager:model("Boss", {
    __tablename__ = "boss", id = Column(Integer, ForeignKey "manager.manager_id", { primary_key = true }),
    car = Column(String(10)), __mapper_args__ = { polymorphic_identity = "boss" },
  })
  m.Clerk = m.Manager:model("Clerk", { __mapper_args__ = { polymorphic_identity = "clerk" } })
  return m
end

describe("U27 bulk INSERT of a class with several tables", function()
  local w, m, session

  before_each(function()
    w = world.open(models())
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  it("writes a list of rows into all tables, by one statement each where the keys are given", function()
    local sent = w:statements(function()
      local result = session:execute(corm.insert(m.Boss), {
        { id = 1, name = "bo", budget = 9, car = "red" }, { id = 2, name = "al", budget = 8, car = "blue" },
      })
      assert.equal(2, result.rowcount)
    end)
    assert.equal(3, #sent)
    session:commit()
    assert.equal("1|boss|bo|1|3,2|boss|al|1|3",
      w:list "SELECT id, kind, name, version, grade FROM employee ORDER BY id")
    assert.equal("1|9,2|8", w:list "SELECT manager_id, budget FROM manager ORDER BY manager_id")
    assert.equal("1|red,2|blue", w:list "SELECT id, car FROM boss ORDER BY id")
    assert.equal("Boss", session:get(m.Employee, 2).__class__.__name__)
    assert.equal("blue", session:get(m.Boss, 2).car)
  end)

  it("takes keys that the database makes to the other tables, and rows with different names", function()
    session:execute(corm.insert(m.Manager), {
      { name = "mo", budget = 5 }, { name = "no" }, { name = "po", budget = corm.null, grade = 1 },
    })
    session:commit()
    assert.equal("mo|5|3,no||3,po||1", w:list [[SELECT name, budget, grade FROM employee JOIN manager ON
      manager_id = employee.id ORDER BY name]]:gsub("NULL", ""))
    local rows = { { name = "x", budget = 1 } }
    session:bulk_insert_mappings(m.Manager, rows)
    assert.is_nil(rows[1].id)
    session:bulk_save_objects { m.Boss { name = "zo", car = "red" } }
    assert.equal("Boss", session:scalars(select(m.Employee):where(m.Employee.name:eq "zo")):one().__class__.__name__)
  end)

  it("returns objects and columns of all tables, on every database", function()
    local list
    local sent = w:statements(function()
      list = session:scalars(corm.insert(m.Boss):returning(m.Boss), {
        { name = "zo", budget = 1, car = "red" }, { name = "al", car = "blue" },
      }):all()
    end)
    assert.equal("SELECT", sent[#sent]:match "^%a+")
    assert.same({ "zo", 1, "red", 3 }, { list[1].name, list[1].budget, list[1].car, list[1].grade })
    assert.same({ "al", "blue" }, { list[2].name, list[2].car })
    assert.is_true(rawequal(list[2], session:get(m.Boss, list[2].id)))
    local result = session:execute(corm.insert(m.Manager):returning(m.Manager.name, m.Manager.budget), {
      { id = 91, name = "b", budget = 2 }, { id = 90, name = "a" },
    })
    assert.equal(2, result.rowcount)
    local rows = result:all()
    assert.same({ "a", "b", 2 }, { rows[1].name, rows[2].name, rows[2].budget })
    rows = session:execute(corm.insert(m.Manager):returning(m.Manager.id, { sort_by_parameter_order = true }), {
      { id = 81 }, { id = 80 }, { id = 82 },
    }):scalars():all()
    assert.same({ 81, 80, 82 }, rows)
    session:commit()
    assert.equal("81,90", w:list "SELECT id FROM employee WHERE id IN (81, 90) ORDER BY id")
    local many = {}
    for i = 1, 501 do many[i] = { id = 2000 - i } end
    local order = corm.insert(m.Manager):returning(m.Manager.id, { sort_by_parameter_order = true })
    assert.equal(0, w:count(function()
      raises("InvalidRequestError", "insert of Manager in several tables: more than 500 rows are returned in the order "
        .. "of the list where their keys ascend only", session.execute, session, order, many)
    end))
    table.sort(many, function(a, b) return a.id < b.id end)
    assert.equal(1499, session:execute(order, many):scalars():first())
    local loaded = session:scalars(corm.insert(m.Manager):returning(m.Manager):options(corm.load_only(m.Manager.name)),
      { { name = "x", budget = 4 } }):one()
    assert.is_true(table.concat(corm.inspect(loaded).unloaded, " "):find("budget", 1, true) ~= nil)
    assert.equal(4, loaded.budget)
  end)

  it("refuses unknown names before anything is sent", function()
    assert.equal(0, w:count(function()
      raises("CompileError", "Unconsumed column names: bugdet (Manager has no such attribute; did you mean 'budget'?)",
        session.execute, session, corm.insert(m.Manager), { { name = "x", bugdet = 1 } })
    end))
  end)

  it("has values() for the rows of the class's own table", function()
    local boss = corm.insert(m.Boss):values { car = corm.func.upper(corm.bindparam "car") }:params { car = "red" }
    session:execute(boss, { { id = 1, name = "bo" }, { id = 2, name = "al", budget = 8 } })
    local manager = corm.insert(m.Manager):values { budget = 7 }
    local rows = session:scalars(manager:returning(m.Manager), {
      { id = 3, name = "cy" }, { id = 4, name = "di", budget = 9 },
    }):all()
    assert.same({ 7, 9 }, { rows[1].budget, rows[2].budget })
    session:commit()
    assert.equal("1|boss|bo,2|boss|al,3|manager|cy,4|manager|di",
      w:list "SELECT id, kind, name FROM employee ORDER BY id")
    local budgets = w:list "SELECT manager_id, budget FROM manager ORDER BY manager_id"
    assert.equal("1|,2|8,3|7,4|9", (budgets:gsub("NULL", "")))
    assert.equal("1|RED,2|RED", w:list "SELECT id, car FROM boss ORDER BY id")
    local err = raises("CompileError", "values: unconsumed column names: name (table 'manager'", manager.values,
      manager, { name = "x" })
    assert.equal("it is a column of 'employee', and this writes the class's own table", err.hint)
  end)

  it("refuses what a list of rows cannot say of several tables, before anything is sent", function()
    local function refused(statement, what)
      assert.equal(0, w:count(function()
        raises("InvalidRequestError", "insert of Manager in several tables: " .. what .. " and a list of rows do not "
          .. "go together; insert into each table, as insert(Manager.__table__)", session.execute, session, statement,
          { { name = "x" } })
      end))
    end
    local insert = corm.insert(m.Manager)
    refused(insert:prefix_with(corm.text "OR IGNORE"), "prefix_with()")
    refused(insert:return_defaults(), "return_defaults()")
    refused(insert:values { { budget = 1 }, { budget = 2 } }, "several rows in values()")
    refused(insert:from_select({ "manager_id" }, select(m.Employee.id)), "rows of a select")
    refused(insert:on_conflict_do_nothing(), "what becomes of a row that is there")
  end)

  it("writes one row into the class's own table, where the key of the row above is said", function()
    session:add(m.Employee { id = 5, name = "eva" })
    session:flush()
    session:execute(corm.insert(m.Manager), { manager_id = 5, budget = 3 })
    session:add(m.Employee { id = 6, name = "fay" })
    session:flush()
    local insert = corm.insert(m.Manager):values { manager_id = 6, budget = 4 }
    assert.equal(4, session:scalar(insert:returning(m.Manager.budget)))
    session:commit()
    assert.equal("5|3,6|4", w:list "SELECT manager_id, budget FROM manager ORDER BY manager_id")
    assert.equal(0, w:count(function()
      for _, values in ipairs { {}, { budget = 1 }, { { budget = 1 }, { budget = 2 } } } do
        raises("InvalidRequestError", "insert of Manager in several tables: a row of 'manager' alone needs the key of "
          .. "the row above it, in 'manager_id'; a list of rows goes into all of them", session.execute, session,
          corm.insert(m.Manager):values(values))
      end
      for _, statement in ipairs { corm.insert(m.Manager), corm.insert(m.Manager):returning(m.Manager),
        corm.insert(m.Manager):returning(m.Manager.budget) } do
        raises("InvalidRequestError", "needs the key of the row above it", session.execute, session, statement)
        raises("InvalidRequestError", "needs the key of the row above it", session.execute, session, statement,
          { name = "x", budget = 1 })
      end
      raises("CompileError", "Unconsumed column names: name (a column of 'employee'; a list of rows goes into all "
        .. "tables of Manager", session.execute, session, corm.insert(m.Manager), { manager_id = 5, name = "x" })
      raises("CompileError", "sees the columns of 'manager' only, not those of 'employee'", session.execute, session,
        insert:returning(m.Manager))
    end))
  end)
end)

describe("U29 bulk UPDATE by key of a class with several tables", function()
  local w, m, session

  before_each(function()
    w = world.open(models())
    m = w.m
    session = w:session()
    session:add_all {
      m.Manager { id = 1, name = "mo", budget = 5 }, m.Boss { id = 2, name = "bo", budget = 9, car = "red" },
    }
    session:commit()
  end)
  after_each(function() w:close() end)

  it("writes the tables that the names are in, and objects in memory follow", function()
    local mo = session:get(m.Manager, 1)
    assert.equal(5, mo.budget)
    local sent = w:statements(function()
      session:execute(corm.update(m.Manager), { { id = 1, budget = 6 }, { id = 2, budget = 7 } })
    end)
    assert.equal(1, #sent)
    assert.equal(6, mo.budget)
    session:execute(corm.update(m.Boss), { { id = 2, name = "bob", car = "blue" } })
    session:commit()
    assert.equal("mo,bob", w:list "SELECT name FROM employee ORDER BY id")
    assert.equal("6,7", w:list "SELECT budget FROM manager ORDER BY manager_id")
    assert.equal("blue", w:list "SELECT car FROM boss")
    session:bulk_update_mappings(m.Boss, { { id = 2, car = "pink", budget = 1 } })
    assert.equal("pink", session:get(m.Boss, 2).car)
  end)

  it("refuses rows without a key, and rows that are not there", function()
    raises("InvalidRequestError", "update of Manager by primary key: row 2 has no value for 'id'", session.execute,
      session, corm.update(m.Manager), { { id = 1, budget = 1 }, { budget = 2 } })
    raises("StaleDataError", "UPDATE statement on table 'boss' expected to match 1 row(s); 0 were matched",
      session.execute, session, corm.update(m.Boss), { { id = 1, car = "x" } })
    raises("CompileError", "Unconsumed column names: colour", session.execute, session, corm.update(m.Boss),
      { { id = 1, colour = "x" } })
  end)
end)

describe("U28 UPDATE and DELETE by criteria of a class with several tables", function()
  local w, m, session

  before_each(function()
    w = world.open(models())
    m = w.m
    session = w:session()
    session:add_all {
      m.Manager { id = 1, name = "mo", budget = 5 }, m.Boss { id = 2, name = "bo", budget = 9, car = "red" },
    }
    session:commit()
  end)
  after_each(function() w:close() end)

  it("write the class's own table", function()
    local M = m.Manager
    assert.equal("UPDATE manager SET budget=:budget WHERE manager.manager_id = :id_1 AND manager.budget < "
      .. ":budget_1", sql.of(corm.update(M):where(M.id:eq(1), M.budget:lt(9)):values { budget = 3 }))
    assert.equal("DELETE FROM manager WHERE manager.budget = :budget_1", sql.of(corm.delete(M):where(M.budget:eq(1))))
    local mo = session:get(M, 1)
    assert.equal(5, mo.budget)
    session:execute(corm.update(M):where(M.id:in_(select(M.id):where(M.name:eq "mo"))):values { budget = 4 })
    assert.equal(4, mo.budget)
    session:execute(corm.delete(m.Boss):where(m.Boss.car:eq "red"))
    session:commit()
    assert.equal("4,9", w:list "SELECT budget FROM manager ORDER BY manager_id")
    assert.equal("0", w:list "SELECT count(*) FROM boss")
  end)

  it("name the key of that table in what they set and return, too", function()
    local M = m.Manager
    assert.equal("UPDATE manager SET budget=(manager.manager_id * :id_1)", sql.of(corm.update(M, { all = true })
      :values { budget = M.id * 2 }))
    assert.equal("UPDATE manager SET budget=manager.manager_id RETURNING manager.manager_id",
      sql.of(corm.update(M, { all = true }):ordered_values({ M.budget, M.id }):returning(M.id)))
    session:execute(corm.update(M, { all = true }):values { budget = M.id * 2 })
    assert.equal(4, session:get(M, 2).budget)
    raises("ArgumentError", "values: Manager.name is in table 'employee', and the statement writes 'manager' alone; "
      .. "select it by a scalar subquery", function() return corm.update(M):values { budget = M.name } end)
  end)

  it("mean the row that is written by what a subquery names of the class", function()
    local M = m.Manager
    local E = corm.aliased(m.Employee, { name = "e" })
    local older = select(E.id):where(E.id:gt(M.id))
    assert.equal("UPDATE manager SET budget=:budget WHERE EXISTS (SELECT e.id FROM employee AS e WHERE e.id > "
      .. "manager.manager_id)", sql.of(corm.update(M):where(corm.exists(older)):values { budget = 3 }))
    session:execute(corm.update(M):where(corm.exists(older)):values { budget = 3 })
    session:commit()
    assert.equal("3,9", w:list "SELECT budget FROM manager ORDER BY manager_id")
    session:execute(corm.update(M, { all = true }):values { budget = select(corm.func.max(E.id)):where(E.id:lt(M.id))
      :scalar_subquery() })
    session:commit()
    assert.equal("0,1", w:list "SELECT coalesce(budget, 0) FROM manager ORDER BY manager_id")
    session:execute(corm.delete(m.Boss):where(corm.not_(corm.exists(select(E.id):where(E.id:lt(m.Boss.id))))))
    session:commit()
    assert.equal("1", w:list "SELECT count(*) FROM boss")
    raises("ArgumentError", "where: Manager.name is in table 'employee'", function()
      return corm.update(M):where(corm.exists(select(E.id):where(E.name:eq(M.name))))
    end)
  end)

  it("correlate to that row within a union, too", function()
    local M, E, F = m.Manager, corm.aliased(m.Employee), corm.aliased(m.Employee)
    local either = select(E.id):where(E.id:eq(M.id), E.name:eq "bo")
      :union(select(F.id):where(F.id:eq(M.id), F.name:eq "zo"), select(E.id):where(E.id:eq(M.id), E.id:lt(0)))
    assert.equal(1, session:execute(corm.update(M):where(corm.exists(either)):values { budget = 0 }).rowcount)
    session:commit()
    assert.equal("5,0", w:list "SELECT budget FROM manager ORDER BY manager_id")
  end)

  it("go by with_loader_criteria, of whichever table", function()
    local M, B = m.Manager, m.Boss
    local function budgets(class, criteria, statement)
      local found
      statement = statement or corm.update(class, { all = true }):values { budget = 77 }
      for _, sync in ipairs { "auto", "fetch", "evaluate", false } do
        session:execute(statement:options(corm.with_loader_criteria(class, criteria))
          :execution_options { synchronize_session = sync })
        local stored = session:scalars(select(M.__table__.c.budget):order_by(M.__table__.c.manager_id)):all()
        session:rollback()
        assert.same(found or stored, stored)
        found = stored
      end
      return table.concat(found, ",")
    end
    local managed = corm.update(M, { all = true }):values { budget = 77 }
    assert.equal("77,9", budgets(M, M.budget:lt(9)))
    assert.equal("77,9", budgets(M, M.id:eq(1)))
    assert.equal("5,77", budgets(M, M.name:eq "bo"))
    assert.equal("5,77", budgets(m.Employee, m.Employee.name:eq "bo", managed))
    assert.equal("5,77", budgets(m.Employee, function(class) return class.grade:eq(3) end, managed
      :where(M.budget:gt(5))))
    assert.equal("77,77", budgets(M, corm.or_(M.name:eq "mo", M.budget:eq(9)), managed:where(M.budget:ne(6))))
    local named = corm.with_loader_criteria(B, corm.and_(B.name:eq "bo", B.budget:eq(9), B.car:eq "red"))
    local other = corm.with_loader_criteria(m.Employee, m.Employee.name:eq "mo")
    assert.equal(0, session:execute(corm.delete(B, { all = true }):options(named, other)).rowcount)
    assert.equal(1, session:query(B):options(named):update({ car = "blue" }, { all = true }))
    assert.equal(0, session:execute(corm.delete(B, { all = true }):options(named)).rowcount)
    session:commit()
    assert.equal("2|blue", w:list "SELECT id, car FROM boss")
  end)

  it("go by with_loader_criteria with a list of rows, too", function()
    local hidden = corm.with_loader_criteria(m.Employee, m.Employee.name:eq "mo")
    local update = corm.update(m.Manager):options(hidden)
    raises("StaleDataError", "UPDATE statement on Manager expected to match 2 row(s); 1 were matched", session.execute,
      session, update, { { id = 1, budget = 0 }, { id = 2, budget = 0 } })
    session:rollback()
    assert.equal("5,9", w:list "SELECT budget FROM manager ORDER BY manager_id")
    session:execute(update, { { id = 1, budget = 1 }, { id = 1, name = "me" } })
    session:commit()
    assert.equal("1,9", w:list "SELECT budget FROM manager ORDER BY manager_id")
  end)

  it("refuse columns of the other tables, and classes that a condition tells", function()
    local M = m.Manager
    raises("ArgumentError", "where: Manager.name is in table 'employee', and the statement writes 'manager' alone; ask "
      .. "for the keys: Manager.id:in_(select(Manager.id):where(...))", function()
      return corm.update(M):where(M.name:eq "x")
    end)
    raises("CompileError", "unconsumed column names: name", function()
      return corm.update(M):values { name = "x" }
    end)
    raises("ArgumentError", "update: class Clerk has rows in several tables; name one: update(Clerk.__table__)",
      corm.update, m.Clerk)
    raises("ArgumentError", "delete: class Clerk has rows in several tables", corm.delete, m.Clerk)
    raises("ArgumentError", "has rows in several tables", corm.update, corm.aliased(M))
  end)
end)

describe("U27 UPDATE and DELETE of a class with several tables by its relationships", function()
  local w, m, session

  before_each(function()
    local Base = corm.declarative_base()
    m = { Base = Base }
    m.Team = Base:model("Team", { __tablename__ = "team", id = Column(Integer, { primary_key = true }) })
    m.Person = Base:model("Person", {
      __tablename__ = "person", id = Column(Integer, { primary_key = true }), kind = Column(String(20)),
      boss_id = Column(Integer, ForeignKey "person.id"), team_id = Column(Integer, ForeignKey "team.id"),
      team = corm.relationship "Team",
      boss = corm.relationship("Person", { remote_side = "Person.id", back_populates = "reports" }),
      reports = corm.relationship("Person", { back_populates = "boss" }),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "person" },
    })
    m.Manager = m.Person:model("Manager", {
      __tablename__ = "manager", id = Column(Integer, ForeignKey "person.id", { primary_key = true }),
      budget = Column(Integer), room_id = Column(Integer, ForeignKey "team.id"),
      room = corm.relationship("Team", { foreign_keys = "Manager.room_id" }),
      __mapper_args__ = { polymorphic_identity = "manager" },
    })
    w = world.open(m)
    session = w:session()
    local team = m.Team { id = 1 }
    session:add_all { team, m.Manager { id = 1, budget = 1 }, m.Manager { id = 2, budget = 2, room = team } }
    session:flush()
    session:add(m.Person { id = 3, boss = session:get(m.Person, 1) })
    session:commit()
  end)
  after_each(function() w:close() end)

  local function budgets()
    session:commit()
    return w:list "SELECT budget FROM manager ORDER BY id"
  end

  it("is of the rows that have such objects", function()
    local M = m.Manager
    for _, sync in ipairs { "auto", "fetch", false } do
      local update = corm.update(M):where(M.reports:any()):values { budget = M.budget + 10 }
      assert.equal(1, session:execute(update:execution_options { synchronize_session = sync }).rowcount)
    end
    assert.equal("31,2", budgets())
    session:execute(corm.update(M):where(M.reports:any { id = 3 }, corm.not_(M.room:has())):values { budget = 7 })
    assert.equal("7,2", budgets())
    session:execute(corm.update(M):where(M.room:has { id = 1 }):values { budget = 8 })
    assert.equal("7,8", budgets())
    session:execute(corm.update(M):where(M.reports:contains(session:get(m.Person, 3))):values { budget = 9 })
    assert.equal("9,8", budgets())
    session:execute(corm.delete(M):where(M.room:is_(nil)))
    assert.equal("8", budgets())
  end)

  it("refuses those that go by columns of the other tables", function()
    local M = m.Manager
    local function refused(what, condition)
      raises("ArgumentError", "where: Manager." .. what .. " is in table 'person', and the statement writes 'manager' "
        .. "alone", function() return corm.update(M):where(condition()) end)
    end
    refused("boss_id", function() return M.boss:has() end)
    refused("team_id", function() return corm.not_(M.team:has { id = 1 }) end)
    refused("team_id", function() return M.team:eq(session:get(m.Team, 1)) end)
    session:execute(corm.update(M):where(M.id:in_(select(M.id):where(M.boss:has()))):values { budget = 0 })
    assert.equal("1,2", budgets())
  end)
end)
