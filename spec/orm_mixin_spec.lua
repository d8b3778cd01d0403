-- M04: mixins, abstract bases, and what they say by functions of the class.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String

local function key() return Column(Integer, { primary_key = true }) end

local function names(class)
  local list = {}
  for column in class.__table__.columns do list[#list + 1] = column.name end
  return table.concat(list, " ")
end

describe("M04 mixins and abstract bases", function()
  local Base

  before_each(function() Base = corm.declarative_base() end)

  it("give each class columns of its own, where their creation puts them", function()
    local Stamped = { made = Column(Integer), by = Column(String(10)) }
    local A = Base:model("A", { __mixins__ = { Stamped }, __tablename__ = "a", id = key() })
    local B = Base:model("B", { __mixins__ = { Stamped }, __tablename__ = "b", id = key(), by = Column(Integer) })
    assert.equal("made by id", names(A))
    assert.equal("made id by", names(B)) -- its own column comes before the mixin's
    assert.is_false(rawequal(A.__table__.c.made, B.__table__.c.made))
  end)

  it("share functions, relationships, and abstract classes what they have", function()
    local Named = { name = Column(String(20)), shout = function(self) return self.name:upper() end }
    local Common = Base:model("Common", { __abstract__ = true, __mixins__ = { Named }, id = key() })
    function Common:whisper() return self.name:lower() end
    local m = { Base = Base }
    m.Target = Base:model("Target", { __tablename__ = "target", id = key() })
    local HasTarget = {
      target_id = corm.declared_attr(function() return Column(ForeignKey("target.id")) end),
      target = corm.relationship("Target"),
    }
    m.A = Common:model("A", { __tablename__ = "a", __mixins__ = { HasTarget } })
    m.B = Common:model("B", { __tablename__ = "b", __mixins__ = { HasTarget } })
    local w = world.open(m)
    local session = w:session()
    session:add_all { m.A { name = "Ann", target = m.Target { id = 7 } }, m.B { name = "Bob", target_id = 7 } }
    session:commit()
    assert.equal("Ann|7", w:list "SELECT name, target_id FROM a")
    assert.equal("Bob|7", w:list "SELECT name, target_id FROM b")
    local a = session:query(m.A):one()
    assert.equal("ANN ann", a:shout() .. " " .. a:whisper())
    assert.equal(7, session:query(m.B):one().target.id)
    w:close()
  end)

  it("may name tables, say arguments and make members by functions of the class", function()
    local Common = Base:model("Common", {
      __abstract__ = true,
      __tablename__ = function(cls) return cls.__name__:lower() .. "s" end,
      __table_args__ = function(cls) return { info = { of = cls.__tablename__ } } end,
      id = key(),
      code = corm.declared_attr(function(cls) return Column(cls.__tablename__ .. "_code", Integer) end),
      double = corm.declared_attr(function(cls)
        assert(cls.code ~= nil and cls.nothing == nil)
        return corm.hybrid_property(function(self) return self.code * 2 end)
      end),
      none = corm.declared_attr(function() return nil end),
    })
    local User, Item = Common:model("User", {}), Common:model("Item", { extra = Column(Integer) })
    assert.equal("users", User.__tablename__)
    assert.equal("items", Item.__table__.info.of)
    assert.equal("id extra items_code", names(Item))
    assert.equal(8, Item { code = 4 }.double)
    assert.equal("users.users_code * :users_code_1", tostring(User.double))
    raises("ArgumentError", "unknown attribute 'none' of User", function() return User {}.none end)
    local Own = Common:model("Own", { __tablename__ = "mine" })
    assert.equal("mine", Own.__tablename__)
    local Declared = {
      __tablename__ = corm.declared_attr(function(cls) return "the_" .. cls.__name__:lower() end),
      __table_args__ = corm.declared_attr(function(cls) return { corm.Index("i_" .. cls.__tablename__, "code") } end),
      id = key(),
      code = Column(Integer),
    }
    local Thing = Base:model("Thing", { __mixins__ = { Declared } })
    assert.equal("the_thing", Thing.__tablename__)
    for index in Thing.__table__.indexes do assert.equal("i_the_thing", index.name) end
  end)

  it("may lead to the class that is being made", function()
    local HasNotes = {
      notes = corm.declared_attr(function(cls)
        cls.Note = Base:model(cls.__name__ .. "Note", {
          __tablename__ = cls.__tablename__ .. "_note", id = key(),
          owner_id = Column(Integer, corm.ForeignKey(cls.__tablename__ .. ".id")),
          owner = corm.relationship(cls, { back_populates = "notes" }),
        })
        return corm.relationship(cls.Note, { back_populates = "owner" })
      end),
    }
    local A = Base:model("A", { __tablename__ = "a", __mixins__ = { HasNotes }, id = key() })
    local B = Base:model("B", { __tablename__ = "b", __mixins__ = { HasNotes }, id = key() })
    local a, b = A { notes = { A.Note {} } }, B { notes = { B.Note {} } }
    assert.equal(a, a.notes[1].owner)
    assert.equal(b, b.notes[1].owner)
    assert.equal(A, A.Note.owner.property.mapper.class_)
    raises("ArgumentError", "a mapped class or its name expected, got table", corm.relationship, {})
  end)

  it("declare what their functions set of the class", function()
    local HasTags = {
      tags = corm.declared_attr(function(cls)
        assert(cls.registry == Base.registry)
        local name = cls.__name__ .. "Tag"
        cls.Tag = Base:model(name, {
          __tablename__ = cls.__tablename__ .. "_tag", id = key(), text = Column(corm.String(9)),
          owner_id = Column(Integer, corm.ForeignKey(cls.__tablename__ .. ".id")),
        })
        cls.tag_count, cls.size, cls.later = Column(Integer), 5, nil
        cls.texts = corm.association_proxy("tags", "text")
        corm.Table(cls.__tablename__ .. "_more", cls.metadata, Column("id", Integer, { primary_key = true }))
        return corm.relationship(cls.Tag)
      end),
      later = corm.declared_attr(function() error("taken back") end),
    }
    local Film = Base:model("Film", { __mixins__ = { HasTags }, __tablename__ = "film", id = key(), size = 3 })
    local Song = Base:model("Song", { __mixins__ = { HasTags }, __tablename__ = "song", id = key() })
    assert.equal("FilmTag SongTag", Film.Tag.__name__ .. " " .. Song.Tag.__name__)
    local film = Film { texts = { "a", "b" }, tag_count = 2 }
    assert.equal("b 5", film.tags[2].text .. " " .. film.size)
    assert.equal(Film.Tag, film.tags[1].__class__)
    assert.equal("id tag_count", names(Film))
    assert.truthy(Base.metadata.tables.film_more)
  end)

  it("ask whether a class inherits from one with a table", function()
    local asked = {}
    local Named = {
      __tablename__ = function(cls)
        asked[cls.__name__] = corm.has_inherited_table(cls)
        if asked[cls.__name__] then return nil end
        return cls.__name__:lower()
      end,
    }
    local Animal = Base:model("Animal", {
      __mixins__ = { Named }, id = key(), kind = Column(String(9)), __mapper_args__ = { polymorphic_on = "kind" },
    })
    local Cat = Animal:model("Cat", { __mixins__ = { Named }, __mapper_args__ = { polymorphic_identity = "cat" } })
    assert.same({ Animal = false, Cat = true }, asked)
    assert.equal("animal", Cat.__table__.name)
    assert.is_false(corm.has_inherited_table(Animal))
    assert.is_true(corm.has_inherited_table(Cat))
    raises("ArgumentError", "has_inherited_table: a mapped class expected, got table", corm.has_inherited_table, {})
  end)

  it("refuse what makes no sense", function()
    raises("ArgumentError", "declared_attr: a function expected, got string", corm.declared_attr, "x")
    raises("ArgumentError", "A.__tablename__ must be a string, got integer", Base.model, Base, "A",
      { __tablename__ = function() return 5 end, id = key() })
    raises("InvalidRequestError", "class A has no __tablename__", Base.model, Base, "A",
      { __tablename__ = function() return nil end, id = key() })
    raises("ArgumentError", "A is not made yet: its __tablename__ is said in its body", Base.model, Base, "A",
      { id = key(), x = corm.declared_attr(function(cls) cls.__tablename__ = "a" end) })
    raises("ArgumentError", "A.y: declared_attr stands in a mixin or an abstract class", Base.model, Base, "A",
      { __tablename__ = "a", id = key(), x = corm.declared_attr(function(cls) cls.y = corm.declared_attr(print) end) })
    raises("ArgumentError", "A.__mixins__[1]: a plain table", Base.model, Base, "A",
      { __tablename__ = "a", id = key(), __mixins__ = { "x" } })
    assert.equal(1, Base:model("A", { __tablename__ = "a", id = key() }) { id = 1 }.id)
  end)
end)
