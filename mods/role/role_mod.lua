-- The role mod: through the lobby into the game, then talk. The twin of worker/src/mods/role.rs.
local role = {}

function role:start(robot)
  local list = robot:connect("lobby", robot.host):request("ServerListRequest")
  robot:close("lobby")
  local address = (list.ServerList or {})[1] or error("the lobby knows no game server")
  local game = robot:connect("game", address)
  -- What the server drew for this player at login.
  self.my_value = game:request("LoginReuest", {}, { reply = "LoginRespone" }).MyValue or 0
  robot:run_tasks()
end

local function say(robot, text)
  robot:connection("game"):request("EchoRequest", { Text = text })
end

function role:echo(robot)
  if self.my_value > robot:random(1, 50) then say(robot, "hello") end
end

role.wait = horde.between(1, 5)

role.tasks = {
  {
    weight = 1,
    sequence = {
      { name = "walk there", run = function(_, robot) say(robot, "there") end },
      { name = "walk back", run = function(_, robot) say(robot, "back") end },
    },
  },
  { name = "echo", weight = 1, run = role.echo },
}

return role
