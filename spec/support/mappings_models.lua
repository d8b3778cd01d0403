-- The classes of a plan of spec/support/mappings_draw.lua: C1, C2, ... in tables c1, c2, ..., each root with its key,
-- and a tag that no other object has.
local corm = require "corm"
local database = require "spec.support.database"
local draw = require "spec.support.mappings_draw"

local Column, ForeignKey, ForeignKeyConstraint = corm.Column, corm.ForeignKey, corm.ForeignKeyConstraint
local relationship = corm.relationship

local mappings_models = {}

local types = {
  int = corm.Integer, text = corm.String(20), float = corm.Float, bool = corm.Boolean, date = corm.Date,
}

-- What a key consists of: name and type of each part.
local KEYS = {
  int = { { "id", corm.Integer } },
  text = { { "code", corm.String(20) } },
  two = { { "area", corm.Integer }, { "no", corm.String(10) } },
}

local function key_of(plan, class)
  local root = plan.classes[draw.root(plan, class)]
  if not root.owner then return KEYS[root.key] end
  local parts = { { "line", corm.Integer } }
  for k, part in ipairs(key_of(plan, root.owner)) do parts[k + 1] = { "o_" .. part[1], part[2] } end
  return parts
end

-- The class whose table has the columns of a class.
local function table_of(plan, class)
  while plan.classes[class].how == "single" do class = plan.classes[class].parent end
  return class
end

local function table_name(plan, class)
  return "c" .. table_of(plan, class)
end

-- Where corm passes changed keys on, rows are looked at in the end, if the database can.
local function rules_of(plan)
  if plan.passes then return { onupdate = "CASCADE" } end
  return database.name == "mariadb" and {} or { deferrable = true, initially = "DEFERRED" }
end

-- Adds columns with the prefix that refer to the key of a class; returns their names.
local function refer(plan, parts, prefix, to, options)
  options = options or {}
  local own, theirs = {}, {}
  for k, part in ipairs(key_of(plan, to)) do
    own[k], theirs[k] = prefix .. part[1], ("%s.%s"):format(table_name(plan, to), part[1])
  end
  local rules = rules_of(plan)
  for k, part in ipairs(key_of(plan, to)) do
    parts[own[k]] = #own == 1 and Column(part[2], ForeignKey(theirs[1], rules), options) or Column(part[2], options)
  end
  if #own > 1 then parts[#parts + 1] = ForeignKeyConstraint(own, theirs, rules) end
  return own
end

local function add_fields(parts, index, class)
  for k, field in ipairs(class.fields) do
    local name = ("f%d_%d"):format(index, k)
    local options = { nullable = class.how == "single" or not field.required, default = field.default }
    local column = field.renamed and Column(("col %d_%d"):format(index, k), types[field.type], options) or
      Column(types[field.type], options)
    parts[name] = field.deferred and corm.deferred(column) or column
  end
end

local function has_children(plan, index)
  for _, class in ipairs(plan.classes) do
    if class.parent == index then return true end
  end
  return false
end

-- Many-to-one relationships of a class, and the other sides of those that lead to it.
local function add_relations(plan, m, parts, index)
  for r, relation in ipairs(plan.relations) do
    local one, list = ("r%d"):format(r), ("b%d"):format(r)
    local to, from = "C" .. relation.to, "C" .. relation.from
    local names = {}
    for k, part in ipairs(key_of(plan, relation.to)) do names[k] = ("%s.%s_%s"):format(from, one, part[1]) end
    if relation.from == index then
      refer(plan, parts, one .. "_", relation.to)
      local remote
      if draw.root(plan, relation.to) == draw.root(plan, relation.from) then
        remote = {}
        for k, part in ipairs(key_of(plan, relation.to)) do
          remote[k] = function() return m[relation.to].__table__.c[part[1]] end
        end
      end
      parts[one] = relation.front and relationship(to, { foreign_keys = names, lazy = relation.lazy,
        post_update = plan.posts, passive_updates = plan.passes, back_populates = relation.back and list or nil,
        remote_side = remote and function()
          local columns = {}
          for k, column in ipairs(remote) do columns[k] = column() end
          return columns
        end }) or nil
    end
    if relation.to == index and relation.back then
      parts[list] = relationship(from, { foreign_keys = names, lazy = relation.back_lazy, post_update = plan.posts,
        passive_updates = plan.passes, uselist = relation.back == "list", cascade = relation.cascade,
        back_populates = relation.front and one or nil,
        order_by = relation.ordered and function() return m[draw.root(plan, relation.from)].tag:desc() end or nil })
    end
  end
end

-- The association's columns of a side are the key of its class.
local function join_of(plan, m, r, side)
  local many = plan.many[r]
  return function()
    local all, own = {}, m[table_of(plan, many[side])].__table__.c
    for k, part in ipairs(key_of(plan, many[side])) do
      all[k] = own[part[1]]:eq(m.secondary[r].c[side .. "_" .. part[1]])
    end
    return corm.and_(table.unpack(all))
  end
end

local function add_many(plan, m, parts, index)
  for r, many in ipairs(plan.many) do
    local there, back = ("m%d"):format(r), ("n%d"):format(r)
    -- Where both sides may be in one table, it is said which is which.
    local alike = draw.root(plan, many.left) == draw.root(plan, many.right)
    local left, right = join_of(plan, m, r, "left"), join_of(plan, m, r, "right")
    local function secondary() return m.secondary[r] end
    if many.left == index then
      parts[there] = relationship("C" .. many.right, { secondary = secondary, lazy = many.lazy,
        passive_updates = plan.passes,
        primaryjoin = alike and left or nil, secondaryjoin = alike and right or nil,
        back_populates = many.back and back or nil })
    end
    if many.right == index and many.back then
      parts[back] = relationship("C" .. many.left, { secondary = secondary, lazy = many.back_lazy,
        passive_updates = plan.passes,
        primaryjoin = alike and right or nil, secondaryjoin = alike and left or nil, back_populates = there })
    end
  end
end

local function make_root(plan, index, parts)
  local class = plan.classes[index]
  if class.owner then
    parts.line = Column(corm.Integer, { primary_key = true, autoincrement = false })
    local columns = refer(plan, parts, "o_", class.owner, { primary_key = true, autoincrement = false })
    for k, name in ipairs(columns) do columns[k] = ("C%d.%s"):format(index, name) end
    parts.own = relationship("C" .. class.owner, { foreign_keys = columns, back_populates = "p" .. index })
  else
    for _, part in ipairs(KEYS[class.key]) do parts[part[1]] = Column(part[2], { primary_key = true }) end
  end
  parts.tag = Column(corm.Integer, { unique = true, nullable = false })
  parts.__mapper_args__ = { passive_updates = plan.passes }
  if class.versioned then
    parts.version = Column(corm.Integer, { nullable = false })
    parts.__mapper_args__.version_id_col = "version"
  end
  if not has_children(plan, index) then return end
  parts.kind = Column(corm.String(10))
  parts.__mapper_args__.polymorphic_on, parts.__mapper_args__.polymorphic_identity = "kind", "c" .. index
end

-- A class in a table of its own may refer to the one above as well, so the join is said.
local function make_joined(plan, m, index, parts)
  local class = plan.classes[index]
  parts.__tablename__ = "c" .. index
  refer(plan, parts, "", class.parent, { primary_key = true, autoincrement = false })
  local own, above = {}, m[table_of(plan, class.parent)].__table__.c
  for name, part in pairs(parts) do own[name] = part end
  parts.__mapper_args__ = { polymorphic_identity = "c" .. index, inherit_condition = function()
    local all = {}
    for k, part in ipairs(key_of(plan, index)) do all[k] = above[part[1]]:eq(own[part[1]]) end
    return corm.and_(table.unpack(all))
  end }
end

-- The lists of those whose keys are within the class's.
local function add_owned(plan, parts, index)
  for c, class in ipairs(plan.classes) do
    if class.owner == index then
      local columns = {}
      for k, part in ipairs(key_of(plan, index)) do columns[k] = ("C%d.o_%s"):format(c, part[1]) end
      parts["p" .. c] = relationship("C" .. c, { foreign_keys = columns, back_populates = "own",
        passive_updates = plan.passes, cascade = "all, delete-orphan" })
    end
  end
end

function mappings_models.make(plan)
  local Base = corm.declarative_base()
  local m = { Base = Base, secondary = {} }
  for index, class in ipairs(plan.classes) do
    local parts = {}
    if not class.parent then
      parts.__tablename__ = "c" .. index
      make_root(plan, index, parts)
    elseif class.how == "joined" then
      make_joined(plan, m, index, parts)
    else
      parts.__mapper_args__ = { polymorphic_identity = "c" .. index }
    end
    add_fields(parts, index, class)
    add_relations(plan, m, parts, index)
    add_many(plan, m, parts, index)
    add_owned(plan, parts, index)
    m[index] = (class.parent and m[class.parent] or Base):model("C" .. index, parts)
  end
  for r, many in ipairs(plan.many) do
    local columns = {}
    for _, side in ipairs { "left", "right" } do
      local own, theirs = {}, {}
      for k, part in ipairs(key_of(plan, many[side])) do
        own[k], theirs[k] = side .. "_" .. part[1], ("%s.%s"):format(table_name(plan, many[side]), part[1])
        columns[#columns + 1] = Column(own[k], part[2], { primary_key = true, autoincrement = false })
      end
      columns[#columns + 1] = ForeignKeyConstraint(own, theirs, rules_of(plan))
    end
    m.secondary[r] = corm.Table("m" .. r, Base.metadata, table.unpack(columns))
  end
  return m
end

-- The names of what the key of a class consists of.
function mappings_models.parts(plan, class)
  local names = {}
  for k, part in ipairs(key_of(plan, class)) do names[k] = part[1] end
  return names
end

-- The key of the object with that number, where the database does not make it.
function mappings_models.key(plan, class, o)
  local kind = plan.classes[draw.root(plan, class)].key
  if kind == "within" then return { line = o } end
  if kind == "text" then return { code = "k" .. o } end
  return kind == "two" and { area = o % 3, no = "n" .. o } or {}
end

return mappings_models
