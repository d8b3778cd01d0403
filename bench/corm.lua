-- The workload through corm's public interface. `corm.lua CASE URL N` prints "CASE measure check": the seconds of the
-- work alone (for `memory` the bytes), and the number that raw C reaches as well. bench/run starts it.

local corm = require "corm"
local clock = require "clock"
local data = require "data"

local name, url, n = arg[1], arg[2], math.tointeger(tonumber(arg[3]))
local BOOKS_PER_AUTHOR, HITS, ACCESSES = data.BOOKS_PER_AUTHOR, 1000000, 10000000
local QUERIES = math.tointeger(tonumber(os.getenv "BENCH_QUERIES" or 20000)) -- of get_by_pk and select_filter
local STRIDE = 15485863 -- as in bench.h: scatters the keys

local Column, ForeignKey, Float, Integer, Text = corm.Column, corm.ForeignKey, corm.Float, corm.Integer, corm.Text
local select, selectinload = corm.select, corm.selectinload

local Base = corm.declarative_base()

-- Deleting an author that has `books` means looking for books to let go of. Raw C does not, so that case maps authors
-- without them; all other cases have the relationship.
local Author = Base:model("Author", {
  __tablename__ = "author",
  id = Column(Integer, { primary_key = true }),
  name = Column(Text, { nullable = false }),
  email = Column(Text, { nullable = false, unique = true }),
  age = Column(Integer),
  score = Column(Float),
  books = name ~= "delete_objects" and corm.relationship("Book", { back_populates = "author" }) or nil,
})

local Book = name ~= "delete_objects" and Base:model("Book", {
  __tablename__ = "book",
  id = Column(Integer, { primary_key = true }),
  author_id = Column(Integer, ForeignKey("author.id"), { nullable = false, index = true }),
  title = Column(Text, { nullable = false }),
  year = Column(Integer),
  price = Column(Float),
  author = corm.relationship("Author", { back_populates = "books" }),
})

local engine = corm.create_engine(url)
local Session = corm.sessionmaker { bind = engine, expire_on_commit = false }

local author_values, book_values = data.author, data.book

-- Seconds that fn takes, and what it returns. What was garbage before is not on its bill.
local function timed(fn, ...)
  collectgarbage()
  local start = clock.now()
  local check = fn(...)
  return clock.now() - start, check
end

local function peak_bytes()
  for line in io.lines("/proc/self/status") do
    local kilobytes = line:match("^VmHWM:%s*(%d+) kB")
    if kilobytes then return tonumber(kilobytes) * 1024 end
  end
end

local function load_authors(session)
  return session:scalars(select(Author)):all()
end

local function read_all(session)
  local authors, sum = load_authors(session), 0
  for _, author in ipairs(authors) do sum = sum + #author.name + author.age end
  return sum, authors
end

local cases = {}

function cases.insert_objects(session)
  return timed(function()
    local authors, sum = {}, 0
    for i = 1, n do authors[i] = Author(author_values(i)) end
    session:add_all(authors)
    session:commit()
    for _, author in ipairs(authors) do sum = sum + author.id end
    return sum
  end)
end

function cases.insert_graph(session)
  return timed(function()
    local authors, row, sum = {}, 0, 0
    for a = 1, n // BOOKS_PER_AUTHOR do
      local values, books = author_values(a), {}
      for k = 1, BOOKS_PER_AUTHOR do
        row = row + 1
        books[k] = Book(book_values(row))
      end
      values.books = books
      authors[a] = Author(values)
    end
    session:add_all(authors)
    session:commit()
    for _, author in ipairs(authors) do
      sum = sum + author.id
      for _, book in ipairs(author.books) do sum = sum + book.id end
    end
    return sum
  end)
end

function cases.insert_bulk()
  return timed(function()
    local rows = {}
    for i = 1, n do rows[i] = author_values(i) end
    engine:begin(function(connection) connection:execute(corm.insert(Author), rows) end)
    return n
  end)
end

function cases.load_all(session)
  return timed(function() return (read_all(session)) end)
end

function cases.load_eager(session)
  return timed(function()
    local sum = 0
    local authors = session:scalars(select(Author):options(selectinload(Author.books))):all()
    for _, author in ipairs(authors) do
      sum = sum + #author.name
      for _, book in ipairs(author.books) do sum = sum + #book.title + book.year end
    end
    return sum
  end)
end

function cases.get_by_pk(session)
  return timed(function()
    local sum = 0
    for k = 1, math.min(n, QUERIES) do
      local author = session:get(Author, 1 + k * STRIDE % n)
      sum = sum + #author.name + author.age
    end
    return sum
  end)
end

function cases.get_identity(session)
  local authors = load_authors(session)
  local seconds, found = timed(function()
    local found = 0
    for k = 1, HITS do
      if session:get(Author, 1 + k * STRIDE % n) then found = found + 1 end
    end
    return found
  end)
  assert(#authors == n) -- held until here, so that every get was a hit
  return seconds, found
end

function cases.update_objects(session)
  return timed(function()
    local authors = load_authors(session)
    for _, author in ipairs(authors) do author.age = author.age + 1 end
    session:commit()
    return #authors
  end)
end

function cases.select_filter(session)
  return timed(function()
    local sum = 0
    for k = 1, QUERIES do
      local stmt = select(Author)
        :where(Author.age:ge(18 + k % 20), Author.name:like("%" .. k % 10 .. "%"))
        :order_by(Author.id)
        :limit(10)
      for author in session:scalars(stmt) do sum = sum + #author.name + author.age end
    end
    return sum
  end)
end

function cases.compile_only()
  return timed(function()
    local length = 0
    for i = 1, n do
      local stmt = select(Book)
        :join(Author)
        :where(Author.age:ge(i % 63), Author.name:like("author %"), Book.year:lt(2000))
        :order_by(Book.id)
        :limit(10)
      length = #stmt:compile({ dialect = "sqlite" }).string
    end
    assert(length > 0)
    return n
  end)
end

function cases.delete_objects(session)
  return timed(function()
    local authors = load_authors(session)
    for _, author in ipairs(authors) do session:delete(author) end
    session:commit()
    return #authors
  end)
end

-- Ten accesses a turn, so that the loop itself weighs little.
-- luacheck: push ignore 311
function cases.attr_get(session)
  local a = session:get(Author, 1)
  return timed(function()
    local last = a.age
    for _ = 1, ACCESSES // 10 do
      last = a.age; last = a.age; last = a.age; last = a.age; last = a.age
      last = a.age; last = a.age; last = a.age; last = a.age; last = a.age
    end
    return last
  end)
end
-- luacheck: pop

function cases.attr_set(session)
  local a = session:get(Author, 1)
  return timed(function()
    for i = 1, ACCESSES // 10 do
      a.age = i; a.age = 1; a.age = i; a.age = 2; a.age = i
      a.age = 3; a.age = i; a.age = 4; a.age = i; a.age = 19
    end
    return a.age
  end)
end

function cases.memory(session)
  session:get(Author, 1)
  collectgarbage()
  local idle = peak_bytes()
  local sum, authors = read_all(session)
  local bytes = peak_bytes() - idle
  assert(#authors == n)
  return bytes, sum
end

local work = cases[name]
if not work or not url or not n then
  io.stderr:write("usage: corm.lua CASE URL N\n")
  os.exit(2)
end
-- The engine's first connection is made here: connecting belongs to no case.
engine:connect():close()
local session = Session()
local measure, check = work(session)
session:rollback()
session:close()
print(("%s %.9f %d"):format(name, measure, check))
