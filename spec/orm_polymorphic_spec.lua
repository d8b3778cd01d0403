-- Subclasses in paths of options and joins, and when what they add is read.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local function key(parent)
  if parent then return Column(Integer, ForeignKey(parent), { primary_key = true }) end
  return Column(Integer, { primary_key = true })
end

-- Company <- Employee > Manager > Boss, Engineer <- Machine. `args`: __mapper_args__ by class, besides the usual;
-- `lazy`, of Engineer.machines and Engineer.manager.
local function models(args)
  args = args or {}
  local Base = corm.declarative_base()
  local m = { Base = Base }
  local function mapper_args(name, own)
    for k, v in pairs(args[name] or {}) do own[k] = v end
    return own
  end
  m.Company = Base:model("Company", {
    __tablename__ = "company", id = key(), name = Column(String(30)),
    employees = relationship("Employee", { back_populates = "company", order_by = "Employee.id" }),
  })
  m.Employee = Base:model("Employee", {
    __tablename__ = "employee", id = key(), kind = Column(String(20)), name = Column(String(30)),
    company_id = Column(Integer, ForeignKey "company.id"),
    company = relationship("Company", { back_populates = "employees" }),
    __mapper_args__ = mapper_args("Employee", { polymorphic_on = "kind", polymorphic_identity = "employee" }),
  })
  m.Manager = m.Employee:model("Manager", {
    __tablename__ = "manager", id = key "employee.id", budget = Column(Integer), title = Column(String(20)),
    __mapper_args__ = mapper_args("Manager", { polymorphic_identity = "manager" }),
  })
  m.Boss = m.Manager:model("Boss", {
    __tablename__ = "boss", id = key "manager.id", car = Column(String(10)),
    __mapper_args__ = mapper_args("Boss", { polymorphic_identity = "boss" }),
  })
  m.Engineer = m.Employee:model("Engineer", {
    __tablename__ = "engineer", id = key "employee.id", skill = Column(String(20)),
    notes = corm.deferred(Column(String(20))), manager_id = Column(Integer, ForeignKey "manager.id"),
    manager = relationship("Manager", { lazy = args.lazy }),
    machines = relationship("Machine", { lazy = args.lazy, order_by = "Machine.id" }),
    __mapper_args__ = mapper_args("Engineer", { polymorphic_identity = "engineer" }),
  })
  m.Machine = Base:model("Machine", {
    __tablename__ = "machine", id = key(), name = Column(String(20)),
    engineer_id = Column(Integer, ForeignKey "engineer.id"),
  })
  return m
end

local w, m, session

-- acme: eve, mo (manager), gil (engineer with two machines), bo (boss); other: uwe (engineer with one).
local function open(args)
  w = world.open(models(args))
  m = w.m
  session = w:session()
  local acme, other = m.Company { id = 1, name = "acme" }, m.Company { id = 2, name = "other" }
  local chief = m.Manager { id = 2, name = "mo", budget = 5, title = "chief", company = acme }
  session:add_all {
    acme, other, m.Employee { id = 1, name = "eve", company = acme }, chief,
    m.Engineer { id = 3, name = "gil", skill = "C", notes = "n", company = acme, manager = chief,
      machines = { m.Machine { id = 1, name = "drill" }, m.Machine { id = 2, name = "saw" } } },
    m.Boss { id = 4, name = "bo", budget = 9, title = "head", car = "red", company = acme },
    m.Engineer { id = 5, name = "uwe", skill = "Lua", company = other,
      machines = { m.Machine { id = 3, name = "lathe" } } },
  }
  session:commit()
  session:expunge_all()
end

local function close() if w then w:close() end end

local function names(list)
  local found = {}
  for i, object in ipairs(list) do found[i] = object.name end
  return table.concat(found, " ")
end

-- Executes fn and says how many statements it sent.
local function sent(n, fn)
  local list = w:statements(fn)
  assert.equal(n, #list, table.concat(list, "\n"))
  return list
end

describe("M22 of_type", function()
  before_each(function() open() end)
  after_each(close)

  it("in a join means the subclass, and takes criteria of it by and_", function()
    local query = select(m.Company.name, m.Engineer.skill):join(m.Company.employees:of_type(m.Engineer))
      :order_by(m.Engineer.skill)
    local found = {}
    for row in session:execute(query) do found[#found + 1] = row[1] .. ":" .. row[2] end
    assert.equal("acme:C other:Lua", table.concat(found, " "))
    local only = session:scalars(select(m.Company)
      :join(m.Company.employees:of_type(m.Engineer):and_(m.Engineer.skill:eq "Lua"))):all()
    assert.equal("other", names(only))
    local e = corm.with_polymorphic(m.Employee, { m.Engineer, m.Manager }, { aliased = true })
    local both = session:scalars(select(m.Company):join(m.Company.employees:of_type(e))
      :where(corm.or_(e.Engineer.skill:eq "Lua", e.Manager.budget:eq(9))):order_by(m.Company.id)):all()
    assert.equal("acme other", names(both))
  end)

  it("in any() asks for an object of the subclass", function()
    local function companies(criterion)
      return names(session:scalars(select(m.Company):where(criterion):order_by(m.Company.id)):all())
    end
    assert.equal("acme", companies(m.Company.employees:of_type(m.Manager):any()))
    assert.equal("other", companies(m.Company.employees:of_type(m.Engineer):any(m.Engineer.skill:eq "Lua")))
    assert.equal("acme", companies(m.Company.employees:of_type(m.Boss):any { car = "red" }))
    assert.equal("", companies(m.Company.employees:of_type(m.Boss):any { name = "mo" }))
    local gil = session:scalars(select(m.Engineer):where(m.Engineer.manager:of_type(m.Boss):has())):all()
    assert.equal(0, #gil)
  end)

  it("in selectinload loads all targets, the columns of the subclass along, and goes on from it", function()
    local all
    local list = sent(3, function()
      all = session:scalars(select(m.Company):order_by(m.Company.id):options(corm.selectinload(
        m.Company.employees:of_type(m.Engineer)):selectinload(m.Engineer.machines))):all()
    end)
    assert.is_truthy(list[2]:find("LEFT OUTER JOIN engineer ON employee.id = engineer.id", 1, true), list[2])
    sent(0, function()
      assert.equal("eve mo gil bo", names(all[1].employees))
      assert.equal("C", all[1].employees[3].skill)
      assert.equal("drill saw", names(all[1].employees[3].machines))
      assert.equal("lathe", names(all[2].employees[1].machines))
    end)
    -- Managers were not named.
    sent(1, function() assert.equal(5, all[1].employees[2].budget) end)
  end)

  it("in joinedload and subqueryload, too, of one class or of several", function()
    for _, load in ipairs { corm.joinedload, corm.subqueryload, corm.selectinload, corm.immediateload } do
      for _, aliased in ipairs { false, true } do
        session:expunge_all()
        local e = corm.with_polymorphic(m.Employee, { m.Boss, m.Engineer }, { aliased = aliased })
        local all
        sent(load == corm.joinedload and 1 or 2, function()
          all = session:scalars(select(m.Company):order_by(m.Company.id):options(
            load(m.Company.employees:of_type(e)))):unique():all()
        end)
        sent(0, function()
          assert.equal("eve mo gil bo", names(all[1].employees))
          assert.equal("C", all[1].employees[3].skill)
          assert.equal(5, all[1].employees[2].budget)
          assert.equal("red", all[1].employees[4].car)
          assert.equal("uwe", names(all[2].employees))
        end)
      end
    end
  end)

  it("in contains_eager is the alias that the query joins", function()
    local e = corm.with_polymorphic(m.Employee, { m.Engineer }, { aliased = true })
    local all
    sent(1, function()
      all = session:scalars(select(m.Company):join(m.Company.employees:of_type(e)):where(e.name:ne "eve")
        :order_by(m.Company.id, e.id):options(corm.contains_eager(m.Company.employees:of_type(e)))):unique():all()
    end)
    sent(0, function()
      assert.equal("mo gil bo", names(all[1].employees))
      assert.equal("Lua", all[2].employees[1].skill)
    end)
  end)

  it("with and_ loads those that the criteria of the subclass hold for", function()
    local engineers = m.Company.employees:of_type(m.Engineer):and_(m.Engineer.skill:eq "C")
    for _, load in ipairs { corm.selectinload, corm.joinedload, corm.subqueryload } do
      session:expunge_all()
      local all = session:scalars(select(m.Company):order_by(m.Company.id):options(load(engineers))):unique():all()
      assert.equal("gil", names(all[1].employees))
      assert.equal("", names(all[2].employees))
    end
    local A = corm.with_polymorphic(m.Employee, { m.Engineer }, { aliased = true })
    for _, load in ipairs { corm.selectinload, corm.joinedload } do
      session:expunge_all()
      local all = session:scalars(select(m.Company):order_by(m.Company.id):options(
        load(m.Company.employees:of_type(A):and_(A.Engineer.skill:eq "Lua")))):unique():all()
      assert.equal("", names(all[1].employees))
      assert.equal("uwe", names(all[2].employees))
    end
  end)

  it("loads an alias of the target by select-in", function()
    local A = corm.aliased(m.Employee)
    local all = session:scalars(select(m.Company):order_by(m.Company.id):options(
      corm.selectinload(m.Company.employees:of_type(A):and_(A.name:eq "mo")))):all()
    assert.equal("mo", names(all[1].employees))
  end)

  it("goes on from a subclass by joins and columns", function()
    local all
    sent(2, function()
      all = session:scalars(select(m.Company):order_by(m.Company.id):options(
        corm.joinedload(m.Company.employees:of_type(m.Engineer)):options(
          corm.selectinload(m.Engineer.machines), corm.defer(m.Engineer.skill), corm.undefer(m.Engineer.notes)
        ))):unique():all()
    end)
    sent(0, function()
      assert.equal("n", all[1].employees[3].notes)
      assert.equal("drill saw", names(all[1].employees[3].machines))
    end)
    sent(1, function() assert.equal("C", all[1].employees[3].skill) end)
  end)

  it("refuses classes that are not there", function()
    raises("ArgumentError", "Company.employees leads to Employee: that class, one below it, or an alias expected",
      function() return m.Company.employees:of_type(m.Machine) end)
    raises("ArgumentError", "is no relationship of Manager, where Company.employees leads", function()
      return corm.selectinload(m.Company.employees:of_type(m.Manager)):selectinload(m.Engineer.machines)
    end)
  end)
end)

describe("M20 selectin_polymorphic", function()
  after_each(close)

  it("reads what the classes add by one statement each, after the rows", function()
    open()
    local all
    local list = sent(3, function()
      all = session:scalars(select(m.Employee):order_by(m.Employee.id)
        :options(corm.selectin_polymorphic(m.Employee, { m.Engineer, m.Manager }))):all()
    end)
    assert.is_truthy(list[2]:find("^SELECT engineer.id, engineer.skill, engineer.manager_id FROM engineer WHERE "
      .. "engineer.id IN"), list[2])
    assert.is_truthy(list[3]:find "^SELECT manager.id, manager.budget, manager.title FROM manager WHERE manager.id IN")
    sent(0, function()
      assert.equal("C", all[3].skill)
      assert.equal("Lua", all[5].skill)
      assert.equal(5, all[2].budget)
      assert.equal(9, all[4].budget)
    end)
    sent(1, function() assert.equal("red", all[4].car) end)
    session:expunge_all()
    -- Each object is read once, as of the lowest class that is named.
    sent(3, function()
      all = session:scalars(select(m.Employee):order_by(m.Employee.id)
        :options(corm.selectin_polymorphic(m.Employee, { m.Boss, m.Manager }))):all()
    end)
    sent(0, function()
      assert.equal("red", all[4].car)
      assert.equal(9, all[4].budget)
      assert.equal(5, all[2].budget)
    end)
  end)

  it("stands beside options of the subclasses, and below a relationship", function()
    open()
    local all
    sent(5, function()
      all = session:scalars(select(m.Company):order_by(m.Company.id):options(
        corm.selectinload(m.Company.employees):selectin_polymorphic { m.Engineer, m.Manager }
          :selectinload(m.Engineer.machines))):all()
    end)
    sent(0, function()
      assert.equal("drill saw", names(all[1].employees[3].machines))
      assert.equal(9, all[1].employees[4].budget)
    end)
    session:expunge_all()
    sent(3, function()
      all = session:scalars(select(m.Employee):order_by(m.Employee.id):options(
        corm.selectin_polymorphic(m.Employee, { m.Engineer }), corm.selectinload(m.Engineer.machines),
        corm.defer(m.Engineer.skill))):all()
    end)
    sent(0, function()
      assert.equal("lathe", names(all[5].machines))
      assert.equal(2, all[3].manager_id)
    end)
    sent(1, function() assert.equal("C", all[3].skill) end)
  end)

  it("loads what only a subclass refers to", function()
    open()
    local all
    -- The engineers' references are read first; mo is in memory.
    sent(2, function()
      all = session:scalars(select(m.Employee):order_by(m.Employee.id)
        :options(corm.selectinload(m.Engineer.manager))):all()
    end)
    sent(0, function() assert.equal("mo", all[3].manager.name) end)
    assert.equal("Load(Employee):selectin_polymorphic(Boss)",
      tostring(corm.selectin_polymorphic(m.Employee, { m.Boss })))
    session:expunge_all()
    all = session:scalars(select(m.Employee):order_by(m.Employee.id):options(corm.raiseload(m.Engineer.machines))):all()
    raises("InvalidRequestError", "Engineer.machines", function() return all[3].machines end)
    assert.equal("eve", all[1].name)
  end)

  it("is said by the class with polymorphic_load", function()
    open { Engineer = { polymorphic_load = "selectin" }, Manager = { polymorphic_load = "selectin" } }
    local all
    sent(3, function() all = session:scalars(select(m.Employee):order_by(m.Employee.id)):all() end)
    sent(0, function()
      assert.equal("C", all[3].skill)
      assert.equal(9, all[4].budget)
    end)
    session:expunge_all()
    local acme
    sent(4, function()
      acme = session:scalars(select(m.Company):where(m.Company.id:eq(1))
        :options(corm.selectinload(m.Company.employees))):one()
    end)
    sent(0, function() assert.equal("C", acme.employees[3].skill) end)
    session:expunge_all()
    sent(2, function() assert.equal("C", session:get(m.Employee, 3).skill) end)
  end)

  it("refuses what is no class below", function()
    open()
    raises("ArgumentError", "selectin_polymorphic: Machine does not inherit from Employee", corm.selectin_polymorphic,
      m.Employee, { m.Machine })
    raises("ArgumentError", "selectin_polymorphic: Employee does not inherit from Employee", corm.selectin_polymorphic,
      m.Employee, { m.Employee })
    raises("ArgumentError", "a list of classes below Employee expected, got table", corm.selectin_polymorphic,
      m.Employee, m.Manager)
    raises("ArgumentError", "the list of classes below Employee is empty", corm.selectin_polymorphic, m.Employee, {})
    raises("ArgumentError", "a mapped class or an alias of one expected, got integer", corm.selectin_polymorphic, 5,
      { m.Manager })
    raises("ArgumentError", "classes[1]: a mapped class expected, got string", corm.selectin_polymorphic, m.Employee,
      { "Manager" })
    raises("ArgumentError", "options: Manager is no entity of this query", function()
      session:scalars(select(m.Company):options(corm.selectin_polymorphic(m.Employee, { m.Manager }))):all()
    end)
    raises("ArgumentError", "polymorphic_load: \"inline\" or \"selectin\" expected, got 'both'", m.Employee.model,
      m.Employee, "Other", { __mapper_args__ = { polymorphic_load = "both" } })
    raises("ArgumentError", "polymorphic_load is said by a class that inherits from another one", m.Base.model, m.Base,
      "Other", { __tablename__ = "other", id = key(), __mapper_args__ = { polymorphic_load = "inline" } })
  end)
end)

describe("M20 with_polymorphic of a class", function()
  after_each(close)

  -- All employees, by one statement with so many outer joins.
  local function check(joins)
    local all
    local list = sent(1, function() all = session:scalars(select(m.Employee):order_by(m.Employee.id)):all() end)
    local _, found = list[1]:gsub("LEFT OUTER JOIN", "")
    assert.equal(joins, found)
    return all
  end

  it("reads the columns of a class with polymorphic_load = \"inline\" in the same statement", function()
    open { Engineer = { polymorphic_load = "inline" }, Manager = { polymorphic_load = "inline" } }
    local all = check(2)
    sent(0, function()
      assert.equal("C", all[3].skill)
      assert.equal(9, all[4].budget)
    end)
    sent(1, function() assert.equal("red", all[4].car) end)
    session:expunge_all()
    -- Wherever the class is loaded: by key, from a relationship, joined, with a limit, as an alias.
    sent(1, function() assert.equal("C", session:get(m.Employee, 3).skill) end)
    session:expunge_all()
    -- A lock is of the class's own rows.
    sent(2, function() assert.equal("C", session:get(m.Employee, 3, { with_for_update = true }).skill) end)
    session:expunge_all()
    for _, load in ipairs { corm.joinedload, corm.selectinload, corm.subqueryload } do
      local acme
      sent(load == corm.joinedload and 1 or 2, function()
        acme = session:scalars(select(m.Company):where(m.Company.id:eq(1)):options(load(m.Company.employees)))
          :unique():one()
      end)
      sent(0, function() assert.equal("C", acme.employees[3].skill) end)
      session:expunge_all()
    end
    local E = corm.aliased(m.Employee)
    sent(1, function()
      all = session:scalars(select(E):join(E.company):where(m.Company.name:eq "acme", E.name:ne "eve")
        :order_by(E.id):options(corm.joinedload(E.company):joinedload(m.Company.employees))):unique():all()
      assert.equal("mo gil bo", names(all))
      assert.equal("C", all[2].skill)
      assert.equal("eve mo gil bo", names(all[1].company.employees))
    end)
    session:expunge_all()
    sent(1, function()
      all = session:scalars(select(m.Employee):order_by(m.Employee.id:desc()):limit(3)
        :options(corm.joinedload(m.Employee.company):joinedload(m.Company.employees))):unique():all()
      assert.equal("uwe bo gil", names(all))
      assert.equal("C", all[3].skill)
      assert.equal("eve mo gil bo", names(all[3].company.employees))
    end)
    session:expunge_all()
    sent(1, function()
      all = session:scalars(select(E):order_by(E.id:desc()):limit(3)
        :options(corm.joinedload(E.company):joinedload(m.Company.employees))):unique():all()
      assert.equal("uwe bo gil", names(all))
      assert.equal("C", all[3].skill)
      assert.equal("eve mo gil bo", names(all[3].company.employees))
    end)
    session:expunge_all()
    sent(1, function()
      local rows = session:execute(select(m.Company, m.Employee):join(m.Company.employees)
        :where(m.Employee.id:eq(3))):all()
      assert.equal("C", rows[1][2].skill)
    end)
  end)

  it("serves criteria, order and joins that name a class below", function()
    open { Employee = { with_polymorphic = "*" } }
    local E, Engineer, Manager, Machine = m.Employee, m.Engineer, m.Manager, m.Machine
    local function found(query) return names(session:query(E):where(query):order_by(E.id):all()) end
    assert.equal("gil", found(Engineer.skill:eq "C"))
    assert.equal("gil bo", found(corm.or_(Engineer.skill:eq "C", Manager.budget:gt(5))))
    assert.equal("gil", found(Engineer.machines:any(Machine.name:eq "saw")))
    local count = select(corm.func.count(Machine.id)):where(Machine.engineer_id:eq(Engineer.id)):scalar_subquery()
    assert.equal("gil", found(count:eq(2)))
    assert.equal("gil uwe", names(session:query(E):join(Engineer.machines):order_by(E.id):all()))
    assert.equal("uwe", names(session:query(E):outerjoin(Engineer.machines):where(Machine.name:eq "lathe"):all()))
    assert.equal("uwe", session:query(E):order_by(Engineer.skill:desc()):where(Engineer.skill:is_not(nil)):first().name)
    -- A column of Manager is one of Boss, too, and is not joined a second time.
    assert.equal("acme", session:query(m.Company):where(m.Company.employees:of_type(m.Boss):any(Manager.budget:eq(9)))
      :one().name)
    assert.equal("bo", session:query(m.Boss):where(Manager.title:eq "head"):one().name)
    local of_acme = corm.exists():where(m.Company.id:eq(Manager.company_id), m.Company.name:eq "acme")
    assert.equal("mo bo", names(session:query(Manager):where(of_acme):order_by(E.id):all()))
    assert.equal("bo", names(session:query(m.Boss):where(of_acme):all()))
    raises("InvalidRequestError", "'employee' would stand in FROM twice, as part of two classes", function()
      session:query(Manager):join(m.Boss.company):all()
    end)
  end)

  it("reads those of all classes, or of some, where the class itself says so", function()
    open { Employee = { with_polymorphic = "*" } }
    local all = check(3)
    sent(0, function()
      assert.equal("C", all[3].skill)
      assert.equal("red", all[4].car)
    end)
    close()
    open { Employee = { with_polymorphic = { "Engineer" } } }
    all = check(1)
    sent(0, function() assert.equal("Lua", all[5].skill) end)
    sent(1, function() assert.equal(9, all[4].budget) end)
  end)

  it("refuses what is no list of names", function()
    open()
    raises("ArgumentError", "Other: with_polymorphic: \"*\" or a list of names of classes expected, got table",
      m.Base.model, m.Base, "Other",
      { __tablename__ = "other", id = key(), __mapper_args__ = { with_polymorphic = m.Employee } })
    raises("ArgumentError", "Other: with_polymorphic[1]: the name of a class expected, got table", m.Base.model, m.Base,
      "Other", { __tablename__ = "other", id = key(), __mapper_args__ = { with_polymorphic = { m.Employee } } })
  end)
end)

describe("L09 column options of subclasses", function()
  before_each(function() open() end)
  after_each(close)

  it("hold for a with_polymorphic and the classes in it", function()
    local e = corm.with_polymorphic(m.Employee, "*")
    local all
    local list = sent(1, function()
      all = session:scalars(select(e):order_by(e.id)
        :options(corm.defer(e.name), corm.defer(e.Manager.title), corm.undefer(e.Engineer.notes))):all()
    end)
    assert.is_nil(list[1]:find "title")
    assert.is_nil(list[1]:find "employee.name")
    sent(0, function()
      assert.equal("n", all[3].notes)
      assert.equal(5, all[2].budget)
      assert.equal("red", all[4].car)
    end)
    sent(1, function() assert.equal("chief", all[2].title) end)
    sent(1, function() assert.equal("gil", all[3].name) end)
  end)

  it("leave deferred columns out of it, and take load_only of one class", function()
    local e = corm.with_polymorphic(m.Employee, { m.Engineer, m.Manager }, { aliased = true })
    local all
    local list = sent(1, function()
      all = session:scalars(select(e):order_by(e.id)
        :options(corm.load_only(e.kind), corm.load_only(e.Manager.budget))):all()
    end)
    assert.is_nil(list[1]:find "notes")
    assert.is_nil(list[1]:find "title")
    assert.is_nil(list[1]:find "name")
    sent(0, function()
      assert.equal(5, all[2].budget)
      assert.equal("C", all[3].skill)
    end)
    raises("InvalidRequestError", "Manager.title", function()
      session:expunge_all()
      all = session:scalars(select(e):order_by(e.id)
        :options(corm.defer(e.Manager.title, { raiseload = true }))):all()
      return all[2].title
    end)
  end)
end)

describe("M20 L02 relationships of classes that are read along", function()
  after_each(close)

  -- What engineers have once their query is done, without another statement.
  local function at_once(stmt)
    session:expunge_all()
    local all = session:scalars(stmt:order_by(m.Employee.id)):unique():all()
    sent(0, function()
      assert.equal("drill saw", all[3].machines[1].name .. " " .. all[3].machines[2].name)
      assert.equal("mo", all[3].manager.name)
      assert.equal(1, #all[5].machines)
      assert.is_nil(all[5].manager)
    end)
  end

  it("are loaded as they say themselves", function()
    for _, lazy in ipairs { "joined", "selectin", "subquery", "immediate" } do
      open { lazy = lazy }
      at_once(select(corm.with_polymorphic(m.Employee, { m.Manager, m.Engineer })))
      at_once(select(m.Employee):options(corm.selectin_polymorphic(m.Employee, { m.Engineer })))
      close()
      for _, how in ipairs { "inline", "selectin" } do
        open { lazy = lazy, Engineer = { polymorphic_load = how } }
        at_once(select(m.Employee))
        close()
      end
    end
    w = nil
  end)

  it("are joined where the rows have their columns", function()
    open { lazy = "joined" }
    sent(1, function() session:scalars(select(corm.with_polymorphic(m.Employee, "*"))):unique():all() end)
  end)

  it("go by an option for all of them", function()
    open {}
    local wide = corm.with_polymorphic(m.Employee, "*")
    at_once(select(wide):options(corm.selectinload "*"))
    session:expunge_all()
    local all = session:scalars(select(wide):order_by(wide.id):options(corm.raiseload "*")):all()
    raises("InvalidRequestError", "Engineer.machines", function() return all[3].machines end)
    raises("InvalidRequestError", "Engineer.manager", function() return all[3].manager end)
  end)

  it("are not asked for by an option that loads nothing", function()
    open {}
    local all
    for _, how in ipairs { "lazyload", "noload", "raiseload" } do
      session:expunge_all()
      local stmt = select(m.Employee):order_by(m.Employee.id):options(corm[how](m.Engineer.manager))
      sent(1, function() all = session:scalars(stmt):all() end)
    end
    raises("InvalidRequestError", "Engineer.manager", function() return all[3].manager end)
  end)

  it("may be named by an option besides", function()
    open { lazy = "selectin" }
    local wide = corm.with_polymorphic(m.Employee, "*")
    local list = sent(3, function()
      session:scalars(select(wide):order_by(wide.id):options(corm.lazyload(wide.Engineer.manager),
        corm.subqueryload(wide.Engineer.machines):load_only(m.Machine.name), corm.selectinload(wide.company))):all()
    end)
    assert.is_truthy(table.concat(list, "\n"):find "FROM company")
  end)
end)
