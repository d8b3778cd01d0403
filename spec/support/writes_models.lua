-- The classes of the random statements (spec/support/writes.lua): what they have, and rows of them at random.
local corm = require "corm"
local database = require "spec.support.database"
local Column, Integer, String, relationship = corm.Column, corm.Integer, corm.String, corm.relationship

local models = { now = 0 } -- what defaults and onupdate of Lua give

local function id() return Column(Integer, { primary_key = true, autoincrement = false }) end
local function int() return Column(Integer) end
local function text() return Column(String(20)) end
local function now() return models.now end

-- Notes, which have all types and defaults, and columns of other names; pairs with a key of two columns and versions;
-- persons, engineers and chiefs in tables that are joined; items, books and films in one; shapes and circles in
-- tables of their own; logs and entries get their keys from the database. References have no constraint: a statement
-- may delete what others refer to.
function models.make()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  local function many(target, column, more)
    more = more or {}
    more.primaryjoin = function()
      return corm.remote(corm.foreign(m[target:lower()][column])):eq(m.note.id)
    end
    return relationship(target, more)
  end
  local function one(kind, column, back)
    return relationship("Note", { back_populates = back, primaryjoin = function()
      return corm.foreign(m[kind][column]):eq(corm.remote(m.note.id))
    end })
  end
  m.note = Base:model("Note", {
    __tablename__ = "note", id = Column("note_id", Integer, { primary_key = true, autoincrement = false }),
    code = Column("kode", String(20), { unique = true }), n = Column("num", Integer), m = int(),
    s = Column("words", String(20)), x = Column(corm.Float), flag = Column(corm.Boolean), day = Column(corm.Date),
    amount = Column(corm.Numeric(10, 2)), data = Column(corm.JSON), big = corm.deferred(text()),
    made = Column("made_at", Integer, { default = now }), stat = Column(Integer, { server_default = "7" }),
    touched = Column(Integer, { onupdate = now }),
    bumps = Column(Integer, { default = 0, onupdate = corm.literal_column "bumps + 1" }), parent_id = int(),
    parent = one("note", "parent_id", "children"),
    children = many("Note", "parent_id", { back_populates = "parent" }),
    pairs = many("Pair", "note_id", { back_populates = "note", cascade = "all, delete-orphan" }),
    people = many("Person", "note_id", { back_populates = "note" }),
    items = many("Item", "note_id", { back_populates = "note" }),
    books = many("Book", "note_id", { viewonly = true }),
  })
  m.pair = Base:model("Pair", {
    __tablename__ = "pair", a = id(), b = Column("second", Integer, { primary_key = true, autoincrement = false }),
    n = int(), s = text(), note_id = Column("of_note", Integer), version = Column(Integer, { nullable = false }),
    __mapper_args__ = { version_id_col = "version" },
    note = one("pair", "note_id", "pairs"),
  })
  m.person = Base:model("Person", {
    __tablename__ = "person", id = id(), kind = text(), n = int(), s = Column("call", String(20)), note_id = int(),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "person" },
    note = one("person", "note_id", "people"),
  })
  local function above(target)
    return Column(Integer, corm.ForeignKey(target, { ondelete = "CASCADE" }), { primary_key = true })
  end
  m.engineer = m.person:model("Engineer", {
    __tablename__ = "engineer", id = above "person.id", level = Column("lvl", Integer), grade = text(),
    __mapper_args__ = { polymorphic_identity = "engineer" },
  })
  m.chief = m.engineer:model("Chief", {
    __tablename__ = "chief", id = above "engineer.id", budget = int(),
    __mapper_args__ = { polymorphic_identity = "chief" },
  })
  m.item = Base:model("Item", {
    __tablename__ = "item", id = id(), kind = text(), n = int(), s = text(), note_id = int(),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "item" },
    note = one("item", "note_id", "items"),
  })
  m.book = m.item:model("Book", {
    pages = Column("leaves", Integer), __mapper_args__ = { polymorphic_identity = "book" },
  })
  m.film = m.item:model("Film", { minutes = int(), __mapper_args__ = { polymorphic_identity = "film" } })
  m.shape = Base:model("Shape", { __tablename__ = "shape", id = id(), n = int(), s = text() })
  m.circle = m.shape:model("Circle", {
    __tablename__ = "circle", id = id(), n = int(), s = text(), r = int(), __mapper_args__ = { concrete = true },
  })
  m.log = Base:model("Log", {
    __tablename__ = "log", id = Column(Integer, { primary_key = true }), kind = text(), tag = text(), n = int(),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "log" },
  })
  m.entry = m.log:model("Entry", {
    __tablename__ = "entry", id = above "log.id", m = int(), __mapper_args__ = { polymorphic_identity = "entry" },
  })
  return m
end

-- base: the class above; columns: its own attributes; below: tables that are joined.
local kinds = {
  note = { key = { "id" }, columns = { "id", "code", "n", "m", "s", "x", "flag", "day", "amount", "data", "big",
    "made", "stat", "touched", "bumps", "parent_id" } },
  pair = { key = { "a", "b" }, columns = { "a", "b", "n", "s", "note_id", "version" } },
  person = { key = { "id" }, columns = { "id", "kind", "n", "s", "note_id" } },
  engineer = { base = "person", joined = true, key = { "id" }, columns = { "level", "grade" } },
  chief = { base = "engineer", joined = true, key = { "id" }, columns = { "budget" } },
  item = { key = { "id" }, columns = { "id", "kind", "n", "s", "note_id" } },
  book = { base = "item", key = { "id" }, columns = { "pages" } },
  film = { base = "item", key = { "id" }, columns = { "minutes" } },
  shape = { key = { "id" }, columns = { "id", "n", "s" } },
  circle = { key = { "id" }, columns = { "id", "n", "s", "r" } },
  log = { key = { "id" }, columns = { "id", "kind", "tag", "n" } },
  entry = { base = "log", joined = true, key = { "id" }, columns = { "m" } },
}
models.kinds = kinds
models.order = { "note", "pair", "person", "engineer", "chief", "item", "book", "film", "shape", "circle",
  "log", "entry" }
models.types = { s = "text", code = "text", big = "text", grade = "text", kind = "text", tag = "text", x = "float",
  flag = "flag", day = "day", amount = "amount", data = "data" } -- integers else
models.fixed = { id = true, tag = true, a = true, b = true, kind = true, code = true, made = true, stat = true,
  touched = true, bumps = true, version = true } -- what no statement sets

-- What leads from a kind to another: by a column of its own, or by one of theirs.
models.relations = {
  note = {
    { name = "parent", kind = "note", own = "parent_id" }, { name = "children", kind = "note", theirs = "parent_id" },
    { name = "pairs", kind = "pair", theirs = "note_id" }, { name = "people", kind = "person", theirs = "note_id" },
    { name = "items", kind = "item", theirs = "note_id" },
    { name = "books", kind = "book", theirs = "note_id", viewonly = true },
  },
  pair = { { name = "note", kind = "note", own = "note_id" } },
  person = { { name = "note", kind = "note", own = "note_id" } },
  item = { { name = "note", kind = "note", own = "note_id" } },
}
models.relations.book, models.relations.film = models.relations.item, models.relations.item

function models.is_a(kind, wanted)
  while kind and kind ~= wanted do kind = kinds[kind].base end
  return kind == wanted
end

function models.root(kind)
  while kinds[kind].base do kind = kinds[kind].base end
  return kind
end

-- All attributes of a kind's columns, those of the classes above first.
function models.columns(kind)
  local list = {}
  while kind do
    local own = kinds[kind].columns
    table.move(list, 1, #list, #own + 1)
    table.move(own, 1, #own, 1, list)
    kind = kinds[kind].base
  end
  return list
end

-- Those that a statement about the class may name: of joined classes the columns of its own table.
function models.statement_columns(kind)
  if not kinds[kind].joined then return models.columns(kind) end
  local list = { "id" }
  return table.move(kinds[kind].columns, 1, #kinds[kind].columns, 2, list)
end

function models.key(kind, row)
  local parts = { models.root(kind) }
  for i, name in ipairs(kinds[kind].key) do parts[i + 1] = tostring(row[name]) end
  return table.concat(parts, " ")
end

function models.related(rows, row, relation)
  local found = {}
  for _, other in ipairs(rows) do
    if models.is_a(other.__kind, relation.kind) then
      local near, far = row[relation.own or "id"], other[relation.theirs or "id"]
      if near ~= nil and near == far then found[#found + 1] = other end
    end
  end
  return found
end

-- Values: a date, a decimal and a JSON value are texts in the plan.
function models.give(name, value)
  if value == nil then return corm.null end
  return models.types[name] == "data" and { k = value } or value
end

function models.take(name, value)
  local type = models.types[name]
  if value == nil or value == corm.null then return nil end
  if type == "data" then return value.k end
  if type == "day" or type == "amount" then return tostring(value) end
  return value
end

local makers = {
  int = function(random) return random(6) end,
  text = function(random) return ("abc"):sub(random(3)):sub(1, 1) .. random(2) end,
  float = function(random) return random(6) / 2 end,
  flag = function(random) return random(2) == 1 end,
  day = function(random) return "2024-01-0" .. random(4) end,
  amount = function(random) return ("%d.%d0"):format(random(3), random(2) * 2) end,
  data = function(random) return "j" .. random(3) end,
}

-- A value of the column, NULL one time out of five.
function models.value(random, name)
  if random(5) == 1 then return nil end
  return makers[models.types[name] or "int"](random)
end

-- The values that a new row is given; some are left out.
function models.new(random, kind, number, all)
  local row = {}
  for _, name in ipairs(models.columns(kind)) do
    if not models.fixed[name] and (all or random(4) > 1) then row[name] = { "lit", models.value(random, name) } end
  end
  if kind == "pair" then
    row.a, row.b = { "lit", number }, { "lit", number % 3 }
  elseif models.root(kind) == "log" then
    row.tag = { "lit", "t" .. number } -- by which its key is found
  else
    row.id = { "lit", number }
  end
  if kind == "note" then row.code = { "lit", "c" .. number } end
  return row
end

-- The row that an INSERT of these values makes. `said` by its literals.
function models.row(kind, said)
  local row = { __kind = kind }
  for name, term in pairs(said) do row[name] = term[2] end
  if kind == "note" then
    if not said.made then row.made = models.now end
    if not said.stat then row.stat = 7 end
    if not said.bumps then row.bumps = 0 end
  elseif kind == "pair" then
    row.version = 1
  elseif kind ~= "shape" and kind ~= "circle" then
    row.kind = kind
  end
  return row
end

-- Rows that are there from the beginning, as a list of { kind, number, values }.
function models.data(random)
  local list, number = {}, 0
  for i = 1, #models.order - 2 do
    local kind = models.order[i]
    for _ = 1, random(kind == "note" and 5 or 3) do
      number = kind == "note" and #list + 1 or number + 1
      list[#list + 1] = { kind = kind, values = models.new(random, kind, number, true) }
    end
  end
  return list
end

-- The columns of each table, as attribute names.
local tables = {
  { "note", "note" }, { "pair", "pair" }, { "person", "person" }, { "engineer", "engineer" }, { "chief", "chief" },
  { "item", "item", { "pages", "minutes" } }, { "shape", "shape" }, { "circle", "circle" },
  { "log", "log" }, { "entry", "entry" },
}

local function table_columns(kind, more)
  local list = { table.unpack(models.statement_columns(kind)) }
  for _, name in ipairs(more or {}) do list[#list + 1] = name end
  return list
end

-- Names that differ from those of the attributes.
local columns = {
  note = { id = "note_id", code = "kode", n = "num", s = "words", made = "made_at" },
  pair = { b = "second", note_id = "of_note" }, person = { s = "call" }, engineer = { level = "lvl" },
  item = { pages = "leaves" }, book = { pages = "leaves" },
}

function models.column_key(kind, name) return columns[kind] and columns[kind][name] or name end

local function attribute(m, name, kind) return m[kind].__table__.c[models.column_key(kind, name)] end

function models.write(connection, m, rows)
  for _, each in ipairs(tables) do
    for _, row in ipairs(rows) do
      if models.is_a(row.__kind, each[2]) then
        local values = {}
        for _, name in ipairs(table_columns(each[2], each[3])) do
          local column = attribute(m, name, each[2])
          values[column] = models.give(name, row[name])
        end
        connection:execute(corm.insert(m[each[2]].__table__):values(values))
      end
    end
  end
end

-- Tells rows the keys that the database has made.
function models.learn(connection, m, rows)
  local ids = {}
  local logs = m.log.__table__
  for row in connection:execute(corm.select(logs.c.tag, logs.c.id)) do ids[row.tag] = row.id end
  for _, row in ipairs(rows) do
    if row.tag then row.id = row.id or ids[row.tag] end
  end
end

-- What the tables have: a text for each row, by table.
function models.stored(connection, m)
  local all = {}
  for _, each in ipairs(tables) do
    local names = table_columns(each[2], each[3])
    local selected, list = {}, {}
    for i, name in ipairs(names) do selected[i] = attribute(m, name, each[2]) end
    for row in connection:execute(corm.select(table.unpack(selected))) do
      local parts = {}
      for i, name in ipairs(names) do parts[i] = name .. "=" .. tostring(models.take(name, row[i])) end
      list[#list + 1] = table.concat(parts, " ")
    end
    table.sort(list)
    all[each[2]] = list
  end
  return all
end

-- The same of the rows in Lua.
function models.expected(rows)
  local all = {}
  for _, each in ipairs(tables) do
    local names, list = table_columns(each[2], each[3]), {}
    for _, row in ipairs(rows) do
      if models.is_a(row.__kind, each[2]) then
        local parts = {}
        for i, name in ipairs(names) do parts[i] = name .. "=" .. tostring(row[name]) end
        list[#list + 1] = table.concat(parts, " ")
      end
    end
    table.sort(list)
    all[each[2]] = list
  end
  return all
end

models.tables = { "note", "pair", "person", "engineer", "chief", "item", "shape", "circle", "log", "entry" }
-- An UPDATE of a table with a subquery of it: SQLite 3.40 looks at rows that it has changed already.
models.may_ask_itself = database.name == "postgresql"

return models
