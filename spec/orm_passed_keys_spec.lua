-- Rows that are written while the database passes keys on, and that refer to such a key.
local corm = require "corm"
local world = require "spec.support.world"
local Column, Integer, relationship = corm.Column, corm.Integer, corm.relationship

describe("M18 a row that comes to refer to one whose key the database changes meanwhile", function()
  local w, m, session

  -- A House has its Street's key in its own; nobody has asked the house of its street.
  local function open(post_update)
    local Base = corm.declarative_base()
    m = { Base = Base }
    local function part() return Column(Integer, { primary_key = true, autoincrement = false }) end
    local function follow(columns, targets)
      return corm.ForeignKeyConstraint(columns, targets, { onupdate = "CASCADE" })
    end
    local house = { "house.street_id", "house.no" }
    m.Street = Base:model("Street", { __tablename__ = "street", id = part() })
    m.House = Base:model("House", {
      __tablename__ = "house", street_id = part(), no = part(), follow({ "street_id" }, { "street.id" }),
      street = relationship("Street"),
    })
    local stays = corm.Table("stay", Base.metadata, Column("guest_id", Integer, { primary_key = true }),
      Column("street_id", Integer, { primary_key = true }), Column("no", Integer, { primary_key = true }),
      follow({ "guest_id" }, { "guest.id" }), follow({ "street_id", "no" }, house))
    m.Guest = Base:model("Guest", {
      __tablename__ = "guest", id = part(), home_street = Column(Integer), home_no = Column(Integer),
      follow({ "home_street", "home_no" }, house),
      home = relationship("House", { post_update = post_update }),
      houses = relationship("House", { secondary = stays }),
    })
    w = world.open(m)
    session = w:session()
    session:add_all { m.Street { id = 1 }, m.House { street_id = 1, no = 2 }, m.Guest { id = 3 } }
    session:commit()
  end
  after_each(function() w:close() end)

  for _, post_update in ipairs { false, true } do
    it("gets the new key" .. (post_update and ", also by post_update" or ""), function()
      open(post_update)
      local street, house, guest = session:get(m.Street, 1), session:get(m.House, { 1, 2 }), session:get(m.Guest, 3)
      street.id = 10
      guest.home = house
      guest.houses:append(house)
      session:flush()
      assert.same({ 10, 10 }, { house.street_id, guest.home_street })
      session:commit()
      assert.equal("3|10|2", w:list "SELECT id, home_street, home_no FROM guest")
      assert.equal("3|10|2", w:list "SELECT guest_id, street_id, no FROM stay")
      assert.is_true(rawequal(house, session:get(m.House, { 10, 2 })))
      assert.is_true(rawequal(house, guest.home))
    end)
  end

  it("is shown in a plan with the new key, and nothing is changed by that", function()
    open(false)
    local street, house, guest = session:get(m.Street, 1), session:get(m.House, { 1, 2 }), session:get(m.Guest, 3)
    street.id = 10
    guest.home = house
    local shown = {}
    for _, entry in ipairs(session:plan()) do shown[#shown + 1] = entry.kind .. " " .. entry.table end
    assert.same({ "update street", "update guest" }, shown)
    assert.equal(1, house.street_id)
    session:commit()
    assert.equal("3|10|2", w:list "SELECT id, home_street, home_no FROM guest")
  end)
end)
