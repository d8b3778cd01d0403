-- Everything below the session: engines, URLs, connections, savepoints, parameters, defaults, results in all their
-- forms, events, values, JSON, errors.

local corm = require "corm"
local Column, Integer, String = corm.Column, corm.Integer, corm.String
for _ in pairs(corm) do end -- loads its files: what fails in that is files.lua's

local function schema()
  local metadata = corm.MetaData()
  local t = corm.Table("t", metadata, Column("id", Integer, { primary_key = true }),
    Column("name", String, { unique = true }), Column("price", corm.Numeric(10, 2)), Column("day", corm.Date),
    Column("data", corm.JSON), Column("made", Integer, { default = function(context)
      return #(context.get_current_parameters().name or "")
    end }))
  return metadata, t
end

local function write(conn, t)
  conn:execute(corm.insert(t), { id = 1, name = "one", price = corm.decimal "1.50", day = "2026-11-22",
    data = { list = { 1, 2.5, corm.null, corm.array {} }, text = "ü" } })
  conn:execute(corm.insert(t), { { id = 2, name = "two" }, { id = 3, name = "three" } })
  conn:exec_driver_sql("INSERT INTO t (id, name) VALUES (?, ?)", { { 4, "four" }, { 5, "five" } })
  local savepoint = conn:begin_nested()
  conn:execute(corm.update(t):where(t.c.id:eq(2)), { name = "zwei" })
  savepoint:rollback()
  conn:begin_nested(function() conn:execute(corm.delete(t):where(t.c.id:eq(5))) end)
end

local function read(conn, t)
  local select = corm.select(t):order_by(t.c.id)
  local rows = conn:execute(select):all()
  assert(#rows == 4 and rows[1].day == corm.date(2026, 11, 22) and rows[1].data.list[2] == 2.5 and rows[2].made == 3)
  assert(rows[1][t.c.price] + 1 == corm.decimal "2.50" and tostring(rows[2]):find("two", 1, true))
  for row in conn:execute(select) do assert(#row:keys() == 6 and row:_asdict().id == row.id) end
  assert(conn:scalars(corm.select(t.c.name):order_by(t.c.id)):unique():all()[3] == "three")
  assert(conn:execute(select):columns("name", "id"):mappings():first().name == "one")
  for part in conn:execute(select):partitions(3) do assert(#part <= 3) end
  assert(conn:execute(select):unique():scalar() == 1)
end

local function is_memory(err)
  return corm.is_error(err, "MemoryError")
end

local function refuse(conn)
  local ok, err = pcall(conn.exec_driver_sql, conn, "INSERT INTO t (id) VALUES (1)")
  assert(not ok)
  if is_memory(err) then error(err, 0) end
  assert(err.class == "IntegrityError" and tostring(err):find("UNIQUE", 1, true))
end

local scenario = {}

function scenario.prepare()
  local state = {}
  local path = os.tmpname()
  state.path = path
  state.metadata, state.t = schema()
  state.engine = corm.create_engine("sqlite:///" .. path)
  state.metadata:create_all(state.engine)
  return state
end

function scenario.run(state)
  local url = corm.make_url("sqlite:///" .. state.path .. "?mode=rw")
  local engine = corm.create_engine(url, { pool_size = 1, connect_args = { timeout = 1 } })
  local sent, failed = 0, 0
  corm.event.listen(engine, "handle_error", function(context)
    assert(context.original_exception.class) -- its statement is told as far as there is memory
    failed = failed + 1
  end)
  corm.event.listen(engine, "do_connect", function(_, _, _, parameters)
    parameters.query = { mode = "rw", uri = "false" }
  end)
  corm.event.listen(engine, "before_cursor_execute", function(_, _, _, parameters) sent = sent + #parameters end)
  engine:begin(function(conn)
    write(conn, state.t)
    refuse(conn)
  end)
  local conn <close> = engine:connect()
  read(conn, state.t)
  assert(sent > 0 and failed == 1)
end

function scenario.check(state, ok)
  collectgarbage()
  local conn <close> = state.engine:connect()
  local count = conn:exec_driver_sql("SELECT count(*) FROM t"):scalar()
  assert(count == 4 or (count == 0 and not ok), "there are " .. count .. " rows")
  conn:exec_driver_sql("INSERT INTO t (id) VALUES (77)")
  conn:commit()
  conn:close()
  os.remove(state.path)
end

return scenario
