-- `#` of lists that end with nils: any border would do, and this is the one that PUC Lua finds.
print(#{1, nil, nil, 4, nil, nil}, #{nil, nil, 1, nil, nil}, #{1, nil, 3}, #{nil, nil, 3}, #{nil, 2, nil}, #{1, 2, nil, 4, nil})
local pack = table.pack
print(#pack(1, nil, nil, 4, nil, nil), #pack(nil, nil, 1, nil, nil), #pack(1, nil, 3), #pack(nil, 2, nil), #pack(), #pack(nil), #pack(nil, nil))
local t = { 1, nil, nil, 4, nil, nil }
for k, v in pairs(t) do print(k, v) end
t[2], t[3] = 2, 3
print(#t, table.unpack(t))
for n = 1, 8 do
  for bits = 0, 2 ^ n - 1, 3 do
    local items = {}
    for i = 1, n do items[i] = bits // 2 ^ (i - 1) % 2 == 1 and i or nil end
    local list = { table.unpack(items, 1, n) }
    io.write(#list, " ", #pack(table.unpack(items, 1, n)), " ")
  end
  print()
end
