-- Names of constraints and indexes by a convention, a function of the script's among its tokens, and copies of tables.

local corm = require "corm"
local Column, Integer = corm.Column, corm.Integer

local scenario = {}

function scenario.prepare()
  return { done = false }
end

local function build(state)
  state.metadata = corm.MetaData { naming_convention = {
    ix = "ix_%(column_0_label)s", uq = "uq_%(table_name)s_%(column_0_N_name)s", pk = "pk_%(shout)s",
    ck = "ck_%(table_name)s_%(constraint_name)s", fk = "fk_%(referred_table_name)s_%(referred_column_0_name)s",
    shout = function(_, of) return of.name .. "_x" end } }
  local b = Column("b", Integer, { unique = true })
  state.child = corm.Table("child", state.metadata, Column("id", Integer, { primary_key = true }),
    Column("a", Integer, corm.ForeignKey("parent.key"), { index = true }),
    b, Column("c", Integer, corm.Computed(b + 1)), corm.CheckConstraint("a > 0", { name = "positive" }),
    corm.CheckConstraint(b:gt(1), { name = "more" }),
    corm.dialects.postgresql.ExcludeConstraint({ b, "=" }, { name = "alone", where = b:gt(3) }))
  corm.Index("ix_b", corm.func.abs(b), { sqlite_where = b:gt(0) })
  state.parent = corm.Table("parent", state.metadata, Column("real_id", Integer, { key = "key", primary_key = true }))
end

local function texts(state)
  local made = corm.CreateTable(state.child):compile({ dialect = "postgresql" }).string
  for _, name in ipairs { "pk_child_x", "fk_parent_real_id", "uq_child_b", "ck_child_positive" } do
    assert(made:find("CONSTRAINT " .. name .. " ", 1, true), made)
  end
  assert(state.child.indexes[1].name == "ix_child_a")
end

function scenario.run(state)
  build(state)
  texts(state)
  local copied = state.child:to_metadata(corm.MetaData(), { schema = "s" })
  assert(copied.fullname == "s.child" and #copied.c == 4)
  assert(copied.c.c.computed.sqltext:compare(copied.c.b + 1))
  state.done = true
end

function scenario.check(state, ok)
  assert(state.done == ok)
  for _ = 1, 2 do
    local again = { done = false }
    scenario.run(again)
    assert(again.done)
    collectgarbage()
  end
end

return scenario
