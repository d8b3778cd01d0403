-- The text of a statement does not depend on its values, in each place where a value can stand (spec/same_text_spec.lua
-- has the golden statements). And hostile strings in each place of values, keys and names, with a canary in the
-- database: a string comes back byte for byte, or is refused by an ArgumentError. CORM_TEST_SEED repeats a run.
local canary = require "spec.support.canary"
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local select, func = corm.select, corm.func
local share = tonumber(os.getenv "CORM_TEST_SHARE") or 1
local seed = math.tointeger(tonumber(os.getenv "CORM_TEST_SEED" or os.time()))
local dialects = { "sqlite", "postgresql", "mysql", "mariadb" }

-- Places of values: name, a statement around the value, and how the value comes back (nil: it need not).
local function value_places(t)
  local function where(make) return function(v) return select(t.c.id):where(make(v)) end end
  return {
    { "literal", function(v) return select(corm.literal(v)) end, true },
    { "coalesce", function(v) return select(func.coalesce(v, "-")) end, true },
    { "case", function(v) return select(corm.case({ corm.literal(1):eq(1), v }, { else_ = "-" })) end, true },
    { "simple case", function(v) return select(corm.case({ v, v }, { value = corm.literal(v) })) end, true },
    { "cast", function(v) return select(corm.cast(v, corm.Text)) end, true },
    { "nullif", function(v) return select(func.nullif(v, "no such")) end, true },
    { "..", function(v) return select(corm.literal("") .. v) end, true },
    { "scalar subquery", function(v) return select(select(corm.literal(v)):scalar_subquery()) end, true },
    { "subquery", function(v) return select(select(corm.literal(v):label("x")):subquery().c.x) end, true },
    { "type_coerce", function(v) return select(corm.type_coerce(v, corm.Text)) end, true },
    { "bindparam", function(v) return select(corm.bindparam("p", v)) end, true },
    { "text", function(v) return corm.text("select :p"):bindparams(corm.bindparam("p", v)) end, true },
    { "eq", where(function(v) return t.c.name:eq(v) end) },
    { "ne", where(function(v) return t.c.name:ne(v) end) },
    { "lt", where(function(v) return t.c.name:lt(v) end) },
    { "is_distinct_from", where(function(v) return t.c.name:is_distinct_from(v) end) },
    { "in_", where(function(v) return t.c.name:in_ { v, v } end) },
    { "not_in", where(function(v) return t.c.name:not_in { v } end) },
    { "tuple", where(function(v) return corm.tuple_(t.c.name, t.c.id):in_ { { v, 1 } } end) },
    { "between", where(function(v) return t.c.name:between(v, v) end) },
    { "like", where(function(v) return t.c.name:contains(v, { autoescape = true }) end) },
    { "ilike", where(function(v) return t.c.name:icontains(v, { autoescape = true }) end) },
    { "startswith", where(function(v) return t.c.name:startswith(v, { autoescape = true }) end) },
    { "filter_by", function(v) return select(t):filter_by { name = v } end },
    { "exists", where(function(v) return corm.exists(select(t.c.id):where(t.c.name:eq(v))) end) },
    { "having", function(v)
      return select(func.count()):select_from(t):group_by(t.c.id):having(func.max(t.c.name):eq(v))
    end },
    { "order_by", function(v) return select(t.c.id):order_by(func.coalesce(t.c.name, v)) end },
    { "JSON key", function(v) return select(t.c.doc[v]:as_string()) end },
    { "JSON path", function(v) return select(t.c.doc:getitem { v, 0, v }:as_string()) end },
    { "insert", function(v) return corm.insert(t):values { id = 1, name = v, data = v, doc = { k = v } } end },
    { "insert rows", function(v) return corm.insert(t):values { { id = 1, name = v }, { id = 2, name = v } } end },
    { "update", function(v) return corm.update(t):values { name = v, doc = { v } }:where(t.c.name:eq(v)) end },
    { "delete", function(v) return corm.delete(t):where(t.c.name:eq(v)) end },
  }
end

-- Places of names: what is made, which is executed; the name comes back as the name of a column where it can.
local function name_places(t)
  return {
    { "label", function(n) return select(t.c.id:label(n)) end, true },
    { "alias", function(n) return select(t:alias(n).c.id) end },
    { "subquery", function(n) return select(select(t.c.id):subquery(n).c.id) end },
    { "subquery's column", function(n) return select(select(t.c.id:label(n)):subquery().c[n]) end, true },
    { "order_by a label", function(n) return select(t.c.id:label(n)):order_by(n) end, true },
    { "group_by a label", function(n) return select(t.c.id:label(n)):group_by(n) end, true },
  }
end

describe("the text of a statement", function()
  local checks = 0

  it("is the same in each place of a value, for two hostile strings and numbers (P18)", function()
    math.randomseed(seed)
    local t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("name", corm.String(200)), corm.Column("data", corm.LargeBinary), corm.Column("doc", corm.JSON))
    for _, place in ipairs(value_places(t)) do
      for _ = 1, 50 do
        local a, b = canary.string(math.random), canary.string(math.random)
        for _, dialect in ipairs(dialects) do
          checks = checks + 1
          local options = { dialect = dialect }
          assert.equal(place[2](a):compile(options).string, place[2](b):compile(options).string)
        end
      end
    end
  end)

  it("was compared", function() assert.is_true(checks > 5000, checks .. " checks") end)
end)

-- MariaDB has no names with characters beyond U+FFFF, and says so: "Invalid utf8mb4 character string".
-- How many strings are tried, in all places and on all databases together, is more than 20,000.
local count = math.ceil(8000 * share)

canary.describe(("%d hostile strings (seed %d)"):format(count, seed), function(w)
  it("come back, or are refused, in each place of a value", function()
    math.randomseed(seed)
    local places = value_places(w.t)
    for i = 1, count do
      local place, value = places[i % #places + 1], canary.string(math.random)
      local ok, result = pcall(function() return w.conn:execute(place[2](value)) end)
      if not ok and not (corm.is_error(result, "ArgumentError") or corm.is_error(result, "DataError")) then
        error(("%s: %q: %s"):format(place[1], value, tostring(result)), 0)
      end
      if ok and place[3] then assert.equal(value, result:scalar(), place[1]) elseif ok then result:close() end
      if not ok or i % 50 == 0 or place[1]:find "insert" then w.conn:rollback() end
    end
  end)

  it("name things, or are refused, in each place of a name", function()
    math.randomseed(seed)
    w.conn:execute(corm.insert(w.t):values { id = 7 })
    w.conn:commit()
    local places = name_places(w.t)
    for i = 1, count // 4 do
      local place, name = places[i % #places + 1], canary.string(math.random)
      if database.name == "mariadb" then name = name:match "^ *(.-) *$" end -- which strips them of blanks
      if name == "true" or name == "false" then name = name .. "_" end -- SQLite does not find them in a subquery
      local ok, result = pcall(function() return w.conn:execute(place[2](name)):all() end)
      if ok then
        assert.equal(7, result[1][1], place[1])
        if place[3] and #name < 60 then assert.equal(7, result[1][name], place[1]) end
      elseif not corm.is_error(result, "ArgumentError") and not result.message:find("utf8mb4", 1, true) then
        error(("%s: %q: %s"):format(place[1], name, tostring(result)), 0)
      end
      if not ok then w.conn:rollback() end
    end
  end)

  it("are no columns", function()
    for i = 1, count // 8 do
      local key = canary.string(math.random) .. i
      raises("CompileError", "no such column", function() corm.insert(w.t):values { [key] = 1 } end)
      raises("InvalidRequestError", "no column", function() select(w.t):filter_by { [key] = 1 } end)
      raises("ArgumentError", "unknown column", function() return w.t.c[key] end)
    end
  end)
end)

