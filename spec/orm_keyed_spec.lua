-- Large dictionaries of objects have an index by the attribute that is the key, or by what a function says of an
-- object. It finds what a walk finds, whoever changes the attribute, and however.
local corm = require "corm"
local database = require "spec.support.database"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String

local SIZE, STEPS, WORDS = 400, 300, 500

local shapes = {
  ["an attribute"] = function() return corm.attribute_keyed_dict "text" end,
  ["a hybrid"] = function() return corm.attribute_keyed_dict "shown" end,
  ["a synonym"] = function() return corm.attribute_keyed_dict "other_name" end,
  ["a function"] = function()
    return corm.keyfunc_mapping(function(word) return word.text and word.text:lower() end)
  end,
  ["a function that looks at other objects"] = function()
    return corm.keyfunc_mapping(function(word) return word.book and word.text or word.text end)
  end,
}

for what, shape in pairs(shapes) do
describe("M16 a large dictionary of objects by " .. what, function()
  local engine, Book, Word, session, book

  setup(function()
    local Base = corm.declarative_base()
    Book = Base:model("Book", {
      __tablename__ = "book", id = Column(Integer, { primary_key = true, autoincrement = false }),
      words = corm.relationship("Word", { back_populates = "book", cascade = "all, delete-orphan", order_by = "Word.id",
        collection_class = shape() }),
    })
    Word = Base:model("Word", {
      __tablename__ = "word", id = Column(Integer, { primary_key = true, autoincrement = false }),
      text = Column(String(20), { default = "default" }), n = Column(Integer),
      book_id = Column(ForeignKey("book.id")), book = corm.relationship("Book", { back_populates = "words" }),
      shown = corm.hybrid_property(function(word) return word.text end), other_name = corm.synonym "text",
    })
    engine = database.engine()
    Base.metadata:create_all(engine)
  end)
  teardown(function()
    engine:dispose()
    database.clean()
  end)

  before_each(function()
    session = corm.Session { bind = engine }
    book = Book { id = 1 }
    for i = 1, SIZE do book.words:set(Word { id = i, text = "w" .. i }) end
    session:add(book)
    session:commit()
  end)
  after_each(function()
    session:rollback()
    session:execute(corm.delete(Word, { all = true }))
    session:execute(corm.delete(Book, { all = true }))
    session:commit()
    session:close()
  end)

  -- The last object with the text, in the order of the list.
  local function walk(text)
    local found
    for object in book.words do
      if object.text == text then found = object end
    end
    return found
  end

  local function check(text)
    local got, expected = book.words[text], walk(text) -- which reads what is expired
    if expected ~= got then
      error(("%s: %s instead of %s"):format(text, tostring(got), tostring(expected)))
    end
  end

  local last_id = SIZE
  local steps = {
    set = function(any) any.text = "w" .. math.random(WORDS) end,
    set_by_sql = function(any)
      any.text = corm.literal("w" .. math.random(WORDS))
      session:flush()
    end,
    null = function(any) any.text = nil end,
    put = function()
      last_id = last_id + 1
      book.words:set(Word { id = last_id, text = "w" .. math.random(WORDS) })
    end,
    put_without_text = function()
      last_id = last_id + 1
      Word { id = last_id }.book = book
    end,
    take_out = function(any) book.words:remove(any) end,
    give_elsewhere_and_back = function(any)
      any.book = nil
      any.text = "w" .. math.random(WORDS)
      any.book = book
    end,
    expire = function(any)
      session:flush()
      session:expire(any)
    end,
    refresh = function(any)
      session:flush()
      session:refresh(any)
    end,
    flush = function() session:flush() end,
    commit = function() session:commit() end,
    roll_back = function()
      session:commit()
      for object in book.words do object.text = "x" .. object.id % WORDS end
      assert(book.words.x7 == walk "x7")
      session:rollback()
    end,
    roll_savepoint_back = function(any)
      local nested = session:begin_nested()
      any.text = "w" .. math.random(WORDS)
      check(any.text)
      session:flush()
      nested:rollback()
    end,
    update_many = function()
      session:execute(corm.update(Word):where(Word.id:lt(SIZE // 2)):values { text = "w" .. math.random(WORDS) })
    end,
    change_outside = function(any)
      session:flush()
      session:execute(corm.text "UPDATE word SET text = :text WHERE id = :id",
        { text = "outside", id = any.id })
      session:expire(any, { "text" })
      check "outside"
    end,
    query = function()
      session:flush()
      session:execute(corm.text "UPDATE word SET text = 'q' WHERE id % 7 = 0")
      session:scalars(corm.select(Word):execution_options { populate_existing = true }):all()
    end,
    merge = function(any)
      session:merge(Word { id = any.id, text = "w" .. math.random(WORDS) })
    end,
  }

  it("finds what a walk finds", function()
    local seed = math.tointeger(tonumber(os.getenv "CORM_TEST_SEED" or os.time()))
    math.randomseed(seed)
    local names = {}
    for name in pairs(steps) do names[#names + 1] = name end
    table.sort(names)
    for i = 1, STEPS do
      local name = names[math.random(#names)]
      local objects = book.words:values()
      local any = objects[math.random(#objects)]
      local old = any.text
      local ok, err = pcall(function()
        steps[name](any)
        if old then check(old) end
        check("w" .. math.random(WORDS))
        if any.book == book and any.text then check(any.text) end
        check "default"
      end)
      if not ok then error(("seed %d, step %d (%s): %s"):format(seed, i, name, tostring(err)), 0) end
    end
  end)

  it("gives the last of two objects with one key, and the other when that goes", function()
    assert.equal("w5", book.words.w5.text)
    local first, second = book.words.w5, book.words.w6
    for _ = 1, 10 do assert.equal(second, book.words.w6) end
    first.text = "w6"
    assert.equal(second, book.words.w6)
    assert.is_nil(book.words.w5)
    second.text = "other"
    assert.equal(first, book.words.w6)
    book.words:remove(first)
    assert.is_nil(book.words.w6)
    assert.equal(second, book.words.other)
  end)
end)
end

describe("M16 a large dictionary of objects by a function", function()
  local Base, Book, Word, calls, key_of

  before_each(function()
    Base = corm.declarative_base()
    calls, key_of = 0, function(word) return word.text end
    Book = Base:model("Book", {
      __tablename__ = "book", id = Column(Integer, { primary_key = true }),
      words = corm.relationship("Word", { collection_class = corm.keyfunc_mapping(function(word)
        calls = calls + 1
        return key_of(word)
      end) }),
    })
    Word = Base:model("Word", {
      __tablename__ = "word", id = Column(Integer, { primary_key = true }), text = Column(String(20)),
      n = Column(Integer), day = Column(corm.Date), about = Column(corm.JSON), book_id = Column(ForeignKey("book.id")),
      twin_id = Column(ForeignKey("word.id")), twin = corm.relationship("Word", { remote_side = "Word.id" }),
      hello = function(word) return "hello " .. word.text end,
    })
  end)

  local function filled(n)
    local book = Book {}
    for i = 1, n do
      book.words:set(Word { text = "w" .. i, n = i, day = corm.date(2000 + i // 336, i // 28 % 12 + 1, i % 28 + 1),
        about = { name = "w" .. i } })
    end
    return book
  end

  local function calls_of(fn)
    local before = calls
    fn()
    return calls - before
  end

  -- SIZE searches of SIZE objects, as a walk, are 160,000 calls.
  local function expect_few(book, key)
    assert.is_true(calls_of(function()
      for i = 1, SIZE do assert.equal(i, book.words[key(i)].n) end
      for _ = 1, SIZE do assert.is_nil(book.words.none) end
    end) < 10 * SIZE)
  end

  it("asks few objects in a search", function()
    local book = filled(SIZE)
    expect_few(book, function(i) return "w" .. i end)
    assert.is_true(calls_of(function()
      for i = 1, SIZE do
        book.words["w" .. i].text = "x" .. i
        assert.equal(i, book.words["x" .. i].n)
        assert.is_nil(book.words["w" .. i])
        local other = Word { text = "x" } -- what is written elsewhere
        for j = 1, 20 do other.n = j end
      end
    end) < 20 * SIZE)
  end)

  it("takes what methods of the class say, numbers, booleans and dates", function()
    key_of = function(word) return word:hello() end
    expect_few(filled(SIZE), function(i) return "hello w" .. i end)
    key_of = function(word) return word.n * 1.0 end
    expect_few(filled(SIZE), function(i) return i end)
    key_of = function(word) return word.day end
    expect_few(filled(SIZE), function(i) return corm.date(2000 + i // 336, i // 28 % 12 + 1, i % 28 + 1) end)
    key_of = function(word) return word.n == 7 end
    local book = filled(SIZE)
    assert.equal(7, book.words[true].n)
    assert.equal(SIZE, book.words[false].n)
  end)

  it("follows what the function sees of other objects and inside of values", function()
    key_of = function(each) return each.twin and each.twin.text or each.text end
    local book = filled(SIZE)
    local word, twin = book.words.w5, Word { text = "twin" }
    word.twin = twin
    assert.equal(word, book.words.twin)
    twin.text = "changed"
    assert.equal(word, book.words.changed)
    assert.is_nil(book.words.twin)
    key_of = function(each) return each.about.name end
    book = filled(SIZE)
    word = book.words.w5
    assert.equal(word, book.words.w5)
    word.about.name = "new"
    assert.equal(word, book.words.new)
    key_of = function(each) return corm.inspect(each).dict.text end
    book = filled(SIZE)
    word = book.words.w5
    word.text = "inspected"
    assert.equal(word, book.words.inspected)
    word.text = "again"
    assert.equal(word, book.words.again)
    key_of = tostring
    book = filled(SIZE)
    word = book.words:values()[5]
    assert.equal(word, book.words[tostring(word)])
    word.text = "told"
    assert.equal(word, book.words[tostring(word)])
  end)

  it("raises what the function raises, and has lost nothing afterwards", function()
    key_of = function(each)
      if each.text == "bad" then error "bad word" end
      return each.text
    end
    local book = filled(SIZE)
    local word = book.words.w5
    word.text = "bad"
    for _ = 1, 3 do assert.has_error(function() return book.words.w6 end) end
    word.text = "good"
    assert.equal(word, book.words.good)
    assert.equal(6, book.words.w6.n)
  end)

  it("copes with a function that writes", function()
    key_of = function(each)
      each.n = (each.n or 0) + 1
      return each.text
    end
    local book = filled(SIZE)
    assert.equal("w5", book.words.w5.text)
    book.words.w5.text = "x"
    assert.equal("x", book.words.x.text)
    assert.is_nil(book.words.w5)
  end)

  it("keeps no object alive", function()
    local book = filled(SIZE)
    local gone = setmetatable({ book.words.w5 }, { __mode = "v" })
    book.words.w5 = nil
    collectgarbage()
    collectgarbage()
    assert.is_nil(gone[1])
    assert.is_nil(book.words.w5)
  end)
end)

describe("M16 a large dictionary of objects of a concrete class below", function()
  it("finds what they say now", function()
    local Base = corm.declarative_base()
    local shelves = { attribute = corm.attribute_keyed_dict "text",
      fn = corm.keyfunc_mapping(function(page) return page.text end) }
    for name, shape in pairs(shelves) do
      local Shelf = Base:model("Shelf" .. name, {
        __tablename__ = "shelf" .. name, id = Column(Integer, { primary_key = true }),
        pages = corm.relationship("Page" .. name, { collection_class = shape }),
      })
      local Page = Base:model("Page" .. name, {
        __tablename__ = "page" .. name, id = Column(Integer, { primary_key = true }), text = Column(String(20)),
        shelf_id = Column(ForeignKey("shelf" .. name .. ".id")), kind = Column(String(10)),
        __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "page" },
      })
      local Map = Page:model("Map" .. name, {
        __tablename__ = "map" .. name, id = Column(Integer, { primary_key = true }), text = Column(String(20)),
        shelf_id = Column(ForeignKey("shelf" .. name .. ".id")),
        __mapper_args__ = { concrete = true, polymorphic_identity = "map" },
      })
      local shelf = Shelf {}
      for i = 1, SIZE do shelf.pages:set(Page { text = "p" .. i }) end
      local map = Map { text = "map" }
      shelf.pages:set(map)
      for _ = 1, 10 do assert.equal(map, shelf.pages.map) end
      map.text = "chart"
      assert.equal(map, shelf.pages.chart)
      assert.is_nil(shelf.pages.map)
    end
  end)
end)
