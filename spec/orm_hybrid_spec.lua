-- M25: hybrids. M26: composites.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, String, func = corm.Column, corm.Integer, corm.String, corm.func

local w, m, session

describe("M25 hybrids", function()
  before_each(function()
    local Base = corm.declarative_base()
    m = { Base = Base }
    m.Person = Base:model("Person", {
      __tablename__ = "person", id = Column(Integer, { primary_key = true }),
      first = Column(String(20)), last = Column(String(20)), born = Column(Integer),
      full = corm.hybrid_property(function(self) return self.first .. " " .. self.last end, {
        fset = function(self, value) self.first, self.last = value:match "(%S+) (%S+)" end,
        update_expr = function(cls, value)
          local first, last = value:match "(%S+) (%S+)"
          return { { cls.first, first }, { "last", last } }
        end,
      }),
      name = corm.hybrid_property(function(self) return self.last end, {
        fset = function(self, value) self.last = value end,
        comparator = function(cls)
          return { cls.last, eq = function(last, value) return func.lower(last):eq(func.lower(value)) end }
        end,
      }),
      decade = corm.hybrid_property(function(self) return self.born // 10 * 10 end, {
        expr = function(cls) return cls.born - cls.born % 10 end,
      }),
      older = corm.hybrid_method(function(self, year) return self.born < year end, {
        expr = function(cls, year) return cls.born:lt(year) end,
      }),
    })
    w = world.open(m)
    session = w:session()
    session:add(m.Person { id = 1, full = "Ann Lee", born = 1971 })
    session:add(m.Person { id = 2, full = "Bob Ray", born = 1985 })
    session:commit()
  end)
  after_each(function() w:close() end)

  local function ids(query)
    local list = {}
    for _, person in ipairs(query:order_by(m.Person.id):all()) do list[#list + 1] = person.id end
    return table.concat(list, " ")
  end

  it("compute on objects, and in SQL by the same function or one of their own", function()
    local ann = session:get(m.Person, 1)
    assert.equal("Ann Lee", ann.full)
    assert.equal(1970, ann.decade)
    assert.is_true(ann:older(1980))
    assert.equal("2", ids(session:query(m.Person):where(m.Person.full:eq "Bob Ray")))
    assert.equal("2", ids(session:query(m.Person):where(m.Person.decade:eq(1980))))
    assert.equal("1", ids(session:query(m.Person):where(m.Person:older(1980))))
    assert.equal(1970, session:scalar(corm.select(m.Person.decade):order_by(m.Person.decade:asc())))
  end)

  it("are known to filter_by, to aliases, and to subqueries", function()
    assert.equal("1", ids(session:query(m.Person):filter_by { full = "Ann Lee" }))
    local p = corm.aliased(m.Person)
    assert.equal(2, session:query(p):filter_by { decade = 1980 }:one().id)
    assert.equal(2, session:query(p):where(p.full:eq "Bob Ray"):one().id)
  end)

  it("are selected by their names", function()
    local P, p = m.Person, corm.aliased(m.Person)
    local row = session:execute(corm.select(P.full, P.decade, P.name, P.born):order_by(P.id)):first()
    assert.equal("Ann Lee 1970 Lee 1971", ("%s %d %s %d"):format(row.full, row.decade, row.name, row.born))
    local inner = corm.select(P.id, P.decade):where(P.full:like "A%"):subquery()
    assert.equal(1970, session:scalar(corm.select(inner.c.decade)))
    local bundle = corm.Bundle("b", p.full, p.decade)
    assert.equal("Bob Ray", session:query(bundle):where(p.id:eq(2)):one().b.full)
    assert.equal(1980, session:query(bundle):where(bundle.c.decade:gt(1970)):one().b.decade)
    session:execute(corm.update(P):where(P.id:eq(1)):values { born = 1990 })
    assert.equal(1990, session:query(P.decade):order_by("decade"):limit(1):offset(1):one().decade)
    -- elsewhere they are the expression, and their parameters are named after that
    assert.equal("SELECT person.born - person.born % :born_1 AS decade FROM person WHERE person.born - "
      .. "person.born % :born_2 = :param_1 ORDER BY person.born - person.born % :born_3",
      (tostring(corm.select(P.decade):where(P.decade:eq(1)):order_by(P.decade)):gsub("%s+", " ")))
    assert.equal("SELECT lower(person.last) AS lower_1 FROM person",
      (tostring(corm.select(func.lower(P.name))):gsub("%s+", " ")))
    assert.equal("SELECT person.last AS x FROM person", (tostring(corm.select(P.name:label "x")):gsub("%s+", " ")))
  end)

  it("set by fset, in the constructor and later", function()
    local ann = session:get(m.Person, 1)
    ann.full = "Amy Low"
    session:commit()
    assert.equal("1|Amy|Low,2|Bob|Ray", w:list "SELECT id, first, last FROM person ORDER BY id")
    raises("ArgumentError", "Person.decade cannot be set: its hybrid has no fset", function() ann.decade = 1960 end)
    raises("ArgumentError", "unknown attribute 'decade' of Person", function() return m.Person { decade = 1960 } end)
    raises("ArgumentError", "Person.older cannot be set", function() ann.older = 1 end)
    session:rollback()
    assert.equal("Amy Low", ann.full)
  end)

  it("set columns in UPDATE and INSERT by update_expr, or are the column", function()
    session:query(m.Person):filter_by { id = 1 }:update { full = "Amy Low" }
    session:execute(corm.insert(m.Person):values { id = 3, full = "Cy Doe", born = 2000 })
    session:execute(corm.update(m.Person):where(m.Person.id:eq(2)):values { name = "Roe" })
    session:commit()
    assert.equal("1|Amy|Low,2|Bob|Roe,3|Cy|Doe", w:list "SELECT id, first, last FROM person ORDER BY id")
    assert.equal("Amy Low", session:get(m.Person, 1).full)
    local P = m.Person
    session:query(P):filter_by { id = 1 }:update { [P.full] = "Ed Poe", [P.born] = 1809 }
    session:execute(corm.insert(P):values { [P.id] = 4, [P.full] = "Di Ash" })
    session:commit()
    assert.equal("1|Ed|Poe|1809,4|Di|Ash|",
      w:list "SELECT id, first, last, born FROM person WHERE id IN (1, 4) ORDER BY id")
    raises("ArgumentError", "a column or its name expected as key", function()
      return corm.update(P):values { [P.decade] = 1 }
    end)
    raises("ArgumentError", "a column or its name expected as key", function()
      return corm.update(m.Person):values { decade = 1 }
    end)
    raises("ArgumentError", "Person.older cannot be set by SQL", function()
      return corm.update(m.Person):values { older = 1 }
    end)
  end)

  it("compare by a comparator, and by its expression where it has no method", function()
    assert.equal("1", ids(session:query(m.Person):where(m.Person.name:eq "LEE")))
    assert.equal("1", ids(session:query(m.Person):filter_by { name = "lEE" }))
    assert.equal("2", ids(session:query(m.Person):where(m.Person.name:like "R%")))
    assert.equal("Lee", session:scalar(corm.select(m.Person.name):order_by(m.Person.name)))
    assert.equal("person.last || :last_1", tostring(m.Person.name .. "x"))
    raises("ArgumentError", "expr and comparator exclude each other", corm.hybrid_property, print,
      { expr = print, comparator = print })
    m.Person.bad = corm.hybrid_property(function() end, { comparator = function() return {} end })
    raises("ArgumentError", "Person.bad: comparator returns a table of methods", function() return m.Person.bad end)
  end)
end)

describe("M26 composites", function()
  local Point

  before_each(function()
    local point = {}
    point.__index = point
    function point:composite_values() return self.x, self.y end
    function point.__eq(a, b) return a.x == b.x and a.y == b.y end
    Point = setmetatable(point, { __call = function(_, x, y) return setmetatable({ x = x, y = y }, point) end })
    local Base = corm.declarative_base()
    m = { Base = Base }
    m.Edge = Base:model("Edge", {
      __tablename__ = "edge", id = Column(Integer, { primary_key = true }),
      x1 = Column(Integer), y1 = Column(Integer), x2 = Column("to_x", Integer), y2 = Column("to_y", Integer),
      start = corm.composite(Point, "x1", "y1"),
      finish = corm.composite(function(x, y) return x .. ":" .. y end, "x2", "y2", {
        values = function(text)
          local x, y = text:match "(%d+):(%d+)"
          return tonumber(x), tonumber(y)
        end,
      }),
      from = corm.synonym("start"),
    })
    w = world.open(m)
    session = w:session()
    session:add(m.Edge { id = 1, start = Point(1, 2), finish = "3:4" })
    session:add(m.Edge { id = 2, start = Point(5, 6) })
    session:commit()
  end)
  after_each(function() w:close() end)

  it("are made of their columns, and set them", function()
    assert.equal("1|1|2|3|4,2|5|6||", w:list "SELECT id, x1, y1, to_x, to_y FROM edge ORDER BY id")
    local edge = session:get(m.Edge, 1)
    assert.is_true(edge.start == Point(1, 2))
    assert.equal("3:4", edge.finish)
    assert.is_true(edge.from == Point(1, 2))
    edge.start = Point(7, 8)
    edge.x2 = 9
    assert.equal("9:4", edge.finish)
    session:commit()
    assert.equal("1|7|8|9|4,2|5|6||", w:list "SELECT id, x1, y1, to_x, to_y FROM edge ORDER BY id")
  end)

  it("are nil where all columns are NULL, and nil sets them so", function()
    local edge = session:get(m.Edge, 2)
    assert.is_nil(edge.finish)
    edge.start = nil
    session:commit()
    assert.equal("2||", w:list "SELECT id, x1, y1 FROM edge WHERE id = 2")
    assert.is_nil(edge.start)
  end)

  it("are compared column by column", function()
    local function ids(query)
      local list = {}
      for _, edge in ipairs(query:order_by(m.Edge.id):all()) do list[#list + 1] = edge.id end
      return table.concat(list, " ")
    end
    assert.equal("1", ids(session:query(m.Edge):where(m.Edge.start:eq(Point(1, 2)))))
    assert.equal("2", ids(session:query(m.Edge):where(m.Edge.start:ne(Point(1, 2)))))
    assert.equal("2", ids(session:query(m.Edge):where(m.Edge.finish:is_(nil))))
    assert.equal("1", ids(session:query(m.Edge):where(m.Edge.finish:is_not(nil))))
    assert.equal("1 2", ids(session:query(m.Edge):where(m.Edge.start:in_ { Point(1, 2), Point(5, 6) })))
    assert.equal("", ids(session:query(m.Edge):where(m.Edge.start:in_ {})))
    assert.equal("1", ids(session:query(m.Edge):filter_by { from = Point(1, 2), finish = "3:4" }))
    local e = corm.aliased(m.Edge, { name = "e" })
    assert.equal("e.x1 = :x1_1 AND e.y1 = :y1_1", tostring(e.start:eq(Point(1, 2))))
  end)

  it("are selected as values, and ordered and grouped by their columns", function()
    local Edge, select = m.Edge, corm.select
    assert.equal("SELECT edge.x1, edge.y1, edge.id FROM edge GROUP BY edge.to_x, edge.to_y ORDER BY edge.x1, edge.y1, "
      .. "edge.id DESC", (tostring(select(Edge.start, Edge.id):order_by(Edge.start, Edge.id:desc())
        :group_by(Edge.finish)):gsub("%s+", " ")))
    local rows = session:execute(select(Edge.id, Edge.start, Edge.finish):order_by(Edge.start)):all()
    assert.is_true(rows[1].start == Point(1, 2) and rows[2].start == Point(5, 6))
    assert.is_true(session:scalar(select(Edge.from):where(Edge.id:eq(2))) == Point(5, 6))
    assert.is_true(rows[1][Edge.start] == Point(1, 2))
    assert.equal("3:4", rows[1].finish)
    assert.is_nil(rows[2].finish)
    assert.equal(2, rows[2].id)
    assert.is_true(session:scalar(select(Edge.start):where(Edge.id:eq(2))) == Point(5, 6))
    assert.equal("3:4", session:query(Edge.finish):filter_by { id = 1 }:one().finish)
    rows = session:execute(select(Edge, Edge.finish):order_by(Edge.id):execution_options { yield_per = 1 }):all()
    assert.same({ 1, "3:4" }, { rows[1].Edge.id, rows[1].finish })
    local statement = select(corm.aliased(Edge).finish)
    for _ = 1, 3 do collectgarbage() end
    local list = session:scalars(statement):all()
    table.sort(list, function(a) return a == "3:4" end)
    assert.equal("3:4", list[1])
    local part = select(Edge.start):subquery "part"
    assert.equal(6, session:scalar(select(corm.func.max(part.c.y1))))
    for what, call in pairs {
      ["where: "] = function() return select(Edge):where(Edge.start) end,
      ["eq: "] = function() return Edge.x1:eq(Edge.start) end,
      ["max: "] = function() return corm.func.max(Edge.start) end,
    } do
      raises("ArgumentError", what .. "a column or an SQL expression expected, got several columns", call)
    end
    local mistake = {}
    Edge.bad = corm.composite(function() error(mistake) end, "x1")
    local ok, err = pcall(session.scalar, session, select(Edge.bad))
    assert.is_true(not ok and rawequal(mistake, err))
    assert.is_true(session:scalar(select(Edge.start):where(Edge.id:eq(1))) == Point(1, 2))
  end)

  it("are set in statements", function()
    session:execute(corm.insert(m.Edge):values { id = 3, start = Point(1, 1), finish = "2:2" })
    session:query(m.Edge):filter_by { id = 1 }:update { start = corm.null, finish = "9:9" }
    session:commit()
    assert.equal("1|||9|9,2|5|6||,3|1|1|2|2", w:list "SELECT id, x1, y1, to_x, to_y FROM edge ORDER BY id")
    session:execute(corm.update(m.Edge):where(m.Edge.id:eq(1)):values { [m.Edge.start] = Point(7, 8) })
    assert.equal(8, session:get(m.Edge, 1).y1)
  end)

  it("refuse what is no value of theirs", function()
    local edge = session:get(m.Edge, 1)
    raises("ArgumentError", "Edge.start: a value of the composite expected, got integer", function() edge.start = 5 end)
    raises("ArgumentError", "Edge.start: a value of the composite expected, got string", function()
      return m.Edge.start:eq "x"
    end)
    assert.equal(1, edge.x1)
    raises("ArgumentError", "composite: a function that makes the value expected, got string", corm.composite, "Point")
    raises("ArgumentError", "the names of the columns expected", corm.composite, Point)
    raises("ArgumentError", "unknown attribute 'xx' of Bad; did you mean 'x'?", function()
      m.Base:model("Bad", {
        __tablename__ = "bad", id = Column(Integer, { primary_key = true }), x = Column(Integer),
        p = corm.composite(Point, "x", "xx"),
      })
    end)
    raises("ArgumentError", "gives 2 values for 1 columns", function()
      m.Edge.one = corm.composite(Point, "x1")
      edge.one = Point(1, 2)
    end)
    raises("ArgumentError", "unknown method 'eqq' of Edge.start; did you mean 'eq'?", function()
      return m.Edge.start:eqq(1)
    end)
  end)
end)
