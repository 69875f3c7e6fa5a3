//! The fuzz targets of `vm/fuzz`, on their corpus and on mutations of it: what coverage-guided fuzzing has found stays
//! found, without a nightly compiler.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

/// Mutations of each file of the corpus.
const MUTATIONS: u32 = 300;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> =
        std::fs::read_dir(&folder).expect("the corpus is there").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a listed file is readable")).collect()
}

/// Inserts, deletes, changes or copies a few bytes, or takes over a piece of another input.
fn mutate(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        let at = random.below(input.len() + 1);
        match random.below(5) {
            0 => input.insert(at, random.next() as u8),
            1 if at < input.len() => drop(input.remove(at)),
            2 if at < input.len() => input[at] ^= 1 << random.below(8),
            3 => {
                let end = at + random.below(input.len() + 1 - at).min(8);
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece);
            }
            _ => {
                let from = random.below(other.len() + 1);
                let end = from + random.below(other.len() + 1 - from).min(16);
                input.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
}

#[test]
fn targets_hold_on_their_corpus_and_near_it() {
    for (name, target) in targets::TARGETS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has a corpus");
        let mut random = Random(1);
        for input in &corpus {
            target(input);
            for _ in 0..MUTATIONS {
                let mut changed = input.clone();
                let other = &corpus[random.below(corpus.len())];
                mutate(&mut changed, other, &mut random);
                let shown = changed.clone();
                if let Err(panic) = std::panic::catch_unwind(move || target(&changed)) {
                    eprintln!("{name} fails on \"{}\"", shown.escape_ascii());
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
}
