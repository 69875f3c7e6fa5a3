-- Penlight: strings, templates, lexers, formats of data, dates, markup, command lines.
local show = require "show"
local stringx, text, pretty = require "pl.stringx", require "pl.text", require "pl.pretty"
local lexer, template, sip = require "pl.lexer", require "pl.template", require "pl.sip"
local stringio, data, input = require "pl.stringio", require "pl.data", require "pl.input"
local config, xml, url = require "pl.config", require "pl.xml", require "pl.url"
local Date, lapp, app = require "pl.Date", require "pl.lapp", require "pl.app"
local strict, test, compat = require "pl.strict", require "pl.test", require "pl.compat"
local List, tablex = require "pl.List", require "pl.tablex"

-- stringx
for _, s in ipairs { "abc", "ABC", "123", "a1", " \t", "", "é" } do
  show(stringx.isalpha(s), stringx.isdigit(s), stringx.isalnum(s), stringx.isspace(s), stringx.islower(s), stringx.isupper(s))
end
show(stringx.startswith("hello", "he"), stringx.startswith("hello", { "x", "h" }), stringx.endswith("a.lua", { ".c", ".lua" }), stringx.join(",", { 1, 2 }), stringx.splitlines "a\nb\r\nc", stringx.splitlines("a\nb", true))
show(stringx.split "a b  c", stringx.split("a,b,c", ",", 2), stringx.expandtabs("a\tb", 4), stringx.lfind("hello", "l"), stringx.rfind("hello", "l"), stringx.replace("aaa", "a", "b", 2), stringx.count("ababa", "aba"), stringx.count("ababa", "aba", true))
show(stringx.ljust("x", 4, "."), stringx.rjust("x", 4), stringx.center("x", 4, "*"), stringx.lstrip "  x ", stringx.rstrip("xyy", "y"), stringx.strip " x ", stringx.splitv("k=v", "="))
show(stringx.partition("a:b:c", ":")) show(stringx.rpartition("a:b:c", ":")) show(stringx.at("hello", -1), stringx.title "the quick brown", stringx.shorten("a long sentence", 8), stringx.shorten("a long sentence", 8, true), stringx.quote_string 'say "hi"\n')
show(stringx.indent("a\nb", 2), stringx.dedent "    x\n      y\n", stringx.fill("the quick brown fox jumps over the lazy dog", 16), stringx.wrap("the quick brown fox", 9))
for line in stringx.lines "one\ntwo" do io.write("[", line, "]") end
print()
local t = stringx.Template "Dear $name, ${sum} is due to $$ ${name}."
show(t:substitute { name = "Ann", sum = 5 }, t:safe_substitute { name = "Ann" }, pcall(t.substitute, t, {}))
show(stringx.Template "for i in list do\n  $body\nend":indent_substitute { body = "one()\ntwo()" })
stringx.format_operator()
show("%s-%d" % { "x", 3 }, "$a" % { a = 1 }, "%5.1f" % 2.25)
show.call(stringx.split, 5) show.call(stringx.center, "x")
show(text.dedent "  a\n  b", text.wrap("some words to wrap", 8))

-- pretty
show(pretty.write { 1, 2, { x = 1 }, [10] = "ten", ["a key"] = true, nested = { { {} } } })
show(pretty.write({ 1, "a\nb" }, ""), pretty.write({ f = 1.5, m = math.mininteger }, "  ", true), pretty.write "str", pretty.write(nil), pretty.number(123456, "N", 2), pretty.number(2 ^ 20, "M"), pretty.number(1234567, "T"))
show(pretty.read "{1,2,{a='b'}}", pcall(pretty.read, "{os.exit()}"), pcall(pretty.read, "return 1"), pretty.load("x = 1 y = x * 2"), pretty.load("for i = 1, 2 do end", {}, true))
local loop = { name = "loop" }
loop.self = loop
show(pretty.write(loop))

-- lexer
local source = [==[
local x, y = 0x1F, 3.5e-2 -- comment
--[[ long
comment ]]
if x >= y and x ~= 'it\'s' then return [[long]] .. "a\"b" // 2 end
]==]
for kind, value in lexer.lua(source) do io.write(kind, ":", tostring(value):gsub("\n", "\\n"), " ") end
print()
for kind, value in lexer.lua(source, {}, {}) do io.write(kind, " ") end
print()
for kind, value in lexer.cpp [[#include <x.h>
int main(void) { /* c */ return a->b != 'c' || 0xFF; } // end]] do io.write(kind, ":", tostring(value), " ") end
print()
local tokens = lexer.lua "f(a, g(b, c), {1, 2}) rest"
show(lexer.expecting(tokens, "iden"), lexer.expecting(tokens, "("))
show(#lexer.get_separated_list(tokens), lexer.lineno(tokens))
show(lexer.getrest(tokens))
show(select("#", lexer.get_keywords()), lexer.get_keywords()["while"])
for kind, value in lexer.scan("alpha 12 'beta'", nil, {}, { number = true, string = true }) do show(kind, value) end

-- template
local view = [[
# for i, item in ipairs(items) do
<li class="$(i % 2 == 0 and 'even' or 'odd')">$(item:upper())</li>
# end
total $(#items)
]]
show(template.substitute(view, { items = { "a", "b" }, ipairs = ipairs }))
show(template.substitute("> for k = 1, 2 do\n<%k%> @{k}\n> end\n", { _escape = ">", _inline_escape = "@", _brackets = "{}" }))
local compiled = template.compile(view, { debug = true })
show(compiled:render { items = { "z" }, ipairs = ipairs })
show((select(2, template.substitute("$(nothing.x)", {})):gsub("\n.*", "")))
show(template.compile "# if then")

-- sip
for _, case in ipairs { { "$v = $d", "count = 12" }, { "($i,$i)", "(3,-4)" }, { "$q $S", '"quoted" word' }, { "$f{x};$f{y}", "1.5;2" }, { "$p", "~/a/b" }, { "$r", "to the end" }, { "$v{a}-$v{b}", "no match" } } do
  local result = {}
  show(case[1], sip.match(case[1], case[2], result), result)
end
show(sip.create_pattern "$v{key}=$d", sip.compile "[$d] $r"("[12] rest", {}))
for a, b in sip.fields("$v=$d", stringio.open "a=1\nb=2\n") do io.write(tostring(a), tostring(b), " ") end
print()
local seen = {}
sip.pattern("set $v{name} $d{n}", function(match) seen[#seen + 1] = match end)
sip.pattern("done", function() seen[#seen + 1] = "done" end)
sip.read(stringio.open "set x 5\nunknown\nset y 6\ndone\n")
show(seen)
sip.custom_pattern("Z", "(%u+)")
show(sip.match("$Z{word}", "LOUD", {}))

-- stringio, data, input, config
local out = stringio.create()
out:write("a", 1, 2.5) out:writef("%03d", 7)
show(out:value(), tostring(out), stringio.open "10 20 x\nline":read("*n", "*n", "*l", "*l", "*l"))
local reader = stringio.open "first\nsecond"
show(reader:read(3), reader:seek(), reader:seek("set", 0), reader:read "*l", reader:read "*a", reader:read "*a", reader:close())
for a in stringio.lines "p\nq" do io.write(a, ";") end
print()
local rows = data.read(stringio.open "name,age,score\nAnn,30,1.5\nBob,25,2\nCid,41,3\n")
show(rows.fieldnames, rows:column_by_name "age", rows[1], rows:select_row { fields = "name", where = "age > 26" }() ~= nil)
for name, age in rows:select "name,age where age > 26 sort by age" do io.write(name, ":", age, " ") end
print()
rows:write_row(io.stdout, { "x", 1, 2 })
rows:write(io.stdout)
data.write({ { 1, 2 }, { 3, 4 } }, io.stdout, { "a", "b" }, "\t")
show(rows:copy_select "name where score >= 2", data.new({ { 1, 2 } }, { "p", "q" }):column_by_name "q", data.read(stringio.open "1 2\n3 4")[2])
show(data.read(stringio.open 'a,b\n"x, y",2\n', { csv = true })[1], data.read(stringio.open "a;b\n1,5;2\n", { delim = ";", decimal_comma = true })[1])
show.call(data.query, rows, "nothing where age > 1")
for n in input.numbers "1 2.5 x 3" do io.write(n, " ") end
for w in input.words "some words, here" do io.write(w, " ") end
for a, b in input.fields({ 1, 3 }, ",", stringio.open "a,b,c\nd,e,f\n", { no_fail = true }) do io.write(a, b, " ") end
print()
show(config.read(stringio.open [[
# settings
title = A Title
number = 12
list = 1,2,x
[section.one]
flag: true
path="quoted # not a comment"
]]), config.read(stringio.open "a=1,2\nb=x y", { list_delim = " ", convert_numbers = false, trim_space = false }))
show(config.read(stringio.open "NUM 4\nopt on off", { keysep = " " }))
for line in config.lines(stringio.open "a \\\nb\n# c\nd") do io.write("[", line, "]") end
print()

-- xml, url
local doc = xml.parse([[<?xml version="1.0"?><!-- c --><root kind="x"><item id="1">one &amp; two</item><item id="2"/><deep><a>b</a></deep></root>]], false, true)
show(tostring(doc), xml.tostring(doc, "", "  "), doc.attr.kind, #doc, doc:child_with_name "item":get_text(), xml.is_tag(doc), xml.compare(doc, xml.clone(doc)))
for item in doc:childtags() do io.write(item.tag, " ") end
xml.walk(doc, false, function(tag, node) io.write(tag, #node, " ") end)
print()
show(#doc:get_elements_with_name "a", doc:first_childtag().attr.id, doc:match [[<root kind="$k">{{<item id="$id">$value</item>}}</root>]], xml.xml_escape and xml.xml_escape "<&>'\"", xml.xml_unescape "&lt;&quot;")
local built = xml.elem("list", { name = "n", xml.elem("item", "1"), xml.elem("item", { class = "c", "2" }) })
local made = xml.new("top", { a = "1" }):addtag "in":text("x < y"):up():addtag("b"):up()
local ul, li = xml.tags { "ul", "li" }
show(tostring(built), tostring(made), tostring(ul { li "one", li { "two" } }), made:get_attribs(), made:set_attrib("a", "2"))
show(tostring(doc:maptags(function(tag) return tag.tag ~= "deep" and tag or nil end)))
show.call(xml.parsehtml, "<html><body><p>one<br/>two<img src=\"x\"></p></body></html>")
show.call(xml.parsehtml, "<html><body><p>one<br>two</body></html>")
show.call(xml.parse, "<a><b></a>", false, true)
show(url.quote "a b/ü?&=", url.quote("a b", true), url.unquote "a%20b+c%C3%BC", url.quote(5))

-- Date
local date = Date { year = 2024, month = 2, day = 28, hour = 12 }
show(date:year(), date:month(), date:day(), date:hour(), date:min(), date:sec(), date:weekday_name(true), date:weekday_name(), date:month_name(), date:is_weekend(), date:last_day():day(), date:yday())
date:add { day = 2 }
show(date:month(), date:day(), date:year(), Date { year = 2020, month = 1, day = 1 } < date, date == Date(date), tostring((date - Date { year = 2024, month = 2, day = 28, hour = 10 })), tostring(Date.Interval(3725)))
local format = Date.Format "yyyy-mm-dd HH:MM:SS"
show(format:tostring(date), tostring(format:parse "2021-03-04 05:06:07":toUTC():year()), format:parse "nonsense", Date.Format():parse "10 Jul 2011" and Date.Format():parse("10 Jul 2011"):month(), Date.Format "dd/mm/yyyy":parse "31/12/1999":yday())
for _, form in ipairs { "2011-05-07", "July 10 2008", "12:31", "2008-07-05T18:30:02Z", "5 Mar 1998 14:03", "99 Foo" } do
  local parsed, message = Date.Format():parse(form)
  show(form, parsed and parsed:month() ~= nil, message)
end

-- lapp, app, strict, test, compat
local spec = [[
Test program.
  -v,--verbose           Talk more
  -n,--number (default 4) A number
  -k,--kind (default small) One of
  <name> (string)        A name
]]
lapp.show_usage_error = "throw"
for _, line in ipairs { { "-n", "12", "file" }, { "--verbose", "file" }, { "--number=3", "--kind", "large", "x" }, { "-vn5", "x" }, {}, { "-n", "abc", "x" }, { "--what", "x" } } do
  local ok, result = pcall(lapp, spec, line)
  show(ok, type(result) == "table" and result or (tostring(result):gsub("\n.*", "")))
end
show(app.parse_args({ "-a", "--name=x", "file", "-b", "v" }, { b = true }), app.platform())
local module = strict.module("mod", { known = 1 }, { declared = true })
module.fresh = 2
show(module.known, pcall(function() return module.unknown end), pcall(function() return module.declared end))
local sealed = {}
strict.closed_module(sealed, "closed")
show(pcall(function() return sealed.b end))
show(pcall(function() return undeclared_variable end), pcall(function() undeclared_variable = 1 end))
test.asserteq({ 1, { 2 } }, { 1, { 2 } })
test.asserteq(1.0001, 1, 0.01)
test.assertmatch("hello", "l+")
test.assertraise(function() error "deliberate" end, "deliberate")
show(test.tuple(1, "a") == test.tuple(1, "a"), tostring(test.tuple(1, nil, "x")), #test.tuple(1, nil))
show(compat.lua51, compat.jit, compat.dir_separator, compat.is_windows, compat.execute "exit 3")
show(compat.load("return ...", "=x", "t", {})(7), table.pack(1, nil).n, package.searchpath("no.such", "?.x"))
local balanced = require "pl.luabalanced"
show(balanced.match_bracketed("(a(b)c) d", 1), balanced.match_string([["a\"b" x]], 1), balanced.match_expression("f(x)+{1,2} y", 1), balanced.match_namelist("a, b c", 1), balanced.match_explist("a, {b}, c d", 1))
show(balanced.gsub("x = 'y' -- z", function(kind, piece) return kind .. "<" .. piece .. ">" end))
local all = require "pl.import_into" ()
show(all.List == List, all.tablex == tablex, all.stringx.strip " s ", require "pl".utils ~= nil)
