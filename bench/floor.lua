-- What Lua alone takes in a case: the script's tables, lists and strings, and one userdata with a finalizer for each
-- object, without any database and without corm. Raw C and this together are what a mapper that gives Lua an object
-- for each row cannot go below, unless it does both at the same time. `floor.lua CASE N` prints "CASE seconds N".
-- `floor.lua CASE N least` makes do with the least that there can be and leaves out what the case does not force: an
-- object is a handle of eight bytes that somebody made from C. Lua takes that much time of one processor, whatever else
-- is done at the same time.

local clock = require "clock"
local data = require "data"

local name, n = arg[1], math.tointeger(tonumber(arg[2]))
local AUTHOR, BOOK = 187, 171 -- bytes of a block: header, slots, text
local author_values, book_values, BOOKS_PER_AUTHOR = data.author, data.book, data.BOOKS_PER_AUTHOR

local function timed(fn)
  collectgarbage()
  local start = clock.now()
  fn()
  return clock.now() - start
end

local cases = {}

function cases.insert_objects()
  local authors = {}
  for i = 1, n do
    author_values(i)
    authors[i] = clock.block(AUTHOR)
  end
  return authors
end

function cases.insert_graph()
  local authors, all, row = {}, {}, 0
  for a = 1, n // BOOKS_PER_AUTHOR do
    local values, books = author_values(a), {}
    for k = 1, BOOKS_PER_AUTHOR do
      row = row + 1
      book_values(row)
      books[k] = clock.block(BOOK)
    end
    values.books = books
    authors[a] = clock.block(AUTHOR)
    all[a] = books -- as an author holds its books
  end
  return authors, all
end

function cases.insert_bulk()
  local rows = {}
  for i = 1, n do rows[i] = author_values(i) end
  return rows
end

function cases.load_all()
  local authors, sum = {}, 0
  for i = 1, n do authors[i] = clock.block(AUTHOR) end
  for i in ipairs(authors) do sum = sum + #clock.text("author ", i) end
  return sum
end

function cases.load_eager()
  local authors, books, sum = {}, {}, 0
  for a = 1, n // BOOKS_PER_AUTHOR do authors[a] = clock.block(AUTHOR) end
  for i = 1, n // BOOKS_PER_AUTHOR * BOOKS_PER_AUTHOR do books[i] = clock.block(BOOK) end
  for i in ipairs(authors) do sum = sum + #clock.text("author ", i) end
  for i in ipairs(books) do sum = sum + #clock.text("book ", i) end
  return sum
end

local least = {}

function least.insert_objects()
  for i = 1, n do author_values(i) end
  return clock.handles(1, n, "author ")
end

function least.insert_graph()
  local row = 0
  for a = 1, n // BOOKS_PER_AUTHOR do
    local values = author_values(a)
    for _ = 1, BOOKS_PER_AUTHOR do
      row = row + 1
      book_values(row)
    end
    values.books = clock.handles(row - BOOKS_PER_AUTHOR + 1, row, "book ")
  end
  return clock.handles(1, n // BOOKS_PER_AUTHOR, "author ")
end

least.insert_bulk = cases.insert_bulk

function least.load_all()
  local sum = 0
  for _, author in ipairs(clock.handles(1, n, "author ")) do sum = sum + #author.text + author.age end
  return sum
end

function least.load_eager()
  local sum, k = 0, BOOKS_PER_AUTHOR
  local authors, books = clock.handles(1, n // k, "author "), clock.handles(1, n // k * k, "book ")
  for _, author in ipairs(authors) do sum = sum + #author.text end
  for _, book in ipairs(books) do sum = sum + #book.text + book.year end
  return sum
end

print(("%s %.9f %d"):format(name, timed((arg[3] and least or cases)[name]), n))
