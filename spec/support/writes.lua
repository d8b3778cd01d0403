-- A session under random statements, beside a model of it in plain Lua: the rows, and of each object in memory what
-- it was given and not written yet. After each step the tables have the model's rows; an object in the session has its
-- row's values, with its own changes over them; collections and references lead where the rows say.
local corm = require "corm"
local models = require "spec.support.writes_models"
local terms = require "spec.support.writes_terms"

local run = {}
run.__index = run

local writes = { run = run }

local function expect(ok, message, ...)
  if not ok then error(message:format(...), 0) end
end

local function copy_rows(rows)
  local new = {}
  for i, row in ipairs(rows) do
    new[i] = {}
    for name, value in pairs(row) do new[i][name] = value end
  end
  return new
end

-- The model -----------------------------------------------------------------------------------------------------------

function run:row(kind, key)
  for _, row in ipairs(self.rows) do
    if models.root(row.__kind) == models.root(kind) and models.key(row.__kind, row) == key then return row end
  end
end

function run:row_of(entry) return self:row(entry.kind, entry.key) end

-- Those of a kind, with what a condition says of them.
function run:matching(kind, where, from, criteria)
  local found = {}
  for _, row in ipairs(self.rows) do
    local more = { rows = self.rows }
    if from then more.note = models.related(self.rows, row, models.relations.pair[1])[1] end
    local is = models.is_a(row.__kind, kind) and (not from or more.note)
    if is and where then is = terms.decide(where, row, more) end
    if is and criteria and models.is_a(row.__kind, criteria.kind) then is = terms.decide(criteria.where, row, more) end
    if is then found[#found + 1] = { row = row, more = more } end
  end
  return found
end

-- What an UPDATE does to a row besides what it sets.
local function touch(row)
  if row.__kind == "note" then row.touched, row.bumps = models.now, row.bumps and row.bumps + 1 end
end

function run:remove(row)
  for i, each in ipairs(self.rows) do
    if each == row then table.remove(self.rows, i) break end
  end
end

local function in_state(list, ...)
  local found = {}
  for _, entry in ipairs(list) do
    for _, state in ipairs { ... } do
      if entry.state == state then found[#found + 1] = entry end
    end
  end
  return found
end

function run:find_entry(key)
  for _, entry in ipairs(self.entries) do
    if entry.key == key and (entry.state == "persistent" or entry.state == "doomed") then return entry end
  end
end

local function gone(entry)
  entry.state, entry.changes = "gone", {}
end

-- What a flush writes: deleted objects with what follows from that, changes, new objects.
function run:written()
  local sets = {}
  local function set(row, name, value)
    if not sets[row] then
      sets[row] = {}
      sets[#sets + 1] = row
    end
    sets[row][name] = { value }
  end
  for _, entry in ipairs(in_state(self.entries, "persistent")) do
    for name, change in pairs(entry.changes) do set(self:row_of(entry), name, change.value) end
    entry.changes = {}
  end
  for _, entry in ipairs(in_state(self.entries, "doomed")) do
    local row = self:row_of(entry)
    for _, relation in ipairs(models.relations[entry.kind] or {}) do
      for _, other in ipairs(relation.theirs and not relation.viewonly
        and models.related(self.rows, row, relation) or {}) do
        if relation.name == "pairs" then
          local child = self:find_entry(models.key(other.__kind, other))
          if child then gone(child) end
          self:remove(other)
          sets[other] = nil
        else
          set(other, relation.theirs, nil)
        end
      end
    end
    gone(entry)
    self:remove(row)
    sets[row] = nil
  end
  for _, row in ipairs(sets) do
    for name, value in pairs(sets[row] or {}) do row[name] = value[1] end
    if sets[row] then
      touch(row)
      if row.version then row.version = row.version + 1 end
    end
  end
  local added = in_state(self.entries, "new")
  for _, entry in ipairs(added) do
    entry.row = models.row(entry.kind, entry.values)
    table.insert(self.rows, entry.row)
    entry.state = "persistent"
  end
  if #added > 0 then self:learn() end
  for _, entry in ipairs(added) do entry.key = models.key(entry.kind, entry.row) end
  if #added > 0 then self.inserted = true end
end

function run:learn() models.learn(self.session:connection(), self.m, self.rows) end

function run:flush()
  self.session:flush()
  self:written()
end

function run:autoflush()
  if self.session.autoflush then self:flush() end
end

function run:snapshot()
  local states = {}
  for _, entry in ipairs(self.entries) do states[entry] = entry.state end
  return { rows = copy_rows(self.rows), states = states }
end

-- Pairs go with their note.
function run:expunge(entry)
  if entry.obj and self.session:contains(entry.obj) then self.session:expunge(entry.obj) end
  entry.state, self.expunged = "lost", self.expunged or entry.kind == "note"
end

function run:forget_lost()
  for _, entry in ipairs(in_state(self.entries, "persistent")) do
    if not self.session:contains(entry.obj) then
      expect(entry.kind == "pair" and self.expunged, "%s is not in the session", entry.key)
      entry.state = "lost"
    end
  end
  self.expunged = false
  self.entries = in_state(self.entries, "persistent", "new", "doomed", "gone")
end

function run:restore(snapshot)
  self.rows = copy_rows(snapshot.rows)
  local kept = {}
  for _, entry in ipairs(self.entries) do
    local state = snapshot.states[entry]
    local row = self:row(entry.kind, entry.key)
    if state or (not entry.added and row and row.__kind == entry.kind) then
      entry.state, entry.changes = state == "gone" and "gone" or "persistent", {}
      kept[#kept + 1] = entry
    else
      entry.state = "lost"
    end
  end
  for _, entry in ipairs(in_state(self.entries, "lost")) do self:expunge(entry) end -- another row may get its key
  self.entries = kept
  self:forget_lost()
end

-- Loaded collections and references do not see rows that come.
function run:forget_links()
  self.inserted = false
  for _, entry in ipairs(in_state(self.entries, "persistent")) do
    local names = {}
    for i, relation in ipairs(models.relations[models.root(entry.kind)] or {}) do names[i] = relation.name end
    if #names > 0 then self.session:expire(entry.obj, names) end
  end
end

-- Checks --------------------------------------------------------------------------------------------------------------

function run:check_rows(connection)
  local stored, expected = models.stored(connection or self.session:connection(), self.m), models.expected(self.rows)
  for _, name in ipairs(models.tables) do
    local got, wanted = table.concat(stored[name], "\n  "), table.concat(expected[name], "\n  ")
    expect(got == wanted, "table %s has\n  %s\nnot\n  %s", name, got, wanted)
  end
end

-- The entry of an object, which must be the only one of its row.
function run:track(object)
  local kind = object.__class__.__name__:lower()
  local key = models.key(kind, object)
  local row = self:row(kind, key)
  expect(row, "there is no row of %s", key)
  expect(row.__kind == kind, "%s is a %s, not a %s", key, kind, row.__kind)
  local entry = self:find_entry(key)
  if not entry then
    entry = { kind = kind, key = key, obj = object, changes = {}, state = "persistent" }
    table.insert(self.entries, entry)
  end
  expect(entry.obj == object, "%s is two objects", key)
  return entry
end

local function check_value(entry, row, name)
  local change = entry.changes[name]
  local wanted = row[name]
  if change then wanted = change.value end
  local got = models.take(name, entry.obj[name])
  expect(got == wanted, "%s.%s is %s, not %s", entry.key, name, tostring(got), tostring(wanted))
end

writes.check_value = check_value

function run:check_links(entry, row, relation)
  local value = entry.obj[relation.name]
  local got, wanted = {}, {}
  for i, other in ipairs(relation.own and { value } or value) do
    got[i] = models.key(other.__class__.__name__:lower(), other)
  end
  for i, other in ipairs(models.related(self.rows, row, relation)) do wanted[i] = models.key(other.__kind, other) end
  table.sort(got)
  table.sort(wanted)
  got, wanted = table.concat(got, ", "), table.concat(wanted, ", ")
  expect(got == wanted, "%s.%s is [%s], not [%s]", entry.key, relation.name, got, wanted)
end

-- Looks at some of what the session has: `chosen(n)` is true one time out of n.
function run:check(chosen)
  for _, entry in ipairs({ table.unpack(self.entries) }) do
    local there = self.session:contains(entry.obj)
    if entry.state == "gone" then
      expect(not there, "%s is in the session, though it was deleted", entry.key)
    elseif chosen(2) then
      expect(there, "%s is not in the session", entry.key)
      if entry.state == "persistent" then self:check_entry(entry, chosen) end
    end
  end
end

function run:check_entry(entry, chosen)
  local row = self:row_of(entry)
  expect(row, "%s has no row", entry.key)
  for _, name in ipairs(models.columns(entry.kind)) do
    if chosen(2) then check_value(entry, row, name) end
  end
  for _, relation in ipairs(models.relations[models.root(entry.kind)] or {}) do
    if chosen(3) then
      self:autoflush()
      if entry.state ~= "persistent" then return end
      if self.inserted then self:forget_links() end
      self:check_links(entry, self:row_of(entry), relation)
    end
  end
  if chosen(4) then
    local key = {}
    for i, name in ipairs(models.kinds[entry.kind].key) do key[i] = row[name] end
    expect(self.session:get(self.m[entry.kind], key) == entry.obj, "get finds another %s", entry.key)
  end
end

-- Statements ----------------------------------------------------------------------------------------------------------

-- What memory has, before a statement that leaves it alone.
function run:memory()
  local all = {}
  for _, entry in ipairs(in_state(self.entries, "persistent")) do
    local unloaded = {}
    for _, name in ipairs(corm.inspect(entry.obj).unloaded) do unloaded[name] = true end
    all[entry] = {}
    for _, name in ipairs(models.columns(entry.kind)) do
      if not unloaded[name] then all[entry][name] = { models.take(name, entry.obj[name]) } end
    end
  end
  return all
end

-- Objects stay as they were; then they learn what has happened.
function run:left_alone(before)
  for entry, values in pairs(before) do
    for name, value in pairs(values) do
      local got = models.take(name, entry.obj[name])
      expect(got == value[1], "%s.%s was to be left alone: %s", entry.key, name, tostring(got))
    end
  end
  for _, entry in ipairs(in_state(self.entries, "persistent")) do
    entry.changes = {}
    if not self:row_of(entry) then self:expunge(entry) end
  end
  self:forget_lost()
  self.session:expire_all()
end

-- What had expired cannot be evaluated: the object is found to be gone when somebody asks.
function run:lose(entry)
  expect(corm.inspect(entry.obj).expired, "%s is in the session, though it was deleted", entry.key)
  self:expunge(entry)
  self:forget_lost()
end

-- The result, or nil where synchronize_session was "evaluate" and could not be.
local function unless_refused(step, ok, result)
  if ok then return result end
  local allowed = step.sync == "evaluate" and tostring(result):find("cannot be evaluated", 1, true)
  expect(allowed, "%s", tostring(result))
end

function run:criteria(step)
  local kind = step.criteria.kind
  return corm.with_loader_criteria(self.m[kind], terms.express(step.criteria.where, self.m, kind),
    { propagate_to_loaders = false })
end

-- An UPDATE or DELETE by criteria; `stmt` has no criteria yet. Its Result, or nil where it was refused.
function run:execute(step, stmt)
  local class = self.m[step.kind]
  if step.from then stmt = stmt:where(class.note_id:eq(self.m.note.id)) end
  if step.where then stmt = stmt:where(terms.express(step.where, self.m, step.kind)) end
  if step.criteria then
    stmt = stmt:options(self:criteria(step))
  end
  if step.returning == "class" then stmt = stmt:returning(class) end
  if step.returning == "columns" then stmt = stmt:returning(class.n, table.unpack(self:key_columns(step.kind))) end
  local sync = step.sync
  if sync == "off" then sync = false end
  stmt = stmt:execution_options { synchronize_session = sync }
  local ok, result = pcall(self.session.execute, self.session, stmt)
  return unless_refused(step, ok, result)
end

function run:query(step, values)
  local query = self.session:query(self.m[step.kind])
  if step.where then query = query:where(terms.express(step.where, self.m, step.kind)) end
  if step.criteria then
    query = query:options(self:criteria(step))
  end
  local sync = step.sync
  if sync == "off" then sync = false end
  local options = { all = not step.where, synchronize_session = sync }
  local ok, count
  if values then
    ok, count = pcall(query.update, query, values, options)
  else
    ok, count = pcall(query.delete, query, options)
  end
  count = unless_refused(step, ok, count)
  return count and { rowcount = count }
end

function run:key_columns(kind)
  local list = {}
  for i, name in ipairs(models.kinds[kind].key) do list[i] = self.m[kind][name] end
  return list
end

-- What RETURNING gave, beside the rows that were written.
function run:check_returned(step, result, rows, sorted, value)
  local got, wanted = {}, {}
  for i, row in ipairs(result:all()) do
    if step.returning == "class" then
      local object = row[1]
      local kind = object.__class__.__name__:lower()
      got[i] = models.key(kind, object)
      if value then self:returned_object(object) end
    else
      local parts = { models.root(step.kind) }
      for k = 1, #models.kinds[step.kind].key do parts[k + 1] = tostring(row[k + 1]) end
      got[i] = table.concat(parts, " ") .. " n=" .. tostring(row[1])
    end
  end
  for i, row in ipairs(rows) do
    wanted[i] = models.key(row.__kind, row) .. (step.returning == "class" and "" or " n=" .. tostring(row.n))
  end
  if not sorted then
    table.sort(got)
    table.sort(wanted)
  end
  got, wanted = table.concat(got, ", "), table.concat(wanted, ", ")
  expect(got == wanted, "returned is [%s], not [%s]", got, wanted)
end

-- All that it has must be what was written, and its own changes.
function run:returned_object(object)
  local entry = self:track(object)
  local row = self:row_of(entry)
  for _, name in ipairs(models.columns(entry.kind)) do check_value(entry, row, name) end
end

local function rows_of(found)
  local rows = {}
  for i, each in ipairs(found) do rows[i] = each.row end
  return rows
end

local steps = {}
writes.steps = steps

function steps.update(self, step)
  if step.sync == "off" then self:flush() else self:autoflush() end
  local before = step.sync == "off" and self:memory()
  local values, list = {}, {}
  for i, each in ipairs(step.set) do
    local value = terms.express(each[2], self.m, step.kind)
    if each[2][1] == "lit" then value = models.give(each[1], each[2][2]) end
    values[each[1]] = value
    list[i] = { self.m[step.kind][each[1]], value }
  end
  local found = self:matching(step.kind, step.where, step.from, step.criteria)
  local result
  if step.query then
    result = self:query(step, values)
  else
    local stmt = corm.update(self.m[step.kind], { all = not step.where and not step.from })
    result = self:execute(step, step.ordered and stmt:ordered_values(table.unpack(list)) or stmt:values(values))
  end
  if not result then return end
  local news = {}
  for i, each in ipairs(found) do
    news[i] = {}
    for k, set in ipairs(step.set) do news[i][k] = { terms.decide(set[2], each.row, each.more) } end
  end
  for i, each in ipairs(found) do
    for k, set in ipairs(step.set) do each.row[set[1]] = news[i][k][1] end
    touch(each.row)
  end
  if not step.returning then
    expect(result.rowcount == #found, "rowcount is %s, not %d", result.rowcount, #found)
  else
    self:check_returned(step, result, rows_of(found), false, step.sync ~= "off")
  end
  if before then self:left_alone(before) end
end

function steps.delete(self, step)
  if step.sync == "off" then self:flush() else self:autoflush() end
  local before = step.sync == "off" and self:memory()
  local found = self:matching(step.kind, step.where, nil, step.criteria)
  local result
  if step.query then
    result = self:query(step)
  else
    result = self:execute(step, corm.delete(self.m[step.kind], { all = not step.where }))
  end
  if not result then return end
  if step.sync == "evaluate" then self.inserted = true end -- lists may still hold what has expired
  local left = {}
  for _, each in ipairs(found) do
    local entry = step.sync ~= "off" and self:find_entry(models.key(each.row.__kind, each.row))
    self:remove(each.row)
    if entry then gone(entry) end
    if entry and step.sync == "evaluate" and self.session:contains(entry.obj) then left[#left + 1] = entry end
  end
  for _, entry in ipairs(left) do self:lose(entry) end
  if not step.returning then
    expect(result.rowcount == #found, "rowcount is %s, not %d", result.rowcount, #found)
  elseif step.returning == "columns" then
    self:check_returned(step, result, rows_of(found))
  end
  if before then self:left_alone(before) end
end

return writes
