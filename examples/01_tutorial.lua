local corm = require "corm"
local Column, Integer, String = corm.Column, corm.Integer, corm.String

local Base = corm.declarative_base()

local User = Base:model("User", {
  __tablename__ = "user",
  id   = Column(Integer, { primary_key = true }),
  name = Column(String, { nullable = false, unique = true }),
})

local engine = corm.create_engine("sqlite:///test.sqlite3")
Base.metadata:create_all(engine)

local Session = corm.sessionmaker { bind = engine }
local session = Session()

local new_user = User { name = "test" }
session:add(new_user)
session:commit()
print(new_user.id)
