-- Collections that are no plain lists.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local function key()
  return Column(Integer, { primary_key = true })
end

-- One owner with a collection of each shape; `change` may say other options of Owner.things.
local function models(class, more)
  local Base = corm.declarative_base()
  local m = { Base = Base }
  local options = { collection_class = class, back_populates = "owner", cascade = "all, delete-orphan",
    order_by = "Thing.id" }
  for k, v in pairs(more or {}) do options[k] = v end
  m.Owner = Base:model("Owner", {
    __tablename__ = "owner", id = key(), name = Column(String(20)), things = relationship("Thing", options),
  })
  m.Thing = Base:model("Thing", {
    __tablename__ = "thing", id = key(), word = Column(String(20)), position = Column(Integer),
    owner_id = Column(Integer, ForeignKey "owner.id"), owner = relationship("Owner", { back_populates = "things" }),
  })
  return m
end

local w, m, session

local function open(class, more)
  w = world.open(models(class, more))
  m, session = w.m, w:session()
end

after_each(function()
  if w then w:close() end
  w = nil
end)

local function words(view)
  local found = {}
  for thing in view do found[#found + 1] = thing.word end
  return table.concat(found, " ")
end

local function stored()
  return w:list "SELECT word FROM thing WHERE owner_id IS NOT NULL ORDER BY word"
end

describe("M16 a collection that is a set", function()
  before_each(function() open "set" end)

  it("holds each object once, and tells the database what came and went", function()
    local a, b, c = m.Thing { word = "a" }, m.Thing { word = "b" }, m.Thing { word = "c" }
    local owner = m.Owner { things = { a, b, a } }
    assert.equal(2, #owner.things)
    owner.things:add(b)
    owner.things:add(c)
    assert.equal("a b c", words(owner.things))
    assert.is_true(rawequal(owner, c.owner))
    session:add(owner)
    session:commit()
    assert.equal("a,b,c", stored())
    owner.things:discard(m.Thing { word = "elsewhere" })
    owner.things:remove(a)
    owner.things:discard(b)
    assert.is_true(owner.things:contains(c))
    assert.is_false(owner.things:contains(a))
    session:commit()
    assert.equal("c", stored())
    owner.things:update { c, m.Thing { word = "d" } }
    local seen = {}
    for thing, there in pairs(owner.things) do seen[thing.word] = there end
    assert.same({ c = true, d = true }, seen)
    assert.equal(2, #owner.things)
  end)

  it("follows the other side, rollbacks and assignments", function()
    local owner, other = m.Owner { things = { m.Thing { word = "a" } } }, m.Owner {}
    session:add_all { owner, other }
    session:commit()
    local thing = owner.things:pop()
    assert.equal(0, #owner.things)
    session:rollback()
    assert.equal("a", words(owner.things))
    thing.owner = other
    assert.equal("", words(owner.things))
    assert.equal("a", words(other.things))
    assert.is_true(owner.things == owner.things)
    assert.is_false(owner.things == other.things)
    owner.things = other.things
    assert.equal("a", words(owner.things))
    owner.things:clear()
    assert.equal(0, #owner.things)
  end)

  it("is told as a list by to_table", function()
    local owner = m.Owner { things = { m.Thing { word = "a" } } }
    assert.equal("a", owner:to_table({ depth = 1 }).things[1].word)
  end)

  it("refuses positions, strangers and wrong names", function()
    local owner = m.Owner { things = { m.Thing { word = "a" } } }
    raises("ArgumentError", "Owner.things is a set, which has no positions", function() return owner.things[1] end)
    raises("ArgumentError", "Owner.things is a set: add() and remove()", function() owner.things[1] = m.Thing {} end)
    raises("ArgumentError", "Owner.things", function() owner.things:add(m.Owner {}) end)
    raises("ArgumentError", "Owner.things", function() owner.things:add "a" end)
    raises("ArgumentError", "is not in Owner.things", function() owner.things:remove(m.Thing {}) end)
    raises("ArgumentError", "Owner.things", function() owner.things:update(5) end)
    raises("ArgumentError", "Owner.things", function() owner.things = 5 end)
    raises("ArgumentError", "did you mean 'discard'?", function() return owner.things.discart end)
    assert.equal("a", words(owner.things))
  end)
end)

describe("M16 a collection that is a dictionary", function()
  before_each(function() open(corm.attribute_keyed_dict "word") end)

  it("finds, replaces and removes by key", function()
    local owner = m.Owner {}
    owner.things.a = m.Thing { word = "a" }
    owner.things:set(m.Thing { word = "b" })
    session:add(owner)
    session:commit()
    assert.equal("a,b", stored())
    assert.equal("b", owner.things.b.word)
    assert.is_nil(owner.things.c)
    assert.equal("none", owner.things:get("c", "none"))
    assert.same({ "a", "b" }, owner.things:keys())
    local old, new = owner.things.a, m.Thing { word = "a", position = 5 }
    owner.things.a = new
    assert.is_true(rawequal(new, owner.things.a))
    assert.equal(2, #owner.things)
    assert.is_nil(old.owner)
    owner.things.b = nil
    owner.things.nothing = nil
    session:commit()
    assert.equal("a|5", w:rows "SELECT word, position FROM thing")
    assert.equal(5, owner.things:pop("a").position)
    assert.is_nil(owner.things:pop "a")
    session:commit()
    assert.equal("", w:rows "SELECT word FROM thing")
  end)

  it("is assigned by keys, and seen by pairs", function()
    local owner = m.Owner { things = { b = m.Thing { word = "b" }, a = m.Thing { word = "a" } } }
    session:add(owner)
    session:commit()
    session:expunge_all()
    owner = session:scalars(select(m.Owner):options(corm.selectinload(m.Owner.things))):one()
    local list = {}
    assert.equal(0, w:count(function()
      for k, thing in pairs(owner.things) do list[#list + 1] = k .. "=" .. thing.word end
    end))
    assert.same({ "a=a", "b=b" }, list)
    owner.things:update { c = m.Thing { word = "c" } }
    local kept = owner.things.a
    owner.things = { a = kept, d = m.Thing { word = "d" } }
    session:commit()
    assert.equal("a,d", stored())
    assert.equal(2, #owner.things)
    local thing = m.Thing { word = "e", owner = owner }
    assert.is_true(rawequal(thing, owner.things.e))
    assert.is_true(owner.things:has_key "e")
  end)

  it("looks for what its objects say now, also where they have expired or say it twice", function()
    local owner = m.Owner { things = { a = m.Thing { word = "a" }, b = m.Thing { word = "b" } } }
    session:add(owner)
    session:commit()
    local a, b = owner.things.a, owner.things.b
    a.word = "c"
    assert.is_nil(owner.things.a)
    assert.is_true(rawequal(a, owner.things.c))
    b.word = "c"
    assert.is_true(rawequal(b, owner.things.c)) -- the last one
    b.word = nil
    assert.is_true(rawequal(a, owner.things.c))
    session:rollback()
    assert.is_true(rawequal(a, owner.things.a))
    session:expire(b)
    assert.is_true(rawequal(b, owner.things.b))
    assert.is_nil(owner.things[5])
    assert.is_nil(owner.things[true])
    assert.is_nil(owner.things[("x"):rep(1000)])
  end)

  it("gives up the object whose key comes from the other side", function()
    local owner, other = m.Owner { things = { a = m.Thing { word = "a" } } }, m.Owner {}
    session:add_all { owner, other }
    session:commit()
    local old = owner.things.a
    local new = m.Thing { word = "a", position = 2, owner = owner }
    assert.equal(1, #owner.things)
    assert.is_true(rawequal(new, owner.things.a))
    assert.is_nil(old.owner)
    session:add(new)
    session:commit()
    assert.equal("a|2", w:rows "SELECT word, position FROM thing")
    local third = m.Thing { word = "a", position = 3 }
    other.things:set(third)
    assert.equal(1, #owner.things) -- in memory again
    third.owner = owner
    assert.is_true(rawequal(third, owner.things.a))
    assert.equal(0, #other.things)
    session:commit()
    assert.equal("a|3", w:rows "SELECT word, position FROM thing")
    m.Thing { owner = owner } -- without a key
    assert.is_true(rawequal(third, owner.things.a))
  end)

  it("sets and finds thousands of objects by their keys", function()
    local owner = m.Owner {}
    local start = os.clock()
    for i = 1, 2000 do owner.things["w" .. i] = m.Thing { word = "w" .. i } end
    for i = 1, 2000 do assert.equal("w" .. i, owner.things["w" .. i].word) end
    assert.is_true(os.clock() - start < 2) -- mostly 0.2; four million calls of Lua would take longer
    assert.equal(2000, #owner.things)
  end)

  it("refuses keys that its objects do not say", function()
    local owner = m.Owner { things = { a = m.Thing { word = "a" } } }
    raises("ArgumentError", "the object given for key 'x' says that its key is 'y'", function()
      owner.things.x = m.Thing { word = "y" }
    end)
    raises("ArgumentError", "the object given for key 'x' says that its key is 'y'", function()
      owner.things = { x = m.Thing { word = "y" } }
    end)
    raises("InvalidRequestError", "the Thing has no key yet: its 'word' is nil", function()
      owner.things:set(m.Thing {})
    end)
    raises("ArgumentError", "an object expected, got string", function() owner.things.a = "a" end)
    raises("ArgumentError", "objects by key expected, got string at key 'a'", function() owner.things = { a = "a" } end)
    assert.equal("a", words(owner.things))
    raises("ArgumentError", "attribute_keyed_dict", corm.attribute_keyed_dict, 5)
    raises("ArgumentError", "keyfunc_mapping", corm.keyfunc_mapping, "x")
    for _, make in ipairs { corm.attribute_keyed_dict, corm.column_keyed_dict, corm.keyfunc_mapping } do
      raises("ArgumentError", "ignore_unpopulated_attribute' is not supported yet", make, "x",
        { ignore_unpopulated_attribute = true })
      raises("ArgumentError", "options", make, "x", true)
    end
    raises("ArgumentError", "column_keyed_dict", corm.column_keyed_dict, "x")
  end)
end)

describe("M16 what a set or dictionary has from the other side", function()
  local function put_again(class, put, cascade)
    open(class, { cascade = cascade })
    local owner = m.Owner {}
    session:add(owner)
    session:commit()
    assert.equal(0, #owner.things)
    local thing = m.Thing { word = "a", owner = owner }
    assert.is_false(session:contains(thing))
    put(owner.things, thing)
    assert.equal(1, #owner.things)
    return session:contains(thing)
  end

  it("comes into the session when it is put there", function()
    local function add(things, thing) things:add(thing) end
    assert.is_true(put_again("set", add))
    session:commit()
    assert.equal("a", stored())
    w:close()
    assert.is_true(put_again("set", function(things, thing) things:update { thing } end))
    w:close()
    assert.is_true(put_again(corm.attribute_keyed_dict "word", function(things, thing) things.a = thing end))
    w:close()
    assert.is_false(put_again("set", add, "merge"))
  end)
end)

describe("M16 several collections of one class", function()
  it("are configured by the first object", function()
    local Base = corm.declarative_base()
    local Slide = Base:model("Slide", {
      __tablename__ = "slide", id = key(),
      bullets = relationship("Bullet", { collection_class = corm.ordering_list "position" }),
      notes = relationship("Note", { collection_class = corm.ordering_list "position" }),
      words = relationship("Note", { collection_class = corm.attribute_keyed_dict "text", viewonly = true }),
      texts = corm.association_proxy("bullets", "text"),
    })
    local function part(name)
      return Base:model(name, {
        __tablename__ = name:lower(), id = key(), text = Column(String(20)), position = Column(Integer),
        slide_id = Column(Integer, ForeignKey "slide.id"),
      })
    end
    part "Bullet"
    local Note = part "Note"
    local slide = Slide { texts = { "first", "last" }, notes = { Note {} } }
    assert.equal(1, slide.bullets[2].position)
    assert.equal(0, slide.notes[1].position)
  end)
end)

describe("M16 other keys", function()
  it("come from a function", function()
    open(corm.keyfunc_mapping(function(thing) return thing.word .. thing.position end))
    local owner = m.Owner {}
    owner.things.a1 = m.Thing { word = "a", position = 1 }
    assert.equal(1, owner.things.a1.position)
  end)

  it("come from a function that has nothing to say yet", function()
    open(corm.keyfunc_mapping(function(thing) return thing.word:upper() end))
    local owner = m.Owner {}
    local first = m.Thing { word = "a", owner = owner }
    local second = m.Thing { owner = owner }
    assert.equal(2, #owner.things)
    second.word = "b"
    assert.is_true(rawequal(second, owner.things.B))
    local third = m.Thing { word = "A", owner = owner }
    assert.is_true(rawequal(third, owner.things.A))
    assert.is_nil(first.owner)
  end)

  it("or a column, given late", function()
    open(function() return corm.column_keyed_dict(m.Thing.word) end)
    w.m.Base.registry:configure()
    local owner = m.Owner {}
    owner.things.a = m.Thing { word = "a" }
    assert.equal("a", owner.things.a.word)
  end)
end)

describe("M16 an ordering_list", function()
  local function positions(owner)
    local found = {}
    for _, thing in ipairs(owner.things) do found[#found + 1] = thing.word .. thing.position end
    return table.concat(found, " ")
  end

  before_each(function() open(corm.ordering_list "position", { order_by = "Thing.position" }) end)

  it("numbers what it holds from 0, whatever is done to it", function()
    local owner = m.Owner { things = { m.Thing { word = "a" }, m.Thing { word = "b" } } }
    session:add(owner)
    owner.things:append(m.Thing { word = "c" })
    session:commit()
    assert.equal("a|0,b|1,c|2", w:list "SELECT word, position FROM thing ORDER BY position")
    owner.things:insert(2, m.Thing { word = "x" })
    assert.equal("a0 x1 b2 c3", positions(owner))
    owner.things:remove(owner.things[1])
    assert.equal("x0 b1 c2", positions(owner))
    owner.things:pop(2)
    owner.things[1] = m.Thing { word = "y" }
    owner.things[3] = m.Thing { word = "z" }
    assert.equal("y0 c1 z2", positions(owner))
    owner.things[1] = nil
    session:commit()
    assert.equal("c|0,z|1", w:list "SELECT word, position FROM thing ORDER BY position")
    owner.things = { owner.things[2], owner.things[1] }
    session:commit()
    assert.equal("z c", words(owner.things))
    owner.things[1].position = 9
    owner.things:reorder()
    assert.equal("z0 c1", positions(owner))
  end)

  it("leaves a position that is there when it is appended", function()
    local owner = m.Owner {}
    owner.things:append(m.Thing { word = "a", position = 7 })
    assert.equal("a7", positions(owner))
    owner.things:extend { m.Thing { word = "b" } }
    assert.equal("a7 b1", positions(owner))
    w:close()
    open(corm.ordering_list("position", { count_from = 1, reorder_on_append = true }))
    owner = m.Owner {}
    owner.things:append(m.Thing { word = "a", position = 7 })
    assert.equal("a1", positions(owner))
  end)

  it("numbers also what comes from the other side into a loaded list", function()
    local owner = m.Owner { things = { m.Thing { word = "a" } } }
    local thing = m.Thing { word = "b", owner = owner }
    assert.equal(1, thing.position)
    assert.equal("a0 b1", positions(owner))
    session:add_all { owner, thing }
    session:commit()
    m.Thing { word = "c", owner = owner }
    assert.equal("a|0,b|1", w:list "SELECT word, position FROM thing ORDER BY position")
  end)

  it("numbers what came from the other side before it was loaded, when it is looked at", function()
    for _, look in ipairs {
      function(list) return list[2] end, function(list) return #list end, words,
      function(list) return list:contains(list[1]) end, function(list) return pairs(list) end,
      function(list) list:append(m.Thing { word = "c" }) end,
    } do
      session:execute(corm.delete(m.Thing, { all = true }))
      local owner = m.Owner { things = { m.Thing { word = "a" } } }
      session:add(owner)
      session:commit()
      session:no_autoflush(function()
        local thing = m.Thing { word = "b", owner = owner }
        session:add(thing)
        look(owner.things)
        assert.equal(1, thing.position)
      end)
      session:commit()
      assert.equal("a0 b1", (positions(owner):gsub(" c2", "")))
    end
  end)

  it("numbers what the other side puts into a new list, and moves up when it takes something out", function()
    local owner, other = m.Owner {}, m.Owner {}
    for _, word in ipairs { "a", "b", "c", "d" } do m.Thing { word = word, owner = owner } end
    assert.equal("a0 b1 c2 d3", positions(owner))
    session:add_all { owner, other }
    owner.things[2].owner = nil
    assert.equal("a0 c1 d2", positions(owner))
    other.things:append(owner.things[1])
    assert.equal("c0 d1", positions(owner))
    session:commit()
    assert.equal("c0 d1", positions(owner))
    owner.things[1].owner = other
    session:commit()
    assert.equal("d0", positions(owner))
    owner.things = { m.Thing { word = "e" }, owner.things[1] }
    assert.equal("e0 d1", positions(owner))
  end)

  it("counts by a function", function()
    w:close()
    open(corm.ordering_list("position", { ordering_func = function(i, list) return i * 10 + #list end }))
    local owner = m.Owner {}
    owner.things:append(m.Thing { word = "a" })
    assert.equal("a11", positions(owner))
    raises("ArgumentError", "exclude each other", corm.ordering_list, "p",
      { count_from = 1, ordering_func = function() end })
    raises("ArgumentError", "unknown option", corm.ordering_list, "p", { from = 1 })
    raises("ArgumentError", "Owner.things", function() owner.things:append "x" end)
    raises("ArgumentError", "did you mean 'reorder'?", function() return owner.things.reordr end)
    assert.equal("a11", positions(owner))
  end)

  it("moves up when another list is assigned that has one of its objects", function()
    local a, b, c = m.Thing { word = "a" }, m.Thing { word = "b" }, m.Thing { word = "c" }
    local owner, other = m.Owner { things = { a, b, c } }, m.Owner {}
    session:add_all { owner, other }
    other.things = { b }
    assert.equal("a0 c1", positions(owner))
    owner.things = { c, a, b }
    assert.equal("c0 a1 b2", positions(owner))
    owner.things = { b, c }
    assert.equal("b0 c1", positions(owner))
    session:commit()
    assert.equal("b0 c1", positions(owner))
  end)
end)

describe("M16 a list", function()
  it("is sorted and reversed in memory, which changes nothing in the database", function()
    open(nil)
    local owner = m.Owner { things = { m.Thing { word = "b" }, m.Thing { word = "c" }, m.Thing { word = "a" } } }
    session:add(owner)
    session:commit()
    owner.things:sort(function(x, y) return x.word < y.word end)
    assert.equal("a b c", words(owner.things))
    owner.things:reverse()
    assert.equal("c b a", words(owner.things))
    assert.is_false(session:is_modified(owner))
    owner.things:remove(owner.things[2])
    session:commit()
    assert.equal("a,c", stored())
    raises("ArgumentError", "Collection:sort: a function of two objects expected, got nil", owner.things.sort,
      owner.things)
    assert.has_error(function() owner.things:sort(function() error "no" end) end)
    raises("InvalidRequestError", "Owner.things was changed meanwhile", owner.things.sort, owner.things,
      function(x, y)
        owner.things:clear()
        return x.word < y.word
      end)
  end)

  it("that numbers its objects numbers them anew", function()
    open(corm.ordering_list "position")
    local owner = m.Owner { things = { m.Thing { word = "b" }, m.Thing { word = "a" } } }
    owner.things:reverse()
    assert.equal(0, owner.things[1].position)
    assert.equal("a b", words(owner.things))
  end)
end)

describe("M16 a list with methods of the script's own", function()
  it("is a list", function()
    open { total = function(self) return #self * 100 end }
    local owner = m.Owner { things = { m.Thing { word = "a" } } }
    owner.things:append(m.Thing { word = "b" })
    owner.things[3] = m.Thing { word = "c" }
    assert.equal(300, owner.things:total())
    assert.equal("b", owner.things[2].word)
    for i, thing in ipairs(owner.things) do assert.equal(i, owner.things:index(thing)) end
  end)

  it("or something that makes no sense, which is refused", function()
    for _, wrong in ipairs { "dict", 5, { x = 1 }, { function() end } } do
      open(wrong)
      raises("ArgumentError", "relationship Owner.things: collection_class", m.Owner)
      w:close()
    end
    open("set", { uselist = false })
    raises("ArgumentError", "collection_class is for collections, and uselist is false", m.Owner)
    w:close()
    w, m, session = nil, nil, nil -- what can never be configured is not left to configure_mappers() of other specs
    collectgarbage()
    collectgarbage()
  end)
end)
