local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

describe("JSON", function()
  local conn, t

  before_each(function()
    local engine = database.engine()
    conn = engine:connect()
    t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("data", corm.JSON))
    conn:exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, data TEXT)")
  end)

  local function store(value)
    conn:exec_driver_sql("DELETE FROM t")
    conn:execute(corm.insert(t), { id = 1, data = value })
    return conn:exec_driver_sql("SELECT data FROM t"):scalar()
  end

  local function load(text)
    conn:exec_driver_sql("DELETE FROM t")
    conn:exec_driver_sql("INSERT INTO t VALUES (1, " .. database.mark(1) .. ")", { text })
    return conn:scalar(corm.select(t.c.data))
  end

  it("writes Lua values as text, keys in order", function()
    assert.equal('{"a": [1, 2.5, true, null], "b": {"c": "x"}}',
      store { b = { c = "x" }, a = { 1, 2.5, true, corm.null } })
    assert.equal("{}", store {})
    assert.equal("[]", store(corm.array {}))
    assert.equal("[[]]", store { corm.array() })
    assert.equal('"text"', store "text")
    assert.equal("1", store(1))
    assert.equal("1.0", store(1.0))
    assert.equal("0.1", store(0.1))
    assert.equal("false", store(false))
    assert.equal('"\\"\\\\\\n\\u0001ü"', store '"\\\n\1ü')
  end)

  it("keeps 64-bit integers and the shortest floats", function()
    assert.equal("9223372036854775807", store(math.maxinteger))
    assert.equal(math.mininteger, load(store(math.mininteger)))
    assert.equal("integer", math.type(load("3")))
    assert.equal("float", math.type(load("3.0")))
    assert.equal(1e308, load(store(1e308)))
  end)

  it("reads what others wrote; a list stays a list when it is emptied", function()
    local value = load('{"list": [1], "none": null, "deep": {"x": [{"y": "\\u00fc\\u0000"}]}, "empty": []}')
    assert.equal(1, value.list[1])
    assert.is_true(rawequal(corm.null, value.none))
    assert.equal("ü\0", value.deep.x[1].y)
    value.list[1] = nil
    assert.equal('{"deep": {"x": [{"y": "ü\\u0000"}]}, "empty": [], "list": [], "none": null}', store(value))
  end)

  it("gives nil for a JSON null, and writes NULL for nil and corm.null", function()
    assert.is_nil(load("null"))
    assert.is_nil(store(corm.null))
    assert.is_nil(store(nil))
  end)

  it("refuses tables that JSON cannot say", function()
    local cyclic = {}
    cyclic.a = { cyclic }
    local deep = {}
    for _ = 1, 600 do deep = { deep } end
    raises("ArgumentError", "contains itself", store, cyclic)
    raises("ArgumentError", "too deep", store, deep)
    raises("ArgumentError", "both positions and names", store, { 1, a = 2 })
    raises("ArgumentError", "holes", store, { [1] = 1, [3] = 3 })
    raises("ArgumentError", "only text and positions", store, { [1.5] = 1 })
    raises("ArgumentError", "only text and positions", store, { [true] = 1 })
    raises("ArgumentError", "both positions and names", store, setmetatable({ a = 1 }, getmetatable(corm.array {})))
    raises("DataError", "NaN", store, { 0 / 0 })
    raises("DataError", "infinity", store, { math.huge })
    raises("ArgumentError", "a function cannot become JSON", store, { print })
    raises("ArgumentError", "a date cannot become JSON", store, { corm.date(2026, 1, 1) })
    raises("ArgumentError", "UTF-8", store, { "\xff" })
    raises("ArgumentError", "UTF-8", store, { ["\xff"] = 1 })
    raises("ArgumentError", "bind parameter 'data'", store, { print })
  end)

  it("shares no tables: the same table may stand twice", function()
    local shared = { 1 }
    assert.equal('{"a": [1], "b": [1]}', store { a = shared, b = shared })
  end)

  it("names a stored text that is no JSON", function()
    raises("DataError", "malformed JSON", load, '{"a": ')
    raises("DataError", "malformed JSON", load, "99999999999999999999")
  end)

  it("gives corm.array to tables only", function()
    raises("ArgumentError", "a table expected, got integer", corm.array, 1)
    raises("ArgumentError", "metatable already", corm.array, setmetatable({}, {}))
    local list = { 1 }
    assert.is_true(rawequal(list, corm.array(list)))
    assert.is_true(rawequal(list, corm.array(list)))
  end)

  it("has a null that says so", function()
    assert.equal("null", tostring(corm.null))
    raises("ArgumentError", "null has no member", function() corm.null.x = 1 end)
  end)
end)
