-- The texts that only MySQL and MariaDB have.
local corm = require "corm"
local new_schema = require "spec.support.schema"
local raises = require "spec.support.raises"
local sql = require "spec.support.sql"

local function literal(x, dialect)
  return sql.flat(x:compile({ dialect = dialect, compile_kwargs = { literal_binds = true } }).string)
end

describe("MySQL and MariaDB:", function()
  local schema = new_schema()
  local function check(name, build, mysql, mariadb)
    it(name, function()
      for dialect, text in pairs { mysql = mysql, mariadb = mariadb == nil and mysql or mariadb } do
        local x = build(corm, schema)
        if text then
          assert.equal(dialect .. ": " .. text, dialect .. ": " .. sql.of(x, dialect))
        else
          raises("CompileError", dialect, function() return sql.of(x, dialect) end)
        end
      end
    end)
  end
  for _, group in ipairs(require "spec.sql.mysql") do
    for _, case in ipairs(group) do check(table.unpack(case, 1, 4)) end
  end

  it("VARCHAR without a length is refused in SQLAlchemy's words", function()
    local table = corm.Table("t", corm.MetaData(), corm.Column("x", corm.String))
    raises("CompileError", "(in table 't', column 'x'): VARCHAR requires a length on dialect mysql",
      function() return corm.CreateTable(table):compile { dialect = "mysql" } end)
  end)

  it("ARRAY is refused with what to take instead", function()
    local table = corm.Table("t", corm.MetaData(), corm.Column("x", corm.ARRAY(corm.Integer)))
    local err = raises("CompileError", "PostgreSQL", function()
      return corm.CreateTable(table):compile { dialect = "mariadb" }
    end)
    assert.is_truthy(err.message:find("JSON", 1, true))
  end)

  it("values as literals", function()
    local a = schema.author.c
    for value, text in pairs {
      [ [[a'b\]] ] = [['a''b\\']],
      ["\\' OR 1=1 -- "] = [['\\'' OR 1=1 -- ']],
      ["\n\"%"] = "'\n\"%'",
    } do
      assert.equal("author.name = " .. sql.flat(text), literal(a.name:eq(value), "mysql"))
    end
    assert.equal("author.active = true", literal(a.active:eq(corm.bindparam("b", true)), "mariadb"))
    assert.equal("author.born = '2026-11-22'", literal(a.born:eq(corm.date(2026, 11, 22)), "mariadb"))
    local uuid = corm.uuid "00112233-4455-6677-8899-aabbccddeeff"
    assert.equal("'00112233445566778899aabbccddeeff'", literal(corm.literal(uuid), "mysql"))
    assert.equal("'00112233-4455-6677-8899-aabbccddeeff'", literal(corm.literal(uuid), "mariadb"))
    assert.equal("'1970-01-02 00:00:00.000005'",
      literal(corm.literal(corm.timedelta { days = 1, microseconds = 5 }), "mysql"))
    assert.equal("X'00ff27'", literal(corm.literal("\0\255'", corm.LargeBinary), "mysql"))
    raises("DataError", "infinite", function() return literal(corm.literal(1 / 0), "mysql") end)
  end)

  it("raw text knows what a backslash does in quotes", function()
    local text = corm.text [[SELECT 'it\'s :a', :b]]
    assert.equal([[SELECT 'it\'s :a', 7]], literal(text:bindparams { b = 7 }, "mysql"))
  end)
end)
