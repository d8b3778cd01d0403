-- Who listens to mapped classes: what is asked when a class is declared or configured. How one listens, and what
-- listeners are called with, is in events.lua.
local _, load = ...
local orm = load "corm.orm"
local constructor = load "corm.constructor"
local inspect = orm.later "corm.inspect"
local native, info = orm.native, orm.info

local listeners = {}

-- family -> name -> number of its bit.
local bits = native.events()
listeners.bits = bits

-- Session, sessionmaker, "all" for corm.Session or MAPPERS for corm.Mapper -> name -> list.
local of_sessions = native.session_listeners()
local MAPPERS = "mappers"
local of_all = of_sessions[MAPPERS] or {}
of_sessions[MAPPERS] = of_all
listeners.of_sessions, listeners.of_all = of_sessions, of_all

function listeners.tell(lists, name, ...)
  for _, entry in ipairs(lists and lists[name] or {}) do entry.call(...) end
end

-- Listeners of a class: its own, those of the abstract classes and the base above it, and what mapped classes above it
-- propagate.
function listeners.each(ci, name, visit)
  local own = true
  local at = ci
  while at do
    for _, entry in ipairs(at.events and at.events[name] or {}) do
      if own or not at.mapper or entry.propagate then visit(entry) end
    end
    own = false
    at = info[at.base or at.parent]
  end
  for _, entry in ipairs(of_all[name] or {}) do visit(entry) end
end

local function has_listener(ci, name)
  local found = false
  listeners.each(ci, name, function() found = true end)
  return found
end

-- Tells the core which events of the class somebody listens to.
function listeners.observe(ci)
  local mask = 0
  for _, family in ipairs { "mapper", "instance" } do
    for name, bit in next, bits[family] do
      if has_listener(ci, name) then mask = mask | 1 << bit end
    end
  end
  native.observe(ci.mapper, mask)
end

function listeners.changed()
  for _, ci in next, info do
    if ci.mapper and ci.events then listeners.observe(ci) end
  end
  constructor.update_all()
end

constructor.listeners(function(ci, name)
  local list = {}
  listeners.each(ci, name, function(entry) list[#list + 1] = entry.call end)
  return list
end)

-- Classes of a registry are about to be configured, or have been.
function listeners.before_configured() listeners.tell(of_all, "before_configured") end

function listeners.configured(list)
  for _, ci in ipairs(list) do
    if ci.registry.classes[ci.name] == ci.class then -- and was not refused
      listeners.each(ci, "mapper_configured", function(entry) entry.call(inspect(ci.class), ci.class) end)
    end
  end
  listeners.tell(of_all, "after_configured")
end

-- Makes C ask for each new value of the attribute; relationships are hooked when they are configured.
function listeners.hook(ci, key)
  ci.hooked[key] = true
  return native.hook(ci.mapper, key)
end

return listeners
