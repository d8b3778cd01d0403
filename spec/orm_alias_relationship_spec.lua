-- Relationships to an alias of a class: the rows of a subquery, or of the class's own table under a condition.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local select, func = corm.select, corm.func

describe("M37 relationships to an alias", function()
  local Base, w, session, Author, Book

  before_each(function()
    Base = corm.declarative_base()
    Author = Base:model("Author", {
      __tablename__ = "author", id = Column(Integer, { primary_key = true }), name = Column(String(20)),
      mentor_id = Column(Integer, ForeignKey "author.id"),
    })
    Book = Base:model("Book", {
      __tablename__ = "book", id = Column(Integer, { primary_key = true }),
      author_id = Column(Integer, ForeignKey "author.id"), year = Column(Integer),
    })
    w = world.open { Base = Base }
    w:sql "INSERT INTO author (id, name, mentor_id) VALUES (1, 'a', NULL), (2, 'b', 1), (3, 'c', 1), (4, 'd', 2)"
    w:sql [[INSERT INTO book (id, author_id, year) VALUES (1, 1, 1990), (2, 1, 2010), (3, 1, 2000), (4, 2, 1980),
      (5, 2, 1985), (6, 4, 2020), (7, NULL, 2022)]]
    session = w:session()
  end)
  after_each(function() w:close() end)

  -- Numbered within each author, the newest first.
  local function numbered()
    local nr = func.row_number():over { partition_by = Book.author_id, order_by = Book.year:desc() }:label "nr"
    local newest = select(Book, nr):subquery "newest"
    return corm.aliased(Book, newest), newest
  end

  local function two_newest()
    local alias, newest = numbered()
    Author.two_newest = corm.relationship(alias, {
      primaryjoin = corm.and_(alias.author_id:eq(Author.id), newest.c.nr:le(2)), order_by = newest.c.nr,
    })
  end

  -- "1: 2 3", by author.
  local function shown(statement, key)
    local lines = {}
    for author in session:scalars(statement:order_by(Author.id)):unique() do
      local ids = {}
      for book in author[key] do ids[#ids + 1] = book.id end
      lines[#lines + 1] = author.id .. ": " .. table.concat(ids, " ")
    end
    return lines
  end

  it("give the first rows of each parent, however they are loaded", function()
    two_newest()
    local expected = { "1: 2 3", "2: 5 4", "3: ", "4: 6" }
    for _, option in ipairs { "lazyload", "selectinload", "joinedload", "subqueryload", "immediateload" } do
      session:expunge_all()
      local option_ = corm[option](Author.two_newest)
      assert.same(expected, shown(select(Author):options(option_), "two_newest"), option)
    end
    assert.same({ "2: 5 4" }, shown(select(Author):where(Author.name:eq "b"):options(
      corm.joinedload(Author.two_newest)), "two_newest"))
  end)

  it("give the class's own objects", function()
    two_newest()
    local book = session:get(Book, 2)
    assert.equal(book, session:get(Author, 1).two_newest[1])
    assert.equal(Book, corm.inspect(Author).relationships.two_newest.mapper.class_)
    assert.is_true(corm.inspect(Author).relationships.two_newest.viewonly)
  end)

  it("lead to one object with uselist = false", function()
    local alias, newest = numbered()
    Author.newest = corm.relationship(alias, {
      primaryjoin = corm.and_(alias.author_id:eq(Author.id), newest.c.nr:eq(1)), uselist = false,
    })
    local years = {}
    for author in session:scalars(select(Author):options(corm.selectinload(Author.newest)):order_by(Author.id)) do
      years[#years + 1] = author.newest and author.newest.year or 0
    end
    assert.same({ 2010, 1985, 0, 2020 }, years)
  end)

  it("lead to an alias of the table, given by a function as the conditions are", function()
    local old = corm.aliased(Book)
    Author.old = corm.relationship(function() return old end, {
      primaryjoin = function() return corm.and_(old.author_id:eq(Author.id), old.year:lt(1999)) end,
      order_by = function() return old.year:desc() end,
    })
    for _, option in ipairs { "lazyload", "selectinload", "joinedload" } do
      session:expunge_all()
      assert.same({ "1: 1", "2: 5 4", "3: ", "4: " }, shown(select(Author):options(corm[option](Author.old)), "old"))
    end
  end)

  it("lead back to the class itself", function()
    local pupils = select(Author, func.row_number():over { partition_by = Author.mentor_id, order_by = Author.name }
      :label "nr"):subquery()
    local alias = corm.aliased(Author, pupils)
    Author.first_pupil = corm.relationship(alias, {
      primaryjoin = corm.and_(alias.mentor_id:eq(Author.id), pupils.c.nr:eq(1)), uselist = false,
    })
    local names = {}
    local deep = corm.selectinload(Author.first_pupil):selectinload(Author.first_pupil)
    for author in session:scalars(select(Author):options(deep):order_by(Author.id)) do
      local first = author.first_pupil
      names[#names + 1] = first and first.name .. (first.first_pupil and first.first_pupil.name or "") or "-"
    end
    assert.same({ "bd", "d", "-", "-" }, names)
  end)

  it("are joined and asked for any, by the class's columns", function()
    two_newest()
    local with_old = select(Author.id):where(Author.two_newest:any(Book.year:lt(1985))):order_by(Author.id)
    assert.same({ 2 }, session:scalars(with_old):all())
    local joined = select(Author.id, Book.id):join(Author.two_newest):where(Book.year:lt(2001)):order_by(Book.id)
    local rows = {}
    for row in session:execute(joined) do rows[#rows + 1] = row[1] .. " " .. row[2] end
    assert.same({ "1 3", "2 4", "2 5" }, rows)
  end)

  -- In classes of their own, which are not left to configure_mappers() of other specs.
  local function wrong(options, joined)
    local own = corm.declarative_base()
    local Parent = own:model("Parent", { __tablename__ = "parent", id = Column(Integer, { primary_key = true }) })
    local Child = own:model("Child", {
      __tablename__ = "child", id = Column(Integer, { primary_key = true }), parent_id = Column(ForeignKey "parent.id"),
    })
    if joined then
      Child = Child:model("Grown", {
        __tablename__ = "grown", id = Column(ForeignKey "child.id", { primary_key = true }),
      })
    end
    local alias = corm.aliased(Child)
    if options.primaryjoin then options.primaryjoin = alias.parent_id:eq(Parent.id) end
    Parent.children = corm.relationship(alias, options)
    return own.registry
  end

  local function refused(text, options, joined)
    raises("ArgumentError", text, function() wrong(options, joined):configure() end)
    collectgarbage()
  end

  it("are refused where they would have to be written", function()
    refused("viewonly = true and primaryjoin expected", { primaryjoin = true, viewonly = false })
    refused("viewonly = true and primaryjoin expected", {})
    refused("it takes no backref", { primaryjoin = true, backref = "parent" })
    refused("it takes no back_populates", { primaryjoin = true, back_populates = "parent" })
    refused("it takes no secondary", { primaryjoin = true, secondary = "child" })
  end)

  it("are refused for an alias of several tables", function()
    refused("an alias of a class with one table expected, Grown has several", { primaryjoin = true }, true)
  end)
end)
