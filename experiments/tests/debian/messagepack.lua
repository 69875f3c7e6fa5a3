-- lua-messagepack: packing and unpacking.
local show = require "show"
local mp = require "MessagePack"

local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local values = { 0, 1, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, -1, -32, -33, -128, -129, -32768, -32769, -2147483648, -2147483649,
  math.maxinteger, math.mininteger, 1.5, -0.0, 1e300, 0.1, 1 / 0, -1 / 0, true, false, "", "a", ("x"):rep(31), ("x"):rep(32), ("y"):rep(255), ("z"):rep(256), ("w"):rep(70000),
  {}, { 1, 2, 3 }, { { {} } }, { a = 1 }, { 1, nil, 3 } }
for i = 1, #values do
  local packed = mp.pack(values[i])
  local back = mp.unpack(packed)
  show(#packed, hex(packed:sub(1, 24)), math.type(back) or type(back), type(back) == "string" and #back or back)
end
show(hex(mp.pack(nil)), mp.unpack(mp.pack(nil)))
for _, setting in ipairs { "with_hole", "without_hole", "always_as_map" } do mp.set_array(setting) show(setting, hex(mp.pack { 1, nil, 3 }), hex(mp.pack { 1, 2 })) end
mp.set_array "without_hole"
for _, setting in ipairs { "string_compat", "string", "binary" } do mp.set_string(setting) show(setting, hex(mp.pack "abc"), hex(mp.pack(("q"):rep(40)):sub(1, 8))) end
for _, setting in ipairs { "unsigned", "signed" } do mp.set_integer(setting) show(setting, hex(mp.pack(200)), hex(mp.pack(70000))) end
for _, setting in ipairs { "float", "double" } do mp.set_number(setting) show(setting, hex(mp.pack(2.5)), hex(mp.pack(0.1))) end
mp.set_string "string_compat"
show.call(mp.set_array, "what") show.call(mp.pack, print) show.call(mp.unpack, "\xc1") show.call(mp.unpack, "\x92\x01") show.call(mp.unpack, "") show.call(mp.unpack, "\x01\x02") show.call(mp.unpack, 12)
for at, value in mp.unpacker(mp.pack(1) .. mp.pack "two" .. mp.pack { 3 }) do show(at, value) end
local pieces = { mp.pack { "long", "stream", 12 }, mp.pack(2 ^ 40) }
local stream = table.concat(pieces)
local at = 0
local source = function() if at < #stream then at = at + 1 return stream:sub(at, at) end end
for _, value in mp.unpacker(source) do show(value) end
show(hex(mp.pack(setmetatable({ 1, 2 }, { __index = { 3 } }))))
show(mp.unpack(hex and "\xd4\x01\x00" or ""))
local rows = {}
for i = 1, 500 do rows[i] = { i, i / 4, "row" .. i, { i % 2 == 0 } } end
local packed = mp.pack(rows)
local sum = 0
for byte in packed:gmatch "." do sum = (sum * 31 + byte:byte()) % 1000000007 end
show(#packed, sum, mp.unpack(packed)[500])
