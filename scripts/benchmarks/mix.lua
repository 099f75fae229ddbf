-- Load for wrk: every incident is reported, then acknowledged, then resolved.
-- A connection that becomes free takes the next step that is due; new reports when none is.

dofile(os.getenv("TOCSIN_BENCH_SCRIPTS") .. "/steps.lua")
local key = os.getenv("TOCSIN_BENCH_KEY") or ""
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. key }
local report = '{"title":"Mail does not arrive","description":"Nothing since 08:10.",'
  .. '"source":"user-report","reporter":"ann","services":["mail"],"users":["ann","ben"]}'
local resolve = '{"resolution_code":"fixed","resolution":"Restarted the queue runner."}'

request = function()
  local step = next_step()
  if step then
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

dofile(os.getenv("TOCSIN_BENCH_SCRIPTS") .. "/telling.lua")
