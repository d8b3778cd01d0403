local corm = require "corm"
local library = require "spec.support.library"

local select = corm.select

local function collect()
  collectgarbage()
  collectgarbage()
end

describe("the identity map", function()
  local lib, Author, Book, session

  before_each(function()
    lib = library()
    Author, Book = lib.Author, lib.Book
    session = lib.filled(3)
  end)
  after_each(function() session:close() end)

  it("gives one object for one row", function()
    local first = session:get(Author, 1)
    assert.equal(0, lib.count(function() assert.is_true(rawequal(first, session:get(Author, 1))) end))
    assert.is_true(rawequal(first, session:scalars(select(Author):where(Author.id:eq(1))):one()))
    assert.is_true(rawequal(first, session:get(Book, 1).author))
  end)

  it("keeps classes apart", function()
    assert.equal("author 1", session:get(Author, 1).name)
    assert.equal("book 1.1", session:get(Book, 1).title)
  end)

  it("tells keys apart, small and large, of the first classes and of later ones, and of those below", function()
    local Base = corm.declarative_base()
    local BigInteger, Column, String = corm.BigInteger, corm.Column, corm.String
    local function model(i)
      return Base:model("Thing" .. i, {
        __tablename__ = "thing" .. i,
        __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "thing" },
        id = Column(BigInteger, { primary_key = true, autoincrement = false }),
        kind = Column(String(10)),
      })
    end
    local keys = { -1, 0, 1, 7, 1 << 16 | 7, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 32 | 7, 1 << 40 | 7, math.mininteger,
      math.maxinteger }
    local first = model(1)
    local below = first:model("Below", { __mapper_args__ = { polymorphic_identity = "below" } })
    for i = 2, 255 do model(i) end -- more than have a number in the map
    local last = model(256)
    Base.metadata:create_all(lib.engine, { tables = { first.__table__, last.__table__ } })
    local own = corm.Session(lib.engine, { expire_on_commit = false })
    local function check(held)
      for i, key in ipairs(keys) do
        assert.is_true(rawequal(held[1][i], own:get(first, key)))
        assert.is_true(rawequal(held[2][i], own:get(last, key)))
        assert.equal(i % 2 == 0 and held[1][i] or nil, own:get(below, key))
        assert.equal(key, own:get(first, key).id)
      end
    end
    local held = { {}, {} }
    for i, key in ipairs(keys) do
      held[1][i], held[2][i] = (i % 2 == 0 and below or first) { id = key }, last { id = key }
      own:add_all { held[1][i], held[2][i] }
    end
    own:commit()
    assert.equal(0, lib.count(function() check(held) end))
    own:expire(held[1][4])
    assert.equal(1, lib.count(function() check(held) end))
    -- A new key is the object's when it is written.
    held[1][4].id = 8
    own:commit()
    assert.is_true(rawequal(held[1][4], own:get(first, 8)))
    assert.is_nil(own:get(first, 7))
    own:expunge_all()
    assert.is_false(rawequal(held[1][4], own:get(first, 8)))
    assert.equal(8, own:get(first, 8).id)
    own:close()
  end)

  it("holds clean objects weakly", function()
    local weak = setmetatable({ session:get(Author, 1) }, { __mode = "v" })
    collect()
    assert.is_nil(weak[1])
    assert.equal(1, lib.count(function() assert.equal("author 1", session:get(Author, 1).name) end))
  end)

  it("keeps changed, new and deleted objects until they are written", function()
    local weak = setmetatable({}, { __mode = "v" })
    weak[3] = session:get(Author, 3)
    for _, book in ipairs(session:scalars(select(Book):where(Book.author_id:eq(3))):all()) do session:delete(book) end
    session:delete(weak[3])
    weak[1] = session:get(Author, 1)
    weak[1].name = "changed"
    weak[2] = Author { name = "new" }
    session:add(weak[2])
    collect()
    assert.is_truthy(weak[1] and weak[2] and weak[3])
    session:commit()
    collect()
    assert.is_nil(weak[1])
    assert.is_nil(weak[2])
    assert.is_nil(weak[3])
    assert.same({ "changed", "author 2", "new" }, session:scalars(select(Author.name):order_by(Author.id)):all())
  end)

  it("keeps what an object points to, and nothing else", function()
    local author = session:get(Author, 1)
    local weak = setmetatable({ author.books[1], author.books[2], session:get(Author, 2) }, { __mode = "v" })
    collect()
    assert.is_truthy(weak[1] and weak[2])
    assert.is_nil(weak[3])
    assert.equal(3, #author.books)
  end)

  it("lets cycles go", function()
    local weak = setmetatable({}, { __mode = "v" })
    do
      local author = session:get(Author, 1)
      weak[1], weak[2] = author, author.books[1]
      assert.is_true(rawequal(author, weak[2].author))
    end
    collect()
    assert.is_nil(weak[1])
    assert.is_nil(weak[2])
  end)

  it("lets go what left a collection", function()
    local author = Author { name = "x", books = { Book { title = "a" }, Book { title = "b" } } }
    local weak = setmetatable({ author.books[1] }, { __mode = "v" })
    author.books:remove(weak[1])
    collect()
    assert.is_nil(weak[1])
    for _ = 1, 100 do
      author.books:append(Book { title = "c" })
      author.books:pop()
    end
    collect()
    assert.equal("b", author.books[1].title)
  end)

  it("lets a dropped session go, and its objects live on detached", function()
    local author = session:get(Author, 1)
    assert.equal("author 1", author.name)
    session:close()
    session = lib.Session()
    collect()
    assert.is_true(corm.inspect(author).detached)
    assert.equal("author 1", author.name)
  end)

  it("works under a collector that never rests", function()
    local n = 0
    collectgarbage("setpause", 0)
    for round = 1, 5 do
      for _, author in ipairs(session:scalars(select(Author)):all()) do
        author.name = author.name .. "!"
        for book in author.books do n = n + #book.title end
        author.books:append(Book { title = "round " .. round })
        collectgarbage("step")
      end
      session:commit()
    end
    collectgarbage("setpause", 200)
    assert.equal(9 + 15, session:scalar(select(corm.func.count()):select_from(Book)))
    assert.equal("author 2!!!!!", session:get(Author, 2).name)
    assert.is_true(n > 0)
  end)

  it("frees a class that nobody uses any more", function()
    local weak = setmetatable({}, { __mode = "k" })
    do
      local own = library()
      weak[own.Author] = true
      assert.equal("x", own.Author { name = "x" }.name)
    end
    collect()
    collect()
    assert.is_nil(next(weak))
  end)

  it("lets the collector keep up with large loads", function()
    local large = library()
    large.filled(30):close()
    collect()
    local before, peak = collectgarbage("count"), 0
    for _ = 1, 400 do
      local other <close> = large.Session()
      assert.equal(900, #other:scalars(select(large.Book)):all())
      peak = math.max(peak, collectgarbage("count"))
    end
    -- The collector waits for as much as is there already, which all specs before have left. 400 loads take 100 MB.
    assert.is_true(peak < 2 * before + 8 * 1024, peak - before)
  end)

  it("does not let memory grow over many loads", function()
    local function load()
      for _ = 1, 20 do
        local other <close> = lib.Session()
        assert.equal(9, #other:scalars(select(Book)):all())
      end
    end
    load()
    collect()
    local before = collectgarbage("count")
    for _ = 1, 20 do load() end
    collect()
    assert.is_true(collectgarbage("count") < before + 64, collectgarbage("count") - before)
  end)
end)
