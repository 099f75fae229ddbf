-- Load for wrk: proofs that events drawn by chance are in the log's tree.

local key = os.getenv("TOCSIN_BENCH_KEY") or ""
local events = tonumber(os.getenv("TOCSIN_BENCH_EVENTS"))
local headers = { ["Authorization"] = "Bearer " .. key }

request = function()
  local position = math.random(1, events)
  local path = "/ledger/inclusion?size=" .. events .. "&position=" .. position
  return wrk.format("GET", path, headers)
end

dofile(os.getenv("TOCSIN_BENCH_SCRIPTS") .. "/telling.lua")
