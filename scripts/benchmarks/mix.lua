-- Load for wrk: every incident is reported, then acknowledged, then resolved.
-- A connection that becomes free takes the next step that is due; new reports when none is.

local due, first, last = {}, 1, 0
local key = os.getenv("TOCSIN_BENCH_KEY") or ""
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. key }
local report = '{"title":"Mail does not arrive","description":"Nothing since 08:10.",'
  .. '"source":"user-report","reporter":"ann","services":["mail"],"users":["ann","ben"]}'
local resolve = '{"resolution_code":"fixed","resolution":"Restarted the queue runner."}'

local function push(step)
  last = last + 1
  due[last] = step
end

request = function()
  if first <= last then
    local step = due[first]
    due[first] = nil
    first = first + 1
    return wrk.format("POST", step.path, headers, step.body)
  end
  return wrk.format("POST", "/incidents", headers, report)
end

response = function(status, _, body)
  if status >= 300 then
    return
  end
  local id = body:match('"incident_id":"([^"]+)"')
  local done = body:match('"did":"(%a+)"') or body:match('"events":%["incident%.(%a+)')
  if done == "reported" then
    push({ path = "/incidents/" .. id .. "/acknowledge", body = "{}" })
  elseif done == "acknowledged" then
    push({ path = "/incidents/" .. id .. "/resolve", body = resolve })
  end
end

done = function(summary, latency)
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"failed":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
