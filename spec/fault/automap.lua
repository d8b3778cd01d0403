-- Classes are made of tables that are there: all of automap's, beside one that is declared, and those that wait for a
-- database. After a failure the same call makes what is missing, and the classes work.
local corm = require "corm"
local select = corm.select
for _ in pairs(corm) do end -- loads its files: what fails in that is files.lua's

local scenario = {}

local function bases(metadata)
  local Base = corm.automap_base { metadata = metadata }
  local Writer = Base:model("Writer", {
    __tablename__ = "author", book_collection = corm.relationship("book", { order_by = "book.title" }),
  })
  local Plain = corm.declarative_base()
  local Waiting = Plain:model("Waiting", { __abstract__ = true, __mixins__ = { corm.DeferredReflection } })
  local Tag = Waiting:model("Tag", { __tablename__ = "tag", word = corm.Column(corm.Text, { nullable = false }) })
  return { Base = Base, Writer = Writer, Waiting = Waiting, Tag = Tag }
end

function scenario.prepare()
  local engine, metadata = corm.create_engine "sqlite://", corm.MetaData()
  engine:begin(function(connection)
    for _, sql in ipairs {
      "CREATE TABLE author (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)",
      [[CREATE TABLE book (id INTEGER NOT NULL PRIMARY KEY, title TEXT, author_id INTEGER NOT NULL,
        FOREIGN KEY (author_id) REFERENCES author (id))]],
      "CREATE TABLE tag (id INTEGER NOT NULL PRIMARY KEY, word TEXT NOT NULL)",
      [[CREATE TABLE book_tag (book_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, PRIMARY KEY (book_id, tag_id),
        FOREIGN KEY (book_id) REFERENCES book (id), FOREIGN KEY (tag_id) REFERENCES tag (id))]],
    } do connection:exec_driver_sql(sql) end
  end)
  metadata:reflect(engine)
  return { engine = engine, metadata = metadata, made = bases(metadata) }
end

local function prepare(state, made)
  made.Base:prepare()
  made.Waiting:prepare(state.engine)
end

function scenario.run(state)
  prepare(state, state.made)
end

local function use(state, made)
  local classes = made.Base.classes
  local session = corm.Session(state.engine)
  local book = classes.book { title = "One", tag_collection = { classes.tag { word = "new" } } }
  session:add(made.Writer { name = "Ann", book_collection = { book } })
  session:flush()
  assert(book.writer.name == "Ann" and book.tag_collection[1].book_collection[1] == book)
  assert(session:scalar(select(made.Tag.word)) == "new")
  session:close()
end

function scenario.check(state)
  prepare(state, state.made)
  use(state, state.made)
  local again = bases(state.metadata)
  prepare(state, again)
  use(state, again)
  state.engine:dispose()
end

return scenario
