-- Statements against the text that SQLAlchemy gives for them: the generic dialect and SQLite.
local corm = require "corm"
local new_schema = require "spec.support.schema"
local sql = require "spec.support.sql"

for _, subject in ipairs { "expressions", "select", "dml" } do
  describe("golden " .. subject .. ":", function()
    local schema = new_schema()
    for _, case in ipairs(require("spec.sql." .. subject)) do
      local name, build, generic, params, sqlite = case[1], case[2], case[3], case[4], case[5]
      it(name, function()
        local x = build(corm, schema)
        assert.equal(generic, sql.of(x))
        assert.equal(sqlite or generic, sql.of(x, "sqlite"))
        assert.equal(sql.flat(tostring(x)), sql.of(x))
        if params then assert.same(params, x:compile().params) end
      end)
    end
  end)
end
