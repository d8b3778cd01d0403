-- Boxes with children in a collection of each shape, for spec/containers_spec.lua.
local corm = require "corm"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

local models = {}

-- `fresh()` gives ids to what proxies make.
function models.make(fresh)
  local Base = corm.declarative_base()
  local m = { Base = Base }

  local function child(name, many, fields)
    fields.__tablename__ = name:lower()
    fields.id = Column(Integer, { primary_key = true, autoincrement = false })
    fields.box_id = Column(Integer, corm.ForeignKey "box.id")
    fields.name = Column(String(10))
    fields.box = corm.relationship("Box", { back_populates = many })
    return Base:model(name, fields)
  end
  m.leaf = child("Leaf", "leaves", { value = Column(Integer) })
  m.part = child("Part", "parts", { position = Column(Integer, { default = 0 }), value = Column(Integer) })
  m.slot = child("Slot", "slots", { value = Column(Integer) })
  m.card = child("Card", "cards", { value = Column(Integer) })
  m.box_tag = corm.Table("box_tag", Base.metadata,
    Column("box_id", Integer, corm.ForeignKey "box.id", { primary_key = true }),
    Column("tag_id", Integer, corm.ForeignKey "tag.id", { primary_key = true }))
  m.tag = Base:model("Tag", {
    __tablename__ = "tag",
    id = Column(Integer, { primary_key = true, autoincrement = false }),
    name = Column(String(10)),
    boxes = corm.relationship("Box", { secondary = m.box_tag, back_populates = "tags", order_by = "Box.id" }),
  })
  m.box = Base:model("Box", {
    __tablename__ = "box",
    id = Column(Integer, { primary_key = true, autoincrement = false }),
    leaves = corm.relationship("Leaf", { back_populates = "box", order_by = "Leaf.id" }),
    parts = corm.relationship("Part", {
      back_populates = "box", cascade = "all, delete-orphan", order_by = { "Part.position", "Part.id" },
      collection_class = corm.ordering_list("position", { count_from = 1 }),
    }),
    slots = corm.relationship("Slot", {
      back_populates = "box", cascade = "all, delete-orphan", order_by = "Slot.id",
      collection_class = corm.attribute_keyed_dict "name",
    }),
    cards = corm.relationship("Card", {
      back_populates = "box", order_by = "Card.id",
      collection_class = corm.keyfunc_mapping(function(card) return card.name end),
    }),
    tags = corm.relationship("Tag", {
      secondary = m.box_tag, back_populates = "boxes", order_by = "Tag.id", collection_class = "set",
    }),
    part_names = corm.association_proxy("parts", "name", {
      creator = function(name) return fresh("part", name) end,
    }),
    slot_values = corm.association_proxy("slots", "value", {
      creator = function(key, value) return fresh("slot", key, value) end,
    }),
    tag_names = corm.association_proxy("tags", "name", {
      creator = function(name) return fresh("tag", name) end,
    }),
  })
  return m
end

function models.empty(engine, m)
  engine:begin(function(connection)
    connection:execute(corm.delete(m.box_tag, { all = true }))
    for _, kind in ipairs { "leaf", "part", "slot", "card", "tag", "box" } do
      connection:execute(corm.delete(m[kind].__table__, { all = true }))
    end
  end)
end

return models
