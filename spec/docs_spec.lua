-- The blocks of each page run in order, as one program, and print what stands behind "-->"; with another URL, too.
local database = require "spec.support.database"
local page = require "spec.support.page"

local pages = {
  "docs/sql.md",
  "docs/sql/compiling.md",
  "docs/sql/ctes.md",
  "docs/sql/joins.md",
  "docs/sql/subqueries.md",
  "docs/sql/upsert.md",
  "docs/sql/set-operations.md",
  "docs/tutorial.md",
  "docs/sql/constructs.md",
  "docs/sql/ddl.md",
  "docs/sql/expressions.md",
  "docs/sql/functions.md",
  "docs/sql/json-and-arrays.md",
  "docs/sql/reflection.md",
  "docs/sql/safety.md",
  "docs/sql/select.md",
  "docs/sql/tables.md",
  "docs/sql/text-and-parameters.md",
  "docs/sql/types.md",
  "docs/sql/writing.md",
}

for path in page.list("docs", "md") do
  if path:match "^docs/orm" then table.insert(pages, path) end
end

for _, path in ipairs(pages) do
  describe(path, function()
    it("prints what it promises", function()
      local code, promised = page.program(page.read(path))
      assert.is_true(#promised > 2)
      if database.name ~= "sqlite" then
        code = (code:gsub('"sqlite://"', ("%q"):format((database.url()))))
      end
      assert.same(promised, page.run(code, "@" .. path))
    end)
  end)
end
