-- The table of bench/scale, which starts it: `growth.lua DIRECTORY PROGRAM WORK [-n N] [CASE...]`.

local here, program, work = arg[1], arg[2], arg[3]

-- Ten times the objects take at most twenty times the processor's time, since what is larger than its caches waits
-- longer; a quadratic step takes a hundred times. `most`: a bar of the case's own; `bytes`: that of peak memory an
-- object; `flat`: memory does not grow after the first tenth; `witness`: not corm's work, and as it is.
local MILLION, SOME = 1000000, 100000
local CASES = {
  { name = "plain_tables", n = MILLION, witness = true },
  { name = "flush", n = MILLION, most = 12, bytes = 1500 },
  { name = "flush_chain", n = MILLION, most = 12, bytes = 1500 },
  { name = "walk_chain", n = MILLION },
  { name = "walk_down", n = SOME },
  { name = "delete_chain", n = MILLION },
  { name = "delete_chain_in_memory", n = MILLION },
  { name = "units", n = MILLION, flat = true },
  { name = "expired_read_again", n = MILLION },
  { name = "change_all", n = MILLION },
  { name = "roll_back_changes", n = MILLION },
  { name = "roll_back_new", n = MILLION },
  { name = "close_with_changes", n = MILLION },
  { name = "close_in_savepoint", n = MILLION },
  { name = "expunge_new", n = SOME },
  { name = "expire_changed", n = SOME },
  { name = "take_deletes_back", n = SOME },
  { name = "savepoints", n = SOME },
  { name = "savepoints_rolled_back", n = SOME },
  { name = "savepoints_in_one", n = SOME },
  { name = "merges", n = SOME },
  -- A thousand flushes, beside more and more that is loaded.
  { name = "small_inserts", n = MILLION, most = 2 },
  { name = "small_updates", n = MILLION, most = 2 },
  { name = "small_deletes", n = MILLION, most = 2 },
  { name = "small_deletes_of_referred", n = MILLION, most = 2 },
  { name = "small_queries", n = MILLION, most = 2 },
  { name = "remove_from_front", n = SOME },
  { name = "remove_from_back", n = SOME },
  { name = "pop_all", n = SOME },
  { name = "move_all", n = SOME },
  { name = "replace_all", n = SOME },
  { name = "replace_half", n = SOME },
  { name = "append_each", n = SOME },
  { name = "append_unloaded", n = SOME },
  { name = "orphan_new", n = SOME },
  { name = "orphan_unnamed", n = SOME },
  { name = "delete_collected", n = SOME },
  { name = "delete_collected_backwards", n = SOME },
  { name = "delete_with_collection", n = SOME },
  { name = "sort", n = SOME },
  { name = "dictionary", n = SOME },
  { name = "dictionary_by_function", n = SOME },
  { name = "contains", n = SOME },
}

local by_name = {}
for _, case in ipairs(CASES) do by_name[case.name] = case end

local function usage(message)
  io.stderr:write("bench/scale: ", message, "\nusage: bench/scale [-n N] [CASE...]\n")
  os.exit(2)
end

local chosen, size = {}, nil
local i = 4
while arg[i] do
  if arg[i] == "-n" then
    i = i + 1
    size = math.tointeger(tonumber(arg[i]))
    if not size or size < 1000 then usage "-n needs a number of at least 1000" end
  else
    chosen[#chosen + 1] = by_name[arg[i]] or usage("there is no case or option '" .. arg[i] .. "'")
  end
  i = i + 1
end
local complete = #chosen == 0 and not size
if #chosen == 0 then chosen = CASES end

local function run(case, n)
  local database = work .. "/scale.db"
  os.remove(database)
  local pipe = assert(io.popen(("'%s' run '%s/scale.lua' %s %d '%s'"):format(program, here, case.name, n, database)))
  local text = pipe:read "a"
  local ok, _, code = pipe:close()
  local seconds, peak, growth = text:match "^([%d.]+) (%-?%d+) (%-?%d+)\n"
  if not ok or not seconds then error(("%s with %d failed (%s): %s"):format(case.name, n, code, text), 0) end
  return tonumber(seconds), tonumber(peak), tonumber(growth)
end

-- What else the machine does makes a run longer, never shorter: one that took too long is done again.
local TRIES = 5
local function measure(case, n, most)
  local before, seconds, peak, growth, ratio = math.huge, math.huge, nil, nil, nil
  for _ = 1, TRIES do
    before = math.min(before, (run(case, n // 10)))
    local now, top, more = run(case, n)
    if now < seconds then seconds, peak, growth = now, top, more end
    -- Less than a hundredth of a second says nothing of a ratio.
    ratio = seconds / math.max(before, 0.01)
    if ratio <= most then break end
  end
  return seconds, ratio, peak, growth
end

local lines = {}
local function say(text)
  lines[#lines + 1] = text
  print(text)
  io.stdout:flush()
end

say "| case | n | time | ratio | may be | bytes an object | verdict |"
say "|---|---|---|---|---|---|---|"
local failed = false
for _, case in ipairs(chosen) do
  local n, most = size or case.n, case.witness and math.huge or case.most or 20
  local seconds, ratio, peak, growth = measure(case, n, most)
  local faults = {}
  if ratio > most then faults[#faults + 1] = "grows too fast" end
  if case.bytes and peak / n > case.bytes then faults[#faults + 1] = "above " .. case.bytes .. " bytes" end
  if case.flat and growth > 4 << 20 then faults[#faults + 1] = ("grew by %.1f MB"):format(growth / 2 ^ 20) end
  failed = failed or #faults > 0
  say(("| %s | %d | %.2f s | %.1f | %g | %.0f | %s |"):format(case.name, n, seconds, ratio, most, peak / n,
    case.witness and "Lua alone" or #faults > 0 and table.concat(faults, ", ") or "ok"))
end
if complete then
  local file = assert(io.open(here .. "/results-growth.md", "w"))
  file:write("# Last results: how the work grows\n\n",
    "Written by `bench/scale`: with n and with n / 10 objects, one run each; the best of up to five where that took\n",
    "too long.\n\n", table.concat(lines, "\n"), "\n")
  file:close()
end
os.exit(failed and 1 or 0)
