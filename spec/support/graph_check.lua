-- What the random graphs (spec/support/graph.lua) compare: the objects with the model, and the rows with it.
local corm = require "corm"
local kinds = require("spec.support.graph_models").kinds

local check = {}

local function show(o)
  return o and ("%s %d"):format(o.kind, o.id) or "nil"
end

local function expect(ok, message, ...)
  if not ok then error(message:format(...), 0) end
end

local function same_set(g, o, key, expected)
  local collection, wanted, n = g.real[o][key], {}, 0
  for _, other in ipairs(expected) do wanted[g.real[other]] = other end
  for _, object in ipairs(collection) do
    n = n + 1
    expect(wanted[object], "%s.%s holds %s too often or wrongly", show(o), key, tostring(object))
    wanted[object] = nil
  end
  for _, other in pairs(wanted) do expect(false, "%s.%s lacks %s (it has %d)", show(o), key, show(other), n) end
end

local function same_order(g, o, pages)
  table.sort(pages, function(a, b) return a.position < b.position end)
  for i, page in ipairs(pages) do
    expect(g.real[o].pages[i] == g.real[page], "%s.pages[%d] is not %s", show(o), i, show(page))
  end
end

local function same_words(g, o, labels)
  local n = 0
  for word, label in pairs(g.real[o].labels) do
    n = n + 1
    expect(label.word == word, "%s.labels[%s] says %s", show(o), word, tostring(label.word))
  end
  expect(n == #labels and #g.real[o].labels == n, "%s has %d labels instead of %d", show(o), n, #labels)
  for _, label in ipairs(labels) do
    expect(g.real[o].labels[label.word] == g.real[label], "%s.labels[%s] is not %s", show(o), label.word, show(label))
  end
end

-- What an object holds in memory, or reads when it is asked.
function check:check_object(o)
  local object = self.real[o]
  expect(corm.inspect(object).session == self.session, "%s is in no session", show(o))
  expect(object.id == o.id, "%s has the id %s", show(o), tostring(object.id))
  expect(object.name == o.name, "%s.name is %s instead of %s", show(o), tostring(object.name), tostring(o.name))
  for _, key in ipairs(kinds[o.kind].fields) do
    expect(object[key] == o[key], "%s.%s is %s instead of %s", show(o), key, tostring(object[key]), tostring(o[key]))
  end
  for key in pairs(kinds[o.kind].references) do
    expect(object[key] == (o[key] and self.real[o[key]] or nil), "%s.%s is not %s", show(o), key, show(o[key]))
  end
  for key, list in pairs(kinds[o.kind].lists) do
    local expected = self:holders(o, list[1], list[2])
    if key == "labels" then
      same_words(self, o, expected)
    else
      same_set(self, o, key, expected)
    end
    if key == "pages" then same_order(self, o, expected) end
  end
  for key, set in pairs(kinds[o.kind].sets) do
    local expected = {}
    for _, other in ipairs(self:live(set.kind)) do
      if o[key][other] then expected[#expected + 1] = other end
    end
    same_set(self, o, key, expected)
  end
  for key, of in pairs(kinds[o.kind].back) do
    local expected = {}
    for _, other in ipairs(self:live(of.kind)) do
      if other[of.set][o] then expected[#expected + 1] = other end
    end
    same_set(self, o, key, expected)
  end
end

-- The copies of keys that it has, once they are written.
function check:check_foreign(o)
  for key, column in pairs(kinds[o.kind].references) do
    local value, expected = self.real[o][column], o[key] and o[key].id
    expect(value == expected, "%s.%s is %s instead of %s", show(o), column, tostring(value), tostring(expected))
  end
end

local function lines_of(rows)
  local lines = {}
  for _, row in ipairs(rows) do
    local parts = table.pack(row:unpack())
    for i = 1, parts.n do parts[i] = tostring(parts[i]) end
    lines[#lines + 1] = table.concat(parts, "|")
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

function check:expected_rows(kind)
  local lines = {}
  for _, o in ipairs(self:live(kind)) do
    if o.kind == kind then
      local parts = { tostring(o.id), tostring(o.name) }
      for _, key in ipairs(kinds[kind].fields) do parts[#parts + 1] = tostring(o[key]) end
      for i = 2, #kinds[kind].rows do
        local other = o[kinds[kind].rows[i]]
        parts[#parts + 1] = tostring(other and other.id)
      end
      lines[#lines + 1] = table.concat(parts, "|")
    end
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

function check:expected_pairs(kind, key)
  local lines = {}
  for _, o in ipairs(self:live(kind)) do
    for other in pairs(o[key]) do lines[#lines + 1] = ("%d|%d"):format(o.id, other.id) end
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

-- What the database holds, asked by `conn`, which may be the session's own connection or another one.
function check:check_rows(conn)
  local function ask(sql) return lines_of(conn:execute(corm.text(sql)):all()) end
  for kind, of in pairs(kinds) do
    local got, expected = ask(of.rows[1]), self:expected_rows(kind)
    expect(got == expected, "rows of %s:\n%s\ninstead of:\n%s", kind, got, expected)
    for key, set in pairs(of.sets) do
      got, expected = ask(set.rows), self:expected_pairs(kind, key)
      expect(got == expected, "rows of %s.%s:\n%s\ninstead of:\n%s", kind, key, got, expected)
    end
  end
end

function check:check()
  self:flush()
  self:check_rows(self.session:connection())
  for _, o in ipairs(self:live()) do
    self:check_object(o)
    self:check_foreign(o)
  end
end

return check
