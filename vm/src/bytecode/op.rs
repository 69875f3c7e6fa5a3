//! Opcodes. The table below is the contract between front end, interpreter and compilers.
//!
//! Notation: `R[x]` register, `K[x]` constant, `U[x]` upvalue, `fb` the feedback slot that the `EXT` word names.
//! A call at `R[A]` has its callee there, a header slot in `R[A+1]`, arguments from `R[A+2]`; results land at
//! `R[A]` upwards. "top" is the end of an open list of values left by an open call or `VARARG`.

macro_rules! ops {
    ($($(#[$doc:meta])* $name:ident $ext:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op { $($(#[$doc])* $name,)* }

        impl Op {
            /// Every opcode, by number.
            pub const ALL: &'static [Op] = &[$(Op::$name,)*];
            const EXT: &'static [bool] = &[$($ext,)*];
            pub fn name(self) -> &'static str {
                match self { $(Op::$name => stringify!($name),)* }
            }
        }
    };
}

ops! {
    /// `R[A] = R[B]`
    Move false,
    /// `R[A] = sBx` (integer)
    LoadI false,
    /// `R[A] = sBx` (float)
    LoadF false,
    /// `R[A] = K[Bx]`
    LoadK false,
    /// `R[A] = K[ext.Ax]`
    LoadKX true,
    /// `R[A] = false`
    LoadFalse false,
    /// `R[A] = false; pc += 1`
    LFalseSkip false,
    /// `R[A] = true`
    LoadTrue false,
    /// `R[A..=A+B] = nil`
    LoadNil false,
    /// `R[A] = U[B]`
    GetUpval false,
    /// `U[B] = R[A]`
    SetUpval false,
    /// `R[A] = U[B][K[C]]`, `K[C]` a string, ext = fb
    GetTabUp true,
    /// `R[A] = R[B][R[C]]`, ext = fb
    GetTable true,
    /// `R[A] = R[B][C]`, `C` an integer 0…255, ext = fb
    GetI true,
    /// `R[A] = R[B][K[C]]`, `K[C]` a string, ext = fb
    GetField true,
    /// `U[A][K[B]] = R[C]`, ext = fb
    SetTabUp true,
    /// `R[A][R[B]] = R[C]`, ext = fb
    SetTable true,
    /// `R[A][B] = R[C]`, `B` an integer 0…255, ext = fb
    SetI true,
    /// `R[A][K[B]] = R[C]`, `K[B]` a string, ext = fb
    SetField true,
    /// `R[A] = {}`, `B` = number of named fields to expect (255: at least), ext.Ax = number of list items
    NewTable true,
    /// `R[A+2] = R[B]; R[A] = R[B][K[C]]`, `K[C]` a string, ext = fb
    SelfField true,

    /// `R[A] = R[B] + R[C]`; the other arithmetic alike
    Add false,
    Sub false,
    Mul false,
    Div false,
    Mod false,
    Pow false,
    IDiv false,
    BAnd false,
    BOr false,
    BXor false,
    Shl false,
    Shr false,
    /// `R[A] = R[B] + K[C]`, `K[C]` a number; the other constant forms alike
    AddK false,
    SubK false,
    MulK false,
    DivK false,
    ModK false,
    PowK false,
    IDivK false,
    BAndK false,
    BOrK false,
    BXorK false,
    ShlK false,
    ShrK false,
    /// `R[A] = -R[B]`
    Unm false,
    /// `R[A] = ~R[B]`
    BNot false,
    /// `R[A] = not R[B]`
    Not false,
    /// `R[A] = #R[B]`
    Len false,
    /// `R[A] = R[A] .. … .. R[A+B-1]`
    Concat false,
    /// close upvalues and to-be-closed variables `>= R[A]`
    Close false,
    /// mark `R[A]` to be closed
    Tbc false,
    /// `pc += sJ`, never backward
    Jmp false,
    /// back-edge of `while`, `repeat`, backward `goto`: `pc += sJ`, ext.Ax = loop index
    Loop true,

    /// `if (R[A] == R[B]) ~= C then pc += 1` (else the `JMP` that follows is taken); the other comparisons alike
    Eq false,
    Lt false,
    Le false,
    /// `(R[A] == K[B])`
    EqK false,
    /// `(R[A] < sB)`
    LtI false,
    LeI false,
    GtI false,
    GeI false,
    /// `if (not R[A]) == C then pc += 1`: the jump that follows is taken when truthiness of `R[A]` equals `C`
    Test false,
    /// `if (not R[B]) == C then pc += 1 else R[A] = R[B]`
    TestSet false,

    /// `R[A], … = R[A](R[A+2], …)`: `B-1` arguments (`B == 0`: up to top), `C-1` results (`C == 0`: open), ext = fb
    Call true,
    /// `return R[A](R[A+2], …)`: `B` as in `CALL`, `C != 0` when upvalues may need closing, ext = fb
    TailCall true,
    /// `return R[A], …`: `B-1` values (`B == 0`: up to top), `C != 0` when upvalues or tbc variables may need closing
    Return false,
    /// `return`; nothing to close
    Return0 false,
    /// `return R[A]`; nothing to close
    Return1 false,

    /// numeric loop back-edge, `Bx` = loop index, ext.sJ = backward jump (negative) to the body's first instruction.
    /// `R[A]` index, `R[A+1]` iterations left (integer loop) or limit (float loop), `R[A+2]` step, `R[A+3]` the visible variable
    ForLoop true,
    /// prepare a numeric loop, `Bx` = loop index, ext.sJ = forward jump past `FORLOOP` when the loop does not run
    ForPrep true,
    /// mark `R[A+3]` to be closed, then `pc += ext.sJ` (forward, to `TFORCALL`)
    TForPrep true,
    /// `R[A+4], …, R[A+3+C] = R[A](R[A+1], R[A+2])`, ext = fb; the call is made at `R[A+4]` (arguments in `R[A+6]`, `R[A+7]`)
    TForCall true,
    /// `if R[A+4] ~= nil then R[A+2] = R[A+4]; pc += ext.sJ` (backward), `Bx` = loop index
    TForLoop true,
    /// `R[A][ext.Ax + i] = R[A+i]`, `1 <= i <= B` (`B == 0`: up to top)
    SetList true,
    /// `R[A] = closure(child[Bx])`
    Closure false,
    /// `R[A], …, R[A+C-2] = ...` (`C == 0`: open)
    VarArg false,
    /// adjust a vararg function's frame, `A` = fixed parameters; always the first instruction of one
    VarArgPrep false,
    /// operand of the instruction before it
    Ext false,

    // Quickened forms, never emitted by the front end. An opcode without a suffix in front of which a quickened
    // form exists has not been executed yet (or only with operands that no form covers).
    AddII false,
    AddFF false,
    AddAny false,
    SubII false,
    SubFF false,
    SubAny false,
    MulII false,
    MulFF false,
    MulAny false,
    DivFF false,
    DivAny false,
    ModII false,
    ModAny false,
    IDivII false,
    IDivAny false,
    AddKII false,
    AddKFF false,
    AddKAny false,
    SubKII false,
    SubKFF false,
    SubKAny false,
    MulKII false,
    MulKFF false,
    MulKAny false,
    DivKFF false,
    DivKAny false,
    ModKII false,
    ModKAny false,
    IDivKII false,
    IDivKAny false,
    LtII false,
    LtFF false,
    LtAny false,
    LeII false,
    LeFF false,
    LeAny false,
    /// equality with an integer, of what was an integer
    EqKInt false,
    /// a numeric loop seen with integers
    ForLoopI true,
    /// a numeric loop seen with floats
    ForLoopF true,
    /// a generic loop whose iterator was seen to be `next`
    TForCallNext true,
    /// a read of tables whose arrays were all of integers; the other element kinds alike
    GetTableInt true,
    GetTableFloat true,
    GetTableTagged true,
    SetTableInt true,
    SetTableFloat true,
    SetTableTagged true,
}

/// What quickening has learned about the operands of one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Not executed, or the opcode carries no hint.
    None,
    Int,
    Float,
    /// More than one combination of types.
    Any,
}

impl Op {
    /// The opcode with this number.
    #[inline(always)]
    pub const fn from_byte(byte: u8) -> Op {
        // INVARIANT: bytecode is made by the front end or by quickening, from `Op` values only.
        debug_assert!((byte as usize) < Op::ALL.len());
        // SAFETY: `Op` is `repr(u8)` with consecutive discriminants from 0, and the byte was one of them (above).
        unsafe { std::mem::transmute::<u8, Op>(byte) }
    }

    /// Whether an `EXT` word follows.
    pub const fn has_ext(self) -> bool {
        Op::EXT[self as usize]
    }

    /// Words of the whole instruction.
    pub const fn words(self) -> usize {
        if self.has_ext() { 2 } else { 1 }
    }

    /// The form that the front end emits, and what quickening has learned.
    pub const fn unquickened(self) -> (Op, Hint) {
        use Hint::{Any, Float, Int};
        match self {
            Op::AddII => (Op::Add, Int),
            Op::AddFF => (Op::Add, Float),
            Op::AddAny => (Op::Add, Any),
            Op::SubII => (Op::Sub, Int),
            Op::SubFF => (Op::Sub, Float),
            Op::SubAny => (Op::Sub, Any),
            Op::MulII => (Op::Mul, Int),
            Op::MulFF => (Op::Mul, Float),
            Op::MulAny => (Op::Mul, Any),
            Op::DivFF => (Op::Div, Float),
            Op::DivAny => (Op::Div, Any),
            Op::ModII => (Op::Mod, Int),
            Op::ModAny => (Op::Mod, Any),
            Op::IDivII => (Op::IDiv, Int),
            Op::IDivAny => (Op::IDiv, Any),
            Op::AddKII => (Op::AddK, Int),
            Op::AddKFF => (Op::AddK, Float),
            Op::AddKAny => (Op::AddK, Any),
            Op::SubKII => (Op::SubK, Int),
            Op::SubKFF => (Op::SubK, Float),
            Op::SubKAny => (Op::SubK, Any),
            Op::MulKII => (Op::MulK, Int),
            Op::MulKFF => (Op::MulK, Float),
            Op::MulKAny => (Op::MulK, Any),
            Op::DivKFF => (Op::DivK, Float),
            Op::DivKAny => (Op::DivK, Any),
            Op::ModKII => (Op::ModK, Int),
            Op::ModKAny => (Op::ModK, Any),
            Op::IDivKII => (Op::IDivK, Int),
            Op::IDivKAny => (Op::IDivK, Any),
            Op::LtII => (Op::Lt, Int),
            Op::LtFF => (Op::Lt, Float),
            Op::LtAny => (Op::Lt, Any),
            Op::LeII => (Op::Le, Int),
            Op::LeFF => (Op::Le, Float),
            Op::LeAny => (Op::Le, Any),
            Op::EqKInt => (Op::EqK, Hint::None),
            Op::ForLoopI => (Op::ForLoop, Int),
            Op::ForLoopF => (Op::ForLoop, Float),
            Op::TForCallNext => (Op::TForCall, Int),
            // What a table access has learned is in its cache.
            Op::GetTableInt | Op::GetTableFloat | Op::GetTableTagged => (Op::GetTable, Hint::None),
            Op::SetTableInt | Op::SetTableFloat | Op::SetTableTagged => (Op::SetTable, Hint::None),
            op => (op, Hint::None),
        }
    }
}
