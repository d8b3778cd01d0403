-- What a script does with objects, as steps of spec/support/writes.lua.
local corm = require "corm"
local models = require "spec.support.writes_models"
local terms = require "spec.support.writes_terms"
local writes = require "spec.support.writes"
local run, steps = writes.run, writes.steps

local function expect(ok, message, ...)
  if not ok then error(message:format(...), 0) end
end

local function values_of(said)
  local values = {}
  for name, term in pairs(said) do values[name] = models.give(name, term[2]) end
  return values
end
writes.values_of = values_of

-- An entry of a persistent object, the n-th.
function run:pick(n)
  local list = {}
  for _, entry in ipairs(self.entries) do
    if entry.state == "persistent" then list[#list + 1] = entry end
  end
  return list[n % math.max(1, #list) + 1]
end

function steps.load(self, step)
  self:autoflush()
  local class = self.m[step.kind]
  local stmt = corm.select(class)
  if step.where then stmt = stmt:where(terms.express(step.where, self.m, step.kind)) end
  if step.again then stmt = stmt:execution_options { populate_existing = true } end
  local got, wanted = {}, {}
  for i, object in ipairs(self.session:scalars(stmt):all()) do
    local entry = self:track(object)
    if step.again and entry.state == "persistent" then entry.changes = {} end
    got[i] = entry.key
  end
  for i, each in ipairs(self:matching(step.kind, step.where)) do wanted[i] = models.key(each.row.__kind, each.row) end
  table.sort(got)
  table.sort(wanted)
  got, wanted = table.concat(got, ", "), table.concat(wanted, ", ")
  expect(got == wanted, "the query gives [%s], not [%s]", got, wanted)
end

-- Values that no statement gives.
local function unique(name, k)
  local type = models.types[name] or "int"
  if type == "int" then return 1000 + k end
  if type == "text" then return "z" .. k end
  if type == "float" then return 1000 + k + 0.5 end
  if type == "day" then return ("2030-%02d-%02d"):format(k // 28 % 12 + 1, k % 28 + 1) end
  if type == "amount" then return ("%d.00"):format(100 + k) end
  return type == "data" and "k" .. k or nil
end

function steps.change(self, step)
  local entry = self:pick(step.which)
  if not entry then return end
  local columns = models.columns(entry.kind)
  local name = columns[step.column % #columns + 1]
  local value = not models.fixed[name] and not name:find "_id$" and unique(name, self.at)
  if not value then return end
  local row = self:row_of(entry)
  writes.check_value(entry, row, name)
  local change = entry.changes[name] or { base = row[name], at = self.at }
  entry.obj[name] = models.give(name, value)
  change.value = value
  entry.changes[name] = change
end

-- What was changed gets its old value again.
function steps.back(self, step)
  local changed = {}
  for _, entry in ipairs(self.entries) do
    if entry.state == "persistent" and next(entry.changes) then changed[#changed + 1] = entry end
  end
  local entry = changed[step.which % math.max(1, #changed) + 1]
  if not entry then return end
  local list = {}
  for name in pairs(entry.changes) do list[#list + 1] = name end
  table.sort(list)
  local change, row = entry.changes[list[1]], self:row_of(entry)
  if change.base == row[list[1]] and self.written_at > change.at then return end -- perhaps it is not known any more
  entry.obj[list[1]] = models.give(list[1], change.base)
  if change.base == row[list[1]] then
    entry.changes[list[1]] = nil
  else
    change.value = change.base
    self:flush()
  end
end

function steps.expire(self, step)
  local entry = self:pick(step.which)
  if not entry then return end
  local columns = models.columns(entry.kind)
  local name = step.some and columns[step.some % #columns + 1]
  if name then
    self.session:expire(entry.obj, { name })
    entry.changes[name] = nil
  else
    self.session:expire(entry.obj)
    entry.changes = {}
  end
end

function steps.links(self, step)
  self:autoflush()
  local entry = self:pick(step.which)
  local list = entry and models.relations[models.root(entry.kind)] or {}
  if #list == 0 then return end
  if self.inserted then self:forget_links() end
  self:check_links(entry, self:row_of(entry), list[step.relation % #list + 1])
end

function steps.add(self, step)
  local object = self.m[step.kind](values_of(step.values))
  self.session:add(object)
  local row = models.row(step.kind, step.values)
  table.insert(self.entries, { kind = step.kind, key = row.tag or models.key(step.kind, row), obj = object,
    changes = {}, state = "new", added = true, values = step.values })
end

-- Deleted notes take their pairs along at once; others wait for the flush.
function steps.doom(self, step)
  local entry = self:pick(step.which)
  if not entry then return end
  if self.inserted then self:forget_links() end
  if entry.kind == "note" then self:flush() end
  if self.inserted then self:forget_links() end
  self.session:delete(entry.obj)
  entry.state, entry.changes = "doomed", {}
  if entry.kind == "note" then self:flush() end
end

function steps.flush(self) self:flush() end

function steps.begin(self)
  self:flush()
  table.insert(self.open, { transaction = self.session:begin_nested(), snapshot = self:snapshot() })
end

steps["end"] = function(self, step)
  local last = table.remove(self.open)
  if not last then return end
  if step.commit then
    self:flush()
    last.transaction:commit()
  else
    last.transaction:rollback()
    self:restore(last.snapshot)
    self:forget_links()
  end
end

function run:let_go()
  local kept = {}
  for _, entry in ipairs(self.entries) do
    if entry.state ~= "gone" then
      entry.added = nil
      kept[#kept + 1] = entry
    end
  end
  self.entries = kept
end

function steps.commit(self)
  self:flush()
  while #self.open > 0 do table.remove(self.open).transaction:commit() end
  self.session:commit()
  self:let_go()
  self.committed = self:snapshot()
end

function steps.rollback(self)
  self.open = {}
  self.session:rollback()
  self:restore(self.committed)
end

-- Objects that nobody holds any more.
function steps.drop(self, step)
  local kept = {}
  for i, entry in ipairs(self.entries) do
    if entry.state == "persistent" and not next(entry.changes) and (i + step.which) % 3 == 0 then
      entry.obj = nil
    else
      kept[#kept + 1] = entry
    end
  end
  self.entries = kept
  collectgarbage()
end

return writes
