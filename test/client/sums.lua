-- wrk: asks clerk for sums, and checks each answer by the prompt that it repeats.
--
--   wrk -t 2 -c 16 -d 3s -s sums.lua http://127.0.0.1:8000/v1/completions
--
-- The last line is JSON: how many were answered, how many were not 200 or wrong, and what wrk counted as errors.

wrk.method = "POST"
wrk.headers["content-type"] = "application/json"

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  answered, refused, wrong, strange = 0, 0, 0, ""
  turn = 0
end

function request()
  turn = turn + 1
  local sum = string.format("%d + %d =", 10 + turn * 7 % 90, 10 + turn * 11 % 90)
  return wrk.format(nil, nil, nil, '{"model": "clerk", "prompt": "' .. sum .. '", "temperature": 0, "echo": true}')
end

function response(status, headers, body)
  answered = answered + 1
  local first, second, sum = body:match('"text":"(%d+) %+ (%d+) = (%d+)"')
  if status ~= 200 then
    refused, strange = refused + 1, status .. " " .. body
  elseif not sum or tonumber(first) + tonumber(second) ~= tonumber(sum) then
    wrong, strange = wrong + 1, body
  end
end

function done(summary, latency, requests)
  local total = {answered = 0, refused = 0, wrong = 0}
  local example = ""
  for _, thread in ipairs(threads) do
    for name, count in pairs(total) do
      total[name] = count + thread:get(name)
    end
    if thread:get("strange") ~= "" then example = thread:get("strange") end
  end
  local errors = summary.errors
  print(string.format(
    '{"answered": %d, "refused": %d, "wrong": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}',
    total.answered, total.refused, total.wrong, errors.connect, errors.read, errors.write, errors.timeout, errors.status))
  io.stderr:write(example)
end
