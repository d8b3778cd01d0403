-- Large dictionaries of objects have an index by the attribute that is the key. It finds what a walk finds, whoever
-- changes the attribute, and however.
local corm = require "corm"
local database = require "spec.support.database"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String

local SIZE, STEPS, WORDS = 400, 300, 500

describe("M16 a large dictionary of objects", function()
  local engine, Book, Word, session, book

  setup(function()
    local Base = corm.declarative_base()
    Book = Base:model("Book", {
      __tablename__ = "book", id = Column(Integer, { primary_key = true, autoincrement = false }),
      words = corm.relationship("Word", { back_populates = "book", cascade = "all, delete-orphan", order_by = "Word.id",
        collection_class = corm.attribute_keyed_dict "text" }),
    })
    Word = Base:model("Word", {
      __tablename__ = "word", id = Column(Integer, { primary_key = true, autoincrement = false }),
      text = Column(String(20), { default = "default" }), n = Column(Integer),
      book_id = Column(ForeignKey("book.id")), book = corm.relationship("Book", { back_populates = "words" }),
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
