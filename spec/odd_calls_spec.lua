-- Calls that nobody writes on purpose, found by the fuzz target of the binding (tools/fuzz): refused by an error of
-- corm, not by a crash or by one of Lua's.
local corm = require "corm"
local raises = require "spec.support.raises"

describe("an odd call:", function()
  it("a Column without a name in SQL", function()
    local nameless = corm.Column(corm.Integer)
    raises("CompileError", "a Column without a name", function() return nameless:compile() end)
    raises("CompileError", "a Column without a name", function() return corm.select(nameless):compile() end)
    raises("CompileError", "a Column without a name", function() return corm.select(nameless + 1):compile() end)
    raises("CompileError", "a Column without a name", function()
      return corm.select(corm.select(nameless:cast(corm.String)):order_by(nameless):subquery().c[1]):compile()
    end)
  end)

  it("a join to a function that is no FROM", function()
    local t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer))
    local f = corm.func.max(t.c.id)
    for _, method in ipairs { "join", "outerjoin" } do
      raises("NoForeignKeysError", "max", function()
        local stmt = corm.select(t.c.id)
        return stmt[method](stmt, f)
      end)
    end
    raises("NoForeignKeysError", "max", function() return corm.select(t.c.id):join_from(t, f) end)
  end)

  it("SQL of one's own that is no UTF-8", function()
    for _, text in ipairs { "\xff", "a\0b" } do
      raises("ArgumentError", "no UTF-8", corm.literal_column, text)
      raises("ArgumentError", "no UTF-8", corm.CheckConstraint, text)
      raises("ArgumentError", "no UTF-8", corm.DDL, text)
      raises("ArgumentError", "no UTF-8", corm.text, text)
      raises("ArgumentError", "no UTF-8", corm.Computed, text)
    end
  end)

  it("an Enum of a table with NaN", function()
    raises("ArgumentError", "Enum: ", corm.Enum, { a = 0 / 0 })
  end)
end)
