-- corm.table(): a table of which a statement needs no more than the names, as corm.column() is of a column.
local corm, load = ...
local orm = load "corm.orm"
local native, fail = orm.native, orm.fail
local Table, Column, MetaData = corm.Table, corm.Column, corm.MetaData

-- corm.table(name, corm.column(name, type?) or name, ... [, { schema }]): a Table of no MetaData that anybody has.
function corm.table(name, ...)
  if type(name) ~= "string" then fail("ArgumentError", "table: a name expected, got %s", native.kind(name)) end
  local what = "table '" .. name .. "'"
  local parts, n, options = { ... }, select("#", ...), {}
  local last = parts[n]
  if n > 0 and type(last) == "table" and native.kind(last) == "table" then
    options = orm.check_options(what, last, { schema = "string" })
    n = n - 1
  end
  for i = 1, n do parts[i] = Column(native.column_def(parts[i], what)) end
  parts[n + 1] = { schema = options.schema }
  return Table(name, MetaData(), table.unpack(parts, 1, n + 1))
end
