-- One unit of work over several databases with the same tables.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

describe("U36 a ShardedSession", function()
  local Base, City, Report, engines, asked, session

  before_each(function()
    Base = corm.declarative_base()
    City = Base:model("City", {
      __tablename__ = "city",
      id = Column(Integer, { primary_key = true }),
      name = Column(String(20)),
      side = Column(String(10)),
      reports = corm.relationship("Report", { back_populates = "city", order_by = "Report.id" }),
    })
    Report = Base:model("Report", {
      __tablename__ = "report",
      id = Column(Integer, { primary_key = true }),
      degrees = Column(Integer),
      city_id = Column(Integer, corm.ForeignKey "city.id"),
      city = corm.relationship("City", { back_populates = "reports" }),
    })
    engines = { east = database.engine(), west = corm.create_engine "sqlite://" }
    for _, engine in pairs(engines) do Base.metadata:create_all(engine) end
    asked = {}
    session = corm.ShardedSession {
      shards = engines,
      shard_chooser = function(class, object, statement)
        asked[#asked + 1] = class.__name__
        if statement then return "west" end
        if class == Report then return object.city.side end
        return object.side
      end,
      identity_chooser = function() return { "west", "east" } end,
    }
  end)
  after_each(function()
    session:close()
    for _, engine in pairs(engines) do engine:dispose() end
    database.clean()
  end)

  local function fill()
    session:add_all {
      City { id = 1, name = "Kyiv", side = "east", reports = { Report { degrees = 5 }, Report { degrees = 7 } } },
      City { id = 1, name = "Porto", side = "west", reports = { Report { degrees = 15 } } },
      City { id = 2, name = "Faro", side = "west" },
    }
    session:commit()
  end

  local function names_in(shard)
    local names = {}
    engines[shard]:begin(function(connection)
      for row in connection:execute(corm.select(City.__table__.c.name):order_by(City.__table__.c.id)) do
        names[#names + 1] = row[1]
      end
    end)
    return table.concat(names, ",")
  end

  local function names_of(list)
    local names = {}
    for _, city in ipairs(list) do names[#names + 1] = city.name end
    table.sort(names)
    return table.concat(names, ",")
  end

  it("writes each object to its shard, with what is related to it", function()
    fill()
    assert.equal("Kyiv", names_in "east")
    assert.equal("Porto,Faro", names_in "west")
    assert.same({ "City", "City", "City" }, asked)
    local kyiv = session:get(City, 1, { identity_token = "east" })
    assert.equal("Kyiv", kyiv.name)
    assert.same({ 5, 7 }, { kyiv.reports[1].degrees, kyiv.reports[2].degrees })
    assert.equal("east", corm.inspect(kyiv.reports[1]).identity_token)
    local report = Report { degrees = 9, city = kyiv }
    session:add(report)
    session:commit()
    assert.equal("east", corm.inspect(report).identity_token)
    assert.equal(3, #kyiv.reports)
    assert.is_nil(corm.inspect(City {}).identity_token)
  end)

  it("finds a key in the shards that are chosen for it, where it is another object in each", function()
    fill()
    local porto, faro = session:get(City, 1), session:get_one(City, 2)
    assert.same({ "Porto", "Faro" }, { porto.name, faro.name })
    local kyiv = session:get(City, 1, { identity_token = "east" })
    assert.not_equal(porto, kyiv)
    assert.is_nil(session:get(City, 3))
    assert.equal(kyiv, session:get(City, 1, { identity_token = "east" }))
    raises("NoResultFound", "no row was found", session.get_one, session, City, 3)
    raises("ArgumentError", "did you mean 'east'", session.get, session, City, 1, { identity_token = "eats" })
  end)

  it("puts the rows of all shards together, or asks the one that is said", function()
    fill()
    assert.equal("Faro,Kyiv,Porto", names_of(session:scalars(corm.select(City)):all()))
    local west = { bind_arguments = { shard_id = "west" } }
    assert.equal("Faro,Porto", names_of(session:scalars(corm.select(City), nil, west):all()))
    local total = 0
    for row in session:execute(corm.select(Report.degrees, City.name):join(Report.city)) do
      total = total + row.degrees
      assert.is_string(row.name)
    end
    assert.equal(27, total)
    local dirty = session:scalars(corm.select(City):where(City.name:eq "Faro")):one()
    dirty.name = "Lagos"
    assert.equal("Kyiv,Lagos,Porto", names_of(session:scalars(corm.select(City)):all())) -- which has flushed
    local either = corm.ShardedSession {
      shards = engines, shard_chooser = function() return "west" end,
      execute_chooser = function(statement) return tostring(statement):find "degrees" and "east" or "west" end,
    }
    assert.equal(2, #either:scalars(corm.select(Report)):all())
    assert.equal(2, #either:scalars(corm.select(City)):all())
    either:close()
  end)

  it("writes by statements: rows that match in all shards, new rows in one", function()
    fill()
    local kyiv = session:get(City, 1, { identity_token = "east" })
    local result = session:execute(corm.update(City):where(City.id:eq(1)):values { name = "first" })
    assert.equal(2, result.rowcount)
    assert.equal("first", kyiv.name)
    session:execute(corm.insert(City):values { id = 9, name = "new" })
    session:execute(corm.delete(Report, { all = true }))
    session:commit()
    assert.equal("first", names_in "east")
    assert.equal("first,Faro,new", names_in "west")
    assert.equal(0, #session:scalars(corm.select(Report)):all())
  end)

  it("is one unit of work", function()
    fill()
    local kyiv, porto = session:get(City, 1, { identity_token = "east" }), session:get(City, 1)
    kyiv.name, porto.name = "K", "P"
    assert.equal(2, #session.dirty)
    assert.is_true(session:is_modified(kyiv))
    session:rollback()
    assert.same({ "Kyiv", "Porto" }, { kyiv.name, porto.name })
    assert.is_false(pcall(session.begin, session, function(s)
      assert.equal(session, s)
      kyiv.name, porto.name = "K", "P"
      s:flush()
      error "no"
    end))
    assert.same({ "Kyiv", "Porto" }, { kyiv.name, porto.name })
    session:begin_nested(function() kyiv.name = "K" end)
    pcall(session.begin_nested, session, function()
      porto.name = "P"
      session:flush()
      error "no"
    end)
    session:delete(session:get(City, 2))
    session:commit()
    assert.same({ "K", "Porto" }, { names_in "east", names_in "west" })
    assert.is_false(session:in_transaction())
    assert.equal("two", session:begin(function() return "two" end))
  end)

  it("says which shards have committed when one could not", function()
    fill()
    local kyiv, porto = session:get(City, 1, { identity_token = "east" }), session:get(City, 1)
    kyiv.name, porto.name = "K", "P"
    local function fail() error "out of order" end
    corm.event.listen(engines.west, "commit", fail)
    raises("CommitUnknownError", "shard 'west' has not committed, east has", session.commit, session)
    corm.event.remove(engines.west, "commit", fail)
    session:rollback()
    assert.same({ "K", "Porto" }, { kyiv.name, porto.name })
  end)

  it("knows its objects again that it has let go", function()
    fill()
    local kyiv = session:get(City, 1, { identity_token = "east" })
    session:expunge(kyiv)
    assert.is_false(session:contains(kyiv))
    assert.equal("east", corm.inspect(kyiv).identity_token)
    session:add(kyiv)
    kyiv.name = "K"
    session:commit()
    assert.equal("K", names_in "east")
    assert.equal("K", kyiv.name)
    session:close()
    local copy = session:merge(kyiv)
    assert.equal("east", corm.inspect(copy).identity_token)
    session:refresh(copy)
    session:expire(copy)
    assert.equal("K", copy.name)
    session:shard("east"):delete(copy.reports[1])
    session:flush()
    assert.equal(1, #session:scalars(corm.select(Report), nil, { bind_arguments = { shard_id = "east" } }):all())
  end)

  it("refuses what it cannot place", function()
    raises("InvalidRequestError", "shard_chooser: the name of a shard expected, got nil", session.add, session,
      City { name = "nowhere" })
    raises("ArgumentError", "unknown shard 'nrth'", session.add, session, City { side = "nrth" })
    raises("InvalidRequestError", "is not in this session", session.delete, session, City { side = "east" })
    raises("UnmappedError", "an object expected, got integer", session.add, session, 5)
    raises("ArgumentError", "did you mean 'flush'", function() return session.flsh end)
    raises("ArgumentError", "cannot be set", function() session.flush = 1 end)
    raises("ArgumentError", "`shard_chooser` expected", corm.ShardedSession, { shards = engines })
    raises("ArgumentError", "engines by name expected, got string", corm.ShardedSession,
      { shards = { a = "sqlite://" }, shard_chooser = print })
    local lost = corm.ShardedSession {
      shards = engines, shard_chooser = print, execute_chooser = function() return {} end,
    }
    raises("InvalidRequestError", "execute_chooser chose no shard", lost.execute, lost, corm.select(City))
    session.autoflush = false
    assert.is_false(session.autoflush)
    assert.same({ "east", "west" }, session.shards)
    assert.equal(engines.east, session:get_bind(City, { shard_id = "east" }))
  end)
end)
