-- engine_from_config: options of an engine as texts.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"

describe("engine_from_config", function()
  local engine
  after_each(function()
    if engine then engine:dispose() end
    engine = nil
    database.clean()
  end)

  it("makes the engine that create_engine makes of the values", function()
    engine = corm.engine_from_config({
      ["sqlalchemy.url"] = database.url(), ["sqlalchemy.echo"] = "no", ["sqlalchemy.pool_size"] = "2",
      ["sqlalchemy.max_overflow"] = " -1 ", ["sqlalchemy.pool_timeout"] = "0.5", ["sqlalchemy.poolclass"] = "QueuePool",
      ["sqlalchemy.pool_reset_on_return"] = "commit", ["sqlalchemy.isolation_level"] = "SERIALIZABLE",
      ["other.url"] = "nonsense", [1] = "x",
    })
    assert.equal(2, engine.pool:size())
    assert.is_false(engine.echo)
    local connections = {}
    for i = 1, 4 do connections[i] = engine:connect() end
    assert.equal(4, engine.pool:checkedout())
    assert.equal("SERIALIZABLE", connections[1]:get_isolation_level())
    assert.equal(1, connections[1]:scalar(corm.text "SELECT 1"))
    for _, connection in ipairs(connections) do connection:close() end
  end)

  it("takes another prefix, also none", function()
    engine = corm.engine_from_config({ ["db.url"] = "sqlite://", ["db.echo"] = "off" }, "db.")
    assert.equal("sqlite", engine.name)
    engine = corm.engine_from_config({ url = corm.make_url "sqlite://", echo = false }, "")
    assert.equal("sqlite", engine.name)
  end)

  it("gives options of the call precedence", function()
    local settings = { ["sqlalchemy.url"] = "postgresql://a", ["sqlalchemy.pool_size"] = "7" }
    engine = corm.engine_from_config(settings, nil, { url = "sqlite:///" .. database.path(), pool_size = 3 })
    assert.equal("sqlite", engine.name)
    assert.equal(3, engine.pool:size())
    assert.same({ ["sqlalchemy.url"] = "postgresql://a", ["sqlalchemy.pool_size"] = "7" }, settings)
  end)

  it("knows truths in all words, and values that are none already", function()
    for text, on in pairs { ["true"] = true, Yes = true, ON = true, ["1"] = true, y = true, t = true, [" on\n"] = true,
      ["false"] = false, NO = false, Off = false, ["0"] = false, n = false, f = false } do
      engine = corm.engine_from_config { ["sqlalchemy.url"] = "sqlite://", ["sqlalchemy.echo"] = text }
      assert.equal(on, engine.echo)
    end
    engine = corm.engine_from_config { ["sqlalchemy.url"] = "sqlite://", ["sqlalchemy.echo"] = "debug" }
    assert.is_true(engine.echo)
    engine = corm.engine_from_config { ["sqlalchemy.url"] = "sqlite://", ["sqlalchemy.echo"] = true }
    assert.is_true(engine.echo)
  end)

  it("refuses what is no setting, with its name and without its value", function()
    local function with(name, value)
      return corm.engine_from_config, { ["sqlalchemy.url"] = "sqlite://", ["sqlalchemy." .. name] = value }
    end
    for name, value in pairs { echo = "perhaps", pool_size = "many", max_overflow = "1.5", pool_timeout = "soon",
      pool_pre_ping = "", pool_recycle = "s3cret", pool_reset_on_return = "sometimes", hide_parameters = "2" } do
      local err = raises("ArgumentError", "sqlalchemy." .. name .. " must be", with(name, value))
      if value ~= "" then assert.is_nil(tostring(err):find(value, 1, true)) end
    end
    raises("ArgumentError", "did you mean 'pool_size'", with("pool_sise", "1"))
    raises("ArgumentError", "pool_size", with("pool_size", "-5"))
    raises("ArgumentError", "pool_size", with("pool_size", true))
    raises("ArgumentError", "there is no 'sqlalchemy.url'", corm.engine_from_config, { url = "sqlite://" })
    raises("ArgumentError", "there is no 'db.url'", corm.engine_from_config, {}, "db.")
    raises("ArgumentError", "a table of settings expected, got string", corm.engine_from_config, "sqlite://")
    raises("ArgumentError", "prefix must be a text", corm.engine_from_config, {}, 5)
    raises("ArgumentError", "a table of options expected", corm.engine_from_config, {}, "x", 5)
  end)
end)
