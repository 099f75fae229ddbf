-- What every load tells at its end, in one line that `http_mix.py` reads.

done = function(summary, latency)
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"failed":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
