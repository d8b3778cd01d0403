-- Names that a database would cut or refuse are refused before anything is sent.
local corm = require "corm"
local database = require "spec.support.database"

database.only("postgresql", "mariadb", function()
  describe("a name that is too long", function()
    after_each(database.clean)

    local LONG = ("n"):rep(65)

    -- Makes a table of one column, named as said, with what else is given.
    local function create(names, ...)
      local engine, metadata, sent = database.engine(), corm.MetaData(), 0
      corm.Table(names.table or "t", metadata, corm.Column(names.column or "id", corm.Integer), ...)
      corm.event.listen(engine, "before_cursor_execute", function(_, _, statement)
        if statement:find "CREATE" then sent = sent + 1 end
      end)
      local ok, err = pcall(metadata.create_all, metadata, engine)
      assert.is_false(ok)
      assert.equal("IdentifierError", err.class)
      assert.is_truthy(err.message:find(LONG, 1, true))
      return sent
    end

    it("is refused: a table's", function() assert.equal(0, create { table = LONG }) end)

    it("is refused: a column's", function() assert.equal(0, create { column = LONG }) end)

    it("is refused: a constraint's", function()
      assert.equal(0, create({}, corm.UniqueConstraint("id", { name = LONG })))
    end)

    it("is refused: an index's", function() create({}, corm.Index(LONG, "id")) end)

    it("is counted as the database counts", function()
      local engine, metadata = database.engine(), corm.MetaData()
      local longest = database.name == "mariadb" and ("ä"):rep(64) or ("ä"):rep(31)
      corm.Table(longest, metadata, corm.Column("id", corm.Integer))
      metadata:create_all(engine)
      metadata:create_all(engine) -- finds it
      metadata:drop_all(engine)
    end)
  end)
end)

describe("a label that begins with a blank", function()
  it("is a name where it comes back as one, and refused where it is changed", function()
    local function text(dialect)
      return corm.select(corm.literal_column("1"):label(" x")):compile({ dialect = dialect }).string
    end
    assert.equal('SELECT 1 AS " x"', text "sqlite")
    assert.equal('SELECT 1 AS " x"', text "postgresql")
    for _, dialect in ipairs { "mysql", "mariadb" } do
      local ok, err = pcall(text, dialect)
      assert.is_false(ok)
      assert.equal("IdentifierError", err.class)
      assert.is_truthy(err.message:find("takes the blank off its front", 1, true))
    end
  end)
end)

describe("a table called value", function()
  after_each(database.clean)

  it("is written to on every database, though MariaDB reads the word as VALUES behind INTO", function()
    local Base = corm.declarative_base()
    local Value = Base:model("Value", {
      __tablename__ = "value",
      id = corm.Column(corm.Integer, { primary_key = true }),
      value = corm.Column(corm.Integer),
    })
    local engine = database.engine()
    Base.metadata:create_all(engine)
    local session = corm.Session(engine)
    session:add_all { Value { value = 1 }, Value { value = 2 } }
    session:commit()
    session:execute(corm.insert(Value), { { value = 3 }, { value = 4 } })
    session:query(Value):where(Value.value:gt(3)):update { value = 5 }
    session:commit()
    assert.equal(11, session:scalar(corm.select(corm.func.sum(Value.value))))
    session:close()
    assert.equal("SELECT `value`.id, `value`.value FROM `value`",
      (tostring(corm.select(Value):compile { dialect = "mysql" }):gsub("%s+", " ")))
  end)
end)
