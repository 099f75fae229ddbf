-- Load for wrk: the addresses of a file are asked for, one after another, and again from the first.

local headers = { ["Authorization"] = "Bearer " .. (os.getenv("TOCSIN_BENCH_KEY") or "") }
local paths, place = {}, 0
for line in io.lines(os.getenv("TOCSIN_BENCH_PATHS")) do
  paths[#paths + 1] = line
end

request = function()
  place = place % #paths + 1
  return wrk.format("GET", paths[place], headers)
end

done = function(summary, latency)
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"failed":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
