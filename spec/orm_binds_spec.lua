-- Sessions over several databases.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("U36 several binds", function()
  local w, m, other, session, Session

  -- Cities live in a database of their own (SQLite in memory), all else in the world's.
  before_each(function()
    w = world.open()
    m = w.m
    other = corm.create_engine("sqlite://")
    m.Base.metadata:create_all(other)
    Session = corm.sessionmaker { bind = w.engine, binds = { [m.City] = other } }
    session = Session()
  end)
  after_each(function()
    session:close()
    other:dispose()
    w:close()
  end)

  -- What is committed there.
  local function there(text)
    local list = {}
    other:begin(function(conn)
      for row in conn:execute(corm.text(text)) do list[#list + 1] = table.concat({ row:unpack() }, "|") end
    end)
    return table.concat(list, ",")
  end

  local function cities()
    return there "SELECT name FROM city ORDER BY name"
  end

  it("each class is written to, read from and deleted in its database", function()
    session:add_all { m.City { name = "c" }, m.User { name = "a" }, m.City { name = "d" }, m.User { name = "b" } }
    session:commit()
    assert.equal("c,d", cities())
    assert.equal("0", w:rows "SELECT count(*) FROM city")
    assert.equal("a,b", w:list 'SELECT name FROM "user" ORDER BY name')
    assert.equal("0", there "SELECT count(*) FROM user")
    session:expunge_all()
    local city = session:get(m.City, 1)
    assert.equal("c", city.name)
    assert.equal(2, #session:scalars(corm.select(m.City)):all())
    assert.equal(2, session:query(m.City):count())
    city.name = "C"
    session:delete(session:get(m.City, 2))
    session:commit()
    assert.equal("C", cities())
    session:refresh(city)
    assert.equal("C", city.name)
  end)

  it("relationships cross from one to the other, with the keys that were made there", function()
    w.engine:begin(function(conn) conn:execute(corm.insert(m.City):values { id = 1, name = "for the foreign key" }) end)
    local address = m.Address { email = "x", city = m.City { name = "c" }, user = m.User { name = "a" } }
    session:add(address)
    session:commit()
    assert.equal("1", w:rows "SELECT city_id FROM address")
    assert.equal("c", address.city.name)
    session:expunge_all()
    local loaded = session:query(m.Address):options(corm.selectinload(m.Address.city)):one()
    assert.equal("c", loaded.city.name)
  end)

  it("objects that a statement returns come from the database of their class", function()
    local made = session:scalars(corm.insert(m.City):values { name = "c" }:returning(m.City)):one()
    assert.equal("c", made.name)
    local text = corm.text "SELECT id, name FROM city"
    assert.equal(made, session:scalars(corm.select(m.City):from_statement(text)):one())
    session:commit()
    assert.equal("c", cities())
    assert.equal("0", w:rows "SELECT count(*) FROM city")
  end)

  it("statements go where their table is", function()
    session:execute(corm.insert(m.City):values { name = "c" })
    session:execute(corm.insert(m.City.__table__):values { name = "d" })
    session:execute(corm.update(m.City):values { name = "e" }:where(m.City.name:eq "d"))
    assert.same({ "c", "e" }, session:scalars(corm.select(m.City.name):order_by(m.City.name)):all())
    session:execute(corm.delete(m.City):where(m.City.name:eq "c"))
    session:commit()
    assert.equal("e", cities())
    assert.equal("0", w:rows "SELECT count(*) FROM city")
  end)

  it("objects follow what a bulk UPDATE or DELETE changes there, whose rows are asked for there", function()
    session:add_all { m.City { name = "c" }, m.City { name = "dd" } }
    session:flush()
    local one, two = table.unpack(session:scalars(corm.select(m.City):order_by(m.City.id)):all())
    session:execute(corm.update(m.City):values { name = corm.func.upper(m.City.name) }
      :where(corm.func.length(m.City.name):eq(1)))
    assert.same({ "C", "dd" }, { one.name, two.name })
    session:execute(corm.delete(m.City):where(corm.func.length(m.City.name):eq(2)))
    assert.is_false(session:contains(two))
    session:commit()
    assert.equal("C", cities())
  end)

  it("all are rolled back together, and a flush that fails in one undoes the others", function()
    session:add_all { m.City { name = "c" }, m.User { name = "a" } }
    session:flush()
    session:rollback()
    assert.same({ "", "0" }, { cities(), w:rows 'SELECT count(*) FROM "user"' })
    session:add_all { m.User { name = "a" }, m.City { name = "same" } }
    session:flush()
    session:add(m.City { name = "same" })
    local err = raises("IntegrityError", "", session.flush, session)
    assert.equal("City", err.entity)
    raises("PendingRollbackError", "", session.execute, session, corm.select(m.User))
    session:rollback()
    assert.same({ "", "0" }, { cities(), w:rows 'SELECT count(*) FROM "user"' })
    session:add(m.City { name = "later" })
    session:commit()
    assert.equal("later", cities())
  end)

  it("savepoints are those of all, also for a database that comes later", function()
    session:add(m.User { name = "a" })
    session:flush()
    local first = session:begin_nested()
    session:add_all { m.City { name = "c" }, m.User { name = "b" } }
    session:flush()
    local second = session:begin_nested()
    session:add(m.City { name = "d" })
    session:flush()
    second:commit()
    first:rollback()
    session:add(m.City { name = "e" })
    session:begin_nested(function()
      session:add(m.City { name = "f" })
    end)
    session:commit()
    assert.equal("e,f", cities())
    assert.equal("a", w:list 'SELECT name FROM "user"')
  end)

  it("a commit that fails in one of them says that others have committed", function()
    local failing = true
    corm.event.listen(other, "commit", function() if failing then error "stop" end end)
    session:add_all { m.City { name = "c" }, m.User { name = "a" } }
    local ok = pcall(session.commit, session)
    assert.is_false(ok)
    raises("PendingRollbackError", "rollback", session.execute, session, corm.select(m.User))
    session:rollback()
    failing = false
    assert.same({ "", "a" }, { cities(), w:list 'SELECT name FROM "user"' })
    session:add(m.City { name = "d" })
    session:commit()
    assert.equal("d", cities())
  end)

  it("get_bind says which, and close gives both connections back", function()
    assert.equal(other, session:get_bind(m.City))
    assert.equal(other, session:get_bind(m.City.__table__))
    assert.equal(w.engine, session:get_bind(m.User))
    assert.equal(w.engine, session:get_bind())
    session:get(m.City, 1)
    session:get(m.User, 1)
    session:close()
    assert.equal(0, other.pool:checkedout())
    assert.equal(0, w.engine.pool:checkedout())
  end)

  it("binds of tables, and what is no bind", function()
    local s = corm.Session { bind = w.engine, binds = { [m.address_tag] = other, [m.Tag.__table__] = other } }
    assert.equal(other, s:get_bind(m.Tag))
    s:add(m.Tag { name = "t" })
    s:commit()
    assert.equal("t", there "SELECT name FROM tag")
    s:close()
    raises("ArgumentError", "keys of 'binds'", corm.Session, { bind = w.engine, binds = { City = other } })
    raises("ArgumentError", "values of 'binds'", corm.Session, { bind = w.engine, binds = { [m.City] = "sqlite://" } })
    raises("ArgumentError", "must be a table", corm.Session, { bind = w.engine, binds = other })
    raises("ArgumentError", "needs an Engine", corm.Session, { binds = { [m.City] = other } })
    raises("ArgumentError", "a model or a Table expected", session.get_bind, session, 5)
  end)
end)
