-- A whole session: models, a graph written, read lazily and eagerly, changed, rolled back to a savepoint, deleted.

local corm = require "corm"
local Column, Integer, String, ForeignKey = corm.Column, corm.Integer, corm.String, corm.ForeignKey

local function models()
  local Base = corm.declarative_base()
  local Author = Base:model("Author", {
    __tablename__ = "author",
    id = Column(Integer, { primary_key = true }),
    name = Column(String, { nullable = false, unique = true }),
    books = corm.relationship("Book", { back_populates = "author", cascade = "all, delete-orphan" }),
  })
  local Book = Base:model("Book", {
    __tablename__ = "book",
    id = Column(Integer, { primary_key = true }),
    title = Column(String),
    price = Column(corm.Numeric(10, 2)),
    author_id = Column(Integer, ForeignKey "author.id"),
    author = corm.relationship("Author", { back_populates = "books" }),
  })
  return Base, Author, Book
end

local function write(session, Author, Book)
  for i = 1, 3 do
    local author = Author { name = "author " .. i }
    for k = 1, 3 do
      author.books:append(Book { title = ("book %d of %d"):format(k, i), price = corm.decimal "12.30" })
    end
    session:add(author)
  end
  session:commit()
end

local function change(session, Author, Book)
  local authors = session:scalars(corm.select(Author):options(corm.selectinload(Author.books))):all()
  authors[1].name = "somebody else"
  authors[1].books:remove(authors[1].books[1])
  authors[2].books:append(Book { title = "another", author_id = nil })
  session:begin_nested(function() session:delete(authors[3]) end)
  pcall(session.begin_nested, session, function()
    session:add(Author { name = "never" })
    session:flush()
    error "undone"
  end)
  session:commit()
  local book = session:scalars(corm.select(Book):where(Book.title:like "book%"):order_by(Book.id):limit(1)):first()
  assert(book.author.name ~= nil and #book.author.books > 0)
end

local scenario = {}

function scenario.prepare()
  local Base, Author, Book = models()
  local engine = corm.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  return { engine = engine, Author = Author, Book = Book }
end

function scenario.run(state)
  models()
  state.session = corm.Session { bind = state.engine }
  write(state.session, state.Author, state.Book)
  change(state.session, state.Author, state.Book)
end

-- Three authors or none; the change whole or not at all; and the session works.
function scenario.check(state, ok)
  local session = state.session or corm.Session { bind = state.engine }
  session:rollback()
  local authors = session:scalar(corm.select(corm.func.count()):select_from(state.Author))
  local books = session:scalar(corm.select(corm.func.count()):select_from(state.Book))
  assert((authors == 0 and books == 0) or (authors == 3 and books == 9) or (authors == 2 and books == 6))
  assert(not ok or authors == 2)
  session:add(state.Author { name = "afterwards", books = { state.Book { title = "one more" } } })
  session:commit()
  assert(session:query(state.Author):filter_by({ name = "afterwards" }):one().books[1].title == "one more")
  session:close()
end

return scenario
