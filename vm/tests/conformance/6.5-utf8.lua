-- § 6.5: the utf8 library: borders of every length, invalid sequences, lax mode, positions.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t

print(show(utf8.charpattern))
print "-- char"
local POINTS = { 0, 0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0xd7ff, 0xd800, 0xdfff, 0xe000, 0xffff, 0x10000, 0x10ffff, 0x110000, 0x1fffff, 0x200000, 0x3ffffff, 0x4000000, 0x7fffffff }
for _, p in ipairs(POINTS) do
  local text = utf8.char(p)
  print(("%x"):format(p), show(text), try(utf8.codepoint, text), try(utf8.codepoint, text, 1, 1, true), try(utf8.len, text), try(utf8.len, text, 1, -1, true), try(utf8.offset, text, 2))
end
print(utf8.char(), utf8.char(72, 228, 8364, 128512), utf8.char("65", 66.0))
for _, bad in ipairs { -1, 0x80000000, 1.5, "x", {}, math.maxinteger } do t(show(bad), utf8.char, bad) t(show(bad), utf8.char, 65, bad) end

print "-- valid and invalid sequences"
local TEXTS = { "", "a", "aé€😀", "\u{0}", "\xff", "\xfe", "\x80", "\xbf", "\xc0", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe0\xa0\x80", "\xe2\x82", "\xe2\x28\xa1", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf7\xbf\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80", "\xfd\xbf\xbf\xbf\xbf\xbf", "ab\x80cd", "é\x80", "a\xe2\x82", "日本語", "\xc3\xa9\xc3", "e\u{301}" }
for _, text in ipairs(TEXTS) do
  local points, lax = {}, {}
  local ok, message = pcall(function() for p, c in utf8.codes(text) do points[#points + 1] = p .. ":" .. c end end)
  local ok2, message2 = pcall(function() for p, c in utf8.codes(text, true) do lax[#lax + 1] = p .. ":" .. c end end)
  print(show(text), try(utf8.len, text), try(utf8.len, text, 1, -1, true), try(utf8.codepoint, text, 1, -1), try(utf8.codepoint, text, 1, -1, true))
  print("", table.concat(points, " "), ok or message:gsub("^.-lua:%d+: ", ""), table.concat(lax, " "), ok2 or message2:gsub("^.-lua:%d+: ", ""))
end

print "-- positions"
local text = "aé€😀z"
for i = -13, 13 do
  print(i, try(utf8.len, text, i), try(utf8.len, text, 1, i), try(utf8.codepoint, text, i), try(utf8.offset, text, i), try(utf8.offset, text, 0, i), try(utf8.offset, text, 1, i), try(utf8.offset, text, -1, i), try(utf8.offset, text, 2, i))
end
for _, i in ipairs { 1, 2, 3, 6, 10, 11 } do for _, j in ipairs { 0, 1, 2, 5, 11, -1, -2 } do io.write(try(utf8.len, text, i, j), "/", try(utf8.codepoint, text, i, j), "; ") end print(i) end
for n = -3, 3 do io.write(n, "=", try(utf8.offset, "", n), "/", try(utf8.offset, "x", n), "/", try(utf8.offset, "é", n), " ") end print()
print(try(utf8.offset, "\x80\x80", 1), try(utf8.offset, "\x80a", 1, 1), try(utf8.offset, "a\x80", 2), try(utf8.offset, "a\x80", -1), try(utf8.offset, "é", 0, 2), try(utf8.offset, "é", 0, 3), try(utf8.offset, "é", 1, 2))
for _, f in ipairs { "len", "codepoint", "offset", "codes" } do t(f, utf8[f]) t(f, utf8[f], {}) t(f, utf8[f], nil) t(f, utf8[f], 123, 1) t(f, utf8[f], "abc", "x") t(f, utf8[f], "abc", 1.5) t(f, utf8[f], "abc", 10) t(f, utf8[f], "abc", 1, 10) t(f, utf8[f], "abc", 1, {}) end
local f, state, control = utf8.codes "ab"
print(type(f), state, control, list(f(state, control)), list(f(state, 1)), list(f(state, 2)), list(f(state, 5)), try(f, "é", 1), try(f), try(f, "x"))
for c in ("aé€😀"):gmatch(utf8.charpattern) do io.write(#c, " ") end
print()
print(select("#", utf8.codepoint(("é"):rep(500), 1, -1)), utf8.len(("€"):rep(10000)), utf8.offset(("€"):rep(1000), 1000), utf8.offset(("€"):rep(1000), -1000))
