-- Which columns are read when attributes are read again.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

local function models()
  local Base = corm.declarative_base()
  return {
    Base = Base,
    Book = Base:model("Book", {
      __tablename__ = "book", __mapper_args__ = { eager_defaults = false },
      id = Column(Integer, { primary_key = true }), title = Column(String(20)),
      pages = Column(Integer), state = Column(String(10), { server_default = "new" }),
    }),
  }
end

describe("U19 attributes that are read again", function()
  local w, session, book

  before_each(function()
    w = world.open(models())
    session = w:session { expire_on_commit = false }
    book = w.m.Book { title = "a", pages = 5 }
    session:add(book)
    session:commit()
    assert.equal("new", book.state)
    session:commit() -- the reading began a transaction
  end)
  after_each(function() w:close() end)

  local function sent(fn)
    local list = w:statements(fn)
    for i, sql in ipairs(list) do list[i] = sql:gsub("%s+", " "):gsub("[?]", "$1"):gsub("`", "") end
    return list
  end

  it("alone, with the key, where only they have expired", function()
    w:sql "UPDATE book SET title = 'b', pages = 6"
    session:expire(book, { "title" })
    assert.same({ "SELECT book.id, book.title FROM book WHERE book.id = $1" },
      sent(function() assert.equal("b", book.title) end))
    assert.equal(5, book.pages)
    assert.same({}, sent(function() return book.title end))
  end)

  it("named ones by refresh, and nothing else", function()
    w:sql "UPDATE book SET title = 'b', pages = 6"
    assert.same({ "SELECT book.id, book.pages FROM book WHERE book.id = $1" },
      sent(function() session:refresh(book, { "pages" }) end))
    assert.equal(6, book.pages)
    assert.equal("a", book.title)
  end)

  it("all of them where all have expired", function()
    session:expire(book)
    assert.same({ "SELECT book.id, book.title, book.pages, book.state FROM book WHERE book.id = $1" },
      sent(function() return book.pages end))
  end)

  it("what the database made of a new row", function()
    local other = w.m.Book { title = "c" }
    session:add(other)
    session:flush()
    assert.same({ "SELECT book.id, book.state FROM book WHERE book.id = $1" },
      sent(function() assert.equal("new", other.state) end))
  end)

  it("and say when the row is gone", function()
    w:sql "DELETE FROM book"
    session:expire(book, { "title" })
    raises("ObjectDeletedError", "Instance Book(id=1)", function() return book.title end)
    raises("InvalidRequestError", "Could not refresh instance Book(id=1)", session.refresh, session, book, { "pages" })
  end)
end)
