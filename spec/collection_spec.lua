local corm = require "corm"
local library = require "spec.support.library"
local raises = require "spec.support.raises"

local lib, Author, Book, author, a, b, c

local function titles(collection)
  local list = {}
  for _, book in ipairs(collection) do list[#list + 1] = book.title end
  return table.concat(list, " ")
end

describe("a collection", function()
  before_each(function()
    lib = library()
    Author, Book = lib.Author, lib.Book
    a, b, c = Book { title = "a" }, Book { title = "b" }, Book { title = "c" }
    author = Author { name = "ann", books = { a, b } }
  end)

  it("reads like a sequence", function()
    assert.equal(2, #author.books)
    assert.is_true(rawequal(a, author.books[1]))
    assert.is_true(rawequal(b, author.books[2]))
    assert.is_nil(author.books[3])
    assert.is_nil(author.books[0])
    assert.equal("a b", titles(author.books))
    local seen = {}
    for i, book in pairs(author.books) do seen[i] = book.title end
    assert.same({ "a", "b" }, seen)
    seen = {}
    for book in author.books do seen[#seen + 1] = book.title end
    assert.same({ "a", "b" }, seen)
    assert.equal("a,b", table.concat({ author.books[1].title, author.books[2].title }, ","))
    assert.equal("collection Author.books of Author(id=NULL, name='ann')", tostring(author.books))
  end)

  it("is the same value each time", function()
    assert.is_true(rawequal(author.books, author.books))
  end)

  it("appends, inserts, extends", function()
    author.books:append(c)
    assert.equal("a b c", titles(author.books))
    local d = Book { title = "d" }
    author.books:insert(1, d)
    assert.equal("d a b c", titles(author.books))
    author.books:extend { Book { title = "e" }, Book { title = "f" } }
    assert.equal("d a b c e f", titles(author.books))
    author.books:insert(7, Book { title = "g" })
    assert.equal("d a b c e f g", titles(author.books))
    for _, book in ipairs(author.books) do assert.is_true(rawequal(author, book.author)) end
  end)

  it("removes, pops, clears", function()
    author.books:append(c)
    author.books:remove(b)
    assert.equal("a c", titles(author.books))
    assert.is_nil(b.author)
    assert.is_true(rawequal(c, author.books:pop()))
    assert.is_true(rawequal(a, author.books:pop(1)))
    assert.equal(0, #author.books)
    author.books = { a, b, c }
    author.books:clear()
    assert.equal(0, #author.books)
    assert.is_nil(c.author)
  end)

  it("is written by position", function()
    author.books[3] = c
    assert.equal("a b c", titles(author.books))
    local d = Book { title = "d" }
    author.books[2] = d
    assert.equal("a d c", titles(author.books))
    assert.is_nil(b.author)
    author.books[1] = nil
    assert.equal("d c", titles(author.books))
    author.books[1] = d
    assert.equal("d c", titles(author.books))
  end)

  it("is replaced by a list, and keeps what stays", function()
    local books = author.books
    author.books = { c, a }
    assert.is_true(rawequal(books, author.books))
    assert.equal("c a", titles(books))
    assert.is_nil(b.author)
    assert.is_true(rawequal(author, a.author))
    author.books = author.books
    assert.equal("c a", titles(books))
    local other = Author { name = "bob", books = author.books }
    assert.equal("c a", titles(other.books))
    assert.equal(0, #author.books)
    author.books = {}
    assert.equal(0, #author.books)
  end)

  it("is replaced by a list in another order, with some that come and some twice", function()
    local d = Book { title = "d" }
    author.books = { b, d, a, c, b }
    assert.equal("b d a c", titles(author.books))
    author.books = { c, Book { title = "e" }, d, b, Book { title = "f" } }
    assert.equal("c e d b f", titles(author.books))
    assert.is_nil(a.author)
    author.books:append(d)
    author.books = { d, c, b }
    assert.equal("d c b", titles(author.books):sub(1, 5))
  end)

  it("finds its members", function()
    assert.is_true(author.books:contains(a))
    assert.is_false(author.books:contains(c))
    assert.is_false(author.books:contains("x"))
    assert.equal(2, author.books:index(b))
    assert.is_nil(author.books:index(c))
  end)

  it("equals another with the same objects in the same order", function()
    local tag, other = lib.Tag { name = "x" }, lib.Tag { name = "y" }
    tag.books = { a, b }
    assert.is_true(tag.books == author.books)
    other.books = { b, a }
    assert.is_false(other.books == author.books)
  end)

  it("may change while it is walked", function()
    author.books:append(c)
    local seen = {}
    for book in author.books do
      seen[#seen + 1] = book.title
      author.books:remove(book)
    end
    assert.same({ "a", "b", "c" }, seen)
    assert.equal(0, #author.books)
    author.books = { a, b }
    seen = {}
    for book in author.books do
      seen[#seen + 1] = book.title
      if #author.books < 4 then author.books:append(Book { title = "new" }) end
    end
    assert.same({ "a", "b", "new", "new" }, seen)
  end)

  it("can be walked by loops inside one another", function()
    author.books:append(c)
    local seen = {}
    for x in author.books do
      for y in author.books do
        for z in author.books do
          if z.title == "c" then break end
          seen[#seen + 1] = x.title .. y.title .. z.title
        end
      end
    end
    assert.equal(18, #seen)
    assert.equal("aaa", seen[1])
    assert.equal("ccb", seen[18])
  end)

  it("refuses what does not belong, naming the attribute", function()
    local books = author.books
    raises("ArgumentError", "Author.books holds Book objects, got nil", books.append, books, nil)
    raises("ArgumentError", "Author.books holds Book objects, got string", books.append, books, "x")
    raises("ArgumentError", "Author.books holds Book objects, not Author", books.append, books, author)
    raises("ArgumentError", "Author.books holds Book objects, got table", books.append, books, {})
    raises("ArgumentError", "Author.books holds Book objects", books.append, books, Book)
    raises("ArgumentError", "a list of Book objects expected, got string", function() author.books = "x" end)
    raises("ArgumentError", "an empty one is {}", function() author.books = nil end)
    raises("ArgumentError", "Author.books holds Book objects, got integer", function() author.books = { a, 5 } end)
    raises("ArgumentError", "Author.books holds Book objects, got string", Author, { books = { "x" } })
    raises("ArgumentError", "position 5 is outside 1 to 3", books.insert, books, 5, c)
    raises("ArgumentError", "a position expected, got string", books.insert, books, "1", c)
    raises("ArgumentError", "position 3 is outside 1 to 2", function() books[3] = nil end)
    raises("ArgumentError", "position 4 is outside 1 to 3", function() books[4] = c end)
    raises("ArgumentError", "the Book is not in Author.books", books.remove, books, c)
    raises("ArgumentError", "did you mean 'append'?", function() return books.apend end)
    raises("ArgumentError", "Author.books is empty", function() books:clear() books:pop() end)
    books:extend { a, b }
    assert.equal("a b", titles(books))
    assert.is_nil(c.author)
  end)

  it("refuses objects of another session", function()
    local one, two = lib.Session(), lib.Session()
    one:add(author)
    two:add(c)
    raises("InvalidRequestError", "Author.books", author.books.append, author.books, c)
    assert.equal("a b", titles(author.books))
    one:close()
    two:close()
  end)

  it("calls validators and listeners for what comes and goes", function()
    local seen = {}
    local Base = corm.declarative_base()
    local Parent = Base:model("Parent", {
      __tablename__ = "parent",
      id = corm.Column(corm.Integer, { primary_key = true }),
      children = corm.relationship("Child"),
      corm.validates("children", function(_, key, child, removing)
        seen[#seen + 1] = (removing and "-" or "+") .. key .. child.id
        if child.id == 13 then error("unlucky", 0) end
        return child
      end, { include_removes = true }),
    })
    local Child = Base:model("Child", {
      __tablename__ = "child",
      id = corm.Column(corm.Integer, { primary_key = true }),
      parent_id = corm.Column(corm.Integer, corm.ForeignKey("parent.id")),
    })
    corm.event.listen(Parent.children, "append", function(_, child) seen[#seen + 1] = "append " .. child.id end)
    corm.event.listen(Parent.children, "remove", function(_, child) seen[#seen + 1] = "remove " .. child.id end)
    local parent = Parent { children = { Child { id = 1 } } }
    parent.children:append(Child { id = 2 })
    parent.children:pop()
    assert.same({ "+children1", "append 1", "+children2", "append 2", "-children2", "remove 2" }, seen)
    local ok, err = pcall(parent.children.append, parent.children, Child { id = 13 })
    assert.is_false(ok)
    assert.equal("unlucky", err)
    assert.equal(1, #parent.children)
  end)
end)
