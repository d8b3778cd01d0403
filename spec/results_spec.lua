-- Random calls of results give what plain Lua gives of the same rows: read whole, streamed and by pages, of tables and
-- of objects, with other statements in between. CORM_TEST_SEED repeats a run; CORM_TEST_RESULTS says how many results.
local corm = require "corm"
local database = require "spec.support.database"
local drawn = require "spec.support.drawn"

local total = drawn.count("CORM_TEST_RESULTS", 2000)
local seed = drawn.seed()
local ROWS = 40

local Base = corm.declarative_base()
local Thing = Base:model("Thing", {
  __tablename__ = "thing",
  id = corm.Column(corm.Integer, { primary_key = true, autoincrement = false }),
  a = corm.Column(corm.Integer),
  b = corm.Column(corm.String(10)),
})
local thing = Thing.__table__
local rows = {}
for i = 1, ROWS do rows[i] = { i, i % 5 > 0 and i % 4 or nil, "b" .. i % 7 } end

local function expect(ok, message, ...)
  if not ok then error(message:format(...), 0) end
end

local function text(...)
  local parts = {}
  for i, value in ipairs { ... } do parts[i] = value == corm.null and "NULL" or tostring(value) end
  return table.concat(parts, ",")
end
local function plain(value) return value == nil and "NULL" or value end

-- How a result is looked at: what it gives for a row, and that as text. `holes`: nil may be an item.
local VIEWS = {
  table = {
    { "rows", function(r) return r end, function(item) return text(item[1], plain(item[2]), item[3]) end,
      function(row) return text(row[1], plain(row[2]), row[3]) end },
    { "mappings", function(r) return r:mappings() end, function(item) return text(item.id, item.a, item.b) end,
      function(row) return text(row[1], plain(row[2]), row[3]) end },
    { "columns", function(r) return r:columns(3, 1) end, function(item) return text(item[1], item[2]) end,
      function(row) return text(row[3], row[1]) end },
    { "scalars", function(r) return r:scalars(3) end, text, function(row) return row[3] end },
  },
  objects = {
    { "rows", function(r) return r end, function(item) return text(item[1].id) end,
      function(row) return text(row[1]) end },
    { "scalars", function(r) return r:scalars() end, function(item) return text(item.id) end,
      function(row) return text(row[1]) end },
  },
}

-- One result beside the list of what is left of it.
local reading = {}
reading.__index = reading

function reading:show(list)
  local parts = {}
  for i, item in ipairs(list) do parts[i] = self.key(item) end
  return table.concat(parts, ";")
end

function reading:take(n)
  local parts = {}
  for i = 1, math.min(n, #self.left) do parts[i] = table.remove(self.left, 1) end
  return table.concat(parts, ";")
end

function reading.same(_, got, wanted)
  expect(got == wanted, "got [%s], not [%s]", got, wanted)
end

-- What ends a result by an error ends it.
function reading:only(name, classes)
  local ok, item = pcall(self.result[name], self.result)
  local class = classes[math.min(#self.left, 2)]
  expect(ok == not class, "%s of %d: %s", name, #self.left, tostring(item))
  if class then
    expect(item.class == class, "%s: %s", name, tostring(item))
  else
    self:same(item ~= nil and self.key(item) or "", self:take(1))
  end
  self.closed = true
end

local OPERATIONS = {
  { "fetchmany", function(x, n) x:same(x:show(x.result:fetchmany(n)), x:take(n)) end },
  { "fetchone", function(x)
    local item = x.result:fetchone()
    x:same(item ~= nil and x.key(item) or "", x:take(1))
  end },
  { "all", function(x) x:same(x:show(x.result:all()), x:take(#x.left)) end },
  { "partitions", function(x, n)
    for part in x.result:partitions(n) do
      x:same(x:show(part), x:take(n))
      if x.random(4) == 1 then break end
    end
  end },
  { "a loop", function(x)
    for item in x.result do
      x:same(x.key(item), x:take(1))
      if x.random(5) == 1 then break end
    end
  end },
  { "first", function(x)
    local item = x.result:first()
    x:same(item ~= nil and x.key(item) or "", x:take(1))
    x.closed = true
  end },
  { "one", function(x) x:only("one", { [0] = "NoResultFound", [2] = "MultipleResultsFound" }) end },
  { "one_or_none", function(x) x:only("one_or_none", { [2] = "MultipleResultsFound" }) end },
  { "close", function(x)
    x.result:close()
    x.closed = true
  end },
  { "another statement", function(x)
    x:same(tostring(x.owner:scalar(corm.select(corm.func.count()):select_from(thing))), tostring(ROWS))
  end },
  { "a savepoint that is undone", function(x)
    local savepoint = x.owner:begin_nested()
    x.owner:execute(corm.update(thing):where(thing.c.id:eq(1)):values { b = "c" })
    savepoint:rollback()
    x.over = true -- results that come by pages may end with it
  end },
}

local function statement(random, of_objects, low, high)
  local stmt = of_objects and corm.select(Thing) or corm.select(thing.c.id, thing.c.a, thing.c.b)
  stmt = stmt:where(thing.c.id:between(low, high)):order_by(thing.c.id)
  local way = random(4)
  if way == 1 then return stmt:execution_options { stream_results = true }, true, "streamed" end
  if way == 2 then return stmt:execution_options { yield_per = random(7) }, true, "by pages" end
  return stmt, false, "whole"
end

-- A result of the owner, looked at in some way.
local function open(random, owner, of_objects, log)
  local low, high = random(20), random(ROWS)
  local stmt, streams, how = statement(random, of_objects, low, high)
  local views = VIEWS[of_objects and "objects" or "table"]
  local view = views[random(#views)]
  log[#log + 1] = ("%s %s of rows %d to %d, %s"):format(of_objects and "objects" or "columns", view[1], low, high, how)
  local x = setmetatable({ random = random, owner = owner, key = view[3], left = {} }, reading)
  x.result = view[2](owner:execute(stmt))
  local seen = random(3) == 1 and not (of_objects and streams) and {}
  if seen then x.result = x.result:unique() end
  log[#log + 1] = seen and "unique" or nil
  for i = low, high do
    local item = view[4](rows[i])
    if not (seen and seen[item]) then x.left[#x.left + 1] = item end
    if seen then seen[item] = true end
  end
  return x
end

describe("a result", function()
  local engine

  setup(function()
    engine = database.engine()
    Base.metadata:create_all(engine)
    engine:begin(function(connection)
      for _, row in ipairs(rows) do
        local a = row[2] == nil and corm.null or row[2]
        connection:execute(corm.insert(thing):values { id = row[1], a = a, b = row[3] })
      end
    end)
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)

  it(("gives what its rows are, however it is read (seed %d)"):format(seed), function()
    local random = drawn.numbers(seed)
    for _ = 1, total do
      local of_objects, log = random(2) == 1, {}
      local owner = of_objects and corm.Session { bind = engine } or engine:connect()
      local ok, err = pcall(function()
        local x = open(random, owner, of_objects, log)
        for _ = 1, random(5) do
          if x.over then break end
          if x.closed then
            local fine, said = pcall(x.result.all, x.result)
            expect(not fine and said.class == "ResourceClosedError", "it is not closed: %s", tostring(said))
            break
          end
          local operation = OPERATIONS[random(#OPERATIONS)]
          log[#log + 1] = operation[1]
          operation[2](x, random(6))
        end
      end)
      owner:close()
      if not ok then error(("seed %d: %s, after\n%s"):format(seed, tostring(err), table.concat(log, "\n")), 0) end
    end
  end)

  it("streams what came by pages before", function()
    local stmt = corm.select(thing.c.id):order_by(thing.c.id)
    local connection <close> = engine:connect()
    local function pages() return connection:scalars(stmt:execution_options { yield_per = 3 }) end
    local function stream() return connection:scalars(stmt:execution_options { stream_results = true }) end
    for _, name in ipairs { "fetchone", "close", "all" } do
      local function leave(result) return result[name](result) end
      leave(pages())
      assert.equal(ROWS, #stream():all())
      leave(stream())
      assert.equal(ROWS, #pages():all())
      leave(pages())
      connection:rollback()
      assert.equal(1, stream():fetchone())
      assert.equal(ROWS, #connection:scalars(stmt):all())
    end
  end)
end)
