-- Queries for objects around expressions that are as deep as a loop can make them, in a process of its own:
-- spec/depth_spec.lua gives it a small C stack. Arguments: how deep, the database's URL. Prints a line for each outcome
-- that is neither a result nor an error that says what cannot be.
local corm = require "corm"

local depth, url = math.tointeger(arg[1]) // 4, arg[2]
local nested = math.max(1000, depth // 4) -- each option has a copy of the path to it

local select = corm.select
local deep
local Base = corm.declarative_base()
local Node = Base:model("Node", {
  __tablename__ = "node",
  id = corm.Column(corm.Integer, { primary_key = true, autoincrement = false }),
  parent_id = corm.Column(corm.Integer, corm.ForeignKey("node.id")),
  name = corm.Column(corm.String(50)),
  parent = corm.relationship("Node", { remote_side = "Node.id", back_populates = "children" }),
  children = corm.relationship("Node", { back_populates = "parent", order_by = function() return deep end }),
})
deep = Node.id
for _ = 1, depth do deep = deep + 1 end
local descending, shifted = Node.id, Node.id
for _ = 1, depth do
  descending = descending:desc()
  shifted = corm.case({ Node.id:gt(0), shifted }, { else_ = corm.cast(-shifted, corm.Integer) })
  if #tostring(shifted) > depth * 30 then break end
end

local engine = corm.create_engine(url)
Base.metadata:create_all(engine)
local session = corm.Session { bind = engine }

local function nest(option, fn)
  for _ = 1, nested do option = fn(option) end
  return option
end

local aliases = Node.__table__
for i = 1, depth do aliases = aliases:join(Node.__table__:alias("a" .. i), Node.id:eq(1)) end

local subqueries = select(Node.__table__.c.id)
for _ = 1, depth do subqueries = select(subqueries:subquery()) end

local function objects(statement) return session:execute(statement):unique():scalars():all() end

local cases = {
  ["a lazy load"] = function() return #session:get(Node, 1).children end,
  joinedload = function() return objects(select(Node):options(corm.joinedload(Node.children))) end,
  selectinload = function() return objects(select(Node):options(corm.selectinload(Node.children))) end,
  ["a limit"] = function()
    return objects(select(Node):options(corm.joinedload(Node.children)):order_by(descending):limit(1))
  end,
  joins = function() return objects(select(Node):select_from(aliases):options(corm.joinedload(Node.children))) end,
  ["joined loads"] = function()
    return objects(select(Node):options(nest(corm.joinedload(Node.children), function(option)
      return option:joinedload(Node.children)
    end)))
  end,
  ["select loads"] = function()
    return objects(select(Node):options(nest(corm.selectinload(Node.children), function(option)
      return option:selectinload(Node.children)
    end)))
  end,
  ["columns of subqueries"] = function() for _ in subqueries:subquery().c do end end,
  ["a column of a subquery"] = function() return subqueries:subquery().c.id end,
  filter = function() return session:query(Node):filter(deep:gt(0)):all() end,
  count = function() return session:query(Node):filter(deep:gt(0)):count() end,
  update = function() return session:query(Node):filter(deep:lt(0)):update { name = "x" } end,
  delete = function() return session:query(Node):filter(deep:lt(0)):delete() end,
  ["filter by case"] = function() return session:query(Node):filter(shifted:gt(0)):all() end,
  ["a chain of parents"] = function()
    local first = Node { id = 10 }
    local last = first
    session:add(first)
    for i = 1, depth // 10 do
      last = Node { id = 10 + i, parent = last }
      session:add(last)
    end
    session:flush()
    session:delete(first)
    session:flush()
  end,
}

local expected = { "DBAPIError", "CompileError", "ArgumentError", "InvalidRequestError" }

local function is_expected(err)
  for _, class in ipairs(expected) do
    if corm.is_error(err, class) then return true end
  end
  return false
end

for what, fn in pairs(cases) do
  session:add(Node { id = 1, name = "a", children = { Node { id = 2, name = "b" } } })
  session:flush()
  session:expire_all()
  local ok, err = pcall(fn)
  if not ok and not is_expected(err) then print(what, tostring(err):sub(1, 300)) end
  session:rollback()
end

session:close()
Base.metadata:drop_all(engine)
engine:dispose()
