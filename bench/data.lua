-- The rows of the benchmark: a fixed function of the row number, the same as in bench.c.
local data = { BOOKS_PER_AUTHOR = 10 }

function data.author(i)
  return {
    name = "author " .. i,
    email = "author" .. i .. "@example.org",
    age = 18 + i % 63,
    score = i % 1000 * 0.125,
  }
end

function data.book(i)
  return { title = "book " .. i, year = 1900 + i % 125, price = i % 400 * 0.25 }
end

return data
