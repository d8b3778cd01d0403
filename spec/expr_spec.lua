local corm = require "corm"
local new_schema = require "spec.support.schema"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

describe("an expression", function()
  local s, c
  before_each(function()
    s = new_schema()
    c = s.author.c
  end)

  it("keeps its operands alive", function()
    local e
    do
      local t = new_schema().author
      e = (t.c.age + 1):gt(t.c.id) & t.c.name:like("a%")
    end
    for _ = 1, 4 do collectgarbage() end
    assert.equal("author.age + :age_1 > author.id AND author.name LIKE :name_1", sql.of(e))
  end)

  it("casts a literal of another type", function()
    local connection = corm.create_engine("sqlite://"):connect()
    local number = corm.literal(7, corm.Integer)
    assert.equal("7", connection:scalar(corm.select(corm.cast(number, corm.Text))))
    assert.equal(-1, connection:scalar(corm.select(corm.cast(corm.literal(-1.5, corm.Float), corm.Integer))))
    assert.equal("7", connection:scalar(corm.select(corm.type_coerce("7", corm.String))))
    connection:close()
  end)

  it("copies the values that it binds", function()
    local list = { "a", "b" }
    local e = c.name:in_(list)
    list[1] = "z"
    collectgarbage()
    assert.same({ name_1_1 = "a", name_1_2 = "b" }, e:compile().params)
  end)

  it("has a type, and a name where it has one", function()
    assert.equal("INTEGER", tostring((c.age + 1).type))
    assert.equal("VARCHAR", tostring(corm.literal("x").type))
    assert.equal("BOOLEAN", tostring(c.age:gt(1).type))
    assert.equal("x", c.age:label("x").name)
    assert.equal("max", corm.func.max(c.age).name)
    assert.is_nil((c.age + 1).name)
  end)

  it("gives the type that a function is told", function()
    assert.equal("DATE", tostring(corm.func.f(1, { type_ = corm.Date }).type))
    raises("ArgumentError", "typ_", corm.func.f, 1, { typ_ = corm.Date })
    raises("ArgumentError", "a type such as", corm.func.f, 1, { type_ = 5 })
  end)

  it("is the same object when it is the same column", function()
    assert.is_true(c.age == c.age)
    assert.is_false(c.age == c.id)
  end)

  it("refuses Lua's order", function()
    raises("ArgumentError", "compared by methods", function() return c.age < 5 end)
    raises("ArgumentError", "compared by methods", function() return 5 >= c.age end)
    raises("ArgumentError", "compared by methods", function() return c.age <= c.id end)
  end)

  it("refuses operands that are no values", function()
    for _, bad in ipairs { {}, print, coroutine.create(print), io.stdout } do
      raises("ArgumentError", "eq", function() return c.age:eq(bad) end)
    end
    raises("ArgumentError", "operators are methods", function() return c.age:eq { ["!="] = "" } end)
    raises("ArgumentError", "a FROM clause", function() return c.age:eq(s.book) end)
    raises("ArgumentError", "a statement", function() return c.age:eq(corm.delete(s.book)) end)
    raises("ArgumentError", "missing", function() return c.age:eq() end)
    raises("ArgumentError", "missing", function() return c.age:between(1) end)
    raises("ArgumentError", "concat", function() return c.name .. {} end)
  end)

  it("refuses an order with NULL or a boolean", function()
    raises("ArgumentError", "NULL, true and false", function() return c.age:lt(nil) end)
    raises("ArgumentError", "NULL, true and false", function() return c.age:ge(true) end)
  end)

  it("refuses a dot in place of the colon", function()
    raises("ArgumentError", "with ':'", function() return c.age.eq(5) end)
    raises("ArgumentError", "with ':'", function() return c.age.desc() end)
  end)

  it("names the nearest method", function()
    assert.equal("did you mean 'startswith'?",
      raises("ArgumentError", "startwith", function() return (c.name .. "x").startwith end).hint)
  end)

  it("refuses lists with holes, keys, or strange elements", function()
    raises("ArgumentError", "corm.null", function() return c.age:in_ { 1, nil, 3 } end)
    raises("ArgumentError", "a sequence", function() return c.age:in_ { a = 1 } end)
    raises("ArgumentError", "element 2", function() return c.age:in_ { 1, print } end)
    raises("ArgumentError", "a sequence or a select", function() return c.age:in_(5) end)
    raises("ArgumentError", "2 values", function() return corm.tuple_(c.id, c.age):in_ { { 1 } } end)
  end)

  it("refuses bad arguments of the functions", function()
    raises("ArgumentError", "escape must be one character", function() return c.name:like("x", { escape = "ab" }) end)
    raises("ArgumentError", "autoescape works on a string", function()
      return c.name:contains(s.book.c.title, { autoescape = true })
    end)
    raises("ArgumentError", "a condition expected, got the boolean", corm.and_, c.age == 5)
    raises("ArgumentError", "a condition expected, got the boolean", function() return c.age:eq(1) & false end)
    raises("ArgumentError", "corm.text", corm.or_, "age = 5")
    raises("ArgumentError", "a condition", corm.not_, true)
    raises("ArgumentError", "condition, result", corm.case, { c.age:gt(5) })
    raises("ArgumentError", "at least one", corm.case)
    raises("ArgumentError", "boolean", corm.case, { c.age == 5, "x" })
    raises("ArgumentError", "a type such as", corm.cast, c.age)
    assert.equal("did you mean 'year'?", raises("ArgumentError", "yaer", corm.extract, "yaer", c.born).hint)
    raises("ArgumentError", "a name expected", corm.bindparam)
    raises("ArgumentError", "a plain value", corm.literal, c.age)
    raises("ArgumentError", "name the function", corm.func)
    raises("IdentifierError", "label", function() return c.age:label("") end)
    raises("IdentifierError", "label", function() return c.age:label("a\nb") end)
    raises("IdentifierError", "collation", function() return c.name:collate("a\0b") end)
    raises("ArgumentError", "is no operator", function() return c.age:op("; --") end)
    raises("ArgumentError", "precedence", function() return c.age:op("&", { precedence = 1000 }) end)
  end)

  it("takes many operands", function()
    local e
    do
      local conditions = {}
      for i = 1, 1000 do conditions[i] = c.age:eq(i) end
      e = corm.or_(table.unpack(conditions))
    end
    collectgarbage()
    local params = e:compile().params
    assert.equal(1, params.age_1)
    assert.equal(1000, params.age_1000)
    assert.equal(1000, select(2, sql.of(corm.func.f(table.unpack({}, 1, 1000))):gsub("NULL", "")))
  end)

  it("grows by a loop without growing a stack", function()
    local e = c.age:eq(0)
    for i = 1, 2000 do e = e | c.age:eq(i) end
    local ok, text = pcall(sql.of, e)
    if ok then assert.equal(2001, select(2, text:gsub("author.age", ""))) else assert.equal("CompileError",
      text.class) end
  end)

  it("shows literal values, escaped", function()
    local function literal(x) return sql.flat(x:compile({ literal_binds = true }).string) end
    assert.equal("author.name = 'it''s'", literal(c.name:eq("it's")))
    assert.equal("author.age IN (1, 2)", literal(c.age:in_ { 1, 2 }))
    assert.equal("author.age - -5", literal(c.age - corm.literal(-5)))
    assert.equal("author.born = '2026-11-22'", literal(c.born:eq(corm.date(2026, 11, 22))))
    assert.equal("author.age = 1", sql.flat(c.age:eq(1):compile({ compile_kwargs = { literal_binds = true } }).string))
  end)

  it("refuses unknown options of compile", function()
    assert.equal("did you mean 'dialect'?", raises("ArgumentError", "dialct",
      function() c.age:compile { dialct = "x" } end).hint)
    assert.equal("did you mean 'sqlite'?",
      raises("ArgumentError", "sqlitee", function() c.age:compile { dialect = "sqlitee" } end).hint)
  end)
end)
