local a, b, c = x, y, z
local r = a and b or c
r = not (a and b)
r = a == nil or b ~= "s" and c == 1.5
r = (a or 1) + (b and 2)
r = a < b == (b >= c)
r = a < 5 and 5 < a or a <= -128 and 127 >= a or a > 128
r = nil == a
r = 1 < 2
r = true and a
r = false or a
r = nil and a
r = not nil
r = not a == b
if a and (b or not c) then r = 1 elseif not (a < b) then r = 2 else r = 3 end
while not a do f(a or b, not b) end
return a or b, a and f() or nil, a ~= b
