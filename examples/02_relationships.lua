-- Relationships: one-to-many, many-to-one, many-to-many. Both ends agree in memory at once; keys follow at the commit.
local corm = require "corm"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local Base = corm.declarative_base()

-- The table between books and tags has no class of its own.
local book_tag = corm.Table("book_tag", Base.metadata,
  Column("book_id", Integer, ForeignKey("book.id"), { primary_key = true }),
  Column("tag_id", Integer, ForeignKey("tag.id"), { primary_key = true }))

local Author = Base:model("Author", {
  __tablename__ = "author",
  id    = Column(Integer, { primary_key = true }),
  name  = Column(String(50), { nullable = false }),
  books = relationship("Book", { back_populates = "author", order_by = "Book.id", cascade = "all, delete-orphan" }),
})

local Book = Base:model("Book", {
  __tablename__ = "book",
  id        = Column(Integer, { primary_key = true }),
  title     = Column(String(100), { nullable = false }),
  author_id = Column(Integer, ForeignKey("author.id"), { nullable = false }),
  author    = relationship("Author", { back_populates = "books" }),
  tags      = relationship("Tag", { secondary = book_tag, back_populates = "books", order_by = "Tag.id" }),
})

local Tag = Base:model("Tag", {
  __tablename__ = "tag",
  id    = Column(Integer, { primary_key = true }),
  name  = Column(String(30), { nullable = false, unique = true }),
  books = relationship("Book", { secondary = book_tag, back_populates = "tags" }),
})

local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)
local session = corm.sessionmaker { bind = engine } ()

-- No keys are written by hand, and only the author is added: what hangs on it comes along.
local novel = Tag { name = "novel" }
local ursula = Author {
  name = "Ursula",
  books = {
    Book { title = "The Dispossessed", tags = { novel, Tag { name = "utopia" } } },
    Book { title = "Lavinia", tags = { novel } },
  },
}
assert(ursula.books[1].author == ursula) -- before anything was sent
session:add(ursula)
session:commit()
print(ursula.name .. " has " .. #ursula.books .. " books")
for _, book in ipairs(ursula.books) do
  print("  " .. book.title .. ", author_id " .. book.author_id .. ", tags " .. #book.tags)
end
assert(#novel.books == 2)

-- A book moves when its author is changed; the collections follow.
local stanislaw = Author { name = "Stanislaw" }
session:add(stanislaw)
local lavinia = ursula.books[2]
lavinia.author = stanislaw
assert(#ursula.books == 1 and stanislaw.books:contains(lavinia))
session:commit()
assert(lavinia.author_id == stanislaw.id)
print(lavinia.title .. " moved to " .. lavinia.author.name)

-- A many-to-many link is one row of book_tag; a book without an author is an orphan and deleted.
lavinia.tags:remove(novel)
stanislaw.books:remove(lavinia)
session:commit()
local titles = session:scalars(select(Book.title):order_by(Book.id)):all()
print("left: " .. table.concat(titles, ", "))
assert(#titles == 1 and titles[1] == "The Dispossessed")

-- Deleting the author deletes the books, the links, and no tag.
session:delete(ursula)
session:commit()
assert(#session:scalars(select(Book)):all() == 0)
assert(#session:execute(select(book_tag)):all() == 0)
assert(#session:scalars(select(Tag)):all() == 2)
session:close()
