-- A scene of shapes with inheritance and two visitors: polymorphic method calls and double dispatch.
local known = { [460] = "5060 9239.435 6028.00", [2650] = "29150 53227.183 34726.25", [17000] = "187000 341457.399 222758.75", [130000] = "1430000 2611144.814 1703499.50" }

local Shape = {}
Shape.__index = Shape
function Shape:move(dx, dy)
  self.x, self.y = self.x + dx, self.y + dy
  return self
end
function Shape:area() return 0.0 end

local function subclass(parent)
  local c = {}
  for key, value in next, parent do c[key] = value end   -- flat inheritance by copying
  c.__index = c
  return c
end

local Circle = subclass(Shape)
function Circle.new(x, y, r) return setmetatable({ x = x, y = y, r = r }, Circle) end
function Circle:area() return math.pi * self.r ^ 2 end
function Circle:accept(visitor) return visitor:circle(self) end

local Rectangle = subclass(Shape)
function Rectangle.new(x, y, w, h) return setmetatable({ x = x, y = y, w = w, h = h }, Rectangle) end
function Rectangle:area() return self.w * self.h end
function Rectangle:accept(visitor) return visitor:rectangle(self) end

local Square = subclass(Rectangle)
function Square.new(x, y, side)
  return setmetatable({ x = x, y = y, w = side, h = side }, Square)
end

local Triangle = subclass(Shape)
function Triangle.new(x, y, base, height) return setmetatable({ x = x, y = y, base = base, height = height }, Triangle) end
function Triangle:area() return 0.5 * self.base * self.height end
function Triangle:accept(visitor) return visitor:triangle(self) end

local Group = subclass(Shape)
function Group.new(members) return setmetatable({ x = 0.0, y = 0.0, members = members }, Group) end
function Group:move(dx, dy)
  for _, member in ipairs(self.members) do member:move(dx, dy) end
  return self
end
function Group:area()
  local sum = 0.0
  for _, member in ipairs(self.members) do sum = sum + member:area() end
  return sum
end
function Group:accept(visitor) return visitor:group(self) end

-- Visitor 1: the bounding box
local Bounds = {}
Bounds.__index = Bounds
function Bounds.new() return setmetatable({ left = 1e9, right = -1e9, bottom = 1e9, top = -1e9 }, Bounds) end
function Bounds:include(left, bottom, right, top)
  if left < self.left then self.left = left end
  if right > self.right then self.right = right end
  if bottom < self.bottom then self.bottom = bottom end
  if top > self.top then self.top = top end
end
function Bounds:circle(c) self:include(c.x - c.r, c.y - c.r, c.x + c.r, c.y + c.r) end
function Bounds:rectangle(r) self:include(r.x, r.y, r.x + r.w, r.y + r.h) end
function Bounds:triangle(t) self:include(t.x, t.y, t.x + t.base, t.y + t.height) end
function Bounds:group(g)
  for _, member in ipairs(g.members) do member:accept(self) end
end

-- Visitor 2: counts corners
local Corners = {}
Corners.__index = Corners
function Corners:circle() return 0 end
function Corners:rectangle() return 4 end
function Corners:triangle() return 3 end
function Corners:group(g)
  local sum = 0
  for _, member in ipairs(g.members) do sum = sum + member:accept(self) end
  return sum
end

local function scene(i)
  local x, y, s = (i % 11) * 1.0, (i % 7) * 1.0, (i % 5 + 1) * 0.5
  return Group.new {
    Circle.new(x, y, s),
    Rectangle.new(x + 1.0, y, s, 2.0 * s),
    Group.new { Square.new(x, y + 2.0, s), Triangle.new(x, y, s, 4.0), Circle.new(y, x, 0.25) },
  }
end

local function run(n)
  local area, width, corners = 0.0, 0.0, 0
  local counter = setmetatable({}, Corners)
  for i = 1, n do
    local picture = scene(i)
    local before = picture:area()
    picture:move(i % 3 - 1.0, 0.5)
    local bounds = Bounds.new()
    picture:accept(bounds)
    width = width + (bounds.right - bounds.left) + (bounds.top - bounds.bottom)
    corners = corners + picture:accept(counter)
    area = area + (picture:area() + before) / 2
  end
  return string.format("%d %.3f %.2f", corners, area, width)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local corners, area = result:match("^(%d+) (%S+) ")
  if not corners or tonumber(corners) ~= 11 * n then return false end
  local expected = 0.0
  for i = 1, n do
    local s = (i % 5 + 1) * 0.5
    expected = expected + math.pi * (s * s + 0.0625) + 3 * s * s + 2 * s
  end
  return math.abs(expected - tonumber(area)) < 1e-3 + expected * 1e-9
end

return { run = run, check = check }
