-- I03: statements counted by the script itself, and the word about loading one by one.
local corm = require "corm"
local raises = require "spec.support.raises"
local warnings_of = require "spec.support.warnings"
local world = require "spec.support.world"

describe("I03 counted statements", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
  end)
  after_each(function() w:close() end)

  it("are the session's, those of flushes among them", function()
    local other = w:session()
    assert.equal(0, session.statement_count)
    session:add(m.User { name = "a", addresses = { m.Address { email = "x" } } })
    session:commit()
    local sent = #w:statements()
    assert.equal(sent, session.statement_count)
    assert.is_true(sent >= 2)
    session:query(m.User):all()
    assert.equal(sent + 1, session.statement_count)
    session:rollback()
    session:query(m.User):all()
    assert.equal(sent + 2, session.statement_count)
    assert.equal(0, other.statement_count)
    raises("ArgumentError", "statement_count", function() session.statement_count = 0 end)
  end)

  it("can be asserted", function()
    local a, b = corm.assert_sql_count(session, 1, function()
      return session:query(m.User):all(), nil, "x"
    end)
    assert.same({}, a)
    assert.is_nil(b)
    corm.assert_sql_count(w.engine, 0, function() end)
    local err = raises("InvalidRequestError", "1 statement expected, 2 sent:", corm.assert_sql_count, w.engine, 1,
      function()
        session:query(m.User):all()
        session:query(m.City):all()
      end)
    assert.is_truthy(err.message:find("FROM city", 1, true))
    raises("InvalidRequestError", "2 statements expected, 0 sent", corm.assert_sql_count, session, 2, function() end)
  end)

  it("pass errors on, and leave no listener behind", function()
    local ok, err = pcall(corm.assert_sql_count, session, 1, function() error { "mine" } end)
    assert.is_false(ok)
    assert.same({ "mine" }, err)
    raises("ArgumentError", "a Session, a Connection or an Engine expected, got string", corm.assert_sql_count, "x", 1,
      print)
    raises("ArgumentError", "a number of statements expected", corm.assert_sql_count, session, -1, print)
    raises("ArgumentError", "a function expected", corm.assert_sql_count, session, 1)
  end)

  it("that repeat for the objects of one result are worth a word, at the line that asks", function()
    local script = [[
      local corm = require "corm"
      local Base = corm.declarative_base()
      local A = Base:model("A", { __tablename__ = "a", id = corm.Column(corm.Integer, { primary_key = true }),
        bs = corm.relationship("B", { lazy = "LAZY" }) })
      local B = Base:model("B", { __tablename__ = "b", id = corm.Column(corm.Integer, { primary_key = true }),
        a_id = corm.Column(corm.ForeignKey("a.id")) })
      local engine = corm.create_engine("sqlite://")
      Base.metadata:create_all(engine)
      local session = corm.Session { bind = engine }
      for i = 1, COUNT do session:add(A { id = i }) end
      session:commit()
      for _, a in ipairs(session:query(A):all()) do
        local n = #a.bs
      end
      session:close()
    ]]
    local function warnings(lazy, count) return warnings_of((script:gsub("LAZY", lazy):gsub("COUNT", count))) end
    local found = warnings("select", "25")
    assert.equal(1, #found)
    assert.is_truthy(found[1]:find(":13: 10 objects of one result have loaded 'A.bs' one by one", 1, true), found[1])
    assert.same({}, warnings("select", "9"))
    assert.same({}, warnings("batch", "25"))
  end)
end)
