//! Statements.

use super::{Generator, Type, expr, expression::FIELDS, stmt};
use crate::fuzz::tree::Node;

impl Generator {
    /// Up to `count` statements, as far as the budget goes.
    pub(super) fn statements(&mut self, count: u32) -> Vec<Node> {
        let mut statements = Vec::new();
        for _ in 0..count {
            if self.budget == 0 {
                break;
            }
            self.budget -= 1;
            statements.push(self.any_statement());
        }
        statements
    }

    pub(super) fn declaration(&mut self, ty: Type) -> Node {
        let name = self.fresh("v");
        let value = self.expression(ty, 2);
        let constant = self.chance(8);
        let statement = stmt(format!("local {name}{} = $", if constant { " <const>" } else { "" }), [value]);
        self.declare(&name, ty, !constant);
        statement
    }

    fn any_statement(&mut self) -> Node {
        let inner = self.bound() > 1 && self.budget > 1;
        match self.below(40) {
            0..=5 => {
                let ty = self.any_type();
                self.declaration(ty)
            }
            6..=11 => self.assignment(),
            12 | 13 => self.several_assignments(),
            14..=16 => self.field_assignment(),
            17 => self.element_assignment(),
            18 | 19 => match self.variable(Type::Array) {
                Some(array) => self.array_statement(&array),
                None => self.declaration(Type::Array),
            },
            20..=23 => self.conditional(),
            24..=26 if inner => self.numeric_loop(),
            27 if inner => self.while_loop(),
            28 if inner => self.repeat_loop(),
            29 if inner => self.generic_loop(),
            30 => self.protected(),
            31 => self.local_function(),
            32 if self.loops > 0 => {
                let condition = self.boolean(1);
                stmt("if $ then break end", [condition])
            }
            33 => {
                let block = self.scoped(|this| this.statements(3));
                stmt("do$end", [block])
            }
            34 => {
                let call = self.call(1);
                let ignored = self.fresh("_");
                stmt(format!("local {ignored} = $"), [call])
            }
            35 if self.yields && self.runs <= 30 => {
                let values = self.arguments(1);
                let name = self.fresh("v");
                let statement = stmt(format!("local {name} = coroutine.yield($)"), [values]);
                self.declare(&name, Type::Any, true);
                statement
            }
            36 => self.closing(),
            37 if self.loops > 0 => self.type_change(),
            _ if self.runs <= 20 => self.print(),
            _ => self.assignment(),
        }
    }

    pub(super) fn print(&mut self) -> Node {
        let count = 1 + self.below(3);
        let values: Vec<Node> = (0..count).map(|_| self.expression(Type::Any, 2)).collect();
        stmt("show($)", [Node::list(values)])
    }

    /// A value to keep in a variable: strings do not grow beyond limits.
    fn kept(&mut self, ty: Type) -> Node {
        let value = self.expression(ty, 2);
        match ty {
            Type::Str => expr("string.sub($, 1, 60)", [value]),
            Type::Any | Type::Record | Type::Array if self.loops > 0 => self.constant(ty),
            _ => value,
        }
    }

    fn assignment(&mut self) -> Node {
        let Some((name, ty)) = self.assignable() else { return self.declaration(Type::Int) };
        let ty = if self.chance(4) { self.any_type() } else { ty };
        let value = self.kept(ty);
        stmt(format!("{name} = $"), [value])
    }

    fn several_assignments(&mut self) -> Node {
        let (Some((first, a)), Some((second, b))) = (self.assignable(), self.assignable()) else {
            return self.declaration(Type::Float);
        };
        let (x, y) = (self.kept(a), self.kept(b));
        match self.variable(Type::Array) {
            Some(array) if self.chance(30) => stmt(format!("{array}[1], {first} = $, $"), [x, y]),
            _ if self.chance(20) => {
                let call = self.call(1);
                stmt(format!("{first}, {second} = $"), [call])
            }
            _ => stmt(format!("{first}, {second} = $, $"), [x, y]),
        }
    }

    fn field_assignment(&mut self) -> Node {
        let ty = self.pick(&[Type::Record, Type::Record, Type::Object]);
        let Some(record) = self.variable(ty) else { return self.declaration(ty) };
        let field = self.pick(&FIELDS);
        let ty = if self.chance(85) { Type::Int } else { Type::Any };
        let value = if self.chance(8) { Node::leaf("nil") } else { self.kept(ty) };
        match self.below(5) {
            0 => {
                let key = self.kept(Type::Str);
                stmt(format!("{record}[$] = $"), [key, value])
            }
            1 => stmt(format!("{record}.{field} = ({record}.{field} or 0) + $"), [value]),
            _ => stmt(format!("{record}.{field} = $"), [value]),
        }
    }

    fn element_assignment(&mut self) -> Node {
        let Some(array) = self.variable(Type::Array) else { return self.declaration(Type::Array) };
        let value = self.number(2);
        // Holes would make the border a matter of the implementation.
        match self.below(4) {
            0 => stmt(format!("{array}[#{array} + 1] = #{array} < 60 and $ or nil"), [value]),
            1 => stmt(format!("if #{array} > 0 then {array}[#{array}] = $ end"), [value]),
            2 => stmt(format!("{array}[1] = $"), [value]),
            _ => {
                let index = self.expression(Type::Int, 1);
                stmt(format!("if #{array} > 0 then {array}[$ % #{array} + 1] = $ end"), [index, value])
            }
        }
    }

    fn conditional(&mut self) -> Node {
        let condition = self.boolean(2);
        let yes = self.scoped(|this| this.statements(3));
        match self.below(3) {
            0 => stmt("if $ then$end", [condition, yes]),
            1 => {
                let no = self.scoped(|this| this.statements(2));
                stmt("if $ then$else$end", [condition, yes, no])
            }
            _ => {
                let other = self.expression(Type::Bool, 1);
                let between = self.scoped(|this| this.statements(2));
                let no = self.scoped(|this| this.statements(2));
                stmt("if $ then$elseif $ then$else$end", [condition, yes, other, between, no])
            }
        }
    }

    /// Statements of a loop body, with a way to the next round.
    fn loop_statements(&mut self, count: u32) -> Vec<Node> {
        let mut statements = self.statements(1);
        if self.chance(15) {
            let condition = self.boolean(1);
            let label = self.fresh("next");
            statements.push(stmt(format!("if $ then goto {label} end"), [condition]));
            let rest = self.scoped(|this| this.statements(count));
            statements.push(stmt("do$end", [rest]));
            statements.push(stmt(format!("::{label}::"), []));
        } else {
            statements.extend(self.statements(count));
        }
        statements
    }

    pub(super) fn numeric_loop(&mut self) -> Node {
        let bound = self.bound();
        let name = self.fresh("i");
        let (range, ty) = match self.below(12) {
            0 => (format!("{bound}, 1, -1"), Type::Int),
            1 => (format!("1, {}, 3", 3 * bound), Type::Int),
            2 => (format!("1.0, {bound}"), Type::Float),
            3 => (format!("0, {}, 0.5", f64::from(bound) / 2.0 - 0.5), Type::Float),
            4 => (format!("math.maxinteger - {}, math.maxinteger", bound - 1), Type::Int),
            5 => (format!("math.mininteger + {}, math.mininteger, -1", bound - 1), Type::Int),
            6 => (format!("{bound}, -{bound}, -2"), Type::Int),
            7 => (format!("1, {bound}.7"), Type::Int),
            8 if self.loops < 2 => {
                // Where the loop begins and how it steps come from expressions; the bound keeps it short.
                let (from, step) = (self.expression(Type::Int, 1), self.pick(&["1", "2", "-1", "0", "1.5"]));
                let body = self.body(3, |this| this.loop_statements(2));
                let count = self.fresh("c");
                return stmt(
                    format!(
                        "local {count} = 0 for {name} = $, 5, {step} do {count} = {count} + 1 if {count} > 3 then break end$end"
                    ),
                    [from, body],
                );
            }
            _ => (format!("1, {bound}"), Type::Int),
        };
        let body = self.body(bound, |this| {
            let assignable = this.chance(30);
            this.declare(&name, ty, assignable);
            this.loop_statements(3)
        });
        stmt(format!("for {name} = {range} do$end"), [body])
    }

    fn while_loop(&mut self) -> Node {
        let bound = self.bound();
        let name = self.fresh("w");
        let condition = if self.chance(40) { self.boolean(1) } else { Node::leaf("true") };
        let body = self.body(bound, |this| {
            this.declare(&name, Type::Int, false);
            this.loop_statements(3)
        });
        stmt(format!("local {name} = 0 while {name} < {bound} and $ do {name} = {name} + 1$end"), [condition, body])
    }

    fn repeat_loop(&mut self) -> Node {
        let bound = self.bound();
        let name = self.fresh("r");
        let visible = self.variables.len();
        let runs = self.runs;
        self.runs *= bound;
        self.loops += 1;
        self.declare(&name, Type::Int, false);
        let mut statements = self.statements(3);
        // Locals of the body are visible in the condition, and closures may keep them.
        let last = self.declaration(Type::Int);
        statements.push(last);
        let condition = self.boolean(1);
        self.loops -= 1;
        self.runs = runs;
        self.variables.truncate(visible);
        let body = Node::block(statements);
        stmt(format!("local {name} = 0 repeat {name} = {name} + 1$until {name} >= {bound} or $"), [body, condition])
    }

    pub(super) fn generic_loop(&mut self) -> Node {
        let (key, value) = (self.fresh("k"), self.fresh("x"));
        let most = (self.most_runs / self.runs).min(60);
        match self.below(6) {
            0 | 1 => {
                let array = self.expression(Type::Array, 1);
                let body = self.body(most, |this| {
                    this.declare(&key, Type::Int, true);
                    this.declare(&value, Type::Int, true);
                    this.loop_statements(2)
                });
                let count = self.fresh("c");
                stmt(
                    format!(
                        "local {count} = 0 for {key}, {value} in ipairs($) do {count} = {count} + 1 if {count} > {most} then break end$end"
                    ),
                    [array, body],
                )
            }
            2 => {
                // The order is unknown: what is computed must not depend on it.
                let ty = self.pick(&[Type::Record, Type::Array]);
                let table = self.expression(ty, 1);
                let total = self.fresh("sum");
                let count = self.fresh("n");
                let how = self.pick(&["pairs($)", "next, $", "next, $, nil"]);
                let statement = stmt(
                    format!(
                        "local {total}, {count} = 0, 0 for {key}, {value} in {how} do {count} = {count} + 1 if math.type({value}) == \"integer\" then {total} = {total} + {value} end end show({total}, {count})"
                    ),
                    [table],
                );
                self.declare(&total, Type::Int, true);
                statement
            }
            3 => {
                let (string, pattern) =
                    (self.expression(Type::Str, 1), self.pick(&["\"%w+\"", "\"(%w)(.)\"", "\"()\"", "\".\""]));
                let count = self.fresh("c");
                let body = self.body(8, |this| {
                    this.declare(&key, Type::Str, true);
                    this.declare(&value, Type::Any, true);
                    this.loop_statements(2)
                });
                stmt(
                    format!(
                        "local {count} = 0 for {key}, {value} in string.gmatch($, {pattern}) do {count} = {count} + 1 if {count} > 8 then break end$end"
                    ),
                    [string, body],
                )
            }
            4 => {
                let bound = self.bound();
                let step = self.expression(Type::Int, 1);
                let body = self.body(bound, |this| {
                    this.declare(&key, Type::Int, true);
                    this.declare(&value, Type::Int, true);
                    this.loop_statements(2)
                });
                stmt(
                    format!(
                        "for {key}, {value} in function(s, c) if c < s then return c + 1, $ end end, {bound}, 0 do$end"
                    ),
                    [step, body],
                )
            }
            _ => {
                // Deleting what a traversal has reached is allowed.
                let table = self.fresh("v");
                let count = 2 + self.below(30);
                let statement = stmt(
                    format!(
                        "local {table} = {{}} for {key} = 1, {count} do {table}[{key} % 3 == 0 and \"k\" .. {key} or {key}] = {key} end for {key}, {value} in pairs({table}) do if {value} % 2 == 0 then {table}[{key}] = nil end end show({table})"
                    ),
                    [],
                );
                self.declare(&table, Type::Record, true);
                statement
            }
        }
    }

    fn protected(&mut self) -> Node {
        let yields = self.yields;
        let body = self.function_body(&[], false, |this| {
            this.yields = yields;
            let mut statements = this.statements(3);
            if this.chance(30) {
                let value = this.expression(Type::Any, 1);
                let level = this.pick(&["", ", 0", ", 1", ", 2"]);
                let condition = this.boolean(1);
                statements.push(stmt(format!("if $ then error(${level}) end"), [condition, value]));
            }
            statements.push(this.return_statement(2));
            statements
        });
        if self.runs > 20 {
            let name = self.fresh("ok");
            let statement = stmt(format!("local {name} = pcall(function()$end)"), [body]);
            self.declare(&name, Type::Bool, true);
            return statement;
        }
        match self.below(4) {
            0 => stmt("show(xpcall(function()$end, function(m) return \"handled \" .. tostring(m) end))", [body]),
            1 => stmt("show(select(2, pcall(function()$end)))", [body]),
            _ => stmt("show(pcall(function()$end))", [body]),
        }
    }

    pub(super) fn local_function(&mut self) -> Node {
        if self.nesting > 4 {
            return self.assignment();
        }
        let name = self.fresh("f");
        let recursive = self.chance(30);
        let count = self.below(3);
        let mut parameters: Vec<(String, Type)> = (0..count)
            .map(|_| {
                let ty = if self.chance(75) { Type::Int } else { self.any_type() };
                (self.fresh("p"), ty)
            })
            .collect();
        let varargs = self.chance(20);
        if recursive {
            parameters.insert(0, (self.fresh("depth"), Type::Int));
        }
        let mut names: Vec<String> = parameters.iter().map(|(name, _)| name.clone()).collect();
        if varargs {
            names.push("...".to_owned());
        }
        let depth = parameters.first().map(|(name, _)| name.clone()).unwrap_or_default();
        let body = self.function_body(&parameters, varargs, |this| {
            let mut statements = vec![this.burn()];
            if recursive {
                let result = this.expression(Type::Int, 1);
                statements.push(stmt(
                    format!("if math.type({depth}) ~= \"integer\" or {depth} <= 0 or {depth} > 12 then return $ end"),
                    [result],
                ));
            }
            statements.extend(this.statements(3));
            if recursive {
                let rest = this.arguments(1);
                let how = this.pick(&["return ", "return 1 + ", "local r = "]);
                statements.push(stmt(format!("{how}{name}({depth} - 1, $)"), [expr("$", [rest])]));
            } else {
                statements.push(this.return_statement(2));
            }
            statements
        });
        let statement = stmt(format!("local function {name}({})$end", names.join(", ")), [body]);
        self.declare(&name, Type::Function, true);
        statement
    }

    /// A variable to be closed when the block ends, however it ends.
    fn closing(&mut self) -> Node {
        let name = self.fresh("z");
        let handler = self.pick(&[
            "show(\"close\", type(o), type(e))",
            "show(\"close\", e)",
            "error(\"in close\")",
            "o.closed = true",
        ]);
        let handler = if self.runs > 20 { "o.closed = true" } else { handler };
        let body = self.scoped(|this| {
            let mut statements = this.statements(2);
            if this.chance(30) {
                let condition = this.boolean(1);
                let exit = match this.loops {
                    0 => "error(\"while open\")",
                    _ => this.pick(&["break", "error({})", "error(\"while open\")"]),
                };
                statements.push(stmt(format!("if $ then {exit} end"), [condition]));
            }
            statements
        });
        stmt(
            format!("do local {name} <close> = setmetatable({{}}, {{__close = function(o, e) {handler} end}})$end"),
            [body],
        )
    }

    /// A variable that holds something else from some round on.
    fn type_change(&mut self) -> Node {
        let Some((name, _)) = self.assignable() else { return self.declaration(Type::Int) };
        let Some(counter) = self.variable(Type::Int) else { return self.declaration(Type::Int) };
        let round = self.pick(&["3", "7", "20", "33", "50"]);
        let ty = self.pick(&[Type::Int, Type::Float, Type::Str, Type::Bool, Type::Float]);
        let value = self.constant(ty);
        stmt(format!("if {counter} == {round} then {name} = $ end"), [value])
    }
}
