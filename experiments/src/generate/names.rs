//! Names as people give them, none twice in a program.

use std::collections::BTreeSet;

use crate::stats::Rng;

const NOUNS: &str = "item value list entry node key count index total state field row column line word token buffer \
    queue stack offset limit score weight cost price amount size level depth rank order group label source target \
    left right first second head tail front back edge point angle speed step delta ratio scale range window slot page \
    block chunk frame sample signal message event task worker owner user client server host path file name text code \
    sign digit factor power base root leaf branch parent child sibling match rule pattern result answer guess hint \
    cell grid board piece move turn player round game card deck hand suit tile map region zone city road train car \
    gear lamp door room floor wall shelf crate box bag cup spoon river hill stone seed bird fish wolf bear hour day \
    week month season year part whole half piece unit mark note chord tempo song verse pixel color shade light bit \
    mask flag mode phase stage cycle period current voltage charge load stress mass force drift noise";
const VERBS: &str = "make build find count sum scan parse walk visit push pop fill sort merge split join copy move \
    update apply reduce filter map fold hash mix next step run check test read write load store send take put drop \
    add remove insert search match replace compare rank score weigh measure compute evaluate solve search relax expand \
    collapse shift rotate swap reverse flip mark clear reset init start stop resume wait poll emit fire handle route \
    schedule assign resolve encode decode pack unpack format render draw trace log track follow chase pick choose";
const CLASSES: &str = "Account Agenda Array Bag Bank Basket Board Body Buffer Cache Camera Card Cell Chain Channel \
    Clerk Client Clock Cluster Counter Curve Deck Deque Device Document Editor Engine Entity Event Factory Field File \
    Filter Folder Game Gate Graph Grid Group Heap Index Item Journal Keeper Ledger Level Light List Lock Machine Map \
    Matrix Menu Message Mixer Model Monster Motor Node Order Packet Page Palette Parser Particle Path Player Point \
    Pool Printer Queue Reader Record Region Robot Room Router Scanner Scene Sensor Session Shape Signal Sprite Stack \
    Stage Station Stock Stream Switch Table Task Teller Ticket Timer Token Track Tree Unit User Vector Vehicle View \
    Walker Wheel Widget Window Worker World Writer Zone";
const SHORT: &str = "i j k m p q r s t u v w x y z a b c d e f g";
const RESERVED: &str = "and break do else elseif end false for function goto if in local nil not or repeat return then \
    true until while string table math coroutine select type error pcall pairs ipairs tostring tonumber setmetatable \
    getmetatable rawget rawset next print require load io os utf8 debug arg self n run check result _";

pub(super) struct Names {
    used: BTreeSet<String>,
    /// `snake_case` rather than `camelCase`.
    snake: bool,
    /// One-letter variables are common.
    terse: bool,
}

impl Names {
    pub fn new(rng: &mut Rng) -> Self {
        Self { used: RESERVED.split_whitespace().map(str::to_owned).collect(), snake: rng.coin(), terse: rng.coin() }
    }

    /// A name for what a template calls `role`: a class where that has a capital, a function where it begins with
    /// `do`, else a variable or field.
    pub fn fresh(&mut self, role: &str, rng: &mut Rng) -> String {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let name = self.candidate(role, attempt, rng);
            if self.used.insert(name.clone()) {
                return name;
            }
        }
    }

    fn candidate(&self, role: &str, attempt: u32, rng: &mut Rng) -> String {
        let is_function =
            role.strip_prefix("do").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
        if is_function {
            return if rng.below(3) == 0 && attempt < 4 {
                pick(VERBS, rng).to_owned()
            } else {
                self.join(pick(VERBS, rng), pick(NOUNS, rng))
            };
        }
        if role.starts_with(|c: char| c.is_ascii_uppercase()) {
            return if attempt < 8 {
                pick(CLASSES, rng).to_owned()
            } else {
                format!("{}{}", pick(CLASSES, rng), pick(CLASSES, rng))
            };
        }
        if role.len() <= 2 && self.terse && attempt < 4 {
            return pick(SHORT, rng).to_owned();
        }
        if attempt < 8 { pick(NOUNS, rng).to_owned() } else { self.join(pick(NOUNS, rng), pick(NOUNS, rng)) }
    }

    fn join(&self, first: &str, second: &str) -> String {
        if self.snake {
            return format!("{first}_{second}");
        }
        let (initial, rest) = second.split_at(1);
        format!("{first}{}{rest}", initial.to_ascii_uppercase())
    }
}

/// A word for a text that the program works on.
pub(super) fn word(rng: &mut Rng) -> &'static str {
    pick(if rng.coin() { NOUNS } else { VERBS }, rng)
}

fn pick(words: &'static str, rng: &mut Rng) -> &'static str {
    let count = words.split_whitespace().count();
    words.split_whitespace().nth(rng.below(count)).unwrap_or("item")
}
