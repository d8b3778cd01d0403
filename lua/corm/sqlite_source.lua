-- What SQLite keeps as text only: the names, conditions and details of constraints in a CREATE TABLE, and the
-- expressions of a CREATE INDEX. Grammar: sqlite.org/lang_createtable.html and lang_createindex.html. SQLite has
-- accepted the text, so that this reads it without checking it.
local source = {}

-- Tokens --------------------------------------------------------------------------------------------------------------

local closing = { ['"'] = '"', ["'"] = "'", ["`"] = "`", ["["] = "]" }

-- Behind what is quoted at `at`; its quote is doubled inside, but for brackets.
local function quoted_end(text, at, quote)
  local close = closing[quote]
  at = at + 1
  while true do
    local stop = string.find(text, close, at, true)
    if not stop then return #text + 1 end
    if quote == "[" or string.sub(text, stop + 1, stop + 1) ~= close then return stop + 1 end
    at = stop + 2
  end
end

local function skip_blanks(text, at)
  while true do
    local start = at
    at = string.match(text, "^%s*()", at)
    if string.sub(text, at, at + 1) == "--" then at = string.find(text, "\n", at, true) or #text + 1 end
    if string.sub(text, at, at + 1) == "/*" then
      local _, stop = string.find(text, "*/", at + 2, true)
      at = (stop or #text) + 1
    end
    if at == start then return at end
  end
end

-- { word, quoted, from, to } ...; `word` is in upper case, a quoted one is what it stands for; marks are words, too.
local function tokens_of(text)
  local tokens, at = {}, skip_blanks(text, 1)
  while at <= #text do
    local first = string.sub(text, at, at)
    local behind
    if closing[first] then
      behind = quoted_end(text, at, first)
      local quote = closing[first]
      local word = string.gsub(string.sub(text, at + 1, behind - 2), quote .. quote, quote)
      tokens[#tokens + 1] = { word = word, quoted = true, from = at, to = behind - 1 }
    else
      behind = string.match(text, "^[%w_$\128-\255]+()", at) or at + 1
      local word = string.sub(text, at, behind - 1)
      tokens[#tokens + 1] = { word = string.upper(word), name = word, from = at, to = behind - 1 }
    end
    at = skip_blanks(text, behind)
  end
  return tokens
end

-- Reading -------------------------------------------------------------------------------------------------------------

-- A reader of tokens: `at` is the next one.
local Reader = {}
Reader.__index = Reader

local function reader(text)
  return setmetatable({ text = text, tokens = tokens_of(text), at = 1 }, Reader)
end

-- Whether the next tokens are these words, which are taken then.
function Reader:take(...)
  for i = 1, select("#", ...) do
    local token = self.tokens[self.at + i - 1]
    if not token or token.quoted or token.word ~= select(i, ...) then return false end
  end
  self.at = self.at + select("#", ...)
  return true
end

function Reader:name()
  local token = self.tokens[self.at]
  if not token then return nil end
  self.at = self.at + 1
  return token.quoted and token.word or token.name
end

-- Takes (...) and gives the text in it.
function Reader:group()
  if not self:take "(" then return nil end
  local first, depth = self.at, 1
  while depth > 0 and self.tokens[self.at] do
    local token = self.tokens[self.at]
    if not token.quoted and token.word == "(" then depth = depth + 1 end
    if not token.quoted and token.word == ")" then depth = depth - 1 end
    self.at = self.at + 1
  end
  local last = self.at - 2
  return last < first and "" or string.sub(self.text, self.tokens[first].from, self.tokens[last].to)
end

-- Whether one token is left before the comma or parenthesis that ends a definition.
function Reader:inside()
  local token = self.tokens[self.at]
  return token ~= nil and (token.quoted or (token.word ~= "," and token.word ~= ")"))
end

-- The names of columns in the text of a group: "a, b COLLATE nocase DESC" -> { "a", "b" }.
local function names_in(group)
  local names, r = {}, reader(group)
  while r.tokens[r.at] do
    names[#names + 1] = r:name()
    while r:inside() do
      if not r:group() then r.at = r.at + 1 end
    end
    r.at = r.at + 1
  end
  return names
end

-- Constraints ---------------------------------------------------------------------------------------------------------

local function conflict(r)
  if r:take("ON", "CONFLICT") then return string.upper(r:name() or "") end
end

-- What follows REFERENCES table (columns).
local function key_details(r, key)
  while r:inside() do
    if r:take("NOT", "DEFERRABLE") then
      key.deferrable = false
    elseif r:take "DEFERRABLE" then
      key.deferrable = true
    elseif r:take "INITIALLY" then
      key.initially = string.upper(r:name() or "")
    elseif r:take("ON", "DELETE") or r:take("ON", "UPDATE") then
      if not (r:take("SET", "NULL") or r:take("SET", "DEFAULT") or r:take("NO", "ACTION")) then r.at = r.at + 1 end
    elseif r:take "MATCH" then
      key.match = string.upper(r:name() or "")
    else
      return
    end
  end
end

local function references(r, columns, name)
  local key = { kind = "foreign_key", name = name, columns = columns, referred = r:name() }
  r:group()
  key_details(r, key)
  return key
end

-- A constraint that begins here, or nil. `column`: in whose definition it stands.
local function constraint(r, column, name)
  local own = column and { column } or nil
  if r:take("PRIMARY", "KEY") then
    local columns = own or names_in(r:group() or "")
    local _ = r:take "ASC" or r:take "DESC"
    local found = { kind = "primary_key", name = name, columns = columns, conflict = conflict(r) }
    found.autoincrement = r:take "AUTOINCREMENT"
    return found
  elseif r:take "UNIQUE" then
    return { kind = "unique", name = name, columns = own or names_in(r:group() or ""), conflict = conflict(r) }
  elseif r:take "CHECK" then
    return { kind = "check", name = name, sqltext = r:group() }
  elseif not column and r:take("FOREIGN", "KEY") then
    local columns = names_in(r:group() or "")
    r:take "REFERENCES"
    return references(r, columns, name)
  elseif column and r:take "REFERENCES" then
    return references(r, own, name)
  end
end

-- Definitions ---------------------------------------------------------------------------------------------------------

-- Behind the name of a column: its type, then constraints and other clauses in any order.
local function read_column(r, table_)
  local column = { name = r:name() }
  table_.columns[column.name] = column
  local name
  while r:inside() do
    local found = constraint(r, column.name, name)
    if found then
      table.insert(table_.constraints, found)
      name = nil
    elseif r:take "CONSTRAINT" then
      name = r:name()
    elseif r:take("NOT", "NULL") then
      column.conflict = conflict(r)
    elseif r:take "COLLATE" then
      column.collation = r:name()
    elseif r:take("GENERATED", "ALWAYS", "AS") or r:take "AS" then
      column.computed = r:group()
    elseif not r:group() then
      r.at = r.at + 1
    end
  end
end

local function starts_constraint(r)
  local token = r.tokens[r.at]
  local words = { CONSTRAINT = true, PRIMARY = true, UNIQUE = true, CHECK = true, FOREIGN = true }
  return token and not token.quoted and words[token.word]
end

local function read_constraint(r, table_)
  local name = r:take "CONSTRAINT" and r:name() or nil
  local found = constraint(r, nil, name)
  if found then table.insert(table_.constraints, found) end
  while r:inside() do
    if not r:group() then r.at = r.at + 1 end
  end
end

-- Of a CREATE TABLE: { columns = { name = { computed, collation, conflict } }, constraints = { { kind, name, columns,
-- sqltext, referred, deferrable, initially, match, conflict, autoincrement } ... }, words = { STRICT, ROWID } }.
function source.table(text)
  local found = { columns = {}, constraints = {}, words = {} }
  local r = reader(text or "")
  if not (r:take "CREATE" and (r:take "TEMP" or r:take "TEMPORARY" or true) and r:take "TABLE") then return found end
  while r.tokens[r.at] and not r:take "(" do r.at = r.at + 1 end
  while r.tokens[r.at] do
    if starts_constraint(r) then read_constraint(r, found) else read_column(r, found) end
    if not r:take "," then break end
  end
  for i = r.at + 1, #r.tokens do found.words[r.tokens[i].word] = true end
  return found
end

-- Whether these tokens end in ASC or DESC, which are no part of the expression.
local function is_sorted(r, first, last)
  local token = r.tokens[last]
  return last > first and not token.quoted and (token.word == "ASC" or token.word == "DESC")
end

-- Of a CREATE INDEX: { { sqltext, is_name } ... } and the condition of a partial one.
function source.index(text)
  local items, r = {}, reader(text or "")
  while r.tokens[r.at] and not r:take "(" do r.at = r.at + 1 end
  while r.tokens[r.at] do
    local first = r.at
    while r:inside() do
      if not r:group() then r.at = r.at + 1 end
    end
    local last = is_sorted(r, first, r.at - 1) and r.at - 2 or r.at - 1
    local sqltext = string.sub(text, r.tokens[first].from, r.tokens[last].to)
    items[#items + 1] = { sqltext = sqltext, is_name = first == last }
    if not r:take "," then break end
  end
  r.at = r.at + 1
  local where = r:take "WHERE" and string.sub(text, r.tokens[r.at].from) or nil
  return items, where
end

return source
