-- Penlight: lists, maps, sets, classes, sequences, permutations, functional helpers.
local show = require "show"
local List, Map, MultiMap = require "pl.List", require "pl.Map", require "pl.MultiMap"
local OrderedMap, Set, class = require "pl.OrderedMap", require "pl.Set", require "pl.class"
local array2d, tablex, seq = require "pl.array2d", require "pl.tablex", require "pl.seq"
local permute, operator, func = require "pl.permute", require "pl.operator", require "pl.func"
local comprehension, types, utils = require "pl.comprehension".new(), require "pl.types", require "pl.utils"

-- List
local list = List { 10, 20, 30 }
show(list:clone(), list .. List { 40 }, list == List { 10, 20, 30 }, #list, list:len())
show(list:append(5):extend({ 1, 2 }):insert(1, 0):put(-1), list:pop(), list:pop(1), list:remove(2), list:remove_value(30))
show(list:contains(20), list:count(2), list:index(20), list:minmax())
show(list:sorted(), list:sort ">", list:sort(), list:reverse(), list:slice(2, 3), list:slice(-2), list:slice(1, -2))
show(List.range(1, 10):chop(3, 4):splice(2, { "a", "b" }):slice_assign(1, 2, { "x" }):join "-", List.range(5), List.range(0, 1, 0.25))
show(List.split("one two  three"), List.split("a:b:c", ":"), List "abc", List(list), List():clear())
show(List { 1, 2, 3 }:map(function(x, y) return x * y end, 3), List { 1, 2, 3 }:map("*", 4), List { "a", "b" }:mapm("rep", 2))
show(List { 1, 2, 3, 4 }:filter(function(x) return x % 2 == 0 end), List { 1, 2, 3 }:reduce "+", List { 1, 2, 3, 4 }:partition(function(x) return x > 2 end))
show(List { 1, 2 }:transform(function(x) return -x end))
List { "x", "y" }:foreach(print)
List { List { 1 }, List { 2 } }:foreachm("append", 9)
for value in List { 7, 8 }:iter() do io.write(value, " ") end
for value in List.iterate "hey" do io.write(value, " ") end
print()
show.call(List.slice, 3) show.call(list.insert, list, 99, 1) show.call(list.map, list, "no such operator")

-- Map, MultiMap, OrderedMap, Set
local map = Map { a = 1, b = 2 }
show(map:keys():sort(), map:values():sort(), #map:items(), map:setdefault("c", 3), map:setdefault("a", 9), map:get "b", map:getvalues { "a", "c" })
show(map == Map { a = 1, b = 2, c = 3 }, map ~= Map {}, map:set("a"), map:get "a", tostring(Map { k = "v" }))
map:update { d = 4 }
show(map:len(), map)
local multi = MultiMap { fruit = { "apple" } }
multi:set("fruit", "pear") multi:set("root", "carrot") multi:update { root = { "beet" } }
show(multi)
local ordered = OrderedMap { { z = 1 }, { a = 2 } }
ordered:set("m", 3) ordered:insert(1, "first", 0) ordered:set("z", nil)
show(tostring(ordered), ordered:keys(), ordered:values(), ordered:sort():keys(), ordered:get "m", #ordered)
for key, value in ordered:iter() do io.write(key, "=", value, " ") end
print()
local evens, low = Set { 2, 4, 6, 8 }, Set { 1, 2, 3, 4 }
show(Set.values(evens + low):sort(), Set.values(evens * low):sort(), Set.values(evens - low):sort(), Set.values(evens ^ low):sort())
show(evens < low, Set { 2 } < evens, Set.issubset(Set { 2 }, evens), Set.isdisjoint(evens, Set { 1 }), Set.isempty(Set {}), #evens, Set { 1 } == Set { 1 }, evens[2], tostring(Set { "only" }))
show(Set.values(Set.map(low, function(x) return x * 10 end)):sort())

-- class
local Animal = class()
function Animal:_init(name) self.name = name end
function Animal:__tostring() return self.name .. ": " .. self:speak() end
function Animal:speak() return "..." end
class.Dog(Animal)
function Dog:speak() return "bark" end
class.Cat(Animal)
function Cat:_init(name, breed) self:super(name) self.breed = breed end
function Cat:speak() return "meow" end
local dog, cat = Dog "Fido", Cat("Felix", "Tabby")
show(tostring(dog), tostring(cat), cat.breed, dog:is_a(Animal), dog:is_a(Cat), Dog:class_of(dog), Animal:class_of(cat), Dog.is_a(dog, Dog), dog:is_a() == Dog)
local Props = class(class.properties)
function Props:_init() self._level = 1 end
function Props:get_level() return self._level * 10 end
function Props:set_level(v) self._level = v end
local props = Props()
props.level = 7
show(props.level, props._level, pcall(function() return props.unknown end))
local Named = class { _name = "Named", hello = function() return "hello" end }
show(types.type(Named()), Named():hello(), types.type(list), types.type(1), types.type(print), types.type(io.stdout))
local Auto = class()
Auto:catch(function(self, name) return function(_, ...) return name, ... end end)
show(Auto():anything(1, 2))
show(Dog:cast(Animal "Rex"):speak(), Dog:class_of(cat))

-- tablex
local t = { 1, 2, 3, key = "value" }
show(tablex.copy(t), tablex.deepcopy { { { 1 } } }, tablex.deepcompare({ 1, { a = 2 } }, { 1, { a = 2 } }), tablex.deepcompare({ 1.0001 }, { 1 }, true, 0.01), tablex.size(t))
show(tablex.compare({ 1, 2 }, { 1, 2 }, "=="), tablex.compare_no_order({ 1, 2 }, { 2, 1 }), tablex.find({ 5, 6, 7 }, 6), tablex.find({ 5, 6, 5 }, 5, -1), tablex.rfind({ 1, 2, 1 }, 1), tablex.find_if({ 1, 5, 9 }, ">", 4))
show(tablex.index_by({ 10, 20, 30 }, { 3, 1 }), tablex.map("#", { "a", "bb" }), tablex.imap("+", { 1, 2 }, 10), tablex.map_named_method("upper", { "a", "b" }), tablex.range(1, 10, 3), tablex.reduce("..", { "a", "b", "c" }), tablex.reduce("+", {}, 0))
show(tablex.mapn(function(x, y, z) return x + y + z end, { 1, 2 }, { 10, 20 }, { 100, 200 }), tablex.pairmap(function(k, v) return v, k end, { a = 1 }), List(tablex.keys(t)):map(tostring):sort(), List(tablex.values(t)):map(tostring):sort())
show(tablex.index_map { "x", "y" }, tablex.makeset { "x" }, tablex.merge({ a = 1, b = 2 }, { b = 3 }), tablex.merge({ a = 1 }, { b = 3 }, true), tablex.union({ a = 1 }, { b = 2 }), tablex.intersection({ a = 1, b = 1 }, { b = 2 }), tablex.difference({ a = 1, b = 1 }, { b = 2 }), tablex.difference({ a = 1, b = 1 }, { b = 2, c = 1 }, true))
show(tablex.count_map { "a", "b", "a" }, tablex.filter({ 1, 5, 9 }, ">", 3), tablex.zip({ 1, 2 }, { 3, 4 }), tablex.icopy({ 1, 2, 3 }, { 9, 8 }, 2), tablex.move({ 1, 2, 3 }, { 4, 5 }, 3), tablex.sub({ 1, 2, 3, 4 }, 2, -2), tablex.set({ 1, 2, 3 }, 0, 2, 3), tablex.new(3, "x"))
show(tablex.insertvalues({ 1, 2 }, 2, { 8, 9 }), tablex.removevalues({ 1, 2, 3, 4 }, 2, 3), tablex.search({ a = { b = { c = 7 } } }, 7), tablex.transform(function(x) return x + 1 end, { 1, 2 }))
for k, v in tablex.sort { z = 1, a = 2 } do io.write(k, v, " ") end
for k, v in tablex.sortv({ z = 1, a = 2 }, function(x, y) return x > y end) do io.write(k, v, " ") end
print()
local fixed = tablex.readonly { 1, 2 }
show(fixed[1], #fixed, pcall(function() fixed[1] = 2 end))
tablex.foreach({ a = 1 }, function(v, k, x) print(k, v, x) end, "extra")
tablex.foreachi({ "p" }, function(v, k) print(k, v) end)
show.call(tablex.map, 1, {}) show.call(tablex.copy, nil)

-- array2d
local grid = { { 1, 2, 3 }, { 4, 5, 6 } }
show(array2d.size(grid), array2d.column(grid, 2), array2d.map("*", grid, 2), array2d.reduce_rows("+", grid), array2d.reduce_cols("+", grid), array2d.reduce2("+", "*", grid))
show(array2d.map2("+", 2, 2, grid, grid), array2d.product("..", { 1, 2 }, { "a", "b" }), array2d.flatten(grid), array2d.reshape(grid, 3), array2d.transpose(grid))
show(array2d.slice(grid, 1, 2, 2, 3), array2d.extract_rows(grid, { 2 })[1], array2d.extract_cols(array2d.copy and grid or grid, { 1, 3 }), array2d.forall and true)
local square = array2d.new(2, 3, function(i, j) return i * j end)
array2d.swap_rows(square, 1, 2) array2d.swap_cols(square, 1, 3)
show(square, array2d.parse_range "B2:C3", array2d.range(square, "A1:B2"), array2d.default_range(square))
array2d.write(square, nil, "%3d")
for value, i, j in array2d.iter(square, true) do io.write(tostring(value), ":", tostring(i), ":", tostring(j), " ") end
print()
for row in array2d.rows(square) do io.write(tostring(row), " ") end
print()

-- seq
show(seq.sum { 1, 2, 3 }, seq.minmax { 5, 1, 9 }, seq.copy(seq.range(1, 4)), seq.count_map { "a", "a" }, seq.reduce("+", seq.list { 1, 2, 3 }), seq.last and seq.copy_tuples(seq.last { 10, 20, 30 }))
show(seq.copy(seq.map("*", { 1, 2 }, 5)), seq.copy(seq.filter(seq.list { 1, 5, 2 }, seq.greater_than(1))), seq.copy(seq.take(seq.list { 1, 2, 3 }, 2)), seq.copy(seq.skip(seq.list { 1, 2, 3 }, 2)), seq.copy_tuples(seq.enum(seq.list { "x", "y" })), seq.copy_tuples(seq.zip(seq.list { 1, 2 }, seq.list { "a", "b" })))
show(seq.copy(seq.splice(seq.list { 1 }, seq.list { 2, 3 })), seq.copy(seq.sort { 3, 1, 2 }), seq.copy(seq.unique { 1, 1, 2 }, true) ~= nil, seq.count({ 1, 2, 3 }, seq.less_than(3)), seq({ 1, 2, 3 }):map("+", 1):filter(seq.equal_to(3)):copy(), seq { "a", "b" }:upper():copy())
seq.printall({ 1, 2, 3 }, ",", 2)
print()
seq.foreach({ "x" }, print)

-- permute, operator, func, comprehension
local permutations = {}
for order in permute.order_iter { 1, 2, 3 } do permutations[#permutations + 1] = table.concat(order) end
table.sort(permutations)
show(permutations, #permute.order_table { 1, 2, 3, 4 })
for a, b in permute.list_iter({ 1, 2 }, { "x", "y" }) do io.write(tostring(a), tostring(b), " ") end
print()
show(permute.list_table({ 1, 2 }, { 3 }))
show(operator.add(1, 2), operator.concat("a", 1), operator.idiv and operator.idiv(7, 2), operator.table(1, 2), operator.land(nil, 1), operator.lor(nil, 1), operator.lnot(1), operator.mod(7, 3), operator.pow(2, 3), operator.len "abc", operator.unm(4), operator.index({ 5 }, 1), operator.call(math.max, 1, 2), operator.match("hello", "l+"), operator.optable["<="](1, 2))
local _1, _2, I = func._1, func._2, func.I
show(I(_1 + _2 * 2)(1, 5), tostring(_1 + _2 * 2), tostring(-_1 ^ 2 .. "x"), func.bind(math.max, _1, 10)(3), func.compose(tostring, math.abs)(-4), tablex.map(_1 .. "!", { "a" }), I(func.Not(_1))(false), I(func.Len(_1)) { 1, 2 })
show(tablex.map(I(_1 % 2), { 1, 2, 3 }), func.bind1(string.rep, "ab")(2), tostring(func._(3) + _1))
show(comprehension "x*x for x=1,5" (), comprehension "x for x" { 1, 2 }, comprehension "sum(x for x if x>1)" { 1, 2, 3 }, comprehension "{x,y} for x for y"({ 1, 2 }, { 10 }), comprehension "table(x,x^2 for x=1,3)" (), comprehension "list(x for x=1,2)" (), comprehension "max(x for x)" { 3, 8 })
show.call(comprehension, "x for")

-- types and utils
for _, value in ipairs { 0, 1.5, "", " ", "x", {}, { 1 }, print, true, list, io.stdout } do
  show(math.type(value) and types.is_integer(value), types.is_callable(value), types.is_empty(value), types.is_indexable(value), types.is_iterable(value), types.is_writeable(value))
end
for _, value in ipairs { "yes", "TRUE", "t", "0", 0, 1, {} } do io.write(tostring(types.to_bool(value)), " ") end
print(types.to_bool("ja", { "ja" }), types.to_bool({}, nil, true))
show(utils.split "a b  c", utils.split("a,b,,c", ","), utils.split("a.b", ".", true), utils.splitv("x=y", "="), utils.escape "a.b*c", utils.choose(true, 1, 2), utils.choose(nil, 1, 2), utils.pack(1, nil).n, utils.unpack { 1, 2 })
local calls = 0
local memo = utils.memoize(function(x) calls = calls + 1 return x * 2 end)
show(memo(4), memo(4), calls, utils.string_lambda "|x,y| x*y" (3, 4), utils.string_lambda "_+1" (2), utils.bind1(math.max, 5)(3), utils.bind2(string.rep, 3) "z")
for i, value in utils.npairs { 1, nil, 3, n = 3 } do io.write(i, "=", tostring(value), " ") end
for key in utils.kpairs { 1, 2, only = true } do io.write(key, " ") end
print()
local E = utils.enum("RED", "GREEN")
show(E.RED, utils.enum { LOW = 1, HIGH = 2 }.HIGH, pcall(function() return E.BLUE end))
show.call(utils.assert_arg, 2, "x", "number") show.call(utils.assert_string, 1, 2) show.call(utils.function_arg, 1, {}, "bad callback")
show(utils.is_type({}, "table"), utils.is_type(list, List), utils.array_tostring { 1, "a", true }, utils.quote_arg "it's", utils.quote_arg { "a b", "c" })
utils.printf("%s-%d\n", "x", 5)
utils.fprintf(io.stdout, "%5.2f\n", 3.14159)
utils.on_error "quit" utils.on_error "default"
show(utils.raise "as a value")
