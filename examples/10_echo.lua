-- What one session sends: echo = true writes every statement to standard error.
-- A parent with three children is inserted, one child moves, another is deleted, a savepoint is undone, and all is
-- committed.

local corm = require "corm"
local Column, Integer, String, ForeignKey = corm.Column, corm.Integer, corm.String, corm.ForeignKey

local Base = corm.declarative_base()

local Shelf = Base:model("Shelf", {
  __tablename__ = "shelf",
  id    = Column(Integer, { primary_key = true }),
  name  = Column(String(20), { nullable = false }),
  books = corm.relationship("Book", { back_populates = "shelf", order_by = "Book.id" }),
})

local Book = Base:model("Book", {
  __tablename__ = "book",
  id       = Column(Integer, { primary_key = true }),
  title    = Column(String(50), { nullable = false }),
  shelf_id = Column(Integer, ForeignKey("shelf.id")),
  shelf    = corm.relationship("Shelf", { back_populates = "books" }),
})

local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)
engine.echo = true

local session = corm.Session { bind = engine, expire_on_commit = false }

local upper = Shelf { name = "upper" }
for _, title in ipairs { "one", "two", "three" } do upper.books:append(Book { title = title }) end
local lower = Shelf { name = "lower" }
session:add_all { upper, lower }
session:flush()

local one, two = upper.books[1], upper.books[2]
lower.books:append(one) -- leaves the upper shelf by itself
session:delete(two)
session:flush()
assert(#upper.books == 1 and one.shelf == lower)

local savepoint = session:begin_nested()
upper.name = "never seen"
session:add(Book { title = "never there", shelf = upper })
session:flush()
savepoint:rollback()

session:commit()
engine.echo = false

for shelf in session:scalars(corm.select(Shelf):order_by(Shelf.id)) do
  local titles = {}
  for book in shelf.books do titles[#titles + 1] = book.title end
  print(shelf.name .. ": " .. table.concat(titles, ", "))
end
assert(upper.name == "upper" and session:query(Book):count() == 2)
