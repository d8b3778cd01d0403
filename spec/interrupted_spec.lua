-- E11: an error that a debug hook raises anywhere in the middle of corm's own Lua files leaves no class, session or
-- object half done.
local corm = require "corm"
local database = require "spec.support.database"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String

-- Runs fn with an error raised after n instructions of Lua; true when it came to its end before that.
local function interrupted(n, fn)
  local raised = false
  local function hook()
    if raised then return end
    raised = true
    error("interrupted", 0)
  end
  local ok, err = pcall(function()
    debug.sethook(hook, "", n)
    fn()
    debug.sethook()
  end)
  debug.sethook()
  assert(ok or raised, err)
  return not raised
end

-- Calls attempt(n) for each place of interruption until one comes to its end; every place up to 400, then some.
local function everywhere(attempt)
  local n = 1
  while not attempt(n) do
    n = n + (n < 400 and 1 or 37)
    assert(n < 100000)
  end
end

local function define_parent(Base)
  return Base:model("P", {
    __tablename__ = "p", id = Column(Integer, { primary_key = true }), name = Column(String(20)),
    cs = corm.relationship("C", { backref = corm.backref("p", { lazy = "select" }), order_by = "C.id" }),
    title = corm.synonym("name"),
    loud = corm.hybrid_property(function(self) return self.name .. "!" end),
    corm.validates("name", function(_, _, value) return value end),
  })
end

local function define_child(Base)
  return Base:model("C", {
    __tablename__ = "c", id = Column(Integer, { primary_key = true }), p_id = Column(ForeignKey("p.id")),
  })
end

local function define(Base)
  return define_parent(Base), define_child(Base)
end

local function works(P, C)
  local p = P { title = "a", cs = { C {} } }
  assert(p.loud == "a!" and p.cs[1].p == p)
end

describe("E11 an error of a debug hook", function()
  it("leaves classes that can still be configured", function()
    everywhere(function(n)
      local P, C = define(corm.declarative_base())
      local done = interrupted(n, function() works(P, C) end)
      works(P, C)
      return done
    end)
  end)

  it("leaves a registry in which the model can be defined", function()
    everywhere(function(n)
      local Base = corm.declarative_base()
      local P, C
      local done = interrupted(n, function()
        P = define_parent(Base)
        C = define_child(Base)
      end)
      -- A class that is mapped and that the script has not got, for want of one instruction, is mapped all the same.
      local mapped = Base.registry.classes
      P, C = P or mapped.P or define_parent(Base), C or mapped.C or define_child(Base)
      works(P, C)
      local Other = Base:model("Other", { __tablename__ = "other", id = Column(Integer, { primary_key = true }) })
      assert(Other { id = 3 }.id == 3)
      return done
    end)
  end)

  it("leaves a class to which the attribute can be given", function()
    everywhere(function(n)
      local Base = corm.declarative_base()
      local P, C = define(Base)
      local function extend() C.owner = corm.relationship("P", { viewonly = true, foreign_keys = "C.p_id" }) end
      local done = interrupted(n, extend)
      pcall(extend)
      works(P, C)
      assert(C {}.owner == nil)
      return done
    end)
  end)

  it("leaves a session that can be used", function()
    local P, C = define(corm.declarative_base())
    local engine = database.engine()
    P.metadata:create_all(engine)
    everywhere(function(n)
      local session = corm.Session { bind = engine }
      local done = interrupted(n, function()
        session:add(P { title = "a", cs = { C {} } })
        session:commit()
        local p = session:query(P):filter_by { title = "a" }:first()
        assert(p.loud == "a!")
      end)
      session:rollback()
      session:add(P { title = "b" })
      session:commit()
      assert(session:query(P):filter_by { loud = "b!" }:first().title == "b")
      session:close()
      return done
    end)
    engine:dispose()
  end)
end)
