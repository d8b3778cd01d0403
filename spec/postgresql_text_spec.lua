-- The texts that only PostgreSQL has.
local corm = require "corm"
local new_schema = require "spec.support.schema"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

local function literal(x)
  return sql.flat(x:compile({ dialect = "postgresql", compile_kwargs = { literal_binds = true } }).string)
end

describe("PostgreSQL:", function()
  local schema = new_schema()
  local function check(name, build, text)
    it(name, function()
      local x = build(corm, schema)
      if text then
        assert.equal(text, sql.of(x, "postgresql"))
      else
        raises("CompileError", nil, function() return sql.of(x, "postgresql") end)
      end
    end)
  end
  for _, group in ipairs(require "spec.sql.postgresql") do
    for _, case in ipairs(group) do check(table.unpack(case, 1, 3)) end
  end

  it("values as literals", function()
    local a = schema.author.c
    for value, text in pairs { [ [[a'b\]] ] = [['a''b\']], ["\n\"%"] = "'\n\"%'" } do
      assert.equal("author.name = " .. sql.flat(text), literal(a.name:eq(value)))
    end
    assert.equal("author.active = true", literal(a.active:eq(corm.bindparam("b", true))))
    assert.equal("author.born = '2026-11-22'", literal(a.born:eq(corm.date(2026, 11, 22))))
    assert.equal("'00112233-4455-6677-8899-aabbccddeeff'",
      literal(corm.literal(corm.uuid "00112233-4455-6677-8899-aabbccddeeff")))
    assert.equal("make_interval(secs=>86400.000005)",
      literal(corm.literal(corm.timedelta { days = 1, microseconds = 5 })))
    assert.equal([['\x00ff27'::BYTEA]], literal(corm.literal("\0\255'", corm.LargeBinary)))
    assert.equal("'Infinity'::FLOAT", literal(corm.literal(1 / 0)))
    assert.equal("ARRAY['it''s', NULL]::VARCHAR[]",
      (literal(corm.literal({ "it's", corm.null }, corm.ARRAY(corm.String))):gsub("null", "NULL")))
  end)
end)
