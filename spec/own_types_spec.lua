-- Types of a script's own on each database: what passes their functions, and what stands in the tables.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local cents = {}
cents.__index = cents
local function money(n) return setmetatable({ cents = n }, cents) end

-- Money in Lua, an integer in the database.
local function new_money(calls)
  return corm.TypeDecorator {
    impl = corm.Integer,
    process_bind_param = function(self, value, dialect)
      if calls then calls[#calls + 1] = "in " .. dialect.name end
      if value ~= nil and getmetatable(value) ~= cents then error({ code = "no money", self = self }) end
      return value and value.cents
    end,
    process_result_value = function(_, value, dialect)
      if calls then calls[#calls + 1] = "out " .. dialect.name end
      return value and money(value)
    end,
  }
end

-- Written in lower case by the database, read in upper case.
local function new_lower()
  return corm.TypeDecorator {
    impl = corm.String(20),
    bind_expression = function(_, value) return corm.func.lower(value) end,
    column_expression = function(_, column) return corm.func.upper(column) end,
  }
end

describe("a type of one's own", function()
  local engine, name

  database.each(before_each, after_each, function(...) engine, name = ... end)

  local function shell(sql) return database.shell(name, sql) end

  it("may have its value on either side of an operator, beside values that take its type", function()
    local metadata = corm.MetaData()
    local names = corm.Table("own_names", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("n", corm.Integer))
    local Shifted = corm.TypeDecorator {
      impl = corm.Integer,
      bind_expression = function(_, value) return value + 100 end,
      column_expression = function(_, column) return corm.literal(1000) - (corm.literal(1100) - column) end,
    }
    local Found = corm.TypeDecorator {
      impl = corm.Integer,
      bind_expression = function(_, value)
        return corm.select(names.c.id):where(names.c.n:eq(value)):scalar_subquery()
      end,
    }
    local t2 = corm.Table("own_shifted", metadata, corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("shifted", Shifted), corm.Column("name_id", Found))
    metadata:create_all(engine)
    engine:begin(function(connection)
      connection:execute(corm.insert(names), { { id = 1, n = 11 }, { id = 2, n = 22 } })
      connection:execute(corm.insert(t2),
        { { id = 1, shifted = 5, name_id = 22 }, { id = 2, shifted = 6, name_id = 33 } })
      local row = connection:execute(corm.select(t2):where(t2.c.shifted:eq(5))):one()
      assert.equal("5 2", row.shifted .. " " .. row.name_id)
      assert.equal(2, connection:scalar(corm.select(t2.c.id):where(t2.c.name_id:is_(nil))))
      assert.equal(1, connection:scalar(corm.select(t2.c.id):where(t2.c.name_id:eq(22))))
    end)
    assert.equal("own_shifted.shifted = (:shifted_1 + :param_1)", tostring(t2.c.shifted:eq(5)))
    local literal = corm.insert(t2):values { shifted = 5 }:compile { literal_binds = true }
    assert.truthy(tostring(literal):find("(5 + 100)", 1, true))
    assert.equal("own_shifted.shifted * (:shifted_1 + :param_1)", tostring(t2.c.shifted * 5))
    assert.equal("own_shifted.shifted * (5 + 100)",
      tostring((t2.c.shifted * 5):compile { literal_binds = true }))
    metadata:drop_all(engine)
  end)

  describe("in statements", function()
    local t, calls, connection

    before_each(function()
      calls = {}
      local Money = new_money(calls)
      local metadata = corm.MetaData()
      t = corm.Table("t", metadata, corm.Column("id", corm.Integer, { primary_key = true, autoincrement = false }),
        corm.Column("price", Money), corm.Column("fee", Money, { default = money(7) }),
        corm.Column("tax", Money, { default = function() return money(8) end }))
      metadata:create_all(engine)
      connection = engine:connect()
    end)

    after_each(function() connection:close() end)

    it("sees values, parameters and defaults", function()
      connection:execute(corm.insert(t):values { id = 1, price = money(1) })
      connection:execute(corm.insert(t), { id = 2, price = money(2), fee = money(20) })
      connection:execute(corm.insert(t), { { id = 3, price = money(3) }, { id = 4, price = corm.null } })
      connection:execute(corm.insert(t):values { { id = 5, price = money(5) }, { id = 6, price = money(6) } })
      connection:execute(corm.update(t):where(t.c.id:eq(6)), { price = money(60) })
      connection:commit()
      assert.equal("1|1|7|8\n2|2|20|8\n3|3|7|8\n4||7|8\n5|5|7|8\n6|60|7|8",
        shell "SELECT id, price, fee, tax FROM t ORDER BY id;")
    end)

    it("sees what it is compared with", function()
      local rows = {}
      for i = 1, 5 do rows[i] = { id = i, price = money(i) } end
      connection:execute(corm.insert(t), rows)
      local function ids(condition, params)
        local list = {}
        for id in connection:execute(corm.select(t.c.id):where(condition):order_by(t.c.id), params):scalars() do
          list[#list + 1] = id
        end
        return table.concat(list, " ")
      end
      local price = t.c.price
      assert.equal("2", ids(price:eq(money(2))))
      assert.equal("4 5", ids(price:gt(money(3))))
      assert.equal("1 5", ids(price:in_ { money(1), money(5) }))
      assert.equal("2 3", ids(price:between(money(2), money(3))))
      assert.equal("3", ids((price + money(1)):eq(money(4))))
      assert.equal("3", ids(corm.tuple_(t.c.id, price):in_ { { 3, money(3) }, { 4, money(3) } }))
      assert.equal("4", ids(price:eq(corm.bindparam "p"), { p = money(4) }))
      assert.equal("2 4", ids(price:in_(corm.bindparam("p", { expanding = true })), { p = { money(2), money(4) } }))
      assert.equal("1 3", ids(price:in_(corm.bindparam("p", { money(1), money(3) },
        { expanding = true, type_ = price.type }))))
      assert.equal("5", ids(price:eq(corm.bindparam("p", { callable_ = function() return money(5) end }))))
      assert.equal("4", ids(corm.type_coerce(t.c.id, new_money()):eq(money(4))))
      assert.equal("4", ids(corm.text("price = :p"):bindparams(corm.bindparam("p", { type_ = new_money() })),
        { p = money(4) }))
      assert.equal("", ids(price:eq(nil)))
    end)

    it("makes values of results", function()
      connection:execute(corm.insert(t), { { id = 1, price = money(1) }, { id = 2, price = corm.null } })
      local first = connection:execute(corm.select(t):order_by(t.c.id)):first()
      assert.equal(1, first.price.cents)
      assert.equal(1, first[t.c.price].cents)
      assert.equal(cents, getmetatable(first[2]))
      local id, price, fee = first:unpack()
      assert.same({ 1, 1, 7 }, { id, price.cents, fee.cents })
      local all = connection:execute(corm.select(t.c.price):order_by(t.c.id)):scalars():all()
      assert.equal(1, all[1].cents)
      assert.equal(corm.null, all[2])
      assert.equal(1, connection:scalar(corm.select(corm.func.max(t.c.price))).cents)
      assert.equal(15, connection:scalar(corm.select((t.c.fee + t.c.tax):label "both"):where(t.c.id:eq(1))).cents)
      assert.equal(1, connection:execute(corm.select(t.c.price:label "p")):mappings():first().p.cents)
      local typed = corm.text("SELECT price FROM t WHERE id = 1"):columns(corm.column("price", new_money()))
      assert.equal(1, connection:execute(typed):scalar().cents)
      assert.equal(1, connection:scalar(corm.select(corm.cast(t.c.price, new_money())):where(t.c.id:eq(1))).cents)
      assert.equal(9, connection:scalar(corm.select(corm.literal(money(9), new_money()))).cents)
      local inner = corm.select(t.c.price):where(t.c.id:eq(1)):subquery()
      assert.equal(1, connection:scalar(corm.select(inner.c.price)).cents)
    end)

    it("tells the functions the dialect", function()
      connection:execute(corm.insert(t), { { id = 1, price = money(1), fee = money(1), tax = money(1) } })
      connection:execute(corm.select(t.c.price)):scalar()
      local dialect = engine.dialect.name
      assert.same({ "in " .. dialect, "in " .. dialect, "in " .. dialect, "out " .. dialect },
        { table.unpack(calls, #calls - 3) })
    end)

    it("fails before anything is sent, with the function's own error", function()
      local sent = 0
      corm.event.listen(engine, "before_cursor_execute", function() sent = sent + 1 end)
      for _, statement in ipairs {
        function() return t.c.price:eq(5) end,
        function() return t.c.price:in_ { money(1), 5 } end,
        function() return corm.insert(t):values { price = 5 } end,
        function()
          return connection:execute(corm.insert(t), { { id = 1, price = money(1) }, { id = 2, price = 5 } })
        end,
      } do
        local ok, err = pcall(statement)
        assert.is_false(ok)
        assert.equal("no money", err.code)
        assert.equal("INTEGER", tostring(err.self))
      end
      assert.equal(0, sent)
      assert.equal(0, connection:scalar(corm.select(corm.func.count()):select_from(t)))
    end)

    it("names the column when the impl refuses what a function gave", function()
      local Bad = corm.TypeDecorator { impl = corm.Integer, process_bind_param = function() return "five" end }
      local u = corm.Table("u", corm.MetaData(), corm.Column("x", Bad))
      u:create(engine)
      raises("DataError", "column u.x", connection.execute, connection, corm.insert(u), { x = 1 })
    end)

    it("takes the members of tuples in a list, and in no bindparam", function()
      local Bang = corm.TypeDecorator {
        impl = corm.String(10),
        process_bind_param = function(_, value) return value and value .. "!" end,
      }
      local u = corm.Table("u", corm.MetaData(), corm.Column("n", corm.Integer), corm.Column("x", Bang))
      local pair = corm.tuple_(u.c.n, u.c.x)
      assert.equal("a!", pair:in_({ { 1, "a" } }):compile().params.param_1_1_2)
      local late = corm.bindparam("p", { expanding = true })
      raises("ArgumentError", "member 2 of the tuple has a type of one's own", pair.in_, pair, late)
      raises("ArgumentError", "an item is no type of one's own", corm.ARRAY, Bang)
    end)

    it("keeps the values of a row when a function fails on the way out", function()
      local Moody = corm.TypeDecorator {
        impl = corm.Integer,
        process_result_value = function(_, value) return value == 2 and error "two!" or value end,
      }
      local result = connection:execute(corm.select(corm.literal(2, Moody):label "x"))
      local ok, err = pcall(result.first, result)
      assert.is_false(ok)
      assert.is_truthy(tostring(err):find("two!", 1, true))
      assert.equal(1, connection:scalar(corm.select(corm.literal(1, Moody))))
    end)

    it("does not let its functions yield", function()
      local Lazy = corm.TypeDecorator { impl = corm.Integer, process_bind_param = function() coroutine.yield() end }
      local co = coroutine.wrap(function() return pcall(function() return corm.column("x", Lazy):eq(1) end) end)
      local ok, err = co()
      assert.is_false(ok)
      assert.is_truthy(tostring(err):find("yield", 1, true))
    end)
  end)

  describe("in models", function()
    local Item, session, calls

    before_each(function()
      calls = {}
      local Base = corm.declarative_base()
      local Money = new_money(calls)
      Item = Base:model("Item", {
        __tablename__ = "item",
        id = corm.Column(corm.Integer, { primary_key = true }),
        price = corm.Column(Money),
        fee = corm.Column(Money, { default = function() return money(7) end }),
        label = corm.Column(new_lower()),
      })
      Base.metadata:create_all(engine)
      session = corm.Session { bind = engine }
    end)

    after_each(function() session:close() end)

    it("is set, flushed, loaded and refreshed", function()
      local item = Item { price = money(5), label = "Sandy" }
      assert.equal(5, item.price.cents)
      session:add(item)
      session:commit()
      assert.equal("5|7|sandy", shell "SELECT price, fee, label FROM item;")
      assert.equal(5, item.price.cents)
      assert.equal(7, item.fee.cents)
      assert.equal("SANDY", item.label)
      item.price = nil
      session:commit()
      assert.equal("", shell "SELECT price FROM item;")
      assert.is_nil(item.price)
      session:commit()
      shell "UPDATE item SET price = 50;"
      session:refresh(item)
      assert.equal(50, item.price.cents)
    end)

    it("knows whether a value has changed by what is stored", function()
      local item = Item { price = money(5) }
      session:add(item)
      session:commit()
      assert.equal(5, item.price.cents)
      item.price = money(5)
      assert.is_false(session.dirty:contains(item))
      item.price = money(6)
      assert.is_true(session.dirty:contains(item))
      local history = corm.inspect(item).attrs.price.history
      assert.equal(6, history.added[1].cents)
      assert.equal(5, history.deleted[1].cents)
    end)

    it("is asked for, and is the key of its criteria", function()
      session:add_all { Item { price = money(1), label = "One" }, Item { price = money(2), label = "Two" } }
      session:commit()
      assert.equal("TWO", session:scalars(corm.select(Item):where(Item.price:eq(money(2)))):one().label)
      assert.equal("ONE", session:scalars(corm.select(Item):filter_by { price = money(1) }):one().label)
      assert.equal("ONE", session:scalars(corm.select(Item):where(Item.label:eq "ONE")):one().label)
      assert.equal(2, session:scalar(corm.select(corm.func.max(Item.price))).cents)
      session:query(Item):where(Item.label:eq "one"):update { price = money(9) }
      assert.equal("9", tostring(session:scalar(corm.select(Item.price):where(Item.label:eq "one")).cents))
    end)

    it("is written in pages of many rows", function()
      local items = {}
      for i = 1, 2500 do items[i] = Item { price = money(i), label = "L" .. i } end
      session:add_all(items)
      session:commit()
      assert.equal("2500|3126250|2500", shell(
        "SELECT count(*), sum(price), sum(CASE WHEN label LIKE 'l%' THEN 1 ELSE 0 END) FROM item;"))
      for i = 1, 2500 do items[i].price = money(i + 1) end
      session:commit()
      assert.equal("3128750", shell "SELECT sum(price) FROM item;")
      for _, item in ipairs(items) do session:delete(item) end
      session:commit()
      assert.equal("0", shell "SELECT count(*) FROM item;")
    end)

    it("raises where a wrong value is assigned, and the object keeps the old one", function()
      local item = Item { price = money(5) }
      local ok, err = pcall(function() item.price = 5 end)
      assert.is_false(ok)
      assert.equal("no money", err.code)
      assert.equal(5, item.price.cents)
      ok, err = pcall(Item, { price = "x" })
      assert.is_false(ok)
      assert.equal("no money", err.code)
    end)
  end)

  it("may be a primary key and what refers to it", function()
    local Code = corm.TypeDecorator {
      impl = corm.Integer,
      process_bind_param = function(_, value) return value and tonumber(value:match "%d+") end,
      process_result_value = function(_, value) return value and "code-" .. math.tointeger(value) end,
    }
    local Base = corm.declarative_base()
    local Parent = Base:model("Parent", {
      __tablename__ = "parent", id = corm.Column(Code, { primary_key = true, autoincrement = false }),
      children = corm.relationship("Child", { back_populates = "parent" }),
    })
    local Child = Base:model("Child", {
      __tablename__ = "child", id = corm.Column(corm.Integer, { primary_key = true }),
      parent_id = corm.Column(corm.ForeignKey "parent.id"),
      parent = corm.relationship("Parent", { back_populates = "children" }),
    })
    Base.metadata:create_all(engine)
    local session = corm.Session { bind = engine }
    session:add(Parent { id = "code-5", children = { Child {}, Child {} } })
    session:commit()
    assert.equal("5|5", (shell "SELECT parent_id FROM child ORDER BY id;"):gsub("\n", "|") .. "")
    local parent = session:get(Parent, "code-5")
    assert.equal("code-5", parent.id)
    assert.equal(2, #parent.children)
    assert.equal("code-5", parent.children[1].parent_id)
    session:expire_all()
    local child = session:scalars(corm.select(Child)):first()
    assert.equal("code-5", child.parent.id)
    assert.same({ "code-5" }, corm.inspect(parent).identity)
    session:close()
  end)

  it("has another impl on some databases", function()
    local Guid = corm.TypeDecorator {
      impl = corm.CHAR(32),
      load_dialect_impl = function(_, dialect)
        return dialect:type_descriptor(dialect.name == "postgresql" and corm.UUID or corm.CHAR(32))
      end,
      process_bind_param = function(_, value, dialect)
        if value == nil or dialect.name == "postgresql" then return value end
        return (tostring(value):gsub("-", ""))
      end,
      process_result_value = function(_, value) return value and corm.uuid(value) end,
    }
    local Base = corm.declarative_base()
    local Thing = Base:model("Thing", {
      __tablename__ = "thing", id = corm.Column(Guid, { primary_key = true }), note = corm.Column(corm.String(5)),
    })
    Base.metadata:create_all(engine)
    local id = corm.uuid "12345678-1234-1234-1234-123456789012"
    local session = corm.Session { bind = engine }
    session:add(Thing { id = id, note = "a" })
    session:commit()
    assert.equal(database.name == "postgresql" and tostring(id) or tostring(id):gsub("-", "") .. "",
      shell "SELECT id FROM thing;")
    session:expunge_all()
    assert.equal("a", session:get(Thing, id).note)
    assert.equal(id, session:scalars(corm.select(Thing.id)):one())
    session:close()
  end)

  it("may be a variant of a general one", function()
    local Shout = corm.TypeDecorator {
      impl = corm.String(20), process_bind_param = function(_, value) return value and value:upper() end,
    }
    local type = corm.String(20):with_variant(Shout, database.name)
    local t = corm.Table("t", corm.MetaData(), corm.Column("x", type))
    t:create(engine)
    engine:begin(function(connection) connection:execute(corm.insert(t), { { x = "a" }, { x = "b" } }) end)
    assert.equal("A\nB", shell "SELECT x FROM t ORDER BY x;")
    local other = corm.String(20):with_variant(Shout, database.name == "sqlite" and "mysql" or "sqlite")
    local u = corm.Table("u", corm.MetaData(), corm.Column("x", other))
    u:create(engine)
    engine:begin(function(connection) connection:execute(corm.insert(u), { { x = "a" }, { x = "b" } }) end)
    assert.equal("a\nb", shell "SELECT x FROM u ORDER BY x;")
  end)

  it("has fields of its own, and arguments of its impl", function()
    local Scaled = corm.TypeDecorator {
      impl = corm.Numeric(10, 2), factor = 100,
      process_bind_param = function(self, value) return value and value / self.factor end,
      process_result_value = function(self, value) return value and value:tonumber() * self.factor end,
    }
    assert.equal(100, Scaled.factor)
    assert.equal("NUMERIC(12, 3)", tostring(Scaled(12, 3)))
    assert.equal(12, Scaled(12, 3).precision)
    assert.equal(100, Scaled(12, 3).factor)
    local t = corm.Table("t", corm.MetaData(), corm.Column("x", Scaled(12, 3)))
    t:create(engine)
    engine:begin(function(connection)
      connection:execute(corm.insert(t), { x = 1234.5 })
      assert.equal(1234.5, connection:scalar(corm.select(t.c.x)))
    end)
    assert.equal("12.345", shell "SELECT x FROM t;")
  end)

  it("is what an expression of it has for a type", function()
    local Own = corm.TypeDecorator { impl = corm.Integer, note = "own" }
    local t = corm.Table("t", corm.MetaData(), corm.Column("x", Own))
    assert.equal("own", t.c.x.type.note)
    assert.equal("own", (t.c.x + 1).type.note)
    assert.equal("own", corm.func.max(t.c.x).type.note)
    assert.equal(corm.Integer, (t.c.x + 1).type.impl)
    raises("ArgumentError", "methods", corm.TypeDecorator, { impl = corm.Integer, comparator = print })
  end)

  it("may stand over another one", function()
    local Twice = corm.TypeDecorator {
      impl = corm.Integer, process_bind_param = function(_, value) return value * 2 end,
      process_result_value = function(_, value) return value // 2 end,
    }
    local Text = corm.TypeDecorator {
      impl = Twice, process_bind_param = function(_, value) return tonumber(value) end,
      process_result_value = function(_, value) return tostring(value) end,
    }
    local t = corm.Table("t", corm.MetaData(), corm.Column("x", Text))
    t:create(engine)
    engine:begin(function(connection)
      connection:execute(corm.insert(t), { x = "21" })
      assert.equal("21", connection:scalar(corm.select(t.c.x)))
    end)
    assert.equal("42", shell "SELECT x FROM t;")
  end)

  it("lives as long as what was made of it", function()
    local t
    do
      local Odd = corm.TypeDecorator { impl = corm.Integer, process_bind_param = function(_, v) return v + 1 end }
      t = corm.Table("t", corm.MetaData(), corm.Column("x", Odd))
    end
    collectgarbage()
    collectgarbage()
    t:create(engine)
    engine:begin(function(connection) connection:execute(corm.insert(t), { { x = 1 }, { x = 2 } }) end)
    assert.equal("2\n3", shell "SELECT x FROM t ORDER BY x;")
  end)

  it("PickleType keeps Lua's values", function()
    local t = corm.Table("t", corm.MetaData(), corm.Column("id", corm.Integer, { primary_key = true }),
      corm.Column("x", corm.PickleType))
    t:create(engine)
    local values = {
      true, false, 0, -1, math.maxinteger, 0.5, -0.0, math.huge, "", "a\0\255", {}, { 1, 2, { 3 } },
      { a = { b = "c" }, [1.5] = 2, [true] = false }, { 1, 2, [5] = 5 }, { corm.null, 2 },
      { corm.date(2026, 11, 28), corm.timedelta { days = -1, microseconds = 5 }, corm.decimal "1.50" },
    }
    engine:begin(function(connection)
      for i, value in ipairs(values) do connection:execute(corm.insert(t), { id = i, x = value }) end
      connection:execute(corm.insert(t), { id = #values + 1, x = corm.null })
      for row in connection:execute(corm.select(t):order_by(t.c.id)) do
        assert.same(values[row.id], row.x)
        assert.equal(math.type(values[row.id]), math.type(row.x))
      end
      for _, bad in ipairs { print, coroutine.create(print), setmetatable({}, {}), { { io.stdout } } } do
        raises("DataError", "PickleType", connection.execute, connection, corm.insert(t), { x = bad })
      end
      local rubbish = corm.type_coerce("rubbish", corm.LargeBinary)
      connection:execute(corm.update(t):where(t.c.id:eq(1)):values { x = rubbish })
      raises("DataError", "none that it has written", function()
        connection:scalar(corm.select(t.c.x):where(t.c.id:eq(1)))
      end)
    end)
  end)

  it("Enum of a table stores names and gives values", function()
    local Red, Green = { hex = "f00" }, { hex = "0f0" }
    local Color = corm.Enum({ RED = Red, GREEN = Green }, { name = "color" })
    local metadata = corm.MetaData()
    local t = corm.Table("t", metadata, corm.Column("x", Color))
    metadata:create_all(engine)
    engine:begin(function(connection)
      connection:execute(corm.insert(t), { { x = Red }, { x = "GREEN" } })
      local all = connection:execute(corm.select(t.c.x):where(t.c.x:in_ { Red, Green })):scalars():all()
      assert.equal(Red, all[1])
      assert.equal(Green, all[2])
      raises("DataError", "is not among the members", connection.execute, connection, corm.insert(t), { x = {} })
    end)
    assert.equal("RED\nGREEN", shell "SELECT x FROM t;")
    metadata:drop_all(engine)
  end)
end)

describe("a definition of a type", function()
  it("is refused when it is wrong", function()
    raises("ArgumentError", "impl must be the type", corm.TypeDecorator, {})
    raises("ArgumentError", "impl must be the type", corm.TypeDecorator, { impl = "Integer" })
    raises("ArgumentError", "a table of its functions", corm.TypeDecorator, corm.Integer)
    raises("ArgumentError", "process_bind_parm", corm.TypeDecorator, { impl = corm.Integer, process_bind_parm = print })
    raises("ArgumentError", "must be a function", corm.TypeDecorator, { impl = corm.Integer, process_bind_param = 5 })
    raises("ArgumentError", "get_col_spec", corm.UserDefinedType, {})
    raises("ArgumentError", "the type's name", corm.UserDefinedType, { get_col_spec = function() end })
    raises("ArgumentError", "has no impl", corm.UserDefinedType,
      { impl = corm.Integer, get_col_spec = function() return "X" end })
    raises("ArgumentError", "a type such as", corm.TypeDecorator,
      { impl = corm.Integer, load_dialect_impl = function() return 5 end })
    raises("ArgumentError", "posgresql", corm.Integer.with_variant, corm.Integer, corm.BigInteger, "posgresql")
    raises("ArgumentError", "already", function()
      return corm.Integer:with_variant(corm.BigInteger, "sqlite"):with_variant(corm.BigInteger, "sqlite")
    end)
    raises("ArgumentError", "the name of a dialect", corm.Integer.with_variant, corm.Integer, corm.BigInteger)
    raises("ArgumentError", "ARRAY", corm.ARRAY,
      corm.TypeDecorator { impl = corm.Integer, process_bind_param = print })
    raises("ArgumentError", "fields", corm.dialects.postgresql.INTERVAL, { fields = "YEARS" })
    raises("ArgumentError", "charset", corm.dialects.mysql.VARCHAR, 5, { charset = "x; DROP TABLE t" })
    raises("ArgumentError", "storage_format", corm.dialects.sqlite.DATE, { regexp = "x" })
    raises("ArgumentError", "nil", corm.dialects.sqlite.DATE, { storage_format = "%(nil)d" })
  end)

  it("may not use its value twice in a column", function()
    local t = corm.Table("t", corm.MetaData(), corm.Column("x", corm.TypeDecorator {
      impl = corm.String(5), bind_expression = function(_, value) return corm.func.concat(value, value) end,
    }))
    assert.equal("t.x = concat(:x_1, :x_1)", tostring(t.c.x:eq "a"))
    raises("CompileError", "twice", function() return corm.insert(t):compile() end)
  end)
end)
