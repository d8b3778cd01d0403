-- docs/errors.md has every class of corm.exc, with the parent and the code of the source, and SQLite's codes.
local corm = require "corm"
local page = require "spec.support.page"

-- Class -> { parent, code } as the page's tables say: | `Class` | code | `Parent` | ...
local function documented()
  local classes = {}
  for line in page.read("docs/errors.md"):gmatch "[^\n]+" do
    local name, code, parent = line:match "^| `([%w]+)` | (%d+) | `?([%w-]+)`? |"
    if name then
      assert(not classes[name], name .. " stands twice")
      classes[name] = { parent = parent, code = tonumber(code) }
    end
  end
  return classes
end

-- Identifier -> { name, parent } of the tree, identifier -> code.
local function source()
  local classes, codes = {}, {}
  for id, name, parent in page.read("src/base/error.h"):gmatch 'X%(([%u_]+), "(%w+)", ([%u_]+)%)' do
    classes[id] = { name = name, parent = parent }
  end
  for id, code in page.read("src/binding/b_error.c"):gmatch "%[CORM_E_([%u_]+)%] = (%d+)" do
    codes[id] = tonumber(code)
  end
  return classes, codes
end

describe("docs/errors.md", function()
  it("has each class of corm.exc, and no other", function()
    local known = documented()
    for name in pairs(corm.exc) do assert.is_not_nil(known[name], name .. " is not documented") end
    for name in pairs(known) do assert.equal(name, rawget(corm.exc, name)) end
  end)

  it("has the parents and codes of the source", function()
    local known, classes, codes = documented(), source()
    assert.equal("-", known.Error.parent)
    for id, class in pairs(classes) do
      local entry = known[class.name]
      assert.equal(codes[id], entry.code, class.name)
      if id ~= "ERROR" then assert.equal(classes[class.parent].name, entry.parent, class.name) end
    end
  end)

  it("gives each class a code of its own", function()
    local seen = {}
    for name, entry in pairs(documented()) do
      assert.is_nil(seen[entry.code], name)
      seen[entry.code] = name
    end
  end)

  it("shows the code that an error has", function()
    local _, err = pcall(corm.Column)
    assert.equal("corm-e" .. documented()[err.class].code, err.code)
  end)

  it("has each SQLite code that the driver knows", function()
    local text = page.read("docs/errors.md")
    for code in page.read("src/driver/sqlite_error.c"):gmatch "case (SQLITE_[%u_]+):" do
      local short = code:match "^SQLITE_CONSTRAINT(_ROWID)$"
      assert.is_truthy(text:find("`" .. (short or code) .. "`", 1, true), code)
    end
  end)

  it("names each field of an error", function()
    local text = page.read("docs/errors.md")
    for member in pairs(require("spec.support.stubs").classes().Error.members) do
      assert.is_truthy(text:find("`" .. member .. "`", 1, true) or text:find("err:" .. member .. "(", 1, true), member)
    end
  end)
end)
