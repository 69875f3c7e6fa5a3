-- lua-moses: functional programming on tables.
local show = require "show"
local moses = require "moses"

-- The module, with errors as results.
local M = setmetatable({ operator = moses.operator }, {
  __index = function(_, name)
    return function(...)
      if moses[name] == nil then return "no " .. name end
      return select(2, pcall(moses[name], ...))
    end
  end,
  __call = function(_, value) return moses(value) end,
})

local t, nested, words = { 3, 1, 4, 1, 5, 9, 2, 6 }, { 1, { 2, { 3, { 4 } } } }, { "apple", "banana", "cherry" }
local even, double = function(v) return v % 2 == 0 end, function(v) return v * 2 end
show(M.identity(4), M.operator.add(1, 2), M.operator.sub(3, 1), M.operator.concat("a", 1))
show(M.clear { 1, 2 }, M.count({ 1, 1, 2 }, 1), M.countf(t, even), M.allEqual { 1, 1, 1 }, M.at(words, 1, 3), M.map(t, double), M.mapi and 1)
show(M.reduce(t, M.operator.add), M.reduceRight({ 1, 2, 3 }, M.operator.sub), M.best(words, function(a, b) return #a > #b end), M.reduceBy(t, M.operator.add, even), M.mapReduce({ 1, 2, 3 }, M.operator.add), M.mapReduceRight({ 1, 2, 3 }, M.operator.add))
show(M.include(t, 9), M.include(t, even), M.detect(t, 4), M.where({ { a = 1, b = 2 }, { a = 1 }, { a = 2 } }, { a = 1 }), M.findWhere({ { a = 1, b = 2 }, { a = 2 } }, { a = 2 }), M.select(t, even), M.reject(t, even), M.all({ 2, 4 }, even), M.invoke(words, "len"))
show(M.pluck({ { n = 1 }, { n = 2 } }, "n"), M.max(t), M.min(t), M.max(words, function(w) return #w end), M.same({ 1, 2 }, { 2, 1 }), M.sort { 3, 1, 2 }, M.sortBy({ -3, 1, 2 }, math.abs), M.groupBy(t, even), M.countBy(t, even), M.size(t), M.size(1, 2), M.containsKeys({ a = 1 }, { a = 2 }), M.sameKeys({ a = 1 }, { a = 2 }))
show(M.sample and #M.sample(t, 3), #M.shuffle(t), M.pack(1, 2), M.find(t, 4), M.reverse { 1, 2, 3 }, M.fill({ 1, 2, 3 }, 0), M.zeros(2), M.ones(2), M.vector("v", 2), M.selectWhile and M.selectWhile({ 2, 4, 5, 6 }, even), M.dropWhile({ 2, 4, 5, 6 }, even))
show(M.sortedIndex({ 1, 3, 5 }, 4, nil, true), M.indexOf(t, 5), M.lastIndexOf(t, 1), M.findIndex(t, even), M.findLastIndex(t, even), M.addTop({ 1 }, 2, 3), M.prepend and M.prepend({ 1 }, 2), M.push({ 1 }, 2, 3), M.shift({ 1, 2, 3 }), M.unshift({ 1, 2, 3 }), M.pull({ 1, 2, 1 }, 1), M.removeRange({ 1, 2, 3, 4 }, 2, 3), M.chunk({ 1, 1, 2, 3, 3 }, function(v) return v end))
show(M.slice(t, 2, 4), M.first(t, 2), M.initial(t, 2), M.last(t, 2), M.rest(t, 6), M.nth(t, 3), M.compact { 1, false, 2, 3 }, M.flatten(nested), M.flatten(nested, true), M.difference({ 1, 2, 3 }, { 2 }), M.union({ 1 }, { 1, 2 }), M.intersection({ 1, 2 }, { 2, 3 }), M.disjoint({ 1 }, { 2 }), M.symmetricDifference({ 1, 2 }, { 2, 3 }), M.uniq { 1, 1, 2 }, M.isunique { 1, 2 }, M.duplicates { 1, 1, 2 })
show(M.zip({ 1, 2 }, { "a", "b" }), M.zipWith(M.operator.add, { 1, 2 }, { 3, 4 }), M.append({ 1 }, { 2 }), M.interleave({ 1, 2 }, { 3, 4 }), M.interpose({ 1, 2, 3 }, 0), M.range(1, 5), M.range(1, 10, 3), M.rep("x", 2), M.concat and M.concat({ 1, 2 }, "-"), M.xprod({ 1 }, { 2, 3 }), M.xpairs and M.xpairs(1, { 2 }), M.sum(t), M.product { 1, 2, 3 }, M.mean(t), M.median(t))
for part in M.partition({ 1, 2, 3, 4, 5 }, 2) do io.write(#part, " ") end
for part in M.overlapping({ 1, 2, 3, 4 }, 2) do io.write(table.concat(part, ","), " ") end
for part in M.aperture({ 1, 2, 3 }, 2) do io.write(table.concat(part, ","), " ") end
for pair in M.pairwise { 1, 2, 3 } do io.write(table.concat(pair, ","), " ") end
local orders = {}
for order in M.permutation { 1, 2, 3 } do orders[#orders + 1] = table.concat(order) end
table.sort(orders)
show("", orders, M.powerset and #M.powerset { 1, 2, 3 })
local counted = 0
local once, before, after = M.once(function() counted = counted + 1 return counted end), M.before(function(x) return x end, 2), M.after(function(x) return x end, 2)
show(once(), once(), before(1), before(2), before(3), after(1), after(2), M.bind(math.max, 5)(3), M.bind2(math.pow or function(a, b) return a ^ b end, 2)(3), M.bindn(M.operator.add, 4)(5), M.nthArg(2)(7, 8), M.unary(math.max)(1, 9), M.ary(math.max, 2)(1, 2, 9), M.noarg(function(...) return select("#", ...) end)(1), M.rearg(function(...) return ... end, { 2, 1 })("a", "b"))
local memo = M.memoize(function(n) counted = counted + 1 return n * n end)
show(memo(4), memo(4), counted, M.compose(double, double)(3), M.pipe(3, double, double), M.complement(even)(3), M.juxtapose(5, even, double), M.wrap(double, function(f, v) return f(v) + 1 end)(4), M.times(3, double), M.over(math.max, math.min)(1, 5), M.overEvery(even, function(v) return v > 2 end)(4), M.overSome(even, double)(3), M.flip(M.operator.sub)(1, 5), M.partial(M.operator.sub, 10)(4), M.partialRight(M.operator.sub, 10)(4), M.curry(function(a, b, c) return a + b + c end, 3)(1)(2)(3), M.cond { { even, double }, { M.constant(true), M.identity } }(3), M.both(even, even)(2), M.either(even, even)(3), M.neither(even, even)(3), M.thread(5, double, { M.operator.add, 1 }), M.threadRight(5, double), M.dispatch(function() end, double)(2))
show(#M.uniqueId("id%s") > 0, M.uniqueId ~= nil, M.iterlen and M.iterlen(pairs { 1, 2 }), M.castArray(1), M.converge(function(a, b) return a + b end, double, double)(2), M.iterator(double, 1, 3) ~= nil, M.skip and M.tabulate(M.skip(M.iterator(double, 1, 3), 1)), M.tabulate(M.iterator(double, 1, 4)), M.array and M.array(ipairs { 9, 8 }) or nil)
show(M.sort(M.keys { a = 1, b = 2 }), M.sort(M.values { a = 1, b = 2 }), M.path({ a = { b = 3 } }, "a", "b"), M.spreadPath({ a = { b = 3 } }, "a"), M.flattenPath({ a = { b = 3 } }, "a"), #M.kvpairs { a = 1, b = 2 }, M.toObj { { "x", 1 } }, M.invert { "a", "b" }, M.property "x" { x = 3 }, M.propertyOf { x = 4 } "x", M.toBoolean(0), M.extend({ a = 1 }, { b = 2 }), #M.functions(moses) > 100, M.clone({ 1, { 2 } }), M.tap(5, double), M.has({ a = 1 }, "a"), M.pick({ a = 1, b = 2 }, "a"), M.omit({ a = 1, b = 2 }, "a"), M.template({ a = 1 }, { a = 2, b = 3 }), M.isEqual({ 1, { 2 } }, { 1, { 2 } }), M.result({ f = function(s) return s.v end, v = 6 }, "f"))
for _, value in ipairs { 1, 1.5, "s", {}, print, true, 0 / 0, 1 / 0 } do show(M.isTable(value), M.isCallable(value), M.isArray(value), M.isIterable(value), M.isEmpty(value), M.isString(value), M.isFunction(value), M.isNil(value), M.isNumber(value), M.isNaN(value), M.isFinite(value), M.isBoolean(value), M.isInteger(value)) end
show(M.chain(t):map(double):select(function(v) return v > 6 end):sort():value(), M(words):map(string.len):reduce(M.operator.add):value())
show.call(moses.map) show.call(moses.chain(1).map)
