local corm = require "corm"
local database = require "spec.support.database"
local library = require "spec.support.library"
local raises = require "spec.support.raises"

local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local function key()
  return Column(Integer, { primary_key = true })
end

local function sql(x)
  return (tostring(x):gsub("%s+", " "))
end

-- Parent and Child in a base of their own; the options are those of Parent.children.
local function family(options, child)
  local Base = corm.declarative_base()
  local Parent = Base:model("Parent", {
    __tablename__ = "parent", id = key(), name = Column(String(20)), children = relationship("Child", options),
  })
  child = child or {}
  child.__tablename__ = "child"
  child.id = key()
  child.parent_id = child.parent_id or Column(Integer, ForeignKey("parent.id"))
  local Child = Base:model("Child", child)
  return Parent, Child, Base
end

local function session_of(Base)
  local engine = database.engine()
  Base.metadata:create_all(engine)
  local sent = {}
  corm.event.listen(engine, "before_cursor_execute", function(_, _, statement) sent[#sent + 1] = statement end)
  return corm.sessionmaker { bind = engine } (), sent
end

describe("a relationship", function()
  it("writes the keys of a graph in one flush", function()
    local lib = library()
    local session = lib.Session()
    local ann = lib.Author { name = "ann", books = {
      lib.Book { title = "x", tags = { lib.Tag { name = "t" } } }, lib.Book { title = "y" },
    } }
    session:add(ann)
    lib.sent = {}
    session:commit()
    assert.equal(1, ann.books[1].author_id)
    assert.equal(1, ann.books[2].author_id)
    assert.equal("t", ann.books[1].tags[1].name)
    session:close()
  end)

  it("is loaded once for all objects of one result", function()
    local lib = library()
    local session = lib.filled(3)
    local authors
    assert.equal(1, lib.count(function() authors = session:scalars(select(lib.Author)):all() end))
    assert.equal(1, lib.count(function()
      for _, author in ipairs(authors) do assert.equal(3, #author.books) end
    end))
    assert.equal(0, lib.count(function() assert.is_true(rawequal(authors[2], authors[2].books[1].author)) end))
    session:close()
  end)

  it("asks once for each object with lazy = 'select', never with 'raise' or 'noload'", function()
    for lazy, statements in pairs { select = 3, noload = 0 } do
      local lib = library { back_populates = "author", lazy = lazy }
      local session = lib.filled(3)
      local authors = session:scalars(select(lib.Author)):all()
      assert.equal(statements, lib.count(function()
        for _, author in ipairs(authors) do assert.equal(lazy == "select" and 3 or 0, #author.books) end
      end))
      session:close()
    end
    local lib = library { back_populates = "author", lazy = "raise" }
    local session = lib.filled(1)
    local author = session:scalars(select(lib.Author)):first()
    raises("InvalidRequestError", "Author.books", function() return author.books end)
    session:close()
  end)

  it("can be one object instead of a list", function()
    local Parent, Child, Base = family { uselist = false, back_populates = "parent" }
    Child.parent = relationship(Parent, { back_populates = "children" })
    local session = session_of(Base)
    local parent, first, second = Parent {}, Child {}, Child {}
    parent.children = first
    assert.is_true(rawequal(parent, first.parent))
    session:add(parent)
    session:commit()
    parent.children = second
    assert.is_nil(first.parent)
    session:commit()
    assert.is_true(rawequal(second, parent.children))
    parent.children = nil
    session:commit()
    assert.is_nil(parent.children)
    raises("ArgumentError", "Parent.children holds Child objects, got string", function() parent.children = "x" end)
    session:close()
  end)

  it("joins a table to itself", function()
    local Base = corm.declarative_base()
    local Node = Base:model("Node", {
      __tablename__ = "node", id = key(), parent_id = Column(Integer, ForeignKey("node.id")),
      children = relationship("Node", { backref = corm.backref("parent", { remote_side = "Node.id" }) }),
    })
    local session = session_of(Base)
    local root = Node { children = { Node { children = { Node {} } }, Node {} } }
    session:add(root)
    session:commit()
    assert.equal(2, #root.children)
    assert.is_true(rawequal(root, root.children[1].children[1].parent.parent))
    assert.is_nil(root.parent)
    assert.equal("SELECT node.id FROM node WHERE EXISTS (SELECT 1 FROM node AS node_1 WHERE node.id = "
      .. "node_1.parent_id AND node_1.id = :id_1)", sql(select(Node.id):where(Node.children:any { id = 3 })))
    assert.same({ 1 }, session:scalars(select(Node.id):where(Node.children:any { id = 2 })):all())
    assert.same({ 2, 3 }, session:scalars(select(Node.id):where(Node.parent:eq(root)):order_by(Node.id)):all())
    assert.same({ 1 }, session:scalars(select(Node.id):where(Node.children:any(Node.id:eq(2)))):all())
    session:close()
  end)

  it("is ordered by names, expressions or functions", function()
    for _, order in ipairs {
      "Child.id", "id", function() return "Child.id" end, { "Child.parent_id", "id" },
    } do
      local Parent, Child, Base = family { order_by = order }
      local session, sent = session_of(Base)
      session:add(Parent { children = { Child {}, Child {} } })
      session:commit()
      assert.equal(2, #session:scalars(select(Parent)):one().children)
      assert.is_truthy(sent[#sent]:find("ORDER BY child", 1, true), sent[#sent])
      session:close()
    end
  end)

  it("is ordered downwards by names", function()
    for _, order in ipairs { "Child.id.desc()", "desc(Child.id)", { "Child.parent_id.asc()", "desc(id)" } } do
      local Parent, Child, Base = family { order_by = order }
      local session, sent = session_of(Base)
      session:add(Parent { children = { Child {}, Child {} } })
      session:commit()
      assert.equal(2, session:scalars(select(Parent)):one().children[1].id)
      assert.is_truthy(sent[#sent]:find("child.id DESC", 1, true), sent[#sent])
      session:close()
    end
  end)

  it("takes the target and the secondary table late", function()
    local Base = corm.declarative_base()
    local Right
    local Left = Base:model("Left", {
      __tablename__ = "left_side", id = key(),
      rights = relationship(function() return Right end, { secondary = "link", back_populates = "lefts" }),
    })
    Right = Base:model("Right", {
      __tablename__ = "right_side", id = key(),
      lefts = relationship(Left, { secondary = function() return Base.metadata.tables.link end,
        back_populates = "rights" }),
    })
    corm.Table("link", Base.metadata,
      Column("l", Integer, ForeignKey("left_side.id"), { primary_key = true }),
      Column("r", Integer, ForeignKey("right_side.id"), { primary_key = true }))
    local session = session_of(Base)
    local left = Left { rights = { Right {}, Right {} } }
    session:add(left)
    session:commit()
    assert.equal(2, #left.rights)
    left.rights:pop()
    session:commit()
    assert.equal(1, #left.rights)
    assert.is_true(rawequal(left, left.rights[1].lefts[1]))
    session:close()
  end)

  it("may be assigned to a class later, even when there are objects", function()
    local Parent, Child, Base = family {}
    local session = session_of(Base)
    local child = Child {}
    session:add(Parent { children = { child } })
    session:commit()
    Child.parent = relationship(Parent, { overlaps = "children" })
    assert.equal(1, child.parent.id)
    session:close()
  end)

  it("holds what it points to in objects that are older than it, as long as they live", function()
    local Base = corm.declarative_base()
    local Child = Base:model("Child", { __tablename__ = "child", id = key() })
    local Toy = Base:model("Toy", {
      __tablename__ = "toy", id = key(), name = Column(String(20)), child_id = Column(Integer, ForeignKey("child.id")),
    })
    local weak, held = setmetatable({}, { __mode = "v" }), {}
    local function make()
      local child, toy, other = Child {}, Toy { name = "ball" }, Toy { name = "kite" }
      Child.toys = relationship("Toy", { back_populates = "child" })
      Toy.child = relationship("Child", { back_populates = "toys" })
      child.toys = { toy, other }
      child.toys:append(Toy { name = "top" })
      weak[1], weak[2], held.toy = child, other, toy
    end
    local function check()
      local toy = held.toy
      assert.equal(weak[1], toy.child)
      assert.equal("kite", toy.child.toys[2].name)
      assert.is_true(rawequal(toy.child.toys, toy.child.toys))
      toy.child.toys[2].child = nil
      assert.equal("top", toy.child.toys[2].name)
      local session = session_of(Base)
      session:add(toy)
      session:commit()
      assert.equal(1, toy.child_id)
      session:close()
    end
    make()
    for _ = 1, 3 do collectgarbage() end
    check()
    held.toy = nil
    for _ = 1, 4 do collectgarbage() end
    assert.is_nil(weak[1])
    assert.is_nil(weak[2])
  end)

  -- What one object alone is held by is no list: only what holds it may let it go.
  it("holds the only one of a list whatever becomes of what the list remembers of changes", function()
    local Base = corm.declarative_base()
    local Box = Base:model("Box", {
      __tablename__ = "box",
      id = Column(Integer, { primary_key = true }),
      items = corm.relationship("Item", { back_populates = "box" }),
    })
    local Item = Base:model("Item", {
      __tablename__ = "item",
      id = Column(Integer, { primary_key = true }),
      box_id = Column(Integer, ForeignKey "box.id"),
      box = corm.relationship("Box", { back_populates = "items" }),
    })
    local engine = corm.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session = corm.Session { bind = engine, expire_on_commit = false }
    session:add(Box { id = 1 })
    session:commit()
    local box = session:scalars(corm.select(Box):options(corm.selectinload(Box.items))):one()
    local seen = setmetatable({ Item { id = 7, box = box } }, { __mode = "v" })
    session:add(seen[1])
    session:commit()
    for _ = 1, 3 do collectgarbage() end
    assert.is_not_nil(seen[1])
    assert.equal(7, box.items[1].id)
    session:close()
    engine:dispose()
  end)

  it("chooses among several foreign keys", function()
    local Base = corm.declarative_base()
    local Bill = Base:model("Bill", {
      __tablename__ = "bill", id = key(),
      from_id = Column(Integer, ForeignKey("place.id")), to_id = Column(Integer, ForeignKey("place.id")),
      from = relationship("Place", { foreign_keys = "Bill.from_id" }),
      to = relationship("Place", { foreign_keys = { "Bill.to_id" } }),
    })
    local Place = Base:model("Place", { __tablename__ = "place", id = key() })
    local session = session_of(Base)
    local bill = Bill { from = Place { id = 5 }, to = Place { id = 6 } }
    session:add(bill)
    session:commit()
    assert.equal(5, bill.from_id)
    assert.equal(6, bill.to_id)
    session:close()
  end)
end)

describe("a relationship in a query", function()
  local lib, Author, Book, Tag, session

  before_each(function()
    lib = library()
    Author, Book, Tag = lib.Author, lib.Book, lib.Tag
    session = lib.filled(2)
  end)
  after_each(function() session:close() end)

  it("is joined along", function()
    assert.equal("SELECT author.id, author.name FROM author JOIN book ON author.id = book.author_id",
      sql(select(Author):join(Author.books)))
    assert.equal("SELECT book.id FROM book JOIN book_tag AS book_tag_1 ON book.id = book_tag_1.book_id "
      .. "JOIN tag ON tag.id = book_tag_1.tag_id", sql(select(Book.id):join(Book.tags)))
    assert.equal("SELECT book.id FROM book LEFT OUTER JOIN (book_tag AS book_tag_1 JOIN tag ON tag.id = "
      .. "book_tag_1.tag_id) ON book.id = book_tag_1.book_id", sql(select(Book.id):outerjoin(Book.tags)))
    local b = corm.aliased(Book, { name = "b" })
    assert.equal("SELECT author.id FROM author JOIN book AS b ON author.id = b.author_id WHERE b.id = :id_1",
      sql(select(Author.id):join(b, Author.books):where(b.id:eq(1))))
    assert.equal("SELECT author.id FROM author JOIN book ON author.id = book.author_id WHERE book.title = :title_1",
      sql(select(Author.id):join(Author.books):filter_by { title = "x" }))
    local stmt = select(Author):join(Author.books):where(Book.title:eq("book 2.1"))
    assert.equal("author 2", session:scalars(stmt):one().name)
    raises("ArgumentError", "leads to Book", select(Author).join, select(Author), Tag, Author.books)
  end)

  it("is asked for with any and has", function()
    assert.equal("EXISTS (SELECT 1 FROM book, author WHERE author.id = book.author_id AND book.title = :title_1)",
      sql(Author.books:any(Book.title:eq("x"))))
    assert.equal("SELECT author.id FROM author WHERE EXISTS (SELECT 1 FROM book WHERE author.id = book.author_id)",
      sql(select(Author.id):where(Author.books:any())))
    assert.equal("SELECT book.id FROM book WHERE EXISTS (SELECT 1 FROM book_tag, tag WHERE book.id = book_tag.book_id "
      .. "AND tag.id = book_tag.tag_id AND tag.name = :name_1)",
      sql(select(Book.id):where(Book.tags:any { name = "t" })))
    local other = corm.aliased(Author, { name = "other" })
    assert.equal("SELECT book.id, other.id AS id_1 FROM book, author AS other WHERE EXISTS (SELECT 1 FROM author WHERE "
      .. "author.id = book.author_id AND author.name = other.name)",
      sql(select(Book.id, other.id):where(Book.author:has(Author.name:eq(other.name)))))
    local stmt = select(Book.id):where(Book.author:has(Author.name:eq("author 2"))):order_by(Book.id)
    assert.same({ 3, 4 }, session:scalars(stmt):all())
    raises("InvalidRequestError", "use has()", Book.author.any, Book.author)
    raises("InvalidRequestError", "use any()", Author.books.has, Author.books)
    raises("ArgumentError", "Lua's ==", Author.books.any, Author.books, Book.title == "x")
    raises("InvalidRequestError", "titel", Author.books.any, Author.books, { titel = "x" })
  end)

  it("is compared with objects and with nil", function()
    local author = session:get(Author, 2)
    assert.equal(":param_1 = book.author_id", sql(Book.author:eq(author)))
    assert.equal("book.author_id IS NULL", sql(Book.author:eq(nil)))
    assert.equal("book.author_id IS NULL", sql(Book.author:is_(nil)))
    assert.equal("book.author_id IS NOT NULL", sql(Book.author:is_not(nil)))
    assert.equal("book.author_id != :author_id_1 OR book.author_id IS NULL",
      (sql(Book.author:ne(author)):gsub(":param_1", ":author_id_1")))
    assert.same({ 3, 4 }, session:scalars(select(Book.id):where(Book.author:eq(author)):order_by(Book.id)):all())
    assert.same({ 1, 2 }, session:scalars(select(Book.id):where(Book.author:ne(author)):order_by(Book.id)):all())
    assert.same({ 3, 4 }, session:scalars(select(Book.id):filter_by { author = author }:order_by(Book.id)):all())
    raises("ArgumentError", "Book.author: eq: Author object expected, got Tag", Book.author.eq, Book.author, Tag {})
    raises("ArgumentError", "has no id yet", Book.author.eq, Book.author, Author { name = "new" })
    raises("InvalidRequestError", "use contains()", Author.books.eq, Author.books, Book {})
  end)

  it("tells whether it contains an object", function()
    local book = session:get(Book, 3)
    assert.equal("author.id = :param_1", sql(Author.books:contains(book)))
    assert.same({ 2 }, session:scalars(select(Author.id):where(Author.books:contains(book))):all())
    local tag = Tag { name = "t" }
    book.tags = { tag }
    session:flush()
    assert.same({ 3 }, session:scalars(select(Book.id):where(Book.tags:contains(tag))):all())
    assert.same({ 1, 2, 4 }, session:scalars(select(Book.id):where(Book.tags:eq(nil)):order_by(Book.id)):all())
    raises("InvalidRequestError", "eq(object)", Book.author.contains, Book.author, Author {})
  end)

  it("tells of no collection that contains an object whose key is NULL", function()
    local alone = Book { id = 77, title = "alone" }
    raises("ArgumentError", "the Book has no author_id yet", Author.books.contains, Author.books, alone)
    session:add(alone)
    raises("ArgumentError", "the Book has no author_id yet", Author.books.contains, Author.books, alone)
    session:flush()
    assert.equal("author.id = :param_1", sql(Author.books:contains(alone)))
    assert.same({}, session:scalars(select(Author.id):where(Author.books:contains(alone))):all())
    local either = corm.or_(Author.books:contains(alone), Author.books:contains(session:get(Book, 3)))
    assert.same({ 2 }, session:scalars(select(Author.id):where(either)):all())
    session:delete(alone)
  end)

  it("belongs to an alias when that is asked", function()
    local a = corm.aliased(Author)
    assert.equal("SELECT author_1.id FROM author AS author_1 JOIN book ON author_1.id = book.author_id",
      sql(select(a.id):join(a.books)))
    local author = session:scalars(select(a):where(a.name:eq("author 1"))):one()
    assert.equal("author 1", author.name)
    assert.is_true(rawequal(Author, author.__class__))
    raises("ArgumentError", "unknown attribute 'nam' of Author", function() return a.nam end)
    raises("ArgumentError", "has no objects", a, {})
    raises("ArgumentError", "cannot be changed", function() a.x = 1 end)
    raises("ArgumentError", "a mapped class expected, got integer", corm.aliased, 5)
    raises("UnmappedError", "a mapped class expected, got an alias", session.get, session, a, 1)
  end)
end)

describe("a wrong relationship", function()
  local function refused(class, text, options, child)
    local Parent = family(options, child)
    return raises(class, text, Parent, {})
  end

  it("is refused when first needed, naming class and attribute", function()
    local Base = corm.declarative_base()
    local User = Base:model("User", { __tablename__ = "user", id = key(), posts = relationship("Pots") })
    Base:model("Post", { __tablename__ = "post", id = key(), user_id = Column(Integer, ForeignKey("user.id")) })
    local err = raises("InvalidRequestError", "relationship User.posts: there is no class named 'Pots'", User, {})
    assert.is_truthy(err.message:find("did you mean 'Post'?", 1, true))
    raises("InvalidRequestError", "User.posts", User, {})
    raises("InvalidRequestError", "User.posts", Base.registry.configure, Base.registry)
    raises("InvalidRequestError", "User.posts", function() return select(User):join(User.posts) end)
  end)

  it("does not disturb other bases", function()
    local Base = corm.declarative_base()
    Base:model("Bad", { __tablename__ = "bad", id = key(), x = relationship("Nothing") })
    local lib = library()
    assert.equal("ann", lib.Author { name = "ann" }.name)
  end)

  it("without a foreign key, or with several", function()
    refused("NoForeignKeysError", "Parent.children", {}, { parent_id = Column(Integer) })
    refused("AmbiguousForeignKeysError", "Parent.children", {}, {
      parent_id = Column(Integer, ForeignKey("parent.id")), other_id = Column(Integer, ForeignKey("parent.id")),
    })
  end)

  it("with wrong options", function()
    raises("ArgumentError", "unknown option 'back_populate' of relationship; did you mean 'back_populates'?",
      relationship, "X", { back_populate = "y" })
    raises("ArgumentError", "option 'uselist' must be a boolean", relationship, "X", { uselist = 1 })
    raises("ArgumentError", "'omit_join' is not supported yet", relationship, "X", { omit_join = true })
    raises("ArgumentError", "exclude each other", relationship, "X", { backref = "a", back_populates = "b" })
    raises("ArgumentError", "a mapped class or its name expected, got integer", relationship, 5)
    refused("ArgumentError", "selectn", { lazy = "selectn" })
    refused("ArgumentError", "delet", { cascade = "all, delet" })
    refused("ArgumentError", "passive_deletes is true, false or \"all\"", { passive_deletes = "some" })
    refused("ArgumentError", "Parent.children: order_by", { order_by = "Child.id desc" })
    refused("ArgumentError", "unknown attribute 'idd' of Child", { order_by = "Child.idd" })
    refused("ArgumentError", "a name such as \"Class.attribute\" expected, got 'lower(Child.id)'",
      { order_by = "lower(Child.id)" })
    refused("ArgumentError", "relationship Parent.children: primaryjoin: a condition such as", { primaryjoin = true })
    refused("InvalidRequestError", "Parent.children: there is no class named 'Chld'", { order_by = "Chld.id" })
    refused("InvalidRequestError", "there is no table named 'links'", { secondary = "links" })
    refused("ArgumentError", "secondary: a Table, a join or a subquery expected", { secondary = 5 })
    refused("InvalidRequestError", "nobody", { back_populates = "nobody" })
  end)
end)
