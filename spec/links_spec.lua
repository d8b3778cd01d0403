-- Links between the pages: each relative one points at a file, and at a heading of it where it names one.
local page = require "spec.support.page"

local function pages()
  local list = {}
  local find = assert(io.popen("find README.md CHANGELOG.md docs -name '*.md' | sort"))
  for path in find:lines() do table.insert(list, path) end
  find:close()
  return list
end

-- The text without blocks of code, in which brackets mean something else.
local function prose(text)
  return (("\n" .. text):gsub("\n```.-\n```", "\n"))
end

-- "What a select says of itself" -> "what-a-select-says-of-itself"; of several equal ones the second is "...-1".
local function anchors(text)
  local seen, found = {}, {}
  for heading in prose(text):gmatch "\n#+ ([^\n]+)" do
    local anchor = heading:gsub("%[(.-)%]%(.-%)", "%1"):lower():gsub("[^%w%- _\x80-\xff]", ""):gsub(" ", "-")
    local number = seen[anchor]
    seen[anchor] = (number or 0) + 1
    found[number and anchor .. "-" .. number or anchor] = true
  end
  return found
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- "docs/sql", "../errors.md" -> "docs/errors.md"
local function join(folder, target)
  local parts = {}
  for part in (folder .. "/" .. target):gmatch "[^/]+" do
    if part == ".." then
      assert(table.remove(parts), target)
    elseif part ~= "." then
      table.insert(parts, part)
    end
  end
  return table.concat(parts, "/")
end

local function each_link(path, fn)
  local text = prose(page.read(path)):gsub("`[^`\n]*`", "")
  for target in text:gmatch "%]%(([^)%s]+)%)" do
    if not target:find "^%a+:" then fn(target) end
  end
end

describe("a link", function()
  it("of a page points at something", function()
    local broken, count = {}, 0
    for _, path in ipairs(pages()) do
      each_link(path, function(target)
        local file, anchor = target:match "^([^#]*)#?(.*)$"
        local full = file == "" and path or join(path:match "^(.*)/" or ".", file)
        count = count + 1
        if not exists(full) then
          table.insert(broken, path .. ": " .. target)
        elseif anchor ~= "" and not anchors(page.read(full))[anchor] then
          table.insert(broken, path .. ": " .. target .. " (no such heading)")
        end
      end)
    end
    assert.same({}, broken)
    assert.is_true(count > 50, count)
  end)

  it("leads from docs/sql.md to each page of the language", function()
    local linked, missing = {}, {}
    each_link("docs/sql.md", function(target) linked[join("docs", target:gsub("#.*", ""))] = true end)
    for _, path in ipairs(pages()) do
      if path:find "^docs/sql/" and not linked[path] then table.insert(missing, path) end
    end
    assert.same({}, missing)
  end)
end)
