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

dofile(os.getenv("TOCSIN_BENCH_SCRIPTS") .. "/telling.lua")
