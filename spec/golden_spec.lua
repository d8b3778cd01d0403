-- Statements against the text that SQLAlchemy gives for them: the generic dialect and each database's.
local corm = require "corm"
local raises = require "spec.support.raises"
local new_schema = require "spec.support.schema"
local sql = require "spec.support.sql"

-- A dialect, and the one whose text it has where it has none of its own; the generic text is the last resort.
local dialects = { { "sqlite" }, { "postgresql" }, { "mysql" }, { "mariadb", "mysql" } }

-- false: the dialect refuses it.
local function text_for(case, dialect)
  for _, name in ipairs(dialect) do
    if case[name] ~= nil then return case[name] end
  end
  return case[3]
end

for _, subject in ipairs { "expressions", "select", "dml" } do
  describe("golden " .. subject .. ":", function()
    local schema = new_schema()
    for _, case in ipairs(require("spec.sql." .. subject)) do
      local name, build, generic, params = table.unpack(case, 1, 4)
      it(name, function()
        local x = build(corm, schema)
        assert.equal(generic, sql.of(x))
        assert.equal(sql.flat(tostring(x)), sql.of(x))
        if params then assert.same(params, x:compile().params) end
        for _, dialect in ipairs(dialects) do
          local text = text_for(case, dialect)
          if text then
            assert.equal(dialect[1] .. ": " .. text, dialect[1] .. ": " .. sql.of(x, dialect[1]))
          else
            raises("CompileError", dialect[1], function() return sql.of(x, dialect[1]) end)
          end
        end
      end)
    end
  end)
end
