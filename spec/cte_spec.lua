-- Common table expressions: rows, and the places of parameters.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local metadata = corm.MetaData()
local part = corm.Table("part", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
  corm.Column("parent_id", corm.Integer), corm.Column("name", corm.String(20)), corm.Column("weight", corm.Integer))
local log = corm.Table("log", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
  corm.Column("name", corm.String(20)))
local p = part.c

describe("a CTE", function()
  local connection

  before_each(function()
    connection = database.engine():connect()
    metadata:create_all(connection)
    connection:execute(corm.insert(part):values {
      { id = 1, parent_id = corm.null, name = "car", weight = 10 },
      { id = 2, parent_id = 1, name = "door", weight = 5 },
      { id = 3, parent_id = 1, name = "wheel", weight = 2 }, { id = 4, parent_id = 3, name = "tyre", weight = 1 },
      { id = 5, parent_id = corm.null, name = "boat", weight = 20 },
    })
    connection:commit()
  end)
  after_each(function()
    connection:rollback()
    connection:close()
    database.clean()
  end)

  local function names(stmt, params)
    return table.concat(connection:scalars(stmt, params):all(), " ")
  end

  -- The part of that id and all that it is made of, with the depth.
  local function tree(id)
    local top = corm.select(p.id, p.name, corm.literal(0):label("depth")):where(p.id:eq(id))
      :cte("tree", { recursive = true })
    return top:union_all(corm.select(p.id, p.name, top.c.depth + 1):join(top, p.parent_id:eq(top.c.id)))
  end

  it("is a table to select from", function()
    local heavy = corm.select(p.id, p.name, p.weight):where(p.weight:gt(4)):cte("heavy")
    assert.equal("car boat", names(corm.select(heavy.c.name):where(heavy.c.weight:ge(10)):order_by(heavy.c.id)))
    assert.equal("door", names(corm.select(p.name):join(heavy, heavy.c.id:eq(p.parent_id)):where(p.weight:gt(4))))
    local a, b = heavy:alias("a"), heavy:alias("b")
    assert.equal(3, connection:scalar(corm.select(corm.func.count()):select_from(a):join(b, a.c.id:lt(b.c.id))))
    local light = corm.select(heavy.c.name):where(heavy.c.weight:lt(6)):cte("light")
    assert.equal("door", names(corm.select(light)))
  end)

  it("calls itself", function()
    local t = tree(1)
    local found = {}
    for row in connection:execute(corm.select(t.c.name, t.c.depth):where(t.c.depth:gt(0)):order_by(t.c.id)) do
      found[#found + 1] = row.name .. row.depth
    end
    assert.equal("door1 wheel1 tyre2", table.concat(found, " "))
    assert.equal("car door wheel tyre", names(corm.select(p.name):where(p.id:in_(corm.select(t.c.id))):order_by(p.id)))
    assert.equal(18, connection:scalar(corm.select(corm.func.sum(p.weight)):join(t, t.c.id:eq(p.id))))
  end)

  it("binds what stands in it before what stands behind", function()
    local t = tree(corm.bindparam("top", 3, { type_ = corm.Integer }))
    local stmt = corm.select(t.c.name, corm.literal("x")):where(t.c.name:ne("car"), t.c.depth:lt(9)):order_by(t.c.id)
      :limit(5)
    assert.equal("wheel tyre", names(stmt))
    assert.equal("door wheel tyre", names(stmt, { top = 1 }))
    local n = corm.select(corm.literal(1):label("n")):cte("n", { recursive = true })
    n = n:union_all(corm.select(n.c.n + 2):where(n.c.n:lt(7)))
    assert.equal("3 5 7", names(corm.select(n.c.n):where(n.c.n:between(2, 9)):order_by(n.c.n)))
    local both = corm.select(n.c.n, t.c.name):select_from(n):join(t, n.c.n:eq(t.c.id)):where(t.c.id:gt(0))
    assert.equal("3", names(both))
  end)

  it("nests", function()
    local inner = corm.select(p.id, p.name):where(p.weight:gt(4)):cte("x", { nesting = true })
    local outer = corm.select(inner.c.name):where(inner.c.id:lt(5)):cte("y")
    assert.equal("car door", names(corm.select(outer.c.name):where(outer.c.name:ne("boat")):order_by(outer.c.name)))
    local s = corm.select(inner.c.name, inner.c.id):where(inner.c.id:gt(1)):subquery("s")
    assert.equal("door boat", names(corm.select(s.c.name):where(s.c.id:lt(9)):order_by(s.c.id)))
  end)

  it("nests in the parts of a union, which it belongs to", function()
    local heavy = corm.select(p.id, p.name):where(p.weight:gt(4)):cte("x", { nesting = true })
    local u = corm.union(corm.select(p.name):where(p.id:eq(4)), corm.select(heavy.c.name):where(heavy.c.id:lt(3)))
      :subquery("u")
    assert.equal("car door tyre", names(corm.select(u.c.name):where(u.c.name:ne("x")):order_by(u.c.name)))
    local both = corm.union_all(corm.select(heavy.c.name):where(heavy.c.id:eq(2)),
      corm.select(heavy.c.name):where(heavy.c.id:eq(1)))
    assert.equal("car door", names(corm.select(p.name):where(p.name:in_(both)):order_by(p.name)))
    local inner = corm.union(corm.select(p.name):where(p.id:eq(3)), corm.select(heavy.c.name):order_by(heavy.c.id)
      :limit(1))
    assert.equal("car tyre wheel", names(corm.union(corm.select(p.name):where(p.id:eq(4)), inner):order_by("name")))
  end)

  it("says more in the words of one database", function()
    local x = corm.select(p.name):where(p.weight:gt(4)):cte("x")
      :prefix_with(corm.text("MATERIALIZED"), { dialect = "postgresql" })
      :prefix_with(corm.text("NOT MATERIALIZED"), { dialect = "sqlite" })
    assert.equal("boat car door", names(corm.select(x.c.name):order_by(x.c.name)))
    raises("ArgumentError", "unknown dialect 'z'", function()
      return x:prefix_with(corm.text("X"), { dialect = "z" })
    end)
    raises("ArgumentError", "did you mean 'dialect'?", function()
      return x:suffix_with(corm.text("X"), { dialekt = "sqlite" })
    end)
    raises("ArgumentError", "a corm.text(", function() return x:suffix_with { dialect = "sqlite" } end)
  end)

  it("stands before INSERT, UPDATE and DELETE", function()
    local t = tree(3)
    connection:execute(corm.insert(log):from_select({ "name" }, corm.select(t.c.name):where(t.c.depth:lt(5))))
    assert.equal("tyre wheel", names(corm.select(log.c.name):order_by(log.c.name)))
    local change = corm.update(part):values { weight = 100 }:where(p.id:in_(corm.select(t.c.id)), p.weight:lt(50))
    local remove = corm.delete(part):where(p.id:in_(corm.select(t.c.id)), p.weight:gt(50))
    if database.lacks "with_before_dml" then
      raises("CompileError", "use a subquery instead", function() connection:execute(change) end)
      raises("CompileError", "use a subquery instead", function() connection:execute(remove) end)
      return
    end
    assert.equal(2, connection:execute(change).rowcount)
    assert.equal(2, connection:execute(remove).rowcount)
    assert.equal("car door boat", names(corm.select(p.name):order_by(p.id)))
  end)

  it("changes rows where the database lets it", function()
    local gone = corm.delete(part):where(p.weight:lt(3)):returning(p.id, p.name):cte("gone")
    local moved = corm.insert(log):from_select({ "name" }, corm.select(gone.c.name))
    if database.lacks "dml_in_with" then
      raises("CompileError", "run it as a statement of its own", function() connection:execute(moved) end)
      return
    end
    assert.equal(2, connection:execute(moved).rowcount)
    assert.equal("tyre wheel", names(corm.select(log.c.name):order_by(log.c.name)))
    local made = corm.insert(log):values { id = 77, name = "new" }:returning(log):cte("made")
    assert.equal("new", names(corm.select(made.c.name):where(made.c.id:eq(77))))
    local unnamed = corm.delete(log):where(log.c.id:eq(77)):cte("unnamed")
    assert.equal(1, connection:scalar(corm.select(corm.literal(1)):add_cte(unnamed)))
    assert.equal("tyre wheel", names(corm.select(log.c.name):order_by(log.c.name)))
  end)

  it("can be made of a union and of text", function()
    local u = corm.union(corm.select(p.name):where(p.id:eq(1)), corm.select(corm.literal("z"))):cte("u")
    assert.equal("car z", names(corm.select(u.c.name):order_by(u.c.name)))
    local t = corm.text("SELECT name FROM part WHERE weight > :w"):columns(p.name)
      :bindparams(corm.bindparam("w", 8, { type_ = corm.Integer })):cte("t")
    assert.equal("boat car", names(corm.select(t.c.name):order_by(t.c.name)))
  end)

  it("is refused under a name that another one has", function()
    local x, y = corm.select(p.id):cte("x"), corm.select(p.name):cte("x")
    raises("CompileError", "two different CTEs have the name 'x'", function()
      connection:execute(corm.select(x.c.id, y.c.name))
    end)
    assert.equal("boat", names(corm.select(y.c.name):where(y.c.name:eq("boat"))))
  end)

  it("is refused by the wrong arguments", function()
    local x = corm.select(p.id):cte("x")
    raises("IdentifierError", "", function() return corm.select(p.id):cte("") end)
    raises("ArgumentError", "a name expected", function() return corm.select(p.id):cte(5) end)
    raises("ArgumentError", "did you mean 'recursive'", function()
      return corm.select(p.id):cte("x", { recurse = true })
    end)
    raises("ArgumentError", "a CTE expected, got FROM clause", function()
      return corm.select(p.id):subquery():union(corm.select(p.id))
    end)
    raises("ArgumentError", "a select expected", function() return x:union_all() end)
    raises("ArgumentError", "a CTE expected", function() return corm.select(p.id):add_cte(part) end)
    raises("ArgumentError", "corm.text", function() return x:prefix_with("MATERIALIZED") end)
    raises("ArgumentError", "column 'nothing'", function() return x.c.nothing end)
  end)

  it("takes a union with more selects than Lua promises room for", function()
    local selects = {}
    for i = 1, 200 do selects[i] = corm.select(corm.literal(i)) end
    local all = corm.select(corm.literal(0):label "n"):cte("all_of_them"):union(table.unpack(selects))
    local _, unions = tostring(corm.select(all.c.n)):gsub("UNION", "")
    assert.equal(200, unions)
  end)
end)
