-- Mappings that could mean two things, or nothing: the error names the parameter that decides.
local corm = require "corm"
local raises = require "spec.support.raises"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship = corm.relationship

describe("a mapping that is ambiguous", function()
  local Base

  before_each(function() Base = corm.declarative_base() end)

  local function model(name, members, base)
    members.__tablename__ = members.__tablename__ or name:lower()
    members.id = members.id or Column(Integer, { primary_key = true })
    return (base or Base):model(name, members)
  end

  -- Configuring fails with the class, the names of both ends, and the parameter; and again: nothing was half done.
  local function refused(class, names, parameter, fn)
    local err
    for _ = 1, 2 do
      local ok
      ok, err = pcall(fn or function() corm.configure_mappers(Base.registry) end)
      assert.is_false(ok, "no error was raised")
      assert.equal(class, err.class, tostring(err))
      for _, name in ipairs(names) do assert.is_truthy(err.message:find(name, 1, true), err.message) end
      assert.is_truthy(err.message:find(parameter, 1, true), err.message)
    end
    return err
  end

  it("by two foreign keys asks for foreign_keys", function()
    model("Account", {})
    local Customer = model("Customer", {
      billing_id = Column(Integer, ForeignKey "account.id"),
      shipping_id = Column(Integer, ForeignKey "account.id"),
      account = relationship "Account",
    })
    refused("AmbiguousForeignKeysError", { "Customer.account" }, "foreign_keys", function() return Customer {} end)
    local Base2 = corm.declarative_base()
    Base2:model("Account", { __tablename__ = "account", id = Column(Integer, { primary_key = true }) })
    local Fine = Base2:model("Customer", {
      __tablename__ = "customer",
      id = Column(Integer, { primary_key = true }),
      billing_id = Column(Integer, ForeignKey "account.id"),
      shipping_id = Column(Integer, ForeignKey "account.id"),
      account = relationship("Account", { foreign_keys = "Customer.billing_id" }),
    })
    assert.is_nil(Fine {}.account)
  end)

  it("by no foreign key asks for one, or for primaryjoin", function()
    model("Account", {})
    local Customer = model("Customer", { account = relationship "Account" })
    refused("NoForeignKeysError", { "Customer.account" }, "primaryjoin", function() return Customer {} end)
  end)

  it("by two foreign keys of the secondary table asks for foreign_keys", function()
    local links = corm.Table("links", Base.metadata,
      Column("a_id", Integer, ForeignKey "a.id"), Column("b_id", Integer, ForeignKey "b.id"),
      Column("other_b_id", Integer, ForeignKey "b.id"))
    model("B", {})
    local A = model("A", { bs = relationship("B", { secondary = links }) })
    refused("AmbiguousForeignKeysError", { "A.bs" }, "foreign_keys", function() return A {} end)
  end)

  it("by a secondary table without keys names it", function()
    local links = corm.Table("links", Base.metadata, Column("a_id", Integer), Column("b_id", Integer))
    model("B", {})
    local A = model("A", { bs = relationship("B", { secondary = links }) })
    refused("NoForeignKeysError", { "A.bs", "links" }, "primaryjoin", function() return A {} end)
  end)

  it("by both sides pointing the same way asks for remote_side", function()
    local Node = model("Node", {
      parent_id = Column(Integer, ForeignKey "node.id"),
      parent = relationship("Node", { back_populates = "children" }),
      children = relationship("Node", { back_populates = "parent" }),
    })
    refused("ArgumentError", { "Node.", "parent", "children" }, "remote_side", function() return Node {} end)
  end)

  it("by two foreign keys to the parent class asks for inherit_condition", function()
    local A = model("A", { kind = Column(String(10)), __mapper_args__ = { polymorphic_on = "kind" } })
    refused("AmbiguousForeignKeysError", { "B" }, "inherit_condition", function()
      return A:model("B", {
        __tablename__ = "b" .. tostring(math.random(1 << 40)),
        id = Column(Integer, ForeignKey "a.id", { primary_key = true }),
        other_id = Column(Integer, ForeignKey "a.id"),
      })
    end)
  end)

  it("by no foreign key to the parent class names both tables", function()
    local A = model("A", {})
    refused("NoForeignKeysError", { "B", "a" }, "inherit_condition", function()
      return A:model("B", {
        __tablename__ = "b" .. tostring(math.random(1 << 40)), id = Column(Integer, { primary_key = true }),
      })
    end)
  end)

  it("by a table without a primary key asks for one", function()
    refused("ArgumentError", { "Keyless" }, "primary_key", function()
      return Base:model("Keyless", { __tablename__ = "k" .. tostring(math.random(1 << 40)), x = Column(Integer) })
    end)
  end)

  it("by delete-orphan on the side of many asks for single_parent", function()
    model("Account", {})
    local Customer = model("Customer", {
      account_id = Column(Integer, ForeignKey "account.id"),
      account = relationship("Account", { cascade = "all, delete-orphan" }),
    })
    refused("ArgumentError", { "Customer.account" }, "single_parent", function() return Customer {} end)
  end)

  it("by names that nobody has tells the nearest", function()
    model("Account", {})
    local Customer = model("Customer", {
      account_id = Column(Integer, ForeignKey "account.id"), account = relationship "Acount",
    })
    local err = refused("InvalidRequestError", { "Acount" }, "Customer", function() return Customer {} end)
    assert.is_truthy(err.message:find("Account", 1, true), err.message)
  end)

  it("by back_populates that the other side has not, or does not answer, says which", function()
    model("Account", {})
    local Customer = model("Customer", {
      account_id = Column(Integer, ForeignKey "account.id"),
      account = relationship("Account", { back_populates = "customers" }),
    })
    local ok, err = pcall(function() return Customer {} end)
    assert.is_false(ok)
    assert.is_true(err:is "InvalidRequestError" or err:is "ArgumentError", err.class)
    assert.is_truthy(err.message:find("customers", 1, true) and err.message:find("back_populates", 1, true)
      or err.message:find("Account", 1, true), err.message)
  end)

  it("by a version or discriminator that is no column tells the nearest", function()
    for _, args in ipairs { { version_id_col = "versoin" }, { polymorphic_on = "versoin" } } do
      local ok, err = pcall(model, "V" .. tostring(math.random(1 << 40)), {
        version = Column(Integer), __mapper_args__ = args,
      })
      assert.is_false(ok)
      assert.equal("ArgumentError", err.class)
      assert.is_truthy(err.message:find("version", 1, true), err.message)
    end
  end)

  it("by a join of a query asks for the ON clause", function()
    local Account = model("Account", {})
    local Customer = model("Customer", {
      billing_id = Column(Integer, ForeignKey "account.id"),
      shipping_id = Column(Integer, ForeignKey "account.id"),
    })
    local other = model("Other", {})
    raises("AmbiguousForeignKeysError", "onclause", function()
      return tostring(corm.select(Customer):join(Account))
    end)
    local ok, err = pcall(function() return tostring(corm.select(Customer):join(other)) end)
    assert.is_false(ok)
    assert.is_truthy(err.message:find("ON", 1, true) or err.message:find("onclause", 1, true), err.message)
  end)
end)
