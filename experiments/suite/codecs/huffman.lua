-- Huffman coding: frequency count, tree built with a sorted work list, bit strings, decoding along the tree.
local known = { [5200] = "equal 25 22424 2804", [31000] = "equal 25 134091 16763", [220000] = "equal 25 951857 118984", [1350000] = "equal 25 5841240 730156" }

local function frequencies(text)
  local counts, symbols = {}, {}
  for i = 1, #text do
    local c = text:sub(i, i)
    if not counts[c] then
      counts[c] = 0
      symbols[#symbols + 1] = c
    end
    counts[c] = counts[c] + 1
  end
  table.sort(symbols)
  return counts, symbols
end

local function build(counts, symbols)
  local work, serial = {}, 0
  local function insert(node)
    serial = serial + 1
    node.serial = serial
    local at = #work + 1
    -- the rarest node stays at the end; equal weights leave in the order they came
    while at > 1 and work[at - 1].weight <= node.weight do
      work[at] = work[at - 1]
      at = at - 1
    end
    work[at] = node
  end
  for _, symbol in ipairs(symbols) do insert({ weight = counts[symbol], symbol = symbol }) end
  while #work > 1 do
    local a = table.remove(work)
    local b = table.remove(work)
    insert({ weight = a.weight + b.weight, zero = a, one = b })
  end
  return work[1]
end

local function assign(node, prefix, codes)
  if node.symbol then
    codes[node.symbol] = prefix ~= "" and prefix or "0"
  else
    assign(node.zero, prefix .. "0", codes)
    assign(node.one, prefix .. "1", codes)
  end
  return codes
end

local function encode(text, codes)
  return (text:gsub("[%z\1-\255]", codes))
end

-- Packs the bits into bytes, the number of padding bits first.
local function pack(bits)
  local padding = (8 - #bits % 8) % 8
  bits = bits .. string.rep("0", padding)
  local out = { string.char(padding) }
  for i = 1, #bits, 8 do
    local value = 0
    for k = i, i + 7 do
      value = value * 2 + bits:byte(k) - 48
    end
    out[#out + 1] = string.char(value)
  end
  return table.concat(out)
end

local function decode(data, tree)
  local padding = data:byte(1)
  if tree.symbol then return tree.symbol:rep(tree.weight) end
  local out, node = {}, tree
  for i = 2, #data do
    local value, bit = data:byte(i), 128
    local stop = i == #data and 2 ^ padding or 1
    while bit >= stop do
      if value >= bit then
        value = value - bit
        node = node.one
      else
        node = node.zero
      end
      if node.symbol then
        out[#out + 1] = node.symbol
        node = tree
      end
      bit = bit / 2
    end
  end
  return table.concat(out)
end

local function message(n)
  local list, x = {}, 31
  for i = 1, n do
    x = (x * 205 + 29573) % 139968
    local y = x % 1000
    list[i] = string.char(97 + math.floor(y * y / 40000))
  end
  return table.concat(list)
end

local function run(n)
  local text = message(n)
  local counts, symbols = frequencies(text)
  local tree = build(counts, symbols)
  local codes = assign(tree, "", {})
  local bits = encode(text, codes)
  local packed = pack(bits)
  local back = decode(packed, tree)
  return string.format("%s %d %d %d", back == text and "equal" or "different", #symbols, #bits, #packed)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local symbols, bits, bytes = result:match("^equal (%d+) (%d+) (%d+)$")
  if not symbols then return false end
  symbols, bits, bytes = tonumber(symbols), tonumber(bits), tonumber(bytes)
  local counts, list = frequencies(message(n))
  local entropy = 0.0
  for _, symbol in ipairs(list) do
    local p = counts[symbol] / n
    entropy = entropy - p * math.log(p) / math.log(2)
  end
  -- Shannon's bounds
  return symbols == #list and bits >= entropy * n - 1e-6 and bits <= (entropy + 1) * n and bytes == math.ceil(bits / 8) + 1
end

return { run = run, check = check }
