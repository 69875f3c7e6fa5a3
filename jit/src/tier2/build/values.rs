//! The registers: reading them as SSA values, writing them, bringing them home.

use trinity_vm::value::tag;

use super::Builder;
use crate::{
    abi,
    tier2::{
        ir::{BASE, Inst, Region, V, Width},
        state::{Rep, Slot},
    },
};

impl Builder<'_> {
    pub(in crate::tier2) fn emit(&mut self, inst: Inst) -> V {
        self.func.push(self.block, inst)
    }
    pub(in crate::tier2) fn int(&mut self, value: i64) -> V {
        self.emit(Inst::Int(value))
    }
    pub(in crate::tier2) fn home_offset(register: usize) -> i32 {
        register as i32 * abi::VALUE_SIZE
    }

    /// The register's value in SSA form; a captured register is read afresh each time.
    pub(in crate::tier2) fn get(&mut self, register: usize) -> Rep {
        let slot = self.state.slots[register];
        let Rep::Home(known) = slot.rep else { return slot.rep };
        let offset = Self::home_offset(register);
        let region = self.home_region(register);
        let rep = match known {
            Some(tag::INT) => Rep::Int(self.emit(Inst::Load(region, Width::I64, BASE, offset))),
            Some(tag::FLOAT) => Rep::Float(self.emit(Inst::Load(region, Width::F64, BASE, offset))),
            Some(tag) if tag <= tag::TRUE => Rep::Prim(tag),
            Some(tag) => Rep::Ref(tag, self.emit(Inst::Load(region, Width::I64, BASE, offset))),
            None => {
                let payload = self.emit(Inst::Load(region, Width::I64, BASE, offset));
                let tag = self.emit(Inst::Load(region, Width::U8, BASE, offset + abi::TAG));
                Rep::Any(payload, tag)
            }
        };
        if !self.snap.captured.contains(register) {
            self.state.slots[register] = Slot { rep, dirty: false };
        }
        rep
    }

    pub(super) fn home_region(&self, register: usize) -> Region {
        if self.snap.captured.contains(register) { Region::Captured } else { Region::Stack }
    }

    /// Replaces what is known of a register by something more precise.
    pub(in crate::tier2) fn refine(&mut self, register: usize, rep: Rep) {
        if !self.snap.captured.contains(register) {
            self.state.slots[register].rep = rep;
        }
    }

    pub(in crate::tier2) fn set(&mut self, register: usize, rep: Rep) {
        if self.snap.captured.contains(register) {
            self.store_home(register, rep);
            self.state.slots[register] = Slot { rep: Rep::Home(None), dirty: false };
        } else {
            self.state.slots[register] = Slot { rep, dirty: true };
        }
    }

    /// A helper or callee has written the register's home slot.
    pub(in crate::tier2) fn written(&mut self, register: usize, tag: Option<u8>) {
        let tag = if self.snap.captured.contains(register) { None } else { tag };
        self.state.slots[register] = Slot { rep: Rep::Home(tag), dirty: false };
    }

    pub(in crate::tier2) fn store_home(&mut self, register: usize, rep: Rep) {
        let region = self.home_region(register);
        self.store_value(region, BASE, Self::home_offset(register), rep);
    }

    /// The write barrier for a store of this value into an object.
    pub(in crate::tier2) fn barrier(&mut self, holder: V, rep: Rep) {
        match rep {
            Rep::Any(payload, tag) => {
                self.emit(Inst::Barrier(holder, payload, tag));
            }
            Rep::Ref(tag, payload) if tag >= tag::FIRST_HEAP => {
                let tag = self.emit(Inst::Tag(tag));
                self.emit(Inst::Barrier(holder, payload, tag));
            }
            _ => {}
        }
    }

    /// Stores payload and tag at an address.
    pub(in crate::tier2) fn store_value(&mut self, region: Region, base: V, offset: i32, rep: Rep) {
        let tag_offset = offset + abi::TAG;
        match rep {
            Rep::Home(_) => unreachable!("a value in its home slot is loaded first"),
            Rep::Int(value) => {
                self.emit(Inst::Store(region, Width::I64, base, offset, value));
                self.emit(Inst::StoreTag(region, base, tag_offset, tag::INT));
            }
            Rep::Float(value) => {
                self.emit(Inst::Store(region, Width::F64, base, offset, value));
                self.emit(Inst::StoreTag(region, base, tag_offset, tag::FLOAT));
            }
            Rep::Ref(tag, value) => {
                self.emit(Inst::Store(region, Width::I64, base, offset, value));
                self.emit(Inst::StoreTag(region, base, tag_offset, tag));
            }
            Rep::Prim(tag) => {
                let zero = self.int(0);
                self.emit(Inst::Store(region, Width::I64, base, offset, zero));
                self.emit(Inst::StoreTag(region, base, tag_offset, tag));
            }
            Rep::Any(payload, tag) => {
                self.emit(Inst::Store(region, Width::I64, base, offset, payload));
                self.emit(Inst::Store(region, Width::U8, base, tag_offset, tag));
            }
        }
    }

    /// Brings a register's home slot up to date.
    pub(in crate::tier2) fn flush(&mut self, register: usize) {
        let slot = self.state.slots[register];
        if slot.dirty {
            self.store_home(register, slot.rep);
            self.state.slots[register].dirty = false;
        }
    }

    /// Brings home every register that is live before `pc`, or only those that the collector has to see.
    pub(in crate::tier2) fn flush_live(&mut self, pc: usize, heap_only: bool) {
        let live: Vec<usize> = self.liveness.at(pc).iter().collect();
        for register in live {
            if register < self.state.slots.len() && (!heap_only || self.state.slots[register].rep.may_be_heap()) {
                self.flush(register);
            }
        }
    }

    /// A representation from a payload whose tag has been checked.
    pub(in crate::tier2) fn typed(&mut self, tag: u8, payload: V) -> Rep {
        match tag {
            tag::INT => Rep::Int(payload),
            tag::FLOAT => Rep::Float(self.emit(Inst::FromBits(payload))),
            tag if tag <= tag::TRUE => Rep::Prim(tag),
            tag => Rep::Ref(tag, payload),
        }
    }

    /// A value as payload and tag.
    pub(super) fn pair(&mut self, rep: Rep) -> (V, V) {
        let (payload, tag) = match rep {
            Rep::Any(payload, tag) => return (payload, tag),
            Rep::Int(value) => (value, tag::INT),
            Rep::Float(value) => (self.emit(Inst::Bits(value)), tag::FLOAT),
            Rep::Ref(tag, value) => (value, tag),
            Rep::Prim(tag) => (self.int(0), tag),
            Rep::Home(_) => unreachable!("loaded first"),
        };
        (payload, self.emit(Inst::Tag(tag)))
    }
}
