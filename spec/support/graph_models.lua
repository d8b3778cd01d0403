-- The classes of the random graphs (spec/support/graph.lua), and what the plain model knows of each.
local corm = require "corm"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, foreign, remote = corm.relationship, corm.foreign, corm.remote

local function id() return Column(Integer, { primary_key = true, autoincrement = false }) end

-- Keys that change, and others that follow them. City 1-n Street 1-n House 1-n Room: the database passes keys on, and a
-- House has its Street in its own key, a Closet its House. Nodes below nodes, and Node n-m City: corm passes on keys of
-- nodes.
local function add_places(m)
  local Base = m.Base
  local function follow(target) return ForeignKey(target, { onupdate = "CASCADE" }) end
  local node_city = corm.Table("node_city", Base.metadata,
    Column("node_id", Integer, { primary_key = true }),
    Column("city_id", Integer, follow "city.id", { primary_key = true }))
  m.city = Base:model("City", {
    __tablename__ = "city", id = id(), name = Column(String(20)),
    streets = relationship("Street", { back_populates = "city" }),
    nodes = relationship("Node", { secondary = node_city, back_populates = "cities",
      secondaryjoin = function() return m.node.id:eq(foreign(node_city.c.node_id)) end }),
  })
  m.street = Base:model("Street", {
    __tablename__ = "street", id = id(), name = Column(String(20)), city_id = Column(Integer, follow "city.id"),
    city = relationship("City", { back_populates = "streets" }),
    houses = relationship("House", { back_populates = "street", cascade = "all, delete-orphan" }),
  })
  m.house = Base:model("House", {
    __tablename__ = "house",
    street_id = Column(Integer, follow "street.id", { primary_key = true, autoincrement = false }),
    id = id(), name = Column(String(20)),
    street = relationship("Street", { back_populates = "houses" }),
    rooms = relationship("Room", { back_populates = "house" }),
    closets = relationship("Closet", { back_populates = "house", cascade = "all, delete-orphan" }),
  })
  m.closet = Base:model("Closet", {
    __tablename__ = "closet", street_id = id(), house_id = id(), id = id(), name = Column(String(20)),
    house = relationship("House", { back_populates = "closets" }),
    corm.ForeignKeyConstraint({ "street_id", "house_id" }, { "house.street_id", "house.id" }, { onupdate = "CASCADE" }),
  })
  m.room = Base:model("Room", {
    __tablename__ = "room", id = id(), name = Column(String(20)), street_id = Column(Integer),
    house_id = Column(Integer),
    house = relationship("House", { back_populates = "rooms" }),
    corm.ForeignKeyConstraint({ "street_id", "house_id" }, { "house.street_id", "house.id" }, { onupdate = "CASCADE" }),
  })
  m.node = Base:model("Node", {
    __tablename__ = "node", id = id(), name = Column(String(20)), parent_id = Column(Integer),
    children = relationship("Node", { back_populates = "parent", passive_updates = false,
      primaryjoin = function() return m.node.id:eq(remote(foreign(m.node.parent_id))) end }),
    parent = relationship("Node", { back_populates = "children", passive_updates = false,
      primaryjoin = function() return foreign(m.node.parent_id):eq(remote(m.node.id)) end }),
    cities = relationship("City", { secondary = node_city, back_populates = "nodes", passive_updates = false,
      primaryjoin = function() return m.node.id:eq(foreign(node_city.c.node_id)) end }),
  })
end

-- Person 1-n Item (set to NULL), Person 1-n Note (delete-orphan), Item n-m Tag, persons below persons, and a person has
-- a favourite among the items, which may belong to that person (post_update). Person 1-n Doc (set to NULL), which has
-- versions: Memo has a table of its own and a deferred text, Letter is in its table; below Memo, Draft is in Memo's
-- table and Reply has one of its own, with the Memo that it answers. Doc 1-n Page, a list that numbers them, and Doc
-- 1-n Label, a dictionary (both delete-orphan).
local function models()
  local Base = corm.declarative_base()
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
    replies = relationship("Reply", { back_populates = "answers", foreign_keys = "Reply.memo_id" }),
    __mapper_args__ = { polymorphic_identity = "memo" },
  })
  m.draft = m.memo:model("Draft", {
    stage = Column(String(20)),
    __mapper_args__ = { polymorphic_identity = "draft" },
  })
  local reply_id = Column(Integer, ForeignKey("memo.id"), { primary_key = true })
  m.reply = m.memo:model("Reply", {
    __tablename__ = "reply", id = reply_id,
    tone = Column(String(20)), memo_id = Column(Integer, ForeignKey "memo.id"),
    answers = relationship("Memo", { back_populates = "replies", foreign_keys = "Reply.memo_id" }),
    __mapper_args__ = { polymorphic_identity = "reply", inherit_condition = function()
      return m.memo.__table__.c.id:eq(reply_id)
    end },
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
  add_places(m)
  return m
end

-- Of each kind: `references`, attributes that are other objects, with the column that has their key; `lists`, the
-- collections of the other side, with the attribute and the kind of those in them; `sets`, many-to-many collections
-- with their kind and the query for their rows, and `back`, those of the other side; `orphan`, the reference without
-- which an object is deleted; `within`, the reference whose key is part of its own; `fields`, what else it has than a
-- name; `base`, the kind it inherits from; and the query for its rows: id, name, fields, references in this order.
local kinds = {
  person = {
    references = { boss = "boss_id", favourite = "favourite_id" },
    lists = { items = { "owner", "item" }, notes = { "person", "note" }, reports = { "boss", "person" },
      docs = { "author", "doc" } },
    rows = { "SELECT id, name, boss_id, favourite_id FROM person", "boss", "favourite" },
  },
  item = {
    references = { owner = "owner_id" },
    sets = { tags = { kind = "tag", rows = "SELECT item_id, tag_id FROM item_tag" } },
    rows = { "SELECT id, name, owner_id FROM item", "owner" },
  },
  note = {
    references = { person = "person_id" }, orphan = "person",
    rows = { "SELECT id, name, person_id FROM note", "person" },
  },
  tag = { back = { items = { kind = "item", set = "tags" } }, rows = { "SELECT id, name FROM tag" } },
  doc = {
    references = { author = "author_id" }, lists = { pages = { "doc", "page" }, labels = { "doc", "label" } },
    rows = { "SELECT id, name, author_id FROM doc WHERE kind = 'doc'", "author" },
  },
  memo = {
    base = "doc", fields = { "text" }, lists = { replies = { "answers", "reply" } },
    rows = { "SELECT doc.id, name, text, author_id FROM doc JOIN memo ON memo.id = doc.id WHERE kind = 'memo'",
      "author" },
  },
  letter = {
    base = "doc", fields = { "town" },
    rows = { "SELECT id, name, town, author_id FROM doc WHERE kind = 'letter'", "author" },
  },
  draft = {
    base = "memo", fields = { "stage" },
    rows = { "SELECT doc.id, name, text, stage, author_id FROM doc JOIN memo ON memo.id = doc.id WHERE kind = 'draft'",
      "author" },
  },
  reply = {
    base = "memo", fields = { "tone" }, references = { answers = "memo_id" },
    rows = { "SELECT doc.id, name, text, tone, author_id, memo_id FROM doc JOIN memo ON memo.id = doc.id "
      .. "JOIN reply ON reply.id = doc.id", "author", "answers" },
  },
  page = {
    references = { doc = "doc_id" }, orphan = "doc", fields = { "position" },
    rows = { "SELECT id, name, position, doc_id FROM page", "doc" },
  },
  label = {
    references = { doc = "doc_id" }, orphan = "doc", fields = { "word" },
    rows = { "SELECT id, name, word, doc_id FROM label", "doc" },
  },
  city = {
    lists = { streets = { "city", "street" } }, back = { nodes = { kind = "node", set = "cities" } },
    rows = { "SELECT id, name FROM city" },
  },
  street = {
    references = { city = "city_id" }, lists = { houses = { "street", "house" } },
    rows = { "SELECT id, name, city_id FROM street", "city" },
  },
  house = {
    references = { street = "street_id" }, lists = { rooms = { "house", "room" }, closets = { "house", "closet" } },
    orphan = "street", within = "street",
    rows = { "SELECT id, name, street_id FROM house", "street" },
  },
  closet = {
    references = { house = "house_id" }, orphan = "house", within = "house",
    rows = { "SELECT id, name, house_id FROM closet", "house" },
  },
  room = { references = { house = "house_id" }, rows = { "SELECT id, name, house_id FROM room", "house" } },
  node = {
    references = { parent = "parent_id" }, lists = { children = { "parent", "node" } },
    sets = { cities = { kind = "city", rows = "SELECT node_id, city_id FROM node_city" } },
    rows = { "SELECT id, name, parent_id FROM node", "parent" },
  },
}

-- What a kind has of its base and of its own.
local function inherit(kind)
  if kind.whole then return kind end
  kind.whole = true
  local base = kinds[kind.base] and inherit(kinds[kind.base]) or {}
  for _, part in ipairs { "references", "lists", "sets", "back" } do
    local all = {}
    for key, value in pairs(base[part] or {}) do all[key] = value end
    for key, value in pairs(kind[part] or {}) do all[key] = value end
    kind[part] = all
  end
  kind.fields = table.move(kind.fields or {}, 1, #(kind.fields or {}), #(base.fields or {}) + 1,
    table.move(base.fields or {}, 1, #(base.fields or {}), 1, {}))
  return kind
end
for _, kind in pairs(kinds) do inherit(kind) end

return { make = models, kinds = kinds }
