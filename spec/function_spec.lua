-- Functions with their types, functions in FROM, CASE, CAST and EXTRACT, on rows; and what is refused.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local results = require "spec.support.rows"

local func, select = corm.func, corm.select

local rows, column = results.of, results.column

describe("functions", function()
  local engine, connection, note, t

  before_each(function()
    local metadata = corm.MetaData()
    note = corm.Table("note", metadata,
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("name", corm.String(20)),
      corm.Column("tags", corm.Text),
      corm.Column("made", corm.DateTime),
      corm.Column("done", corm.Boolean))
    t = note.c
    engine = database.engine()
    metadata:create_all(engine)
    connection = engine:connect()
    connection:execute(corm.insert(note):values {
      { id = 1, name = "ann", tags = '["a", "b"]', made = corm.datetime(2026, 5, 17, 13, 45, 59), done = true },
      { id = 2, name = "", tags = '["c"]', made = corm.datetime(2024, 2, 29, 0, 1, 2), done = false },
      { id = 3, name = "bob", tags = "[]", made = corm.datetime(1999, 12, 31, 23, 59, 59), done = corm.null },
    })
  end)

  after_each(function()
    connection:close()
    engine:dispose()
    database.clean()
  end)

  it("give values of their types", function()
    assert.equal(2026, connection:scalar(select(func.max(t.made))).year)
    assert.equal(3, connection:scalar(select(func.count(t.id))))
    assert.is_true(connection:scalar(select(func.coalesce(t.done, true)):where(t.id:eq(1))))
    assert.is_truthy(connection:scalar(select(func.current_date())).year >= 2026)
    assert.is_truthy(connection:scalar(select(func.now())).year >= 2026)
    assert.same({ "ANN", "", "BOB" }, column(connection, select(func.upper(t.name)):order_by(t.id)))
    assert.same({ 3, 0, 3 }, column(connection, select(func.char_length(t.name)):order_by(t.id)))
    assert.same({ "ann", "none", "bob" },
      column(connection, select(func.coalesce(func.nullif(t.name, ""), "none")):order_by(t.id)))
  end)

  it("have room for the values of all arguments", function()
    local missing = corm.type_coerce(corm.null, corm.Integer)
    assert.equal(0.5, connection:scalar(select(func.coalesce(func.nullif(t.id, 1), 0.5)):where(t.id:eq(1))))
    assert.equal("float", math.type(connection:scalar(select(func.coalesce(t.id, 0.5)):where(t.id:eq(2)))))
    assert.equal(corm.decimal "1.25", connection:scalar(select(func.coalesce(missing, corm.decimal "1.25"))))
    local half = corm.case({ t.id:eq(1), 0.5 }, { t.id:eq(2), 7 }, { else_ = t.id })
    assert.same({ 0.5, 7.0, 3.0 }, column(connection, select(half):order_by(t.id)))
    local other = corm.case({ t.id:eq(1), t.id }, { else_ = 0.5 })
    assert.same({ 1.0, 0.5, 0.5 }, column(connection, select(other):order_by(t.id)))
    local day = func.coalesce(corm.type_coerce(corm.null, corm.Date), t.made)
    assert.equal(13, connection:scalar(select(day):where(t.id:eq(1))).hour)
  end)

  it("have a type that is said, or registered", function()
    local loudly = corm.GenericFunction { name = "upper", type = corm.String, package = "spec_loud",
      identifier = "shout" }
    assert.equal("ANN!", connection:scalar(select(loudly(t.name) .. "!"):where(t.id:eq(1))))
    assert.equal("BOB!", connection:scalar(select(func.spec_loud.SHOUT(t.name) .. "!"):where(t.id:eq(3))))
    local made = func.min(t.made, { type_ = corm.DateTime })
    assert.equal("1999-12-31 23:59:59", tostring(connection:scalar(select(made))))
  end)

  it("tell cases apart", function()
    local kind = corm.case({ t.name:eq(""), "nobody" }, { t.id:gt(2), t.name }, { else_ = "first" })
    assert.same({ "first", "nobody", "bob" }, column(connection, select(kind):order_by(t.id)))
    local number = corm.case({ 1, "one" }, { 2, "two" }, { value = t.id, else_ = "many" })
    assert.same({ "one", "two", "many" }, column(connection, select(number):order_by(t.id)))
    local one = corm.case({ 1, 10 }, { value = t.id })
    assert.same({ { 10 }, { nil }, { nil } }, rows(connection, select(one):order_by(t.id)))
    assert.same({ 1 }, column(connection, select(t.id):where(corm.case({ t.done, true }, { else_ = false }))))
    assert.equal(1, connection:scalar(select(func.sum(corm.case({ t.done:is_(true), 1 }, { else_ = 0 })))))
  end)

  it("cast, and coerce for Lua's side only", function()
    assert.equal(5, connection:scalar(select(corm.cast("5", corm.Integer) + 0)))
    assert.equal("3", connection:scalar(select(corm.cast(t.id, corm.String(10))):where(t.id:eq(3))))
    assert.is_nil(connection:scalar(select(corm.cast(corm.null, corm.Integer))))
    assert.same({ "a", "b" }, connection:scalar(select(corm.type_coerce(t.tags, corm.JSON)):where(t.id:eq(1))))
    assert.same({ 2 }, column(connection, select(t.id):where(t.tags:eq(corm.type_coerce('["c"]', corm.Text)))))
  end)

  it("take parts of dates", function()
    for field, parts in pairs {
      year = { 2026, 2024, 1999 }, month = { 5, 2, 12 }, day = { 17, 29, 31 }, hour = { 13, 0, 23 },
      minute = { 45, 1, 59 }, second = { 59, 2, 59 },
    } do
      assert.same(parts, column(connection, select(corm.extract(field, t.made):cast(corm.Integer)):order_by(t.id)))
    end
    assert.same({ 2 }, column(connection, select(t.id):where(corm.extract("year", t.made):eq(2024))))
  end)

  database.only("sqlite", "postgresql", function()
    it("take seconds with their fraction where the database gives it", function()
      local made = corm.literal(corm.datetime(2021, 12, 31, 23, 59, 59, 250000), corm.DateTime)
      local second = connection:scalar(select(corm.extract("second", made)))
      assert.equal(database.name == "sqlite" and "59" or "59.250000", tostring(second))
      assert.equal("8", (tostring(connection:scalar(select(corm.extract("second", made) // 7))):gsub("%.0*$", "")))
      assert.equal(2021, connection:scalar(select(corm.extract("year", made))))
    end)

    it("take the day of the week and of the year", function()
      assert.same({ 0, 4, 5 },
        column(connection, select(corm.extract("dow", t.made):cast(corm.Integer)):order_by(t.id)))
      assert.same({ 137, 60, 365 },
        column(connection, select(corm.extract("doy", t.made):cast(corm.Integer)):order_by(t.id)))
    end)
  end)

  database.only("sqlite", function()
    it("stand in FROM on SQLite", function()
      local tag = func.json_each(t.tags):table_valued("key", corm.column("value", corm.String), { name = "tag" })
      local stmt = select(t.id, tag.c.key, tag.c.value):order_by(t.id, tag.c.key)
      assert.same({ { 1, 0, "a" }, { 1, 1, "b" }, { 2, 0, "c" } }, rows(connection, stmt))
      assert.same({ { 1, "a" }, { 1, "b" }, { 2, "c" }, { 3, nil } },
        rows(connection, select(t.id, tag.c.value):outerjoin_from(note, tag, corm.true_()):order_by(t.id, tag.c.key)))
      local three = func.json_each("[1, 2, 3]"):table_valued("value")
      assert.equal(6, connection:scalar(select(func.sum(three.c.value))))
      for row in connection:execute(select(three):where(three.c.value:gt(2))) do assert.equal(3, row.value) end
    end)
  end)

  database.only("postgresql", function()
    it("stand in FROM on PostgreSQL", function()
      local n = func.generate_series(1, 3):column_valued("n")
      assert.same({ 2, 3, 4 }, column(connection, select(n + 1):order_by(n)))
      local letters = func.unnest(corm.literal({ "x", "y" }, corm.ARRAY(corm.Text)))
        :table_valued(corm.column("letter", corm.Text), { with_ordinality = "place" }):render_derived()
      assert.same({ { "x", 1 }, { "y", 2 } }, rows(connection, select(letters):order_by(letters.c.place)))
      local JSONB = corm.dialects.postgresql.JSONB
      local records = func.jsonb_to_recordset(corm.literal({ { a = 1, b = "p" }, { a = 2 } }, JSONB))
        :table_valued(corm.column("a", corm.Integer), corm.column("b", corm.Text)):render_derived { with_types = true }
      assert.same({ { 1, "p" }, { 2, nil } }, rows(connection, select(records):order_by(records.c.a)))
      local tag = func.jsonb_array_elements_text(t.tags:cast(JSONB)):alias("tag")
      assert.same({ { 1, "a" }, { 1, "b" }, { 2, "c" } },
        rows(connection, select(t.id, tag.column):order_by(t.id, tag.column)))
      local pair = func.jsonb_each_text(corm.literal({ k = "v" }, JSONB))
      assert.equal("v!", connection:scalar(select(pair:scalar_table_valued("value", corm.Text) .. "!")))
    end)

    it("make arrays", function()
      assert.same({ 1, 2, 3 }, connection:scalar(select(func.array_agg(t.id):aggregate_order_by(t.id))))
    end)
  end)

  it("are executed by themselves", function()
    assert.equal("X", connection:scalar(func.upper("x")))
  end)

  it("take very many arguments", function()
    local many = {}
    for i = 1, 90 do many[i] = i end
    assert.equal(1, connection:scalar(func.coalesce(table.unpack(many))))
    for i = 1, 20000 do many[i] = t.name end
    assert.equal(19999, _G.select(2, tostring(func.concat(table.unpack(many))):gsub(",", "")))
  end)
end)

describe("functions that are wrong", function()
  local a = corm.column("a", corm.Integer)

  it("are refused when they are made", function()
    raises("ArgumentError", "name the function", function() func() end)
    raises("ArgumentError", "f: ", function() func.f({}, 1) end)
    raises("ArgumentError", "f: ", function() func.f(print) end)
    raises("ArgumentError", "did you mean 'type_'", function() func.f(1, { type = corm.Integer }) end)
    raises("IdentifierError", "function", function() return func["a\0b"] end)
    raises("ArgumentError", "GenericFunction: the name", function() corm.GenericFunction { type = corm.Integer } end)
    raises("ArgumentError", "GenericFunction: { name", function() corm.GenericFunction("f") end)
    raises("ArgumentError", "did you mean 'package'",
      function() corm.GenericFunction { name = "f", packages = "x" } end)
    raises("ArgumentError", "a type such as", function() corm.GenericFunction { name = "f", type = 5 } end)
    raises("ArgumentError", "table_valued: a function", function() corm.case({ a:eq(1), 1 }):table_valued("x") end)
    raises("ArgumentError", "at least one column", function() func.f():table_valued() end)
    raises("ArgumentError", "at least one column", function() func.f():table_valued { name = "x" } end)
    raises("ArgumentError", "the name of a column or corm.column", function() func.f():table_valued(5) end)
    raises("ArgumentError", "unknown option 'ordinality' of table_valued",
      function() func.f():table_valued("a", { ordinality = "o" }) end)
    raises("IdentifierError", "table_valued", function() func.f():table_valued("") end)
    raises("ArgumentError", "render_derived: a function in FROM",
      function() select(a):subquery():render_derived() end)
    raises("ArgumentError", "did you mean 'value'",
      function() return func.f():table_valued("value").c.valeu end)
    raises("ArgumentError", "scalar_table_valued: the name", function() func.f():scalar_table_valued() end)
    raises("ArgumentError", "as_comparison: the places", function() func.f(1, 2):as_comparison(1, 3) end)
    raises("ArgumentError", "as_comparison: the places", function() func.f(1, 2):as_comparison(0, 1) end)
    raises("ArgumentError", "as_comparison: a function", function() a:eq(1):as_comparison(1, 2) end)
    raises("ArgumentError", "case: at least one", function() corm.case() end)
    raises("ArgumentError", "case: { condition, result } expected", function() corm.case({ a:eq(1) }) end)
    raises("ArgumentError", "case: a condition expected", function() corm.case({ a == 1, 2 }) end)
    raises("ArgumentError", "did you mean 'else_'", function() corm.case({ a:eq(1), 2 }, { else__ = 2 }) end)
    raises("ArgumentError", "unknown type 'INTEGER' of cast", function() corm.cast(a, "INTEGER") end)
    raises("ArgumentError", "type_coerce: ", function() corm.type_coerce(a) end)
    raises("ArgumentError", "unknown field 'yaer' of extract; did you mean 'year'",
      function() corm.extract("yaer", a) end)
  end)

  it("are refused when they are compiled", function()
    raises("CompileError", "sqlite has no field 'quarter' of extract()",
      function() corm.extract("quarter", a):compile { dialect = "sqlite" } end)
    raises("CompileError", "mysql has no field 'dow' of extract()",
      function() corm.extract("dow", a):compile { dialect = "mysql" } end)
    raises("CompileError", "postgresql has no TRY_CAST",
      function() corm.try_cast(a, corm.Integer):compile { dialect = "postgresql" } end)
    raises("CompileError", "select its .column", function() return select(func.f():alias("x")):compile() end)
  end)
end)
