-- Rows that have their parent's key in their own, or in a unique one, get another parent, and that key may change, too.
local corm = require "corm"
local world = require "spec.support.world"
local Column, Integer = corm.Column, corm.Integer
local relationship = corm.relationship

describe("M18 children with their parent's key in a unique constraint", function()
  it("are exchanged for each other, and keep what else is in it", function()
    local Base = corm.declarative_base()
    local Desk = Base:model("Desk", { __tablename__ = "desk", id = Column(Integer, { primary_key = true }) })
    local Drawer = Base:model("Drawer", {
      __tablename__ = "drawer", id = Column(Integer, { primary_key = true }),
      desk_id = Column(Integer, corm.ForeignKey "desk.id", { nullable = false }),
      no = Column(Integer, { nullable = false }), desk = relationship "Desk", corm.UniqueConstraint("desk_id", "no"),
    })
    local w = world.open { Base = Base }
    local session = w:session { expire_on_commit = false }
    local x, y = Drawer { id = 1, no = 7, desk = Desk { id = 1 } }, Drawer { id = 2, no = 7, desk = Desk { id = 2 } }
    session:add_all { x, y }
    session:commit()
    x.desk, y.desk = y.desk, x.desk
    session:commit()
    assert.equal("1|2|7,2|1|7", w:list "SELECT id, desk_id, no FROM drawer ORDER BY id")
    x.desk_id, y.desk_id = y.desk_id, x.desk_id
    session:flush()
    assert.equal(7, x.no)
    session:rollback()
    assert.same({ 2, 7, 1, 7 }, { x.desk_id, x.no, y.desk_id, y.no })
    w:close()
  end)
end)
