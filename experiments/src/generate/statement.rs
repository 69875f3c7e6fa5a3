//! Numbers, expressions and statements of a program's types.
//!
//! Expressions end in a remainder, so that no float becomes infinite. Integers do without it half of the time: they wrap.

use super::{
    parameters::Types,
    program::{Fold, Writer},
    sample::{log_uniform, percent},
};

/// Levels of operators, each as likely as it stands here.
const LEVELS: [u32; 6] = [1, 1, 1, 2, 2, 3];

/// A number of the program's types; `role` says `one`, `zero` or `num`.
pub(super) fn number(w: &mut Writer<'_>, role: &str) -> String {
    let types = w.parameters.types;
    if types == Types::Changing && (role == "one" || role == "num" && w.rng.below(3) == 0) {
        return w.unit.clone();
    }
    let float = match types {
        Types::Integer | Types::Changing => false,
        Types::Float => true,
        Types::Mixed => w.rng.coin(),
    };
    let whole = match role {
        "one" => 1,
        "zero" => 0,
        _ => w.literal(1, 60),
    };
    match (float, role) {
        (false, _) => whole.to_string(),
        (true, "num") => format!("{whole}.{}", ["0", "5", "25", "125", "75"][w.rng.below(5)]),
        (true, _) => format!("{whole}.0"),
    }
}

/// An expression over operands; a float is at most a few thousands.
pub(super) fn expression(w: &mut Writer<'_>, operands: &[&str]) -> String {
    let levels = LEVELS[w.rng.below(LEVELS.len())];
    let inner = operation(w, operands, levels, true);
    if w.parameters.types == Types::Integer && w.rng.coin() {
        return inner;
    }
    let modulus = w.moduli[w.rng.below(w.moduli.len())];
    format!("({inner}) % {modulus}")
}

/// A short expression without a remainder, for what is used once.
pub(super) fn plain(w: &mut Writer<'_>, operands: &[&str]) -> String {
    let levels = w.rng.below(3) as u32;
    operation(w, operands, levels, true)
}

/// `first`: this is the leftmost operand, which is no constant.
fn operation(w: &mut Writer<'_>, operands: &[&str], levels: u32, first: bool) -> String {
    if levels == 0 || w.rng.below(5) == 0 {
        return if first { operands[w.rng.below(operands.len())].to_owned() } else { operand(w, operands) };
    }
    let left = operation(w, operands, levels - 1, first);
    // the shallower side comes last, as people write
    let right = operation(w, operands, (levels - 1) / 2, false);
    let left = if left.contains(' ') && !left.ends_with(')') { format!("({left})") } else { left };
    let right = if right.contains(' ') && !right.ends_with(')') { format!("({right})") } else { right };
    let small = w.factors[w.rng.below(w.factors.len())];
    if percent(w.rng, w.parameters.library) {
        return match w.rng.below(4) {
            0 => format!("math.max({left}, {right})"),
            1 => format!("math.min({left}, {right})"),
            2 => format!("math.abs({left} - {right})"),
            _ => format!("math.floor({left} + {right})"),
        };
    }
    let bitwise = w.parameters.types == Types::Integer && percent(w.rng, 12);
    match (bitwise, w.rng.below(9)) {
        (true, 0..3) => format!("({left} & {right})"),
        (true, 3..6) => format!("({left} ~ {right})"),
        (true, _) => format!("({left} >> {})", small % 8),
        (false, 0..3) => format!("{left} + {right}"),
        (false, 3..5) => format!("{left} - {right}"),
        (false, 5) => format!("{left} * {}", number(w, "num")),
        (false, 6) => format!("{left} * {small}"),
        (false, 7) => format!("{left} // {small}"),
        (false, _) => format!("{left} % {small}"),
    }
}

fn operand(w: &mut Writer<'_>, operands: &[&str]) -> String {
    if w.rng.below(5) == 0 { number(w, "num") } else { operands[w.rng.below(operands.len())].to_owned() }
}

/// A comparison that is true often and false often.
pub(super) fn condition(w: &mut Writer<'_>, operands: &[&str]) -> String {
    let left = operands[w.rng.below(operands.len())];
    let right = operands[w.rng.below(operands.len())];
    match w.rng.below(4) {
        0 => format!("{left} % {} < {}", w.literal(2, 12), number(w, "one")),
        1 if left != right => format!("{left} {} {right}", ["<", ">", "<=", ">="][w.rng.below(4)]),
        2 => format!("{left} % {} == 0", w.literal(2, 9)),
        _ => format!("{left} > {}", w.literal(1, 90)),
    }
}

/// `value` mixed into a checksum.
pub(super) fn fold(w: &mut Writer<'_>, checksum: &str, value: &str) -> String {
    let (factor, modulus) = (w.fold_factor, w.fold_modulus);
    let value = if value.contains(" or ") { format!("({value})") } else { value.to_owned() };
    match &w.fold {
        Fold::Function(function) => return format!("{function}({checksum}, {value})"),
        Fold::Sum => return format!("{checksum} + {value}"),
        Fold::Mix => {}
    }
    match w.parameters.types {
        Types::Integer => format!("({checksum} * {factor} + {value}) % {modulus}"),
        _ => format!("({checksum} * {factor} + math.floor({value})) % {modulus}"),
    }
}

/// Statements that change `target`; maybe none.
pub(super) fn work(w: &mut Writer<'_>, target: &str, operands: &[&str]) -> String {
    let count = match w.parameters.function_size {
        0 => 1,
        most => log_uniform(w.rng, 1, most),
    };
    let mut out = String::new();
    let levels = w.parameters.loop_depth;
    for _ in 0..count {
        statement(w, target, operands, levels, &mut out);
    }
    out
}

fn statement(w: &mut Writer<'_>, target: &str, operands: &[&str], loops: u32, out: &mut String) {
    let with_target: Vec<&str> = operands.iter().copied().chain([target]).collect();
    if percent(w.rng, w.parameters.allocation) {
        return allocation(w, target, &with_target, out);
    }
    match w.rng.below(12) {
        0..2 => {
            let (condition, then) = (condition(w, &with_target), expression(w, &with_target));
            *out += &format!("if {condition} then\n{target} = {then}\n");
            if w.rng.coin() {
                let other = expression(w, &with_target);
                *out += &format!("else\n{target} = {other}\n");
            }
            *out += "end\n";
        }
        2..4 if loops > 0 => self::repetition(w, target, &with_target, loops, out),
        4..7 if !w.helpers.is_empty() => {
            let call = call(w, &with_target);
            *out += &format!("{target} = {call} % {}\n", w.moduli[0]);
        }
        7 => {
            // a value and what it was, as sequences are computed
            let name = w.names.fresh("x", w.rng);
            let (first, next) = (operands[w.rng.below(operands.len())].to_owned(), expression(w, &with_target));
            *out += &format!("local {name} = {first}\n{name}, {target} = {target}, {next}\n");
            let sum = expression(w, &[target, &name]);
            *out += &format!("{target} = {sum}\n");
        }
        8 => {
            let (name, value) = (w.names.fresh("x", w.rng), plain(w, &with_target));
            let all: Vec<&str> = with_target.iter().copied().chain([name.as_str()]).collect();
            let result = expression(w, &all);
            *out += &format!("local {name} = {value}\n{target} = {result}\n");
        }
        _ => {
            let value = expression(w, &with_target);
            *out += &format!("{target} = {value}\n");
        }
    }
}

/// A call of a helper.
pub(super) fn call(w: &mut Writer<'_>, operands: &[&str]) -> String {
    let helper = w.helpers[w.rng.below(w.helpers.len())].clone();
    let mut arguments = vec![plain(w, operands)];
    for _ in 1..helper.parameters {
        arguments.push(if w.rng.below(4) == 0 { plain(w, operands) } else { operand(w, operands) });
    }
    format!("{}({})", helper.name, arguments.join(", "))
}

fn repetition(w: &mut Writer<'_>, target: &str, operands: &[&str], loops: u32, out: &mut String) {
    let counter = w.names.fresh("i", w.rng);
    let most = if loops == w.parameters.loop_depth { 24 } else { 6 };
    let trips = log_uniform(w.rng, 1, w.parameters.trip.clamp(2, most));
    let varies = w.parameters.trip_varies;
    match w.rng.below(3) {
        0 => {
            let limit = if varies { format!("{target} % {trips}") } else { trips.to_string() };
            *out += &format!("local {counter} = 0\nwhile {counter} < {limit} do\n{counter} = {counter} + 1\n");
        }
        _ if varies => *out += &format!("for {counter} = 1, {} % {trips} + 1 do\n", operands[0]),
        _ => *out += &format!("for {counter} = 1, {trips} do\n"),
    }
    let all: Vec<&str> = operands.iter().copied().chain([counter.as_str()]).collect();
    if loops > 1 && w.rng.coin() {
        repetition(w, target, &all, loops - 1, out);
    }
    for _ in 0..1 + w.rng.below(2) {
        statement(w, target, &all, loops - 1, out);
    }
    *out += "end\n";
}

fn allocation(w: &mut Writer<'_>, target: &str, operands: &[&str], out: &mut String) {
    let (name, first, second) = (w.names.fresh("list", w.rng), expression(w, operands), expression(w, operands));
    let modulus = w.moduli[0];
    match w.rng.below(4) {
        0 => {
            *out += &format!("local {name} = {{ {first}, {second} }}\n");
            *out += &format!("{target} = ({name}[1] + {name}[2]) % {modulus}\n");
        }
        1 => {
            let (a, b) = (w.names.fresh("item", w.rng), w.names.fresh("item", w.rng));
            *out += &format!("local {name} = {{ {a} = {first}, {b} = {second} }}\n");
            *out += &format!("{target} = ({target} + {name}.{a} - {name}.{b}) % {modulus}\n");
        }
        2 => {
            let parameter = w.names.fresh("v", w.rng);
            *out += &format!("local {name} = function({parameter}) return {parameter} + {first} end\n");
            *out += &format!("{target} = {name}({target}) % {modulus}\n");
        }
        _ => {
            let word = super::names::word(w.rng);
            *out += &format!("local {name} = \"{word}\" .. {first}\n{target} = ({target} + #{name}) % {modulus}\n");
        }
    }
}
