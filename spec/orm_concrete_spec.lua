-- Classes that inherit, each with a whole table of its own.
local corm = require "corm"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local function key()
  return Column(Integer, { primary_key = true })
end

local w, m, session

local function start(models)
  w = world.open(models)
  m = w.m
  session = w:session()
end

local function close()
  if w then w:close() end
end

local function sent(n, fn)
  local list = w:statements(fn)
  assert.equal(n, #list, table.concat(list, "\n"))
  return list
end

local function names(list)
  local found = {}
  for i, object in ipairs(list) do found[i] = object.__class__.__name__ .. ":" .. tostring(object.name) end
  return table.concat(found, " ")
end

-- Employee > Manager > Boss, Engineer, and the Company of all of them. Engineer has no note.
local function united(mixins)
  local Base = corm.declarative_base()
  local models = { Base = Base }
  local function company()
    return Column(Integer, ForeignKey "company.id"), relationship("Company", { back_populates = "employees" })
  end
  models.Company = Base:model("Company", {
    __tablename__ = "company", id = key(), name = Column(String(30)),
    employees = mixins and relationship("Employee", { back_populates = "company", order_by = "Employee.name" }) or nil,
  })
  local company_id, to_company = company()
  models.Employee = Base:model("Employee", {
    __mixins__ = mixins, __tablename__ = "employee", id = key(), name = Column(String(30)), note = Column(String(20)),
    company_id = company_id, company = mixins and to_company or nil,
    badge = function(self) return "<" .. self.name .. ">" end,
    shout = corm.hybrid_property(function(self) return self.name .. "!" end),
    __mapper_args__ = mixins and { polymorphic_identity = "employee" } or nil,
  })
  company_id, to_company = company()
  models.Manager = models.Employee:model("Manager", {
    __tablename__ = "manager", budget = Column(Integer), id = key(), name = Column(String(30)),
    note = Column(String(20)), company_id = company_id, company = mixins and to_company or nil,
    __mapper_args__ = { concrete = true, polymorphic_identity = "manager" },
  })
  company_id, to_company = company()
  models.Boss = models.Manager:model("Boss", {
    __tablename__ = "boss", id = key(), name = Column(String(30)), budget = Column(Integer), car = Column(String(10)),
    company_id = company_id, company = mixins and to_company or nil,
    __mapper_args__ = { concrete = true, polymorphic_identity = "boss" },
  })
  company_id, to_company = company()
  models.Engineer = models.Employee:model("Engineer", {
    __tablename__ = "engineer", id = key(), name = Column(String(30)), skill = Column(String(20)),
    company_id = company_id, company = mixins and to_company or nil,
    __mapper_args__ = { concrete = true, polymorphic_identity = "engineer" },
  })
  return models
end

local function fill()
  local acme, other = m.Company { id = 1, name = "acme" }, m.Company { id = 2, name = "other" }
  session:add_all {
    acme, other, m.Employee { id = 1, name = "eve", note = "e", company = acme },
    m.Manager { id = 1, name = "mo", budget = 5, note = "m", company = acme },
    m.Boss { id = 1, name = "bo", budget = 9, car = "red", company = other },
    m.Engineer { id = 1, name = "gil", skill = "C", company = acme },
    m.Engineer { id = 2, name = "uwe", skill = "Lua" },
  }
  session:commit()
  session:expunge_all()
end

describe("M21 concrete inheritance", function()
  before_each(function() start(united()) end)
  after_each(close)

  it("gives each class a whole table and keys of its own", function()
    session:add_all {
      m.Employee { name = "eve" }, m.Manager { name = "mo", budget = 5 }, m.Engineer { name = "gil", skill = "C" },
    }
    session:commit()
    assert.equal("1|eve", w:rows "SELECT id, name FROM employee")
    assert.equal("1|mo|5", w:rows "SELECT id, name, budget FROM manager")
    assert.equal("1|gil|C", w:rows "SELECT id, name, skill FROM engineer")
    local eve, mo = session:get(m.Employee, 1), session:get(m.Manager, 1)
    assert.is_false(rawequal(eve, mo))
    assert.equal("eve", eve.name)
    assert.equal("mo", mo.name)
    mo.name = "max"
    session:delete(eve)
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM employee")
    assert.equal("max", w:rows "SELECT name FROM manager")
    session:execute(corm.update(m.Employee, { all = true }):values { name = "x" })
    assert.equal("max", mo.name)
  end)

  it("selects from one table, with what the class inherits in Lua", function()
    assert.equal("SELECT manager.company_id, manager.id, manager.name, manager.note, manager.budget FROM manager",
      sql.of(select(m.Manager)))
    assert.equal("SELECT engineer.name FROM engineer WHERE engineer.skill = :skill_1",
      sql.of(select(m.Engineer.name):where(m.Engineer.skill:eq "C")))
    session:add_all { m.Employee { name = "eve" }, m.Engineer { name = "gil", skill = "C" } }
    session:commit()
    assert.equal("Employee:eve", names(session:scalars(select(m.Employee)):all()))
    local gil = session:scalars(select(m.Engineer)):one()
    assert.equal("<gil>", gil:badge())
    assert.equal("gil!", gil.shout)
    assert.equal("gil!", session:scalar(select(m.Engineer.shout)))
  end)

  it("refuses attributes that a class inherits and has not got", function()
    local gil = m.Engineer { name = "gil" }
    raises("ArgumentError", "Concrete Engineer does not implement attribute 'note' at the instance level. Add this "
      .. "property explicitly to Engineer.", function() return gil.note end)
    raises("ArgumentError", "Concrete Engineer does not implement attribute 'note'", function() gil.note = "n" end)
    raises("ArgumentError", "Concrete Engineer does not implement attribute 'note'", m.Engineer, { note = "n" })
    raises("ArgumentError", "Concrete Engineer does not implement attribute 'note'", function()
      return m.Engineer.note
    end)
    m.Task = m.Base:model("Task", {
      __tablename__ = "task", id = key(), employee_id = Column(Integer, ForeignKey "employee.id"),
      employee = relationship("Employee", { backref = "tasks" }),
    })
    corm.configure_mappers()
    assert.equal(0, #m.Employee { name = "eve" }.tasks)
    raises("ArgumentError", "Concrete Engineer does not implement attribute 'tasks'", function() return gil.tasks end)
    assert.same({ "company_id", "id", "name", "skill" }, (function(columns)
      table.sort(columns)
      return columns
    end)({ table.unpack(corm.inspect(m.Engineer).columns) }))
    -- Nothing of what it has not is written, loaded or refreshed.
    m.Base.metadata:create_all(w.engine)
    session:add(gil)
    session:commit()
    assert.equal("gil", gil.name)
    session:refresh(gil)
    gil.skill = "C"
    session:commit()
    session:delete(gil)
    session:commit()
  end)

  it("has relationships that are declared for each class", function()
    m.Manager.team = relationship("Engineer", {
      primaryjoin = function() return m.Manager.id:eq(corm.foreign(m.Engineer.company_id)) end, viewonly = true,
    })
    m.Engineer.company = relationship("Company", { backref = "engineers" })
    m.Employee.company = relationship("Company")
    m.Company.staff = relationship("Employee", { viewonly = true })
    local acme = m.Company { name = "acme" }
    session:add_all { acme, m.Engineer { name = "gil", company = acme }, m.Employee { name = "eve", company = acme } }
    session:commit()
    assert.equal("Engineer:gil", names(acme.engineers))
    assert.equal("Employee:eve", names(acme.staff))
    raises("ArgumentError", "Concrete Manager does not implement attribute 'company'", function()
      return m.Manager {}.company
    end)
    local gil = session:scalars(select(m.Engineer):join(m.Engineer.company):where(m.Company.name:eq "acme")):one()
    assert.is_true(rawequal(acme, gil.company))
    acme.engineers:remove(gil)
    session:commit()
    assert.equal("1", w:rows "SELECT count(*) FROM engineer WHERE company_id IS NULL")
  end)

  it("refuses what cannot be meant", function()
    local function refused(message, body)
      raises("ArgumentError", message, m.Employee.model, m.Employee, "Other", body)
      assert.is_nil(m.Base.registry.classes.Other)
    end
    refused("Other: a concrete class has a table of its own", { __mapper_args__ = { concrete = true } })
    refused("polymorphic_load is not for concrete classes",
      { __tablename__ = "other", id = key(), __mapper_args__ = { concrete = true, polymorphic_load = "inline" } })
    refused("inherit_condition joins tables", {
      __tablename__ = "other", id = key(),
      __mapper_args__ = { concrete = true, inherit_condition = function() return m.Employee.id:eq(1) end },
    })
    raises("ArgumentError", "with_polymorphic: Manager is concrete and has no tables in common with Employee",
      corm.with_polymorphic, m.Employee, { m.Manager })
  end)
end)

describe("M21 ConcreteBase", function()
  before_each(function()
    start(united { corm.ConcreteBase })
    fill()
  end)
  after_each(close)

  it("selects from the union of all classes, each row as what it is", function()
    local all
    local list = sent(1, function() all = session:scalars(select(m.Employee):order_by(m.Employee.name)):all() end)
    local _, unions = list[1]:gsub("UNION ALL", "")
    assert.equal(3, unions)
    assert.equal("Boss:bo Employee:eve Engineer:gil Manager:mo Engineer:uwe", names(all))
    sent(0, function()
      assert.equal("red", all[1].car)
      assert.equal(9, all[1].budget)
      assert.equal("C", all[3].skill)
      assert.equal("m", all[4].note)
    end)
    for _, name in ipairs(corm.inspect(all[3]).unloaded) do assert.is_not.equal("note", name) end
    assert.is_nil(tostring(all[3]):find "note")
    -- They are the objects that their own classes find.
    sent(0, function() assert.is_true(rawequal(all[4], session:get(m.Manager, 1))) end)
    assert.equal("eve", session:get(m.Employee, 1).name)
    session:expire(all[2])
    assert.equal("e", all[2].note)
    all[4].budget = 6
    session:commit()
    assert.equal("6", w:rows "SELECT budget FROM manager")
    session:delete(all[1])
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM boss")
  end)

  it("has the rows below a class in the middle, too", function()
    assert.equal("Manager:mo", names(session:scalars(select(m.Manager)):all()))
    assert.equal("SELECT pjoin.name FROM (SELECT employee.company_id AS company_id, employee.id AS id, "
      .. "employee.name AS name, employee.note AS note, CAST(NULL AS INTEGER) AS budget, "
      .. "CAST(NULL AS VARCHAR(10)) AS car, CAST(NULL AS VARCHAR(20)) AS skill, 'employee' AS type FROM employee",
      sql.of(select(m.Employee.name)):match "^(.-) UNION ALL")
  end)

  it("takes criteria, aliases, limits and columns of the base", function()
    local function found(query) return names(session:scalars(query):all()) end
    assert.equal("Engineer:gil Manager:mo", found(select(m.Employee):where(m.Employee.name:in_ { "mo", "gil" })
      :order_by(m.Employee.name)))
    local E = corm.aliased(m.Employee)
    assert.equal("Engineer:uwe", found(select(E):where(E.name:eq "uwe")))
    assert.equal("Employee:eve Engineer:gil", found(select(m.Employee):order_by(m.Employee.name):offset(1):limit(2)
      :options(corm.joinedload(m.Employee.company))))
    assert.equal(5, session:scalar(select(corm.func.count(m.Employee.id))))
    assert.equal("mo", session:scalar(select(m.Employee.name):where(m.Employee.note:eq "m")))
    assert.equal("Engineer:gil", found(select(m.Employee):filter_by { name = "gil" }))
  end)

  it("stands at the end of relationships that each class declares", function()
    local acme = session:get(m.Company, 1)
    sent(1, function() assert.equal("Employee:eve Engineer:gil Manager:mo", names(acme.employees)) end)
    sent(0, function()
      assert.equal("C", acme.employees[2].skill)
      assert.is_true(rawequal(acme, acme.employees[2].company))
    end)
    for _, load in ipairs { corm.joinedload, corm.selectinload, corm.subqueryload } do
      session:expunge_all()
      local all
      sent(load == corm.joinedload and 1 or 2, function()
        local query = select(m.Company):order_by(m.Company.id):options(load(m.Company.employees))
        all = session:scalars(query):unique():all()
      end)
      sent(0, function()
        assert.equal("Employee:eve Engineer:gil Manager:mo", names(all[1].employees))
        assert.equal("red", all[2].employees[1].car)
      end)
    end
    assert.equal(1, session:scalar(select(corm.func.count(m.Company.id))
      :where(m.Company.employees:any(m.Employee.name:eq "bo"))))
    local rows = session:execute(select(m.Company.name, m.Employee.name):join(m.Company.employees)
      :order_by(m.Employee.name)):all()
    assert.equal(4, #rows)
    assert.equal("bo", rows[1][2])
  end)

  it("keeps both sides in step, and writes each class's key", function()
    local acme, other = session:get(m.Company, 1), session:get(m.Company, 2)
    local gil = session:get(m.Engineer, 1)
    other.employees:append(gil)
    assert.is_true(rawequal(other, gil.company))
    assert.equal(2, #acme.employees)
    acme.employees:append(m.Manager { id = 7, name = "max" })
    session:get(m.Boss, 1).company = nil
    session:commit()
    assert.equal("2", w:rows "SELECT company_id FROM engineer WHERE id = 1")
    assert.equal("1", w:rows "SELECT company_id FROM manager WHERE id = 7")
    assert.equal("0", w:rows "SELECT count(*) FROM boss WHERE company_id IS NOT NULL")
    assert.equal("Engineer:gil", names(other.employees))
  end)

  it("refuses objects that lack what a relationship is written by", function()
    m.Guest = m.Employee:model("Guest", {
      __tablename__ = "guest", id = key(), name = Column(String(30)),
      __mapper_args__ = { concrete = true, polymorphic_identity = "guest" },
    })
    m.Base.metadata:create_all(w.engine)
    raises("ArgumentError", "Company.employees: the concrete class Guest has no 'company_id' to refer by", function()
      session:get(m.Company, 1).employees:append(m.Guest { name = "x" })
    end)
    session:add(m.Guest { name = "zoe" })
    session:commit()
    local last = select(m.Employee):order_by(m.Employee.name:desc()):limit(1)
    assert.equal("Guest:zoe", names(session:scalars(last):all()))
  end)

  it("is counted, also where classes have columns of one name", function()
    local Clerk = m.Employee:model("Clerk", {
      __tablename__ = "clerk", id = key(), name = Column(String(30)), skill = Column(String(30)),
      __mapper_args__ = { concrete = true, polymorphic_identity = "clerk" },
    })
    m.Base.metadata:create_all(w.engine)
    session:add(Clerk { name = "ann", skill = "typing" })
    session:commit()
    session:expunge_all()
    local all = session:query(m.Employee)
    local n = #all:all()
    assert.equal("typing", all:where(m.Employee.name:eq "ann"):one().skill)
    assert.equal(n, all:count())
    assert.equal(n, #session:query(corm.aliased(m.Employee)):distinct():all())
    local part = select(m.Employee):subquery()
    assert.equal(n, session:scalar(select(corm.func.count()):select_from(part)))
  end)

  it("names the columns of classes below by with_polymorphic", function()
    local any = corm.with_polymorphic(m.Employee, "*")
    local function found(condition)
      return names(session:scalars(select(any):where(condition):order_by(any.name)):all())
    end
    local manager = session:query(m.Manager):order_by(m.Manager.name):first()
    local its_own = any.Manager.budget:eq(manager.budget) & any.Manager.id:eq(manager.id)
    assert.equal("Manager:" .. manager.name, found(its_own))
    assert.equal("Manager:" .. manager.name, found(any.Manager.shout:eq(manager.name .. "!")))
    local rich = corm.with_polymorphic(m.Employee, { m.Manager })
    local stmt = select(m.Company.id):join(m.Company.employees:of_type(rich))
    assert.equal(manager.company_id, session:scalar(stmt:where(rich.Manager.budget:eq(manager.budget))))
  end)

  it("refuses rows of no class, and what cannot be meant", function()
    local any = corm.with_polymorphic(m.Employee, { m.Manager })
    raises("ArgumentError", "", select, any.Manager)
    raises("ArgumentError", "unknown attribute 'tools'", function() return any.Manager.tools end)
    raises("ArgumentError", "unknown attribute 'Engineer'", function() return any.Engineer end)
    raises("ArgumentError", "update: class Employee is selected from a UNION; name its table: "
      .. "update(Employee.__table__)", corm.update, m.Employee)
    raises("ArgumentError", "Other: polymorphic_identity: a string expected, by which the rows of a union are told",
      m.Employee.model, m.Employee, "Other",
      { __tablename__ = "other", id = key(), __mapper_args__ = { concrete = true, polymorphic_identity = 5 } })
    raises("ArgumentError", "class Other has the polymorphic identity of class Manager", m.Employee.model, m.Employee,
      "Other", { __tablename__ = "other", id = key(),
        __mapper_args__ = { concrete = true, polymorphic_identity = "manager" } })
    raises("ArgumentError", "Polymorphic union can't use 'type' as the discriminator column due to mapped column "
      .. "'other.type'", m.Base.model, m.Base, "Other", {
        __mixins__ = { corm.ConcreteBase }, __tablename__ = "other", id = key(), type = Column(Integer),
        __mapper_args__ = { polymorphic_identity = "other" },
      })
    assert.is_nil(m.Base.metadata.tables.other)
    -- Nothing of them stands in the union.
    assert.equal(5, #session:scalars(select(m.Employee)):all())
  end)
end)

describe("M21 AbstractConcreteBase", function()
  local Company, Employee, Manager, Engineer

  before_each(function()
    local Base = corm.declarative_base()
    Company = Base:model("Company", { __tablename__ = "company", id = key() })
    Employee = Base:model("Employee", {
      __mixins__ = { corm.AbstractConcreteBase }, id = key(), name = Column("nick", String(20)),
      company_id = Column(Integer, ForeignKey "company.id"),
      shout = function(self) return self.name .. "!" end,
    })
    Manager = Employee:model("Manager", {
      __tablename__ = "manager", budget = Column(Integer),
      __mapper_args__ = { concrete = true, polymorphic_identity = "manager" },
    })
    Engineer = Employee:model("Engineer", {
      __tablename__ = "engineer", skill = Column(String(5)),
      __mapper_args__ = { concrete = true, polymorphic_identity = "engineer" },
    })
    Company.employees = relationship(Employee, {
      viewonly = true, order_by = function() return Employee.name end,
      primaryjoin = function() return Company.id:eq(corm.foreign(Employee.company_id)) end,
    })
    start { Base = Base }
    session:add(Company { id = 1 })
    session:add_all {
      Manager { name = "mo", budget = 5, company_id = 1 }, Engineer { name = "gil", skill = "C", company_id = 1 },
      Engineer { name = "uwe" },
    }
    session:commit()
  end)
  after_each(close)

  it("gives its columns and functions to the classes below, and reads the rows of all", function()
    local tables = {}
    for name in pairs(Employee.metadata.tables) do tables[#tables + 1] = name end
    table.sort(tables)
    assert.equal("company engineer manager", table.concat(tables, " "))
    assert.equal("SELECT manager.id, manager.nick, manager.company_id, manager.budget FROM manager",
      sql.of(select(Manager)))
    local all
    sent(1, function() all = session:scalars(select(Employee):order_by(Employee.name)):all() end)
    assert.equal("Engineer:gil Manager:mo Engineer:uwe", names(all))
    assert.same({ "gil!", 5, "C" }, { all[1]:shout(), all[2].budget, all[1].skill })
    assert.equal("Manager:mo", names(session:scalars(select(Employee):where(Employee.name:eq "mo")):all()))
    local e = corm.aliased(Employee)
    assert.equal("Engineer:uwe", names(session:scalars(select(e):where(e.company_id:is_(nil))):all()))
    assert.equal(3, session:query(Employee):count())
    assert.equal("mo", session:get(Manager, 1).name)
  end)

  it("is what a relationship may lead to", function()
    for _, load in ipairs { corm.selectinload, corm.joinedload, corm.lazyload } do
      session:expunge_all()
      local company = session:query(Company):options(load(Company.employees)):one()
      assert.equal("Engineer:gil Manager:mo", names(company.employees))
    end
  end)

  it("reads the rows of classes that come later", function()
    local Pilot = Employee:model("Pilot", {
      __tablename__ = "pilot", hours = Column(Integer),
      __mapper_args__ = { concrete = true, polymorphic_identity = "pilot" },
    })
    Employee.metadata:create_all(w.engine)
    session:add(Pilot { name = "ann", hours = 7 })
    session:commit()
    assert.equal("Pilot:ann Engineer:gil Manager:mo Engineer:uwe",
      names(session:scalars(select(Employee):order_by(Employee.name)):all()))
  end)

  it("has no rows without classes, and no objects, table or key", function()
    local Lone = corm.declarative_base():model("Lone", { __mixins__ = { corm.AbstractConcreteBase }, id = key() })
    assert.equal(0, #session:scalars(select(Lone)):all())
    raises("InvalidRequestError", "Employee has no objects of its own", Employee, {})
    raises("InvalidRequestError", "Employee is abstract, and a key says one row of each class below it", session.get,
      session, Employee, 1)
    raises("ArgumentError", "insert: a table or a mapped class expected", corm.insert, Employee)
    raises("ArgumentError", "update: a table, an alias of one or a mapped class expected", corm.update, Employee)
    raises("ArgumentError", "AbstractConcreteBase is for a class without a table", Company.model,
      corm.declarative_base(), "X", { __mixins__ = { corm.AbstractConcreteBase }, __tablename__ = "x", id = key() })
    raises("ArgumentError", "X: Employee is abstract, and a class below it has a table of its own", Employee.model,
      Employee, "X", { __tablename__ = "x" })
  end)
end)

describe("M21 polymorphic_union", function()
  after_each(close)

  local function tables()
    local metadata = corm.MetaData()
    return metadata,
      corm.Table("dog", metadata, Column("id", Integer, { primary_key = true }), Column("name", String(10))),
      corm.Table("cat", metadata, Column("id", Integer, { primary_key = true }), Column("name", String(10)),
        Column("lives", Integer))
  end

  it("is a UNION with NULL for what a table has not", function()
    local _, dog, cat = tables()
    assert.equal("SELECT p.id, p.name, p.lives, p.kind FROM (SELECT cat.id AS id, cat.name AS name, "
      .. "cat.lives AS lives, 'cat' AS kind FROM cat UNION ALL SELECT dog.id AS id, dog.name AS name, "
      .. "CAST(NULL AS INTEGER) AS lives, "
      .. "'dog' AS kind FROM dog) AS p", sql.of(select(corm.polymorphic_union({ dog = dog, cat = cat }, "kind", "p"))))
    assert.is_truthy(sql.of(select(corm.polymorphic_union({ { "dog", dog }, { "cat", cat } }, "kind", "p",
      { cast_nulls = false }))):find("SELECT dog.id AS id, dog.name AS name, NULL AS lives, 'dog' AS kind", 1, true))
    raises("ArgumentError", "polymorphic_union: no table is given", corm.polymorphic_union, {}, "kind", "p")
    raises("ArgumentError", "'dog': a Table or a subquery expected, got string", corm.polymorphic_union,
      { dog = "dog" }, "kind")
    raises("ArgumentError", "the name of the column for the identity expected, got nil", corm.polymorphic_union,
      { dog = dog })
    raises("ArgumentError", "can't use 'lives' as the discriminator column", corm.polymorphic_union, { cat = cat },
      "lives")
  end)

  it("is what a base selects from by with_polymorphic and polymorphic_on", function()
    local metadata, dog, cat = tables()
    local Base = corm.declarative_base { metadata = metadata }
    local union = corm.polymorphic_union({ dog = dog, cat = cat }, "kind", "p")
    local Dog = Base:model("Dog", {
      __table__ = dog,
      __mapper_args__ = { with_polymorphic = { "*", union }, polymorphic_on = union.c.kind,
        polymorphic_identity = "dog" },
    })
    local Cat = Dog:model("Cat", {
      __table__ = cat, __mapper_args__ = { concrete = true, polymorphic_identity = "cat" },
    })
    start { Base = Base }
    session:add_all { Dog { id = 1, name = "rex" }, Cat { id = 1, name = "tom", lives = 9 } }
    session:commit()
    session:expunge_all()
    local all = session:scalars(select(Dog):order_by(Dog.name)):all()
    assert.equal("Dog:rex Cat:tom", names(all))
    assert.equal(9, all[2].lives)
    raises("ArgumentError", "polymorphic_on: the column of the union that says the class expected, got string",
      Base.model, Base, "Other", { __tablename__ = "other", id = key(),
        __mapper_args__ = { with_polymorphic = { "*", union }, polymorphic_on = "kind", polymorphic_identity = "o" } })
  end)
end)
