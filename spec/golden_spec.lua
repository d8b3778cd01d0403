-- Statements against the text that SQLAlchemy gives for them: the generic dialect and each database's.
local corm = require "corm"
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

-- `dialect` has no name for the generic one.
local function check(x, case, dialect)
  local name, text = dialect[1] or "generic", text_for(case, dialect)
  if text then
    assert.equal(name .. ": " .. text, name .. ": " .. sql.of(x, dialect[1], case.literal))
  else
    local ok, err = pcall(sql.of, x, dialect[1], case.literal)
    assert.is_false(ok, name .. ": refused")
    assert.is_true(err:is("CompileError"), tostring(err))
    assert.is_truthy(err.message:find(dialect[1] or "", 1, true), err.message)
  end
end

for _, subject in ipairs(require "spec.sql") do
  local schema = new_schema()
  for _, group in ipairs(require("spec.sql." .. subject)) do
    describe("golden " .. subject .. " " .. group.id .. ":", function()
      for _, case in ipairs(group) do
        local name, build, generic, params = table.unpack(case, 1, 4)
        it(name, function()
          local x = build(corm, schema)
          check(x, case, {})
          if generic and not case.literal then assert.equal(sql.of(x), sql.flat(tostring(x))) end
          if params then assert.same(params, x:compile().params) end
          for _, dialect in ipairs(dialects) do check(x, case, dialect) end
        end)
      end
    end)
  end
end
