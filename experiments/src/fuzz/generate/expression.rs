//! Expressions of a wanted type.

use super::{Generator, Type, expr, stmt};
use crate::fuzz::tree::Node;

/// Names of fields.
pub(super) const FIELDS: [&str; 8] = ["a", "b", "c", "d", "e", "x", "y", "n"];

const INTEGERS: [&str; 22] = [
    "0",
    "1",
    "2",
    "3",
    "5",
    "7",
    "8",
    "-1",
    "-2",
    "-3",
    "10",
    "16",
    "63",
    "64",
    "100",
    "255",
    "0x7fffffff",
    "2147483648",
    "9007199254740993",
    "math.maxinteger",
    "math.mininteger",
    "-7",
];
const FLOATS: [&str; 20] = [
    "0.0",
    "1.0",
    "2.0",
    "0.5",
    "-0.5",
    "1.5",
    "-0.0",
    "3.25",
    "1e15",
    "1e100",
    "-1e15",
    "2^53",
    "0.1",
    "-2.75",
    "1e308",
    "5e-324",
    "math.huge",
    "-math.huge",
    "(0/0)",
    "0x1p-3",
];
const STRINGS: [&str; 26] = [
    "\"\"",
    "\"a\"",
    "\"b\"",
    "\"abc\"",
    "\"x=1, y=2\"",
    "\"10\"",
    "\"0x10\"",
    "\" 7 \"",
    "\"1e1\"",
    "\"3.0\"",
    "\"-2\"",
    "\"hello world\"",
    "\"key\"",
    "\"The quick brown fox\"",
    "\"a.b.c\"",
    "\"\\0z\"",
    "\"\\xff\\xfe\"",
    "\"line\\nline\"",
    "'it\\'s'",
    "[[long [x] string]]",
    "\"äöü\"",
    "\"nan\"",
    "\"9223372036854775808\"",
    "\"%d\"",
    "\"a string that is longer than forty bytes, so not interned\"",
    "[==[]]]==]",
];

impl Generator {
    /// An expression expected to be of type `ty`; a few are not.
    pub(super) fn expression(&mut self, ty: Type, depth: u32) -> Node {
        let ty = if self.chance(3) { self.any_type() } else { ty };
        if depth == 0 || self.chance(15) {
            return self.atom(ty);
        }
        match ty {
            Type::Int => self.integer(depth - 1),
            Type::Float => self.float(depth - 1),
            Type::Str => self.string(depth - 1),
            Type::Bool => self.boolean(depth - 1),
            Type::Array => self.array(depth - 1),
            Type::Record => self.record(depth - 1),
            Type::Object => self.object(depth - 1),
            Type::Function => self.function(depth - 1),
            Type::Any => self.anything(depth - 1),
        }
    }

    /// A number of either kind.
    pub(super) fn number(&mut self, depth: u32) -> Node {
        let ty = if self.chance(60) { Type::Int } else { Type::Float };
        self.expression(ty, depth)
    }

    /// A variable or a constant.
    pub(super) fn atom(&mut self, ty: Type) -> Node {
        if self.varargs && self.chance(3) {
            return Node::leaf(if self.chance(50) { "(...)" } else { "select('#', ...)" });
        }
        if self.chance(75)
            && let Some(name) = self.variable(ty)
        {
            return Node::leaf(name);
        }
        self.constant(ty)
    }

    pub(super) fn constant(&mut self, ty: Type) -> Node {
        match ty {
            Type::Int => Node::leaf(self.pick(&INTEGERS)),
            Type::Float => Node::leaf(self.pick(&FLOATS)),
            Type::Str => Node::leaf(self.pick(&STRINGS)),
            Type::Bool => Node::leaf(self.pick(&["true", "false", "nil"])),
            Type::Array => Node::leaf(self.pick(&["{}", "{1, 2, 3}", "{3, 1, 2.5}", "{0}", "{10, 20, 30, 40, 50}"])),
            Type::Record => {
                Node::leaf(self.pick(&["{}", "{a = 1}", "{a = 1, b = 2}", "{b = 2, a = 1}", "{x = 0.5, y = 1}"]))
            }
            Type::Object if self.classes > 0 => self.object(0),
            Type::Object => Node::leaf("setmetatable({}, {__index = function(_, k) return k end})"),
            // No function of the library itself: one that lands in a global has two names, and which one a message shows is open.
            Type::Function => Node::leaf(self.pick(&[
                "(coroutine.wrap(function(x) while true do x = coroutine.yield(x) end end))",
                "function(x) return x end",
                "(string.gmatch('a1b2c3', '%a%d'))",
                "function(...) return select('#', ...) end",
                "function(x) return tostring(x) end",
            ])),
            Type::Any => {
                let ty = self.pick(&Type::ALL[..6]);
                self.constant(ty)
            }
        }
    }

    fn integer(&mut self, depth: u32) -> Node {
        match self.below(20) {
            0..=8 => {
                let op = self.pick(&["+", "-", "*", "//", "%", "&", "|", "~", "<<", ">>", "+", "-", "*"]);
                let left = self.expression(Type::Int, depth);
                let right = if self.chance(30) {
                    Node::leaf(self.pick(&["1", "2", "3", "-1", "7", "64", "0"]))
                } else {
                    self.expression(Type::Int, depth)
                };
                expr(format!("($ {op} $)"), [left, right])
            }
            9 => {
                let operand = self.expression(Type::Int, depth);
                expr(self.pick(&["(-$)", "(~$)", "(- -$)"]), [operand])
            }
            10 => {
                let ty = self.pick(&[Type::Str, Type::Array]);
                let operand = self.expression(ty, depth);
                expr("(#$)", [operand])
            }
            11 => self.element(depth),
            12 => self.field(depth),
            13 => self.call(depth),
            14 => self.method(depth),
            15 => self.choice(Type::Int, depth),
            // A bit operation on a float that may have no integer representation, or on a string.
            16 => {
                let left = self.expression(Type::Float, depth);
                let right = self.expression(Type::Str, depth);
                if self.chance(50) {
                    let number = self.expression(Type::Int, depth);
                    expr("($ & $)", [left, number])
                } else {
                    expr("($ + $)", [right, left])
                }
            }
            _ => self.integer_function(depth),
        }
    }

    fn float(&mut self, depth: u32) -> Node {
        match self.below(12) {
            0..=5 => {
                let op = self.pick(&["+", "-", "*", "/", "^", "%", "//", "/"]);
                let left = self.number(depth);
                let right = self.number(depth);
                expr(format!("($ {op} $)"), [left, right])
            }
            6 => {
                let operand = self.expression(Type::Float, depth);
                expr("(-$)", [operand])
            }
            7 => self.element(depth),
            8 => self.field(depth),
            9 => self.choice(Type::Float, depth),
            _ => self.float_function(depth),
        }
    }

    fn string(&mut self, depth: u32) -> Node {
        match self.below(10) {
            0..=2 => {
                let left = self.expression(Type::Str, depth);
                let right = if self.chance(70) { self.expression(Type::Str, depth) } else { self.number(depth) };
                if self.chance(30) {
                    let third = self.expression(Type::Str, depth);
                    expr("($ .. $ .. $)", [left, right, third])
                } else {
                    expr("($ .. $)", [left, right])
                }
            }
            3 => self.choice(Type::Str, depth),
            _ => self.string_function(depth),
        }
    }

    pub(super) fn boolean(&mut self, depth: u32) -> Node {
        match self.below(10) {
            0..=4 => {
                let op = self.pick(&["<", "<=", ">", ">=", "==", "~="]);
                let left = self.number(depth);
                let right = self.number(depth);
                expr(format!("($ {op} $)"), [left, right])
            }
            5 => {
                let op = self.pick(&["<", "<=", ">", ">=", "==", "~="]);
                let ty = self.pick(&[Type::Str, Type::Str, Type::Object, Type::Any]);
                let left = self.expression(ty, depth);
                let right = self.expression(ty, depth);
                expr(format!("($ {op} $)"), [left, right])
            }
            6 => {
                let left = self.expression(Type::Any, depth);
                let right = self.atom(Type::Any);
                expr(self.pick(&["($ == $)", "($ ~= $)", "rawequal($, $)"]), [left, right])
            }
            7 => {
                let operand = self.expression(Type::Any, depth);
                expr("(not $)", [operand])
            }
            8 => {
                let left = self.boolean(depth / 2);
                let right = self.boolean(depth / 2);
                expr(self.pick(&["($ and $)", "($ or $)"]), [left, right])
            }
            _ => {
                let operand = self.expression(Type::Any, depth);
                let name = self.pick(&["number", "string", "table", "nil", "function"]);
                expr(format!("(type($) == \"{name}\")"), [operand])
            }
        }
    }

    fn array(&mut self, depth: u32) -> Node {
        match self.below(8) {
            0..=4 => {
                let count = self.below(6);
                let mut items: Vec<Node> = (0..count).map(|_| self.number(depth)).collect();
                if self.chance(15) {
                    items.push(self.call(depth));
                }
                if self.varargs && self.chance(15) {
                    items.push(Node::leaf("..."));
                }
                expr("{$}", [Node::list(items)])
            }
            5 => self.choice(Type::Array, depth),
            _ => self.array_function(depth),
        }
    }

    fn record(&mut self, depth: u32) -> Node {
        let count = self.below(5);
        let mut items = Vec::new();
        for _ in 0..count {
            let name = self.pick(&FIELDS);
            let ty = self.pick(&[Type::Int, Type::Float, Type::Int, Type::Str, Type::Any]);
            let value = self.expression(ty, depth);
            items.push(match self.below(6) {
                0 => {
                    let key = self.expression(Type::Int, 0);
                    expr("[$] = $", [key, value])
                }
                1 => {
                    let key = self.expression(Type::Str, 0);
                    expr("[$] = $", [key, value])
                }
                _ => expr(format!("{name} = $"), [value]),
            });
        }
        expr("{$}", [Node::list(items)])
    }

    fn object(&mut self, depth: u32) -> Node {
        if self.classes == 0 {
            return self.record(depth);
        }
        let class = 1 + self.below(self.classes);
        let (a, b) = (self.number(depth), self.number(depth));
        expr(format!("C{class}.new($)"), [Node::list(vec![a, b])])
    }

    /// A closure over what is visible here.
    fn function(&mut self, depth: u32) -> Node {
        if self.nesting > 4 || self.chance(30) {
            return self.atom(Type::Function);
        }
        let parameters: Vec<(String, Type)> = (0..self.below(3))
            .map(|_| (self.fresh("p"), if self.chance(70) { Type::Int } else { Type::Any }))
            .collect();
        let varargs = self.chance(20);
        let mut names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        if varargs {
            names.push("...");
        }
        let names = names.join(", ");
        let body = self.function_body(&parameters, varargs, |this| {
            let mut statements = vec![this.burn()];
            if this.budget > 0 && this.chance(60) {
                statements.extend(this.statements(2));
            }
            statements.push(this.return_statement(depth.min(1)));
            statements
        });
        expr(format!("function({names})$end"), [body])
    }

    pub(super) fn return_statement(&mut self, depth: u32) -> Node {
        let count = self.pick(&[1, 1, 1, 1, 0, 2, 3]);
        if count == 1 && self.chance(15) {
            let call = self.call(depth);
            return stmt("return $", [call]);
        }
        let mut values: Vec<Node> = Vec::new();
        for _ in 0..count {
            let ty = self.pick(&[Type::Int, Type::Int, Type::Float, Type::Str, Type::Any]);
            values.push(self.expression(ty, depth));
        }
        if self.varargs && self.chance(20) {
            values.push(Node::leaf("..."));
        }
        stmt("return $", [Node::list(values)])
    }

    fn anything(&mut self, depth: u32) -> Node {
        match self.below(14) {
            0 => self.call(depth),
            1 => self.method(depth),
            2 => self.field(depth),
            3 => {
                let left = self.expression(Type::Any, depth);
                let right = self.expression(Type::Any, depth);
                let op = self.pick(&[
                    "+", "-", "*", "/", "//", "%", "^", "..", "&", "|", "~", "<<", ">>", "<", "<=", ">", ">=", "==",
                    "~=", "and", "or",
                ]);
                expr(format!("($ {op} $)"), [left, right])
            }
            4 => {
                let operand = self.expression(Type::Any, depth);
                expr(self.pick(&["(-$)", "(#$)", "(not $)", "(~$)"]), [operand])
            }
            5 => {
                let (left, right) = (self.expression(Type::Object, depth), self.expression(Type::Any, depth));
                let op = self.pick(&["+", "-", "*", "/", "..", "<", "<=", "==", "//", "%", "&", "<<", "^"]);
                if self.chance(30) {
                    expr(format!("($ {op} $)"), [right, left])
                } else {
                    expr(format!("($ {op} $)"), [left, right])
                }
            }
            6 => self.any_function(depth),
            _ => {
                let ty = self.pick(&Type::ALL[..8]);
                self.expression(ty, depth + 1)
            }
        }
    }

    fn choice(&mut self, ty: Type, depth: u32) -> Node {
        let condition = self.expression(Type::Bool, depth);
        let (yes, no) = (self.expression(ty, depth), self.expression(ty, depth));
        expr("($ and $ or $)", [condition, yes, no])
    }

    /// `array[index]`.
    fn element(&mut self, depth: u32) -> Node {
        let Some(array) = self.variable(Type::Array) else { return self.atom(Type::Int) };
        let index = self.index(&array, depth);
        expr(format!("({array}[$] or $)"), [index, Node::leaf(self.pick(&["0", "1", "0.5"]))])
    }

    /// An index that mostly lies inside the array.
    pub(super) fn index(&mut self, array: &str, depth: u32) -> Node {
        match self.below(6) {
            0 => Node::leaf("1"),
            1 => Node::leaf(format!("#{array}")),
            2 => Node::leaf(self.pick(&["2", "3", "2.0", "-1", "0", "1.5"])),
            3 => self.expression(Type::Int, depth.min(1)),
            _ => {
                let number = self.expression(Type::Int, depth.min(1));
                expr(format!("($ % (#{array} + 1))"), [number])
            }
        }
    }

    /// `record.field`.
    fn field(&mut self, depth: u32) -> Node {
        let ty = self.pick(&[Type::Record, Type::Object, Type::Record, Type::Any]);
        let field = self.pick(&FIELDS);
        match self.variable(ty) {
            Some(record) if ty == Type::Any => Node::leaf(format!("{record}.{field}")),
            Some(record) if self.chance(60) => Node::leaf(format!("({record}.{field} or 1)")),
            Some(record) => {
                let key = self.expression(Type::Str, depth.min(1));
                expr(format!("({record}[$] or 2)"), [key])
            }
            None => self.atom(Type::Int),
        }
    }

    /// A call of some function value.
    pub(super) fn call(&mut self, depth: u32) -> Node {
        let Some(function) = self.variable(Type::Function) else { return self.atom(Type::Int) };
        let arguments = self.arguments(depth);
        expr(format!("{function}($)"), [arguments])
    }

    pub(super) fn arguments(&mut self, depth: u32) -> Node {
        let count = self.below(4);
        let mut arguments: Vec<Node> = Vec::new();
        for _ in 0..count {
            let ty = if self.chance(75) { Type::Int } else { Type::Any };
            arguments.push(self.expression(ty, depth.min(1)));
        }
        if self.varargs && self.chance(10) {
            arguments.push(Node::leaf("..."));
        }
        Node::list(arguments)
    }

    /// A method call on an object or string.
    pub(super) fn method(&mut self, depth: u32) -> Node {
        match self.variable(Type::Object) {
            Some(object) => {
                let method = self.pick(&["get", "set", "sum", "self", "get", "missing"]);
                let arguments = self.arguments(depth);
                expr(format!("{object}:{method}($)"), [arguments])
            }
            None => {
                let string = self.expression(Type::Str, depth);
                expr(self.pick(&["($):len()", "($):byte()", "($):upper()", "($):byte(-1)"]), [string])
            }
        }
    }
}
