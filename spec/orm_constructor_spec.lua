-- How objects come to be: constructors, reconstructors, the events around them, and when classes are configured.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local event = corm.event

local function key()
  return Column(Integer, { primary_key = true })
end

describe("M03 constructor", function()
  local w, Base, session, log

  before_each(function()
    Base = corm.declarative_base()
    log = {}
  end)
  after_each(function()
    if w then w:close() end
    w = nil
  end)

  local function open()
    w = world.open { Base = Base }
    session = w:session()
  end

  local function note(name)
    return function(object) log[#log + 1] = name .. " " .. tostring(object.name) end
  end

  local function taken()
    local text = table.concat(log, ", ")
    log = {}
    return text
  end

  local function model(members)
    members.__tablename__ = "thing"
    members.id, members.name = key(), Column(String(20))
    return Base:model("Thing", members)
  end

  it("takes a table of fields; an unknown one is refused with the nearest name", function()
    local Thing = model {}
    assert.equal("a", Thing { name = "a" }.name)
    assert.is_nil(Thing().name)
    local err = raises("ArgumentError", "unknown attribute 'nmae' of Thing", Thing, { nmae = "a" })
    assert.equal("did you mean 'name'?", err.hint)
    raises("ArgumentError", "one table of fields expected", Thing, {}, {})
    raises("ArgumentError", "a table of fields expected, got string", Thing, "a")
  end)

  it("is __init__ where the model has one, with any arguments; the default one stays in reach", function()
    local Thing = model {
      tag = Column(String(20)),
      __init__ = function(self, name, tag) self.name, self.tag = name, tag or "none" end,
    }
    local thing = Thing("a")
    assert.same({ "a", "none" }, { thing.name, thing.tag })
    assert.equal("t", Thing("a", "t").tag)
    function Thing:__init__(fields)
      Thing.registry.constructor(self, fields)
      self.tag = self.tag or "default"
    end
    assert.equal("default", Thing { name = "b" }.tag)
    assert.equal("b", Thing { name = "b" }.name)
    raises("ArgumentError", "'nmae'", Thing, { nmae = "a" })
    local Plain = Base:model("Plain", { __tablename__ = "plain", id = key() })
    raises("ArgumentError", "__init__ must be a function", function() Plain.__init__ = 1 end)
    raises("ArgumentError", "__init__ must be a function", Base.model, Base, "Other",
      { __tablename__ = "other", id = key(), __init__ = 1 })
  end)

  it("is inherited, and calls that of the class above where the script says so", function()
    local Thing = model {
      kind = Column(String(10)), size = Column(Integer),
      __init__ = function(self, name) self.name = name end,
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "thing" },
    }
    local Box = Thing:model("Box", { __mapper_args__ = { polymorphic_identity = "box" } })
    local Crate = Box:model("Crate", {
      __mapper_args__ = { polymorphic_identity = "crate" },
      __init__ = function(self, name, size)
        Box.__init__(self, name)
        self.size = size
      end,
    })
    assert.equal("a", Box("a").name)
    assert.equal("box", Box("a").kind)
    local crate = Crate("c", 3)
    assert.same({ "c", 3, "crate" }, { crate.name, crate.size, crate.kind })
  end)

  it("may be one for all models of a base", function()
    Base = corm.declarative_base {
      constructor = function(self, fields)
        for name, value in pairs(fields or {}) do self[name] = value end
        log[#log + 1] = "made"
      end,
    }
    local Thing = model {}
    assert.equal("a", Thing { name = "a" }.name)
    assert.equal("made", taken())
    assert.equal("function", type(Base.registry.constructor))
    raises("ArgumentError", "belong to the registry", corm.declarative_base,
      { registry = Base.registry, constructor = print })
  end)

  it("sets fields in mapped order, columns before relationships, whatever way it goes", function()
    local Thing = model {
      parts = corm.relationship("Part"),
      upper = corm.hybrid_property(function(self) return self.name:upper() end,
        { fset = function(self, value) self.name = value:lower() end }),
      title = corm.synonym("name"),
      corm.validates("name", "parts", function(self, at, value)
        log[#log + 1] = at .. " " .. tostring(self.name)
        return value
      end),
      __init__ = function(self, fields) self.__class__.registry.constructor(self, fields) end,
    }
    local Part = Base:model("Part", { __tablename__ = "part", id = key(),
      thing_id = Column(Integer, ForeignKey "thing.id") })
    local thing = Thing { parts = { Part {} }, name = "a", id = 4 }
    assert.equal("name nil, parts a", taken())
    assert.equal(4, thing.id)
    assert.equal("b", Thing { title = "b" }.name)
    assert.equal("c", Thing { upper = "C" }.name)
  end)

  it("is not run for what is loaded; the reconstructor is, and not for what is constructed", function()
    local Thing = model {
      __init__ = function(self, name)
        self.name = name
        log[#log + 1] = "init " .. name
      end,
      awake = corm.reconstructor(note "awake"),
    }
    open()
    session:add(Thing("a"))
    session:commit()
    assert.equal("init a", taken())
    local other = w:session()
    local thing = other:get(Thing, 1)
    assert.equal("awake a", taken())
    other:refresh(thing)
    other:get(Thing, 1)
    assert.equal("", taken())
    thing:awake()
    assert.equal("awake a", taken())
    local third = w:session()
    third:merge(Thing("b"))
    assert.equal("init b", taken())
  end)

  it("has one reconstructor, that of the nearest class", function()
    local Thing = model {
      kind = Column(String(10)),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "thing" },
      awake = corm.reconstructor(note "thing"),
    }
    local Box = Thing:model("Box", { __mapper_args__ = { polymorphic_identity = "box" } })
    local Crate = Thing:model("Crate", { __mapper_args__ = { polymorphic_identity = "crate" },
      stir = corm.reconstructor(note "crate") })
    raises("ArgumentError", "reconstructor already", function() Thing.again = corm.reconstructor(print) end)
    raises("ArgumentError", "a function expected", corm.reconstructor, 1)
    open()
    session:add_all { Thing { name = "a" }, Box { name = "b" }, Crate { name = "c" } }
    session:commit()
    session:close()
    session:scalars(corm.select(Thing):order_by(Thing.id)):all()
    assert.equal("thing a, thing b, crate c", taken())
  end)

  it("is told of by init, before it runs, with what it was given, to be changed", function()
    local Thing = model { tag = Column(String(20)) }
    local function init(object, args, fields)
      log[#log + 1] = "init " .. tostring(object.name)
      assert.equal(0, #args)
      fields.tag = "from init"
      object.name = "before"
    end
    event.listen(Thing, "init", init)
    local given = { name = "a" }
    local thing = Thing(given)
    assert.same({ "a", "from init" }, { thing.name, thing.tag })
    assert.same({ name = "a" }, given)
    assert.same({ "before", "from init" }, { Thing().name, Thing().tag })
    taken()
    event.remove(Thing, "init", init)
    assert.is_nil(Thing().name)
    assert.equal("", taken())
    function Thing:__init__(...) self.name = table.concat({ ... }, "-") end
    event.listen(Thing, "init", function(_, args) args[1] = args[1]:upper() end)
    assert.equal("A-b", Thing("a", "b").name)
  end)

  it("reaches subclasses by propagate, and all models by the base and corm.Mapper", function()
    local Thing = model {
      kind = Column(String(10)),
      __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "thing" },
    }
    local Box = Thing:model("Box", { __mapper_args__ = { polymorphic_identity = "box" } })
    event.listen(Thing, "init", function() log[#log + 1] = "own" end)
    event.listen(Thing, "init", function() log[#log + 1] = "propagated" end, { propagate = true })
    event.listen(Base, "init", function() log[#log + 1] = "base" end)
    local _ = Box {}
    assert.equal("propagated, base", taken())
    _ = Thing {}
    assert.equal("own, propagated, base", taken())
  end)

  it("that fails is told of by init_failure, and the error comes out as it is", function()
    local Thing = model { __init__ = function() error({ code = 3 }) end }
    event.listen(Thing, "init_failure", function(object, args) log[#log + 1] = object.__class__.__name__ .. args[1] end)
    local ok, err = pcall(Thing, "x")
    assert.is_false(ok)
    assert.equal(3, err.code)
    assert.equal("Thingx", taken())
  end)

  it("is followed by load and refresh for what comes from rows", function()
    local Thing = model { tag = Column(String(20)) }
    event.listen(Thing, "load", note "load")
    event.listen(Thing, "refresh", function(object, _, attrs)
      table.sort(attrs)
      log[#log + 1] = "refresh " .. object.name .. " " .. table.concat(attrs, "+")
    end)
    open()
    session:add(Thing { name = "a" })
    session:commit()
    assert.equal("", taken())
    local other = w:session()
    local thing = other:get(Thing, 1)
    assert.equal("load a", taken())
    other:expire(thing, { "tag" })
    local _ = thing.tag
    assert.equal("refresh a tag", taken())
  end)

  it("is followed by expire, when that is said", function()
    local Thing = model { tag = Column(String(20)) }
    event.listen(Thing, "expire", function(_, attrs)
      log[#log + 1] = "expire " .. (attrs and table.concat(attrs, "+") or "all")
    end)
    open()
    local thing = Thing { name = "a" }
    session:add(thing)
    session:commit()
    assert.equal("expire all", taken())
    session:expire(thing)
    assert.equal("expire all", taken())
    session:expire(thing, { "tag" })
    assert.equal("expire tag", taken())
    session:expire_all()
    assert.equal("expire all", taken())
    event.listen(Thing, "expire", function(object) corm.object_session(object):expunge(object) end, { once = true })
    local ok, err = pcall(session.refresh, session, thing)
    assert.is_false(ok)
    assert.equal("DetachedInstanceError", err.class)
  end)
end)

describe("M35 configuration of mappers", function()
  it("is told once a class, in order of declaration, when they are configured", function()
    local Base, log = corm.declarative_base(), {}
    local A = Base:model("A", { __tablename__ = "a", id = key(), bs = corm.relationship("B") })
    local B = Base:model("B", { __tablename__ = "b", id = key(), a_id = Column(Integer, ForeignKey "a.id") })
    local function after() log[#log + 1] = "after" end
    local function before() log[#log + 1] = "before" end
    event.listen(Base, "mapper_configured", function(mapper, class)
      log[#log + 1] = class.__name__ .. " " .. #mapper.relationships
      assert.is_true(rawequal(mapper, corm.inspect(class)))
    end)
    event.listen(A, "mapper_configured", function() log[#log + 1] = "of A" end)
    event.listen(corm.Mapper, "after_configured", after)
    event.listen(corm.Mapper, "before_configured", before)
    Base.registry:configure()
    assert.same({ "before", "of A", "A 1", "B 0", "after" }, log)
    local _ = A { bs = { B {} } }
    Base.registry:configure()
    assert.equal(5, #log)
    Base:model("C", { __tablename__ = "c", id = key() })
    Base.registry:configure()
    assert.same({ "before", "C 0", "after" }, table.move(log, 6, #log, 1, {}))
    event.remove(corm.Mapper, "after_configured", after)
    event.remove(corm.Mapper, "before_configured", before)
    raises("ArgumentError", "its target is corm.Mapper", event.listen, A, "after_configured", after)
  end)

  it("is not told of before a mistake is mended", function()
    local Base, log = corm.declarative_base(), {}
    Base:model("A", { __tablename__ = "a", id = key(), bs = corm.relationship("Bee") })
    event.listen(Base, "mapper_configured", function(_, class) log[#log + 1] = class.__name__ end)
    raises("InvalidRequestError", "no class named 'Bee'", Base.registry.configure, Base.registry)
    assert.same({}, log)
    Base:model("Bee", { __tablename__ = "bee", id = key(), a_id = Column(Integer, ForeignKey "a.id") })
    Base.registry:configure()
    assert.same({ "A", "Bee" }, log)
  end)
end)
