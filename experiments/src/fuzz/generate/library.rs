//! Calls of the standard library.

use super::{Generator, Type, expr, stmt};
use crate::fuzz::tree::Node;

const PATTERNS: [&str; 34] = [
    "\"%a+\"",
    "\"%d+\"",
    "\"(%w+)=(%w+)\"",
    "\".\"",
    "\".-\"",
    "\"^%s*(.-)%s*$\"",
    "\"[^,]+\"",
    "\"%f[%w]%w+\"",
    "\"%b()\"",
    "\"()\"",
    "\"(a*(.)%w(%s*))\"",
    "\"[a-c]\"",
    "\"[%a_][%w_]*\"",
    "\"l+\"",
    "\"$\"",
    "\"^\"",
    "\"x?y\"",
    "\"(.)%1\"",
    "\"[%]]\"",
    "\"[]]\"",
    "\"[^%s]\"",
    "\"%%\"",
    "\"o \"",
    "\"(\"",
    "\"%\"",
    "\"[a\"",
    "\"a-$\"",
    "\"%g*\"",
    "\"[\\0-\\31]\"",
    "\"%x%x\"",
    "\"\"",
    "\"%s\"",
    "\"(b)(c)()\"",
    "\"%p\"",
];
const REPLACEMENTS: [&str; 14] = [
    "\"\"",
    "\"<%0>\"",
    "\"%1%1\"",
    "\"%2\"",
    "\"%%\"",
    "\"x\"",
    "{a = 1, b = \"B\", hello = false}",
    "string.upper",
    "function(a, b) return b end",
    "function(w) return #w > 1 and w:reverse() end",
    "\"%9\"",
    "\"%\"",
    "function() return {} end",
    "{}",
];
const FORMATS: [(&str, &[Type]); 24] = [
    ("%d", &[Type::Int]),
    ("%5d|%-5d|%05d", &[Type::Int, Type::Int, Type::Int]),
    ("%+d % d", &[Type::Int, Type::Int]),
    ("%x %X %#x", &[Type::Int, Type::Int, Type::Int]),
    ("%o", &[Type::Int]),
    ("%i", &[Type::Float]),
    ("%c%c", &[Type::Int, Type::Int]),
    ("%s", &[Type::Str]),
    ("%10s|%-10s|", &[Type::Str, Type::Str]),
    ("%.3s", &[Type::Str]),
    ("%q", &[Type::Str]),
    ("%q", &[Type::Int]),
    ("%q", &[Type::Float]),
    ("%f", &[Type::Float]),
    ("%.3f", &[Type::Float]),
    ("%10.2f|%-10.1f|", &[Type::Float, Type::Int]),
    ("%e", &[Type::Float]),
    ("%.0e %G", &[Type::Float, Type::Float]),
    ("%g", &[Type::Float]),
    ("%.14g %.17g", &[Type::Float, Type::Float]),
    ("%a", &[Type::Float]),
    ("%5.1s%%", &[Type::Str]),
    ("%s %s", &[Type::Bool, Type::Int]),
    ("%d", &[Type::Str]),
];
const PACKS: [(&str, &[Type]); 16] = [
    ("<i4", &[Type::Int]),
    (">I2", &[Type::Int]),
    ("b", &[Type::Int]),
    ("!4 i1 !8 i8", &[Type::Int, Type::Int]),
    ("<d", &[Type::Float]),
    (">f", &[Type::Float]),
    ("z", &[Type::Str]),
    ("s1", &[Type::Str]),
    ("<s2", &[Type::Str]),
    ("j", &[Type::Int]),
    ("n", &[Type::Float]),
    ("i3", &[Type::Int]),
    ("<i16", &[Type::Int]),
    ("c5", &[Type::Str]),
    ("Bx<h", &[Type::Int, Type::Int]),
    ("!2 b Xi4 i4", &[Type::Int, Type::Int]),
];

impl Generator {
    pub(super) fn integer_function(&mut self, depth: u32) -> Node {
        match self.below(14) {
            0 => {
                let string = self.expression(Type::Str, depth);
                let at = self.expression(Type::Int, 0);
                expr("(string.byte($, $) or 0)", [string, at])
            }
            1 => {
                let value = self.expression(Type::Any, depth);
                let name = self.pick(&["math.tointeger", "tonumber"]);
                expr(format!("({name}($) or 3)"), [value])
            }
            2 => {
                let value = self.number(depth);
                let name = self.pick(&["floor", "ceil", "abs", "floor"]);
                expr(format!("math.{name}($)"), [value])
            }
            3 => {
                let arguments = self.arguments(depth);
                expr("select('#', $)", [arguments])
            }
            4 => {
                let (a, b) = (self.number(depth), self.number(depth));
                let name = self.pick(&["max", "min", "ult", "fmod"]);
                expr(format!("math.{name}($)"), [Node::list(vec![a, b])])
            }
            5 => {
                let (string, base) = (self.expression(Type::Str, depth), self.pick(&["2", "10", "16", "36"]));
                expr(format!("(tonumber($, {base}) or 4)"), [string])
            }
            6 => {
                let (string, pattern) = (self.expression(Type::Str, depth), self.pattern());
                let start = self.pick(&["", ", 2", ", -3", ", 1, true", ", 100"]);
                expr(format!("(string.find($, ${start}) or 0)"), [string, pattern])
            }
            7 => {
                let string = self.expression(Type::Str, depth);
                expr(
                    self.pick(&["(utf8.len($) or -1)", "string.len($)", "select(2, string.gsub($, '%w', '%0%0'))"]),
                    [string],
                )
            }
            8 => {
                let (low, high) = (self.pick(&["1", "0", "-5"]), self.pick(&["10", "6", "100"]));
                // Both implementations have the same generator; the seed makes the numbers the same.
                expr(format!("(math.randomseed($) or math.random({low}, {high}))"), [Node::leaf("42")])
            }
            9 => {
                let (a, b) = (self.expression(Type::Any, depth), self.expression(Type::Any, depth));
                expr("rawlen({$})", [Node::list(vec![a, b])])
            }
            10 => {
                let (format, types) = self.pick(&PACKS);
                let values: Vec<Node> = types.iter().map(|&ty| self.expression(ty, depth.min(1))).collect();
                expr(format!("#string.pack(\"{format}\", $)"), [Node::list(values)])
            }
            11 => {
                let (format, types) = self.pick(&PACKS);
                let values: Vec<Node> = types.iter().map(|&ty| self.expression(ty, depth.min(1))).collect();
                expr(format!("(string.unpack(\"{format}\", string.pack(\"{format}\", $)))"), [Node::list(values)])
            }
            12 => {
                expr(format!("string.packsize(\"{}\")", self.pick(&["<i4", "!8 b i8", "jnb", "z", "c10", "i17"])), [])
            }
            _ => {
                let array = self.expression(Type::Array, depth);
                expr("select(-1, 0, table.unpack($))", [array])
            }
        }
    }

    pub(super) fn float_function(&mut self, depth: u32) -> Node {
        let value = self.number(depth);
        match self.below(6) {
            0 => expr(self.pick(&["math.sqrt($)", "math.abs($)", "math.sqrt(math.abs($))", "($ + 0.0)"]), [value]),
            1 => expr("select(2, math.modf($))", [value]),
            2 => {
                let other = self.number(depth);
                expr("math.fmod($)", [Node::list(vec![value, other])])
            }
            3 => expr("(tonumber(tostring($)) or 0.5)", [value]),
            4 => {
                let limit = self.number(depth);
                expr(self.pick(&["math.max($, 0.5, $)", "math.min($, $)"]), [value, limit])
            }
            _ => expr(self.pick(&["math.floor($) / 2", "math.pi * $", "($ * 0.5)", "(2 ^ ($ % 10))"]), [value]),
        }
    }

    fn pattern(&mut self) -> Node {
        Node::leaf(self.pick(&PATTERNS))
    }

    pub(super) fn string_function(&mut self, depth: u32) -> Node {
        match self.below(16) {
            0 => {
                let (string, from) = (self.expression(Type::Str, depth), self.expression(Type::Int, depth.min(1)));
                let to = self.expression(Type::Int, 0);
                expr(self.pick(&["string.sub($, $, $)", "($):sub($, $)"]), [string, from, to])
            }
            1 => {
                let string = self.expression(Type::Str, depth);
                expr(
                    self.pick(&[
                        "string.upper($)",
                        "($):lower()",
                        "string.reverse($)",
                        "($):rep(2)",
                        "($):rep(3, ',')",
                    ]),
                    [string],
                )
            }
            2..=4 => {
                let (format, types) = self.pick(&FORMATS);
                let mut values: Vec<Node> = types.iter().map(|&ty| self.expression(ty, depth)).collect();
                if self.chance(5) {
                    values.pop();
                }
                values.insert(0, Node::leaf(format!("\"{format}\"")));
                expr("string.format($)", [Node::list(values)])
            }
            5 | 6 => {
                let (string, pattern) = (self.expression(Type::Str, depth), self.pattern());
                let replacement = Node::leaf(self.pick(&REPLACEMENTS));
                let count = self.pick(&["", "", ", 1", ", 0", ", 2"]);
                expr(format!("(string.gsub($, $, ${count}))"), [string, pattern, replacement])
            }
            7 => {
                let (string, pattern) = (self.expression(Type::Str, depth), self.pattern());
                expr("(string.match($, $) or \"none\")", [string, pattern])
            }
            8 => {
                let array = self.expression(Type::Array, depth);
                let arguments = self.pick(&["", ", ','", ", ' ', 2", ", '', 1, 3", ", 7"]);
                expr(format!("table.concat(${arguments})"), [array])
            }
            9 => {
                let value = self.number(depth);
                expr("tostring($)", [value])
            }
            10 => {
                let value = self.expression(Type::Any, depth);
                expr("type($)", [value])
            }
            11 => {
                let value = self.number(depth);
                expr("(math.type($) or \"nope\")", [value])
            }
            12 => {
                let (a, b) = (self.expression(Type::Int, depth), self.expression(Type::Int, 0));
                expr(
                    self.pick(&[
                        "string.char($ % 256, $ % 128)",
                        "utf8.char($ % 70000, $ % 2000)",
                        "string.char($, $)",
                    ]),
                    [a, b],
                )
            }
            13 => {
                let (format, types) = self.pick(&PACKS);
                let values: Vec<Node> = types.iter().map(|&ty| self.expression(ty, depth.min(1))).collect();
                expr(format!("string.pack(\"{format}\", $)"), [Node::list(values)])
            }
            14 => {
                let (string, count) = (self.expression(Type::Str, depth), self.expression(Type::Int, 0));
                expr("string.rep($, $ % 6)", [string, count])
            }
            _ => {
                let string = self.expression(Type::Str, depth);
                expr(self.pick(&["($ .. 1)", "(-1 .. $)", "(1.5 .. $)", "($ .. 2^63)"]), [string])
            }
        }
    }

    pub(super) fn array_function(&mut self, depth: u32) -> Node {
        let array = self.expression(Type::Array, depth);
        match self.below(6) {
            0 => expr("table.pack(table.unpack($))", [array]),
            // Holes would make the border a matter of the implementation.
            1 => {
                let (from, to) = (self.pick(&["1", "2"]), self.pick(&["3", "1", "2"]));
                expr(format!("table.move($, {from}, {to}, 1, {{}})"), [array])
            }
            2 => expr(self.pick(&["{table.unpack($)}", "{table.unpack($, 2)}", "{table.unpack($, 1, 4)}"]), [array]),
            3 => {
                let string = self.expression(Type::Str, depth);
                expr(
                    self.pick(&[
                        "{string.byte($, 1, -1)}",
                        "table.pack(string.find($, '(%w)(.)'))",
                        "{utf8.codepoint($, 1, 2)}",
                    ]),
                    [string],
                )
            }
            _ => {
                let values = self.arguments(depth);
                expr("table.pack($)", [values])
            }
        }
    }

    pub(super) fn any_function(&mut self, depth: u32) -> Node {
        let value = self.expression(Type::Any, depth);
        match self.below(10) {
            0 => {
                let record = self.expression(Type::Record, depth);
                expr("rawget($, $)", [record, value])
            }
            1 => expr("(getmetatable($) == nil)", [value]),
            2 => expr("tonumber($)", [value]),
            3 => {
                let others = self.arguments(depth);
                let at = self.pick(&["1", "2", "-1", "3", "0"]);
                expr(format!("(select({at}, $, $))"), [value, others])
            }
            4 => expr("select(2, pcall($, 1))", [value]),
            5 => {
                let other = self.expression(Type::Any, depth);
                expr("select('#', pcall(error, $, $))", [value, other])
            }
            6 => expr("(assert($))", [value]),
            7 => {
                // One key: with more, the order would show.
                expr("(next({x = $}))", [value])
            }
            8 => {
                let record = self.expression(Type::Record, depth);
                expr("(next($) ~= nil and $)", [record, value])
            }
            _ => expr("(math.type($))", [value]),
        }
    }

    /// A statement that changes an array by a function of `table`.
    pub(super) fn array_statement(&mut self, array: &str) -> Node {
        let value = self.number(1);
        match self.below(9) {
            0 | 1 => stmt(format!("if #{array} < 60 then table.insert({array}, $) end"), [value]),
            2 => {
                let at = self.index(array, 1);
                stmt(format!("if #{array} < 60 then table.insert({array}, $, $) end"), [at, value])
            }
            3 => stmt(format!("show(table.remove({array}))"), []),
            4 => {
                let at = self.index(array, 1);
                stmt(format!("show(table.remove({array}, $))"), [at])
            }
            5 => {
                let order =
                    self.pick(&["", ", function(a, b) return a > b end", ", function(a, b) return a % 5 < b % 5 end"]);
                stmt(format!("table.sort({array}{order})"), [])
            }
            6 => {
                let (from, at) = (1 + self.below(2), 1 + self.below(3));
                stmt(format!("if #{array} > 3 then table.move({array}, {from}, {from} + 2, {at}) end"), [])
            }
            7 => stmt(format!("if #{array} < 60 then {array}[#{array} + 1] = $ end"), [value]),
            _ => stmt(format!("{array}[#{array}] = nil"), []),
        }
    }
}
