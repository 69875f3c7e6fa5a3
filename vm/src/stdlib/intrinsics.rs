//! Library functions that calls need no frame for.
//!
//! Of an intrinsic's work its *plain case* is a function of its own, beside the library function, which begins with it: it
//! calls nothing, throws nothing, collects nothing, and has done nothing when it declines. So a call may run it on
//! the arguments where they lie, and make the call in full when it declines. While execution is observed there are
//! no plain calls, since hooks see every call.

use super::{base, math, string, table};
use crate::{
    elementary,
    frame::{Entry, Status, status},
    function::Native,
    heap::Gc,
    native::Args,
    table::Table,
    value::{Value, tag},
    vm::Vm,
};

/// The number of results, which lie where the function was; `None` when the case is not plain.
type Plain = fn(&mut Vm, Args) -> Option<u32>;

macro_rules! intrinsics {
    ($($name:ident = $library:literal . $field:literal: $plain:expr;)*) => {
        /// A library function with a plain case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Intrinsic { $($name,)* }

        impl Intrinsic {
            pub const ALL: &'static [Intrinsic] = &[$(Intrinsic::$name,)*];

            /// Library and name.
            fn place(self) -> (&'static str, &'static str) {
                match self { $(Intrinsic::$name => ($library, $field),)* }
            }

            /// The plain case as an entry, to which only the arguments at `base` and the function below them matter. The
            /// status is the number of results or [`status::DECLINED`].
            fn plain(self) -> Entry {
                match self {
                    $(Intrinsic::$name => {
                        unsafe extern "C" fn plain(vm: *mut Vm, base: *mut Value, count: u64) -> Status {
                            const PLAIN: Plain = $plain;
                            // SAFETY: the caller passes the running VM and `count` arguments above their function.
                            let results = PLAIN(unsafe { &mut *vm }, Args::new(base, count as u32));
                            results.map_or(status::DECLINED, Status::from)
                        }
                        plain
                    })*
                }
            }
        }
    };
}

intrinsics! {
    Assert = "_G"."assert": base::plain_assert;
    GetMetatable = "_G"."getmetatable": base::plain_getmetatable;
    Ipairs = "_G"."ipairs": base::plain_ipairs;
    Next = "_G"."next": base::plain_next;
    Pairs = "_G"."pairs": base::plain_pairs;
    RawEqual = "_G"."rawequal": base::plain_rawequal;
    RawGet = "_G"."rawget": base::plain_rawget;
    RawLen = "_G"."rawlen": base::plain_rawlen;
    RawSet = "_G"."rawset": base::plain_rawset;
    Select = "_G"."select": base::plain_select;
    SetMetatable = "_G"."setmetatable": base::plain_setmetatable;
    ToNumber = "_G"."tonumber": base::plain_tonumber;
    ToString = "_G"."tostring": base::plain_tostring;
    Type = "_G"."type": base::plain_type;
    Abs = "math"."abs": math::plain_abs;
    Ceil = "math"."ceil": math::plain_ceil;
    Cos = "math"."cos": |_, args| math::plain_unary(args, elementary::cos);
    Exp = "math"."exp": |_, args| math::plain_unary(args, elementary::exp);
    Floor = "math"."floor": math::plain_floor;
    Fmod = "math"."fmod": math::plain_fmod;
    Log = "math"."log": math::plain_log;
    Max = "math"."max": |vm, args| math::plain_extreme(vm, args, true);
    Min = "math"."min": |vm, args| math::plain_extreme(vm, args, false);
    Random = "math"."random": math::random::plain_random;
    Sin = "math"."sin": |_, args| math::plain_unary(args, elementary::sin);
    Sqrt = "math"."sqrt": |_, args| math::plain_unary(args, f64::sqrt);
    Tan = "math"."tan": |_, args| math::plain_unary(args, elementary::tan);
    ToInteger = "math"."tointeger": math::plain_tointeger;
    MathType = "math"."type": math::plain_type;
    Ult = "math"."ult": math::plain_ult;
    Byte = "string"."byte": string::plain_byte;
    Char = "string"."char": string::plain_char;
    Len = "string"."len": string::plain_len;
    Lower = "string"."lower": |vm, args| string::plain_mapped(vm, args, |to| to.make_ascii_lowercase());
    Sub = "string"."sub": string::plain_sub;
    Upper = "string"."upper": |vm, args| string::plain_mapped(vm, args, |to| to.make_ascii_uppercase());
    Insert = "table"."insert": table::plain_insert;
    Remove = "table"."remove": table::plain_remove;
    Unpack = "table"."unpack": table::plain_unpack;
}

/// What compiled code compares functions with, and takes results from.
#[repr(C)]
pub struct Intrinsics {
    /// Whether calls may be plain: execution is not observed.
    pub allowed: bool,
    /// By number, the address of the native that is the intrinsic; 0 when there is none, and when calls may not be plain.
    pub guards: [u64; Intrinsic::ALL.len()],
    /// By tag, the address of the string that `type` returns.
    pub type_names: [u64; TYPES],
    /// The address of the function that `ipairs` returns.
    pub ipairs_step: u64,
    /// The address of the function that `pairs` returns.
    pub next: u64,
    natives: [Option<Gc<Native>>; Intrinsic::ALL.len()],
}

/// Number of value tags.
const TYPES: usize = tag::THREAD as usize + 1;

impl Default for Intrinsics {
    fn default() -> Self {
        Self {
            allowed: true,
            guards: [0; Intrinsic::ALL.len()],
            type_names: [0; TYPES],
            ipairs_step: 0,
            next: 0,
            natives: [None; Intrinsic::ALL.len()],
        }
    }
}

impl Intrinsics {
    /// Says whether calls may be plain.
    pub(crate) fn allow(&mut self, allowed: bool) {
        self.allowed = allowed;
        for (guard, native) in self.guards.iter_mut().zip(&self.natives) {
            *guard = native.filter(|_| allowed).map_or(0, |native| native.address() as u64);
        }
    }

    /// The functions, which hold everything else by their upvalues.
    pub(crate) fn natives(&self) -> impl Iterator<Item = Gc<Native>> {
        self.natives.into_iter().flatten()
    }
}

/// Makes intrinsics of the functions in a library that has just been opened.
pub(super) fn attach(vm: &mut Vm, library: &str, table: Gc<Table>) {
    for intrinsic in Intrinsic::ALL {
        let (of, name) = intrinsic.place();
        if of != library {
            continue;
        }
        let key = vm.heap.string(name.as_bytes());
        let native = table.get_str(key).as_native().expect("the library has the function");
        native.get_mut().intrinsic = Some(*intrinsic);
        native.get_mut().plain = Some(intrinsic.plain());
        vm.intrinsics.natives[*intrinsic as usize] = Some(native);
        let upvalue = |index: usize| native.upvalues.get(index).map_or(0, |value| value.bits);
        match intrinsic {
            Intrinsic::Type => vm.intrinsics.type_names = std::array::from_fn(upvalue),
            Intrinsic::Ipairs => vm.intrinsics.ipairs_step = upvalue(0),
            Intrinsic::Pairs => vm.intrinsics.next = upvalue(0),
            _ => {}
        }
    }
    let allowed = !vm.is_observing();
    vm.intrinsics.allow(allowed);
}
