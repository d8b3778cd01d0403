-- A database is asked what it has, and tables and models are made of that. After the failure no half of a table is
-- there, the connection is back, and the same works.
local corm = require "corm"
for _ in pairs(corm) do end -- loads its files: what fails in that is files.lua's

local scenario = {}

function scenario.prepare()
  local engine = corm.create_engine("sqlite://")
  engine:begin(function(connection)
    for _, sql in ipairs {
      "CREATE TABLE city (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20) DEFAULT 'it''s' CHECK (name <> ','))",
      [[CREATE TABLE person (id INTEGER NOT NULL PRIMARY KEY, name TEXT COLLATE NOCASE, city_id INT,
        CONSTRAINT lives FOREIGN KEY (city_id) REFERENCES city (id) ON DELETE CASCADE, UNIQUE (name, city_id))]],
      "CREATE INDEX by_name ON person (lower(name) DESC, city_id) WHERE city_id > 0",
      "INSERT INTO city (id, name) VALUES (1, 'Rome')",
    } do connection:exec_driver_sql(sql) end
  end)
  return { engine = engine, metadata = corm.MetaData() }
end

local function reflect(state, metadata)
  local person = corm.Table("person", metadata, corm.Column("name", corm.Text, { key = "title" }),
    { autoload_with = state.engine })
  assert(#person.c == 3 and metadata.tables.city and person.foreign_keys[1].ondelete == "CASCADE")
  assert(#person.indexes == 1)
end

function scenario.run(state)
  reflect(state, state.metadata)
end

function scenario.check(state)
  for _, table_ in ipairs(state.metadata.tables) do
    assert(#table_.c == (table_.name == "city" and 2 or 3) and #table_.primary_key.columns == 1)
  end
  collectgarbage() -- where closing was what failed
  assert(state.engine.pool:checkedout() == 0)
  local metadata = corm.MetaData()
  reflect(state, metadata)
  state.engine:begin(function(connection)
    assert(connection:execute(corm.select(metadata.tables.city.c.name)):scalar() == "Rome")
  end)
  state.engine:dispose()
end

return scenario
