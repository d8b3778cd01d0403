-- Classes of which each has a whole table of its own, and the UNION of these that the class above selects from.
local corm, load = ...
local orm = load "corm.orm"
local declaration = load "corm.declaration"
local inheritance = load "corm.inheritance"
local native, info, fail = orm.native, orm.info, orm.fail

local concrete = {}

-- Stand among a model's mixins: its queries read the rows of all concrete classes below it. An abstract one has neither
-- table nor objects of its own, and its columns are those of each class below it.
corm.ConcreteBase, corm.AbstractConcreteBase = orm.ConcreteBase, orm.AbstractConcreteBase

-- polymorphic_union ---------------------------------------------------------------------------------------------------

-- { { identity, table }, ... }, from such a list or from a table by identity, in alphabetical order.
local function read_tables(tables)
  if type(tables) ~= "table" or info[tables] then
    fail("ArgumentError", "polymorphic_union: a table of tables by identity expected, got %s", native.kind(tables))
  end
  local list = {}
  if tables[1] ~= nil then
    for i, pair in ipairs(tables) do
      if type(pair) ~= "table" or #pair ~= 2 then
        fail("ArgumentError", "polymorphic_union: tables[%d]: { identity, table } expected, got %s", i,
          native.kind(pair))
      end
      list[i] = { pair[1], pair[2] }
    end
  else
    for _, identity in ipairs(orm.sorted_keys(tables)) do list[#list + 1] = { identity, tables[identity] } end
  end
  if not list[1] then fail("ArgumentError", "polymorphic_union: no table is given") end
  return list
end

local function columns_of(pair)
  local from = pair[2]
  if type(from) == "table" and info[from] then from = from.__table__ end
  if type(pair[1]) ~= "string" then
    fail("ArgumentError", "polymorphic_union: identities are strings, got %s", native.kind(pair[1]))
  end
  if native.kind(from) ~= "Table" and native.kind(from) ~= "FROM clause" then
    fail("ArgumentError", "polymorphic_union: '%s': a Table or a subquery expected, got %s", pair[1],
      native.kind(from))
  end
  pair[2] = from
  return native.kind(from) == "Table" and from.columns or from.c
end

local function literal(text)
  return corm.literal_column("'" .. string.gsub(text, "'", "''") .. "'")
end

-- polymorphic_union({ employee = t1, manager = t2 }, "type", "pjoin"): all rows of the tables, with NULL for the
-- columns that one has not, and a column that says which table a row is of.
function corm.polymorphic_union(tables, typecolname, aliasname, options)
  options = orm.check_options("polymorphic_union", options, { cast_nulls = "boolean" })
  if type(typecolname) ~= "string" then
    fail("ArgumentError", "polymorphic_union: the name of the column for the identity expected, got %s",
      native.kind(typecolname))
  end
  local list = read_tables(tables)
  local keys, types, maps = {}, {}, {}
  for i, pair in ipairs(list) do
    maps[i] = {}
    for column in columns_of(pair) do
      local key = column.key
      if key == typecolname then
        fail("ArgumentError", "Polymorphic union can't use '%s' as the discriminator column due to mapped column "
          .. "'%s.%s'; give another name (of ConcreteBase: _concrete_discriminator_name)", typecolname, pair[1], key)
      end
      if not types[key] then keys[#keys + 1], types[key] = key, column.type end
      maps[i][key] = column
    end
  end
  local selects = {}
  for i, pair in ipairs(list) do
    local columns = {}
    for _, key in ipairs(keys) do
      local column = maps[i][key]
      if column == nil then
        column = corm.null()
        column = (options.cast_nulls == false and corm.type_coerce or corm.cast)(column, types[key]):label(key)
      end
      columns[#columns + 1] = column
    end
    columns[#columns + 1] = literal(pair[1]):label(typecolname)
    selects[i] = corm.select(table.unpack(columns)):select_from(pair[2])
  end
  if #selects == 1 then return selects[1]:subquery(aliasname or "polymorphic_union") end
  return corm.union_all(table.unpack(selects)):subquery(aliasname or "polymorphic_union")
end

-- Declaring -----------------------------------------------------------------------------------------------------------

-- The names of the union's column that says the class, and of the alias.
local function discriminator(ci, parts)
  local name = parts.members._concrete_discriminator_name
  if name == nil then return "type" end
  if type(name) ~= "string" then
    fail("ArgumentError", "%s._concrete_discriminator_name: a name expected, got %s", ci.name, native.kind(name))
  end
  return name
end

-- A select that gives no row, in the place of the union of no tables.
local function no_rows(columns, typecolname)
  local list = {}
  for i, column in ipairs(columns) do list[i] = corm.cast(corm.null(), column.type):label(column.key) end
  list[#list + 1] = literal(""):label(typecolname)
  return corm.select(table.unpack(list)):where(corm.false_()):subquery("pjoin")
end

-- Makes a class over a select of what an abstract class declares: the union, which has no tables yet. `body` is what
-- the classes below it take its columns from.
function concrete.prepare(ci, parts, body)
  if not parts.mixins[corm.AbstractConcreteBase] then return end
  if parts.special.__tablename__ ~= nil or parts.special.__table__ ~= nil then
    fail("ArgumentError", "%s: AbstractConcreteBase is for a class without a table; ConcreteBase for one with a table",
      ci.name)
  end
  local columns, keys, name = {}, {}, discriminator(ci, parts)
  for _, key in ipairs(orm.sorted_keys(parts.columns)) do
    native.set_column_name(parts.columns[key], key)
    columns[#columns + 1] = parts.columns[key]
  end
  table.sort(columns, function(a, b) return native.column_creation(a) < native.column_creation(b) end)
  for _, column in ipairs(columns) do
    if column.primary_key then keys[#keys + 1] = column.key end
  end
  local union = no_rows(columns, name)
  for key, column in next, parts.columns do parts.members[key] = union.c[column.key] end
  local args = {}
  for key, value in next, parts.special.__mapper_args__ or {} do args[key] = value end
  args.primary_key, args.exclude_properties, args.polymorphic_abstract = keys, { name }, true
  parts.columns, parts.special.__table__, parts.special.__mapper_args__ = {}, union, args
  ci.body, ci.united = body, { name = name, list = {} }
end

local function check_identity(ci, args)
  if type(args.polymorphic_identity) ~= "string" then
    fail("ArgumentError", "%s: polymorphic_identity: a string expected, by which the rows of a union are told apart, "
      .. "got %s", ci.name, native.kind(args.polymorphic_identity))
  end
end

-- with_polymorphic = { "*", union } and polymorphic_on = union.c.type, or the mixin ConcreteBase.
local function read_union(ci, parts, as_table, args, options)
  if ci.body then
    options.united, options.united_type = parts.selected, ci.united.name
    return
  end
  local wide = args.with_polymorphic
  local given = type(wide) == "table" and not info[wide] and native.kind(wide[2]) == "FROM clause"
  if not given and not parts.mixins[corm.ConcreteBase] then return end
  check_identity(ci, args)
  if given then
    if wide[1] ~= "*" then
      fail("ArgumentError", "%s: with_polymorphic: { \"*\", union } expected", ci.name)
    end
    local on = args.polymorphic_on
    if on == nil or type(on) == "string" or not on.key then
      fail("ArgumentError", "%s: polymorphic_on: the column of the union that says the class expected, got %s", ci.name,
        native.kind(on))
    end
    options.united, options.united_type = wide[2], on.key
    ci.united = { given = true }
  else
    if wide ~= nil or args.polymorphic_on ~= nil then
      fail("ArgumentError", "%s: ConcreteBase makes with_polymorphic and polymorphic_on by itself", ci.name)
    end
    local name = discriminator(ci, parts)
    ci.united = { name = name, list = { { args.polymorphic_identity, as_table } } }
    options.united, options.united_type = corm.polymorphic_union(ci.united.list, name, "pjoin"), name
  end
end

-- Reads what makes a class concrete, before inheritance reads the rest.
function concrete.read(ci, parent, parts)
  local args = parts.special.__mapper_args__ or {}
  if not args.concrete then
    if not (parent and parent.body) then return end
    fail("ArgumentError", "%s: %s is abstract, and a class below it has a table of its own: __mapper_args__ = "
      .. "{ concrete = true, polymorphic_identity = ... }", ci.name, parent.name)
  end
  if inheritance.is_single(parent, parts) then
    fail("ArgumentError", "%s: a concrete class has a table of its own; give it a __tablename__", ci.name)
  end
  if args.polymorphic_load then
    fail("ArgumentError", "%s: polymorphic_load is not for concrete classes, whose rows the union has", ci.name)
  end
  if args.inherit_condition ~= nil then
    fail("ArgumentError", "%s: inherit_condition joins tables, and a concrete class has one only", ci.name)
  end
  ci.concrete = parent ~= nil
end

function concrete.options(ci, parts, as_table, options)
  local args = parts.special.__mapper_args__ or {}
  options.concrete = ci.concrete
  if as_table then read_union(ci, parts, as_table, args, options) end
  if not ci.concrete then return end
  local above = declaration.parent(ci.base)
  while above do
    if above.united then check_identity(ci, args) end
    above = declaration.parent(above.base)
  end
end

-- Lets the queries of the classes above read the rows of a new one.
function concrete.unite(ci, identity)
  local above = ci
  while above do
    local union = above.united
    local list = union and union.list
    if list and above ~= ci then list[#list + 1] = { identity, ci.fields.__table__ } end
    if union then
      local now = list and list[1] and corm.polymorphic_union(list, union.name, "pjoin")
      native.unite(above.mapper, now or nil)
    end
    above = declaration.parent(above.base)
  end
end

return concrete
