-- Selects of thousands of columns, wrapped in others: time grows with their number, not with its square.
local corm = require "corm"
local sql = require "spec.support.sql"

describe("a wide select", function()
  local N = 4000
  local t = corm.Table("t", corm.MetaData(), corm.Column("x", corm.Integer))
  local function wide(n)
    local columns = {}
    for i = 1, n do columns[i] = (t.c.x + i):label("l" .. i) end
    return corm.select(table.unpack(columns))
  end

  it("gives all its columns to a subquery, again and again", function()
    local inner = wide(N)
    local start = os.clock()
    for _ = 1, 3 do
      local from = inner:subquery()
      for i = 1, N do assert(from.c["l" .. i].key == "l" .. i) end
      local n = 0
      for _ in ipairs(from.c) do n = n + 1 end
      assert.equal(N, n)
      inner = corm.select(from)
      assert.equal(N, #inner.selected_columns)
    end
    assert.is_truthy(sql.of(inner):find("l4000", 1, true))
    assert.is_true(inner:compare(inner))
    assert.equal(N, #inner:reduce_columns().selected_columns)
    assert.is_true(os.clock() - start < 3, "it took " .. os.clock() - start .. " seconds")
  end)

  it("finds columns of one name by number, but a name first", function()
    local from = corm.select(t.c.x:label("a"), (t.c.x + 1):label("a"), (t.c.x + 2):label("a_1")):subquery("s")
    local function text(key) return sql.of(corm.select(from.c[key])):match "^SELECT (.-) FROM" end
    assert.equal("s.a", text "a")
    assert.equal("s.a_1", text "a_1")
    local counts = corm.select(corm.func.count(), corm.func.count(t.c.x)):subquery("s")
    assert.equal("s.count_1, s.count_2",
      sql.of(corm.select(counts.c.count, counts.c.count_2)):match "^SELECT (.-) FROM")
  end)

  it("keeps its columns alive", function()
    local column = wide(50):subquery("s").c.l7
    for _ = 1, 4 do collectgarbage() end
    for i = 1, 200 do local _ = wide(i % 20 + 1):subquery().c.l1 end
    assert.is_truthy(sql.of(corm.select(column)):find "^SELECT s.l7 FROM %(SELECT t.x %+ :x_1 AS l1")
  end)
end)
