-- A real database: Chinook, a music shop of eleven tables. Its data is no part of the project: without the folder
-- ../shared/data/chinook (or the one that CORM_CHINOOK names) these specs are pending.
local corm = require "corm"
local database = require "spec.support.database"
local file_shell = require("spec.support.shell").file
local select = corm.select

local folder = os.getenv("CORM_CHINOOK") or "../shared/data/chinook"
local program = assert(os.getenv("CORM_PROGRAM") or "build/release/corm")

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

local TABLES = {
  "Album", "Artist", "Customer", "Employee", "Genre", "Invoice", "InvoiceLine", "MediaType", "Playlist",
  "PlaylistTrack", "Track",
}
local CLASSES = { -- parents before their children
  "Artist", "Genre", "MediaType", "Album", "Track", "Playlist", "Employee", "Customer", "Invoice", "InvoiceLine",
}

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  return lines
end

-- What the shell counts and adds up of a column, and the same in Lua. Money is counted in its smallest coin, text in
-- bytes; of times the first and the last one.
local measures = {
  INTEGER = {
    sql = "count(%s) || ' ' || total(%s)",
    new = function() return { n = 0, sum = 0 } end,
    add = function(m, value) m.n, m.sum = m.n + 1, m.sum + value end,
    text = function(m) return ("%d %d.0"):format(m.n, m.sum) end,
  },
  NUMERIC = {
    sql = "count(%s) || ' ' || sum(CAST(round(%s * 100) AS INTEGER))",
    new = function() return { n = 0, sum = corm.decimal "0" } end,
    add = function(m, value) m.n, m.sum = m.n + 1, m.sum + value end,
    text = function(m) return ("%d %s"):format(m.n, (tostring(m.sum * 100):gsub("%.0+$", ""))) end,
  },
  VARCHAR = {
    sql = "count(%s) || ' ' || coalesce(sum(length(CAST(%s AS BLOB))), 0)",
    new = function() return { n = 0, sum = 0 } end,
    add = function(m, value) m.n, m.sum = m.n + 1, m.sum + #value end,
    text = function(m) return ("%d %d"):format(m.n, m.sum) end,
  },
  DATETIME = {
    sql = "min(%s) || ' ' || max(%s)",
    new = function() return {} end,
    add = function(m, value)
      if not m.least or value < m.least then m.least = value end
      if not m.most or m.most < value then m.most = value end
    end,
    text = function(m) return tostring(m.least) .. " " .. tostring(m.most) end,
  },
}

local function measure_of(column)
  return assert(measures[tostring(column.type):match("^%u+")], tostring(column.type))
end

-- One line for a column: as the shell has it, as the objects have it.
local function measure_in_file_shell(path, table_)
  local parts = {}
  for column in table_.columns do
    local name = '"' .. column.name .. '"'
    parts[#parts + 1] = "SELECT '" .. column.name .. " ' || " .. measure_of(column).sql:format(name, name)
      .. ' FROM "' .. table_.name .. '"'
  end
  return file_shell(path, table.concat(parts, " UNION ALL "))
end

local function measure_objects(Model, objects)
  local lines = {}
  for column in Model.__table__.columns do
    local measure = measure_of(column)
    local m = measure.new()
    for _, object in ipairs(objects) do
      local value = object[column.name]
      if value ~= nil then measure.add(m, value) end
    end
    lines[#lines + 1] = column.name .. " " .. measure.text(m)
  end
  return table.concat(lines, "\n")
end

-- Every row of a table as text, in order of the primary key. Times are compared as times: corm writes six digits behind
-- the second, the original none.
local function dump(path, table_)
  local cells, key = {}, {}
  for column in table_.columns do
    local name = '"' .. column.name .. '"'
    local is_time = tostring(column.type):find("^DATETIME")
    if is_time then name = ("strftime('%%Y-%%m-%%d %%H:%%M:%%f', %s)"):format(name) end
    cells[#cells + 1] = "quote(" .. name .. ")"
    if column.primary_key then key[#key + 1] = name end
  end
  return file_shell(path, ('SELECT %s FROM "%s" ORDER BY %s'):format(table.concat(cells, " || '|' || "), table_.name,
    table.concat(key, ", ")))
end

local function is_sound(path)
  return file_shell(path, "PRAGMA integrity_check; PRAGMA foreign_key_check") == "ok"
end

describe("the Chinook database", function()
  if not exists(folder .. "/chinook.sql") then
    pending("is not there: " .. folder .. " (CORM_CHINOOK may name another folder)")
    return
  end

  local chinook, path, engine, session

  setup(function()
    chinook = dofile("examples/chinook/models.lua")
  end)

  before_each(function()
    path = database.path()
    local script = "sqlite3 -batch '" .. path .. "' < '" .. folder .. "/chinook.sql' 2>&1"
    assert(os.execute(script), script)
    engine = corm.create_engine("sqlite:///" .. path)
    session = corm.Session { bind = engine }
  end)

  after_each(function()
    session:close()
    engine:dispose()
    database.clean()
  end)

  local function read_whole()
    local objects = {}
    for _, name in ipairs(CLASSES) do objects[name] = session:scalars(select(chinook[name])):all() end
    return objects
  end

  database.only("sqlite", function()
    it("is mapped: eleven tables with all their columns", function()
      local mapped = {}
      for table_ in chinook.Base.metadata.sorted_tables do
        mapped[#mapped + 1] = table_.name
        local columns = {}
        for column in table_.columns do
          local required, key = column.nullable and 0 or 1, column.primary_key and 1 or 0
          columns[#columns + 1] = ("%s|%d|%d"):format(column.name, required, key)
        end
        local sql = "SELECT name, \"notnull\", pk > 0 FROM pragma_table_info('%s')"
        assert.equal(file_shell(path, sql:format(table_.name)), table.concat(columns, "\n"))
      end
      table.sort(mapped)
      assert.same(TABLES, mapped)
    end)

    it("is read whole as tracked objects, with the shell's counts and sums", function()
      local rows = 0
      for name, objects in pairs(read_whole()) do
        local Model = chinook[name]
        assert.equal(measure_in_file_shell(path, Model.__table__), measure_objects(Model, objects), name)
        for _, object in ipairs(objects) do
          if not (session:contains(object) and corm.inspect(object).persistent) then error(tostring(object)) end
        end
        rows = rows + #objects
      end
      local links = tonumber(file_shell(path, "SELECT count(*) FROM PlaylistTrack"))
      assert.equal(15607, rows + links)
      assert.equal(0, #session.dirty)
    end)

    it("hangs together in both directions, and few statements show it", function()
      local objects = read_whole()
      local sent = 0
      corm.event.listen(engine, "before_cursor_execute", function() sent = sent + 1 end)
      local links, sales, total = 0, 0, corm.decimal "0"
      for _, playlist in ipairs(objects.Playlist) do
        for track in playlist.tracks do links = links + #track.Name end
      end
      for _, invoice in ipairs(objects.Invoice) do
        for line in invoice.lines do
          assert(rawequal(line.invoice, invoice) and line.track.album.artist.Name)
          sales, total = sales + line.Quantity, total + line.UnitPrice * line.Quantity
        end
      end
      local chief = session:scalars(select(chinook.Employee):where(chinook.Employee.ReportsTo:is_(nil))):one()
      local staff = 0
      for report in chief.reports do staff = staff + 1 + #report.reports end

      local sql = "SELECT sum(length(CAST(t.Name AS BLOB))) FROM PlaylistTrack p JOIN Track t USING (TrackId)"
      assert.equal(file_shell(path, sql), tostring(links))
      assert.equal(file_shell(path, "SELECT sum(Quantity) FROM InvoiceLine"), tostring(sales))
      assert.equal(file_shell(path, "SELECT printf('%.2f', sum(Total)) FROM Invoice"), tostring(total))
      assert.equal(file_shell(path, "SELECT count(*) FROM Employee WHERE ReportsTo IS NOT NULL"), tostring(staff))
      assert.is_true(sent <= 10, sent .. " statements")
    end)

    local function make_changes()
      local artist = chinook.Artist { Name = "Żółw & the 'Quotes'" }
      local album = chinook.Album { Title = "One", artist = artist }
      local grunge = session:scalars(select(chinook.Playlist):filter_by { Name = "Grunge" }):one()
      local first = grunge.tracks[1]
      for i = 1, 3 do
        album.tracks:append(chinook.Track {
          Name = "Take " .. i, Milliseconds = i, UnitPrice = corm.decimal "1.25", media_type = first.media_type,
          playlists = { grunge },
        })
      end
      grunge.tracks:remove(first)
      first.album = album                                                        -- moves from one album to another
      session:add(artist)
      session:get(chinook.Employee, 8).manager = session:get(chinook.Employee, 1)
      session:delete(session:get(chinook.Invoice, 1))                            -- its lines go with it
      session:get(chinook.Invoice, 2).Total = corm.decimal "99.99"
      session:commit()
      return artist.ArtistId, album.AlbumId, first.TrackId, grunge.PlaylistId
    end

    it("takes a changed graph back", function()
      local function counts()
        local parts = {}
        for _, name in ipairs(TABLES) do parts[#parts + 1] = ('(SELECT count(*) FROM "%s")'):format(name) end
        return file_shell(path, "SELECT " .. table.concat(parts, ", "))
      end
      local lines = file_shell(path, "SELECT count(*) FROM InvoiceLine WHERE InvoiceId = 1")
      assert.equal("347|275|59|8|25|412|2240|5|18|8715|3503", counts())
      local artist, album, moved, grunge = make_changes()

      assert.equal(("348|276|59|8|25|411|%d|5|18|8717|3506"):format(2240 - lines), counts())
      assert.equal("Żółw & the 'Quotes'|One", file_shell(path,
        ("SELECT r.Name, a.Title FROM Album a JOIN Artist r USING (ArtistId) WHERE ArtistId = %d"):format(artist)))
      assert.equal(("%d|4|1.25"):format(moved), file_shell(path,
        ("SELECT min(TrackId), count(*), max(UnitPrice) FROM Track WHERE AlbumId = %d"):format(album)))
      assert.equal("3|0", file_shell(path, ([[SELECT count(t.AlbumId), sum(t.TrackId = %d) FROM PlaylistTrack p
        JOIN Track t USING (TrackId) WHERE p.PlaylistId = %d AND t.AlbumId = %d]]):format(moved, grunge, album)))
      assert.equal("1", file_shell(path, "SELECT ReportsTo FROM Employee WHERE EmployeeId = 8"))
      assert.equal("99.99", file_shell(path, "SELECT Total FROM Invoice WHERE InvoiceId = 2"))
      assert.equal("0", file_shell(path, "SELECT count(*) FROM InvoiceLine WHERE InvoiceId = 1"))
      assert.is_true(is_sound(path))
    end)

    it("is as it was when the changes are rolled back", function()
      local before = {}
      for _, name in ipairs(TABLES) do before[name] = dump(path, chinook.Base.metadata.tables[name]) end
      local savepoint = session:begin_nested()
      local genre = session:get(chinook.Genre, 1)
      genre.Name = "Noise"
      session:delete(session:get(chinook.Invoice, 3))
      session:flush()
      savepoint:rollback()
      session:commit()
      assert.equal("Rock", genre.Name)
      for _, name in ipairs(TABLES) do
        assert.equal(before[name], dump(path, chinook.Base.metadata.tables[name]), name)
      end
    end)
  end)

  -- Objects without their foreign keys: those must come from the relationships.
  local function copy_objects(objects, target)
    local copies = {}
    for _, name in ipairs(CLASSES) do
      local Model = chinook[name]
      for _, original in ipairs(objects[name]) do
        local values = {}
        for column in Model.__table__.columns do
          if #column.foreign_keys == 0 then values[column.name] = original[column.name] end
        end
        copies[original] = Model(values)
      end
    end
    for _, name in ipairs(CLASSES) do
      local relationships = corm.inspect(chinook[name]).relationships
      for _, original in ipairs(objects[name]) do
        for _, key in ipairs(relationships) do
          local direction = relationships[key].direction
          if direction == "MANYTOONE" and original[key] then
            copies[original][key] = copies[original[key]]
          elseif direction == "MANYTOMANY" and name == "Playlist" then
            for other in original[key] do copies[original][key]:append(copies[other]) end
          end
        end
        target:add(copies[original])
      end
    end
  end

  -- Every value of a table's objects, in order of the key: what another session reads.
  local function read_rows(reader, table_)
    local key, lines = {}, {}
    for column in table_.primary_key.columns do key[#key + 1] = column end
    for row in reader:execute(select(table_):order_by(table.unpack(key))) do
      local values = table.pack(row:unpack())
      for i = 1, values.n do values[i] = tostring(values[i]) end
      lines[#lines + 1] = table.concat(values, "|")
    end
    return lines
  end

  it("is copied object by object into a new database, equal row for row", function()
    local url, copy_path = database.url()
    local target = corm.create_engine(url)
    chinook.Base.metadata:create_all(target)
    local copy = corm.Session { bind = target }
    copy_objects(read_whole(), copy)
    copy:commit()
    copy:close()
    local rows = 0
    local reader = corm.Session { bind = target }
    for _, name in ipairs(TABLES) do
      local table_ = chinook.Base.metadata.tables[name]
      local original = read_rows(session, table_)
      assert.is_true(table.concat(original, "\n") == table.concat(read_rows(reader, table_), "\n"), name)
      assert.equal(tostring(#original), database.shell(copy_path, ('SELECT count(*) FROM "%s"'):format(name)))
      if database.name == "sqlite" then assert.is_true(dump(path, table_) == dump(copy_path, table_), name) end
      rows = rows + #original
    end
    reader:close()
    target:dispose()
    assert.equal(15607, rows)
  end)

  database.only("sqlite", function()
    it("is what the example reads, changes and copies", function()
      local copy = database.path()
      local pipe = assert(io.popen(("'%s' examples/09_chinook.lua '%s' '%s' 2>&1"):format(program, path, copy)))
      local said = lines_of(pipe:read("a"))
      assert.is_true(pipe:close(), table.concat(said, "\n"))
      local sums = {
        { "Artist", "sum(ArtistId)" }, { "Genre", "sum(GenreId)" }, { "MediaType", "sum(MediaTypeId)" },
        { "Album", "sum(ArtistId)" }, { "Track", "sum(Milliseconds)" }, { "Playlist", "sum(PlaylistId)" },
        { "Employee", "sum(EmployeeId)" }, { "Customer", "sum(SupportRepId)" },
        { "Invoice", "printf('%.2f', sum(Total))" }, { "InvoiceLine", "sum(Quantity)" },
        { "PlaylistTrack", "sum(TrackId)" },
      }
      for i, entry in ipairs(sums) do
        local sql = ("SELECT '%s', count(*), %s FROM %s"):format(entry[1], entry[2], entry[1])
        assert.equal(file_shell(path, sql), said[i])
      end
      assert.equal("copied, equal row for row: 15607 rows", said[#said - 1])
      assert.is_true(is_sound(copy) and is_sound(path))
    end)
  end)
end)
