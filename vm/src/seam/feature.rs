//! The features of a decision point. One table names them for the VM that fills them, the data set that stores
//! them and the models that learn from them.

/// What a reader has to know about a feature.
#[derive(Clone, Copy, Debug)]
pub struct FeatureInfo {
    /// Column name in the data set.
    pub name: &'static str,
    pub unit: &'static str,
    /// Two runs of one program with one policy give the same value under either clock. Under the virtual clock, all do.
    pub deterministic: bool,
    pub description: &'static str,
}

macro_rules! features {
    ($($variant:ident $name:literal $unit:literal $det:literal $doc:literal,)*) => {
        /// A feature; the discriminant indexes [`Features`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Feature { $(#[doc = $doc] $variant,)* }

        impl Feature {
            pub const ALL: &'static [Feature] = &[$(Feature::$variant,)*];
            const INFO: &'static [FeatureInfo] =
                &[$(FeatureInfo { name: $name, unit: $unit, deterministic: $det, description: $doc },)*];
        }
    };
}

features! {
    BytecodeLen "bytecode_len" "words" true "length of the function's bytecode",
    NBlocks "n_blocks" "blocks" true "basic blocks",
    NLoops "n_loops" "loops" true "loops",
    MaxLoopDepth "max_loop_depth" "levels" true "deepest loop nesting",
    NCalls "n_calls" "instructions" true "call instructions",
    NAllocs "n_allocs" "instructions" true "instructions that allocate: table and closure creation, concatenation",
    NTableOps "n_table_ops" "instructions" true "table reads and writes",
    NArith "n_arith" "instructions" true "arithmetic and bitwise instructions",
    NCompare "n_compare" "instructions" true "comparisons and tests",
    NMoves "n_moves" "instructions" true "register moves and constant loads",
    NUpvalues "n_upvalues" "upvalues" true "upvalues of the function",
    NConsts "n_consts" "constants" true "constants of the function",
    NParams "n_params" "parameters" true "declared parameters",
    IsVararg "is_vararg" "0/1" true "the function takes variable arguments",
    Calls "calls" "events" true "calls so far",
    Backedges "backedges" "events" true "loop back-edges so far, all loops of the function",
    LoopBackedges "loop_backedges" "events" true "back-edges so far of the loop that is asked about (loops), else 0",
    LoopDepth "loop_depth" "levels" true "nesting depth of the loop that is asked about (loops), else 0",
    LoopLen "loop_len" "words" true "bytecode length of the loop that is asked about (loops), else 0",
    CallsSinceLast "calls_since_last" "events" true "calls since the last consultation about this function",
    BackedgesSinceLast "backedges_since_last" "events" true "back-edges since the last consultation about this function",
    RateEventsPerMs "rate_events_per_ms" "events/ms" false "events of this function per millisecond of the run's clock since the last consultation",
    SelfWork "self_work" "weighted bytecodes" true "counters times static weights, so far",
    AgeWork "age_work" "weighted bytecodes" true "work of the whole VM since the function's first call, estimated from consultations",
    WorkInTier "work_in_tier" "weighted bytecodes" true "work of this function since it entered its present tier",
    MeanTripCount "mean_trip_count" "iterations" true "back-edges per call",
    TypeStability "type_stability" "0…1" true "share of executed typed instructions that saw one combination of types",
    IcMono "ic_mono" "sites" true "inline caches with one entry",
    IcPoly "ic_poly" "sites" true "inline caches with several entries",
    IcMega "ic_mega" "sites" true "inline caches that gave up",
    SitesExecuted "sites_executed" "0…1" true "share of feedback sites and typed instructions executed at least once",
    GuardFails "guard_fails" "events" true "side exits of the optimised code that the function, or the loop that is asked about, had last",
    DeoptsSoFar "deopts_so_far" "events" true "deoptimisations of this function so far",
    ReoptCount "reopt_count" "compilations" true "times this function was compiled by the optimiser",
    CodeBytesUsed "code_bytes_used" "bytes" false "machine code installed in the whole VM; under the virtual clock, what its bytecode is charged for",
    FunctionsSeen "functions_seen" "functions" true "functions instantiated in the VM so far",
    FunctionsCompiled "functions_compiled" "functions" true "functions with compiled code so far",
    IcChangedSinceLast "ic_changed_since_last" "steps" true "steps of the function's inline caches, of three from empty to given up, since the last consultation about it",
    QueueLen "queue_len" "compilations" false "compilations of the VM that are under way on other threads",
    CompilerThreads "compiler_threads" "threads" false "threads that may compile; 0: only the one that runs Lua",
    CompileRateEst "compile_rate_est" "ns/word" false "what optimising a word of bytecode has taken so far in the run, 0 before the first; under the virtual clock what it is charged",
}

impl Feature {
    /// So many of the first features follow from the function's bytecode alone.
    pub const OF_BYTECODE: usize = Feature::IsVararg as usize + 1;

    pub const fn info(self) -> &'static FeatureInfo {
        &Self::INFO[self as usize]
    }
    /// The feature with this column name.
    pub fn by_name(name: &str) -> Option<Feature> {
        Self::ALL.iter().copied().find(|feature| feature.info().name == name)
    }
}

/// One value per [`Feature`].
#[derive(Clone, Debug, PartialEq)]
pub struct Features(pub [f64; Feature::ALL.len()]);

impl Default for Features {
    fn default() -> Self {
        Self([0.0; Feature::ALL.len()])
    }
}

impl std::ops::Index<Feature> for Features {
    type Output = f64;
    fn index(&self, feature: Feature) -> &f64 {
        &self.0[feature as usize]
    }
}

impl std::ops::IndexMut<Feature> for Features {
    fn index_mut(&mut self, feature: Feature) -> &mut f64 {
        &mut self.0[feature as usize]
    }
}
