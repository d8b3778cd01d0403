-- Planned flushes, a plan of the database, and a flush that fails and says for whom. Whatever fails, the session is as
-- before it was asked, and its flush writes all.
local corm = require "corm"
local Column, Integer, String, ForeignKey = corm.Column, corm.Integer, corm.String, corm.ForeignKey

local scenario = {}

function scenario.prepare()
  local Base = corm.declarative_base()
  local Box = Base:model("Box", {
    __tablename__ = "box",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20), { unique = true, default = "unnamed" }),
    made = Column(Integer, { default = function() return 7 end }),
    version = Column(Integer, { nullable = false }),
    parts = corm.relationship("Part", { backref = "box", cascade = "all, delete-orphan" }),
    __mapper_args__ = { version_id_col = "version" },
  })
  local Part = Base:model("Part", {
    __tablename__ = "part",
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
    box_id = Column(Integer, ForeignKey "box.id"),
  })
  local engine = corm.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  local session = corm.Session(engine)
  session:add_all {
    Box { name = "kept", parts = { Part { name = "a" }, Part { name = "orphan" } } },
    Box { name = "gone", parts = { Part { name = "b" } } },
  }
  session:commit()
  local kept, gone = session:get(Box, 1), session:get(Box, 2)
  assert(kept.name and #kept.parts == 2)
  session.autoflush = false
  session:delete(gone)
  kept.parts:remove(kept.parts[2])
  kept.name = "renamed, and longer"
  kept.parts:append(Part { name = "c" })
  session:add(Box { name = "new", parts = { Part { name = "d" }, Part { name = "e" } } })
  return { engine = engine, session = session, Box = Box, kept = kept }
end

local function kinds(plan)
  local list = {}
  for i, statement in ipairs(plan) do list[i] = statement.kind end
  return table.concat(list, " ")
end

function scenario.run(state)
  local session, Box = state.session, state.Box
  local before = kinds(session:plan())
  local plan = session:plan { load = true }
  assert(kinds(plan) == before and #plan.reads == 0 and #tostring(plan) > 0)
  assert(#tostring(session:explain(corm.select(Box):where(Box.id:eq(1)))) > 0)
  local other = corm.Session(state.engine)
  other:add_all { Box { name = "twice" }, Box { name = "twice" } }
  local ok, err = pcall(other.flush, other)
  assert(not ok)
  if err.class ~= "IntegrityError" then
    other:close()
    error(err, 0)
  end
  assert(err.attribute == "name" and err.object and #tostring(err) > 0)
  other:close()
end

function scenario.check(state)
  local session = state.session
  local kept = state.kept
  assert(#session.new == 4 and #session.deleted == 2 and kept.version == 1 and #kept.parts == 2)
  assert(kept.name == "renamed, and longer" and kept.parts[2].box_id == nil)
  session:commit()
  local names = {}
  for _, part in ipairs(session:query(state.Box):order_by(state.Box.id):all()) do names[#names + 1] = part.name end
  assert(table.concat(names, ",") == "renamed, and longer,new")
  assert(session:scalar(corm.text "SELECT count(*) FROM part") == 4)
  session:close()
end

return scenario
