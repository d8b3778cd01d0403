-- with_loader_criteria: what holds of a class wherever a statement names it.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select, aliased, criteria = corm.select, corm.aliased, corm.with_loader_criteria
local Column, ForeignKey, Integer, String, Boolean = corm.Column, corm.ForeignKey, corm.Integer, corm.String,
  corm.Boolean
local relationship = corm.relationship

-- Author 1-n Book n-1 Shelf, Book n-m Topic; Book may have sequels. All but Shelf can be hidden. Staff is a hierarchy:
-- Engineer has a table of its own, Manager has not.
local function models()
  local Base = corm.declarative_base()
  local Hidden = { hidden = Column(Boolean, { default = false, nullable = false }) }
  local m = { Base = Base, Hidden = Hidden }
  local mixins = { Hidden }
  m.book_topic = corm.Table("book_topic", Base.metadata,
    Column("book_id", Integer, ForeignKey("book.id"), { primary_key = true }),
    Column("topic_id", Integer, ForeignKey("topic.id"), { primary_key = true }))
  m.Author = Base:model("Author", {
    __tablename__ = "author", __mixins__ = mixins,
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
    books = relationship("Book", { back_populates = "author", order_by = "Book.id" }),
  })
  m.Shelf = Base:model("Shelf", {
    __tablename__ = "shelf",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
  })
  m.Book = Base:model("Book", {
    __tablename__ = "book", __mixins__ = mixins,
    id = Column(Integer, { primary_key = true }),
    title = Column(String(20)),
    pages = Column(Integer),
    author_id = Column(Integer, ForeignKey("author.id")),
    shelf_id = Column(Integer, ForeignKey("shelf.id")),
    of_id = Column(Integer, ForeignKey("book.id")),
    author = relationship("Author", { back_populates = "books" }),
    shelf = relationship("Shelf", {}),
    topics = relationship("Topic", { secondary = m.book_topic, order_by = "Topic.id" }),
  })
  m.Book.sequels = relationship("Book", { order_by = "Book.id", remote_side = m.Book.of_id })
  m.Topic = Base:model("Topic", {
    __tablename__ = "topic", __mixins__ = mixins,
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
  })
  m.Staff = Base:model("Staff", {
    __tablename__ = "staff", __mixins__ = mixins,
    id = Column(Integer, { primary_key = true }),
    kind = Column(String(20)),
    name = Column(String(20)),
    boss_id = Column(Integer, ForeignKey("staff.id")),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "staff" },
  })
  m.Engineer = m.Staff:model("Engineer", {
    __tablename__ = "engineer",
    id = Column(Integer, ForeignKey("staff.id"), { primary_key = true }),
    lang = Column(String(20)),
    __mapper_args__ = { polymorphic_identity = "engineer" },
  })
  m.Manager = m.Staff:model("Manager", { __mapper_args__ = { polymorphic_identity = "manager" } })
  return m
end

local function fill(m, session)
  local topics = { m.Topic { id = 1, name = "t1" }, m.Topic { id = 2, name = "t2", hidden = true } }
  local shelf = m.Shelf { id = 1, name = "s" }
  local a = m.Author { id = 1, name = "ann" }
  local b = m.Author { id = 2, name = "bob", hidden = true }
  local c = m.Author { id = 3, name = "cid" }
  session:add_all {
    a, b, c, shelf,
    m.Book { id = 1, title = "b1", pages = 10, author = a, shelf = shelf, topics = topics },
    m.Book { id = 2, title = "b2", pages = 20, author = a, shelf = shelf, hidden = true },
    m.Book { id = 3, title = "b3", pages = 30, author = b, topics = { topics[2] } },
    m.Book { id = 4, title = "b4", pages = 40, author = c, hidden = true },
    m.Engineer { id = 1, name = "e1", lang = "c" },
    m.Engineer { id = 2, name = "e2", lang = "lua", hidden = true },
    m.Manager { id = 3, name = "m3", hidden = true },
    m.Manager { id = 4, name = "m4" },
    m.Staff { id = 5, name = "s5" },
  }
  session:flush()
  session:add(m.Book { id = 5, title = "b5", of_id = 1 })
  session:add(m.Book { id = 6, title = "b6", of_id = 1, hidden = true })
  session:commit()
end

local w, m, session, visible

local function open()
  w = world.open(models())
  m = w.m
  local first = w:session()
  fill(m, first)
  first:close()
  session = w:session()
  visible = criteria(m.Hidden, function(class) return class.hidden:is_(false) end)
  w:statements()
end

local function close() w:close() end

local function text(statement)
  return (statement:compile { dialect = "sqlite" }.string:gsub("%s+", " "))
end

-- The values of the first column, or ids, in one string.
local function list(statement, key)
  local found = {}
  for item in session:scalars(statement) do found[#found + 1] = tostring(key and item[key] or item) end
  return table.concat(found, " ")
end

describe("U26 with_loader_criteria of a statement:", function()
  before_each(open)
  after_each(close)

  it("filters the class where it is selected, whole or by columns", function()
    local Book = m.Book
    assert.equal("1 3 5", list(select(Book):order_by(Book.id):options(visible), "id"))
    assert.equal("b1 b3 b5", list(select(Book.title):order_by(Book.id):options(visible)))
    assert.equal("3", list(select(corm.func.count(Book.id)):options(visible)))
    assert.equal("1 2 3 4 5 6", list(select(Book):order_by(Book.id), "id"))
  end)

  it("takes a fixed condition of one class, and leaves others alone", function()
    local only = criteria(m.Book, m.Book.pages:ge(20))
    assert.equal("2 3 4", list(select(m.Book):order_by(m.Book.id):options(only), "id"))
    assert.equal("1 2 3", list(select(m.Author):order_by(m.Author.id):options(only), "id"))
  end)

  it("adds up several of them, and stands beside loader options", function()
    local only = criteria(m.Book, m.Book.pages:ge(20))
    local statement = select(m.Book):where(m.Book.id:lt(6)):options(visible, only, corm.selectinload(m.Book.topics))
    local books = session:scalars(statement):all()
    assert.equal(1, #books)
    assert.equal(3, books[1].id)
    assert.equal(0, #books[1].topics)
  end)

  it("filters the right side of a join in ON, so that outer joins stay outer", function()
    local Author, Book = m.Author, m.Book
    local joined = select(Author.name, Book.title):join(Author.books):order_by(Author.id, Book.id):options(visible)
    local rows = session:execute(joined):all()
    assert.equal(1, #rows)
    assert.equal("b1", rows[1].title)
    local outer = select(Author.name, Book.title):outerjoin(Author.books):order_by(Author.id, Book.id):options(visible)
    rows = session:execute(outer):all()
    assert.equal(2, #rows)
    assert.equal("ann b1", rows[1].name .. " " .. rows[1].title)
    assert.equal("cid", rows[2].name)
    assert.is_nil(rows[2].title)
  end)

  it("filters inside subqueries, any() and has()", function()
    local Author, Book = m.Author, m.Book
    local sub = select(Book.author_id):scalar_subquery()
    assert.equal("1", list(select(Author):where(Author.id:in_(select(Book.author_id))):options(visible), "id"))
    assert.is_not_nil(sub)
    assert.equal("1", list(select(Author):where(Author.books:any()):options(visible), "id"))
    assert.equal("1", list(select(Book):where(Book.author:has()):options(visible), "id"))
    assert.equal("3", list(select(Author):where(corm.not_(Author.books:any())):options(visible), "id"))
    assert.equal("1", list(select(Book):where(Book.sequels:any { title = "b5" }):options(visible), "id"))
    assert.equal("", list(select(Book):where(Book.sequels:any { title = "b6" }):options(visible), "id"))
  end)

  it("filters aliases of the script where include_aliases says so", function()
    local b = aliased(m.Book)
    local statement = select(b):order_by(b.id)
    assert.equal("1 2 3 4 5 6", list(statement:options(visible), "id"))
    local all = criteria(m.Hidden, function(class) return class.hidden:is_(false) end, { include_aliases = true })
    assert.equal("1 3 5", list(statement:options(all), "id"))
    local e = aliased(m.Engineer)
    assert.equal("1", list(select(e):order_by(e.id):options(all), "id"))
    local own = criteria(m.Engineer, m.Engineer.lang:eq "lua", { include_aliases = true })
    assert.equal("2", list(select(e):order_by(e.id):options(own), "id"))
  end)

  it("holds of joined and select-in loading", function()
    for _, load in ipairs { "joinedload", "selectinload", "subqueryload", "immediateload" } do
      local statement = select(m.Author):order_by(m.Author.id):options(visible, corm[load](m.Author.books))
      local authors = session:scalars(statement):all()
      w:statements()
      assert.equal(2, #authors, load)
      assert.equal(1, #authors[1].books, load)
      assert.equal(0, #authors[2].books, load)
      assert.same({}, w:statements(), load)
      session:expunge_all()
    end
    local books = session:scalars(select(m.Book):order_by(m.Book.id):options(visible, corm.joinedload(m.Book.topics),
      corm.joinedload(m.Book.author), corm.joinedload(m.Book.sequels))):all()
    assert.equal(3, #books)
    assert.equal("t1", books[1].topics[1].name)
    assert.equal(1, #books[1].topics)
    assert.equal(1, #books[1].sequels)
    assert.equal(0, #books[2].topics)
    assert.is_nil(books[2].author)
  end)

  it("holds of what is loaded later from the objects, one by one and together", function()
    for _, lazy in ipairs { "select", "batch" } do
      local options = { visible }
      if lazy == "select" then options[2] = corm.lazyload(m.Author.books) end
      local authors = session:scalars(select(m.Author):order_by(m.Author.id):options(table.unpack(options))):all()
      assert.equal(1, #authors[1].books, lazy)
      assert.equal(0, #authors[2].books, lazy)
      assert.equal(1, #authors[1].books[1].topics, lazy)
      session:expunge_all()
    end
    local books = session:scalars(select(m.Book):order_by(m.Book.id):options(visible)):all()
    assert.equal("ann", books[1].author.name)
    assert.is_nil(books[2].author)
    assert.equal("s", books[1].shelf.name)
  end)

  it("does not hold later with propagate_to_loaders = false", function()
    local here = criteria(m.Hidden, function(class) return class.hidden:is_(false) end,
      { propagate_to_loaders = false })
    local statement = select(m.Author):order_by(m.Author.id)
    assert.equal(2, #session:scalars(statement:options(here)):all()[1].books)
    session:expunge_all()
    assert.equal(2, #session:scalars(statement:options(here, corm.joinedload(m.Author.books))):unique():all()[1].books)
    session:expunge_all()
    assert.equal(2, #session:scalars(statement:options(here, corm.selectinload(m.Author.books))):all()[1].books)
  end)

  it("calls a function once for each class, when the statement runs", function()
    local calls, limit = {}, 15
    local option = criteria(m.Base, function(class)
      calls[#calls + 1] = class.__name__
      if class == m.Book then return class.pages:ge(limit) end
      return class.id:ge(1)
    end)
    local statement = select(m.Author):options(option, corm.selectinload(m.Author.books)):order_by(m.Author.id)
    assert.same({}, calls)
    local authors = session:scalars(statement):all()
    assert.equal("b2", authors[1].books[1].title)
    table.sort(calls)
    assert.same({ "Author", "Book" }, calls)
    session:expunge_all()
    limit = 5
    assert.equal(2, #session:scalars(statement):all()[1].books)
  end)

  it("keeps for later what held when the query ran", function()
    local limit = 15
    local option = criteria(m.Book, function(class) return class.pages:ge(limit) end)
    local topic = select(m.Book):options(option):order_by(m.Book.id)
    local first = session:scalars(topic):all()
    assert.equal(3, #first)
    local authors = session:scalars(select(m.Author):options(option):order_by(m.Author.id)):all()
    assert.equal(1, #authors[1].books)
    limit = 0
    session:expire(authors[1], { "books" })
    assert.equal(1, #authors[1].books)
  end)

  it("leaves get() of an object in memory and refreshing alone, and filters get() of a row", function()
    local hidden = session:get(m.Book, 2)
    assert.equal("b2", hidden.title)
    assert.equal(hidden, session:get(m.Book, 2, { options = { visible } }))
    assert.is_nil(session:get(m.Book, 4, { options = { visible } }))
    assert.equal("b1", session:get(m.Book, 1, { options = { visible } }).title)
    local book = session:scalars(select(m.Book):where(m.Book.id:eq(1)):options(visible)):one()
    session:commit()
    w:sql("UPDATE book SET hidden = " .. (require("spec.support.database").name == "postgresql" and "true" or "1")
      .. ", title = 'new' WHERE id = 1")
    assert.equal("new", book.title)
    session:refresh(book)
    assert.equal("new", book.title)
  end)

  it("filters a hierarchy: the classes below, and columns of their own", function()
    local all = select(m.Staff):order_by(m.Staff.id):options(visible)
    assert.equal("e1 m4 s5", list(all, "name"))
    assert.equal("e1", list(select(m.Engineer):options(visible), "name"))
    assert.equal("m4", list(select(m.Manager):options(visible), "name"))
    local base = criteria(m.Staff, m.Staff.hidden:is_(false))
    assert.equal("e1", list(select(m.Engineer):options(base), "name"))
    assert.equal("m4", list(select(m.Manager.name):options(base)))
    local own = criteria(m.Engineer, m.Engineer.lang:eq "lua")
    assert.equal("e2", list(select(m.Engineer):options(own), "name"))
    assert.equal("e1 e2 m3 m4 s5", list(select(m.Staff):order_by(m.Staff.id):options(own), "name"))
    local poly = corm.with_polymorphic(m.Staff, "*")
    assert.equal("e1 m4 s5", list(select(poly):order_by(poly.id):options(visible), "name"))
  end)

  it("holds of UPDATE and DELETE by criteria, and objects in memory follow", function()
    local Book = m.Book
    for _, how in ipairs { "evaluate", "fetch", "auto" } do
      local books = session:scalars(select(Book):order_by(Book.id)):all()
      session:execute(corm.update(Book):where(Book.id:in_ { 1, 2 }):values { title = how }:options(visible)
        :execution_options { synchronize_session = how })
      assert.equal(how .. " b2", books[1].title .. " " .. books[2].title)
      session:commit()
      assert.equal(how .. ",b2", w:list("SELECT title FROM book WHERE id < 3 ORDER BY id"))
      session:expunge_all()
    end
    session:execute(corm.delete(m.book_topic, { all = true }))
    local books = session:scalars(select(Book):order_by(Book.id)):all()
    session:execute(corm.delete(Book):where(Book.id:in_ { 3, 4 }):options(visible))
    assert.equal("deleted persistent",
      (corm.inspect(books[3]).deleted and "deleted" or "there") .. " "
      .. (corm.inspect(books[4]).persistent and "persistent" or "gone"))
    assert.equal("1 2 4 5 6", list(select(Book.id):order_by(Book.id)))
    session:execute(corm.update(m.Staff):where(m.Staff.id:gt(0)):values { name = "x" }:options(visible))
    assert.equal("1 4 5", list(select(m.Staff.id):where(m.Staff.name:eq "x"):order_by(m.Staff.id)))
  end)

  it("shows in the text of the statement, and in no other", function()
    local shown = select(m.Topic):options(criteria(m.Topic, m.Topic.name:eq "x"))
    assert.equal("SELECT topic.hidden, topic.id, topic.name FROM topic WHERE topic.name = :name_1", text(shown))
    assert.equal("x", shown:compile().params.name_1)
    assert.equal("SELECT topic.hidden, topic.id, topic.name FROM topic WHERE topic.name = :name_1",
      (tostring(shown):gsub("%s+", " ")))
    assert.equal("SELECT topic.hidden, topic.id, topic.name FROM topic", text(select(m.Topic)))
  end)

  it("refuses what it cannot mean", function()
    raises("ArgumentError", "a mapped class, a base or a mixin expected, got string",
      function() criteria("Book", function() end) end)
    raises("ArgumentError", "include_aliases = true", function() criteria(aliased(m.Book), function() end) end)
    raises("ArgumentError", "a function(class) that returns a condition is expected, got boolean",
      function() criteria(m.Hidden, true) end)
    raises("ArgumentError", "with_loader_criteria", function() criteria(m.Book, 3) end)
    local err = raises("ArgumentError", "include_alias",
      function() criteria(m.Book, m.Book.id:gt(1), { include_alias = true }) end)
    assert.is_truthy(err.message:find("include_aliases", 1, true))
    raises("ArgumentError", "give it to the statement's options()",
      function() corm.selectinload(m.Author.books):options(visible) end)
    local wrong = criteria(m.Book, function() return "x" end)
    raises("ArgumentError", "with_loader_criteria", function() session:scalars(select(m.Book):options(wrong)) end)
    local failing = criteria(m.Book, function() error("no tenant") end)
    local ok, message = pcall(function() return session:scalars(select(m.Book):options(failing)):all() end)
    assert.is_false(ok)
    assert.is_truthy(tostring(message):find("no tenant", 1, true))
    assert.equal("1 2", list(select(m.Topic):order_by(m.Topic.id), "id"))
    assert.equal(0, #w:statements(function()
      pcall(function() return session:scalars(select(m.Book):options(failing)):all() end)
    end))
  end)
end)

describe("U26 criteria of classes that no table stands for", function()
  it("are refused, since they would have no effect", function()
    local Base = corm.declarative_base()
    local Gone = { is_here = function(self) return self.gone == 0 end }
    local function gone() return Column(Integer, { default = 0 }) end
    local Row = Base:model("Row", {
      __mixins__ = { Gone }, __tablename__ = "row_t", id = Column(Integer, { primary_key = true }), gone = gone(),
    })
    local columns = Row.__table__.c
    local View = Base:model("View", {
      __mixins__ = { Gone }, __table__ = select(columns.id, columns.gone):subquery "v",
    })
    local Plant = Base:model("Plant", {
      __mixins__ = { corm.ConcreteBase, Gone }, __tablename__ = "plant",
      id = Column(Integer, { primary_key = true }), gone = gone(),
      __mapper_args__ = { polymorphic_identity = "plant" },
    })
    local Tree = Plant:model("Tree", {
      __mixins__ = { Gone }, __tablename__ = "tree", id = Column(Integer, { primary_key = true }), gone = gone(),
      __mapper_args__ = { concrete = true, polymorphic_identity = "tree" },
    })
    local the_world = world.open { Base = Base }
    local own = the_world:session()
    own:add_all { Row {}, Row { gone = 1 }, Plant {} }
    own:commit()
    local function here(class) return class.gone:eq(0) end
    for _, class in ipairs { View, Plant } do
      raises("InvalidRequestError", "does not reach the rows of " .. class.__name__, criteria, class,
        here)
      raises("InvalidRequestError", "does not reach the rows of " .. class.__name__, own.scalars, own,
        select(class):options(criteria(Gone, here)))
    end
    raises("InvalidRequestError", "does not reach the rows of Tree among those of Plant, which come from", own.scalars,
      own, select(Plant):options(criteria(Tree, Tree.gone:eq(0))))
    assert.equal(0, #own:scalars(select(Tree):options(criteria(Tree, Tree.gone:eq(0)))):all())
    assert.equal(1, #own:scalars(select(Row):options(criteria(Gone, here))):all())
    assert.equal(2, #own:scalars(select(View)):all())
    -- By key the row comes from its table.
    local options = { options = { criteria(Gone, here) } }
    assert.equal(1, own:get(Plant, 1, options).id)
    own:expunge_all()
    assert.equal(1, own:get(Plant, 1, options).id)
    assert.is_nil(own:get(Tree, 7, options))
    own:execute(corm.update(Plant.__table__):where(Plant.__table__.c.id:eq(1)):values { gone = 1 })
    own:expunge_all()
    assert.is_nil(own:get(Plant, 1, options))
    assert.equal(1, own:get(Plant, 1).gone)
    the_world:close()
  end)
end)
