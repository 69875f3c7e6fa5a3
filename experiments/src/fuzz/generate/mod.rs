//! Random programs: any two Lua 5.4 implementations must agree on what they print.
//!
//! A program declares a few variables, classes and functions, then calls its functions (*units*) under `pcall` and
//! prints what they give. Types are tracked as hints: most operands fit, so that programs get somewhere, and some do not,
//! so that errors and type changes are met. Programs end: loops have constant bounds (and products of bounds have a
//! limit), strings and tables that a loop makes grow are cut, and whatever may call an unknown function burns fuel.
//! Nothing printed depends on addresses, time, or the order of traversal.

mod expression;
mod library;
mod scenario;
mod statement;

use std::borrow::Cow;

use super::tree::{Node, Role};
use crate::stats::Rng;

/// What a value is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Int,
    Float,
    Str,
    Bool,
    /// A sequence of numbers.
    Array,
    /// A table with fields `a`, `b`, `c`, … that hold numbers mostly.
    Record,
    /// An instance of a class.
    Object,
    /// A function that takes numbers.
    Function,
    Any,
}

impl Type {
    const ALL: [Type; 9] = [
        Type::Int,
        Type::Float,
        Type::Str,
        Type::Bool,
        Type::Array,
        Type::Record,
        Type::Object,
        Type::Function,
        Type::Any,
    ];
}

#[derive(Clone, Debug)]
struct Variable {
    name: String,
    ty: Type,
    assignable: bool,
}

/// Most runs of a loop body per call of its function.
const MOST_RUNS: u32 = 400;
/// The same for units that are about hot loops.
const MOST_HOT_RUNS: u32 = 3_000;

/// The state of a program in the making.
struct Generator {
    rng: Rng,
    variables: Vec<Variable>,
    names: u32,
    /// Statements that may still be made.
    budget: u32,
    /// Product of the bounds of the loops around.
    runs: u32,
    most_runs: u32,
    /// Loops around, inside of the function that is being made.
    loops: u32,
    /// Whether `...` may be used.
    varargs: bool,
    /// Whether the function being made runs in a coroutine that expects yields.
    yields: bool,
    /// Classes made so far; class `i` has the metamethods that a program's seed gave it.
    classes: u32,
    /// Functions around.
    nesting: u32,
}

/// The program `index` of `seed`.
pub fn program(seed: u64, index: u64) -> Node {
    let mut generator = Generator {
        rng: Rng::stream(seed, &format!("program {index}")),
        variables: Vec::new(),
        names: 0,
        budget: 0,
        runs: 1,
        most_runs: MOST_RUNS,
        loops: 0,
        varargs: true,
        yields: false,
        classes: 0,
        nesting: 0,
    };
    generator.program()
}

const PRELUDE: &str = r##"local fuel = 1500
local function show(...)
  local function one(v, depth)
    if type(v) == "string" then return string.format("%q", v) end
    if type(v) == "table" and depth > 0 then
      local items = {}
      for k, x in next, v do items[#items + 1] = one(k, 0) .. "=" .. one(x, depth - 1) end
      table.sort(items)
      return "{" .. table.concat(items, ",") .. "}"
    end
    if type(v) == "number" or type(v) == "boolean" then return tostring(v) end
    return type(v)
  end
  local items = {}
  for i = 1, select("#", ...) do items[i] = one((select(i, ...)), 3) end
  print(table.concat(items, " "))
end"##;

/// A statement from a template; see [`Node::template`].
fn stmt(template: impl Into<Cow<'static, str>>, children: impl IntoIterator<Item = Node>) -> Node {
    Node::template(Role::Statement, template, children)
}

/// An expression from a template; see [`Node::template`].
fn expr(template: impl Into<Cow<'static, str>>, children: impl IntoIterator<Item = Node>) -> Node {
    Node::template(Role::Expression, template, children)
}

impl Generator {
    fn program(&mut self) -> Node {
        let mut statements = vec![stmt(PRELUDE, [])];
        self.budget = 30 + self.below(50);
        for _ in 0..2 + self.below(4) {
            let ty = self.pick(&[Type::Int, Type::Float, Type::Str, Type::Bool, Type::Array, Type::Record]);
            statements.push(self.declaration(ty));
        }
        for _ in 0..self.below(3) {
            let global = self.fresh("G");
            let ty = self.any_type();
            let value = self.constant(ty);
            statements.push(stmt(format!("{global} = $"), [value]));
            self.declare(&global, ty, true);
        }
        for _ in 0..self.below(3) {
            statements.extend(self.class());
        }
        let units = 2 + self.below(4);
        for _ in 0..units {
            self.budget = 6 + self.below(24);
            statements.extend(self.unit());
        }
        if self.chance(6) {
            // An error that nobody catches: message, traceback and status are compared too.
            let value = self.expression(Type::Any, 2);
            statements.push(stmt("show($ + 1, #$)", [value.clone(), value]));
        }
        Node::block(statements)
    }

    // Randomness.

    fn below(&mut self, bound: u32) -> u32 {
        self.rng.below(bound as usize) as u32
    }
    /// True in `percent` of 100 cases.
    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.rng.below(from.len())]
    }
    fn any_type(&mut self) -> Type {
        self.pick(&Type::ALL)
    }

    // Names and scopes.

    fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }
    fn declare(&mut self, name: &str, ty: Type, assignable: bool) {
        self.variables.push(Variable { name: name.to_owned(), ty, assignable });
    }
    /// Some variable of this type.
    fn variable(&mut self, ty: Type) -> Option<String> {
        let fitting: Vec<usize> = self.indices(|variable| variable.ty == ty || ty == Type::Any);
        self.choose(&fitting)
    }
    fn assignable(&mut self) -> Option<(String, Type)> {
        let fitting = self.indices(|variable| variable.assignable);
        let name = self.choose(&fitting)?;
        let ty = self.variables.iter().rev().find(|variable| variable.name == name)?.ty;
        Some((name, ty))
    }
    fn indices(&self, fits: impl Fn(&Variable) -> bool) -> Vec<usize> {
        (0..self.variables.len()).filter(|&index| fits(&self.variables[index])).collect()
    }
    /// Prefers what was declared last.
    fn choose(&mut self, indices: &[usize]) -> Option<String> {
        if indices.is_empty() {
            return None;
        }
        let recent = indices.len().min(6);
        let at =
            if self.chance(70) { indices.len() - 1 - self.rng.below(recent) } else { self.rng.below(indices.len()) };
        Some(self.variables[indices[at]].name.clone())
    }

    /// Statements in a scope of their own.
    fn scoped(&mut self, make: impl FnOnce(&mut Self) -> Vec<Node>) -> Node {
        let visible = self.variables.len();
        let statements = make(self);
        self.variables.truncate(visible);
        Node::block(statements)
    }

    /// A loop body that runs at most `bound` times per run of what is around it.
    fn body(&mut self, bound: u32, make: impl FnOnce(&mut Self) -> Vec<Node>) -> Node {
        let runs = self.runs;
        self.runs = runs * bound.max(1);
        self.loops += 1;
        let block = self.scoped(make);
        self.loops -= 1;
        self.runs = runs;
        block
    }

    /// The body of a function.
    fn function_body(
        &mut self,
        parameters: &[(String, Type)],
        varargs: bool,
        make: impl FnOnce(&mut Self) -> Vec<Node>,
    ) -> Node {
        let around = (self.runs, self.loops, self.varargs, self.yields);
        (self.runs, self.loops, self.varargs, self.yields) = (1, 0, varargs, false);
        self.nesting += 1;
        let block = self.scoped(|this| {
            for (name, ty) in parameters {
                this.declare(name, *ty, true);
            }
            make(this)
        });
        self.nesting -= 1;
        (self.runs, self.loops, self.varargs, self.yields) = around;
        block
    }

    /// A bound for a loop here, 0 if there is to be none.
    fn bound(&mut self) -> u32 {
        let most = (self.most_runs / self.runs.max(1)).min(if self.most_runs > MOST_RUNS { 400 } else { 60 });
        match most {
            0 | 1 => most,
            _ if self.chance(40) => most,
            _ => 1 + self.below(most.min(8)),
        }
    }

    fn burn(&self) -> Node {
        stmt("fuel = fuel - 1 if fuel < 0 then error(\"out of fuel\", 0) end", [])
    }
}
