-- Work grows with the number of objects, not with its square: small versions of bench/scale. Four times the objects
-- take about four times the processor's time, sixteen times with a step that is quadratic; the best of several runs
-- counts, as many as it needs on a busy machine.
local corm = require "corm"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local FEW, TIMES, MOST, RUNS = 2000, 4, 9, 12

describe("work that grows with the number of objects:", function()
  local engine, Shelf, Book, Author, Note, Slip

  setup(function()
    local Base = corm.declarative_base()
    Author = Base:model("Author", { __tablename__ = "author", id = Column(Integer, { primary_key = true }),
      age = Column(Integer) })
    Shelf = Base:model("Shelf", {
      __tablename__ = "shelf", id = Column(Integer, { primary_key = true }),
      books = relationship("Book", { back_populates = "shelf", order_by = "Book.id" }),
      notes = relationship("Note", { back_populates = "shelf", cascade = "all, delete-orphan" }),
      slips = relationship("Slip", { cascade = "all, delete-orphan" }),
      by_title = relationship("Slip", { cascade = "all", overlaps = "slips",
        collection_class = corm.attribute_keyed_dict "title" }),
      by_function = relationship("Slip", { cascade = "all", overlaps = "slips, by_title",
        collection_class = corm.keyfunc_mapping(function(slip) return slip.title .. "!" end) }),
    })
    Book = Base:model("Book", {
      __tablename__ = "book", id = Column(Integer, { primary_key = true }), title = Column(String(20)),
      shelf_id = Column(ForeignKey("shelf.id"), { index = true }),
      author_id = Column(ForeignKey("author.id"), { index = true }),
      shelf = relationship("Shelf", { back_populates = "books" }), author = relationship("Author"),
    })
    Note = Base:model("Note", { __tablename__ = "note", id = Column(Integer, { primary_key = true }),
      shelf_id = Column(ForeignKey("shelf.id")), shelf = relationship("Shelf", { back_populates = "notes" }) })
    Slip = Base:model("Slip", { __tablename__ = "slip", id = Column(Integer, { primary_key = true }),
      shelf_id = Column(ForeignKey("shelf.id")), title = Column(String(20)) })
    engine = corm.create_engine "sqlite://"
    Base.metadata:create_all(engine)
  end)
  teardown(function() engine:dispose() end)

  -- work(session, n) prepares and returns what is measured. Nothing is committed.
  local function seconds(work, n)
    local session = corm.Session { bind = engine }
    local measured = work(session, n)
    collectgarbage()
    collectgarbage "stop"
    local start = os.clock()
    measured()
    local best = os.clock() - start
    collectgarbage "restart"
    session:close()
    return best
  end

  local function it_grows(name, work)
    it(name, function()
      local few, many = math.huge, math.huge
      for _ = 1, RUNS do
        few, many = math.min(few, seconds(work, FEW)), math.min(many, seconds(work, TIMES * FEW))
        if many < few * MOST then return end
      end
      error(("%d objects take %.4f s, %d take %.4f"):format(FEW, few, TIMES * FEW, many))
    end)
  end

  local function authors(session, n)
    local list = {}
    for i = 1, n do list[i] = Author { age = i % 90 } end
    session:add_all(list)
    return list
  end

  local function shelf_of(session, n)
    local shelf, books = Shelf {}, {}
    for i = 1, n do books[i] = Book { title = "book " .. i } end
    shelf.books = books
    session:add(shelf)
    session:flush()
    return shelf, books
  end

  -- What is done to each object, in their order and the other way round.
  local function both_ways(name, work)
    it_grows(name, function(session, n) return work(session, n, 1, n, 1) end)
    it_grows(name .. ", backwards", function(session, n) return work(session, n, n, 1, -1) end)
  end

  both_ways("expunging what is new", function(session, n, first, last, step)
    local list = authors(session, n)
    return function() for i = first, last, step do session:expunge(list[i]) end end
  end)

  both_ways("expiring what is changed", function(session, n, first, last, step)
    local list = authors(session, n)
    session:flush()
    for _, author in ipairs(list) do author.age = 100 end
    return function() for i = first, last, step do session:expire(list[i]) end end
  end)

  both_ways("taking deletes back", function(session, n, first, last, step)
    local list = authors(session, n)
    session:flush()
    for _, author in ipairs(list) do session:delete(author) end
    return function() for i = first, last, step do session:add(list[i]) end end
  end)

  it_grows("rolling changes back", function(session, n)
    engine:begin(function(conn) conn:exec_driver_sql "DELETE FROM author" end)
    authors(session, n)
    session:commit()
    local list = session:scalars(select(Author):order_by(Author.id)):all()
    for _, author in ipairs(list) do author.age = 100 end
    return function() session:rollback() end
  end)

  it_grows("closing with changes in a savepoint", function(session, n)
    local list = authors(session, n)
    session:flush()
    session:begin_nested()
    for _, author in ipairs(list) do author.age = 100 end
    session:flush()
    for _, author in ipairs(list) do author.age = 101 end
    return function() session:close() end
  end)

  it_grows("savepoints in a savepoint", function(session, n)
    local author = authors(session, 1)[1]
    session:begin_nested()
    return function()
      for i = 1, n // 4 do
        local nested = session:begin_nested()
        author.age = i
        nested:commit()
      end
    end
  end)

  both_ways("removing from a collection", function(session, n, first, last, step)
    local shelf, books = shelf_of(session, n)
    return function()
      for i = first, last, step do shelf.books:remove(books[i]) end
      assert(#shelf.books == 0)
    end
  end)

  it_grows("orphans that were never written", function(session, n)
    local shelf, notes = Shelf {}, {}
    for i = 1, n do notes[i] = Note {} end
    shelf.notes = notes
    session:add(shelf)
    return function()
      for _, note in ipairs(notes) do shelf.notes:remove(note) end
      assert(#session.new == 1)
    end
  end)

  it_grows("orphans that only their shelf knows", function(session, n)
    local shelf, other, slips = Shelf {}, Shelf {}, {}
    for i = 1, n do slips[i] = Slip {} end
    shelf.slips = slips
    other.slips = { slips[1], slips[2] }
    session:add_all { shelf, other }
    return function()
      for _, slip in ipairs(slips) do shelf.slips:remove(slip) end
      assert(#session.new == 4)
    end
  end)

  it_grows("putting into a dictionary, finding in it, and giving other keys", function(session, n)
    local shelf = Shelf {}
    session:add(shelf)
    return function()
      for i = 1, n do shelf.by_title:set(Slip { title = "slip " .. i }) end
      for i = 1, n do assert(shelf.by_title["slip " .. i]).title = "sheet " .. i end
      for i = 1, n do assert(shelf.by_title["sheet " .. i] and not shelf.by_title["slip " .. i]) end
    end
  end)

  it_grows("the same with a function, while other objects of the class are made", function(session, n)
    local shelf = Shelf {}
    session:add(shelf)
    return function()
      for i = 1, n do shelf.by_function:set(Slip { title = "slip " .. i }) end
      for i = 1, n do
        for j = 1, 2 do Slip { title = "loose " .. j } end
        assert(shelf.by_function["slip " .. i .. "!"]).title = "sheet " .. i
        assert(shelf.by_function["sheet " .. i .. "!"] and not shelf.by_function["slip " .. i .. "!"])
      end
    end
  end)

  it_grows("moving from one collection to another and back", function(session, n)
    local shelf, books = shelf_of(session, n)
    local other = shelf_of(session, 0)
    return function()
      for _, book in ipairs(books) do book.shelf = other end
      for _, book in ipairs(books) do book.shelf = shelf end
      assert(#other.books == 0 and #shelf.books == n)
    end
  end)

  it_grows("another content of a collection", function(session, n)
    local shelf, books = shelf_of(session, n), {}
    for i = 1, n do books[i] = Book { title = "other " .. i } end
    return function() shelf.books = books end
  end)

  it_grows("what came while a collection was not loaded", function(session, n)
    local shelf = shelf_of(session, n)
    session:expire(shelf)
    return function()
      session:no_autoflush(function()
        for i = 1, n do Book { title = "late " .. i }.shelf = shelf end
        assert(#shelf.books == 2 * n)
      end)
    end
  end)

  it_grows("sorting a collection", function(session, n)
    local shelf = shelf_of(session, n)
    return function() shelf.books:reverse() end
  end)

  both_ways("deleting what a collection holds", function(session, n, first, last, step)
    local shelf, books = shelf_of(session, n)
    for i = first, last, step do session:delete(books[i]) end
    return function()
      session:flush()
      assert(#shelf.books == 0)
    end
  end)

  -- What a flush costs is what changed, and not what is loaded. References without another side say only of their
  -- holders whom they hold: several flushes walk over all objects, which is not measured, then an account is kept.
  it("small flushes that delete what others may hold, beside ever more of those", function()
    local function work(session, n)
      local list, books = authors(session, n), {}
      for i = 1, n do books[i] = Book { author = list[i] } end
      session:add_all(books)
      session:flush()
      local function delete(i)
        books[i].author = nil
        session:delete(list[i])
        session:flush()
      end
      for i = 1, 20 do delete(i) end
      return function()
        for i = 21, 1000 do delete(i) end
      end
    end
    local few, many = math.huge, math.huge
    for _ = 1, RUNS do
      few, many = math.min(few, seconds(work, FEW)), math.min(many, seconds(work, 16 * FEW))
      if many < few * 8 then return end
    end
    error(("beside %d objects %.4f s, beside %d %.4f"):format(FEW, few, 16 * FEW, many))
  end)

  it("who holds what is deleted lets it go, also after many flushes that deleted", function()
    local session <close> = corm.Session { bind = engine }
    local list, books = authors(session, 400), {}
    for i = 1, 400 do books[i] = Book { author = list[i] } end
    session:add_all(books)
    session:flush()
    -- Not through the session, which would clear the references itself.
    local function delete(i)
      session:execute(corm.text "UPDATE book SET author_id = NULL WHERE author_id = :id", { id = list[i].id })
      session:delete(list[i])
      session:flush()
    end
    for i = 1, 100 do delete(i) end
    for i = 1, 100 do assert.is_nil(books[i].author) end
    books[101].author = list[300] -- linked when the account is kept
    local late = Book { author = list[301] }
    session:add(late)
    session:flush()
    local away = books[302]
    session:expunge(away)
    session:add(away)
    for _, i in ipairs { 300, 301, 302 } do delete(i) end
    assert.is_nil(books[101].author)
    assert.is_nil(late.author)
    assert.is_nil(away.author)
    assert.equal(list[200], books[200].author)
    session:rollback()
  end)
end)
