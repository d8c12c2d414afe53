-- While the site is moved, requests that may write wait here rather than being refused (evenkeel-traffic hold). Until when
-- stands in a variable of the process, in milliseconds since 1970: a hold that nobody ends is over by itself.
local STEP_MS = 10

core.register_action("hold", { "http-req" }, function(txn)
  while true do
    local now = core.now()
    local held_until = tonumber(txn:get_var("proc.evenkeel_hold_until")) or 0
    if now.sec * 1000 + now.usec // 1000 >= held_until then
      return
    end
    core.msleep(STEP_MS)
  end
end)
