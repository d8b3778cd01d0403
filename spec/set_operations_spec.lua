-- Set operations on rows.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

describe("a set operation", function()
  local connection, a, b
  local metadata = corm.MetaData()
  local left = corm.Table("left_side", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
    corm.Column("name", corm.String(20)))
  local right = corm.Table("right_side", metadata, corm.Column("number", corm.Integer, { primary_key = true }),
    corm.Column("title", corm.String(20)), corm.Column("size", corm.Integer))

  before_each(function()
    connection = database.engine():connect()
    metadata:create_all(connection)
    connection:execute(corm.insert(left):values {
      { id = 1, name = "a" }, { id = 2, name = "b" }, { id = 3, name = "c" },
    })
    connection:execute(corm.insert(right):values {
      { number = 2, title = "b", size = 5 }, { number = 3, title = "x", size = 6 },
      { number = 4, title = "d", size = 7 },
    })
    connection:commit()
    a, b = corm.select(left.c.id, left.c.name), corm.select(right.c.number, right.c.title)
  end)
  after_each(function()
    connection:rollback()
    connection:close()
    database.clean()
  end)

  -- "1a 2b"
  local function rows(stmt)
    local found = {}
    for row in connection:execute(stmt) do found[#found + 1] = tostring(row[1]) .. tostring(row[2] or "") end
    return table.concat(found, " ")
  end

  it("gives the rows of all, of both, of one only", function()
    assert.equal("1a 2b 3c 3x 4d", rows(corm.union(a, b):order_by("id", "name")))
    assert.equal("1a 2b 2b 3c 3x 4d", rows(a:union_all(b):order_by("id", "name")))
    assert.equal("2b", rows(a:intersect(b)))
    assert.equal("1a 3c", rows(a:except_(b):order_by(left.c.id)))
    assert.equal("3x 4d", rows(b:except_(a):order_by(right.c.number)))
  end)

  -- What the random selects have found.
  it("is ordered by the name that the second of two columns has from outside", function()
    local other = right:alias "other"
    local two = corm.select(right.c.number, other.c.number):join(other, other.c.number:eq(right.c.number - 1))
    local none = corm.select(right.c.size, right.c.size:label "s"):where(right.c.size:lt(0))
    assert.equal("43 32", rows(two:union(none):order_by(corm.desc "number_1")))
    assert.equal("32 43", rows(two:union(none):order_by("number_1")))
    local inner = two:subquery()
    local outer = corm.select(inner.c.number, inner.c.number_1)
    assert.equal("43 32", rows(outer:union(none):order_by(corm.desc "number_1")))
    assert.equal("43 32", rows(outer:union(outer:union(none)):order_by(corm.desc "number_1")))
    local within = corm.select(outer:union(none):order_by("number_1"):subquery())
    assert.equal("43 32", rows(within:order_by(corm.desc "number")))
  end)

  it("is ordered by its own column, also where other FROMs of the first part have one of the name", function()
    local twin = right:alias "twin"
    local first = corm.select(right.c.number, right.c.title):join(twin, twin.c.number:eq(right.c.number))
    local second = corm.select(left.c.id:label "title", left.c.name):where(left.c.id:eq(1))
    assert.equal("1a 2b 4d 3x", rows(first:union(second):order_by("title")))
    assert.equal("3x 4d 2b 1a", rows(first:union(second):order_by(right.c.title:desc())))
  end)

  it("takes each row as often as it is there, with ALL", function()
    if database.lacks "set_operations_all" then
      raises("CompileError", "without ALL", function() return rows(a:except_all(b)) end)
      raises("CompileError", "without ALL", function() return rows(a:intersect_all(b)) end)
      return
    end
    local twice = a:union_all(a):subquery()
    assert.equal("1a 1a 2b 3c 3c", rows(corm.select(twice):except_all(b):order_by("id")))
    assert.equal("2b", rows(corm.select(twice):intersect_all(b)))
  end)

  it("has parts with an order and a limit of their own", function()
    assert.equal("1a 4d", rows(a:order_by(left.c.id):limit(1):union(b:order_by(right.c.number:desc()):limit(1))
      :order_by("id")))
    assert.equal("1a 3c", rows(a:except_(corm.union(b, b:where(right.c.number:gt(2)))):order_by("id")))
    assert.equal("2b 3c", rows(a:union(b):except_(corm.select(corm.literal(1), corm.literal("a"))
      :union(corm.select(corm.literal(3), corm.literal("x")), corm.select(corm.literal(4), corm.literal("d"))))
      :order_by("id")))
  end)

  it("is ordered and cut as a whole", function()
    assert.equal("3x 4d", rows(corm.union(a, b):order_by(right.c.title:desc()):limit(2)))
    assert.equal("2b 3c", rows(corm.union(a, b):order_by("id", "name"):limit(2):offset(1)))
  end)

  it("stands in FROM, in conditions and as a value", function()
    local u = corm.union(a, b):subquery("u")
    assert.equal("3x 4d", rows(corm.select(u.c.id, u.c.name):where(u.c.name:gt("c")):order_by(u.c.id)))
    assert.equal("6", rows(corm.select(right.c.size):join(u, corm.and_(u.c.id:eq(right.c.number), u.c.name:eq("c")))))
    local both = corm.union(corm.select(right.c.number):where(right.c.size:lt(6)), corm.select(corm.literal(1)))
    assert.equal("a b", rows(corm.select(left.c.name):where(left.c.id:in_(both)):order_by(left.c.id)))
    local none = corm.select(right.c.number):where(right.c.size:gt(100))
    assert.equal("", rows(corm.select(left.c.name):where(none:union(none):exists())))
    assert.equal("4", rows(corm.select(corm.select(right.c.number):where(right.c.size:eq(7))
      :union(none):scalar_subquery())))
  end)

  it("keeps the types of its first part, and finds its columns by object", function()
    local row = connection:execute(corm.union(a, b):order_by("id")):first()
    assert.equal("integer", math.type(row.id))
    assert.equal("a", row[left.c.name])
  end)

  it("is inserted", function()
    connection:execute(corm.insert(right):from_select({ "number", "title" },
      corm.union(a:where(left.c.id:eq(1)), corm.select(corm.literal(9), corm.literal("z")))))
    assert.equal("1a 9z", rows(b:where(right.c.size:is_(nil)):order_by(right.c.number)))
  end)

  it("binds the values of all parts in their places", function()
    local stmt = a:where(left.c.id:eq(corm.bindparam "x")):union(b:where(right.c.size:eq(7), right.c.title:eq("d")),
      a:where(left.c.name:in_ { "c", "q" })):order_by("id")
    local found = {}
    for row in connection:execute(stmt, { x = 1 }) do found[#found + 1] = row.name end
    assert.same({ "a", "c", "d" }, found)
  end)

  it("takes text whose columns are known", function()
    local t = corm.text("SELECT 7 AS id, :word AS name"):columns(corm.column("id", corm.Integer),
      corm.column("name", corm.String)):bindparams(corm.bindparam("word", "t", { type_ = corm.String }))
    assert.equal("1a 7t", rows(a:where(left.c.id:eq(1)):union(t):order_by("id")))
    assert.equal("8t", rows(corm.select(t:subquery("t").c.id + 1, t:subquery("u").c.name):limit(1)))
  end)

  it("refuses what is no select, and rows of different widths", function()
    raises("ArgumentError", "union: at least one select", corm.union)
    raises("ArgumentError", "selects expected, got Table", corm.union, left)
    raises("ArgumentError", "text needs its columns", corm.union, a, corm.text("SELECT 1"))
    raises("ArgumentError", "a union of selects has no method 'where'", function() return a:union(b):where(true) end)
    raises("CompileError", "number 1 has 2, number 2 has 1", rows, a:union(corm.select(right.c.number)))
    raises("ArgumentError", "is no label or column", function() return a:union(b):order_by("nothing") end)
  end)

  it("does not take defaults that a select would get", function()
    local other = corm.Table("other", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("name", corm.String(20)), corm.Column("n", corm.Integer, { default = 5 }))
    raises("CompileError", "select from its :subquery()", function()
      return corm.insert(other):from_select({ "id", "name" }, a:union(b)):compile()
    end)
    assert.is_truthy(corm.insert(other):from_select({ "id", "name" }, corm.select(a:union(b):subquery())):compile())
  end)
end)
