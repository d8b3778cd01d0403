-- Golden cases of types: in CREATE TABLE and in CAST.
local typed = {}

local function column(build)
  return function(c) return c.CreateTable(c.Table("t", c.MetaData(), build(c))) end
end

-- A column of a type: the generic spelling and those that differ.
function typed.in_table(name, build, generic, others)
  local case = { name, column(function(c) return c.Column("x", build(c)) end) }
  local function text(spelled) return spelled and "CREATE TABLE t (x " .. spelled .. ")" end
  case[3] = text(generic)
  for dialect, spelled in pairs(others or {}) do case[dialect] = text(spelled) end
  return case
end

-- CAST(author.name AS ...); an empty text: there is no cast.
function typed.in_cast(name, build, generic, others)
  local case = { name, function(c, s) return c.cast(s.author.c.name, build(c)) end }
  local function text(spelled)
    if spelled == "" then return "author.name" end
    return spelled and "CAST(author.name AS " .. spelled .. ")"
  end
  case[3] = text(generic)
  for dialect, spelled in pairs(others or {}) do case[dialect] = text(spelled) end
  return case
end

return typed
