-- corm.stubs(): what an editor is told of the models.
local corm = require "corm"
local raises = require "spec.support.raises"
local world = require "spec.support.world"

describe("stubs of models", function()
  local m = world.models()

  it("name the attributes with their types, for objects, constructors and classes", function()
    assert.equal([[
---@meta

---@class User: corm.Object
---@field id integer
---@field name string
---@field age integer?
---@field addresses corm.Collection|Address[]

---What the constructor takes.
---@class UserFields
---@field id? integer
---@field name? string
---@field age? integer
---@field addresses? Address[]

---@class UserModel: corm.Model
---@overload fun(fields?: UserFields): User
---@field id corm.Expression
---@field name corm.Expression
---@field age corm.Expression
---@field addresses corm.Relationship
]], corm.stubs(m.User))
  end)

  it("know every type, and names that are no words", function()
    local Base = corm.declarative_base()
    local All = Base:model("All Types", {
      __tablename__ = "all_types", id = corm.Column(corm.Integer, { primary_key = true }),
      day = corm.Column(corm.Date, { nullable = false }), price = corm.Column(corm.Numeric(5, 2)),
      key = corm.Column(corm.Uuid), data = corm.Column(corm.JSON), mood = corm.Column(corm.Enum("a", "b")),
      pause = corm.Column(corm.Interval), raw = corm.Column(corm.LargeBinary),
      ["two words"] = corm.Column(corm.Boolean),
    })
    local text = corm.stubs(All)
    for _, line in ipairs {
      "---@class All_Types: corm.Object", "---@field day corm.Date", "---@field price corm.Decimal?",
      "---@field key corm.Uuid?", "---@field data any", "---@field mood string?", "---@field pause corm.Timedelta?",
      '---@field ["two words"] boolean?', "---@field raw string?",
    } do
      assert.is_truthy(text:find(line .. "\n", 1, true), line)
    end
  end)

  it("know types by the names that databases have for them", function()
    local Named = corm.declarative_base():model("Named", {
      __tablename__ = "named", id = corm.Column(corm.BIGINT, { primary_key = true }),
      name = corm.Column(corm.VARCHAR(20)), price = corm.Column(corm.DECIMAL(5, 2)),
      day = corm.Column(corm.dialects.mysql.DATETIME { fsp = 3 }), small = corm.Column(corm.dialects.mysql.TINYINT),
      what = corm.Column(corm.NullType),
    })
    local text = corm.stubs(Named)
    for _, line in ipairs { "id integer", "name string?", "price corm.Decimal?", "day corm.DateTime?", "small integer?",
      "what any" } do
      assert.is_truthy(text:find("---@field " .. line .. "\n", 1, true), line)
    end
  end)

  it("are of a Base, or of tables of classes, each once", function()
    local text = corm.stubs(m.Base)
    assert.is_truthy(text:find("---@class Address: corm.Object", 1, true))
    assert.is_truthy(text:find("---@field city City?", 1, true))
    assert.is_function(load(text, "stubs", "t", {}))
    assert.equal(corm.stubs(m.User), corm.stubs({ m.User, user = m.User }, m.User))
    raises("UnmappedError", "expected as argument 2, got Table", corm.stubs, m.User, m.User.__table__)
  end)
end)
