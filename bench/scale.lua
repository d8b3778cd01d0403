-- One case of bench/scale: `scale.lua CASE N FILE` prints the processor's seconds of its work, the bytes that the
-- process's memory grew by at its peak, and those it grew by after a tenth of the work. On a file of SQLite's.
local corm = require "corm"

local name, n, file = arg[1], math.tointeger(tonumber(arg[2])), arg[3]
local Column, ForeignKey, Integer, Text = corm.Column, corm.ForeignKey, corm.Integer, corm.Text
local relationship, select = corm.relationship, corm.select

local Base = corm.declarative_base()
local function key() return Column(Integer, { primary_key = true }) end

local Author = Base:model("Author", {
  __tablename__ = "author", id = key(), name = Column(Text), age = Column(Integer),
})

-- A book knows its shelf, and the other way round; its author does not know it.
local Shelf = Base:model("Shelf", {
  __tablename__ = "shelf", id = key(),
  books = relationship("Book", { back_populates = "shelf" }),
  by_title = relationship("Page", { collection_class = corm.attribute_keyed_dict "title" }),
  by_function = relationship("Page", { overlaps = "by_title",
    collection_class = corm.keyfunc_mapping(function(page) return page.title .. "!" end) }),
  notes = relationship("Note", { back_populates = "shelf", cascade = "all, delete-orphan" }),
  slips = relationship("Slip", { cascade = "all, delete-orphan" }),
})
local Book = Base:model("Book", {
  __tablename__ = "book", id = key(), title = Column(Text),
  shelf_id = Column(ForeignKey("shelf.id"), { index = true }),
  author_id = Column(ForeignKey("author.id"), { index = true }),
  shelf = relationship("Shelf", { back_populates = "books" }), author = relationship("Author"),
})
local Page = Base:model("Page", {
  __tablename__ = "page", id = key(), title = Column(Text), shelf_id = Column(ForeignKey("shelf.id"), { index = true }),
})
local Note = Base:model("Note", {
  __tablename__ = "note", id = key(), shelf_id = Column(ForeignKey("shelf.id"), { index = true }),
  shelf = relationship("Shelf", { back_populates = "notes" }),
})
local Slip = Base:model("Slip", {
  __tablename__ = "slip", id = key(), shelf_id = Column(ForeignKey("shelf.id"), { index = true }),
})
local Node = Base:model("Node", {
  __tablename__ = "node", id = key(), parent_id = Column(ForeignKey("node.id"), { index = true }),
  children = relationship("Node", { back_populates = "parent", cascade = "all" }),
  parent = relationship("Node", { back_populates = "children", remote_side = "Node.id" }),
})

local engine = corm.create_engine("sqlite:///" .. file)
Base.metadata:create_all(engine)

local function memory(field)
  for line in io.lines("/proc/self/status") do
    local kilobytes = line:match("^" .. field .. ":%s*(%d+) kB")
    if kilobytes then return tonumber(kilobytes) * 1024 end
  end
end

-- Rows made by the database itself.
local function fill(sql)
  engine:begin(function(conn)
    conn:execute(corm.text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :n) " .. sql),
      { n = n })
  end)
end
local function fill_authors() fill "INSERT INTO author SELECT i, 'author ' || i, i % 90 FROM n" end
local function fill_books()
  fill_authors()
  fill "INSERT INTO shelf SELECT i FROM n WHERE i <= 2"
  fill "INSERT INTO book SELECT i, 'book ' || i, 1, i FROM n"
end
local function fill_chain() fill "INSERT INTO node SELECT i, nullif(i - 1, 0) FROM n" end

local start
local tenth -- memory after a tenth of the work
local function begin()
  collectgarbage()
  start = os.clock()
end
local function done_a_tenth() tenth = memory "VmRSS" end

local function all(session, class) return session:scalars(select(class):order_by(class.id)):all() end

local cases = {}

-- What Lua takes by itself for as many tables with a string of their own each.
function cases.plain_tables()
  begin()
  local authors = {}
  for i = 1, n do authors[i] = { name = "author " .. i, age = i % 90 } end
  assert(#authors == n)
end

-- The strings are the script's, and their number is Lua's matter.
function cases.flush(session)
  local names, authors = {}, {}
  for i = 1, n do names[i] = "author " .. i end
  begin()
  for i = 1, n do authors[i] = Author { name = names[i], age = i % 90 } end
  session:add_all(authors)
  session:flush()
end

function cases.flush_chain(session)
  begin()
  local last
  for _ = 1, n do last = Node { parent = last } end
  session:add(last)
  session:flush()
end

function cases.walk_chain(session)
  fill_chain()
  local node, count = session:get(Node, n), 0
  begin()
  while node do node, count = node.parent, count + 1 end
  assert(count == n)
end

function cases.walk_down(session)
  fill_chain()
  local node, count = session:get(Node, 1), 0
  begin()
  while node do node, count = node.children[1], count + 1 end
  assert(count == n)
end

function cases.delete_chain(session)
  fill_chain()
  local root = session:get(Node, 1)
  begin()
  session:delete(root)
  session:flush()
  assert(session:scalar(corm.text "SELECT count(*) FROM node") == 0)
end

function cases.delete_chain_in_memory(session)
  local last, root
  for i = 1, n do
    last = Node { parent = last }
    if i == 1 then root = last end
  end
  session:add(root)
  session:flush()
  begin()
  session:delete(root)
  session:flush()
  assert(session:scalar(corm.text "SELECT count(*) FROM node") == 0)
end

function cases.units(first)
  first:close()
  engine = corm.create_engine "sqlite://" -- a file waits for the disk at each commit
  Base.metadata:create_all(engine)
  begin()
  for i = 1, n do
    local session = corm.Session { bind = engine }
    session:add(Author { name = "author " .. i })
    session:commit()
    local author = session:scalars(select(Author):where(Author.name:eq("author " .. i))):one()
    session:delete(author) -- the database is in memory, too
    session:commit()
    session:close()
    if i == n // 10 then done_a_tenth() end
  end
end

function cases.expired_read_again(session)
  fill_authors()
  local authors, sum = all(session, Author), 0
  begin()
  session:commit()
  for _, author in ipairs(authors) do sum = sum + author.age end
end

local function make_older(authors)
  for _, author in ipairs(authors) do author.age = author.age + 1 end
end

function cases.change_all(session)
  fill_authors()
  local authors = all(session, Author)
  begin()
  make_older(authors)
  session:commit()
end

function cases.roll_back_changes(session)
  fill_authors()
  local authors = all(session, Author)
  make_older(authors)
  begin()
  session:rollback()
end

function cases.roll_back_new(session)
  local authors = {}
  for i = 1, n do authors[i] = Author { name = "author " .. i } end
  session:add_all(authors)
  session:flush()
  begin()
  session:rollback()
end

function cases.close_with_changes(session)
  fill_authors()
  local authors = all(session, Author)
  make_older(authors)
  begin()
  session:close()
end

function cases.close_in_savepoint(session)
  fill_authors()
  local authors = all(session, Author)
  session:begin_nested()
  make_older(authors)
  session:flush()
  begin()
  session:close()
end

function cases.expunge_new(session)
  local authors = {}
  for i = 1, n do authors[i] = Author { name = "author " .. i } end
  session:add_all(authors)
  begin()
  for _, author in ipairs(authors) do session:expunge(author) end
end

function cases.expire_changed(session)
  fill_authors()
  local authors = all(session, Author)
  make_older(authors)
  begin()
  for _, author in ipairs(authors) do session:expire(author) end
end

function cases.take_deletes_back(session)
  fill_authors()
  local authors = all(session, Author)
  for _, author in ipairs(authors) do session:delete(author) end
  begin()
  for _, author in ipairs(authors) do session:add(author) end
end

function cases.savepoints(session)
  begin()
  for i = 1, n do
    local nested = session:begin_nested()
    session:add(Author { name = "author " .. i })
    nested:commit()
  end
  session:commit()
end

function cases.savepoints_rolled_back(session)
  local author = Author { name = "a" }
  session:add(author)
  session:flush()
  begin()
  for i = 1, n do
    local nested = session:begin_nested()
    author.age = i
    session:flush()
    nested:rollback()
  end
end

function cases.savepoints_in_one(session)
  local author = Author { name = "a" }
  session:add(author)
  session:begin_nested()
  begin()
  for i = 1, n do
    local nested = session:begin_nested()
    author.age = i
    nested:commit()
  end
  session:commit()
end

function cases.merges(session)
  fill_authors()
  begin()
  local kept = {}
  for i = 1, n do kept[i] = session:merge(Author { id = i, name = "merged " .. i }) end
  session:flush()
  assert(#kept == n)
end

-- A thousand small flushes cost the same, however much is loaded. The best of five parts counts five times, so that a
-- map that doubles once is not taken for something that each flush does.
local function small(change, loaded)
  return function(session)
    fill_books()
    local held = loaded(session)
    session:flush()
    local best = math.huge
    for part = 0, 4 do
      begin()
      for i = 1, 200 do
        change(session, part * 200 + i)
        session:flush()
      end
      best = math.min(best, os.clock() - start)
    end
    assert(held)
    start = os.clock() - 5 * best
  end
end

local function books_of_shelf(session)
  local books = all(session, Book)
  return { books, all(session, Author), #session:get(Shelf, 1).books }
end

local function books_and_authors(session)
  local books = session:scalars(select(Book):options(corm.selectinload(Book.author))):all()
  assert(books[1].author.id == 1)
  return books
end

cases.small_inserts = small(function(session, i) session:add(Author { name = "new " .. i }) end, books_of_shelf)
cases.small_updates = small(function(session, i) session:get(Author, i).age = 100 end, books_of_shelf)
cases.small_deletes = small(function(session, i) session:delete(session:get(Book, i)) end, books_of_shelf)
cases.small_deletes_of_referred = small(function(session, i)
  session:get(Book, i).author = nil
  session:delete(session:get(Author, i))
end, books_and_authors)
cases.small_queries = small(function(session, i)
  session:get(Author, i).age = 100
  session:scalars(select(Shelf)):all()
end, books_of_shelf)

local function shelf_of(count)
  return function(session)
    local shelf, books = Shelf {}, {}
    for i = 1, count do books[i] = Book { title = "book " .. i, shelf = shelf } end
    session:add(shelf)
    session:flush()
    return shelf, books
  end
end

function cases.remove_from_front(session)
  local shelf, books = shelf_of(n)(session)
  begin()
  for i = 1, n do shelf.books:remove(books[i]) end
  session:flush()
end

function cases.remove_from_back(session)
  local shelf, books = shelf_of(n)(session)
  begin()
  for i = n, 1, -1 do shelf.books:remove(books[i]) end
  session:flush()
end

function cases.pop_all(session)
  local shelf = shelf_of(n)(session)
  begin()
  for _ = 1, n do shelf.books:pop() end
  session:flush()
end

function cases.move_all(session)
  local shelf, books = shelf_of(n)(session)
  local other = Shelf {}
  session:add(other)
  session:flush()
  assert(#other.books == 0)
  begin()
  for _, book in ipairs(books) do book.shelf = other end
  session:flush()
  assert(#shelf.books == 0 and #other.books == n)
end

function cases.replace_all(session)
  local shelf = shelf_of(n)(session)
  local books = {}
  for i = 1, n do books[i] = Book { title = "other " .. i } end
  begin()
  shelf.books = books
  session:flush()
end

-- Every other one goes, the others turn round, and new ones come between them.
function cases.replace_half(session)
  local shelf, books = shelf_of(n)(session)
  local new = {}
  for i = n - 1, 1, -2 do
    new[#new + 1] = books[i]
    new[#new + 1] = Book { title = "new " .. i }
  end
  begin()
  shelf.books = new
  session:flush()
end

function cases.append_each(session)
  local shelf = shelf_of(1)(session)
  begin()
  for i = 1, n do shelf.books:append(Book { title = "book " .. i }) end
  session:flush()
end

function cases.append_unloaded(session)
  local shelf = shelf_of(n)(session)
  session:commit()
  begin()
  session:no_autoflush(function()
    for i = 1, n do Book { title = "book " .. i }.shelf = shelf end
    assert(#shelf.books == 2 * n)
  end)
end

function cases.orphan_new(session)
  local shelf, notes = Shelf {}, {}
  for i = 1, n do notes[i] = Note { shelf = shelf } end
  session:add(shelf)
  begin()
  for _, note in ipairs(notes) do shelf.notes:remove(note) end
  session:flush()
end

-- Only the list of the shelf knows them.
function cases.orphan_unnamed(session)
  local shelf, slips = Shelf {}, {}
  for i = 1, n do slips[i] = Slip {} end
  shelf.slips = slips
  session:add(shelf)
  begin()
  for _, slip in ipairs(slips) do shelf.slips:remove(slip) end
  session:flush()
end

function cases.delete_collected(session)
  local shelf, books = shelf_of(n)(session)
  begin()
  for _, book in ipairs(books) do session:delete(book) end
  session:flush()
  assert(#shelf.books == 0)
end

function cases.delete_collected_backwards(session)
  local shelf, books = shelf_of(n)(session)
  begin()
  for i = n, 1, -1 do session:delete(books[i]) end
  session:flush()
  assert(#shelf.books == 0)
end

function cases.delete_with_collection(session)
  local shelf = Shelf {}
  for _ = 1, n do shelf.notes:append(Note {}) end
  session:add(shelf)
  session:flush()
  begin()
  session:delete(shelf)
  session:flush()
end

function cases.dictionary(session)
  local shelf = Shelf {}
  session:add(shelf)
  begin()
  for i = 1, n do shelf.by_title:set(Page { title = "page " .. i }) end
  session:flush()
  for i = 1, n do assert(shelf.by_title["page " .. i]) end
end

-- Members change between the searches, and so do others of their class.
function cases.dictionary_by_function(session)
  local shelf = Shelf {}
  session:add(shelf)
  begin()
  for i = 1, n do shelf.by_function:set(Page { title = "page " .. i }) end
  session:flush()
  for i = 1, n do
    local page = shelf.by_function["page " .. i .. "!"]
    page.title = "leaf " .. i
    for j = 1, 10 do Page { title = "loose " .. j } end
    assert(shelf.by_function["leaf " .. i .. "!"] == page and not shelf.by_function["page " .. i .. "!"])
  end
end

function cases.contains(session)
  local shelf, books = shelf_of(n)(session)
  begin()
  for i = 1, n do assert(shelf.books:contains(books[i * 7 % n + 1])) end
end

function cases.sort(session)
  local shelf, books = shelf_of(n)(session)
  begin()
  shelf.books:sort(function(a, b) return a.id > b.id end)
  assert(shelf.books[1] == books[n])
end

local work = cases[name]
if not work or not n or not file then
  io.stderr:write("usage: scale.lua CASE N FILE\n")
  os.exit(2)
end
local session = corm.Session { bind = engine }
local function run() return work(session) end
collectgarbage()
local idle = memory "VmRSS"
run()
local seconds = os.clock() - start
local peak, last = memory "VmHWM" - idle, memory "VmRSS"
print(("%.6f %.0f %.0f"):format(seconds, peak, tenth and last - tenth or 0))
