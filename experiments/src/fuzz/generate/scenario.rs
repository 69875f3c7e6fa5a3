//! What a program consists of: classes, and units that each exercise one part of the language.

use super::{Generator, MOST_HOT_RUNS, MOST_RUNS, Type, stmt};
use crate::fuzz::tree::Node;

const ARITHMETIC: [&str; 15] =
    ["add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr", "bnot", "concat"];

impl Generator {
    /// A class with constructor, methods and some metamethods, maybe derived from an earlier one.
    pub(super) fn class(&mut self) -> Vec<Node> {
        self.classes += 1;
        let class = format!("C{}", self.classes);
        let parent = (self.classes > 1 && self.chance(50)).then(|| format!("C{}", 1 + self.below(self.classes - 1)));
        let base = match parent {
            Some(parent) => format!("setmetatable({{}}, {{__index = {parent}}})"),
            None => "{}".to_owned(),
        };
        let mut statements =
            vec![stmt(format!("local {class} = {base} {class}.__index = {class} {class}.__name = \"{class}\""), [])];
        let order = self.pick(&["a = a, b = b", "b = b, a = a", "a = a, b = b, c = 0"]);
        statements.push(stmt(format!("function {class}.new(a, b) return setmetatable({{{order}}}, {class}) end"), []));
        for method in ["get", "set", "sum", "self"] {
            if self.classes > 1 && self.chance(50) {
                continue;
            }
            let statement = match method {
                "get" => {
                    let value = self.method_body(|this| {
                        let field = this.pick(&["a", "b", "c"]);
                        let number = this.number(1);
                        vec![stmt(format!("return (self.{field} or 0) + $"), [number])]
                    });
                    stmt(format!("function {class}:get(...)$end"), [value])
                }
                "set" => {
                    let value = self.method_body(|this| {
                        let field = this.pick(&["a", "b", "d"]);
                        let number = this.expression(Type::Int, 1);
                        vec![stmt(format!("self.{field} = $ return self"), [number])]
                    });
                    stmt(format!("function {class}:set(p, q)$end"), [value])
                }
                "sum" => stmt(format!("function {class}:sum(p) return self.a + self.b * (p or 1) end"), []),
                _ => stmt(format!("function {class}:self() return self end"), []),
            };
            statements.push(statement);
        }
        for _ in 0..self.below(7) {
            statements.push(self.metamethod(&class));
        }
        let object = self.fresh("o");
        let (a, b) = (self.number(1), self.number(1));
        statements.push(stmt(format!("local {object} = {class}.new($)"), [Node::list(vec![a, b])]));
        self.declare(&object, Type::Object, true);
        statements
    }

    fn method_body(&mut self, make: impl FnOnce(&mut Self) -> Vec<Node>) -> Node {
        self.function_body(&[], false, |this| {
            let mut statements = vec![this.burn()];
            statements.extend(make(this));
            statements
        })
    }

    fn metamethod(&mut self, class: &str) -> Node {
        let event = match self.below(24) {
            0..=11 => self.pick(&ARITHMETIC),
            12 | 13 => "eq",
            14 => "lt",
            15 => "le",
            16 => "call",
            17 => "len",
            18 => "index",
            19 => "newindex",
            20 => "tostring",
            21 => "pairs",
            22 => "metatable",
            _ => "close",
        };
        match event {
            "index" => {
                let value = self.metamethod_body(&["t", "k"], |this| {
                    let number = this.number(1);
                    vec![stmt(format!("local v = {class}[k] if v ~= nil then return v end return $"), [number])]
                });
                stmt(format!("{class}.__index = function(t, k)$end"), [value])
            }
            "newindex" if self.chance(50) => {
                stmt(format!("{class}.__newindex = function(t, k, v) rawset(t, k, v) end"), [])
            }
            "newindex" => stmt(format!("{class}.__newindex = {class}"), []),
            "tostring" => stmt(format!("{class}.__tostring = function(o) return \"<{class}>\" end"), []),
            "pairs" => stmt(format!("{class}.__pairs = function(o) return next, {{5, 6}}, nil end"), []),
            "metatable" => stmt(format!("{class}.__metatable = \"locked\""), []),
            "close" => stmt(format!("{class}.__close = function(o, e) show(\"closed\", e) end"), []),
            "eq" | "lt" | "le" => {
                let op = if event == "eq" { "==" } else { "<" };
                let wrong = self.chance(20);
                let result = if wrong {
                    "1".to_owned()
                } else {
                    format!("((rawget(a, \"a\") or 0) {op} (rawget(b, \"a\") or 0))")
                };
                stmt(format!("{class}.__{event} = function(a, b) return {result} end"), [])
            }
            _ => {
                let body = self.metamethod_body(&["a", "b"], |this| {
                    let depth = 1 + this.below(2);
                    vec![this.return_statement(depth)]
                });
                stmt(format!("{class}.__{event} = function(a, b)$end"), [body])
            }
        }
    }

    fn metamethod_body(&mut self, parameters: &[&str], make: impl FnOnce(&mut Self) -> Vec<Node>) -> Node {
        let parameters: Vec<_> = parameters.iter().map(|name| ((*name).to_owned(), Type::Any)).collect();
        self.function_body(&parameters, false, |this| {
            let mut statements = vec![this.burn()];
            statements.extend(make(this));
            statements
        })
    }

    /// A function and calls of it.
    pub(super) fn unit(&mut self) -> Vec<Node> {
        match self.below(20) {
            0..=5 => self.plain(),
            6..=10 => self.hot(),
            11 => self.closures(),
            12 | 13 => self.generator(),
            14 => self.coroutine_errors(),
            15 => self.shapes(),
            16 => self.loaded(),
            17 => self.nested_exits(),
            18 => self.many_values(),
            _ => self.odd_ends(),
        }
    }

    fn unit_function(&mut self, make: impl FnOnce(&mut Self) -> Vec<Node>) -> (String, Vec<Type>, Node) {
        let name = self.fresh("unit");
        let types: Vec<Type> =
            (0..1 + self.below(3)).map(|_| if self.chance(50) { Type::Int } else { self.any_type() }).collect();
        let parameters: Vec<(String, Type)> = types.iter().map(|ty| (self.fresh("p"), *ty)).collect();
        let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).chain(["..."]).collect();
        let names = names.join(", ");
        let body = self.function_body(&parameters, true, make);
        let statement = stmt(format!("local function {name}({names})$end"), [body]);
        (name, types, statement)
    }

    /// Calls of a unit with arguments of the expected types, and one or the other with something else.
    fn unit_calls(&mut self, name: &str, types: &[Type], most: u32) -> Vec<Node> {
        (0..1 + self.below(most))
            .map(|_| {
                let arguments: Vec<Node> = types
                    .iter()
                    .map(|&ty| {
                        let ty = if self.chance(12) { self.any_type() } else { ty };
                        self.expression(ty, 1)
                    })
                    .collect();
                stmt(format!("show(pcall({name}, $))"), [Node::list(arguments)])
            })
            .collect()
    }

    fn plain(&mut self) -> Vec<Node> {
        let count = 4 + self.below(6);
        let (name, types, function) = self.unit_function(|this| {
            let mut statements = vec![this.burn()];
            statements.extend(this.statements(count));
            statements.push(this.return_statement(2));
            statements
        });
        let mut statements = vec![function];
        statements.extend(self.unit_calls(&name, &types, 4));
        if self.chance(20) {
            self.declare(&name, Type::Function, false);
        }
        statements
    }

    /// A loop that is compiled while it runs, over values whose types change.
    fn hot(&mut self) -> Vec<Node> {
        self.most_runs = MOST_HOT_RUNS;
        let (name, types, function) = self.unit_function(|this| {
            let mut statements = Vec::new();
            for _ in 0..1 + this.below(4) {
                let ty =
                    this.pick(&[Type::Int, Type::Float, Type::Int, Type::Array, Type::Record, Type::Str, Type::Object]);
                statements.push(this.declaration(ty));
            }
            if this.chance(40) {
                statements.push(this.local_function());
            }
            statements.push(this.numeric_loop());
            if this.chance(30) {
                statements.push(this.numeric_loop());
            }
            let locals = this.variables.len();
            let values: Vec<Node> = this.variables[locals.saturating_sub(4)..]
                .iter()
                .map(|variable| Node::leaf(variable.name.clone()))
                .collect();
            statements.push(stmt("return $", [Node::list(values)]));
            statements
        });
        self.most_runs = MOST_RUNS;
        let mut statements = vec![function];
        statements.extend(self.unit_calls(&name, &types, 3));
        statements
    }

    /// Closures made in loops: every round has variables of its own.
    fn closures(&mut self) -> Vec<Node> {
        let list = self.fresh("v");
        let bound = 2 + self.below(12);
        let body = self.body(bound, |this| {
            this.declare("i", Type::Int, true);
            let mut statements = this.statements(2);
            this.declare("own", Type::Int, true);
            let value = this.expression(Type::Int, 2);
            statements.push(stmt("local own = $", [value]));
            let inner = this.function_body(&[("step".to_owned(), Type::Int)], false, |this| {
                let mut statements = vec![this.burn()];
                statements.extend(this.statements(1));
                let value = this.expression(Type::Int, 2);
                statements.push(stmt("own = $ return own, i", [value]));
                statements
            });
            statements.push(stmt(format!("{list}[#{list} + 1] = function(step)$end"), [inner]));
            if this.chance(20) {
                let condition = this.boolean(1);
                statements.push(stmt("if $ then break end", [condition]));
            }
            statements
        });
        let header = self.pick(&[
            "for i = 1, N do$end",
            "local i = 0 while i < N do i = i + 1$end",
            "local i = 0 repeat i = i + 1$until i >= N",
        ]);
        let argument = self.expression(Type::Int, 1);
        vec![
            stmt(format!("local {list} = {{}}"), []),
            stmt("do$end", [Node::block(vec![stmt(header.replace('N', &bound.to_string()), [body])])]),
            stmt(format!("for _, f in ipairs({list}) do show(pcall(f, $)) show(pcall(f, 2)) end"), [argument]),
        ]
    }

    /// A coroutine that yields from loops, through `pcall`, and from nested calls.
    fn generator(&mut self) -> Vec<Node> {
        let name = self.fresh("co");
        let varargs = self.chance(50);
        let body = self.function_body(&[("p".to_owned(), Type::Int), ("q".to_owned(), Type::Any)], varargs, |this| {
            this.yields = true;
            let mut statements = vec![this.burn()];
            let first = this.arguments(1);
            statements.push(stmt("local r = coroutine.yield($)", [first]));
            this.declare("r", Type::Any, true);
            statements.extend(this.statements(3));
            if this.chance(50) {
                let bound = 1 + this.below(8);
                let body = this.body(bound, |this| {
                    this.declare("i", Type::Int, false);
                    let mut statements = this.statements(2);
                    let value = this.expression(Type::Any, 1);
                    statements.push(stmt("r = coroutine.yield(i, $)", [value]));
                    statements
                });
                statements.push(stmt(format!("for i = 1, {bound} do$end"), [body]));
            }
            if this.chance(40) {
                let inner = this.expression(Type::Any, 1);
                let failing = this.pick(&["", "error(\"inside\")", "error({code = 1})"]);
                statements.push(stmt(
                    format!("show(pcall(function(...) local x = coroutine.yield(...) {failing} return x end, $))"),
                    [inner],
                ));
            }
            if this.chance(20) {
                // No yield can pass these.
                let through = this.pick(&[
                    "table.sort({3, 1, 2}, function(a, b) coroutine.yield(1) return a < b end)",
                    "string.gsub(\"ab\", \".\", coroutine.yield)",
                    "load(coroutine.yield)",
                ]);
                statements.push(stmt(format!("show(pcall(function() return {through} end))"), []));
            }
            if this.chance(30) {
                let through = this.pick(&[
                    "local t = setmetatable({}, {__add = function(a, b) return coroutine.yield(\"add\") end}) show(t + 1, 2 + t)",
                    "local t = setmetatable({}, {__index = function(t, k) return coroutine.yield(k) end}) show(t.x, t[1])",
                    "local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, coroutine.yield(v)) end}) t.x = 1 show(t)",
                    "local t = setmetatable({}, {__lt = function() return coroutine.yield(\"lt\") end}) show(t < t, t > t)",
                    "local t = setmetatable({}, {__eq = function() return coroutine.yield(\"eq\") end}) show(t == setmetatable({}, getmetatable(t)))",
                    "local t = setmetatable({}, {__concat = function() return coroutine.yield(\"cat\") end}) show(\"a\" .. t .. \"b\")",
                    "local t = setmetatable({}, {__len = function() return coroutine.yield(\"len\") end}) show(#t)",
                    "for i, x in function(_, i) i = i + 1 if i < 4 then return i, coroutine.yield(\"iter\") end end, nil, 0 do show(i, x) end",
                    "do local c <close> = setmetatable({}, {__close = function() coroutine.yield(\"close\") end}) end",
                ]);
                statements.push(stmt(through, []));
            }
            statements.push(this.return_statement(1));
            statements
        });
        let rounds = 2 + self.below(12);
        let (first, second) = (self.expression(Type::Int, 1), self.expression(Type::Any, 1));
        let parameters = if varargs { "p, q, ..." } else { "p, q" };
        let mut statements = vec![stmt(format!("local function {name}({parameters})$end"), [body])];
        statements.push(match self.below(4) {
            0 => stmt(
                format!("do local c = coroutine.wrap({name}) for i = 1, {rounds} do show(pcall(c, $)) end end"),
                [Node::list(vec![first, second])],
            ),
            1 => stmt(
                format!("do local n = 0 show(pcall(function() for a, b in coroutine.wrap({name}) do n = n + 1 show(a, b) if n > {rounds} then break end end end)) end"),
                [],
            ),
            2 => stmt(
                format!("do local c = coroutine.create({name}) for i = 1, {rounds} do show(coroutine.resume(c, $)) if coroutine.status(c) == \"dead\" then break end end show(coroutine.status(c), coroutine.close(c)) end"),
                [Node::list(vec![first, second])],
            ),
            _ => stmt(
                format!("do local list = {{}} for i = 1, 3 do list[i] = coroutine.create({name}) end for i = 1, {rounds} do show(coroutine.resume(list[i % 3 + 1], $)) end for i = 1, 3 do show(coroutine.close(list[i])) end end"),
                [Node::list(vec![first, second])],
            ),
        });
        statements
    }

    fn coroutine_errors(&mut self) -> Vec<Node> {
        let value = self.expression(Type::Any, 2);
        let body = self.pick(&[
            "do local c c = coroutine.wrap(function() c() end) show(pcall(c)) end",
            "do local c = coroutine.create(function() error(V) end) show(coroutine.resume(c)) show(coroutine.resume(c)) show(coroutine.status(c)) end",
            "do local c = coroutine.wrap(function(...) local z <close> = setmetatable({}, {__close = function(_, e) show(\"z\", e) end}) coroutine.yield(...) error(V) end) show(pcall(c, 1, V)) show(pcall(c)) show(pcall(c)) end",
            "do local c = coroutine.create(function(...) local z <close> = setmetatable({}, {__close = function(_, e) show(\"z\", e) end}) coroutine.yield(...) end) show(coroutine.resume(c, V)) show(coroutine.close(c)) show(coroutine.status(c)) end",
            "show(coroutine.isyieldable(), coroutine.running() ~= nil, select(2, coroutine.running())) show(pcall(coroutine.yield, V))",
            "do local c = coroutine.wrap(function() return pcall(pcall, error, V) end) show(c()) end",
            "do local a, b a = coroutine.create(function(x) return coroutine.resume(b, x, 1) end) b = coroutine.create(function(x, y) show(coroutine.status(a), x, y) return coroutine.resume(a) end) show(coroutine.resume(a, V)) end",
            "show(pcall(coroutine.wrap(function() local x = V; return x + {} end)))",
            "show(pcall(coroutine.resume, V)) show(pcall(coroutine.create, V)) show(pcall(coroutine.status, V))",
        ]);
        vec![stmt(body.replace('V', "$"), vec![value; body.matches('V').count()])]
    }

    /// One site that sees objects of many shapes, and metatables that change.
    fn shapes(&mut self) -> Vec<Node> {
        let name = self.fresh("unit");
        let count = 1 + self.below(9);
        let makers: Vec<Node> = (0..count)
            .map(|_| {
                if self.classes > 0 && self.chance(40) {
                    self.expression(Type::Object, 1)
                } else {
                    self.expression(Type::Record, 1)
                }
            })
            .collect();
        let list = self.fresh("v");
        let rounds = 20 + self.below(150);
        let body = self.body(rounds, |this| {
            this.declare("o", Type::Record, false);
            this.declare("i", Type::Int, false);
            this.declare("total", Type::Int, true);
            let mut statements = this.statements(2);
            for _ in 0..1 + this.below(3) {
                let field = this.pick(&["a", "b", "c", "x"]);
                let value = this.number(1);
                statements.push(match this.below(5) {
                    0 => stmt(format!("o.{field} = $"), [value]),
                    1 => stmt(format!("total = total + (o.{field} or $)"), [value]),
                    2 => stmt(
                        format!("if i == {rounds} // 2 then setmetatable(o, {{__index = {{{field} = $}}}}) end"),
                        [value],
                    ),
                    3 => stmt(format!("if i % 16 == 5 then o.{field} = nil o.{field} = $ end"), [value]),
                    _ => stmt(format!("total = total + (rawget(o, \"{field}\") or 0) + $"), [value]),
                });
            }
            statements
        });
        vec![
            stmt(
                format!(
                    "local function {name}({list}) local total = 0 for i = 1, {rounds} do local o = {list}[i % #{list} + 1]$end return total end"
                ),
                [body],
            ),
            stmt(
                format!("do local list = {{$}} show(pcall({name}, list)) show(pcall({name}, list)) show(list) end"),
                [Node::list(makers)],
            ),
        ]
    }

    /// Chunks made at run time, with environments of their own.
    fn loaded(&mut self) -> Vec<Node> {
        let visible = std::mem::take(&mut self.variables);
        self.declare("x", Type::Int, true);
        self.declare("y", Type::Any, true);
        let classes = std::mem::take(&mut self.classes);
        let varargs = std::mem::replace(&mut self.varargs, true);
        self.nesting += 10;
        let value = self.expression(Type::Any, 2);
        self.nesting -= 10;
        self.varargs = varargs;
        self.classes = classes;
        self.variables = visible;
        let text = format!("x = (x or 0) + 1 local y = ... return x, y, {}", value.render());
        let environment = self.pick(&["env", "env", "setmetatable({}, {__index = env})", "nil", "{}"]);
        let rounds = 1 + self.below(4);
        let quoted = lua_quote(&text);
        let broken = self.pick(&[
            "x =",
            "return return",
            "for",
            "local x <close> = 1",
            "goto nowhere",
            "break",
            "x = = 1",
            "\\\"abc",
        ]);
        let argument = self.expression(Type::Any, 1);
        let mut statements = vec![stmt(
            format!(
                "do local env = {{math = math, string = string, table = table, select = select, tostring = tostring, type = type, x = 5}} local f, m = load({quoted}, \"=chunk\", \"t\", {environment}) show(m) for i = 1, f and {rounds} or 0 do show(pcall(f, $)) end end"
            ),
            [argument],
        )];
        if self.chance(30) {
            statements.push(stmt(format!("show(load(\"{broken}\", \"=broken\"))"), []));
        }
        statements
    }

    /// Loops left from the inside by break, goto and return.
    fn nested_exits(&mut self) -> Vec<Node> {
        let (name, types, function) = self.unit_function(|this| {
            let mut statements = vec![stmt("local n, m = 0, 0", [])];
            this.declare("n", Type::Int, true);
            this.declare("m", Type::Int, true);
            let inner = this.body(20, |this| {
                this.declare("j", Type::Int, true);
                let mut statements = this.statements(1);
                let (first, second) = (this.boolean(1), this.boolean(1));
                let how = this.pick(&["goto outer", "goto done", "break", "return n, m", "goto inner"]);
                statements.push(stmt(format!("if $ then {how} end"), [first]));
                statements.push(stmt("if $ then m = m + 1 goto inner end", [second]));
                statements.push(stmt("n = n + 1", []));
                let capture = this.chance(40);
                statements.push(stmt(if capture { "m = (function() return m + j end)()" } else { "m = m + j" }, []));
                statements.push(stmt("::inner::", []));
                statements
            });
            let bound = 3 + this.below(18);
            let end = this.boolean(1);
            statements.push(stmt(
                format!("for i = 1, {bound} do for j = i, 20, 2 do$end if $ then break end ::outer:: end"),
                [inner, end],
            ));
            statements.push(stmt("do return n, m, \"end\" end", []));
            statements.push(stmt("::done:: do return \"done\", n, m end", []));
            statements
        });
        let mut statements = vec![function];
        statements.extend(self.unit_calls(&name, &types, 3));
        statements
    }

    /// Lists of values: adjustment, varargs, `select`, deep recursion, tail calls.
    fn many_values(&mut self) -> Vec<Node> {
        let value = self.expression(Type::Any, 1);
        let many = self.arguments(1);
        let name = self.fresh("f");
        let count = self.pick(&["3", "17", "60", "190"]);
        let body = self.pick(&[
            "local function F(n, ...) if n <= 0 then return ... end return F(n - 1, n, ...) end show(select(\"#\", F(COUNT, M)), (F(COUNT, M)))",
            "local function F(n, a) if n <= 0 then return a end return F(n - 1, a + 1) end show(pcall(F, 3000, V)) show(pcall(F, COUNT, 1.5))",
            "local function F(n) if n <= 0 then return 0 end return 1 + F(n - 1) end show(F(3000)) show(pcall(F, V))",
            "local function F(...) local a, b = ... local t = {...} local p = table.pack(...) return #t == p.n or p.n, a, b, select(\"#\", ...), (...) end show(F(M)) show(F(V, nil)) show((F(M)))",
            "local function F(...) local s = 0 for i = 1, select(\"#\", ...) do local x = select(i, ...) if math.type(x) then s = s + x end end return s end show(pcall(F, table.unpack({1, 2, 3, 4.5}))) for i = 1, 40 do F(M) end show(F(M, V))",
            "local function F(...) return ..., select(2, ...), {..., ...} end show(pcall(F, M))",
            "local F = function(...) return pcall(select, ...) end show(F(V, M)) show(F(-1, M))",
            "local function F(n) if n == 0 then error(\"deep\") end F(n - 1) return n end show(pcall(F, COUNT)) show(select(2, xpcall(F, function(m) return #m end, 5)))",
        ]);
        let template = body.replace('F', &name).replace("COUNT", count);
        // `M` and `V` become holes, in the order in which they stand.
        let mut children = Vec::new();
        for byte in template.bytes() {
            match byte {
                b'M' => children.push(many.clone()),
                b'V' => children.push(value.clone()),
                _ => {}
            }
        }
        let statement = stmt(template.replace(['M', 'V'], "$"), children);
        // With an empty list some of these would not compile.
        if many.children().next().is_none() && template.contains('M') {
            return vec![stmt("show(select(\"#\"))", [])];
        }
        vec![statement]
    }

    /// Small programs about what is rare.
    fn odd_ends(&mut self) -> Vec<Node> {
        let value = self.expression(Type::Any, 2);
        let body = self.pick(&[
            "do local t = setmetatable({}, {__call = function(self, ...) return select(\"#\", ...), ... end}) show(pcall(t, V, 2)) local u = setmetatable({}, {__call = t}) show(pcall(u, V)) end",
            "do local t = {} t[1.0] = 1 t[2^53] = 2 t[-0.0] = 3 show(t[1], t[2^53 | 0], t[0], pcall(rawset, t, 0/0, V)) show(pcall(function() t[nil] = V end)) end",
            "do local t = {} for i = 1, 60 do t[i] = i end for i = 60, 1, -1 do t[i] = nil end t[1] = V show(#t > 0, next(t) ~= nil) end",
            "do local t = {} for i = 1, 40 do t[#t + 1] = i % 3 == 0 and i + 0.5 or i end t[10] = V show(t, #t) end",
            "show(pcall(setmetatable, V, {})) show(pcall(setmetatable, {}, V)) show(pcall(rawset, V, 1, 2)) show(pcall(next, {}, V))",
            "do local log = {} local t = setmetatable({}, {__newindex = function(t, k, v) log[#log + 1] = k rawset(t, k, v) end}) for i = 1, 50 do t[i % 7] = V t[\"k\" .. i % 3] = i end show(#log, t) end",
            "do local n = 0 local t = setmetatable({}, {__index = function(t, k) n = n + 1 return k end}) local s = 0 for i = 1, 60 do s = s + t[i] end show(n, s, pcall(function() return t[V] .. \"\" end)) end",
            "do local t = setmetatable({}, {__lt = function(a, b) return V end, __le = function() return nil end}) show(t < t, t > 1, 1 <= t, pcall(function() return t < t, t <= t end)) end",
            "do local p = setmetatable({x = 1}, {__index = setmetatable({y = 2}, {__index = setmetatable({z = V}, {__index = function(_, k) return k end})})}) for i = 1, 40 do local a = p.x + p.y end show(p.z, p.w, rawget(p, \"z\")) end",
            "do local s = \"\" for i = 1, 40 do s = s .. i .. \",\" end show(s, #s, s:sub(-9)) for w in s:gmatch(\"%d+\") do if w == \"3\" then show(w) end end show(pcall(string.rep, \"x\", V)) end",
            "do local ok, e = pcall(error, setmetatable({}, {__tostring = function() return \"custom\" end})) show(ok, tostring(e)) show(pcall(error, V)) show(pcall(error)) end",
            "do local t = table.pack(pcall(table.concat, {1, V, 3}, \"-\")) show(t[1], t[2]) show(pcall(table.unpack, {}, 1, 1e7)) show(pcall(table.insert, {1, 2}, 5, V)) show(pcall(table.insert, {}, 1, 2, 3)) end",
            "do local t = {5, 3, 1} show(pcall(table.sort, t, function(a, b) return true end)) show(pcall(table.sort, {1, V, 2})) end",
            "show(math.type(V), tostring(-0.0), 0.0 == -0.0, 1/0 > math.maxinteger, math.mininteger // -1, math.mininteger % -1, pcall(function() return 1 // 0 end))",
            "show(1 < 1.5, math.maxinteger < math.maxinteger + 0.0, math.maxinteger + 1.0 == math.mininteger, 2^53 == 2^53 + 1, V == V, \"a\" < \"b\", \"a\\0b\" < \"a\\0c\", \"Z\" < \"a\")",
            "show(\"10\" + 5, \"0x10\" * 2, \"3\" // \"2\", 10 .. 20, -\"2\", \"1e1\" % 3, pcall(function() return \"a\" + 1 end)) show(pcall(function() return 1.5 & 1 end)) show(pcall(function() return \"1.5\" | 1 end)) show(pcall(function() return V | 1 end))",
            "show(1 << 63, 1 << 64, -1 >> 1, -1 >> 63, 1 << -1, 2 >> -62, ~0, 5 ~ 3, \"7\" & 3, pcall(function() return 1 << V end))",
            "do local a <const> = 5 local b <close> = nil local c = V show(a + 1, b, c) end show(pcall(function() local z <close> = V end))",
            "do local function iter(t, i) i = i + 1 if t[i] then return i, t[i] end end local z = setmetatable({}, {__close = function(_, e) show(\"iter closed\", e) end}) show(pcall(function() for i, v in iter, {1, 2, 3}, 0, z do if i == 2 then error(V) end end end)) for i, v in iter, {7, 8}, 0, z do show(i, v) end end",
            "do local w = setmetatable({}, {__mode = \"k\"}) local function fill() for i = 1, 20 do w[{}] = i end end fill() collectgarbage() collectgarbage() show(next(w)) end",
        ]);
        vec![stmt(body.replace('V', "$"), vec![value; body.matches('V').count()])]
    }
}

/// A text as a Lua string literal.
fn lua_quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            // A dollar sign would be a hole in the template.
            '$' => quoted.push_str("\\036"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
