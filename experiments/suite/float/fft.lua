-- Radix-2 fast Fourier transforms of 256 samples, there and back: strided float arrays.
local known = { [19] = 410058051, [97] = 2099835798, [760] = 16285378422, [5400] = 115918893358 }

local sin, cos, pi, floor = math.sin, math.cos, math.pi, math.floor
local SIZE = 256

local function transform(re, im, size, direction)
  -- reorder by reversed bits
  local j = 1
  for i = 1, size - 1 do
    if i < j then
      re[i], re[j] = re[j], re[i]
      im[i], im[j] = im[j], im[i]
    end
    local bit = size / 2
    while bit >= 1 and j > bit do
      j = j - bit
      bit = bit / 2
    end
    j = floor(j + bit)
  end
  local span = 1
  while span < size do
    local angle = direction * pi / span
    local stepRe, stepIm = cos(angle), sin(angle)
    local wRe, wIm = 1.0, 0.0
    for offset = 1, span do
      for a = offset, size, 2 * span do
        local b = a + span
        local tRe = wRe * re[b] - wIm * im[b]
        local tIm = wRe * im[b] + wIm * re[b]
        re[b], im[b] = re[a] - tRe, im[a] - tIm
        re[a], im[a] = re[a] + tRe, im[a] + tIm
      end
      wRe, wIm = wRe * stepRe - wIm * stepIm, wRe * stepIm + wIm * stepRe
    end
    span = span * 2
  end
end

local function signal(round)
  local seed = round * 2 + 1
  return function()
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647 - 0.5
  end
end

local function run(n)
  local re, im = {}, {}
  local spectrum, worst = 0.0, 0.0
  for round = 1, n do
    local sample = signal(round)
    for i = 1, SIZE do re[i], im[i] = sample(), 0.0 end
    local first, last = re[1], re[SIZE]
    transform(re, im, SIZE, -1)
    for i = 1, SIZE do spectrum = spectrum + re[i] * re[i] + im[i] * im[i] end
    transform(re, im, SIZE, 1)
    worst = math.max(worst, math.abs(re[1] / SIZE - first), math.abs(re[SIZE] / SIZE - last))
  end
  if worst > 1e-10 then return -1 end
  return floor(spectrum / SIZE * 1e6 + 0.5)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  -- Parseval: the energy of the samples is the energy of the spectrum
  local energy = 0.0
  for round = 1, n do
    local sample = signal(round)
    for _ = 1, SIZE do energy = energy + sample() ^ 2 end
  end
  return math.abs(energy * 1e6 - result) <= 2
end

return { run = run, check = check }
