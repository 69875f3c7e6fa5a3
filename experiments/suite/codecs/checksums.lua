-- CRC-32 by table and by bits, Adler-32, Fletcher-16 and FNV-1a over a rolling buffer of bytes.
local known = { [160] = "20:c3f7532b05bd208c12abfbcadbb2", [800] = "100:2c2bafc1d977238daeafb94cfa2f", [7100] = "887:0943b5dbab28290d2335eabd4bbb", [46000] = "5750:6b3f8f90613c277eeca4853cefe6" }

local POLYNOMIAL = 0xEDB88320

local crc_table = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do
    c = c & 1 == 1 and POLYNOMIAL ~ (c >> 1) or c >> 1
  end
  crc_table[i] = c
end

local function crc32(s)
  local c = 0xffffffff
  for i = 1, #s do
    c = crc_table[(c ~ s:byte(i)) & 0xff] ~ (c >> 8)
  end
  return c ~ 0xffffffff
end

local function crc32_bitwise(s)
  local c = 0xffffffff
  for i = 1, #s do
    c = c ~ s:byte(i)
    for _ = 1, 8 do
      c = (c >> 1) ~ (POLYNOMIAL & -(c & 1))
    end
  end
  return c ~ 0xffffffff
end

local function adler32(s)
  local a, b = 1, 0
  for i = 1, #s do
    a = (a + string.byte(s, i)) % 65521
    b = (b + a) % 65521
  end
  return b << 16 | a
end

local function fletcher16(s)
  local low, high = 0, 0
  for i = 1, #s do
    low = (low + s:byte(i)) % 255
    high = (high + low) % 255
  end
  return high << 8 | low
end

local function fnv1a(s)
  local h = 0x811c9dc5
  for i = 1, #s do
    h = ((h ~ s:byte(i)) * 0x01000193) & 0xffffffff
  end
  return h
end

local function block(i)
  local list = {}
  for k = 1, 64 do list[k] = (i * k + k * k) % 256 end
  return string.char(table.unpack(list))
end

local function run(n)
  local digest, agree = "", 0
  for i = 1, n do
    local data = digest .. block(i)
    local crc = crc32(data)
    if i % 8 == 0 then
      if crc32_bitwise(data) ~= crc then return "disagreement at " .. i end
      agree = agree + 1
    end
    digest = string.format("%08x%08x%04x%08x", crc, adler32(data), fletcher16(data), fnv1a(data))
  end
  return agree .. ":" .. digest
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  -- published check values of the four algorithms
  if crc32("123456789") ~= 0xCBF43926 or crc32_bitwise("123456789") ~= 0xCBF43926 then return false end
  if adler32("Wikipedia") ~= 0x11E60398 or fletcher16("abcde") ~= 0xC8F0 or fnv1a("a") ~= 0xE40C292C then return false end
  local agree, digest = result:match("^(%d+):(%x+)$")
  return agree ~= nil and tonumber(agree) == n // 8 and #digest == 28
end

return { run = run, check = check }
