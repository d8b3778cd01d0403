-- Many rows at once: which keys they get, what is sent for them, and whom an error names.
local corm = require "corm"
local database = require "spec.support.database"
local raises = require "spec.support.raises"
local world = require "spec.support.world"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

describe("rows in sets", function()
  local w, m, session

  local function open(models)
    w = world.open(models)
    m = w.m
    session = w:session { expire_on_commit = false }
  end

  before_each(function() open() end)
  after_each(function() w:close() end)

  -- n Tags "name1", "name2"... of the session, written.
  local function insert(n, name, from)
    local objects = {}
    for i = 1, n do objects[i] = m.Tag { name = name .. (from or 0) + i } end
    session:add_all(objects)
    session:commit()
    return objects
  end

  -- Every object has the key of the row that has its name.
  local function check(objects)
    local ids = {}
    for id, name in w:rows("SELECT id, name FROM tag"):gmatch "(%-?%d+)|(%w+)" do ids[name] = math.tointeger(id) end
    for _, object in ipairs(objects) do assert.equal(ids[object.name], object.id, object.name) end
  end

  local function count(statements, pattern)
    local n = 0
    for _, text in ipairs(statements) do n = n + (text:find(pattern) and 1 or 0) end
    return n
  end

  describe("inserted with keys of the database", function()
    it("each get the key of their own row", function()
      check(insert(1, "one"))
      check(insert(3, "few"))
      check(insert(250, "many"))
      check(insert(2100, "pages"))
      assert.equal("2354", w:rows "SELECT count(*) FROM tag")
    end)

    it("go in few statements", function()
      local sent = w:statements(function() insert(1500, "t") end)
      local inserts = count(sent, "^INSERT INTO tag")
      local wanted = { sqlite = { 1, 40 }, postgresql = { 2, 2 }, mariadb = { 1, 1 } }
      assert.is_true(inserts >= wanted[database.name][1] and inserts <= wanted[database.name][2], tostring(inserts))
    end)

    it("do not take a key that the script gives to a later row", function()
      local a, b, c = m.Tag { name = "a" }, m.Tag { id = 2, name = "b" }, m.Tag { name = "c" }
      session:add_all { m.Tag { id = 1, name = "first" }, b, m.Tag { id = 7, name = "far" } }
      session:commit()
      assert.equal("1|first,2|b,7|far", w:list "SELECT id, name FROM tag ORDER BY id")
      if not database.lacks "keys_beside_given_ones" then
        session:add_all { a, m.Tag { id = 9, name = "nine" }, c }
        session:commit()
        assert.same({ 8, 10 }, { a.id, c.id })
      end
    end)

    it("take the keys on to their children", function()
      local users = {}
      for i = 1, 120 do
        users[i] = m.User { name = "u" .. i }
        for k = 1, i % 3 do users[i].addresses:append(m.Address { email = "u" .. i .. "." .. k }) end
      end
      session:add_all(users)
      session:commit()
      assert.equal("0", w:rows [[SELECT count(*) FROM address JOIN "user" ON "user".id = address.user_id
        WHERE address.email NOT LIKE "user".name || '.%']]
        and w:rows [[SELECT count(*) FROM address WHERE user_id IS NULL]])
      for _, user in ipairs(users) do
        for _, address in ipairs(user.addresses) do
          assert.equal(user.id, address.user_id)
          assert.equal(user.name, address.email:match "^%w+")
        end
      end
    end)

    it("wait for parents in their own table", function()
      local root = m.Node { name = "root" }
      local last = root
      for i = 1, 50 do
        for _ = 1, 3 do last.children:append(m.Node { name = "leaf" .. i }) end
        last = last.children[1]
      end
      session:add(root)
      session:commit()
      assert.equal("151|1|50", w:rows [[SELECT (SELECT count(*) FROM node), (SELECT count(*) FROM node
        WHERE parent_id IS NULL), (SELECT count(DISTINCT parent_id) FROM node)]])
    end)

    it("have defaults that are expressions with values of their own", function()
      w:close()
      local Base = corm.declarative_base()
      local T = Base:model("T", {
        __tablename__ = "t",
        id = Column(Integer, { primary_key = true }),
        n = Column(Integer),
        word = Column(String(10), { default = corm.func.lower("ABC") }),
      })
      open { Base = Base }
      local list = {}
      for i = 1, 70 do list[i] = T { n = i } end
      session:add_all(list)
      session:commit()
      assert.equal("70", w:rows "SELECT count(*) FROM t WHERE word = 'abc' AND n = id")
      assert.equal("abc", list[70].word)
    end)
  end)

  database.only("sqlite", function()
    describe("SQLite's keys", function()
      it("are proved before only for many rows", function()
        assert.same({ "INSERT INTO tag (name) VALUES (?)" }, w:statements(function() insert(1, "one") end))
        local sent = w:statements(function() insert(40, "many") end)
        assert.equal(1, count(sent, "^SELECT %(SELECT coalesce%(max%(id%), 0%) FROM main.tag%)"))
        assert.equal(1, count(sent, "^INSERT INTO tag %(name%) SELECT p0 FROM corm_rows%(%?%) AS imp_sen$"))
      end)

      it("are the database's own when a trigger could insert", function()
        w:sql [[CREATE TRIGGER noise AFTER INSERT ON tag WHEN NEW.name LIKE 'noisy%' BEGIN
          INSERT INTO tag (name) VALUES ('echo of ' || NEW.name); END]]
        local objects = insert(100, "noisy")
        check(objects)
        assert.equal("200", w:rows "SELECT count(*) FROM tag")
        assert.equal(objects[1].id + 2, objects[2].id)
      end)

      it("are the database's own when a temporary trigger could insert", function()
        session:execute(corm.text [[CREATE TEMP TRIGGER noise AFTER INSERT ON main.tag WHEN NEW.name LIKE 'noisy%' BEGIN
          INSERT INTO tag (name) VALUES ('echo of ' || NEW.name); END]])
        local objects = insert(100, "noisy")
        check(objects)
        assert.equal(objects[1].id + 2, objects[2].id)
      end)

      it("go on behind the greatest, also a negative one", function()
        w:sql "INSERT INTO tag (id, name) VALUES (-50, 'low')"
        local objects = insert(60, "t")
        check(objects)
        assert.same({ -49, 0, 10 }, { objects[1].id, objects[50].id, objects[60].id })
      end)

      it("are the database's own at the end of the range", function()
        w:sql "INSERT INTO tag (id, name) VALUES (9223372036854775790, 'last')"
        check(insert(40, "t"))
        assert.equal("41", w:rows "SELECT count(*) FROM tag")
        assert.equal("9223372036854775807", w:rows "SELECT max(id) FROM tag")
      end)

      it("are not in another connection's way", function()
        local other = corm.create_engine(w.url)
        check(insert(40, "a"))
        other:begin(function(connection)
          connection:execute(corm.insert(m.Tag), { { name = "b1" }, { name = "b2" } })
        end)
        other:dispose()
        local objects = insert(40, "c")
        check(objects)
        assert.equal(43, objects[1].id)
      end)

      it("are nobody else's while they are being written", function()
        local busy = corm.create_engine(w.url .. "?timeout=0")
        local failure
        corm.event.listen(w.engine, "before_cursor_execute", function(_, _, statement)
          if not statement:find "^INSERT" or failure then return end
          local ok, err = pcall(busy.begin, busy, function(c) c:execute(corm.insert(m.Tag), { name = "thief" }) end)
          failure = not ok and err
        end)
        check(insert(40, "t"))
        busy:dispose()
        assert.is_true(failure:is "LockTimeoutError" or failure:is "OperationalError")
        assert.equal("40", w:rows "SELECT count(*) FROM tag")
      end)

      -- Calls fn with the connection before the nth statement for several rows, which has up to 1,000.
      local function before_page(nth, fn)
        local seen = 0
        corm.event.listen(w.engine, "before_cursor_execute", function(connection, _, statement)
          if not statement:find "^INSERT INTO tag %(name%) SELECT p0 FROM corm_rows" then return end
          seen = seen + 1
          if seen == nth then fn(connection) end
        end)
      end

      for nth = 1, 2 do
        it("are proved again when a hook has taken one before page " .. nth, function()
          before_page(nth, function(connection)
            connection:exec_driver_sql "INSERT INTO tag (name) VALUES ('thief')"
          end)
          local n = nth * 1000 - 850
          check(insert(n, "t"))
          assert.equal(tostring(n + 1), w:rows "SELECT count(*) FROM tag")
        end)
      end

      it("are an error when a hook has used up the last one meanwhile", function()
        before_page(2, function(connection)
          connection:exec_driver_sql "INSERT INTO tag (id, name) VALUES (9223372036854775807, 'last')"
        end)
        local ok, err = pcall(insert, 1150, "t")
        assert.is_false(ok)
        assert.is_true(err:is "FlushError")
        assert.match("'tag' are not known", err.message)
        session:rollback()
        assert.equal("0", w:rows "SELECT count(*) FROM tag")
      end)

      it("are an error when a hook has made a trigger meanwhile", function()
        before_page(1, function(connection)
          connection:exec_driver_sql [[CREATE TRIGGER noise AFTER INSERT ON tag WHEN NEW.name LIKE 't%' BEGIN
            INSERT INTO tag (name) VALUES ('echo of ' || NEW.name); END]]
        end)
        local ok, err = pcall(insert, 64, "t")
        assert.is_false(ok)
        assert.is_true(err:is "FlushError")
        session:rollback()
      end)

      local function sequenced(create)
        w:close()
        local Base = corm.declarative_base()
        local Tag = Base:model("Tag", {
          __tablename__ = "tag",
          id = Column(Integer, { primary_key = true }),
          name = Column(String(20)),
        })
        open { Base = Base, Tag = Tag }
        w:sql("DROP TABLE tag;" .. create)
      end

      it("of AUTOINCREMENT are never given twice, whether corm knows of it or not", function()
        sequenced "CREATE TABLE tag (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(20))"
        assert.equal(50, insert(50, "a")[50].id)
        w:sql "DELETE FROM tag WHERE id > 10"
        local objects = insert(40, "b")
        check(objects)
        assert.same({ 51, 90 }, { objects[1].id, objects[40].id })
        w:sql "DELETE FROM tag"
        assert.equal(91, insert(1, "c")[1].id)
      end)

      it("are found in tables whose spelling is not corm's", function()
        sequenced "CREATE TABLE Tag (ID integer primary key, Name text)"
        check(insert(50, "a"))
      end)

      it("stay with the database where the column is no alias of the rowid", function()
        sequenced "CREATE TABLE tag (id INT PRIMARY KEY DEFAULT 5, name VARCHAR(20))"
        local sent = w:statements(function() raises("IntegrityError", "UNIQUE", insert, 40, "a") end)
        assert.equal(0, count(sent, "%(id, name%)"))
      end)
    end)
  end)

  database.only("postgresql", function()
    describe("PostgreSQL's keys", function()
      local many = "^INSERT INTO tag %(name%) SELECT"

      it("come in one statement when a sequence of their own ascends", function()
        local sent = w:statements(function() check(insert(40, "a")) end)
        assert.equal(1, count(sent, many))
        assert.equal(1, count(sent, "pg_sequence"))
        assert.equal(0, count(w:statements(function() insert(40, "b") end), "pg_sequence")) -- known by now
      end)

      it("come one by one when the sequence descends", function()
        w:sql "ALTER SEQUENCE tag_id_seq INCREMENT -1 MINVALUE -1000 MAXVALUE 1 START 1 RESTART"
        local objects
        assert.equal(0, count(w:statements(function() objects = insert(40, "a") end), many))
        check(objects)
        assert.is_true(objects[2].id < objects[1].id)
      end)

      it("come one by one when a trigger may give others", function()
        w:sql [[CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := 1000 - NEW.id;
          RETURN NEW; END $$; CREATE TRIGGER other BEFORE INSERT ON tag FOR EACH ROW EXECUTE FUNCTION other()]]
        local objects
        assert.equal(0, count(w:statements(function() objects = insert(40, "a") end), many))
        check(objects)
      end)

      it("are asked for again after the schema changed", function()
        check(insert(40, "a"))
        session:execute(corm.text "CREATE TABLE elsewhere (n INTEGER)")
        assert.equal(1, count(w:statements(function() insert(40, "b") end), "pg_sequence"))
      end)

      it("that a default makes come back with the row", function()
        w:close()
        local Base = corm.declarative_base()
        local T = Base:model("T", {
          __tablename__ = "t",
          id = Column(String(40), { primary_key = true, server_default = corm.func.gen_random_uuid() }),
          n = Column(Integer),
        })
        open { Base = Base }
        local list = {}
        for i = 1, 40 do list[i] = T { n = i } end
        session:add_all(list)
        session:commit()
        for i = 1, 40 do
          assert.equal(tostring(i), w:rows("SELECT n FROM t WHERE id = '" .. list[i].id .. "'"))
        end
      end)
    end)
  end)

  describe("that fail", function()
    local function refused(list)
      session:add_all(list)
      local err = raises("IntegrityError", database.says.unique, session.commit, session)
      session:rollback()
      assert.equal("0", w:rows "SELECT count(*) FROM tag")
      return err
    end

    it("name the row at fault and leave nothing", function()
      local list = {}
      for i = 1, 100 do list[i] = m.Tag { name = "t" .. i } end
      list[60].name = "t30"
      local err = refused(list)
      assert.equal("Tag", err.entity)
      assert.matches("name = 't30'", err.params)
      for _, object in ipairs(list) do assert.is_nil(object.id) end
      list[60].name = "t60"
      session:add_all(list)
      session:commit()
      check(list)
    end)

    it("name the row at fault on any page, and leave nothing of those before and behind it", function()
      local list = {}
      for i = 1, 9200 do list[i] = m.Tag { name = "t" .. i } end
      for _, row in ipairs { 4700, 8100 } do list[row].name = "t30" end
      local err = refused(list)
      assert.equal("Tag", err.entity)
      assert.matches("name = 't30'", err.params)
      for _, object in ipairs(list) do assert.is_nil(object.id) end
      for _, row in ipairs { 4700, 8100 } do list[row].name = "t" .. row end
      session:add_all(list)
      session:commit()
      check(list)
    end)

    for _, case in ipairs { { rows = 100, bad = 60 }, { rows = 9400, bad = 4300 } } do
      local title = "in executemany of %d name the row, too, and leave the others to the transaction"
      it(title:format(case.rows), function()
        local rows = {}
        for i = 1, case.rows do rows[i] = { name = "t" .. i } end
        rows[case.bad].name = "t30"
        local err = raises("IntegrityError", database.says.unique, w.engine.begin, w.engine, function(connection)
          connection:execute(corm.insert(m.Tag), rows)
        end)
        if database.name ~= "postgresql" then assert.matches("name = 't30'", err.params) end
        assert.equal("0", w:rows "SELECT count(*) FROM tag")
        rows[case.bad].name = "t" .. case.bad
        w.engine:begin(function(connection)
          local stmt = corm.insert(m.Tag):returning(m.Tag.name)
          local names = connection:execute(stmt, rows):scalars():all()
          assert.equal(case.rows, #names)
          for i, name in ipairs(names) do assert.equal("t" .. i, name) end
        end)
      end)
    end
  end)

  describe("updated and deleted", function()
    local tags
    before_each(function() tags = insert(30, "t") end)

    it("go together, whatever their shapes", function()
      for i, tag in ipairs(tags) do tag.name = "new" .. i end
      local sent = w:statements(function() session:commit() end)
      if database.name ~= "sqlite" then assert.equal(1, count(sent, "^UPDATE tag")) end
      check(tags)
      for i = 1, 10 do session:delete(tags[i]) end
      sent = w:statements(function() session:commit() end)
      if database.name ~= "sqlite" then assert.equal(1, count(sent, "^DELETE FROM tag")) end
      assert.equal("20", w:rows "SELECT count(*) FROM tag")
    end)

    it("must all be there; those that are not are named", function()
      w:sql("DELETE FROM tag WHERE id IN (" .. tags[3].id .. ", " .. tags[8].id .. ")")
      for i, tag in ipairs(tags) do tag.name = "new" .. i end
      local err = raises("StaleDataError", "UPDATE statement on table 'tag' expected to match 30 row(s); 28 were "
        .. "matched; not there: Tag(id=" .. tags[3].id .. "), Tag(id=" .. tags[8].id .. ")", session.commit, session)
      assert.equal("Tag", err.entity)
      session:rollback()
      assert.equal("28", w:rows "SELECT count(*) FROM tag WHERE name LIKE 't%'")
    end)

    it("of which five are named when many are gone", function()
      w:sql "DELETE FROM tag"
      for i, tag in ipairs(tags) do tag.name = "new" .. i end
      raises("StaleDataError", "30 row(s); 0 were matched; not there: Tag(id=" .. tags[1].id, session.commit, session)
      session:rollback()
    end)

    it("may be gone already when they are to be deleted", function()
      w:sql("DELETE FROM tag WHERE id = " .. tags[3].id)
      for _, tag in ipairs(tags) do session:delete(tag) end
      session:commit()
      assert.equal("0", w:rows "SELECT count(*) FROM tag")
    end)
  end)

  describe("of executemany", function()
    local new_name, where = corm.bindparam "new_name", nil
    before_each(function()
      insert(1200, "t")
      where = m.Tag.name:eq(corm.bindparam "old_name")
    end)

    -- Sets that rename t1, t2..., as `change` leaves them.
    local function renames(n, change)
      local sets = {}
      for i = 1, n do sets[i] = { old_name = "t" .. i, new_name = "new" .. i } end
      if change then change(sets) end
      return sets
    end

    local function rename(connection, sets, ...)
      local statement = corm.update(m.Tag):where(where):values { name = new_name }
      if ... then statement = statement:returning(...) end
      return connection:execute(statement, sets)
    end

    it("are updated and deleted, and counted together", function()
      w.engine:begin(function(connection)
        local changed = rename(connection, renames(1200, function(sets) sets[7].old_name = "nobody" end))
        assert.equal(1199, changed.rowcount)
        local gone = connection:execute(corm.delete(m.Tag):where(where), { { old_name = "new1" }, { old_name = "t7" },
          { old_name = "nobody" }, { old_name = "new1200" } })
        assert.equal(3, gone.rowcount)
      end)
      assert.equal("1197", w:rows "SELECT count(*) FROM tag WHERE name LIKE 'new%'")
    end)

    if not database.lacks "returning_of_update" then
      it("return their rows one after the other", function()
        w.engine:begin(function(connection)
          local sets = renames(5, function(sets) sets[1].old_name, sets[3].old_name = "nobody", "none" end)
          assert.same({ "new2", "new4", "new5" }, rename(connection, sets, m.Tag.name):scalars():all())
          assert.same({}, rename(connection, sets, m.Tag.name):scalars():all())
        end)
      end)
    end

    it("are named when the database refuses them, and nothing is left of the others after a rollback", function()
      local sets = renames(1200, function(all) all[1100].new_name = "new1" end)
      local err = raises("IntegrityError", database.says.unique, w.engine.begin, w.engine, function(connection)
        rename(connection, sets)
      end)
      assert.matches("new_name = 'new1'", err.params, 1, true)
      assert.matches("old_name = 't1100'", err.params, 1, true)
      assert.equal("1200", w:rows "SELECT count(*) FROM tag WHERE name LIKE 't%'")
    end)
  end)

  it("may need what is loaded in the middle of the flush", function()
    w:close()
    local Base = corm.declarative_base()
    local Shelf = Base:model("Shelf", {
      __tablename__ = "shelf",
      id = Column(Integer, { primary_key = true }),
      code = Column(String(20), { nullable = false, unique = true }),
    })
    local Book = Base:model("Book", {
      __tablename__ = "book",
      id = Column(Integer, { primary_key = true }),
      code = Column(String(20), corm.ForeignKey("shelf.code")),
      shelf = corm.relationship(Shelf),
    })
    open { Base = Base }
    local shelves, books = {}, {}
    for i = 1, 3 do shelves[i] = Shelf { code = "c" .. i } end
    session:add_all(shelves)
    session:commit()
    for i = 1, 4000 do books[i] = Book { shelf = shelves[1 + (i - 1) // 1500] } end
    session:add_all(books)
    for _, shelf in ipairs(shelves) do session:expire(shelf) end
    session:commit()
    assert.equal("c1|1500\nc2|1500\nc3|1000", w:rows "SELECT code, count(*) FROM book GROUP BY code ORDER BY code")
    assert.equal(books[4000].id .. "", w:rows "SELECT max(id) FROM book")
  end)

  it("of a secondary table are counted as well", function()
    local address = m.Address { email = "x" }
    for i = 1, 20 do address.tags:append(m.Tag { name = "t" .. i }) end
    session:add(address)
    local sent = w:statements(function() session:commit() end)
    assert.is_true(count(sent, "^INSERT INTO address_tag") <= 2)
    assert.equal("20", w:rows "SELECT count(*) FROM address_tag")
    w:sql("DELETE FROM address_tag WHERE tag_id = " .. address.tags[5].id)
    for _ = 1, 10 do address.tags:remove(address.tags[1]) end
    raises("StaleDataError", "DELETE statement on table 'address_tag' expected to match 10 row(s); 9 were matched",
      session.commit, session)
    session:rollback()
  end)

  it("tell before_ events when they are collected and after_ events when they are written, both in order", function()
    local log = {}
    for _, name in ipairs { "before_insert", "after_insert", "before_update", "after_update" } do
      corm.event.listen(m.Tag, name, function(_, _, target)
        log[#log + 1] = name .. " " .. target.name .. (target.id and "+" or "")
      end)
    end
    local tags = insert(3, "t")
    assert.same({ "before_insert t1", "before_insert t2", "before_insert t3", "after_insert t1+", "after_insert t2+",
      "after_insert t3+" }, log)
    log = {}
    for i, tag in ipairs(tags) do tag.name = "u" .. i end
    session:commit()
    assert.same({ "before_update u1+", "before_update u2+", "before_update u3+", "after_update u1+", "after_update u2+",
      "after_update u3+" }, log)
  end)

  it("keep what they had when they were collected, though a hook changes an earlier one", function()
    local tags = { m.Tag { name = "a long first name" }, m.Tag { name = "second" } }
    corm.event.listen(m.Tag, "before_insert", function(_, _, target)
      if target == tags[2] then tags[1].name = "other" end
    end)
    session:add_all(tags)
    session:flush()
    session:commit()
    assert.equal("a long first name,second", w:list "SELECT name FROM tag ORDER BY id")
  end)
end)
