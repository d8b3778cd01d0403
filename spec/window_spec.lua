-- Windows and what stands behind aggregates, on rows; and what is refused before anything is sent.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local results = require "spec.support.rows"

local func, select, null = corm.func, corm.select, corm.null

local rows, column = results.of, results.column

describe("windows and aggregates", function()
  local engine, connection, t, pay

  before_each(function()
    local metadata = corm.MetaData()
    pay = corm.Table("pay", metadata,
      corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("who", corm.String(10)),
      corm.Column("day", corm.Date),
      corm.Column("amount", corm.Integer))
    t = pay.c
    engine = database.engine()
    metadata:create_all(engine)
    connection = engine:connect()
    connection:execute(corm.insert(pay):values {
      { id = 1, who = "ann", day = corm.date(2026, 1, 1), amount = 10 },
      { id = 2, who = "ann", day = corm.date(2026, 1, 3), amount = 20 },
      { id = 3, who = "bob", day = corm.date(2026, 1, 4), amount = 20 },
      { id = 4, who = "bob", day = corm.date(2026, 1, 9), amount = 40 },
      { id = 5, who = "bob", day = corm.date(2026, 1, 10), amount = 50 },
    })
  end)

  after_each(function()
    connection:close()
    engine:dispose()
    database.clean()
  end)

  local function sums(options)
    options.order_by = options.order_by or t.id
    return column(connection, select(func.coalesce(func.sum(t.amount):over(options), 0)):order_by(t.id))
  end

  it("number, rank and look at neighbours", function()
    local stmt = select(t.id, func.row_number():over { partition_by = t.who, order_by = t.id:desc() },
      func.rank():over { order_by = t.amount }, func.dense_rank():over { order_by = t.amount },
      func.coalesce(func.lag(t.amount, 1):over { order_by = t.id }, 0)):order_by(t.id)
    assert.same({ { 1, 2, 1, 1, 0 }, { 2, 1, 2, 2, 10 }, { 3, 3, 2, 2, 20 }, { 4, 2, 4, 3, 20 }, { 5, 1, 5, 4, 40 } },
      rows(connection, stmt))
  end)

  it("have frames of rows", function()
    assert.same({ 10, 30, 50, 80, 110 }, sums { rows = { -2, 0 } })
    assert.same({ 30, 50, 80, 110, 90 }, sums { rows = { -1, 1 } })
    assert.same({ 10, 30, 50, 90, 140 }, sums { rows = { null, 0 } })
    assert.same({ 140, 130, 110, 90, 50 }, sums { rows = { 0, null } })
    assert.same({ 40, 60, 90, 50, 0 }, sums { rows = { 1, 2 } })
    assert.same({ 0, 10, 30, 40, 60 }, sums { rows = { -2, -1 } })
    assert.same({ 140, 140, 140, 140, 140 }, sums { rows = { null, null } })
  end)

  it("have frames of values", function()
    assert.same({ 50, 40, 40, 90, 50 }, sums { order_by = t.amount, range_ = { 0, 10 } })
    assert.same({ 10, 50, 50, 90, 140 }, sums { order_by = t.amount, range_ = { null, 0 } })
    assert.same({ 10, 30, 50, 90, 140 }, sums {
      rows = corm.FrameClause(nil, nil, corm.FrameClauseType.UNBOUNDED, corm.FrameClauseType.CURRENT),
    })
  end)

  it("have partitions of their own", function()
    local share = func.sum(t.amount):over { partition_by = t.who } - t.amount
    assert.same({ 20, 10, 90, 70, 60 }, column(connection, select(share):order_by(t.id)))
    local total = func.sum(func.count()):over { order_by = t.who }
    assert.same({ { "ann", 2, 2 }, { "bob", 3, 5 } },
      rows(connection, select(t.who, func.count(), total):group_by(t.who):order_by(t.who)))
  end)

  it("are filtered by a select around them", function()
    local last = func.row_number():over { partition_by = t.who, order_by = t.id:desc() }:label("n")
    local numbered = select(t.id, last):subquery()
    assert.same({ 2, 5 }, column(connection, select(numbered.c.id):where(numbered.c.n:eq(1)):order_by(numbered.c.id)))
  end)

  database.needs("frames_of_groups", function()
    it("have frames of groups, and leave rows out", function()
      assert.same({ 50, 90, 90, 130, 90 }, sums { order_by = t.amount, groups = { -1, 1 } })
      assert.same({ 20, 30, 60, 70, 40 }, sums { rows = { -1, 1 }, exclude = "CURRENT ROW" })
      assert.same({ 130, 120, 120, 100, 90 }, sums { rows = { null, null }, exclude = "CURRENT ROW" })
      assert.same({ 130, 100, 100, 100, 90 }, sums { order_by = t.amount, rows = { null, null }, exclude = "GROUP" })
    end)
  end)

  database.needs("filter_of_aggregates", function()
    it("count what a condition picks", function()
      local count = func.count():filter(t.amount:gt(15), t.who:eq("bob"))
      assert.same({ { 5, 3 } }, rows(connection, select(func.count(), count)))
      assert.same({ 0, 1, 1, 2, 3 }, column(connection,
        select(func.count(t.id):filter(t.amount:ne(10), t.amount:ne(20) | t.id:eq(2)):over { order_by = t.id })
        :order_by(t.id)))
    end)
  end)

  database.needs("ordered_sets", function()
    it("take the middle of a group", function()
      local median = func.percentile_cont(0.5):within_group(t.amount)
      local stmt = select(t.who, median, func.percentile_disc(0.5):within_group(t.amount:desc()),
        func.mode():within_group(t.amount):filter(t.id:gt(1))):group_by(t.who):order_by(t.who)
      assert.same({ { "ann", 15.0, 20, 20 }, { "bob", 40.0, 40, 20 } }, rows(connection, stmt))
    end)
  end)

  database.only("mariadb", function()
    it("take the middle of a group as a window", function()
      local median = func.percentile_cont(0.5):within_group(t.amount):over { partition_by = t.who }
      local middles = {}
      for _, row in ipairs(rows(connection, select(median:cast(corm.Numeric(10, 1))):order_by(t.id))) do
        middles[#middles + 1] = tostring(row[1])
      end
      assert.same({ "15.0", "15.0", "40.0", "40.0", "40.0" }, middles)
    end)
  end)

  it("join strings", function()
    local stmt = select(t.who, func.aggregate_strings(t.who, "', ")):where(t.who:eq("ann")):group_by(t.who)
    assert.same({ { "ann", "ann', ann" } }, rows(connection, stmt))
  end)

  database.needs("order_in_aggregates", function()
    it("join strings in an order", function()
      local stmt = select(func.aggregate_strings(t.who, "-"):aggregate_order_by(t.amount:desc(), t.id))
      assert.equal("bob-bob-ann-bob-ann", connection:scalar(stmt))
    end)
  end)

  database.only("postgresql", function()
    it("make arrays in an order", function()
      local ordered = corm.dialects.postgresql.aggregate_order_by
      assert.same({ 5, 4, 3, 2, 1 }, connection:scalar(select(func.array_agg(t.id):aggregate_order_by(t.id:desc()))))
      assert.same({ 2, 1 }, connection:scalar(
        select(func.array_agg(ordered(t.id, t.amount:desc())):filter(t.who:eq("ann")))))
      assert.equal("50/40/20/20/10", connection:scalar(
        select(func.string_agg(t.amount:cast(corm.Text), ordered("/", t.amount:desc(), t.id)))))
    end)

    it("group several ways at once", function()
      local sets = func.grouping_sets(t.who, corm.tuple_())
      local stmt = select(t.who, func.sum(t.amount)):group_by(sets):order_by(t.who:nulls_last())
      assert.same({ { "ann", 30 }, { "bob", 110 }, { nil, 140 } }, rows(connection, stmt))
      assert.same({ { "ann", 30 }, { "bob", 110 }, { nil, 140 } }, rows(connection,
        select(t.who, func.sum(t.amount)):group_by(func.cube(t.who)):order_by(t.who:nulls_last())))
    end)

    it("have frames of time", function()
      local kind = corm.FrameClauseType
      local week = corm.FrameClause(corm.timedelta { days = 7 }, nil, kind.PRECEDING, kind.CURRENT)
      assert.same({ 10, 30, 50, 80, 130 }, sums { order_by = t.day, range_ = week })
    end)
  end)

  database.only("postgresql", "mariadb", function()
    it("group by a rollup", function()
      local stmt = select(t.who, func.sum(t.amount)):group_by(func.rollup(t.who))
      local found = {}
      for _, row in ipairs(rows(connection, stmt)) do found[row[1] or "all"] = row[2] end
      assert.same({ ann = 30, bob = 110, all = 140 }, found)
    end)
  end)
end)

describe("windows and aggregates that are wrong", function()
  local a = corm.column("a", corm.Integer)
  local sum = func.sum(a)

  it("are refused when they are made", function()
    raises("ArgumentError", "over: a function", function() corm.over(a) end)
    raises("ArgumentError", "over: a function", function() corm.over(sum + 1) end)
    raises("ArgumentError", "only one of rows, range_ and groups",
      function() sum:over { rows = { 0, 1 }, range_ = { 0, 1 } } end)
    raises("ArgumentError", "rows: { from, to } expected", function() sum:over { rows = { 1 } } end)
    raises("ArgumentError", "rows: { from, to } expected", function() sum:over { rows = { nil, 0 } } end)
    raises("ArgumentError", "rows must be { from, to }", function() sum:over { rows = { 1, 2, 3 } } end)
    raises("ArgumentError", "rows must be { from, to } or a FrameClause, got integer",
      function() sum:over { rows = 5 } end)
    raises("ArgumentError", "a bound is a whole number", function() sum:over { rows = { 1.5, 2 } } end)
    raises("ArgumentError", "a bound is a whole number", function() sum:over { rows = { "1", 2 } } end)
    raises("ArgumentError", "a bound is a whole number", function() sum:over { rows = { math.mininteger, 2 } } end)
    raises("ArgumentError", "ends before it begins", function() sum:over { rows = { 5, -5 } } end)
    raises("ArgumentError", "ends before it begins", function() sum:over { range_ = { 0, -1 } } end)
    raises("ArgumentError", "exclude needs a frame", function() sum:over { exclude = "TIES" } end)
    raises("ArgumentError", "unknown exclusion 'TIE' of over; did you mean 'TIES'",
      function() sum:over { rows = { 0, 1 }, exclude = "TIE" } end)
    raises("ArgumentError", "did you mean 'order_by'", function() sum:over { orderby = a } end)
    raises("ArgumentError", "raw SQL is written corm.text", function() sum:over { order_by = "a" } end)
    raises("ArgumentError", "order_by", function() sum:over { order_by = { a, 5 } } end)
    raises("ArgumentError", "filter: a condition expected", function() sum:filter(a == 5) end)
    raises("ArgumentError", "filter: a condition expected", function() sum:filter("a > 5") end)
    raises("ArgumentError", "filter: a function", function() corm.funcfilter(a, a:gt(1)) end)
    raises("ArgumentError", "within_group: what to order by", function() func.mode():within_group() end)
    raises("ArgumentError", "aggregate_order_by: what to order by", function() sum:aggregate_order_by() end)
    raises("ArgumentError", "an aggregate such as", function() sum:filter(a:gt(1)):aggregate_order_by(a) end)
    raises("ArgumentError", "PRECEDING and FOLLOWING have a distance",
      function() corm.FrameClause(nil, nil, "PRECEDING", "CURRENT") end)
    raises("ArgumentError", "PRECEDING and FOLLOWING have a distance",
      function() corm.FrameClause(1, nil, "CURRENT", "CURRENT") end)
    raises("ArgumentError", "did you mean 'FOLLOWING'", function() corm.FrameClause(1, 1, "CURRENT", "FOLOWING") end)
    raises("ArgumentError", "a frame", function()
      return corm.FrameClause(1, 1, "PRECEDING", "FOLLOWING"):label("x")
    end)
  end)

  it("are refused when they are compiled", function()
    for _, dialect in ipairs { "sqlite", "postgresql", "mysql", "mariadb" } do
      raises("CompileError", "the aggregate max() stands inside",
        function() func.sum(func.max(a)):compile { dialect = dialect } end)
      raises("CompileError", "the aggregate count() stands inside",
        function() select(func.avg(func.coalesce(func.count(a), 0) + 1)):compile { dialect = dialect } end)
    end
    assert.equal("sum(max(a))", tostring(func.sum(func.max(a)))) -- shown text never fails
    raises("CompileError", "mysql has no FILTER", function() sum:filter(a:gt(1)):compile { dialect = "mysql" } end)
    raises("CompileError", "sqlite has no WITHIN GROUP",
      function() func.mode():within_group(a):compile { dialect = "sqlite" } end)
    raises("CompileError", "mariadb has no WITHIN GROUP without OVER",
      function() func.mode():within_group(a):compile { dialect = "mariadb" } end)
    raises("CompileError", "sqlite has no CUBE", function() func.cube(a):compile { dialect = "sqlite" } end)
  end)

  it("are not what only looks like it", function()
    for _, x in ipairs {
      func.sum(select(func.max(a)):scalar_subquery()), func.sum(func.max(a)):over(), func.max(func.min(a, 1)),
      func.pkg.sum(func.max(a)), func.sum(a) + func.max(a), func.abs(func.max(a)),
    } do
      assert.is_string(x:compile { dialect = "sqlite" }.string)
    end
  end)
end)
