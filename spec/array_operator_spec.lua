-- Operators of arrays, executed where there are arrays.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local select, Column = corm.select, corm.Column

database.needs("arrays", function()
  describe("an array", function()
    local conn, t, c
    local array = corm.dialects.postgresql.array

    before_each(function()
      local engine = database.engine()
      local metadata = corm.MetaData()
      t = corm.Table("t", metadata, Column("id", corm.Integer, { primary_key = true }),
        Column("nums", corm.ARRAY(corm.Integer)), Column("tags", corm.ARRAY(corm.String)),
        Column("grid", corm.ARRAY(corm.Integer, { dimensions = 2 })))
      metadata:create_all(engine)
      c = t.c
      conn = engine:connect()
      conn:execute(corm.insert(t), {
        { id = 1, nums = { 1, 2, 3 }, tags = { "a", "b" }, grid = { { 1, 2 }, { 3, 4 } } },
        { id = 2, nums = { 5 }, tags = { "b", 'q"\\,{}' }, grid = { { 9 } } },
      })
    end)

    local function ids(condition)
      local found = {}
      for row in conn:execute(select(c.id):where(condition):order_by(c.id)) do found[#found + 1] = row.id end
      return found
    end

    local function of(id, x) return conn:scalar(select(x):where(c.id:eq(id))) end

    it("has items and slices, counted from 1", function()
      assert.equal(2, of(1, c.nums[2]))
      assert.is_nil(of(1, c.nums[9]))
      assert.equal(12, of(1, c.nums[2] + 10))
      assert.equal("b!", of(1, c.tags[2] .. "!"))
      assert.equal('q"\\,{}', of(2, c.tags[2]))
      assert.same({ 2, 3 }, of(1, c.nums:slice(2, 3)))
      assert.same({ 2, 3 }, of(1, c.nums:slice(2, nil)))
      assert.same({ 1 }, of(1, c.nums:slice(nil, 1)))
      assert.equal(2, of(1, c.nums:getitem(c.id + 1)))
      assert.equal(3, of(1, c.grid[2][1]))
    end)

    it("contains, is contained, overlaps", function()
      assert.same({ 1 }, ids(c.nums:contains { 1, 3 }))
      assert.same({ 2 }, ids(c.nums:contained_by { 5, 6 }))
      assert.same({ 1, 2 }, ids(c.tags:overlap { "b" }))
      assert.same({ 2 }, ids(~c.nums:overlap { 1 }))
      assert.same({ 1 }, ids(c.nums:contains(array { c.id, 2 })))
      assert.same({ 2 }, ids(c.tags:contains { 'q"\\,{}' }))
      assert.same({ 1 }, ids(c.nums:eq { 1, 2, 3 }))
      assert.same({ 2 }, ids(c.nums:in_ { { 5 }, { 1, 2 } }))
    end)

    it("is asked for any and all", function()
      assert.same({ 1 }, ids(c.nums:any(2)))
      assert.same({ 2 }, ids(~c.nums:any(2)))
      assert.same({ 2 }, ids(c.nums:any(3, { operator = "lt" })))
      assert.same({ 1 }, ids(c.nums:all(4, { operator = "gt" })))
      assert.same({ 1 }, ids(corm.any_(c.nums):eq(2)))
      assert.same({ 2 }, ids(corm.any_(c.nums):gt(4)))
      assert.same({ 1 }, ids(c.id:eq(c.nums:any_())))
      assert.same({}, ids(corm.any_(c.nums):eq(nil)))
    end)

    it("is chained and made", function()
      assert.same({ 1, 2, 3, 4 }, of(1, c.nums + { 4 }))
      assert.same({ 5, 5 }, of(2, c.nums .. c.nums))
      assert.same({ 1, 7 }, of(1, array { c.id, 7 }))
      assert.same({ { 1, 2 }, { 3, 4 } }, of(1, array { array { 1, 2 }, array { 3, 4 } }))
      assert.same({}, of(1, corm.cast(array {}, corm.ARRAY(corm.Integer))))
      assert.same({ "x" }, of(1, array({ "x" }, { type_ = corm.String })))
      assert.same({ 1, 2 }, conn:scalar(select(corm.func.array_agg(c.id))))
      assert.equal(3, of(1, corm.func.array_length(c.nums, 1)))
    end)

    it("refuses what is no position", function()
      raises("ArgumentError", "a position of an array is an integer", function() return c.nums:getitem("a") end)
      raises("ArgumentError", "a position of an array is an integer", function() return c.nums:getitem(1.5) end)
      raises("ArgumentError", "unknown member 'first'", function() return c.nums.first end)
      raises("ArgumentError", "only an ARRAY has slices", function() return c.id:slice(1, 2) end)
      raises("ArgumentError", "an ARRAY expected, this is Integer", function() return c.id:overlap { 1 } end)
      raises("ArgumentError", "only an ARRAY has it", function() return c.id:any(1) end)
      raises("ArgumentError", "operator", function() return c.nums:any(1, { operator = "like" }) end)
      raises("ArgumentError", "a list of values", array, 5)
      raises("DataError", "is not an integer", function() return c.nums:contains { "x" } end)
    end)
  end)
end)
