-- M34 on a real database: Chinook, a music shop of eleven tables, without one declaration. Its data is no part of the
-- project: see spec/chinook_spec.lua.
local corm = require "corm"
local database = require "spec.support.database"
local func, select = corm.func, corm.select

local folder = os.getenv "CORM_CHINOOK" or "../shared/data/chinook"

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

-- Brings all rows into the database that the specs run on.
local function load_into(target)
  local metadata = dofile("examples/chinook/models.lua").Base.metadata
  metadata:create_all(target)
  local path = os.tmpname()
  assert(os.execute(("sqlite3 -batch '%s' < '%s/chinook.sql' 2>&1"):format(path, folder)))
  local source = corm.create_engine("sqlite:///" .. path)
  local reader <close> = source:connect()
  target:begin(function(connection)
    for table_ in metadata.sorted_tables do
      local rows = {}
      for row in reader:execute(select(table_):order_by(table.unpack(table_.primary_key.columns))) do
        local values = {}
        for column in table_.c do
          values[column.name] = row[column.name]
          if values[column.name] == nil then values[column.name] = corm.null end
        end
        rows[#rows + 1] = values
      end
      connection:execute(table_:insert(), rows)
    end
  end)
  reader:close()
  source:dispose()
  os.remove(path)
end

describe("M34 the Chinook database", function()
  if not exists(folder .. "/chinook.sql") then
    pending("is not there: " .. folder .. " (CORM_CHINOOK may name another folder)")
    return
  end

  local engine, session, classes

  setup(function()
    engine = database.engine()
    load_into(engine)
    local Base = corm.automap_base()
    Base:prepare { autoload_with = engine }
    classes = Base.classes
    session = corm.Session(engine)
  end)

  teardown(function()
    session:close()
    engine:dispose()
    database.clean()
  end)

  it("has a class for each table, and a list at both ends for the one between two others", function()
    local lines = {}
    for name, class in pairs(classes) do
      local names = { table.unpack(corm.inspect(class).relationships) }
      table.sort(names)
      lines[#lines + 1] = name .. ": " .. table.concat(names, " ")
    end
    table.sort(lines)
    assert.same({
      "Album: artist track_collection",
      "Artist: album_collection",
      "Customer: employee invoice_collection",
      "Employee: customer_collection employee employee_collection",
      "Genre: track_collection",
      "Invoice: customer invoiceline_collection",
      "InvoiceLine: invoice track",
      "MediaType: track_collection",
      "Playlist: track_collection",
      "Track: album genre invoiceline_collection mediatype playlist_collection",
    }, lines)
    assert.equal("PlaylistTrack", corm.inspect(classes.Playlist).relationships.track_collection.secondary.name)
  end)

  it("joins over each relationship what its keys say", function()
    local tables = classes.Album.metadata.tables
    for _, class in pairs(classes) do
      local mapper = corm.inspect(class)
      for _, name in ipairs(mapper.relationships) do
        local relation = mapper.relationships[name]
        local stmt = select(func.count()):select_from(class)
        if relation.mapper.class_ == class then
          stmt = stmt:join(class[name]:of_type(corm.aliased(class)))
        else
          stmt = stmt:join(class[name])
        end
        local counted
        if relation.secondary then
          counted = select(func.count()):select_from(tables.PlaylistTrack)
        else
          local columns = relation.direction == "MANYTOONE" and relation.local_columns or relation.remote_side
          counted = select(func.count(columns[1]))
        end
        assert.equal(session:scalar(counted), session:scalar(stmt), class.__name__ .. "." .. name)
      end
    end
  end)

  it("gives objects that hang together, with SQL's numbers", function()
    local Artist, Playlist, Track = classes.Artist, classes.Playlist, classes.Track
    local artist = session:scalars(select(Artist):where(Artist.Name:eq "AC/DC")):one()
    local tracks = 0
    for album in artist.album_collection do
      for track in album.track_collection do
        tracks = tracks + 1
        assert.is_true(track.album == album and album.artist == artist)
      end
    end
    assert.equal("2 18", #artist.album_collection .. " " .. tracks)
    local grunge = session:scalars(select(Playlist):where(Playlist.Name:eq "Grunge")):one()
    assert.equal(15, #grunge.track_collection)
    local stmt = select(func.count()):select_from(Track):where(Track.playlist_collection:contains(grunge))
    assert.equal(15, session:scalar(stmt))
    local boss = session:scalars(select(classes.Employee):where(classes.Employee.employee:is_(nil))):one()
    assert.equal(2, #boss.employee_collection)
  end)

  it("takes changes, with what goes along by NOT NULL", function()
    local invoice = session:get(classes.Invoice, 1)
    local count = select(func.count()):select_from(classes.InvoiceLine)
    local lines, all = #invoice.invoiceline_collection, session:scalar(count)
    session:delete(invoice)
    local list = session:scalars(select(classes.Playlist):where(classes.Playlist.Name:eq "Grunge")):one()
    list.track_collection:remove(list.track_collection[1])
    session:flush()
    assert.equal(all - lines, session:scalar(count))
    session:refresh(list)
    assert.equal(14, #list.track_collection)
    session:rollback()
    assert.equal(15, #list.track_collection)
  end)
end)
