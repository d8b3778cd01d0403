-- What goes unseen with a warning: objects that a session's objects hold and nobody has added are not written; of
-- several rows where one should be, one is read.
local warnings_of = require "spec.support.warnings"

local setup = [[
local corm = require "corm"
local Column, ForeignKey, relationship = corm.Column, corm.ForeignKey, corm.relationship
local Base = corm.declarative_base()
local function key() return Column(corm.Integer, { primary_key = true }) end
local link = corm.Table("link", Base.metadata, Column("a", ForeignKey "parent.id"), Column("b", ForeignKey "tag.id"))
local Parent = Base:model("Parent", {
  __tablename__ = "parent", id = key(), children = relationship("Child", { back_populates = "parent" }),
  tags = relationship("Tag", { secondary = link, cascade = false }),
})
local Child = Base:model("Child", {
  __tablename__ = "child", id = key(), parent_id = Column(ForeignKey "parent.id"), tag_id = Column(ForeignKey "tag.id"),
  parent = relationship("Parent", { back_populates = "children" }), tag = relationship("Tag", { cascade = false }),
})
local Tag = Base:model("Tag", { __tablename__ = "tag", id = key() })
local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)
local session = corm.Session(engine)
local parent = Parent {}
session:add(parent)
session:commit()
local function count(Class) return session:query(Class):count() end
]]

local function warnings(code) return warnings_of(setup .. code) end

describe("M11 an object that no cascade brings into the session", function()
  it("is left out of a list with a warning, which says where", function()
    local found = warnings [[
      local child = Child { parent = parent }
      session:commit()
      assert(count(Child) == 0 and not session:contains(child))
    ]]
    assert.equal(1, #found)
    assert.matches("^/tmp/%S+:%d+: Object of type Child not in session, add operation along 'Parent.children' will not "
      .. "proceed", found[1])
  end)

  it("is left out of a reference and a many-to-many, too", function()
    local found = warnings [[
      local child = Child { tag = Tag {} }
      session:add(child)
      parent.tags:append(Tag {})
      session:commit()
      assert(count(Child) == 1 and count(Tag) == 0 and child.tag_id == nil)
    ]]
    table.sort(found, function(a, b) return a:match "along.*" < b:match "along.*" end)
    assert.equal(2, #found)
    assert.matches("Object of type Tag .* along 'Child.tag'", found[1])
    assert.matches("Object of type Tag .* along 'Parent.tags'", found[2])
  end)

  it("was never written, and can leave the list that held it through a flush", function()
    local found = warnings [[
      local stranger, late = Tag {}, Tag {}
      parent.tags = { stranger, late }
      session:flush()
      session:add(late)
      parent.tags = {}
      session:commit()
      assert(#parent.tags == 0 and count(Tag) == 1)
    ]]
    assert.equal(2, #found)
  end)

  it("may be deleted itself after it met one that was to be deleted", function()
    assert.same({}, warnings [[
      local Owner = Base:model("Owner", { __tablename__ = "owner", id = key() })
      local Thing = Base:model("Thing", { __tablename__ = "thing", id = key() })
      local both = corm.Table("both", Base.metadata, Column("o", ForeignKey "owner.id"),
        Column("t", ForeignKey "thing.id"))
      Owner.things = relationship("Thing", { secondary = both, back_populates = "owners" })
      Thing.owners = relationship("Owner", { secondary = both, back_populates = "things" })
      Base.metadata:create_all(engine)
      local owner, thing = Owner {}, Thing {}
      session:add(owner)
      session:flush()
      session:delete(owner)
      owner.things:append(thing)
      session:flush()
      session:delete(thing)
      session:commit()
      owner, thing = Owner {}, Thing {}
      session:add_all { owner, thing }
      session:flush()
      thing.owners = { owner }
      session:delete(thing)
      session:commit()
      assert(count(Owner) == 1 and count(Thing) == 0 and #owner.things == 0)
    ]])
  end)

  it("is no news once it is added, or taken out again", function()
    assert.same({}, warnings [[
      session:add(Child { parent = parent })
      local child = Child { parent = parent }
      child.parent = nil
      session:commit()
      session:delete(parent.children[1])
      session:commit()
      assert(count(Child) == 0)
    ]])
  end)
end)

describe("M07 one object where the database has several", function()
  it("is the first, with one warning for a load", function()
    local found = warnings [[
      Parent.only = relationship("Child", { uselist = false, viewonly = true, order_by = "Child.id" })
      local other = Parent {}
      session:add_all { other, Child { parent = parent }, Child { parent = parent }, Child { parent = other },
        Child { parent = other } }
      session:commit()
      local list = session:scalars(corm.select(Parent):options(corm.selectinload(Parent.only))):all()
      assert(#list == 2 and list[1].only and list[2].only)
    ]]
    assert.equal(1, #found)
    assert.matches("Multiple rows returned with uselist = false for 'Parent.only': the first of 2 is taken", found[1],
      1, true)
  end)
end)
