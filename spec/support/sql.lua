-- SQL text without its layout: white space apart, statements are compared as they are.
local sql = {}

function sql.flat(text)
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""):gsub("%( ", "("):gsub(" %)", ")"))
end

-- The text of x, flat, for a dialect (the generic one without), with its values in it when `literal`.
function sql.of(x, dialect, literal)
  return sql.flat(x:compile({ dialect = dialect, literal_binds = literal }).string)
end

-- A statement that was sent, as one text for all databases: without their placeholders, quotes and layout.
function sql.sent(text)
  text = text:gsub("%$%d+", "?"):gsub("%?::[%u ]*%u%[?%]?", "?")
  return (text:gsub('(["`])([%w_]+)%1', "%2"):gsub("%s+", " "))
end

return sql
