-- What corm writes, the database's own shell reads, and the reverse: value for value, nothing changed in silence.
-- Values are random; a failure names the seed. CORM_FIDELITY is the number of values of each type, CORM_SEED a seed to
-- repeat.
local corm = require "corm"
local database = require "spec.support.database"
local samples = require "spec.support.samples"

local count = tonumber(os.getenv "CORM_FIDELITY") or 400
local seed = tonumber(os.getenv "CORM_SEED") or os.time()
local chunk = 100

local function table_of(case)
  local metadata = corm.MetaData()
  return corm.Table("fidelity", metadata,
    corm.Column("id", corm.Integer, { primary_key = true, autoincrement = false }), corm.Column("v", case.type)),
    metadata
end

local function make(case)
  local list = {}
  for i = 1, count do list[i] = case.make() end
  return list
end

local function written_by_corm(engine, t, list)
  local rows = {}
  for i, sample in ipairs(list) do rows[i] = { id = i, v = sample.value } end
  engine:begin(function(connection) connection:execute(t:insert(), rows) end)
end

-- In pages of many rows.
local function written_by_a_session(engine, t, list)
  local Value = corm.declarative_base():model("Value", { __table__ = t })
  local session = corm.Session { bind = engine }
  for i, sample in ipairs(list) do session:add(Value { id = i, v = sample.value }) end
  session:commit()
  session:close()
end

local function written_by_the_shell(name, list)
  for first = 1, #list, chunk do
    local rows = {}
    for i = first, math.min(first + chunk - 1, #list) do rows[#rows + 1] = ("(%d, %s)"):format(i, list[i].literal) end
    assert.equal("", database.shell(name, "INSERT INTO fidelity (id, v) VALUES " .. table.concat(rows, ",") .. ";"))
  end
end

-- Position -> field.
local function read_by_the_shell(name, case)
  local fields = {}
  local answer = database.shell(name, ("SELECT id, %s FROM fidelity ORDER BY id;"):format(case.show))
  for line in (answer .. "\n"):gmatch "([^\n]*)\n" do
    local id, field = line:match "^(%d+)|(.*)$"
    assert(id, line)
    fields[tonumber(id)] = field
  end
  return fields
end

local function explain(case, sample, got)
  return ("seed %d: %s: expected %s, got %s (literal %s)"):format(seed, case.name, sample.text, got, sample.literal)
end

describe("fidelity", function()
  setup(function() math.randomseed(seed) end)

  for _, case in ipairs(samples(database.name)) do
    describe("of " .. case.name, function()
      local engine, name, t, metadata, list

      before_each(function()
        local url
        url, name = database.url()
        engine = corm.create_engine(url)
        t, metadata = table_of(case)
        metadata:create_all(engine)
        list = make(case)
      end)

      after_each(function()
        engine:dispose()
        database.clean()
      end)

      for who, write in pairs { statement = written_by_corm, session = written_by_a_session } do
        it("what a " .. who .. " writes is read by the shell", function()
          write(engine, t, list)
          local fields = read_by_the_shell(name, case)
          for i, sample in ipairs(list) do
            local got = case.seen(fields[i])
            if got ~= sample.text then error(explain(case, sample, got), 0) end
          end
        end)
      end

      it("what the shell writes is read by corm", function()
        written_by_the_shell(name, list)
        local connection = engine:connect()
        local n = 0
        for row in connection:execute(corm.select(t):order_by(t.c.id)) do
          local sample = list[row.id]
          local got = case.shown(row.v)
          if got ~= sample.text then error(explain(case, sample, got), 0) end
          n = n + 1
        end
        connection:close()
        assert.equal(count, n)
      end)
    end)
  end
end)
