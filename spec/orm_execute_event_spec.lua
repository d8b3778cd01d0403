-- do_orm_execute: what a session executes, before it does; and the recipes that stand on it.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local select, criteria = corm.select, corm.with_loader_criteria
local Column, ForeignKey, Integer, String, Boolean = corm.Column, corm.ForeignKey, corm.Integer, corm.String,
  corm.Boolean

local function fill(m, session)
  for i = 1, 3 do
    local user = m.User { id = i, name = "u" .. i, age = i * 10 }
    for k = 1, 2 do user.addresses:append(m.Address { id = i * 10 + k, email = "e" .. i .. k }) end
    session:add(user)
  end
  session:commit()
end

describe("U26 do_orm_execute:", function()
  local w, m, session, seen

  before_each(function()
    w = world.open()
    m = w.m
    local first = w:session()
    fill(m, first)
    first:close()
    session = w:session()
    seen = {}
  end)
  after_each(function() w:close() end)

  local function listen(fn, target) corm.event.listen(target or session, "do_orm_execute", fn) end

  local function words(state)
    local found = {}
    for _, name in ipairs {
      "is_select", "is_insert", "is_update", "is_delete", "is_orm_statement", "is_column_load",
      "is_relationship_load", "is_from_statement", "is_executemany",
    } do
      if state[name] then found[#found + 1] = name:sub(4) end
    end
    return table.concat(found, " ")
  end
  local function note(state) seen[#seen + 1] = words(state) end

  it("tells what is executed", function()
    listen(note)
    local users = session:scalars(select(m.User)):all()
    session:execute(select(m.User.name))
    session:execute(corm.update(m.User):where(m.User.id:eq(1)):values { age = 3 })
    session:execute(corm.delete(m.Address):where(m.Address.id:eq(11)))
    session:execute(corm.insert(m.Tag), { { id = 1, name = "a" }, { id = 2, name = "b" } })
    session:execute(corm.text "SELECT 1")
    session:execute(select(m.User):from_statement(corm.text "SELECT * FROM address WHERE 1 = 0"))
    session:query(m.User):count()
    session:get(m.User, 2)
    session:get(m.User, 2)
    assert.same({
      "select orm_statement", "select orm_statement", "update orm_statement", "delete orm_statement",
      "insert orm_statement executemany", "", "select orm_statement from_statement", "select",
    }, seen)
    session:expunge_all()
    session:get(m.User, 2)
    assert.equal("select orm_statement", seen[9])
    assert.equal(9, #seen)
    assert.equal(3, #users)
  end)

  it("tells of lazy and eager loads, of expired and deferred columns", function()
    local user = session:get(m.User, 1)
    listen(note)
    assert.equal(2, #user.addresses)
    session:expire(user)
    assert.equal("u1", user.name)
    session:scalars(select(m.User):options(corm.selectinload(m.User.addresses))):all()
    assert.same({
      "select orm_statement relationship_load", "select orm_statement column_load", "select orm_statement",
      "select orm_statement relationship_load",
    }, seen)
  end)

  it("lets criteria that come to a get hold of what is loaded from its object later", function()
    listen(function(state)
      if state.is_select and not state.is_column_load and not state.is_relationship_load then
        state.statement = state.statement:options(criteria(m.Address, m.Address.id:ne(11)))
      end
    end)
    assert.equal(1, #session:get(m.User, 1).addresses)
    session:expunge_all()
    local expected = { 1, 1, 0 }
    for i, option in ipairs { corm.selectinload(m.User.addresses), corm.lazyload(m.User.addresses),
      criteria(m.Address, m.Address.id:ne(12)) } do
      assert.equal(expected[i], #session:get(m.User, 1, { options = { option } }).addresses)
      session:expunge_all()
    end
    local merged = session:merge(m.User { id = 1 })
    assert.equal(1, #merged.addresses)
    session:expunge_all()
    local all = session:merge_all { m.User { id = 1 }, m.User { id = 2 } }
    assert.same({ 1, 2 }, { #all[1].addresses, #all[2].addresses })
  end)

  it("tells of the class, the parameters and the execution options", function()
    local state
    listen(function(each) state = each end)
    session:execute(select(m.User):where(m.User.id:eq(corm.bindparam "id")):execution_options { mine = 3 }, { id = 1 })
    assert.equal(m.User, state.bind_class)
    assert.equal(m.User.__mapper__, state.bind_mapper)
    assert.equal(1, #state.all_mappers)
    assert.equal(1, state.parameters.id)
    assert.equal(3, state.execution_options.mine)
    assert.equal(session, state.session)
    local user = session:get(m.User, 2)
    local _ = user.addresses
    assert.equal(user, state.lazy_loaded_from.object)
    assert.equal(m.Address, state.bind_class)
    raises("ArgumentError", "is_select", function() return state.is_selects end)
    raises("ArgumentError", "cannot be set", function() state.answer = 1 end)
  end)

  it("may replace the statement and its parameters", function()
    listen(function(state)
      if state.is_select and not state.is_column_load and not state.is_relationship_load then
        state.statement = state.statement:where(m.User.id:gt(corm.bindparam "least"))
        state.parameters = { least = 1 }
      end
    end)
    local names = {}
    for user in session:scalars(select(m.User):order_by(m.User.id)) do names[#names + 1] = user.name end
    assert.same({ "u2", "u3" }, names)
  end)

  it("may change the execution options", function()
    local user = session:get(m.User, 1)
    listen(function(state) state:update_execution_options { populate_existing = true, autoflush = false } end)
    user.name = "mine"
    session:scalars(select(m.User)):all()
    assert.equal("u1", user.name)
  end)

  it("may answer instead of the database", function()
    local kept
    listen(function(state)
      if state.execution_options.cached then return kept end
    end)
    kept = session:execute(select(m.User.name):where(m.User.id:eq(2)))
    local n = #w:statements(function()
      assert.equal("u2", session:execute(select(m.User.name):execution_options { cached = true }):scalar())
    end)
    assert.equal(0, n)
    corm.event.listen(session, "do_orm_execute", function() return 3 end)
    raises("ArgumentError", "a listener returns a Result, or nothing, got integer",
      function() session:execute(select(m.User)) end)
  end)

  it("may execute by itself, asking those behind it", function()
    local order = {}
    listen(function(state)
      order[#order + 1] = "first"
      if not state.is_select then return nil end
      local result = state:invoke_statement { params = { id = 3 } }
      order[#order + 1] = "done"
      return result
    end)
    listen(function(state) order[#order + 1] = "second " .. state.parameters.id end)
    local statement = select(m.User.name):where(m.User.id:eq(corm.bindparam "id"))
    assert.equal("u3", session:execute(statement, { id = 1 }):scalar())
    assert.same({ "first", "second 3", "done" }, order)
  end)

  it("asks corm.Session, the maker and the session, in this order", function()
    local order = {}
    local function all() order[#order + 1] = "all" end
    listen(function() order[#order + 1] = "session" end)
    listen(function() order[#order + 1] = "maker" end, w.Session)
    listen(all, corm.Session)
    session:execute(select(m.User))
    corm.event.remove(corm.Session, "do_orm_execute", all)
    assert.same({ "all", "maker", "session" }, order)
    w:session():execute(select(m.User))
    assert.same({ "all", "maker", "session", "maker" }, order)
  end)

  it("lets criteria hold of the one load that it is about", function()
    local only = criteria(m.Address, m.Address.email:like "%1")
    local user = session:get(m.User, 1)
    local function add(state)
      if state.is_relationship_load then state.statement = state.statement:options(only) end
    end
    listen(add)
    assert.equal(1, #user.addresses)
    corm.event.remove(session, "do_orm_execute", add)
    session:expire(user)
    assert.equal(2, #user.addresses)
  end)

  it("refuses what a load by the session itself cannot do, and leaves the session whole", function()
    local user = session:get(m.User, 1)
    local change
    listen(function(state)
      if state.is_relationship_load then return change(state) end
    end)
    change = function(state) state.statement = state.statement:where(m.Address.id:gt(1)) end
    raises("InvalidRequestError", "takes options(with_loader_criteria(...)) and nothing else",
      function() return user.addresses end)
    change = function(state) state.statement = state.statement:options(corm.joinedload(m.Address.city)) end
    raises("InvalidRequestError", "nothing else", function() return user.addresses end)
    change = function(state) return state:invoke_statement() end
    raises("InvalidRequestError", "is not executed by the listener", function() return user.addresses end)
    change = function() return 1 end
    raises("InvalidRequestError", "no Result to be replaced", function() return user.addresses end)
    change = function() session:rollback() end
    raises("IllegalStateChangeError", "while this Session is loading", function() return user.addresses end)
    change = function() error("not now") end
    local ok, err = pcall(function() return user.addresses end)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("not now", 1, true))
    change = function() return nil end
    assert.equal(2, #user.addresses)
  end)

  it("refuses hooks that empty the session in the middle of a load, and survives those that load more", function()
    local users = session:scalars(select(m.User):order_by(m.User.id)):all()
    local inside = function() session:expunge_all() end
    listen(function(state)
      if not state.is_relationship_load then return end
      local fn = inside
      inside = function() end
      fn()
      collectgarbage()
    end)
    raises("IllegalStateChangeError", "expunge_all() is not possible", function() return users[1].addresses end)
    inside = function() session:expunge(users[1]) end
    raises("DetachedInstanceError", "is not bound to a Session", function() return users[1].addresses end)
    inside = function()
      session:scalars(select(m.User):options(corm.selectinload(m.User.addresses))):all()
      users[3] = nil
    end
    assert.equal(2, #users[2].addresses)
    session:expunge_all()
    inside = function() session:scalars(select(m.User)):all() end
    local found = session:scalars(select(m.User):options(corm.selectinload(m.User.addresses))):all()
    assert.equal(3, #found)
    assert.equal(2, #found[3].addresses)
  end)

  it("does not tell of what a flush writes", function()
    listen(note)
    session:add(m.Tag { id = 1, name = "t" })
    session:flush()
    assert.same({}, seen)
  end)
end)

describe("U26 recipe of soft deletion:", function()
  local w, m, session
  local Base, SoftDelete

  before_each(function()
    Base = corm.declarative_base()
    SoftDelete = { deleted = Column(Boolean, { default = false, nullable = false }) }
    m = { Base = Base }
    m.List = Base:model("List", {
      __tablename__ = "todo_list", __mixins__ = { SoftDelete },
      id = Column(Integer, { primary_key = true }),
      name = Column(String(20)),
      items = corm.relationship("Item", { back_populates = "list", order_by = "Item.id" }),
    })
    m.Item = Base:model("Item", {
      __tablename__ = "todo_item", __mixins__ = { SoftDelete },
      id = Column(Integer, { primary_key = true }),
      kind = Column(String(10)),
      title = Column(String(20)),
      list_id = Column(Integer, ForeignKey("todo_list.id")),
      list = corm.relationship("List", { back_populates = "items" }),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "item" },
    })
    m.Urgent = m.Item:model("Urgent", {
      __tablename__ = "todo_urgent",
      id = Column(Integer, ForeignKey("todo_item.id"), { primary_key = true }),
      due = Column(String(10)),
      __mapper_args__ = { polymorphic_identity = "urgent" },
    })
    w = world.open(m)
    corm.event.listen(w.Session, "do_orm_execute", function(state)
      if state.is_select and not state.is_column_load and not state.is_relationship_load
        and not state.execution_options.include_deleted then
        state.statement = state.statement:options(corm.with_loader_criteria(SoftDelete, function(class)
          return class.deleted:is_(false)
        end, { include_aliases = true }))
      end
    end)
    corm.event.listen(w.Session, "before_flush", function(s)
      for object in s.deleted do
        object.deleted = true
        s:add(object)
      end
    end)
    session = w:session()
    session:add(m.List { id = 1, name = "l1", items = {
      m.Item { id = 1, title = "i1" }, m.Item { id = 2, title = "i2" },
      m.Urgent { id = 3, title = "u3", due = "now" }, m.Urgent { id = 4, title = "u4", due = "soon" },
    } })
    session:add(m.List { id = 2, name = "l2", deleted = true })
    session:commit()
    session:expunge_all()
  end)
  after_each(function() w:close() end)

  it("hides what is deleted from every query, and from what these load", function()
    session:execute(corm.update(m.Item):where(m.Item.id:in_ { 2, 4 }):values { deleted = true })
    session:commit()
    session:expunge_all()
    local function titles(list)
      local found = {}
      for _, item in ipairs(list) do found[#found + 1] = item.title end
      return table.concat(found, " ")
    end
    local lists = session:scalars(select(m.List)):all()
    assert.equal(1, #lists)
    assert.equal("i1 u3", titles(lists[1].items))
    assert.equal("u3", titles(session:scalars(select(m.Urgent)):all()))
    assert.equal(2, session:scalar(select(corm.func.count()):select_from(m.Item)))
    local item = corm.aliased(m.Item)
    assert.equal(2, session:scalar(select(corm.func.count(item.id))))
    assert.is_nil(session:get(m.Item, 2))
    assert.equal("i1 i2 u3 u4", titles(session:scalars(select(m.Item):order_by(m.Item.id)
      :execution_options { include_deleted = true }):all()))
    session:expunge_all()
    local joined = session:scalars(select(m.List):options(corm.joinedload(m.List.items))):unique():all()
    assert.equal("i1 u3", titles(joined[1].items))
  end)

  it("turns session:delete into a mark", function()
    session:delete(session:get(m.Item, 1))
    session:commit()
    session:expunge_all()
    assert.is_nil(session:get(m.Item, 1))
    assert.equal("4", w:list("SELECT count(*) FROM todo_item"))
  end)
end)

describe("U26 recipe of tenants:", function()
  it("gives each session its own rows, and writes with its own tenant", function()
    local Base = corm.declarative_base()
    local OfTenant = { tenant = Column(Integer, { nullable = false, index = true }) }
    local m = { Base = Base }
    m.Account = Base:model("Account", {
      __tablename__ = "account", __mixins__ = { OfTenant },
      id = Column(Integer, { primary_key = true }),
      name = Column(String(20)),
      payments = corm.relationship("Payment", { back_populates = "account", order_by = "Payment.id" }),
    })
    m.Payment = Base:model("Payment", {
      __tablename__ = "payment", __mixins__ = { OfTenant },
      id = Column(Integer, { primary_key = true }),
      amount = Column(Integer),
      account_id = Column(Integer, ForeignKey("account.id")),
      account = corm.relationship("Account", { back_populates = "payments" }),
    })
    local w = world.open(m)
    local function session_of(tenant)
      local session = w:session()
      session.info.tenant = tenant
      return session
    end
    corm.event.listen(w.Session, "do_orm_execute", function(state)
      local tenant = state.session.info.tenant
      state.statement = state.statement:options(corm.with_loader_criteria(OfTenant, function(class)
        return class.tenant:eq(tenant)
      end, { include_aliases = true }))
    end)
    corm.event.listen(w.Session, "before_flush", function(session)
      for object in session.new do object.tenant = session.info.tenant end
    end)
    for tenant = 1, 2 do
      local session = session_of(tenant)
      for i = 1, 2 do
        session:add(m.Account { id = tenant * 10 + i, name = "a" .. tenant .. i, payments = {
          m.Payment { id = tenant * 100 + i, amount = tenant * i },
        } })
      end
      session:commit()
    end
    w:sql("INSERT INTO payment (id, tenant, amount, account_id) VALUES (999, 2, 7, 11)")
    local one, two = session_of(1), session_of(2)
    local function names(session)
      local found = {}
      for account in session:scalars(select(m.Account):order_by(m.Account.id)) do
        found[#found + 1] = account.name .. ":" .. #account.payments
      end
      return table.concat(found, " ")
    end
    assert.equal("a11:1 a12:1", names(one))
    assert.equal("a21:1 a22:1", names(two))
    two:commit()
    assert.is_nil(one:get(m.Account, 21))
    assert.equal("a21", two:get(m.Account, 21).name)
    two:commit()
    assert.equal(3, one:scalar(select(corm.func.sum(m.Payment.amount))))
    assert.equal(2, one:execute(corm.update(m.Payment):values { amount = 0 }
      :where(m.Payment.id:gt(0))).rowcount)
    assert.equal(2, one:execute(corm.delete(m.Payment):where(m.Payment.id:gt(0))).rowcount)
    one:commit()
    assert.equal("3", w:list("SELECT count(*) FROM payment"))
    w:close()
  end)
end)

describe("U33 execution options:", function()
  local w, m, session

  before_each(function()
    w = world.open()
    m = w.m
    local first = w:session()
    fill(m, first)
    first:close()
    session = w:session()
  end)
  after_each(function() w:close() end)

  it("stand in the statement, or in the third argument of execute, scalars and scalar", function()
    local user = session:get(m.User, 1)
    session:commit()
    local ways = {
      function(options) return session:scalars(select(m.User):execution_options(options)):all() end,
      function(options) return session:scalars(select(m.User), nil, { execution_options = options }):all() end,
      function(options) return session:execute(select(m.User), {}, { execution_options = options }):all() end,
      function(options) return session:scalar(select(m.User), nil, { execution_options = options }) end,
    }
    for i, way in ipairs(ways) do
      session:refresh(user)
      session:commit()
      session:refresh(user)
      user.age = 1000 + i
      way { populate_existing = true, autoflush = false }
      assert.equal(user.age < 1000, true, "way " .. i)
      user.age = 2000 + i
      way { autoflush = false }
      assert.equal(2000 + i, user.age)
      assert.is_true(session.dirty:contains(user))
      way { autoflush = true }
      assert.is_false(session.dirty:contains(user))
      session:rollback()
    end
  end)

  it("go with row locks", function()
    local user = session:get(m.User, 1)
    user.name = "mine"
    local again = session:scalars(select(m.User):where(m.User.id:eq(1)):with_for_update()
      :execution_options { populate_existing = true, autoflush = false }):one()
    assert.equal(user, again)
    assert.equal("u1", user.name)
  end)

  it("may have names of the script's own, but no typos", function()
    assert.equal(3, #session:scalars(select(m.User):execution_options { shard = "a", include_deleted = true }):all())
    local err = raises("ArgumentError", "populate_exising",
      function() select(m.User):execution_options { populate_exising = true } end)
    assert.is_truthy(err.message:find("populate_existing", 1, true))
    raises("ArgumentError", "autoflush", function() select(m.User):execution_options { autoflush = 1 } end)
    raises("ArgumentError", "execution_option",
      function() session:execute(select(m.User), nil, { execution_option = {} }) end)
    raises("ArgumentError", "a table of options expected", function() session:execute(select(m.User), nil, 3) end)
    raises("ArgumentError", "{ execution_options = ... } expected",
      function() session:execute(select(m.User), nil, {}, 4) end)
    raises("ArgumentError", "populate_existing",
      function() session:connection { execution_options = { populate_existing = true } } end)
  end)
end)
