-- What is sent, in order: for each shape of loading, of flush and of merge a line with kind, tables and rows (keys, for
-- a SELECT by a list of them). Writes of one kind to one table that follow each other are one line: how many rows a
-- statement carries is a matter of the database and of their number.
local corm = require "corm"
local database = require "spec.support.database"
local world = require "spec.support.world"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

-- Lines --------------------------------------------------------------------------------------------------------------

-- The lists in parentheses at one level: VALUES (?, ?), (?, ?) has two.
local function tuples(text)
  local n = 0
  for _ in text:gmatch "%b()" do n = n + 1 end
  return n
end

local function keys(list)
  local n = 0
  for _ in list:gmatch "%?" do n = n + 1 end
  return n
end

local function tables(text)
  local names = {}
  for name in (" " .. text):gmatch "[%s(][FJ][RO][OI][MN] ([%a_]+)" do names[#names + 1] = name end
  return table.concat(names, "+")
end

-- "INSERT address 3": three rows. "SELECT address by 2": two keys. "SELECT user+address": a join.
local function line(sent)
  local text = sent.sql
  local kind = text:match "^%u+"
  local many = sent.executemany and #sent.parameters
  if kind == "INSERT" then
    local values = text:match "VALUES (.*)" or "()"
    values = values:gsub(" RETURNING.*", "")
    return ("INSERT %s %d"):format(text:match "INTO ([%a_]+)", many or tuples(values))
  elseif kind == "UPDATE" then
    return ("UPDATE %s %d"):format(text:match "UPDATE ([%a_]+)", many or 1)
  elseif kind == "DELETE" then
    local list = text:match " IN (%b())$"
    return ("DELETE %s %d"):format(text:match "FROM ([%a_]+)", many or list and keys(list) or 1)
  elseif kind == "SELECT" or kind == "WITH" then
    local list = text:match " IN (%b())"
    return ("SELECT %s%s"):format(tables(text), list and not list:find "SELECT" and (" by %d"):format(keys(list)) or "")
  end
  return text
end

-- The lines, writes put together, without what corm asks PostgreSQL's catalog once about a table.
local function lines_of(sent)
  local lines = {}
  for _, one in ipairs(sent) do
    local text = line(one)
    local what, n = text:match "^(%u+ [%a_]+) (%d+)$"
    local before, m = (lines[#lines] or ""):match "^(%u+ [%a_]+) (%d+)$"
    if what and what == before then
      lines[#lines] = ("%s %d"):format(what, n + m)
    elseif not one.sql:find "pg_catalog" then
      lines[#lines + 1] = text
    end
  end
  return lines
end

-- Classes ------------------------------------------------------------------------------------------------------------

local function key() return Column(Integer, { primary_key = true }) end

-- Worker > Pilot, Cook, in tables of their own, with tasks; a folder has a version and files that the database deletes
-- with it, one of which is its cover.
local function models()
  local m = world.models()
  local Base = m.Base
  m.Worker = Base:model("Worker", {
    __tablename__ = "worker", id = key(), kind = Column(String(10)), name = Column(String(20)),
    tasks = relationship("Task", { back_populates = "worker", cascade = "all, delete-orphan", order_by = "Task.id" }),
    __mapper_args__ = { polymorphic_on = "kind", polymorphic_identity = "worker" },
  })
  m.Pilot = m.Worker:model("Pilot", {
    __tablename__ = "pilot", id = Column(Integer, ForeignKey("worker.id"), { primary_key = true }),
    hours = Column(Integer), __mapper_args__ = { polymorphic_identity = "pilot" },
  })
  m.Cook = m.Worker:model("Cook", {
    __tablename__ = "cook", id = Column(Integer, ForeignKey("worker.id"), { primary_key = true }),
    dish = Column(String(20)), __mapper_args__ = { polymorphic_identity = "cook" },
  })
  m.Task = Base:model("Task", {
    __tablename__ = "task", id = key(), name = Column(String(20)), worker_id = Column(ForeignKey("worker.id")),
    worker = relationship("Worker", { back_populates = "tasks" }),
  })
  m.File = Base:model("File", {
    __tablename__ = "file", id = key(), name = Column(String(20)),
    folder_id = Column(Integer, ForeignKey("folder.id", { name = "fk_folder", ondelete = "CASCADE" })),
    folder = relationship("Folder", { back_populates = "files", foreign_keys = "File.folder_id" }),
  })
  m.Folder = Base:model("Folder", {
    __tablename__ = "folder", id = key(), version = Column(Integer, { nullable = false }), name = Column(String(20)),
    cover_id = Column(Integer, ForeignKey("file.id", { name = "fk_cover", use_alter = true })),
    files = relationship("File", { cascade = "all", passive_deletes = true, back_populates = "folder",
      foreign_keys = "File.folder_id", order_by = "File.id" }),
    cover = relationship("File", { foreign_keys = "Folder.cover_id", post_update = true }),
    __mapper_args__ = { version_id_col = "version" },
  })
  return m
end

-- Three users with two addresses each, all in one city, the first with both tags; a tree of three nodes.
local function fill(session, m)
  local city, a, b = m.City { name = "c" }, m.Tag { name = "a" }, m.Tag { name = "b" }
  for u = 1, 3 do
    local user = m.User { name = "u" .. u }
    for i = 1, 2 do
      local tags = u == 1 and i == 1 and { a, b } or {}
      user.addresses:append(m.Address { email = u .. "." .. i, city = city, tags = tags })
    end
    session:add(user)
  end
  session:add(m.City { name = "empty" })
  session:add(m.Node { name = "1", children = { m.Node { name = "2", children = { m.Node { name = "3" } } } } })
  session:add(m.Pilot { name = "p", hours = 1, tasks = { m.Task {}, m.Task {} } })
  session:flush()
  session:add(m.Cook { name = "c", dish = "d" })
  session:add(m.Folder { name = "f", files = { m.File {}, m.File {} } })
  session:commit()
end

-- Cases --------------------------------------------------------------------------------------------------------------

-- { name, function(session, m), the lines }; { ..., postgresql = lines } where a database has others.
local function users(session, m, ...)
  return session:scalars(select(m.User):order_by(m.User.id):options(...)):unique():all()
end

local function new_user(m, n)
  local user = m.User { name = "new" }
  for i = 1, n do user.addresses:append(m.Address { email = "new" .. i }) end
  return user
end

local CASES = {
  loading = {
    { "a query and an attribute", function(s, m) local _ = users(s, m)[1].name end, { "SELECT user" } },
    { "lazy, in batches", function(s, m)
      for _, user in ipairs(users(s, m)) do assert(#user.addresses == 2) end
    end, { "SELECT user", "SELECT address by 3" } },
    { "lazy, one by one", function(s, m)
      for _, user in ipairs(users(s, m, corm.lazyload(m.User.addresses))) do assert(#user.addresses == 2) end
    end, { "SELECT user", "SELECT address", "SELECT address", "SELECT address" } },
    { "lazy reference, in the identity map", function(s, m)
      local list = users(s, m)
      for _, address in ipairs(s:scalars(select(m.Address)):all()) do assert(address.user) end
      assert(#list == 3)
    end, { "SELECT user", "SELECT address" } },
    { "lazy reference, not in memory", function(s, m)
      for _, address in ipairs(s:scalars(select(m.Address)):all()) do assert(address.user) end
    end, { "SELECT address", "SELECT user by 3" } },
    { "joined", function(s, m)
      for _, user in ipairs(users(s, m, corm.joinedload(m.User.addresses))) do assert(#user.addresses == 2) end
    end, { "SELECT user+address" } },
    { "joined with a limit", function(s, m)
      local query = select(m.User):order_by(m.User.id):limit(2):options(corm.joinedload(m.User.addresses))
      for _, user in ipairs(s:scalars(query):unique():all()) do assert(#user.addresses == 2) end
    end, { "SELECT user+address" } },
    { "select-in", function(s, m)
      for _, user in ipairs(users(s, m, corm.selectinload(m.User.addresses))) do assert(#user.addresses == 2) end
    end, { "SELECT user", "SELECT address by 3" } },
    { "select-in, two levels", function(s, m)
      local path = corm.selectinload(m.User.addresses):selectinload(m.Address.tags)
      for _, user in ipairs(users(s, m, path)) do assert(user.addresses[1].tags) end
    end, { "SELECT user", "SELECT address by 3", "SELECT tag+address_tag by 6" } },
    { "select-in of a reference", function(s, m)
      for _, address in ipairs(s:scalars(select(m.Address):options(corm.selectinload(m.Address.user))):all()) do
        assert(address.user.name)
      end
    end, { "SELECT address", "SELECT user by 3" } },
    { "subquery", function(s, m)
      for _, user in ipairs(users(s, m, corm.subqueryload(m.User.addresses))) do assert(#user.addresses == 2) end
    end, { "SELECT user", "SELECT user+address" } },
    { "immediate", function(s, m)
      for _, user in ipairs(users(s, m, corm.immediateload(m.User.addresses))) do assert(#user.addresses == 2) end
    end, { "SELECT user", "SELECT address by 3" } },
    { "contains_eager", function(s, m)
      local query = select(m.User):join(m.User.addresses):options(corm.contains_eager(m.User.addresses))
      for _, user in ipairs(s:scalars(query):unique():all()) do assert(#user.addresses == 2) end
    end, { "SELECT user+address" } },
    { "noload, raiseload", function(s, m)
      local user = users(s, m, corm.noload(m.User.addresses))[1]
      assert(#user.addresses == 0)
      s:expunge_all()
      user = users(s, m, corm.raiseload(m.User.addresses))[1]
      assert(not pcall(function() return user.addresses end))
    end, { "SELECT user", "SELECT user" } },
    { "a tree, level by level", function(s, m)
      local query = select(m.Node):where(m.Node.id:eq(1))
        :options(corm.selectinload(m.Node.children, { recursion_depth = -1 }))
      local root = s:scalars(query):one()
      assert(#root.children[1].children[1].children == 0)
    end, { "SELECT node", "SELECT node by 1", "SELECT node by 1", "SELECT node by 1" } },
    { "many-to-many", function(s, m)
      local address = s:get(m.Address, 1)
      assert(#address.tags == 2)
    end, { "SELECT address", "SELECT tag+address_tag" } },
    { "get: the first time and from memory", function(s, m)
      local user = s:get(m.User, 1)
      assert(s:get(m.User, 1) == user)
    end, { "SELECT user" } },
    { "refresh", function(s, m) s:refresh(s:get(m.User, 1)) end, { "SELECT user", "SELECT user" } },
    { "what a commit expires, object by object", function(s, m)
      local list = users(s, m)
      s:commit()
      for _, user in ipairs(list) do assert(user.name) end
    end, { "SELECT user", "SELECT user", "SELECT user", "SELECT user" } },
    { "an expired attribute", function(s, m)
      local user = s:get(m.User, 1)
      s:expire(user, { "name" })
      assert(user.name and user.age == nil)
    end, { "SELECT user", "SELECT user" } },
    { "classes with tables of their own, in one result", function(s, m)
      for _, worker in ipairs(s:scalars(select(m.Worker)):all()) do
        assert(worker.kind == "pilot" and worker.hours or worker.dish)
      end
    end, { "SELECT worker", "SELECT pilot by 1", "SELECT cook by 1" } },
    { "with_polymorphic", function(s, m)
      for _, worker in ipairs(s:scalars(select(corm.with_polymorphic(m.Worker, "*"))):all()) do
        assert(worker.kind == "pilot" and worker.hours or worker.dish)
      end
    end, { "SELECT worker+pilot+cook" } },
  },
  flush = {
    { "nothing", function(s) s:flush() end, {} },
    { "one object", function(s, m) s:add(m.User { name = "n" }) s:flush() end, { "INSERT user 1" } },
    { "many of one class", function(s, m)
      for i = 1, 5 do s:add(m.User { name = "n" .. i }) end
      s:flush()
    end, { "INSERT user 5" } },
    { "a graph, parents first", function(s, m)
      s:add_all { new_user(m, 2), new_user(m, 3) }
      s:flush()
    end, { "INSERT user 2", "INSERT address 5" } },
    { "a tree", function(s, m)
      s:add(m.Node { children = { m.Node { children = { m.Node {} } }, m.Node {} } })
      s:flush()
    end, { "INSERT node 4" } },
    { "many-to-many", function(s, m)
      s:add(m.Address { email = "x", tags = { m.Tag { name = "y" }, m.Tag { name = "z" } } })
      s:flush()
    end, { "INSERT address 1", "INSERT tag 2", "INSERT address_tag 2" } },
    { "a class with a table of its own", function(s, m)
      s:add_all { m.Pilot { name = "p", hours = 1 }, m.Pilot { name = "q", hours = 2 }, m.Cook { name = "r" } }
      s:flush()
    end, { "INSERT worker 3", "INSERT pilot 2", "INSERT cook 1" } },
    { "changes with the same columns together", function(s, m)
      for i, user in ipairs(users(s, m)) do user.age = i end
      s:flush()
    end, { "SELECT user", "UPDATE user 3" } },
    { "changes of other columns", function(s, m)
      local list = users(s, m)
      list[1].age, list[2].name = 1, "x"
      s:flush()
    end, { "SELECT user", "UPDATE user 2" } },
    { "a change taken back", function(s, m)
      local user = s:get(m.User, 1)
      user.name = "x"
      user.name = "u1"
      s:flush()
    end, { "SELECT user" } },
    { "a column of the parent's table alone", function(s, m)
      s:get(m.Pilot, 1).name = "x"
      s:flush()
    end, { "SELECT worker+pilot", "UPDATE worker 1" } },
    { "a child that moves", function(s, m)
      local address = s:get(m.Address, 1)
      address.user = s:get(m.User, 2)
      s:flush()
    end, { "SELECT address", "SELECT user", "UPDATE address 1" } },
    { "an object given to a collection that is not loaded", function(s, m)
      local user = s:get(m.User, 1)
      s:add(m.Address { email = "x", user = user })
      s:flush()
    end, { "SELECT user", "INSERT address 1" } },
    { "a delete that leaves children without a parent", function(s, m)
      s:delete(s:get(m.User, 1))
      s:flush()
    end, { "SELECT user", "SELECT address", "UPDATE address 2", "DELETE user 1" } },
    { "a delete that takes children along", function(s, m)
      s:delete(s:get(m.Worker, 1))
      s:flush()
    end, { "SELECT worker", "SELECT task", "DELETE task 2", "DELETE pilot 1", "DELETE worker 1" } },
    { "a delete that leaves children to the database", function(s, m)
      s:delete(s:get(m.Folder, 1))
      s:flush()
    end, { "SELECT folder", "DELETE folder 1" } },
    { "orphans", function(s, m)
      local worker = s:get(m.Worker, 1)
      worker.tasks = {}
      s:flush()
    end, { "SELECT worker", "SELECT task", "DELETE task 2" } },
    { "a delete on the far side of a many-to-many", function(s, m)
      s:delete(s:get(m.Tag, 1))
      s:flush()
    end, { "SELECT tag", "SELECT address+address_tag", "DELETE address_tag 1", "DELETE tag 1" } },
    { "post_update", function(s, m)
      local file = m.File { name = "x" }
      s:add(m.Folder { name = "n", files = { file }, cover = file })
      s:flush()
    end, { "INSERT folder 1", "INSERT file 1", "UPDATE folder 1" } },
    { "a row that changes hands", function(s, m)
      s:delete(s:get(m.City, 2))
      s:add(m.City { id = 2, name = "other" })
      s:flush()
    end, { "SELECT city", "UPDATE city 1" } },
    { "versions", function(s, m)
      s:get(m.Folder, 1).name = "x"
      s:flush()
    end, { "SELECT folder", "UPDATE folder 1" } },
    { "savepoints", function(s, m)
      s:add(m.User { name = "a" })
      s:begin_nested(function() s:add(m.User { name = "b" }) end)
      local nested = s:begin_nested()
      s:add(m.User { name = "c" })
      s:flush()
      nested:rollback()
    end, { "INSERT user 1", "savepoint", "INSERT user 1", "release_savepoint", "savepoint", "INSERT user 1",
      "rollback_savepoint" } },
  },
  merge = {
    { "of a new object", function(s, m) s:merge(m.User { id = 9, name = "n" }) s:flush() end,
      { "SELECT user", "INSERT user 1" } },
    { "of one without a key", function(s, m) s:merge(m.User { name = "n" }) s:flush() end, { "INSERT user 1" } },
    { "of a copy that differs", function(s, m) s:merge(m.User { id = 1, name = "n" }) s:flush() end,
      { "SELECT user", "UPDATE user 1" } },
    { "of a copy that does not", function(s, m) s:merge(m.User { id = 1, name = "u1" }) s:flush() end,
      { "SELECT user" } },
    { "of what is loaded", function(s, m)
      local user = s:get(m.User, 1)
      s:merge(m.User { id = 1, name = "n" })
      s:flush()
      assert(user.name == "n")
    end, { "SELECT user", "UPDATE user 1" } },
    { "of a graph", function(s, m)
      local addresses = { m.Address { id = 1, email = "x" }, m.Address { email = "y" } }
      s:merge(m.User { id = 1, name = "n", addresses = addresses })
      s:flush()
    end, { "SELECT user", "SELECT address", "UPDATE user 1", "UPDATE address 2", "INSERT address 1" } },
    { "of many", function(s, m)
      local list = {}
      for i = 1, 3 do list[i] = m.User { id = i, name = "m" .. i } end
      s:merge_all(list)
      s:flush()
    end, { "SELECT user by 3", "UPDATE user 3" } },
    { "without loading", function(s, m)
      local other = corm.Session { bind = s.bind }
      local user = other:get(m.User, 1)
      other:close()
      s:merge(user, { load = false })
      s:flush()
    end, { "SELECT user" } },
  },
}

describe("statements in order:", function()
  local w, m

  setup(function()
    w = world.open(models())
    m = w.m
    local session = w:session()
    fill(session, m)
    session:close()
    for _, name in ipairs { "savepoint", "release_savepoint", "rollback_savepoint" } do
      corm.event.listen(w.engine, name, function() w.sent[#w.sent + 1] = { sql = name } end)
    end
  end)
  teardown(function() w:close() end)

  for group, cases in pairs(CASES) do
    describe(group, function()
      for _, case in ipairs(cases) do
        it(case[1], function()
          local session = w:session()
          finally(function() session:close() end)
          w:statements()
          case[2](session, m)
          assert.same(case[database.name] or case[3], lines_of(w.sent))
        end)
      end
    end)
  end
end)
