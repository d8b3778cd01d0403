-- What `require "corm"` costs: a file of the Lua half is compiled when something of it is needed for the first time.
-- Nobody is to notice but by the time it takes (docs/decisions/0021-files-when-they-are-needed.md); client libraries
-- are loaded with the first connection (docs/decisions/0022-client-libraries.md).
local run = require "spec.support.script"

local function output_of(script) return (run(script)) end

-- Prints the files that are run meanwhile, in order of their names.
local watching = [[
local files = {}
local function show()
  debug.sethook()
  table.sort(files)
  print(table.concat(files, " "))
end
debug.sethook(function()
  local info = debug.getinfo(2, "S")
  local name = info.what == "main" and info.source:match "^=corm%.(.*)"
  files[#files + 1] = name or nil
end, "c")
]]

-- The loader of the files.
local loader = [[
local corm = require "corm"
local function upvalue(fn, wanted)
  for i = 1, 255 do
    local name, value = debug.getupvalue(fn, i)
    if name == wanted then return value end
  end
end
local find = getmetatable(upvalue(upvalue(getmetatable(corm).__index, "take"), "own")).__index
local load, homes = upvalue(find, "load"), upvalue(find, "homes")
]]

local function files()
  local list = {}
  for path in io.popen("ls lua/corm/*.lua"):lines() do list[#list + 1] = path:match "([%w_]+)%.lua$" end
  assert(#list > 30)
  return list
end

describe("require", function()
  it("runs the files that know where all else is, and no other", function()
    assert.same("contents orm\n", output_of(watching .. 'require "corm"\nshow()'))
  end)

  it("leaves a program that has no models without those of the ORM", function()
    assert.same("contents orm\n", output_of(watching .. [[
      local corm = require "corm"
      local metadata = corm.MetaData()
      local item = corm.Table("item", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
        corm.Column("name", corm.String))
      local engine = corm.create_engine "sqlite://"
      metadata:create_all(engine)
      engine:begin(function(connection)
        connection:execute(corm.insert(item):values { name = "a" })
        assert(connection:execute(corm.select(item.c.name):where(item.c.id:eq(1))):scalar() == "a")
      end)
      show()]]))
  end)

  it("lets a program with plain models pay for these", function()
    assert.same("constructor contents declaration declarative declared descriptor listeners orm\n",
      output_of(watching .. [[
      local corm = require "corm"
      local Base = corm.declarative_base()
      local User = Base:model("User", {
        __tablename__ = "user", id = corm.Column(corm.Integer, { primary_key = true }), name = corm.Column(corm.String),
      })
      local engine = corm.create_engine "sqlite://"
      Base.metadata:create_all(engine)
      local session = corm.sessionmaker { bind = engine }()
      session:add(User { name = "a" })
      session:commit()
      assert(session:query(User):filter_by { name = "a" }:one().id == 1)
      show()]]))
  end)

  it("adds those of relationships when there are some", function()
    assert.same("constructor contents declaration declarative declared descriptor listeners orm relationship\n",
      output_of(watching .. [[
      local corm = require "corm"
      local Base = corm.declarative_base()
      local function key() return corm.Column(corm.Integer, { primary_key = true }) end
      local Shelf = Base:model("Shelf", {
        __tablename__ = "shelf", id = key(), books = corm.relationship("Book", { back_populates = "shelf" }) })
      local Book = Base:model("Book", {
        __tablename__ = "book", id = key(), shelf_id = corm.Column(corm.ForeignKey "shelf.id"),
        shelf = corm.relationship("Shelf", { back_populates = "books" }) })
      local engine = corm.create_engine "sqlite://"
      Base.metadata:create_all(engine)
      local session = corm.Session { bind = engine }
      session:add(Shelf { books = { Book {}, Book {} } })
      session:commit()
      local found = session:scalars(corm.select(Shelf):options(corm.selectinload(Shelf.books))):one()
      assert(#found.books == 2 and found.books[1].shelf == found)
      show()]]))
  end)
end)

describe("a program that uses SQLite", function()
  it("loads no client library of another database", function()
    local maps = io.open "/proc/self/maps"
    if not maps then return pending "/proc is not there" end
    maps:close()
    assert.same("done\n", output_of [[
      local corm = require "corm"
      local engine = corm.create_engine "sqlite://"
      assert(engine:begin(function(c) return c:execute(corm.text "SELECT 1"):scalar() end) == 1)
      assert(corm.create_engine "postgresql://me@localhost/nothing".name == "postgresql")
      for line in io.lines "/proc/self/maps" do assert(not (line:find "libpq" or line:find "libmariadb"), line) end
      print "done"]])
  end)
end)

describe("a file that is loaded when it is needed", function()
  it("gives all names to pairs", function()
    local wanted, n = {}, 0
    for _, file in ipairs(files()) do
      for line in io.lines("lua/corm/" .. file .. ".lua") do
        local name = line:match "^function corm%.([%w_]+)%(" or line:match "^corm%.([%w_]+).* ="
        if name then wanted[name], n = true, n + 1 end
      end
    end
    assert.is_true(n > 50, n)
    local there = {}
    for name in output_of [[for name in pairs(require "corm") do print(name) end]]:gmatch "[^\n]+" do
      assert.is_nil(there[name], name)
      there[name] = true
    end
    for name in pairs(wanted) do assert.is_true(there[name], name) end
    for _, name in ipairs { "Column", "NO_VALUE", "PickleType", "select", "AbstractConcreteBase" } do
      assert.is_true(there[name], name)
    end
    for _, name in ipairs { "_orm", "_ddl" } do assert.is_nil(there[name], name) end
  end)

  it("needs no other to be loaded before it", function()
    for _, file in ipairs(files()) do
      assert.same("done\n", output_of(loader .. ("load %q print 'done'"):format("corm." .. file)), file)
    end
  end)

  it("has what is said of it", function()
    assert.same("done\n", output_of(loader .. [[
      for name, file in pairs(homes) do
        local _, found = load(file)
        assert(rawget(found, name) ~= nil, name)
      end
      for file in io.popen("ls lua/corm/*.lua"):lines() do load("corm." .. file:match "([%w_]+)%.lua$") end
      -- What stands in the place of C's functions until then.
      local later = load "corm.orm".functions_later
      for name, fn in pairs(upvalue(upvalue(later, "orm").functions, "called")) do
        assert(not debug.getinfo(fn, "S").source:find "^=corm%.orm", name)
      end
      print "done"]]))
  end)

  it("does not undo what a script has put into the module", function()
    assert.same("mine\tmine\tnil\n", output_of [[
      local corm = require "corm"
      corm.aliased = "mine"
      assert(corm.Bundle)
      local before = corm.aliased
      for _ in pairs(corm) do end
      corm.with_parent = nil
      print(before, corm.aliased, corm.with_parent)]])
  end)

  it("sees nothing of what a script has put there", function()
    assert.same("done\n", output_of [[
      local corm = require "corm"
      local names = {}
      for _, name in ipairs { "Column", "null", "array", "date", "select", "TypeDecorator", "Table", "insert" } do
        names[name], corm[name] = corm[name], false
      end
      for _ in pairs(corm) do end
      local Base = corm.declarative_base()
      local Item = Base:model("Item", {
        __tablename__ = "item", id = names.Column(corm.Integer, { primary_key = true }),
        data = names.Column(corm.PickleType), kind = names.Column(corm.Enum { a = 1 }),
      })
      local engine = corm.create_engine "sqlite://"
      Base.metadata:create_all(engine)
      local session = corm.Session { bind = engine }
      session:upsert(Item { id = 1, data = { names.null }, kind = 1 }, { "id" })
      assert(session:get(Item, 1).data[1] == names.null)
      print "done"]])
  end)

  it("is run again after it was interrupted, and gives nothing before", function()
    assert.same("done\n", output_of [[
      local corm = require "corm"
      local failed, n = 0, 0
      repeat
        n = n + 7
        debug.sethook(function() error "stop" end, "", n)
        local ok, err = pcall(function() return corm.Mapper end)
        debug.sethook()
        if not ok then
          assert(err:find "stop", err)
          assert(rawget(corm, "Mapper") == nil)
          failed = failed + 1
        end
      until ok
      assert(failed > 10, failed)
      local Mapper, heard = corm.Mapper, 0
      corm.event.listen(Mapper, "before_insert", function() heard = heard + 1 end)
      assert(corm.Mapper == Mapper)
      print "done"]])
  end)

  it("says where the script was wrong, not where corm was", function()
    local text = output_of [[
      local corm = require "corm"
      local session = corm.Session {}
      print(select(2, pcall(function()
        session:upsert(1, {})
      end)))
      print(select(2, pcall(function()
        corm.aliased(1)
      end)))]]
    assert.truthy(text:find ":4: ", text)
    assert.truthy(text:find ":7: ", text)
    assert.is_nil(text:find("corm.contents", 1, true), text)
  end)

  it("is behind every opening, whichever configures a class", function()
    assert.same("done\n", output_of [[
      local function models(corm, suffix)
        local Base = corm.declarative_base()
        local Parent = Base:model("Parent", {
          __tablename__ = "parent" .. suffix, id = corm.Column(corm.Integer, { primary_key = true }),
          data = corm.Column(corm.MutableJSON:as_mutable(corm.JSON)),
          children = corm.relationship("Child", { backref = corm.backref("parent", { lazy = "joined" }) }),
          number = corm.column_property(function(Parent) return Parent.id + 1 end),
        })
        local Child = Base:model("Child", {
          __tablename__ = "child" .. suffix, id = corm.Column(corm.Integer, { primary_key = true }),
          parent_id = corm.Column(corm.ForeignKey("parent" .. suffix .. ".id")),
        })
        return { Base = Base, Parent = Parent, Child = Child }
      end
      local function use(corm, their)
        local engine = corm.create_engine "sqlite://"
        their.Base.metadata:create_all(engine)
        local session = corm.Session(engine)
        local child = their.Child {}
        session:add(their.Parent { data = { a = { b = 1 } }, children = { child } })
        session:commit()
        child.parent.data.a.b = 2
        corm.inspect(child).info.seen = true
        session:commit()
        assert(child.parent.data.a.b == 2 and child.parent.number == 2)
      end
      local first = require "corm"
      first.types.Text, first.event = nil, nil
      local old = models(first, "a")
      package.loaded.corm = nil
      local second = require "corm"
      assert(second.types.Text and second.event.listen)
      local new = models(second, "b")
      second.configure_mappers()
      for _, corm in ipairs { first, second } do
        use(corm, old)
        use(corm, new)
      end
      print "done"]])
  end)

  it("is each opening's own", function()
    assert.same("done\n", output_of [[
      local first = require "corm"
      local Base = first.declarative_base()
      local Old = Base:model("Old", {
        __tablename__ = "old", id = first.Column(first.Integer, { primary_key = true }),
        next_id = first.Column(first.ForeignKey "old.id"),
        next = first.relationship("Old", { remote_side = "Old.id", backref = "before" }),
      })
      package.loaded.corm = nil
      local second = require "corm"
      assert(first ~= second and rawget(second, "relationship") == nil)
      local engine = second.create_engine "sqlite://"
      Base.metadata:create_all(engine)
      local session = second.Session { bind = engine }
      local heard = 0
      second.event.listen(Old, "before_insert", function() heard = heard + 1 end)
      session:add(Old { next = Old {} })
      session:commit()
      assert(heard == 2 and #session:query(Old):filter(Old.next:has()):all() == 1)
      assert(second.inspect(Old).relationships.next.key == "next")
      print "done"]])
  end)
end)
