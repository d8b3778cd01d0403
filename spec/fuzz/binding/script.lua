-- What the fuzz target of the binding runs (fuzz_binding.c): the bytes of an input choose functions and methods of the
-- public interface and their arguments, most of which come from what earlier steps made. Whatever is refused must be
-- refused by an error of corm; what was built is compiled for every dialect. Nothing here opens a database.
local corm = require "corm"
local surface = require "spec.support.surface"

local STEPS, POOL, LARGEST = 40, 40, 200

-- What opens databases, and what is registered for the whole process.
local excluded = { create_engine = true, create_mock_engine = true, Session = true, sessionmaker = true,
  compiles = true, GenericFunction = true, registry = true, declarative_base = true, configure_mappers = true }

local dialects = { "sqlite", "postgresql", "mysql", "mariadb" }

local function sorted(names)
  table.sort(names)
  return names
end

local function callable(value)
  local meta = debug.getmetatable(value)
  return type(value) == "function" or meta and meta.__call and true or false
end

local function callables(names, from, prefix)
  for name, value in pairs(from) do
    if type(name) == "string" and not excluded[name] and callable(value) then names[#names + 1] = prefix .. name end
  end
end

local function function_names()
  local names = {}
  callables(names, corm, "")
  for dialect in pairs(corm.dialects) do callables(names, corm.dialects[dialect], "dialects." .. dialect .. ".") end
  return sorted(names)
end

local functions = function_names()

local function function_of(path)
  local value = corm
  for name in path:gmatch "[^.]+" do value = value[name] end
  return value
end

-- The members of values by their metatables.
local known = {}

local function members(value)
  local meta = debug.getmetatable(value)
  if not meta then return nil end
  if known[meta] == nil then
    local ok, found = pcall(surface.members, value)
    local names = {}
    if ok and type(found) == "table" then
      for name in pairs(found) do
        if type(name) == "string" then names[#names + 1] = name end
      end
    end
    known[meta] = #names > 0 and sorted(names) or false
  end
  return known[meta]
end

local strings = { "", "id", "name", "t", "u", "x'; --", "a\0b", "\xff", ("long"):rep(80), "sqlite", "postgresql",
  "%s%%", ":p", "p", "t.id", "SELECT :p, ':q'", "$.a[0]", "0", "2026-01-02", "é", "\"`]", "CASCADE", "DEFERRED", "&&" }

local numbers = { 0, 1, -1, 2, 255, 65536, math.maxinteger, math.mininteger, 0.5, -1e300, 1 / 0, 0 / 0 }

local words = { "name", "key", "type_", "else_", "value", "order_by", "partition_by", "rows", "range_", "groups",
  "exclude", "of", "nowait", "read", "skip_locked", "key_share", "escape", "autoescape", "symmetric", "isouter", "full",
  "onclause", "expanding", "unique", "required", "literal_execute", "callable_", "index_elements", "constraint", "set_",
  "where", "index_where", "recursive", "nesting", "sampling", "seed", "with_ties", "percent", "dialect",
  "literal_binds", "primary_key", "nullable", "default", "server_default", "onupdate", "autoincrement", "index",
  "comment", "schema", "info", "postgresql_where", "sqlite_where", "mysql_length", "postgresql_ops", "persisted",
  "start", "increment", "cycle", "impl", "process_bind_param", "process_literal_param", "bind_expression",
  "column_expression", "get_col_spec", "all", "sort_by_parameter_order", "timezone", "length", "native_enum",
  "create_constraint", "flags", "against", "id", "n", "precedence", "is_comparison", "if_not_exists", "use_alter" }

local function broken() error(corm.null, 0) end

local machine = {}
machine.__index = machine

local function new_machine(bytes)
  local m = setmetatable({ bytes = bytes, at = 1, size = 0, sizes = setmetatable({}, { __mode = "k" }) }, machine)
  local metadata = corm.MetaData()
  local t = corm.Table("t", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
    corm.Column("name", corm.String(20)), corm.Column("data", corm.JSON),
    corm.Column("list", corm.ARRAY(corm.Integer)))
  local u = corm.Table("u", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
    corm.Column("t_id", corm.ForeignKey("t.id")), corm.Column("at", corm.DateTime))
  m.pool = { metadata, t, u, t.c.id, t.c.name, t.c.data, t.c.list, u.c.t_id, u.c.at, corm.select(t.c.id),
    corm.insert(t), corm.update(t), corm.delete(u), corm.func.count(t.c.id), corm.func.max(u.c.at),
    t:alias(), corm.Integer,
    corm.String(5), corm.text "x = :p", corm.select(u):subquery() }
  return m
end

function machine:byte()
  local byte = self.bytes:byte(self.at) or 0
  self.at = self.at + 1
  return byte
end

function machine:choose(list)
  return list[self:byte() % #list + 1]
end

function machine:keep(value)
  local kind = type(value)
  if kind ~= "userdata" and not (kind == "table" and debug.getmetatable(value)) then return end
  self.sizes[value] = math.max(self.sizes[value] or 0, self.size + 1)
  if #self.pool == POOL then table.remove(self.pool, 21 + self:byte() % (POOL - 20)) end
  self.pool[#self.pool + 1] = value
end

-- Something made before; a plain column where that would make the whole too large to write.
function machine:pooled()
  local value = self:choose(self.pool)
  if self.size + (self.sizes[value] or 1) > LARGEST then value = self.pool[4] end
  self.size = self.size + (self.sizes[value] or 1)
  return value
end

-- A value for an argument. `depth`: how many tables are around it.
function machine:value(depth)
  local kind = self:byte() % 24
  if kind < 12 then return self:pooled() end
  if kind == 12 or kind == 13 then return self:choose(strings) end
  if kind == 14 or kind == 15 then return self:choose(numbers) end
  if kind == 16 then return self:byte() % 2 == 0 end
  if kind == 17 then return nil end
  if kind == 18 then return corm.null end
  if kind == 19 then return self:byte() % 2 == 0 and broken or function(...) return ... end end
  if kind == 20 then return corm.date(2026, 1, 2) end
  if depth > 1 then return {} end
  local made = {}
  if kind < 23 then
    for i = 1, self:byte() % 4 do made[i] = self:value(depth + 1) end
  end
  if kind > 21 then
    for _ = 1, 1 + self:byte() % 3 do made[self:choose(words)] = self:value(depth + 1) end
  end
  return made
end

function machine:arguments()
  local n = self:byte() % 5
  local list = { n = n }
  for i = 1, n do list[i] = self:value(0) end
  return list
end

-- An error must be one of corm's, the one that a function of ours raised, or, `from_lua`, what Lua says of operands.
local function judge(what, ok, err, from_lua)
  if ok or corm.is_error(err) or rawequal(err, corm.null) then return end
  if type(err) == "string" and (err:find("not enough memory", 1, true) or from_lua and err:find "attempt to ") then
    return
  end
  error(("%s: not an error of corm: %s"):format(what, tostring(err)), 0)
end

local operators = {
  function(a, b) return a + b end, function(a, b) return a - b end, function(a, b) return a * b end,
  function(a, b) return a / b end, function(a, b) return a % b end, function(a, b) return a .. b end,
  function(a, b) return a & b end, function(a, b) return a | b end, function(a) return ~a end,
  function(a) return -a end, function(a, b) return a[b] end, function(a) return #a end, tostring,
  function(a, b) return a == b end, function(a, b) return a < b end, function(a, b) a[b] = b end,
  function(a, b) return a << b end, function(a, b) return a // b end,
}

-- CORM_FUZZ_TRACE=1 shows what is called: for looking at a finding.
local trace = os.getenv "CORM_FUZZ_TRACE"

local function show(what, ...)
  local shown = table.pack(...)
  for i = 1, shown.n do
    local value = shown[i]
    shown[i] = type(value) == "table" and not debug.getmetatable(value) and "{...}" or tostring(value):gsub("%s+", " ")
  end
  io.stderr:write(what, "(", table.concat(shown, ", "), ")\n")
end

function machine:call(what, fn, ...)
  if trace then pcall(show, what, ...) end
  local results = table.pack(pcall(fn, ...))
  judge(what, results[1], results[2], what == "recipe")
  for i = 2, results[1] and math.min(results.n, 4) or 1 do self:keep(results[i]) end
end

function machine:call_method()
  local object = self:pooled()
  local names = members(object)
  if not names then return end
  local name = self:choose(names)
  local ok, method = pcall(function() return object[name] end)
  judge(name, ok, method)
  if not ok then return end
  if not callable(method) or type(method) ~= "function" then return self:keep(method) end
  local args = self:arguments()
  self:call(name, method, object, table.unpack(args, 1, args.n))
end

-- Calls that chance alone seldom gets right, with something of chance inside.
local function v(m) return m:value(1) end
local function p(m) return m:pooled() end
local function word(m) return m:choose(strings) end

local recipes = {
  function(m) return corm.Column(word(m), p(m), { [m:choose(words)] = v(m) }) end,
  function(m) return corm.Table(word(m), m.pool[1], corm.Column(word(m), corm.Integer), p(m), { schema = word(m) }) end,
  function(m) return m.pool[2]:append_column(corm.Column(word(m), p(m))) end,
  function(m) return m.pool[3]:append_constraint(p(m)) end,
  function(m) return corm.CreateTable(m.pool[2]:to_metadata(corm.MetaData(), { schema = word(m) })) end,
  function(m) return corm.CreateIndex(corm.Index(word(m), p(m), { postgresql_where = p(m) })) end,
  function(m) return corm.CheckConstraint(p(m), { name = word(m) }), corm.Computed(p(m)) end,
  function(m) return corm.dialects.postgresql.ExcludeConstraint({ p(m), word(m) }, { where = p(m) }) end,
  function(m) return corm.CreateView(p(m), word(m)), corm.CreateTableAs(p(m), word(m)) end,
  function(m) return corm.case({ p(m), v(m) }, { p(m), v(m) }, { else_ = v(m) }) end,
  function(m) return corm.extract("year", p(m)), corm.cast(v(m), p(m)) end,
  function(m) return corm.and_(p(m):eq(v(m)), p(m):in_ { v(m), v(m) }) end,
  function(m) return corm.tuple_(p(m), p(m)):in_ { { v(m), v(m) }, { v(m), v(m) } } end,
  function(m) return p(m)[v(m)]:as_string(), m.pool[6][{ v(m), v(m) }] end,
  function(m) return corm.func.json_each(p(m)):table_valued("key", word(m), { name = word(m) }) end,
  function(m) return corm.func.mode():within_group(p(m)):over { order_by = p(m), rows = { v(m), v(m) } } end,
  function(m) return corm.select(p(m), p(m)):where(p(m)):order_by(p(m)):limit(v(m)) end,
  function(m) return corm.select(p(m)):join_from(p(m), p(m), p(m)):group_by(p(m)) end,
  function(m) return corm.select(p(m)):cte(word(m), { recursive = true }):union_all(p(m)) end,
  function(m) return corm.select(p(m)):prefix_with(p(m)):with_hint(p(m), p(m)):suffix_with(p(m)) end,
  function(m) return corm.insert(m.pool[2]):values { id = v(m), name = v(m), data = v(m) }:returning(p(m)) end,
  function(m) return corm.insert(m.pool[2]):values { { id = v(m) }, { id = v(m) } } end,
  function(m) return corm.insert(m.pool[3]):from_select({ "id", "t_id" }, p(m)) end,
  function(m)
    return corm.insert(m.pool[2]):values { id = 1 }:on_conflict_do_update {
      index_elements = { p(m) }, set_ = { name = v(m) }, where = p(m) }
  end,
  function(m) return corm.insert(m.pool[2]):values { id = 1 }:on_duplicate_key_update { name = v(m) } end,
  function(m) return corm.update(m.pool[2]):values { [p(m)] = v(m), name = v(m) }:where(p(m)) end,
  function(m)
    return corm.values(corm.column "a", corm.column(word(m), p(m)), { name = word(m) }):data { { v(m), v(m) } }
  end,
  function(m) return corm.text(word(m)):bindparams { p = v(m) }:columns(p(m)):subquery(word(m)) end,
  function(m) return corm.bindparam(word(m), v(m), { expanding = true, type_ = p(m) }) end,
  function(m)
    local made = m:pooled()
    return corm.TypeDecorator { impl = p(m), bind_expression = function(_, value) return corm.func.lower(value) end,
      column_expression = function() return made end, process_literal_param = function() return made end }
  end,
}

function machine:step()
  self.size = 0
  local kind = self:byte() % 20
  if kind < 8 then
    self:call_method()
  elseif kind < 12 then
    local name = self:choose(functions)
    local args = self:arguments()
    self:call(name, function_of(name), table.unpack(args, 1, args.n))
  elseif kind > 13 then
    self:call("recipe", recipes[self:byte() % #recipes + 1], self)
  elseif kind == 12 then
    local name, args = self:choose(strings), self:arguments()
    self:call("func", function(...) return corm.func[name](...) end, table.unpack(args, 1, args.n))
  else
    local at = self:byte() % #operators + 1
    local a, b = self:pooled(), self:value(0)
    local ok, result = pcall(operators[at], a, b)
    judge("operator " .. at, ok, result, true)
    if ok then self:keep(result) end
  end
end

local function compile_all(value)
  local names = members(value)
  if not names then return end
  local ok, shown = pcall(tostring, value)
  judge("tostring", ok, shown)
  local has, compile = pcall(function() return value.compile end)
  if not has or type(compile) ~= "function" then return end
  for _, dialect in ipairs(dialects) do
    for _, literal in ipairs { false, true } do
      local made, result = pcall(compile, value, { dialect = dialect, literal_binds = literal })
      judge("compile for " .. dialect, made, result)
      if made and not utf8.len(result.string) then error("not UTF-8: " .. result.string, 0) end
    end
  end
end

local function run(bytes)
  local m = new_machine(bytes)
  for _ = 1, STEPS do
    if m.at > #bytes then break end
    m:step()
  end
  for i = math.max(1, #m.pool - 3), #m.pool do compile_all(m.pool[i]) end
end

return function(bytes)
  local ok, err = pcall(run, bytes)
  if not ok and not corm.is_error(err, "MemoryError") then error(err, 0) end
end
