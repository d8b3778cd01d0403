-- What a statement gives: rows.of(connection, stmt) as a list of lists, rows.column(connection, stmt) the first column.
local rows = {}

function rows.of(connection, stmt)
  local all = {}
  for row in connection:execute(stmt) do all[#all + 1] = { row:unpack() } end
  return all
end

function rows.column(connection, stmt)
  return connection:scalars(stmt):all()
end

return rows
