-- Criteria of classes, told executions and objects by pages. After the failure the same statements do what they should.

local corm = require "corm"
local Column, Integer, String, Boolean, ForeignKey = corm.Column, corm.Integer, corm.String, corm.Boolean,
  corm.ForeignKey
local select = corm.select

local scenario = {}

function scenario.prepare()
  local Base = corm.declarative_base()
  local Hidden = { hidden = Column(Boolean, { default = false }) }
  local Node = Base:model("Node", {
    __tablename__ = "node", __mixins__ = { Hidden },
    id = Column(Integer, { primary_key = true }),
    kind = Column(String),
    parent_id = Column(Integer, ForeignKey "node.id"),
    kids = corm.relationship("Node", { order_by = "Node.id" }),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "node" },
  })
  local Leaf = Node:model("Leaf", {
    __tablename__ = "leaf",
    id = Column(Integer, ForeignKey "node.id", { primary_key = true }),
    color = Column(String),
    __mapper_args__ = { polymorphic_identity = "leaf" },
  })
  local engine = corm.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  local first = corm.Session(engine)
  first:add_all { Node { id = 1 }, Node { id = 2, parent_id = 1, hidden = true }, Leaf { id = 3, parent_id = 1 } }
  first:add_all { Leaf { id = 4, parent_id = 3 }, Leaf { id = 5, parent_id = 3, hidden = true } }
  first:commit()
  first:close()
  local visible = corm.with_loader_criteria(Hidden, function(class) return class.hidden:is_(false) end,
    { include_aliases = true })
  return { engine = engine, Node = Node, Leaf = Leaf, visible = visible }
end

local function new_session(state)
  local session = corm.Session { bind = state.engine }
  corm.event.listen(session, "do_orm_execute", function(each)
    if each.is_select and not each.is_column_load and not each.execution_options.all then
      each.statement = each.statement:options(state.visible)
    end
  end)
  return session
end

local function check(session, state)
  local Node, Leaf = state.Node, state.Leaf
  session:expunge_all()
  local node = session:scalars(select(Node):where(Node.id:eq(1)):options(corm.joinedload(Node.kids))):unique():one()
  assert(#node.kids == 1 and #node.kids[1].kids == 1 and #node.kids[1].kids[1].kids == 0)
  local leaf = corm.aliased(Leaf)
  assert(session:scalar(select(corm.func.count(leaf.id))) == 2)
  assert(#session:scalars(select(Node):where(Node.kids:any()), nil, { execution_options = { all = true } }):all() == 2)
  session:expunge_all()
  assert(not session:get(Node, 2) and session:get(Node, 3).color == nil)
  local seen = 0
  local statement = select(Node):order_by(Node.id):options(corm.selectinload(Node.kids))
    :execution_options { yield_per = 2 }
  for part in session:scalars(statement):partitions() do
    for _, each in ipairs(part) do seen = seen + 1 + #each.kids end
  end
  assert(seen == 5)
  local result = session:scalars(statement)
  assert(result:fetchone().id == 1)
  session:execute(corm.update(Node):where(Node.id:gt(1)):values { parent_id = Node.parent_id }:options(state.visible))
end

function scenario.run(state)
  state.session = new_session(state)
  check(state.session, state)
end

function scenario.check(state)
  local session = state.session or new_session(state)
  session:rollback()
  check(session, state)
  session:close()
end

return scenario
