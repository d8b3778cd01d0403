-- Errors of a flush name the class, the attribute, the object and the line of the script.
local corm = require "corm"
local database = require "spec.support.database"
local world = require "spec.support.world"
local CheckConstraint, Column, ForeignKey, Integer = corm.CheckConstraint, corm.Column, corm.ForeignKey, corm.Integer
local String, UniqueConstraint, Index = corm.String, corm.UniqueConstraint, corm.Index
local relationship = corm.relationship

-- The line below the call of here(), in the words of an error.
local function here()
  local place = debug.getinfo(2, "Sl")
  return place.short_src, place.currentline + 1
end

local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  local links = corm.Table("links", Base.metadata,
    Column("person_id", Integer, ForeignKey("person.id"), { primary_key = true }),
    Column("badge_id", Integer, ForeignKey("badge.id"), { primary_key = true }))
  m.Firm = Base:model("Firm", {
    __tablename__ = "firm",
    id = Column(Integer, { primary_key = true }),
    title = Column("firm_title", String(30), { unique = true }),
    people = relationship("Person", { back_populates = "firm", passive_deletes = "all" }),
  })
  m.Person = Base:model("Person", {
    __tablename__ = "person",
    id = Column(Integer, { primary_key = true }),
    first = Column("first_name", String(30), { nullable = false }),
    last = Column("last_name", String(30)),
    age = Column(Integer),
    firm_id = Column(Integer, ForeignKey("firm.id", { name = "person_firm" })),
    firm = relationship("Firm", { back_populates = "people" }),
    badges = relationship("Badge", { secondary = links }),
    UniqueConstraint("last_name", "age", { name = "one_of_an_age" }),
    CheckConstraint("age < 150", { name = "not_too_old" }),
  })
  m.Badge = Base:model("Badge", {
    __tablename__ = "badge",
    id = Column(Integer, { primary_key = true, autoincrement = false }),
    colour = Column(String(30)),
    Index("one_of_a_colour", "colour", { unique = true }),
  })
  m.Boss = m.Person:model("Boss", {
    __tablename__ = "boss",
    id = Column(Integer, ForeignKey "person.id", { primary_key = true }),
    level = Column(Integer, { unique = true }),
  })
  return m
end

describe("errors of a flush", function()
  local w, m, session

  before_each(function()
    w = world.open(models())
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  -- The flush fails; afterwards the session asks for its rollback, and is clean then.
  local function fails(class, kind)
    local source, line = here()
    local ok, err = pcall(function() session:flush() end)
    assert.is_false(ok)
    assert.equal(class, err.class, tostring(err))
    assert.equal(kind, err.kind, tostring(err))
    assert.equal(source, err.source)
    assert.equal(line, err.line)
    assert.equal(0, tostring(err):find(("%s:%d: %s: "):format(source, line, class), 1, true) - 1)
    assert.is_false(session.is_active)
    assert.equal(0, #session.new)
    session:rollback()
    assert.is_true(session.is_active)
    return err
  end

  local function says(err, text) assert.is_truthy(err.message:find(text, 1, true), err.message) end

  it("name the attribute of a unique column, whatever its name in the database, and the new object", function()
    session:add(m.Firm { title = "a" })
    session:commit()
    local new = m.Firm { title = "a" }
    session:add(new)
    local err = fails("IntegrityError", "unique")
    assert.equal("Firm", err.entity)
    assert.equal("title", err.attribute)
    assert.equal("firm", err.table)
    assert.equal("firm_title", err.column)
    assert.equal(new, err.object)
    says(err, "; Firm.title of the new Firm")
    assert.is_nil(err.orig:find("Firm", 1, true))
  end)

  it("name a persistent object by its key", function()
    local a, b = m.Firm { title = "a" }, m.Firm { title = "b" }
    session:add_all { a, b }
    session:commit()
    local id = b.id
    b.title = "a"
    local err = fails("IntegrityError", "unique")
    says(err, ("; Firm.title of Firm(id=%d)"):format(id))
    assert.equal(b, err.object)
    assert.equal("title", err.attribute)
  end)

  it("find the object among many, and tell its place among those of its class", function()
    local people = {}
    for i = 1, 50 do
      people[i] = m.Person { first = "p", last = i == 37 and "n5" or "n" .. i, age = 1 }
      session:add(people[i])
      if i % 10 == 0 then session:add(m.Firm { title = "f" .. i }) end
    end
    local err = fails("IntegrityError", "unique")
    assert.equal("Person", err.entity)
    assert.equal("last, age", err.attribute)
    assert.equal("last_name, age", err.column)
    assert.equal("one_of_an_age", err.constraint)
    says(err, "; Person.last, Person.age of new Person 37 of 50")
    assert.equal(people[37], err.object)
    for _, person in ipairs(people) do assert.is_true(corm.inspect(person).transient) end
  end)

  it("name what may not be NULL", function()
    local people = {}
    for i = 1, 40 do
      people[i] = m.Person { first = i ~= 12 and "p" or nil }
      session:add(people[i])
    end
    local err = fails("IntegrityError", "not_null")
    assert.equal("first", err.attribute)
    assert.equal(people[12], err.object)
    says(err, "; Person.first of new Person 12 of 40")
  end)

  it("name the constraint of a check, and the object", function()
    local people = {}
    for i = 1, 40 do
      people[i] = m.Person { first = "p" .. i, age = i == 21 and 200 or i }
      session:add(people[i])
    end
    local err = fails("IntegrityError", "check")
    assert.equal("not_too_old", err.constraint)
    assert.is_nil(err.attribute)
    says(err, "; new Person 21 of 40")
    assert.equal(people[21], err.object)
  end)

  it("name the foreign key whose parent is not there", function()
    local people = {}
    for i = 1, 40 do
      people[i] = m.Person { first = "p", firm_id = i == 3 and 4711 or nil }
      session:add(people[i])
    end
    local err = fails("IntegrityError", "foreign_key")
    assert.equal("Person", err.entity)
    assert.equal("firm_id", err.attribute)
    assert.equal("person_firm", err.constraint)
    assert.equal(people[3], err.object)
    says(err, "; Person.firm_id of new Person 3 of 40")
  end)

  it("name the parent that others still refer to", function()
    local firm = m.Firm { title = "a", people = { m.Person { first = "p" } } }
    session:add(firm)
    session:commit()
    local id = firm.id
    session:delete(firm)
    local err = fails("IntegrityError", "foreign_key")
    assert.equal("Firm", err.entity)
    assert.is_nil(err.attribute)
    assert.equal(firm, err.object)
    says(err, ("; Firm(id=%d)"):format(id))
    assert.equal("a", firm.title)
  end)

  it("name the key that is taken, and a unique index", function()
    session:add(m.Badge { id = 1, colour = "red" })
    session:commit()
    session:expunge_all()
    session:add(m.Badge { id = 1, colour = "blue" })
    local err = fails("IntegrityError", "primary_key")
    assert.equal("id", err.attribute)
    says(err, "; Badge.id of the new Badge")
    session:add(m.Badge { id = 2, colour = "red" })
    err = fails("IntegrityError", "unique")
    assert.equal("colour", err.attribute)
    assert.equal("one_of_a_colour", err.constraint)
  end)

  it("name the class of a row in a table below, and attributes there", function()
    local a, b = m.Boss { first = "a", level = 1 }, m.Boss { first = "b", level = 1 }
    session:add_all { a, b }
    local err = fails("IntegrityError", "unique")
    assert.equal("Boss", err.entity)
    assert.equal("boss", err.table)
    assert.equal("level", err.attribute)
    says(err, "; Boss.level of new Boss 2 of 2")
    assert.equal(b, err.object)
  end)

  it("name the relationship of an association row", function()
    local person, badge = m.Person { first = "p" }, m.Badge { id = 1 }
    session:add_all { person, badge }
    session:commit()
    local id = person.id
    assert.equal(0, #person.badges)
    session.expire_on_commit = false
    session:commit()
    w:sql(("INSERT INTO links (person_id, badge_id) VALUES (%d, 1);"):format(id))
    person.badges:append(badge)
    local err = fails("IntegrityError", "primary_key")
    assert.equal("Person", err.entity)
    assert.equal("badges", err.attribute)
    assert.equal(person, err.object)
    says(err, ("; Person.badges of Person(id=%d)"):format(id))
  end)

  it("name the attribute of a value that the database does not take", function()
    if database.lacks "strict_types" then return end
    local people = {}
    for i = 1, 40 do
      people[i] = m.Person { first = "p", age = i == 30 and 3000000000 or i }
      session:add(people[i])
    end
    local err = fails("DataError")
    assert.equal("Person", err.entity)
    assert.equal("age", err.attribute)
    says(err, "Person.age of new Person 30 of 40")
    assert.equal(people[30], err.object)
  end)

  it("say in the error that asks for a rollback what the first one was about", function()
    session:add_all { m.Firm { title = "a" }, m.Firm { title = "a" } }
    assert.is_false(pcall(session.flush, session))
    session:add(m.Firm { title = "x" })
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.equal("PendingRollbackError", err.class)
    says(err, "Firm.title of new Firm 2 of 2")
    assert.equal("title", err.cause.attribute)
    assert.equal("Firm", err.cause.entity)
  end)

  describe("name the line of", function()
    local function blamed(line, err)
      assert.equal("IntegrityError", err.class, tostring(err))
      assert.equal(line, err.line)
      assert.is_truthy(err.source:find("orm_blame_spec.lua", 1, true))
      assert.equal("title", err.attribute)
      session:rollback()
    end

    local function pending()
      session:add_all { m.Firm { title = "a" }, m.Firm { title = "a" } }
    end

    it("commit, a block and a nested one", function()
      pending()
      local _, line = here()
      local _, err = pcall(function() session:commit() end)
      blamed(line, err)
      _, line = here()
      _, err = pcall(function() session:begin(pending) end)
      blamed(line, err)
      session:begin()
      _, line = here()
      _, err = pcall(function() session:begin_nested(pending) end)
      blamed(line, err)
    end)

    it("the query whose autoflush it was", function()
      pending()
      local _, line = here()
      local _, err = pcall(function() session:query(m.Person):all() end)
      assert.is_truthy(err.message:find("raised as a result of autoflush", 1, true))
      blamed(line, err)
      pending()
      _, line = here()
      _, err = pcall(function() session:scalars(corm.select(m.Person)):all() end)
      blamed(line, err)
    end)

    it("an attribute that is loaded, a get, a refresh and a merge", function()
      local firm = m.Firm { title = "z" }
      session:add(firm)
      session:commit()
      local id = firm.id
      pending()
      local _, line = here()
      local _, err = pcall(function() return #firm.people end)
      blamed(line, err)
      pending()
      _, line = here()
      _, err = pcall(function() session:get(m.Person, 4711) end)
      blamed(line, err)
      pending()
      _, line = here()
      _, err = pcall(function() session:merge(m.Firm { id = id, title = "y" }) end)
      blamed(line, err)
    end)
  end)
end)
