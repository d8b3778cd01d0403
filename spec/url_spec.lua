local corm = require "corm"
local raises = require "spec.support.raises"

describe("a URL", function()
  it("is taken apart", function()
    local url = corm.make_url("postgresql+libpq://us%40er:p%3Aw@[::1]:5433/db?a=1&b=x%20y&a=2")
    assert.equal("postgresql+libpq", url.drivername)
    assert.equal("us@er", url.username)
    assert.equal("p:w", url.password)
    assert.equal("::1", url.host)
    assert.equal(5433, url.port)
    assert.equal("db", url.database)
    assert.same({ a = { "1", "2" }, b = "x y" }, url.query)
    assert.equal("postgresql", url:get_backend_name())
    assert.is_nil(corm.make_url("sqlite://").database)
  end)

  it("hides its password unless asked", function()
    local url = corm.make_url("postgresql://me:secret@host/db")
    assert.equal("postgresql://me:***@host/db", tostring(url))
    assert.equal("postgresql://me:***@host/db", url:render_as_string())
    assert.equal("postgresql://me:secret@host/db", url:render_as_string(false))
    assert.equal("postgresql://me:secret@host/db", url:render_as_string { hide_password = false })
    assert.equal(url, corm.make_url(url:render_as_string(false)))
    assert.is_false(url == corm.make_url(url:render_as_string()))
  end)

  it("is put together", function()
    local url = corm.URL.create("postgresql+libpq", { username = "a@b", password = "x/y", host = "h", port = 1,
      database = "d", query = { z = "1", a = "2" } })
    assert.equal("postgresql+libpq://a%40b:x%2Fy@h:1/d?a=2&z=1", url:render_as_string(false))
    assert.equal("sqlite:///x.db", tostring(corm.URL:create("sqlite", { database = "x.db" })))
    raises("ArgumentError", "did you mean 'database'?", corm.URL.create, "sqlite", { databse = "x" })
    raises("ArgumentError", "no port 70000", corm.URL.create, "sqlite", { port = 70000 })
    local many = corm.URL.create("x", { query = { b = { "2", "1" }, a = "3" } })
    assert.equal("x://?a=3&b=2&b=1", tostring(many))
    assert.same({ a = "3", b = { "2", "1" } }, many.query)
    assert.same({ a = { "3" }, b = { "2", "1" } }, many.normalized_query)
    for _, query in ipairs { { a = 1 }, { a = { 1 } }, { "a" }, { a = "b\0" } } do
      raises("ArgumentError", "texts, or lists of texts, by name", corm.URL.create, "x", { query = query })
    end
  end)

  it("is put together of parts that stay what they are", function()
    for _, parts in ipairs {
      { username = "a:b@/?%+ ", password = "c:d@/?%+ ", host = "h", port = 1, database = "x y%20z" },
      { query = { ["=&?"] = "&=" } },
      { password = "x" }, { host = "::1" }, { database = "" }, { host = "" }, { username = "" },
    } do
      local url = corm.URL.create("x", parts)
      local again = corm.make_url(url:render_as_string(false))
      assert.equal(url, again)
      for name in pairs(parts) do assert.same(url[name], again[name]) end
    end
    for part, values in pairs {
      host = { "h/x", "a@b", "u:p@b", "h?x=1", "[h", "h]:" },
      database = { "a?mode=memory", "a\nb", "a\0b" },
      username = { "a\nb" },
      drivername = { "x://y", "", "x y", "x+", "x+y z", "x\0" },
    } do
      for _, value in ipairs(values) do
        local drivername = part == "drivername" and value or "x"
        raises("ArgumentError", "", corm.URL.create, drivername, part ~= "drivername" and { [part] = value } or nil)
      end
    end
    raises("ArgumentError", "the host holds", corm.URL.create, "x", { host = "h/x" })
    raises("ArgumentError", "the database holds", corm.URL.create, "sqlite", { database = "x.db?mode=memory" })
  end)

  it("gives others with parts replaced", function()
    local url = corm.make_url("postgresql://me:secret@host:1/db?a=1")
    local other = url:set { drivername = "mariadb", host = "there", port = 2, query = { b = "2" } }
    assert.equal("mariadb://me:secret@there:2/db?b=2", other:render_as_string(false))
    assert.equal("postgresql://me:secret@host:1/db?a=1", url:render_as_string(false))
    assert.equal(url, url:set {})
    raises("ArgumentError", "did you mean 'host'?", url.set, url, { hots = "x" })
    raises("ArgumentError", "a table of parts expected", url.set, url, "x")
    raises("ArgumentError", "methods are called with a colon", url.set, { host = "x" })
    raises("ArgumentError", "the host holds", url.set, url, { host = "x/y" })
  end)

  it("gives others with options added and taken away", function()
    local url = corm.make_url("x://h/d?a=1&b=2")
    local append = { append = true }
    assert.equal("x://h/d?a=3&b=2&c=4", tostring(url:update_query_dict { a = "3", c = "4" }))
    assert.equal("x://h/d?a=1&a=3&a=4&b=2", tostring(url:update_query_dict({ a = { "3", "4" } }, append)))
    assert.equal("x://h/d?a=3&a=5&b=2", tostring(url:update_query_pairs { { "a", "3" }, { "a", "5" } }))
    assert.equal("x://h/d?a=1&b=2&b=7&b=8", tostring(url:update_query_pairs({ { "b", { "7", "8" } } }, append)))
    assert.equal("x://h/d?a=x+y&a=%26&b=2", tostring(url:update_query_string "a=x%20y&a=%26"))
    assert.equal("x://h/d?a=1&a=2&b=2", tostring(url:update_query_string("a=2", append)))
    assert.equal("x://h/d?b=2", tostring(url:difference_update_query { "a", "z" }))
    assert.equal("x://h/d", tostring(url:difference_update_query { "a", "b" }))
    assert.equal("x://h/d?a=1&b=2", tostring(url))
    raises("ArgumentError", "did you mean 'append'?", url.update_query_string, url, "a=2", { apend = true })
    raises("ArgumentError", "texts, or lists of texts, by name", url.update_query_dict, url, { a = 1 })
    raises("ArgumentError", "a pair of a name and a text expected", url.update_query_pairs, url, { "a" })
    raises("ArgumentError", "a list of names expected", url.difference_update_query, url, "a")
  end)

  it("says which driver it means", function()
    assert.equal("sqlite", corm.make_url("sqlite://"):get_driver_name())
    assert.equal("libpq", corm.make_url("postgresql://h"):get_driver_name())
    assert.equal("other", corm.make_url("postgresql+other://h"):get_driver_name())
    raises("ArgumentError", "unknown dialect", function() return corm.make_url("nothing://"):get_driver_name() end)
  end)

  it("is refused when malformed, without showing a password", function()
    for _, text in ipairs { "", "sqlite", "sqlite:", "sqlite:/x", "://", "sqlite//x",
      "postgresql://u:secret@h:port/" } do
      local err = raises("ArgumentError", "", corm.make_url, text)
      assert.is_nil(tostring(err):find("secret", 1, true))
    end
    raises("ArgumentError", "the host holds '@'", corm.make_url, "postgresql://u:p@ss@host/db")
    raises("ArgumentError", "text expected, got nil", corm.make_url, nil)
    raises("ArgumentError", "did you mean 'database'?", function() return corm.make_url("sqlite://").databse end)
  end)
end)
