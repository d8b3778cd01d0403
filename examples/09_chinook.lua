-- A real database, read whole, changed, and copied.
--
--   sqlite3 chinook.db < chinook.sql
--   corm examples/09_chinook.lua chinook.db [COPY]
--
-- The copy is made in the file COPY (without it: chinook.db.copy); tables of the same names in there are replaced. The
-- database itself is changed and changed back, so that it holds the same rows in the end.
local corm = require "corm"
package.path = (arg[0]:match("^(.*/)") or "./") .. "?.lua;" .. package.path
local chinook = require "chinook.models"
local select, func = corm.select, corm.func

local source_path = arg[1]
if not source_path then
  io.stderr:write("usage: 09_chinook.lua CHINOOK.DB [COPY]\n")
  os.exit(2)
end
local copy_path = arg[2] or source_path .. ".copy"

local source = corm.create_engine("sqlite:///" .. source_path)
local target = corm.create_engine("sqlite:///" .. copy_path)
local Session = corm.sessionmaker { bind = source }

-- Parents before their children. `sum` is the column whose sum is shown; `parents` says for each relationship to a
-- parent which column it keeps.
local MODELS = {
  { name = "Artist", sum = "ArtistId", parents = {} },
  { name = "Genre", sum = "GenreId", parents = {} },
  { name = "MediaType", sum = "MediaTypeId", parents = {} },
  { name = "Album", sum = "ArtistId", parents = { artist = "ArtistId" } },
  { name = "Track", sum = "Milliseconds",
    parents = { album = "AlbumId", media_type = "MediaTypeId", genre = "GenreId" } },
  { name = "Playlist", sum = "PlaylistId", parents = {} },
  { name = "Employee", sum = "EmployeeId", parents = { manager = "ReportsTo" } },
  { name = "Customer", sum = "SupportRepId", parents = { support_rep = "SupportRepId" } },
  { name = "Invoice", sum = "Total", parents = { customer = "CustomerId" } },
  { name = "InvoiceLine", sum = "Quantity", parents = { invoice = "InvoiceId", track = "TrackId" } },
}

-- Every object of the database by class name, in order of the key.
local function read_whole(session)
  local objects = {}
  for _, entry in ipairs(MODELS) do
    local Model = chinook[entry.name]
    objects[entry.name] = session:scalars(select(Model):order_by(Model[entry.name .. "Id"])):all()
  end
  return objects
end

-- -- counts and sums ------------------------------------------------------------------------------------------------

-- As the sqlite3 shell prints `SELECT 'Track', count(*), sum(Milliseconds) FROM Track`, but money with its two digits.
local function print_sum(name, count, sum)
  print(("%s|%d|%s"):format(name, count, tostring(sum)))
end

-- The database adds money up in binary floating point.
local function two_digits(number)
  return ("%.2f"):format(tonumber(tostring(number)))
end

local function print_counts(session, objects)
  for _, entry in ipairs(MODELS) do
    local sum = entry.sum == "Total" and corm.decimal "0.00" or 0
    for _, object in ipairs(objects[entry.name]) do sum = sum + (object[entry.sum] or 0) end
    print_sum(entry.name, #objects[entry.name], sum)

    -- The database counts as well, in a statement of its own.
    local Model = chinook[entry.name]
    local row = session:execute(select(func.count(), func.sum(Model[entry.sum])):select_from(Model)):one()
    assert(row[1] == #objects[entry.name] and two_digits(row[2]) == two_digits(sum), entry.name)
  end
  local links, tracks = 0, 0
  for _, playlist in ipairs(objects.Playlist) do
    for _, track in ipairs(playlist.tracks) do
      links, tracks = links + 1, tracks + track.TrackId
    end
  end
  print_sum("PlaylistTrack", links, tracks)
end

-- -- a graph that is changed and written back -----------------------------------------------------------------------

local function totals(session)
  local counts = {}
  for _, table_ in ipairs { "Artist", "Album", "Track", "PlaylistTrack", "InvoiceLine", "Invoice" } do
    counts[#counts + 1] = session:scalar(corm.text('SELECT count(*) FROM "' .. table_ .. '"'))
  end
  return table.concat(counts, " ")
end

local function change(session)
  local playlist = session:scalars(select(chinook.Playlist):filter_by { Name = "Grunge" }):one()
  local album = session:scalars(select(chinook.Album):filter_by { Title = "Facelift" }):one()
  local genre, media_type = album.tracks[1].genre, album.tracks[1].media_type
  local customer = session:get(chinook.Customer, 1)

  local artist = chinook.Artist { Name = "The Examples" }
  local single = chinook.Album { Title = "First Single", artist = artist }
  for side = 1, 2 do
    single.tracks:append(chinook.Track {
      Name = "Side " .. side, Milliseconds = 180000 + side, UnitPrice = corm.decimal "0.99",
      genre = genre, media_type = media_type, playlists = { playlist },
    })
  end
  local invoice = chinook.Invoice {
    customer = customer, InvoiceDate = corm.datetime(2026, 11, 22), Total = corm.decimal "1.98",
    lines = {
      chinook.InvoiceLine { track = single.tracks[1], UnitPrice = corm.decimal "0.99", Quantity = 1 },
      chinook.InvoiceLine { track = single.tracks[2], UnitPrice = corm.decimal "0.99", Quantity = 1 },
    },
  }
  album.tracks[1].album = single -- a track moves
  session:add_all { artist, invoice }
  session:commit()
  return artist.ArtistId, invoice.InvoiceId, playlist.PlaylistId, album.AlbumId
end

local function change_back(session, artist_id, invoice_id, album_id)
  local artist = session:get(chinook.Artist, artist_id)
  local single = artist.albums[1]
  local moved = single.tracks[1] -- the lowest key: the one that was there before
  moved.album = session:get(chinook.Album, album_id)
  session:delete(session:get(chinook.Invoice, invoice_id)) -- and its lines with it
  for _, track in ipairs { single.tracks[1], single.tracks[2] } do session:delete(track) end
  session:delete(single)
  session:delete(artist)
  session:commit()
end

local function write_back()
  local before, artist_id, invoice_id, playlist_id, album_id
  do
    local session <close> = Session()
    before = totals(session)
    artist_id, invoice_id, playlist_id, album_id = change(session)
  end
  do -- what a session that knows nothing of the first one finds
    local session <close> = Session()
    local artist, invoice = session:get(chinook.Artist, artist_id), session:get(chinook.Invoice, invoice_id)
    local single = artist.albums[1]
    print(("%s: %s, %d tracks, sold to %s for %s"):format(artist.Name, single.Title, #single.tracks,
      invoice.customer.LastName, invoice.Total))
    assert(#artist.albums == 1 and #single.tracks == 3 and #invoice.lines == 2)
    assert(invoice.lines[2].track.album.artist == artist)
    assert(session:get(chinook.Playlist, playlist_id).tracks:contains(invoice.lines[1].track))
    assert(before ~= totals(session))
    change_back(session, artist_id, invoice_id, album_id)
  end
  local session <close> = Session()
  assert(before == totals(session) and session:get(chinook.Artist, artist_id) == nil)
  print("changed back: " .. before)
end

-- -- the copy -------------------------------------------------------------------------------------------------------

-- A new object with the same columns, except the foreign keys: the relationships give those.
local function copy_of(entry, original)
  local kept, values = {}, {}
  for _, column in pairs(entry.parents) do kept[column] = true end
  local Model = chinook[entry.name]
  for column in Model.__table__.columns do
    if not kept[column.name] then values[column.name] = original[column.name] end
  end
  return Model(values)
end

local function copy_objects(objects, session)
  local copies = {} -- by original
  for _, entry in ipairs(MODELS) do
    for _, original in ipairs(objects[entry.name]) do copies[original] = copy_of(entry, original) end
  end
  for _, entry in ipairs(MODELS) do
    for _, original in ipairs(objects[entry.name]) do
      local copy = copies[original]
      for relationship in pairs(entry.parents) do
        local parent = original[relationship]
        if parent then copy[relationship] = copies[parent] end
      end
      session:add(copy)
    end
  end
  for _, playlist in ipairs(objects.Playlist) do
    for _, track in ipairs(playlist.tracks) do copies[playlist].tracks:append(copies[track]) end
  end
end

local function rows_of(engine, table_)
  local connection <close> = engine:connect()
  local lines = {}
  for row in connection:execute(select(table_)) do
    local cells = {}
    for column in table_.columns do cells[#cells + 1] = tostring(row[column.name]) end
    lines[#lines + 1] = table.concat(cells, "\t")
  end
  table.sort(lines)
  return lines
end

local function compare()
  local rows = 0
  for table_ in chinook.Base.metadata.sorted_tables do
    local left, right = rows_of(source, table_), rows_of(target, table_)
    assert(#left == #right, table_.name)
    for i, line in ipairs(left) do assert(line == right[i], line) end
    rows = rows + #left
  end
  return rows
end

do
  local session <close> = Session()
  print_counts(session, read_whole(session))
end
write_back()

chinook.Base.metadata:drop_all(target)
chinook.Base.metadata:create_all(target)
do
  local session <close> = Session()
  local copy <close> = corm.sessionmaker { bind = target } ()
  copy_objects(read_whole(session), copy)
  copy:commit()
end
print("copied, equal row for row: " .. compare() .. " rows")
