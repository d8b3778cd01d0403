-- Random graphs of objects under random operations do what a plain model of them does (spec/support/graph.lua).
-- CORM_TEST_SEED repeats a run; CORM_TEST_STEPS says how many steps there are; CORM_TEST_GRAPH=FILE runs the steps that
-- the file returns, as a failure prints them.
local corm = require "corm"
local database = require "spec.support.database"
local drawn = require "spec.support.drawn"
local graph = require "spec.support.graph"
require "spec.support.graph_basic"
require "spec.support.graph_more"
require "spec.support.graph_keys"

local total = math.tointeger(tonumber(os.getenv "CORM_TEST_STEPS" or 4000))
local seed = drawn.seed()
local LENGTH = 60

describe("a random graph of objects", function()
  local m, engine

  setup(function()
    m = graph.models()
    engine = database.engine()
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)

  local function open()
    m.Base.metadata:drop_all(engine)
    m.Base.metadata:create_all(engine)
    return graph.open(engine, m), function() end
  end

  it(("is what its model is (seed %d)"):format(seed), function()
    local random = drawn.numbers(seed)
    for _ = 1, total // LENGTH do
      local steps = graph.steps(random, LENGTH)
      if graph.run(open, steps) then
        local shortest, err = graph.shrink(open, steps)
        error(("seed %d: %s, after\n%s"):format(seed, err, graph.show(shortest)), 0)
      end
    end
  end)

  local replay = os.getenv "CORM_TEST_GRAPH"
  if replay then
    it("does what " .. replay .. " says", function()
      local err, last = graph.run(open, assert(loadfile(replay))())
      if err then error(("step %d: %s"):format(last, err), 0) end
    end)
  end

  -- An operation that the model gets wrong, which no random run chooses.
  graph.operation("forget a new name", 0, function(g)
    local o = g:pick(g:live "person")
    if not o then return false end
    g.real[o].name = "renamed"
  end)

  it("is compared with its model, and a difference is shown by the few steps that lead to it", function()
    local random = drawn.numbers(1)
    local steps, found
    repeat
      steps = graph.steps(random, LENGTH)
      table.insert(steps, LENGTH // 2, { name = "forget a new name", numbers = { 1, 2, 3, 4, 5, 6 } })
      found = graph.run(open, steps) -- nil: the person was renamed or gone afterwards
    until found
    assert.is_truthy(found:find("renamed", 1, true), found)
    local shortest, err = graph.shrink(open, steps)
    assert.is_true(#shortest <= 3, graph.show(shortest))
    assert.equal("forget a new name", shortest[#shortest].name)
    assert.is_truthy(err:find("renamed", 1, true))
    local shown = assert(load(graph.show(shortest)))()
    assert.same(shortest, shown)
    assert.equal(err, (graph.run(open, shown)))
    table.remove(shown)
    assert.is_nil(graph.run(open, shown))
  end)

  describe("has shown that", function()
    local session, person, item

    before_each(function()
      open()
      session = corm.Session { bind = engine }
      person = m.person { id = 1 }
      item = m.item { id = 2, owner = person }
      session:add(item)
      session:flush()
    end)
    after_each(function() session:close() end)

    it("an object given once more to its owner, after it was read anew, is there once", function()
      session:refresh(item)
      item.owner = person
      assert.equal(1, #person.items)
    end)

    it("an object is given to a new one of a class that points back to it", function()
      session:commit()
      local other = m.person { id = 3, favourite = item, items = { item } }
      session:add(other)
      session:commit()
      assert.equal(3, item.owner_id)
      assert.equal(2, other.favourite_id)
    end)

    it("an object that was away forgets all the same what a savepoint did to it", function()
      local other = m.person { id = 3 }
      session:add(other)
      session:commit()
      local outer = session:begin_nested()
      item.owner = other
      session:begin_nested()
      session:flush()
      session:expunge(item)
      session:add(item)
      assert.equal(3, item.owner_id)
      outer:rollback()
      assert.equal(person, item.owner)
      assert.equal(1, item.owner_id)
    end)

    -- Within a savepoint, which is returned.
    local function leave_with_another_key()
      session:commit()
      local nested = session:begin_nested()
      for _, id in ipairs { 5, 6 } do
        item.id = id
        session:flush()
      end
      session:expunge(item)
      return nested
    end

    it("an object that was away gets the key back that it had before the savepoint or the transaction", function()
      local nested = leave_with_another_key()
      session:add(item)
      nested:rollback()
      assert.equal(2, item.id)
      assert.equal(item, session:get(m.item, 2))
      item.id = 7
      session:flush()
      session:expunge_all()
      session:add(item)
      assert.equal(7, item.id)
      session:rollback()
      assert.equal(item, session:get(m.item, 2))
      assert.equal(2, item.id)
    end)

    it("an object that was loaded in the place of one that is away gets its old key", function()
      local nested = leave_with_another_key()
      local again = session:get(m.item, 6)
      assert.are_not.equal(item, again)
      nested:rollback()
      assert.equal(again, session:get(m.item, 2))
      assert.equal(2, again.id)
      again.id = 7
      session:flush()
      session:expunge_all()
      again = session:get(m.item, 7)
      session:rollback()
      assert.equal(again, session:get(m.item, 2))
      assert.equal(2, again.id)
    end)

    it("an object that was loaded in the place of one that is away gets its old key after an exchange, too", function()
      session:commit()
      item.id = 5
      session:flush()
      session:expunge(item)
      local again, other = session:get(m.item, 5), m.item { id = 6 }
      session:add(other)
      session:flush()
      again.id, other.id = 6, 5
      session:flush()
      session:rollback()
      assert.is_true(corm.inspect(other).transient)
      assert.equal(again, session:get(m.item, 2))
      assert.equal(2, again.id)
    end)

    it("an object that was loaded in the place of one that is away, and deleted, comes back by its old key", function()
      for _, nested in ipairs { false, true } do
        session:commit()
        local txn = nested and session:begin_nested() or session
        item.id = 5
        session:flush()
        session:expunge(item)
        local again = session:get(m.item, 5)
        session:delete(again)
        session:flush()
        txn:rollback()
        assert.equal(again, session:get(m.item, 2))
        assert.equal(2, again.id)
        item = again
      end
    end)

    it("objects that exchanged their keys and were away get the old ones back", function()
      local other = m.item { id = 3 }
      session:add(other)
      session:commit()
      for _ = 1, 3 do
        item.id, other.id = other.id, item.id
        session:flush()
      end
      session:expunge_all()
      session:add_all { other, item }
      session:rollback()
      assert.same({ 2, 3 }, { item.id, other.id })
      assert.equal(item, session:get(m.item, 2))
    end)

    it("an object that was away is new again when the savepoint that inserted it is undone", function()
      local nested = session:begin_nested()
      local other, another = m.item { id = 3 }, m.item { id = 4 }
      session:add_all { other, another }
      session:flush()
      session:begin_nested()
      other.id = 7
      session:flush()
      session:expunge(other)
      session:add(other)
      session:expunge_all()
      session:add_all { item, other, another }
      nested:rollback()
      assert.same({ true, true, true },
        { corm.inspect(item).persistent, corm.inspect(other).transient, corm.inspect(another).transient })
      session:add(another)
      session:commit()
      assert.equal(4, another.id)
    end)

    it("an object in the row of a deleted one goes when that comes back, though it was away meanwhile", function()
      local nested = session:begin_nested()
      session:delete(item)
      local other = m.item { id = 2, name = "other" }
      session:add(other)
      session:flush()
      session:expunge(other)
      session:add(other)
      nested:rollback()
      assert.equal(item, session:get(m.item, 2))
      assert.is_true(corm.inspect(item).persistent)
      assert.is_true(corm.inspect(other).transient)
    end)

    it("an object that a savepoint inserted or moved leaves lists that were read meanwhile", function()
      session:commit()
      local nested = session:begin_nested()
      session:add(m.item { id = 3, owner_id = 1 })
      session:flush()
      assert.equal(2, #person.items)
      nested:rollback()
      assert.equal(1, #person.items)
      local other = m.person { id = 4 }
      session:add(other)
      session:commit()
      nested = session:begin_nested()
      item.owner_id = 4
      session:flush()
      assert.equal(1, #other.items)
      session:expire(item)
      nested:rollback()
      assert.equal(0, #other.items)
    end)

    it("an object is deleted after one that refers to it from another class of its family", function()
      local draft = m.draft { id = 2 }
      local reply = m.reply { id = 3, answers = draft }
      session:add_all { draft, reply }
      assert.same({ 1, 0, 0 }, { #draft.replies, #draft.labels, #draft.pages })
      session:flush()
      session:delete(reply)
      session:delete(draft)
      session:commit()
      assert.is_nil(session:get(m.doc, 2))
    end)

    it("an expired object that is deleted leaves the list that holds it", function()
      assert.equal(1, #person.items)
      session:expire(item)
      session:delete(item)
      session:flush()
      assert.equal(0, #person.items)
    end)
  end)
end)
