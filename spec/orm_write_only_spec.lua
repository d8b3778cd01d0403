-- Collections that are never loaded whole.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local function key()
  return Column(Integer, { primary_key = true })
end

local function models(lazy, more)
  local Base = corm.declarative_base()
  local m = { Base = Base }
  local options = { lazy = lazy, back_populates = "account", order_by = "Entry.id" }
  for k, v in pairs(more or {}) do options[k] = v end
  corm.Table("account_tag", Base.metadata,
    Column("account_id", Integer, ForeignKey "account.id", { primary_key = true }),
    Column("tag_id", Integer, ForeignKey "tag.id", { primary_key = true }))
  m.Account = Base:model("Account", {
    __tablename__ = "account", id = key(), name = Column(String(20)), entries = relationship("Entry", options),
    tags = relationship("Tag", {
      lazy = lazy, secondary = "account_tag", passive_deletes = more and more.passive_deletes,
    }),
  })
  m.Entry = Base:model("Entry", {
    __tablename__ = "entry", id = key(), word = Column(String(20)), amount = Column(Integer),
    account_id = Column(Integer, ForeignKey("account.id", { ondelete = "CASCADE" })),
    account = relationship("Account", { back_populates = "entries" }),
  })
  m.Tag = Base:model("Tag", { __tablename__ = "tag", id = key(), name = Column(String(20)) })
  return m
end

local w, m, session

local function open(lazy, more)
  w = world.open(models(lazy, more))
  m, session = w.m, w:session()
end

after_each(function()
  if w then w:close() end
  w = nil
end)

local function words(list)
  local found = {}
  for i, entry in ipairs(list) do found[i] = entry.word end
  return table.concat(found, " ")
end

describe("L11 a write-only collection", function()
  local account

  before_each(function()
    open "write_only"
    account = m.Account {
      name = "a", entries = { m.Entry { word = "x", amount = 1 }, m.Entry { word = "y", amount = 2 } },
    }
    session:add(account)
    session:commit()
  end)

  it("takes objects without loading any", function()
    assert.equal("x,y", w:list "SELECT word FROM entry WHERE account_id = 1 ORDER BY id")
    assert.equal("a", account.name)
    local new = m.Entry { word = "z", amount = 3 }
    assert.equal(0, w:count(function()
      account.entries:add(new)
      account.entries:add(new)
    end))
    assert.is_true(rawequal(account, new.account))
    assert.equal(1, w:count(function() session:flush() end))
    local all = session:scalars(account.entries:select()):all()
    assert.equal("x y z", words(all))
    account.entries:remove(all[1])
    account.entries:add_all { m.Entry { word = "v" }, m.Entry { word = "u" } }
    session:commit()
    assert.equal("u,v,y,z", w:list "SELECT word FROM entry WHERE account_id = 1 ORDER BY word")
    account.entries:add(all[1])
    session:rollback()
    assert.equal("u,v,y,z", w:list "SELECT word FROM entry WHERE account_id = 1 ORDER BY word")
  end)

  it("gives statements about what is in it", function()
    local other = m.Account { name = "b", entries = { m.Entry { word = "other", amount = 9 } } }
    session:add(other)
    session:commit()
    local sent = w:statements(function()
      assert.equal("y", words(session:scalars(account.entries:select():where(m.Entry.amount:gt(1))):all()))
    end)
    local expected = "WHERE ? = entry.account_id AND entry.amount > ? ORDER BY entry.id"
    assert.is_truthy(sent[#sent]:find(expected, 1, true), sent[#sent])
    session:execute(account.entries:update():values { amount = 5 }:execution_options { synchronize_session = false })
    session:execute(account.entries:insert(), { { word = "p", amount = 1 } })
    session:execute(account.entries:delete():where(m.Entry.word:eq "x")
      :execution_options { synchronize_session = false })
    session:commit()
    assert.equal("other|9,p|1,y|5", w:list "SELECT word, amount FROM entry ORDER BY word")
    assert.equal("2", w:rows "SELECT count(*) FROM entry WHERE account_id = 1")
  end)

  it("of a many-to-many goes by its table", function()
    local red, blue = m.Tag { name = "red" }, m.Tag { name = "blue" }
    account.tags:add_all { red, blue }
    session:commit()
    assert.equal("2", w:rows "SELECT count(*) FROM account_tag")
    local tags = session:scalars(account.tags:select():order_by(m.Tag.name)):all()
    assert.equal("blue", tags[1].name)
    account.tags:remove(red)
    session:commit()
    assert.equal("1", w:rows "SELECT count(*) FROM account_tag")
    session:execute(account.tags:update():values { name = "green" }:execution_options { synchronize_session = false })
    session:commit()
    assert.equal("green,red", w:list "SELECT name FROM tag ORDER BY name")
    raises("InvalidRequestError", "bulk INSERT is for one-to-many collections", account.tags.insert, account.tags)
  end)

  it("refuses to be read whole, loaded, or asked of what is not there", function()
    raises("InvalidRequestError", "write-only", function() return #account.entries end)
    raises("InvalidRequestError", "write-only", function()
      for _ in account.entries do error "a loop" end
    end)
    raises("ArgumentError", "did you mean 'select'?", function() return account.entries.selct end)
    raises("ArgumentError", "has no positions", function() account.entries[1] = m.Entry {} end)
    raises("ArgumentError", "holds Entry objects, got string", account.entries.add, account.entries, "x")
    raises("ArgumentError", "Account.entries", account.entries.add, account.entries, m.Tag {})
    raises("ArgumentError", "a list expected", account.entries.add_all, account.entries, 5)
    raises("InvalidRequestError", "the Account is not in the database yet", function()
      return m.Account {}.entries:select()
    end)
    raises("InvalidRequestError", "does not support object population - eager loading cannot be applied", function()
      return session:scalars(select(m.Account):options(corm.selectinload(m.Account.entries))):all()
    end)
    raises("InvalidRequestError", "full iteration is not permitted", function()
      account.entries = { m.Entry { word = "w" } }
    end)
    session:delete(account)
    raises("InvalidRequestError", "full iteration is not permitted", session.flush, session)
    session:rollback()
    assert.equal("2", w:rows "SELECT count(*) FROM entry")
  end)

  it("leaves deletes to the database", function()
    w:close()
    open("write_only", { passive_deletes = true, cascade = "all, delete-orphan" })
    account = m.Account { name = "a", entries = { m.Entry { word = "x" } } }
    session:add(account)
    session:commit()
    session:delete(account)
    local sent = w:statements(function() session:flush() end)
    assert.equal(1, #sent, table.concat(sent, "; "))
    session:commit()
    assert.equal("0", w:rows "SELECT count(*) FROM entry")
  end)

  it("does not go with other shapes", function()
    for _, more in ipairs { { uselist = false }, { collection_class = "set" } } do
      w:close()
      open("write_only", more)
      raises("ArgumentError", "lazy = \"write_only\" goes neither with collection_class", m.Account)
    end
  end)
end)

describe("L11 a dynamic collection", function()
  it("asks the database each time", function()
    open "dynamic"
    local account = m.Account { name = "a" }
    session:add(account)
    session:commit()
    account.entries:append(m.Entry { word = "x", amount = 1 })
    account.entries:extend { m.Entry { word = "y", amount = 2 } }
    assert.equal("x y", words(account.entries:all()))
    assert.equal(2, account.entries:count())
    assert.equal(2, #account.entries)
    assert.equal("x", account.entries:first().word)
    local list = {}
    for entry in account.entries do list[#list + 1] = entry.word end
    assert.same({ "x", "y" }, list)
    assert.equal("y", session:scalars(account.entries:filter_by { amount = 2 }):one().word)
    assert.equal("y", session:scalars(account.entries:where(m.Entry.amount:gt(1))):one().word)
    assert.equal("y", account.entries:where(m.Entry.amount:gt(1)):one().word)
    session:commit()
    assert.equal("y x", words(account.entries:order_by(nil):order_by(m.Entry.amount:desc()):all()))
    assert.equal("y", words(account.entries:order_by(m.Entry.id):offset(1):limit(5):all()))
    assert.equal(1, account.entries:filter(m.Entry.word:eq "x"):count())
    assert.equal(1, account.entries:order_by(nil):filter_by { word = "y" }:update { amount = 7 })
    assert.equal(7, account.entries:filter_by { word = "y" }:one().amount)
    session:rollback()
    account.entries:remove(account.entries:first())
    session:commit()
    assert.equal("y", account.entries:one().word)
    assert.equal("y", w:rows "SELECT word FROM entry WHERE account_id IS NOT NULL")
    session:close()
    raises("DetachedInstanceError", "is not bound to a Session", function() return account.entries:all() end)
  end)

  it("is what was put in while its owner has no row, and is asked for after an autoflush", function()
    open "dynamic"
    local account = m.Account { name = "a", entries = { m.Entry { word = "x", amount = 1 } } }
    account.entries:append(m.Entry { word = "y", amount = 2 })
    assert.equal("x y", words(account.entries:all()))
    assert.equal(2, account.entries:count())
    local list = {}
    for entry in account.entries do list[#list + 1] = entry.word end
    assert.same({ "x", "y" }, list)
    raises("DetachedInstanceError", "is not bound to a Session", function() return account.entries:first() end)

    session:add(account)
    session:no_autoflush(function()
      assert.equal("x y", words(account.entries:all()))
      assert.equal(2, #account.entries)
      raises("InvalidRequestError", "the Account is not in the database yet", function()
        return account.entries:filter_by { word = "y" }
      end)
    end)
    assert.equal("y", account.entries:filter_by { word = "y" }:one().word)
    assert.equal("x", account.entries:first().word)
    assert.equal("x y", words(account.entries:all()))

    local other = m.Account { name = "b", entries = { m.Entry { word = "z" } } }
    session:add(other)
    assert.equal(1, other.entries:count())
    session:rollback()
    assert.equal("0", w:rows "SELECT count(*) FROM entry")
  end)
end)
