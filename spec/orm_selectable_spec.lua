-- Classes mapped to a select: their objects are its rows.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String, Table = corm.Column, corm.ForeignKey, corm.Integer, corm.String, corm.Table
local select, func = corm.select, corm.func

describe("M02 mapping to a select", function()
  local registry, users, orders, totals, w, session, User, Total

  before_each(function()
    registry = corm.registry {}
    users = Table("users", registry.metadata, Column("id", Integer, { primary_key = true }), Column("name", String(20)))
    orders = Table("orders", registry.metadata, Column("id", Integer, { primary_key = true }),
      Column("user_id", Integer, ForeignKey "users.id"), Column("amount", Integer))
    totals = select(users.c.id, users.c.name, func.count(orders.c.id):label "n", func.max(orders.c.amount))
      :join(orders, users.c.id:eq(orders.c.user_id)):group_by(users.c.id, users.c.name):subquery "totals"
    Total = { __name__ = "Total" }
    function Total:shown() return self.name .. ": " .. self.n end
    registry:map_imperatively(Total, totals, { properties = { largest = totals.c.max_1 } })
    User = registry:map_imperatively("User", users, {
      properties = {
        total = corm.relationship("Total", {
          primaryjoin = function() return users.c.id:eq(corm.foreign(Total.id)) end, uselist = false, viewonly = true,
        }),
      },
    })
    w = world.open { Base = registry }
    w:sql "INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')"
    w:sql "INSERT INTO orders (id, user_id, amount) VALUES (1, 1, 10), (2, 1, 30), (3, 2, 5)"
    session = w:session()
  end)
  after_each(function() w:close() end)

  it("reads objects from the select", function()
    local list
    local sent = w:statements(function() list = session:scalars(select(Total):order_by(Total.id)):all() end)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("FROM (SELECT", 1, true), sent[1])
    assert.equal(2, #list)
    assert.same({ 1, "a", 2, 30, "a: 2" }, { list[1].id, list[1].name, list[1].n, list[1].largest, list[1]:shown() })
    assert.is_true(rawequal(list[2], session:get(Total, 2)))
    assert.same({ "id", "name", "n", "largest" }, corm.inspect(Total).columns)
    assert.same({ "id" }, corm.inspect(Total).primary_key)
    assert.is_true(rawequal(totals, Total.__table__))
  end)

  it("goes by criteria, orders, columns and aliases", function()
    assert.equal("b", session:scalars(select(Total):where(Total.n:lt(2))):one().name)
    assert.same({ 30, 5 }, session:scalars(select(Total.largest):order_by(Total.largest:desc())):all())
    assert.equal(35, session:scalar(select(func.sum(Total.largest))))
    local other = corm.aliased(Total)
    local row = session:execute(select(Total, other):where(Total.n:gt(other.n))):one()
    assert.same({ "a", "b" }, { row[1].name, row[2].name })
    assert.equal(1, session:scalar(select(func.count()):select_from(users):join(Total, Total.id:eq(users.c.id))
      :where(Total.n:eq(2))))
    assert.equal("a", session:query(Total):filter_by { n = 2 }:one().name)
  end)

  it("is refreshed, expired and deferred as any object", function()
    local total = session:get(Total, 1)
    session:commit()
    w:sql "INSERT INTO orders (id, user_id, amount) VALUES (4, 1, 99)"
    assert.same({ 3, 99 }, { total.n, total.largest })
    session:expunge_all()
    total = session:scalars(select(Total):where(Total.id:eq(1)):options(corm.load_only(Total.n))):one()
    assert.equal(1, #w:statements(function() assert.equal(99, total.largest) end))
  end)

  it("stands behind a relationship", function()
    local function check(...)
      session:expunge_all()
      local list = session:scalars(select(User):order_by(User.id):options(...)):all()
      assert.equal(2, list[1].total.n)
      assert.equal(1, list[2].total.n)
      assert.is_nil(list[3].total)
    end
    check()
    check(corm.joinedload(User.total))
    check(corm.selectinload(User.total))
    check(corm.subqueryload(User.total))
    assert.equal("a", session:scalars(select(User):where(User.total:has { n = 2 })):one().name)
    assert.equal("a", session:scalars(select(User):join(User.total):where(Total.n:eq(2))):one().name)
  end)

  it("has attributes that are computed", function()
    local Other = registry:map_imperatively("Other", totals, {
      properties = { twice = corm.column_property(function(cls) return cls.n * 2 end) },
    })
    assert.equal(4, session:get(Other, 1).twice)
    local other = corm.aliased(Other)
    assert.equal(2, session:scalars(select(other):where(other.twice:eq(2))):one().id)
  end)

  it("takes the key that it is told, and a part of the columns", function()
    local sums = select(orders.c.user_id, func.sum(orders.c.amount):label "sum"):group_by(orders.c.user_id):subquery()
    raises("ArgumentError", "class Sum: the select has no column of a primary key; name those that tell its rows apart "
      .. "by primary_key", registry.map_imperatively, registry, "Sum", sums)
    local Sum = registry:map_imperatively("Sum", sums, { primary_key = { sums.c.user_id } })
    assert.equal(40, tonumber(session:get(Sum, 1).sum))
    local Base = corm.declarative_base { registry = registry }
    local Part = Base:model("Part", {
      __table__ = totals,
      __mapper_args__ = { primary_key = { "id" }, exclude_properties = { totals.c.name }, column_prefix = "_" },
      count = totals.c.n,
    })
    local part = session:get(Part, 1)
    assert.equal(2, part.count)
    assert.same({ "_id", "count", "_max_1" }, corm.inspect(Part).columns)
    local Again = Base:model("Again", { __table__ = users:alias "again" })
    assert.equal("c", session:get(Again, 3).name)
    local named = select(users):cte "named"
    local Named = Base:model("Named", { __table__ = named })
    assert.equal("c", session:scalars(select(Named):where(Named.id:eq(3))):one().name)
  end)

  it("is not written", function()
    local total = session:get(Total, 1)
    w:statements()
    local text = "Total.n cannot be set: Total is mapped to a select, whose rows are read only"
    raises("ArgumentError", text, function() total.n = 3 end)
    raises("InvalidRequestError", "Total is mapped to a select: its objects come from queries only", Total, {})
    raises("InvalidRequestError", "Total is mapped to a select: its objects are read, and cannot be written",
      session.delete, session, total)
    assert.is_false(pcall(function() session:execute(corm.insert(Total):values { n = 1 }) end))
    assert.is_false(pcall(function() session:execute(corm.delete(Total):where(Total.id:eq(1))) end))
    assert.equal(0, #w:statements())
  end)

  it("is refused where it makes no sense", function()
    raises("ArgumentError", "X.__table__: a select is mapped as select:subquery()", function()
      corm.declarative_base():model("X", { __table__ = select(users) })
    end)
    raises("ArgumentError", "a Table or a subquery expected, got statement", registry.map_imperatively, registry, "X",
      select(users))
    raises("ArgumentError", "X: primary_key[1]: a column of the select or its name expected, got",
      registry.map_imperatively, registry, "X", totals, { primary_key = { users.c.id } })
    local ys = Table("ys", registry.metadata, Column("id", Integer, { primary_key = true }))
    raises("ArgumentError", "Y: Total is mapped to a select: no class can inherit from it; of concrete classes Abs",
      registry.map_imperatively, registry, "Y", ys, { inherits = Total })
  end)
end)
