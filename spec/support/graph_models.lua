-- The classes of the random graphs (spec/support/graph.lua), and what the plain model knows of each.
local corm = require "corm"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship = corm.relationship

-- Person 1-n Item (set to NULL), Person 1-n Note (delete-orphan), Item n-m Tag, persons below persons, and a person has
-- a favourite among the items, which may belong to that person (post_update). Person 1-n Doc (set to NULL), which has
-- versions: Memo has a table of its own and a deferred text, Letter is in its table. Doc 1-n Page, a list that numbers
-- them, and Doc 1-n Label, a dictionary (both delete-orphan).
local function models()
  local Base = corm.declarative_base()
  local function id() return Column(Integer, { primary_key = true, autoincrement = false }) end
  local item_tag = corm.Table("item_tag", Base.metadata,
    Column("item_id", Integer, ForeignKey("item.id"), { primary_key = true }),
    Column("tag_id", Integer, ForeignKey("tag.id"), { primary_key = true }))
  local m = { Base = Base }
  m.person = Base:model("Person", {
    __tablename__ = "person", id = id(), name = Column(String(20)), boss_id = Column(Integer, ForeignKey("person.id")),
    favourite_id = Column(Integer, ForeignKey("item.id", { name = "fk_favourite", use_alter = true })),
    favourite = relationship("Item", { foreign_keys = "Person.favourite_id", post_update = true }),
    docs = relationship("Doc", { back_populates = "author" }),
    items = relationship("Item", { back_populates = "owner", foreign_keys = "Item.owner_id" }),
    notes = relationship("Note", { back_populates = "person", cascade = "all, delete-orphan" }),
    reports = relationship("Person", { back_populates = "boss" }),
    boss = relationship("Person", { back_populates = "reports", remote_side = "Person.id" }),
  })
  m.item = Base:model("Item", {
    __tablename__ = "item", id = id(), name = Column(String(20)), owner_id = Column(Integer, ForeignKey("person.id")),
    owner = relationship("Person", { back_populates = "items", foreign_keys = "Item.owner_id" }),
    tags = relationship("Tag", { secondary = item_tag, back_populates = "items" }),
  })
  m.note = Base:model("Note", {
    __tablename__ = "note", id = id(), name = Column(String(20)),
    person_id = Column(Integer, ForeignKey("person.id"), { nullable = false }),
    person = relationship("Person", { back_populates = "notes" }),
  })
  m.tag = Base:model("Tag", {
    __tablename__ = "tag", id = id(), name = Column(String(20), { unique = true }),
    items = relationship("Item", { secondary = item_tag, back_populates = "tags" }),
  })
  m.doc = Base:model("Doc", {
    __tablename__ = "doc", id = id(), name = Column(String(20)), kind = Column(String(10)),
    author_id = Column(Integer, ForeignKey("person.id")), version = Column(Integer, { nullable = false }),
    author = relationship("Person", { back_populates = "docs" }),
    pages = relationship("Page", { back_populates = "doc", cascade = "all, delete-orphan", order_by = "Page.position",
      collection_class = corm.ordering_list "position" }),
    labels = relationship("Label", { back_populates = "doc", cascade = "all, delete-orphan",
      collection_class = corm.attribute_keyed_dict "word" }),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "doc", version_id_col = "version" },
  })
  m.memo = m.doc:model("Memo", {
    __tablename__ = "memo", id = Column(Integer, ForeignKey("doc.id"), { primary_key = true }),
    text = corm.deferred(Column(String(20))),
    __mapper_args__ = { polymorphic_identity = "memo" },
  })
  m.letter = m.doc:model("Letter", {
    town = Column(String(20)),
    __mapper_args__ = { polymorphic_identity = "letter" },
  })
  m.page = Base:model("Page", {
    __tablename__ = "page", id = id(), name = Column(String(20)), position = Column(Integer),
    doc_id = Column(Integer, ForeignKey("doc.id"), { nullable = false }),
    doc = relationship("Doc", { back_populates = "pages" }),
  })
  m.label = Base:model("Label", {
    __tablename__ = "label", id = id(), name = Column(String(20)), word = Column(String(20)),
    doc_id = Column(Integer, ForeignKey("doc.id"), { nullable = false }),
    doc = relationship("Doc", { back_populates = "labels" }),
  })
  return m
end

-- Of each kind: `references`, attributes that are other objects, with the collection of the other side (false: none);
-- `lists`, such collections with the attribute and the kind of those in it; `orphan`, the reference without which an
-- object is deleted; `fields`, what else it has than a name; `base`, the kind it inherits from; and the query for its
-- rows: id, name, fields, references in this order.
local kinds = {
  person = {
    references = { boss = "reports", favourite = false },
    lists = { items = { "owner", "item" }, notes = { "person", "note" }, reports = { "boss", "person" },
      docs = { "author", "doc" } },
    rows = { "SELECT id, name, boss_id, favourite_id FROM person", "boss", "favourite" },
  },
  item = { references = { owner = "items" }, rows = { "SELECT id, name, owner_id FROM item", "owner" } },
  note = {
    references = { person = "notes" }, orphan = "person",
    rows = { "SELECT id, name, person_id FROM note", "person" },
  },
  tag = { references = {}, rows = { "SELECT id, name FROM tag" } },
  doc = {
    references = { author = "docs" }, lists = { pages = { "doc", "page" }, labels = { "doc", "label" } },
    rows = { "SELECT id, name, author_id FROM doc WHERE kind = 'doc'", "author" },
  },
  memo = {
    base = "doc", fields = { "text" },
    rows = { "SELECT doc.id, name, text, author_id FROM doc JOIN memo ON memo.id = doc.id", "author" },
  },
  letter = {
    base = "doc", fields = { "town" },
    rows = { "SELECT id, name, town, author_id FROM doc WHERE kind = 'letter'", "author" },
  },
  page = {
    references = { doc = "pages" }, orphan = "doc", fields = { "position" },
    rows = { "SELECT id, name, position, doc_id FROM page", "doc" },
  },
  label = {
    references = { doc = "labels" }, orphan = "doc", fields = { "word" },
    rows = { "SELECT id, name, word, doc_id FROM label", "doc" },
  },
}
for _, kind in pairs(kinds) do
  local base = kinds[kind.base]
  kind.references, kind.lists = base and base.references or kind.references, base and base.lists or kind.lists or {}
  kind.fields = kind.fields or {}
end

return { make = models, kinds = kinds }
