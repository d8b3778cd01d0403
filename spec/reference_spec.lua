-- The module, the stubs of lua/corm/meta and the reference agree: every public name is in all three.
local corm = require "corm"
local page = require "spec.support.page"
local stubs = require "spec.support.stubs"
local surface = require "spec.support.surface"

local pages = { "docs/reference.md" }
for path in page.list("docs/reference", "md") do table.insert(pages, path) end

-- Tables of functions inside the module, by the name of their class in the stubs.
local function sub_tables()
  return {
    corm = corm, event = corm.event, URLClass = corm.URL, dateClass = corm.date, timeClass = corm.time,
    datetimeClass = corm.datetime, timedeltaClass = corm.timedelta, decimalClass = corm.decimal,
    uuidClass = corm.uuid, MutableDictClass = corm.MutableDict, MutableListClass = corm.MutableList,
    MutableSetClass = corm.MutableSet, MutableJSONClass = corm.MutableJSON, dialects = corm.dialects,
    postgresql = corm.dialects.postgresql, mysql = corm.dialects.mysql, sqlite = corm.dialects.sqlite,
  }
end

local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- What the stubs declare for a class and those above it, as a set.
local function declared(classes, name)
  local names = {}
  for _, class in ipairs(stubs.lineage(classes, name)) do
    for member in pairs(class.members) do names[member] = true end
  end
  return names
end

-- Tables of members -> the classes that share them.
local function by_members(instances)
  local groups = {}
  for name, value in pairs(instances) do
    local members = surface.members(value)
    groups[members] = groups[members] or {}
    table.insert(groups[members], name)
  end
  return groups
end

describe("the stubs", function()
  local classes, instances

  setup(function()
    classes = stubs.classes()
    instances = surface.instances()
  end)

  it("load without an environment", function()
    for _, file in ipairs(stubs.files) do
      assert.is_function(assert(loadfile(stubs.path(file), "t", {})))
      loadfile(stubs.path(file), "t", {})()
    end
  end)

  it("are the files that are there", function()
    local pipe = assert(io.popen "ls lua/corm/meta")
    local listed = {}
    for name in pipe:lines() do listed[name] = true end
    pipe:close()
    local known = {}
    for _, file in ipairs(stubs.files) do known[file .. ".lua"] = true end
    assert.same(sorted(known), sorted(listed))
  end)

  it("have every function and field of the module, and no other", function()
    for name, functions in pairs(sub_tables()) do
      local there = {}
      for key in pairs(functions) do there[key] = true end
      assert.same(sorted(there), sorted(classes[name].members), name)
    end
  end)

  it("have every member of every class", function()
    local statement = surface.members(instances.Select)
    for members, names in pairs(by_members(instances)) do
      local known = {}
      for _, name in ipairs(names) do
        for member in pairs(declared(classes, name)) do known[member] = true end
      end
      for member in pairs(members) do
        -- A query passes on the methods of all statements; those that a select has not are refused by it.
        local is_refused = names[1] == "Query" and rawget(statement, member) ~= nil
        assert.is_true(known[member] or is_refused, names[1] .. " has a member without a stub: " .. member)
      end
    end
  end)

  it("name no member that a class has not", function()
    for name, value in pairs(instances) do
      local members = surface.members(value)
      for member in pairs(classes[name].members) do
        -- What a registry keeps itself stands beside its methods.
        local own = type(value) == "table" and rawget(value, member)
        local is_there = rawget(members, member) ~= nil or own ~= nil
        assert.is_true(is_there, name .. " has a stub for what is not there: " .. member)
      end
    end
  end)

  it("give shared members to classes that have them", function()
    local heirs = {}
    for name in pairs(instances) do
      for i, class in ipairs(stubs.lineage(classes, name)) do
        if i > 1 and not instances[class.name] then heirs[class.name] = instances[name] end
      end
    end
    assert.same({ "Fetching", "Filtered", "Returning", "Statement" }, sorted(heirs))
    for name, value in pairs(heirs) do
      local members = surface.members(value)
      for member in pairs(classes[name].members) do
        assert.is_true(rawget(members, member) ~= nil, name .. " has a stub for what is not there: " .. member)
      end
    end
  end)

  it("say what is a method and what a field", function()
    for name, value in pairs(instances) do
      local members = surface.members(value)
      for member, kind in pairs(classes[name].members) do
        if type(value) == "userdata" then
          assert.equal(rawget(members, member) and "method" or "field", kind, name .. "." .. member)
        end
      end
    end
  end)

  it("know what an object has", function()
    local object = instances.InstanceState.object
    for member in pairs(classes.Object.members) do assert.is_not_nil(object[member], member) end
  end)

  it("know the options and parts that are no classes of values", function()
    local plain = {
      "AssociationProxyOptions", "AutomapBaseOptions", "AutomapOptions", "BindArguments", "BindOptions", "BindWish",
      "ColumnOptions", "ColumnPropertyOptions", "CompileOptions",
      "ConflictTarget", "ConflictUpdate", "ConnectionOptions",
      "Decoration", "DialectName",
      "EngineOptions", "ExecutionOptions", "ExplainOptions", "Explanation", "ForeignKeyOptions", "GetOptions",
      "History", "IdentityOptions", "IndexOptions", "InspectorOptions",
      "ListenOptions", "LoaderCriteriaOptions", "MetaDataOptions", "MultiOptions", "ORMExecuteState", "Object",
      "OrderingListOptions",
      "Plan", "PlannedStatement", "ReflectOptions", "ReflectedCheckConstraint", "ReflectedColumn",
      "ReflectedForeignKey", "ReflectedIndex", "ReflectedPrimaryKey", "ReflectedUniqueConstraint",
      "RelationshipOptions", "RetryOptions", "RowLock", "SequenceOptions", "SessionOptions", "ShardedSessionOptions",
      "ToTableOptions", "URLParts", "ViewOptions", "func", "null",
    }
    local others = {}
    for name in pairs(classes) do others[name] = true end
    for name in pairs(sub_tables()) do others[name] = nil end
    for name in pairs(instances) do
      for _, class in ipairs(stubs.lineage(classes, name)) do others[class.name] = nil end
    end
    table.sort(plain)
    assert.same(plain, sorted(others))
  end)
end)

describe("the reference", function()
  local classes, functions, members

  setup(function()
    classes = stubs.classes()
    functions, members = {}, {}
    for _, path in ipairs(pages) do
      page.each_row(page.read(path), function(heading, spans)
        for _, span in ipairs(spans) do
          local of_module = span:match "^corm%.([%w_]+)"
          if of_module then
            functions[of_module] = true
          else
            for class in heading:gmatch "[%w_]+" do
              if classes[class] then
                members[class] = members[class] or {}
                members[class][span:match "^[%w_]+"] = true
              end
            end
          end
        end
      end)
    end
  end)

  -- A member stands in a section of its class, of one above it, or of one that inherits it.
  local function is_documented(class, member)
    for _, above in ipairs(stubs.lineage(classes, class)) do
      if members[above.name] and members[above.name][member] then return true end
    end
    return false
  end

  it("has every function and field of the module", function()
    for name in pairs(corm) do
      local in_a_section = name == "event"
      assert.is_true(functions[name] or in_a_section, "corm." .. name .. " is not in the reference")
    end
    assert.is_not_nil(members.event)
  end)

  it("names nothing that the module has not", function()
    for name in pairs(functions) do assert.is_not_nil(rawget(corm, name), "corm." .. name) end
  end)

  it("has every member of every class", function()
    for name in pairs(surface.instances()) do
      for member in pairs(declared(classes, name)) do
        assert.is_true(is_documented(name, member), ("%s.%s is not in the reference"):format(name, member))
      end
    end
    for _, name in ipairs { "Object", "event", "URLClass", "dateClass", "timeClass", "datetimeClass" } do
      for member in pairs(classes[name].members) do
        assert.is_true(is_documented(name, member), ("%s.%s is not in the reference"):format(name, member))
      end
    end
  end)

  it("names no member that a class has not", function()
    for name, listed in pairs(members) do
      local known = declared(classes, name)
      for member in pairs(listed) do
        assert.is_true(known[member] == true, ("the reference has %s.%s, which is not there"):format(name, member))
      end
    end
  end)

  it("links to pages that are there", function()
    for _, path in ipairs(pages) do
      for link in page.read(path):gmatch "%]%(([%w_/]+%.md)[)#]" do
        local file = io.open(path:match "^.*/" .. link)
        assert.is_truthy(file, path .. " links to " .. link)
        file:close()
      end
    end
  end)

  for _, path in ipairs(pages) do
    it("prints what it promises: " .. path, function()
      local code, promised = page.program(page.read(path))
      assert.is_true(#promised > 0)
      assert.same(promised, page.run(code, "@" .. path))
    end)
  end
end)
