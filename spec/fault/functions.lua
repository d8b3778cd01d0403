-- What stands around functions, and elements of the user's own, with a class that lives before and after the failure.

local corm = require "corm"
local func, select = corm.func, corm.select

local scenario = {}

function scenario.prepare()
  local metadata = corm.MetaData()
  local item = corm.Table("item", metadata,
    corm.Column("id", corm.Integer, { primary_key = true }), corm.Column("name", corm.String(20)))
  local engine = corm.create_engine "sqlite://"
  metadata:create_all(engine)
  local connection = engine:connect()
  connection:execute(corm.insert(item):values { { id = 1, name = "a" }, { id = 2, name = "b" } })
  local most = corm.construct("most", { base = "FunctionElement", type = corm.Integer })
  corm.compiles(most, function(element, compiler)
    return "max(" .. compiler:process(element.clauses) .. ", " .. compiler:render_literal_value(0) .. ")"
  end)
  return { connection = connection, item = item, t = item.c, most = most, kept = most(item.c.id, 1), done = false }
end

local function windows(state)
  local t = state.t
  local sum = func.sum(t.id):filter(t.id:gt(0), t.name:ne("x"))
  local running = sum:over { partition_by = { t.name }, order_by = t.id:desc(), rows = { -1, corm.null } }
  local rows = state.connection:execute(select(t.id, running:label("n")):order_by(t.id)):all()
  assert(#rows == 2 and rows[2].n == 2)
  local frame = corm.FrameClause(1, nil, "PRECEDING", "CURRENT")
  local text = tostring(func.mode():within_group(t.id, t.name):over { groups = frame, exclude = "TIES" })
  assert(text:find("WITHIN GROUP", 1, true))
  assert(tostring(func.aggregate_strings(t.name, ","):aggregate_order_by(t.id)):find("ORDER BY", 1, true))
end

local function froms(state)
  corm.GenericFunction { name = "json_each", type = corm.JSON, package = "fault", identifier = "each" }
  local each = func.fault.each("[1, 2]"):table_valued("key", corm.column("value", corm.Integer), { name = "j" })
  assert(state.connection:scalar(select(func.sum(each.c.value + 0))) == 3)
  assert(tostring(select(each:render_derived { name = "k", with_types = false })):find("k(", 1, true))
  assert(tostring(func.f(1):column_valued("x")) == "x" and tostring(func.f(1):scalar_table_valued("y")) ~= "")
end

local function constructs(state)
  local connection, most = state.connection, state.most
  assert(connection:scalar(select(state.kept)) == 1)
  assert(connection:scalar(select(most(most(3, state.t.id), 2)):limit(1)) == 3)
  local numbers = corm.construct("numbers", { base = "FromClause", columns = { "n" } })
  corm.compiles(numbers, "sqlite", function(element, compiler)
    return "(SELECT " .. compiler:process { element.first, element.first } .. " AS n)"
  end)
  local from = numbers { first = 4 }:alias("f")
  assert(from.c.n:compile { dialect = "sqlite" }.string == "f.n")
  local explain = corm.construct("explain", { base = "Executable" })
  corm.compiles(explain, function(element, compiler) return compiler:process(element[1]) end)
  assert(connection:execute(explain(select(state.t.id))):first()[1] == 1)
end

function scenario.run(state)
  windows(state)
  froms(state)
  constructs(state)
  state.done = true
end

function scenario.check(state, ok)
  assert(state.done == ok)
  for _ = 1, 2 do
    assert(state.connection:scalar(select(state.kept):where(state.t.id:eq(2))) == 2)
    assert(state.connection:scalar(select(func.count(state.t.id))) == 2)
    collectgarbage()
  end
  state.connection:close()
end

return scenario
