-- Classes mapped to a join: each object has a row in each table.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String, Table = corm.Column, corm.ForeignKey, corm.Integer, corm.String, corm.Table
local select, column_property = corm.select, corm.column_property

describe("M02 mapping to a join", function()
  local registry, users, addresses, w, session, Contact

  before_each(function()
    registry = corm.registry {}
    users = Table("users", registry.metadata, Column("id", Integer, { primary_key = true }), Column("name", String(20)))
    addresses = Table("addresses", registry.metadata, Column("id", Integer, { primary_key = true }),
      Column("user_id", Integer, ForeignKey "users.id"), Column("email", String(20)),
      Column("kind", String(10), { default = "home" }))
    Contact = registry:map_imperatively("Contact", users:join(addresses), {
      properties = {
        id = column_property(users.c.id, addresses.c.user_id), address_id = addresses.c.id,
        shown = column_property(users.c.name .. " <" .. addresses.c.email .. ">"),
      },
    })
    w = world.open { Base = registry }
    session = w:session()
  end)
  after_each(function() w:close() end)

  local function add()
    session:add_all { Contact { name = "a", email = "a@x" }, Contact { name = "b", email = "b@x", kind = "work" } }
    session:commit()
    session:expunge_all()
  end

  it("writes a row into each table", function()
    local contact = Contact { name = "a", email = "a@x" }
    session:add(contact)
    local sent = w:statements(function() session:flush() end)
    assert.is_truthy(sent[#sent - 1]:find("INSERT INTO users", 1, true), sent[#sent - 1])
    assert.is_truthy(sent[#sent]:find("INSERT INTO addresses", 1, true), sent[#sent])
    assert.same({ 1, 1, "home" }, { contact.id, contact.address_id, contact.kind })
    assert.equal("a <a@x>", contact.shown)
    session:commit()
    assert.equal("1|a", w:list "SELECT id, name FROM users")
    assert.equal("1|1|a@x|home", w:list "SELECT id, user_id, email, kind FROM addresses")
  end)

  it("writes many, and keys that the script gives", function()
    local list = {}
    for i = 1, 50 do list[i] = Contact { id = 1000 - i, address_id = 500 + i, name = "n" .. i, email = "e" .. i } end
    session:add_all(list)
    session:commit()
    assert.equal("50|990|550", w:list "SELECT count(*), max(user_id - 9), max(id) FROM addresses")
    assert.equal("n7 <e7>", session:get(Contact, { 993, 507 }).shown)
    for i = 1, 50 do list[i] = Contact { name = "m" .. i, email = "f" .. i } end
    session:add_all(list)
    session:flush()
    for i = 1, 50 do
      assert.equal(list[i], session:get(Contact, { list[i].id, list[i].address_id }))
      session:expire(list[i])
      assert.equal(("m%d <f%d>"):format(i, i), list[i].shown)
    end
  end)

  it("updates the table that a change is about, and deletes from both", function()
    add()
    local contact = session:scalars(select(Contact):where(Contact.email:eq "a@x")):one()
    contact.email = "new@x"
    local sent = w:statements(function() session:flush() end)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("UPDATE addresses SET email", 1, true), sent[1])
    contact.name = "c"
    sent = w:statements(function() session:flush() end)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("UPDATE users SET name", 1, true), sent[1])
    contact.name, contact.kind = "d", "work"
    session:commit()
    assert.equal("d|new@x|work", w:list
      "SELECT name, email, kind FROM users JOIN addresses ON users.id = user_id WHERE email = 'new@x'")
    session:delete(contact)
    session:commit()
    assert.equal("1", w:list "SELECT count(*) FROM users")
    assert.equal("1", w:list "SELECT count(*) FROM addresses")
  end)

  it("reads from the join", function()
    add()
    local sent = w:statements(function()
      local contact = session:scalars(select(Contact):where(Contact.name:eq "b")):one()
      assert.same({ "b", "b@x", "work", "b <b@x>" }, { contact.name, contact.email, contact.kind, contact.shown })
    end)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("JOIN addresses", 1, true), sent[1])
    assert.equal("a", session:scalar(select(Contact.name):where(Contact.email:eq "a@x")))
    local other = corm.aliased(Contact)
    assert.equal("b", session:scalars(select(other):where(other.shown:eq "b <b@x>")):one().name)
    session:expunge_all()
    session:commit()
    w:sql "INSERT INTO users (id, name) VALUES (90, 'x')"
    w:sql "INSERT INTO addresses (id, user_id, email) VALUES (91, 90, 'y'), (92, 90, 'z')"
    local mails = select(Contact.email):where(Contact.id:eq(90)):order_by(Contact.email)
    assert.same({ "y", "z" }, session:scalars(mails):all())
    assert.equal("z", session:get(Contact, { 90, 92 }).email)
    assert.same({ "id", "address_id" }, corm.inspect(Contact).primary_key)
    local contact = session:get(Contact, { 90, 91 })
    session:expire(contact, { "name" })
    assert.equal("x", contact.name)
  end)

  it("has relationships, and goes with the classes of its tables", function()
    local tags = Table("tags", registry.metadata, Column("id", Integer, { primary_key = true }),
      Column("address_id", Integer, ForeignKey "addresses.id"), Column("word", String(9)))
    registry.metadata:create_all(w.engine)
    local Tag = registry:map_imperatively("Tag", tags)
    local User = registry:map_imperatively("User", users)
    Contact.tags = corm.relationship("Tag", { order_by = "Tag.id" })
    session:add(Contact { name = "a", email = "a@x", tags = { Tag { word = "p" }, Tag { word = "q" } } })
    session:commit()
    assert.equal("1,1", w:list "SELECT address_id FROM tags")
    local contact = session:scalars(select(Contact):options(corm.joinedload(Contact.tags))):unique():one()
    assert.equal("q", contact.tags[2].word)
    contact = session:scalars(select(Contact):where(Contact.tags:any(Tag.word:eq "q"))):one()
    assert.equal(contact.id, session:scalars(select(User)):one().id)
  end)

  it("rolls back as any object", function()
    add()
    local contact = session:scalars(select(Contact):where(Contact.name:eq "a")):one()
    contact.name, contact.email = "x", "y"
    session:flush()
    session:rollback()
    assert.equal("a <a@x>", contact.shown)
    local fresh = Contact { name = "f", email = "g" }
    session:add(fresh)
    session:flush()
    session:rollback()
    assert.is_true(corm.inspect(fresh).transient)
  end)

  it("is declared, and takes the key that it is told", function()
    local Base = corm.declarative_base { registry = registry }
    local One = Base:model("One", {
      __table__ = users:join(addresses, users.c.id:eq(addresses.c.user_id)), -- the two are one attribute, therefore
      address_id = addresses.c.id,
      __mapper_args__ = { primary_key = { users.c.id } },
      shout = function(self) return self.name:upper() end,
    })
    add()
    local one = session:get(One, 1)
    assert.equal("A", one:shout())
    assert.equal(1, one.user_id)
    one.email = "n"
    session:commit()
    assert.equal("n", w:list "SELECT email FROM addresses WHERE user_id = 1")
  end)

  it("is refused where it makes no sense", function()
    local function map(from, options) return registry:map_imperatively("X", from, options) end
    raises("ArgumentError", "X: columns users.id and addresses.id are both named 'id': give one of them another name",
      map, users:join(addresses))
    raises("ArgumentError", "class X: a join of tables by inner joins expected; another one is mapped as a select of "
      .. "it: select(...):subquery()", map, users:outerjoin(addresses))
    raises("ArgumentError", "X: column_prefix is for one table; name the columns of a join by properties", map,
      users:join(addresses), { column_prefix = "_" })
    raises("ArgumentError", "class X: the primary key says nothing of table 'addresses'", map,
      users:join(addresses, users.c.name:eq(addresses.c.email)), {
        primary_key = { users.c.id }, properties = { address_id = addresses.c.id },
      })
    raises("ArgumentError", "X.both: several columns are one attribute only of a class over a join", map, users,
      { properties = { both = column_property(users.c.id, users.c.name) } })
    local other = Table("other", registry.metadata, Column("id", Integer, { primary_key = true }))
    raises("ArgumentError", "X.id: a column of the joined tables expected, got other.id", map, users:join(addresses),
      { properties = { id = other.c.id } })
    raises("InvalidRequestError", "Contact.more: no column can be added to a class that is not mapped to a Table",
      function() Contact.more = Column(Integer) end)
    raises("ArgumentError", "Contact has rows in several tables", corm.insert, Contact)
  end)
end)
