-- Load for wrk on django-helpdesk: a ticket is opened, then assigned, then resolved.

dofile(os.getenv("TOCSIN_BENCH_SCRIPTS") .. "/steps.lua")
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Basic YmVuY2g6YmVuY2g=" }
local open = '{"title":"Mail does not arrive","description":"Nothing since 08:10.","queue":1,'
  .. '"submitter_email":"ann@example.org","priority":3,"status":1,"on_hold":false}'
local assign = '{"assigned_to":1}'
local resolve = '{"status":3,"resolution":"Restarted the queue runner."}'

request = function()
  local step = next_step()
  if step then
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

dofile(os.getenv("TOCSIN_BENCH_SCRIPTS") .. "/telling.lua")
