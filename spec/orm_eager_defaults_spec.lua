-- What the database computes: read with the statement, right after it, or when somebody asks.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, FetchedValue, Integer, String = corm.Column, corm.FetchedValue, corm.Integer, corm.String

describe("M32 values of the server", function()
  local w, Doc, session

  local function open(eager, more)
    local Base = corm.declarative_base()
    local body = {
      __tablename__ = "doc",
      __mapper_args__ = { eager_defaults = eager },
      id = Column(Integer, { primary_key = true }),
      name = Column(String(20)),
      status = Column(String(9), { server_default = "new" }),
      size = Column(Integer, { default = corm.text "40 + 2" }),
      changed = Column(String(9), { onupdate = corm.text "'yes'" }),
    }
    for key, value in pairs(more or {}) do body[key] = value end
    Doc = Base:model("Doc", body)
    w = world.open { Base = Base }
    session = w:session()
  end
  after_each(function()
    if w then w:close() end
    w = nil
  end)

  it("come back with the INSERT", function()
    open(nil)
    local doc = Doc { name = "a" }
    session:add(doc)
    local sent = w:statements(function() session:flush() end)
    assert.equal(1, #sent)
    assert.is_truthy(sent[1]:find("RETURNING", 1, true))
    assert.equal(0, w:count(function()
      assert.equal("new", doc.status)
      assert.equal(42, doc.size)
    end))
    session:rollback()
    assert.is_nil(doc.status)
    session:add(doc)
    session:commit()
    assert.equal("new", doc.status)
  end)

  it("of many rows are read when somebody asks", function()
    open "auto"
    local docs = {}
    for i = 1, 100 do docs[i] = Doc { name = "n" .. i } end
    session:add_all(docs)
    session:flush()
    assert.equal(1, w:count(function() assert.equal("new", docs[50].status) end))
  end)

  it("are read when somebody asks with eager_defaults = false", function()
    open(false)
    local doc = Doc { name = "a" }
    session:add(doc)
    session:flush()
    assert.equal(1, w:count(function() assert.equal("new", doc.status) end))
    doc.name = "b"
    session:flush()
    assert.equal(1, w:count(function() assert.equal("yes", doc.changed) end))
  end)

  it("are read at once with eager_defaults = true", function()
    open(true)
    local docs = {}
    for i = 1, 40 do docs[i] = Doc { name = "n" .. i } end
    session:add_all(docs)
    session:flush()
    assert.equal(0, w:count(function() assert.equal("new", docs[40].status) end))
    docs[1].name = "x"
    local sent = w:statements(function() session:flush() end)
    assert.equal(2, #sent)
    assert.is_truthy(sent[2]:find "^SELECT")
    assert.equal(0, w:count(function() assert.equal("yes", docs[1].changed) end))
    session:commit()
    assert.equal("yes", w:list "SELECT changed FROM doc WHERE changed IS NOT NULL")
  end)

  it("that are given are not asked for", function()
    open(true)
    session:add(Doc { name = "a", status = "x", size = 1 })
    local sent = w:statements(function() session:flush() end)
    assert.equal(1, #sent)
    assert.is_nil(sent[1]:find("status FROM", 1, true))
  end)

  it("keep a server's version known", function()
    open(nil, {
      __mapper_args__ = { version_id_col = "version", version_id_generator = false },
      version = Column(Integer, { server_default = "1", server_onupdate = FetchedValue() }),
    })
    local doc = Doc { name = "a" }
    session:add(doc)
    session:commit()
    assert.equal(1, doc.version)
    doc.name = "b"
    session:flush()
    assert.equal(0, w:count(function() assert.equal(1, doc.version) end))
    session:connection():execute(corm.text "UPDATE doc SET version = 2")
    doc.name = "c"
    raises("StaleDataError", "not there: Doc(id=1)", session.flush, session)
  end)

  it("are told by true, false or auto", function()
    raises("ArgumentError", 'eager_defaults must be true, false or "auto", got string', open, "always")
    raises("ArgumentError", 'eager_defaults must be true, false or "auto", got integer', open, 1)
  end)
end)
