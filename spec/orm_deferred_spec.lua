-- Columns that are not read with their objects: by the class, or as a query says.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String, Text = corm.Column, corm.ForeignKey, corm.Integer, corm.String, corm.Text
local select, deferred = corm.select, corm.deferred

local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.Author = Base:model("Author", {
    __tablename__ = "author",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
    bio = deferred(Column(Text)),
    books = corm.relationship("Book", { back_populates = "author", order_by = "Book.id" }),
  })
  m.Book = Base:model("Book", {
    __tablename__ = "book",
    id = Column(Integer, { primary_key = true }),
    title = Column(String(20)),
    summary = deferred(Column(Text), { group = "texts" }),
    body = deferred(Column(Text), { group = "texts" }),
    secret = deferred(Column(Text), { raiseload = true }),
    author_id = Column(Integer, ForeignKey "author.id"),
    author = corm.relationship("Author", { back_populates = "books" }),
  })
  return m
end

local w, Author, Book, session

local function open()
  local m = models()
  w = world.open(m)
  Author, Book = m.Author, m.Book
  session = w:session()
  session:add_all {
    Author {
      name = "a", bio = "born",
      books = {
        Book { title = "x", summary = "sx", body = "bx", secret = "?" },
        Book { title = "y", summary = "sy", body = "by", secret = "!" },
      },
    },
  }
  session:commit()
  session:expunge_all()
end

-- The columns of the last statement's list.
local function columns(sent)
  return (sent[#sent]:match "^SELECT (.-) FROM":gsub("%w+%.", ""):gsub(" AS [%w_]+", ""))
end

local function unloaded(object)
  local names = corm.inspect(object).unloaded
  table.sort(names)
  return table.concat(names, ",")
end

describe("M27 deferred columns", function()
  before_each(open)
  after_each(function() w:close() end)

  it("are read when they are asked for", function()
    local author
    local sent = w:statements(function() author = session:scalars(select(Author)):one() end)
    assert.equal("id, name", columns(sent))
    assert.equal("bio,books", unloaded(author))
    sent = w:statements(function() assert.equal("born", author.bio) end)
    assert.equal(1, #sent)
    assert.equal("id, bio", columns(sent))
    assert.equal(0, w:count(function() assert.equal("born", author.bio) end))
  end)

  it("come with their group", function()
    local book = session:get(Book, 1)
    local sent = w:statements(function() assert.equal("bx", book.body) end)
    assert.equal("id, summary, body", columns(sent))
    assert.equal(0, w:count(function() assert.equal("sx", book.summary) end))
    assert.equal("author,secret", unloaded(book))
  end)

  it("raise where the class says so", function()
    local book = session:get(Book, 1)
    raises("InvalidRequestError", "'Book.secret' is not available due to raiseload=True", function()
      return book.secret
    end)
    book.secret = "new"
    assert.equal("new", book.secret)
    session:commit()
    assert.equal("new", w:list "SELECT secret FROM book WHERE id = 1")
    session:expunge_all()
    book = session:scalars(select(Book):where(Book.id:eq(1)):options(corm.undefer(Book.secret))):one()
    assert.equal("new", book.secret)
  end)

  it("are written without being read", function()
    local author = session:get(Author, 1)
    author.bio = "died"
    local sent = w:statements(function() session:flush() end)
    assert.same({ "UPDATE author SET bio=? WHERE author.id = ?" }, sent)
    session:commit()
    assert.equal("died", w:list "SELECT bio FROM author")
  end)

  it("expire only when they were loaded", function()
    local author = session:get(Author, 1)
    session:expire(author)
    assert.equal("id, name", columns(w:statements(function() return author.name end)))
    assert.equal("born", author.bio)
    session:expire(author)
    assert.equal("id, name, bio", columns(w:statements(function() return author.name end)))
    assert.equal(0, w:count(function() return author.bio end))
  end)

  it("are refreshed by name", function()
    local author = session:get(Author, 1)
    local sent = w:statements(function() session:refresh(author, { "bio" }) end)
    assert.equal("id, bio", columns(sent))
    assert.equal("id, name", columns(w:statements(function()
      session:expire(author, { "name" })
      session:refresh(author, { "name" })
    end)))
    assert.equal("born", author.bio)
  end)

  it("do not keep a reference from being found in memory", function()
    local author = session:get(Author, 1)
    local book = session:get(Book, 1)
    assert.equal(0, w:count(function() assert.is_true(rawequal(author, book.author)) end))
  end)

  it("of an object outside of a session cannot be read", function()
    local author = session:get(Author, 1)
    session:expunge(author)
    raises("DetachedInstanceError", "attribute refresh operation of 'Author.bio' cannot proceed", function()
      return author.bio
    end)
    assert.equal("a", author.name)
  end)

  it("of a row that is gone say so", function()
    local author = session:get(Author, 1)
    session:connection():execute(corm.text "DELETE FROM book")
    session:connection():execute(corm.text "DELETE FROM author")
    raises("ObjectDeletedError", "Author(id=1) has been deleted", function() return author.bio end)
  end)

  it("are found by filter_by and where", function()
    assert.equal("a", session:scalars(select(Author):filter_by { bio = "born" }):one().name)
    assert.equal("a", session:scalars(select(Author):where(Author.bio:eq "born")):one().name)
    assert.equal("born", session:scalars(select(Author.bio)):one())
    local other = corm.aliased(Author, { name = "o" })
    assert.equal("id, name", columns(w:statements(function() session:scalars(select(other)):all() end)))
  end)

  it("stay away in all ways of loading", function()
    for _, option in ipairs { corm.joinedload(Author.books), corm.selectinload(Author.books) } do
      session:expunge_all()
      local author = session:scalars(select(Author):options(option)):unique():one()
      assert.equal("author,body,secret,summary", unloaded(author.books[1]))
      assert.equal("by", author.books[2].body)
    end
    session:expunge_all()
    local author = session:scalars(select(Author):options(corm.joinedload(Author.books)):limit(1)):unique():one()
    assert.equal(2, #author.books)
    assert.equal("author,body,secret,summary", unloaded(author.books[2]))
  end)

  it("may be added to a class, and inherited", function()
    local Base = corm.declarative_base()
    local A = Base:model("A", {
      __tablename__ = "a", id = Column(Integer, { primary_key = true }), kind = Column(String(5)),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "a" },
    })
    A.text = deferred(Column(Text))
    local B = A:model("B", {
      __mapper_args__ = { polymorphic_identity = "b" }, more = deferred(Column(Text)), plain = Column(String(5)),
    })
    Base.metadata:create_all(w.engine)
    session:add_all { B { text = "t", more = "m", plain = "p" }, A { text = "u" } }
    session:commit()
    session:expunge_all()
    local sent = w:statements(function()
      local b = session:scalars(select(B)):one()
      assert.equal("more,text", unloaded(b))
      assert.equal("m", b.more)
      assert.equal("t", b.text)
    end)
    assert.equal(3, #sent)
    session:expunge_all()
    local all = session:scalars(select(A):order_by(A.id)):all()
    assert.equal("more,plain,text", unloaded(all[1]))
    assert.equal("p", all[1].plain)
    assert.equal("more,text", unloaded(all[1]))
    assert.equal("m", all[1].more)
  end)

  it("are refused where they make no sense", function()
    raises("ArgumentError", "deferred: a Column, an SQL expression or a function that returns one expected, got type",
      deferred, Integer)
    raises("ArgumentError", "unknown option 'grp' of deferred", deferred, Column(Integer), { grp = "x" })
    raises("ArgumentError", "option 'group' must be a string", deferred, Column(Integer), { group = 1 })
    raises("ArgumentError", "group and raiseload belong to a deferred column", corm.column_property, Column(Integer),
      { group = "x" })
    local Base = corm.declarative_base()
    raises("ArgumentError", "X.id: a part of the primary key cannot be deferred", Base.model, Base, "X",
      { __tablename__ = "x", id = deferred(Column(Integer, { primary_key = true })) })
  end)
end)

describe("L09 options for columns", function()
  before_each(open)
  after_each(function() w:close() end)

  local function load(...)
    local options = { ... }
    local found
    local sent = w:statements(function()
      found = session:scalars(select(Book):options(table.unpack(options)):order_by(Book.id)):unique():all()
    end)
    return found, columns(sent), sent
  end

  it("load_only defers the others", function()
    local found, list = load(corm.load_only(Book.title, Book.summary))
    assert.equal("id, title, summary", list)
    assert.equal("sx", found[1].summary)
    local sent = w:statements(function() assert.equal(1, found[1].author_id) end)
    assert.equal("id, author_id", columns(sent))
  end)

  it("load_only of several options adds up", function()
    local _, list = load(corm.load_only(Book.title), corm.load_only(Book.body))
    assert.equal("id, title, body", list)
  end)

  it("load_only may raise", function()
    local found = load(corm.load_only(Book.title, { raiseload = true }))
    raises("InvalidRequestError", "'Book.author_id' is not available due to raiseload=True", function()
      return found[1].author_id
    end)
    session:refresh(found[1])
    assert.equal(1, found[1].author_id)
  end)

  it("defer and undefer", function()
    local _, list = load(corm.defer(Book.title), corm.undefer(Book.body))
    assert.equal("id, body, author_id", list)
    session:expunge_all()
    _, list = load(corm.undefer "*")
    assert.equal("id, title, summary, body, secret, author_id", list)
    session:expunge_all()
    _, list = load(corm.defer "*", corm.undefer(Book.title))
    assert.equal("id, title", list)
  end)

  it("undefer_group", function()
    local found, list = load(corm.undefer_group "texts")
    assert.equal("id, title, summary, body, author_id", list)
    assert.equal(0, w:count(function() assert.equal("bx", found[1].body) end))
  end)

  it("say more of the column that they name than of all", function()
    local function check(expected, ...)
      session:expunge_all()
      local _, list = load(...)
      assert.equal(expected, list)
    end
    check("id, title", corm.undefer(Book.title), corm.defer "*")
    check("id, title, summary, body", corm.undefer_group "texts", corm.undefer(Book.title), corm.defer "*")
    check("id, title, summary, body, secret", corm.defer(Book.author_id), corm.undefer "*")
    check("id, title, body", corm.undefer(Book.body), corm.load_only(Book.title))
    check("id, summary", corm.defer(Book.body), corm.undefer_group "texts", corm.load_only(Book.summary))
    check("id, body", corm.load_only(Book.title, Book.body), corm.defer(Book.title))
  end)

  it("fill objects that are in memory", function()
    local book = session:get(Book, 1)
    assert.equal("author,body,secret,summary", unloaded(book))
    load(corm.undefer(Book.body))
    assert.equal("author,secret,summary", unloaded(book))
  end)

  it("stand behind relationships, joined and by themselves", function()
    local path = corm.joinedload(Author.books):load_only(Book.title)
    local author
    local sent = w:statements(function()
      author = session:scalars(select(Author):options(path, corm.load_only(Author.id))):unique():one()
    end)
    assert.equal("id, book_id, book_title", (columns(sent):gsub("book_%d", "book")))
    assert.equal("author,author_id,body,secret,summary", unloaded(author.books[1]))
    session:expunge_all()
    sent = w:statements(function()
      author = session:scalars(select(Author):options(corm.selectinload(Author.books):load_only(Book.title)
        :undefer(Book.body))):one()
    end)
    assert.equal("id, title, body, author_id", columns(sent))
    assert.equal("by", author.books[2].body)
    session:expunge_all()
    sent = w:statements(function()
      local option = corm.joinedload(Author.books):load_only(Book.title)
      author = session:scalars(select(Author):options(option):limit(1)):unique():one()
    end)
    assert.equal(1, #sent)
    assert.equal("y", author.books[2].title)
  end)

  it("keep what relationships are loaded by", function()
    local found, list = load(corm.load_only(Book.title), corm.joinedload(Book.author))
    assert.equal("id, title, author_id, author_id, author_name", (list:gsub("author_%d", "author")))
    assert.equal("a", found[1].author.name)
    session:expunge_all()
    local _, _, sent = load(corm.load_only(Book.title), corm.selectinload(Book.author))
    assert.equal(2, #sent)
    assert.is_truthy(sent[1]:find("author_id", 1, true))
    session:expunge_all()
    found = session:scalars(select(Book):options(corm.load_only(Book.title):joinedload(Book.author)):limit(1)):all()
    assert.equal("a", found[1].author.name)
  end)

  it("stand before the column that a join is made by", function()
    local author = corm.aliased(Author)
    assert.same({ "x", "y" }, session:scalars(select(Book.title):select_from(Author):join(Author.books)
      :order_by(Book.id)):all())
    assert.same({ "x", "y" }, session:scalars(select(Book.title):join(Book.author):order_by(Book.id)):all())
    assert.equal("a", session:scalar(select(author.name):where(author.books:any(Book.title:eq "y"))))
    author = session:scalars(select(Author):options(corm.subqueryload(Author.books))):one()
    assert.equal(2, #author.books)
  end)

  it("serve session:get", function()
    local book
    local sent = w:statements(function() book = session:get(Book, 1, { options = { corm.load_only(Book.title) } }) end)
    assert.equal("id, title", columns(sent))
    assert.equal("x", book.title)
  end)

  it("belong to the entity that they name", function()
    local other = corm.aliased(Book, { name = "o" })
    local sent = w:statements(function()
      session:execute(select(Book, other):join(other, other.id:eq(Book.id)):options(corm.load_only(other.title),
        corm.load_only(Book.id))):all()
    end)
    assert.equal("id, id, title", columns(sent))
    sent = w:statements(function()
      session:execute(select(Book):options(corm.Load(Book):undefer(Book.body))):all()
    end)
    assert.equal("id, title, body, author_id", columns(sent))
  end)

  it("read the version and the class of a row in any case", function()
    local Base = corm.declarative_base()
    local V = Base:model("V", {
      __tablename__ = "v", __mapper_args__ = { version_id_col = "version" },
      id = Column(Integer, { primary_key = true }), a = Column(Integer), version = Column(Integer),
    })
    Base.metadata:create_all(w.engine)
    session:add(V { a = 1 })
    session:commit()
    session:expunge_all()
    local v
    local sent = w:statements(function() v = session:scalars(select(V):options(corm.load_only(V.id))):one() end)
    assert.equal("id, version", columns(sent))
    v.a = 2
    session:commit()
    assert.equal("2", w:list "SELECT version FROM v")
  end)

  it("show themselves", function()
    assert.equal("Load(Book):load_only(Book.title):load_only(Book.body)",
      tostring(corm.load_only(Book.title, Book.body)))
    assert.equal("selectinload(Author.books):defer(Book.title)",
      tostring(corm.selectinload(Author.books):defer(Book.title)))
    assert.equal('undefer("*")', tostring(corm.undefer "*"))
  end)

  it("refuse what they do not understand", function()
    raises("ArgumentError", "load_only: a column attribute of a class expected, got string", corm.load_only, "title")
    raises("ArgumentError", "defer: a column attribute of a class expected, got", corm.defer, Author.books)
    raises("ArgumentError", "defer: one column of a class expected, got 2 values", corm.defer, Book.title, Book.body)
    raises("ArgumentError", "load_only: columns of a class expected, got 0 values", corm.load_only)
    raises("ArgumentError", "undefer_group: the name of a group expected, got integer", corm.undefer_group, 5)
    raises("ArgumentError", "unknown option 'raiselod' of defer", corm.defer, Book.title, { raiselod = true })
    raises("ArgumentError", "all columns must be of one class", corm.load_only, Book.title, Author.name)
    local path = corm.selectinload(Author.books)
    raises("ArgumentError", "load_only: Author.name is no column of Book", path.load_only, path, Author.name)
    raises("ArgumentError", "Author is no entity of this query", function()
      session:scalars(select(Book):options(corm.load_only(Author.name))):all()
    end)
    assert.equal(2, #session:scalars(select(Book)):all())
  end)
end)
