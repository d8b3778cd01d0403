local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("U22 row switch", function()
  local w, m, session, log

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    log = {}
    session:add_all { m.User { id = 1, name = "ann", age = 30 }, m.User { id = 2, name = "bob" } }
    session:commit()
  end)
  after_each(function() w:close() end)

  local function written(fn)
    local kinds = {}
    for _, statement in ipairs(w:statements(fn)) do
      local kind = statement:match "^(%u+)"
      if kind ~= "SELECT" and kind ~= "BEGIN" and kind ~= "COMMIT" then kinds[#kinds + 1] = kind end
    end
    return table.concat(kinds, " ")
  end

  it("writes over the row of a deleted object by one UPDATE of all its columns", function()
    local old = session:get(m.User, 1)
    session:delete(old)
    local new = m.User { id = 1, name = "eve" }
    session:add(new)
    assert.equal("UPDATE", written(function() session:commit() end))
    assert.equal("1|eve|,2|bob|", w:list('SELECT id, name, age FROM "user" ORDER BY id'):gsub("NULL", "") .. "")
    assert.is_true(corm.inspect(new).persistent)
    assert.is_true(corm.inspect(old).detached)
    assert.is_true(rawequal(new, session:get(m.User, 1)))
    assert.is_nil(new.age)
  end)

  it("is undone by a rollback: the old object is there again", function()
    local old = session:get(m.User, 1)
    session:delete(old)
    local new = m.User { id = 1, name = "eve" }
    session:add(new)
    session:flush()
    session:rollback()
    assert.is_true(corm.inspect(old).persistent)
    assert.is_true(corm.inspect(new).transient)
    assert.equal("ann", old.name)
    local nested = session:begin_nested()
    session:delete(old)
    session:add(new)
    session:flush()
    nested:rollback()
    assert.is_true(rawequal(old, session:get(m.User, 1)))
    assert.equal("ann", w:rows('SELECT name FROM "user" WHERE id = 1'))
  end)

  it("tells an insert of the new object, no delete of the old one", function()
    for _, name in ipairs { "before_insert", "after_insert", "before_update", "after_update", "before_delete",
      "after_delete" } do
      corm.event.listen(m.User, name, function() log[#log + 1] = name end)
    end
    session:delete(session:get(m.User, 1))
    session:add(m.User { id = 1, name = "eve" })
    session:commit()
    assert.equal("before_insert after_insert", table.concat(log, " "))
  end)

  it("lets children go as a delete does, and gives them to the new object", function()
    local old = session:get(m.User, 1)
    local x, y = m.Address { email = "x", user = old }, m.Address { email = "y", user = old }
    session:add_all { x, y }
    session:commit()
    session:delete(old)
    session:add(m.User { id = 1, name = "eve", addresses = { x } })
    session:commit()
    assert.equal("1", w:rows("SELECT user_id FROM address WHERE email = 'x'"))
    assert.equal("1", w:rows("SELECT count(*) FROM address WHERE email = 'y' AND user_id IS NULL"))
    assert.is_nil(y.user)
  end)

  it("is for composite keys, too, and only for the same key", function()
    session:add(m.Item { order_no = 1, line = 1, text = "a" })
    session:commit()
    session:delete(session:get(m.Item, { 1, 1 }))
    session:add_all { m.Item { order_no = 1, line = 1, text = "b" }, m.Item { order_no = 1, line = 2, text = "c" } }
    session:commit()
    assert.equal("1|b,2|c", w:list("SELECT line, text FROM item ORDER BY line"))
  end)

  it("of two new objects with the deleted one's key is refused, and leaves the row", function()
    session:delete(session:get(m.User, 1))
    session:add_all { m.User { id = 1, name = "x" }, m.User { id = 1, name = "y" } }
    raises("IntegrityError", "", session.commit, session)
    session:rollback()
    assert.equal("ann", w:rows('SELECT name FROM "user" WHERE id = 1'))
    assert.equal("ann", session:get(m.User, 1).name)
  end)
end)
