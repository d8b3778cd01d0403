local corm = require "corm"
local library = require "spec.support.library"
local raises = require "spec.support.raises"

local Column, ForeignKey, Integer = corm.Column, corm.ForeignKey, corm.Integer

describe("both sides of a relationship", function()
  local lib, Author, Book, Tag

  before_each(function()
    lib = library()
    Author, Book, Tag = lib.Author, lib.Book, lib.Tag
  end)

  it("agree in memory at once", function()
    local ann, book = Author { name = "ann" }, Book { title = "x" }
    ann.books:append(book)
    assert.is_true(rawequal(ann, book.author))
    local bob = Author { name = "bob" }
    book.author = bob
    assert.equal(0, #ann.books)
    assert.is_true(rawequal(book, bob.books[1]))
    book.author = nil
    assert.equal(0, #bob.books)
    bob.books = { book }
    assert.is_true(rawequal(bob, book.author))
    bob.books:clear()
    assert.is_nil(book.author)
    assert.equal(0, #lib.sent - #lib.sent)
  end)

  it("move an object out of the list it was in", function()
    local ann, bob, book = Author { name = "ann" }, Author { name = "bob" }, Book { title = "x" }
    ann.books:append(book)
    bob.books:append(book)
    assert.equal(0, #ann.books)
    assert.equal(1, #bob.books)
    assert.is_true(rawequal(bob, book.author))
  end)

  it("agree for many-to-many", function()
    local book, tag = Book { title = "x" }, Tag { name = "t" }
    book.tags:append(tag)
    assert.is_true(tag.books:contains(book))
    tag.books:remove(book)
    assert.equal(0, #book.tags)
  end)

  it("agree with what is loaded, without a statement of their own", function()
    local session = lib.filled(2)
    local one, two = session:get(Author, 1), session:get(Author, 2)
    local book = one.books[1]
    assert.equal(2, #two.books)
    assert.equal(0, lib.count(function() book.author = two end))
    assert.equal(1, #one.books)
    assert.is_true(rawequal(book, two.books[3]))
    session:commit()
    assert.equal(2, book.author_id)
    session:close()
  end)

  it("queue a change of a list that is not loaded", function()
    local session = lib.filled(2)
    local author = session:get(Author, 1)
    local book = Book { title = "new" }
    session:add(book)
    assert.equal(0, lib.count(function() book.author = author end))
    assert.equal(3, #author.books)
    assert.is_true(author.books:contains(book))
    session:close()
  end)

  it("do not add an object from the other side", function()
    local session = lib.Session()
    local ann = Author { name = "ann" }
    session:add(ann)
    local book = Book { title = "x", author = ann }
    assert.is_true(ann.books:contains(book))
    assert.is_false(session:contains(book))
    ann.books:append(Book { title = "y" })
    assert.is_true(session:contains(ann.books[2]))
    session:close()
  end)
end)

describe("backref", function()
  local function key()
    return Column(Integer, { primary_key = true })
  end

  it("makes the other side", function()
    local Base = corm.declarative_base()
    local Post = Base:model("Post", {
      __tablename__ = "post", id = key(), user_id = Column(Integer, ForeignKey("user.id")),
      user = corm.relationship("User", { backref = corm.backref("posts", { order_by = "Post.id" }) }),
    })
    local User = Base:model("User", { __tablename__ = "user", id = key() })
    local user = User { posts = { Post {} } }
    assert.is_true(rawequal(user, user.posts[1].user))
    assert.equal("User.posts", tostring(User.posts))
  end)

  it("works with a secondary table", function()
    local Base = corm.declarative_base()
    local link = corm.Table("link", Base.metadata,
      Column("a", Integer, ForeignKey("a.id"), { primary_key = true }),
      Column("b", Integer, ForeignKey("b.id"), { primary_key = true }))
    local A = Base:model("A", { __tablename__ = "a", id = key(),
      bs = corm.relationship("B", { secondary = link, backref = "as" }) })
    local B = Base:model("B", { __tablename__ = "b", id = key() })
    local b = B {}
    local a = A { bs = { b } }
    assert.is_true(rawequal(a, b.as[1]))
  end)

  it("is refused where the name is taken or no name", function()
    local Base = corm.declarative_base()
    local Post = Base:model("Post", {
      __tablename__ = "post", id = key(), user_id = Column(Integer, ForeignKey("user.id")),
      user = corm.relationship("User", { backref = "id" }),
    })
    Base:model("User", { __tablename__ = "user", id = key() })
    raises("ArgumentError", "relationship Post.user: backref: User has an attribute 'id' already", Post, {})
    raises("ArgumentError", "Post.user", Post, {})
    raises("ArgumentError", "backref: a name expected, got integer", corm.backref, 5)
    raises("ArgumentError", "unknown option 'lazzy' of backref; did you mean 'lazy'?", corm.backref, "x", { lazzy = 1 })
  end)
end)
