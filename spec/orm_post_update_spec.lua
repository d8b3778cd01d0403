local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String

-- A widget has entries and one favourite among them: rows of two tables that refer to each other.
local function models(post_update)
  local Base = corm.declarative_base()
  local m = { Base = Base }
  m.Entry = Base:model("Entry", {
    __tablename__ = "entry",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
    widget_id = Column(Integer, ForeignKey("widget.id", { name = "fk_widget" })),
    widget = corm.relationship("Widget", { back_populates = "entries", foreign_keys = "Entry.widget_id" }),
  })
  m.Widget = Base:model("Widget", {
    __tablename__ = "widget",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
    favorite_id = Column(Integer, ForeignKey("entry.id", { name = "fk_favorite", use_alter = true })),
    entries = corm.relationship("Entry", {
      back_populates = "widget", foreign_keys = "Entry.widget_id", order_by = "Entry.id",
      cascade = "all, delete-orphan",
    }),
    favorite = corm.relationship("Entry", { foreign_keys = "Widget.favorite_id", post_update = post_update }),
  })
  m.Node = Base:model("Node", {
    __tablename__ = "pnode",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
    next_id = Column(Integer, ForeignKey("pnode.id")),
  })
  m.Node.next_ = corm.relationship("Node", { remote_side = m.Node.id, post_update = post_update })
  return m
end


describe("M15 post_update", function()
  local w, m, session

  local function open(post_update)
    w = world.open(models(post_update))
    m = w.m
    session = w:session()
  end
  after_each(function() w:close() end)

  local function written(fn)
    local list = {}
    for _, statement in ipairs(w:statements(fn)) do
      local kind = statement:match "^(%u+)"
      if kind == "INSERT" or kind == "UPDATE" or kind == "DELETE" then
        list[#list + 1] = kind .. " " .. (statement:match "[ \"`](widget)[ \"`(]" and "widget"
          or statement:match "[ \"`](pnode)[ \"`(]" and "pnode" or "entry")
      end
    end
    return list
  end

  it("writes the key after both INSERTs, and later by a statement of its own", function()
    open(true)
    local x = m.Entry { name = "x" }
    local widget = m.Widget { name = "w", entries = { x }, favorite = x }
    session:add(widget)
    assert.same({ "INSERT widget", "INSERT entry", "UPDATE widget" }, written(function() session:commit() end))
    assert.equal("w|x", w:rows("SELECT w.name, e.name FROM widget w JOIN entry e ON e.id = w.favorite_id"))
    assert.is_true(rawequal(x, widget.favorite))
    local y = m.Entry { name = "y", widget = widget }
    widget.favorite = y
    widget.name = "w2"
    assert.same({ "UPDATE widget", "INSERT entry", "UPDATE widget" }, written(function() session:commit() end))
    assert.equal("w2|y", w:rows("SELECT w.name, e.name FROM widget w JOIN entry e ON e.id = w.favorite_id"))
    widget.favorite = nil
    assert.same({ "UPDATE widget" }, written(function() session:commit() end))
    assert.equal("0", w:rows("SELECT count(*) FROM widget WHERE favorite_id IS NOT NULL"))
    assert.same({}, written(function() session:commit() end))
  end)

  it("clears the key before rows that refer to each other are deleted", function()
    open(true)
    local widgets = {}
    for i = 1, 3 do
      local entries = { m.Entry { name = "a" .. i }, m.Entry { name = "b" .. i } }
      widgets[i] = m.Widget { name = "w" .. i, entries = entries, favorite = entries[2] }
    end
    session:add_all(widgets)
    session:commit()
    session:delete(widgets[1])
    session:delete(widgets[3])
    session:commit()
    assert.equal("w2|b2", w:rows("SELECT w.name, e.name FROM widget w JOIN entry e ON e.id = w.favorite_id"))
    assert.equal("2", w:rows("SELECT count(*) FROM entry"))
    local favorite = widgets[2].favorite
    widgets[2].favorite = nil
    session:delete(favorite)
    session:commit()
    assert.equal("a2", w:rows("SELECT name FROM entry"))
  end)

  it("closes circles in one table, which are deleted together", function()
    open(true)
    local a, b, c = m.Node { name = "a" }, m.Node { name = "b" }, m.Node { name = "c" }
    a.next_, b.next_, c.next_ = b, c, a
    session:add_all { a, b, c }
    session:commit()
    assert.equal("a|b,b|c,c|a",
      w:list("SELECT x.name, y.name FROM pnode x JOIN pnode y ON y.id = x.next_id ORDER BY x.id"))
    session:delete(a)
    session:delete(b)
    session:delete(c)
    session:commit()
    assert.equal("0", w:rows("SELECT count(*) FROM pnode"))
  end)

  it("deletes expired chains without it in their order", function()
    open(nil)
    local a, b, c = m.Node { name = "a" }, m.Node { name = "b" }, m.Node { name = "c" }
    a.next_, b.next_ = b, c
    session:add_all { a, b, c }
    session:commit()
    for _, node in ipairs { b, c, a } do session:delete(node) end
    session:commit()
    assert.equal("0", w:rows("SELECT count(*) FROM pnode"))
    local d, e = m.Node { name = "d" }, m.Node { name = "e" }
    d.next_ = e
    session:add_all { d, e }
    session:commit()
    w:sql("DELETE FROM pnode WHERE name = 'd'")
    session:delete(d)
    session:delete(e)
    session:commit()
    assert.equal("0", w:rows("SELECT count(*) FROM pnode"))
  end)

  it("counts versions, looks for them, and writes what any UPDATE writes", function()
    local Base = corm.declarative_base()
    local Node = Base:model("Node", {
      __tablename__ = "vnode", id = Column(Integer, { primary_key = true }), name = Column(String(20)),
      version = Column(Integer), changes = Column(Integer, { onupdate = function() return 7 end }),
      next_id = Column(Integer, ForeignKey("vnode.id")), __mapper_args__ = { version_id_col = "version" },
    })
    Node.next_ = corm.relationship("Node", { remote_side = Node.id, post_update = true })
    w = world.open { Base = Base }
    session = w:session()
    local a, b = Node { id = 1, name = "a" }, Node { id = 2, name = "b" }
    a.next_, b.next_ = b, a
    session:add_all { a, b }
    session:commit()
    -- An INSERT and its UPDATE are one version.
    assert.equal("1|1,1|2", w:list "SELECT version, next_id FROM vnode ORDER BY next_id")
    session:execute(corm.update(Node, { all = true }):values { changes = 0 })
    session:commit()
    a.next_ = a
    session:commit()
    assert.equal("2|1|7", w:list "SELECT version, next_id, changes FROM vnode WHERE id = 1")
    assert.equal(2, a.version)
    assert.equal(7, a.changes)
    -- Two statements are two versions.
    a.name, a.next_ = "c", b
    session:commit()
    assert.equal("4|2|c", w:list "SELECT version, next_id, name FROM vnode WHERE id = 1")
    assert.equal(4, a.version)
    -- The row has the new key by then.
    b.next_ = nil
    a.next_ = nil
    session:commit()
    a.id, a.next_ = 3, b
    session:commit()
    assert.equal("2", w:list "SELECT next_id FROM vnode WHERE id = 3")
    assert.equal(7, a.version)
    session:connection():execute(corm.text "UPDATE vnode SET version = 99 WHERE id = 3")
    a.next_ = nil
    raises("StaleDataError", "expected to match 1 row(s); 0 were matched", session.flush, session)
    session:rollback()
    a = session:get(Node, 3)
    assert.equal(7, a.version)
    session:delete(a)
    session:delete(session:get(Node, 2))
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM vnode")
  end)

  it("tells nothing of its own UPDATE, and is undone by a rollback", function()
    open(true)
    local n = 0
    local x = m.Entry { name = "x" }
    local widget = m.Widget { name = "w", entries = { x } }
    session:add(widget)
    session:commit()
    corm.event.listen(m.Widget, "after_update", function() n = n + 1 end)
    widget.favorite = x
    session:flush()
    assert.equal(1, n) -- of the object that the flush looked at
    session:rollback()
    assert.is_nil(widget.favorite)
    assert.equal("0", w:rows("SELECT count(*) FROM widget WHERE favorite_id IS NOT NULL"))
  end)

  it("U09 without it a circle is a CircularDependencyError that names the rows and the way out", function()
    open(nil)
    local x = m.Entry { name = "x" }
    session:add(m.Widget { name = "w", entries = { x }, favorite = x })
    local err = raises("CircularDependencyError", "Entry", session.flush, session)
    assert.is_truthy(err.message:find("Widget", 1, true))
    assert.is_truthy(err.hint:find("post_update", 1, true))
    session:rollback()
    assert.equal("0", w:rows("SELECT count(*) FROM widget"))
    session:add(m.Entry { name = "y" })
    session:commit()
    assert.equal("1", w:rows("SELECT count(*) FROM entry"))
  end)

  it("of a list without its other side lets rows of a class below go that refer to themselves", function()
    local Base = corm.declarative_base()
    local Task = Base:model("Task", {
      __tablename__ = "task", id = Column(Integer, { primary_key = true }), kind = Column(String(10)),
      plan_id = Column(Integer, ForeignKey("plan.id", { name = "task_plan", use_alter = true })),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "task" },
    })
    local id = Column(Integer, ForeignKey "task.id", { primary_key = true })
    local Plan = Task:model("Plan", {
      __tablename__ = "plan", id = id,
      __mapper_args__ = { polymorphic_identity = "plan", inherit_condition = function()
        return Task.__table__.c.id:eq(id)
      end },
      tasks = corm.relationship("Task", { foreign_keys = "Task.plan_id", post_update = true, cascade = "all" }),
    })
    local engine = database.engine()
    Base.metadata:create_all(engine)
    local s = corm.Session(engine)
    local plan, other = Plan {}, Plan {}
    s:add_all { plan, other }
    s:flush()
    plan.tasks:append(plan)
    plan.tasks:append(other)
    other.tasks:append(Task {})
    s:commit()
    s:delete(plan)
    s:commit()
    assert.equal(0, s:query(Task):count())
    s:close()
    Base.metadata:drop_all(engine)
    engine:dispose()
    database.clean()
  end)
end)
