-- Fills text templates with gsub: replacement tables, functions and captures.
local known = { [580] = "580 580 847673190 missing 33413", [3050] = "3050 3050 13498514525 missing 179671", [19000] = "19000 19000 93359874500 missing 1135814", [84000] = "84000 84000 418824182000 missing 5060520" }

local PAGE = [[
<h1>${title}</h1>
{{each item}}<li class="${class}">${name|upper} costs ${price|money}</li>
{{end}}<p>${count} items & ${missing}</p>]]

local filters = {
  upper = string.upper,
  money = function(value)
    local whole, cents = math.floor(value / 100), value % 100
    local text = string.format("%d", whole):reverse():gsub("(%d%d%d)", "%1'"):reverse():gsub("^'", "")
    return string.format("%s.%02d", text, cents)
  end,
}

local function expand(text, scope)
  return (text:gsub("%${([%w_]+)|?(%w*)}", function(key, filter)
    local value = scope[key]
    if value == nil then return "?" .. key .. "?" end
    if filter ~= "" then value = filters[filter](value) end
    return tostring(value)
  end))
end

local function render(page, scope)
  page = page:gsub("{{each (%w+)}}(.-){{end}}", function(name, body)
    local rows = {}
    for i, row in ipairs(scope[name]) do
      rows[i] = expand(body, row)
    end
    return (table.concat(rows):gsub("%%", "%%%%"))
  end)
  return expand(page, scope)
end

local function escape(text)
  return (text:gsub("[<>&]", { ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;" }))
end

local function catalogue(n)
  local items = {}
  for i = 1, n do
    items[i] = { name = "part-" .. i, class = i % 2 == 0 and "even" or "odd", price = i * i * 13 % 10000000 }
  end
  return items
end

local function run(n)
  local html = render(PAGE, { title = "List of " .. n, item = catalogue(n), count = n })
  local escaped = escape(html)
  local _, rows = escaped:gsub("&lt;li", "")
  local _, shouted = html:gsub("PART%-%d+", "")
  local cents = 0
  for price in html:gmatch("costs ([%d'.]+)") do
    cents = cents + tonumber((price:gsub("[.']", "")))
  end
  local unknown = html:match("%?(%w+)%?")
  return string.format("%d %d %d %s %d", rows, shouted, cents, unknown, #escaped)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local cents = 0
  for _, item in ipairs(catalogue(n)) do cents = cents + item.price end
  local prefix = string.format("%d %d %d missing ", n, n, cents)
  return result:sub(1, #prefix) == prefix
end

return { run = run, check = check }
