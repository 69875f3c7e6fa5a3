//! What a generated program is like.

use serde::{Deserialize, Serialize};

/// Types of the numbers that a program computes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Types {
    #[default]
    Integer,
    Float,
    /// Both at the same places.
    Mixed,
    /// Integers at first, floats later in each run.
    Changing,
}

/// Recursion in the program's helper functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recursion {
    #[default]
    None,
    /// A function calls itself.
    Direct,
    /// Two functions call each other.
    Mutual,
}

/// Parameters of one program. Counts are at least 1 unless they say otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// Building blocks by name, see [`super::blocks`].
    pub blocks: Vec<String>,
    pub types: Types,
    /// Most statements that are added to the body of a function; 0 leaves templates as they are.
    pub function_size: u32,
    /// Layers of helper functions that call each other downwards; 0: no helpers.
    pub call_depth: u32,
    /// Functions in each layer, and most calls from one function into the layer below.
    pub fan_out: u32,
    pub recursion: Recursion,
    /// Deepest nesting of added loops; 0: none.
    pub loop_depth: u32,
    /// Iterations of an inner loop, within a factor of two.
    pub trip: u32,
    /// Trip counts of added loops depend on data.
    pub trip_varies: bool,
    /// Times that the hot set moves from block to block within a run.
    pub phases: u32,
    /// Shapes or targets that polymorphic sites meet.
    pub variants: u32,
    /// Share of added statements that allocate, per cent.
    pub allocation: u32,
    /// Share of added statements that call the library, per cent.
    pub library: u32,
    /// Work at each size, in per cent of what programs of the suite do.
    pub work: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            blocks: vec!["mixer".to_owned()],
            types: Types::Integer,
            function_size: 2,
            call_depth: 0,
            fan_out: 1,
            recursion: Recursion::None,
            loop_depth: 1,
            trip: 16,
            trip_varies: false,
            phases: 1,
            variants: 2,
            allocation: 0,
            library: 0,
            work: 100,
        }
    }
}

/// A request for generated programs, as a spec makes it: `generated = { count = 300, seed = 1 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    pub count: u32,
    pub seed: u64,
}
