-- Statements with their values in the text, for reading.
local function literal(name, build, generic, others)
  local case = { name, build, generic, literal = true }
  for dialect, text in pairs(others or {}) do case[dialect] = text end
  return case
end

local function name_is(text) return function(_, s) return s.author.c.name:eq(text) end end

return {
  { id = "X30",
    literal("a quote is doubled", name_is "it's", "author.name = 'it''s'"),
    literal("a backslash", name_is "a\\b", "author.name = 'a\\b'", { mysql = "author.name = 'a\\\\b'" }),
    literal("a backslash before a quote", name_is "\\'; --", "author.name = '\\''; --'",
      { mysql = "author.name = '\\\\''; --'" }),
    literal("double quotes, percents and colons stay", name_is 'a"50%:x', "author.name = 'a\"50%:x'"),
    literal("the empty string", name_is "", "author.name = ''"),
    literal("a negative number", function(_, s) return s.author.c.age - -5 end, "author.age - -5"),
    literal("minus a negative number", function(c) return -c.literal(-5) end, "-(-5)"),
    literal("the greatest integer", function(_, s) return s.author.c.id:eq(math.maxinteger) end,
      "author.id = 9223372036854775807"),
    literal("booleans", function(c, s) return s.author.c.active:eq(c.literal(true)) end, "author.active = true",
      { sqlite = "author.active = 1" }),
    literal("NULL", function(c) return c.literal(nil) end, "NULL"),
    literal("a decimal", function(c) return c.literal(c.decimal "12.30", c.Numeric(10, 2)) end, "12.30"),
    literal("a float", function(c) return c.literal(1.5) end, "1.5"),
    literal("bytes", function(c) return c.literal("a'\0\xff", c.LargeBinary) end, "X'612700ff'",
      { postgresql = "'\\x612700ff'::BYTEA" }),
    literal("a date", function(c) return c.literal(c.date(2026, 11, 22)) end, "'2026-11-22'"),
    literal("a datetime", function(c) return c.literal(c.datetime(2026, 11, 22, 3, 4, 5)) end, "'2026-11-22 03:04:05'",
      { sqlite = "'2026-11-22 03:04:05.000000'" }),
    literal("JSON", function(c) return c.literal({ k = "o'x" }, c.JSON) end, [['{"k": "o''x"}']]),
    literal("a UUID", function(c) return c.literal(c.uuid "00112233-4455-6677-8899-aabbccddeeff") end,
      "'00112233445566778899aabbccddeeff'",
      { postgresql = "'00112233-4455-6677-8899-aabbccddeeff'", mariadb = "'00112233-4455-6677-8899-aabbccddeeff'" }),
    literal("an IN list", function(_, s) return s.author.c.name:in_ { "a", "o'b" } end,
      "author.name IN ('a', 'o''b')"),
    literal("an IN list of tuples",
      function(c, s) return c.tuple_(s.author.c.id, s.author.c.name):in_ { { 1, "a" }, { 2, "b" } } end,
      "(author.id, author.name) IN ((1, 'a'), (2, 'b'))",
      { sqlite = "(author.id, author.name) IN (VALUES (1, 'a'), (2, 'b'))" }),
    literal("startswith", function(_, s) return s.author.c.name:startswith "a'b" end,
      "author.name LIKE 'a''b' || '%'", { mysql = "author.name LIKE concat('a''b', '%')" }),
    literal("limits", function(c, s) return c.select(s.author.c.id):limit(5):offset(2) end,
      "SELECT author.id FROM author LIMIT 5 OFFSET 2", { mysql = "SELECT author.id FROM author LIMIT 2, 5" }),
    literal("FETCH FIRST", function(c, s) return c.select(s.author.c.id):fetch(5) end,
      "SELECT author.id FROM author FETCH FIRST 5 ROWS ONLY", { sqlite = false, mysql = false,
        postgresql = "SELECT author.id FROM author FETCH FIRST (5) ROWS ONLY",
        mariadb = "SELECT author.id FROM author FETCH FIRST 5 ROWS ONLY" }),
    literal("UPDATE", function(c, s) return c.update(s.author):values { name = "o'x" }:where(s.author.c.id:eq(3)) end,
      "UPDATE author SET name='o''x' WHERE author.id = 3"),
    literal("case", function(c, s) return c.case({ s.author.c.id:eq(1), "one" }, { else_ = "more" }) end,
      "CASE WHEN (author.id = 1) THEN 'one' ELSE 'more' END"),
    literal("text with values", function(c) return c.text("x = :y"):bindparams { y = "q'r" } end, "x = 'q''r'"),
  },
}
