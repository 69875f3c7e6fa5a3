local t = dofile "tests/stdlib/lib/show.lua"
local M = math

for _, x in ipairs { 0, 1, -1, 5, 0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 2.5, 1e15, 1e300, -1e300, 2 ^ 53, 2 ^ 63, -2 ^ 63, 1 / 0, -1 / 0,
  "2.7", "3", "-3", "x", M.maxinteger, M.mininteger } do
  io.write(tostring(x), "\n")
  t(M.floor, x) t(M.ceil, x) t(M.abs, x) t(M.modf, x) t(M.tointeger, x) t(M.type, x) t(M.sqrt, x) t(M.exp, x) t(M.frexp, x)
end
t(M.floor) t(M.fmod, 5, 3) t(M.fmod, -5, 3) t(M.fmod, 5, -3) t(M.fmod, 5, 0) t(M.fmod, 5.0, 0) t(M.fmod, M.mininteger, -1)
t(M.fmod, -6, 2) t(M.fmod, 5.5, -2) t(M.fmod, 1 / 0, 1) t(M.fmod, "5", 3) t(M.fmod, 5) t(M.fmod, 5, "0")
t(M.log, 8, 2) t(M.log, 100, 10) t(M.log, 27, 3) t(M.log, 0) t(M.log, 2) t(M.log, "x") t(M.log, 4, 0.5)
t(M.max) t(M.max, 1, 2.5) t(M.max, 2, 2.0) t(M.min, 1) t(M.min, 1, "0") t(M.max, "10", 9) t(M.max, 1, 2, {}) t(M.min, 3, 1, 2)
t(M.max, 0 / 0, 1) t(M.min, 1, 0 / 0) t(M.max, -0.0, 0.0)
t(M.tointeger) t(M.tointeger, {}) t(M.tointeger, 3.5) t(M.type) t(M.type, "1")
t(M.ult, 1, -1) t(M.ult, -1, 1) t(M.ult, 1.5, 2) t(M.atan, 1, 2) t(M.atan, 1) t(M.atan, -0.0, -1) t(M.sin, "x") t(M.sin, 1)
t(M.cos, 1) t(M.tan, 1) t(M.asin, 1) t(M.acos, 2) t(M.deg, M.pi) t(M.rad, 180) t(M.pow, 2, 10) t(M.ldexp, 0.5, 4) t(M.ldexp, 1, 2000)
t(M.ldexp, 5e-324, 1074) t(M.cosh, 1) t(M.log10, 1000) t(M.atan2, 1, -1)
print(M.pi, M.huge, -M.huge, M.maxinteger, M.mininteger)

-- the generator
t(M.random, 1, 2, 3) t(M.random, 2, 1) t(M.random, 0.5) t(M.random, -1) t(M.randomseed, 1.5) t(M.randomseed, "x")
t(M.randomseed, 1e300) t(M.randomseed, 7) t(M.randomseed, "7", 3)
for _, seed in ipairs { 0, 42, -1, 2.0 } do
  M.randomseed(seed)
  print(M.random(), M.random(100), M.random(-5, 5), M.random(0), M.random(M.mininteger, M.maxinteger), M.random(1 << 40), M.random(3, 3))
end
M.randomseed(1, 2)
for _ = 1, 20 do io.write(M.random(1000), " ") end
print()
