-- Eager loading: how many statements it takes to walk through related objects.
local corm = require "corm"
local Column, ForeignKey, Integer, String = corm.Column, corm.ForeignKey, corm.Integer, corm.String
local relationship, select = corm.relationship, corm.select

local Base = corm.declarative_base()

local Band = Base:model("Band", {
  __tablename__ = "band",
  id     = Column(Integer, { primary_key = true }),
  name   = Column(String(50), { nullable = false }),
  albums = relationship("Album", { back_populates = "band" }),
})

local Album = Base:model("Album", {
  __tablename__ = "album",
  id      = Column(Integer, { primary_key = true }),
  band_id = Column(Integer, ForeignKey("band.id"), { nullable = false, index = true }),
  title   = Column(String(50), { nullable = false }),
  band    = relationship("Band", { back_populates = "albums" }),
})

local engine = corm.create_engine("sqlite://")
Base.metadata:create_all(engine)
local Session = corm.sessionmaker { bind = engine }

Session():begin(function(session)
  for b = 1, 20 do
    local band = Band { name = "Band " .. b }
    for a = 1, 3 do band.albums:append(Album { title = ("Album %d of band %d"):format(a, b) }) end
    session:add(band)
  end
end)

local statements = 0
corm.event.listen(engine, "before_cursor_execute", function() statements = statements + 1 end)

-- Runs fn in a session of its own, and says how many statements it took.
local function count(title, fn)
  statements = 0
  local session <close> = Session()
  fn(session)
  print(("%-38s %2d statements"):format(title, statements))
  return statements
end

local function walk(session, stmt)
  local albums = 0
  for _, band in ipairs(session:scalars(stmt):all()) do albums = albums + #band.albums end
  assert(albums == 60)
end

-- Nothing asked for: the first access loads the albums of all the bands that came with that result.
local default = count("the default", function(session) walk(session, select(Band)) end)
assert(default == 2)

-- One statement more for each relationship, sent together with the query.
local selectin = count("selectinload(Band.albums)", function(session)
  walk(session, select(Band):options(corm.selectinload(Band.albums)))
end)
assert(selectin == 2)

-- One statement in all. A row comes for each album, so the bands are made unique.
local joined = count("joinedload(Band.albums)", function(session)
  local stmt = select(Band):options(corm.joinedload(Band.albums)):order_by(Band.id)
  local bands = session:scalars(stmt):unique():all()
  assert(#bands == 20 and #bands[20].albums == 3)
end)
assert(joined == 1)

-- Towards one object a join costs no row more.
local to_one = count("joinedload(Album.band)", function(session)
  for album in session:scalars(select(Album):options(corm.joinedload(Album.band))) do
    assert(album.title:find(album.band.name:lower(), 1, true))
  end
end)
assert(to_one == 1)

-- What the session holds already is asked of nobody.
local known = count("bands that are loaded", function(session)
  local bands = session:scalars(select(Band)):all()
  for _, album in ipairs(session:scalars(select(Album)):all()) do assert(album.band.id <= #bands) end
end)
assert(known == 2)
