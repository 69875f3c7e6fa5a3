local argparse = require("argparse")

local function parser()
  local made = argparse("script", "An example."):add_help(false)
  made:argument("input", "Input file.")
  made:argument("rest"):args("*")
  made:option("-o --output", "Output file.", "a.out")
  made:option("-I --include"):count("*")
  made:flag("-v --verbose"):count("0-2"):target("level")
  return made
end

for _, line in ipairs({ { "foo" }, { "foo", "-o", "bar", "-vv" }, { "-Ia", "-I", "b", "foo", "x", "y" }, { "foo", "--output=z" } }) do
  local seen = parser():parse(line)
  print(seen.input, seen.output, seen.level, table.concat(seen.rest, ","), table.concat(seen.include, ","))
end
for _, line in ipairs({ {}, { "foo", "--unknown" }, { "foo", "-vvv" }, { "foo", "-o" } }) do
  local parsed, message = parser():pparse(line)
  print(parsed, parsed or message)
end
print(parser():get_usage())
print(parser():get_help())
