-- with_loader_criteria: conditions that hold of classes wherever a statement names them.
local corm, load = ...
local orm = load "corm.orm"
local native, info, fail = orm.native, orm.info, orm.fail

local function is_mapped(class)
  return info[class] ~= nil and info[class].mapper ~= nil
end

-- True for the class itself, and for its bases, abstract classes and mixins.
local function concerns(class, target)
  while class do
    if class == target then return true end
    local ci = info[class]
    for _, mixin in ipairs(ci and ci.mixins or {}) do
      if mixin == target or (info[mixin] and concerns(mixin, target)) then return true end
    end
    class = ci and (ci.base or ci.parent)
  end
  return false
end

local allowed = {
  include_aliases = "boolean", propagate_to_loaders = "boolean",
  track_closure_variables = "!has no meaning here: the function is called for each statement",
  loader_only = "!is not there",
}

-- True for a class over a select, or over a union of tables: what holds of it is said there.
local function is_compound(class)
  local from = info[class].fields.__table__
  return info[class].united ~= nil or native.kind(from) ~= "Table" and not native.joined_tables(from)
end

-- with_loader_criteria(class or base or mixin, condition or function(class) -> condition [, options])
function corm.with_loader_criteria(target, where, options)
  local name = "with_loader_criteria"
  local alias = getmetatable(target) == "corm.alias"
  if type(target) ~= "table" or alias then
    fail("ArgumentError", "%s: a mapped class, a base or a mixin expected, got %s", name, alias
      and "an alias; include_aliases = true makes criteria of the class hold of its aliases" or native.kind(target))
  end
  if is_mapped(target) and is_compound(target) then
    fail("InvalidRequestError", "%s does not reach the rows of %s, which come from a select or a union of tables: say "
      .. "the condition in the query, or in what the class is mapped to", name, info[target].name)
  end
  options = orm.check_options(name, options, allowed)
  if type(where) ~= "function" then
    if not is_mapped(target) then
      fail("ArgumentError", "%s: of a base or mixin a function(class) that returns a condition is expected, got %s",
        name, native.kind(where))
    end
    native.check_condition(where, name)
  end
  return native.criterion(target, where, options.include_aliases or false, options.propagate_to_loaders ~= false)
end

-- The condition that an option says of a class, or nil.
local function criterion(class, target, where)
  if not concerns(class, target) then return nil end
  if type(where) ~= "function" then return where end
  return where(class)
end

orm.functions { criterion = criterion }
