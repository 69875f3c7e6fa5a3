-- luassert: assertions with their messages, spies, stubs, mocks, matchers, snapshots.
local show = require "show"
local assert = require "luassert"
local spy, stub, mock, match = require "luassert.spy", require "luassert.stub", require "luassert.mock", require "luassert.match"
local util = require "luassert.util"

local function try(f, ...)
  local ok, problem = pcall(f, ...)
  show(ok, (tostring(type(problem) == "table" and problem.message or problem):gsub("0x%x+", "0x")))
end
local equal = { { 1, 1 }, { 1, 1.0 }, { "a", "b" }, { {}, {} }, { nil, false }, { 0 / 0, 0 / 0 } }
for _, pair in ipairs(equal) do
  try(assert.are.equal, pair[1], pair[2]) try(assert.are_not.equal, pair[1], pair[2]) try(assert.are.same, pair[1], pair[2])
end
try(assert.same, { 1, { a = "x", b = { 2 } } }, { 1, { a = "x", b = { 3 } } }) try(assert.same, { 1, 2 }, { 1, 2, n = 3 })
for _, value in ipairs { true, false, 1, "text", {}, print, 2.5 } do
  for _, name in ipairs { "is_true", "is_false", "truthy", "falsy", "is_nil", "is_number", "is_string", "is_table", "is_function", "is_boolean", "is_thread", "is_userdata" } do
    local ok = pcall(assert[name], value)
    io.write(ok and "y" or "n")
  end
  print()
end
try(assert.is_true, false) try(assert.is_not_nil, nil, "own message") try(assert.is_string, 5)
try(assert.has_error, function() error "boom" end) try(assert.has_error, function() error("boom", 0) end, "boom") try(assert.has_error, function() end) try(assert.has_no.errors, function() error { code = 1 } end)
try(assert.has_error, function() error({ 1 }) end, { 1 }) try(assert.error_matches, function() error "no 12" end, "no %d+") try(assert.error_matches, function() error "no" end, "yes")
try(assert.matches, "h.l", "hello") try(assert.matches, "xyz", "hello") try(assert.is.near, 1, 1.05, 0.1) try(assert.is.near, 1, 2, 0.1) try(assert.unique, { 1, 2 }) try(assert.unique, { 1, 1 })
try(assert.returned_arguments, 2, "a", "b") try(assert.returned_arguments, 1, "a", "b") try(assert.array({ 1, nil, 3, n = 3 }).has.no.holes) try(assert.array({ 1, 2 }).has.no.holes)
try(assert, false, "plain") try(assert, nil) try(assert, 1, "unused") try(assert.nonsense, 1) try(assert.are.equal, 1)
assert:add_formatter(function(value) if type(value) == "table" and value.mine then return "MINE" end end)
try(assert.equal, { mine = true }, 1)
local say = require "say"
say:set("assertion.even.positive", "Expected %s to be even") say:set("assertion.even.negative", "Expected %s to be odd")
assert:register("assertion", "even", function(state, args) return args[1] % 2 == 0 end, "assertion.even.positive", "assertion.even.negative")
try(assert.is_even, 2) try(assert.is_even, 3) try(assert.is_not_even, 4)
assert:set_parameter("TableFormatLevel", 1)
try(assert.same, { a = { b = { c = 1 } } }, {})
local snapshot = assert:snapshot()
assert:set_parameter("TableFormatLevel", 5)
snapshot:revert()
show(assert:get_parameter "TableFormatLevel")

-- spies and stubs
local s = spy.new(function(...) return select("#", ...), ... end)
show(s(1, "a"), s(), s { k = 1 })
try(function() assert.spy(s).was.called() end) try(function() assert.spy(s).was.called(2) end) try(function() assert.spy(s).was.called_with(1, "a") end) try(function() assert.spy(s).was.called_with(9) end)
try(function() assert.spy(s).was_not.called() end) try(function() assert.spy(s).called_at_least(2) end) try(function() assert.spy(s).called_at_most(2) end) try(function() assert.spy(s).called_more_than(5) end) try(function() assert.spy(s).returned_with(2, 1, "a") end)
s:clear()
show(#s.calls, spy.is_spy(s), spy.is_spy(print))
local object = { method = function(self, x) return "real " .. x end, other = function() return 1 end }
local st = stub(object, "method")
st.returns "fake"
st.on_call_with(object, 7).returns("seven")
show(object:method(1), object:method(7))
try(function() assert.stub(st).was.called(2) end)
st:revert()
show(object:method(2))
local mocked = mock({ f = function() return "f" end, deep = { g = function() return "g" end } }, true)
show(mocked.f(), mocked.deep.g())
try(function() assert.spy(mocked.f).was.called(1) end)
mock.revert(mocked)
spy.on(object, "other")
show(object.other())
try(function() assert.spy(object.other).was_called_with() end)
object.other:revert()
local m = spy.new(function() end)
m("text", 5, {})
try(function() assert.spy(m).was.called_with(match.is_string(), match._, match.is_table()) end) try(function() assert.spy(m).was.called_with(match.is_number(), match._, match._) end)
try(function() assert.spy(m).was.called_with(match.matches "te", match.is_not_nil(), match.is_same {}) end)
show(match.is_matcher(match._), match.is_matcher(5))
show(util.deepcompare({ 1, { 2 } }, { 1, { 2 } }), util.tinsert({}, 1, "x"), util.callable(s), util.unpack { 1, 2 }, util.shallowcopy { 1 }, util.deepcopy { { 1 } })
