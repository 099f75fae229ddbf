-- Steps that are due: a connection that becomes free takes the next one, in the order they came in.

local due, first, last = {}, 1, 0

function push(step)
  last = last + 1
  due[last] = step
end

function next_step()
  if first <= last then
    local step = due[first]
    due[first] = nil
    first = first + 1
    return step
  end
end
