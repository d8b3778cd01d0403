-- Runs every case alternately in raw C and in corm, each time in a process of its own on fresh tables, takes the best
-- of the repeats, checks what was read and written, and prints the ratios beside the bars. bench/run starts it:
-- compare.lua HERE TOOLS WORK CLIENT URL WORDS...

local here, tools, work, database, url = arg[1], arg[2], arg[3], arg[4], arg[5]
local raw = ("%s/raw_%s"):format(tools, database)
local host -- what runs the scripts

-- start: the tables a case begins with; leaves: what must be in them afterwards. `keys`: the check is the sum of the
-- generated keys. A case with `unit` has no counterpart in raw C: its bar is a measure by itself, `per(n)` the number
-- of things that were done, `check(n)` what it must report. Bars: of a file of SQLite's, of a server, of one behind a
-- network (where only round trips count).
local CASES = {
  { name = "insert_objects", start = "schema", leaves = "expect_authors", keys = true, bar = 1.5, wire = 1.5 },
  { name = "insert_graph", start = "schema", leaves = "expect_graph", keys = true, bar = 1.6, wire = 1.5 },
  { name = "insert_bulk", start = "schema", leaves = "expect_authors", bar = 1.2, wire = 1.5 },
  { name = "load_all", start = "fill_authors", leaves = "expect_authors", bar = 3.0, wire = 1.5 },
  { name = "load_eager", start = "fill_graph", leaves = "expect_graph", bar = 3.5, wire = 1.5 },
  { name = "get_by_pk", start = "fill_authors", leaves = "expect_authors", bar = 0.4, wire = 1.15 },
  { name = "update_objects", start = "fill_authors", leaves = "expect_updated", bar = 1.4, wire = 1.5 },
  { name = "select_filter", start = "fill_authors", leaves = "expect_authors", bar = 1.2, wire = 1.15 },
  { name = "delete_objects", start = "fill_authors", leaves = "expect_deleted", bar = 1.3, wire = 1.5 },
  { name = "get_identity", start = "fill_authors", unit = "ns", scale = 1e9, bar = 150,
    per = function() return 1000000 end, check = function() return 1000000 end },
  { name = "compile_only", start = "schema", unit = "us", scale = 1e6, bar = 3,
    per = function(n) return n end, check = function(n) return n end },
  { name = "attr_get", start = "fill_authors", unit = "ns", scale = 1e9, bar = 25,
    per = function() return 10000000 end, check = function() return 19 end },
  { name = "attr_set", start = "fill_authors", unit = "ns", scale = 1e9, bar = 30,
    per = function() return 10000000 end, check = function() return 19 end },
  { name = "memory", start = "fill_authors", unit = "bytes", scale = 1, bar = 300,
    per = function(n) return n end, check_as = "load_all" },
}
local FLOOR_CASES = { "insert_objects", "insert_graph", "insert_bulk", "load_all", "load_eager" }
local SCALE_CASES, SCALE_ROWS = { "insert_objects", "load_all", "update_objects" }, { 10000, 100000, 1000000 }
local BEHIND_NETWORK = 1.15
-- InnoDB leaves gaps between the keys that it gives to the rows of an array.
local HAS_GAPS = { libmariadb = true }

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

-- A file: a fresh copy of the one that the case begins with, which is made once for each N. Returns its path and URL.
local made = {}
local function fresh_file(case, n)
  local original, copy = ("%s/%s-%d.db"):format(work, case.start, n), work .. "/run.db"
  if not made[original] then
    output(raw, case.start, original, n)
    made[original] = true
  end
  output("cp", original, copy)
  output("sync", copy) -- so that the case does not pay for writing the copy
  return copy, "sqlite:///" .. copy
end

-- A server: its tables made anew.
local function fresh_tables(case, n)
  output(raw, case.start, url, n)
  return url, url
end

local fresh = database == "sqlite" and fresh_file or fresh_tables

-- What is left in the tables must be what the data functions say.
local function check_tables(case, peer, target, n, check)
  local found, expected = output(raw, "sums", target, n), output(raw, case.leaves, target, n)
  local authors, books = found:match("^authors %d+ ids (%d+) .* ids (%d+) parents")
  if case.keys and math.tointeger(tonumber(check)) ~= authors + books then
    quit("%s by %s: the keys' sum is %s, in the tables\n  %s", case.name, peer, check, found)
  end
  if case.start == "schema" and HAS_GAPS[database] then
    found, expected = found:gsub("ids %d+", ""), expected:gsub("ids %d+", "")
    found, expected = found:gsub("parents %d+", ""), expected:gsub("parents %d+", "")
  end
  if found ~= expected then quit("%s by %s left\n  %s\nand not\n  %s", case.name, peer, found, expected) end
end

-- One process: its measure and its check.
local function once(case, n, peer)
  local target, target_url = fresh(case, n)
  local line
  if peer == "raw" then
    line = output(raw, case.name, target, n)
  else
    line = output(host, here .. "/corm.lua", case.name, target_url, n)
  end
  local name, measure, check = line:match("^(%S+) (%S+) (%S+)$")
  if name ~= case.name then quit("%s printed '%s'", peer, line) end
  if case.leaves then check_tables(case, peer, target, n, check) end
  return tonumber(measure), check
end

local function measure(case, n, repeats)
  local best_raw, best_corm = math.huge, math.huge
  for _ = 1, repeats do
    local expected
    if case.unit then
      expected = case.check and tostring(case.check(n)) or select(2, once(by_name[case.check_as], n, "raw"))
    else
      local seconds
      seconds, expected = once(case, n, "raw")
      best_raw = math.min(best_raw, seconds)
    end
    local got, check = once(case, n, "corm")
    if check ~= expected and not (case.keys and HAS_GAPS[database]) then
      quit("%s: corm's check is %s and not %s", case.name, check, expected)
    end
    best_corm = math.min(best_corm, got)
  end
  return best_raw, best_corm
end

local lines = {}
local function say(format, ...)
  local line = format:format(...)
  lines[#lines + 1] = line
  print(line)
  io.stdout:flush()
end

local function verdict(value, bar)
  return value <= bar and "reached" or ("missed by %.0f %%"):format((value / bar - 1) * 100)
end

local function compare(names, n, repeats, bar_of)
  say("| case | raw C | corm | ratio | bar | |")
  say("|---|---|---|---|---|---|")
  for _, name in ipairs(names) do
    local case = by_name[name]
    local raw_seconds, corm = measure(case, n, repeats)
    if case.unit then
      local value = corm * case.scale / case.per(n)
      say("| %s | | %.3g %s | | %g %s | %s |", name, value, case.unit, case.bar, case.unit, verdict(value, case.bar))
    else
      local ratio, bar = corm / raw_seconds, bar_of(case)
      say("| %s | %.1f ms | %.1f ms | **%.2f** | %g | %s |", name, raw_seconds * 1e3, corm * 1e3, ratio, bar,
        verdict(ratio, bar))
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

-- Raw C, then Lua alone, then corm, in turn.
local function floor(names, n, repeats, bar_of)
  say("| case | raw C | Lua alone | both | the least of Lua | corm | bar |")
  say("|---|---|---|---|---|---|---|")
  for _, name in ipairs(names) do
    local case, best = by_name[name], { math.huge, math.huge, math.huge, math.huge }
    for _ = 1, repeats do
      local line = output(host, here .. "/floor.lua", name, n)
      local least = output(host, here .. "/floor.lua", name, n, "least")
      for i, seconds in ipairs {
        (once(case, n, "raw")), line:match("^%S+ (%S+)"), least:match("^%S+ (%S+)"), (once(case, n, "corm")),
      } do best[i] = math.min(best[i], tonumber(seconds)) end
    end
    local raw_best, lua_best, least_best, corm_best = table.unpack(best)
    say("| %s | %.1f ms | %.1f ms | **%.2f** | **%.2f** | **%.2f** | %g |", name, raw_best * 1e3, lua_best * 1e3,
      (raw_best + lua_best) / raw_best, least_best / raw_best, corm_best / raw_best, bar_of(case))
  end
end

local function usage(message)
  io.stderr:write("bench/run: ", message, "\n",
    "usage: bench/run [-d DATABASE] [--host PROGRAM] [-n N] [-r REPEATS] [CASE...]\n",
    "       bench/run -d postgresql|mariadb --rtt MICROSECONDS [-n N] [-r REPEATS] [CASE...]\n",
    "       bench/run --floor [-d DATABASE] [--rtt MICROSECONDS] [-n N] [-r REPEATS]\n",
    "       bench/run --scale [-r REPEATS] [CASE...]\n")
  os.exit(2)
end

local function options(words)
  local parsed, i = { n = 100000, repeats = 3, names = {} }, 6
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
    elseif word == "--rtt" then parsed.rtt = number(1)
    elseif word == "--host" then
      i = i + 1
      parsed.host = words[i] or usage "--host needs a program"
    elseif word == "--scale" then parsed.scale = true
    elseif word == "--floor" then parsed.floor = true
    elseif by_name[word] then parsed.names[#parsed.names + 1] = word
    else usage("there is no case or option '" .. word .. "'") end
    i = i + 1
  end
  return parsed
end

-- Cases without a counterpart in raw C do not depend on the database: they are SQLite's.
local function all_names()
  local names = {}
  for _, case in ipairs(CASES) do
    if database == "sqlite" or not case.unit then names[#names + 1] = case.name end
  end
  return names
end

local function bar_of(rtt)
  if rtt then return function() return BEHIND_NETWORK end end
  return function(case) return database == "sqlite" and case.bar or case.wire end
end

local SUFFIX = { sqlite = "", libpq = "-postgresql", libmariadb = "-mariadb" }
local NAME = { sqlite = "SQLite", libpq = "PostgreSQL", libmariadb = "MariaDB" }
local PACKAGE = { sqlite = "sqlite3", libpq = "libpq", libmariadb = "libmariadb" }

local function write_results(chosen)
  local mode, rows = "", ("N = %d, "):format(chosen.n)
  if chosen.scale then mode, rows = " --scale", "" end
  if database ~= "sqlite" then mode = mode .. " -d " .. NAME[database]:lower() end
  if chosen.rtt then mode = mode .. " --rtt " .. chosen.rtt end
  if chosen.host then mode = mode .. " --host " .. chosen.host end
  local suffix = (chosen.scale and "-scale" or SUFFIX[database]) .. (chosen.rtt and "-network" or "") ..
    (chosen.host and "-" .. chosen.host:match("[^/]+$") or "")
  local file = assert(io.open(("%s/results%s.md"):format(here, suffix), "w"))
  local network = chosen.rtt and (" behind a round trip of %d us"):format(chosen.rtt) or ""
  local package = PACKAGE[database]
  file:write(("# Last results: %s%s\n\nWritten by `bench/run%s`: %sthe best of %d runs each, %s %s, %s.\n"):format(
      NAME[database], network, mode, rows, chosen.repeats, package, output("pkg-config", "--modversion", package),
      _VERSION),
    "A difference under a quarter is no difference.\n\n", table.concat(lines, "\n"), "\n")
  file:close()
end

local chosen = options(arg)
host = chosen.host or os.getenv "BENCH_PROGRAM"
local complete = #chosen.names == 0
if chosen.floor then
  floor(FLOOR_CASES, chosen.n, chosen.repeats, bar_of(chosen.rtt))
  complete = false
elseif chosen.scale then
  for _, name in ipairs(chosen.names) do
    if by_name[name].unit then usage(name .. " has no scale") end
  end
  grow(complete and SCALE_CASES or chosen.names, chosen.repeats)
else
  compare(complete and all_names() or chosen.names, chosen.n, chosen.repeats, bar_of(chosen.rtt))
end
if complete then write_results(chosen) end
