//! Names of what generated code calls.

macro_rules! helpers {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A runtime helper or another function of this process that templates name. `trinity_jit::helpers` has their code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Helper { $($(#[$doc])* $name,)* }

        impl Helper {
            /// Every helper, by number.
            pub const ALL: &'static [Helper] = &[$(Helper::$name,)*];
        }
    };
}

helpers! {
    Arith, BackEdge, BackEdgeFresh, Call, Close, Closure, Compare, Concat, Enter, EnterCounted, Equals, EqualsConstant,
    FinishCall, ForLoop, ForPrep, GenericFor, GenericForPrep, GetField, GetI, GetTable, GetTabUp, Len, NewTable, NoteCall, OutOfTicks,
    Ret, SelfField, SetField, SetI, SetList, SetTable, SetTabUp, SetUpvalue, TailCall, TailEnter, Tbc, Unary, VarArg,
    /// The code of `next`, to compare with.
    Next,
    /// The code of the iterator of `ipairs`, to compare with.
    IpairsStep,
}

/// Addresses of all helpers, by number.
pub type HelperTable = [usize; Helper::ALL.len()];
