-- Runs every case alternately in raw C and in corm, each time in a process of its own on a fresh file, takes the best
-- of the repeats, checks what was read and written, and prints the ratios beside the bars. bench/run starts it.

local here, raw, work = arg[1], arg[2], arg[3]

-- start: the file a case begins with; leaves: what must be in it afterwards. A case with `unit` has no counterpart in
-- raw C: its bar is a measure by itself, `per(n)` the number of things that were done, `check(n)` what it must report.
local CASES = {
  { name = "insert_objects", start = "schema", leaves = "expect_authors", bar = 2.0 },
  { name = "insert_graph", start = "schema", leaves = "expect_graph", bar = 2.2 },
  { name = "insert_bulk", start = "schema", leaves = "expect_authors", bar = 1.8 },
  { name = "load_all", start = "fill_authors", leaves = "expect_authors", bar = 3.5 },
  { name = "load_eager", start = "fill_graph", leaves = "expect_graph", bar = 5.0 },
  { name = "get_by_pk", start = "fill_authors", leaves = "expect_authors", bar = 1.3 },
  { name = "update_objects", start = "fill_authors", leaves = "expect_updated", bar = 1.8 },
  { name = "select_filter", start = "fill_authors", leaves = "expect_authors", bar = 2.0 },
  { name = "delete_objects", start = "fill_authors", leaves = "expect_deleted", bar = 1.6 },
  { name = "get_identity", start = "fill_authors", unit = "ns", scale = 1e9, bar = 250,
    per = function() return 1000000 end, check = function() return 1000000 end },
  { name = "compile_only", start = "schema", unit = "us", scale = 1e6, bar = 8,
    per = function(n) return n end, check = function(n) return n end },
  { name = "attr_get", start = "fill_authors", unit = "ns", scale = 1e9, bar = 30,
    per = function() return 10000000 end, check = function() return 19 end },
  { name = "attr_set", start = "fill_authors", unit = "ns", scale = 1e9, bar = 45,
    per = function() return 10000000 end, check = function() return 19 end },
  { name = "memory", start = "fill_authors", unit = "bytes", scale = 1, bar = 320,
    per = function(n) return n end, check_as = "load_all" },
}
local SCALE_CASES, SCALE_ROWS = { "insert_objects", "load_all", "update_objects" }, { 10000, 100000, 1000000 }

local by_name = {}
for _, case in ipairs(CASES) do by_name[case.name] = case end

local function quit(format, ...)
  io.stderr:write("bench: ", format:format(...), "\n")
  os.exit(1)
end

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- The output of a command; its failure ends the benchmark.
local function output(...)
  local words = {}
  for _, word in ipairs { ... } do words[#words + 1] = quote(tostring(word)) end
  local command = table.concat(words, " ")
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  if not pipe:close() then quit("failed: %s", command) end
  return (text:gsub("%s+$", ""))
end

-- A fresh copy of the file that the case begins with; the original is made once for each N.
local made = {}
local function fresh_file(case, n)
  local original, copy = ("%s/%s-%d.db"):format(work, case.start, n), work .. "/run.db"
  if not made[original] then
    output(raw, case.start, original, n)
    made[original] = true
  end
  output("cp", original, copy)
  output("sync", copy) -- so that the case does not pay for writing the copy
  return copy
end

-- One process: its measure and its check; what is left in the file is compared with the data functions.
local function once(case, n, ...)
  local file = fresh_file(case, n)
  local command = { ... }
  command[#command + 1] = case.name
  command[#command + 1] = file
  command[#command + 1] = n
  local line = output(table.unpack(command))
  local name, measure, check = line:match("^(%S+) (%S+) (%S+)$")
  if name ~= case.name then quit("%s printed '%s'", command[1], line) end
  if case.leaves then
    local found, expected = output(raw, "sums", file, n), output(raw, case.leaves, file, n)
    if found ~= expected then quit("%s by %s left\n  %s\nand not\n  %s", name, command[1], found, expected) end
  end
  return tonumber(measure), check
end

local function measure(case, n, repeats)
  local best_raw, best_corm = math.huge, math.huge
  for _ = 1, repeats do
    local expected
    if case.unit then
      expected = case.check and tostring(case.check(n)) or select(2, once(by_name[case.check_as], n, raw))
    else
      local seconds
      seconds, expected = once(case, n, raw)
      best_raw = math.min(best_raw, seconds)
    end
    local got, check = once(case, n, "lua5.4", here .. "/corm.lua")
    if check ~= expected then quit("%s: corm's check is %s and not %s", case.name, check, expected) end
    best_corm = math.min(best_corm, got)
  end
  return best_raw, best_corm
end

local lines = {}
local function say(format, ...)
  local line = format:format(...)
  lines[#lines + 1] = line
  print(line)
end

local function verdict(value, bar)
  return value <= bar and "reached" or ("missed by %.0f %%"):format((value / bar - 1) * 100)
end

local function compare(names, n, repeats)
  say("| case | raw C | corm | ratio | first bar | |")
  say("|---|---|---|---|---|---|")
  for _, name in ipairs(names) do
    local case = by_name[name]
    local raw_seconds, corm = measure(case, n, repeats)
    if case.unit then
      local value = corm * case.scale / case.per(n)
      say("| %s | | %.3g %s | | %g %s | %s |", name, value, case.unit, case.bar, case.unit, verdict(value, case.bar))
    else
      local ratio = corm / raw_seconds
      say("| %s | %.1f ms | %.1f ms | **%.2f** | %.1f | %s |", name, raw_seconds * 1e3, corm * 1e3, ratio, case.bar,
        verdict(ratio, case.bar))
    end
  end
end

local function grow(names, repeats)
  say("| case | rows | raw C | corm | ratio | corm's growth (bar: 11) | raw C's growth |")
  say("|---|---|---|---|---|---|---|")
  for _, name in ipairs(names) do
    local last_raw, last_corm
    for _, n in ipairs(SCALE_ROWS) do
      local raw_seconds, corm = measure(by_name[name], n, repeats)
      local corm_growth = last_corm and ("%.1f"):format(corm / last_corm) or ""
      local raw_growth = last_raw and ("%.1f"):format(raw_seconds / last_raw) or ""
      say("| %s | %d | %.1f ms | %.1f ms | **%.2f** | %s | %s |", name, n, raw_seconds * 1e3, corm * 1e3,
        corm / raw_seconds, corm_growth, raw_growth)
      last_raw, last_corm = raw_seconds, corm
    end
  end
end

local function usage(message)
  io.stderr:write("bench/run: ", message, "\nusage: bench/run [-n N] [-r REPEATS] [CASE...]\n",
    "       bench/run --scale [-r REPEATS] [CASE...]\n")
  os.exit(2)
end

local function options(words)
  local parsed, i = { n = 100000, repeats = 3, names = {} }, 4
  local function number(low)
    i = i + 1
    local value = math.tointeger(tonumber(words[i]))
    if not value or value < low then usage(words[i - 1] .. " needs a number of at least " .. low) end
    return value
  end
  while words[i] do
    local word = words[i]
    if word == "-n" then parsed.n = number(10)
    elseif word == "-r" then parsed.repeats = number(1)
    elseif word == "--scale" then parsed.scale = true
    elseif by_name[word] then parsed.names[#parsed.names + 1] = word
    else usage("there is no case or option '" .. word .. "'") end
    i = i + 1
  end
  return parsed
end

local chosen = options(arg)
local complete = #chosen.names == 0
if chosen.scale then
  for _, name in ipairs(chosen.names) do
    if by_name[name].unit then usage(name .. " has no scale") end
  end
  grow(complete and SCALE_CASES or chosen.names, chosen.repeats)
else
  if complete then
    for _, case in ipairs(CASES) do chosen.names[#chosen.names + 1] = case.name end
  end
  compare(chosen.names, chosen.n, chosen.repeats)
end
if complete then
  local mode, rows = "", ("N = %d, "):format(chosen.n)
  if chosen.scale then mode, rows = " --scale", "" end
  local file = assert(io.open(here .. (chosen.scale and "/results-scale.md" or "/results.md"), "w"))
  file:write("# Last results\n\nWritten by `bench/run", mode, "`: ", rows, "the best of ", chosen.repeats,
    " runs each, SQLite ", output("pkg-config", "--modversion", "sqlite3"), ", ", _VERSION, ".\n",
    "A difference under a quarter is no difference.\n\n", table.concat(lines, "\n"), "\n")
  file:close()
end
