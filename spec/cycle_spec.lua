-- Tables that refer to each other in a circle are warned about when they are dropped where keys cannot go first.
local warnings_of = require "spec.support.warnings"

local setup = [[
local corm = require "corm"
local metadata = corm.MetaData()
local function new_table(name, target, options)
  return corm.Table(name, metadata, corm.Column("id", corm.Integer, { primary_key = true }),
    corm.Column("other_id", corm.Integer, target and corm.ForeignKey(target .. ".id", options)))
end
local engine = corm.create_engine("sqlite://", OPTIONS)
CODE
metadata:create_all(engine)
metadata:drop_all(engine)
engine:begin(function(conn)
  assert(conn:execute(corm.text "SELECT count(*) FROM sqlite_master"):scalar() == 0)
end)
]]

-- What the code warns of, a line each.
local function warnings(code, options)
  local text = setup:gsub("OPTIONS", options or "{}"):gsub("CODE", code)
  return warnings_of(text)
end

describe("tables in a circle of foreign keys", function()
  it("are named in one warning, and dropped all the same", function()
    local found = warnings 'new_table("b", "a") new_table("a", "b")'
    assert.equal(1, #found)
    assert.matches("^cannot sort tables for DROP: the foreign keys of 'a', 'b' lead back", found[1])
    assert.matches("sqlite cannot drop keys by ALTER; use_alter = true", found[1])
  end)

  it("are warned of without those that only refer to them", function()
    local found = warnings 'new_table("a", "b") new_table("b", "a") new_table("c", "a") new_table("d", "c")'
    assert.equal(1, #found)
    assert.matches("keys of 'a', 'b' lead back", found[1])
  end)

  it("are no trouble with use_alter, or to themselves", function()
    assert.same({}, warnings 'new_table("a", "b") new_table("b", "a", { use_alter = true, name = "k" })')
    assert.same({}, warnings 'new_table("a", "a") new_table("b", "a")')
  end)

  it("are warned of in the log with echo", function()
    assert.equal(1, #warnings('new_table("a", "b") new_table("b", "a")', "{ echo = true }"))
  end)
end)
