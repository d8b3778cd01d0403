-- M34: classes out of a database that nobody has declared, on every database.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local warnings = require "spec.support.warnings"
local select = corm.select
local Column, ForeignKey, Integer, String, Table = corm.Column, corm.ForeignKey, corm.Integer, corm.String, corm.Table

local function key() return Column(Integer, { primary_key = true }) end

local function id() return Column("id", Integer, { primary_key = true }) end

-- Makes tables in the database: { name = { columns and constraints } }, in the order of `names`.
local function create(engine, names, parts)
  local metadata = corm.MetaData()
  for _, name in ipairs(names) do Table(name, metadata, table.unpack(parts[name])) end
  metadata:create_all(engine)
end

-- A shop: authors write books; books have tags; a category has a parent.
local function create_shop(engine)
  create(engine, { "author", "category", "book", "tag", "book_tag", "log" }, {
    author = { id(), Column("name", String(40), { nullable = false }) },
    category = { id(), Column("name", String(40)), Column("parent_id", Integer, ForeignKey "category.id") },
    book = {
      id(), Column("title", String(40)), Column("author_id", Integer, ForeignKey "author.id", { nullable = false }),
      Column("category_id", Integer, ForeignKey("category.id", { ondelete = "SET NULL" })),
    },
    tag = { id(), Column("word", String(20)) },
    book_tag = {
      Column("book_id", Integer, ForeignKey "book.id", { primary_key = true }),
      Column("tag_id", Integer, ForeignKey "tag.id", { primary_key = true }),
    },
    log = { Column("line", String(40)) },
  })
end

-- What the relationships of a class are: "name direction Target" ..., in order of their names.
local function relations(class)
  local mapper, lines = corm.inspect(class), {}
  for _, name in ipairs(mapper.relationships) do
    local relation = mapper.relationships[name]
    lines[#lines + 1] = ("%s %s %s"):format(name, relation.direction, relation.mapper.class_.__name__)
  end
  table.sort(lines)
  return table.concat(lines, ", ")
end

local function facts(class, name) return corm.inspect(class).relationships[name] end

local function names_of(classes)
  local names = {}
  for name in pairs(classes) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, " ")
end

-- What waits here, or is wrong on purpose, is not to be found by configure_mappers() of another spec.
local function collect()
  collectgarbage()
  collectgarbage()
end

describe("M34 automap", function()
  local engine, Base

  after_each(function()
    Base = nil
    collect()
  end)

  before_each(function()
    engine = database.engine()
    Base = corm.automap_base()
  end)

  after_each(function()
    engine:dispose()
    database.clean()
  end)

  it("maps each table that has a primary key, and is no association", function()
    create_shop(engine)
    Base:prepare { autoload_with = engine }
    assert.equal("author book category tag", names_of(Base.classes))
    assert.equal(4, #Base.classes)
    assert.equal("book", Base.classes.book.__name__)
    assert.is_true(rawequal(Base.classes.book.__table__, Base.metadata.tables.book))
    local err = raises("ArgumentError", "auther", function() return Base.classes.auther end)
    assert.equal("did you mean 'author'?", err.hint)
    raises("ArgumentError", "cannot be changed", function() Base.classes.x = 1 end)
  end)

  it("makes two relationships for each foreign key, and for an association", function()
    create_shop(engine)
    Base:prepare { autoload_with = engine }
    local c = Base.classes
    assert.equal("book_collection ONETOMANY book", relations(c.author))
    assert.equal("author MANYTOONE author, category MANYTOONE category, tag_collection MANYTOMANY tag",
      relations(c.book))
    assert.equal("book_collection MANYTOMANY book", relations(c.tag))
    assert.equal("book_collection ONETOMANY book, category MANYTOONE category, category_collection ONETOMANY category",
      relations(c.category))
    assert.equal("book_tag", facts(c.tag, "book_collection").secondary.name)
    assert.equal("author", facts(c.author, "book_collection").back_populates)
  end)

  it("makes objects that are written and read as any others", function()
    create_shop(engine)
    Base:prepare { autoload_with = engine }
    local c = Base.classes
    local session = corm.Session(engine)
    local root = c.category { name = "all" }
    session:add(c.author {
      name = "Ann",
      book_collection = {
        c.book { title = "one", tag_collection = { c.tag { word = "x" }, c.tag { word = "y" } } },
        c.book { title = "two", category = c.category { name = "some", category = root } },
      },
    })
    session:commit()
    local stmt = select(c.book):join(c.book.category):where(c.category.name:eq "some")
    local two = session:scalars(stmt):one()
    assert.equal("two Ann all", ("%s %s %s"):format(two.title, two.author.name, two.category.category.name))
    local one = session:scalars(select(c.book):where(c.book.tag_collection:any(c.tag.word:eq "y"))):one()
    assert.equal(2, #one.tag_collection)
    assert.equal(1, #root.category_collection)
    session:delete(two.author)
    session:commit()
    assert.equal(0, session:query(c.book):count())
    assert.equal(2, session:query(c.tag):count())
    session:close()
  end)

  it("lets children go with their parents where their key is NOT NULL", function()
    create(engine, { "a", "b", "c", "d" }, {
      a = { id() },
      b = { id(), Column("a_id", Integer, ForeignKey "a.id", { nullable = false }) },
      c = { id(), Column("a_id", Integer, ForeignKey("a.id", { ondelete = "CASCADE" }), { nullable = false }) },
      d = { id(), Column("a_id", Integer, ForeignKey("a.id", { ondelete = "SET NULL" })) },
    })
    Base:prepare { autoload_with = engine }
    local function show(name)
      local relation, words = facts(Base.classes.a, name), {}
      for i, word in ipairs(relation.cascade) do words[i] = word end
      table.sort(words)
      return table.concat(words, " ") .. (relation.passive_deletes and " passive" or "")
    end
    local all = "delete delete-orphan expunge merge refresh-expire save-update"
    assert.equal(all, show "b_collection")
    assert.equal(all .. " passive", show "c_collection")
    assert.equal("merge save-update passive", show "d_collection")
  end)

  it("knows keys of several columns, and two keys to one table by hooks", function()
    create(engine, { "seat", "ticket" }, {
      seat = { Column("line", Integer, { primary_key = true, autoincrement = false }),
        Column("no", Integer, { primary_key = true }) },
      ticket = { id(), Column("old_line", Integer), Column("old_no", Integer), Column("line", Integer),
        Column("no", Integer), corm.ForeignKeyConstraint({ "line", "no" }, { "seat.line", "seat.no" }),
        corm.ForeignKeyConstraint({ "old_line", "old_no" }, { "seat.line", "seat.no" }) },
    })
    local function prefix(constraint) return constraint.columns[1].name:match "^(old_)" or "" end
    Base:prepare {
      autoload_with = engine,
      name_for_scalar_relationship = function(_, _, referred, constraint)
        return prefix(constraint) .. referred.__name__
      end,
      name_for_collection_relationship = function(_, _, referred, constraint)
        return prefix(constraint) .. referred.__name__ .. "s"
      end,
    }
    local seat, ticket = Base.classes.seat, Base.classes.ticket
    assert.equal("old_seat MANYTOONE seat, seat MANYTOONE seat", relations(ticket))
    assert.equal("old_tickets ONETOMANY ticket, tickets ONETOMANY ticket", relations(seat))
    local session = corm.Session(engine)
    local here, there = seat { line = 1, no = 2 }, seat { line = 3, no = 4 }
    session:add(ticket { seat = here, old_seat = there })
    session:commit()
    assert.equal(1, #here.tickets)
    assert.equal(0, #here.old_tickets)
    assert.equal("3 4", there.old_tickets[1].old_line .. " " .. there.old_tickets[1].old_no)
    session:close()
  end)

  it("gives the names to the first of several keys that want the same", function()
    create(engine, { "city", "trip" }, {
      city = { id() },
      trip = { id(), Column("from_id", Integer, ForeignKey "city.id"), Column("to_id", Integer, ForeignKey "city.id") },
    })
    Base:prepare { autoload_with = engine }
    local first = Base.metadata.tables.trip.foreign_key_constraints[1].columns[1].name
    assert.equal("city MANYTOONE city", relations(Base.classes.trip))
    assert.equal(first, facts(Base.classes.trip, "city").local_columns[1].name)
    assert.equal(first, facts(Base.classes.city, "trip_collection").remote_side[1].name)
  end)

  it("calls hooks with the classes and the constraint", function()
    create_shop(engine)
    local seen = {}
    Base:prepare {
      autoload_with = engine,
      collection_class = "set",
      classname_for_table = function(base, name, as_table)
        assert.is_true(rawequal(base, Base) and as_table.name == name)
        return (name:gsub("^%l", string.upper))
      end,
      name_for_scalar_relationship = function(base, near, far, constraint)
        assert.is_true(rawequal(base, Base) and constraint.referred_table.name == far.__table__.name)
        seen[#seen + 1] = near.__name__ .. ">" .. far.__name__
        return "the_" .. far.__name__:lower()
      end,
      name_for_collection_relationship = function(_, near, far)
        seen[#seen + 1] = near.__name__ .. "<" .. far.__name__
        return far.__name__:lower() .. "s"
      end,
      generate_relationship = function(_, direction, make, name, near, far, options)
        if near.__name__ == "Tag" then return nil end
        if direction == "ONETOMANY" then options.lazy = "selectin" end
        if make == corm.backref then return make(name, options) end
        return make(far, options)
      end,
    }
    local c = Base.classes
    assert.equal("Author Book Category Tag", names_of(c))
    assert.equal("books ONETOMANY Book", relations(c.Author))
    assert.equal("selectin", facts(c.Author, "books").lazy)
    assert.equal("", relations(c.Tag))
    assert.equal("tags MANYTOMANY Tag, the_author MANYTOONE Author, the_category MANYTOONE Category",
      relations(c.Book))
    local author, book = c.Author {}, c.Book {}
    author.books:add(book)
    assert.is_true(author.books:contains(book) and book.the_author == author)
    table.sort(seen)
    assert.equal("Author<Book Book<Tag Book>Author Book>Category Category<Book Category<Category Category>Category "
      .. "Tag<Book", table.concat(seen, " "))
  end)

  it("works on tables that no database has told of", function()
    local User = Base:model("User", { __tablename__ = "users", id = key(), name = Column(String(20)) })
    local Address = Base:model("Address", {
      __tablename__ = "address", id = key(), user_id = Column(Integer, ForeignKey "users.id"),
    })
    Base:prepare()
    local user = User { name = "Ann", address_collection = { Address {} } }
    assert.is_true(user.address_collection[1].user == user)
    assert.equal("Address User", names_of(Base.classes))
  end)

  it("says what goes wrong, and which option helps", function()
    create(engine, { "a", "b" }, { a = { id() }, b = { id(), Column("a", Integer, ForeignKey "a.id") } })
    local err = raises("ArgumentError", "the relationship of b to a would be named 'a', and so is a column",
      Base.prepare, Base, { autoload_with = engine })
    assert.truthy(err.message:find("name_for_scalar_relationship", 1, true))
    assert.equal(0, #Base.classes)
    raises("ArgumentError", "name_for_collection_relationship gives it another name", Base.prepare, Base, {
      name_for_scalar_relationship = function() return "parent" end,
      name_for_collection_relationship = function() return "id" end,
    })
    Base:prepare { name_for_scalar_relationship = function() return "parent" end }
    assert.equal("parent MANYTOONE a", relations(Base.classes.b))
    raises("ArgumentError", "autoload_wiht", Base.prepare, Base, { autoload_wiht = engine })
    raises("ArgumentError", "engine", Base.prepare, Base, { engine = engine })
    raises("ArgumentError", "classname_for_table", Base.prepare, Base, { classname_for_table = "x" })
    raises("ArgumentError", "called with a colon", Base.prepare, { autoload_with = engine })
    raises("ArgumentError", "an Engine", Base.prepare, Base, { autoload_with = 5 })
    raises("ArgumentError", "metadata", corm.automap_base, { metadata = 5 })
    raises("ArgumentError", "naem", corm.automap_base, { naem = "X" })
  end)

  it("refuses what hooks give and is no name, and relationships that are none", function()
    create_shop(engine)
    for hook, text in pairs {
      classname_for_table = "classname_for_table gives a name, got nil",
      name_for_scalar_relationship = "name_for_scalar_relationship gives a name, got nil",
      name_for_collection_relationship = "name_for_collection_relationship gives a name, got nil",
    } do
      raises("ArgumentError", text, Base.prepare, Base, { autoload_with = engine, [hook] = function() end })
    end
    raises("ArgumentError", "generate_relationship", Base.prepare, Base,
      { generate_relationship = function() return 5 end })
    raises("ArgumentError", "modulename_for_table", Base.prepare, Base,
      { modulename_for_table = function() return 5 end })
    raises("InvalidRequestError", "there is a class 'm.x' already; classname_for_table", Base.prepare, Base,
      { modulename_for_table = function() return "m" end, classname_for_table = function() return "x" end })
    Base:prepare()
    assert.equal(4, #Base.classes)
  end)
end)

describe("M34 an association of a table with itself", function()
  local engine, Base

  after_each(function()
    Base = nil
    collect()
  end)

  before_each(function()
    engine, Base = database.engine(), corm.automap_base()
    create(engine, { "node", "edge" }, {
      node = { id() },
      edge = { Column("near_id", Integer, ForeignKey "node.id", { primary_key = true }),
        Column("far_id", Integer, ForeignKey "node.id", { primary_key = true }) },
    })
  end)

  after_each(function()
    engine:dispose()
    database.clean()
  end)

  it("wants two names", function()
    raises("ArgumentError", "would be named 'node_collection', and so is the other side of it; "
      .. "name_for_collection_relationship gives it another name", Base.prepare, Base, { autoload_with = engine })
    Base:prepare { name_for_collection_relationship = function(_, _, _, constraint)
      return constraint.columns[1].name == "near_id" and "targets" or "sources"
    end }
    local node = Base.classes.node
    local session = corm.Session(engine)
    local one, two = node {}, node {}
    one.targets:append(two)
    session:add(one)
    session:commit()
    assert.is_true(two.sources[1] == one and #two.targets == 0)
    session:close()
  end)
end)

describe("M34 classes that are declared before", function()
  local engine, Base

  after_each(function()
    Base = nil
    collect()
  end)

  database.each(before_each, after_each, function(made)
    engine, Base = made, corm.automap_base()
    create_shop(engine)
  end)

  it("keep what they say, and get what they miss", function()
    local Book = Base:model("Book", {
      __tablename__ = "book",
      heading = Column("title", String(40)),
      author = corm.relationship("author", { lazy = "joined" }),
      loud = function(self) return self.heading:upper() end,
    })
    function Book:quiet() return self.heading:lower() end
    Base:prepare { autoload_with = engine }
    assert.equal("Book author category tag", names_of(Base.classes))
    assert.is_true(rawequal(Book, Base.classes.Book))
    assert.equal("author MANYTOONE author, category MANYTOONE category, tag_collection MANYTOMANY tag", relations(Book))
    assert.equal("joined", facts(Book, "author").lazy)
    assert.equal("book_collection", facts(Book, "author").back_populates)
    local book = Book { heading = "One", author = Base.classes.author { name = "Ann" } }
    assert.equal("ONE one", book:loud() .. " " .. book:quiet())
    assert.is_true(book.author.book_collection[1] == book)
    raises("ArgumentError", "title", function() return Book.title end)
  end)

  it("say the list of a generated class", function()
    local Author = Base:model("Author", {
      __tablename__ = "author",
      book_collection = corm.relationship("book", { collection_class = "set" }),
    })
    Base:prepare { autoload_with = engine }
    local author, book = Author { name = "Ann" }, Base.classes.book {}
    book.author = author
    assert.is_true(author.book_collection:contains(book))
    assert.equal("author", facts(Author, "book_collection").back_populates)
  end)

  it("are no classes before prepare", function()
    local Book = Base:model("Book", { __tablename__ = "book", author = corm.relationship("author") })
    local session = corm.Session(engine)
    raises("UnmappedError", "Book: the class is mapped by Base:prepare(), which has not been called yet", Book, {})
    raises("UnmappedError", "Book.title: the class is mapped by Base:prepare()", function() return Book.title end)
    raises("ArgumentError", "got class Book, which Base:prepare() is to map", select, Book)
    raises("UnmappedError", "got class Book, which Base:prepare() is to map", session.get, session, Book, 1)
    assert.equal("Book book", Book.__name__ .. " " .. Book.__tablename__)
    assert.equal("<class Book>", tostring(Book))
    raises("InvalidRequestError", "a class with the name 'Book' is mapped already", Base.model, Base, "Book",
      { __tablename__ = "x" })
    local Other = corm.declarative_base { registry = Base.registry }
    Other:model("Page", {
      __tablename__ = "page", id = key(), book_id = Column(Integer, ForeignKey "book.id"),
      book = corm.relationship("Book"),
    })
    raises("InvalidRequestError", "relationship Page.book: class Book is mapped by Base:prepare(), which has not been "
      .. "called yet", Base.registry.configure, Base.registry)
    session:close()
  end)

  it("inherit from each other", function()
    create(engine, { "person", "engineer" }, {
      person = { id(), Column("kind", String(10)), Column("name", String(10)) },
      engineer = { Column("id", Integer, ForeignKey "person.id", { primary_key = true }), Column("skill", String(10)),
        Column("boss_id", Integer, ForeignKey "person.id") },
    })
    local Person = Base:model("Person", {
      __tablename__ = "person", kind = Column(String(10)),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "person" },
    })
    local Engineer = Person:model("Engineer", {
      __tablename__ = "engineer", boss_id = Column(Integer, ForeignKey "person.id"),
      boss = corm.relationship(Person, { foreign_keys = "Engineer.boss_id" }),
      __mapper_args__ = {
        polymorphic_identity = "engineer",
        inherit_condition = function(as_table) return as_table.c.id:eq(Person.__table__.c.id) end,
      },
    })
    local Clerk = Person:model("Clerk", { __mapper_args__ = { polymorphic_identity = "clerk" } })
    Base:prepare { autoload_with = engine, reflection_options = { only = { "person", "engineer" } } }
    assert.equal("boss MANYTOONE Person", relations(Engineer))
    local session = corm.Session(engine)
    session:add_all { Engineer { name = "Ann", skill = "x", boss = Clerk { name = "Bob" } } }
    session:commit()
    local ann = session:scalars(select(Person):where(Person.name:eq "Ann")):one()
    assert.equal("Engineer x Clerk Bob", table.concat({ ann.__class__.__name__, ann.skill,
      ann.boss.__class__.__name__, ann.boss.name }, " "))
    session:close()
  end)
end)

describe("M34 several calls of prepare", function()
  local engine, Base

  after_each(function()
    Base = nil
    collect()
  end)

  database.each(before_each, after_each, function(made)
    engine, Base = made, corm.automap_base()
    create_shop(engine)
  end)

  it("add what is new, and relate it to what is there", function()
    Base:prepare { autoload_with = engine, reflection_options = { only = { "author" } } }
    assert.equal("author", names_of(Base.classes))
    local author = Base.classes.author
    local ann = author { name = "Ann" }
    Base:prepare { autoload_with = engine }
    assert.is_true(rawequal(author, Base.classes.author))
    assert.equal("author book category tag", names_of(Base.classes))
    local book = Base.classes.book { title = "one", author = ann }
    assert.is_true(ann.book_collection[1] == book)
    Base:prepare { autoload_with = engine }
    Base:prepare()
    assert.equal("author MANYTOONE author, category MANYTOONE category, tag_collection MANYTOMANY tag",
      relations(Base.classes.book))
  end)

  it("take classes and tables of the script in between", function()
    Base:prepare { autoload_with = engine }
    local Review = Base:model("Review", {
      __tablename__ = "review", id = key(), book_id = Column(Integer, ForeignKey "book.id"),
    })
    Table("remark", Base.metadata, id(), Column("review_id", Integer, ForeignKey "review.id"))
    Base:prepare()
    assert.equal("book MANYTOONE book, remark_collection ONETOMANY remark", relations(Review))
    assert.equal(1, #Base.classes.book { review_collection = { Review {} } }.review_collection)
  end)

  it("know classes of one name by their modules", function()
    local metadata = corm.MetaData()
    Table("thing", metadata, id())
    Table("part", metadata, id(), Column("thing_id", Integer, ForeignKey "thing.id"))
    local Own = corm.automap_base { metadata = metadata, name = "Own" }
    Own:prepare {
      classname_for_table = function(_, name) return name == "part" and "Part" or "thing" end,
      modulename_for_table = function(_, name) return name == "part" and "shop.parts" or nil end,
    }
    local Part = Own.by_module.shop.parts.Part
    assert.equal("Part", Part.__name__)
    assert.equal("thing", names_of(Own.classes))
    assert.equal("part_collection ONETOMANY Part", relations(Own.classes.thing))
    raises("ArgumentError", "shops", function() return Own.by_module.shops end)
    raises("ArgumentError", "Prat", function() return Own.by_module.shop.parts.Prat end)
    Own:model("Nut", {
      __tablename__ = "nut", id = key(), part_id = Column(Integer, ForeignKey "part.id"),
      owner = corm.relationship("shop.parts.Part"),
    })
    Own:prepare { name_for_scalar_relationship = function() return "owner" end }
    assert.equal("nut_collection ONETOMANY Nut, thing MANYTOONE thing", relations(Part))
  end)

  if database.name ~= "mariadb" then -- another schema is another database there
    it("take tables of several schemas", function()
      local connection <close> = engine:connect()
      connection:exec_driver_sql(database.name == "sqlite" and "ATTACH DATABASE ':memory:' AS other"
        or "CREATE SCHEMA other")
      connection:exec_driver_sql "CREATE TABLE other.shelf (id INTEGER PRIMARY KEY)"
      connection:exec_driver_sql(database.name == "sqlite"
        and "CREATE TABLE other.author (id INTEGER PRIMARY KEY, shelf_id INTEGER REFERENCES shelf (id))"
        or "CREATE TABLE other.author (id INTEGER PRIMARY KEY, shelf_id INTEGER REFERENCES other.shelf (id))")
      Base:prepare { autoload_with = connection }
      Base:prepare {
        autoload_with = connection, schema = "other",
        modulename_for_table = function(_, _, as_table) return as_table.schema end,
      }
      assert.equal("author book category tag", names_of(Base.classes))
      assert.equal("author shelf", names_of(Base.by_module.other))
      assert.equal("shelf MANYTOONE shelf", relations(Base.by_module.other.author))
      assert.equal("other", Base.by_module.other.shelf.__table__.schema)
    end)
  end

  it("leave all as it was where one fails", function()
    local Book = Base:model("Book", { __tablename__ = "book", id = function() end })
    assert.is_false(pcall(Base.prepare, Base, { autoload_with = engine }))
    raises("UnmappedError", "Base:prepare()", Book, {})
    local Fine = corm.automap_base()
    local calls = 0
    raises("ArgumentError", "gives a name", Fine.prepare, Fine, {
      autoload_with = engine,
      name_for_scalar_relationship = function()
        calls = calls + 1
        return calls < 2 and "x" or nil
      end,
    })
    assert.equal(0, #Fine.classes)
    Fine:prepare { autoload_with = engine }
    assert.equal(4, #Fine.classes)
  end)
end)

describe("M34 a base of automap", function()
  after_each(collect)

  it("may stand on another base, and share its functions", function()
    local Common = corm.declarative_base()
    function Common:hello() return "I am " .. self.__class__.__name__ end
    local Base = corm.automap_base { declarative_base = Common }
    Table("a", Common.metadata, id())
    Base:prepare()
    assert.equal("I am a", Base.classes.a {}:hello())
    raises("ArgumentError", "a base expected", corm.automap_base, { declarative_base = 5 })
    raises("ArgumentError", "no other option", corm.automap_base, { declarative_base = Common, name = "X" })
  end)

  it("has functions of its own for all classes, and abstract classes", function()
    local Base = corm.automap_base { name = "Mine" }
    function Base:hello() return "I am " .. self.__class__.__name__ end
    local Named = Base:model("Named", { __abstract__ = true, id = key(), name = Column(String(10)) })
    local A = Named:model("A", { __tablename__ = "a" })
    Table("b", Base.metadata, id(), Column("a_id", Integer, ForeignKey "a.id"))
    Base:prepare()
    assert.equal("I am A, I am b", A {}:hello() .. ", " .. Base.classes.b {}:hello())
    assert.equal("b_collection ONETOMANY b", relations(A))
    raises("ArgumentError", "prepare", function() return Named.prepare end)
  end)

  it("wants the tables that keys lead to", function()
    local Base = corm.automap_base()
    Table("a", Base.metadata, id(), Column("b_id", Integer, ForeignKey "b.id"))
    raises("NoReferencedTableError", "could not find table 'b'", Base.prepare, Base)
    Table("b", Base.metadata, id())
    Base:prepare()
    assert.equal("a_collection ONETOMANY a", relations(Base.classes.b))
  end)

  it("warns of a table that gets no class, and not of an association that has one", function()
    assert.same({ "automap: table 'x.a' gets no class, since there is a class 'a'; modulename_for_table tells them "
      .. "apart" }, warnings [[
        local corm = require "corm"
        local Column, Integer, ForeignKey = corm.Column, corm.Integer, corm.ForeignKey
        local Base = corm.automap_base()
        local function table_(name, options, ...)
          corm.Table(name, Base.metadata, Column("id", Integer, { primary_key = true }), options)
        end
        table_("a", {})
        table_("a", { schema = "x" })
        table_("b", {})
        local Between = Base:model("Between", {
          __tablename__ = "between",
          a_id = Column(Integer, ForeignKey "a.id", { primary_key = true }),
          b_id = Column(Integer, ForeignKey "b.id", { primary_key = true }),
        })
        Base:prepare()
        local a = Base.classes.a { b_collection = { Base.classes.b {} } }
        assert(#a.between_collection == 0 and corm.inspect(Between).relationships.a)
      ]])
  end)

  it("gives stubs of what it has mapped", function()
    local Base = corm.automap_base()
    Table("b", Base.metadata, id())
    Base:prepare()
    assert.truthy(corm.stubs(Base):find("---@class b: corm.Object", 1, true))
  end)
end)
