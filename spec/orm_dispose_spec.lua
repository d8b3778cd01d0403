-- registry:dispose() and clear_mappers(): classes that are mapped no more, and who still holds what was of them.
local corm = require "corm"
local raises = require "spec.support.raises"
local run = require "spec.support.script"
local world = require "spec.support.world"
local Column, Integer, String = corm.Column, corm.Integer, corm.String
local select = corm.select

describe("registry:dispose", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add(m.User { id = 1, name = "u1", addresses = { m.Address { id = 1, email = "e1" } } })
    session:add(m.User { id = 2, name = "u2" })
    session:commit()
  end)
  after_each(function() w:close() end)

  local GONE = "User is not mapped any more: its registry was disposed"

  it("knows of relationships that could not be configured", function()
    local other = corm.declarative_base()
    local Holder = other:model("Holder", { __tablename__ = "holder", id = Column(Integer, { primary_key = true }),
      user = corm.relationship(m.User) })
    raises("NoForeignKeysError", "Holder.user", other.registry.configure, other.registry)
    raises("InvalidRequestError", "relationships of other registries", m.Base.registry.dispose, m.Base.registry)
    m.Base.registry:dispose { cascade = true }
    for _ = 1, 4 do collectgarbage() end
    assert.is_nil(other.registry:configure())
    raises("UnmappedError", "Holder is not mapped any more", Holder, {})
  end)

  it("leaves the class with its functions alone", function()
    function m.User.hello() return "hello" end
    assert.is_true(#m.Base.registry.mappers > 3)
    assert.is_nil(m.Base.registry:dispose())
    assert.same({}, m.Base.registry.mappers)
    assert.equal("hello", m.User.hello())
    assert.equal("<class User>", tostring(m.User))
    raises("UnmappedError", GONE, function() return m.User.name end)
    raises("UnmappedError", GONE, function() m.User.other = Column(Integer) end)
    raises("UnmappedError", GONE, m.User, { name = "x" })
    raises("ArgumentError", "select", select, m.User)
    raises("UnmappedError", "get: a mapped class expected", session.get, session, m.User, 1)
    raises("UnmappedError", "", corm.class_mapper, m.User)
    for _, call in ipairs { corm.aliased, corm.relationship, corm.inspect, corm.with_loader_criteria } do
      raises("UnmappedError", GONE, call, m.User)
    end
    m.Base.registry:dispose()
  end)

  it("objects say so, whoever holds them", function()
    local user, new = session:get(m.User, 1), m.User { id = 9, name = "n" }
    local list, address = user.addresses, user.addresses[1]
    local state = corm.inspect(user)
    session:expire(address)
    m.Base.registry:dispose { cascade = true }
    raises("UnmappedError", GONE, function() return user.name end)
    raises("UnmappedError", GONE, function() return user.addresses end)
    raises("UnmappedError", GONE, function() user.name = "other" end)
    raises("UnmappedError", GONE, function() user.addresses = {} end)
    raises("UnmappedError", "Address is not mapped any more", function() return address.email end)
    raises("UnmappedError", GONE, function() return #list end)
    raises("UnmappedError", GONE, list.append, list, address)
    raises("UnmappedError", GONE, function() return state.dict end)
    for _, call in ipairs { "add", "delete", "refresh", "expire", "merge", "expunge", "is_modified" } do
      raises("UnmappedError", GONE, session[call], session, user)
    end
    raises("UnmappedError", "", corm.make_transient, user)
    raises("UnmappedError", GONE, corm.inspect, user)
    assert.is_string(tostring(user))
    raises("UnmappedError", "", session.add, session, new)
    session:commit()
    session:rollback()
    session:close()
    assert.equal("2", w:rows('SELECT count(*) FROM "user"'))
  end)

  it("statements that were made before are refused when they are executed", function()
    local U = corm.aliased(m.User)
    local statements = {
      select(m.User), select(U), select(m.Address.id, m.User),
      select(m.User):options(corm.joinedload(m.User.addresses)),
      select(m.User):from_statement(corm.text "SELECT 1 AS id"),
      corm.update(m.User):where(m.User.id:eq(1)):values { name = "x" }, corm.delete(m.User):where(m.User.id:eq(1)),
      corm.insert(m.User):values { id = 5, name = "x" },
      corm.insert(m.User):values { id = 6, name = "x" }:returning(m.User),
    }
    local query = session:query(m.User):where(m.User.id:eq(1))
    local as_table = m.User.__table__
    m.Base.registry:dispose()
    for i, statement in ipairs(statements) do
      assert.equal(0, w:count(function()
        raises("UnmappedError", GONE, function() session:execute(statement) end)
      end), i)
    end
    raises("UnmappedError", GONE, query.all, query)
    raises("UnmappedError", GONE, query.delete, query)
    assert.equal(2, session:scalar(select(corm.func.count()):select_from(as_table)))
    assert.equal("u1", session:execute(select(as_table.c.name):where(as_table.c.id:eq(1))):scalar())
    assert.equal("<alias of class User>", tostring(U))
    raises("UnmappedError", GONE, function() return U.age end)
  end)

  it("a flush of such objects is refused, and a rollback or close lets them go", function()
    local function with(prepare, after)
      local other = w:session()
      prepare(other)
      return function() after(other) end
    end
    local calls = {
      with(function(s) s:add(m.User { id = 20, name = "x" }) end, function(s)
        raises("UnmappedError", GONE, s.flush, s)
        s:rollback()
        s:close()
      end),
      with(function(s) s:get(m.User, 1).name = "changed" end, function(s)
        raises("UnmappedError", GONE, s.commit, s)
        s:rollback()
        s:commit()
      end),
      with(function(s) s:delete(s:get(m.User, 1)) end, function(s)
        raises("UnmappedError", GONE, s.flush, s)
        s:close()
      end),
      with(function(s)
        s:add(m.User { id = 21, name = "x" })
        s:flush()
        s:begin_nested()
        s:get(m.User, 2).name = "y"
        s:flush()
      end, function(s)
        s:rollback()
        s:rollback()
        s:expunge_all()
      end),
      with(function(s) s:get(m.User, 1).addresses[1].email = "left" end, function() end),
    }
    m.Base.registry:dispose()
    collectgarbage()
    for _, call in ipairs(calls) do
      call()
      collectgarbage()
    end
    session:close()
    assert.equal("1|u1\n2|u2", w:rows('SELECT id, name FROM "user" ORDER BY id'))
  end)

  it("the registry takes classes of the same names and tables again", function()
    local Base, old = m.Base, session:get(m.User, 1)
    local as_table, addresses = m.User.__table__, m.Address.__table__
    Base.registry:dispose()
    local User = Base:model("User", { __table__ = as_table, addresses = corm.relationship("Address") })
    Base:model("Address", { __table__ = addresses })
    local user = session:get(User, 1)
    assert.equal("u1", user.name)
    assert.equal("e1", user.addresses[1].email)
    assert.is_false(rawequal(user, old))
    user.name = "new"
    session:commit()
    raises("UnmappedError", GONE, function() return old.name end)
    old, m = nil, nil
    collectgarbage()
    collectgarbage()
    assert.equal("new", user.name)
    assert.equal(2, #Base.registry.mappers)
  end)

  it("what cannot be configured is not found any more", function()
    local Base = corm.declarative_base()
    Base:model("Lost", { __tablename__ = "lost", id = Column(Integer, { primary_key = true }),
      other = corm.relationship("Nowhere") })
    raises("InvalidRequestError", "there is no class named 'Nowhere'", Base.registry.configure, Base.registry)
    Base.registry:dispose()
    Base.registry:configure()
    corm.configure_mappers()
    assert.is_not_nil(Base.metadata.tables.lost)
  end)

  -- Two registries, one of which leads to the other, and a third that leads to that.
  local function chain()
    local bases = {}
    for i = 1, 3 do
      local Base, above = corm.declarative_base(), bases[i - 1]
      bases[i] = Base
      bases["C" .. i] = Base:model("C" .. i, {
        __tablename__ = "c" .. i,
        id = Column(Integer, { primary_key = true }),
        name = Column(String(10)),
        up_id = above and Column(Integer, corm.ForeignKey(bases["C" .. i - 1].__table__.c.id)) or nil,
        up = above and corm.relationship(bases["C" .. i - 1]) or nil,
      })
      Base.registry:configure()
    end
    return bases
  end

  it("is refused while others lead to it; cascade disposes of these, and of no others", function()
    local bases = chain()
    raises("InvalidRequestError", "relationships of other registries lead to classes of this one",
      bases[1].registry.dispose, bases[1].registry)
    raises("InvalidRequestError", "cascade = true", bases[2].registry.dispose, bases[2].registry, { cascade = false })
    assert.equal(1, #bases[1].registry.mappers)
    bases[3].registry:dispose()
    assert.equal(1, #bases[2].registry.mappers)
    bases[2].registry:dispose()
    assert.equal("x", bases.C1 { name = "x" }.name)

    bases = chain()
    bases[2].registry:dispose { cascade = true }
    raises("UnmappedError", "C3 is not mapped any more", bases.C3, {})
    raises("UnmappedError", "C2 is not mapped any more", bases.C2, {})
    assert.equal("x", bases.C1 { name = "x" }.name)
    assert.equal("u1", session:get(m.User, 1).name)
  end)

  it("classes that others have led to go on without these", function()
    local bases = chain()
    local engine = corm.create_engine "sqlite://"
    for i = 1, 3 do bases[i].metadata:create_all(engine) end
    local own = corm.Session(engine)
    do
      local two = bases.C2 { id = 1, up = bases.C1 { id = 1, name = "one" } }
      own:add(two)
      own:commit()
      own:delete(two)
      own:commit()
    end
    bases[2].registry:dispose { cascade = true }
    bases.C2, bases.C3, bases[2], bases[3] = nil, nil, nil, nil
    collectgarbage()
    collectgarbage()
    own:delete(own:get(bases.C1, 1))
    own:add(bases.C1 { id = 2, name = "two" })
    own:commit()
    bases[1]:model("D", { __tablename__ = "d", id = Column(Integer, { primary_key = true }) })
    corm.configure_mappers()
    assert.equal("two", own:scalars(select(bases.C1)):one().name)
    own:close()
    engine:dispose()
  end)

  it("takes no other options, and is refused while classes are configured", function()
    raises("ArgumentError", "unknown option 'cascades' of dispose", m.Base.registry.dispose, m.Base.registry,
      { cascades = true })
    raises("ArgumentError", "cascade", m.Base.registry.dispose, m.Base.registry, { cascade = 1 })
    local Base = corm.declarative_base()
    Base:model("A", { __tablename__ = "a", id = Column(Integer, { primary_key = true }),
      b = corm.relationship(function()
        Base.registry:dispose()
        return "A"
      end) })
    raises("InvalidRequestError", "are being configured", Base.registry.configure, Base.registry)
    assert.equal(1, #Base.registry.mappers)
  end)

  it("classes with rows in several tables, polymorphic loads and options go as well", function()
    local Base = corm.declarative_base()
    local engine = corm.create_engine "sqlite://"
    local own = corm.Session(engine)
    do
      local Animal = Base:model("Animal", { __tablename__ = "animal", id = Column(Integer, { primary_key = true }),
        kind = Column(String(10)), __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "animal" } })
      local Cat = Animal:model("Cat", { __tablename__ = "cat",
        id = Column(Integer, corm.ForeignKey "animal.id", { primary_key = true }), lives = Column(Integer),
        __mapper_args__ = { polymorphic_identity = "cat" } })
      Base.metadata:create_all(engine)
      own:add(Cat { id = 1, lives = 9 })
      own:commit()
      local animal, all = own:get(Animal, 1), corm.with_polymorphic(Animal, "*")
      local statement, criteria = select(all), corm.with_loader_criteria(Animal, Animal.id:gt(0))
      Base.registry:dispose()
      raises("UnmappedError", "Cat is not mapped any more", function() return animal.lives end)
      raises("UnmappedError", "Animal is not mapped any more", own.scalars, own, statement)
      assert.equal("u2", session:scalars(select(m.User):where(m.User.id:eq(2)):options(criteria)):one().name)
    end
    collectgarbage()
    own:close()
    engine:dispose()
    collectgarbage()
  end)
end)

describe("clear_mappers", function()
  it("disposes of all registries", function()
    local code = [[
      local corm = require "corm"
      local bases = {}
      for i = 1, 2 do
        local Base = corm.declarative_base()
        bases[i] = Base:model("A", { __tablename__ = "a", id = corm.Column(corm.Integer, { primary_key = true }) })
        Base:model("B", { __tablename__ = "b", id = corm.Column(corm.Integer, { primary_key = true }),
          broken = corm.relationship("Nowhere") })
      end
      assert(not pcall(corm.configure_mappers))
      corm.clear_mappers()
      corm.configure_mappers()
      for i = 1, 2 do
        local ok, err = pcall(bases[i], {})
        assert(not ok and err.class == "UnmappedError", tostring(err))
      end
      print "done"
    ]]
    assert.equal("done\n", (run(code)))
  end)
end)
