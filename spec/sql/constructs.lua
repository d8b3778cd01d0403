-- Elements of the user's own, and how they are written for each dialect.
local function args(element, compiler) return compiler:process(element.clauses) end

-- greatest(a, b), which SQLite calls max.
local function greatest(c)
  local class = c.construct("greatest", { base = "FunctionElement", type = c.Integer })
  c.compiles(class, function(element, compiler) return "greatest(" .. args(element, compiler) .. ")" end)
  c.compiles(class, "sqlite", function(element, compiler) return "max(" .. args(element, compiler) .. ")" end)
  return class
end

-- A column of another row: (SELECT ...) made by hand.
local function wrapped(c)
  local class = c.construct("wrapped", { type = c.String })
  c.compiles(class, function(element, compiler)
    return ("<%s>"):format(compiler:process(element[1]))
  end)
  return class
end

return {
  { id = "X31",
    { "a function", function(c, s) return greatest(c)(s.author.c.age, 5) end, "greatest(author.age, :greatest_1)",
      { greatest_1 = 5 }, sqlite = "max(author.age, :greatest_1)" },
    { "selected", function(c, s) return c.select(greatest(c)(s.author.c.age, 5)) end,
      "SELECT greatest(author.age, :greatest_2) AS greatest_1 FROM author",
      sqlite = "SELECT max(author.age, :greatest_2) AS greatest_1 FROM author" },
    { "compared, ordered and labelled", function(c, s)
        local x = greatest(c)(s.author.c.age, s.author.c.id)
        return c.select(x:label("g")):where(x:gt(3)):order_by(x:desc())
      end,
      "SELECT greatest(author.age, author.id) AS g FROM author WHERE greatest(author.age, author.id) > :greatest_1 "
        .. "ORDER BY greatest(author.age, author.id) DESC",
      sqlite = "SELECT max(author.age, author.id) AS g FROM author WHERE max(author.age, author.id) > :greatest_1 "
        .. "ORDER BY max(author.age, author.id) DESC" },
    { "inside another", function(c, s) return greatest(c)(greatest(c)(s.author.c.age, 1), 2) + 3 end,
      "greatest(greatest(author.age, :greatest_1), :greatest_2) + :greatest_3", { greatest_1 = 1, greatest_2 = 2,
        greatest_3 = 3 },
      sqlite = "max(max(author.age, :greatest_1), :greatest_2) + :greatest_3" },
    { "with OVER", function(c, s) return greatest(c)(s.author.c.age):over { order_by = s.author.c.id } end,
      "greatest(author.age) OVER (ORDER BY author.id)", sqlite = "max(author.age) OVER (ORDER BY author.id)" },
    { "in FROM", function(c) return c.select(greatest(c)(1):table_valued("v", { name = "t" }).c.v) end,
      "SELECT t.v FROM greatest(:greatest_1) AS t", sqlite = "SELECT t.v FROM max(:greatest_1) AS t" },
    { "a column element", function(c, s) return wrapped(c)(s.author.c.name):eq("x") end,
      "<author.name> = :param_1", { param_1 = "x" } },
    { "a column element selected", function(c, s) return c.select(wrapped(c)(s.author.c.name .. "!")) end,
      "SELECT <author.name || :name_1> AS anon_1 FROM author",
      mysql = "SELECT <concat(author.name, :name_1)> AS anon_1 FROM author" },
    { "arguments by name, and parts in another order", function(c, s)
        local swap = c.construct("swap")
        c.compiles(swap, function(element, compiler)
          local first, second = compiler:process(element.first), compiler:process(element.second)
          return second .. " <- " .. first .. " <- " .. second
        end)
        return swap { first = s.author.c.age + 1, second = 7 }
      end, ":param_1 <- author.age + :age_1 <- :param_1", { age_1 = 1, param_1 = 7 } },
    { "plain values and names", function(c)
        local tag = c.construct("tag")
        c.compiles(tag, function(element, compiler)
          return ("%s => %s, %s"):format(compiler.preparer:quote(element[1]), compiler:process(element[2]),
            compiler:render_literal_value(element[3]))
        end)
        return tag("Odd Name", "it's", "it's")
      end, "\"Odd Name\" => :param_1, 'it''s'", { param_1 = "it's" }, mysql = "`Odd Name` => :param_1, 'it''s'" },
    { "the dialect's name", function(c)
        local which = c.construct("which")
        c.compiles(which, function(_, compiler) return compiler.dialect.name end)
        return which()
      end, "default", {}, sqlite = "sqlite", postgresql = "postgresql", mysql = "mysql", mariadb = "mariadb" },
    { "MariaDB takes MySQL's", function(c)
        local which = c.construct("which")
        c.compiles(which, function() return "any" end)
        c.compiles(which, "mysql", "postgresql", function() return "two" end)
        return which()
      end, "any", {}, postgresql = "two", mysql = "two" },
    { "a FROM", function(c)
        local numbers = c.construct("numbers", { base = "FromClause", columns = { c.column("n", c.Integer), "m" } })
        c.compiles(numbers, function(element, compiler) return "numbers(" .. compiler:process(element[1]) .. ")" end)
        local from = numbers(3)
        return c.select(from.c.n + 1, from.c.m):where(from.c.m:gt(1))
      end,
      "SELECT anon_2.n + :n_1 AS anon_1, anon_2.m FROM numbers(:param_1) AS anon_2 WHERE anon_2.m > :m_1" },
    { "a FROM with a name", function(c)
        local numbers = c.construct("numbers", { base = "FromClause", columns = { "n" } })
        c.compiles(numbers, function() return "numbers" end)
        return c.select(numbers():alias("x"))
      end, "SELECT x.n FROM numbers AS x" },
    { "a statement", function(c, s)
        local explain = c.construct("explain", { base = "Executable" })
        c.compiles(explain, function(element, compiler) return "EXPLAIN " .. compiler:process(element[1]) end)
        return explain(c.select(s.author.c.id):where(s.author.c.age:gt(5)))
      end, "EXPLAIN SELECT author.id FROM author WHERE author.age > :age_1", { age_1 = 5 } },
    { "DDL", function(c, s)
        local create_view = c.construct("CreateView", { base = "DDLElement" })
        c.compiles(create_view, function(element, compiler)
          return ("CREATE VIEW %s AS %s"):format(compiler:quote(element.view), compiler:process(element.select))
        end)
        return create_view { view = "Old", select = c.select(s.author.c.id):where(s.author.c.name:eq("it's")) }
      end, "CREATE VIEW \"Old\" AS SELECT author.id FROM author WHERE author.name = 'it''s'", {},
      mysql = "CREATE VIEW `Old` AS SELECT author.id FROM author WHERE author.name = 'it''s'" },
    { "a table's name", function(c, s)
        local vacuum = c.construct("vacuum", { base = "ExecutableDDLElement" })
        c.compiles(vacuum, function(element, compiler)
          return "VACUUM " .. compiler.preparer:format_table(element[1])
        end)
        return vacuum(s.order)
      end, 'VACUUM "order"', {}, mysql = "VACUUM `order`" },
  },
}
