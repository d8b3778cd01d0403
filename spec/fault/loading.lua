-- Loading by trees of options: joined in each other, by the query itself, level by level, with criteria, and later by
-- what the query said. After the failure the same objects load what they should.

local corm = require "corm"
local Column, Integer, String, ForeignKey = corm.Column, corm.Integer, corm.String, corm.ForeignKey
local select = corm.select

local function models()
  local Base = corm.declarative_base()
  local Node = Base:model("Node", {
    __tablename__ = "node",
    id = Column(Integer, { primary_key = true }),
    name = Column(String),
    parent_id = Column(Integer, ForeignKey "node.id"),
    kids = corm.relationship("Node", {
      backref = corm.backref("parent", { remote_side = "Node.id" }), order_by = "Node.id",
    }),
    marks = corm.relationship("Mark", { back_populates = "node", order_by = "Mark.id" }),
    title = corm.synonym("name"),
    pair = corm.composite(function(id, name) return { id, name } end, "id", "name", { values = table.unpack }),
  })
  local Mark = Base:model("Mark", {
    __tablename__ = "mark",
    id = Column(Integer, { primary_key = true }),
    text = Column(String),
    node_id = Column(Integer, ForeignKey "node.id"),
    node = corm.relationship("Node", { back_populates = "marks" }),
  })
  return Base, Node, Mark
end

local scenario = {}

function scenario.prepare()
  local Base, Node, Mark = models()
  local engine = corm.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  engine:begin(function(conn)
    conn:execute(corm.insert(Node.__table__), {
      { id = 1, name = "a", parent_id = corm.null }, { id = 2, name = "b", parent_id = 1 },
      { id = 3, name = "c", parent_id = 2 },
    })
    conn:execute(corm.insert(Mark.__table__), {
      { id = 1, text = "x", node_id = 1 }, { id = 2, text = "y", node_id = 1 }, { id = 3, text = "x", node_id = 3 },
    })
  end)
  return { engine = engine, Node = Node, Mark = Mark }
end

local function check(session, Node, Mark)
  local function one(...)
    session:expunge_all()
    return session:scalars(select(Node):filter_by { pair = { 1, "a" } }:options(...)):unique():one()
  end
  local x = Node.marks:and_(Mark.text:eq "x")
  local node = one(corm.selectinload(Node.kids, { recursion_depth = -1 }):options(corm.joinedload(x),
    corm.lazyload(Node.parent)))
  assert(#node.kids[1].kids[1].marks == 1 and #node.kids[1].kids[1].kids == 0)
  node = one(corm.joinedload(Node.kids):joinedload(Node.marks, { innerjoin = true }), corm.subqueryload(x))
  assert(#node.marks == 1 and #node.kids == 0) -- node 2 has no marks, and the inner join is inside
  node = one(corm.lazyload(x):joinedload(Mark.node), corm.raiseload "*")
  assert(#node.marks == 1 and not pcall(function() return node.kids end))
  session:expunge_all()
  local kid = corm.aliased(Node)
  node = session:scalars(select(Node):join(kid, Node.kids):where(kid.id:eq(2))
    :options(corm.contains_eager(Node.kids, { alias = kid }):selectinload(Node.kids))):unique():one()
  assert(node.kids[1].kids[1].title == "c")
end

function scenario.run(state)
  state.session = corm.Session { bind = state.engine }
  check(state.session, state.Node, state.Mark)
end

function scenario.check(state)
  local session = state.session or corm.Session { bind = state.engine }
  session:rollback()
  check(session, state.Node, state.Mark)
  session:close()
end

return scenario
