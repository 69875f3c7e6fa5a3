//! The form of a program: definitions, `run`, `check`.

use super::{
    helpers,
    kits::kit,
    layout,
    names::Names,
    parameters::{Parameters, Types},
    sample::{log_uniform, percent},
    template::Expansion,
};
use crate::{failure::Result, stats::Rng};

/// What all parts of a program share while it is written.
pub(super) struct Writer<'a> {
    pub rng: &'a mut Rng,
    pub parameters: &'a Parameters,
    pub names: Names,
    /// Helper functions that may be called now.
    pub helpers: Vec<String>,
    /// The variable of the checksum.
    pub checksum: String,
    /// The variable that is an integer first and a float later, with [`Types::Changing`].
    pub unit: String,
    /// The function that folds a value into the checksum, where it is not done in place.
    pub fold_function: Option<String>,
    pub fold_factor: u32,
    pub fold_modulus: u32,
}

/// One block's part of `run`.
struct Stage {
    /// Statements.
    body: String,
    /// Declares what the body calls the size.
    size: String,
}

/// Writes the program.
pub(super) fn emit(id: &str, parameters: &Parameters, rng: &mut Rng) -> Result<String> {
    let mut names = Names::new(rng);
    let (checksum, unit) = (names.fresh("total", rng), names.fresh("unit", rng));
    let (fold_factor, fold_modulus) = (log_uniform(rng, 3, 97), log_uniform(rng, 10_007, 2_000_003));
    let mut writer = Writer {
        rng,
        parameters,
        names,
        helpers: Vec::new(),
        checksum,
        unit,
        fold_function: None,
        fold_factor,
        fold_modulus,
    };
    let w = &mut writer;
    let mut out = format!("-- {id}: {}.\n", parameters.blocks.join(", "));
    if parameters.types == Types::Changing {
        out += &format!("local {} = 1\n", w.unit);
    }
    if percent(w.rng, 40) {
        out += &fold_function(w);
    }
    out += "\n";
    out += &helpers::emit(w);
    let mut stages = Vec::new();
    for (place, block) in parameters.blocks.iter().enumerate() {
        let kit = kit(block)?;
        let (size, declared) = size(w, place);
        let mut expansion = Expansion::new(w, size);
        out += &expansion.expand(kit.definitions);
        out += "\n";
        stages.push(Stage { body: expansion.expand(kit.run), size: declared });
    }
    out += &run(w, &stages);
    out += &check(w);
    out += "return { run = run, check = check }\n";
    Ok(layout::indent(&out))
}

/// How a block calls its share of the size, and the declaration of that.
fn size(w: &mut Writer<'_>, place: usize) -> (String, String) {
    if place == 0 && w.rng.coin() {
        return ("n".to_owned(), String::new());
    }
    let name = w.names.fresh("limit", w.rng);
    let amount = match w.rng.below(3) {
        0 => format!("n * {}", log_uniform(w.rng, 2, 6)),
        1 => format!("n // {} + 1", log_uniform(w.rng, 2, 20)),
        _ => format!("n + {}", log_uniform(w.rng, 1, 30)),
    };
    (name.clone(), format!("local {name} = {amount}\n"))
}

fn fold_function(w: &mut Writer<'_>) -> String {
    let (name, h, v) = (w.names.fresh("doMix", w.rng), w.names.fresh("h", w.rng), w.names.fresh("v", w.rng));
    let (factor, modulus) = (w.fold_factor, w.fold_modulus);
    w.fold_function = Some(name.clone());
    match w.rng.below(3) {
        0 => format!("local function {name}({h}, {v}) return ({h} * {factor} + {v} // 1) % {modulus} end\n"),
        1 => format!(
            "local function {name}({h}, {v})\nif {v} < 0 then {v} = -{v} end\n{h} = {h} * {factor} + \
             math.floor({v})\nreturn {h} % {modulus}\nend\n"
        ),
        _ => format!("local function {name}({h}, {v})\nreturn ({h} * {factor} + math.floor({v})) % {modulus}\nend\n"),
    }
}

/// `run`: all stages one behind the other, in place or as functions, once or in phases.
fn run(w: &mut Writer<'_>, stages: &[Stage]) -> String {
    let h = w.checksum.clone();
    // types change at the earliest from the first phase to the second
    let phases = w.parameters.phases.max(if w.parameters.types == Types::Changing { 2 } else { 1 });
    let as_functions = phases > 1 || percent(w.rng, 35);
    let (mut out, mut body) = (String::new(), String::new());
    if as_functions {
        let names: Vec<String> = stages.iter().map(|_| w.names.fresh("doStage", w.rng)).collect();
        for (stage, name) in stages.iter().zip(&names) {
            out += &format!("local function {name}(n, {h})\n{}{}return {h}\nend\n\n", stage.size, stage.body);
        }
        if phases > 1 {
            let (phase, part) = (w.names.fresh("p", w.rng), w.names.fresh("part", w.rng));
            body += &format!("local {part} = n // {phases} + 1\nfor {phase} = 1, {phases} do\n");
            body += &change(w, &format!("{phase} * 2 > {phases}"));
            for (place, name) in names.iter().enumerate() {
                let other = if place == 0 { "if" } else { "elseif" };
                body += &match names.len() {
                    1 => format!("{h} = {name}({part}, {h})\n"),
                    count => format!("{other} {phase} % {count} == {place} then\n{h} = {name}({part}, {h})\n"),
                };
            }
            body += if names.len() > 1 { "end\nend\n" } else { "end\n" };
        } else {
            for (place, name) in names.iter().enumerate() {
                body += &change(w, if place == 0 { "false" } else { "true" });
                body += &format!("{h} = {name}(n, {h})\n");
            }
        }
    } else {
        for (place, stage) in stages.iter().enumerate() {
            body += &change(w, if place == 0 { "false" } else { "true" });
            body += &match stages.len() {
                1 => format!("{}{}", stage.size, stage.body),
                _ => format!("do\n{}{}end\n", stage.size, stage.body),
            };
        }
    }
    let result = match w.rng.below(3) {
        0 => format!("return math.floor({h})"),
        1 => format!("return string.format(\"%d:%d\", n, math.floor({h}))"),
        _ => format!("return table.concat({{ n, math.floor({h}) }}, \"/\")"),
    };
    out + &format!("local function run(n)\nlocal {h} = 0\n{body}{result}\nend\n\n")
}

/// Changes the unit from an integer to a float where the condition says so.
fn change(w: &mut Writer<'_>, condition: &str) -> String {
    match (w.parameters.types, condition) {
        (Types::Changing, "false") => format!("{} = 1\n", w.unit),
        (Types::Changing, "true") => format!("{} = 1.5\n", w.unit),
        (Types::Changing, _) => format!("{} = {condition} and 1.5 or 1\n", w.unit),
        _ => String::new(),
    }
}

/// `check`: the result has the form of one.
fn check(w: &mut Writer<'_>) -> String {
    let modulus = w.fold_modulus;
    let (text, value) = (w.names.fresh("text", w.rng), w.names.fresh("value", w.rng));
    match w.rng.below(3) {
        0 => format!(
            "local function check(n, result)\nlocal {text} = tostring(result):match(\"(%d+)$\")\nreturn {text} ~= nil \
             and tonumber({text}) < {modulus}\nend\n\n"
        ),
        1 => format!(
            "local function check(n, result)\nfor {value} in tostring(result):gmatch(\"%d+\") do\nif tonumber({value}) \
             >= {modulus} and tonumber({value}) ~= n then return false end\nend\nreturn true\nend\n\n"
        ),
        _ => {
            let (digits, place) = (w.names.fresh("count", w.rng), w.names.fresh("i", w.rng));
            format!(
                "local function check(n, result)\nlocal {text}, {digits} = tostring(result), 0\nfor {place} = 1, #{text} \
                 do\nlocal {value} = {text}:byte({place})\nif {value} >= 48 and {value} <= 57 then {digits} = {digits} \
                 + 1 end\nend\nreturn {digits} > 0\nend\n\n"
            )
        }
    }
}
