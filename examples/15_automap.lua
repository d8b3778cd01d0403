-- Automap: a database that others have made, and not one class declared for it.
local corm = require "corm"
local func, select = corm.func, corm.select

-- What is there. Usually that is a file or a server.
local engine = corm.create_engine("sqlite://")
engine:begin(function(connection)
  for statement in ([[
    CREATE TABLE country (code CHAR(2) PRIMARY KEY NOT NULL, name VARCHAR(40) NOT NULL);
    CREATE TABLE city (
      id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL,
      country_code CHAR(2) NOT NULL REFERENCES country (code));
    CREATE TABLE flight (
      id INTEGER PRIMARY KEY, minutes INTEGER,
      from_id INTEGER REFERENCES city (id), to_id INTEGER REFERENCES city (id));
    CREATE TABLE language (id INTEGER PRIMARY KEY, name VARCHAR(40));
    CREATE TABLE spoken (
      country_code CHAR(2) REFERENCES country (code), language_id INTEGER REFERENCES language (id),
      PRIMARY KEY (country_code, language_id));
    INSERT INTO country VALUES ('BE', 'Belgium'), ('FR', 'France');
    INSERT INTO city VALUES (1, 'Brussels', 'BE'), (2, 'Lyon', 'FR'), (3, 'Nantes', 'FR');
    INSERT INTO flight VALUES (1, 90, 1, 2), (2, 85, 2, 1), (3, 70, 3, 2);
    INSERT INTO language VALUES (1, 'French'), (2, 'Dutch');
    INSERT INTO spoken VALUES ('BE', 1), ('BE', 2), ('FR', 1);
  ]]):gmatch "[^;]+;" do connection:exec_driver_sql(statement) end
end)

-- Two keys of flight lead to city: their columns tell them apart.
local Base = corm.automap_base()
local ends = { from_id = "from", to_id = "to" }
Base:prepare {
  autoload_with = engine,
  classname_for_table = function(_, name) return (name:gsub("^%l", string.upper)) end,
  name_for_scalar_relationship = function(_, _, referred, constraint)
    return ends[constraint.columns[1].name] or referred.__name__:lower()
  end,
  name_for_collection_relationship = function(_, _, referred, constraint)
    local word = ends[constraint.columns[1].name]
    return (word and "flights_" .. word) or referred.__name__:lower() .. "s"
  end,
}

for name, class in pairs(Base.classes) do
  print(name, table.concat(corm.inspect(class).relationships, " "))
end

local City, Country, Flight, Language = Base.classes.City, Base.classes.Country, Base.classes.Flight,
  Base.classes.Language
local session = corm.Session(engine)

-- Relationships work in queries and in memory, also over the table between countries and languages.
local stmt = select(Country):where(Country.languages:any(Language.name:eq "Dutch"))
local belgium = session:scalars(stmt):one()
assert(belgium.name == "Belgium" and #belgium.languages == 2)
local lyon = session:scalars(select(City):where(City.name:eq "Lyon")):one()
assert(#lyon.flights_to == 2 and #lyon.flights_from == 1 and lyon.flights_from[1].to.name == "Brussels")

-- New rows go the same way.
lyon.flights_from:append(Flight { minutes = 70, to = session:get(City, 3) })
belgium.citys:append(City { name = "Ghent" })
session:commit()
local per_city = select(City.name, func.count():label "n"):join(City.flights_from):group_by(City.name)
  :order_by(City.name)
for row in session:execute(per_city) do print(row.name, row.n) end
assert(session:scalar(select(func.count()):select_from(City)) == 4)
session:close()
