-- Types: what a Lua value becomes in the database, and what comes back.
local corm = require "corm"
local Column = corm.Column

local Base = corm.declarative_base()

local Sample = Base:model("Sample", {
  __tablename__ = "sample",
  id       = Column(corm.Integer, { primary_key = true }),
  count    = Column(corm.BigInteger),
  name     = Column(corm.String(40)),
  active   = Column(corm.Boolean),
  weight   = Column(corm.Float),
  price    = Column(corm.Numeric(10, 2)),
  born     = Column(corm.Date),
  wakes    = Column(corm.Time),
  seen     = Column(corm.DateTime),
  lasts    = Column(corm.Interval),
  bytes    = Column(corm.LargeBinary),
  state    = Column(corm.Enum("draft", "published")),
  settings = Column(corm.JSON),
  token    = Column(corm.Uuid),
})

local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)
local Session = corm.sessionmaker { bind = engine }

local given = {
  count    = math.maxinteger,
  name     = "Žofie",
  active   = false,
  weight   = 0.1,
  price    = corm.decimal "12.30",
  born     = corm.date(1984, 2, 29),
  wakes    = corm.time(6, 30, 0),
  seen     = corm.datetime(2026, 11, 22, 17, 5, 0, 250000),
  lasts    = corm.timedelta { days = 1, hours = 2 },
  bytes    = "\0\1\255",
  state    = "draft",
  settings = { theme = "dark", sizes = { 1, 2, 3 }, nothing = corm.null, empty = corm.array {} },
  token    = corm.uuid "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
}

Session():begin(function(session) session:add(Sample(given)) end)

local session = Session()
local sample = session:get(Sample, 1)
local order = {}
for name in pairs(given) do order[#order + 1] = name end
table.sort(order)
for _, name in ipairs(order) do
  if name ~= "settings" and name ~= "bytes" then print(("%-7s %s"):format(name, sample[name])) end
  assert(name == "settings" or sample[name] == given[name], name)
end
assert(math.type(sample.count) == "integer" and math.type(sample.weight) == "float")
assert(sample.settings.theme == "dark" and sample.settings.sizes[3] == 3)
assert(sample.settings.nothing == corm.null and #sample.settings.empty == 0)

-- They are values: they can be compared and calculated with, and are never changed.
assert(sample.price + corm.decimal "0.70" == corm.decimal "13.00")
assert(sample.born < corm.date(1984, 3, 1) and sample.born + corm.timedelta { days = 1 } == corm.date(1984, 3, 1))
assert(sample.seen - corm.datetime(2026, 11, 22) == corm.timedelta { hours = 17, minutes = 5, microseconds = 250000 })
print("a day later: " .. tostring(sample.born + corm.timedelta { days = 1 }))

-- ISO text is taken where a date is expected; NULL is nil.
sample.born = "2000-12-31"
sample.name = nil
session:commit()
assert(sample.born == corm.date(2000, 12, 31) and sample.name == nil)

-- How SQLite has them.
local stored = session:execute(corm.text("SELECT typeof(active) AS active, typeof(bytes) AS bytes, seen FROM sample"))
local row = stored:one()
print("stored: active as " .. row.active .. ", bytes as " .. row.bytes .. ", seen as " .. row.seen)
assert(row.active == "integer" and row.bytes == "blob" and row.seen == "2026-11-22 17:05:00.250000")

-- A value of the wrong type is refused at once, not when it is too late.
for name, wrong in pairs { count = 1.5, born = "soon", state = "lost", weight = print } do
  local ok, err = pcall(function() sample[name] = wrong end)
  assert(not ok and err.class, name)
end
assert(#session.dirty == 0)
session:close()
