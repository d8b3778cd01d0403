-- Versions of rows: who writes over what somebody else has written meanwhile is told so.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local warnings = require "spec.support.warnings"
local world = require "spec.support.world"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

-- What others do meanwhile: in the session's own transaction, so that no lock stands in the way.
local function behind_of(session, sql)
  session:connection():execute(corm.text(sql))
end

local function models(args, type_of_version, options)
  local Base = corm.declarative_base()
  args = args or {}
  if args.version_id_col == nil then args.version_id_col = "version" end
  local Doc = Base:model("Doc", {
    __tablename__ = "doc",
    __mapper_args__ = args,
    id = Column(Integer, { primary_key = true }),
    name = Column(String(20)),
    version = Column(type_of_version or Integer, options or { nullable = false }),
  })
  return { Base = Base, Doc = Doc }
end

describe("M31 version counters", function()
  local w, Doc, session

  local function open(m)
    w = world.open(m)
    Doc = m.Doc
    session = w:session()
  end
  after_each(function()
    if w then w:close() end
    w = nil
  end)

  local function behind(sql) behind_of(session, sql) end
  local function rows() return w:list "SELECT id, name, version FROM doc ORDER BY id" end

  local function add(n)
    local docs = {}
    for i = 1, n do docs[i] = Doc { name = "d" .. i } end
    session:add_all(docs)
    session:commit()
    return docs
  end

  it("counts from 1, whatever the script says at first", function()
    open(models())
    local doc = Doc { name = "a", version = 77 }
    session:add(doc)
    session:flush()
    assert.equal(1, doc.version)
    doc.name = "b"
    local sent = w:statements(function() session:flush() end)
    assert.equal(2, doc.version)
    assert.same({ "UPDATE doc SET name=?, version=? WHERE doc.id = ? AND doc.version = ?" }, sent)
    doc.name = "c"
    session:commit()
    assert.equal("1|c|3", (rows():gsub("\t", "|")))
  end)

  it("leaves rows alone that are not changed", function()
    open(models())
    local doc = add(1)[1]
    assert.equal("d1", doc.name)
    doc.name = "d1"
    doc.version = doc.version
    assert.same({}, w:statements(function() session:flush() end))
    assert.equal(1, doc.version)
  end)

  it("refuses an UPDATE of a row that somebody else has changed, and names the objects", function()
    open(models())
    local docs = add(5)
    for _, doc in ipairs(docs) do doc.name = "mine" .. doc.id end
    behind("UPDATE doc SET name = 'other', version = 2 WHERE id IN (2, 4)")
    local err = raises("StaleDataError",
      "UPDATE statement on table 'doc' expected to match 5 row(s); 3 were matched; not there: Doc(id=2), Doc(id=4)",
      session.flush, session)
    assert.equal("Doc", err.entity)
    session:rollback()
    assert.equal("d2", docs[2].name)
    assert.equal(1, docs[2].version)
    docs[2].name = "mine"
    session:commit()
    assert.equal("mine", w:list "SELECT name FROM doc WHERE id = 2")
    assert.equal("2", w:list "SELECT version FROM doc WHERE id = 2")
  end)

  it("refuses a DELETE of a row that somebody else has changed", function()
    open(models())
    local docs = add(2)
    assert.equal(1, docs[1].version)
    session:delete(docs[1])
    session:delete(docs[2])
    behind("UPDATE doc SET version = 9 WHERE id = 1")
    raises("StaleDataError", "DELETE statement on table 'doc' expected to match 2 row(s); 1 were matched",
      session.flush, session)
    session:rollback()
    assert.equal("2", w:list "SELECT count(*) FROM doc")
    assert.is_true(session:contains(docs[1]))
    session:delete(docs[1])
    session:commit()
    assert.equal("1", w:list "SELECT count(*) FROM doc")
  end)

  it("writes many rows in one statement, and names those that somebody else has changed", function()
    open(models())
    local docs = add(100)
    for _, doc in ipairs(docs) do doc.name = "mine" .. doc.id end
    local sent = w:statements(function() session:flush() end)
    assert.equal(1, #sent, table.concat(sent, "\n"))
    session:commit()
    assert.equal("100", w:list "SELECT count(*) FROM doc WHERE version = 2")
    for _, doc in ipairs(docs) do doc.name = "again" .. doc.id end
    behind("UPDATE doc SET name = 'other', version = 3 WHERE id IN (7, 70)")
    behind("DELETE FROM doc WHERE id = 50")
    raises("StaleDataError",
      "expected to match 100 row(s); 97 were matched; not there: Doc(id=7), Doc(id=50), Doc(id=70)", session.flush,
      session)
    session:rollback()
    for _, doc in ipairs(docs) do doc.name = doc.version == 2 and "again" end
    behind("UPDATE doc SET name = 'again', version = 3 WHERE id = 7") -- just what will be written
    local err = raises("StaleDataError", "expected to match 100 row(s); 99 were matched", session.flush, session)
    assert.is_nil(err.message:find("not there", 1, true))
    session:rollback()
    for _, doc in ipairs(docs) do session:delete(doc.version == 2 and doc) end
    behind("UPDATE doc SET version = 3 WHERE id = 8")
    raises("StaleDataError", "expected to match 100 row(s); 99 were matched; not there: Doc(id=8)", session.flush,
      session)
    session:rollback()
    for _, doc in ipairs(docs) do session:delete(doc.version == 2 and doc) end
    assert.equal(1, #w:statements(function() session:flush() end))
    assert.equal(0, session:scalar(corm.select(corm.func.count()):select_from(Doc)))
  end)

  it("finds what another transaction has changed meanwhile", function()
    if database.name == "sqlite" then return end -- nobody else may write there
    open(models())
    local docs = add(3)
    assert.equal("d1d2d3", docs[1].name .. docs[2].name .. docs[3].name) -- a snapshot, where there are such
    local other = w:session()
    other:execute(corm.text "UPDATE doc SET name = 'other', version = 2 WHERE id = 2")
    other:execute(corm.text "DELETE FROM doc WHERE id = 3")
    other:commit()
    other:close()
    for _, doc in ipairs(docs) do doc.name = "mine" end
    raises("StaleDataError", "3 row(s); 1 were matched; not there: Doc(id=2), Doc(id=3)", session.flush, session)
  end)

  it("finds rows without versions that another transaction has deleted", function()
    if database.name == "sqlite" then return end
    local Base = corm.declarative_base()
    local Plain = Base:model("Plain", {
      __tablename__ = "plain", id = Column(Integer, { primary_key = true }), name = Column(String(20)),
    })
    w = world.open { Base = Base }
    session = w:session()
    local all = { Plain { name = "a" }, Plain { name = "b" }, Plain { name = "c" } }
    session:add_all(all)
    session:commit()
    assert.equal("abc", all[1].name .. all[2].name .. all[3].name)
    local other = w:session()
    other:execute(corm.text "DELETE FROM plain WHERE id = 2")
    other:commit()
    other:close()
    for _, plain in ipairs(all) do plain.name = "mine" end
    raises("StaleDataError", "3 row(s); 2 were matched; not there: Plain(id=2)", session.flush, session)
  end)

  it("lets a new object take a deleted one's row only as that one has known it", function()
    open(models())
    local old = add(1)[1]
    assert.equal(1, old.version)
    session:delete(old)
    session:add(Doc { id = 1, name = "new" })
    local sent = w:statements(function() session:commit() end)
    assert.is_truthy(table.concat(sent, ";"):find("WHERE doc.id = ? AND doc.version = ?", 1, true))
    assert.equal("1|new|2", rows())
    old = session:get(Doc, 1)
    session:delete(old)
    session:add(Doc { id = 1, name = "newer" })
    behind "UPDATE doc SET version = 7, name = 'theirs'"
    raises("StaleDataError", "expected to match 1 row(s); 0 were matched", session.flush, session)
    session:rollback()
    assert.equal("1|new|2", rows())
  end)

  it("reads a version that has expired before it writes", function()
    open(models())
    local doc = add(1)[1]
    doc.name = "b"
    behind("UPDATE doc SET version = 6 WHERE id = 1")
    local sent = w:statements(function() session:flush() end)
    assert.equal(2, #sent)
    assert.is_truthy(sent[1]:find("^SELECT"))
    assert.equal(7, doc.version)
    session:rollback()
    doc.name = "c"
    behind("DELETE FROM doc")
    raises("ObjectDeletedError", "Doc(id=1) has been deleted", session.flush, session)
    session:rollback()
  end)

  it("lets the script give the next version", function()
    open(models())
    local doc = add(1)[1]
    doc.version = 50
    local sent = w:statements(function() session:flush() end)
    assert.same("UPDATE doc SET version=? WHERE doc.id = ? AND doc.version = ?", sent[#sent])
    assert.equal(50, doc.version)
    doc.name = "x"
    session:flush()
    assert.equal(51, doc.version)
  end)

  it("takes versions of a function", function()
    local seen = {}
    open(models({ version_id_generator = function(old)
      seen[#seen + 1] = old or "none"
      return (old or "v") .. "+"
    end }, String(30)))
    local doc = add(1)[1]
    assert.equal("v+", doc.version)
    doc.name = "b"
    session:commit()
    assert.equal("v++", doc.version)
    assert.same({ "none", "v+" }, seen)
    doc.name = "c"
    session:flush()
    session:rollback()
    assert.equal("v++", doc.version)
  end)

  it("passes the error of the function on", function()
    open(models({ version_id_generator = function() error("no version today", 0) end }))
    session:add(Doc { name = "a" })
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("no version today", 1, true))
    session:rollback()
    assert.equal("0", w:list "SELECT count(*) FROM doc")
  end)

  it("leaves versions to the script where version_id_generator is false", function()
    open(models { version_id_generator = false })
    local doc = Doc { name = "a", version = 10 }
    session:add(doc)
    session:flush()
    doc.name, doc.version = "b", 11
    session:flush()
    doc.name = "c" -- somebody forgets to count
    session:flush()
    assert.equal(11, doc.version)
    session:commit()
    doc.name, doc.version = "d", 12
    assert.equal(12, doc.version)
    behind("UPDATE doc SET version = 99")
    raises("StaleDataError", "not there: Doc(id=1)", session.flush, session)
  end)

  it("takes PostgreSQL's own number of each row's version", function()
    if database.name ~= "postgresql" then return end
    local m = { Base = corm.declarative_base() }
    m.Doc = m.Base:model("Doc", {
      __tablename__ = "doc",
      id = Column(Integer, { primary_key = true }),
      name = Column(String(20)),
      xmin = Column("xmin", String, { system = true, server_default = corm.FetchedValue() }),
      __mapper_args__ = { version_id_col = "xmin", version_id_generator = false },
    })
    open(m)
    local doc = Doc { name = "a" }
    session:add(doc)
    session:commit()
    local first = doc.xmin
    doc.name = "b"
    session:commit()
    assert.not_equal(first, doc.xmin)
    w:sql "UPDATE doc SET name = 'theirs'"
    doc.name = "mine"
    raises("StaleDataError", "Doc(id=1)", session.commit, session)
  end)

  it("writes a row without a version by its key alone", function()
    open(models(nil, Integer, {}))
    add(1)
    behind("UPDATE doc SET version = NULL")
    local doc = session:get(Doc, 1)
    doc.name = "b"
    local sent = w:statements(function() session:flush() end)
    assert.equal("UPDATE doc SET name=?, version=? WHERE doc.id = ?", sent[#sent])
    assert.equal(1, doc.version)
  end)

  it("counts in subclasses as in their parents", function()
    local m = models({ polymorphic_on = "name", polymorphic_identity = "doc" })
    m.Memo = m.Doc:model("Memo", { __mapper_args__ = { polymorphic_identity = "memo" }, text = Column(String(20)) })
    open(m)
    local memo = m.Memo { text = "a" }
    session:add(memo)
    session:commit()
    memo.text = "b"
    session:commit()
    assert.equal(2, memo.version)
    raises("ArgumentError", "version_id_col is said by the class that all others inherit from", m.Doc.model, m.Doc,
      "Note", { __mapper_args__ = { polymorphic_identity = "n", version_id_col = "more" }, more = Column(String(20)) })
  end)

  it("counts in the first of several tables, whichever is changed", function()
    local m = models()
    m.Memo = m.Doc:model("Memo", {
      __tablename__ = "memo", doc_id = Column(Integer, corm.ForeignKey "doc.id", { primary_key = true }),
      text = Column(String(20)),
    })
    open(m)
    local memo = m.Memo { name = "a", text = "b" }
    session:add(memo)
    session:commit()
    memo.text = "c"
    session:flush()
    assert.equal(2, memo.version)
    memo.name = "d"
    session:commit()
    assert.equal("3", w:list "SELECT version FROM doc")
    memo.text = "e"
    behind "UPDATE doc SET version = 9"
    session:flush()
    assert.equal(10, memo.version)
    behind "UPDATE doc SET version = 11"
    memo.text = "f"
    raises("StaleDataError", "not there: Memo(id=1)", session.flush, session)
    session:rollback()
    session:delete(memo)
    session:commit()
    assert.equal("0", w:list "SELECT count(*) FROM doc")
  end)

  it("refuses what cannot be a version", function()
    raises("ArgumentError", "version_id_col names no attribute: 'vers'", models, { version_id_col = "vers" })
    raises("ArgumentError", "cannot be part of the primary key", models, { version_id_col = "id" })
    raises("ArgumentError", "'name' is no integer to be counted", models, { version_id_col = "name" })
    raises("ArgumentError", "must be a function or false, got boolean", models, { version_id_generator = true })
    raises("ArgumentError", "the name of an attribute or its Column expected, got integer", models,
      { version_id_col = 5 })
    raises("ArgumentError", "version_id_generator without version_id_col", function()
      corm.declarative_base():model("X", {
        __tablename__ = "x", id = Column(Integer, { primary_key = true }),
        __mapper_args__ = { version_id_generator = false },
      })
    end)
  end)
end)

describe("U35 rows that are gone", function()
  local w, Doc, session
  local function behind(sql) behind_of(session, sql) end
  before_each(function()
    local m = models { version_id_col = "version" }
    w = world.open(m)
    Doc = m.Doc
    session = w:session()
    session:add_all { Doc { name = "a" }, Doc { name = "b" } }
    session:commit()
  end)
  after_each(function() w:close() end)

  it("an UPDATE says which", function()
    local doc = session:get(Doc, 2)
    doc.name = "x"
    behind("DELETE FROM doc WHERE id = 2")
    raises("StaleDataError", "not there: Doc(id=2)", session.flush, session)
    raises("PendingRollbackError", "not there: Doc(id=2)", session.scalars, session, corm.select(Doc))
    session:rollback()
    assert.equal("b", doc.name)
    assert.equal("2", w:list "SELECT count(*) FROM doc")
  end)

  it("a DELETE of a versioned row, too", function()
    local doc = session:get(Doc, 2)
    session:delete(doc)
    behind("DELETE FROM doc WHERE id = 2")
    raises("StaleDataError", "not there: Doc(id=2)", session.flush, session)
  end)

  if database.name == "sqlite" then
    local script = [[
      local corm = require "corm"
      local Base = corm.declarative_base()
      local T = Base:model("T", { __tablename__ = "t", id = corm.Column(corm.Integer, { primary_key = true }), %s })
      local engine = corm.create_engine "sqlite://"
      Base.metadata:create_all(engine)
      local session = corm.Session { bind = engine }
      local a, b = T { id = 1 }, T { id = 2 }
      session:add_all { a, b }
      session:flush()
      session:execute(corm.text "DELETE FROM t WHERE id = 2")
      session:delete(a)
      session:delete(b)
      session:commit()
      print("gone " .. #session:scalars(corm.select(T)):all())
    ]]

    it("a plain DELETE warns", function()
      local found = warnings(script:format "")
      assert.equal(1, #found)
      assert.is_truthy(found[1]:find("DELETE statement on table 't' expected to delete 2 row(s); 1 were matched", 1,
        true))
    end)

    it("unless confirm_deleted_rows is false", function()
      assert.same({}, warnings(script:format "__mapper_args__ = { confirm_deleted_rows = false }"))
    end)
  end
end)
