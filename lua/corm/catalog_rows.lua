-- What the catalogs make of rows, each of which has the name of its table.
local answers = {}

-- By table, a list of what `make` gives for each row, unless that is nil.
function answers.lists(rows, make)
  local answer = {}
  for _, row in ipairs(rows) do
    local made = make(row)
    if made then
      local list = answer[row.table] or {}
      list[#list + 1] = made
      answer[row.table] = list
    end
  end
  return answer
end

-- By table, what `make` gives for its row.
function answers.singles(rows, make)
  local answer = {}
  for _, row in ipairs(rows) do answer[row.table] = make(row) end
  return answer
end

function answers.names(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row.name end
  return list
end

return answers
