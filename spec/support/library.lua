-- Authors, books and tags in a database of their own: the models that most specs of the ORM need.
local corm = require "corm"
local database = require "spec.support.database"
local sql = require "spec.support.sql"

local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String

-- Returns Base, Author, Book, Tag, engine, Session and `sent`, the statements since it was last emptied. `options` may
-- give those of Author.books.
return function(options)
  local lib = { sent = {} }
  local Base = corm.declarative_base()
  lib.Base = Base
  lib.book_tag = corm.Table("book_tag", Base.metadata,
    Column("book_id", Integer, ForeignKey("book.id"), { primary_key = true }),
    Column("tag_id", Integer, ForeignKey("tag.id"), { primary_key = true }))
  lib.Author = Base:model("Author", {
    __tablename__ = "author",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(50), { nullable = false }),
    books = corm.relationship("Book", options or { back_populates = "author", order_by = "Book.id" }),
  })
  lib.Book = Base:model("Book", {
    __tablename__ = "book",
    id = Column(Integer, { primary_key = true }),
    title = Column(String(100), { nullable = false }),
    author_id = Column(Integer, ForeignKey("author.id")),
    author = corm.relationship("Author", { back_populates = "books" }),
    tags = corm.relationship("Tag", { secondary = lib.book_tag, back_populates = "books", order_by = "Tag.id" }),
  })
  lib.Tag = Base:model("Tag", {
    __tablename__ = "tag",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(30), { nullable = false }),
    books = corm.relationship("Book", { secondary = lib.book_tag, back_populates = "tags" }),
  })
  lib.engine = database.engine()
  Base.metadata:create_all(lib.engine)
  lib.Session = corm.sessionmaker { bind = lib.engine }
  corm.event.listen(lib.engine, "before_cursor_execute", function(_, _, statement)
    lib.sent[#lib.sent + 1] = sql.sent(statement)
  end)

  -- Runs fn and returns how many statements it sent.
  function lib.count(fn, ...)
    local before = #lib.sent
    fn(...)
    return #lib.sent - before
  end

  -- A session with n authors of n books each, all committed and loaded by nobody.
  function lib.filled(n)
    local session = lib.Session()
    for a = 1, n do
      local author = lib.Author { name = "author " .. a }
      for b = 1, n do author.books:append(lib.Book { title = ("book %d.%d"):format(a, b) }) end
      session:add(author)
    end
    session:commit()
    session:close()
    return lib.Session()
  end

  return lib
end
