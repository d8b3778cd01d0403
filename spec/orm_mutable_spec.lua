-- Changes inside of values: seen where the type says so, written where the column is written anyway, else not.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, JSON, String = corm.Column, corm.Integer, corm.JSON, corm.String
local null = corm.null

-- What another program reads, without the white space that databases put into JSON.
local function stored(w, query)
  return (w:rows(query):gsub(": ", ":"):gsub(", ", ","))
end

describe("M30 mutable values", function()
  local w, Doc, session

  before_each(function()
    local Base = corm.declarative_base()
    Doc = Base:model("Doc", {
      __tablename__ = "doc",
      id = Column(Integer, { primary_key = true }),
      name = Column(String(20)),
      plain = Column(JSON),
      data = Column(corm.MutableDict:as_mutable(JSON)),
      list = Column(corm.MutableList:as_mutable(JSON)),
      set = Column("members", corm.MutableSet:as_mutable(JSON)),
      tree = Column(corm.MutableJSON:as_mutable(JSON)),
      bag = Column(corm.MutableDict:as_mutable(corm.PickleType)),
      facts = corm.synonym "data",
    })
    w = world.open { Base = Base }
    session = w:session()
  end)
  after_each(function() w:close() end)

  -- A persistent object with these values, and nothing to flush.
  local function saved(fields)
    local doc = Doc(fields)
    session:add(doc)
    session:commit()
    local _ = doc.id
    w:statements()
    return doc
  end

  local function column(name)
    return stored(w, ("SELECT %s FROM doc ORDER BY id"):format(name))
  end

  local function updates()
    local found = {}
    for _, sql in ipairs(w:statements()) do
      if sql:find "^UPDATE" then found[#found + 1] = sql end
    end
    return found
  end

  describe("that are plain tables", function()
    it("are one table for each object and value, and changes inside are not seen", function()
      local doc = saved { plain = { a = 1, deep = { 1, 2 } } }
      assert.is_true(rawequal(doc.plain, doc.plain))
      doc.plain.a = 2
      assert.is_false(corm.inspect(doc).modified)
      assert.equal(0, #session.dirty)
      session:flush()
      assert.same({}, updates())
      session:commit()
      assert.equal(1, doc.plain.a)
    end)

    it("are written whole where flag_modified says so", function()
      local doc = saved { plain = { a = 1, deep = { 1, 2 } } }
      doc.plain.deep[3] = 3
      corm.flag_modified(doc, "plain")
      session:commit()
      assert.equal('{"a":1,"deep":[1,2,3]}', column "plain")
      assert.same({ "UPDATE doc SET plain=? WHERE doc.id = ?" }, updates())
    end)

    it("are written as they are then, where they were assigned or their object is new", function()
      local doc = Doc { plain = { a = 1 } }
      doc.plain.b = 2
      session:add(doc)
      doc.plain.c = 3
      session:commit()
      assert.equal('{"a":1,"b":2,"c":3}', column "plain")
      doc.plain = { x = 1 }
      doc.plain.y = 2
      session:commit()
      assert.equal('{"x":1,"y":2}', column "plain")
    end)

    it("are copies of what was assigned", function()
      local given = { a = 1 }
      local doc = Doc { plain = given }
      given.a = 2
      assert.equal(1, doc.plain.a)
      assert.is_false(rawequal(given, doc.plain))
      local other = Doc { plain = doc.plain }
      other.plain.a = 3
      assert.equal(1, doc.plain.a)
      local out = doc:to_table()
      out.plain.a = 4
      assert.equal(1, doc.plain.a)
    end)

    it("that became something JSON has not fail the flush, before anything is sent", function()
      local doc = saved { plain = { a = 1 } }
      doc.plain.f = print
      corm.flag_modified(doc, "plain")
      raises("ArgumentError", "Doc.plain: a function cannot become JSON", session.flush, session)
      assert.same({}, updates())
      session:rollback()
      assert.same({ a = 1 }, doc.plain)
    end)

    it("may be changed by a hook before their row is written", function()
      corm.event.listen(Doc, "before_insert", function(_, _, doc) doc.plain.hooked = true end)
      saved { plain = { a = 1 } }
      assert.equal('{"a":1,"hooked":true}', column "plain")
    end)
  end)

  describe("of MutableDict", function()
    it("mark their object as changed, and are written", function()
      local doc = saved { data = { a = 1 } }
      doc.data.b = "two"
      assert.is_true(corm.inspect(doc).modified)
      assert.is_true(session.dirty:contains(doc))
      session:commit()
      assert.equal('{"a":1,"b":"two"}', column "data")
      assert.same({ "UPDATE doc SET data=? WHERE doc.id = ?" }, updates())
      doc.data.a = nil
      session:commit()
      assert.equal('{"b":"two"}', column "data")
    end)

    it("keep an object that nobody holds until it is written", function()
      saved { data = { n = 1 } }
      session:close()
      session:scalars(corm.select(Doc)):one().data.n = 2
      collectgarbage()
      collectgarbage()
      session:commit()
      assert.equal('{"n":2}', column "data")
    end)

    it("are one value for each object, until that is expired or gets another", function()
      local doc = saved { data = { a = 1 } }
      local data = doc.data
      assert.is_true(rawequal(data, doc.data))
      assert.is_true(rawequal(data, doc.facts))
      data.a = 2
      session:flush()
      assert.is_true(rawequal(data, doc.data))
      session:commit()
      local again = doc.data
      assert.is_false(rawequal(data, again))
      assert.equal(2, again.a)
      local err = raises("InvalidRequestError", "take it from the object again", function() data.a = 3 end)
      assert.is_truthy(err.message:find("Doc.data", 1, true))
      assert.equal(2, data.a)
      doc.data = { b = 1 }
      again.a = 5 -- the object's no longer
      session:commit()
      assert.equal('{"b":1}', column "data")
    end)

    it("look like tables: pairs, #, next by pairs, json, to_table", function()
      local doc = saved { data = { a = 1, b = { 1, 2 }, c = null } }
      local seen = {}
      for key, value in pairs(doc.data) do seen[#seen + 1] = key .. type(value) end
      table.sort(seen)
      assert.same({ "anumber", "btable", "cuserdata" }, seen)
      assert.equal(0, #doc.data)
      assert.is_nil(doc.data.nothing)
      assert.is_nil(doc.data.update)
      assert.same({ a = 1, b = { 1, 2 }, c = null }, corm.MutableDict.to_table(doc.data))
      assert.same({ a = 1, b = { 1, 2 }, c = null }, doc:to_table({ only = { "data" } }).data)
      assert.is_nil(getmetatable(doc:to_table({ only = { "data" } }).data))
      assert.equal("corm.MutableDict", getmetatable(doc.data))
    end)

    it("have functions of their class", function()
      local MutableDict = corm.MutableDict
      local doc = saved { data = { a = 1 } }
      MutableDict.update(doc.data, { b = 2, c = 3 })
      assert.equal(4, MutableDict.setdefault(doc.data, "d", 4))
      assert.equal(1, MutableDict.setdefault(doc.data, "a", 9))
      assert.equal(2, MutableDict.pop(doc.data, "b"))
      assert.equal("none", MutableDict.pop(doc.data, "b", "none"))
      session:commit()
      assert.equal('{"a":1,"c":3,"d":4}', column "data")
      MutableDict.clear(doc.data)
      session:commit()
      assert.equal("{}", column "data")
      raises("ArgumentError", "a MutableDict expected, got table", MutableDict.update, {}, {})
      raises("ArgumentError", "did you mean 'update'?", function() return MutableDict.updat end)
      raises("ArgumentError", "cannot be changed", function() MutableDict.x = 1 end)
    end)

    it("do not see changes of tables inside, as SQLAlchemy's do not, unless they are told", function()
      local doc = saved { data = { inner = { n = 1 } } }
      doc.data.inner.n = 2
      assert.is_false(corm.inspect(doc).modified)
      corm.MutableDict.changed(doc.data)
      session:commit()
      assert.equal('{"inner":{"n":2}}', column "data")
    end)

    it("refuse what JSON cannot hold where it is assigned, and stay as they were", function()
      local doc = saved { data = { a = 1 } }
      raises("ArgumentError", "Doc.data: a function cannot become JSON", function() doc.data.f = print end)
      raises("ArgumentError", "a name expected as key, got integer", function() doc.data[1] = 1 end)
      raises("ArgumentError", "a name expected as key, got boolean", function() doc.data[true] = 1 end)
      raises("DataError", "NaN", function() doc.data.x = 0 / 0 end)
      raises("ArgumentError", "with holes", function() doc.data.x = { [2] = 1 } end)
      local circle = {}
      circle.circle = circle
      raises("ArgumentError", "contains itself", function() doc.data.x = circle end)
      raises("ArgumentError", "Doc.data: MutableDict takes a table, got string", function() doc.data = "x" end)
      raises("ArgumentError", "Doc.data: a table with names expected, got a list", function() doc.data = { 1 } end)
      assert.is_false(corm.inspect(doc).modified)
      session:commit()
      assert.same({}, updates())
      assert.equal('{"a":1}', column "data")
    end)

    it("copy what is put into them", function()
      local doc = saved { data = {} }
      local given = { n = 1 }
      doc.data.x = given
      given.n = 2
      assert.equal(1, doc.data.x.n)
      doc.data.y = doc.data
      session:commit()
      assert.equal('{"x":{"n":1},"y":{"x":{"n":1}}}', column "data")
    end)

    it("that were made by hand belong to all objects that they were assigned to", function()
      local shared = corm.MutableDict { n = 1 }
      local one, two = Doc { data = shared }, Doc { data = shared }
      session:add_all { one, two }
      session:flush()
      assert.is_true(rawequal(shared, one.data))
      shared.n = 2
      assert.is_true(session.dirty:contains(one) and session.dirty:contains(two))
      two.data = nil
      session:flush()
      w:statements()
      shared.n = 3
      assert.is_false(session.dirty:contains(two))
      session:commit()
      assert.equal('{"n":3}', stored(w, "SELECT data FROM doc WHERE id = " .. one.id))
      assert.is_nil(two.data)
      two.data = one.data
      session:flush()
      session:refresh(two)
      one.data.n = 4 -- no longer the other one's
      session:commit()
      assert.same({ 4, 3 }, { one.data.n, two.data.n })
    end)

    it("have a history, and committed state", function()
      local doc = saved { data = { a = 1 } }
      local attr = corm.inspect(doc).attrs.data
      assert.is_true(rawequal(doc.data, attr.history.unchanged[1]))
      doc.data.a = 2
      assert.is_true(rawequal(doc.data, attr.history.added[1]))
      assert.is_true(attr.history.has_changes)
      assert.is_true(rawequal(doc.data, attr.loaded_value))
      assert.is_truthy(tostring(doc):find('"a": 2', 1, true))
    end)

    it("go back by rollback, of the transaction and of a savepoint, and by expire and refresh", function()
      local doc = saved { data = { a = 1 } }
      doc.data.a = 2
      session:rollback()
      assert.equal(1, doc.data.a)
      local nested = session:begin_nested()
      doc.data.a = 3
      session:flush()
      nested:rollback()
      assert.equal(1, doc.data.a)
      doc.data.a = 4
      session:expire(doc)
      assert.equal(1, doc.data.a)
      doc.data.a = 5
      session:refresh(doc)
      assert.equal(1, doc.data.a)
      session:commit()
      assert.equal('{"a":1}', column "data")
    end)

    it("are merged with what has become of them, and tell of the target's changes from then on", function()
      local doc = saved { name = "x", data = { a = 1 } }
      local copy = Doc { id = doc.id, data = { a = 2 } }
      copy.data.b = 3
      local merged = session:merge(copy)
      assert.is_true(rawequal(merged, doc))
      assert.same({ a = 2, b = 3 }, corm.MutableDict.to_table(doc.data))
      doc.data.c = 4
      session:commit()
      assert.equal('{"a":2,"b":3,"c":4}', column "data")
    end)

    it("of detached objects are written when these come back", function()
      local doc = saved { data = { a = 1 } }
      local _ = doc.data.a
      session:expunge(doc)
      doc.data.a = 2
      session:add(doc)
      session:commit()
      assert.equal('{"a":2}', column "data")
    end)

    it("are asked about by validators, and seen by listeners, when they are assigned", function()
      local seen = {}
      corm.event.listen(Doc.data, "set", function(_, value) seen[#seen + 1] = value.a end)
      local doc = Doc { data = { a = 1 } }
      doc.data = { a = 2 }
      doc.data.a = 3
      assert.same({ 1, 2 }, seen)
    end)

    it("hold other keys and values where the column's type does", function()
      local doc = saved { bag = { born = corm.date(2026, 1, 2) } }
      doc.bag[7] = "seven"
      doc.bag[true] = corm.decimal "1.50"
      session:commit()
      session:close()
      doc = session:scalars(corm.select(Doc)):one()
      assert.equal("seven", doc.bag[7])
      assert.equal(corm.decimal "1.50", doc.bag[true])
      assert.equal(corm.date(2026, 1, 2), doc.bag.born)
    end)
  end)

  describe("of MutableList", function()
    it("tell of items by position and by the library's functions", function()
      local doc = saved { list = { 1, 2 } }
      table.insert(doc.list, 3)
      table.insert(doc.list, 1, 0)
      doc.list[2] = 10
      session:commit()
      assert.equal("[0,10,2,3]", column "list")
      assert.equal(3, table.remove(doc.list))
      assert.equal(0, table.remove(doc.list, 1))
      table.sort(doc.list, function(a, b) return a < b end)
      session:commit()
      assert.equal("[2,10]", column "list")
      assert.equal("2-10", table.concat(doc.list, "-"))
      assert.same({ 2, 10 }, { table.unpack(doc.list) })
      assert.equal(2, #doc.list)
      local seen = {}
      for i, value in ipairs(doc.list) do seen[i] = value end
      assert.same({ 2, 10 }, seen)
    end)

    it("have methods", function()
      local doc = saved { list = { "b" } }
      doc.list:append "c"
      doc.list:insert(1, "a")
      doc.list:extend { "d", null, "e" }
      assert.equal("e", doc.list:pop())
      assert.equal("a", doc.list:pop(1))
      doc.list:remove "c"
      doc.list:reverse()
      session:commit()
      assert.equal('[null,"d","b"]', column "list")
      assert.is_true(doc.list:contains "d")
      doc.list:pop(1)
      doc.list:sort()
      session:commit()
      assert.equal('["b","d"]', column "list")
      assert.same({ "b", "d" }, doc.list:to_table())
      doc.list:clear()
      session:commit()
      assert.equal("[]", column "list")
      raises("ArgumentError", "the list is empty", function() doc.list:pop() end)
      raises("ArgumentError", "x is not in the list", function() doc.list:remove "x" end)
      raises("ArgumentError", "did you mean 'append'?", function() doc.list:apend "x" end)
    end)

    it("refuse holes, names, and what the column does not take", function()
      local doc = saved { list = { 1, 2 } }
      raises("ArgumentError", "a list of 2 items has no place 4", function() doc.list[4] = 1 end)
      raises("ArgumentError", "no place x", function() doc.list.x = 1 end)
      raises("ArgumentError", "cannot have a hole at 1", function() doc.list[1] = nil end)
      raises("ArgumentError", "a function cannot become JSON", function() doc.list:append(print) end)
      raises("ArgumentError", "a value expected; corm.null is a null", function() doc.list:append(nil) end)
      raises("ArgumentError", "Doc.list: a list without holes expected, got the key a",
        function() doc.list = { a = 1 } end)
      raises("ArgumentError", "a position from 1 to 3", function() doc.list:insert(5, 1) end)
      doc.list[2] = nil
      session:commit()
      assert.equal("[1]", column "list")
    end)
  end)

  describe("of MutableSet", function()
    it("hold each value once, and are stored as a list", function()
      local doc = saved { set = { "a", "b", "a" } }
      assert.equal(2, #doc.set)
      doc.set:add "c"
      doc.set:add "a"
      doc.set:discard "b"
      doc.set:discard "nothing"
      session:commit()
      assert.equal('["a","c"]', column "members")
      assert.is_true(doc.set:contains "a")
      assert.is_false(doc.set:contains "b")
      doc.set:update { "d", "a" }
      doc.set:remove "c"
      session:commit()
      assert.equal('["a","d"]', column "members")
      local seen = {}
      for _, value in ipairs(doc.set) do seen[#seen + 1] = value end
      assert.same({ "a", "d" }, seen)
      doc.set:clear()
      session:commit()
      assert.equal("[]", column "members")
      raises("ArgumentError", "x is not in the set; discard", function() doc.set:remove "x" end)
      raises("ArgumentError", "a string, number or boolean expected, got table", function() doc.set:add {} end)
      raises("ArgumentError", "changed by add, discard and remove", function() doc.set[1] = "x" end)
    end)
  end)

  describe("of MutableJSON", function()
    it("see changes at any depth, as the same tables each time", function()
      local doc = saved { tree = { a = { b = { 1, { n = 1 } } } } }
      assert.is_true(rawequal(doc.tree.a.b, doc.tree.a.b))
      doc.tree.a.b[2].n = 2
      assert.is_true(corm.inspect(doc).modified)
      session:commit()
      assert.equal('{"a":{"b":[1,{"n":2}]}}', column "tree")
      table.insert(doc.tree.a.b, { m = 1 })
      session:flush()
      doc.tree.a.b[3].m = 2
      doc.tree.a.new = {}
      doc.tree.a.new.deep = {}
      doc.tree.a.new.deep.er = true
      session:commit()
      assert.equal('{"a":{"b":[1,{"n":2},{"m":2}],"new":{"deep":{"er":true}}}}', column "tree")
      for key, value in pairs(doc.tree.a) do
        assert.equal("corm.MutableJSON", getmetatable(value), key)
      end
      assert.same({ a = { b = { 1, { n = 2 }, { m = 2 } }, new = { deep = { er = true } } } },
        corm.MutableJSON.to_table(doc.tree))
    end)

    it("move their parts, and let go of what was taken out", function()
      local doc = saved { tree = { { n = 1 }, { n = 2 }, { n = 3 } } }
      local second = doc.tree[2]
      local first = table.remove(doc.tree, 1)
      assert.is_true(rawequal(second, doc.tree[1]))
      session:flush()
      second.n = 20
      session:flush()
      assert.equal(1, #updates() - 1)
      first.n = 10
      assert.is_false(corm.inspect(doc).modified)
      table.sort(doc.tree, function(a, b) return a.n < b.n end)
      second.n = 21
      session:commit()
      assert.equal('[{"n":3},{"n":21}]', column "tree")
    end)

    it("copy a part that is put elsewhere", function()
      local doc = saved { tree = { a = { n = 1 } } }
      doc.tree.b = { inside = doc.tree.a }
      doc.tree.a.n = 2
      local other = saved { tree = doc.tree.a, plain = { x = doc.tree.b } }
      other.tree.n = 3
      session:commit()
      assert.equal('{"a":{"n":2},"b":{"inside":{"n":1}}}\n{"n":3}', column "tree")
      assert.equal('{"x":{"inside":{"n":1}}}', stored(w, "SELECT plain FROM doc WHERE plain IS NOT NULL AND id = 2"))
    end)

    it("are lists or have names, and may be scalars", function()
      local doc = saved { tree = { list = { 1 }, names = { a = 1 }, none = {} } }
      raises("ArgumentError", "a list cannot have a name, too ('x')", function() doc.tree.list.x = 1 end)
      raises("ArgumentError", "cannot have a position, too (1)", function() doc.tree.names[1] = 1 end)
      raises("ArgumentError", "cannot have a hole", function()
        doc.tree.list[2] = 2
        doc.tree.list[1] = nil
      end)
      raises("ArgumentError", "only text and positions", function() doc.tree.names[1.5] = 1 end)
      doc.tree.none.a = 1
      doc.tree.list[2] = nil
      doc.tree.list[1] = nil
      session:commit()
      assert.equal('{"list":[],"names":{"a":1},"none":{"a":1}}', column "tree")
      doc.tree = "text"
      session:commit()
      assert.equal('"text"', column "tree")
      assert.equal("text", doc.tree)
    end)
  end)

  it("refuse types without tables, and say what they are methods of", function()
    raises("ArgumentError", "values of the type VARCHAR are no such tables", corm.MutableDict.as_mutable,
      corm.MutableDict, String)
    raises("ArgumentError", "a type such as corm.JSON expected, got string", corm.MutableDict.as_mutable,
      corm.MutableDict, "JSON")
    raises("ArgumentError", "MutableDict:as_mutable(...)", corm.MutableDict.as_mutable, JSON)
    raises("ArgumentError", "values of the type ARRAY(INTEGER) are no such tables", corm.MutableDict.as_mutable,
      corm.MutableDict, corm.ARRAY(Integer))
    raises("ArgumentError", "a column of a model expected", corm.MutableDict.associate_with_attribute,
      corm.MutableDict, 1)
    raises("ArgumentError", "Doc.name are no such tables", corm.MutableDict.associate_with_attribute, corm.MutableDict,
      Doc.name)
    raises("ArgumentError", "MutableList: a table expected, got integer", corm.MutableList, 1)
  end)

  it("may be associated with an attribute, and are inherited", function()
    corm.MutableDict:associate_with_attribute(Doc.plain)
    local Sub = Doc.registry:generate_base():model("Sub", {
      __tablename__ = "sub", id = Column(Integer, { primary_key = true }), kind = Column(String(10)),
      data = Column(corm.MutableDict:as_mutable(JSON)),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "sub" },
    })
    local Below = Sub:model("Below", { __mapper_args__ = { polymorphic_identity = "below" } })
    Doc.metadata:create_all(w.engine)
    local doc, below = saved { plain = { a = 1 } }, Below { data = { a = 1 } }
    session:add(below)
    session:commit()
    doc.plain.a = 2
    below.data.a = 2
    session:commit()
    assert.equal('{"a":2}', column "plain")
    assert.equal('{"a":2}', stored(w, "SELECT data FROM sub"))
  end)

  it("of a stored value of another shape are a DataError that says what takes it", function()
    saved { name = "x", data = { a = 1 } }
    session:close()
    w:sql("UPDATE doc SET data = '[1]'")
    raises("DataError", "Doc.data: what is stored is no MutableDict; MutableJSON takes all",
      function() return session:scalars(corm.select(Doc)):one().data end)
  end)
end)

describe("M30 mutable arrays", function()
  it("tell of their items", function()
    local Base = corm.declarative_base()
    local Row = Base:model("Row", {
      __tablename__ = "row_", id = Column(Integer, { primary_key = true }),
      numbers = Column(corm.MutableList:as_mutable(corm.ARRAY(Integer))),
      tags = Column(corm.MutableSet:as_mutable(corm.ARRAY(String(10)))),
    })
    if database.name ~= "postgresql" then
      local row = Row { numbers = { 1 }, tags = { "a", "a" } }
      row.numbers:append(2)
      row.tags:add "b"
      assert.same({ 1, 2 }, row.numbers:to_table())
      assert.same({ "a", "b" }, row.tags:to_table())
      raises("DataError", "", row.numbers.append, row.numbers, "x")
      return
    end
    local w = world.open { Base = Base }
    local session = w:session()
    local row = Row { numbers = { 1 }, tags = { "a", "a" } }
    session:add(row)
    session:commit()
    row.numbers:append(2)
    row.tags:add "b"
    raises("DataError", "", row.numbers.append, row.numbers, "x")
    session:commit()
    assert.equal("{1,2}|{a,b}", w:rows("SELECT numbers, tags FROM row_"))
    w:close()
  end)
end)

describe("M30 mutable sets of MySQL's SET", function()
  it("tell of their members", function()
    if database.name ~= "mariadb" and database.name ~= "mysql" then return end
    local Base = corm.declarative_base()
    local Row = Base:model("Row", {
      __tablename__ = "row_", id = Column(Integer, { primary_key = true }),
      tags = Column(corm.MutableSet:as_mutable(corm.dialects.mysql.SET("a", "b", "c"))),
    })
    local w = world.open { Base = Base }
    local session = w:session()
    local row = Row { tags = { "a" } }
    session:add(row)
    session:commit()
    row.tags:add "c"
    session:commit()
    assert.equal("a,c", w:rows("SELECT tags FROM row_"))
    row.tags:add "x"
    raises("DataError", "SET: 'x' is not among its members", session.commit, session)
    session:rollback()
    assert.same({ "a", "c" }, row.tags:to_table())
    w:close()
  end)
end)
