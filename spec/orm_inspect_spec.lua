-- What inspect() says of objects and classes; nothing of it sends a statement.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local inspect, relationship = corm.inspect, corm.relationship

local function key()
  return Column(Integer, { primary_key = true })
end

local function names(list)
  local plain = {}
  for i, name in ipairs(list) do plain[i] = name end
  return plain
end

describe("I01 inspect(instance)", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  it("knows the state, one of five at a time", function()
    local user = m.User { name = "a" }
    local state = inspect(user)
    local function now()
      local found = {}
      for _, name in ipairs { "transient", "pending", "persistent", "deleted", "detached" } do
        if state[name] then found[#found + 1] = name end
      end
      return table.concat(found, " ")
    end
    assert.equal("transient", now())
    session:add(user)
    assert.equal("pending", now())
    session:flush()
    assert.equal("persistent", now())
    session:delete(user)
    session:flush()
    assert.equal("deleted", now())
    session:commit()
    assert.equal("detached", now())
    assert.is_true(state.was_deleted)
    assert.is_true(state.is_instance)
  end)

  it("has the identity, and the key by which sessions find it", function()
    local item = m.Item { order_no = 4, line = 2 }
    local state = inspect(item)
    assert.is_nil(state.identity)
    assert.is_nil(state.key)
    assert.is_false(state.has_identity)
    session:add(item)
    session:flush()
    assert.same({ 4, 2 }, state.identity)
    assert.is_true(rawequal(m.Item, state.identity_key[1]))
    assert.same({ 4, 2 }, state.key[2])
    assert.is_true(rawequal(session, state.session))
    assert.is_true(rawequal(item, state.object))
    assert.is_true(rawequal(m.Item, state.class_))
    assert.is_true(rawequal(inspect(m.Item), state.mapper))
  end)

  it("says what is in memory, what is not, what changed, and what was there before", function()
    local user = m.User { name = "a", age = 1 }
    session:add(user)
    session:commit()
    local state = inspect(user)
    assert.is_true(state.expired)
    assert.same({ "id", "name", "age" }, state.expired_attributes)
    assert.same({ "id", "name", "age", "addresses" }, state.unloaded)
    assert.same({}, state.dict)
    local _ = user.name
    assert.same({ "addresses" }, state.unloaded)
    assert.is_false(state.expired)
    assert.same({ id = 1, name = "a", age = 1 }, state.dict)
    assert.same({}, state.committed_state)
    assert.same({ "id", "name", "age", "addresses" }, state.unmodified)
    w:statements()
    user.name = "b"
    user.age = nil
    assert.same({ id = 1, name = "b", age = corm.null }, state.dict)
    assert.same({ name = "a", age = 1 }, state.committed_state)
    assert.same({ "id", "addresses" }, state.unmodified)
    assert.is_true(state.modified)
    session:expire(user, { "name" })
    user.name = "c"
    assert.equal(corm.NO_VALUE, state.committed_state.name)
    assert.equal(0, #w:statements())
  end)

  it("has old values of relationships among them", function()
    local city, other = m.City { name = "c" }, m.City { name = "d" }
    local one, two = m.Address { email = "1", city = city }, m.Address { email = "2" }
    local user = m.User { name = "a", addresses = { one } }
    session:add_all { user, two, other }
    session:flush()
    user.addresses:append(two)
    one.city = other
    assert.same({ "1" }, { inspect(user).committed_state.addresses[1].email })
    assert.equal(1, #inspect(user).committed_state.addresses)
    assert.is_true(rawequal(city, inspect(one).committed_state.city))
    two.city = city
    assert.equal(corm.null, inspect(two).committed_state.city)
  end)

  it("leads to each attribute: value, loaded_value, history", function()
    local user = m.User { name = "a" }
    session:add(user)
    session:commit()
    w:statements()
    local attrs = inspect(user).attrs
    local found = {}
    for name, attribute in pairs(attrs) do
      assert.equal(name, attribute.key)
      found[#found + 1] = name
    end
    assert.same({ "id", "name", "age", "addresses" }, found)
    assert.equal(corm.NO_VALUE, attrs.name.loaded_value)
    assert.same({ added = {}, unchanged = {}, deleted = {}, has_changes = false }, attrs.name.history)
    assert.equal(0, #w:statements())
    assert.same({ "a" }, attrs.name.load_history().unchanged)
    assert.equal("a", attrs.name.loaded_value)
    assert.equal(1, #w:statements())
    user.name = "b"
    local history = attrs.name.history
    assert.same({ added = { "b" }, unchanged = {}, deleted = { "a" }, has_changes = true }, history)
    assert.equal("b", attrs.name.value)
    assert.is_true(attrs.name.state.persistent)
    raises("ArgumentError", "no mapped attribute 'nam'", function() return attrs.nam end)
    raises("ArgumentError", "assign to the object", function() attrs.name = 1 end)
    raises("ArgumentError", "did you mean 'unloaded'?", function() return inspect(user).unloadd end)
    raises("ArgumentError", "cannot be changed", function() inspect(user).modified = true end)
    raises("ArgumentError", "nothing to inspect in a table", inspect, {})
  end)
end)

describe("I02 inspect(class)", function()
  local Base, User, Address, Tag, link

  before_each(function()
    Base = corm.declarative_base()
    link = corm.Table("address_tag", Base.metadata, Column("address_id", Integer, ForeignKey "address.id"),
      Column("tag_id", Integer, ForeignKey "tag.id"))
    User = Base:model("User", {
      __tablename__ = "user", id = key(), name = Column("user_name", String(20)),
      x = Column(Integer), y = Column(Integer), notes = corm.deferred(Column(String(20)), { group = "long" }),
      addresses = relationship("Address", { back_populates = "user", cascade = "all, delete-orphan",
        info = { label = "where" }, doc = "homes" }),
      title = corm.synonym "name",
      place = corm.composite(function(x, y) return { x, y } end, "x", "y", { values = table.unpack }),
      loud = corm.hybrid_property(function(self) return self.name end),
      louder = corm.hybrid_method(function(self, n) return self.x > n end),
      emails = corm.association_proxy("addresses", "email"),
    })
    Address = Base:model("Address", {
      __tablename__ = "address", id = key(), email = Column(String(20)),
      user_id = Column(Integer, ForeignKey "user.id"),
      user = relationship("User", { back_populates = "addresses", lazy = "joined" }),
      tags = relationship("Tag", { secondary = link }),
    })
    Tag = Base:model("Tag", { __tablename__ = "tag", id = key() })
  end)

  it("is one Mapper a class, which is the class's __mapper__, too", function()
    local mapper = inspect(User)
    assert.is_true(rawequal(mapper, inspect(User)))
    assert.is_true(rawequal(mapper, User.__mapper__))
    assert.is_true(mapper.is_mapper)
    assert.is_true(rawequal(User, mapper.class_))
    assert.is_true(rawequal(User, mapper.entity))
    assert.is_true(rawequal(User.__table__, mapper.local_table))
    assert.is_true(rawequal(Base.registry, mapper.registry))
    assert.same({}, { mapper.inherits, mapper.polymorphic_on, mapper.version_id_col })
    raises("ArgumentError", "did you mean 'columns'?", function() return mapper.colums end)
  end)

  it("lists columns by the names of attributes, and has the Columns", function()
    local mapper = inspect(User)
    assert.same({ "id", "name", "x", "y", "notes" }, names(mapper.columns))
    assert.equal("user_name", mapper.columns.name.name)
    assert.is_true(rawequal(User.__table__.c.user_name, mapper.c.name))
    assert.same({ "id" }, names(mapper.primary_key))
    assert.is_true(rawequal(User.__table__.c.id, mapper.primary_key.id))
    local notes = mapper.column_attrs.notes
    assert.same({ true, "long", false, false },
      { notes.deferred, notes.group, notes.raiseload, notes.active_history })
    assert.is_true(rawequal(User.__table__.c.notes, notes.columns[1]))
    assert.is_true(rawequal(mapper, notes.parent))
    assert.equal('"user".notes', tostring(notes.expression))
    assert.equal("name", mapper:get_property_by_column(User.__table__.c.user_name).key)
    raises("ArgumentError", "has no such column", mapper.get_property_by_column, mapper, Address.__table__.c.id)
    raises("ArgumentError", "'nam'", function() return mapper.columns.nam end)
  end)

  it("says of relationships where they lead and by which columns", function()
    local addresses, user = inspect(User).relationships.addresses, inspect(Address).relationships.user
    assert.same({ "ONETOMANY", true, "user" }, { addresses.direction, addresses.uselist, addresses.back_populates })
    assert.same({ "MANYTOONE", false, "addresses", "joined" },
      { user.direction, user.uselist, user.back_populates, user.lazy })
    assert.equal("batch", addresses.lazy)
    assert.is_true(rawequal(Address, addresses.target))
    assert.is_true(rawequal(User, addresses.parent))
    assert.is_true(rawequal(inspect(Address), addresses.mapper))
    local u, a = User.__table__.c, Address.__table__.c
    assert.is_true(rawequal(u.id, addresses.local_remote_pairs[1][1]))
    assert.is_true(rawequal(a.user_id, addresses.local_remote_pairs[1][2]))
    assert.is_true(rawequal(a.user_id, user.local_columns[1]))
    assert.is_true(rawequal(u.id, user.remote_side[1]))
    assert.same({ "delete", "delete-orphan", "expunge", "merge", "refresh-expire", "save-update" }, addresses.cascade)
    assert.same({ "merge", "save-update" }, user.cascade)
    assert.same({ "where", "homes" }, { addresses.info.label, addresses.doc })
    assert.same({ false, false, false, false },
      { user.viewonly, user.post_update, user.passive_deletes, user.single_parent })
    assert.is_nil(user.secondary)
    assert.is_nil(user.doc)
  end)

  it("has both pairs of a many-to-many", function()
    local tags = inspect(Address).relationships.tags
    assert.equal("MANYTOMANY", tags.direction)
    assert.is_true(rawequal(link, tags.secondary))
    local pairs_of = {}
    for i, pair in ipairs(tags.local_remote_pairs) do
      pairs_of[i] = tostring(pair[1].table.name) .. "." .. pair[1].name .. " " .. pair[2].name
    end
    assert.same({ "address.id address_id", "tag.id tag_id" }, pairs_of)
    assert.equal(1, #tags.local_columns)
    assert.is_true(rawequal(Address.__table__.c.id, tags.local_columns[1]))
    assert.equal(2, #tags.remote_side)
    assert.is_true(rawequal(Tag, tags.target))
  end)

  it("lists all that stands behind the class's names, by kind", function()
    local mapper = inspect(User)
    assert.equal(11, #mapper.all_orm_descriptors)
    local kinds = {}
    for _, name in ipairs(mapper.all_orm_descriptors) do
      kinds[name] = mapper.all_orm_descriptors[name].extension_type
    end
    assert.same({
      id = "NOT_EXTENSION", name = "NOT_EXTENSION", x = "NOT_EXTENSION", y = "NOT_EXTENSION", notes = "NOT_EXTENSION",
      addresses = "NOT_EXTENSION", title = "NOT_EXTENSION", place = "NOT_EXTENSION", loud = "HYBRID_PROPERTY",
      louder = "HYBRID_METHOD", emails = "ASSOCIATION_PROXY",
    }, kinds)
    assert.same({ "title" }, names(mapper.synonyms))
    assert.equal("name", mapper.synonyms.title.name)
    assert.same({ "place" }, names(mapper.composites))
    assert.same({ "x", "y" }, mapper.composites.place.names)
    assert.is_true(rawequal(User.__table__.c.x, mapper.composites.place.columns[1]))
    assert.equal("function", type(mapper.composites.place.composite_class))
    assert.same({ "id", "name", "x", "y", "notes", "addresses", "title", "place" }, names(mapper.attrs))
    assert.same({ "addresses" }, names(mapper.relationships))
    assert.is_true(mapper:has_property "place")
    assert.is_false(mapper:has_property "loud")
    assert.equal("ONETOMANY", mapper:get_property("addresses").direction)
    local err = raises("ArgumentError", "unknown property 'adresses' of User", mapper.get_property, mapper, "adresses")
    assert.equal("did you mean 'addresses'?", err.hint)
  end)

  it("knows the family of an inheriting class", function()
    local Employee = Base:model("Employee", {
      __tablename__ = "employee", id = key(), kind = Column(String(10)), version = Column(Integer),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "employee", version_id_col = "version" },
    })
    local Engineer = Employee:model("Engineer", {
      __tablename__ = "engineer", id = Column(Integer, ForeignKey "employee.id", { primary_key = true }),
      language = Column(String(10)), __mapper_args__ = { polymorphic_identity = "engineer" },
    })
    local Manager = Employee:model("Manager", { __mapper_args__ = { polymorphic_identity = "manager" } })
    local engineer, manager = inspect(Engineer), inspect(Manager)
    assert.is_true(rawequal(inspect(Employee), engineer.inherits))
    assert.is_true(rawequal(inspect(Employee), engineer.base_mapper))
    assert.same({ "kind", "engineer", "version" },
      { engineer.polymorphic_on, engineer.polymorphic_identity, engineer.version_id_col })
    assert.same({ false, true }, { engineer.single, manager.single })
    assert.is_true(rawequal(Engineer.__table__, engineer.tables[2]))
    assert.equal(1, #manager.tables)
    assert.equal(2, #engineer.column_attrs.id.columns)
    local map = inspect(Employee).polymorphic_map
    assert.is_true(rawequal(engineer, map.engineer))
    assert.is_true(rawequal(manager, map.manager))
    assert.is_true(rawequal(map.employee, engineer.polymorphic_map.employee))
    local family = {}
    for i, mapper in ipairs(inspect(Employee).self_and_descendants) do family[i] = mapper.class_.__name__ end
    assert.same({ "Employee", "Engineer", "Manager" }, family)
    assert.equal(2, #engineer.iterate_to_root)
    assert.is_true(engineer:isa(Employee))
    assert.is_true(engineer:isa(inspect(Engineer)))
    assert.is_false(engineer:isa(Manager))
    raises("ArgumentError", "a model or its Mapper expected, got integer", engineer.isa, engineer, 1)
    local one = Engineer { id = 3 }
    assert.same({ 3 }, inspect(Employee):primary_key_from_instance(one))
    assert.is_true(rawequal(Employee, engineer:identity_key_from_instance(one)[1]))
    raises("ArgumentError", "an object of Manager expected, got Engineer", manager.primary_key_from_instance, manager,
      one)
    local identity = manager:identity_key_from_primary_key { 7 }
    assert.is_true(rawequal(Employee, identity[1]))
    assert.same({ 7 }, identity[2])
    raises("ArgumentError", "a list of 1 values expected, got table", manager.identity_key_from_primary_key, manager,
      { 1, 2 })
    local known = {}
    for _, mapper in ipairs(Employee.registry.mappers) do known[mapper] = mapper.class_.__name__ end
    assert.same({ "Employee", "Engineer", "Manager" }, { known[inspect(Employee)], known[engineer], known[manager] })
    assert.is_true(rawequal(manager, corm.class_mapper(Manager)))
    assert.is_true(rawequal(engineer, corm.object_mapper(one)))
    raises("UnmappedError", "a mapped class expected, got integer", corm.class_mapper, 5)
    raises("UnmappedError", "an object of a mapped class expected, got table", corm.object_mapper, {})
  end)

  it("I02 what Class.key says of its mapping", function()
    local Person = corm.declarative_base():model("Person", {
      __tablename__ = "user",
      id = Column(Integer, { primary_key = true }),
      nick = Column("name", String(20)),
      boss_id = Column(Integer, ForeignKey "user.id"),
    })
    Person.boss = relationship("Person", { remote_side = Person.id, passive_updates = false, join_depth = 2 })
    local alias = corm.aliased(Person)
    for _, attribute in ipairs { Person.nick, alias.nick, Person.boss } do
      assert.is_true(rawequal(Person, attribute.class_))
      assert.is_true(rawequal(inspect(Person), attribute.parent))
    end
    assert.equal("nick", Person.nick.property.key)
    assert.equal("name", alias.nick.property.columns[1].name)
    assert.is_true(rawequal(Person, Person.boss.property.mapper.class_))
    assert.is_false(Person.boss.property.passive_updates)
    assert.equal(2, Person.boss.property.join_depth)
    raises("ArgumentError", "unknown member 'property' of SQL expression", function()
      return (Person.nick:label "x").property
    end)
  end)
end)
