-- Classes that share the table of the class they inherit from.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select, func = corm.relationship, corm.select, corm.func

local function key()
  return Column(Integer, { primary_key = true })
end

-- The text of a statement on one line.
local function text(statement)
  return (tostring(statement):gsub("%s+", " "))
end

-- Company <- Employee > Manager > Boss, Engineer; Engineer.manager <-> Manager.reports.
local function single()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.Company = Base:model("Company", {
    __tablename__ = "company", id = key(), name = Column(String(30)),
    employees = relationship("Employee", { back_populates = "company", order_by = "Employee.id" }),
    managers = relationship("Manager", { viewonly = true, order_by = "Manager.id" }),
  })
  m.Employee = Base:model("Employee", {
    __tablename__ = "employee", id = key(), kind = Column(String(20)), name = Column(String(30)),
    company_id = Column(Integer, ForeignKey "company.id"),
    company = relationship("Company", { back_populates = "employees" }),
    badge = function(self) return self.kind .. " " .. self.name end,
    shout = corm.hybrid_property(function(self) return self.name .. "!" end),
    corm.validates("name", function(_, _, name) return name:upper() end),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "employee" },
  })
  m.Manager = m.Employee:model("Manager", {
    budget = Column(Integer),
    reports = relationship("Engineer", { back_populates = "manager", foreign_keys = "Engineer.manager_id" }),
    __mapper_args__ = { polymorphic_identity = "manager" },
  })
  m.Boss = m.Manager:model("Boss", { __mapper_args__ = { polymorphic_identity = "boss" } })
  m.Engineer = m.Employee:model("Engineer", {
    skill = Column(String(20)), manager_id = Column(Integer, ForeignKey "employee.id"),
    manager = relationship("Manager",
      { back_populates = "reports", foreign_keys = "Engineer.manager_id", remote_side = "Manager.id" }),
    __mapper_args__ = { polymorphic_identity = "engineer" },
  })
  return m
end

describe("M19 single-table inheritance", function()
  local w, m, session

  before_each(function()
    w = world.open(single())
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  local function fill()
    local acme = m.Company { name = "acme" }
    local chief = m.Manager { name = "mo", budget = 5, company = acme }
    session:add_all {
      m.Employee { name = "eve", company = acme }, chief,
      m.Engineer { name = "gil", skill = "C", company = acme, manager = chief }, m.Boss { name = "bo", budget = 9 },
    }
    session:commit()
    session:close()
    session = w:session()
  end

  it("puts the columns of all classes into one table, and the identity into its column", function()
    fill()
    assert.same({ "id", "kind", "name", "company_id", "budget", "skill", "manager_id" },
      (function()
        local names = {}
        for column in m.Employee.__table__.columns do names[#names + 1] = column.name end
        return names
      end)())
    assert.equal("employee,manager,engineer,boss", w:list "SELECT kind FROM employee ORDER BY id")
    assert.equal("5,9", w:list "SELECT budget FROM employee WHERE budget > 0 ORDER BY id")
  end)

  it("loads each row into its class", function()
    fill()
    local all
    assert.equal(1, w:count(function()
      all = session:scalars(select(m.Employee):order_by(m.Employee.id)):all()
    end))
    local names = {}
    for i, object in ipairs(all) do names[i] = object.__class__.__name__ end
    assert.same({ "Employee", "Manager", "Engineer", "Boss" }, names)
    assert.equal("manager MO", all[2]:badge())
    assert.equal("GIL!", all[3].shout)
    assert.equal("Boss(id=4", tostring(all[4]):match "^Boss%(id=4")
    -- What only the subclass has is read when it is asked for, once an object.
    assert.equal(1, w:count(function()
      assert.equal("C", all[3].skill)
      assert.equal(2, all[3].manager_id)
    end))
  end)

  it("asks for the identities of a class and of those below it, wherever its table is selected from", function()
    local M, E = m.Manager, m.Engineer
    assert.equal("SELECT employee.name FROM employee WHERE employee.kind IN (:kind_1_1, :kind_1_2)",
      text(select(M.name)))
    assert.equal("SELECT count(employee.id) AS count_1 FROM employee WHERE employee.kind IN (:kind_1_1)",
      text(select(func.count(E.id))))
    assert.equal("SELECT employee_1.name FROM employee AS employee_1 WHERE employee_1.kind IN (:kind_1_1)",
      text(select(corm.aliased(E).name)))
    assert.equal("SELECT company.id FROM company LEFT OUTER JOIN employee ON employee.company_id = company.id "
      .. "AND employee.kind IN (:kind_1_1)",
      text(select(m.Company.id):outerjoin(E, E.company_id:eq(m.Company.id))))
    assert.equal("SELECT company.name FROM company WHERE EXISTS (SELECT 1 FROM employee WHERE company.id = "
      .. "employee.company_id AND employee.name = :name_1 AND employee.kind IN (:kind_1_1, :kind_1_2))",
      text(select(m.Company.name):where(m.Company.managers:any(M.name:eq "x"))))
    assert.equal("SELECT employee.name FROM employee WHERE employee.id IN (SELECT employee.id FROM employee WHERE "
      .. "employee.kind IN (:kind_1_1)) AND employee.kind IN (:kind_2_1, :kind_2_2)",
      text(select(M.name):where(M.id:in_(select(E.id)))))
    assert.equal("UPDATE employee SET budget=:budget WHERE employee.budget < :budget_1 AND employee.kind IN "
      .. "(:kind_1_1, :kind_1_2)", text(corm.update(M):where(M.budget:lt(3)):values { budget = 3 }))
    assert.equal("DELETE FROM employee WHERE employee.name = :name_1 AND employee.kind IN (:kind_1_1)",
      text(corm.delete(E):where(E.name:eq "x")))
    assert.equal("SELECT employee.name FROM employee", text(select(m.Employee.name)))
  end)

  it("finds the rows of a class only, by query, by key and in relationships", function()
    fill()
    local function names(list)
      local found = {}
      for i, object in ipairs(list) do found[i] = object.name end
      return table.concat(found, ",")
    end
    assert.equal("MO,BO", names(session:scalars(select(m.Manager):order_by(m.Manager.id)):all()))
    assert.equal("BO", names(session:scalars(select(m.Boss)):all()))
    assert.is_nil(session:get(m.Manager, 3))
    local gil = session:get(m.Employee, 3)
    assert.is_true(rawequal(gil, session:get(m.Engineer, 3)))
    assert.is_nil(session:get(m.Manager, 3))
    assert.equal("MO", gil.manager.name)
    assert.is_true(rawequal(gil, gil.manager.reports[1]))
    local acme = session:scalars(select(m.Company):options(corm.joinedload(m.Company.managers))):unique():one()
    assert.equal("MO", names(acme.managers))
    assert.equal("EVE,MO,GIL", names(acme.employees))
    session:expire_all()
    session:execute(corm.update(m.Manager):where(m.Manager.budget:lt(9)):values { budget = 7 })
    assert.equal(7, session:get(m.Manager, 2).budget)
  end)

  it("changes and deletes rows of every class", function()
    fill()
    local gil = session:get(m.Employee, 3)
    gil.skill = "Lua"
    gil.manager = session:get(m.Boss, 4)
    session:delete(session:get(m.Manager, 2))
    session:commit()
    assert.equal("Lua", w:rows "SELECT skill FROM employee WHERE id = 3")
    assert.equal("4", w:rows "SELECT manager_id FROM employee WHERE id = 3")
    assert.equal("3", w:rows "SELECT count(*) FROM employee")
  end)

  it("runs validators of the class above, and gives relationships that come later to those below", function()
    m.Note = m.Base:model("Note", {
      __tablename__ = "note", id = key(), author_id = Column(Integer, ForeignKey "employee.id"),
      author = relationship("Employee", { backref = "notes" }),
    })
    local gil = m.Engineer { name = "gil", notes = { m.Note {} } }
    assert.equal("GIL", gil.name)
    assert.equal(1, #gil.notes)
    assert.is_true(rawequal(gil, gil.notes[1].author))
    gil.manager = m.Manager { name = "x" }
    assert.equal("X", gil.manager.name)
  end)

  it("takes a class without an identity as an abstract one, and abstract bases in between", function()
    m.Person = m.Base:model("Person", {
      __tablename__ = "person", id = key(), kind = Column(String(10)),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_abstract = true },
    })
    m.Named = m.Person:model("Named", { __abstract__ = true, nick = Column(String(10)) })
    m.Friend = m.Named:model("Friend", { __mapper_args__ = { polymorphic_identity = "friend" } })
    m.Base.metadata:create_all(w.engine)
    raises("InvalidRequestError", "Person has no objects of its own", m.Person, {})
    session:add(m.Friend { nick = "f" })
    session:commit()
    assert.equal("Friend", session:scalars(select(m.Person)):one().__class__.__name__)
    assert.equal("f", session:scalars(select(m.Friend)):one().nick)
  end)

  it("keeps apart the columns of classes above which a mixin's are older", function()
    local mixin = { hint = Column(String(10)) }
    m.Thing = m.Base:model("Thing", {
      __tablename__ = "thing", id = key(), kind = Column(String(10)),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "thing" },
    })
    m.Lamp = m.Thing:model("Lamp", {
      watts = Column(Integer), company_id = Column(Integer, ForeignKey "company.id"), company = relationship("Company"),
      __mapper_args__ = { polymorphic_identity = "lamp" },
    })
    m.Oven = m.Thing:model("Oven", {
      __mixins__ = { mixin }, heat = Column(Integer), __mapper_args__ = { polymorphic_identity = "oven" },
    })
    m.Base.metadata:create_all(w.engine)
    local acme = m.Company { name = "acme" }
    session:add_all { m.Lamp { watts = 40, company = acme }, m.Oven { heat = 200, hint = "h" } }
    session:commit()
    assert.equal("lamp|40|1||,oven|||h|200",
      w:list "SELECT kind, watts, company_id, hint, heat FROM thing ORDER BY id")
    local lamp = session:scalars(select(m.Lamp):where(m.Lamp.company:has(m.Company.name:eq "acme"))):one()
    assert.is_true(rawequal(acme, lamp.company))
    assert.equal("h", session:scalars(select(m.Oven)):one().hint)
  end)

  it("may share a column of another class, and says how", function()
    local M = { polymorphic_on = "kind", polymorphic_identity = "thing" }
    local Thing = m.Base:model("Thing", {
      __tablename__ = "thing", id = key(), kind = Column(String(10)), __mapper_args__ = M,
    })
    local Lamp = Thing:model("Lamp", { watts = Column(Integer), __mapper_args__ = { polymorphic_identity = "lamp" } })
    raises("ArgumentError", "share that one: watts = Thing.__table__.c.watts", Thing.model, Thing, "Oven",
      { watts = Column(Integer), __mapper_args__ = { polymorphic_identity = "oven" } })
    local Oven = Thing:model("Oven", {
      watts = Thing.__table__.c.watts, __mapper_args__ = { polymorphic_identity = "oven" },
    })
    m.Base.metadata:create_all(w.engine)
    session:add_all { Lamp { watts = 40 }, Oven { watts = 2000 } }
    session:commit()
    assert.equal("lamp|40,oven|2000", w:list "SELECT kind, watts FROM thing ORDER BY id")
    assert.equal(2000, session:scalars(select(Oven):where(Oven.watts:gt(10))):one().watts)
    local any = corm.with_polymorphic(Thing, "*")
    local _, times = tostring(select(any)):gsub("watts", "")
    assert.equal(1, times)
    assert.equal(session:query(Thing):count(), session:query(any):count())
    assert.equal(40, session:scalars(select(any):where(any.Lamp.watts:eq(40))):one().watts)
    session:query(Oven):one().watts = 1000
    session:commit()
    assert.equal("lamp|40,oven|1000", w:list "SELECT kind, watts FROM thing ORDER BY id")
  end)

  it("names the row whose class nobody has declared", function()
    fill()
    w:sql "UPDATE employee SET kind = 'ghost' WHERE id = 2"
    raises("InvalidRequestError", "Employee(id=2) has the polymorphic identity 'ghost', which is no class of Employee",
      function() session:scalars(select(m.Employee):order_by(m.Employee.id)):all() end)
    -- The session goes on.
    assert.equal("EVE", session:get(m.Employee, 1).name)
  end)

  it("refuses what cannot be meant", function()
    local function refused(class, message, body)
      raises(class, message, m.Employee.model, m.Employee, "Other", body)
      assert.is_nil(m.Base.registry.classes.Other)
    end
    refused("ArgumentError", "class Other has the polymorphic identity of class Boss",
      { __mapper_args__ = { polymorphic_identity = "boss" } })
    refused("ArgumentError", "Other.id: a class without a table of its own cannot add to the primary key",
      { id = key() })
    refused("ArgumentError", "Other.name: Employee has an attribute of that name", { name = Column(String(5)) })
    refused("ArgumentError", "table 'employee' has a column of that name already", { skill = Column(String(5)) })
    refused("ArgumentError", "Other.__table_args__: the class has no table of its own", { __table_args__ = {} })
    refused("ArgumentError", "class Other: polymorphic_on names no attribute: 'colour'",
      { __mapper_args__ = { polymorphic_on = "colour" } })
    refused("ArgumentError", "'inherits' is said by its parent", { __mapper_args__ = { inherits = m.Employee } })
    -- Nothing of a refused class stays in its parent's table.
    refused("ArgumentError", "class Other has the polymorphic identity of class Boss", {
      extra = Column(Integer, ForeignKey "company.id", { index = true, unique = true }),
      more = Column(corm.Enum "a", { unique = true }), __mapper_args__ = { polymorphic_identity = "boss" },
    })
    local there = m.Employee.__table__
    raises("ArgumentError", "unknown column 'extra' of employee", function() return there.c.extra end)
    assert.equal(7, #there.columns)
    local kinds, indexes = {}, 0
    for constraint in there.constraints do kinds[#kinds + 1] = tostring(constraint):match "^%w+" end
    for _ in there.indexes do indexes = indexes + 1 end
    assert.equal(3, #kinds)
    assert.equal(0, indexes)
    m.Employee:model("Other", { extra = Column(Integer), __mapper_args__ = { polymorphic_identity = "other" } })
    assert.equal(8, #there.columns)
    raises("ArgumentError", "class Plain: polymorphic_identity without polymorphic_on", m.Base.model, m.Base, "Plain",
      { __tablename__ = "plain", id = key(), __mapper_args__ = { polymorphic_identity = "x" } })
    raises("InvalidRequestError", "Manager inherits from it already: no column can be added", function()
      m.Employee.more = Column(Integer)
    end)
    raises("ArgumentError", "Engineer.manager holds Manager objects, not Employee", function()
      m.Engineer { name = "x" }.manager = m.Employee { name = "y" }
    end)
  end)
end)

describe("M20 with_polymorphic", function()
  it("takes the columns of classes in the same table", function()
    local w = world.open(single())
    local m, session = w.m, w:session()
    session:add_all { m.Engineer { name = "gil", skill = "C" }, m.Manager { name = "mo", budget = 3 } }
    session:commit()
    session:expunge_all()
    local e = corm.with_polymorphic(m.Employee, "*")
    assert.equal("SELECT employee.id, employee.kind, employee.name, employee.company_id, employee.budget, "
      .. "employee.skill, employee.manager_id FROM employee", text(select(e)))
    local all
    assert.equal(1, w:count(function() all = session:scalars(select(e):order_by(e.name)):all() end))
    assert.equal(0, w:count(function()
      assert.equal("C", all[1].skill)
      assert.equal(3, all[2].budget)
    end))
    w:close()
  end)
end)
