local t = dofile "tests/stdlib/lib/show.lua"
local find, gsub, match, gmatch = string.find, string.gsub, string.match, string.gmatch

for _, p in ipairs { "%", "a%", "b%", "[a", "[^a", "[", "[]", "[^]", "[]a", "[a-", "[%", "[%a", "[a%]", "%f", "%fa", "%f[a",
  "%b", "%ba", "(a", "a)", "()", "(a)%1", "(a)%2", "(a%1)", "%0", "%9", "%1", "((a)", "(()", "a**", "^*a", "^^a", "a$", "a$b",
  "$", "^$", "()a()", "(a*(.)%w(%s*))", "%z", "[%z]", "[a-%d]", "[a-%]]", "[%a-z]", "[z-a]", "[]-a]", "[a]]", "[^]]", "(.-)$",
  "a-", "a?a?a", "%a+%d?", "[[:alpha:]]", "%q", "x*", "^", "$a", ")", "(", "(()())", "()%1" } do
  t(find, "aab", p)
end
t(find, "abc", "b", 10) t(find, "abc", "", 10) t(find, "abc", "", 4) t(find, "abc", "", -10) t(find, "abc", "b", -1)
t(find, "a.b", ".", 1, true) t(find, "a.b", ".", 2) t(find, "a\0b", "\0") t(find, "a\0b", "%z") t(find) t(find, "a")
t(match, "abc", "()", 4) t(match, "abc", "()", 5) t(match, "a\0b", "[%z]") t(match, "a\0b", "%Z+") t(match, "a", {})
t(match, "THE (quick) fox", "%((%a+)%)") t(match, "THE (quick) fox", "%f[%a]%a+%f[%A]", 5) t(match, "f(a(b)c)d", "%b()")
t(match, "2024-05-06", "(%d+)-(%d+)-(%d+)") t(match, 'say "hi" now', "([\"'])(.-)%1")

t(gmatch, "a") t(gmatch("abc", "(a")) t(gmatch("abc", "^a")) t(gmatch("^abc", "^a"))
t(gmatch("abc", "()", 5)) t(gmatch("abc", "()", 4)) t(gmatch("abc", "()", -1))
for k, v in gmatch("a=1, b=2, c=3", "(%w+)=(%w+)") do io.write(k, "->", v, ";") end
for w in gmatch("", "x*") do io.write("<", w, ">") end
for w in gmatch("abxx", "x*") do io.write("<", w, ">") end
print()

t(gsub, "abc", "(a", "x") t(gsub, "abc", "(a", "%1") t(gsub, "abc", "(a", "%0") t(gsub, "abc", "(a", {})
t(gsub, "abc", "(a", function() end) t(gsub, "abc", "a", "%1") t(gsub, "abc", "a", "%2") t(gsub, "abc", "a", "%")
t(gsub, "abc", "a", "%x") t(gsub, "abc", "(a)", "%2") t(gsub, "abc", "()", "%1") t(gsub, "abc", "b*", "-")
t(gsub, "abc", "b*", "%%") t(gsub, "abc", "^a*", "<%0>") t(gsub, "aaa", "^a", "x") t(gsub, "abc", "a", { a = 1 })
t(gsub, "abc", "a", { a = {} }) t(gsub, "abc", "a", function() return {} end) t(gsub, "abc", "a", true)
t(gsub, "abc", "%w", { a = true }) t(gsub, "abc", "%w", { a = false, b = 2.5 }) t(gsub, "abc", "a", "x", 0)
t(gsub, "abc", "a", "x", -1) t(gsub, "abc", "%w", "%0%0", 2) t(gsub, "a", "a") t(gsub, "a", "a", "b", "c")
t(gsub, "hello world", "%w+", "%0 %0", 1) t(gsub, "abc", "%w", function(c) if c == "b" then return "[" .. c .. "]" end end)
t(gsub, "abc", "()", function(p) return p * 2 end) t(gsub, "x", "x", 12)
t(gsub, "abc", "%w", setmetatable({}, { __index = function(_, k) return k:upper() end }))
t(gsub, "abc", "b", function() error("inside", 0) end)

for _, n in ipairs { 198, 199, 200, 201 } do
  local s = ("a"):rep(300)
  t(find, s, ("a?"):rep(n)) t(find, s, ("a*"):rep(n)) t(find, s, ("a-"):rep(n)) t(find, "b", ("a?"):rep(n))
end
for n = 31, 34 do t(find, ("a"):rep(40), ("()"):rep(n)) t(find, ("a"):rep(40), ("(a)"):rep(n)) end
