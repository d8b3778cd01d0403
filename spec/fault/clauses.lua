-- The clauses that few selects have, and what a select says of itself.

local corm = require "corm"
local func, select, text = corm.func, corm.select, corm.text

local scenario = {}

function scenario.prepare()
  local metadata = corm.MetaData()
  local item = corm.Table("item", metadata,
    corm.Column("id", corm.Integer, { primary_key = true }), corm.Column("name", corm.String(20)))
  local part = corm.Table("part", metadata,
    corm.Column("id", corm.Integer, { primary_key = true }), corm.Column("item_id", corm.ForeignKey("item.id")))
  local engine = corm.create_engine "sqlite://"
  metadata:create_all(engine)
  local connection = engine:connect()
  connection:execute(corm.insert(item):values { { id = 1, name = "a" }, { id = 2, name = "b" } })
  local wide = corm.Table("wide", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }))
  for i = 1, 60 do wide:append_column(corm.Column("c" .. i, corm.Integer)) end
  return { connection = connection, item = item, part = part, wide = wide, done = false,
    kept = select(item.c.id):order_by(item.c.id) }
end

local function shown(stmt, dialect, words)
  local sql = stmt:compile({ dialect = dialect, literal_binds = true }).string
  assert(sql:find(words, 1, true), sql)
end

local function clauses(state)
  local t, u = state.item.c, state.part.c
  local joined = select(t.id, u.id, t.id):join(state.part)
  shown(joined:with_for_update { of = { state.item, u.id }, nowait = true }, "postgresql",
    "FOR UPDATE OF item, part NOWAIT")
  shown(state.kept:offset(func.length "a"):slice(2, 4), "sqlite", "LIMIT 2 OFFSET length('a') + 2")
  shown(state.kept:fetch(2, { with_ties = true }):offset(1), "postgresql", "FETCH FIRST (2) ROWS WITH TIES")
  shown(state.kept:distinct(t.name):distinct(func.lower(t.name)), "postgresql",
    "DISTINCT ON (item.name, lower(item.name))")
  shown(state.kept:prefix_with(text "A", text "B", { dialect = "mysql" }):with_hint(state.item, text "USE INDEX (i)")
    :with_statement_hint(text "C"):suffix_with(text "D"), "mysql", "A B item.id")
  shown(select(t.id:label "n"):order_by(corm.nulls_last(corm.desc "n")), "sqlite", "ORDER BY n DESC NULLS LAST")
end

-- Enough conditions that one of them needs the arena's next block.
local function upserts(state)
  local set = {}
  for i, column in ipairs(state.wide.c) do
    if i > 1 then set[column.key] = column:eq(nil):and_(column:ne(1)) end
  end
  local insert = corm.insert(state.wide):values { id = 1 }
  shown(insert:prefix_with(text "A", text "B"):prefix_with(text "C", { dialect = "sqlite" }), "sqlite",
    "INSERT A B C INTO wide")
  shown(insert:return_defaults(state.wide.c.c1, { supplemental_cols = { func.abs(state.wide.c.c2) } }), "postgresql",
    "RETURNING wide.c1, abs(wide.c2)")
  local made = state.connection:execute(corm.insert(state.item):prefix_with(text "OR REPLACE")
    :values({ name = func.lower(corm.bindparam "n") }):return_defaults(), { { id = 1, n = "A" }, { id = 2, n = "B" } })
  assert(#made.inserted_primary_key_rows == 2 and made.returned_defaults_rows[2].name == "b")
  shown(corm.delete(state.item):with_dialect_options { mysql_limit = 2, mariadb_limit = 3 }, "mysql", "LIMIT 2")
  shown(insert:on_conflict_do_update { index_elements = { "id" }, set_ = set }, "sqlite",
    "ON CONFLICT (id) DO UPDATE SET c1 = (wide.c1 IS NULL AND wide.c1 != 1), c2 = ")
  shown(insert:on_duplicate_key_update(set), "mysql", "ON DUPLICATE KEY UPDATE c1 = (wide.c1 IS NULL AND")
end

local function labels(state)
  local t, u = state.item.c, state.part.c
  local both = select(state.item, u.id, func.count(), text "x"):where(t.id:eq(1))
  assert(#both.selected_columns == 4 and both.selected_columns.id_1 and tostring(both.whereclause) == "item.id = :id_1")
  assert(#both.column_descriptions == 4 and #both.froms == 2 and #both.columns_clause_froms == 2)
  local q = select(t.id, u.id):set_label_style(corm.LABEL_STYLE_TABLENAME_PLUS_COL):subquery "q"
  assert(#q.c == 2 and q.c[2].key == "part_id" and q.c.item_id)
  local row = state.connection:execute(state.kept:limit(1):set_label_style(corm.LABEL_STYLE_NONE)):one()
  assert(row[t.id] == 1 and row.id == 1)
end

-- Rows of values wherever they stand, and more FROMs than are looked at one by one.
local function rows(state)
  local t = state.item.c
  local v = corm.values(corm.column("n", corm.Integer)):data { { 1 }, { 2 } }
  local x = v:cte("x"):prefix_with(text "A", text "B", { dialect = "sqlite" })
  shown(select(x:alias("y").c.n), "sqlite", "WITH x(n) AS A B")
  shown(select(t.id):where(t.id:in_(v), t.id:not_in(v:scalar_values())), "sqlite", "IN (VALUES (1), (2))")
  shown(select(v:lateral("l")), "postgresql", "LATERAL (VALUES (1), (2)) AS l (n)")
  local many = {}
  for i = 1, 36 do many[i] = state.item:alias("a" .. i).c.id end
  shown(select(table.unpack(many)):where(corm.and_(select(t.id), many[1]:eq(many[2]))), "sqlite", "item AS a36")
end

-- Values that the text waits for, which a type of the script's own changes.
local function late(state)
  local shifted = corm.TypeDecorator { impl = corm.Integer,
    process_bind_param = function(_, value, dialect) return value + #dialect.name - 6 end }
  local ids = corm.bindparam("ids", { expanding = true, type_ = shifted })
  local one = corm.bindparam("one", { callable_ = function() return ("a"):rep(1) end, literal_execute = true })
  local t = state.item.c
  local stmt = select(t.id):where(t.id:in_(ids), t.name:eq(one))
  local found = state.connection:execute(stmt, { ids = { 1, 2, 3 } }):all()
  assert(#found == 1 and found[1].id == 1)
end

function scenario.run(state)
  late(state)
  rows(state)
  clauses(state)
  upserts(state)
  labels(state)
  state.done = true
end

function scenario.check(state, ok)
  assert(state.done == ok)
  for _ = 1, 2 do
    assert(#state.connection:scalars(state.kept):all() == 2)
    collectgarbage()
  end
  state.connection:close()
end

return scenario
