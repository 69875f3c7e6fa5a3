//! Pseudo-random numbers: xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM
//! TOMS 47(4), 2021), seeded and projected as the reference implementation does, so that a seed gives the same
//! sequence.

use crate::{
    native::{Args, NativeResult},
    value::Value,
    vm::Vm,
};

/// The generator's state.
pub(in crate::stdlib) struct Xoshiro256([u64; 4]);

impl Xoshiro256 {
    pub(in crate::stdlib) fn seeded(first: u64, second: u64) -> Self {
        let mut generator = Self([first, 0xff, second, 0]);
        // The first numbers after a sparse seed are poor.
        for _ in 0..16 {
            generator.next();
        }
        generator
    }

    fn next(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.0;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= shifted;
        *s3 = s3.rotate_left(45);
        result
    }

    /// A float in [0, 1), from the upper 53 bits.
    fn float(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (0.5 / (1u64 << 52) as f64)
    }

    /// An integer in `low..=high`, without bias.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        self.up_to((high as u64).wrapping_sub(low as u64)).wrapping_add(low as u64) as i64
    }

    /// An integer in `0..=limit`, without bias.
    fn up_to(&mut self, limit: u64) -> u64 {
        let random = self.next();
        if limit & limit.wrapping_add(1) == 0 {
            return random & limit;
        }
        // Numbers of as many bits as the limit has, until one is not above it.
        let mask = u64::MAX >> limit.leading_zeros();
        let mut candidate = random & mask;
        while candidate > limit {
            candidate = self.next() & mask;
        }
        candidate
    }
}

pub(in crate::stdlib) fn plain_random(vm: &mut Vm, args: Args) -> Option<u32> {
    let random = &mut vm.libraries.random;
    let (low, high) = match (args.len(), args.get(0), args.get(1)) {
        (0, ..) => return Some(args.ret1(random.float())),
        (1, high, _) if high.is_int() && high.raw_int() != 0 => (1, high.raw_int()),
        (2, low, high) if low.is_int() && high.is_int() => (low.raw_int(), high.raw_int()),
        _ => return None,
    };
    (low <= high).then(|| args.ret1(random.between(low, high)))
}

pub(super) fn random(vm: &mut Vm, args: Args) -> NativeResult {
    let (low, high) = match args.len() {
        0 => {
            let float = vm.libraries.random.float();
            return vm.ret1(args, float);
        }
        1 => {
            let high = vm.check_int(args, 0)?;
            if high == 0 {
                let bits = vm.libraries.random.next();
                return vm.ret1(args, bits as i64);
            }
            (1, high)
        }
        2 => (vm.check_int(args, 0)?, vm.check_int(args, 1)?),
        _ => return Err(vm.throw("wrong number of arguments")),
    };
    if low > high {
        return Err(vm.arg_error(args, 0, "interval is empty"));
    }
    let number = vm.libraries.random.between(low, high);
    vm.ret1(args, number)
}

pub(super) fn randomseed(vm: &mut Vm, args: Args) -> NativeResult {
    let seed = if args.len() == 0 {
        (vm.host().entropy)(vm)
    } else {
        [vm.check_int(args, 0)? as u64, vm.opt_int(args, 1, 0)? as u64]
    };
    vm.libraries.random = Xoshiro256::seeded(seed[0], seed[1]);
    vm.ret(args, &seed.map(|part| Value::int(part as i64)))
}

#[cfg(test)]
mod tests {
    use super::Xoshiro256;

    /// Facts from lua5.4 after `math.randomseed(42)`.
    #[test]
    fn a_seed_gives_the_sequence_of_the_reference_implementation() {
        let mut generator = Xoshiro256::seeded(42, 0);
        assert_eq!(format!("{:.14}", generator.float()), "0.93081217803957");
        assert_eq!(generator.up_to(99) + 1, 50);
        assert_eq!(generator.up_to(10) as i64 - 5, 0);
        assert_eq!(generator.next() as i64, -7059243630996204619);
        assert_eq!(generator.up_to(u64::MAX).wrapping_add(i64::MIN as u64) as i64, -9046270629122405825);
        assert_eq!(generator.up_to((1 << 40) - 1) + 1, 934954126599);
    }
}
