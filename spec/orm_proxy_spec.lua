-- Association objects, and attributes seen through them.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local function key()
  return Column(Integer, { primary_key = true })
end

local w, m, session

after_each(function()
  if w then w:close() end
  w = nil
end)

-- User - UserKeyword - Keyword, the link with a column of its own.
local function keywords(proxy_options, class)
  local Base = corm.declarative_base()
  local k = { Base = Base }
  k.User = Base:model("User", {
    __tablename__ = "users", id = key(), name = Column(String(20)),
    user_keywords = relationship("UserKeyword", {
      back_populates = "user", cascade = "all, delete-orphan", order_by = "UserKeyword.id", collection_class = class,
    }),
    keywords = corm.association_proxy("user_keywords", "keyword", proxy_options),
    notes = corm.association_proxy("user_keywords", "note"),
  })
  k.UserKeyword = Base:model("UserKeyword", {
    __tablename__ = "user_keyword", id = key(), note = Column(String(20)),
    user_id = Column(Integer, ForeignKey "users.id"), keyword_id = Column(Integer, ForeignKey "keyword.id"),
    user = relationship("User", { back_populates = "user_keywords" }), keyword = relationship "Keyword",
    user_name = corm.association_proxy("user", "name"), word = corm.association_proxy("keyword", "word"),
  })
  k.Keyword = Base:model("Keyword", { __tablename__ = "keyword", id = key(), word = Column(String(20)) })
  return k
end

describe("M10 an association object", function()
  it("has columns of its own, and is loaded through both of its ends", function()
    w = world.open(keywords())
    m, session = w.m, w:session()
    local user = m.User { name = "u" }
    user.user_keywords:append(m.UserKeyword { note = "n", keyword = m.Keyword { word = "k" } })
    session:add(user)
    session:commit()
    assert.equal("n|u|k", w:rows("SELECT a.note, u.name, k.word FROM user_keyword a JOIN users u ON u.id = a.user_id "
      .. "JOIN keyword k ON k.id = a.keyword_id"))
    session:expunge_all()
    local n = w:count(function()
      user = session:scalars(select(m.User):options(
        corm.selectinload(m.User.user_keywords):joinedload(m.UserKeyword.keyword))):one()
      assert.equal("k", user.user_keywords[1].keyword.word)
    end)
    assert.equal(2, n)
    user.user_keywords:clear()
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM user_keyword")
    assert.equal("1", w:rows "SELECT count(*) FROM keyword")
  end)
end)

describe("M29 an association proxy", function()
  local user, a, b, c

  before_each(function()
    w = world.open(keywords())
    m, session = w.m, w:session()
    a, b, c = m.Keyword { word = "a" }, m.Keyword { word = "b" }, m.Keyword { word = "c" }
    session:add_all { a, b, c }
    session:flush()
    user = m.User { name = "u", keywords = { a, b } }
    session:add(user)
    session:commit()
  end)

  local function linked()
    return w:list("SELECT k.word FROM user_keyword l JOIN keyword k ON k.id = l.keyword_id "
      .. "WHERE l.user_id IS NOT NULL ORDER BY l.id")
  end

  it("shows NULL in lists and loops as corm.null", function()
    user.user_keywords = { m.UserKeyword { note = "x" }, m.UserKeyword {}, m.UserKeyword { note = "y" } }
    local found = {}
    for note in user.notes do found[#found + 1] = note end
    assert.same({ "x", corm.null, "y" }, found)
    assert.same({ "x", corm.null, "y" }, user.notes:values())
    assert.is_nil(user.notes[2])
    assert.is_true(user.notes:contains(nil))
    local kept, other = user.user_keywords[2], m.User { name = "v" }
    other.notes = user.notes
    assert.equal(3, #other.user_keywords)
    assert.is_nil(other.user_keywords[2].note)
    assert.equal("y", other.user_keywords[3].note)
    user.notes = { corm.null, "z" }
    assert.is_true(rawequal(kept, user.user_keywords[1]))
    user.notes:extend(other.notes)
    assert.equal(5, #user.notes)
    user.notes:remove(corm.null)
    assert.equal("z", user.notes[1])
  end)

  it("of a dictionary is one", function()
    local Base = corm.declarative_base()
    local Animal = Base:model("Animal", {
      __tablename__ = "animal", id = key(),
      facts = corm.relationship("Fact", {
        collection_class = corm.attribute_keyed_dict "name", cascade = "all, delete-orphan",
      }),
      props = corm.association_proxy("facts", "value"),
    })
    Base:model("Fact", {
      __tablename__ = "fact", id = key(), name = Column(String(20)), value = Column(String(20)),
      animal_id = Column(Integer, corm.ForeignKey "animal.id"),
    })
    local animal = Animal { props = { color = "red", legs = "4" } }
    local props = animal.props
    assert.is_true(props:has_key "legs")
    assert.is_false(props:has_key "tail")
    assert.equal("4", props:setdefault("legs", "2"))
    assert.equal("long", props:setdefault("tail", "long"))
    props:update { legs = "6", index = "a", insert = "b" }
    assert.equal("6 a b", table.concat({ props.legs, props.index, props.insert }, " "))
    assert.equal("none", props:pop("wings", "none"))
    assert.equal(nil, props:pop "wings")
    assert.equal("6", props:pop("legs", "none"))
    assert.is_false(props:has_key "legs")
    assert.equal(nil, animal.facts.legs)
    raises("ArgumentError", "Animal.props: a table of values by key expected, got integer", props.update, props, 5)
    raises("ArgumentError", "Animal.props is a dictionary: assign to a key of it", props.append, props, "x")
  end)

  it("is a list of what lies behind, and changes it", function()
    assert.equal("a,b", linked())
    assert.equal(2, #user.keywords)
    assert.is_true(rawequal(b, user.keywords[2]))
    user.keywords:append(c)
    user.keywords:remove(a)
    assert.is_true(user.keywords:contains(c))
    assert.is_false(user.keywords:contains(a))
    assert.equal(1, user.keywords:index(b))
    session:commit()
    assert.equal("b,c", linked())
    assert.equal("2", w:rows "SELECT count(*) FROM user_keyword")
    local list = {}
    for keyword in user.keywords do list[#list + 1] = keyword.word end
    for i, keyword in ipairs(user.keywords) do list[#list + 1] = i .. keyword.word end
    assert.same({ "b", "c", "1b", "2c" }, list)
    user.keywords[1] = a
    user.keywords:insert(1, b)
    assert.is_true(rawequal(c, user.keywords:pop()))
    session:commit()
    assert.equal("a,b", linked())
    user.keywords:clear()
    session:commit()
    assert.equal("", linked())
  end)

  it("keeps the links of what stays when a list is assigned", function()
    local link = user.user_keywords[2]
    link.note = "kept"
    user.keywords = { c, b }
    session:commit()
    assert.equal("kept", w:rows "SELECT note FROM user_keyword WHERE note IS NOT NULL")
    assert.equal("b,c", linked())
    user.keywords:extend { a, a }
    assert.equal(4, #user.keywords)
    assert.is_true(user.keywords == user.keywords)
  end)

  it("is asked for in queries", function()
    session:add(m.User { name = "v", notes = { "x", "y" } })
    session:commit()
    local function names(condition)
      return table.concat((function()
        local list = {}
        for each in session:scalars(select(m.User):where(condition):order_by(m.User.id)) do
          list[#list + 1] = each.name
        end
        return list
      end)(), " ")
    end
    assert.equal("u", names(m.User.keywords:contains(a)))
    assert.equal("", names(m.User.keywords:contains(c)))
    assert.equal("u", names(m.User.keywords:any { word = "b" }))
    assert.equal("u", names(m.User.keywords:any(m.Keyword.word:eq "a")))
    assert.equal("v", names(m.User.notes:contains "x"))
    assert.matches("note LIKE", tostring(m.User.notes:contains "x")) -- as the column's
    assert.equal("v", names(m.User.notes:like "%y"))
    assert.equal("v", names(m.User.notes:in_ { "y" }))
    assert.equal("u v", names(m.User.notes:any()))
    assert.equal("v", names(m.User.notes:eq "x"))
    assert.equal("v", names(m.User.notes:ne "y"))
    session:add(m.User { name = "nothing" })
    assert.equal("u nothing", names(m.User.notes:eq(nil)))
    assert.equal("v", names(m.User.notes:ne(nil)))
    assert.equal(2, session:scalar(select(corm.func.count()):select_from(m.UserKeyword)
      :where(m.UserKeyword.user_name:eq "u")))
    assert.equal(1, session:scalar(select(corm.func.count()):select_from(m.UserKeyword)
      :where(m.UserKeyword.word:eq "b")))
    assert.equal(2, session:scalar(select(corm.func.count()):select_from(m.UserKeyword)
      :where(m.UserKeyword.word:eq(nil))))
    local alias = corm.aliased(m.User)
    assert.equal("u", session:scalar(select(alias.name):where(alias.keywords:contains(b))))
  end)

  it("of one object reads, writes and makes it", function()
    local link = user.user_keywords[1]
    assert.equal("u", link.user_name)
    assert.equal("a", link.word)
    link.user_name = "renamed"
    session:commit()
    assert.equal("renamed", w:rows "SELECT name FROM users")
    local fresh = m.UserKeyword { word = "new" }
    assert.equal("new", fresh.keyword.word)
    local empty = m.UserKeyword {}
    assert.is_nil(empty.word)
    empty.word = nil
    assert.is_nil(empty.keyword)
  end)

  it("makes what lies between by its creator", function()
    w:close()
    w = world.open(keywords {
      creator = function(keyword) return m.UserKeyword { keyword = keyword, note = "made" } end,
    })
    m, session = w.m, w:session()
    local one = m.User { keywords = { m.Keyword { word = "a" } } }
    session:add(one)
    session:commit()
    assert.equal("made", w:rows "SELECT note FROM user_keyword")
    w:close()
    w = world.open(keywords { creator = function() return 5 end })
    raises("ArgumentError", "association_proxy User.keywords: its creator gave a integer, no object", w.m.User,
      { keywords = { w.m.Keyword {} } })
  end)

  it("over a dictionary is one, and over a set a set", function()
    w:close()
    w = world.open(keywords(nil, corm.attribute_keyed_dict "note"))
    m, session = w.m, w:session()
    local one = m.User {}
    session:add(one)
    one.keywords.x = m.Keyword { word = "a" }
    one.keywords.y = m.Keyword { word = "b" }
    one.keywords.x = m.Keyword { word = "c" }
    session:commit()
    assert.equal("x|c,y|b", w:list(
      "SELECT note, word FROM user_keyword l JOIN keyword k ON k.id = keyword_id ORDER BY note"))
    assert.equal("b", one.keywords.y.word)
    one.keywords.y = nil
    local seen = {}
    for k, keyword in pairs(one.keywords) do seen[k] = keyword.word end
    assert.same({ x = "c" }, seen)
    one.keywords = { z = m.Keyword { word = "d" } }
    assert.same({ "z" }, one.keywords:keys())
    raises("ArgumentError", "assign to a key", function() one.keywords:append(m.Keyword {}) end)
    w:close()
    w = world.open(keywords(nil, "set"))
    m = w.m
    one = m.User { notes = { "a", "b" } }
    one.notes:add "b"
    one.notes:add "c"
    one.notes:discard "a"
    one.notes:discard "nothing"
    seen = {}
    for note in pairs(one.notes) do seen[note] = true end
    assert.same({ b = true, c = true }, seen)
  end)

  it("refuses what leads nowhere", function()
    raises("ArgumentError", "association_proxy", corm.association_proxy, "x")
    raises("ArgumentError", "unknown option", corm.association_proxy, "x", "y", { creatr = print })
    raises("ArgumentError", "the value is not in User.keywords", function() user.keywords:remove(c) end)
    raises("ArgumentError", "User.keywords: a list expected", function() user.keywords = nil end)
    raises("ArgumentError", "User.keywords: a list expected", function() user.keywords:extend(5) end)
    raises("ArgumentError", "leads to a column", function() return m.User.notes:any { x = 1 } end)
    raises("InvalidRequestError", "use contains() or any()", function() return m.User.keywords:eq(a) end)
    raises("ArgumentError", "Keyword object expected, got string", function()
      return m.User.keywords:contains "a"
    end)
    local Base = corm.declarative_base()
    local X = Base:model("X", { __tablename__ = "x", id = key(), y = corm.association_proxy("z", "w") })
    raises("InvalidRequestError", "association_proxy X.y: X has no relationship 'z'", function() return X.y end)
    raises("InvalidRequestError", "association_proxy X.y: X has no relationship 'z'", function() return X {}.y end)
    assert.equal(2, #user.keywords)
    assert.is_false(session:is_modified(user))
  end)
end)
