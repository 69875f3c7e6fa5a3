//! Arithmetic, comparison and concatenation where the inline paths do not apply.

use trinity_vm::{
    bytecode::Op,
    frame::Status,
    interp::{
        arith::{self, Arith},
        compare,
    },
    value::Value,
    vm::Vm,
};

use super::{Site, truth};

/// The operator of an arithmetic opcode, and whether its right operand is a constant.
fn operator(op: Op) -> (Arith, bool) {
    match op {
        Op::Add => (Arith::Add, false),
        Op::Sub => (Arith::Sub, false),
        Op::Mul => (Arith::Mul, false),
        Op::Div => (Arith::Div, false),
        Op::Mod => (Arith::Mod, false),
        Op::Pow => (Arith::Pow, false),
        Op::IDiv => (Arith::IDiv, false),
        Op::BAnd => (Arith::BAnd, false),
        Op::BOr => (Arith::BOr, false),
        Op::BXor => (Arith::BXor, false),
        Op::Shl => (Arith::Shl, false),
        Op::Shr => (Arith::Shr, false),
        Op::AddK => (Arith::Add, true),
        Op::SubK => (Arith::Sub, true),
        Op::MulK => (Arith::Mul, true),
        Op::DivK => (Arith::Div, true),
        Op::ModK => (Arith::Mod, true),
        Op::PowK => (Arith::Pow, true),
        Op::IDivK => (Arith::IDiv, true),
        Op::BAndK => (Arith::BAnd, true),
        Op::BOrK => (Arith::BOr, true),
        Op::BXorK => (Arith::BXor, true),
        Op::ShlK => (Arith::Shl, true),
        _ => (Arith::Shr, true),
    }
}

/// Notes what operands an instruction met.
fn quicken(site: &Site<'_>, lhs: Value, rhs: Value) {
    if let Some(op) = site.instr.op().quickened(lhs.tag, rhs.tag) {
        // SAFETY: the instruction is the running function's; quickening changes its opcode byte only.
        unsafe { *site.at = site.instr.with_op(op) };
    }
}

/// `R[A] = R[B] op R[C]` or `R[B] op K[C]`.
pub unsafe extern "C" fn arith(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    let site = unsafe { Site::new(vm, base, pc) };
    let instr = site.instr;
    let (op, constant) = operator(instr.op().unquickened().0);
    let lhs = site.get(instr.b());
    let rhs = if constant { site.constant(instr.c()) } else { site.get(instr.c()) };
    quicken(&site, lhs, rhs);
    let result = match arith::numeric(op, lhs, rhs) {
        Some(value) => Ok(value),
        None => arith::binary(site.vm, op, lhs, rhs),
    };
    site.finish(result)
}

/// `R[A] = -R[B]` or `~R[B]`.
pub unsafe extern "C" fn unary(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    let site = unsafe { Site::new(vm, base, pc) };
    let value = site.get(site.instr.b());
    let op = if site.instr.op() == Op::Unm { Arith::Unm } else { Arith::BNot };
    let result = arith::binary(site.vm, op, value, value);
    site.finish(result)
}

/// `R[A] < R[B]` and its kin, immediates included: 0 or 1.
pub unsafe extern "C" fn compare(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    let site = unsafe { Site::new(vm, base, pc) };
    let instr = site.instr;
    let lhs = site.get(instr.a());
    let imm = Value::int(i64::from(instr.sb()));
    truth(match instr.op().unquickened().0 {
        Op::LtI => compare::less_than(site.vm, lhs, imm),
        Op::LeI => compare::less_equal(site.vm, lhs, imm),
        Op::GtI => compare::less_than(site.vm, imm, lhs),
        Op::GeI => compare::less_equal(site.vm, imm, lhs),
        op => {
            let rhs = site.get(instr.b());
            quicken(&site, lhs, rhs);
            if op == Op::Lt { compare::less_than(site.vm, lhs, rhs) } else { compare::less_equal(site.vm, lhs, rhs) }
        }
    })
}

/// `R[A] == R[B]`: 0 or 1.
pub unsafe extern "C" fn equals(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    let site = unsafe { Site::new(vm, base, pc) };
    let (lhs, rhs) = (site.get(site.instr.a()), site.get(site.instr.b()));
    truth(compare::equals(site.vm, lhs, rhs))
}

/// `R[A] == K[B]`: 0 or 1.
pub unsafe extern "C" fn equals_constant(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    let site = unsafe { Site::new(vm, base, pc) };
    Status::from(site.get(site.instr.a()).raw_equals(site.constant(site.instr.b())))
}

/// `R[A] = R[A] .. … .. R[A+B-1]`.
pub unsafe extern "C" fn concat(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers; the operands are registers of the frame.
    unsafe {
        let site = Site::new(vm, base, pc);
        let result = arith::concat(site.vm, site.reg(site.instr.a()), site.instr.b());
        site.finish(result)
    }
}
