-- M23: names of attributes that are not the column's: another name, synonyms; and what every name means in SQL.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String

local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.Person = Base:model("Person", {
    __tablename__ = "person",
    login = corm.synonym("name"),
    account = corm.synonym("login"),
    kids = corm.synonym("children"),
    id = Column("person_id", Integer, { primary_key = true }),
    name = Column("person_name", String(20), { unique = true }),
    children = corm.relationship("Child", { back_populates = "person", order_by = "Child.id" }),
    shout = corm.hybrid_property(function(self) return self.name .. "!" end),
    cry = corm.synonym("shout"),
  })
  m.Child = Base:model("Child", {
    __tablename__ = "child",
    id = Column(Integer, { primary_key = true }),
    person_id = Column(Integer, ForeignKey("person.person_id")),
    person = corm.relationship("Person", { back_populates = "children" }),
    parent = corm.synonym("person"),
  })
  return m
end

describe("M23 names of attributes", function()
  local w, m, session

  before_each(function()
    m = models()
    w = world.open(m)
    session = w:session()
    session:add(m.Person { id = 1, login = "ann" })
    session:add(m.Person { id = 2, name = "bob", kids = { m.Child { id = 7 } } })
    session:commit()
  end)
  after_each(function() w:close() end)

  it("differ from the column's everywhere", function()
    assert.equal("1|ann,2|bob", w:list "SELECT person_id, person_name FROM person ORDER BY 1")
    assert.equal("bob", session:get(m.Person, 2).name)
    assert.equal("person.person_name", tostring(m.Person.name))
    assert.equal("ann", session:query(m.Person):filter_by { id = 1 }:one().name)
  end)

  it("may be synonyms of columns, of synonyms, of relationships and of hybrids", function()
    local bob = session:query(m.Person):filter_by { account = "bob" }:one()
    assert.equal("bob", bob.account)
    assert.equal("bob!", bob.cry)
    assert.equal(1, #bob.kids)
    assert.is_true(rawequal(bob, bob.kids[1].parent))
    bob.account = "bert"
    session:commit()
    assert.equal("1|ann,2|bert", w:list "SELECT person_id, person_name FROM person ORDER BY 1")
  end)

  it("may be synonyms in queries of the class and of its aliases", function()
    assert.equal("person.person_name", tostring(m.Person.account))
    local bob = session:query(m.Person):filter_by { cry = "bob!" }:one()
    assert.equal(7, session:query(m.Child):filter_by { parent = bob }:one().id)
    assert.equal(2, session:query(m.Person):join(m.Person.kids):one().id)
    local p = corm.aliased(m.Person, { name = "p" })
    assert.equal(2, session:query(p):filter_by { cry = "bob!" }:one().id)
    assert.equal("p.person_name", tostring(p.account))
  end)

  it("are those of the class in insert, update and upserts", function()
    session:execute(corm.insert(m.Person):values { id = 3, account = "cat" })
    session:execute(corm.update(m.Person):where(m.Person.id:eq(1)):values { login = "amy" })
    session:execute(corm.update(m.Person):where(m.Person.id:eq(2)):ordered_values({ "name", "ben" }))
    session:execute(corm.insert(m.Person):values { id = 3, name = "x" }
      :on_conflict_do_update { index_elements = { "id" }, set_ = { account = "cleo" } })
    session:commit()
    assert.equal("1|amy,2|ben,3|cleo", w:list "SELECT person_id, person_name FROM person ORDER BY 1")
  end)

  it("are refused where they mean nothing", function()
    raises("ArgumentError", "Person.children cannot be set by SQL", function()
      return corm.update(m.Person):values { kids = 1 }
    end)
    raises("CompileError", "unconsumed column names: nmae", function()
      return corm.update(m.Person):values { nmae = 1 }
    end)
    raises("ArgumentError", "unknown attribute 'nam' of V; did you mean 'name'?", function()
      m.Base:model("V", {
        __tablename__ = "v", id = Column(Integer, { primary_key = true }), name = Column(String(5)),
        other = corm.synonym("nam"),
      })
    end)
    raises("ArgumentError", "has an attribute 'login' already", function() m.Person.login = corm.synonym("id") end)
    raises("ArgumentError", "Person.shout cannot be set: its hybrid has no fset", function()
      session:get(m.Person, 1).cry = "x"
    end)
    raises("ArgumentError", "unknown attribute 'acount' of Person; did you mean 'account'?", function()
      return m.Person { acount = "x" }
    end)
  end)

  it("that were refused with their model can be said again", function()
    local body = { __tablename__ = "v", id = Column(Integer, { primary_key = true }), p = corm.relationship("Nobody"),
      corm.validates("what", function(_, _, value) return value end) }
    raises("ArgumentError", "unknown attribute 'what' of V", function() m.Base:model("V", body) end)
    corm.configure_mappers() -- the relationship to Nobody is gone with the class
    local V = m.Base:model("V", { __tablename__ = "v", id = Column(Integer, { primary_key = true }) })
    assert.equal(4, V { id = 4 }.id)
  end)
end)
