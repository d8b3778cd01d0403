-- Composite values that tell of their changes.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer = corm.Column, corm.Integer

describe("M30 mutable composites", function()
  local w, Vertex, Point, session

  before_each(function()
    local Base = corm.declarative_base()
    Point = corm.MutableComposite({ "x", "y" }, { length = function(self) return (self.x ^ 2 + self.y ^ 2) ^ 0.5 end })
    Vertex = Base:model("Vertex", {
      __tablename__ = "vertex",
      id = Column(Integer, { primary_key = true }),
      x1 = Column(Integer), y1 = Column(Integer), x2 = Column(Integer), y2 = Column(Integer),
      start = corm.composite(Point, "x1", "y1"),
      stop = corm.composite(Point, "x2", "y2"),
    })
    w = world.open { Base = Base }
    session = w:session()
  end)
  after_each(function() w:close() end)

  it("write each field to its column", function()
    local vertex = Vertex { start = Point(3, 4), stop = Point { x = 1, y = 2 } }
    session:add(vertex)
    session:commit()
    assert.equal(5.0, vertex.start:length())
    w:statements()
    vertex.stop.y = 7
    assert.is_true(session.dirty:contains(vertex))
    session:commit()
    local sent = w:statements()
    assert.equal("UPDATE vertex SET y2=? WHERE vertex.id = ?", sent[1]:find "UPDATE" and sent[1] or sent[2])
    assert.equal("3|4|1|7", w:rows("SELECT x1, y1, x2, y2 FROM vertex"))
  end)

  it("are one value as long as the columns are the same, also after a commit", function()
    local vertex = Vertex { start = Point(3, 4) }
    session:add(vertex)
    session:commit()
    local start = vertex.start
    assert.is_true(rawequal(start, vertex.start))
    session:commit()
    start.x = 5
    session:commit()
    assert.equal("5|4", w:rows("SELECT x1, y1 FROM vertex"))
    session:close()
    w:sql("UPDATE vertex SET x1 = 9")
    session:add(vertex)
    session:refresh(vertex)
    raises("InvalidRequestError", "take it from the object again", function() start.y = 1 end)
    assert.equal(9, vertex.start.x)
    assert.is_false(rawequal(start, vertex.start))
  end)

  it("belong to all objects that they were assigned to, and to those alone", function()
    local shared = Point(1, 2)
    local one, two = Vertex { start = shared, stop = shared }, Vertex { start = shared }
    shared.x = 8
    assert.same({ 8, 8, 8 }, { one.x1, one.x2, two.x1 })
    two.start = Point(0, 0)
    shared.y = 9
    assert.same({ 9, 0 }, { one.y1, two.y1 })
    one.start = nil
    shared.x = 1
    assert.is_nil(one.x1)
    assert.is_nil(one.start)
    assert.equal(1, one.stop.x)
  end)

  it("stay with those that show them when the columns of another one change", function()
    local shared = Point(1, 2)
    local one, two = Vertex { start = shared }, Vertex { start = shared }
    session:add_all { one, two }
    session:commit()
    two.y1 = 5
    one.start.x = 3
    session:commit()
    assert.equal("3|2\n1|5", w:rows("SELECT x1, y1 FROM vertex ORDER BY id"))
  end)

  it("compare and show themselves by their fields, and refuse others", function()
    assert.is_true(Point(1, 2) == Point { x = 1, y = 2 })
    assert.is_false(Point(1, 2) == Point(2, 1))
    assert.equal("(x=1, y=2)", tostring(Point(1, 2)))
    local seen = {}
    for name, value in pairs(Point(1, 2)) do seen[name] = value end
    assert.same({ x = 1, y = 2 }, seen)
    session:add(Vertex { start = Point(1, 2) })
    session:flush()
    assert.equal(1, session:query(Vertex):where(Vertex.start:eq(Point(1, 2))):count())
    raises("ArgumentError", "unknown field 'z'", function() Point(1, 2).z = 3 end)
    raises("ArgumentError", "unknown field 'z'", function() return Point(1, 2).z end)
    raises("ArgumentError", "unknown field 'z'", function() return Point { z = 1 } end)
    raises("ArgumentError", "names of its fields expected", corm.MutableComposite, 1)
    raises("ArgumentError", "its class has 2 fields, and 1 columns were named", corm.composite, Point, "x1")
    raises("ArgumentError", "'x' is a field already", corm.MutableComposite, { "x" }, { x = print })
  end)
end)
