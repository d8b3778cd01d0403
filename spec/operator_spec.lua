-- Operators, executed: what they mean, and of which type their results are.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local select, Column, func = corm.select, corm.Column, corm.func

describe("an operator", function()
  local conn, t, c

  before_each(function()
    local engine = database.engine()
    local metadata = corm.MetaData()
    t = corm.Table("t", metadata, Column("id", corm.Integer, { primary_key = true }), Column("n", corm.Integer),
      Column("m", corm.Integer), Column("price", corm.Numeric(10, 2)), Column("f", corm.Double),
      Column("s", corm.String(30)), Column("ok", corm.Boolean), Column("d", corm.Date), Column("at", corm.DateTime))
    metadata:create_all(engine)
    c = t.c
    conn = engine:connect()
    conn:execute(corm.insert(t), {
      { id = 1, n = 7, m = 2, price = "2.50", f = 0.5, s = "Ann", ok = true, d = corm.date(2026, 3, 1),
        at = corm.datetime(2026, 3, 1, 12) },
      { id = 2, n = -7, m = 2, price = "10", f = 4, s = "50% off_/x", ok = false, d = corm.date(2026, 1, 31),
        at = corm.datetime(2026, 1, 31) },
    })
    conn:execute(corm.insert(t), { id = 3, s = "bob" })
  end)

  local function of(id, x) return conn:scalar(select(x):where(c.id:eq(id))) end

  local function ids(condition)
    local found = {}
    for row in conn:execute(select(c.id):where(condition):order_by(c.id)) do found[#found + 1] = row.id end
    return found
  end

  it("divides truly, and gives a float of integers", function()
    assert.equal(3.5, of(1, c.n / c.m))
    assert.equal("float", math.type(of(1, c.n / c.m)))
    assert.equal(3.5, of(1, c.n / 2))
    assert.equal(0.1, of(1, 1 / (c.m * 5)))
    assert.equal(14.0, of(1, c.n / c.f))
    assert.equal(-3.5, of(2, c.n / c.m))
  end)

  it("gives decimals all their digits", function()
    local function is(text, x) assert.equal(corm.decimal(text), of(1, x)) end
    is("6.25", c.price * c.price)
    is("15.625", c.price * c.price * c.price)
    is("0.8325", c.price * corm.decimal "0.333")
    is("2.501", c.price + corm.decimal "0.001")
    is("2.495", corm.decimal "4.995" - c.price)
    is("0.3125", c.price * 0.125)
    is("0.625", c.price / 4)
    is("20", c.price / corm.decimal "0.125")
    is("1000", c.price / (corm.decimal "0.05" * corm.cast(0.05, corm.Numeric(10, 2))))
    is("0.50", c.price % 2)
    is("0.25", (c.price * c.price) % 1)
    assert.equal("5.00", tostring(of(1, c.price * 2)))
    assert.equal("9.50", tostring(of(1, c.price + c.n)))
    assert.equal("2.50", tostring(of(1, c.price + corm.decimal "0.1" - corm.decimal "0.1")))
  end)

  it("compares computed integers and dates with what lies between them, or beyond", function()
    assert.same({ 1 }, ids((c.n + 0):gt(1.5)))
    assert.same({ 1 }, ids((c.n + 0):gt(corm.decimal "6.5")))
    assert.same({ 2 }, ids((c.n + 0):between(-7.5, 6.5)))
    assert.same({ 1 }, ids((c.n + 0):in_ { 7, 7.5, corm.decimal "0.25" }))
    assert.same({ 1 }, ids(corm.tuple_(c.n + 0, c.s):in_ { { 7, "Ann" }, { 7.5, "Ann" } }))
    assert.same({}, ids((c.n + 0):eq(7.5)))
    assert.same({ 1, 2 }, ids(c.n:lt(2 ^ 40 // 1 | 0)))
    for _, value in ipairs { 1.5, corm.decimal "6.5" } do -- the index of a column would be of no use
      raises("DataError", "t.n", ids, c.n:gt(value))
      raises("DataError", "t.n", ids, c.n:in_ { 7, value })
      raises("DataError", "t.n", ids, corm.tuple_(c.n, c.s):in_ { { value, "Ann" } })
    end
    assert.same({ 2 }, ids(c.d:lt(corm.datetime(2026, 3, 1, 0))))
    assert.same({ 1, 2 }, ids(c.d:lt(corm.datetime(2026, 3, 1, 1))))
    raises("DataError", "is not an integer", ids, c.n:eq("7"))
  end)

  it("makes text of what it puts together", function()
    assert.equal("7!", of(1, c.n .. "!"))
    assert.equal("5Ann", of(1, 5 .. c.s))
    assert.equal("Ann7", of(1, c.s .. c.n))
    assert.equal("2026-03-01!", of(1, c.d .. "!"))
    assert.equal("2026-03-04Ann", of(1, corm.date(2026, 3, 4) .. c.s))
    assert.equal("Ann!", of(1, corm.literal_column("'Ann'") .. "!"))
  end)

  it("takes a value of corm's own on either side", function()
    local two = corm.decimal "2"
    assert.equal(corm.decimal "5.00", of(1, two * c.price))
    assert.equal(corm.decimal "4.50", of(1, two + c.price))
    assert.equal(corm.decimal "-0.50", of(1, two - c.price))
    assert.equal(corm.decimal "0.8", of(1, two / c.price))
    assert.equal(0.0, tonumber(tostring(of(1, two // c.price))))
    assert.equal(":d_1 - t.d", tostring(corm.date(2026, 3, 4) - c.d))
    assert.equal(":at_1 + t.at", tostring(corm.timedelta { days = 1 } + c.at))
    assert.equal(":s_1 || t.s", tostring(corm.date(2026, 3, 4) .. c.s))
    raises("ArgumentError", "no operator '+' for decimal and string", function() return two + "x" end)
    raises("ArgumentError", "no operator '*' for decimal and table", function() return two * {} end)
  end)

  it("divides to whole numbers", function()
    assert.equal(3, of(1, c.n // c.m))
    assert.equal(3, of(1, c.n // 2))
    assert.equal(2.0, tonumber(tostring(of(1, c.n // c.price))))
    assert.equal(1.0, tonumber(tostring(of(1, c.price // 2))))
    assert.equal(-1.0, tonumber(tostring(of(1, -c.price // 3))))
    assert.equal(-4.0, tonumber(tostring(of(2, c.n // corm.decimal "2"))))
    assert.equal(0.0, of(1, c.f // 1))
  end)

  it("counts with the type of its operands", function()
    assert.equal("integer", math.type(of(1, c.n + c.m)))
    assert.equal(9, of(1, c.n + c.m))
    assert.equal("9.50", tostring(of(1, c.n + c.price)))
    assert.equal("17.50", tostring(of(1, c.price * 7)))
    assert.equal(7.5, of(1, c.n + c.f))
    assert.equal(1, of(1, c.n % c.m))
    assert.equal(-9, of(2, c.n - c.m))
    assert.equal(-14, of(1, -c.n * 2))
    assert.equal(9, of(1, 2 + c.n))
    assert.equal("Ann!", of(1, c.s .. "!"))
    assert.equal("Dr. Ann", of(1, "Dr. " .. c.s))
  end)

  it("keeps the parentheses that its meaning needs", function()
    assert.equal(18, of(1, (c.n + c.m) * 2))
    assert.equal(11, of(1, c.n + c.m * 2))
    assert.equal(6, of(1, c.n - (c.m - 1)))
    assert.equal(4, of(1, c.n - c.m - 1))
    assert.equal(-9, of(1, -(c.n + c.m)))
    assert.equal(28, of(1, (c.n * c.m) * (c.m % 3)))
  end)

  it("works on bits", function()
    assert.equal(6, of(1, c.n:bitwise_and(14)))
    assert.equal(15, of(1, c.n:bitwise_or(8)))
    assert.equal(5, of(1, c.n:bitwise_xor(c.m)))
    assert.equal(28, of(1, c.n << c.m))
    assert.equal(1, of(1, c.n >> 2))
    if database.name ~= "mariadb" then assert.equal(-8, of(1, c.n:bitwise_not())) end -- unsigned there
  end)

  it("gives a boolean where it compares", function()
    assert.is_true(of(1, c.n:gt(c.m)))
    assert.is_false(of(2, c.n:gt(c.m)))
    assert.is_nil(of(3, c.n:gt(c.m)))
    assert.is_true(of(3, c.n:is_(nil)))
    assert.is_true(of(1, c.s:like "A%"))
    assert.is_true(of(1, c.n:between(7, 8)))
    assert.is_false(of(1, ~c.n:in_ { 7 }))
    assert.is_true(of(1, c.n:op(">", { is_comparison = true })(c.m)))
    assert.is_true(of(1, c.n:bool_op ">" (c.m)))
    assert.equal(9, of(1, c.n:op "+" (2)))
    assert.equal("7", of(1, c.n:op("+", { return_type = corm.String })(0):cast(corm.String)))
  end)

  it("knows NULL", function()
    assert.same({ 3 }, ids(c.n:eq(nil)))
    assert.same({ 1, 2 }, ids(c.n:ne(nil)))
    assert.same({ 3 }, ids(c.n:is_not_distinct_from(nil)))
    assert.same({ 2, 3 }, ids(c.n:is_distinct_from(7)))
    assert.same({ 1 }, ids(~c.n:is_distinct_from(7)))
    assert.same({ 2 }, ids(c.n:ne(7)))
    assert.same({ 1, 2 }, ids(c.m:is_not_distinct_from(c.m) & c.n:is_not(nil)))
  end)

  it("is negated as it reads", function()
    assert.same({ 2 }, ids(~c.n:eq(7)))
    assert.same({ 1 }, ids(~c.n:lt(0)))
    assert.same({ 2 }, ids(~c.n:between(0, 9)))
    assert.same({ 2, 3 }, ids(~c.s:like "A%"))
    assert.same({ 2 }, ids(~c.ok))
    assert.same({ 1 }, ids(~~c.ok))
    assert.same({ 2, 3 }, ids(~(c.n:eq(7) & c.m:eq(2) & c.n:is_not(nil)) ))
    assert.same({}, ids(~corm.exists():where(c.id:eq(1))))
    assert.same({ 2 }, ids(~c.n:bool_op ">" (0)))
  end)

  it("takes text for text", function()
    assert.same({ 2 }, ids(c.s:contains("50%", { autoescape = true })))
    assert.same({ 2 }, ids(c.s:contains("f_/", { autoescape = true })))
    assert.same({}, ids(c.s:contains("5_%", { autoescape = true })))
    assert.same({ 1, 2, 3 }, ids(c.s:contains "%"))
    assert.same({ 2 }, ids(c.s:endswith("/x", { autoescape = true, escape = "!" })))
    assert.same({ 1 }, ids(c.s:startswith "A"))
    assert.same({ 1 }, ids(c.s:istartswith "AN"))
    assert.same({ 3 }, ids(c.s:iendswith "OB"))
    assert.same({ 3 }, ids(c.s:icontains "O" & ~c.s:icontains "F"))
    assert.same({ 1 }, ids(c.s:ilike "aNN"))
    assert.same({ 2, 3 }, ids(c.s:not_ilike "ann"))
    assert.same({ 1, 2, 3 }, ids(c.s:startswith(func.substr(c.s, 1, 1))))
    assert.same({ 2 }, ids(c.s:like("50^% off%", { escape = "^" })))
    assert.same({ 2 }, ids(c.s:like("50\\%%", { escape = "\\" })))
  end)

  it("compares tuples", function()
    assert.same({ 1 }, ids(corm.tuple_(c.n, c.m):eq { 7, 2 }))
    assert.same({ 1, 2 }, ids(corm.tuple_(c.n, c.m):in_ { { 7, 2 }, { -7, 2 }, { 1, 1 } }))
    assert.same({ 2 }, ids(corm.tuple_(c.n, c.m):not_in { { 7, 2 } }))
    assert.same({ 2 }, ids(corm.tuple_(c.n, c.m):lt { 7, 2 }))
    assert.same({ 1 }, ids(corm.tuple_(c.n, c.m):eq(select(c.n, c.m):where(c.id:eq(1)))))
    raises("ArgumentError", "the tuple has 2 members, the list on its right has 3",
      function() return corm.tuple_(c.n, c.m):eq { 1, 2, 3 } end)
  end)

  it("looks into lists", function()
    assert.same({ 1 }, ids(c.n:in_ { 7, 8 }))
    assert.same({}, ids(c.n:in_ {}))
    assert.same({ 1, 2, 3 }, ids(c.n:not_in {}))
    assert.same({ 1 }, ids(c.n:in_ { 7, corm.null }))
    assert.same({}, ids(c.n:not_in { 1, corm.null }))
    assert.same({ 1 }, ids(c.n:in_ { c.m + 5, -1 }))
    assert.same({ 1 }, ids(c.id:in_(select(c.id):where(c.n:gt(0)))))
    assert.same({ 1, 2 }, ids(c.id:in_(corm.text "SELECT 1 UNION SELECT 2")))
    assert.same({ 1 }, ids(c.ok:in_ { true }))
    assert.same({ 1 }, ids(c.price:in_ { "2.5", 7 }))
    assert.same({ 1 }, ids(c.d:in_ { "2026-03-01" }))
  end)

  it("takes a list of any length", function()
    local list = {}
    for i = 1, 300000 do list[i] = i end
    assert.same(ids(c.id:ge(1)), ids(c.id:in_(list)))
  end)

  database.needs("quantified_subqueries", function()
    it("asks all and any of a subquery", function()
      local numbers = select(c.n):where(c.n:is_not(nil))
      assert.same({ 1, 2 }, ids(c.n:eq(corm.any_(numbers))))
      assert.same({ 1 }, ids(c.n:ge(corm.all_(numbers))))
      assert.same({ 1 }, ids(corm.any_(numbers):lt(c.n)))
      assert.same({}, ids(~c.n:eq(corm.any_(numbers))))
    end)
  end)

  database.only("postgresql", function()
    it("counts with dates", function()
      assert.equal(29, of(1, c.d - corm.date(2026, 1, 31)))
      assert.equal("2026-03-02 12:00:00", tostring(of(1, c.at + corm.timedelta { days = 1 })))
      assert.equal("2026-02-28 00:00:00", tostring(of(1, c.d - corm.timedelta { days = 1 })))
      assert.equal(corm.timedelta { hours = 12 }, of(1, c.at - corm.datetime(2026, 3, 1)))
      assert.equal(corm.timedelta { days = 2 }, of(1, corm.literal(corm.timedelta { days = 1 }) * 2))
    end)

    it("has BETWEEN SYMMETRIC", function()
      assert.same({ 1 }, ids(c.n:between(9, 5, { symmetric = true })))
    end)
  end)

  it("refuses operands of the wrong kind, with the place", function()
    for _, method in ipairs { "eq", "lt", "like", "contains", "concat", "add" } do
      raises("ArgumentError", method .. ": ", function() return c.s[method](c.s, t) end)
      raises("ArgumentError", method .. ": ", function() return c.s[method](c.s, print) end)
      raises("ArgumentError", method .. ": ", function() return c.s[method](c.s, corm.insert(t)) end)
    end
    raises("ArgumentError", "in_: a sequence or a select expected, got Table", function() return c.n:in_(t) end)
    raises("ArgumentError", "in_: element 2", function() return c.n:in_ { 1, print } end)
    raises("ArgumentError", "between", function() return c.n:between(1, {}) end)
    raises("ArgumentError", "any_: an array or a subquery", corm.any_, c.n)
    raises("ArgumentError", "SQL expression expected, got integer", corm.any_, 5)
    raises("ArgumentError", "only comparison operators", function() return corm.any_(select(c.n)) + 1 end)
    raises("ArgumentError", "only comparison operators", function() return corm.any_(select(c.s)):like "x" end)
    raises("DataError", "column t.n", function() conn:execute(select(t):where(c.n:eq "seven")) end)
    raises("DataError", "column t.d", function() conn:execute(select(t):where(c.d:gt "yesterday")) end)
  end)
end)
