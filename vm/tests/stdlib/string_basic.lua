local t = dofile "tests/stdlib/lib/show.lua"
local s = string

t(s.rep, "ab", 3, ",") t(s.rep, "x", -1) t(s.rep, "x", 0) t(s.rep, "x", 1 << 31) t(s.rep, "", 1e9) t(s.rep, "ab", 1 << 30)
t(s.rep, "x", 1e10) t(s.rep) t(s.rep, "", 3, "") t(s.rep, "", 3, "-") t(s.rep, "x", 1, "-") t(s.rep, "x", math.maxinteger)
print(#s.rep("abc", 1000, "-"), s.rep("abc", 20, ".."):sub(-12))
for _, i in ipairs { -10, -5, -3, -1, 0, 1, 2, 5, 6, math.mininteger, math.maxinteger } do
  for _, j in ipairs { -10, -5, -1, 0, 1, 3, 5, 9, math.mininteger, math.maxinteger } do
    io.write(s.sub("hello", i, j), ":", table.concat({ s.byte("hello", i, j) }, ","), " ")
  end
  print()
end
t(s.sub) t(s.sub, "x") t(s.sub, "hello", 2) t(s.sub, 12345, 2, 3) t(s.sub, "x", "a")
t(s.byte, "abc") t(s.byte, "") t(s.byte, "abc", 2) t(s.byte, "abc", -1) t(s.byte, "abc", 0) t(s.byte, "abc", nil, 2)
t(s.byte, "abc", 1.5) t(s.byte, {}) t(s.byte, ("x"):rep(20), 1, 1e9)
t(s.char) t(s.char, 256) t(s.char, -1) t(s.char, 65, "66") t(s.char, 0, 127, 128, 255) t(s.char, 1.5)
print(#s.char(("x"):rep(200):byte(1, -1)))
t(s.upper, "aé1z") t(s.lower, "AÉ1Z") t(s.reverse, "abc") t(s.reverse, "") t(s.len, "a\0b") t(s.len, {}) t(s.len, 12)
print(s.upper(("aB"):rep(50)), s.reverse(("ab"):rep(30)))
t(s.dump, print) t(s.dump, 1)
print(("x"):rep(3), ("%d"):format(3), #"abc", ("abc"):len())
t(function() return ("x"):bad() end)
t(function() return ("x"):rep({}) end)
t(function() return ("x").rep() end)
t(function() return #("x"):sub() end)

-- arithmetic and comparison of strings
print("10" + 5, "3" * "4", "0x10" + 0, "7" // 2, "7.0" // 2, -"2", "2" ^ 3, "10" % "3", 10 .. 20)
print("a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "Z" < "a", "abc" < "abd", "10" == 10)
t(function() return "a" + 1 end)
t(function() return {} .. "x" end)
t(function() return "a" < 1 end)
