local json = require("dkjson")

print(json.encode({ 1, 2, { a = "x" } }), json.decode('{"a":[1,2,3.5,null,"\\u00e9"]}').a[3])
print(json.encode({ a = { 1.5, -0.25, 1e100 }, b = "tab\tquote\"", c = json.null }, { indent = true, keyorder = { "c", "b", "a" } }))
for _, text in ipairs({ "", "[1,2", "{1}", '{"a":tru}', "[1] x", '"\\ud83d\\ude00"', "-0.5e3" }) do
  local value, position, message = json.decode(text)
  print(text, type(value) == "table" or value, position, message)
end
local rows = {}
for i = 1, 300 do rows[i] = { id = i, name = "row " .. i, tags = { "a", "b", i % 2 == 0 }, share = i / 8 } end
local options = { keyorder = { "id", "name", "share", "tags" } }
local text = json.encode(rows, options)
print(#text, json.encode(json.decode(text), options) == text)
