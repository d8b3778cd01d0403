-- Results that are kept: Result:freeze(), merge_frozen_result, a cache of them in do_orm_execute.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select = corm.select

describe("U26 a frozen Result", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    for i = 1, 3 do
      local user = m.User { id = i, name = "u" .. i, age = i > 1 and i or nil }
      user.addresses:append(m.Address { email = "e" .. i })
      session:add(user)
    end
    session:commit()
  end)
  after_each(function() w:close() end)

  it("gives its rows again and again", function()
    local frozen = session:execute(select(m.User.name, m.User.age):order_by(m.User.id)):freeze()
    assert.equal(0, w:count(function()
      for _ = 1, 2 do
        local rows = frozen():all()
        assert.equal("u1 nil u3 3", table.concat({ rows[1].name, tostring(rows[1].age), rows[3][m.User.name],
          tostring(rows[3][2]) }, " "))
      end
      assert.same({ "name", "age" }, frozen():keys())
      local names = frozen():scalars():all()
      names[1] = "changed"
      assert.equal("u1", frozen():scalars():first())
      assert.equal("u1", frozen():columns("age", "name"):first().name)
    end))
    local some = session:execute(select(m.User.name, m.User.age):order_by(m.User.id)):columns(2)
    assert.equal(2, some:freeze()():scalars():all()[2])
    local rest = session:execute(select(m.User.id):order_by(m.User.id))
    rest:fetchone()
    assert.equal(2, #rest:freeze()():all())
    assert.equal(0, #session:execute(select(m.User):where(m.User.id:eq(9))):freeze()():all())
    local twice = session:execute(select(m.User.id):join(m.User.addresses):union_all(select(m.User.id))):unique()
    assert.equal(3, #twice:freeze()():all())
    local connection <close> = w.engine:connect()
    local plain = connection:execute(select(m.User.__table__.c.name)):freeze()
    assert.equal(3, #plain():mappings():all())
  end)

  it("is merged into another session", function()
    local stmt = select(m.User, m.User.name):order_by(m.User.id):options(corm.selectinload(m.User.addresses))
    local frozen = session:execute(stmt):freeze()
    session:close()
    local other = w:session()
    local merged
    assert.equal(0, w:count(function()
      merged = corm.merge_frozen_result(other, stmt, frozen, { load = false })
      local rows = merged():all()
      assert.is_true(other:contains(rows[1].User))
      assert.equal("u3 e3", rows[3].name .. " " .. rows[3].User.addresses[1].email)
      assert.equal(rows[2].User, merged():scalars():all()[2])
    end))
    assert.is_false(other:contains(frozen():scalars():first()))
    other:close()
    local third = w:session()
    local users = corm.merge_frozen_result(third, stmt, frozen)():scalars():all()
    users[1].name = "changed"
    third:commit()
    assert.equal("changed", third:scalar(select(m.User.name):where(m.User.id:eq(1))))
  end)

  it("is the answer of a listener that knows it", function()
    local Session = corm.sessionmaker { bind = w.engine }
    local cache = {}
    corm.event.listen(Session, "do_orm_execute", function(state)
      local key = state.execution_options.cache_key
      if not key then return end
      cache[key] = cache[key] or state:invoke_statement():freeze()
      return corm.merge_frozen_result(state.session, state.statement, cache[key], { load = false })()
    end)
    local stmt = select(m.User):where(m.User.id:gt(1)):order_by(m.User.id):execution_options { cache_key = "users" }
    local names = {}
    assert.equal(1, w:count(function()
      for i = 1, 3 do
        local each = Session()
        for user in each:scalars(stmt) do names[#names + 1] = user.name .. i end
        each:close()
      end
    end))
    assert.equal("u21 u31 u22 u32 u23 u33", table.concat(names, " "))
  end)

  it("refuses what is none", function()
    local result = session:execute(select(m.User.id))
    raises("ArgumentError", "merge_frozen_result: a Session expected, got Result", corm.merge_frozen_result, result)
    raises("ArgumentError", "merge_frozen_result: what Result:freeze() gives expected, got function",
      corm.merge_frozen_result, session, nil, print)
    raises("ArgumentError", "unknown option 'loda'", corm.merge_frozen_result, session, nil, result:freeze(),
      { loda = true })
    raises("ResourceClosedError", "freeze: this result object does not return rows", function()
      session:execute(corm.update(m.User):where(m.User.id:eq(1)):values { name = "x" }):freeze()
    end)
    raises("ResourceClosedError", "closed", function()
      result:close()
      result:freeze()
    end)
  end)
end)
