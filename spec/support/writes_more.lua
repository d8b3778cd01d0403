-- The other statements of spec/support/writes.lua: rows that come, and rows by key; and how plans are run.
local corm = require "corm"
local database = require "spec.support.database"
local models = require "spec.support.writes_models"
local terms = require "spec.support.writes_terms"
local writes = require "spec.support.writes_objects"
local run, steps = writes.run, writes.steps

local function expect(ok, message, ...)
  if not ok then error(message:format(...), 0) end
end

local function of_kind(list, kind, exactly)
  local found = {}
  for _, row in ipairs(list) do
    if row.__kind == kind or not exactly and models.is_a(row.__kind, kind) then found[#found + 1] = row end
  end
  return found
end

local values_of = writes.values_of

-- Runs what may fail in a savepoint. True when it did not.
function run:attempt(class, fn)
  self:flush()
  local snapshot = self:snapshot()
  local ok, err = pcall(self.session.begin_nested, self.session, fn)
  if ok then return true end
  expect(tostring(err):find(class, 1, true) or type(err) ~= "string" and err.is and err:is(class), "%s", tostring(err))
  self:restore(snapshot)
end

-- Rows ----------------------------------------------------------------------------------------------------------------

function run:insert_rows(step, said)
  local class, rows = self.m[step.kind], {}
  for i, each in ipairs(said) do rows[i] = values_of(each) end
  if step.older and not step.returning then
    if step.sorted then
      self.session:bulk_insert_mappings(class, rows)
      return nil
    end
    local objects = {}
    for i, row in ipairs(rows) do objects[i] = class(row) end
    self.session:bulk_save_objects(objects)
    return nil
  end
  local stmt = corm.insert(class)
  local options = { sort_by_parameter_order = step.sorted }
  if step.returning == "class" then stmt = stmt:returning(class, options) end
  if step.returning == "columns" then
    local columns = self:key_columns(step.kind)
    columns[#columns + 1] = options
    stmt = stmt:returning(class.n, table.unpack(columns))
  end
  return self.session:execute(stmt, rows)
end

function steps.insert(self, step)
  if step.taken then self:flush() else self:autoflush() end
  local said = { table.unpack(step.rows) }
  local there = of_kind(self.rows, step.kind, true)
  if step.taken and #there > 0 and models.root(step.kind) ~= "log" then
    local taken = there[step.taken % #there + 1]
    local new = {}
    for name, term in pairs(said[#said]) do new[name] = term end
    for _, name in ipairs(models.kinds[step.kind].key) do new[name] = { "lit", taken[name] } end
    if new.code then new.code = { "lit", taken.code } end
    said[#said] = new
    expect(not self:attempt("IntegrityError", function() self:insert_rows(step, said) end), "a key is there twice")
    return
  end
  local result = self:insert_rows(step, said)
  local rows = {}
  for i, each in ipairs(said) do
    rows[i] = models.row(step.kind, each)
    table.insert(self.rows, rows[i])
  end
  self:learn()
  if step.returning then
    self:check_returned(step, result, rows, step.sorted, true)
  elseif result then
    expect(result.rowcount == #rows, "rowcount is %s, not %d", result.rowcount, #rows)
  end
  self.inserted = true
end

-- One row whose values are expressions; nobody but these says of which class it is.
function steps.insert_values(self, step)
  self:autoflush()
  local class, values = self.m[step.kind], values_of(step.values)
  values.n = corm.literal(2) * 3
  if step.kind == "log" or step.kind == "item" then values.kind = step.kind end
  local stmt = corm.insert(class):values(values)
  if step.returning then stmt = stmt:returning(class) end
  local row = models.row(step.kind, step.values)
  row.n = 6
  local result = self.session:execute(stmt)
  table.insert(self.rows, row)
  self:learn()
  if step.returning then
    self:check_returned({ kind = step.kind, returning = "class" }, result, { row }, true, true)
  else
    expect(result.rowcount == 1, "rowcount is %s, not 1", result.rowcount)
  end
  self.inserted = true
end

-- An UPDATE whose criteria and values are parameters, with many of them.
function steps.update_many(self, step)
  self:autoflush()
  local class = self.m[step.kind]
  local stmt = corm.update(class):where(class.n:eq(corm.bindparam "wanted")):values { n = corm.bindparam "given" }
  local result = self.session:execute(stmt, step.list)
  local count = 0
  for _, each in ipairs(step.list) do
    for _, found in ipairs(self:matching(step.kind, { "cmp", "eq", { "col", "n" }, { "lit", each.wanted } })) do
      found.row.n = each.given
      if found.row.__kind == "note" then
        found.row.touched, found.row.bumps = models.now, found.row.bumps and found.row.bumps + 1
      end
      count = count + 1
    end
  end
  expect(result.rowcount == count, "rowcount is %s, not %d", result.rowcount, count)
end

function steps.update_list(self, step)
  if step.sync == "off" then self:flush() else self:autoflush() end
  local there, rows, sets, seen = of_kind(self.rows, step.kind), {}, {}, {}
  if #there == 0 then return end
  for _, each in ipairs(step.rows) do
    local row = there[each.which % #there + 1]
    if not seen[row] then
      seen[row] = true
      local values = values_of(each.values)
      for _, name in ipairs(models.kinds[step.kind].key) do values[name] = row[name] end
      rows[#rows + 1], sets[#sets + 1] = values, { row, each.values }
    end
  end
  local before = step.sync == "off" and self:memory()
  local function send()
    if step.older then
      self.session:bulk_update_mappings(self.m[step.kind], rows)
    else
      local sync = step.sync
      if sync == "off" then sync = false end
      local stmt = corm.update(self.m[step.kind]):execution_options { synchronize_session = sync }
      local result = self.session:execute(stmt, rows)
      local n = 0
      for _, set in ipairs(sets) do n = n + (next(set[2]) and 1 or 0) end
      expect(result.rowcount == n or models.kinds[step.kind].joined or step.kind == "person",
        "rowcount is %s, not %d", result.rowcount, n)
    end
  end
  if step.missing then
    local row = values_of(step.rows[1].values)
    for _, name in ipairs(models.kinds[step.kind].key) do row[name] = 9999 end
    if not next(step.rows[1].values) then row.n = 1 end
    if not row.n and models.kinds[step.kind].joined then row.n = 1 end
    rows[#rows + 1] = row
    expect(not self:attempt("StaleDataError", send), "a missing row is updated")
    return
  end
  send()
  for _, set in ipairs(sets) do
    for name, term in pairs(set[2]) do set[1][name] = term[2] end
    if next(set[2]) then
      if set[1].__kind == "note" then
        set[1].touched, set[1].bumps = models.now, set[1].bumps and set[1].bumps + 1
      end
    end
  end
  if before and not step.older then self:left_alone(before) end
end

-- The rows that an upsert meets, and what it was to insert.
function run:met(step)
  local there = of_kind(self.rows, step.kind, true)
  local list, seen = {}, {}
  for _, each in ipairs(step.rows) do
    local said, old = {}, nil
    for name, term in pairs(each.values) do said[name] = term end
    if each.which and #there > 0 then
      old = there[each.which % #there + 1]
      for _, name in ipairs(models.kinds[step.kind].key) do said[name] = { "lit", old[name] } end
      if said.code then said.code = { "lit", old.code } end
    end
    if not old or not seen[old] then list[#list + 1] = { said = said, old = old } end
    if old then seen[old] = true end
  end
  return list
end

local function upsert_statement(self, step)
  local class = self.m[step.kind]
  local stmt = corm.insert(class)
  local elements = step.by_code and { "code" } or models.kinds[step.kind].key
  if step.set then
    local function excluded(name)
      return stmt.excluded[models.column_key(step.kind, name)]
    end
    local set = {}
    for _, each in ipairs(step.set) do
      set[each[1]] = terms.express(each[2], self.m, step.kind, { excluded = excluded })
    end
    if step.by_code and database.name == "mariadb" then
      stmt = stmt:on_duplicate_key_update(set)
    else
      stmt = stmt:on_conflict_do_update { index_elements = elements, set_ = set }
    end
  else
    stmt = stmt:on_conflict_do_nothing { index_elements = elements }
  end
  if step.returning then stmt = stmt:returning(class) end
  if step.populate then stmt = stmt:execution_options { populate_existing = true } end
  return stmt
end

function steps.upsert(self, step)
  self:flush()
  local met, rows = self:met(step), {}
  for i, each in ipairs(met) do rows[i] = values_of(each.said) end
  local result = self.session:execute(upsert_statement(self, step), rows)
  local written = {}
  for _, each in ipairs(met) do
    local new = models.row(step.kind, each.said)
    local news = {}
    for _, set in ipairs(each.old and step.set or {}) do
      news[set[1]] = { terms.decide(set[2], each.old, { excluded = new, rows = self.rows }) }
    end
    for name, value in pairs(news) do each.old[name] = value[1] end
    if not each.old then table.insert(self.rows, new) end
    if not each.old or step.set then written[#written + 1] = each.old or new end
  end
  if step.returning and (step.set or database.name ~= "mariadb") then
    self:check_returned({ kind = step.kind, returning = "class" }, result, written, false, step.populate)
  end
  self.session:expire_all()
end

function steps.upsert_one(self, step)
  self:flush()
  local met = self:met { kind = step.kind, rows = { step } }[1]
  local keys = models.kinds[step.kind].key
  local object = self.m[step.kind](values_of(met.said))
  local kept = self.session:upsert(object, keys)
  if met.old then
    local any = false
    for name, term in pairs(met.said) do
      any = any or not models.fixed[name] or name == "code"
      met.old[name] = term[2]
    end
    if any and met.old.version then met.old.version = met.old.version + 1 end
  else
    table.insert(self.rows, models.row(step.kind, met.said))
  end
  expect(corm.inspect(kept).persistent, "what upsert gives is not persistent")
  local entry = self:track(kept)
  local row = self:row_of(entry)
  self.session:refresh(kept, { "n" })
  for name in pairs(met.said) do writes.check_value(entry, row, name) end
  self.inserted = true
end

local function chooser(numbers_from, seed)
  local random = numbers_from(seed)
  return function(n) return random(n) == 1 end
end

function steps.check(self, step) self:check(chooser(self.numbers_from, step.seed)) end

-- Plans ---------------------------------------------------------------------------------------------------------------

local WRITES = { update = true, delete = true, insert = true, update_list = true, upsert = true, upsert_one = true,
  update_many = true, insert_values = true, flush = true, ["end"] = true, commit = true, rollback = true, doom = true }

local STATEMENTS = { update = true, update_list = true, update_many = true, upsert = true, upsert_one = true }

local function all_steps(self, plan)
  for i, step in ipairs(plan) do
    self.at, models.now = i, i
    steps[step.op](self, step)
    if self.inserted then self:forget_links() end
    if WRITES[step.op] then self:check_rows() end
    if STATEMENTS[step.op] then self.written_at = i end
  end
  self.at = #plan + 1
  steps.commit(self)
  self:check(function(n) return n ~= 4 end)
  steps.commit(self)
end

-- nil, or what is wrong with a plan over these rows.
function writes.run_plan(engine, m, data, plan, numbers_from)
  models.now = 0
  local rows = {}
  for i, each in ipairs(data) do rows[i] = models.row(each.kind, each.values) end
  engine:begin(function(connection)
    for i = #models.tables, 1, -1 do
      connection:execute(corm.delete(m[models.tables[i]].__table__, { all = true }))
    end
    models.write(connection, m, rows)
  end)
  local session = corm.Session { bind = engine, autoflush = plan.autoflush, expire_on_commit = plan.expires }
  local self = setmetatable({ session = session, engine = engine, m = m, rows = rows, entries = {}, open = {},
    numbers_from = numbers_from, written_at = 0 }, run)
  self.committed = self:snapshot()
  local ok, err = xpcall(all_steps, function(e)
    return ("step %d: %s"):format(self.at or 0, type(e) == "string" and e or debug.traceback(tostring(e)))
  end, self, plan)
  session:close()
  if ok then
    ok, err = pcall(function()
      engine:begin(function(connection) self:check_rows(connection) end)
    end)
  end
  return not ok and tostring(err) or nil
end

return writes
