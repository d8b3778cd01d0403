-- session:upsert: one statement that inserts a row or updates it, and the object of that row.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.Page = Base:model("Page", {
    __tablename__ = "page",
    id = Column(Integer, { primary_key = true }),
    address = Column("url", String(60), { unique = true, nullable = false }),
    title = Column(String(60)),
    hits = Column(Integer, { default = 1 }),
    links = corm.relationship("Link", { back_populates = "page" }),
  })
  m.Link = Base:model("Link", {
    __tablename__ = "link",
    id = Column(Integer, { primary_key = true }),
    page_id = Column(Integer, corm.ForeignKey "page.id"),
    page = corm.relationship("Page", { back_populates = "links" }),
  })
  m.Seat = Base:model("Seat", {
    __tablename__ = "seat",
    row = Column(Integer, { primary_key = true, autoincrement = false }),
    no = Column(Integer, { primary_key = true, autoincrement = false }),
    guest = Column(String(20)),
  })
  m.Draft = Base:model("Draft", {
    __tablename__ = "draft",
    id = Column(Integer, { primary_key = true }),
    text = Column(String(20)),
    version = Column("rev", Integer, { nullable = false }),
    __mapper_args__ = { version_id_col = "version" },
  })
  return m
end

describe("U30 session:upsert", function()
  local w, m, session

  before_each(function()
    w = world.open(models())
    m = w.m
    session = w:session { expire_on_commit = false }
  end)
  after_each(function() w:close() end)

  local function stored()
    return w:list "SELECT url, title, hits FROM page ORDER BY url"
  end

  it("inserts a row, and updates it, in one statement", function()
    local given = m.Page { address = "/", title = "home" }
    local page
    assert.equal(1, w:count(function() page = session:upsert(given, { "address" }) end))
    assert.is_true(corm.inspect(page).persistent)
    assert.is_true(corm.inspect(given).transient)
    assert.equal(1, page.hits)
    assert.is_number(page.id)
    local again
    assert.equal(1, w:count(function()
      again = session:upsert(m.Page { address = "/", title = "start", hits = 5 }, { "address" })
    end))
    assert.is_true(rawequal(page, again))
    assert.equal("start", page.title)
    assert.equal(5, page.hits)
    assert.is_false(session:is_modified(page))
    session:commit()
    assert.equal("/|start|5", stored())
  end)

  it("updates what it is told to, and nothing where only the key is given", function()
    session:add(m.Page { address = "/", title = "home", hits = 3 })
    session:commit()
    local given = m.Page { address = "/", title = "new", hits = 9 }
    local page = session:upsert(given, { "address" }, { update = { "hits" } })
    assert.equal("home", page.title)
    assert.equal(9, page.hits)
    session:upsert(m.Page { address = "/" }, { "address" })
    assert.equal("home", page.title)
    session:commit()
    assert.equal("/|home|9", stored())
  end)

  it("writes NULL where nil was assigned", function()
    session:add(m.Page { address = "/", title = "home", hits = 3 })
    session:commit()
    local given = m.Page { address = "/" }
    given.title = nil
    assert.is_nil(session:upsert(given, { "address" }).title)
    session:commit()
    assert.equal("/||3", stored())
  end)

  it("goes by a composite primary key, and writes what is pending first", function()
    session:add(m.Seat { row = 1, no = 2, guest = "a" })
    local seat = session:upsert(m.Seat { row = 1, no = 2, guest = "b" }, { "row", "no" })
    assert.equal("b", seat.guest)
    assert.is_true(rawequal(seat, session:get(m.Seat, { 1, 2 })))
    session:rollback()
    assert.equal("0", w:rows "SELECT count(*) FROM seat")
  end)

  it("counts the versions of a row", function()
    local draft = session:upsert(m.Draft { id = 1, text = "a" }, { "id" })
    assert.equal(1, draft.version)
    session:commit()
    local other = w:session { expire_on_commit = false }
    local theirs = other:get(m.Draft, 1)
    other:commit()
    session:upsert(m.Draft { id = 1, text = "b" }, { "id" })
    assert.equal(2, draft.version)
    session:upsert(m.Draft { id = 1 }, { "id" })
    session:upsert(m.Draft { id = 1, text = "c" }, { "id" }, { update = { "text" } })
    assert.equal(3, draft.version)
    session:commit()
    theirs.text = "mine"
    raises("StaleDataError", "UPDATE", function() other:flush() end)
    other:close()
  end)

  it("is also said by the statement, with returning and populate_existing", function()
    session:add(m.Page { id = 1, address = "/", title = "home" })
    session:commit()
    local page = session:get(m.Page, 1)
    local insert = corm.insert(m.Page):values { address = "/", title = "x" }
    local list = session:scalars(insert:on_conflict_do_update { index_elements = { m.Page.address },
      set_ = { title = insert.excluded.title } }:returning(m.Page):execution_options { populate_existing = true }):all()
    assert.is_true(rawequal(page, list[1]))
    assert.equal("x", page.title)
  end)

  it("refuses what cannot be found or written, and leaves the session in order", function()
    local function upsert(...)
      return session:upsert(...)
    end
    raises("ArgumentError", "Session:upsert: an object expected, got string", upsert, "x", { "address" })
    raises("ArgumentError", "keys: a list of attributes expected, got nil", upsert, m.Page { address = "/" })
    raises("ArgumentError", "keys: a list of attributes expected, got table", upsert, m.Page { address = "/" }, {})
    local err = raises("ArgumentError", "unknown attribute 'adress' of Page", upsert, m.Page { address = "/" },
      { "adress" })
    assert.equal("did you mean 'address'?", err.hint)
    raises("ArgumentError", "this Page has no address to be found by", upsert, m.Page { title = "x" }, { "address" })
    raises("ArgumentError", "unknown option 'udpate'", upsert, m.Page { address = "/" }, { "address" }, { udpate = {} })
    raises("ArgumentError", "writes columns only, and this Page has something in 'links'", upsert,
      m.Page { address = "/", links = { m.Link {} } }, { "address" })
    local pending = m.Page { address = "/p" }
    session:add(pending)
    raises("InvalidRequestError", "this Page is pending already", upsert, pending, { "address" })
    session:flush()
    raises("InvalidRequestError", "this Page is persistent already", upsert, pending, { "address" })
    local link = m.Link { page_id = 77 }
    raises("IntegrityError", database.name == "postgresql" and "foreign key" or "FOREIGN KEY", function()
      link.id = 1
      session:upsert(link, { "id" })
      session:commit()
    end)
    session:rollback()
    session:add(m.Page { address = "/last" })
    session:commit()
    assert.equal("/last||1", stored())
  end)
end)
