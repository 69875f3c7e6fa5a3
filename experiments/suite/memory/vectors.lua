-- Short-lived vector objects with operator metamethods: a particle cloud in a spring field.
local known = { [140] = "17.82702 148.23248", [850] = "17.82702 149.22948", [6300] = "17.82702 148.39282", [40000] = "17.82702 147.86853" }

local Vector = {}
Vector.__index = Vector

local function vec(x, y, z)
  return setmetatable({ x = x, y = y, z = z }, Vector)
end

function Vector.__add(a, b) return vec(a.x + b.x, a.y + b.y, a.z + b.z) end
function Vector.__sub(a, b) return vec(a.x - b.x, a.y - b.y, a.z - b.z) end
function Vector.__unm(a) return vec(-a.x, -a.y, -a.z) end
function Vector.__mul(a, b)
  if type(b) == "number" then return vec(a.x * b, a.y * b, a.z * b) end
  if type(a) == "number" then return b * a end
  return a.x * b.x + a.y * b.y + a.z * b.z
end
function Vector.__eq(a, b) return a.x == b.x and a.y == b.y and a.z == b.z end
function Vector:cross(b)
  return vec(self.y * b.z - self.z * b.y, self.z * b.x - self.x * b.z, self.x * b.y - self.y * b.x)
end
function Vector:length() return math.sqrt(self * self) end

local function cloud()
  local list = {}
  for i = 1, 20 do
    list[i] = {
      position = vec(1.0 + i % 3, 0.5 * (i % 4), -0.25 * i),
      velocity = vec(0.1 * (i % 5), 0.3, -0.2 * (i % 2)),
    }
  end
  return list
end

local function momentum(particles)
  local sum = vec(0.0, 0.0, 0.0)
  for _, p in ipairs(particles) do sum = sum + p.position:cross(p.velocity) end
  return sum
end

local function run(n)
  local particles, dt = cloud(), 0.01
  for _ = 1, n do
    for _, p in ipairs(particles) do
      -- a spring to the origin is a central force: angular momentum stays
      p.velocity = p.velocity + -p.position * dt
      p.position = p.position + dt * p.velocity
    end
  end
  local energy = 0.0
  for _, p in ipairs(particles) do
    energy = energy + 0.5 * (p.velocity * p.velocity) + 0.5 * p.position:length() ^ 2
  end
  return string.format("%.5f %.5f", momentum(particles):length(), energy)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local angular = result:match("^(%S+) ")
  return angular ~= nil and math.abs(tonumber(angular) - momentum(cloud()):length()) < 2e-5
end

return { run = run, check = check }
