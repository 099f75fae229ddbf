-- Load for wrk: proofs that events drawn by chance are in the log's tree.

local key = os.getenv("TOCSIN_BENCH_KEY") or ""
local events = tonumber(os.getenv("TOCSIN_BENCH_EVENTS"))
local headers = { ["Authorization"] = "Bearer " .. key }

request = function()
  local position = math.random(1, events)
  local path = "/ledger/inclusion?size=" .. events .. "&position=" .. position
  return wrk.format("GET", path, headers)
end

done = function(summary, latency)
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"failed":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
