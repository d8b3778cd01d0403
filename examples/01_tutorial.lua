local corm = require "corm"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

local Base = corm.declarative_base()

local User = Base:model("User", {
  __tablename__ = "user",
  id   = Column(Integer, { primary_key = true }),
  name = Column(String(50), { nullable = false, unique = true }),
})

-- Another database: give its URL, as in postgresql://me:secret@localhost/test or mariadb://me:secret@localhost/test
local engine = corm.create_engine(arg[1] or "sqlite:///test.sqlite3")
Base.metadata:create_all(engine)

local Session = corm.sessionmaker { bind = engine }
local session = Session()

local new_user = User { name = "test" }
session:add(new_user)
session:commit()
print(new_user.id)
