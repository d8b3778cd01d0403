local corm = require "corm"
local says = require("spec.support.database").says
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("a savepoint", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add_all { m.City { name = "rome" }, m.City { name = "oslo" } }
    session:commit()
  end)
  after_each(function() w:close() end)

  local function names()
    return w:list("SELECT name FROM city ORDER BY lower(name)")
  end

  it("begins after a flush of what is pending", function()
    session:add(m.City { name = "before" })
    local nested = session:begin_nested()
    assert.equal(0, #session.new)
    assert.is_true(nested.is_active)
    assert.is_true(nested.nested)
    nested:rollback()
    assert.is_false(nested.is_active)
    session:commit()
    assert.equal("before,oslo,rome", names())
  end)

  it("takes back its own part only, in memory too", function()
    local rome, oslo = session:get(m.City, 1), session:get(m.City, 2)
    rome.name = "Roma"
    local nested = session:begin_nested()
    oslo.name = "Christiania"
    local bern = m.City { name = "bern" }
    session:add(bern)
    session:flush()
    assert.is_not_nil(bern.id)
    nested:rollback()
    assert.is_false(session:contains(bern))
    assert.is_nil(bern.id)
    assert.equal("oslo", oslo.name)
    assert.equal(0, w:count(function() assert.equal("Roma", rome.name) end))
    session:commit()
    assert.equal("oslo,Roma", names())
  end)

  it("takes unflushed changes back as well", function()
    local rome = session:get(m.City, 1)
    session:begin_nested()
    rome.name = "x"
    session:rollback()
    assert.equal("rome", rome.name)
    local nested = session:begin_nested()
    rome.name = "y"
    nested:rollback()
    assert.equal("rome", rome.name)
  end)

  it("brings back what was deleted inside", function()
    local rome = session:get(m.City, 1)
    local nested = session:begin_nested()
    session:delete(rome)
    session:flush()
    assert.is_nil(session:get(m.City, 1))
    nested:rollback()
    assert.is_true(session:contains(rome))
    assert.is_true(rawequal(rome, session:get(m.City, 1)))
    assert.equal("rome", rome.name)
    session:commit()
    assert.equal("oslo,rome", names())
  end)

  it("that was released is undone by the outer rollback", function()
    local bern = m.City { name = "bern" }
    session:begin_nested(function() session:add(bern) end)
    assert.is_true(session:contains(bern))
    session:begin_nested(function() session:delete(session:get(m.City, 1)) end)
    session:rollback()
    assert.is_false(session:contains(bern))
    assert.equal("oslo,rome", names())
    assert.equal("rome", session:get(m.City, 1).name)
  end)

  it("that was released inside another is undone by the other", function()
    local outer = session:begin_nested()
    local inner = session:begin_nested()
    local bern, rome = m.City { name = "bern" }, session:get(m.City, 1)
    session:add(bern)
    rome.name = "Roma"
    inner:commit()
    assert.is_false(inner.is_active)
    outer:rollback()
    assert.is_false(session:contains(bern))
    assert.equal("rome", rome.name)
    session:commit()
    assert.equal("oslo,rome", names())
  end)

  it("ends with the deeper ones", function()
    local outer, inner = session:begin_nested(), session:begin_nested()
    session:add(m.City { name = "bern" })
    outer:commit()
    assert.is_false(inner.is_active)
    raises("ResourceClosedError", "closed", inner.rollback, inner)
    session:commit()
    assert.equal("bern,oslo,rome", names())
    local third = session:begin_nested()
    session:commit()
    assert.is_false(third.is_active)
    raises("ResourceClosedError", "closed", third.commit, third)
  end)

  it("whose flush failed leaves the outer transaction alone", function()
    local rome = session:get(m.City, 1)
    rome.name = "Roma"
    raises("IntegrityError", says.unique, function()
      session:begin_nested(function()
        session:add(m.City { name = "oslo" })
        session:flush()
      end)
    end)
    assert.is_true(session.is_active)
    assert.equal("Roma", rome.name)
    session:add(m.City { name = "bern" })
    session:commit()
    assert.equal("bern,oslo,Roma", names())
  end)

  it("whose commit fails in its block is rolled back, and the error goes on", function()
    raises("IntegrityError", says.unique, function()
      session:begin_nested(function() session:add(m.City { name = "oslo" }) end)
    end)
    assert.is_true(session:in_transaction())
    assert.is_false(session:in_nested_transaction())
    session:commit()
    assert.equal("oslo,rome", names())
  end)

  it("refuses work after a failed flush until it is rolled back", function()
    local nested = session:begin_nested()
    session:add(m.City { name = "oslo" })
    raises("IntegrityError", says.unique, session.flush, session)
    assert.is_false(nested.is_active)
    raises("PendingRollbackError", says.unique, nested.commit, nested)
    raises("PendingRollbackError", says.unique, session.scalars, session, corm.select(m.City))
    nested:rollback()
    assert.equal(2, #session:scalars(corm.select(m.City)):all())
  end)

  it("passes itself to its function and the results on", function()
    local result, nothing = session:begin_nested(function(nested)
      assert.is_true(nested.is_active)
      assert.is_true(rawequal(session, nested.session))
      return "done", nil
    end)
    assert.equal("done", result)
    assert.is_nil(nothing)
    session:begin_nested(function(nested)
      session:add(m.City { name = "bern" })
      nested:rollback()
    end)
    session:commit()
    assert.equal("oslo,rome", names())
  end)

  it("tracks by key what was collected and loaded again inside", function()
    local nested = session:begin_nested()
    session:get(m.City, 1).name = "x"
    session:flush()
    collectgarbage()
    collectgarbage()
    local again = session:get(m.City, 1)
    assert.equal("x", again.name)
    nested:rollback()
    assert.equal("rome", again.name)
  end)

  it("agrees with a model of nested tables after random programs", function()
    local seed = 20261122
    math.randomseed(seed)
    for round = 1, 60 do
      local stack, state = {}, {}
      local objects = {}
      local function copy()
        local t = {}
        for k, v in pairs(state) do t[k] = v end
        return t
      end
      for step = 1, 25 do
        local dice = math.random(6)
        if dice == 1 and #stack < 5 then
          stack[#stack + 1] = { nested = session:begin_nested(), state = copy() }
        elseif dice == 2 and #stack > 0 then
          table.remove(stack).nested:commit()
        elseif dice == 3 and #stack > 0 then
          local top = table.remove(stack)
          top.nested:rollback()
          state = top.state
        elseif dice == 4 then
          session:flush()
        elseif dice == 5 then
          local name = ("r%d s%d"):format(round, step)
          local city = m.City { name = name }
          objects[name] = city
          session:add(city)
          state[name] = 0
        else
          local name = next(state)
          if name then
            if math.random(3) == 1 then
              session:flush()
              session:delete(objects[name])
              state[name] = nil
            end
          end
        end
      end
      session:flush()
      local expected, found = {}, {}
      for name in pairs(state) do expected[#expected + 1] = name end
      for _, city in ipairs(session:scalars(corm.select(m.City):where(m.City.name:like("r%"))):all()) do
        if city.name ~= "rome" then found[#found + 1] = city.name end
      end
      table.sort(expected)
      table.sort(found)
      assert.same(expected, found, "seed " .. seed .. ", round " .. round)
      for name, city in pairs(objects) do
        assert.equal(state[name] ~= nil, session:contains(city), "seed " .. seed .. ": " .. name)
      end
      session:rollback()
    end
    assert.equal("oslo,rome", names())
  end)
end)
