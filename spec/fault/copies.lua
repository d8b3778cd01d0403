-- Merges with and without rows, states that are set by hand, a session over two databases. After a failure and a
-- rollback the session does the same with memory in plenty, and both databases hold all of it.
local corm = require "corm"
local Column, Integer, String, ForeignKey = corm.Column, corm.Integer, corm.String, corm.ForeignKey

local scenario = {}

function scenario.prepare()
  local Base = corm.declarative_base()
  local box_tag = corm.Table("box_tag", Base.metadata,
    Column("box_id", ForeignKey "box.id", { primary_key = true }),
    Column("tag_id", ForeignKey "tag.id", { primary_key = true }))
  local Box = Base:model("Box", {
    __tablename__ = "box",
    id = Column(Integer, { primary_key = true }),
    name = Column(String),
    parent_id = Column(Integer, ForeignKey "box.id"),
    parts = corm.relationship("Box", {
      backref = corm.backref("parent", { remote_side = "Box.id" }), order_by = "Box.id",
    }),
    tags = corm.relationship("Tag", { secondary = box_tag, order_by = "Tag.id" }),
    corm.validates("name", function(_, _, value) return value and value:gsub("%s+$", "") end),
  })
  local Tag = Base:model("Tag", { __tablename__ = "tag", id = Column(Integer, { primary_key = true }),
    name = Column(String) })
  local Note = Base:model("Note", { __tablename__ = "note", id = Column(Integer, { primary_key = true }),
    text = Column(String) })
  local engine, second = corm.create_engine "sqlite://", corm.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  Base.metadata:create_all(second)
  local session = corm.Session(engine)
  session:add(Box { name = "top", tags = { Tag { name = "a" } }, parts = { Box { name = "p" }, Box { name = "q" } } })
  session:commit()
  local top = session:get(Box, 1)
  assert(top.name and top.tags[1].name and top.parts[1].name and top.parts[2].name)
  session:close()
  return { engine = engine, second = second, Box = Box, Tag = Tag, Note = Note, top = top }
end

local function cached(state)
  local session = corm.Session(state.engine)
  local top = session:merge(state.top, { load = false })
  assert(top.name == "top" and top.parts[2].parent == top and top.tags[1].name == "a")
  corm.make_transient(top.parts[1])
  session:close()
end

local function copied(state, session)
  local Box, Tag = state.Box, state.Tag
  local given = Box { id = 1, name = "TOP", tags = { Tag { id = 1, name = "A" }, Tag { id = 9, name = "new" } } }
  given.parts = { Box { id = 2 }, Box { id = 3, name = "Q" }, Box { id = 4, name = "r" } }
  local all = session:merge_all { given, state.top.parts[1], Box { id = 5, name = "s" } }
  assert(#all == 3 and all[1].parts[3].name == "r" and all[1].tags[2].name == "new")
end

function scenario.run(state)
  cached(state)
  local session = corm.Session { bind = state.engine, binds = { [state.Note] = state.second } }
  state.session = session
  copied(state, session)
  local note = state.Note { id = 1, text = "n" }
  corm.make_transient_to_detached(note)
  corm.make_transient(note)
  session:add(note)
  session:begin_nested(function() session:add(state.Note { id = 2, text = "m" }) end)
  session:flush()
  for object in session do assert(corm.object_session(object) == session) end
  state.done = true
end

function scenario.check(state, ok)
  assert(not ok or state.done)
  if state.session then state.session:rollback() end
  scenario.run(state)
  state.session:commit()
  state.session:close()
  local other = corm.Session { bind = state.engine, binds = { [state.Note] = state.second } }
  local top = other:get(state.Box, 1)
  assert(top.name == "TOP" and #top.parts == 3 and top.parts[2].name == "Q" and #top.tags == 2)
  assert(other:query(state.Box):count() == 5 and other:query(state.Note):count() == 2)
  other:close()
end

return scenario
