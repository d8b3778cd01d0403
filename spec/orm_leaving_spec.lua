-- Deleted objects leave the collections and references that hold them (docs/deviations.md, "Loading").
local corm = require "corm"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship = corm.relationship

-- Nothing here knows who refers to it: no relationship has an inverse, but for those of Shelf.
local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  local function key()
    return Column(Integer, { primary_key = true })
  end
  local function to(target, action)
    return ForeignKey(target, { ondelete = action })
  end
  m.book_tag = corm.Table("book_tag", Base.metadata,
    Column("book_id", Integer, to("book.id", "CASCADE"), { primary_key = true }),
    Column("tag_id", Integer, to("tag.id", "CASCADE"), { primary_key = true }))
  m.Author = Base:model("Author", { __tablename__ = "author", id = key(), name = Column(String(20)) })
  m.Tag = Base:model("Tag", { __tablename__ = "tag", id = key(), name = Column(String(20)) })
  m.Book = Base:model("Book", {
    __tablename__ = "book", id = key(), code = Column(String(10), { unique = true }),
    author_id = Column(Integer, to("author.id", "SET NULL")),
    author = relationship "Author",
    tags = relationship("Tag", { secondary = m.book_tag, order_by = "Tag.id" }),
    seen_tags = relationship("Tag", { secondary = m.book_tag, viewonly = true, order_by = "Tag.id" }),
    pages = relationship("Page", { order_by = "Page.id" }),
    cover = relationship("Cover", { uselist = false }),
  })
  m.Page = Base:model("Page", {
    __tablename__ = "page", id = key(), book_code = Column(String(10), ForeignKey "book.code"),
    shelf_id = Column(Integer, ForeignKey "shelf.id"),
    shelf = relationship("Shelf", { back_populates = "pages" }),
  })
  m.Cover = Base:model("Cover", {
    __tablename__ = "cover", id = key(), book_id = Column(Integer, ForeignKey "book.id"),
  })
  m.Shelf = Base:model("Shelf", {
    __tablename__ = "shelf", id = key(), pages = relationship("Page", { back_populates = "shelf" }),
  })
  return m
end

describe("4.6 a deleted object leaves", function()
  local w, m, session, book

  before_each(function()
    w = world.open(models())
    m = w.m
    session = w:session { expire_on_commit = false }
    book = m.Book {
      code = "A", author = m.Author { name = "x" }, tags = { m.Tag { name = "t" }, m.Tag { name = "u" } },
      pages = { m.Page {}, m.Page {}, m.Page {} }, cover = m.Cover {},
    }
    session:add(book)
    session:commit()
    assert.equal(2, #book.seen_tags)
  end)
  after_each(function() w:close() end)

  -- The names of the tables that a flush wrote.
  local function written()
    local list = {}
    for _, statement in ipairs(w:statements(function() session:flush() end)) do list[#list + 1] = statement end
    return list
  end

  it("a many-to-many list without inverse, viewonly ones too", function()
    local t, u = book.tags[1], book.tags[2]
    session:delete(t)
    assert.equal(2, #book.tags)
    assert.same({ "DELETE FROM tag WHERE tag.id = ?" }, written())
    assert.equal(1, #book.tags)
    assert.equal(1, #book.seen_tags)
    assert.is_true(rawequal(u, book.tags[1]))
    assert.is_true(rawequal(u, book.seen_tags[1]))
    assert.is_false(session:is_modified(book))
    session:commit()
    assert.equal("1|2", w:rows("SELECT * FROM book_tag"))
  end)

  it("a one-to-many list over a key that is not the primary one", function()
    local first, second = book.pages[1], book.pages[2]
    session:delete(first)
    session:delete(book.pages[3])
    session:flush()
    assert.equal(1, #book.pages)
    assert.is_true(rawequal(second, book.pages[1]))
    session:commit()
    assert.equal("2", w:rows("SELECT id FROM page"))
  end)

  it("a list whose other side is not loaded", function()
    local shelf = m.Shelf { pages = { book.pages[1], book.pages[2] } }
    session:add(shelf)
    session:commit()
    local page = shelf.pages[1]
    session:expire(page, { "shelf" })
    session:delete(page)
    session:flush()
    assert.equal(1, #shelf.pages)
    assert.equal(2, #book.pages)
  end)

  it("a reference, whose key is read again", function()
    session:delete(book.author)
    assert.same({ "DELETE FROM author WHERE author.id = ?" }, written())
    assert.equal(1, w:count(function()
      assert.is_nil(book.author_id)
      assert.is_nil(book.author)
    end))
    assert.equal("A", book.code)
    session:commit()
    assert.equal("1|A|", w:rows("SELECT * FROM book"))
  end)

  it("a reference that is one-to-one", function()
    session:delete(book.cover)
    session:flush()
    assert.equal(0, w:count(function() assert.is_nil(book.cover) end))
  end)

  it("all objects that hold it", function()
    local shared = book.tags[1]
    local books = {}
    for i = 1, 20 do books[i] = m.Book { code = tostring(i), tags = { shared, m.Tag {} }, author = book.author } end
    session:add_all(books)
    session:commit()
    session:delete(shared)
    session:delete(book.author)
    session:flush()
    for _, one in ipairs(books) do
      assert.equal(1, #one.tags)
      assert.is_nil(one.author)
    end
  end)

  it("and comes back with the rollback", function()
    local tag, page, author, cover = book.tags[1], book.pages[2], book.author, book.cover
    for _, object in ipairs { tag, page, author, cover } do session:delete(object) end
    session:flush()
    assert.equal(1, #book.tags)
    session:rollback()
    assert.is_true(rawequal(tag, book.tags[1]))
    assert.is_true(rawequal(page, book.pages[2]))
    assert.is_true(rawequal(author, book.author))
    assert.is_true(rawequal(cover, book.cover))
  end)

  it("and comes back with the rollback to a savepoint", function()
    local tag, page, author, cover = book.tags[1], book.pages[2], book.author, book.cover
    local nested = session:begin_nested()
    for _, object in ipairs { tag, page, author, cover } do session:delete(object) end
    session:flush()
    assert.equal(1, #book.tags)
    assert.equal(2, #book.pages)
    assert.is_nil(book.author)
    nested:rollback()
    assert.is_true(rawequal(tag, book.tags[1]))
    assert.is_true(rawequal(page, book.pages[2]))
    assert.is_true(rawequal(author, book.author))
    assert.is_true(rawequal(cover, book.cover))
  end)

  it("what was assigned in the same flush", function()
    local new = m.Author { name = "y" }
    session:add(new)
    session:flush()
    session:delete(new)
    book.author = new
    book.tags:append(m.Tag { name = "v" })
    session:delete(book.tags[1])
    session:flush()
    assert.equal(2, #book.tags)
    assert.is_nil(book.author)
    session:commit()
    assert.equal("1|A|", w:rows("SELECT * FROM book"))
  end)
end)
