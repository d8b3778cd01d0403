-- Classes of one's own of values that tell of their changes, and types that have such values everywhere.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, JSON, String = corm.Column, corm.Integer, corm.JSON, corm.String

describe("M30 classes of mutable values", function()
  local w, session

  local function open(columns)
    local Base = corm.declarative_base()
    columns.__tablename__, columns.id = "doc", Column(Integer, { primary_key = true })
    local Doc = Base:model("Doc", columns)
    w = world.open { Base = Base }
    session = w:session()
    return Doc
  end
  after_each(function() w:close() end)

  local function saved(object)
    session:add(object)
    session:commit()
    return object
  end

  it("coerce what is assigned and what is stored", function()
    local seen = {}
    local Settings = corm.Mutable("Settings", corm.MutableDict, {
      coerce = function(class, key, value)
        seen[#seen + 1] = key .. ":" .. type(value)
        assert.equal("<class Settings>", tostring(class))
        if type(value) ~= "string" then return value end
        local made = {}
        for name, number in value:gmatch "(%w+)=(%d+)" do made[name] = tonumber(number) end
        return made
      end,
      increase = function(self, name) self[name] = (self[name] or 0) + 1 end,
    })
    local Doc = open { data = Column(Settings:as_mutable(JSON)), other = Column(Settings:as_mutable(JSON)) }
    local doc = Doc { data = "a=1 b=2" }
    assert.same({ a = 1, b = 2 }, Settings.to_table(doc.data))
    saved(doc)
    Settings.increase(doc.data, "b")
    assert.is_true(session.dirty:contains(doc))
    session:commit()
    assert.equal(3, doc.data.b)
    assert.same({ "data:string", "data:table", "data:table" }, seen)
    doc.other = doc.data
    assert.is_true(rawequal(doc.other, doc.data))
    doc.other = { n = 1 }
    doc.data = Settings { n = 2 }
    assert.equal("data:table other:table", seen[3] .. " " .. seen[#seen])
    raises("ArgumentError", "Doc.data: Settings takes a table, got integer", function() doc.data = 5 end)
    doc.data = nil
    session:commit()
    assert.is_nil(doc.data)
  end)

  it("take values of another class as tables", function()
    local A, B = corm.Mutable("Tags", corm.MutableDict), corm.Mutable("Tags", corm.MutableDict)
    local Doc = open { a = Column(A:as_mutable(JSON)), b = Column(B:as_mutable(JSON)),
      base = Column(corm.MutableDict:as_mutable(JSON)) }
    local doc = saved(Doc { a = { n = 1 } })
    doc.b = doc.a
    doc.base = doc.a
    doc.b.n, doc.base.n = 2, 3
    assert.same({ 1, 2, 3 }, { doc.a.n, doc.b.n, doc.base.n })
    doc.a = doc.base
    doc.a.n = 4
    assert.same({ 4, 3 }, { doc.a.n, doc.base.n })
  end)

  it("have methods where lists and sets have them", function()
    local Steps = corm.Mutable("Steps", corm.MutableList, { last = function(self) return self[#self] end })
    local Tags = corm.Mutable("Tags", corm.MutableSet, {
      toggle = function(self, tag) if self:contains(tag) then self:remove(tag) else self:add(tag) end end,
    })
    local Tree = corm.Mutable("Tree", corm.MutableJSON, { count = function(tree) return #tree.items end })
    local Doc = open { steps = Column(Steps:as_mutable(JSON)), tags = Column(Tags:as_mutable(JSON)),
      tree = Column(Tree:as_mutable(JSON)) }
    local doc = saved(Doc { steps = { "a", "b" }, tags = { "x" }, tree = { items = { 1 } } })
    assert.equal("b", doc.steps:last())
    doc.steps:append "c"
    doc.tags:toggle "x"
    doc.tags:toggle "y"
    table.insert(doc.tree.items, 2)
    session:commit()
    assert.same({ "c", 3, true, false, 2 },
      { doc.steps:last(), #doc.steps, doc.tags:contains "y", doc.tags:contains "x", Tree.count(doc.tree) })
    raises("ArgumentError", "unknown method 'lst'", function() return doc.steps:lst() end)
    raises("ArgumentError", "Doc.steps: a list without holes expected", function() doc.steps = { n = 1 } end)
  end)

  it("may reach all columns of a type", function()
    local function decorated()
      return corm.TypeDecorator {
        impl = String(100),
        process_bind_param = function(_, value) return value and tostring(value.n) end,
        process_result_value = function(_, value) return value and { n = tonumber(value) } end,
      }
    end
    local Counter, Other = decorated(), decorated()
    corm.MutableDict:associate_with(Counter)
    local Doc = open { one = Column(Counter), two = Column(Counter), other = Column(Other),
      list = Column(JSON) }
    local doc = saved(Doc { one = { n = 1 }, two = { n = 2 }, other = { n = 3 }, list = { 1 } })
    doc.one.n, doc.two.n = 10, 20
    session:commit()
    assert.same({ 10, 20 }, { doc.one.n, doc.two.n })
    doc.other.n = 30
    table.insert(doc.list, 2)
    assert.is_false(session.dirty:contains(doc))
    session:commit()
    assert.equal("10|20|3", w:rows "SELECT one, two, other FROM doc")
  end)

  it("refuse what is meant otherwise", function()
    open {}
    raises("ArgumentError", "Mutable: a name expected, got table", corm.Mutable, corm.MutableDict)
    raises("ArgumentError", "Mutable: X: corm.MutableDict or its like expected, got table", corm.Mutable, "X", {})
    raises("ArgumentError", "Mutable: X: functions by name expected, got integer", corm.Mutable, "X", corm.MutableDict,
      { n = 1 })
    raises("ArgumentError", "Mutable: X: a table of functions expected, got integer", corm.Mutable, "X",
      corm.MutableDict, 1)
    raises("ArgumentError", "MutableDict:associate_with: values of the type INTEGER are no such tables",
      corm.MutableDict.associate_with, corm.MutableDict, Integer)
    raises("ArgumentError", "associate_with: a type such as corm.JSON expected", corm.MutableDict.associate_with,
      corm.MutableDict, 5)
  end)
end)
