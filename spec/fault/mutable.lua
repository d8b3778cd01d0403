-- Values that are changed in place: what failed is rolled back, and the same works with memory in plenty; the database
-- holds all changes of a unit or none.
local corm = require "corm"
local Column, Integer, JSON = corm.Column, corm.Integer, corm.JSON

local scenario = {}

function scenario.prepare()
  local Base = corm.declarative_base()
  local Point = corm.MutableComposite { "x", "y" }
  local Doc = Base:model("Doc", {
    __tablename__ = "doc",
    id = Column(Integer, { primary_key = true }),
    plain = Column(JSON),
    tree = Column(corm.MutableJSON:as_mutable(JSON)),
    list = Column(corm.MutableList:as_mutable(JSON)),
    x = Column(Integer), y = Column(Integer),
    place = corm.composite(Point, "x", "y"),
  })
  local engine = corm.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  local session = corm.Session(engine)
  session:add(Doc { plain = { n = 1 }, tree = { deep = { n = 1 } }, list = { 1 }, place = Point(1, 1) })
  session:commit()
  session:close()
  return { engine = engine, Doc = Doc, Point = Point, n = 1 }
end

local function change(state, session)
  local doc = session:get(state.Doc, 1)
  local n = state.n + 1
  doc.plain.n = n
  corm.flag_modified(doc, "plain")
  doc.tree.deep.n = n
  doc.tree.deep.more = { { n }, {} }
  table.insert(doc.tree.deep.more[1], n)
  doc.list:append(n)
  doc.list:pop(1)
  doc.place.x = n
  session:add(state.Doc { tree = doc.tree.deep, list = doc.list, place = state.Point(n, n) })
  session:commit()
end

function scenario.run(state)
  local session <close> = corm.Session(state.engine)
  state.session = session
  change(state, session)
end

function scenario.check(state, ok)
  local session = corm.Session(state.engine)
  local doc = session:get(state.Doc, 1)
  local n = doc.x
  assert(n == doc.plain.n and n == doc.tree.deep.n and n == doc.list[1] and n == doc.place.x)
  assert(not ok or n == state.n + 1)
  state.n = n
  change(state, session)
  assert(session:get(state.Doc, 1).tree.deep.more[1][2] == n + 1)
  state.n = n + 1
  session:close()
end

return scenario
