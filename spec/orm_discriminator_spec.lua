-- M19, M20: polymorphic_on a column_property: what the database computes says the class of a row.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local case, column_property, select = corm.case, corm.column_property, corm.select

describe("M19 M20 classes by an expression", function()
  local engine, session, sent, Base, Worker, Smith, Potter, Master, Shop

  before_each(function()
    Base = corm.declarative_base()
    local craft = Column("craft", String(10))
    Shop = Base:model("Shop", {
      __tablename__ = "shop",
      id = Column(Integer, { primary_key = true }),
      workers = corm.relationship("Worker", { back_populates = "shop", order_by = "Worker.id" }),
    })
    Worker = Base:model("Worker", {
      __tablename__ = "worker",
      id = Column(Integer, { primary_key = true }),
      craft = craft,
      shop_id = Column(Integer, ForeignKey "shop.id"),
      shop = corm.relationship("Shop", { back_populates = "workers" }),
      kind = column_property(case({ craft:like "iron%", "smith" }, { craft:like "clay%", "potter" },
        { else_ = "worker" })),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "worker" },
    })
    Smith = Worker:model("Smith", {
      forge = Column(String(10)),
      __mapper_args__ = { polymorphic_identity = "smith" },
    })
    Potter = Worker:model("Potter", {
      __tablename__ = "potter",
      id = Column(Integer, ForeignKey "worker.id", { primary_key = true }),
      wheel = Column(String(10)),
      __mapper_args__ = { polymorphic_identity = "potter" },
    })
    engine = database.engine()
    Base.metadata:create_all(engine)
    session = corm.Session(engine)
    session:add(Shop {
      workers = {
        Worker { id = 1, craft = "wood" }, Smith { id = 2, craft = "iron", forge = "hot" },
        Smith { id = 3, craft = "iron2", forge = "cold" }, Potter { id = 4, craft = "clay", wheel = "round" },
      },
    })
    session:commit()
    session:expunge_all()
    sent = {}
    corm.event.listen(engine, "before_cursor_execute", function(_, _, statement) sent[#sent + 1] = statement end)
  end)
  after_each(function()
    session:close()
    engine:dispose()
    database.clean()
  end)

  local function classes(stmt)
    local names = {}
    for object in session:scalars(stmt) do names[#names + 1] = tostring(object):match "^%a+" .. object.id end
    return table.concat(names, " ")
  end

  it("give each row its class", function()
    assert.equal("Worker1 Smith2 Smith3 Potter4", classes(select(Worker):order_by(Worker.id)))
    local smith = session:get(Worker, 2)
    assert.same({ "iron", "hot", "smith" }, { smith.craft, smith.forge, smith.kind })
    assert.equal("round", session:get(Worker, 4).wheel)
    session:expunge_all()
    assert.equal("cold", session:get(Smith, 3).forge)
    assert.is_nil(session:get(Smith, 1))
    assert.is_nil(session:get(Potter, 2))
  end)

  it("let a class without a table of its own see its rows", function()
    assert.equal("Smith2 Smith3", classes(select(Smith):order_by(Smith.id)))
    assert.equal("Smith3", classes(select(Smith):where(Smith.forge:eq "cold")))
    assert.equal("Potter4", classes(select(Potter)))
    local other = corm.aliased(Smith)
    assert.same({ 3 }, session:scalars(select(other.id):where(other.id:gt(2))):all())
    assert.equal(2, session:scalar(select(corm.func.count()):select_from(Smith)))
    assert.equal(2, session:execute(corm.update(Smith):where(Smith.id:gt(0)):values { forge = "warm" }).rowcount)
    assert.equal("warm", session:get(Smith, 2).forge)
  end)

  it("hold for rows that are loaded along", function()
    local shop = session:scalars(select(Shop):options(corm.joinedload(Shop.workers))):unique():one()
    local names = {}
    for _, worker in ipairs(shop.workers) do names[#names + 1] = tostring(worker):match "^%a+" end
    assert.equal("Worker Smith Smith Potter", table.concat(names, " "))
    session:expunge_all()
    shop = session:scalars(select(Shop):options(corm.selectinload(Shop.workers:of_type(Smith)))):one()
    assert.equal("hot", shop.workers[2].forge)
    session:expunge_all()
    local all = corm.with_polymorphic(Worker, "*")
    assert.equal("Worker1 Smith2 Smith3 Potter4", classes(select(all):order_by(all.id)))
  end)

  it("are not asked for where an outer join finds no row", function()
    session:add(Shop { id = 9 })
    session:commit()
    -- The CASE says "worker" of the row of NULLs, which is no smith's; and what no class has of another one's.
    local stmt = select(Shop, Smith):outerjoin(Smith, Smith.shop_id:eq(Shop.id)):where(Shop.id:eq(9))
    assert.is_nil(session:execute(stmt):one()[2])
    local Other = corm.declarative_base()
    local Person = Other:model("Person", {
      __tablename__ = "worker", id = Column(Integer, { primary_key = true }), craft = Column(String(10)),
      shop_id = Column(Integer),
      kind = column_property(function(class) return case({ class.craft:like "%a%", "any" }, { else_ = "none" }) end),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "any" },
    })
    local House = Other:model("House", { __tablename__ = "shop", id = Column(Integer, { primary_key = true }) })
    House.people = corm.relationship("Person", {
      primaryjoin = House.id:eq(corm.foreign(Person.shop_id)), lazy = "joined",
    })
    assert.equal(0, #session:scalars(select(House):where(House.id:eq(9))):unique():one().people)
  end)

  it("are told apart where rows are counted before others are joined to them", function()
    Worker.peers = corm.relationship("Worker", {
      primaryjoin = Worker.shop_id:eq(corm.remote(corm.foreign(Worker.shop_id))),
      viewonly = true, order_by = "Worker.id",
    })
    local A = corm.aliased(Worker)
    local function all(stmt)
      session:expunge_all()
      return session:execute(stmt:order_by(Worker.id):options(corm.joinedload(Worker.peers),
        corm.joinedload(A.peers))):all()
    end
    local rows = all(select(Worker, A):join(A, A.id:eq(Worker.id + 1)):limit(2))
    assert.equal("worker smith smith", rows[1][1].kind .. " " .. rows[1][2].kind .. " " .. rows[2][1].kind)
    assert.equal(4, #rows[2][2].peers)
    session:expunge_all()
    local stmt = select(Worker, A.kind):join(A, A.id:eq(Worker.id + 1)):order_by(A.kind, Worker.id):limit(1)
    local row = session:execute(stmt:options(corm.joinedload(Worker.peers))):one()
    assert.equal("potter smith", row.kind .. " " .. row.Worker.kind)
  end)

  it("write what the columns say, and read the class anew", function()
    local count = #sent
    local smith = Smith { id = 5, craft = "iron3" }
    session:add(smith)
    session:commit()
    assert.equal("smith", smith.kind)
    assert.is_falsy(table.concat(sent, "\n", count + 1):find("INSERT[^\n]*kind"))
    raises("ArgumentError", "kind", function() smith.kind = "potter" end)
    session:execute(corm.insert(Smith), { { id = 6, craft = "iron4", forge = "f" } })
    assert.equal("Smith2 Smith3 Smith5 Smith6", classes(select(Smith):order_by(Smith.id)))
    -- The row of an object that would be of another class now.
    smith.craft = "wood"
    session:commit()
    session:expunge_all()
    assert.equal("Worker5", classes(select(Worker):where(Worker.id:eq(5))))
  end)

  it("may be said by a function, and go on below", function()
    local Other = corm.declarative_base()
    local Thing = Other:model("Thing", {
      __tablename__ = "worker",
      id = Column(Integer, { primary_key = true }),
      craft = Column(String(10)),
      kind = column_property(function(class) return case({ class.id:lt(3), 1 }, { else_ = 2 }) end),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = 1 },
    })
    local Late = Thing:model("Late", { __mapper_args__ = { polymorphic_identity = 2 } })
    assert.equal("Thing1 Thing2 Late3 Late4", classes(select(Thing):order_by(Thing.id)))
    assert.equal("Late3 Late4", classes(select(Late):order_by(Late.id)))
    assert.equal("kind", corm.inspect(Late).polymorphic_on)
  end)

  it("is refused where it cannot say the class", function()
    local function refused(text, args, members)
      members = members or {}
      members.id = Column(Integer, { primary_key = true })
      members.__tablename__ = "refused"
      members.__mapper_args__ = args
      raises("ArgumentError", text, function() corm.declarative_base():model("Refused", members) end)
    end
    refused("Refused: polymorphic_on: 'kind' is deferred, and the class is known with the row",
      { polymorphic_on = "kind" }, { kind = corm.deferred(corm.func.lower "X") })
    refused("Refused: polymorphic_on: nothing says what 'kind' is", { polymorphic_on = "kind" },
      { kind = corm.query_expression() })
    refused("polymorphic_on: the name of an attribute expected, got SQL expression",
      { polymorphic_on = corm.func.lower "x" })
    raises("ArgumentError", "Lower: polymorphic_on: a class above says it already", function()
      Worker:model("Lower", {
        kind2 = column_property(corm.func.lower "X"),
        __mapper_args__ = { polymorphic_on = "kind2", polymorphic_identity = "x" },
      })
    end)
    raises("ArgumentError", "class Twin has the polymorphic identity of class Smith", function()
      Worker:model("Twin", { __mapper_args__ = { polymorphic_identity = "smith" } })
    end)
    Master = Worker:model("Master", { __mapper_args__ = { polymorphic_identity = "master" } })
    assert.equal("", classes(select(Master)))
  end)
end)
