-- SQL text without its layout: white space apart, statements are compared as they are.
local sql = {}

function sql.flat(text)
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""):gsub("%( ", "("):gsub(" %)", ")"))
end

-- The text of x, flat, for a dialect (the generic one without).
function sql.of(x, dialect)
  return sql.flat(x:compile({ dialect = dialect }).string)
end

return sql
