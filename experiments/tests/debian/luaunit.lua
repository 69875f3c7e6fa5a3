local unit = require("luaunit")

TestArithmetic = {}
function TestArithmetic:setUp() self.two = 2 end
function TestArithmetic:testAdd() unit.assertEquals(1 + 1, self.two) end
function TestArithmetic:testClose() unit.assertAlmostEquals(0.1 + 0.2, 0.3, 1e-12) end
function TestArithmetic:testError() unit.assertErrorMsgContains("arithmetic", function() return 1 + {} end) end

TestTables = {}
function TestTables:testFail() unit.assertEquals({ 1, 2, { 3 } }, { 1, 2, { 4 } }) end
function TestTables:testItems() unit.assertItemsEquals({ 3, 1, 2 }, { 1, 2, 3 }) end
function TestTables:testRaises() error("boom") end
function TestTables:testSkipped() unit.skip("not today") end

TestStrings = {}
function TestStrings:testContains() unit.assertStrContains("hello", "ell") end
function TestStrings:testPattern() unit.assertStrMatches("hello 12", "%a+ %d+") end

for _, format in ipairs({ "text", "tap" }) do
  local runner = unit.LuaUnit.new()
  runner:setOutputType(format)
  print(runner:runSuite("-v"))
end
os.exit(3, true)
