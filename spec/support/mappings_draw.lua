-- Mappings at random, and the life of objects of theirs, as plain tables:
--   { classes, relations, many, objects, rounds, posts }. A class: { parent, how, key, owner, fields, versioned }, with
-- a key within its owner's where it has one; a relation, many-to-one: { from, to, front, back, lazy, back_lazy,
-- ordered, cascade }, where back is "list" or "one", and front says that there is the many-to-one side, too; many:
-- { left, right, back, lazy, back_lazy }; an object: { class, values, refs, owner }; a round: a list of operations,
-- then how all is read. Numbers stand for what they count. Without `posts` (post_update) objects refer to those before
-- them only. Keys that change are passed on by the database (`passes`), or by corm.
local mappings_draw = {}

local TYPES = { "int", "text", "float", "bool", "date" }
local LAZY = { "select", "selectin", "joined", "subquery", "immediate" }
local LOADS = { "lazy", "selectin", "joined", "subquery", "immediate" }
local CASCADES = { [1] = "all", [2] = "all, delete-orphan" }
local TEXTS = { "", "a", "b", "it's", "Ünï", "x y" }

function mappings_draw.value(random, kind)
  if kind == "int" then return random(7) - 3 end
  if kind == "text" then return TEXTS[random(#TEXTS)] end
  if kind == "float" then return (random(9) - 4) * 0.25 end
  if kind == "bool" then return random(2) == 1 end
  return { year = 2000 + random(20), month = random(12), day = random(28) } -- a date
end

local function draw_fields(random, count)
  local fields = {}
  for k = 1, count do
    local kind = TYPES[random(#TYPES)]
    fields[k] = { type = kind, renamed = random(4) == 1, deferred = random(5) == 1, required = random(4) == 1,
      default = random(5) == 1 and kind ~= "date" and mappings_draw.value(random, kind) or nil }
  end
  return fields
end

local function draw_class(random, classes)
  local class = { fields = draw_fields(random, random(4) - 1) }
  if #classes > 0 and random(5) > 2 then
    class.parent = random(#classes)
    class.how = random(2) == 1 and "joined" or "single"
  else
    class.key = random(3) == 1 and "two" or random(3) == 1 and "text" or "int"
    if #classes > 0 and random(3) == 1 then class.key, class.owner = "within", random(#classes) end
    class.versioned = random(4) == 1
  end
  return class
end

function mappings_draw.root(plan, class)
  while plan.classes[class].parent do class = plan.classes[class].parent end
  return class
end

function mappings_draw.is_a(plan, class, wanted)
  while class and class ~= wanted do class = plan.classes[class].parent end
  return class == wanted
end

-- The fields of a class and of those above it: lists of { attribute, field }.
function mappings_draw.fields(plan, class)
  local list = {}
  while class do
    for k, field in ipairs(plan.classes[class].fields) do list[#list + 1] = { ("f%d_%d"):format(class, k), field } end
    class = plan.classes[class].parent
  end
  return list
end

local function one_of(random, list)
  return list[random(#list)]
end

-- Objects of a class, or nil.
local function draw_object(random, plan, class, among)
  local found = {}
  for o, object in ipairs(among) do
    if mappings_draw.is_a(plan, object.class, class) then found[#found + 1] = o end
  end
  return #found > 0 and found[random(#found)] or nil
end

local function draw_values(random, plan, class)
  local values = {}
  for _, at in ipairs(mappings_draw.fields(plan, class)) do
    local name, field = table.unpack(at)
    if field.required or random(3) > 1 then values[name] = mappings_draw.value(random, field.type) end
  end
  return values
end

local function add_object(random, plan)
  local class = random(#plan.classes)
  local of = plan.classes[mappings_draw.root(plan, class)].owner
  local owner = of and draw_object(random, plan, of, plan.objects)
  if of and not owner then class = 1 end
  local object = { class = class, values = draw_values(random, plan, class), refs = {}, owner = owner or nil }
  for r, relation in ipairs(plan.relations) do
    if mappings_draw.is_a(plan, class, relation.from) and random(3) > 1 then
      object.refs[r] = draw_object(random, plan, relation.to, plan.objects)
    end
  end
  plan.objects[#plan.objects + 1] = object
  return #plan.objects
end

local operations = {}

function operations.new(random, plan)
  return { "new", add_object(random, plan) }
end

function operations.set(random, plan)
  local o = random(#plan.objects)
  local fields = mappings_draw.fields(plan, plan.objects[o].class)
  if #fields == 0 then return nil end
  local name, field = table.unpack(fields[random(#fields)])
  if not field.required and random(4) == 1 then return { "set", o, name } end
  return { "set", o, name, mappings_draw.value(random, field.type) }
end

function operations.refer(random, plan)
  if #plan.relations == 0 then return nil end
  local r = random(#plan.relations)
  if not plan.relations[r].front then return nil end
  local from = draw_object(random, plan, plan.relations[r].from, plan.objects)
  local to = random(4) > 1 and draw_object(random, plan, plan.relations[r].to, plan.objects) or nil
  return from and { "refer", from, r, to } or nil
end

-- The same from the other side.
function operations.hold(random, plan)
  if #plan.relations == 0 then return nil end
  local r = random(#plan.relations)
  local relation = plan.relations[r]
  local holder = relation.back and draw_object(random, plan, relation.to, plan.objects)
  local held = draw_object(random, plan, relation.from, plan.objects)
  return holder and held and { "hold", holder, r, held } or nil
end

-- A whole list, or nothing.
function operations.assign(random, plan)
  if #plan.relations == 0 then return nil end
  local r = random(#plan.relations)
  local relation, objects = plan.relations[r], {}
  local holder = relation.back == "list" and draw_object(random, plan, relation.to, plan.objects)
  for i = 1, random(4) - 1 do objects[i] = draw_object(random, plan, relation.from, plan.objects) end
  return holder and { "assign", holder, r, objects } or nil
end

-- A copy that says one thing is merged.
function operations.merge(random, plan)
  local step = operations.set(random, plan)
  return step and { "merge", step[2], step[3], step[4] }
end

function operations.link(random, plan)
  if #plan.many == 0 then return nil end
  local r = random(#plan.many)
  local left = draw_object(random, plan, plan.many[r].left, plan.objects)
  local right = draw_object(random, plan, plan.many[r].right, plan.objects)
  return left and right and { "link", r, left, right, plan.many[r].back and random(2) == 1 } or nil
end

-- What is said of an object alone.
for _, name in ipairs { "delete", "expire", "refresh", "leave" } do
  operations[name] = function(random, plan) return { name, random(#plan.objects) } end
end

-- An UPDATE of all of a class from a tag on, in a table that has the tags.
function operations.bulk(random, plan)
  local c = random(#plan.classes)
  local class = plan.classes[c]
  local at = c
  while plan.classes[at].how == "single" do at = plan.classes[at].parent end
  local in_root = not plan.classes[at].parent
  if #class.fields == 0 or not in_root then return nil end
  local k = random(#class.fields)
  return { "bulk", c, ("f%d_%d"):format(c, k), mappings_draw.value(random, class.fields[k].type),
    random(#plan.objects) }
end

-- Another key, where it is a text.
function operations.rename(random, plan)
  return { "rename", random(#plan.objects), random(1000) }
end

function operations.query(random, plan)
  return { "query", mappings_draw.reading(random, plan) }
end

local WEIGHTS = { "new", "set", "set", "refer", "refer", "hold", "hold", "assign", "link", "link", "delete", "expire",
  "bulk", "merge", "refresh", "leave", "query", "query", "rename" }

-- Which of the objects, by a field of what they refer to, or of one that refers to them.
local function draw_beside(random, plan, class)
  local r = random(#plan.relations)
  local relation = plan.relations[r]
  local own, other = relation.from, relation.to
  local back = relation.back == "list" and random(2) == 1
  if not back and not relation.front then return nil end
  if back then own, other = other, own end
  local fields = mappings_draw.fields(plan, other)
  if #fields == 0 or not mappings_draw.is_a(plan, class, own) then return nil end
  local name, field = table.unpack(fields[random(#fields)])
  return { r, back, name, mappings_draw.value(random, field.type), back and 1 or random(2) }
end

-- How a class and what its rows lead to is read.
function mappings_draw.reading(random, plan)
  local reading = { class = random(#plan.classes), how = random(4), options = {} }
  local fields = mappings_draw.fields(plan, reading.class)
  if #fields > 0 and random(3) == 1 then
    local name, field = table.unpack(fields[random(#fields)])
    reading.where = { name, mappings_draw.value(random, field.type) }
  end
  if not reading.where and #plan.relations > 0 and random(3) == 1 then
    reading.beside = draw_beside(random, plan, reading.class)
  end
  for r in ipairs(plan.relations) do
    if plan.relations[r].front and random(2) == 1 then
      reading.options[#reading.options + 1] = { ("r%d"):format(r), one_of(random, LOADS) }
    end
    if random(2) == 1 then reading.options[#reading.options + 1] = { ("b%d"):format(r), one_of(random, LOADS) } end
  end
  for r in ipairs(plan.many) do
    if random(2) == 1 then reading.options[#reading.options + 1] = { ("m%d"):format(r), one_of(random, LOADS) } end
  end
  return reading
end

local function draw_round(random, plan)
  local round = { ends = random(5), live = random(3) == 1, looks = random(2) == 1 }
  for _ = 1, random(8) do
    round[#round + 1] = operations[WEIGHTS[random(#WEIGHTS)]](random, plan)
  end
  if round.ends < 4 and random(4) == 1 then table.insert(round, random(#round + 1), { "move" }) end
  round.reads = { mappings_draw.reading(random, plan), mappings_draw.reading(random, plan) }
  return round
end

function mappings_draw.plan(random)
  local plan = { classes = {}, relations = {}, many = {}, objects = {}, rounds = {}, posts = random(2) == 1,
    passes = random(2) == 1 }
  for i = 1, random(6) do plan.classes[i] = draw_class(random, plan.classes) end
  local n = #plan.classes
  local orphans = false -- are those of one relation
  for r = 1, random(4) - 1 do
    local from, to = random(n), random(n)
    -- A constraint of several columns needs a table of its own.
    local key = plan.classes[mappings_draw.root(plan, to)].key
    local several = key == "two" or key == "within"
    while several and plan.classes[from].how == "single" do from = plan.classes[from].parent end
    local back = random(3) > 1 and (random(4) == 1 and "one" or "list") or nil
    plan.relations[r] = { from = from, to = to, back = back, lazy = one_of(random, LAZY),
      back_lazy = one_of(random, LAZY), ordered = random(3) == 1,
      cascade = back and CASCADES[random(4)] or nil, front = not back or random(4) > 1 }
    if plan.relations[r].cascade == "all, delete-orphan" then
      if orphans then plan.relations[r].cascade = "all" end
      orphans = true
    end
  end
  for _ = 1, random(3) - 1 do
    local left, right = random(n), random(n)
    plan.many[#plan.many + 1] = { left = left, right = right, back = random(2) == 1, lazy = one_of(random, LAZY),
      back_lazy = one_of(random, LAZY) }
  end
  local first = { ends = 1, reads = {}, looks = random(2) == 1 }
  for i = 1, random(8) do first[i] = operations.new(random, plan) end
  plan.rounds[1] = first
  for i = 2, 1 + random(4) do plan.rounds[i] = draw_round(random, plan) end
  return plan
end

return mappings_draw
