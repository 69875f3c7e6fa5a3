-- § 6.4.1: patterns: every item, anchors, captures, %b, %f, back references, malformed patterns; find, match, gmatch, gsub.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t

print "-- classes: which bytes match"
local function members(class)
  local out, from = {}, nil
  for c = 0, 256 do
    local matches = c < 256 and string.char(c):find("^" .. class .. "$") ~= nil
    if matches and not from then from = c elseif not matches and from then out[#out + 1] = from == c - 1 and from or from .. "-" .. c - 1 from = nil end
  end
  return table.concat(out, " ")
end
for class in ("a c d g l p s u w x A C D G L P S U W X"):gmatch "%a" do print("%" .. class, try(members, "%" .. class)) end
for _, class in ipairs { ".", "[a-z]", "[^a-z]", "[a-]", "[-a]", "[]]", "[]a]", "[^]]", "[%]]", "[%a_]", "[%w%s]", "[^%w]", "[a-c-e]", "[z-a]", "[%-x]", "[%d.]", "[.]", "[^^]", "[a^]", "[$]", "[%%]", "[\0-\31]", "[^\0]", "[é]", "[%a-z]", "[a-%z]", "[0-9a-fA-F]", "[%z]", "%z", "%.", "%%", "%[", "%]", "% ", "%!", "%-", "%\0", "\0", "[()]", "%(", "%e", "%1" } do print(show(class), try(members, class)) end

print "-- items: repetition, greedy and lazy"
local SUBJECTS = { "", "a", "aa", "aaa", "ab", "aab", "ba", "abc", "aaab" }
for _, pattern in ipairs { "a", "a*", "a+", "a-", "a?", "a*b", "a+b", "a-b", "a?b", "^a*$", "^a-$", "^a+$", "^a?$", ".-b", ".*b", ".+a", "a.?", "[ab]+", "[^a]*", "(a*)(a)", "(a-)(a*)", "(a?)(a?)", "a*a", "a*aa", "a+a?b", "a-$", "b*", ".", "..", "^", "$", "^$", "" } do
  local row = {}
  for i, subject in ipairs(SUBJECTS) do row[i] = list(subject:find(pattern)) end
  print(show(pattern), table.concat(row, "; "))
end

print "-- find: start, plain, captures"
for _, case in ipairs {
  { "hello", "l" }, { "hello", "l", 4 }, { "hello", "l", 5 }, { "hello", "l", -2 }, { "hello", "l", -10 }, { "hello", "", 1 }, { "hello", "", 6 }, { "hello", "", 7 }, { "hello", "", -1 }, { "", "" }, { "", "x" }, { "", "", 2 }, { "a.b", "." }, { "a.b", ".", 1, true }, { "a.b", "%.", 1, true }, { "a+b", "+", 1, true }, { "a+b", "a+" }, { "hello", "(l)(l)" }, { "hello", "()ll()" }, { "hello", "h(.)l" }, { "hello", "xyz" }, { "hello", "^l", 3 }, { "hello", "^h", 2 }, { "hello", "o$" }, { "hello", "l$" }, { "a$b", "$b" }, { "a^b", "a^" }, { "a\0b", "\0" }, { "a\0b", "b", 1, true }, { "hello", "l", 0 }, { "hello", "l", math.mininteger }, { "hello", "", math.maxinteger }, { "hello", "l", "3" }, { "hello", "l", 2.0 }, { ("x"):rep(1000) .. "y", "y" }, { ("ab"):rep(500), "abc", 1, true }, { "aXb", "%u" }, { "key = value", "^(%w+)%s*=%s*(%w+)$" },
} do
  local subject = #case[1] > 20 and #case[1] or show(case[1])
  print(subject, list(table.unpack(case, 2)), try(string.find, table.unpack(case)))
  if case[4] == nil then print("  match", try(string.match, table.unpack(case))) end
end

print "-- captures"
for _, case in ipairs {
  { "key=val", "(%w+)=(%w+)" }, { "key=val", "((%w)%w*)=(%w+)" }, { "abc", "()" }, { "abc", "()b()" }, { "abc", "(())" }, { "abc", "(a)(b)(c)" }, { "abc", "((a)(b))" }, { "", "(.*)" }, { "", "()" }, { "abab", "(ab)%1" }, { "abba", "(a)(b)%2%1" }, { "aa bb", "(%w)%1 (%w)%2" }, { "'quoted'", "(['\"])(.-)%1" }, { "x", "(x)%1" }, { "xx", "(x)%1" }, { "abc", "(a(b(c)))" }, { "  trim  ", "^%s*(.-)%s*$" }, { "2024-01-02", "(%d+)-(%d+)-(%d+)" }, { "f(a,b)", "(%w+)(%b())" }, { "a", "(a?)(a?)(a?)" }, { "=", "(=*)%1" }, { "====", "(=+)%1" },
} do print(show(case[1]), show(case[2]), try(string.match, case[1], case[2])) end
print(try(string.find, ("a"):rep(40), ("(a)"):rep(32)) == nil, select("#", string.find(("a"):rep(40), ("(a)"):rep(32))), try(string.find, ("a"):rep(40), ("(a)"):rep(33)))

print "-- %b and %f"
for _, case in ipairs { { "(a(b)c)d", "%b()" }, { "((a)", "%b()" }, { "())", "%b()" }, { "()", "%b()" }, { "[[x]]", "%b[]" }, { "begin", "%bbn" }, { "xx", "%bxx" }, { "xax", "%bxx" }, { "a(b", "%b()" }, { "{a}{b}", "(%b{})(%b{})" }, { "x = f(1, (2)) + g(3)", "%b()" }, { "THE (quick) fox", "%f[%a]%a+" }, { "THE (quick) fox", "%f[%l]%a+" }, { "THE (quick) fox", "%f[%A]" }, { "THE", "%f[%z]" }, { "THE", "%f[\0]" }, { "a1b2", "%f[%d]" }, { "", "%f[%a]" }, { "", "%f[^%a]" }, { "x", "()%f[x]()" }, { "foo.bar", "%f[%w]bar%f[%W]" }, { "foobar", "%f[%w]bar" }, { "aXb", "%f[%u%d]." } } do print(show(case[1]), show(case[2]), try(string.find, case[1], case[2])) end

print "-- malformed patterns and errors"
for _, pattern in ipairs { "(", ")", "(()", "())", "a)", "(a", "[", "[]", "[^", "[^]", "[a", "[a-", "[a-z", "[%", "[%a", "[]-", "%", "a%", "%b", "%b(", "%f", "%fa", "%f[", "%1", "%2", "(%1)", "(a)%2", "%0", "%9", "(a)%0", "*", "+", "-", "?", "a**", "a+*", "^*", "^^a", "$$", "a$b", "(*)", "(+a)", "[[]", "[]]", "[a]]", "%a%", "()%1", "(()%1)", "a-*", "[%]", "[^%]" } do
  print(show(pattern), try(string.find, "a*+-?^$b]", pattern), try(string.gsub, "aab", pattern, "x"))
end
for _, n in ipairs { 50, 150, 250, 1000 } do t(n, function() return #string.match(("a"):rep(n), ("a?"):rep(n)) end) end
t("long", string.find, ("a"):rep(2000), ".-b") t("long", string.find, ("a"):rep(1e5) .. "b", ".-b")
for _, f in ipairs { "find", "match", "gmatch", "gsub" } do
  t(f, string[f]) t(f, string[f], "x") t(f, string[f], {}, "x", "y") t(f, string[f], "x", {}, "y") t(f, string[f], 12, 1, 3) t(f, string[f], nil, "x", "y") t(f, string[f], "x", nil, "y")
end
t("start", string.find, "x", "x", "y") t("start", string.find, "x", "x", 1.5) t("start", string.match, "x", "x", {})

print "-- gmatch"
local function all(...) local out = {} for a, b, c in string.gmatch(...) do out[#out + 1] = list(a, b, c) end return table.concat(out, "; ") end
for _, case in ipairs { { "one two  three", "%a+" }, { "one two", "%a*" }, { "abc", "" }, { "", "" }, { "", "x" }, { "k=v, a=b", "(%w+)=(%w+)" }, { "abc", "()" }, { "abc", "()(.)" }, { "aaa", "a-" }, { "aaa", "^a" }, { "a^a", "^a" }, { "abc", ".$" }, { "hello", "l", 4 }, { "hello", "l", -2 }, { "hello", "", 6 }, { "hello", "", 7 }, { "hello", "l", 100 }, { "hello", "%w", 0 }, { "x1y22z", "%d*" }, { "a,b,,c", "([^,]*)" }, { "a,b,,c", "([^,]*),?" }, { "THE (quick) fox", "%f[%a]%a+" } } do print(list(table.unpack(case)), try(all, table.unpack(case))) end
local iterator = string.gmatch("ab", ".")
print(iterator(), iterator(), iterator(), iterator(), select("#", iterator()))

print "-- gsub"
local function reverse(x) return x:reverse() end
for _, case in ipairs {
  { "hello", "l", "L" }, { "hello", "l", "L", 1 }, { "hello", "l", "L", 0 }, { "hello", "l", "L", -1 }, { "hello", "x", "y" }, { "hello", "", "-" }, { "", "", "-" }, { "", "x", "y" }, { "hello", "", "-", 2 }, { "abc", "%w", "%0%0" }, { "abc", "%w", "%1" }, { "abc", "(%w)", "<%1>" }, { "abc", "(%w)(%w)", "%2%1" }, { "abc", "b", "%%" }, { "abc", "b", "%0%%%0" }, { "abc", "b", "%" }, { "abc", "b", "%2" }, { "abc", "b", "%x" }, { "abc", "(b)", "%2" }, { "abc", "()", "%1" }, { "abc", "()b()", "%1-%2" }, { "hello world", "%w+", "%0 %0", 1 }, { "abc def", "%w+", reverse }, { "abc", "%w", function() end }, { "abc", "%w", function() return false end }, { "abc", "%w", function() return nil, 1 end }, { "abc", "%w", function() return 5 end }, { "abc", "%w", function() return 1.5 end }, { "abc", "%w", function() return {} end }, { "abc", "%w", function() return true end }, { "abc", "(%w)(%w)", function(...) return select("#", ...) end }, { "abc", "()", function(p) return p end }, { "abc", "%w", function() error("in replacement", 0) end },
  { "abc", "%w", { a = "1", b = true } }, { "abc", "%w", { a = "1", b = false } }, { "abc", "%w", { a = 1, c = 2.5 } }, { "abc", "(%w)(%w)", { a = "first" } }, { "abc", "()", { "one", "two" } }, { "abc", "%w", setmetatable({}, { __index = function(_, k) return k:upper() end }) }, { "abc", "%w", { a = {} } }, { "hello", "^h", "J" }, { "hhh", "^h", "J" }, { "abc", "$", "!" }, { "abc", "c$", "!" }, { "abc", ".*", "x" }, { "abc", ".-", "x" }, { "a b  c", "%s*", "_" }, { "abc", "b*", "-" }, { "aXbX", "X", "%0%0" }, { "x = $y", "%$(%w+)", "<%1>" }, { "abc", "%w", "%0", "2" }, { "abc", "%w", "x", 1.0 }, { "abc", "%w", 5 }, { "a\0b", "%z", "0" }, { "a\0b", "\0", "\0\0" },
} do print(list(case[1], case[2]), type(case[3]) == "string" and show(case[3]) or type(case[3]), case[4], try(string.gsub, table.unpack(case, 1, 4))) end
t("none", string.gsub, "x", "x") t("nil", string.gsub, "x", "x", nil) t("boolean", string.gsub, "x", "x", true) t("thread", string.gsub, "x", "x", coroutine.create(print)) t("count", string.gsub, "x", "x", "y", "z") t("count", string.gsub, "x", "x", "y", 1.5)
print(#(("x"):rep(10000):gsub("x", "yy")), (("abc"):rep(3):gsub("b", function() return "[" .. ("q"):gsub("q", "r") .. "]" end)))
