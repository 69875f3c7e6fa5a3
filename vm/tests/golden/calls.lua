local f, t = ..., {}
f()
f(1, "two", f(...))
f((f()))
t.a.b:m(1)
t[1](t[256], t.x)
local a, b, c = f()
local d, e = (f()), ...
local s = a .. b .. (c .. "x") .. 1
print(...)
local function tail(x, ...)
  if x then return f(x, ...) end
  local u <close> = x
  return f(...)
end
local function captured(x)
  t.f = function() return x end
  return x(f)
end
