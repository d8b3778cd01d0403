-- Relationships that write the same column and do not know of each other.
local warnings = require "spec.support.warnings"

local head = [[
  local corm = require "corm"
  local Column, ForeignKey, Integer, rel = corm.Column, corm.ForeignKey, corm.Integer, corm.relationship
  local Base = corm.declarative_base()
  local function key() return Column(Integer, { primary_key = true }) end
  local function link(parent, child, more)
    local children = parent and rel("Child", parent)
    local Parent = Base:model("Parent", { __tablename__ = "parent", id = key(), children = children })
    local columns = { __tablename__ = "child", id = key(), parent_id = Column(ForeignKey "parent.id") }
    columns.parent, columns.other = child and rel("Parent", child) or nil, more and rel("Parent", more) or nil
    local Child = Base:model("Child", columns)
    corm.configure_mappers()
    return Parent, Child
  end
]]

local function warned(script)
  local found = warnings(head .. script)
  for i, text in ipairs(found) do
    found[i] = text:match "relationship (.-);"
    assert.is_truthy(text:find("back_populates", 1, true) and text:find('overlaps = "', 1, true), text)
  end
  table.sort(found)
  return found
end

describe("M39 relationships that write the same column", function()
  it("are warned of once", function()
    assert.same({ "Child.other copies parent.id to child.parent_id, and so does Child.parent" }, warned [[
      local Parent = link(nil, {}, {})
      local parent_id = Column(ForeignKey "parent.id")
      Base:model("Late", { __tablename__ = "late", id = key(), parent_id = parent_id, parent = rel(Parent) })
      corm.configure_mappers()
    ]])
    assert.same({ "Child.other copies parent.id to child.parent_id, and so does Child.parent" },
      warned [[link({ back_populates = "parent" }, { back_populates = "children" }, {})]])
  end)

  it("are not where they are two sides, only look, or say so", function()
    for _, options in ipairs {
      [[{ back_populates = "parent" }, { back_populates = "children" }]],
      [[{ back_populates = "parent" }, {}]],
      [[{ backref = "parent" }]],
      [[{ back_populates = "parent", sync_backref = false }, { back_populates = "children" }]],
      [[{}, { viewonly = true }]],
      [[{}, {}]], -- a list and a reference by the same column
      [[nil, { overlaps = "x, other" }, {}]],
      [[nil, {}, { overlaps = "parent" }]],
      [[nil, {}, { overlaps = "__*" }]],
    } do
      assert.same({}, warned("link(" .. options .. ")"))
    end
    assert.same({ "Child.other copies parent.id to child.parent_id, and so does Child.parent" },
      warned [[link(nil, { overlaps = "others" }, { overlaps = "paren" })]])
  end)

  it("write a secondary table that has a class, too", function()
    local models = [[
      Base:model("Link", { __tablename__ = "link", a_id = Column(ForeignKey "a.id", { primary_key = true }),
        b_id = Column(ForeignKey "b.id", { primary_key = true }), a = rel "A" })
      Base:model("A", { __tablename__ = "a", id = key(), bs = rel("B", { secondary = "link", backref = "as" }) })
      Base:model("B", { __tablename__ = "b", id = key() })
      corm.configure_mappers()
    ]]
    assert.same({ "A.bs copies a.id to link.a_id, and so does Link.a",
      "B.as copies a.id to link.a_id, and so does Link.a" }, warned(models))
    assert.same({}, warned((models:gsub('rel "A"', 'rel("A", { overlaps = "bs, as" })'))))
  end)

  it("may be of classes beside each other, which have no object in common", function()
    assert.same({}, warned [[
      local Item = Base:model("Item", { __tablename__ = "item", id = key(), kind = Column(corm.String(9)),
        owner_id = Column(ForeignKey "owner.id"),
        __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "i" } })
      for _, name in ipairs { "Book", "Disc" } do
        Item:model(name, { __mapper_args__ = { polymorphic_identity = name }, owner = rel "Owner" })
      end
      Base:model("Owner", { __tablename__ = "owner", id = key() })
      corm.configure_mappers()
    ]])
  end)
end)
