-- The tables that the golden statements speak of: a fresh MetaData each time.
local corm = require "corm"

local Column = corm.Column

return function()
  local metadata = corm.MetaData()
  local s = { metadata = metadata }
  s.author = corm.Table("author", metadata,
    Column("id", corm.Integer, { primary_key = true }),
    Column("name", corm.String(50), { nullable = false }),
    Column("age", corm.Integer),
    Column("score", corm.Numeric(10, 2)),
    Column("active", corm.Boolean),
    Column("born", corm.Date))
  s.book = corm.Table("book", metadata,
    Column("id", corm.Integer, { primary_key = true }),
    Column("author_id", corm.Integer, corm.ForeignKey("author.id")),
    Column("title", corm.String(100)),
    Column("year", corm.Integer))
  s.order = corm.Table("order", metadata,
    Column("id", corm.Integer, { primary_key = true }),
    Column("Total Sum", corm.Integer, { key = "total" }),
    Column("select", corm.String(30)))
  s.doc = corm.Table("doc", corm.MetaData(), -- not every database has its types
    Column("id", corm.Integer, { primary_key = true }),
    Column("data", corm.JSON),
    Column("b", corm.dialects.postgresql.JSONB),
    Column("tags", corm.ARRAY(corm.String)),
    Column("nums", corm.ARRAY(corm.Integer)),
    Column("at", corm.DateTime),
    Column("span", corm.Interval),
    Column("f", corm.Float))
  return s
end
