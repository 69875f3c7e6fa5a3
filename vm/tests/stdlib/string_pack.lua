local t = dofile "tests/stdlib/lib/show.lua"
local p, u, s = string.pack, string.unpack, string.packsize

for _, o in ipairs { "y", "i17", "i0", "i", "!3i", "!17", "!8Xi", "X", "Xz", "Xc3", "XX", "X<i4", "c", "c5", "<i3", "i16", "i12",
  "b", "B", "h", "H", "l", "L", "j", "J", "T", "f", "d", "n", "z", "s", "s1", "s17", "x", " x x", "!4 i1 i4", "!i1i8", "=I3",
  ">I2", "!4i1Xi4", "Xi", "i1Xi8", "X<", "!2i1i8", "!1i3", "!8i3", "c99999999999", "c2147483647c2147483647", "!0", "I17",
  "s0", "i100000000000000" } do
  io.write(o, "\n")
  t(s, o) t(p, o, 1, 1) t(p, o, "abc", "abc") t(u, o, "abcdefghijklmnop")
end
t(p, "b", 128) t(p, "b", -129) t(p, "B", 256) t(p, "B", -1) t(p, "i16", -2) t(p, ">i16", -2) t(p, "i3", 2 ^ 23)
t(p, "I3", 2 ^ 24) t(p, "s1", ("x"):rep(256)) t(p, "c2", "abc") t(p, "z", "a\0b") t(p, "i1", 1.5) t(p, "i1") t(p, "z")
t(p, "f", 0.1) t(p, "d", 0.1) t(p, ">d", -1.5) t(p, "j", math.mininteger) t(p, "<i4z>s2", 7, "hi", "there")
t(u, "i16", ("\255"):rep(16)) t(u, "i16", ("\1"):rep(16)) t(u, "I16", ("\255"):rep(16)) t(u, "z", "abc") t(u, "z", "abc\0d")
t(u, "s1", "\5abc") t(u, "s1", "\3abcd") t(u, "<i4", "\1\2\3\4\5\6\7\8", 5) t(u, "b", "abc", 5) t(u, "b", "abc", 4)
t(u, "b", "abc", -1) t(u, "b", "abc", -10) t(u, "I8", ("\255"):rep(8)) t(u, "c0", "") t(u, "I9", ("\0"):rep(8) .. "\1")
t(u, "<I9", ("\0"):rep(8) .. "\1") t(u, "<i9", ("\255"):rep(9)) t(u, "<I9", ("\255"):rep(9)) t(u, "c2147483648", "a")
t(u, "s8", ("\255"):rep(8)) t(u, "!4 i1 i4", "\1\0\0\0\2\0\0\0") t(u, ">i3", "\255\255\254")
t(p, "!4i1!4Xi4", 1) t(p, "!4 b Xh i4", 1, 2) t(p, "d d", "1", 2) t(p, "!8 b d", 1, 2) t(p, ">!8 b d i3", 1, 2, 3)
for _, size in ipairs { 1, 2, 3, 5, 7, 8, 12, 16 } do
  for _, value in ipairs { 0, 1, -1, 100, -100 } do
    for _, order in ipairs { "<", ">" } do
      local packed = p(order .. "i" .. size, value)
      assert(u(order .. "i" .. size, packed) == value and #packed == size)
    end
  end
end
