//! Helper functions in layers: the call graph behind a program's blocks.

use super::{
    parameters::Recursion,
    program::Writer,
    sample::log_uniform,
    statement::{condition, expression, work},
};

/// Most calls of helpers that one call of a helper may lead to: what lies deeper is called without loops around it.
const MOST_LAYERS: u32 = 4;

/// Writes the layers, from the innermost to the outermost, which the writer then calls.
pub(super) fn emit(w: &mut Writer<'_>) -> String {
    let mut out = String::new();
    let layers = w.parameters.call_depth.min(MOST_LAYERS);
    for layer in 0..layers {
        // `statement` calls `w.helpers`: functions of the layer below, while this one is written.
        let mut these = Vec::new();
        for _ in 0..w.parameters.fan_out {
            let name = w.names.fresh("doHelp", w.rng);
            out += &function(w, &name, layer == 0);
            these.push(name);
        }
        w.helpers = these;
    }
    out
}

fn function(w: &mut Writer<'_>, name: &str, innermost: bool) -> String {
    let (a, b) = (w.names.fresh("a", w.rng), w.names.fresh("b", w.rng));
    let below = w.helpers.clone();
    let mut body = String::new();
    if innermost {
        body += &recursion(w, name, &a, &b);
    }
    let calls = if below.is_empty() { 0 } else { 1 + w.rng.below(w.parameters.fan_out as usize) };
    for _ in 0..calls {
        let helper = &below[w.rng.below(below.len())];
        let argument = expression(w, &[&a, &b]);
        if w.rng.coin() {
            let condition = condition(w, &[&a, &b]);
            body += &format!("if {condition} then {b} = {helper}({argument}, {b}) end\n");
        } else {
            body += &format!("{b} = {helper}({argument}, {b})\n");
        }
    }
    // Calls of the layer below are written above; in a loop they would multiply.
    w.helpers.clear();
    body += &work(w, &b, &[&a]);
    w.helpers = below;
    let result = if w.rng.coin() { b.clone() } else { expression(w, &[&a, &b]) };
    format!("local function {name}({a}, {b})\n{body}return {result}\nend\n\n")
}

/// What makes a function recursive, at the head of its body: it ends, since the first argument shrinks.
fn recursion(w: &mut Writer<'_>, name: &str, a: &str, b: &str) -> String {
    let (bound, step) = (log_uniform(w.rng, 3, 40), log_uniform(w.rng, 2, 6));
    match w.parameters.recursion {
        Recursion::None => String::new(),
        Recursion::Direct => {
            format!("if {a} > {bound} then\n{b} = {name}({a} // {step}, {b})\nend\n")
        }
        Recursion::Mutual => {
            let (other, x) = (w.names.fresh("doHelp", w.rng), w.names.fresh("x", w.rng));
            format!(
                "local function {other}({x})\nif {x} <= {bound} then return {b} end\nreturn {name}({x} // {step}, \
                 {b})\nend\n{b} = {other}({a})\n"
            )
        }
    }
}
