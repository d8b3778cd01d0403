-- The Chinook database, a shop for music: eleven tables. Columns keep the names they have in the database,
-- relationships are written small.
local corm = require "corm"
local Column, ForeignKey = corm.Column, corm.ForeignKey
local DateTime, Integer, Numeric, String = corm.DateTime, corm.Integer, corm.Numeric, corm.String
local relationship = corm.relationship

local Base = corm.declarative_base()
local chinook = { Base = Base }

local function key()
  return Column(Integer, { primary_key = true })
end

local function required(type_)
  return Column(type_, { nullable = false })
end

chinook.Artist = Base:model("Artist", {
  __tablename__ = "Artist",
  ArtistId = key(),
  Name     = Column(String(120)),
  albums   = relationship("Album", { back_populates = "artist", order_by = "Album.AlbumId" }),
})

chinook.Album = Base:model("Album", {
  __tablename__ = "Album",
  AlbumId  = key(),
  Title    = required(String(160)),
  ArtistId = Column(Integer, ForeignKey("Artist.ArtistId"), { nullable = false, index = true }),
  artist   = relationship("Artist", { back_populates = "albums" }),
  tracks   = relationship("Track", { back_populates = "album", order_by = "Track.TrackId" }),
})

chinook.Genre = Base:model("Genre", {
  __tablename__ = "Genre",
  GenreId = key(),
  Name    = Column(String(120)),
  tracks  = relationship("Track", { back_populates = "genre" }),
})

chinook.MediaType = Base:model("MediaType", {
  __tablename__ = "MediaType",
  MediaTypeId = key(),
  Name        = Column(String(120)),
  tracks      = relationship("Track", { back_populates = "media_type" }),
})

-- Which track is on which list: a row of this table is a link and no object.
chinook.PlaylistTrack = corm.Table("PlaylistTrack", Base.metadata,
  Column("PlaylistId", Integer, ForeignKey("Playlist.PlaylistId"), { primary_key = true }),
  Column("TrackId", Integer, ForeignKey("Track.TrackId"), { primary_key = true, index = true }))

chinook.Track = Base:model("Track", {
  __tablename__ = "Track",
  TrackId      = key(),
  Name         = required(String(200)),
  AlbumId      = Column(Integer, ForeignKey("Album.AlbumId"), { index = true }),
  MediaTypeId  = Column(Integer, ForeignKey("MediaType.MediaTypeId"), { nullable = false, index = true }),
  GenreId      = Column(Integer, ForeignKey("Genre.GenreId"), { index = true }),
  Composer     = Column(String(220)),
  Milliseconds = required(Integer),
  Bytes        = Column(Integer),
  UnitPrice    = required(Numeric(10, 2)),
  album        = relationship("Album", { back_populates = "tracks" }),
  media_type   = relationship("MediaType", { back_populates = "tracks" }),
  genre        = relationship("Genre", { back_populates = "tracks" }),
  playlists    = relationship("Playlist", { secondary = chinook.PlaylistTrack, back_populates = "tracks" }),
  sales        = relationship("InvoiceLine", { back_populates = "track" }),
})

chinook.Playlist = Base:model("Playlist", {
  __tablename__ = "Playlist",
  PlaylistId = key(),
  Name       = Column(String(120)),
  tracks     = relationship("Track", {
    secondary = chinook.PlaylistTrack, back_populates = "playlists", order_by = "Track.TrackId",
  }),
})

-- `manager` and `reports` are two ends of one table: remote_side says which end is the one row.
chinook.Employee = Base:model("Employee", {
  __tablename__ = "Employee",
  EmployeeId = key(),
  LastName   = required(String(20)),
  FirstName  = required(String(20)),
  Title      = Column(String(30)),
  ReportsTo  = Column(Integer, ForeignKey("Employee.EmployeeId"), { index = true }),
  BirthDate  = Column(DateTime),
  HireDate   = Column(DateTime),
  Address    = Column(String(70)),
  City       = Column(String(40)),
  State      = Column(String(40)),
  Country    = Column(String(40)),
  PostalCode = Column(String(10)),
  Phone      = Column(String(24)),
  Fax        = Column(String(24)),
  Email      = Column(String(60)),
  manager    = relationship("Employee", { back_populates = "reports", remote_side = "Employee.EmployeeId" }),
  reports    = relationship("Employee", { back_populates = "manager", order_by = "Employee.EmployeeId" }),
  customers  = relationship("Customer", { back_populates = "support_rep" }),
})

chinook.Customer = Base:model("Customer", {
  __tablename__ = "Customer",
  CustomerId   = key(),
  FirstName    = required(String(40)),
  LastName     = required(String(20)),
  Company      = Column(String(80)),
  Address      = Column(String(70)),
  City         = Column(String(40)),
  State        = Column(String(40)),
  Country      = Column(String(40)),
  PostalCode   = Column(String(10)),
  Phone        = Column(String(24)),
  Fax          = Column(String(24)),
  Email        = required(String(60)),
  SupportRepId = Column(Integer, ForeignKey("Employee.EmployeeId"), { index = true }),
  support_rep  = relationship("Employee", { back_populates = "customers" }),
  invoices     = relationship("Invoice", { back_populates = "customer", order_by = "Invoice.InvoiceId" }),
})

chinook.Invoice = Base:model("Invoice", {
  __tablename__ = "Invoice",
  InvoiceId         = key(),
  CustomerId        = Column(Integer, ForeignKey("Customer.CustomerId"), { nullable = false, index = true }),
  InvoiceDate       = required(DateTime),
  BillingAddress    = Column(String(70)),
  BillingCity       = Column(String(40)),
  BillingState      = Column(String(40)),
  BillingCountry    = Column(String(40)),
  BillingPostalCode = Column(String(10)),
  Total             = required(Numeric(10, 2)),
  customer          = relationship("Customer", { back_populates = "invoices" }),
  lines             = relationship("InvoiceLine", {
    back_populates = "invoice", order_by = "InvoiceLine.InvoiceLineId", cascade = "all, delete-orphan",
  }),
})

chinook.InvoiceLine = Base:model("InvoiceLine", {
  __tablename__ = "InvoiceLine",
  InvoiceLineId = key(),
  InvoiceId     = Column(Integer, ForeignKey("Invoice.InvoiceId"), { nullable = false, index = true }),
  TrackId       = Column(Integer, ForeignKey("Track.TrackId"), { nullable = false, index = true }),
  UnitPrice     = required(Numeric(10, 2)),
  Quantity      = required(Integer),
  invoice       = relationship("Invoice", { back_populates = "lines" }),
  track         = relationship("Track", { back_populates = "sales" }),
})

return chinook
