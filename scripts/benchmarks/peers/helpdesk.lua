-- Load for wrk on django-helpdesk: a ticket is opened, then assigned, then resolved.

local due, first, last = {}, 1, 0
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Basic YmVuY2g6YmVuY2g=" }
local open = '{"title":"Mail does not arrive","description":"Nothing since 08:10.","queue":1,'
  .. '"submitter_email":"ann@example.org","priority":3,"status":1,"on_hold":false}'
local assign = '{"assigned_to":1}'
local resolve = '{"status":3,"resolution":"Restarted the queue runner."}'

local function push(step)
  last = last + 1
  due[last] = step
end

request = function()
  if first <= last then
    local step = due[first]
    due[first] = nil
    first = first + 1
    return wrk.format("PATCH", step.path, headers, step.body)
  end
  return wrk.format("POST", "/api/tickets/", headers, open)
end

response = function(status, _, body)
  if status >= 300 then
    return
  end
  local id = body:match('"id":(%d+)')
  local path = "/api/tickets/" .. id .. "/"
  if status == 201 then
    push({ path = path, body = assign })
  elseif body:match('"status":1') then
    push({ path = path, body = resolve })
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
