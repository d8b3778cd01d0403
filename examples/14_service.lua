-- What a small web service needs of an ORM: forms that are merged, tags that are found or made, pages by key, JSON, and
-- a test that leaves nothing behind.
local corm = require "corm"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local Base = corm.declarative_base()

local note_tag = corm.Table("note_tag", Base.metadata,
  Column("note_id", ForeignKey("note.id"), { primary_key = true }),
  Column("tag_id", ForeignKey("tag.id"), { primary_key = true }))

local Note = Base:model("Note", {
  __tablename__ = "note",
  id    = Column(Integer, { primary_key = true }),
  title = Column(String(80), { nullable = false }),
  stars = Column(Integer, { default = 0 }),
  made  = Column(corm.DateTime, { default = function() return corm.datetime(2026, 11, 29, 12, 0, 0) end }),
  tags  = relationship("Tag", { secondary = note_tag, order_by = "Tag.name" }),

  corm.validates("title", function(_, key, value)
    if not value:find "%S" then error({ field = key, reason = "is empty" }, 0) end
    return value
  end),
})

local Tag = Base:model("Tag", {
  __tablename__ = "tag",
  id   = Column(Integer, { primary_key = true }),
  name = Column(String(20), { nullable = false, unique = true }),
})

local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)

-- -- the service: each call is one transaction in a session of its own ----------------

local function new_service(session_options)
  local Session = corm.sessionmaker(session_options)
  local service = {}

  -- A form says what it has: an id for a note that is there, else a new one; tags by name.
  function service.save(form)
    return Session:begin(function(session)
      local tags
      if form.tags then
        tags = {}
        for i, name in ipairs(form.tags) do tags[i] = session:find_or_create(Tag, { name = name }) end
      end
      local note = session:merge(Note { id = form.id, title = form.title, stars = form.stars })
      if tags then note.tags = tags end
      session:flush()
      return note.id
    end)
  end

  local shown = { only = { "id", "title", "stars" }, include = { tags = { only = { "name" } } } }

  -- A page of plain tables, and the cursor of the next one.
  function service.list(options)
    return Session:begin(function(session)
      local stmt = select(Note):options(corm.selectinload(Note.tags))
      if options.tag then stmt = stmt:where(Note.tags:any { name = options.tag }) end
      local page = session:paginate(stmt, { order_by = { "-stars" }, limit = options.limit, after = options.after })
      local list = {}
      for i, note in ipairs(page) do list[i] = note:to_table(shown) end
      return list, page.next
    end)
  end

  return service
end

-- -- in use ----------------

local service = new_service { bind = engine }
for i = 1, 5 do service.save { title = "Note " .. i, stars = i, tags = { "lua", i % 2 == 0 and "even" or "odd" } } end
service.save { id = 3, title = "Note three" }

local page, cursor = service.list { limit = 2, tag = "odd" }
while page do
  for _, note in ipairs(page) do
    local names = {}
    for i, tag in ipairs(note.tags) do names[i] = tag.name end
    print(("%d %-10s %d stars: %s"):format(note.id, note.title, note.stars, table.concat(names, " ")))
  end
  page = nil
  if cursor then page, cursor = service.list { limit = 2, tag = "odd", after = cursor } end
end

local ok, refusal = pcall(service.save, { title = "  " })
print(refusal.field .. " " .. refusal.reason)
assert(not ok)

-- -- a test of it: on a connection whose transaction is never committed ----------------

do
  local connection <close> = engine:connect()
  local transaction = connection:begin()
  local tested = new_service { bind = connection, join_transaction_mode = "create_savepoint" }
  assert(tested.save { title = "only a test" } == 6)
  assert(#tested.list { limit = 10 } == 6)
  transaction:rollback()
end
assert(#service.list { limit = 10 } == 5)
