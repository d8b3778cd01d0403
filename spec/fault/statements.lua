-- Statements over classes: what they write in bulk, and what their rows become.
local corm = require "corm"
local Column, Integer, String, func = corm.Column, corm.Integer, corm.String, corm.func
local select, insert, update, delete = corm.select, corm.insert, corm.update, corm.delete
for _ in pairs(corm) do end -- loads its files: what fails in that is files.lua's

local scenario = {}

function scenario.prepare()
  local Base = corm.declarative_base()
  local User = Base:model("User", { __tablename__ = "user", id = Column(Integer, { primary_key = true }),
    name = Column("user_name", String, { unique = true }), age = Column(Integer),
    mails = corm.relationship("Mail", { back_populates = "user" }) })
  local Mail = Base:model("Mail", { __tablename__ = "mail", id = Column(Integer, { primary_key = true }),
    user_id = Column(Integer, corm.ForeignKey "user.id"),
    user = corm.relationship("User", { back_populates = "mails" }) })
  local engine = corm.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  local session = corm.Session(engine)
  for i = 1, 4 do
    session:add(User { id = i, name = "u" .. i, age = i, mails = { Mail { id = i }, Mail { id = i + 10 } } })
  end
  session:commit()
  session:close()
  return { engine = engine, User = User, Mail = Mail }
end

local function written(state, session)
  local User, Mail = state.User, state.Mail
  local users = session:scalars(select(User):order_by(User.id)):all()
  assert(#users[1].mails == 2)
  session:execute(update(User):where(User.age:in_ { 2, 3 }, User.id:between(1, 3)):values { age = User.age + 10 })
  assert(users[2].age == 12 and users[1].age == 1)
  local named = func.lower(User.name):eq(corm.bindparam "n")
  session:execute(update(User):where(named):values { name = "new" }, { n = "u1" })
  assert(users[1].name == "new")
  session:execute(delete(Mail):where(func.abs(Mail.id):eq(11)))
  assert(#users[1].mails == 1)
  session:execute(update(Mail):where(Mail.id:eq(corm.bindparam "which")):values { user_id = corm.bindparam "whose" }
    :params { which = 1, whose = 2 })
  session:execute(update(User), { { id = 3, age = 33 }, { id = 4, name = "four" } })
  assert(users[3].age == 33 and users[4].name == "four" and #users[2].mails == 3)
  assert(#session:scalars(delete(Mail):where(Mail.id:ge(13)):returning(Mail)):all() == 2)
end

local function made(state, session)
  local User, Mail = state.User, state.Mail
  local list = session:scalars(insert(User):returning(User), { { name = "a", age = 1 }, { name = "b", age = 2 },
    { name = "c" } }):all()
  assert(#list == 3 and list[3].name == "c")
  assert(session:upsert(User { name = "a", age = 9 }, { "name" }).age == 9)
  session:bulk_insert_mappings(Mail, { { user_id = list[1].id } })
  local other = corm.aliased(Mail)
  local rows = session:execute(select(corm.Bundle("b", User.id, User.name), other)
    :join(User.mails:of_type(other)):where(corm.with_parent(list[1], User.mails:of_type(other)))):all()
  assert(#rows == 1 and rows[1].b.name == "a")
  assert(#session:scalars(select(Mail):where(Mail.user:in_ { list[1], list[2] })):all() == 1)
  local old = corm.aliased(User, select(User):where(User.age:gt(30)):subquery())
  assert(session:scalars(select(old)):one().age == 33)
  local text = corm.text "SELECT id, user_name AS name, age FROM user WHERE age = :a"
  assert(session:query(User):from_statement(text):params { a = 33 }:one().age == 33)
end

function scenario.run(state)
  local session = corm.Session(state.engine)
  state.session = session
  written(state, session)
  made(state, session)
  state.done = true
end

function scenario.check(state, ok)
  assert(not ok or state.done)
  if state.session then state.session:close() end
  scenario.run(state)
  state.session:commit()
  state.session:close()
  local other = corm.Session(state.engine)
  assert(other:query(state.User):count() == 7 and other:query(state.Mail):count() == 6)
  other:close()
end

return scenario
