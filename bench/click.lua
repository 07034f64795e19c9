-- What wrk sends: visitors who follow tracking links. Called with a text that no
-- other run has and a file of requests, each in two parts, between which stands
-- the affiliate's click ID, new in every request.

local requests, run, sent = {}, "", 0

function init(args)
  run = args[1]
  requests = dofile(args[2])
end

function request()
  sent = sent + 1
  local r = requests[sent % #requests + 1]
  return r[1] .. run .. string.format("%08x", sent) .. r[2]
end

function done(summary, latency, _)
  local e = summary.errors
  print(string.format("measured %d %d %d %d %d %d %d %d %d %d",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    e.connect, e.read, e.write, e.status, e.timeout))
end
