-- Results that are read in odd ways, one row that is none or several, lists of any length: the class of the error, and
-- what the session is afterwards.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select = corm.select

local w, m, session

local function open()
  w = world.open()
  m = w.m
  session = w:session()
end

local function close() w:close() end
local function assert_usable() w:check_usable(session) end

describe("C13 a result that is being read", function()
  before_each(function()
    open()
    for i = 1, 300 do session:add(m.City { name = ("c%03d"):format(i) }) end
    session:commit()
  end)
  after_each(close)

  it("survives flushes, and is closed or read by a commit", function()
    local n = 0
    for row in session:execute(select(m.City.id, m.City.name):order_by(m.City.id)) do
      n = n + 1
      if n % 100 == 0 then
        session:add(m.Tag { name = "t" .. n })
        session:flush()
      end
      assert.equal(("c%03d"):format(n), row.name)
    end
    assert.equal(300, n)
    session:commit()
    assert.equal("3", w:list "SELECT count(*) FROM tag")
    local result = session:execute(select(m.City.id):order_by(m.City.id))
    assert.is_not_nil(result:fetchone())
    session:commit()
    local ok, err = pcall(result.fetchone, result)
    assert.is_true(ok or err.class == "ResourceClosedError", tostring(err))
    assert_usable()
  end)

  it("is closed with its session, and may be left half read", function()
    local result = session:execute(select(m.City.id))
    assert.is_not_nil(result:fetchone())
    session:close()
    local ok, err = pcall(result.fetchone, result)
    assert.is_true(ok or err.class == "ResourceClosedError", tostring(err))
    for _ = 1, 50 do
      session:execute(select(m.City.id)):fetchone()
      for city in session:scalars(select(m.City)) do
        if city.name then break end
      end
    end
    assert_usable()
  end)
end)

describe("C14 one row that is none or several", function()
  before_each(function()
    open()
    session:add_all { m.City { name = "a" }, m.City { name = "b" }, m.Item { order_no = 1, line = 2, text = "x" } }
    session:commit()
  end)
  after_each(close)

  it("is NoResultFound, MultipleResultsFound, nil", function()
    local none = session:query(m.City):filter_by { name = "z" }
    raises("NoResultFound", "", none.one, none)
    assert.is_nil(none:one_or_none())
    assert.is_nil(none:first())
    local all = session:query(m.City)
    raises("MultipleResultsFound", "", all.one, all)
    raises("MultipleResultsFound", "", all.one_or_none, all)
    raises("NoResultFound", "", function() session:scalars(select(m.City):where(m.City.name:eq "z")):one() end)
    raises("MultipleResultsFound", "", function() session:execute(select(m.City.id)):scalar_one() end)
    raises("NoResultFound", "", session.get_one, session, m.City, 4711)
    session:rollback()
    assert_usable()
  end)

  it("cannot be asked for by a key of the wrong size or form", function()
    raises("InvalidRequestError", "", session.get, session, m.Item, 1)
    raises("InvalidRequestError", "", session.get, session, m.Item, { 1 })
    raises("InvalidRequestError", "", session.get, session, m.Item, { 1, 2, 3 })
    raises("InvalidRequestError", "", session.get, session, m.Item, { order_no = 1 })
    raises("InvalidRequestError", "", session.get, session, m.City, { 1, 2 })
    local ok, err = pcall(session.get, session, m.City, {})
    assert.is_false(ok)
    assert.is_true(err:is "InvalidRequestError" or err:is "ArgumentError", err.class)
    ok, err = pcall(session.get, session, m.City, "x")
    assert.is_true(not ok or err == nil)
    assert.is_nil(session:get(m.City, nil))
    assert.equal("x", session:get(m.Item, { 1, 2 }).text)
    assert.equal("x", session:get(m.Item, { line = 2, order_no = 1 }).text)
    session:rollback()
    assert_usable()
  end)
end)

describe("C15 lists of any length", function()
  before_each(open)
  after_each(close)

  it("stand behind IN, and go into one transaction", function()
    local ids = {}
    for i = 1, 70000 do ids[i] = i end
    session:add_all { m.City { name = "a" }, m.City { name = "b" } }
    session:flush()
    assert.equal(0, #session:scalars(select(m.City):where(m.City.id:in_ {})):all())
    assert.equal(2, #session:scalars(select(m.City):where(m.City.id:in_(ids))):all())
    session:rollback()
    assert_usable()
  end)

  it("of rows are undone as a whole when one of them fails", function()
    for i = 1, 5000 do session:add(m.Item { order_no = 1, line = i % 4999, text = "x" }) end
    raises("IntegrityError", "", session.commit, session)
    session:rollback()
    assert.equal("0", w:list "SELECT count(*) FROM item")
    assert_usable()
  end)
end)
