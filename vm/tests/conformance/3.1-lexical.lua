-- § 3.1: tokens: names, keywords, strings with every escape, long brackets, numerals, comments, and what is malformed.
local s = dofile "tests/conformance/lib/show.lua"
local show, eval, run = s.show, s.eval, s.run

print "-- names and keywords"
for _, name in ipairs { "a", "_", "_1", "a1", "A", "and1", "andy", "nil_", "goto_", "é", "a-b", "1a", "a.b", "$a", "a$", "" } do run("local " .. name .. " = 5 return 'ok'") end
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch "%a+" do
  run("local " .. word .. " = 1")
  run("return ({ x = 1 })." .. word)
end
run "local AND, Nil, END = 1, 2, 3 return AND + Nil + END"
run "goto = 1"
run ("local " .. ("n"):rep(300) .. " = 7 return " .. ("n"):rep(300))

print "-- operators and punctuation"
for _, token in ipairs { "@", "#", "!", "$", "&", "|", "^", "?", "`", "\\", "..", "...", "....", ". .", "::", ": :", "~", "~=", "!=", "<<", "< <", ">>", "//", "/ /", "==", "= =", "=", "<=", "=<", "->", "&&", "||", "++", "--", "+=" } do run("local a, b = 6, 3 return a " .. token .. " b") end
run "return 1--comment\n+ 1"
run "return 7//2"
run "return 7 // 2 -- // 3"

print "-- escapes in strings"
for _, text in ipairs {
  [["\a\b\f\n\r\t\v\\\"\'"]], [['\'"']], [["'\""]], [["\65\066\0670"]], [["\0\00\000"]], [["\255"]], [["\256"]], [["\300"]], [["\999"]], [["\1234"]], [["\x41\x7a\xFf"]], [["\x4"]], [["\xg1"]], [["\x"]], [["\x 41"]],
  [["\u{41}\u{20AC}\u{10FFFF}"]], [["\u{7FFFFFFF}"]], [["\u{80000000}"]], [["\u{FFFFFFFFFF}"]], [["\u{}"]], [["\u{g}"]], [["\u41"]], [["\u{41"]], [["\u{00000041}"]], [["\u{D800}"]], [["\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{1fffff}\u{200000}\u{3ffffff}\u{4000000}"]],
  [["\z   x"]], "\"a\\z  \n\t  b\"", "\"a\\\nb\"", "\"a\\\r\nb\"", "\"a\\\n\rb\"", "\"a\\\rb\"", [["\q"]], [["\ "]], [["\8"]], [["\9"]], [["\:"]], [["\A"]], [["\N"]],
  "\"unfinished", "'unfinished", "\"line\nbreak\"", "'line\rbreak'", [["wrong end']], [["]], "\"\\", "\"\\\n", "\"\\z", "\"abc\\x", "'\\u{12", "'tab\there'", "'\127\200'", "'nul \0 here'",
} do
  eval(text)
end

print "-- long brackets"
for _, text in ipairs {
  "[[]]", "[[x]]", "[[\nx]]", "[[\n\nx]]", "[[\r\nx]]", "[[\n\rx]]", "[[x\r\ny\rz\n\rw]]", "[==[x]==]", "[==[x]]y]=]z]==]", "[=[]]]=]", "[=[]=]]=]", "[[a]b]]", "[[a]]b]]", "[[\\n\\z]]", "[[x", "[==[x]=]", "[=x", "[==", "[=[", "[= [x]=]", "[[ [[x]] ]]", "[[--]]", "[=[ [[x]] ]=]", "#[[x]]", "[[a]] .. [[b]]",
} do
  eval(text)
end
run "local t = {} t[ [[k]] ] = 1 return t.k"
run "local t = {} t[[[k]]] = 1 return t.k"
run "local t = { [ [[x]] ] = 2, [ 'y' ] = 3 } return t.x, t['y']"

print "-- comments"
for _, text in ipairs { "--\nreturn 1", "--[[x]] return 2", "--[[\nx\n]]return 3", "--[==[ ]] ]=] ]==] return 4", "-- [[x]] \nreturn 5", "--[x]]\nreturn 6", "---[[x\nreturn 7 --]]", "--[[x", "--[==[x]]", "return 8 --", "return 9 --[", "return 10 --[=", "--[=x\nreturn 11", "return --[[a]] 12 --[[b]]", "--\rreturn 13", "#!shebang\nreturn 14", "# comment\nreturn 15", " #x", "--[[]]--[[]]return 16" } do run(text) end

print "-- numerals"
for _, text in ipairs {
  "0", "3", "345", "0003", "0xff", "0XBEBADA", "0xA", "0Xa", "3.0", "3.1416", "314.16e-2", "0.31416E1", "34e1", ".5", "5.", "0.", ".0", "3e0", "3e+2", "3E-2", "0x0.1E", "0xA23p-4", "0X1.921FB54442D18P+1", "0x.8", "0x8.", "0x1p4", "0x1P-4", "0x.1p8", "0xA.8p1",
  "9223372036854775807", "9223372036854775808", "9223372036854775809", "18446744073709551615", "18446744073709551616", "100000000000000000000", "0x7fffffffffffffff", "0x8000000000000000", "0xffffffffffffffff", "0x10000000000000000", "0x123456789abcdef01", "0xffffffffffffffffffff",
  "1e308", "1e309", "1e-323", "1e-324", "2.2250738585072014e-308", "4.9406564584124654e-324", "1.7976931348623157e308", "123456789012345678901234567890", "0.1", "0.10000000000000000555", "1e15", "1e16", "1e100", "0x1p1023", "0x1p1024", "0x1p-1074", "0x1p-1075", "0x1.8p-1074", "0x1.fffffffffffff8p0",
  "0x", "0xg", "0x.", "0xp1", "0x1p", "0x1p+", "0x1pf", "1e", "1e+", "1e-", "1ee5", "1.2.3", "1..2", "1...2", "1 .. 2", "1. .. 2", ".", "..5", "3x", "3_", "3in", "0b1", "1f", "1L", "0x1.2.3", "1e5.5", "08", "09.5", "1e5e", "0xep1", "0xe+1", "0xe-1", "1e+5+1", "3..", "3.e5", "3.x",
} do
  eval(text)
end
local digits = {}
for i = 1, 40 do digits[i] = show(load("return " .. ("9"):rep(i))()) end
print(table.concat(digits, " "))

print "-- white space"
run "\t\v\f\r\n return\t1\v,\f2\r,\n3"
run "return\0001"
run "return 1;;;"
run ";;; local a = 1; ; return a"
run "\239\187\191return 'BOM'"
run "local a\160= 1"
run "return 'a' -- \200\201"
