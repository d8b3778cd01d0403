-- A database with a canary: a table that every attack wants to drop. canary.describe(name, function(w) ... end) gives
-- each test an open database: w.engine, w.conn, w.t (a table of the usual kinds of columns); and looks at the canary
-- after it.
local assert = require "luassert"
local corm = require "corm"
local database = require "spec.support.database"

local canary = {}

-- Text that means something to some SQL, driver or template.
canary.evil = {
  "'; DROP TABLE canary;--", '"; DROP TABLE canary;--', "`; DROP TABLE canary;--", "\\'; DROP TABLE canary;--", "$$",
  "$a$'; drop table canary; --$a$", "E'\\'", "/*", "*/", "/* x */", "--", "-- x", "#", ";", "?", "?1", "$1", "$2", ":x",
  "::text", ":name_1", "@x", "@@version", "%s", "%(x)s", "%", "%%", "_", "''", '""', "``", "'", '"', "`", "\\", "\\\\",
  "\\'", "\\\\'", "\n", "\r\n", "\t", "1 OR 1=1", "1; DROP TABLE canary", "') OR ('1'='1", "NULL", "null", "true", "",
  " ", "{}", "[]", "{a}", "a\u{2019}b", "\u{FF07}; DROP TABLE canary;--", "\u{202E}", "\u{1F600}", "ü",
  "admin'/*", "x' AND 1=(SELECT COUNT(*) FROM canary); --", "a.b", "a b", "select", "DROP", "0x27", "\u{1}",
}

local evil = canary.evil

-- The n-th of a sequence of hostile strings that has no end: pieces of `evil`, glued and repeated.
function canary.string(random)
  local parts = {}
  for i = 1, random(4) do parts[i] = evil[random(#evil)] end
  if random(3) == 1 then parts[#parts + 1] = utf8.char(random(0x20, 0xD7FF)) end
  return table.concat(parts)
end

local function open(w)
  w.engine = database.engine()
  w.metadata = corm.MetaData()
  w.t = corm.Table("t", w.metadata,
    corm.Column("id", corm.Integer, { primary_key = true, autoincrement = false }),
    corm.Column("name", corm.String(200)),
    corm.Column("data", corm.LargeBinary),
    corm.Column("doc", corm.JSON))
  w.metadata:create_all(w.engine)
  w.conn = w.engine:connect()
  w.conn:execute(corm.text "create table canary (id integer)")
  w.conn:execute(corm.text "insert into canary values (1)")
  w.conn:commit()
end

local function close(w)
  w.conn:rollback()
  assert.equal(1, w.conn:execute(corm.text "select count(*) from canary"):scalar())
  w.conn:close()
  w.engine:dispose()
  database.clean()
end

function canary.describe(name, fn)
  local busted = require "busted"
  local w = {}
  busted.describe(name, function()
    busted.before_each(function() open(w) end)
    busted.after_each(function() close(w) end)
    fn(w)
  end)
end

-- The texts that x has with two sets of values of one shape are the same bytes, on each dialect.
function canary.same_text(make, a, b)
  for _, dialect in ipairs { "sqlite", "postgresql", "mysql", "mariadb" } do
    assert.equal(make(a):compile({ dialect = dialect }).string, make(b):compile({ dialect = dialect }).string)
  end
  assert.equal(tostring(make(a)), tostring(make(b)))
end

return canary
