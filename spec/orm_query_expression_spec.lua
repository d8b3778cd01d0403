-- Attributes that queries compute: query_expression() and with_expression().
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local select, func, with_expression = corm.select, corm.func, corm.with_expression

local w, A, B, C, session

local function open()
  local Base = corm.declarative_base()
  A = Base:model("A", {
    __tablename__ = "a",
    id = Column(Integer, { primary_key = true }),
    x = Column(Integer),
    y = Column(Integer),
    score = corm.query_expression(),
    bs = corm.relationship("B", { back_populates = "a", order_by = "B.id" }),
  })
  B = Base:model("B", {
    __tablename__ = "b",
    id = Column(Integer, { primary_key = true }),
    a_id = Column(Integer, ForeignKey "a.id"),
    p = Column(Integer),
    score = corm.query_expression(),
    a = corm.relationship("A", { back_populates = "bs" }),
  })
  C = Base:model("C", {
    __tablename__ = "c",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(10)),
    label = corm.query_expression(function(cls) return func.upper(cls.name) end),
  })
  w = world.open { Base = Base }
  session = w:session()
  session:add_all {
    A { id = 1, x = 1, y = 2, bs = { B { id = 1, p = 1 }, B { id = 2, p = 4 } } },
    A { id = 2, x = 2, y = 3, bs = { B { id = 3, p = 5 } } },
    C { id = 1, name = "one" },
  }
  session:commit()
  session:expunge_all()
end

local function first(...)
  return session:scalars(select(A):where(A.id:eq(1)):options(...)):one()
end

local function plain() return session:scalars(select(A):where(A.id:eq(1))):one() end

describe("M24 query_expression", function()
  before_each(open)
  after_each(function() w:close() end)

  it("is nil where nobody computes it, without a statement", function()
    local sent = w:statements(function() assert.is_nil(plain().score) end)
    assert.equal(1, #sent)
    assert.is_nil(sent[1]:find("score", 1, true))
    assert.is_nil(A { x = 1 }.score)
  end)

  it("is computed by the query", function()
    local statement = select(A):order_by(A.id):options(with_expression(A.score, A.x + A.y))
    local list = session:scalars(statement):all()
    assert.same({ 3, 5 }, { list[1].score, list[2].score })
    session:expunge_all()
    local count = select(func.count(B.id)):where(B.a_id:eq(A.id)):scalar_subquery()
    list = session:scalars(select(A):order_by(A.id):options(with_expression(A.score, count))):all()
    assert.same({ 2, 1 }, { list[1].score, list[2].score })
    session:expunge_all()
    statement = select(A):join(A.bs):group_by(A.id, A.x, A.y):order_by(A.id)
      :options(with_expression(A.score, func.sum(B.p)))
    list = session:scalars(statement):all()
    assert.same({ 5, 5 }, { list[1].score, list[2].score })
  end)

  it("has the type of its expression", function()
    assert.is_true(first(with_expression(A.score, A.x:lt(A.y))).score)
    session:expunge_all()
    assert.equal("1!", first(with_expression(A.score, corm.cast(A.x, String(10)) .. "!")).score)
    session:expunge_all()
    assert.equal("2024-01-31", tostring(first(with_expression(A.score, corm.literal(corm.date(2024, 1, 31)))).score))
    session:expunge_all()
    assert.is_nil(first(with_expression(A.score, corm.null())).score)
  end)

  it("is the last one that was said", function()
    assert.equal(2, first(with_expression(A.score, A.x), with_expression(A.score, A.y)).score)
  end)

  it("leaves an object alone that has it, unless told otherwise", function()
    local a = plain()
    assert.equal(a, first(with_expression(A.score, A.x + 10)))
    assert.equal(11, a.score)
    first(with_expression(A.score, A.x + 20))
    assert.equal(11, a.score)
    plain()
    assert.equal(11, a.score)
    local statement = select(A):where(A.id:eq(1)):options(with_expression(A.score, A.x + 20))
    session:scalars(statement:execution_options { populate_existing = true }):one()
    assert.equal(21, a.score)
  end)

  it("is lost when the object expires, is refreshed or flushed", function()
    local a = first(with_expression(A.score, A.x + 10))
    session:expire(a)
    assert.is_nil(a.score)
    assert.equal(1, a.x)
    first(with_expression(A.score, A.x + 10))
    assert.equal(11, a.score) -- it comes back
    session:expire(a, { "score" })
    assert.equal(0, #w:statements(function() assert.is_nil(a.score) end))
    first(with_expression(A.score, A.x + 10))
    session:refresh(a)
    assert.is_nil(a.score)
    first(with_expression(A.score, A.x + 10))
    a.x = 5
    session:flush()
    assert.is_nil(a.score)
    first(with_expression(A.score, A.x + 10))
    session:commit()
    assert.is_nil(a.score)
  end)

  it("is computed behind relationships", function()
    local options = {
      corm.joinedload(A.bs):with_expression(B.score, B.p * 10),
      corm.selectinload(A.bs):with_expression(B.score, B.p * 10),
      corm.subqueryload(A.bs):with_expression(B.score, B.p * 10),
      corm.lazyload(A.bs):with_expression(B.score, B.p * 10),
      corm.selectinload(A.bs):options(with_expression(B.score, B.p * 10)),
    }
    for i, option in ipairs(options) do
      session:expunge_all()
      local a = session:scalars(select(A):where(A.id:eq(1)):options(option)):unique():one()
      assert.same({ 10, 40 }, { a.bs[1].score, a.bs[2].score }, i)
    end
    session:expunge_all()
    local a = first(corm.joinedload(A.bs):with_expression(B.score, B.p * A.y))
    assert.same({ 2, 8 }, { a.bs[1].score, a.bs[2].score })
    session:expunge_all()
    local statement = select(A):order_by(A.id):limit(1)
      :options(corm.joinedload(A.bs):with_expression(B.score, B.p + 1), with_expression(A.score, A.x + A.y))
    a = session:scalars(statement):unique():one()
    assert.same({ 3, 2, 5 }, { a.score, a.bs[1].score, a.bs[2].score })
    session:expunge_all()
    statement = select(A):join(A.bs):where(A.id:eq(1)):order_by(B.id)
      :options(corm.contains_eager(A.bs):with_expression(B.score, B.p + 1))
    a = session:scalars(statement):unique():one()
    assert.same({ 2, 5 }, { a.bs[1].score, a.bs[2].score })
  end)

  it("belongs to the entity that it names", function()
    local other = corm.aliased(A)
    local row = session:execute(select(A, other):where(A.id:eq(1), other.id:eq(2))
      :options(with_expression(other.score, other.x * 100))):one()
    assert.is_nil(row[1].score)
    assert.equal(200, row[2].score)
    session:expunge_all()
    local part = select(A, (A.x + A.y):label "hi"):subquery()
    local a = corm.aliased(A, part)
    local found = session:scalars(select(a):where(a.id:eq(2)):options(with_expression(a.score, part.c.hi))):one()
    assert.equal(5, found.score)
    session:expunge_all()
    part = select(A.id, (A.x + A.y):label "hi"):subquery()
    a = corm.aliased(A, part)
    found = session:scalars(select(a):where(a.id:eq(2)):options(with_expression(a.score, part.c.hi))):one()
    assert.same({ 5, 2 }, { found.score, found.x })
    raises("ArgumentError", "options: A is no entity of this query", function()
      session:scalars(select(B):options(with_expression(A.score, A.x)))
    end)
  end)

  it("is filled by a column of its name in from_statement", function()
    local rows = corm.text "SELECT id, x, y, 7 AS score FROM a WHERE id = 1"
    local a = session:scalars(select(A):from_statement(rows)):one()
    assert.equal(7, a.score)
  end)

  it("has a default expression where the class says so", function()
    local c = session:get(C, 1)
    assert.equal("ONE", c.label)
    session:expunge_all()
    c = session:scalars(select(C):options(with_expression(C.label, C.name .. "!"))):one()
    assert.equal("one!", c.label)
    session:expire(c)
    assert.equal("ONE", c.label)
    c.name = "two"
    session:flush()
    assert.equal("TWO", c.label)
  end)

  it("is NULL, or its default, in other places of a statement", function()
    assert.equal(0, session:scalar(select(func.count(A.score))))
    assert.equal(0, #session:scalars(select(A):where(A.score:gt(0)):options(with_expression(A.score, A.x))):all())
    assert.equal("ONE", session:scalar(select(C.label)))
  end)

  it("goes well with other options", function()
    local a = first(corm.load_only(A.x), with_expression(A.score, A.y))
    assert.equal(2, a.score)
    session:expunge_all()
    a = first(corm.undefer "*", corm.defer(A.x))
    assert.is_nil(a.score)
    assert.equal("Load(A):with_expression(A.score)", tostring(with_expression(A.score, A.x)))
  end)

  it("names a column of a statement that is not made of classes", function()
    local sql = corm.text "SELECT id, x, y, x * 10 AS total, x + y AS score FROM a ORDER BY id"
    local function scores(statement, ...)
      local out = {}
      session:expunge_all()
      for a in session:scalars(select(A):from_statement(statement):options(...)) do out[#out + 1] = a.score end
      return out
    end
    assert.same({ 3, 5 }, scores(sql))
    assert.same({ 10, 20 }, scores(sql, with_expression(A.score, corm.column "total")))
    assert.same({ 1, 2 }, scores(sql, with_expression(A.score, A.x)))
    assert.same({ 10, 20 }, scores(sql, with_expression(A.score, (A.x * 10):label "total")))
    local said = corm.text("SELECT id, x * 1.5 AS price FROM a ORDER BY id")
    assert.same({ "1.5", "3.0" }, (function()
      local list = scores(said, with_expression(A.score, corm.column("price", corm.Numeric(10, 1))))
      return { tostring(list[1]), tostring(list[2]) }
    end)())
    local union = corm.union_all(select(A, (A.x * 7):label "seven"):where(A.id:eq(1)),
      select(A, (A.x * 7):label "seven"):where(A.id:eq(2))):order_by "seven"
    assert.same({ 7, 14 }, scores(union, with_expression(A.score, corm.column "seven")))
    raises("ArgumentError", "from_statement: with_expression cannot add an expression for A.score to the statement; "
      .. 'select it there, and name its column: with_expression(A.score, corm.column "...")',
      scores, sql, with_expression(A.score, A.x + 1))
    raises("NoSuchColumnError",
      "from_statement: the rows have no column 'rank', which with_expression says A.score to be",
      scores, sql, with_expression(A.score, corm.column "rank"))
  end)

  it("is not written, and only a query_expression is given", function()
    local text = "A.score is an SQL expression: it is read, and cannot be set"
    raises("ArgumentError", text, A, { score = 1 })
    raises("ArgumentError", text, function() plain().score = 1 end)
    raises("ArgumentError", "with_expression: A.x is no query_expression()", with_expression, A.x, A.y)
    raises("ArgumentError", "with_expression: an attribute that is a query_expression() expected, got string",
      with_expression, "score", A.y)
    raises("ArgumentError", "with_expression: a query_expression() of a class and an expression expected, got 1 value",
      with_expression, A.score)
    raises("ArgumentError", "with_expression: a select is a value as select:scalar_subquery()", with_expression,
      A.score, select(A.x))
    raises("ArgumentError", "with_expression", with_expression, A.score, 7)
    raises("ArgumentError", "query_expression: a Column, an SQL expression or a function that returns one expected",
      corm.query_expression, 7)
    raises("ArgumentError", "with_expression: B.score is no column of A, where the option stands", function()
      return corm.Load(A):with_expression(B.score, B.p)
    end)
  end)
end)
