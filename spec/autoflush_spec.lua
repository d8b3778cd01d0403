local corm = require "corm"
local says = require("spec.support.database").says
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select = corm.select

describe("autoflush", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    session = w:session()
    session:add(m.User { name = "a", addresses = { m.Address { email = "x" } } })
    session:commit()
    w:statements()
  end)
  after_each(function() w:close() end)

  local function pending() session:add(m.User { name = "b" }) end

  it("lets every query see what is pending", function()
    pending()
    assert.equal(2, #session:scalars(select(m.User)):all())
    session:add(m.User { name = "c" })
    assert.equal(3, session:scalar(select(corm.func.count()):select_from(m.User)))
    session:add(m.User { name = "d" })
    assert.equal(4, session:scalar(corm.text("SELECT count(*) FROM " .. w.user)))
    session:add(m.User { name = "e" })
    assert.equal(5, session:query(m.User):count())
    session:get(m.User, 1).age = 3
    assert.equal(1, session:execute(corm.update(m.User):where(m.User.age:eq(3)):values { age = 4 }).rowcount)
  end)

  it("comes before lazy loads and before a get that asks the database", function()
    local u = session:get(m.User, 1)
    w:statements()
    session:add(m.Address { email = "y", user_id = 1 })
    assert.equal(2, #u.addresses)
    assert.is_truthy(w:statements()[1]:find("INSERT INTO address", 1, true))
    pending()
    assert.equal("b", session:get(m.User, 2).name)
    assert.equal(0, #session.new)
  end)

  it("comes before a reference is read whose key has expired", function()
    local Base = corm.declarative_base()
    local Column, Integer = corm.Column, corm.Integer
    local function key() return Column(Integer, { primary_key = true }) end
    local Shelf = Base:model("Shelf", { __tablename__ = "shelf", id = key(), books = corm.relationship "Book" })
    local Book = Base:model("Book", {
      __tablename__ = "book", id = key(), shelf_id = Column(Integer, corm.ForeignKey "shelf.id"),
      shelf = corm.relationship "Shelf", -- which knows nothing of shelf.books
    })
    local other = world.open { Base = Base }
    local of = other:session()
    local shelf, book = Shelf {}, Book {}
    of:add_all { shelf, book }
    of:commit()
    shelf.books:append(book)
    assert.is_true(rawequal(shelf, book.shelf))
    of:rollback()
    shelf.books:append(book)
    of:no_autoflush(function() assert.is_nil(book.shelf) end)
    other:close()
  end)

  it("does not come for a get that the session answers", function()
    session:get(m.User, 1)
    pending()
    assert.equal(0, w:count(function() session:get(m.User, 1) end))
    assert.equal(1, #session.new)
  end)

  it("is suspended by no_autoflush, for a block or a scope", function()
    pending()
    local n, same = session:no_autoflush(function(s)
      assert.is_true(rawequal(s, session))
      session:no_autoflush(function() end)
      return #session:scalars(select(m.User)):all(), #session.new
    end)
    assert.equal(1, n)
    assert.equal(1, same)
    do
      local pause <close> = session:no_autoflush()
      assert.is_truthy(pause)
      assert.equal(1, session:query(m.User):count())
    end
    local ok, err = pcall(session.no_autoflush, session, function() error("own", 0) end)
    assert.is_false(ok)
    assert.equal("own", err)
    assert.equal(2, session:query(m.User):count())
  end)

  it("is off where the session or the statement says so", function()
    session.autoflush = false
    pending()
    assert.equal(1, #session:scalars(select(m.User)):all())
    session.autoflush = true
    assert.equal(1, #session:scalars(select(m.User):execution_options { autoflush = false }):all())
    assert.equal(2, #session:scalars(select(m.User)):all())
  end)

  it("says that it was the one who failed, and why", function()
    session:add(m.User {})
    local err = raises("IntegrityError", "autoflush", function() session:scalars(select(m.User)) end)
    assert.is_truthy(err.message:find(says.not_null, 1, true))
    assert.equal("not_null", err.kind)
    assert.is_number(err.line)
    assert.is_truthy(err.source:find("autoflush_spec", 1, true))
    session:rollback()
    assert.equal(1, #session:scalars(select(m.User)):all())
  end)
end)
