-- M34: declared classes that get their columns from the database later, on every database.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local select = corm.select
local Column, ForeignKey, Integer, String, Table = corm.Column, corm.ForeignKey, corm.Integer, corm.String, corm.Table
local DeferredReflection = corm.DeferredReflection

local function id() return Column("id", Integer, { primary_key = true }) end

local function create_tables(engine)
  local metadata = corm.MetaData()
  Table("team", metadata, id(), Column("name", String(20)))
  Table("member", metadata, id(), Column("kind", String(10)), Column("name", String(20)),
    Column("team_id", Integer, ForeignKey "team.id"))
  Table("captain", metadata, Column("id", Integer, ForeignKey "member.id", { primary_key = true }),
    Column("number", Integer))
  Table("badge", metadata, id(), Column("word", String(20)))
  Table("member_badge", metadata, Column("member_id", Integer, ForeignKey "member.id", { primary_key = true }),
    Column("badge_id", Integer, ForeignKey "badge.id", { primary_key = true }))
  metadata:create_all(engine)
end

local function columns_of(class)
  local names = {}
  for column in class.__table__.c do names[#names + 1] = column.name end
  table.sort(names)
  return table.concat(names, " ")
end

describe("M34 DeferredReflection", function()
  local engine, Base, Reflected

  -- What waits here, or is wrong on purpose, is not to be found by configure_mappers() of another spec.
  after_each(function()
    Base, Reflected = nil, nil
    collectgarbage()
    collectgarbage()
  end)

  before_each(function()
    engine, Base = database.engine(), corm.declarative_base()
    create_tables(engine)
    Reflected = Base:model("Reflected", { __abstract__ = true, __mixins__ = { DeferredReflection } })
  end)

  after_each(function()
    engine:dispose()
    database.clean()
  end)

  it("gives classes their columns at prepare", function()
    local Team = Reflected:model("Team", {
      __tablename__ = "team",
      members = corm.relationship("Member", { back_populates = "team", order_by = "Member.name" }),
      shout = function(self) return self.name:upper() end,
    })
    local Member = Reflected:model("Member", { __tablename__ = "member" })
    Member.team = corm.relationship(Team, { back_populates = "members" })
    function Member:hello() return "I am " .. self.name end
    Reflected:prepare(engine)
    assert.equal("id name", columns_of(Team))
    assert.equal("id kind name team_id", columns_of(Member))
    local session = corm.Session(engine)
    session:add(Team { name = "a", members = { Member { name = "Bob" }, Member { name = "Ann" } } })
    session:commit()
    local team = session:scalars(select(Team):where(Team.members:any(Member.name:eq "Bob"))):one()
    assert.equal("A I am Ann", team:shout() .. " " .. team.members[1]:hello())
    session:close()
  end)

  it("lets columns that are declared stand", function()
    local Team = Reflected:model("Team", {
      __tablename__ = "team", title = Column("name", corm.Enum("red", "blue", { native_enum = false })),
    })
    Reflected:prepare(engine)
    assert.equal("id name", columns_of(Team))
    assert.equal("red", Team.title.type.enums[1])
    raises("ArgumentError", "name", function() return Team.name end)
    assert.equal("red", Team { title = "red" }.title)
  end)

  it("may stand among the mixins of a class", function()
    local Team = Base:model("Team", { __tablename__ = "team", __mixins__ = { DeferredReflection } })
    local Badge = Base:model("Badge", { __tablename__ = "badge", __mixins__ = { DeferredReflection } })
    Team:prepare(engine)
    assert.equal("id name", columns_of(Team))
    raises("UnmappedError", "Badge: the class is mapped by DeferredReflection:prepare(engine), which has not been "
      .. "called yet", Badge, {})
    DeferredReflection:prepare(engine)
    assert.equal("id word", columns_of(Badge))
    DeferredReflection:prepare(engine)
    raises("ArgumentError", "prepar", function() return DeferredReflection.prepar end)
  end)

  it("asks several databases for several abstract classes", function()
    local One = Base:model("One", { __abstract__ = true, __mixins__ = { DeferredReflection } })
    local Other = Base:model("Other", { __abstract__ = true, __mixins__ = { DeferredReflection } })
    local Team = One:model("Team", { __tablename__ = "team" })
    local Note = Other:model("Note", { __tablename__ = "note" })
    local second <close> = setmetatable({ engine = corm.create_engine("sqlite://") },
      { __close = function(self) self.engine:dispose() end })
    second.engine:begin(function(connection)
      connection:exec_driver_sql "CREATE TABLE note (id INTEGER PRIMARY KEY, line TEXT)"
    end)
    Other:prepare(second.engine)
    assert.equal("id line", columns_of(Note))
    raises("UnmappedError", "Team: the class is mapped by One:prepare(engine)", Team, {})
    One:prepare(engine)
    assert.equal("id name", columns_of(Team))
  end)

  it("knows inheritance, by tables of their own and in one table", function()
    local Member = Reflected:model("Member", {
      __tablename__ = "member",
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "member" },
    })
    local Captain = Member:model("Captain", {
      __tablename__ = "captain", __mapper_args__ = { polymorphic_identity = "captain" },
    })
    local Guest = Member:model("Guest", {
      name = Column(String(20)), __mapper_args__ = { polymorphic_identity = "guest" },
    })
    Reflected:prepare(engine)
    local session = corm.Session(engine)
    session:add_all { Captain { number = 7 }, Guest { name = "Bob" }, Member { team_id = nil } }
    session:commit()
    assert.equal(7, session:scalars(select(Captain)):one().number)
    assert.equal("Bob", session:scalars(select(Guest)):one().name)
    assert.equal(3, session:query(Member):count())
    raises("ArgumentError", "'name'", function() return Member.name end)
    session:close()
  end)

  it("finds the tables between two classes, by name or as they are", function()
    local Badge = Reflected:model("Badge", { __tablename__ = "badge" })
    local Member = Reflected:model("Member", {
      __tablename__ = "member",
      badges = corm.relationship("Badge", { secondary = "member_badge" }),
    })
    Reflected:prepare(engine)
    local session = corm.Session(engine)
    session:add(Member { badges = { Badge { word = "x" } } })
    session:commit()
    assert.equal("x", session:scalars(select(Member)):one().badges[1].word)
    session:close()

    local Second = corm.declarative_base()
    local between = Table("member_badge", Second.metadata)
    local Plain = Second:model("Plain", { __abstract__ = true, __mixins__ = { DeferredReflection } })
    Plain:model("Badge", { __tablename__ = "badge" })
    local Other = Plain:model("Member", {
      __tablename__ = "member", badges = corm.relationship("Badge", { secondary = between }),
    })
    Plain:prepare(engine)
    assert.equal("MANYTOMANY", corm.inspect(Other).relationships.badges.direction)
  end)

  it("waits until prepare, and says so", function()
    local Team = Reflected:model("Team", {
      __tablename__ = "team", size = Column(Integer), limit = 5,
      members = corm.relationship("Member"), hello = function() return "hello" end,
    })
    local session = corm.Session(engine)
    raises("UnmappedError", "Team: the class is mapped by Reflected:prepare(engine), which has not been called yet",
      Team, {})
    raises("UnmappedError", "Team.name: the class is mapped by", function() return Team.name end)
    raises("UnmappedError", "Team.members: the class is mapped by", function() return Team.members end)
    raises("ArgumentError", "got class Team, which Reflected:prepare(engine) is to map", select, Team)
    raises("UnmappedError", "which Reflected:prepare(engine) is to map", session.get, session, Team, 1)
    raises("ArgumentError", "which Reflected:prepare(engine) is to map", corm.inspect, Team)
    raises("ArgumentError", "which Reflected:prepare(engine) is to map", corm.aliased, Team)
    assert.equal("hello", Team.hello())
    assert.equal(5, Team.limit)
    assert.equal("size", Team.size.name)
    assert.equal("corm.class", getmetatable(Team))
    raises("ArgumentError", "size", function() Team.size = Column(Integer) end)
    raises("ArgumentError", "is said where the class is declared", function() Team.__tablename__ = "x" end)
    raises("ArgumentError", "members have names", function() Team[1] = "x" end)
    raises("InvalidRequestError", "no __tablename__ and no __table__", Reflected.model, Reflected, "X", {})
    raises("ArgumentError", "got nil", Reflected.prepare, Reflected)
    session:close()
  end)

  it("leaves classes waiting where prepare fails", function()
    local Team = Reflected:model("Team", { __tablename__ = "team" })
    local Lost = Reflected:model("Lost", { __tablename__ = "lost" })
    raises("NoSuchTableError", "lost", Reflected.prepare, Reflected, engine)
    raises("UnmappedError", "Reflected:prepare(engine)", Team, {})
    Table("lost", corm.MetaData(), id()):create(engine)
    Reflected:prepare(engine)
    assert.equal("id", columns_of(Lost))
    assert.equal("id name", columns_of(Team))
  end)

  it("maps classes one by one, each after the one that it inherits from", function()
    local Member = Base:model("Member", { __tablename__ = "member", __mixins__ = { DeferredReflection } })
    local Captain = Member:model("Captain", { __tablename__ = "captain" })
    raises("InvalidRequestError", "Captain inherits from Member, which DeferredReflection:prepare(engine) is to map "
      .. "first", Captain.prepare, Captain, engine)
    Member:prepare(engine)
    assert.equal("id number", columns_of(Captain))
    local More = Member:model("More", { __tablename__ = "badge", __mapper_args__ = { concrete = true } })
    raises("UnmappedError", "More", More, {})
    DeferredReflection:prepare(engine)
    assert.equal("id word", columns_of(More))
  end)

  it("takes columns, constructors and listeners that come before prepare", function()
    local heard = 0
    local Team = Reflected:model("Team", { __tablename__ = "team" })
    Team.label = Column("name", String(20), { default = "nobody" })
    function Team:__init__(fields) self.label = fields and fields.label or "new" end
    corm.event.listen(Team, "before_insert", function() heard = heard + 1 end)
    Reflected:prepare(engine)
    local session = corm.Session(engine)
    local team = Team()
    session:add(team)
    session:commit()
    assert.equal("new 1", team.label .. " " .. heard)
    session:close()
  end)

  it("asks of many classes with a handful of statements", function()
    local sent = 0
    corm.event.listen(engine, "before_cursor_execute", function() sent = sent + 1 end)
    for _, name in ipairs { "team", "member", "captain", "badge", "member_badge" } do
      Reflected:model(name, { __tablename__ = name })
    end
    Reflected:prepare(engine)
    assert.is_true(sent < 14, sent .. " statements")
  end)
end)
