-- x:compare(y): whether two expressions or statements say the same.
local corm = require "corm"
local new_schema = require "spec.support.schema"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

describe("compare", function()
  local s, a, b
  before_each(function()
    s = new_schema()
    a, b = s.author.c, s.book.c
  end)

  local function same(x, y)
    assert.is_true(x:compare(y))
    assert.is_true(y:compare(x))
  end
  local function differ(x, y)
    assert.is_false(x:compare(y))
    assert.is_false(y:compare(x))
  end

  it("looks at structure, names and values", function()
    same(a.age:eq(5), a.age:eq(5))
    same(a.age, a.age)
    differ(a.age, a.id)
    differ(a.age:eq(5), a.age:eq(6))
    differ(a.age:eq(5), a.age:ne(5))
    differ(a.age:eq(5), a.age:eq(nil))
    same(corm.bindparam("x", 5), corm.bindparam("x", 5))
    differ(corm.bindparam("x", 5), corm.bindparam("y", 5))
    same(a.id:in_ { 1, 2 }, a.id:in_ { 1, 2 })
    differ(a.id:in_ { 1, 2 }, a.id:in_ { 2, 1 })
    differ(a.id:in_ { 1, 2 }, a.id:in_ { 1 })
    differ(a.id:label("x"), a.id:label("y"))
    same(corm.func.f(1, a.id), corm.func.f(1, a.id))
    differ(corm.func.f(1), corm.func.g(1))
    differ(corm.func.f(1), corm.func.f(1, 1))
    same(corm.text("x = :y"), corm.text("x = :y"))
    differ(corm.text("x = 1"), corm.text("x = 2"))
    differ(a.name:like("a%"), a.name:like("a%", { escape = "/" }))
    differ(corm.case({ a.id:eq(1), "x" }), corm.case({ a.id:eq(1), "x" }, { else_ = "y" }))
    local over = corm.func.rank():over { order_by = a.id }
    same(over, corm.func.rank():over { order_by = a.id })
    differ(over, corm.func.rank():over { partition_by = a.id })
  end)

  it("lets operands stand in any order where that means the same", function()
    same(a.age:eq(b.id), b.id:eq(a.age))
    same(a.age + a.id, a.id + a.age)
    differ(a.age - a.id, a.id - a.age)
    differ(a.age:lt(b.id), b.id:lt(a.age))
    same(corm.and_(a.age:eq(5), a.id:eq(1), b.id:eq(2)), corm.and_(b.id:eq(2), a.age:eq(5), a.id:eq(1)))
    differ(corm.and_(a.age:eq(5), a.id:eq(1)), corm.or_(a.age:eq(5), a.id:eq(1)))
    differ(corm.and_(a.age:eq(5), a.age:eq(5), a.id:eq(1)), corm.and_(a.age:eq(5), a.id:eq(1), a.id:eq(1)))
    same(corm.or_(a.id:eq(1), corm.and_(a.id:gt(2), a.age:lt(3))),
      corm.or_(corm.and_(a.age:lt(3), a.id:gt(2)), a.id:eq(1)))
    same(corm.select(a.id):where(a.id:gt(1)):where(a.age:lt(2)), corm.select(a.id):where(a.age:lt(2)):where(a.id:gt(1)))
  end)

  it("takes types by what kind of values they hold", function()
    same(corm.cast(a.id, corm.Integer), corm.cast(a.id, corm.BigInteger))
    differ(corm.cast(a.id, corm.Integer), corm.cast(a.id, corm.String))
    differ(corm.cast(a.id, corm.Integer), corm.type_coerce(a.id, corm.Integer))
  end)

  it("takes tables by name and columns", function()
    local other = new_schema()
    same(s.author, other.author)
    same(a.id, other.author.c.id)
    same(corm.select(s.author), corm.select(other.author))
    differ(s.author, s.book)
    local m = corm.MetaData()
    differ(s.order, corm.Table("order", m, corm.Column("id", corm.Integer)))
    differ(corm.Table("t", m, corm.Column("x", corm.Integer)),
      corm.Table("t", m, corm.Column("x", corm.Integer), { schema = "s" }))
  end)

  it("asks that an alias be one alias throughout", function()
    local one, two = s.author:alias(), s.author:alias()
    same(one, two)
    same(corm.select(one.c.id, two.c.id), corm.select(two.c.id, one.c.id))
    differ(corm.select(one.c.id, two.c.id), corm.select(one.c.id, one.c.id))
    differ(corm.select(one.c.id):where(one.c.age:eq(1)), corm.select(one.c.id):where(two.c.age:eq(1)))
    differ(s.author:alias("x"), s.author:alias("y"))
  end)

  it("compares statements of all kinds", function()
    local function query(n)
      local inner = corm.select(b.author_id, corm.func.count():label("n")):group_by(b.author_id):subquery()
      return corm.select(a.name, inner.c.n):join_from(s.author, inner, a.id:eq(inner.c.author_id)):limit(n)
    end
    same(query(1), query(1))
    differ(query(1), query(2))
    differ(query(1), query(1):distinct())
    differ(query(1), query(1):with_for_update())
    differ(query(1):with_for_update(), query(1):with_for_update { nowait = true })
    same(corm.union(query(1), query(2)), corm.union(query(1), query(2)))
    differ(corm.union(query(1), query(2)), corm.union_all(query(1), query(2)))
    local function cte(name) return corm.select(a.id):cte(name) end
    same(corm.select(cte("x").c.id), corm.select(cte("x").c.id))
    differ(corm.select(cte("x").c.id), corm.select(cte("y").c.id))
    same(corm.insert(s.book):values { title = "a" }, corm.insert(s.book):values { title = "a" })
    differ(corm.insert(s.book):values { title = "a" }, corm.insert(s.book):values { title = "b" })
    differ(corm.insert(s.book):values { title = "a" }, corm.insert(s.book):values { year = 1 })
    same(corm.update(s.book):values { year = b.year + 1 }, corm.update(s.book):values { year = b.year + 1 })
    differ(corm.update(s.book):values { year = b.year + 1 }, corm.update(s.book):values { year = b.year + 2 })
    same(corm.delete(s.book):where(b.id:eq(1)), corm.delete(s.book):where(b.id:eq(1)))
    differ(corm.delete(s.book), corm.select(s.book))
    same(corm.exists(query(1)), corm.exists(query(1)))
  end)

  -- What the words of a text are, but for names that are made up, the names of types, and the order of operands.
  local function words(text)
    local list = {}
    for word in text:gsub(":[%w_]+", ":"):gsub(" AS [A-Z]+.*", " AS TYPE"):gmatch "%S+" do table.insert(list, word) end
    table.sort(list)
    return table.concat(list, " ")
  end

  -- What golden statements' texts tell apart compare() tells apart, and each is equal to itself made again: but for
  -- elements and functions of the script's, which are equal to themselves only.
  it("tells the golden statements apart", function()
    for _, subject in ipairs(require "spec.sql") do
      local made, schemas = {}, { new_schema(), new_schema() }
      for _, group in ipairs(require("spec.sql." .. subject)) do
        for _, case in ipairs(group) do
          local one, two = case[2](corm, schemas[1]), case[2](corm, schemas[2])
          local ok, text = pcall(sql.of, one, nil, case.literal)
          if ok and pcall(function() return one:compare(two) end) then
            local again = case[1] == "callable_" and one or two
            if subject ~= "constructs" then assert.is_true(one:compare(again), subject .. ": " .. case[1]) end
            table.insert(made, { name = subject .. ": " .. case[1], stmt = one, text = words(text) })
          end
        end
      end
      for i, a_case in ipairs(made) do
        for k = 1, i - 1 do
          local equal = made[k].stmt:compare(a_case.stmt)
          if made[k].text ~= a_case.text then
            assert.is_false(equal, made[k].name .. " = " .. a_case.name)
          end
        end
      end
    end
  end)

  it("compares entities", function()
    local Base = corm.declarative_base()
    local User = Base:model("User", {
      __tablename__ = "user_account",
      id = corm.Column(corm.Integer, { primary_key = true }),
      name = corm.Column(corm.String(10)),
    })
    same(corm.select(User):where(User.name:eq("x")), corm.select(User):where(User.name:eq("x")))
    differ(corm.select(User), corm.select(User.id))
  end)

  it("needs no more frames for deep trees, and no more time for shared ones", function()
    local function chain(n)
      local x = a.id + 1
      for i = 1, n do x = (x - i) * 2 end
      return x
    end
    same(chain(20000), chain(20000))
    differ(chain(20000), chain(19999))
    local function doubled()
      local x = a.id:gt(1)
      for _ = 1, 200 do x = x:eq(x) end
      return x
    end
    same(doubled(), doubled())
    differ(doubled(), doubled():eq(true))
  end)

  it("refuses what is no SQL", function()
    raises("ArgumentError", "compare", function() a.id:compare(5) end)
    raises("ArgumentError", "compare", function() corm.select(a.id):compare("select 1") end)
  end)
end)

describe("reduce_columns", function()
  it("refuses what it cannot see, and keys that point nowhere", function()
    local m = corm.MetaData()
    local t = corm.Table("t", m,
      corm.Column("id", corm.Integer),
      corm.Column("x", corm.Integer, corm.ForeignKey("u.id")))
    raises("NoReferencedTableError", "u", function() corm.select(t):reduce_columns() end)
    raises("ArgumentError", "text()", function() corm.select(t.c.id, corm.text("1")):reduce_columns() end)
    raises("ArgumentError", "reduce_columns", function() corm.insert(t):reduce_columns() end)
  end)
end)
