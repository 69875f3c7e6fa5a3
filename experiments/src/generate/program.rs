//! The form of a program: definitions, `run`, `check`.

use super::{
    helpers::{self, Helper},
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
    pub helpers: Vec<Helper>,
    /// The variable of the checksum.
    pub checksum: String,
    /// The variable that is an integer first and a float later, with [`Types::Changing`].
    pub unit: String,
    pub fold: Fold,
    pub fold_factor: u32,
    pub fold_modulus: u32,
    /// What expressions are taken modulo, and multiplied or divided by: programs use few constants often.
    pub moduli: Vec<u32>,
    pub factors: Vec<u32>,
    /// Numbers that this program prefers.
    favourites: Vec<u32>,
}

impl Writer<'_> {
    /// An integer between these; often one of those that the program prefers.
    pub fn literal(&mut self, low: u32, high: u32) -> u32 {
        let fitting: Vec<u32> = self.favourites.iter().copied().filter(|n| (low..=high).contains(n)).collect();
        if fitting.is_empty() || percent(self.rng, 35) {
            return log_uniform(self.rng, low, high);
        }
        fitting[self.rng.below(fitting.len())]
    }
}

/// How values enter the checksum.
pub(super) enum Fold {
    /// By a function with this name.
    Function(String),
    /// In place, each place with its own weight.
    Mix,
    /// They are added.
    Sum,
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
    let moduli = (0..2).map(|_| log_uniform(rng, 60, 9000)).collect();
    let factors: Vec<u32> = (0..3).map(|_| log_uniform(rng, 2, 40)).collect();
    let mut favourites = vec![1, 2, 10];
    favourites.extend([40, 40, 400, 4000, 40_000].map(|most| log_uniform(rng, most / 10, most)));
    favourites.extend(&factors[..2]);
    let mut writer = Writer {
        rng,
        parameters,
        names,
        helpers: Vec::new(),
        checksum,
        unit,
        fold: Fold::Mix,
        fold_factor,
        fold_modulus,
        moduli,
        factors,
        favourites,
    };
    let w = &mut writer;
    let mut out = format!("-- {id}: {}.\n", parameters.blocks.join(", "));
    if parameters.types == Types::Changing {
        out += &format!("local {} = 1\n", w.unit);
    }
    match w.rng.below(8) {
        0..4 => out += &fold_function(w),
        4 => {}
        _ => w.fold = Fold::Sum,
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
    let ledger = percent(w.rng, 55).then(|| Ledger::new(w));
    out += &run(w, &stages, ledger.as_ref());
    out += &match &ledger {
        Some(ledger) => ledger.check(w),
        None => check(w),
    };
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
    w.fold = Fold::Function(name.clone());
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
fn run(w: &mut Writer<'_>, stages: &[Stage], ledger: Option<&Ledger>) -> String {
    let h = w.checksum.clone();
    // types change at the earliest from the first phase to the second
    let phases = w.parameters.phases.max(if w.parameters.types == Types::Changing { 2 } else { 1 });
    let as_functions = phases > 1 || percent(w.rng, 25);
    // stages go on with the checksum, or have one of their own
    let (parameters, start, passed, joined) = if w.rng.below(3) == 0 {
        (format!("n, {h}"), String::new(), format!(", {h}"), String::new())
    } else {
        ("n".to_owned(), format!("local {h} = 0\n"), String::new(), format!("{h} + "))
    };
    let (mut out, mut body) = (String::new(), String::new());
    if as_functions {
        let names: Vec<String> = stages.iter().map(|_| w.names.fresh("doStage", w.rng)).collect();
        for (stage, name) in stages.iter().zip(&names) {
            out +=
                &format!("local function {name}({parameters})\n{start}{}{}return {h}\nend\n\n", stage.size, stage.body);
        }
        if phases > 1 {
            let (phase, part) = (w.names.fresh("p", w.rng), w.names.fresh("part", w.rng));
            body += &format!("local {part} = n // {phases} + 1\nfor {phase} = 1, {phases} do\n");
            body += &change(w, &format!("{phase} * 2 > {phases}"));
            for (place, name) in names.iter().enumerate() {
                let other = if place == 0 { "if" } else { "elseif" };
                body += &match names.len() {
                    1 => format!("{h} = {joined}{name}({part}{passed})\n"),
                    count => {
                        format!("{other} {phase} % {count} == {place} then\n{h} = {joined}{name}({part}{passed})\n")
                    }
                };
            }
            body += if names.len() > 1 { "end\nend\n" } else { "end\n" };
        } else {
            for (place, name) in names.iter().enumerate() {
                body += &change(w, if place == 0 { "false" } else { "true" });
                body += &format!("{h} = {joined}{name}(n{passed})\n");
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
    let mut parts = vec![format!("math.floor({h}) % {}", w.fold_modulus)];
    match ledger {
        Some(ledger) => {
            body += &ledger.statements("1, n");
            parts.push(ledger.variable.clone());
        }
        None if w.rng.coin() => parts.insert(0, "n".to_owned()),
        None => {}
    }
    let result = match (parts.len(), w.rng.below(2)) {
        (1, _) => format!("return {}", parts[0]),
        (_, 0) => format!("return string.format(\"%d:%d\", {})", parts.join(", ")),
        _ => format!("return table.concat({{ {} }}, \"/\")", parts.join(", ")),
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

/// A part of the result that `check` computes again.
struct Ledger {
    variable: String,
    counter: String,
    factor: u32,
    modulus: u32,
    /// One step, or one of two.
    branches: bool,
}

impl Ledger {
    fn new(w: &mut Writer<'_>) -> Self {
        Self {
            variable: w.names.fresh("mark", w.rng),
            counter: w.names.fresh("i", w.rng),
            factor: w.literal(2, 90),
            modulus: w.literal(20, 9000),
            branches: w.rng.coin(),
        }
    }

    /// Its computation, in this order.
    fn statements(&self, range: &str) -> String {
        let Self { variable, counter, factor, modulus, branches } = self;
        let step = if *branches {
            format!(
                "if {counter} % {factor} == 0 then\n{variable} = {variable} + {counter}\nelse\n{variable} = {variable} + \
                 1\nend\n"
            )
        } else {
            format!("{variable} = ({variable} + {counter} * {factor}) % {modulus}\n")
        };
        format!("local {variable} = 0\nfor {counter} = {range} do\n{step}end\n")
    }

    fn check(&self, w: &mut Writer<'_>) -> String {
        let text = w.names.fresh("text", w.rng);
        let range = if w.rng.coin() { "1, n" } else { "n, 1, -1" };
        format!(
            "local function check(n, result)\nlocal {text} = result:match(\"(%d+)$\")\n{}return {text} ~= nil and \
             tonumber({text}) == {}\nend\n\n",
            self.statements(range),
            self.variable
        )
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
