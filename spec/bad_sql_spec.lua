-- Bad input to the language: an error of the right class that names the place, before anything is sent.
local corm = require "corm"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

local select, func = corm.select, corm.func

local metadata = corm.MetaData()
local t = corm.Table("t", metadata,
  corm.Column("id", corm.Integer, { primary_key = true }),
  corm.Column("name", corm.String(20)),
  corm.Column("doc", corm.JSON),
  corm.Column("tags", corm.ARRAY(corm.Integer)))
local u = corm.Table("u", metadata,
  corm.Column("id", corm.Integer, { primary_key = true }),
  corm.Column("t_id", corm.Integer, corm.ForeignKey("t.id")))
local alone = corm.Table("alone", metadata, corm.Column("id", corm.Integer, { primary_key = true }))

-- Each row: what is said, the class, a part of the message, and what is done.
local function refused(rows)
  for _, row in ipairs(rows) do
    local what, class, part, fn = table.unpack(row)
    it(what, function() raises(class, part, fn) end)
  end
end

describe("a label", function()
  refused {
    { "with a NUL", "IdentifierError", "control character 0x00", function() return t.c.id:label("a\0b") end },
    { "with a line end", "IdentifierError", "control character", function() return t.c.id:label("a\nb") end },
    { "of 300 bytes", "IdentifierError", "300 bytes", function() return t.c.id:label(("x"):rep(300)) end },
    { "without a character", "IdentifierError", "empty", function() return t.c.id:label("") end },
    { "of broken UTF-8", "IdentifierError", "UTF-8", function() return t.c.id:label("\xff") end },
    { "that is a number", "ArgumentError", "a name expected", function() return t.c.id:label(5) end },
  }

  it("with quotes is a label", function()
    for _, name in ipairs { 'a"b', "a'b", "a`b" } do
      local shown = '"' .. name:gsub('"', '""') .. '"'
      assert.is_truthy(tostring(select(t.c.id:label(name))):find(shown, 1, true))
    end
  end)
end)

describe("limit and offset", function()
  for _, method in ipairs { "limit", "offset" } do
    for _, bad in ipairs { -1, 2.5, 0 / 0, 1 / 0, 2.0 ^ 63, "1; drop", "5", true, {} } do
      it(("%s(%s)"):format(method, type(bad) == "table" and "a table" or tostring(bad)), function()
        raises("ArgumentError", method, function() return select(t)[method](select(t), bad) end)
      end)
    end
  end
end)

describe("text where SQL is needed", function()
  local function text(what, fn) return { what, "ArgumentError", "string", fn } end
  refused {
    text("where", function() select(t):where("id = 1") end),
    text("having", function() select(t):having("count(*) > 1") end),
    text("an ON clause", function() select(t):join(u, "t.id = u.t_id") end),
    text("a table to join", function() select(t):join("u") end),
    text("select_from", function() select(t):select_from("u") end),
    text("a column", function() select("id") end),
    text("and_", function() corm.and_("id = 1") end),
    text("or_", function() corm.or_(t.c.id:eq(1), "id = 1") end),
    text("not_", function() corm.not_("id = 1") end),
    text("a condition of case", function() corm.case({ "id = 1", 2 }) end),
    text("exists", function() corm.exists("select 1") end),
    text("filter of an aggregate", function() func.count(t.c.id):filter("id > 1") end),
    text("the order of a window", function() func.count(t.c.id):over { order_by = "id desc" } end),
    text("the parts of a window", function() func.count(t.c.id):over { partition_by = "id" } end),
    text("where of update", function() t:update():where("1 = 1") end),
    text("where of delete", function() t:delete():where("1 = 1") end),
    text("returning", function() t:insert():returning("id") end),
    text("values", function() t:insert():values("id = 1") end),
    text("distinct", function() select(t.c.id):distinct("id") end),
  }
end)

describe("a select", function()
  refused {
    { "is no FROM", "ArgumentError", ":subquery()", function() select(t):select_from(select(u.c.id)) end },
    { "is not joined", "ArgumentError", ":subquery()", function() select(t):join(select(u.c.id)) end },
    { "a table is no value", "ArgumentError", "a FROM clause", function() return t.c.id:eq(u) end },
    { "an INSERT is no value", "ArgumentError", "a statement", function() return t.c.id:eq(t:insert()) end },
    { "has nothing that joins", "NoForeignKeysError", "'t' and 'alone'", function() select(t):join(alone) end },
    { "has aggregates in aggregates", "CompileError", "count() stands inside", function()
      select(func.sum(func.count(t.c.id))):compile { dialect = "sqlite" }
    end },
  }
end)

describe("operators", function()
  local exists, one = corm.exists():where(t.c.id:eq(1)), select(u.c.id)
  local function minus(what, fn) return { what, "ArgumentError", "a condition has no minus", fn } end
  refused {
    minus("minus of EXISTS", function() return -exists end),
    minus("minus of NOT EXISTS", function() return -~exists end),
    minus("minus of a comparison", function() return -t.c.id:eq(1) end),
    minus("neg of AND", function() return corm.and_(t.c.id:eq(1), exists):neg() end),
    { "of a table", "ArgumentError", "a Table has no operator '+'; a column of it has", function() return t + 1 end },
    { "minus of a table", "ArgumentError", "a Table has no operator '-'", function() return -t end },
    { "of an alias", "ArgumentError", "a FROM clause has no operator '*'", function() return 2 * t:alias() end },
    { "of a CTE", "ArgumentError", "a FROM clause has no operator '<'", function() return one:cte() < 1 end },
    { "~ of a subquery", "ArgumentError", "a FROM clause has no operator '~'", function() return ~one:subquery() end },
    { "of a table beside a column", "ArgumentError", "got a FROM clause", function() return t + t.c.id end },
    { "of a column beside a CTE", "ArgumentError", "got a FROM clause", function() return t.c.id % one:cte() end },
    { "& of a table", "ArgumentError", "got a FROM clause", function() return t & t.c.id:eq(1) end },
    { "of a select", "ArgumentError", "as a value it has: select(", function() return one - 1 end },
    { ".. of a union", "ArgumentError", "has no operator '..'", function() return "x" .. one:union(one) end },
    { "~ of a select", "ArgumentError", "has no operator '~'", function() return ~one end },
    { "of an insert", "ArgumentError", "a statement has no operator '/'", function() return t:insert() / 2 end },
    { "of text", "ArgumentError", "corm.literal_column(", function() return corm.text("a OR b") + 1 end },
  }

  it("of a select beside an expression take its value", function()
    assert.equal("(SELECT u.id FROM u) + t.id", sql.of(one + t.c.id))
    assert.equal("t.id * (SELECT u.id FROM u)", sql.of(t.c.id * one))
    assert.equal("t.id = :id_1 AND (SELECT u.id FROM u)", sql.of(corm.and_(t.c.id:eq(1), one)))
    assert.equal("(SELECT u.id FROM u) OR t.id = :id_1", sql.of(one | t.c.id:eq(1)))
    assert.equal("a AND b", sql.of(corm.text("a") & corm.text("b")))
  end)
end)

describe("a select of several columns as one value", function()
  local two, all = select(u.c.id, u.c.t_id), select(u)
  local function several(what, fn) return { what, "ArgumentError", "a select of 2 columns", fn } end
  refused {
    several("compared", function() return t.c.id:eq(two) end),
    several("compared, of all columns", function() return t.c.id:eq(all) end),
    several("of a union", function() return t.c.id:eq(two:union(two)) end),
    several("in IN", function() return t.c.id:in_(two) end),
    several("added", function() return t.c.id + two end),
    several("between", function() return t.c.id:between(two, 5) end),
    several("an argument", function() return func.coalesce(two, 1) end),
    several("a result of case", function() return corm.case({ t.c.id:eq(1), two }) end),
    several("a value of insert", function() return t:insert():values { id = two } end),
    several("a value of update", function() return t:update():values { id = two } end),
    several("a condition", function() return select(t):where(two) end),
    several("labelled", function() return two:label("x") end),
    several("among the columns", function() return select(t.c.id, two) end),
    several("in RETURNING", function() return t:insert():returning(two) end),
    several("as a row of values", function() return corm.values("a"):data { { two } } end),
    several("a member of a tuple", function() return corm.tuple_(t.c.id, two) end),
  }

  -- The same that says itself to be one value.
  local value = two:scalar_subquery()
  refused {
    several("a scalar subquery compared", function() return t.c.id:eq(value) end),
    several("a scalar subquery that compares", function() return value:eq(1) end),
    several("a scalar subquery left of IN", function() return value:in_ { 1, 2 } end),
    several("a scalar subquery in IN", function() return t.c.id:not_in(value) end),
    several("a scalar subquery among items of IN", function() return t.c.id:in_ { 1, value } end),
    several("a scalar subquery added", function() return value + 1 end),
    several("a scalar subquery negated", function() return -value end),
    several("a scalar subquery in case", function() return corm.case({ 1, 2 }, { value = value }) end),
    several("a scalar subquery as ELSE", function() return corm.case({ t.c.id:eq(1), 2 }, { else_ = value }) end),
    several("a scalar subquery as an argument", function() return func.coalesce(value, 1) end),
    several("a scalar subquery in ORDER BY", function() return select(t):order_by(value:desc()) end),
    several("a scalar subquery in GROUP BY", function() return select(t):group_by(value) end),
    several("a scalar subquery as a limit", function() return select(t):limit(value) end),
    several("a scalar subquery in OVER", function() return func.sum(t.c.id):over { partition_by = value } end),
    several("a scalar subquery cast", function() return corm.cast(value, corm.Integer) end),
    several("a scalar subquery in any_", function() return t.c.id:eq(corm.any_(value)) end),
    several("a scalar subquery among the columns", function() return select(value) end),
    several("a scalar subquery in RETURNING", function() return t:delete():returning(value) end),
    several("a scalar subquery in insert", function() return t:insert():values { { id = value } } end),
    several("a scalar subquery in update", function() return t:update():ordered_values({ t.c.id, value }) end),
    several("a scalar subquery in an upsert", function()
      return t:insert():values { id = 1 }:on_conflict_do_update { index_elements = { "id" }, set_ = { id = value } }
    end),
    several("a scalar subquery as a default", function()
      return corm.Column("x", corm.Integer, { default = value })
    end),
    several("a scalar subquery as a condition", function() return select(t):join(u, value) end),
  }

  it("is a row beside a tuple, and may exist", function()
    local row = corm.tuple_(t.c.id, t.c.id)
    assert.equal("(t.id, t.id) = (SELECT u.id, u.t_id FROM u)", sql.of(row:eq(two)))
    assert.equal("(t.id, t.id) IN (SELECT u.id, u.t_id FROM u)", sql.of(row:in_(two)))
    assert.equal("(t.id, t.id) IN (SELECT u.id, u.t_id FROM u)", sql.of(row:in_(value)))
    assert.equal("EXISTS (SELECT u.id, u.t_id FROM u)", sql.of(two:exists()))
    assert.equal("EXISTS (SELECT u.id, u.t_id FROM u)", sql.of(corm.exists(value)))
  end)
end)

describe("values", function()
  refused {
    { "of a column that the table has not", "CompileError", "did you mean 'name'?", function()
      t:insert():values { nmae = 1 }
    end },
    { "of another table's column", "CompileError", "'id' is not in table 't'", function()
      t:insert():values { [u.c.id] = 1 }
    end },
    { "of another table's column in update", "CompileError", "an UPDATE of 't' cannot set 'u.id', too", function()
      t:update():values { [u.c.id] = 1 }:compile { dialect = "sqlite" }
    end },
    { "of rows of different shapes", "CompileError", "row 2 lacks a value for column 't.id'", function()
      t:insert():values { { id = 1 }, { name = "x" } }
    end },
    { "that are too many", "ArgumentError", "values", function() t:insert():values { 1, "a", {}, {}, 5 } end },
  }
end)

-- What one database has is a CompileError elsewhere, which says what to write instead.
local lacking = {
  { "DISTINCT ON", function() return select(t.c.id):distinct(t.c.name) end,
    { sqlite = "row_number()", mysql = "row_number()", mariadb = "row_number()" } },
  { "ANY of a subquery", function() return t.c.id:eq(corm.any_(select(u.c.id))) end, { sqlite = "in_(subquery)" } },
  { "FILTER", function() return func.count(t.c.id):filter(t.c.id:gt(1)) end,
    { mysql = "corm.case", mariadb = "corm.case" } },
  { "WITHIN GROUP", function() return func.percentile_cont(0.5):within_group(t.c.id) end,
    { sqlite = "row_number()", mysql = "row_number()", mariadb = ":over" } },
  { "FETCH", function() return select(t):fetch(5) end, { sqlite = "limit()", mysql = "limit()" } },
  { "FULL OUTER JOIN", function() return select(t.c.id):join(u, t.c.id:eq(u.c.t_id), { full = true }) end,
    { mysql = "union_all()", mariadb = "not_(exists())" } },
  { "BETWEEN SYMMETRIC", function() return t.c.id:between(1, 2, { symmetric = true }) end,
    { sqlite = "or_(", mysql = "or_(", mariadb = "or_(" } },
  { "NULLS FIRST", function() return t.c.id:nulls_first() end, { mysql = "is_(nil)", mariadb = "is_(nil)" } },
  { "TRY_CAST", function() return corm.try_cast(t.c.id, corm.Integer) end,
    { sqlite = "case()", postgresql = "case()", mysql = "case()", mariadb = "case()" } },
  { "ROLLUP", function() return func.rollup(t.c.id) end, { sqlite = "union_all" } },
  { "regexp_replace", function() return t.c.name:regexp_replace("x", "y") end, { sqlite = "func.replace()" } },
  { "a key of JSONB", function() return t.c.doc:has_key("x") end,
    { sqlite = 'column["key"]', mysql = 'column["key"]', mariadb = 'column["key"]' } },
  { "a slice of an array", function() return t.c.tags:slice(1, 2) end,
    { sqlite = "JSON", mysql = "JSON", mariadb = "JSON" } },
  { "a cast to an array", function() return corm.cast(t.c.id, corm.ARRAY(corm.Integer)) end,
    { sqlite = "JSON", mysql = "JSON", mariadb = "JSON" } },
  { "a table with an array", function() return corm.CreateTable(t) end,
    { sqlite = "JSON", mysql = "JSON", mariadb = "JSON" } },
  { "UPDATE ... RETURNING", function() return t:update():values { id = 1 }:returning(t.c.id) end,
    { mysql = "RETURNING", mariadb = "RETURNING" } },
}

describe("what a database lacks:", function()
  for _, row in ipairs(lacking) do
    local what, make, parts = table.unpack(row)
    for _, dialect in ipairs { "sqlite", "postgresql", "mysql", "mariadb" } do
      it(what .. " on " .. dialect, function()
        local x = make()
        if parts[dialect] then
          local ok, err = pcall(function() return x:compile { dialect = dialect } end)
          assert.is_false(ok)
          assert.is_true(err:is("CompileError"), tostring(err))
          assert.is_truthy(err.message:find(parts[dialect], 1, true), err.message)
          assert.is_truthy(err.message:find(dialect, 1, true), err.message)
        else
          assert.is_string(x:compile({ dialect = dialect }).string)
        end
        if what ~= "a table with an array" then assert.is_string(tostring(x)) end -- an expression can be looked at
      end)
    end
  end
end)
