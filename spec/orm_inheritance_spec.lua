-- Classes that inherit from mapped classes, with tables of their own.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local function key()
  return Column(Integer, { primary_key = true })
end

-- The text of a statement on one line.
local function text(statement)
  return (tostring(statement):gsub("%s+", " "))
end

-- Company <- Employee > Manager > Boss, Engineer; Engineer.manager <-> Manager.reports. Each has a table of its own;
-- Engineer's key has another name.
local function joined()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  local function own(parent)
    return Column(Integer, ForeignKey(parent), { primary_key = true })
  end
  m.Company = Base:model("Company", {
    __tablename__ = "company", id = key(), name = Column(String(30)),
    employees = relationship("Employee", { back_populates = "company", order_by = "Employee.id" }),
    engineers = relationship("Engineer", { viewonly = true, order_by = "Engineer.skill" }),
  })
  m.Employee = Base:model("Employee", {
    __tablename__ = "employee", id = key(), kind = Column(String(20)), name = Column(String(30)),
    company_id = Column(Integer, ForeignKey "company.id"),
    company = relationship("Company", { back_populates = "employees" }),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "employee" },
  })
  m.Manager = m.Employee:model("Manager", {
    __tablename__ = "manager", id = own "employee.id", budget = Column(Integer),
    reports = relationship("Engineer", { back_populates = "manager" }),
    __mapper_args__ = { polymorphic_identity = "manager" },
  })
  m.Boss = m.Manager:model("Boss", {
    __tablename__ = "boss", id = own "manager.id", car = Column(String(10)),
    __mapper_args__ = { polymorphic_identity = "boss" },
  })
  m.Engineer = m.Employee:model("Engineer", {
    __tablename__ = "engineer", engineer_id = own "employee.id", skill = Column(String(20)),
    manager_id = Column(Integer, ForeignKey "manager.id"),
    manager = relationship("Manager", { back_populates = "reports" }),
    __mapper_args__ = { polymorphic_identity = "engineer" },
  })
  return m
end

describe("M20 joined-table inheritance", function()
  local w, m, session

  before_each(function()
    w = world.open(joined())
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  local function fill()
    local acme = m.Company { name = "acme" }
    local chief = m.Manager { id = 2, name = "mo", budget = 5, company = acme }
    session:add_all {
      m.Employee { id = 1, name = "eve", company = acme }, chief,
      m.Engineer { id = 3, name = "gil", skill = "C", company = acme, manager = chief },
      m.Boss { id = 4, name = "bo", budget = 9, car = "red" },
    }
    session:commit()
    session:close()
    session = w:session()
  end

  it("writes each object's rows with one key, the root's table first", function()
    fill()
    assert.equal("employee,manager,engineer,boss", w:list "SELECT kind FROM employee ORDER BY id")
    assert.equal("2,4", w:list "SELECT id FROM manager ORDER BY id")
    assert.equal("4", w:list "SELECT id FROM boss")
    assert.equal("3", w:list "SELECT engineer_id FROM engineer WHERE manager_id = 2 AND skill = 'C'")
  end)

  it("takes the key that the database makes to all of its tables", function()
    local chief = m.Boss { name = "zed", budget = 1, car = "pink" }
    session:add_all { m.Engineer { name = "uwe", skill = "Lua", manager = chief }, chief, m.Manager { name = "ivo" } }
    session:commit()
    assert.equal("zed,pink", w:list [[SELECT name FROM employee JOIN boss ON boss.id = employee.id
      JOIN manager ON manager.id = boss.id WHERE budget = 1]]
      .. "," .. w:list "SELECT car FROM boss WHERE car = 'pink'")
    assert.equal("zed", w:list [[SELECT b.name FROM employee e JOIN engineer ON engineer_id = e.id
      JOIN employee b ON b.id = manager_id WHERE e.name = 'uwe']])
  end)

  it("writes only the tables whose columns have changed, and deletes upwards", function()
    fill()
    local boss = session:get(m.Boss, 4)
    boss.car = "blue"
    assert.equal(1, #w:statements(function() session:flush() end))
    boss.name, boss.budget = "bob", 10
    assert.equal(2, #w:statements(function() session:flush() end))
    assert.equal("blue", boss.car)
    session:delete(boss)
    local gone = {}
    for _, sql in ipairs(w:statements(function() session:flush() end)) do
      gone[#gone + 1] = sql:match "^DELETE FROM (%w+)"
    end
    assert.same({ "boss", "manager", "employee" }, gone)
    session:commit()
    assert.equal("2", w:list "SELECT id FROM manager")
    assert.equal("1,2,3", w:list "SELECT id FROM employee ORDER BY id")
  end)

  it("selects a class from all of its tables", function()
    assert.equal("SELECT employee.id, employee.kind, employee.name, employee.company_id, manager.budget, boss.car FROM "
      .. "employee JOIN manager ON employee.id = manager.id JOIN boss ON manager.id = boss.id", text(select(m.Boss)))
    assert.equal("SELECT employee.name FROM employee JOIN manager ON employee.id = manager.id",
      text(select(m.Manager.name)))
    assert.equal("SELECT employee.name FROM employee", text(select(m.Employee.name)))
    local chief = corm.aliased(m.Manager, { name = "c" })
    assert.equal("SELECT c_employee.name FROM employee AS c_employee JOIN manager AS c_manager ON c_employee.id = "
      .. "c_manager.id WHERE c_manager.budget > :budget_1", text(select(chief.name):where(chief.budget:gt(1))))
    assert.equal("SELECT company.id FROM company JOIN (employee JOIN engineer ON employee.id = engineer.engineer_id) "
      .. "ON company.id = employee.company_id", text(select(m.Company.id):join(m.Company.engineers)))
    assert.equal("SELECT employee.name FROM employee JOIN engineer ON employee.id = engineer.engineer_id WHERE EXISTS "
      .. "(SELECT 1 FROM employee AS employee_1 JOIN manager AS manager_1 ON employee_1.id = manager_1.id WHERE "
      .. "employee_1.id = engineer.manager_id AND manager_1.budget = :budget_1)",
      text(select(m.Engineer.name):where(m.Engineer.manager:has(m.Manager.budget:eq(5)))))
  end)

  it("loads each row into its class, and what the subclass adds when it is asked for", function()
    fill()
    local all = session:scalars(select(m.Employee):order_by(m.Employee.id)):all()
    local names = {}
    for i, object in ipairs(all) do names[i] = object.__class__.__name__ end
    assert.same({ "Employee", "Manager", "Engineer", "Boss" }, names)
    local sent = w:statements(function()
      assert.equal("C", all[3].skill)
      assert.equal(2, all[3].manager_id)
      assert.equal(3, all[3].engineer_id)
    end)
    assert.equal(1, #sent)
    -- The employee's columns are there, so its table is not read again.
    assert.is_nil(sent[1]:find "employee")
    assert.equal(1, w:count(function()
      assert.equal(9, all[4].budget)
      assert.equal("red", all[4].car)
    end))
  end)

  it("follows relationships to and from every class", function()
    fill()
    local gil = session:scalars(select(m.Engineer)):one()
    assert.equal("mo", gil.manager.name)
    assert.is_true(rawequal(gil, gil.manager.reports[1]))
    assert.equal(3, #gil.company.employees)
    assert.is_true(rawequal(gil, gil.company.engineers[1]))
    assert.is_nil(session:get(m.Manager, 3))
    for _, load in ipairs { corm.joinedload, corm.selectinload } do
      session:expunge_all()
      local acme
      local first = w:count(function()
        acme = session:scalars(select(m.Company):options(load(m.Company.engineers))):unique():one()
      end)
      assert.equal(load == corm.joinedload and 1 or 2, first)
      assert.equal(0, w:count(function() assert.equal("C", acme.engineers[1].skill) end))
    end
    gil = session:get(m.Engineer, 3)
    gil.manager = session:get(m.Boss, 4)
    session:commit()
    assert.equal("4", w:list "SELECT manager_id FROM engineer")
  end)

  it("reads what a subclass adds for all objects of its class that came together", function()
    fill()
    for i = 10, 29 do session:add(m.Engineer { id = i, name = "e" .. i, skill = "s" .. i }) end
    session:commit()
    session:expunge_all()
    local all = session:scalars(select(m.Employee):order_by(m.Employee.id)):all()
    local sent = w:statements(function()
      for _, object in ipairs(all) do
        if object.kind == "engineer" then assert.equal(object.id == 3 and "C" or "s" .. object.id, object.skill) end
      end
    end)
    assert.equal(1, #sent)
    assert.is_nil(sent[1]:find "employee")
    -- Managers and bosses have statements of their own.
    assert.equal(2, w:count(function()
      for _, object in ipairs(all) do
        if object.kind == "manager" or object.kind == "boss" then assert.is_truthy(object.budget) end
      end
    end))
    -- What expired is read object by object, as ever.
    session:expire_all()
    assert.equal(2, w:count(function() return all[5].skill, all[6].skill end))
    -- A change of what was not loaded is a change.
    session:expunge_all()
    all = session:scalars(select(m.Employee):order_by(m.Employee.id)):all()
    all[5].skill = "new"
    session:commit()
    assert.equal("new", w:list "SELECT skill FROM engineer WHERE engineer_id = 10")
  end)

  it("loads a subclass's relationship for the objects of a query that have it", function()
    fill()
    session:add(m.Engineer { id = 5, name = "uwe", manager = session:get(m.Boss, 4) })
    session:commit()
    session:expunge_all()
    local all = session:scalars(select(m.Employee):order_by(m.Employee.id)):all()
    assert.equal("mo", all[3].manager.name)
    assert.equal("bo", all[5].manager.name)
    assert.equal(1, #all[2].reports)
    assert.equal(1, #all[4].reports)
  end)

  it("refreshes, and rolls back all rows of an object together", function()
    fill()
    local boss = session:get(m.Boss, 4)
    boss.name, boss.car = "x", "y"
    session:flush()
    session:rollback()
    assert.equal("bo", boss.name)
    assert.equal("red", boss.car)
    session:commit()
    w:sql "UPDATE boss SET car = 'green'"
    session:refresh(boss)
    assert.equal("green", boss.car)
  end)

  it("lets tables refer to classes that are declared later", function()
    local Base = corm.declarative_base()
    local Place = Base:model("Place", {
      __tablename__ = "place", id = Column(Integer, { primary_key = true }), kind = Column(String(10)),
      town_id = Column(ForeignKey "town.id"),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "place" },
    })
    local Shop = Place:model("Shop", {
      __tablename__ = "shop", id = Column(ForeignKey "place.id", { primary_key = true }),
      owner_id = Column(ForeignKey "owner.id"), owner = corm.relationship "Owner",
      __mapper_args__ = { polymorphic_identity = "shop" },
    })
    raises("NoReferencedTableError", "class Stall: its table cannot be joined to that of Place", Place.model, Place,
      "Stall", { __tablename__ = "stall", id = Column(ForeignKey "palce.id", { primary_key = true }),
      __mapper_args__ = { polymorphic_identity = "stall" } })
    local Town = Base:model("Town", {
      __tablename__ = "town", id = Column(Integer, { primary_key = true }), places = corm.relationship "Place" })
    local Owner = Base:model("Owner", { __tablename__ = "owner", id = Column(Integer, { primary_key = true }) })
    local v = world.open { Base = Base }
    local s = v:session()
    s:add(Town { places = { Shop { owner = Owner {} }, Place {} } })
    s:commit()
    assert.equal("1|1", v:rows "SELECT shop.id, owner_id FROM shop")
    assert.equal(2, #s:query(Town):one().places)
    v:close()
  end)

  it("takes the condition of the join from inherit_condition", function()
    m.Base:model("Place", {
      __tablename__ = "place", id = key(), kind = Column(String(10)),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "place" },
    })
    local Place = m.Base.registry.classes.Place
    local columns = function()
      return { __tablename__ = "shop", id = Column(Integer, ForeignKey "place.id", { primary_key = true }),
        next_to = Column(Integer, ForeignKey "place.id") }
    end
    raises("AmbiguousForeignKeysError", "class Shop: its table cannot be joined to that of Place (inherit_condition",
      Place.model, Place, "Shop", columns())
    assert.is_nil(m.Base.metadata.tables.shop)
    local body = columns()
    body.__mapper_args__ = {
      polymorphic_identity = "shop", inherit_condition = function(t) return t.c.id:eq(Place.id) end,
    }
    local Shop = Place:model("Shop", body)
    m.Base.metadata:create_all(w.engine)
    session:add(Shop { next_to = nil })
    session:commit()
    assert.equal("Shop", session:scalars(select(Place)):one().__class__.__name__)
    assert.equal("SELECT place.id, place.kind, shop.next_to FROM place JOIN shop ON shop.id = place.id",
      text(select(Shop)))
  end)

  it("lets the key name the far side of a relationship within a table below", function()
    local Lead = m.Employee:model("Lead", {
      __tablename__ = "lead", id = Column(Integer, ForeignKey "employee.id", { primary_key = true }),
      above_id = Column(Integer, ForeignKey "lead.id"),
      above = relationship("Lead", { back_populates = "below", remote_side = "Lead.id" }),
      below = relationship("Lead", { back_populates = "above" }),
      __mapper_args__ = { polymorphic_identity = "lead" },
    })
    m.Base.metadata:create_all(w.engine)
    local top = Lead { name = "top" }
    local low = Lead { name = "low", above = top }
    session:add(low)
    session:commit()
    assert.equal(top.id, low.above_id)
    assert.equal(low, top.below[1])
    assert.equal(top, session:scalars(select(Lead):where(Lead.above:eq(top))):one().above)
  end)

  it("compares relationships with objects by the columns of whichever table has them", function()
    local acme = m.Company { name = "Acme" }
    local mia = m.Manager { name = "Mia", company = acme }
    local eli = m.Engineer { name = "Eli", manager = mia, company = acme }
    local sol = m.Engineer { name = "Sol" }
    session:add_all { eli, sol }
    session:commit()
    local function names(condition, class)
      local list = session:scalars(select(class or m.Engineer):where(condition):order_by(m.Employee.id)):all()
      for i, object in ipairs(list) do list[i] = object.name end
      return table.concat(list, " ")
    end
    local Engineer, Manager, Boss = m.Engineer, m.Manager, m.Boss
    assert.equal("Eli", names(Engineer.manager:eq(mia)))
    assert.equal("Sol", names(Engineer.manager:ne(mia)))
    assert.equal("Sol", names(Engineer.manager:is_(nil)))
    assert.equal("Eli", names(Engineer.manager:in_ { mia }))
    assert.equal("Eli", names(Engineer.company:eq(acme)))
    assert.equal("Sol", names(Engineer.company:eq(nil)))
    assert.equal("Mia", names(Manager.reports:contains(eli), Manager))
    assert.equal("", names(Boss.reports:contains(eli), Boss))
    assert.equal("Eli", names(corm.with_parent(mia, Manager.reports)))
    local other = corm.aliased(Engineer)
    assert.equal("Eli", session:scalar(select(other.name):where(other.manager:eq(mia))))
    assert.equal("Eli", session:scalar(select(other.name):where(other.company:eq(acme))))
  end)

  it("refuses a subquery in which a column of the query around it would mean its own table", function()
    fill()
    local Employee, Engineer, Manager = m.Employee, m.Engineer, m.Manager
    local exists, count = corm.exists, corm.func.count
    local function refuses(stmt)
      raises("InvalidRequestError", "'employee' stands in this subquery, as part of a class, and around it", function()
        session:execute(stmt)
      end)
    end
    refuses(select(Employee):where(exists():where(Engineer.manager_id:eq(Employee.id))))
    refuses(select(Manager):where(exists():where(Engineer.manager_id:eq(Manager.id))))
    local reports = select(count(Engineer.id)):where(Engineer.manager_id:eq(Employee.id)):scalar_subquery()
    refuses(select(Employee.name, reports))
    refuses(select(Employee):where(Employee.id:in_(select(Engineer.manager_id):where(Employee.name:eq "x"))))
    local E = corm.aliased(Engineer)
    local query = session:query(Employee):order_by(Employee.id)
    assert.equal("mo", query:where(exists():where(E.manager_id:eq(Employee.id))):one().name)
    assert.equal("mo", session:query(Manager):where(exists():where(E.manager_id:eq(Manager.id))):one().name)
    -- What only one of them has, and the subquery's own columns, are clear.
    local of_gil = select(Engineer.manager_id):where(Engineer.name:eq "gil")
    assert.equal("mo", query:where(Employee.id:in_(of_gil)):one().name)
    assert.equal(0, session:query(Manager):where(exists():where(Engineer.manager_id:gt(Manager.budget))):count())
    local t = Employee.__table__
    assert.equal(1, query:where(t.c.id:in_(select(Engineer.manager_id):where(t.c.name:eq "gil"))):count())
  end)

  it("refuses a class whose join would leave out rows that are asked for, or meet another one's", function()
    fill()
    local Employee, Engineer, Manager, Boss, or_ = m.Employee, m.Engineer, m.Manager, m.Boss, corm.or_
    local function refuses(message, stmt)
      raises("InvalidRequestError", message, function() session:execute(stmt) end)
    end
    local c = Engineer.skill:eq "C"
    refuses("or_() of columns of 'engineer' and of others", select(Employee):where(or_(c, Employee.name:eq "mo")))
    local and_, not_ = corm.and_, corm.not_
    local both = and_(c, Employee.name:eq "mo")
    refuses("or not_() of their and_()", select(Employee):where(not_(both)))
    refuses("or not_() of their and_()", select(Employee):where(not_(not_(not_(both))), Employee.id:gt(0)))
    refuses("or not_() of their and_()", select(Employee):where(not_(not_(or_(c, Employee.name:eq "mo")))))
    local red = or_(Manager.budget:eq(5), Boss.car:eq "red")
    refuses("or_() of columns of 'boss' and of others", select(Manager):where(red))
    local twice = "'employee' would stand in FROM twice, as part of two classes"
    refuses(twice, select(Employee):where(or_(c, Manager.budget:eq(5))))
    refuses(twice, select(Engineer, Manager))
    refuses(twice, select(m.Company):join(m.Company.employees):where(c))
    -- What names the class is about its rows.
    local function names(stmt)
      local list = session:scalars(stmt:order_by(Employee.id)):all()
      for i, object in ipairs(list) do list[i] = object.name end
      return table.concat(list, " ")
    end
    assert.equal("gil", names(select(Employee):where(or_(c, Engineer.skill:eq "Lua"))))
    assert.equal("gil", names(select(Employee):where(c, or_(c, Employee.name:eq "mo"))))
    assert.equal("gil", names(select(Employee):where(not_(both), c)))
    assert.equal("", names(select(Employee):where(not_(or_(c, Employee.name:eq "mo")))))
    assert.equal("gil", names(select(Engineer):where(or_(c, Employee.name:eq "mo"))))
    local any = corm.with_polymorphic(Employee, { Engineer })
    assert.equal("mo gil", names(select(any):where(or_(any.Engineer.skill:eq "C", any.name:eq "mo"))))
    local row = session:execute(select(Manager, Boss)):one()
    assert.equal("bo bo", row[1].name .. " " .. row[2].name)
  end)

  it("refuses what cannot be meant", function()
    raises("ArgumentError", "class Other: column other.name has the name of an attribute of Employee", m.Employee.model,
      m.Employee, "Other", {
        __tablename__ = "other", id = Column(Integer, ForeignKey "employee.id", { primary_key = true }),
        name = Column(String(5)),
      })
    raises("NoForeignKeysError", "class Other: its table cannot be joined to that of Employee", m.Employee.model,
      m.Employee, "Other", { __tablename__ = "other", id = key() })
    assert.is_nil(m.Base.metadata.tables.other)
  end)
end)

describe("M20 with_polymorphic", function()
  local w, m, session

  before_each(function()
    w = world.open(joined())
    m = w.m
    session = w:session()
    local acme = m.Company { name = "acme" }
    local chief = m.Manager { id = 2, name = "mo", budget = 5, company = acme }
    session:add_all {
      m.Employee { id = 1, name = "eve", company = acme }, chief,
      m.Engineer { id = 3, name = "gil", skill = "C", company = acme, manager = chief },
      m.Boss { id = 4, name = "bo", budget = 9, car = "red" },
    }
    session:commit()
    session:expunge_all()
  end)
  after_each(function() w:close() end)

  it("joins the tables of the classes that are named, and of those in between", function()
    assert.equal("SELECT employee.name, engineer.skill FROM employee LEFT OUTER JOIN engineer ON employee.id = "
      .. "engineer.engineer_id", (function()
        local e = corm.with_polymorphic(m.Employee, { m.Engineer })
        return text(select(e.name, e.Engineer.skill))
      end)())
    local all = corm.with_polymorphic(m.Employee, { m.Boss }, { aliased = true })
    assert.equal("SELECT employee_1.id, employee_1.kind, employee_1.name, employee_1.company_id, manager_1.budget, "
      .. "boss_1.car FROM employee AS employee_1 LEFT OUTER JOIN manager AS manager_1 ON employee_1.id = manager_1.id "
      .. "LEFT OUTER JOIN boss AS boss_1 ON manager_1.id = boss_1.id", text(select(all)))
    assert.equal("SELECT employee.name FROM employee JOIN manager ON employee.id = manager.id LEFT OUTER JOIN boss ON "
      .. "manager.id = boss.id", text(select(corm.with_polymorphic(m.Manager, "*").name)))
  end)

  it("loads what subclasses add with the row", function()
    local e = corm.with_polymorphic(m.Employee, { m.Manager, m.Engineer })
    local all
    assert.equal(1, w:count(function() all = session:scalars(select(e):order_by(e.id)):all() end))
    assert.equal(0, w:count(function()
      assert.equal(5, all[2].budget)
      assert.equal("C", all[3].skill)
      assert.equal(9, all[4].budget)
      assert.equal("Boss", all[4].__class__.__name__)
    end))
    -- Boss was not named.
    assert.equal(1, w:count(function() assert.equal("red", all[4].car) end))
  end)

  it("names attributes of subclasses in criteria, also of aliases and in joins", function()
    local e = corm.with_polymorphic(m.Employee, "*", { aliased = true })
    local found = session:scalars(select(e):where(corm.or_(e.Boss.car:eq "red", e.Engineer.skill:eq "C"))
      :order_by(e.name)):all()
    assert.same({ "bo", "gil" }, { found[1].name, found[2].name })
    local query = select(e, m.Company):join(m.Company, e.company_id:eq(m.Company.id)):order_by(e.id)
    local rows = session:execute(query):all()
    assert.equal(3, #rows)
    assert.equal("Engineer", rows[3][1].__class__.__name__)
    assert.equal("acme", rows[3][2].name)
  end)

  it("counts objects, not rows, where a collection is joined to it", function()
    local e = corm.with_polymorphic(m.Employee, "*")
    local all = session:scalars(select(e):options(corm.joinedload(e.company)):order_by(e.id):limit(3)):all()
    assert.equal(3, #all)
    assert.equal(0, w:count(function()
      assert.equal("acme", all[3].company.name)
      assert.equal("C", all[3].skill)
    end))
  end)

  it("refuses what cannot be meant", function()
    raises("ArgumentError", "with_polymorphic: Company does not inherit from Employee", corm.with_polymorphic,
      m.Employee, { m.Company })
    raises("ArgumentError", "a list of classes or \"*\" expected, got table", corm.with_polymorphic, m.Employee,
      m.Manager)
    raises("ArgumentError", "with_polymorphic: a mapped class expected, got integer", corm.with_polymorphic, 5, "*")
    local e = corm.with_polymorphic(m.Employee, { m.Manager })
    raises("ArgumentError", "unknown attribute 'Engineer' of Employee", function() return e.Engineer end)
    raises("ArgumentError", "has no objects; call the class", e, {})
  end)
end)
