local t, i, j = {}, 1
local k <const>, K <const> = f(), 10 + 2 ^ 3
t[i], i, t.x = i, j, t
i, j = j, i
t, t.a, t[t] = 1, 2
a, b.c, b.c.d = f()
a, b = 1, 2, 3
local x, y, z
x = -y + ~z * #t - K
x = 1 + x - 1 << 2 & 3.0 ~ 0xff
x = x / 0 + 0 / 0 + 2 ^ 0.5
x = 1000000, 5.0
x = 0.1 + 100000.5
local T = { 1, 2, x = K, [k] = 2, ["y z"] = 3, [4] = 5, f() }
local U = { f(), { { } }, n = nil; ... }
local function up() t, i = i, t t.x[i] = x return function() t.y, t = 1, 2 end end
function t.a.b:c(p) self[p] = _ENV end
local _ENV = {}
g = h
