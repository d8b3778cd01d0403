-- Relationships over a join or a select instead of an association table.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, select = corm.Column, corm.ForeignKey, corm.Integer, corm.select

local function ids(list)
  local found = {}
  for i, each in ipairs(list) do found[i] = each.id end
  return table.concat(found, " ")
end

describe("M15 secondary as a join or a select", function()
  local w, session, A, B, C, D, many

  before_each(function()
    local Base = corm.declarative_base()
    local function model(name, columns)
      columns.__tablename__ = name:lower()
      columns.id = Column(Integer, { primary_key = true })
      return Base:model(name, columns)
    end
    B, C = model("B", {}), model("C", {})
    A = model("A", { b_id = Column(Integer, ForeignKey "b.id") })
    D = model("D", { c_id = Column(Integer, ForeignKey "c.id"), b_id = Column(Integer, ForeignKey "b.id") })
    local b, d = B.__table__.c, D.__table__.c
    A.cs = corm.relationship(C, {
      secondary = B.__table__:join(D.__table__, d.b_id:eq(b.id)), viewonly = true, order_by = "id",
      primaryjoin = function() return A.b_id:eq(b.id) end, secondaryjoin = function() return C.id:eq(d.c_id) end,
    })
    many = select(d.b_id, d.c_id, corm.func.count():label "n"):group_by(d.b_id, d.c_id):subquery "many"
    A.often = corm.relationship(C, {
      secondary = many, viewonly = true, order_by = function() return many.c.n end,
      primaryjoin = function() return A.b_id:eq(many.c.b_id) end,
      secondaryjoin = function() return corm.and_(C.id:eq(many.c.c_id), many.c.n:gt(1)) end,
    })
    local part = select(d.b_id, d.c_id):where(d.id:gt(3)):cte "part"
    A.late = corm.relationship(C, {
      secondary = function() return part end, viewonly = true, uselist = false,
      primaryjoin = function() return A.b_id:eq(part.c.b_id) end,
      secondaryjoin = function() return C.id:eq(part.c.c_id) end,
    })
    w = world.open { Base = Base }
    session = w:session()
    for _, rows in ipairs {
      { B { id = 1 }, B { id = 2 }, C { id = 1 }, C { id = 2 }, C { id = 3 } },
      { A { id = 1, b_id = 1 }, A { id = 2, b_id = 2 }, A { id = 3 } },
      { D { id = 1, b_id = 1, c_id = 1 }, D { id = 2, b_id = 1, c_id = 2 }, D { id = 3, b_id = 1, c_id = 2 },
        D { id = 4, b_id = 2, c_id = 3 } },
    } do
      session:add_all(rows)
      session:flush()
    end
    session:commit()
  end)
  after_each(function() w:close() end)

  it("is loaded in every way", function()
    for _, name in ipairs { "lazyload", "selectinload", "joinedload", "subqueryload", "immediateload" } do
      local load = corm[name]
      session:expunge_all()
      local list = session:query(A):options(load(A.cs), load(A.often), load(A.late)):order_by(A.id):all()
      local seen = {}
      for i, a in ipairs(list) do seen[i] = ids(a.cs) .. "/" .. ids(a.often) .. "/" .. (a.late and a.late.id or "") end
      assert.same({ "1 2/2/", "3//3", "//" }, seen, name)
    end
  end)

  it("is joined and asked about", function()
    assert.equal("SELECT a.id FROM a JOIN (SELECT b.id AS b_id, d.c_id AS d_c_id, d.b_id AS d_b_id, d.id AS d_id FROM "
      .. "b JOIN d ON d.b_id = b.id) AS secondary_1 ON a.b_id = secondary_1.b_id JOIN c ON c.id = secondary_1.d_c_id",
      (tostring(select(A.id):join(A.cs)):gsub("%s+", " ")))
    assert.equal("1", ids(session:query(A):where(A.often:any()):all()))
    assert.equal("2", ids(session:query(A):where(A.cs:any(C.id:eq(3))):all()))
    assert.equal("2 3", ids(session:query(A):where(corm.not_(A.cs:any(C.id:eq(2)))):order_by(A.id):all()))
    assert.equal("2", ids(session:query(A):where(A.cs:contains(session:get(C, 3))):all()))
    assert.equal("2", ids(session:query(C):where(corm.with_parent(session:get(A, 1), A.often)):all()))
    assert.equal("1", ids(session:query(A):join(A.often):all()))
    assert.equal("3", ids(session:scalars(select(C):select_from(A):join(A.late)):all()))
    local e = corm.aliased(A)
    assert.equal("2", ids(session:query(e):join(e.late):all()))
  end)

  it("may join the classes that it lies between", function()
    local Base = corm.declarative_base()
    local function model(name, columns)
      columns.__tablename__ = "between_" .. name:lower()
      columns.id = Column(Integer, { primary_key = true })
      return Base:model(name, columns)
    end
    local Far = model("Far", { n = Column(Integer) })
    local Left = model("Left", { far_id = Column(Integer, ForeignKey "between_far.id") })
    local Near = model("Near", { left_id = Column(Integer, ForeignKey "between_left.id") })
    local Right = model("Right", {
      near_id = Column(Integer, ForeignKey "between_near.id"), far_id = Column(Integer, ForeignKey "between_far.id"),
    })
    Near.fars = corm.relationship(Far, {
      secondary = Left.__table__:join(Far.__table__, Left.far_id:eq(Far.id)):join(Right.__table__,
        Right.far_id:eq(Far.id)),
      primaryjoin = corm.and_(Near.left_id:eq(Left.id), Near.id:eq(Right.near_id)),
      secondaryjoin = Far.id:eq(Left.far_id), viewonly = true, order_by = Far.n:desc(),
    })
    local other = world.open { Base = Base }
    local s = other:session()
    for _, rows in ipairs {
      { Far { id = 1, n = 1 }, Far { id = 2, n = 2 } },
      { Left { id = 1, far_id = 1 }, Left { id = 2, far_id = 2 } },
      { Near { id = 1, left_id = 1 }, Near { id = 2, left_id = 2 }, Near { id = 3, left_id = 2 } },
      { Right { id = 1, near_id = 1, far_id = 1 }, Right { id = 2, near_id = 2, far_id = 2 } },
    } do
      s:add_all(rows)
      s:flush()
    end
    s:commit()
    for _, name in ipairs { "lazyload", "selectinload", "joinedload", "subqueryload", "immediateload" } do
      s:expunge_all()
      local seen = {}
      for i, near in ipairs(s:query(Near):options(corm[name](Near.fars)):order_by(Near.id):all()) do
        seen[i] = ids(near.fars)
      end
      assert.same({ "1", "2", "" }, seen, name)
    end
    local rows = s:execute(select(Near.id, Far.id):join(Near.fars):order_by(Near.id)):all()
    assert.equal("1 1 2 2", table.concat({ rows[1][1], rows[1][2], rows[2][1], rows[2][2] }, " "))
    assert.equal(2, #rows)
    assert.equal("2", ids(s:query(Near):where(Near.fars:any(Far.n:eq(2))):all()))
    other:close()
  end)

  it("outlives its class where somebody has its Table", function()
    local function table_of()
      local Base = corm.declarative_base()
      local Other = Base:model("Other", { __tablename__ = "other", id = Column(Integer, { primary_key = true }) })
      local part = select(corm.literal_column("1", Integer):label "x"):subquery()
      local function on() return Other.id:eq(part.c.x) end
      Other.others = corm.relationship(Other, { secondary = part, viewonly = true, primaryjoin = on,
        secondaryjoin = on })
      return corm.inspect(Other).relationships.others.secondary
    end
    local as_table = table_of()
    for _ = 1, 3 do collectgarbage() end
    assert.equal("SELECT secondary.x FROM (SELECT anon_1.x AS x FROM (SELECT 1 AS x) AS anon_1) AS secondary",
      (tostring(select(as_table)):gsub("%s+", " ")))
  end)

  it("is only looked at, and says its conditions", function()
    local function refused(text, options)
      for key, value in pairs { viewonly = true, primaryjoin = true, secondaryjoin = true } do
        if options[key] == nil then options[key] = value end
      end
      local Base = corm.declarative_base()
      local Other = Base:model("Other", { __tablename__ = "other", id = Column(Integer, { primary_key = true }) })
      Other.others = corm.relationship(Other, options)
      raises("ArgumentError", text, Other.registry.configure, Other.registry)
    end
    refused("relationship Other.others: secondary is no Table: viewonly = true, primaryjoin and secondaryjoin expected",
      { secondary = many, viewonly = false })
    refused("secondary: a join of tables by inner joins expected",
      { secondary = B.__table__:outerjoin(D.__table__, D.b_id:eq(B.id)) })
    refused("secondary: a Table, a join or a subquery expected, got integer", { secondary = 5 })
  end)
end)
