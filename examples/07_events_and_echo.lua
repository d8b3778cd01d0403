-- Events, validators and echo: looking at what happens, and taking part in it.
local corm = require "corm"
local Column, Integer, String = corm.Column, corm.Integer, corm.String
local event, validates = corm.event, corm.validates

local Base = corm.declarative_base()

local Article = Base:model("Article", {
  __tablename__ = "article",
  id    = Column(Integer, { primary_key = true }),
  title = Column(String(50), { nullable = false }),
  slug  = Column(String(50), { nullable = false, unique = true }),
  stars = Column(Integer),

  -- Sees every value on its way to the attribute; what it returns is what is stored.
  validates("title", function(self, key, value)
    if value == "" then error(self.__class__.__name__ .. "." .. key .. " is empty", 0) end
    return (value:gsub("^%s+", ""):gsub("%s+$", ""))
  end),
})

-- Runs for each row just before it is inserted, and may still change it.
event.listen(Article, "before_insert", function(_, _, article)
  article.slug = article.title:lower():gsub("%W+", "-")
end)

-- With echo the engine prints each statement and its parameters.
local engine = corm.create_engine("sqlite://", { echo = true })
Base.metadata:create_all(engine)

-- What was sent, as a list that a test can look at.
local sent = {}
event.listen(engine, "before_cursor_execute", function(_, _, statement, parameters, _, executemany)
  sent[#sent + 1] = { verb = statement:match("^%a+"), parameters = parameters, executemany = executemany }
end)

local session = corm.sessionmaker { bind = engine } ()
local article = Article { title = "  Events in Lua  " }
assert(article.title == "Events in Lua")
session:add(article)
session:commit()
print("stored as " .. article.slug)
assert(article.slug == "events-in-lua")
assert(sent[1].verb == "INSERT" and not sent[1].executemany)

-- The value that a hook raises comes out of the call unchanged.
local ok, reason = pcall(function() article.title = "" end)
print("refused: " .. reason)
assert(not ok and reason == "Article.title is empty" and article.title == "Events in Lua")

-- An attribute that gets the value it has is no change: nothing is sent.
sent = {}
article.title = "Events in Lua"
session:flush()
assert(#sent == 0)

-- Only what changed is in the UPDATE: one column and the key.
article.stars = 5
session:flush()
assert(#sent == 1 and sent[1].verb == "UPDATE" and #sent[1].parameters == 2)
session:commit()
session:close()
