-- A star with four planets under Newton's gravity (leapfrog): float fields of small tables.
local known = { [1200] = -661731010, [8600] = -661731011, [70000] = -661731011, [470000] = -661731011 }

local sqrt = math.sqrt

local function body(mass, x, y, z, vx, vy, vz)
  return { mass = mass, x = x, y = y, z = z, vx = vx, vy = vy, vz = vz }
end

-- An invented system; G = 1. Circular speed around the star at distance r is about 1/sqrt(r).
local function make_system()
  local bodies = { body(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0) }
  local specs = {
    { 1e-4, 0.7, 0.00 }, { 3e-4, 1.0, 0.05 }, { 2e-3, 2.6, -0.02 }, { 5e-4, 4.4, 0.08 },
  }
  for index, spec in ipairs(specs) do
    local mass, r, tilt = spec[1], spec[2], spec[3]
    local angle = index * 1.3
    local c, s, speed = math.cos(angle), math.sin(angle), 1.0 / sqrt(r)
    bodies[#bodies + 1] = body(mass, r * c, r * s, 0.0, -speed * s, speed * c, speed * tilt)
  end
  local px, py, pz = 0.0, 0.0, 0.0
  for _, b in ipairs(bodies) do
    px, py, pz = px + b.mass * b.vx, py + b.mass * b.vy, pz + b.mass * b.vz
  end
  local sun = bodies[1]
  sun.vx, sun.vy, sun.vz = -px / sun.mass, -py / sun.mass, -pz / sun.mass
  return bodies
end

local function energy(bodies)
  local e = 0.0
  for i, a in ipairs(bodies) do
    e = e + 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
    for j = i + 1, #bodies do
      local b = bodies[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      e = e - a.mass * b.mass / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return e
end

local function kick(bodies, count, dt)
  for i = 1, count - 1 do
    local a = bodies[i]
    local ax, ay, az, am = a.x, a.y, a.z, a.mass
    for j = i + 1, count do
      local b = bodies[j]
      local dx, dy, dz = ax - b.x, ay - b.y, az - b.z
      local d2 = dx * dx + dy * dy + dz * dz
      local pull = dt / (d2 * sqrt(d2))
      local bm = b.mass * pull
      a.vx = a.vx - dx * bm
      a.vy = a.vy - dy * bm
      a.vz = a.vz - dz * bm
      bm = am * pull
      b.vx = b.vx + dx * bm
      b.vy = b.vy + dy * bm
      b.vz = b.vz + dz * bm
    end
  end
end

local function drift(bodies, count, dt)
  for i = 1, count do
    local b = bodies[i]
    b.x = b.x + dt * b.vx
    b.y = b.y + dt * b.vy
    b.z = b.z + dt * b.vz
  end
end

local function run(n)
  local bodies = make_system()
  local count = #bodies
  for _ = 1, n do
    drift(bodies, count, 0.001)
    kick(bodies, count, 0.002)
    drift(bodies, count, 0.001)
  end
  return math.floor(energy(bodies) * 1e12 + 0.5)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  -- leapfrog keeps the energy of the start within a small band
  local start = energy(make_system()) * 1e12
  return math.abs(result - start) < math.abs(start) * 1e-4
end

return { run = run, check = check }
