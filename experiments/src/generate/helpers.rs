//! Helper functions in layers: the call graph behind a program's blocks.

use super::{
    parameters::Recursion,
    program::Writer,
    statement::{call, condition, plain, work},
};

/// Most calls of helpers that one call of a helper may lead to: what lies deeper is called without loops around it.
const MOST_LAYERS: u32 = 4;

/// A function that may be called.
#[derive(Clone)]
pub(super) struct Helper {
    pub name: String,
    /// How many; all are numbers.
    pub parameters: usize,
}

/// Writes the layers, from the innermost to the outermost, which the writer then calls.
pub(super) fn emit(w: &mut Writer<'_>) -> String {
    let mut out = String::new();
    let layers = w.parameters.call_depth.min(MOST_LAYERS);
    for layer in 0..layers {
        let mut these = Vec::new();
        for _ in 0..w.parameters.fan_out {
            let helper =
                Helper { name: w.names.fresh("doHelp", w.rng), parameters: [1, 1, 1, 2, 2, 3, 4, 5][w.rng.below(8)] };
            out += &function(w, &helper, layer == 0);
            these.push(helper);
        }
        w.helpers = these;
    }
    out
}

fn function(w: &mut Writer<'_>, helper: &Helper, innermost: bool) -> String {
    let parameters: Vec<String> = (0..helper.parameters).map(|_| w.names.fresh("a", w.rng)).collect();
    let (first, result) = (parameters[0].as_str(), w.names.fresh("x", w.rng));
    let all: Vec<&str> = parameters.iter().map(String::as_str).collect();
    let start = plain(w, &all);
    let mut body = format!("local {result} = {start}\n");
    if innermost {
        body += &recursion(w, helper, first, &result);
    }
    let calls = if w.helpers.is_empty() { 0 } else { 1 + w.rng.below(w.parameters.fan_out as usize) };
    for _ in 0..calls {
        let call = call(w, &all);
        body += &if w.rng.coin() {
            let condition = condition(w, &all);
            format!("if {condition} then {result} = {result} + {call} end\n")
        } else {
            format!("{result} = {call}\n")
        };
    }
    // Calls of the layer below are written above; in a loop they would multiply.
    let below = std::mem::take(&mut w.helpers);
    body += &work(w, &result, &all);
    w.helpers = below;
    format!("local function {}({})\n{body}return {result}\nend\n\n", helper.name, parameters.join(", "))
}

/// What makes a function recursive: it ends, since the first argument shrinks.
fn recursion(w: &mut Writer<'_>, helper: &Helper, first: &str, result: &str) -> String {
    let (bound, step) = (w.literal(3, 40), w.literal(2, 6));
    let call = |argument: &str| {
        let rest = format!(", {result}").repeat(helper.parameters - 1);
        format!("{}({argument} // {step}{rest})", helper.name)
    };
    match w.parameters.recursion {
        Recursion::None => String::new(),
        Recursion::Direct => {
            format!("if {first} > {bound} then\n{result} = {result} + {}\nend\n", call(first))
        }
        Recursion::Mutual => {
            let (other, x) = (w.names.fresh("doHelp", w.rng), w.names.fresh("x", w.rng));
            format!(
                "local function {other}({x})\nif {x} <= {bound} then return {x} end\nreturn {}\nend\n{result} = \
                 {result} + {other}({first})\n",
                call(&x)
            )
        }
    }
}
