-- Bundles in Bundles: values of rows that have values.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select, Bundle = corm.select, corm.Bundle

describe("nested Bundles:", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    for i = 1, 3 do session:add(m.User { id = i, name = "u" .. i, age = i ~= 2 and i * 10 or corm.null }) end
    session:commit()
  end)
  after_each(function() w:close() end)

  it("a row's value has values of its own, by name and place", function()
    local inner = Bundle("inner", m.User.age, m.User.id)
    local outer = Bundle("outer", m.User.name, inner, (m.User.id + 100):label "more")
    local rows = session:execute(select(m.User.id, outer, m.User):order_by(outer.c.inner.c.id)):all()
    assert.equal(3, #rows)
    for i, row in ipairs(rows) do
      assert.equal(i, row.id)
      assert.equal("u" .. i, row.outer.name)
      assert.equal(i ~= 2 and i * 10 or nil, row.outer.inner.age)
      assert.equal(i, row.outer.inner.id)
      assert.equal(i, row.outer[2][2])
      assert.equal(i, row[outer][inner].id)
      assert.equal(100 + i, row.outer.more)
      assert.equal("u" .. i, row.User.name)
    end
    assert.same({ "name", "inner", "more" }, rows[1].outer:keys())
    assert.same({ "id", "outer", "User" }, rows[1]:keys())
    assert.same({ "age", "id" }, rows[1].outer.inner:keys())
    raises("NoSuchColumnError", "other", function() return rows[1].outer.inner.other end)
    assert.equal("u2", session:execute(select(outer):where(inner.c.id:eq(2))):one().outer.name)
  end)

  it("any number of them, one after the other and deep", function()
    local deep = Bundle("d", m.User.name)
    for _ = 1, 300 do deep = Bundle("d", deep) end
    local value = session:execute(select(deep):where(m.User.id:eq(2))):one().d
    for _ = 1, 300 do value = value.d end
    assert.equal("u2", value.name)

    local row = session:execute(select(Bundle("a", Bundle("b", m.User.id), Bundle("c", Bundle("b", m.User.id),
      m.User.name), m.User.id), Bundle("z", m.User.id, Bundle("z", m.User.id))):where(m.User.id:eq(3))):one()
    assert.equal(3, row.a.b.id)
    assert.equal(3, row.a.c.b.id)
    assert.equal("u3", row.a.c.name)
    assert.equal(3, row.a.id)
    assert.equal(3, row.z.z.id)
    local wide = {}
    for i = 1, 20 do wide[i] = Bundle("w" .. i, m.User.id, m.User.name) end
    row = session:execute(select(Bundle("wide", table.unpack(wide))):where(m.User.id:eq(1))):one()
    for i = 1, 20 do assert.equal("u1", row.wide["w" .. i].name) end
  end)

  it("single_entity is about the whole", function()
    local inner = Bundle("inner", m.User.id, { single_entity = true })
    local rows = session:query(Bundle("outer", inner)):order_by(m.User.id):all()
    assert.equal(1, rows[1].outer.inner.id)
    rows = session:query(Bundle("outer", m.User.name, inner, { single_entity = true })):order_by(m.User.id):all()
    assert.equal("u3", rows[3].name)
    assert.equal(3, rows[3].inner.id)
  end)

  it("of aliases, beside classes, grouped and in a subquery", function()
    local A, B = corm.aliased(m.User), corm.aliased(m.User, { name = "b" })
    local pair = Bundle("pair", Bundle("one", A.id, A.name), Bundle("two", B.id, B.name))
    local statement = select(pair, B):join(B, B.id:eq(A.id + 1)):order_by(A.id)
    local rows = session:execute(statement):all()
    assert.equal(2, #rows)
    assert.equal("u1", rows[1].pair.one.name)
    assert.equal("u2", rows[1].pair.two.name)
    assert.equal("u3", rows[2].b.name)
    local counted = select(pair, corm.func.count():label "n"):join(B, B.id:eq(A.id)):group_by(pair):order_by(A.id)
    assert.equal("u2", session:execute(counted):all()[2].pair.two.name)
    assert.equal(3, #session:execute(select(pair.c.one):order_by(pair.c.one)):all())
    local sub = select(Bundle("x", m.User.name, Bundle("y", m.User.age))):subquery()
    assert.equal("u2", session:execute(select(sub.c.name):where(sub.c.age:is_(nil))):scalar())
    assert.equal(2, session:scalar(select(corm.func.count(sub.c.age))))
  end)

  it("a label names it in the row", function()
    local inner = Bundle("inner", m.User.id)
    local outer = Bundle("outer", m.User.name, inner:label "key"):label "card"
    local row = session:execute(select(outer):order_by(m.User.id)):first()
    assert.equal("u1", row.card.name)
    assert.equal(1, row.card.key.id)
    assert.equal("card", outer.name)
    assert.is_true(Bundle("s", m.User.id, { single_entity = true }):label("t").single_entity)
    raises("ArgumentError", "Bundle: a name expected, got nil", outer.label, outer)
  end)

  it("may hold a composite", function()
    local Base = corm.declarative_base()
    local Box = Base:model("Box", {
      __tablename__ = "box",
      id = corm.Column(corm.Integer, { primary_key = true }),
      x = corm.Column(corm.Integer), y = corm.Column(corm.Integer),
      corner = corm.composite(function(x, y) return { x = x, y = y } end, "x", "y"),
    })
    local engine = corm.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local own = corm.Session(engine)
    own:execute(corm.insert(Box):values { id = 1, x = 2, y = 3 })
    local row = own:execute(select(Bundle("b", Box.id, Box.corner, Bundle("c", Box.corner, Box.y)))):one()
    assert.same({ x = 2, y = 3 }, row.b.corner)
    assert.same({ x = 2, y = 3 }, row.b.c.corner)
    assert.equal(3, row.b.c.y)
    own:close()
    engine:dispose()
  end)

  it("comes by pages", function()
    local statement = select(Bundle("a", m.User.name, Bundle("b", m.User.id)), m.User):order_by(m.User.id)
    local seen = {}
    for row in session:execute(statement:execution_options { yield_per = 2 }) do
      seen[#seen + 1] = row.a.name .. row.a.b.id .. row.User.name
    end
    assert.same({ "u11u1", "u22u2", "u33u3" }, seen)
  end)

  it("is refused with what is no value", function()
    raises("ArgumentError", "a column or an SQL expression expected, got a mapped class", Bundle, "x", m.User)
    raises("ArgumentError", "Bundle 'x': item 2 has no name", Bundle, "x", Bundle("y", m.User.id), m.User.id + 1)
    raises("ArgumentError", "expected, got table", Bundle, "x", {}, m.User.id)
    raises("ArgumentError", "several columns", function() return m.User.id:eq(Bundle("y", m.User.id)) end)
    local big = Bundle("b", m.User.id, m.User.name)
    raises("ArgumentError", "more than 10000 columns", function()
      for i = 1, 20 do big = Bundle("b" .. i, big, big) end
    end)
  end)
end)
