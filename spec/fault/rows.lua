-- Many rows at once from the session, with objects in step, and hooks that hear of everything: bulk INSERT with
-- RETURNING, mappings, UPDATE by key and by criteria, DELETE, upsert, what a session tells while it does so. After a
-- failure and a rollback objects say what their rows do.

local corm = require "corm"
local Column, Integer, String, ForeignKey = corm.Column, corm.Integer, corm.String, corm.ForeignKey
local select, update, insert, event = corm.select, corm.update, corm.insert, corm.event
for _ in pairs(corm) do end -- loads its files: what fails in that is files.lua's

local scenario = {}

local HEARD = { "before_flush", "after_flush", "after_flush_postexec", "before_commit", "after_commit",
  "after_rollback", "after_begin", "transient_to_pending", "pending_to_persistent",
  "persistent_to_deleted", "loaded_as_persistent",
  "after_attach", "before_attach" }

function scenario.prepare()
  local Base = corm.declarative_base()
  local Part = Base:model("Part", {
    __tablename__ = "part", id = Column(Integer, { primary_key = true }),
    code = Column(String, { unique = true }), size = Column(Integer, { default = 1 }),
    box_id = Column(ForeignKey "box.id"), box = corm.relationship("Box", { back_populates = "parts" }),
  })
  local Box = Base:model("Box", { __tablename__ = "box", id = Column(Integer, { primary_key = true }),
    parts = corm.relationship("Part", { back_populates = "box" }) })
  local engine = corm.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  local state = { engine = engine, Part = Part, Box = Box, told = 0, done = 0 }
  local function hear() state.told = state.told + 1 end
  event.listen(Part, "load", hear)
  event.listen(Part, "before_update", function(_, _, part) part.size = part.size or 0 end)
  event.listen(Part.size, "set", hear)
  event.listen(Box.parts, "append", hear)
  event.listen(Box.parts, "remove", hear)
  state.hear = hear
  return state
end

local function write(state)
  local Part, Box, session = state.Part, state.Box, state.session
  local objects = session:scalars(insert(Part):returning(Part, { sort_by_parameter_order = true }),
    { { code = "a" }, { code = "b", size = 2 }, { code = "c" } }):all()
  assert(#objects == 3 and objects[2].size == 2)
  session:bulk_insert_mappings(Part, { { code = "d" }, { code = "e", size = 5 } })
  session:add(Box { id = 1, parts = { objects[1], objects[2] } })
  session:commit()
  state.done, state.objects = 1, objects
end

local function change(state)
  local Part, Box, session, objects = state.Part, state.Box, state.session, state.objects
  local box = session:get(Box, 1)
  assert(#box.parts == 2)
  session:execute(update(Part):where(Part.size:eq(1)):values { size = Part.size + 1 }
    :execution_options { synchronize_session = "evaluate" })
  assert(objects[1].size == 2)
  session:execute(update(Part):where(Part.code:in_ { "d", "e" }):values { size = 9 }
    :execution_options { synchronize_session = "fetch" })
  session:execute(update(Part), { { id = objects[1].id, size = 7 }, { id = objects[2].id, size = 8 } })
  session:begin_nested(function()
    session:execute(corm.delete(Part):where(Part.code:eq "b"))
    assert(#box.parts == 1)
  end)
  local part = session:upsert(Part { code = "c", size = 30 }, { "code" })
  assert(part == objects[3] and part.size == 30)
  session:upsert(Part { code = "f", size = 6 }, { "code" })
  box.parts:remove(objects[1])
  box.parts:append(part)
  session:commit()
  state.done = 2
end

function scenario.run(state)
  state.session = corm.Session { bind = state.engine }
  for _, name in ipairs(HEARD) do event.listen(state.session, name, state.hear) end
  write(state)
  change(state)
  assert(state.told > 20)
end

local function described(state, session)
  local lines = {}
  for _, part in ipairs(session:scalars(select(state.Part):order_by(state.Part.code)):all()) do
    local held = part.box and part.box.parts:contains(part)
    lines[#lines + 1] = ("%s %s %s"):format(part.code, part.size, tostring(held))
  end
  return table.concat(lines, ", ")
end

function scenario.check(state, ok)
  local session = state.session or corm.Session { bind = state.engine }
  assert(not ok or state.done == 2)
  session:rollback()
  local seen = described(state, session)
  local other = corm.Session { bind = session:connection() }
  local read = described(state, other)
  other:close()
  assert(seen == read, seen .. "\ninstead of\n" .. read)
  local written = "a 1 true, b 2 true, c 1 nil, d 1 nil, e 5 nil"
  local changed = "a 7 nil, c 30 true, d 9 nil, e 9 nil, f 6 nil"
  assert(seen == "" and state.done == 0 or seen == written and state.done < 2
    or seen == changed and state.done > 0, seen)
  local rows = session:scalars(insert(state.Part):returning(state.Part), { { code = "y" }, { code = "z" } }):all()
  session:commit()
  assert(rows[2].size == 1)
  session:close()
end

return scenario
