-- Finalizers of the script's that use classes and statements while these are garbage, too, or after corm's own at the
-- end of the program: everything works until the state's end, or is refused, and nothing crashes.
local run_script = require "spec.support.script"

-- What a script prints.
local function run(script)
  local output, ended = run_script(script)
  assert.is_true(ended, output)
  return output
end

local report = [[
local function report(calls)
  for _, call in ipairs(calls) do
    local ok, result = pcall(call)
    print(ok and (tostring(result):gsub("%s+", " ")) or tostring(result.class or result):match "%a+Error")
  end
end
]]

local models = [[
local Base = corm.declarative_base()
local Author = Base:model("Author", { __tablename__ = "author", id = corm.Column(corm.Integer, { primary_key = true }),
  name = corm.Column(corm.Text), books = corm.relationship("Book") })
local Book = Base:model("Book", { __tablename__ = "book", id = corm.Column(corm.Integer, { primary_key = true }),
  author_id = corm.Column(corm.Integer, corm.ForeignKey "author.id") })
]]

describe("a finalizer of the script's", function()
  it("that runs after those of classes finds classes, tables and statements, but no objects", function()
    assert.equal([[
author.name
SELECT author.id FROM author JOIN book ON author.id = book.author_id
SELECT author_1.id, author_1.name FROM author AS author_1
SELECT author.id, author.name FROM author WHERE EXISTS (SELECT 1 FROM book WHERE author.id = book.author_id)
name
author.id
InvalidRequestError
ArgumentError
ArgumentError
]], run("local corm = require 'corm'\n" .. report .. [[
local use
keep = setmetatable({}, { __gc = function() use() end })
]] .. models .. [[
local author, statement = Author { name = "a" }, corm.select(Author.id):join(Author.books)
local aliased = corm.select(corm.aliased(Author))
function use()
  report {
    function() return Author.name end,
    function() return statement end,
    function() return aliased end,
    function() return corm.select(Author):where(Author.books:any()) end,
    function() return corm.inspect(Author).columns[2] end,
    function() return Author.__table__.c.id end,
    function() return Author { name = "x" } end,
    function() return author.name end,
    function() author.name = "y" end,
  }
end
]]))
  end)

  it("that runs after the module's own is refused", function()
    assert.equal([[
ArgumentError
ArgumentError
InvalidRequestError
ArgumentError
ArgumentError
1.50
]], run(report .. [[
local use
keep = setmetatable({}, { __gc = function() use() end })
local corm = require "corm"
]] .. models .. [[
local author, value = Author { name = "a" }, corm.decimal "1.50"
function use()
  report {
    function() return Author.name:eq(1) end,
    function() return corm.select(Author) end,
    function() return Author { name = "x" } end,
    function() return author.name end,
    function() return Author.__table__.c.id end,
    function() return value end,
  }
end
]]))
  end)

  it("in the same garbage works, and may bring back what it uses", function()
    assert.equal([[
SELECT a.id, b.x FROM a JOIN b ON a.id = b.id
SELECT a.id, b.x FROM a JOIN b ON a.id = b.id
SELECT
true
]], run([[
local corm = require "corm"
local kept
local known = setmetatable({}, { __mode = "k" })
local function cluster(n, before)
  local holder
  local function hold()
    holder = setmetatable({}, { __gc = function(self)
      print((tostring(self.statement):gsub("%s+", " ")))
      if n == 2 then kept = self.statement end
    end })
  end
  if before then hold() end
  local Base = corm.declarative_base()
  local A = Base:model("A", { __tablename__ = "a", id = corm.Column(corm.Integer, { primary_key = true }) })
  local B = A:model("B", { __tablename__ = "b",
    id = corm.Column(corm.Integer, corm.ForeignKey "a.id", { primary_key = true }), x = corm.Column(corm.Integer) })
  if not before then hold() end
  holder.statement = corm.select(B)
  known[B] = true
end
cluster(1, true)
cluster(2, false)
for _ = 1, 5 do collectgarbage() end
print(tostring(kept):sub(1, 6))
kept = nil
for _ = 1, 5 do collectgarbage() end
print(next(known) == nil)
]]))
  end)

  it("may call those of tables by hand", function()
    assert.equal("true\nauthor.name\n", run("local corm = require 'corm'\n" .. models .. [[
local finalize = debug.getmetatable(Author.__table__).__gc
finalize(Author.__table__)
finalize(Author.__table__)
collectgarbage()
print(Author.__table__.c.name ~= nil)
print(Author.name)
]]))
  end)
end)
