-- Attributes that the database computes: column_property(expression).
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local select, func, column_property = corm.select, corm.func, corm.column_property

local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.Author = Base:model("Author", {
    __tablename__ = "author",
    id = Column(Integer, { primary_key = true }),
    first = Column(String(20)),
    last = Column(String(20)),
    fullname = column_property(function(cls) return cls.first .. " " .. cls.last end),
    -- Book comes later: the function is called when classes are configured.
    book_count = column_property(function(cls)
      return select(func.count(m.Book.id)):where(m.Book.author_id:eq(cls.id)):scalar_subquery()
    end),
    books = corm.relationship("Book", { back_populates = "author", order_by = "Book.id" }),
  })
  m.Book = Base:model("Book", {
    __tablename__ = "book",
    id = Column(Integer, { primary_key = true }),
    title = Column(String(20)),
    pages = Column(Integer),
    author_id = Column(Integer, ForeignKey "author.id"),
    author = corm.relationship("Author", { back_populates = "books" }),
  })
  m.Book.is_long = column_property(m.Book.pages:gt(100))
  m.Book.size = column_property(corm.case({ m.Book.pages:gt(100), "long" }, { else_ = "short" }), {
    deferred = true, group = "sizes",
  })
  m.Book.twice = column_property(m.Book.pages * 2, { deferred = true, group = "sizes" })
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
      first = "Ann", last = "Lee",
      books = { Book { title = "x", pages = 50 }, Book { title = "y", pages = 500 } },
    },
    Author { first = "Bob", last = "Kay" },
  }
  session:commit()
  session:expunge_all()
end

local function ann() return session:scalars(select(Author):where(Author.first:eq "Ann")):one() end

describe("M24 column_property", function()
  before_each(open)
  after_each(function() w:close() end)

  it("is read with its object", function()
    local author
    local sent = w:statements(function()
      author = ann()
      assert.equal("Ann Lee", author.fullname)
      assert.equal(2, author.book_count)
    end)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("AS fullname", 1, true), sent[1])
    assert.is_truthy(sent[1]:find("AS book_count", 1, true), sent[1])
    local book = session:scalars(select(Book):order_by(Book.id)):first()
    assert.is_false(book.is_long)
  end)

  it("is read by get() and refresh()", function()
    local author = session:get(Author, 1)
    assert.equal("Ann Lee", author.fullname)
    session:commit()
    w:sql "UPDATE author SET last = 'Low' WHERE id = 1"
    session:refresh(author)
    assert.equal("Ann Low", author.fullname)
    session:commit()
    w:sql "UPDATE author SET last = 'Lum' WHERE id = 1"
    session:refresh(author, { "fullname" })
    assert.equal("Ann Lum", author.fullname)
    session:expire(author, { "book_count" })
    local sent = w:statements(function() assert.equal(2, author.book_count) end)
    assert.equal(1, #sent)
    assert.is_nil(sent[1]:find("fullname", 1, true))
  end)

  it("stands in where, order_by, filter_by, group_by and among the columns", function()
    local function names(statement)
      local list = {}
      for i, author in ipairs(session:scalars(statement):all()) do list[i] = author.first end
      return table.concat(list, ",")
    end
    assert.equal("Ann", names(select(Author):where(Author.fullname:eq "Ann Lee")))
    assert.equal("Ann", names(select(Author):where(Author.fullname:like "%Lee", Author.book_count:gt(1))))
    assert.equal("Bob,Ann", names(select(Author):order_by(Author.fullname:desc())))
    assert.equal("Bob,Ann", names(select(Author):order_by(Author.book_count)))
    assert.equal("Bob", names(select(Author):filter_by { fullname = "Bob Kay" }))
    local row = session:execute(select(Author.fullname, Author.book_count):order_by(Author.id)):first()
    assert.same({ "Ann Lee", 2 }, { row.fullname, row.book_count })
    row = session:execute(select(Book.is_long, func.count()):group_by("is_long"):order_by("is_long")):first()
    assert.is_false(row[1])
    assert.equal("Ann Lee!", session:scalar(select(Author.fullname .. "!"):where(Author.id:eq(1))))
  end)

  it("belongs to an alias, too", function()
    local other = corm.aliased(Author)
    local statement = select(other):where(other.fullname:eq "Ann Lee", other.book_count:eq(2))
    assert.equal("Ann Lee", session:scalars(statement):one().fullname)
    local row = session:execute(select(Author, other):where(Author.fullname:lt(other.fullname))):one()
    assert.same({ "Ann Lee", 2, "Bob Kay", 0 },
      { row[1].fullname, row[1].book_count, row[2].fullname, row[2].book_count })
    local part = corm.aliased(Author, select(Author):where(Author.book_count:gt(0)):subquery())
    local author = session:scalars(select(part):where(part.fullname:like "Ann%")):one()
    assert.same({ "Ann Lee", 2 }, { author.fullname, author.book_count })
    session:expunge_all()
    part = corm.aliased(Author, select(Author.id, Author.first):subquery())
    author = session:scalars(select(part):where(part.id:eq(1))):one()
    assert.equal("Ann Lee", author.fullname)
  end)

  it("comes with eager loading", function()
    local book = session:scalars(select(Book):where(Book.id:eq(1)):options(corm.joinedload(Book.author))):one()
    local sent = w:statements(function()
      assert.equal("Ann Lee", book.author.fullname)
      assert.equal(2, book.author.book_count)
    end)
    assert.equal(0, #sent)
    session:expunge_all()
    book = session:scalars(select(Book):where(Book.id:eq(1)):options(corm.selectinload(Book.author))):one()
    sent = w:statements(function()
      assert.equal("Ann Lee", book.author.fullname)
      assert.equal(2, book.author.book_count)
    end)
    assert.equal(0, #sent)
    session:expunge_all()
    local statement = select(Author):options(corm.joinedload(Author.books)):order_by(Author.fullname):limit(1)
    local author = session:scalars(statement):unique():one()
    sent = w:statements(function()
      assert.equal("Ann Lee", author.fullname)
      assert.is_true(author.books[2].is_long)
      assert.is_false(author.books[1].is_long)
    end)
    assert.equal(0, #sent)
    session:expunge_all()
    author = session:scalars(select(Author):options(corm.subqueryload(Author.books)):order_by(Author.id)):first()
    assert.is_true(author.books[2].is_long)
    session:expunge_all()
    statement = select(Book):join(Book.author):options(corm.contains_eager(Book.author)):order_by(Book.id)
    assert.equal(2, session:scalars(statement):first().author.book_count)
  end)

  it("speaks of its own row whatever the statement selects from", function()
    local statement = select(Author, Book):join(Author.books):order_by(Book.id)
    local counts = {}
    for i, row in ipairs(session:execute(statement):all()) do counts[i] = row[1].book_count end
    assert.same({ 2, 2 }, counts)
    assert.equal(2, session:scalar(select(func.count()):select_from(Book):join(Book.author)
      :where(Author.book_count:eq(2))))
  end)

  it("is computed anew after a flush", function()
    local author = Author { first = "Cid", last = "Poe" }
    assert.is_nil(author.fullname)
    session:add(author)
    session:flush()
    assert.equal("Cid Poe", author.fullname)
    author.last = "Ray"
    assert.equal("Cid Poe", author.fullname)
    session:flush()
    local sent = w:statements(function() assert.equal("Cid Ray", author.fullname) end)
    assert.equal(1, #sent)
    assert.equal(0, author.book_count)
    author.books:append(Book { title = "z", pages = 1 })
    session:flush()
    assert.equal(1, author.book_count)
    local other = session:get(Author, 1)
    assert.equal("Ann Lee", other.fullname)
    author.first = "Cis"
    session:flush()
    assert.equal(0, #w:statements(function() assert.equal("Ann Lee", other.fullname) end)) -- it was not flushed
  end)

  it("is computed anew after a commit and a rollback", function()
    local author = ann()
    author.last = "Low"
    session:commit()
    assert.equal("Ann Low", author.fullname)
    author.last = "Lum"
    session:flush()
    assert.equal("Ann Lum", author.fullname)
    session:rollback()
    assert.equal("Ann Low", author.fullname)
  end)

  it("follows UPDATE by criteria", function()
    local author = ann()
    session:execute(corm.update(Author):where(Author.id:eq(1)):values { last = "Moe" })
    assert.equal("Ann Moe", author.fullname)
  end)

  it("is deferred, with its group", function()
    local book = session:get(Book, 2)
    assert.same({ "author", "size", "twice" }, (function()
      local names = corm.inspect(book).unloaded
      table.sort(names)
      return names
    end)())
    local sent = w:statements(function() assert.same({ "long", 1000 }, { book.size, book.twice }) end)
    assert.equal(1, #sent)
    book.pages = 10
    session:flush()
    sent = w:statements(function() assert.same({ "short", 20 }, { book.size, book.twice }) end)
    assert.equal(1, #sent) -- they had been loaded, and expired
    session:expunge_all()
    book = session:scalars(select(Book):where(Book.id:eq(2)):options(corm.undefer_group "sizes")):one()
    assert.equal(0, #w:statements(function() assert.equal("short", book.size) end))
    local fresh = Book { title = "n", pages = 7 }
    session:add(fresh)
    session:flush()
    assert.equal(14, fresh.twice)
  end)

  it("is chosen by options of a query", function()
    local author = session:scalars(select(Author):where(Author.id:eq(1)):options(corm.load_only(Author.fullname))):one()
    assert.equal(0, #w:statements(function() assert.equal("Ann Lee", author.fullname) end))
    assert.equal(1, #w:statements(function() assert.equal("Ann", author.first) end))
    session:expunge_all()
    local sent = w:statements(function()
      author = session:scalars(select(Author):where(Author.id:eq(1)):options(corm.defer(Author.book_count))):one()
    end)
    assert.is_nil(sent[1]:find("book_count", 1, true))
    assert.equal(2, author.book_count)
    session:expunge_all()
    author = session:scalars(select(Author):where(Author.id:eq(1))
      :options(corm.defer(Author.fullname, { raiseload = true }))):one()
    raises("InvalidRequestError", "'Author.fullname' is not available due to raiseload=True", function()
      return author.fullname
    end)
  end)

  it("is filled by from_statement", function()
    local author = session:scalars(select(Author):from_statement(corm.text(
      "SELECT id, 'x' AS first, 'y' AS last, 'given' AS fullname FROM author WHERE id = 1"))):one()
    assert.equal("given", author.fullname)
    assert.equal(2, author.book_count)
    session:expunge_all()
    local statement = select(Author):from_statement(select(Author):where(Author.id:eq(1)))
    author = session:scalars(statement):one()
    assert.equal(0, #w:statements(function() assert.equal("Ann Lee", author.fullname) end))
  end)

  it("comes with rows that a statement returns", function()
    local author = session:scalars(corm.insert(Author):values { first = "Dee", last = "Fox" }:returning(Author)):one()
    assert.equal("Dee Fox", author.fullname)
    assert.equal(0, author.book_count)
  end)

  it("is computed of what the script has changed, too: that is flushed before", function()
    local author = ann()
    assert.equal(2, author.book_count)
    session:add(Book { title = "z", author_id = author.id })
    session:expire(author, { "book_count" })
    assert.equal(3, author.book_count)
    session:add(Book { title = "zz", author_id = author.id })
    session:expire(author)
    assert.equal("Ann", author.first)
    assert.equal(4, author.book_count)
    session:add(Book { title = "zzz", author_id = author.id })
    session:expire(author)
    assert.equal(5, session:get(Author, 1).book_count)
    session:delete(session:query(Author):where(Author.first:eq "Bob"):one())
    session:expire_all()
    assert.is_nil(session:get(Author, 2))
    session:add(Book { title = "4", author_id = 1 })
    session:expire(author)
    assert.equal(5, session:no_autoflush(function() return author.book_count end))
    session:rollback()
    assert.equal(2, author.book_count)
  end)

  it("shows up where attributes are listed", function()
    local author = ann()
    local there = {}
    for key, value in pairs(author) do there[key] = value end
    assert.same({ "Ann Lee", 2 }, { there.fullname, there.book_count })
    assert.equal("Ann Lee", author:to_table { only = { "fullname" } }.fullname)
    assert.is_truthy(tostring(author):find("fullname='Ann Lee'", 1, true))
    assert.equal("Ann Lee", corm.inspect(author).attrs.fullname.loaded_value)
    assert.is_false(corm.inspect(author).attrs.fullname.history.has_changes)
    assert.same({ "id", "first", "last", "fullname", "book_count" }, corm.inspect(Author).columns)
    corm.set_committed_value(author, "fullname", "told")
    assert.equal("told", author.fullname)
    assert.is_false(session:is_modified(author))
  end)

  it("survives merge, and outside of a session shows what it was", function()
    local author = ann()
    session:expunge(author)
    assert.equal("Ann Lee", author.fullname)
    author.last = "New"
    local merged = session:merge(author)
    session:flush()
    assert.equal("Ann New", merged.fullname)
    session:expunge(merged)
    session:expire_all()
    local other = session:get(Author, 2)
    session:expire(other)
    session:expunge(other)
    raises("DetachedInstanceError", "attribute refresh operation of 'Author.fullname' cannot proceed", function()
      return other.fullname
    end)
  end)

  it("keeps its value through a flush where the class says so", function()
    local Base = corm.declarative_base()
    local Kept = Base:model("Kept", {
      __tablename__ = "author",
      id = Column(Integer, { primary_key = true }),
      first = Column(String(20)),
      shout = column_property(function(cls) return func.upper(cls.first) end, { expire_on_flush = false }),
    })
    local kept = session:get(Kept, 1)
    assert.equal("ANN", kept.shout)
    kept.first = "Amy"
    session:flush()
    assert.equal("ANN", kept.shout)
    local fresh = Kept { first = "joe" }
    session:add(fresh)
    session:flush()
    assert.equal("JOE", fresh.shout)
  end)

  it("is not written", function()
    local author = ann()
    local text = "Author.fullname is an SQL expression: it is read, and cannot be set"
    w:statements()
    raises("ArgumentError", text, function() author.fullname = "x" end)
    raises("ArgumentError", text, Author, { fullname = "x" })
    raises("ArgumentError", text, corm.flag_modified, author, "fullname")
    raises("ArgumentError", "Author.fullname cannot be set by SQL", function()
      session:execute(corm.update(Author):values { fullname = "x" })
    end)
    raises("ArgumentError", "Author.fullname cannot be set by SQL", function()
      session:execute(corm.insert(Author), { { fullname = "x" } })
    end)
    assert.equal(0, #w:statements())
  end)

  it("may be said when the class is there, and over Columns of the same model", function()
    local Base = corm.declarative_base()
    local first = Column("first", String(20))
    local Late = Base:model("Late", {
      __tablename__ = "author",
      id = Column(Integer, { primary_key = true }),
      first = first,
      shout = column_property(func.upper(first)),
    })
    Late.low = column_property(func.lower(Late.first))
    Late.len = corm.deferred(func.length(Late.first))
    local late = session:get(Late, 1)
    assert.same({ "ANN", "ann", 3 }, { late.shout, late.low, late.len })
    raises("InvalidRequestError", "Late.more: there are objects of the class already: no attribute can be added any "
      .. "more", function() Late.more = column_property(Late.first .. "!") end)
    raises("ArgumentError", "Late has an attribute 'low' already", function()
      Late.low = column_property(Late.first .. "!")
    end)
  end)

  it("is read by a key of any name", function()
    local Base = corm.declarative_base()
    local Named = Base:model("Named", {
      __tablename__ = "author",
      pk = Column("id", Integer, { primary_key = true, key = "pk" }),
      more = column_property(function(cls) return cls.pk + 41 end),
    })
    local named = session:get(Named, 1)
    assert.equal(42, named.more)
    session:expire(named, { "more" })
    assert.equal(42, named.more)
  end)

  it("is a property of an imperative mapping", function()
    local registry = corm.registry {}
    local authors = corm.Table("author", registry.metadata, Column("id", Integer, { primary_key = true }),
      Column("first", String(20)), Column("last", String(20)))
    local Plain = { __name__ = "Plain" }
    registry:map_imperatively(Plain, authors, {
      properties = { fullname = column_property(authors.c.last .. ", " .. authors.c.first) },
    })
    assert.equal("Lee, Ann", session:get(Plain, 1).fullname)
    local other = corm.aliased(Plain)
    assert.equal(1, session:scalars(select(other):where(other.fullname:eq "Lee, Ann")):one().id)
  end)

  it("comes from a mixin, computed of each class", function()
    local Base = corm.declarative_base()
    local Shouting = {
      first = Column(String(20)),
      shout = column_property(function(cls) return func.upper(cls.first) end),
    }
    local Loud = Base:model("Loud", {
      __tablename__ = "author", __mixins__ = { Shouting }, id = Column(Integer, { primary_key = true }),
    })
    assert.equal("ANN", session:get(Loud, 1).shout)
  end)

  it("is refused where it makes no sense", function()
    local what = "column_property: a Column, an SQL expression or a function that returns one expected, got "
    raises("ArgumentError", what .. "string", column_property, "x")
    raises("ArgumentError", what .. "type", column_property, Integer)
    raises("ArgumentError", what .. "Table", column_property, Author.__table__)
    raises("ArgumentError", "column_property: a select is a value as select:scalar_subquery()", column_property,
      select(Author.id))
    raises("ArgumentError", "active_history", column_property, Author.first .. "x", { active_history = true })
    raises("ArgumentError", "unknown option 'defered' of column_property; did you mean 'deferred'?", column_property,
      Author.first .. "x", { defered = true })
    local Base = corm.declarative_base()
    local calls = 0
    local function class(fn)
      calls = calls + 1
      return Base:model("C" .. calls, {
        __tablename__ = "c" .. calls, id = Column(Integer, { primary_key = true }), x = column_property(fn),
      })
    end
    local Wrong = class(function() return "x" end)
    raises("ArgumentError", "C1.x", function() return Wrong.x end)
    raises("ArgumentError", "C1.x", function() Base.registry:configure() end)
    Base = corm.declarative_base()
    local Circle = class(function(cls) return cls.x + 1 end)
    raises("ArgumentError", "C2.x is computed from itself", function() return Circle.x end)
    Base = corm.declarative_base()
    local Select = class(function(cls) return select(cls.id) end)
    raises("ArgumentError", "C3.x: a select is a value as select:scalar_subquery()", function() return Select.x end)
  end)
end)

describe("M24 column_property of classes that inherit", function()
  local Base, Person, Manager, Clerk

  before_each(function()
    Base = corm.declarative_base()
    Person = Base:model("Person", {
      __tablename__ = "person",
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "person" },
      id = Column(Integer, { primary_key = true }),
      kind = Column(String(10)),
      name = Column(String(10)),
      shout = column_property(function(cls) return func.upper(cls.name) end),
      namesakes = column_property(function(cls)
        local other = cls.__table__:alias()
        return select(func.count(other.c.id)):where(other.c.name:eq(cls.name)):scalar_subquery()
      end),
      tasks = column_property(function(cls)
        local task = Base.metadata.tables.task
        return select(func.count(task.c.id)):where(task.c.person_id:eq(cls.id)):scalar_subquery()
      end),
    })
    Manager = Person:model("Manager", {
      __tablename__ = "manager",
      __mapper_args__ = { polymorphic_identity = "manager" },
      id = Column(Integer, ForeignKey "person.id", { primary_key = true }),
      level = Column(Integer),
      title = column_property(function(cls) return cls.name .. " L" end),
    })
    Clerk = Person:model("Clerk", {
      __mapper_args__ = { polymorphic_identity = "clerk" },
      desk = Column(Integer),
      next_desk = column_property(function(cls) return cls.desk + 1 end),
    })
    corm.Table("task", Base.metadata, Column("id", Integer, { primary_key = true }),
      Column("person_id", Integer, ForeignKey "person.id"))
    w = world.open { Base = Base }
    session = w:session()
    session:add_all {
      Person { id = 1, name = "ann" }, Manager { id = 2, name = "bob", level = 3 },
      Clerk { id = 3, name = "bob", desk = 7 },
    }
    session:commit()
    w:sql "INSERT INTO task (id, person_id) VALUES (1, 2), (2, 2), (3, 3)"
    session:expunge_all()
  end)
  after_each(function() w:close() end)

  it("is inherited, joined and single", function()
    local manager = session:scalars(select(Manager)):one()
    assert.equal(0, #w:statements(function()
      assert.same({ "BOB", 2, 2, "bob L" }, { manager.shout, manager.namesakes, manager.tasks, manager.title })
    end))
    local clerk = session:scalars(select(Clerk):where(Clerk.shout:eq "BOB", Clerk.tasks:eq(1))):one()
    assert.same({ "BOB", 2, 1, 8 }, { clerk.shout, clerk.namesakes, clerk.tasks, clerk.next_desk })
    local other = corm.aliased(Manager)
    manager = session:scalars(select(other):where(other.title:eq "bob L", other.tasks:eq(2))):one()
    assert.equal(3, manager.level)
  end)

  it("is loaded later for rows of a class below", function()
    local people = session:scalars(select(Person):order_by(Person.id)):all()
    assert.same({ "ANN", "BOB", "BOB" }, { people[1].shout, people[2].shout, people[3].shout })
    assert.same({ "bob L", 8 }, { people[2].title, people[3].next_desk })
    people[2].name = "bo"
    session:flush()
    assert.same({ "BO", "bo L", 1 }, { people[2].shout, people[2].title, people[2].namesakes })
  end)

  it("comes with with_polymorphic", function()
    local all = corm.with_polymorphic(Person, "*")
    local people = session:scalars(select(all):order_by(all.id)):all()
    assert.equal(0, #w:statements(function()
      assert.same({ "BOB", 2, "bob L" }, { people[2].shout, people[2].tasks, people[2].title })
    end))
    assert.equal(2, session:scalars(select(all):where(all.Manager.title:eq "bob L", all.kind:eq "manager")):one().id)
  end)

  it("is not added once somebody inherits", function()
    session:close()
    collectgarbage()
    collectgarbage()
    raises("InvalidRequestError", "Person.late: Manager inherits from it already: no attribute can be added; declare "
      .. "it with the class, by a function that returns the expression", function()
      Person.late = column_property(Person.name .. "!")
    end)
  end)
end)
