-- Plays skynet's examples: `./skynet examples/config`, then `--host tcp://127.0.0.1:8888 --mod skynet_example`.
local example = {}

-- Skynet's gate puts two bytes of length before each frame, as tcp:// does; frames are 0-packed.
function example:start(robot)
  local game = robot:connect("game", robot.host, { dialect = "rpc", packed = true })
  robot:log(game:request("handshake").msg)
  robot:run_tasks()
end

example.wait = horde.between(1, 3)

function example:set(robot)
  self.sets = (self.sets or 0) + 1
  local key = "robot " .. robot.number
  robot:connection("game"):send("set", { what = key, value = tostring(self.sets) })
end

function example:get(robot)
  local result = robot:connection("game"):request("get", { what = "robot " .. robot.number }).result
  if self.sets and result ~= tostring(self.sets) then error("expected " .. self.sets .. ", got " .. tostring(result)) end
end

example.tasks = {
  { name = "set", weight = 1, run = example.set },
  { name = "get", weight = 3, run = example.get },
}

-- The server's heartbeat needs no answer; without a handler it would be counted all the same.
example.handlers = {
  heartbeat = function(self) self.beats = (self.beats or 0) + 1 end,
}

function example:stop(robot)
  robot:connection("game"):send("quit")
end

return example
