std = "lua54"
max_line_length = 120
exclude_files = { "build", "build-*" }
files["spec"] = { std = "lua54+busted" }
-- Stubs declare what they never use.
files["lua/corm/meta"] = { ignore = { "211", "212", "221", "241" } }
