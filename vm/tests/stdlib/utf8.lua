local t = dofile "tests/stdlib/lib/show.lua"
local U = utf8

t(U.char) t(U.char, 72, 228, 8364, 0x10FFFF, 0x7FFFFFFF) t(U.char, -1) t(U.char, 0x80000000) t(U.char, "x")
t(U.codepoint, "héllo", 1, -1) t(U.codepoint, "h\xffllo", 1, -1) t(U.codepoint, "abc", 4) t(U.codepoint, "abc", 1, 4)
t(U.codepoint, "abc", 0) t(U.codepoint, "abc", 3, 2) t(U.codepoint, "", 1) t(U.codepoint, "") t(U.codepoint, "é", 2)
t(U.codepoint, "\xed\xa0\x80") t(U.codepoint, "\xed\xa0\x80", 1, 1, true)
t(U.len, "héllo") t(U.len, "h\xffllo") t(U.len, "abc", 4) t(U.len, "abc", 5) t(U.len, "abc", 0) t(U.len, "abc", -1)
t(U.len, "abc", -4) t(U.len, "\u{D7FF}") t(U.len, "\xed\xa0\x80") t(U.len, "\xed\xa0\x80", 1, -1, true)
t(U.len, "\xf4\x90\x80\x80") t(U.len, "\xf4\x90\x80\x80", 1, -1, true) t(U.len, "\xc0\x80") t(U.len, "\xe0\x80\x80")
t(U.len, "\xfd\xbf\xbf\xbf\xbf\xbf", 1, -1, true) t(U.len, "\xfe\xbf\xbf\xbf\xbf\xbf\xbf", 1, -1, true) t(U.len, "é", 1, 1)
t(U.len, "é", 2) t(U.len, "\xe2\x82") t(U.len, "abc", 1, 5) t(U.len, "abc", 3, 1) t(U.len, "") t(U.len, "\x80")
for n = -4, 6 do
  for i = 1, 5 do t(U.offset, "aéb", n, i) end
end
for n = -4, 6 do t(U.offset, "aéb", n) end
t(U.offset, "aéb", 0) t(U.offset, "aéb", 1, 6) t(U.offset, "aéb", 1, 0) t(U.offset, "", 0) t(U.offset, "", 1)
for _, text in ipairs { "aé€", "a\xff", "\xe9", "é\x80", "\xed\xa0\x80", "" } do
  for _, lax in ipairs { false, true } do
    t(function()
      local seen = {}
      for p, c in U.codes(text, lax) do seen[#seen + 1] = p .. ":" .. c end
      return table.concat(seen, " ")
    end)
  end
end
t(U.codes "ab", "ab", -1) t(U.codes "ab", "ab", 5) t(U.codes "ab", "ab", 0) t(U.codes "ab", "ab", math.mininteger)
print((U.charpattern:gsub(".", function(c) return c:byte() .. " " end)))
for c in ("aé€𐍈"):gmatch(U.charpattern) do io.write(#c, " ") end
print("\u{7FFFFFFF}" == U.char(0x7FFFFFFF))
