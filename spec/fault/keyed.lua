-- A large dictionary of objects by a function: its index is made, objects say other keys, and it is searched again.
local corm = require "corm"
local Column, Integer, String = corm.Column, corm.Integer, corm.String
for _ in pairs(corm) do end -- loads its files: what fails in that is files.lua's

local SIZE = 257 -- one more than what is walked
local scenario = {}

function scenario.prepare()
  local Base = corm.declarative_base()
  local Book = Base:model("Book", { __tablename__ = "book", id = Column(Integer, { primary_key = true }),
    words = corm.relationship("Word", {
      collection_class = corm.keyfunc_mapping(function(word) return word.text .. "!" end),
    }) })
  local Word = Base:model("Word", { __tablename__ = "word", id = Column(Integer, { primary_key = true }),
    text = Column(String), book_id = Column(corm.ForeignKey "book.id") })
  local words = {}
  for i = 1, SIZE do words["w" .. i .. "!"] = Word { text = "w" .. i } end
  return { book = Book { words = words }, words = words, Word = Word }
end

function scenario.run(state)
  local book, words = state.book, state.words
  assert(book.words["w5!"] == words["w5!"] and not book.words["x5!"])
  words["w5!"].text = "x5"
  assert(book.words["x5!"] == words["w5!"] and not book.words["w5!"])
  local added = state.Word { text = "new" }
  book.words:set(added)
  assert(book.words["new!"] == added)
end

function scenario.check(state)
  local book, words = state.book, state.words
  assert(book.words["w6!"] == words["w6!"])
  words["w6!"].text = "checked"
  assert(book.words["checked!"] == words["w6!"] and not book.words["w6!"])
end

return scenario
