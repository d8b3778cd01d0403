-- return_defaults(): what the database makes of a row is told where it can be.

-- Each kind of column.
local function kinds(c)
  local Column, Integer = c.Column, c.Integer
  return c.Table("t", c.MetaData(), Column("id", Integer, { primary_key = true }),
    Column("a", Integer, { server_default = "5" }), Column("b", Integer, { default = 3 }),
    Column("c", Integer, { default = c.func.f() }), Column("d", Integer),
    Column("e", Integer, { onupdate = c.func.g() }), Column("f", Integer, { server_onupdate = c.FetchedValue() }),
    Column("h", Integer, { onupdate = function() return 3 end }))
end

-- `names` are returned where there is RETURNING, with the table's name or bare.
local function case(name, build, text, names, no_update)
  local bare, full = {}, {}
  for i, column in ipairs(names) do bare[i], full[i] = column, "t." .. column end
  local whole = #names > 0 and text .. " RETURNING " .. table.concat(full, ", ") or text
  return { name, build, whole, nil, sqlite = #names > 0 and text .. " RETURNING " .. table.concat(bare, ", ") or text,
    mysql = text, mariadb = no_update and text or whole }
end

local function insert(name, values, columns, text, names)
  return case(name, function(c)
    local t = kinds(c)
    local wanted = {}
    for i, column in ipairs(columns) do wanted[i] = t.c[column] end
    return t:insert():values(values(c)):return_defaults(table.unpack(wanted))
  end, "INSERT INTO t " .. text, names)
end

local function update(name, values, columns, text, names)
  return case(name, function(c)
    local t = kinds(c)
    local wanted = {}
    for i, column in ipairs(columns) do wanted[i] = t.c[column] end
    return t:update():values(values(t)):where(t.c.id:eq(1))
      :return_defaults(table.unpack(wanted))
  end, "UPDATE t SET " .. text .. " WHERE t.id = :id_1", names, true)
end

local plain = "(b, c, d) VALUES (:b, f(), :d)"

return {
  { id = "X25",
    insert("all defaults of INSERT", function() return { d = 1 } end, {}, plain, { "id", "a", "c", "e", "f", "h" }),
    insert("a key that is given is not returned", function() return { id = 1, d = 1 } end,
      {}, "(id, b, c, d) VALUES (:id, :b, f(), :d)",
      { "a", "c", "e", "f", "h" }),
    insert("an expression is returned", function(c) return { d = c.func.z() } end, {},
      "(b, c, d) VALUES (:b, f(), z())", { "id", "a", "c", "d", "e", "f", "h" }),
    insert("the columns that are named, and the key", function() return { d = 1 } end,
      { "a", "b", "d" }, plain, { "id", "a" }),
    insert("nothing that the client knows", function() return { id = 4, a = 5, c = 6 } end, { "a", "b", "c" },
      "(id, a, b, c) VALUES (:id, :a, :b, :c)", {}),
    case("nothing of several rows", function(c)
      return kinds(c):insert():values { { d = 1 }, { d = 2 } }:return_defaults()
    end, "INSERT INTO t (b, c, d) VALUES (:b_m0, f(), :d_m0), (:b_m1, f(), :d_m1)", {}),
    case("nothing of a select", function(c, s)
      return kinds(c):insert():from_select({ "d" }, c.select(s.author.c.age), { include_defaults = false })
        :return_defaults()
    end, "INSERT INTO t (d) SELECT author.age FROM author", {}),
    { "more columns, in the order of the table", function(c)
      local t = kinds(c)
      return t:insert():values { id = 1, d = 1 }:return_defaults(t.c.c,
        { supplemental_cols = { c.func.abs(t.c.d):label "n", t.c.d, t.c.id } })
    end, "INSERT INTO t (id, b, c, d) VALUES (:id, :b, f(), :d) RETURNING t.id, t.c, t.d, abs(t.d) AS n", nil,
      sqlite = "INSERT INTO t (id, b, c, d) VALUES (:id, :b, f(), :d) RETURNING id, c, d, abs(d) AS n", mysql = false,
      mariadb = "INSERT INTO t (id, b, c, d) VALUES (:id, :b, f(), :d) RETURNING t.id, t.c, t.d, abs(t.d) AS n" },
    { "defaults of an upsert", function(c)
      local t = kinds(c)
      return t:insert():values { d = 1 }:return_defaults(t.c.a):on_conflict_do_nothing()
    end, "INSERT INTO t " .. plain .. " ON CONFLICT DO NOTHING RETURNING t.id, t.a", nil,
      sqlite = "INSERT INTO t " .. plain .. " ON CONFLICT DO NOTHING RETURNING id, a",
      mysql = "INSERT INTO t " .. plain .. " ON DUPLICATE KEY UPDATE id = t.id",
      mariadb = "INSERT INTO t " .. plain .. " ON DUPLICATE KEY UPDATE id = t.id RETURNING t.id, t.a" },
    update("all defaults of UPDATE", function() return { d = 1 } end, {}, "d=:d, e=g(), h=:h", { "e", "f" }),
    update("an expression of UPDATE", function(t) return { d = t.c.d + 1 } end, {}, "d=(t.d + :d_1), e=g(), h=:h",
      { "d", "e", "f" }),
    update("what is named, of UPDATE", function() return { d = 1 } end,
      { "a", "e", "d" }, "d=:d, e=g(), h=:h", { "a", "e" }),
    { "more columns of UPDATE", function(c)
      local t = kinds(c)
      return t:update():values { d = 1, e = 2, h = 3 }:where(t.c.id:eq(1))
        :return_defaults { supplemental_cols = { t.c.id, t.c.d } }
    end, "UPDATE t SET d=:d, e=:e, h=:h WHERE t.id = :id_1 RETURNING t.id, t.d, t.f", nil,
      sqlite = "UPDATE t SET d=:d, e=:e, h=:h WHERE t.id = :id_1 RETURNING id, d, f", mysql = false },
  },
}
