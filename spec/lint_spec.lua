-- Statements whose FROMs nothing connects are warned about, by name, and run all the same.
local warnings_of = require "spec.support.warnings"

local setup = [[
local corm = require "corm"
local select, metadata = corm.select, corm.MetaData()
local function new_table(name, ...)
  return corm.Table(name, metadata, corm.Column("id", corm.Integer, { primary_key = true }), ...)
end
local a = new_table("a")
local b = new_table("b", corm.Column("a_id", corm.ForeignKey("a.id")))
local c = new_table("c", corm.Column("b_id", corm.Integer))
local Base = corm.declarative_base { metadata = metadata }
local A, C = Base:model("A", { __table__ = a }), Base:model("C", { __table__ = c })
local engine = corm.create_engine("sqlite://", OPTIONS)
metadata:create_all(engine)
engine:begin(function(conn)
  local session = corm.Session { bind = conn }
  local function run(stmt) return conn:execute(stmt):all() end
  CODE
  session:close()
end)
]]

-- The warnings of the code, a line each.
local function warnings(code, options)
  local text = setup:gsub("OPTIONS", options or "{ enable_from_linting = true }"):gsub("CODE", code)
  local found = warnings_of(text)
  for i, warning in ipairs(found) do found[i] = warning:match "^(.-):" end
  return found
end

local function loose(left, right)
  return { ('SELECT without a join between "%s" and %s'):format(left, right) }
end

describe("FROMs that nothing connects", function()
  it("are named", function()
    assert.same(loose("a", '"b"'), warnings "run(select(a, b))")
    assert.same(loose("a", '"b", "c"'), warnings "run(select(a.c.id, b.c.id):where(c.c.id:eq(1)))")
    assert.same(loose("a", '"c"'), warnings "run(select(a, b, c):where(b.c.a_id:eq(a.c.id)))")
    assert.same(loose("a", '"other"'), warnings 'run(select(a, a:alias("other")))')
    assert.same(loose("a", '"c"'), warnings "run(select(c):select_from(corm.join(a, b)))")
    assert.same(loose("a", '"c"'), warnings "session:execute(select(A, C)):all()")
  end)

  it("are found inside subqueries", function()
    assert.same(loose("a", '"b"'), warnings "run(select(c):where(c.c.id:in_(select(a.c.id):where(b.c.id:eq(1)))))")
    assert.same(loose("a", '"b"'), warnings 'run(select(select(a.c.id, b.c.id:label("x")):subquery("s")))')
  end)

  it("are connected by a comparison or a join", function()
    assert.same({}, warnings "run(select(a, b):where(a.c.id:eq(b.c.a_id)))")
    assert.same({}, warnings "run(select(a, b):where(a.c.id:lt(b.c.a_id + 1)))")
    assert.same({}, warnings "run(select(a, b):where(corm.or_(a.c.id:eq(1), b.c.a_id:in_ { a.c.id })))")
    assert.same({}, warnings "run(select(a, b):where(b.c.id:between(a.c.id, 5)))")
    assert.same({}, warnings "run(select(a, b):join_from(a, b))")
    assert.same({}, warnings "run(select(a, c):join_from(a, c, corm.true_()))")
    assert.same({}, warnings "run(select(a, c):select_from(corm.join(a, b)):where(c.c.b_id:eq(b.c.id)))")
    assert.same({}, warnings "run(select(a, b, c):where(a.c.id:eq(b.c.a_id), c.c.b_id:eq(b.c.id)))")
  end)

  it("are not those of an enclosing statement", function()
    assert.same({}, warnings "run(select(a):where(corm.exists(b.c.id):where(b.c.a_id:eq(a.c.id))))")
    assert.same({}, warnings "run(select(a.c.id, select(b.c.id):where(b.c.a_id:eq(a.c.id)):scalar_subquery()))")
  end)

  it("are connected by the arguments of a function in FROM", function()
    local each = "local json_each = corm.func.json_each "
    assert.same({}, warnings(each .. 'run(select(a, json_each(a.c.id):table_valued("value").c.value))'))
    assert.same(loose("a", '"json_each"'), warnings(each .. 'run(select(a, json_each("[]"):table_valued("value")))'))
    assert.same({},
      warnings(each .. 'run(select(a, json_each("[]"):table_valued("value", { joins_implicitly = true })))'))
  end)

  it("are named in UPDATE and DELETE as well", function()
    assert.same({ 'UPDATE without a join between "b" and "a"' },
      warnings "conn:execute(corm.update(b):values { a_id = a.c.id }:where(b.c.id:eq(1)))")
    assert.same({}, warnings "conn:execute(corm.update(b):values { a_id = a.c.id }:where(b.c.a_id:eq(a.c.id)))")
    assert.same({}, warnings "conn:execute(corm.delete(b):where(b.c.a_id:in_(select(a.c.id))))")
  end)

  it("do not matter to one FROM", function()
    assert.same({}, warnings "run(select(a)) run(select(1)) run(select(corm.func.count()):select_from(b))")
  end)

  it("are looked for with echo, and where the engine says so", function()
    assert.same({}, warnings("run(select(a, b))", "{}"))
    assert.same(loose("a", '"b"'), warnings("run(select(a, b))", "{ echo = true }"))
    assert.same({}, warnings("run(select(a, b))", "{ echo = true, enable_from_linting = false }"))
  end)
end)
