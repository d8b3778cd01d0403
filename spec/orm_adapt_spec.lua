-- Criteria that are said of an alias: of a class that points to itself, of what is joined for eager loading.
local corm = require "corm"
local world = require "spec.support.world"
local Column, ForeignKey, Integer = corm.Column, corm.ForeignKey, corm.Integer
local relationship, select, func = corm.relationship, corm.select, corm.func

local function models()
  local Base = corm.declarative_base()
  local m = { Base = Base }
  local function key()
    return Column(Integer, { primary_key = true })
  end
  m.Shelf = Base:model("Shelf", { __tablename__ = "shelf", id = key(), parts = relationship("Part") })
  m.Part = Base:model("Part", {
    __tablename__ = "part", id = key(), shelf_id = Column(Integer, ForeignKey "shelf.id"),
    whole_id = Column(Integer, ForeignKey "part.id"), n = Column(Integer),
    parts = relationship("Part", { back_populates = "whole" }),
    whole = relationship("Part", { back_populates = "parts", remote_side = "Part.id" }),
    notes = relationship("Note"),
  })
  m.Note = Base:model("Note", { __tablename__ = "note", id = key(), part_id = Column(Integer, ForeignKey "part.id") })
  return m
end

describe("U24 L10 criteria said of an alias", function()
  local w, m, session

  before_each(function()
    w = world.open(models())
    m = w.m
    session = w:session()
    session:add(m.Shelf {
      parts = {
        m.Part { n = 1, notes = { m.Note {}, m.Note {} } },
        m.Part { n = 2, parts = { m.Part { n = 9, notes = { m.Note {} } } } },
      },
    })
    session:commit()
    session:expunge_all()
  end)
  after_each(function() w:close() end)

  local function text(statement)
    return (tostring(statement):gsub("%s+", " "))
  end

  local function found(criterion)
    return session:scalars(select(m.Part.n):where(criterion):order_by(m.Part.n)):all()
  end

  it("go into EXISTS and scalar subqueries", function()
    local Part, Note = m.Part, m.Note
    assert.equal("SELECT part.id FROM part WHERE EXISTS (SELECT 1 FROM part AS part_1 WHERE part.id = part_1.whole_id "
      .. "AND (EXISTS (SELECT 1 FROM note WHERE part_1.id = note.part_id)))", text(select(Part.id):where(
        Part.parts:any(Part.notes:any()))))
    assert.same({ 2 }, found(Part.parts:any(Part.notes:any())))
    local count = select(func.count(Note.id)):where(Note.part_id:eq(Part.id)):scalar_subquery()
    assert.same({ 2 }, found(Part.parts:any(count:eq(1))))
    assert.same({}, found(Part.parts:any(count:gt(1))))
  end)

  it("leave alone what selects from the table itself", function()
    local most = select(func.max(m.Part.n)):scalar_subquery()
    assert.same({ 2 }, found(m.Part.parts:any(m.Part.n:eq(most))))
  end)

  it("in joined loading as in others", function()
    for _, load in ipairs { corm.joinedload, corm.selectinload } do
      session:expunge_all()
      local noted = load(m.Shelf.parts:and_(m.Part.notes:any()))
      local shelf = session:scalars(select(m.Shelf):options(noted)):unique():one()
      assert.equal(1, #shelf.parts)
      assert.equal(1, shelf.parts[1].n)
    end
  end)
end)
